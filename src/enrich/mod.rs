//! What the packets do not say themselves: where an address lies, who runs it, and which kind of data goes there.

mod basis;
mod category;
mod country;
mod enricher;
mod geo;
mod host;
mod mmdb;
mod names;
mod owner;
mod party;
mod region;
mod rules;
mod scope;

pub(crate) use category::CATEGORIES;
pub(crate) use country::Country;
pub(crate) use enricher::Enricher;
pub use enricher::Settings;
pub(crate) use geo::{Candidate, Geo, GeoError, Place, Source};
pub(crate) use names::Names;
pub(crate) use region::{Grouping, RegionError};
pub(crate) use rules::{Attempt, Decision, Outcome, Problem, Question, Rule, Rules, RulesError, Severity};
pub(crate) use scope::{Embedding, Scope, Site};
