//! Networks and stations as far as they were heard, and the keys that open their frames.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::cipher::{self, Cipher, Sealed, Wep};
use super::handshake::Exchange;
use super::keys::{KeyId, Keys, Secret, Temporal};
use super::masters::Masters;
use super::recent::Recent;
use super::session::{GroupKey, Learned, Session};
use super::tally::Tally;
use crate::limits;
use crate::wire::Mac;
use crate::wire::ieee80211::{Ends, Header};
use crate::wire::rsn::{Security, Suite};

/// A network, by its access point's address.
#[derive(Default)]
pub(super) struct Network {
    pub(super) ssid: Option<Vec<u8>>,
    /// Its beacons leave the name out.
    pub(super) is_hidden: bool,
    /// What it offers.
    pub(super) security: Option<Security>,
    /// It says that data is encrypted, in whatever way.
    pub(super) is_private: Option<bool>,
    pub(super) beacons: u64,
    /// Frames of the access point to all its stations.
    pub(super) tally: Tally,
    /// The newest last.
    pub(super) groups: VecDeque<GroupKey>,
    pub(super) group_keys: u64,
    /// A station has a handshake that waits for this network's name.
    pub(super) has_waiting: bool,
}

/// A station in a network.
#[derive(Default)]
pub(super) struct Station {
    /// What it chose.
    pub(super) choice: Option<Security>,
    pub(super) tally: Tally,
    pub(super) exchange: Exchange,
    /// The newest last.
    pub(super) sessions: VecDeque<Session>,
    /// Handshakes whose keys were derived.
    pub(super) handshakes: u64,
    /// Of those, the ones that renewed keys of an association that went on.
    pub(super) rekeys: u64,
    /// Messages of the station whose integrity code was right.
    pub(super) right: u64,
    /// A handshake was derived since it associated.
    pub(super) is_keyed: bool,
    /// The given temporal key that opened its last frame.
    pub(super) temporal: Option<usize>,
}

/// A temporal key of the user's, ready to open frames.
pub(super) struct Fitting {
    pub(super) by: KeyId,
    pub(super) temporal: Temporal,
    /// The ciphers it may be for.
    pub(super) ciphers: Vec<Cipher>,
}

/// Everything that is known.
pub(super) struct State {
    pub(super) networks: Recent<Mac, Network>,
    pub(super) stations: Recent<(Mac, Mac), Station>,
    pub(super) masters: Masters,
    pub(super) temporals: Vec<Fitting>,
    pub(super) weps: Vec<(KeyId, Wep)>,
    pub(super) has_keys: bool,
    /// A network whose first group key has just become known.
    pub(super) keyed: Option<Mac>,
    pub(super) learned: Vec<Learned>,
    /// Keys beyond the limit, which were used and not kept.
    pub(super) unlisted: u64,
}

/// Where a frame belongs: its network and, where it concerns one, its station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bssid: Option<Mac>,
    pub(super) station: Option<Mac>,
}

impl State {
    pub(super) fn new(keys: Arc<Keys>) -> Self {
        let (mut temporals, mut weps) = (Vec::new(), Vec::new());
        for key in &keys.list {
            match &key.secret {
                Secret::Temporal(temporal) => temporals.push(Fitting::new(key.id, temporal)),
                Secret::Wep(bytes) => weps.push((key.id, Wep::new(bytes))),
                Secret::Passphrase { .. } | Secret::Master { .. } => {}
            }
        }
        Self {
            networks: Recent::new(limits::WIFI_NETWORKS),
            stations: Recent::new(limits::WIFI_STATIONS),
            has_keys: !keys.is_empty(),
            masters: Masters::new(keys),
            temporals,
            weps,
            keyed: None,
            learned: Vec::new(),
            unlisted: 0,
        }
    }

    /// Where a frame belongs. Of four addresses either end may be the access point: the one that is known as such.
    pub(super) fn place(&self, header: &Header) -> Place {
        let of = |bssid, station| Place { bssid: Some(bssid), station: Some(station) };
        match header.ends() {
            Ends::Station { bssid, station } => of(bssid, station),
            Ends::Group { bssid } | Ends::Direct { bssid } => Place { bssid: Some(bssid), station: None },
            Ends::Bridge => {
                let (a, b) = (header.receiver, header.transmitter);
                let is_pair = |bssid, station| self.stations.peek(&(bssid, station)).is_some();
                if is_pair(a, b) || !is_pair(b, a) && self.networks.peek(&a).is_some() {
                    of(a, b)
                } else if is_pair(b, a) || self.networks.peek(&b).is_some() {
                    of(b, a)
                } else {
                    Place { bssid: None, station: None }
                }
            }
        }
    }

    /// Whether an address is that of a station heard in a network.
    pub(super) fn is_station(&self, bssid: Mac, address: Mac) -> bool {
        self.stations.peek(&(bssid, address)).is_some()
    }

    /// The counts that a frame goes to: its station's, else its network's.
    pub(super) fn tally(&mut self, place: Place) -> Option<&mut Tally> {
        let bssid = place.bssid?;
        Some(match place.station {
            Some(station) => &mut self.stations.entry((bssid, station), Station::default).tally,
            None => &mut self.networks.entry(bssid, Network::default).tally,
        })
    }

    /// The name of a network.
    pub(super) fn ssid(&self, bssid: Mac) -> Option<Vec<u8>> {
        self.networks.peek(&bssid)?.ssid.clone()
    }

    /// Whether a handshake could still make the first key of a network's group known.
    pub(super) fn may_learn_group(&self, bssid: Mac) -> bool {
        let network = self.networks.peek(&bssid);
        network.is_none_or(|network| network.groups.is_empty()) && self.masters.has_any(network.and_then(|network| network.ssid.as_deref()))
    }

    /// Keeps a key for whoever asks what was learned.
    pub(super) fn list(&mut self, learned: Learned) -> Option<usize> {
        if self.learned.len() >= limits::WIFI_LEARNED {
            self.unlisted = self.unlisted.saturating_add(1);
            return None;
        }
        self.learned.push(learned);
        self.learned.len().checked_sub(1)
    }

    /// Counts a frame that a learned key opened.
    pub(super) fn opened(&mut self, learned: Option<usize>) {
        if let Some(learned) = learned.and_then(|at| self.learned.get_mut(at)) {
            learned.opened = learned.opened.saturating_add(1);
        }
    }
}

impl Fitting {
    fn new(by: KeyId, temporal: &Temporal) -> Self {
        let suites = match (temporal.cipher, temporal.key.len()) {
            (Some(cipher), _) => vec![cipher],
            (None, 16) => vec![Suite::standard(4), Suite::standard(8)],
            (None, _) => vec![Suite::standard(10), Suite::standard(9), cipher::TKIP],
        };
        let ciphers = suites.into_iter().filter_map(|suite| Cipher::new(suite, &temporal.key)).collect();
        Self { by, temporal: temporal.clone(), ciphers }
    }

    /// Whether what is told of the key lets it open frames there.
    pub(super) fn fits(&self, sealed: Sealed<'_>, place: Place) -> bool {
        let is = |told: Option<Mac>, own: Option<Mac>| told.is_none_or(|told| Some(told) == own);
        let Temporal { bssid, station, group, .. } = self.temporal;
        is(bssid, place.bssid) && if sealed.is_group() { station.is_none() } else { group.is_none() && is(station, place.station) }
    }
}

/// The users' keys of a set, as tables show them.
pub(super) fn shown(keys: &BTreeSet<KeyId>) -> Vec<String> {
    keys.iter().map(KeyId::to_string).collect()
}
