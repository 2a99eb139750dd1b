//! Domain names: labels, and pointers to labels that stand earlier in the message (RFC 1035 §4.1.4).
//!
//! A pointer must lead to before the run of labels it ends, so that every walk comes to an end; what is
//! left of a name is bounded by its 255 octets (RFC 1035 §2.3.4) and by the pointers it may go through.

use std::fmt;

use super::super::{Reader, Short, escape};

/// Octets of a name with its length octets and the root's.
const OCTETS: usize = 255;
/// Pointers of one name: 127 labels leave room for 126.
const POINTERS: u8 = 126;

/// Why a field cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// The bytes end.
    #[error("found {} bytes, expected {}", .0.left, .0.needed)]
    Short(Short),
    /// Neither a length nor a pointer.
    #[error("found label octet {0:#04x}, expected a length below 0x40 or a pointer from 0xc0")]
    Label(u8),
    /// A pointer that does not lead back.
    #[error("found a name pointer to {to}, expected one below {below}")]
    Pointer {
        /// Offset it leads to.
        to: usize,
        /// Offset it must stay below.
        below: usize,
    },
    /// Too long a name.
    #[error("found a name of more than {OCTETS} octets")]
    Octets,
    /// Too many pointers.
    #[error("found a name of more than {POINTERS} pointers")]
    Pointers,
    /// More records than are read.
    #[error("found more than {} records", crate::limits::DNS_RECORDS)]
    Records,
    /// Bytes after the last field of a record.
    #[error("found {0} bytes after the last field, expected none")]
    Excess(usize),
    /// A length or order that the record's type does not allow.
    #[error("found {0}, which its type does not allow")]
    Value(&'static str),
}

impl Fault {
    /// The bytes end: a cut would do it.
    pub(crate) const fn is_short(self) -> bool {
        matches!(self, Self::Short(_))
    }
}

impl From<Short> for Fault {
    fn from(short: Short) -> Self {
        Self::Short(short)
    }
}

/// A name that was walked to its end once, and is read again when it is shown.
#[derive(Clone, Copy)]
pub(crate) struct Name<'a> {
    walk: Walk<'a>,
}

impl<'a> Name<'a> {
    /// Reads the name at the reader's place in `message`, and moves the reader behind it.
    pub(super) fn read(message: &'a [u8], reader: &mut Reader<'a>) -> Result<Self, Fault> {
        let name = Self { walk: Walk::new(message, *reader) };
        let mut walk = name.walk;
        while walk.label()?.is_some() {}
        *reader = walk.after.unwrap_or(walk.reader);
        Ok(name)
    }

    /// The labels in order, as they stand in the message, without the root's.
    pub(crate) fn labels(self) -> impl Iterator<Item = &'a [u8]> {
        let mut walk = self.walk;
        std::iter::from_fn(move || walk.label().ok().flatten())
    }

    /// Lower-case as names compare (RFC 4343 §3), without the final dot but for the root, and with
    /// everything escaped that would not come out as one word.
    pub(crate) fn text(self) -> String {
        let mut shown = String::with_capacity(32);
        for label in self.labels() {
            if !shown.is_empty() {
                shown.push('.');
            }
            let is_plain = label.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
            match str::from_utf8(label) {
                Ok(plain) if is_plain => shown.push_str(plain),
                _ => shown.push_str(&item(label, '.')),
            }
        }
        if shown.is_empty() {
            shown.push('.');
        }
        shown.make_ascii_lowercase();
        shown
    }

    /// The root, which is also how a target says "the owner itself" (RFC 9460 §2.5).
    pub(crate) fn is_root(self) -> bool {
        self.labels().next().is_none()
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Bytes as one word: escaped, without a space.
pub(super) fn word(bytes: &[u8]) -> String {
    escape(bytes).replace(' ', "\\x20")
}

/// Bytes as one item of a list: a word in which the separator has a backslash before it.
pub(super) fn item(bytes: &[u8], separator: char) -> String {
    let pieces: Vec<_> = bytes.split(|byte| char::from(*byte) == separator).map(word).collect();
    pieces.join(&format!("\\{separator}"))
}

/// A place in a name, and what has been used up on the way to it.
#[derive(Clone, Copy)]
struct Walk<'a> {
    message: &'a [u8],
    reader: Reader<'a>,
    /// Where the run of labels began that the reader is in.
    run: usize,
    octets: usize,
    pointers: u8,
    /// Behind the first pointer, where the next field is.
    after: Option<Reader<'a>>,
}

impl<'a> Walk<'a> {
    const fn new(message: &'a [u8], reader: Reader<'a>) -> Self {
        Self { message, reader, run: reader.position(), octets: 1, pointers: 0, after: None }
    }

