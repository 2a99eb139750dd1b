//! Broadcasts of aircraft, from the frame to the row.

use super::*;
use crate::record::{Place, RemoteId};

const SENDER: [u8; 6] = [0x60, 0x60, 0x1f, 0x5a, 0x3c, 0x01];
const ABOVE_BERN: [u8; 8] = [0x69, 0xd5, 0x13, 0x00, 0xb7, 0x07, 0x7d, 0x00];

/// A management frame of `sender`: beacons and probe responses get their fixed fields.
fn frame(control: u8, sender: [u8; 6], body: &[u8]) -> Vec<u8> {
    let fixed: &[u8] = if matches!(control, 0x80 | 0x50) { &[0; 12] } else { &[] };
    [&[control, 0, 0, 0][..], &[0xff; 6], &sender, &sender, &[0, 0], fixed, body].concat()
}

fn element(id: u8, parts: &[&[u8]]) -> Vec<u8> {
    let bytes = parts.concat();
    [&[id, u8::try_from(bytes.len()).unwrap_or_default()][..], &bytes].concat()
}

/// DJI's flight record, version 1, with another serial number and place where they matter.
fn flight(serial: &[u8; 16], place: [u8; 8]) -> Vec<u8> {
    let head = [0x26, 0x37, 0x12, 0x58, 0x62, 0x13, 0x10, 1, 7, 0, 0x33, 0];
    let motion = [0x32, 2, 10, 0, 0, 0, 0xf4, 1, 0x38, 0xff, 0, 0, 0, 0, 0x28, 0x23];
    element(221, &[&head, serial, &place, &motion, &[0; 8], &[21, 0], &[0; 20]])
}

/// Remote ID messages behind FA:0B:BC, 0x0D and a counter.
fn remote_id(messages: &[u8]) -> Vec<u8> {
    element(221, &[&[0xfa, 0x0b, 0xbc, 0x0d, 9], messages])
}

fn message(bytes: &[u8]) -> [u8; 25] {
    let mut message = [0; 25];
    message[..bytes.len()].copy_from_slice(bytes);
    message
}

fn told(link: u16, frames: &[Vec<u8>]) -> (Vec<RemoteId>, Vec<String>) {
    let finished = analyze(link, frames);
    assert!(finished.closes());
    let mut rows = Vec::new();
    let mut anomalies = Vec::new();
    for row in finished.rows {
        match row {
            Row::RemoteId(row) => rows.push(*row),
            Row::Anomaly(row) => anomalies.push(row.detail),
            Row::Wifi(_) => {}
            other => panic!("{other:?}"),
        }
    }
    (rows, anomalies)
}

#[test]
fn a_beacon_of_two_formats_is_two_rows() {
    let ssid = element(0, &[b"Spark-\x1b"]);
    let id = message(b"\x02\x121581F45LABSPARK0021A");
    let text = message(b"\x32\x00Survey\xff");
    let pack = [&[0xf2, 25, 2][..], &id, &text].concat();
    let body = [ssid, flight(b"0ASUE7L0021LAB\0\0", ABOVE_BERN), remote_id(&pack)].concat();
    let (rows, anomalies) = told(105, &[frame(0x80, SENDER, &body)]);
    let [dji, astm] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((dji.system, dji.transport, dji.ssid.as_deref()), ("dji-droneid", "beacon", Some(r"Spark-\x1b")));
    assert_eq!((dji.identity.as_deref(), dji.aircraft.as_deref()), (Some("0ASUE7L0021LAB"), Some("Spark (21)")));
    assert_eq!((dji.speed, dji.vertical_speed, dji.track, dji.heading), (Some(5.0), Some(-2.0), Some(90.0), Some(90.0)));
    assert_eq!((dji.status, dji.plausible, dji.authenticated, dji.home), (Some("airborne"), Some(true), Some(false), None));
    assert_eq!(dji.flags, ["serial-valid", "privacy-off", "motors-on", "in-air"]);
    assert!(dji.position.is_some_and(|at| (at.latitude - 46.948).abs() < 1e-5 && (at.longitude - 7.4474).abs() < 1e-5));
    assert_eq!((astm.system, astm.identity.as_deref()), ("astm-f3411", Some("1581F45LABSPARK0021A")));
    assert_eq!((astm.description.as_deref(), astm.counter, astm.plausible), (Some(r"Survey\xff"), Some(9), None));
    assert_eq!(astm.transmitter.as_deref(), Some("60:60:1f:5a:3c:01"));
    assert_eq!(anomalies, [""; 0]);
}

