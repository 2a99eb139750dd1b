//! Broadcasts of aircraft: elements, and what aircraft put into them, through the whole pass.

use crate::analyzer::{Analyzer, Finished};
use crate::capture::Frame;
use crate::flow::Devices;
use crate::record::{RemoteId, Row};
use crate::time::Timestamp;
use crate::wire::management::{Element, Elements, Management};
use crate::wire::{LinkType, Mac, droneid, french_id, remote_id};

use super::laws;

/// A management frame: its elements are what a walk over its bytes finds, whatever comes behind them.
pub(super) fn elements(bytes: &[u8]) {
    if let Ok(Some(frame)) = Management::read(bytes) {
        let elements: Vec<_> = frame.elements().collect();
        assert!(elements.len() * 2 <= frame.body.len(), "{} elements in {} bytes", elements.len(), frame.body.len());
        assert!(elements.iter().rev().skip(1).all(|element| !element.is_cut), "an element is cut and others follow");
        let _presence = frame.presence();
    }
    let whole: Vec<_> = Elements::new(bytes).collect();
    let half: Vec<_> = Elements::new(bytes.get(..bytes.len() / 2).unwrap_or_default()).collect();
    let uncut: Vec<&Element<'_>> = half.iter().filter(|element| !element.is_cut).collect();
    assert!(whole.iter().zip(&uncut).all(|(whole, half)| whole == *half), "what comes behind an element changes it");
    pass(105, bytes);
}

/// A vendor element: the first byte chooses the format, the rest follows the organisation.
pub(super) fn vendor(bytes: &[u8]) {
    const HEADS: [&[u8]; 4] = [
        &[0x26, 0x37, 0x12, 0x58, 0x62, 0x13, 0x10],
        &[0x26, 0x37, 0x12, 0x58, 0x62, 0x13, 0x11],
        &[0x26, 0x37, 0x12],
        &[0x6a, 0x5c, 0x35, 1],
    ];
    let Some((choice, rest)) = bytes.split_first() else { return };
    let head = HEADS.get(usize::from(*choice) % HEADS.len()).copied().unwrap_or_default();
    let content = [head, rest.get(..255 - head.len()).unwrap_or(rest)].concat();
    if let Some(Ok(droneid::Record::Flight(flight))) = content.strip_prefix(&droneid::ORGANISATION).and_then(droneid::read) {
        let order = flight.position.is_none_or(|place| place.is_on_earth() || !place.swapped().is_on_earth());
        assert!(order, "a place is read in the order that is none");
    }
    let _french = content.strip_prefix(&french_id::ORGANISATION).map(french_id::read);
    pass(105, &beacon(&content));
}

/// Remote ID messages behind their counter: the first byte chooses the carrier.
pub(super) fn messages(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let rest = rest.get(..229).unwrap_or(rest);
    let broadcast = remote_id::read(rest.split_first().map_or(&[], |(_, messages)| messages));
    assert!(broadcast.messages.len() * 25 <= rest.len(), "{} messages in {} bytes", broadcast.messages.len(), rest.len());
    assert!(broadcast.messages.len() + broadcast.faults.len() > 0, "nothing is said of what was heard");
    let length = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
    match choice % 3 {
        0 => pass(105, &beacon(&[&[0xfa, 0x0b, 0xbc, 0x0d][..], rest].concat())),
        1 => {
            let descriptor = [&remote_id::SERVICE[..], &[1, 0, 0x10, length(rest.len())], rest].concat();
            let attribute = [&[3, length(descriptor.len()), 0][..], &descriptor].concat();
            pass(105, &management(0xd0, &[&[4, 9, 0x50, 0x6f, 0x9a, 0x13][..], &attribute].concat()));
        }
        _ => {
            let data = [&[length(rest.len() + 4), 0x16, 0xfa, 0xff, 0x0d][..], rest].concat();
            let packet = [&[0xd6, 0xbe, 0x89, 0x8e, 2, length(data.len() + 6)][..], &[2; 6], &data].concat();
            pass(251, &packet);
        }
    }
}

fn beacon(content: &[u8]) -> Vec<u8> {
    let element = [&[221, u8::try_from(content.len()).unwrap_or(u8::MAX)][..], content].concat();
    management(0x80, &[&[0; 12][..], &element].concat())
}

fn management(control: u8, body: &[u8]) -> Vec<u8> {
    [&[control, 0, 0, 0][..], &[0xff; 6], &[2; 6], &[2; 6], &[0, 0], body].concat()
}

/// The frame twice: the laws of the pass hold, and the second is no less plausible than the first.
fn pass(link: u16, bytes: &[u8]) {
    let mut analyzer = Analyzer::new("fuzz".into(), Devices::default(), 1);
    for number in 1..=2 {
        analyzer.push(&Frame {
            number,
            time: Timestamp::default(),
            interface: 0,
            interface_name: None,
            link: LinkType(link),
            wire_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            bytes,
            direction: None,
            offset: 0,
        });
    }
    let finished = analyzer.finish();
    laws::of_the_pass(&finished);
    broadcasts(&finished).for_each(judged);
}

fn broadcasts(finished: &Finished) -> impl Iterator<Item = &RemoteId> {
    finished.rows.iter().filter_map(|row| if let Row::RemoteId(row) = row { Some(&**row) } else { None })
}

fn judged(row: &RemoteId) {
    assert_eq!(row.plausible == Some(false), !row.doubts.is_empty(), "doubts and plausibility differ: {row:?}");
    let is_off = [row.position, row.operator, row.home].into_iter().flatten().any(|place| !place.is_on_earth());
    assert_eq!(is_off, row.doubts.iter().any(|doubt| doubt == "off-the-earth"), "a place that is none: {row:?}");
    assert!(row.transmitter.as_deref().is_none_or(|address| address.len() == Mac([0; 6]).to_string().len()));
}
