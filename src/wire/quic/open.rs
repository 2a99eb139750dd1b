//! Packets after the hellos, opened with the keys of a secret: RFC 9001 sections 5.3 and 5.4.
//!
//! ```text
//! first byte   long  1 1 kind 2 | reserved 2 | packet number bytes - 1, 2        the last four bits are masked
//!              short 0 1 spin 1 | reserved 2 | key phase 1 | bytes - 1, 2         the last five
//! ```

use super::Long;
use crate::wire::Reader;
use crate::wire::seal::PacketKeys;

/// A packet without header protection; its payload is still sealed.
#[derive(Debug)]
pub(crate) struct Unprotected<'a> {
    /// Header up to the payload, without its mask.
    head: Vec<u8>,
    /// Packet number.
    pub(crate) number: u64,
    sealed: &'a [u8],
}

impl Unprotected<'_> {
    /// Key phase of a short header (RFC 9001 section 6).
    pub(crate) fn phase(&self) -> u8 {
        self.head.first().map_or(0, |first| first >> 2 & 1)
    }

    /// The payload; `None` when these keys are wrong.
    pub(crate) fn open(&self, keys: &PacketKeys) -> Option<Vec<u8>> {
        keys.open(self.number, &self.head, self.sealed)
    }
}

/// Takes the protection off a long header; `next` is the number after the highest one seen.
pub(crate) fn long<'a>(packet: &Long<'a>, keys: &PacketKeys, next: u64) -> Option<Unprotected<'a>> {
    if !packet.is_whole() {
        return None;
    }
    unprotect((packet.head, packet.body), 0x0f, keys, next)
}

/// Takes the protection off a short header whose destination identifier has so many bytes.
pub(crate) fn short<'a>(packet: &'a [u8], identifier_bytes: usize, keys: &PacketKeys, next: u64) -> Option<Unprotected<'a>> {
    let parts = packet.split_at_checked(identifier_bytes.saturating_add(1))?;
    unprotect(parts, 0x1f, keys, next)
}

fn unprotect<'a>((head, body): (&[u8], &'a [u8]), masked_bits: u8, keys: &PacketKeys, next: u64) -> Option<Unprotected<'a>> {
    let mut sample = Reader::new(body);
    sample.skip(4).ok()?;
    let [first_mask, number_mask @ ..] = keys.mask(sample.array().ok()?);
    let (first, rest) = head.split_first()?;
    let first = first ^ first_mask & masked_bits;
    let mut reader = Reader::new(body);
    let masked = reader.take(usize::from(first & 3).saturating_add(1)).ok()?;
    let sent: Vec<u8> = masked.iter().zip(number_mask).map(|(byte, mask)| byte ^ mask).collect();
    let head = [&[first], rest, &sent].concat();
    Some(Unprotected { head, number: widened(&sent, next), sealed: reader.rest() })
}

/// The number closest to the next one that ends in the bytes sent (RFC 9000 appendix A.3).
fn widened(sent: &[u8], next: u64) -> u64 {
    let bits = sent.iter().fold(0_u32, |bits, _| bits.saturating_add(8));
    let low = sent.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let window = 1_u64 << bits;
    let half = window >> 1;
    let candidate = next & !window.wrapping_sub(1) | low;
    if candidate.saturating_add(half) <= next {
        candidate.saturating_add(window)
    } else if candidate > next.saturating_add(half) && candidate >= window {
        candidate.saturating_sub(window)
    } else {
        candidate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::quic::tests::bytes;
    use crate::wire::quic::{Packet, Version, packet};
    use crate::wire::seal::Suite;

    #[test]
    fn numbers_are_widened_to_the_closest() {
        // RFC 9000 appendix A.3.
        assert_eq!(widened(&[0x9b, 0x32], 0xa82f_30eb), 0xa82f_9b32);
        assert_eq!(widened(&[0], 0), 0);
        assert_eq!(widened(&[0xff], 0x100), 0xff);
        assert_eq!(widened(&[0x01], 0xff), 0x101);
        assert_eq!(widened(&[0xff; 4], 0), 0xffff_ffff);
    }

    /// RFC 9001 appendix A.5.
    #[test]
    fn opens_a_short_header() {
        let secret = bytes("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b");
        let keys = PacketKeys::new(Suite::of(0x1303).unwrap(), Version(1).labels(), &secret).unwrap();
        let datagram = bytes("4cfe4189655e5cd55c41f69080575d7999c25a5bfb");
        let Some(Packet::Short(whole)) = packet(&mut Reader::new(&datagram)) else { panic!("no short header") };
        let unprotected = short(whole, 0, &keys, 654_360_564).unwrap();
        assert_eq!((unprotected.number, unprotected.phase()), (654_360_564, 0));
        assert_eq!(unprotected.open(&keys).unwrap(), [1]);
        assert_eq!(unprotected.open(&keys.updated().unwrap()), None);
        assert!(short(&whole[..20], 0, &keys, 0).is_none() && short(whole, 21, &keys, 0).is_none());
    }
}
