//! Exchanges on streams that take turns; gaps, late starts, bombs; and the laws: split as you like, damage what you like.

use proptest::prelude::*;

use super::super::tests::flow_with_ports;
use super::*;
use crate::record::{Http as HttpRow, Row};
use crate::wire::http2::PREFACE;

#[derive(Clone, Debug)]
enum Step {
    Data(Side, Vec<u8>),
    Gap(Side, u64),
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Literal fields that are not kept, names and values in clear.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

fn request(stream: u32, flags: u8, method: &str, path: &str) -> Vec<u8> {
    let fields = [(":method", method), (":scheme", "https"), (":authority", "API.Example.org"), (":path", path)];
    frame(kind::HEADERS, flags, stream, &block(&fields))
}

fn response(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(kind::HEADERS, flags, stream, &block(fields))
}

fn out(parts: &[&[u8]]) -> Step {
    Step::Data(Side::Device, parts.concat())
}

fn back(parts: &[&[u8]]) -> Step {
    Step::Data(Side::Remote, parts.concat())
}

fn start() -> Step {
    out(&[PREFACE, &frame(kind::SETTINGS, 0, 0, &[])])
}

fn run_as(mut dialogue: Box<dyn Dialogue>, steps: &[Step], piece: usize) -> (Vec<Row>, Facts) {
    let flow = flow_with_ports(Transport::Tcp, 50_000, 443);
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    for (frame, step) in (1..).zip(steps) {
        let time = Timestamp::from_nanos(frame);
        let frame = u64::try_from(frame).unwrap();
        match step {
            Step::Data(side, bytes) => {
                for bytes in bytes.chunks(piece) {
                    dialogue.data(Data { side: *side, bytes, frame, time, is_cut: false }, &mut context);
                }
            }
            Step::Gap(side, length) => _ = dialogue.gap(*side, *length, &mut context),
        }
    }
    dialogue.finish(&mut context);
    let facts = dialogue.facts();
    (rows, facts)
}

fn run_with(open: fn() -> Box<dyn Dialogue>, steps: &[Step]) -> (Vec<HttpRow>, Vec<&'static str>, Facts) {
    let (rows, facts) = run_as(open(), steps, usize::MAX);
    for piece in [1, 7, 50] {
        assert_eq!(format!("{:?}", run_as(open(), steps, piece)), format!("{:?}", (&rows, &facts)), "pieces of {piece}");
    }
    let (mut exchanges, mut anomalies) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Http(row) => exchanges.push(*row),
            Row::Anomaly(anomaly) => anomalies.push(anomaly.kind),
            Row::Part(_) => {}
            other => panic!("{other:?}"),
        }
    }
    (exchanges, anomalies, facts)
}

fn run(steps: &[Step]) -> (Vec<HttpRow>, Vec<&'static str>, Facts) {
    run_with(|| Box::new(Http2::new(None)), steps)
}

/// Stream, method, path, status, bytes of both bodies, complete.
fn short(rows: &[HttpRow]) -> Vec<String> {
    let word = |text: Option<&String>| text.map_or_else(|| "-".to_owned(), Clone::clone);
    let line = |row: &HttpRow| {
        let status = row.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let end = if row.is_complete { "complete" } else { "incomplete" };
        let (method, path) = (word(row.method.as_ref()), word(row.path.as_ref()));
        format!("{} {method} {path} {status} {} {} {end}", row.stream.unwrap(), row.request_bytes, row.response_bytes)
    };
    rows.iter().map(line).collect()
}

