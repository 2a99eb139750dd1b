//! Which program sent or got a packet, as capture tools on a phone note it beside the packet.
//!
//! PCAPdroid (`app/src/main/jni/core/pcap_dump.c` of that project) appends a trailer to an Ethernet frame whose
//! addresses it left zero, the packet padded to four bytes before it. Numbers are big-endian but the last.
//!
//! | offset | size | field |
//! |---|---|---|
//! | 0 | 4 | magic 0x01072021 |
//! | 4 | 4 | user id of the app, -1 when not known |
//! | 8 | 20 | name of the app, cut or padded with zeros |
//! | 28 | 4 | check sequence |

use super::Reader;

/// Bytes of PCAPdroid's trailer.
const TRAILER: usize = 32;
const MAGIC: u32 = 0x0107_2021;
/// Bytes of the longest name that any of these formats holds.
const NAME: usize = 20;

/// What a capture tool says of the program behind a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// The program, and by which number the system knows it.
    pub(crate) number: Number,
    name: [u8; NAME],
}

/// A number that a system gives to programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    /// Android's user id, one for each app.
    Uid(u32),
    /// Apple's process id.
    Pid(u32),
    /// Apple's process id of the one on whose behalf another works.
    EffectivePid(u32),
}

impl Process {
    /// A process by number and name, none when the tool knew neither.
    pub(super) fn new(number: i32, name: &[u8], of: fn(u32) -> Number) -> Option<Self> {
        let number = u32::try_from(number).ok().map(of)?;
        let mut own = [0; NAME];
        let text = name.split(|byte| *byte == 0).next().unwrap_or_default();
        own.iter_mut().zip(text).for_each(|(own, byte)| *own = *byte);
        Some(Self { number, name: own })
    }

    /// Its name; empty when only the number is known. A name that was cut inside a character loses the rest of it.
    pub(crate) fn name(&self) -> &[u8] {
        let text = self.name.split(|byte| *byte == 0).next().unwrap_or_default();
        match std::str::from_utf8(text) {
            Err(error) if error.error_len().is_none() => text.get(..error.valid_up_to()).unwrap_or(text),
            _ => text,
        }
    }
}

/// PCAPdroid's trailer at the end of an Ethernet frame: the frame without it, and what it says.
pub(super) fn trailer(frame: &[u8]) -> Option<(&[u8], Option<Process>)> {
    // The addresses first: they are at hand, the end of a frame is not.
    if !frame.starts_with(&[0; 12]) {
        return None;
    }
    let without = frame.len().checked_sub(TRAILER).filter(|rest| *rest >= 14)?;
    let (rest, trailer) = frame.split_at_checked(without)?;
    let mut reader = Reader::new(trailer);
    if reader.u32() != Ok(MAGIC) {
        return None;
    }
    let uid = i32::from_be_bytes(reader.array().ok()?);
    Some((rest, Process::new(uid, reader.take(NAME).ok()?, Number::Uid)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 14 bytes of Ethernet with zero addresses, four of packet, then the trailer of uid 10123.
    fn frame(uid: i32, name: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([0x08, 0x00, 1, 2, 3, 4, 0x01, 0x07, 0x20, 0x21]);
        frame.extend(uid.to_be_bytes());
        frame.extend(name.iter().copied().chain(std::iter::repeat(0)).take(20));
        frame.extend([0xaa; 4]);
        frame
    }

    #[test]
    fn a_trailer_names_the_app() {
        let bytes = frame(10_123, b"dji.go.v4");
        let (rest, process) = trailer(&bytes).unwrap();
        let process = process.unwrap();
        assert_eq!((rest.len(), process.number, process.name()), (18, Number::Uid(10_123), &b"dji.go.v4"[..]));
    }

    #[test]
    fn an_unknown_app_leaves_only_the_frame() {
        assert_eq!(trailer(&frame(-1, b"")).unwrap().1, None);
    }

    #[test]
    fn a_name_cut_inside_a_character_ends_before_it() {
        let bytes = frame(1, "aaaaaaaaaaaaaaaaaaaé".as_bytes());
        assert_eq!(trailer(&bytes).unwrap().1.unwrap().name(), &[b'a'; 19]);
    }

    #[test]
    fn other_frames_have_none() {
        let mut bytes = frame(1, b"x");
        bytes[0] = 2;
        assert_eq!(trailer(&bytes), None, "PCAPdroid writes no addresses");
        assert_eq!(trailer(&frame(1, b"x")[..40]), None);
    }
}
