//! Claims judged. A verdict is only as strong as what it rests on: an absence over a gap says nothing, a weak basis
//! makes a candidate and no contradiction, and `supported` needs both halves of the comparison to have been seen.

mod part;
mod select;

use std::collections::BTreeSet;

use super::Claim;
use super::experiment::{Experiment, share};
use super::facts::Fact;
use super::file::{Claim as Plan, Study, Where};
use crate::limits;

use part::{Outcome, Tried, tried};

/// The runs that a whole claim is about.
type Place<'c> = &'c Where;

/// Every claim with its verdict.
pub(super) fn judged(study: &Study, experiments: &[Experiment<'_>]) -> Vec<Claim> {
    study.claims.iter().map(|plan| claim(plan, study, experiments)).collect()
}

fn claim(plan: &Plan, study: &Study, experiments: &[Experiment<'_>]) -> Claim {
    let mut claim = Claim { claim: plan.id.clone(), says: plan.says.clone(), source: plan.source.clone(), ..Claim::default() };
    if let Some(reason) = &plan.not_testable {
        (claim.verdict, claim.reason) = ("not-testable", reason.clone());
        return claim;
    }
    let parts: Vec<Tried<'_, '_>> = plan.test.iter().map(|test| tried(test, &&plan.place, experiments, study)).collect();
    (claim.verdict, claim.reason) = verdict(&parts);
    if let Some(note) = &plan.note {
        claim.reason = format!("{}. {note}", claim.reason);
    }
    claim.parts = parts.iter().map(Tried::shown).collect();
    evidence(&mut claim, &parts);
    cover(&mut claim, &parts, study);
    claim
}

/// One verdict of all parts, the worst first.
fn verdict(parts: &[Tried<'_, '_>]) -> (&'static str, String) {
    let of = |outcome: Outcome| parts.iter().filter(move |part| part.outcome == outcome);
    let reasons = |outcome: Outcome| of(outcome).map(|part| part.reason.clone()).collect::<Vec<_>>().join("; ");
    if of(Outcome::Contradicted).next().is_some() {
        return ("contradicted", reasons(Outcome::Contradicted));
    }
    if of(Outcome::Undetermined).next().is_some() {
        return ("undetermined", reasons(Outcome::Undetermined));
    }
    let (seen, absent) = (of(Outcome::Shown).count(), of(Outcome::Holds).count());
    if seen > 0 {
        let both = [reasons(Outcome::Shown), reasons(Outcome::Holds)].into_iter().filter(|text| !text.is_empty());
        return ("supported", format!("seen: {}", both.collect::<Vec<_>>().join("; not seen: ")));
    }
    let half = if absent > 0 && of(Outcome::NotShown).next().is_some() { "; the other half was not seen" } else { "" };
    ("not-contradicted", format!("{}{half}; absence is no proof", reasons(Outcome::Holds)))
}

fn evidence(claim: &mut Claim, parts: &[Tried<'_, '_>]) {
    let mut rules = BTreeSet::new();
    for part in parts {
        for (run, fact) in &part.speaks_for {
            claim.flows.0 += 1;
            push(&mut claim.evidence_for, shown(run, fact));
            rules.extend(fact.category_rule.clone());
        }
        for (run, fact) in &part.against {
            claim.flows.1 += 1;
            push(&mut claim.evidence_against, shown(run, fact));
            rules.extend(fact.category_rule.clone());
        }
        for (run, fact, doubt) in &part.candidates {
            claim.flows.2 += 1;
            push(&mut claim.candidates, format!("{}; {doubt}", shown(run, fact)));
            rules.extend(fact.category_rule.clone());
        }
    }
    claim.rules = rules.into_iter().collect();
}

fn push(list: &mut Vec<String>, text: String) {
    if list.len() < limits::EVIDENCE && !list.contains(&text) {
        list.push(text);
    }
}

/// A conversation with the frames that show it.
fn shown(run: &Experiment<'_>, fact: &Fact) -> String {
    let frames: Vec<String> = fact
        .parts
        .iter()
        .map(|part| format!("flow {} frames {}-{} of {}", part.flow_id, part.frames.0, part.frames.1, part.capture))
        .collect();
    let app = fact.app.as_deref().map(|app| format!(", {app}")).unwrap_or_default();
    let asked: Vec<&str> = fact.asked.iter().map(String::as_str).collect();
    let asked = if asked.is_empty() { String::new() } else { format!(", asks for {}", asked.join(" ")) };
    format!(
        "run {}: {}: {} ({}, {}), {} bytes out, {}{app}{asked}",
        run.run.id,
        frames.join(" and "),
        fact.host(),
        fact.remote_ip,
        fact.country.as_deref().unwrap_or(fact.country_basis),
        fact.ip_out,
        fact.kind()
    )
}

/// What the runs of a claim can show at all.
fn cover(claim: &mut Claim, parts: &[Tried<'_, '_>], study: &Study) {
    let mut runs: Vec<&Experiment<'_>> = Vec::new();
    for run in parts.iter().flat_map(|part| &part.runs) {
        if !runs.iter().any(|known| known.run.id == run.run.id) {
            runs.push(run);
        }
    }
    claim.runs = runs.iter().map(|run| run.run.id.clone()).collect();
    claim.watched = runs.iter().map(|run| run.length().millis() / 1e3).sum();
    claim.frames = runs.iter().map(|run| run.watch.frames).sum();
    claim.frames_lost = runs.iter().map(|run| run.watch.lost).sum();
    claim.frames_undecryptable = runs.iter().map(|run| run.watch.undecryptable).sum();
    claim.gaps = runs.iter().flat_map(|run| run.watch.gaps.iter().map(|gap| format!("{}: {gap}", run.run.id))).collect();
    let public = || runs.iter().flat_map(|run| &run.facts).filter(|fact| fact.is_public());
    let all: u64 = public().map(|fact| fact.ip_out).sum();
    let of = |lacks: fn(&Fact) -> bool| share(public().filter(|fact| lacks(fact)).map(|fact| fact.ip_out).sum(), all);
    claim.shares = [
        of(Fact::is_unreadable),
        of(|fact| fact.name.is_none()),
        of(|fact| fact.category == "unknown"),
        of(|fact| fact.country_basis == "disputed"),
        of(|fact| fact.app.is_none()),
    ];
    claim.paths_not_seen.clone_from(&study.head.paths_not_seen);
}
