//! The command line of `whereto live`: bytes and times with their units.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::capture::{Channel, Settings};
use crate::face::knowledge::Knowledge;

const EXAMPLES: &str = "Examples:
  whereto live -i wlan0 -o flight                         captures and tables in ./flight, a screen meanwhile
  whereto live -i eth0                                    only look: nothing is written
  whereto live -i wlan0mon -o air --hop 1,6,11,36         a Wi-Fi interface in monitor mode, from channel to channel
  whereto live -i wlan0 --monitor --channel 6 -o air      puts it into monitor mode first, where the driver can
  whereto live -i eth0 -o day --rotate-time 15m --keep 96 the last 24 hours
  whereto live -i eth0 -o out --filter 'not port 22' --duration 10m --quiet
  whereto analyze day/*.pcapng -o day/all                 afterwards: all captures of a session in one answer

Files: DIR/live-START-00001.pcapng and so on, each under a name that ends in .part until it is complete; the tables
of each in DIR/tables/live-START-00001/, the same bytes as `whereto analyze DIR/live-START-00001.pcapng` writes.

Rights: root, or: setcap cap_net_raw,cap_net_admin=eip /path/to/whereto. They are given up once the interface is open.

Exit status: 0 done, 1 done but frames were lost or something was damaged, 2 not done.";

/// Arguments of `whereto live`.
#[derive(Args, Debug)]
#[command(about = "Capture on an interface, save and analyze as it comes", after_help = EXAMPLES)]
pub struct LiveArgs {
    /// The interface, see `whereto interfaces`
    #[arg(short, long, value_name = "IFACE")]
    pub interface: String,
    /// Folder for captures and tables; without it nothing is written
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Capture only frames that this libpcap filter takes
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,
    /// Bytes kept of each frame
    #[arg(long, value_name = "BYTES", default_value_t = 262_144, value_parser = clap::value_parser!(u32).range(64..=262_144))]
    pub snaplen: u32,
    /// The kernel's buffer, as 64M
    #[arg(long, value_name = "BYTES", default_value = "64M", value_parser = buffer)]
    pub buffer: u32,
    /// Take each frame at once rather than in blocks: less delay, more load, and the buffer holds fewer frames
    #[arg(long)]
    pub immediate: bool,
    /// Leave the interface as it is: only frames for this machine
    #[arg(long)]
    pub no_promiscuous: bool,
    /// Put a Wi-Fi interface into monitor mode, where the driver can
    #[arg(long)]
    pub monitor: bool,
    /// Wi-Fi channel, by number or MHz
    #[arg(long, value_name = "N", conflicts_with = "hop")]
    pub channel: Option<Channel>,
    /// Wi-Fi channels to go round, four a second
    #[arg(long, value_name = "N,N…", value_delimiter = ',')]
    pub hop: Vec<Channel>,
    /// Begin a new file after so many bytes, as 100M
    #[arg(long, value_name = "BYTES", default_value = "1G", value_parser = bytes)]
    pub rotate_size: u64,
    /// Begin a new file after so much time, as 15m
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub rotate_time: Option<Duration>,
    /// Keep the newest N captures, remove older ones of this session; their tables stay
    #[arg(long, value_name = "N", requires = "output")]
    pub keep: Option<NonZeroU64>,
    /// End after so much time, as 90s or 1h30m
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub duration: Option<Duration>,
    /// End after so many frames
    #[arg(long, value_name = "N")]
    pub count: Option<NonZeroU64>,
    /// As root: the user to become once the interface is open; without it, who called sudo
    #[arg(long, value_name = "USER")]
    pub user: Option<String>,
    /// What is known beside the packets
    #[command(flatten)]
    pub knowledge: Knowledge,
    /// Plain lines also on a terminal
    #[arg(long)]
    pub plain: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Print nothing but the sum
    #[arg(short, long)]
    pub quiet: bool,
}

impl LiveArgs {
    /// How the interface is to be opened.
    pub(super) fn settings(&self) -> Settings {
        Settings {
            interface: self.interface.clone(),
            snaplen: self.snaplen,
            buffer: self.buffer,
            filter: self.filter.clone(),
            is_promiscuous: !self.no_promiscuous,
            is_immediate: self.immediate,
            is_monitor: self.monitor,
        }
    }
}

/// Reads `500k`, `100M`, `1G`: decimal units, as in what is shown.
fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let factor = match unit {
        "" | "B" => Some(1),
        "k" | "K" | "kB" => Some(1_000),
        "M" | "MB" => Some(1_000_000),
        "G" | "GB" => Some(1_000_000_000),
        "T" | "TB" => Some(1_000_000_000_000),
        _ => None,
    };
    let value = number.parse::<u64>().ok().zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    value.filter(|bytes| *bytes > 0).ok_or_else(|| format!("{text:?} is no number of bytes such as 500k, 100M or 1G"))
}

fn buffer(text: &str) -> Result<u32, String> {
    let value = i32::try_from(bytes(text)?).ok().and_then(|bytes| u32::try_from(bytes).ok());
    value.ok_or_else(|| format!("{text:?} is more than a kernel's buffer may have, which is 2G"))
}

/// Reads `90s`, `15m`, `1h30m`; a bare number is seconds.
fn time(text: &str) -> Result<Duration, String> {
    let refused = || format!("{text:?} is no time such as 90s, 15m or 1h30m");
    let (mut rest, mut seconds) = (text, 0_u64);
    while !rest.is_empty() {
        let (number, after) = split(rest);
        let (unit, left) = after.split_at_checked(1).unwrap_or(("s", ""));
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(refused()),
        };
        let more = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
        seconds = more.and_then(|more| seconds.checked_add(more)).ok_or_else(refused)?;
        rest = left;
    }
    if seconds == 0 { Err(refused()) } else { Ok(Duration::from_secs(seconds)) }
}

fn split(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        assert_eq!([bytes("7"), bytes("500k"), bytes("100M"), bytes("1G")], [Ok(7), Ok(500_000), Ok(100_000_000), Ok(1_000_000_000)]);
        for wrong in ["", "0", "M", "1X", "-1", "99999999999T"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert!(buffer("64M").is_ok() && buffer("3G").is_err());
    }

    #[test]
    fn times_have_units() {
        let seconds = |text| time(text).map(|time| time.as_secs()).ok();
        assert_eq!([seconds("45"), seconds("90s"), seconds("1h30m"), seconds("2d")], [Some(45), Some(90), Some(5_400), Some(172_800)]);
        for wrong in ["", "0s", "m", "1y", "1h-3m"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}
