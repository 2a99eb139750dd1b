//! Finds the rules that may meet a flow by hash, and tells for each whether it does.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use ipnet::IpNet;

use super::Rules;
use super::decide::Question;
use super::pattern::{Closeness, HostPattern, Transport};
use super::ruleset::{Origin, Reach, Rule};
use crate::enrich::host::Host;
use crate::limits;

/// Places of rules in their list, by what they look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Rule and position of its host, by the part of the host that is spelled out.
    hosts: HashMap<String, Vec<(usize, usize)>>,
    networks: HashMap<IpNet, Vec<usize>>,
    prefixes: BTreeSet<Reverse<u8>>,
    ports: HashMap<(&'static str, u16), Vec<usize>>,
    ranges: Vec<usize>,
    applications: HashMap<String, Vec<usize>>,
    scopes: Vec<usize>,
}

impl Index {
    pub(super) fn add(&mut self, place: usize, rule: &Rule) {
        let selector = &rule.selector;
        for (position, host) in selector.hosts.iter().enumerate() {
            self.hosts.entry(host.key().to_owned()).or_default().push((place, position));
        }
        if !selector.hosts.is_empty() {
            return;
        }
        if let Some(application) = &selector.application {
            self.applications.entry(application.clone()).or_default().push(place);
        } else if let Some(port) = selector.port {
            match port.single() {
                Some((transport, number)) => self.ports.entry((transport.as_str(), number)).or_default().push(place),
                None => self.ranges.push(place),
            }
        } else if let Some(network) = selector.address {
            self.prefixes.insert(Reverse(network.prefix_len()));
            self.networks.entry(network).or_default().push(place);
        } else {
            self.scopes.push(place);
        }
    }

    fn hosts(&self, suffix: &str) -> &[(usize, usize)] {
        self.hosts.get(suffix).map_or(&[], Vec::as_slice)
    }

    fn application(&self, word: &str) -> &[usize] {
        self.applications.get(word).map_or(&[], Vec::as_slice)
    }

    fn ports(&self, transport: Transport, port: u16) -> impl Iterator<Item = usize> {
        let single = self.ports.get(&(transport.as_str(), port)).map_or(&[][..], Vec::as_slice);
        single.iter().chain(&self.ranges).copied()
    }

    /// Rules for networks that hold `address`, the narrowest first.
    fn networks(&self, address: IpAddr) -> impl Iterator<Item = usize> {
        let nets = self.prefixes.iter().filter_map(move |prefix| IpNet::new(address, prefix.0).ok());
        nets.filter_map(|net| self.networks.get(&net.trunc())).flatten().copied()
    }
}

/// What of a question a rule was tried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// The flow as a whole.
    Flow,
    /// A name, by its position in [`Facts::names`].
    Name(usize),
    /// A request, by its position in [`Facts::requests`].
    Request(usize),
}

/// The first condition of a rule that was not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    Host,
    Method,
    Path,
    Address,
    Port,
    Reach,
}

/// A rule tried on a subject. Among hits the greatest rank wins, the smallest id where ranks are equal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial<'r> {
    pub(super) rule: &'r Rule,
    pub(super) host: Option<&'r HostPattern>,
    pub(super) subject: Subject,
    pub(super) miss: Option<Miss>,
}

/// How one hit compares with another on the same basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank<'r> {
    origin: Origin,
    closeness: Closeness,
    qualifiers: usize,
    path_bytes: usize,
    id: Reverse<&'r str>,
}

impl<'r> Trial<'r> {
    pub(super) fn rank(&self) -> Rank<'r> {
        let selector = &self.rule.selector;
        Rank {
            origin: self.rule.origin,
            closeness: self.host.map_or_else(|| selector.closeness(), HostPattern::closeness),
            qualifiers: selector.qualifiers(),
            path_bytes: selector.path.as_ref().map_or(0, |path| path.as_str().len()),
            id: Reverse(&self.rule.id),
        }
    }
}

/// A request as rules look at it.
#[derive(Clone, Debug)]
pub(super) struct FactRequest<'q> {
    pub(super) method: &'q str,
    pub(super) path: &'q str,
    /// Position of its host in [`Facts::names`].
    pub(super) name: Option<usize>,
}

/// A question with its names in one spelling.
#[derive(Clone, Debug)]
pub(super) struct Facts<'q> {
    pub(super) question: &'q Question<'q>,
    /// Names given, then hosts of requests that are not among them.
    pub(super) names: Vec<Host<'q>>,
    /// How many of the names were given.
    pub(super) given: usize,
    pub(super) requests: Vec<FactRequest<'q>>,
    transport: Option<Transport>,
    scope: Reach,
}

impl<'q> Facts<'q> {
    pub(super) fn new(question: &'q Question<'q>) -> Self {
        let mut facts = Self {
            question,
            names: Vec::new(),
            given: 0,
            requests: Vec::new(),
            transport: Transport::find(question.transport),
            scope: if question.scope_local { Reach::Local } else { Reach::Public },
        };
        for (name, _) in question.names {
            facts.name(name);
        }
        facts.given = facts.names.len();
        for (method, host, path) in question.requests {
            let (host, path) = target(host, path);
            let name = if host.is_empty() && facts.given == 1 { Some(0) } else { facts.name(host) };
            facts.requests.push(FactRequest { method, path, name });
        }
        facts
    }

    /// The names that say who the remote is: those given, else those of the requests.
    pub(super) fn naming(&self) -> &[Host<'q>] {
        let given = self.names.get(..self.given).unwrap_or_default();
        if given.is_empty() { &self.names } else { given }
    }

