//! What a study adds: verdicts, runs, what settings change, and the user's actions over time.

use maud::{Markup, html};

use super::super::super::grid::printable;
use super::super::super::rows::Row;
use super::super::super::units::{bytes, count, duration, percent};
use super::super::commands::{Commands, cell};
use super::super::data::{Report, Timeline};
use super::super::picture;
use super::left_out;
use crate::time::Span;

/// Verdicts, those that need a decision first.
const VERDICTS: &[(&str, &str)] = &[
    ("contradicted", "the traffic shows otherwise"),
    ("undetermined", "it cannot be said from these captures"),
    ("supported", "the traffic shows it, with both halves of the comparison seen"),
    ("not-contradicted", "nothing against it in complete captures; absence is no proof"),
    ("not-testable", "packets cannot show it"),
];
/// Lines of evidence shown of each kind.
const LINES: usize = 8;
/// Values that a picture of a comparison shows.
const BARS: usize = 24;

/// All verdicts for a reader who reads one page.
pub(super) fn summary(report: &Report) -> Markup {
    if report.claims.is_empty() {
        return html! {};
    }
    html! {
        h2 { "Verdicts" }
        div.wide { table.verdicts {
            caption { (tally(report)) }
            thead { tr { th scope="col" { "verdict" } th scope="col" { "claims" } } }
            tbody { @for (verdict, meaning) in VERDICTS {
                @let claims = of_verdict(report, verdict);
                @if !claims.is_empty() { tr {
                    th scope="row" { span class=(format!("verdict {verdict}")) { (spoken(verdict)) } p.small { (meaning) } }
                    td.text { ul { @for (place, claim) in claims { li {
                        a href=(format!("#{}", anchor(place))) { (printable(claim.text("claim"))) } " " (printable(claim.text("says")))
                    } } } }
                } }
            } }
        } }
    }
}

fn tally(report: &Report) -> String {
    let counted = VERDICTS.iter().map(|(verdict, _)| (of_verdict(report, verdict).len(), spoken(verdict)));
    let parts: Vec<_> = counted.filter(|(number, _)| *number > 0).map(|(number, verdict)| format!("{number} {verdict}")).collect();
    let runs = report.runs.iter().filter(|run| run.number("frames").unwrap_or_default() > 0).count();
    format!("{} claims judged by {runs} runs: {}. Each links to its reasons.", report.claims.len(), parts.join(", "))
}

/// Claims of a verdict with their places in the table.
fn of_verdict<'a>(report: &'a Report, verdict: &str) -> Vec<(usize, &'a Row)> {
    report.claims.iter().enumerate().filter(|(_, claim)| claim.text("verdict") == verdict).collect()
}

fn spoken(verdict: &str) -> String {
    verdict.replace('-', " ")
}

/// Ids of claims are the analyst's words: an anchor is made of something else.
fn anchor(place: usize) -> String {
    format!("claim-{}", place + 1)
}

/// Every claim with its reason, evidence and coverage.
pub(super) fn verdicts(report: &Report, commands: &Commands) -> Markup {
    html! {
        section #verdicts {
            h2 { "Verdicts on claims" }
            @if report.claims.is_empty() { p { "No claims were judged: that needs a study file (" code { "whereto study" } ")." } }
            @for (place, claim) in report.claims.iter().enumerate() { (verdict(&anchor(place), claim, commands)) }
            (left_out(report, "claims"))
        }
    }
}

fn verdict(anchor: &str, claim: &Row, commands: &Commands) -> Markup {
    let has_evidence = ["flows_for", "flows_against", "flows_candidates"].iter().any(|column| claim.number(column).unwrap_or(0) > 0);
    html! {
        article.claim id=(anchor) {
            h3 { (printable(claim.text("claim"))) " " span class=(format!("verdict {}", claim.text("verdict"))) { (spoken(claim.text("verdict"))) } }
            p { (printable(claim.text("says"))) }
            p { strong { "Reason: " } (printable(claim.text("reason"))) }
            @if claim.list("parts").len() > 1 { ul.small { @for part in claim.list("parts") { li { (printable(part)) } } } }
            @for (label, column, number) in [
                ("For", "evidence_for", "flows_for"),
                ("Against", "evidence_against", "flows_against"),
                ("May speak against it", "candidates", "flows_candidates"),
            ] { (evidence(claim, (label, column, number), commands)) }
            @if !claim.list("runs").is_empty() { p.small { strong { "Coverage: " } (coverage(claim)) } }
            @for (label, column) in [("Gaps", "gaps"), ("Not seen", "paths_not_seen"), ("Rules", "rules")] {
                @if !claim.list(column).is_empty() { p.small { strong { (label) ": " } (claim.shown(column)) } }
            }
            @if !claim.text("source").is_empty() { p.small { strong { "Source: " } (printable(claim.text("source"))) } }
            @if has_evidence { p.small { a.x href=(format!("#{}", commands.explain(&format!("claim:{}", claim.text("claim"))))) { "all frames of it" } } }
        }
    }
}

