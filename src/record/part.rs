//! Table `parts`: what forms were made of.

use super::{Column, Get, Origin, Record, text, text_of};

/// One part of a multipart body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Flow and frame.
    pub origin: Origin,
    /// Stream within the flow.
    pub stream: Option<u64>,
    /// The device sent it.
    pub from_device: bool,
    /// Number within its body.
    pub number: u64,
    /// Name of the form's field.
    pub name: Option<String>,
    /// Name of the file.
    pub file_name: Option<String>,
    /// Type as declared.
    pub declared_type: Option<String>,
    /// Type as found.
    pub media_type: Option<&'static str>,
    /// Its bytes.
    pub bytes: u64,
    /// Their hash.
    pub sha256: Option<String>,
    /// What names of fields in it tell of.
    pub tells: Vec<&'static str>,
    /// Where a position was found in it.
    pub position: Option<&'static str>,
}

impl Record for Part {
    const TABLE: &'static str = "parts";
    const ABOUT: &'static str = "one row per part of a multipart body seen in clear or decrypted";
    const ORIGIN: Option<fn(&Self) -> &Origin> = Some(|r| &r.origin);
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("stream", "", "stream of its message; empty for HTTP/1", Get::Number(|r| r.stream)),
        Column::new("from_device", "", "true when the device sent it", Get::Flag(|r| Some(r.from_device))),
        Column::new("number", "", "number of the part within its body, from 1", Get::Number(|r| Some(r.number))),
        Column::new("name", "", "name of the form's field; empty without one", Get::Text(|r| text_of(r.name.as_ref()))),
        Column::new("file_name", "", "name of the file as sent; empty without one", Get::Text(|r| text_of(r.file_name.as_ref()))),
        Column::new(
            "declared_type",
            "",
            "Content-Type field of the part; empty without one",
            Get::Text(|r| text_of(r.declared_type.as_ref())),
        ),
        Column::new(
            "media_type",
            "",
            "type found by its first bytes, as in table http; empty when they tell none",
            Get::Text(|r| r.media_type.and_then(text)),
        ),
        Column::new("bytes", "bytes", "data of the part, as far as it was seen", Get::Number(|r| Some(r.bytes))),
        Column::new("sha256", "", "hash of its data; empty when not all of it was seen", Get::Text(|r| text_of(r.sha256.as_ref()))),
        Column::new(
            "tells",
            "",
            "what names of fields in it stand for, as in table http",
            Get::List(|r| r.tells.iter().copied().filter_map(text).collect()),
        ),
        Column::new(
            "position",
            "",
            "metadata of a picture that says where it was taken: exif, xmp",
            Get::Text(|r| r.position.and_then(text)),
        ),
    ];
}
