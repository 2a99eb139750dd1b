//! DUML version 1, the messages between DJI's app, aircraft and their parts (o-gs/dji-firmware-tools,
//! comm_mkdupc.py and comm_dissector).
//!
//! ```text
//! 0     1          3     4       5         6         8      9            10  11
//! 0x55  length:10  CRC8  sender  receiver  sequence  type   command set  id  payload … CRC16
//!       version:6
//! ```
//!
//! Numbers are little-endian. A sender or receiver is a part in the low five bits and its index in the high three. The
//! top bit of the type marks a response, the next two the acknowledgement wanted, the low three the encryption of the
//! payload, 0 for none. CRC-8 covers the three bytes before it, CRC-16 the whole frame.

mod commands;

pub(crate) use commands::command;

use super::Reader;
use super::place::Place;
use crate::record::Subject;

const MAGIC: u8 = 0x55;
/// Bytes before the payload.
const HEADER: usize = 11;
/// Bytes of a frame without payload.
pub(crate) const LEAST: usize = 13;
/// Where the general state tells the number of satellites.
const SATELLITES: usize = 36;
/// Start values of the checksums in DUML and in what descends from it.
const CRC8_START: u16 = 0x77;
const CRC16_START: u16 = 0x3692;

/// One end of a message: a part of the system, and which one of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    /// What it is.
    pub(crate) kind: u8,
    /// Which of them.
    pub(crate) index: u8,
}

impl Part {
    /// The phone's app.
    pub(crate) const APP: u8 = 2;

    const fn from_byte(byte: u8) -> Self {
        Self { kind: byte & 0x1f, index: byte >> 5 }
    }

    /// What it is, in words.
    pub(crate) const fn name(self) -> Option<&'static str> {
        Some(match self.kind {
            1 => "camera",
            2 => "app",
            3 => "flight-controller",
            4 => "gimbal",
            5 => "centre-board",
            6 => "remote-controller",
            7 => "wifi-air",
            8 => "transcoder-air",
            9 => "radio-air",
            10 => "computer",
            11 => "battery",
            12 => "speed-controller",
            13 => "transcoder-ground",
            14 => "radio-ground",
            15 => "usb-air",
            16 => "usb-ground",
            17 => "vision-mono",
            18 => "vision-stereo",
            19 => "fpga-air",
            20 => "fpga-ground",
            21 => "simulator",
            22 => "base-station",
            23 => "computer-air",
            24 => "remote-controller-battery",
            25 => "inertial-unit",
            26 => "satellite-receiver",
            27 => "wifi-ground",
            _ => return None,
        })
    }

    /// It flies. What a remote controller sends is told by neither: either end of a Wi-Fi link may pass it on.
    pub(crate) const fn is_airborne(self) -> bool {
        matches!(self.kind, 1 | 3 | 4 | 7 | 8 | 9 | 11 | 12 | 15 | 17..=19 | 23 | 25)
    }

    /// It is the ground side of the radio link, which lies inside a remote controller.
    pub(crate) const fn is_ground_radio(self) -> bool {
        matches!(self.kind, 13 | 14 | 16 | 20 | 27)
    }
}

/// A message whose both checksums are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Who sent it.
    pub(crate) sender: Part,
    /// Whom it is for.
    pub(crate) receiver: Part,
    /// Counter of the sender.
    pub(crate) sequence: u16,
    /// It answers another message.
    pub(crate) is_response: bool,
    /// Whether its payload can be read: 0 when in clear, else the number of the cipher.
    pub(crate) encryption: u8,
    /// Command set.
    pub(crate) set: u8,
    /// Command.
    pub(crate) id: u8,
    /// What comes with it.
    pub(crate) payload: &'a [u8],
    /// Bytes of the whole frame.
    pub(crate) length: usize,
}

impl Frame<'_> {
    /// Its payload is in clear.
    pub(crate) const fn is_clear(&self) -> bool {
        self.encryption == 0
    }

    /// The place it tells, whose it is, and the name of the message. Longitude comes before latitude, in radians.
    ///
    /// The fields of 03/20 are in no public description; those of 03/43 are taken for them.
    pub(crate) fn place(&self) -> Option<(Place, Subject, &'static str)> {
        let (subject, basis) = match (self.set, self.id) {
            _ if !self.is_clear() || self.is_response => return None,
            (0x03, 0x43) => (Subject::Aircraft, "duml 03/43"),
            (0x09, 0x01) => (Subject::Aircraft, "duml 09/01"),
            (0x03, 0x44) => (Subject::Home, "duml 03/44"),
            (0x09, 0x02) => (Subject::Home, "duml 09/02"),
            (0x03, 0x20) => (Subject::Phone, "duml 03/20, fields taken to be those of 03/43"),
            _ => return None,
        };
        let mut reader = Reader::new(self.payload);
        let longitude = f64::from_bits(reader.u64_le().ok()?);
        let mut place = Place::from_radians(f64::from_bits(reader.u64_le().ok()?), longitude)?;
        if subject == Subject::Aircraft {
            let decimetres = reader.array().ok().map(i16::from_le_bytes);
            place.height_m = decimetres.map(|decimetres| f64::from(decimetres) / 10.0);
            place.satellites = self.payload.get(SATELLITES).copied();
        }
        Some((place, subject, basis))
    }
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// They do not start as one.
    Foreign,
    /// They start as one, and a checksum is wrong.
    Checksum,
    /// They start as one that goes on behind them.
    Short,
}

