//! Where a picture was taken, by its metadata: the GPS directory of Exif (CIPA DC-008 section 4.6.6), or XMP.
//!
//! ```text
//! "II" | "MM"   42   offset of the first directory             Exif is a TIFF
//! count | tag type count value-or-offset | … | next            a directory; tag 8825 leads to that of GPS
//! 1 N or S   2 three rationals   3 E or W   4 three rationals  degrees, minutes, seconds
//! ```

use super::reader::Reader;

/// Tags of one directory; cameras write fewer than a hundred.
const TAGS: u16 = 512;
/// Tag that leads to the GPS directory.
const GPS: u16 = 0x8825;

/// What tells where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Position {
    /// Exif: latitude and longitude in degrees.
    Exif(f64, f64),
    /// XMP has a field for it.
    Xmp,
}

/// Looks for a position in the first bytes of a picture.
pub(crate) fn position(head: &[u8]) -> Option<Position> {
    let head = before_scan(head);
    let tiff = match head {
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(head),
        _ => behind(head, b"Exif\0\0").or_else(|| behind(head, b"eXIf")),
    };
    let exif = tiff.and_then(|tiff| Tiff::new(tiff)?.position());
    let has_xmp = || behind(head, b"GpsLatitude").or_else(|| behind(head, b"exif:GPSLatitude")).is_some();
    exif.or_else(|| has_xmp().then_some(Position::Xmp))
}

/// Tags of a TIFF's first directory.
pub(super) fn first_directory(tiff: &[u8]) -> Option<Vec<u16>> {
    let tiff = Tiff::new(tiff)?;
    Some(tiff.directory(tiff.first)?.into_iter().map(|entry| entry.tag).collect())
}

/// Of a JPEG what comes before the picture itself (ITU-T T.81 section B.2.1): behind it, words are chance.
fn before_scan(head: &[u8]) -> &[u8] {
    let mut rest = head.strip_prefix(b"\xff\xd8").unwrap_or_default();
    while let [0xff, marker, high, low, ..] = rest {
        if *marker == 0xff {
            // A marker may be preceded by fill bytes.
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        if *marker == 0xda {
            return head.get(..head.len().saturating_sub(rest.len())).unwrap_or(head);
        }
        rest = rest.get(2 + usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or_default();
    }
    head
}

fn behind<'a>(bytes: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::find(bytes, word)?;
    bytes.get(at.saturating_add(word.len())..)
}

struct Tiff<'a> {
    bytes: &'a [u8],
    is_little: bool,
    first: u32,
}

struct Entry {
    tag: u16,
    kind: u16,
    count: u32,
    value: [u8; 4],
}

impl<'a> Tiff<'a> {
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let is_little = match bytes {
            [b'I', b'I', 42, 0, ..] => true,
            [b'M', b'M', 0, 42, ..] => false,
            _ => return None,
        };
        let mut tiff = Self { bytes, is_little, first: 0 };
        tiff.first = tiff.long(&mut Reader::new(bytes.get(4..)?))?;
        Some(tiff)
    }

    fn short(&self, reader: &mut Reader<'_>) -> Option<u16> {
        if self.is_little { reader.u16_le() } else { reader.u16() }.ok()
    }

    fn long(&self, reader: &mut Reader<'_>) -> Option<u32> {
        if self.is_little { reader.u32_le() } else { reader.u32() }.ok()
    }

    fn at(&self, offset: u32) -> Option<Reader<'a>> {
        self.bytes.get(usize::try_from(offset).ok()?..).map(Reader::new)
    }

    /// The entries of a directory, as many as are there.
    fn directory(&self, offset: u32) -> Option<Vec<Entry>> {
        let mut reader = self.at(offset)?;
        let count = self.short(&mut reader)?.min(TAGS);
        let mut entries = Vec::new();
        for _ in 0..count {
            let Some((tag, kind)) = self.short(&mut reader).zip(self.short(&mut reader)) else { break };
            let Some((count, value)) = self.long(&mut reader).zip(reader.array().ok()) else { break };
            entries.push(Entry { tag, kind, count, value });
        }
        Some(entries)
    }

    fn offset(&self, entry: &Entry) -> Option<u32> {
        self.long(&mut Reader::new(&entry.value))
    }

    fn position(&self) -> Option<Position> {
        let gps = self.directory(self.first)?.into_iter().find(|entry| entry.tag == GPS)?;
        let entries = self.directory(self.offset(&gps)?)?;
        let find = |tag| entries.iter().find(|entry| entry.tag == tag);
        let latitude = self.degrees(find(2)?)? * sign(find(1), b'S');
        let longitude = self.degrees(find(4)?)? * sign(find(3), b'W');
        let is_plausible = latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && (latitude != 0.0 || longitude != 0.0);
        is_plausible.then_some(Position::Exif(latitude, longitude))
    }

    /// Degrees, minutes, seconds, each a rational.
    fn degrees(&self, entry: &Entry) -> Option<f64> {
        if (entry.kind, entry.count) != (5, 3) {
            return None;
        }
        let mut reader = self.at(self.offset(entry)?)?;
        let mut degrees = 0.0;
        for (unit, most) in [(1.0, 180.0), (60.0, 60.0), (3_600.0, 60.0)] {
            let (over, under) = (self.long(&mut reader)?, self.long(&mut reader)?);
            let value = f64::from(over) / f64::from(under);
            if under == 0 || value > most {
                return None;
            }
            degrees += value / unit;
        }
        Some(degrees)
    }
}

