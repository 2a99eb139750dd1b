//! 802.11 management frames and their information elements (IEEE 802.11-2020, 9.3.3 and 9.4.2).
//!
//! | size | field |
//! |---|---|
//! | 2 | frame control: version, type 0, subtype, flags |
//! | 2 | duration |
//! | 6 | receiver |
//! | 6 | transmitter |
//! | 6 | BSSID |
//! | 2 | sequence control: fragment (4 bits), sequence number |
//! | 4 | HT control, with the order bit |
//! | n | body: fixed fields by subtype, then elements |
//!
//! | size | field of an element |
//! |---|---|
//! | 1 | id |
//! | 1 | length |
//! | 1 | extension id, when the id is 255 |
//! | n | information |

use super::Reader;
use super::ieee80211::Header;
use super::link::Mac;
#[cfg(any(test, fuzzing))]
use super::{Short, ieee80211, ieee80211::Frame};

/// A management frame in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Management<'a> {
    /// What kind it is.
    pub(crate) subtype: Subtype,
    /// Whom it is for.
    pub(crate) receiver: Mac,
    /// Who sent it.
    pub(crate) transmitter: Mac,
    /// The network it belongs to; the wildcard outside of one.
    pub(crate) bssid: Mac,
    /// Sequence number, modulo 4096; a retry repeats it.
    pub(crate) sequence: u16,
    /// Number of this fragment; elements begin only in fragment 0.
    pub(crate) fragment: u8,
    /// More fragments follow.
    pub(crate) has_more: bool,
    /// Sent before under the same sequence number.
    pub(crate) is_retry: bool,
    /// What follows the header: fixed fields, then elements.
    pub(crate) body: &'a [u8],
}

/// Number of a management subtype; the constants name those that are looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Subtype(pub(crate) u8);

impl Subtype {
    pub(crate) const ASSOCIATION_REQUEST: Self = Self(0);
    pub(crate) const ASSOCIATION_RESPONSE: Self = Self(1);
    pub(crate) const REASSOCIATION_REQUEST: Self = Self(2);
    pub(crate) const REASSOCIATION_RESPONSE: Self = Self(3);
    pub(crate) const PROBE_REQUEST: Self = Self(4);
    pub(crate) const PROBE_RESPONSE: Self = Self(5);
    pub(crate) const TIMING_ADVERTISEMENT: Self = Self(6);
    pub(crate) const BEACON: Self = Self(8);
    pub(crate) const DISASSOCIATION: Self = Self(10);
    pub(crate) const AUTHENTICATION: Self = Self(11);
    pub(crate) const DEAUTHENTICATION: Self = Self(12);
    pub(crate) const ACTION: Self = Self(13);
    pub(crate) const ACTION_NO_ACK: Self = Self(14);

    /// Bytes of fixed fields before the elements; none when no elements follow at a known place.
    const fn fixed_bytes(self) -> Option<usize> {
        match self {
            Self::PROBE_REQUEST => Some(0),
            Self::DISASSOCIATION | Self::DEAUTHENTICATION => Some(2),
            Self::ASSOCIATION_REQUEST => Some(4),
            Self::ASSOCIATION_RESPONSE | Self::REASSOCIATION_RESPONSE | Self::AUTHENTICATION => Some(6),
            Self::REASSOCIATION_REQUEST | Self::TIMING_ADVERTISEMENT => Some(10),
            Self::BEACON | Self::PROBE_RESPONSE => Some(12),
            _ => None,
        }
    }
}

/// Fixed fields of beacons and probe responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Presence {
    /// The sender's clock in microseconds.
    pub(crate) timestamp: u64,
    /// Time between beacons, in units of 1024 microseconds.
    pub(crate) interval: u16,
    /// Capability bits; 0x0010 says that data is encrypted.
    pub(crate) capabilities: u16,
}

impl<'a> Management<'a> {
    /// Reads a frame without its check sequence; `None` when it is not a management frame, or a protected one.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Option<Self>, Short> {
        match ieee80211::frame(bytes, ieee80211::Padding::None)? {
            Frame::Management(header, body) if !header.is_protected() => Ok(Some(Self::of(&header, body))),
            _ => Ok(None),
        }
    }

    /// A frame whose header was read and whose body is in clear.
    pub(crate) fn of(header: &Header, body: &'a [u8]) -> Self {
        Self {
            subtype: Subtype(header.control[0] >> 4),
            receiver: header.receiver,
            transmitter: header.transmitter,
            bssid: header.third,
            sequence: header.sequence >> 4,
            fragment: u8::try_from(header.fragment()).unwrap_or_default(),
            has_more: header.has_more(),
            is_retry: header.is_retry(),
            body,
        }
    }

    /// The fixed fields of a beacon or probe response.
    pub(crate) fn presence(&self) -> Option<Presence> {
        if !matches!(self.subtype, Subtype::BEACON | Subtype::PROBE_RESPONSE) || self.fragment != 0 {
            return None;
        }
        let mut reader = Reader::new(self.body);
        let (timestamp, interval, capabilities) = (reader.u64_le().ok()?, reader.u16_le().ok()?, reader.u16_le().ok()?);
        Some(Presence { timestamp, interval, capabilities })
    }

    /// Its elements; none where the subtype has none, or has them behind fields that are not read here.
    pub(crate) fn elements(&self) -> Elements<'a> {
        let fixed = if self.fragment == 0 { self.subtype.fixed_bytes() } else { None };
        Elements::new(fixed.and_then(|fixed| self.body.get(fixed..)).unwrap_or_default())
    }

    /// Name of the network, as the frame's own element gives it whole; empty when it is hidden.
    pub(crate) fn ssid(&self) -> Option<&'a [u8]> {
        const SSID: u8 = 0;
        self.elements().find(|element| element.id == SSID && !element.is_cut).map(|element| element.bytes)
    }
}

