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

use super::link::{Direction, Mac};
use super::{Reader, Short};

/// What kind of frame it is, and what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// Management; its fixed fields and elements.
    Management(Header, &'a [u8]),
    /// Control, by subtype.
    Control(&'static str),
    /// Data without a body.
    Null(Header),
    /// Data; LLC and what follows, an aggregate's units, or either encrypted.
    Data(Header, &'a [u8]),
    /// Of a version or type that is not defined here.
    Reserved,
}

/// What stands before the body of a management or data frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Frame control: what it is, and flags.
    pub(crate) control: [u8; 2],
    /// Address 1: whom it is for on the air.
    pub(crate) receiver: Mac,
    /// Address 2: who sent it on the air.
    pub(crate) transmitter: Mac,
    /// Address 3, whose meaning the distribution bits decide.
    pub(crate) third: Mac,
    /// Address 4.
    pub(crate) fourth: Option<Mac>,
    /// Sequence number (12 bits) and fragment (4 bits).
    pub(crate) sequence: u16,
    /// QoS control, in QoS data.
    pub(crate) qos: Option<u16>,
}

impl Header {
    /// Name of a management frame's subtype.
    pub(crate) fn management_name(&self) -> &'static str {
        named(MANAGEMENT, self.control[0])
    }

    /// Sent before under the same sequence number.
    pub(crate) const fn is_retry(&self) -> bool {
        self.control[1] & RETRY != 0
    }

    /// Its body is encrypted.
    pub(crate) const fn is_protected(&self) -> bool {
        self.control[1] & PROTECTED != 0
    }

    /// It is a management frame.
    pub(crate) const fn is_management(&self) -> bool {
        self.control[0] & 0x0c == 0
    }

    /// More fragments of the same unit follow.
    pub(crate) const fn has_more(&self) -> bool {
        self.control[1] & MORE_FRAGMENTS != 0
    }

    /// Number of this fragment.
    pub(crate) const fn fragment(&self) -> u16 {
        self.sequence & 0x000f
    }

    /// A part of a unit only.
    pub(crate) const fn is_fragment(&self) -> bool {
        self.has_more() || self.fragment() != 0
    }

    /// Traffic identifier; 0 without QoS.
    pub(crate) fn traffic(&self) -> u8 {
        u8::try_from(self.qos.unwrap_or_default() & 0x000f).unwrap_or_default()
    }

    /// Several units with a header each, rather than one.
    pub(crate) fn is_aggregate(&self) -> bool {
        self.qos.unwrap_or_default() & 0x0080 != 0
    }

    /// Whom it is for in the end.
    pub(crate) const fn destination(&self) -> Mac {
        if self.control[1] & TO_DS == 0 { self.receiver } else { self.third }
    }

    /// Who sent it first.
    pub(crate) fn source(&self) -> Mac {
        match self.control[1] & (TO_DS | FROM_DS) {
            FROM_DS => self.third,
            0 | TO_DS => self.transmitter,
            _ => self.fourth.unwrap_or(self.transmitter),
        }
    }

    /// To or from the distribution system, seen from the access point's station.
    pub(crate) const fn direction(&self) -> Option<Direction> {
        match self.control[1] & (TO_DS | FROM_DS) {
            TO_DS => Some(Direction::Out),
            FROM_DS if !self.receiver.is_group() => Some(Direction::In),
            _ => None,
        }
    }

    /// Which of its addresses stand for the network and the station.
    pub(crate) fn ends(&self) -> Ends {
        match self.control[1] & (TO_DS | FROM_DS) {
            TO_DS => Ends::Station { bssid: self.receiver, station: self.transmitter },
            FROM_DS if self.receiver.is_group() => Ends::Group { bssid: self.transmitter },
            FROM_DS => Ends::Station { bssid: self.transmitter, station: self.receiver },
            0 if self.is_management() => self.management_ends(),
            0 => Ends::Direct { bssid: self.third },
            _ => Ends::Bridge,
        }
    }

    fn management_ends(&self) -> Ends {
        // The access point names itself as the network.
        match (self.transmitter == self.third, self.receiver.is_group()) {
            (true, true) => Ends::Group { bssid: self.third },
            (true, false) => Ends::Station { bssid: self.third, station: self.receiver },
            (false, _) => Ends::Station { bssid: self.third, station: self.transmitter },
        }
    }
}

/// Whom a frame concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// A station and its network, in either direction.
    Station {
        /// The network.
        bssid: Mac,
        /// The station.
        station: Mac,
    },
    /// All stations of a network.
    Group {
        /// The network.
        bssid: Mac,
    },
    /// Two stations without an access point between them.
    Direct {
        /// The network that they share.
        bssid: Mac,
    },
    /// Two access points, or one and a station that bridges (four addresses).
    Bridge,
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
const RETRY: u8 = 0x08;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;

/// Whether bytes that align the body to four stand before it, as some receivers write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Padding {
    /// They do.
    ToFour,
    /// They do not.
    None,
}

