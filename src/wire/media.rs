//! What a file is, by its first bytes: registered media types, and words of our own where none is registered.
//!
//! Sources: the formats' own standards (JPEG ITU-T T.81, PNG ISO 15948, ISO 14496-12 with the brands of mp4ra.org, TIFF
//! 6.0, Adobe DNG 1.7, H.264/H.265 annex B, ADTS of ISO 14496-3, RFC 3533 and 7845 for Ogg and Opus, APPNOTE.TXT for
//! ZIP), and for DJI's files the public parsers of flight records and firmware (DJI GO's `.txt`, the aircraft's `.DAT`).

use super::keys;
use super::reader::Reader;

/// Flight record of DJI's apps.
pub(crate) const FLIGHT_RECORD: &str = "dji-flight-record";
/// Log of the aircraft.
pub(crate) const FLIGHT_DATA: &str = "dji-dat";
/// Archive with a flight record in it.
pub(crate) const FLIGHT_ARCHIVE: &str = "dji-flight-record+zip";
/// Table of positions over time.
pub(crate) const TRACK: &str = "csv-track";
/// Firmware container.
pub(crate) const FIRMWARE: &str = "dji-firmware";
/// What a storage service says it holds: S3 and those that speak like it (OSS, GCS, COS), and Azure.
pub(crate) const LISTING: &str = "storage-listing";
/// Android application.
pub(crate) const APP: &str = "application/vnd.android.package-archive";
/// Its code alone.
pub(crate) const APP_CODE: &str = "application/vnd.android.dex";

/// Files that begin with the same bytes always.
const MAGIC: &[(&[u8], &str)] = &[
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"BZh", "application/x-bzip2"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
    (b"\x7fELF", "application/x-elf"),
    (b"dex\n0", APP_CODE),
    (b"bplist00", "application/x-bplist"),
    (b"#!AMR", "audio/amr"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"IM*H", FIRMWARE),
    (b"xV4\x12", FIRMWARE),
    (b"DJIFlightRecord", FLIGHT_RECORD),
];

/// The type of a file of `length` bytes, where that is known, which begins with these.
pub(crate) fn media_type(head: &[u8], length: Option<u64>) -> Option<&'static str> {
    let by_magic = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name);
    by_magic
        .or_else(|| container(head))
        .or_else(|| elementary(head))
        .or_else(|| dji(head, length))
        .or_else(|| text(head))
        .or_else(|| length.filter(|length| usize::try_from(*length) == Ok(head.len())).and_then(|_| message(head)))
}

/// Files that hold others.
fn container(head: &[u8]) -> Option<&'static str> {
    let kind = head.get(8..12);
    match head {
        [b'R', b'I', b'F', b'F', ..] => match kind? {
            b"WAVE" => Some("audio/wav"),
            b"WEBP" => Some("image/webp"),
            b"AVI " => Some("video/x-msvideo"),
            _ => None,
        },
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => brand(kind?),
        [_, _, _, _, b's', b't', b'y', b'p', ..] | [_, _, _, _, b'm', b'o', b'o', b'f' | b'v', ..] => Some("video/mp4"),
        [b'O', b'g', b'g', b'S', ..] if has(head, b"OpusHead") => Some("audio/opus"),
        [b'O', b'g', b'g', b'S', ..] if has(head, b"\x01vorbis") => Some("audio/ogg"),
        [b'O', b'g', b'g', b'S', ..] => Some("application/ogg"),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(if is_dng(head) { "image/x-adobe-dng" } else { "image/tiff" }),
        [b'P', b'K', 3, 4, ..] => Some(archive(head)),
        [b'P', b'K', 5, 6, ..] => Some("application/zip"),
        _ if head.get(257..262) == Some(b"ustar") => Some(if has(head.get(..100)?, b".fw.sig") { FIRMWARE } else { "application/x-tar" }),
        _ => None,
    }
}

