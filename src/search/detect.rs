//! Identifiers that nobody listed: each is found by a word beside it or by a mark of its own, and then checked.
//!
//! | found | cue | check |
//! |---|---|---|
//! | IMEI, IMSI | the word before it | 15 digits of their own; the check digit of an IMEI (Luhn, 3GPP TS 23.003 annex B) |
//! | telephone number | `phone`, `mobile`, `msisdn`, `tel` before it | `+`, a country calling code, 8 to 15 digits (ITU-T E.164) |
//! | e-mail address | `@` | a local part and a domain as RFC 5321 has them, and no file name |
//! | position | `lat` and `lon`, `lng` beside numbers | three decimals or more, on earth, not 0, 0 |
//! | position in other forms | see `coordinates.rs` | |
//! | signed links to storage | keys of their queries | all keys that such a link needs, see `wire/signed_link.rs` |
//! | credentials, tokens | `Authorization: Basic`, `Bearer` | base64 with a colon in it; 16 characters or more |
//! | JSON Web Token | `eyJ` | its header is JSON and names an algorithm (RFC 7519) |
//! | keys of clouds and services | `AKIA`, `ASIA`, `AIza`, `LTAI`, `ghp_`, `sk_live_`, `xoxb-` | length and letters |
//! | private key | `-----BEGIN` | `PRIVATE KEY` (RFC 7468) |

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::coordinates::{ANGLES_BYTES, PACKED_BYTES, SENTENCE_BYTES, angles, packed, sentence};
use super::links::{LINK_BYTES, signed};
use super::mask;
use super::spelling::{calling_code, digits};
use super::view::View;

/// What was found, plain and as it is shown when secrets are not.
pub(super) struct Detected {
    pub(super) kind: &'static str,
    pub(super) form: &'static str,
    pub(super) start: u64,
    pub(super) value: String,
    pub(super) masked: String,
    /// Of a position: degrees north and east.
    pub(super) place: Option<(f64, f64)>,
}

impl Detected {
    /// A place on earth that is not 0, 0, which programs send that know none.
    pub(super) fn position(form: &'static str, start: u64, (lat, lon): (f64, f64)) -> Option<Self> {
        let (value, masked) = (format!("{lat:.6}, {lon:.6}"), format!("{lat:.0}…, {lon:.0}…"));
        let is_place = lat.abs() > 0.01 || lon.abs() > 0.01;
        is_place.then_some(Self { kind: "position", form, start, value, masked, place: Some((lat, lon)) })
    }
}

/// A word to look for, in upper or lower case.
pub(super) struct Detector {
    pub(super) cue: &'static [u8],
    /// Bytes behind the cue that decide.
    pub(super) ahead: u64,
    /// Looks at what is around a cue, from its start to its end.
    pub(super) look: fn(&View<'_>, u64, u64) -> Option<Detected>,
}

/// Bytes of a token that are looked at.
const TOKEN_BYTES: usize = 480;
/// Bytes of an address before its `@`, and behind it (RFC 5321 section 4.5.3.1, and what is used).
const LOCAL_BYTES: usize = 64;
const DOMAIN_BYTES: usize = 80;
/// Bytes between the names of two coordinates.
const KEY_REACH: usize = 72;

const fn detector(cue: &'static [u8], ahead: u64, look: fn(&View<'_>, u64, u64) -> Option<Detected>) -> Detector {
    Detector { cue, ahead, look }
}

