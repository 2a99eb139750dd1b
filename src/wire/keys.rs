//! What the names of fields tell of the data: a position, a serial number, an account.

/// Names, in lower case and without separators, and what they stand for.
const KEYS: &[(&str, &str)] = &[
    ("lat", POSITION),
    ("latitude", POSITION),
    ("lng", POSITION),
    ("lon", POSITION),
    ("longitude", POSITION),
    ("gps", POSITION),
    ("pilotlat", POSITION),
    ("pilotlon", POSITION),
    ("homelat", POSITION),
    ("homelon", POSITION),
    ("coordinates", POSITION),
    ("sn", SERIAL),
    ("serial", SERIAL),
    ("serialnumber", SERIAL),
    ("aircraftsn", SERIAL),
    ("dronesn", SERIAL),
    ("flightcontrollersn", SERIAL),
    ("productsn", SERIAL),
    ("imei", SERIAL),
    ("imsi", SERIAL),
    ("meid", SERIAL),
    ("androidid", SERIAL),
    ("deviceid", SERIAL),
    ("macaddress", SERIAL),
    ("account", ACCOUNT),
    ("accountid", ACCOUNT),
    ("email", ACCOUNT),
    ("mail", ACCOUNT),
    ("phone", ACCOUNT),
    ("mobile", ACCOUNT),
    ("password", ACCOUNT),
    ("passwd", ACCOUNT),
    ("token", ACCOUNT),
    ("accesstoken", ACCOUNT),
    ("userid", ACCOUNT),
    ("username", ACCOUNT),
];

/// A place on earth.
pub(crate) const POSITION: &str = "position";
/// What tells one device from all others.
pub(crate) const SERIAL: &str = "serial";
/// Who uses it.
pub(crate) const ACCOUNT: &str = "account";

/// What a field of this name holds; only whole names count, as `translation` is no latitude.
pub(crate) fn meaning(name: &[u8]) -> Option<&'static str> {
    let name: String =
        name.iter().filter(|byte| byte.is_ascii_alphanumeric()).take(32).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    let found = |name: &str| KEYS.iter().find(|(key, _)| *key == name).map(|(_, meaning)| *meaning);
    // `latitude_m`, `pilot_lat`: a word more in front or behind.
    found(&name).or_else(|| ["pilot", "home", "user", "drone", "device"].iter().find_map(|word| found(name.strip_prefix(word)?)))
}

/// Names of columns of which one is a latitude and another a longitude.
pub(super) fn is_track<'a>(names: impl Iterator<Item = &'a str>) -> bool {
    let (mut has_latitude, mut has_longitude) = (false, false);
    for name in names {
        let name = name.to_ascii_lowercase();
        has_latitude |= name.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "lat" | "latitude"));
        has_longitude |= name.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "lon" | "lng" | "longitude"));
    }
    has_latitude && has_longitude
}

/// The meanings of the names in a JSON text, or in what is there of it.
pub(crate) fn of_json(text: &[u8]) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = split(rest, b'"') {
        let Some((name, behind)) = string(after) else { break };
        rest = behind;
        if behind.trim_ascii_start().first() == Some(&b':') {
            found.extend(meaning(name));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn split(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let place = bytes.iter().position(|byte| *byte == at)?;
    Some((bytes.get(..place)?, bytes.get(place.saturating_add(1)..)?))
}

/// A string up to its closing quote, which no backslash precedes.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut is_escaped = false;
    let end = bytes.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    })?;
    Some((bytes.get(..end)?, bytes.get(end.saturating_add(1)..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_count() {
        for (name, expected) in [
            ("lat", Some(POSITION)),
            ("pilot_lat", Some(POSITION)),
            ("User-Latitude", Some(POSITION)),
            ("sn", Some(SERIAL)),
            ("E-Mail", Some(ACCOUNT)),
            ("translation", None),
            ("flat", None),
            ("snow", None),
        ] {
            assert_eq!(meaning(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn names_of_json_and_not_its_values() {
        assert_eq!(of_json(br#"{"sn": "0ASU", "pilot": {"lat" : 46.9, "lon": 7.4}}"#), [POSITION, SERIAL]);
        assert_eq!(of_json(br#"{"a": "lat", "b\"lat": 1, "q": ["email", "#), [""; 0]);
        assert_eq!(of_json(br#"{"email"#), [""; 0]);
    }
}
