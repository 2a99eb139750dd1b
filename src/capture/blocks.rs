//! Blocks of pcapng as both writers need them (draft-ietf-opsawg-pcapng sections 3 and 4), little-endian.

use crate::time::Timestamp;
use crate::wire::LinkType;

pub(super) const SECTION: u32 = 0x0a0d_0d0a;
pub(super) const INTERFACE: u32 = 1;
pub(super) const ENHANCED_PACKET: u32 = 6;

/// A section header: its options, and this program as the writer.
pub(super) fn section(options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = vec![0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0];
    // Its length is not known while it is written.
    body.extend_from_slice(&u64::MAX.to_le_bytes());
    options.iter().for_each(|(code, value)| option(&mut body, *code, value));
    option(&mut body, 4, concat!("whereto ", env!("CARGO_PKG_VERSION")).as_bytes());
    option(&mut body, 0, &[]);
    block(SECTION, &body)
}

/// The fixed part of an interface description.
pub(super) fn interface_head(link: LinkType, snaplen: u32) -> Vec<u8> {
    let mut body = link.0.to_le_bytes().to_vec();
    body.extend_from_slice(&[0, 0]);
    body.extend_from_slice(&snaplen.to_le_bytes());
    body
}

/// A time as blocks hold it: the upper half of its nanoseconds, then the lower.
pub(super) fn time(time: Timestamp) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h] = time.nanos().to_le_bytes();
    [e, f, g, h, a, b, c, d]
}

/// Appends an option, padded to four bytes; an empty one of code 0 ends the list.
pub(super) fn option(into: &mut Vec<u8>, code: u16, value: &[u8]) {
    // A name, filter or comment that long is cut rather than refused.
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    into.extend_from_slice(&code.to_le_bytes());
    into.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    into.extend_from_slice(value);
    into.extend(std::iter::repeat_n(0, value.len().next_multiple_of(4) - value.len()));
}

/// A whole block.
pub(super) fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX).to_le_bytes();
    [&kind.to_le_bytes(), &length, body, &length].concat()
}
