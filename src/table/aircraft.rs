//! What went to and from aircraft and remote controllers themselves, added up as flows are written.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::limits;
use crate::record::{Counts, DeviceKind, Flow, KindBasis, Reach};

/// What an end is, and what that rests on.
type Kind = (DeviceKind, KindBasis);

/// Every aircraft and remote controller, by its network address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aircraft {
    crafts: BTreeMap<(DeviceKind, IpAddr), Craft>,
    /// Flows of aircraft beyond the limit.
    pub lost: u64,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Craft {
    /// What it is known by, the strongest.
    pub basis: KindBasis,
    /// Its link address, where it was seen.
    pub mac: Option<String>,
    /// What it carried, by the other end.
    pub amounts: BTreeMap<Reach, Amount>,
}

/// Flows and bytes, seen from the aircraft.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Flows.
    pub flows: u64,
    /// Bytes of IP datagrams that it sent.
    pub sent: u64,
    /// Bytes of IP datagrams that it got.
    pub got: u64,
}

impl Aircraft {
    /// Those seen, in the order of what they are and of their addresses.
    pub fn iter(&self) -> impl Iterator<Item = (DeviceKind, IpAddr, &Craft)> {
        self.crafts.iter().map(|((kind, address), craft)| (*kind, *address, craft))
    }

    /// Takes a flow; one without an aircraft changes nothing, and where both ends are one, as an aircraft and its remote
    /// controller, it counts for both.
    pub(super) fn add(&mut self, flow: &Flow) {
        let Some(reach) = flow.answer.aircraft_reach else { return };
        let is_aircraft = |end: &Kind| end.0.is_aircraft();
        if let Some(kind) = flow.answer.device_kind.filter(is_aircraft) {
            self.count(kind, flow.device_ip, flow.device_mac.as_ref(), (reach, flow.outbound, flow.inbound));
        }
        if let Some(kind) = flow.answer.remote_kind.filter(is_aircraft) {
            self.count(kind, flow.remote_ip, None, (reach, flow.inbound, flow.outbound));
        }
    }

    fn count(&mut self, (kind, basis): Kind, address: IpAddr, mac: Option<&String>, (reach, sent, got): (Reach, Counts, Counts)) {
        if self.crafts.len() >= limits::AIRCRAFT && !self.crafts.contains_key(&(kind, address)) {
            self.lost = self.lost.saturating_add(1);
            return;
        }
        let craft = self.crafts.entry((kind, address)).or_insert_with(|| Craft { basis, mac: None, amounts: BTreeMap::new() });
        craft.basis = craft.basis.min(basis);
        craft.mac = craft.mac.take().or_else(|| mac.cloned());
        let amount = craft.amounts.entry(reach).or_default();
        amount.flows = amount.flows.saturating_add(1);
        amount.sent = amount.sent.saturating_add(sent.ip_bytes);
        amount.got = amount.got.saturating_add(got.ip_bytes);
    }
}
