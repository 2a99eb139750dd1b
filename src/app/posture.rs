//! How well what was said was kept: findings of a flow that need no key, or that a key only makes visible. Each kind has
//! a weight and a reason that a reader without the field understands; none shows a secret.

mod certificate;
mod handshake;
mod request;

use super::{Context, FlowInfo};
use crate::record::{Finding, Row, Severity};
use crate::time::Timestamp;

pub(super) use certificate::chain;
pub(super) use handshake::{Agreed, agreed, quic_version};
pub(super) use request::{Asked, exchange};

/// A kind of finding.
#[derive(Debug)]
pub(super) struct Kind {
    name: &'static str,
    severity: Severity,
    reason: &'static str,
    /// Only what was in clear is one.
    is_of_clear_text: bool,
}

const fn kind(name: &'static str, severity: Severity, reason: &'static str) -> Kind {
    Kind { name, severity, reason, is_of_clear_text: false }
}

/// A password or credential in clear.
pub(super) const CLEAR_LOGIN: Kind = Kind {
    is_of_clear_text: true,
    ..kind("clear-login", Severity::High, "everybody on the way can read the credential and use it, for as long as it is valid")
};
const CLEAR_COOKIE: Kind = Kind {
    is_of_clear_text: true,
    ..kind("clear-cookie", Severity::Medium, "everybody on the way can read the cookie and act as this user, for as long as it is valid")
};
const URL_TOKEN: Kind = kind(
    "url-token",
    Severity::Medium,
    "addresses are kept in the logs of servers and proxies and passed on to other sites: whoever finds the token there can use it",
);
const OPEN_STORAGE: Kind =
    kind("open-storage", Severity::High, "anybody who knows the address can list what is stored there, and may be able to fetch it");
const PRESIGNED_LINK: Kind =
    kind("presigned-link", Severity::Low, "whoever has this link can use it until it ends, without any other proof of who they are");
const OLD_TLS: Kind =
    kind("old-tls", Severity::Medium, "versions before TLS 1.2 have known weaknesses and must not be used any more (RFC 8996, RFC 7568)");
const OLD_TLS_OFFERED: Kind =
    kind("old-tls-offered", Severity::Info, "a server, or somebody who plays one, can choose the old version, which has known weaknesses");
const OLD_QUIC: Kind = kind(
    "old-quic",
    Severity::Low,
    "drafts of QUIC and makers' own versions are not looked after any more: what is found wrong with them is not mended, and they are read by fewer eyes",
);
const UNKNOWN_QUIC: Kind =
    kind("unknown-quic", Severity::Info, "nothing is known of this version: neither what it seals nor what it shows can be told");
const WEAK_CIPHER: Kind =
    kind("weak-cipher", Severity::High, "the cipher can be broken or hides nothing, so that others may read or change what is sent");
const WEAK_CIPHER_OFFERED: Kind = kind(
    "weak-cipher-offered",
    Severity::Low,
    "a server, or somebody who plays one, can choose a cipher that can be broken or hides nothing",
);
const NO_FORWARD_SECRECY: Kind =
    kind("no-forward-secrecy", Severity::Low, "whoever gets the server's key one day can read everything recorded until then");
const EXPIRED: Kind = kind(
    "certificate-expired",
    Severity::Medium,
    "nobody vouches for the server any more; a client that goes on may be talking to anybody",
);
const NOT_YET_VALID: Kind =
    kind("certificate-not-yet-valid", Severity::Medium, "nobody vouches for the server yet, or the clock of one side is wrong");
const SELF_SIGNED: Kind = kind(
    "certificate-self-signed",
    Severity::Medium,
    "the server vouches for itself: unless the client knows this very certificate, it may be talking to anybody",
);
const NAME_MISMATCH: Kind = kind(
    "certificate-name-mismatch",
    Severity::High,
    "the certificate is that of another name: a client that goes on may be talking to anybody",
);
const WEAK_KEY: Kind = kind("certificate-weak-key", Severity::Medium, "a key this short can be found, and the server be played by others");
const WEAK_SIGNATURE: Kind = kind(
    "certificate-weak-signature",
    Severity::Medium,
    "a signature by this hash can be forged, and with it a certificate for the same name",
);

const OF_CLEAR_TEXT: [&Kind; 2] = [&CLEAR_LOGIN, &CLEAR_COOKIE];

/// What was seen of a kind.
pub(super) struct Seen {
    /// Frame and time.
    pub(super) at: (u64, Timestamp),
    /// What was found, in plain words.
    pub(super) what: String,
    /// What tells it from others of its kind, without anything secret.
    pub(super) value: String,
    /// Host that it was said to.
    pub(super) name: Option<String>,
    /// What it rests on.
    pub(super) basis: &'static str,
}

/// Writes a finding down.
pub(super) fn tell(kind: &Kind, seen: Seen, context: &mut Context<'_>) {
    let finding = finding(kind, seen, context.flow);
    context.rows.push(Row::Finding(Box::new(finding)));
}

/// What is read out of sealed bytes was not in clear.
pub(super) fn is_for_clear_text_only(row: &Row) -> bool {
    matches!(row, Row::Finding(finding) if OF_CLEAR_TEXT.iter().any(|kind| kind.is_of_clear_text && kind.name == finding.kind))
}

fn finding(kind: &Kind, seen: Seen, flow: &FlowInfo) -> Finding {
    let (capture, flow_id) = flow.place(seen.at.1);
    Finding {
        kind: kind.name,
        severity: kind.severity,
        what: seen.what,
        capture,
        flow_id: Some(flow_id),
        frame: Some(seen.at.0),
        time: Some(seen.at.1),
        device_ip: Some(flow.device.0),
        device_mac: flow.device_mac.clone(),
        remote_ip: Some(flow.remote.0),
        remote_port: Some(flow.remote.1),
        name: seen.name,
        value: Some(seen.value).filter(|value| !value.is_empty()),
        basis: seen.basis,
        reason: Some(kind.reason),
        count: 1,
        ..Finding::default()
    }
}

#[cfg(test)]
mod tests;
