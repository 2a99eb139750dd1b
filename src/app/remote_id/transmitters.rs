//! What is remembered of each transmitter, and what it makes doubtful.

use std::collections::VecDeque;

use hashbrown::HashMap;

use crate::limits;
use crate::record::{Place, RemoteId};
use crate::time::Timestamp;
use crate::wire::Mac;
use crate::wire::droneid::REACH_METRES;
use crate::wire::position::Position;

/// Metres per second that no aircraft with such a broadcast flies.
const FASTEST: f64 = 150.0;
/// Metres that two places may be apart by inaccuracy alone.
const SCATTER_METRES: f64 = 300.0;
/// Metres above the sea between which such aircraft fly: the Dead Sea and the highest flight over Everest.
const ALTITUDES: std::ops::RangeInclusive<f64> = -500.0..=10_000.0;
/// Nobody broadcast before 2017-01-01.
const FIRST_BROADCASTS: Timestamp = Timestamp::from_parts(1_483_228_800, 0);

/// The last place and identity of each transmitter.
#[derive(Default)]
pub(super) struct Transmitters {
    last: HashMap<Mac, Last>,
    order: VecDeque<Mac>,
}

#[derive(Default)]
struct Last {
    place: Option<(Place, Timestamp)>,
    /// By format and kind: an aircraft has one of each, and may tell them in turn.
    identities: Vec<((&'static str, Option<&'static str>), String)>,
}

impl Transmitters {
    /// Fills in what makes the row doubtful; true when another transmitter had to be forgotten for this one.
    pub(super) fn judge(&mut self, transmitter: Option<Mac>, row: &mut RemoteId) -> bool {
        let mut doubts = alone(row);
        let mut is_forgetful = false;
        if let Some(transmitter) = transmitter {
            is_forgetful = self.make_room(transmitter);
            doubts.extend(self.last.entry(transmitter).or_default().compare(row));
        }
        let is_judged = row.position.is_some() || !doubts.is_empty();
        row.plausible = is_judged.then_some(doubts.is_empty());
        row.doubts = doubts.into_iter().map(str::to_owned).collect();
        is_forgetful
    }

    fn make_room(&mut self, transmitter: Mac) -> bool {
        if self.last.contains_key(&transmitter) {
            return false;
        }
        let is_full = self.order.len() >= limits::REMOTE_ID_TRANSMITTERS;
        if is_full && let Some(first) = self.order.pop_front() {
            self.last.remove(&first);
        }
        self.order.push_back(transmitter);
        is_full
    }
}

impl Last {
    /// Doubts that come from what was heard before, which this row replaces.
    fn compare(&mut self, row: &RemoteId) -> Vec<&'static str> {
        let mut doubts = Vec::new();
        if let Some(place) = row.position.filter(|place| position(*place).is_on_earth()) {
            if let Some((before, time)) = self.place {
                let seconds = (row.time.since(time).millis() / 1_000.0).abs();
                if position(before).metres_to(position(place)) > SCATTER_METRES + FASTEST * seconds {
                    doubts.push("moved-too-fast");
                }
            }
            self.place = Some((place, row.time));
        }
        if let Some(identity) = &row.identity {
            let kind = (row.system, row.identity_type);
            match self.identities.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, before)) if before != identity => {
                    doubts.push("identity-changed");
                    before.clone_from(identity);
                }
                Some(_) => {}
                None => self.identities.push((kind, identity.clone())),
            }
        }
        doubts
    }
}

/// Doubts that need no other row.
fn alone(row: &RemoteId) -> Vec<&'static str> {
    let at = row.position.map(position);
    let (operator, home) = (row.operator.map(position), row.home.map(position));
    let is_far = |other: Option<Position>| at.zip(other).is_some_and(|(at, other)| at.metres_to(other) > REACH_METRES);
    let is_off = [at, operator, home].into_iter().flatten().any(|place| !place.is_on_earth());
    let is_odd_altitude = |altitude: Option<f64>| altitude.is_some_and(|metres| !ALTITUDES.contains(&metres));
    let checks = [
        ("off-the-earth", is_off),
        ("altitude", is_odd_altitude(row.altitude) || is_odd_altitude(row.pressure_altitude)),
        ("speed", row.speed.is_some_and(|speed| speed > FASTEST) || row.vertical_speed.is_some_and(|speed| speed.abs() > FASTEST)),
        ("far-from-operator", !is_off && is_far(operator)),
        ("far-from-home", !is_off && is_far(home)),
        ("own-time", row.own_time.is_some_and(|time| time < FIRST_BROADCASTS)),
    ];
    checks.into_iter().filter(|(_, is_so)| *is_so).map(|(doubt, _)| doubt).collect()
}

const fn position(place: Place) -> Position {
    Position { latitude: place.latitude, longitude: place.longitude }
}
