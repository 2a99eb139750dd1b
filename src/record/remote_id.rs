//! Table `remote_id`: what aircraft say of themselves to everyone around.

use std::sync::Arc;

use super::{Column, Get, Record, text, text_of, texts};
use crate::time::Timestamp;

/// A broadcast of an aircraft's identity, place or operator.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RemoteId {
    /// The capture, as given by the user.
    pub capture: Arc<str>,
    /// Frame.
    pub frame: u64,
    /// Its time.
    pub time: Timestamp,
    /// Link address of the sender.
    pub transmitter: Option<String>,
    /// Network name in the same frame.
    pub ssid: Option<String>,
    /// Format.
    pub system: &'static str,
    /// Carrier.
    pub transport: &'static str,
    /// Version of the format.
    pub version: Option<u8>,
    /// Counter or sequence number.
    pub counter: Option<u16>,
    /// What was in it.
    pub messages: Vec<String>,
    /// Identity.
    pub identity: Option<String>,
    /// What the identity is.
    pub identity_type: Option<&'static str>,
    /// Further identities.
    pub other_identities: Vec<String>,
    /// Kind of aircraft.
    pub aircraft: Option<String>,
    /// State of flight.
    pub status: Option<&'static str>,
    /// Bits of state.
    pub flags: Vec<String>,
    /// Place of the aircraft.
    pub position: Option<Place>,
    /// Altitude of the aircraft.
    pub altitude: Option<f64>,
    /// Altitude by pressure.
    pub pressure_altitude: Option<f64>,
    /// Height.
    pub height: Option<f64>,
    /// What the height is above.
    pub height_above: Option<&'static str>,
    /// Speed over ground.
    pub speed: Option<f64>,
    /// Speed upwards.
    pub vertical_speed: Option<f64>,
    /// Direction of motion.
    pub track: Option<f64>,
    /// Where the nose points.
    pub heading: Option<f64>,
    /// Accuracy of the place.
    pub accuracy: Option<f64>,
    /// Accuracy of the altitude.
    pub vertical_accuracy: Option<f64>,
    /// Place of the operator.
    pub operator: Option<Place>,
    /// Altitude of the operator.
    pub operator_altitude: Option<f64>,
    /// How the operator's place is known.
    pub operator_place: Option<&'static str>,
    /// The area it flies in, told for one aircraft or a group.
    pub area: Option<Area>,
    /// Category of the European Union.
    pub eu_category: Option<&'static str>,
    /// Class of the European Union.
    pub eu_class: Option<u8>,
    /// Home point, place of take-off.
    pub home: Option<Place>,
    /// Identity of the operator.
    pub operator_id: Option<String>,
    /// UUID of the operator's account.
    pub account: Option<String>,
    /// Text about the flight.
    pub description: Option<String>,
    /// Time the broadcast tells.
    pub own_time: Option<Timestamp>,
    /// Kind of signature.
    pub authentication: Option<&'static str>,
    /// Whether it is known who sent it.
    pub authenticated: Option<bool>,
    /// Whether it can be true.
    pub plausible: Option<bool>,
    /// Why it can hardly be true.
    pub doubts: Vec<String>,
    /// It ended before its last field.
    pub is_cut: bool,
    /// What was decided in reading it.
    pub basis: String,
}

/// A place in degrees, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// North positive.
    pub latitude: f64,
    /// East positive.
    pub longitude: f64,
}

/// A cylinder that aircraft fly in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Aircraft in it.
    pub count: u16,
    /// Its radius.
    pub radius: u16,
    /// Its top.
    pub ceiling: Option<f64>,
    /// Its bottom.
    pub floor: Option<f64>,
}

impl Place {
    /// There is such a place.
    #[must_use]
    pub fn is_on_earth(&self) -> bool {
        self.latitude.abs() <= 90.0 && self.longitude.abs() <= 180.0
    }
}

