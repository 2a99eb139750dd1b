//! One direction's keys for QUIC packets: payload and header protection (RFC 9001 sections 5.3 and 5.4).

use aes::cipher::BlockCipherEncrypt;
use aes::{Aes128, Aes256};
use aes_gcm::KeyInit;
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};

use super::aead::{Aead, nonce};
use super::derive::{Hash, Labels, next_secret};
use super::suite::{AeadKind, Suite};

/// Keys that one secret gives.
pub(crate) struct PacketKeys {
    aead: Aead,
    vector: [u8; 12],
    mask: Mask,
    secret: Vec<u8>,
    hash: Hash,
    labels: &'static Labels,
}

/// Key of header protection.
#[derive(Clone)]
enum Mask {
    Aes128(Box<Aes128>),
    Aes256(Box<Aes256>),
    ChaCha([u8; 32]),
}

impl PacketKeys {
    /// For a traffic secret; `None` when it does not fit the suite.
    pub(crate) fn new(suite: Suite, labels: &'static Labels, secret: &[u8]) -> Option<Self> {
        let secret = Some(secret).filter(|secret| secret.len() == suite.hash.bytes())?;
        let kind = suite.aead()?;
        let protection = suite.hash.expand(secret, labels.protection, kind.key_bytes())?;
        let mask = match kind {
            AeadKind::Aes128Gcm | AeadKind::Aes128Ccm => Mask::Aes128(Box::new(KeyInit::new_from_slice(&protection).ok()?)),
            AeadKind::Aes256Gcm | AeadKind::Aes256Ccm => Mask::Aes256(Box::new(KeyInit::new_from_slice(&protection).ok()?)),
            AeadKind::ChaCha20Poly1305 => Mask::ChaCha(protection.try_into().ok()?),
            // RFC 9001 section 5.3 has no header protection for the short tag.
            AeadKind::Aes128Ccm8 | AeadKind::Aes256Ccm8 => return None,
        };
        Self::with((kind, suite.hash), labels, secret, mask)
    }

    fn with((kind, hash): (AeadKind, Hash), labels: &'static Labels, secret: &[u8], mask: Mask) -> Option<Self> {
        let aead = Aead::new(kind, &hash.expand(secret, labels.key, kind.key_bytes())?)?;
        let vector = hash.expand(secret, labels.vector, 12)?.try_into().ok()?;
        Some(Self { aead, vector, mask, secret: secret.to_vec(), hash, labels })
    }

    /// Keys of the next phase; those of headers stay (RFC 9001 section 6.1).
    pub(crate) fn updated(&self) -> Option<Self> {
        let secret = next_secret(self.hash, self.labels, &self.secret)?;
        Self::with((self.aead.kind(), self.hash), self.labels, &secret, self.mask.clone())
    }

    /// Five bytes that hide the first byte and the packet number.
    pub(crate) fn mask(&self, sample: [u8; 16]) -> [u8; 5] {
        let block: [u8; 16] = match &self.mask {
            Mask::Aes128(cipher) => {
                let mut block = sample.into();
                cipher.encrypt_block(&mut block);
                block.into()
            }
            Mask::Aes256(cipher) => {
                let mut block = sample.into();
                cipher.encrypt_block(&mut block);
                block.into()
            }
            Mask::ChaCha(key) => chacha_mask(key, sample),
        };
        let [a, b, c, d, e, ..] = block;
        [a, b, c, d, e]
    }

    /// The payload of a packet; `None` when its tag is wrong.
    pub(crate) fn open(&self, number: u64, head: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.aead.open(nonce(self.vector, number), head, sealed)
    }

    /// The other way round, for what tests send.
    #[cfg(test)]
    pub(crate) fn seal(&self, number: u64, head: &[u8], text: &[u8]) -> Vec<u8> {
        self.aead.seal(nonce(self.vector, number), head, text)
    }
}

/// Key stream at the block and nonce that the sample names (RFC 9001 section 5.4.4).
fn chacha_mask(key: &[u8; 32], sample: [u8; 16]) -> [u8; 16] {
    let [a, b, c, d, nonce @ ..] = sample;
    let mut mask = [0; 16];
    let mut cipher = ChaCha20::new(key.into(), &nonce.into());
    let at = u64::from(u32::from_le_bytes([a, b, c, d])).saturating_mul(64);
    if cipher.try_seek(at).is_ok() {
        // Fails only at the end of the key stream, where no packet can be opened anyway.
        let _is_applied = cipher.try_apply_keystream(&mut mask);
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::hex;
    use crate::wire::quic::tests::bytes;

    /// RFC 9001 appendix A.5, whole: a short header packet with ChaCha20-Poly1305.
    #[test]
    fn opens_the_short_packet_of_the_standard() {
        let secret = bytes("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b");
        let keys = PacketKeys::new(Suite::of(0x1303).unwrap(), &Labels::QUIC, &secret).unwrap();
        let packet = bytes("4cfe4189655e5cd55c41f69080575d7999c25a5bfb");
        let mask = keys.mask(packet[5..21].try_into().unwrap());
        assert_eq!(hex(&mask), "aefefe7d03");
        assert_eq!(packet[0] ^ mask[0] & 0x1f, 0x42);
        let head = bytes("4200bff4");
        assert_eq!(keys.open(654_360_564, &head, &packet[4..]).unwrap(), [1]);
        assert_eq!(keys.open(654_360_563, &head, &packet[4..]), None);
        assert_eq!(keys.seal(654_360_564, &head, &[1]), packet[4..]);
    }
}
