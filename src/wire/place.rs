//! A place on earth as messages tell it: WGS 84, and nothing where there was no satellite fix.

/// A place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// Degrees north.
    pub(crate) latitude: f64,
    /// Degrees east.
    pub(crate) longitude: f64,
    /// Metres above the sea.
    pub(crate) altitude_m: Option<f64>,
    /// Metres above the place of take-off.
    pub(crate) height_m: Option<f64>,
    /// Satellites in use.
    pub(crate) satellites: Option<u8>,
}

impl Place {
    /// From degrees. Without a fix senders write zeros, or numbers that are no place.
    pub(crate) fn from_degrees(latitude: f64, longitude: f64) -> Option<Self> {
        let is_place = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
        let is_null_island = latitude.abs() < 1e-6 && longitude.abs() < 1e-6;
        (is_place && !is_null_island).then_some(Self { latitude, longitude, altitude_m: None, height_m: None, satellites: None })
    }

    /// From radians.
    pub(crate) fn from_radians(latitude: f64, longitude: f64) -> Option<Self> {
        Self::from_degrees(latitude.to_degrees(), longitude.to_degrees())
    }

    /// From ten millionths of a degree.
    pub(crate) fn from_e7(latitude: i32, longitude: i32) -> Option<Self> {
        Self::from_degrees(f64::from(latitude) / 1e7, f64::from(longitude) / 1e7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_fix_is_no_place() {
        for (latitude, longitude) in [(0.0, 0.0), (500.0, 500.0), (f64::NAN, 1.0), (1.0, f64::INFINITY), (90.1, 0.0)] {
            assert_eq!(Place::from_degrees(latitude, longitude), None, "{latitude} {longitude}");
        }
        assert_eq!(Place::from_e7(400_153_000, -1_052_703_000).map(|place| place.longitude), Some(-105.2703));
        assert!(Place::from_degrees(0.0, 6.5).is_some());
    }
}
