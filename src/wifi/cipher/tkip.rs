//! TKIP: a key of RC4 mixed anew for each frame (IEEE 802.11-2020, 12.5.2).
//!
//! | size | field |
//! |---|---|
//! | 1 | sequence counter, second byte |
//! | 1 | a byte that keeps weak keys of RC4 away |
//! | 1 | sequence counter, lowest byte |
//! | 1 | 0x20, key number in the two highest bits |
//! | 4 | sequence counter, the rest |
//! | n | data; of a unit's last frame also its integrity code |
//! | 4 | check value |

use super::{Opened, Sealed, looks_opened, rc4};
use crate::wire::ieee80211::Header;
use crate::wire::{Direction, Reader};

/// A temporal key: encryption, integrity from the authenticator, integrity from the station.
pub(in crate::wifi) struct Tkip {
    key: [u8; 16],
    from_authenticator: [u8; 8],
    from_station: [u8; 8],
}

impl Tkip {
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(key);
        let tkip = Self { key: reader.array().ok()?, from_authenticator: reader.array().ok()?, from_station: reader.array().ok()? };
        reader.is_empty().then_some(tkip)
    }

    pub(super) fn open(&self, sealed: Sealed<'_>, out: &mut Vec<u8>) -> Option<Opened> {
        let mut reader = Reader::new(sealed.body);
        let [second, _, lowest, _] = reader.array().ok().filter(|_| sealed.is_extended())?;
        let high = reader.u32_le().ok()?;
        let low = u16::from_be_bytes([second, lowest]);
        out.extend_from_slice(reader.rest());
        rc4::apply(&mixed(&self.key, sealed.header.transmitter.0, high, low), out);
        let number = u64::from(high) << 16 | u64::from(low);
        let opened = Opened { number, michael: Some(self.integrity(sealed.header)), is_verified: sealed.missing == 0 };
        if sealed.missing == 0 {
            rc4::checked(out)?;
            return Some(opened);
        }
        looks_opened(sealed.header, out).then_some(Opened { michael: None, ..opened })
    }

    const fn integrity(&self, header: &Header) -> [u8; 8] {
        match header.direction() {
            Some(Direction::Out) => self.from_station,
            _ => self.from_authenticator,
        }
    }
}

/// The key of one frame (12.5.2.5), from the temporal key, the transmitter and the sequence counter.
fn mixed(key: &[u8; 16], transmitter: [u8; 6], high: u32, low: u16) -> [u8; 16] {
    let key: [u16; 8] = words(key);
    let [a, b, c, d, e, f] = transmitter;
    let first = first_phase(&key, high, [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]), u16::from_le_bytes([e, f])]);
    second_phase(&key, first, low)
}

fn words(key: &[u8; 16]) -> [u16; 8] {
    let mut words = [0; 8];
    for (word, pair) in words.iter_mut().zip(key.chunks_exact(2)) {
        *word = pair.iter().rev().fold(0, |value, byte| value << 8 | u16::from(*byte));
    }
    words
}

/// Phase 1: changes every 65,536 frames.
fn first_phase(key: &[u16; 8], high: u32, transmitter: [u16; 3]) -> [u16; 5] {
    let [k0, k1, k2, k3, k4, k5, k6, k7] = *key;
    let [upper, lower] = halves(high);
    let [t0, t1, t2] = transmitter;
    let mut p = [lower, upper, t0, t1, t2];
    for round in 0..8_u16 {
        let [q0, q1, q2, q3] = if round % 2 == 0 { [k0, k2, k4, k6] } else { [k1, k3, k5, k7] };
        let [p0, p1, p2, p3, p4] = p;
        let p0 = p0.wrapping_add(substituted(p4 ^ q0));
        let p1 = p1.wrapping_add(substituted(p0 ^ q1));
        let p2 = p2.wrapping_add(substituted(p1 ^ q2));
        let p3 = p3.wrapping_add(substituted(p2 ^ q3));
        let p4 = p4.wrapping_add(substituted(p3 ^ q0)).wrapping_add(round);
        p = [p0, p1, p2, p3, p4];
    }
    p
}

