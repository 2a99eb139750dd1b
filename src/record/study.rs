//! Tables of a study: `runs`, `actions`, `comparisons`, `claims`.

use super::{Column, Get, Record, text, text_of, texts};
use crate::time::{Span, Timestamp};

/// One experiment of a study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Its id in the study file.
    pub run: String,
    /// Captures, paths as read.
    pub captures: Vec<String>,
    /// Settings, as `name=value`.
    pub settings: Vec<String>,
    /// Application under study, and its version.
    pub app: Option<String>,
    /// See `app`.
    pub app_version: Option<String>,
    /// Run after which this one was made.
    pub follows: Option<String>,
    /// Where the actions come from.
    pub action_log: Option<String>,
    /// Their number.
    pub actions: u64,
    /// What to add to the log's times to have the capture's.
    pub clock_offset: Option<Span>,
    /// How much faster the captures' clock runs than the log's, in parts of a million.
    pub clock_drift: Option<f64>,
    /// What the drift rests on.
    pub clock_drift_basis: Option<String>,
    /// What the offset rests on.
    pub clock_basis: String,
    /// Earliest frame.
    pub first: Option<Timestamp>,
    /// Latest frame.
    pub last: Option<Timestamp>,
    /// Frames of all captures.
    pub frames: u64,
    /// Conversations, each counted once.
    pub flows: u64,
    /// Bytes from the devices.
    pub ip_bytes_out: u64,
    /// Bytes to the devices.
    pub ip_bytes_in: u64,
    /// Times without frames that do not look like silence.
    pub holes: Vec<String>,
    /// What else lessens what an absence says.
    pub gaps: Vec<String>,
    /// Share of conversations' bytes whose application is known.
    pub app_known: Option<f64>,
    /// Notes of the analyst.
    pub notes: Option<String>,
}

impl Record for Run {
    const TABLE: &'static str = "runs";
    const ABOUT: &'static str = "one row per run of a study; no rows outside a study";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("run", "", "id of the run in the study file", Get::Text(|r| text(&r.run))),
        Column::new("captures", "", "captures of the run, paths as read", Get::List(|r| texts(&r.captures))),
        Column::new("settings", "", "settings in force, as `name=value`, sorted", Get::List(|r| texts(&r.settings))),
        Column::new("app", "", "application under study; empty when not given", Get::Text(|r| text_of(r.app.as_ref()))),
        Column::new("app_version", "", "its version; empty when not given", Get::Text(|r| text_of(r.app_version.as_ref()))),
        Column::new("follows", "", "run after which this one was made; empty when not given", Get::Text(|r| text_of(r.follows.as_ref()))),
        Column::new("action_log", "", "file the actions come from; empty without one", Get::Text(|r| text_of(r.action_log.as_ref()))),
        Column::new("actions", "", "actions in it", Get::Number(|r| Some(r.actions))),
        Column::new(
            "clock_offset_ms",
            "ms",
            "what was added to the time of the log's first action (or the moment given) to have that of the captures; empty without a log",
            Get::Real(|r| r.clock_offset.map(Span::millis)),
        ),
        Column::new(
            "clock_drift_ppm",
            "ppm",
            "how much faster the captures' clock runs than the log's, counted in from there on; empty when no drift is assumed, and without a log",
            Get::Real(|r| r.clock_drift),
        ),
        Column::new(
            "clock_basis",
            "",
            "what the offset rests on: given, estimated, agrees, assumed, with what was seen",
            Get::Text(|r| text(&r.clock_basis)),
        ),
        Column::new(
            "clock_drift_basis",
            "",
            "what the drift rests on: given, estimated (answers of time servers, TCP timestamps of the device, at least ten minutes apart and no more than 500 ppm), none assumed, with what was seen; empty without a log",
            Get::Text(|r| text_of(r.clock_drift_basis.as_ref())),
        ),
        Column::new("first", "", "earliest frame", Get::Time(|r| r.first)),
        Column::new("last", "", "latest frame", Get::Time(|r| r.last)),
        Column::new("frames", "frames", "frames of all captures", Get::Number(|r| Some(r.frames))),
        Column::new(
            "flows",
            "flows",
            "conversations, each counted once whatever number of captures show it",
            Get::Number(|r| Some(r.flows)),
        ),
        Column::new("ip_bytes_out", "bytes", "IP datagrams from the devices", Get::Number(|r| Some(r.ip_bytes_out))),
        Column::new("ip_bytes_in", "bytes", "IP datagrams to the devices", Get::Number(|r| Some(r.ip_bytes_in))),
        Column::new("holes", "", "times without frames that do not look like silence, as `from to`", Get::List(|r| texts(&r.holes))),
        Column::new(
            "gaps",
            "",
            "what else lessens what an absence in this run says: frames lost, not decrypted, actions outside the captures",
            Get::List(|r| texts(&r.gaps)),
        ),
        Column::new(
            "app_known",
            "",
            "share of the bytes with public addresses whose application the captures tell; empty without such bytes",
            Get::Real(|r| r.app_known),
        ),
        Column::new("notes", "", "notes of the analyst", Get::Text(|r| text_of(r.notes.as_ref()))),
    ];
}

