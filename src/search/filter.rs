//! The first three bytes of everything that is looked for, as a table of bits: most places of any data are passed over
//! with one look.

/// Bits of the table, as a power of two: 64 KiB stay in the processor's cache.
const BITS: u32 = 19;

/// Which three bytes may begin something.
pub(super) struct Filter(Vec<u64>);

impl Filter {
    /// Of patterns in any case of letters.
    pub(super) fn new(patterns: &[Vec<u8>]) -> Self {
        let mut filter = Self(vec![0; 1 << (BITS - 6)]);
        for pattern in patterns {
            let choices = |at: usize| match pattern.get(at) {
                Some(byte) if byte.is_ascii_alphabetic() => vec![byte.to_ascii_lowercase(), byte.to_ascii_uppercase()],
                Some(byte) => vec![*byte],
                None => (0..=u8::MAX).collect(),
            };
            for first in choices(0) {
                for second in choices(1) {
                    choices(2).into_iter().for_each(|third| filter.set([first, second, third]));
                }
            }
        }
        filter
    }

    fn set(&mut self, window: [u8; 3]) {
        let (word, bit) = place(window);
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    /// Something may begin with these three bytes.
    #[inline]
    pub(super) fn may_begin(&self, window: [u8; 3]) -> bool {
        let (word, bit) = place(window);
        self.0.get(word).is_some_and(|word| word >> bit & 1 == 1)
    }
}

#[inline]
fn place([first, second, third]: [u8; 3]) -> (usize, u32) {
    let hash = u32::from_le_bytes([first, second, third, 0]).wrapping_mul(0x9e37_79b1) >> (32 - BITS);
    (usize::try_from(hash >> 6).unwrap_or(0), hash & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_what_begins_a_pattern_in_any_case() {
        let filter = Filter::new(&[b"aB1".to_vec(), b"\x00\xff".to_vec()]);
        assert!(filter.may_begin(*b"Ab1") && filter.may_begin([0, 0xff, 7]));
        let passed =
            (0..=u8::MAX).flat_map(|a| (0..=u8::MAX).map(move |b| [a, b, b'q'])).filter(|window| filter.may_begin(*window)).count();
        assert!(passed < 200, "{passed}");
    }
}
