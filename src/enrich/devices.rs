//! What each device is: by what the user said, by what it said on a drone link, by the maker of its link address, in
//! that order. Learned in the pass, asked after it.
//!
//! An aircraft may be the access point of its phone. A frame with its link address is then not yet its own: it may
//! pass on what others send. So a link address tells only of the network address that is its own: the one it had,
//! where it had only one. What was said on a link, and what the user says of a network address, need no such care.

use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use serde::Deserialize;

use super::scope::{Scope, Site};
use crate::flow::Device;
use crate::limits;
use crate::record::{DeviceKind, Flow, KindBasis};

static PREFIXES: &str = include_str!("../../rules/devices/prefixes.toml");

/// A network address in one capture: another capture may give it to another device.
type Place = (Arc<str>, IpAddr);

/// What a device is, and what that rests on.
pub(crate) type Kind = (DeviceKind, KindBasis);

/// What all captures taught about devices.
pub(crate) struct Kinds {
    given: Vec<(DeviceKind, Device)>,
    makers: Vec<Prefix>,
    by_link: HashMap<Place, DeviceKind>,
    macs: HashMap<Place, Arc<str>>,
    own: HashMap<(Arc<str>, Arc<str>), Own>,
    passed: HashSet<Place>,
    /// Addresses not kept because there were too many.
    pub(crate) lost: u64,
}

/// Network addresses seen behind one link address.
#[derive(Clone, Copy, Debug, Default)]
struct Own {
    v4: Addresses,
    v6: Addresses,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Addresses {
    #[default]
    None,
    One(IpAddr),
    Many,
}

impl Addresses {
    fn add(&mut self, address: IpAddr) {
        *self = match *self {
            Self::None => Self::One(address),
            Self::One(known) if known == address => Self::One(known),
            _ => Self::Many,
        };
    }
}

/// The first bits of a maker's link addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Prefix {
    bits: u64,
    shift: u32,
    kind: DeviceKind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "prefixes")]
    _about: toml::Table,
    maker: Vec<Maker>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Maker {
    #[serde(rename = "name")]
    _name: String,
    kind: String,
    prefixes: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "date")]
    _date: String,
}

impl Kinds {
    /// Knows the makers, and what the user said.
    pub(crate) fn new(given: &[(DeviceKind, Device)]) -> Self {
        Self {
            given: given.to_vec(),
            makers: makers(PREFIXES),
            by_link: HashMap::new(),
            macs: HashMap::new(),
            own: HashMap::new(),
            passed: HashSet::new(),
            lost: 0,
        }
    }

    /// Learns from a closed flow.
    pub(crate) fn learn(&mut self, flow: &Flow) {
        if let Some(link) = &flow.link {
            for (address, kind) in [(flow.device_ip, link.device), (flow.remote_ip, link.remote)] {
                if let Some(kind) = kind.filter(|_| is_unicast(address)) {
                    let known = self.by_link.entry((Arc::clone(&flow.capture), address)).or_insert(kind);
                    *known = kind.max(*known);
                }
            }
        }
        let Some(mac) = flow.device_mac.as_deref().filter(|_| is_unicast(flow.device_ip)) else { return };
        if self.by_mac(mac).is_none() {
            return;
        }
        let mac: Arc<str> = mac.into();
        let key = (Arc::clone(&flow.capture), Arc::clone(&mac));
        if self.own.len() >= limits::DEVICES || self.macs.len() >= limits::DEVICES {
            self.lost += 1;
            return;
        }
        let own = self.own.entry(key).or_default();
        match flow.device_ip {
            IpAddr::V4(_) => own.v4.add(flow.device_ip),
            IpAddr::V6(_) => own.v6.add(flow.device_ip),
        }
        self.macs.entry((Arc::clone(&flow.capture), flow.device_ip)).or_insert(mac);
    }

    /// What a flow's device is.
    pub(crate) fn device(&self, flow: &Flow) -> Option<Kind> {
        self.kind(&flow.capture, flow.device_ip, flow.device_mac.as_deref())
    }

