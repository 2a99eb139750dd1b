//! How far away a remote can be at most, by the time its answer took, and which countries are farther than that.
//!
//! It bounds who answered: a proxy or a middlebox that opens connections on behalf of the server is bounded in its stead.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use hashbrown::HashMap;

use super::extent::{Extents, Point};
use super::geo::GeoError;
use super::{Candidate, Country};
use crate::limits;
use crate::record::Flow;
use crate::time::Span;

/// Where the captures were made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vantage {
    point: Point,
    country: Option<Country>,
}

impl Vantage {
    /// From degrees north and east, and the code of the country they lie in where that is known: it tells degrees in the
    /// wrong order.
    ///
    /// # Errors
    /// When there is no such place, or it lies in another country.
    pub fn new(latitude: f64, longitude: f64, country: Option<&str>) -> Result<Self, String> {
        let point = Point::new(latitude, longitude)
            .ok_or_else(|| format!("there is no place at {latitude} degrees north, {longitude} degrees east"))?;
        let code = |text: &str| Country::from_code(text).ok_or_else(|| format!("{text:?} is no country of ISO 3166-1"));
        let vantage = Self { point, country: country.map(code).transpose()? };
        let is_off = |(country, km): &(Country, f64)| Some(*country) == vantage.country && *km > limits::VANTAGE_OFF_KM;
        let extents = Extents::shipped().map_err(|error| error.to_string())?;
        match extents.least_km(point).into_iter().find(is_off) {
            Some((country, km)) => {
                Err(format!("{latitude},{longitude} lies {km:.0} km or more outside of {country}: expected latitude, then longitude"))
            }
            None => Ok(vantage),
        }
    }

    /// Degrees north and east.
    pub(crate) const fn degrees(self) -> (f64, f64) {
        (self.point.latitude(), self.point.longitude())
    }
}

impl FromStr for Vantage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<_> = text.split(',').map(str::trim).collect();
        let ([latitude, longitude], country) = match parts[..] {
            [latitude, longitude] => ([latitude, longitude], None),
            [latitude, longitude, country] => ([latitude, longitude], Some(country)),
            _ => return Err("expected LAT,LON or LAT,LON,COUNTRY, as 37.77,-122.42,US".to_owned()),
        };
        let degrees = |text: &str| text.parse().map_err(|_| format!("{text:?} is no number of degrees"));
        Self::new(degrees(latitude)?, degrees(longitude)?, country)
    }
}

impl fmt::Display for Vantage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{},{}", self.point.latitude(), self.point.longitude())?;
        self.country.map_or(Ok(()), |country| write!(out, ",{country}"))
    }
}

/// How far from the vantage each country is at least, kilometres.
#[derive(Debug)]
pub(crate) struct Distances(HashMap<Country, f64>);

/// What a source said and cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Struck {
    /// What it said.
    pub(crate) candidate: Candidate,
    /// Kilometres that the country is away at least.
    pub(crate) km: u64,
}

impl Distances {
    /// Those from this vantage.
    pub(crate) fn from(vantage: Vantage) -> Result<Self, GeoError> {
        Ok(Self(Extents::shipped()?.least_km(vantage.point).into_iter().collect()))
    }

    /// The candidates that are nearer than `reach_km`, and those that are not.
    pub(super) fn strike(&self, candidates: Vec<Candidate>, reach_km: u64) -> (Vec<Candidate>, Vec<Struck>) {
        let (mut left, mut struck) = (Vec::new(), Vec::new());
        for candidate in candidates {
            match self.0.get(&candidate.country).map(|km| whole(km.floor())) {
                Some(km) if km > reach_km => struck.push(Struck { candidate, km }),
                _ => left.push(candidate),
            }
        }
        (left, struck)
    }
}

