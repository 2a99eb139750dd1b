//! NTP messages (RFC 5905 section 7.3).
//!
//! ```text
//! leap (2 bits), version (3), mode (3) | stratum | poll | precision
//! root delay (4 bytes) | root dispersion (4) | reference identifier (4)
//! reference (8) | origin (8) | receive (8) | transmit (8) | extensions, code
//! ```

use super::reader::{Reader, Short};
use crate::time::Timestamp;

/// A client asks.
pub(crate) const CLIENT: u8 = 3;
/// A server answers.
pub(crate) const SERVER: u8 = 4;

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ntp {
    /// Version.
    pub(crate) version: u8,
    /// 3 client, 4 server; others in RFC 5905 section 7.3.
    pub(crate) mode: u8,
    /// 1 has a clock of its own, 2 to 15 are so far from one, 0 and 16 do not know the time.
    pub(crate) stratum: u8,
    /// What the other side's message had as `transmit`, bit for bit.
    pub(crate) origin: u64,
    /// When that message came.
    pub(crate) receive: u64,
    /// When this one went; a client may put anything here, because it only has to know it again.
    pub(crate) transmit: u64,
}

impl Ntp {
    /// Reads a message; extensions are passed over.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Short> {
        let mut reader = Reader::new(bytes);
        let (first, stratum) = (reader.u8()?, reader.u8()?);
        reader.skip(2 + 4 + 4 + 4 + 8)?;
        let (origin, receive, transmit) = (reader.u64()?, reader.u64()?, reader.u64()?);
        Ok(Self { version: first >> 3 & 7, mode: first & 7, stratum, origin, receive, transmit })
    }
}

/// A time of 32 bits of seconds since 1900 and 32 of fractions; none where it is zero. Times before 1968 belong to the era
/// that begins in 2036 (RFC 4330 section 3).
pub(crate) fn time(value: u64) -> Option<Timestamp> {
    /// Seconds from 1900 to 1970.
    const EPOCH: i64 = 2_208_988_800;
    /// Seconds of an era.
    const ERA: i64 = 1 << 32;
    let seconds = i64::try_from(value >> 32).ok().filter(|_| value != 0)?;
    let era = if seconds < ERA / 2 { ERA } else { 0 };
    let nanos = i64::try_from((value & 0xffff_ffff).saturating_mul(1_000_000_000) >> 32).ok()?;
    Some(Timestamp::from_parts(seconds.saturating_add(era).saturating_sub(EPOCH), nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server's answer: stratum 3, received at 2026-11-22T15:13:13.890762329Z.
    const ANSWER: [u8; 48] = [
        0x24, 3, 6, 0xe7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // leap, version, mode; stratum; delay, dispersion, reference
        0, 0, 0, 0, 0, 0, 0, 0, 0xee, 0xad, 0x85, 0x09, 0xe3, 0x6b, 0xc3, 0xd8, // reference time, origin
        0xee, 0xad, 0x85, 0x09, 0xe4, 0x09, 0, 0, 0xee, 0xad, 0x85, 0x09, 0xe4, 0x28, 0xd5, 0xc9, // receive, transmit
    ];

    #[test]
    fn an_answer_has_three_times() {
        let read = Ntp::parse(&ANSWER).unwrap();
        assert_eq!((read.version, read.mode, read.stratum), (4, SERVER, 3));
        assert_eq!(read.origin, 0xeead_8509_e36b_c3d8);
        assert_eq!(time(read.receive).unwrap().to_string(), "2026-11-22T15:13:13.890762329Z");
        assert!(read.receive < read.transmit);
        for length in 0..ANSWER.len() {
            assert!(Ntp::parse(&ANSWER[..length]).is_err());
        }
    }

    #[test]
    fn eras_follow_each_other() {
        assert_eq!(time(0), None);
        assert_eq!(time(2_208_988_800 << 32), Some(Timestamp::from_parts(0, 0)));
        assert_eq!(time(0x8000_0000_8000_0000), Some(Timestamp::from_parts(0x8000_0000 - 2_208_988_800, 500_000_000)));
        assert_eq!(time(1 << 32), Some(Timestamp::from_parts((1 << 32) + 1 - 2_208_988_800, 0)));
    }
}
