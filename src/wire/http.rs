//! Heads of HTTP/1 messages (RFC 9112), of RTSP (RFC 2326) and SSDP, which look alike.
//!
//! ```text
//! method SP target SP HTTP/1.x CRLF      a request starts so
//! HTTP/1.x SP status SP reason CRLF      a response
//! name: value CRLF                       fields; a line that starts with a blank continues the one before
//! CRLF                                   then the body, as long as section 6.3 says
//! ```
//!
//! A head is collected whole, brought into the form that httparse takes ([`repair`]), and split; fields are
//! looked up when somebody asks.

mod chunked;
mod messages;

use std::net::IpAddr;

use crate::limits::HTTP_FIELDS;

pub(crate) use messages::{Body, Input, Loss, Messages, Part};

/// Which of the look-alikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// HTTP/1.0 and 1.1; SSDP writes the same.
    Http,
    /// RTSP/1.0.
    Rtsp,
}

impl Family {
    /// Start of the protocol word.
    const fn word(self) -> &'static [u8] {
        match self {
            Self::Http => b"HTTP/1.",
            Self::Rtsp => b"RTSP/1.",
        }
    }

    /// Methods that are looked for where a message may start in the middle of other bytes.
    const fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Http => &["GET", "POST", "HEAD", "PUT", "DELETE", "CONNECT", "OPTIONS", "PATCH", "TRACE"],
            Self::Rtsp => &[
                "OPTIONS",
                "DESCRIBE",
                "SETUP",
                "PLAY",
                "PAUSE",
                "TEARDOWN",
                "ANNOUNCE",
                "RECORD",
                "REDIRECT",
                "GET_PARAMETER",
                "SET_PARAMETER",
            ],
        }
    }

    /// The line is the first of a message.
    pub(crate) fn is_start_line(self, line: &[u8]) -> bool {
        let line = line.trim_ascii_end();
        self.is_status_line(line) || self.is_request_line(line)
    }

    /// The bytes could still become the first line of a message.
    pub(crate) fn may_start(self, bytes: &[u8]) -> bool {
        if self.word().starts_with(bytes) || bytes.starts_with(self.word()) {
            return true;
        }
        let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
        is_method(method) && !bytes.iter().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\r' | b'\t'))
    }

    /// The bytes begin with a method of this protocol and a blank.
    pub(crate) fn starts_with_method(self, bytes: &[u8]) -> bool {
        self.methods().iter().any(|method| bytes.strip_prefix(method.as_bytes()).is_some_and(|rest| rest.starts_with(b" ")))
    }

    /// Where in the line a message starts, after bytes of something else.
    fn find_start(self, line: &[u8]) -> Option<usize> {
        let line = line.trim_ascii_end();
        let status = line
            .windows(self.word().len())
            .enumerate()
            .filter(|(_, window)| *window == self.word())
            .map(|(at, _)| at)
            .find(|at| line.get(*at..).is_some_and(|rest| self.is_status_line(rest)));
        status.or_else(|| self.find_request(line))
    }

    fn find_request(self, line: &[u8]) -> Option<usize> {
        if !self.has_request_end(line) {
            return None;
        }
        let starts = self.methods().iter().filter_map(|method| {
            let at = line.windows(method.len()).rposition(|window| window == method.as_bytes())?;
            line.get(at..).is_some_and(|rest| self.starts_with_method(rest) && self.is_request_line(rest)).then_some(at)
        });
        starts.max()
    }

    fn is_status_line(self, line: &[u8]) -> bool {
        let Some([b'0' | b'1', b' ', status @ ..]) = line.strip_prefix(self.word()) else { return false };
        let digits = status.trim_ascii_start().split(|byte| !byte.is_ascii_digit()).next();
        digits.is_some_and(|digits| digits.len() == 3)
    }

    fn is_request_line(self, line: &[u8]) -> bool {
        self.has_request_end(line) && line.split(|byte| *byte == b' ').next().is_some_and(is_method) && words(line).is_some()
    }

    fn has_request_end(self, line: &[u8]) -> bool {
        let word = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
        matches!(word.strip_prefix(self.word()), Some([b'0' | b'1']))
    }
}

