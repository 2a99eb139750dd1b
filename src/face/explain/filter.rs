//! Wireshark display filters that show the packets of flows, in both directions and nothing else.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::rows::Row;

/// Protocols that have a filter word and ports in it.
const WITH_PORTS: &[&str] = &["tcp", "udp", "sctp"];
/// Protocols whose word is also Wireshark's.
const BARE: &[&str] = &["icmp", "igmp", "tcp", "udp", "gre", "esp", "ah", "icmpv6", "ospf", "pim", "vrrp", "sctp"];
/// Protocols with another word there.
const OTHER: &[(&str, u8)] = &[("ip-in-ip", 4), ("6in4", 41)];

/// What the filters of one capture are made from: flows between the same two ends are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pair<'a> {
    device: &'a str,
    remote: &'a str,
    protocol: &'a str,
    remote_port: Option<u64>,
    /// Both ends use the port of the remote: its filter must not match another port of the device.
    is_same_port: bool,
}

/// Flows of one [`Pair`].
#[derive(Clone, Debug, Default)]
struct Extent {
    device_ports: Vec<u64>,
    frames: Option<(u64, u64)>,
    has_fragments: bool,
}

/// The filter for all packets of some flows of one capture.
///
/// `shift` is by how many frames Wireshark may be ahead: it also numbers custom blocks.
pub(super) fn filter(flows: &[&Row], shift: u64) -> String {
    let mut pairs = BTreeMap::<Pair<'_>, Extent>::new();
    for flow in flows {
        pairs.entry(Pair::of(flow)).or_default().add(flow);
    }
    let terms: Vec<_> = pairs.iter().map(|(pair, extent)| term(pair, extent, shift)).collect();
    match terms.as_slice() {
        [only] => only.clone(),
        several => several.iter().map(|term| format!("({term})")).collect::<Vec<_>>().join(" || "),
    }
}

impl<'a> Pair<'a> {
    fn of(flow: &'a Row) -> Self {
        let (device_port, remote_port) = (flow.number("device_port"), flow.number("remote_port"));
        Self {
            device: flow.text("device_ip"),
            remote: flow.text("remote_ip"),
            protocol: flow.text("protocol"),
            remote_port,
            is_same_port: device_port == remote_port,
        }
    }

    fn is_v4(&self) -> bool {
        self.device.parse().is_ok_and(|address: IpAddr| address.is_ipv4())
    }
}

