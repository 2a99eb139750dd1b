//! One direction of a TCP connection: which bytes are new, and the bytes in order with every hole told.
//!
//! Offsets count from the first byte seen (or the one after SYN) and do not wrap. What lies beyond a hole waits,
//! within bounds; then the hole is given up and told as a gap.

use crate::limits;
use crate::time::Timestamp;

/// A part of the stream that waits for what comes before it.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    start: u64,
    end: u64,
    /// Empty when nobody wants the bytes; shorter than the range when the capture cut them.
    bytes: Vec<u8>,
    frame: u64,
    time: Timestamp,
}

/// What a stream hands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery<'a> {
    /// The next bytes, and the frame that carried them.
    Bytes(&'a [u8], u64, Timestamp),
    /// Bytes that are not in the capture.
    Gap(u64),
}

/// What the stream is put in order for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    /// Somebody reads the bytes.
    Bytes,
    /// Somebody measures them, and can do without those that come out of order.
    Heads,
    /// They are only counted.
    Counts,
}

/// A segment's payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chunk<'a> {
    /// Sequence number of the first payload byte.
    pub(crate) sequence: u32,
    /// What was captured.
    pub(crate) bytes: &'a [u8],
    /// What was sent.
    pub(crate) length: usize,
    /// Frame.
    pub(crate) frame: u64,
    /// Its time.
    pub(crate) time: Timestamp,
}

/// One direction's state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stream {
    /// Sequence number of the byte at `next`; none before the first segment.
    sequence: Option<u32>,
    next: u64,
    /// Highest offset that some segment proved to exist.
    highest: u64,
    /// Bytes before offset 0, of segments older than the first one seen.
    before: u64,
    pieces: Vec<Piece>,
    held: usize,
    /// Holes given up.
    pub(crate) gaps: u64,
    /// Bytes in them.
    pub(crate) gap_bytes: u64,
    /// A limit made a hole be given up.
    pub(crate) has_hit_limit: bool,
}

/// Farther away than the largest window (RFC 7323 section 2.3), a sequence number belongs to another connection.
const WINDOW: i64 = 1 << 30;

impl Stream {
    /// The connection's first sequence number, from its SYN.
    pub(crate) fn begin(&mut self, sequence: u32) {
        if self.sequence.is_none() {
            self.sequence = Some(sequence.wrapping_add(1));
        }
    }

    /// Whether a segment may be one of those to come: no farther away than what a connection has under way.
    pub(crate) fn is_near(&self, sequence: u32) -> bool {
        self.sequence.is_none_or(|next| sequence.wrapping_sub(next).cast_signed().unsigned_abs() <= limits::STREAM_AHEAD)
    }

    /// What was given up so far, which another counts.
    pub(crate) const fn take_gaps(&mut self) -> (u64, u64) {
        let taken = (self.gaps, self.gap_bytes);
        (self.gaps, self.gap_bytes) = (0, 0);
        taken
    }

    /// Bytes that wait.
    pub(crate) const fn held(&self) -> usize {
        self.held
    }

    /// Offset of a sequence number relative to `next`; none when it is out of any window.
    fn distance(&mut self, sequence: u32) -> Option<i64> {
        let next = *self.sequence.get_or_insert(sequence);
        let distance = i64::from(sequence.wrapping_sub(next).cast_signed());
        (-WINDOW..WINDOW).contains(&distance).then_some(distance)
    }

    /// A segment without payload still proves how far its sender is.
    pub(crate) fn reach(&mut self, sequence: u32) {
        if self.sequence.is_some()
            && let Some(distance) = self.distance(sequence)
        {
            self.highest = self.highest.max(self.next.saturating_add_signed(distance));
        }
    }

