//! The air: what is opened of monitor captures, beside what the stations saw on their own side. Captures of the lab
//! lie below `WHERETO_CORPUS`, in `wifi-lab`; without them these tests say so and check nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use whereto::analysis::{Options, run};
use whereto::analyzer::{Analyzer, Finished};
use whereto::capture::{Event, Frame, Inputs, Reader};
use whereto::flow::Devices;
use whereto::record::{Disposition, Flow, Row, Wifi};
use whereto::wifi::{Ethernet, Keys};

use crate::corpus::{Collected, analyze_device, analyze_keys, corpus};
use crate::sources::root;

const LAB: &str = "Spark-Lab-01:SparkLab-2025!";
const PHONE: &str = "a4:83:e7:12:34:56";

/// The lab's captures, or a word that they are not there.
#[expect(clippy::print_stderr, reason = "a test that checks nothing says so")]
pub(crate) fn lab() -> Option<PathBuf> {
    let lab = corpus()?.join("../wifi-lab");
    if !lab.is_dir() {
        eprintln!("SKIPPED: no wifi-lab beside the captures that WHERETO_CORPUS names");
        return None;
    }
    Some(lab)
}

/// Sums over all rows of the table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    protected: u64,
    opened: u64,
    failed: u64,
    retries: u64,
}

fn rows(collected: &Collected) -> Vec<&Wifi> {
    collected.rows.iter().filter_map(|row| if let Row::Wifi(row) = row { Some(&**row) } else { None }).collect()
}

fn sums(collected: &Collected) -> Sums {
    rows(collected).into_iter().fold(Sums::default(), |sums, row| Sums {
        protected: sums.protected + row.protected,
        opened: sums.opened + row.opened,
        failed: sums.failed + row.failed,
        retries: sums.retries + row.retries,
    })
}

fn listed(keys: &[&str]) -> Keys {
    let mut list = Keys::default();
    keys.iter().for_each(|key| list.add(key).expect("the keys of a test are written as keys are"));
    list
}

fn analyzed(path: &Path, keys: &[&str]) -> Collected {
    let (collected, outcome) = analyze_keys(path, listed(keys));
    assert!(outcome.open_ledgers.is_empty(), "the ledger of {} does not close", path.display());
    collected
}

/// Frames and how often each was seen.
type Frames = BTreeMap<Vec<u8>, u64>;

