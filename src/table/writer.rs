//! The files of one table: written under temporary names, and renamed when all of them are complete and on the disk.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use polars::prelude::{DataFrame, PolarsError, Schema};

use super::columns::{Rows, schema};
use super::format::{FORMATS, Format, Formats, Output};
use super::store::Table;
use crate::error::{Error, Kind};
use crate::limits;
use crate::record::{Record, schema_of};

/// Writes the rows of one record type.
pub(super) struct TableWriter<R: Record> {
    rows: Rows<R>,
    files: FrameWriter,
}

impl<R: Record> TableWriter<R> {
    pub(super) fn create(dir: &Path, formats: Formats) -> Result<Self, Error> {
        let schema = schema(&schema_of::<R>().fields);
        Ok(Self { rows: Rows::new(), files: FrameWriter::create(dir, R::TABLE, &schema, formats)? })
    }

    /// Takes a row; when it fills a row group, the answer is the group that was written.
    pub(super) fn push(&mut self, row: Box<R>) -> Result<Option<DataFrame>, Error> {
        self.rows.push(row);
        let is_full = self.rows.height() >= limits::ROW_GROUP_ROWS || self.rows.bytes() >= limits::ROW_GROUP_BYTES;
        if is_full { self.flush().map(Some) } else { Ok(None) }
    }

    /// Writes the last row group, which may be empty, and gives it with the files.
    pub(super) fn end(mut self) -> Result<(DataFrame, FrameWriter), Error> {
        let rest = self.flush()?;
        self.files.end()?;
        Ok((rest, self.files))
    }

    fn flush(&mut self) -> Result<DataFrame, Error> {
        let group = self.rows.take().map_err(|error| self.files.error(&error))?;
        self.files.write(&group)?;
        Ok(group)
    }
}

/// Writes the dataframes of one table, in every format asked for.
pub(super) struct FrameWriter {
    table: &'static str,
    dir: PathBuf,
    rows: usize,
    parts: Vec<Part>,
    stale: Vec<PathBuf>,
}

impl FrameWriter {
    pub(super) fn create(dir: &Path, table: &'static str, schema: &Schema, formats: Formats) -> Result<Self, Error> {
        let folder = dir.join(table);
        fs::create_dir_all(&folder).map_err(|source| Kind::io("create folder", &folder, source))?;
        let (wanted, unwanted): (Vec<_>, Vec<_>) = FORMATS.iter().partition(|format| (format.is_wanted)(formats));
        let stale = stale(dir, table, &unwanted)?;
        let parts = wanted.into_iter().map(|format| Part::create(format, dir, table, schema)).collect::<Result<_, _>>()?;
        Ok(Self { table, dir: dir.to_path_buf(), rows: 0, parts, stale })
    }

    /// Writes `frame`, a row group at a time.
    pub(super) fn write(&mut self, frame: &DataFrame) -> Result<(), Error> {
        for start in (0..frame.height()).step_by(limits::ROW_GROUP_ROWS) {
            let mut group = frame.slice(i64::try_from(start).unwrap_or(i64::MAX), limits::ROW_GROUP_ROWS);
            group.rechunk_mut();
            for part in &mut self.parts {
                part.output.write(&group).map_err(|error| failed(self.table, &part.path, &error))?;
            }
        }
        self.rows += frame.height();
        Ok(())
    }

    /// Completes the files under their temporary names, down to the disk: a name must not outlive its bytes when the
    /// power fails.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        for part in &mut self.parts {
            part.output.end().map_err(|error| failed(self.table, &part.path, &error))?;
            part.file.sync_all().map_err(|source| Kind::io("write through", &part.temporary, source))?;
        }
        Ok(())
    }

    /// Gives the files their names, and removes what an earlier run left under names not used now.
    pub(super) fn publish(mut self) -> Result<Table, Error> {
        for path in &self.stale {
            fs::remove_file(path).map_err(|source| Kind::io("remove stale", path, source))?;
        }
        for part in &mut self.parts {
            fs::rename(&part.temporary, &part.path).map_err(|source| Kind::io("rename to", &part.path, source))?;
            part.is_published = true;
        }
        sync_folder(&self.dir.join(self.table))?;
        let paths = self.parts.iter().map(|part| part.path.clone()).collect();
        Ok(Table { name: self.table, rows: self.rows, paths })
    }

    fn error(&self, error: &PolarsError) -> Error {
        failed(self.table, &self.dir.join(self.table), error)
    }
}

