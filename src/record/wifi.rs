//! Table `wifi`: networks and stations heard on the air, how they are secured, and how much of them was opened.

use std::sync::Arc;

use super::{Column, Get, Record, text, text_of, texts};
use crate::time::Timestamp;

/// A network, or a station in one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wifi {
    /// The capture, path as given.
    pub capture: Arc<str>,
    /// Address of the access point.
    pub bssid: String,
    /// Name of the network.
    pub ssid: Option<String>,
    /// Beacons leave the name out.
    pub is_hidden: Option<bool>,
    /// Address of the station.
    pub station: Option<String>,
    /// How data is protected.
    pub security: Option<&'static str>,
    /// Ways of key management.
    pub key_management: Vec<String>,
    /// Ciphers of unicast frames.
    pub ciphers: Vec<String>,
    /// Cipher of group frames.
    pub group_cipher: Option<String>,
    /// Protection of management frames.
    pub management_protection: Option<&'static str>,
    /// Channel.
    pub channel: Option<u16>,
    /// Its frequency in MHz.
    pub frequency: Option<u16>,
    /// Time of the first frame.
    pub first: Option<Timestamp>,
    /// Time of the last frame.
    pub last: Option<Timestamp>,
    /// Frames.
    pub frames: u64,
    /// Beacons.
    pub beacons: u64,
    /// Frames sent again.
    pub retries: u64,
    /// Packets that the access point sent on.
    pub relayed: u64,
    /// Data frames in clear.
    pub clear: u64,
    /// Protected data frames.
    pub protected: u64,
    /// Of those, opened.
    pub opened: u64,
    /// Of those, opened without proof.
    pub unverified: u64,
    /// Not opened.
    pub failed: u64,
    /// Not opened, by reason.
    pub failed_reasons: Vec<String>,
    /// Protected management frames.
    pub management_protected: u64,
    /// Of those, opened.
    pub management_opened: u64,
    /// Messages of handshakes, first to fourth.
    pub handshake_messages: [u64; 4],
    /// Handshakes whose keys were derived.
    pub handshakes: u64,
    /// Second messages that a key fits.
    pub proofs_right: u64,
    /// Second messages that no key fits.
    pub proofs_wrong: u64,
    /// Handshakes that renewed keys.
    pub rekeys: u64,
    /// Group keys learned.
    pub group_keys: u64,
    /// The user's keys that opened frames.
    pub keys: Vec<String>,
    /// Weakest signal in dBm.
    pub signal_least: Option<i8>,
    /// Strongest signal in dBm.
    pub signal_most: Option<i8>,
}

