//! What a frame costs: read from its container, taken through the pass, and the whole job without tables.
//!
//! `cargo bench --bench pass` needs nothing but the sample captures. The unit is frames: criterion's time per
//! element is the time per frame. benches/compare measures the program as it is used.
#![expect(clippy::unwrap_used, reason = "a benchmark without its samples has nothing to measure")]

use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use whereto::Error;
use whereto::analysis::{Options, Output, run};
use whereto::analyzer::Analyzer;
use whereto::capture::{Event, Inputs, Reader, expand};
use whereto::flow::Devices;
use whereto::record::{Capture, Ledger, Row};

criterion_group!(benches, container, pass, protocols, job);
criterion_main!(benches);

/// Frames are lent and looked at no further.
fn container(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("container");
    for path in samples().captures {
        group.throughput(Throughput::Elements(frames(&mut open(&path))));
        group.bench_function(name(&path), |bencher| bencher.iter(|| frames(&mut open(&path))));
    }
}

/// Frames go through packet, flow and dialogue to rows.
fn pass(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pass");
    for path in samples().captures {
        group.throughput(Throughput::Elements(frames(&mut open(&path))));
        group.bench_function(name(&path), |bencher| bencher.iter(|| black_box(analyze(open(&path)))));
    }
}

/// The pass over a thousand conversations of one protocol, beside as many that are recognised as nothing.
fn protocols(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("protocol");
    let captures = [
        ("unrecognised datagram", conversations(|port| vec![udp(port, 40_000, &[0xa5; 60])])),
        ("dns answer", conversations(|port| vec![udp(port, 53, DNS_ANSWER)])),
        ("unrecognised stream", conversations(|port| tcp(port, &[0xa5; 200]))),
        ("tls hello", conversations(|port| tcp(port, &client_hello("api.example.com")))),
    ];
    for (name, bytes) in captures {
        let open = || Reader::new(Box::new(Cursor::new(Arc::clone(&bytes))), Path::new(name)).unwrap();
        group.throughput(Throughput::Elements(frames(&mut open())));
        group.bench_function(name, |bencher| bencher.iter(|| black_box(analyze(open()))));
    }
}

/// All samples, names, places and kinds of data joined.
fn job(criterion: &mut Criterion) {
    let inputs = samples();
    let total = inputs.captures.iter().map(|path| frames(&mut open(path))).sum();
    let options = Options { scratch: std::env::temp_dir(), ..Options::default() };
    let mut group = criterion.benchmark_group("job");
    group.sample_size(20).throughput(Throughput::Elements(total));
    group.bench_function("samples", |bencher| {
        bencher.iter(|| run(&inputs, &options, &mut Rows(0), &mut |_| {}).unwrap());
    });
}

fn samples() -> Inputs {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    expand(&[folder]).unwrap()
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn open(path: &Path) -> Reader {
    Reader::open(path).unwrap()
}

fn frames(reader: &mut Reader) -> u64 {
    let mut count = 0;
    while let Some(event) = reader.next_event() {
        if let Event::Frame(frame) = event {
            black_box(frame.bytes);
            count += 1;
        }
    }
    count
}

fn analyze(mut reader: Reader) -> usize {
    let mut analyzer = Analyzer::new("bench".into(), Devices::default(), 1);
    let mut rows = 0;
    while let Some(event) = reader.next_event() {
        match event {
            Event::Frame(frame) => analyzer.push(&frame),
            Event::Note(note) => analyzer.note(note),
            Event::Name(..) | Event::Secrets(_) => {}
        }
        rows += analyzer.drain().count();
    }
    rows + analyzer.finish().rows.len()
}

/// Counts rows instead of writing them.
struct Rows(u64);

impl Output for Rows {
    fn row(&mut self, _: Row) -> Result<(), Error> {
        self.0 += 1;
        Ok(())
    }

    fn capture(&mut self, _: Capture) -> Result<(), Error> {
        Ok(())
    }

    fn ledger(&mut self, _: Ledger) -> Result<(), Error> {
        Ok(())
    }
}

/// A pcap file of a thousand conversations, one device port each.
fn conversations(frames_of: impl Fn(u16) -> Vec<Vec<u8>>) -> Arc<[u8]> {
    let mut file = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101].map(u32::to_le_bytes).concat();
    for (second, frame) in (20_000..21_000).flat_map(frames_of).enumerate() {
        let length = to_u32(frame.len());
        file.extend([1_700_000_000 + to_u32(second) / 100, 0, length, length].map(u32::to_le_bytes).concat());
        file.extend(frame);
    }
    file.into()
}

