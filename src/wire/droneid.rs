//! DJI DroneID, the vendor element in beacons of aircraft with a Wi-Fi link (Department 13, Anatomy of DJI's Drone ID
//! Implementation, 2017; Kismet, dot11_ie_221_dji_droneid; DJIDroneIDspoofer).
//!
//! After the organisation 26:37:12 come 58 62 13, a kind, and the record; numbers are little-endian.
//!
//! | at | flight record (0x10) |
//! |---|---|
//! | 0 | version 1 or 2 |
//! | 1, 3 | sequence number, state bits |
//! | 5 | serial number, 16 characters |
//! | 21, 25 | longitude, latitude |
//! | 29, 31 | altitude, height |
//! | 33, 35, 37 | velocity north, east, up in cm/s |
//! | 39 | version 1: pitch, roll, yaw; version 2: yaw, then GPS time in Unix ms (8 bytes), app latitude, app longitude |
//! | 45 / 57 | home longitude, home latitude, product, length of the UUID, UUID of 20 characters |
//!
//! | at | purpose record (0x11) |
//! |---|---|
//! | 0 | serial number, 16 characters |
//! | 16 | length, identification of 10 characters |
//! | 27 | length, purpose of 100 characters |
//!
//! Angles of places are 174,533 to the degree, those of attitude 100. Firmware of 2017 sends the first 76 bytes of
//! a record only, so whatever comes before a cut is read.
//!
//! Two things writers do differently, and only their plausibility can tell: which of longitude and latitude comes
//! first, and in version 2 whether altitude comes before height or height, then in decimetres, before it.

use super::position::Position;
use super::{Reader, Short};

/// The vendor of the element.
pub(crate) const ORGANISATION: [u8; 3] = [0x26, 0x37, 0x12];

/// Places further apart than this are not those of an aircraft and its pilot: twice what the best link reaches.
pub(crate) const REACH_METRES: f64 = 60_000.0;

/// What an element holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Record<'a> {
    /// Where the aircraft is.
    Flight(Flight<'a>),
    /// What the user said about himself and the flight.
    Purpose(Purpose<'a>),
}

/// Why an element is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A kind that is not known.
    Kind(u8),
    /// It ends before its serial number does.
    Short,
}

/// The flight record; a field behind a cut is not there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Flight<'a> {
    /// Version of the layout.
    pub(crate) version: u8,
    /// Sequence number.
    pub(crate) sequence: u16,
    /// State bits.
    pub(crate) state: State,
    /// Serial number, without the zeros after it.
    pub(crate) serial: &'a [u8],
    /// Place of the aircraft.
    pub(crate) position: Option<Position>,
    /// Which of longitude and latitude came first.
    pub(crate) order: Order,
    /// Metres above the sea.
    pub(crate) altitude: Option<f64>,
    /// Metres above the place of take-off.
    pub(crate) height: Option<f64>,
    /// Which of altitude and height came first.
    pub(crate) heights: Heights,
    /// North, east, up in cm/s.
    pub(crate) velocity: Option<[i16; 3]>,
    /// Where the nose points, in hundredths of a degree.
    pub(crate) yaw: Option<i16>,
    /// GPS time, milliseconds since 1970.
    pub(crate) time_ms: Option<u64>,
    /// Place of the app, thus of the pilot.
    pub(crate) app: Option<Position>,
    /// Place of the home point.
    pub(crate) home: Option<Position>,
    /// Number of the product.
    pub(crate) product: Option<u8>,
    /// UUID of the user's account.
    pub(crate) uuid: Option<&'a [u8]>,
    /// The record ended before its last field.
    pub(crate) is_cut: bool,
}

/// The purpose record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purpose<'a> {
    /// Serial number, without the zeros after it.
    pub(crate) serial: &'a [u8],
    /// Identification that the user gave.
    pub(crate) identification: &'a [u8],
    /// Purpose of the flight that the user gave.
    pub(crate) purpose: &'a [u8],
    /// The record ended before its last field.
    pub(crate) is_cut: bool,
}

/// Which of longitude and latitude comes first, and how that was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Longitude, as the layout says.
    Declared,
    /// Latitude: the other order is no place on Earth.
    OnlyPlace,
    /// Latitude: only so is the aircraft near its app.
    NearApp,
}

/// Which of altitude and height comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heights {
    /// Altitude, then height, both in metres.
    Declared,
    /// Height in decimetres, then altitude: in the other order the aircraft would be lower than it has climbed.
    HeightFirst,
}