#[test]
fn remote_id_comes_over_every_carrier() {
    let id = message(b"\x02\x121581F45LABSPARK0021A");
    let pack = [&[0xf2, 25, 1][..], &id].concat();
    let information = [&[9][..], &pack].concat();
    let descriptor = [&[0x88, 0x69, 0x19, 0x9d, 0x92, 0x09, 1, 0, 0x10, 29][..], &information].concat();
    let action = [&[4, 9, 0x50, 0x6f, 0x9a, 0x13, 3, 39, 0][..], &descriptor].concat();
    let (rows, _) = told(105, &[frame(0xd0, SENDER, &action), frame(0x50, SENDER, &remote_id(&pack))]);
    let carriers: Vec<_> = rows.iter().map(|row| (row.transport, row.identity.as_deref())).collect();
    assert_eq!(carriers, [("nan", Some("1581F45LABSPARK0021A")), ("probe-response", Some("1581F45LABSPARK0021A"))]);
    // A single message, as Bluetooth 4 has it.
    let address = [1, 0x3c, 0x5a, 0x1f, 0x60, 0x60];
    let data = element(0, &[&[0x16, 0xfa, 0xff, 0x0d, 9], &id]).split_off(1);
    let packet = [&[0xd6, 0xbe, 0x89, 0x8e, 2, 37][..], &address, &data].concat();
    let (rows, _) = told(251, &[packet]);
    assert_eq!((rows[0].transport, rows[0].transmitter.as_deref()), ("bluetooth", Some("60:60:1f:5a:3c:01")));
    assert_eq!((rows[0].identity.as_deref(), rows[0].messages.as_slice()), (Some("1581F45LABSPARK0021A"), &["basic-id".to_owned()][..]));
}

#[test]
fn a_time_within_the_hour_is_put_into_the_nearest() {
    // Heard at 00:00:00: 59:50.0 is ten seconds before.
    let mut location = message(&[0x12]);
    location[21..23].copy_from_slice(&35_900_u16.to_le_bytes());
    let (rows, _) = told(105, &[frame(0x80, SENDER, &remote_id(&location))]);
    assert_eq!(rows[0].own_time, Some(Timestamp::from_parts(-10, 0)));
    assert_eq!(rows[0].doubts, ["own-time"]);
    assert!(rows[0].basis.contains("within the hour"), "{}", rows[0].basis);
}

#[test]
fn a_signature_leaves_the_sender_open() {
    let pack = [&[0xf2, 25, 2][..], &message(&[0x22, 0x10, 1, 40]), &message(&[0x22, 0x11])].concat();
    let (rows, _) = told(105, &[frame(0x80, SENDER, &remote_id(&pack))]);
    assert_eq!((rows[0].authentication, rows[0].authenticated), (Some("uas-id-signature"), None));
    assert_eq!(rows[0].messages, ["authentication-0", "authentication-1"]);
}

#[test]
fn what_can_hardly_be_true_is_doubted() {
    let elsewhere = [0x69, 0xd5, 0x13, 0x00, 0xb7, 0x07, 0x60, 0x00];
    let frames = [
        frame(0x80, SENDER, &flight(b"0ASUE7L0021LAB\0\0", ABOVE_BERN)),
        frame(0x80, SENDER, &flight(b"0ASUE7L0021LAB\0\0", ABOVE_BERN)),
        frame(0x80, SENDER, &flight(b"FAKE000000000000", elsewhere)),
        frame(0x80, [2; 6], &flight(b"FAKE000000000000", elsewhere)),
    ];
    let (rows, _) = told(105, &frames);
    let doubts: Vec<_> = rows.iter().map(|row| (row.plausible, row.doubts.join(","))).collect();
    let none = (Some(true), String::new());
    assert_eq!(doubts, [none.clone(), none.clone(), (Some(false), "moved-too-fast,identity-changed".to_owned()), none]);
}

#[test]
fn a_french_beacon_has_its_own_row() {
    let fields = [1, 1, 1, 4, 4, 0x00, 0x4a, 0x8c, 0xc4, 5, 4, 0x00, 0x03, 0x96, 0xde, 11, 2, 1, 14];
    let body = element(221, &[&[0x6a, 0x5c, 0x35, 1, 2, 4], b"ILL1", &fields]);
    let (rows, _) = told(105, &[frame(0x80, SENDER, &body)]);
    assert_eq!((rows[0].system, rows[0].identity.as_deref(), rows[0].track), ("french", Some("ILL1"), Some(270.0)));
    assert_eq!(rows[0].position, Some(Place { latitude: 48.857, longitude: 2.3523 }));
}

#[test]
fn what_cannot_be_read_is_an_anomaly() {
    let kinds = |body: &[u8]| told(105, &[frame(0x80, SENDER, body)]).1;
    assert_eq!(
        kinds(&element(221, &[&[0x26, 0x37, 0x12, 0x58, 0x62, 0x13, 0x12]])),
        ["a DroneID record of kind 0x12, expected 0x10 or 0x11"]
    );
    assert_eq!(kinds(&remote_id(&[0xf2, 25, 0])), ["a Remote ID pack of no messages"]);
    assert_eq!(kinds(&remote_id(&message(&[0x72]))), ["a Remote ID message of type 7, expected 0 to 5"]);
    assert_eq!(kinds(&element(221, &[&[0x26, 0x37, 0x12, 0x99]])), [""; 0]);
}

#[test]
fn no_more_transmitters_are_remembered_than_the_limit() {
    let count = u32::try_from(limits::REMOTE_ID_TRANSMITTERS).unwrap_or_default() + 3;
    let body = remote_id(&message(b"\x02\x121581F45LABSPARK0021A"));
    let frames = (0..count).map(|number| {
        let [a, b, c, d] = number.to_be_bytes();
        frame(0x80, [2, 0, a, b, c, d], &body)
    });
    let frames: Vec<_> = frames.collect();
    let (rows, anomalies) = told(105, &frames);
    let forgotten = anomalies.iter().filter(|detail| !detail.contains("network")).count();
    assert_eq!((rows.len(), forgotten), (frames.len(), 3));
}
