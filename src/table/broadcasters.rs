//! Who broadcast an identity or place, over all captures: what the answer shows of table `remote_id`.

use std::collections::{BTreeMap, BTreeSet};

use crate::limits;
use crate::record::{Place, RemoteId};
use crate::time::Timestamp;

/// Identities kept of one transmitter; a real one has one in each format.
const IDENTITIES: usize = 8;

/// A transmitter of broadcasts.
#[derive(Clone, Debug, PartialEq)]
pub struct Broadcaster {
    /// Its link address; the identity where it has none.
    pub transmitter: String,
    /// Formats it used.
    pub systems: BTreeSet<&'static str>,
    /// Identities it told, the first ones of many.
    pub identities: BTreeSet<String>,
    /// Operators it told.
    pub operator_ids: BTreeSet<String>,
    /// Time of its first broadcast.
    pub first: Timestamp,
    /// Time of its last one.
    pub last: Timestamp,
    /// Its last place on Earth, with the time.
    pub position: Option<(Timestamp, Place)>,
    /// The last place on Earth of its operator, with the time.
    pub operator: Option<(Timestamp, Place)>,
    /// Broadcasts, one for each row.
    pub broadcasts: u64,
    /// Those that can hardly be true.
    pub doubted: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Broadcasters(BTreeMap<String, Broadcaster>);

impl Broadcasters {
    /// Adds a row; of more transmitters than are remembered, later ones are in the table alone.
    pub(super) fn add(&mut self, row: &RemoteId) {
        let Some(key) = row.transmitter.as_ref().or(row.identity.as_ref()) else { return };
        if self.0.len() >= limits::REMOTE_ID_TRANSMITTERS && !self.0.contains_key(key) {
            return;
        }
        let heard = self.0.entry(key.clone()).or_insert_with(|| Broadcaster::new(key.clone(), row.time));
        heard.add(row);
    }

    /// By the time they were first heard.
    pub(super) fn finish(self) -> Vec<Broadcaster> {
        let mut heard: Vec<_> = self.0.into_values().collect();
        heard.sort_by_key(|heard| heard.first);
        heard
    }
}

impl Broadcaster {
    const fn new(transmitter: String, time: Timestamp) -> Self {
        Self {
            transmitter,
            systems: BTreeSet::new(),
            identities: BTreeSet::new(),
            operator_ids: BTreeSet::new(),
            first: time,
            last: time,
            position: None,
            operator: None,
            broadcasts: 0,
            doubted: 0,
        }
    }

    fn add(&mut self, row: &RemoteId) {
        self.systems.insert(row.system);
        for (known, told) in [(&mut self.identities, &row.identity), (&mut self.operator_ids, &row.operator_id)] {
            if known.len() < IDENTITIES {
                known.extend(told.clone());
            }
        }
        self.first = self.first.min(row.time);
        self.last = self.last.max(row.time);
        self.broadcasts = self.broadcasts.saturating_add(1);
        self.doubted = self.doubted.saturating_add(u64::from(row.plausible == Some(false)));
        for (last, place) in [(&mut self.position, row.position), (&mut self.operator, row.operator)] {
            if let Some(place) = place.filter(Place::is_on_earth)
                && last.is_none_or(|(time, _)| time <= row.time)
            {
                *last = Some((row.time, place));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(seconds: i64, latitude: f64, identity: &str) -> RemoteId {
        RemoteId {
            time: Timestamp::from_parts(seconds, 0),
            transmitter: Some("60:60:1f:00:00:01".into()),
            system: "astm-f3411",
            identity: Some(identity.into()),
            position: Some(Place { latitude, longitude: 7.0 }),
            plausible: Some(identity != "B"),
            ..RemoteId::default()
        }
    }

    #[test]
    fn the_last_place_is_the_latest_whatever_the_order() {
        let mut all = Broadcasters::default();
        all.add(&heard(2, 47.0, "A"));
        all.add(&heard(1, 46.0, "B"));
        all.add(&RemoteId { transmitter: None, ..heard(0, 45.0, "C") });
        all.add(&RemoteId { transmitter: None, identity: None, ..heard(0, 45.0, "C") });
        let [nameless, first] = all.finish().try_into().unwrap();
        assert_eq!((nameless.transmitter.as_str(), nameless.broadcasts), ("C", 1));
        assert_eq!((first.first, first.last), (Timestamp::from_parts(1, 0), Timestamp::from_parts(2, 0)));
        assert_eq!(first.position, Some((Timestamp::from_parts(2, 0), Place { latitude: 47.0, longitude: 7.0 })));
        assert_eq!((first.broadcasts, first.doubted, first.identities.len()), (2, 1, 2));
    }

    #[test]
    fn no_more_than_the_limit_are_remembered() {
        let mut all = Broadcasters::default();
        for number in 0..limits::REMOTE_ID_TRANSMITTERS + 2 {
            all.add(&RemoteId { transmitter: Some(number.to_string()), ..heard(1, 47.0, "A") });
        }
        assert_eq!(all.finish().len(), limits::REMOTE_ID_TRANSMITTERS);
    }
}