/// Major brand of an ISO base media file.
fn brand(brand: &[u8]) -> Option<&'static str> {
    Some(match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => "image/heic",
        b"avif" | b"avis" => "image/avif",
        b"qt  " => "video/quicktime",
        b"M4A " | b"M4B " => "audio/mp4",
        brand if brand.iter().all(u8::is_ascii) => "video/mp4",
        _ => return None,
    })
}

/// The version tag of DNG in the first directory.
fn is_dng(head: &[u8]) -> bool {
    super::exif::first_directory(head).is_some_and(|tags| tags.contains(&0xc612))
}

/// What an archive holds, by the names of its first entries.
fn archive(head: &[u8]) -> &'static str {
    let mut reader = Reader::new(head);
    let mut found = "application/zip";
    while let Some(name) = entry(&mut reader) {
        match name {
            b"AndroidManifest.xml" | b"classes.dex" | b"resources.arsc" => return APP,
            name if has(name, b"FlightRecord") => found = FLIGHT_ARCHIVE,
            name if has(name, b".fw.sig") => found = FIRMWARE,
            _ => {}
        }
    }
    found
}

/// Name of a local entry; moves behind its data where their length stands before them.
fn entry<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    if reader.u32().ok()? != 0x504b_0304 {
        return None;
    }
    reader.skip(14).ok()?;
    let (data, _) = (reader.u32_le().ok()?, reader.u32_le().ok()?);
    let (name, extra) = (reader.u16_le().ok()?, reader.u16_le().ok()?);
    let name = reader.take(name.into()).ok()?;
    let rest = usize::try_from(data).ok()?.saturating_add(extra.into());
    reader.take_up_to(rest);
    Some(name)
}

/// Streams of video and audio without a container.
fn elementary(head: &[u8]) -> Option<&'static str> {
    let unit = head.strip_prefix(b"\0\0\0\x01").or_else(|| head.strip_prefix(b"\0\0\x01"));
    match unit {
        Some([0x67 | 0x27 | 0x47, ..]) => return Some("video/h264"),
        Some([0x09, 0x10 | 0x30 | 0x50 | 0xf0, 0, 0, ..]) => return Some("video/h264"),
        Some([0x40, 0x01, 0x0c, ..]) => return Some("video/h265"),
        _ => {}
    }
    if is_adts(head) {
        return Some("audio/aac");
    }
    let packets = [0_usize, 188, 376].map(|at| head.get(at).copied());
    (packets == [Some(0x47); 3]).then_some("video/mp2t")
}

/// Two frames of ADTS, the second where the first says.
fn is_adts(head: &[u8]) -> bool {
    let is_start = |bytes: Option<&[u8]>| matches!(bytes, Some([0xff, 0xf0 | 0xf1 | 0xf8 | 0xf9]));
    let Some([_, _, _, high, middle, low]) = head.get(..6) else { return false };
    let length = u32::from_be_bytes([0, high & 3, *middle, *low]) >> 5;
    let Ok(next) = usize::try_from(length) else { return false };
    next >= 7 && is_start(head.get(..2)) && is_start(head.get(next..next.saturating_add(2)))
}

/// Files of aircraft and apps without a magic word at their start.
fn dji(head: &[u8], length: Option<u64>) -> Option<&'static str> {
    let is_log = head.get(16..21) == Some(b"BUILD") || head.get(242..252) == Some(b"DJI_LOG_V3");
    if is_log { Some(FLIGHT_DATA) } else { is_flight_record(head, length).then_some(FLIGHT_RECORD) }
}

/// A record of versions 6 to 11 ends with its details, whose place and length come first; from 13 on the part with the
/// details comes first, behind a prefix of 100 bytes, and the records where the prefix says.
fn is_flight_record(head: &[u8], length: Option<u64>) -> bool {
    let mut reader = Reader::new(head);
    let (Ok(offset), Ok(details), Ok(version)) = (reader.u64_le(), reader.u16_le(), reader.u8()) else { return false };
    let end = offset.saturating_add(details.into());
    match version {
        6..=11 => offset >= 100 && details >= 100 && Some(end) == length,
        13..=15 => {
            let (Some(0), Some(low), Some(high)) = (head.get(100), head.get(101), head.get(102)) else { return false };
            let first = u64::from(u16::from_le_bytes([*low, *high])).saturating_add(103);
            first > 103 && first <= offset && offset < 65_536 && length.is_none_or(|length| offset < length)
        }
        _ => false,
    }
}

