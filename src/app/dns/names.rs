//! What a response teaches: which address goes by which name. The name that was asked for is the one a
//! program means; aliases (CNAME, DNAME, SVCB) lead from it to the name that has the address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::limits::DNS_NAMES;
use crate::wire::dns::{Data, Message, Part, Record, Type};

/// A name of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Learned {
    pub(super) address: IpAddr,
    /// Name asked for.
    pub(super) name: String,
    /// Last name of the chain of aliases, where there is one.
    pub(super) canonical: Option<String>,
    /// Seconds: the shortest of the chain.
    pub(super) lifetime: u32,
    /// It was learned by asking for the address.
    pub(super) is_reverse: bool,
}

/// Names in the answers and additional records of a response. Authority records are left out: in mDNS
/// they are claims (RFC 6762 §8.2), elsewhere they hold no addresses. One more than `DNS_NAMES` tells that
/// there are more.
pub(super) fn learn(message: &Message<'_>) -> Vec<Learned> {
    if !message.header.is_response() {
        return Vec::new();
    }
    let records = || message.part(Part::Answer).chain(message.part(Part::Additional));
    let links: Vec<Link> = records().filter_map(Link::of).collect();
    let questions: Vec<String> = message.questions.iter().map(|question| question.name.text()).collect();
    let chains = Chains::new(&questions, &links);
    records().flat_map(|record| chains.learn(record)).take(DNS_NAMES + 1).collect()
}

/// Where designated resolvers are asked for (RFC 9462 §4): no host has this name, the target has.
const DISCOVERY: &str = "_dns.resolver.arpa";

/// An alias.
struct Link {
    owner: String,
    target: String,
    lifetime: u32,
}

impl Link {
    fn of(record: &Record<'_>) -> Option<Self> {
        let target = match &record.data {
            Data::Name(target) if matches!(record.kind, Type::CNAME | Type::DNAME) => target,
            Data::Binding(binding) if !binding.target.is_root() => &binding.target,
            _ => return None,
        };
        let owner = record.name.text();
        (owner != DISCOVERY).then(|| Self { owner, target: target.text(), lifetime: record.lifetime() })
    }
}

/// The name a chain begins with, and how long it holds up to here.
#[derive(Clone, Copy)]
struct Asked<'a> {
    name: &'a str,
    lifetime: u32,
}

/// For every name that a chain goes through, where the chain begins.
struct Chains<'a> {
    asked: BTreeMap<&'a str, Asked<'a>>,
}

impl<'a> Chains<'a> {
    /// Chains begin at the questions; in a response without one, at aliases that nothing leads to.
    fn new(questions: &'a [String], links: &'a [Link]) -> Self {
        let mut by_owner: BTreeMap<&str, Vec<&Link>> = BTreeMap::new();
        for link in links {
            by_owner.entry(&link.owner).or_default().push(link);
        }
        let targets: BTreeSet<&str> = links.iter().map(|link| link.target.as_str()).collect();
        let heads = links.iter().map(|link| link.owner.as_str()).filter(|owner| !targets.contains(owner));
        let mut asked = BTreeMap::new();
        for name in questions.iter().map(String::as_str).chain(heads) {
            let mut waiting = vec![(name, u32::MAX)];
            while let Some((step, lifetime)) = waiting.pop() {
                if asked.contains_key(step) {
                    continue;
                }
                asked.insert(step, Asked { name, lifetime });
                let next = by_owner.get(step).into_iter().flatten();
                waiting.extend(next.map(|link| (link.target.as_str(), lifetime.min(link.lifetime))));
            }
        }
        Self { asked }
    }

