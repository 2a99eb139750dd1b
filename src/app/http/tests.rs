//! Exchanges as rows; and the laws: split as you like, cut where you like, damage what you like.

use proptest::prelude::*;

use super::super::tests::flow_with_ports;
use super::*;
use crate::limits::FLOW_REQUESTS;
use crate::record::{ApplicationBasis, FlowName, NameSource, Request, WebSocket as WebSocketRow};

#[derive(Clone, Debug)]
enum Step {
    Data(Side, Vec<u8>),
    Gap(Side, u64),
}

fn out(bytes: impl AsRef<[u8]>) -> Step {
    Step::Data(Side::Device, bytes.as_ref().to_vec())
}

fn back(bytes: impl AsRef<[u8]>) -> Step {
    Step::Data(Side::Remote, bytes.as_ref().to_vec())
}

/// The steps through a dialogue, each data in pieces of at most `piece` bytes; the frame is the number of the step.
fn run_as(dialogue: &mut dyn Dialogue, steps: &[Step], piece: usize) -> (Vec<Row>, Facts) {
    let flow = flow_with_ports(Transport::Tcp, 50_000, 80);
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    let mut appetite = Appetite::More;
    for (frame, step) in (1..).zip(steps) {
        let time = Timestamp::from_nanos(frame);
        let frame = u64::try_from(frame).unwrap();
        match step {
            Step::Data(side, bytes) => {
                for bytes in bytes.chunks(piece).take_while(|_| appetite == Appetite::More).collect::<Vec<_>>() {
                    if appetite == Appetite::More {
                        appetite = dialogue.data(Data { side: *side, bytes, frame, time, is_cut: false }, &mut context);
                    }
                }
            }
            Step::Gap(side, length) if appetite == Appetite::More => appetite = dialogue.gap(*side, *length, &mut context),
            Step::Gap(..) => {}
        }
    }
    dialogue.finish(&mut context);
    let facts = dialogue.facts();
    (rows, facts)
}

fn run(steps: &[Step]) -> (Vec<HttpRow>, Vec<&'static str>, Facts) {
    let (rows, facts) = run_as(&mut Http::new(Family::Http, Place::Connection), steps, usize::MAX);
    for piece in [1, 2, 7] {
        let split = run_as(&mut Http::new(Family::Http, Place::Connection), steps, piece);
        assert_eq!(format!("{split:?}"), format!("{:?}", (&rows, &facts)), "pieces of {piece}");
    }
    let (mut exchanges, mut anomalies) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Http(row) => exchanges.push(*row),
            Row::Anomaly(anomaly) => anomalies.push(anomaly.kind),
            other => panic!("{other:?}"),
        }
    }
    (exchanges, anomalies, facts)
}

