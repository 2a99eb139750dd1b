//! Bytes to fields, one file per format. Nothing here knows flows, time or tables.
#![warn(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub(crate) mod dns;
pub(crate) mod http;
pub(crate) mod ieee80211;
pub(crate) mod link;
mod reader;
mod text;

pub use link::{Direction, LinkType, Mac};
pub use reader::{Reader, Short};
pub use text::{escape, hex};
