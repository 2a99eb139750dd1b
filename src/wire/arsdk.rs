//! ARSDK, the protocol of Parrot's aircraft over Wi-Fi (Parrot-Developers/arsdk-xml, ARSDK protocol documentation).
//!
//! ```text
//! frame    type:8  buffer:8  sequence:8  length:32  data …
//! command  project:8  class:8  command:16  arguments …
//! ```
//!
//! Numbers are little-endian; the length is that of the whole frame, and frames fill their datagram. Data goes in
//! frames of type 2 to 4; buffers 0 and 1 are pings and their answers, 125 is the picture, and a buffer above 127 holds
//! acknowledgements.

use super::Reader;
use super::place::Place;
use crate::record::{LinkKind, Subject};

/// Bytes before the data.
pub(crate) const HEADER: usize = 7;
/// Buffers of pings and their answers.
const PINGS: std::ops::RangeInclusive<u8> = 0..=1;
/// Buffer of the picture, from the aircraft.
const PICTURE: u8 = 125;

/// A frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    /// Acknowledgement, data, data at low latency, data to be acknowledged.
    pub(crate) kind: u8,
    /// Buffer it belongs to.
    pub(crate) buffer: u8,
    /// Counter of the buffer.
    pub(crate) sequence: u8,
    /// What it holds.
    pub(crate) data: &'a [u8],
}

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// It keeps the link running.
    Link(&'static str),
    /// A piece of the picture.
    Picture,
    /// A command or an event.
    Command(Command<'a>),
    /// Not known.
    Other,
}

/// A command or an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command<'a> {
    /// Family of aircraft, 0 for all.
    pub(crate) project: u8,
    /// Class in it.
    pub(crate) class: u8,
    /// Number in the class.
    pub(crate) id: u16,
    /// What comes with it.
    pub(crate) arguments: &'a [u8],
}

/// The frames that fill `bytes`; nothing where they do not.
pub(crate) fn frames(bytes: &[u8]) -> Option<Vec<Frame<'_>>> {
    let mut reader = Reader::new(bytes);
    let mut frames = Vec::new();
    while !reader.is_empty() {
        let [kind @ 1..=4, buffer, sequence] = reader.array().ok()? else { return None };
        let length = usize::try_from(reader.u32_le().ok()?).ok()?;
        let data = reader.take(length.checked_sub(HEADER)?).ok()?;
        frames.push(Frame { kind, buffer, sequence, data });
    }
    (!frames.is_empty()).then_some(frames)
}

impl<'a> Frame<'a> {
    /// What it holds.
    pub(crate) fn content(&self) -> Content<'a> {
        match (self.kind, self.buffer) {
            (1, _) => Content::Link("acknowledgement"),
            (_, buffer) if PINGS.contains(&buffer) => Content::Link("ping"),
            (_, PICTURE) => Content::Picture,
            _ => self.command().map_or(Content::Other, Content::Command),
        }
    }

    fn command(&self) -> Option<Command<'a>> {
        let mut reader = Reader::new(self.data);
        let [project, class] = reader.array().ok()?;
        Some(Command { project, class, id: reader.u16_le().ok()?, arguments: reader.rest() })
    }
}

impl Command<'_> {
    /// Its class as the protocol calls it, and what it is for.
    pub(crate) fn known(&self) -> Option<(&'static str, LinkKind)> {
        let exactly = NAMED.iter().find(|(key, ..)| *key == (self.project, self.class, self.id)).map(|(_, name, kind)| (*name, *kind));
        let of_class = || CLASSES.iter().find(|(key, ..)| *key == (self.project, self.class)).map(|(_, name, kind)| (*name, *kind));
        exactly.or_else(of_class)
    }

    /// Only the aircraft says it.
    pub(crate) fn is_from_aircraft(&self) -> bool {
        matches!((self.project, self.class), (0, 3 | 5) | (1, 4 | 6 | 8 | 24 | 31))
    }

    /// The place it tells, whose it is, and the name of the message.
    pub(crate) fn place(&self) -> Option<(Place, Subject, &'static str)> {
        let (subject, basis) = match (self.project, self.class, self.id) {
            (1, 4, 4) => (Subject::Aircraft, "arsdk PilotingState.PositionChanged"),
            (1, 4, 9) => (Subject::Aircraft, "arsdk PilotingState.GpsLocationChanged"),
            (1, 24, 0) => (Subject::Home, "arsdk GPSSettingsState.HomeChanged"),
            (1, 23, 2) => (Subject::Phone, "arsdk GPSSettings.SendControllerGPS"),
            (0, 16, 0) => (Subject::Phone, "arsdk GPS.ControllerPositionForRun"),
            _ => return None,
        };
        let mut reader = Reader::new(self.arguments);
        let mut next = || reader.u64_le().ok().map(f64::from_bits);
        let mut place = Place::from_degrees(next()?, next()?)?;
        // 500 stands for a value that is not available.
        place.altitude_m = next().filter(|metres| metres.is_finite() && (*metres - 500.0).abs() > f64::EPSILON);
        Some((place, subject, basis))
    }

    /// The number of satellites it tells.
    pub(crate) fn satellites(&self) -> Option<u8> {
        if (self.project, self.class, self.id) == (1, 31, 0) { self.arguments.first().copied() } else { None }
    }
}