/// Something the user did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Action {
    /// Run it was done in.
    pub run: String,
    /// Time by the capture's clock.
    pub time: Timestamp,
    /// Time as the log has it.
    pub logged: Timestamp,
    /// What was done.
    pub action: String,
    /// Its note.
    pub note: Option<String>,
    /// Kind of action that it was taken for.
    pub kind: String,
    /// Kinds of data that such an action asks to be sent.
    pub sends: Vec<String>,
    /// Conversations put down to it.
    pub flows: u64,
    /// Their bytes from the device.
    pub ip_bytes_out: u64,
    /// Time to the first of them.
    pub first_effect: Option<Span>,
}

impl Record for Action {
    const TABLE: &'static str = "actions";
    const ABOUT: &'static str = "one row per action in the logs of a study; no rows outside a study";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("run", "", "run it was done in", Get::Text(|r| text(&r.run))),
        Column::new("time", "", "time by the clock of the captures", Get::Time(|r| Some(r.time))),
        Column::new("logged", "", "time as the log has it", Get::Time(|r| Some(r.logged))),
        Column::new("action", "", "what was done, as logged", Get::Text(|r| text(&r.action))),
        Column::new("note", "", "its note", Get::Text(|r| text_of(r.note.as_ref()))),
        Column::new("kind", "", "kind of action it was taken for: sends, operates, unknown", Get::Text(|r| text(&r.kind))),
        Column::new(
            "sends",
            "",
            "kinds of data that such an action asks to be sent; empty for one that only operates the device",
            Get::List(|r| texts(&r.sends)),
        ),
        Column::new("flows", "flows", "conversations put down to it", Get::Number(|r| Some(r.flows))),
        Column::new("ip_bytes_out", "bytes", "their IP datagrams from the device", Get::Number(|r| Some(r.ip_bytes_out))),
        Column::new(
            "first_effect_ms",
            "ms",
            "time to the first of them; empty without one",
            Get::Real(|r| r.first_effect.map(Span::millis)),
        ),
    ];
}

/// One thing compared between two settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Settings that differ, as `name: value > value`.
    pub change: String,
    /// Runs before the change.
    pub baseline: Vec<String>,
    /// Runs after it.
    pub compared: Vec<String>,
    /// What is compared: category, destination, country, party.
    pub dimension: &'static str,
    /// Its value.
    pub value: String,
    /// appeared, vanished, grew, shrank, no-difference-seen, too-few-runs.
    pub word: &'static str,
    /// Why this word.
    pub reason: String,
    /// Runs of the baseline that have it.
    pub runs_before: u64,
    /// Runs compared that have it.
    pub runs_after: u64,
    /// Conversations per run before and after.
    pub flows: (f64, f64),
    /// Bytes out per minute before and after.
    pub out_per_minute: (f64, f64),
    /// Bytes in per minute before and after.
    pub in_per_minute: (f64, f64),
    /// Bytes out per action before and after.
    pub out_per_action: (Option<f64>, Option<f64>),
    /// 95 % interval of the difference in bytes out per minute.
    pub interval: Option<(f64, f64)>,
    /// How the interval was found.
    pub method: String,
    /// In what the runs differ besides.
    pub warnings: Vec<String>,
}

