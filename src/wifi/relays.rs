//! Frames that an access point sends on for one of its stations: the monitor hears the same packet twice, from the
//! station to the access point and from there to whom it is for.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, Hasher as _};

use foldhash::fast::FixedState;

use super::recent::Recent;
use crate::limits;
use crate::time::Timestamp;
use crate::wire::Mac;
use crate::wire::ieee80211::{Ends, Header};

/// The last packets that stations of each network gave their access point to send on.
pub(super) struct Relays {
    networks: Recent<Mac, VecDeque<(u64, Timestamp)>>,
}

impl Default for Relays {
    fn default() -> Self {
        Self { networks: Recent::new(limits::WIFI_NETWORKS) }
    }
}

impl Relays {
    /// Whether an access point sends on what a station has just sent; each copy is told once. `is_station` says
    /// whether an address belongs to a station of that network.
    pub(super) fn has(&mut self, header: &Header, body: &[u8], time: Timestamp, is_station: impl Fn(Mac, Mac) -> bool) -> bool {
        let (source, destination) = (header.source(), header.destination());
        match header.ends() {
            Ends::Station { bssid, station } if station == source => {
                if destination != bssid && (destination.is_group() || is_station(bssid, destination)) {
                    self.note(bssid, digest(source, destination, body), time);
                }
                false
            }
            Ends::Station { bssid, .. } | Ends::Group { bssid } if source != bssid && is_station(bssid, source) => {
                self.take(bssid, digest(source, destination, body), time)
            }
            _ => false,
        }
    }

    fn note(&mut self, bssid: Mac, digest: u64, time: Timestamp) {
        let sent = self.networks.entry(bssid, VecDeque::new);
        if sent.len() >= limits::WIFI_RELAYS {
            sent.pop_front();
        }
        sent.push_back((digest, time));
        self.networks.forget_dropped();
    }

    fn take(&mut self, bssid: Mac, digest: u64, time: Timestamp) -> bool {
        let Some(sent) = self.networks.find(&bssid) else { return false };
        let is_it = |(known, at): &(u64, Timestamp)| *known == digest && time.since(*at) <= limits::WIFI_RELAY_AGE;
        let Some(at) = sent.iter().position(is_it) else { return false };
        sent.remove(at);
        true
    }
}

/// What stays the same on the way through the access point.
fn digest(source: Mac, destination: Mac, body: &[u8]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(&source.0);
    hasher.write(&destination.0);
    hasher.write(body);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_sent_on_is_told_once() {
        let (bssid, station, all) = (Mac([2; 6]), Mac([4; 6]), Mac([0xff; 6]));
        let up = Header { control: [0x08, 0x01], receiver: bssid, transmitter: station, third: all, fourth: None, sequence: 0, qos: None };
        let down = Header { control: [0x08, 0x02], receiver: all, transmitter: bssid, third: station, ..up };
        let mut relays = Relays::default();
        let mut told = |header: &Header, body: &[u8], second| {
            relays.has(header, body, Timestamp::from_parts(second, 0), |_, address| address == station)
        };
        assert!(!told(&down, b"a", 1));
        assert!(!told(&up, b"a", 1));
        assert!(!told(&down, b"b", 1));
        assert!(told(&down, b"a", 2));
        assert!(!told(&down, b"a", 2));
        assert!(!told(&up, b"a", 3));
        assert!(!told(&down, b"a", 300));
    }
}
