//! What people and scripts see of the library: commands, progress, the answer on a terminal.

#[cfg(feature = "table")]
pub mod analyze;
#[cfg(feature = "table")]
pub mod answer;
mod cli;
#[cfg(feature = "table")]
pub mod explain;
pub mod geoip;
#[cfg(feature = "table")]
mod grid;
pub mod identifiers;
#[cfg(feature = "live")]
pub mod interfaces;
pub mod keys;
#[cfg(feature = "table")]
pub mod knowledge;
#[cfg(all(feature = "table", feature = "live"))]
pub mod live;
#[cfg(feature = "table")]
mod manifest;
#[cfg(feature = "table")]
mod progress;
#[cfg(feature = "table")]
pub mod redact;
#[cfg(feature = "table")]
pub mod report;
#[cfg(feature = "table")]
mod rows;
pub mod rules;
pub mod schema;
#[cfg(feature = "table")]
mod sources;
#[cfg(feature = "table")]
pub mod study;
#[cfg(feature = "table")]
mod terminal;
pub mod tls_keys;
#[cfg(feature = "table")]
mod units;
#[cfg(feature = "table")]
pub mod verify;
pub mod wifi_keys;

pub use cli::main;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Done,
    /// Done, and what was looked at is damaged or incomplete.
    Damaged,
    /// Not done.
    NotDone,
}

impl Ending {
    /// The exit status.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Damaged => 1,
            Self::NotDone => 2,
        }
    }
}
