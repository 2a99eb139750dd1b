//! Says where a phone and a drone send their data: which kinds, how much, to whom, in which country,
//! and on what each answer rests.
//!
//! The floors, imports pointing down only: `face` shows, `table` makes dataframes, `enrich` joins
//! names, places and rules, `analyzer` owns the pass, `app` reads protocols, `flow` puts conversations
//! together, `packet` walks a frame down to its payload, [`wifi`] opens what is on the air, `capture` reads
//! containers, [`secrets`] keeps the analyst's keys, [`search`] looks for the analyst's identifiers, [`wire`] reads formats, and [`record`] is the schema that all of
//! them fill.

pub mod analysis;
pub mod analyzer;
pub(crate) mod app;
pub mod capture;
pub mod enrich;
mod error;
pub mod face;
pub mod flow;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
pub(crate) mod limits;
pub(crate) mod packet;
pub mod record;
pub mod search;
pub mod secrets;
#[cfg(feature = "table")]
pub mod study;
#[cfg(feature = "table")]
pub mod table;
pub mod time;
pub mod wifi;
pub mod wire;

pub use error::Error;