/// Capitals, as every registered method; the token of RFC 9110 section 9.1 would also fit plain text.
fn is_method(word: &[u8]) -> bool {
    (1..=24).contains(&word.len()) && word.iter().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_'))
}

/// Method, target and protocol word of a request line; blanks inside the target stay in it.
fn words(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let first = line.iter().position(|byte| *byte == b' ')?;
    let last = line.iter().rposition(|byte| *byte == b' ')?;
    let target = line.get(first..last)?.trim_ascii();
    (!target.is_empty()).then_some((line.get(..first)?, target, line.get(last..)?.trim_ascii()))
}

/// A head as httparse takes it.
#[derive(Debug)]
pub(crate) struct Repaired {
    bytes: Vec<u8>,
    /// There were more fields than the limit; the last ones are left out.
    pub(crate) is_shortened: bool,
}

/// Brings a head into one form: CRLF line ends, no folded lines (RFC 9112 section 5.2), blanks in the target
/// as `%20`, RTSP's protocol word as HTTP's.
pub(crate) fn repair(head: &[u8], family: Family) -> Repaired {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).skip_while(|line| line.is_empty());
    let mut repaired = Repaired { bytes: Vec::with_capacity(head.len()), is_shortened: false };
    push_start_line(&mut repaired.bytes, lines.next().unwrap_or_default(), family);
    let mut fields: usize = 0;
    for line in lines.take_while(|line| !line.is_empty()) {
        if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) && fields > 0 {
            repaired.bytes.push(b' ');
        } else {
            fields = fields.saturating_add(1);
            repaired.bytes.extend_from_slice(b"\r\n");
        }
        if fields > HTTP_FIELDS {
            repaired.is_shortened = true;
            break;
        }
        repaired.bytes.extend_from_slice(line.trim_ascii_start());
    }
    let ended = repaired.bytes.trim_ascii_end().len();
    repaired.bytes.truncate(ended);
    repaired.bytes.extend_from_slice(b"\r\n\r\n");
    repaired
}

fn push_start_line(bytes: &mut Vec<u8>, line: &[u8], family: Family) {
    if let Some(rest) = line.strip_prefix(family.word()) {
        bytes.extend_from_slice(Family::Http.word());
        bytes.extend_from_slice(rest);
        return;
    }
    let Some((method, target, protocol)) = words(line) else { return bytes.extend_from_slice(line) };
    bytes.extend_from_slice(method);
    bytes.push(b' ');
    for chunk in target.utf8_chunks() {
        chunk.valid().bytes().for_each(|byte| push_target(bytes, byte));
        chunk.invalid().iter().for_each(|byte| push_percent(bytes, *byte));
    }
    bytes.push(b' ');
    bytes.extend_from_slice(Family::Http.word());
    bytes.extend_from_slice(protocol.strip_prefix(family.word()).unwrap_or(protocol));
}

fn push_target(bytes: &mut Vec<u8>, byte: u8) {
    if byte == b' ' || byte.is_ascii_control() { push_percent(bytes, byte) } else { bytes.push(byte) }
}

fn push_percent(bytes: &mut Vec<u8>, byte: u8) {
    bytes.extend_from_slice(format!("%{byte:02X}").as_bytes());
}

/// First line of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start<'a> {
    /// Request.
    Request {
        /// Method.
        method: &'a str,
        /// Target, as written.
        target: &'a str,
    },
    /// Response.
    Response {
        /// Status.
        status: u16,
    },
}

/// Head of a message.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    /// First line.
    pub(crate) start: Start<'a>,
    /// Minor version: 0 or 1.
    pub(crate) minor: u8,
    fields: Vec<httparse::Header<'a>>,
}

/// How long a message's body is, and whether the head contradicts itself about it.
#[derive(Debug)]
pub(crate) struct Framing {
    /// The body.
    pub(crate) body: Body,
    /// Two lengths, or a length and a transfer coding: recipients may read it differently.
    pub(crate) is_ambiguous: bool,
}

