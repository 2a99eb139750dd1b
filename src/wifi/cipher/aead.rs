//! CCMP and GCMP with keys of 128 and 256 bits (IEEE 802.11-2020, 12.5.3 and 12.5.5).
//!
//! | size | field |
//! |---|---|
//! | 1, 1 | packet number, its two low bytes |
//! | 1 | reserved |
//! | 1 | 0x20, key number in the two highest bits |
//! | 4 | packet number, the rest |
//! | n | data |
//! | 8 or 16 | integrity code: 8 in CCMP with 128 bits |

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, Nonce, Tag};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use ccm::Ccm;
use ccm::consts::{U8, U13, U16};

use super::{Opened, Sealed, looks_opened};
use crate::wire::Reader;
use crate::wire::ieee80211::Header;

type Aes128Ccm = Ccm<Aes128, U8, U13>;
type Aes256Ccm = Ccm<Aes256, U16, U13>;

const HEADER_BYTES: usize = 8;
const BLOCK_BYTES: usize = 16;

/// How the block cipher is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Counter with CBC-MAC.
    Ccm,
    /// Counter with Galois hash.
    Gcm,
}

/// The four ciphers; beside each its block cipher, for frames whose end is missing.
pub(in crate::wifi) enum Aead {
    /// CCMP-128.
    Ccm128(Aes128Ccm, Aes128),
    /// CCMP-256.
    Ccm256(Aes256Ccm, Aes256),
    /// GCMP-128.
    Gcm128(Aes128Gcm, Aes128),
    /// GCMP-256.
    Gcm256(Aes256Gcm, Aes256),
}

impl Aead {
    pub(super) fn new(mode: Mode, key: &[u8]) -> Option<Self> {
        match (mode, key.len()) {
            (Mode::Ccm, 16) => Aes128::new_from_slice(key).ok().map(|aes| Self::Ccm128(aes.clone().into(), aes)),
            (Mode::Ccm, 32) => Aes256::new_from_slice(key).ok().map(|aes| Self::Ccm256(aes.clone().into(), aes)),
            (Mode::Gcm, 16) => Aes128::new_from_slice(key).ok().map(|aes| Self::Gcm128(aes.clone().into(), aes)),
            (Mode::Gcm, 32) => Aes256::new_from_slice(key).ok().map(|aes| Self::Gcm256(aes.clone().into(), aes)),
            _ => None,
        }
    }

    pub(super) fn open(&self, sealed: Sealed<'_>, out: &mut Vec<u8>) -> Option<Opened> {
        let mut reader = Reader::new(sealed.body);
        let [a, b, _, _, c, d, e, f] = reader.array::<HEADER_BYTES>().ok().filter(|_| sealed.is_extended())?;
        let number = [f, e, d, c, b, a];
        if sealed.missing > 0 {
            return self.open_cut(sealed, number, reader.rest(), out);
        }
        let (data, code) = reader.rest().split_at_checked(reader.left().checked_sub(self.code_bytes())?)?;
        let header = sealed.header;
        let opened = Opened { number: numbered(number), michael: None, is_verified: true };
        // The bit that says that this is an aggregate is kept from the integrity code, unless both sides agreed
        // otherwise (SPP A-MSDU).
        let masks: &[u16] = if header.is_aggregate() { &[0x000f, 0x008f] } else { &[0x000f] };
        masks.iter().find_map(|mask| {
            out.clear();
            out.extend_from_slice(data);
            self.decrypt(&nonce(header, number), Associated::of(header, *mask).bytes(), out, code).then_some(opened)
        })
    }

    const fn code_bytes(&self) -> usize {
        match self {
            Self::Ccm128(..) => 8,
            _ => 16,
        }
    }

    fn decrypt(&self, nonce: &[u8; 13], associated: &[u8], data: &mut [u8], code: &[u8]) -> bool {
        let [_, short @ ..] = nonce;
        match self {
            Self::Ccm128(cipher, _) => decrypt(cipher, nonce, associated, data, code),
            Self::Ccm256(cipher, _) => decrypt(cipher, nonce, associated, data, code),
            Self::Gcm128(cipher, _) => decrypt(cipher, short, associated, data, code),
            Self::Gcm256(cipher, _) => decrypt(cipher, short, associated, data, code),
        }
    }

    /// Opens what was captured of a frame, which no integrity code proves.
    fn open_cut(&self, sealed: Sealed<'_>, number: [u8; 6], rest: &[u8], out: &mut Vec<u8>) -> Option<Opened> {
        let whole = u64::try_from(rest.len()).ok()?.saturating_add(sealed.missing);
        let data = usize::try_from(whole).ok()?.checked_sub(self.code_bytes())?;
        out.extend_from_slice(rest.get(..data).unwrap_or(rest));
        let nonce = nonce(sealed.header, number);
        match self {
            Self::Ccm128(_, aes) => count_ccm(aes, nonce, out),
            Self::Ccm256(_, aes) => count_ccm(aes, nonce, out),
            Self::Gcm128(_, aes) => count_gcm(aes, nonce, out),
            Self::Gcm256(_, aes) => count_gcm(aes, nonce, out),
        }
        looks_opened(sealed.header, out).then_some(Opened { number: numbered(number), michael: None, is_verified: false })
    }
}

fn decrypt<A: AeadInOut>(cipher: &A, nonce: &[u8], associated: &[u8], data: &mut [u8], code: &[u8]) -> bool {
    let (Ok(nonce), Ok(code)) = (<&Nonce<A>>::try_from(nonce), <&Tag<A>>::try_from(code)) else { return false };
    cipher.decrypt_inout_detached(nonce, associated, InOutBuf::from(data), code).is_ok()
}

