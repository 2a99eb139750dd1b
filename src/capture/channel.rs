//! The radio's channel, set through nl80211 (linux/nl80211.h) over generic netlink (linux/genetlink.h).
//!
//! A message is `length u32, type u16, flags u16, sequence u32, port u32`, then `command u8, version u8, 0 u16`, then
//! attributes `length u16, type u16, value` padded to four; all in the machine's byte order. The kernel answers with
//! a message, or with type 2, whose first word is an error number below zero, or zero.

use std::str::FromStr;

use crate::error::{Error, Kind};

/// A channel of a radio, by its frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Centre in MHz.
    pub(crate) frequency: u32,
}

impl FromStr for Channel {
    type Err = String;

    /// Reads a channel's number (IEEE 802.11-2020 annex E: 1 to 14 at 2.4 GHz, 32 to 177 at 5 GHz) or its frequency in MHz.
    fn from_str(text: &str) -> Result<Self, String> {
        let frequency = match text.parse::<u32>() {
            Ok(number @ 1..=13) => 2_407 + 5 * number,
            Ok(14) => 2_484,
            Ok(number @ 32..=177) => 5_000 + 5 * number,
            Ok(frequency @ 2_400..=7_200) => frequency,
            _ => return Err(format!("{text:?} is no channel: expected 1 to 14, 32 to 177, or a frequency in MHz")),
        };
        Ok(Self { frequency })
    }
}

/// Sets the channel of one interface.
pub(crate) struct Radio {
    #[cfg(target_os = "linux")]
    link: linux::Link,
    interface: String,
}

impl Radio {
    /// Finds the interface's radio.
    ///
    /// # Errors
    /// When the system has no nl80211, or no such interface.
    #[cfg(target_os = "linux")]
    pub(crate) fn open(interface: &str) -> Result<Self, Error> {
        let refused = |reason: String| Error::from(Kind::Usage(format!("cannot set the channel of {interface}: {reason}")));
        Ok(Self { link: linux::Link::open(interface).map_err(refused)?, interface: interface.to_owned() })
    }

    /// Finds the interface's radio.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn open(interface: &str) -> Result<Self, Error> {
        Err(Kind::Usage(format!("cannot set the channel of {interface}: that needs nl80211, which only Linux has")).into())
    }

    /// Changes the channel.
    ///
    /// # Errors
    /// When the driver refuses: the channel is not allowed here, the interface is in use otherwise, the user may not.
    pub(crate) fn tune(&mut self, channel: Channel) -> Result<(), Error> {
        let refused =
            |reason: String| Error::from(Kind::Usage(format!("cannot set {} to {} MHz: {reason}", self.interface, channel.frequency)));
        #[cfg(target_os = "linux")]
        return self.link.tune(channel.frequency).map_err(refused);
        #[cfg(not(target_os = "linux"))]
        Err(refused("that needs nl80211".to_owned()))
    }
}

#[cfg(target_os = "linux")]
mod linux {
    //! The messages, and the socket that carries them.

