//! What a client hello offers, as rows show it: the same over TCP and in QUIC.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::record::{FlowName, NameSource};
use crate::wire::escape;
use crate::wire::handshake::{ClientHello, cipher_name, is_grease, rank, version_name};
use crate::wire::ja4::{Carrier, ja4};

/// A client's offer. All text is escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offer {
    /// Highest version offered.
    pub(super) version: Option<Cow<'static, str>>,
    /// Versions offered.
    pub(super) versions: Vec<Cow<'static, str>>,
    /// Cipher suites offered, without those that only keep servers tolerant.
    pub(super) ciphers: Vec<Cow<'static, str>>,
    /// Server name, lower-case.
    pub(super) server_name: Option<String>,
    /// Application protocols.
    pub(super) alpn: Vec<String>,
    /// Encrypted Client Hello.
    pub(super) ech: Option<String>,
    /// Fingerprint; none of a hello that was cut.
    pub(super) ja4: Option<String>,
}

impl Offer {
    /// From a hello that `carrier` brought.
    pub(super) fn new(carrier: Carrier, hello: &ClientHello<'_>) -> Self {
        let offered = hello.offered();
        // Numbers above TLS 1.3 are drafts and experiments of it.
        let highest = offered.iter().max_by_key(|version| (**version == 0x0304, rank(**version)));
        Self {
            version: highest.map(|version| version_name(*version)),
            versions: offered.iter().map(|version| version_name(*version)).collect(),
            ciphers: hello.ciphers.iter().filter(|cipher| !is_grease(**cipher)).map(|cipher| cipher_name(*cipher)).collect(),
            server_name: hello.server_name.and_then(host),
            alpn: hello.alpn.iter().filter(|name| !is_reserved(name)).map(|name| escape(name)).collect(),
            ech: hello.encrypted_name().map(str::to_owned),
            ja4: (!hello.is_cut).then(|| ja4(carrier, hello)),
        }
    }

    /// Takes over what only the second hello after a retry says.
    pub(super) fn add(&mut self, second: Self) {
        self.server_name = self.server_name.take().or(second.server_name);
        self.ech = self.ech.take().or(second.ech);
        self.ja4 = self.ja4.take().or(second.ja4);
        if self.alpn.is_empty() {
            self.alpn = second.alpn;
        }
    }

    /// The server name as a name of the flow; an address is none.
    pub(super) fn flow_name(&self) -> Option<FlowName> {
        let name = self.server_name.clone().filter(|name| name.parse::<IpAddr>().is_err())?;
        Some(FlowName { source: NameSource::Sni, name })
    }
}

/// A host name as rows show it: lower-case, escaped, without its final dot; `None` when it is empty.
pub(super) fn host(name: &[u8]) -> Option<String> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    (!name.is_empty()).then(|| escape(&name.to_ascii_lowercase()))
}

/// Protocol names that are GREASE (RFC 8701 section 2).
fn is_reserved(name: &[u8]) -> bool {
    <[u8; 2]>::try_from(name).is_ok_and(|pair| is_grease(u16::from_be_bytes(pair)))
}
