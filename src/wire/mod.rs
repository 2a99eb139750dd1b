//! Bytes to fields, one file per format. Nothing here knows flows, time or tables.
#![warn(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

mod reader;
mod text;

pub use reader::{Reader, Short};
pub use text::escape;
