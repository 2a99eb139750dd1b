//! Table `ledger`: the account that shows where every captured byte went.

use std::sync::Arc;

use super::{Column, Get, Record, text};

/// Where a frame went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// To a flow.
    Flow,
    /// Not IP: by ethertype.
    NonIp,
    /// 802.11 management.
    WifiManagement,
    /// 802.11 control.
    WifiControl,
    /// 802.11 frame sent again and seen twice.
    WifiDuplicate,
    /// Protected 802.11 frame that was not opened.
    WifiUndecryptable,
    /// The same datagram seen from two vantage points.
    Duplicate,
    /// Not what its headers declare.
    Malformed,
    /// Link type we do not read.
    UnsupportedLink,
    /// Left out by the user's filter.
    Filtered,
}

impl Disposition {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::NonIp => "non-ip",
            Self::WifiManagement => "wifi-management",
            Self::WifiControl => "wifi-control",
            Self::WifiDuplicate => "wifi-duplicate",
            Self::WifiUndecryptable => "wifi-undecryptable",
            Self::Duplicate => "duplicate",
            Self::Malformed => "malformed",
            Self::UnsupportedLink => "unsupported-link",
            Self::Filtered => "filtered",
        }
    }
}

/// One line of a capture's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The capture, path as given.
    pub capture: Arc<str>,
    /// Where the frames went.
    pub disposition: Disposition,
    /// Why, in a fixed word: ethertype, link type, frame kind.
    pub reason: String,
    /// Frames.
    pub frames: u64,
    /// Bytes of the frames on the wire or air.
    pub wire_bytes: u64,
    /// Bytes of IP datagrams in them.
    pub ip_bytes: u64,
}

impl Record for Ledger {
    const TABLE: &'static str = "ledger";
    const ABOUT: &'static str = "one row per capture, disposition and reason; the rows of a capture add up to its total, frame for frame";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("capture", "", "capture, path as given", Get::Text(|r| text(&r.capture))),
        Column::new(
            "disposition",
            "",
            "where the frames went: flow, non-ip, wifi-management, wifi-control, wifi-duplicate, wifi-undecryptable, duplicate, malformed, unsupported-link, filtered",
            Get::Text(|r| text(r.disposition.as_str())),
        ),
        Column::new("reason", "", "why: ethertype, link type, kind of frame or damage", Get::Text(|r| text(&r.reason))),
        Column::new("frames", "frames", "frames", Get::Number(|r| Some(r.frames))),
        Column::new(
            "wire_bytes",
            "bytes",
            "bytes of the frames on the wire or air, metadata headers excluded",
            Get::Number(|r| Some(r.wire_bytes)),
        ),
        Column::new(
            "ip_bytes",
            "bytes",
            "bytes of the IP datagrams in them, by the IP header's own length; 0 where there is no IP",
            Get::Number(|r| Some(r.ip_bytes)),
        ),
    ];
}
