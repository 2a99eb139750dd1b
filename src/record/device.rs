//! What a device is, and what a drone link says of its two ends: part of the row of a flow.

use serde::{Deserialize, Serialize};

use super::LinkKind;

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DeviceKind {
    /// A phone or tablet with the app.
    Phone,
    /// An aircraft.
    Drone,
    /// What the pilot holds.
    RemoteController,
}

impl DeviceKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Phone, Self::Drone, Self::RemoteController];

    /// The word in tables, rules and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Drone => "drone",
            Self::RemoteController => "remote-controller",
        }
    }

    /// It is part of the aircraft's own system.
    #[must_use]
    pub const fn is_aircraft(self) -> bool {
        matches!(self, Self::Drone | Self::RemoteController)
    }
}

/// What the kind of a device rests on; the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KindBasis {
    /// The user said so.
    Given,
    /// What it said on a drone link.
    Link,
    /// The vendor of its link address.
    Oui,
}

impl KindBasis {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Link => "link",
            Self::Oui => "oui",
        }
    }
}

/// Where the other end of an aircraft's flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// The flow is the link between aircraft and app or remote controller.
    Link,
    /// On the local network, or no place.
    Local,
    /// On the Internet.
    Public,
}

impl Reach {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Local => "local",
            Self::Public => "public",
        }
    }
}

/// What the bytes of a drone link tell of the flow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLink {
    /// Bytes by what they are for, each kind once, in order.
    pub kinds: Vec<(LinkKind, u64)>,
    /// What the device is.
    pub device: Option<DeviceKind>,
    /// What the remote is.
    pub remote: Option<DeviceKind>,
}

impl FlowLink {
    /// The kind of data, as categories say it, with most bytes; of equals the one that comes first in the list.
    #[must_use]
    pub fn category(&self) -> Option<&'static str> {
        let mut sums: Vec<(&'static str, u64)> = Vec::new();
        for (kind, bytes) in &self.kinds {
            match sums.iter_mut().find(|(category, _)| *category == kind.category()) {
                Some((_, sum)) => *sum = sum.saturating_add(*bytes),
                None => sums.push((kind.category(), *bytes)),
            }
        }
        let most = sums.iter().map(|(_, bytes)| *bytes).max()?;
        sums.into_iter().find(|(_, bytes)| *bytes == most).map(|(category, _)| category)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_bytes_decide() {
        let link = |kinds: &[(LinkKind, u64)]| FlowLink { kinds: kinds.to_vec(), ..FlowLink::default() };
        assert_eq!(link(&[]).category(), None);
        assert_eq!(link(&[(LinkKind::Link, 3), (LinkKind::Control, 4), (LinkKind::Video, 6)]).category(), Some("link_control"));
        assert_eq!(link(&[(LinkKind::Telemetry, 6), (LinkKind::Video, 6)]).category(), Some("link_telemetry"));
    }
}
