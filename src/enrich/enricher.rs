//! Joins to a flow what the pass could not know: its name, place, owner, party and category.

use std::net::IpAddr;
use std::path::PathBuf;

use hashbrown::HashMap;

use super::aircraft;
use super::devices::Kinds;
use super::names::Chosen;
use super::nearness::{Distances, RoundTrips, Struck, Vantage, reach_km};
use super::repeated::Repeated;
use super::{Geo, Grouping, Lists, Names, Place, Question, Rules, Told};
use crate::error::Error;
use crate::flow::Device;
use crate::limits;
use crate::record::{Answer, ApplicationBasis, DeviceKind, Finding, Flow, Request};
use crate::time::Timestamp;

/// What to join with.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Vendor under study.
    pub vendor: String,
    /// Grouping of countries into regions.
    pub regions: String,
    /// Address databases of the user.
    pub geoip: Vec<PathBuf>,
    /// Geofeeds of the user.
    pub geofeeds: Vec<PathBuf>,
    /// Lists that providers publish of their address ranges.
    pub provider_ranges: Vec<PathBuf>,
    /// Rule files or folders of the user.
    pub rules: Vec<PathBuf>,
    /// What the user says that devices are.
    pub kinds: Vec<(DeviceKind, Device)>,
    /// Where the captures were made.
    pub vantage: Option<Vantage>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            vendor: "DJI".to_owned(),
            regions: Grouping::DEFAULT.to_owned(),
            geoip: Vec::new(),
            geofeeds: Vec::new(),
            provider_ranges: Vec::new(),
            rules: Vec::new(),
            kinds: Vec::new(),
            vantage: None,
        }
    }
}

/// Names, places and rules, ready to answer.
pub(crate) struct Enricher {
    /// Names learned in the pass.
    pub(crate) names: Names,
    /// Devices learned in the pass.
    pub(crate) kinds: Kinds,
    /// Round-trip times learned in the pass.
    pub(crate) round_trips: RoundTrips,
    /// How far away countries are, where the vantage is known.
    distances: Option<Distances>,
    geo: Geo,
    grouping: Grouping,
    rules: Rules,
    places: HashMap<IpAddr, Place>,
    repeated: Repeated,
}

impl Enricher {
    /// Loads address data and rules.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Error> {
        let geo =
            Geo::with(&Lists { provider_ranges: &settings.provider_ranges, geofeeds: &settings.geofeeds, databases: &settings.geoip })?;
        let mut rules = Rules::shipped(&settings.vendor)?;
        for path in &settings.rules {
            rules.add_path(path)?;
        }
        let grouping = Grouping::shipped(&settings.regions)?;
        Ok(Self {
            names: Names::default(),
            kinds: Kinds::new(&settings.kinds),
            round_trips: RoundTrips::default(),
            distances: settings.vantage.map(Distances::from).transpose()?,
            geo,
            grouping,
            rules,
            places: HashMap::new(),
            repeated: Repeated::default(),
        })
    }

    /// The rule sets, as `name@version`.
    pub(crate) fn rule_sets(&self) -> Vec<String> {
        self.rules.sources().iter().map(|source| format!("{}@{}", source.name, source.version)).collect()
    }

    /// The address files, as `file@sha256`.
    pub(crate) fn address_data(&self) -> Vec<String> {
        self.geo.sources().map(|source| format!("{}@{}", source.file, source.sha256)).collect()
    }

    /// Learns from a closed flow what the answers of others rest on.
    pub(crate) fn learn(&mut self, flow: &Flow) {
        self.kinds.learn(flow);
        self.round_trips.learn(flow);
    }

    /// Providers' lists that are too far in time from a capture of these days to be relied on, in words.
    pub(crate) fn stale(&self, first: Timestamp, last: Timestamp) -> Vec<String> {
        self.geo.sources().filter_map(|source| source.stale(first, last)).collect()
    }

    /// Fills a flow's answer.
    pub(crate) fn answer(&mut self, flow: &mut Flow) {
        let chosen = self.names.choose(flow);
        let mut place = self.place(flow.remote_ip);
        let round_trip = self.round_trips.of(flow.remote_ip);
        let reach = round_trip.and_then(reach_km);
        if let Some((distances, reach)) = self.distances.as_ref().zip(reach) {
            place.strike(distances, reach);
        }
        let mut answer = located(&place);
        (answer.rtt_min, answer.max_distance_km) = (round_trip, reach);
        self.grouping.region(&place).clone_into(&mut answer.region);
        let carries = self.decide(flow, &chosen, &place, &mut answer);
        if let Some(carries) = carries.filter(|_| matches!(flow.application.as_deref(), Some("tls" | "quic"))) {
            (flow.application, flow.application_basis) = (Some(carries), ApplicationBasis::Name);
        }
        let Chosen { name, age, candidates, .. } = chosen;
        (answer.name_source, answer.name) = name.unzip();
        (answer.name_age, answer.name_candidates) = (age, candidates);
        answer.device_kind = self.kinds.device(flow);
        answer.remote_kind = self.kinds.remote(flow);
        flow.answer = answer;
        flow.answer.aircraft_reach = aircraft::reach(flow);
    }

    /// A finding that was told before, of the same device and remote.
    pub(crate) fn is_repeated(&mut self, finding: &Finding) -> bool {
        self.repeated.is_repeated(finding)
    }

    /// What an answered flow shows that is worth a reader's eye.
    pub(crate) fn finding(&mut self, flow: &Flow) -> Option<Finding> {
        aircraft::finding(flow, &mut self.kinds)
    }

    fn place(&mut self, address: IpAddr) -> Place {
        if let Some(place) = self.places.get(&address) {
            return place.clone();
        }
        let place = self.geo.look_up(address);
        if self.places.len() >= limits::PLACES {
            self.places.clear();
        }
        self.places.insert(address, place.clone());
        place
    }

    /// Fills in what the rules say; the answer is what they know of the protocol inside the encryption.
    fn decide(&self, flow: &Flow, chosen: &Chosen, place: &Place, answer: &mut Answer) -> Option<String> {
        let source = chosen.name.as_ref().map_or("", |(source, _)| source.as_str());
        let names: Vec<(&str, &str)> = chosen.rivals.iter().map(|name| (name.as_str(), source)).collect();
        let requests: Vec<(&str, &str, &str)> =
            flow.requests.iter().map(|request| (request.method.as_str(), request.host.as_str(), request.path.as_str())).collect();
        let contents: Vec<Told> = flow.requests.iter().map(told).collect();
        let mut decision = self.rules.decide(&Question {
            names: &names,
            requests: &requests,
            contents: &contents,
            address: Some(flow.remote_ip),
            asn: place.asn,
            transport: &flow.protocol,
            remote_port: flow.remote_port,
            application: flow.application.as_deref().filter(|_| flow.application_basis == ApplicationBasis::Content),
            scope_local: place.site.scope.is_local(),
        });
        if let Some(category) = flow.link.as_ref().and_then(|link| link.category()) {
            decision.settle(category);
        }
        answer.domain = decision.domain;
        answer.owner = decision.owner;
        answer.owner_country = decision.owner_country;
        answer.owner_basis = decision.owner_basis.as_str();
        answer.party = decision.party.as_str();
        answer.party_basis = decision.party_basis.as_str();
        answer.category = decision.category;
        answer.category_basis = decision.basis.as_str();
        answer.category_rule = decision.rule;
        answer.category_candidates = decision.candidates.into_iter().map(str::to_owned).collect();
        decision.carries
    }
}

