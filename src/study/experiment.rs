//! A run as it was observed: its captures analysed, its actions read, and what its captures cannot show.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::actions::{self, Log};
use super::clock::{self, Clock, Reading, Signs};
use super::facts::{self, Fact, Request, Seen};
use super::file::{Run as Plan, Study};
use super::initiation::Act;
use super::{Action, InStudy, Options, Row, Run, Store};
use crate::analysis::{self, Outcome, Output, Progress};
use crate::capture::{self, Inputs};
use crate::enrich::Rules;
use crate::error::Error;
use crate::limits;
use crate::record::{Capture, Disposition, Flow, Ledger, Presence};
use crate::time::{Span, Timestamp};

/// A run that was observed.
pub(super) struct Experiment<'a> {
    pub(super) run: &'a Plan,
    app: Option<&'a super::file::App>,
    seen: Seen,
    pub(super) facts: Vec<Fact>,
    log: Log,
    log_path: Option<String>,
    clock: Clock,
    /// Actions by the clock of the captures; none without a log.
    pub(super) acts: Option<Vec<Act>>,
    pub(super) watch: Watch,
}

/// What the captures of a run are, and what they miss.
#[derive(Debug, Default)]
pub(super) struct Watch {
    captures: Vec<String>,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) frames: u64,
    pub(super) lost: u64,
    pub(super) undecryptable: u64,
    presence: Presence,
    truncated: Vec<String>,
    pub(super) holes: Vec<String>,
    pub(super) gaps: Vec<String>,
}

/// Shortest silence, in seconds, that may be a hole.
const HOLE: i64 = 5;
/// How many times longer than usual a silence must be to look like a hole.
const UNUSUAL: i64 = 4;
/// Share of frames or bytes below which a loss says nothing about whole conversations.
const LOST: f64 = 0.01;

