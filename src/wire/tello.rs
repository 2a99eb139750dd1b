//! Ryze Tello: what its SDK says in text, and the packets its app uses.
//!
//! SDK (Tello SDK 2.0 user guide): words to UDP port 8889, answers from it, and state as `name:value;` to port 8890.
//! App (hanyazou/TelloPy, after tellopilots.com/wiki/protocol):
//!
//! ```text
//! 0     1           3     4     5        7         9
//! 0xcc  length × 8  CRC8  type  command  sequence  payload … CRC16
//! ```
//!
//! Numbers are little-endian, the checksums those of DUML. The top bit of the type says that the aircraft sent it, the
//! next one that the app did.

use super::{Reader, duml};
use crate::record::LinkKind::{self, *};

const MAGIC: u8 = 0xcc;
/// Bytes of a packet without payload.
pub(crate) const LEAST: usize = 11;

/// A packet whose both checksums are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// Type, with the direction in its top bits.
    pub(crate) kind: u8,
    /// Command.
    pub(crate) command: u16,
}

impl Packet {
    /// The aircraft sent it.
    pub(crate) const fn is_from_aircraft(&self) -> bool {
        self.kind & 0xc0 == 0x80
    }
}

/// The packet that fills `bytes`.
pub(crate) fn packet(bytes: &[u8]) -> Option<Packet> {
    let mut reader = Reader::new(bytes);
    let header = Reader::new(bytes).take(3).ok()?;
    if reader.u8().ok()? != MAGIC || usize::from(reader.u16_le().ok()? >> 3) != bytes.len() || bytes.len() < LEAST {
        return None;
    }
    let (covered, sum) = bytes.split_last_chunk::<2>()?;
    if u16::from(reader.u8().ok()?) != duml::crc8(header) || u16::from_le_bytes(*sum) != duml::crc16(covered) {
        return None;
    }
    Some(Packet { kind: reader.u8().ok()?, command: reader.u16_le().ok()? })
}

/// Name of a packet's command, and what it is for.
pub(crate) const fn command(number: u16) -> Option<(&'static str, LinkKind)> {
    Some(match number {
        0x0001 => ("connect", Link),
        0x0011 => ("network name", Identifier),
        0x0012 => ("set network name", Control),
        0x0013 => ("passphrase", Identifier),
        0x0014 => ("set passphrase", Control),
        0x001a => ("signal strength", Telemetry),
        0x0020 | 0x0021 => ("bit rate of the picture", Control),
        0x0025 => ("ask for picture parameters", Control),
        0x0028 => ("bit rate of the picture?", Telemetry),
        0x0030 => ("take a photo", Control),
        0x0031 => ("camera mode", Control),
        0x0035 => ("light", Telemetry),
        0x0045 => ("version", Identifier),
        0x0046 => ("time", Link),
        0x0047 => ("time of activation", Activation),
        0x0050 => ("sticks", Control),
        0x0054 => ("take off", Control),
        0x0055 => ("land", Control),
        0x0056 => ("state of the flight", Telemetry),
        0x0058 => ("limit of height", Control),
        0x005c => ("flip", Control),
        0x0062 => ("size of a file", FileTransfer),
        0x0063 => ("piece of a file", FileTransfer),
        0x0064 => ("end of a file", FileTransfer),
        0x1050 => ("head of a log", FlightLog),
        0x1051 => ("piece of a log", FlightLog),
        0x1052 => ("settings of the log", FlightLog),
        _ => return None,
    })
}