/// Method, path, status, bytes of both bodies, complete.
fn short(rows: &[HttpRow]) -> Vec<String> {
    let word = |text: Option<&String>| text.map_or_else(|| "-".to_owned(), Clone::clone);
    let line = |row: &HttpRow| {
        let status = row.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
        let end = if row.is_complete { "complete" } else { "incomplete" };
        let (method, path) = (word(row.method.as_ref()), word(row.path.as_ref()));
        format!("{method} {path} {status} {} {} {end}", row.request_bytes, row.response_bytes)
    };
    rows.iter().map(line).collect()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: Example.org\r\n\r\n")
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn an_exchange_is_a_row() {
    let request = "POST /up?key=secret&n=1 HTTP/1.1\r\nHost: API.Example.org:8080\r\nUser-Agent: app/1\x1b\r\n\
                   Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody";
    let (rows, anomalies, facts) = run(&[out(request), back("HTTP/1.1 201 Created\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nhi")]);
    assert_eq!(short(&rows), ["POST /up 201 4 2 complete"]);
    let row = rows.first().unwrap();
    assert_eq!(row.host.as_deref(), Some("api.example.org:8080"));
    assert_eq!(row.query_keys, ["key", "n"]);
    assert_eq!(row.user_agent, None, "a control character makes the field invalid");
    assert_eq!((row.content_type_out.as_deref(), row.content_type_in.as_deref()), (Some("text/plain"), Some("a/b")));
    assert_eq!((row.origin.frame, row.response_frame, row.from_device), (1, Some(2), true));
    assert_eq!(row.version, "HTTP/1.1");
    assert!(anomalies.is_empty() && facts.quality.is_empty());
    assert_eq!((facts.application, facts.encryption), (Some("http"), Encryption::None));
    assert_eq!(facts.names, [FlowName { source: NameSource::Host, name: "api.example.org".to_owned() }]);
    let (method, host, path) = ("POST".to_owned(), "api.example.org".to_owned(), "/up".to_owned());
    let text = || vec!["text/plain".to_owned()];
    assert_eq!(facts.requests, [Request { method, host, path, sent: text(), received: text(), tells: Vec::new() }]);
}

#[test]
fn pipelined_requests_get_their_responses_in_order() {
    let requests = [get("/a"), "HEAD /b HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), get("/c")].concat();
    let responses = [&ok("one")[..], "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "HTTP/1.1 304 Not\r\n\r\n"].concat();
    let (rows, _, facts) = run(&[out(requests), back(responses)]);
    assert_eq!(short(&rows), ["GET /a 200 0 3 complete", "HEAD /b 200 0 0 complete", "GET /c 304 0 0 complete"]);
    assert_eq!(facts.names.len(), 2);
}

#[test]
fn chunked_bodies_are_counted_without_their_framing() {
    let response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
    let (rows, ..) = run(&[out(get("/a")), back(response), out(get("/b")), back(ok("12"))]);
    assert_eq!(short(&rows), ["GET /a 200 0 5 complete", "GET /b 200 0 2 complete"]);
}

#[test]
fn interim_responses_do_not_answer() {
    let request = "PUT /f HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    let (rows, ..) = run(&[out(request), back("HTTP/1.1 100 Continue\r\n\r\n"), out("abc"), back("HTTP/1.1 204 No\r\n\r\n")]);
    assert_eq!(short(&rows), ["PUT /f 204 3 0 complete"]);
}

#[test]
fn a_body_without_length_ends_with_the_connection() {
    let (rows, ..) = run(&[out("GET / HTTP/1.0\r\n\r\n"), back("HTTP/1.0 200 OK\r\n\r\nsome"), back("more")]);
    assert_eq!(short(&rows), ["GET / 200 0 8 complete"]);
    assert_eq!(rows.first().unwrap().host, None);
}

const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCHED: &str = "HTTP/1.1 101 Switching\r\nUpgrade: WebSocket\r\n\r\n";

fn websockets(steps: &[Step]) -> (Vec<WebSocketRow>, Vec<Row>, Facts) {
    let (rows, facts) = run_as(&mut Http::new(Family::Http, Place::Tunnel), steps, usize::MAX);
    let split = run_as(&mut Http::new(Family::Http, Place::Tunnel), steps, 1);
    assert_eq!(format!("{split:?}"), format!("{:?}", (&rows, &facts)));
    let mut found = Vec::new();
    let others = rows.into_iter().filter_map(|row| match row {
        Row::WebSocket(row) => {
            found.push(*row);
            None
        }
        row => Some(row),
    });
    let others = others.collect();
    (found, others, facts)
}

#[test]
fn a_websocket_is_counted() {
    // The client speaks before the answer is seen: masked text of two bytes, in two frames.
    let early = out([UPGRADE.as_bytes(), &[0x01, 0x81, 1, 2, 3, 4, b'a' ^ 1, 0x80, 0x81, 0, 0, 0, 0, b'b']].concat());
    let steps = [early, back([SWITCHED.as_bytes(), &[0xc2, 3, 7, 7, 7, 0x89, 0, 0x88, 2, 0x03, 0xe8]].concat())];
    let (found, others, facts) = websockets(&steps);
    let [row] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((row.outbound.text, row.outbound.text_bytes, row.outbound.continuations), (1, 2, 1));
    assert_eq!((row.inbound.binary, row.inbound.binary_bytes, row.inbound.compressed), (1, 3, 1));
    assert_eq!((row.inbound.control, row.inbound.close_code, row.outbound.close_code), (2, Some(1_000), None));
    assert_eq!((row.host.as_deref(), row.path.as_deref(), row.is_complete), (Some("a"), Some("/chat"), true));
    assert_eq!((others.len(), facts.application), (1, Some("websocket")));
    assert_eq!(facts.names.first().unwrap().name, "a");
}

#[test]
fn a_refused_upgrade_stays_http() {
    let (rows, ..) = run(&[out([UPGRADE, &get("/b")].concat()), back([ok("x"), ok("yz")].concat())]);
    assert_eq!(short(&rows), ["GET /chat 200 0 1 complete", "GET /b 200 0 2 complete"]);
}

#[test]
fn an_upgrade_to_something_else_ends_http() {
    let answer = "HTTP/1.1 101 Switching\r\nUpgrade: other\r\n\r\n\x01\x02";
    let (rows, anomalies, _) = run(&[out(UPGRADE), back(answer), out("\x03\n\n")]);
    assert_eq!(short(&rows), ["GET /chat 101 0 0 complete"]);
    assert!(anomalies.is_empty());
}

#[test]
fn an_upgrade_to_http2_answers_on_its_first_stream() {
    let request = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n";
    let answer = b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let response = [&[0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88][..], &[0, 0, 2, 0, 1, 0, 0, 0, 1], b"hi"].concat();
    let next = [crate::wire::http2::PREFACE, &settings, &[0, 0, 6, 1, 5, 0, 0, 0, 3, 0x82, 0x84, 0x86, 0x41, 1, b'y']].concat();
    let steps = [out(request), back([&answer[..], &settings, &response].concat()), out(next), back([0, 0, 1, 1, 5, 0, 0, 0, 3, 0x8d])];
    let (rows, anomalies, facts) = run(&steps);
    assert_eq!(short(&rows), ["GET /a 200 0 2 complete", "GET / 404 0 0 complete"]);
    assert_eq!(rows.iter().map(|row| (row.version.as_str(), row.stream)).collect::<Vec<_>>(), [("HTTP/2", Some(1)), ("HTTP/2", Some(3))]);
    assert_eq!((anomalies.len(), facts.application), (0, Some("http2")));
    assert_eq!(facts.names.len(), 2);
}

#[test]
fn bodies_are_hashed_and_looked_at() {
    let request = "POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"l\r\n8\r\nat\": 1.5\r\n1\r\n}\r\n0\r\n\r\n";
    let (rows, ..) = run(&[out(request), back(ok("%PDF-1.4"))]);
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.request_body.media_type, row.request_body.tells.as_slice()), (Some("application/json"), &["position"][..]));
    assert_eq!((row.request_bytes, row.request_body.decoded_bytes), (12, Some(12)));
    assert_eq!(row.request_body.sha256.as_deref(), Some("051a1fc617cb63d9703037e0d8b6553f63c939ce2054377d91d62a2aa305d803"));
    assert_eq!(row.response_body.media_type, Some("application/pdf"));
    assert_eq!(
        (row.request_end, row.response_start, row.response_end),
        (Some(Timestamp::from_nanos(1)), Some(Timestamp::from_nanos(2)), Some(Timestamp::from_nanos(2)))
    );
    let (rows, ..) = run(&[out(get("/a")), back("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab"), Step::Gap(Side::Remote, 8)]);
    assert_eq!((rows[0].response_body.sha256.as_ref(), rows[0].response_body.media_type), (None, Some("text/plain")));
    let (rows, ..) = run(&[out(get("/a")), back("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")]);
    assert_eq!((rows[0].response_body.sha256.as_ref(), rows[0].response_end), (None, None), "its end was not seen");
    assert_eq!(rows[0].request_body, crate::record::MessageBody::default(), "what is not there has no hash");
}

#[test]
fn what_was_never_asked_or_answered_still_has_a_row() {
    let (rows, ..) = run(&[back(ok("x")), out(get("/a")), back(ok("yy")), out(get("/b"))]);
    assert_eq!(short(&rows), ["- - 200 0 1 incomplete", "GET /a 200 0 2 complete", "GET /b - 0 0 incomplete"]);
    assert!(rows.iter().all(|row| row.from_device));
}

#[test]
fn lone_line_feeds_folds_and_empty_lines_are_read() {
    let request = "\r\n\r\nGET /a HTTP/1.1\nHost:\n  example.org\nX: y\n\n";
    let (rows, anomalies, _) = run(&[out(request), back("HTTP/1.1 200\nContent-Length: 1\n\nx")]);
    assert_eq!(short(&rows), ["GET /a 200 0 1 complete"]);
    assert_eq!(rows.first().unwrap().host.as_deref(), Some("example.org"));
    assert!(anomalies.is_empty());
}

#[test]
fn a_gap_inside_a_body_is_passed_over_exactly() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab";
    let steps = [out(get("/a")), back(head), Step::Gap(Side::Remote, 8), out(get("/b")), back(ok("1"))];
    let (rows, _, facts) = run(&steps);
    assert_eq!(short(&rows), ["GET /a 200 0 10 incomplete", "GET /b 200 0 1 complete"]);
    assert!(facts.quality.is_empty());
}

