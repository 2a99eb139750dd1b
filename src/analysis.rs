//! The whole job: captures in, one pass each, then names, places and categories joined, rows out.
//!
//! Flows wait in a temporary file until all captures have been read, because a name may come in a later one.
//! Everything else goes out as the pass goes on, so that memory does not grow with the captures.

mod spill;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::analyzer::{Analyzer, Finished};
use crate::capture::{About, Event, Filter, Inputs, Reader};
use crate::enrich::{Enricher, Settings};
use crate::error::Error;
use crate::flow::Devices;
use crate::record::{Anomaly, Capture, Ledger, Row};

use spill::Spill;

/// Takes the rows: tables on disk, or whatever a caller makes of them.
pub trait Output {
    /// A row of the pass; flows carry their answer.
    ///
    /// # Errors
    /// When it cannot be written.
    fn row(&mut self, row: Row) -> Result<(), Error>;
    /// The row of one input.
    ///
    /// # Errors
    /// When it cannot be written.
    fn capture(&mut self, row: Capture) -> Result<(), Error>;
    /// A line of an input's account.
    ///
    /// # Errors
    /// When it cannot be written.
    fn ledger(&mut self, row: Ledger) -> Result<(), Error>;
}

/// How to analyse.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Devices under test, where the user names them.
    pub devices: Devices,
    /// Names, places, rules.
    pub settings: Settings,
    /// Filter expression in libpcap's language; frames it refuses go to the ledger as filtered.
    pub filter: Option<String>,
    /// Folder for the temporary file.
    pub scratch: PathBuf,
}

/// How far the work is.
#[derive(Clone, Debug)]
pub enum Progress<'a> {
    /// A capture is opened; the counter tells the bytes read from it.
    Opened(&'a Path, Arc<AtomicU64>),
    /// A capture was read to its end.
    Read(&'a Path),
    /// Names, places and categories are being joined to this many flows.
    Joining(u64),
}

/// How the analysis ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Captures read.
    pub captures: u64,
    /// Inputs that could not be read at all, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Something makes the result incomplete.
    pub is_damaged: bool,
    /// Captures whose ledger does not close: an error of this program.
    pub open_ledgers: Vec<Arc<str>>,
}

/// Analyses captures.
///
/// # Errors
/// When rules or address data cannot be read, or an output cannot be written. What is wrong with a capture is
/// told in the outcome and the tables instead.
pub fn run(inputs: &Inputs, options: &Options, output: &mut dyn Output, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Outcome, Error> {
    let mut job = Job {
        options,
        output,
        enricher: Enricher::new(&options.settings)?,
        spill: Spill::new(&options.scratch),
        outcome: Outcome::default(),
        next_flow: 1,
    };
    for path in &inputs.captures {
        job.capture(path, progress)?;
    }
    job.join(progress)?;
    Ok(job.outcome)
}

struct Job<'a> {
    options: &'a Options,
    output: &'a mut dyn Output,
    enricher: Enricher,
    spill: Spill,
    outcome: Outcome,
    next_flow: u64,
}

