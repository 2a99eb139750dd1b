//! A result is redacted when it is complete: tables are read from one folder, and written to another without what they may
//! not say. Only then all is known that must be looked for; and no table, not even one added later, has a way around.
//!
//! | level | does |
//! |---|---|
//! | bystanders | rows of devices, stations, networks and aircraft that the analyst did not name are removed, and counted |
//! | pseudonyms | addresses, names and numbers of devices and people become pseudonyms of a key; places are removed; user agents say the program only |
//!
//! At both levels paths of captures, logs and key files lose the folders they lie in, or become pseudonyms.
//! `summary` and `destinations` are added up again from what is left. The ledger stays: it counts frames, and closes.

mod agent;
mod bystanders;
mod columns;
mod paths;
mod pseudonym;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use polars::prelude::{
    Column, DataFrame, DataType, IntoColumn as _, IntoSeries as _, ListBuilderTrait as _, ListStringChunkedBuilder, NewChunkedArray as _,
    PolarsError, PolarsResult, Series, StringChunked,
};

use super::aggregate::{Aggregated, Aggregates};
use super::columns::schema;
use super::format::Formats;
use super::read::read;
use super::store::{Table, Tables};
use super::writer::{FrameWriter, TableWriter, sync_folder};
use crate::error::{Error, Kind};
use crate::flow::Device;
use crate::limits;
use crate::record::{DESTINATIONS, Field, Kind as FieldKind, Redaction, SUMMARY, schemas};

use bystanders::Kept;
use columns::{Class, class};
use paths::Paths;
use pseudonym::Pseudonyms;
use words::Words;

/// How much a result may still say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing of devices that nobody named.
    Bystanders,
    /// Nothing that tells a device, a person or a place without the key.
    Pseudonyms,
}

impl Level {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bystanders => "bystanders",
            Self::Pseudonyms => "pseudonyms",
        }
    }
}

/// What is to be done.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Levels, in any order.
    pub levels: Vec<Level>,
    /// The key of pseudonyms.
    pub key: Vec<u8>,
    /// Devices that are no bystanders.
    pub given: Vec<Device>,
    /// Values that are replaced wherever they stand, besides those that the tables tell.
    pub values: Vec<String>,
}

/// Redacts.
pub struct Redactor {
    levels: Vec<Level>,
    given: Vec<Device>,
    words: Option<Words>,
    kept: Option<Kept>,
    paths: Paths,
    done: BTreeMap<(&'static str, String, String, &'static str), Redaction>,
}

/// Tables of which nothing is read: they are made anew.
const MADE_ANEW: &[&str] = &["summary", "destinations", "redactions"];
/// Columns whose texts are learned, to be found in other text too, and as what kind.
const LEARNED: &[(&str, &str, &str)] = &[
    ("wifi", "ssid", "ssid"),
    ("remote_id", "ssid", "ssid"),
    ("remote_id", "identity", "id"),
    ("remote_id", "other_identities", "id"),
    ("remote_id", "operator_id", "id"),
    ("remote_id", "account", "id"),
];
/// Columns with link addresses, which names are made from.
const MACS: &[(&str, &str)] =
    &[("flows", "device_mac"), ("flows", "station"), ("wifi", "bssid"), ("wifi", "station"), ("remote_id", "transmitter")];
/// Columns with paths of captures, logs and key files.
const PATHS: &[(&str, &str)] =
    &[("captures", "capture"), ("runs", "action_log"), ("flows", "decrypted_by"), ("tls", "decrypted_by"), ("quic", "decrypted_by")];
/// What stands where a line of evidence was.
const REMOVED: &str = "a conversation of a bystander, removed";