/// The state bits; those from 0x40 are not settled between the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State(pub(crate) u16);

impl State {
    const NAMES: [(u16, &'static str); 12] = [
        (0x001, "serial-valid"),
        (0x002, "privacy-off"),
        (0x004, "home-set"),
        (0x008, "uuid-set"),
        (0x010, "motors-on"),
        (0x020, "in-air"),
        (0x040, "gps-valid"),
        (0x080, "altitude-valid"),
        (0x100, "height-valid"),
        (0x200, "horizontal-velocity-valid"),
        (0x400, "vertical-velocity-valid"),
        (0x800, "attitude-valid"),
    ];

    /// The bits that are set, by name.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| name)
    }

    /// The state of flight that the bits tell.
    pub(crate) const fn status(self) -> &'static str {
        match self.0 & 0x30 {
            0x00 => "motors-off",
            0x10 => "ground",
            _ => "airborne",
        }
    }
}

/// Products by number (Kismet); others show as their number alone.
const PRODUCTS: &[(u8, &str)] = &[
    (1, "Inspire 1"),
    (2, "Phantom 3"),
    (3, "Phantom 3"),
    (4, "Phantom 3 Standard"),
    (5, "Matrice 100"),
    (11, "Phantom 4"),
    (14, "Matrice 600"),
    (15, "Phantom 3 4K"),
    (16, "Mavic Pro"),
    (17, "Inspire 2"),
    (18, "Phantom 4 Pro"),
    (21, "Spark"),
    (23, "Matrice 600 Pro"),
    (24, "Mavic Air"),
    (25, "Matrice 200"),
    (26, "Phantom 4"),
    (27, "Phantom 4 Advanced"),
    (28, "Matrice 210"),
    (30, "Matrice 210 RTK"),
    (35, "Phantom 4 RTK"),
    (36, "Phantom 4 Pro V2.0"),
    (41, "Mavic 2"),
    (44, "Matrice 200 V2"),
    (51, "Mavic 2 Enterprise"),
    (53, "Mavic Mini"),
    (58, "Mavic Air 2"),
    (60, "Matrice 300 RTK"),
    (61, "DJI FPV"),
    (63, "Mini 2"),
    (66, "Air 2S"),
    (68, "Mavic 3"),
    (69, "Mavic 2 Enterprise Advanced"),
    (70, "Mini SE"),
];

/// Name of a product, where its number has one.
pub(crate) fn product_name(number: u8) -> Option<&'static str> {
    PRODUCTS.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// Reads what follows the organisation; `None` when it is another element of that vendor.
pub(crate) fn read(bytes: &[u8]) -> Option<Result<Record<'_>, Fault>> {
    const FLIGHT: u8 = 0x10;
    const PURPOSE: u8 = 0x11;
    let (kind, record) = bytes.strip_prefix(&[0x58, 0x62, 0x13])?.split_first()?;
    Some(match *kind {
        FLIGHT => flight(record).map(Record::Flight).map_err(|_| Fault::Short),
        PURPOSE => purpose(record).map(Record::Purpose).map_err(|_| Fault::Short),
        other => Err(Fault::Kind(other)),
    })
}

/// Fields up to the first that is not there whole.
struct Fields<'a> {
    reader: Reader<'a>,
    is_cut: bool,
}

impl<'a> Fields<'a> {
    fn next<T>(&mut self, read: impl FnOnce(&mut Reader<'a>) -> Result<T, Short>) -> Option<T> {
        let field = if self.is_cut { None } else { read(&mut self.reader).ok() };
        self.is_cut |= field.is_none();
        field
    }

    fn i16(&mut self) -> Option<i16> {
        self.next(Reader::array).map(i16::from_le_bytes)
    }

    /// Two numbers of a place in the order in which they come.
    fn pair(&mut self) -> Option<(i32, i32)> {
        let bytes: [u8; 8] = self.next(Reader::array)?;
        let (first, second) = bytes.split_first_chunk::<4>()?;
        Some((i32::from_le_bytes(*first), i32::from_le_bytes(second.try_into().ok()?)))
    }

    /// Text behind its length in a field of `room` bytes; of a field that is cut, what is there.
    fn counted(&mut self, room: usize) -> &'a [u8] {
        let Some(length) = self.next(Reader::u8) else { return &[] };
        let field = self.reader.take_up_to(room);
        self.is_cut |= field.len() < room;
        untrailed(field.get(..usize::from(length)).unwrap_or(field))
    }
}

