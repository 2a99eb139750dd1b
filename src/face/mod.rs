//! What people and scripts see of the library: commands, progress, the answer on a terminal.

pub mod geoip;
pub mod rules;
