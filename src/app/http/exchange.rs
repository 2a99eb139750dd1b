//! Requests waiting for their responses: matched in order, and each pair one row.

use std::collections::VecDeque;

use crate::limits::HTTP_WAITING;
use crate::record::Http;

/// Number of an exchange within its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(u64);

/// Which of the two messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Request,
    Response,
}

/// A request and its response, as far as they have been read.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) row: Http,
    request: Progress,
    response: Progress,
    is_whole: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Awaited,
    Open,
    Ended,
    Missed,
}

impl Exchange {
    fn progress(&mut self, half: Half) -> &mut Progress {
        match half {
            Half::Request => &mut self.request,
            Half::Response => &mut self.response,
        }
    }

    fn is_settled(&self) -> bool {
        self.request != Progress::Open && matches!(self.response, Progress::Ended | Progress::Missed)
    }

    fn into_row(self) -> Http {
        let both_ended = self.request == Progress::Ended && self.response == Progress::Ended;
        Http { is_complete: self.is_whole && both_ended, ..self.row }
    }
}

/// The open exchanges of a connection, oldest first.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    open: VecDeque<Exchange>,
    first: u64,
    is_count_lost: bool,
}

impl Exchanges {
    /// A request begins.
    pub(super) fn request(&mut self, row: Http) -> Number {
        self.push(Exchange { row, request: Progress::Open, response: Progress::Awaited, is_whole: true })
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
        let at = self.open.iter().position(|exchange| exchange.response == Progress::Awaited)?;
        self.open.get_mut(at)?.response = Progress::Open;
        Some(Number(self.first.saturating_add(u64::try_from(at).ok()?)))
    }

    /// A response begins whose request was not seen.
    pub(super) fn response_alone(&mut self, row: Http) -> Number {
        self.push(Exchange { row, request: Progress::Missed, response: Progress::Open, is_whole: true })
    }

    /// Whoever does not pipeline has only the last request still waiting; with others the pair is a guess.
    fn miss_all_but_last(&mut self) {
        let mut waiting = self.open.iter_mut().filter(|exchange| exchange.response == Progress::Awaited).rev();
        let last = waiting.next();
        let others = waiting.map(|exchange| exchange.response = Progress::Missed).count();
        if let Some(last) = last.filter(|_| others > 0) {
            last.is_whole = false;
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

    /// So many bytes of a body.
    pub(super) fn count(&mut self, number: Number, half: Half, bytes: u64) {
        let Some(exchange) = self.find(number) else { return };
        let counter = match half {
            Half::Request => &mut exchange.row.request_bytes,
            Half::Response => &mut exchange.row.response_bytes,
        };
        *counter = counter.saturating_add(bytes);
    }

    /// The message was read to its end.
    pub(super) fn end(&mut self, number: Number, half: Half) {
        if let Some(exchange) = self.find(number) {
            *exchange.progress(half) = Progress::Ended;
        }
    }

    /// The message's end will not be seen.
    pub(super) fn miss(&mut self, number: Number, half: Half) {
        if let Some(exchange) = self.find(number) {
            *exchange.progress(half) = Progress::Missed;
        }
    }

    /// Part of a message is missing or not certain.
    pub(super) fn spoil(&mut self, number: Number) {
        if let Some(exchange) = self.find(number) {
            exchange.is_whole = false;
        }
    }

    /// The oldest exchange when nothing more is to come for it.
    pub(super) fn take_settled(&mut self) -> Option<Http> {
        if self.open.front()?.is_settled() { self.take_first() } else { None }
    }

    /// The oldest exchange when more are open than the limit.
    pub(super) fn take_excess(&mut self) -> Option<Http> {
        if self.open.len() > HTTP_WAITING { self.take_first() } else { None }
    }

    /// The oldest exchange, at the end of the connection.
    pub(super) fn take_first(&mut self) -> Option<Http> {
        let exchange = self.open.pop_front()?;
        self.first = self.first.saturating_add(1);
        Some(exchange.into_row())
    }
}