    fn name(&mut self, text: &'q str) -> Option<usize> {
        let host = Host::parse(text)?;
        if let Some(place) = self.names.iter().position(|name| *name == host) {
            return Some(place);
        }
        (self.names.len() < limits::RULE_NAMES).then(|| {
            self.names.push(host);
            self.names.len().saturating_sub(1)
        })
    }

    fn first_miss(&self, rule: &Rule) -> Option<Miss> {
        let selector = &rule.selector;
        let address = self.question.address;
        if selector.address.is_some_and(|net| !address.is_some_and(|address| net.contains(&address))) {
            return Some(Miss::Address);
        }
        let port = self.transport.zip(self.question.remote_port);
        if selector.port.is_some_and(|range| !port.is_some_and(|(transport, port)| range.contains(transport, port))) {
            return Some(Miss::Port);
        }
        selector.scope.is_some_and(|scope| scope != self.scope).then_some(Miss::Reach)
    }
}

/// Host and path of a request, also where its target is a whole URL (RFC 9112 §3.2.2).
fn target<'q>(host: &'q str, path: &'q str) -> (&'q str, &'q str) {
    let Some((scheme, rest)) = path.split_once("://") else { return (host, path) };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return (host, path);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    (authority.rsplit_once('@').map_or(authority, |(_, host)| host), path)
}

impl Rules {
    /// Tries every rule that could meet the question, strongest basis first.
    pub(super) fn consult<'r>(&'r self, facts: &Facts<'_>, visit: &mut dyn FnMut(Trial<'r>)) {
        for word in [facts.question.application, Some(facts.question.transport)].into_iter().flatten() {
            self.consult_flow(facts, self.index.application(word).iter().copied(), visit);
        }
        for (place, request) in facts.requests.iter().enumerate() {
            if let Some(name) = request.name.and_then(|name| facts.names.get(name)) {
                self.consult_host(facts, name, Subject::Request(place), visit);
            }
        }
        for (place, name) in facts.names.iter().enumerate() {
            self.consult_host(facts, name, Subject::Name(place), visit);
        }
        if let Some(address) = facts.question.address {
            self.consult_flow(facts, self.index.networks(address), visit);
        }
        if let Some((transport, port)) = facts.transport.zip(facts.question.remote_port) {
            self.consult_flow(facts, self.index.ports(transport, port), visit);
        }
        self.consult_flow(facts, self.index.scopes.iter().copied(), visit);
    }

    fn consult_flow<'r>(&'r self, facts: &Facts<'_>, places: impl Iterator<Item = usize>, visit: &mut dyn FnMut(Trial<'r>)) {
        for rule in places.filter_map(|place| self.rules.get(place)) {
            visit(Trial { rule, host: None, subject: Subject::Flow, miss: facts.first_miss(rule) });
        }
    }

    fn consult_host<'r>(&'r self, facts: &Facts<'_>, host: &Host<'_>, subject: Subject, visit: &mut dyn FnMut(Trial<'r>)) {
        let request = match subject {
            Subject::Request(place) => facts.requests.get(place),
            Subject::Name(_) | Subject::Flow => None,
        };
        let entries = host.suffixes().flat_map(|suffix| self.index.hosts(suffix));
        for (place, position) in entries {
            let Some(rule) = self.rules.get(*place) else { continue };
            if rule.selector.path.is_some() != request.is_some() {
                continue;
            }
            let pattern = rule.selector.hosts.get(*position);
            let miss = if pattern.is_some_and(|pattern| pattern.matches(host)) {
                request.and_then(|request| request_miss(rule, request)).or_else(|| facts.first_miss(rule))
            } else {
                Some(Miss::Host)
            };
            visit(Trial { rule, host: pattern, subject, miss });
        }
    }
}

fn request_miss(rule: &Rule, request: &FactRequest<'_>) -> Option<Miss> {
    let selector = &rule.selector;
    if selector.method.as_ref().is_some_and(|method| !method.eq_ignore_ascii_case(request.method)) {
        return Some(Miss::Method);
    }
    let path = request.path.get(..request.path.floor_char_boundary(limits::RULE_PATH_BYTES)).unwrap_or(request.path);
    selector.path.as_ref().is_some_and(|wanted| !wanted.is_match(path)).then_some(Miss::Path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_may_be_a_whole_url() {
        assert_eq!(target("proxy", "http://a.example.org/x?y"), ("a.example.org", "/x?y"));
        assert_eq!(target("proxy", "HTTPS://u:p@a.example.org:8080"), ("a.example.org:8080", ""));
        assert_eq!(target("a.example.org", "/go?to=http://b.example.org/"), ("a.example.org", "/go?to=http://b.example.org/"));
        assert_eq!(target("a.example.org", "*"), ("a.example.org", "*"));
        assert_eq!(target("", "http://"), ("", ""));
    }

    #[test]
    fn names_are_kept_once_and_bounded() {
        let many: Vec<String> = (0..1_000).map(|number| format!("h{number}.example.org")).collect();
        let names: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "dns")).collect();
        let requests = [("GET", "H0.example.org:80", "/"), ("GET", "h999.example.org", "/")];
        let question = Question { names: &names, requests: &requests, ..Question::default() };
        let facts = Facts::new(&question);
        assert_eq!(facts.names.len(), limits::RULE_NAMES);
        assert_eq!(facts.requests[0].name, Some(0));
        assert_eq!(facts.requests[1].name, None);
    }
}
