//! What a flow can have carried: between so many bytes of content and so many, in each direction.

use serde::{Deserialize, Serialize};

/// Bounds of the content that went one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Content that it carried at least.
    pub min: u64,
    /// Content that it can have carried at most.
    pub max: u64,
}

/// What the bounds were counted from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum VolumeBasis {
    /// The bodies of all its messages, which were read to their ends.
    HttpBodies,
    /// The records of TLS, each less what its cipher adds.
    TlsRecords,
    /// The packets of QUIC, each less the least it needs for itself.
    QuicPackets,
    /// The payload.
    #[default]
    Payload,
}

impl VolumeBasis {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HttpBodies => "http-bodies",
            Self::TlsRecords => "tls-records",
            Self::QuicPackets => "quic-packets",
            Self::Payload => "payload",
        }
    }
}

/// The content of a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// From the device.
    pub outbound: Bounds,
    /// To the device.
    pub inbound: Bounds,
    /// What both were counted from.
    pub basis: VolumeBasis,
    /// Why it may have carried more than was captured.
    pub open: Vec<String>,
}
