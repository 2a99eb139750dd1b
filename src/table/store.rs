//! All tables of one analysis: every row goes to its writer, and what comes out is complete or not
//! there at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use polars::prelude::{DataFrame, PolarsError};

use super::aggregate::{Aggregated, Aggregates};
use super::aircraft::Aircraft;
use super::broadcasters::{Broadcaster, Broadcasters};
use super::columns::schema;
use super::format::Formats;
use super::writer::{FrameWriter, TableWriter, failed, sync_folder};
use crate::analysis::Output;
use crate::error::Error;
use crate::limits;
use crate::record::{
    Action, Anomaly, Capture, Certificate, Claim, Comparison, DESTINATIONS, Dns, DroneLink, Field, Finding, Flow, Http, Ledger, Name, Ntp,
    Part, Position, Quic, Redaction, RemoteId, Row, Run, SUMMARY, Tls, WebSocket, Wifi,
};

/// The tables being written.
pub struct Store {
    dir: PathBuf,
    formats: Formats,
    captures: TableWriter<Capture>,
    ledger: TableWriter<Ledger>,
    flows: TableWriter<Flow>,
    dns: TableWriter<Dns>,
    tls: TableWriter<Tls>,
    quic: TableWriter<Quic>,
    http: TableWriter<Http>,
    parts: TableWriter<Part>,
    websockets: TableWriter<WebSocket>,
    ntp: TableWriter<Ntp>,
    certificates: TableWriter<Certificate>,
    drone_link: TableWriter<DroneLink>,
    positions: TableWriter<Position>,
    names: TableWriter<Name>,
    remote_id: TableWriter<RemoteId>,
    findings: TableWriter<Finding>,
    wifi: TableWriter<Wifi>,
    anomalies: TableWriter<Anomaly>,
    broadcasters: Broadcasters,
    study: StudyTables,
    aggregates: Aggregates,
    inputs: Vec<Capture>,
    account: Vec<Ledger>,
    seen: BTreeMap<&'static str, Seen>,
    aircraft: Aircraft,
    findings_listed: Vec<Finding>,
}

/// The tables of a study; empty outside one.
struct StudyTables {
    runs: TableWriter<Run>,
    actions: TableWriter<Action>,
    comparisons: TableWriter<Comparison>,
    claims: TableWriter<Claim>,
    /// Filled by what takes from a result that is complete.
    redactions: TableWriter<Redaction>,
}

impl StudyTables {
    fn create(dir: &Path, formats: Formats) -> Result<Self, Error> {
        Ok(Self {
            runs: TableWriter::create(dir, formats)?,
            actions: TableWriter::create(dir, formats)?,
            comparisons: TableWriter::create(dir, formats)?,
            claims: TableWriter::create(dir, formats)?,
            redactions: TableWriter::create(dir, formats)?,
        })
    }

    fn end(self) -> Result<[FrameWriter; 5], Error> {
        Ok([self.runs.end()?.1, self.actions.end()?.1, self.comparisons.end()?.1, self.claims.end()?.1, self.redactions.end()?.1])
    }
}

/// A row of a study's own tables.
#[derive(Clone, Copy, Debug)]
pub enum StudyRow<'a> {
    /// An experiment.
    Run(&'a Run),
    /// What the user did.
    Action(&'a Action),
    /// What was compared.
    Comparison(&'a Comparison),
    /// What was judged.
    Claim(&'a Claim),
}

/// What was written, with the rows that the answer on the terminal shows.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The folder they lie in.
    pub dir: PathBuf,
    /// The inputs.
    pub captures: Vec<Capture>,
    /// Their account.
    pub ledger: Vec<Ledger>,
    /// The tables, sorted by name.
    pub tables: Vec<Table>,
    /// Table `summary`.
    pub summary: DataFrame,
    /// Table `destinations`.
    pub destinations: DataFrame,
    /// What flows of unknown category could be, see [`CANDIDATES`](super::CANDIDATES); not written.
    pub candidates: DataFrame,
    /// Who broadcast an identity or place, in the order in which they were first heard.
    pub broadcasters: Vec<Broadcaster>,
    /// Anomalies by kind.
    pub anomalies: BTreeMap<&'static str, Seen>,
    /// What went to and from aircraft and remote controllers themselves.
    pub aircraft: Aircraft,
    /// The weightiest findings, as many as `limits::FINDINGS_LISTED`; all are in their table.
    pub findings: Vec<Finding>,
}

/// One table on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Name of the table.
    pub name: &'static str,
    /// Its rows.
    pub rows: usize,
    /// Its files, the Parquet one first.
    pub paths: Vec<PathBuf>,
}

/// Anomalies of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How often.
    pub count: u64,
    /// At least one of them makes the result incomplete.
    pub is_damage: bool,
}

