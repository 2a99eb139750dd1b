//! DNS messages (RFC 1035 §4), which mDNS (RFC 6762 §18) and LLMNR (RFC 4795 §2.1) share: the walk over
//! header, questions and record frames. What a frame holds is read by its type, in [`data`].
//!
//! ```text
//!   0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15
//! +-----------------------------------------------+
//! |                      id                       |
//! |QR|   opcode  |AA|TC|RD|RA| Z|AD|CD|   rcode   |
//! |    questions    answers    authorities        |   one u16 each
//! |    additionals                                |
//! +-----------------------------------------------+
//! question:  name | type u16 | class u16
//! record:    name | type u16 | class u16 | ttl u32 | length u16 | data
//! ```
//!
//! In multicast DNS the upper bit of a class says something else: "answer me directly" in a question,
//! "forget what you knew" in a record (RFC 6762 §5.4, §10.2).

mod code;
mod data;
mod edns;
mod name;
mod svcb;

use std::fmt;

pub(crate) use code::{Class, ResponseCode, Type};
pub(crate) use data::Data;
pub(crate) use name::{Fault, Name};

use super::{Reader, Short};
use crate::limits::DNS_RECORDS;
use data::Field;

/// The upper bit of a class, which multicast DNS uses for itself.
const MULTICAST_BIT: u16 = 0x8000;

/// Whose reading of the class applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// DNS, LLMNR: all of it is the class.
    Unicast,
    /// mDNS: the upper bit is not the class's.
    Multicast,
}

impl Dialect {
    const fn class(self, raw: u16) -> Class {
        match self {
            Self::Unicast => Class(raw),
            Self::Multicast => Class(raw & !MULTICAST_BIT),
        }
    }
}

/// First twelve bytes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Matches a response to its query; 0 in mDNS.
    pub(crate) id: u16,
    flags: u16,
    counts: [u16; 4],
}

impl Header {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Short> {
        let id = reader.u16()?;
        let flags = reader.u16()?;
        Ok(Self { id, flags, counts: [reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?] })
    }

    /// QR: an answer, not a question.
    pub(crate) const fn is_response(self) -> bool {
        self.flags & 0x8000 != 0
    }

    /// What is asked for: 0 a query, 5 an update.
    pub(crate) const fn opcode(self) -> u8 {
        self.flags.to_be_bytes()[0] >> 3 & 0xf
    }

    /// TC: the sender left something out.
    pub(crate) const fn is_truncated(self) -> bool {
        self.flags & 0x0200 != 0
    }

    /// Z: the one bit that still must be zero.
    pub(crate) const fn has_reserved_bit(self) -> bool {
        self.flags & 0x0040 != 0
    }

    /// The four bits of the response code that the header holds.
    pub(crate) const fn code(self) -> ResponseCode {
        ResponseCode(self.flags & 0xf)
    }

    /// How many of this part the message says it has.
    pub(crate) const fn count(self, part: Part) -> u16 {
        let [questions, answers, authorities, additionals] = self.counts;
        match part {
            Part::Question => questions,
            Part::Answer => answers,
            Part::Authority => authorities,
            Part::Additional => additionals,
        }
    }

    /// How many of everything.
    pub(crate) fn total(self) -> usize {
        self.counts.into_iter().map(usize::from).sum()
    }
}

/// Part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What is asked; in an update the zone.
    Question,
    /// Answers; in an update what must hold.
    Answer,
    /// Who is in charge; in an update what changes; in an mDNS probe what is claimed.
    Authority,
    /// What may be useful too.
    Additional,
}

impl Part {
    const ALL: [Self; 4] = [Self::Question, Self::Answer, Self::Authority, Self::Additional];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Authority => "authority",
            Self::Additional => "additional",
        }
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    /// About which name.
    pub(crate) name: Name<'a>,
    /// For records of which type.
    pub(crate) kind: Type,
    /// And of which class.
    pub(crate) class: Class,
}

impl<'a> Question<'a> {
    fn read(bytes: &'a [u8], reader: &mut Reader<'a>, dialect: Dialect) -> Result<Self, Fault> {
        let name = Name::read(bytes, reader)?;
        Ok(Self { name, kind: Type(reader.u16()?), class: dialect.class(reader.u16()?) })
    }
}

