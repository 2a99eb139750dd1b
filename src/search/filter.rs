//! The first bytes of everything that is looked for, as tables of bits: of three bytes, with which most places of any data are
//! passed over with one look and without a branch, then of four and of eight, for the places that are left. Letters count as one
//! whatever their case, and so do a few other bytes that differ in the same bit.

/// Bits of a table, as a power of two, and its words. The first table is asked for every byte: with 16 KiB it stays in the nearest
/// cache beside what else is read there.
const FIRST_BITS: u32 = 17;
const FIRST_WORDS: usize = 1 << (FIRST_BITS - 6);
const BITS: u32 = 18;
const WORDS: usize = 1 << (BITS - 6);
/// Places looked at together, one bit each.
const BLOCK: usize = 64;
/// Bytes that are read at a place.
pub(super) const WINDOW: usize = 4;

/// Which bytes may begin something.
pub(super) struct Filter {
    /// By the first byte, and by the first two: for the end of what there is, which may go on.
    one: [bool; 256],
    two: Box<[bool; 1 << 16]>,
    /// Of everything.
    three: Box<[u64; FIRST_WORDS]>,
    /// Of what has four bytes or more.
    four: Box<[u64; WORDS]>,
    /// Of what has four to seven, by four.
    middle: Box<[u64; WORDS]>,
    /// Of what has eight or more.
    eight: Box<[u64; WORDS]>,
    /// Of what has fewer than four: by three too, so that what may follow does not fill a table.
    short: Box<[u64; FIRST_WORDS]>,
}

impl Filter {
    /// Of patterns in any case of letters.
    pub(super) fn new(patterns: &[Vec<u8>]) -> Self {
        let mut filter = Self {
            one: [false; 256],
            two: Box::new([false; 1 << 16]),
            three: Box::new([0; FIRST_WORDS]),
            four: Box::new([0; WORDS]),
            middle: Box::new([0; WORDS]),
            eight: Box::new([0; WORDS]),
            short: Box::new([0; FIRST_WORDS]),
        };
        for pattern in patterns {
            let choices = |at: usize| match pattern.get(at) {
                Some(byte) if byte.is_ascii_alphabetic() => vec![byte.to_ascii_lowercase(), byte.to_ascii_uppercase()],
                Some(byte) => vec![*byte],
                None => (0..=u8::MAX).collect(),
            };
            for first in choices(0) {
                filter.one[usize::from(first)] = true;
                choices(1).iter().for_each(|second| filter.two[usize::from(u16::from_le_bytes([first, *second]))] = true);
            }
            if let Some(window) = pattern.first_chunk::<WINDOW>() {
                let window = u32::from_le_bytes(*window);
                set(&mut *filter.three, place(window));
                set(&mut *filter.four, place_of_four(window));
                match pattern.first_chunk() {
                    Some(eight) => set(&mut *filter.eight, place_of_eight(u64::from_le_bytes(*eight))),
                    None => set(&mut *filter.middle, place_of_four(window)),
                }
                continue;
            }
            let any = |at: usize| pattern.get(at).map_or(0..=u8::MAX, |byte| *byte..=*byte);
            let windows = any(0).flat_map(|first| any(1).flat_map(move |second| any(2).map(move |third| [first, second, third, 0])));
            for window in windows.map(u32::from_le_bytes) {
                set(&mut *filter.three, place(window));
                set(&mut *filter.short, place_again(window));
            }
        }
        filter
    }

    /// Shows every place where something may begin, but not the last three, see [`Self::tail`].
    #[inline]
    pub(super) fn each(&self, bytes: &[u8], mut show: impl FnMut(usize)) {
        let mut base = 0;
        let mut rest = bytes;
        while let Some(block) = rest.first_chunk::<{ BLOCK + WINDOW }>() {
            let mut places = self.places(block);
            while places != 0 {
                let at = places.trailing_zeros() as usize;
                if self.holds(rest.get(at..).unwrap_or_default()) {
                    show(base + at);
                }
                places &= places - 1;
            }
            base += BLOCK;
            rest = rest.get(BLOCK..).unwrap_or_default();
        }
        for (at, window) in rest.array_windows::<WINDOW>().enumerate() {
            if self.begins(*window) && self.holds(rest.get(at..).unwrap_or_default()) {
                show(base + at);
            }
        }
    }

    /// Shows the places among the last three where something may begin that goes on in the next bytes.
    pub(super) fn tail(&self, bytes: &[u8], mut show: impl FnMut(usize)) {
        for at in bytes.len().saturating_sub(WINDOW - 1)..bytes.len() {
            let may_begin = match bytes.get(at..) {
                Some([first, second, third]) => self.begins([*first, *second, *third, 0]),
                Some([first, second]) => self.two[usize::from(u16::from_le_bytes([*first, *second]))],
                Some([first]) => self.one[usize::from(*first)],
                _ => false,
            };
            if may_begin {
                show(at);
            }
        }
    }

    /// Shows the places among the last three where something may begin that ends there too: nothing follows.
    pub(super) fn last(&self, bytes: &[u8], mut show: impl FnMut(usize)) {
        for at in bytes.len().saturating_sub(WINDOW - 1)..bytes.len() {
            let byte = |ahead: usize| bytes.get(at + ahead).copied().unwrap_or_default();
            if bit_at(&self.short, place_again(u32::from_le_bytes([byte(0), byte(1), byte(2), 0]))) == 1 {
                show(at);
            }
        }
    }

