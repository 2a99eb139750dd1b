//! Who initiated a conversation: the user, by an action that asks for something to be sent, or the app by itself.
//!
//! What an action asks for begins within its window, or within the same time after the end of what was already put
//! down to it: an upload of two files is one act. What also happens without the action is not put down to it. An
//! action that only operates device or app (launch, take-off) initiates nothing: what is sent then, the app sends.

use std::collections::BTreeMap;

use super::facts::Fact;
use crate::record::Initiator;
use crate::time::{Span, Timestamp};

/// An action by the clock of the captures.
#[derive(Clone, Debug)]
pub(super) struct Act {
    pub(super) time: Timestamp,
    pub(super) action: String,
    /// Kinds of data it asks for.
    pub(super) sends: Vec<String>,
    /// Nobody knows what it asks for.
    pub(super) is_unknown: bool,
    pub(super) window: Span,
}

impl Act {
    fn asks(&self) -> bool {
        self.is_unknown || !self.sends.is_empty()
    }

    /// As it is shown.
    pub(super) fn shown(&self) -> String {
        format!("{} at {}", self.action, self.time)
    }
}

/// Time after an action in which flows say nothing about what happens without it.
const AFTERMATH: Span = Span::from_secs(60);
/// Bytes beyond what is usual without the action, as a multiple.
const BEYOND: u64 = 4;
/// Time between a look-up and the flow it was for.
const LOOK_UP: Span = Span::from_secs(10);
/// Flows to a host that make a period.
const PERIODIC: usize = 3;

/// What hosts get without any action that asks for it.
#[derive(Debug, Default)]
pub(super) struct Baseline {
    hosts: BTreeMap<String, Usual>,
}

#[derive(Debug, Default)]
struct Usual {
    flows: u64,
    most: u64,
    /// Most bytes that were sent at least twice: what happened once is no habit.
    habit: u64,
    /// Seconds between flows, and the run that shows it.
    period: Option<(f64, String)>,
}

impl Baseline {
    /// Learns from a run whose actions are known.
    pub(super) fn learn(&mut self, run: &str, facts: &[Fact], acts: &[Act]) {
        let is_after = |time: Timestamp| acts.iter().any(|act| act.asks() && time >= act.time && time <= act.time.after(AFTERMATH));
        let mut starts: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
        for fact in facts.iter().filter(|fact| !is_after(fact.first)) {
            for host in hosts(fact) {
                let usual = self.hosts.entry(host.clone()).or_default();
                usual.flows += 1;
                usual.habit = usual.habit.max(usual.most.min(fact.payload_out));
                usual.most = usual.most.max(fact.payload_out);
                starts.entry(host).or_default().push(fact.first);
            }
        }
        for (host, starts) in starts {
            let found = period(&starts).map(|period| (period, run.to_owned()));
            if let (Some(usual), Some(found)) = (self.hosts.get_mut(&host), found) {
                usual.period.get_or_insert(found);
            }
        }
    }

    fn of(&self, fact: &Fact) -> Option<&Usual> {
        hosts(fact).iter().find_map(|host| self.hosts.get(host))
    }
}

/// What a fact is known by: its host, or the names that were asked for.
fn hosts(fact: &Fact) -> Vec<String> {
    if fact.asked.is_empty() { vec![fact.host()] } else { fact.asked.iter().map(|name| format!("? {name}")).collect() }
}

/// Seconds between events that come regularly: every interval within a fifth of the middle one.
fn period(starts: &[Timestamp]) -> Option<f64> {
    let mut between: Vec<f64> = starts.windows(2).filter_map(|pair| Some(pair.get(1)?.since(*pair.first()?).millis() / 1e3)).collect();
    if between.len() + 1 < PERIODIC {
        return None;
    }
    between.sort_by(f64::total_cmp);
    let middle = *between.get(between.len() / 2)?;
    let is_regular = between.iter().all(|interval| (interval - middle).abs() <= middle / 5.0);
    (middle >= 1.0 && is_regular).then_some(middle)
}

