//! Regions: a named, versioned way to read country codes, and the words for addresses that have no country.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::{Country, CountryBasis, Place, Scope};

/// The groupings that come with the program.
const SHIPPED: &str = include_str!("../../geoip/regions.toml");

/// Region of a place whose candidates lie in several regions.
pub(crate) const DISPUTED: &str = "disputed";
/// Region of a place that no source knows.
pub(crate) const UNKNOWN: &str = "unknown";

/// Why a list of regions cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegionError {
    /// It is not written as it should be.
    #[error("cannot read regions: {0}")]
    Syntax(#[from] toml::de::Error),
    /// There is no grouping of that name.
    #[error("there is no grouping of regions called {asked}; there are: {known}")]
    NoGrouping {
        /// The name asked for.
        asked: String,
        /// The names there are.
        known: String,
    },
    /// A code is in no region, in two, or is none.
    #[error("regions: grouping {grouping}: {code} {fault}")]
    Code {
        /// The grouping.
        grouping: String,
        /// The code.
        code: String,
        /// What is wrong with it.
        fault: &'static str,
    },
}

/// One way to group countries.
#[derive(Clone, Debug)]
pub(crate) struct Grouping {
    /// Name by which it is chosen.
    pub(crate) id: String,
    /// Changes whenever a region does.
    pub(crate) version: String,
    /// What it is for.
    pub(crate) title: String,
    /// Whose membership lists it follows.
    pub(crate) source: String,
    /// What a reader should know.
    pub(crate) note: String,
    countries: BTreeMap<Country, Arc<str>>,
    scopes: BTreeMap<Scope, Arc<str>>,
}

impl Grouping {
    /// The grouping that a report uses unless told otherwise.
    pub(crate) const DEFAULT: &'static str = "study";

    /// A shipped grouping by its name.
    pub(crate) fn shipped(id: &str) -> Result<Self, RegionError> {
        let groupings = Self::all_shipped()?;
        let known = groupings.iter().map(|grouping| grouping.id.as_str()).collect::<Vec<_>>().join(", ");
        let found = groupings.into_iter().find(|grouping| grouping.id == id);
        found.ok_or_else(|| RegionError::NoGrouping { asked: id.to_owned(), known })
    }

    /// Every shipped grouping, the default first.
    pub(crate) fn all_shipped() -> Result<Vec<Self>, RegionError> {
        Self::read(SHIPPED)
    }

    /// Reads groupings and holds them to their promise: every country in exactly one region of each.
    fn read(text: &str) -> Result<Vec<Self>, RegionError> {
        let file: File = toml::from_str(text)?;
        let scopes = scopes(&file.scopes)?;
        file.grouping.into_iter().map(|listed| listed.build(scopes.clone())).collect()
    }

    /// The region of a place. Candidates that disagree on the country but not on the region have that region.
    #[must_use]
    pub(crate) fn region(&self, place: &Place) -> &str {
        if let Some(region) = self.scopes.get(&place.site.scope) {
            return region;
        }
        if place.country_basis == CountryBasis::Anycast {
            return UNKNOWN;
        }
        let mut regions = place.deciding().into_iter().map(|country| self.region_of(country));
        match regions.next() {
            None => UNKNOWN,
            Some(first) if regions.all(|region| region == first) => first,
            Some(_) => DISPUTED,
        }
    }

    /// The region of a country.
    #[must_use]
    pub(crate) fn region_of(&self, country: Country) -> &str {
        self.countries.get(&country).map_or(UNKNOWN, |region| region)
    }
}

#[derive(Deserialize)]
struct File {
    scopes: BTreeMap<String, String>,
    grouping: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    version: String,
    title: String,
    source: String,
    #[serde(default)]
    note: String,
    region: Vec<Region>,
}

#[derive(Deserialize)]
struct Region {
    name: Arc<str>,
    countries: Vec<String>,
}

impl Listed {
    fn build(self, scopes: BTreeMap<Scope, Arc<str>>) -> Result<Grouping, RegionError> {
        let fault = |code: &str, fault| RegionError::Code { grouping: self.id.clone(), code: code.to_owned(), fault };
        let mut countries = BTreeMap::new();
        for region in &self.region {
            for code in &region.countries {
                let country = Country::from_code(code).ok_or_else(|| fault(code, "is no country of ISO 3166-1"))?;
                if countries.insert(country, Arc::clone(&region.name)).is_some() {
                    return Err(fault(code, "is in two regions"));
                }
            }
        }
        if let Some(missing) = Country::all().find(|country| !countries.contains_key(country)) {
            return Err(fault(missing.as_str(), "is in no region"));
        }
        Ok(Grouping { id: self.id, version: self.version, title: self.title, source: self.source, note: self.note, countries, scopes })
    }
}

