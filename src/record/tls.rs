//! Table `tls`: handshakes over TCP, and of DTLS over UDP.

use super::{Column, Get, Hellos, Origin, Record, text_of, texts};

/// TLS handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Flow and frame.
    pub origin: Origin,
    /// What the hellos said.
    pub hellos: Hellos,
    /// The device sent the client hello.
    pub from_device: bool,
    /// The server accepted a session or ticket.
    pub is_resumed: bool,
    /// Frames of both hellos.
    pub hello_frames: Vec<String>,
    /// Application data followed.
    pub established: bool,
    /// First alert in clear text.
    pub alert: Option<String>,
    /// Secrets that opened records.
    pub decrypted_by: Vec<String>,
    /// Content from the device, when anything was opened.
    pub plain_bytes_out: Option<u64>,
    /// Content to the device.
    pub plain_bytes_in: Option<u64>,
    /// Sealed records that no key opened, when there were keys.
    pub unopened: Option<u64>,
}

impl Record for Tls {
    const TABLE: &'static str = "tls";
    const ABOUT: &'static str = "one row per TLS or DTLS handshake";
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
            "application protocol the server chose; empty when absent, or encrypted and not opened",
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
        Column::new(
            "ja4",
            "",
            "JA4 client fingerprint, of DTLS with the prefix d; empty without a client hello",
            Get::Text(|r| text_of(r.hellos.ja4.as_ref())),
        ),
        Column::new("from_device", "", "true when the device is the client", Get::Flag(|r| Some(r.from_device))),
        Column::new(
            "resumed",
            "",
            "true when the server resumed a session (pre-shared key chosen, session identifier echoed, or the short handshake of TLS 1.2)",
            Get::Flag(|r| Some(r.is_resumed)),
        ),
        Column::new(
            "hello_frames",
            "",
            "frames of the hellos, as `client:N`, `server:N`, and `retry:N` where the server asked for another client hello, in DTLS with a cookie",
            Get::List(|r| texts(&r.hello_frames)),
        ),
        Column::new(
            "established",
            "",
            "true when application data was seen after the handshake; in TLS 1.3, which hides its handshake in application data, when the client sent a second encrypted record",
            Get::Flag(|r| Some(r.established)),
        ),
        Column::new(
            "alert",
            "",
            "first alert seen in clear text and who sent it, as `level description by device`; of opened ones the first that is no close_notify; empty without one",
            Get::Text(|r| text_of(r.alert.as_ref())),
        ),
        Column::new(
            "decrypted_by",
            "",
            "the analyst's secrets that opened records, by the place they came from: `FILE:LINE`, `CAPTURE@OFFSET:LINE`, or the file of a private key; empty when none did",
            Get::List(|r| texts(&r.decrypted_by)),
        ),
        Column::new(
            "plain_bytes_out",
            "bytes",
            "application data from the device that was decrypted; empty without keys",
            Get::Number(|r| r.plain_bytes_out),
        ),
        Column::new(
            "plain_bytes_in",
            "bytes",
            "application data to the device that was decrypted; empty without keys",
            Get::Number(|r| r.plain_bytes_in),
        ),
        Column::new(
            "unopened_records",
            "",
            "protected records that no key opened: a hole before them, or another key; empty without keys",
            Get::Number(|r| r.unopened),
        ),
    ];
}
