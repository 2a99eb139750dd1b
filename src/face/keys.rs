//! `whereto keys`: what the given keys open of captures, on the air and of TLS and QUIC, and the keys that handshakes on
//! the air make known.

mod tls;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Map, Value, json};

use super::Ending;
use super::tls_keys::TlsKeyArgs;
use super::wifi_keys::WifiKeyArgs;
use crate::analyzer::Analyzer;
use crate::capture::{self, Event, Extent, Reader};
use crate::flow::Devices;
use crate::record::{Column, Get, Record as _, Row, Wifi};
use crate::secrets::Secrets;
use crate::wifi::{Keys, Learned};
use crate::wire::escape;

use tls::Connections;

const EXAMPLES: &str = "Examples:
  whereto keys monitor.pcap --wifi-key 'Spark-1234:passphrase'
  whereto keys monitor.pcap --wifi-keys keys.txt --export session.keys
  whereto analyze later.pcap --wifi-keys session.keys   opens what follows without its handshake
  whereto keys phone.pcapng --tls-keys sslkeys.txt      which secret opened which connection

A key of a file or of --wifi-key is one of
  SSID:passphrase   a colon in the name is written %3A; an empty name fits every network
  psk:HEX           pre-shared key, 64 digits
  pmk:HEX           master key of a handshake (802.1X, SAE, OWE), 64, 96 or 128 digits
  tk:HEX            key of frames, 32 or 64 digits; cipher=, bssid=, station=, group= after it say where it fits
  wep:HEX           WEP key, 10, 26, 32 or 58 digits";

/// Arguments of `whereto keys`.
#[derive(Args, Debug)]
#[command(about = "Say which keys open what of protected Wi-Fi, TLS and QUIC in captures", after_help = EXAMPLES)]
pub struct KeysArgs {
    /// Files, folders (searched recursively), patterns in quotes, or - for standard input
    #[arg(value_name = "CAPTURE", required = true)]
    pub captures: Vec<PathBuf>,
    /// Keys of protected Wi-Fi networks.
    #[command(flatten)]
    pub wifi: WifiKeyArgs,
    /// Keys of TLS and QUIC.
    #[command(flatten)]
    pub tls: TlsKeyArgs,
    /// Write the keys that handshakes made known to a key file that only you can read
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What one capture told.
struct Told {
    capture: String,
    rows: Vec<Wifi>,
    learned: Vec<Learned>,
    connections: Connections,
}

/// Runs the command.
///
/// # Errors
/// When an input is missing, a key is not one, no capture can be read, or the export cannot be written.
pub fn run(args: &KeysArgs, out: &mut dyn Write) -> anyhow::Result<Ending> {
    let inputs = capture::expand(&args.captures)?;
    let (mut keys, secrets) = (args.wifi.read()?, args.tls.read()?);
    let (mut told, mut unreadable) = (Vec::new(), Vec::new());
    for path in &inputs.captures {
        match read(path, &keys, &secrets) {
            Ok(one) => {
                // A capture may go on where the one before it ends.
                keys = Arc::new(keys.and_learned(&one.learned).0);
                told.push(one);
            }
            Err(error) => unreadable.push(error.to_string()),
        }
    }
    if told.is_empty() {
        anyhow::bail!("{}", unreadable.join("\n"));
    }
    if let Some(path) = &args.export {
        export(path, &told).with_context(|| format!("cannot write keys {}", path.display()))?;
    }
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &told.iter().map(shown).collect::<Vec<_>>())?;
        writeln!(out)?;
    } else {
        told.iter().try_for_each(|one| print(one, out))?;
    }
    Ok(ending(&unreadable))
}

#[expect(clippy::print_stderr, reason = "notes for people go beside the answer, not into it")]
fn ending(unreadable: &[String]) -> Ending {
    unreadable.iter().for_each(|reason| eprintln!("whereto: {reason}"));
    if unreadable.is_empty() { Ending::Done } else { Ending::Damaged }
}

/// A pass for the sake of its networks and connections alone.
fn read(path: &Path, keys: &Arc<Keys>, secrets: &Arc<Secrets>) -> anyhow::Result<Told> {
    let mut reader = if path == Path::new("-") { Reader::new(Box::new(std::io::stdin()), path)? } else { Reader::open(path)? };
    let capture = escape(path.as_os_str().as_encoded_bytes());
    let mut analyzer = Analyzer::new(capture.as_str().into(), Devices::default(), 1).with_keys(Arc::clone(keys));
    let mut secrets = Arc::clone(secrets);
    capture::add_secrets(path, Extent::Ends, &mut secrets);
    analyzer.decrypt_with(&secrets);
    let (mut rows, mut connections) = (Vec::new(), Connections::default());
    let mut keep = |row| {
        connections.keep(&row);
        if let Row::Wifi(row) = row {
            rows.push(*row)
        }
    };
    while let Some(event) = reader.next_event() {
        if let Event::Frame(frame) = event {
            analyzer.push(&frame);
        }
        analyzer.drain().for_each(&mut keep);
    }
    let finished = analyzer.finish();
    finished.rows.into_iter().for_each(keep);
    Ok(Told { capture, rows, learned: finished.learned, connections })
}

