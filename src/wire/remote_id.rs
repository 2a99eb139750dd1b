//! Remote ID messages of ASTM F3411-22a and ASD-STAN prEN 4709-002 (Open Drone ID; opendroneid-core-c).
//!
//! A message has 25 bytes, numbers little-endian; a pack is 0xF and version, the 25, a count up to 9, and that many
//! messages. In a beacon the pack follows FA:0B:BC, 0x0D and a counter.
//!
//! | at | all messages |
//! |---|---|
//! | 0 | type (high 4 bits), version of the protocol |
//!
//! | type | fields behind it, with where they begin |
//! |---|---|
//! | 0 Basic ID | 1 kind of id, kind of aircraft; 2 id (20) |
//! | 1 Location | 1 status, height type, east-west, speed multiplier; 2 direction; 3 speed; 4 vertical speed; 5 latitude; 9 longitude; 13 pressure altitude; 15 geodetic altitude; 17 height; 19 accuracy vertical, horizontal; 20 of pressure altitude, speed; 21 tenths of a second after the hour; 23 their accuracy |
//! | 2 Authentication | 1 kind, page; page 0: 2 last page; 3 length; 4 seconds since 2019; 8 data (17); others: 2 data (23) |
//! | 3 Self ID | 1 kind; 2 text (23) |
//! | 4 System | 1 class, kind of operator place; 2 latitude; 6 longitude; 10 aircraft in the area; 12 radius; 13 ceiling; 15 floor; 17 category, class; 18 altitude; 20 seconds since 2019 |
//! | 5 Operator ID | 1 kind; 2 id (20) |
//!
//! Most fields have one value for "not known", and some values mean nothing; both come out as `None`.

use super::position::Position;
use super::{Reader, Short};

/// The organisation of the vendor element (ASD-STAN).
pub(crate) const ORGANISATION: [u8; 3] = [0xfa, 0x0b, 0xbc];
/// What Remote ID is in vendor elements and Bluetooth service data: the application code.
pub(crate) const APPLICATION: u8 = 0x0d;
/// The Wi-Fi Aware service `org.opendroneid.remoteid`.
pub(crate) const SERVICE: [u8; 6] = [0x88, 0x69, 0x19, 0x9d, 0x92, 0x09];

const MESSAGE_BYTES: usize = 25;
const PACK_MESSAGES: u8 = 9;

/// A message, or a pack of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Broadcast<'a> {
    /// Version of the protocol: 0 for F3411-19, 1 for prEN 4709-002, 2 for F3411-22a.
    pub(crate) version: u8,
    /// The messages that could be read, in their order.
    pub(crate) messages: Vec<Message<'a>>,
    /// What could not.
    pub(crate) faults: Vec<Fault>,
}

/// Why a message could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It ends too early.
    Short(Short),
    /// A pack says that its messages have so many bytes.
    Length(u8),
    /// A pack says that it has more messages than a pack holds.
    Count(u8),
    /// A pack of no messages.
    Empty,
    /// A type that is not known, or a pack in a pack.
    Kind(u8),
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Message<'a> {
    /// Who the aircraft is.
    BasicId(BasicId<'a>),
    /// Where it is.
    Location(Location),
    /// A page of a signature.
    Authentication(Page),
    /// A text about the flight.
    SelfId(&'a [u8]),
    /// Where its operator is.
    System(System),
    /// Who its operator is.
    OperatorId(&'a [u8]),
}

/// Identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BasicId<'a> {
    /// Kind of id: 0 none, 1 serial number, 2 registration, 3 UUID, 4 session.
    pub(crate) kind: u8,
    /// Kind of aircraft.
    pub(crate) aircraft: u8,
    /// All 20 bytes of the id.
    pub(crate) id: &'a [u8],
}

/// Place and motion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Location {
    /// State of flight.
    pub(crate) status: u8,
    /// The height is above ground rather than above the place of take-off.
    pub(crate) is_above_ground: bool,
    /// Degrees from north over ground.
    pub(crate) direction: Option<f64>,
    /// Metres per second over ground.
    pub(crate) speed: Option<f64>,
    /// Metres per second upwards.
    pub(crate) vertical_speed: Option<f64>,
    /// Place of the aircraft.
    pub(crate) position: Option<Position>,
    /// Metres by air pressure of the standard atmosphere.
    pub(crate) pressure_altitude: Option<f64>,
    /// Metres above the WGS 84 ellipsoid.
    pub(crate) altitude: Option<f64>,
    /// Metres above ground or take-off.
    pub(crate) height: Option<f64>,
    /// Metres within which the place is right.
    pub(crate) accuracy: Option<f64>,
    /// Metres within which the altitude is right.
    pub(crate) vertical_accuracy: Option<f64>,
    /// Tenths of a second after the full hour, UTC.
    pub(crate) tenths: Option<u16>,
}

