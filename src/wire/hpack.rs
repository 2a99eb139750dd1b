//! HPACK: header compression for HTTP/2 (RFC 7541).
//!
//! ```text
//! 1 index                          an entry of the tables
//! 01 index | 0 name, value         a literal that also becomes the newest entry
//! 000x index | 0 name, value       a literal that does not
//! 001 size                         the dynamic table's size from now on
//! ```
//!
//! Indexes count from 1: the static table's 61 entries, then the dynamic ones, the newest first. A capture may begin
//! later than the connection, or lack a head; the entries made by what is missing are older than all that are known,
//! so the indexes of those stay right, and what refers to the others is told to be unknown.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::fields::{Fault, Field, Section, integer, whole_string};
use super::reader::Reader;
use crate::limits::HPACK_TABLE_BYTES;

/// Size of the dynamic table until an update says otherwise (RFC 9113 section 6.5.2).
const FIRST_SIZE: usize = 4_096;

/// Decodes the heads of one direction of a connection.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The newest first.
    entries: VecDeque<Field>,
    bytes: usize,
    size: usize,
    /// Older entries may be there of which nothing is known.
    is_late: bool,
}

impl Decoder {
    /// From the start of a connection.
    pub(crate) const fn new() -> Self {
        Self { entries: VecDeque::new(), bytes: 0, size: FIRST_SIZE, is_late: false }
    }

    /// Heads were missed: nothing is known of the table.
    pub(crate) fn lose(&mut self) {
        *self = Self { is_late: true, size: HPACK_TABLE_BYTES, ..Self::new() };
    }

    /// The fields of one head.
    ///
    /// # Errors
    /// When the block is not as the standard says; the table is lost with it.
    pub(crate) fn decode(&mut self, block: &[u8]) -> Result<Section, Fault> {
        let mut reader = Reader::new(block);
        let mut section = Section::default();
        while !reader.is_empty() {
            if let Err(fault) = self.step(&mut reader, &mut section) {
                self.lose();
                return Err(fault);
            }
        }
        Ok(section)
    }

    fn step(&mut self, reader: &mut Reader<'_>, section: &mut Section) -> Result<(), Fault> {
        let first = reader.u8()?;
        match first {
            0x80.. => section.push(self.entry(integer(reader, first, 7)?)?),
            0x40.. => {
                let field = self.literal(reader, first, 6)?;
                self.insert(field.clone());
                section.push(Cow::Owned(field));
            }
            0x20.. => {
                let size = integer(reader, first, 5)?;
                self.resize(usize::try_from(size).unwrap_or(usize::MAX));
            }
            _ => {
                let field = self.literal(reader, first, 4)?;
                section.push(Cow::Owned(field));
            }
        }
        Ok(())
    }

    fn literal(&self, reader: &mut Reader<'_>, first: u8, bits: u32) -> Result<Field, Fault> {
        let name = match integer(reader, first, bits)? {
            0 => Some(whole_string(reader)?),
            index => self.entry(index)?.name.clone(),
        };
        Ok(Field { name, value: Some(whole_string(reader)?) })
    }

    /// Bytes that the table holds, as it counts them.
    #[cfg(test)]
    pub(crate) const fn table_bytes(&self) -> usize {
        self.bytes
    }

    fn entry(&self, index: u64) -> Result<Cow<'_, Field>, Fault> {
        let index = usize::try_from(index).ok().and_then(|index| index.checked_sub(1)).ok_or(Fault::Malformed)?;
        if let Some((name, value)) = STATIC.get(index) {
            return Ok(Cow::Owned(Field::known(name, value)));
        }
        match self.entries.get(index.saturating_sub(STATIC.len())) {
            Some(field) => Ok(Cow::Borrowed(field)),
            None if self.is_late => Ok(Cow::Owned(Field::default())),
            None => Err(Fault::Malformed),
        }
    }

    fn insert(&mut self, field: Field) {
        self.bytes = self.bytes.saturating_add(field.cost());
        self.entries.push_front(field);
        self.evict();
    }

    fn resize(&mut self, size: usize) {
        // An empty table is a known one; one larger than is kept has a part that is not known.
        self.is_late = (self.is_late || size > HPACK_TABLE_BYTES) && size > 0;
        self.size = if self.is_late { HPACK_TABLE_BYTES } else { size };
        self.evict();
    }

    fn evict(&mut self) {
        while self.bytes > self.size {
            let Some(oldest) = self.entries.pop_back() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.cost());
        }
    }
}

