//! Protocols that only need a name: recognised by their first bytes, nothing read further.
//!
//! A text protocol may turn to TLS on the way (STARTTLS); that is followed as a tunnel. What encrypts in its
//! own way (ssh, wireguard, openvpn) has the encryption unknown: the column tells TLS, QUIC and DTLS.

use crate::limits::STARTTLS_BYTES;
use crate::record::Encryption;
use crate::wire::Reader;

use super::posture;
use super::tunnel::Tunnel;
use super::{Appetite, Context, Data, Dialogue, Facts, Probe, Protocol, Recognised, SearchIn, Side, Transport};

/// Bytes of a line's beginning that are looked at for a command.
const COMMAND_BYTES: usize = 48;

const TCP: Transport = Transport::Tcp;
const UDP: Transport = Transport::Udp;

/// RFC 4253 section 4.2.
pub(crate) const SSH: Protocol =
    Protocol { name: "ssh", transport: TCP, ports: &[22], recognise: |probe| starts(probe.bytes, b"SSH-"), open: |_| sealed("ssh") };
/// RFC 5321.
pub(crate) const SMTP: Protocol =
    Protocol { name: "smtp", transport: TCP, ports: &[25, 587, 2525], recognise: smtp, open: |_| text("smtp") };
/// RFC 959.
pub(crate) const FTP: Protocol = Protocol { name: "ftp", transport: TCP, ports: &[21], recognise: ftp, open: |_| text("ftp") };
/// RFC 1939.
pub(crate) const POP3: Protocol = Protocol { name: "pop3", transport: TCP, ports: &[110], recognise: pop3, open: |_| text("pop3") };
/// RFC 9051.
pub(crate) const IMAP: Protocol = Protocol { name: "imap", transport: TCP, ports: &[143], recognise: imap, open: |_| text("imap") };
/// RFC 6120 section 4.
pub(crate) const XMPP: Protocol = Protocol { name: "xmpp", transport: TCP, ports: &[5222, 5223], recognise: xmpp, open: |_| text("xmpp") };
/// MQTT 3.1, 3.1.1 and 5.0, section 3.1.
pub(crate) const MQTT: Protocol = Protocol { name: "mqtt", transport: TCP, ports: &[1883], recognise: mqtt, open: |_| clear("mqtt") };
/// RTMP 1.0 section 5.2: drones stream live video over it.
pub(crate) const RTMP: Protocol = Protocol { name: "rtmp", transport: TCP, ports: &[1935], recognise: rtmp, open: |_| clear("rtmp") };
/// RFC 3261.
pub(crate) const SIP_TCP: Protocol = Protocol { name: "sip", transport: TCP, ports: &[5060], recognise: sip, open: |_| clear("sip") };
/// RFC 3261.
pub(crate) const SIP: Protocol = Protocol { name: "sip", transport: UDP, ports: &[5060], recognise: sip, open: |_| clear("sip") };
/// RFC 2131.
pub(crate) const DHCP: Protocol =
    Protocol { name: "dhcp", transport: UDP, ports: &[67, 68], recognise: |p| Recognised::from(is_dhcp(p.bytes)), open: |_| clear("dhcp") };
/// RFC 8415.
pub(crate) const DHCPV6: Protocol =
    Protocol { name: "dhcpv6", transport: UDP, ports: &[546, 547], recognise: dhcpv6, open: |_| clear("dhcpv6") };
/// RFC 1002 section 4.2.
pub(crate) const NBNS: Protocol =
    Protocol { name: "nbns", transport: UDP, ports: &[137], recognise: |p| Recognised::from(is_nbns(p.bytes)), open: |_| clear("nbns") };
/// RFC 8489.
pub(crate) const STUN: Protocol =
    Protocol { name: "stun", transport: UDP, ports: &[3478], recognise: |p| Recognised::from(is_stun(p.bytes)), open: |_| clear("stun") };
/// RFC 3550 section 6; its media stream has no mark of its own in a single datagram.
pub(crate) const RTCP: Protocol =
    Protocol { name: "rtcp", transport: UDP, ports: &[], recognise: |p| Recognised::from(is_rtcp(p.bytes)), open: |_| clear("rtcp") };