/// A page of authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Kind: 0 none, 1 signed id, 2 signed operator id, 3 signed messages, 4 by network, 5 specific.
    pub(crate) kind: u8,
    /// Number of the page.
    pub(crate) number: u8,
    /// Of page 0: the last page, bytes of all data, Unix seconds.
    pub(crate) head: Option<(u8, u8, i64)>,
}

/// Operator and area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct System {
    /// Which place it is: 0 take-off, 1 live, 2 fixed.
    pub(crate) kind: u8,
    /// Place of the operator.
    pub(crate) operator: Option<Position>,
    /// Metres above the WGS 84 ellipsoid.
    pub(crate) altitude: Option<f64>,
    /// Aircraft in the area.
    pub(crate) count: u16,
    /// Radius of the area in metres.
    pub(crate) radius: u16,
    /// Metres above the ellipsoid.
    pub(crate) ceiling: Option<f64>,
    /// Metres above the ellipsoid.
    pub(crate) floor: Option<f64>,
    /// Category and class of the European Union, where the operator declares them.
    pub(crate) class: Option<(u8, u8)>,
    /// Unix seconds.
    pub(crate) time: Option<i64>,
}

/// Reads a message or pack.
pub(crate) fn read(bytes: &[u8]) -> Broadcast<'_> {
    let mut broadcast = Broadcast { version: bytes.first().map_or(0, |first| first & 0x0f), ..Broadcast::default() };
    if bytes.first().is_some_and(|first| first >> 4 == 0x0f) {
        if let Err(fault) = broadcast.pack(Reader::new(bytes)) {
            broadcast.faults.push(fault);
        }
    } else {
        broadcast.message(&mut Reader::new(bytes));
    }
    broadcast
}

impl<'a> Broadcast<'a> {
    fn pack(&mut self, mut reader: Reader<'a>) -> Result<(), Fault> {
        let [_, length, count] = reader.array().map_err(Fault::Short)?;
        if usize::from(length) != MESSAGE_BYTES {
            return Err(Fault::Length(length));
        }
        if count == 0 {
            return Err(Fault::Empty);
        }
        for _ in 0..count.min(PACK_MESSAGES) {
            if !self.message(&mut reader) {
                return Ok(());
            }
        }
        if count > PACK_MESSAGES { Err(Fault::Count(count)) } else { Ok(()) }
    }

    /// Reads one message; false when there was none.
    fn message(&mut self, reader: &mut Reader<'a>) -> bool {
        match reader.sub(MESSAGE_BYTES) {
            Ok(bytes) => match message(bytes) {
                Ok(message) => self.messages.push(message),
                Err(fault) => self.faults.push(fault),
            },
            Err(short) => {
                self.faults.push(Fault::Short(short));
                return false;
            }
        }
        true
    }
}