fn frames(path: &Path, mut each: impl FnMut(&Frame<'_>)) {
    let mut reader = Reader::open(path).expect("the lab's captures can be read");
    while let Some(event) = reader.next_event() {
        if let Event::Frame(frame) = event {
            each(&frame);
        }
    }
}

fn recovered(path: &Path, keys: &[&str]) -> Frames {
    let mut air = Ethernet::new(Arc::new(listed(keys)));
    let mut found = Frames::new();
    frames(path, |frame| air.push(frame, &mut |bytes| *found.entry(bytes.to_vec()).or_default() += 1));
    found
}

fn plain(path: &Path) -> Frames {
    let mut found = Frames::new();
    frames(path, |frame| *found.entry(frame.bytes.to_vec()).or_default() += 1);
    found
}

/// Frames of the plain side, and how many of them were recovered byte for byte.
fn compared(folder: &Path, monitor: &str, plain_side: &str, keys: &[&str]) -> (u64, u64) {
    let (air, own) = (recovered(&folder.join(monitor), keys), plain(&folder.join(plain_side)));
    let found = own.iter().map(|(bytes, count)| (*count).min(air.get(bytes).copied().unwrap_or(0))).sum();
    (own.values().sum(), found)
}

/// Folder; protected data frames, all of them opened; frames of the phone's own side, and those found byte for byte.
const OPENED: &[(&str, u64, u64, u64)] = &[
    ("s1-wpa2-psk-full", 10_501, 10_486, 10_486),
    ("s1b-wpa2-psk-small", 375, 365, 365),
    ("s3-wpa2-rekey-two-stations", 3_044, 1_524, 1_522),
    ("s6-wpa2-psk-sha256-pmf", 399, 387, 387),
    ("s7-wpa2-fragments-legacy", 592, 325, 325),
    ("s9-wpa2-gcmp", 331, 320, 320),
    ("s9-wpa2-ccmp256", 433, 421, 421),
    ("s9-hidden-ssid", 326, 316, 316),
];

#[test]
fn every_protected_frame_of_the_lab_opens() {
    let Some(lab) = lab() else { return };
    for (folder, protected, _, _) in OPENED {
        let found = sums(&analyzed(&lab.join(folder).join("mon.pcap"), &[LAB]));
        assert_eq!((found.protected, found.opened, found.failed), (*protected, *protected, 0), "{folder}");
    }
}

#[test]
fn what_opens_is_what_the_phone_sent() {
    let Some(lab) = lab() else { return };
    for (folder, _, own, found) in OPENED {
        assert_eq!(compared(&lab.join(folder), "mon.pcap", "phone-plain.pcap", &[LAB]), (*own, *found), "{folder}");
    }
    let second = compared(&lab.join("s3-wpa2-rekey-two-stations"), "mon.pcap", "phone2-plain.pcap", &[LAB]);
    assert_eq!(second, (1_468, 1_467));
    assert_eq!(compared(&lab.join("s5-open"), "mon.pcap", "phone-plain.pcap", &[]), (327, 327));
}

#[test]
fn an_open_network_needs_no_key() {
    let Some(lab) = lab() else { return };
    let collected = analyzed(&lab.join("s5-open/mon.pcap"), &[]);
    let clear: u64 = rows(&collected).iter().map(|row| row.clear).sum();
    assert_eq!((clear, sums(&collected).protected), (339, 0));
    assert!(rows(&collected).iter().all(|row| row.security == Some("open")));
}

#[test]
fn renewed_keys_of_two_stations_are_followed() {
    let Some(lab) = lab() else { return };
    let collected = analyzed(&lab.join("s3-wpa2-rekey-two-stations/mon.pcap"), &[LAB]);
    let rows = rows(&collected);
    let stations: Vec<_> = rows.iter().filter(|row| row.station.is_some()).map(|row| (row.handshakes, row.proofs_wrong)).collect();
    assert_eq!(stations, [(7, 0), (7, 0)]);
    let right: u64 = rows.iter().map(|row| row.proofs_right).sum();
    let group_keys: u64 = rows.iter().map(|row| row.group_keys).sum();
    assert_eq!((right, group_keys), (18, 9));
}

#[test]
fn protected_management_frames_open() {
    let Some(lab) = lab() else { return };
    let collected = analyzed(&lab.join("s6-wpa2-psk-sha256-pmf/mon.pcap"), &[LAB]);
    let phone = rows(&collected).into_iter().find(|row| row.station.as_deref() == Some(PHONE)).expect("the phone");
    assert_eq!((phone.management_protected, phone.management_opened), (7, 7));
    assert_eq!((phone.key_management.as_slice(), phone.management_protection), (&["PSK-SHA256".to_owned()][..], Some("required")));
}

#[test]
fn a_wrong_passphrase_is_told_by_its_code() {
    let Some(lab) = lab() else { return };
    let path = lab.join("s8-wpa2-wrong-passphrase/mon.pcap");
    for (key, right, wrong) in [(LAB, 0, 8), ("Spark-Lab-01:WrongPass-123", 8, 0)] {
        let collected = analyzed(&path, &[key]);
        let sum = |count: fn(&Wifi) -> u64| rows(&collected).into_iter().map(count).sum::<u64>();
        assert_eq!((sum(|row| row.proofs_right), sum(|row| row.proofs_wrong)), (right, wrong), "{key}");
        assert_eq!((sum(|row| row.handshake_messages[0]), sum(|row| row.handshake_messages[1])), (8, 8));
    }
}

#[test]
fn a_hidden_name_is_learned_from_who_asks_for_it() {
    let Some(lab) = lab() else { return };
    let collected = analyzed(&lab.join("s9-hidden-ssid/mon.pcap"), &[LAB]);
    assert!(rows(&collected).iter().any(|row| row.ssid.as_deref() == Some("Spark-Lab-01") && row.is_hidden == Some(true)));
}

/// File; frames opened, frames not opened by reason, retries.
const DERIVED: &[(&str, u64, &[&str], u64)] = &[
    ("hs-m1-m2-only", 359, &["no-group-key=16"], 0),
    ("hs-m2-m3-only", 375, &[], 0),
    ("hs-none", 0, &["no-group-key=16", "no-handshake=359"], 0),
    ("link105-no-radiotap", 375, &[], 0),
    ("fcs-3pct-bad", 375, &[], 0),
    // 394 open one by one: 33 of them are retries, the 34th retry is of a handshake's message in clear.
    ("lossy5-retry8", 361, &[], 34),
    // 299 units in 137 aggregates, the others alone.
    ("amsdu-synthetic", 213, &[], 0),
    ("../s1b-wpa2-psk-small/hwsim0", 375, &[], 0),
];

#[test]
fn what_was_made_of_the_small_capture_opens_as_far_as_it_can() {
    let Some(lab) = lab() else { return };
    for (file, opened, reasons, retries) in DERIVED {
        let collected = analyzed(&lab.join(format!("derived/{file}.pcap")), &[LAB]);
        let found = sums(&collected);
        assert_eq!((found.opened, found.retries), (*opened, *retries), "{file}");
        let mut told: Vec<_> = rows(&collected).iter().flat_map(|row| row.failed_reasons.clone()).collect();
        told.sort();
        assert_eq!(told, *reasons, "{file}");
    }
}

/// File; a key in Wireshark's words; protected frames opened and their retries; frames that tshark opens.
const CORPUS: &[(&str, &str, u64, u64, u64)] = &[
    ("wireshark__wpa-Induction.pcap", r#""wpa-pwd","Induction:Coherer""#, 266, 13, 279),
    ("wireshark__wpa2-psk-mfp.pcapng", r#""wpa-pwd","12345678""#, 9, 0, 9),
    (
        "wireshark__wpa-eap-tls.pcap",
        r#""wpa-psk","a5001e18e0b3f792278825bc3abff72d7021d7c157b600470ef730e2490835d4""#,
        28,
        // Of the seven retries one is of a frame that opens.
        7,
        29,
    ),
    ("wireshark__wpa3-sae.pcapng", r#""wpa-psk","ecbfe709d6151eaba6a4fd9cba94fbb570c1fc4c15506fad3185b4a0a0cfda9a""#, 10, 0, 10),
    ("wireshark__wpa-gcmp.pcapng", r#""wpa-pwd","12345678""#, 15, 0, 15),
    ("wireshark__wpa2-ft-psk.pcapng", r#""wpa-pwd","12345678""#, 17, 0, 17),
    ("wireshark__wep.pcapng", r#""wep","1234567890""#, 10, 0, 10),
    // Behind Prism headers that do not tell of the check sequence: tshark opens none.
    ("aircrack-ng__wpa.cap", r#""wpa-pwd","biscotte:test""#, 2, 0, 0),
    ("aircrack-ng__wpa2-psk-linksys.cap", r#""wpa-pwd","dictionary:linksys""#, 26, 4, 30),
    ("vanhoefm__ping_I_E_E___inc_pn_2-fromap.pcapng", r#""wpa-pwd","abcdefgh:testnetwork""#, 44, 0, 42),
];

#[test]
fn captures_of_others_open_at_least_as_far_as_tshark_opens_them() {
    let Some(corpus) = corpus() else { return };
    for (file, key, opened, retries, theirs) in CORPUS {
        let truth = std::fs::read_to_string(corpus.join(format!("{file}.truth.json"))).expect("ground truth");
        let truth: serde_json::Value = serde_json::from_str(&truth).expect("ground truth is JSON");
        let counted = &truth["decrypted"]["wifi"]["counts"]["protected_data_with_llc_visible"];
        assert_eq!(counted.as_u64().unwrap_or(0), *theirs, "{file}");
        let mut keys = Keys::default();
        keys.add_file("keys", key).expect("a line of Wireshark's");
        let found = sums(&analyze_keys(&corpus.join(file), keys).0);
        assert_eq!((found.opened, found.retries), (*opened, *retries), "{file}");
        assert!(found.opened + found.retries >= *theirs, "{file}");
    }
}
/// What a flow carried, to whom, by which name: what must not depend on where it was captured. `wire_bytes` do, for
/// frames on the air have longer headers.
fn carried(collected: &Collected) -> BTreeMap<String, String> {
    let flow = |flow: &Flow| {
        let counts = [&flow.outbound, &flow.inbound];
        let counts =
            counts.map(|counts| (counts.packets, counts.ip_bytes, counts.payload_bytes, counts.unique_bytes, counts.retransmitted_bytes));
        let answer = &flow.answer;
        let ends = format!("{} {}:{:?} > {}:{:?}", flow.protocol, flow.device_ip, flow.device_port, flow.remote_ip, flow.remote_port);
        let facts = format!(
            "{counts:?} {:?} {:?} {:?} {} {:?} {:?} {:?} {:?} {:?}",
            flow.application,
            flow.encryption,
            answer.name,
            answer.category,
            answer.country,
            flow.history,
            flow.quality,
            flow.ended_by,
            flow.device_mac
        );
        (ends, facts)
    };
    collected.rows.iter().filter_map(|row| if let Row::Flow(row) = row { Some(flow(row)) } else { None }).collect()
}

/// How many rows of each dialogue's table there are, and what they name.
fn named(collected: &Collected) -> Vec<String> {
    let mut named: Vec<String> = collected
        .rows
        .iter()
        .filter_map(|row| match row {
            Row::Dns(row) => Some(format!("dns {:?} {:?}", row.query, row.answers)),
            Row::Tls(row) => Some(format!("tls {:?} {:?}", row.hellos.server_name, row.hellos.ja4)),
            Row::Http(row) => Some(format!("http {:?} {:?} {:?}", row.host, row.path, row.status)),
            Row::Certificate(row) => Some(format!("certificate {:?}", row.sha256)),
            _ => None,
        })
        .collect();
    named.sort();
    named
}

#[test]
fn the_flight_is_the_same_from_the_air_and_from_the_phone() {
    let Some(lab) = lab() else { return };
    let folder = lab.join("s1-wpa2-psk-full");
    // Between the phone and the access point, which are both local, only the air tells who is the station: with the
    // phone named as the device, both captures know.
    let read = |file: &str, keys: &[&str]| analyze_device(&folder.join(file), listed(keys), PHONE).0;
    let (air, own) = (read("mon.pcap", &[LAB]), read("phone-plain.pcap", &[]));
    let (mut from_air, mut from_phone) = (carried(&air), carried(&own));
    // The phone's interface shows a multicast report half a second before the association was open for data; it
    // never went on the air.
    let report = "icmpv6 :::None > ff02::16:None";
    let reports = [&mut from_air, &mut from_phone].map(|flows| flows.remove(report).unwrap());
    assert!(reports[0].starts_with("[(1, 76,") && reports[1].starts_with("[(2, 152,"), "{reports:?}");
    assert_eq!(from_air.len(), 47);
    assert_eq!(from_air, from_phone);
    assert_eq!(named(&air), named(&own));
    assert!(named(&air).len() > 50);
}

/// The sample capture, changed frame by frame: left out, or cut after so many bytes.
fn changed(keys: &[&str], change: impl Fn(&[u8]) -> Option<usize>) -> (Vec<Wifi>, Finished) {
    let path = root().join("captures/lab-wpa2-monitor.pcap.zst");
    let mut analyzer = Analyzer::new("sample".into(), Devices::default(), 1).with_keys(Arc::new(listed(keys)));
    frames(&path, |frame| {
        if let Some(length) = change(frame.bytes) {
            analyzer.push(&Frame { bytes: &frame.bytes[..length.min(frame.bytes.len())], ..frame.clone() });
        }
    });
    let finished = analyzer.finish();
    assert!(finished.closes(), "the ledger does not close");
    let rows = finished.rows.iter().filter_map(|row| if let Row::Wifi(row) = row { Some((**row).clone()) } else { None });
    (rows.collect(), finished)
}

/// Number of a handshake's message in clear, by its key information.
fn message(frame: &[u8]) -> Option<u8> {
    const EAPOL: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0x8e];
    let at = frame.windows(8).position(|bytes| bytes == EAPOL)?;
    let information = u16::from_be_bytes([frame[at + 13], frame[at + 14]]);
    Some(match information {
        0x008a => 1,
        0x010a => 2,
        0x13ca => 3,
        0x030a => 4,
        _ => panic!("{information:#06x}"),
    })
}

fn reasons(rows: &[Wifi]) -> Vec<String> {
    let mut reasons: Vec<String> = rows.iter().flat_map(|row| row.failed_reasons.clone()).collect();
    reasons.sort();
    reasons
}

#[test]
fn of_a_handshake_both_nonces_and_one_code_are_enough() {
    let cases: [(&[u8], &[&str]); 8] = [
        (&[1, 2, 3, 4], &[]),
        (&[2, 3], &[]),
        (&[1, 2], &["no-group-key=16"]),
        (&[1, 3, 4], &["message-2-missing=359", "no-group-key=16"]),
        (&[3, 4], &["message-2-missing=359", "no-group-key=16"]),
        (&[1], &["message-2-missing=359", "no-group-key=16"]),
        (&[2, 4], &["message-1-missing=359", "no-group-key=16"]),
        (&[], &["no-group-key=16", "no-handshake=359"]),
    ];
    for (kept, expected) in cases {
        let (rows, finished) = changed(&[LAB], |bytes| message(bytes).is_none_or(|number| kept.contains(&number)).then_some(usize::MAX));
        assert_eq!(reasons(&rows), expected, "{kept:?}");
        let ledger = finished.ledger.iter().filter(|line| line.disposition == Disposition::WifiUndecryptable);
        let mut told: Vec<String> = ledger.map(|line| format!("{}={}", line.reason, line.frames)).collect();
        told.sort();
        assert_eq!(told, expected, "{kept:?}");
    }
}

#[test]
fn a_key_that_does_not_fit_says_so() {
    let psk = "psk:8a6a21aa15231c7aa9579e44a9e3491b7aa623a85536cd006f5620e48de0df30";
    let cases: [(&[&str], &[&str]); 6] = [
        (&[], &["no-key=16", "no-key=359"]),
        (&["Other:SparkLab-2025!"], &["no-key=16", "no-key=359"]),
        (&["Spark-Lab-01:SparkLab-2026!"], &["no-group-key=16", "wrong-passphrase=359"]),
        (&["wep:0102030405"], &["no-key=16", "no-key=359"]),
        (&["Spark-Lab-01:SparkLab-2026!", psk], &[]),
        (&[":SparkLab-2025!"], &[]),
    ];
    for (keys, expected) in cases {
        assert_eq!(reasons(&changed(keys, |_| Some(usize::MAX)).0), expected, "{keys:?}");
    }
}

#[test]
fn a_cut_frame_opens_unproven_and_says_so() {
    let is_handshake = |bytes: &[u8]| message(bytes).is_some();
    // Enough for addresses and ports, less than most frames have.
    let (rows, finished) = changed(&[LAB], |bytes| Some(if is_handshake(bytes) { usize::MAX } else { 160 }));
    let sum = |count: fn(&Wifi) -> u64| rows.iter().map(count).sum::<u64>();
    assert_eq!((sum(|row| row.opened), sum(|row| row.failed)), (375, 0));
    assert!((200..375).contains(&sum(|row| row.unverified)), "{}", sum(|row| row.unverified));
    let is_marked = |row: &Row| matches!(row, Row::Flow(flow) if flow.quality.iter().any(|word| word == "wifi-unverified"));
    assert!(finished.rows.iter().any(is_marked));
    // Not even the beginning of the data.
    let (rows, _) = changed(&[LAB], |bytes| Some(if is_handshake(bytes) { usize::MAX } else { 58 }));
    assert!(reasons(&rows).iter().all(|reason| reason.starts_with("cut-by-snaplen=")), "{:?}", reasons(&rows));
    assert_eq!(rows.iter().map(|row| row.failed).sum::<u64>(), 375);
}

#[test]
fn a_flow_on_the_air_says_where() {
    let (rows, finished) = changed(&[LAB], |_| Some(usize::MAX));
    let flows = finished.rows.iter().filter_map(|row| if let Row::Flow(flow) = row { Some(flow) } else { None });
    let flow = flows.into_iter().find(|flow| flow.remote_ip.to_string() == "185.199.108.153").expect("the upload");
    assert_eq!((flow.bssid.as_deref(), flow.station.as_deref(), flow.channel), (Some("60:60:1f:5a:3c:01"), Some(PHONE), Some(6)));
    let network = rows.iter().find(|row| row.station.is_none()).expect("the network");
    assert_eq!((network.ssid.as_deref(), network.security, network.channel), (Some("Spark-Lab-01"), Some("rsn"), Some(6)));
    assert!(network.beacons > 100 && network.signal_least.is_some());
}

/// A capture file of these frames.
fn saved(path: &Path, frames: &[(i64, Vec<u8>)]) {
    let mut file = [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 262_144, 127].map(u32::to_le_bytes).concat();
    for (nanos, bytes) in frames {
        let length = u32::try_from(bytes.len()).unwrap();
        let (seconds, rest) = (u32::try_from(nanos / 1_000_000_000).unwrap(), u32::try_from(nanos % 1_000_000_000).unwrap());
        file.extend([seconds, rest, length, length].map(u32::to_le_bytes).concat());
        file.extend(bytes);
    }
    std::fs::write(path, file).unwrap();
}

#[test]
fn a_capture_that_goes_on_where_another_ends_opens_with_its_handshake() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["1.pcap", "2.pcap"].map(|name| folder.path().join(name));
    let mut all = Vec::new();
    frames(&root().join("captures/lab-wpa2-monitor.pcap.zst"), |frame| all.push((frame.time.nanos(), frame.bytes.to_vec())));
    let (first, second) = all.split_at(300);
    saved(&paths[0], first);
    saved(&paths[1], second);
    assert!(second.iter().all(|(_, bytes)| message(bytes).is_none()));
    let inputs = Inputs { captures: paths.to_vec(), passed_over: Vec::new() };
    let mut collected = Collected::default();
    let options = Options { scratch: std::env::temp_dir(), wifi_keys: Arc::new(listed(&[LAB])), ..Options::default() };
    let outcome = run(&inputs, &options, &mut collected, &mut |_| {}).unwrap();
    assert!(outcome.open_ledgers.is_empty());
    assert_eq!(sums(&collected), Sums { protected: 375, opened: 375, ..Sums::default() });
    // By itself the second has nothing to open its frames with.
    let alone = sums(&analyzed(&paths[1], &[LAB]));
    assert_eq!((alone.opened, alone.failed), (0, alone.protected));
    assert!(alone.protected > 100);
}
