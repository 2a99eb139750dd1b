//! What a user sees.

pub mod geoip;
