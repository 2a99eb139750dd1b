//! Rows and folders that the tests of this floor and of the faces share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::DataFrame;

use crate::record::{
    Anomaly, Answer, ApplicationBasis, Capture, Counts, DeviceBasis, Disposition, Dns, Encryption, Flow, Initiator, Ledger, NameSource,
    Origin, Place, RemoteId, Volume,
};
use crate::time::{Span, Timestamp};

/// A folder below the system's temporary one, removed in the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("whereto-test-{}-{name}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The texts of a list cell.
pub(crate) fn texts(frame: &DataFrame, column: &str, row: usize) -> Vec<String> {
    let list = frame.column(column).unwrap().list().unwrap().get_as_series(row).unwrap();
    list.str().unwrap().iter().flatten().map(str::to_owned).collect()
}

/// A TLS flow of `number` thousand bytes to log.example, with every answer given.
pub(crate) fn flow(number: u64) -> Flow {
    let seconds = i64::try_from(number).unwrap();
    Flow {
        device_port: Some(50_000),
        remote_port: Some(443),
        initiator: Initiator::Device,
        first: Timestamp::from_parts(seconds, 0),
        last: Timestamp::from_parts(seconds, 500),
        outbound: Counts { packets: 2, wire_bytes: number * 1_000 + 28, ip_bytes: number * 1_000, ..Counts::default() },
        inbound: Counts { packets: 1, wire_bytes: number * 10 + 14, ip_bytes: number * 10, ..Counts::default() },
        handshake_rtt: Some(Span::from_nanos(seconds * 1_000_000)),
        round_trip: Some(Span::from_nanos(seconds * 1_000_000)),
        application: Some("tls".into()),
        encryption: Encryption::Tls,
        quality: vec!["gaps".into()],
        answer: Answer {
            name: Some("log.example".into()),
            name_source: Some(NameSource::Sni),
            domain: Some("example".into()),
            owner: Some("Example Drones".into()),
            owner_country: Some("CN".into()),
            scope: "global",
            country: Some("HK".into()),
            country_basis: "sources-agree",
            region: "HK".into(),
            asn: Some(64_500),
            rtt_min: Some(Span::from_nanos(seconds * 1_000_000)),
            party: "first",
            category: "flight_log",
            category_basis: "name",
            ..Answer::default()
        },
        ..bare_flow(number)
    }
}

/// A flow of which nothing optional is known.
pub(crate) fn bare_flow(number: u64) -> Flow {
    Flow {
        capture: Arc::from("one.pcap"),
        flow_id: number,
        interface: 0,
        interface_name: None,
        protocol: "tcp".into(),
        tunnel: None,
        vlan: None,
        device_ip: [192, 168, 0, 2].into(),
        device_port: None,
        device_mac: None,
        bssid: None,
        station: None,
        channel: None,
        device_basis: DeviceBasis::Address,
        remote_ip: [203, 0, 113, 5].into(),
        remote_port: None,
        initiator: Initiator::Unknown,
        app: None,
        first: Timestamp::from_nanos(0),
        last: Timestamp::from_nanos(0),
        first_frame: 1,
        last_frame: 1,
        outbound: Counts::default(),
        inbound: Counts::default(),
        history: None,
        conn_state: None,
        ended_by: "idle".into(),
        period: None,
        handshake_rtt: None,
        round_trip: None,
        handshake_ack: None,
        device_clock: None,
        application: None,
        application_basis: ApplicationBasis::default(),
        encryption: Encryption::Unknown,
        quality: Vec::new(),
        names: Vec::new(),
        requests: Vec::new(),
        link: None,
        decrypted_by: Vec::new(),
        volume: Volume::default(),
        class: None,
        answer: Answer {
            scope: "global",
            country_basis: "none",
            region: "unknown".into(),
            party: "unknown",
            category: "unknown",
            category_basis: "none",
            ..Answer::default()
        },
    }
}

/// Flows that differ in what the aggregates group by.
pub(crate) fn varied_flow(number: u64) -> Flow {
    let mut flow = if number.is_multiple_of(5) { bare_flow(number) } else { flow(number) };
    flow.remote_ip = [203, 0, 113, u8::try_from(number % 3).unwrap()].into();
    flow.answer.category = ["flight_log", "firmware", "push", "unknown"][usize::try_from(number % 4).unwrap()];
    flow.answer.region = ["CN", "US", "disputed"][usize::try_from(number % 3).unwrap()].into();
    if number.is_multiple_of(8) {
        flow.answer.category_candidates = vec!["firmware".into(), "map_tiles".into()];
    }
    flow
}

pub(crate) fn dns() -> Dns {
    Dns {
        origin: Origin {
            capture: Arc::from("one.pcap"),
            flow_id: 1,
            frame: 7,
            time: Timestamp::from_nanos(1),
            device_ip: [192, 168, 0, 2].into(),
            remote_ip: [192, 168, 0, 1].into(),
            remote_port: Some(53),
        },
        protocol: "dns".into(),
        transport: "udp".into(),
        from_device: true,
        id: 1,
        is_response: false,
        opcode: 0,
        query: Some("log.example".into()),
        query_type: Some("A".into()),
        questions: vec!["A log.example".into()],
        response_code: None,
        answers: Vec::new(),
        authorities: Vec::new(),
        additionals: Vec::new(),
        is_truncated: false,
        decrypted: false,
    }
}

/// A flight record of a Spark.
pub(crate) fn remote_id() -> RemoteId {
    RemoteId {
        capture: Arc::from("one.pcap"),
        frame: 1,
        time: Timestamp::from_parts(1_572_783_663, 0),
        transmitter: Some("60:60:1f:5a:3c:01".into()),
        system: "dji-droneid",
        transport: "beacon",
        identity: Some("0ASUE7L0021LAB".into()),
        identity_type: Some("serial-number"),
        position: Some(Place { latitude: 46.948, longitude: 7.4474 }),
        plausible: Some(true),
        ..RemoteId::default()
    }
}

/// Five cut frames.
pub(crate) fn anomaly() -> Anomaly {
    Anomaly {
        capture: Arc::from("one.pcap"),
        frame: Some(3),
        offset: Some(100),
        time: None,
        flow_id: None,
        kind: "snaplen-cut",
        detail: "60 of 1514 bytes".into(),
        count: 5,
        is_damage: true,
    }
}

/// A capture of ten frames.
pub(crate) fn capture() -> Capture {
    Capture {
        path: Arc::from("one.pcap"),
        sha256: "00".repeat(32),
        file_bytes: 1_184,
        container: "pcap little-endian microseconds".into(),
        link_types: vec!["ETHERNET".into()],
        interfaces: vec!["0".into()],
        frames: 10,
        wire_bytes: 1_000,
        captured_bytes: 1_000,
        first: Some(Timestamp::from_parts(1_572_783_663, 0)),
        last: Some(Timestamp::from_parts(1_572_783_723, 0)),
        clock_jumps: 0,
        presence: crate::record::Presence::default(),
        drops_reported: None,
        snaplen: Some(262_144),
        cut_frames: 0,
        is_truncated: false,
        keys_found: 0,
        blocks_skipped: Vec::new(),
        written_by: None,
        tool_version: "0.1.0".into(),
        rules: Vec::new(),
        address_data: Vec::new(),
    }
}

/// The account that closes it.
pub(crate) fn ledger() -> Ledger {
    Ledger {
        capture: Arc::from("one.pcap"),
        disposition: Disposition::Flow,
        reason: "ip".into(),
        frames: 10,
        wire_bytes: 1_000,
        ip_bytes: 860,
    }
}
