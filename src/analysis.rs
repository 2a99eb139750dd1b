//! The whole job: captures in, one pass each, then names, places and categories joined, rows out.
//!
//! Flows wait in a temporary file until all captures have been read, because a name may come in a later one.
//! Everything else goes out as the pass goes on, so that memory does not grow with the captures.
//!
//! [`run`] reads captures; a [`Session`] is pushed the frames of one as they come, and does the same with them.

mod cover;
mod extract;
mod findings;
#[cfg(feature = "table")]
mod pick;
mod spill;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::analyzer::{Analyzer, Finished, Open};
use crate::capture::{self, About, Event, Extent, Filter, Inputs, Note, Reader, SecretsFound};
use crate::enrich::{Enricher, Settings};
use crate::error::Error;
use crate::flow::Devices;
use crate::record::{Anomaly, Capture, Flow, Ledger, Row, Wifi};
use crate::search::Search;
use crate::secrets::Secrets;
use crate::time::Timestamp;
use crate::wifi::Keys;

use extract::Extraction;
use findings::Findings;
#[cfg(feature = "table")]
pub(crate) use pick::{Part, Picked, Wanted, lend, pick};
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
    /// A flow that a [`Session`] closes, with its answer as far as is known by then; its row follows at the end.
    fn closed(&mut self, _flow: &Flow) {}
}

impl<O: Output + ?Sized> Output for &mut O {
    fn row(&mut self, row: Row) -> Result<(), Error> {
        (**self).row(row)
    }

    fn capture(&mut self, row: Capture) -> Result<(), Error> {
        (**self).capture(row)
    }

    fn ledger(&mut self, row: Ledger) -> Result<(), Error> {
        (**self).ledger(row)
    }

    fn closed(&mut self, flow: &Flow) {
        (**self).closed(flow);
    }
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
    /// Keys of protected networks.
    pub wifi_keys: Arc<Keys>,
    /// Folder for the temporary file.
    pub scratch: PathBuf,
    /// What the analyst has keys for; those inside the captures are added.
    pub secrets: Arc<Secrets>,
    /// Identifiers to look for.
    pub search: Arc<Search>,
    /// Folder for the bodies of messages, where they are wanted as files.
    pub extract: Option<PathBuf>,
    /// Neither bodies nor payload that no protocol needs are looked into: no hashes, no types, no identifiers.
    pub leaves_content: bool,
    /// Flows numbered before this analysis: one of several that write the same tables goes on from there.
    pub flows_before: u64,
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
    /// Number of the last flow.
    pub flows: u64,
}

