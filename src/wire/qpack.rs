//! QPACK: header compression for HTTP/3 (RFC 9204).
//!
//! ```text
//! encoder stream                        field section
//! 1 T index, value     insert           insert count, base          before all fields
//! 01 H name, value     insert           1 T index                   an entry, T for the static table
//! 001 capacity                          01 N T index, value         a name by reference
//! 000 index            duplicate        001 N H name, value         a literal
//!                                       0001 index / 0000 N index   the same behind the base
//! ```
//!
//! Entries have absolute numbers, so what is missing at the start cannot shift them, but then nobody knows the numbers
//! of what came after: all references to the dynamic table are told to be unknown.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::fields::{Fault, Field, Section, integer, string, whole_string};
use super::reader::Reader;
use crate::limits::HPACK_TABLE_BYTES;

/// Decodes the field sections that one side sends.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    /// The oldest first.
    entries: VecDeque<Field>,
    bytes: usize,
    /// Number of the oldest entry that is kept.
    first: u64,
    /// Greatest capacity that the other side allows, where its settings were seen.
    max_capacity: Option<u64>,
    is_lost: bool,
    held: Vec<u8>,
}

/// What became of a field section.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// Its fields.
    Section(Section),
    /// It refers to entries that are yet to come on the encoder's stream.
    Blocked,
    /// It is not as the standard says.
    Malformed,
}

impl Decoder {
    /// The other side's settings allow a table of this capacity.
    pub(crate) const fn allow(&mut self, capacity: u64) {
        self.max_capacity = Some(capacity);
    }

    /// Part of the encoder's stream is missing.
    pub(crate) fn lose(&mut self) {
        *self = Self { max_capacity: self.max_capacity, is_lost: true, ..Self::default() };
    }

    /// Bytes of the encoder's stream (RFC 9204 section 4.3).
    ///
    /// # Errors
    /// When they are not as the standard says; the table is lost then.
    pub(crate) fn encoder(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if self.is_lost {
            return Ok(());
        }
        self.held.extend_from_slice(bytes);
        let held = std::mem::take(&mut self.held);
        let mut reader = Reader::new(&held);
        loop {
            let mut ahead = reader;
            match self.instruction(&mut ahead) {
                Ok(()) => reader = ahead,
                Err(Fault::Short) if reader.left() <= HPACK_TABLE_BYTES => break,
                Err(fault) => {
                    self.lose();
                    return Err(fault);
                }
            }
        }
        self.held = reader.rest().to_vec();
        Ok(())
    }

    fn instruction(&mut self, reader: &mut Reader<'_>) -> Result<(), Fault> {
        let first = reader.u8()?;
        match first {
            0x80.. => {
                let index = integer(reader, first, 6)?;
                let name =
                    if first & 0x40 != 0 { static_entry(index)?.name } else { self.relative(index).ok_or(Fault::Malformed)?.name.clone() };
                let value = Some(whole_string(reader)?);
                self.insert(Field { name, value });
            }
            0x40.. => {
                let name = Some(string(reader, first, 5)?);
                let value = Some(whole_string(reader)?);
                self.insert(Field { name, value });
            }
            0x20.. => _ = integer(reader, first, 5)?,
            _ => {
                let index = integer(reader, first, 5)?;
                let field = self.relative(index).ok_or(Fault::Malformed)?.clone();
                self.insert(field);
            }
        }
        Ok(())
    }

    fn inserted(&self) -> u64 {
        self.first.saturating_add(u64::try_from(self.entries.len()).unwrap_or(u64::MAX))
    }

    fn relative(&self, index: u64) -> Option<&Field> {
        self.absolute(self.inserted().checked_sub(1)?.checked_sub(index)?)
    }

    fn absolute(&self, number: u64) -> Option<&Field> {
        self.entries.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// Entries are kept longer than the capacity asks: a section that refers to one may have come late.
    fn insert(&mut self, field: Field) {
        self.bytes = self.bytes.saturating_add(field.cost());
        self.entries.push_back(field);
        while self.bytes > HPACK_TABLE_BYTES {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.cost());
            self.first = self.first.saturating_add(1);
        }
    }

