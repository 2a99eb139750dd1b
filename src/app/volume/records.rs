//! The records of one side of a stream, counted by their heads: RFC 8446 section 5.1, RFC 5246 section 6.2.1.
//!
//! Bodies are only passed over, so that counting to the end of a long download costs next to nothing.

use super::super::Side;
use super::HTTP_HEAD;
use crate::wire::tls::{Content, RECORD_HEAD, begins_like_tls, read_head};

/// Records of application data, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Records.
    pub(super) count: u64,
    /// Bytes of their bodies.
    pub(super) bytes: u64,
    /// Bytes of them that heads of messages can be: of each record at most the longest head.
    pub(super) heads: u64,
}

impl Tally {
    fn note(&mut self, length: u16) {
        let length = u64::from(length);
        self.count = self.count.saturating_add(1);
        self.bytes = self.bytes.saturating_add(length);
        self.heads = self.heads.saturating_add(length.min(HTTP_HEAD));
    }

    const fn since(&self, before: &Self) -> Self {
        Self {
            count: self.count.saturating_sub(before.count),
            bytes: self.bytes.saturating_sub(before.bytes),
            heads: self.heads.saturating_sub(before.heads),
        }
    }

    /// The bytes when each record loses `added`.
    pub(super) const fn less(&self, added: u64) -> u64 {
        self.bytes.saturating_sub(self.count.saturating_mul(added))
    }
}

/// How the end of the handshake is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    /// In records of its own kind.
    Clear,
    /// As application data: TLS 1.3.
    Sealed,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// Nothing has come.
    #[default]
    Start,
    /// So many bytes of a head.
    Head([u8; RECORD_HEAD], usize),
    /// So many bytes of a body are to come.
    Body(u64),
    /// Where the next record begins is not known: looked for where a piece does.
    Lost,
    /// The stream does not begin with records.
    Off,
}

/// Counts one side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Records {
    state: State,
    version: u16,
    tally: Tally,
    /// What came before the client had ended the handshake of TLS 1.3.
    handshake: Tally,
    has_ended_handshake: bool,
    /// Bytes of which it is not known what they belong to.
    stray: u64,
}

/// The next bytes of a side.
pub(super) fn data(halves: &mut [Records; 2], side: Side, bytes: &[u8]) {
    let [device, remote] = halves;
    let (own, other) = if side == Side::Device { (device, remote) } else { (remote, device) };
    let before = own.tally.count;
    own.data(bytes);
    // In TLS 1.3 the client ends the handshake, with a record that answers sealed ones of the server. Which side
    // the client is may not be known yet: for the server's this happens at a later record, which changes nothing.
    if own.tally.count > before && other.tally.count > 0 && !own.has_ended_handshake && !other.has_ended_handshake {
        own.has_ended_handshake = true;
        other.handshake = other.tally;
        own.handshake = own.tally;
    }
}

impl Records {
    pub(super) const fn is_counting(&self) -> bool {
        !matches!(self.state, State::Off)
    }

    /// Every record.
    pub(super) const fn all(&self) -> Tally {
        self.tally
    }

    /// The records without those of the handshake.
    pub(super) const fn data_after(&self, handshake: Handshake) -> Tally {
        match handshake {
            Handshake::Sealed => self.tally.since(&self.handshake),
            Handshake::Clear => self.tally,
        }
    }

    pub(super) const fn stray(&self) -> u64 {
        self.stray
    }

    fn data(&mut self, mut bytes: &[u8]) {
        if matches!(self.state, State::Lost) && !self.begins_again(bytes) {
            self.lose(bytes.len());
            return;
        }
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Off => return,
                State::Body(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
                    self.state = if left == 0 { State::Head([0; RECORD_HEAD], 0) } else { State::Body(left) };
                    bytes.get(taken..).unwrap_or_default()
                }
                State::Start | State::Lost => {
                    self.state = State::Head([0; RECORD_HEAD], 0);
                    bytes
                }
                State::Head(head, filled) => self.head(head, filled, bytes),
            };
        }
    }

    /// Takes bytes of a head; gives those after it.
    fn head<'a>(&mut self, mut head: [u8; RECORD_HEAD], filled: usize, bytes: &'a [u8]) -> &'a [u8] {
        let room = head.iter_mut().skip(filled);
        let taken = room.zip(bytes).map(|(place, byte)| *place = *byte).count();
        let filled = filled.saturating_add(taken);
        let rest = bytes.get(taken..).unwrap_or_default();
        if filled < RECORD_HEAD {
            self.state = State::Head(head, filled);
            return rest;
        }
        match read_head(head).filter(|_| self.version != 0 || begins_like_tls(&head) != Some(false)) {
            Some((content, version, length)) => {
                self.version = version;
                if content == Content::ApplicationData {
                    self.tally.note(length);
                }
                self.state = if length == 0 { State::Head([0; RECORD_HEAD], 0) } else { State::Body(length.into()) };
                rest
            }
            None if self.version == 0 => {
                self.state = State::Off;
                &[]
            }
            None => {
                self.state = State::Lost;
                self.lose(RECORD_HEAD.saturating_add(rest.len()));
                &[]
            }
        }
    }

    /// A piece that begins with a head like those before.
    fn begins_again(&self, bytes: &[u8]) -> bool {
        let head = bytes.first_chunk::<RECORD_HEAD>().and_then(|head| read_head(*head));
        head.is_some_and(|(_, version, length)| length > 0 && (version == self.version || self.version == 0))
    }

    fn lose(&mut self, bytes: usize) {
        self.stray = self.stray.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Bytes that are not there. They may have been records of any kind.
    pub(super) fn gap(&mut self, missing: u64) {
        match self.state {
            State::Off => {}
            State::Body(left) if left > missing => self.state = State::Body(left.saturating_sub(missing)),
            State::Body(left) => {
                self.stray = self.stray.saturating_add(missing.saturating_sub(left));
                self.state = if left == missing { State::Head([0; RECORD_HEAD], 0) } else { State::Lost };
            }
            State::Head(_, filled) => {
                self.lose(filled);
                self.stray = self.stray.saturating_add(missing);
                self.state = State::Lost;
            }
            State::Start | State::Lost => self.stray = self.stray.saturating_add(missing),
        }
    }
}