/// The frame that `bytes` start with.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let short = |_| Fault::Short;
    let mut reader = Reader::new(bytes);
    if reader.u8().map_err(short)? != MAGIC {
        return Err(Fault::Foreign);
    }
    let length_and_version = reader.u16_le().map_err(short)?;
    let length = usize::from(length_and_version & 0x03ff);
    let header = Reader::new(bytes).take(3).map_err(short)?;
    if u16::from(reader.u8().map_err(short)?) != crc8(header) {
        return Err(Fault::Checksum);
    }
    if length < LEAST || length_and_version >> 10 != 1 {
        return Err(Fault::Foreign);
    }
    let whole = Reader::new(bytes).take(length).map_err(short)?;
    let Some((covered, sum)) = whole.split_last_chunk::<2>() else { return Err(Fault::Short) };
    if u16::from_le_bytes(*sum) != crc16(covered) {
        return Err(Fault::Checksum);
    }
    let [sender, receiver, low, high, kind, set, id] = reader.array().map_err(short)?;
    Ok(Frame {
        sender: Part::from_byte(sender),
        receiver: Part::from_byte(receiver),
        sequence: u16::from_le_bytes([low, high]),
        is_response: kind & 0x80 != 0,
        encryption: kind & 0x07,
        set,
        id,
        payload: covered.get(HEADER..).unwrap_or_default(),
        length,
    })
}

/// What a walk over bytes meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// A frame.
    Frame(Frame<'a>),
    /// The start of one whose checksum is wrong, where one had to be.
    Bad,
}

/// Walks over the frames in `bytes`. Behind one that is damaged, and before the first, it looks for the next place
/// where both checksums are right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frames<'a> {
    rest: &'a [u8],
    start: Start,
}

/// Where the next frame starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Start {
    /// It has to start here.
    #[default]
    Here,
    /// Somewhere behind damage.
    Somewhere,
}

impl<'a> Frames<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self::from(bytes, Start::Here)
    }

    /// Goes on in a stream.
    pub(crate) const fn from(bytes: &'a [u8], start: Start) -> Self {
        Self { rest: bytes, start }
    }

    /// What was not read: nothing, or the beginning of a frame that goes on behind these bytes.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Where the next frame starts.
    pub(crate) const fn start(&self) -> Start {
        self.start
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Found<'a>;

    fn next(&mut self) -> Option<Found<'a>> {
        loop {
            let start = std::mem::replace(&mut self.start, Start::Somewhere);
            match frame(self.rest) {
                Ok(frame) => {
                    self.rest = self.rest.get(frame.length..).unwrap_or_default();
                    self.start = Start::Here;
                    return Some(Found::Frame(frame));
                }
                Err(Fault::Short) => {
                    self.start = start;
                    return None;
                }
                Err(fault) => {
                    (_, self.rest) = self.rest.split_first()?;
                    if start == Start::Here && fault == Fault::Checksum {
                        return Some(Found::Bad);
                    }
                }
            }
        }
    }
}

/// CRC-8 of a header.
pub(crate) fn crc8(bytes: &[u8]) -> u16 {
    checksum(bytes, CRC8_START, 0x8c)
}

/// CRC-16 of a frame.
pub(crate) fn crc16(bytes: &[u8]) -> u16 {
    checksum(bytes, CRC16_START, 0x8408)
}