impl Job<'_> {
    fn capture(&mut self, path: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<(), Error> {
        let name: Arc<str> = crate::wire::escape(path.as_os_str().as_encoded_bytes()).into();
        let opened = if path == Path::new("-") { Reader::new(Box::new(std::io::stdin()), path) } else { Reader::open(path) };
        let mut reader = match opened {
            Ok(reader) => reader,
            Err(error) => return self.unreadable(path, name, &error),
        };
        progress(Progress::Opened(path, reader.bytes_read()));
        let mut filter = Filter::new(self.options.filter.as_deref())?;
        let mut analyzer = Analyzer::new(Arc::clone(&name), self.options.devices.clone(), self.next_flow);
        while let Some(event) = reader.next_event() {
            match event {
                Event::Frame(frame) if filter.takes(&frame)? => analyzer.push(&frame),
                Event::Frame(frame) => analyzer.push_filtered(&frame),
                Event::Name(address, host) => self.enricher.names.learn_from_file(address, &host),
                Event::Note(note) => analyzer.note(note),
            }
            for row in analyzer.drain() {
                self.row(row)?;
            }
        }
        let about = reader.finish();
        let finished = analyzer.finish();
        self.next_flow = finished.next_flow;
        self.outcome.captures += 1;
        self.account(name, about, finished)?;
        progress(Progress::Read(path));
        Ok(())
    }

    /// A row of the pass: flows wait, names are learned, damage is remembered.
    fn row(&mut self, row: Row) -> Result<(), Error> {
        match row {
            Row::Flow(flow) => {
                self.enricher.kinds.learn(&flow);
                self.spill.push(flow)
            }
            Row::Name(name) => {
                self.enricher.names.learn(&name);
                self.output.row(Row::Name(name))
            }
            Row::Anomaly(anomaly) => {
                self.outcome.is_damaged |= anomaly.is_damage;
                self.output.row(Row::Anomaly(anomaly))
            }
            row => self.output.row(row),
        }
    }

    fn unreadable(&mut self, path: &Path, capture: Arc<str>, error: &Error) -> Result<(), Error> {
        self.outcome.is_damaged = true;
        self.outcome.unreadable.push((path.to_path_buf(), error.to_string()));
        let kind = if error.is_not_a_capture() { "not-a-capture" } else { "unreadable" };
        let detail = error.to_string();
        let anomaly = Anomaly { capture, frame: None, offset: None, time: None, flow_id: None, kind, detail, count: 1, is_damage: true };
        self.output.row(Row::Anomaly(Box::new(anomaly)))
    }

    fn account(&mut self, path: Arc<str>, about: About, finished: Finished) -> Result<(), Error> {
        if !finished.closes() {
            self.outcome.open_ledgers.push(Arc::clone(&path));
        }
        let totals = finished.totals;
        let row = Capture {
            path,
            sha256: about.sha256,
            file_bytes: about.file_bytes,
            container: about.container,
            link_types: about.link_types,
            interfaces: about.interfaces,
            frames: totals.frames,
            wire_bytes: totals.wire_bytes,
            captured_bytes: totals.captured_bytes,
            first: totals.first,
            last: totals.last,
            clock_jumps: totals.clock_jumps,
            drops_reported: about.drops_reported,
            snaplen: about.snaplen,
            cut_frames: totals.cut_frames,
            is_truncated: about.is_truncated,
            keys_found: about.keys_found,
            blocks_skipped: about.blocks_skipped,
            written_by: about.written_by,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            rules: self.enricher.rule_sets(),
            address_data: self.enricher.address_data(),
        };
        for row in finished.rows {
            self.row(row)?;
        }
        self.output.capture(row)?;
        finished.ledger.into_iter().try_for_each(|line| self.output.ledger(line))
    }

    /// After the pass: every flow gets its answer.
    fn join(&mut self, progress: &mut dyn FnMut(Progress<'_>)) -> Result<(), Error> {
        progress(Progress::Joining(self.spill.len()));
        self.enricher.names.settle();
        let lost = [
            ("name-limit", self.enricher.names.lost, "names beyond the limit were not kept: their flows may have none"),
            (
                "device-limit",
                self.enricher.kinds.lost,
                "flows came after the limit of device addresses: what their devices are may be missing",
            ),
        ];
        for (kind, count, words) in lost.into_iter().filter(|(_, count, _)| *count > 0) {
            let (capture, detail) = (Arc::from(""), format!("{count} {words}"));
            let anomaly = Anomaly { capture, frame: None, offset: None, time: None, flow_id: None, kind, detail, count, is_damage: false };
            self.output.row(Row::Anomaly(Box::new(anomaly)))?;
        }
        let (enricher, output) = (&mut self.enricher, &mut *self.output);
        std::mem::take(&mut self.spill).for_each(|mut flow| {
            enricher.answer(&mut flow);
            if let Some(finding) = enricher.finding(&flow) {
                output.row(Row::Finding(Box::new(finding)))?;
            }
            output.row(Row::Flow(flow))
        })
    }
}