#[test]
fn after_a_lost_head_the_next_one_is_found() {
    let steps = [
        out(get("/a")),
        back("HTTP/1.1 200 OK\r\nCont"),
        Step::Gap(Side::Remote, 30),
        back("tail of a body"),
        out(get("/b")),
        back(ok("1")),
    ];
    let (rows, anomalies, facts) = run(&steps);
    assert_eq!(short(&rows), ["GET /a 200 0 0 incomplete", "GET /b 200 0 1 complete"]);
    assert_eq!(facts.quality, ["http-gap"]);
    assert!(anomalies.is_empty());
}

#[test]
fn a_cut_head_keeps_what_it_says() {
    let steps = [
        out("GET /a HTTP/1.1\r\nHost: a.example\r\nUser-Ag"),
        Step::Gap(Side::Device, 100),
        back("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nX"),
        Step::Gap(Side::Remote, 9_000),
        out("POST /b HTTP/1.1\r\nHost: b.exam"),
    ];
    let (rows, anomalies, facts) = run(&steps);
    assert_eq!(short(&rows), ["GET /a 200 0 0 incomplete", "POST /b - 0 0 incomplete"]);
    assert_eq!(rows.first().unwrap().host.as_deref(), Some("a.example"));
    assert_eq!(facts.names.iter().map(|name| name.name.as_str()).collect::<Vec<_>>(), ["a.example"]);
    assert_eq!(facts.quality, ["http-gap"]);
    assert!(anomalies.is_empty());
}