/// A reflected CRC of up to 16 bits.
pub(super) fn checksum(bytes: &[u8], start: u16, polynomial: u16) -> u16 {
    bytes
        .iter()
        .fold(start, |sum, byte| (0..8).fold(sum ^ u16::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ polynomial } else { sum >> 1 }))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A message of the flight controller to the app, or of another part to another.
    pub(crate) fn message(ends: (u8, u8), kind: u8, (set, id): (u8, u8), payload: &[u8]) -> Vec<u8> {
        let [low, high] = u16::try_from(payload.len().saturating_add(LEAST)).unwrap().to_le_bytes();
        let head = [MAGIC, low, high | 4];
        let sum = u8::try_from(crc8(&head)).unwrap();
        let mut bytes = [&head[..], &[sum, ends.0, ends.1, 1, 0, kind, set, id], payload].concat();
        bytes.extend(crc16(&bytes).to_le_bytes());
        bytes
    }

    #[test]
    fn published_headers_have_these_checksums() {
        // Request of the firmware version, and a frame of 22 bytes, as printed in public descriptions of the protocol.
        assert_eq!(crc8(&[0x55, 0x0d, 0x04]), 0x33);
        assert_eq!(crc8(&[0x55, 0x16, 0x04]), 0xfc);
    }

    #[test]
    fn a_frame_and_its_fields() {
        let bytes = message((0x43, 2), 0xc1, (3, 0x43), b"abc");
        let frame = frame(&bytes).unwrap();
        assert_eq!((frame.sender, frame.receiver), (Part { kind: 3, index: 2 }, Part { kind: 2, index: 0 }));
        assert_eq!((frame.sequence, frame.is_response, frame.encryption, frame.is_clear()), (1, true, 1, false));
        assert_eq!((frame.set, frame.id, frame.payload, frame.length), (3, 0x43, &b"abc"[..], 16));
        assert_eq!(frame.sender.name(), Some("flight-controller"));
        assert!(frame.sender.is_airborne() && !frame.receiver.is_airborne());
    }

    #[test]
    fn walks_over_frames_and_what_lies_between() {
        let clear = message((3, 2), 0, (3, 0x43), &[]);
        let mut damaged = clear.clone();
        damaged[12] ^= 1;
        let ids = |bytes: &[u8]| {
            Frames::new(bytes).map(|found| if let Found::Frame(frame) = found { Some(frame.id) } else { None }).collect::<Vec<_>>()
        };
        assert_eq!(ids(&[&clear[..], &clear].concat()), [Some(0x43), Some(0x43)]);
        assert_eq!(ids(&[&[0x55, 0x55, 0, 9][..], &clear, &[1, 2, 3]].concat()), [None, Some(0x43)]);
        assert_eq!(ids(&[&clear[..], &damaged, &clear].concat()), [Some(0x43), None, Some(0x43)]);
        assert_eq!(ids(&[9; 40]), []);
        let mut cut = Frames::new(&clear[..9]);
        assert_eq!((cut.next(), cut.rest().len()), (None, 9));
    }

    /// Payload of the general state of an aircraft.
    pub(crate) fn state(latitude: f64, longitude: f64, decimetres: i16) -> Vec<u8> {
        let place = [longitude, latitude].map(|degrees| degrees.to_radians().to_le_bytes()).concat();
        [&place[..], &decimetres.to_le_bytes(), &[0; 18], &[15], &[0; 13]].concat()
    }

    #[test]
    fn places_where_it_is_in_clear() {
        let told = |bytes: &[u8]| frame(bytes).unwrap().place();
        let (place, subject, basis) = told(&message((3, 2), 0, (3, 0x43), &state(40.0153, -105.2703, 123))).unwrap();
        assert!((place.latitude - 40.0153).abs() < 1e-9 && (place.longitude + 105.2703).abs() < 1e-9);
        assert_eq!((place.height_m, place.satellites, subject, basis), (Some(12.3), Some(15), Subject::Aircraft, "duml 03/43"));
        assert_eq!(told(&message((3, 2), 1, (3, 0x43), &state(40.0, -105.0, 0))), None);
        assert_eq!(told(&message((3, 2), 0, (3, 0x43), &state(0.0, 0.0, 0))), None);
        assert_eq!(told(&message((2, 3), 0x40, (3, 0x20), &[1; 9])), None);
    }

    #[test]
    fn every_prefix_and_every_changed_byte_is_no_frame() {
        let whole = message((2, 3), 0x40, (3, 0x20), &[]);
        for end in 0..whole.len() {
            assert_eq!(frame(&whole[..end]), Err(Fault::Short), "{end}");
        }
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            assert!(frame(&changed).is_err(), "{place}");
        }
    }

    #[test]
    fn a_version_that_is_not_one_is_no_frame() {
        // Flight records use version 0 behind the same magic.
        let head = [MAGIC, 13, 0];
        let mut bytes = [&head[..], &[u8::try_from(crc8(&head)).unwrap(), 2, 3, 1, 0, 0, 3, 0x20]].concat();
        bytes.extend(crc16(&bytes).to_le_bytes());
        assert_eq!(frame(&bytes), Err(Fault::Foreign));
    }
}