impl Framing {
    /// A body of so many bytes.
    pub(crate) const fn length(length: u64) -> Self {
        Self { body: Body::Length(length), is_ambiguous: false }
    }
}

impl<'a> Head<'a> {
    /// Splits a head; `None` when it is not one.
    pub(crate) fn parse(head: &'a Repaired) -> Option<Self> {
        let mut config = httparse::ParserConfig::default();
        config.ignore_invalid_headers_in_requests(true).ignore_invalid_headers_in_responses(true);
        config.allow_multiple_spaces_in_response_status_delimiters(true).allow_spaces_after_header_name_in_responses(true);
        let mut fields = [httparse::EMPTY_HEADER; HTTP_FIELDS];
        let (start, minor, fields) = if head.bytes.starts_with(Family::Http.word()) {
            let mut response = httparse::Response::new(&mut fields);
            config.parse_response(&mut response, &head.bytes).ok()?.is_complete().then_some(())?;
            (Start::Response { status: response.code? }, response.version?, response.headers.to_vec())
        } else {
            let mut request = httparse::Request::new(&mut fields);
            config.parse_request(&mut request, &head.bytes).ok()?.is_complete().then_some(())?;
            (Start::Request { method: request.method?, target: request.path? }, request.version?, request.headers.to_vec())
        };
        Some(Self { start, minor, fields })
    }

    /// Value of the first field of that name.
    pub(crate) fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.values(name).next()
    }

    /// A field of that name, which is a list, holds the word.
    pub(crate) fn has_token(&self, name: &str, word: &str) -> bool {
        self.values(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|token| token.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    }

    fn values<'b>(&'b self, name: &'b str) -> impl DoubleEndedIterator<Item = &'a [u8]> + 'b {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.trim_ascii())
    }

    /// Body of a request (RFC 9112 section 6.3).
    pub(crate) fn request_framing(&self) -> Framing {
        self.framing(Body::Length(0))
    }

    /// Body of a response to a request of that method, where it is known.
    pub(crate) fn response_framing(&self, method: Option<&str>) -> Framing {
        match self.start {
            Start::Response { status: 100..=199 | 204 | 304 } => Framing::length(0),
            _ if method == Some("HEAD") => Framing::length(0),
            _ => self.framing(Body::UntilClose),
        }
    }

    /// Body of an RTSP message: none unless a length is given (RFC 2326 section 4.4).
    pub(crate) fn rtsp_framing(&self) -> Framing {
        self.framing(Body::Length(0))
    }

    fn framing(&self, otherwise: Body) -> Framing {
        let length = self.content_length();
        let has_length = !matches!(length, ContentLength::Absent);
        match (self.coding(), length) {
            (Coding::Chunked, _) => Framing { body: Body::chunked(), is_ambiguous: has_length || self.minor == 0 },
            (Coding::Other, _) => {
                let is_request = matches!(self.start, Start::Request { .. });
                Framing { body: Body::UntilClose, is_ambiguous: has_length || is_request }
            }
            (Coding::Identity, ContentLength::Contradicting) => Framing { body: Body::UntilClose, is_ambiguous: true },
            (Coding::Identity, ContentLength::Is(length)) => Framing::length(length),
            (Coding::Identity, ContentLength::Absent) => Framing { body: otherwise, is_ambiguous: false },
        }
    }

    fn content_length(&self) -> ContentLength {
        let mut values = self.values("content-length").flat_map(|value| value.split(|byte| *byte == b',')).map(decimal);
        match values.next() {
            None => ContentLength::Absent,
            Some(Some(first)) if values.all(|other| other == Some(first)) => ContentLength::Is(first),
            Some(_) => ContentLength::Contradicting,
        }
    }

    fn coding(&self) -> Coding {
        let codings = self.values("transfer-encoding").flat_map(|value| value.split(|byte| *byte == b','));
        match codings.map(<[u8]>::trim_ascii).rfind(|coding| !coding.is_empty()) {
            None => Coding::Identity,
            Some(coding) if coding.eq_ignore_ascii_case(b"identity") => Coding::Identity,
            Some(coding) if coding.eq_ignore_ascii_case(b"chunked") => Coding::Chunked,
            Some(_) => Coding::Other,
        }
    }
}

