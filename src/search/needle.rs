//! What is looked for: each spelling of an identifier in each form it may be sent in, and what may not stand beside it.
//!
//! | form | of | rule |
//! |---|---|---|
//! | clear, URL-encoded, UTF-16 LE and BE, JSON escapes | each spelling, in upper or lower case | what is beside it must not go on: see [`Border`] |
//! | hex | each spelling of six bytes or more | |
//! | base64 (also with `-_`, or URL-encoded) | each spelling of eight bytes or more, at each of the three alignments | case counts |
//! | MD5, SHA-1, SHA-256 | the usual normal forms; as hex, base64 and bytes | |
//! | bytes, BCD | addresses, UUIDs, IMEI, IMSI | |
//!
//! A value is refused that ordinary traffic is full of: fewer than four characters, fewer than three different ones, digits
//! in a row, and words of a list. A number below eight characters and a word below twelve count only where they
//! are a whole value.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::list::What;
use super::spelling;
use crate::wire::hex;

/// Characters that a value needs.
const SHORTEST: usize = 4;
/// Characters below which a number counts only as a whole value, and a word, as languages have longer ones.
const WEAK: usize = 8;
const WEAK_WORD: usize = 12;
/// Bytes that a spelling needs to be looked for in hex and in base64.
const SHORTEST_HEX: usize = 6;
const SHORTEST_BASE64: usize = 8;
/// Longest spelling: a token may be longer, and its beginning is as good as all of it.
const LONGEST: usize = 128;

/// Values that are in much of everybody's traffic.
const COMMON: &[&str] = &[
    "abcd",
    "access",
    "account",
    "admin",
    "administrator",
    "android",
    "anonymous",
    "apple",
    "camera",
    "changeme",
    "client",
    "data",
    "default",
    "device",
    "dji",
    "dlink",
    "drone",
    "email",
    "example",
    "false",
    "galaxy",
    "google",
    "guest",
    "hello",
    "home",
    "host",
    "hotspot",
    "huawei",
    "info",
    "internet",
    "iphone",
    "letmein",
    "linksys",
    "live",
    "local",
    "localhost",
    "login",
    "mail",
    "mavic",
    "mobile",
    "name",
    "netgear",
    "network",
    "none",
    "null",
    "office",
    "pass",
    "passwd",
    "password",
    "phantom",
    "phone",
    "photo",
    "pilot",
    "private",
    "public",
    "qwerty",
    "root",
    "router",
    "samsung",
    "secret",
    "serial",
    "server",
    "spark",
    "support",
    "system",
    "test",
    "token",
    "tplink",
    "true",
    "undefined",
    "unknown",
    "user",
    "username",
    "video",
    "welcome",
    "wifi",
    "wireless",
    "wlan",
    "xiaomi",
];

/// What is looked for in one form.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Needle {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// What the form is called.
    pub(super) form: &'static str,
    pub(super) border: Border,
    pub(super) case: Case,
    /// Bytes that one character takes.
    pub(super) width: Width,
}

/// Whether upper and lower case are the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Folded,
    Exact,
}

/// How characters are laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    One,
    Little,
    Big,
}

/// What may stand beside a needle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Border {
    /// Anything: it is long and of no natural language.
    Free,
    /// No digit.
    Digits,
    /// No letter or digit.
    Word,
    /// Nothing that may be part of an e-mail address.
    Address,
    /// What values stand between: quotes, `=`, `&`, `:`, ends of lines and data.
    Value,
}

/// Why a value is not looked for; `None` when it is.
pub(super) fn refusal(value: &str) -> Option<String> {
    let count = value.chars().count();
    if count < SHORTEST {
        return Some(format!("it has {count} characters, fewer than {SHORTEST}: it would be found everywhere"));
    }
    let mut letters: Vec<char> = value.to_lowercase().chars().collect();
    let is_row = letters.windows(2).all(|pair| matches!(pair, [a, b] if u32::from(*b) == u32::from(*a).wrapping_add(1)))
        || letters.iter().collect::<String>() == "1234567890";
    letters.sort_unstable();
    letters.dedup();
    if letters.len() < 3 || is_row {
        return Some("it is the same characters again and again, or characters in a row, as in much that is no identifier".to_owned());
    }
    COMMON.contains(&value.to_lowercase().as_str()).then(|| "it is a word that is in everybody's traffic".to_owned())
}

