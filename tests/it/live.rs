//! A live session on a Wi-Fi interface without a radio (tests/air.py): nothing is lost that is not counted, and the
//! tables are those of the saved files. Where no namespace or interface can be made the tests say so and check nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::sources::{files, root};

/// What is sent, again and again: 646 frames of an open network, 802.11 behind radiotap.
const AIR: &str = "captures/lab-open-wifi-monitor.pcap";
const FRAMES: u64 = 646;

/// How a session went.
struct Flown {
    /// What the sender tells.
    sent: Value,
    /// What the session tells, line by line.
    told: Vec<Value>,
    stderr: String,
}

impl Flown {
    fn sum(&self, name: &str) -> u64 {
        let end = self.told.iter().find(|line| line["event"] == "end").unwrap_or_else(|| panic!("no end: {}", self.stderr));
        end[name].as_u64().unwrap()
    }

    fn sent(&self) -> u64 {
        assert_eq!(self.sent["refused"], 0);
        self.sent["sent"].as_u64().unwrap()
    }
}

/// Sends to a session; none where that cannot be.
#[expect(clippy::print_stderr, reason = "a test that checks nothing should say so")]
fn fly(air: &[&str], live: &[&str], output: &Path) -> Option<Flown> {
    let mut command = Command::new("python3");
    command.arg("tests/air.py").args(air).arg(AIR).arg("--").arg(env!("CARGO_BIN_EXE_whereto")).args(["live", "-i", "wmon0", "--json"]);
    command.arg("-o").arg(output).args(live).current_dir(root()).stdin(Stdio::null());
    // Whoever runs the tests with sudo has no such user in the namespace.
    command.env_remove("SUDO_UID").env_remove("SUDO_GID");
    let ran = match command.output() {
        Ok(ran) => ran,
        Err(error) => {
            eprintln!("SKIPPED: no python3: {error}");
            return None;
        }
    };
    let stderr = String::from_utf8_lossy(&ran.stderr).into_owned();
    if ran.status.code() == Some(77) {
        eprintln!("SKIPPED: {}", stderr.trim());
        return None;
    }
    assert!(ran.status.success(), "{stderr}");
    let mut told: Vec<Value> = String::from_utf8(ran.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    Some(Flown { sent: told.pop().unwrap(), told, stderr })
}

/// The captures of a session, complete ones or others.
fn captures(folder: &Path, end: &str) -> Vec<PathBuf> {
    files(folder, end).into_iter().filter(|path| path.parent() == Some(folder)).collect()
}

fn analyze(capture: &Path, output: &Path) -> (i32, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whereto"));
    let ran = command.arg("analyze").arg(capture).arg("-o").arg(output).args(["--json", "--quiet"]).output().unwrap();
    (ran.status.code().unwrap(), serde_json::from_slice(&ran.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ran.stderr))))
}

/// Analyses every saved capture anew: the tables must be the same bytes. The answer: frames and drops of all of them.
fn same_tables(folder: &Path) -> (u64, u64) {
    let saved = captures(folder, "pcapng");
    assert!(!saved.is_empty());
    same_tables_of(folder, &saved)
}

fn same_tables_of(folder: &Path, saved: &[PathBuf]) -> (u64, u64) {
    let (mut frames, mut dropped) = (0, 0);
    for capture in saved {
        let again = tempfile::tempdir().unwrap();
        let (_, answer) = analyze(capture, again.path());
        let row = &answer["captures"][0];
        frames += row["frames"].as_u64().unwrap();
        dropped += row["drops_reported"].as_u64().unwrap();
        assert_eq!(answer["ledger"]["closes"], true);
        let live = folder.join("tables").join(capture.file_stem().unwrap());
        let written = |folder: &Path| ["parquet", "html", "md", "json"].map(|end| files(folder, end)).concat();
        let tables = |folder: &Path| written(folder).iter().map(|path| path.strip_prefix(folder).unwrap().to_owned()).collect::<Vec<_>>();
        let names = tables(again.path());
        assert_eq!(tables(&live), names);
        assert!(names.contains(&"manifest.json".into()), "{names:?}");
        for name in names {
            assert!(fs::read(live.join(&name)).unwrap() == fs::read(again.path().join(&name)).unwrap(), "{} differs", name.display());
        }
    }
    (frames, dropped)
}

#[test]
fn twenty_thousand_frames_a_second_lose_none() {
    let folder = tempfile::tempdir().unwrap();
    let Some(flown) = fly(&["--rate", "20000", "--loop", "60"], &["--rotate-size", "8M"], folder.path()) else { return };
    assert_eq!(flown.sent["status"], 0, "{}", flown.stderr);
    assert_eq!((flown.sent(), flown.sum("frames"), flown.sum("received")), (60 * FRAMES, 60 * FRAMES, 60 * FRAMES));
    assert_eq!((flown.sum("dropped_by_kernel"), flown.sum("dropped_by_interface")), (0, 0));
    assert!(captures(folder.path(), "pcapng").len() > 1);
    assert_eq!(same_tables(folder.path()), (60 * FRAMES, 0));
    assert!(captures(folder.path(), "part").is_empty());
}

