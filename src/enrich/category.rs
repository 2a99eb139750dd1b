//! The kinds of data a flow may carry: the study's own fixed list, in the order in which tables show it.

/// One kind of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Category {
    /// The word in tables and rule files.
    pub(crate) name: &'static str,
    /// What it stands for.
    pub(crate) about: &'static str,
}

/// The word for a flow whose kind nothing tells.
pub(crate) const UNKNOWN: &str = "unknown";

const fn category(name: &'static str, about: &'static str) -> Category {
    Category { name, about }
}

/// Every category there is.
pub(crate) static CATEGORIES: &[Category] = &[
    category("media", "photos and videos of the user"),
    category("audio", "sound recorded by the user's device"),
    category("flight_log", "flight records and what indexes them"),
    category("diagnostics", "usage statistics, device state, configuration and logs of the vendor"),
    category("crash_report", "crash and exception reports"),
    category("location_check", "no-fly zones, geocoding, network or satellite positioning aid"),
    category("account", "activation, identity, e-mail, phone number, payment"),
    category("face_data", "faces or measures of persons"),
    category("firmware", "firmware of aircraft, remote control and accessories"),
    category("app_update", "updates of the app and its code"),
    category("map_tiles", "map and terrain tiles"),
    category("live_stream", "live video to the Internet"),
    category("social", "sharing, sign-in and feeds of social networks"),
    category("push", "push messages to the app"),
    category("analytics", "usage measured for or by a third party"),
    category("advertising", "advertising and its attribution"),
    category("cloud_storage", "object storage whose content the name does not tell"),
    category("content", "help, store, pages and pictures of the app's own"),
    category("name_service", "look-up of names"),
    category("time", "clock synchronisation"),
    category("link_control", "drone link: commands"),
    category("link_telemetry", "drone link: state of the aircraft"),
    category("link_video", "drone link: live picture"),
    category("broadcast_id", "DroneID and Remote ID"),
    category("local", "other traffic that stays on the local network"),
    category("platform", "the phone's operating system at work for itself"),
    category("tunnel", "traffic wrapped in other traffic"),
    category(UNKNOWN, "nothing tells the kind"),
];

/// The category called `word`, as the list spells it.
pub(crate) fn find(word: &str) -> Option<&'static str> {
    CATEGORIES.iter().find(|category| category.name == word).map(|category| category.name)
}

/// Position of a category in the list; what is not in it comes last.
pub(super) fn position(name: &str) -> usize {
    CATEGORIES.iter().position(|category| category.name == name).unwrap_or(CATEGORIES.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for (place, category) in CATEGORIES.iter().enumerate() {
            assert_eq!(find(category.name), Some(category.name));
            assert_eq!(position(category.name), place, "{} twice", category.name);
        }
        assert_eq!(find("Media"), None);
        assert_eq!(find(""), None);
    }
}
