//! Radiotap: version, pad, length, present words, fields in the order of their bits (radiotap.org, little-endian).
//!
//! | bit | bytes, alignment | field |
//! |---|---|---|
//! | 0 | 8, 8 | timer in microseconds |
//! | 1 | 1, 1 | flags: 0x10 FCS at the end, 0x20 header padded, 0x40 FCS wrong |
//! | 3 | 4, 2 | frequency, channel flags |
//! | 5 | 1, 1 | signal in dBm |
//! | 26 | 1, 1 | a preamble without a frame |
//! | 28 | - | the rest are type, length and value |
//! | 29 | - | the next word starts again with bit 0 |
//! | 30 | 6, 2 | the next words are a vendor's; four bytes name it, two tell how many of its bytes to pass over |
//! | 31 | - | another present word |
//!
//! Fields are aligned from the beginning of the header. One of unknown length ends the reading; the frame still
//! begins where the header's own length says.

use super::radio::{Channel, Fcs, Radio};
use super::{Next, Opened, Reader, Short};

/// Bytes and alignment of the fields by their bit; `None` where only a later version knows.
const FIELDS: [Option<(usize, usize)>; 28] = [
    Some((8, 8)),
    Some((1, 1)),
    Some((1, 1)),
    Some((4, 2)),
    Some((2, 2)),
    Some((1, 1)),
    Some((1, 1)),
    Some((2, 2)),
    Some((2, 2)),
    Some((2, 2)),
    Some((1, 1)),
    Some((1, 1)),
    Some((1, 1)),
    Some((1, 1)),
    Some((2, 2)),
    Some((2, 2)),
    Some((1, 1)),
    Some((1, 1)),
    Some((8, 4)),
    Some((3, 1)),
    Some((8, 4)),
    Some((12, 2)),
    Some((12, 8)),
    Some((12, 2)),
    Some((12, 2)),
    Some((6, 2)),
    Some((1, 1)),
    Some((4, 2)),
];

const RADIOTAP_AGAIN: u32 = 1 << 29;
const VENDOR: u32 = 1 << 30;
const MORE: u32 = 1 << 31;

/// Opens a frame after a radiotap header.
pub(super) fn radiotap(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    reader.skip(2)?;
    let length = usize::from(reader.u16_le()?);
    let header = Reader::new(bytes).take(length)?;
    let mut whole = Reader::new(bytes);
    whole.skip(length)?;
    let mut radio = Radio::default();
    // What was read before a field that is not understood stays.
    let _read_as_far_as_known = fields(header, &mut radio);
    Ok(Opened::metadata(Next::Wifi(radio), whole.rest(), length))
}

/// Reads the fields of all present words.
fn fields(header: &[u8], radio: &mut Radio) -> Result<(), Short> {
    let mut words = Reader::new(header);
    words.skip(4)?;
    let mut reader = words;
    while reader.u32_le()? & MORE != 0 {}
    let mut is_vendor = false;
    loop {
        let word = words.u32_le()?;
        if !is_vendor && !word_fields(word, &mut reader, radio)? {
            return Ok(());
        }
        if word & VENDOR != 0 {
            align(&mut reader, 2)?;
            reader.skip(4)?;
            let length = reader.u16_le()?;
            reader.skip(length.into())?;
        }
        // A word without either goes on with bits beyond 31, which nobody has defined.
        is_vendor = word & VENDOR != 0 || is_vendor && word & RADIOTAP_AGAIN == 0;
        let is_known = word & (VENDOR | RADIOTAP_AGAIN) != 0 || is_vendor;
        if word & MORE == 0 || !is_known {
            return Ok(());
        }
    }
}

/// Reads the fields of one word; false when one of unknown length follows.
fn word_fields(word: u32, reader: &mut Reader<'_>, radio: &mut Radio) -> Result<bool, Short> {
    let mut left = word;
    while let Some(bit) = usize::try_from(left.trailing_zeros()).ok().filter(|bit| *bit < FIELDS.len()) {
        left &= left.wrapping_sub(1);
        let Some((length, alignment)) = FIELDS.get(bit).copied().flatten() else { return Ok(false) };
        align(reader, alignment)?;
        note(bit, &mut reader.sub(length)?, radio)?;
    }
    // Bit 28: no fixed fields any more.
    Ok(word >> FIELDS.len() & 1 == 0)
}

