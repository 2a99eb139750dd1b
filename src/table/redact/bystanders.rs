//! Who is no bystander: the devices that the analyst named, their flows, the networks they are in.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use polars::prelude::{BooleanChunked, DataFrame, NewChunkedArray as _, PolarsResult};
use regex::Regex;

use super::super::read::read;
use super::failed;
use crate::error::Error;
use crate::flow::Device;
use crate::wire::Mac;

/// What may stay.
pub(super) struct Kept {
    macs: BTreeSet<Mac>,
    nets: Vec<IpNet>,
    addresses: BTreeSet<IpAddr>,
    flows: BTreeSet<u64>,
    networks: BTreeSet<Mac>,
    mac_pattern: Option<Regex>,
}

impl Kept {
    /// Finds out from the tables of a folder.
    pub(super) fn of(dir: &Path, given: &[Device]) -> Result<Self, Error> {
        let mut kept = Self {
            macs: given.iter().filter_map(|device| if let Device::Mac(mac) = device { Some(*mac) } else { None }).collect(),
            nets: given.iter().filter_map(|device| if let Device::Net(net) = device { Some(*net) } else { None }).collect(),
            addresses: BTreeSet::new(),
            flows: BTreeSet::new(),
            networks: BTreeSet::new(),
            mac_pattern: Regex::new(r"(?i)\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b").ok(),
        };
        let flows = read(dir, "flows", &["flow_id", "device_ip", "device_mac", "remote_ip", "station"])?;
        kept.learn(&flows).map_err(|error| failed(dir, "flows", &error))?;
        let wifi = read(dir, "wifi", &["bssid", "station"])?;
        kept.networks_of(&wifi).map_err(|error| failed(dir, "wifi", &error))?;
        Ok(kept)
    }

    /// A flow belongs to whose link address it has, or to whose network address that link address had.
    fn learn(&mut self, flows: &DataFrame) -> PolarsResult<()> {
        let [device_ip, device_mac, remote_ip, station] =
            [flows.column("device_ip")?, flows.column("device_mac")?, flows.column("remote_ip")?, flows.column("station")?];
        let (device_ip, device_mac, remote_ip, station) = (device_ip.str()?, device_mac.str()?, remote_ip.str()?, station.str()?);
        for (address, mac) in device_ip.iter().zip(device_mac.iter()) {
            if self.is_mac(mac) {
                self.addresses.extend(address.and_then(|text| text.parse::<IpAddr>().ok()).filter(|address| !address.is_unspecified()));
            }
        }
        let ends = device_ip.iter().zip(device_mac.iter()).zip(remote_ip.iter().zip(station.iter()));
        for (id, ((address, mac), (remote, station))) in flows.column("flow_id")?.u64()?.iter().zip(ends) {
            if self.is_mac(mac) || self.is_mac(station) || self.is_address(address) || self.is_address(remote) {
                self.flows.extend(id);
            }
        }
        Ok(())
    }

    fn networks_of(&mut self, wifi: &DataFrame) -> PolarsResult<()> {
        let (bssid, station) = (wifi.column("bssid")?.str()?, wifi.column("station")?.str()?);
        for (bssid, station) in bssid.iter().zip(station.iter()) {
            if self.is_mac(station) || self.is_mac(bssid) {
                self.networks.extend(bssid.and_then(mac));
            }
        }
        Ok(())
    }

    /// Which rows of a table stay.
    pub(super) fn rows(&self, table: &str, frame: &DataFrame) -> PolarsResult<BooleanChunked> {
        let texts = |column: &str| -> PolarsResult<Vec<Option<String>>> {
            Ok(frame.column(column)?.str()?.iter().map(|text| text.map(str::to_owned)).collect())
        };
        let stays: Vec<bool> = match table {
            "wifi" => {
                let (bssid, station) = (texts("bssid")?, texts("station")?);
                let network = |bssid: &Option<String>| bssid.as_deref().and_then(mac).is_some_and(|mac| self.networks.contains(&mac));
                bssid
                    .iter()
                    .zip(&station)
                    .map(|(bssid, station)| station.as_deref().map_or_else(|| network(bssid), |of| self.is_mac(Some(of))))
                    .collect()
            }
            "remote_id" => texts("transmitter")?.iter().map(|text| self.is_mac(text.as_deref())).collect(),
            _ if frame.get_column_index("flow_id").is_some() => {
                let flows = frame.column("flow_id")?.u64()?;
                let has = |column: &str| frame.get_column_index(column).is_some();
                let own: Vec<bool> = if has("device_mac") && has("device_ip") {
                    let (addresses, macs) = (texts("device_ip")?, texts("device_mac")?);
                    addresses
                        .iter()
                        .zip(&macs)
                        .map(|(address, mac)| self.is_mac(mac.as_deref()) || self.is_address(address.as_deref()))
                        .collect()
                } else if has("detail") {
                    texts("detail")?.iter().map(|text| self.says_no_other(text.as_deref().unwrap_or_default())).collect()
                } else {
                    vec![true; frame.height()]
                };
                flows.iter().zip(own).map(|(flow, own)| flow.map_or(own, |flow| self.flows.contains(&flow))).collect()
            }
            _ => vec![true; frame.height()],
        };
        Ok(BooleanChunked::from_slice("".into(), &stays))
    }

    /// Whether a line of evidence is about flows that stay.
    pub(super) fn line(&self, line: &str) -> bool {
        let named = line.split("flow ").skip(1).filter_map(|rest| rest.split_once(" frames ")?.0.parse::<u64>().ok());
        named.into_iter().all(|flow| self.flows.contains(&flow))
    }

    /// A text that names no other link address.
    fn says_no_other(&self, text: &str) -> bool {
        let mut found = self.mac_pattern.iter().flat_map(|pattern| pattern.find_iter(text));
        found.all(|found| mac(found.as_str()).is_none_or(|mac| mac.is_group() || self.macs.contains(&mac) || self.networks.contains(&mac)))
    }

    fn is_mac(&self, text: Option<&str>) -> bool {
        text.and_then(mac).is_some_and(|mac| self.macs.contains(&mac))
    }

    fn is_address(&self, text: Option<&str>) -> bool {
        let Some(address) = text.and_then(|text| text.parse::<IpAddr>().ok()) else { return false };
        self.addresses.contains(&address) || self.nets.iter().any(|net| net.contains(&address))
    }
}

fn mac(text: &str) -> Option<Mac> {
    match text.parse() {
        Ok(Device::Mac(mac)) => Some(mac),
        _ => None,
    }
}
