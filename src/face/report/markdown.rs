//! The same in Markdown, for a repository or a ticket. Every text from traffic is written so that no reader of
//! Markdown takes it for markup.

use std::fmt::Write as _;

use super::super::grid::printable;
use super::super::rows::Row;
use super::super::units::{bytes, count, share};
use super::broadcasts::Heard;
use super::data::{Bytes, Report};
use super::findings::{Sort, first};
use super::html::parts_of;
use super::sections::{Kind, Owner};

/// Destinations listed here; the page and the table hold more.
const DESTINATIONS: usize = 50;

/// Values, receivers and numbers shown of findings of one sort.
const FINDINGS: usize = 6;

/// The report as Markdown.
pub(super) fn page(report: &Report) -> String {
    let mut page = Page(format!("# {}\n", text(&report.title)));
    claims(report, &mut page);
    answer(report, &mut page);
    kinds(report, &mut page);
    study(report, &mut page);
    destinations(report, &mut page);
    rest(report, &mut page);
    page.0
}

/// A page that grows.
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn table(&mut self, heads: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        let _infallible = write!(self.0, "\n| {} |\n|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
        rows.for_each(|row| self.line(&format!("| {} |", row.join(" | "))));
    }
}

fn answer(report: &Report, page: &mut Page) {
    let matrix = &report.matrix;
    page.line(&format!(
        "\nThe devices sent {} and received {} in {} flows, counted as IP datagrams. Made by {}.\n\n## Bytes from the device by kind of data and region",
        bytes(matrix.total.out),
        bytes(matrix.total.inward),
        count(matrix.total.flows),
        report.made_by
    ));
    let regions: Vec<String> = matrix.regions.iter().map(|region| text(region)).collect();
    let heads: Vec<&str> = std::iter::once("kind").chain(regions.iter().map(String::as_str)).chain(["total", "share"]).collect();
    let row = |category: &String| {
        let cells = matrix.regions.iter().map(|region| matrix.bytes(Some(category), Some(region)));
        let cells = cells.map(|found| if found.flows > 0 { bytes(found.out) } else { "–".to_owned() });
        let total = matrix.bytes(Some(category), None).out;
        std::iter::once(text(category)).chain(cells).chain([bytes(total), share(total, matrix.total.out)]).collect()
    };
    page.table(&heads, matrix.categories.iter().map(row));
    if !report.redacted.is_empty() {
        page.line("\n## What was redacted\n");
        report.redacted.iter().for_each(|sentence| page.line(&format!("- {}", text(sentence))));
    }
    page.line("\n## What could not be seen\n");
    report.unseen.iter().for_each(|sentence| page.line(&format!("- {}", text(sentence))));
}

fn kinds(report: &Report, page: &mut Page) {
    page.line("\n## Kinds of data");
    for section in &report.sections {
        page.line(&format!("\n### {}\n\n{}", section.heading, section.about));
        if section.kinds.is_empty() {
            page.line(&format!("\nNone of this was recognised (looked for: {}).", text(&section.looked_for.join(", "))));
            continue;
        }
        let row = |kind: &Kind| {
            let parts = [
                (&kind.bases, "nothing"),
                (&kind.countries, "not settled"),
                (&kind.owners, "not known"),
                (&kind.initiations, "unknown"),
                (&kind.encryptions, "unknown"),
            ];
            let sums = [bytes(kind.bytes.out), bytes(kind.bytes.inward), count(kind.bytes.flows)];
            std::iter::once(text(&kind.category)).chain(sums).chain(parts.map(|(parts, none)| text(&parts_of(parts, none)))).collect()
        };
        let heads = ["kind", "out", "in", "flows", "rests on", "countries", "owners", "caused by", "encryption"];
        page.table(&heads, section.kinds.iter().map(row));
    }
    page.line("\n### Servers");
    let row = |owner: &Owner| {
        let name = if owner.name.is_empty() { "not known" } else { &owner.name };
        let sums = [bytes(owner.bytes.out), bytes(owner.bytes.inward), count(owner.bytes.flows)];
        let parts = [parts_of(&owner.countries, "not settled"), parts_of(&owner.categories, "unknown")];
        std::iter::once(text(name)).chain(sums).chain(parts.map(|parts| text(&parts))).collect()
    };
    page.table(&["owner", "out", "in", "flows", "countries", "kinds"], report.servers.iter().map(row));
}

fn claims(report: &Report, page: &mut Page) {
    if report.claims.is_empty() {
        return;
    }
    page.line("\n## Verdicts on claims");
    let numbers = ["flows_for", "flows_against", "flows_candidates"];
    let row = |row: &Row| {
        let texts = ["claim", "verdict", "says", "reason"].map(|column| text(row.text(column)));
        texts.into_iter().chain(numbers.map(|column| row.shown(column))).chain([text(&row.shown("gaps"))]).collect()
    };
    let heads = ["claim", "verdict", "it says", "reason", "flows for", "against", "candidates", "gaps"];
    page.table(&heads, report.claims.iter().map(row));
}

