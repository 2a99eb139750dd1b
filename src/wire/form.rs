//! Forms: multipart bodies (RFC 2046 section 5.1, RFC 7578) cut into parts as they come, and URL-encoded ones.
//!
//! ```text
//! preamble
//! CRLF --boundary CRLF fields CRLF CRLF data      each part
//! CRLF --boundary -- epilogue
//! ```

use crate::limits::{FORM_HEAD_BYTES, FORM_NAME_BYTES, FORM_NAMES};

/// A piece of a multipart body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Fields of a part, which begins.
    Head(&'a [u8]),
    /// Its data.
    Data(&'a [u8]),
    /// The part is complete.
    End,
}

/// Cuts a multipart body.
#[derive(Debug)]
pub(crate) struct Multipart {
    /// CRLF, two dashes, the boundary.
    delimiter: Vec<u8>,
    state: State,
    held: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preamble,
    /// Behind a boundary.
    Line,
    Head,
    Data,
    Over,
}

impl Multipart {
    /// For the boundary of a Content-Type field; `None` when it names none.
    pub(crate) fn new(content_type: &[u8]) -> Option<Self> {
        let boundary = parameter(content_type, b"boundary").filter(|boundary| (1..=200).contains(&boundary.len()))?;
        // The first boundary may stand at the very start.
        Some(Self { delimiter: [b"\r\n--", &*boundary].concat(), state: State::Preamble, held: b"\r\n".to_vec() })
    }

    /// The body goes on.
    pub(crate) fn data(&mut self, bytes: &[u8], take: &mut dyn FnMut(Piece<'_>)) {
        let mut held = std::mem::take(&mut self.held);
        held.extend_from_slice(bytes);
        let mut rest = held.as_slice();
        while let Some(after) = self.step(rest, take) {
            rest = after;
        }
        self.held = rest.to_vec();
    }

    /// The body has ended inside a part: what was held back in case it began a boundary.
    pub(crate) fn finish(&mut self, take: &mut dyn FnMut(Piece<'_>)) {
        let held = std::mem::take(&mut self.held);
        if self.state == State::Data && !held.is_empty() {
            take(Piece::Data(&held));
        }
    }

    /// It ended with its last boundary.
    #[cfg(test)]
    pub(crate) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Moves on by one piece; `None` when more bytes are needed.
    fn step<'a>(&mut self, bytes: &'a [u8], take: &mut dyn FnMut(Piece<'_>)) -> Option<&'a [u8]> {
        match self.state {
            State::Over => (!bytes.is_empty()).then_some(&[]),
            State::Line => {
                let end = find(bounded(bytes), b"\n");
                if bytes.starts_with(b"--") || end.is_none() && bytes.len() > FORM_HEAD_BYTES {
                    self.state = State::Over;
                    return Some(&[]);
                }
                let after = bytes.get(end?.saturating_add(1)..);
                self.state = State::Head;
                after
            }
            State::Head => self.head(bytes, take),
            State::Preamble | State::Data => self.until_delimiter(bytes, take),
        }
    }

    fn head<'a>(&mut self, bytes: &'a [u8], take: &mut dyn FnMut(Piece<'_>)) -> Option<&'a [u8]> {
        // A part without fields begins with the empty line.
        let (head, skipped) = match find(bounded(bytes), b"\r\n\r\n") {
            _ if bytes.starts_with(b"\r\n") => (0, 2),
            Some(at) => (at, 4),
            None if bytes.len() > FORM_HEAD_BYTES => {
                self.state = State::Over;
                return Some(&[]);
            }
            None => return None,
        };
        take(Piece::Head(bytes.get(..head)?));
        self.state = State::Data;
        // Data may be empty: its boundary's line break is then that of the fields.
        bytes.get(head.saturating_add(skipped)..)
    }

    fn until_delimiter<'a>(&mut self, bytes: &'a [u8], take: &mut dyn FnMut(Piece<'_>)) -> Option<&'a [u8]> {
        let (data, rest) = match find(bytes, &self.delimiter) {
            Some(at) => (at, at.saturating_add(self.delimiter.len())),
            None => {
                let kept = partial(bytes, &self.delimiter);
                (kept, kept)
            }
        };
        let is_delimiter = rest > data;
        let is_part = self.state == State::Data;
        if is_part && data > 0 {
            take(Piece::Data(bytes.get(..data)?));
        }
        if is_delimiter {
            if is_part {
                take(Piece::End);
            }
            self.state = State::Line;
        }
        (rest > 0).then(|| bytes.get(rest..)).flatten()
    }
}

/// The bytes in which a head must end: what lies behind them must not matter, as it may come later.
fn bounded(bytes: &[u8]) -> &[u8] {
    bytes.get(..=FORM_HEAD_BYTES).unwrap_or(bytes)
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    let mut from = 0_usize;
    loop {
        let at = bytes.get(from..)?.iter().position(|byte| *byte == first)?.saturating_add(from);
        if bytes.get(at..)?.starts_with(word) {
            return Some(at);
        }
        from = at.saturating_add(1);
    }
}

/// Where the bytes may begin a word that goes on behind them; their length when they do not.
fn partial(bytes: &[u8], word: &[u8]) -> usize {
    let first = bytes.len().saturating_sub(word.len().saturating_sub(1));
    (first..bytes.len()).find(|at| bytes.get(*at..).is_some_and(|rest| word.starts_with(rest))).unwrap_or(bytes.len())
}

/// A parameter of a field's value, as `name=value` or `name="value"` (RFC 9110 section 5.6.6).
pub(crate) fn parameter(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = value;
    while let Some(at) = outside_quotes(rest, b';') {
        rest = rest.get(at.saturating_add(1)..)?;
        let end = outside_quotes(rest, b';').unwrap_or(rest.len());
        let pair = rest.get(..end)?;
        let Some(equals) = pair.iter().position(|byte| *byte == b'=') else { continue };
        if pair.get(..equals)?.trim_ascii().eq_ignore_ascii_case(name) {
            return Some(unquoted(pair.get(equals.saturating_add(1)..)?.trim_ascii()));
        }
    }
    None
}

fn outside_quotes(bytes: &[u8], wanted: u8) -> Option<usize> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    bytes.iter().position(|byte| {
        is_quoted ^= *byte == b'"' && !is_escaped;
        is_escaped = is_quoted && *byte == b'\\' && !is_escaped;
        *byte == wanted && !is_quoted
    })
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value.strip_prefix(b"\"") else { return value.to_vec() };
    let inner = inner.strip_suffix(b"\"").unwrap_or(inner);
    let mut plain = Vec::with_capacity(inner.len());
    let mut is_escaped = false;
    for byte in inner {
        is_escaped = *byte == b'\\' && !is_escaped;
        if !is_escaped {
            plain.push(*byte);
        }
    }
    plain
}

/// Value of a field in the head of a part.
pub(crate) fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let is_it = line.get(..colon)?.trim_ascii().eq_ignore_ascii_case(name);
        is_it.then(|| line.get(colon.saturating_add(1)..).unwrap_or_default().trim_ascii())
    })
}

/// Names in a URL-encoded form, as it comes.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// The names, decoded, in order.
    pub(crate) names: Vec<Vec<u8>>,
    current: Vec<u8>,
    is_in_value: bool,
}

impl Names {
    /// The form goes on.
    pub(crate) fn data(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'&' => self.next(),
                b'=' => self.is_in_value = true,
                _ if !self.is_in_value && self.current.len() < FORM_NAME_BYTES => self.current.push(*byte),
                _ => {}
            }
        }
    }

    /// The form, or one field of it, has ended.
    pub(crate) fn next(&mut self) {
        let name = percent_decoded(&std::mem::take(&mut self.current));
        if !name.is_empty() && self.names.len() < FORM_NAMES && !self.names.contains(&name) {
            self.names.push(name);
        }
        self.is_in_value = false;
    }
}