/// What the Content-Length fields say together.
enum ContentLength {
    Absent,
    Is(u64),
    Contradicting,
}

/// The last transfer coding.
enum Coding {
    Identity,
    Chunked,
    Other,
}

/// Digits and nothing else, as RFC 9110 section 8.6 wants them.
fn decimal(value: &[u8]) -> Option<u64> {
    let value = value.trim_ascii();
    let is_plain = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    is_plain.then(|| std::str::from_utf8(value).ok()?.parse().ok()).flatten()
}

/// Parts of a request target (RFC 9112 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// Host and port, of the absolute and authority forms; user information left out.
    pub(crate) authority: Option<&'a str>,
    /// Path; none in the authority form.
    pub(crate) path: Option<&'a str>,
    query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// Splits a target.
    pub(crate) fn parse(method: &str, target: &'a str) -> Self {
        if method == "CONNECT" {
            return Self { authority: Some(without_user(target)), path: None, query: None };
        }
        let target = target.split('#').next().unwrap_or_default();
        let (before, query) = target.split_once('?').map_or((target, None), |(before, query)| (before, Some(query)));
        let Some((_, rest)) = before.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) else {
            return Self { authority: None, path: Some(before), query };
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        Self { authority: Some(without_user(authority)), path: Some(if path.is_empty() { "/" } else { path }), query }
    }

    /// Keys of the query and what they are set to, as written.
    pub(crate) fn query_pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let pairs = self.query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// Keys of the query, without what they are set to.
    pub(crate) fn query_keys(&self) -> impl Iterator<Item = &'a str> {
        let pairs = self.query.unwrap_or_default().split('&');
        pairs.map(|pair| pair.split('=').next().unwrap_or_default()).filter(|key| !key.is_empty())
    }
}

