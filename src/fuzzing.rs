//! What fuzzers call: any bytes in, laws asserted. Built for fuzzers and unit tests only.
//!
//! A law is a promise that holds whatever was captured: nothing panics, every byte is accounted for, what came
//! from traffic is shown escaped, rows and memory stay in proportion, and how a stream was cut into segments
//! changes nothing. The seeds in `fuzz/` are written in the forms read here.

mod air;
mod broadcasts;
mod content;
mod identifiers;
mod laws;
mod records;
mod script;

use std::io::{Cursor, Read};
use std::path::Path;

use crate::analyzer::Analyzer;
use crate::app::Transport::{Tcp, Udp};
use crate::capture::{Event, Frame, Reader};
use crate::flow::Devices;
use crate::time::{Span, Timestamp};
use crate::wire::LinkType;

use script::Subject;

/// Pieces in which streams and files are read a second time.
const PIECE_BYTES: usize = 7;

/// DNS over UDP and TCP, multicast DNS, LLMNR; the first byte chooses, a script follows.
pub fn dns(bytes: &[u8]) {
    let subjects = [("dns", Udp, 53), ("dns", Tcp, 53), ("mdns", Udp, 5353), ("llmnr", Udp, 5355)];
    one_of(&subjects.map(Subject::protocol), bytes);
}

/// An identifier among other bytes: one byte chooses its form, one where it is, one how many cuts of two bytes each follow.
pub fn identifiers(bytes: &[u8]) {
    identifiers::planted(bytes);
}

/// TLS; a script.
pub fn tls(bytes: &[u8]) {
    script::follow(&Subject::protocol(("tls", Tcp, 443)), bytes);
}

/// Records that TLS 1.3 sealed with secrets that are given: what comes out is what went in. The same bytes are read as a
/// key log.
pub fn records(bytes: &[u8]) {
    records::records(bytes);
}

/// DTLS; a script.
pub fn dtls(bytes: &[u8]) {
    script::follow(&Subject::protocol(("dtls", Udp, 5684)), bytes);
}

/// QUIC; a script.
pub fn quic(bytes: &[u8]) {
    script::follow(&Subject::protocol(("quic", Udp, 443)), bytes);
}

/// HTTP, RTSP, SSDP and a text protocol that may turn to TLS; the first byte chooses, a script follows.
pub fn http(bytes: &[u8]) {
    let subjects = [("http", Tcp, 80), ("rtsp", Tcp, 554), ("ssdp", Udp, 1900), ("smtp", Tcp, 25)];
    one_of(&subjects.map(Subject::protocol), bytes);
}

/// HTTP/2, from its start, from the middle, and its heads; the first byte chooses.
pub fn http2(bytes: &[u8]) {
    content::http2(bytes);
}

/// Streams of HTTP/3: pieces of them, each with its flags and number.
pub fn http3(bytes: &[u8]) {
    content::http3(bytes);
}

/// The body of a message; the first byte chooses its codings and its type.
pub fn body(bytes: &[u8]) {
    content::body(bytes);
}

/// Drone links: DJI's with and without the header of its datagrams, MAVLink, ARSDK, Tello, pictures; the first byte
/// chooses, a script follows.
pub fn duml(bytes: &[u8]) {
    let subjects = [
        ("dji-link", Udp, 9003),
        ("duml", Udp, 9004),
        ("duml", Tcp, 2345),
        ("mavlink", Udp, 14_550),
        ("mavlink", Tcp, 5760),
        ("arsdk", Udp, 43_210),
        ("arsdk", Tcp, 44_444),
        ("tello", Udp, 8889),
        ("h264", Udp, 11_111),
        ("h265", Tcp, 8888),
    ];
    one_of(&subjects.map(Subject::protocol), bytes);
}

/// A flow whose protocol has to be recognised: the first byte chooses the transport, two bytes are the remote's
/// port, a script follows.
pub fn flow(bytes: &[u8]) {
    let [choice, high, low, script @ ..] = bytes else { return };
    let transport = if choice & 1 == 0 { Tcp } else { Udp };
    script::follow(&Subject::unknown(transport, u16::from_be_bytes([*high, *low])), script);
}

