//! Keys that the user gives: how they are written, and what they are for. They are never shown: what a table or a
//! message tells of a key is its place in the list and its kind.
//!
//! | written | key |
//! |---|---|
//! | `SSID:passphrase` | passphrase of a network; `%3A` in the name stands for a colon, `:passphrase` fits every network |
//! | `psk:HEX` | pre-shared key, 64 digits |
//! | `pmk:HEX` | master key of a handshake: 64, 96 or 128 digits |
//! | `tk:HEX` | temporal key of frames; `cipher=`, `bssid=`, `station=` and `group=` after it tell where it fits |
//! | `wep:HEX` | WEP key: 10, 26, 32 or 58 digits |
//!
//! In a file, one key stands on a line; `#` begins a comment line. Lines of Wireshark's `80211_keys` file
//! (`"wpa-pwd","passphrase:SSID"`) are read too.

use std::fmt;

use super::session::Learned;
use crate::error::{Error, Kind};
use crate::limits;
use crate::wire::Mac;
use crate::wire::rsn::{Suite, cipher_name, cipher_named};

/// The keys of the user, in the order in which they were given.
#[derive(Clone, Default)]
pub struct Keys {
    pub(super) list: Vec<Key>,
}

/// One key.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) secret: Secret,
}

/// Which key it is, without telling it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct KeyId {
    /// Its place in the list, from 1.
    pub(super) number: usize,
    /// Its kind.
    pub(super) kind: &'static str,
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.kind)
    }
}

/// What a key is.
#[derive(Clone)]
pub(super) enum Secret {
    /// A passphrase, and the network it is for, where it was told.
    Passphrase { ssid: Option<Vec<u8>>, passphrase: Vec<u8> },
    /// A master key, and the network it is for, where it was told.
    Master { ssid: Option<Vec<u8>>, key: Vec<u8> },
    /// A temporal key.
    Temporal(Temporal),
    /// A WEP key.
    Wep(Vec<u8>),
}

/// A temporal key and where it fits.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Temporal {
    pub(super) key: Vec<u8>,
    /// The cipher, where it is known.
    pub(super) cipher: Option<Suite>,
    /// The network, where it is known.
    pub(super) bssid: Option<Mac>,
    /// The station, where it is known.
    pub(super) station: Option<Mac>,
    /// Number of the key, where it is one for a group.
    pub(super) group: Option<u8>,
}

/// Kinds of keys that are written as digits.
const KINDS: [&str; 4] = ["psk", "pmk", "tk", "wep"];

impl Keys {
    /// No keys at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds a key as it is written on the command line.
    ///
    /// # Errors
    /// When it is not written as a key is. The error does not show it.
    pub fn add(&mut self, written: &str) -> Result<(), Error> {
        let number = self.list.len().saturating_add(1);
        let wrong = |reason: String| Error::from(Kind::Usage(format!("Wi-Fi key {number} cannot be used: {reason}")));
        let secret = Secret::read(written).map_err(wrong)?;
        self.push(secret).map_err(wrong)
    }

    /// Adds the keys of a file, one a line.
    ///
    /// # Errors
    /// When a line is not a key. The error tells its number and does not show it.
    pub fn add_file(&mut self, name: &str, text: &str) -> Result<(), Error> {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_end_matches('\r');
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            let number = index.saturating_add(1);
            let wrong = |reason| Error::from(Kind::Usage(format!("{name}, line {number}: no Wi-Fi key: {reason}")));
            let secrets = if line.trim_start().starts_with('"') { wireshark(line) } else { Secret::read(line).map(|secret| vec![secret]) };
            for secret in secrets.map_err(wrong)? {
                self.push(secret).map_err(wrong)?;
            }
        }
        Ok(())
    }

    /// These keys and those that their handshakes made known, for a capture that goes on where another ends; how many
    /// there was no room for.
    pub(crate) fn and_learned(&self, learned: &[Learned]) -> (Self, usize) {
        let mut keys = self.clone();
        let room = limits::WIFI_KEYS.saturating_sub(keys.list.len());
        let new = learned.iter().map(|learned| Key { id: learned.by, secret: Secret::Temporal(learned.temporal.clone()) });
        keys.list.extend(new.take(room));
        (keys, learned.len().saturating_sub(room))
    }

    fn push(&mut self, secret: Secret) -> Result<(), String> {
        if self.list.len() >= limits::WIFI_KEYS {
            return Err(format!("there are more than {}", limits::WIFI_KEYS));
        }
        let id = KeyId { number: self.list.len().saturating_add(1), kind: secret.kind() };
        self.list.push(Key { id, secret });
        Ok(())
    }
}

impl fmt::Debug for Keys {
    /// How many, and nothing more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.list.len())
    }
}