impl<'a> Experiment<'a> {
    /// Analyses a run. All rows but flows go on; flows wait for the judgement.
    pub(super) fn observe(
        (study, rules): (&'a Study, &Rules),
        run: &'a Plan,
        options: &Options,
        store: &mut Store,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(Self, Outcome), Error> {
        let inputs = inputs(study, run)?;
        let mut watched = Watched { store, seen: Seen::default(), watch: Watch::default() };
        let outcome = analysis::run(&inputs, options, &mut watched, progress)?;
        let Watched { mut seen, mut watch, .. } = watched;
        // The order in which captures are named must not matter.
        seen.rows.sort_by(|a, b| (a.first, &a.capture, a.flow_id).cmp(&(b.first, &b.capture, b.flow_id)));
        let facts = facts::facts(&seen, study, rules);
        let log_path = run.actions.as_ref().map(|path| study.path(path));
        let log = match (&log_path, &run.activity) {
            (Some(path), _) => actions::read(path, watch.first)?,
            (None, Some(activity)) => actions::whole(activity, watch.first),
            (None, None) => Log::default(),
        };
        seen.readings.sort_by_key(|reading| reading.time);
        let device = seen.device_clocks(study, run);
        let signs = Signs { kinds: &study.kinds, facts: &facts, readings: &seen.readings, device: &device };
        let clock = clock::clock(&log, run.clock(), &signs);
        let has_log = log_path.is_some() || run.activity.is_some();
        let acts = has_log.then(|| log.actions.iter().map(|logged| act(logged, &clock, study)).collect::<Vec<_>>());
        watch.find_holes();
        watch.find_gaps(&facts, acts.as_deref().unwrap_or_default());
        for (path, reason) in &outcome.unreadable {
            watch.gaps.push(format!("capture {} cannot be read: {reason}", path.display()));
        }
        let log_path = log_path.map(|path| path.display().to_string());
        Ok((Self { run, app: study.app_of(run), seen, facts, log, log_path, clock, acts, watch }, outcome))
    }

    /// What a run would read, without reading it.
    pub(super) fn sketch(study: &Study, run: &Plan) -> Result<String, Error> {
        let inputs = inputs(study, run)?;
        let log = run.actions.as_ref().map(|path| actions::read(&study.path(path), None)).transpose()?;
        let actions = match (&log, &run.activity) {
            (Some(log), _) => unknown_actions(log, study),
            (None, Some(activity)) => format!("activity {activity}"),
            (None, None) => "no action log: initiation stays unknown".to_owned(),
        };
        let captures = inputs.captures.len();
        let noun = if captures == 1 { "capture" } else { "captures" };
        let settings = if run.settings.is_empty() { "no settings".to_owned() } else { run.shown_settings().join(", ") };
        Ok(format!("{}: {captures} {noun}; {settings}; {actions}", run.id))
    }

    /// Time watched.
    pub(super) fn length(&self) -> Span {
        match (self.watch.first, self.watch.last) {
            (Some(first), Some(last)) => last.since(first),
            _ => Span::default(),
        }
    }

    /// Version of the application.
    pub(super) fn app_version(&self) -> Option<&str> {
        self.run.app_version.as_deref().or_else(|| self.app.and_then(|app| app.version.as_deref()))
    }

    /// Id of the application.
    pub(super) fn app_id(&self) -> Option<&str> {
        self.app.map(|app| app.id.as_str())
    }

    /// The words of its actions, sorted, each as often as it was done.
    pub(super) fn steps(&self) -> Vec<&str> {
        let mut steps: Vec<&str> = self.acts.iter().flatten().map(|act| act.action.as_str()).collect();
        steps.sort_unstable();
        steps
    }

    /// Its row.
    pub(super) fn row(&self) -> Run {
        let public = || self.facts.iter().filter(|fact| fact.is_public());
        let bytes = |fact: &Fact| fact.ip_out + fact.ip_in;
        let all: u64 = public().map(bytes).sum();
        let told: u64 = public().filter(|fact| fact.app.is_some()).map(bytes).sum();
        Run {
            run: self.run.id.clone(),
            captures: self.watch.captures.clone(),
            settings: self.run.shown_settings(),
            app: self.app.map(|app| app.id.clone()),
            app_version: self.app_version().map(str::to_owned),
            follows: self.run.follows.as_ref().map(|id| id.get_ref().clone()),
            action_log: self.log_path.clone(),
            actions: self.log.actions.len() as u64,
            clock_offset: self.acts.is_some().then_some(self.clock.offset),
            clock_drift: self.clock.drift.ppm.filter(|_| self.acts.is_some()),
            clock_drift_basis: self.acts.is_some().then(|| self.clock.drift.basis.clone()),
            clock_basis: if self.acts.is_some() { self.clock.basis.clone() } else { "no action log".to_owned() },
            first: self.watch.first,
            last: self.watch.last,
            frames: self.watch.frames,
            flows: self.facts.len() as u64,
            ip_bytes_out: self.facts.iter().map(|fact| fact.ip_out).sum(),
            ip_bytes_in: self.facts.iter().map(|fact| fact.ip_in).sum(),
            holes: self.watch.holes.clone(),
            gaps: self.watch.gaps.clone(),
            app_known: share(told, all),
            notes: self.run.notes.clone(),
        }
    }

    /// Rows of its actions.
    pub(super) fn action_rows(&self) -> Vec<Action> {
        let acts = self.acts.as_deref().unwrap_or_default();
        let row = |(place, (act, logged)): (usize, (&Act, &actions::Logged))| {
            let caused: Vec<&Fact> =
                self.facts.iter().filter(|fact| fact.initiation == "user-initiated" && fact.action == Some(place)).collect();
            Action {
                run: self.run.id.clone(),
                time: act.time,
                logged: logged.time,
                action: act.action.clone(),
                note: logged.note.clone(),
                kind: if act.is_unknown {
                    "unknown"
                } else if act.sends.is_empty() {
                    "operates"
                } else {
                    "sends"
                }
                .to_owned(),
                sends: act.sends.clone(),
                flows: caused.len() as u64,
                ip_bytes_out: caused.iter().map(|fact| fact.ip_out).sum(),
                first_effect: caused.iter().map(|fact| fact.first.since(act.time)).min(),
            }
        };
        acts.iter().zip(&self.log.actions).enumerate().map(row).collect()
    }

    /// Its flows, with what the study says of them.
    pub(super) fn into_flows(self) -> impl Iterator<Item = Box<Flow>> {
        let run: Arc<str> = self.run.id.as_str().into();
        let mut said: BTreeMap<usize, InStudy> = BTreeMap::new();
        for fact in &self.facts {
            let action = fact.action.and_then(|place| self.acts.as_ref()?.get(place)).map(Act::shown);
            let mut before = None;
            for part in &fact.parts {
                let study = InStudy {
                    run: Arc::clone(&run),
                    initiation: fact.initiation,
                    initiation_basis: fact.initiation_basis.clone(),
                    action: action.clone(),
                    same_as: part.is_repeat.then(|| fact.flow_id()),
                    continues: before.filter(|_| !part.is_repeat),
                };
                if !part.is_repeat {
                    before = Some(part.flow_id);
                }
                said.insert(part.row, study);
            }
        }
        let mut rows: Vec<Box<Flow>> = self.seen.rows;
        self.facts.iter().for_each(|fact| share_answer(fact, &mut rows));
        for (row, flow) in rows.iter_mut().enumerate() {
            flow.answer.study = said.remove(&row).map(Box::new);
        }
        rows.sort_by_key(|flow| flow.flow_id);
        rows.into_iter()
    }
}

impl Watch {
    /// Silences that are out of proportion: much longer than what is usual in these captures. A phone that speaks once
    /// a minute is silent; a link that speaks ten times a second and then not for twenty seconds was not recorded.
    fn find_holes(&mut self) {
        let mut lengths: Vec<i64> = self.presence.silences().map(|(_, length)| length).collect();
        lengths.sort_unstable();
        for (from, length) in self.presence.silences() {
            // The longest of the others, so that two holes do not excuse each other while regular silences do.
            let others = lengths.len().saturating_sub(1);
            let usual = if others < 4 {
                lengths.iter().copied().filter(|other| *other < HOLE).max()
            } else {
                lengths.get(others * 9 / 10).copied()
            };
            if length >= HOLE && length >= UNUSUAL * usual.unwrap_or(1).max(1) {
                let time = |second: i64| Timestamp::from_parts(second, 0);
                self.holes.push(format!("{} to {}", time(from), time(from + length)));
            }
        }
    }

    fn find_gaps(&mut self, facts: &[Fact], acts: &[Act]) {
        for hole in &self.holes {
            self.gaps.push(format!("no frame from {hole}, out of proportion to other silences"));
        }
        if self.presence.is_coarse {
            self.gaps.push("too many silences to keep: short holes cannot be told".to_owned());
        }
        for capture in &self.truncated {
            self.gaps.push(format!("{capture} is damaged: what follows the damage is not seen"));
        }
        if share(self.lost, self.frames + self.lost).is_some_and(|share| share > LOST) {
            self.gaps.push(format!("{} frames reported lost", self.lost));
        }
        if share(self.undecryptable, self.frames).is_some_and(|share| share > LOST) {
            self.gaps.push(format!("{} frames on the air without a key", self.undecryptable));
        }
        let missing: u64 = facts.iter().map(|fact| fact.gap_bytes).sum();
        let seen: u64 = facts.iter().map(|fact| fact.ip_out + fact.ip_in).sum();
        if share(missing, seen + missing).is_some_and(|share| share > LOST) {
            self.gaps.push(format!("{missing} bytes missing inside TCP streams"));
        }
        // Recordings are begun and ended by the analyst's tools, outside of what they record.
        let is_done = |act: &&Act| !["start_capture", "stop_capture"].iter().any(|mark| act.action.starts_with(mark));
        let is_outside = |act: &&Act| self.first.is_none_or(|first| act.time < first) || self.last.is_none_or(|last| act.time > last);
        let outside: Vec<&str> = acts.iter().filter(is_done).filter(is_outside).map(|act| act.action.as_str()).collect();
        if !outside.is_empty() {
            self.gaps.push(format!("actions outside the captures: {}", outside.join(", ")));
        }
        if self.frames == 0 {
            self.gaps.push("no frames".to_owned());
        }
    }
}

/// What one row of a conversation that goes on from file to file knows, all of its rows say: sums do not depend on where
/// a capture was cut.
fn share_answer(fact: &Fact, rows: &mut [Box<Flow>]) {
    let counted = || fact.parts.iter().filter(|part| !part.is_repeat);
    if counted().count() < 2 {
        return;
    }
    let Some(answer) = rows.get(fact.known).map(|known| known.answer.clone()) else { return };
    let app = counted().find_map(|part| rows.get(part.row)?.app.clone());
    for part in counted() {
        if let Some(flow) = rows.get_mut(part.row).filter(|flow| flow.device_ip == fact.device_ip) {
            flow.answer = answer.clone();
            flow.encryption = fact.encryption;
            flow.app = flow.app.take().or_else(|| app.clone());
        }
    }
}

/// A part of a whole; none when there is no whole.
#[expect(clippy::cast_precision_loss, reason = "a share needs no more than 52 bits")]
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn act(logged: &actions::Logged, clock: &Clock, study: &Study) -> Act {
    let kind = study.kinds.of(&logged.action);
    Act {
        time: clock::moved(logged.time, clock),
        action: logged.action.clone(),
        sends: kind.map(|kind| kind.sends.clone()).unwrap_or_default(),
        is_unknown: kind.is_none(),
        window: kind.map_or(Span::from_secs(15), super::kinds::ActionKind::window),
    }
}

fn unknown_actions(log: &Log, study: &Study) -> String {
    let strange: BTreeSet<&str> =
        log.actions.iter().map(|logged| logged.action.as_str()).filter(|action| study.kinds.of(action).is_none()).collect();
    if strange.is_empty() {
        return format!("{} actions", log.actions.len());
    }
    let strange: Vec<&str> = strange.into_iter().collect();
    format!("{} actions, of unknown kind: {} (say what they send with [[action]])", log.actions.len(), strange.join(", "))
}

/// The captures of a run, in the order of time, whatever the order in which they are named.
fn inputs(study: &Study, run: &Plan) -> Result<Inputs, Error> {
    let named: Vec<PathBuf> = run.captures.values().iter().map(|path| study.path(path)).collect();
    let mut inputs = capture::expand(&named)?;
    inputs.sort_by_time();
    Ok(inputs)
}

/// Takes the rows of a run: flows, names asked for and requests stay here, all else goes on.
struct Watched<'s> {
    store: &'s mut Store,
    seen: Seen,
    watch: Watch,
}

impl Output for Watched<'_> {
    fn row(&mut self, row: Row) -> Result<(), Error> {
        match row {
            Row::Flow(flow) => {
                self.seen.rows.push(flow);
                return Ok(());
            }
            Row::Dns(ref dns) if dns.protocol == "dns" && dns.from_device && !dns.is_response => {
                if let Some(query) = dns.query.as_deref().filter(|query| query.contains('.') && !query.ends_with(".local")) {
                    self.seen.asked.entry(dns.origin.flow_id).or_default().insert(query.trim_end_matches('.').to_lowercase());
                }
            }
            Row::Ntp(ref answer) => {
                let measured = answer.offset.zip(answer.uncertainty).filter(|_| self.seen.readings.len() < limits::CLOCK_READINGS);
                let reading = |(offset, uncertainty)| Reading { time: answer.origin.time, offset, uncertainty };
                self.seen.readings.extend(measured.map(reading));
            }
            Row::Http(ref http) if http.from_device => {
                let method = http.method.clone().unwrap_or_default();
                self.seen.requests.entry(http.origin.flow_id).or_default().push(Request { method });
            }
            _ => {}
        }
        self.store.row(row)
    }

    fn capture(&mut self, row: Capture) -> Result<(), Error> {
        let watch = &mut self.watch;
        watch.captures.push(row.path.to_string());
        watch.frames += row.frames;
        watch.lost += row.drops_reported.unwrap_or_default();
        watch.presence.add(&row.presence);
        if row.is_truncated {
            watch.truncated.push(Path::new(&*row.path).display().to_string());
        }
        if let (Some(first), Some(last)) = (row.first, row.last) {
            watch.first = Some(watch.first.map_or(first, |known| known.min(first)));
            watch.last = Some(watch.last.map_or(last, |known| known.max(last)));
            self.seen.spans.insert(Arc::clone(&row.path), (first, last));
        }
        self.store.capture(row)
    }

    fn ledger(&mut self, row: Ledger) -> Result<(), Error> {
        if row.disposition == Disposition::WifiUndecryptable {
            self.watch.undecryptable += row.frames;
        }
        self.store.ledger(row)
    }
}
