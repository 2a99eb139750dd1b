//! Table `http`: exchanges in clear text or decrypted.

use super::{Column, Get, Origin, Record, text, text_of, texts};
use crate::time::Timestamp;

/// What the body of one message was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageBody {
    /// Content codings as declared.
    pub coding: Option<String>,
    /// Bytes without the codings.
    pub decoded_bytes: Option<u64>,
    /// Hash of the body as sent.
    pub sent_sha256: Option<String>,
    /// Hash of the body without the codings.
    pub sha256: Option<String>,
    /// Type as found.
    pub media_type: Option<&'static str>,
    /// Names of a form's fields.
    pub form_fields: Vec<String>,
    /// What names of fields tell of.
    pub tells: Vec<&'static str>,
    /// Where a position was found in it.
    pub position: Option<&'static str>,
    /// Types of its parts, as found.
    pub part_types: Vec<&'static str>,
}

/// HTTP request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Flow and frame.
    pub origin: Origin,
    /// Stream within the flow.
    pub stream: Option<u64>,
    /// The device sent the request.
    pub from_device: bool,
    /// Method.
    pub method: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// Path.
    pub path: Option<String>,
    /// Keys of the query.
    pub query_keys: Vec<String>,
    /// Version.
    pub version: String,
    /// User agent.
    pub user_agent: Option<String>,
    /// Status.
    pub status: Option<u16>,
    /// Content type of the request.
    pub content_type_out: Option<String>,
    /// Content type of the response.
    pub content_type_in: Option<String>,
    /// Body of the request as on the wire.
    pub request_bytes: u64,
    /// Body of the response as on the wire.
    pub response_bytes: u64,
    /// Both messages were seen to their end.
    pub is_complete: bool,
    /// Frame of the response head.
    pub response_frame: Option<u64>,
    /// Read from a decrypted stream.
    pub decrypted: bool,
    /// Time of the request's last bytes.
    pub request_end: Option<Timestamp>,
    /// Time of the response's head.
    pub response_start: Option<Timestamp>,
    /// Time of the response's last bytes.
    pub response_end: Option<Timestamp>,
    /// Fields of both heads that could not be decompressed.
    pub unread_fields: u64,
    /// Body of the request.
    pub request_body: MessageBody,
    /// Body of the response.
    pub response_body: MessageBody,
}

