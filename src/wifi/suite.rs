//! Which algorithms a way of key management uses (IEEE 802.11-2020, table 12-10 and 12.7.1.7).

use aes::Aes128;
use aes_kw::cipher::KeyInit as _;
use cmac::{Cmac, Mac as _};

use super::cipher;
use super::derive::{self, Hash, Parties, Tree};
use crate::wire::eapol::{CODE_OFFSET, KeyFrame};
use crate::wire::rsn::Suite;

/// How the integrity code of a handshake is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Code {
    /// HMAC, cut to the code's length.
    Hmac(Hash),
    /// AES-128-CMAC.
    Cmac,
}

/// How key data is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrap {
    /// RC4, whose stream's beginning is not used.
    Rc4,
    /// AES key wrap (RFC 3394).
    Aes,
}

/// The algorithms of one handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Algorithms {
    expansion: Hash,
    code: Code,
    wrap: Wrap,
    confirmation_bytes: usize,
    encryption_bytes: usize,
    /// Derives its keys along the tree of fast transition.
    pub(super) is_transition: bool,
}

/// What a way of key management needs to know before anything opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// A passphrase or the key made of it.
    Passphrase,
    /// The master key that SAE agreed on.
    SaeMaster,
    /// The master key that OWE agreed on.
    OweMaster,
    /// The master key that a server gave.
    ServerMaster,
    /// Something that is not derived here.
    Unsupported,
}

impl Needs {
    /// What this way of key management needs.
    pub(super) fn of(key_management: Suite) -> Self {
        match key_management.number() {
            Some(2 | 4 | 6 | 19 | 20) => Self::Passphrase,
            Some(8 | 9 | 24 | 25) => Self::SaeMaster,
            Some(18) => Self::OweMaster,
            Some(1 | 3 | 5 | 11 | 12 | 13 | 22 | 23) => Self::ServerMaster,
            _ => Self::Unsupported,
        }
    }
}

impl Algorithms {
    /// The algorithms of a way of key management; some take them from the version of the handshake's messages, some
    /// from the length of the master key.
    pub(super) fn of(key_management: Suite, version: u16, master_bytes: usize) -> Option<Self> {
        let is_transition = matches!(key_management.number()?, 3 | 4 | 9 | 13 | 19 | 22 | 25);
        let small = |expansion, code, wrap| Self { expansion, code, wrap, confirmation_bytes: 16, encryption_bytes: 16, is_transition };
        let large = |hash, confirmation_bytes| {
            let code = Code::Hmac(hash);
            Self { expansion: hash, code, wrap: Wrap::Aes, confirmation_bytes, encryption_bytes: 32, is_transition }
        };
        Some(match (key_management.number()?, version) {
            (1 | 2, 1) => small(Hash::Sha1, Code::Hmac(Hash::Md5), Wrap::Rc4),
            (1 | 2, _) => small(Hash::Sha1, Code::Hmac(Hash::Sha1), Wrap::Aes),
            (3..=6 | 8 | 9, _) => small(Hash::Sha256, Code::Cmac, Wrap::Aes),
            (11, _) => small(Hash::Sha256, Code::Hmac(Hash::Sha256), Wrap::Aes),
            (12 | 13 | 19 | 20 | 22 | 23, _) => large(Hash::Sha384, 24),
            (18 | 24 | 25, _) => match master_bytes {
                32 => small(Hash::Sha256, Code::Hmac(Hash::Sha256), Wrap::Aes),
                48 => large(Hash::Sha384, 24),
                64 => large(Hash::Sha512, 32),
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// The keys of one handshake.
#[derive(Clone)]
pub(super) struct Transient {
    algorithms: Algorithms,
    confirmation: Vec<u8>,
    encryption: Vec<u8>,
    /// The temporal key, which opens frames.
    pub(super) temporal: Vec<u8>,
}

impl Transient {
    /// Derives the keys from a master key; with fast transition along its tree.
    pub(super) fn derive(algorithms: Algorithms, master: &[u8], parties: &Parties, tree: Option<&Tree>, cipher: Suite) -> Option<Self> {
        let temporal_bytes = cipher::key_bytes(cipher)?;
        let Algorithms { expansion, confirmation_bytes, encryption_bytes, .. } = algorithms;
        let length = confirmation_bytes.saturating_add(encryption_bytes).saturating_add(temporal_bytes);
        let mut keys = match tree {
            Some(tree) => derive::transition_key(expansion, master, tree, parties, length),
            None => derive::transient_key(expansion, master, parties, length),
        };
        let temporal = keys.split_off(confirmation_bytes.saturating_add(encryption_bytes));
        let encryption = keys.split_off(confirmation_bytes);
        Some(Self { algorithms, confirmation: keys, encryption, temporal })
    }

    /// Whether a message's integrity code is right.
    pub(super) fn confirms(&self, message: &Message) -> bool {
        self.confirms_bytes(&[&message.bytes], &message.code)
    }

    /// Whether a code is that of the parts.
    pub(super) fn confirms_bytes(&self, parts: &[&[u8]], code: &[u8]) -> bool {
        let made = match self.algorithms.code {
            Code::Hmac(hash) => hash.hmac(&self.confirmation, parts),
            Code::Cmac => cmac(&self.confirmation, parts),
        };
        !code.is_empty() && made.get(..code.len()) == Some(code)
    }

    /// Decrypts key data of a message.
    pub(super) fn decrypt(&self, vector: &[u8; 16], data: &[u8]) -> Option<Vec<u8>> {
        match self.algorithms.wrap {
            Wrap::Rc4 => Some(cipher::rc4_key_data(vector, &self.encryption, data)),
            Wrap::Aes => self.unwrap(data),
        }
    }

    /// Takes a key out of its AES wrap.
    pub(super) fn unwrap(&self, wrapped: &[u8]) -> Option<Vec<u8>> {
        const CHECK_BYTES: usize = 8;
        let mut key = vec![0; wrapped.len().checked_sub(CHECK_BYTES)?];
        match self.encryption.len() {
            16 => aes_kw::KwAes128::new_from_slice(&self.encryption).ok()?.unwrap_key(wrapped, &mut key).ok()?,
            32 => aes_kw::KwAes256::new_from_slice(&self.encryption).ok()?.unwrap_key(wrapped, &mut key).ok()?,
            _ => return None,
        };
        Some(key)
    }
}

fn cmac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut cmac) = <Cmac<Aes128> as cmac::KeyInit>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| cmac.update(part));
    cmac.finalize().into_bytes().to_vec()
}

/// A message as its integrity code covers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The frame with zeros in the code's place.
    bytes: Vec<u8>,
    /// The code.
    code: Vec<u8>,
}

impl Message {
    /// Takes the code out of a frame.
    pub(super) fn of(frame: &KeyFrame<'_>) -> Self {
        let mut bytes = frame.bytes.to_vec();
        for byte in bytes.iter_mut().skip(CODE_OFFSET).take(frame.code.len()) {
            *byte = 0;
        }
        Self { bytes, code: frame.code.to_vec() }
    }
}
