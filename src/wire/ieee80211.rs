//! 802.11 frames down to their service data units (IEEE 802.11-2020, 9.2 and 9.3).
//!
//! | size | field |
//! |---|---|
//! | 2 | frame control: version, type, subtype, flags |
//! | 2 | duration |
//! | 6 x 3 | addresses 1 to 3 |
//! | 2 | sequence control |
//! | 6 | address 4, when ToDS and FromDS are set |
//! | 2 | QoS control, in QoS data |
//! | 4 | HT control, in QoS data with the order bit |

use super::link::{Direction, Mac, Radio};
use super::{Reader, Short};

/// What kind of frame it is, and what it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Frame<'a> {
    /// Management, by subtype.
    Management(&'static str),
    /// Control, by subtype.
    Control(&'static str),
    /// Data without a body.
    Null,
    /// Data that was encrypted.
    Protected,
    /// A part of a service data unit.
    Fragment,
    /// Data.
    Data(Data<'a>),
    /// Of a version or type that is not defined here.
    Reserved,
}

/// A data frame in clear.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Data<'a> {
    /// Who sent it first.
    pub(crate) source: Mac,
    /// Whom it is for in the end.
    pub(crate) destination: Mac,
    /// To or from the distribution system, seen from the access point's station.
    pub(crate) direction: Option<Direction>,
    /// Several units with a header each, rather than one.
    pub(crate) is_aggregate: bool,
    /// LLC and what follows, or the aggregate's units.
    pub(crate) body: &'a [u8],
}

const MANAGEMENT: [&str; 16] = [
    "association-request",
    "association-response",
    "reassociation-request",
    "reassociation-response",
    "probe-request",
    "probe-response",
    "timing-advertisement",
    "management-7",
    "beacon",
    "atim",
    "disassociation",
    "authentication",
    "deauthentication",
    "action",
    "action-no-ack",
    "management-15",
];

const CONTROL: [&str; 16] = [
    "control-0",
    "control-1",
    "trigger",
    "tack",
    "beamforming-report-poll",
    "vht-ndp-announcement",
    "control-extension",
    "control-wrapper",
    "block-ack-request",
    "block-ack",
    "ps-poll",
    "rts",
    "cts",
    "ack",
    "cf-end",
    "cf-end-ack",
];

/// Flags of the second frame control byte.
const TO_DS: u8 = 0x01;
const FROM_DS: u8 = 0x02;
const MORE_FRAGMENTS: u8 = 0x04;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;

/// Reads one frame.
pub(crate) fn frame(bytes: &[u8], radio: Radio) -> Result<Frame<'_>, Short> {
    let bytes = if radio.has_fcs { bytes.get(..bytes.len().saturating_sub(4)).unwrap_or_default() } else { bytes };
    let mut reader = Reader::new(bytes);
    let (control, flags) = (reader.u8()?, reader.u8()?);
    let subtype = usize::from(control >> 4);
    let name = |names: [&'static str; 16]| names.get(subtype).copied().unwrap_or_default();
    match control & 0x0f {
        0x00 => Ok(Frame::Management(name(MANAGEMENT))),
        0x04 => Ok(Frame::Control(name(CONTROL))),
        0x08 => data(reader, control >> 4, flags, radio),
        _ => Ok(Frame::Reserved),
    }
}

fn data<'a>(mut reader: Reader<'a>, subtype: u8, flags: u8, radio: Radio) -> Result<Frame<'a>, Short> {
    const NO_DATA: u8 = 0x04;
    const QOS: u8 = 0x08;
    reader.skip(2)?;
    let (one, two, three) = (reader.array().map(Mac)?, reader.array().map(Mac)?, reader.array().map(Mac)?);
    let fragment = reader.u16_le()? & 0x000f;
    let (destination, source, direction) = match flags & (TO_DS | FROM_DS) {
        0 => (one, two, None),
        TO_DS => (three, two, Some(Direction::Out)),
        FROM_DS => (one, three, (!one.is_group()).then_some(Direction::In)),
        _ => (three, reader.array().map(Mac)?, None),
    };
    let mut is_aggregate = false;
    if subtype & QOS != 0 {
        is_aggregate = reader.u16_le()? & 0x0080 != 0;
        if flags & ORDER != 0 {
            reader.skip(4)?;
        }
    }
    if radio.is_padded {
        let at = reader.position();
        reader.skip(at.next_multiple_of(4).saturating_sub(at))?;
    }
    if subtype & NO_DATA != 0 {
        return Ok(Frame::Null);
    }
    if flags & PROTECTED != 0 {
        return Ok(Frame::Protected);
    }
    if flags & MORE_FRAGMENTS != 0 || fragment != 0 {
        return Ok(Frame::Fragment);
    }
    Ok(Frame::Data(Data { source, destination, direction, is_aggregate, body: reader.rest() }))
}

/// One unit of an aggregate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit<'a> {
    pub(crate) destination: Mac,
    pub(crate) source: Mac,
    /// LLC and what follows.
    pub(crate) body: &'a [u8],
}

/// The next unit of an aggregate: destination, source, length, body, padded to four (9.3.2.2.2).
pub(crate) fn unit<'a>(reader: &mut Reader<'a>) -> Result<Unit<'a>, Short> {
    let (destination, source) = (reader.array().map(Mac)?, reader.array().map(Mac)?);
    let length = usize::from(reader.u16()?);
    let body = reader.take(length)?;
    let used = length.saturating_add(14);
    reader.take_up_to(used.next_multiple_of(4).saturating_sub(used));
    Ok(Unit { destination, source, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(control: [u8; 2]) -> Vec<u8> {
        let mut bytes = control.to_vec();
        bytes.extend([0, 0, 1, 1, 1, 1, 1, 0x11, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 0, 0]);
        bytes
    }

    #[test]
    fn addresses_follow_the_distribution_bits() {
        let mut to_ds = header([0x88, 0x01]);
        to_ds.extend([0, 0, 0xaa]);
        let Ok(Frame::Data(data)) = frame(&to_ds, Radio::default()) else { panic!("not data") };
        assert_eq!((data.source, data.destination, data.direction), (Mac([2; 6]), Mac([3; 6]), Some(Direction::Out)));
        assert_eq!((data.body, data.is_aggregate), (&[0xaa][..], false));
    }

    #[test]
    fn the_header_grows_with_its_flags() {
        let mut wds = header([0x88, 0x83]);
        wds.extend([4, 4, 4, 4, 4, 4, 0x80, 0, 9, 9, 9, 9, 0xbb]);
        let Ok(Frame::Data(data)) = frame(&wds, Radio::default()) else { panic!("not data") };
        assert_eq!((data.source, data.is_aggregate, data.body), (Mac([4; 6]), true, &[0xbb][..]));
        assert!(matches!(frame(&header([0x08, 0x42]), Radio::default()), Ok(Frame::Protected)));
        assert!(matches!(frame(&[0x80, 0], Radio::default()), Ok(Frame::Management("beacon"))));
    }

    #[test]
    fn units_are_padded_to_four() {
        let mut body = vec![0; 12];
        body.extend([0, 1, 7, 0]);
        body.extend([5; 12]);
        body.extend([0, 2, 8, 8]);
        let mut reader = Reader::new(&body);
        assert_eq!(unit(&mut reader).unwrap().body, &[7]);
        assert_eq!(unit(&mut reader).unwrap().body, &[8, 8]);
        assert!(unit(&mut reader).is_err());
    }
}
