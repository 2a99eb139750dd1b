//! What a live session shows: devices, remotes, networks and identities, and how much goes to and fro.
//!
//! It is filled from flows, open and closed, and from rows as they come; it is shown by the screen or as plain lines.
//! The tables do not depend on it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hashbrown::HashMap;

use super::sightings::Sightings;
use crate::capture::Statistics;
use crate::limits;
use crate::record::{Flow, Row};
use crate::time::Timestamp;

/// Everything that is shown.
#[derive(Clone, Debug)]
pub(super) struct Board {
    /// Name of the interface, its link type.
    pub(super) interface: String,
    /// Frames analysed, and their bytes in the file.
    pub(super) frames: Rate,
    pub(super) bytes: Rate,
    /// IP bytes of all flows, from the devices and to them.
    pub(super) traffic: Traffic,
    /// What the system counted.
    pub(super) counted: Statistics,
    /// Bytes that waited for analysis, at most, since the last tick.
    pub(super) queued: usize,
    /// The capture being written, with its bytes; none when nothing is saved.
    pub(super) file: Option<(String, u64)>,
    /// Captures finished.
    pub(super) files: u64,
    /// Flows seen.
    pub(super) flows: u64,
    pub(super) devices: BTreeMap<IpAddr, Device>,
    pub(super) remotes: HashMap<(IpAddr, IpAddr), Remote>,
    pub(super) networks: Sightings,
    pub(super) identities: Sightings,
    pub(super) anomalies: Sightings,
    open: HashMap<u64, (u64, u64)>,
}

/// What is shown of a network, and of each station in it.
const STATION: &[&str] = &["ssid", "bssid", "station", "channel", "security", "signal_most", "data_protected", "data_opened", "keys"];
/// What is shown of a Remote ID.
const IDENTITY: &[&str] = &[
    "identity",
    "transmitter",
    "system",
    "aircraft",
    "latitude",
    "longitude",
    "altitude",
    "height",
    "speed",
    "operator_latitude",
    "operator_longitude",
];

/// A count and its growth per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) total: u64,
    pub(super) now: u64,
    before: u64,
}

/// Bytes from a device and to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) out: Rate,
    pub(super) to: Rate,
}

/// A device under test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) mac: Option<String>,
    pub(super) traffic: Traffic,
    pub(super) last: Timestamp,
}

/// The other end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Remote {
    pub(super) name: Option<String>,
    pub(super) country: String,
    pub(super) category: &'static str,
    pub(super) owner: Option<String>,
    pub(super) traffic: Traffic,
    pub(super) last: Timestamp,
}

impl Rate {
    const fn add(&mut self, more: u64) {
        self.total = self.total.saturating_add(more);
    }

    /// `millis` have passed since the last tick.
    const fn tick(&mut self, millis: u64) {
        let grown = self.total.saturating_sub(self.before).saturating_mul(1_000);
        self.now = match grown.checked_div(millis) {
            Some(now) => now,
            None => 0,
        };
        self.before = self.total;
    }
}

impl Traffic {
    const fn add(&mut self, (out, to): (u64, u64)) {
        self.out.add(out);
        self.to.add(to);
    }

    const fn tick(&mut self, millis: u64) {
        self.out.tick(millis);
        self.to.tick(millis);
    }

    pub(super) const fn total(self) -> u64 {
        self.out.total.saturating_add(self.to.total)
    }

    pub(super) const fn now(self) -> u64 {
        self.out.now.saturating_add(self.to.now)
    }
}

impl Board {
    pub(super) fn new(interface: String) -> Self {
        Self {
            interface,
            frames: Rate::default(),
            bytes: Rate::default(),
            traffic: Traffic::default(),
            counted: Statistics::default(),
            queued: 0,
            file: None,
            files: 0,
            flows: 0,
            devices: BTreeMap::new(),
            remotes: HashMap::new(),
            networks: Sightings::new(&["bssid", "station"], STATION),
            identities: Sightings::new(&["transmitter"], IDENTITY),
            anomalies: Sightings::new(&["kind"], &["kind", "detail"]),
            open: HashMap::new(),
        }
    }

    /// Takes frames.
    pub(super) const fn count(&mut self, frames: u64, bytes: u64) {
        self.frames.add(frames);
        self.bytes.add(bytes);
    }

    /// Takes a row of the pass.
    pub(super) fn row(&mut self, row: &Row) {
        match row {
            Row::Anomaly(anomaly) => self.anomalies.see(&**anomaly),
            Row::RemoteId(identity) => self.identities.see(&**identity),
            Row::Wifi(network) => self.networks.see(&**network),
            _ => {}
        }
    }

    /// Takes a flow that is open, as far as it has come.
    pub(super) fn open(&mut self, flow: &Flow) {
        let bytes = (flow.outbound.ip_bytes, flow.inbound.ip_bytes);
        let before = self.open.insert(flow.flow_id, bytes);
        self.add(flow, before);
    }

    /// Takes a flow that was closed.
    pub(super) fn closed(&mut self, flow: &Flow) {
        let before = self.open.remove(&flow.flow_id);
        self.add(flow, before);
    }

    /// The flows of the next capture are numbered anew.
    pub(super) fn rotate(&mut self) {
        self.open.clear();
        self.files += 1;
    }

    /// Networks heard, their stations not counted.
    pub(super) fn networks(&self) -> usize {
        self.networks.cells("station").filter(|station| station.is_empty()).count()
    }

    /// `millis` have passed since the last tick.
    pub(super) fn tick(&mut self, millis: u64) {
        self.frames.tick(millis);
        self.bytes.tick(millis);
        self.traffic.tick(millis);
        self.devices.values_mut().for_each(|device| device.traffic.tick(millis));
        self.remotes.values_mut().for_each(|remote| remote.traffic.tick(millis));
    }

