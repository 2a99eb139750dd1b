//! Bodies and heads that are small on the wire and huge behind it, in captures that are read from beginning to end: what comes
//! out stays in proportion to what was sent, is told, and hides nothing that follows it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use whereto::analysis::{self, Options};
use whereto::capture::Inputs;
use whereto::record::{Http, Row};

use crate::corpus::Collected;
use crate::sources::root;

/// Decoded bytes that each bomb wants to have.
const WANTED: usize = 64 << 20;
/// Decoded bytes per byte sent, and those that are never too many (`BODY_RATIO` and `BODY_FREE_BYTES`).
const RATIO: u64 = 200;
const FREE: u64 = 1 << 20;
/// What a decoder gives on at a time before anybody counts.
const STEP: u64 = 128 << 10;
/// Parts of a body that have rows (`FORM_NAMES`).
const PARTS: usize = 64;

/// A capture (raw IPv4, link type 101) with a connection for each conversation, from a port of its own.
fn capture(conversations: &[Vec<(Side, Vec<u8>)>]) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    let mut time = 1_780_000_000_u32;
    for (port, conversation) in (10_000_u16..).zip(conversations) {
        let mut sent = [0_u32; 2];
        let mut push = |side: Side, flags: u8, payload: &[u8]| {
            time += 1;
            let at = side as usize;
            let (ends, ports) = match side {
                Side::Device => ([[10, 0, 0, 2], [198, 51, 100, 9]], [port, 80]),
                Side::Remote => ([[198, 51, 100, 9], [10, 0, 0, 2]], [80, port]),
            };
            let length = u16::try_from(40 + payload.len()).unwrap();
            let mut packet = vec![0x45, 0];
            packet.extend(length.to_be_bytes());
            packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
            packet.extend(ends.concat());
            packet.extend(ports.map(u16::to_be_bytes).concat());
            packet.extend([sent[at], sent[1 - at]].map(u32::to_be_bytes).concat());
            packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
            packet.extend(payload);
            sent[at] += u32::try_from(payload.len()).unwrap() + u32::from(flags & 2 != 0);
            for number in [time, 0, u32::from(length), u32::from(length)] {
                file.extend(number.to_le_bytes());
            }
            file.extend(packet);
        };
        push(Side::Device, 0x02, &[]);
        push(Side::Remote, 0x12, &[]);
        for (side, bytes) in conversation {
            bytes.chunks(1_400).for_each(|piece| push(*side, 0x18, piece));
        }
    }
    file
}

#[derive(Clone, Copy)]
enum Side {
    Device = 0,
    Remote = 1,
}

fn analyze(conversations: &[Vec<(Side, Vec<u8>)>], extract: Option<&Path>) -> Vec<Row> {
    let mut file = tempfile::NamedTempFile::with_suffix(".pcap").unwrap();
    file.write_all(&capture(conversations)).unwrap();
    let options = Options { scratch: std::env::temp_dir(), extract: extract.map(Path::to_path_buf), ..Options::default() };
    let inputs = Inputs { captures: vec![file.path().to_path_buf()], passed_over: Vec::new() };
    let mut collected = Collected::default();
    let outcome = analysis::run(&inputs, &options, &mut collected, &mut |_| {}).unwrap();
    assert!(outcome.open_ledgers.is_empty());
    collected.rows
}

fn exchanges(rows: &[Row]) -> BTreeMap<&str, &Http> {
    let rows = rows.iter().filter_map(|row| if let Row::Http(row) = row { Some(&**row) } else { None });
    rows.map(|row| (row.path.as_deref().unwrap_or("-"), row)).collect()
}

/// How often each anomaly was told.
fn anomalies(rows: &[Row]) -> BTreeMap<&str, u64> {
    let mut counts = BTreeMap::new();
    for row in rows {
        if let Row::Anomaly(anomaly) = row {
            *counts.entry(anomaly.kind).or_default() += anomaly.count;
        }
    }
    counts
}

