//! What opening protected frames costs beside the cipher alone: frames of 1,500 bytes under CCMP and GCMP with 128 and
//! 256 bits, taken through the opening of the air, and the same bytes through the library that holds the cipher.
//!
//! `cargo bench --bench air` measures both in one run, and fails when less than seventy hundredths of the cipher's
//! speed are left.
#![expect(clippy::unwrap_used, reason = "the bench makes what it measures")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aes::{Aes128, Aes256};
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aead::{AeadInOut, KeyInit, Nonce, Tag};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use ccm::Ccm;
use ccm::consts::{U8, U13, U16};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use whereto::capture::Frame;
use whereto::time::Timestamp;
use whereto::wifi::{Ethernet, Keys};
use whereto::wire::{LinkType, hex};

criterion_group!(benches, opening);
criterion_main!(benches);

const FRAMES: u64 = 500;
const DATA_BYTES: usize = 1_500;
/// Least share of the cipher's own speed.
const SHARE: f64 = 0.7;

fn opening(criterion: &mut Criterion) {
    measure::<Ccm<Aes128, U8, U13>>(criterion, "CCMP-128");
    measure::<Ccm<Aes256, U16, U13>>(criterion, "CCMP-256");
    measure::<Aes128Gcm>(criterion, "GCMP-128");
    measure::<Aes256Gcm>(criterion, "GCMP-256");
}

fn measure<A: AeadInOut + KeyInit>(criterion: &mut Criterion, name: &str) {
    let key: Vec<u8> = (0..A::key_size()).map(|index| u8::try_from(index).unwrap()).collect();
    let cipher = A::new_from_slice(&key).unwrap();
    let frames: Vec<Sealed> = (1..=FRAMES).map(|number| Sealed::new(&cipher, number)).collect();
    let mut keys = Keys::default();
    keys.add(&format!("tk:{} cipher={name}", hex(&key))).unwrap();
    // As the cipher its schedule, both have the key ready before they are measured.
    let mut air = Ethernet::new(Arc::new(keys));

    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(FRAMES * DATA_BYTES as u64));
    group.bench_function("cipher", |bencher| bencher.iter(|| alone(&cipher, &frames)));
    group.bench_function("opening", |bencher| bencher.iter(|| opened(&mut air, &frames)));
    group.finish();
    compare(name, || alone(&cipher, &frames), || opened(&mut air, &frames));
}

/// Takes both in turn, so that what else the machine does falls on both, and compares their best.
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark tells what it measured")]
fn compare(name: &str, mut cipher: impl FnMut() -> u64, mut opening: impl FnMut() -> u64) {
    let timed = |run: &mut dyn FnMut() -> u64| {
        let start = Instant::now();
        assert_eq!(black_box(run()), FRAMES, "{name}: not every frame opened");
        start.elapsed()
    };
    let (mut alone, mut whole) = (Duration::MAX, Duration::MAX);
    for _ in 0..200 {
        alone = alone.min(timed(&mut cipher));
        whole = whole.min(timed(&mut opening));
    }
    let share = alone.as_secs_f64() / whole.as_secs_f64();
    println!("{name}: opening has {:.0} % of the cipher's own speed", share * 100.0);
    assert!(share >= SHARE, "{name}: less than {:.0} %", SHARE * 100.0);
}

/// A frame as it is on the air, and the parts that the cipher asks for.
struct Sealed {
    bytes: Vec<u8>,
    nonce: Vec<u8>,
    associated: Vec<u8>,
}

/// Radiotap with flags: no check sequence.
const RADIO: [u8; 9] = [0, 0, 9, 0, 2, 0, 0, 0, 0];
/// Frame control, duration, addresses, sequence control, QoS control, behind that.
const HEADER_BYTES: usize = RADIO.len() + 26;
const CIPHER_HEADER_BYTES: usize = 8;

impl Sealed {
    fn new<A: AeadInOut>(cipher: &A, number: u64) -> Self {
        let (bssid, station, third) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2], [2, 0, 0, 0, 0, 3]);
        let sequence = u16::try_from((number % 4_096) << 4).unwrap().to_le_bytes();
        let packet_number: [u8; 6] = number.to_be_bytes()[2..].try_into().unwrap();
        let mut data = [&[0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00][..], &vec![0x5a; DATA_BYTES - 8]].concat();
        let flags: &[u8] = if Nonce::<A>::default().len() == 13 { &[0] } else { &[] };
        let nonce = [flags, &station, &packet_number].concat();
        let associated = [&[0x88, 0x41][..], &bssid, &station, &third, &[0, 0], &[0, 0]].concat();
        let code =
            cipher.encrypt_inout_detached(<&Nonce<A>>::try_from(&nonce[..]).unwrap(), &associated, InOutBuf::from(&mut data[..])).unwrap();
        let [f, e, d, c, b, a] = packet_number;
        let parts: [&[u8]; 10] =
            [&RADIO, &[0x88, 0x41, 0, 0], &bssid, &station, &third, &sequence, &[0, 0], &[a, b, 0, 0x20, c, d, e, f], &data, &code];
        Self { bytes: parts.concat(), nonce, associated }
    }
}

/// The cipher alone over all frames: how many opened.
fn alone<A: AeadInOut>(cipher: &A, frames: &[Sealed]) -> u64 {
    let mut buffer = Vec::new();
    let opens = |frame: &&Sealed| {
        let (data, code) = frame.bytes[HEADER_BYTES + CIPHER_HEADER_BYTES..].split_at(DATA_BYTES);
        buffer.clear();
        buffer.extend_from_slice(data);
        let (nonce, code) = (<&Nonce<A>>::try_from(&frame.nonce[..]).unwrap(), <&Tag<A>>::try_from(code).unwrap());
        cipher.decrypt_inout_detached(nonce, &frame.associated, InOutBuf::from(&mut buffer[..]), code).is_ok()
    };
    frames.iter().filter(opens).count() as u64
}

/// All frames taken as they come from a monitor: how many gave their packet.
fn opened(air: &mut Ethernet, frames: &[Sealed]) -> u64 {
    let mut count = 0;
    for (number, frame) in (1..).zip(frames) {
        let frame = Frame {
            number,
            time: Timestamp::default(),
            interface: 0,
            interface_name: None,
            link: LinkType::RADIOTAP,
            wire_len: u32::try_from(frame.bytes.len()).unwrap(),
            bytes: &frame.bytes,
            direction: None,
            offset: 0,
        };
        air.push(&frame, &mut |packet| count += u64::from(packet.len() == DATA_BYTES + 6));
    }
    count
}
