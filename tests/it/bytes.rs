//! The small language in which cases write bytes: hex digits, 'text', and len8(…), len16(…), len24(…), which put the
//! length of what they hold before it.

/// Bytes of a text in the language.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut rest = text;
    let found = sequence(&mut rest);
    assert!(rest.is_empty(), "not understood: {rest:?}");
    found
}

fn sequence(rest: &mut &str) -> Vec<u8> {
    let mut found = Vec::new();
    loop {
        *rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('\'') {
            let (quoted, after) = after.split_once('\'').expect("a text ends with '");
            found.extend(unquoted(quoted));
            *rest = after;
        } else if let Some(after) = rest.strip_prefix("len") {
            let (bits, after) = after.split_once('(').expect("len8(…)");
            let width: usize = bits.parse::<usize>().expect("bits") / 8;
            *rest = after;
            let held = sequence(rest);
            *rest = rest.strip_prefix(')').expect("a length ends with )");
            found.extend_from_slice(&(held.len() as u64).to_be_bytes()[8 - width..]);
            found.extend(held);
        } else if rest.starts_with(|c: char| c.is_ascii_hexdigit()) {
            let (digits, after) = rest.split_at(2);
            found.push(u8::from_str_radix(digits, 16).expect("two hex digits"));
            *rest = after;
        } else {
            return found;
        }
    }
}

/// `\n`, `\r`, `\e` (escape) and `\\` in a text.
fn unquoted(text: &str) -> Vec<u8> {
    text.replace("\\e", "\u{1b}").replace("\\n", "\n").replace("\\r", "\r").replace("\\\\", "\\").into_bytes()
}

/// When captures made here begin, in seconds since 1970: 2026-05-28T20:26:40Z.
pub(crate) const BEGIN: u32 = 1_780_000_000;

/// A classic pcap file of frames, each with its seconds after [`BEGIN`].
pub(crate) fn pcap_at(link: u32, frames: &[(f64, Vec<u8>)]) -> Vec<u8> {
    let mut file = [&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0][..], &[0; 8], &262_144_u32.to_le_bytes(), &link.to_le_bytes()].concat();
    for (at, frame) in frames {
        let (micros, length) = ((at * 1e6).round() as u64, u32::try_from(frame.len()).unwrap());
        let [seconds, micros] = [micros / 1_000_000, micros % 1_000_000].map(|part| u32::try_from(part).unwrap());
        for field in [BEGIN + seconds, micros, length, length] {
            file.extend(field.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

/// An Ethernet frame with IPv4: `ends` is `10.0.0.2:40000 > 192.0.2.1:53`.
pub(crate) fn ethernet(protocol: u8, ends: &str, transport: &dyn Fn(u16, u16) -> Vec<u8>) -> Vec<u8> {
    let end = |text: &str| -> std::net::SocketAddrV4 { text.trim().parse().expect("address and port") };
    let (from, to) = ends.split_once('>').expect("from > to");
    let (from, to) = (end(from), end(to));
    let segment = transport(from.port(), to.port());
    let length = u16::try_from(20 + segment.len()).unwrap().to_be_bytes();
    let mac = |last: u8| [2, 0, 0, 0, 0, last];
    let link = [&mac(to.ip().octets()[3])[..], &mac(from.ip().octets()[3]), &[8, 0]].concat();
    let ip = [&[0x45, 0][..], &length, &[0, 0, 0x40, 0, 64, protocol, 0, 0], &from.ip().octets(), &to.ip().octets()].concat();
    [link, ip, segment].concat()
}

/// A UDP datagram.
pub(crate) fn udp(from: u16, to: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap().to_be_bytes();
    [&from.to_be_bytes()[..], &to.to_be_bytes(), &length, &[0, 0], payload].concat()
}

/// A TCP segment that acknowledges nothing in particular; `flags` as in byte 13 of the header.
pub(crate) fn tcp((from, to): (u16, u16), sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let head = [&from.to_be_bytes()[..], &to.to_be_bytes(), &sequence.to_be_bytes(), &[0, 0, 0, 1, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]];
    [&head.concat()[..], payload].concat()
}

/// The same with the timestamps option (RFC 7323 section 3.2), padded as its appendix A does.
pub(crate) fn tcp_ticking(ports: (u16, u16), sequence: u32, (flags, ticks): (u8, u32), payload: &[u8]) -> Vec<u8> {
    let mut segment = tcp(ports, sequence, flags, &[]);
    segment[12] = 0x80;
    [&segment[..], &[1, 1, 8, 10], &ticks.to_be_bytes(), &[0; 4], payload].concat()
}

#[test]
fn lengths_nest_and_texts_have_escapes() {
    assert_eq!(bytes("00 len16(01 len8('ab\\n')) ff"), [0, 0, 5, 1, 3, b'a', b'b', b'\n', 0xff]);
    assert_eq!(bytes("'\\e[2J'"), b"\x1b[2J");
}
