//! What client and server agreed on, and what the client would have agreed to.

use std::borrow::Cow;

use super::super::Context;
use super::{Kind, NO_FORWARD_SECRECY, OLD_QUIC, OLD_TLS, OLD_TLS_OFFERED, Seen, UNKNOWN_QUIC, WEAK_CIPHER, WEAK_CIPHER_OFFERED, tell};
use crate::record::{Hellos, Origin};

/// Words in the names of ciphers that can be broken (RFC 7465, RFC 8429, RFC 9325 section 4.1), that hide nothing, or that know no
/// server.
const WEAK: &[&[u8]] = &[b"NULL", b"EXPORT", b"EXPORT1024", b"anon", b"RC4", b"RC2", b"DES", b"DES40", b"3DES", b"IDEA"];

/// What a handshake came to, and what it could have.
pub(in crate::app) struct Agreed<'a> {
    origin: &'a Origin,
    hellos: &'a Hellos,
    /// The server has answered.
    is_answered: bool,
}

impl<'a> Agreed<'a> {
    /// By its row; answered, unless something else is said.
    pub(in crate::app) const fn new(origin: &'a Origin, hellos: &'a Hellos) -> Self {
        Self { origin, hellos, is_answered: true }
    }

    /// With the server's answer, or without one.
    pub(in crate::app) const fn with_answer<T>(mut self, answer: Option<&T>) -> Self {
        self.is_answered = answer.is_some();
        self
    }

    fn say(&self, kind: &Kind, (what, value): (String, String), context: &mut Context<'_>) {
        let (at, name) = ((self.origin.frame, self.origin.time), self.hellos.server_name.clone());
        tell(kind, Seen { at, what, value, name, basis: "content" }, context);
    }
}

/// Tells of a version of QUIC that is none of the standard's: a draft, a maker's own, or one that nobody knows. Those that are
/// reserved to try servers (RFC 9000 section 15) are no version.
pub(in crate::app) fn quic_version(version: &str, agreed: &Agreed<'_>, context: &mut Context<'_>) {
    let told = |what: String| (what, version.to_owned());
    match version {
        "v1" | "v2" => {}
        _ if !version.starts_with("0x") => {
            agreed.say(
                &OLD_QUIC,
                told(format!("the connection uses QUIC {version}, which is older than the standard or no part of it")),
                context,
            );
        }
        _ if is_reserved(version) => {}
        _ => agreed.say(&UNKNOWN_QUIC, told(format!("the connection uses version {version} of QUIC")), context),
    }
}

/// `0x?a?a?a?a`.
fn is_reserved(version: &str) -> bool {
    version.bytes().skip(3).step_by(2).all(|digit| digit == b'a')
}

fn is_old(version: &str) -> bool {
    matches!(version, "SSL 2.0" | "SSL 3.0" | "TLS 1.0" | "TLS 1.1" | "DTLS 1.0")
}

fn is_weak(cipher: &str) -> bool {
    cipher.as_bytes().split(|byte| *byte == b'_').any(|word| WEAK.contains(&word))
}

/// Tells what is weak about a handshake.
pub(in crate::app) fn agreed(agreed: &Agreed<'_>, context: &mut Context<'_>) {
    let mut say = |kind, what: String, value: String| agreed.say(kind, (what, value), context);
    let version = agreed.hellos.version.as_deref().unwrap_or_default();
    if agreed.is_answered && is_old(version) {
        say(&OLD_TLS, format!("the connection uses {version}"), version.to_owned());
    }
    let old: Vec<&str> = agreed.hellos.versions_offered.iter().map(Cow::as_ref).filter(|offered| is_old(offered)).collect();
    if !old.is_empty() {
        say(&OLD_TLS_OFFERED, format!("the client would use {} too", old.join(", ")), old.join(","));
    }
    if let Some(cipher) = agreed.hellos.cipher.as_deref().filter(|cipher| is_weak(cipher)) {
        say(&WEAK_CIPHER, format!("the connection is sealed with {cipher}"), cipher.to_owned());
    }
    if let Some(cipher) = agreed.hellos.cipher.as_deref().filter(|cipher| cipher.starts_with("TLS_RSA_WITH_")) {
        say(&NO_FORWARD_SECRECY, format!("the connection's key was sent under the server's key ({cipher})"), cipher.to_owned());
    }
    let weak: Vec<&str> = agreed.hellos.ciphers_offered.iter().map(Cow::as_ref).filter(|cipher| is_weak(cipher)).collect();
    if !weak.is_empty() {
        say(&WEAK_CIPHER_OFFERED, format!("the client would use {}", weak.join(", ")), weak.join(","));
    }
}