#[test]
fn a_response_after_a_gap_goes_to_the_request_that_waits_last() {
    let steps = [out(get("/a")), Step::Gap(Side::Device, 20), out(get("/c")), Step::Gap(Side::Remote, 99), back(ok("1"))];
    assert_eq!(short(&run(&steps).0), ["GET /a - 0 0 incomplete", "GET /c 200 0 1 incomplete"]);
}

#[test]
fn contradicting_lengths_are_noted() {
    let both = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let (rows, anomalies, _) = run(&[out([both, &get("/smuggled")].concat()), back([ok("1"), ok("2")].concat())]);
    assert_eq!(anomalies, ["http-ambiguous-length"]);
    assert_eq!(short(&rows), ["POST / 200 0 1 incomplete", "GET /smuggled 200 0 1 complete"]);
    let two = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd";
    let (rows, anomalies, _) = run(&[out(two), back(ok("1"))]);
    assert_eq!(anomalies, ["http-ambiguous-length"]);
    assert_eq!(short(&rows), ["POST / 200 4 1 incomplete"]);
}

#[test]
fn a_head_beyond_the_limit_ends_the_dialogue() {
    let head = format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(HTTP_HEAD_BYTES));
    let (rows, anomalies, _) = run(&[out(get("/a")), back(ok("1")), out(head), back(ok("2"))]);
    assert_eq!(short(&rows), ["GET /a 200 0 1 complete", "GET / - 0 0 incomplete"]);
    assert_eq!(anomalies, ["http-head-too-long"]);
}

#[test]
fn more_waiting_requests_than_the_limit_are_let_go() {
    let requests: String = (0..300).map(|number| get(&format!("/{number}"))).collect();
    let (rows, anomalies, facts) = run(&[out(requests)]);
    assert_eq!(rows.len(), 300);
    assert_eq!(anomalies, ["http-unanswered"]);
    assert_eq!(facts.requests.len(), FLOW_REQUESTS);
}

#[test]
fn the_target_of_a_proxied_request_names_the_host() {
    let (rows, _, facts) = run(&[out("GET http://a.example/x HTTP/1.1\r\nHost: b.example\r\n\r\n"), back(ok(""))]);
    assert_eq!(rows.first().unwrap().host.as_deref(), Some("a.example"));
    assert_eq!(facts.names.iter().map(|name| name.name.as_str()).collect::<Vec<_>>(), ["a.example", "b.example"]);
}

const CONNECT: &str = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";

#[test]
fn a_tunnel_is_recognised_anew() {
    let steps = [out(CONNECT), back("HTTP/1.1 200 Established\r\n\r\n"), back("SSH-2.0-x\r\n"), out("SSH-2.0-y\r\n")];
    let (rows, _, facts) = run(&steps);
    assert_eq!(short(&rows), ["CONNECT - 200 0 0 complete"]);
    assert_eq!(rows.first().unwrap().host.as_deref(), Some("a.example:443"));
    assert_eq!((facts.application, facts.encryption), (Some("ssh"), Encryption::Unknown));
    assert_eq!(facts.names.first().unwrap().name, "a.example");
}

