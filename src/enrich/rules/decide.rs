//! The answer to one flow: kind of data, party and owner, each with what it rests on.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::Serialize;

use super::Rules;
use super::index::{Facts, Subject, Trial};
use super::ruleset::{Origin, Rule};
use crate::enrich::basis::Basis;
use crate::enrich::category::{self, CATEGORIES, UNKNOWN};
use crate::enrich::content::Told;
use crate::enrich::host::Host;
use crate::enrich::owner::Owner;
use crate::enrich::party::Party;

/// What is known of a flow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Question<'a> {
    /// Names the flow may have gone to, each with its source. A settled name comes alone; several are rivals,
    /// and what they do not agree on stays open.
    pub(crate) names: &'a [(&'a str, &'a str)],
    /// HTTP requests seen in it: method, host, path.
    pub(crate) requests: &'a [(&'a str, &'a str, &'a str)],
    /// What the bodies of those requests told, in the same order; may be shorter.
    pub(crate) contents: &'a [Told],
    /// Address of the remote.
    pub(crate) address: Option<IpAddr>,
    /// Autonomous system of that address.
    pub(crate) asn: Option<u32>,
    /// Protocol below the application: `tcp`, `udp`, `icmp`, …
    pub(crate) transport: &'a str,
    /// Port of the remote.
    pub(crate) remote_port: Option<u16>,
    /// Protocol recognised in the bytes: `dns`, `tls`, …; none where something weaker tells it.
    pub(crate) application: Option<&'a str>,
    /// Whether the remote is on the local network, multicast and broadcast included.
    pub(crate) scope_local: bool,
}

/// What the rules make of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Decision {
    /// Kind of data; `unknown` when nothing tells it or several kinds remain.
    pub(crate) category: &'static str,
    /// Kinds that remain, in the order of the category list; empty when one is decided or nothing tells.
    pub(crate) candidates: Vec<&'static str>,
    /// What the category or the candidates rest on.
    pub(crate) basis: Basis,
    /// Rule that decided, or the first of those that could not agree.
    pub(crate) rule: Option<String>,
    /// The other rules that were heard on the same basis.
    pub(crate) also: Vec<String>,
    /// Role of the remote towards the vendor under study.
    pub(crate) party: Party,
    /// What the party rests on.
    pub(crate) party_basis: Basis,
    /// Organisation behind the name.
    pub(crate) owner: Option<String>,
    /// Country of its head office.
    pub(crate) owner_country: Option<String>,
    /// What the owner rests on: `name`, or `address` where a rule names the owner of the address.
    pub(crate) owner_basis: Basis,
    /// Registrable domain of the name, private suffixes included.
    pub(crate) domain: Option<String>,
    /// Application protocol inside the encryption, where the rules of all names tell the same.
    pub(crate) carries: Option<String>,
}

impl Decision {
    /// The bytes themselves told which of the kinds that the rule leaves open most of them were for.
    pub(crate) fn settle(&mut self, category: &str) {
        let told = self.candidates.iter().find(|candidate| **candidate == category);
        if let (Basis::Content, Some(told)) = (self.basis, told) {
            self.category = told;
            self.candidates.clear();
        }
    }
}

impl Rules {
    /// What the rules make of a flow.
    ///
    /// Among the rules that meet it on one basis the user's come first, then the closest host, network or
    /// port, then the one with the most conditions, then the smallest id.
    pub(crate) fn decide(&self, question: &Question<'_>) -> Decision {
        let facts = Facts::new(question);
        let winners = self.winners(&facts);
        let kind = winners.kind(&facts);
        let (owner, owner_basis) = self.owner(&facts, &winners);
        let (party, party_basis) = self.party(&facts, &winners);
        let (category, candidates) = kind.answer();
        let mut ids = kind.rules.iter().map(|rule| rule.id.clone());
        Decision {
            category,
            candidates,
            basis: kind.basis,
            rule: ids.next(),
            also: ids.collect(),
            party,
            party_basis,
            owner: owner.map(|owner| owner.name.clone()),
            owner_country: owner.map(|owner| owner.country.clone()),
            owner_basis,
            carries: carries(&facts, &winners),
            domain: agreed(facts.naming().iter().map(Host::registrable)).map(str::to_owned),
        }
    }

