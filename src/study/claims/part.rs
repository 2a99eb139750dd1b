//! One part of a claim put to the runs it is about.

use super::super::experiment::{Experiment, share};
use super::super::facts::Fact;
use super::super::file::{Expect, Presence, Study, Test};
use super::select::{Fit, fit, is_among, is_meant};
use crate::record::Encryption;

/// How a part ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// Nothing speaks against it.
    Holds,
    /// It was seen.
    Shown,
    /// Only the other half was not seen, which takes nothing away.
    NotShown,
    /// It cannot be said.
    Undetermined,
    /// Something speaks against it.
    Contradicted,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Shown => "seen",
            Self::NotShown => "other half not seen",
            Self::Undetermined => "undetermined",
            Self::Contradicted => "contradicted",
        }
    }
}

/// A part that was tried.
pub(super) struct Tried<'e, 'a> {
    says: String,
    pub(super) outcome: Outcome,
    pub(super) reason: String,
    pub(super) runs: Vec<&'e Experiment<'a>>,
    pub(super) speaks_for: Vec<(&'e Experiment<'a>, &'e Fact)>,
    pub(super) against: Vec<(&'e Experiment<'a>, &'e Fact)>,
    /// With what is not known.
    pub(super) candidates: Vec<(&'e Experiment<'a>, &'e Fact, String)>,
}

impl Tried<'_, '_> {
    /// As the table shows it.
    pub(super) fn shown(&self) -> String {
        format!("{}: {}; {}", self.outcome.as_str(), self.says, self.reason)
    }
}

/// Puts a part to the runs.
pub(super) fn tried<'e, 'a>(test: &Test, claim: &super::Place<'_>, all: &'e [Experiment<'a>], study: &Study) -> Tried<'e, 'a> {
    let runs: Vec<_> = all.iter().filter(|run| is_meant(claim, run, all) && is_meant(&test.place, run, all)).collect();
    let (mut yes, mut perhaps) = (Vec::new(), Vec::new());
    for run in &runs {
        for fact in &run.facts {
            match fit(&test.select, fact, run, study) {
                Fit::Yes => yes.push((*run, fact)),
                Fit::Perhaps(doubt) => perhaps.push((*run, fact, doubt)),
                Fit::No => {}
            }
        }
    }
    let mut tried = Tried {
        says: test.says.clone(),
        outcome: Outcome::Undetermined,
        reason: "no run of this kind in the study".to_owned(),
        runs,
        speaks_for: Vec::new(),
        against: Vec::new(),
        candidates: Vec::new(),
    };
    if !tried.runs.is_empty() {
        let sent = |run: &Experiment<'_>| {
            run.facts.iter().filter(|fact| fit(&test.select, fact, run, study) == Fit::Yes).map(|fact| fact.ip_out).sum()
        };
        let versus = || all.iter().filter(|run| is_meant(&test.expect.versus, run, all)).map(sent).max();
        tried.judge(&test.expect, yes, perhaps, versus);
    }
    if test.shows && tried.outcome != Outcome::Shown {
        tried.outcome = Outcome::NotShown;
        tried.against.clear();
        tried.candidates.clear();
    }
    tried
}

type Selected<'e, 'a> = Vec<(&'e Experiment<'a>, &'e Fact)>;
type Doubtful<'e, 'a> = Vec<(&'e Experiment<'a>, &'e Fact, String)>;

impl<'e, 'a> Tried<'e, 'a> {
    fn judge(&mut self, expect: &Expect, yes: Selected<'e, 'a>, perhaps: Doubtful<'e, 'a>, versus: impl Fn() -> Option<u64>) {
        match expect {
            Expect { presence: Some(Presence::Some), .. } => self.some(yes, perhaps),
            Expect { presence: Some(Presence::Each), .. } => self.each(yes, perhaps),
            Expect { presence: Some(Presence::Never), .. } => self.at_most((0, "flows"), |_| 1, yes, perhaps),
            Expect { flows: Some(most), .. } => self.at_most((*most, "flows"), |_| 1, yes, perhaps),
            Expect { bytes_out: Some(most), .. } => self.at_most((*most, "bytes out"), |fact| fact.ip_out, yes, perhaps),
            Expect { encrypted: Some(least), .. } => self.encrypted(*least, yes, perhaps),
            Expect { times: Some(times), .. } => self.times(*times, &yes, versus()),
            _ => self.only(expect, yes, perhaps),
        }
    }

    /// The outcome by what was found, for what must not be: gaps make an absence say nothing.
    fn settle(&mut self, fine: &str) {
        let gaps: Vec<String> = self.runs.iter().filter_map(|run| Some(format!("{}: {}", run.run.id, run.watch.gaps.first()?))).collect();
        (self.outcome, self.reason) = if !self.against.is_empty() {
            (Outcome::Contradicted, format!("{} in {}", flows(self.against.len()), among(self.against.iter().map(|(run, _)| *run))))
        } else if !self.candidates.is_empty() {
            let doubt = self.candidates.first().map_or("", |(_, _, doubt)| doubt);
            let found = flows(self.candidates.len());
            let runs = among(self.candidates.iter().map(|(run, _, _)| *run));
            (Outcome::Undetermined, format!("{found} in {runs} may speak against it: {doubt}"))
        } else if gaps.is_empty() {
            (Outcome::Holds, format!("{fine} in {}", among(self.runs.iter().copied())))
        } else {
            (Outcome::Undetermined, format!("{fine}, but not all was seen: {}", gaps.join("; ")))
        };
    }

    /// At most so much in each run.
    fn at_most(&mut self, (most, unit): (u64, &str), amount: fn(&Fact) -> u64, yes: Selected<'e, 'a>, perhaps: Doubtful<'e, 'a>) {
        for run in &self.runs {
            let of_run = |other: &Experiment<'_>| other.run.id == run.run.id;
            let certain: Selected<'e, 'a> = yes.iter().filter(|(other, fact)| of_run(other) && amount(fact) > 0).copied().collect();
            let open: Doubtful<'e, 'a> = perhaps.iter().filter(|(other, fact, _)| of_run(other) && amount(fact) > 0).cloned().collect();
            let sum: u64 = certain.iter().map(|(_, fact)| amount(fact)).sum();
            let more: u64 = open.iter().map(|(_, fact, _)| amount(fact)).sum();
            if sum > most {
                self.against.extend(certain);
            } else if sum + more > most {
                self.candidates.extend(open);
            }
        }
        self.settle(&if most == 0 { "none seen".to_owned() } else { format!("at most {most} {unit}") });
    }

    fn some(&mut self, yes: Selected<'e, 'a>, perhaps: Doubtful<'e, 'a>) {
        if yes.is_empty() {
            self.reason = match perhaps.first() {
                Some((_, _, doubt)) => format!("{} may be it: {doubt}", flows(perhaps.len())),
                None => format!("not seen in {}", among(self.runs.iter().copied())),
            };
            self.candidates = perhaps;
            return;
        }
        self.outcome = Outcome::Shown;
        self.reason = format!("{} in {}", flows(yes.len()), among(yes.iter().map(|(run, _)| *run)));
        self.speaks_for = yes;
    }

    fn each(&mut self, yes: Selected<'e, 'a>, perhaps: Doubtful<'e, 'a>) {
        let has = |run: &Experiment<'_>| yes.iter().any(|(other, _)| other.run.id == run.run.id);
        let may = |run: &Experiment<'_>| perhaps.iter().any(|(other, _, _)| other.run.id == run.run.id);
        let missing: Vec<&Experiment<'a>> = self.runs.iter().copied().filter(|run| !has(run)).collect();
        let is_open = missing.iter().any(|run| may(run) || !run.watch.gaps.is_empty());
        (self.outcome, self.reason) = if missing.is_empty() {
            (Outcome::Shown, format!("{} in {}", flows(yes.len()), among(self.runs.iter().copied())))
        } else if is_open {
            (Outcome::Undetermined, format!("not seen for certain in {}", among(missing.into_iter())))
        } else {
            (Outcome::Contradicted, format!("not seen in {}", among(missing.into_iter())))
        };
        self.candidates = perhaps.into_iter().filter(|(run, _, _)| !has(run)).collect();
        self.speaks_for = yes;
    }

    /// Only to these countries, owners or hosts.
    fn only(&mut self, expect: &Expect, yes: Selected<'e, 'a>, perhaps: Doubtful<'e, 'a>) {
        for (run, fact) in yes {
            match is_only(expect, fact) {
                Fit::Yes => self.speaks_for.push((run, fact)),
                Fit::No => self.against.push((run, fact)),
                Fit::Perhaps(doubt) => self.candidates.push((run, fact, doubt)),
            }
        }
        for (run, fact, doubt) in perhaps {
            match is_only(expect, fact) {
                Fit::Yes => {}
                Fit::No => self.candidates.push((run, fact, doubt)),
                Fit::Perhaps(more) => self.candidates.push((run, fact, format!("{doubt}; {more}"))),
            }
        }
        self.settle("all that was seen went there");
    }

    fn encrypted(&mut self, least: f64, yes: Selected<'e, 'a>, perhaps: Doubtful<'e, 'a>) {
        let bytes = |encryption: fn(Encryption) -> bool| -> u64 {
            yes.iter().filter(|(_, fact)| encryption(fact.encryption)).map(|(_, fact)| fact.ip_out).sum()
        };
        let all = bytes(|_| true);
        let clear = share(bytes(|encryption| encryption == Encryption::None), all).unwrap_or_default();
        let open = share(bytes(|encryption| encryption == Encryption::Unknown), all).unwrap_or_default();
        for (run, fact) in yes {
            match fact.encryption {
                Encryption::None if clear > 1.0 - least => self.against.push((run, fact)),
                Encryption::Unknown if clear + open > 1.0 - least => {
                    self.candidates.push((run, fact, "not known whether encrypted".to_owned()))
                }
                _ => self.speaks_for.push((run, fact)),
            }
        }
        self.candidates.extend(perhaps.into_iter().filter(|(_, fact, _)| fact.encryption == Encryption::None));
        self.settle(&format!("{:.1} % of the bytes out in clear text", clear * 100.0));
    }

    /// No more per run than so many times what other runs have: a burst is behaviour, which is never more than a candidate.
    #[expect(clippy::cast_precision_loss, reason = "means need no more than 52 bits")]
    fn times(&mut self, times: f64, yes: &Selected<'e, 'a>, usual: Option<u64>) {
        let Some(usual) = usual else {
            "no run to compare with".clone_into(&mut self.reason);
            return;
        };
        for run in &self.runs {
            let own: Selected<'e, 'a> = yes.iter().filter(|(other, _)| other.run.id == run.run.id).copied().collect();
            let sum: u64 = own.iter().map(|(_, fact)| fact.ip_out).sum();
            if sum as f64 > usual as f64 * times {
                let doubt = format!("{sum} bytes out in the run, in others at most {usual}");
                let largest = own.into_iter().max_by_key(|(_, fact)| fact.ip_out);
                self.candidates.extend(largest.map(|(run, fact)| (run, fact, doubt)));
            }
        }
        self.settle(&format!("no more than {times} times the {usual} bytes out of other runs"));
    }
}

/// Whether a conversation went only where it may.
fn is_only(expect: &Expect, fact: &Fact) -> Fit {
    if !expect.countries.is_empty() {
        return country(expect.countries.values(), fact);
    }
    let (patterns, value, what) = if expect.owners.is_empty() {
        (expect.hosts.values(), fact.name.as_deref(), "no host name")
    } else {
        (expect.owners.values(), fact.owner.as_deref(), "owner not known")
    };
    match value {
        Some(value) if is_among(patterns, value) => Fit::Yes,
        Some(_) => Fit::No,
        None => Fit::Perhaps(format!("{what} for {}", fact.remote_ip)),
    }
}

fn country(countries: &[String], fact: &Fact) -> Fit {
    let is_meant = |code: &str| countries.iter().any(|country| country == code);
    let said: Vec<&str> = fact.country_candidates.iter().filter_map(|candidate| candidate.rsplit_once('=')).map(|(_, code)| code).collect();
    let shown = fact.country_candidates.join(", ");
    // What was struck out is `source=CC>Nkm`.
    let is_struck = |code: &String| fact.country_struck.iter().any(|struck| struck.contains(&format!("={code}>")));
    match &fact.country {
        Some(code) if is_meant(code) => Fit::Yes,
        _ if countries.iter().all(is_struck) => Fit::No,
        Some(code) if fact.country_basis == "rtt" && said.len() == 1 => {
            Fit::Perhaps(format!("{} in {code} by the one source that is not contradicted by the round-trip time", fact.remote_ip))
        }
        Some(code) if fact.country_basis == "one-source" => Fit::Perhaps(format!("{} in {code} by one source only", fact.remote_ip)),
        Some(_) => Fit::No,
        None if fact.country_basis == "anycast" => Fit::Perhaps(format!("{} is announced from many places", fact.remote_ip)),
        None if said.is_empty() => Fit::Perhaps(format!("place of {} not known", fact.remote_ip)),
        None if said.iter().any(|code| is_meant(code)) => Fit::Perhaps(format!("place of {} disputed: {shown}", fact.remote_ip)),
        None => Fit::No,
    }
}

fn flows(count: usize) -> String {
    format!("{count} flow{}", if count == 1 { "" } else { "s" })
}

/// Runs by name, each once.
fn among<'e, 'a: 'e>(runs: impl Iterator<Item = &'e Experiment<'a>>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for run in runs {
        if !names.contains(&run.run.id.as_str()) {
            names.push(&run.run.id);
        }
    }
    let what = if names.len() == 1 { "run" } else { "runs" };
    format!("{what} {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Encryption, Initiator};
    use crate::time::Timestamp;

    /// A conversation that is somewhere: country and basis, what each source said, what was struck out.
    fn fact(country: Option<&str>, country_basis: &'static str, candidates: &[&str], struck: &[&str]) -> Fact {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Fact {
            parts: Vec::new(),
            known: 0,
            device_ip: [192, 168, 1, 2].into(),
            device_mac: None,
            remote_ip: [192, 0, 2, 1].into(),
            initiator: Initiator::Device,
            first: Timestamp::default(),
            last: Timestamp::default(),
            ip_out: 1,
            ip_in: 1,
            payload_out: 1,
            gap_bytes: 0,
            period: None,
            application: None,
            encryption: Encryption::Unknown,
            name: None,
            owner: None,
            country: country.map(str::to_owned),
            country_candidates: texts(candidates),
            country_struck: texts(struck),
            country_basis,
            scope: "global",
            party: "unknown",
            party_basis: "none",
            category: "unknown",
            category_basis: "none",
            category_rule: None,
            candidates: Vec::new(),
            app: None,
            app_by_host: None,
            asked: <_>::default(),
            asked_party: "unknown",
            requests: Vec::new(),
            initiation: "unknown",
            initiation_basis: String::new(),
            action: None,
        }
    }

    #[test]
    fn a_round_trip_strikes_countries_out_and_proves_none() {
        let germany = ["DE".to_owned()];
        // Two sources, one of them contradicted: the other is the answer, on its word alone.
        let settled = |code, other| fact(Some(code), "rtt", &[&format!("dbip={code}")], &[&format!("ipinfo={other}>900km")]);
        assert_eq!(country(&germany, &settled("DE", "US")), Fit::Yes);
        assert!(matches!(country(&germany, &settled("FR", "US")), Fit::Perhaps(doubt) if doubt.contains("not contradicted")));
        // It is not in Germany when every source that said so is too far away.
        assert_eq!(country(&germany, &settled("US", "DE")), Fit::No);
        assert_eq!(country(&germany, &fact(None, "struck", &[], &["dbip=DE>900km", "ipinfo=DE>900km"])), Fit::No);
        // Of several countries one is left that nobody has excluded.
        let either = ["DE".to_owned(), "FR".to_owned()];
        let struck = fact(None, "struck", &[], &["dbip=DE>900km", "ipinfo=US>900km"]);
        assert!(matches!(country(&either, &struck), Fit::Perhaps(doubt) if doubt.contains("not known")));
    }

    #[test]
    fn a_place_that_is_disputed_or_of_one_source_speaks_against_nobody() {
        let germany = ["DE".to_owned()];
        let disputed = fact(None, "disputed", &["dbip=DE", "ipinfo=US"], &[]);
        assert!(matches!(country(&germany, &disputed), Fit::Perhaps(doubt) if doubt.contains("dbip=DE, ipinfo=US")));
        assert_eq!(country(&germany, &fact(None, "disputed", &["dbip=FR", "ipinfo=US"], &[])), Fit::No);
        assert!(matches!(country(&germany, &fact(Some("US"), "one-source", &["dbip=US"], &[])), Fit::Perhaps(_)));
        assert!(matches!(country(&germany, &fact(None, "anycast", &[], &[])), Fit::Perhaps(doubt) if doubt.contains("many places")));
        assert_eq!(country(&germany, &fact(Some("US"), "agreed", &["dbip=US", "ipinfo=US"], &[])), Fit::No);
    }
}
