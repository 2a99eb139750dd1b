//! The schema: one file per table. A row type lists its columns, and each column says what it means,
//! in which unit, and when it is empty. Writers, `whereto schema` and docs/tables.md all read these lists.
//!
//! A new column is one field and one line in `COLUMNS`.

mod anomaly;
mod capture;
mod certificate;
mod destination;
mod device;
mod dns;
mod drone_link;
mod finding;
mod flow;
mod hellos;
mod http;
mod ledger;
mod name;
mod ntp;
mod part;
mod position;
mod quic;
mod redaction;
mod remote_id;
mod study;
mod summary;
mod tls;
mod unread;
mod volume;
mod websocket;
mod wifi;

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

pub use anomaly::Anomaly;
pub use capture::{Capture, Presence};
pub use certificate::Certificate;
pub use destination::DESTINATIONS;
pub use device::{DeviceKind, FlowLink, KindBasis, Reach};
pub use dns::Dns;
pub use drone_link::{DroneLink, LinkKind};
pub use finding::{Finding, Severity};
pub use flow::{
    Answer, App, AppBasis, ApplicationBasis, ClockRate, Counts, DeviceBasis, Encryption, Flow, FlowName, InStudy, Initiator, Request,
};
pub use hellos::Hellos;
pub use http::{Http, MessageBody};
pub use ledger::{Disposition, Ledger};
pub use name::{Name, NameSource};
pub use ntp::Ntp;
pub use part::Part;
pub use position::{Position, Subject};
pub use quic::Quic;
pub use redaction::Redaction;
pub use remote_id::{Area, Place, RemoteId};
pub use study::{Action, Claim, Comparison, Run};
pub use summary::SUMMARY;
pub use tls::Tls;
pub use unread::{ClassBasis, EncryptionClass};
pub use volume::{Bounds, Volume, VolumeBasis};
pub use websocket::{Messages, WebSocket};
pub use wifi::Wifi;

/// What a column is: its name, unit and meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Column name in every output.
    pub name: &'static str,
    /// Unit of the values, empty where there is none.
    pub unit: &'static str,
    /// Meaning, and when the value is empty.
    pub about: &'static str,
    /// Type of the values.
    pub kind: Kind,
}

/// Type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Unsigned 64-bit number.
    Number,
    /// 64-bit floating point number.
    Real,
    /// True or false.
    Flag,
    /// UTF-8 text; whatever came from traffic in it is escaped.
    Text,
    /// UTC time in nanoseconds.
    Time,
    /// List of text.
    List,
}

impl Kind {
    /// The word `whereto schema` prints.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "uint64",
            Self::Real => "float64",
            Self::Flag => "bool",
            Self::Text => "text",
            Self::Time => "timestamp (ns, UTC)",
            Self::List => "list of text",
        }
    }
}

/// How a column's value is read off its row.
pub enum Get<R> {
    /// Reads a number.
    Number(fn(&R) -> Option<u64>),
    /// Reads a floating point number.
    Real(fn(&R) -> Option<f64>),
    /// Reads a truth value.
    Flag(fn(&R) -> Option<bool>),
    /// Reads text.
    Text(fn(&R) -> Option<Cow<'_, str>>),
    /// Reads a time.
    Time(fn(&R) -> Option<Timestamp>),
    /// Reads a list of text.
    List(fn(&R) -> Vec<Cow<'_, str>>),
}

/// One column of a table whose rows are `R`.
pub struct Column<R> {
    /// Name, unit, meaning.
    pub field: Field,
    /// The value in a row.
    pub get: Get<R>,
}

impl<R> Column<R> {
    const fn new(name: &'static str, unit: &'static str, about: &'static str, get: Get<R>) -> Self {
        let kind = match get {
            Get::Number(_) => Kind::Number,
            Get::Real(_) => Kind::Real,
            Get::Flag(_) => Kind::Flag,
            Get::Text(_) => Kind::Text,
            Get::Time(_) => Kind::Time,
            Get::List(_) => Kind::List,
        };
        Self { field: Field { name, unit, about, kind }, get }
    }
}

/// A row type that knows its table.
pub trait Record: Sized + 'static {
    /// Name of the table, and of its folder.
    const TABLE: &'static str;
    /// What one row stands for.
    const ABOUT: &'static str;
    /// The columns, in order.
    const COLUMNS: &'static [Column<Self>];
    /// Where the row was seen, when it belongs to a frame of a flow; its columns come first.
    const ORIGIN: Option<fn(&Self) -> &Origin> = None;
}

/// Where in the captures a row comes from: the flow and frame that it was read in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The capture, as given by the user.
    pub capture: Arc<str>,
    /// Number of the flow.
    pub flow_id: u64,
    /// Frame that completed what the row describes.
    pub frame: u64,
    /// Time of that frame.
    pub time: Timestamp,
    /// Address of the device.
    pub device_ip: IpAddr,
    /// Address of the remote.
    pub remote_ip: IpAddr,
    /// Port of the remote.
    pub remote_port: Option<u16>,
}

impl Origin {
    /// The columns every row with an origin starts with.
    pub const COLUMNS: &'static [Column<Self>] = &[
        Column::new("capture", "", "capture the row comes from, path as given", Get::Text(|r| text(&r.capture))),
        Column::new("flow_id", "", "flow the row belongs to, see flows", Get::Number(|r| Some(r.flow_id))),
        Column::new(
            "frame",
            "",
            "frame, numbered from 1 within its capture, that completed what the row describes",
            Get::Number(|r| Some(r.frame)),
        ),
        Column::new("time", "", "time of that frame", Get::Time(|r| Some(r.time))),
        Column::new("device_ip", "", "address of the device", Get::Text(|r| shown(r.device_ip))),
        Column::new("remote_ip", "", "address of the remote", Get::Text(|r| shown(r.remote_ip))),
        Column::new(
            "remote_port",
            "",
            "port of the remote; empty for protocols without ports",
            Get::Number(|r| r.remote_port.map(u64::from)),
        ),
    ];
}

