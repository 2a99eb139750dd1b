//! What client and server agreed on, and what the client would have agreed to.

use super::super::Context;
use super::{NO_FORWARD_SECRECY, OLD_TLS, OLD_TLS_OFFERED, Seen, WEAK_CIPHER, WEAK_CIPHER_OFFERED, tell};
use crate::record::Tls;

/// Marks of ciphers that can be broken (RFC 7465, RFC 8429, RFC 9325 section 4.1), that hide nothing, or that know no server.
const WEAK: &[&str] = &["_NULL_", "_EXPORT", "_anon_", "_RC4_", "_RC2_", "_DES_", "_DES40_", "_3DES_", "_IDEA_"];

/// What a handshake came to.
pub(in crate::app) struct Agreed<'a> {
    /// Its row.
    pub(in crate::app) row: &'a Tls,
    /// The server has answered.
    pub(in crate::app) is_answered: bool,
}

fn is_old(version: &str) -> bool {
    matches!(version, "SSL 2.0" | "SSL 3.0" | "TLS 1.0" | "TLS 1.1" | "DTLS 1.0")
}

fn is_weak(cipher: &str) -> bool {
    WEAK.iter().any(|mark| cipher.contains(mark))
}

/// Tells what is weak about a handshake.
pub(in crate::app) fn agreed(agreed: &Agreed<'_>, context: &mut Context<'_>) {
    let row = agreed.row;
    let mut say = |kind, what: String, value: String| {
        let (at, name) = ((row.origin.frame, row.origin.time), row.server_name.clone());
        tell(kind, Seen { at, what, value, name, basis: "content" }, context);
    };
    let version = row.version.as_deref().unwrap_or_default();
    if agreed.is_answered && is_old(version) {
        say(&OLD_TLS, format!("the connection uses {version}"), version.to_owned());
    }
    let old: Vec<&str> = row.versions_offered.iter().map(String::as_str).filter(|offered| is_old(offered)).collect();
    if !old.is_empty() {
        say(&OLD_TLS_OFFERED, format!("the client would use {} too", old.join(", ")), old.join(","));
    }
    if let Some(cipher) = row.cipher.as_deref().filter(|cipher| is_weak(cipher)) {
        say(&WEAK_CIPHER, format!("the connection is sealed with {cipher}"), cipher.to_owned());
    }
    if let Some(cipher) = row.cipher.as_deref().filter(|cipher| cipher.starts_with("TLS_RSA_WITH_")) {
        say(&NO_FORWARD_SECRECY, format!("the connection's key was sent under the server's key ({cipher})"), cipher.to_owned());
    }
    let weak: Vec<&str> = row.ciphers_offered.iter().map(String::as_str).filter(|cipher| is_weak(cipher)).collect();
    if !weak.is_empty() {
        say(&WEAK_CIPHER_OFFERED, format!("the client would use {}", weak.join(", ")), weak.join(","));
    }
}
