//! The air: frames of 802.11 as a monitor hears them, down to the units of data they carry. Retries are told apart,
//! fragments put together, protected frames opened with the user's keys, and networks and stations kept account of.
//!
//! A station's frame is opened when it comes or not at all: keys of a handshake serve the frames after it, and its
//! messages come in that order. A group's key was in use before the handshake that makes it known: frames to all wait
//! for it, so many of them as the limit says.
#![warn(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod agreement;
mod cipher;
mod derive;
mod duplicates;
mod ethernet;
mod fragments;
mod handshake;
mod keys;
mod masters;
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
use crate::wire::management::{Management, Subtype};
use crate::wire::rsn::Security;
use crate::wire::{Direction, Mac};

use agreement::{Pair, Speaker};
use cipher::{CODE_BYTES, Opened, Sealed};
use duplicates::{Duplicates, Use};
use fragments::{Fragments, Whole};
use opening::reason;
use relays::Relays;
use state::{Network, Place, State, Station};

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
                self.count(received, &header, place);
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

    fn data<'a>(&mut self, received: &Received<'a>, header: &Header, body: &'a [u8], buffer: &'a mut Vec<u8>) -> Outcome<'a> {
        let Received { charge, radio, missing, .. } = *received;
        let place = self.state.place(header);
        self.count(received, header, place);
        if self.duplicates.has(header, body, charge.time) {
            self.tally(place, |tally| tally.retries = tally.retries.saturating_add(1));
            return Outcome::Other(charge, Disposition::WifiDuplicate, "retry");
        }
        let opened = match self.open(Sealed { header, body, missing }, place, buffer) {
            Ok(opened) => opened,
            Err(reason) => {
                self.duplicates.note(header, body, charge.time, Use::None);
                return Outcome::Other(charge, Disposition::WifiUndecryptable, reason);
            }
        };
        self.duplicates.note(header, body, charge.time, Use::Good);
        let mut whole = Whole { bytes: Vec::new(), charge, opened, is_consecutive: true };
        if header.is_fragment() {
            whole.bytes = if opened.is_some() { std::mem::take(buffer) } else { body.to_vec() };
            match self.fragments.add(header, whole, &mut self.lost) {
                Some(unit) => whole = unit,
                None => return Outcome::Held,
            }
            *buffer = std::mem::take(&mut whole.bytes);
        }
        if let Some(key) = whole.opened.and_then(|opened| opened.michael)
            && !take_code(header, key, buffer)
        {
            self.tally(place, |tally| tally.fail_opened(whole.charge.frames, reason::CODE));
            return Outcome::Other(whole.charge, Disposition::WifiUndecryptable, reason::CODE);
        }
        if !whole.is_consecutive {
            let detail = format!("fragments of one unit from {} have packet numbers that do not follow each other", header.transmitter);
            self.notes.push(("wifi-fragment-numbers", detail));
        }
        let body = if whole.opened.is_some() || header.is_fragment() { buffer.as_slice() } else { body };
        if !header.is_aggregate() {
            self.eapol(place, header, body, whole.charge);
        }
        let state = &self.state;
        let is_relayed =
            !header.is_aggregate() && self.relays.has(header, body, charge.time, |bssid, address| state.is_station(bssid, address));
        if is_relayed {
            self.tally(place, |tally| tally.relayed = tally.relayed.saturating_add(1));
        }
        let is_unverified = whole.opened.is_some_and(|opened| !opened.is_verified);
        Outcome::Unit(Unit {
            charge: whole.charge,
            source: header.source(),
            destination: header.destination(),
            direction: header.direction(),
            is_aggregate: header.is_aggregate(),
            is_relayed,
            body,
            air: OnAir { is_unverified, ..on_air(place, radio) },
        })
    }
    /// Opens a body into `buffer` when it is protected; in clear it stays where it is.
    fn open(&mut self, sealed: Sealed<'_>, place: Place, buffer: &mut Vec<u8>) -> Result<Option<Opened>, &'static str> {
        if !sealed.header.is_protected() {
            self.tally(place, |tally| tally.clear = tally.clear.saturating_add(1));
            return Ok(None);
        }
        let found = self.state.open(sealed, place, buffer);
        self.tally(place, |tally| match &found {
            Ok(key) => tally.open(key),
            Err(reason) => tally.fail(reason),
        });
        found.map(|key| Some(key.opened))
    }

    /// Follows a handshake, when that is what the unit holds.
    fn eapol(&mut self, place: Place, header: &Header, unit: &[u8], charge: Charge) {
        const EAPOL: [u8; 8] = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x88, 0x8e];
        let (Some(bytes), Some(pair)) = (unit.strip_prefix(&EAPOL), pair(place)) else { return };
        let speaker = if header.transmitter == pair.station { Speaker::Station } else { Speaker::AccessPoint };
        self.state.eapol(pair, speaker, bytes, charge);
    }

    fn management<'a>(&mut self, received: &Received<'a>, header: &Header, body: &'a [u8], buffer: &'a mut Vec<u8>) -> Outcome<'a> {
        let Received { charge, radio, missing, .. } = *received;
        if self.duplicates.has(header, body, charge.time) {
            return Outcome::Other(charge, Disposition::WifiDuplicate, "retry");
        }
        self.duplicates.note(header, body, charge.time, Use::Good);
        let name = header.management_name();
        let place = self.management_place(received, header);
        let air = on_air(place, radio);
        // An authentication frame that says it is protected belongs to WEP.
        if !header.is_protected() || Management::of(header, body).subtype == Subtype::AUTHENTICATION {
            let frame = Management::of(header, body);
            self.learn(&frame, place, radio, charge);
            return Outcome::Management(name, (!header.is_protected()).then_some(frame), air);
        }
        let opened = self.state.open(Sealed { header, body, missing }, place, buffer).is_ok();
        self.tally(place, |tally| {
            tally.management_protected = tally.management_protected.saturating_add(1);
            tally.management_opened = tally.management_opened.saturating_add(u64::from(opened));
        });
        Outcome::Management(name, opened.then(|| Management::of(header, buffer)), air)
    }

    /// Where a management frame belongs. One to everybody makes nobody a station: only what a station does in a
    /// network does.
    fn management_place(&mut self, received: &Received<'_>, header: &Header) -> Place {
        let nowhere = Place { bssid: None, station: None };
        if header.third.is_group() {
            return nowhere;
        }
        let place = self.state.place(header);
        match Subtype(header.control[0] >> 4) {
            Subtype::BEACON | Subtype::PROBE_RESPONSE if header.transmitter == header.third => {
                let place = Place { station: None, ..place };
                self.count(received, header, place);
                place
            }
            Subtype::ASSOCIATION_REQUEST
            | Subtype::ASSOCIATION_RESPONSE
            | Subtype::REASSOCIATION_REQUEST
            | Subtype::REASSOCIATION_RESPONSE => {
                self.count(received, header, place);
                place
            }
            // Action frames also go where no network is: from one drone to whoever listens.
            Subtype::ACTION | Subtype::ACTION_NO_ACK | Subtype::DISASSOCIATION | Subtype::DEAUTHENTICATION | Subtype::AUTHENTICATION => {
                if pair(place).is_some_and(|pair| self.state.is_station(pair.bssid, pair.station)) {
                    self.count(received, header, place);
                }
                place
            }
            _ => nowhere,
        }
    }

    /// Learns what a management frame says of its network and its station.
    fn learn(&mut self, frame: &Management<'_>, place: Place, radio: Radio, charge: Charge) {
        match frame.subtype {
            Subtype::BEACON | Subtype::PROBE_RESPONSE if frame.transmitter == frame.bssid => self.learn_network(frame, radio, charge),
            Subtype::ASSOCIATION_REQUEST | Subtype::REASSOCIATION_REQUEST => {
                let Some(pair) = pair(place) else { return };
                let station = self.state.stations.entry((pair.bssid, pair.station), Station::default);
                station.choice = Security::among(frame.elements());
                station.is_keyed = false;
                self.name(pair.bssid, frame.ssid(), charge);
                self.state.transition(pair, frame, Speaker::Station, charge);
            }
            Subtype::REASSOCIATION_RESPONSE => {
                if let Some(pair) = pair(place) {
                    self.state.transition(pair, frame, Speaker::AccessPoint, charge);
                }
            }
            _ => {}
        }
    }

    fn learn_network(&mut self, frame: &Management<'_>, radio: Radio, charge: Charge) {
        const CHANNEL: u8 = 3;
        let network = self.state.networks.entry(frame.bssid, Network::default);
        if frame.subtype == Subtype::BEACON {
            network.beacons = network.beacons.saturating_add(1);
            network.is_hidden = frame.ssid().is_some_and(is_hidden);
        }
        network.security = Security::among(frame.elements()).or_else(|| network.security.take());
        network.is_private = frame.presence().map(|presence| presence.capabilities & 0x0010 != 0);
        if radio.channel.is_none() && network.tally.channel.is_none() {
            let told = frame.elements().find(|element| element.id == CHANNEL).and_then(|element| element.bytes.first().copied());
            network.tally.channel = told.and_then(|number| Channel::numbered(number.into()));
        }
        self.name(frame.bssid, frame.ssid(), charge);
    }

    /// A frame names its network.
    fn name(&mut self, bssid: Mac, ssid: Option<&[u8]>, charge: Charge) {
        const SSID_BYTES: usize = 32;
        let Some(ssid) = ssid.filter(|ssid| !is_hidden(ssid) && ssid.len() <= SSID_BYTES) else { return };
        let network = self.state.networks.entry(bssid, Network::default);
        if network.ssid.as_deref() != Some(ssid) {
            network.ssid = Some(ssid.to_vec());
            self.state.named(bssid, charge);
        }
    }

    fn count(&mut self, received: &Received<'_>, header: &Header, place: Place) {
        if let Some(tally) = self.state.tally(place) {
            tally.seen(received.charge.time, received.radio.channel);
            if Some(header.transmitter) == place.station || place.station.is_none() {
                tally.heard(received.radio.signal);
            }
        }
    }

    fn tally(&mut self, place: Place, change: impl FnOnce(&mut tally::Tally)) {
        if let Some(tally) = self.state.tally(place) {
            change(tally);
        }
    }
}

/// A name left out of a beacon: nothing, or zeros in its place.
fn is_hidden(ssid: &[u8]) -> bool {
    ssid.iter().all(|byte| *byte == 0)
}

/// Takes Michael's code off the end of a unit, and says whether it was right.
fn take_code(header: &Header, key: [u8; CODE_BYTES], unit: &mut Vec<u8>) -> bool {
    let Some((data, code)) = unit.split_last_chunk::<CODE_BYTES>() else { return false };
    let (is_right, length) = (cipher::michael(key, header, data) == *code, data.len());
    unit.truncate(length);
    is_right
}

const fn on_air(place: Place, radio: Radio) -> OnAir {
    OnAir { bssid: place.bssid, station: place.station, channel: radio.channel, signal: radio.signal, is_unverified: false }
}

fn pair(place: Place) -> Option<Pair> {
    Some(Pair { bssid: place.bssid?, station: place.station? })
}
