//! What HPACK (RFC 7541) and QPACK (RFC 9204) share: integers, strings, fields, and the bounds of a list of them.
//!
//! ```text
//! | flags | prefix of N bits |                      an integer below 2^N - 1
//! | flags | all ones | 1 7 bits | … | 0 7 bits |    a greater one: what is above, the lowest bits first
//! | flags | H | length | string |                   a string, in the Huffman code when H is set
//! ```

use std::borrow::Cow;

use super::huffman;
use super::reader::{Reader, Short};
use crate::limits::{HTTP_FIELDS, HTTP_HEAD_BYTES};

/// A field of a head; what refers to an entry that is not known is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    /// Name.
    pub(crate) name: Option<Vec<u8>>,
    /// Value.
    pub(crate) value: Option<Vec<u8>>,
}

impl Field {
    /// A field of which all is known.
    pub(crate) fn known(name: &str, value: &str) -> Self {
        Self { name: Some(name.as_bytes().to_vec()), value: Some(value.as_bytes().to_vec()) }
    }

    /// Bytes it counts for in a table (RFC 7541 section 4.1, RFC 9204 section 3.2.1).
    pub(super) fn cost(&self) -> usize {
        let length = |text: &Option<Vec<u8>>| text.as_ref().map_or(0, Vec::len);
        length(&self.name).saturating_add(length(&self.value)).saturating_add(32)
    }
}

/// Why bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// They end too early.
    Short,
    /// They are not what the standard says.
    Malformed,
}

impl From<Short> for Fault {
    fn from(_: Short) -> Self {
        Self::Short
    }
}

/// Fields of one head, as many as the limits allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Section {
    /// The fields, in order.
    pub(crate) fields: Vec<Field>,
    /// Fields that refer to entries which are not known.
    pub(crate) unresolved: u64,
    /// There were more, or longer ones, than the limits allow.
    pub(crate) is_shortened: bool,
    bytes: usize,
}

impl Section {
    /// Of a head that could not be read.
    pub(crate) fn unknown() -> Self {
        Self { unresolved: 1, ..Self::default() }
    }

    /// Takes the next field. Small references to large entries may ask for any amount: beyond the limits none is kept.
    /// Nor is anything copied: a byte may stand for kilobytes.
    pub(super) fn push(&mut self, field: Cow<'_, Field>) {
        self.unresolved = self.unresolved.saturating_add(u64::from(field.name.is_none() || field.value.is_none()));
        self.bytes = self.bytes.saturating_add(field.cost());
        if self.fields.len() >= HTTP_FIELDS || self.bytes > HTTP_HEAD_BYTES {
            self.is_shortened = true;
        } else {
            self.fields.push(field.into_owned());
        }
    }

    /// Value of the first field of that name, which is in lower case.
    pub(crate) fn value(&self, name: &str) -> Option<&[u8]> {
        let field = self.fields.iter().find(|field| field.name.as_deref() == Some(name.as_bytes()))?;
        field.value.as_deref()
    }
}

/// An integer whose first byte was read already (RFC 7541 section 5.1).
pub(super) fn integer(reader: &mut Reader<'_>, first: u8, bits: u32) -> Result<u64, Fault> {
    let mask = u8::MAX.checked_shr(8_u32.saturating_sub(bits)).unwrap_or(0);
    let prefix = first & mask;
    if prefix < mask {
        return Ok(prefix.into());
    }
    let mut value = u64::from(prefix);
    // Nine more bytes hold 63 bits: no index or length is greater.
    for place in 0..9_u32 {
        let byte = reader.u8()?;
        let part = u64::from(byte & 0x7f).checked_shl(place.saturating_mul(7)).ok_or(Fault::Malformed)?;
        value = value.checked_add(part).ok_or(Fault::Malformed)?;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Fault::Malformed)
}

/// A string whose first byte was read already: above the prefix of its length is the flag for the code.
pub(super) fn string(reader: &mut Reader<'_>, first: u8, bits: u32) -> Result<Vec<u8>, Fault> {
    let length = usize::try_from(integer(reader, first, bits)?).map_err(|_| Fault::Malformed)?;
    let bytes = reader.take(length)?;
    let is_coded = first.checked_shr(bits).unwrap_or(0) & 1 == 1;
    if is_coded { huffman::decode(bytes).ok_or(Fault::Malformed) } else { Ok(bytes.to_vec()) }
}

/// A string from its first byte, with a prefix of seven bits.
pub(super) fn whole_string(reader: &mut Reader<'_>) -> Result<Vec<u8>, Fault> {
    let first = reader.u8()?;
    string(reader, first, 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_the_standard() {
        let read = |bytes: &[u8], bits| {
            let (first, rest) = bytes.split_first().unwrap();
            integer(&mut Reader::new(rest), *first, bits)
        };
        assert_eq!(read(&[0b1110_1010], 5), Ok(10));
        assert_eq!(read(&[0b0001_1111, 0b1001_1010, 0b0000_1010], 5), Ok(1337));
        assert_eq!(read(&[42], 8), Ok(42));
        assert_eq!(read(&[0x1f, 0x9a], 5), Err(Fault::Short));
        assert_eq!(read(&[&[0x1f][..], &[0xff; 12]].concat(), 5), Err(Fault::Malformed));
    }

    #[test]
    fn a_list_is_bounded() {
        let mut section = Section::default();
        for _ in 0..1_000 {
            section.push(Cow::Owned(Field::known("a", "b")));
        }
        section.push(Cow::Owned(Field::default()));
        assert_eq!((section.fields.len(), section.unresolved, section.is_shortened), (HTTP_FIELDS, 1, true));
        let mut section = Section::default();
        for _ in 0..20 {
            section.push(Cow::Owned(Field::known("a", &"b".repeat(4_000))));
        }
        assert_eq!((section.fields.len(), section.is_shortened), (HTTP_HEAD_BYTES / 4_033, true));
    }
}
