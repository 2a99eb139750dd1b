//! Bodies coded in every way, split wherever; bombs; forms.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use super::super::content::{Readers, Sink, Summary};
use super::super::tests::flow_with_ports;
use super::super::{FlowInfo, Transport};
use super::*;
use crate::limits::{BODY_CODINGS, BODY_FREE_BYTES, FORM_NAMES};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Brotli's stored form (RFC 7932 section 9.2): a window, one piece as it is, and an empty last one.
fn brotli(bytes: &[u8]) -> Vec<u8> {
    // Window of 16 bits (one zero bit), not last (0), length in four nibbles (00), length less one, stored (1).
    let length = u32::try_from(bytes.len() - 1).unwrap();
    let bits = length << 4 | 1 << 20;
    [&bits.to_le_bytes()[..3], bytes, &[3]].concat()
}

fn packed_brotli(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 5, ..<_>::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut packed, &parameters).unwrap();
    packed
}

fn sha256(bytes: &[u8]) -> Option<String> {
    Some(hex(&Sha256::digest(bytes)))
}

fn about(flow: &FlowInfo) -> About {
    let origin = flow.origin(7, Timestamp::default());
    About { origin, stream: None, from_device: true, host: None, path: None, declared: None, part: None }
}

fn read_in(flow: &FlowInfo, declared: &Declared, sent: &[u8], piece: usize) -> (MessageBody, Vec<Row>) {
    let mut rows = Vec::new();
    let mut body = Body::new(about(flow), declared, &flow.content);
    sent.chunks(piece).for_each(|bytes| body.data(bytes, (7, Timestamp::default())));
    let found = body.end(Ending::Whole, &mut Context { flow, rows: &mut rows });
    (found, rows)
}

fn read(coding: &str, media_type: &str, sent: &[u8]) -> (MessageBody, Vec<Row>) {
    let flow = flow_with_ports(Transport::Tcp, 50_000, 80);
    let field = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
    let declared = Declared { coding: field(coding), media_type: field(media_type) };
    let whole = read_in(&flow, &declared, sent, usize::MAX);
    for piece in [1, 5, 1_000] {
        let split = read_in(&flow, &declared, sent, piece);
        assert_eq!(format!("{split:?}"), format!("{whole:?}"), "{coding} in pieces of {piece}");
    }
    whole
}

fn anomalies(rows: &[Row]) -> Vec<&'static str> {
    rows.iter().filter_map(|row| if let Row::Anomaly(anomaly) = row { Some(anomaly.kind) } else { None }).collect()
}

#[test]
fn every_coding_gives_the_same_body() {
    let text = b"{\"lat\": 46.9, \"lon\": 7.4, \"more\": \"more more more more\"}".repeat(20);
    let zstd = zstd::encode_all(&text[..], 3).unwrap();
    for (coding, sent) in [
        ("", text.clone()),
        ("identity", text.clone()),
        ("gzip", gzip(&text)),
        ("X-GZIP", [gzip(&text[..100]), gzip(&text[100..])].concat()),
        ("deflate", zlib(&text)),
        ("deflate", deflate(&text)),
        ("br", brotli(&text)),
        ("zstd", zstd.clone()),
        ("zstd, gzip", gzip(&zstd)),
        ("br, deflate", zlib(&brotli(&text))),
    ] {
        let (found, rows) = read(coding, "application/json", &sent);
        assert_eq!(found.sha256, sha256(&text), "{coding}");
        assert_eq!(found.sent_sha256, sha256(&sent), "{coding}");
        assert_eq!((found.decoded_bytes, found.media_type), (Some(text.len() as u64), Some("application/json")));
        assert_eq!(found.tells, ["position"]);
        assert!(rows.is_empty(), "{rows:?}");
    }
}

