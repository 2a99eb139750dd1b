//! Table `summary`: bytes per category and region, made from `flows` by dataframe work.

use super::{Field, Kind};

/// The columns of `summary`; those before `flows` are its key.
pub const SUMMARY: &[Field] = &[
    Field { name: "run", unit: "", about: "run of the study; empty outside a study", kind: Kind::Text },
    Field { name: "device_ip", unit: "", about: "address of the device", kind: Kind::Text },
    Field { name: "app", unit: "", about: "application on the device; empty when not known", kind: Kind::Text },
    Field { name: "category", unit: "", about: "kind of data", kind: Kind::Text },
    Field { name: "category_basis", unit: "", about: "what the category rests on", kind: Kind::Text },
    Field { name: "region", unit: "", about: "region of the grouping in use", kind: Kind::Text },
    Field { name: "country", unit: "", about: "country of the remote; empty when not settled", kind: Kind::Text },
    Field { name: "owner", unit: "", about: "organisation behind the name; empty when no rule names one", kind: Kind::Text },
    Field { name: "party", unit: "", about: "role of the remote towards the vendor under study", kind: Kind::Text },
    Field { name: "encryption", unit: "", about: "tls, quic, dtls, none, unknown", kind: Kind::Text },
    Field { name: "initiation", unit: "", about: "user-initiated, automatic, ambiguous, unknown", kind: Kind::Text },
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
];
