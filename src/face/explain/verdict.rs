//! The rules asked once more about a flow, with what the tables hold of it, to show each one that was tried.

use std::net::IpAddr;

use serde::Serialize;

use super::super::rows::Row;
use crate::enrich::{Attempt, Decision, Question, Rules, Scope, Told};

/// What the rules make of a flow now.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Verdict {
    pub(super) decision: Decision,
    pub(super) tried: Vec<Attempt>,
    /// Columns in which the table says something else.
    pub(super) differs: Vec<Difference>,
}

/// A column that the rules would fill in another way today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Difference {
    pub(super) column: &'static str,
    pub(super) table: String,
    pub(super) now: String,
}

/// Asks the rules about a flow, whose requests are `http`.
pub(super) fn ask(rules: &Rules, flow: &Row, http: &[Row]) -> Verdict {
    let source = flow.text("name_source");
    let names: Vec<_> = rivals(flow).into_iter().map(|name| (name, source)).collect();
    let asked: Vec<_> = http.iter().filter(|row| !row.text("method").is_empty()).collect();
    let requests: Vec<_> = asked.iter().map(|row| (row.text("method"), row.text("host"), row.text("path"))).collect();
    let contents: Vec<_> = asked.iter().map(|row| told(row)).collect();
    let application = flow.text("application");
    let question = Question {
        names: &names,
        requests: &requests,
        contents: &contents,
        address: flow.text("remote_ip").parse::<IpAddr>().ok(),
        asn: flow.number("asn").and_then(|asn| asn.try_into().ok()),
        transport: flow.text("protocol"),
        remote_port: flow.number("remote_port").and_then(|port| port.try_into().ok()),
        application: (flow.text("application_basis") == "content").then_some(application),
        scope_local: Scope::ALL.into_iter().any(|scope| scope.is_local() && scope.as_str() == flow.text("scope")),
    };
    let mut decision = rules.decide(&question);
    decision.settle(flow.text("category"));
    let differs = differences(flow, &decision);
    Verdict { tried: rules.explain(&question), decision, differs }
}

/// What the bodies of an exchange tell.
fn told(row: &Row) -> Told {
    let types = |half: &str| {
        let mut types = row.list(&format!("{half}_part_types"));
        types.extend(Some(row.text(&format!("{half}_media_type"))).filter(|name| !name.is_empty()));
        types
    };
    let (sent, received) = if row.is("from_device") { ("request", "response") } else { ("response", "request") };
    Told::new(types(sent), types(received), row.list(&format!("{sent}_tells")))
}

/// The name and those that the same source could as well have meant.
fn rivals(flow: &Row) -> Vec<&str> {
    let source = flow.text("name_source");
    let candidates = flow.list("name_candidates");
    let same: Vec<_> =
        candidates.iter().filter_map(|rival| rival.split_once(':')).filter(|(of, _)| *of == source).map(|(_, name)| name).collect();
    match flow.text("name") {
        "" => Vec::new(),
        name if same.is_empty() => vec![name],
        _ => same,
    }
}

fn differences(flow: &Row, decision: &Decision) -> Vec<Difference> {
    let now = [
        ("category", decision.category),
        ("category_rule", decision.rule.as_deref().unwrap_or_default()),
        ("party", decision.party.as_str()),
        ("owner", decision.owner.as_deref().unwrap_or_default()),
    ];
    let differs = now.into_iter().filter(|(column, now)| flow.text(column) != *now);
    differs.map(|(column, now)| Difference { column, table: flow.text(column).to_owned(), now: now.to_owned() }).collect()
}