/// A row of any table that the pass produces.
#[derive(Debug)]
pub enum Row {
    /// DNS message.
    Dns(Box<Dns>),
    /// TLS handshake.
    Tls(Box<Tls>),
    /// QUIC handshake.
    Quic(Box<Quic>),
    /// HTTP exchange.
    Http(Box<Http>),
    /// WebSocket connection.
    WebSocket(Box<WebSocket>),
    /// Answer of a time server.
    Ntp(Box<Ntp>),
    /// Part of a form.
    Part(Box<Part>),
    /// Certificate.
    Certificate(Box<Certificate>),
    /// Messages of a drone link.
    DroneLink(Box<DroneLink>),
    /// Position told in clear.
    Position(Box<Position>),
    /// Fact worth a reader's eye.
    Finding(Box<Finding>),
    /// Name learned for an address.
    Name(Box<Name>),
    /// Broadcast of an aircraft.
    RemoteId(Box<RemoteId>),
    /// Closed flow.
    Flow(Box<Flow>),
    /// Network or station on the air.
    Wifi(Box<Wifi>),
    /// Damage, limit reached, unsupported thing.
    Anomaly(Box<Anomaly>),
}

/// A table as documentation: its name, what a row is, its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// Name of the table.
    pub table: &'static str,
    /// What one row stands for.
    pub about: &'static str,
    /// The columns in order.
    pub fields: Vec<Field>,
}

/// The documented columns of one row type.
#[must_use]
pub fn schema_of<R: Record>() -> Schema {
    let origin = if R::ORIGIN.is_some() { Origin::COLUMNS } else { &[] };
    let fields = origin.iter().map(|column| column.field).chain(R::COLUMNS.iter().map(|column| column.field)).collect();
    Schema { table: R::TABLE, about: R::ABOUT, fields }
}

/// Every table, in the order of the documentation.
#[must_use]
pub fn schemas() -> Vec<Schema> {
    vec![
        schema_of::<Capture>(),
        schema_of::<Ledger>(),
        schema_of::<Flow>(),
        schema_of::<Dns>(),
        schema_of::<Tls>(),
        schema_of::<Quic>(),
        schema_of::<Http>(),
        schema_of::<Part>(),
        schema_of::<WebSocket>(),
        schema_of::<Ntp>(),
        schema_of::<Certificate>(),
        schema_of::<DroneLink>(),
        schema_of::<Position>(),
        schema_of::<Name>(),
        schema_of::<RemoteId>(),
        schema_of::<Wifi>(),
        Schema { table: "destinations", about: "one row per device, remote name and remote address", fields: DESTINATIONS.to_vec() },
        Schema { table: "summary", about: "one row per combination of the columns before `flows`", fields: SUMMARY.to_vec() },
        schema_of::<Finding>(),
        schema_of::<Anomaly>(),
        schema_of::<Run>(),
        schema_of::<Action>(),
        schema_of::<Comparison>(),
        schema_of::<Claim>(),
        schema_of::<Redaction>(),
    ]
}

/// Borrowed text of a cell.
#[expect(clippy::unnecessary_wraps, reason = "the shape every getter has")]
fn text(value: &str) -> Option<Cow<'_, str>> {
    Some(Cow::Borrowed(value))
}

/// Text of an optional cell.
fn text_of<T: AsRef<str>>(value: Option<&T>) -> Option<Cow<'_, str>> {
    value.map(|value| Cow::Borrowed(value.as_ref()))
}

/// A displayed value as the text of a cell.
#[expect(clippy::unnecessary_wraps, reason = "the shape every getter has")]
fn shown<'a>(value: impl Display) -> Option<Cow<'a, str>> {
    // Room for an address of IPv4: most of what is shown is one.
    let mut text = String::with_capacity(16);
    write!(text, "{value}").ok();
    Some(Cow::Owned(text))
}

/// The texts of a list cell.
fn texts<T: AsRef<str>>(values: &[T]) -> Vec<Cow<'_, str>> {
    values.iter().map(|value| Cow::Borrowed(value.as_ref())).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A flow of which nothing optional is known.
    pub(crate) fn flow() -> Flow {
        Flow {
            capture: Arc::from("test.pcap"),
            flow_id: 1,
            interface: 0,
            interface_name: None,
            protocol: "udp".into(),
            tunnel: None,
            vlan: None,
            device_ip: IpAddr::from([192, 168, 2, 1]),
            device_port: None,
            device_mac: None,
            device_basis: DeviceBasis::Address,
            remote_ip: IpAddr::from([192, 168, 2, 20]),
            remote_port: None,
            initiator: Initiator::Unknown,
            app: None,
            first: Timestamp::default(),
            last: Timestamp::default(),
            first_frame: 1,
            last_frame: 1,
            outbound: Counts::default(),
            inbound: Counts::default(),
            history: None,
            conn_state: None,
            ended_by: "idle".into(),
            handshake_rtt: None,
            round_trip: None,
            handshake_ack: None,
            device_clock: None,
            application: None,
            application_basis: ApplicationBasis::default(),
            encryption: Encryption::Unknown,
            quality: Vec::new(),
            names: Vec::new(),
            requests: Vec::new(),
            decrypted_by: Vec::new(),
            period: None,
            link: None,
            volume: Volume::default(),
            class: None,
            bssid: None,
            station: None,
            channel: None,
            answer: Answer::default(),
        }
    }
}