/// A frame on the air behind a radio header: the first byte chooses which.
pub fn radiotap(bytes: &[u8]) {
    air::radio(bytes);
}

/// Frames of 802.11, under keys; see `frame` for their form.
pub fn ieee80211(bytes: &[u8]) {
    air::frames(bytes);
}

/// A handshake of a station and its access point: one byte, 1 from the station, two bytes of length, an EAPOL frame.
pub fn eapol(bytes: &[u8]) {
    air::handshake(bytes);
}

/// A management frame of 802.11, and its elements.
pub fn elements(bytes: &[u8]) {
    broadcasts::elements(bytes);
}

/// DJI DroneID and the French beacon: the first byte chooses the record, which the rest is.
pub fn droneid(bytes: &[u8]) {
    broadcasts::vendor(bytes);
}

/// Remote ID: the first byte chooses the carrier, a message counter and messages follow.
pub fn remote_id(bytes: &[u8]) {
    broadcasts::messages(bytes);
}

fn one_of(subjects: &[Subject], bytes: &[u8]) {
    let Some((choice, script)) = bytes.split_first() else { return };
    if let Some(subject) = subjects.get(usize::from(*choice) % subjects.len()) {
        script::follow(subject, script);
    }
}

/// Frames of one link type: two bytes name it, then each frame is two bytes of length, one of time, and its bytes.
/// With the top bit of the length set, the frame was longer on the wire than captured.
pub fn frame(bytes: &[u8]) {
    let mut input = crate::wire::Reader::new(bytes);
    let Ok(link) = input.u16() else { return };
    let mut analyzer = Analyzer::new("fuzz".into(), Devices::default(), 1);
    let mut time = Timestamp::default();
    for number in 1.. {
        let (Ok(length), Ok(later)) = (input.u16(), input.u8()) else { break };
        let captured = input.take_up_to(usize::from(length & 0x7fff));
        let missing = if length & 0x8000 == 0 { 0 } else { 1_000 };
        time = time.after(Span::from_nanos(i64::from(later) * 1_000_000_000));
        analyzer.push(&Frame {
            number,
            time,
            interface: 0,
            interface_name: None,
            link: LinkType(link),
            wire_len: u32::try_from(captured.len()).unwrap_or(u32::MAX).saturating_add(missing),
            bytes: captured,
            direction: None,
            offset: 0,
        });
    }
    laws::of_the_pass(&analyzer.finish());
}

/// A capture file.
pub fn container(bytes: &[u8]) {
    let whole = read(Box::new(Cursor::new(bytes.to_vec())));
    let pieces = read(Box::new(InPieces(Cursor::new(bytes.to_vec()))));
    assert_eq!(whole, pieces, "it matters how the file is read");
    let Ok(mut reader) = Reader::new(Box::new(Cursor::new(bytes.to_vec())), Path::new("fuzz")) else { return };
    let mut analyzer = Analyzer::new("fuzz".into(), Devices::default(), 1);
    while let Some(event) = reader.next_event() {
        match event {
            Event::Frame(frame) => analyzer.push(&frame),
            Event::Note(note) => analyzer.note(note),
            Event::Name(..) | Event::Secrets(_) => {}
        }
    }
    let _about = reader.finish();
    laws::of_the_pass(&analyzer.finish());
}

/// What a reader tells of a capture, in short.
fn read(source: Box<dyn Read + Send>) -> Option<Vec<String>> {
    let mut reader = Reader::new(source, Path::new("fuzz")).ok()?;
    let mut told = Vec::new();
    while let Some(event) = reader.next_event() {
        told.push(match event {
            Event::Frame(frame) => format!("{} {} {} {}", frame.number, frame.time, frame.wire_len, frame.bytes.len()),
            Event::Name(address, name) => format!("{address} {name}"),
            Event::Secrets(found) => format!("{found:?}"),
            Event::Note(note) => format!("{note:?}"),
        });
    }
    told.push(format!("{:?}", reader.finish()));
    Some(told)
}

/// Reads a few bytes at a time, as a pipe may.
struct InPieces<R>(R);