impl Redactor {
    /// Prepares.
    ///
    /// # Errors
    /// When the key is too short, or no device was named that could stay.
    pub fn new(order: &Order) -> Result<Self, Error> {
        let usage = |text: String| Error::from(Kind::Usage(text));
        if order.levels.contains(&Level::Bystanders) && order.given.is_empty() {
            return Err(usage("everybody is a bystander where no device is named: name those under test".to_owned()));
        }
        let words = order.levels.contains(&Level::Pseudonyms).then(|| {
            let short = || usage(format!("the key of pseudonyms has {} bytes, expected {} or more", order.key.len(), pseudonym::KEY_BYTES));
            let pseudonyms = Pseudonyms::new(&order.key).ok_or_else(short)?;
            let mut words = Words::new(pseudonyms).ok_or_else(|| usage("the pattern of addresses is wrong".to_owned()))?;
            order.values.iter().for_each(|value| words.learn("id", value));
            order.given.iter().for_each(|device| words.learn_mac(&device.to_string()));
            Ok::<_, Error>(words)
        });
        let mut levels = order.levels.clone();
        levels.sort_unstable();
        levels.dedup();
        Ok(Self {
            levels,
            given: order.given.clone(),
            words: words.transpose()?,
            kept: None,
            paths: Paths::default(),
            done: BTreeMap::new(),
        })
    }

    /// What tells keys apart, when pseudonyms were asked for.
    #[must_use]
    pub fn key_fingerprint(&self) -> Option<String> {
        self.words.as_ref().map(|words| words.pseudonyms.fingerprint())
    }

    /// Levels, each once.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// A text of the result without what it may not say.
    pub fn text(&mut self, text: &str) -> String {
        let text = self.paths.replaced(text).unwrap_or_else(|| text.to_owned());
        self.words.as_mut().and_then(|words| words.replaced(&text)).unwrap_or(text)
    }

