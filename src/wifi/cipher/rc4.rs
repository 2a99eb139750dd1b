//! RC4, the stream of WEP, TKIP and WPA's key data.

use rc4::{KeyInit as _, Rc4, StreamCipher as _};

/// Applies the key's stream to the data; nothing happens when no key has this length.
pub(super) fn apply(key: &[u8], data: &mut [u8]) {
    if let Ok(mut stream) = Rc4::new_from_slice(key) {
        stream.apply_keystream(data);
    }
}

/// Opens key data whose key is the vector and the key encryption key; the first 256 bytes of the stream are not
/// used (IEEE 802.11-2020, 12.7.2).
pub(in crate::wifi) fn key_data(vector: &[u8; 16], key: &[u8], data: &[u8]) -> Vec<u8> {
    const UNUSED: usize = 256;
    let mut opened = vec![0; UNUSED];
    opened.extend_from_slice(data);
    apply(&[&vector[..], key].concat(), &mut opened);
    opened.split_off(UNUSED)
}

/// Takes the check value off that ends opened data; `None` when it is wrong: CRC-32, little-endian.
pub(super) fn checked(opened: &mut Vec<u8>) -> Option<()> {
    let (data, check) = opened.split_last_chunk::<4>()?;
    if crc32fast::hash(data) != u32::from_le_bytes(*check) {
        return None;
    }
    opened.truncate(data.len());
    Some(())
}