impl<R: Read> Read for InPieces<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = into.len().min(PIECE_BYTES);
        self.0.read(into.get_mut(..length).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\x1b.example\r\n\r\n";
    const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    /// A record of a script.
    fn record(flags: u8, bytes: &[u8]) -> Vec<u8> {
        [&[flags][..], &u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    #[test]
    fn a_conversation_keeps_the_laws() {
        let script = [record(0, REQUEST), record(1, RESPONSE), vec![2, 0, 9], record(0, REQUEST)].concat();
        http(&[&[0][..], &script].concat());
        flow(&[&[0, 0, 80][..], &script].concat());
        tls(&script);
        let mdns = record(1, b"\0\0\x84\0\0\0\0\x01\0\0\0\0\x01a\x05local\0\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x01");
        dns(&[&[2][..], &mdns].concat());
        quic(&record(0, &[0xc0; 1_200]));
        let hello =
            [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 52, 1, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0, 40, 0xfe, 0xfd][..], &[7; 38]].concat();
        dtls(&[record(0, &hello), record(0, &[23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 9]), record(1, &[22; 40])].concat());
    }

    #[test]
    fn streams_and_bodies_keep_the_laws() {
        let head = [0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x84, 0x86, 0x41, 1, b'a'];
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        let script = [record(0, &[crate::wire::http2::PREFACE, &settings, &head].concat()), record(1, &[&settings[..], &head].concat())];
        for choice in 0..3 {
            http2(&[&[choice][..], &script.concat(), &[2, 0, 9], &record(0, &[&head[..], &head].concat())].concat());
        }
        let section = [0, 0, 0, 5, 1, 3, 0, 0, 0xd1];
        http3(&[&section[..], &[1, 0, 0, 5, 1, 3, 0, 0, 0xd9], &[2, 0, 0, 9], &[0, 2, 0, 3, 0, 4, 0], &section].concat());
        for choice in 0..32 {
            body(&[&[choice][..], b"--x\r\nContent-Disposition: form-data; name=\"a\x1b\"\r\n\r\n\xff\xd8\xff\r\n--x--"].concat());
        }
    }

    #[test]
    fn a_damaged_body_keeps_the_laws() {
        use std::io::Write as _;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        (0..200_u32).for_each(|number| write!(encoder, "<b>{}</b>", number.wrapping_mul(2_654_435_761)).unwrap());
        let packed = encoder.finish().unwrap();
        for at in (0..packed.len()).step_by(7) {
            let mut damaged = packed.clone();
            damaged[at..].iter_mut().take(100).for_each(|byte| *byte = 0);
            let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n{:x}\r\n", damaged.len());
            let response = [head.as_bytes(), &damaged, b"\r\n0\r\n\r\n"].concat();
            let cut = &response[..response.len() - 9];
            for script in [[record(0, REQUEST), record(1, &response)].concat(), [record(0, REQUEST), record(1, cut)].concat()] {
                http(&[&[0][..], &script].concat());
            }
        }
    }

    #[test]
    fn a_drone_link_keeps_the_laws() {
        let message = crate::wire::duml::tests::message((3, 2), 0, (3, 0x43), &crate::wire::duml::tests::state(40.0, -105.0, 7));
        let link = crate::wire::dji_link::tests::around(1, &[&[0; 24][..], &message].concat());
        let mavlink = crate::wire::mavlink::tests::version_2(33, &[1; 28]);
        let arsdk = crate::wire::arsdk::tests::position(48.0, 2.0, 35.0);
        let damaged = [&message[..20], &message, &mavlink, &link].concat();
        let bytes = [&link[..], &message, &mavlink, &arsdk, b"\0\0\0\x01\x67\x42\x80\x1f", b"rc 1 2 3 4", b"{\"c2d_port\":1}", &damaged];
        let script: Vec<u8> = bytes.iter().flat_map(|bytes| [record(0, bytes), record(1, bytes)].concat()).collect();
        (0..10).for_each(|choice| duml(&[&[choice][..], &script, &[2, 0, 9], &script].concat()));
    }

    #[test]
    fn sealed_records_keep_the_laws() {
        let talk =
            [record(16, &[20, 0, 0, 0]), record(4, REQUEST), record(17, b"\x14\0\0\0"), record(5, RESPONSE), record(4, REQUEST)].concat();
        let losses =
            [record(6, REQUEST), record(2, &[9; 300]), record(0, REQUEST), record(8, REQUEST), record(48, REQUEST), record(0, REQUEST)]
                .concat();
        for choice in 0..5 {
            records(&[&[choice][..], &talk].concat());
            records(&[&[choice][..], &talk, &losses, &talk].concat());
        }
    }

    #[test]
    fn planted_identifiers_keep_the_laws() {
        for form in 0..14 {
            for place in [0, 3, 40] {
                let around =
                    [&[form, place, 3, 0, 5, 0, 20, 0, 33][..], &b"lat=46.9481 pilot.lab@example.net lab7 eyJ AKIA ".repeat(3)].concat();
                identifiers(&around);
                identifiers(&[&[form, place, 1, 0, 9][..], &[0x60; 50]].concat());
            }
        }
    }

    #[test]
    fn a_capture_keeps_the_laws() {
        let header = [&0xa1b2_c3d4_u32.to_be_bytes()[..], &[0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 101]].concat();
        let packet = [&[0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2][..], &[0, 9, 0, 9, 0, 8, 0, 0]].concat();
        let length = u32::try_from(packet.len()).unwrap().to_be_bytes();
        container(&[&header[..], &[0; 8], &length, &length, &packet, &[0xff; 3]].concat());
        frame(&[&[0, 101, 0, 28, 1][..], &packet, &[0x80, 28, 1], &packet].concat());
    }

    #[test]
    fn broadcasts_keep_the_laws() {
        let pack = [&[9, 0xf2, 25, 2][..], &[0x12; 25], &[0x42; 25]].concat();
        for carrier in 0..3 {
            remote_id(&[&[carrier][..], &pack].concat());
        }
        for record in 0..4 {
            droneid(&[&[record, 2][..], &[0x7f; 120]].concat());
        }
        elements(&[&[0x80, 0, 0, 0][..], &[2; 20], &[0; 12], &[221, 4, 1, 2, 3, 4, 0, 9, b'a']].concat());
    }

    #[test]
    fn the_air_keeps_the_laws() {
        let header =
            |control: u8, flags: u8, number: u8| [&[control, flags, 0, 0][..], &[2; 6], &[4; 6], &[6; 6], &[number << 4, 0]].concat();
        let protected = [header(0x08, 0x41, 1), vec![1, 2, 0, 0x20, 0, 0, 0, 0], vec![9; 40]].concat();
        let retry = [header(0x08, 0x49, 1), vec![1, 2, 0, 0x20, 0, 0, 0, 0], vec![9; 40]].concat();
        let fragment = [header(0x08, 0x05, 2), vec![0xaa; 30]].concat();
        let frames = [&protected, &retry, &fragment].map(|frame| [&[0, u8::try_from(frame.len()).unwrap(), 1][..], frame].concat());
        ieee80211(&frames.concat());
        radiotap(&[&[0, 0, 0, 9, 0, 2, 0, 0, 0, 0x10][..], &protected].concat());
        let mut message = vec![2, 3, 0, 117, 2, 0x01, 0x0a];
        message.resize(97, 7);
        message.extend([0, 22, 48, 20, 1, 0, 0, 15, 172, 4, 1, 0, 0, 15, 172, 4, 1, 0, 0, 15, 172, 2, 0, 0]);
        eapol(&[record(0, &[&[2, 3, 0, 95, 2, 0, 0x8a][..], &[7; 90], &[0; 2]].concat()), record(1, &message)].concat());
    }

    proptest! {
        #[test]
        fn sealed_scripts_keep_the_laws(choice in 0_u8..5, steps in proptest::collection::vec((0_u8..64, proptest::collection::vec(any::<u8>(), 0..80)), 0..12)) {
            let script: Vec<u8> = steps.iter().flat_map(|(flags, bytes)| record(*flags, bytes)).collect();
            records(&[&[choice][..], &script].concat());
            let kept: Vec<u8> = steps.iter().flat_map(|(flags, bytes)| record(flags & 5, bytes)).collect();
            records(&[&[choice][..], &kept].concat());
        }

        #[test]
        fn anything_keeps_the_laws(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for target in [dns, identifiers, tls, dtls, records, quic, http, http2, http3, body, duml, flow, frame, container, radiotap, ieee80211, eapol, elements, droneid, remote_id] {
                target(&bytes);
            }
        }
    }
}
