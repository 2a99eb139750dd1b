//! What was read, as a row; every text in it is escaped.

use crate::record::{Area, Place, RemoteId};
use crate::time::{Span, Timestamp};
use crate::wire::position::Position;
use crate::wire::remote_id::{BasicId, Broadcast, Location, Message, Page, System};
use crate::wire::{droneid, escape, french_id, hex, remote_id};

/// DJI's flight record.
pub(super) fn flight(flight: &droneid::Flight<'_>) -> RemoteId {
    let horizontal = flight.velocity.map(|[north, east, _]| (f64::from(north) / 100.0, f64::from(east) / 100.0));
    let speed = horizontal.map(|(north, east)| hundredths(north.hypot(east)));
    RemoteId {
        system: "dji-droneid",
        version: Some(flight.version),
        counter: Some(flight.sequence),
        messages: vec!["flight".to_owned()],
        identity: written(flight.serial),
        identity_type: (!flight.serial.is_empty()).then_some("serial-number"),
        aircraft: flight.product.map(|number| match droneid::product_name(number) {
            Some(name) => format!("{name} ({number})"),
            None => format!("product {number}"),
        }),
        status: Some(flight.state.status()),
        flags: flight.state.names().map(str::to_owned).collect(),
        position: flight.position.map(place),
        altitude: flight.altitude,
        height: flight.height,
        height_above: flight.height.map(|_| "take-off"),
        speed,
        vertical_speed: flight.velocity.map(|[_, _, up]| f64::from(up) / 100.0),
        track: horizontal.filter(|_| speed > Some(0.0)).map(|(north, east)| hundredths(east.atan2(north).to_degrees().rem_euclid(360.0))),
        heading: flight.yaw.map(|yaw| (f64::from(yaw) / 100.0).rem_euclid(360.0)),
        operator: flight.app.map(place),
        operator_place: flight.app.map(|_| "app"),
        home: flight.home.map(place),
        account: flight.uuid.and_then(written),
        own_time: flight.time_ms.and_then(|ms| Some(Timestamp::from_nanos(i64::try_from(ms).ok()?.checked_mul(1_000_000)?))),
        authenticated: Some(false),
        is_cut: flight.is_cut,
        basis: flight_basis(flight),
        ..RemoteId::default()
    }
}

fn flight_basis(flight: &droneid::Flight<'_>) -> String {
    let layout = match flight.version {
        1 => "version 1",
        2 => "version 2",
        _ => "unknown version, fields that versions 1 and 2 share",
    };
    let order = match flight.order {
        droneid::Order::Declared => "longitude before latitude, as documented",
        droneid::Order::OnlyPlace => "latitude before longitude, as the other order is no place",
        droneid::Order::NearApp => "latitude before longitude, as only so the aircraft is near its app",
    };
    let heights = match flight.heights {
        droneid::Heights::Declared => "altitude before height, both taken for metres",
        droneid::Heights::HeightFirst => "height in decimetres before altitude, as the altitude would else be below the height",
    };
    format!("{layout}; {order}; {heights}; velocities taken for cm/s")
}

/// DJI's purpose record.
pub(super) fn purpose(purpose: &droneid::Purpose<'_>) -> RemoteId {
    RemoteId {
        system: "dji-droneid",
        messages: vec!["purpose".to_owned()],
        identity: written(purpose.serial),
        identity_type: (!purpose.serial.is_empty()).then_some("serial-number"),
        operator_id: written(purpose.identification),
        description: written(purpose.purpose),
        authenticated: Some(false),
        is_cut: purpose.is_cut,
        basis: "purpose record".to_owned(),
        ..RemoteId::default()
    }
}

/// Messages of ASTM F3411, heard at `time`.
pub(super) fn remote_id(broadcast: &Broadcast<'_>, counter: u8, time: Timestamp) -> RemoteId {
    let mut row = RemoteId {
        system: "astm-f3411",
        version: Some(broadcast.version),
        counter: Some(counter.into()),
        authenticated: Some(false),
        is_cut: broadcast.faults.iter().any(|fault| matches!(fault, remote_id::Fault::Short(_))),
        basis: format!("protocol version {}", broadcast.version),
        ..RemoteId::default()
    };
    // The System message tells the whole time, the Location message only the time within the hour.
    let mut hourly = None;
    for message in &broadcast.messages {
        row.messages.push(name(message));
        match message {
            Message::BasicId(id) => basic_id(&mut row, id),
            Message::Location(location) => {
                place_of(&mut row, location);
                hourly = location.tenths.or(hourly);
            }
            Message::Authentication(page) => authentication(&mut row, page),
            Message::SelfId(said) => row.description = written(said),
            Message::System(system) => operator(&mut row, system),
            Message::OperatorId(id) => row.operator_id = written(id),
        }
    }
    if row.own_time.is_none() {
        row.own_time = hourly.map(|tenths| in_nearest_hour(tenths, time));
        if row.own_time.is_some() {
            row.basis.push_str("; time within the hour by the broadcast, the hour by the capture");
        }
    }
    row
}

fn name(message: &Message<'_>) -> String {
    match message {
        Message::BasicId(_) => "basic-id".to_owned(),
        Message::Location(_) => "location".to_owned(),
        Message::Authentication(page) => format!("authentication-{}", page.number),
        Message::SelfId(_) => "self-id".to_owned(),
        Message::System(_) => "system".to_owned(),
        Message::OperatorId(_) => "operator-id".to_owned(),
    }
}

