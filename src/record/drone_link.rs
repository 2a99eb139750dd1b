//! Table `drone_link`: what an aircraft and its app or remote controller said to each other, by command.

use serde::{Deserialize, Serialize};

use super::{Column, Get, Origin, Record, text, text_of};
use crate::time::Timestamp;

/// What a message of a drone link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LinkKind {
    /// Keeps the link itself running: handshakes, acknowledgements, pings.
    Link,
    /// Tells the aircraft what to do, or changes its settings.
    Control,
    /// State of the aircraft and its parts.
    Telemetry,
    /// Live picture.
    Video,
    /// Files, which are pictures and recordings.
    FileTransfer,
    /// Flight records and logs.
    FlightLog,
    /// Zones in which it may not fly.
    NoFlyZone,
    /// Activation of the aircraft.
    Activation,
    /// Where the phone is, told to the aircraft.
    PhonePosition,
    /// Serial numbers and other identifiers.
    Identifier,
    /// Who the user is.
    Personal,
}

impl LinkKind {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Control => "control",
            Self::Telemetry => "telemetry",
            Self::Video => "video",
            Self::FileTransfer => "file-transfer",
            Self::FlightLog => "flight-log",
            Self::NoFlyZone => "no-fly-zone",
            Self::Activation => "activation",
            Self::PhonePosition => "phone-position",
            Self::Identifier => "identifier",
            Self::Personal => "personal",
        }
    }

    /// The kind of data, in the words of the column `category`.
    #[must_use]
    pub const fn category(self) -> &'static str {
        match self {
            Self::Link | Self::Control => "link_control",
            Self::Telemetry | Self::Identifier => "link_telemetry",
            Self::Video => "link_video",
            Self::FileTransfer => "media",
            Self::FlightLog => "flight_log",
            Self::NoFlyZone | Self::PhonePosition => "location_check",
            Self::Activation | Self::Personal => "account",
        }
    }
}

/// Messages of one kind in one direction of one flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroneLink {
    /// Flow, and the first frame.
    pub origin: Origin,
    /// The device sent them.
    pub from_device: bool,
    /// Protocol.
    pub protocol: &'static str,
    /// Type of the packets around them.
    pub packet_type: Option<u8>,
    /// Group of commands, as the protocol writes it.
    pub command_set: Option<String>,
    /// Command, as the protocol writes it.
    pub command_id: Option<String>,
    /// Part of the system that sent them.
    pub sender: Option<String>,
    /// Part that they are for.
    pub receiver: Option<String>,
    /// Name of the command.
    pub name: Option<&'static str>,
    /// What it is for.
    pub kind: Option<LinkKind>,
    /// Messages.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that answer another one.
    pub responses: u64,
    /// Those whose payload is encrypted.
    pub encrypted: u64,
    /// Those with a wrong checksum.
    pub bad_checksums: u64,
    /// Those whose checksum cannot be checked.
    pub unchecked: u64,
    /// Time of the last one.
    pub last: Timestamp,
    /// Frame of the last one.
    pub last_frame: u64,
}

impl Record for DroneLink {
    const TABLE: &'static str = "drone_link";
    const ABOUT: &'static str = "one row per flow, direction and command of a drone link; frame and time are those of the first message; the messages inside a datagram, and the pictures, have rows beside those of the datagrams, so bytes add up within one protocol only";
    const ORIGIN: Option<fn(&Self) -> &Origin> = Some(|r| &r.origin);
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("from_device", "", "true when the device sent them", Get::Flag(|r| Some(r.from_device))),
        Column::new(
            "protocol",
            "",
            "dji-link (datagrams of DJI's Wi-Fi link), duml, h264, h265, tello, arsdk, mavlink",
            Get::Text(|r| text(r.protocol)),
        ),
        Column::new(
            "packet_type",
            "",
            "type of the datagram (dji-link, and what lies inside it), of the packet (tello) or of the frame (arsdk); empty where there is none",
            Get::Number(|r| r.packet_type.map(u64::from)),
        ),
        Column::new(
            "command_set",
            "",
            "group of commands: duml in hex, arsdk as `project.class`; empty where there is none",
            Get::Text(|r| text_of(r.command_set.as_ref())),
        ),
        Column::new(
            "command_id",
            "",
            "command: duml and tello in hex, arsdk and mavlink as number, h264 and h265 the type of the NAL unit; empty where there is none",
            Get::Text(|r| text_of(r.command_id.as_ref())),
        ),
        Column::new(
            "sender",
            "",
            "part that sent them, with its index in duml, as `system.component` in mavlink; empty where the protocol does not say",
            Get::Text(|r| text_of(r.sender.as_ref())),
        ),
        Column::new(
            "receiver",
            "",
            "part they are for; empty where the protocol does not say",
            Get::Text(|r| text_of(r.receiver.as_ref())),
        ),
        Column::new("name", "", "name of the command; empty when it is not known", Get::Text(|r| r.name.and_then(text))),
        Column::new(
            "kind",
            "",
            "what they are for: link, control, telemetry, video, file-transfer, flight-log, no-fly-zone, activation, phone-position, identifier, personal; empty when the command is not known",
            Get::Text(|r| r.kind.and_then(|kind| text(kind.as_str()))),
        ),
        Column::new(
            "category",
            "",
            "the kind of data this stands for, see flows; empty when the command is not known",
            Get::Text(|r| r.kind.and_then(|kind| text(kind.category()))),
        ),
        Column::new("count", "", "messages with a good checksum, or without one", Get::Number(|r| Some(r.count))),
        Column::new("bytes", "bytes", "their bytes, headers of the protocol included", Get::Number(|r| Some(r.bytes))),
        Column::new("responses", "", "those of them that answer another message", Get::Number(|r| Some(r.responses))),
        Column::new("encrypted", "", "those of them whose payload says that it is encrypted", Get::Number(|r| Some(r.encrypted))),
        Column::new("bad_checksums", "", "messages with a wrong checksum; not in count", Get::Number(|r| Some(r.bad_checksums))),
        Column::new(
            "unchecked",
            "",
            "those of count whose checksum cannot be checked: mavlink messages that are not known",
            Get::Number(|r| Some(r.unchecked)),
        ),
        Column::new("last", "", "time of the last one", Get::Time(|r| Some(r.last))),
        Column::new("last_frame", "", "frame of the last one", Get::Number(|r| Some(r.last_frame))),
    ];
}