/// CCM's blocks: flags 1 for a length in two bytes, nonce, counter from 1 (RFC 3610 section 2.3).
fn count_ccm(aes: &impl BlockCipherEncrypt, nonce: [u8; 13], data: &mut [u8]) {
    for (counter, chunk) in (1_u16..).zip(data.chunks_mut(BLOCK_BYTES)) {
        let mut block = [0; BLOCK_BYTES];
        place(&mut block, 0, &[1]);
        place(&mut block, 1, &nonce);
        place(&mut block, 14, &counter.to_be_bytes());
        apply(aes, &block, chunk);
    }
}

/// GCM's blocks: nonce, counter from 2 (NIST SP 800-38D section 7.2).
fn count_gcm(aes: &impl BlockCipherEncrypt, nonce: [u8; 13], data: &mut [u8]) {
    let [_, short @ ..] = nonce;
    for (counter, chunk) in (2_u32..).zip(data.chunks_mut(BLOCK_BYTES)) {
        let mut block = [0; BLOCK_BYTES];
        place(&mut block, 0, &short);
        place(&mut block, 12, &counter.to_be_bytes());
        apply(aes, &block, chunk);
    }
}

fn place(block: &mut [u8; BLOCK_BYTES], at: usize, bytes: &[u8]) {
    for (place, byte) in block.iter_mut().skip(at).zip(bytes) {
        *place = *byte;
    }
}

fn apply<A: BlockCipherEncrypt>(aes: &A, block: &[u8; BLOCK_BYTES], chunk: &mut [u8]) {
    let Ok(input) = <&aes::cipher::Block<A>>::try_from(&block[..]) else { return };
    let mut stream = input.clone();
    aes.encrypt_block(&mut stream);
    for (byte, key) in chunk.iter_mut().zip(stream.iter()) {
        *byte ^= *key;
    }
}

fn numbered([f, e, d, c, b, a]: [u8; 6]) -> u64 {
    u64::from_be_bytes([0, 0, f, e, d, c, b, a])
}

/// Flags, transmitter, packet number from its highest byte (12.5.3.3.4); GCMP's is the same without the flags.
fn nonce(header: &Header, number: [u8; 6]) -> [u8; 13] {
    const MANAGEMENT: u8 = 0x10;
    let flags = if header.is_management() { MANAGEMENT } else { header.traffic() };
    let [a, b, c, d, e, f] = header.transmitter.0;
    let [u, v, w, x, y, z] = number;
    [flags, a, b, c, d, e, f, u, v, w, x, y, z]
}

/// What the integrity code covers beside the data: the header without what a retry may change (12.5.3.3.3).
struct Associated {
    bytes: [u8; 30],
    length: usize,
}

impl Associated {
    fn of(header: &Header, qos_mask: u16) -> Self {
        let mut associated = Self { bytes: [0; 30], length: 0 };
        associated.push(&control(header));
        for address in [header.receiver, header.transmitter, header.third] {
            associated.push(&address.0);
        }
        associated.push(&header.fragment().to_le_bytes());
        if let Some(fourth) = header.fourth {
            associated.push(&fourth.0);
        }
        if let Some(qos) = header.qos {
            associated.push(&(qos & qos_mask).to_le_bytes());
        }
        associated
    }

    fn push<const N: usize>(&mut self, bytes: &[u8; N]) {
        if let Some(place) = self.bytes.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            *place = *bytes;
            self.length = self.length.saturating_add(N);
        }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// Frame control without retry, power management and more data; in data also without the subtype's low bits and,
/// with QoS, the order bit.
fn control(header: &Header) -> [u8; 2] {
    let [kind, flags] = header.control;
    let kind = if header.is_management() { kind } else { kind & 0x8f };
    let flags = flags & !0x38 | 0x40;
    [kind, if header.qos.is_some() { flags & 0x7f } else { flags }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wifi::cipher::Cipher;
    use crate::wire::ieee80211::{Frame, Padding, frame};
    use crate::wire::rsn::Suite;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn opened(key: &str, mpdu: &str, suite: u8, missing: usize) -> Option<(Vec<u8>, bool)> {
        let mpdu = bytes(mpdu);
        let cut = &mpdu[..mpdu.len().checked_sub(missing).unwrap()];
        let Ok(Frame::Data(header, body)) = frame(cut, Padding::None) else { panic!("not data") };
        let cipher = Cipher::new(Suite::standard(suite), &bytes(key)).unwrap();
        let mut out = Vec::new();
        let opened = cipher.open(Sealed { header: &header, body, missing: missing.try_into().unwrap() }, &mut out)?;
        Some((out, opened.is_verified))
    }

    /// IEEE 802.11-2020, J.6.4: the first test vector of CCMP.
    const KEY: &str = "c97c1f67ce371185514a8a19f2bdd52f";
    const MPDU: &str = "0848c32c0fd2e128a57c5030f1844408abaea5b8fcba8033 0ce70020769703b5 \
                        f3d0a2fe9a3dbf2342a643e43246e80c3c04d019 7845ce0b16f97623";

    #[test]
    fn the_standards_vector_opens() {
        let (data, is_verified) = opened(KEY, MPDU, 4, 0).unwrap();
        assert_eq!((data, is_verified), (bytes("f8ba1a55d02f85ae967bb62fb6cda8eb7e78a050"), true));
        let changed = MPDU.replace("f3d0a2", "f3d0a3");
        assert_eq!(opened(KEY, &changed, 4, 0), None);
    }
}
