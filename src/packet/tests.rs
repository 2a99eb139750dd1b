#![expect(clippy::arithmetic_side_effects, reason = "numbers of a test are small")]

use super::*;

/// Walks one frame and tells what came out, in short words.
fn walk(link: u16, frames: &[Vec<u8>]) -> Vec<String> {
    let mut walker = Walker::default();
    let mut told = Vec::new();
    let mut emit = |item: Item<'_>| told.push(tell(&item));
    for (index, bytes) in frames.iter().enumerate() {
        let number = u64::try_from(index).unwrap() + 1;
        let frame = Frame {
            number,
            time: Timestamp::from_parts(number.cast_signed(), 0),
            interface: 0,
            interface_name: None,
            link: LinkType(link),
            wire_len: u32::try_from(bytes.len()).unwrap(),
            bytes,
            direction: None,
            offset: 0,
        };
        walker.walk(&frame, &mut emit);
    }
    walker.finish(&mut emit);
    told
}

fn tell(item: &Item<'_>) -> String {
    match item {
        Item::Packet(packet) => {
            let ports = match packet.segment {
                Segment::Tcp(tcp) => format!("tcp {:?} {}", tcp.ports, tcp.payload_len),
                Segment::Ports { ports, payload_len, .. } => format!("ports {ports:?} {payload_len}"),
                Segment::Bare { payload_len } => format!("bare {payload_len}"),
            };
            let envelope = packet.envelope;
            let tunnels: Vec<_> = envelope.tunnels.iter().map(|tunnel| tunnel.kind).collect();
            format!(
                "{}>{} {} {ports} ip={} wire={} frames={} {tunnels:?} {:?}",
                packet.source, packet.destination, packet.protocol, packet.ip_bytes, envelope.wire_bytes, envelope.frames, envelope.vlans
            )
        }
        Item::Other(envelope, disposition, reason) => format!("{} {reason} wire={}", disposition.as_str(), envelope.wire_bytes),
        Item::Management(envelope, frame) => format!("{:?} of {} in frame {}", frame.subtype, frame.transmitter, envelope.frame),
        Item::Advertisement(_, heard) => format!("advertisement {:?} of {} bytes", heard.address, heard.data.len()),
        Item::Network(row) => format!("network {}", row.bssid),
        Item::Note(_, kind, _) => (*kind).to_owned(),
    }
}

/// An IPv4 header over `payload`.
fn ipv4_packet(protocol: u8, id: u16, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(payload.len() + 20).unwrap().to_be_bytes();
    let mut packet = vec![0x45, 0, total[0], total[1]];
    packet.extend(id.to_be_bytes());
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0, 10, 0, 0, 1, 192, 0, 2, 7]);
    packet.extend(payload);
    packet
}

fn udp_packet(ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let mut packet =
        [ports.0.to_be_bytes(), ports.1.to_be_bytes(), u16::try_from(payload.len() + 8).unwrap().to_be_bytes(), [0, 0]].concat();
    packet.extend(payload);
    packet
}

fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame
}

#[test]
fn padding_is_not_payload() {
    let mut frame = ethernet(0x0800, &ipv4_packet(17, 1, 0, &udp_packet((1000, 53), b"abc")));
    frame.extend([0; 20]);
    assert_eq!(walk(1, &[frame]), ["10.0.0.1>192.0.2.7 17 ports (1000, 53) 3 ip=31 wire=65 frames=1 [] []"]);
}

#[test]
fn tags_and_tunnels_lead_to_the_innermost_packet() {
    let inner = ipv4_packet(17, 1, 0, &udp_packet((5, 6), b"x"));
    let vxlan = [&[8, 0, 0, 0, 0, 0, 1, 0][..], &ethernet(0x0800, &inner)].concat();
    let outer = ipv4_packet(17, 2, 0, &udp_packet((40000, 4789), &vxlan));
    let tagged = [&[0x00, 0x07, 0x81, 0x00, 0x00, 0x09, 0x08, 0x00][..], &outer].concat();
    assert_eq!(walk(1, &[ethernet(0x88a8, &tagged)]), ["10.0.0.1>192.0.2.7 17 ports (5, 6) 1 ip=29 wire=101 frames=1 [\"vxlan\"] [7, 9]"]);
}

