//! Table `quic`: handshakes over UDP, Initials opened with their public keys.

use super::{Column, Get, Hellos, Origin, Record, text, text_of, texts};

/// QUIC connection whose Initial packets were seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quic {
    /// Flow and frame.
    pub origin: Origin,
    /// What the hellos said.
    pub hellos: Hellos,
    /// The device sent the client hello.
    pub from_device: bool,
    /// QUIC version.
    pub quic_version: String,
    /// Destination connection identifier of the first Initial.
    pub dcid: String,
    /// Datagrams the client hello was spread over.
    pub datagrams: u32,
    /// The handshake was completed.
    pub established: bool,
    /// User agent of Google QUIC or its transport parameter.
    pub user_agent: Option<String>,
    /// Secrets that opened packets.
    pub decrypted_by: Vec<String>,
    /// Bytes of the streams from the device, when anything was opened.
    pub plain_bytes_out: Option<u64>,
    /// Bytes of the streams to the device.
    pub plain_bytes_in: Option<u64>,
    /// Sealed packets that no key opened, when there were keys.
    pub unopened: Option<u64>,
}

impl Record for Quic {
    const TABLE: &'static str = "quic";
    const ABOUT: &'static str = "one row per QUIC connection whose Initial packets were seen";
    const ORIGIN: Option<fn(&Self) -> &Origin> = Some(|r| &r.origin);
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new(
            "version",
            "",
            "version the server chose; the highest offered when its hello was not seen",
            Get::Text(|r| text_of(r.hellos.version.as_ref())),
        ),
        Column::new("versions_offered", "", "versions the client offered", Get::List(|r| texts(&r.hellos.versions_offered))),
        Column::new(
            "ciphers_offered",
            "",
            "cipher suites the client offered, in its order, GREASE left out",
            Get::List(|r| texts(&r.hellos.ciphers_offered)),
        ),
        Column::new(
            "server_name",
            "",
            "server name indication (RFC 6066 section 3), lower-case; empty without one",
            Get::Text(|r| text_of(r.hellos.server_name.as_ref())),
        ),
        Column::new("alpn", "", "application protocols the client offered (RFC 7301)", Get::List(|r| texts(&r.hellos.alpn))),
        Column::new(
            "alpn_chosen",
            "",
            "application protocol the server chose; empty when it is not opened",
            Get::Text(|r| text_of(r.hellos.alpn_chosen.as_ref())),
        ),
        Column::new(
            "cipher",
            "",
            "cipher suite the server chose; empty when its hello was not seen",
            Get::Text(|r| text_of(r.hellos.cipher.as_ref())),
        ),
        Column::new(
            "ech",
            "",
            "Encrypted Client Hello: present (also when it may be GREASE), esni (the draft before it); empty when absent",
            Get::Text(|r| text_of(r.hellos.ech.as_ref())),
        ),
        Column::new("ja4", "", "JA4 client fingerprint; empty without a client hello", Get::Text(|r| text_of(r.hellos.ja4.as_ref()))),
        Column::new("from_device", "", "true when the device is the client", Get::Flag(|r| Some(r.from_device))),
        Column::new("quic_version", "", "QUIC version: v1, v2, draft-29, Q046, … or its number", Get::Text(|r| text(&r.quic_version))),
        Column::new("dcid", "", "destination connection identifier of the client's first Initial, in hex", Get::Text(|r| text(&r.dcid))),
        Column::new(
            "hello_datagrams",
            "",
            "datagrams that carried the client hello, as far as it was read",
            Get::Number(|r| Some(r.datagrams.into())),
        ),
        Column::new(
            "established",
            "",
            "true when the client went on to packets that follow a completed handshake",
            Get::Flag(|r| Some(r.established)),
        ),
        Column::new(
            "user_agent",
            "",
            "user agent, where the client names one; empty otherwise",
            Get::Text(|r| text_of(r.user_agent.as_ref())),
        ),
        Column::new(
            "decrypted_by",
            "",
            "the analyst's secrets that opened packets after the hellos, by the place they came from, see tls.decrypted_by; empty when none did",
            Get::List(|r| texts(&r.decrypted_by)),
        ),
        Column::new(
            "plain_bytes_out",
            "bytes",
            "data of streams from the device that was decrypted; empty without keys",
            Get::Number(|r| r.plain_bytes_out),
        ),
        Column::new(
            "plain_bytes_in",
            "bytes",
            "data of streams to the device that was decrypted; empty without keys",
            Get::Number(|r| r.plain_bytes_in),
        ),
        Column::new("unopened_packets", "", "protected packets that no key opened; empty without keys", Get::Number(|r| r.unopened)),
    ];
}
