//! Table `positions`: where something said that it was, in clear text.

use super::{Column, Get, Origin, Record, text};

/// Whose position it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The aircraft.
    Aircraft,
    /// The place it returns to.
    Home,
    /// The phone or remote controller.
    Phone,
}

impl Subject {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aircraft => "aircraft",
            Self::Home => "home",
            Self::Phone => "phone",
        }
    }
}

/// One position.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// Flow and frame.
    pub origin: Origin,
    /// The device sent it.
    pub from_device: bool,
    /// Whose.
    pub subject: Subject,
    /// Latitude.
    pub latitude: f64,
    /// Longitude.
    pub longitude: f64,
    /// Above the sea.
    pub altitude_m: Option<f64>,
    /// Above the place of take-off.
    pub height_m: Option<f64>,
    /// Satellites in use.
    pub satellites: Option<u8>,
    /// Message that said so.
    pub basis: &'static str,
}

impl Record for Position {
    const TABLE: &'static str = "positions";
    const ABOUT: &'static str =
        "one row per position told in clear text; a message without a satellite fix (0, 0, or no place on earth) has no row";
    const ORIGIN: Option<fn(&Self) -> &Origin> = Some(|r| &r.origin);
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("from_device", "", "true when the device sent it", Get::Flag(|r| Some(r.from_device))),
        Column::new("subject", "", "whose position: aircraft, home (where it returns to), phone", Get::Text(|r| text(r.subject.as_str()))),
        Column::new("latitude", "°", "WGS 84, north positive", Get::Real(|r| Some(r.latitude))),
        Column::new("longitude", "°", "WGS 84, east positive", Get::Real(|r| Some(r.longitude))),
        Column::new("altitude_m", "m", "above the sea; empty when not told", Get::Real(|r| r.altitude_m)),
        Column::new("height_m", "m", "above the place of take-off; empty when not told", Get::Real(|r| r.height_m)),
        Column::new("satellites", "", "satellites in use; empty when not told", Get::Number(|r| r.satellites.map(u64::from))),
        Column::new("basis", "", "message that said so, as `duml 03/43`", Get::Text(|r| text(r.basis))),
    ];
}
