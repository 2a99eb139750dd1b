//! The air: frames of 802.11 as a monitor hears them, down to the units of data they carry. Retries are told apart,
//! fragments put together, protected frames opened with the user's keys, and networks and stations kept account of.
//!
//! A station's frame is opened when it comes or not at all: keys of a handshake serve the frames after it, and its
//! messages come in that order. A group's key was in use before the handshake that makes it known: frames to all wait
//! for it, so many of them as the limit says.
#![warn(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod agreement;
mod cipher;
mod data;
mod derive;
mod duplicates;
mod ethernet;
mod fragments;
mod handshake;
mod keys;
mod masters;
mod networks;
mod opening;
mod recent;
mod relays;
mod row;
mod session;
mod state;
mod suite;
mod tally;

use std::sync::Arc;

use crate::record::{self, Disposition};
use crate::time::Timestamp;
use crate::wire::fcs::{self, Checked};
use crate::wire::ieee80211::{self, Ends, Frame, Header, Padding};
use crate::wire::link::{Channel, Radio};
use crate::wire::management::Management;
use crate::wire::{Direction, Mac};

use agreement::Pair;
use duplicates::Duplicates;
use fragments::Fragments;
use relays::Relays;
use state::{Place, State};
use tally::Tally;

pub use ethernet::Ethernet;
pub use keys::Keys;
pub use session::Learned;

/// Takes frames; holds networks, stations, keys, and fragments that wait for their rest.
pub(crate) struct Wifi {
    state: State,
    duplicates: Duplicates,
    relays: Relays,
    fragments: Fragments,
    lost: Vec<Lost>,
    notes: Vec<(&'static str, String)>,
}

/// Frames and bytes that something costs, and the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    /// Number of the first frame.
    pub(crate) frame: u64,
    /// Its time.
    pub(crate) time: Timestamp,
    /// Frames.
    pub(crate) frames: u64,
    /// Their bytes on the air.
    pub(crate) wire_bytes: u64,
}

impl Charge {
    fn add(&mut self, other: Self) {
        self.frames = self.frames.saturating_add(other.frames);
        self.wire_bytes = self.wire_bytes.saturating_add(other.wire_bytes);
    }
}

/// A frame as it was received, its check sequence taken off.
#[derive(Clone, Copy, Debug)]
struct Received<'a> {
    charge: Charge,
    radio: Radio,
    bytes: &'a [u8],
    /// Bytes at its end that were not captured.
    missing: u64,
}

/// What became of a frame.
#[derive(Debug)]
pub(crate) enum Outcome<'a> {
    /// A unit of data, or several in an aggregate.
    Unit(Unit<'a>),
    /// A management frame: the name of its subtype, and the frame where it can be read.
    Management(&'static str, Option<Management<'a>>, OnAir),
    /// Something for the ledger alone.
    Other(Charge, Disposition, &'static str),
    /// It waits for the rest of its unit.
    Held,
    /// It was heard before the key of its network's group: to be given again once that is known.
    Early(Mac),
}

/// A unit of data in clear.
#[derive(Debug)]
pub(crate) struct Unit<'a> {
    /// What its frames cost.
    pub(crate) charge: Charge,
    /// Who sent it first.
    pub(crate) source: Mac,
    /// Whom it is for in the end.
    pub(crate) destination: Mac,
    /// To or from the distribution system, seen from the station.
    pub(crate) direction: Option<Direction>,
    /// Several units with a header each, rather than one.
    pub(crate) is_aggregate: bool,
    /// The access point sends on what was heard before, from the station itself.
    pub(crate) is_relayed: bool,
    /// LLC and what follows, or the aggregate's units.
    pub(crate) body: &'a [u8],
    /// Where it was heard.
    pub(crate) air: OnAir,
}

/// Where a frame was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OnAir {
    /// The network.
    pub(crate) bssid: Option<Mac>,
    /// The station, where it concerns one.
    pub(crate) station: Option<Mac>,
    /// The channel.
    pub(crate) channel: Option<Channel>,
    /// Signal in dBm.
    pub(crate) signal: Option<i8>,
    /// It was opened without the integrity code that would prove it.
    pub(crate) is_unverified: bool,
}

/// Frames of a unit that stays incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lost {
    /// What they cost.
    pub(crate) charge: Charge,
}

impl Lost {
    const fn fragment(charge: Charge) -> Self {
        Self { charge }
    }
}

impl Default for Wifi {
    fn default() -> Self {
        Self::new(Arc::new(Keys::default()))
    }
}