    /// A path of an input, as the tables have it; of any other file its name or pseudonym.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        let known = self.paths.replaced(path);
        known.unwrap_or_else(|| match &self.words {
            Some(words) if path != "-" => paths::hidden(&words.pseudonyms, path),
            _ => Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned()),
        })
    }

    /// Writes the tables of `from` to `to`. `captures` and `ledger` of the answer are taken from `plain`, which has them
    /// as rows; who was heard and the first findings are in the tables only.
    ///
    /// # Errors
    /// When a table cannot be read or written.
    pub fn tables(&mut self, from: &Path, to: &Path, formats: Formats) -> Result<(Vec<Table>, DataFrame, DataFrame, DataFrame), Error> {
        self.kept = if self.levels.contains(&Level::Bystanders) { Some(Kept::of(from, &self.given)?) } else { None };
        self.learn(from)?;
        self.learn_paths(from)?;
        let (mut complete, mut aggregates) = (Vec::new(), Aggregates::new());
        for table in schemas().into_iter().filter(|schema| !MADE_ANEW.contains(&schema.table)) {
            let mut files = FrameWriter::create(to, table.table, &schema(&table.fields), formats)?;
            let whole = read(from, table.table, &[])?;
            for start in (0..whole.height()).step_by(limits::ROW_GROUP_ROWS) {
                let part = whole.slice(i64::try_from(start).unwrap_or(i64::MAX), limits::ROW_GROUP_ROWS);
                let part = self.part(table.table, &table.fields, &part).map_err(|error| failed(from, table.table, &error))?;
                files.write(&part)?;
                if table.table == "flows" {
                    aggregates.add(&part).map_err(|error| failed(to, "summary", &error))?;
                }
            }
            if whole.height() == 0 {
                files.write(&whole)?;
            }
            files.end()?;
            complete.push(files);
        }
        let Aggregated { summary, destinations, candidates } = aggregates.finish().map_err(|error| failed(to, "summary", &error))?;
        for (table, fields, frame) in [("summary", SUMMARY, &summary), ("destinations", DESTINATIONS, &destinations)] {
            let mut files = FrameWriter::create(to, table, &schema(fields), formats)?;
            files.write(frame)?;
            files.end()?;
            complete.push(files);
        }
        let mut statement = TableWriter::<Redaction>::create(to, formats)?;
        for row in self.done.values() {
            statement.push(Box::new(row.clone()))?;
        }
        complete.push(statement.end()?.1);
        let mut tables = complete.into_iter().map(FrameWriter::publish).collect::<Result<Vec<_>, _>>()?;
        sync_folder(to)?;
        tables.sort_by_key(|table| table.name);
        Ok((tables, summary, destinations, candidates))
    }

    /// The same for a result that was just made; the answer has no rows left that are not redacted.
    ///
    /// # Errors
    /// As [`Self::tables`].
    pub fn result(&mut self, plain: Tables, to: &Path, formats: Formats) -> Result<Tables, Error> {
        let (tables, summary, destinations, candidates) = self.tables(&plain.dir, to, formats)?;
        Ok(Tables {
            dir: to.to_path_buf(),
            tables,
            summary,
            destinations,
            candidates,
            broadcasters: Vec::new(),
            aircraft: super::Aircraft::default(),
            findings: Vec::new(),
            ..plain
        })
    }

    /// What was done, in the order of its table.
    pub fn statement(&self) -> impl Iterator<Item = &Redaction> {
        self.done.values()
    }

    /// Everything that must be looked for is learned before anything is written.
    fn learn(&mut self, from: &Path) -> Result<(), Error> {
        let Some(words) = &mut self.words else { return Ok(()) };
        for (table, column, kind) in LEARNED {
            let frame = read(from, table, &[column])?;
            each(&frame, column, &mut |text| words.learn(kind, text)).map_err(|error| failed(from, table, &error))?;
        }
        for (table, column) in MACS {
            let frame = read(from, table, &[column])?;
            each(&frame, column, &mut |text| words.learn_mac(text)).map_err(|error| failed(from, table, &error))?;
        }
        let frame = read(from, "flows", &["device_ip"])?;
        let mut hide = |text: &str| {
            if let Ok(address) = text.parse() {
                words.pseudonyms.hide_network_of(address);
            }
        };
        each(&frame, "device_ip", &mut hide).map_err(|error| failed(from, "flows", &error))?;
        words.settle();
        Ok(())
    }

    /// Where inputs lie, as the tables tell.
    fn learn_paths(&mut self, from: &Path) -> Result<(), Error> {
        let mut known = BTreeSet::new();
        for (table, column) in PATHS {
            let frame = read(from, table, &[column])?;
            let mut learn = |text: &str| {
                // A key's place is the file and the line in it.
                let file = if *column == "decrypted_by" { text.rsplit_once(':').map_or(text, |(file, _)| file) } else { text };
                known.insert(file.to_owned());
            };
            each(&frame, column, &mut learn).map_err(|error| failed(from, table, &error))?;
        }
        self.paths = Paths::of(&known, self.words.as_ref().map(|words| &words.pseudonyms));
        Ok(())
    }

    /// Texts without paths.
    fn without_paths(&mut self, table: &'static str, fields: &[Field], mut part: DataFrame) -> PolarsResult<DataFrame> {
        let level = if self.words.is_some() { Level::Pseudonyms } else { Level::Bystanders };
        for field in fields.iter().filter(|field| matches!(field.kind, FieldKind::Text | FieldKind::List)) {
            let (mut cells, paths) = (0, &self.paths);
            let mut change = |text: &str| {
                let changed = paths.replaced(text);
                cells += u64::from(changed.is_some());
                changed
            };
            let column = part.column(field.name)?;
            let changed = match column.dtype() {
                DataType::List(_) => lists(column, &mut change)?,
                _ => {
                    let texts = column.str()?.iter().map(|text| text.map(|text| change(text).unwrap_or_else(|| text.to_owned())));
                    StringChunked::from_iter_options(column.name().clone(), texts).into_column()
                }
            };
            if cells > 0 {
                part.with_column(changed)?;
                note(&mut self.done, (level, table, field.name, "paths")).cells += cells;
            }
        }
        Ok(part)
    }

    /// Rows of a table as they may be.
    fn part(&mut self, table: &'static str, fields: &[Field], part: &DataFrame) -> PolarsResult<DataFrame> {
        let part = self.without_bystanders(table, part)?;
        let part = self.without_paths(table, fields, part)?;
        if self.words.is_none() {
            return Ok(part);
        }
        let is_home_only = home_only(table, &part)?;
        let mut columns = Vec::new();
        for field in fields {
            let column = part.column(field.name)?;
            columns.push(self.column((table, field), column, &is_home_only)?);
        }
        DataFrame::new(part.height(), columns)
    }

    fn without_bystanders(&mut self, table: &'static str, part: &DataFrame) -> PolarsResult<DataFrame> {
        let Some(kept) = &self.kept else { return Ok(part.clone()) };
        let mask = kept.rows(table, part)?;
        let mut left = part.filter(&mask)?;
        let removed = part.filter(&!&mask)?;
        if removed.height() > 0 {
            let bytes = |column: &str| {
                removed.column(column).and_then(|column| Ok(column.u64()?.iter().flatten().sum::<u64>())).unwrap_or_default()
            };
            let ip_bytes = if table == "flows" { bytes("ip_bytes_out") + bytes("ip_bytes_in") } else { 0 };
            let done = note(&mut self.done, (Level::Bystanders, table, "", "rows-removed"));
            done.rows += u64::try_from(removed.height()).unwrap_or(u64::MAX);
            done.ip_bytes += ip_bytes;
        }
        if table == "claims" {
            for column in ["evidence_for", "evidence_against", "candidates"] {
                let mut cells = 0;
                let changed = lists(left.column(column)?, &mut |text| {
                    let stays = kept.line(text);
                    cells += u64::from(!stays);
                    (!stays).then(|| REMOVED.to_owned())
                })?;
                left.with_column(changed)?;
                if cells > 0 {
                    note(&mut self.done, (Level::Bystanders, table, column, "evidence-removed")).cells += cells;
                }
            }
        }
        Ok(left)
    }

    fn column(&mut self, (table, field): (&'static str, &Field), column: &Column, is_home_only: &[bool]) -> PolarsResult<Column> {
        let Some(words) = &mut self.words else { return Ok(column.clone()) };
        let class = class(table, field.name, field.kind);
        let what = match class {
            Class::Keep => return Ok(column.clone()),
            Class::Place | Class::Distance => "places-removed",
            Class::Text => "addresses",
            Class::Agent => "user-agents",
            Class::Known | Class::Whole(_) | Class::Host | Class::Path | Class::File => "identifiers",
        };
        let is_dns = table == "dns" && matches!(field.name, "query" | "questions" | "answers" | "authorities" | "additionals");
        let mut row = 0;
        let mut cells = 0;
        let mut change = |text: &str, row: usize| {
            let changed = if is_dns && is_home_only.get(row) == Some(&true) {
                Some(if field.name == "query" { words.local(text) } else { words.pseudonyms.word("record", text) })
            } else {
                replaced(class, words, text)
            };
            cells += u64::from(changed.is_some());
            changed
        };
        let changed = match column.dtype() {
            DataType::String => {
                let texts = column.str()?.iter().map(|text| {
                    row += 1;
                    text.map(|text| change(text, row - 1).unwrap_or_else(|| text.to_owned()))
                });
                StringChunked::from_iter_options(column.name().clone(), texts).into_column()
            }
            DataType::List(_) => {
                let mut builder = ListStringChunkedBuilder::new(column.name().clone(), column.len(), column.len());
                for list in column.list()?.amortized_iter() {
                    row += 1;
                    let Some(list) = list else {
                        builder.append_null();
                        continue;
                    };
                    let texts: Vec<String> = list
                        .as_ref()
                        .str()?
                        .iter()
                        .flatten()
                        .map(|text| change(text, row - 1).unwrap_or_else(|| text.to_owned()))
                        .collect();
                    builder.append_values_iter(texts.iter().map(String::as_str));
                }
                builder.finish().into_series().into_column()
            }
            _ => {
                cells += u64::try_from(column.len() - column.null_count()).unwrap_or(u64::MAX);
                Series::full_null(column.name().clone(), column.len(), column.dtype()).into_column()
            }
        };
        if cells > 0 {
            note(&mut self.done, (Level::Pseudonyms, table, field.name, what)).cells += cells;
        }
        Ok(changed)
    }
}

