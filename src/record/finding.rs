//! Table `findings`: facts worth a reader's eye, each with the frame that shows it.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use super::{Column, DeviceKind, Get, Record, shown, text, text_of};
use crate::time::Timestamp;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    #[default]
    Info,
    /// Worth a look.
    Low,
    /// Tells something of the user, or rests on a weak basis.
    Medium,
    /// Contradicts what a user may expect.
    High,
}

impl Severity {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// What kind, a fixed word.
    pub kind: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// What was found, in plain words.
    pub what: String,
    /// The capture, path as given.
    pub capture: Arc<str>,
    /// Flow, where it belongs to one.
    pub flow_id: Option<u64>,
    /// First frame that shows it.
    pub frame: Option<u64>,
    /// Time of that frame.
    pub time: Option<Timestamp>,
    /// Address of the device.
    pub device_ip: Option<IpAddr>,
    /// Its link address.
    pub device_mac: Option<String>,
    /// What the device is.
    pub device_kind: Option<DeviceKind>,
    /// Address of the remote.
    pub remote_ip: Option<IpAddr>,
    /// Port of the remote.
    pub remote_port: Option<u16>,
    /// Host name of the remote.
    pub name: Option<String>,
    /// Country of the remote.
    pub country: Option<String>,
    /// What was seen, with what tells a person apart left out.
    pub value: Option<String>,
    /// What the finding rests on.
    pub basis: &'static str,
    /// What the analyst's list calls the identifier.
    pub identifier: Option<Arc<str>>,
    /// Whose it is, as the list says.
    pub whose: Option<Arc<str>>,
    /// Form in which it was sent.
    pub form: Option<&'static str>,
    /// Part of the traffic it was in.
    pub part: Option<Cow<'static, str>>,
    /// Bytes before it in that part.
    pub offset: Option<u64>,
    /// The device sent it.
    pub from_device: Option<bool>,
    /// It was read with secrets of the analyst.
    pub decrypted: bool,
    /// Owner of the remote.
    pub owner: Option<String>,
    /// Times it was seen.
    pub count: u64,
    /// Why it matters, in plain words.
    pub reason: Option<&'static str>,
}

impl Record for Finding {
    const TABLE: &'static str = "findings";
    const ABOUT: &'static str = "one row per fact worth a reader's eye: aircraft-to-public (an aircraft or remote controller had a flow of its own with a public address), through-aircraft (an aircraft's link address passed on somebody else's), picture-position (a picture that the device sent says where it was taken), identifier (of the analyst's list), credentials, token, cloud-key, private-key, email, phone-number, imei, imsi, position, flight-record (found without a list; credentials in a field of HTTP in clear have the reason of clear-login, which is not told beside them), clear-login, clear-cookie, url-token, open-storage, presigned-link (credentials and links as HTTP, FTP and mail carry them), old-tls, old-tls-offered, weak-cipher, weak-cipher-offered, no-forward-secrecy (what TLS, DTLS and QUIC came to, and what the client would have come to), old-quic, unknown-quic (versions of QUIC that are no standard), certificate-expired, certificate-not-yet-valid, certificate-self-signed, certificate-name-mismatch, certificate-weak-key, certificate-weak-signature (of a remote, at the time of the capture)";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("kind", "", "what kind", Get::Text(|r| text(r.kind))),
        Column::new("severity", "", "high, medium, low, info", Get::Text(|r| text(r.severity.as_str()))),
        Column::new("what", "", "what was found, in plain words", Get::Text(|r| text(&r.what))),
        Column::new(
            "reason",
            "",
            "why it matters, in plain words; of findings with a reason there is one row per device, remote, port and value, the first of them; empty when `what` says it",
            Get::Text(|r| r.reason.and_then(text)),
        ),
        Column::new("capture", "", "capture, path as given", Get::Text(|r| text(&r.capture))),
        Column::new("flow_id", "", "flow; empty when it belongs to none", Get::Number(|r| r.flow_id)),
        Column::new("frame", "", "first frame that shows it; empty when it belongs to none", Get::Number(|r| r.frame)),
        Column::new("time", "", "time of that frame", Get::Time(|r| r.time)),
        Column::new("device_ip", "", "address of the device; empty when it has none", Get::Text(|r| r.device_ip.and_then(shown))),
        Column::new("device_mac", "", "its link address; empty when not known", Get::Text(|r| text_of(r.device_mac.as_ref()))),
        Column::new(
            "device_kind",
            "",
            "phone, drone, remote-controller; empty when not known",
            Get::Text(|r| r.device_kind.and_then(|kind| text(kind.as_str()))),
        ),
        Column::new("remote_ip", "", "address of the remote; empty when there is none", Get::Text(|r| r.remote_ip.and_then(shown))),
        Column::new("remote_port", "", "port of the remote; empty without ports", Get::Number(|r| r.remote_port.map(u64::from))),
        Column::new("name", "", "host name of the remote; empty when not known", Get::Text(|r| text_of(r.name.as_ref()))),
        Column::new("country", "", "country of the remote; empty when not settled", Get::Text(|r| text_of(r.country.as_ref()))),
        Column::new(
            "value",
            "",
            "what was seen, with what tells a person apart left out unless it was asked for; empty when the flow says it all",
            Get::Text(|r| text_of(r.value.as_ref())),
        ),
        Column::new(
            "basis",
            "",
            "what it rests on; for a device its device_kind_basis, for a picture the metadata: exif, xmp; else content: the bytes themselves",
            Get::Text(|r| text(r.basis)),
        ),
        Column::new(
            "identifier",
            "",
            "id of the identifier in the analyst's list; empty for what was found without one",
            Get::Text(|r| r.identifier.as_deref().and_then(text)),
        ),
        Column::new("whose", "", "whose it is, as the list says; empty when it does not", Get::Text(|r| r.whose.as_deref().and_then(text))),
        Column::new(
            "form",
            "",
            "form in which it was sent: clear, URL-encoded, base64, SHA-256 hex, float LE, …; empty for findings of a whole flow",
            Get::Text(|r| r.form.and_then(text)),
        ),
        Column::new(
            "part",
            "",
            "part of the traffic it was in: request-line, header NAME, cookie, body, sni, dns, websocket, payload (the stream or datagram itself)",
            Get::Text(|r| r.part.as_deref().and_then(text)),
        ),
        Column::new(
            "offset",
            "bytes",
            "bytes before it in that part: of a body decoded, of a stream from its first byte seen; empty for findings of a whole flow",
            Get::Number(|r| r.offset),
        ),
        Column::new("from_device", "", "true when the device sent it; empty for findings of a whole flow", Get::Flag(|r| r.from_device)),
        Column::new(
            "decrypted",
            "",
            "true when it was read with keys of the analyst, false when it was there for everybody",
            Get::Flag(|r| Some(r.decrypted)),
        ),
        Column::new("owner", "", "owner of the remote, as in table flows; empty when not known", Get::Text(|r| text_of(r.owner.as_ref()))),
        Column::new("count", "", "times it was seen in the flow, in this part, form and direction", Get::Number(|r| Some(r.count))),
    ];
}
