//! Positions in what was sent: numbers near those of the list, latitude and longitude close together.
//!
//! | form | cue | both numbers within |
//! |---|---|---|
//! | decimal degrees as text, two decimals or more | up to its second decimal | 96 bytes |
//! | degrees × 10⁷, 10⁶, 10⁵ and radians × 10⁷ as 32-bit integers | its high bytes | 24 bytes |
//! | degrees and radians as floats and doubles | its high bytes | 24 bytes |
//!
//! Integers and floating point numbers in either byte order. A cue says where to look; then the number is read, and
//! compared with the list: it may be off by the metres that the list grants, and by what its own decimals leave open.

use std::collections::BTreeSet;

use super::view::View;
use crate::limits::PLACE_CELLS;

/// Bytes from the beginning of one number to that of the other, in text.
const TEXT_REACH: u64 = 96;
/// Bytes of a number's text that are read.
pub(super) const NUMBER_BYTES: u64 = 24;
/// Bytes from the beginning of one number to that of the other, in binary data.
const BINARY_REACH: u64 = 24;
/// Metres of a degree of latitude.
pub(super) const DEGREE_METRES: f64 = 111_195.0;

/// Which of the two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Axis {
    Latitude,
    Longitude,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Writing {
    /// Decimal degrees.
    Text,
    /// By its place in [`ENCODINGS`].
    Binary(usize),
}

/// A binary number.
#[derive(Debug)]
struct Encoding {
    form: &'static str,
    number: Number,
    order: Order,
    /// What a degree is in it.
    per_degree: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Integer,
    Float,
    Double,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Little,
    Big,
}

const RADIAN: f64 = std::f64::consts::PI / 180.0;

const fn encoding(form: &'static str, number: Number, order: Order, per_degree: f64) -> Encoding {
    Encoding { form, number, order, per_degree }
}

static ENCODINGS: &[Encoding] = &[
    encoding("int32 LE, degrees × 10⁷", Number::Integer, Order::Little, 1e7),
    encoding("int32 BE, degrees × 10⁷", Number::Integer, Order::Big, 1e7),
    encoding("int32 LE, degrees × 10⁶", Number::Integer, Order::Little, 1e6),
    encoding("int32 BE, degrees × 10⁶", Number::Integer, Order::Big, 1e6),
    encoding("int32 LE, degrees × 10⁵", Number::Integer, Order::Little, 1e5),
    encoding("int32 BE, degrees × 10⁵", Number::Integer, Order::Big, 1e5),
    encoding("int32 LE, radians × 10⁷", Number::Integer, Order::Little, RADIAN * 1e7),
    encoding("int32 BE, radians × 10⁷", Number::Integer, Order::Big, RADIAN * 1e7),
    encoding("float LE, degrees", Number::Float, Order::Little, 1.0),
    encoding("float BE, degrees", Number::Float, Order::Big, 1.0),
    encoding("float LE, radians", Number::Float, Order::Little, RADIAN),
    encoding("float BE, radians", Number::Float, Order::Big, RADIAN),
    encoding("double LE, degrees", Number::Double, Order::Little, 1.0),
    encoding("double BE, degrees", Number::Double, Order::Big, 1.0),
    encoding("double LE, radians", Number::Double, Order::Little, RADIAN),
    encoding("double BE, radians", Number::Double, Order::Big, RADIAN),
];

/// A position or a track of the list.
#[derive(Clone)]
pub(super) struct Places(Vec<Point>);

/// A place, and the degrees that another may be off.
#[derive(Clone, Copy)]
struct Point {
    latitude: f64,
    longitude: f64,
    latitude_reach: f64,
    longitude_reach: f64,
}

/// One number that was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Half {
    pub(super) axis: Axis,
    pub(super) writing: Writing,
    pub(super) start: u64,
    pub(super) end: u64,
    /// Degrees.
    value: f64,
    /// Degrees that its own decimals leave open.
    slack: f64,
    decimals: usize,
}

/// What to look for, and what it may be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cue {
    pub(super) bytes: Vec<u8>,
    pub(super) writing: Writing,
    pub(super) axis: Axis,
    /// Bytes of the number before the cue.
    pub(super) before: u64,
}

