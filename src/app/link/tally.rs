//! The account of one drone link: messages by command and direction, what they were for, who the two ends are.

use std::collections::BTreeMap;

use crate::app::{Context, Damage, Data, Facts, Side};
use crate::limits::LINK_COMMANDS;
use crate::record::{DeviceKind, DroneLink, Encryption, FlowLink, LinkKind, Position, Row, Subject};
use crate::time::Timestamp;
use crate::wire::duml::Part;
use crate::wire::place::Place;

/// What tells messages apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Command {
    pub(super) protocol: &'static str,
    pub(super) packet_type: Option<u8>,
    pub(super) set: Option<u16>,
    pub(super) id: Option<u32>,
    pub(super) sender: Option<End>,
    pub(super) receiver: Option<End>,
    pub(super) name: Option<&'static str>,
    pub(super) kind: Option<LinkKind>,
}

/// A part of the system, as a protocol names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// DUML.
    Part(Part),
    /// MAVLink: system and component.
    System(u8, u8),
}

/// One message, beside what tells it apart.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Message {
    pub(super) bytes: u64,
    pub(super) is_response: bool,
    pub(super) is_encrypted: bool,
    pub(super) is_unchecked: bool,
}

impl Message {
    /// Of so many bytes, with nothing else to say.
    pub(super) fn of(bytes: usize) -> Self {
        Self { bytes: u64::try_from(bytes).unwrap_or(u64::MAX), ..Self::default() }
    }
}

/// What was counted of one command.
#[derive(Clone, Copy, Debug)]
struct Count {
    first: (u64, Timestamp),
    last: (u64, Timestamp),
    count: u64,
    bytes: u64,
    responses: u64,
    encrypted: u64,
    unchecked: u64,
    bad: u64,
}

/// What one end said that only one kind of device says.
#[derive(Clone, Copy, Debug, Default)]
struct Evidence {
    is_ground_radio: bool,
    is_aircraft: bool,
    is_app: bool,
}

impl Evidence {
    /// A remote controller passes on what the aircraft says, and so sounds like both.
    const fn kind(self) -> Option<DeviceKind> {
        match self {
            Self { is_ground_radio: true, .. } => Some(DeviceKind::RemoteController),
            Self { is_aircraft: true, .. } => Some(DeviceKind::Drone),
            Self { is_app: true, .. } => Some(DeviceKind::Phone),
            _ => None,
        }
    }
}

/// The account.
#[derive(Default)]
pub(super) struct Tally {
    commands: BTreeMap<(bool, Command), Count>,
    kinds: BTreeMap<LinkKind, u64>,
    device: Evidence,
    remote: Evidence,
    has_clear: bool,
    has_encrypted: bool,
    lost: u64,
    last: (u64, Timestamp),
}

impl Tally {
    /// Counts a message.
    pub(super) fn count(&mut self, data: Data<'_>, command: Command, message: Message) {
        self.has_encrypted |= message.is_encrypted;
        if let Some(count) = self.line(data, command) {
            count.count += 1;
            count.bytes = count.bytes.saturating_add(message.bytes);
            count.responses += u64::from(message.is_response);
            count.encrypted += u64::from(message.is_encrypted);
            count.unchecked += u64::from(message.is_unchecked);
        }
    }

    /// The message last counted of this command goes on.
    pub(super) fn grow(&mut self, side: Side, command: Command, bytes: usize) {
        if let Some(count) = self.commands.get_mut(&(side == Side::Remote, command)) {
            count.bytes = count.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        }
    }

    /// Counts a message whose checksum is wrong: what it says of itself may be wrong too.
    pub(super) fn count_bad(&mut self, data: Data<'_>, protocol: &'static str, packet_type: Option<u8>) {
        if let Some(count) = self.line(data, Command { protocol, packet_type, ..Command::default() }) {
            count.bad += 1;
        }
    }

    fn line(&mut self, data: Data<'_>, command: Command) -> Option<&mut Count> {
        let seen = (data.frame, data.time);
        self.last = seen;
        let key = (data.side == Side::Remote, command);
        if self.commands.len() >= LINK_COMMANDS && !self.commands.contains_key(&key) {
            self.lost += 1;
            return None;
        }
        let count = self.commands.entry(key).or_insert(Count {
            first: seen,
            last: seen,
            count: 0,
            bytes: 0,
            responses: 0,
            encrypted: 0,
            unchecked: 0,
            bad: 0,
        });
        count.last = seen;
        Some(count)
    }

