//! What the packets do not say themselves: where an address lies, and what a reader calls that place.

mod country;
mod geo;
mod mmdb;
mod names;
mod region;
mod scope;

pub(crate) use country::Country;
pub(crate) use geo::{Geo, Place, Source};
pub(crate) use names::Names;
pub(crate) use region::Grouping;
pub(crate) use scope::{Embedding, Scope, Site};
