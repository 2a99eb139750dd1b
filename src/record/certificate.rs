//! Table `certificates`: server and client certificates seen in clear text.

use super::{Column, Get, Origin, Record, text, text_of, texts};

/// Certificate in a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Flow and frame.
    pub origin: Origin,
    /// The device sent it.
    pub from_device: bool,
    /// Place in the chain, 0 for the leaf.
    pub position: u32,
    /// Server name that the handshake asked for.
    pub server_name: Option<String>,
    /// Subject.
    pub subject: String,
    /// Names it is valid for.
    pub names: Vec<String>,
    /// Issuer.
    pub issuer: String,
    /// Serial number in hex.
    pub serial: String,
    /// Valid from.
    pub not_before: Option<crate::time::Timestamp>,
    /// Valid until.
    pub not_after: Option<crate::time::Timestamp>,
    /// Valid at the time of the frame.
    pub is_valid_then: Option<bool>,
    /// Subject equals issuer.
    pub is_self_issued: bool,
    /// Public key.
    pub key: String,
    /// Signature algorithm.
    pub signature: String,
    /// Fingerprint.
    pub sha256: String,
    /// Old fingerprint.
    pub sha1: String,
}

impl Record for Certificate {
    const TABLE: &'static str = "certificates";
    const ABOUT: &'static str = "one row per certificate in a handshake";
    const ORIGIN: Option<fn(&Self) -> &Origin> = Some(|r| &r.origin);
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("from_device", "", "true when the device sent the certificate", Get::Flag(|r| Some(r.from_device))),
        Column::new("position", "", "place in the chain, 0 for the leaf", Get::Number(|r| Some(r.position.into()))),
        Column::new("server_name", "", "server name the client hello asked for", Get::Text(|r| text_of(r.server_name.as_ref()))),
        Column::new("subject", "", "distinguished name of the subject, RFC 4514", Get::Text(|r| text(&r.subject))),
        Column::new("names", "", "subject alternative names (DNS and IP), else the common name", Get::List(|r| texts(&r.names))),
        Column::new("issuer", "", "distinguished name of the issuer", Get::Text(|r| text(&r.issuer))),
        Column::new("serial", "", "serial number, in hex", Get::Text(|r| text(&r.serial))),
        Column::new("not_before", "", "start of validity", Get::Time(|r| r.not_before)),
        Column::new("not_after", "", "end of validity", Get::Time(|r| r.not_after)),
        Column::new("valid_at_capture", "", "true when the time of the frame lies within the validity", Get::Flag(|r| r.is_valid_then)),
        Column::new("self_issued", "", "true when subject and issuer are the same", Get::Flag(|r| Some(r.is_self_issued))),
        Column::new("key", "", "algorithm and size of the public key", Get::Text(|r| text(&r.key))),
        Column::new("signature", "", "signature algorithm", Get::Text(|r| text(&r.signature))),
        Column::new("sha256", "", "SHA-256 fingerprint, in hex", Get::Text(|r| text(&r.sha256))),
        Column::new("sha1", "", "SHA-1 fingerprint, in hex, for older lists", Get::Text(|r| text(&r.sha1))),
    ];
}