impl fmt::Display for Question<'_> {
    /// `type name`, with the class before it where it is not IN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.class != Class::IN {
            write!(f, "{} ", self.class)?;
        }
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// A resource record.
#[derive(Clone, Debug)]
pub(crate) struct Record<'a> {
    /// Part of the message it stands in.
    pub(crate) part: Part,
    /// Its owner.
    pub(crate) name: Name<'a>,
    /// Its type.
    pub(crate) kind: Type,
    /// Its class; of OPT the bytes of a datagram.
    pub(crate) class: Class,
    ttl: u32,
    /// What it says.
    pub(crate) data: Data<'a>,
    /// Why the data could not be read, and is kept as bytes.
    fault: Option<Fault>,
    at: usize,
}

impl<'a> Record<'a> {
    fn read(bytes: &'a [u8], reader: &mut Reader<'a>, part: Part, dialect: Dialect) -> Result<Self, Fault> {
        let at = reader.position();
        let name = Name::read(bytes, reader)?;
        let kind = Type(reader.u16()?);
        let raw_class = reader.u16()?;
        let class = if kind == Type::OPT { Class(raw_class) } else { dialect.class(raw_class) };
        let ttl = reader.u32()?;
        let length = reader.u16()?;
        let start = reader.position();
        let raw = reader.take(length.into())?;
        let field = Field::new(bytes, start, reader.position())?;
        let (data, fault) = match Data::read(kind, class, ttl, field) {
            Ok(data) => (data, None),
            Err(fault) => (Data::Other(raw), Some(fault)),
        };
        Ok(Self { part, name, kind, class, ttl, data, fault, at })
    }

    /// Seconds for which it may be used: a value with the upper bit set means none (RFC 2181 §8).
    pub(crate) fn lifetime(&self) -> u32 {
        i32::try_from(self.ttl).map_or(0, |_| self.ttl)
    }
}

impl fmt::Display for Record<'_> {
    /// `name ttl type data`, with the class before the type where it is not IN. OPT has neither.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == Type::OPT {
            return write!(f, "{} 0 OPT {}", self.name, self.data);
        }
        write!(f, "{} {} ", self.name, self.lifetime())?;
        if self.class != Class::IN {
            write!(f, "{} ", self.class)?;
        }
        write!(f, "{} {}", self.kind, self.data)
    }
}

/// Where a message, or the data of a record in it, could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {number} of {count} at offset {at}: {fault}", part.as_str())]
pub(crate) struct Damage {
    part: Part,
    number: usize,
    count: u16,
    at: usize,
    /// What was wrong.
    pub(crate) fault: Fault,
}

/// A message, as far as it could be read.
#[derive(Clone, Debug)]
pub(crate) struct Message<'a> {
    /// Its header.
    pub(crate) header: Header,
    /// Its questions.
    pub(crate) questions: Vec<Question<'a>>,
    /// Its records, in order.
    pub(crate) records: Vec<Record<'a>>,
    /// Where reading stopped before the counts of the header were reached.
    pub(crate) stop: Option<Damage>,
    /// Bytes after the last record.
    pub(crate) trailing: usize,
}

impl<'a> Message<'a> {
    /// Reads what there is; the records before a damage or a cut are kept.
    ///
    /// # Errors
    /// [`Short`] when not even the header is whole.
    pub(crate) fn parse(bytes: &'a [u8], dialect: Dialect) -> Result<Self, Short> {
        let mut reader = Reader::new(bytes);
        let header = Header::read(&mut reader)?;
        let mut message = Self { header, questions: Vec::new(), records: Vec::new(), stop: None, trailing: 0 };
        for part in Part::ALL {
            if let Err(damage) = message.read_part(part, bytes, &mut reader, dialect) {
                message.stop = Some(damage);
                return Ok(message);
            }
        }
        message.trailing = reader.left();
        Ok(message)
    }

    fn read_part(&mut self, part: Part, bytes: &'a [u8], reader: &mut Reader<'a>, dialect: Dialect) -> Result<(), Damage> {
        let count = self.header.count(part);
        for number in 1..=usize::from(count) {
            let at = reader.position();
            let damage = |fault| Damage { part, number, count, at, fault };
            if self.questions.len().saturating_add(self.records.len()) >= DNS_RECORDS {
                return Err(damage(Fault::Records));
            }
            match part {
                Part::Question => self.questions.push(Question::read(bytes, reader, dialect).map_err(damage)?),
                _ => self.records.push(Record::read(bytes, reader, part, dialect).map_err(damage)?),
            }
        }
        Ok(())
    }

