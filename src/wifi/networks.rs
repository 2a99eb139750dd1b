//! Management frames: what they say of a network and of the stations in it.

use super::agreement::Speaker;
use super::cipher::Sealed;
use super::duplicates::Use;
use super::state::{Network, Place, Station};
use super::{Charge, Outcome, Received, Wifi, on_air, pair};
use crate::record::Disposition;
use crate::wire::Mac;
use crate::wire::ieee80211::Header;
use crate::wire::link::{Channel, Radio};
use crate::wire::management::{Management, Subtype};
use crate::wire::rsn::Security;

impl Wifi {
    pub(super) fn management<'a>(
        &mut self,
        received: &Received<'a>,
        header: &Header,
        body: &'a [u8],
        buffer: &'a mut Vec<u8>,
    ) -> Outcome<'a> {
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
                self.count(received, header, place, |_| {});
                place
            }
            Subtype::ASSOCIATION_REQUEST
            | Subtype::ASSOCIATION_RESPONSE
            | Subtype::REASSOCIATION_REQUEST
            | Subtype::REASSOCIATION_RESPONSE => {
                self.count(received, header, place, |_| {});
                place
            }
            // Action frames also go where no network is: from one drone to whoever listens.
            Subtype::ACTION | Subtype::ACTION_NO_ACK | Subtype::DISASSOCIATION | Subtype::DEAUTHENTICATION | Subtype::AUTHENTICATION => {
                if pair(place).is_some_and(|pair| self.state.is_station(pair.bssid, pair.station)) {
                    self.count(received, header, place, |_| {});
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
}

/// A name left out of a beacon: nothing, or zeros in its place.
fn is_hidden(ssid: &[u8]) -> bool {
    ssid.iter().all(|byte| *byte == 0)
}
