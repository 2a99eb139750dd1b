//! MAVLink versions 1 and 2 (mavlink.io, "Packet Serialization").
//!
//! ```text
//! 1  0xfe  length  sequence  system  component  message:8   payload …  checksum:16
//! 2  0xfd  length  incompatible  compatible  sequence  system  component  message:24  payload …  checksum:16  signature:104
//! ```
//!
//! Numbers are little-endian. The checksum is CRC-16/MCRF4XX over all behind the first byte and over one more byte,
//! which stands for the fields of the message: of a message that is not known it cannot be checked. Version 2 leaves
//! zeros at the end of a payload out; a signature follows when the lowest bit of `incompatible` is set.

mod messages;

use super::place::Place;
use super::{Reader, duml};
use crate::record::{LinkKind, Subject};

use messages::MESSAGES;

const VERSION_1: u8 = 0xfe;
const VERSION_2: u8 = 0xfd;
/// Bytes of a signature.
const SIGNATURE: usize = 13;

/// A frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Who sent it: the system.
    pub(crate) system: u8,
    /// And its component.
    pub(crate) component: u8,
    /// Number of the message.
    pub(crate) message: u32,
    /// Its fields.
    pub(crate) payload: &'a [u8],
    /// Bytes of the whole frame.
    pub(crate) length: usize,
    /// Whether its checksum is right.
    pub(crate) check: Check,
}

/// What the checksum says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// It is right.
    Good,
    /// It is wrong.
    Bad,
    /// The message is not known, and with it the byte that the checksum needs.
    Unknown,
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// They do not start as one.
    Foreign,
    /// They start as one that goes on behind them.
    Short,
}

/// The frame that `bytes` start with.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let short = |_| Fault::Short;
    let mut reader = Reader::new(bytes);
    let version = reader.u8().map_err(short)?;
    if version != VERSION_1 && version != VERSION_2 {
        return Err(Fault::Foreign);
    }
    let payload_length = usize::from(reader.u8().map_err(short)?);
    let mut signature = 0;
    if version == VERSION_2 {
        let [incompatible, _] = reader.array().map_err(short)?;
        // A receiver has to drop what it does not understand; only the signature is defined.
        if incompatible > 1 {
            return Err(Fault::Foreign);
        }
        signature = if incompatible == 1 { SIGNATURE } else { 0 };
    }
    let [_, system, component, low] = reader.array().map_err(short)?;
    let [middle, high] = if version == VERSION_2 { reader.array().map_err(short)? } else { [0, 0] };
    let message = u32::from_le_bytes([low, middle, high, 0]);
    let payload = reader.take(payload_length).map_err(short)?;
    let covered = bytes.get(1..reader.position()).unwrap_or_default();
    let sum = reader.u16_le().map_err(short)?;
    reader.skip(signature).map_err(short)?;
    let check = match known(message) {
        None => Check::Unknown,
        Some((extra, ..)) if crc(covered, extra) == sum => Check::Good,
        Some(_) => Check::Bad,
    };
    Ok(Frame { system, component, message, payload, length: reader.position(), check })
}

fn crc(bytes: &[u8], extra: u8) -> u16 {
    duml::checksum(&[extra], duml::checksum(bytes, 0xffff, 0x8408), 0x8408)
}

fn known(message: u32) -> Option<(u8, &'static str, LinkKind)> {
    let place = MESSAGES.binary_search_by_key(&message, |(number, ..)| *number).ok()?;
    MESSAGES.get(place).map(|(_, extra, name, kind)| (*extra, *name, *kind))
}

/// Name of a message and what it is for.
pub(crate) fn message(number: u32) -> Option<(&'static str, LinkKind)> {
    known(number).map(|(_, name, kind)| (name, kind))
}

/// Longest payload.
const PAYLOAD: usize = 255;