impl Record for Wifi {
    const TABLE: &'static str = "wifi";
    const ABOUT: &'static str = "one row per network and per station in it, as heard on the air; the network's own row has no station and counts what goes to all of them";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("capture", "", "capture, path as given", Get::Text(|r| text(&r.capture))),
        Column::new("bssid", "", "address of the access point", Get::Text(|r| text(&r.bssid))),
        Column::new("ssid", "", "name of the network, escaped; empty when nothing told it", Get::Text(|r| text_of(r.ssid.as_ref()))),
        Column::new("hidden", "", "true when its beacons leave the name out; empty without a beacon", Get::Flag(|r| r.is_hidden)),
        Column::new(
            "station",
            "",
            "address of the station; empty in the row of the network itself",
            Get::Text(|r| text_of(r.station.as_ref())),
        ),
        Column::new(
            "security",
            "",
            "rsn (WPA2, WPA3), wpa, wep or open; empty when nothing told it",
            Get::Text(|r| r.security.and_then(text)),
        ),
        Column::new(
            "key_management",
            "",
            "PSK, SAE, 802.1X, FT-PSK, …: what the network offers, what the station chose; empty when not told",
            Get::List(|r| texts(&r.key_management)),
        ),
        Column::new("ciphers", "", "ciphers of unicast frames, likewise", Get::List(|r| texts(&r.ciphers))),
        Column::new("group_cipher", "", "cipher of frames to all; empty when not told", Get::Text(|r| text_of(r.group_cipher.as_ref()))),
        Column::new(
            "management_protection",
            "",
            "protection of management frames (PMF): required, capable, none; empty when not told",
            Get::Text(|r| r.management_protection.and_then(text)),
        ),
        Column::new(
            "channel",
            "",
            "channel of its last frame; empty when neither radio nor beacon tells",
            Get::Number(|r| r.channel.map(u64::from)),
        ),
        Column::new(
            "frequency",
            "MHz",
            "frequency of that channel; empty when the radio does not tell",
            Get::Number(|r| r.frequency.map(u64::from)),
        ),
        Column::new("first", "", "time of the first frame", Get::Time(|r| r.first)),
        Column::new("last", "", "time of the last frame", Get::Time(|r| r.last)),
        Column::new("frames", "frames", "data and management frames to and from it, retries included", Get::Number(|r| Some(r.frames))),
        Column::new("beacons", "frames", "beacons; 0 for a station", Get::Number(|r| Some(r.beacons))),
        Column::new("retries", "frames", "data frames that were sent again and heard before", Get::Number(|r| Some(r.retries))),
        Column::new(
            "relayed",
            "frames",
            "packets that the access point sent on for one of its stations, heard on both ways and counted once",
            Get::Number(|r| Some(r.relayed)),
        ),
        Column::new("data_clear", "frames", "data frames that were not protected", Get::Number(|r| Some(r.clear))),
        Column::new("data_protected", "frames", "data frames that were protected, retries left out", Get::Number(|r| Some(r.protected))),
        Column::new("data_opened", "frames", "of those, opened with a key", Get::Number(|r| Some(r.opened))),
        Column::new(
            "data_unverified",
            "frames",
            "of those opened, without their integrity code, which the snapshot length cut off",
            Get::Number(|r| Some(r.unverified)),
        ),
        Column::new("data_failed", "frames", "protected data frames that did not open", Get::Number(|r| Some(r.failed))),
        Column::new(
            "failed_reasons",
            "",
            "why, as `reason=frames`: no-key, no-handshake, message-1-missing, message-2-missing, wrong-passphrase, wrong-pmk, sae-needs-pmk, owe-needs-pmk, 802.1x-needs-pmk, key-management-unsupported, no-group-key, wep-no-key, wep-wrong-key, mic-failed, cut-by-snaplen, direct-link",
            Get::List(|r| texts(&r.failed_reasons)),
        ),
        Column::new("management_protected", "frames", "protected management frames", Get::Number(|r| Some(r.management_protected))),
        Column::new("management_opened", "frames", "of those, opened", Get::Number(|r| Some(r.management_opened))),
        Column::new("message_1", "frames", "first messages of handshakes; 0 for a network", Get::Number(|r| Some(r.handshake_messages[0]))),
        Column::new("message_2", "frames", "second messages", Get::Number(|r| Some(r.handshake_messages[1]))),
        Column::new("message_3", "frames", "third messages", Get::Number(|r| Some(r.handshake_messages[2]))),
        Column::new("message_4", "frames", "fourth messages", Get::Number(|r| Some(r.handshake_messages[3]))),
        Column::new("handshakes", "", "handshakes whose keys were derived, each once", Get::Number(|r| Some(r.handshakes))),
        Column::new(
            "proofs_right",
            "frames",
            "messages of the station whose integrity code is right under a given key, repeats included",
            Get::Number(|r| Some(r.proofs_right)),
        ),
        Column::new(
            "proofs_wrong",
            "frames",
            "those that no given key fits, though the access point's nonce is known: a wrong passphrase",
            Get::Number(|r| Some(r.proofs_wrong)),
        ),
        Column::new("rekeys", "", "handshakes that renewed the keys of an association", Get::Number(|r| Some(r.rekeys))),
        Column::new("group_keys", "", "keys for frames to all that were learned; 0 for a station", Get::Number(|r| Some(r.group_keys))),
        Column::new(
            "keys",
            "",
            "the user's keys that opened its frames, each by its place in the list and its kind, never the key itself",
            Get::List(|r| texts(&r.keys)),
        ),
        Column::new(
            "signal_least",
            "dBm",
            "weakest signal of frames that it sent itself; empty when the radio does not tell",
            Get::Real(|r| r.signal_least.map(f64::from)),
        ),
        Column::new("signal_most", "dBm", "strongest signal, likewise", Get::Real(|r| r.signal_most.map(f64::from))),
    ];
}