/// Commands that stand for something else than their class.
static NAMED: &[((u8, u8, u16), &str, LinkKind)] = &[
    ((0, 3, 4), "SettingsState.ProductSerialHighChanged", LinkKind::Identifier),
    ((0, 3, 5), "SettingsState.ProductSerialLowChanged", LinkKind::Identifier),
    ((0, 5, 1), "CommonState.BatteryStateChanged", LinkKind::Telemetry),
    ((0, 5, 7), "CommonState.WifiSignalChanged", LinkKind::Telemetry),
    ((0, 16, 0), "GPS.ControllerPositionForRun", LinkKind::PhonePosition),
    ((1, 0, 1), "Piloting.TakeOff", LinkKind::Control),
    ((1, 0, 2), "Piloting.PCMD", LinkKind::Control),
    ((1, 0, 3), "Piloting.Landing", LinkKind::Control),
    ((1, 0, 4), "Piloting.Emergency", LinkKind::Control),
    ((1, 0, 5), "Piloting.NavigateHome", LinkKind::Control),
    ((1, 4, 1), "PilotingState.FlyingStateChanged", LinkKind::Telemetry),
    ((1, 4, 4), "PilotingState.PositionChanged", LinkKind::Telemetry),
    ((1, 4, 5), "PilotingState.SpeedChanged", LinkKind::Telemetry),
    ((1, 4, 6), "PilotingState.AttitudeChanged", LinkKind::Telemetry),
    ((1, 4, 8), "PilotingState.AltitudeChanged", LinkKind::Telemetry),
    ((1, 4, 9), "PilotingState.GpsLocationChanged", LinkKind::Telemetry),
    ((1, 21, 0), "MediaStreaming.VideoEnable", LinkKind::Control),
    ((1, 23, 2), "GPSSettings.SendControllerGPS", LinkKind::PhonePosition),
    ((1, 24, 0), "GPSSettingsState.HomeChanged", LinkKind::Telemetry),
    ((1, 31, 0), "GPSState.NumberOfSatelliteChanged", LinkKind::Telemetry),
];

/// Classes of the projects common (0) and ardrone3 (1).
static CLASSES: &[((u8, u8), &str, LinkKind)] = &[
    ((0, 0), "Network", LinkKind::Link),
    ((0, 1), "NetworkEvent", LinkKind::Link),
    ((0, 2), "Settings", LinkKind::Control),
    ((0, 3), "SettingsState", LinkKind::Telemetry),
    ((0, 4), "Common", LinkKind::Control),
    ((0, 5), "CommonState", LinkKind::Telemetry),
    ((0, 8), "Controller", LinkKind::Link),
    ((0, 9), "WifiSettings", LinkKind::Control),
    ((0, 10), "WifiSettingsState", LinkKind::Telemetry),
    ((0, 11), "Mavlink", LinkKind::Control),
    ((0, 12), "MavlinkState", LinkKind::Telemetry),
    ((0, 13), "Calibration", LinkKind::Control),
    ((0, 14), "CalibrationState", LinkKind::Telemetry),
    ((0, 17), "FlightPlanState", LinkKind::Telemetry),
    ((0, 18), "ARLibsVersionsState", LinkKind::Identifier),
    ((0, 30), "RunState", LinkKind::Identifier),
    ((1, 0), "Piloting", LinkKind::Control),
    ((1, 1), "Camera", LinkKind::Control),
    ((1, 2), "PilotingSettings", LinkKind::Control),
    ((1, 3), "MediaRecordEvent", LinkKind::Telemetry),
    ((1, 4), "PilotingState", LinkKind::Telemetry),
    ((1, 5), "Animations", LinkKind::Control),
    ((1, 6), "PilotingSettingsState", LinkKind::Telemetry),
    ((1, 7), "MediaRecord", LinkKind::Control),
    ((1, 8), "MediaRecordState", LinkKind::Telemetry),
    ((1, 9), "NetworkSettings", LinkKind::Control),
    ((1, 10), "NetworkSettingsState", LinkKind::Telemetry),
    ((1, 11), "SpeedSettings", LinkKind::Control),
    ((1, 12), "SpeedSettingsState", LinkKind::Telemetry),
    ((1, 13), "Network", LinkKind::Control),
    ((1, 14), "NetworkState", LinkKind::Telemetry),
    ((1, 16), "SettingsState", LinkKind::Telemetry),
    ((1, 19), "PictureSettings", LinkKind::Control),
    ((1, 20), "PictureSettingsState", LinkKind::Telemetry),
    ((1, 21), "MediaStreaming", LinkKind::Control),
    ((1, 22), "MediaStreamingState", LinkKind::Telemetry),
    ((1, 23), "GPSSettings", LinkKind::Control),
    ((1, 24), "GPSSettingsState", LinkKind::Telemetry),
    ((1, 25), "CameraState", LinkKind::Telemetry),
    ((1, 31), "GPSState", LinkKind::Telemetry),
    ((1, 34), "PilotingEvent", LinkKind::Telemetry),
];

