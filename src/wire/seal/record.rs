//! One direction's keys for TLS records: RFC 8446 section 5.2, RFC 5246 section 6.2.3.

use super::aead::{Aead, nonce};
use super::derive::{Hash, Labels, key_block, next_secret};
use super::legacy::{Legacy, Order};
use super::suite::{AeadKind, Cipher, Suite};
use crate::wire::Reader;

/// First draft of TLS 1.3 with the labels of the standard, and the first whose records' heads are authentic.
const DRAFT_LABELS: u16 = 0x7f14;
const DRAFT_ASSOCIATED: u16 = 0x7f19;
/// Content of every protected record in TLS 1.3.
const APPLICATION_DATA: u8 = 23;

/// A protected record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed<'a> {
    /// Content type of its head.
    pub(crate) content: u8,
    /// Version of its head.
    pub(crate) version: u16,
    /// Body.
    pub(crate) body: &'a [u8],
}

/// Opens one direction's records, in order.
pub(crate) struct Opener {
    protection: Protection,
    number: u64,
}

enum Protection {
    /// TLS 1.3: content type and padding are sealed too.
    Inner { aead: Aead, vector: [u8; 12], secret: Vec<u8>, hash: Hash, dialect: Dialect },
    /// AEAD in TLS 1.2; part of the nonce may stand before the ciphertext.
    Outer { aead: Aead, vector: [u8; 12], has_explicit: bool },
    /// An authentication code of its own.
    Legacy(Box<Legacy>),
}

/// What the drafts of TLS 1.3 did otherwise.
#[derive(Clone, Copy)]
struct Dialect {
    labels: &'static Labels,
    has_associated: bool,
}

impl Dialect {
    const fn of(version: u16) -> Self {
        let is_draft = version >> 8 == 0x7f;
        let labels = if is_draft && version < DRAFT_LABELS { &Labels::TLS_DRAFT } else { &Labels::TLS };
        Self { labels, has_associated: !is_draft || version >= DRAFT_ASSOCIATED }
    }
}

impl Opener {
    /// For a traffic secret of TLS 1.3 or one of its drafts; `None` when it does not fit the suite.
    pub(crate) fn inner(version: u16, suite: Suite, secret: &[u8]) -> Option<Self> {
        Self::with(Dialect::of(version), (suite.aead()?, suite.hash), secret)
    }

    fn with(dialect: Dialect, (kind, hash): (AeadKind, Hash), secret: &[u8]) -> Option<Self> {
        let secret = Some(secret).filter(|secret| secret.len() == hash.bytes())?;
        let aead = Aead::new(kind, &hash.expand(secret, dialect.labels.key, kind.key_bytes())?)?;
        let vector = hash.expand(secret, dialect.labels.vector, 12)?.try_into().ok()?;
        let protection = Protection::Inner { aead, vector, secret: secret.to_vec(), hash, dialect };
        Some(Self { protection, number: 0 })
    }

    /// With the keys that follow an update; only TLS 1.3 has any.
    pub(crate) fn updated(&self) -> Option<Self> {
        let Protection::Inner { aead, secret, hash, dialect, .. } = &self.protection else { return None };
        Self::with(*dialect, (aead.kind(), *hash), &next_secret(*hash, dialect.labels, secret)?)
    }

    /// Bytes of a record's body that are not content, at least.
    pub(crate) fn overhead(&self) -> usize {
        match &self.protection {
            Protection::Inner { aead, .. } => aead.kind().tag_bytes().saturating_add(1),
            Protection::Outer { aead, has_explicit, .. } => aead.kind().tag_bytes().saturating_add(if *has_explicit { 8 } else { 0 }),
            Protection::Legacy(legacy) => legacy.overhead(),
        }
    }

    /// Number of the next record.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// Opens a record that comes up to `most` records after the next one, but at least `least`: its content type and
    /// content. What opens is authentic, and moves the number.
    pub(crate) fn open(&mut self, sealed: &Sealed<'_>, least: u64, most: u64) -> Option<(u8, Vec<u8>)> {
        let numbers = self.number.saturating_add(least)..=self.number.saturating_add(most);
        let (number, opened) = match &self.protection {
            Protection::Inner { .. } if sealed.content != APPLICATION_DATA => return None,
            Protection::Legacy(legacy) => legacy.open(sealed, numbers).map(|(number, content)| (number, (sealed.content, content)))?,
            _ => numbers.into_iter().find_map(|number| Some((number, self.open_as(sealed, number)?)))?,
        };
        self.number = number.saturating_add(1);
        self.pass(sealed);
        Some(opened)
    }

    /// Opens a record that says its own number, as those of DTLS do: its content. Nothing moves.
    pub(crate) fn open_at(&self, sealed: &Sealed<'_>, number: u64) -> Option<Vec<u8>> {
        match &self.protection {
            Protection::Legacy(legacy) => legacy.open(sealed, std::iter::once(number)).map(|(_, content)| content),
            _ => self.open_as(sealed, number).map(|(_, content)| content),
        }
    }