impl Frame<'_> {
    /// The payload with the zeros that version 2 leaves out.
    fn fields(&self) -> [u8; PAYLOAD] {
        let mut fields = [0; PAYLOAD];
        for (field, byte) in fields.iter_mut().zip(self.payload) {
            *field = *byte;
        }
        fields
    }

    /// The place it tells, whose it is, and the name of the message (`GLOBAL_POSITION_INT`, `HOME_POSITION`).
    pub(crate) fn place(&self) -> Option<(Place, Subject, &'static str)> {
        let fields = self.fields();
        let mut reader = Reader::new(&fields);
        let mut next = || reader.array().ok().map(i32::from_le_bytes);
        let metres = |millimetres: i32| f64::from(millimetres) / 1_000.0;
        match self.message {
            33 => {
                let [_, latitude, longitude, altitude, height] = [next()?, next()?, next()?, next()?, next()?];
                let place = Place::from_e7(latitude, longitude)?;
                let place = Place { altitude_m: Some(metres(altitude)), height_m: Some(metres(height)), ..place };
                Some((place, Subject::Aircraft, "mavlink GLOBAL_POSITION_INT"))
            }
            242 => {
                let [latitude, longitude, altitude] = [next()?, next()?, next()?];
                let place = Place { altitude_m: Some(metres(altitude)), ..Place::from_e7(latitude, longitude)? };
                Some((place, Subject::Home, "mavlink HOME_POSITION"))
            }
            _ => None,
        }
    }

    /// The number of satellites it tells (`GPS_RAW_INT`), 255 for not known.
    pub(crate) fn satellites(&self) -> Option<u8> {
        let satellites = self.fields().get(29).copied().filter(|number| *number != u8::MAX);
        if self.message == 24 { satellites } else { None }
    }

    /// It is the heartbeat of an autopilot of something that flies.
    pub(crate) fn is_aircraft(&self) -> bool {
        const NO_AUTOPILOT: u8 = 8;
        let [_, _, _, _, kind, autopilot, ..] = self.fields();
        self.message == 0 && autopilot != NO_AUTOPILOT && matches!(kind, 1..=4 | 7 | 8 | 13..=16 | 19..=25 | 28 | 29 | 35)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A frame of version 2.
    pub(crate) fn version_2(message: u32, payload: &[u8]) -> Vec<u8> {
        let [low, middle, high, _] = message.to_le_bytes();
        let head = [VERSION_2, u8::try_from(payload.len()).unwrap(), 0, 0, 7, 1, 1, low, middle, high];
        let mut bytes = [&head[..], payload].concat();
        let sum = crc(&bytes[1..], known(message).map_or(0, |(extra, ..)| extra));
        bytes.extend(sum.to_le_bytes());
        bytes
    }

    #[test]
    fn a_published_heartbeat() {
        // Heartbeat of a quadrotor with ArduPilot, version 1, from the wire.
        let bytes = [0xfe, 9, 0x4e, 1, 1, 0, 0, 0, 0, 0, 2, 3, 0x51, 4, 3, 0x1c, 0x7f];
        let read = frame(&bytes).unwrap();
        assert_eq!((read.system, read.message, read.is_aircraft(), read.length), (1, 0, true, 17));
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // CRC-16/MCRF4XX of "123456789" is 0x6f91.
        assert_eq!(duml::checksum(b"123456789", 0xffff, 0x8408), 0x6f91);
        let whole = version_2(33, &[1; 28]);
        assert_eq!(frame(&whole).map(|read| read.check), Ok(Check::Good));
        for place in 0..whole.len() {
            let mut changed = whole.clone();
            changed[place] ^= 0x10;
            assert!(frame(&changed).map(|read| read.check) != Ok(Check::Good), "{place}");
            assert_eq!(frame(&whole[..place]), Err(Fault::Short));
        }
        assert_eq!(frame(&version_2(11_000, &[1])).map(|read| read.check), Ok(Check::Unknown));
    }

    #[test]
    fn zeros_that_were_left_out_come_back() {
        let numbers = [1_000, 473_977_420, 85_455_940, 488_000, 10_500].map(i32::to_le_bytes).concat();
        let bytes = version_2(33, &numbers[..18]);
        let (place, subject, _) = frame(&bytes).unwrap().place().unwrap();
        assert_eq!((place.latitude, place.longitude, subject), (47.397742, 8.545594, Subject::Aircraft));
        assert_eq!((place.altitude_m, place.height_m), (Some(488.0), Some(10.5)));
    }

    #[test]
    fn the_list_is_in_order() {
        assert!(MESSAGES.is_sorted_by(|one, next| one.0 < next.0));
        assert_eq!(message(33), Some(("GLOBAL_POSITION_INT", LinkKind::Telemetry)));
    }
}
