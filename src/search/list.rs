//! The analyst's list: what identifies a person, a device or a place, to be looked for in what was sent.
//!
//! ```toml
//! [[identifier]]
//! what = "email"                    # email, phone, name, imei, imsi, serial, mac, ssid, bssid, advertising_id, android_id,
//! value = "pilot@example.org"       # account, user_id, password, token, text, position, track
//! whose = "the pilot"               # shown beside each hit; optional
//! id = "pilot-mail"                 # what hits are called; the kind and its number without it
//!
//! [[identifier]]
//! what = "position"
//! value = "46.947, 7.446"           # or lat and lon
//! within = 50                       # metres
//!
//! [[identifier]]
//! what = "track"
//! file = "flight.csv"               # columns with latitude and longitude, named in the first line
//! ```
//!
//! What is in the list is secret: neither errors nor debug output show a value.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Kind};
use crate::limits::{IDENTIFIER_FILE_BYTES, TRACK_POINTS};

/// Something that identifies a person or device, or a place, to be looked for.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// What it is.
    pub what: What,
    /// What hits are called.
    pub id: Option<String>,
    /// Whose it is, in words that may be shown.
    pub whose: Option<String>,
    /// Its value or values; never shown.
    #[serde(default)]
    pub value: Values,
    /// Latitude of a position, in degrees.
    pub lat: Option<f64>,
    /// Longitude of a position, in degrees.
    pub lon: Option<f64>,
    /// Metres that another position may be off.
    pub within: Option<f64>,
    /// File with the positions of a track.
    pub file: Option<PathBuf>,
}

impl fmt::Debug for Identifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Identifier").field("what", &self.what).field("id", &self.id).finish_non_exhaustive()
    }
}

/// Kinds of identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Address of a mailbox.
    #[serde(alias = "e-mail", alias = "mail")]
    Email,
    /// Telephone number in international form.
    #[serde(alias = "msisdn")]
    Phone,
    /// Name of a person.
    Name,
    /// International mobile equipment identity.
    Imei,
    /// International mobile subscriber identity.
    Imsi,
    /// Serial number of a device.
    #[serde(alias = "drone_sn", alias = "sn")]
    Serial,
    /// Link address.
    Mac,
    /// Name of a Wi-Fi network.
    Ssid,
    /// Link address of an access point.
    Bssid,
    /// Advertising identifier of a phone.
    #[serde(alias = "advertising-id", alias = "idfa", alias = "gaid", alias = "uuid")]
    AdvertisingId,
    /// Android's identifier of an installation.
    AndroidId,
    /// Name or number of an account.
    #[serde(alias = "account_id", alias = "account-id")]
    Account,
    /// Number of a user.
    #[serde(alias = "uid")]
    UserId,
    /// Password.
    Password,
    /// Token, key or cookie.
    #[serde(alias = "key", alias = "cookie")]
    Token,
    /// Anything else that is text.
    #[serde(alias = "other", alias = "phone_name", alias = "device_name")]
    Text,
    /// A place.
    Position,
    /// Places one after another.
    Track,
}

impl What {
    /// The word in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Name => "name",
            Self::Imei => "imei",
            Self::Imsi => "imsi",
            Self::Serial => "serial",
            Self::Mac => "mac",
            Self::Ssid => "ssid",
            Self::Bssid => "bssid",
            Self::AdvertisingId => "advertising_id",
            Self::AndroidId => "android_id",
            Self::Account => "account",
            Self::UserId => "user_id",
            Self::Password => "password",
            Self::Token => "token",
            Self::Text => "text",
            Self::Position => "position",
            Self::Track => "track",
        }
    }

    /// A place or several.
    pub(super) const fn is_place(self) -> bool {
        matches!(self, Self::Position | Self::Track)
    }
}

/// A value as it may be written, or a list of them.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Several.
    List(Vec<Self>),
}

impl Default for Values {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Values {
    /// The values as text.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.trim().to_owned()],
            Self::Number(number) => vec![number.to_string()],
            Self::List(list) => list.iter().flat_map(Self::texts).collect(),
        }
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Values(…)")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    identifier: Vec<Identifier>,
}

/// A list that cannot be used; its text is not shown, because it is what must not be.
#[derive(Debug, thiserror::Error)]
#[error("cannot read identifiers of {}, line {line}: {message}", path.display())]
struct ListError {
    path: PathBuf,
    line: usize,
    message: String,
}