    pub(super) fn winners(&self, facts: &Facts<'_>) -> Winners<'_> {
        let mut winners =
            Winners { requests: vec![None; facts.requests.len()], names: vec![None; facts.names.len()], ..Winners::default() };
        self.consult(facts, &mut |trial| winners.hear(trial));
        winners
    }

    fn owner(&self, facts: &Facts<'_>, winners: &Winners<'_>) -> (Option<&Owner>, Basis) {
        if !facts.naming().is_empty() {
            let owner = agreed_by(facts.naming().iter().map(|name| self.owners.by_name(name)), |owner| &owner.name);
            return (owner, owner.map_or(Basis::None, |_| Basis::Name));
        }
        let rule = winners.address.and_then(|trial| trial.rule.owner.as_deref());
        let owner = rule.and_then(|id| self.owners.by_id(id));
        (owner, owner.map_or(Basis::None, |_| Basis::Address))
    }

    fn party(&self, facts: &Facts<'_>, winners: &Winners<'_>) -> (Party, Basis) {
        if facts.question.scope_local {
            return (Party::Local, Basis::Address);
        }
        let (party, basis) = if facts.naming().is_empty() {
            (self.party_by_address(facts, winners), Basis::Address)
        } else {
            let parties = facts.naming().iter().zip(&winners.names).map(|(name, winner)| self.party_by_name(name, *winner));
            (agreed(parties).unwrap_or(Party::Unknown), Basis::Name)
        };
        (party, if party == Party::Unknown { Basis::None } else { basis })
    }

    /// A shipped rule may say what a host is to everybody, but the vendor's own domain stays first party.
    fn party_by_name(&self, name: &Host<'_>, winner: Option<Trial<'_>>) -> Option<Party> {
        let owned = self.owners.by_name(name).map(|owner| self.party_of(owner));
        let rule = winner.map(|trial| trial.rule);
        let said = rule.filter(|rule| rule.origin == Origin::User || owned != Some(Party::First));
        said.and_then(|rule| rule.party).or(owned)
    }

    fn party_by_address(&self, facts: &Facts<'_>, winners: &Winners<'_>) -> Party {
        let rule = winners.address.map(|trial| trial.rule);
        let owned = rule.and_then(|rule| rule.owner.as_deref()).and_then(|id| self.owners.by_id(id));
        let network = || facts.question.asn.and_then(|asn| self.owners.by_asn(asn));
        rule.and_then(|rule| rule.party).or_else(|| owned.or_else(network).map(|owner| self.party_of(owner))).unwrap_or_default()
    }
}

fn carries(facts: &Facts<'_>, winners: &Winners<'_>) -> Option<String> {
    let rules = facts.naming().iter().zip(&winners.names).map(|(_, winner)| winner.map(|trial| trial.rule));
    agreed(rules.map(|rule| rule.and_then(|rule| rule.carries.as_ref()))).cloned()
}

/// The value that all have, if they all have the same.
fn agreed<T: PartialEq>(values: impl Iterator<Item = Option<T>>) -> Option<T> {
    agreed_by(values, |value| value)
}

fn agreed_by<T, K: PartialEq + ?Sized>(mut values: impl Iterator<Item = Option<T>>, key: impl Fn(&T) -> &K) -> Option<T> {
    let first = values.next()??;
    values.all(|value| value.is_some_and(|value| key(&value) == key(&first))).then_some(first)
}

/// The best hit on each subject and basis.
#[derive(Debug, Default)]
pub(super) struct Winners<'r> {
    content: Option<Trial<'r>>,
    requests: Vec<Option<Trial<'r>>>,
    names: Vec<Option<Trial<'r>>>,
    address: Option<Trial<'r>>,
    port: Option<Trial<'r>>,
    scope: Option<Trial<'r>>,
}

impl<'r> Winners<'r> {
    fn hear(&mut self, trial: Trial<'r>) {
        if trial.miss.is_some() {
            return;
        }
        if let Some(slot) = self.slot(&trial)
            && slot.is_none_or(|best| trial.rank() > best.rank())
        {
            *slot = Some(trial);
        }
    }

