//! Connections in, rows out, whatever the order of their packets and frames.

use proptest::prelude::*;

use super::*;
use crate::app::tests::flow_with_ports;
use crate::wire::gquic::tests::{chlo, datagram as google_datagram};
use crate::wire::handshake::tests::{client_hello, name};
use crate::wire::quic::tests::{bytes, protect};

const V1: Version = Version(1);
const V2: Version = Version(0x6b33_43cf);
const FIRST: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8];
const SHORT: &[u8] = &[0x41, 7, 7, 7, 7, 7, 7];

fn flow() -> FlowInfo {
    flow_with_ports(Transport::Udp, 50_000, 443)
}

/// Runs a dialogue over datagrams.
fn run(datagrams: &[(Side, Vec<u8>)]) -> (Vec<Row>, Facts, Appetite) {
    run_on(&flow(), datagrams)
}

fn run_on(flow: &FlowInfo, datagrams: &[(Side, Vec<u8>)]) -> (Vec<Row>, Facts, Appetite) {
    let mut rows = Vec::new();
    let mut dialogue = open(flow);
    let mut context = Context { flow, rows: &mut rows };
    let mut appetite = Appetite::More;
    for (frame, (side, bytes)) in (1..).zip(datagrams) {
        let data = Data { side: *side, bytes, frame, time: Timestamp::from_parts(0, 0), is_cut: false };
        appetite = dialogue.data(data, &mut context);
    }
    dialogue.finish(&mut context);
    let facts = dialogue.facts();
    (rows, facts, appetite)
}

fn only(rows: &[Row]) -> &QuicRow {
    let rows: Vec<&Row> = rows.iter().filter(|row| !matches!(row, Row::Finding(_))).collect();
    match rows[..] {
        [Row::Quic(row)] => row,
        ref other => panic!("{other:?}"),
    }
}

fn recognised(datagram: &[u8]) -> bool {
    recognise(Probe { bytes: datagram, flow: &flow() }) == Recognised::Yes
}

/// A CRYPTO frame.
fn crypto(offset: u16, bytes: &[u8]) -> Vec<u8> {
    [&[6][..], &(offset | 0x4000).to_be_bytes(), &(u16::try_from(bytes.len()).unwrap() | 0x4000).to_be_bytes(), bytes].concat()
}

fn hello() -> Vec<u8> {
    client_hello(&[(0, &name("Q.Example")), (16, b"\x00\x03\x02h3"), (43, &[2, 3, 4]), (57, &bytes("7129 03 616263"))])
}

/// A client's first datagram, padded.
fn first(version: Version, identifier: &[u8]) -> Vec<u8> {
    let mut payload = crypto(0, &hello());
    payload.resize(1_162, 0);
    protect(version, End::Client, identifier, [0; 4], &payload)
}