fn flight(bytes: &[u8]) -> Result<Flight<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let (version, sequence, state) = (reader.u8()?, reader.u16_le()?, State(reader.u16_le()?));
    let serial = untrailed(reader.take(16)?);
    let mut fields = Fields { reader, is_cut: false };
    let position = fields.pair();
    let heights = (fields.i16(), fields.i16());
    let velocity = (fields.i16(), fields.i16(), fields.i16());
    let (mut yaw, mut time_ms, mut app, mut home, mut product, mut uuid) = (None, None, None, None, None, None);
    if matches!(version, 1 | 2) {
        if version == 1 {
            (_, _, yaw) = (fields.i16(), fields.i16(), fields.i16());
        } else {
            (yaw, time_ms, app) = (fields.i16(), fields.next(Reader::u64_le), fields.pair());
        }
        (home, product) = (fields.pair(), fields.next(Reader::u8));
        uuid = Some(fields.counted(20)).filter(|uuid| !uuid.is_empty());
    }
    let places = Places::new(position, home, app);
    let (altitude, height, heights) = settled(version, heights);
    Ok(Flight {
        version,
        sequence,
        state,
        serial,
        position: places.aircraft,
        order: places.order,
        altitude,
        height,
        heights,
        velocity: velocity.2.and_then(|up| Some([velocity.0?, velocity.1?, up])),
        yaw,
        time_ms: time_ms.filter(|ms| *ms > 0),
        app: places.app,
        home: places.home,
        product,
        uuid,
        is_cut: fields.is_cut,
    })
}

fn purpose(bytes: &[u8]) -> Result<Purpose<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let serial = untrailed(reader.take(16)?);
    let mut fields = Fields { reader, is_cut: false };
    let (identification, purpose) = (fields.counted(10), fields.counted(100));
    Ok(Purpose { serial, identification, purpose, is_cut: fields.is_cut })
}

/// The places of a flight record.
struct Places {
    aircraft: Option<Position>,
    home: Option<Position>,
    app: Option<Position>,
    order: Order,
}

impl Places {
    /// Longitude comes first for aircraft and home, latitude for the app, unless that is less plausible.
    fn new(aircraft: Option<(i32, i32)>, home: Option<(i32, i32)>, app: Option<(i32, i32)>) -> Self {
        const PER_DEGREE: f64 = 174_533.0;
        let longitude_first = |(longitude, latitude)| Position::scaled(latitude, longitude, PER_DEGREE);
        let aircraft = aircraft.and_then(longitude_first);
        let home = home.and_then(longitude_first);
        let app = app.and_then(|(latitude, longitude)| Position::scaled(latitude, longitude, PER_DEGREE)).map(either);
        let order = aircraft.map_or(Order::Declared, |aircraft| match app {
            _ if !aircraft.is_on_earth() && aircraft.swapped().is_on_earth() => Order::OnlyPlace,
            Some(app) if is_near(aircraft.swapped(), app) && !is_near(aircraft, app) => Order::NearApp,
            _ => Order::Declared,
        });
        if order == Order::Declared {
            return Self { aircraft, home: home.map(either), app, order };
        }
        // The home point was written by the same hand.
        Self { aircraft: aircraft.map(Position::swapped), home: home.map(|home| either(home.swapped())), app, order }
    }
}

fn is_near(one: Position, other: Position) -> bool {
    one.metres_to(other) < REACH_METRES
}

/// The place; its numbers the other way round where only that is one.
fn either(place: Position) -> Position {
    if !place.is_on_earth() && place.swapped().is_on_earth() { place.swapped() } else { place }
}

/// Altitude and height in metres.
fn settled(version: u8, heights: (Option<i16>, Option<i16>)) -> (Option<f64>, Option<f64>, Heights) {
    match heights {
        (Some(first), Some(second)) if version == 2 && first < second => {
            (Some(second.into()), Some(f64::from(first) / 10.0), Heights::HeightFirst)
        }
        (altitude, height) => (altitude.map(f64::from), height.map(f64::from), Heights::Declared),
    }
}

/// A text without the zeros after it.
fn untrailed(bytes: &[u8]) -> &[u8] {
    let mut text = bytes;
    while let [rest @ .., 0] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests;