/// One file being written.
struct Part {
    path: PathBuf,
    temporary: PathBuf,
    /// The same file as `output` writes to.
    file: File,
    output: Box<dyn Output>,
    is_published: bool,
}

impl Part {
    fn create(format: &Format, dir: &Path, table: &str, schema: &Schema) -> Result<Self, Error> {
        let path = (format.path)(dir, table);
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".partial");
        let temporary = path.with_file_name(name);
        let file = File::create(&temporary).map_err(|source| Kind::io("create", &temporary, source))?;
        let same = file.try_clone().map_err(|source| Kind::io("create", &temporary, source))?;
        let output = (format.open)(same, schema).map_err(|error| failed(table, &path, &error))?;
        Ok(Self { path, temporary, file, output, is_published: false })
    }
}

impl Drop for Part {
    /// An analysis that ends early takes its unfinished files along.
    fn drop(&mut self) {
        if !self.is_published {
            fs::remove_file(&self.temporary).ok();
        }
    }
}

/// Makes the names in a folder last, where platform and file system have a way to.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Error> {
    const NO_WAY: [ErrorKind; 3] = [ErrorKind::InvalidInput, ErrorKind::Unsupported, ErrorKind::PermissionDenied];
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|opened| opened.sync_all()) {
        Err(source) if !NO_WAY.contains(&source.kind()) => Err(Kind::io("write through folder", folder, source).into()),
        _ => Ok(()),
    }
}

/// Files of an earlier run that this one does not write again. A file like `flows.csv` counts as ours
/// only beside our own Parquet file: the folder may hold the user's files.
fn stale(dir: &Path, table: &str, unwanted: &[&Format]) -> Result<Vec<PathBuf>, Error> {
    let folder = dir.join(table);
    if !folder.join("part-0.parquet").exists() {
        return Ok(Vec::new());
    }
    let beside = unwanted.iter().map(|format| (format.path)(dir, table)).filter(|path| path.is_file());
    let parts = super::read::parts(&folder)?.into_iter().filter(|path| is_later_part(path));
    Ok(beside.chain(parts).collect())
}

fn is_later_part(path: &Path) -> bool {
    let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.strip_prefix("part-"));
    number.and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| number > 0)
}

