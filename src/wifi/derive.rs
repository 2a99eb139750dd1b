//! Keys out of keys: a passphrase's master key, a handshake's transient key, fast transition's tree (IEEE
//! 802.11-2020, 12.7.1).

use hmac::{Hmac, KeyInit};
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use crate::wire::Mac;

/// A hash that keys are derived and codes are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    /// MD5, in the oldest integrity code.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// HMAC (RFC 2104) over the parts one after another.
    pub(super) fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Md5 => hmac::<Hmac<Md5>>(key, parts),
            Self::Sha1 => hmac::<Hmac<Sha1>>(key, parts),
            Self::Sha256 => hmac::<Hmac<Sha256>>(key, parts),
            Self::Sha384 => hmac::<Hmac<Sha384>>(key, parts),
            Self::Sha512 => hmac::<Hmac<Sha512>>(key, parts),
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

fn hmac<M: hmac::Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut hmac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| hmac.update(part));
    hmac.finalize().into_bytes().to_vec()
}

/// The master key of a passphrase in a network of that name (J.4).
pub(super) fn master_key(passphrase: &[u8], ssid: &[u8]) -> [u8; 32] {
    const ROUNDS: u32 = 4_096;
    let mut key = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha1>(passphrase, ssid, ROUNDS, &mut key);
    key
}

/// `length` bytes derived from a key: with SHA-1 as the first standards did it (12.7.1.2), else as the later ones do
/// (12.7.1.6.2).
pub(super) fn derive(hash: Hash, key: &[u8], label: &str, context: &[&[u8]], length: usize) -> Vec<u8> {
    let mut derived = Vec::with_capacity(length.next_multiple_of(hash.bytes()));
    let bits = u16::try_from(length.saturating_mul(8)).unwrap_or(u16::MAX).to_le_bytes();
    for counter in 0_u8..=u8::MAX {
        if derived.len() >= length {
            break;
        }
        let (low, numbered) = (counter.to_le_bytes(), u16::from(counter).saturating_add(1).to_le_bytes());
        let parts: Vec<&[u8]> = if hash == Hash::Sha1 {
            [label.as_bytes(), &[0]].into_iter().chain(context.iter().copied()).chain([&low[..]]).collect()
        } else {
            [&numbered[..], label.as_bytes()].into_iter().chain(context.iter().copied()).chain([&bits[..]]).collect()
        };
        derived.extend(hash.hmac(key, &parts));
    }
    derived.truncate(length);
    derived
}

/// Two ends of a handshake and their nonces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parties {
    /// The access point.
    pub(super) bssid: Mac,
    /// The station.
    pub(super) station: Mac,
    /// Nonce of the access point.
    pub(super) anonce: [u8; 32],
    /// Nonce of the station.
    pub(super) snonce: [u8; 32],
}

/// The transient key of a handshake (12.7.1.3).
pub(super) fn transient_key(hash: Hash, master: &[u8], parties: &Parties, length: usize) -> Vec<u8> {
    let Parties { bssid, station, anonce, snonce } = parties;
    let addresses = [bssid.0.min(station.0), bssid.0.max(station.0)];
    let nonces = [anonce.min(snonce), anonce.max(snonce)];
    derive(hash, master, "Pairwise key expansion", &[addresses.as_flattened(), nonces[0], nonces[1]], length)
}

/// Names in the tree of fast transition's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tree {
    /// Name of the network.
    pub(super) ssid: Vec<u8>,
    /// Mobility domain.
    pub(super) domain: [u8; 2],
    /// Holder of the first level's key.
    pub(super) first_holder: Vec<u8>,
    /// Holder of the second level's key.
    pub(super) second_holder: [u8; 6],
}

/// The transient key of fast transition (12.7.1.6.3 to 12.7.1.6.5).
pub(super) fn transition_key(hash: Hash, master: &[u8], tree: &Tree, parties: &Parties, length: usize) -> Vec<u8> {
    let key_bytes = hash.bytes();
    let one = |length: usize| [u8::try_from(length).unwrap_or_default()];
    let (ssid_length, holder_length) = (one(tree.ssid.len()), one(tree.first_holder.len()));
    let station = parties.station.0;
    let context: [&[u8]; 6] = [&ssid_length, &tree.ssid, &tree.domain, &holder_length, &tree.first_holder, &station];
    const SALT_BYTES: usize = 16;
    let mut first = derive(hash, master, "FT-R0", &context, key_bytes.saturating_add(SALT_BYTES));
    first.truncate(key_bytes);
    let second = derive(hash, &first, "FT-R1", &[&tree.second_holder, &station], key_bytes);
    derive(hash, &second, "FT-PTK", &[&parties.snonce, &parties.anonce, &parties.bssid.0, &station], length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::hex;

    /// IEEE 802.11-2020, J.4.2.
    #[test]
    fn the_standards_passphrases() {
        assert_eq!(hex(&master_key(b"password", b"IEEE")), "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e");
        assert_eq!(
            hex(&master_key(b"ThisIsAPassword", b"ThisIsASSID")),
            "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af"
        );
    }

    /// IEEE 802.11-2020, J.3.2: the first test vector of the pseudo-random function.
    #[test]
    fn the_standards_expansion() {
        let derived = derive(Hash::Sha1, &[0x0b; 20], "prefix", &[b"Hi There"], 64);
        assert_eq!(
            hex(&derived),
            "bcd4c650b30b9684951829e0d75f9d54b862175ed9f00606e17d8da35402ffee75df78c3d31e0f889f012120c0862beb67753e7439ae242edb8373698356cf5a"
        );
    }
}
