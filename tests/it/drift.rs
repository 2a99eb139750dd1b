//! A log whose clock and the captures' run apart over a day: actions find what they caused where something tells how.

use std::fs;

use serde_json::Value;

use crate::bytes::{BEGIN, ethernet, pcap_at, tcp, tcp_ticking, udp};
use crate::cases::{Place, whereto};

/// How much faster the capture's clock runs: over a day 17 seconds, more than an action is given to show an effect.
const PPM: f64 = 200.0;
const LAUNCH: f64 = 100.0;
const SYNC: f64 = 80_000.0;

/// What tells how the clocks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Nothing,
    Servers,
    Timestamps,
    Given,
    Wrong,
}

#[test]
fn actions_of_a_log_that_drifts_find_their_flows() {
    for (sign, told, found) in [
        (Sign::Servers, "estimated: 2 answers of time servers over 23.6 h tell 200.0 ppm to 0.1", 1),
        (Sign::Timestamps, "estimated: TCP timestamps of the device tell 200.0 ppm to 0.", 1),
        (Sign::Given, "given: 200 ppm", 1),
        (Sign::Nothing, "none assumed: no answers of time servers ten minutes or more apart, no TCP timestamps of the device", 0),
    ] {
        let (run, actions) = judged(sign);
        let basis = run["clock_drift_basis"].as_str().unwrap();
        assert!(basis.starts_with(told), "{sign:?}: {basis}");
        assert_eq!(run["clock_drift_ppm"].as_f64().map(f64::round), (found > 0).then_some(PPM), "{sign:?}");
        let sync = actions.as_array().unwrap().iter().find(|action| action["action"] == "sync_flight_logs").unwrap();
        assert_eq!(sync["flows"], found, "{sign:?}: {} {}", run["clock_basis"], sync);
    }
}

#[test]
fn a_drift_that_no_clock_has_is_refused_where_it_stands() {
    let place = Place::new("drift-wrong");
    let ran = study(&place, Sign::Wrong);
    assert!(ran.status == 2 && ran.stderr.contains("clock = { drift_ppm = 200000 }") && ran.stderr.contains('^'), "{}", ran.stderr);
    assert!(ran.stderr.contains("at most 1000 can be given"), "{}", ran.stderr);
}

fn judged(sign: Sign) -> (Value, Value) {
    let place = Place::new("drift");
    let ran = study(&place, sign);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    (answer["runs"][0].clone(), answer["actions"].clone())
}

fn study(place: &Place, sign: Sign) -> crate::cases::Ran {
    let folder = place.folder().join("in");
    let clock = match sign {
        Sign::Given => "clock = { drift_ppm = 200 }\n",
        Sign::Wrong => "clock = { drift_ppm = 200000 }\n",
        _ => "",
    };
    let text = format!(
        "[study]\ntitle = \"a day\"\nvendor = \"DJI\"\n[[device]]\nid = \"phone\"\nkind = \"phone\"\nip = \"10.0.0.2\"\n\
         [[run]]\nid = \"a\"\ncaptures = \"a.pcap\"\nactions = \"a.csv\"\n{clock}"
    );
    fs::write(folder.join("study.toml"), text).unwrap();
    let logged = |seconds: f64| f64::from(BEGIN) + seconds;
    fs::write(folder.join("a.csv"), format!("time,action\n{},launch\n{},sync_flight_logs\n", logged(LAUNCH), logged(SYNC))).unwrap();
    fs::write(folder.join("a.pcap"), pcap_at(1, &frames(sign))).unwrap();
    whereto(place, &["study", "{in}/study.toml", "-o", "{out}", "-q", "--json"].map(str::to_owned), None)
}

/// What the phone sent in a day, by the capture's clock.
fn frames(sign: Sign) -> Vec<(f64, Vec<u8>)> {
    let mut frames = Vec::new();
    for (port, at, bytes) in [(50_001, LAUNCH, 400), (50_002, SYNC, 24_000)] {
        frames.extend(upload(port, at + 0.3, bytes));
    }
    if sign == Sign::Servers {
        frames.extend([10.0, 85_000.0].into_iter().flat_map(asked));
    }
    if sign == Sign::Timestamps {
        let beat = |number: u32| {
            let (at, ticks) = (f64::from(number) * 60.0, number.wrapping_mul(60_000).wrapping_add(4_294_000_000));
            (at, ethernet(6, "10.0.0.2:50000 > 8.8.4.4:5228", &|from, to| tcp_ticking((from, to), 1 + number, (0x18, ticks), b"x")))
        };
        frames.extend((1..1_400).map(beat));
    }
    frames.sort_by(|a, b| a.0.total_cmp(&b.0));
    frames.iter_mut().for_each(|(at, _)| *at *= 1.0 + PPM / 1e6);
    frames
}

/// A flight record that goes to the vendor.
fn upload(port: u16, at: f64, bytes: usize) -> Vec<(f64, Vec<u8>)> {
    let ends = format!("10.0.0.2:{port} > 8.8.4.4:80");
    let head = format!("POST /api/v2/flight_log/zipupload HTTP/1.1\r\nHost: mydjiflight.dji.com\r\nContent-Length: {bytes}\r\n\r\n");
    let whole = [head.as_bytes(), &vec![b'x'; bytes]].concat();
    let segment = |(number, part): (usize, &[u8])| {
        let sequence = 1 + u32::try_from(number * 1_000).unwrap();
        (at + number as f64 / 1e3, ethernet(6, &ends, &|from, to| tcp((from, to), sequence, 0x18, part)))
    };
    whole.chunks(1_000).enumerate().map(segment).collect()
}

/// A question to a time server that is right, and its answer.
fn asked(at: f64) -> [(f64, Vec<u8>); 2] {
    let stamp = |at: f64| (((f64::from(BEGIN) + at) as u64 + 2_208_988_800) << 32 | ((at.fract() * 4_294_967_296.0) as u64)).to_be_bytes();
    let message = |first: u8, times: [[u8; 8]; 3]| [&[first, 2, 6, 0xe7][..], &[0; 20], &times.concat()].concat();
    let question = message(0x23, [[0; 8], [0; 8], stamp(at)]);
    let answer = message(0x24, [stamp(at), stamp(at + 0.005), stamp(at + 0.005)]);
    let [there, back] = ["10.0.0.2:40123 > 162.159.200.1:123", "162.159.200.1:123 > 10.0.0.2:40123"];
    [(at, ethernet(17, there, &|from, to| udp(from, to, &question))), (at + 0.01, ethernet(17, back, &|from, to| udp(from, to, &answer)))]
}
