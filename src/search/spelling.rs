//! How an identifier may be written: the ways people and programs spell it, the normal forms that are hashed, and its
//! bytes where it has some of its own.

use super::list::What;

/// Country calling codes (ITU-T E.164, list of assigned codes), one and two digits long; all others have three.
const SHORT_CODES: &[&str] = &[
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51", "52", "53",
    "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95",
    "98",
];

/// The ways it is written, the given one first; upper and lower case count as the same.
pub(super) fn spellings(what: What, value: &str) -> Vec<String> {
    let mut ways = vec![value.to_owned()];
    match what {
        What::Phone => {
            let digits = digits(value);
            ways.push(digits.clone());
            if let Some(national) = national(&digits) {
                ways.extend([format!("0{national}"), national.to_owned()]);
            }
        }
        What::Imei => {
            let digits = digits(value);
            // The last digit is a check digit, which the network does not transmit (3GPP TS 23.003 section 6.2.1).
            ways.extend(digits.get(..14).filter(|_| digits.len() == 15).map(str::to_owned));
            ways.push(digits);
        }
        What::Imsi => ways.push(digits(value)),
        What::Mac | What::Bssid => {
            if let Some(digits) = hex_digits(value, 12) {
                let joined = |count: usize, mark: &str| {
                    let groups: Vec<&str> = (0..12).step_by(count).filter_map(|at| digits.get(at..at + count)).collect();
                    groups.join(mark)
                };
                ways.extend([joined(2, ":"), joined(2, "-"), digits.clone(), joined(4, ".")]);
            }
        }
        What::AdvertisingId => {
            if let Some(digits) = hex_digits(value, 32) {
                ways.extend(dashed(&digits));
                ways.push(digits);
            }
        }
        What::Name => ways.extend(names(value)),
        _ => {}
    }
    distinct(ways)
}

/// The texts whose hashes are sent instead of it: trimmed, in lower and upper case, with and without marks.
pub(super) fn hashed(what: What, value: &str) -> Vec<String> {
    let mut ways = spellings(what, value);
    match what {
        What::Phone => {
            let digits = digits(value);
            ways.extend([format!("+{digits}"), format!("00{digits}")]);
        }
        What::Email => {
            if let Some((local, domain)) = value.split_once('@') {
                // Mail providers ignore dots and what follows a plus sign, and advertisers leave them out.
                let bare: String = local.split('+').next().unwrap_or_default().replace('.', "");
                ways.push(format!("{bare}@{domain}").to_lowercase());
            }
        }
        _ => {}
    }
    let cased: Vec<String> = ways.iter().flat_map(|way| [way.to_lowercase(), way.to_uppercase()]).collect();
    ways.extend(cased);
    distinct(ways)
}

/// Its bytes in the forms that programs give it, with what to call them.
pub(super) fn binary(what: What, value: &str) -> Vec<(&'static str, Vec<u8>)> {
    match what {
        What::Mac | What::Bssid => hex_digits(value, 12).and_then(|digits| bytes(&digits)).into_iter().map(|raw| ("bytes", raw)).collect(),
        What::AndroidId => hex_digits(value, 16).and_then(|digits| bytes(&digits)).into_iter().map(|raw| ("bytes", raw)).collect(),
        What::AdvertisingId => {
            let Some(raw) = hex_digits(value, 32).and_then(|digits| bytes(&digits)) else { return Vec::new() };
            let mut mixed = raw.clone();
            // The first three fields of a GUID are little-endian (MS-DTYP section 2.3.4.2).
            for field in [0..4, 4..6, 6..8] {
                mixed.get_mut(field).into_iter().for_each(<[u8]>::reverse);
            }
            vec![("bytes", raw), ("bytes, GUID", mixed)]
        }
        What::Imei | What::Imsi => {
            let digits = digits(value);
            if digits.len() == 15 { vec![("BCD", swapped_nibbles(&digits, "f")), ("BCD", identity(&digits, what))] } else { Vec::new() }
        }
        _ => Vec::new(),
    }
}

/// Its digits alone.
pub(super) fn digits(value: &str) -> String {
    value.chars().filter(char::is_ascii_digit).collect()
}

/// Number of digits that the country calling code of a number has.
pub(super) fn calling_code(digits: &str) -> Option<usize> {
    let first = digits.chars().next()?;
    if first == '0' {
        return None;
    }
    let short = SHORT_CODES.iter().find(|code| digits.starts_with(**code)).map(|code| code.len());
    Some(short.unwrap_or(3)).filter(|length| digits.len() > *length)
}