/// Analyses captures.
///
/// # Errors
/// When rules or address data cannot be read, or an output cannot be written. What is wrong with a capture is
/// told in the outcome and the tables instead.
pub fn run(inputs: &Inputs, options: &Options, output: &mut dyn Output, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Outcome, Error> {
    let mut job = Job::new(options, output)?;
    inputs.captures.iter().for_each(|path| job.collect_secrets(path));
    job.tell_lost_secrets()?;
    for (place, path) in inputs.captures.iter().enumerate() {
        let after = if place + 1 < inputs.captures.len() { After::Perhaps } else { After::Nothing };
        job.capture(path, after, progress)?;
    }
    job.end_open()?;
    job.end_extraction()?;
    progress(Progress::Joining(job.spill.len()));
    job.join()?;
    Ok(job.outcome)
}

/// A job of one capture whose frames are pushed as they come; its rows are those of [`run`] on that capture.
pub struct Session<O> {
    job: Job<O>,
    pass: Pass,
}

impl<O: Output> Session<O> {
    /// Starts; `path` is what the tables call the capture.
    ///
    /// # Errors
    /// When rules or address data cannot be read, or the filter is wrong.
    pub fn new(path: &Path, options: &Options, output: O) -> Result<Self, Error> {
        let mut job = Job::new(options, output)?;
        job.is_watched = true;
        let pass = job.begin(path)?;
        Ok(Self { job, pass })
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// When a row cannot be written.
    pub fn push(&mut self, event: Event<'_>) -> Result<(), Error> {
        self.job.event(&mut self.pass, event)
    }

    /// Shows up to `limit` open flows with a packet at or after `since`, with their answers as far as is known now.
    pub fn open_flows(&mut self, since: Timestamp, limit: usize, look: &mut dyn FnMut(&Flow)) {
        for mut flow in self.pass.analyzer.open_flows(since).take(limit) {
            self.job.enricher.answer(&mut flow);
            look(&flow);
        }
    }

    /// The networks and stations on the air so far.
    pub fn networks(&self) -> Vec<Wifi> {
        self.pass.analyzer.networks()
    }

    /// Where the rows go.
    pub const fn output(&mut self) -> &mut O {
        &mut self.job.output
    }

    /// Ends the capture, which turned out to be what `about` says, and joins; the output is given back.
    ///
    /// # Errors
    /// When a row cannot be written.
    pub fn finish(mut self, about: About) -> Result<(Outcome, O), Error> {
        self.job.end(self.pass, about, After::Nothing)?;
        self.job.end_extraction()?;
        self.job.join()?;
        Ok((self.job.outcome, self.job.output))
    }
}

struct Job<O> {
    options: Options,
    output: O,
    enricher: Enricher,
    spill: Spill,
    extraction: Option<Extraction>,
    findings: Findings,
    outcome: Outcome,
    next_flow: u64,
    /// What was open when the last capture ended.
    open: Open,
    /// Closed flows are shown before their time.
    is_watched: bool,
    secrets: Arc<Secrets>,
    /// Capture and offset of the secrets that were collected before the pass.
    collected: HashSet<(Arc<str>, u64)>,
}

/// What comes after a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// Perhaps another, which goes on where this one ends.
    Perhaps,
    /// Nothing.
    Nothing,
}

/// One capture being read.
struct Pass {
    name: Arc<str>,
    filter: Filter,
    analyzer: Analyzer,
}

fn named(path: &Path) -> Arc<str> {
    crate::wire::escape(path.as_os_str().as_encoded_bytes()).into()
}

impl<O: Output> Job<O> {
    fn new(options: &Options, output: O) -> Result<Self, Error> {
        let enricher = Enricher::new(&options.settings)?;
        let spill = Spill::new(&options.scratch);
        let extraction = options.extract.as_deref().map(Extraction::new).transpose()?;
        Ok(Self {
            options: options.clone(),
            extraction,
            output,
            enricher,
            spill,
            findings: Findings::default(),
            outcome: Outcome::default(),
            next_flow: options.flows_before + 1,
            open: Open::default(),
            is_watched: false,
            secrets: Arc::clone(&options.secrets),
            collected: HashSet::new(),
        })
    }

    fn collect_secrets(&mut self, path: &Path) {
        let name = named(path);
        let offsets = capture::add_secrets(path, Extent::Ends, &mut self.secrets);
        self.collected.extend(offsets.into_iter().map(|offset| (Arc::clone(&name), offset)));
    }

    /// A block of secrets: it serves the flows that open from here on.
    fn meet_secrets(&mut self, pass: &mut Pass, found: &SecretsFound<'_>) {
        if found.kind != capture::KEY_LOG || self.collected.contains(&(Arc::clone(&pass.name), found.offset)) {
            return;
        }
        if Arc::make_mut(&mut self.secrets).add_block(&format!("{}@{}", pass.name, found.offset), found.text) == 0 {
            return;
        }
        pass.analyzer.decrypt_with(&self.secrets);
        if found.frames > 0 {
            pass.analyzer.note(late_secrets(found));
        }
    }

    fn tell_lost_secrets(&mut self) -> Result<(), Error> {
        let count = self.secrets.lost();
        if count == 0 {
            return Ok(());
        }
        let detail = format!("{count} secrets beyond the limit were not kept: what they open stays sealed");
        let (capture, kind) = (Arc::from(""), "secrets-limit");
        let anomaly = Anomaly { capture, frame: None, offset: None, time: None, flow_id: None, kind, detail, count, is_damage: true };
        self.outcome.is_damaged = true;
        self.output.row(Row::Anomaly(Box::new(anomaly)))
    }

    fn capture(&mut self, path: &Path, after: After, progress: &mut dyn FnMut(Progress<'_>)) -> Result<(), Error> {
        let opened = if path == Path::new("-") { Reader::new(Box::new(std::io::stdin()), path) } else { Reader::open(path) };
        let mut reader = match opened {
            Ok(reader) => reader,
            Err(error) => return self.unreadable(path, named(path), &error),
        };
        progress(Progress::Opened(path, reader.bytes_read()));
        let mut pass = self.begin(path)?;
        while let Some(event) = reader.next_event() {
            self.event(&mut pass, event)?;
        }
        self.end(pass, reader.finish(), after)?;
        progress(Progress::Read(path));
        Ok(())
    }

    fn begin(&mut self, path: &Path) -> Result<Pass, Error> {
        let name = named(path);
        let filter = Filter::new(self.options.filter.as_deref())?;
        let mut analyzer =
            Analyzer::new(Arc::clone(&name), self.options.devices.clone(), self.next_flow).with_keys(Arc::clone(&self.options.wifi_keys));
        analyzer = analyzer.going_on(std::mem::take(&mut self.open));
        analyzer.decrypt_with(&self.secrets);
        if self.options.leaves_content {
            return Ok(Pass { name, filter, analyzer: analyzer.leaving_content() });
        }
        analyzer = analyzer.searching_for(&self.options.search);
        if let Some(extraction) = &self.extraction {
            analyzer = analyzer.with_readers(Arc::new(extraction.clone()));
        }
        Ok(Pass { name, filter, analyzer })
    }

    fn event(&mut self, pass: &mut Pass, event: Event<'_>) -> Result<(), Error> {
        match event {
            Event::Frame(frame) if pass.filter.takes(&frame)? => pass.analyzer.push(&frame),
            Event::Frame(frame) => pass.analyzer.push_filtered(&frame),
            Event::Name(address, host) => self.enricher.names.learn_from_file(address, &host),
            Event::Secrets(found) => self.meet_secrets(pass, &found),
            Event::Note(note) => pass.analyzer.note(note),
        }
        for row in pass.analyzer.drain() {
            self.row(row)?;
        }
        Ok(())
    }

    fn end(&mut self, pass: Pass, about: About, after: After) -> Result<(), Error> {
        let finished = match after {
            After::Nothing => pass.analyzer.finish(),
            After::Perhaps => {
                let (finished, open) = pass.analyzer.pause();
                self.open = open;
                finished
            }
        };
        self.next_flow = finished.next_flow;
        self.outcome.captures += 1;
        self.outcome.flows = self.next_flow - 1;
        self.carry_keys(&pass.name, &finished)?;
        self.account(pass.name, about, finished)
    }

    /// A capture may go on where the one before it ends, and its frames be under keys of a handshake there.
    fn carry_keys(&mut self, name: &Arc<str>, finished: &Finished) -> Result<(), Error> {
        if finished.learned.is_empty() {
            return Ok(());
        }
        let (keys, left_out) = self.options.wifi_keys.and_learned(&finished.learned);
        self.options.wifi_keys = Arc::new(keys);
        if left_out == 0 {
            return Ok(());
        }
        let detail = format!("{left_out} keys of handshakes beyond the limit do not serve the captures after this one");
        let (capture, kind, count) = (Arc::clone(name), "wifi-key-limit", left_out as u64);
        let anomaly = Anomaly { capture, frame: None, offset: None, time: None, flow_id: None, kind, detail, count, is_damage: false };
        self.output.row(Row::Anomaly(Box::new(anomaly)))
    }

    /// A row of the pass: flows wait, names are learned, damage is remembered.
    fn row(&mut self, row: Row) -> Result<(), Error> {
        match row {
            Row::Flow(mut flow) => {
                self.enricher.learn(&flow);
                if self.is_watched {
                    self.enricher.answer(&mut flow);
                    self.output.closed(&flow);
                }
                self.spill.push(flow)
            }
            Row::Name(name) => {
                self.enricher.names.learn(&name);
                self.show(Row::Name(name))
            }
            Row::Finding(finding) if self.enricher.is_repeated(&finding) => Ok(()),
            Row::Finding(finding) if finding.flow_id.is_some() => {
                self.findings.push(finding);
                Ok(())
            }
            Row::Anomaly(anomaly) => {
                self.outcome.is_damaged |= anomaly.is_damage;
                self.output.row(Row::Anomaly(anomaly))
            }
            row => self.show(row),
        }
    }

    /// A row as tables may have it: what the list of identifiers names is not in its texts.
    fn show(&mut self, mut row: Row) -> Result<(), Error> {
        cover::cover(&self.options.search, &mut row);
        self.output.row(row)
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
            presence: totals.presence,
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
        self.tell_stale(&row)?;
        self.output.capture(row)?;
        finished.ledger.into_iter().try_for_each(|line| self.output.ledger(line))
    }

    /// Lists of address ranges that are of another time than the capture.
    fn tell_stale(&mut self, capture: &Capture) -> Result<(), Error> {
        let (Some(first), Some(last)) = (capture.first, capture.last) else { return Ok(()) };
        self.enricher.stale(first, last).into_iter().try_for_each(|detail| {
            let (capture, kind) = (Arc::clone(&capture.path), "ranges-of-another-time");
            let anomaly =
                Anomaly { capture, frame: None, offset: None, time: None, flow_id: None, kind, detail, count: 1, is_damage: false };
            self.output.row(Row::Anomaly(Box::new(anomaly)))
        })
    }

    /// All bodies are read: what could not be written ends the analysis, what the limits left out is told.
    fn end_extraction(&mut self) -> Result<(), Error> {
        let left_out = self.extraction.take().map_or(Ok(0), |extraction| extraction.finish())?;
        if left_out == 0 {
            return Ok(());
        }
        let detail = format!("{left_out} bodies beyond the limits were not extracted");
        let (capture, kind) = (Arc::from(""), "extract-limit");
        let anomaly =
            Anomaly { capture, frame: None, offset: None, time: None, flow_id: None, kind, detail, count: left_out, is_damage: false };
        self.output.row(Row::Anomaly(Box::new(anomaly)))
    }

    /// What is open when the last capture cannot be read.
    fn end_open(&mut self) -> Result<(), Error> {
        std::mem::take(&mut self.open).close().into_iter().try_for_each(|row| self.row(row))
    }

    /// After the pass: every flow gets its answer.
    fn join(&mut self) -> Result<(), Error> {
        self.enricher.names.settle();
        let lost = [
            ("name-limit", self.enricher.names.lost, "names beyond the limit were not kept: their flows may have none"),
            (
                "device-limit",
                self.enricher.kinds.lost,
                "flows came after the limit of device addresses: what their devices are may be missing",
            ),
            (
                "round-trip-limit",
                self.enricher.round_trips.lost,
                "flows came after the limit of addresses whose round-trip time is kept: their places are not bounded by it",
            ),
            ("finding-limit", self.findings.lost, "findings beyond the limit were not kept"),
        ];
        for (kind, count, words) in lost.into_iter().filter(|(_, count, _)| *count > 0) {
            let (capture, detail) = (Arc::from(""), format!("{count} {words}"));
            let anomaly = Anomaly { capture, frame: None, offset: None, time: None, flow_id: None, kind, detail, count, is_damage: false };
            self.output.row(Row::Anomaly(Box::new(anomaly)))?;
        }
        for detail in self.options.search.refused() {
            let (capture, kind, detail) = (Arc::from(""), "identifier-refused", detail.clone());
            let anomaly =
                Anomaly { capture, frame: None, offset: None, time: None, flow_id: None, kind, detail, count: 1, is_damage: false };
            self.output.row(Row::Anomaly(Box::new(anomaly)))?;
        }
        let (enricher, findings, output, search) = (&mut self.enricher, &mut self.findings, &mut self.output, &self.options.search);
        let mut show = |mut row: Row| {
            cover::cover(search, &mut row);
            output.row(row)
        };
        std::mem::take(&mut self.spill).for_each(|mut flow| {
            enricher.answer(&mut flow);
            if let Some(finding) = enricher.finding(&flow) {
                show(Row::Finding(Box::new(finding)))?;
            }
            findings.take(&flow).into_iter().try_for_each(|finding| show(Row::Finding(finding)))?;
            show(Row::Flow(flow))
        })
    }
}

/// Secrets that nobody looked for before the pass, behind packets they may open.
fn late_secrets(found: &SecretsFound<'_>) -> Note {
    let detail = "found decryption secrets behind packets that they may open, and too late for them: name the capture, uncompressed, with --tls-keys too";
    let (kind, detail) = ("late-secrets", detail.to_owned());
    Note { kind, detail, offset: found.offset, frame: found.frames.saturating_add(1), is_damage: true }
}
