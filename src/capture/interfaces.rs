//! The interfaces of this machine, as libpcap lists them.

use std::net::IpAddr;

use crate::error::{Error, Kind};

/// An interface that can be captured on.
pub(crate) struct Interface {
    /// Its name, as `-i` takes it.
    pub(crate) name: String,
    /// What the system says of it.
    pub(crate) description: Option<String>,
    /// Its addresses.
    pub(crate) addresses: Vec<IpAddr>,
    /// It is switched on.
    pub(crate) is_up: bool,
    /// It is connected.
    pub(crate) is_running: bool,
    /// It leads back to this machine.
    pub(crate) is_loopback: bool,
    /// It is a radio.
    pub(crate) is_wireless: bool,
}

/// Lists the interfaces.
///
/// # Errors
/// When libpcap cannot.
pub(crate) fn interfaces() -> Result<Vec<Interface>, Error> {
    let devices = pcap::Device::list().map_err(|error| Kind::Usage(format!("cannot list interfaces: {error}")))?;
    Ok(devices.into_iter().map(Interface::from).collect())
}

impl From<pcap::Device> for Interface {
    fn from(device: pcap::Device) -> Self {
        Self {
            addresses: device.addresses.iter().map(|address| address.addr).collect(),
            is_up: device.flags.is_up(),
            is_running: device.flags.is_running(),
            is_loopback: device.flags.is_loopback(),
            is_wireless: device.flags.is_wireless(),
            name: device.name,
            description: device.desc,
        }
    }
}