/// RFC 3416, RFC 3412.
pub(crate) const SNMP: Protocol = Protocol { name: "snmp", transport: UDP, ports: &[161, 162], recognise: snmp, open: |_| clear("snmp") };
/// RFC 7296 section 3.1; phones call over Wi-Fi through it.
pub(crate) const IKE: Protocol = Protocol {
    name: "ike",
    transport: UDP,
    ports: &[500, 4500],
    recognise: |p| Recognised::from(is_ike(p.bytes)),
    open: |_| sealed("ike"),
};
/// WireGuard protocol, section "first message" and on.
pub(crate) const WIREGUARD: Protocol = Protocol {
    name: "wireguard",
    transport: UDP,
    ports: &[51820],
    recognise: |p| Recognised::from(is_wireguard(p.bytes)),
    open: |_| sealed("wireguard"),
};
/// OpenVPN, hard resets of the control channel.
pub(crate) const OPENVPN: Protocol =
    Protocol { name: "openvpn", transport: UDP, ports: &[1194], recognise: openvpn, open: |_| sealed("openvpn") };

fn clear(name: &'static str) -> Box<dyn Dialogue> {
    Box::new(Named { name, encryption: Encryption::None })
}

fn sealed(name: &'static str) -> Box<dyn Dialogue> {
    Box::new(Named { name, encryption: Encryption::Unknown })
}

fn text(name: &'static str) -> Box<dyn Dialogue> {
    Box::new(Text { name, device: Lines::default(), remote: Lines::default(), tunnel: None })
}

/// Knows its name and nothing else.
struct Named {
    name: &'static str,
    encryption: Encryption,
}

impl Dialogue for Named {
    fn data(&mut self, _: Data<'_>, _: &mut Context<'_>) -> Appetite {
        Appetite::Done
    }

    fn gap(&mut self, _: Side, _: u64, _: &mut Context<'_>) -> Appetite {
        Appetite::Done
    }

    fn finish(&mut self, _: &mut Context<'_>) {}

    fn facts(&self) -> Facts {
        Facts { application: Some(self.name), encryption: self.encryption, ..Facts::default() }
    }

    /// What encrypts in its own way holds nothing that could be found.
    fn search(&self) -> SearchIn {
        if self.encryption == Encryption::Unknown { SearchIn::Parts } else { SearchIn::Payload }
    }
}

/// Watches a text protocol for the byte that no line of text begins with and every TLS handshake does.
struct Text {
    name: &'static str,
    device: Lines,
    remote: Lines,
    tunnel: Option<Tunnel>,
}

/// How far one side of a text protocol is.
#[derive(Clone, Default)]
struct Lines {
    is_inside_line: bool,
    is_tls: bool,
    bytes: usize,
    /// The beginning of the line, in capitals.
    line: Vec<u8>,
    /// What the lines so far sent a password with.
    login: Option<&'static str>,
    /// They named the user that needs none.
    is_nobody: bool,
}

impl Lines {
    /// The bytes from the first TLS record on.
    fn read<'a>(&mut self, protocol: &str, bytes: &'a [u8]) -> &'a [u8] {
        for (at, byte) in bytes.iter().enumerate() {
            self.is_tls |= !self.is_inside_line && *byte == 0x16;
            if self.is_tls {
                return bytes.get(at..).unwrap_or_default();
            }
            self.is_inside_line = !matches!(byte, b'\n' | b'>');
            self.bytes = self.bytes.saturating_add(1);
            self.command(protocol, *byte);
        }
        &[]
    }

    /// Follows the beginning of the line, which says what it is for.
    fn command(&mut self, protocol: &str, byte: u8) {
        if self.line.len() < COMMAND_BYTES {
            self.line.push(byte.to_ascii_uppercase());
            if matches!(byte, b' ' | b'\n') {
                self.login = self.login.or_else(|| login(protocol, &self.line));
                self.is_nobody |= byte == b'\n' && is_nobody(&self.line);
            }
        }
        if byte == b'\n' {
            self.line.clear();
        }
    }
}