fn text(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character may be cut where the head ends.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
        Err(_) => return None,
    };
    if valid.chars().any(|character| character.is_control() && !matches!(character, '\t' | '\n' | '\r' | '\u{c}')) {
        return None;
    }
    let trimmed = valid.trim_start();
    let mut start = trimmed.bytes();
    match (start.next()?, start.find(|byte| !byte.is_ascii_whitespace())) {
        (b'{', Some(b'"' | b'}')) | (b'[', Some(b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')) => {
            Some("application/json")
        }
        (b'<', Some(b'!' | b'?' | b'a'..=b'z' | b'A'..=b'Z')) => Some(markup(trimmed)),
        _ => Some(table(valid).unwrap_or("text/plain")),
    }
}

fn markup(text: &str) -> &'static str {
    let is_html = |line: &str| ["<!doctype html", "<html"].iter().any(|start| starts_with(line, start));
    if is_html(text) {
        "text/html"
    } else if is_listing(text) {
        LISTING
    } else {
        "application/xml"
    }
}

/// The root element, behind a declaration; its name may be followed by a name space.
fn is_listing(text: &str) -> bool {
    let root = match text.strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or("", |(_, rest)| rest.trim_start()),
        None => text,
    };
    let name = root.strip_prefix('<').and_then(|rest| rest.split([' ', '>', '/', '\r', '\n', '\t']).next());
    matches!(name, Some("ListBucketResult" | "ListVersionsResult" | "ListAllMyBucketsResult" | "EnumerationResults"))
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start))
}

/// Comma-separated values: a line of names, and one with as many values.
fn table(text: &str) -> Option<&'static str> {
    let mut lines = text.split_inclusive('\n');
    let (names, values) = (lines.next()?.trim_end(), lines.next()?);
    let is_whole = values.ends_with('\n');
    let separator = [',', ';', '\t'].into_iter().find(|separator| names.matches(*separator).count() >= 2)?;
    let (named, valued) = (names.matches(separator).count(), values.matches(separator).count());
    if valued > named || is_whole && valued != named {
        return None;
    }
    let is_track = keys::is_track(names.split(separator));
    Some(if is_track { TRACK } else { "text/csv" })
}

/// A whole message that reads as protocol buffers: fields to the last byte, among them one with a length.
fn message(bytes: &[u8]) -> Option<&'static str> {
    let mut reader = Reader::new(bytes);
    let (mut fields, mut has_length) = (0_u32, false);
    while !reader.is_empty() {
        let tag = varint(&mut reader)?;
        if !(8..1 << 15).contains(&tag) {
            return None;
        }
        match tag & 7 {
            0 => _ = varint(&mut reader)?,
            1 => reader.skip(8).ok()?,
            2 => {
                let length = varint(&mut reader)?;
                reader.skip(usize::try_from(length).ok()?).ok()?;
                has_length = true;
            }
            5 => reader.skip(4).ok()?,
            _ => return None,
        }
        fields = fields.saturating_add(1);
    }
    (fields >= 3 && has_length).then_some("protobuf-like")
}

