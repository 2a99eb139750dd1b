//! The beginning of a message whose rest has not come yet, in each direction of a stream.

use crate::app::{Data, Side};
use crate::limits::LINK_PENDING_BYTES;
use crate::wire::duml::Start;

/// Bytes that wait.
#[derive(Default)]
pub(super) struct Pending {
    sides: [Waiting; 2],
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    start: Start,
}

impl Pending {
    const fn side(&mut self, side: Side) -> &mut Waiting {
        let [device, remote] = &mut self.sides;
        match side {
            Side::Device => device,
            Side::Remote => remote,
        }
    }

    /// Shows `read` what waited, with the new bytes behind it, and where a message starts; it answers how many bytes it
    /// leaves for later, and where the next one starts.
    pub(super) fn show(&mut self, data: Data<'_>, read: impl FnOnce(&[u8], Start) -> (usize, Start)) {
        let Waiting { bytes, start } = self.side(data.side);
        bytes.extend_from_slice(data.bytes);
        let (left, next) = read(bytes, *start);
        *start = next;
        let done = bytes.len().saturating_sub(left);
        bytes.drain(..done);
        if bytes.len() > LINK_PENDING_BYTES {
            bytes.clear();
        }
    }

    /// What waited for bytes that are missing never comes.
    pub(super) fn forget(&mut self, side: Side) {
        *self.side(side) = Waiting { start: Start::Somewhere, ..Waiting::default() };
    }
}
