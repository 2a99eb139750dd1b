//! What the hellos of client and server said: the same over TCP, in DTLS and in QUIC.

use std::borrow::Cow;

/// What a client offered and what the server chose of it. All text is escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hellos {
    /// Version chosen, or the highest offered.
    pub version: Option<Cow<'static, str>>,
    /// Versions offered, without GREASE.
    pub versions_offered: Vec<Cow<'static, str>>,
    /// Cipher suites offered, without GREASE.
    pub ciphers_offered: Vec<Cow<'static, str>>,
    /// Server name indication, lower-case.
    pub server_name: Option<String>,
    /// Application protocols offered.
    pub alpn: Vec<String>,
    /// Application protocol chosen.
    pub alpn_chosen: Option<String>,
    /// Cipher suite chosen.
    pub cipher: Option<Cow<'static, str>>,
    /// Encrypted Client Hello.
    pub ech: Option<String>,
    /// JA4 fingerprint of the client; none of a hello that was cut.
    pub ja4: Option<String>,
}