    fn slot(&mut self, trial: &Trial<'_>) -> Option<&mut Option<Trial<'r>>> {
        match trial.subject {
            Subject::Name(place) => self.names.get_mut(place),
            Subject::Request(place) => self.requests.get_mut(place),
            Subject::Flow if trial.rule.selector.is_scope_only() => Some(&mut self.scope),
            Subject::Flow => match trial.rule.selector.basis() {
                Basis::Content => Some(&mut self.content),
                Basis::Address => Some(&mut self.address),
                Basis::Port => Some(&mut self.port),
                Basis::None | Basis::Behaviour | Basis::Name | Basis::Path => None,
            },
        }
    }

    /// Whether this trial's rule won its subject.
    pub(super) fn winner_of(&mut self, trial: &Trial<'_>) -> Option<&'r Rule> {
        self.slot(trial).and_then(|slot| slot.map(|best| best.rule))
    }

    /// The strongest voice that tells a kind; else the strongest that was raised at all.
    pub(super) fn kind(&self, facts: &Facts<'_>) -> Voice<'r> {
        let flow = |winner: Option<Trial<'r>>| winner.map(|trial| Voice::of(trial.rule));
        let voices = [flow(self.content), self.by_request(facts), self.by_name(), flow(self.address), flow(self.port), flow(self.scope)];
        let raised: Vec<Voice<'r>> = voices.into_iter().flatten().collect();
        let telling = raised.iter().position(Voice::tells).unwrap_or(0);
        raised.into_iter().nth(telling).unwrap_or_default()
    }

    /// All requests together: each by the bytes sent in it, else by a path rule, else by the names of fields in it. One
    /// that none of these knows is judged by its host. What is weakest is what the answer rests on.
    fn by_request(&self, facts: &Facts<'_>) -> Option<Voice<'r>> {
        let nothing = Told::default();
        let contents = facts.question.contents;
        if self.requests.iter().all(Option::is_none) && contents.iter().all(|told| *told == nothing) {
            return None;
        }
        let mut voice = Voice::default();
        let mut weakest = Basis::Content;
        for (place, (request, winner)) in facts.requests.iter().zip(&self.requests).enumerate() {
            let told = contents.get(place).unwrap_or(&nothing);
            let host = || request.name.and_then(|name| self.names.get(name).copied().flatten());
            match winner {
                _ if !told.by_bytes.is_empty() => voice.add_kinds(&told.by_bytes),
                Some(trial) => {
                    weakest = weakest.min(Basis::Path);
                    voice.add(Some(trial.rule));
                }
                None if !told.by_names.is_empty() => voice.add_kinds(&told.by_names),
                None => {
                    weakest = Basis::Name;
                    voice.add(host().map(|trial| trial.rule));
                }
            }
        }
        voice.basis = if voice.categories.len() == 1 { weakest } else { weakest.max(Basis::Path) };
        Some(voice)
    }

    fn by_name(&self) -> Option<Voice<'r>> {
        if self.names.iter().all(Option::is_none) {
            return None;
        }
        let mut voice = Voice { basis: Basis::Name, ..Voice::default() };
        for winner in &self.names {
            voice.add(winner.map(|trial| trial.rule));
        }
        Some(voice)
    }
}

/// What the rules of one basis say together.
#[derive(Debug, Default)]
pub(super) struct Voice<'r> {
    basis: Basis,
    /// Positions in the category list.
    categories: BTreeSet<usize>,
    pub(super) rules: Vec<&'r Rule>,
}

impl<'r> Voice<'r> {
    fn of(rule: &'r Rule) -> Self {
        let mut voice = Self { basis: rule.selector.basis(), ..Self::default() };
        voice.add(Some(rule));
        voice
    }

    fn add(&mut self, rule: Option<&'r Rule>) {
        let Some(rule) = rule else {
            self.categories.insert(category::position(UNKNOWN));
            return;
        };
        self.categories.extend(rule.categories.iter().map(|name| category::position(name)));
        if !self.rules.iter().any(|heard| heard.id == rule.id) {
            self.rules.push(rule);
        }
    }

    /// Kinds that no rule had to tell.
    fn add_kinds(&mut self, kinds: &[&'static str]) {
        self.categories.extend(kinds.iter().map(|name| category::position(name)));
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.categories.iter().filter_map(|place| CATEGORIES.get(*place)).map(|category| category.name)
    }

    fn tells(&self) -> bool {
        self.names().any(|name| name != UNKNOWN)
    }

    fn answer(&self) -> (&'static str, Vec<&'static str>) {
        let mut names: Vec<&'static str> = self.names().collect();
        match (names.pop(), names.is_empty()) {
            (None, _) => (UNKNOWN, names),
            (Some(only), true) => (only, names),
            (Some(last), false) => {
                names.push(last);
                (UNKNOWN, names)
            }
        }
    }
}
