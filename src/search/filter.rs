//! The first bytes of everything that is looked for, as tables, so that most places of any data are passed over with few looks and
//! without a branch. What has eight bytes or more is asked for at every fourth place: each of its first four windows of four
//! bytes is in a table, and one of them begins there. What is shorter is asked for at every second place, by the two bytes in it that
//! are rarest. Only where one of these fits, the bytes from the place on are looked at that something would begin at. Letters
//! count as one whatever their case, and so do a few other bytes that differ in the same bit.

use fearless_simd::{Level, dispatch};

/// Entries of a table by two bytes.
const TWO: usize = 1 << 16;
/// Places looked at together, one bit each, and bytes read at once.
const BLOCK: usize = 64;
const GROUP: usize = 8;
/// Bytes from one place to the next where something long is asked for.
const STRIDE: usize = 4;
/// Bytes that something long has, by which a place is passed.
pub(super) const LONG: usize = 8;
/// Bits of a group that stand for windows of four bytes; those of even places stand for pairs.
const WINDOWS: u64 = 0x2222_2222_2222_2222;
/// Bytes that texts and numbers are full of, the commonest last.
const COMMON: &[u8] = b"zqxjkvbywgpfmucdlhrsnioate \xff\0";

/// Which bytes may begin something.
pub(super) struct Filter {
    /// What this processor can do: the loop over all bytes, which is inlined whole for that, is there for several kinds.
    level: Level,
    /// Of what is short, by two bytes: 1, and a bit above it for each distance that they are in.
    pairs: Box<[u8; TWO]>,
    /// Its first three bytes.
    three: Hashes,
    /// Of what is long: the first four windows.
    windows: Hashes,
    /// Its first eight bytes.
    eight: Hashes,
}

/// A set of hashes by two bits each, both in one word of a power of two of them: a few in a hundred others seem to be in it. It
/// is as small as that allows, so that it stays in the nearest caches.
struct Hashes {
    words: Box<[u64]>,
    /// The upper bits of a hash choose the word.
    shift: u32,
}

impl Filter {
    /// Of patterns in any case of letters.
    pub(super) fn new(patterns: &[Vec<u8>]) -> Self {
        let long = patterns.iter().filter(|pattern| pattern.len() >= LONG).count();
        let mut filter = Self {
            level: Level::new(),
            pairs: Box::new([0; TWO]),
            three: Hashes::new(patterns.len() - long),
            windows: Hashes::new(long * STRIDE),
            eight: Hashes::new(long * STRIDE),
        };
        for pattern in patterns {
            match pattern.first_chunk() {
                Some(eight) => filter.add_long(*eight),
                None => filter.add_short(pattern),
            }
        }
        filter
    }

    fn add_long(&mut self, eight: [u8; LONG]) {
        self.eight.add(hash_of_eight(u64::from_le_bytes(eight)));
        for window in eight.array_windows().take(STRIDE) {
            self.windows.add(hash_of_window(folded(u32::from_le_bytes(*window))));
        }
    }

    fn add_short(&mut self, pattern: &[u8]) {
        let any = |at: usize| pattern.get(at).map_or(0..=u8::MAX, |byte| *byte..=*byte);
        for first in any(0) {
            for second in any(1) {
                any(2).for_each(|third| self.three.add(hash_of_three(u32::from_le_bytes([first, second, third, 0]))));
            }
        }
        // It may begin in an even or an odd place.
        for parity in [0, 1] {
            let cost = |at: &usize| pattern.get(*at..*at + 2).unwrap_or_default().iter().map(|byte| commonness(*byte)).sum::<usize>();
            let distance = (parity..pattern.len().saturating_sub(1)).step_by(2).min_by_key(cost).unwrap_or(parity);
            for first in in_any_case(pattern.get(distance)) {
                for second in in_any_case(pattern.get(distance + 1)) {
                    let pair = usize::from(u16::from_le_bytes([first, second]));
                    self.pairs[pair] |= 2 << distance | 1;
                }
            }
        }
    }

    /// Shows every place where something may begin whose bytes are all there, or the first eight of them; what is cut at the end is
    /// to be asked for again when more has come, from [`LONG`] - 1 bytes before the end on. A place may be shown twice.
    pub(super) fn each(&self, bytes: &[u8], mut show: impl FnMut(usize)) {
        dispatch!(self.level, _ => self.each_here(bytes, &mut show));
    }

    #[inline(always)]
    fn each_here(&self, bytes: &[u8], show: &mut impl FnMut(usize)) {
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        let mut base = 0;
        for block in blocks {
            self.again(bytes, base, self.groups(block.as_chunks().0), show);
            base += BLOCK;
        }
        let (groups, end) = rest.as_chunks();
        let mut found = self.groups(groups);
        if !end.is_empty() {
            let mut group = [0; GROUP];
            group.iter_mut().zip(end).for_each(|(to, byte)| *to = *byte);
            found |= self.group(group) << (groups.len() * GROUP);
        }
        self.again(bytes, base, found, show);
    }

    /// A bit for each place where something may be.
    #[inline(always)]
    fn groups(&self, groups: &[[u8; GROUP]]) -> u64 {
        groups.iter().enumerate().fold(0, |found, (number, group)| found | self.group(*group) << (number * GROUP))
    }

    #[inline(always)]
    fn group(&self, group: [u8; GROUP]) -> u64 {
        let bytes = u64::from_le_bytes(group);
        let folded = bytes | 0x2020_2020_2020_2020;
        let pair = |shift: u32| u64::from(self.pairs[usize::from((bytes >> shift) as u16)] & 1);
        let window = |shift: u32| self.windows.bit(hash_of_window((folded >> shift) as u32));
        pair(0) | pair(16) << 2 | pair(32) << 4 | pair(48) << 6 | window(0) << 1 | window(32) << 5
    }