/// Rows of the pass and of the join, each to its table.
impl Output for Store {
    fn row(&mut self, row: Row) -> Result<(), Error> {
        match row {
            Row::Dns(row) => self.dns.push(row).map(drop),
            Row::Tls(row) => self.tls.push(row).map(drop),
            Row::Quic(row) => self.quic.push(row).map(drop),
            Row::Http(row) => self.http.push(row).map(drop),
            Row::Part(row) => self.parts.push(row).map(drop),
            Row::WebSocket(row) => self.websockets.push(row).map(drop),
            Row::Ntp(row) => self.ntp.push(row).map(drop),
            Row::Certificate(row) => self.certificates.push(row).map(drop),
            Row::DroneLink(row) => self.drone_link.push(row).map(drop),
            Row::Position(row) => self.positions.push(row).map(drop),
            Row::Finding(row) => self.push_finding(row),
            Row::Name(row) => self.names.push(row).map(drop),
            Row::RemoteId(row) => {
                self.broadcasters.add(&row);
                self.remote_id.push(row).map(drop)
            }
            Row::Flow(row) => self.push_flow(row),
            Row::Wifi(row) => self.wifi.push(row).map(drop),
            Row::Anomaly(row) => self.push_anomaly(row),
        }
    }

    fn capture(&mut self, row: Capture) -> Result<(), Error> {
        self.inputs.push(row.clone());
        self.captures.push(Box::new(row)).map(drop)
    }

    fn ledger(&mut self, row: Ledger) -> Result<(), Error> {
        self.account.push(row.clone());
        self.ledger.push(Box::new(row)).map(drop)
    }
}

impl Store {
    /// Starts every table below `dir`, which is made when missing. Tables of an earlier run stay until
    /// [`Self::finish`].
    ///
    /// # Errors
    ///
    /// A folder or file cannot be created.
    pub fn create(dir: &Path, formats: Formats) -> Result<Self, Error> {
        Ok(Self {
            captures: TableWriter::create(dir, formats)?,
            ledger: TableWriter::create(dir, formats)?,
            flows: TableWriter::create(dir, formats)?,
            dns: TableWriter::create(dir, formats)?,
            tls: TableWriter::create(dir, formats)?,
            quic: TableWriter::create(dir, formats)?,
            http: TableWriter::create(dir, formats)?,
            parts: TableWriter::create(dir, formats)?,
            websockets: TableWriter::create(dir, formats)?,
            ntp: TableWriter::create(dir, formats)?,
            certificates: TableWriter::create(dir, formats)?,
            drone_link: TableWriter::create(dir, formats)?,
            positions: TableWriter::create(dir, formats)?,
            names: TableWriter::create(dir, formats)?,
            remote_id: TableWriter::create(dir, formats)?,
            findings: TableWriter::create(dir, formats)?,
            wifi: TableWriter::create(dir, formats)?,
            anomalies: TableWriter::create(dir, formats)?,
            broadcasters: Broadcasters::default(),
            study: StudyTables::create(dir, formats)?,
            aggregates: Aggregates::new(),
            inputs: Vec::new(),
            account: Vec::new(),
            seen: BTreeMap::new(),
            aircraft: Aircraft::default(),
            findings_listed: Vec::new(),
            dir: dir.to_path_buf(),
            formats,
        })
    }

    /// Completes every file on the disk, then gives all of them their names.
    ///
    /// # Errors
    ///
    /// A file cannot be written or renamed.
    pub fn finish(mut self) -> Result<Tables, Error> {
        let (rest, flows) = self.flows.end()?;
        let aggregated = self.aggregates.add(&rest).and_then(|()| self.aggregates.finish());
        let Aggregated { summary, destinations, candidates } = aggregated.map_err(|error| not_added_up(&self.dir, &error))?;
        let mut complete = vec![
            flows,
            self.captures.end()?.1,
            self.ledger.end()?.1,
            self.dns.end()?.1,
            self.tls.end()?.1,
            self.quic.end()?.1,
            self.http.end()?.1,
            self.parts.end()?.1,
            self.websockets.end()?.1,
            self.ntp.end()?.1,
            self.certificates.end()?.1,
            self.drone_link.end()?.1,
            self.positions.end()?.1,
            self.names.end()?.1,
            self.remote_id.end()?.1,
            self.findings.end()?.1,
            self.wifi.end()?.1,
            self.anomalies.end()?.1,
            written(&self.dir, "summary", SUMMARY, self.formats, &summary)?,
            written(&self.dir, "destinations", DESTINATIONS, self.formats, &destinations)?,
        ];
        complete.extend(self.study.end()?);
        let mut tables = complete.into_iter().map(FrameWriter::publish).collect::<Result<Vec<_>, _>>()?;
        sync_folder(&self.dir)?;
        tables.sort_by_key(|table| table.name);
        let (captures, ledger, anomalies) = (self.inputs, self.account, self.seen);
        let broadcasters = self.broadcasters.finish();
        let (dir, aircraft, mut findings) = (self.dir, self.aircraft, self.findings_listed);
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        Ok(Tables { dir, captures, ledger, tables, summary, destinations, candidates, broadcasters, anomalies, aircraft, findings })
    }