impl Places {
    /// Points that are no place on earth, or 0, 0, are left out; those that are near one before it add nothing.
    pub(super) fn new(points: &[(f64, f64)], within: f64) -> Self {
        let mut kept: Vec<Point> = Vec::new();
        let near = (within / 2.0).max(1.0);
        for (lat, lon) in points {
            let is_place = lat.abs() <= 90.0 && lon.abs() <= 180.0 && (lat.abs() > 0.01 || lon.abs() > 0.01);
            let narrowing = lat.to_radians().cos().max(0.01);
            let metres = |last: &Point| (lat - last.latitude).hypot((lon - last.longitude) * narrowing) * DEGREE_METRES;
            if is_place && kept.last().is_none_or(|last| metres(last) > near) {
                let reach = within / DEGREE_METRES;
                kept.push(Point { latitude: *lat, longitude: *lon, latitude_reach: reach, longitude_reach: reach / narrowing });
            }
        }
        Self(kept)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What to look for.
    pub(super) fn cues(&self) -> BTreeSet<Cue> {
        let mut cues = BTreeSet::new();
        for point in &self.0 {
            for axis in [Axis::Latitude, Axis::Longitude] {
                let (value, reach) = point.on(axis);
                cues.extend(decimal(value, reach).into_iter().map(|bytes| Cue { bytes, writing: Writing::Text, axis, before: 0 }));
                for (number, encoding) in ENCODINGS.iter().enumerate() {
                    let (bytes, before) = encoding.cues(value - reach, value + reach);
                    cues.extend(bytes.into_iter().map(|bytes| Cue { bytes, writing: Writing::Binary(number), axis, before }));
                }
            }
        }
        cues
    }

    /// Whether the number is on the axis of one of these places.
    pub(super) fn touch(&self, half: &Half) -> bool {
        self.0.iter().any(|point| point.is_near(half))
    }

    /// Whether a position is one of these places; `slack` is what its writing leaves open, in degrees.
    pub(super) fn is_at(&self, (latitude, longitude): (f64, f64), slack: f64) -> bool {
        let off = |value: f64, (seed, reach): (f64, f64)| (value - seed).abs() <= reach + slack;
        self.0.iter().any(|point| off(latitude, point.on(Axis::Latitude)) && off(longitude, point.on(Axis::Longitude)))
    }

    /// Whether the two numbers are one of these places.
    pub(super) fn hold(&self, half: &Half, other: &Half) -> bool {
        self.0.iter().any(|point| point.is_near(half) && point.is_near(other))
    }
}

impl Point {
    /// Degrees, and how far off they may be.
    const fn on(&self, axis: Axis) -> (f64, f64) {
        match axis {
            Axis::Latitude => (self.latitude, self.latitude_reach),
            Axis::Longitude => (self.longitude, self.longitude_reach),
        }
    }

    /// A sign may be told by a letter behind the number.
    fn is_near(&self, half: &Half) -> bool {
        let (seed, reach) = self.on(half.axis);
        let value = if half.writing == Writing::Text && half.value > 0.0 { half.value.copysign(seed) } else { half.value };
        (value - seed).abs() <= reach + half.slack + 1e-9
    }
}

impl Half {
    /// Reads the number at a cue; none where it is no number of its own.
    pub(super) fn read(view: &View<'_>, cue: &Cue, start: u64) -> Option<Self> {
        match cue.writing {
            Writing::Text => Self::text(view, cue.axis, start),
            Writing::Binary(number) => {
                let encoding = ENCODINGS.get(number)?;
                let start = start.checked_sub(cue.before)?;
                let end = start.saturating_add(encoding.number.width());
                let value = encoding.decode(view.slice(start, end)?)?;
                Some(Self { axis: cue.axis, writing: cue.writing, start, end, value, slack: 0.0, decimals: 0 })
            }
        }
    }

    fn text(view: &View<'_>, axis: Axis, start: u64) -> Option<Self> {
        let before = view.before(start);
        if before.is_some_and(|byte| byte.is_ascii_digit() || byte == b'.') {
            return None;
        }
        let text: Vec<u8> = (start..start.saturating_add(NUMBER_BYTES))
            .map_while(|at| view.get(at).filter(|byte| byte.is_ascii_digit() || *byte == b'.'))
            .collect();
        let text = std::str::from_utf8(&text).ok()?.trim_end_matches('.');
        let decimals = text.split_once('.')?.1.len();
        let value: f64 = text.parse().ok()?;
        // Few decimals may have been rounded or cut off.
        let slack = if decimals < 6 { 0.1_f64.powi(i32::try_from(decimals).ok()?) } else { 0.0 };
        let value = if before == Some(b'-') { -value } else { value };
        let end = start.saturating_add(text.len() as u64);
        Some(Self { axis, writing: Writing::Text, start, end, value, slack, decimals })
    }

    /// The other number may be the other half of a position.
    pub(super) const fn pairs_with(&self, other: &Self) -> bool {
        let apart = self.start.abs_diff(other.start);
        let is_same = match (self.writing, other.writing) {
            (Writing::Text, Writing::Text) => apart <= TEXT_REACH,
            (Writing::Binary(one), Writing::Binary(two)) => one == two && apart <= BINARY_REACH,
            _ => false,
        };
        let is_apart = self.end <= other.start || other.end <= self.start;
        is_same && is_apart && !matches!((self.axis, other.axis), (Axis::Latitude, Axis::Latitude) | (Axis::Longitude, Axis::Longitude))
    }

