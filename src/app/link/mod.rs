//! Links between an aircraft and what steers it, each recognised by its own framing and counted by command.
//!
//! A dialogue here reads its flow to the end: one row of `drone_link` per command and direction when the flow closes,
//! a row of `positions` for every place told in clear, and for the flow's own row what its bytes were for and what its
//! two ends are.

mod arsdk;
mod dji;
mod duml;
mod mavlink;
mod pending;
mod tally;
mod tello;
mod video;

pub(crate) use arsdk::{ARSDK, ARSDK_DISCOVERY};
pub(crate) use dji::DJI;
pub(crate) use duml::{DUML_TCP, DUML_UDP};
pub(crate) use mavlink::{MAVLINK_TCP, MAVLINK_UDP};
pub(crate) use tello::TELLO;
pub(crate) use video::{H264_TCP, H264_UDP, H265_TCP, H265_UDP};
