//! Streams of a connection, heads that wait for their table, gaps.

use super::super::Transport;
use super::super::tests::flow_with_ports;
use super::*;
use crate::record::Row;
use crate::time::Timestamp;

/// Client streams of control and encoder, server's control.
const CONTROL: u64 = 2;
const ENCODER: u64 = 6;
const SERVER_CONTROL: u64 = 3;

enum Step<'a> {
    Data(u64, Side, &'a [u8], bool),
    Gap(u64, Side, u64),
}

fn out(id: u64, bytes: &[u8]) -> Step<'_> {
    Step::Data(id, Side::Device, bytes, false)
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap() | 0x4000;
    [&[kind][..], &length.to_be_bytes(), payload].concat()
}

/// A section without references: `GET` or a status by index, the path literally.
fn get(path: &str) -> Vec<u8> {
    let path = [&[0x51, u8::try_from(path.len()).unwrap()], path.as_bytes()].concat();
    frame(1, &[&[0, 0, 0xd1, 0xd7, 0x50, 1, b'a'][..], &path].concat())
}

fn ok() -> Vec<u8> {
    frame(1, &[0, 0, 0xd9])
}

fn data(side: Side, bytes: &[u8], seen: Seen) -> Data<'_> {
    Data { side, bytes, frame: seen.0, time: seen.1, is_cut: false }
}

fn run_in_pieces(steps: &[Step<'_>], piece: usize) -> (Vec<String>, Vec<String>, Facts) {
    let flow = flow_with_ports(Transport::Udp, 50_000, 443);
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    let mut http3 = Http3::new(Side::Device);
    for (frame, step) in (1..).zip(steps) {
        let seen = (u64::try_from(frame).unwrap(), Timestamp::from_nanos(frame));
        match step {
            Step::Data(id, side, bytes, is_final) => {
                for bytes in bytes.chunks(piece) {
                    http3.stream(*id, data(*side, bytes, seen), StreamEnd::Open, &mut context);
                }
                let end = if *is_final { StreamEnd::Final } else { StreamEnd::Open };
                http3.stream(*id, data(*side, &[], seen), end, &mut context);
            }
            Step::Gap(id, side, length) => http3.missing((*id, *side), *length, &mut context),
        }
    }
    http3.end(&mut context);
    let facts = http3.known();
    let (mut exchanges, mut anomalies) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Http(row) => {
                let word = |text: Option<&String>| text.map_or_else(|| "-".to_owned(), Clone::clone);
                let status = row.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
                let end = if row.is_complete { "complete" } else { "incomplete" };
                exchanges.push(format!(
                    "{} {} {} {} {status} {} {} {} {end}",
                    row.stream.unwrap(),
                    word(row.method.as_ref()),
                    word(row.host.as_ref()),
                    word(row.path.as_ref()),
                    row.request_bytes,
                    row.response_bytes,
                    row.unread_fields
                ));
            }
            Row::Anomaly(anomaly) => anomalies.push(anomaly.kind.to_owned()),
            other => panic!("{other:?}"),
        }
    }
    (exchanges, anomalies, facts)
}

