//! Compressed certificate messages (RFC 8879): zlib, Brotli or Zstandard, and the length that must come out.

use std::io::Read;

use crate::limits;

/// What comes out; `None` when that is not of the declared length, or longer than a handshake may be.
pub(crate) fn expand(algorithm: u16, length: u32, bytes: &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(length).ok().filter(|length| *length <= limits::HANDSHAKE_BYTES)?;
    match algorithm {
        1 => take(flate2::read::ZlibDecoder::new(bytes), length),
        2 => take(brotli_decompressor::Decompressor::new(bytes, 4_096), length),
        3 => take(zstd::Decoder::new(bytes).ok()?, length),
        _ => None,
    }
}

fn take(decoder: impl Read, length: usize) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    decoder.take(u64::try_from(length).ok()?.saturating_add(1)).read_to_end(&mut out).ok()?;
    (out.len() == length).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expands_what_is_as_long_as_it_says() {
        // "ok" as zlib, Brotli and Zstandard write it.
        let packed: [(u16, &[u8]); 3] =
            [(1, b"\x78\x9c\xcb\xcf\x06\x00\x01\x4b\x00\xdb"), (2, b"\x8b\x00\x80ok\x03"), (3, b"\x28\xb5\x2f\xfd\x20\x02\x11\x00\x00ok")];
        for (algorithm, bytes) in packed {
            assert_eq!(expand(algorithm, 2, bytes).as_deref(), Some(&b"ok"[..]), "{algorithm}");
            assert_eq!(expand(algorithm, 1, bytes), None, "{algorithm}");
            assert_eq!(expand(algorithm, 3, bytes), None, "{algorithm}");
        }
        assert_eq!(expand(4, 2, b"ok"), None);
        assert_eq!(expand(1, u32::MAX, b""), None);
    }
}
