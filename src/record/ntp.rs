//! Table `ntp`: answers of time servers, and what they say of the clocks of capture and device.

use super::{Column, Get, Origin, Record};
use crate::time::{Span, Timestamp};

/// An answer of a time server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ntp {
    /// Flow, and the frame of the answer.
    pub origin: Origin,
    /// Version of the protocol.
    pub version: u8,
    /// Distance from a reference clock.
    pub stratum: u8,
    /// When the capture saw the question.
    pub asked: Option<Timestamp>,
    /// When the server received it, by its clock.
    pub receive: Option<Timestamp>,
    /// When the server answered, by its clock.
    pub transmit: Option<Timestamp>,
    /// The capture's clock less the server's.
    pub offset: Option<Span>,
    /// By how much that may be wrong, at most.
    pub uncertainty: Option<Span>,
    /// The capture's clock less the one that the question showed.
    pub device_offset: Option<Span>,
}

impl Record for Ntp {
    const TABLE: &'static str = "ntp";
    const ABOUT: &'static str = "one row per answer of a time server (RFC 5905)";
    const ORIGIN: Option<fn(&Self) -> &Origin> = Some(|r| &r.origin);
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("version", "", "version of the protocol", Get::Number(|r| Some(r.version.into()))),
        Column::new(
            "stratum",
            "",
            "distance of the server from a reference clock; 0 and 16 do not know the time",
            Get::Number(|r| Some(r.stratum.into())),
        ),
        Column::new("asked", "", "time of the question in the capture; empty when it was not seen", Get::Time(|r| r.asked)),
        Column::new(
            "server_receive",
            "",
            "when the question came, by the server's clock; empty when it does not say",
            Get::Time(|r| r.receive),
        ),
        Column::new(
            "server_transmit",
            "",
            "when the answer went, by the server's clock; empty when it does not say",
            Get::Time(|r| r.transmit),
        ),
        Column::new(
            "clock_offset_ms",
            "ms",
            "the capture's clock less the server's; empty without the question, or when the server does not know the time",
            Get::Real(|r| r.offset.map(Span::millis)),
        ),
        Column::new(
            "uncertainty_ms",
            "ms",
            "by how much that may be wrong: half of what the way took; empty with it",
            Get::Real(|r| r.uncertainty.map(Span::millis)),
        ),
        Column::new(
            "device_clock_offset_ms",
            "ms",
            "the capture's clock less the one that the question shows, which the device need not tell; empty without the question, and when it is more than a day",
            Get::Real(|r| r.device_offset.map(Span::millis)),
        ),
    ];
}
