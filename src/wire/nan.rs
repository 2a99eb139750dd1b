//! Wi-Fi Aware (NAN) service discovery frames, as far as the service information in them (Wi-Fi Alliance, Wi-Fi Aware
//! Specification, 9.5.1 and 9.5.4).
//!
//! | size | field |
//! |---|---|
//! | 1 | category: 4, public action |
//! | 1 | action: 9, vendor specific |
//! | 4 | 50:6F:9A, 0x13 |
//! | 1, 2, n | attributes: id, length (little-endian), value |
//!
//! | size | service descriptor, attribute 3 |
//! |---|---|
//! | 6 | service id |
//! | 2 | instance, requestor instance |
//! | 1 | service control: which of the following are there |
//! | 2 | binding bitmap (0x40) |
//! | 1, n | matching filter (0x04) |
//! | 1, n | service response filter (0x08) |
//! | 1, n | service information (0x10) |

use super::{Reader, Short};

/// Information that frames of a service carry; as many as the frame has descriptors of it.
pub(crate) fn service_information(body: &[u8], service: [u8; 6]) -> impl Iterator<Item = &[u8]> {
    const DISCOVERY: [u8; 6] = [4, 9, 0x50, 0x6f, 0x9a, 0x13];
    let attributes = body.strip_prefix(&DISCOVERY).unwrap_or_default();
    Attributes { reader: Reader::new(attributes) }.filter_map(move |attribute| descriptor(attribute, service).ok()?)
}

/// Service descriptors; at least three bytes go with each attribute.
struct Attributes<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        const DESCRIPTOR: u8 = 3;
        loop {
            let (id, length) = (self.reader.u8().ok()?, self.reader.u16_le().ok()?);
            let value = self.reader.take_up_to(length.into());
            if id == DESCRIPTOR {
                return Some(value);
            }
        }
    }
}

/// The service information of a descriptor; of one that is cut, what is there.
fn descriptor(bytes: &[u8], service: [u8; 6]) -> Result<Option<&[u8]>, Short> {
    let mut reader = Reader::new(bytes);
    if reader.array::<6>()? != service {
        return Ok(None);
    }
    reader.skip(2)?;
    let control = reader.u8()?;
    if control & 0x40 != 0 {
        reader.skip(2)?;
    }
    for filter in [0x04, 0x08] {
        if control & filter != 0 {
            let length = reader.u8()?;
            reader.skip(length.into())?;
        }
    }
    if control & 0x10 == 0 {
        return Ok(None);
    }
    let length = reader.u8()?;
    Ok(Some(reader.take_up_to(length.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: [u8; 6] = [0x88, 0x69, 0x19, 0x9d, 0x92, 0x09];

    fn frame(attributes: &[&[u8]]) -> Vec<u8> {
        let mut frame = vec![4, 9, 0x50, 0x6f, 0x9a, 0x13];
        for attribute in attributes {
            let (id, value) = attribute.split_first().unwrap();
            frame.extend([&[*id][..], &u16::try_from(value.len()).unwrap().to_le_bytes(), value].concat());
        }
        frame
    }

    #[test]
    fn finds_the_information_of_a_service_behind_filters() {
        let plain = [&[3][..], &SERVICE, &[1, 0, 0x10, 2, 7, 8]].concat();
        let filtered = [&[3][..], &SERVICE, &[1, 0, 0x5c, 0, 0, 1, 9, 1, 9, 1, 6]].concat();
        let other = [3, 1, 1, 1, 1, 1, 1, 1, 0, 0x10, 1, 5];
        let bytes = frame(&[&[0, 1, 1], &plain, &other, &filtered, &[14, 1, 0, 2, 0x22]]);
        assert_eq!(service_information(&bytes, SERVICE).collect::<Vec<_>>(), [&[7, 8][..], &[6]]);
    }

    #[test]
    fn other_actions_and_cut_frames_have_what_they_have() {
        let plain = [&[3][..], &SERVICE, &[1, 0, 0x10, 2, 7, 8]].concat();
        let bytes = frame(&[&plain]);
        assert_eq!(service_information(&bytes[..bytes.len() - 1], SERVICE).collect::<Vec<_>>(), [&[7]]);
        assert_eq!(service_information(&bytes[1..], SERVICE).count(), 0);
        for end in 0..bytes.len() - 2 {
            assert_eq!(service_information(&bytes[..end], SERVICE).map(<[u8]>::len).sum::<usize>(), 0, "{end}");
        }
    }
}
