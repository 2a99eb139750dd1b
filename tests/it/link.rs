//! Drone links beside what their laboratory knows of them. Needs the corpus, named by `WHERETO_CORPUS`, with the study
//! captures beside it; without them these tests say so and check nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use whereto::record::{DeviceKind, DroneLink, Flow, KindBasis, Position, Reach, Row, Subject};
use whereto::time::Timestamp;

use crate::corpus::{analyze, corpus};

/// The runs of the study, in order.
#[expect(clippy::print_stderr, reason = "a test that checks nothing says so")]
fn runs() -> Vec<PathBuf> {
    let study = corpus().and_then(|corpus| Some(corpus.parent()?.join("lab-study"))).filter(|study| study.is_dir());
    let Some(study) = study else {
        eprintln!("SKIPPED: no study captures beside the corpus");
        return Vec::new();
    };
    let mut runs: Vec<_> = fs::read_dir(study).unwrap().map(|entry| entry.unwrap().path()).collect();
    runs.retain(|run| run.join("phone-plain.pcap").is_file());
    runs.sort();
    runs
}

fn truth(run: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(run.join("truth.json")).unwrap()).unwrap()
}

fn links(rows: &[Row]) -> impl Iterator<Item = &DroneLink> {
    rows.iter().filter_map(|row| if let Row::DroneLink(row) = row { Some(&**row) } else { None })
}

fn positions(rows: &[Row]) -> impl Iterator<Item = &Position> {
    rows.iter().filter_map(|row| if let Row::Position(row) = row { Some(&**row) } else { None })
}

fn flows(rows: &[Row]) -> impl Iterator<Item = &Flow> {
    rows.iter().filter_map(|row| if let Row::Flow(row) = row { Some(&**row) } else { None })
}

/// What the laboratory counted, in its own words.
#[derive(Debug, Default, PartialEq)]
struct Counted {
    /// Datagrams and bytes by type and direction.
    datagrams: BTreeMap<String, (u64, u64)>,
    /// Messages by command.
    messages: BTreeMap<String, u64>,
    bad: u64,
}

fn counted<'a>(rows: impl Iterator<Item = &'a DroneLink>) -> Counted {
    let Counted { mut datagrams, mut messages, mut bad } = Counted::default();
    for row in rows {
        bad += row.bad_checksums;
        match (row.protocol, row.packet_type) {
            ("dji-link", Some(kind)) => {
                let way = if row.from_device { "up" } else { "down" };
                datagrams.insert(format!("type{kind}_{way}"), (row.count, row.bytes));
            }
            ("duml", _) => {
                let command = format!("{}/{}", row.command_set.as_ref().unwrap(), row.command_id.as_ref().unwrap());
                *messages.entry(command).or_default() += row.count;
            }
            _ => {}
        }
    }
    Counted { datagrams, messages, bad }
}

#[test]
fn counts_what_the_laboratory_counted() {
    for run in runs() {
        let truth = truth(&run);
        let flow = truth["flows"].as_array().unwrap().iter().find(|flow| !flow["link"].is_null()).unwrap();
        let pairs = flow["link"]["datagrams"].as_object().unwrap().iter();
        let number = |value: &Value| value.as_u64().unwrap();
        let datagrams = pairs.map(|(name, it)| (name.clone(), (number(&it["count"]), number(&it["bytes"])))).collect();
        let messages = flow["link"]["duml"].as_object().unwrap().iter().map(|(name, count)| (name.clone(), number(count))).collect();
        let expected = Counted { datagrams, messages, bad: number(&flow["link"]["bad_checksums"]) };
        let (collected, _) = analyze(&run.join("phone-plain.pcap"));
        assert_eq!(counted(links(&collected.rows)), expected, "{}", run.display());
        let link = flows(&collected.rows).find(|flow| flow.application.as_deref() == Some("dji-link")).unwrap();
        assert_eq!((link.answer.category_basis, link.encryption.as_str()), ("content", "none"));
        // Where the phone stayed idle there was no picture, and telemetry has most bytes.
        let has_picture = flow["link"]["datagrams"].get("type2_down").is_some();
        assert_eq!(link.answer.category, if has_picture { "link_video" } else { "link_telemetry" });
    }
}

/// Time, latitude, longitude, height.
fn path(run: &Path) -> Vec<(Timestamp, f64, f64, f64)> {
    let text = fs::read_to_string(run.join("positions.csv")).unwrap_or_default();
    let row = |line: &str| {
        let cells: Vec<_> = line.split(',').collect();
        let number = |at: usize| cells[at].parse().unwrap();
        (nanos(cells[0]), number(1), number(2), number(3))
    };
    text.lines().skip(1).map(row).collect()
}

fn nanos(text: &str) -> Timestamp {
    let time: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_nanos(i64::try_from(time.as_nanosecond()).unwrap())
}

