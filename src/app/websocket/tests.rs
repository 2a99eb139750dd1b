//! Compressed messages are looked through, whatever the pieces they come in.

use std::sync::Arc;

use flate2::{Compress, Compression, FlushCompress};

use super::super::exchange::empty_row;
use super::super::tests::flow_with_ports;
use super::super::{FlowInfo, Transport};
use super::*;
use crate::record::Finding;
use crate::search::Search;

const MAIL: &[u8] = b"{\"mail\":\"pilot.lab@example.net\",\"n\":1}";

fn flow() -> FlowInfo {
    let mut flow = flow_with_ports(Transport::Tcp, 50_000, 80);
    flow.content = flow.content.searched_for(&Arc::new(Search::default()));
    flow
}

/// A message without the end that is never sent, with the window of those before it.
fn pack(state: &mut Compress, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 1_000);
    state.compress_vec(message, &mut out, FlushCompress::Sync).unwrap();
    out.strip_suffix(&[0, 0, 0xff, 0xff]).unwrap().to_vec()
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let key = [9, 8, 7, 6];
    let length = u16::try_from(payload.len()).unwrap();
    let head = if length < 126 { vec![0x80 | u8::try_from(length).unwrap()] } else { [&[0xfe][..], &length.to_be_bytes()].concat() };
    let masked = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect::<Vec<u8>>();
    [&[first][..], &head, &key, &masked].concat()
}

fn run(steps: &[Option<Vec<u8>>], piece: usize) -> (Vec<Finding>, Vec<&'static str>) {
    let flow = flow();
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    let mut socket = WebSocket::new(&empty_row(Side::Device, "HTTP/1.1".to_owned(), (1, Timestamp::default()), &flow));
    for (frame, step) in (2..).zip(steps) {
        match step {
            Some(bytes) => {
                for bytes in bytes.chunks(piece) {
                    let data = Data { side: Side::Device, bytes, frame, time: Timestamp::default(), is_cut: false };
                    socket.data(data, &mut context);
                }
            }
            None => _ = socket.gap(Side::Device, 1, &mut context),
        }
    }
    socket.finish(&mut context);
    let (mut findings, mut anomalies) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Finding(row) => findings.push(*row),
            Row::Anomaly(row) => anomalies.push(row.kind),
            _ => {}
        }
    }
    (findings, anomalies)
}

fn told(steps: &[Option<Vec<u8>>]) -> (Vec<(&'static str, u64)>, Vec<&'static str>) {
    let whole = run(steps, usize::MAX);
    for piece in [1, 3, 100] {
        assert_eq!(run(steps, piece), whole, "pieces of {piece}");
    }
    (whole.0.iter().map(|finding| (finding.kind, finding.frame.unwrap())).collect(), whole.1)
}

#[test]
fn messages_refer_to_those_before_and_stand_alone() {
    let mut state = Compress::new(Compression::best(), false);
    let [first, second] = [pack(&mut state, MAIL), pack(&mut state, MAIL)];
    assert!(second.len() < first.len() / 2, "a reference to the first");
    let (one, other) = second.split_at(second.len() / 2);
    let parts = [frame(0x41, one), frame(0x89, b"ping"), frame(0x80, other)].concat();
    let plain = [frame(0x81, b"pilot.lab@example."), frame(0x81, b"net")].concat();
    let (found, anomalies) = told(&[Some(frame(0xc1, &first)), Some(parts), Some(plain), Some(frame(0x81, MAIL))]);
    assert_eq!((found, anomalies), (vec![("email", 2), ("email", 3), ("email", 5)], vec![]));
}

#[test]
fn behind_a_hole_compressed_messages_stay_closed_and_others_do_not() {
    let mut state = Compress::new(Compression::best(), false);
    let [first, second] = [pack(&mut state, MAIL), pack(&mut state, MAIL)];
    let whole = frame(0xc1, &first);
    let steps = [Some(whole[..9].to_vec()), None, Some(whole[10..].to_vec()), Some(frame(0xc1, &second)), Some(frame(0x81, MAIL))];
    assert_eq!(told(&steps), (vec![("email", 6)], vec![]));
}

#[test]
fn damage_and_bombs_end_it() {
    let (found, anomalies) = told(&[Some(frame(0xc1, &[0xff; 40])), Some(frame(0x81, MAIL))]);
    assert_eq!((found, anomalies), (vec![("email", 3)], vec!["websocket-malformed"]));
    let mut state = Compress::new(Compression::best(), false);
    let zeros = vec![b'0'; 8 << 20];
    let (found, anomalies) = told(&[Some(frame(0xc2, &pack(&mut state, &zeros))), Some(frame(0x81, MAIL))]);
    assert_eq!((found, anomalies), (vec![("email", 3)], vec!["websocket-bomb"]));
}