/// The command with which a client sends a password, by the beginning of its line, which has an argument or ends here:
/// RFC 959 and RFC 1939 (PASS), RFC 4954 (AUTH), RFC 9051 sections 6.2.2 and 6.2.3 (behind a tag).
fn login(protocol: &str, line: &[u8]) -> Option<&'static str> {
    let has_argument = line.ends_with(b" ");
    let mut words = line.trim_ascii_end().split(|byte| *byte == b' ');
    let words = [words.next(), words.next(), words.next(), words.next()].map(Option::unwrap_or_default);
    match (protocol, words) {
        ("ftp" | "pop3", [b"PASS", b"", ..]) if has_argument => Some("PASS"),
        ("smtp", [b"AUTH", b"PLAIN", b"", _]) | ("pop3", [b"AUTH", b"PLAIN", b"", _]) => Some("AUTH PLAIN"),
        ("smtp", [b"AUTH", b"LOGIN", b"", _]) => Some("AUTH LOGIN"),
        ("imap", [tag, b"LOGIN", b"", _]) if has_argument && tag != b"*" => Some("LOGIN"),
        ("imap", [_, b"AUTHENTICATE", b"PLAIN", b""]) => Some("AUTHENTICATE PLAIN"),
        ("imap", [_, b"AUTHENTICATE", b"LOGIN", b""]) => Some("AUTHENTICATE LOGIN"),
        _ => None,
    }
}

/// The user whose password is nobody's secret (RFC 1635).
fn is_nobody(line: &[u8]) -> bool {
    matches!(line.trim_ascii_end(), b"USER ANONYMOUS" | b"USER FTP")
}

impl Text {
    const fn lines(&mut self, side: Side) -> &mut Lines {
        match side {
            Side::Device => &mut self.device,
            Side::Remote => &mut self.remote,
        }
    }
}

impl Dialogue for Text {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        let name = self.name;
        let lines = self.lines(data.side);
        let had_login = lines.login.is_some();
        let bytes = lines.read(name, data.bytes);
        if let Some(command) = lines.login.filter(|_| !had_login && !lines.is_nobody) {
            let what = format!("a password was sent in clear ({name}, {command})");
            let at = (data.frame, data.time);
            let seen = posture::Seen { at, what, value: format!("{name} {command}"), name: None, basis: "content" };
            posture::tell(&posture::CLEAR_LOGIN, seen, context);
        }
        if !bytes.is_empty() {
            return self.tunnel.get_or_insert_with(Tunnel::new).data(Data { bytes, ..data }, context);
        }
        if self.tunnel.is_none() && self.lines(data.side).bytes > STARTTLS_BYTES { Appetite::Done } else { Appetite::More }
    }

    fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) -> Appetite {
        self.lines(side).is_inside_line = true;
        let is_tls = self.lines(side).is_tls;
        match &mut self.tunnel {
            Some(tunnel) if is_tls => tunnel.gap(side, length, context),
            _ => Appetite::More,
        }
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.finish(context);
        }
    }

    fn facts(&self) -> Facts {
        let own = Facts { application: Some(self.name), encryption: Encryption::None, ..Facts::default() };
        let inner = self.tunnel.as_ref().map_or_else(|| own.clone(), |tunnel| tunnel.facts(own.clone()));
        Facts { application: own.application, application_basis: own.application_basis, ..inner }
    }
}

fn starts(bytes: &[u8], with: &[u8]) -> Recognised {
    match bytes.starts_with(with) {
        true => Recognised::Yes,
        false if with.starts_with(bytes) => Recognised::More,
        false => Recognised::No,
    }
}

/// The best of several answers: one yes is enough, and so is one hope.
fn any(answers: &[Recognised]) -> Recognised {
    let best = [Recognised::Yes, Recognised::More].into_iter().find(|answer| answers.contains(answer));
    best.unwrap_or(Recognised::No)
}