/// Phase 2: changes with every frame.
fn second_phase(key: &[u16; 8], first: [u16; 5], low: u16) -> [u8; 16] {
    let [k0, k1, k2, k3, k4, k5, k6, k7] = *key;
    let [p0, p1, p2, p3, p4] = first;
    let p5 = p4.wrapping_add(low);
    let p0 = p0.wrapping_add(substituted(p5 ^ k0));
    let p1 = p1.wrapping_add(substituted(p0 ^ k1));
    let p2 = p2.wrapping_add(substituted(p1 ^ k2));
    let p3 = p3.wrapping_add(substituted(p2 ^ k3));
    let p4 = p4.wrapping_add(substituted(p3 ^ k4));
    let p5 = p5.wrapping_add(substituted(p4 ^ k5));
    let p0 = p0.wrapping_add((p5 ^ k6).rotate_right(1));
    let p1 = p1.wrapping_add((p0 ^ k7).rotate_right(1));
    let p2 = p2.wrapping_add(p1.rotate_right(1));
    let p3 = p3.wrapping_add(p2.rotate_right(1));
    let p4 = p4.wrapping_add(p3.rotate_right(1));
    let p5 = p5.wrapping_add(p4.rotate_right(1));
    let [high, lowest] = low.to_be_bytes();
    let [last, _] = ((p5 ^ k0) >> 1).to_le_bytes();
    let mut mixed = [high, (high | 0x20) & 0x7f, lowest, last, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let words = [p0, p1, p2, p3, p4, p5].map(u16::to_le_bytes);
    for (place, byte) in mixed.iter_mut().skip(4).zip(words.as_flattened()) {
        *place = *byte;
    }
    mixed
}

/// The upper and the lower half.
fn halves(word: u32) -> [u16; 2] {
    let [a, b, c, d] = word.to_be_bytes();
    [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]
}

/// The substitution of 16 bits: AES' own box, doubled and tripled, for the low byte, the same turned round for the
/// high byte.
fn substituted(word: u16) -> u16 {
    let [high, low] = word.to_be_bytes();
    let pair = |byte: u8| {
        let value = BOX.get(usize::from(byte)).copied().unwrap_or_default();
        u16::from_be_bytes([double(value), double(value) ^ value])
    };
    pair(low) ^ pair(high).swap_bytes()
}

/// Twice a value in the field of AES (FIPS 197 section 4.2).
const fn double(value: u8) -> u8 {
    let carry = if value & 0x80 == 0 { 0 } else { 0x1b };
    value << 1 ^ carry
}

/// AES' box (FIPS 197 section 5.1.1), made rather than written down: walking the powers of 3 and of its inverse
/// side by side gives each value and its inverse.
static BOX: [u8; 256] = aes_box();

#[expect(clippy::indexing_slicing, clippy::as_conversions, reason = "a byte indexes 256 places, at compile time")]
const fn aes_box() -> [u8; 256] {
    let mut table = [0; 256];
    table[0] = 0x63;
    let (mut value, mut inverse) = (1_u8, 1_u8);
    loop {
        value ^= double(value);
        inverse ^= inverse << 1;
        inverse ^= inverse << 2;
        inverse ^= inverse << 4;
        if inverse & 0x80 != 0 {
            inverse ^= 0x09;
        }
        let turned = inverse ^ inverse.rotate_left(1) ^ inverse.rotate_left(2) ^ inverse.rotate_left(3) ^ inverse.rotate_left(4);
        table[value as usize] = turned ^ 0x63;
        if value == 1 {
            return table;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_is_aes_box() {
        assert_eq!(BOX[..8], [0x63, 0x7c, 0x77, 0x7b, 0xf2, 0x6b, 0x6f, 0xc5]);
        assert_eq!(BOX[248..], [0x41, 0x99, 0x2d, 0x0f, 0xb0, 0x54, 0xbb, 0x16]);
        assert_eq!(substituted(0), 0xc6a5 ^ 0xa5c6);
    }

    /// IEEE 802.11-2020, J.5.3: the first test vector of the key mixing.
    #[test]
    fn the_standards_vector_mixes() {
        let key: [u8; 16] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        let transmitter = [0x10, 0x22, 0x33, 0x44, 0x55, 0x66];
        let expected = [0x00, 0x20, 0x00, 0x33, 0xea, 0x8d, 0x2f, 0x60, 0xca, 0x6d, 0x13, 0x74, 0x23, 0x4a, 0x66, 0x0b];
        assert_eq!(mixed(&key, transmitter, 0, 0), expected);
    }
}
