//! Logs of what the user did: CSV, NDJSON, PiRogue's `experiment.json`, logcat.
//!
//! | format | recognised by | an action is |
//! |---|---|---|
//! | CSV | a header with `time` and `action` | a line; a column `note` goes along |
//! | NDJSON | `{` at the start of lines | an object with `time`, `action`, `note` |
//! | PiRogue (pirogue-cli, `capture_manager.py`) | one JSON object of objects with `start_capture_time` | the start of each recording |
//! | logcat, format threadtime | `MM-DD hh:mm:ss.mmm pid tid level tag: text` | a line tagged `whereto`, or the start of an activity |
//!
//! Times are RFC 3339 or seconds or milliseconds since 1970. logcat has no year and no zone: the year is the
//! capture's, and the zone is part of the clock offset.

use std::io::Cursor;
use std::path::Path;

use polars_io::SerReader as _;
use polars_io::csv::read::CsvReadOptions;
use serde_json::Value;

use crate::error::{Error, Kind};
use crate::limits;
use crate::time::Timestamp;
use crate::wire::escape;

/// Something the user did, by the log's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logged {
    pub(super) time: Timestamp,
    pub(super) action: String,
    pub(super) note: Option<String>,
}

/// A log that was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    /// In the order of time.
    pub(super) actions: Vec<Logged>,
    /// The log tells no zone: its clock must be found from the captures.
    pub(super) is_zoneless: bool,
}

/// Reads a log; `near` is a time of the captures, which lends its year to logs without one.
pub(super) fn read(path: &Path, near: Option<Timestamp>) -> Result<Log, Error> {
    let failed = |source| Kind::io("read action log", path, source);
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > limits::ACTION_LOG_BYTES {
        let detail = format!("action log {} has {length} bytes, more than {}", path.display(), limits::ACTION_LOG_BYTES);
        return Err(Kind::Usage(detail).into());
    }
    let text = String::from_utf8_lossy(&std::fs::read(path).map_err(failed)?).into_owned();
    let mut log = parse(&text, near).map_err(|detail| Kind::Usage(format!("action log {}: {detail}", path.display())))?;
    log.actions.sort_by_key(|logged| logged.time);
    for logged in &mut log.actions {
        logged.action = escape(logged.action.as_bytes());
        logged.note = logged.note.take().map(|note| escape(note.as_bytes())).filter(|note| !note.is_empty());
    }
    Ok(log)
}

/// A run that is one example of an activity, begun with the capture.
pub(super) fn whole(activity: &str, first: Option<Timestamp>) -> Log {
    let logged = |time| Logged { time, action: escape(activity.as_bytes()), note: Some("the whole run".to_owned()) };
    Log { actions: first.map(logged).into_iter().collect(), is_zoneless: false }
}

fn parse(text: &str, near: Option<Timestamp>) -> Result<Log, String> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let first = start.lines().next().unwrap_or_default();
    if start.is_empty() {
        return Ok(Log::default());
    }
    if let Some(actions) = experiment(start) {
        return Ok(Log { actions, is_zoneless: false });
    }
    if first.starts_with('{') {
        return Ok(Log { actions: ndjson(start)?, is_zoneless: false });
    }
    if start.lines().any(|line| threadtime(line, 1970).is_some()) && !first.contains(',') {
        let year = near.map_or(1970, year);
        return Ok(Log { actions: start.lines().filter_map(|line| logcat(line, year)).collect(), is_zoneless: true });
    }
    csv(start).map(|actions| Log { actions, is_zoneless: false })
}