impl Secret {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Passphrase { .. } => "passphrase",
            Self::Master { key, .. } if key.len() == 32 => "psk",
            Self::Master { .. } => "pmk",
            Self::Temporal(_) => "tk",
            Self::Wep(_) => "wep",
        }
    }

    fn read(written: &str) -> Result<Self, String> {
        let (before, after) = written.split_once(':').ok_or("expected SSID:passphrase, psk:, pmk:, tk: or wep:, and found no colon")?;
        let kind = before.to_ascii_lowercase();
        if KINDS.contains(&kind.as_str()) {
            return Self::digits(&kind, after);
        }
        let ssid = percent_decoded(before);
        Self::passphrase((!ssid.is_empty()).then_some(ssid), after.as_bytes().to_vec())
    }

    fn digits(kind: &str, after: &str) -> Result<Self, String> {
        let mut words = after.split_whitespace();
        let key = from_hex(words.next().unwrap_or_default()).ok_or("it is not an even number of hexadecimal digits")?;
        let bytes = key.len();
        let expected = |lengths: &str| Err(format!("a {kind} key has {lengths} digits, not {}", bytes.saturating_mul(2)));
        let secret = match kind {
            "psk" if bytes != 32 => return expected("64"),
            "pmk" if !matches!(bytes, 32 | 48 | 64) => return expected("64, 96 or 128"),
            "tk" if !matches!(bytes, 16 | 32) => return expected("32 or 64"),
            "wep" if !matches!(bytes, 5 | 13 | 16 | 29) => return expected("10, 26, 32 or 58"),
            "psk" | "pmk" => Self::Master { ssid: None, key },
            "tk" => return Temporal::read(key, words).map(Self::Temporal),
            _ => Self::Wep(key),
        };
        if words.next().is_some() { Err("something follows the digits".to_owned()) } else { Ok(secret) }
    }

    /// A passphrase of 8 to 63 bytes; 64 digits in its place are the key made of one.
    fn passphrase(ssid: Option<Vec<u8>>, passphrase: Vec<u8>) -> Result<Self, String> {
        if ssid.as_ref().is_some_and(|ssid| ssid.len() > 32) {
            return Err("the name of a network has 32 bytes at most".to_owned());
        }
        if let Some(key) = std::str::from_utf8(&passphrase).ok().filter(|text| text.len() == 64).and_then(from_hex) {
            return Ok(Self::Master { ssid, key });
        }
        match passphrase.len() {
            8..=63 => Ok(Self::Passphrase { ssid, passphrase }),
            bytes => Err(format!("a passphrase has 8 to 63 characters, not {bytes}")),
        }
    }
}

impl Temporal {
    fn read<'a>(key: Vec<u8>, words: impl Iterator<Item = &'a str>) -> Result<Self, String> {
        let mut temporal = Self { key, cipher: None, bssid: None, station: None, group: None };
        for word in words {
            let (name, value) = word.split_once('=').ok_or("expected name=value after the digits")?;
            let mac =
                || from_hex(&value.replace(':', "")).and_then(|bytes| bytes.try_into().ok()).map(Mac).ok_or("an address has 12 digits");
            match name {
                "cipher" => temporal.cipher = Some(cipher_named(value).ok_or("the cipher is not known")?),
                "bssid" => temporal.bssid = Some(mac()?),
                "station" => temporal.station = Some(mac()?),
                "group" => temporal.group = Some(value.parse().map_err(|_| "the number of a group key is 0 to 3")?),
                _ => return Err("what follows the digits is cipher=, bssid=, station= or group=".to_owned()),
            }
        }
        Ok(temporal)
    }
}

impl fmt::Display for Temporal {
    /// As a line of a key file. It shows the key: only for where the user asked for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tk:{}", crate::wire::hex(&self.key))?;
        self.cipher.iter().try_for_each(|cipher| write!(f, " cipher={}", cipher_name(*cipher)))?;
        self.bssid.iter().try_for_each(|bssid| write!(f, " bssid={bssid}"))?;
        self.station.iter().try_for_each(|station| write!(f, " station={station}"))?;
        self.group.iter().try_for_each(|group| write!(f, " group={group}"))
    }
}

