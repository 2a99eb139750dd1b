//! What the columns of the tables may hold that tells a person, a device or a place. A column that is not named here is
//! looked through as text, so that one added later leaks no address.

use crate::record::Kind;

/// What is done to a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Stays: numbers, times, fixed words, hashes of inputs; paths were shortened before.
    Keep,
    /// Looked through for addresses and known values.
    Text,
    /// Looked through for known values only: versions in it look like addresses.
    Known,
    /// A user agent: program and system without versions, devices and languages.
    Agent,
    /// Replaced as a whole, by a pseudonym of this kind.
    Whole(&'static str),
    /// A host name, or `source:name`: public ones stay, those of a home do not.
    Host,
    /// A path of a request: parts that look like numbers of something are replaced.
    Path,
    /// A file name, of which only the ending stays.
    File,
    /// What lies how far away, as `source=CC>1234km`: the distances go, because a few of them give the vantage.
    Distance,
    /// A place: removed. A track that is moved keeps its shape, and one known point of it moves all of it back.
    Place,
}

/// Columns of any table that stay.
const KEPT: &[&str] = &[
    "capture",
    "captures",
    "action_log",
    "container",
    "link_types",
    "blocks_skipped",
    "tool_version",
    "rules",
    "address_data",
    "disposition",
    "protocol",
    "history",
    "conn_state",
    "version",
    "versions_offered",
    "quic_version",
    "ja4",
    "alpn",
    "dcid",
    "app_version",
    "category",
    "region",
    "country",
];

/// Columns of a table, or of any when it is empty, and what is done to them.
const NAMED: &[(&str, &str, Class)] = &[
    ("captures", "sha256", Class::Keep),
    ("certificates", "sha256", Class::Keep),
    ("certificates", "sha1", Class::Keep),
    ("certificates", "serial", Class::Keep),
    ("", "written_by", Class::Known),
    ("", "user_agent", Class::Agent),
    ("", "ssid", Class::Whole("ssid")),
    ("remote_id", "identity", Class::Whole("id")),
    ("remote_id", "other_identities", Class::Whole("id")),
    ("remote_id", "operator_id", Class::Whole("id")),
    ("remote_id", "account", Class::Whole("id")),
    ("remote_id", "description", Class::Whole("id")),
    ("http", "request_sent_sha256", Class::Whole("body")),
    ("http", "request_sha256", Class::Whole("body")),
    ("http", "response_sent_sha256", Class::Whole("body")),
    ("http", "response_sha256", Class::Whole("body")),
    ("parts", "sha256", Class::Whole("body")),
    ("parts", "file_name", Class::File),
    ("http", "path", Class::Path),
    ("websockets", "path", Class::Path),
    ("", "country_struck", Class::Distance),
    ("flows", "name", Class::Host),
    ("flows", "name_candidates", Class::Host),
    ("findings", "name", Class::Host),
    ("findings", "value", Class::Whole("value")),
    ("findings", "whose", Class::Whole("person")),
    ("names", "name", Class::Host),
    ("names", "canonical", Class::Host),
    ("", "query", Class::Host),
    ("", "server_name", Class::Host),
    ("", "host", Class::Host),
];

/// Endings of columns with numbers that say where something is.
const PLACES: &[&str] = &["latitude", "longitude", "altitude", "altitude_m", "area_ceiling", "area_floor"];

/// What is done to a column.
pub(super) fn class(table: &str, column: &str, kind: Kind) -> Class {
    match kind {
        Kind::Real if PLACES.iter().any(|place| column.ends_with(place)) => Class::Place,
        Kind::Real | Kind::Number | Kind::Flag | Kind::Time => Class::Keep,
        Kind::Text | Kind::List => {
            let named = NAMED.iter().find(|(of, name, _)| *name == column && (of.is_empty() || *of == table));
            let otherwise = || if KEPT.contains(&column) { Class::Keep } else { Class::Text };
            named.map_or_else(otherwise, |(_, _, class)| *class)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::schemas;

    #[test]
    fn every_named_column_is_one_of_a_table() {
        let schemas = schemas();
        let has = |table: &str, column: &str| {
            schemas
                .iter()
                .any(|schema| (table.is_empty() || schema.table == table) && schema.fields.iter().any(|field| field.name == column))
        };
        assert!(NAMED.iter().all(|(table, column, _)| has(table, column)));
        assert!(KEPT.iter().all(|column| has("", column)));
    }

    #[test]
    fn places_are_removed_and_what_is_new_is_looked_through() {
        assert_eq!(class("remote_id", "operator_latitude", Kind::Real), Class::Place);
        assert_eq!(class("positions", "height_m", Kind::Real), Class::Keep);
        assert_eq!(class("flows", "country_struck", Kind::List), Class::Distance);
        assert_eq!(class("something", "new", Kind::Text), Class::Text);
        assert_eq!(class("drone_link", "name", Kind::Text), Class::Text);
    }
}
