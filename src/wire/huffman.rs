//! The Huffman code of HPACK and QPACK (RFC 7541 section 5.2 and appendix B).
//!
//! The code is canonical: codes of one length follow each other in the order of their symbols, and the shorter come
//! before the longer. So the lengths say everything. The end of a string is padded with ones, which begin the code of a
//! 257th symbol that may not occur.

/// Length of each byte's code, in bits.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];

/// Longest code.
const LONGEST: usize = 30;

/// Symbols by their codes, with the first code of every length.
static CODES: Codes = Codes::new();

struct Codes {
    symbols: [u8; 256],
    /// For each length: its first code, and how many symbols have shorter ones.
    lengths: [(u32, u16); LONGEST + 1],
    /// How many symbols have codes of a length.
    counts: [u16; LONGEST + 1],
}

impl Codes {
    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        reason = "computed by the compiler, which stops at a fault"
    )]
    const fn new() -> Self {
        let mut codes = Self { symbols: [0; 256], lengths: [(0, 0); LONGEST + 1], counts: [0; LONGEST + 1] };
        let (mut length, mut code, mut place) = (1, 0_u32, 0_u16);
        while length <= LONGEST {
            code <<= 1;
            codes.lengths[length] = (code, place);
            let mut symbol = 0;
            while symbol < LENGTHS.len() {
                if LENGTHS[symbol] as usize == length {
                    codes.symbols[place as usize] = symbol as u8;
                    codes.counts[length] += 1;
                    code += 1;
                    place += 1;
                }
                symbol += 1;
            }
            length += 1;
        }
        codes
    }

    /// The symbol with this code.
    fn symbol(&self, code: u32, length: usize) -> Option<u8> {
        let (first, shorter) = *self.lengths.get(length)?;
        let place = code.checked_sub(first).filter(|place| self.counts.get(length).is_some_and(|count| *place < u32::from(*count)))?;
        self.symbols.get(usize::try_from(place).ok()?.saturating_add(shorter.into())).copied()
    }
}

/// The string behind the code; `None` when the bytes are no such string.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(bytes.len().saturating_mul(8).div_euclid(5));
    let (mut code, mut length) = (0_u32, 0_usize);
    for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| byte.checked_shr(place).unwrap_or(0) & 1)) {
        code = code.wrapping_shl(1) | u32::from(bit);
        length = length.saturating_add(1);
        match CODES.symbol(code, length) {
            Some(symbol) => {
                decoded.push(symbol);
                (code, length) = (0, 0);
            }
            None if length >= LONGEST => return None,
            None => {}
        }
    }
    let is_padding = length < 8 && code.count_ones() == u32::try_from(length).unwrap_or(u32::MAX);
    is_padding.then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_the_standard() {
        for (coded, text) in [
            (&[0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff][..], "www.example.com"),
            (&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf], "no-cache"),
            (&[0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f], "custom-key"),
            (&[], ""),
        ] {
            assert_eq!(decode(coded).as_deref(), Some(text.as_bytes()));
        }
    }

    #[test]
    fn every_code_is_read_and_none_is_left() {
        assert_eq!(CODES.counts.iter().sum::<u16>(), 256);
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff]), None, "the symbol that may not occur");
        assert_eq!(decode(&[0xff]), None, "padding of a whole byte");
        assert_eq!(decode(&[0x00, 0x00]), None, "padding that is no ones");
    }
}
