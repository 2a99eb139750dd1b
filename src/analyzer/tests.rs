mod broadcasts;

use super::*;
use crate::wire::LinkType;
use proptest::prelude::*;

fn analyze(link: u16, frames: &[Vec<u8>]) -> Finished {
    let mut analyzer = Analyzer::new("case".into(), Devices::default(), 1);
    push(&mut analyzer, link, frames, 0);
    analyzer.finish()
}

/// Frames a second apart, from this second on.
fn push(analyzer: &mut Analyzer, link: u16, frames: &[Vec<u8>], start: usize) {
    for (index, bytes) in frames.iter().enumerate() {
        push_from(analyzer, (link, 0), (index as u64 + 1, i64::try_from(start + index).unwrap() * 1_000), bytes);
    }
}

/// A frame of an interface, with its number and its time in milliseconds.
fn push_from(analyzer: &mut Analyzer, (link, interface): (u16, u32), (number, time): (u64, i64), bytes: &[u8]) {
    analyzer.push(&Frame {
        number,
        time: Timestamp::from_nanos(time * 1_000_000),
        interface,
        interface_name: None,
        link: LinkType(link),
        wire_len: u32::try_from(bytes.len()).unwrap(),
        bytes,
        direction: None,
        offset: 0,
    });
}

/// An IPv4 packet with a TCP segment of 192.0.2.1:50000 to 198.51.100.1:80.
fn segment(sequence: u32, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(40 + payload.len()).unwrap().to_be_bytes();
    let ip = [&[0x45, 0][..], &length, &[0, 1, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1]].concat();
    let tcp = [&[0xc3, 0x50, 0, 80][..], &sequence.to_be_bytes(), &[0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0]].concat();
    [&ip[..], &tcp, payload].concat()
}

#[test]
fn an_anomaly_of_a_dialogue_is_counted_once() {
    let head = b"POST / HTTP/1.1\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n";
    let mut frames = vec![segment(1, head)];
    let mut sequence = 1 + u32::try_from(head.len()).unwrap();
    for _ in 0..300 {
        frames.push(segment(sequence, b"body"));
        sequence += 4;
    }
    let finished = analyze(101, &frames);
    let anomalies = finished.rows.iter().filter(|row| matches!(row, Row::Anomaly(_)));
    assert_eq!(anomalies.count(), 1);
    assert!(matches!(finished.rows.last(), Some(Row::Flow(flow)) if flow.application.as_deref() == Some("http")));
}

/// A request whose body is sent piece by piece.
fn upload() -> Vec<Vec<u8>> {
    let head = b"POST /up HTTP/1.1\r\nHost: a.example\r\nContent-Length: 40\r\n\r\n";
    let mut frames = vec![segment(1, head)];
    let mut sequence = 1 + u32::try_from(head.len()).unwrap();
    for _ in 0..10 {
        frames.push(segment(sequence, b"body"));
        sequence += 4;
    }
    frames
}

/// Flows and requests of a capture cut in two; the second begins so many seconds after the first.
fn cut(frames: &[Vec<u8>], place: usize, after: usize) -> (Vec<Flow>, Vec<crate::record::Http>) {
    let (one, other) = frames.split_at(place);
    let mut first = Analyzer::new("one".into(), Devices::default(), 1);
    push(&mut first, 101, one, 100);
    let (finished, open) = first.pause();
    let mut second = Analyzer::new("other".into(), Devices::default(), finished.next_flow).going_on(open);
    push(&mut second, 101, other, after);
    let (mut flows, mut requests) = (Vec::new(), Vec::new());
    for row in finished.rows.into_iter().chain(second.finish().rows) {
        match row {
            Row::Flow(flow) => flows.push(*flow),
            Row::Http(http) => requests.push(*http),
            _ => {}
        }
    }
    (flows, requests)
}