#[test]
fn the_track_is_the_path_that_was_flown() {
    for run in runs() {
        let path = path(&run);
        let (collected, _) = analyze(&run.join("phone-plain.pcap"));
        let track: Vec<_> = positions(&collected.rows).filter(|position| position.subject == Subject::Aircraft).collect();
        let messages: u64 = links(&collected.rows).filter(|row| row.command_id.as_deref() == Some("43")).map(|row| row.count).sum();
        assert_eq!(u64::try_from(track.len()).unwrap(), messages);
        // The aircraft goes on for a moment after the capture has ended.
        let last = track.iter().map(|position| position.origin.time).max().unwrap();
        let seen = path.iter().filter(|(time, ..)| time.since(last).nanos() < 100_000_000);
        assert!(seen.clone().count() > 10, "{}", run.display());
        for (time, latitude, longitude, height) in seen {
            // The aircraft noted its position just after it had sent it.
            let near = track.iter().min_by_key(|position| position.origin.time.since(*time).nanos().abs()).unwrap();
            let name = format!("{} {time}", run.display());
            assert!(near.origin.time.since(*time).nanos().abs() < 100_000_000, "{name}: {}", near.origin.time);
            assert!((near.latitude - latitude).abs() < 1e-6 && (near.longitude - longitude).abs() < 1e-6, "{name}: {near:?}");
            assert!((near.height_m.unwrap() - height).abs() < 0.11, "{name}: {near:?}");
            assert_eq!(near.satellites, Some(15));
        }
        let phone: Vec<_> = positions(&collected.rows).filter(|position| position.subject == Subject::Phone).collect();
        assert!(phone.iter().all(|position| position.from_device && (position.latitude - 40.0).abs() < 1.0));
        assert!(!phone.is_empty());
    }
}

#[test]
fn both_ends_of_the_link_are_known() {
    for run in runs() {
        let (collected, _) = analyze(&run.join("phone-plain.pcap"));
        let link = flows(&collected.rows).find_map(|flow| flow.link.as_ref()).unwrap();
        assert_eq!((link.device, link.remote), (Some(DeviceKind::Phone), Some(DeviceKind::Drone)));
    }
}

#[test]
fn the_aircraft_itself_talked_to_nobody_outside() {
    for run in runs() {
        let (collected, _) = analyze(&run.join("phone-plain.pcap"));
        let rows = &collected.rows;
        let to_public = flows(rows).filter(|flow| flow.answer.aircraft_reach == Some(Reach::Public)).count();
        let findings = rows.iter().filter(|row| matches!(row, Row::Finding(finding) if finding.kind == "aircraft-to-public")).count();
        assert_eq!(to_public, usize::try_from(truth(&run)["aircraft_to_public"].as_u64().unwrap()).unwrap(), "{}", run.display());
        assert_eq!(findings, to_public, "{}", run.display());
        // The phone's own flows with public addresses are there all the same, and they are the phone's.
        let of_phone = flows(rows).filter(|flow| flow.answer.scope == "global");
        assert!(of_phone.map(|flow| flow.answer.device_kind).all(|kind| kind == Some((DeviceKind::Phone, KindBasis::Link))));
        let aircraft = flows(rows).filter(|flow| flow.answer.aircraft_reach == Some(Reach::Link));
        assert_eq!(aircraft.map(|flow| flow.remote_ip.to_string()).collect::<Vec<_>>(), ["192.168.2.1"]);
    }
}

/// Application protocols of a capture of the corpus, with the flows of each.
fn applications(name: &str) -> Option<BTreeMap<String, usize>> {
    let path = corpus()?.join(name);
    let (collected, _) = analyze(&path);
    let mut found = BTreeMap::new();
    for flow in flows(&collected.rows) {
        *found.entry(flow.application.clone().unwrap_or_default()).or_default() += 1;
    }
    Some(found)
}

#[test]
fn a_toy_drone_s_picture_is_seen_behind_its_maker_s_header() {
    let Some(found) = applications("rrodrigofranco__03_-_conectar.pcapng") else { return };
    assert_eq!(found.get("h264"), Some(&1), "{found:?}");
}

#[test]
fn nothing_else_in_the_corpus_is_taken_for_a_link() {
    const LINKS: &[&str] = &["dji-link", "duml", "h264", "h265", "tello", "arsdk", "mavlink"];
    let Some(corpus) = corpus() else { return };
    let mut found = Vec::new();
    let mut files: Vec<_> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "pcap" || end == "pcapng" || end == "cap"));
    files.sort();
    for path in files {
        let (collected, _) = analyze(&path);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let links = flows(&collected.rows).filter_map(|flow| flow.application.clone()).filter(|name| LINKS.contains(&name.as_str()));
        found.extend(links.map(|application| format!("{application} {name}")));
    }
    assert_eq!(found, ["h264 rrodrigofranco__03_-_conectar.pcapng"]);
}
