//! Table `names`: which name an address went by, for whom, and since when.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Column, Get, Origin, Record, shown, text};
use crate::time::Timestamp;

/// Where a name was seen; the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NameSource {
    /// Server name indication of a TLS or QUIC hello.
    Sni,
    /// Host header or request target of HTTP.
    Host,
    /// DNS answer (A, AAAA, or an address hint) that the device itself got.
    Dns,
    /// Subject of the server's certificate.
    Certificate,
    /// DNS answer that another device got.
    DnsOther,
    /// Multicast DNS or LLMNR answer.
    Mdns,
    /// Reverse lookup seen in the capture.
    Ptr,
    /// Name resolution block of the capture file: what the capturing machine believed.
    CaptureFile,
}

impl NameSource {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sni => "sni",
            Self::Host => "host",
            Self::Dns => "dns",
            Self::DnsOther => "dns-other-device",
            Self::Mdns => "mdns",
            Self::Certificate => "certificate",
            Self::Ptr => "ptr",
            Self::CaptureFile => "capture-file",
        }
    }
}

/// A name learned for an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// Flow and frame it was learned from.
    pub origin: Origin,
    /// Link address of the device that learned it.
    pub device_mac: Option<String>,
    /// The address that has the name.
    pub address: IpAddr,
    /// The name that was asked for, escaped, lower-case.
    pub name: String,
    /// The last name of the alias chain, where it differs.
    pub canonical: Option<String>,
    /// Valid until, by its time to live.
    pub until: Option<Timestamp>,
    /// Where it was seen.
    pub source: NameSource,
}

impl Record for Name {
    const TABLE: &'static str = "names";
    const ABOUT: &'static str = "one row per name that an answer gave to an address for a device";
    const ORIGIN: Option<fn(&Self) -> &Origin> = Some(|r| &r.origin);
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new(
            "device_mac",
            "",
            "link address of the device that learned the name; empty when the link type has none",
            Get::Text(|r| super::text_of(r.device_mac.as_ref())),
        ),
        Column::new("address", "", "address that has the name", Get::Text(|r| shown(r.address))),
        Column::new("name", "", "name that was asked for, lower-case", Get::Text(|r| text(&r.name))),
        Column::new(
            "canonical",
            "",
            "last name of the alias chain; empty when it is the name itself",
            Get::Text(|r| super::text_of(r.canonical.as_ref())),
        ),
        Column::new("from", "", "time of the answer", Get::Time(|r| Some(r.origin.time))),
        Column::new("until", "", "end of its time to live; empty when it has none", Get::Time(|r| r.until)),
        Column::new("source", "", "dns, mdns, ptr, capture-file", Get::Text(|r| text(r.source.as_str()))),
    ];
}