impl Extent {
    fn add(&mut self, flow: &Row) {
        self.device_ports.extend(flow.number("device_port"));
        let (first, last) = (flow.number("first_frame").unwrap_or(0), flow.number("last_frame").unwrap_or(0));
        self.frames = Some(self.frames.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
        self.has_fragments |= ["fragments_out", "fragments_in"].iter().any(|side| flow.number(side).unwrap_or(0) > 0);
    }
}

fn term(pair: &Pair<'_>, extent: &Extent, shift: u64) -> String {
    let mut parts = vec![addresses(pair)];
    let transport = transport(pair, extent);
    if extent.has_fragments {
        // Only the last fragment is decoded further than IP.
        parts.push(if pair.is_v4() {
            format!("(({transport}) || ip.flags.mf == 1 || ip.frag_offset > 0)")
        } else {
            format!("(({transport}) || ipv6.fraghdr)")
        });
    } else {
        parts.push(transport);
    }
    if !matches!(pair.protocol, "icmp" | "icmpv6") {
        // Errors quote the packets they are about.
        parts.push(if pair.is_v4() { "!icmp" } else { "!icmpv6" }.to_owned());
    }
    if let Some((first, last)) = extent.frames {
        parts.push(frames(first, last.saturating_add(shift)));
    }
    parts.join(" && ")
}

fn addresses(pair: &Pair<'_>) -> String {
    let family = if pair.is_v4() { "ip" } else { "ipv6" };
    let (device, remote) = (pair.device, pair.remote);
    if device == remote {
        return format!("{family}.src == {device} && {family}.dst == {device}");
    }
    format!("{family}.addr == {device} && {family}.addr == {remote}")
}

fn transport(pair: &Pair<'_>, extent: &Extent) -> String {
    let protocol = pair.protocol;
    let Some(remote_port) = pair.remote_port.filter(|_| WITH_PORTS.contains(&protocol)) else { return bare(pair) };
    if pair.is_same_port {
        return format!("{protocol}.srcport == {remote_port} && {protocol}.dstport == {remote_port}");
    }
    format!("{protocol}.port == {remote_port} && {protocol}.port {}", ports(&extent.device_ports))
}

/// One port, or a set of ports and ranges of them.
fn ports(ports: &[u64]) -> String {
    let mut sorted = ports.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if let [port] = sorted.as_slice() {
        return format!("== {port}");
    }
    let mut ranges = Vec::<(u64, u64)>::new();
    for port in sorted {
        match ranges.last_mut() {
            Some((_, last)) if last.saturating_add(1) == port => *last = port,
            _ => ranges.push((port, port)),
        }
    }
    let shown = |(first, last): &(u64, u64)| if first == last { first.to_string() } else { format!("{first}..{last}") };
    format!("in {{{}}}", ranges.iter().map(shown).collect::<Vec<_>>().join(", "))
}

/// A protocol without ports, or one whose ports were not captured.
fn bare(pair: &Pair<'_>) -> String {
    let protocol = pair.protocol;
    if BARE.contains(&protocol) {
        return protocol.to_owned();
    }
    let known = OTHER.iter().find(|(word, _)| *word == protocol).map(|(_, number)| number.to_string());
    let number = known.or_else(|| protocol.strip_prefix("ip-").map(str::to_owned)).unwrap_or_default();
    format!("{} == {number}", if pair.is_v4() { "ip.proto" } else { "ipv6.nxt" })
}

fn frames(first: u64, last: u64) -> String {
    if first == last { format!("frame.number == {first}") } else { format!("frame.number >= {first} && frame.number <= {last}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(ends: [&str; 2], ports: [Option<u64>; 2], frames: [u64; 2]) -> Row {
        let ([device, remote], [device_port, remote_port], [first, last]) = (ends, ports, frames);
        Row::from(serde_json::json!({
            "protocol": if device_port.is_some() { "tcp" } else { "ip-200" },
            "device_ip": device, "device_port": device_port, "remote_ip": remote, "remote_port": remote_port,
            "first_frame": first, "last_frame": last, "fragments_out": 0, "fragments_in": 0,
        }))
    }

    #[test]
    fn one_flow_in_both_directions() {
        let one = flow(["10.0.0.2", "192.0.2.1"], [Some(40_000), Some(443)], [3, 9]);
        assert_eq!(
            filter(&[&one], 0),
            "ip.addr == 10.0.0.2 && ip.addr == 192.0.2.1 && tcp.port == 443 && tcp.port == 40000 && !icmp && frame.number >= 3 && frame.number <= 9"
        );
        assert!(filter(&[&one], 2).ends_with("frame.number <= 11"));
    }

    #[test]
    fn one_port_at_both_ends_and_one_address() {
        let same = flow(["::1", "::1"], [Some(53), Some(53)], [4, 4]);
        assert_eq!(
            filter(&[&same], 0),
            "ipv6.src == ::1 && ipv6.dst == ::1 && tcp.srcport == 53 && tcp.dstport == 53 && !icmpv6 && frame.number == 4"
        );
    }

    #[test]
    fn flows_between_the_same_ends_share_a_term() {
        let ends = ["10.0.0.2", "192.0.2.1"];
        let flows = [9, 7, 8, 5].map(|port| flow(ends, [Some(port), Some(443)], [port, port]));
        let text = filter(&flows.iter().collect::<Vec<_>>(), 0);
        assert!(text.contains("tcp.port in {5, 7..9}") && text.ends_with("frame.number >= 5 && frame.number <= 9"), "{text}");
        let other = flow(ends, [None, None], [1, 2]);
        let text = filter(&[&flows[0], &other], 0);
        assert!(text.starts_with("(ip.addr == 10.0.0.2 && ip.addr == 192.0.2.1 && ip.proto == 200 ") && text.contains(") || ("), "{text}");
    }
}