fn national(digits: &str) -> Option<&str> {
    let rest = digits.get(calling_code(digits)?..)?;
    (rest.len() >= 8).then_some(rest)
}

/// First name first, last name first, and joined as in accounts.
fn names(value: &str) -> Vec<String> {
    let words: Vec<&str> = value.split_whitespace().collect();
    let [first @ .., last] = words.as_slice() else { return Vec::new() };
    if first.is_empty() {
        return Vec::new();
    }
    let given = first.join(" ");
    let mut ways = vec![format!("{last} {given}"), format!("{last}, {given}")];
    ways.extend(["", ".", "_", "-", "+"].map(|mark| words.join(mark)));
    ways
}

fn hex_digits(value: &str, count: usize) -> Option<String> {
    let digits: String = value.chars().filter(|letter| !matches!(letter, ':' | '-' | '.' | ' ' | '{' | '}')).collect();
    (digits.len() == count && digits.chars().all(|digit| digit.is_ascii_hexdigit())).then(|| digits.to_ascii_lowercase())
}

fn dashed(digits: &str) -> Option<String> {
    let field = |from: usize, to: usize| digits.get(from..to);
    Some([field(0, 8)?, field(8, 12)?, field(12, 16)?, field(16, 20)?, field(20, 32)?].join("-"))
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect()
}

/// Two digits a byte, the first in the low half (3GPP TS 23.003, TBCD).
fn swapped_nibbles(digits: &str, filler: &str) -> Vec<u8> {
    let padded = if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("{digits}{filler}") };
    let swapped: String =
        padded.chars().collect::<Vec<_>>().chunks(2).flat_map(|pair| pair.iter().rev().copied().collect::<Vec<_>>()).collect();
    bytes(&swapped).unwrap_or_default()
}

/// A mobile identity of 15 digits: the first shares its byte with the type of identity (3GPP TS 24.008 section 10.5.1.4).
fn identity(digits: &str, what: What) -> Vec<u8> {
    let kind = if what == What::Imei { 'a' } else { '9' };
    swapped_nibbles(&format!("{kind}{digits}"), "f")
}

fn distinct(ways: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for way in ways {
        if !way.is_empty() && !kept.contains(&way) {
            kept.push(way);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_names_and_addresses_have_several_ways() {
        assert_eq!(spellings(What::Phone, "+1 202 555 0143"), ["+1 202 555 0143", "12025550143", "02025550143", "2025550143"]);
        assert_eq!(spellings(What::Imei, "356938035643809"), ["356938035643809", "35693803564380"]);
        let mac = spellings(What::Mac, "60:60:1F:5A:3C:01");
        assert_eq!(mac, ["60:60:1F:5A:3C:01", "60:60:1f:5a:3c:01", "60-60-1f-5a-3c-01", "60601f5a3c01", "6060.1f5a.3c01"]);
        assert!(spellings(What::Name, "Jane Q Doe").contains(&"Doe, Jane Q".to_owned()));
        assert_eq!(spellings(What::Name, "Jane"), ["Jane"]);
    }

    #[test]
    fn what_is_hashed_is_in_normal_form() {
        let mail = hashed(What::Email, "Lab.Pilot+x@Example.org");
        assert!(mail.contains(&"labpilot@example.org".to_owned()) && mail.contains(&"lab.pilot+x@example.org".to_owned()));
        assert!(hashed(What::Phone, "+12025550143").contains(&"0012025550143".to_owned()));
    }

    #[test]
    fn bytes_of_numbers() {
        assert_eq!(binary(What::Mac, "60-60-1f-5a-3c-01"), [("bytes", vec![0x60, 0x60, 0x1f, 0x5a, 0x3c, 1])]);
        let imei = binary(What::Imei, "356938035643809");
        assert_eq!(imei[0].1, [0x53, 0x96, 0x83, 0x30, 0x65, 0x34, 0x08, 0xf9]);
        assert_eq!(imei[1].1, [0x3a, 0x65, 0x39, 0x08, 0x53, 0x46, 0x83, 0x90]);
        let uuid = binary(What::AdvertisingId, "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(uuid[1].1[..8], [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66]);
    }

    #[test]
    fn calling_codes_have_their_lengths() {
        assert_eq!([calling_code("12025550143"), calling_code("41790000000"), calling_code("352621000000")], [Some(1), Some(2), Some(3)]);
        assert_eq!(calling_code("0790000000"), None);
    }
}