    /// What a flow's remote is, by what its address told elsewhere in the capture.
    pub(crate) fn remote(&self, flow: &Flow) -> Option<Kind> {
        let mac = self.macs.get(&(Arc::clone(&flow.capture), flow.remote_ip));
        self.kind(&flow.capture, flow.remote_ip, mac.map(|mac| &**mac))
    }

    fn kind(&self, capture: &Arc<str>, address: IpAddr, mac: Option<&str>) -> Option<Kind> {
        let by_address = self.given.iter().find(|(_, device)| matches!(device, Device::Net(net) if net.contains(&address)));
        let own_mac = mac.filter(|mac| self.owns(capture, mac, address));
        let by_mac = own_mac.and_then(|mac| self.by_mac(mac));
        let by_link = || self.by_link.get(&(Arc::clone(capture), address)).map(|kind| (*kind, KindBasis::Link));
        by_address
            .map(|(kind, _)| (*kind, KindBasis::Given))
            .or_else(|| by_mac.filter(|(_, basis)| *basis == KindBasis::Given))
            .or_else(by_link)
            .or(by_mac)
    }

    /// The link address of an aircraft that sent or took the flow's packets, which are not known to be its own; once for
    /// each network address behind it.
    pub(crate) fn passes_on(&mut self, flow: &Flow) -> Option<Kind> {
        let mac = flow.device_mac.as_deref().filter(|_| is_unicast(flow.device_ip))?;
        let kind = self.by_mac(mac).filter(|(kind, _)| kind.is_aircraft())?;
        let is_own = self.device(flow).is_some_and(|(kind, _)| kind.is_aircraft());
        let place = (Arc::clone(&flow.capture), flow.device_ip);
        (!is_own && self.passed.insert(place)).then_some(kind)
    }

    fn by_mac(&self, mac: &str) -> Option<Kind> {
        let is_it = |device: &Device| matches!(device, Device::Mac(known) if known.to_string() == mac);
        let given = self.given.iter().find(|(_, device)| is_it(device)).map(|(kind, _)| (*kind, KindBasis::Given));
        let number = || number(mac);
        given.or_else(|| {
            let number = number()?;
            let maker = self.makers.iter().find(|maker| number >> maker.shift == maker.bits)?;
            Some((maker.kind, KindBasis::Oui))
        })
    }

    fn owns(&self, capture: &Arc<str>, mac: &str, address: IpAddr) -> bool {
        let Some(own) = self.own.get(&(Arc::clone(capture), mac.into())) else { return false };
        let seen = if address.is_ipv4() { own.v4 } else { own.v6 };
        seen == Addresses::One(address) && own.v4 != Addresses::Many
    }
}

/// An address that one device has: link-local ones say nothing, as everyone has them beside others.
fn is_unicast(address: IpAddr) -> bool {
    !matches!(
        Site::of(address).scope,
        Scope::Multicast | Scope::Broadcast | Scope::Unspecified | Scope::ThisNetwork | Scope::Loopback | Scope::LinkLocal
    )
}

fn makers(text: &str) -> Vec<Prefix> {
    let Ok(file) = toml::from_str::<File>(text) else { return Vec::new() };
    let prefixes = |maker: Maker| {
        let kind = DeviceKind::ALL.into_iter().find(|kind| kind.as_str() == maker.kind);
        maker.prefixes.into_iter().filter_map(move |text| prefix(&text, kind?))
    };
    file.maker.into_iter().flat_map(prefixes).collect()
}

/// Reads `60:60:1f`, or `18:d7:93:6/28` where the bits are no whole bytes.
fn prefix(text: &str, kind: DeviceKind) -> Option<Prefix> {
    let digits = text.split('/').next()?;
    let bits =
        digits.chars().filter(|digit| *digit != ':').try_fold(0_u64, |bits, digit| Some(bits << 4 | u64::from(digit.to_digit(16)?)))?;
    let width = u32::try_from(digits.chars().filter(|digit| *digit != ':').count()).ok()?.checked_mul(4)?;
    Some(Prefix { bits, shift: 48_u32.checked_sub(width)?, kind })
}