    use std::os::fd::OwnedFd;

    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netdevice, netlink, recv, send, socket_with};

    /// Fixed type of the family that knows all families (`GENL_ID_CTRL`).
    const CONTROL: u16 = 16;
    const GET_FAMILY: u8 = 3;
    const FAMILY_ID: u16 = 1;
    const FAMILY_NAME: u16 = 2;
    const SET_WIPHY: u8 = 2;
    const INTERFACE_INDEX: u16 = 3;
    const FREQUENCY: u16 = 38;
    const CHANNEL_TYPE: u16 = 39;
    /// 20 MHz without 802.11n: what every radio can, and beacons are sent in.
    const NO_HT: u32 = 0;
    const ERROR: u16 = 2;
    /// `NLM_F_REQUEST | NLM_F_ACK`.
    const REQUEST: u16 = 1 | 4;
    /// Bytes of both headers.
    const HEAD: usize = 20;

    pub(super) struct Link {
        socket: OwnedFd,
        family: u16,
        index: u32,
        sequence: u32,
    }

    impl Link {
        pub(super) fn open(interface: &str) -> Result<Self, String> {
            let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(netlink::GENERIC));
            let socket = socket.map_err(|error| format!("no netlink socket: {error}"))?;
            let index = netdevice::name_to_index(&socket, interface).map_err(|error| error.to_string())?;
            let mut link = Self { socket, family: CONTROL, index, sequence: 0 };
            let answer = link.ask(GET_FAMILY, &[(FAMILY_NAME, b"nl80211\0")])?;
            let missing = || "this system has no nl80211: no Wi-Fi driver is loaded".to_owned();
            link.family = answer.and_then(|answer| family(&answer)).ok_or_else(missing)?;
            Ok(link)
        }

        pub(super) fn tune(&mut self, frequency: u32) -> Result<(), String> {
            let (index, frequency) = (self.index.to_ne_bytes(), frequency.to_ne_bytes());
            let attributes: [(u16, &[u8]); 3] = [(INTERFACE_INDEX, &index), (FREQUENCY, &frequency), (CHANNEL_TYPE, &NO_HT.to_ne_bytes())];
            self.ask(SET_WIPHY, &attributes).map(drop)
        }

        /// Sends a request; the answer is the kernel's message, none for a bare acknowledgement or an unknown family.
        fn ask(&mut self, command: u8, attributes: &[(u16, &[u8])]) -> Result<Option<Vec<u8>>, String> {
            self.sequence += 1;
            let message = message(self.family, self.sequence, command, attributes);
            send(&self.socket, &message, SendFlags::empty()).map_err(|error| error.to_string())?;
            let mut answer = None;
            loop {
                let mut buffer = vec![0; 8 << 10];
                let (length, _) = recv(&self.socket, &mut buffer, RecvFlags::empty()).map_err(|error| error.to_string())?;
                buffer.truncate(length);
                if word(&buffer, 8) != Some(self.sequence) {
                    continue;
                }
                if half(&buffer, 4) != Some(ERROR) {
                    answer = Some(buffer);
                    continue;
                }
                // The acknowledgement comes last.
                return match word(&buffer, 16).map(u32::cast_signed) {
                    Some(0) => Ok(answer),
                    Some(number) if self.family == CONTROL && number == -rustix::io::Errno::NOENT.raw_os_error() => Ok(None),
                    Some(number) => Err(std::io::Error::from_raw_os_error(number.saturating_neg()).to_string()),
                    None => Err("the kernel's answer is cut short".to_owned()),
                };
            }
        }
    }

    pub(super) fn message(family: u16, sequence: u32, command: u8, attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (kind, value) in attributes {
            let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
            body.extend_from_slice(&length.to_ne_bytes());
            body.extend_from_slice(&kind.to_ne_bytes());
            body.extend_from_slice(value);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut message = u32::try_from(HEAD + body.len()).unwrap_or(u32::MAX).to_ne_bytes().to_vec();
        message.extend_from_slice(&family.to_ne_bytes());
        message.extend_from_slice(&REQUEST.to_ne_bytes());
        message.extend_from_slice(&sequence.to_ne_bytes());
        message.extend_from_slice(&[0, 0, 0, 0, command, 1, 0, 0]);
        message.extend_from_slice(&body);
        message
    }

    /// The number of a family in the answer about it.
    pub(super) fn family(answer: &[u8]) -> Option<u16> {
        let mut at = HEAD;
        loop {
            let length = usize::from(half(answer, at)?);
            if half(answer, at + 2)? == FAMILY_ID {
                return half(answer, at + 4);
            }
            at += length.max(4).next_multiple_of(4);
        }
    }

    fn half(bytes: &[u8], at: usize) -> Option<u16> {
        bytes.get(at..)?.first_chunk().copied().map(u16::from_ne_bytes)
    }

    fn word(bytes: &[u8], at: usize) -> Option<u32> {
        bytes.get(at..)?.first_chunk().copied().map(u32::from_ne_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_numbers_or_frequencies() {
        let frequency = |text: &str| text.parse::<Channel>().map(|channel| channel.frequency).ok();
        assert_eq!([frequency("1"), frequency("13"), frequency("14")], [Some(2_412), Some(2_472), Some(2_484)]);
        assert_eq!([frequency("36"), frequency("149"), frequency("5955")], [Some(5_180), Some(5_745), Some(5_955)]);
        assert_eq!([frequency("0"), frequency("15"), frequency("x")], [None; 3]);
    }

    #[cfg(all(target_os = "linux", target_endian = "little"))]
    #[test]
    fn messages_are_as_the_headers_declare_them() {
        // Family 28, command 2 (SET_WIPHY): attributes 3 (index 7), 38 (2437 MHz), 39 (no HT).
        let attributes: [(u16, &[u8]); 3] = [(3, &7_u32.to_le_bytes()), (38, &2_437_u32.to_le_bytes()), (39, &[0; 4])];
        let expected = "2c0000001c0005000100000000000000020100000800030007000000080026008509000008002700".to_owned() + "00000000";
        assert_eq!(crate::wire::hex(&linux::message(28, 1, 2, &attributes)), expected);
        // An answer of the controller: name nl80211, then id 28.
        let answer = linux::message(16, 1, 1, &[(2, b"nl80211\0"), (1, &28_u16.to_le_bytes()), (3, &[1, 0, 0, 0])]);
        assert_eq!(linux::family(&answer), Some(28));
        assert_eq!(linux::family(&answer[..30]), None);
    }

    #[test]
    fn an_interface_without_a_radio_is_said() {
        let refused = Radio::open("nosuch0").err().unwrap().to_string();
        assert!(refused.contains("cannot set the channel of nosuch0"), "{refused}");
        if let Err(refused) = Radio::open("lo").and_then(|mut radio| radio.tune("6".parse().unwrap())) {
            assert!(refused.to_string().contains("lo"), "{refused}");
        }
    }
}
