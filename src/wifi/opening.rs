//! Opening a protected frame with whatever key fits, and saying why when none does.

use super::cipher::Sealed;
use super::session::Key;
use super::state::{Fitting, Network, Place, State, Station};
use super::suite::Needs;
use crate::wire::Mac;
use crate::wire::rsn::Suite;

/// Why a protected frame did not open; the words of the ledger.
pub(super) mod reason {
    /// No key was given that could open it.
    pub(in crate::wifi) const NO_KEY: &str = "no-key";
    /// No message of a handshake was seen before it.
    pub(in crate::wifi) const NO_HANDSHAKE: &str = "no-handshake";
    /// Of the handshake the access point's nonce is missing.
    pub(in crate::wifi) const NO_FIRST: &str = "message-1-missing";
    /// Of the handshake the station's nonce is missing.
    pub(in crate::wifi) const NO_SECOND: &str = "message-2-missing";
    /// The handshake's integrity code fits no key that was given.
    pub(in crate::wifi) const WRONG: &str = "wrong-passphrase";
    /// The same where no passphrase could be right.
    pub(in crate::wifi) const WRONG_MASTER: &str = "wrong-pmk";
    /// SAE needs its master key.
    pub(in crate::wifi) const SAE: &str = "sae-needs-pmk";
    /// OWE needs its master key.
    pub(in crate::wifi) const OWE: &str = "owe-needs-pmk";
    /// A server gave the master key.
    pub(in crate::wifi) const SERVER: &str = "802.1x-needs-pmk";
    /// The key management is not known here.
    pub(in crate::wifi) const UNSUPPORTED: &str = "key-management-unsupported";
    /// The group's key was not learned.
    pub(in crate::wifi) const NO_GROUP_KEY: &str = "no-group-key";
    /// A WEP frame, and no WEP key was given.
    pub(in crate::wifi) const NO_WEP: &str = "wep-no-key";
    /// A WEP frame that no key given opens.
    pub(in crate::wifi) const WRONG_WEP: &str = "wep-wrong-key";
    /// Keys were there: it was changed on the way, or belongs to one that was not learned.
    pub(in crate::wifi) const CODE: &str = "mic-failed";
    /// Its end was not captured.
    pub(in crate::wifi) const CUT: &str = "cut-by-snaplen";
    /// Frames that no access point passes on.
    pub(in crate::wifi) const DIRECT: &str = "direct-link";
}

