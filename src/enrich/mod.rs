//! What the packets do not say themselves: where an address lies, who runs it, and which kind of data goes there.

mod aircraft;
mod basis;
mod category;
mod content;
mod country;
mod devices;
mod enricher;
mod extent;
mod geo;
mod geofeed;
mod host;
mod mmdb;
mod names;
mod nearness;
mod owner;
mod party;
mod prefixes;
mod provider;
mod region;
mod repeated;
mod rules;
mod scope;

use crate::error::{Error, Kind};

pub(crate) use category::CATEGORIES;
pub(crate) use content::Told;
pub(crate) use country::Country;
pub(crate) use enricher::Enricher;
pub use enricher::Settings;
pub(crate) use geo::{Candidate, CountryBasis, Geo, GeoError, Lists, Place, Source};
pub(crate) use names::Names;
pub use nearness::Vantage;
pub(crate) use region::{Grouping, RegionError};
#[cfg(feature = "table")]
pub(crate) use rules::RuleFile;
pub(crate) use rules::{Attempt, Decision, Outcome, Problem, Question, Rule, Rules, RulesError, Severity};
pub(crate) use scope::{Embedding, Scope, Site};

impl From<GeoError> for Error {
    fn from(error: GeoError) -> Self {
        Kind::Data { error: error.into(), is_io: false }.into()
    }
}

impl From<RegionError> for Error {
    fn from(error: RegionError) -> Self {
        Kind::Data { error: error.into(), is_io: false }.into()
    }
}

impl From<RulesError> for Error {
    fn from(error: RulesError) -> Self {
        let is_io = error.is_io();
        Kind::Data { error: error.into(), is_io }.into()
    }
}