fn print(told: &Told, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{}", told.capture)?;
    let is_of_interest =
        |row: &&Wifi| row.protected > 0 || row.management_protected > 0 || row.handshake_messages.iter().any(|count| *count > 0);
    let mut rows = told.rows.iter().filter(is_of_interest).peekable();
    if rows.peek().is_none() {
        writeln!(out, "  no protected frame of Wi-Fi was captured")?;
    }
    for row in rows {
        print_row(row, out)?;
        told.learned.iter().filter(|learned| is_of(learned, row)).try_for_each(|learned| print_learned(learned, out))?;
    }
    told.connections.print(out)?;
    Ok(())
}

fn print_row(row: &Wifi, out: &mut dyn Write) -> std::io::Result<()> {
    let ssid = row.ssid.as_deref().unwrap_or("(name unknown)");
    let who = row.station.as_deref().map_or_else(|| "to all".to_owned(), |station| format!("station {station}"));
    let how: Vec<&str> = row.security.into_iter().chain(row.key_management.iter().chain(&row.ciphers).map(String::as_str)).collect();
    writeln!(out, "  {ssid} {}, {who}: {}", row.bssid, if how.is_empty() { "security unknown".to_owned() } else { how.join(" ") })?;
    let with = if row.keys.is_empty() { String::new() } else { format!(" with {}", row.keys.join(", ")) };
    write!(out, "    {} of {} protected data frames opened{with}", row.opened, row.protected)?;
    if row.management_protected > 0 {
        write!(out, ", {} of {} management frames", row.management_opened, row.management_protected)?;
    }
    writeln!(out)?;
    if row.unverified > 0 {
        writeln!(out, "    {} of them without their integrity code, which was not captured", row.unverified)?;
    }
    if !row.failed_reasons.is_empty() {
        writeln!(out, "    not opened: {}", row.failed_reasons.join(", "))?;
    }
    if row.station.is_some() {
        let [first, second, third, fourth] = row.handshake_messages;
        writeln!(
            out,
            "    handshake messages 1 to 4: {first}, {second}, {third}, {fourth}; a key fits {}, none fits {}",
            row.proofs_right, row.proofs_wrong
        )?;
    }
    Ok(())
}

fn print_learned(learned: &Learned, out: &mut dyn Write) -> std::io::Result<()> {
    let (what, cipher, by) = (what(learned), learned.cipher(), learned.by());
    writeln!(out, "      {what}, {cipher}, by frame {} at {} from {by}: {} frames opened", learned.frame, learned.time, learned.opened())
}

fn what(learned: &Learned) -> String {
    learned.group().map_or_else(|| "own key".to_owned(), |number| format!("group key {number}"))
}

fn is_of(learned: &Learned, row: &Wifi) -> bool {
    let shown = |mac: Option<crate::wire::Mac>| mac.map(|mac| mac.to_string());
    shown(learned.bssid()).as_ref() == Some(&row.bssid) && shown(learned.station()) == row.station
}

fn shown(told: &Told) -> Value {
    let learned = |learned: &Learned| {
        json!({
            "bssid": learned.bssid().map(|mac| mac.to_string()),
            "station": learned.station().map(|mac| mac.to_string()),
            "group": learned.group(),
            "cipher": learned.cipher(),
            "from": learned.by(),
            "frame": learned.frame,
            "time": learned.time.to_string(),
            "opened": learned.opened(),
        })
    };
    json!({
        "capture": told.capture,
        "networks": told.rows.iter().map(|row| Wifi::COLUMNS.iter().map(|column| (column.field.name.to_owned(), cell(column, row))).collect::<Map<_, _>>()).collect::<Vec<_>>(),
        "learned": told.learned.iter().map(learned).collect::<Vec<_>>(),
        "connections": told.connections.json(),
    })
}

fn cell(column: &Column<Wifi>, row: &Wifi) -> Value {
    match column.get {
        Get::Number(read) => read(row).into(),
        Get::Real(read) => read(row).into(),
        Get::Flag(read) => read(row).into(),
        Get::Text(read) => read(row).map(std::borrow::Cow::into_owned).into(),
        Get::Time(read) => read(row).map(|time| time.to_string()).into(),
        Get::List(read) => read(row).into_iter().map(std::borrow::Cow::into_owned).collect::<Vec<_>>().into(),
    }
}

/// Writes the keys beside their place and renames them: nobody finds half of them, or finds them open to others.
fn export(path: &Path, told: &[Told]) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    // Temporary files are made for their owner alone.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "# Keys of Wi-Fi frames, for --wifi-keys. Whoever has them reads what they protected.")?;
    let mut written = BTreeSet::new();
    for one in told {
        let lines: Vec<String> = one.learned.iter().map(Learned::secret_line).filter(|line| written.insert(line.clone())).collect();
        if !lines.is_empty() {
            writeln!(file, "# From {}", one.capture)?;
        }
        lines.iter().try_for_each(|line| writeln!(file, "{line}"))?;
    }
    file.persist(path)?;
    Ok(())
}