#[test]
fn a_flow_cut_by_the_end_of_a_capture_goes_on_in_the_next() {
    let frames = upload();
    for place in 1..frames.len() {
        let (flows, requests) = cut(&frames, place, 100 + place);
        let sent: u64 = flows.iter().map(|flow| flow.outbound.unique_bytes + flow.inbound.unique_bytes).sum();
        assert_eq!((flows.len(), sent), (2, frames.iter().map(|frame| frame.len() as u64 - 40).sum()));
        assert_eq!(flows.iter().map(|flow| (&*flow.capture, flow.flow_id)).collect::<Vec<_>>(), [("one", 1), ("other", 2)]);
        assert!(flows.iter().all(|flow| flow.application.as_deref() == Some("http")), "cut at {place}");
        let [request] = &requests[..] else { panic!("{requests:?}") };
        assert_eq!((&*request.origin.capture, request.origin.flow_id, request.origin.frame), ("one", 1, 1));
        assert_eq!(request.request_bytes, 40, "cut at {place}");
    }
}

#[test]
fn what_two_interfaces_show_counts_once() {
    let mut analyzer = Analyzer::new("case".into(), Devices::default(), 1);
    let (one, other) = (segment(1, b"GET / HTTP/1.1\r\n"), segment(17, b"Host: a.example\r\n\r\n"));
    // The second datagram is sent twice, and seen twice by each interface; the last is seen again too late to be a copy.
    let frames = [(0, 0, &one), (1, 2, &one), (0, 500, &other), (0, 700, &other), (1, 702, &other), (1, 703, &other), (1, 3_000, &one)];
    for (number, (interface, time, bytes)) in (1..).zip(frames) {
        push_from(&mut analyzer, (101, interface), (number, time), bytes);
    }
    let finished = analyzer.finish();
    assert!(finished.closes());
    let frames = |disposition| finished.ledger.iter().filter(|line| line.disposition == disposition).map(|line| line.frames).sum::<u64>();
    assert_eq!((frames(Disposition::Flow), frames(Disposition::Duplicate)), (4, 3));
    let flow = finished.rows.iter().find_map(|row| if let Row::Flow(flow) = row { Some(flow) } else { None }).unwrap();
    let sent = if flow.outbound.packets > 0 { flow.outbound } else { flow.inbound };
    assert_eq!((sent.packets, sent.retransmitted_packets), (4, 2));
}

#[test]
fn what_does_not_go_on_begins_anew() {
    let frames = upload();
    // Seen at the same time, from elsewhere; hours later; and another connection between the same ends.
    let far = [&frames[..5], &[segment(0x7000_0000, b"other")]].concat();
    for (frames, after) in [(&frames, 100), (&frames, 20_000), (&far, 106)] {
        let (flows, requests) = cut(frames, 5, after);
        assert_eq!((flows.len(), requests.len(), requests[0].request_bytes), (2, 1, 16));
        assert_eq!(flows[1].application, None);
    }
}

proptest! {
    #[test]
    fn the_ledger_closes_on_anything(link in 0_u16..300, frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..20)) {
        let finished = analyze(link, &frames);
        prop_assert!(finished.closes());
        let flows: u64 = finished.rows.iter().map(|row| match row {
            Row::Flow(flow) => flow.outbound.wire_bytes + flow.inbound.wire_bytes,
            _ => 0,
        }).sum();
        let charged: u64 = finished.ledger.iter().filter(|line| line.disposition == Disposition::Flow).map(|line| line.wire_bytes).sum();
        prop_assert_eq!(flows, charged);
    }
}

#[test]
fn an_echo_is_in_clear() {
    let echo = [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 198, 51, 100, 1, 8, 0, 0, 0, 0, 1, 0, 1];
    let finished = analyze(101, &[echo.to_vec()]);
    let flow = finished.rows.iter().find_map(|row| if let Row::Flow(flow) = row { Some(flow) } else { None }).unwrap();
    assert_eq!((flow.protocol.as_str(), flow.encryption.as_str()), ("icmp", "none"));
}
