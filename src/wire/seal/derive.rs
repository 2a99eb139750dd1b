//! Keys out of secrets: the pseudorandom functions of TLS 1.0 to 1.2 (RFC 2246 and RFC 5246, section 5) and
//! HKDF-Expand-Label of TLS 1.3 and QUIC (RFC 8446 section 7.1, RFC 9001 section 5.1).

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};

/// Hash of a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl Hash {
    /// Bytes of its output, and of the secrets of TLS 1.3.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }

    /// HKDF-Expand-Label with an empty context; `None` when the secret is too short for the hash.
    pub(crate) fn expand(self, secret: &[u8], label: &str, length: usize) -> Option<Vec<u8>> {
        let [high, low] = u16::try_from(length).ok()?.to_be_bytes();
        let info = [&[high, low, u8::try_from(label.len()).ok()?], label.as_bytes(), &[0]].concat();
        let mut bytes = vec![0; length];
        match self {
            Self::Sha256 => Hkdf::<Sha256>::from_prk(secret).ok()?.expand(&info, &mut bytes).ok()?,
            Self::Sha384 => Hkdf::<Sha384>::from_prk(secret).ok()?.expand(&info, &mut bytes).ok()?,
        }
        Some(bytes)
    }
}

/// Labels of a protocol's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Labels {
    /// Of the key.
    pub(crate) key: &'static str,
    /// Of the vector.
    pub(crate) vector: &'static str,
    /// Of the key that protects headers (QUIC).
    pub(crate) protection: &'static str,
    /// Of the next secret.
    pub(crate) update: &'static str,
}

impl Labels {
    /// TLS 1.3.
    pub(crate) const TLS: Self = Self { key: "tls13 key", vector: "tls13 iv", protection: "", update: "tls13 traffic upd" };
    /// TLS 1.3 before draft 20.
    pub(crate) const TLS_DRAFT: Self =
        Self { key: "TLS 1.3, key", vector: "TLS 1.3, iv", protection: "", update: "TLS 1.3, application traffic secret" };
    /// QUIC version 1 and the drafts before it.
    pub(crate) const QUIC: Self =
        Self { key: "tls13 quic key", vector: "tls13 quic iv", protection: "tls13 quic hp", update: "tls13 quic ku" };
    /// QUIC version 2 (RFC 9369 section 3.3.2).
    pub(crate) const QUIC_V2: Self =
        Self { key: "tls13 quicv2 key", vector: "tls13 quicv2 iv", protection: "tls13 quicv2 hp", update: "tls13 quicv2 ku" };
}

/// The secret after a key update (RFC 8446 section 7.2, RFC 9001 section 6.1).
pub(crate) fn next_secret(hash: Hash, labels: &Labels, secret: &[u8]) -> Option<Vec<u8>> {
    hash.expand(secret, labels.update, hash.bytes())
}

/// Master secret out of a premaster secret (RFC 5246 section 8.1); with a hash of the messages so far, the extended
/// one (RFC 7627 section 4).
pub(crate) fn master(version: u16, hash: Hash, premaster: &[u8], seed: MasterSeed<'_>) -> Vec<u8> {
    match seed {
        MasterSeed::Randoms(client, server) => prf(version, hash, premaster, (b"master secret", &[client, server]), 48),
        MasterSeed::Messages(messages) => {
            let session = session_hash(version, hash, messages);
            prf(version, hash, premaster, (b"extended master secret", &[&session]), 48)
        }
    }
}

/// What a master secret is made with beside the premaster secret.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MasterSeed<'a> {
    /// Randoms of both hellos.
    Randoms(&'a [u8; 32], &'a [u8; 32]),
    /// All handshake messages up to the client's key exchange.
    Messages(&'a [u8]),
}

fn session_hash(version: u16, hash: Hash, messages: &[u8]) -> Vec<u8> {
    match (version, hash) {
        (0x0303, Hash::Sha256) => Sha256::digest(messages).to_vec(),
        (0x0303, Hash::Sha384) => Sha384::digest(messages).to_vec(),
        _ => [&Md5::digest(messages)[..], &Sha1::digest(messages)].concat(),
    }
}

/// Keys of TLS 1.0 to 1.2 (RFC 5246 section 6.3).
pub(super) fn key_block(version: u16, hash: Hash, master: &[u8], randoms: (&[u8; 32], &[u8; 32]), length: usize) -> Vec<u8> {
    prf(version, hash, master, (b"key expansion", &[randoms.1, randoms.0]), length)
}