/// `+` is a blank, `%XX` a byte.
fn percent_decoded(coded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(coded.len());
    let mut rest = coded;
    while let Some((byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
        match (byte, digit(0).zip(digit(1))) {
            (b'%', Some((high, low))) => {
                decoded.push(high << 4 | low);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                decoded.push(if *byte == b'+' { b' ' } else { *byte });
                rest = after;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &[u8] = b"multipart/form-data; boundary=\"a b\"";
    const BODY: &[u8] =
        b"preamble\r\n--a b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\none\r\n--a\r\n--a b  \r\nA: b\r\n\r\n\r\n--a b--\r\n";

    /// Heads in brackets, data, a bar for each end.
    fn pieces(body: &[u8], length: usize) -> String {
        let mut multipart = Multipart::new(TYPE).unwrap();
        let mut found = String::new();
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Head(head) => found.push_str(&format!("[{}]", String::from_utf8_lossy(head))),
            Piece::Data(data) => found.push_str(&String::from_utf8_lossy(data)),
            Piece::End => found.push('|'),
        };
        body.chunks(length).for_each(|chunk| multipart.data(chunk, &mut take));
        multipart.finish(&mut take);
        if multipart.is_over() {
            found.push('.');
        }
        found
    }

    #[test]
    fn parts_are_cut_wherever_the_bytes_are() {
        for length in 1..=BODY.len() {
            assert_eq!(pieces(BODY, length), "[Content-Disposition: form-data; name=\"x\"]one\r\n--a|[A: b]|.", "{length}");
        }
        assert_eq!(pieces(b"--a b\r\n\r\nno fields\r\n--a ", 3), "[]no fields\r\n--a ");
        assert_eq!(pieces(b"nothing of the kind", 4), "");
    }

    #[test]
    fn heads_are_bounded() {
        let endless = [b"--a b\r\n", &*vec![b'a'; 3 * FORM_HEAD_BYTES]].concat();
        assert_eq!(pieces(&endless, 100), ".");
    }

    #[test]
    fn what_is_too_long_is_so_in_one_piece_too() {
        for length in [FORM_HEAD_BYTES - 4, FORM_HEAD_BYTES - 3, FORM_HEAD_BYTES - 2, FORM_HEAD_BYTES + 1, 2 * FORM_HEAD_BYTES] {
            let fill = vec![b'a'; length];
            let head = [b"--a b\r\n", &*fill, b"\r\n\r\ndata"].concat();
            let line = [b"--a b", &*fill, b"\nA: b\r\n\r\ndata"].concat();
            for body in [head, line] {
                let small = pieces(&body, 3);
                assert!([7, 1_000, body.len()].iter().all(|piece| pieces(&body, *piece) == small), "{length}");
            }
        }
    }

    #[test]
    fn parameters_in_quotes_and_without() {
        let value = br#"form-data; name="a;\"b"; filename=c.jpg; x"#;
        assert_eq!(parameter(value, b"name").as_deref(), Some(&b"a;\"b"[..]));
        assert_eq!(parameter(value, b"FileName").as_deref(), Some(&b"c.jpg"[..]));
        assert_eq!(parameter(value, b"y"), None);
        assert_eq!(field(b"A: b\r\nContent-Type:  image/jpeg\r\n", b"content-type"), Some(&b"image/jpeg"[..]));
    }

    #[test]
    fn names_without_their_values() {
        let mut names = Names::default();
        for chunk in [&b"us"[..], b"er=me&pass%20wor", b"d=x=y&&a+b&user=2"] {
            names.data(chunk);
        }
        names.next();
        assert_eq!(names.names, [&b"user"[..], b"pass word", b"a b"]);
    }
}
