//! Broadcasts of aircraft: the lab's beacons against what was put into them, and real and spoofed ones against what
//! tshark with the dissector of opendroneid/wireshark-dissector says of them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use whereto::record::{Place, RemoteId, Row};

use crate::corpus::{analyze, corpus};

fn broadcasts(path: &Path) -> Vec<RemoteId> {
    let (collected, outcome) = analyze(path);
    assert!(outcome.open_ledgers.is_empty(), "the ledger of {} does not close", path.display());
    collected.rows.into_iter().filter_map(|row| if let Row::RemoteId(row) = row { Some(*row) } else { None }).collect()
}

/// Degrees that DJI's steps of 1/174,533 leave open.
const STEP: f64 = 6e-6;

fn is_at(found: Option<Place>, latitude: &Value, longitude: &Value, within: f64) -> bool {
    let near = |found: f64, wanted: &Value| wanted.as_f64().is_some_and(|wanted| (found - wanted).abs() < within);
    found.is_some_and(|at| near(at.latitude, latitude) && near(at.longitude, longitude))
}

/// What a flight record differs in from what was put into it.
fn flight_differs(row: &RemoteId, truth: &Value) -> Vec<&'static str> {
    let number = |key: &str| truth[key].as_f64();
    let is_v2 = row.version == Some(2);
    let checks = [
        ("position", is_at(row.position, &truth["lat"], &truth["lon"], STEP)),
        ("home", is_at(row.home, &truth["home"][0], &truth["home"][1], STEP)),
        ("app", if is_v2 { is_at(row.operator, &truth["app"][0], &truth["app"][1], STEP) } else { row.operator.is_none() }),
        ("serial", row.identity.as_deref() == truth["sn"].as_str()),
        ("altitude", row.altitude == number("alt")),
        ("height", row.height == number("height")),
        ("heading", row.heading == number("yaw_cdeg").map(|yaw| yaw / 100.0)),
        ("vertical speed", row.vertical_speed == number("v_up").map(|up| up / 100.0)),
        ("uuid", row.account.as_deref() == truth["uuid"].as_str()),
        ("product", row.aircraft.as_deref() == Some("Spark (21)")),
        ("time", row.own_time.map(|time| time.nanos() / 1_000_000) == truth["gps_ms"].as_i64()),
        ("plausible", row.plausible == Some(true)),
    ];
    checks.into_iter().filter(|(_, is_right)| !is_right).map(|(what, _)| what).collect()
}

/// What a Remote ID pack differs in from what was put into it.
fn pack_differs(row: &RemoteId, truth: &Value) -> Vec<&'static str> {
    let number = |key: &str| truth[key].as_f64();
    let checks = [
        ("position", is_at(row.position, &truth["lat"], &truth["lon"], 1e-9)),
        ("operator", is_at(row.operator, &truth["op_lat"], &truth["op_lon"], 1e-9)),
        ("id", row.identity.as_deref() == truth["uas_id"].as_str()),
        ("pressure altitude", row.pressure_altitude == number("alt_baro")),
        ("altitude", row.altitude == number("alt_geo")),
        ("height", row.height == number("height")),
        ("track", row.track == number("track")),
        ("speed", row.speed == number("speed")),
        ("vertical speed", row.vertical_speed == number("vspeed")),
        ("operator id", row.operator_id.as_deref() == truth["op_id"].as_str()),
        ("self id", row.description.as_deref() == truth["self_id"].as_str()),
        ("plausible", row.plausible == Some(true)),
    ];
    checks.into_iter().filter(|(_, is_right)| !is_right).map(|(what, _)| what).collect()
}