    /// What the form of both is called.
    pub(super) fn form(&self, other: &Self) -> &'static str {
        const DECIMALS: [&str; 8] = [
            "text, 1 decimal",
            "text, 2 decimals",
            "text, 3 decimals",
            "text, 4 decimals",
            "text, 5 decimals",
            "text, 6 decimals",
            "text, 7 decimals",
            "text, 8 decimals or more",
        ];
        match self.writing {
            Writing::Text => {
                let decimals = self.decimals.max(other.decimals).clamp(1, DECIMALS.len());
                DECIMALS.get(decimals - 1).copied().unwrap_or("text")
            }
            Writing::Binary(number) => ENCODINGS.get(number).map_or("binary", |encoding| encoding.form),
        }
    }

    /// Degrees, as text.
    pub(super) fn shown(&self) -> String {
        format!("{:.6}", self.value)
    }
}

/// Texts that numbers in reach begin with, up to the second decimal.
fn decimal(value: f64, reach: f64) -> Vec<Vec<u8>> {
    let hundredths = |value: f64| whole((value.abs() * 100.0).floor());
    // What was rounded to two decimals may be the next one.
    let (low, high) = (hundredths((value.abs() - reach - 0.005).max(0.0)), hundredths(value.abs() + reach + 0.005));
    if high.saturating_sub(low) > PLACE_CELLS {
        return Vec::new();
    }
    (low..=high).map(|cell| format!("{}.{:02}", cell / 100, cell % 100).into_bytes()).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "degrees in any unit here are far below 2^63")]
const fn whole(value: f64) -> i64 {
    value as i64
}

#[expect(clippy::cast_possible_truncation, reason = "a coordinate has the precision of a float or is not sent as one")]
const fn single(value: f64) -> f32 {
    value as f32
}

impl Number {
    /// Bytes.
    const fn width(self) -> u64 {
        match self {
            Self::Integer | Self::Float => 4,
            Self::Double => 8,
        }
    }
}

impl Encoding {
    /// High bytes of the numbers between two values, in the order they are sent in, and the bytes before them.
    fn cues(&self, low: f64, high: f64) -> (Vec<Vec<u8>>, u64) {
        let none = (Vec::new(), 0);
        if low * high <= 0.0 {
            return none;
        }
        let (low, high) = (self.bits(low * self.per_degree), self.bits(high * self.per_degree));
        let (low, high) = (low.min(high), low.max(high));
        let width = self.number.width();
        // Bytes that only tell the sign or fill up are in everything.
        let filling =
            low.to_be_bytes().iter().skip(8 - usize::try_from(width).unwrap_or(8)).take_while(|byte| matches!(byte, 0 | 0xff)).count();
        let most = match self.number {
            Number::Integer => (3 + filling as u64).min(width),
            Number::Float | Number::Double => 3,
        };
        // As many as tell the place apart, unless it is large.
        let cells = |kept: u64| (high >> ((width - kept) * 8)).saturating_sub(low >> ((width - kept) * 8));
        let Some(kept) = [most, most - 1].into_iter().find(|kept| cells(*kept) <= PLACE_CELLS.unsigned_abs()) else { return none };
        let shift = (width - kept) * 8;
        let (low, high) = (low >> shift, high >> shift);
        let bytes = |cell: u64| {
            let mut bytes: Vec<u8> = cell.to_be_bytes().into_iter().skip(8 - usize::try_from(kept).unwrap_or(8)).collect();
            if self.order == Order::Little {
                bytes.reverse();
            }
            bytes
        };
        ((low..=high).map(bytes).collect(), if self.order == Order::Little { width - kept } else { 0 })
    }

    /// The number's bits, which grow with its amount.
    fn bits(&self, value: f64) -> u64 {
        match self.number {
            Number::Integer => {
                let integer = i32::try_from(whole(value.round())).unwrap_or_default();
                u64::from(u32::from_be_bytes(integer.to_be_bytes()))
            }
            Number::Float => u64::from(single(value).to_bits()),
            Number::Double => value.to_bits(),
        }
    }

    fn decode(&self, bytes: &[u8]) -> Option<f64> {
        let mut bytes = bytes.to_vec();
        if self.order == Order::Little {
            bytes.reverse();
        }
        let raw = match self.number {
            Number::Integer => f64::from(i32::from_be_bytes(bytes.try_into().ok()?)),
            Number::Float => f64::from(f32::from_be_bytes(bytes.try_into().ok()?)),
            Number::Double => f64::from_be_bytes(bytes.try_into().ok()?),
        };
        Some(raw / self.per_degree).filter(|degrees| degrees.abs() <= 180.0)
    }
}