/// The pseudorandom function of a version.
fn prf(version: u16, hash: Hash, secret: &[u8], (label, seeds): (&[u8], &[&[u8]]), length: usize) -> Vec<u8> {
    let seed = [&[label], seeds].concat().concat();
    match (version, hash) {
        (0x0303, Hash::Sha256) => p_hash(&|data| hmac::<Hmac<Sha256>>(secret, data), &seed, length),
        (0x0303, Hash::Sha384) => p_hash(&|data| hmac::<Hmac<Sha384>>(secret, data), &seed, length),
        _ => {
            // Each hash gets half of the secret; of an odd length both get the byte in the middle.
            let half = secret.len().div_ceil(2);
            let first = secret.get(..half).unwrap_or_default();
            let second = secret.get(secret.len().saturating_sub(half)..).unwrap_or_default();
            let md5 = p_hash(&|data| hmac::<Hmac<Md5>>(first, data), &seed, length);
            let sha1 = p_hash(&|data| hmac::<Hmac<Sha1>>(second, data), &seed, length);
            md5.iter().zip(sha1).map(|(a, b)| a ^ b).collect()
        }
    }
}

fn p_hash(hmac: &dyn Fn(&[u8]) -> Vec<u8>, seed: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut chain = hmac(seed);
    while bytes.len() < length {
        let block = hmac(&[chain.as_slice(), seed].concat());
        if block.is_empty() {
            break;
        }
        bytes.extend(block);
        chain = hmac(&chain);
    }
    bytes.truncate(length);
    bytes
}

/// A keyed hash over one piece of data; empty only if the hash refused the key's length, which none does.
fn hmac<M: hmac::Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

/// Keyed hash of an authentication code, over several pieces.
pub(super) fn code(mac: super::suite::Mac, key: &[u8], pieces: [&[u8]; 2]) -> Vec<u8> {
    use super::suite::Mac;
    let data = pieces.concat();
    match mac {
        Mac::Md5 => hmac::<Hmac<Md5>>(key, &data),
        Mac::Sha1 => hmac::<Hmac<Sha1>>(key, &data),
        Mac::Sha256 => hmac::<Hmac<Sha256>>(key, &data),
        Mac::Sha384 => hmac::<Hmac<Sha384>>(key, &data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::hex;
    use crate::wire::quic::tests::bytes;

    /// RFC 8448 section 3: the server's handshake traffic secret and its keys.
    #[test]
    fn derives_the_keys_of_rfc_8448() {
        let secret = bytes("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
        assert_eq!(hex(&Hash::Sha256.expand(&secret, Labels::TLS.key, 16).unwrap()), "3fce516009c21727d0f2e4e86ee403bc");
        assert_eq!(hex(&Hash::Sha256.expand(&secret, Labels::TLS.vector, 12).unwrap()), "5d313eb2671276ee13000b30");
        assert_eq!(Hash::Sha384.expand(&secret, Labels::TLS.key, 16), None);
    }

    /// RFC 9001 appendix A.5: ChaCha20-Poly1305 short header packet.
    #[test]
    fn derives_the_keys_of_rfc_9001() {
        let secret = bytes("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b");
        let expand = |label, length| hex(&Hash::Sha256.expand(&secret, label, length).unwrap());
        assert_eq!(expand(Labels::QUIC.key, 32), "c6d98ff3441c3fe1b2182094f69caa2ed4b716b65488960a7a984979fb23e1c8");
        assert_eq!(expand(Labels::QUIC.vector, 12), "e0459b3474bdd0e44a41c144");
        assert_eq!(expand(Labels::QUIC.protection, 32), "25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4");
        assert_eq!(
            hex(&next_secret(Hash::Sha256, &Labels::QUIC, &secret).unwrap()),
            "1223504755036d556342ee9361d253421a826c9ecdf3c7148684b36b714881f9"
        );
    }

    /// Test vectors for the pseudorandom functions that the IETF's TLS list published for SHA-256 and SHA-384.
    #[test]
    fn runs_the_pseudorandom_functions() {
        let secret = bytes("9bbe436ba940f017b17652849a71db35");
        let seed = bytes("a0ba9f936cda311827a6f796ffd5198c");
        let made = prf(0x0303, Hash::Sha256, &secret, (b"test label", &[&seed]), 100);
        assert_eq!(hex(&made[..16]), "e3f229ba727be17b8d122620557cd453");
        let secret = bytes("b80b733d6ceefcdc71566ea48e5567df");
        let seed = bytes("cd665cf6a8447dd6ff8b27555edb7465");
        let made = prf(0x0303, Hash::Sha384, &secret, (b"test label", &[&seed]), 148);
        assert_eq!(hex(&made[..16]), "7b0c18e9ced410ed1804f2cfa34a336a");
    }
}
