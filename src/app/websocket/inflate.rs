//! Messages that one side of a WebSocket connection compresses (RFC 7692), decoded as they come. Each may refer to what that side
//! sent before (context takeover); a side that agreed not to never does, so that nothing has to be known of what was agreed.

use flate2::{Decompress, FlushDecompress, Status};

use super::super::content::{Content, Reserved};
use crate::limits::{BODY_FREE_BYTES, BODY_PIECE_BYTES, BODY_RATIO};

/// What a decoder holds: its window and a little more.
const DECODER_BYTES: usize = 64 << 10;
/// Bytes given on at a time.
const OUT_BYTES: usize = 16 << 10;
/// What every message ends with, and none is sent with (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Decodes one side.
pub(super) struct Inflate {
    state: Decompress,
    /// What does not fill a piece yet: as for bodies, the pieces are of one size however they come.
    held: Vec<u8>,
    sent: u64,
    decoded: u64,
    _room: Reserved,
}

/// Why nothing more is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not what compression makes.
    Malformed,
    /// Far more comes out than was sent.
    Bomb,
}

impl Inflate {
    /// `None` when the decoders that are open have all memory.
    pub(super) fn new(content: &Content) -> Option<Self> {
        let room = content.reserve(DECODER_BYTES)?;
        Some(Self { state: Decompress::new(false), held: Vec::new(), sent: 0, decoded: 0, _room: room })
    }

    /// The next bytes of a message.
    pub(super) fn data(&mut self, bytes: &[u8], give: &mut dyn FnMut(&[u8])) -> Result<(), Fault> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = BODY_PIECE_BYTES.saturating_sub(self.held.len());
            let (next, later) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            self.held.extend_from_slice(next);
            rest = later;
            if self.held.len() >= BODY_PIECE_BYTES {
                self.give_held(give)?;
            }
        }
        Ok(())
    }

    /// The message has ended.
    pub(super) fn end(&mut self, give: &mut dyn FnMut(&[u8])) -> Result<(), Fault> {
        self.give_held(give)?;
        self.decode(&TAIL, give)
    }

    fn give_held(&mut self, give: &mut dyn FnMut(&[u8])) -> Result<(), Fault> {
        let mut held = std::mem::take(&mut self.held);
        let done = self.decode(&held, give);
        held.clear();
        self.held = held;
        done
    }

    fn decode(&mut self, bytes: &[u8], give: &mut dyn FnMut(&[u8])) -> Result<(), Fault> {
        self.sent = self.sent.saturating_add(bytes.len() as u64);
        let most = self.sent.saturating_mul(BODY_RATIO).saturating_add(BODY_FREE_BYTES);
        let mut out = Vec::with_capacity(OUT_BYTES);
        let mut rest = bytes;
        loop {
            let before = self.state.total_in();
            out.clear();
            let status = self.state.decompress_vec(rest, &mut out, FlushDecompress::Sync).map_err(|_| Fault::Malformed)?;
            let taken = usize::try_from(self.state.total_in().saturating_sub(before)).unwrap_or(usize::MAX);
            rest = rest.get(taken..).unwrap_or_default();
            give(&out);
            self.decoded = self.decoded.saturating_add(out.len() as u64);
            if self.decoded > most {
                return Err(Fault::Bomb);
            }
            if status == Status::StreamEnd {
                // A last block (RFC 7692 section 7.2.3.5): what follows begins anew.
                self.state.reset(false);
            }
            let is_over = rest.is_empty() && out.len() < out.capacity();
            if is_over || taken == 0 && out.is_empty() {
                return Ok(());
            }
        }
    }
}
