//! Table `http`: exchanges in clear text, or decrypted.

use super::{Column, Get, Origin, Record, text, text_of, texts};

/// HTTP/1 request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Flow and frame.
    pub origin: Origin,
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
}

impl Record for Http {
    const TABLE: &'static str = "http";
    const ABOUT: &'static str = "one row per HTTP/1 request and its response, and per SSDP datagram";
    const ORIGIN: Option<fn(&Self) -> &Origin> = Some(|r| &r.origin);
    const COLUMNS: &'static [Column<Self>] = &[
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
        Column::new("version", "", "protocol version, as `HTTP/1.1`", Get::Text(|r| text(&r.version))),
        Column::new("user_agent", "", "User-Agent field", Get::Text(|r| text_of(r.user_agent.as_ref()))),
        Column::new("status", "", "response status; empty when the response was not seen", Get::Number(|r| r.status.map(u64::from))),
        Column::new("content_type_request", "", "Content-Type field of the request", Get::Text(|r| text_of(r.content_type_out.as_ref()))),
        Column::new("content_type_response", "", "Content-Type field of the response", Get::Text(|r| text_of(r.content_type_in.as_ref()))),
        Column::new(
            "request_body_bytes",
            "bytes",
            "body of the request as it was on the wire, chunk framing excluded; bytes missing inside it are counted",
            Get::Number(|r| Some(r.request_bytes)),
        ),
        Column::new(
            "response_body_bytes",
            "bytes",
            "body of the response as it was on the wire, chunk framing excluded; bytes missing inside it are counted",
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
            "frame that completed the head of the response; empty without one",
            Get::Number(|r| r.response_frame),
        ),
        Column::new("decrypted", "", "true when it was read from a decrypted stream", Get::Flag(|r| Some(r.decrypted))),
    ];
}
