//! What is known of a network or a station, as a row of the table `wifi`.

use super::state::{Network, Station, shown};
use super::tally::Tally;
use crate::record;
use crate::wire::rsn::{Generation, Security, cipher_name, key_management_name};
use crate::wire::{Mac, escape};

/// The row of a network itself.
pub(super) fn network(bssid: Mac, network: &Network) -> record::Wifi {
    let row = of(bssid, Some(network), network.security.as_ref(), &network.tally);
    record::Wifi { beacons: network.beacons, group_keys: network.group_keys, ..row }
}

/// The row of a station.
pub(super) fn station(bssid: Mac, address: Mac, station: &Station, network: Option<&Network>) -> record::Wifi {
    let row = of(bssid, network, station.choice.as_ref(), &station.tally);
    record::Wifi {
        station: Some(address.to_string()),
        handshake_messages: station.exchange.messages,
        handshakes: station.handshakes,
        proofs_right: station.right,
        proofs_wrong: station.exchange.all_wrong(),
        rekeys: station.rekeys,
        ..row
    }
}

fn of(bssid: Mac, network: Option<&Network>, security: Option<&Security>, tally: &Tally) -> record::Wifi {
    let ssid = network.and_then(|network| network.ssid.as_ref());
    record::Wifi {
        capture: "".into(),
        bssid: bssid.to_string(),
        ssid: ssid.map(|ssid| escape(ssid)),
        is_hidden: network.filter(|network| network.beacons > 0).map(|network| network.is_hidden),
        station: None,
        security: generation(network, security),
        key_management: security
            .map(|security| security.key_management.iter().copied().map(key_management_name).collect())
            .unwrap_or_default(),
        ciphers: security.map(|security| security.pairwise.iter().copied().map(cipher_name).collect()).unwrap_or_default(),
        group_cipher: security.map(|security| cipher_name(security.group)),
        management_protection: security.filter(|security| security.generation == Generation::Rsn).map(protection),
        channel: tally.channel.and_then(|channel| channel.number),
        frequency: tally.channel.and_then(|channel| channel.frequency),
        first: tally.first,
        last: tally.last,
        frames: tally.frames,
        beacons: 0,
        retries: tally.retries,
        relayed: tally.relayed,
        clear: tally.clear,
        protected: tally.protected,
        opened: tally.opened,
        unverified: tally.unverified,
        failed: tally.failed.values().sum(),
        failed_reasons: tally.failed.iter().map(|(reason, count)| format!("{reason}={count}")).collect(),
        management_protected: tally.management_protected,
        management_opened: tally.management_opened,
        handshake_messages: [0; 4],
        handshakes: 0,
        proofs_right: 0,
        proofs_wrong: 0,
        rekeys: 0,
        group_keys: 0,
        keys: shown(&tally.keys),
        signal_least: tally.signal.map(|(least, _)| least),
        signal_most: tally.signal.map(|(_, most)| most),
    }
}

fn generation(network: Option<&Network>, security: Option<&Security>) -> Option<&'static str> {
    let offered = security.or_else(|| network.and_then(|network| network.security.as_ref()));
    match (offered.map(|security| security.generation), network.and_then(|network| network.is_private)) {
        (Some(Generation::Rsn), _) => Some("rsn"),
        (Some(Generation::Wpa), _) => Some("wpa"),
        (None, Some(true)) => Some("wep"),
        (None, Some(false)) => Some("open"),
        (None, None) => None,
    }
}

const fn protection(security: &Security) -> &'static str {
    match (security.requires_protected_management(), security.allows_protected_management()) {
        (true, _) => "required",
        (false, true) => "capable",
        (false, false) => "none",
    }
}
