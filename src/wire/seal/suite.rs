//! Cipher suites by their IANA names, which say what they are made of:
//! `TLS_<key exchange>_WITH_<cipher>_<hash>`, and `TLS_<cipher>_<hash>` in TLS 1.3.
//!
//! RC4 (forbidden since RFC 7465), DES, RC2, IDEA, SEED, ARIA and Camellia are left out: no client of today offers them.

use super::derive::Hash;
use crate::wire::handshake::cipher_name;

/// How the premaster secret came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exchange {
    /// The client chose it and encrypted it for the server's key.
    Rsa,
    /// Another way, in which no key of the server's opens anything.
    Other,
}

/// An AEAD algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AeadKind {
    /// AES-128 in Galois counter mode.
    Aes128Gcm,
    /// AES-256 in Galois counter mode.
    Aes256Gcm,
    /// AES-128 in CCM.
    Aes128Ccm,
    /// AES-256 in CCM.
    Aes256Ccm,
    /// AES-128 in CCM with a tag of 8 bytes.
    Aes128Ccm8,
    /// AES-256 in CCM with a tag of 8 bytes.
    Aes256Ccm8,
    /// ChaCha20 and Poly1305.
    ChaCha20Poly1305,
}

impl AeadKind {
    /// Bytes of its key.
    pub(crate) const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Ccm | Self::Aes128Ccm8 => 16,
            Self::Aes256Gcm | Self::Aes256Ccm | Self::Aes256Ccm8 | Self::ChaCha20Poly1305 => 32,
        }
    }

    /// Bytes of its tag.
    pub(crate) const fn tag_bytes(self) -> usize {
        match self {
            Self::Aes128Ccm8 | Self::Aes256Ccm8 => 8,
            _ => 16,
        }
    }
}

/// A block cipher in chaining mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// AES-128.
    Aes128,
    /// AES-256.
    Aes256,
    /// Triple DES.
    TripleDes,
}

/// What keeps the content secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cipher {
    /// Secret and authentic in one.
    Aead(AeadKind),
    /// A block cipher in chaining mode with an authentication code.
    Cbc(Block, Mac),
    /// Nothing; an authentication code only.
    Null(Mac),
}

/// Hash of an authentication code (HMAC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mac {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl Mac {
    /// Bytes of the code and of its key.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

/// What a cipher suite is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suite {
    /// Cipher.
    pub(crate) cipher: Cipher,
    /// Hash of the key derivation in TLS 1.2 and 1.3.
    pub(crate) hash: Hash,
    /// Way to the premaster secret.
    pub(crate) exchange: Exchange,
}

impl Suite {
    /// A suite by its number; `None` when it is not known, or no cipher of it is built in.
    pub(crate) fn of(number: u16) -> Option<Self> {
        let name = cipher_name(number);
        let (exchange, rest) = name.split_once("_WITH_").unwrap_or(("", name.strip_prefix("TLS_")?));
        let hash = if rest.ends_with("_SHA384") { Hash::Sha384 } else { Hash::Sha256 };
        let exchange = if exchange == "TLS_RSA" { Exchange::Rsa } else { Exchange::Other };
        Some(Self { cipher: cipher(rest)?, hash, exchange })
    }

    /// The AEAD of a suite of TLS 1.3.
    pub(crate) const fn aead(self) -> Option<AeadKind> {
        match self.cipher {
            Cipher::Aead(kind) => Some(kind),
            _ => None,
        }
    }
}

/// The cipher by its part of the name, hash included.
fn cipher(name: &str) -> Option<Cipher> {
    const AEADS: &[(&str, AeadKind)] = &[
        ("AES_128_GCM", AeadKind::Aes128Gcm),
        ("AES_256_GCM", AeadKind::Aes256Gcm),
        ("AES_128_CCM_8", AeadKind::Aes128Ccm8),
        ("AES_256_CCM_8", AeadKind::Aes256Ccm8),
        ("AES_128_CCM", AeadKind::Aes128Ccm),
        ("AES_256_CCM", AeadKind::Aes256Ccm),
        ("CHACHA20_POLY1305", AeadKind::ChaCha20Poly1305),
    ];
    let bare = name.strip_suffix("_SHA256").or_else(|| name.strip_suffix("_SHA384")).unwrap_or(name);
    if let Some((_, kind)) = AEADS.iter().find(|(part, _)| *part == bare) {
        return Some(Cipher::Aead(*kind));
    }
    let (cipher, mac) = name.rsplit_once('_')?;
    let mac = match mac {
        "MD5" => Mac::Md5,
        "SHA" => Mac::Sha1,
        "SHA256" => Mac::Sha256,
        "SHA384" => Mac::Sha384,
        _ => return None,
    };
    Some(match cipher {
        "AES_128_CBC" => Cipher::Cbc(Block::Aes128, mac),
        "AES_256_CBC" => Cipher::Cbc(Block::Aes256, mac),
        "3DES_EDE_CBC" => Cipher::Cbc(Block::TripleDes, mac),
        "NULL" => Cipher::Null(mac),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_suites_are_made_of() {
        let suite = |number, cipher, hash, exchange| assert_eq!(Suite::of(number), Some(Suite { cipher, hash, exchange }), "{number:#06x}");
        suite(0x1301, Cipher::Aead(AeadKind::Aes128Gcm), Hash::Sha256, Exchange::Other);
        suite(0x1302, Cipher::Aead(AeadKind::Aes256Gcm), Hash::Sha384, Exchange::Other);
        suite(0x1303, Cipher::Aead(AeadKind::ChaCha20Poly1305), Hash::Sha256, Exchange::Other);
        suite(0x1304, Cipher::Aead(AeadKind::Aes128Ccm), Hash::Sha256, Exchange::Other);
        suite(0x1305, Cipher::Aead(AeadKind::Aes128Ccm8), Hash::Sha256, Exchange::Other);
        suite(0xc030, Cipher::Aead(AeadKind::Aes256Gcm), Hash::Sha384, Exchange::Other);
        suite(0x009c, Cipher::Aead(AeadKind::Aes128Gcm), Hash::Sha256, Exchange::Rsa);
        suite(0xc0a1, Cipher::Aead(AeadKind::Aes256Ccm8), Hash::Sha256, Exchange::Rsa);
        suite(0xcca8, Cipher::Aead(AeadKind::ChaCha20Poly1305), Hash::Sha256, Exchange::Other);
        suite(0x002f, Cipher::Cbc(Block::Aes128, Mac::Sha1), Hash::Sha256, Exchange::Rsa);
        suite(0xc028, Cipher::Cbc(Block::Aes256, Mac::Sha384), Hash::Sha384, Exchange::Other);
        suite(0x000a, Cipher::Cbc(Block::TripleDes, Mac::Sha1), Hash::Sha256, Exchange::Rsa);
        suite(0x003b, Cipher::Null(Mac::Sha256), Hash::Sha256, Exchange::Rsa);
        for none in [0x0000, 0x1a1a, 0x00ff, 0x0041, 0x0004] {
            assert_eq!(Suite::of(none), None, "{none:#06x}");
        }
    }
}
