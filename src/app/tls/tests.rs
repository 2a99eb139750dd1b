//! Whole handshakes in, rows out, whatever the pieces they come in.

use proptest::prelude::*;

use super::*;
use crate::app::tests::flow_with_ports;
use crate::record::NameSource;
use crate::wire::handshake::tests::{client_hello, name};
use crate::wire::x509::tests::certificate;

fn flow(port: u16) -> FlowInfo {
    flow_with_ports(Transport::Tcp, 50_000, port)
}

#[derive(Clone)]
enum Step {
    Bytes(Side, Vec<u8>),
    Gap(Side, u64),
}

const DEVICE: Side = Side::Device;
const REMOTE: Side = Side::Remote;

/// Runs a dialogue; each step is a frame.
fn run(port: u16, steps: &[Step]) -> (Vec<Row>, Facts, Appetite) {
    run_cut(port, steps, usize::MAX)
}

/// The same with every step in pieces of `width`.
fn run_cut(port: u16, steps: &[Step], width: usize) -> (Vec<Row>, Facts, Appetite) {
    let flow = flow(port);
    let mut rows = Vec::new();
    let mut dialogue = open(&flow);
    let mut context = Context { flow: &flow, rows: &mut rows };
    let mut appetite = Appetite::More;
    for (frame, step) in (1..).zip(steps) {
        match step {
            Step::Bytes(side, bytes) => {
                for piece in bytes.chunks(width) {
                    let data = Data { side: *side, bytes: piece, frame, time: Timestamp::from_parts(1_800_000_000, 0), is_cut: false };
                    appetite = dialogue.data(data, &mut context);
                }
            }
            Step::Gap(side, length) => appetite = dialogue.gap(*side, *length, &mut context),
        }
    }
    dialogue.finish(&mut context);
    let facts = dialogue.facts();
    (rows, facts, appetite)
}

fn record(content: u8, body: &[u8]) -> Vec<u8> {
    [&[content, 3, 3][..], &u16::try_from(body.len()).unwrap().to_be_bytes(), body].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind][..], &length[1..], body].concat()
}

fn server_hello(random: [u8; 32], session: &[u8], cipher: u16, extensions: &[u8]) -> Vec<u8> {
    let mut body = [&[3, 3][..], &random].concat();
    body.push(u8::try_from(session.len()).unwrap());
    body.extend(session);
    body.extend(cipher.to_be_bytes());
    body.push(0);
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    message(2, &body)
}

fn certificates(chain: &[&[u8]]) -> Vec<u8> {
    let counted = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[1..], bytes].concat();
    message(11, &counted(&chain.iter().flat_map(|der| counted(der)).collect::<Vec<u8>>()))
}

/// Choice of TLS 1.3 in a server hello.
const CHOOSES_13: &[u8] = &[0, 43, 0, 2, 3, 4];
const OFFERS_13: &[u8] = &[4, 3, 4, 3, 3];

fn offer(extensions: &[(u16, &[u8])]) -> Step {
    Step::Bytes(DEVICE, record(22, &client_hello(extensions)))
}

/// TLS 1.2 from the first hello to data on both sides.
fn handshake_12() -> Vec<Step> {
    let flight =
        [server_hello([1; 32], &[], 0xc02f, &[0, 16, 0, 5, 0, 3, 2, b'h', b'2']), certificates(&[&certificate()]), message(14, &[])]
            .concat();
    // The server's messages in records that end anywhere, an alert between them.
    let flight = [record(22, &flight[..30]), record(21, &[1, 112]), record(22, &flight[30..200]), record(22, &flight[200..])].concat();
    vec![
        offer(&[(0, &name("API.example.")), (16, b"\x00\x03\x02h2")]),
        Step::Bytes(REMOTE, flight),
        Step::Bytes(DEVICE, [record(22, &message(16, &[7; 33])), record(20, &[1]), record(22, &[0xee; 40])].concat()),
        Step::Bytes(REMOTE, [record(20, &[1]), record(22, &[0xdd; 40])].concat()),
        Step::Bytes(DEVICE, record(23, &[0; 100])),
        Step::Bytes(REMOTE, record(23, &[0; 100])),
    ]
}