/// An upload of a coded body, and a harmless one behind it on the same connection.
fn upload(name: &str, coding: &str, media_type: &str, body: &[u8]) -> Vec<(Side, Vec<u8>)> {
    let head = format!(
        "POST /{name} HTTP/1.1\r\nHost: a.example\r\nContent-Encoding: {coding}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let next = format!("POST /behind-{name} HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\nbody");
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
    vec![
        (Side::Device, [head.as_bytes(), body].concat()),
        (Side::Remote, answer.clone()),
        (Side::Device, next.into_bytes()),
        (Side::Remote, answer),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 5, ..<_>::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut packed, &parameters).unwrap();
    packed
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

#[test]
fn bodies_that_would_fill_the_memory() {
    let zeros = vec![0; WANTED];
    let mut form = String::new();
    while form.len() < WANTED / 4 {
        form.push_str("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n");
        form.push_str(&"z".repeat(400));
        form.push_str("\r\n");
    }
    form.push_str("--x--");
    let multipart = "multipart/form-data; boundary=x";
    let bombs = [
        ("gzip", "gzip", "a/b", gzip(&zeros)),
        ("twice", "gzip, gzip", "a/b", gzip(&gzip(&zeros))),
        ("brotli", "br", "a/b", brotli(&zeros)),
        ("zstd", "zstd", "a/b", zstd(&zeros)),
        ("mixed", "zstd, br, gzip", "a/b", gzip(&brotli(&zstd(&zeros)))),
        ("form", "gzip", multipart, gzip(form.as_bytes())),
    ];
    let conversations = bombs.each_ref().map(|(name, coding, media_type, body)| upload(name, coding, media_type, body));
    let folder = tempfile::tempdir().unwrap();
    let rows = analyze(&conversations, Some(folder.path()));
    let found = exchanges(&rows);
    for (name, _, _, body) in &bombs {
        let row = found[format!("/{name}").as_str()];
        assert!(u64::try_from(body.len()).unwrap() * RATIO + FREE < u64::try_from(WANTED / 4).unwrap(), "{name} is no bomb");
        assert_eq!((row.request_bytes, row.status, row.is_complete), (body.len() as u64, Some(204), true), "{name}");
        assert_eq!((&row.request_body.sha256, row.request_body.decoded_bytes), (&None, None), "{name}");
        assert!(row.request_body.sent_sha256.is_some(), "{name}");
        let behind = found[format!("/behind-{name}").as_str()];
        assert_eq!((behind.request_body.decoded_bytes, behind.is_complete), (Some(4), true), "{name}");
    }
    assert_eq!(anomalies(&rows), BTreeMap::from([("body-bomb", 6)]));
    assert_eq!(rows.iter().filter(|row| matches!(row, Row::Part(_))).count(), 0, "of a bomb there are no parts");
    // What was written on the way is gone, or within what is granted.
    let sent: u64 = bombs.iter().map(|(.., body)| body.len() as u64 * RATIO + FREE + STEP).sum();
    let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    assert!(files.sum::<u64>() <= sent);
}

#[test]
fn forms_of_endless_parts() {
    let part = "--x\r\nContent-Disposition: form-data; name=\"n\"; filename=\"f\"\r\n\r\nz\r\n";
    let form = [part.repeat(12_000).as_str(), "--x--"].concat();
    let names = (0..20_000).fold(String::new(), |mut form, number| {
        write!(form, "field{number}=x&").unwrap();
        form
    });
    let conversations = [
        upload("parts", "gzip", "multipart/form-data; boundary=x", &gzip(form.as_bytes())),
        upload("names", "gzip", "application/x-www-form-urlencoded", &gzip(names.as_bytes())),
    ];
    let rows = analyze(&conversations, None);
    let found = exchanges(&rows);
    assert_eq!(rows.iter().filter(|row| matches!(row, Row::Part(_))).count(), PARTS);
    assert!(found["/names"].request_body.form_fields.len() <= PARTS && found["/parts"].request_body.form_fields.len() <= PARTS);
    assert_eq!(found["/parts"].request_body.decoded_bytes, Some(form.len() as u64));
    assert_eq!(anomalies(&rows), BTreeMap::from([("form-parts", 1)]));
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[test]
fn heads_that_refer_to_one_entry_without_end() {
    // One large entry (literal with indexing: `a`, 4,000 bytes), then a reference of one byte to it, again and again.
    let entry = [&[0x40, 1, b'a', 0x7f, 0xa1, 0x1e][..], &[b'b'; 4_000]].concat();
    let fields = [&[0x82, 0x84, 0x87, 0x01, 1, b'h'][..], &entry, &[0xbe; 12_000]].concat();
    let again = [&[0x82, 0x84, 0x87, 0x01, 1, b'h'][..], &[0xbe; 16_000]].concat();
    let mut out = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0, 0, &[])].concat();
    let heads = 40;
    for number in 0..heads {
        out.extend(frame(1, 5, 2 * number + 1, if number == 0 { &fields } else { &again }));
    }
    let conversation = vec![(Side::Device, out), (Side::Remote, [frame(4, 0, 0, &[]), frame(1, 5, 1, &[0x88])].concat())];
    let rows = analyze(&[conversation], None);
    let requests = rows.iter().filter(|row| matches!(row, Row::Http(_))).count();
    assert_eq!((requests, anomalies(&rows)), (heads as usize, BTreeMap::from([("http-too-many-fields", u64::from(heads))])));
    let told: usize = rows.iter().map(|row| format!("{row:?}").len()).sum();
    assert!(told < 200 << 10, "{told} bytes of rows");
}

#[test]
fn the_limits_named_here_are_those_of_the_program() {
    let limits = fs::read_to_string(root().join("src/limits.rs")).unwrap();
    for line in ["BODY_RATIO: u64 = 200;", "BODY_FREE_BYTES: u64 = 1 << 20;", "FORM_NAMES: usize = 64;"] {
        assert!(limits.contains(line), "{line}");
    }
}
