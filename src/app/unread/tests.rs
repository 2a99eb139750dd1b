//! Single samples; how often the classes are right is measured in tests/it/unread.rs.

use super::*;

/// Bytes of a generator (xorshift, Marsaglia 2003) that pass for ciphertext.
fn random(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[2]
    };
    (0..length).map(|_| next()).collect()
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let of = |triple: &[u8]| {
        let number = triple.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| DIGITS[number >> shift & 63])
    };
    bytes.chunks_exact(3).flat_map(of).collect()
}

fn judged(bytes: &[u8]) -> (&'static str, &'static str) {
    let mut unread = Unread::default();
    bytes.chunks(700).for_each(|piece| unread.bytes(Side::Device, piece));
    let (class, basis) = class(None, Encryption::Unknown, Some(&unread));
    (class.as_str(), basis.as_str())
}

#[test]
fn little_is_undetermined() {
    assert_eq!(judged(b""), ("undetermined", "none"));
    assert_eq!(judged(b"hello, world"), ("undetermined", "none"));
    assert_eq!(judged(&random(200)), ("undetermined", "none"));
}

#[test]
fn random_bytes_are_encrypted_or_compressed() {
    assert_eq!(judged(&random(1_024)), ("encrypted-or-compressed", "statistics"));
    assert_eq!(judged(&random(20_000)), ("encrypted-or-compressed", "statistics"));
}

#[test]
fn base64_is_what_it_stands_for() {
    let text = b"The quick brown fox jumps over the lazy dog, and says so at length in every test. ".repeat(200);
    assert_eq!(judged(&text), ("text", "statistics"));
    assert_eq!(judged(&base64(&text)), ("text", "encoding"));
    assert_eq!(judged(&base64(&random(15_000))), ("encrypted-or-compressed", "encoding"));
    let in_json = [b"{\"name\":\"a\",\"data\":\"".as_slice(), &base64(&random(15_000)), b"\"}"].concat();
    assert_eq!(judged(&in_json), ("encrypted-or-compressed", "encoding"));
    let lines: Vec<u8> = base64(&random(15_000)).chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect();
    assert_eq!(judged(&lines), ("encrypted-or-compressed", "encoding"));
    let hex: Vec<u8> = random(7_000).iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    assert_eq!(judged(&hex), ("encrypted-or-compressed", "encoding"));
    let packed = [b"\x1f\x8b\x08\0\0\0\0\0\0\x03".as_slice(), &random(400)].concat();
    assert_eq!(judged(&base64(&packed)), ("compressed", "encoding"));
}

#[test]
fn files_are_known_by_their_beginning() {
    assert_eq!(judged(&[b"\xff\xd8\xff\xe0\0\x10JFIF".as_slice(), &random(90)].concat()), ("media", "structure"));
    assert_eq!(judged(&[b"\x28\xb5\x2f\xfd".as_slice(), &random(90)].concat()), ("compressed", "structure"));
}

#[test]
fn fields_and_text_of_other_languages() {
    let fields: Vec<u8> = (0_u32..1_000).flat_map(|second| [second.to_le_bytes(), 1_450_000_000_u32.to_le_bytes()].concat()).collect();
    assert_eq!(judged(&fields), ("binary", "statistics"));
    assert_eq!(judged("飞行记录已上传，位置和序列号在内。".repeat(20).as_bytes()), ("text", "statistics"));
}

#[test]
fn both_directions_make_one_class() {
    let mut unread = Unread::default();
    unread.bytes(Side::Device, &random(20_000));
    unread.bytes(Side::Remote, &random(500));
    assert_eq!(unread.judged().0, EncryptionClass::EncryptedOrCompressed);
    let mut unread = Unread::default();
    unread.bytes(Side::Device, &random(20_000));
    unread.bytes(Side::Remote, &b"words of a language ".repeat(20));
    assert_eq!(unread.judged().0, EncryptionClass::Mixed);
    // A head in front of each datagram does not hide what is behind it.
    let mut unread = Unread::default();
    random(20_000).chunks(900).for_each(|body| unread.datagram(Side::Device, &[&[0x80; 12][..], &[1, 2, 3, 4], body].concat()));
    assert_eq!(unread.judged().0, EncryptionClass::EncryptedOrCompressed);
}
