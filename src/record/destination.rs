//! Table `destinations`: device x remote name x remote address, made from `flows` by dataframe work.

use super::{Field, Kind};

/// The columns of `destinations`; the first three are its key.
pub const DESTINATIONS: &[Field] = &[
    Field { name: "device_ip", unit: "", about: "address of the device", kind: Kind::Text },
    Field { name: "name", unit: "", about: "host name; empty when nothing told one", kind: Kind::Text },
    Field { name: "remote_ip", unit: "", about: "address of the remote", kind: Kind::Text },
    Field { name: "domain", unit: "", about: "registrable domain of the name", kind: Kind::Text },
    Field { name: "owner", unit: "", about: "organisation behind the name", kind: Kind::Text },
    Field { name: "owner_country", unit: "", about: "its home country", kind: Kind::Text },
    Field { name: "party", unit: "", about: "role towards the vendor under study", kind: Kind::Text },
    Field { name: "scope", unit: "", about: "kind of the remote address", kind: Kind::Text },
    Field { name: "country", unit: "", about: "country when settled", kind: Kind::Text },
    Field { name: "country_basis", unit: "", about: "what the country rests on", kind: Kind::Text },
    Field { name: "region", unit: "", about: "region of the grouping in use", kind: Kind::Text },
    Field { name: "asn", unit: "", about: "autonomous system of the address", kind: Kind::Number },
    Field { name: "as_org", unit: "", about: "its organisation", kind: Kind::Text },
    Field { name: "categories", unit: "", about: "kinds of data seen, sorted", kind: Kind::List },
    Field { name: "name_sources", unit: "", about: "where the name was seen, sorted; `none` for flows without one", kind: Kind::List },
    Field { name: "encryptions", unit: "", about: "encryption of the flows, sorted", kind: Kind::List },
    Field { name: "ports", unit: "", about: "remote ports with protocol, as `tcp/443`, sorted", kind: Kind::List },
    Field { name: "flows", unit: "flows", about: "flows", kind: Kind::Number },
    Field { name: "packets_out", unit: "packets", about: "IP packets from the device", kind: Kind::Number },
    Field { name: "packets_in", unit: "packets", about: "IP packets to the device", kind: Kind::Number },
    Field { name: "wire_bytes_out", unit: "bytes", about: "frames from the device", kind: Kind::Number },
    Field { name: "wire_bytes_in", unit: "bytes", about: "frames to the device", kind: Kind::Number },
    Field { name: "ip_bytes_out", unit: "bytes", about: "IP datagrams from the device: bytes transmitted", kind: Kind::Number },
    Field { name: "ip_bytes_in", unit: "bytes", about: "IP datagrams to the device", kind: Kind::Number },
    Field { name: "payload_bytes_out", unit: "bytes", about: "transport payload from the device", kind: Kind::Number },
    Field { name: "payload_bytes_in", unit: "bytes", about: "transport payload to the device", kind: Kind::Number },
    Field { name: "unique_bytes_out", unit: "bytes", about: "payload from the device without what TCP sent again", kind: Kind::Number },
    Field { name: "unique_bytes_in", unit: "bytes", about: "payload to the device without what TCP sent again", kind: Kind::Number },
    Field { name: "first", unit: "", about: "earliest frame", kind: Kind::Time },
    Field { name: "last", unit: "", about: "latest frame", kind: Kind::Time },
    Field {
        name: "rtt_min_ms",
        unit: "ms",
        about: "smallest SYN to SYN-ACK time of flows that the device opened; empty without one",
        kind: Kind::Real,
    },
];
