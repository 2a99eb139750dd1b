//! Every rule that was tried on a flow, and why it did or did not decide.

use serde::Serialize;

use super::Rules;
use super::decide::Question;
use super::index::{Facts, Miss, Subject, Trial};
use crate::enrich::basis::Basis;

/// What became of a rule that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// It gave the category or one of the candidates.
    Decided,
    /// It was met, but a stronger basis told the kind.
    Outranked,
    /// It was met, but this rule meets the same thing more closely.
    Beaten(String),
    /// It was not met, for this reason.
    Missed(&'static str),
}

/// One rule tried on one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Attempt {
    /// Id of the rule.
    pub(crate) rule: String,
    /// What its answer would rest on.
    pub(crate) basis: Basis,
    /// What it looks at.
    pub(crate) selector: String,
    /// What it was tried on: a name, a request, or `flow`.
    pub(crate) subject: String,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

impl Rules {
    /// Every rule tried on a flow, strongest basis first, with what became of it.
    pub(crate) fn explain(&self, question: &Question<'_>) -> Vec<Attempt> {
        let facts = Facts::new(question);
        let mut winners = self.winners(&facts);
        let kind = winners.kind(&facts);
        let mut attempts = Vec::new();
        self.consult(&facts, &mut |trial| {
            let outcome = match (trial.miss, winners.winner_of(&trial)) {
                (Some(miss), _) => Outcome::Missed(reason(miss)),
                (None, Some(winner)) if winner.id != trial.rule.id => Outcome::Beaten(winner.id.clone()),
                (None, _) if kind.rules.iter().any(|rule| rule.id == trial.rule.id) => Outcome::Decided,
                (None, _) => Outcome::Outranked,
            };
            attempts.push(Attempt {
                rule: trial.rule.id.clone(),
                basis: trial.rule.selector.basis(),
                selector: trial.rule.selector.text(trial.host),
                subject: subject(&facts, &trial),
                outcome,
            });
        });
        attempts
    }
}

const fn reason(miss: Miss) -> &'static str {
    match miss {
        Miss::Host => "another host",
        Miss::Method => "another method",
        Miss::Path => "the path does not match",
        Miss::Address => "another address",
        Miss::Port => "another port",
        Miss::Reach => "the address is not of that scope",
    }
}

fn subject(facts: &Facts<'_>, trial: &Trial<'_>) -> String {
    let name = |place: usize| facts.names.get(place).map_or("", |name| name.as_str()).to_owned();
    match trial.subject {
        Subject::Flow => "flow".to_owned(),
        Subject::Name(place) => name(place),
        Subject::Request(place) => facts.requests.get(place).map_or_else(String::new, |request| {
            format!("{} {}{}", request.method, request.name.map(name).unwrap_or_default(), request.path)
        }),
    }
}