fn run(steps: &[Step<'_>]) -> (Vec<String>, Vec<String>, Facts) {
    let whole = run_in_pieces(steps, usize::MAX);
    for piece in [1, 3] {
        assert_eq!(run_in_pieces(steps, piece), whole);
    }
    whole
}

#[test]
fn requests_and_responses_on_streams_that_take_turns() {
    let (first, second, answer) = (get("/a"), get("/b"), [ok(), frame(0, b"abc")].concat());
    let steps = [
        out(CONTROL, &[0, 4, 0]),
        Step::Data(0, Side::Device, &first, true),
        Step::Data(4, Side::Device, &[&second[..], &frame(0, b"xy")].concat(), true),
        Step::Data(4, Side::Remote, &ok(), true),
        Step::Data(0, Side::Remote, &answer, true),
    ];
    let (rows, anomalies, facts) = run(&steps);
    assert_eq!(rows, ["4 GET a /b 200 2 0 0 complete", "0 GET a /a 200 0 3 0 complete"]);
    assert!(anomalies.is_empty() && facts.quality.is_empty());
    assert_eq!((facts.application, facts.requests.len()), (Some("http3"), 2));
}

/// RFC 9204 appendix B.2: the section of stream 4, and what its encoder says.
const SECTION: [u8; 4] = [0x03, 0x81, 0x10, 0x11];
const INSERTS: &[u8] = b"\x02\x3f\xbd\x01\xc0\x0fwww.example.com\xc1\x0c/sample/path";

#[test]
fn a_head_waits_for_its_table() {
    let head = [frame(1, &SECTION), frame(0, b"body")].concat();
    let steps = [
        Step::Data(SERVER_CONTROL, Side::Remote, &[0, 4, 3, 1, 0x40, 220], false),
        Step::Data(4, Side::Device, &head, true),
        out(ENCODER, INSERTS),
        Step::Data(4, Side::Remote, &ok(), true),
    ];
    assert_eq!(run(&steps).0, ["4 - www.example.com /sample/path 200 4 0 0 complete"]);
}

#[test]
fn what_never_comes_is_told_to_be_unknown() {
    let head = frame(1, &SECTION);
    let settings = Step::Data(SERVER_CONTROL, Side::Remote, &[0, 4, 3, 1, 0x40, 220], false);
    let (rows, _, facts) = run(&[settings, Step::Data(4, Side::Device, &head, true)]);
    assert_eq!((rows, facts.quality), (vec!["4 - - - - 0 0 2 incomplete".to_owned()], vec!["head-unresolved"]));
    let steps = [out(ENCODER, &INSERTS[..3]), Step::Gap(ENCODER, Side::Device, 20), Step::Data(4, Side::Device, &head, true)];
    assert_eq!(run(&steps).0, ["4 - - - - 0 0 2 incomplete"]);
}

#[test]
fn gaps_and_damage_are_told() {
    let request = get("/a");
    let steps = [
        out(0, &request),
        out(0, &[0, 9, 1]),
        Step::Gap(0, Side::Device, 8),
        Step::Data(0, Side::Device, &[], true),
        Step::Data(0, Side::Remote, &ok(), true),
        Step::Data(4, Side::Device, &frame(1, &[0, 0, 0xff, 0xff]), true),
        Step::Data(ENCODER, Side::Device, &[2, 0x80, 0x01, 0x00], false),
    ];
    let (rows, anomalies, facts) = run(&steps);
    assert_eq!(rows, ["0 GET a /a 200 9 0 0 incomplete", "4 - - - - 0 0 1 incomplete"]);
    assert_eq!(anomalies, ["http3-malformed", "http3-malformed"]);
    assert_eq!(facts.quality, ["http-malformed", "head-unresolved"]);
}

#[test]
fn endless_streams_are_bounded() {
    let request = get("/a");
    let steps: Vec<_> = (0..2_000).map(|number| out(number * 4, &request)).collect();
    let (rows, anomalies, _) = run_in_pieces(&steps, usize::MAX);
    assert_eq!((rows.len(), anomalies), (2_000, vec!["http-unanswered".to_owned()]));
}

/// An insertion with a name and a long value, both literal.
fn insertion() -> Vec<u8> {
    [&[0x41, b'a', 0x7f, 0xa1, 0x1e][..], &[b'b'; 4_000]].concat()
}

#[test]
fn bombs_of_heads_and_tables_are_bounded() {
    let flow = flow_with_ports(Transport::Udp, 50_000, 443);
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    let mut http3 = Http3::new(Side::Device);
    let seen = (1, Timestamp::default());
    http3.stream(SERVER_CONTROL, data(Side::Remote, &[0, 4, 5, 1, 0x80, 1, 0, 0], seen), StreamEnd::Open, &mut context);
    http3.stream(ENCODER, data(Side::Device, &[2], seen), StreamEnd::Open, &mut context);
    for _ in 0..40 {
        http3.stream(ENCODER, data(Side::Device, &insertion(), seen), StreamEnd::Open, &mut context);
    }
    let [device, _] = &http3.fields;
    assert!(device.table_bytes() <= crate::limits::HPACK_TABLE_BYTES, "{}", device.table_bytes());
    // Forty entries are there: a head of one byte for each of 16,000 copies of the latest.
    let head = frame(1, &[&[41, 0][..], &[0x80; 16_000]].concat());
    http3.stream(0, data(Side::Device, &head, seen), StreamEnd::Final, &mut context);
    // Heads that wait for what never comes, with much behind them.
    for number in 1..200 {
        let blocked = [frame(1, &[100, 0, 0x80]), frame(0, &[7; 16_000]), frame(0, &[7; 16_000]), frame(0, &[7; 16_000])].concat();
        http3.stream(number * 4, data(Side::Device, &blocked, seen), StreamEnd::Open, &mut context);
        let held: usize = http3.lanes.values().filter_map(|lane| lane.waiting.as_ref()).map(|waiting| waiting.bytes.len()).sum();
        assert!(held <= HTTP3_WAITING_TOTAL_BYTES + (64 << 10), "{held}");
    }
    http3.end(&mut context);
    let told = rows.iter().map(|row| format!("{row:?}").len()).sum::<usize>();
    assert!(told < 400 << 10, "{told} bytes of rows");
    let anomalies: Vec<_> = rows.iter().filter_map(|row| if let Row::Anomaly(row) = row { Some(row.kind) } else { None }).collect();
    assert_eq!(anomalies, ["http-too-many-fields"]);
    assert_eq!(rows.iter().filter(|row| matches!(row, Row::Http(_))).count(), 200, "each has its row");
    assert_eq!(http3.known().quality, ["head-unresolved", "http-gap"]);
}