/// A text of a column, when it may not stay.
fn replaced(class: Class, words: &mut Words, text: &str) -> Option<String> {
    match class {
        Class::Keep | Class::Place => None,
        Class::Text => words.replaced(text),
        Class::Known => words.known_replaced(text),
        Class::Agent => Some(agent::general(text)).filter(|general| general != text),
        Class::Whole(kind) => (!text.is_empty()).then(|| words.pseudonyms.word(kind, text)),
        Class::Host => host(words, text),
        Class::Path => path(words, text),
        Class::Distance => {
            let what: Vec<_> = text.split(", ").map(|part| part.split('>').next().unwrap_or_default()).collect();
            Some(what.join(", "))
        }
        Class::File => {
            let ending = text.rsplit_once('.').map(|(_, ending)| format!(".{ending}")).filter(|ending| ending.len() < 8);
            Some(words.pseudonyms.word("file", text) + &ending.unwrap_or_default())
        }
    }
}

/// A name of one label is of a home as much as one that ends in `.local`.
fn host(words: &mut Words, text: &str) -> Option<String> {
    let (source, name) = text
        .split_once(':')
        .filter(|(source, _)| source.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
        .unwrap_or(("", text));
    if name.is_empty() || name.contains(['.', ':', ' ']) {
        return words.replaced(text);
    }
    let hidden = words.local(name);
    Some(if source.is_empty() { hidden } else { format!("{source}:{hidden}") })
}

/// Parts with four digits or more, or an `@`, number somebody or something.
fn path(words: &mut Words, text: &str) -> Option<String> {
    let counts = |part: &str| part.contains('@') || part.bytes().filter(u8::is_ascii_digit).count() >= 4;
    let parts: Vec<String> =
        text.split('/').map(|part| if counts(part) { words.pseudonyms.word("id", part) } else { part.to_owned() }).collect();
    let changed = parts.join("/");
    let known = words.replaced(&changed);
    known.or(Some(changed)).filter(|changed| changed != text)
}

/// Rows of `dns` that are said in a home: their names are those of its devices.
fn home_only(table: &str, part: &DataFrame) -> PolarsResult<Vec<bool>> {
    if table != "dns" {
        return Ok(Vec::new());
    }
    Ok(part.column("protocol")?.str()?.iter().map(|protocol| protocol != Some("dns")).collect())
}

/// Looks at every text of a column.
fn each(frame: &DataFrame, column: &str, look: &mut dyn FnMut(&str)) -> PolarsResult<()> {
    let column = frame.column(column)?;
    if let DataType::List(_) = column.dtype() {
        for list in column.list()?.amortized_iter().flatten() {
            list.as_ref().str()?.iter().flatten().for_each(&mut *look);
        }
    } else {
        column.str()?.iter().flatten().for_each(look);
    }
    Ok(())
}

fn lists(column: &Column, change: &mut dyn FnMut(&str) -> Option<String>) -> PolarsResult<Column> {
    let mut builder = ListStringChunkedBuilder::new(column.name().clone(), column.len(), column.len());
    for list in column.list()?.amortized_iter() {
        let Some(list) = list else {
            builder.append_null();
            continue;
        };
        let texts: Vec<String> =
            list.as_ref().str()?.iter().flatten().map(|text| change(text).unwrap_or_else(|| text.to_owned())).collect();
        builder.append_values_iter(texts.iter().map(String::as_str));
    }
    Ok(builder.finish().into_series().into_column())
}

type Done = BTreeMap<(&'static str, String, String, &'static str), Redaction>;

fn note<'a>(done: &'a mut Done, (level, table, column, what): (Level, &str, &str, &'static str)) -> &'a mut Redaction {
    let key = (level.as_str(), table.to_owned(), column.to_owned(), what);
    let row = || Redaction { level: level.as_str(), table: table.to_owned(), column: column.to_owned(), what, ..Redaction::default() };
    done.entry(key).or_insert_with(row)
}

fn failed(dir: &Path, table: &str, error: &PolarsError) -> Error {
    super::writer::failed(table, &dir.join(table), error)
}