/// Reads one frame, its check sequence taken off.
pub(crate) fn frame(bytes: &[u8], padding: Padding) -> Result<Frame<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let control = reader.array::<2>()?;
    match control[0] & 0x0f {
        0x00 => {
            let header = header(&mut reader, control)?;
            if control[1] & ORDER != 0 {
                reader.skip(HT_CONTROL)?;
            }
            Ok(Frame::Management(header, reader.rest()))
        }
        0x04 => Ok(Frame::Control(named(CONTROL, control[0]))),
        0x08 => data(reader, control, padding),
        _ => Ok(Frame::Reserved),
    }
}

const HT_CONTROL: usize = 4;

fn named(names: [&'static str; 16], control: u8) -> &'static str {
    names.get(usize::from(control >> 4)).copied().unwrap_or_default()
}

/// The fields up to the sequence control, which management and data share.
fn header(reader: &mut Reader<'_>, control: [u8; 2]) -> Result<Header, Short> {
    reader.skip(2)?;
    let (receiver, transmitter, third) = (reader.array().map(Mac)?, reader.array().map(Mac)?, reader.array().map(Mac)?);
    Ok(Header { control, receiver, transmitter, third, fourth: None, sequence: reader.u16_le()?, qos: None })
}

fn data(mut reader: Reader<'_>, control: [u8; 2], padding: Padding) -> Result<Frame<'_>, Short> {
    const NO_DATA: u8 = 0x40;
    const QOS: u8 = 0x80;
    let mut header = header(&mut reader, control)?;
    let [kind, flags] = control;
    if flags & (TO_DS | FROM_DS) == TO_DS | FROM_DS {
        header.fourth = Some(reader.array().map(Mac)?);
    }
    if kind & QOS != 0 {
        header.qos = Some(reader.u16_le()?);
        if flags & ORDER != 0 {
            reader.skip(HT_CONTROL)?;
        }
    }
    if padding == Padding::ToFour {
        let at = reader.position();
        reader.skip(at.next_multiple_of(4).saturating_sub(at))?;
    }
    Ok(if kind & NO_DATA == 0 { Frame::Data(header, reader.rest()) } else { Frame::Null(header) })
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

    fn data(bytes: &[u8], padding: Padding) -> (Header, &[u8]) {
        let Ok(Frame::Data(header, body)) = frame(bytes, padding) else { panic!("not data") };
        (header, body)
    }

    #[test]
    fn addresses_follow_the_distribution_bits() {
        let mut to_ds = header([0x88, 0x01]);
        to_ds.extend([0, 0, 0xaa]);
        let (header, body) = data(&to_ds, Padding::None);
        assert_eq!((header.source(), header.destination(), header.direction()), (Mac([2; 6]), Mac([3; 6]), Some(Direction::Out)));
        assert_eq!((body, header.is_aggregate()), (&[0xaa][..], false));
        assert_eq!(header.ends(), Ends::Station { bssid: header.receiver, station: Mac([2; 6]) });
        to_ds[1] = 0x02;
        let (header, _) = data(&to_ds, Padding::None);
        assert_eq!((header.source(), header.destination(), header.direction()), (Mac([3; 6]), header.receiver, None));
        assert_eq!(header.ends(), Ends::Group { bssid: Mac([2; 6]) });
    }

    #[test]
    fn the_header_grows_with_its_flags() {
        let mut wds = header([0x88, 0x83]);
        wds.extend([4, 4, 4, 4, 4, 4, 0x85, 0, 9, 9, 9, 9, 0xbb]);
        let (bridged, body) = data(&wds, Padding::None);
        assert_eq!((bridged.source(), bridged.is_aggregate(), bridged.traffic(), body), (Mac([4; 6]), true, 5, &[0xbb][..]));
        assert_eq!(bridged.ends(), Ends::Bridge);
        let mut qos = header([0x88, 0x41]);
        qos.extend([0, 0, 7, 7, 0xcc]);
        let (padded, body) = data(&qos, Padding::ToFour);
        assert_eq!((body, padded.is_protected()), (&[0xcc][..], true));
        assert!(matches!(frame(&header([0xc8, 0x01]), Padding::None), Err(Short { .. })));
        assert!(matches!(frame(&header([0x48, 0x01]), Padding::None), Ok(Frame::Null(_))));
        let bytes = header([0x80, 0]);
        let Ok(Frame::Management(beacon, body)) = frame(&bytes, Padding::None) else { panic!("not management") };
        assert_eq!((beacon.management_name(), body.len()), ("beacon", 0));
    }

    #[test]
    fn sequence_control_has_number_and_fragment() {
        let mut bytes = header([0x08, 0x0d]);
        bytes[22..].copy_from_slice(&[0x21, 0x43]);
        let (first, _) = data(&bytes, Padding::None);
        assert_eq!((first.sequence, first.fragment(), first.has_more(), first.is_retry()), (0x4321, 1, true, true));
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