fn answer(version: Version) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([5; 32]);
    body.extend([0, 0x13, 0x02, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
    let message = [&[2, 0, 0, u8::try_from(body.len()).unwrap()][..], &body].concat();
    // ACK with one range more, PING, then the hello.
    let payload = [&[2, 9, 0, 1, 0, 3, 3, 1][..], &crypto(0, &message)].concat();
    protect(version, End::Server, FIRST, [0, 0, 0, 1], &payload)
}

#[test]
fn tells_a_connection() {
    let (rows, facts, appetite) =
        run(&[(Side::Device, first(V1, FIRST)), (Side::Remote, [answer(V1), SHORT.to_vec()].concat()), (Side::Device, SHORT.to_vec())]);
    let quic = only(&rows);
    assert_eq!(appetite, Appetite::Done);
    assert_eq!(
        (quic.hellos.server_name.as_deref(), quic.quic_version.as_str(), quic.dcid.as_str()),
        (Some("q.example"), "v1", "0102030405060708")
    );
    assert_eq!((quic.hellos.version.as_deref(), quic.hellos.cipher.as_deref()), (Some("TLS 1.3"), Some("TLS_AES_256_GCM_SHA384")));
    assert_eq!((quic.hellos.alpn.as_slice(), quic.user_agent.as_deref()), (&["h3".to_owned()][..], Some("abc")));
    assert_eq!((quic.from_device, quic.established, quic.datagrams, quic.origin.frame), (true, true, 1, 2));
    assert!(quic.hellos.ja4.as_deref().unwrap().starts_with("q13d0204h3_"));
    assert_eq!((facts.application, facts.encryption, facts.names.len()), (Some("quic"), Encryption::Quic, 1));
}

#[test]
fn pieces_come_in_any_order() {
    let hello = hello();
    let [a, b, c] = [&hello[..20], &hello[20..50], &hello[50..]];
    let one = [crypto(50, c), vec![0; 10], crypto(0, a)].concat();
    let two = [vec![1], crypto(10, &hello[10..30]), crypto(20, b)].concat();
    let datagrams = [one, two].map(|payload| (Side::Device, protect(V1, End::Client, FIRST, [0; 4], &[payload, vec![0; 40]].concat())));
    for order in [[0, 1], [1, 0]] {
        let (rows, _, _) = run(&order.map(|index| datagrams[index].clone()));
        let quic = only(&rows);
        assert_eq!((quic.hellos.server_name.as_deref(), quic.datagrams, quic.origin.frame), (Some("q.example"), 2, 2));
    }
    let together = [datagrams[0].1.clone(), datagrams[1].1.clone()].concat();
    assert_eq!(only(&run(&[(Side::Device, together)]).0).datagrams, 1);
}

#[test]
fn a_hello_whose_end_is_lost_still_names_the_server() {
    let hello = hello();
    let (rows, facts, _) = run(&[(Side::Device, protect(V1, End::Client, FIRST, [0; 4], &crypto(0, &hello[..hello.len() - 5])))]);
    assert_eq!((only(&rows).hellos.server_name.as_deref(), only(&rows).hellos.ja4.as_deref()), (Some("q.example"), None));
    assert_eq!(facts.quality, ["hello-cut"]);
}

#[test]
fn a_retry_changes_the_keys() {
    let second = [9; 10];
    let retry = bytes("f0 00000001 00 0a 09090909090909090909 aabb 00000000000000000000000000000000");
    let half = hello().len() / 2;
    let begun = protect(V1, End::Client, FIRST, [0; 4], &[crypto(0, &hello()[..half]), vec![0; 40]].concat());
    let (rows, _, _) = run(&[(Side::Device, begun), (Side::Remote, retry), (Side::Device, first(V1, &second))]);
    let quic = only(&rows);
    assert_eq!((quic.hellos.server_name.as_deref(), quic.dcid.as_str(), quic.origin.frame), (Some("q.example"), "0102030405060708", 3));
}

#[test]
fn the_server_may_move_to_version_2() {
    let (rows, _, _) = run(&[(Side::Device, first(V1, FIRST)), (Side::Remote, answer(V2))]);
    assert_eq!((only(&rows).quic_version.as_str(), only(&rows).hellos.cipher.is_some()), ("v2", true));
}

#[test]
fn the_client_is_who_opens_with_its_own_keys() {
    let (rows, _, _) = run(&[(Side::Remote, first(V1, FIRST)), (Side::Device, answer(V1))]);
    assert_eq!((only(&rows).from_device, only(&rows).hellos.cipher.is_some()), (false, true));
    // Only the server was captured: its version is all that is known.
    let (rows, _, _) = run(&[(Side::Remote, answer(V1))]);
    assert_eq!((only(&rows).from_device, only(&rows).hellos.server_name.as_deref(), only(&rows).quic_version.as_str()), (true, None, "v1"));
}

#[test]
fn every_version_opens() {
    for number in
        [1, 0x6b33_43cf, 0x709a_50c4, 0xff00_0016, 0xff00_001b, 0xff00_001d, 0xff00_0022, 0xfaceb001, 0xfaceb002, 0x1a2a_3a4a, 0x7777_7777]
    {
        let datagram = first(Version(number), FIRST);
        assert!(recognised(&datagram), "{number:08x}");
        assert_eq!(only(&run(&[(Side::Device, datagram)]).0).hellos.server_name.as_deref(), Some("q.example"), "{number:08x}");
    }
}

#[test]
fn tells_google_quic() {
    let hello = chlo(&[(b"PAD\0", &[b'-'; 300]), (b"SNI\0", b"Www.Example"), (b"UAID", b"Chrome/60")]);
    for version in [b"Q039", b"Q043"] {
        let datagram = google_datagram(version, &hello);
        assert!(recognised(&datagram));
        let (rows, facts, _) = run(&[(Side::Device, datagram)]);
        let quic = only(&rows);
        assert_eq!((quic.hellos.server_name.as_deref(), quic.user_agent.as_deref()), (Some("www.example"), Some("Chrome/60")));
        assert_eq!((quic.quic_version.as_bytes(), quic.hellos.ja4.as_deref(), facts.names.len()), (&version[..], None, 1));
    }
    let mut frame = crypto(0, &hello);
    frame[0] = 8;
    let (rows, _, _) = run(&[(Side::Device, protect(Version::Q050, End::Client, FIRST, [0; 4], &frame))]);
    assert_eq!((only(&rows).hellos.server_name.as_deref(), only(&rows).quic_version.as_str()), (Some("www.example"), "Q050"));
}

#[test]
fn knows_dns_over_quic() {
    let offer = |alpn: &[u8]| {
        let hello = client_hello(&[(16, alpn)]);
        (Side::Device, protect(V1, End::Client, FIRST, [0; 4], &crypto(0, &hello)))
    };
    let told = |port, datagram: (Side, Vec<u8>)| {
        let facts = run_on(&flow_with_ports(Transport::Udp, 50_000, port), &[datagram]).1;
        (facts.application, facts.application_basis)
    };
    for port in [443, 853] {
        assert_eq!(told(port, offer(b"\x00\x04\x03doq")), (Some("doq"), ApplicationBasis::Content));
        assert_eq!(told(port, offer(b"\x00\x08\x07doq-i11")), (Some("doq"), ApplicationBasis::Content));
        assert_eq!(told(port, offer(b"\x00\x03\x02h3")), (Some("quic"), ApplicationBasis::Content));
    }
    for port in [853, 784, 8853] {
        assert_eq!(told(port, (Side::Remote, SHORT.to_vec())), (Some("doq"), ApplicationBasis::Port));
    }
    assert_eq!(told(443, (Side::Remote, SHORT.to_vec())), (Some("quic"), ApplicationBasis::Content));
}

#[test]
fn recognises_by_content() {
    assert!(recognised(&bytes("80 00000000 00 08 8394c8f03e515708 00000001 ff00001d")));
    assert!(!recognised(&bytes("80 00000000 00 08 8394c8f03e515708 00000099")));
    assert!(!recognised(SHORT));
    assert!(!recognised(&[]));
    // An RTP packet and a DNS message.
    assert!(!recognised(&bytes("80 60 0001 00000001 00000002 0102030405")));
    assert!(!recognised(&bytes("8182 0100 0001 0000 0000 0000 01 61 00 0001 0001")));
    let mut unknown = first(Version(0x7777_7777), FIRST);
    unknown[100] ^= 1;
    assert!(!recognised(&unknown));
}

#[test]
fn it_ends_without_an_answer_too() {
    let mut datagrams = vec![(Side::Device, first(V1, FIRST))];
    datagrams.extend((0..limits::QUIC_DATAGRAMS).map(|_| (Side::Remote, SHORT.to_vec())));
    let (rows, _, appetite) = run(&datagrams);
    assert_eq!((appetite, only(&rows).established), (Appetite::Done, false));
}

proptest! {
    #[test]
    fn any_datagrams_are_survived(datagrams in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..80)), 0..12)) {
        let datagrams: Vec<_> = datagrams.into_iter().map(|(is_device, bytes)| (if is_device { Side::Device } else { Side::Remote }, bytes)).collect();
        for (_, datagram) in &datagrams {
            recognised(datagram);
        }
        run(&datagrams);
    }

    #[test]
    fn any_payload_is_survived(payload in prop::collection::vec(any::<u8>(), 4..300), server in prop::collection::vec(any::<u8>(), 4..300)) {
        for version in [V1, Version::Q050] {
            run(&[
                (Side::Device, protect(version, End::Client, FIRST, [0; 4], &payload)),
                (Side::Remote, protect(version, End::Server, FIRST, [0; 4], &server)),
            ]);
        }
    }

    #[test]
    fn a_changed_byte_opens_nothing(index in any::<prop::sample::Index>(), change in 1_u8..) {
        let mut datagram = first(V1, FIRST);
        let place = index.index(datagram.len());
        datagram[place] ^= change;
        let (rows, _, _) = run(&[(Side::Device, datagram)]);
        let has_name = rows.iter().any(|row| matches!(row, Row::Quic(row) if row.hellos.server_name.is_some()));
        prop_assert!(!has_name);
    }
}
