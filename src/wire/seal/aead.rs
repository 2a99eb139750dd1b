//! AEAD ciphers behind one face (RFC 5116): AES-GCM, AES-CCM (RFC 6655), ChaCha20-Poly1305 (RFC 8439).

use aes_gcm::aead::{Aead as _, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use ccm::Ccm;
use ccm::consts::{U8, U12, U16};
use chacha20poly1305::ChaCha20Poly1305;

use super::suite::AeadKind;

type Ccm128 = Ccm<aes::Aes128, U16, U12>;
type Ccm256 = Ccm<aes::Aes256, U16, U12>;
type Ccm128Short = Ccm<aes::Aes128, U8, U12>;
type Ccm256Short = Ccm<aes::Aes256, U8, U12>;

/// A cipher with its key.
pub(crate) struct Aead {
    kind: AeadKind,
    cipher: Keyed,
}

enum Keyed {
    Gcm128(Box<Aes128Gcm>),
    Gcm256(Box<Aes256Gcm>),
    Ccm128(Box<Ccm128>),
    Ccm256(Box<Ccm256>),
    Ccm128Short(Box<Ccm128Short>),
    Ccm256Short(Box<Ccm256Short>),
    ChaCha(Box<ChaCha20Poly1305>),
}

impl Aead {
    /// With a key; `None` when that has not the length it must have.
    pub(crate) fn new(kind: AeadKind, key: &[u8]) -> Option<Self> {
        let cipher = match kind {
            AeadKind::Aes128Gcm => Keyed::Gcm128(Box::new(KeyInit::new_from_slice(key).ok()?)),
            AeadKind::Aes256Gcm => Keyed::Gcm256(Box::new(KeyInit::new_from_slice(key).ok()?)),
            AeadKind::Aes128Ccm => Keyed::Ccm128(Box::new(KeyInit::new_from_slice(key).ok()?)),
            AeadKind::Aes256Ccm => Keyed::Ccm256(Box::new(KeyInit::new_from_slice(key).ok()?)),
            AeadKind::Aes128Ccm8 => Keyed::Ccm128Short(Box::new(KeyInit::new_from_slice(key).ok()?)),
            AeadKind::Aes256Ccm8 => Keyed::Ccm256Short(Box::new(KeyInit::new_from_slice(key).ok()?)),
            AeadKind::ChaCha20Poly1305 => Keyed::ChaCha(Box::new(KeyInit::new_from_slice(key).ok()?)),
        };
        Some(Self { kind, cipher })
    }

    /// Which algorithm.
    pub(crate) const fn kind(&self) -> AeadKind {
        self.kind
    }

    /// The text behind ciphertext and tag; `None` when the tag is wrong.
    pub(crate) fn open(&self, nonce: [u8; 12], associated: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, payload) = (nonce.into(), Payload { msg: sealed, aad: associated });
        match &self.cipher {
            Keyed::Gcm128(cipher) => cipher.decrypt(&nonce, payload),
            Keyed::Gcm256(cipher) => cipher.decrypt(&nonce, payload),
            Keyed::Ccm128(cipher) => cipher.decrypt(&nonce, payload),
            Keyed::Ccm256(cipher) => cipher.decrypt(&nonce, payload),
            Keyed::Ccm128Short(cipher) => cipher.decrypt(&nonce, payload),
            Keyed::Ccm256Short(cipher) => cipher.decrypt(&nonce, payload),
            Keyed::ChaCha(cipher) => cipher.decrypt(&nonce, payload),
        }
        .ok()
    }

    /// The other way round, for what tests send; nothing when the cipher refuses.
    #[cfg(any(fuzzing, test))]
    pub(crate) fn seal(&self, nonce: [u8; 12], associated: &[u8], text: &[u8]) -> Vec<u8> {
        let (nonce, payload) = (nonce.into(), Payload { msg: text, aad: associated });
        match &self.cipher {
            Keyed::Gcm128(cipher) => cipher.encrypt(&nonce, payload),
            Keyed::Gcm256(cipher) => cipher.encrypt(&nonce, payload),
            Keyed::Ccm128(cipher) => cipher.encrypt(&nonce, payload),
            Keyed::Ccm256(cipher) => cipher.encrypt(&nonce, payload),
            Keyed::Ccm128Short(cipher) => cipher.encrypt(&nonce, payload),
            Keyed::Ccm256Short(cipher) => cipher.encrypt(&nonce, payload),
            Keyed::ChaCha(cipher) => cipher.encrypt(&nonce, payload),
        }
        .unwrap_or_default()
    }
}

impl std::fmt::Debug for Aead {
    /// The key is not shown.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Aead").field(&self.kind).finish()
    }
}

/// The vector with a number at its end (RFC 8446 section 5.3, RFC 9001 section 5.3).
pub(crate) fn nonce(vector: [u8; 12], number: u64) -> [u8; 12] {
    let mut nonce = vector;
    for (place, byte) in nonce.iter_mut().rev().zip(number.to_le_bytes()) {
        *place ^= byte;
    }
    nonce
}