#[test]
fn every_beacon_of_the_lab_says_what_was_put_into_it() {
    let Some(corpus) = corpus() else { return };
    let lab = corpus.with_file_name("wifi-lab");
    let text = std::fs::read_to_string(lab.join("elements_truth.json")).expect("the lab's truth");
    let truth: Vec<Value> = serde_json::from_str(&text).expect("the lab's truth is JSON");
    let mut counts = BTreeMap::<(&str, &str), usize>::new();
    let mut wrong = Vec::new();
    for row in broadcasts(&lab.join("s1-wpa2-psk-full/mon.pcap")) {
        let kind = row.messages.first().map_or("", |message| if message == "purpose" { "purpose" } else { row.system });
        *counts.entry((kind, row.transport)).or_default() += 1;
        let counter = usize::from(row.counter.unwrap_or_default());
        let differs = match kind {
            "dji-droneid" => flight_differs(&row, &truth[counter]),
            "astm-f3411" => pack_differs(&row, &truth[counter]["odid"]),
            _ if row.description.as_deref() != Some("Bridge inspection, lab") || row.operator_id.as_deref() != Some("LABDRONE1") => {
                vec!["purpose"]
            }
            _ => Vec::new(),
        };
        if !differs.is_empty() {
            wrong.push(format!("frame {} {kind}: {}", row.frame, differs.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{} mismatches:\n{}", wrong.len(), wrong.join("\n"));
    let expected = [
        (("astm-f3411", "beacon"), 1_156),
        (("astm-f3411", "probe-response"), 1),
        (("dji-droneid", "beacon"), 1_002),
        (("dji-droneid", "probe-response"), 1),
        (("purpose", "beacon"), 154),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

/// A file's transmitter, identity, rows, first place and operator, and whether all of it can be true.
struct Sample {
    file: &'static str,
    rows: usize,
    identity: Option<&'static str>,
    first: Option<Place>,
    operator: Option<Place>,
    is_plausible: bool,
    /// Seconds that the broadcasts' own time may be off, where it is told whole.
    seconds: f64,
}

const fn at(latitude: f64, longitude: f64) -> Option<Place> {
    Some(Place { latitude, longitude })
}

const SAMPLES: [Sample; 6] = [
    Sample {
        file: "lukeswitz__dji_air3.pcapng",
        rows: 9,
        identity: Some("1581F6N8A23B2ML3Y3KR"),
        first: at(33.665_271_7, -82.191_833_4),
        operator: at(33.663_236_4, -82.191_664_7),
        is_plausible: true,
        seconds: 2.0,
    },
    Sample {
        file: "opendroneid__odid_wifi_bcn_sample.pcap",
        rows: 21,
        identity: Some("MFG1A0123456789"),
        first: at(45.545_746_8, -122.968_149_6),
        operator: at(45.544_387_6, -122.972_686_6),
        is_plausible: true,
        seconds: 1_800.0,
    },
    Sample {
        file: "opendroneid__odid_bt5_lr_sample.pcapng",
        rows: 225,
        identity: Some("SSEVTFG93700070"),
        first: None,
        operator: None,
        is_plausible: true,
        seconds: 1_800.0,
    },
    Sample {
        file: "herlev__relay_test_ARPLF352709570738211_F4relay.pcapng",
        rows: 369,
        identity: Some("ARPLF352709570738211"),
        first: at(55.355_220_7, 10.438_100_8),
        operator: at(55.355_110_1, 10.437_938_6),
        is_plausible: true,
        seconds: 5.0,
    },
    Sample {
        file: "cyber-defence-campus__parrot_anafi4_spoofed.pcapng",
        rows: 26,
        identity: Some("1588E040445AC004418"),
        first: at(47.376_373_4, 8.528_297_9),
        operator: at(47.198_656, 8.730_220_5),
        is_plausible: true,
        seconds: 1_800.0,
    },
    // Spoofed with homes all over the world and clocks of 1970.
    Sample {
        file: "cyber-defence-campus__mavic_multiple_spoofed.pcapng",
        rows: 77,
        identity: Some("EPUGT0787GWS5II6"),
        first: at(46.829_997_8, 7.659_995_5),
        operator: at(70.654_260_2, 170.632_476_4),
        is_plausible: false,
        seconds: f64::INFINITY,
    },
];

#[test]
fn broadcasts_from_elsewhere_are_read() {
    let Some(corpus) = corpus() else { return };
    for sample in &SAMPLES {
        let rows = broadcasts(&corpus.join(sample.file));
        let file = sample.file;
        assert_eq!(rows.len(), sample.rows, "{file}");
        assert_eq!(rows[0].identity.as_deref(), sample.identity, "{file}");
        assert_eq!(rows.iter().find_map(|row| row.position), sample.first, "{file}");
        assert_eq!(rows.iter().find_map(|row| row.operator), sample.operator, "{file}");
        let is_plausible = rows.iter().all(|row| row.plausible != Some(false));
        assert_eq!(is_plausible, sample.is_plausible, "{file}");
        let offset = |row: &RemoteId| row.own_time.map(|time| time.since(row.time).millis().abs() / 1_000.0);
        let furthest = rows.iter().filter_map(offset).fold(0.0, f64::max);
        assert!(furthest <= sample.seconds, "{file}: {furthest} s");
    }
}
