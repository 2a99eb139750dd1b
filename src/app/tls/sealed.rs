//! The sealed part of a TLS dialogue: records that the analyst's secrets may open, and what is in them.

use super::keys::{End, Open};
use super::{Held, Tls};
use crate::app::opened::Opened;
use crate::app::{Context, Damage, Data, Side};
use crate::limits;
use crate::wire::handshake::{self, Handshake, SealedMessage, is_tls13};
use crate::wire::tls::{Content, Record, alert};
use crate::wire::{compressed, escape};

impl Tls {
    /// Which end a side is, once that is known.
    pub(super) fn end(&self, side: Side) -> Option<End> {
        self.client.map(|client| if client == side { End::Client } else { End::Server })
    }

    /// Whether a record is protected, and there may be keys for it.
    pub(super) fn is_sealed(&mut self, record: &Record, side: Side) -> bool {
        if !self.keys.as_ref().is_some_and(|keys| keys.has_hope()) {
            return false;
        }
        match &self.answer {
            // Before the server has chosen, only early data is.
            None => record.content == Content::ApplicationData,
            Some(answer) if is_tls13(answer.version) => record.content == Content::ApplicationData,
            Some(_) => self.half(side).is_sealed,
        }
    }

    /// A protected record: opened, held, or left.
    pub(super) fn sealed(&mut self, record: Record, data: Data<'_>, context: &mut Context<'_>) {
        let (Some(end), Some(keys)) = (self.end(data.side), &mut self.keys) else { return };
        let is_waiting = keys.is_waiting();
        if let Some(open) = keys.open(end, &record) {
            self.opened(open, &record, data, context);
        } else if is_waiting && record.is_whole() && self.held_bytes.saturating_add(record.body.len()) <= limits::TLS_HELD_BYTES {
            self.held_bytes = self.held_bytes.saturating_add(record.body.len());
            self.held.push(Held { record, side: data.side, seen: (data.frame, data.time) });
        } else {
            keys.leave(end, &record);
            self.unopened(&record, data);
        }
    }

    fn unopened(&mut self, record: &Record, data: Data<'_>) {
        self.first_unopened = self.first_unopened.or(Some((data.frame, data.time)));
        if record.content == Content::ApplicationData {
            self.application(record.length, data.side);
        }
        self.leave_keys();
    }

    /// After what may have brought keys: opens what waits for them, or lets it go.
    pub(super) fn settle_keys(&mut self, context: &mut Context<'_>) {
        if self.held.is_empty() || self.keys.as_ref().is_some_and(|keys| keys.is_waiting()) {
            return self.leave_keys();
        }
        self.held_bytes = 0;
        for Held { record, side, seen: (frame, time) } in std::mem::take(&mut self.held) {
            let data = Data { side, bytes: &[], frame, time, is_cut: false };
            self.sealed(record, data, context);
        }
    }

    /// Where no secret fits nothing is kept any more.
    fn leave_keys(&mut self) {
        if self.keys.as_ref().is_some_and(|keys| !keys.has_hope()) {
            [&mut self.device, &mut self.remote].into_iter().for_each(|half| half.records.leave_sealed());
        }
    }

    fn opened(&mut self, open: Open, record: &Record, data: Data<'_>, context: &mut Context<'_>) {
        if record.content == Content::ApplicationData {
            self.application(record.length, data.side);
        }
        if open.lost > 0 {
            self.lower("decryption-gap");
            if let Some(inner) = &mut self.inner {
                inner.gap(data.side, open.lost, context);
            }
        }
        match open.content {
            Content::Handshake if self.answer.as_ref().is_some_and(|answer| is_tls13(answer.version)) => {
                self.messages(&open.bytes, Self::sealed_message, data, context);
            }
            Content::Handshake => self.messages(&open.bytes, Self::renegotiation, data, context),
            Content::Alert => self.sealed_alert(&open.bytes, data),
            Content::ApplicationData => {
                let inner = self.inner.get_or_insert_with(|| Box::new(Opened::new()));
                inner.data(Data { bytes: &open.bytes, ..data }, context);
            }
            Content::ChangeCipherSpec | Content::Heartbeat | Content::Ssl2 => {}
        }
    }

    /// Every connection ends with a close_notify, which says nothing.
    fn sealed_alert(&mut self, body: &[u8], data: Data<'_>) {
        const CLOSE_NOTIFY: u8 = 0;
        if self.alert.is_none() && body.get(1) != Some(&CLOSE_NOTIFY) {
            let sender = if data.side == Side::Device { "device" } else { "remote" };
            self.alert = alert(body).map(|words| format!("{words} by {sender}"));
        }
    }

    /// A message that TLS 1.3 seals.
    fn sealed_message(&mut self, message: &[u8], data: Data<'_>, context: &mut Context<'_>) {
        match handshake::read_sealed(message) {
            Some(SealedMessage::Extensions { alpn }) => {
                if let (Some(answer), Some(alpn)) = (&mut self.answer, alpn) {
                    answer.alpn = Some(escape(alpn));
                }
            }
            Some(SealedMessage::Certificates(chain)) => self.certificates(&chain, data, context),
            Some(SealedMessage::Compressed { algorithm, length, bytes }) => match compressed::expand(algorithm, length, bytes) {
                Some(body) => self.certificates(&handshake::certificates(&body).unwrap_or_default(), data, context),
                None => self.malformed(message, data, context),
            },
            Some(SealedMessage::Other) => {}
            None => self.malformed(message, data, context),
        }
    }

    /// A message inside of a connection before TLS 1.3: its end, or the beginning of another one.
    fn renegotiation(&mut self, message: &[u8], data: Data<'_>, context: &mut Context<'_>) {
        let Some(keys) = &mut self.keys else { return };
        keys.hear(message);
        match handshake::read(message) {
            Some(Handshake::ClientHello(hello)) => keys.client_hello(&hello),
            Some(Handshake::ServerHello(hello)) => keys.server_hello(&hello),
            Some(Handshake::KeyExchange(body)) => keys.key_exchange(body),
            Some(Handshake::Certificates(chain)) => self.certificates(&chain, data, context),
            Some(Handshake::ServerHelloDone | Handshake::Other) => {}
            None => self.malformed(message, data, context),
        }
    }

    /// Says where records could not be opened although there are keys.
    pub(super) fn tell_unopened(&mut self, context: &mut Context<'_>) {
        let (Some(keys), Some(seen)) = (&self.keys, self.first_unopened.take()) else { return };
        let count = keys.unopened(End::Client).saturating_add(keys.unopened(End::Server));
        let which = if keys.used().is_empty() { "none was" } else { "others were" };
        let detail = format!(
            "found {count} sealed records that no secret opens, {which} opened: bytes before them are missing, or the secrets are of another connection"
        );
        context.note(seen, "tls-unopened", detail, Damage::Theirs);
    }
}
