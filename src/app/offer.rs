//! What a client hello offers, as rows show it: the same over TCP and in QUIC.

use std::net::IpAddr;

use crate::record::{FlowName, Hellos, NameSource};
use crate::wire::escape;
use crate::wire::handshake::{ClientHello, cipher_name, is_grease, rank, version_name};
use crate::wire::ja4::{Carrier, ja4};

impl Hellos {
    /// What a hello that `carrier` brought offers.
    pub(super) fn offer(carrier: Carrier, hello: &ClientHello<'_>) -> Self {
        let offered = hello.offered();
        // Numbers above TLS 1.3 are drafts and experiments of it.
        let highest = offered.iter().max_by_key(|version| (**version == 0x0304, rank(**version)));
        Self {
            version: highest.map(|version| version_name(*version)),
            versions_offered: offered.iter().map(|version| version_name(*version)).collect(),
            ciphers_offered: hello.ciphers.iter().filter(|cipher| !is_grease(**cipher)).map(|cipher| cipher_name(*cipher)).collect(),
            server_name: hello.server_name.and_then(host),
            alpn: hello.alpn.iter().filter(|name| !is_reserved(name)).map(|name| escape(name)).collect(),
            ech: hello.encrypted_name().map(str::to_owned),
            ja4: (!hello.is_cut).then(|| ja4(carrier, hello)),
            ..Self::default()
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

    /// With what the server chose: version, cipher suite, application protocol.
    pub(super) fn answered(self, version: Option<u16>, cipher: Option<u16>, alpn: Option<String>) -> Self {
        let version = version.map(version_name).or(self.version);
        Self { version, cipher: cipher.map(cipher_name), alpn_chosen: alpn, ..self }
    }
}

/// Names of a flow: the one that its client asked for, which is none when it is an address, and those on the server's certificate.
pub(super) fn names(offer: Option<&Hellos>, certificate: &[String]) -> Vec<FlowName> {
    let asked = offer.and_then(|offer| offer.server_name.as_ref()).filter(|name| name.parse::<IpAddr>().is_err());
    let asked = asked.map(|name| FlowName { source: NameSource::Sni, name: name.clone() });
    let shown = certificate.iter().map(|name| FlowName { source: NameSource::Certificate, name: name.clone() });
    asked.into_iter().chain(shown).collect()
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