#[test]
fn streams_take_turns() {
    let steps = [
        start(),
        out(&[&request(1, 0x4, "POST", "/up?key=v"), &request(3, 0x5, "GET", "/b"), &frame(kind::DATA, 0, 1, b"{\"sn\": 1")]),
        back(&[
            &frame(kind::SETTINGS, 0, 0, &[]),
            &response(3, 0x4, &[(":status", "200"), ("content-type", "a/b")]),
            &frame(0, 0, 3, b"xy"),
        ]),
        out(&[&frame(kind::DATA, 0x9, 1, &[1, b'}', 0])]),
        back(&[&response(1, 0x5, &[(":status", "204")]), &frame(0, 1, 3, b"z")]),
    ];
    let (rows, anomalies, facts) = run(&steps);
    assert_eq!(short(&rows), ["1 POST /up 204 9 0 complete", "3 GET /b 200 0 3 complete"]);
    let post = rows.first().unwrap();
    assert_eq!(
        (post.host.as_deref(), post.query_keys.as_slice(), post.version.as_str()),
        (Some("api.example.org"), &["key".to_owned()][..], "HTTP/2")
    );
    assert_eq!((post.request_body.media_type, post.request_body.tells.as_slice()), (Some("application/json"), &["serial"][..]));
    assert_eq!(post.request_body.sha256.as_deref().map(str::len), Some(64));
    assert_eq!((post.origin.frame, post.response_frame, post.unread_fields), (2, Some(5), 0));
    assert_eq!(post.request_end, Some(Timestamp::from_nanos(4)));
    assert!(anomalies.is_empty() && facts.quality.is_empty());
    assert_eq!((facts.application, facts.names.len(), facts.requests.len()), (Some("http2"), 1, 2));
}

#[test]
fn heads_in_several_frames_trailers_and_interim_responses() {
    let whole = block(&[(":method", "GET"), (":path", "/a"), (":authority", "a")]);
    let (first, rest) = whole.split_at(9);
    let steps = [
        start(),
        out(&[
            &frame(kind::HEADERS, 1, 1, first),
            &frame(kind::CONTINUATION, 0, 1, &rest[..2]),
            &frame(kind::CONTINUATION, 4, 1, &rest[2..]),
        ]),
        back(&[
            &response(1, 4, &[(":status", "103")]),
            &response(1, 4, &[(":status", "200")]),
            &frame(kind::DATA, 0, 1, b"abc"),
            &response(1, 5, &[("grpc-status", "0")]),
        ]),
    ];
    assert_eq!(short(&run(&steps).0), ["1 GET /a 200 0 3 complete"]);
}

#[test]
fn a_reset_stream_and_a_pushed_one() {
    let promise = [&2_u32.to_be_bytes()[..], &block(&[(":method", "GET"), (":path", "/pushed"), (":authority", "a")])].concat();
    let steps = [
        start(),
        out(&[&request(1, 5, "GET", "/a"), &request(3, 4, "PUT", "/b")]),
        back(&[&frame(kind::PUSH_PROMISE, 4, 1, &promise), &frame(kind::RST_STREAM, 0, 3, &[0, 0, 0, 8])]),
        back(&[&response(2, 4, &[(":status", "200")]), &frame(0, 1, 2, b"p"), &response(1, 5, &[(":status", "404")])]),
    ];
    assert_eq!(short(&run(&steps).0), ["3 PUT /b - 0 0 incomplete", "2 GET /pushed 200 0 1 complete", "1 GET /a 404 0 0 complete"]);
}

#[test]
fn a_late_start_says_what_it_does_not_know() {
    let indexed = [vec![0x82, 0x84, 0xbe, 0x41, 1], b"h".to_vec()].concat();
    let steps = [
        out(&[b"tail of data", &frame(kind::HEADERS, 5, 5, &indexed), &frame(8, 0, 0, &[0, 0, 0, 1])]),
        back(&[&response(5, 5, &[(":status", "200")]), &frame(6, 1, 0, &[0; 8])]),
    ];
    let (rows, anomalies, facts) = run_with(|| open_h2(Side::Device), &steps);
    assert_eq!(short(&rows), ["5 GET / 200 0 0 complete"]);
    assert_eq!((rows[0].unread_fields, rows[0].host.as_deref()), (1, Some("h")));
    assert_eq!((anomalies, facts.quality), (vec![], vec!["head-unresolved"]));
}

