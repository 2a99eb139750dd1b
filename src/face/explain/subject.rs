//! What is to be explained when it is no selection of flows by itself: a claim's verdict, or a finding. Each leads to the
//! flows and frames that it rests on.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::super::grid::printable;
use super::super::rows::{Row, rows};
use super::super::units::count;
use super::what::What;
use crate::limits;
use crate::table::read;

/// What is asked about, with what it rests on.
pub(super) struct Subject {
    /// The flows.
    pub(super) what: What,
    /// The word for its kind.
    pub(super) kind: &'static str,
    /// What it says itself, as labels and texts.
    pub(super) said: Vec<(&'static str, String)>,
    /// What a flow is in it.
    pub(super) roles: BTreeMap<u64, String>,
    /// Capture and frame that show it by themselves.
    pub(super) frame: Option<(String, u64)>,
}

impl Subject {
    /// Reads the argument of the command, and looks up what it names.
    pub(super) fn of(dir: &Path, text: &str) -> anyhow::Result<Self> {
        let text = text.trim();
        if let Some(id) = text.strip_prefix("claim:") {
            return claim(dir, id);
        }
        if let Some(number) = text.strip_prefix("finding:") {
            return finding(dir, number);
        }
        let what = What::parse(text)?;
        Ok(Self { kind: what.kind(), what, said: Vec::new(), roles: BTreeMap::new(), frame: None })
    }
}

fn claim(dir: &Path, id: &str) -> anyhow::Result<Subject> {
    let claims = rows(&read(dir, "claims", &[]).context("only a study has claims")?)?;
    let Some(row) = claims.iter().find(|row| row.text("claim") == id) else {
        let known: Vec<_> = claims.iter().map(|row| row.shown("claim")).collect();
        bail!(
            "no claim {} in {}; there are {}",
            printable(id),
            dir.display(),
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        );
    };
    let mut roles = BTreeMap::new();
    // A flow that speaks against one part may speak for another: what weighs more is said.
    for (column, role) in
        [("evidence_for", "speaks for it"), ("candidates", "may speak against it"), ("evidence_against", "speaks against it")]
    {
        for flow in row.list(column).into_iter().flat_map(Row::flows_named) {
            roles.insert(flow, format!("claim {id} ({}): {role}", row.text("verdict")));
        }
    }
    let mut said = vec![("says", row.shown("says")), ("verdict", row.shown("verdict")), ("reason", row.shown("reason"))];
    said.extend(left_out(row).map(|text| ("left out", text)));
    if roles.is_empty() {
        bail!("claim {} ({}) rests on no flow: {}", printable(id), row.shown("verdict"), row.shown("reason"));
    }
    Ok(Subject { what: What::Flows(roles.keys().copied().collect()), kind: "claim", said, roles, frame: None })
}

/// What the row of a claim counts and does not list.
fn left_out(row: &Row) -> Option<String> {
    let lists = [
        ("evidence_for", "flows_for", "for it"),
        ("evidence_against", "flows_against", "against it"),
        ("candidates", "flows_candidates", "that may speak against it"),
    ];
    let more = lists.iter().filter_map(|(list, number, what)| {
        let (listed, all) = (u64::try_from(row.list(list).len()).unwrap_or(u64::MAX), row.number(number).unwrap_or_default());
        // Below the limit, what is counted more often than listed is one conversation in several parts of the claim.
        let is_full = row.list(list).len() >= limits::EVIDENCE && all > listed;
        is_full.then(|| format!("{} of {} conversations {what} are listed", count(listed), count(all)))
    });
    let more: Vec<String> = more.collect();
    let why = "the others are no part of this answer; what the claim selects can be explained as a cell";
    (!more.is_empty()).then(|| format!("{}; {why}", more.join(", ")))
}

fn finding(dir: &Path, number: &str) -> anyhow::Result<Subject> {
    let findings = rows(&read(dir, "findings", &[])?)?;
    let row = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).and_then(|place| findings.get(place));
    let Some(row) = row else {
        bail!(
            "no finding {} in {}: it has {} findings, numbered from 1 in the order of their table",
            printable(number),
            dir.display(),
            findings.len()
        );
    };
    let said = ["kind", "severity", "what", "reason", "value", "basis"].map(|column| (column, row.shown(column))).into_iter();
    let said = said.filter(|(_, text)| !text.is_empty()).collect();
    let role = format!("finding {number}: {}", row.shown("what"));
    let flow = row.number("flow_id");
    let frame = row.number("frame").map(|frame| (row.text("capture").to_owned(), frame));
    if flow.is_none() && frame.is_none() {
        bail!("finding {number} rests on no flow and no frame: {}", row.shown("what"));
    }
    let roles = flow.into_iter().map(|flow| (flow, role.clone())).collect();
    Ok(Subject { what: What::Flows(flow.into_iter().collect()), kind: "finding", said, roles, frame })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_claim_counts_and_does_not_list_is_told() {
        let row = |value: serde_json::Value| -> Row { value.into() };
        let full: Vec<String> = (0..limits::EVIDENCE).map(|number| format!("flow {number}")).collect();
        assert_eq!(left_out(&row(json!({"evidence_for": ["a"], "flows_for": 2, "evidence_against": full, "flows_against": 50}))), None);
        let told = left_out(&row(json!({"evidence_for": full, "flows_for": 1_234, "candidates": full, "flows_candidates": 55}))).unwrap();
        assert!(
            told.starts_with("50 of 1,234 conversations for it are listed, 50 of 55 conversations that may speak against it are listed; "),
            "{told}"
        );
    }
}