fn csv(text: &str) -> Result<Vec<Logged>, String> {
    let options = CsvReadOptions::default().with_has_header(true).with_infer_schema_length(Some(0));
    let frame = options.into_reader_with_file_handle(Cursor::new(text.as_bytes())).finish();
    let frame = frame.map_err(|error| format!("it is no CSV: {error}"))?;
    let column = |name: &str| {
        let found = frame.columns().iter().find(|column| column.name().trim().eq_ignore_ascii_case(name));
        found.and_then(|column| column.str().ok())
    };
    let (Some(times), Some(actions)) = (column("time"), column("action")) else {
        let names: Vec<String> = frame.columns().iter().map(|column| escape(column.name().as_bytes())).collect();
        return Err(format!("expected a CSV header with time and action, found {}", names.join(", ")));
    };
    let notes = column("note");
    let mut read = Vec::new();
    for (row, (time, action)) in times.iter().zip(actions.iter()).enumerate() {
        let Some(action) = action.map(str::trim).filter(|action| !action.is_empty()) else { continue };
        let shown = escape(time.unwrap_or_default().as_bytes());
        let time = time
            .and_then(moment)
            .ok_or_else(|| format!("line {}: {shown:?} is no time; expected RFC 3339, as 2026-11-22T15:13:18.661Z", row + 2))?;
        let note = notes.and_then(|notes| notes.get(row)).map(str::to_owned);
        read.push(Logged { time, action: action.to_owned(), note });
    }
    Ok(read)
}

fn ndjson(text: &str) -> Result<Vec<Logged>, String> {
    let mut read = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let fault = |what: &str| format!("line {}: {what}", number + 1);
        let value: Value = serde_json::from_str(line).map_err(|error| fault(&format!("it is no JSON object: {error}")))?;
        let time = match value.get("time") {
            Some(Value::String(text)) => moment(text),
            Some(Value::Number(number)) => number.as_f64().and_then(epoch),
            _ => None,
        };
        let time = time.ok_or_else(|| fault("no time in it"))?;
        let action = value.get("action").and_then(Value::as_str).ok_or_else(|| fault("no action in it"))?;
        let note = value.get("note").and_then(Value::as_str).map(str::to_owned);
        read.push(Logged { time, action: action.to_owned(), note });
    }
    Ok(read)
}

/// What PiRogue notes of an experiment: when each recording began.
fn experiment(text: &str) -> Option<Vec<Logged>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let began = |(what, part): (&String, &Value)| {
        let time = epoch(part.get("start_capture_time")?.as_f64()?)?;
        Some(Logged { time, action: format!("start_capture_{what}"), note: part.get("file").and_then(Value::as_str).map(str::to_owned) })
    };
    let read: Vec<Logged> = value.as_object()?.iter().filter_map(began).collect();
    (!read.is_empty()).then_some(read)
}

/// A line of logcat that tells an action: `log -t whereto WORD NOTE` on the phone, or an activity that starts.
fn logcat(line: &str, year: i16) -> Option<Logged> {
    let (time, tag, text) = threadtime(line, year)?;
    let (action, note) = match tag {
        "whereto" => {
            let (action, note) = text.split_once(' ').unwrap_or((text, ""));
            (action.to_owned(), note.to_owned())
        }
        "ActivityTaskManager" | "ActivityManager" => {
            let component = text.split("cmp=").nth(1)?.split([' ', '}']).next()?;
            let is_launch = text.starts_with("START") && text.contains("android.intent.category.LAUNCHER");
            let is_start = text.starts_with("START");
            (
                if is_launch {
                    "launch"
                } else if is_start {
                    "open_screen"
                } else {
                    return None;
                }
                .to_owned(),
                component.to_owned(),
            )
        }
        _ => return None,
    };
    (!action.is_empty()).then_some(Logged { time, action, note: Some(note) })
}

/// Time, tag and text of a line in logcat's format threadtime.
fn threadtime(line: &str, year: i16) -> Option<(Timestamp, &str, &str)> {
    let (date, rest) = line.split_once(' ')?;
    let (clock, rest) = rest.trim_start().split_once(' ')?;
    let (month, day) = date.split_once('-')?;
    let civil = format!("{year:04}-{month}-{day}T{clock}");
    let time = civil.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    let mut words = rest.split_whitespace();
    let numbers = [words.next()?, words.next()?];
    let level = words.next()?;
    if numbers.iter().any(|word| word.parse::<u32>().is_err()) || level.len() != 1 {
        return None;
    }
    let after = rest.split_once(&format!(" {level} ")).map(|(_, after)| after)?;
    let (tag, text) = after.split_once(':')?;
    Some((stamp(time)?, tag.trim(), text.trim()))
}

