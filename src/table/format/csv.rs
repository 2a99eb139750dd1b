//! CSV for spreadsheets: times in RFC 3339, lists joined with `;`, no cell that a spreadsheet would
//! take for a formula.

use std::fs::File;
use std::io::{BufWriter, Write as _};

use polars::prelude::{DataFrame, PolarsResult, Schema};
use polars_io::SerWriter as _;
use polars_io::csv::write::CsvWriter;

use super::{Format, Output};
use crate::table::plain::{Style, plain};

pub(super) const FORMAT: Format = Format {
    is_wanted: |formats| formats.csv,
    path: |dir, table| dir.join(format!("{table}.csv")),
    open: |file, schema| open(file, schema),
};

struct Csv(BufWriter<File>);

fn open(file: File, schema: &Schema) -> PolarsResult<Box<dyn Output>> {
    let mut file = BufWriter::new(file);
    let mut header = plain(&DataFrame::empty_with_schema(schema), Style::Cells)?;
    CsvWriter::new(&mut file).finish(&mut header)?;
    Ok(Box::new(Csv(file)))
}

impl Output for Csv {
    fn write(&mut self, frame: &DataFrame) -> PolarsResult<()> {
        CsvWriter::new(&mut self.0).include_header(false).finish(&mut plain(frame, Style::Cells)?)
    }

    fn end(&mut self) -> PolarsResult<()> {
        Ok(self.0.flush()?)
    }
}
