//! The bytes around a place of a stream, by their offsets in it.

/// Bytes at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    bytes: &'a [u8],
    /// Offset of the first one.
    base: u64,
}

impl<'a> View<'a> {
    pub(super) const fn new(bytes: &'a [u8], base: u64) -> Self {
        Self { bytes, base }
    }

    fn index(&self, offset: u64) -> Option<usize> {
        usize::try_from(offset.checked_sub(self.base)?).ok()
    }

    /// The byte at an offset; none where there is none, or it is not at hand.
    pub(super) fn get(&self, offset: u64) -> Option<u8> {
        self.bytes.get(self.index(offset)?).copied()
    }

    /// The byte before an offset.
    pub(super) fn before(&self, offset: u64) -> Option<u8> {
        self.get(offset.checked_sub(1)?)
    }

    /// All bytes between two offsets; none where one is not at hand.
    pub(super) fn slice(&self, start: u64, end: u64) -> Option<&'a [u8]> {
        self.bytes.get(self.index(start)?..self.index(end)?)
    }

    /// What is at hand from an offset on, at most so many bytes.
    pub(super) fn from(&self, start: u64, most: usize) -> &'a [u8] {
        let rest = self.index(start).and_then(|at| self.bytes.get(at..)).unwrap_or_default();
        rest.get(..most).unwrap_or(rest)
    }

    /// What is at hand before an offset, at most so many bytes.
    pub(super) fn until(&self, end: u64, most: usize) -> &'a [u8] {
        let rest = self.index(end).and_then(|at| self.bytes.get(..at)).unwrap_or_default();
        rest.get(rest.len().saturating_sub(most)..).unwrap_or(rest)
    }
}