    fn add(&mut self, flow: &Flow, before: Option<(u64, u64)>) {
        self.flows += u64::from(before.is_none());
        let (out, to) = before.unwrap_or_default();
        let more = (flow.outbound.ip_bytes.saturating_sub(out), flow.inbound.ip_bytes.saturating_sub(to));
        self.traffic.add(more);
        if let Some(device) = self.device(flow.device_ip) {
            device.traffic.add(more);
            device.last = device.last.max(flow.last);
            device.mac = flow.device_mac.clone().or_else(|| device.mac.take());
        }
        let remote = self.remote((flow.device_ip, flow.remote_ip));
        remote.traffic.add(more);
        remote.last = remote.last.max(flow.last);
        remote.learn(flow);
    }

    fn device(&mut self, address: IpAddr) -> Option<&mut Device> {
        let is_full = self.devices.len() >= limits::LIVE_REMOTES && !self.devices.contains_key(&address);
        (!is_full).then(|| self.devices.entry(address).or_default())
    }

    fn remote(&mut self, key: (IpAddr, IpAddr)) -> &mut Remote {
        if self.remotes.len() >= limits::LIVE_REMOTES && !self.remotes.contains_key(&key) {
            let silent = self.remotes.iter().min_by_key(|(key, remote)| (remote.last, **key)).map(|(key, _)| *key);
            silent.and_then(|silent| self.remotes.remove(&silent));
        }
        self.remotes.entry(key).or_default()
    }
}

impl Remote {
    /// What is known stays known: a later capture of the session may not have the answer again.
    fn learn(&mut self, flow: &Flow) {
        let answer = &flow.answer;
        if self.name.is_none() || answer.name.is_some() {
            self.name.clone_from(&answer.name);
            self.owner.clone_from(&answer.owner);
            self.category = answer.category;
        }
        self.country = answer.country.clone().unwrap_or_else(|| answer.region.clone());
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::record::{RemoteId, Wifi};
    use crate::table::samples;

    /// A board with two devices, one hostile name and some losses.
    pub(in crate::face::live) fn board() -> Board {
        let mut board = Board::new("wlan0mon (IEEE802_11_RADIOTAP)".into());
        for number in 1..=12 {
            let mut flow = samples::varied_flow(number);
            flow.answer.name = (number == 3).then(|| "evil\x1b[2Jname.example".into());
            board.open(&flow);
        }
        let mut anomaly = samples::anomaly();
        anomaly.kind = "malformed-frame";
        board.row(&Row::Anomaly(Box::new(anomaly)));
        let mut identity =
            RemoteId { transmitter: Some("60:60:1f:00:00:01".into()), identity: Some("1581F45T".into()), ..RemoteId::default() };
        board.row(&Row::RemoteId(Box::new(identity.clone())));
        // Other messages of it do not say who it is.
        (identity.identity, identity.speed) = (None, Some(12.5));
        board.row(&Row::RemoteId(Box::new(identity)));
        let network = Wifi { bssid: "02:00:00:00:00:01".into(), ssid: Some("Spark".into()), channel: Some(6), ..Wifi::default() };
        board.row(&Row::Wifi(Box::new(network.clone())));
        board.row(&Row::Wifi(Box::new(Wifi { station: Some("02:00:00:00:00:02".into()), keys: vec!["1 passphrase".into()], ..network })));
        board.count(1_000, 640_000);
        board.counted = Statistics { received: 1_007, dropped: 7, dropped_by_interface: 2 };
        board.file = Some(("out/live-1.pcapng".into(), 640_500));
        board.tick(500);
        board
    }

    #[test]
    fn open_flows_are_counted_once() {
        let mut board = Board::new(String::new());
        let mut flow = samples::flow(1);
        (flow.outbound.ip_bytes, flow.inbound.ip_bytes) = (100, 10);
        board.open(&flow);
        board.open(&flow);
        flow.outbound.ip_bytes = 150;
        board.closed(&flow);
        assert_eq!((board.traffic.out.total, board.traffic.to.total, board.flows), (150, 10, 1));
        board.rotate();
        board.open(&flow);
        assert_eq!((board.traffic.out.total, board.flows, board.files), (300, 2, 1));
        assert_eq!(board.remotes[&(flow.device_ip, flow.remote_ip)].traffic.total(), 320);
    }

    #[test]
    fn rates_are_per_second_of_the_last_tick() {
        let mut board = Board::new(String::new());
        board.count(100, 0);
        board.tick(500);
        assert_eq!((board.frames.total, board.frames.now), (100, 200));
        board.tick(500);
        assert_eq!(board.frames.now, 0);
        board.tick(0);
    }

    #[test]
    fn a_name_outlives_the_capture_that_taught_it() {
        let mut board = Board::new(String::new());
        let mut flow = samples::flow(1);
        flow.answer.name = Some("log.example".into());
        board.open(&flow);
        board.rotate();
        flow.answer.name = None;
        board.open(&flow);
        assert_eq!(board.remotes[&(flow.device_ip, flow.remote_ip)].name.as_deref(), Some("log.example"));
    }

    #[test]
    fn the_remote_silent_longest_makes_room() {
        let mut board = Board::new(String::new());
        let mut flow = samples::flow(1);
        for number in 0..=u32::try_from(limits::LIVE_REMOTES).unwrap() {
            flow.remote_ip = IpAddr::from(number.to_be_bytes());
            flow.last = Timestamp::from_nanos(i64::from(number));
            flow.flow_id = number.into();
            board.open(&flow);
        }
        assert_eq!(board.remotes.len(), limits::LIVE_REMOTES);
        assert!(!board.remotes.contains_key(&(flow.device_ip, IpAddr::from([0, 0, 0, 0]))));
    }
}