    fn learn(&self, record: &Record<'_>) -> Vec<Learned> {
        match &record.data {
            Data::Address(address) => vec![self.forward(*address, record.name.text(), record.lifetime())],
            Data::Binding(binding) => {
                let holder = if binding.target.is_root() { record.name } else { binding.target };
                binding.hints().map(|address| self.forward(address, holder.text(), record.lifetime())).collect()
            }
            Data::Name(name) if record.kind == Type::PTR => {
                self.reverse(&record.name.text(), name.text(), record.lifetime()).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn forward(&self, address: IpAddr, holder: String, lifetime: u32) -> Learned {
        let asked = self.asked(&holder);
        let name = host(asked.name).to_owned();
        let lifetime = asked.lifetime.min(lifetime);
        let canonical = (holder != asked.name && holder != name).then_some(holder);
        Learned { address, name, canonical, lifetime, is_reverse: false }
    }

    /// Classless delegation puts an alias before the PTR record (RFC 2317 §4): the question tells the address.
    fn reverse(&self, owner: &str, name: String, lifetime: u32) -> Option<Learned> {
        let asked = self.asked(owner);
        let address = address_of(asked.name)?;
        Some(Learned { address, name, canonical: None, lifetime: asked.lifetime.min(lifetime), is_reverse: true })
    }

    fn asked<'b>(&'b self, name: &'b str) -> Asked<'b> {
        self.asked.get(name).copied().unwrap_or(Asked { name, lifetime: u32::MAX })
    }
}

/// A name without the labels before it that say port and service (RFC 9460 §2.3, RFC 8552).
fn host(name: &str) -> &str {
    let mut host = name;
    while let Some((label, rest)) = host.split_once('.')
        && label.starts_with('_')
        && !label.ends_with('\\')
    {
        host = rest;
    }
    host
}

/// Address that a name below in-addr.arpa (RFC 1035 §3.5) or ip6.arpa (RFC 3596 §2.5) stands for.
fn address_of(name: &str) -> Option<IpAddr> {
    if let Some(parts) = name.strip_suffix(".in-addr.arpa") {
        let octets: Vec<u8> = parts.rsplit('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        return Some(Ipv4Addr::from(<[u8; 4]>::try_from(octets).ok()?).into());
    }
    let nibbles: Vec<u32> = name.strip_suffix(".ip6.arpa")?.rsplit('.').map(nibble).collect::<Option<_>>()?;
    let bits = nibbles.iter().fold(0_u128, |bits, nibble| bits << 4 | u128::from(*nibble));
    (nibbles.len() == 32).then(|| Ipv6Addr::from(bits).into())
}

fn nibble(part: &str) -> Option<u32> {
    let mut characters = part.chars();
    let digit = characters.next()?.to_digit(16)?;
    characters.next().is_none().then_some(digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dns::Dialect;
    use crate::wire::dns::tests::{answer, message};

    fn learned(bytes: &[u8]) -> Vec<String> {
        let message = Message::parse(bytes, Dialect::Multicast).unwrap();
        assert_eq!(message.stop, None);
        let text = |one: Learned| {
            let canonical = one.canonical.map(|name| format!(" as {name}")).unwrap_or_default();
            let reverse = if one.is_reverse { " reverse" } else { "" };
            format!("{} {}{canonical} {}{reverse}", one.address, one.name, one.lifetime)
        };
        learn(&message).into_iter().map(text).collect()
    }

    /// A record of class IN.
    fn record(owner: &[u8], kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        [owner, &kind.to_be_bytes(), b"\x00\x01", &ttl.to_be_bytes(), &length, data].concat()
    }

    fn response(question: &[u8], records: &[Vec<u8>]) -> Vec<u8> {
        let count = u16::try_from(records.len()).unwrap();
        match question {
            [] => message(0x8400, [0, count, 0, 0], &records.concat()),
            _ => message(0x8180, [1, count, 0, 0], &[question, b"\x00\x01\x00\x01", &records.concat()].concat()),
        }
    }

    #[test]
    fn the_name_asked_for_leads_through_aliases() {
        assert_eq!(learned(&answer()), ["192.0.2.7 www.example as cdn.example 30"]);
    }

    #[test]
    fn the_order_of_records_does_not_matter_and_the_shortest_life_counts() {
        let records = [
            record(b"\x01c\x00", 1, 300, &[192, 0, 2, 1]),
            record(b"\x01b\x00", 5, 7, b"\x01c\x00"),
            record(b"\x01A\x00", 5, 60, b"\x01B\x00"),
            record(b"\x01d\x00", 28, 9, &[0; 16]),
        ];
        assert_eq!(learned(&response(b"\x01a\x00", &records)), ["192.0.2.1 a as c 7", ":: d 9"]);
    }

    #[test]
    fn without_a_question_a_chain_begins_at_its_head() {
        let records = [record(b"\x01a\x00", 5, 60, b"\x01b\x00"), record(b"\x01b\x00", 1, 60, &[192, 0, 2, 1])];
        assert_eq!(learned(&response(b"", &records)), ["192.0.2.1 a as b 60"]);
        assert_eq!(learned(&response(b"", &records[1..])), ["192.0.2.1 b 60"]);
    }

    #[test]
    fn circles_of_aliases_end() {
        let records = [
            record(b"\x01a\x00", 5, 60, b"\x01b\x00"),
            record(b"\x01b\x00", 5, 60, b"\x01a\x00"),
            record(b"\x01b\x00", 1, 60, &[192, 0, 2, 1]),
        ];
        assert_eq!(learned(&response(b"\x01a\x00", &records)), ["192.0.2.1 a as b 60"]);
        assert_eq!(learned(&response(b"", &records)), ["192.0.2.1 b 60"]);
    }

    #[test]
    fn service_bindings_hint_and_lead_on() {
        let hints = b"\x00\x01\x00\x00\x04\x00\x04\xc0\x00\x02\x01";
        assert_eq!(learned(&response(b"\x01a\x00", &[record(b"\x01a\x00", 65, 60, hints)])), ["192.0.2.1 a 60"]);
        let elsewhere = b"\x00\x01\x03svc\x00\x00\x04\x00\x04\xc0\x00\x02\x01";
        let records = [record(b"\x01a\x00", 65, 60, elsewhere), record(b"\x03svc\x00", 1, 30, &[192, 0, 2, 2])];
        assert_eq!(learned(&response(b"\x01a\x00", &records)), ["192.0.2.1 a as svc 60", "192.0.2.2 a as svc 30"]);
        let port = b"\x05_8443\x06_https\x01a\x00";
        assert_eq!(learned(&response(port, &[record(port, 65, 60, hints)])), ["192.0.2.1 a 60"]);
    }

    #[test]
    fn a_designated_resolver_has_its_own_name() {
        let question = b"\x04_dns\x08resolver\x04arpa\x00";
        let data = b"\x00\x01\x03dns\x07example\x00\x00\x04\x00\x04\xc0\x00\x02\x35";
        assert_eq!(learned(&response(question, &[record(question, 64, 60, data)])), ["192.0.2.53 dns.example 60"]);
    }

    #[test]
    fn reverse_names_give_the_address_of_the_question() {
        let question = b"\x017\x012\x010\x03192\x07in-addr\x04arpa\x00";
        let host = b"\x04host\x07example\x00";
        assert_eq!(learned(&response(question, &[record(question, 12, 60, host)])), ["192.0.2.7 host.example 60 reverse"]);
        let delegated = b"\x017\x030/3\x012\x010\x03192\x07in-addr\x04arpa\x00";
        let records = [record(question, 5, 30, delegated), record(delegated, 12, 60, host)];
        assert_eq!(learned(&response(question, &records)), ["192.0.2.7 host.example 30 reverse"]);
        let service = b"\x05_http\x04_tcp\x05local\x00";
        assert_eq!(learned(&response(b"", &[record(service, 12, 60, host)])), Vec::<String>::new());
    }

    #[test]
    fn addresses_in_names() {
        let nibbles = "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa";
        assert_eq!(address_of(nibbles), Some("2001:db8::567:89ab".parse().unwrap()));
        assert_eq!(address_of(&nibbles[2..]), None);
        for name in ["1.2.3.in-addr.arpa", "256.2.3.4.in-addr.arpa", "lb._dns-sd._udp.1.2.3.4.in-addr.arpa", "in-addr.arpa", "ba.ip6.arpa"]
        {
            assert_eq!(address_of(name), None, "{name}");
        }
    }

    #[test]
    fn queries_and_claims_teach_nothing() {
        let known = record(b"\x01a\x00", 1, 60, &[192, 0, 2, 1]);
        assert_eq!(learned(&message(0, [0, 1, 0, 0], &known)), Vec::<String>::new());
        assert_eq!(learned(&message(0x8400, [0, 0, 1, 0], &known)), Vec::<String>::new());
    }

    #[test]
    fn a_dot_inside_a_label_does_not_end_it() {
        assert_eq!(host("_443._https.a.example"), "a.example");
        assert_eq!(host(r"_a\.b.example"), r"_a\.b.example");
        assert_eq!(host("_only"), "_only");
    }
}