/// A link address as a number.
fn number(mac: &str) -> Option<u64> {
    mac.split(':').try_fold(0, |number, byte| Some(number << 8 | u64::from(u8::from_str_radix(byte, 16).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::FlowLink;
    use crate::record::tests::flow;

    const DJI: &str = "60:60:1f:5a:3c:01";

    fn of(device: &str, mac: Option<&str>, remote: &str) -> Flow {
        let mut flow = flow();
        (flow.device_ip, flow.remote_ip) = (device.parse().unwrap(), remote.parse().unwrap());
        flow.device_mac = mac.map(str::to_owned);
        flow
    }

    fn learned(given: &[(DeviceKind, Device)], flows: &[Flow]) -> Kinds {
        let mut kinds = Kinds::new(given);
        flows.iter().for_each(|flow| kinds.learn(flow));
        kinds
    }

    #[test]
    fn every_prefix_is_read() {
        let written: usize =
            PREFIXES.lines().filter(|line| line.starts_with("prefixes")).map(|line| line.matches("\", \"").count() + 1).sum();
        assert_eq!(makers(PREFIXES).len(), written);
        let kinds = Kinds::new(&[]);
        assert_eq!(kinds.by_mac(DJI), Some((DeviceKind::Drone, KindBasis::Oui)));
        assert_eq!(kinds.by_mac("18:d7:93:6f:00:01"), Some((DeviceKind::Drone, KindBasis::Oui)));
        assert_eq!(kinds.by_mac("18:d7:93:70:00:01"), None);
    }

    #[test]
    fn a_maker_s_address_tells_of_the_one_address_behind_it() {
        let own = of("192.168.2.1", Some(DJI), "8.8.8.8");
        let mut kinds = learned(&[], std::slice::from_ref(&own));
        assert_eq!(kinds.device(&own), Some((DeviceKind::Drone, KindBasis::Oui)));
        assert_eq!(kinds.passes_on(&own), None);
        // Another device sees the same address as its remote.
        assert_eq!(kinds.remote(&of("192.168.2.20", None, "192.168.2.1")), Some((DeviceKind::Drone, KindBasis::Oui)));
    }

    #[test]
    fn what_an_aircraft_passes_on_is_not_its_own() {
        let (own, passed) = (of("192.168.2.1", Some(DJI), "192.168.2.20"), of("192.168.2.20", Some(DJI), "8.8.8.8"));
        let mut kinds = learned(&[], &[own.clone(), passed.clone()]);
        assert_eq!((kinds.device(&own), kinds.device(&passed)), (None, None));
        assert_eq!(kinds.passes_on(&passed), Some((DeviceKind::Drone, KindBasis::Oui)));
        assert_eq!(kinds.passes_on(&passed), None);
        // What it said on its link tells which address is its own.
        let mut link = own.clone();
        link.link = Some(Box::new(FlowLink { device: Some(DeviceKind::Drone), remote: Some(DeviceKind::Phone), ..FlowLink::default() }));
        let kinds = learned(&[], &[link, passed.clone()]);
        assert_eq!(kinds.device(&own), Some((DeviceKind::Drone, KindBasis::Link)));
        assert_eq!(kinds.device(&passed), Some((DeviceKind::Phone, KindBasis::Link)));
    }

    #[test]
    fn the_user_knows_best() {
        let flow = of("192.168.2.1", Some(DJI), "8.8.8.8");
        let given = [(DeviceKind::RemoteController, DJI.parse().unwrap())];
        assert_eq!(learned(&given, std::slice::from_ref(&flow)).device(&flow), Some((DeviceKind::RemoteController, KindBasis::Given)));
        let given = [(DeviceKind::Phone, "192.168.2.0/24".parse().unwrap())];
        assert_eq!(learned(&given, &[]).device(&flow), Some((DeviceKind::Phone, KindBasis::Given)));
    }
}