#[test]
fn beyond_the_means_of_the_kernel_every_drop_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let Some(flown) = fly(&["--loop", "400"], &["--buffer", "1M"], folder.path()) else { return };
    let (saved, dropped) = (flown.sum("frames"), flown.sum("dropped_by_kernel"));
    assert_eq!(flown.sent(), saved + dropped);
    assert_eq!(flown.sent["status"], i32::from(dropped > 0), "{}", flown.stderr);
    assert_eq!(same_tables(folder.path()), (saved, dropped));
}

#[test]
fn what_is_killed_leaves_good_files() {
    let folder = tempfile::tempdir().unwrap();
    let air = ["--rate", "20000", "--loop", "40", "--signal", "KILL", "--linger", "2"];
    let Some(flown) = fly(&air, &["--rotate-size", "8M"], folder.path()) else { return };
    assert_eq!(flown.sent["status"], -9);
    let mut saved = captures(folder.path(), "pcapng");
    // Killed between the last file and its tables: the file is good, and its tables can be made from it.
    let tables = |capture: &PathBuf| folder.path().join("tables").join(capture.file_stem().unwrap());
    let bare = saved.pop_if(|last| !tables(last).exists());
    let (mut finished, dropped) = same_tables_of(folder.path(), &saved);
    if let Some(capture) = &bare {
        let again = tempfile::tempdir().unwrap();
        let (status, answer) = analyze(capture, again.path());
        assert_eq!(status, 0);
        finished += answer["captures"][0]["frames"].as_u64().unwrap();
    }
    assert!(!saved.is_empty() || bare.is_some());
    assert_eq!(dropped, 0);
    let unfinished = captures(folder.path(), "part");
    assert_eq!(unfinished.len(), 1);
    let again = tempfile::tempdir().unwrap();
    let (status, answer) = analyze(&unfinished[0], again.path());
    let rest = answer["captures"][0]["frames"].as_u64().unwrap();
    // What was not with the system yet is gone: half a second of it, more on a busy machine.
    assert_eq!(status, 0);
    assert!(rest > 0 && finished + rest <= flown.sent(), "{finished} and {rest} of {}", flown.sent());
}

#[test]
fn an_interrupt_ends_it_cleanly_and_nothing_is_held_that_is_not_needed() {
    let folder = tempfile::tempdir().unwrap();
    let Some(flown) = fly(&["--rate", "5000", "--signal", "INT"], &["--monitor"], folder.path()) else { return };
    assert_eq!((flown.sent["status"].as_i64(), flown.sum("frames")), (Some(0), FRAMES), "{}", flown.stderr);
    // Who holds the monitor mode may end it: CAP_NET_ADMIN, bit 12, and no other.
    assert_eq!(flown.sent["rights"], serde_json::json!(["0000000000001000"]));
    assert_eq!(flown.sent["internet_sockets"], 0);
    let folder = tempfile::tempdir().unwrap();
    let flown = fly(&["--rate", "5000"], &["--filter", "wlan type mgt", "--snaplen", "128"], folder.path()).unwrap();
    assert_eq!(flown.sent["rights"], serde_json::json!(["0000000000000000"]));
    assert_eq!(flown.sum("frames"), 307);
    same_tables(folder.path());
}

#[test]
fn a_session_ends_by_itself_and_keeps_what_it_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let limits = ["--count", "500", "--rotate-size", "50k", "--keep", "2"];
    let Some(flown) = fly(&["--rate", "5000", "--signal", "none"], &limits, folder.path()) else { return };
    assert_eq!((flown.sent["status"].as_i64(), flown.sum("frames")), (Some(0), 500));
    let removed = flown.told.iter().filter(|line| line["event"] == "removed").count();
    let saved = flown.told.iter().filter(|line| line["event"] == "saved").count();
    assert_eq!((captures(folder.path(), "pcapng").len(), removed + 2), (2, saved));
    same_tables(folder.path());
    let folder = tempfile::tempdir().unwrap();
    let flown = fly(&["--rate", "5000", "--signal", "none"], &["--duration", "2s", "--immediate"], folder.path()).unwrap();
    assert_eq!((flown.sent["status"].as_i64(), flown.sum("frames")), (Some(0), FRAMES));
}

#[test]
fn what_cannot_be_done_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (asked, said) in [(["--channel", "6"], "wmon0"), (["--hop", "1,6"], "wmon0"), (["--filter", "no such thing"], "filter")] {
        let Some(flown) = fly(&["--signal", "none", "--linger", "0"], &asked, folder.path()) else { return };
        assert_eq!(flown.sent["status"], 2);
        assert!(flown.stderr.contains(said), "{asked:?}: {}", flown.stderr);
    }
    assert!(captures(folder.path(), "part").is_empty());
}