#[test]
fn what_is_cut_or_damaged_has_no_hash() {
    let text = b"some text that is long enough to be cut".repeat(9);
    for (coding, sent) in [
        ("gzip", gzip(&text)),
        ("deflate", zlib(&text)),
        ("deflate", deflate(&text)),
        ("br", brotli(&text)),
        ("zstd", zstd::encode_all(&text[..], 3).unwrap()),
    ] {
        let (found, rows) = read(coding, "", &sent[..sent.len() - 3]);
        assert_eq!((found.sha256, found.decoded_bytes, anomalies(&rows)), (None, None, vec!["body-undecodable"]), "{coding}");
        let (found, rows) = read(coding, "", b"this is not it, is it? No, it is \xff\xff not");
        assert_eq!((found.sha256, anomalies(&rows)), (None, vec!["body-undecodable"]), "{coding}");
        assert!(found.sent_sha256.is_some());
    }
    let (found, rows) = read("aes128gcm", "", b"sealed");
    assert_eq!((found.sha256, found.coding.as_deref(), anomalies(&rows)), (None, Some("aes128gcm"), vec![]));
}

/// A text that leaves long runs, short repeats and literals in whatever codes it.
fn varied() -> Vec<u8> {
    let line = |number: u32| format!("{{\"lat\": 46.{}, \"sn\": \"{number}\"}}\r\n", number.wrapping_mul(2_654_435_761));
    (0..60).flat_map(|number| [line(number).into_bytes(), vec![b' '; 90]].concat()).collect()
}

/// Says of one body what there is to say, what whoever reads bodies got of it too: sent in pieces, and then a hole, an end
/// that was not seen, or the end.
fn told(declared: &Declared, sent: &[u8], piece: usize, then: Option<Ending>) -> String {
    let shelf = Arc::<Shelf>::default();
    let mut flow = flow_with_ports(Transport::Tcp, 50_000, 80);
    flow.content = flow.content.with(Arc::new(Library(Arc::clone(&shelf))));
    let mut rows = Vec::new();
    let mut body = Body::new(about(&flow), declared, &flow.content);
    sent.chunks(piece).for_each(|bytes| body.data(bytes, (7, Timestamp::default())));
    if then.is_none() {
        body.missing();
        body.data(sent, (7, Timestamp::default()));
    }
    let found = body.end(then.unwrap_or(Ending::Whole), &mut Context { flow: &flow, rows: &mut rows });
    format!("{found:?} {rows:?} {:?}", shelf.0.lock().unwrap())
}