fn study(report: &Report, page: &mut Page) {
    let shown =
        |columns: &'static [&'static str]| move |row: &Row| columns.iter().map(|column| text(&row.shown(column))).collect::<Vec<_>>();
    if !report.runs.is_empty() {
        page.line("\n## Runs");
        let row = shown(&["run", "settings", "app", "app_version", "first", "last", "frames", "flows", "gaps"]);
        page.table(&["run", "settings", "app", "version", "first", "last", "frames", "flows", "gaps"], report.runs.iter().map(row));
    }
    let differs = |row: &&Row| !matches!(row.text("word"), "no-difference-seen" | "too-few-runs");
    if !report.comparisons.is_empty() {
        page.line("\n## What settings change\n\nDifferences that repeat; the table comparisons has all that was compared.");
        let row = shown(&["change", "dimension", "value", "word", "reason", "warnings"]);
        page.table(&["setting", "what", "which", "result", "why", "mind"], report.comparisons.iter().filter(differs).map(row));
    }
    if !report.actions.is_empty() {
        page.line("\n## Actions");
        let row = shown(&["run", "time", "action", "kind", "flows", "ip_bytes_out"]);
        page.table(&["run", "time", "action", "taken for", "flows caused", "bytes out"], report.actions.iter().map(row));
    }
}

fn destinations(report: &Report, page: &mut Page) {
    page.line(&format!("\n## Destinations\n\n{} in all; those that got most:", report.destinations_in_all));
    let row = |row: &Row| {
        let sum = Bytes::of(row);
        let place = if row.text("country").is_empty() { row.text("region") } else { row.text("country") };
        let texts = [row.text("name"), row.text("remote_ip"), row.text("owner"), row.text("party"), place, row.text("country_basis")];
        let kinds = row.list("categories").join(", ");
        texts.map(text).into_iter().chain([text(&kinds), bytes(sum.out), bytes(sum.inward)]).collect()
    };
    let heads = ["name", "address", "owner", "party", "place", "rests on", "kinds", "out", "in"];
    page.table(&heads, report.destinations.iter().take(DESTINATIONS).map(row));
}

fn rest(report: &Report, page: &mut Page) {
    if !report.finding_sorts.is_empty() {
        page.line("\n## Findings");
        let row = |sort: &Sort| {
            let numbers: Vec<String> = sort.numbers.iter().take(FINDINGS).map(u64::to_string).collect();
            let more = if sort.count() > FINDINGS { " …" } else { "" };
            let texts = [&sort.severity, &sort.kind, &sort.what, &sort.reason].map(|cell| text(cell));
            let sets = [&sort.values, &sort.devices, &sort.remotes].map(|set| text(&first(set, FINDINGS)));
            texts.into_iter().chain(sets).chain([sort.count().to_string(), text(&format!("{}{more}", numbers.join(", ")))]).collect()
        };
        let heads = ["severity", "kind", "what", "why it matters", "seen", "device", "to", "times", "explain finding"];
        page.table(&heads, report.finding_sorts.iter().map(row));
    }
    if !report.remote_id.is_empty() {
        page.line("\n## Broadcasts of aircraft");
        let all = |set: &std::collections::BTreeSet<String>| text(&set.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
        let row = |heard: &Heard| {
            let sets = [&heard.identities, &heard.systems, &heard.doubts].map(all);
            let numbers = [heard.broadcasts, heard.doubted].map(|number| number.to_string());
            [text(&heard.transmitter)].into_iter().chain(sets).chain([text(&heard.first), text(&heard.last)]).chain(numbers).collect()
        };
        let heads = ["transmitter", "identities", "formats", "doubts", "first", "last", "broadcasts", "doubted"];
        page.table(&heads, report.remote_id.iter().map(row));
    }
    for (table, rows) in report.left_out.iter().filter(|(table, _)| **table != "findings") {
        page.line(&format!("\n{rows} more rows of {table} are in its table only."));
    }
    page.line("\n## Ledger");
    let row = |row: &Row| {
        ["capture", "disposition", "reason", "frames", "wire_bytes", "ip_bytes"].map(|column| text(&row.shown(column))).to_vec()
    };
    page.table(&["capture", "went to", "reason", "frames", "bytes on the wire", "IP bytes"], report.ledger.iter().map(row));
    page.line(if report.ledger_closes { "\nThe ledger closes." } else { "\n**The ledger does not close: the numbers are wrong.**" });
    page.line("\n## Inputs");
    let row = |row: &Row| ["capture", "sha256", "frames", "first", "last"].map(|column| text(&row.shown(column))).to_vec();
    page.table(&["capture", "SHA-256", "frames", "first", "last"], report.captures.iter().map(row));
}

/// A text without markup: what could be some becomes an entity, which shows as itself.
fn text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '(' | ')' | '#' | '!' | '|' | '&' | '~' | '$' | '@' | ':' => {
                let _infallible = write!(safe, "&#{};", u32::from(character));
            }
            _ => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_name_stays_a_text() {
        assert_eq!(text("a.example"), "a.example");
        let hostile = text("[x](http://evil)|<b>`*_\n");
        assert!(!hostile.contains(['[', ']', '(', '|', '<', '`', '*', '\n']), "{hostile}");
    }
}