fn is_scheme(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn without_user(authority: &str) -> &str {
    authority.rsplit('@').next().unwrap_or(authority)
}

/// A host without its port and final dot; `None` when it is empty or an address.
pub(crate) fn host_name(host: &str) -> Option<&str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    (!name.is_empty() && bare.parse::<IpAddr>().is_err() && host.parse::<IpAddr>().is_err()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing_of(head: &str) -> Framing {
        let repaired = repair(head.as_bytes(), Family::Http);
        let head = Head::parse(&repaired).unwrap();
        match head.start {
            Start::Request { .. } => head.request_framing(),
            Start::Response { .. } => head.response_framing(None),
        }
    }

    #[test]
    fn knows_first_lines() {
        for line in ["GET / HTTP/1.1\r\n", "HTTP/1.0 200 OK\r", "HTTP/1.1 404", "M-SEARCH * HTTP/1.1", "GET /a b HTTP/1.0"] {
            assert!(Family::Http.is_start_line(line.as_bytes()), "{line}");
        }
        for line in ["", "GET  HTTP/1.1", "get / HTTP/1.1", "GET / HTTP/2.0", "HTTP/1.1 20", "HTTP/1.1 2000", "PRI * HTTP/2.0", "GET /"] {
            assert!(!Family::Http.is_start_line(line.as_bytes()), "{line}");
        }
        assert!(Family::Rtsp.is_start_line(b"RTSP/1.0 200 OK"));
        assert!(!Family::Http.is_start_line(b"OPTIONS * RTSP/1.0"));
    }

    #[test]
    fn finds_a_start_inside_other_bytes() {
        assert_eq!(Family::Http.find_start(b"\xff\x00HTTP/1.1 200 OK\r\n"), Some(2));
        assert_eq!(Family::Http.find_start(b"}GET /x HTTP/1.1\r\n"), Some(1));
        assert_eq!(Family::Http.find_start(b"see HTTP/1.1 for POST\r\n"), None);
    }

    #[test]
    fn repairs_folds_line_ends_and_blanks() {
        let repaired = repair(b"GET /a b\xff HTTP/1.1\nHost: x\n y\nNo colon\nA : b\r\n\r\n", Family::Http);
        let head = Head::parse(&repaired).unwrap();
        assert_eq!(head.start, Start::Request { method: "GET", target: "/a%20b%FF" });
        assert_eq!(head.field("host"), Some(&b"x y"[..]));
        assert_eq!(head.field("none"), None);
    }

    #[test]
    fn the_fields_beyond_the_limit_are_left_out() {
        let head = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(HTTP_FIELDS + 1));
        let repaired = repair(head.as_bytes(), Family::Http);
        assert!(repaired.is_shortened);
        assert_eq!(Head::parse(&repaired).unwrap().fields.len(), HTTP_FIELDS);
    }

    #[test]
    fn a_body_is_as_long_as_section_6_3_says() {
        for (fields, length, is_ambiguous) in [
            ("", Some(0), false),
            ("Content-Length: 5\r\n", Some(5), false),
            ("Content-Length: 5, 5\r\nContent-Length: 5\r\n", Some(5), false),
            ("Content-Length: 5\r\nContent-Length: 6\r\n", None, true),
            ("Content-Length: +5\r\n", None, true),
            ("Content-Length: 99999999999999999999\r\n", None, true),
            ("Transfer-Encoding: gzip\r\n", None, true),
            ("Transfer-Encoding: identity\r\nContent-Length: 7\r\n", Some(7), false),
        ] {
            let framing = framing_of(&format!("POST / HTTP/1.1\r\n{fields}\r\n"));
            assert_eq!(framing.is_ambiguous, is_ambiguous, "{fields}");
            match framing.body {
                Body::Length(found) => assert_eq!(Some(found), length, "{fields}"),
                body => assert!(length.is_none() && matches!(body, Body::UntilClose), "{fields}"),
            }
        }
    }

    #[test]
    fn chunked_wins_over_a_length_and_is_ambiguous_with_it() {
        let framing = framing_of("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\nContent-Length: 5\r\n\r\n");
        assert!(matches!(framing.body, Body::Chunked(_)) && framing.is_ambiguous);
        assert!(!framing_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_ambiguous);
        assert!(framing_of("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_ambiguous);
    }

    #[test]
    fn responses_without_body() {
        let repaired = repair(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", Family::Http);
        assert!(matches!(Head::parse(&repaired).unwrap().response_framing(None).body, Body::Length(0)));
        let repaired = repair(b"HTTP/1.1 200\r\nContent-Length: 9\r\n\r\n", Family::Http);
        assert!(matches!(Head::parse(&repaired).unwrap().response_framing(Some("HEAD")).body, Body::Length(0)));
        assert!(matches!(framing_of("HTTP/1.1 200 OK\r\n\r\n").body, Body::UntilClose));
    }

    #[test]
    fn splits_targets() {
        let target = Target::parse("GET", "http://me:secret@Example.org:8080/a/b?k=v&&l&m=#f");
        assert_eq!((target.authority, target.path), (Some("Example.org:8080"), Some("/a/b")));
        assert_eq!(target.query_keys().collect::<Vec<_>>(), ["k", "l", "m"]);
        assert_eq!(Target::parse("GET", "http://a").path, Some("/"));
        assert_eq!(Target::parse("GET", "/r?u=http://b/c").authority, None);
        assert_eq!(Target::parse("CONNECT", "a:443").authority, Some("a:443"));
        assert_eq!(Target::parse("OPTIONS", "*").path, Some("*"));
    }

    #[test]
    fn names_are_not_addresses() {
        assert_eq!(host_name("example.org.:80"), Some("example.org"));
        assert_eq!(host_name("example.org"), Some("example.org"));
        for host in ["", ":80", "192.0.2.1:80", "[2001:db8::1]:80", "[2001:db8::1]", "2001:db8::1", "."] {
            assert_eq!(host_name(host), None, "{host}");
        }
    }
}
