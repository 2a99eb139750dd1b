//! The French identification beacon (arrêté du 27 décembre 2019, ECOI1934044A, annexe): vendor element 6A:5C:35, type 1,
//! then fields of type, length, value in network order.
//!
//! | type | bytes | field |
//! |---|---|---|
//! | 1 | 1 | version of the protocol, 1 |
//! | 2 | 30 | identifier: manufacturer (3), model (3), serial number |
//! | 3 | n | serial number by ANSI/CTA-2063 |
//! | 4, 5 | 4 | latitude, longitude, in 1e-5 degrees |
//! | 6, 7 | 2 | altitude above the sea, height above take-off, in m |
//! | 8, 9 | 4 | latitude, longitude of take-off |
//! | 10 | 1 | speed over ground, in m/s |
//! | 11 | 2 | direction over ground, in degrees |

use super::Reader;
use super::position::Position;

/// The organisation of the element: the French ministry of defence.
pub(crate) const ORGANISATION: [u8; 3] = [0x6a, 0x5c, 0x35];

/// What a beacon says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Identification<'a> {
    /// Version of the protocol.
    pub(crate) version: Option<u8>,
    /// French identifier.
    pub(crate) identifier: Option<&'a [u8]>,
    /// Serial number by ANSI/CTA-2063.
    pub(crate) serial: Option<&'a [u8]>,
    /// Place of the aircraft.
    pub(crate) position: Option<Position>,
    /// Place of take-off.
    pub(crate) home: Option<Position>,
    /// Metres above the sea.
    pub(crate) altitude: Option<i16>,
    /// Metres above the place of take-off.
    pub(crate) height: Option<i16>,
    /// Metres per second.
    pub(crate) speed: Option<u8>,
    /// Degrees from north.
    pub(crate) direction: Option<u16>,
    /// Fields of a type or length that is not known.
    pub(crate) unknown: u8,
    /// The element ended before its last field did.
    pub(crate) is_cut: bool,
}

/// Reads what follows the organisation; `None` when it is another element of that vendor.
pub(crate) fn read(bytes: &[u8]) -> Option<Identification<'_>> {
    let mut reader = Reader::new(bytes.strip_prefix(&[1])?);
    let mut said = Identification::default();
    let (mut place, mut home) = ((None, None), (None, None));
    while let (Ok(kind), Ok(length)) = (reader.u8(), reader.u8()) {
        let Ok(value) = reader.take(length.into()) else {
            said.is_cut = true;
            break;
        };
        match (kind, value) {
            (1, [version]) => said.version = Some(*version),
            (2, text) => said.identifier = Some(text),
            (3, text) => said.serial = Some(text),
            (4, value) => place.0 = degrees(value),
            (5, value) => place.1 = degrees(value),
            (6, [high, low]) => said.altitude = Some(i16::from_be_bytes([*high, *low])),
            (7, [high, low]) => said.height = Some(i16::from_be_bytes([*high, *low])),
            (8, value) => home.0 = degrees(value),
            (9, value) => home.1 = degrees(value),
            (10, [speed]) => said.speed = Some(*speed),
            (11, [high, low]) => said.direction = Some(u16::from_be_bytes([*high, *low])),
            _ => said.unknown = said.unknown.saturating_add(1),
        }
    }
    let position = |(latitude, longitude): (Option<i32>, Option<i32>)| Position::scaled(latitude?, longitude?, 1e5);
    (said.position, said.home) = (position(place), position(home));
    Some(said)
}

fn degrees(value: &[u8]) -> Option<i32> {
    value.try_into().ok().map(i32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_field() {
        let mut bytes = vec![1, 1, 1, 1, 2, 30];
        bytes.extend(b"ILLPRK000000000000000000000001");
        bytes.extend([4, 4, 0x00, 0x4a, 0x8c, 0xc4, 5, 4, 0x00, 0x03, 0x96, 0xde, 6, 2, 0, 150, 7, 2, 0xff, 0xfe]);
        bytes.extend([8, 4, 0x00, 0x4a, 0x8c, 0xc5, 9, 4, 0x00, 0x03, 0x96, 0xdf, 10, 1, 5, 11, 2, 1, 14, 12, 1, 0]);
        let said = read(&bytes).unwrap();
        assert_eq!((said.version, said.identifier.map(<[u8]>::len), said.serial), (Some(1), Some(30), None));
        assert_eq!(said.position, Some(Position { latitude: 48.8570, longitude: 2.3523 }));
        assert_eq!(said.home, Some(Position { latitude: 48.85701, longitude: 2.35231 }));
        assert_eq!((said.altitude, said.height, said.speed, said.direction), (Some(150), Some(-2), Some(5), Some(270)));
        assert_eq!((said.unknown, said.is_cut), (1, false));
        for end in 1..bytes.len() {
            assert!(read(&bytes[..end]).is_some());
        }
    }

    #[test]
    fn another_type_and_a_cut_field_are_told() {
        assert_eq!(read(&[2, 1, 1, 1]), None);
        assert_eq!(read(&[1, 4, 4, 0]), Some(Identification { is_cut: true, ..Identification::default() }));
    }
}