    /// So many bytes of the flow were for this.
    pub(super) fn weigh(&mut self, kind: LinkKind, bytes: usize) {
        let sum = self.kinds.entry(kind).or_default();
        *sum = sum.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// Something was read in clear.
    pub(super) const fn note_clear(&mut self) {
        self.has_clear = true;
    }

    const fn evidence(&mut self, side: Side) -> &mut Evidence {
        match side {
            Side::Device => &mut self.device,
            Side::Remote => &mut self.remote,
        }
    }

    /// That end is, or speaks for, an aircraft.
    pub(super) const fn note_aircraft(&mut self, side: Side) {
        self.evidence(side).is_aircraft = true;
    }

    /// That end is the app.
    pub(super) const fn note_app(&mut self, side: Side) {
        self.evidence(side).is_app = true;
    }

    /// That end is a remote controller.
    pub(super) const fn note_ground_radio(&mut self, side: Side) {
        self.evidence(side).is_ground_radio = true;
    }

    /// Writes down a place.
    pub(super) fn place(&self, data: Data<'_>, (place, subject, basis): (Place, Subject, &'static str), context: &mut Context<'_>) {
        context.rows.push(Row::Position(Box::new(Position {
            origin: context.flow.origin(data.frame, data.time),
            from_device: data.side == Side::Device,
            subject,
            latitude: place.latitude,
            longitude: place.longitude,
            altitude_m: place.altitude_m,
            height_m: place.height_m,
            satellites: place.satellites,
            basis,
        })));
    }

    /// Puts the account into rows.
    pub(super) fn finish(&mut self, context: &mut Context<'_>) {
        for ((is_from_remote, command), count) in std::mem::take(&mut self.commands) {
            let end = |end: Option<End>| end.map(End::shown);
            context.rows.push(Row::DroneLink(Box::new(DroneLink {
                origin: context.flow.origin(count.first.0, count.first.1),
                from_device: !is_from_remote,
                protocol: command.protocol,
                packet_type: command.packet_type,
                command_set: command.set_shown(),
                command_id: command.id_shown(),
                sender: end(command.sender),
                receiver: end(command.receiver),
                name: command.name,
                kind: command.kind,
                count: count.count,
                bytes: count.bytes,
                responses: count.responses,
                encrypted: count.encrypted,
                bad_checksums: count.bad,
                unchecked: count.unchecked,
                last: count.last.1,
                last_frame: count.last.0,
            })));
        }
        if self.lost > 0 {
            let detail = format!("{} messages of commands beyond the first {LINK_COMMANDS} are not counted", self.lost);
            context.note(self.last, "link-command-limit", detail, Damage::Ours);
        }
    }

    /// What the flow was.
    pub(super) fn facts(&self, application: &'static str) -> Facts {
        let is_sealed = self.has_encrypted && !self.has_clear;
        let encryption = if self.has_clear { Encryption::None } else { Encryption::Unknown };
        let link = FlowLink {
            kinds: self.kinds.iter().map(|(kind, bytes)| (*kind, *bytes)).collect(),
            device: self.device.kind(),
            remote: self.remote.kind(),
        };
        let quality = if is_sealed { vec!["link-encrypted"] } else { Vec::new() };
        Facts { application: Some(application), encryption, quality, link: Some(Box::new(link)), ..Facts::default() }
    }
}

impl Command {
    /// The group of commands as the protocol writes it.
    fn set_shown(&self) -> Option<String> {
        let [high, low] = self.set?.to_be_bytes();
        Some(if self.protocol == "arsdk" { format!("{high}.{low}") } else { format!("{low:02x}") })
    }

    /// The command as the protocol writes it.
    fn id_shown(&self) -> Option<String> {
        let id = self.id?;
        Some(match self.protocol {
            "duml" => format!("{id:02x}"),
            "tello" => format!("{id:04x}"),
            _ => id.to_string(),
        })
    }
}

impl End {
    fn shown(self) -> String {
        match self {
            Self::Part(part) => {
                let name = part.name().map_or_else(|| format!("part-{}", part.kind), str::to_owned);
                format!("{name}/{}", part.index)
            }
            Self::System(system, component) => format!("{system}.{component}"),
        }
    }
}