/// A datagram of the SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// The app tells or asks.
    Command(&'static str, LinkKind),
    /// The aircraft answers.
    Answer(&'static str),
    /// The aircraft's state.
    State,
}

/// Words of the SDK with numbers behind them or none, and what they are for.
static WORDS: &[(&str, LinkKind)] = &[
    ("command", Link),
    ("takeoff", Control),
    ("land", Control),
    ("emergency", Control),
    ("stop", Control),
    ("streamon", Control),
    ("streamoff", Control),
    ("motoron", Control),
    ("motoroff", Control),
    ("throwfly", Control),
    ("mon", Control),
    ("moff", Control),
    ("up", Control),
    ("down", Control),
    ("left", Control),
    ("right", Control),
    ("forward", Control),
    ("back", Control),
    ("cw", Control),
    ("ccw", Control),
    ("flip", Control),
    ("go", Control),
    ("curve", Control),
    ("jump", Control),
    ("rc", Control),
    ("speed", Control),
    ("wifi", Control),
    ("ap", Control),
    ("setfps", Control),
    ("setbitrate", Control),
    ("setresolution", Control),
    ("mdirection", Control),
    ("speed?", Telemetry),
    ("battery?", Telemetry),
    ("time?", Telemetry),
    ("height?", Telemetry),
    ("temp?", Telemetry),
    ("attitude?", Telemetry),
    ("baro?", Telemetry),
    ("acceleration?", Telemetry),
    ("tof?", Telemetry),
    ("wifi?", Telemetry),
    ("sdk?", Telemetry),
    ("sn?", Identifier),
    ("hardware?", Identifier),
];

/// Reads a datagram of the SDK; what has no word of it is none.
pub(crate) fn text(bytes: &[u8]) -> Option<Text> {
    let bytes = bytes.trim_ascii();
    if matches!(bytes, b"ok" | b"error" | b"out of range") || bytes.starts_with(b"error ") || bytes.starts_with(b"unknown command") {
        return Some(Text::Answer(if bytes == b"ok" { "ok" } else { "error" }));
    }
    if is_state(bytes) {
        return Some(Text::State);
    }
    let mut words = bytes.split(|byte| *byte == b' ');
    let first = words.next()?;
    let (word, kind) = WORDS.iter().find(|(word, _)| word.as_bytes() == first)?;
    let mut rest = words;
    // Names and passphrases stand behind `wifi` and `ap` only.
    let is_free = matches!(*word, "wifi" | "ap");
    rest.all(|argument| is_free || is_argument(argument)).then_some(Text::Command(word, *kind))
}

fn is_argument(bytes: &[u8]) -> bool {
    let is_number = bytes.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'+'));
    !bytes.is_empty() && bytes.len() <= 8 && (is_number || bytes.iter().all(u8::is_ascii_lowercase) || bytes.starts_with(b"m"))
}

/// `name:value;` pairs, among them the battery and the time of flight.
fn is_state(bytes: &[u8]) -> bool {
    let mut pairs = bytes.split(|byte| *byte == b';').filter(|pair| !pair.trim_ascii().is_empty()).peekable();
    let has_pairs = pairs.peek().is_some_and(|first| first.starts_with(b"mid:") || first.starts_with(b"pitch:"));
    has_pairs && pairs.all(|pair| pair.is_ascii() && pair.contains(&b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_of_the_app() {
        // Take off, as its app sends it; the checksums are those of public captures of this command.
        let take_off = [0xcc, 0x58, 0x00, 0x7c, 0x68, 0x54, 0x00, 0xe4, 0x01, 0xc2, 0x16];
        let read = packet(&take_off).unwrap();
        assert_eq!((read.command, read.is_from_aircraft(), command(read.command)), (0x54, false, Some(("take off", Control))));
        for place in 0..take_off.len() {
            let mut changed = take_off;
            changed[place] ^= 1;
            assert_eq!(packet(&changed), None, "{place}");
        }
    }

    #[test]
    fn words_and_state_of_the_sdk() {
        assert_eq!(text(b"command"), Some(Text::Command("command", Link)));
        assert_eq!(text(b"rc 0 -20 0 100\r\n"), Some(Text::Command("rc", Control)));
        assert_eq!(text(b"wifi MyTello secret word"), Some(Text::Command("wifi", Control)));
        assert_eq!(text(b"ok"), Some(Text::Answer("ok")));
        assert_eq!(text(b"error Motor stop"), Some(Text::Answer("error")));
        assert_eq!(
            text(b"pitch:0;roll:0;yaw:0;vgx:0;vgy:0;vgz:0;templ:60;temph:63;tof:10;h:0;bat:87;baro:180.79;time:0;\r\n"),
            Some(Text::State)
        );
        for other in [&b"GET / HTTP/1.1"[..], b"", b"go away please NOW", b"pitch:0;\xff", b"landing"] {
            assert_eq!(text(other), None, "{other:?}");
        }
    }
}