#[test]
fn a_tunnel_of_http_has_both_rows_and_no_third() {
    let steps = [
        out([CONNECT, &get("/in"), CONNECT].concat()),
        back(["HTTP/1.1 200 OK\r\n\r\n", &ok("1"), "HTTP/1.1 200 OK\r\n\r\n"].concat()),
        out(get("/not seen")),
    ];
    let (rows, _, facts) = run(&steps);
    assert_eq!(short(&rows), ["CONNECT - 200 0 0 complete", "GET /in 200 0 1 complete", "CONNECT - 200 0 0 complete"]);
    assert_eq!(facts.application, Some("http"));
}

#[test]
fn an_opaque_tunnel_is_not_called_clear() {
    let (_, _, facts) = run(&[out(CONNECT), back("HTTP/1.1 200 OK\r\n\r\n"), out(vec![0xfe; 5_000]), back(vec![0xff; 5])]);
    assert_eq!((facts.application, facts.encryption), (Some("http"), Encryption::Unknown));
}

#[test]
fn a_refused_tunnel_stays_http() {
    let refused = "HTTP/1.1 407 Proxy\r\nContent-Length: 1\r\n\r\nx";
    let (rows, ..) = run(&[out([CONNECT, &get("/a")].concat()), back([refused, &ok("12")].concat())]);
    assert_eq!(short(&rows), ["CONNECT - 407 0 1 complete", "GET /a 200 0 2 complete"]);
}

#[test]
fn what_follows_a_connect_waits_for_the_answer_over_a_gap() {
    let granted = back("HTTP/1.1 200 OK\r\n\r\n");
    let (rows, _, facts) = run(&[out([CONNECT, "SSH-2.0-y\r\n"].concat()), Step::Gap(Side::Device, 9), granted]);
    assert_eq!((short(&rows), facts.application), (vec!["CONNECT - 200 0 0 complete".to_owned()], Some("ssh")));
    let refused = back(["HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", &ok("1")].concat());
    let (rows, ..) = run(&[out(CONNECT), Step::Gap(Side::Device, 9), out(get("/lost")), refused, out(get("/a"))]);
    assert_eq!(short(&rows), ["CONNECT - 403 0 0 complete", "- - 200 0 1 incomplete", "GET /a - 0 0 incomplete"]);
}

#[test]
fn rtsp_has_names_and_no_rows() {
    let request = "DESCRIBE rtsp://Cam.example:8554/live RTSP/1.0\r\nCSeq: 1\r\n\r\n";
    let response = "RTSP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nv=0$\x00\x00\x02ab";
    let asked_back = "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n";
    let steps = [out(request), back([response, asked_back].concat()), out("RTSP/1.0 200 OK\r\n\r\n"), out(request)];
    let (rows, facts) = run_as(&mut Http::new(Family::Rtsp, Place::Connection), &steps, usize::MAX);
    assert!(rows.is_empty(), "{rows:?}");
    assert_eq!((facts.application, facts.encryption), (Some("rtsp"), Encryption::None));
    assert_eq!(facts.names.first().unwrap().name, "cam.example");
    assert_eq!(facts.requests.len(), 1);
    assert!(facts.quality.is_empty());
}

#[test]
fn is_recognised_by_its_first_line() {
    let flow = flow_with_ports(Transport::Tcp, 50_000, 80);
    let probe = |bytes: &[u8]| recognise(Probe { bytes, flow: &flow }, Family::Http);
    for line in ["GET / HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", "\r\nPOST /a HTTP/1.0\n", "REPORT /a HTTP/1.1\r\nDepth: 1"] {
        assert_eq!(probe(line.as_bytes()), Recognised::Yes);
    }
    for prefix in ["", "G", "GET /", "HTTP", "HTTP/1.1 20", "\r\n", "REPORT /a HT"] {
        assert_eq!(probe(prefix.as_bytes()), Recognised::More, "{prefix}");
    }
    for line in ["\x16\x03\x01", "220 ftp\r\n", "get / HTTP/1.1\r\n", "GET / RTSP/1.0\r\n", "USER me\r\n"] {
        assert_eq!(probe(line.as_bytes()), Recognised::No, "{line}");
    }
    let long = |method: &str| format!("{method} /{}", "a".repeat(PROBE_BYTES));
    assert_eq!(probe(&long("GET").as_bytes()[..PROBE_BYTES]), Recognised::Yes);
    assert_eq!(probe(&long("REPORT").as_bytes()[..PROBE_BYTES]), Recognised::No);
}

