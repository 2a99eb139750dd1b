//! Table `redactions`: what was taken out of a result before it was handed on, and in what way.

use super::{Column, Get, Record, text};

/// One thing that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redaction {
    /// bystanders or pseudonyms.
    pub level: &'static str,
    /// Table it was done in.
    pub table: String,
    /// Column; empty when whole rows were removed.
    pub column: String,
    /// What was done.
    pub what: &'static str,
    /// Cells changed.
    pub cells: u64,
    /// Rows removed.
    pub rows: u64,
    /// IP bytes of removed flows.
    pub ip_bytes: u64,
}

impl Record for Redaction {
    const TABLE: &'static str = "redactions";
    const ABOUT: &'static str = "one row per table, column and thing done to it by `--redact`; no rows when nothing was redacted";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("level", "", "what asked for it: bystanders, pseudonyms", Get::Text(|r| text(r.level))),
        Column::new("table", "", "table it was done in", Get::Text(|r| text(&r.table))),
        Column::new("column", "", "column; empty when whole rows were removed", Get::Text(|r| text(&r.column))),
        Column::new(
            "what",
            "",
            "what was done: rows-removed, addresses (network and link addresses became pseudonyms), identifiers (names, serial numbers, hashes of contents became pseudonyms), places-removed, evidence-removed (of bystanders), paths (of captures, logs and key files, to their ends or pseudonyms), user-agents (to program and system)",
            Get::Text(|r| text(r.what)),
        ),
        Column::new("cells", "", "cells changed; 0 when whole rows were removed", Get::Number(|r| Some(r.cells))),
        Column::new("rows", "", "rows removed", Get::Number(|r| Some(r.rows))),
        Column::new("ip_bytes", "bytes", "IP datagrams of removed flows, both directions", Get::Number(|r| Some(r.ip_bytes))),
    ];
}
