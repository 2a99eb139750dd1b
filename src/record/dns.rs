//! Table `dns`: questions and answers seen in clear text, or decrypted.

use super::{Column, Get, Origin, Record, text, text_of, texts};

/// DNS, mDNS or LLMNR message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// Flow and frame.
    pub origin: Origin,
    /// `dns`, `mdns` or `llmnr`.
    pub protocol: String,
    /// `udp` or `tcp`.
    pub transport: String,
    /// The device sent it.
    pub from_device: bool,
    /// Message identifier.
    pub id: u16,
    /// Response bit.
    pub is_response: bool,
    /// Operation code.
    pub opcode: u8,
    /// Name of the first question.
    pub query: Option<String>,
    /// Its type.
    pub query_type: Option<String>,
    /// All questions.
    pub questions: Vec<String>,
    /// Response code.
    pub response_code: Option<String>,
    /// Answer records.
    pub answers: Vec<String>,
    /// Authority records.
    pub authorities: Vec<String>,
    /// Additional records.
    pub additionals: Vec<String>,
    /// Records were cut: TC bit or snapshot length.
    pub is_truncated: bool,
    /// Read from a decrypted stream.
    pub decrypted: bool,
}

impl Record for Dns {
    const TABLE: &'static str = "dns";
    const ABOUT: &'static str = "one row per DNS, mDNS or LLMNR message";
    const ORIGIN: Option<fn(&Self) -> &Origin> = Some(|r| &r.origin);
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("protocol", "", "dns, mdns, llmnr", Get::Text(|r| text(&r.protocol))),
        Column::new("transport", "", "udp or tcp", Get::Text(|r| text(&r.transport))),
        Column::new("from_device", "", "true when the device sent the message", Get::Flag(|r| Some(r.from_device))),
        Column::new("id", "", "message identifier", Get::Number(|r| Some(r.id.into()))),
        Column::new("response", "", "true for a response", Get::Flag(|r| Some(r.is_response))),
        Column::new("opcode", "", "operation code, RFC 1035 section 4.1.1", Get::Number(|r| Some(r.opcode.into()))),
        Column::new(
            "query",
            "",
            "name of the first question, lower-case, without the final dot; empty without a question",
            Get::Text(|r| text_of(r.query.as_ref())),
        ),
        Column::new("query_type", "", "its type, TYPEnnn when not known by name (RFC 3597)", Get::Text(|r| text_of(r.query_type.as_ref()))),
        Column::new(
            "questions",
            "",
            "all questions, as `type name`, the class before it when it is not IN",
            Get::List(|r| texts(&r.questions)),
        ),
        Column::new("response_code", "", "NOERROR, NXDOMAIN, …; empty for a question", Get::Text(|r| text_of(r.response_code.as_ref()))),
        Column::new(
            "answers",
            "",
            "records of the answer section, as `name ttl type data`; the class before the type when it is not IN; data as in zone files, of unknown types as `\\# length hex` (RFC 3597)",
            Get::List(|r| texts(&r.answers)),
        ),
        Column::new("authorities", "", "records of the authority section, likewise", Get::List(|r| texts(&r.authorities))),
        Column::new(
            "additionals",
            "",
            "records of the additional section, likewise; EDNS as `. 0 OPT udp=… version=…` and its options",
            Get::List(|r| texts(&r.additionals)),
        ),
        Column::new(
            "truncated",
            "",
            "true when the TC bit is set or the message was cut by the capture",
            Get::Flag(|r| Some(r.is_truncated)),
        ),
        Column::new("decrypted", "", "true when it was read from a decrypted stream", Get::Flag(|r| Some(r.decrypted))),
    ];
}
