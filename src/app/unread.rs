//! Bytes that nobody could read: whether they look encrypted, compressed, like text, or like fields of something.
//!
//! A file begins with bytes that tell its kind; of everything else only the first kilobytes of each direction are
//! counted, byte by byte. With `p` the estimated chance that two bytes of the payload are the same, and `n` bytes,
//!
//! ```text
//! r = 256 p                            1 for ciphertext, 1.001 to 1.5 for compression and media, 2 to 60 for fields and text
//! z = (r - 1) (n - 1) / sqrt(510)      how many standard deviations that is from 1 (the chi-square test with 255 degrees)
//! ```
//!
//! decides. No count of bytes tells ciphertext from the best compression, so that only a protocol makes a flow
//! `encrypted`. Digits of base64 and hexadecimal, in runs that no word is as long as, are taken for what they stand for:
//! ciphertext does not become text by being written in letters. `docs/unread.md` shows how often this is wrong.

mod sample;

use super::{Facts, Side};
use crate::record::{ClassBasis, Encryption, EncryptionClass};
use crate::wire::media;

use sample::{Histogram, Sample};

/// Applications that encrypt in a way of their own.
const SEALED: &[&str] = &["ssh", "ike", "wireguard", "openvpn", "dji-link"];
/// Bytes below which nothing is said.
const FEWEST: u64 = 64;
/// Bytes below which nothing but text is told from anything.
const FEWEST_RANDOM: u64 = 256;
/// Standard deviations within which bytes count as random.
const RANDOM: f64 = 5.0;
/// Ratio above which bytes are no longer nearly random.
const FIELDS: f64 = 2.0;
/// Bytes in front of a datagram that are likely to be a head in clear, and bytes of one that is likely to have it.
const DATAGRAM_HEAD: usize = 16;
const DATAGRAM_LONG: usize = 64;

/// Looks at what a flow carries as long as nobody reads it.
#[derive(Default)]
pub(crate) struct Unread {
    device: Option<Box<Sample>>,
    remote: Option<Box<Sample>>,
}

type Judged = (EncryptionClass, ClassBasis);
const NOTHING: Judged = (EncryptionClass::Undetermined, ClassBasis::None);

impl Unread {
    /// More of what a side sends would be looked at.
    pub(crate) fn is_hungry(&self, side: Side) -> bool {
        let sample = if side == Side::Device { &self.device } else { &self.remote };
        sample.as_ref().is_none_or(|sample| sample.is_hungry())
    }

    /// The next bytes of a stream.
    pub(crate) fn bytes(&mut self, side: Side, bytes: &[u8]) {
        let sample = if side == Side::Device { &mut self.device } else { &mut self.remote };
        sample.get_or_insert_default().take(bytes);
    }

    /// A datagram; what stands in front of it in clear would hide what is behind.
    pub(crate) fn datagram(&mut self, side: Side, bytes: &[u8]) {
        let head = if bytes.len() >= DATAGRAM_LONG { DATAGRAM_HEAD } else { 0 };
        self.bytes(side, bytes.get(head..).unwrap_or_default());
    }

    fn judged(&self) -> Judged {
        let [device, remote] = [&self.device, &self.remote].map(|sample| sample.as_ref().map_or(NOTHING, |sample| judge(sample)));
        match (device, remote) {
            (one, other) if one.0 == other.0 => (one.0, one.1.min(other.1)),
            (one, (EncryptionClass::Undetermined, _)) | ((EncryptionClass::Undetermined, _), one) => one,
            // Fewer bytes of the same.
            (one @ (EncryptionClass::Compressed, _), (EncryptionClass::EncryptedOrCompressed, _))
            | ((EncryptionClass::EncryptedOrCompressed, _), one @ (EncryptionClass::Compressed, _)) => one,
            (one, other) => (EncryptionClass::Mixed, one.1.max(other.1)),
        }
    }
}

/// The class of a flow that has ended: by its protocol, else by what was looked at. Nothing of one without payload.
pub(crate) fn class(facts: Option<&Facts>, encryption: Encryption, unread: Option<&Unread>) -> Judged {
    let application = facts.and_then(|facts| facts.application).unwrap_or_default();
    let of = |class| (class, ClassBasis::Protocol);
    match encryption {
        Encryption::Tls | Encryption::Quic | Encryption::Dtls => of(EncryptionClass::Encrypted),
        Encryption::None => of(EncryptionClass::Clear),
        Encryption::Unknown if SEALED.contains(&application) => of(EncryptionClass::Encrypted),
        Encryption::Unknown => unread.map_or(NOTHING, Unread::judged),
    }
}

fn judge(sample: &Sample) -> Judged {
    if let Some(class) = by_structure(sample.head()) {
        return (class, ClassBasis::Structure);
    }
    if let Some((histogram, head)) = sample.encoded() {
        let class = by_structure(head).unwrap_or_else(|| by_statistics(histogram));
        // What decodes to nothing that can be told is still no text.
        return (class, if class == EncryptionClass::Undetermined { ClassBasis::None } else { ClassBasis::Encoding });
    }
    match by_statistics(sample.histogram()) {
        EncryptionClass::Undetermined => NOTHING,
        class => (class, ClassBasis::Statistics),
    }
}

/// Kinds of files that begin with something that chance does not make.
fn by_structure(head: &[u8]) -> Option<EncryptionClass> {
    let kind = media::media_type(head, None)?;
    match kind {
        "application/gzip" | "application/zstd" | "application/zip" | "application/x-xz" | "application/x-bzip2" => {
            Some(EncryptionClass::Compressed)
        }
        "application/x-7z-compressed" | media::APP | media::FLIGHT_ARCHIVE => Some(EncryptionClass::Compressed),
        // Weak marks, which random bytes may have.
        "audio/aac" | "video/mp2t" => None,
        kind if ["image/", "audio/", "video/"].iter().any(|family| kind.starts_with(family)) => Some(EncryptionClass::Media),
        _ => None,
    }
}

fn by_statistics(histogram: &Histogram) -> EncryptionClass {
    let length = histogram.length();
    if length < FEWEST {
        return EncryptionClass::Undetermined;
    }
    if histogram.is_text() {
        return EncryptionClass::Text;
    }
    let ratio = histogram.ratio();
    let deviation = (ratio - 1.0) * histogram.scale();
    match () {
        () if length < FEWEST_RANDOM => EncryptionClass::Undetermined,
        () if deviation > RANDOM && ratio > FIELDS => EncryptionClass::Binary,
        () if deviation > RANDOM => EncryptionClass::Compressed,
        () => EncryptionClass::EncryptedOrCompressed,
    }
}

#[cfg(test)]
mod tests;