/// All forms of a value that was not refused.
pub(super) fn needles(what: What, value: &str) -> Vec<Needle> {
    let mut needles = Vec::new();
    for way in spelling::spellings(what, value) {
        let way: String = way.chars().take(LONGEST).collect();
        // A phone number without its country code may be too short where the number is not.
        if refusal(&way).is_none() {
            spelled(what, &way, &mut needles);
        }
    }
    for (form, bytes) in spelling::binary(what, value) {
        needles.push(Needle { bytes, form, border: Border::Free, case: Case::Exact, width: Width::One });
    }
    for way in spelling::hashed(what, value) {
        hashes(&way, &mut needles);
    }
    let mut kept: Vec<Needle> = Vec::new();
    for needle in needles {
        let is_known = |known: &Needle| match (known.case, needle.case) {
            (Case::Folded, Case::Folded) => known.bytes.eq_ignore_ascii_case(&needle.bytes),
            _ => known.case == needle.case && known.bytes == needle.bytes,
        };
        if !kept.iter().any(is_known) {
            kept.push(needle);
        }
    }
    kept
}

/// A spelling's forms.
fn spelled(what: What, way: &str, needles: &mut Vec<Needle>) {
    let border = border(what, way);
    let mut push = |form, bytes, border, case, width| needles.push(Needle { bytes, form, border, case, width });
    push("clear", way.as_bytes().to_vec(), border, Case::Folded, Width::One);
    for encoded in [percent(way, Reserved::Usual), percent(way, Reserved::All), percent(way, Reserved::Usual).replace("%20", "+")] {
        push("URL-encoded", encoded.into_bytes(), border, Case::Folded, Width::One);
    }
    push("JSON escapes", json(way).into_bytes(), border, Case::Folded, Width::One);
    if border == Border::Value {
        return;
    }
    let utf16 = |order: fn(u16) -> [u8; 2]| way.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    push("UTF-16 LE", utf16(u16::to_le_bytes), border, Case::Folded, Width::Little);
    push("UTF-16 BE", utf16(u16::to_be_bytes), border, Case::Folded, Width::Big);
    for case in cases(way) {
        if case.len() >= SHORTEST_HEX {
            push("hex", hex(case.as_bytes()).into_bytes(), Border::Free, Case::Folded, Width::One);
        }
        if case.len() >= SHORTEST_BASE64 {
            for aligned in (0..3).flat_map(|before| base64(case.as_bytes(), before)) {
                push("base64", aligned, Border::Free, Case::Exact, Width::One);
            }
        }
    }
}

fn cases(way: &str) -> Vec<String> {
    let mut cases = vec![way.to_owned(), way.to_lowercase(), way.to_uppercase()];
    cases.dedup();
    cases
}

fn border(what: What, way: &str) -> Border {
    let count = way.chars().count();
    let is_number = way.chars().all(|letter| letter.is_ascii_digit());
    let is_word = way.chars().all(char::is_alphabetic);
    match what {
        _ if is_number && count < WEAK || is_word && count < WEAK_WORD => Border::Value,
        What::Email => Border::Address,
        _ if is_number => Border::Digits,
        _ if is_word || count < 12 => Border::Word,
        What::Serial | What::Mac | What::Bssid | What::AdvertisingId | What::AndroidId | What::Token => Border::Free,
        _ => Border::Word,
    }
}

/// The characters of base64 that depend on these bytes alone, with so many unknown bytes before them.
fn base64(bytes: &[u8], before: usize) -> Vec<Vec<u8>> {
    let padded = [vec![0; before], bytes.to_vec()].concat();
    let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
    let cut = |text: String| text.as_bytes().get(from..to).unwrap_or_default().to_vec();
    variants(cut(STANDARD.encode(&padded)), cut(URL_SAFE.encode(&padded)))
}