/// All but the one for addresses, whose cue is a single character.
pub(super) static DETECTORS: &[Detector] = &[
    detector(b"authorization: basic ", 480, basic),
    detector(b"authorization: bearer ", 480, bearer),
    detector(b"eyJ", 480, web_token),
    detector(b"AKIA", 24, |view, start, end| key(view, start, end, &AWS)),
    detector(b"ASIA", 24, |view, start, end| key(view, start, end, &AWS)),
    detector(b"AIza", 40, |view, start, end| key(view, start, end, &GOOGLE)),
    detector(b"LTAI", 32, |view, start, end| key(view, start, end, &ALIBABA)),
    detector(b"ghp_", 40, |view, start, end| key(view, start, end, &GITHUB)),
    detector(b"sk_live_", 72, |view, start, end| key(view, start, end, &STRIPE)),
    detector(b"xoxb-", 72, |view, start, end| key(view, start, end, &SLACK)),
    detector(b"-----BEGIN ", 40, private_key),
    detector(b"imei", 40, |view, _, end| numbered(view, end, "imei")),
    detector(b"imsi", 40, |view, _, end| numbered(view, end, "imsi")),
    detector(b"phone", 48, telephone),
    detector(b"mobile", 48, telephone),
    detector(b"msisdn", 48, telephone),
    detector(b"tel:", 48, telephone),
    detector(b"latitude", 120, coordinates),
    detector(b"lat\"", 120, coordinates),
    detector(b"lat=", 120, coordinates),
    detector(b"lat:", 120, coordinates),
    detector(b"lat%", 120, coordinates),
    detector("°".as_bytes(), ANGLES_BYTES, angles),
    detector(b"\\u00b0", ANGLES_BYTES, angles),
    detector(b"%C2%B0", ANGLES_BYTES, angles),
    detector(b" deg ", ANGLES_BYTES, angles),
    detector(b"GGA,", SENTENCE_BYTES, sentence),
    detector(b"RMC,", SENTENCE_BYTES, sentence),
    detector(b"eyJ", PACKED_BYTES, packed),
    detector(b"eyAi", PACKED_BYTES, packed),
    detector(b"ewog", PACKED_BYTES, packed),
    detector(b"W3si", PACKED_BYTES, packed),
    detector(b"X-Amz-Algorithm=", LINK_BYTES, signed),
    detector(b"X-Goog-Algorithm=", LINK_BYTES, signed),
    detector(b"x-oss-signature-version=", LINK_BYTES, signed),
    detector(b"OSSAccessKeyId=", LINK_BYTES, signed),
    detector(b"AWSAccessKeyId=", LINK_BYTES, signed),
    detector(b"GoogleAccessId=", LINK_BYTES, signed),
    detector(b"q-sign-algorithm=", LINK_BYTES, signed),
    detector(b"sv=20", LINK_BYTES, signed),
];

/// The one for addresses.
pub(super) static ADDRESS: Detector = detector(b"@", DOMAIN_BYTES as u64 + 1, address);