    /// The fields of one section, where all that they refer to is there.
    pub(crate) fn decode(&self, section: &[u8]) -> Decoded {
        self.read(section, Patience::Waits)
    }

    /// The fields of one section; what has not come will not come.
    pub(crate) fn decode_now(&self, section: &[u8]) -> Decoded {
        self.read(section, Patience::Over)
    }

    fn read(&self, section: &[u8], patience: Patience) -> Decoded {
        let mut reader = Reader::new(section);
        let Ok((count, base)) = self.prefix(&mut reader) else { return Decoded::Malformed };
        if count.is_some_and(|count| count > self.inserted()) && !self.is_lost && patience == Patience::Waits {
            return Decoded::Blocked;
        }
        let mut fields = Section::default();
        while !reader.is_empty() {
            match self.line(&mut reader, base) {
                Ok(field) => fields.push(field),
                Err(_) => return Decoded::Malformed,
            }
        }
        Decoded::Section(fields)
    }

    /// Insert count and base (RFC 9204 section 4.5.1), where they can be known.
    fn prefix(&self, reader: &mut Reader<'_>) -> Result<(Option<u64>, Option<u64>), Fault> {
        let first = reader.u8()?;
        let coded = integer(reader, first, 8)?;
        let first = reader.u8()?;
        let delta = integer(reader, first, 7)?;
        let count = self.count(coded)?;
        let base = match (count, first & 0x80) {
            (None, _) => None,
            (Some(count), 0) => Some(count.checked_add(delta).ok_or(Fault::Malformed)?),
            (Some(count), _) => Some(count.checked_sub(delta).and_then(|base| base.checked_sub(1)).ok_or(Fault::Malformed)?),
        };
        Ok((count, base))
    }

    fn count(&self, coded: u64) -> Result<Option<u64>, Fault> {
        if coded == 0 {
            return Ok(Some(0));
        }
        let Some(entries) = self.max_capacity.map(|capacity| capacity.div_euclid(32)).filter(|_| !self.is_lost) else { return Ok(None) };
        let range = entries.checked_mul(2).filter(|range| *range > 0 && coded <= *range).ok_or(Fault::Malformed)?;
        let max = self.inserted().checked_add(entries).ok_or(Fault::Malformed)?;
        let wrapped = max.saturating_sub(max.checked_rem(range).unwrap_or(0));
        let count = wrapped.saturating_add(coded).saturating_sub(1);
        match count.checked_sub(range).filter(|_| count > max) {
            Some(earlier) => Ok(Some(earlier)),
            None => Ok(Some(count)),
        }
    }

    fn line(&self, reader: &mut Reader<'_>, base: Option<u64>) -> Result<Cow<'_, Field>, Fault> {
        let first = reader.u8()?;
        match first {
            0x80.. => {
                let index = integer(reader, first, 6)?;
                if first & 0x40 != 0 { static_entry(index).map(Cow::Owned) } else { Ok(self.before(base, index)) }
            }
            0x40.. => {
                let index = integer(reader, first, 4)?;
                let name = if first & 0x10 != 0 { static_entry(index)?.name } else { self.before(base, index).name.clone() };
                Ok(Cow::Owned(Field { name, value: Some(whole_string(reader)?) }))
            }
            0x20.. => {
                let name = Some(string(reader, first, 3)?);
                Ok(Cow::Owned(Field { name, value: Some(whole_string(reader)?) }))
            }
            0x10.. => {
                let index = integer(reader, first, 4)?;
                Ok(self.behind(base, index))
            }
            _ => {
                let index = integer(reader, first, 3)?;
                let name = self.behind(base, index).name.clone();
                Ok(Cow::Owned(Field { name, value: Some(whole_string(reader)?) }))
            }
        }
    }

    fn before(&self, base: Option<u64>, index: u64) -> Cow<'_, Field> {
        self.known(base.and_then(|base| base.checked_sub(1)?.checked_sub(index)))
    }

