//! 802.11 with what the radio said before it: nothing, Prism, AVS, PPI.
//!
//! All of them say their own length; fields not needed are passed over by it. None of them was on the air.

use super::radio::{Channel, Fcs, Radio};
use super::{LinkType, Next, Opened, Reader, Short};

/// Opens a frame without any radio header.
#[expect(clippy::unnecessary_wraps, reason = "the shape every opener has")]
pub(super) fn bare(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    Ok(Opened::plain(Next::Wifi(Radio::default()), bytes))
}

/// Opens Prism: message code, length, device, then items of four bytes each; some drivers put AVS under its number.
///
/// | bytes | field |
/// |---|---|
/// | 4 | what it is |
/// | 2 | status: 0 when it was measured |
/// | 2 | length, 4 |
/// | 4 | value |
pub(super) fn prism(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    let code = reader.array::<4>()?;
    if code.starts_with(&[0x80, 0x21, 0x10]) {
        return avs(bytes);
    }
    let length = reader.array()?;
    // Written in the order of the machine that captured: the one that makes it small.
    let (little, big) = (u32::from_le_bytes(length), u32::from_be_bytes(length));
    let number = if little <= big { u32::from_le_bytes } else { u32::from_be_bytes };
    let mut radio = Radio::default();
    let items = reader.take_up_to(usize::try_from(little.min(big)).unwrap_or(usize::MAX).saturating_sub(8));
    let _read_as_far_as_known = prism_items(items, number, &mut radio);
    after(bytes, little.min(big), Next::Wifi(radio))
}

fn prism_items(items: &[u8], number: fn([u8; 4]) -> u32, radio: &mut Radio) -> Result<(), Short> {
    const DEVICE: usize = 16;
    let mut reader = Reader::new(items);
    reader.skip(DEVICE)?;
    while !reader.is_empty() {
        let (what, status) = (number(reader.array()?), reader.array::<2>()?);
        reader.skip(2)?;
        let value = number(reader.array()?);
        // Two drivers, two numberings of the same list.
        match what {
            0x0002_0044 | 0x2041 if status == [0; 2] => radio.timer = Some(value.into()),
            0x0003_0044 | 0x3041 if status == [0; 2] => radio.channel = Channel::numbered(value),
            // Drivers that do not measure dBm count from zero up.
            0x0006_0044 | 0x6041 if status == [0; 2] => radio.signal = dbm(value),
            _ => {}
        }
    }
    Ok(())
}

/// A signal in dBm in four bytes.
fn dbm(value: u32) -> Option<i8> {
    i8::try_from(value.cast_signed()).ok().filter(|signal| *signal < 0)
}

/// Opens AVS: magic and version, length, timers, channel and signal, all in network order.
pub(super) fn avs(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    reader.skip(4)?;
    let length = reader.u32()?;
    let mut radio = Radio::default();
    let _read_as_far_as_known = avs_fields(reader, &mut radio);
    after(bytes, length, Next::Wifi(radio))
}

fn avs_fields(mut reader: Reader<'_>, radio: &mut Radio) -> Result<(), Short> {
    const DBM: u32 = 2;
    radio.timer = Some(reader.u64()?);
    // Time of the host, modulation.
    reader.skip(12)?;
    radio.channel = Channel::numbered(reader.u32()?);
    // Rate, antenna, priority.
    reader.skip(12)?;
    if reader.u32()? == DBM {
        radio.signal = dbm(reader.u32()?);
    }
    Ok(())
}

/// Opens PPI: version, flags, length, link type, then fields; field 2 holds what 802.11 needs.
///
/// | bytes | field |
/// |---|---|
/// | 8 | timer |
/// | 2 | flags: 1 FCS at the end, 2 timer in milliseconds, 4 FCS wrong |
/// | 2 | rate |
/// | 2, 2 | frequency, channel flags |
/// | 2 | hopping |
/// | 1, 1 | signal and noise in dBm |
pub(super) fn ppi(bytes: &[u8]) -> Result<Opened<'_>, Short> {
    let mut reader = Reader::new(bytes);
    reader.skip(2)?;
    let length = reader.u16_le()?;
    let link = LinkType(u16::try_from(reader.u32_le()?).unwrap_or(u16::MAX));
    let fields = reader.take_up_to(usize::from(length).saturating_sub(8));
    let next = if link == LinkType::IEEE802_11 { Next::Wifi(ppi_radio(fields).unwrap_or_default()) } else { Next::Link(link) };
    after(bytes, length.into(), next)
}

