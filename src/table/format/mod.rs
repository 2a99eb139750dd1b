//! The output formats: where a table's file lies, and what writes it. A new one is a file here and an
//! entry in [`FORMATS`].

mod arrow;
mod csv;
mod ndjson;
mod parquet;

use std::fs::File;
use std::path::{Path, PathBuf};

use polars::prelude::{DataFrame, PolarsResult, Schema};

/// Which files are written beside the Parquet ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Formats {
    /// `DIR/<table>.csv`: lists joined with `;`, safe to open in a spreadsheet.
    pub csv: bool,
    /// `DIR/<table>.ndjson`: one JSON object a line.
    pub ndjson: bool,
    /// `DIR/<table>.arrow`: Arrow IPC file, also known as Feather version 2.
    pub arrow: bool,
}

/// An open file that takes the row groups of one table.
pub(super) trait Output: Send {
    /// Writes one row group.
    fn write(&mut self, frame: &DataFrame) -> PolarsResult<()>;
    /// Writes what ends the file, down to the operating system.
    fn end(&mut self) -> PolarsResult<()>;
}

/// An output format.
pub(super) struct Format {
    /// Asked for?
    pub(super) is_wanted: fn(Formats) -> bool,
    /// The file of a table below the output folder.
    pub(super) path: fn(&Path, &str) -> PathBuf,
    /// Starts the file.
    pub(super) open: fn(File, &Schema) -> PolarsResult<Box<dyn Output>>,
}

/// Every format; Parquet comes first.
pub(super) const FORMATS: &[Format] = &[parquet::FORMAT, csv::FORMAT, ndjson::FORMAT, arrow::FORMAT];