impl Record for Http {
    const TABLE: &'static str = "http";
    const ABOUT: &'static str = "one row per HTTP request and its response, and per SSDP datagram";
    const ORIGIN: Option<fn(&Self) -> &Origin> = Some(|r| &r.origin);
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("stream", "", "stream of HTTP/2 and HTTP/3, a pushed one with its own; empty for HTTP/1", Get::Number(|r| r.stream)),
        Column::new("from_device", "", "true when the device sent the request", Get::Flag(|r| Some(r.from_device))),
        Column::new("method", "", "request method; empty when only the response was seen", Get::Text(|r| text_of(r.method.as_ref()))),
        Column::new(
            "host",
            "",
            "host of the request target, else of the Host field, lower-case, with its port when it has one",
            Get::Text(|r| text_of(r.host.as_ref())),
        ),
        Column::new("path", "", "path of the request target, without query; empty for CONNECT", Get::Text(|r| text_of(r.path.as_ref()))),
        Column::new("query_keys", "", "keys of the query string, values left out", Get::List(|r| texts(&r.query_keys))),
        Column::new("version", "", "protocol version, as `HTTP/1.1`, `HTTP/2`, `HTTP/3`", Get::Text(|r| text(&r.version))),
        Column::new("user_agent", "", "User-Agent field", Get::Text(|r| text_of(r.user_agent.as_ref()))),
        Column::new("status", "", "response status; empty when the response was not seen", Get::Number(|r| r.status.map(u64::from))),
        Column::new("content_type_request", "", "Content-Type field of the request", Get::Text(|r| text_of(r.content_type_out.as_ref()))),
        Column::new("content_type_response", "", "Content-Type field of the response", Get::Text(|r| text_of(r.content_type_in.as_ref()))),
        Column::new(
            "request_body_bytes",
            "bytes",
            "body of the request as it was on the wire, chunk and frame headers excluded; bytes missing inside it are counted",
            Get::Number(|r| Some(r.request_bytes)),
        ),
        Column::new(
            "response_body_bytes",
            "bytes",
            "body of the response as it was on the wire, chunk and frame headers excluded; bytes missing inside it are counted",
            Get::Number(|r| Some(r.response_bytes)),
        ),
        Column::new(
            "complete",
            "",
            "true when request and response were seen to their end without gap or doubt; a body that only the end of the connection ends counts as ended with the flow",
            Get::Flag(|r| Some(r.is_complete)),
        ),
        Column::new(
            "response_frame",
            "",
            "frame that completed the head of the response; empty without one, and where the next capture holds it",
            Get::Number(|r| r.response_frame),
        ),
        Column::new("decrypted", "", "true when it was read from a decrypted stream", Get::Flag(|r| Some(r.decrypted))),
        Column::new(
            "request_end",
            "",
            "time of the last bytes of the request; empty when its end was not seen",
            Get::Time(|r| r.request_end),
        ),
        Column::new(
            "response_start",
            "",
            "time of the frame that completed the head of the response; empty without one",
            Get::Time(|r| r.response_start),
        ),
        Column::new(
            "response_end",
            "",
            "time of the last bytes of the response; empty when its end was not seen",
            Get::Time(|r| r.response_end),
        ),
        Column::new(
            "unread_fields",
            "",
            "fields of both heads that refer to what compressed heads before the capture, or in a gap, set up: their names or values are not known",
            Get::Number(|r| Some(r.unread_fields)),
        ),
        Column::new(
            "request_coding",
            "",
            "Content-Encoding field of the request; empty without one",
            Get::Text(|r| text_of(r.request_body.coding.as_ref())),
        ),
        Column::new(
            "request_decoded_bytes",
            "bytes",
            "body of the request without its codings, as far as it was seen; empty without a body or when it could not be decoded",
            Get::Number(|r| r.request_body.decoded_bytes),
        ),
        Column::new(
            "request_sent_sha256",
            "",
            "hash of the body of the request as it was sent; empty without a body or when not all of it was seen",
            Get::Text(|r| text_of(r.request_body.sent_sha256.as_ref())),
        ),
        Column::new(
            "request_sha256",
            "",
            "hash of the body of the request without its codings; empty without a body, when not all of it was seen, or when it could not be decoded",
            Get::Text(|r| text_of(r.request_body.sha256.as_ref())),
        ),
        Column::new(
            "request_media_type",
            "",
            "type of the request's decoded body by its first bytes: a registered media type, or dji-flight-record, dji-flight-record+zip, dji-dat, dji-firmware, csv-track, protobuf-like; empty when they tell none",
            Get::Text(|r| r.request_body.media_type.and_then(text)),
        ),
        Column::new(
            "request_part_types",
            "",
            "types of the parts that the request's body consists of, as in request_media_type, each once; table parts has them all",
            Get::List(|r| r.request_body.part_types.iter().copied().filter_map(text).collect()),
        ),
        Column::new(
            "request_form_fields",
            "",
            "names of the fields of a form that the request is, values left out",
            Get::List(|r| texts(&r.request_body.form_fields)),
        ),
        Column::new(
            "request_tells",
            "",
            "what names of JSON or form fields in the request's body and its parts stand for: position, serial, account",
            Get::List(|r| r.request_body.tells.iter().copied().filter_map(text).collect()),
        ),
        Column::new(
            "request_position",
            "",
            "metadata of a picture in the request's body or one of its parts that says where it was taken: exif, xmp",
            Get::Text(|r| r.request_body.position.and_then(text)),
        ),
        Column::new(
            "response_coding",
            "",
            "Content-Encoding field of the response; empty without one",
            Get::Text(|r| text_of(r.response_body.coding.as_ref())),
        ),
        Column::new(
            "response_decoded_bytes",
            "bytes",
            "body of the response without its codings, as far as it was seen; empty without a body or when it could not be decoded",
            Get::Number(|r| r.response_body.decoded_bytes),
        ),
        Column::new(
            "response_sent_sha256",
            "",
            "hash of the body of the response as it was sent; empty without a body or when not all of it was seen",
            Get::Text(|r| text_of(r.response_body.sent_sha256.as_ref())),
        ),
        Column::new(
            "response_sha256",
            "",
            "hash of the body of the response without its codings; empty without a body, when not all of it was seen, or when it could not be decoded",
            Get::Text(|r| text_of(r.response_body.sha256.as_ref())),
        ),
        Column::new(
            "response_media_type",
            "",
            "type of the response's decoded body by its first bytes: a registered media type, or dji-flight-record, dji-flight-record+zip, dji-dat, dji-firmware, csv-track, protobuf-like; empty when they tell none",
            Get::Text(|r| r.response_body.media_type.and_then(text)),
        ),
        Column::new(
            "response_part_types",
            "",
            "types of the parts that the response's body consists of, as in response_media_type, each once; table parts has them all",
            Get::List(|r| r.response_body.part_types.iter().copied().filter_map(text).collect()),
        ),
        Column::new(
            "response_form_fields",
            "",
            "names of the fields of a form that the response is, values left out",
            Get::List(|r| texts(&r.response_body.form_fields)),
        ),
        Column::new(
            "response_tells",
            "",
            "what names of JSON or form fields in the response's body and its parts stand for: position, serial, account",
            Get::List(|r| r.response_body.tells.iter().copied().filter_map(text).collect()),
        ),
        Column::new(
            "response_position",
            "",
            "metadata of a picture in the response's body or one of its parts that says where it was taken: exif, xmp",
            Get::Text(|r| r.response_body.position.and_then(text)),
        ),
    ];
}