fn has_word(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

/// A server's first line: its word, or else the port, tells the protocols apart.
fn greeting(probe: Probe<'_>, start: &[u8], word: &[u8], ports: &[u16]) -> Recognised {
    let start = starts(probe.bytes, start);
    let mut lines = probe.bytes.split_inclusive(|byte| *byte == b'\n');
    match (start, lines.next().filter(|line| line.ends_with(b"\n"))) {
        (Recognised::Yes, None) => Recognised::More,
        (Recognised::Yes, Some(line)) => Recognised::from(has_word(line, word) || ports.iter().any(|port| probe.flow.has_port(*port))),
        (other, _) => other,
    }
}

fn smtp(probe: Probe<'_>) -> Recognised {
    let client = [starts(probe.bytes, b"EHLO "), starts(probe.bytes, b"HELO ")];
    any(&[any(&client), greeting(probe, b"220", b"SMTP", SMTP.ports)])
}

fn ftp(probe: Probe<'_>) -> Recognised {
    let client = if probe.flow.has_port(21) { starts(probe.bytes, b"USER ") } else { Recognised::No };
    any(&[client, greeting(probe, b"220", b"FTP", FTP.ports)])
}

fn pop3(probe: Probe<'_>) -> Recognised {
    greeting(probe, b"+OK", b"POP", POP3.ports)
}

fn imap(probe: Probe<'_>) -> Recognised {
    any(&[starts(probe.bytes, b"* OK"), starts(probe.bytes, b"* PREAUTH")])
}

fn xmpp(probe: Probe<'_>) -> Recognised {
    const OPENING: &[u8] = b"<stream:stream";
    let declaration = match starts(probe.bytes, b"<?xml") {
        Recognised::Yes if has_word(probe.bytes, OPENING) => Recognised::Yes,
        Recognised::Yes if probe.bytes.len() < 512 => Recognised::More,
        Recognised::Yes => Recognised::No,
        other => other,
    };
    any(&[declaration, starts(probe.bytes, OPENING)])
}

/// CONNECT, remaining length, name of the protocol.
fn mqtt(probe: Probe<'_>) -> Recognised {
    let mut reader = Reader::new(probe.bytes);
    match reader.u8() {
        Ok(0x10) => {}
        Ok(_) => return Recognised::No,
        Err(_) => return Recognised::More,
    }
    for _ in 0..4 {
        match reader.u8() {
            Ok(0x80..) => {}
            Ok(_) => return any(&[starts(reader.rest(), b"\x00\x04MQTT"), starts(reader.rest(), b"\x00\x06MQIsdp")]),
            Err(_) => return Recognised::More,
        }
    }
    Recognised::No
}

/// Version 3, a time, and four zero bytes; digest handshakes have a version there, so the port must speak for them.
fn rtmp(probe: Probe<'_>) -> Recognised {
    match probe.bytes {
        [3, _, _, _, _, 0, 0, 0, 0, ..] => Recognised::Yes,
        [3, _, _, _, _, _, _, _, _, ..] => Recognised::from(probe.flow.has_port(1935)),
        [] | [3, ..] => Recognised::More,
        _ => Recognised::No,
    }
}

fn sip(probe: Probe<'_>) -> Recognised {
    let mut lines = probe.bytes.split_inclusive(|byte| *byte == b'\n');
    let Some(line) = lines.next() else { return Recognised::More };
    let is_sip = line.starts_with(b"SIP/2.0 ") || line.trim_ascii_end().ends_with(b" SIP/2.0");
    let is_word = line.first().is_some_and(u8::is_ascii_uppercase);
    match (line.ends_with(b"\n"), is_word) {
        (true, _) => Recognised::from(is_sip),
        (false, true) if line.len() < 256 && line.is_ascii() => Recognised::More,
        (false, _) => Recognised::No,
    }
}

/// The magic cookie of RFC 2131 section 3 behind the fixed fields of BOOTP.
fn is_dhcp(bytes: &[u8]) -> bool {
    let has_cookie = bytes.get(236..240) == Some(&[0x63, 0x82, 0x53, 0x63]);
    has_cookie && matches!(bytes, [1 | 2, _, 0..=16, ..])
}

/// Options fill the datagram to its last byte (RFC 8415 section 21.1).
fn dhcpv6(probe: Probe<'_>) -> Recognised {
    let mut reader = Reader::new(probe.bytes);
    let header_bytes = match reader.u8() {
        Ok(1..=11) => 3,
        Ok(12 | 13) => 33,
        _ => return Recognised::No,
    };
    if reader.skip(header_bytes).is_err() || reader.is_empty() || !DHCPV6.ports.iter().any(|port| probe.flow.has_port(*port)) {
        return Recognised::No;
    }
    while !reader.is_empty() {
        let option = reader.u16().and_then(|_| reader.u16()).and_then(|length| reader.skip(length.into()));
        if option.is_err() {
            return Recognised::No;
        }
    }
    Recognised::Yes
}

/// A name of 32 letters A to P behind the header (RFC 1001 section 14.1).
fn is_nbns(bytes: &[u8]) -> bool {
    matches!(bytes.get(12..46), Some([32, name @ .., 0]) if name.iter().all(|byte| (b'A'..=b'P').contains(byte)))
}

/// Two zero bits, the magic cookie, and the length that fills the datagram.
fn is_stun(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let (Ok(0..=0x3fff), Ok(length), Ok(0x2112_a442)) = (reader.u16(), reader.u16(), reader.u32()) else { return false };
    length % 4 == 0 && reader.skip(12).is_ok() && reader.left() == usize::from(length)
}

/// A report first, then packets whose lengths end where the datagram ends.
fn is_rtcp(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let mut allowed = 200..=201;
    while !reader.is_empty() {
        let (Ok(0x80..=0xbf), Ok(kind), Ok(words)) = (reader.u8(), reader.u8(), reader.u16()) else { return false };
        if !allowed.contains(&kind) || words == 0 || reader.skip(usize::from(words).saturating_mul(4)).is_err() {
            return false;
        }
        allowed = 200..=207;
    }
    !bytes.is_empty()
}

/// A sequence that fills the datagram and starts with version 1, 2c or 3.
fn snmp(probe: Probe<'_>) -> Recognised {
    let (length, rest) = match probe.bytes {
        [0x30, length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        [0x30, 0x81, length, rest @ ..] => (usize::from(*length), rest),
        [0x30, 0x82, high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]).into(), rest),
        _ => return Recognised::No,
    };
    let has_port = SNMP.ports.iter().any(|port| probe.flow.has_port(*port));
    Recognised::from(has_port && rest.len() == length && matches!(rest, [2, 1, 0 | 1 | 3, ..]))
}

