//! A table read back from its folder: every Parquet file in it, in the order of their names.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use polars::prelude::{DataFrame, Expr, IntoLazy as _, PolarsError, PolarsResult};
use polars_io::SerReader as _;
use polars_io::parquet::read::ParquetReader;

use crate::error::{Error, Kind};

/// The rows of `DIR/<table>/*.parquet`, with the named columns, or with all when `columns` is empty.
///
/// # Errors
///
/// The folder holds no Parquet file, or one that cannot be read or lacks a column.
pub fn read(dir: &Path, table: &str, columns: &[&str]) -> Result<DataFrame, Error> {
    read_parts(dir, table, columns, Ok)
}

/// As [`read`], but only the rows for which `filter` holds; it may use no other columns than those.
///
/// # Errors
///
/// As [`read`], or `filter` does not fit the columns.
pub fn read_where(dir: &Path, table: &str, columns: &[&str], filter: &Expr) -> Result<DataFrame, Error> {
    read_parts(dir, table, columns, |part| part.lazy().filter(filter.clone()).collect())
}

/// The Parquet files of a table's folder, sorted.
pub(super) fn parts(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Kind::io("list folder", folder, source);
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            parts.push(path);
        }
    }
    parts.sort();
    Ok(parts)
}

fn read_parts(dir: &Path, table: &str, columns: &[&str], keep: impl Fn(DataFrame) -> PolarsResult<DataFrame>) -> Result<DataFrame, Error> {
    let folder = dir.join(table);
    let mut whole: Option<DataFrame> = None;
    for path in parts(&folder)? {
        let part = read_part(&path, columns).and_then(&keep).map_err(|error| failed(table, &path, error.to_string()))?;
        match &mut whole {
            None => whole = Some(part),
            Some(whole) => {
                whole.vstack_mut_owned(part).map_err(|error| failed(table, &path, error.to_string()))?;
            }
        }
    }
    whole.ok_or_else(|| failed(table, &folder, "no Parquet file in the folder".to_owned()))
}

fn read_part(path: &Path, columns: &[&str]) -> PolarsResult<DataFrame> {
    let columns = (!columns.is_empty()).then(|| columns.iter().map(|&column| column.to_owned()).collect());
    let file = File::open(path).map_err(PolarsError::from)?;
    ParquetReader::new(file).with_columns(columns).finish()
}

fn failed(table: &str, path: &Path, detail: String) -> Error {
    Kind::Table { attempt: "read", table: table.to_owned(), path: path.to_path_buf(), detail }.into()
}

#[cfg(test)]
mod tests {
    use polars::prelude::{col, lit};

    use super::*;
    use crate::analysis::Output as _;
    use crate::record::Row;
    use crate::table::{Formats, Store, samples};

    #[test]
    fn reads_columns_and_rows_asked_for() {
        let folder = samples::Folder::new("read");
        let mut store = Store::create(folder.path(), Formats::default()).unwrap();
        for number in 1..=3 {
            store.row(Row::Flow(Box::new(samples::flow(number)))).unwrap();
        }
        store.finish().unwrap();
        let frame = read_where(folder.path(), "flows", &["flow_id", "name"], &col("flow_id").gt(lit(1_u64))).unwrap();
        assert_eq!(frame.shape(), (2, 2));
    }

    #[test]
    fn a_missing_table_or_column_is_named() {
        let folder = samples::Folder::new("read-missing");
        assert!(read(folder.path(), "flows", &[]).unwrap_err().to_string().contains("flows"));
        Store::create(folder.path(), Formats::default()).unwrap().finish().unwrap();
        let error = read(folder.path(), "flows", &["no_such"]).unwrap_err().to_string();
        assert!(error.contains("no_such"), "{error}");
    }
}