/// Text in base64, its other alphabet where that differs, and in a URL.
fn variants(standard: Vec<u8>, url_safe: Vec<u8>) -> Vec<Vec<u8>> {
    let quoted = String::from_utf8_lossy(&standard).replace('+', "%2B").replace('/', "%2F").into_bytes();
    let mut all = vec![standard, url_safe, quoted];
    all.dedup();
    all
}

fn hashes(way: &str, needles: &mut Vec<Needle>) {
    let bytes = way.as_bytes();
    let hashes = [
        (["MD5, hex", "MD5, base64", "MD5, bytes"], Md5::digest(bytes).to_vec()),
        (["SHA-1, hex", "SHA-1, base64", "SHA-1, bytes"], Sha1::digest(bytes).to_vec()),
        (["SHA-256, hex", "SHA-256, base64", "SHA-256, bytes"], Sha256::digest(bytes).to_vec()),
    ];
    for ([digits, coded, raw], hash) in hashes {
        let mut push = |form, bytes, case| needles.push(Needle { bytes, form, border: Border::Free, case, width: Width::One });
        push(digits, hex(&hash).into_bytes(), Case::Folded);
        for text in base64(&hash, 0) {
            push(coded, text, Case::Exact);
        }
        push(raw, hash, Case::Exact);
    }
}

/// Which characters are percent-encoded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reserved {
    /// All but those that RFC 3986 section 2.3 leaves alone.
    Usual,
    All,
}

fn percent(text: &str, reserved: Reserved) -> String {
    let keep = |byte: u8| reserved == Reserved::Usual && (byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// As JSON encoders write it that keep to ASCII.
fn json(text: &str) -> String {
    let unit = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte == b'"' || byte == b'\\' => format!("\\{}", char::from(byte)),
        Ok(b'/') => r"\/".to_owned(),
        Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    text.encode_utf16().map(unit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(what: What, value: &str, form: &str, bytes: &[u8]) -> bool {
        needles(what, value).iter().any(|needle| needle.form == form && needle.bytes == bytes)
    }

    #[test]
    fn forms_of_an_address() {
        let mail = "pilot.lab@example.net";
        assert!(has(What::Email, mail, "clear", mail.as_bytes()));
        assert!(has(What::Email, mail, "URL-encoded", b"pilot.lab%40example.net"));
        assert!(has(What::Email, mail, "hex", b"70696c6f742e6c6162406578616d706c652e6e6574"));
        assert!(has(What::Email, mail, "UTF-16 LE", &mail.bytes().flat_map(|byte| [byte, 0]).collect::<Vec<_>>()));
        // md5sum, sha1sum and sha256sum of the same.
        assert!(has(What::Email, mail, "MD5, hex", hex(&Md5::digest(mail.as_bytes())).as_bytes()));
        assert!(has(What::Name, "Jörg Müller", "JSON escapes", br"J\u00f6rg M\u00fcller"));
        assert!(has(What::Name, "Jörg Müller", "URL-encoded", b"J%C3%B6rg+M%C3%BCller"));
    }

    #[test]
    fn base64_at_every_alignment() {
        for before in 0..3 {
            let text = STANDARD.encode([&vec![b'x'; before][..], b"pilot.lab@example.net", b"yz"].concat());
            assert!(
                base64(b"pilot.lab@example.net", before).iter().any(|core| text.contains(std::str::from_utf8(core).unwrap())),
                "{before}"
            );
        }
    }

    #[test]
    fn what_is_everywhere_is_refused() {
        for value in ["abc", "aaaaaaaa", "12345678", "1234567890", "Password", "home", "00000000"] {
            assert!(refusal(value).is_some(), "{value}");
        }
        for value in ["Jane", "lab7", "Spark-Lab-01", "+12025550143", "Secret-Lab-1"] {
            assert!(refusal(value).is_none(), "{value}");
        }
    }

    #[test]
    fn borders() {
        assert_eq!(border(What::Name, "Jane"), Border::Value);
        assert_eq!(border(What::Imei, "356938035643809"), Border::Digits);
        assert_eq!(border(What::Ssid, "Lab-01"), Border::Word);
        assert_eq!(border(What::Serial, "08QLABT0010F7E"), Border::Free);
    }
}
