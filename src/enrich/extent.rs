//! Where the land of each country lies, and how far away it is at least: boxes of whole degrees that hold all of it,
//! parts overseas too. A distance told here is never more than the true one.

use super::Country;
use super::geo::{GeoError, shipped_error};
use crate::limits;

/// The boxes, as geoip/extent.py makes them.
pub(super) const FILE: (&str, &str) = ("extent.csv", include_str!("../../geoip/extent.csv"));

/// Radius of a sphere with the earth's volume, kilometres.
const RADIUS_KM: f64 = 6_371.0;
/// A sphere is wrong by 0.56 % where the earth is flattest: distances on it are taken to be less by so much.
const ROUNDNESS: f64 = 0.994;

/// A place on the earth, in degrees, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    latitude: f64,
    longitude: f64,
}

impl Point {
    /// From degrees north and east; nothing when there is no such place.
    #[must_use]
    pub(super) fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let exists = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        exists.then_some(Self { latitude, longitude })
    }

    /// Degrees north.
    #[must_use]
    pub(super) const fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east.
    #[must_use]
    pub(super) const fn longitude(self) -> f64 {
        self.longitude
    }

    /// Great-circle distance on the sphere (haversine), kilometres.
    fn distance_km(self, other: Self) -> f64 {
        let (own, its) = (self.latitude.to_radians(), other.latitude.to_radians());
        let turned = (other.longitude - self.longitude).to_radians();
        let half = ((its - own) / 2.0).sin().powi(2) + own.cos() * its.cos() * (turned / 2.0).sin().powi(2);
        2.0 * RADIUS_KM * half.sqrt().min(1.0).asin()
    }
}

/// Land within whole degrees.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    south: f64,
    west: f64,
    north: f64,
    east: f64,
}

impl Bounds {
    /// Distance of its nearest point, kilometres.
    fn distance_km(self, from: Point) -> f64 {
        if (self.west..=self.east).contains(&from.longitude) {
            // On one meridian the way along it is the shortest.
            let latitude = from.latitude.clamp(self.south, self.north);
            return from.distance_km(Point { latitude, ..from });
        }
        [self.west, self.east].into_iter().map(|longitude| self.side_km(longitude, from)).fold(f64::INFINITY, f64::min)
    }

    /// Distance of the nearest point of one side, which is an arc of a meridian: an end of it, or where the great circle
    /// through `from` meets it at a right angle.
    fn side_km(self, longitude: f64, from: Point) -> f64 {
        let turned = (longitude - from.longitude).to_radians();
        let foot = from.latitude.to_radians().tan().atan2(turned.cos()).to_degrees();
        let nearest = if foot.abs() <= 90.0 { foot.clamp(self.south, self.north) } else { self.south };
        let at = |latitude: f64| from.distance_km(Point { latitude, longitude });
        at(nearest).min(at(self.south)).min(at(self.north))
    }
}

/// The land of every country.
#[derive(Clone, Debug)]
pub(super) struct Extents(Vec<(Country, Bounds)>);

impl Extents {
    /// The boxes inside the program. An error means that it was built from a damaged tree.
    pub(super) fn shipped() -> Result<Self, GeoError> {
        let rows = FILE.1.lines().skip(1).enumerate();
        let read = |(place, line): (usize, &str)| row(line).ok_or_else(|| shipped_error(FILE.0, &format!("line {}: no box", place + 2)));
        rows.map(read).collect::<Result<_, _>>().map(Self)
    }

    /// How far from here a country is at least, for each: kilometres, with the margin taken off.
    pub(super) fn least_km(&self, from: Point) -> Vec<(Country, f64)> {
        let nearest = |country| {
            let own = self.0.iter().filter(|(owner, _)| *owner == country);
            own.map(|(_, bounds)| bounds.distance_km(from)).fold(f64::INFINITY, f64::min)
        };
        let least = |country| (country, nearest(country).mul_add(ROUNDNESS, -limits::EXTENT_MARGIN_KM).max(0.0));
        // A country without land here is nowhere, and never too far.
        Country::all().map(least).filter(|(_, km)| km.is_finite()).collect()
    }
}