fn ppi_radio(fields: &[u8]) -> Result<Radio, Short> {
    let mut reader = Reader::new(fields);
    while !reader.is_empty() {
        let (kind, length) = (reader.u16_le()?, reader.u16_le()?);
        let mut field = reader.sub(length.into())?;
        if kind == 2 {
            return ppi_common(&mut field);
        }
    }
    Ok(Radio::default())
}

fn ppi_common(field: &mut Reader<'_>) -> Result<Radio, Short> {
    let (timer, flags) = (field.u64_le()?, field.u16_le()?);
    let timer = if flags & 2 == 0 { timer } else { timer.saturating_mul(1_000) };
    let fcs = if flags & 1 == 0 { Fcs::Absent } else { Fcs::Present };
    field.skip(2)?;
    let channel = Channel::at(field.u16_le()?);
    field.skip(4)?;
    let signal = field.u8()?.cast_signed();
    let signal = (signal != 0 && signal != -128).then_some(signal);
    Ok(Radio { fcs, is_damaged: flags & 4 != 0, timer: Some(timer), channel, signal, ..Radio::default() })
}

fn after(bytes: &[u8], length: u32, next: Next) -> Result<Opened<'_>, Short> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut reader = Reader::new(bytes);
    reader.skip(length)?;
    Ok(Opened::metadata(next, reader.rest(), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(opened: Result<Opened<'_>, Short>) -> Radio {
        let Next::Wifi(radio) = opened.unwrap().next else { panic!("not 802.11") };
        radio
    }

    #[test]
    fn prism_tells_channel_and_timer() {
        let item =
            |what: u32, status: u16, value: u32| [&what.to_le_bytes()[..], &status.to_le_bytes(), &[4, 0], &value.to_le_bytes()].concat();
        let mut header = [&0x44_u32.to_le_bytes()[..], &144_u32.to_le_bytes(), &[0; 16]].concat();
        for (what, status, value) in
            [(1, 0, 5), (2, 0, 77), (3, 0, 7), (4, 0, 57), (5, 1, 1), (6, 0, 0xffff_ffd8), (7, 1, 3), (8, 0, 2), (9, 0, 0), (10, 0, 118)]
        {
            header.extend(item(what << 16 | 0x44, status, value));
        }
        header.push(0xaa);
        let opened = prism(&header).unwrap();
        assert_eq!((opened.metadata, opened.payload), (144, &[0xaa][..]));
        let radio = read(prism(&header));
        let channel = Some(Channel { number: Some(7), frequency: None });
        assert_eq!((radio.timer, radio.channel, radio.signal, radio.fcs), (Some(77), channel, Some(-40), Fcs::Unknown));
    }

    #[test]
    fn avs_tells_channel_and_signal() {
        let words = [0x8021_1001_u32, 64, 0, 9, 0, 0, 4, 11, 10, 0, 0, 2, 0xffff_ffce, 0, 0, 0].map(u32::to_be_bytes);
        let radio = read(avs(words.as_flattened()));
        assert_eq!((radio.timer, radio.channel.and_then(|channel| channel.number), radio.signal), (Some(9), Some(11), Some(-50)));
        // Under Prism's number.
        assert_eq!(read(prism(words.as_flattened())), radio);
    }

    #[test]
    fn ppi_tells_what_802_11_needs() {
        let mut header = [0, 0, 32, 0, 105, 0, 0, 0, 2, 0, 20, 0].to_vec();
        header.extend(3_u64.to_le_bytes());
        header.extend([5, 0, 2, 0, 0x85, 0x09, 0xa0, 0, 0, 0, 0xc9, 0xa0]);
        let radio = read(ppi(&header));
        assert_eq!((radio.fcs, radio.is_damaged, radio.timer, radio.signal), (Fcs::Present, true, Some(3), Some(-55)));
        assert_eq!(radio.channel.and_then(|channel| channel.number), Some(6));
    }
}