fn tls_rows(rows: &[Row]) -> Vec<&TlsRow> {
    rows.iter()
        .filter_map(|row| match row {
            Row::Tls(row) => Some(&**row),
            _ => None,
        })
        .collect()
}

fn anomalies(rows: &[Row]) -> Vec<&'static str> {
    rows.iter()
        .filter_map(|row| match row {
            Row::Anomaly(row) => Some(row.kind),
            _ => None,
        })
        .collect()
}

fn only(rows: &[Row]) -> &TlsRow {
    let found = tls_rows(rows);
    assert_eq!(found.len(), 1, "{rows:?}");
    found[0]
}

#[test]
fn tells_a_handshake_of_tls_1_2() {
    let (rows, facts, appetite) = run(443, &handshake_12());
    let [Row::Certificate(leaf), Row::Finding(doubt), Row::Tls(tls)] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((appetite, doubt.kind), (Appetite::Done, "certificate-self-signed"));
    assert_eq!(
        (tls.hellos.version.as_deref(), tls.hellos.cipher.as_deref()),
        (Some("TLS 1.2"), Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"))
    );
    assert_eq!((tls.hellos.server_name.as_deref(), tls.hellos.alpn_chosen.as_deref()), (Some("api.example"), Some("h2")));
    assert_eq!(tls.alert.as_deref(), Some("warning unrecognized_name by remote"));
    assert_eq!((tls.from_device, tls.established, tls.is_resumed), (true, true, false));
    assert_eq!(tls.hello_frames, ["client:1", "server:2"]);
    assert_eq!((leaf.origin.frame, leaf.position, leaf.from_device), (2, 0, false));
    assert_eq!((leaf.is_valid_then, leaf.server_name.as_deref()), (Some(true), Some("api.example")));
    let names: Vec<_> = facts.names.iter().map(|name| (name.source, name.name.as_str())).collect();
    let certificate = NameSource::Certificate;
    assert_eq!(names, [(NameSource::Sni, "api.example"), (certificate, "api.example"), (certificate, "*.cdn.example")]);
    assert_eq!((facts.application, facts.encryption, facts.quality.len()), (Some("tls"), Encryption::Tls, 0));
}

#[test]
fn pieces_make_no_difference() {
    let whole = format!("{:?}", run(443, &handshake_12()));
    for width in [1, 2, 3, 5, 7, 11, 64] {
        assert_eq!(format!("{:?}", run_cut(443, &handshake_12(), width)), whole, "in pieces of {width}");
    }
}

#[test]
fn tells_a_retry_of_tls_1_3() {
    let retry = [
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
        0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
    ];
    let mut steps = vec![
        offer(&[(0, &name("a.example")), (43, OFFERS_13)]),
        Step::Bytes(REMOTE, [record(22, &server_hello(retry, &[], 0x1301, CHOOSES_13)), record(20, &[1])].concat()),
        Step::Bytes(
            DEVICE,
            [record(20, &[1]), record(22, &client_hello(&[(0, &name("a.example")), (43, OFFERS_13), (44, &[0, 1, 9])]))].concat(),
        ),
        Step::Bytes(
            REMOTE,
            [record(22, &server_hello([1; 32], &[], 0x1301, &[CHOOSES_13, &[0, 41, 0, 2, 0, 0]].concat())), record(23, &[0; 60])].concat(),
        ),
        Step::Bytes(DEVICE, record(23, &[0; 53])),
    ];
    let (rows, _, appetite) = run(443, &steps);
    assert_eq!((appetite, only(&rows).established), (Appetite::More, false));
    steps.push(Step::Bytes(DEVICE, record(23, &[0; 53])));
    let (rows, _, appetite) = run(443, &steps);
    let tls = only(&rows);
    assert_eq!((appetite, tls.established, tls.is_resumed), (Appetite::Done, true, true));
    assert_eq!(tls.hellos.version.as_deref(), Some("TLS 1.3"));
    assert_eq!(tls.hellos.versions_offered, ["TLS 1.3", "TLS 1.2"]);
    assert_eq!(tls.hello_frames, ["client:1", "retry:2", "client:3", "server:4"]);
    assert!(tls.hellos.ja4.as_deref().unwrap().starts_with("t13d020200_"));
}

#[test]
fn an_encrypted_alert_is_no_data() {
    let steps = [
        offer(&[(43, OFFERS_13)]),
        Step::Bytes(REMOTE, [record(22, &server_hello([1; 32], &[], 0x1301, CHOOSES_13)), record(23, &[0; 900])].concat()),
        Step::Bytes(DEVICE, [record(20, &[1]), record(23, &[0; 19])].concat()),
    ];
    assert!(!only(&run(443, &steps).0).established);
}

#[test]
fn a_short_handshake_of_tls_1_2_is_a_resumption() {
    let steps = [
        offer(&[]),
        Step::Bytes(REMOTE, [record(22, &server_hello([1; 32], &[], 0xc02f, &[])), record(20, &[1]), record(22, &[0xee; 40])].concat()),
    ];
    assert!(only(&run(443, &steps).0).is_resumed);
}

#[test]
fn one_side_is_enough() {
    let server_only: Vec<Step> = handshake_12().into_iter().filter(|step| matches!(step, Step::Bytes(REMOTE, _))).collect();
    let (rows, facts, _) = run(443, &server_only);
    let tls = only(&rows);
    assert_eq!(
        (tls.hellos.server_name.as_deref(), tls.hellos.version.as_deref(), tls.hellos.ja4.as_deref()),
        (None, Some("TLS 1.2"), None)
    );
    assert_eq!((tls.from_device, facts.names.len()), (true, 2));
    let (rows, _, _) = run(443, &[offer(&[(0, &name("a.example"))])]);
    let tls = only(&rows);
    assert_eq!((tls.hellos.version.as_deref(), tls.hellos.cipher.as_deref(), tls.established), (Some("TLS 1.2"), None, false));
    // In the middle of a connection there is nothing to tell.
    let data = [Step::Bytes(DEVICE, record(23, &[0; 50])), Step::Bytes(REMOTE, record(23, &[0; 50]))];
    let (rows, facts, appetite) = run(443, &data);
    assert_eq!((rows.len(), facts.application, appetite), (0, Some("tls"), Appetite::Done));
}

#[test]
fn a_hole_costs_only_what_it_took() {
    let Step::Bytes(_, hello) = offer(&[(0, &name("a.example")), (16, b"\x00\x03\x02h2"), (21, &[0; 300])]) else { unreachable!() };
    let mut steps = handshake_12();
    let missing = u64::try_from(hello.len() - 120).unwrap();
    steps.splice(..1, [Step::Bytes(DEVICE, hello[..120].to_vec()), Step::Gap(DEVICE, missing)]);
    let (rows, facts, _) = run(443, &steps);
    let tls = only(&rows);
    assert_eq!((tls.hellos.server_name.as_deref(), tls.hellos.ja4.as_deref(), tls.established), (Some("a.example"), None, true));
    assert_eq!(tls.hellos.cipher.as_deref(), Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
    assert_eq!(facts.quality, ["hello-cut", "handshake-gap"]);
    assert!(anomalies(&rows).is_empty());
    // A hello that just ends is read as far as it goes.
    let (rows, facts, _) = run(443, &[Step::Bytes(DEVICE, hello[..120].to_vec())]);
    assert_eq!((only(&rows).hellos.server_name.as_deref(), facts.quality.as_slice()), (Some("a.example"), &["hello-cut"][..]));
}

#[test]
fn reads_the_hello_of_ssl_2() {
    let body = [&[1, 3, 1, 0, 6, 0, 0, 0, 16, 0, 0, 0x2f, 1, 0, 0x80][..], &[9; 16]].concat();
    let hello = [&[0x80, u8::try_from(body.len()).unwrap()][..], &body].concat();
    let probe = Probe { bytes: &hello, flow: &flow(443) };
    assert_eq!(recognise(probe), Recognised::Yes);
    let (rows, _, _) = run(443, &[Step::Bytes(DEVICE, hello), Step::Bytes(REMOTE, record(22, &server_hello([1; 32], &[], 0x002f, &[])))]);
    let tls = only(&rows);
    assert_eq!((tls.hellos.versions_offered.as_slice(), tls.hellos.ja4.as_deref()), (&["TLS 1.0".into()][..], None));
    assert_eq!(tls.hellos.cipher.as_deref(), Some("TLS_RSA_WITH_AES_128_CBC_SHA"));
}

#[test]
fn knows_dns_over_tls() {
    let told = |port, alpn: &[(u16, &[u8])]| {
        let facts = run(port, &[offer(alpn)]).1;
        (facts.application, facts.application_basis)
    };
    assert_eq!(told(853, &[]), (Some("dot"), ApplicationBasis::Port));
    assert_eq!(told(853, &[(16, b"\x00\x03\x02h2")]), (Some("tls"), ApplicationBasis::Content));
    assert_eq!(told(443, &[(16, b"\x00\x04\x03dot")]), (Some("dot"), ApplicationBasis::Content));
    assert_eq!(told(443, &[]), (Some("tls"), ApplicationBasis::Content));
}

#[test]
fn an_address_is_no_name() {
    let (rows, facts, _) = run(443, &[offer(&[(0, &name("192.0.2.9"))])]);
    assert_eq!((only(&rows).hellos.server_name.as_deref(), facts.names.len()), (Some("192.0.2.9"), 0));
}

#[test]
fn hostile_names_are_escaped() {
    let (rows, _, _) = run(443, &[offer(&[(0, &name("A\x1b[31m.example"))])]);
    assert_eq!(only(&rows).hellos.server_name.as_deref(), Some(r"a\x1b[31m.example"));
}

#[test]
fn a_handshake_has_a_limit() {
    let endless = record(22, &[&[11, 0, 0xff, 0xff][..], &[0; 16_000]].concat());
    let steps: Vec<Step> = std::iter::repeat_n(Step::Bytes(REMOTE, endless), 40).collect();
    let (rows, _, _) = run(443, &steps);
    assert_eq!(anomalies(&rows), ["tls-handshake-limit"]);
}

#[test]
fn nonsense_is_noted_once() {
    let (rows, _, _) =
        run(443, &[offer(&[]), Step::Bytes(REMOTE, b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(3)), Step::Bytes(REMOTE, b"more".to_vec())]);
    assert_eq!(anomalies(&rows), ["tls-malformed"]);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(steps in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..200), 0_u64..3), 0..20)) {
        let steps: Vec<Step> = steps
            .into_iter()
            .flat_map(|(is_device, bytes, gap)| {
                let side = if is_device { DEVICE } else { REMOTE };
                let gap = (gap > 0).then_some(Step::Gap(side, gap * 7));
                std::iter::once(Step::Bytes(side, bytes)).chain(gap)
            })
            .collect();
        run(443, &steps);
    }

    #[test]
    fn any_damage_is_survived(at in any::<prop::sample::Index>(), offset in any::<prop::sample::Index>(), value in any::<u8>(), gap in 0_u64..400) {
        let mut steps = handshake_12();
        let place = at.index(steps.len());
        if let Step::Bytes(side, bytes) = &mut steps[place] {
            let index = offset.index(bytes.len());
            bytes[index] = value;
            let side = *side;
            if gap > 0 {
                steps.insert(place, Step::Gap(side, gap));
            }
        }
        let whole = format!("{:?}", run(443, &steps));
        if gap == 0 && !whole.contains("tls-malformed") {
            prop_assert_eq!(format!("{:?}", run_cut(443, &steps, 1)), whole);
        }
    }
}