    /// The second look, where the first has found something.
    #[inline(always)]
    fn again(&self, bytes: &[u8], base: usize, found: u64, show: &mut impl FnMut(usize)) {
        for at in ones(found & WINDOWS).map(|bit| base + bit - 1) {
            let first = at.saturating_sub(STRIDE - 1);
            let mut starts = 0;
            for (number, eight) in bytes.get(first..).unwrap_or_default().array_windows().take(STRIDE).enumerate() {
                starts |= self.eight.bit(hash_of_eight(u64::from_le_bytes(*eight))) << number;
            }
            ones(starts).for_each(|number| show(first + number));
        }
        for at in ones(found & !WINDOWS).map(|bit| base + bit) {
            let byte = |ahead: usize| bytes.get(at + ahead).copied().unwrap_or_default();
            let distances = self.pairs[usize::from(u16::from_le_bytes([byte(0), byte(1)]))] >> 1;
            let starts = ones(distances.into()).filter_map(|distance| at.checked_sub(distance));
            starts.filter(|start| self.holds_short(bytes.get(*start..).unwrap_or_default())).for_each(&mut *show);
        }
    }

    #[inline(always)]
    fn holds_short(&self, rest: &[u8]) -> bool {
        let three = match rest {
            [first, second, third, ..] => [*first, *second, *third, 0],
            [first, second] => [*first, *second, 0, 0],
            _ => return false,
        };
        self.three.bit(hash_of_three(u32::from_le_bytes(three))) == 1
    }
}

/// The places of the bits that are set.
#[inline(always)]
fn ones(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(at)
    })
}

/// The byte in both cases; any where there is none.
fn in_any_case(byte: Option<&u8>) -> Vec<u8> {
    match byte {
        Some(byte) if byte.is_ascii_alphabetic() => vec![byte.to_ascii_lowercase(), byte.to_ascii_uppercase()],
        Some(byte) => vec![*byte],
        None => (0..=u8::MAX).collect(),
    }
}

fn commonness(byte: u8) -> usize {
    COMMON.iter().position(|common| *common == byte.to_ascii_lowercase()).map_or(0, |at| at + 1)
}

impl Hashes {
    /// For so many: a word for sixteen of them, and no more words than the hash has bits for.
    fn new(count: usize) -> Self {
        let words = (count / 16).next_power_of_two().clamp(512, 8192);
        Self { words: vec![0; words].into(), shift: 32 - words.ilog2() }
    }

    fn add(&mut self, hash: u32) {
        self.words[(hash >> self.shift) as usize] |= 1 << (hash >> 13 & 63) | 1 << (hash >> 7 & 63);
    }

    /// 1 when it seems to be in it.
    #[inline(always)]
    fn bit(&self, hash: u32) -> u64 {
        let word = self.words[(hash >> self.shift) as usize];
        word >> (hash >> 13 & 63) & word >> (hash >> 7 & 63) & 1
    }
}

/// Of four bytes that are folded.
#[inline(always)]
const fn hash_of_window(window: u32) -> u32 {
    window.wrapping_mul(0x9e37_79b1)
}

/// Of four bytes read in little endian the first three.
#[inline(always)]
const fn hash_of_three(window: u32) -> u32 {
    // Shifted to the top, so that the fourth falls out.
    (folded(window) << 8).wrapping_mul(0xc2b2_ae35)
}

#[inline(always)]
const fn hash_of_eight(bytes: u64) -> u32 {
    ((bytes | 0x2020_2020_2020_2020).wrapping_mul(0x9e37_79b1_85eb_ca6b) >> 32) as u32
}

/// With the bit set that makes letters small.
#[inline(always)]
const fn folded(window: u32) -> u32 {
    window | 0x2020_2020
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(filter: &Filter, bytes: &[u8]) -> Vec<usize> {
        let mut places = Vec::new();
        filter.each(bytes, |at| places.push(at));
        places.sort_unstable();
        places.dedup();
        places
    }

    #[test]
    fn passes_what_begins_a_pattern_in_any_place_and_case() {
        let patterns = [&b"aB1"[..], b"\x00\xff", b"tel:", b"phone", b"msisdn:", b"msisdn=1", b"Authorization: "].map(<[u8]>::to_vec);
        let filter = Filter::new(&patterns);
        for before in 0..140 {
            for pattern in &patterns {
                for behind in [0, 1, 9, 70] {
                    let bytes = [&vec![b'.'; before][..], &pattern.to_ascii_uppercase(), &vec![b'.'; behind]].concat();
                    assert_eq!(passed(&filter, &bytes), [before], "{pattern:?}");
                }
            }
        }
        let all: Vec<u8> = (0..=u8::MAX).flat_map(|a| (0..=u8::MAX).flat_map(move |b| [a, b, b'q'])).collect();
        assert!(passed(&filter, &all).len() < 1_000, "{}", passed(&filter, &all).len());
    }

    #[test]
    fn what_is_long_passes_by_eight_bytes_that_are_there_and_what_is_short_by_three() {
        let filter = Filter::new(&[b"Authorization: ".to_vec(), b"tel:".to_vec(), b"\xc2\xb0".to_vec()]);
        assert_eq!(passed(&filter, b"authors authorization"), [8]);
        assert_eq!(passed(&filter, b"author authoriz"), [7]);
        assert_eq!(passed(&filter, b"hotel: 1, tell"), [2]);
        assert_eq!(passed(&filter, b"46\xc2\xb0"), [2]);
        assert_eq!(passed(&filter, b"4\xc2\xb0"), [1]);
        assert_eq!(passed(&filter, b"te"), [0; 0]);
        assert_eq!(passed(&filter, b""), [0; 0]);
    }
}