/// Kilometres beyond which nothing can have answered in that time; none for a time in which nothing far away answers.
pub(crate) fn reach_km(round_trip: Span) -> Option<u64> {
    (round_trip >= limits::RTT_LEAST).then(|| whole((round_trip.millis() * limits::RTT_KM_PER_MS).ceil()))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float stops at the ends of the range")]
const fn whole(km: f64) -> u64 {
    km as u64
}

/// The smallest round-trip time of each remote.
#[derive(Debug, Default)]
pub(crate) struct RoundTrips {
    smallest: HashMap<IpAddr, Span>,
    /// Addresses not kept because there were too many.
    pub(crate) lost: u64,
}

impl RoundTrips {
    /// Learns what a flow's handshake took. Nothing comes back before it was sent: such a time is one of a clock that was set.
    pub(crate) fn learn(&mut self, flow: &Flow) {
        let Some(took) = flow.round_trip.filter(|took| *took > Span::default()) else { return };
        if let Some(smallest) = self.smallest.get_mut(&flow.remote_ip) {
            *smallest = took.min(*smallest);
        } else if self.smallest.len() < limits::ROUND_TRIPS {
            self.smallest.insert(flow.remote_ip, took);
        } else {
            self.lost += 1;
        }
    }

    /// The smallest time that an answer of this address took.
    pub(crate) fn of(&self, address: IpAddr) -> Option<Span> {
        self.smallest.get(&address).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::enrich::geo::Rank;
    use crate::record::tests::flow;

    fn candidate(code: &str) -> Candidate {
        Candidate { source: Arc::from("a"), rank: Rank::Shipped, country: Country::from_code(code).unwrap() }
    }

    fn left(vantage: &str, codes: &[&str], millis: i64) -> Vec<&'static str> {
        let distances = Distances::from(vantage.parse().unwrap()).unwrap();
        let candidates = codes.iter().map(|code| candidate(code)).collect();
        let (left, _) = distances.strike(candidates, reach_km(Span::from_nanos(millis * 1_000_000)).unwrap());
        left.into_iter().map(|candidate| candidate.country.as_str()).collect()
    }

    #[test]
    fn ten_milliseconds_from_san_francisco_are_not_asia() {
        let san_francisco = "37.77,-122.42,US";
        assert_eq!(left(san_francisco, &["US", "CN", "HK", "MO", "TW", "SG", "MX", "CA"], 10), ["US", "MX"]);
        assert_eq!(left(san_francisco, &["US", "CN", "HK", "MO", "TW", "SG"], 79), ["US", "CN"]);
        assert_eq!(left(san_francisco, &["US", "CN", "HK", "MO", "TW", "SG"], 150), ["US", "CN", "HK", "MO", "TW", "SG"]);
        // Guam is land of the United States too.
        assert_eq!(left("22.3,114.17,HK", &["HK", "CN", "TW", "US", "SG"], 20), ["HK", "CN", "TW"]);
        assert_eq!(left("22.3,114.17,HK", &["US", "SG"], 35), ["US", "SG"]);
    }

    #[test]
    fn what_is_struck_out_has_its_distance() {
        let distances = Distances::from("37.77,-122.42".parse().unwrap()).unwrap();
        let (_, struck) = distances.strike(vec![candidate("HK")], 1_000);
        assert!((10_700..=11_088).contains(&struck[0].km), "{}", struck[0].km);
    }

    #[test]
    fn time_is_distance() {
        assert_eq!(reach_km(Span::from_nanos(10_000_000)), Some(1_000));
        assert_eq!(reach_km(Span::from_nanos(1_000_001)), Some(101));
        assert_eq!(reach_km(Span::from_nanos(999_999)), None);
        assert_eq!(reach_km(Span::from_secs(3_000_000_000)), Some(300_000_000_000_000));
    }

    #[test]
    fn flows_to_one_address_share_the_smallest_time() {
        let mut trips = RoundTrips::default();
        let took = |nanos| Flow { round_trip: nanos, ..flow() };
        for nanos in [Some(900), Some(300), None, Some(-5), Some(0), Some(700)] {
            trips.learn(&took(nanos.map(Span::from_nanos)));
        }
        assert_eq!(trips.of(flow().remote_ip), Some(Span::from_nanos(300)));
        assert_eq!(trips.of("192.0.2.250".parse().unwrap()), None);
    }

    #[test]
    fn a_vantage_is_degrees_and_perhaps_a_country() {
        for text in ["37.77,-122.42", "37.77,-122.42,US", "-33.87,151.21,AU"] {
            assert_eq!(text.parse::<Vantage>().unwrap().to_string(), text);
        }
        for (text, told) in [
            ("37.77", "expected LAT,LON"),
            ("here,there", "no number of degrees"),
            ("137.77,-22.42", "no place at"),
            ("nan,0", "no place at"),
            ("37.77,-122.42,XX", "no country"),
            ("-122.42,37.77,US", "no place at"),
            ("22.3,114.17,US", "outside of US"),
        ] {
            let error = text.parse::<Vantage>().unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