impl Record for RemoteId {
    const TABLE: &'static str = "remote_id";
    const ABOUT: &'static str = "one row per frame and format in which an aircraft broadcasts its identity, place or operator; repeated broadcasts are rows of their own";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("capture", "", "capture, path as given", Get::Text(|r| text(&r.capture))),
        Column::new("frame", "", "frame, numbered from 1 within its capture", Get::Number(|r| Some(r.frame))),
        Column::new("time", "", "time of that frame", Get::Time(|r| Some(r.time))),
        Column::new(
            "transmitter",
            "",
            "link address of the sender; empty when a Bluetooth advertisement has none",
            Get::Text(|r| text_of(r.transmitter.as_ref())),
        ),
        Column::new("ssid", "", "network name in the same frame; empty when it has none", Get::Text(|r| text_of(r.ssid.as_ref()))),
        Column::new("system", "", "dji-droneid, astm-f3411 (also ASD-STAN prEN 4709-002), french", Get::Text(|r| text(r.system))),
        Column::new("transport", "", "beacon, probe-response, nan, bluetooth", Get::Text(|r| text(r.transport))),
        Column::new(
            "version",
            "",
            "version of the format as sent; ASTM F3411: 0 is -19, 1 prEN 4709-002, 2 -22a; empty when not told",
            Get::Number(|r| r.version.map(u64::from)),
        ),
        Column::new(
            "counter",
            "",
            "message counter (ASTM F3411) or sequence number (DJI); empty when there is none",
            Get::Number(|r| r.counter.map(u64::from)),
        ),
        Column::new(
            "messages",
            "",
            "what the frame held: basic-id, location, authentication-N (page), self-id, system, operator-id; flight, purpose; identification",
            Get::List(|r| texts(&r.messages)),
        ),
        Column::new(
            "identity",
            "",
            "identity of the aircraft; empty when this frame does not tell it",
            Get::Text(|r| text_of(r.identity.as_ref())),
        ),
        Column::new(
            "identity_type",
            "",
            "serial-number, registration, utm-uuid, session-id, french-identifier, undeclared (told, but said to be none), reserved; empty without an identity",
            Get::Text(|r| r.identity_type.map(Into::into)),
        ),
        Column::new("other_identities", "", "further identities in the same frame", Get::List(|r| texts(&r.other_identities))),
        Column::new(
            "aircraft",
            "",
            "kind of aircraft (ASTM F3411), or the product with its number (DJI); empty when not told",
            Get::Text(|r| text_of(r.aircraft.as_ref())),
        ),
        Column::new(
            "status",
            "",
            "ground, airborne, emergency, remote-id-failure, motors-off (DJI); empty when not told",
            Get::Text(|r| r.status.map(Into::into)),
        ),
        Column::new(
            "flags",
            "",
            "state bits of DJI that are set; those that say a value is valid are not settled, so no value is left out for one",
            Get::List(|r| texts(&r.flags)),
        ),
        Column::new(
            "latitude",
            "degrees",
            "place of the aircraft, north positive; empty when not known to it",
            Get::Real(|r| r.position.map(|at| at.latitude)),
        ),
        Column::new(
            "longitude",
            "degrees",
            "place of the aircraft, east positive; empty when not known to it",
            Get::Real(|r| r.position.map(|at| at.longitude)),
        ),
        Column::new(
            "altitude",
            "m",
            "altitude of the aircraft: above the WGS 84 ellipsoid (ASTM F3411), above the sea (DJI, French); empty when not known",
            Get::Real(|r| r.altitude),
        ),
        Column::new(
            "pressure_altitude",
            "m",
            "altitude by air pressure, 1013.25 hPa (ASTM F3411); empty when not known",
            Get::Real(|r| r.pressure_altitude),
        ),
        Column::new("height", "m", "height above what height_above says; empty when not known", Get::Real(|r| r.height)),
        Column::new("height_above", "", "take-off, ground; empty without a height", Get::Text(|r| r.height_above.map(Into::into))),
        Column::new("speed", "m/s", "speed over ground; empty when not known", Get::Real(|r| r.speed)),
        Column::new("vertical_speed", "m/s", "speed upwards; empty when not known", Get::Real(|r| r.vertical_speed)),
        Column::new(
            "track",
            "degrees",
            "direction of motion from north; DJI: computed from the velocities, empty at rest; empty when not known",
            Get::Real(|r| r.track),
        ),
        Column::new("heading", "degrees", "where the nose points, from north (DJI); empty when not told", Get::Real(|r| r.heading)),
        Column::new(
            "accuracy",
            "m",
            "the place is right within this, by the sender's word; empty when not told",
            Get::Real(|r| r.accuracy),
        ),
        Column::new(
            "vertical_accuracy",
            "m",
            "the altitude is right within this, by the sender's word; empty when not told",
            Get::Real(|r| r.vertical_accuracy),
        ),
        Column::new(
            "operator_latitude",
            "degrees",
            "place of the operator or its app; empty when not told",
            Get::Real(|r| r.operator.map(|at| at.latitude)),
        ),
        Column::new(
            "operator_longitude",
            "degrees",
            "place of the operator or its app; empty when not told",
            Get::Real(|r| r.operator.map(|at| at.longitude)),
        ),
        Column::new(
            "operator_altitude",
            "m",
            "altitude of the operator above the WGS 84 ellipsoid; empty when not told",
            Get::Real(|r| r.operator_altitude),
        ),
        Column::new(
            "operator_place",
            "",
            "what the operator's place is: take-off, live, fixed, app (DJI: the phone); empty without one",
            Get::Text(|r| r.operator_place.map(Into::into)),
        ),
        Column::new(
            "area_count",
            "",
            "aircraft in the area that is told (ASTM F3411); empty without a System message",
            Get::Number(|r| r.area.map(|area| area.count.into())),
        ),
        Column::new(
            "area_radius",
            "m",
            "radius of that area, 0 for one aircraft; empty as area_count",
            Get::Number(|r| r.area.map(|area| area.radius.into())),
        ),
        Column::new(
            "area_ceiling",
            "m",
            "top of that area above the WGS 84 ellipsoid; empty when not told",
            Get::Real(|r| r.area?.ceiling),
        ),
        Column::new("area_floor", "m", "bottom of that area above the WGS 84 ellipsoid; empty when not told", Get::Real(|r| r.area?.floor)),
        Column::new(
            "eu_category",
            "",
            "category of the European Union: open, specific, certified; empty when not declared",
            Get::Text(|r| r.eu_category.map(Into::into)),
        ),
        Column::new(
            "eu_class",
            "",
            "class of the European Union, C0 to C6 as 0 to 6; empty when not declared",
            Get::Number(|r| r.eu_class.map(u64::from)),
        ),
        Column::new(
            "home_latitude",
            "degrees",
            "home point (DJI) or place of take-off (French); empty when not told",
            Get::Real(|r| r.home.map(|at| at.latitude)),
        ),
        Column::new(
            "home_longitude",
            "degrees",
            "home point (DJI) or place of take-off (French); empty when not told",
            Get::Real(|r| r.home.map(|at| at.longitude)),
        ),
        Column::new(
            "operator_id",
            "",
            "identity of the operator: Operator ID (ASTM F3411), identification that the user entered (DJI purpose record); empty when not told",
            Get::Text(|r| text_of(r.operator_id.as_ref())),
        ),
        Column::new(
            "account",
            "",
            "UUID of the user's account (DJI); empty when hidden or not told",
            Get::Text(|r| text_of(r.account.as_ref())),
        ),
        Column::new(
            "description",
            "",
            "Self ID (ASTM F3411) or purpose of the flight (DJI); empty when not told",
            Get::Text(|r| text_of(r.description.as_ref())),
        ),
        Column::new(
            "own_time",
            "",
            "time that the broadcast tells: DJI version 2, System message, else the Location message's time within the hour, put into the hour nearest to the frame's time; empty when not told",
            Get::Time(|r| r.own_time),
        ),
        Column::new(
            "clock_offset_ms",
            "ms",
            "own_time less the frame's time: wrong clocks and broadcasts played again show here; empty without own_time",
            Get::Real(|r| Some(r.own_time?.since(r.time).millis())),
        ),
        Column::new(
            "authentication",
            "",
            "kind of signature in the frame: uas-id-signature, operator-id-signature, message-set-signature, network-remote-id, specific, reserved, private; empty without one",
            Get::Text(|r| r.authentication.map(Into::into)),
        ),
        Column::new(
            "authenticated",
            "",
            "false when nothing in the frame proves who sent it; empty when there is a signature, which is not verified here",
            Get::Flag(|r| r.authenticated),
        ),
        Column::new("plausible", "", "false when there are doubts; empty when the frame has no place to judge", Get::Flag(|r| r.plausible)),
        Column::new(
            "doubts",
            "",
            "why it can hardly be true: off-the-earth, altitude, speed, far-from-operator, far-from-home, moved-too-fast (since this transmitter's last place), identity-changed (of this transmitter), own-time (before there were such broadcasts)",
            Get::List(|r| texts(&r.doubts)),
        ),
        Column::new("cut", "", "true when it ended before its last field; fields behind the cut are empty", Get::Flag(|r| Some(r.is_cut))),
        Column::new(
            "basis",
            "",
            "what was decided in reading it: version, order of the fields where writers differ",
            Get::Text(|r| text(&r.basis)),
        ),
    ];
}