pub(super) fn run(bytes: &[u8], may: impl Fn(u8) -> bool) -> &[u8] {
    let length = bytes.iter().position(|byte| !may(*byte)).unwrap_or(bytes.len());
    bytes.get(..length).unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn basic(view: &View<'_>, start: u64, end: u64) -> Option<Detected> {
    let coded = run(view.from(end, TOKEN_BYTES), |byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
    let plain = STANDARD.decode(coded).ok()?;
    let plain = String::from_utf8(plain).ok().filter(|plain| !plain.contains(char::is_control))?;
    let (user, password) = plain.split_once(':')?;
    let masked = format!("user {}, password {}", mask::masked(user), mask::hidden(password));
    Some(Detected { place: None, kind: "credentials", form: "HTTP Basic", start, masked, value: plain })
}

fn token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

fn bearer(view: &View<'_>, start: u64, end: u64) -> Option<Detected> {
    let value = text(run(view.from(end, TOKEN_BYTES), token));
    (value.len() >= 16).then(|| Detected { place: None, kind: "token", form: "HTTP Bearer", start, masked: mask::hidden(&value), value })
}

fn web_token(view: &View<'_>, start: u64, _: u64) -> Option<Detected> {
    let whole = view.from(start, TOKEN_BYTES);
    let is_inside = view.before(start).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_inside || !whole.starts_with(b"eyJ") {
        return None;
    }
    let value = run(whole, |byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let mut parts = value.split(|byte| *byte == b'.');
    let (head, claims) = (parts.next()?, parts.next()?);
    let head: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
    let algorithm: String = head.get("alg")?.as_str()?.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    let value = text(value);
    let masked = format!("signed with {algorithm}, {}", mask::hidden(&value));
    (claims.len() >= 8).then_some(Detected { place: None, kind: "token", form: "JSON Web Token", start, value, masked })
}

/// A key with a mark of its own.
struct Mark {
    form: &'static str,
    mark: &'static [&'static [u8]],
    /// Characters behind it.
    least: usize,
    most: usize,
    may: fn(u8) -> bool,
}

const AWS: Mark = Mark {
    form: "AWS access key id",
    mark: &[b"AKIA", b"ASIA"],
    least: 16,
    most: 16,
    may: |byte| byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'),
};
const GOOGLE: Mark = Mark { form: "Google API key", mark: &[b"AIza"], least: 35, most: 35, may: word };
const ALIBABA: Mark =
    Mark { form: "Alibaba Cloud access key id", mark: &[b"LTAI"], least: 12, most: 24, may: |byte| byte.is_ascii_alphanumeric() };
const GITHUB: Mark = Mark { form: "GitHub token", mark: &[b"ghp_"], least: 36, most: 36, may: |byte| byte.is_ascii_alphanumeric() };
const STRIPE: Mark = Mark { form: "Stripe secret key", mark: &[b"sk_live_"], least: 16, most: 64, may: word };
const SLACK: Mark = Mark { form: "Slack token", mark: &[b"xoxb-"], least: 20, most: 64, may: word };

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn key(view: &View<'_>, start: u64, end: u64, mark: &Mark) -> Option<Detected> {
    let cue = view.slice(start, end)?;
    let rest = run(view.from(end, mark.most.saturating_add(1)), mark.may);
    let is_inside = view.before(start).is_some_and(word) || view.get(end.saturating_add(rest.len() as u64)).is_some_and(word);
    let is_key = mark.mark.contains(&cue) && (mark.least..=mark.most).contains(&rest.len()) && !is_inside;
    // Keys are drawn at random: a word, or a row of the same characters, is none.
    let kinds = [rest.iter().any(u8::is_ascii_digit), rest.iter().any(u8::is_ascii_uppercase)];
    let value = text(&[cue, rest].concat());
    (is_key && kinds == [true, true]).then(|| Detected {
        place: None,
        kind: "cloud-key",
        form: mark.form,
        start,
        masked: mask::masked(&value),
        value,
    })
}

fn private_key(view: &View<'_>, start: u64, end: u64) -> Option<Detected> {
    let line = run(view.from(end, 40), |byte| byte.is_ascii_uppercase() || byte == b' ' || byte.is_ascii_digit());
    let line = text(line);
    let is_key = line.ends_with("PRIVATE KEY");
    is_key.then(|| Detected {
        place: None,
        kind: "private-key",
        form: "PEM",
        start,
        masked: format!("a {line}"),
        value: format!("a {line}"),
    })
}

/// Where the value begins that a name stands for: behind quotes, signs, and what URLs make of them.
fn value_at(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = rest.get(at).filter(|_| at < 12) {
        let escaped = rest.get(at..at.saturating_add(3)).unwrap_or_default().to_ascii_uppercase();
        at += match byte {
            b'"' | b'\'' | b':' | b'=' | b' ' | b'\\' | b'>' | b'[' | b'\t' => 1,
            b'%' if [&b"%3A"[..], b"%3D", b"%22", b"%20"].contains(&escaped.as_slice()) => 3,
            _ => break,
        };
    }
    at
}

fn numbered(view: &View<'_>, end: u64, kind: &'static str) -> Option<Detected> {
    let rest = view.from(end, 40);
    // `imei1`, `imei_md5`: only a number of the first of several.
    let name = run(rest, |byte| matches!(byte, b'1' | b'2' | b's' | b'S'));
    let name = if name.len() == 1 { 1 } else { 0 };
    let skipped = name + value_at(rest.get(name..).unwrap_or_default());
    let number = run(rest.get(skipped..).unwrap_or_default(), |byte| byte.is_ascii_digit());
    let number = text(number);
    let is_valid = number.len() == 15 && skipped > name && if kind == "imei" { has_check_digit(&number) } else { is_subscriber(&number) };
    let start = end.saturating_add(skipped as u64);
    is_valid.then(|| Detected { place: None, kind, form: "named number", start, masked: mask::masked(&number), value: number })
}

/// The sum of the digits, each second one doubled from the right, ends in zero (ISO/IEC 7812-1 annex B).
fn has_check_digit(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            let doubled = if place % 2 == 1 { digit.saturating_mul(2) } else { digit };
            if doubled > 9 { doubled.saturating_sub(9) } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10) && number.bytes().any(|byte| byte != b'0')
}

/// Mobile country codes begin with 2 to 7, and with 9 (ITU-T E.212); 0 is for tests.
fn is_subscriber(number: &str) -> bool {
    matches!(number.as_bytes().first(), Some(b'2'..=b'7' | b'9'))
}

fn telephone(view: &View<'_>, _: u64, end: u64) -> Option<Detected> {
    let rest = view.from(end, 48);
    // `phoneNumber`, `mobile_no`: the rest of the name.
    let name = run(rest, |byte| byte.is_ascii_alphabetic() || byte == b'_').len();
    let rest_of = rest.get(name..).filter(|_| name <= 12)?;
    let skipped = name + value_at(rest_of);
    let value = rest.get(skipped..)?;
    let plus = if value.starts_with(b"+") {
        1
    } else if value.get(..3)?.eq_ignore_ascii_case(b"%2B") {
        3
    } else {
        return None;
    };
    let number = run(value.get(plus..)?, |byte| byte.is_ascii_digit() || b" -().".contains(&byte));
    let digits = digits(&text(number));
    let is_number = (8..=15).contains(&digits.len()) && calling_code(&digits).is_some();
    let start = end.saturating_add(skipped as u64);
    let value = format!("+{digits}");
    is_number.then(|| Detected { place: None, kind: "phone-number", form: "named number", start, masked: mask::masked(&value), value })
}

/// Endings of file names that follow an `@`, as in `icon@2x.png`.
const FILES: &[&str] = &["png", "jpg", "jpeg", "gif", "svg", "webp", "js", "css", "json", "html", "so", "dll", "xml", "ttf"];

fn address(view: &View<'_>, start: u64, end: u64) -> Option<Detected> {
    let may_be_local = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    let before = view.until(start, LOCAL_BYTES);
    let length = before.iter().rev().take_while(|byte| may_be_local(**byte)).count();
    let local = text(before.get(before.len().saturating_sub(length)..)?);
    // Behind `%40` of another encoding, or in a path.
    let local = local.trim_start_matches(['.', '-', '+']);
    let domain = run(view.from(end, DOMAIN_BYTES), |byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let domain = text(domain);
    let domain = domain.trim_end_matches(['.', '-']);
    let (host, ending) = domain.rsplit_once('.')?;
    let is_domain = (2..=24).contains(&ending.len())
        && ending.bytes().all(|byte| byte.is_ascii_alphabetic())
        && host.len() >= 2
        && !host.starts_with(['.', '-'])
        && !domain.contains("..")
        && !FILES.contains(&ending.to_ascii_lowercase().as_str());
    let edges = [view.before(start.saturating_sub(local.len() as u64)), view.get(end.saturating_add(domain.len() as u64))];
    let is_text = edges.into_iter().flatten().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'@' || b"\r\n\t\0".contains(&byte));
    let is_local = local.len() >= 3 && local.bytes().any(|byte| byte.is_ascii_alphabetic()) && !local.contains("..");
    let value = format!("{local}@{domain}");
    let start = start.saturating_sub(local.len() as u64);
    (is_domain && is_local && is_text).then(|| Detected {
        place: None,
        kind: "email",
        form: "clear",
        start,
        masked: mask::masked(&value),
        value,
    })
}

pub(super) fn coordinates(view: &View<'_>, start: u64, end: u64) -> Option<Detected> {
    let lat = number(view.from(end, 32), 90.0)?;
    let behind = view.from(end, KEY_REACH + 40);
    let before = view.until(start, KEY_REACH);
    let lon = longitude(behind.get(..KEY_REACH).unwrap_or(behind), behind).or_else(|| longitude(before, before))?;
    Detected::position("named numbers", start, (lat, lon))
}

/// The number that a name of longitudes stands for.
fn longitude(names: &[u8], numbers: &[u8]) -> Option<f64> {
    let names = names.to_ascii_lowercase();
    [&b"longitude"[..], b"lon", b"lng", b"long"].into_iter().find_map(|name| {
        let at = names.windows(name.len()).position(|window| window == name)?;
        number(numbers.get(at.saturating_add(name.len())..)?, 180.0)
    })
}

/// A number behind a name: three decimals or more, and an amount that is not above `most`.
fn number(rest: &[u8], most: f64) -> Option<f64> {
    let skipped = value_at(rest);
    let value = rest.get(skipped..).filter(|_| skipped > 0 || rest.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-'))?;
    let digits = run(value, |byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let digits = std::str::from_utf8(digits).ok()?.trim_end_matches('.');
    let decimals = digits.split_once('.')?.1;
    let value: f64 = digits.parse().ok()?;
    (decimals.len() >= 3 && value.abs() <= most).then_some(value)
}