/// A header of version 1 or 2 whose length fills the datagram; on port 4500 four zero bytes come first (RFC 3948).
fn is_ike(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(&[0; 4]).unwrap_or(bytes);
    let Some([0x10 | 0x20, exchange, _, _, _, _, _, length @ ..]) = bytes.get(17..28) else { return false };
    let is_exchange = matches!(exchange, 2 | 4 | 5 | 6 | 32 | 34..=43);
    is_exchange && u32::try_from(bytes.len()).is_ok_and(|all| all.to_be_bytes() == length)
}

/// Type, three zero bytes, and the length of that type.
fn is_wireguard(bytes: &[u8]) -> bool {
    let length = bytes.len();
    match bytes {
        [1, 0, 0, 0, ..] => length == 148,
        [2, 0, 0, 0, ..] => length == 92,
        [3, 0, 0, 0, ..] => length == 64,
        [4, 0, 0, 0, ..] => length >= 32 && length.is_multiple_of(16),
        _ => false,
    }
}

/// A hard reset: session, no acknowledgements, packet number 0; with an authentication tag only on its own port.
fn openvpn(probe: Probe<'_>) -> Recognised {
    const CLIENT_V2: u8 = 7 << 3;
    const SERVER_V2: u8 = 8 << 3;
    const CLIENT_V3: u8 = 10 << 3;
    let is_plain = matches!(probe.bytes, [CLIENT_V2, _, _, _, _, _, _, _, _, 0, 0, 0, 0, 0]);
    let is_reset = matches!(probe.bytes, [CLIENT_V2 | SERVER_V2 | CLIENT_V3, rest @ ..] if rest.len() >= 13);
    Recognised::from(is_plain || is_reset && probe.flow.has_port(1194))
}

#[cfg(test)]
mod tests {
    use super::super::PROTOCOLS;
    use super::super::tests::flow_with_ports;
    use super::*;

