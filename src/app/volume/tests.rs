//! Bytes of records and packets in, bounds out.

use super::*;

const SEAL12: Seal = Seal { client: Side::Device, version: 0x0303, cipher: 0xc02f, alpn: Vec::new() };

fn record(content: u8, length: usize) -> Vec<u8> {
    let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
    [&[content, 3, 3, high, low][..], &vec![0xa5; length]].concat()
}

/// The bounds of a stream of such pieces; the same when they come in small ones.
fn bounds(pieces: &[(Side, Vec<u8>)], seal: &Seal) -> [Bounds; 2] {
    let whole = bounds_in(pieces, seal, usize::MAX);
    for length in [1, 3, 700] {
        assert_eq!(bounds_in(pieces, seal, length).map(|bounds| bounds.max), whole.map(|bounds| bounds.max), "in pieces of {length}");
    }
    whole
}

fn bounds_in(pieces: &[(Side, Vec<u8>)], seal: &Seal, length: usize) -> [Bounds; 2] {
    let mut meter = Meter::stream();
    let mut counts = [Counts::default(); 2];
    for (side, bytes) in pieces {
        counts[usize::from(*side == Side::Remote)].unique_bytes += bytes.len() as u64;
        bytes.chunks(length).for_each(|piece| meter.data(*side, piece, piece.len()));
    }
    let volume = told(&meter, counts, Encryption::Tls, Some(seal));
    assert_eq!(volume.basis, VolumeBasis::TlsRecords);
    [volume.outbound, volume.inbound]
}

fn told(meter: &Meter, counts: [Counts; 2], encryption: Encryption, seal: Option<&Seal>) -> Volume {
    let [device, remote] = &counts;
    volume(Some(meter), &Ended { counts: [device, remote], encryption, seal, exchanges: Exchanges::default(), is_whole: true })
}

#[test]
fn records_lose_what_their_cipher_adds() {
    let pieces = [
        (Side::Device, record(22, 300)),
        (Side::Remote, record(22, 4_000)),
        (Side::Device, record(20, 1)),
        (Side::Device, record(22, 40)),
        (Side::Remote, record(22, 40)),
        (Side::Device, [record(23, 16_384 + 24), record(23, 1_000 + 24)].concat()),
        (Side::Remote, record(23, 200 + 24)),
        (Side::Remote, record(21, 26)),
    ];
    let [out, into] = bounds(&pieces, &SEAL12);
    assert_eq!((out.max, into.max), (17_384, 200));
    assert_eq!((out.min, into.min), (17_384 - 8_192 - 1_024, 0), "each record can begin a head");
}

#[test]
fn the_sealed_handshake_of_tls_1_3_is_no_content() {
    let seal = Seal { version: 0x0304, cipher: 0x1301, alpn: vec!["h2".into()], ..SEAL12 };
    let pieces = [
        (Side::Device, record(22, 500)),
        (Side::Remote, [record(22, 122), record(20, 1), record(23, 3_000)].concat()),
        (Side::Device, [record(20, 1), record(23, 53)].concat()),
        (Side::Device, record(23, 1_017)),
        (Side::Remote, record(23, 16_401)),
    ];
    let [out, into] = bounds(&pieces, &seal);
    assert_eq!(out.max, 53 + 1_017 - 2 * 17 - 36 - 52);
    assert_eq!(into.max, 3_000 + 16_401 - 2 * 17 - 42 - 28);
    assert_eq!((out.min, into.min), (0, 16_384 - 8_192));
}

#[test]
fn what_is_missing_may_have_been_content() {
    let mut meter = Meter::stream();
    meter.data(Side::Remote, &record(23, 1_024), 1_029);
    meter.gap(Side::Remote, 5_000);
    meter.data(Side::Remote, &record(23, 524), 529);
    // A hole within a record changes nothing.
    meter.data(Side::Remote, record(23, 1_024).get(..100).unwrap(), 100);
    meter.gap(Side::Remote, 929);
    meter.data(Side::Device, &record(23, 124), 129);
    let counts = [
        Counts { unique_bytes: 129, ..Counts::default() },
        Counts { unique_bytes: 1_029 + 529 + 100, gap_bytes: 5_929, ..Counts::default() },
    ];
    let volume = told(&meter, counts, Encryption::Tls, Some(&SEAL12));
    assert_eq!((volume.outbound.max, volume.inbound.max), (100, 1_000 + 5_000 + 500 + 1_000));
    // Nothing that looks like a record follows: all of it is counted.
    meter.gap(Side::Remote, 10);
    meter.data(Side::Remote, &[0xff; 50], 50);
    assert_eq!(told(&meter, counts, Encryption::Tls, Some(&SEAL12)).inbound.max, 7_500 + 10 + 50);
}

#[test]
fn what_is_not_tls_from_the_start_is_payload() {
    let mut meter = Meter::stream();
    meter.data(Side::Device, b"EHLO me\r\n", 9);
    meter.data(Side::Device, &record(22, 300), 305);
    assert!(!meter.is_counting());
    let counts = [Counts { unique_bytes: 314, gap_bytes: 6, ..Counts::default() }, Counts::default()];
    let volume = told(&meter, counts, Encryption::Tls, Some(&SEAL12));
    assert_eq!((volume.basis, volume.outbound, volume.inbound), (VolumeBasis::Payload, Bounds { min: 0, max: 320 }, Bounds::default()));
}

#[test]
fn packets_of_quic_lose_head_and_tag() {
    // Initials of both sides: version 1, identifiers of 8 and 4 bytes, no token, 20 bytes.
    let initial = |destination: &[u8], source: &[u8]| {
        let lengths = [u8::try_from(destination.len()).unwrap(), u8::try_from(source.len()).unwrap()];
        [&[0xc0, 0, 0, 0, 1, lengths[0]][..], destination, &[lengths[1]], source, &[0, 20], &[7; 20]].concat()
    };
    let mut meter = Meter::datagrams();
    for (side, datagram) in [
        (Side::Device, initial(&[1; 8], &[2; 4])),
        (Side::Remote, initial(&[2; 4], &[3; 8])),
        (Side::Device, [&[0x41][..], &[9; 1_199]].concat()),
        (Side::Remote, [&[0x41][..], &[9; 999]].concat()),
        (Side::Remote, [initial(&[2; 4], &[3; 8]), vec![0x41; 50]].concat()),
    ] {
        meter.data(side, &datagram, datagram.len());
    }
    let counts = [Counts { unique_bytes: 9_999, ..Counts::default() }; 2];
    let volume = told(&meter, counts, Encryption::Quic, None);
    assert_eq!(volume.basis, VolumeBasis::QuicPackets);
    assert_eq!(volume.outbound, Bounds { min: 0, max: 1_200 - 20 - 8 });
    assert_eq!(volume.inbound, Bounds { min: 0, max: 1_050 - 2 * (20 + 4) });
}