#[test]
fn fragments_are_charged_to_one_packet() {
    let whole = udp_packet((7, 8), &[9; 24]);
    let last = ipv4_packet(17, 77, 2, &whole[16..]);
    let first = ipv4_packet(17, 77, 0x2000, &whole[..16]);
    assert_eq!(walk(101, &[last, first]), ["10.0.0.1>192.0.2.7 17 ports (7, 8) 24 ip=72 wire=72 frames=2 [] []"]);
}

#[test]
fn a_datagram_that_stays_incomplete_keeps_its_ports() {
    let whole = udp_packet((7, 8), &[9; 24]);
    let told = walk(101, &[ipv4_packet(17, 77, 0x2000, &whole[..16])]);
    assert_eq!(told, ["fragments-missing", "10.0.0.1>192.0.2.7 17 ports (7, 8) 8 ip=36 wire=36 frames=1 [] []"]);
    let told = walk(101, &[ipv4_packet(17, 77, 2, &whole[16..])]);
    assert_eq!(told, ["fragments-missing", "10.0.0.1>192.0.2.7 17 bare 0 ip=36 wire=36 frames=1 [] []"]);
}

#[test]
fn what_is_not_ip_has_a_reason() {
    assert_eq!(walk(1, &[ethernet(0x0806, &[0; 28])]), ["non-ip arp wire=42"]);
    assert_eq!(walk(1, &[ethernet(0x0800, &[0x45, 0])]), ["malformed ipv4-header wire=16"]);
    assert_eq!(walk(189, &[vec![1, 2, 3]]), ["unsupported-link USB_LINUX (189) wire=3"]);
    assert_eq!(walk(1, &[vec![1, 2, 3]]), ["malformed link-header wire=3"]);
}

#[test]
fn icmp_quotes_are_not_flows() {
    let quoted = ipv4_packet(17, 1, 0, &udp_packet((5, 6), b"x"));
    let error = [&[3, 3, 0, 0, 0, 0, 0, 0][..], &quoted].concat();
    assert_eq!(walk(101, &[ipv4_packet(1, 1, 0, &error)]), ["10.0.0.1>192.0.2.7 1 bare 37 ip=57 wire=57 frames=1 [] []"]);
}

#[test]
fn a_management_frame_is_lent_beside_its_line() {
    let header = [[0xff; 6], [2; 6], [2; 6]].concat();
    let beacon = [&[0x80, 0, 0, 0][..], &header, &[0, 0]].concat();
    assert_eq!(walk(105, &[beacon]), ["Subtype(8) of 02:02:02:02:02:02 in frame 1", "wifi-management beacon wire=24"]);
    let protected = [&[0xd0, 0x40, 0, 0][..], &header, &[0, 0]].concat();
    assert_eq!(walk(105, &[protected]), ["wifi-management action wire=24"]);
}

proptest::proptest! {
    #[test]
    fn every_frame_is_accounted_for_once(link in 0_u16..300, bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let mut walker = Walker::default();
        let mut charged = (0, 0);
        let frame = Frame { number: 1, time: Timestamp::default(), interface: 0, interface_name: None, link: LinkType(link), wire_len: 200, bytes: &bytes, direction: None, offset: 0 };
        let mut emit = |item: Item<'_>| match item {
            Item::Packet(packet) => charged = (charged.0 + packet.envelope.frames, charged.1 + packet.envelope.wire_bytes),
            Item::Other(envelope, ..) => charged = (charged.0 + envelope.frames, charged.1 + envelope.wire_bytes),
            Item::Management(..) | Item::Advertisement(..) | Item::Network(..) | Item::Note(..) => {}
        };
        walker.walk(&frame, &mut emit);
        walker.finish(&mut emit);
        assert_eq!(charged.0, 1);
        assert!(charged.1 <= 200);
    }
}