impl Record for Comparison {
    const TABLE: &'static str = "comparisons";
    const ABOUT: &'static str = "one row per pair of settings and thing compared between them; no rows outside a study";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("change", "", "settings that differ, as `name: before > after`", Get::Text(|r| text(&r.change))),
        Column::new("baseline", "", "runs with the settings before", Get::List(|r| texts(&r.baseline))),
        Column::new("compared", "", "runs with the settings after", Get::List(|r| texts(&r.compared))),
        Column::new("dimension", "", "what is compared: category, destination, country, party", Get::Text(|r| text(r.dimension))),
        Column::new(
            "value",
            "",
            "which one; kinds that cannot be told apart stand together, separated by `|`; a flow whose requests were seen to be of several kinds counts whole under each",
            Get::Text(|r| text(&r.value)),
        ),
        Column::new("word", "", "appeared, vanished, grew, shrank, no-difference-seen, too-few-runs", Get::Text(|r| text(r.word))),
        Column::new("reason", "", "why this word", Get::Text(|r| text(&r.reason))),
        Column::new("runs_before", "runs", "runs before the change that have it", Get::Number(|r| Some(r.runs_before))),
        Column::new("runs_after", "runs", "runs after the change that have it", Get::Number(|r| Some(r.runs_after))),
        Column::new("flows_before", "flows", "conversations per run before", Get::Real(|r| Some(r.flows.0))),
        Column::new("flows_after", "flows", "conversations per run after", Get::Real(|r| Some(r.flows.1))),
        Column::new(
            "out_per_minute_before",
            "bytes/min",
            "IP bytes from the device per minute before, mean of the runs",
            Get::Real(|r| Some(r.out_per_minute.0)),
        ),
        Column::new("out_per_minute_after", "bytes/min", "the same after", Get::Real(|r| Some(r.out_per_minute.1))),
        Column::new(
            "in_per_minute_before",
            "bytes/min",
            "IP bytes to the device per minute before, mean of the runs",
            Get::Real(|r| Some(r.in_per_minute.0)),
        ),
        Column::new("in_per_minute_after", "bytes/min", "the same after", Get::Real(|r| Some(r.in_per_minute.1))),
        Column::new(
            "out_per_action_before",
            "bytes",
            "IP bytes from the device per action before; empty without actions",
            Get::Real(|r| r.out_per_action.0),
        ),
        Column::new("out_per_action_after", "bytes", "the same after", Get::Real(|r| r.out_per_action.1)),
        Column::new(
            "interval_low",
            "bytes/min",
            "lower end of the 95 % interval of the difference in bytes out per minute; empty with a single run on a side",
            Get::Real(|r| r.interval.map(|(low, _)| low)),
        ),
        Column::new("interval_high", "bytes/min", "its upper end", Get::Real(|r| r.interval.map(|(_, high)| high))),
        Column::new("method", "", "how the interval was found", Get::Text(|r| text(&r.method))),
        Column::new("warnings", "", "in what the runs differ besides: length, steps, gaps", Get::List(|r| texts(&r.warnings))),
    ];
}

