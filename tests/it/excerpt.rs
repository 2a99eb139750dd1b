//! `whereto explain … --capture`: the frames that an answer rests on, beside those of the captures they come from.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use whereto::capture::{Event, Reader};

use crate::cases::{Place, whereto};
use crate::sources::root;

/// A frame as it lies in a file.
type Kept = (i64, u32, u16, Vec<u8>);

#[test]
fn every_frame_of_a_verdict_is_as_it_was_and_no_other_is_there() {
    let place = Place::new("excerpt-claim");
    let ran = whereto(&place, &["study", "studies/lab/study.toml", "-o", "{out}", "-q"].map(str::to_owned), None);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let (answer, path) = explained(&place, "claim:K09");
    assert_eq!((answer["what"]["kind"].as_str(), answer["says"]["verdict"].as_str()), (Some("claim"), Some("undetermined")));
    let packets = answer["sums"]["packets_out"].as_u64().unwrap() + answer["sums"]["packets_in"].as_u64().unwrap();
    let excerpt = frames(Path::new(&path));
    assert_eq!((excerpt.len() as u64, answer["excerpt"]["captures"].as_u64()), (packets, Some(7)));
    let mut originals = BTreeMap::new();
    for comment in comments(Path::new(&path)).unwrap_or_default() {
        let (frame, rest) = comment.strip_prefix("frame ").unwrap().split_once(" of ").unwrap();
        let (capture, why) = rest.split_once(": flow ").unwrap();
        assert!(why.contains("the device; claim K09 (undetermined): "), "{why}");
        let original = originals.entry(capture.to_owned()).or_insert_with(|| frames(&root().join(capture)));
        let number: usize = frame.parse().unwrap();
        assert!(excerpt.contains(&original[number - 1]), "{comment}");
    }
}

#[test]
fn frames_of_a_protected_network_are_found_with_its_keys() {
    let place = Place::new("excerpt-air");
    let keys = "captures/lab-wpa2-monitor.wifi-keys.txt";
    let args = ["analyze", "captures/lab-wpa2-monitor.pcap.zst", "--wifi-keys", keys, "-o", "{out}", "-q"].map(str::to_owned);
    assert_eq!(whereto(&place, &args, None).status, 0);
    let (answer, path) = explained(&place, "192.168.2.0/24");
    let packets = answer["sums"]["packets_out"].as_u64().unwrap() + answer["sums"]["packets_in"].as_u64().unwrap();
    let opening = answer["excerpt"]["opening"].as_u64().unwrap();
    assert!(opening >= 5, "a beacon and the four messages of a handshake: {opening}");
    assert_eq!(
        (answer["excerpt"]["frames"].as_u64(), &answer["excerpt"]["without_frames"]),
        (Some(packets + opening), &Value::Array(Vec::new()))
    );
    let original = frames(&root().join("captures/lab-wpa2-monitor.pcap.zst"));
    assert!(frames(Path::new(&path)).iter().all(|frame| original.contains(frame)));
    assert_opens(Path::new(&path), packets);
}

/// Whoever has the passphrase reads the packets of the excerpt, from the excerpt alone.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn assert_opens(path: &Path, packets: u64) {
    let key = fs::read_to_string(root().join("captures/lab-wpa2-monitor.wifi-keys.txt")).unwrap();
    let key = key.lines().find(|line| !line.starts_with('#') && line.contains(':')).unwrap();
    let (ssid, passphrase) = key.split_once(':').unwrap();
    let table = format!("uat:80211_keys:\"wpa-pwd\",\"{passphrase}:{ssid}\"");
    let read = |more: &[&str]| {
        let path = path.display().to_string();
        let fixed = ["-r", &path, "-o", "wlan.enable_decryption:TRUE"];
        Command::new("tshark").args(fixed).args(more).args(["-Y", "ip || ipv6", "-T", "fields", "-e", "frame.number"]).output()
    };
    let Ok(without) = read(&[]) else {
        eprintln!("SKIPPED: no tshark to open the excerpt");
        return;
    };
    let lines = |output: &std::process::Output| output.stdout.iter().filter(|byte| **byte == b'\n').count() as u64;
    let with = read(&["-o", &table]).unwrap();
    assert_eq!((lines(&without), lines(&with)), (0, packets), "{}", String::from_utf8_lossy(&with.stderr));
}

#[test]
fn a_capture_that_moved_or_changed_is_told() {
    let place = Place::new("excerpt-moved");
    let (here, there) = (place.folder().join("in/one.pcap"), place.folder().join("in/moved/one.pcap"));
    fs::copy(root().join("captures/lab-open-wifi-monitor.pcap"), &here).unwrap();
    let args = ["analyze", &here.display().to_string(), "-o", "{out}", "-q"].map(str::to_owned);
    assert_eq!(whereto(&place, &args, None).status, 0);
    let bytes = fs::read(&here).unwrap();
    fs::create_dir_all(there.parent().unwrap()).unwrap();
    fs::rename(&here, &there).unwrap();
    let file = place.folder().join("excerpt.pcapng");
    let ask = |more: &[&str]| {
        let args = ["explain", "{out}", "1", "--capture", &file.display().to_string()];
        whereto(&place, &args.iter().chain(more).map(|word| (*word).to_owned()).collect::<Vec<_>>(), None)
    };
    let lost = ask(&[]);
    assert!(lost.status == 2 && lost.stderr.contains("--captures DIR says where they are now"), "{}", lost.stderr);
    assert!(!file.exists());
    let folder = there.parent().unwrap().display().to_string();
    assert_eq!(ask(&["--captures", &folder]).status, 0);
    assert!(file.exists());
    fs::write(&there, bytes.iter().rev().copied().collect::<Vec<_>>()).unwrap();
    let changed = ask(&["--captures", &folder]);
    assert!(changed.status == 2 && changed.stderr.contains("changed since it was analyzed"), "{}", changed.stderr);
}

fn explained(place: &Place, what: &str) -> (Value, String) {
    let path = place.folder().join("excerpt.pcapng").display().to_string();
    let ran = whereto(place, &["explain", "{out}", what, "--capture", &path, "--json"].map(str::to_owned), None);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    (serde_json::from_str(&ran.stdout).unwrap(), path)
}

fn frames(path: &Path) -> Vec<Kept> {
    let mut reader = Reader::open(path).unwrap();
    let mut frames = Vec::new();
    while let Some(event) = reader.next_event() {
        if let Event::Frame(frame) = event {
            frames.push((frame.time.nanos(), frame.wire_len, frame.link.0, frame.bytes.to_vec()));
        }
    }
    frames
}

/// What tshark reads as the comments of the frames; none where there is no tshark.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn comments(path: &Path) -> Option<Vec<String>> {
    let Ok(read) = Command::new("tshark").args(["-r", &path.display().to_string(), "-T", "fields", "-e", "frame.comment"]).output() else {
        eprintln!("SKIPPED: no tshark to read the comments");
        return None;
    };
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let lines: Vec<String> = String::from_utf8(read.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), frames(path).len());
    Some(lines)
}
