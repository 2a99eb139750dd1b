//! What the user knows beside the packets: which devices are under test, whose they are, more rules, other addresses.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::identifiers::IdentifierArgs;
use super::tls_keys::TlsKeyArgs;
use super::wifi_keys::WifiKeyArgs;
use crate::analysis::Options;
use crate::enrich::{Rules, Settings, Vantage};
use crate::error::Error;
use crate::flow::{Devices, Named};
use crate::table::Formats;

/// Arguments that every command with an analysis has.
#[derive(Args, Clone, Debug)]
pub struct Knowledge {
    /// Write the tables also in this format; repeatable
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    pub format: Vec<Format>,
    /// A device under test: MAC address, IP address or range; with what it is where that is known, as
    /// drone=60:60:1f:12:34:56 (phone, drone, remote-controller); repeatable
    #[arg(long = "device", value_name = "[KIND=]MAC|IP|CIDR", value_delimiter = ',')]
    pub devices: Vec<Named>,
    /// Vendor under study, whose domains are first party
    #[arg(long, default_value = "DJI")]
    pub vendor: String,
    /// Grouping of countries into regions, see `whereto geoip`
    #[arg(long, value_name = "GROUPING", default_value = "study")]
    pub regions: String,
    /// Address database of your own (.mmdb); decides before the shipped ones; repeatable
    #[arg(long = "geoip", value_name = "FILE")]
    pub geoip: Vec<PathBuf>,
    /// Geofeed (RFC 8805) of your own: which ranges are used in which country; decides before databases; repeatable
    #[arg(long, value_name = "FILE")]
    pub geofeed: Vec<PathBuf>,
    /// List that a cloud provider publishes of its address ranges (ip-ranges.json of AWS, cloud.json of Google, service
    /// tags of Azure, ips of Cloudflare): decides before all others; repeatable
    #[arg(long, value_name = "FILE")]
    pub provider_ranges: Vec<PathBuf>,
    /// Where the captures were made, in degrees north and east, with the country's code: countries too far away for the
    /// time in which a remote answered are struck out of its place, and numbers that would be places far from there are no
    /// positions of its devices
    #[arg(long, value_name = "LAT,LON[,COUNTRY]", allow_hyphen_values = true)]
    pub vantage: Option<Vantage>,
    /// More rules: a TOML file, or a folder of them; repeatable
    #[arg(long, value_name = "FILE|DIR")]
    pub rules: Vec<PathBuf>,
    /// Keys of protected Wi-Fi networks
    #[command(flatten)]
    pub wifi: WifiKeyArgs,
    /// Keys of TLS and QUIC
    #[command(flatten)]
    pub tls: TlsKeyArgs,
    /// Identifiers to look for
    #[command(flatten)]
    pub identifiers: IdentifierArgs,
    /// Do not look into bodies and payload: faster, and nothing of what persons wrote is read; requests, names and bytes
    /// stay, hashes, types of data, kinds of data by content, identifiers and encryption classes by statistics do not
    #[arg(long, conflicts_with = "lists")]
    pub no_content: bool,
}

/// Formats beside Parquet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Always written; naming it changes nothing.
    Parquet,
    /// Comma-separated values.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Arrow IPC, also called Feather.
    Arrow,
}

impl Knowledge {
    /// How to analyse with it; filter and scratch folder are the command's own.
    ///
    /// # Errors
    /// When a key cannot be read.
    pub(super) fn options(&self) -> anyhow::Result<Options> {
        let settings = Settings {
            vendor: self.vendor.clone(),
            regions: self.regions.clone(),
            geoip: self.geoip.clone(),
            geofeeds: self.geofeed.clone(),
            provider_ranges: self.provider_ranges.clone(),
            rules: self.rules.clone(),
            kinds: self.devices.iter().filter_map(|named| Some((named.kind?, named.device))).collect(),
            vantage: self.vantage,
        };
        let devices = Devices(self.devices.iter().map(|named| named.device).collect());
        let (wifi_keys, secrets, search) = (self.wifi.read()?, self.tls.read()?, self.identifiers.read(self.vantage)?);
        Ok(Options { devices, settings, wifi_keys, secrets, search, leaves_content: self.no_content, ..Options::default() })
    }

    /// The rules that are asked, for their hashes.
    pub(super) fn asked_rules(&self) -> Result<Rules, Error> {
        let mut rules = Rules::shipped(&self.vendor)?;
        for path in &self.rules {
            rules.add_path(path)?;
        }
        Ok(rules)
    }

    /// The arguments that say all this again, and how many secrets are not among them: files with keys are named,
    /// keys are not.
    pub(super) fn arguments(&self) -> (Vec<String>, usize) {
        let mut said = Vec::new();
        let mut say = |flag: &str, value: String| said.extend([flag.to_owned(), value]);
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        for format in &self.format {
            say("--format", format!("{format:?}").to_lowercase());
        }
        self.devices.iter().for_each(|device| say("--device", device.to_string()));
        say("--vendor", self.vendor.clone());
        say("--regions", self.regions.clone());
        self.geoip.iter().for_each(|file| say("--geoip", path(file)));
        self.geofeed.iter().for_each(|file| say("--geofeed", path(file)));
        self.provider_ranges.iter().for_each(|file| say("--provider-ranges", path(file)));
        self.vantage.iter().for_each(|vantage| say("--vantage", vantage.to_string()));
        self.rules.iter().for_each(|file| say("--rules", path(file)));
        self.wifi.files.iter().for_each(|file| say("--wifi-keys", path(file)));
        self.tls.logs.iter().for_each(|file| say("--tls-keys", path(file)));
        self.tls.rsa_keys.iter().for_each(|file| say("--tls-rsa-key", path(file)));
        self.identifiers.lists.iter().for_each(|file| say("--identifiers", path(file)));
        if self.no_content {
            said.push("--no-content".to_owned());
        }
        if self.identifiers.reveal {
            said.push("--reveal".to_owned());
        }
        (said, self.wifi.keys.len())
    }

    /// The formats asked for.
    pub(super) fn formats(&self) -> Formats {
        let wants = |format| self.format.contains(&format);
        Formats { csv: wants(Format::Csv), ndjson: wants(Format::Ndjson), arrow: wants(Format::Arrow) }
    }
}