/// What Polars could not write, as the library's error.
pub(super) fn failed(table: &str, path: &Path, error: &PolarsError) -> Error {
    Kind::Table { attempt: "write", table: table.to_owned(), path: path.to_path_buf(), detail: error.to_string() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Flow, Ledger};
    use crate::table::{read, samples};

    const ALL: Formats = Formats { csv: true, ndjson: true, arrow: true };

    fn write(dir: &Path, formats: Formats, flows: &[Flow]) -> Table {
        let mut writer = TableWriter::create(dir, formats).unwrap();
        for flow in flows {
            assert!(writer.push(Box::new(flow.clone())).unwrap().is_none());
        }
        writer.end().unwrap().1.publish().unwrap()
    }

    #[test]
    fn the_same_rows_are_the_same_bytes() {
        let (one, two) = (samples::Folder::new("bytes-one"), samples::Folder::new("bytes-two"));
        let flows: Vec<_> = (1..50).map(samples::varied_flow).collect();
        let (first, second) = (write(one.path(), ALL, &flows), write(two.path(), ALL, &flows));
        assert_eq!((first.rows, first.paths.len()), (49, 4));
        for (first, second) in first.paths.iter().zip(&second.paths) {
            assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap(), "{}", first.display());
        }
    }

    #[test]
    fn an_empty_table_has_its_columns() {
        let folder = samples::Folder::new("empty");
        let table = write(folder.path(), ALL, &[]);
        assert_eq!(**read(folder.path(), "flows", &[]).unwrap().schema(), schema(&schema_of::<Flow>().fields));
        let csv = fs::read_to_string(&table.paths[1]).unwrap();
        assert!(csv.starts_with("capture,flow_id,interface,"));
        assert_eq!(csv.lines().count(), 1);
    }

    #[test]
    fn rows_beyond_a_group_start_the_next() {
        let folder = samples::Folder::new("groups");
        let mut writer = TableWriter::create(folder.path(), Formats::default()).unwrap();
        let group = (1..=limits::ROW_GROUP_ROWS).filter_map(|_| writer.push(Box::new(samples::ledger())).unwrap()).next().unwrap();
        assert_eq!(group.height(), limits::ROW_GROUP_ROWS);
        writer.push(Box::new(samples::ledger())).unwrap();
        let (rest, files) = writer.end().unwrap();
        assert_eq!((rest.height(), files.publish().unwrap().rows), (1, limits::ROW_GROUP_ROWS + 1));
        let frames = read(folder.path(), Ledger::TABLE, &["frames"]).unwrap();
        assert_eq!(frames.shape(), (limits::ROW_GROUP_ROWS + 1, 1));
    }

    #[test]
    fn csv_and_ndjson_cells() {
        let folder = samples::Folder::new("cells");
        let mut flow = samples::flow(1);
        flow.answer.name = Some("=cmd|' /C calc'!A0".into());
        flow.quality = vec!["-a".into(), "b;c".into()];
        let table = write(folder.path(), ALL, &[flow]);
        let csv = fs::read_to_string(&table.paths[1]).unwrap();
        assert!(csv.contains(",'=cmd|' /C calc'!A0,"), "{csv}");
        assert!(csv.contains(r"'-a;b\x3bc"), "{csv}");
        assert!(csv.contains(",1970-01-01T00:00:01.000000000Z,"), "{csv}");
        let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(&table.paths[2]).unwrap()).unwrap();
        assert_eq!(json["name"], "=cmd|' /C calc'!A0");
        assert_eq!(json["quality"], serde_json::json!(["-a", "b;c"]));
        assert_eq!(json["first"], "1970-01-01T00:00:01.000000000Z");
        assert_eq!(json["tunnel"], serde_json::Value::Null);
    }

    #[test]
    fn an_unfinished_table_leaves_the_earlier_one() {
        let folder = samples::Folder::new("unfinished");
        write(folder.path(), Formats::default(), &[samples::flow(1)]);
        let mut writer = TableWriter::create(folder.path(), ALL).unwrap();
        writer.push(Box::new(samples::flow(2))).unwrap();
        drop(writer);
        assert_eq!(read(folder.path(), "flows", &[]).unwrap().height(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(folder.path().join("flows")).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_synced_or_named() {
        let folder = samples::Folder::new("synced");
        sync_folder(folder.path()).unwrap();
        if cfg!(unix) {
            let error = sync_folder(&folder.path().join("gone")).err().unwrap();
            assert!(error.is_io() && error.to_string().contains("gone"), "{error}");
        }
    }

    #[test]
    fn stale_files_of_an_earlier_run_go() {
        let folder = samples::Folder::new("stale");
        fs::write(folder.path().join("flows.csv"), "the user's").unwrap();
        write(folder.path(), Formats::default(), &[]);
        assert!(folder.path().join("flows.csv").exists());
        write(folder.path(), ALL, &[]);
        fs::write(folder.path().join("flows/part-1.parquet"), "").unwrap();
        fs::write(folder.path().join("flows/notes.txt"), "").unwrap();
        write(folder.path(), Formats::default(), &[]);
        assert!(!folder.path().join("flows.csv").exists());
        assert!(!folder.path().join("flows/part-1.parquet").exists());
        assert!(folder.path().join("flows/notes.txt").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = samples::Folder::new("blocked");
        fs::write(folder.path().join("flows"), "").unwrap();
        let error = TableWriter::<Flow>::create(folder.path(), ALL).err().unwrap();
        assert!(error.is_io());
        assert!(error.to_string().contains("flows"), "{error}");
    }
}