    /// The records of one part.
    pub(crate) fn part(&self, part: Part) -> impl Iterator<Item = &Record<'a>> {
        self.records.iter().filter(move |record| record.part == part)
    }

    /// The response code, with the bits that OPT adds.
    pub(crate) fn code(&self) -> ResponseCode {
        let upper = self.records.iter().find_map(|record| match &record.data {
            Data::Edns(edns) => Some(edns.upper_code),
            _ => None,
        });
        let ResponseCode(lower) = self.header.code();
        ResponseCode(u16::from(upper.unwrap_or(0)) << 4 | lower)
    }

    /// The first record whose data its type does not allow.
    pub(crate) fn bad_data(&self) -> Option<Damage> {
        let (record, fault) = self.records.iter().find_map(|record| Some((record, record.fault?)))?;
        let number = self.part(record.part).take_while(|other| other.at <= record.at).count();
        Some(Damage { part: record.part, number, count: self.header.count(record.part), at: record.at, fault })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A message of these flags and counts.
    pub(crate) fn message(flags: u16, counts: [u16; 4], body: &[u8]) -> Vec<u8> {
        let mut bytes = 0x1234_u16.to_be_bytes().to_vec();
        bytes.extend([flags].into_iter().chain(counts).flat_map(u16::to_be_bytes));
        bytes.extend(body);
        bytes
    }

    /// A question for A of www.example, its alias, the alias' address, a server, and EDNS.
    pub(crate) fn answer() -> Vec<u8> {
        let body = [
            b"\x03www\x07example\x00\x00\x01\x00\x01".as_slice(),
            b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x06\x03cdn\xc0\x10",
            b"\xc0\x29\x00\x01\x00\x01\x00\x00\x00\x1e\x00\x04\xc0\x00\x02\x07",
            b"\xc0\x10\x00\x02\x00\x01\x00\x01\x51\x80\x00\x05\x02ns\xc0\x10",
            b"\x00\x00\x29\x04\xd0\x00\x00\x80\x00\x00\x00",
        ];
        message(0x8180, [1, 2, 1, 1], &body.concat())
    }

    fn parse(bytes: &[u8]) -> Message<'_> {
        Message::parse(bytes, Dialect::Unicast).unwrap()
    }

    fn texts(message: &Message<'_>, part: Part) -> Vec<String> {
        message.part(part).map(ToString::to_string).collect()
    }

    /// Everything that can be asked of a message.
    fn look_at(bytes: &[u8], dialect: Dialect) -> Vec<String> {
        let Ok(message) = Message::parse(bytes, dialect) else {
            return Vec::new();
        };
        let damage = message.bad_data().or(message.stop).map(|damage| damage.to_string());
        let questions = message.questions.iter().map(ToString::to_string);
        questions.chain(message.records.iter().map(ToString::to_string)).chain(damage).chain([message.code().to_string()]).collect()
    }

    #[test]
    fn reads_every_part() {
        let bytes = answer();
        let message = parse(&bytes);
        assert_eq!(message.header.id, 0x1234);
        assert!(message.header.is_response() && !message.header.is_truncated());
        assert_eq!(message.questions[0].to_string(), "A www.example");
        assert_eq!(texts(&message, Part::Answer), ["www.example 60 CNAME cdn.example", "cdn.example 30 A 192.0.2.7"]);
        assert_eq!(texts(&message, Part::Authority), ["example 86400 NS ns.example"]);
        assert_eq!(texts(&message, Part::Additional), [". 0 OPT udp=1232 version=0 do"]);
        assert_eq!((message.stop, message.bad_data(), message.trailing), (None, None, 0));
        assert_eq!(message.code().to_string(), "NOERROR");
    }

    #[test]
    fn a_cut_keeps_the_records_before_it() {
        let bytes = answer();
        let whole = parse(&bytes);
        for length in 0..bytes.len() {
            let Ok(cut) = Message::parse(&bytes[..length], Dialect::Unicast) else {
                assert!(length < 12);
                continue;
            };
            assert!(cut.stop.is_some_and(|stop| stop.fault.is_short()), "{length}");
            let kept: Vec<_> = cut.records.iter().map(ToString::to_string).collect();
            let all: Vec<_> = whole.records.iter().map(ToString::to_string).collect();
            assert!(all.starts_with(&kept));
        }
    }

    #[test]
    fn says_where_reading_stopped() {
        let bytes =
            message(0x8180, [1, 3, 0, 0], b"\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x01\x02\x03\x04\xc0\x40");
        let message = parse(&bytes);
        assert_eq!(texts(&message, Part::Answer), [". 1 A 1.2.3.4"]);
        assert_eq!(message.stop.unwrap().to_string(), "answer 2 of 3 at offset 33: found a name pointer to 64, expected one below 33");
    }

    #[test]
    fn data_that_cannot_be_read_costs_only_itself() {
        let body = b"\x00\x00\x01\x00\x01\x00\x00\x00\x01\x00\x03\x01\x02\x03\x00\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x01\x02\x03\x04";
        let bytes = message(0x8180, [0, 2, 0, 0], body);
        let message = parse(&bytes);
        assert_eq!(texts(&message, Part::Answer), [r". 1 A \# 3 010203", ". 1 A 1.2.3.4"]);
        assert_eq!(
            message.bad_data().unwrap().to_string(),
            "answer 1 of 2 at offset 12: found data of a wrong length, which its type does not allow"
        );
        assert_eq!(message.stop, None);
    }

    #[test]
    fn a_name_in_data_ends_with_the_data() {
        // NS with a length of 2: the name would go on into the next record.
        let bytes = message(0x8180, [0, 1, 0, 0], b"\x00\x00\x02\x00\x01\x00\x00\x00\x01\x00\x02\x03ns1\x00");
        let message = parse(&bytes);
        assert_eq!(texts(&message, Part::Answer), [r". 1 NS \# 2 036e"]);
        assert_eq!(message.trailing, 3);
    }

    #[test]
    fn multicast_uses_the_upper_bit_of_the_class() {
        let bytes = message(0x8400, [1, 1, 0, 0], b"\x00\x00\xff\x80\x01\x00\x00\x01\x80\x01\x00\x00\x00\x78\x00\x04\x0a\x00\x00\x01");
        let multicast = Message::parse(&bytes, Dialect::Multicast).unwrap();
        assert_eq!(multicast.questions[0].to_string(), "ANY .");
        assert_eq!(texts(&multicast, Part::Answer), [". 120 A 10.0.0.1"]);
        let unicast = parse(&bytes);
        assert_eq!(unicast.questions[0].to_string(), "CLASS32769 ANY .");
        assert_eq!(texts(&unicast, Part::Answer), [". 120 CLASS32769 A 10.0.0.1"]);
    }

    #[test]
    fn classes_types_and_lifetimes_out_of_the_ordinary() {
        let body = b"\x07version\x04bind\x00\x00\x10\x00\x03\xc0\x0c\x00\x10\x00\x03\x80\x00\x00\x00\x00\x02\x019\x00\xfe\xff\x00\x01\x00\x00\x00\x01\x00\x00";
        let bytes = message(0x8400, [1, 2, 0, 0], body);
        let message = parse(&bytes);
        assert_eq!(message.questions[0].to_string(), "CH TXT version.bind");
        assert_eq!(texts(&message, Part::Answer), [r#"version.bind 0 CH TXT "9""#, r". 1 TYPE65279 \# 0"]);
    }

    #[test]
    fn edns_extends_the_response_code() {
        let bytes = message(0x8180, [0, 0, 0, 1], b"\x00\x00\x29\x02\x00\x01\x00\x00\x00\x00\x00");
        assert_eq!(parse(&bytes).code().to_string(), "BADVERS");
    }

    #[test]
    fn counts_that_lie_are_bounded() {
        let bytes = message(0x0100, [0xffff; 4], &[0; 65_000]);
        let message = parse(&bytes);
        assert_eq!(message.questions.len(), DNS_RECORDS);
        assert_eq!(message.stop.unwrap().fault, Fault::Records);
    }

    #[test]
    fn thousands_of_names_through_long_chains_of_pointers() {
        // One name of 126 pointers, then as many records as fit, each owned by it.
        let mut bytes = message(0x8000, [0, 5_000, 0, 0], b"\x01a\x00");
        let mut last = 12_u16;
        for _ in 0..125 {
            let here = u16::try_from(bytes.len()).unwrap();
            bytes.extend((0xc000 | last).to_be_bytes());
            last = here;
        }
        // The chain is data of a first record, so that it can be walked over.
        let chain = bytes.split_off(12);
        bytes.extend(b"\x00\xff\x00\x00\x01\x00\x00\x00\x00");
        bytes.extend(u16::try_from(chain.len()).unwrap().to_be_bytes());
        let moved = u16::try_from(bytes.len()).unwrap() - 12;
        bytes.extend(&chain[..3]);
        bytes.extend(chain[3..].chunks(2).flat_map(|pair| (u16::from_be_bytes([pair[0], pair[1]]) + moved).to_be_bytes()));
        let last = last + moved;
        for _ in 1..5_000 {
            bytes.extend((0xc000 | last).to_be_bytes());
            bytes.extend(b"\x00\xff\x00\x01\x00\x00\x00\x00\x00\x00");
        }
        let message = parse(&bytes);
        assert_eq!((message.stop, message.records.len()), (None, 5_000));
        assert_eq!(message.records[4_999].to_string(), r"a 0 ANY \# 0");
    }

    /// Names, whole and by pointer, and records of all types that are read.
    fn part_of_a_message() -> impl Strategy<Value = Vec<u8>> {
        let name = prop_oneof![
            3 => Just(b"\xc0\x0c".to_vec()),
            2 => "[a-zA-Z._ -]{1,8}".prop_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes(), b"\x00"].concat()),
            1 => Just(b"\x01x\xc0\x0c".to_vec()),
            1 => Just(vec![0]),
        ];
        let kind = prop::sample::select(vec![1_u16, 2, 5, 6, 12, 13, 15, 16, 28, 33, 39, 41, 47, 64, 65, 257, 65_280]);
        let data = prop_oneof![
            Just(b"\x0a\x00\x00\x01".to_vec()),
            Just(b"\xc0\x0c".to_vec()),
            Just(b"\x00\x0a\xc0\x0c".to_vec()),
            Just(b"\x00\x01\x00\x00\x01\x00\x03\x02h2".to_vec()),
            prop::collection::vec(any::<u8>(), 0..40),
        ];
        (name, kind, data).prop_map(|(name, kind, data)| {
            let length = u16::try_from(data.len()).unwrap().to_be_bytes();
            [&name, kind.to_be_bytes().as_slice(), b"\x00\x01\x00\x00\x00\x3c", &length, &data].concat()
        })
    }

    fn any_message() -> impl Strategy<Value = Vec<u8>> {
        let records = prop::collection::vec(part_of_a_message(), 0..6);
        let change = prop::option::of((any::<prop::sample::Index>(), any::<u8>()));
        (any::<u16>(), records, change).prop_map(|(flags, records, change)| {
            let count = u16::try_from(records.len()).unwrap();
            let body = [b"\x03www\x07eXample\x00\x00\x01\x00\x01".to_vec(), records.concat()].concat();
            let mut bytes = message(flags, [1, count, 0, 0], &body);
            if let Some((index, byte)) = change {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        })
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            look_at(&bytes, Dialect::Unicast);
        }

        #[test]
        fn any_message_can_be_read_to_any_length(bytes in any_message()) {
            for length in 0..=bytes.len() {
                look_at(&bytes[..length], Dialect::Multicast);
            }
        }

        /// What is shown is one line, of as many words at the front as promised.
        #[test]
        fn what_is_shown_has_its_shape(bytes in any_message()) {
            for record in parse(&bytes).records {
                let text = record.to_string();
                prop_assert!(!text.chars().any(char::is_control));
                let words: Vec<_> = text.splitn(3, ' ').collect();
                prop_assert!(words[1].parse::<u32>().is_ok(), "{text}");
            }
        }

        /// Where hickory-proto reads a message, it reads the same.
        #[test]
        fn agrees_with_hickory(bytes in any_message()) {
            let ours = parse(&bytes);
            let Ok(theirs) = hickory_proto::op::Message::from_vec(&bytes) else {
                return Ok(());
            };
            prop_assert!(ours.stop.is_none(), "{:?}", ours.stop);
            prop_assert_eq!(ours.questions.len(), theirs.queries.len());
            for (ours, theirs) in ours.questions.iter().zip(&theirs.queries) {
                prop_assert_eq!(ours.name.labels().collect::<Vec<_>>(), theirs.name.iter().collect::<Vec<_>>());
                prop_assert_eq!(ours.kind.0, u16::from(theirs.query_type));
            }
            prop_assert_eq!(ours.part(Part::Answer).count(), theirs.answers.len());
            for (ours, theirs) in ours.part(Part::Answer).zip(&theirs.answers) {
                prop_assert_eq!(ours.name.labels().collect::<Vec<_>>(), theirs.name.iter().collect::<Vec<_>>());
                prop_assert_eq!(ours.kind.0, u16::from(theirs.record_type()));
            }
        }
    }
}