/// Keeps a field; of several antennas the first one's.
fn note(bit: usize, field: &mut Reader<'_>, radio: &mut Radio) -> Result<(), Short> {
    match bit {
        0 => radio.timer = radio.timer.or(Some(field.u64_le()?)),
        1 => {
            let flags = field.u8()?;
            radio.fcs = if flags & 0x10 == 0 { Fcs::Absent } else { Fcs::Present };
            radio.is_padded = flags & 0x20 != 0;
            radio.is_damaged = flags & 0x40 != 0;
        }
        3 => radio.channel = radio.channel.or(Channel::at(field.u16_le()?)),
        5 => radio.signal = radio.signal.or(Some(field.u8()?.cast_signed())),
        26 => radio.is_empty = true,
        _ => {}
    }
    Ok(())
}

fn align(reader: &mut Reader<'_>, to: usize) -> Result<(), Short> {
    let at = reader.position();
    reader.skip(at.next_multiple_of(to).saturating_sub(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(header: &[u8]) -> Radio {
        let Next::Wifi(radio) = radiotap(header).unwrap().next else { panic!("not 802.11") };
        radio
    }

    #[test]
    fn flags_stand_after_the_timer() {
        // Present: TSFT, flags, and a second word; flags 0x10: FCS at the end.
        let header = [0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x10];
        let opened = radiotap(&header).unwrap();
        assert_eq!(opened.metadata, 25);
        let radio = read(&header);
        assert_eq!((radio.fcs, radio.is_padded, radio.timer), (Fcs::Present, false, Some(0x0807_0605_0403_0201)));
        assert!(radiotap(&header[..20]).is_err());
    }

    /// As Linux 6.1 writes it: timer, flags, rate, channel, signal, antenna, receive flags, timestamp, and a second
    /// word with the signal of antenna 0.
    #[test]
    fn later_words_are_read_with_the_first_ones_kept() {
        let mut header = vec![0, 0, 56, 0];
        header.extend(0xa040_482f_u32.to_le_bytes());
        header.extend(0x0000_0820_u32.to_le_bytes());
        header.extend([0, 0, 0, 0]);
        header.extend(7_u64.to_le_bytes());
        header.extend([0x50, 12, 0x6c, 0x09, 0xc0, 0x00, 0xe2, 0]);
        header.extend([0, 0]);
        header.resize(40, 0);
        header.extend([9; 12]);
        header.extend([0xd0, 1, 0, 0]);
        let radio = read(&header);
        assert_eq!((radio.timer, radio.signal, radio.is_damaged), (Some(7), Some(-30), true));
        assert_eq!(radio.channel.and_then(|channel| channel.number), Some(1));
    }

    #[test]
    fn a_vendors_bytes_are_passed_over_by_their_length() {
        let mut header = vec![0, 0, 31, 0];
        // Flags, a vendor's word with all its bits, then radiotap again: signal.
        header.extend(0xc000_0002_u32.to_le_bytes());
        header.extend(0xafff_ffff_u32.to_le_bytes());
        header.extend(0x0000_0020_u32.to_le_bytes());
        header.extend([0x10, 0]);
        header.extend([1, 2, 3, 4, 6, 0, 9, 9, 9, 9, 9, 9, 0xce, 0]);
        header.truncate(31);
        let radio = read(&header);
        assert_eq!((radio.fcs, radio.signal), (Fcs::Present, Some(-50)));
    }

    #[test]
    fn what_is_not_known_ends_the_fields_and_not_the_frame() {
        let mut header = vec![0, 0, 16, 0];
        // Flags, then types, lengths and values.
        header.extend(0x1000_0002_u32.to_le_bytes());
        header.extend([0x20, 0, 0, 0, 1, 0, 9, 0, 0xaa]);
        let opened = radiotap(&header).unwrap();
        assert!(read(&header).is_padded);
        assert_eq!(opened.payload, [0xaa]);
    }
}
