use super::*;

/// An element of a Spark at 46.948 N 7.4474 E; `after` is what its version has behind the velocities.
fn element(version: u8, heights: [u8; 4], place: [u8; 8], after: &[u8]) -> Vec<u8> {
    let head = [0x58, 0x62, 0x13, 0x10, version, 7, 0, 0xff, 0x0f];
    let velocity = [0x36, 0x01, 0xd1, 0x01, 0x19, 0x00];
    [&head[..], b"0ASUE7L0021LAB\0\0", &place, &heights, &velocity, after].concat()
}

const PLACE: [u8; 8] = [0x69, 0xd5, 0x13, 0x00, 0xb7, 0x07, 0x7d, 0x00];
const HOME: [u8; 8] = [0x75, 0xd4, 0x13, 0x00, 0x09, 0x07, 0x7d, 0x00];
const APP: [u8; 8] = [0x1a, 0x07, 0x7d, 0x00, 0x86, 0xd4, 0x13, 0x00];

fn uuid() -> Vec<u8> {
    [&[21, 13][..], b"uuid-lab-0001", &[0; 7]].concat()
}

fn flight_of(bytes: &[u8]) -> Flight<'_> {
    match read(bytes) {
        Some(Ok(Record::Flight(flight))) => flight,
        other => panic!("no flight record: {other:?}"),
    }
}

fn place(latitude: f64, longitude: f64) -> Position {
    Position { latitude, longitude }
}

fn is_at(found: Option<Position>, latitude: f64, longitude: f64) -> bool {
    found.is_some_and(|found| found.metres_to(place(latitude, longitude)) < 1.0)
}

#[test]
fn version_1_has_pitch_and_roll_before_the_yaw() {
    let bytes = element(1, [0x32, 2, 10, 0], PLACE, &[&[150, 0, 0x38, 0xff, 0xfe, 0x15][..], &HOME, &uuid()].concat());
    let flight = flight_of(&bytes);
    assert_eq!((flight.version, flight.sequence, flight.serial), (1, 7, &b"0ASUE7L0021LAB"[..]));
    assert!(is_at(flight.position, 46.948, 7.4474) && is_at(flight.home, 46.947, 7.446), "{flight:?}");
    assert_eq!((flight.altitude, flight.height, flight.heights), (Some(562.0), Some(10.0), Heights::Declared));
    assert_eq!((flight.velocity, flight.yaw, flight.order), (Some([310, 465, 25]), Some(5_630), Order::Declared));
    assert_eq!((flight.product, flight.uuid, flight.time_ms, flight.app), (Some(21), Some(&b"uuid-lab-0001"[..]), None, None));
    assert!(!flight.is_cut);
}

#[test]
fn version_2_has_time_and_app_behind_the_yaw() {
    let time = [0x68, 0x68, 0xa6, 0xab, 0x9a, 1, 0, 0];
    let after = [&[0xfe, 0x15][..], &time, &APP, &HOME, &uuid()].concat();
    let bytes = element(2, [100, 0, 0x32, 2], PLACE, &after);
    let flight = flight_of(&bytes);
    assert_eq!((flight.yaw, flight.time_ms), (Some(5_630), Some(1_763_816_401_000)));
    assert!(is_at(flight.app, 46.9471, 7.4461) && is_at(flight.home, 46.947, 7.446), "{flight:?}");
    assert_eq!((flight.altitude, flight.height, flight.heights), (Some(562.0), Some(10.0), Heights::HeightFirst));
    let declared = element(2, [0x32, 2, 100, 0], PLACE, &after);
    let declared = flight_of(&declared);
    assert_eq!((declared.altitude, declared.height, declared.heights), (Some(562.0), Some(100.0), Heights::Declared));
}

#[test]
fn latitude_first_is_found_by_the_earth_and_by_the_app() {
    // 34.347 N 119.062 W, home 22.537 N 113.952 E, both latitude first.
    let (over, home) = ([0xbd, 0x78, 0x5b, 0, 0x28, 0xeb, 0xc2, 0xfe], [0x0a, 0x05, 0x3c, 0, 0, 0x79, 0x2f, 1]);
    let bytes = element(1, [0; 4], over, &[&[0; 6][..], &home, &uuid()].concat());
    let flight = flight_of(&bytes);
    assert!(is_at(flight.position, 34.347, -119.062) && is_at(flight.home, 22.537, 113.952), "{flight:?}");
    assert_eq!(flight.order, Order::OnlyPlace);
    let swapped = |place: [u8; 8]| [&place[4..], &place[..4]].concat();
    let after = [&[0; 10][..], &APP, &swapped(HOME), &uuid()].concat();
    let bytes = element(2, [0; 4], swapped(PLACE).try_into().unwrap(), &after);
    let flight = flight_of(&bytes);
    assert!(is_at(flight.position, 46.948, 7.4474) && is_at(flight.home, 46.947, 7.446), "{flight:?}");
    assert_eq!(flight.order, Order::NearApp);
}

#[test]
fn a_cut_record_keeps_what_comes_before_the_cut() {
    let whole = element(1, [0x32, 2, 10, 0], PLACE, &[&[0; 6][..], &HOME, &uuid()].concat());
    let cut = flight_of(&whole[..76]);
    assert!(is_at(cut.home, 46.947, 7.446) && cut.is_cut);
    assert_eq!(cut.uuid, Some(&b"uuid-lab-0001"[..]));
    for end in 0..whole.len() {
        match read(&whole[..end]) {
            None => assert!(end < 4, "{end}"),
            Some(Err(fault)) => assert!(fault == Fault::Short && end < 25, "{end}"),
            Some(Ok(Record::Flight(flight))) => assert_eq!((flight.is_cut, flight.position.is_some()), (true, end >= 33), "{end}"),
            Some(Ok(other)) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_purpose_is_what_its_lengths_say() {
    let head = [&[0x58, 0x62, 0x13, 0x11][..], b"0ASUE7L0021LAB\0\0"].concat();
    let whole = [&head[..], &[9], b"LABDRONE1\0", &[22], b"Bridge inspection, lab", &[0; 78]].concat();
    let expected = Purpose { serial: b"0ASUE7L0021LAB", identification: b"LABDRONE1", purpose: b"Bridge inspection, lab", is_cut: false };
    assert_eq!(read(&whole), Some(Ok(Record::Purpose(expected))));
    let cut = Purpose { purpose: b"Bridge", is_cut: true, ..expected };
    assert_eq!(read(&whole[..38]), Some(Ok(Record::Purpose(cut))));
    // Lengths written as digits are longer than their fields.
    let digits = [&head[..], b"9LABDRONE1\0", b"7x", &[0; 99]].concat();
    let Some(Ok(Record::Purpose(purpose))) = read(&digits) else { panic!("no purpose") };
    assert_eq!((purpose.identification, purpose.purpose), (&b"LABDRONE1"[..], &b"x"[..]));
}

#[test]
fn other_elements_and_kinds_are_told_apart() {
    assert_eq!(read(&[0x58, 0x62, 0x14, 0x10]), None);
    assert_eq!(read(&[0x58, 0x62, 0x13, 0x12]), Some(Err(Fault::Kind(0x12))));
    assert_eq!(State(0x31).names().collect::<Vec<_>>(), ["serial-valid", "motors-on", "in-air"]);
    assert_eq!((State(0x31).status(), State(0).status(), product_name(21)), ("airborne", "motors-off", Some("Spark")));
}