fn udp(device_port: u16, remote_port: u16, payload: &[u8]) -> Vec<u8> {
    let header = [remote_port, device_port, to_u16(8 + payload.len()), 0].map(u16::to_be_bytes).concat();
    ip(17, [REMOTE, DEVICE], &[&header, payload].concat())
}

/// A handshake, then payload from the device.
fn tcp(device_port: u16, payload: &[u8]) -> Vec<Vec<u8>> {
    let header = |ports: [u16; 2], numbers: [u32; 2], flags: u8| {
        let rest = [0x50, flags, 0xff, 0xff, 0, 0, 0, 0];
        [ports.map(u16::to_be_bytes).as_flattened(), numbers.map(u32::to_be_bytes).as_flattened(), &rest].concat()
    };
    let out = |flags, numbers, payload: &[u8]| ip(6, [DEVICE, REMOTE], &[&header([device_port, 443], numbers, flags), payload].concat());
    let answer = ip(6, [REMOTE, DEVICE], &header([443, device_port], [900, 101], 0x12));
    vec![out(0x02, [100, 0], &[]), answer, out(0x10, [101, 901], &[]), out(0x18, [101, 901], payload)]
}

const DEVICE: [u8; 4] = [192, 168, 1, 2];
const REMOTE: [u8; 4] = [93, 184, 216, 34];

fn ip(protocol: u8, ends: [[u8; 4]; 2], payload: &[u8]) -> Vec<u8> {
    let length = to_u16(20 + payload.len()).to_be_bytes();
    let start = [0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64, protocol, 0, 0];
    [start.as_slice(), ends.as_flattened(), payload].concat()
}

/// `example.com A 93.184.216.34`, with its question.
const DNS_ANSWER: &[u8] = b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01\
    \xc0\x0c\x00\x01\x00\x01\x00\x00\x0e\x10\x00\x04\x5d\xb8\xd8\x22";

/// A TLS 1.3 hello with four extensions (RFC 8446 §4.1.2).
fn client_hello(host: &str) -> Vec<u8> {
    let extension = |kind: u16, body: &[u8]| [kind.to_be_bytes().as_slice(), &prefixed(body)].concat();
    let extensions = [
        extension(0, &prefixed(&[&[0], prefixed(host.as_bytes()).as_slice()].concat())),
        extension(10, &prefixed(&[0x00, 0x1d, 0x00, 0x17])),
        extension(16, &prefixed(b"\x02h2\x08http/1.1")),
        extension(43, &[0x04, 0x03, 0x04, 0x03, 0x03]),
    ];
    let suites = prefixed(&[0x13, 0x01, 0x13, 0x02, 0xc0, 0x2b, 0xc0, 0x2f]);
    let body = [[0x03, 0x03].as_slice(), &[7; 32], &[0], &suites, &[1, 0], &prefixed(&extensions.concat())].concat();
    let message = [[0x01, 0x00].as_slice(), &prefixed(&body)].concat();
    [[0x16, 0x03, 0x01].as_slice(), &prefixed(&message)].concat()
}

/// Bytes after their length in two.
fn prefixed(bytes: &[u8]) -> Vec<u8> {
    [to_u16(bytes.len()).to_be_bytes().as_slice(), bytes].concat()
}

fn to_u16(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

fn to_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
