//! What sealing adds to a record's content, by version and cipher suite.
//!
//! ```text
//! TLS 1.3                content | type 1 | tag 16 or 8                              RFC 8446 section 5.2
//! TLS 1.2 GCM, CCM       nonce 8 | content | tag 16 or 8                             RFC 5288 section 3, RFC 6655 section 3
//! TLS 1.2 ChaCha20       content | tag 16                                            RFC 7905 section 2
//! CBC                    vector of a block, from TLS 1.1 on | content | code | padding 1 to a block
//! RC4, NULL              content | code                                              RFC 5246 section 6.2.3
//! ```

use std::ops::RangeInclusive;

use super::suite::{AeadKind, Block, Cipher, Mac, Suite};
use crate::wire::handshake::{cipher_name, is_tls13};

/// Least and most of a suite that is not known, or of none: an authentication code, a vector, a block.
const ANY: RangeInclusive<u64> = 0..=48 + 16 + 16;
/// First version with a vector in each record.
const TLS_1_1: u16 = 0x0302;

/// Bytes that the body of a record has beside its content, when nobody pads beyond a block.
pub(crate) fn overhead(version: u16, suite: u16) -> RangeInclusive<u64> {
    let known = Suite::of(suite).map(|suite| suite.cipher);
    match known {
        Some(Cipher::Aead(kind)) if is_tls13(version) => same(tag(kind).saturating_add(1)),
        Some(Cipher::Aead(AeadKind::ChaCha20Poly1305)) => same(16),
        Some(Cipher::Aead(kind)) => same(tag(kind).saturating_add(8)),
        Some(Cipher::Cbc(block, mac)) => chained(version, block_bytes(block), code(mac)),
        Some(Cipher::Null(mac)) => same(code(mac)),
        None => by_name(version, &cipher_name(suite)),
    }
}

const fn same(bytes: u64) -> RangeInclusive<u64> {
    bytes..=bytes
}

const fn chained(version: u16, block: u64, code: u64) -> RangeInclusive<u64> {
    let vector = if version >= TLS_1_1 { block } else { 0 };
    let fixed = vector.saturating_add(code);
    fixed.saturating_add(1)..=fixed.saturating_add(block)
}

/// Ciphers that are not built in, by what their names say.
fn by_name(version: u16, name: &str) -> RangeInclusive<u64> {
    if name.contains("_GCM_") || name.contains("_CCM") {
        return same(if name.contains("_CCM_8") { 16 } else { 24 });
    }
    let code = match name.rsplit_once('_').map(|(_, mac)| mac) {
        Some("MD5") => 16,
        Some("SHA") => 20,
        Some("SHA256") => 32,
        Some("SHA384") => 48,
        _ => return ANY,
    };
    match name {
        _ if name.contains("_RC4_") => same(code),
        _ if name.contains("CAMELLIA") || name.contains("ARIA") || name.contains("SEED") => chained(version, 16, code),
        _ if name.contains("_CBC") => chained(version, 8, code),
        _ => ANY,
    }
}

fn tag(kind: AeadKind) -> u64 {
    u64::try_from(kind.tag_bytes()).unwrap_or_default()
}

fn code(mac: Mac) -> u64 {
    u64::try_from(mac.bytes()).unwrap_or_default()
}

const fn block_bytes(block: Block) -> u64 {
    match block {
        Block::Aes128 | Block::Aes256 => 16,
        Block::TripleDes => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_suite_adds_what_its_standard_says() {
        for (version, suite, added) in [
            (0x0304, 0x1301, 17..=17),
            (0x0304, 0x1305, 9..=9),
            (0x0303, 0xc02f, 24..=24),
            (0x0303, 0xc0a0, 16..=16),
            (0x0303, 0xcca8, 16..=16),
            (0x0303, 0x002f, 16 + 20 + 1..=16 + 20 + 16),
            (0x0301, 0x002f, 21..=36),
            (0x0303, 0x000a, 8 + 20 + 1..=8 + 20 + 8),
            (0x0300, 0x0005, 20..=20),
            (0x0303, 0xc07a, 24..=24),
            (0x0303, 0x0041, 37..=52),
            (0x0303, 0x1a1a, ANY),
        ] {
            assert_eq!(overhead(version, suite), added, "{version:#06x} {}", cipher_name(suite));
        }
    }
}