/// Reads a list; the paths of tracks in it are relative to it.
///
/// # Errors
/// The file cannot be read, or is not what it should be.
pub fn read(path: &Path) -> Result<Vec<Identifier>, Error> {
    let text = text_of(path)?;
    let document: Document = toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = text.get(..start).unwrap_or_default().matches('\n').count().saturating_add(1);
        let message = without_values(error.message());
        let error = ListError { path: path.to_path_buf(), line, message };
        Error::from(Kind::Data { error: error.into(), is_io: false })
    })?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let mut list = document.identifier;
    list.iter_mut().filter_map(|identifier| identifier.file.as_mut()).for_each(|file| *file = folder.join(&*file));
    Ok(list)
}

/// Positions of a file with columns: `latitude` and `longitude`, or names that begin like them.
pub(super) fn track(path: &Path) -> Result<Vec<(f64, f64)>, Error> {
    let text = text_of(path)?;
    let wrong = |message: &str| {
        let error = ListError { path: path.to_path_buf(), line: 1, message: message.to_owned() };
        Error::from(Kind::Data { error: error.into(), is_io: false })
    };
    let mut lines = text.lines();
    let separator = |line: &str| [',', ';', '\t'].into_iter().find(|mark| line.contains(*mark)).unwrap_or(',');
    let head = lines.next().unwrap_or_default();
    let mark = separator(head);
    let names: Vec<String> = head.split(mark).map(|name| name.trim().trim_matches('"').to_ascii_lowercase()).collect();
    let column = |starts: &[&str]| names.iter().position(|name| starts.iter().any(|start| name.starts_with(start)));
    let (Some(lat), Some(lon)) = (column(&["lat"]), column(&["lon", "lng"])) else {
        return Err(wrong("found no columns of latitude and longitude, expected names that begin with `lat` and `lon` or `lng`"));
    };
    let place = |line: &str| {
        let fields: Vec<&str> = line.split(mark).collect();
        let number = |column: usize| fields.get(column)?.trim().trim_matches('"').parse::<f64>().ok();
        Some((number(lat)?, number(lon)?))
    };
    Ok(lines.filter_map(place).take(TRACK_POINTS).collect())
}

fn text_of(path: &Path) -> Result<String, Error> {
    let length = std::fs::metadata(path).map_err(|source| Kind::io("read identifiers", path, source))?.len();
    if length > IDENTIFIER_FILE_BYTES {
        let source = std::io::Error::other(format!("found {length} bytes, expected at most {IDENTIFIER_FILE_BYTES}"));
        return Err(Kind::io("read identifiers", path, source).into());
    }
    Ok(std::fs::read_to_string(path).map_err(|source| Kind::io("read identifiers", path, source))?)
}

/// serde quotes wrong values: `invalid type: string "…"`. Names of keys and kinds stand in backticks and stay.
fn without_values(message: &str) -> String {
    let mut parts = message.split('"');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.enumerate().fold(first, |told, (number, part)| if number % 2 == 0 { told + "\"…\"" } else { told + part })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identifiers.toml");
        std::fs::write(&path, text).unwrap();
        read(&path).unwrap_err().to_string()
    }

    #[test]
    fn an_error_shows_the_line_and_no_value() {
        let told = fault("[[identifier]]\nwhat = \"email\"\nvalue = { secret = \"pilot@example.org\" }\n");
        assert!(told.contains("line 3") && !told.contains("pilot"), "{told}");
        let told = fault("[[identifier]]\nwhat = \"e mail\"\nvalue = \"pilot@example.org\"\n");
        assert!(told.contains("line 2") && told.contains("`email`"), "{told}");
        let told = fault("[[identifier]]\nwhat = \"position\"\nlat = \"46.947\"\n");
        assert!(told.contains("line 3") && !told.contains("46.947"), "{told}");
    }

    #[test]
    fn debug_output_shows_no_value() {
        let list: Document = toml::from_str("[[identifier]]\nwhat = \"imei\"\nvalue = 356938035643809\nid = \"a\"\n").unwrap();
        assert_eq!(list.identifier[0].value.texts(), ["356938035643809"]);
        assert!(!format!("{:?}", list.identifier).contains("3569"));
    }

    #[test]
    fn a_track_is_found_by_the_names_of_its_columns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("track.csv");
        std::fs::write(&path, "time_ms;\"Latitude\";longitude\n0;46.948;7.4474\n100;46.94801;7.447415\nend\n").unwrap();
        assert_eq!(track(&path).unwrap(), [(46.948, 7.4474), (46.94801, 7.447_415)]);
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        assert!(track(&path).unwrap_err().to_string().contains("columns"));
    }
}