impl Wifi {
    /// Starts with the user's keys.
    pub(crate) fn new(keys: Arc<Keys>) -> Self {
        Self {
            state: State::new(keys),
            duplicates: Duplicates::default(),
            relays: Relays::default(),
            fragments: Fragments::default(),
            lost: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Takes a frame with what its radio header says and what it costs. What is opened lies in `buffer`.
    pub(crate) fn receive<'a>(&mut self, bytes: &'a [u8], radio: Radio, charge: Charge, buffer: &'a mut Vec<u8>) -> Outcome<'a> {
        match self.early(bytes, radio) {
            Some(bssid) => Outcome::Early(bssid),
            None => self.receive_now(bytes, radio, charge, buffer),
        }
    }

    /// The network of a frame to all its stations whose key may still become known.
    fn early(&self, bytes: &[u8], radio: Radio) -> Option<Mac> {
        if !self.state.has_keys || radio.is_damaged {
            return None;
        }
        let (header, bssid) = match ieee80211::frame(bytes, Padding::None) {
            Ok(Frame::Data(header, _)) if header.is_protected() => (header, header.transmitter),
            _ => return None,
        };
        let is_group = header.ends() == Ends::Group { bssid };
        (is_group && self.state.may_learn_group(bssid)).then_some(bssid)
    }

    /// A network whose first group key became known since the last call.
    pub(crate) const fn take_keyed(&mut self) -> Option<Mac> {
        self.state.keyed.take()
    }

    /// Takes a frame as it does before, and lets it wait for nothing.
    pub(crate) fn receive_now<'a>(&mut self, bytes: &'a [u8], radio: Radio, charge: Charge, buffer: &'a mut Vec<u8>) -> Outcome<'a> {
        self.fragments.expire(charge.time, &mut self.lost);
        if radio.is_empty && bytes.is_empty() {
            return Outcome::Other(charge, Disposition::WifiControl, "preamble-only");
        }
        let missing = charge.wire_bytes.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        match fcs::without(bytes, missing, radio) {
            Some(Checked { bytes, missing }) => self.checked(&Received { charge, radio, bytes, missing }, buffer),
            None => Outcome::Other(charge, Disposition::Malformed, "802.11-fcs"),
        }
    }

    fn checked<'a>(&mut self, received: &Received<'a>, buffer: &'a mut Vec<u8>) -> Outcome<'a> {
        let padding = if received.radio.is_padded { Padding::ToFour } else { Padding::None };
        let other = |disposition, reason| Outcome::Other(received.charge, disposition, reason);
        match ieee80211::frame(received.bytes, padding) {
            Ok(Frame::Data(header, body)) => self.data(received, &header, body, buffer),
            Ok(Frame::Management(header, body)) => self.management(received, &header, body, buffer),
            Ok(Frame::Control(subtype)) => other(Disposition::WifiControl, subtype),
            Ok(Frame::Null(header)) => {
                let place = self.state.place(&header);
                self.count(received, &header, place, |_| {});
                other(Disposition::WifiControl, "null-data")
            }
            Ok(Frame::Reserved) => other(Disposition::Malformed, "802.11-type"),
            Err(_) => other(Disposition::Malformed, "802.11-header"),
        }
    }

    /// Frames whose unit will not become whole, since the last call.
    pub(crate) fn take_lost(&mut self) -> Vec<Lost> {
        std::mem::take(&mut self.lost)
    }

    /// What there is to note of the last frame.
    pub(crate) fn take_notes(&mut self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut self.notes)
    }

    /// Rows of networks and stations that had to make room for others.
    pub(crate) fn take_rows(&mut self) -> Vec<record::Wifi> {
        if !self.state.networks.has_dropped() && !self.state.stations.has_dropped() {
            return Vec::new();
        }
        let stations = self.state.stations.take_dropped();
        let rows =
            stations.iter().map(|((bssid, address), station)| row::station(*bssid, *address, station, self.state.networks.peek(bssid)));
        let mut rows: Vec<_> = rows.collect();
        rows.extend(self.state.networks.take_dropped().iter().map(|(bssid, network)| row::network(*bssid, network)));
        let detail = format!(
            "more than {} networks or {} stations: {} that were silent longest have their row already, and another if they are heard again",
            crate::limits::WIFI_NETWORKS,
            crate::limits::WIFI_STATIONS,
            rows.len()
        );
        self.notes.push(("wifi-limit", detail));
        rows
    }

    /// Drops what nobody asks for: what was lost, notes, and rows that had to make room.
    fn forget(&mut self) {
        self.lost.clear();
        self.notes.clear();
        self.state.networks.forget_dropped();
        self.state.stations.forget_dropped();
    }

    /// Gives up on what waits.
    pub(crate) fn flush(&mut self) {
        self.fragments.flush(&mut self.lost);
        if self.state.unlisted > 0 {
            let detail = format!("{} keys of handshakes beyond the limit opened frames and are not listed", self.state.unlisted);
            self.notes.push(("wifi-key-limit", detail));
        }
    }

    /// What the rows would be if it ended now.
    pub(crate) fn so_far(&self) -> Vec<record::Wifi> {
        let State { networks, stations, .. } = &self.state;
        let listed = stations.all();
        let stations = listed.into_iter().map(|((bssid, address), station)| row::station(*bssid, *address, station, networks.peek(bssid)));
        networks.all().into_iter().map(|(bssid, network)| row::network(*bssid, network)).chain(stations).collect()
    }

    /// Ends: the rows of all networks and stations, and the keys that were learned.
    pub(crate) fn finish(self) -> (Vec<record::Wifi>, Vec<Learned>) {
        let State { networks, stations, learned, .. } = self.state;
        let stations = stations.into_all();
        let mut rows: Vec<_> =
            stations.iter().map(|((bssid, address), station)| row::station(*bssid, *address, station, networks.peek(bssid))).collect();
        rows.extend(networks.into_all().iter().map(|(bssid, network)| row::network(*bssid, network)));
        rows.sort_by(|a, b| (&a.bssid, &a.station).cmp(&(&b.bssid, &b.station)));
        (rows, learned)
    }

    /// Counts a frame at its station or network.
    fn count(&mut self, received: &Received<'_>, header: &Header, place: Place, change: impl FnOnce(&mut Tally)) {
        self.tally(place, |tally| {
            tally.seen(received.charge.time, received.radio.channel);
            if Some(header.transmitter) == place.station || place.station.is_none() {
                tally.heard(received.radio.signal);
            }
            change(tally);
        });
    }

    fn tally(&mut self, place: Place, change: impl FnOnce(&mut Tally)) {
        if let Some(tally) = self.state.tally(place) {
            change(tally);
        }
    }
}

const fn on_air(place: Place, radio: Radio) -> OnAir {
    OnAir { bssid: place.bssid, station: place.station, channel: radio.channel, signal: radio.signal, is_unverified: false }
}

fn pair(place: Place) -> Option<Pair> {
    Some(Pair { bssid: place.bssid?, station: place.station? })
}
