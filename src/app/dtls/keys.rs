//! The keys of one DTLS connection: which of the analyst's secrets fit, and the records they open.
//!
//! Records say their number, so that nothing is lost with those that are missing and none is tried. What is opened is
//! the first agreement's epoch; keys that a renegotiation makes come out of messages that are sealed themselves.

use std::sync::Arc;

use crate::limits;
use crate::secrets::{Id, Secrets};
use crate::wire::dtls::{Record, tls_version};
use crate::wire::handshake::{self, ClientHello, ServerHello};
use crate::wire::keylog::Label;
use crate::wire::seal::{Agreement, Opener, Order, Sealed, Suite, openers12};

/// Epoch whose keys come from the hellos in clear.
const AGREED: u16 = 1;
/// Records that do not open before the secrets are taken to be of another connection.
const WRONG_RECORDS: u64 = 16;

/// End of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Client,
    Server,
}

/// What became of a sealed record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// Its content.
    Content(Vec<u8>),
    /// It was opened before.
    Again,
    /// No key fits.
    Sealed,
}

/// Whether anything may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hope {
    /// A secret may fit, the server has not answered.
    Waiting,
    Ready,
    Gone,
}

/// Keys of both ends.
pub(super) struct Keys {
    secrets: Arc<Secrets>,
    random: [u8; 32],
    session: Vec<u8>,
    client: Direction,
    server: Direction,
    used: Vec<Id>,
    hope: Hope,
}

#[derive(Default)]
struct Direction {
    /// Several while it is open which are right.
    candidates: Vec<(Opener, Id)>,
    window: Window,
    opened: u64,
    unopened: u64,
}

/// Which of the latest records were read (RFC 6347 section 4.1.2.6).
#[derive(Default)]
struct Window {
    /// Number behind the highest.
    next: u64,
    /// The lowest bit stands for the highest number.
    seen: u64,
}

impl Window {
    /// Marks a number; false when it was marked, or lies before what is remembered.
    fn mark(&mut self, number: u64) -> bool {
        if number >= self.next {
            let ahead = number.saturating_sub(self.next).saturating_add(1);
            self.seen = u32::try_from(ahead).ok().and_then(|ahead| self.seen.checked_shl(ahead)).unwrap_or_default() | 1;
            self.next = number.saturating_add(1);
            return true;
        }
        let behind = self.next.saturating_sub(number).saturating_sub(1);
        let Some(bit) = u32::try_from(behind).ok().and_then(|behind| 1_u64.checked_shl(behind)) else { return false };
        let is_new = self.seen & bit == 0;
        self.seen |= bit;
        is_new
    }
}

impl Keys {
    /// For a client hello; `None` without a secret for it.
    pub(super) fn new(secrets: &Arc<Secrets>, hello: &ClientHello<'_>) -> Option<Self> {
        let is_known = !secrets.of_random(&hello.random).is_empty() || !secrets.of_session(hello.session).is_empty();
        is_known.then(|| Self {
            secrets: Arc::clone(secrets),
            random: hello.random,
            session: hello.session.to_vec(),
            client: Direction::default(),
            server: Direction::default(),
            used: Vec::new(),
            hope: Hope::Waiting,
        })
    }

    /// Something may be opened.
    pub(super) fn has_hope(&self) -> bool {
        self.hope != Hope::Gone
    }

    /// The server's choice is still needed.
    pub(super) fn is_waiting(&self) -> bool {
        self.hope == Hope::Waiting
    }

    /// Secrets that opened something.
    pub(super) fn used(&self) -> Vec<String> {
        self.used.iter().map(|id| self.secrets.name(*id)).collect()
    }

    /// Sealed records that no key opened.
    pub(super) const fn unopened(&self) -> u64 {
        self.client.unopened.saturating_add(self.server.unopened)
    }

    /// The server's choice.
    pub(super) fn server_hello(&mut self, hello: &ServerHello<'_>) {
        if self.hope != Hope::Waiting {
            return;
        }
        self.hope = Hope::Gone;
        let Some(suite) = Suite::of(hello.cipher).filter(|_| hello.compression == 0) else { return };
        let has_order = hello.extensions.contains(&handshake::ENCRYPT_THEN_MAC);
        let order = if has_order { Order::EncryptThenMac } else { Order::MacThenEncrypt };
        let agreement = Agreement { version: tls_version(hello.version), suite, client: &self.random, server: &hello.random, order };
        let of_session = if hello.session.is_empty() { &[] } else { self.secrets.of_session(hello.session) };
        let of_offer = if self.session == hello.session { &[] } else { self.secrets.of_session(&self.session) };
        for secret in self.secrets.of_random(&self.random).iter().chain(of_session).chain(of_offer) {
            if secret.label != Label::Master {
                continue;
            }
            let Some([client, server]) = openers12(&agreement, &secret.bytes) else { continue };
            self.client.candidates.push((client, secret.id));
            self.server.candidates.push((server, secret.id));
            self.hope = Hope::Ready;
        }
    }

    /// Opens a record.
    pub(super) fn open(&mut self, end: End, record: &Record<'_>) -> Opened {
        let direction = match end {
            End::Client => &mut self.client,
            End::Server => &mut self.server,
        };
        if let Some((content, id)) = direction.open(record) {
            if !self.used.contains(&id) && self.used.len() < limits::SECRETS_OF_ONE {
                self.used.push(id);
            }
            return content;
        }
        direction.unopened = direction.unopened.saturating_add(1);
        let is_any_open = self.client.opened > 0 || self.server.opened > 0;
        if self.hope == Hope::Ready && !is_any_open && self.unopened() >= WRONG_RECORDS {
            self.hope = Hope::Gone;
        }
        Opened::Sealed
    }
}

impl Direction {
    fn open(&mut self, record: &Record<'_>) -> Option<(Opened, Id)> {
        if record.epoch != AGREED || !record.is_whole() {
            return None;
        }
        let sealed = Sealed { content: record.content.code(), version: record.version, body: record.body };
        let open = |(opener, _): &(Opener, Id)| opener.open_at(&sealed, record.sequence());
        let (at, content) = self.candidates.iter().enumerate().find_map(|(at, candidate)| Some((at, open(candidate)?)))?;
        let right = self.candidates.swap_remove(at);
        let id = right.1;
        self.candidates = vec![right];
        self.opened = self.opened.saturating_add(1);
        let is_new = self.window.mark(record.number);
        Some((if is_new { Opened::Content(content) } else { Opened::Again }, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_is_read_once() {
        let mut window = Window::default();
        let marked = [0, 1, 1, 0, 5, 3, 3, 2, 70, 5, 7, 8, 7, 300, 300, 299].map(|number| window.mark(number));
        assert_eq!(marked, [true, true, false, false, true, true, false, true, true, false, true, true, false, true, false, true]);
        assert!(window.mark(u64::MAX - 1) && !window.mark(u64::MAX - 1) && !window.mark(0));
    }
}
