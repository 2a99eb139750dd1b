//! A window over a stream: as many bytes as the next record needs, never more than a limit.

use std::io::Read;

use crate::limits;

/// Buffers a stream so that whole records can be borrowed from it.
pub(super) struct Buffer<R> {
    source: R,
    held: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    failure: Option<std::io::Error>,
    is_at_end: bool,
}

impl<R: Read> Buffer<R> {
    pub(super) fn new(source: R) -> Self {
        let held = vec![0; limits::READ_BYTES];
        Self { source, held, start: 0, end: 0, offset: 0, failure: None, is_at_end: false }
    }

    /// Offset in the stream of the next byte.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// What the source said when it failed; from there on the stream is taken to have ended.
    pub(super) fn failure(&mut self) -> Option<std::io::Error> {
        self.failure.take()
    }

    /// The source, to read what no record needed.
    pub(super) const fn source(&mut self) -> &mut R {
        &mut self.source
    }

    /// The next `count` bytes without moving; fewer at the end of the stream.
    pub(super) fn peek(&mut self, count: usize) -> &[u8] {
        while self.end - self.start < count && !self.is_at_end {
            self.fill(count);
        }
        let available = (self.end - self.start).min(count);
        self.held.get(self.start..self.start + available).unwrap_or_default()
    }

    /// Moves over `count` bytes that were peeked.
    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    fn fill(&mut self, count: usize) {
        if self.start > 0 && self.held.len() - self.start < count.max(limits::READ_BYTES / 2) {
            self.held.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.held.len() {
            // Grows with what really arrives, not with what a length field claims.
            self.held.resize(self.held.len() * 2, 0);
        }
        let Some(space) = self.held.get_mut(self.end..) else { return };
        match self.source.read(space) {
            Ok(0) => self.is_at_end = true,
            Ok(read) => self.end += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.failure = Some(error);
                self.is_at_end = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lends_across_refills() {
        let data: Vec<u8> = (0..=255).cycle().take(3 << 20).collect();
        let mut buffer = Buffer::new(data.as_slice());
        let mut at = 0;
        for step in [1, 70_000, 500_000, 1_500_000, 13] {
            assert_eq!(buffer.peek(step), &data[at..at + step]);
            buffer.consume(step);
            at += step;
            assert_eq!(buffer.offset(), at as u64);
        }
    }

    #[test]
    fn a_short_stream_gives_what_it_has() {
        let mut buffer = Buffer::new([1, 2, 3].as_slice());
        assert_eq!(buffer.peek(64 << 20), &[1, 2, 3]);
        assert!(buffer.held.len() <= 2 * limits::READ_BYTES);
    }
}