    fn behind(&self, base: Option<u64>, index: u64) -> Cow<'_, Field> {
        self.known(base.and_then(|base| base.checked_add(index)))
    }

    fn known(&self, number: Option<u64>) -> Cow<'_, Field> {
        number.and_then(|number| self.absolute(number)).map_or_else(|| Cow::Owned(Field::default()), Cow::Borrowed)
    }

    /// Bytes that the table holds, as it counts them.
    #[cfg(test)]
    pub(crate) const fn table_bytes(&self) -> usize {
        self.bytes
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    Waits,
    Over,
}

fn static_entry(index: u64) -> Result<Field, Fault> {
    let index = usize::try_from(index).map_err(|_| Fault::Malformed)?;
    STATIC.get(index).map(|(name, value)| Field::known(name, value)).ok_or(Fault::Malformed)
}

/// RFC 9204 appendix A.
const STATIC: [(&str, &str); 99] = [
    (":authority", ""),
    (":path", "/"),
    ("age", "0"),
    ("content-disposition", ""),
    ("content-length", "0"),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("referer", ""),
    ("set-cookie", ""),
    (":method", "CONNECT"),
    (":method", "DELETE"),
    (":method", "GET"),
    (":method", "HEAD"),
    (":method", "OPTIONS"),
    (":method", "POST"),
    (":method", "PUT"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "103"),
    (":status", "200"),
    (":status", "304"),
    (":status", "404"),
    (":status", "503"),
    ("accept", "*/*"),
    ("accept", "application/dns-message"),
    ("accept-encoding", "gzip, deflate, br"),
    ("accept-ranges", "bytes"),
    ("access-control-allow-headers", "cache-control"),
    ("access-control-allow-headers", "content-type"),
    ("access-control-allow-origin", "*"),
    ("cache-control", "max-age=0"),
    ("cache-control", "max-age=2592000"),
    ("cache-control", "max-age=604800"),
    ("cache-control", "no-cache"),
    ("cache-control", "no-store"),
    ("cache-control", "public, max-age=31536000"),
    ("content-encoding", "br"),
    ("content-encoding", "gzip"),
    ("content-type", "application/dns-message"),
    ("content-type", "application/javascript"),
    ("content-type", "application/json"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("content-type", "image/gif"),
    ("content-type", "image/jpeg"),
    ("content-type", "image/png"),
    ("content-type", "text/css"),
    ("content-type", "text/html; charset=utf-8"),
    ("content-type", "text/plain"),
    ("content-type", "text/plain;charset=utf-8"),
    ("range", "bytes=0-"),
    ("strict-transport-security", "max-age=31536000"),
    ("strict-transport-security", "max-age=31536000; includesubdomains"),
    ("strict-transport-security", "max-age=31536000; includesubdomains; preload"),
    ("vary", "accept-encoding"),
    ("vary", "origin"),
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    (":status", "100"),
    (":status", "204"),
    (":status", "206"),
    (":status", "302"),
    (":status", "400"),
    (":status", "403"),
    (":status", "421"),
    (":status", "425"),
    (":status", "500"),
    ("accept-language", ""),
    ("access-control-allow-credentials", "FALSE"),
    ("access-control-allow-credentials", "TRUE"),
    ("access-control-allow-headers", "*"),
    ("access-control-allow-methods", "get"),
    ("access-control-allow-methods", "get, post, options"),
    ("access-control-allow-methods", "options"),
    ("access-control-expose-headers", "content-length"),
    ("access-control-request-headers", "content-type"),
    ("access-control-request-method", "get"),
    ("access-control-request-method", "post"),
    ("alt-svc", "clear"),
    ("authorization", ""),
    ("content-security-policy", "script-src 'none'; object-src 'none'; base-uri 'none'"),
    ("early-data", "1"),
    ("expect-ct", ""),
    ("forwarded", ""),
    ("if-range", ""),
    ("origin", ""),
    ("purpose", "prefetch"),
    ("server", ""),
    ("timing-allow-origin", "*"),
    ("upgrade-insecure-requests", "1"),
    ("user-agent", ""),
    ("x-forwarded-for", ""),
    ("x-frame-options", "deny"),
    ("x-frame-options", "sameorigin"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn lines(decoded: Decoded) -> Vec<String> {
        let Decoded::Section(section) = decoded else { return vec![format!("{decoded:?}")] };
        let word = |text: &Option<Vec<u8>>| text.as_ref().map_or_else(|| "?".to_owned(), |text| String::from_utf8(text.clone()).unwrap());
        section.fields.iter().map(|field| format!("{}: {}", word(&field.name), word(&field.value))).collect()
    }

    /// A decoder with the encoder's stream of appendix B, as far as one of its sections.
    fn after(section: usize) -> Decoder {
        let streams = [
            "3fbd01 c00f 7777 772e 6578 616d 706c 652e 636f 6d c10c 2f73 616d 706c 652f 7061 7468",
            "4a63 7573 746f 6d2d 6b65 790c 6375 7374 6f6d 2d76 616c 7565",
            "02",
            "810d 6375 7374 6f6d 2d76 616c 7565 32",
        ];
        let mut decoder = Decoder::default();
        decoder.allow(220);
        for stream in streams.iter().take(section) {
            for byte in bytes(stream) {
                decoder.encoder(&[byte]).unwrap();
            }
        }
        decoder
    }

    #[test]
    fn appendix_b_1() {
        let section = bytes("0000 510b 2f69 6e64 6578 2e68 746d 6c");
        assert_eq!(lines(Decoder::default().decode(&section)), [":path: /index.html"]);
    }

    #[test]
    fn appendix_b_2_and_the_section_that_comes_too_early() {
        let section = bytes("0381 10 11");
        assert_eq!(after(0).decode(&section), Decoded::Blocked);
        assert_eq!(lines(after(0).decode_now(&section)), ["?: ?", "?: ?"]);
        assert_eq!(lines(after(1).decode(&section)), [":authority: www.example.com", ":path: /sample/path"]);
    }

    #[test]
    fn appendix_b_4_and_b_5() {
        let section = bytes("0500 80 c1 81");
        let expected = [":authority: www.example.com", ":path: /", "custom-key: custom-value"];
        assert_eq!(lines(after(3).decode(&section)), expected);
        let decoder = after(4);
        assert_eq!(lines(decoder.decode(&section)), expected, "evicted, but a late section may still refer to it");
        assert_eq!(decoder.relative(0), Some(&Field::known("custom-key", "custom-value2")));
        assert_eq!(decoder.inserted(), 5);
    }

    #[test]
    fn what_was_lost_is_unknown_and_literals_are_not() {
        let mut decoder = after(3);
        decoder.lose();
        decoder.encoder(&bytes("02")).unwrap();
        assert_eq!(lines(decoder.decode(&bytes("0500 80 c1 81 5001 61"))), ["?: ?", ":path: /", "?: ?", ":authority: a"]);
        let unsettled = Decoder::default();
        assert_eq!(lines(unsettled.decode(&bytes("0500 80 c1"))), ["?: ?", ":path: /"], "no settings were seen");
    }

    #[test]
    fn what_is_not_as_the_standard_says() {
        for section in ["", "00", "0000 ff", "0000 51", "ff ff ff ff ff ff ff ff ff ff ff 00", "0d00", "0381 ffff"] {
            assert_eq!(after(4).decode(&bytes(section)), Decoded::Malformed, "{section}");
        }
        let mut decoder = Decoder::default();
        assert!(decoder.encoder(&bytes("8000")).is_err());
        assert!(decoder.encoder(&bytes("ff ff ff ff ff ff ff ff ff ff ff ff")).is_ok(), "nothing is read of what is lost");
    }

    #[test]
    fn insert_counts_wrap() {
        let mut decoder = after(1);
        for _ in 0..20 {
            decoder.encoder(&bytes("00")).unwrap();
        }
        assert_eq!(decoder.inserted(), 22);
        // Six entries fit: the count is coded modulo 12.
        assert_eq!(decoder.count(22 % 12 + 1), Ok(Some(22)));
        assert_eq!(decoder.count(17 % 12 + 1), Ok(Some(17)));
    }
}
