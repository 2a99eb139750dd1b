//! The open exchanges of an HTTP/1 connection: responses are matched to requests in order.

use std::collections::VecDeque;

use super::super::exchange::{Exchange, Half, Seen};
use super::super::{Context, body::Declared};
use crate::limits::HTTP_WAITING;
use crate::record::Http;
use crate::wire::http::Input;

/// Number of an exchange within its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(u64);

/// The open exchanges of a connection, oldest first.
#[derive(Default)]
pub(super) struct Exchanges {
    open: VecDeque<Exchange>,
    first: u64,
    is_count_lost: bool,
}

impl Exchanges {
    /// A request begins.
    pub(super) fn request(&mut self, row: Http) -> Number {
        self.push(Exchange::asked(row))
    }

    /// Responses were lost, so the next one cannot be matched by counting.
    pub(super) const fn lose_count(&mut self) {
        self.is_count_lost = true;
    }

    /// A final response begins: the oldest request that waits for one gets it.
    pub(super) fn answer(&mut self) -> Option<Number> {
        if std::mem::take(&mut self.is_count_lost) {
            self.miss_all_but_last();
        }
        let at = self.open.iter().position(Exchange::awaits_response)?;
        self.open.get_mut(at)?.begin_response();
        Some(Number(self.first.saturating_add(u64::try_from(at).ok()?)))
    }

    /// A response begins whose request was not seen.
    pub(super) fn response_alone(&mut self, row: Http) -> Number {
        self.push(Exchange::answered(row))
    }

    /// Whoever does not pipeline has only the last request still waiting; with others the pair is a guess.
    fn miss_all_but_last(&mut self) {
        let mut waiting = self.open.iter_mut().filter(|exchange| exchange.awaits_response()).rev();
        let last = waiting.next();
        let others = waiting.map(|exchange| exchange.miss(Half::Response)).count();
        if let Some(last) = last.filter(|_| others > 0) {
            last.spoil();
        }
    }

    fn push(&mut self, exchange: Exchange) -> Number {
        let number = Number(self.first.saturating_add(u64::try_from(self.open.len()).unwrap_or(u64::MAX)));
        self.open.push_back(exchange);
        number
    }

    pub(super) fn find(&mut self, number: Number) -> Option<&mut Exchange> {
        self.open.get_mut(usize::try_from(number.0.checked_sub(self.first)?).ok()?)
    }

    /// What the head of a message says of its body.
    pub(super) fn declare(&mut self, number: Number, half: Half, (declared, seen): (Declared, Seen)) {
        if let Some(exchange) = self.find(number) {
            exchange.declare(half, declared, seen);
        }
    }

    /// So many bytes of a body that is not read.
    pub(super) fn count(&mut self, number: Number, half: Half, bytes: u64) {
        if let Some(exchange) = self.find(number) {
            exchange.count(half, bytes);
        }
    }

    /// Bytes of a body.
    pub(super) fn data(&mut self, number: Number, half: Half, (input, seen): (Input<'_>, Seen), context: &Context<'_>) {
        if let Some(exchange) = self.find(number) {
            exchange.data(half, input, seen, context);
        }
    }

    /// The message was read to its end.
    pub(super) fn end(&mut self, number: Number, half: Half) {
        if let Some(exchange) = self.find(number) {
            exchange.end(half);
        }
    }

    /// The message's end will not be seen.
    pub(super) fn miss(&mut self, number: Number, half: Half) {
        if let Some(exchange) = self.find(number) {
            exchange.miss(half);
        }
    }

    /// Part of a message is missing or not certain.
    pub(super) fn spoil(&mut self, number: Number) {
        if let Some(exchange) = self.find(number) {
            exchange.spoil();
        }
    }

    /// The oldest exchange when nothing more is to come for it.
    pub(super) fn take_settled(&mut self) -> Option<Exchange> {
        if self.open.front()?.is_settled() { self.take_first() } else { None }
    }

    /// The oldest exchange when more are open than the limit.
    pub(super) fn take_excess(&mut self) -> Option<Exchange> {
        if self.open.len() > HTTP_WAITING { self.take_first() } else { None }
    }

    /// The oldest exchange, at the end of the connection.
    pub(super) fn take_first(&mut self) -> Option<Exchange> {
        let exchange = self.open.pop_front()?;
        self.first = self.first.saturating_add(1);
        Some(exchange)
    }

    /// An exchange that another protocol goes on with, when no other is before it.
    pub(super) fn take(&mut self, number: Number) -> Option<Exchange> {
        if number.0 == self.first { self.take_first() } else { None }
    }
}