fn varint(reader: &mut Reader<'_>) -> Option<u64> {
    let mut value = 0_u64;
    for place in 0..9_u32 {
        let byte = reader.u8().ok()?;
        value |= u64::from(byte & 0x7f).checked_shl(place.saturating_mul(7))?;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(head: &[u8]) -> Option<&'static str> {
        media_type(head, None)
    }

    #[test]
    fn pictures_sound_and_video() {
        for (head, name) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], "image/jpeg"),
            (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "image/heic"),
            (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4"),
            (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
            (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
            (b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead", "audio/opus"),
            (b"\0\0\0\x01\x67\x64\0\x1f", "video/h264"),
            (b"\0\0\0\x01\x09\x10\0\0\0\x01", "video/h264"),
            (b"\xff\xf1\x50\x80\x01\x1f\xfc\x00\xff\xf1", "audio/aac"),
            (b"II*\0\x08\0\0\0\x01\0\x12\xc6\x01\0\x04\0\0\0\x01\x04\0\0\0\0\0\0", "image/x-adobe-dng"),
            (b"MM\0*\0\0\0\x08\0\0\0\0", "image/tiff"),
        ] {
            assert_eq!(of(head), Some(name), "{head:?}");
        }
        assert_eq!(of(b"\xff\xf1\x50\x80\x01\x1f\xfc\x00\xff\xf2"), None, "one frame is not enough");
    }

    #[test]
    fn archives_by_what_they_hold() {
        let entry = |name: &[u8]| {
            let length = u16::try_from(name.len()).unwrap().to_le_bytes();
            [&b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\x02\0\0\0\x02\0\0\0"[..], &length, &[0, 0], name, b"xx"].concat()
        };
        assert_eq!(of(&entry(b"a.txt")), Some("application/zip"));
        assert_eq!(of(&[entry(b"META-INF/MANIFEST.MF"), entry(b"AndroidManifest.xml")].concat()), Some(APP));
        assert_eq!(of(&entry(b"DJIFlightRecord_2018-01-01_[10-00-00].txt")), Some(FLIGHT_ARCHIVE));
        assert_eq!(of(b"PK\x05\x06\0\0"), Some("application/zip"));
    }

    #[test]
    fn flight_records() {
        let old = [&300_u64.to_le_bytes()[..], &[0x90, 1, 8], &[0; 300]].concat();
        assert_eq!(media_type(&old, Some(700)), Some(FLIGHT_RECORD));
        assert_eq!(media_type(&old, Some(701)), None);
        let new = [&600_u64.to_le_bytes()[..], &[0, 0, 13], &[0; 89], &[0, 0xb4, 1], &[7; 500]].concat();
        assert_eq!(of(&new), Some(FLIGHT_RECORD));
        assert_eq!(of(b"DJIFlightRecord-x"), Some(FLIGHT_RECORD));
        assert_eq!(of(&[&[0; 16][..], b"BUILD Mar 11 2016"].concat()), Some(FLIGHT_DATA));
        assert_eq!(of(b"time_ms,latitude,longitude,alt\n0,46.9,7.4,5\n"), Some(TRACK));
        assert_eq!(of(b"IM*H\x01\0"), Some(FIRMWARE));
    }

    #[test]
    fn texts() {
        for (head, name) in [
            (&b"{\"a\": 1"[..], "application/json"),
            (b"[1,", "application/json"),
            (b"\xef\xbb\xbf<?xml version='1.0'?>", "application/xml"),
            (b"<!DOCTYPE html><html>", "text/html"),
            (b"a,b,c\n1,2,3\n", "text/csv"),
            (b"a, b, and c\nare letters\n", "text/plain"),
            ("Gr\u{fc}".as_bytes().get(..3).unwrap(), "text/plain"),
        ] {
            assert_eq!(of(head), Some(name), "{head:?}");
        }
        assert_eq!(of(b"abc\0def"), None);
        assert_eq!(of(b""), None);
    }

    #[test]
    fn messages_read_to_their_last_byte() {
        let bytes = b"\x08\x96\x01\x12\x07testing\x1d\x01\x02\x03\x04";
        assert_eq!(media_type(bytes, Some(17)), Some("protobuf-like"));
        assert_eq!(media_type(bytes, Some(18)), None, "not all of it is there");
        assert_eq!(media_type(b"\x08\x96\x01\x12\x09testing", Some(12)), None);
    }
}