/// The set-up of a link, JSON in both directions: what the controller asks, or what the aircraft answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Discovery {
    /// It has no end yet.
    More,
    /// From the controller, of so many bytes.
    Question(usize),
    /// From the aircraft, of so many bytes.
    Answer(usize),
    /// Something else.
    Foreign,
}

/// Reads the beginning of a stream as a set-up.
pub(crate) fn discovery(bytes: &[u8]) -> Discovery {
    const LONGEST: usize = 2_048;
    let object = bytes.split_inclusive(|byte| *byte == b'}').next().unwrap_or_default();
    let has = |word: &[u8]| object.windows(word.len()).any(|window| window == word);
    match object.trim_ascii_start() {
        [b'{', .., b'}'] if has(b"\"c2d_port\"") => Discovery::Answer(object.len()),
        [b'{', .., b'}'] if has(b"\"d2c_port\"") => Discovery::Question(object.len()),
        [b'{', .., b'}'] => Discovery::Foreign,
        [] | [b'{', ..] if bytes.len() < LONGEST => Discovery::More,
        _ => Discovery::Foreign,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A frame around a command.
    pub(crate) fn frame(kind: u8, buffer: u8, data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len().saturating_add(HEADER)).unwrap();
        [&[kind, buffer, 1][..], &length.to_le_bytes(), data].concat()
    }

    /// The aircraft's position.
    pub(crate) fn position(latitude: f64, longitude: f64, altitude: f64) -> Vec<u8> {
        let numbers = [latitude, longitude, altitude].map(f64::to_le_bytes).concat();
        frame(2, 127, &[&[1, 4, 4, 0][..], &numbers].concat())
    }

    #[test]
    fn frames_fill_their_datagram() {
        // Take off, as the documentation of the protocol prints it, then an acknowledgement.
        let take_off = [4, 11, 1, 11, 0, 0, 0, 1, 0, 1, 0];
        let both = [&take_off[..], &frame(1, 139, &[1])].concat();
        let read = frames(&both).unwrap();
        let Content::Command(command) = read[0].content() else { panic!("{read:?}") };
        assert_eq!(command.known(), Some(("Piloting.TakeOff", LinkKind::Control)));
        assert_eq!(read[1].content(), Content::Link("acknowledgement"));
        for end in 1..both.len() {
            assert_eq!(frames(&both[..end]).is_some(), end == take_off.len(), "{end}");
        }
        assert_eq!(frames(&[&both[..], &[0]].concat()), None);
    }

    #[test]
    fn positions_and_values_that_are_not_there() {
        let place = |bytes: &[u8]| match frames(bytes).unwrap()[0].content() {
            Content::Command(command) => command.place(),
            _ => None,
        };
        let (found, subject, _) = place(&position(48.85, 2.35, 35.5)).unwrap();
        assert_eq!((found.latitude, found.longitude, found.altitude_m, subject), (48.85, 2.35, Some(35.5), Subject::Aircraft));
        assert_eq!(place(&position(500.0, 500.0, 500.0)), None);
    }

    #[test]
    fn set_up() {
        assert_eq!(discovery(br#"{"controller_type":"Tablet","controller_name":"x","d2c_port":43210}"#), Discovery::Question(67));
        assert_eq!(discovery(br#"{"status":0,"c2d_port":54321}"#), Discovery::Answer(29));
        assert_eq!(discovery(br#"{"status":0"#), Discovery::More);
        assert_eq!(discovery(br#"{"status":0}"#), Discovery::Foreign);
        assert_eq!(discovery(b"GET / HTTP/1.1"), Discovery::Foreign);
    }
}