    /// Takes a segment's payload and hands on what is in order now; how many of its bytes are new.
    pub(crate) fn push(&mut self, chunk: Chunk<'_>, wants: Wants, deliver: &mut dyn FnMut(Delivery<'_>)) -> u64 {
        let length = chunk.length as u64;
        let Some(distance) = self.distance(chunk.sequence) else { return length };
        if distance < 0 && self.next.checked_add_signed(distance).is_none() {
            return self.push_before(chunk, distance);
        }
        let start = self.next.saturating_add_signed(distance);
        let end = start + length;
        self.highest = self.highest.max(end);
        if end <= self.next {
            return 0;
        }
        if start <= self.next && self.pieces.is_empty() {
            let new = end - self.next;
            self.hand_on(
                chunk.bytes.get(index(self.next - start)..).unwrap_or_default(),
                new,
                (chunk.frame, chunk.time),
                (wants != Wants::Counts).then_some(deliver),
            );
            return new;
        }
        let new = self.insert(chunk, start, end, wants);
        self.drain(deliver);
        while self.pieces.len() > limits::STREAM_PIECES || self.held > limits::STREAM_BYTES {
            self.has_hit_limit = true;
            self.give_up_hole(deliver);
        }
        new
    }

    /// Older than the first byte seen: counted, not handed on.
    fn push_before(&mut self, chunk: Chunk<'_>, distance: i64) -> u64 {
        let behind = distance.unsigned_abs() - self.next;
        let new = behind.saturating_sub(self.before).min(chunk.length as u64);
        self.before = self.before.max(behind);
        new
    }

    fn hand_on(&mut self, bytes: &[u8], length: u64, origin: (u64, Timestamp), deliver: Option<&mut dyn FnMut(Delivery<'_>)>) {
        self.next += length;
        self.sequence = self.sequence.map(|sequence| sequence.wrapping_add(low_bits(length)));
        let Some(deliver) = deliver else { return };
        let bytes = bytes.get(..index(length)).unwrap_or(bytes);
        if !bytes.is_empty() {
            deliver(Delivery::Bytes(bytes, origin.0, origin.1));
        }
        let missing = length - bytes.len() as u64;
        if missing > 0 {
            deliver(Delivery::Gap(missing));
        }
    }

    /// Keeps the parts of a segment that nothing held covers.
    fn insert(&mut self, chunk: Chunk<'_>, start: u64, end: u64, wants: Wants) -> u64 {
        let mut new = 0;
        let mut at = start.max(self.next);
        let mut place = self.pieces.partition_point(|piece| piece.end <= at);
        while at < end {
            let until = self.pieces.get(place).map_or(end, |piece| piece.start.clamp(at, end));
            if until > at {
                let bytes = if self.keeps(wants) { chunk.bytes.get(index(at - start)..).unwrap_or_default() } else { &[] };
                let bytes = bytes.get(..index(until - at)).unwrap_or(bytes).to_vec();
                self.held += bytes.len();
                new += until - at;
                self.pieces.insert(place, Piece { start: at, end: until, bytes, frame: chunk.frame, time: chunk.time });
                place += 1;
            }
            at = self.pieces.get(place).map_or(end, |piece| piece.end);
            place += 1;
        }
        new
    }

    /// What comes out of order is kept.
    const fn keeps(&self, wants: Wants) -> bool {
        match wants {
            Wants::Bytes => true,
            Wants::Heads => self.held < limits::STREAM_MEASURED_BYTES,
            Wants::Counts => false,
        }
    }

    /// Hands on the pieces that are in order now.
    fn drain(&mut self, deliver: &mut dyn FnMut(Delivery<'_>)) {
        let count = self.pieces.iter().scan(self.next, |next, piece| (piece.start <= *next).then(|| *next = piece.end)).count();
        let ready: Vec<Piece> = self.pieces.drain(..count).collect();
        for piece in ready {
            self.held -= piece.bytes.len();
            self.hand_on(&piece.bytes, piece.end - piece.start, (piece.frame, piece.time), Some(&mut *deliver));
        }
    }

    /// Tells the first hole as a gap and goes on behind it.
    fn give_up_hole(&mut self, deliver: &mut dyn FnMut(Delivery<'_>)) {
        let Some(start) = self.pieces.first().map(|piece| piece.start) else { return };
        let length = start - self.next;
        self.skip(length, deliver);
        self.drain(deliver);
    }

    fn skip(&mut self, length: u64, deliver: &mut dyn FnMut(Delivery<'_>)) {
        if length > 0 {
            self.gaps += 1;
            self.gap_bytes += length;
            self.next += length;
            self.sequence = self.sequence.map(|sequence| sequence.wrapping_add(low_bits(length)));
            deliver(Delivery::Gap(length));
        }
    }

    /// Gives up all holes: the flow has ended, or all streams together hold too much.
    pub(crate) fn flush(&mut self, deliver: &mut dyn FnMut(Delivery<'_>)) {
        while !self.pieces.is_empty() {
            self.give_up_hole(deliver);
        }
    }

    /// As [`Self::flush`], and tells what is missing at the end.
    pub(crate) fn finish(&mut self, deliver: &mut dyn FnMut(Delivery<'_>)) {
        self.flush(deliver);
        self.skip(self.highest.saturating_sub(self.next), deliver);
    }

    /// Lets go of bytes that nobody wants any more; the ranges stay for counting.
    pub(crate) fn forget(&mut self) {
        for piece in &mut self.pieces {
            piece.bytes = Vec::new();
        }
        self.held = 0;
    }
}

/// A length within one segment or hole, as an index.
fn index(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// A length modulo the sequence number space.
#[expect(clippy::cast_possible_truncation, reason = "sequence numbers count modulo 2^32 (RFC 9293 section 3.4)")]
const fn low_bits(length: u64) -> u32 {
    length as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pushes `(sequence, bytes)` in order; what came out, with gaps as `[n]`, and how many bytes were new.
    fn run(start: Option<u32>, segments: &[(u32, &[u8])]) -> (String, u64) {
        let mut stream = Stream::default();
        if let Some(start) = start {
            stream.begin(start);
        }
        let mut told = String::new();
        let mut new = 0;
        let mut deliver = |delivery: Delivery<'_>| match delivery {
            Delivery::Bytes(bytes, ..) => told.push_str(std::str::from_utf8(bytes).unwrap()),
            Delivery::Gap(length) => told.push_str(&format!("[{length}]")),
        };
        for (sequence, bytes) in segments {
            let chunk = Chunk { sequence: *sequence, bytes, length: bytes.len(), frame: 1, time: Timestamp::default() };
            new += stream.push(chunk, Wants::Bytes, &mut deliver);
        }
        stream.finish(&mut deliver);
        (told, new)
    }

    #[test]
    fn puts_segments_in_order_once() {
        assert_eq!(run(Some(u32::MAX), &[(3, b"de"), (0, b"abc"), (0, b"abc"), (2, b"cdef")]), ("abcdef".to_owned(), 6));
        assert_eq!(run(Some(9), &[(16, b"gh"), (12, b"cdefghij"), (10, b"ab")]), ("abcdefghij".to_owned(), 10));
    }

    #[test]
    fn tells_holes() {
        assert_eq!(run(Some(9), &[(10, b"ab"), (15, b"fg")]), ("ab[3]fg".to_owned(), 4));
        assert_eq!(run(None, &[(u32::MAX, b"ab"), (u32::MAX - 3, b"xyz")]), ("ab".to_owned(), 5));
    }

    #[test]
    fn a_wild_sequence_number_opens_no_hole() {
        assert_eq!(run(Some(9), &[(10, b"ab"), (10 + (1 << 31), b"zz"), (12, b"cd")]), ("abcd".to_owned(), 6));
    }

    proptest! {
        #[test]
        fn order_does_not_matter(seed in any::<u32>(), mut cuts in proptest::collection::vec((0_usize..200, 1_usize..60), 1..40)) {
            let data: Vec<u8> = (0_u8..=255).map(|byte| b'a' + byte % 26).collect();
            cuts.push((0, 100));
            cuts.push((100, 150));
            let segments: Vec<(u32, &[u8])> = cuts.iter().map(|(start, length)| {
                (seed.wrapping_add(1).wrapping_add(u32::try_from(*start).unwrap()), &data[*start..(start + length).min(250)])
            }).collect();
            let (told, new) = run(Some(seed), &segments);
            let expected = std::str::from_utf8(&data[..250]).unwrap();
            prop_assert_eq!(told, expected);
            prop_assert_eq!(new, 250);
        }
    }
}