fn year(near: Timestamp) -> i16 {
    jiff::Timestamp::from_nanosecond(near.nanos().into()).map_or(1970, |time| time.to_zoned(jiff::tz::TimeZone::UTC).year())
}

/// RFC 3339, or seconds or milliseconds since 1970.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<jiff::Timestamp>().ok().and_then(stamp).or_else(|| text.parse::<f64>().ok().and_then(epoch))
}

fn stamp(time: jiff::Timestamp) -> Option<Timestamp> {
    i64::try_from(time.as_nanosecond()).ok().map(Timestamp::from_nanos)
}

/// Seconds or, from the year 5138 on, milliseconds; to the microsecond, which is what such a number holds.
#[expect(clippy::cast_possible_truncation, reason = "the value is checked to be in range")]
fn epoch(number: f64) -> Option<Timestamp> {
    let seconds = if number.abs() >= 1e11 { number / 1e3 } else { number };
    (seconds.abs() < 9e9).then(|| Timestamp::from_nanos((seconds * 1e6).round() as i64 * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let near = Timestamp::from_parts(1_795_360_000, 0);
        let log = parse(text, Some(near)).unwrap();
        log.actions.iter().map(|logged| format!("{} {} {}", logged.time, logged.action, logged.note.as_deref().unwrap_or("-"))).collect()
    }

    #[test]
    fn csv_with_notes() {
        let text = "time,action,note\n2026-11-22T15:15:34.882Z,launch,\n2026-11-22T16:15:53+01:00,take_photo,\"a, b\"\n";
        assert_eq!(told(text), ["2026-11-22T15:15:34.882000000Z launch -", "2026-11-22T15:15:53.000000000Z take_photo a, b"]);
    }

    #[test]
    fn a_fault_names_its_line() {
        assert!(parse("time,action\nyesterday,launch\n", None).unwrap_err().contains("line 2: \"yesterday\""));
        assert!(parse("when,what\n1,2\n", None).unwrap_err().contains("found when, what"));
        assert!(parse("{\"time\": 1}\n", None).unwrap_err().contains("line 1: no action"));
    }

    #[test]
    fn ndjson_in_seconds_and_milliseconds() {
        let text = "{\"time\": 1795360000.5, \"action\": \"land\"}\n{\"time\": 1795360000500, \"action\": \"sync\", \"note\": \"n\"}\n";
        assert_eq!(told(text), ["2026-11-22T15:06:40.500000000Z land -", "2026-11-22T15:06:40.500000000Z sync n"]);
    }

    #[test]
    fn pirogue_tells_when_recordings_began() {
        let text = "{\"network\": {\"start_capture_time\": 1795360000000.0, \"file\": \"traffic.pcap\"}, \"sslkeylog\": {\"file\": \"sslkeylog.txt\"}}";
        assert_eq!(told(text), ["2026-11-22T15:06:40.000000000Z start_capture_network traffic.pcap"]);
    }

    #[test]
    fn logcat_has_marks_and_activities() {
        let text = "--------- beginning of main\n\
            11-22 15:06:40.123  1234  1300 I ActivityTaskManager: START u0 {act=android.intent.action.MAIN cat=[android.intent.category.LAUNCHER] cmp=dji.go.v4/.SplashActivity}\n\
            11-22 15:06:41.000  1234  1300 D Other: START\n\
            11-22 15:07:00.000   999   999 I whereto : sync_flight_logs one file\n";
        let log = parse(text, Some(Timestamp::from_parts(1_795_360_000, 0))).unwrap();
        assert!(log.is_zoneless);
        let read = told(text);
        assert_eq!(
            read,
            ["2026-11-22T15:06:40.123000000Z launch dji.go.v4/.SplashActivity", "2026-11-22T15:07:00.000000000Z sync_flight_logs one file"]
        );
    }
}
