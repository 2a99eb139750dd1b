//! Table `anomalies`: damage, limits reached, things not supported; each with its place.

use std::sync::Arc;

use super::{Column, Get, Record, text};
use crate::time::Timestamp;

/// Something that was not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// The capture, path as given.
    pub capture: Arc<str>,
    /// Frame, where it belongs to one.
    pub frame: Option<u64>,
    /// Byte offset in the (decompressed) capture file.
    pub offset: Option<u64>,
    /// Time of the frame.
    pub time: Option<Timestamp>,
    /// Flow, where it belongs to one.
    pub flow_id: Option<u64>,
    /// What kind, a fixed word.
    pub kind: &'static str,
    /// What was found, and what was expected.
    pub detail: String,
    /// How many times from here on: repeated ones are counted, not listed.
    pub count: u64,
    /// It makes the result incomplete, and the exit status 1.
    pub is_damage: bool,
}

impl Record for Anomaly {
    const TABLE: &'static str = "anomalies";
    const ABOUT: &'static str = "one row per damage, limit reached or unsupported thing; the same kind in one capture is listed a limited number of times and then counted";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("capture", "", "capture, path as given", Get::Text(|r| text(&r.capture))),
        Column::new("frame", "", "frame; empty when it belongs to none", Get::Number(|r| r.frame)),
        Column::new("offset", "bytes", "offset in the decompressed capture file; empty when not known", Get::Number(|r| r.offset)),
        Column::new("time", "", "time of the frame; empty without one", Get::Time(|r| r.time)),
        Column::new("flow_id", "", "flow; empty when it belongs to none", Get::Number(|r| r.flow_id)),
        Column::new("kind", "", "what kind", Get::Text(|r| text(r.kind))),
        Column::new("detail", "", "what was found, and what was expected", Get::Text(|r| text(&r.detail))),
        Column::new("count", "", "how often; more than 1 when repeats are only counted", Get::Number(|r| Some(r.count))),
        Column::new("damage", "", "true when the result is incomplete because of it", Get::Flag(|r| Some(r.is_damage))),
    ];
}
