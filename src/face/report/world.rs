//! Countries and coast lines for the map: Natural Earth, public domain, rounded to a tenth of a degree.

use std::collections::BTreeMap;
use std::fmt::Write as _;

const COUNTRIES: &str = include_str!("../../../notebooks/world/countries.csv");
const LAND: &str = include_str!("../../../notebooks/world/land.csv");

/// A country's name and where its mark goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Country {
    /// Its name in English.
    pub(super) name: &'static str,
    /// Degrees north.
    pub(super) latitude: f64,
    /// Degrees east.
    pub(super) longitude: f64,
}

/// Countries by their ISO 3166-1 alpha-2 codes.
pub(super) fn countries() -> BTreeMap<&'static str, Country> {
    let country = |line: &'static str| {
        let (code, rest) = line.split_once(',')?;
        let mut fields = rest.rsplitn(3, ',');
        let (longitude, latitude, name) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?, fields.next()?);
        Some((code, Country { name: name.trim_matches('"'), latitude, longitude }))
    };
    COUNTRIES.lines().skip(1).filter_map(country).collect()
}

/// All coasts as the path of an SVG whose units are tenths of a degree, from 180 W, 84 N.
pub(super) fn coasts() -> String {
    let mut path = String::new();
    let (mut ring, mut at) = ("", (0, 0));
    for line in LAND.lines().skip(1) {
        let mut fields = line.split(',');
        let (Some(of), Some(longitude), Some(latitude)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let (Ok(longitude), Ok(latitude)) = (longitude.parse::<f64>(), latitude.parse::<f64>()) else { continue };
        let to = place(latitude, longitude);
        let _infallible = if of == ring {
            write!(path, "l{} {}", to.0 - at.0, to.1 - at.1)
        } else {
            write!(path, "{}M{} {}", if ring.is_empty() { "" } else { "z" }, to.0, to.1)
        };
        (ring, at) = (of, to);
    }
    path + "z"
}

/// Where a place is on the map.
#[expect(clippy::cast_possible_truncation, reason = "degrees times ten fit")]
#[expect(clippy::as_conversions, reason = "rounded before")]
pub(super) fn place(latitude: f64, longitude: f64) -> (i32, i32) {
    (((longitude + 180.0) * 10.0).round() as i32, ((84.0 - latitude) * 10.0).round() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_have_names_and_places() {
        let all = countries();
        assert!(all.len() > 200);
        assert_eq!(all["HK"].name, "Hong Kong");
        assert!((all["US"].latitude - 39.0).abs() < 10.0);
        assert_eq!(place(84.0, -180.0), (0, 0));
    }

    #[test]
    fn coasts_are_closed_rings() {
        let path = coasts();
        assert_eq!(path.matches('M').count(), path.matches('z').count());
        assert!(path.len() < 90_000);
    }
}
