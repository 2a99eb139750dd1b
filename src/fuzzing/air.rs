//! Frames of the air: radio headers, 802.11 under keys, and handshakes, through the whole pass.

use std::sync::Arc;

use crate::analyzer::Analyzer;
use crate::capture::Frame;
use crate::flow::Devices;
use crate::record::{Row, Wifi};
use crate::time::{Span, Timestamp};
use crate::wifi::Keys;
use crate::wire::eapol::{KeyFrame, Piece, pieces};
use crate::wire::link;
use crate::wire::management::Elements;
use crate::wire::{LinkType, Reader};

use super::laws;

/// A key of each kind, none of which is made of a passphrase: that takes longer than all else.
const KEYS: [&str; 5] = [
    "psk:0000000000000000000000000000000000000000000000000000000000000000",
    "pmk:000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "tk:00000000000000000000000000000000",
    "tk:0000000000000000000000000000000000000000000000000000000000000000",
    "wep:0000000000",
];

/// A frame behind a radio header: the first byte chooses which.
pub(super) fn radio(bytes: &[u8]) {
    const LINKS: [LinkType; 4] = [LinkType::RADIOTAP, LinkType::PRISM, LinkType::AVS, LinkType::PPI];
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let Some(link) = LINKS.get(usize::from(*choice) % LINKS.len()) else { return };
    if let Some(Ok(opened)) = link::opener(*link).map(|opener| opener(bytes)) {
        assert!(bytes.ends_with(opened.payload), "what follows a header is not what follows it");
        assert_eq!(opened.metadata + opened.payload.len(), bytes.len(), "header and frame do not add up");
    }
    pass(*link, &[(bytes, 0, 0)]);
}

/// Frames without a radio header, each two bytes of length, one of time, and its bytes; with the top bit of the length
/// set, twenty bytes are missing.
pub(super) fn frames(bytes: &[u8]) {
    let mut input = Reader::new(bytes);
    let mut frames = Vec::new();
    while let (Ok(length), Ok(later)) = (input.u16(), input.u8()) {
        let missing = if length & 0x8000 == 0 { 0 } else { 20 };
        frames.push((input.take_up_to(usize::from(length & 0x7fff)), missing, later));
    }
    pass(LinkType::IEEE802_11, &frames);
}

/// A handshake: messages of one byte, 1 from the station, two bytes of length, and an EAPOL frame.
pub(super) fn handshake(bytes: &[u8]) {
    let mut input = Reader::new(bytes);
    let mut frames = Vec::new();
    while let (Ok(flags), Ok(length)) = (input.u8(), input.u16()) {
        let message = input.take_up_to(length.into());
        said(message);
        frames.push(framed(flags, message));
    }
    let frames: Vec<_> = frames.iter().map(|frame| (frame.as_slice(), 0, 0)).collect();
    pass(LinkType::IEEE802_11, &frames);
}

/// What a message says lies within it.
fn said(message: &[u8]) {
    if let Ok(Some(frame)) = KeyFrame::read(message) {
        assert!(message.starts_with(frame.bytes) && frame.bytes.ends_with(frame.data));
        assert!(matches!(frame.code.len(), 16 | 24 | 32));
        let _which = frame.message();
        for piece in pieces(frame.data) {
            let (Piece::GroupKey(_, key) | Piece::ManagementKey(_, key)) = piece;
            assert!(key.len() < 256);
        }
        assert!(Elements::new(frame.data).count() * 2 <= frame.data.len() + 1);
    }
}

fn framed(flags: u8, message: &[u8]) -> Vec<u8> {
    let (bssid, station) = ([2; 6], [4; 6]);
    let header = if flags & 1 == 0 { [&[8, 2][..], &[0, 0], &station, &bssid] } else { [&[8, 1][..], &[0, 0], &bssid, &station] };
    [&header.concat()[..], &bssid, &[0, 0], &[0xaa, 0xaa, 3, 0, 0, 0, 0x88, 0x8e], message].concat()
}

/// Frames as bytes, how many more there were, and seconds since the one before.
fn pass(link: LinkType, frames: &[(&[u8], u32, u8)]) {
    let mut keys = Keys::default();
    for key in KEYS {
        assert!(keys.add(key).is_ok());
    }
    let mut analyzer = Analyzer::new("fuzz".into(), Devices::default(), 1).with_keys(Arc::new(keys));
    let mut time = Timestamp::default();
    for (number, (bytes, missing, later)) in (1..).zip(frames) {
        time = time.after(Span::from_nanos(i64::from(*later) * 1_000_000_000));
        analyzer.push(&Frame {
            number,
            time,
            interface: 0,
            interface_name: None,
            link,
            wire_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX).saturating_add(*missing),
            bytes,
            direction: None,
            offset: 0,
        });
    }
    let finished = analyzer.finish();
    laws::of_the_pass(&finished);
    finished.rows.iter().filter_map(|row| if let Row::Wifi(row) = row { Some(&**row) } else { None }).for_each(adds_up);
}

/// Protected frames opened or did not.
fn adds_up(row: &Wifi) {
    assert_eq!(row.protected, row.opened + row.failed, "{row:?}");
    assert!(row.unverified <= row.opened && row.management_opened <= row.management_protected, "{row:?}");
}
