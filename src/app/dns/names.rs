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
    let questions: Vec<String> = message.questions.iter().map(|question| question.name.to_string()).collect();
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
        let owner = record.name.to_string();
        (owner != DISCOVERY).then(|| Self { owner, target: target.to_string(), lifetime: record.lifetime() })
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
            Data::Address(address) => vec![self.forward(*address, record.name.to_string(), record.lifetime())],
            Data::Binding(binding) => {
                let holder = if binding.target.is_root() { record.name } else { binding.target };
                binding.hints().map(|address| self.forward(address, holder.to_string(), record.lifetime())).collect()
            }
            Data::Name(name) if record.kind == Type::PTR => {
                self.reverse(&record.name.to_string(), name.to_string(), record.lifetime()).into_iter().collect()
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