fn message(mut reader: Reader<'_>) -> Result<Message<'_>, Fault> {
    let kind = reader.u8().map_err(Fault::Short)? >> 4;
    let message = match kind {
        0 => basic_id(reader).map(Message::BasicId),
        1 => location(reader).map(Message::Location),
        2 => page(reader).map(Message::Authentication),
        3 => reader.skip(1).and_then(|()| reader.take(23)).map(text).map(Message::SelfId),
        4 => system(reader).map(Message::System),
        5 => reader.skip(1).and_then(|()| reader.take(20)).map(text).map(Message::OperatorId),
        other => return Err(Fault::Kind(other)),
    };
    message.map_err(Fault::Short)
}

fn basic_id(mut reader: Reader<'_>) -> Result<BasicId<'_>, Short> {
    let kinds = reader.u8()?;
    Ok(BasicId { kind: kinds >> 4, aircraft: kinds & 0x0f, id: reader.take(20)? })
}

fn location(mut reader: Reader<'_>) -> Result<Location, Short> {
    let [flags, direction, speed, vertical] = reader.array()?;
    let position = position(&mut reader)?;
    let (pressure, altitude, height) = (reader.u16_le()?, reader.u16_le()?, reader.u16_le()?);
    let [accuracy, _] = reader.array()?;
    let tenths = reader.u16_le()?;
    Ok(Location {
        status: flags >> 4,
        is_above_ground: flags & 0x04 != 0,
        direction: degrees(direction, flags),
        speed: metres_per_second(speed, flags),
        vertical_speed: Some(f64::from(i8::from_le_bytes([vertical])) * 0.5).filter(|speed| speed.abs() <= 62.0),
        position,
        pressure_altitude: metres(pressure),
        altitude: metres(altitude),
        height: metres(height),
        accuracy: horizontal_metres(accuracy & 0x0f),
        vertical_accuracy: vertical_metres(accuracy >> 4),
        tenths: (tenths <= 36_000).then_some(tenths),
    })
}

fn page(mut reader: Reader<'_>) -> Result<Page, Short> {
    let kinds = reader.u8()?;
    let (kind, number) = (kinds >> 4, kinds & 0x0f);
    let head = if number == 0 {
        let [last, length] = reader.array()?;
        Some((last, length, since_2019(reader.u32_le()?)))
    } else {
        None
    };
    Ok(Page { kind, number, head })
}

fn system(mut reader: Reader<'_>) -> Result<System, Short> {
    let flags = reader.u8()?;
    let operator = position(&mut reader)?;
    let (count, radius) = (reader.u16_le()?, u16::from(reader.u8()?).saturating_mul(10));
    let (ceiling, floor) = (reader.u16_le()?, reader.u16_le()?);
    let class = reader.u8()?;
    let (altitude, time) = (reader.u16_le()?, reader.u32_le()?);
    Ok(System {
        kind: flags & 0x03,
        operator,
        altitude: metres(altitude),
        count,
        radius,
        ceiling: metres(ceiling),
        floor: metres(floor),
        class: (flags >> 2 & 0x07 == 1).then_some((class >> 4, class & 0x0f)),
        time: (time != 0).then(|| since_2019(time)),
    })
}

/// Latitude and longitude in 1e-7 degrees.
fn position(reader: &mut Reader<'_>) -> Result<Option<Position>, Short> {
    let (latitude, longitude) = (i32::from_le_bytes(reader.array()?), i32::from_le_bytes(reader.array()?));
    Ok(Position::scaled(latitude, longitude, 1e7))
}

/// A direction is told in two halves; 361 says that it is not known.
fn degrees(half: u8, flags: u8) -> Option<f64> {
    let degrees = u16::from(half).saturating_add(if flags & 0x02 == 0 { 0 } else { 180 });
    (degrees <= 360).then(|| f64::from(degrees % 360))
}

/// Quarters of a metre per second up to 63.75, and three quarters from there; 255 m/s says that it is not known.
fn metres_per_second(raw: u8, flags: u8) -> Option<f64> {
    match (raw, flags & 0x01) {
        (raw, 0) => Some(f64::from(raw) * 0.25),
        (255, _) => None,
        (raw, _) => Some(f64::from(raw) * 0.75 + 63.75),
    }
}

/// Half metres above -1000 m, which says that it is not known.
fn metres(raw: u16) -> Option<f64> {
    (raw != 0).then(|| f64::from(raw) * 0.5 - 1_000.0)
}

/// What a step of horizontal accuracy is better than; from 18,520 m, ten nautical miles.
fn horizontal_metres(step: u8) -> Option<f64> {
    const STEPS: [f64; 12] = [18_520.0, 7_408.0, 3_704.0, 1_852.0, 926.0, 555.6, 185.2, 92.6, 30.0, 10.0, 3.0, 1.0];
    STEPS.get(usize::from(step).checked_sub(1)?).copied()
}

fn vertical_metres(step: u8) -> Option<f64> {
    const STEPS: [f64; 6] = [150.0, 45.0, 25.0, 10.0, 3.0, 1.0];
    STEPS.get(usize::from(step).checked_sub(1)?).copied()
}

/// Unix seconds of a time counted from 2019-01-01T00:00:00Z.
fn since_2019(seconds: u32) -> i64 {
    i64::from(seconds).saturating_add(1_546_300_800)
}

/// A text up to its first zero.
fn text(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Name of a kind of aircraft (F3411-22a, table 3).
pub(crate) fn aircraft_name(kind: u8) -> Option<&'static str> {
    const NAMES: [&str; 16] = [
        "",
        "aeroplane",
        "helicopter-or-multirotor",
        "gyroplane",
        "hybrid-lift",
        "ornithopter",
        "glider",
        "kite",
        "free-balloon",
        "captive-balloon",
        "airship",
        "parachute",
        "rocket",
        "tethered-powered-aircraft",
        "ground-obstacle",
        "other",
    ];
    NAMES.get(usize::from(kind)).copied().filter(|name| !name.is_empty())
}

/// Name of a state of flight; none when it is not declared.
pub(crate) fn status_name(status: u8) -> Option<&'static str> {
    const NAMES: [&str; 4] = ["ground", "airborne", "emergency", "remote-id-failure"];
    NAMES.get(usize::from(status).checked_sub(1)?).copied()
}

/// Name of a kind of authentication; none when there is no authentication.
pub(crate) const fn authentication_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0 => return None,
        1 => "uas-id-signature",
        2 => "operator-id-signature",
        3 => "message-set-signature",
        4 => "network-remote-id",
        5 => "specific",
        6..=9 => "reserved",
        _ => "private",
    })
}

#[cfg(test)]
mod tests;