    /// A bit for each place of a block. Its length is known, so that the loop has neither bounds to keep nor branches; eight
    /// bytes are read at once for four places.
    #[inline]
    fn places(&self, block: &[u8; BLOCK + WINDOW]) -> u64 {
        (0..BLOCK).step_by(4).fold(0, |places, at| {
            let eight = block[at..].first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
            let bit = |shift: u32| bit_at(&self.three, place((eight >> shift) as u32));
            places | (bit(0) | bit(8) << 1 | bit(16) << 2 | bit(24) << 3) << at
        })
    }

    /// The first look at a place.
    #[inline]
    fn begins(&self, window: [u8; WINDOW]) -> bool {
        bit_at(&self.three, place(u32::from_le_bytes(window))) == 1
    }

    /// The second: what is there from that place on.
    fn holds(&self, rest: &[u8]) -> bool {
        let Some(window) = rest.first_chunk() else { return false };
        let window = u32::from_le_bytes(*window);
        let goes_on = || match rest.first_chunk() {
            Some(eight) => {
                bit_at(&self.eight, place_of_eight(u64::from_le_bytes(*eight))) | bit_at(&self.middle, place_of_four(window)) == 1
            }
            None => true,
        };
        bit_at(&self.four, place_of_four(window)) == 1 && goes_on() || bit_at(&self.short, place_again(window)) == 1
    }
}

fn set(table: &mut [u64], (word, bit): (usize, u32)) {
    if let Some(word) = table.get_mut(word) {
        *word |= 1 << bit;
    }
}

#[inline]
fn bit_at<const WORDS: usize>(table: &[u64; WORDS], (word, bit): (usize, u32)) -> u64 {
    table.get(word).map_or(0, |word| word >> bit & 1)
}

/// Of four bytes read in little endian the first three.
#[inline]
const fn place(window: u32) -> (usize, u32) {
    // Shifted to the top, so that the fourth falls out.
    split((folded(window) << 8).wrapping_mul(0x9e37_79b1) >> (32 - FIRST_BITS))
}

/// The same by another multiplier: what is there by chance in the first look is not in the second.
#[inline]
const fn place_again(window: u32) -> (usize, u32) {
    split((folded(window) << 8).wrapping_mul(0xc2b2_ae35) >> (32 - FIRST_BITS))
}

/// All four.
#[inline]
const fn place_of_four(window: u32) -> (usize, u32) {
    split(folded(window).wrapping_mul(0x85eb_ca6b) >> (32 - BITS))
}

/// All eight.
#[inline]
const fn place_of_eight(window: u64) -> (usize, u32) {
    let hash = (window | 0x2020_2020_2020_2020).wrapping_mul(0x9e37_79b1_85eb_ca6b) >> (64 - BITS);
    split(hash as u32)
}

/// With the bit set that makes letters small.
#[inline]
const fn folded(window: u32) -> u32 {
    window | 0x2020_2020
}

#[inline]
const fn split(hash: u32) -> (usize, u32) {
    ((hash >> 6) as usize, hash & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_what_begins_a_pattern_in_any_case() {
        let filter = Filter::new(&[b"aB1".to_vec(), b"\x00\xff".to_vec()]);
        let passed = |bytes: &[u8]| {
            let mut places = Vec::new();
            filter.each(bytes, |at| places.push(at));
            places
        };
        assert_eq!(passed(b"..Ab1\0\xff......"), [2, 5]);
        assert_eq!(passed(&[&[b'.'; 200][..], b"aB1..."].concat()), [200]);
        assert_eq!(passed(b"ab"), [0; 0]);
        let all: Vec<u8> = (0..=u8::MAX).flat_map(|a| (0..=u8::MAX).flat_map(move |b| [a, b, b'q'])).collect();
        assert!(passed(&all).len() < 1_000, "{}", passed(&all).len());
        // What is short may be followed by anything, and passes nothing else.
        assert_eq!(passed(b"\x00\xffab \x00\xfeab "), [0]);
    }

    #[test]
    fn what_is_long_passes_by_eight_bytes_where_they_are_there() {
        let filter = Filter::new(&[b"Authorization: ".to_vec(), b"tel:".to_vec(), b"eyJ".to_vec()]);
        let passed = |bytes: &[u8]| {
            let mut places = Vec::new();
            filter.each(bytes, |at| places.push(at));
            places
        };
        assert_eq!(passed(b"authors authorization"), [8]);
        assert_eq!(passed(b"author"), [0]);
        assert_eq!(passed(b"hotel: 1, tell"), [2]);
        let ends = |bytes: &[u8]| {
            let (mut tail, mut last) = (Vec::new(), Vec::new());
            filter.tail(bytes, |at| tail.push(at));
            filter.last(bytes, |at| last.push(at));
            (tail, last)
        };
        assert_eq!(ends(b"...EYJ"), (vec![3], vec![3]));
        assert_eq!(ends(b"...tel"), (vec![3], vec![]));
        assert_eq!(ends(b"....au"), (vec![4], vec![]));
    }
}