/// A decision: the word, the rule with what it saw, and the action.
struct Said(&'static str, String, Option<usize>);

/// Decides for all conversations of a run, which are in the order of time; without a log nothing can be said.
pub(super) fn decide(facts: &mut [Fact], acts: Option<&[Act]>, baseline: &Baseline) {
    let Some(acts) = acts else {
        for fact in facts {
            fact.initiation_basis = "no action log".to_owned();
        }
        return;
    };
    let mut reach: Vec<Timestamp> = acts.iter().map(|act| act.time.after(act.window)).collect();
    for fact in facts.iter_mut().filter(|fact| fact.asked.is_empty()) {
        let Said(word, basis, action) = judge(fact, acts, &reach, baseline);
        if let (true, Some(act), Some(place)) = (word == "user-initiated", action.and_then(|place| acts.get(place)), action)
            && let Some(reach) = reach.get_mut(place)
        {
            *reach = (*reach).max(fact.last.after(act.window));
        }
        (fact.initiation, fact.initiation_basis, fact.action) = (word, basis, action);
    }
    for place in 0..facts.len() {
        if facts.get(place).is_some_and(|fact| !fact.asked.is_empty()) {
            let Said(word, basis, action) = look_up(facts, place, acts, &reach, baseline);
            if let Some(fact) = facts.get_mut(place) {
                (fact.initiation, fact.initiation_basis, fact.action) = (word, basis, action);
            }
        }
    }
}

/// A look-up was initiated by whoever initiated what it was for.
fn look_up(facts: &[Fact], place: usize, acts: &[Act], reach: &[Timestamp], baseline: &Baseline) -> Said {
    let Some(asking) = facts.get(place) else { return Said("unknown", String::new(), None) };
    let is_for = |fact: &&Fact| {
        let name = fact.name.as_ref().is_some_and(|name| asking.asked.contains(name));
        name && fact.asked.is_empty() && fact.first >= asking.first && fact.first <= asking.last.after(LOOK_UP)
    };
    match facts.iter().find(is_for) {
        Some(used) => {
            let basis = format!("looks up {} for flow {}: {}", used.host(), used.flow_id(), used.initiation_basis);
            Said(used.initiation, basis, used.action)
        }
        None => judge(asking, acts, reach, baseline),
    }
}

fn judge(fact: &Fact, acts: &[Act], reach: &[Timestamp], baseline: &Baseline) -> Said {
    let automatic = |basis: String| Said("automatic", basis, None);
    if !fact.is_public() && !fact.asks_outside() {
        return automatic("stays on the local network".to_owned());
    }
    if fact.initiator == Initiator::Remote {
        return automatic("opened by the remote".to_owned());
    }
    let open =
        acts.iter().zip(reach).enumerate().rev().find(|(_, (act, reach))| act.asks() && act.time <= fact.first && fact.first <= **reach);
    let Some((place, (act, _))) = open else {
        return automatic(by_itself(fact, acts, baseline));
    };
    let after = format!("begins {:.2} s after {}", fact.first.since(act.time).millis() / 1e3, act.action);
    let usual = baseline.of(fact);
    let without = usual.map(|usual| format!("{} flows there without such an action, of at most {} bytes out", usual.flows, usual.most));
    if act.is_unknown {
        return match without {
            Some(without) => automatic(format!("{after}, of which it is not known what it sends; {without}")),
            None => Said("ambiguous", format!("{after}, of which it is not known what it sends; none there without it"), Some(place)),
        };
    }
    let sends = |kind: &str| act.sends.iter().any(|sent| sent == kind);
    if sends(fact.category) {
        return Said("user-initiated", format!("{after}, which asks for {}", fact.category), Some(place));
    }
    if fact.candidates.iter().any(|candidate| sends(candidate)) {
        return match usual {
            None => Said("user-initiated", format!("{after}, which asks for one of {}; none there without it", fact.kind()), Some(place)),
            Some(usual) if fact.payload_out / BEYOND >= usual.habit => {
                let more = format!("{} bytes out, without it as a rule at most {}", fact.payload_out, usual.habit);
                Said("user-initiated", format!("{after}, which asks for one of {}; {more}", fact.kind()), Some(place))
            }
            Some(_) => Said("ambiguous", format!("{after}, which may ask for it; {}", without.unwrap_or_default()), Some(place)),
        };
    }
    let is_system = fact.party == "platform" || fact.asked_party == "platform" || matches!(fact.category, "platform" | "time");
    match without {
        Some(without) => automatic(format!("{after}, which asks for other kinds; {without}{}", periodic(fact, usual))),
        None if is_system => automatic(format!("{after}; the system at work for itself")),
        None => Said("ambiguous", format!("{after}, which asks for other kinds; none there without it"), Some(place)),
    }
}

/// Why a flow outside the window of any action is the app's own.
fn by_itself(fact: &Fact, acts: &[Act], baseline: &Baseline) -> String {
    let before = acts.iter().rev().find(|act| act.time <= fact.first);
    let after = match before {
        None => "begins before the first action".to_owned(),
        Some(act) if act.asks() => {
            format!("begins {:.0} s after {}, outside its window", fact.first.since(act.time).millis() / 1e3, act.action)
        }
        Some(act) => {
            format!("begins {:.2} s after {}, which asks for nothing to be sent", fact.first.since(act.time).millis() / 1e3, act.action)
        }
    };
    format!("{after}{}", periodic(fact, baseline.of(fact)))
}

/// The beat of a flow itself, or that of the flows to its host.
fn periodic(fact: &Fact, usual: Option<&Usual>) -> String {
    if let Some(period) = fact.period {
        return format!("; keeps alive every {:.0} s", period.millis() / 1e3);
    }
    let found = usual.and_then(|usual| usual.period.as_ref());
    found.map_or_else(String::new, |(period, run)| format!("; comes every {period:.0} s in run {run}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_starts_have_a_period() {
        let at = |seconds: &[i64]| period(&seconds.iter().map(|s| Timestamp::from_parts(*s, 0)).collect::<Vec<_>>());
        assert_eq!(at(&[0, 66, 126, 187]), Some(61.0));
        assert_eq!(at(&[0, 60]), None);
        assert_eq!(at(&[0, 5, 60, 61]), None);
    }
}
