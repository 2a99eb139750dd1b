//! NDJSON: one JSON object a line, lists as arrays, times in RFC 3339.

use std::fs::File;
use std::io::{BufWriter, Write as _};

use polars::prelude::{DataFrame, PolarsResult};
use polars_io::json::BatchedWriter;

use super::{Format, Output};
use crate::table::plain::{Style, plain};

pub(super) const FORMAT: Format = Format {
    is_wanted: |formats| formats.ndjson,
    path: |dir, table| dir.join(format!("{table}.ndjson")),
    open: |file, _| Ok(Box::new(Ndjson(BufWriter::new(file)))),
};

struct Ndjson(BufWriter<File>);

impl Output for Ndjson {
    fn write(&mut self, frame: &DataFrame) -> PolarsResult<()> {
        BatchedWriter::new(&mut self.0).write_batch(&plain(frame, Style::Values)?)
    }

    fn end(&mut self) -> PolarsResult<()> {
        Ok(self.0.flush()?)
    }
}