#[test]
fn a_gap_in_data_is_passed_over_and_in_a_head_told() {
    let body = frame(kind::DATA, 1, 1, &[7; 100]);
    let lost = request(3, 5, "GET", "/lost");
    let steps = [
        start(),
        out(&[&request(1, 4, "PUT", "/a"), &body[..20]]),
        Step::Gap(Side::Device, 89),
        out(&[&lost[..12]]),
        Step::Gap(Side::Device, u64::try_from(lost.len()).unwrap() - 12),
        out(&[&request(5, 5, "GET", "/b")]),
        back(&[&response(1, 5, &[(":status", "200")]), &response(3, 5, &[(":status", "201")]), &response(5, 5, &[(":status", "202")])]),
    ];
    let (rows, anomalies, facts) = run(&steps);
    assert_eq!(short(&rows), ["1 PUT /a 200 100 0 incomplete", "3 - - 201 0 0 incomplete", "5 GET /b 202 0 0 complete"]);
    assert_eq!(rows[0].request_body.sha256, None);
    assert_eq!((anomalies, facts.quality), (vec![], vec!["http-gap"]));
}

#[test]
fn too_long_a_head_and_what_is_no_frame_are_noted() {
    let endless: Vec<u8> = (0..5).flat_map(|_| frame(kind::CONTINUATION, 0, 1, &[0; 16_000])).collect();
    let (_, anomalies, _) = run(&[start(), out(&[&frame(kind::HEADERS, 1, 1, &[0; 10]), &endless])]);
    assert_eq!(anomalies, ["http-head-too-long"]);
    let (rows, anomalies, facts) = run(&[start(), out(&[&frame(kind::HEADERS, 5, 1, &[0x80]), &request(3, 5, "GET", "/a")])]);
    assert_eq!((short(&rows), anomalies), (vec!["3 GET /a - 0 0 incomplete".to_owned()], vec!["http2-malformed"]));
    assert_eq!(facts.quality, ["http-malformed"]);
}

#[test]
fn more_streams_than_the_limit_are_let_go() {
    let requests: Vec<u8> = (0..400).flat_map(|number| request(number * 2 + 1, 5, "GET", &format!("/{number}"))).collect();
    let (rows, anomalies, _) = run(&[start(), out(&[&requests])]);
    assert_eq!((rows.len(), anomalies), (400, vec!["http-unanswered"]));
}

#[test]
fn is_recognised_on_both_sides() {
    let flow = flow_with_ports(Transport::Tcp, 50_000, 443);
    let probe = |bytes: &[u8]| recognise(Probe { bytes, flow: &flow });
    assert_eq!(probe(PREFACE), Recognised::Yes);
    assert_eq!(probe(&frame(kind::SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100])), Recognised::Yes);
    assert_eq!(probe(b"PRI"), Recognised::More);
    assert_eq!(probe(b"GET / HTTP/1.1\r\n"), Recognised::No);
    assert_eq!(probe(&[0; 30]), Recognised::No);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damage_never_panics_and_splitting_changes_nothing(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..5),
        gap in prop::option::of((0_usize..5, 1_u64..40, any::<bool>())),
    ) {
        let mut steps = vec![
            start(),
            out(&[&request(1, 4, "POST", "/up"), &request(3, 5, "GET", "/b"), &frame(kind::DATA, 1, 1, b"body")]),
            back(&[&response(3, 4, &[(":status", "200")]), &frame(0, 1, 3, b"xy"), &response(1, 5, &[(":status", "204")])]),
            out(&[&request(5, 5, "GET", "/c"), &request(7, 5, "GET", "/d")]),
        ];
        let total: usize = steps.iter().map(|step| if let Step::Data(_, bytes) = step { bytes.len() } else { 0 }).sum();
        for (at, byte) in &damage {
            let mut at = at.index(total);
            for step in &mut steps {
                if let Step::Data(_, bytes) = step {
                    if at < bytes.len() {
                        bytes[at] = *byte;
                        break;
                    }
                    at -= bytes.len();
                }
            }
        }
        if let Some((at, length, is_device)) = gap {
            steps.insert(at, Step::Gap(if is_device { Side::Device } else { Side::Remote }, length));
        }
        run(&steps);
    }
}