impl State {
    /// Opens a frame into `out`, or says why it does not open.
    pub(super) fn open(&mut self, sealed: Sealed<'_>, place: Place, out: &mut Vec<u8>) -> Result<Key, &'static str> {
        let found = if sealed.is_extended() { self.try_keys(sealed, place, out) } else { self.try_wep(sealed, out) };
        match found {
            Some(key) => {
                self.opened(key.learned);
                Ok(key)
            }
            None => Err(self.why(sealed, place)),
        }
    }

    /// Keys that handshakes made known, the newest first; then temporal keys that the user gave, the one that opened the
    /// last frame of this station before the others.
    fn try_keys(&mut self, sealed: Sealed<'_>, place: Place, out: &mut Vec<u8>) -> Option<Key> {
        let mut station = place.bssid.zip(place.station).and_then(|pair| self.stations.find(&pair));
        let learned = if sealed.is_group() {
            place.bssid.and_then(|bssid| self.networks.find(&bssid)).and_then(|network| network.open_group(sealed, out))
        } else {
            station.as_deref().and_then(|station| station.sessions.iter().rev().find_map(|session| session.open(sealed, out)))
        };
        if learned.is_some() || self.temporals.is_empty() {
            return learned;
        }
        let last = station.as_deref().and_then(|station| station.temporal);
        let order = last.into_iter().chain((0..self.temporals.len()).filter(|at| Some(*at) != last));
        let (at, key) = order.filter_map(|at| Some((at, self.temporals.get(at)?))).find_map(|(at, fitting)| {
            let key = fitting.fits(sealed, place).then(|| fitting.open(sealed, out)).flatten()?;
            Some((at, key))
        })?;
        if let Some(station) = &mut station {
            station.temporal = Some(at);
        }
        Some(key)
    }

    fn try_wep(&self, sealed: Sealed<'_>, out: &mut Vec<u8>) -> Option<Key> {
        self.weps.iter().find_map(|(by, wep)| Some(Key { by: *by, learned: None, opened: wep.open(sealed, out)? }))
    }

    /// Why a frame did not open.
    fn why(&self, sealed: Sealed<'_>, place: Place) -> &'static str {
        if sealed.body.len() < 4 {
            return match (sealed.missing, self.has_keys) {
                (0, _) => reason::CODE,
                (_, true) => reason::CUT,
                (_, false) => reason::NO_KEY,
            };
        }
        if !sealed.is_extended() {
            return match (self.weps.is_empty(), sealed.missing) {
                (true, _) => reason::NO_WEP,
                (false, 0) => reason::WRONG_WEP,
                (false, _) => reason::CUT,
            };
        }
        if !self.has_keys {
            return reason::NO_KEY;
        }
        let network = place.bssid.and_then(|bssid| self.networks.peek(&bssid));
        let station = place.bssid.zip(place.station).and_then(|pair| self.stations.peek(&pair));
        let is_group = sealed.is_group();
        let has_keys =
            if is_group { network.is_some_and(|network| !network.groups.is_empty()) } else { station.is_some_and(Station::has_keys) };
        if has_keys {
            return if sealed.missing > 0 { reason::CUT } else { reason::CODE };
        }
        match (is_group, place.bssid.zip(place.station)) {
            (true, _) => self.why_group(place.bssid, network),
            (false, Some((bssid, _))) => self.why_station(bssid, network, station),
            (false, None) => reason::DIRECT,
        }
    }

    fn why_group(&self, bssid: Option<Mac>, network: Option<&Network>) -> &'static str {
        let ssid = network.and_then(|network| network.ssid.as_deref());
        let is_possible = bssid.is_some() && self.masters.has_any(ssid);
        if is_possible { reason::NO_GROUP_KEY } else { reason::NO_KEY }
    }

    fn why_station(&self, bssid: Mac, network: Option<&Network>, station: Option<&Station>) -> &'static str {
        let ssid = network.and_then(|network| network.ssid.as_deref());
        let needs = needs(network, station);
        if !self.masters.has(ssid, needs) {
            let fits = |fitting: &Fitting| fitting.temporal.bssid.is_none_or(|told| told == bssid);
            if self.temporals.iter().any(fits) && !self.masters.has_any(ssid) {
                return reason::CODE;
            }
            return match needs {
                _ if !self.masters.has_any(ssid) => reason::NO_KEY,
                Needs::SaeMaster => reason::SAE,
                Needs::OweMaster => reason::OWE,
                Needs::ServerMaster => reason::SERVER,
                Needs::Passphrase | Needs::Unsupported => reason::UNSUPPORTED,
            };
        }
        let Some(exchange) = station.map(|station| &station.exchange) else { return reason::NO_HANDSHAKE };
        match (exchange.has_nonce(), exchange.is_waiting() || exchange.wrong > 0) {
            (false, false) => reason::NO_HANDSHAKE,
            (true, false) => reason::NO_SECOND,
            (false, true) => reason::NO_FIRST,
            (true, true) if needs == Needs::Passphrase => reason::WRONG,
            (true, true) => reason::WRONG_MASTER,
        }
    }
}

impl Network {
    /// Group keys, those of the frame's number first.
    fn open_group(&self, sealed: Sealed<'_>, out: &mut Vec<u8>) -> Option<Key> {
        let number = sealed.key_number();
        let (same, others): (Vec<_>, Vec<_>) = self.groups.iter().rev().partition(|group| group.number == number);
        same.into_iter().chain(others).find_map(|group| group.open(sealed, out))
    }
}

impl Station {
    fn has_keys(&self) -> bool {
        !self.sessions.is_empty() || self.temporal.is_some()
    }
}

/// What a station's key management needs: by its own choice, else by what its network offers.
fn needs(network: Option<&Network>, station: Option<&Station>) -> Needs {
    let chosen = station.and_then(|station| station.choice.as_ref()).or_else(|| network.and_then(|network| network.security.as_ref()));
    let of = |suite: &Suite| Needs::of(*suite);
    let needs: Vec<Needs> = chosen.map(|security| security.key_management.iter().map(of).collect()).unwrap_or_default();
    // Where several are offered, the one that a passphrase opens is the one to hope for.
    if needs.is_empty() || needs.contains(&Needs::Passphrase) {
        Needs::Passphrase
    } else {
        needs.first().copied().unwrap_or(Needs::Passphrase)
    }
}

impl Fitting {
    fn open(&self, sealed: Sealed<'_>, out: &mut Vec<u8>) -> Option<Key> {
        let opened = self.ciphers.iter().find_map(|cipher| cipher.open(sealed, out))?;
        Some(Key { by: self.by, learned: None, opened })
    }
}
