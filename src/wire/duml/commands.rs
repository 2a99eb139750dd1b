//! What DUML commands are for.
//!
//! Numbers and meanings: o-gs/dji-firmware-tools@df0b9c6, comm_dissector/wireshark/dji-dumlv1-*.lua, names worded
//! anew; on newer aircraft some numbers mean something else, and the list says so where its source does.

use crate::record::LinkKind::{self, *};

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) kind: LinkKind,
}

/// What a command is; of one that is not in the list, what its set is for, where all of the set is for one thing.
pub(crate) fn command(set: u8, id: u8) -> Option<Command> {
    let found = COMMANDS.binary_search_by_key(&(set, id), |(set, id, ..)| (*set, *id)).ok();
    let (.., name, kind) = COMMANDS.get(found?)?;
    Some(Command { name, kind: *kind })
}

/// Command set, command, name, what it is for; in order.
static COMMANDS: &[(u8, u8, &str, LinkKind)] = &[
    // General.
    (0x00, 0x00, "ping", Link),
    (0x00, 0x01, "version", Identifier),
    (0x00, 0x07, "enter loader", Control),
    (0x00, 0x08, "firmware update: confirm", Control),
    (0x00, 0x09, "firmware update: data", Control),
    (0x00, 0x0a, "firmware update: finish", Control),
    (0x00, 0x0b, "reboot", Control),
    (0x00, 0x0c, "state of a part", Telemetry),
    (0x00, 0x0e, "heartbeat or log text", Link),
    (0x00, 0x20, "list of files", FileTransfer),
    (0x00, 0x21, "about a file", FileTransfer),
    (0x00, 0x22, "send a file", FileTransfer),
    (0x00, 0x23, "receive a file", FileTransfer),
    (0x00, 0x24, "file being sent", FileTransfer),
    (0x00, 0x25, "piece of a file failed", FileTransfer),
    (0x00, 0x26, "file transfer, app to camera", FileTransfer),
    (0x00, 0x27, "file transfer, camera to app", FileTransfer),
    (0x00, 0x28, "file transfer, delete", FileTransfer),
    (0x00, 0x2a, "file transfer, general", FileTransfer),
    (0x00, 0x30, "encryption settings", Control),
    (0x00, 0x32, "activation", Activation),
    (0x00, 0x33, "accessory certificate", Identifier),
    (0x00, 0x42, "state of the firmware update", Telemetry),
    (0x00, 0x4a, "set date and time", Control),
    (0x00, 0x4b, "date and time", Telemetry),
    (0x00, 0x50, "set serial number", Identifier),
    (0x00, 0x51, "serial number", Identifier),
    (0x00, 0x52, "set reports of position", Control),
    (0x00, 0x53, "report of position", Telemetry),
    (0x00, 0x54, "temperature", Telemetry),
    (0x00, 0x57, "about the network", Telemetry),
    (0x00, 0x58, "time synchronisation", Link),
    (0x00, 0x5c, "about the flight", Telemetry),
    (0x00, 0xf0, "log", FlightLog),
    (0x00, 0xf1, "self test of a part", Telemetry),
    (0x00, 0xf2, "log settings", FlightLog),
    (0x00, 0xf3, "log settings of a part", FlightLog),
    (0x00, 0xfa, "log settings", FlightLog),
    (0x00, 0xff, "about a part", Identifier),
    // Special.
    (0x01, 0x01, "special control by the app, old", Control),
    (0x01, 0x03, "special control by the app", Control),
    (0x01, 0x04, "special control by the remote controller", Control),
    (0x01, 0x05, "arm or disarm by SDK", Control),
    // Camera.
    (0x02, 0x01, "take a photo", Control),
    (0x02, 0x02, "record a video", Control),
    (0x02, 0x03, "heartbeat", Link),
    (0x02, 0x10, "set camera mode", Control),
    (0x02, 0x11, "camera mode", Telemetry),
    (0x02, 0x40, "set face detection", Control),
    (0x02, 0x41, "face detection", Telemetry),
    (0x02, 0x80, "state of the camera", Telemetry),
    (0x02, 0x81, "settings of the camera", Telemetry),
    // Flight controller.
    (0x03, 0x03, "set home position", Control),
    (0x03, 0x06, "set flight limits", NoFlyZone),
    (0x03, 0x07, "flight limits", NoFlyZone),
    (0x03, 0x08, "set no-fly zone", NoFlyZone),
    (0x03, 0x09, "no-fly state", NoFlyZone),
    (0x03, 0x0a, "state of the battery", Telemetry),
    (0x03, 0x0e, "emergency stop", Control),
    // On newer aircraft: switch ground station on.
    (0x03, 0x20, "position sent to the flight controller", PhonePosition),
    (0x03, 0x22, "upload route", Control),
    (0x03, 0x24, "upload waypoint", Control),
    (0x03, 0x28, "return", Control),
    (0x03, 0x29, "stick", Control),
    (0x03, 0x2a, "function: take off, land, return", Control),
    (0x03, 0x31, "set home point", Control),
    (0x03, 0x33, "set name of the aircraft", Identifier),
    (0x03, 0x34, "name of the aircraft", Identifier),
    (0x03, 0x36, "serial number", Identifier),
    (0x03, 0x37, "about the aircraft", Identifier),
    (0x03, 0x39, "enter flight data mode", FlightLog),
    (0x03, 0x3a, "control of the flight recorder", FlightLog),
    (0x03, 0x3e, "request to update limits", NoFlyZone),
    (0x03, 0x3f, "no-fly zone data", NoFlyZone),
    (0x03, 0x41, "upload unlocked zones", NoFlyZone),
    // On older aircraft: attitude.
    (0x03, 0x42, "state of unlocked zones", NoFlyZone),
    (0x03, 0x43, "general state with position", Telemetry),
    (0x03, 0x44, "home point", Telemetry),
    (0x03, 0x45, "satellite signals", Telemetry),
    (0x03, 0x47, "enable unlocked zones", NoFlyZone),
    (0x03, 0x4a, "attitude", Telemetry),
    (0x03, 0x4b, "sticks of the remote controller", Telemetry),
    (0x03, 0x4c, "position and speed", Telemetry),
    (0x03, 0x50, "state of the inertial unit", Telemetry),
    (0x03, 0x51, "state of the battery", Telemetry),
    (0x03, 0x53, "obstacle avoidance", Telemetry),
    (0x03, 0x55, "state of limits", NoFlyZone),
    (0x03, 0x56, "state of lights", Telemetry),
    (0x03, 0x57, "satellite systems", Telemetry),
    (0x03, 0x58, "attitude, sticks, speed, position", Telemetry),
    (0x03, 0x61, "activation: about", Activation),
    (0x03, 0x62, "activation: result", Activation),
    (0x03, 0x67, "motive power", Telemetry),
    (0x03, 0x6b, "settings of the flight recorder", FlightLog),
    (0x03, 0x6c, "precise position", Telemetry),
    (0x03, 0x70, "set serial number of the product", Identifier),
    (0x03, 0x71, "serial number of the product", Identifier),
    (0x03, 0x80, "navigation mode", Control),
    (0x03, 0x82, "upload mission", Control),
    (0x03, 0x84, "upload waypoint", Control),
    (0x03, 0x86, "start or stop mission", Control),
    (0x03, 0x88, "state of navigation", Telemetry),
    (0x03, 0x8e, "stick of the app", Control),
    (0x03, 0x90, "follow: start", Control),
    (0x03, 0x91, "follow: stop", Control),
    (0x03, 0x93, "follow: position of whom it follows", PhonePosition),
    (0x03, 0xa0, "satellite positioning aid", Control),
    (0x03, 0xcd, "update no-fly zones", NoFlyZone),
    (0x03, 0xce, "no-fly zones", NoFlyZone),
    (0x03, 0xcf, "new no-fly zones", NoFlyZone),
    (0x03, 0xd7, "flight record", FlightLog),
    (0x03, 0xda, "what DroneID broadcasts", Control),
    (0x03, 0xdf, "unlock", NoFlyZone),
    (0x03, 0xf1, "read settings", Control),
    (0x03, 0xf2, "write settings", Control),
    (0x03, 0xf5, "phone number or real name", Personal),
    (0x03, 0xf6, "log to a computer", FlightLog),
    (0x03, 0xf8, "read a setting", Control),
    (0x03, 0xf9, "write a setting", Control),
    (0x03, 0xfd, "type of the product", Identifier),
    // Gimbal.
    (0x04, 0x01, "control of the gimbal", Control),
    (0x04, 0x05, "attitude of the gimbal", Telemetry),
    // Remote controller.
    (0x06, 0x05, "sticks", Telemetry),
    (0x06, 0x08, "set name", Identifier),
    (0x06, 0x09, "name", Identifier),
    (0x06, 0x1b, "position of the remote controller", PhonePosition),
    (0x06, 0x1e, "battery of the remote controller", Telemetry),
    (0x06, 0x3b, "set identity", Identifier),
    // Wi-Fi.
    (0x07, 0x07, "network name", Identifier),
    (0x07, 0x08, "set network name", Control),
    (0x07, 0x09, "signal strength", Telemetry),
    (0x07, 0x0c, "link address", Identifier),
    (0x07, 0x0d, "set passphrase", Control),
    (0x07, 0x0e, "passphrase", Identifier),
    (0x07, 0x11, "link address of the phone", Identifier),
    (0x07, 0x30, "set country", Control),
    // Radio link.
    (0x09, 0x01, "general state with position", Telemetry),
    (0x09, 0x02, "home point", Telemetry),
    (0x09, 0x08, "signal quality of the picture", Telemetry),
    (0x09, 0x11, "quality of the radio", Telemetry),
    // Vision.
    (0x0a, 0x06, "obstacle avoidance", Telemetry),
    (0x0a, 0x07, "obstacles", Telemetry),
    // Battery.
    (0x0d, 0x01, "about the battery", Identifier),
    (0x0d, 0x02, "state of the battery", Telemetry),
    (0x0d, 0x03, "cells of the battery", Telemetry),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_finds() {
        assert!(COMMANDS.is_sorted_by(|one, next| (one.0, one.1) < (next.0, next.1)));
        assert_eq!(command(3, 0x43).map(|command| command.kind), Some(Telemetry));
        assert_eq!(command(3, 0x20).map(|command| command.kind), Some(PhonePosition));
        assert_eq!(command(0xee, 0), None);
    }
}