    /// The next label; none at the root.
    fn label(&mut self) -> Result<Option<&'a [u8]>, Fault> {
        loop {
            let first = self.reader.u8()?;
            match first {
                0 => return Ok(None),
                1..=0x3f => return self.take(first).map(Some),
                0xc0..=0xff => self.follow(first)?,
                _ => return Err(Fault::Label(first)),
            }
        }
    }

    fn take(&mut self, length: u8) -> Result<&'a [u8], Fault> {
        let label = self.reader.take(length.into())?;
        self.octets = self.octets.saturating_add(label.len()).saturating_add(1);
        if self.octets > OCTETS { Err(Fault::Octets) } else { Ok(label) }
    }

    fn follow(&mut self, first: u8) -> Result<(), Fault> {
        let to = usize::from(u16::from_be_bytes([first & 0x3f, self.reader.u8()?]));
        if to >= self.run {
            return Err(Fault::Pointer { to, below: self.run });
        }
        self.pointers = self.pointers.saturating_add(1);
        if self.pointers > POINTERS {
            return Err(Fault::Pointers);
        }
        self.after.get_or_insert(self.reader);
        self.reader = Reader::new(self.message);
        self.reader.skip(to)?;
        self.run = to;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(message: &[u8], offset: usize) -> Result<(String, usize), Fault> {
        let mut reader = Reader::new(message);
        reader.skip(offset).unwrap();
        let name = Name::read(message, &mut reader)?;
        Ok((name.text(), reader.position()))
    }

    fn text(message: &[u8]) -> String {
        at(message, 0).unwrap().0
    }

    #[test]
    fn follows_pointers_and_goes_on_behind_the_first() {
        let message = b"\x02xx\x00\x02yy\xc0\x00\x02ZZ\xc0\x04.";
        assert_eq!(at(message, 0), Ok(("xx".to_owned(), 4)));
        assert_eq!(at(message, 4), Ok(("yy.xx".to_owned(), 9)));
        assert_eq!(at(message, 9), Ok(("zz.yy.xx".to_owned(), 14)));
    }

    #[test]
    fn a_pointer_must_lead_back() {
        assert_eq!(at(b"\xc0\x00", 0), Err(Fault::Pointer { to: 0, below: 0 }));
        assert_eq!(at(b"\xc0\x02\xc0\x00", 0), Err(Fault::Pointer { to: 2, below: 0 }));
        // Back into the run that the pointer itself ends: a.a.a. without end.
        assert_eq!(at(b"\x01a\xc0\x00", 0), Err(Fault::Pointer { to: 0, below: 0 }));
        assert_eq!(at(b"\x01a\xc0\x00", 2).unwrap_err(), Fault::Pointer { to: 0, below: 0 });
    }

    #[test]
    fn eight_thousand_pointers_are_refused_at_once() {
        let mut message = vec![0, 0];
        for to in 0..8_000_u16 {
            message.extend((0xc000 | (to * 2)).to_be_bytes());
        }
        for offset in (2..message.len()).step_by(2) {
            assert_eq!(at(&message, offset).is_ok(), offset <= 2 * usize::from(POINTERS));
        }
    }

    #[test]
    fn names_end_at_255_octets() {
        let mut message = [b"\x3f".as_slice(), &[b'a'; 63]].concat().repeat(3);
        message.extend([b"\x3d".as_slice(), &[b'b'; 61], b"\x00"].concat());
        assert_eq!(text(&message).len(), 253);
        let mut longer = [b"\x3f".as_slice(), &[b'a'; 63]].concat().repeat(3);
        longer.extend([b"\x3e".as_slice(), &[b'b'; 62], b"\x00"].concat());
        assert_eq!(at(&longer, 0), Err(Fault::Octets));
    }

    #[test]
    fn shows_one_word_that_can_be_taken_apart_again() {
        assert_eq!(text(b"\x00"), ".");
        assert_eq!(text(b"\x03WWW\x07eXample\x00"), "www.example");
        assert_eq!(text(b"\x03a.b\x01\x1b\x00"), r"a\.b.\x1b");
        assert_eq!(text(b"\x0cMy Printer\\\n\x05local\x00"), r"my\x20printer\\\x0a.local");
        assert_eq!(text("\x06Küche\x00".as_bytes()), "küche");
        assert_eq!(text(b"\x01.\x00"), r"\.");
    }

    #[test]
    fn tells_what_is_missing_or_wrong() {
        assert_eq!(at(b"", 0), Err(Fault::Short(Short { needed: 1, left: 0 })));
        assert_eq!(at(b"\x05abc", 0), Err(Fault::Short(Short { needed: 5, left: 3 })));
        assert_eq!(at(b"\x40a\x00", 0), Err(Fault::Label(0x40)));
        assert_eq!(Fault::Label(0x80).to_string(), "found label octet 0x80, expected a length below 0x40 or a pointer from 0xc0");
    }
}
