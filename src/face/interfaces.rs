//! `whereto interfaces`: what libpcap can capture on here.

use std::io::Write;

use clap::Args;
use serde_json::json;

use crate::capture::{Interface, interfaces};
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
    let interfaces = interfaces()?;
    if args.json {
        let list: Vec<_> = interfaces.iter().map(described).collect();
        serde_json::to_writer_pretty(&mut *out, &list)?;
        return Ok(writeln!(out)?);
    }
    for interface in &interfaces {
        let addresses: Vec<String> = interface.addresses.iter().map(ToString::to_string).collect();
        let name = escape(interface.name.as_bytes());
        let about = escape(interface.description.as_deref().unwrap_or_default().as_bytes());
        writeln!(out, "{name:<16} {:<10} {}  {about}", state(interface), addresses.join(" "))?;
    }
    Ok(())
}

fn described(interface: &Interface) -> serde_json::Value {
    json!({
        "name": interface.name,
        "description": interface.description,
        "addresses": interface.addresses,
        "up": interface.is_up,
        "running": interface.is_running,
        "loopback": interface.is_loopback,
        "wireless": interface.is_wireless,
    })
}

const fn state(interface: &Interface) -> &'static str {
    match (interface.is_running, interface.is_wireless) {
        (true, true) => "up, Wi-Fi",
        (true, false) => "up",
        (false, true) => "down, Wi-Fi",
        (false, false) => "down",
    }
}