fn sign(reference: Option<&Entry>, negative: u8) -> f64 {
    let [letter, ..] = reference.map_or([0; 4], |entry| entry.value);
    if letter == negative { -1.0 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A TIFF whose first directory leads to GPS: 46 degrees, `minutes`, 53.232 seconds in the letters' directions.
    fn tiff(letters: [u8; 2], under: u32) -> Vec<u8> {
        let entry = |tag: u16, kind: u16, count: u32, value: u32| {
            [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value.to_be_bytes()].concat()
        };
        let letter = |letter: u8| u32::from_be_bytes([letter, 0, 0, 0]);
        let triple = |degrees: u32, minutes: u32, seconds: u32| {
            [degrees, 1, minutes, 1, seconds, under].iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>()
        };
        [
            b"MM\0*\0\0\0\x08\0\x01".to_vec(),
            entry(GPS, 4, 1, 26),
            vec![0; 4],
            vec![0, 4],
            entry(1, 2, 2, letter(letters[0])),
            entry(2, 5, 3, 80),
            entry(3, 2, 2, letter(letters[1])),
            entry(4, 5, 3, 104),
            vec![0; 4],
            triple(46, 56, 53_232),
            triple(7, 26, 51_756),
        ]
        .concat()
    }

    fn jpeg(tiff: &[u8]) -> Vec<u8> {
        [&b"\xff\xd8\xff\xe1\x00\x90Exif\0\0"[..], tiff].concat()
    }

    #[test]
    fn degrees_minutes_and_seconds() {
        let Some(Position::Exif(latitude, longitude)) = position(&jpeg(&tiff(*b"NE", 1_000))) else { panic!("no position") };
        assert!((latitude - 46.948_12).abs() < 1e-5 && (longitude - 7.447_71).abs() < 1e-5, "{latitude} {longitude}");
        let Some(Position::Exif(latitude, longitude)) = position(&tiff(*b"SW", 1_000)) else { panic!("no position") };
        assert!(latitude < -46.0 && longitude < -7.0);
    }

    #[test]
    fn no_position_is_invented() {
        assert_eq!(position(&jpeg(&tiff(*b"NE", 0))), None);
        assert_eq!(position(&jpeg(&tiff(*b"NE", 1))), None, "53,232 seconds");
        assert_eq!(position(b"\xff\xd8\xff\xe0no metadata"), None);
        assert_eq!(position(b"\xff\xd8<rdf drone-dji:GpsLatitude=\"+46.9\""), Some(Position::Xmp));
    }

    #[test]
    fn the_picture_itself_tells_nothing() {
        let scan = b"\xff\xda\0\x04\0\0GpsLatitude";
        assert_eq!(position(&[&b"\xff\xd8\xff\xe0\0\x04ab"[..], scan].concat()), None);
        assert_eq!(position(&[&b"\xff\xd8\xff\xe1\0\x10GpsLatitude ab"[..], scan].concat()), Some(Position::Xmp));
        assert_eq!(position(&[&b"\xff\xd8\xff\xff\xe1\0\x10GpsLatitude ab"[..], scan].concat()), Some(Position::Xmp));
        let whole = [&jpeg(&tiff(*b"NE", 1_000))[..], &[0; 8], scan].concat();
        assert!(matches!(position(&whole), Some(Position::Exif(..))));
    }

    #[test]
    fn every_prefix_is_read_without_harm() {
        let whole = jpeg(&tiff(*b"NE", 1_000));
        for length in 0..whole.len() {
            assert_eq!(position(whole.get(..length).unwrap()), None, "{length}");
        }
    }
}
