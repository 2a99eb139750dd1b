//! `whereto interfaces`: what libpcap can capture on here.

use std::io::Write;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;

use crate::wire::escape;

/// Arguments of `whereto interfaces`.
#[derive(Args, Debug)]
#[command(about = "Interfaces that libpcap can capture on", after_help = "Examples:\n  whereto interfaces\n  whereto interfaces --json")]
pub struct InterfacesArgs {
    /// Print a JSON array
    #[arg(long)]
    pub json: bool,
}

/// Lists the interfaces.
///
/// # Errors
/// When libpcap cannot list them, or `out` cannot be written.
pub fn run(args: &InterfacesArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let devices = pcap::Device::list().context("cannot list interfaces")?;
    if args.json {
        let list: Vec<_> = devices.iter().map(described).collect();
        serde_json::to_writer_pretty(&mut *out, &list)?;
        return Ok(writeln!(out)?);
    }
    for device in &devices {
        let addresses: Vec<String> = device.addresses.iter().map(|address| address.addr.to_string()).collect();
        let about = device.desc.as_deref().unwrap_or_default();
        writeln!(
            out,
            "{:<16} {:<10} {}  {}",
            escape(device.name.as_bytes()),
            state(device),
            addresses.join(" "),
            escape(about.as_bytes())
        )?;
    }
    Ok(())
}

fn described(device: &pcap::Device) -> serde_json::Value {
    json!({
        "name": device.name,
        "description": device.desc,
        "addresses": device.addresses.iter().map(|address| address.addr.to_string()).collect::<Vec<_>>(),
        "up": device.flags.is_up(),
        "running": device.flags.is_running(),
        "loopback": device.flags.is_loopback(),
        "wireless": device.flags.is_wireless(),
    })
}

fn state(device: &pcap::Device) -> &'static str {
    match (device.flags.is_running(), device.flags.is_wireless()) {
        (true, true) => "up, Wi-Fi",
        (true, false) => "up",
        (false, true) => "down, Wi-Fi",
        (false, false) => "down",
    }
}
