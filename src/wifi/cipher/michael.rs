//! Michael, TKIP's integrity code over a whole unit (IEEE 802.11-2020, 12.5.2.3).

use crate::wire::ieee80211::Header;

/// Bytes of the code.
pub(in crate::wifi) const CODE_BYTES: usize = 8;

/// The code of a unit: over its destination, its source, its priority and its data.
pub(in crate::wifi) fn code(key: [u8; 8], header: &Header, data: &[u8]) -> [u8; 8] {
    let head = [&header.destination().0[..], &header.source().0, &[header.traffic(), 0, 0, 0]].concat();
    over(key, head.iter().chain(data).copied())
}

fn over(key: [u8; 8], bytes: impl Iterator<Item = u8>) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h] = key;
    let mut state = (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]));
    let mut word = 0_u32;
    let mut filled = 0_u32;
    // Padding: 0x5a, then at least four zeros up to a whole word.
    for byte in bytes.chain([0x5a, 0, 0, 0, 0]) {
        word |= u32::from(byte) << filled;
        filled = (filled.wrapping_add(8)) % 32;
        if filled == 0 {
            state = mixed(state, word);
            word = 0;
        }
    }
    if filled != 0 {
        state = mixed(state, word);
    }
    let [a, b, c, d] = state.0.to_le_bytes();
    let [e, f, g, h] = state.1.to_le_bytes();
    [a, b, c, d, e, f, g, h]
}

const fn mixed((left, right): (u32, u32), word: u32) -> (u32, u32) {
    let left = left ^ word;
    let right = right ^ left.rotate_left(17);
    let left = left.wrapping_add(right);
    let right = right ^ (left & 0xff00_ff00) >> 8 ^ (left & 0x00ff_00ff) << 8;
    let left = left.wrapping_add(right);
    let right = right ^ left.rotate_left(3);
    let left = left.wrapping_add(right);
    let right = right ^ left.rotate_right(2);
    (left.wrapping_add(right), right)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IEEE 802.11-2020, J.5.2: each code is the next one's key.
    #[test]
    fn the_standards_vectors() {
        let vectors: [(&[u8], [u8; 8]); 7] = [
            (b"", [0x82, 0x92, 0x5c, 0x1c, 0xa1, 0xd1, 0x30, 0xb8]),
            (b"M", [0x43, 0x47, 0x21, 0xca, 0x40, 0x63, 0x9b, 0x3f]),
            (b"Mi", [0xe8, 0xf9, 0xbe, 0xca, 0xe9, 0x7e, 0x5d, 0x29]),
            (b"Mic", [0x90, 0x03, 0x8f, 0xc6, 0xcf, 0x13, 0xc1, 0xdb]),
            (b"Mich", [0xd5, 0x5e, 0x10, 0x05, 0x10, 0x12, 0x89, 0x86]),
            (b"Michael", [0x0a, 0x94, 0x2b, 0x12, 0x4e, 0xca, 0xa5, 0x46]),
            (b"", [0x1d, 0x8b, 0x1d, 0x6f, 0x5a, 0x2b, 0x1b, 0x2c]),
        ];
        let mut key = [0; 8];
        for (data, code) in vectors.into_iter().take(6) {
            assert_eq!(over(key, data.iter().copied()), code, "{data:?}");
            key = code;
        }
    }
}