fn evidence(claim: &Row, (label, column, number): (&str, &str, &str), commands: &Commands) -> Markup {
    let (listed, all) = (claim.list(column), claim.number(number).unwrap_or_default());
    let shown = listed.len().min(LINES);
    let more = all.saturating_sub(u64::try_from(shown).unwrap_or_default());
    html! { @if !listed.is_empty() {
        p.small { strong { (label) ": " } (count(all)) " conversations" }
        ul.small {
            @for line in listed.iter().take(LINES) { li { (printable(line))
                @for flow in Row::flows_named(line) { " " a.x href=(format!("#{}", commands.explain(&format!("flow:{flow}")))) { "flow " (flow) } }
            } }
            @if more > 0 { li { "and " (count(more)) " more" } }
        }
    } }
}

/// What the runs of a claim could show at all.
fn coverage(claim: &Row) -> String {
    let number = |column| count(claim.number(column).unwrap_or_default());
    let mut text = format!(
        "{} watched in {} runs, {} frames, {} reported lost, {} on the air without a key",
        claim.real("watched_s").map_or_else(String::new, seconds),
        claim.list("runs").len(),
        number("frames"),
        number("frames_lost"),
        number("frames_undecryptable")
    );
    let shares = [
        ("unreadable_share", "could not be read"),
        ("unnamed_share", "without a host name"),
        ("unclassified_share", "without a settled kind"),
        ("disputed_share", "to disputed places"),
        ("app_unknown_share", "by an app that the captures do not tell"),
    ];
    let said = shares.iter().filter_map(|(column, what)| Some(format!("{} {what}", percent(claim.real(column)?))));
    let said: Vec<_> = said.collect();
    if !said.is_empty() {
        text.push_str(&format!("; of the bytes to public addresses {}", said.join(", ")));
    }
    text
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a study")]
#[expect(clippy::as_conversions, reason = "seconds of a study")]
fn seconds(real: f64) -> String {
    duration(Span::from_secs(real.round() as i64))
}

/// The experiments.
pub(super) fn runs(report: &Report, commands: &Commands) -> Markup {
    html! {
        section #runs {
            h2 { "Runs" }
            @if report.runs.is_empty() { p { "The captures belong to no runs: that needs a study file." } }
            @else { div.wide { table.sortable {
                caption.hidden { "Runs" }
                thead { tr { @for name in ["run", "settings", "app", "first frame", "last frame", "frames", "flows", "out", "in", "actions", "clock of their log", "gaps"] { th scope="col" { (name) } } } }
                tbody { @for run in &report.runs { tr {
                    th scope="row" { (run.shown("run")) }
                    td.text.long { (run.shown("settings")) }
                    td.text { (run.shown("app")) " " (run.shown("app_version")) }
                    @for column in ["first", "last"] { td { (super::to_the_second(run.text(column))) } }
                    @for column in ["frames", "flows"] { td data-n=(run.number(column).unwrap_or_default()) { (count(run.number(column).unwrap_or_default())) } }
                    td data-n=(run.number("ip_bytes_out").unwrap_or_default()) { (super::linked(commands, run.number("ip_bytes_out").unwrap_or_default(), &cell(&[("run", run.text("run"))]))) }
                    td data-n=(run.number("ip_bytes_in").unwrap_or_default()) { (bytes(run.number("ip_bytes_in").unwrap_or_default())) }
                    td { (run.shown("actions")) }
                    td.text.long { (run.shown("clock_basis")) @if !run.text("clock_drift_basis").is_empty() { p.small { "Drift: " (run.shown("clock_drift_basis")) } } }
                    td.text { @if run.list("gaps").is_empty() { "none" } @else { (run.shown("gaps")) } }
                } } }
            } } }
            (left_out(report, "runs"))
        }
    }
}

/// What differs between settings, a picture and a table for each change.
pub(super) fn settings(report: &Report) -> Markup {
    let mut changes: Vec<&str> = Vec::new();
    for row in &report.comparisons {
        if !changes.contains(&row.text("change")) {
            changes.push(row.text("change"));
        }
    }
    html! {
        section #settings {
            h2 { "What settings change" }
            @if changes.is_empty() { p { "No settings were compared: that needs a study file with runs that differ in a setting." } }
            @for (place, change) in changes.iter().enumerate() {
                @let rows: Vec<&Row> = report.comparisons.iter().filter(|row| row.text("change") == *change).collect();
                (changed(place, change, &rows))
            }
            (left_out(report, "comparisons"))
        }
    }
}

