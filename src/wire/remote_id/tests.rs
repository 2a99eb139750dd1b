use super::*;

/// A pack of an aircraft over Georgia: Basic ID, Location, System.
const PACK: [u8; 78] = [
    0xf2, 0x19, 0x03, // pack, version 2, 25 bytes, 3 messages
    0x02, 0x12, 0x31, 0x35, 0x38, 0x31, 0x46, 0x36, 0x4e, 0x38, 0x41, 0x32, 0x33, 0x42, 0x32, 0x4d, 0x4c, 0x33, 0x59, 0x33, 0x4b,
    0x52, //
    0x00, 0x00, 0x00, //
    0x12, 0x22, 0xb5, 0x00, 0x00, 0xad, 0xe9, 0x10, 0x14, 0x82, 0x85, 0x02, 0xcf, 0x00, 0x00, 0x74, 0x08, 0xd3, 0x07, 0x2c, 0x04,
    0xa7, //
    0x35, 0x0a, 0x00, //
    0x42, 0x01, 0x2c, 0x9a, 0x10, 0x14, 0x19, 0x8c, 0x02, 0xcf, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x70, 0x08, 0x2d,
    0x33, //
    0xd9, 0x0a, 0x00,
];

fn location_of(bytes: &[u8; 25]) -> Location {
    match read(bytes).messages.as_slice() {
        [Message::Location(location)] => *location,
        other => panic!("no location: {other:?}"),
    }
}

#[test]
fn reads_a_pack() {
    let broadcast = read(&PACK);
    assert_eq!((broadcast.version, broadcast.faults.as_slice()), (2, &[][..]));
    let [Message::BasicId(id), Message::Location(location), Message::System(system)] = broadcast.messages.as_slice() else {
        panic!("other messages: {broadcast:?}")
    };
    assert_eq!((id.kind, id.aircraft, id.id), (1, 2, &b"1581F6N8A23B2ML3Y3KR"[..]));
    assert_eq!(location.position, Some(Position { latitude: 33.665_271_7, longitude: -82.191_833_4 }));
    assert_eq!((location.status, location.direction, location.speed, location.vertical_speed), (2, None, Some(0.0), Some(0.0)));
    assert_eq!((location.pressure_altitude, location.altitude, location.height), (None, Some(82.0), Some(1.5)));
    assert_eq!((location.accuracy, location.vertical_accuracy, location.tenths), (Some(1.0), Some(45.0), Some(13_735)));
    assert_eq!(system.operator, Some(Position { latitude: 33.663_236_4, longitude: -82.191_664_7 }));
    // 2024-10-07T13:22:53Z.
    assert_eq!((system.kind, system.altitude, system.count, system.time, system.class), (1, Some(80.0), 1, Some(1_728_307_373), None));
}

#[test]
fn values_that_say_nothing_are_none() {
    let mut unknown = [0; 25];
    unknown[..5].copy_from_slice(&[0x12, 0x03, 181, 255, 126]);
    unknown[21..23].copy_from_slice(&[0xff, 0xff]);
    let location = location_of(&unknown);
    assert_eq!((location.direction, location.speed, location.vertical_speed), (None, None, None));
    assert_eq!((location.position, location.altitude, location.height, location.tenths), (None, None, None, None));
    assert_eq!((location.accuracy, location.vertical_accuracy), (None, None));
    assert_eq!((status_name(0), aircraft_name(0), authentication_name(0)), (None, None, None));
}

#[test]
fn fast_low_and_west_are_read_by_their_flags() {
    let mut bytes = [0; 25];
    bytes[..5].copy_from_slice(&[0x12, 0x37, 90, 1, 0xfe]);
    bytes[17..19].copy_from_slice(&[0xd1, 0x07]);
    let location = location_of(&bytes);
    assert_eq!((location.direction, location.speed, location.vertical_speed), (Some(270.0), Some(64.5), Some(-1.0)));
    assert_eq!((location.height, location.is_above_ground, status_name(location.status)), (Some(0.5), true, Some("emergency")));
}

#[test]
fn texts_end_at_their_first_zero() {
    let mut text = [0; 25];
    text[..9].copy_from_slice(b"\x30\x00Survey\0");
    text[20] = b'x';
    assert_eq!(read(&text).messages, [Message::SelfId(b"Survey")]);
    text[0] = 0x50;
    assert_eq!(read(&text).messages, [Message::OperatorId(b"Survey")]);
}

#[test]
fn a_signature_comes_in_pages() {
    let mut first = [0; 25];
    first[..8].copy_from_slice(&[0x22, 0x30, 1, 40, 0x2d, 0x33, 0xd9, 0x0a]);
    let head = Some((1, 40, 1_728_307_373));
    assert_eq!(read(&first).messages, [Message::Authentication(Page { kind: 3, number: 0, head })]);
    first[1] = 0x31;
    assert_eq!(read(&first).messages, [Message::Authentication(Page { kind: 3, number: 1, head: None })]);
}

#[test]
fn an_operator_may_declare_a_class() {
    let mut bytes = [0; 25];
    bytes[..2].copy_from_slice(&[0x42, 0x04]);
    bytes[12] = 5;
    bytes[17] = 0x12;
    let broadcast = read(&bytes);
    let [Message::System(system)] = broadcast.messages.as_slice() else { panic!("no system: {broadcast:?}") };
    assert_eq!((system.class, system.radius, system.operator, system.time), (Some((1, 2)), 50, None, None));
}

#[test]
fn faults_are_told_and_leave_the_rest() {
    let faults = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = PACK.to_vec();
        change(&mut bytes);
        let broadcast = read(&bytes);
        (broadcast.messages.len(), broadcast.faults)
    };
    assert_eq!(faults(&|bytes| bytes[1] = 24), (0, vec![Fault::Length(24)]));
    assert_eq!(faults(&|bytes| bytes[2] = 0), (0, vec![Fault::Empty]));
    assert_eq!(faults(&|bytes| bytes[28] = 0xf2), (2, vec![Fault::Kind(15)]));
    assert_eq!(faults(&|bytes| bytes[28] = 0x62), (2, vec![Fault::Kind(6)]));
    assert_eq!(faults(&|bytes| bytes.truncate(77)), (2, vec![Fault::Short(Short { needed: 25, left: 24 })]));
    let many = |bytes: &mut Vec<u8>| {
        bytes[2] = 200;
        bytes.extend([0x32; 25 * 7]);
    };
    assert_eq!(faults(&many), (9, vec![Fault::Count(200)]));
    for end in 0..PACK.len() {
        let broadcast = read(&PACK[..end]);
        assert_eq!((broadcast.messages.len(), broadcast.faults.len()), (end.saturating_sub(3) / 25, 1), "{end}");
    }
}
