//! What the bodies of a request tell of the kind of data, by what they are and by the names of fields in them.

/// What the bodies of one request told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Kinds that the bytes themselves are.
    pub(crate) by_bytes: Vec<&'static str>,
    /// Kinds that names of fields speak of, where nothing better tells: a position may stand in any record.
    pub(crate) by_names: Vec<&'static str>,
}

/// Types that the device sends, and the kind of data each is. Others, as ZIP or JSON, may hold anything.
const SENT: &[(&str, &str)] = &[
    ("image/", "media"),
    ("video/", "media"),
    ("audio/", "audio"),
    ("dji-flight-record", "flight_log"),
    ("dji-flight-record+zip", "flight_log"),
    ("dji-dat", "flight_log"),
    ("csv-track", "flight_log"),
];

/// Types that the device gets. A picture that is received may be a map as well as a memory.
const RECEIVED: &[(&str, &str)] = &[
    ("application/vnd.android.package-archive", "app_update"),
    ("application/vnd.android.dex", "app_update"),
    ("dji-firmware", "firmware"),
];

/// What names of fields stand for, and the kind of data that is made of it.
const NAMES: &[(&str, &str)] = &[("position", "location_check"), ("serial", "account"), ("account", "account")];

impl Told {
    /// From the types of what the device sent and got, and what names of fields in what it sent stand for.
    pub(crate) fn new<'a>(
        sent: impl IntoIterator<Item = &'a str>,
        received: impl IntoIterator<Item = &'a str>,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let by_bytes = kinds(SENT, sent).chain(kinds(RECEIVED, received)).collect();
        Self { by_bytes, by_names: kinds(NAMES, names).collect() }
    }
}

fn kinds<'a>(table: &'static [(&str, &'static str)], words: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = &'static str> {
    let is_of = |word: &str, key: &str| word == key || key.ends_with('/') && word.starts_with(key);
    words.into_iter().filter_map(move |word| table.iter().find(|(key, _)| is_of(word, key)).map(|(_, kind)| *kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::category;

    #[test]
    fn kinds_are_those_of_the_study() {
        for (_, kind) in SENT.iter().chain(RECEIVED).chain(NAMES) {
            assert_eq!(category::find(kind), Some(*kind));
        }
    }

    #[test]
    fn what_is_sent_tells_more_than_what_is_received() {
        let told = Told::new(["image/jpeg", "text/plain"], ["image/png", "dji-firmware"], ["position"]);
        assert_eq!(told, Told { by_bytes: vec!["media", "firmware"], by_names: vec!["location_check"] });
        assert_eq!(Told::new(["application/zip", "dji-firmware"], [], []), Told::default());
    }
}