/// An information element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    /// Its id.
    pub(crate) id: u8,
    /// What the id 255 extends to.
    pub(crate) extension: Option<u8>,
    /// Its information, without the extension id.
    pub(crate) bytes: &'a [u8],
    /// The frame ends before the element does: these are its first bytes.
    pub(crate) is_cut: bool,
}

impl<'a> Element<'a> {
    /// What follows the organisation of a vendor element of that organisation.
    pub(crate) fn vendor(&self, organisation: [u8; 3]) -> Option<&'a [u8]> {
        const VENDOR: u8 = 221;
        if self.id == VENDOR { self.bytes.strip_prefix(&organisation) } else { None }
    }
}

/// Walks elements to the end of the bytes. At least two bytes go with each, so that the walk ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Elements<'a> {
    reader: Reader<'a>,
}

impl<'a> Elements<'a> {
    /// Starts at an element's id.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { reader: Reader::new(bytes) }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        const EXTENDED: u8 = 255;
        let (id, length) = (self.reader.u8().ok()?, usize::from(self.reader.u8().ok()?));
        let bytes = self.reader.take_up_to(length);
        let is_cut = bytes.len() < length;
        let (extension, bytes) = match (id, bytes) {
            (EXTENDED, [extension, rest @ ..]) => (Some(*extension), rest),
            _ => (None, bytes),
        };
        Some(Element { id, extension, bytes, is_cut })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A beacon of 02:…:02 with these elements.
    fn beacon(flags: u8, elements: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x80, flags, 0, 0];
        bytes.extend([[0xff; 6], [2; 6], [3; 6]].concat());
        bytes.extend([0x31, 0x02]);
        bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, 0x64, 0, 0x11, 0x04]);
        bytes.extend(elements);
        bytes
    }

    #[test]
    fn a_beacon_has_addresses_fixed_fields_and_elements() {
        let bytes = beacon(0, &[0, 2, b'h', b'i', 255, 2, 35, 9, 221, 4, 0xfa, 0x0b, 0xbc, 0x0d]);
        let frame = Management::read(&bytes).unwrap().unwrap();
        assert_eq!(
            (frame.subtype, frame.receiver, frame.transmitter, frame.bssid),
            (Subtype::BEACON, Mac([0xff; 6]), Mac([2; 6]), Mac([3; 6]))
        );
        assert_eq!((frame.sequence, frame.fragment, frame.is_retry), (0x23, 1, false));
        // A fragment begins in the middle of something.
        assert_eq!((frame.presence(), frame.elements().next()), (None, None));
        let frame = Management { fragment: 0, ..frame };
        assert_eq!(frame.presence(), Some(Presence { timestamp: 1, interval: 100, capabilities: 0x0411 }));
        assert_eq!(frame.ssid(), Some(&b"hi"[..]));
        let elements: Vec<_> = frame.elements().collect();
        assert_eq!(elements[1], Element { id: 255, extension: Some(35), bytes: &[9], is_cut: false });
        assert_eq!(elements[2].vendor([0xfa, 0x0b, 0xbc]), Some(&[0x0d][..]));
        assert_eq!((elements.len(), elements[2].vendor([0; 3])), (3, None));
    }

    #[test]
    fn the_header_grows_with_the_order_bit() {
        let mut bytes = beacon(0x88, &[]);
        bytes.splice(24..24, [9, 9, 9, 9]);
        let frame = Management::read(&bytes).unwrap().unwrap();
        assert_eq!((frame.body.len(), frame.is_retry), (12, true));
    }

    #[test]
    fn protected_and_other_frames_are_none() {
        assert_eq!(Management::read(&beacon(0x40, &[])), Ok(None));
        assert_eq!(Management::read(&[&[0x08][..], &[0; 30]].concat()), Ok(None));
        assert!(Management::read(&beacon(0, &[])[..23]).is_err());
    }

    #[test]
    fn an_action_has_no_elements_at_a_known_place() {
        let frame = |subtype: u8| [&[subtype << 4, 0, 0, 0][..], &[2; 18], &[0, 0, 4, 9, 1, 2]].concat();
        for subtype in [Subtype::ACTION, Subtype::ACTION_NO_ACK] {
            let bytes = frame(subtype.0);
            let frame = Management::read(&bytes).unwrap().unwrap();
            assert_eq!((frame.subtype, frame.elements().count(), frame.presence()), (subtype, 0, None));
        }
    }

    #[test]
    fn a_cut_element_gives_what_is_there() {
        let elements: Vec<_> = Elements::new(&[221, 9, 1, 2, 3]).collect();
        assert_eq!(elements, [Element { id: 221, extension: None, bytes: &[1, 2, 3], is_cut: true }]);
        assert_eq!(Elements::new(&[255, 0, 7]).collect::<Vec<_>>(), [Element { id: 255, extension: None, bytes: &[], is_cut: false }]);
    }
}