/// A line of Wireshark's file: two values in quotes, the kind and the key.
fn wireshark(line: &str) -> Result<Vec<Secret>, String> {
    let mut values = line.split('"').skip(1).step_by(2).map(unquoted);
    let (kind, key) = (values.next().unwrap_or_default(), values.next().unwrap_or_default());
    let digits =
        |text: &[u8]| std::str::from_utf8(text).ok().and_then(|text| from_hex(&text.replace(':', ""))).ok_or("the key is not in digits");
    let digits_of = |kind: &str| Secret::digits(kind, &crate::wire::hex(&digits(&key)?)).map(|secret| vec![secret]);
    match kind.as_slice() {
        b"wep" => digits_of("wep"),
        b"wpa-psk" => digits_of("pmk"),
        b"tk" => digits_of("tk"),
        // Of a session key the first half is the master key, the second fast transition's.
        b"msk" => {
            let key = digits(&key)?;
            Ok(key.chunks(32).filter(|half| half.len() == 32).map(|half| Secret::Master { ssid: None, key: half.to_vec() }).collect())
        }
        b"wpa-pwd" => {
            let text = String::from_utf8_lossy(&key);
            let (passphrase, ssid) = text.split_once(':').map_or((&*text, None), |(passphrase, ssid)| (passphrase, Some(ssid)));
            let ssid = ssid.map(percent_decoded).filter(|ssid| !ssid.is_empty());
            Secret::passphrase(ssid, percent_decoded(passphrase)).map(|secret| vec![secret])
        }
        _ => Err("expected \"wpa-pwd\", \"wpa-psk\", \"wep\", \"tk\" or \"msk\"".to_owned()),
    }
}

/// A value of that file: `\xNN` stands for a byte.
fn unquoted(value: &str) -> Vec<u8> {
    escaped(value, "\\x")
}

fn percent_decoded(text: &str) -> Vec<u8> {
    escaped(text, "%")
}

/// The text's bytes, `mark` and two digits taken for the byte they name.
fn escaped(text: &str, mark: &str) -> Vec<u8> {
    let mut parts = text.split(mark);
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(from_hex) {
            Some(byte) => {
                bytes.extend(byte);
                bytes.extend(part.as_bytes().iter().skip(2));
            }
            None => bytes.extend([mark.as_bytes(), part.as_bytes()].concat()),
        }
    }
    bytes
}

/// Bytes of hexadecimal digits.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str) -> Result<Secret, String> {
        Secret::read(written)
    }

    #[test]
    fn a_passphrase_names_its_network() {
        let Ok(Secret::Passphrase { ssid, passphrase }) = read("My%3ANet:pass:word 1") else { panic!("no passphrase") };
        assert_eq!((ssid.as_deref(), passphrase.as_slice()), (Some(&b"My:Net"[..]), &b"pass:word 1"[..]));
        assert!(matches!(read(":any passphrase"), Ok(Secret::Passphrase { ssid: None, .. })));
        assert!(matches!(read(&format!("Net:{}", "0f".repeat(32))), Ok(Secret::Master { ssid: Some(_), .. })));
        assert_eq!(read("Net:short").err().unwrap(), "a passphrase has 8 to 63 characters, not 5");
    }

    #[test]
    fn digits_have_the_length_of_their_kind() {
        assert!(matches!(read(&format!("psk:{}", "ab".repeat(32))), Ok(Secret::Master { ssid: None, .. })));
        assert!(read("psk:abcd").is_err() && read("psk:zz").is_err() && read("tk:").is_err());
        assert!(matches!(read("WEP:1234567890"), Ok(Secret::Wep(key)) if key == [0x12, 0x34, 0x56, 0x78, 0x90]));
        let line = "tk:000102030405060708090a0b0c0d0e0f cipher=CCMP-128 bssid=02:00:00:00:00:01 station=02:00:00:00:00:02";
        let Ok(Secret::Temporal(temporal)) = read(line) else { panic!("no temporal key") };
        assert_eq!((temporal.to_string(), temporal.group), (line.to_owned(), None));
        assert!(read("tk:000102030405060708090a0b0c0d0e0f secret").is_err());
    }

    #[test]
    fn both_forms_of_a_file_are_read() {
        let mut keys = Keys::default();
        let file =
            "# keys\n\nNet:password\n\"wpa-pwd\",\"Induction:Coherer\"\n\"wpa-pwd\",\"a%3ab%25cdefg\"\r\n\"wep\",\"12:34:56:78:90\"\n";
        keys.add_file("k", file).unwrap();
        let ids: Vec<String> = keys.list.iter().map(|key| key.id.to_string()).collect();
        assert_eq!(ids, ["1:passphrase", "2:passphrase", "3:passphrase", "4:wep"]);
        let Secret::Passphrase { ssid, passphrase } = &keys.list[2].secret else { panic!("no passphrase") };
        assert_eq!((ssid, passphrase.as_slice()), (&None, &b"a:b%cdefg"[..]));
    }

    #[test]
    fn a_wrong_key_is_not_shown() {
        let mut keys = Keys::default();
        let told = keys.add_file("k", "\n\"wpa-psk\",\"secret\"").unwrap_err().to_string();
        assert_eq!(told, "k, line 2: no Wi-Fi key: the key is not in digits");
        let told = keys.add("tk:5ec4e7").unwrap_err().to_string();
        assert_eq!(told, "Wi-Fi key 1 cannot be used: a tk key has 32 or 64 digits, not 6");
        assert_eq!(format!("{keys:?}"), "0 keys");
    }
}