#[test]
fn a_control_byte_is_refused_however_the_line_arrives() {
    let flow = flow_with_ports(Transport::Tcp, 50_000, 80);
    let probe = |bytes: &[u8]| recognise(Probe { bytes, flow: &flow }, Family::Http);
    for line in ["GET /\0inner HTTP/1.1\r\n", "GET /inner HTTP/1.1\x0c\r\n", "GET /\x1einner HTTP/1.1\n"] {
        let by_piece = (1..=line.len()).map(|length| probe(&line.as_bytes()[..length])).find(|answer| *answer != Recognised::More);
        assert_eq!((by_piece, probe(line.as_bytes())), (Some(Recognised::No), Recognised::No), "{line:?}");
    }
}

/// A conversation with something of everything.
fn conversation() -> Vec<Step> {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nT: t\r\n\r\n";
    let post = "POST /p?a=b HTTP/1.1\r\nHost: b\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello";
    vec![
        out([get("/a"), get("/b")].concat()),
        back([&ok("first"), chunked].concat()),
        out(post),
        back("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\nContent-Length: 3\n\nabc"),
        Step::Gap(Side::Device, 7),
        out(["rest of it\r\n", &get("/c"), CONNECT].concat()),
        back([&ok("c"), "HTTP/1.1 200 OK\r\n\r\n"].concat()),
        out(get("/inner")),
        back(ok("inner")),
    ]
}

fn total(steps: &[Step]) -> usize {
    steps.iter().map(|step| if let Step::Data(_, bytes) = step { bytes.len() } else { 0 }).sum()
}

/// The conversation up to a number of bytes.
fn prefix(steps: &[Step], mut length: usize) -> Vec<Step> {
    let mut kept = Vec::new();
    for step in steps {
        match step {
            Step::Data(side, bytes) => {
                let taken = bytes.len().min(length);
                kept.push(Step::Data(*side, bytes[..taken].to_vec()));
                length -= taken;
            }
            gap @ Step::Gap(..) => kept.push(gap.clone()),
        }
        if length == 0 {
            break;
        }
    }
    kept
}

#[test]
fn every_prefix_is_read_alike_whole_and_split() {
    let steps = conversation();
    for length in 0..=total(&steps) {
        run(&prefix(&steps, length));
    }
    let (rows, _, facts) = run(&steps);
    assert_eq!(rows.len(), 6, "{:?}", short(&rows));
    assert_eq!(facts.application, Some("http"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damage_never_panics_and_splitting_changes_nothing(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        gap in prop::option::of((0_usize..8, 0_u64..40, any::<bool>())),
    ) {
        let mut steps = conversation();
        for (at, byte) in &damage {
            let mut at = at.index(total(&steps));
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
        let (rows, ..) = run(&steps);
        prop_assert!(rows.len() <= total(&steps) / 14 + 1);
    }
}

#[test]
fn knows_dns_over_https_in_clear() {
    let told = |steps: &[Step]| {
        let facts = run(steps).2;
        (facts.application.unwrap(), facts.application_basis)
    };
    let typed = |kind: &str| format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 0\r\n\r\n");
    let post = "POST /q HTTP/1.1\r\nHost: a\r\nContent-Type: application/dns-message\r\nContent-Length: 3\r\n\r\nabc";
    assert_eq!(told(&[out(post)]), ("doh", ApplicationBasis::Content));
    assert_eq!(told(&[out(get("/q")), back(typed("Application/DNS-Message; x=1"))]), ("doh", ApplicationBasis::Content));
    assert_eq!(told(&[back(typed("application/dns-message"))]), ("doh", ApplicationBasis::Content));
    assert_eq!(told(&[out(get("/dns-query?dns=AAAA"))]), ("doh", ApplicationBasis::Path));
    assert_eq!(told(&[out(get("/dns-query/ab12")), back(typed("text/plain"))]), ("doh", ApplicationBasis::Path));
    assert_eq!(told(&[out(post), back(ok("")), out(get("/dns-query")), back(ok(""))]), ("doh", ApplicationBasis::Path));
    // Something else on the same connection, or something like it.
    assert_eq!(told(&[out(post), back(ok("")), out(get("/")), back(ok(""))]), ("http", ApplicationBasis::Content));
    assert_eq!(told(&[out(get("/dns-query-help")), back(typed("application/dns-json"))]), ("http", ApplicationBasis::Content));
}