fn basic_id(row: &mut RemoteId, id: &BasicId<'_>) {
    if let Some(name) = remote_id::aircraft_name(id.aircraft) {
        row.aircraft = Some(name.to_owned());
    }
    let text = id.id.split(|byte| *byte == 0).next().unwrap_or_default();
    let is_empty = id.id.iter().all(|byte| *byte == 0);
    let (identity, kind) = match id.kind {
        _ if is_empty => return,
        // Declared to be none, and yet there.
        0 => (escape(text), "undeclared"),
        1 => (escape(text), "serial-number"),
        2 => (escape(text), "registration"),
        3 => (uuid(id.id), "utm-uuid"),
        4 => (hex(id.id), "session-id"),
        _ => (hex(id.id), "reserved"),
    };
    if row.identity.is_some() {
        row.other_identities.push(identity);
    } else {
        (row.identity, row.identity_type) = (Some(identity), Some(kind));
    }
}

/// The first 16 bytes in the form of RFC 9562.
fn uuid(bytes: &[u8]) -> String {
    let digits = hex(bytes.get(..16).unwrap_or(bytes));
    let mut shown = String::with_capacity(36);
    for (place, digit) in digits.chars().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            shown.push('-');
        }
        shown.push(digit);
    }
    shown
}

fn place_of(row: &mut RemoteId, location: &Location) {
    row.status = remote_id::status_name(location.status);
    row.position = location.position.map(place);
    row.altitude = location.altitude;
    row.pressure_altitude = location.pressure_altitude;
    row.height = location.height;
    row.height_above = location.height.map(|_| if location.is_above_ground { "ground" } else { "take-off" });
    row.speed = location.speed;
    row.vertical_speed = location.vertical_speed;
    row.track = location.direction;
    row.accuracy = location.accuracy;
    row.vertical_accuracy = location.vertical_accuracy;
}

fn authentication(row: &mut RemoteId, page: &Page) {
    row.authentication = remote_id::authentication_name(page.kind).or(row.authentication);
    if row.authentication.is_some() {
        row.authenticated = None;
    }
}

fn operator(row: &mut RemoteId, system: &System) {
    row.operator = system.operator.map(place);
    row.operator_altitude = system.altitude;
    row.operator_place = system.operator.and(match system.kind {
        0 => Some("take-off"),
        1 => Some("live"),
        2 => Some("fixed"),
        _ => None,
    });
    row.area = Some(Area { count: system.count, radius: system.radius, ceiling: system.ceiling, floor: system.floor });
    row.eu_category = system.class.and_then(|(category, _)| match category {
        1 => Some("open"),
        2 => Some("specific"),
        3 => Some("certified"),
        _ => None,
    });
    // Zero is undeclared, one is C0.
    row.eu_class = system.class.and_then(|(_, class)| class.checked_sub(1)).filter(|class| *class <= 6);
    row.own_time = system.time.map(|seconds| Timestamp::from_parts(seconds, 0));
}

/// The time so many tenths of a second after a full hour that is nearest to `time`.
fn in_nearest_hour(tenths: u16, time: Timestamp) -> Timestamp {
    const TENTH: i64 = 100_000_000;
    const HOUR: i64 = 3_600_000_000_000;
    let after = i64::from(tenths).saturating_mul(TENTH);
    let early = time.nanos().saturating_sub(after).saturating_add(HOUR / 2).div_euclid(HOUR);
    Timestamp::from_nanos(early.saturating_mul(HOUR)).after(Span::from_nanos(after))
}

/// The French beacon.
pub(super) fn french(said: &french_id::Identification<'_>) -> RemoteId {
    let identifier = said.identifier.and_then(written);
    let serial = said.serial.and_then(written);
    let identity_type = match (&identifier, &serial) {
        (Some(_), _) => Some("french-identifier"),
        (None, Some(_)) => Some("serial-number"),
        (None, None) => None,
    };
    let (identity, other) = if identifier.is_some() { (identifier, serial) } else { (serial, None) };
    RemoteId {
        system: "french",
        version: said.version,
        messages: vec!["identification".to_owned()],
        identity,
        identity_type,
        other_identities: other.into_iter().collect(),
        position: said.position.map(place),
        altitude: said.altitude.map(f64::from),
        height: said.height.map(f64::from),
        height_above: said.height.map(|_| "take-off"),
        speed: said.speed.map(f64::from),
        track: said.direction.filter(|degrees| *degrees <= 360).map(f64::from),
        home: said.home.map(place),
        authenticated: Some(false),
        is_cut: said.is_cut,
        basis: "arrêté du 27 décembre 2019".to_owned(),
        ..RemoteId::default()
    }
}

/// In words, why an element of DJI is no record.
pub(super) fn droneid_fault(fault: droneid::Fault) -> String {
    match fault {
        droneid::Fault::Kind(kind) => format!("a DroneID record of kind {kind:#04x}, expected 0x10 or 0x11"),
        droneid::Fault::Short => "a DroneID record that ends before its serial number does".to_owned(),
    }
}

/// In words, why a message could not be read.
pub(super) fn remote_id_fault(fault: remote_id::Fault) -> String {
    match fault {
        remote_id::Fault::Short(short) => format!("a Remote ID message of {} bytes, expected {}", short.left, short.needed),
        remote_id::Fault::Length(length) => format!("a Remote ID pack of messages of {length} bytes, expected 25"),
        remote_id::Fault::Count(count) => format!("a Remote ID pack of {count} messages, expected at most 9, which were read"),
        remote_id::Fault::Empty => "a Remote ID pack of no messages".to_owned(),
        remote_id::Fault::Kind(kind) => format!("a Remote ID message of type {kind}, expected 0 to 5"),
    }
}

const fn place(position: Position) -> Place {
    Place { latitude: position.latitude, longitude: position.longitude }
}

/// Escaped text without zeros behind it; none when nothing is left.
fn written(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().rposition(|byte| *byte != 0)?;
    Some(escape(bytes.get(..=end)?))
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