#[test]
fn what_damage_leaves_does_not_depend_on_how_the_bytes_come() {
    let form = [b"--xyz\r\nContent-Disposition: form-data; name=\"log\"\r\n\r\n", &varied()[..], b"\r\n--xyz--"].concat();
    let zstd = zstd::encode_all(&form[..], 3).unwrap();
    for (coding, sent) in [
        ("gzip", gzip(&form)),
        ("gzip", [gzip(&form[..3_000]), gzip(&form[3_000..])].concat()),
        ("deflate", zlib(&form)),
        ("deflate", deflate(&form)),
        ("br", packed_brotli(&form)),
        ("zstd", zstd.clone()),
        ("zstd, gzip", gzip(&zstd)),
        ("gzip, br", packed_brotli(&gzip(&form))),
        ("deflate, zstd", zstd::encode_all(&zlib(&form)[..], 3).unwrap()),
    ] {
        let declared = Declared { coding: Some(coding.into()), media_type: Some(FORM.into()) };
        for at in (0..sent.len()).step_by(sent.len() / 40) {
            let mut damaged = sent.clone();
            damaged[at..].iter_mut().take(1 + at % 3).for_each(|byte| *byte ^= 0x5a);
            for then in [None, Some(Ending::Cut), Some(Ending::Whole)] {
                let whole = told(&declared, &damaged, usize::MAX, then);
                for piece in [1, 5, 50, 1_000] {
                    assert_eq!(
                        told(&declared, &damaged, piece, then),
                        whole,
                        "{coding}, damaged at {at}, pieces of {piece}, then {then:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_comes_before_the_end_that_was_not_seen_is_told() {
    let text = [b"\xff\xd8\xff\xe0", &varied()[..]].concat();
    for (coding, sent) in [
        ("gzip", gzip(&text)),
        ("deflate", zlib(&text)),
        ("br", packed_brotli(&text)),
        // A block of zstd comes out whole or not at all.
        ("zstd", [&text[..], &varied()].map(|frame| zstd::encode_all(frame, 3).unwrap()).concat()),
        ("deflate, gzip", gzip(&zlib(&text))),
    ] {
        let declared = Declared { coding: Some(coding.into()), media_type: None };
        for then in [None, Some(Ending::Cut)] {
            let told = told(&declared, &sent[..sent.len() - 1], 50, then);
            assert!(told.contains("image/jpeg") && !told.contains("body-undecodable"), "{coding}, {then:?}: {told}");
        }
    }
}

#[test]
fn bombs_are_bounded_and_reported() {
    let zeros = vec![0; 40 << 20];
    let once = gzip(&zeros);
    let zstd = zstd::encode_all(&zeros[..], 19).unwrap();
    for (coding, sent) in [("gzip", once.clone()), ("gzip, gzip", gzip(&once)), ("deflate", zlib(&zeros)), ("zstd", zstd)] {
        let flow = flow_with_ports(Transport::Tcp, 50_000, 80);
        let declared = Declared { coding: Some(coding.as_bytes().to_vec()), media_type: None };
        let (found, rows) = read_in(&flow, &declared, &sent, 1_400);
        assert_eq!((found.sha256, anomalies(&rows)), (None, vec!["body-bomb"]), "{coding}");
        assert!(found.sent_sha256.is_some());
    }
    let (found, rows) = read(&["gzip"; BODY_CODINGS + 1].join(","), "", b"anything");
    assert_eq!((found.sha256, anomalies(&rows)), (None, vec!["body-limit"]));
    let (found, rows) = read("gzip", "", &gzip(&vec![0; BODY_FREE_BYTES as usize]));
    assert!(found.sha256.is_some() && rows.is_empty(), "so much is never too much");
}

#[test]
fn a_window_beyond_the_limit_is_refused() {
    // Magic; a frame with a window of 128 MiB; a block of one byte, raw and last.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x09, 0x00, 0x00, b'a'];
    let (found, rows) = read("zstd", "", &frame);
    assert_eq!((found.sha256, anomalies(&rows)), (None, vec!["body-undecodable"]));
}

#[test]
fn a_body_with_a_hole_has_no_hash_and_still_a_type() {
    let flow = flow_with_ports(Transport::Tcp, 50_000, 80);
    for coding in ["", "gzip"] {
        let declared = Declared { coding: Some(coding.into()), media_type: None };
        let mut body = Body::new(about(&flow), &declared, &flow.content);
        // Bytes that do not shrink, so that the first half holds the start.
        let noise = (0..9_000_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[0]);
        let picture: Vec<u8> = b"\xff\xd8\xff\xe0".iter().copied().chain(noise).collect();
        let sent = if coding.is_empty() { picture } else { gzip(&picture) };
        let (first, rest) = sent.split_at(sent.len() / 2);
        body.data(first, <_>::default());
        body.missing();
        body.data(rest, <_>::default());
        let mut rows = Vec::new();
        let found = body.end(Ending::Whole, &mut Context { flow: &flow, rows: &mut rows });
        assert_eq!((found.sha256, found.sent_sha256, rows.len()), (None, None, 0));
        assert_eq!(found.media_type, Some("image/jpeg"));
    }
}

const FORM: &str = "multipart/form-data; boundary=xyz";

fn parts(rows: &[Row]) -> Vec<String> {
    let shown = |row: &Part| {
        let word = |text: Option<&str>| text.unwrap_or("-").to_owned();
        let whole = if row.sha256.is_some() { "whole" } else { "cut" };
        format!(
            "{} {} {} {} {} {whole}",
            row.number,
            word(row.name.as_deref()),
            word(row.file_name.as_deref()),
            word(row.media_type),
            row.bytes
        )
    };
    rows.iter().filter_map(|row| if let Row::Part(part) = row { Some(shown(part)) } else { None }).collect()
}

#[test]
fn forms_are_split() {
    let sent = b"--xyz\r\nContent-Disposition: form-data; name=\"sn\"\r\n\r\n0ASU\r\n--xyz\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"a\x1b.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\xff\xd8\xff\xe1--\r\n-\r\n--xyz--\r\n";
    for (coding, sent) in [("", sent.to_vec()), ("gzip", gzip(sent))] {
        let (found, rows) = read(coding, FORM, &sent);
        assert_eq!(parts(&rows), ["1 sn - text/plain 4 whole", r"2 file a\x1b.jpg image/jpeg 9 whole"]);
        assert_eq!(found.form_fields, ["sn", "file"]);
        assert_eq!((found.part_types.as_slice(), found.tells.as_slice()), (&["text/plain", "image/jpeg"][..], &["serial"][..]));
    }
    let Row::Part(part) = &read("", FORM, sent).1[1] else { panic!("a part") };
    assert_eq!((part.sha256.clone(), part.declared_type.as_deref()), (sha256(b"\xff\xd8\xff\xe1--\r\n-"), Some("image/jpeg")));
    let (_, rows) = read("", FORM, &sent[..sent.len() - 10]);
    assert_eq!(parts(&rows).last().unwrap(), r"2 file a\x1b.jpg image/jpeg 10 cut");
}

#[test]
fn a_form_of_many_parts_is_bounded() {
    let many: Vec<u8> = (0..1_000).flat_map(|_| b"--xyz\r\n\r\na\r\n".to_vec()).collect();
    let (_, rows) = read("", FORM, &[&many[..], b"--xyz--"].concat());
    assert_eq!((parts(&rows).len(), anomalies(&rows)), (FORM_NAMES, vec!["form-parts"]));
}

#[test]
fn names_of_a_form_without_values() {
    let (found, _) = read("", "application/x-www-form-urlencoded; charset=utf-8", b"e-mail=a%40b&x%0a=1&password=secret");
    assert_eq!(
        (found.form_fields.as_slice(), found.tells.as_slice()),
        (&["e-mail".to_owned(), r"x\x0a".to_owned(), "password".to_owned()][..], &["account"][..])
    );
}

/// What a sink got of each body: bytes, and the summary's type.
#[derive(Default)]
struct Shelf(Mutex<Vec<String>>);

struct Book(Arc<Shelf>, Vec<u8>, bool);

struct Library(Arc<Shelf>);

impl Readers for Library {
    fn open(&self, about: &About) -> Option<Box<dyn Sink>> {
        Some(Box::new(Book(Arc::clone(&self.0), Vec::new(), about.part.is_some())))
    }
}

impl Sink for Book {
    fn chunk(&mut self, bytes: &[u8], seen: (u64, Timestamp)) {
        assert_eq!(seen.0, 7);
        self.1.extend_from_slice(bytes);
    }

    fn end(self: Box<Self>, summary: &Summary, _: &mut Vec<Row>) {
        let line = format!("{} {} {:?} {}", self.2, self.1.len(), summary.media_type, summary.sha256 == sha256(&self.1));
        self.0.0.lock().unwrap().push(line);
    }
}

#[test]
fn whoever_reads_bodies_gets_them_decoded_and_their_parts() {
    let shelf = Arc::<Shelf>::default();
    let mut flow = flow_with_ports(Transport::Tcp, 50_000, 80);
    flow.content = flow.content.with(Arc::new(Library(Arc::clone(&shelf))));
    let sent = gzip(b"--xyz\r\n\r\n%PDF-1\r\n--xyz--");
    let declared = Declared { coding: Some(b"gzip".to_vec()), media_type: Some(FORM.into()) };
    read_in(&flow, &declared, &sent, 4);
    assert_eq!(*shelf.0.lock().unwrap(), ["true 6 Some(\"application/pdf\") true", "false 24 Some(\"text/plain\") true"]);
}
