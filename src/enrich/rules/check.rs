//! Faults between rules: an id used twice, an owner that does not exist, a rule that can never decide.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use super::Rules;
use super::pattern::HostPattern;
use super::problem::Problem;
use super::ruleset::{Origin, Rule, Ruleset};
use crate::enrich::host::Host;
use crate::limits;

impl Rules {
    /// What stands between a file and the rules already here.
    pub(super) fn clashes(&self, file: &str, text: &str, ruleset: &Ruleset) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut complain = |span: &Range<usize>, message: String| {
            if problems.len() < limits::RULE_PROBLEMS {
                problems.push(Problem::at(file, text, span.clone(), message));
            }
        };
        let mut rules: HashMap<&str, usize> = HashMap::new();
        for (rule, span) in &ruleset.rules {
            if let Some(other) = self.rule(&rule.id) {
                complain(span, format!("rule id {} is taken by {}:{}", rule.id, other.file, other.line));
            } else if let Some(line) = rules.insert(&rule.id, rule.line) {
                complain(span, format!("rule id {} is taken by line {line}", rule.id));
            }
            let owner = rule.owner.as_deref().filter(|id| !self.is_owner(ruleset, id));
            if let Some(id) = owner {
                complain(span, format!("rule {} names owner {id}, which no file has", rule.id));
            }
        }
        let mut owners: HashMap<&str, ()> = HashMap::new();
        for (owner, span) in &ruleset.owners {
            if self.owners.by_id(&owner.id).is_some() || owners.insert(&owner.id, ()).is_some() {
                complain(span, format!("owner id {} is taken", owner.id));
            }
        }
        problems
    }

    fn is_owner(&self, ruleset: &Ruleset, id: &str) -> bool {
        self.owners.by_id(id).is_some() || ruleset.owners.iter().any(|(owner, _)| owner.id == id)
    }

    /// Rules that work though likely not as meant: those that can never decide, and those that take in a
    /// whole public suffix.
    pub(crate) fn warnings(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut seen: HashMap<(Origin, String), &Rule> = HashMap::new();
        for rule in &self.rules {
            for host in hosts(rule) {
                problems.extend(host.and_then(|host| too_wide(rule, host)));
                problems.extend(host.and_then(|host| self.hidden(rule, host)));
                match seen.entry((rule.origin, rule.selector.text(host))) {
                    Entry::Vacant(free) => {
                        free.insert(rule);
                    }
                    Entry::Occupied(mut taken) => {
                        let (winner, loser) = if taken.get().id <= rule.id { (*taken.get(), rule) } else { (rule, *taken.get()) };
                        problems.push(unreachable(loser, host, &winner.id));
                        taken.insert(winner);
                    }
                }
            }
        }
        problems
    }

    /// A shipped rule for a host that a user's rule takes in whatever else the flow is like.
    fn hidden(&self, rule: &Rule, host: &HostPattern) -> Option<Problem> {
        if rule.origin == Origin::User || rule.selector.path.is_some() || host.is_family() {
            return None;
        }
        let name = Host::parse(host.as_str())?;
        let user = self.rules.iter().filter(|other| other.origin == Origin::User);
        let cover = user.filter(|other| other.selector.path.is_none() && other.selector.qualifiers() == 0);
        let mut cover = cover.filter(|other| other.selector.hosts.iter().any(|pattern| covers(pattern, &name)));
        cover.next().map(|winner| unreachable(rule, Some(host), &winner.id))
    }
}

fn covers(pattern: &HostPattern, name: &Host<'_>) -> bool {
    name.suffixes().any(|suffix| suffix == pattern.key()) && pattern.matches(name)
}

/// The hosts of a rule, or once none where it has no host.
fn hosts(rule: &Rule) -> Vec<Option<&HostPattern>> {
    if rule.selector.hosts.is_empty() { vec![None] } else { rule.selector.hosts.iter().map(Some).collect() }
}

fn unreachable(rule: &Rule, host: Option<&HostPattern>, winner: &str) -> Problem {
    let what = rule.selector.text(host);
    Problem::warning(&rule.file, rule.line, format!("rule {} never decides on {what}: {winner} comes first", rule.id))
}

fn too_wide(rule: &Rule, host: &HostPattern) -> Option<Problem> {
    let name = Host::parse(host.as_str().strip_prefix("*.")?)?;
    let is_registry = name.registrable().is_none();
    is_registry
        .then(|| Problem::warning(&rule.file, rule.line, format!("rule {} takes in {}: names of many owners", rule.id, host.as_str())))
}
