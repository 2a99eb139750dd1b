//! Text that came from traffic, made safe to show: one escaping, used by rows and faces alike.

/// Text as it may be shown: valid UTF-8 with no control, bidirectional or line-breaking character.
///
/// Everything else becomes `\xNN` (a byte) or `\u{NNNN}` (a character); a backslash becomes `\\`, so that
/// the original bytes can be had back.
///
/// ```
/// use whereto::wire::escape;
/// assert_eq!(escape(b"api.example"), "api.example");
/// assert_eq!(escape(b"a\x1b[31m\\"), r"a\x1b[31m\\");
/// ```
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    if let Some(text) = plain(bytes) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_character(&mut shown, character);
        }
        for byte in chunk.invalid() {
            push_byte(&mut shown, *byte);
        }
    }
    shown
}

/// Printable ASCII, which most text is, needs no look at each character.
fn plain(bytes: &[u8]) -> Option<&str> {
    let is_plain = bytes.iter().all(|byte| matches!(byte, b' '..=b'[' | b']'..=b'~'));
    if is_plain { str::from_utf8(bytes).ok() } else { None }
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len().saturating_mul(2));
    push_hex(&mut shown, bytes);
    shown
}

fn push_character(shown: &mut String, character: char) {
    match character {
        '\\' => shown.push_str("\\\\"),
        ' '..='~' => shown.push(character),
        '\0'..='\u{7f}' => push_byte(shown, u8::try_from(character).unwrap_or(b'?')),
        _ if is_unsafe_to_show(character) => push_escape(shown, character),
        _ => shown.push(character),
    }
}

/// Characters that change how the text around them is shown: C1 controls, line and paragraph
/// separators, bidirectional controls (UAX #9), zero-width and private-use characters.
const fn is_unsafe_to_show(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{10ffff}')
}

fn push_byte(shown: &mut String, byte: u8) {
    shown.push_str("\\x");
    push_hex(shown, &[byte]);
}

/// Appends bytes as lower-case hexadecimal digits.
pub(super) fn push_hex(shown: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let [high, low] = [byte >> 4, byte & 0x0f].map(|nibble| nibble.wrapping_add(if nibble < 10 { b'0' } else { b'a' - 10 }));
        shown.push(char::from(high));
        shown.push(char::from(low));
    }
}

fn push_escape(shown: &mut String, character: char) {
    shown.extend(character.escape_unicode());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_text_and_escapes_the_rest() {
        assert_eq!(escape("Küche".as_bytes()), "Küche");
        assert_eq!(escape(b"\xff\n\x00"), r"\xff\x0a\x00");
        assert_eq!(escape("a\u{202e}b".as_bytes()), r"a\u{202e}b");
        assert_eq!(escape(b""), "");
    }
}
