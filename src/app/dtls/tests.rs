//! Datagrams of handshakes in, rows out; connections that are opened are in tests/it/dtls.rs.

use super::*;
use crate::app::tests::flow_with_ports;
use crate::wire::handshake::tests::{client_hello, name};
use crate::wire::x509::tests::certificate;

const DEVICE: Side = Side::Device;
const REMOTE: Side = Side::Remote;

fn run(datagrams: &[(Side, Vec<u8>)]) -> (Vec<Row>, Facts) {
    let flow = flow_with_ports(Transport::Udp, 50_000, 5684);
    let mut rows = Vec::new();
    let mut dialogue = (PROTOCOL.open)(&flow);
    let mut context = Context { flow: &flow, rows: &mut rows };
    for (frame, (side, bytes)) in (1..).zip(datagrams) {
        dialogue.data(Data { side: *side, bytes, frame, time: Timestamp::from_parts(1_800_000_000, 0), is_cut: false }, &mut context);
    }
    dialogue.finish(&mut context);
    let facts = dialogue.facts();
    (rows, facts)
}

fn record(content: u8, epoch: u8, body: &[u8]) -> Vec<u8> {
    [&[content, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 1][..], &u16::try_from(body.len()).unwrap().to_be_bytes(), body].concat()
}

/// A message with a head of DTLS, in pieces of so many bytes, each in a record.
fn pieces(number: u8, message: &[u8], width: usize) -> Vec<Vec<u8>> {
    let (head, body) = message.split_at(4);
    let piece = |(at, bytes): (usize, &[u8])| {
        let count = |value: usize| u32::try_from(value).unwrap().to_be_bytes();
        record(22, 0, &[head, &[0, number], &count(at * width)[1..], &count(bytes.len())[1..], bytes].concat())
    };
    body.chunks(width).enumerate().map(piece).collect()
}

fn hello(random: u8, cookie: &[u8]) -> Vec<u8> {
    let mut hello = client_hello(&[(0, &name("Coap.Example")), (16, b"\x00\x05\x04coap")]);
    hello[4..6].copy_from_slice(&[0xfe, 0xfd]);
    hello[6..38].fill(random);
    hello.splice(39..39, [&[u8::try_from(cookie.len()).unwrap()], cookie].concat());
    let length = u32::try_from(hello.len() - 4).unwrap().to_be_bytes();
    hello[1..4].copy_from_slice(&length[1..]);
    hello
}

fn server_hello() -> Vec<u8> {
    [&[2, 0, 0, 38, 0xfe, 0xfd][..], &[5; 32], &[0, 0xc0, 0x2f, 0]].concat()
}

fn tls(rows: &[Row]) -> Vec<&TlsRow> {
    rows.iter().filter_map(|row| if let Row::Tls(row) = row { Some(&**row) } else { None }).collect()
}

#[test]
fn a_handshake_with_a_cookie_and_pieces_in_any_order() {
    let chain = certificate();
    let length = u32::try_from(chain.len()).unwrap().to_be_bytes();
    let whole = u32::try_from(chain.len() + 3).unwrap().to_be_bytes();
    let body = [&whole[1..], &length[1..], &chain].concat();
    let message = [&[11][..], &u32::try_from(body.len()).unwrap().to_be_bytes()[1..], &body].concat();
    let mut datagrams: Vec<(Side, Vec<u8>)> = pieces(0, &hello(7, b""), 1_000).into_iter().map(|bytes| (DEVICE, bytes)).collect();
    datagrams.push((REMOTE, pieces(0, &[3, 0, 0, 5, 0xfe, 0xff, 2, 9, 9], 99).concat()));
    let mut second = pieces(1, &hello(7, b"\x09\x09"), 30);
    second.reverse();
    datagrams.extend(second.into_iter().map(|bytes| (DEVICE, bytes)));
    let mut certificates = pieces(2, &message, 200);
    certificates.rotate_left(1);
    datagrams.extend(certificates.iter().cloned().map(|bytes| (REMOTE, bytes)));
    datagrams.push((REMOTE, pieces(1, &server_hello(), 99).concat()));
    datagrams.extend(certificates.into_iter().map(|bytes| (REMOTE, bytes)));
    datagrams.push((DEVICE, [record(20, 0, &[1]), record(22, 1, &[7; 40])].concat()));
    datagrams.push((DEVICE, record(23, 1, &[7; 40])));
    let (rows, facts) = run(&datagrams);
    let [row] = tls(&rows)[..] else { panic!("one handshake: {rows:?}") };
    assert_eq!(
        (row.hellos.version.as_deref(), row.hellos.cipher.as_deref()),
        (Some("DTLS 1.2"), Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"))
    );
    assert_eq!((row.hellos.server_name.as_deref(), row.hellos.alpn.as_slice()), (Some("coap.example"), &["coap".to_owned()][..]));
    assert!(row.established && row.from_device && row.hellos.ja4.as_deref().unwrap().starts_with("dd2d0202cp_"), "{row:?}");
    assert_eq!(row.hello_frames.len(), 4, "{:?}", row.hello_frames);
    assert_eq!(rows.iter().filter(|row| matches!(row, Row::Certificate(_))).count(), 1, "sent again, read once");
    assert_eq!((facts.application, facts.encryption), (Some("dtls"), Encryption::Dtls));
    assert!(!rows.iter().any(|row| matches!(row, Row::Anomaly(_))));
}

#[test]
fn ends_that_keep_their_ports_begin_again() {
    let connection = |random| {
        [
            (DEVICE, pieces(0, &hello(random, b""), 1_000).concat()),
            (REMOTE, pieces(0, &server_hello(), 99).concat()),
            (DEVICE, record(23, 1, &[7; 40])),
        ]
    };
    let (rows, facts) = run(&[connection(1), connection(2), connection(2)].concat());
    assert_eq!(tls(&rows).iter().map(|row| row.hello_frames.join(" ")).collect::<Vec<_>>(), ["client:1 server:2", "client:4 server:5"]);
    assert_eq!(facts.names.len(), 1);
}

#[test]
fn what_is_left_of_a_hello_is_told() {
    let (rows, facts) = run(&[(DEVICE, pieces(0, &hello(7, b""), 60).swap_remove(0))]);
    let [row] = tls(&rows)[..] else { panic!("one handshake: {rows:?}") };
    assert_eq!((row.hellos.ja4.as_deref(), facts.quality.as_slice()), (None, &["hello-cut"][..]));
}

#[test]
fn what_is_no_record_is_damage_only_where_it_would_be_one() {
    let hello = (DEVICE, pieces(0, &hello(7, b""), 1_000).concat());
    let stun = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
    let (rows, _) = run(&[hello.clone(), (REMOTE, stun)]);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let (rows, _) = run(&[hello, (REMOTE, vec![22, 3, 3, 0]), (REMOTE, vec![22, 3, 3, 0])]);
    assert!(matches!(&rows[..], [Row::Anomaly(anomaly), Row::Tls(_)] if anomaly.kind == "dtls-malformed"), "{rows:?}");
}