fn changed(place: usize, change: &str, rows: &[&Row]) -> Markup {
    let of = |column: &str| rows.first().map(|row| row.shown(column)).unwrap_or_default();
    let mut kinds: Vec<&Row> = rows.iter().copied().filter(|row| row.text("dimension") == "category").collect();
    let most = |row: &&Row| std::cmp::Reverse(["before", "after"].map(|side| rate(row, "out", side)).into_iter().max());
    kinds.sort_by_key(most);
    let more = kinds.len().saturating_sub(BARS);
    kinds.truncate(BARS);
    html! {
        h3 { (printable(change)) }
        p.small { "Before: " (of("baseline")) ". After: " (of("compared")) "." @if !of("warnings").is_empty() { " " strong { "Mind: " } (of("warnings")) "." } }
        div {
            figure.bars { (picture::before_after(place, &kinds))
                figcaption { "Bytes from the device per minute and kind of data, mean of the runs; upper bar before, lower bar after. The length is the square root, so that small amounts are seen."
                    @if more > 0 { " " (more) " kinds with less are in the table only." } } }
            div.wide { table.sortable {
                caption { "Bytes per minute; the interval is that of the difference in bytes out (95 %)" }
                thead { tr { @for name in ["what", "which", "result", "out before", "out after", "interval", "in before", "in after", "runs with it", "why"] { th scope="col" { (name) } } } }
                tbody { @for row in rows { (compared(row)) } }
            } }
        }
    }
}

fn compared(row: &Row) -> Markup {
    let interval = row.real("interval_low").zip(row.real("interval_high"));
    html! { tr {
        td.text { (row.shown("dimension")) }
        th scope="row" { (row.shown("value").replace('|', " | ")) }
        td.text { span class=(format!("word {}", row.text("word"))) { (spoken(row.text("word"))) } }
        @for side in ["before", "after"] { td data-n=(rate(row, "out", side)) { (bytes(rate(row, "out", side))) } }
        td { @if let Some((low, high)) = interval { (signed(low)) " to " (signed(high)) } }
        @for side in ["before", "after"] { td data-n=(rate(row, "in", side)) { (bytes(rate(row, "in", side))) } }
        td { (row.shown("runs_before")) " / " (row.shown("runs_after")) }
        td.text.long { (row.shown("reason")) @if !row.text("method").is_empty() { "; " (row.shown("method")) } }
    } }
}

/// Bytes per minute of a side, rounded.
pub(in super::super) fn rate(row: &Row, direction: &str, side: &str) -> u64 {
    whole(row.real(&format!("{direction}_per_minute_{side}")).unwrap_or_default())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rounded, and no less than zero")]
#[expect(clippy::as_conversions, reason = "saturates")]
fn whole(real: f64) -> u64 {
    real.round().max(0.0) as u64
}

fn signed(real: f64) -> String {
    let sign = if real <= -0.5 { "\u{2212}" } else { "" };
    format!("{sign}{}", bytes(whole(real.abs())))
}

/// Kinds of data over time, with what the user did.
pub(super) fn over_time(report: &Report, commands: &Commands) -> Markup {
    html! {
        section #time {
            h2 { "Over time" }
            p { "IP bytes from the device. A flow's bytes are spread evenly over its time; numbered lines are actions of the user." }
            @if report.timelines.is_empty() { p { "No flows." } }
            @for (place, timeline) in report.timelines.iter().enumerate() { (one_run(place, timeline, &report.actions, commands)) }
            (left_out(report, "timelines"))
            @if report.actions.is_empty() { p { "No log of the user's actions was given: what the user caused and what happened by itself is not known." } }
            (left_out(report, "actions"))
        }
    }
}

fn one_run(place: usize, timeline: &Timeline, actions: &[Row], commands: &Commands) -> Markup {
    let own: Vec<&Row> = actions.iter().filter(|action| action.text("run") == timeline.run).collect();
    html! {
        @if !timeline.run.is_empty() { h3 { (printable(&timeline.run)) } }
        figure.wide.strips { (picture::timeline(place, timeline, &own)) }
        @if !own.is_empty() { div.wide { table {
            caption.hidden { "Actions" }
            thead { tr { @for name in ["", "time", "action", "taken for", "asks to send", "flows caused", "out", "first effect after", "note"] { th scope="col" { (name) } } } }
            tbody { @for (number, action) in (1..).zip(&own) { tr {
                td { (number) }
                td { (super::to_the_millisecond(action.text("time"))) }
                th scope="row" { (action.shown("action")) }
                td.text { (action.shown("kind")) }
                td.text { (action.shown("sends")) }
                td { (action.shown("flows")) }
                td { (super::linked(commands, action.number("ip_bytes_out").unwrap_or_default(), &cell(&[("run", action.text("run")), ("action", &format!("{} at {}", action.text("action"), action.text("time")))]))) }
                td { @if let Some(after) = action.real("first_effect_ms") { (format!("{:.2} s", after / 1e3)) } }
                td.text { (action.shown("note")) }
            } } }
        } } }
    }
}