fn told(request: &Request) -> Told {
    let [sent, received, tells] = [&request.sent, &request.received, &request.tells].map(|words| words.iter().map(String::as_str));
    Told::new(sent, received, tells)
}

fn located(place: &Place) -> Answer {
    let candidate = |candidate: &super::Candidate| format!("{}={}", candidate.source, candidate.country.as_str());
    let struck = |struck: &Struck| format!("{}>{}km", candidate(&struck.candidate), struck.km);
    Answer {
        scope: place.site.scope.as_str(),
        country: place.country.map(|country| country.as_str().to_owned()),
        country_candidates: place.country_candidates.iter().map(candidate).collect(),
        country_basis: place.country_basis.as_str(),
        country_struck: place.struck.iter().map(struck).collect(),
        provider: place.range.as_ref().map(|range| range.provider),
        provider_region: place.range.as_ref().and_then(|range| range.region.as_deref().map(str::to_owned)),
        is_anycast: place.range.as_ref().map(|range| range.is_anycast),
        asn: place.asn,
        as_org: place.as_org.as_deref().map(|name| crate::wire::escape(name.as_bytes())),
        ..Answer::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn the_disputed_address_is_disputed() {
        let mut enricher = Enricher::new(&Settings::default()).unwrap();
        let place = enricher.place("47.91.161.230".parse().unwrap());
        let answer = located(&place);
        assert_eq!((answer.country, answer.country_basis), (None, "disputed"));
        assert!(answer.country_candidates.iter().any(|candidate| candidate.ends_with("=US")));
        assert!(answer.country_candidates.iter().any(|candidate| candidate.ends_with("=HK")));
    }

    /// The answers of two flows to the disputed address, one of which took these milliseconds to be opened.
    fn answers(vantage: Option<&str>, millis: i64) -> [Answer; 2] {
        let vantage = vantage.map(|text| text.parse().unwrap());
        let mut enricher = Enricher::new(&Settings { vantage, ..Settings::default() }).unwrap();
        let flow = || Flow { remote_ip: "47.91.161.230".parse().unwrap(), ..crate::record::tests::flow() };
        let mut flows = [Flow { round_trip: Some(Span::from_nanos(millis * 1_000_000)), ..flow() }, flow()];
        flows.iter().for_each(|flow| enricher.learn(flow));
        flows.iter_mut().for_each(|flow| enricher.answer(flow));
        flows.map(|flow| flow.answer)
    }

    #[test]
    fn a_handshake_bounds_the_place_of_every_flow_to_the_address() {
        for answer in answers(Some("37.77,-122.42,US"), 10) {
            assert_eq!((answer.country.as_deref(), answer.country_basis, answer.region.as_str()), (Some("US"), "rtt", "United States"));
            assert_eq!((answer.rtt_min.map(Span::millis), answer.max_distance_km), (Some(10.0), Some(1_000)));
            assert_eq!((answer.country_candidates.len(), answer.country_struck.len()), (1, 1));
            let struck = answer.country_struck[0].split_once('>').unwrap();
            assert_eq!(struck.0, "dbip=HK");
            assert!(struck.1.starts_with("10") && struck.1.ends_with("km"), "{}", struck.1);
        }
    }

    #[test]
    fn from_nowhere_nothing_is_struck_out() {
        for answer in answers(None, 10) {
            assert_eq!((answer.country.as_deref(), answer.country_basis, answer.max_distance_km), (None, "disputed", Some(1_000)));
            assert_eq!((answer.country_candidates.len(), answer.country_struck.len()), (2, 0));
        }
    }
}