/// RFC 7541 appendix A.
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    /// The fields as lines; `?` for what is not known.
    fn lines(section: &Section) -> Vec<String> {
        let word = |text: &Option<Vec<u8>>| text.as_ref().map_or_else(|| "?".to_owned(), |text| String::from_utf8(text.clone()).unwrap());
        section.fields.iter().map(|field| format!("{}: {}", word(&field.name), word(&field.value))).collect()
    }

    fn decode(decoder: &mut Decoder, hex: &str) -> Vec<String> {
        lines(&decoder.decode(&bytes(hex)).unwrap())
    }

    #[test]
    fn single_fields_of_appendix_c_2() {
        let mut decoder = Decoder::new();
        let literal = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
        assert_eq!(decode(&mut decoder, literal), ["custom-key: custom-header"]);
        assert_eq!(decoder.bytes, 55);
        assert_eq!(decode(&mut decoder, "040c 2f73 616d 706c 652f 7061 7468"), [":path: /sample/path"]);
        assert_eq!(decode(&mut decoder, "1008 7061 7373 776f 7264 0673 6563 7265 74"), ["password: secret"]);
        assert_eq!(decode(&mut decoder, "82"), [":method: GET"]);
        assert_eq!(decoder.bytes, 55, "neither of them is kept");
    }

    const REQUESTS: [&[&str]; 3] = [
        &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
        &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
        &[":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value"],
    ];

    #[test]
    fn requests_of_appendix_c_3_and_c_4() {
        let plain = [
            "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            "8286 84be 5808 6e6f 2d63 6163 6865",
            "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ];
        let coded = [
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
            "8286 84be 5886 a8eb 1064 9cbf",
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        ];
        for blocks in [plain, coded] {
            let mut decoder = Decoder::new();
            for (block, fields) in blocks.iter().zip(REQUESTS) {
                assert_eq!(decode(&mut decoder, block), fields);
            }
            assert_eq!((decoder.bytes, decoder.entries.len()), (164, 3));
        }
    }

    #[test]
    fn responses_of_appendix_c_5_and_c_6_with_eviction() {
        let plain = [
            "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e
             1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            "4803 3330 37c1 c0bf",
            "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d
             4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572
             7369 6f6e 3d31",
        ];
        let coded = [
            "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b
             97c8 e9ae 82ae 43d3",
            "4883 640e ffc1 c0bf",
            "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf
             cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        ];
        let date = "date: Mon, 21 Oct 2013 20:13:21 GMT";
        let cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
        let expected: [&[&str]; 3] = [
            &[":status: 302", "cache-control: private", date, "location: https://www.example.com"],
            &[":status: 307", "cache-control: private", date, "location: https://www.example.com"],
            &[
                ":status: 200",
                "cache-control: private",
                "date: Mon, 21 Oct 2013 20:13:22 GMT",
                "location: https://www.example.com",
                "content-encoding: gzip",
                cookie,
            ],
        ];
        for blocks in [plain, coded] {
            let mut decoder = Decoder::new();
            decoder.resize(256);
            for (block, fields) in blocks.iter().zip(expected) {
                assert_eq!(decode(&mut decoder, block), fields);
            }
            assert_eq!((decoder.bytes, decoder.entries.len()), (215, 3));
        }
    }

    #[test]
    fn after_a_loss_old_entries_are_unknown_and_new_ones_known() {
        let mut decoder = Decoder::new();
        decoder.lose();
        assert_eq!(decode(&mut decoder, "82be 4001 6101 62 bebf"), [":method: GET", "?: ?", "a: b", "a: b", "?: ?"]);
        assert_eq!(decode(&mut decoder, "7f01 01 63"), ["?: c"], "a name that is not known, with a value that is");
        assert_eq!(decode(&mut decoder, "20 3f e11f 82"), [":method: GET"]);
        assert_eq!(decoder.decode(&[0xbe]), Err(Fault::Malformed), "an emptied table is known");
    }

    #[test]
    fn what_is_not_as_the_standard_says_loses_the_table() {
        for block in ["80", "be", "41", "40 01", "00 85 ff ff ff ff ff 00", "ff ff ff ff ff ff ff ff ff ff ff"] {
            let mut decoder = Decoder::new();
            assert!(decoder.decode(&bytes(block)).is_err(), "{block}");
            assert!(decoder.is_late);
        }
    }

    #[test]
    fn a_bomb_of_references_stays_small() {
        let mut decoder = Decoder::new();
        let entry = [&[0x40, 1, b'a', 0x7f, 0xa1, 0x1e][..], &[b'b'; 4_000]].concat();
        let section = decoder.decode(&[&entry[..], &[0xbe; 16_000]].concat()).unwrap();
        assert!(section.is_shortened && section.fields.len() < 20);
        assert_eq!(decoder.decode(&[&[0xbe; 9_000][..], &[0xbf]].concat()), Err(Fault::Malformed), "what is not kept is still checked");
    }

    #[test]
    fn a_bomb_of_entries_stays_in_the_table() {
        let mut decoder = Decoder::new();
        // An update to far more than anybody keeps (2^30), then entries of four kilobytes, and ever more by reference to their names.
        let entry = [&[0x40, 1, b'a', 0x7f, 0xa1, 0x1e][..], &[b'b'; 4_000]].concat();
        let mut block = vec![0x3f, 0xe1, 0xff, 0xff, 0xff, 0x03];
        (0..40).for_each(|_| block.extend_from_slice(&entry));
        let section = decoder.decode(&block).unwrap();
        assert!(section.is_shortened);
        assert!(
            decoder.table_bytes() <= HPACK_TABLE_BYTES && decoder.entries.len() == HPACK_TABLE_BYTES / 4_033,
            "{}",
            decoder.table_bytes()
        );
    }
}