    fn recognised(transport: Transport, port: u16, bytes: &[u8]) -> Vec<&'static str> {
        let flow = flow_with_ports(transport, 50_000, port);
        let probe = Probe { bytes, flow: &flow };
        let candidates = PROTOCOLS.iter().filter(|protocol| protocol.transport == transport);
        candidates.filter(|protocol| (protocol.recognise)(probe) == Recognised::Yes).map(|protocol| protocol.name).collect()
    }

    #[test]
    fn first_bytes_of_streams() {
        for (name, port, bytes) in [
            ("http2", 80, &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..]),
            ("http2", 80, b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64"),
            ("ssh", 2222, b"SSH-2.0-OpenSSH_9\r\n"),
            ("smtp", 9, b"220 mail.example ESMTP Postfix\r\n"),
            ("smtp", 25, b"220 mail.example\r\n"),
            ("smtp", 9, b"EHLO me\r\n"),
            ("ftp", 9, b"220 (vsFTPd 3.0.3)\r\n"),
            ("ftp", 21, b"220 hello\r\n"),
            ("pop3", 110, b"+OK\r\n"),
            ("imap", 9, b"* OK ready\r\n"),
            ("xmpp", 9, b"<?xml version='1.0'?><stream:stream to='a'>"),
            ("mqtt", 9, b"\x10\x8c\x01\x00\x04MQTT\x04"),
            ("rtmp", 9, b"\x03\x00\x00\x00\x01\x00\x00\x00\x00"),
            ("sip", 9, b"INVITE sip:a@b SIP/2.0\r\n"),
        ] {
            assert_eq!(recognised(TCP, port, bytes), [name], "{bytes:?}");
        }
        assert_eq!(recognised(TCP, 9, b"220 hello\r\n"), [""; 0]);
        assert_eq!(recognised(TCP, 9, b"+OK\r\n"), [""; 0]);
    }

    #[test]
    fn datagrams() {
        let dhcp = [&[1, 1, 6, 0][..], &[0; 232], &[0x63, 0x82, 0x53, 0x63, 0xff]].concat();
        let nbns = [&[0; 12][..], b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\x00", &[0, 0x21, 0, 1]].concat();
        let stun = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat();
        let report = [&[0x81, 201, 0, 7][..], &[1; 28]].concat();
        for (name, port, bytes) in [
            ("dhcp", 9, dhcp),
            ("dhcpv6", 547, vec![1, 0, 0, 1, 0, 8, 0, 2, 0, 0]),
            ("ntp", 123, [&[0x23][..], &[0; 47]].concat()),
            ("nbns", 137, nbns),
            ("stun", 9, stun),
            ("rtcp", 9, report),
            ("snmp", 161, vec![0x30, 6, 2, 1, 1, 4, 1, 65]),
            ("wireguard", 9, [&[4, 0, 0, 0][..], &[9; 28]].concat()),
            ("ike", 9, [&[0; 4][..], &[7; 16], &[33, 0x20, 34, 8, 0, 0, 0, 0, 0, 0, 0, 32], &[1; 4]].concat()),
            ("openvpn", 9, vec![0x38, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0]),
            ("dji-link", 9, vec![0x08, 0x80, 0x3a, 0xdd, 0x00, 0x00, 0x00, 0x6f]),
            ("tello", 8889, b"command".to_vec()),
            ("tello", 8890, b"mid:-1;x:0;".to_vec()),
            ("ssdp", 9, b"M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\n\r\n".to_vec()),
        ] {
            assert_eq!(recognised(UDP, port, &bytes), [name], "{bytes:?}");
            let cut = bytes.get(..bytes.len() / 3).unwrap();
            assert_eq!(recognised(UDP, 9, cut), [""; 0], "{cut:?}");
        }
    }

    #[test]
    fn starttls_is_seen_at_the_start_of_a_line_only() {
        let mut lines = Lines::default();
        assert_eq!(lines.read("smtp", b"220 a\x16\r\nSTARTTLS\r"), b"");
        assert_eq!(lines.read("smtp", b"\n\x16\x03\x01"), b"\x16\x03\x01");
        assert_eq!(lines.read("smtp", b"more"), b"more");
    }

    #[test]
    fn passwords_are_seen_by_their_commands() {
        let login = |protocol: &str, text: &[u8]| {
            let mut lines = Lines::default();
            text.chunks(3).for_each(|piece| assert!(lines.read(protocol, piece).is_empty()));
            lines.login.filter(|_| !lines.is_nobody)
        };
        assert_eq!(login("ftp", b"USER me\r\nPASS secret\r\n"), Some("PASS"));
        assert_eq!(login("ftp", b"USER anonymous\r\nPASS me@\r\n"), None);
        assert_eq!(login("ftp", b"230 Login successful.\r\n331 PASS required\r\n"), None);
        assert_eq!(login("pop3", b"user me\r\npass secret\r\n"), Some("PASS"));
        assert_eq!(login("smtp", b"EHLO me\r\nAUTH PLAIN AG1lAHNlY3JldA==\r\n"), Some("AUTH PLAIN"));
        assert_eq!(login("smtp", b"AUTH LOGIN\r\nbWU=\r\n"), Some("AUTH LOGIN"));
        assert_eq!(login("smtp", b"250-AUTH PLAIN LOGIN\r\n250 AUTH\r\n"), None);
        assert_eq!(login("imap", b"a1 LOGIN me secret\r\n"), Some("LOGIN"));
        assert_eq!(login("imap", b"a1 OK LOGIN completed\r\n* LOGIN x\r\n"), None);
    }
}
