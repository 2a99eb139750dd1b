//! A place on Earth as broadcasts tell it.

/// Latitude and longitude in degrees, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Position {
    /// Degrees, north positive.
    pub(crate) latitude: f64,
    /// Degrees, east positive.
    pub(crate) longitude: f64,
}

impl Position {
    /// From two raw numbers and how many of them make a degree; zero twice says that it is not known.
    pub(crate) fn scaled(latitude: i32, longitude: i32, per_degree: f64) -> Option<Self> {
        let degrees = |raw: i32| (f64::from(raw) / per_degree * 1e7).round() / 1e7;
        (latitude != 0 || longitude != 0).then(|| Self { latitude: degrees(latitude), longitude: degrees(longitude) })
    }

    /// The two numbers the other way round.
    pub(crate) const fn swapped(self) -> Self {
        Self { latitude: self.longitude, longitude: self.latitude }
    }

    /// There is such a place.
    pub(crate) fn is_on_earth(self) -> bool {
        self.latitude.abs() <= 90.0 && self.longitude.abs() <= 180.0
    }

    /// Metres over ground to another place, on a sphere: right to half a percent.
    pub(crate) fn metres_to(self, other: Self) -> f64 {
        const EARTH_RADIUS: f64 = 6_371_008.8;
        let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let chord = half(self.latitude, other.latitude) + from.cos() * to.cos() * half(self.longitude, other.longitude);
        2.0 * EARTH_RADIUS * chord.clamp(0.0, 1.0).sqrt().asin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_zeros_are_no_place() {
        assert_eq!(Position::scaled(0, 0, 1e7), None);
        assert_eq!(Position::scaled(469_480_000, 0, 1e7), Some(Position { latitude: 46.948, longitude: 0.0 }));
    }

    #[test]
    fn a_degree_of_latitude_is_sixty_nautical_miles() {
        let from = Position { latitude: 46.0, longitude: 7.0 };
        let metres = from.metres_to(Position { latitude: 47.0, longitude: 7.0 });
        assert!((metres - 60.0 * 1_852.0).abs() < 200.0, "{metres}");
        assert!(!from.swapped().swapped().swapped().metres_to(from).is_nan());
    }
}