fn row(line: &str) -> Option<(Country, Bounds)> {
    let mut cells = line.split(',');
    let country = Country::from_code(cells.next()?)?;
    let mut degrees = || cells.next()?.parse::<f64>().ok();
    Some((country, Bounds { south: degrees()?, west: degrees()?, north: degrees()?, east: degrees()? }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point(latitude: f64, longitude: f64) -> Point {
        Point::new(latitude, longitude).unwrap()
    }

    fn km(code: &str, from: Point) -> f64 {
        let all = Extents::shipped().unwrap().least_km(from);
        all.into_iter().find(|(country, _)| country.as_str() == code).unwrap().1
    }

    /// Code, city, latitude and longitude.
    const CITIES: [(&str, &str, f64, f64); 16] = [
        ("US", "San Francisco", 37.77, -122.42),
        ("US", "Honolulu", 21.31, -157.86),
        ("US", "Anchorage", 61.22, -149.9),
        ("CN", "Hangzhou", 30.27, 120.16),
        ("HK", "Hong Kong", 22.3, 114.17),
        ("MO", "Macao", 22.2, 113.55),
        ("TW", "Taipei", 25.03, 121.56),
        ("SG", "Singapore", 1.29, 103.85),
        ("RE", "Saint-Denis", -20.88, 55.45),
        ("FR", "Cayenne", 4.94, -52.33),
        ("CH", "Bern", 46.95, 7.45),
        ("RU", "Anadyr, beyond the antimeridian's far side", 64.73, 177.5),
        ("FJ", "Suva", -18.14, 178.44),
        ("AU", "Sydney", -33.87, 151.21),
        ("XK", "Pristina", 42.66, 21.16),
        ("GB", "Stanley, Falkland Islands", -51.7, -57.85),
    ];

    #[test]
    fn a_city_lies_in_its_country() {
        for (code, city, latitude, longitude) in CITIES {
            assert!(km(code, point(latitude, longitude)) < f64::EPSILON, "{city}");
        }
    }

    #[test]
    fn countries_are_told_nearer_than_they_are_and_not_by_much() {
        // Geodesics on WGS 84 to the nearest point of the outline (GeographicLib, Natural Earth 1:10 million), kilometres.
        let (san_francisco, fairbanks, suva) = (point(37.77, -122.42), point(64.84, -147.72), point(-18.14, 178.44));
        let measured = [
            ("MX", san_francisco, 755.1),
            ("CA", san_francisco, 1_174.2),
            ("CN", san_francisco, 7_817.8),
            ("JP", san_francisco, 7_362.0),
            ("TW", san_francisco, 10_346.8),
            ("HK", san_francisco, 11_088.1),
            ("SG", san_francisco, 13_578.0),
            ("IE", san_francisco, 7_941.5),
            ("RU", fairbanks, 992.4),
            ("NZ", suva, 1_280.9),
            ("FR", point(51.5, -0.12), 138.2),
        ];
        for (code, from, true_km) in measured {
            let told = km(code, from);
            assert!(told <= true_km && told > true_km * 0.98 - 250.0, "{code}: {told} of {true_km}");
        }
    }

    #[test]
    fn every_country_has_land() {
        let all = Extents::shipped().unwrap().least_km(point(0.0, 0.0));
        assert_eq!(all.len(), Country::all().count());
    }

    #[test]
    fn places_that_do_not_exist_are_none() {
        for (latitude, longitude) in [(91.0, 0.0), (0.0, 181.0), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(Point::new(latitude, longitude), None);
        }
    }

    proptest! {
        /// No point of a box is nearer than the box.
        #[test]
        fn no_point_of_a_box_is_nearer(
            from in (-90.0..90.0_f64, -180.0..180.0_f64),
            corner in (-90..80_i32, -180..150_i32),
            reach in (1..10_i32, 1..30_i32),
            within in (0.0..1.0_f64, 0.0..1.0_f64),
        ) {
            let [south, west, height, width] = [corner.0, corner.1, reach.0, reach.1].map(f64::from);
            let bounds = Bounds { south, west, north: south + height, east: west + width };
            let from = point(from.0, from.1);
            let inside = point(height.mul_add(within.0, south), width.mul_add(within.1, west));
            prop_assert!(bounds.distance_km(from) <= from.distance_km(inside) + 1e-6);
            // And a point of its edge is as near: sampled densely, so within a few kilometres.
            let steps = || (0..=200).map(|step| f64::from(step) / 200.0);
            let edge = steps().flat_map(|part| {
                let (y, x) = (height.mul_add(part, south), width.mul_add(part, west));
                [(y, west), (y, bounds.east), (south, x), (bounds.north, x)]
            });
            let nearest = edge.map(|(y, x)| from.distance_km(point(y, x))).fold(f64::INFINITY, f64::min);
            let is_inside = (south..=bounds.north).contains(&from.latitude) && (west..=bounds.east).contains(&from.longitude);
            prop_assert!(is_inside || bounds.distance_km(from) >= nearest - 20.0);
        }
    }
}