    fn push_finding(&mut self, finding: Box<Finding>) -> Result<(), Error> {
        if self.findings_listed.len() < limits::FINDINGS_LISTED {
            self.findings_listed.push(Finding::clone(&finding));
        } else if let Some(least) = self.findings_listed.iter_mut().min_by_key(|listed| listed.severity)
            && least.severity < finding.severity
        {
            *least = Finding::clone(&finding);
        }
        self.findings.push(finding).map(drop)
    }

    /// Takes a row of a study's own tables.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn study(&mut self, row: StudyRow<'_>) -> Result<(), Error> {
        match row {
            StudyRow::Run(row) => self.study.runs.push(Box::new(row.clone())).map(drop),
            StudyRow::Action(row) => self.study.actions.push(Box::new(row.clone())).map(drop),
            StudyRow::Comparison(row) => self.study.comparisons.push(Box::new(row.clone())).map(drop),
            StudyRow::Claim(row) => self.study.claims.push(Box::new(row.clone())).map(drop),
        }
    }

    fn push_flow(&mut self, flow: Box<Flow>) -> Result<(), Error> {
        self.aircraft.add(&flow);
        let Some(group) = self.flows.push(flow)? else { return Ok(()) };
        self.aggregates.add(&group).map_err(|error| not_added_up(&self.dir, &error))
    }

    fn push_anomaly(&mut self, anomaly: Box<Anomaly>) -> Result<(), Error> {
        let seen = self.seen.entry(anomaly.kind).or_default();
        seen.count = seen.count.saturating_add(anomaly.count);
        seen.is_damage |= anomaly.is_damage;
        self.anomalies.push(anomaly).map(drop)
    }
}

/// A table that is already a dataframe, complete under its temporary name.
fn written(dir: &Path, table: &'static str, fields: &[Field], formats: Formats, frame: &DataFrame) -> Result<FrameWriter, Error> {
    let mut files = FrameWriter::create(dir, table, &schema(fields), formats)?;
    files.write(frame)?;
    files.end()?;
    Ok(files)
}

fn not_added_up(dir: &Path, error: &PolarsError) -> Error {
    failed("summary", &dir.join("summary"), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::schemas;
    use crate::table::{read, samples};

    #[test]
    fn writes_every_documented_table() {
        let folder = samples::Folder::new("store");
        let mut store = Store::create(folder.path(), Formats::default()).unwrap();
        store.row(Row::Flow(Box::new(samples::flow(1)))).unwrap();
        store.row(Row::Dns(Box::new(samples::dns()))).unwrap();
        store.row(Row::RemoteId(Box::new(samples::remote_id()))).unwrap();
        store.row(Row::Anomaly(Box::new(samples::anomaly()))).unwrap();
        store.row(Row::Anomaly(Box::new(samples::anomaly()))).unwrap();
        store.capture(samples::capture()).unwrap();
        store.ledger(samples::ledger()).unwrap();
        let made = store.finish().unwrap();

        let mut documented = schemas();
        documented.sort_by_key(|schema| schema.table);
        let rows: Vec<_> = made.tables.iter().map(|table| (table.name, table.rows)).collect();
        assert_eq!(documented.len(), rows.len());
        for (documented, (name, rows)) in documented.iter().zip(rows) {
            let frame = read(folder.path(), name, &[]).unwrap();
            assert_eq!((documented.table, rows), (name, frame.height()));
            assert_eq!(**frame.schema(), schema(&documented.fields), "{name}");
        }
        assert_eq!(made.anomalies.get("snaplen-cut"), Some(&Seen { count: 10, is_damage: true }));
        assert!(made.summary.equals_missing(&read(folder.path(), "summary", &[]).unwrap()));
        assert!(made.destinations.equals_missing(&read(folder.path(), "destinations", &[]).unwrap()));
    }

    #[test]
    fn an_abandoned_store_leaves_no_table() {
        let folder = samples::Folder::new("abandoned");
        drop(Store::create(folder.path(), Formats::default()).unwrap());
        assert!(read(folder.path(), "flows", &[]).is_err());
    }
}