/// The words for every scope but the global one.
fn scopes(listed: &BTreeMap<String, String>) -> Result<BTreeMap<Scope, Arc<str>>, RegionError> {
    let fault = |code: &str, fault| RegionError::Code { grouping: "scopes".to_owned(), code: code.to_owned(), fault };
    let special = || Scope::ALL.into_iter().filter(|scope| *scope != Scope::Global);
    if let Some(stranger) = listed.keys().find(|word| special().all(|scope| scope.as_str() != *word)) {
        return Err(fault(stranger, "is no scope"));
    }
    special()
        .map(|scope| match listed.get(scope.as_str()) {
            Some(region) => Ok((scope, Arc::from(region.as_str()))),
            None => Err(fault(scope.as_str(), "has no region")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::Geo;

    fn study() -> Grouping {
        Grouping::shipped(Grouping::DEFAULT).unwrap()
    }

    fn region(code: &str) -> String {
        study().region_of(Country::from_code(code).unwrap()).to_owned()
    }

    fn place_of(candidates: &[&str]) -> Place {
        let mut place = Geo::shipped().unwrap().look_up("47.91.161.230".parse().unwrap());
        let pattern = place.country_candidates.remove(0);
        let countries = candidates.iter().map(|code| Country::from_code(code).unwrap());
        place.country_candidates = countries.map(|country| crate::enrich::geo::Candidate { country, ..pattern.clone() }).collect();
        place
    }

    #[test]
    fn every_country_has_one_region_in_each_grouping() {
        let groupings = Grouping::all_shipped().unwrap();
        assert_eq!(groupings.iter().map(|grouping| grouping.id.as_str()).collect::<Vec<_>>(), ["study", "un-m49"]);
        for grouping in groupings {
            for country in Country::all() {
                assert_ne!(grouping.region_of(country), UNKNOWN, "{country} in {}", grouping.id);
            }
        }
    }

    #[test]
    fn the_four_that_the_study_argues_over_stand_apart() {
        assert_eq!(["CN", "HK", "MO", "TW"].map(region), ["mainland China", "Hong Kong", "Macao", "Taiwan"]);
    }

    #[test]
    fn membership_is_read_off_the_right_list() {
        let expected = [
            ("US", "United States"),
            ("PR", "United States"),
            ("IE", "EU/EEA"),
            ("NO", "EU/EEA"),
            ("RE", "EU/EEA"),
            ("GB", "United Kingdom"),
            ("CH", "rest of Europe"),
            ("JE", "rest of Europe"),
            ("KP", "rest of Asia"),
            ("NZ", "Australia and New Zealand"),
            ("MX", "Latin America and Caribbean"),
            ("GL", "rest of North America"),
            ("FJ", "rest of Oceania"),
            ("ZA", "Africa"),
        ];
        for (code, name) in expected {
            assert_eq!(region(code), name, "{code}");
        }
    }

    #[test]
    fn a_place_has_the_region_that_its_candidates_share() {
        let study = study();
        assert_eq!(study.region(&place_of(&["US", "HK"])), DISPUTED);
        assert_eq!(study.region(&place_of(&["DE", "FR"])), "EU/EEA");
        assert_eq!(study.region(&place_of(&["CN", "HK"])), DISPUTED);
        assert_eq!(study.region(&place_of(&["HK"])), "Hong Kong");
        assert_eq!(study.region(&place_of(&[])), UNKNOWN);
        assert_eq!(Grouping::shipped("un-m49").unwrap().region(&place_of(&["CN", "HK"])), "Eastern Asia");
    }

    #[test]
    fn an_address_without_country_has_a_word() {
        let (geo, study) = (Geo::shipped().unwrap(), study());
        let expected = [
            ("192.168.1.1", "local network"),
            ("fd00::1", "local network"),
            ("100.64.0.1", "carrier network"),
            ("fe80::1", "link-local"),
            ("224.0.0.251", "multicast"),
            ("255.255.255.255", "broadcast"),
            ("127.0.0.1", "loopback"),
            ("203.0.113.9", "documentation"),
        ];
        for (address, name) in expected {
            assert_eq!(study.region(&geo.look_up(address.parse().unwrap())), name, "{address}");
        }
    }

    #[test]
    fn a_list_that_breaks_its_promise_is_refused() {
        let twice = SHIPPED.replacen("[\"HK\"]", "[\"HK\", \"CN\"]", 1);
        assert!(Grouping::read(&twice).unwrap_err().to_string().contains("CN is in two regions"));
        let missing = SHIPPED.replacen("[\"HK\"]", "[]", 1);
        assert!(Grouping::read(&missing).unwrap_err().to_string().contains("HK is in no region"));
        let stranger = SHIPPED.replacen("[\"HK\"]", "[\"HK\", \"ZZ\"]", 1);
        assert!(Grouping::read(&stranger).unwrap_err().to_string().contains("ZZ is no country"));
        let silent = SHIPPED.replacen("discard = \"discard\"\n", "", 1);
        assert!(Grouping::read(&silent).unwrap_err().to_string().contains("discard has no region"));
        assert!(Grouping::shipped("mars").unwrap_err().to_string().contains("there are: study, un-m49"));
    }
}