/// A sentence that was checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Claim {
    /// Its id.
    pub claim: String,
    /// The sentence.
    pub says: String,
    /// Where it was said.
    pub source: Option<String>,
    /// supported, not-contradicted, contradicted, undetermined, not-testable.
    pub verdict: &'static str,
    /// Why, in plain words.
    pub reason: String,
    /// Verdict of each part, in words.
    pub parts: Vec<String>,
    /// Runs that were looked at.
    pub runs: Vec<String>,
    /// Frames that speak for it.
    pub evidence_for: Vec<String>,
    /// Frames that speak against it.
    pub evidence_against: Vec<String>,
    /// Frames that might, were more known of them.
    pub candidates: Vec<String>,
    /// Conversations of all three, before lists are cut.
    pub flows: (u64, u64, u64),
    /// Category rules that the evidence rests on.
    pub rules: Vec<String>,
    /// Seconds watched.
    pub watched: f64,
    /// Frames seen.
    pub frames: u64,
    /// Frames reported lost.
    pub frames_lost: u64,
    /// Frames that could not be decrypted on the air.
    pub frames_undecryptable: u64,
    /// Shares of the bytes sent to public addresses: unreadable, without a name, without a category, place disputed,
    /// application not told.
    pub shares: [Option<f64>; 5],
    /// Gaps of the runs.
    pub gaps: Vec<String>,
    /// Ways that the captures do not show.
    pub paths_not_seen: Vec<String>,
}

impl Record for Claim {
    const TABLE: &'static str = "claims";
    const ABOUT: &'static str = "one row per claim of a study, with its verdict; no rows outside a study";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("claim", "", "id of the claim", Get::Text(|r| text(&r.claim))),
        Column::new("says", "", "the sentence that was checked", Get::Text(|r| text(&r.says))),
        Column::new("source", "", "where it was said", Get::Text(|r| text_of(r.source.as_ref()))),
        Column::new("verdict", "", "supported, not-contradicted, contradicted, undetermined, not-testable", Get::Text(|r| text(r.verdict))),
        Column::new("reason", "", "why, in plain words", Get::Text(|r| text(&r.reason))),
        Column::new("parts", "", "each test of the claim with its own result", Get::List(|r| texts(&r.parts))),
        Column::new("runs", "", "runs that were looked at", Get::List(|r| texts(&r.runs))),
        Column::new(
            "evidence_for",
            "",
            "conversations that speak for it, with frames; the first of them",
            Get::List(|r| texts(&r.evidence_for)),
        ),
        Column::new(
            "evidence_against",
            "",
            "conversations that speak against it, with frames; the first of them",
            Get::List(|r| texts(&r.evidence_against)),
        ),
        Column::new(
            "candidates",
            "",
            "conversations that would speak against it if more were known of them, with what is not known",
            Get::List(|r| texts(&r.candidates)),
        ),
        Column::new("flows_for", "flows", "all conversations that speak for it", Get::Number(|r| Some(r.flows.0))),
        Column::new("flows_against", "flows", "all conversations that speak against it", Get::Number(|r| Some(r.flows.1))),
        Column::new("flows_candidates", "flows", "all conversations that might", Get::Number(|r| Some(r.flows.2))),
        Column::new("rules", "", "category rules that the evidence rests on", Get::List(|r| texts(&r.rules))),
        Column::new("watched_s", "s", "time watched in these runs", Get::Real(|r| Some(r.watched))),
        Column::new("frames", "frames", "frames seen in them", Get::Number(|r| Some(r.frames))),
        Column::new("frames_lost", "frames", "frames that the capturing system reports as lost", Get::Number(|r| Some(r.frames_lost))),
        Column::new("frames_undecryptable", "frames", "802.11 data frames without a key", Get::Number(|r| Some(r.frames_undecryptable))),
        Column::new(
            "unreadable_share",
            "",
            "share of the bytes sent to public addresses that could not be read; empty without such bytes, as in the next columns",
            Get::Real(|r| r.shares[0]),
        ),
        Column::new("unnamed_share", "", "share of them without a host name", Get::Real(|r| r.shares[1])),
        Column::new("unclassified_share", "", "share of them without a settled kind of data", Get::Real(|r| r.shares[2])),
        Column::new("disputed_share", "", "share of them to places on which the sources disagree", Get::Real(|r| r.shares[3])),
        Column::new("app_unknown_share", "", "share of them whose application the captures do not tell", Get::Real(|r| r.shares[4])),
        Column::new("gaps", "", "holes and losses of these runs", Get::List(|r| texts(&r.gaps))),
        Column::new("paths_not_seen", "", "ways that the captures do not show", Get::List(|r| texts(&r.paths_not_seen))),
    ];
}