    fn open_as(&self, sealed: &Sealed<'_>, number: u64) -> Option<(u8, Vec<u8>)> {
        let length = u16::try_from(sealed.body.len()).ok()?;
        match &self.protection {
            Protection::Inner { aead, vector, dialect, .. } => {
                let [major, minor] = sealed.version.to_be_bytes();
                let [high, low] = length.to_be_bytes();
                let head = [sealed.content, major, minor, high, low];
                let associated = if dialect.has_associated { &head[..] } else { &[] };
                let text = aead.open(nonce(*vector, number), associated, sealed.body)?;
                let end = text.iter().rposition(|byte| *byte != 0)?;
                Some((*text.get(end)?, text.get(..end)?.to_vec()))
            }
            Protection::Outer { aead, vector, has_explicit } => {
                let mut reader = Reader::new(sealed.body);
                let nonce = if *has_explicit { explicit(*vector, reader.array().ok()?) } else { nonce(*vector, number) };
                let content = u16::try_from(reader.left().checked_sub(aead.kind().tag_bytes())?).ok()?;
                let associated =
                    [&number.to_be_bytes()[..], &[sealed.content], &sealed.version.to_be_bytes(), &content.to_be_bytes()].concat();
                Some((sealed.content, aead.open(nonce, &associated, reader.rest())?))
            }
            Protection::Legacy(_) => None,
        }
    }

    /// The other way round, for what tests send in TLS 1.3: a whole record.
    #[cfg(any(fuzzing, test))]
    pub(crate) fn seal(&mut self, content: u8, text: &[u8]) -> Vec<u8> {
        let Protection::Inner { aead, vector, .. } = &self.protection else { return Vec::new() };
        let length = text.len().saturating_add(1).saturating_add(aead.kind().tag_bytes());
        let [high, low] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        let head = [APPLICATION_DATA, 3, 3, high, low];
        let sealed = aead.seal(nonce(*vector, self.number), &head, &[text, &[content]].concat());
        self.number = self.number.saturating_add(1);
        [&head[..], &sealed].concat()
    }

    /// A record went by that was not opened: the vector of the next one may be its end.
    pub(crate) fn pass(&mut self, sealed: &Sealed<'_>) {
        if let Protection::Legacy(legacy) = &mut self.protection {
            legacy.pass(sealed);
        }
    }
}

/// Four bytes of the key block, eight of the record (RFC 5288 section 3).
fn explicit(vector: [u8; 12], sent: [u8; 8]) -> [u8; 12] {
    let mut nonce = vector;
    for (place, byte) in nonce.iter_mut().skip(4).zip(sent) {
        *place = byte;
    }
    nonce
}

/// What a connection before TLS 1.3 agreed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Agreement<'a> {
    /// Version.
    pub(crate) version: u16,
    /// Suite.
    pub(crate) suite: Suite,
    /// Random of the client.
    pub(crate) client: &'a [u8; 32],
    /// Random of the server.
    pub(crate) server: &'a [u8; 32],
    /// When codes are made.
    pub(crate) order: Order,
}

/// The client's and the server's keys of TLS 1.0 to 1.2; `None` for other versions.
pub(crate) fn openers12(agreement: &Agreement<'_>, master: &[u8]) -> Option<[Opener; 2]> {
    let Agreement { version, suite, client, server, order } = *agreement;
    if !(0x0301..=0x0303).contains(&version) {
        return None;
    }
    let [mac_bytes, key_bytes, vector_bytes] = match suite.cipher {
        Cipher::Aead(AeadKind::ChaCha20Poly1305) => [0, 32, 12],
        Cipher::Aead(kind) => [0, kind.key_bytes(), 4],
        Cipher::Cbc(block, mac) => [mac.bytes(), block.key_bytes(), if version == 0x0301 { block.bytes() } else { 0 }],
        Cipher::Null(mac) => [mac.bytes(), 0, 0],
    };
    let length = [mac_bytes, key_bytes, vector_bytes].iter().fold(0_usize, |sum, part| sum.saturating_add(*part)).saturating_mul(2);
    let block = key_block(version, suite.hash, master, (client, server), length);
    let mut block = Reader::new(&block);
    let [client_mac, server_mac] = [block.take(mac_bytes).ok()?, block.take(mac_bytes).ok()?];
    let [client_key, server_key] = [block.take(key_bytes).ok()?, block.take(key_bytes).ok()?];
    let [client_vector, server_vector] = [block.take(vector_bytes).ok()?, block.take(vector_bytes).ok()?];
    let opener = |mac_key: &[u8], key: &[u8], vector: &[u8]| {
        let legacy = |mac, block| {
            let (mac_key, chain) = (mac_key.to_vec(), vector.to_vec());
            Protection::Legacy(Box::new(Legacy { version, mac, mac_key, block, order, chain }))
        };
        let protection = match suite.cipher {
            Cipher::Aead(kind) => {
                let has_explicit = vector.len() == 4;
                let mut whole = [0; 12];
                whole.iter_mut().zip(vector).for_each(|(place, byte)| *place = *byte);
                Protection::Outer { aead: Aead::new(kind, key)?, vector: whole, has_explicit }
            }
            Cipher::Cbc(block, mac) => legacy(mac, Some((block, key.to_vec()))),
            Cipher::Null(mac) => legacy(mac, None),
        };
        Some(Opener { protection, number: 0 })
    };
    Some([opener(client_mac, client_key, client_vector)?, opener(server_mac, server_key, server_vector)?])
}
