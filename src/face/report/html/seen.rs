//! What was noticed besides the flows: findings, networks and broadcasts on the air, positions told in clear.

use maud::{Markup, html};

use super::super::super::grid::printable;
use super::super::super::rows::Row;
use super::super::super::units::count;
use super::super::broadcasts::{Heard, Told};
use super::super::commands::Commands;
use super::super::data::Report;
use super::super::findings::{Sort, first};
use super::{left_out, to_the_second};

/// Links to single findings of one sort.
const LINKED: usize = 6;
/// Values, devices and receivers shown of one sort.
const SHOWN: usize = 6;

/// Facts worth a reader's eye, the gravest first.
pub(super) fn findings(report: &Report, commands: &Commands) -> Markup {
    let all = report.finding_sorts.iter().map(|sort| u64::try_from(sort.count()).unwrap_or(u64::MAX)).sum();
    html! {
        section #findings {
            h2 { "Findings" }
            @if report.finding_sorts.is_empty() { p { "None." } }
            @else {
                p { (count(all)) " findings, those of one sort together. Each is a row of table " code { "findings" } ", with frame, part and offset." }
                div.wide { table.sortable {
                    caption.hidden { "Findings" }
                    thead { tr { @for name in ["severity", "kind", "what", "seen", "rests on", "device", "to", "captures", "times", "each"] { th scope="col" { (name) } } } }
                    tbody { @for sort in &report.finding_sorts { (sort_row(sort, commands)) } }
                } }
            }
        }
    }
}

fn sort_row(sort: &Sort, commands: &Commands) -> Markup {
    let more = sort.count().saturating_sub(LINKED);
    html! { tr {
        td.text { span class=(format!("severity {}", severity(&sort.severity))) { (printable(&sort.severity)) } }
        td.text { (printable(&sort.kind)) }
        td.text.long { (printable(&sort.what)) @if !sort.reason.is_empty() { p.small { strong { "Why it matters: " } (printable(&sort.reason)) } } }
        @for texts in [&sort.values, &sort.bases, &sort.devices, &sort.remotes] { td.text { (first(texts, SHOWN)) } }
        td { (sort.captures.len()) }
        td data-n=(sort.count()) { (count(u64::try_from(sort.count()).unwrap_or(u64::MAX))) }
        td.text { @for number in sort.numbers.iter().take(LINKED) { a.x href=(format!("#{}", commands.explain(&format!("finding:{number}")))) { (number) } " " }
            @if more > 0 { "and " (more) " more" } }
    } }
}

/// The class of a severity: a fixed word, whatever the table says.
fn severity(word: &str) -> &'static str {
    ["high", "medium", "low"].into_iter().find(|known| *known == word).unwrap_or("info")
}

/// Networks, broadcasts of aircraft, positions.
pub(super) fn air(report: &Report, commands: &Commands) -> Markup {
    let is_silent = report.wifi.is_empty() && report.remote_id.is_empty() && report.positions.is_empty();
    html! {
        section #air {
            h2 { "On the air" }
            @if is_silent { p { "No Wi-Fi networks, broadcasts of aircraft or positions in clear text in these captures." } }
            @if !report.wifi.is_empty() { (networks(report)) }
            @if !report.remote_id.is_empty() { (broadcasts(report)) }
            @if !report.positions.is_empty() { (positions(report, commands)) }
        }
    }
}

fn networks(report: &Report) -> Markup {
    html! {
        h3 { "Networks and stations" }
        div.wide { table.sortable {
            caption { "Data frames without their retries; a row without a station is the network itself" }
            thead { tr { @for name in ["network", "access point", "station", "security", "keys by", "channel", "in clear", "protected", "opened", "not opened, and why", "capture"] { th scope="col" { (name) } } } }
            tbody { @for row in &report.wifi { tr {
                th scope="row" { @if row.text("ssid").is_empty() { "no name" } @else { (row.shown("ssid")) } @if row.is("hidden") { " (hidden)" } }
                @for column in ["bssid", "station", "security", "key_management"] { td.text { (row.shown(column)) } }
                td { (row.shown("channel")) }
                @for column in ["data_clear", "data_protected", "data_opened"] { td { (count(row.number(column).unwrap_or_default())) } }
                td.text { @if row.number("data_failed").unwrap_or_default() > 0 { (count(row.number("data_failed").unwrap_or_default())) ": " (row.shown("failed_reasons")) } @else { "0" } }
                td.text { (row.shown("capture")) }
            } } }
        } }
        (left_out(report, "wifi"))
    }
}

fn broadcasts(report: &Report) -> Markup {
    html! {
        h3 { "Broadcasts of aircraft" }
        div.wide { table.sortable {
            caption { "By transmitter; each broadcast is a row of table remote_id. What aircraft say of themselves may be forged: see the doubts" }
            thead { tr { @for name in ["transmitter", "identities", "operator", "formats", "over", "network", "first", "last", "broadcasts", "last place", "operator's last place", "doubted, and why"] { th scope="col" { (name) } } } }
            tbody { @for heard in &report.remote_id { (transmitter(heard)) } }
        } }
        (left_out(report, "remote_id"))
    }
}

fn transmitter(heard: &Heard) -> Markup {
    html! { tr {
        th scope="row" { (printable(&heard.transmitter)) }
        @for set in [&heard.identities, &heard.operators, &heard.systems, &heard.transports, &heard.ssids] { td.text { (joined(set)) } }
        @for time in [&heard.first, &heard.last] { td { (to_the_second(time)) } }
        td data-n=(heard.broadcasts) { (count(heard.broadcasts)) }
        @for place in [heard.place, heard.operator_place] { td { (degrees(place)) } }
        td.text { (count(heard.doubted)) @if !heard.doubts.is_empty() { ": " (joined(&heard.doubts)) } }
    } }
}

fn positions(report: &Report, commands: &Commands) -> Markup {
    html! {
        h3 { "Positions told in clear text" }
        div.wide { table.sortable {
            caption { "By flow; each position is a row of table positions" }
            thead { tr { @for name in ["whose", "message", "sent by", "to", "first", "last", "positions", "last place", "flow"] { th scope="col" { (name) } } } }
            tbody { @for told in &report.positions { (position(told, commands)) } }
        } }
        (left_out(report, "positions"))
    }
}

fn position(told: &Told, commands: &Commands) -> Markup {
    let ends = if told.from_device { [&told.device_ip, &told.remote_ip] } else { [&told.remote_ip, &told.device_ip] };
    html! { tr {
        th scope="row" { (printable(&told.subject)) }
        td.text { (printable(&told.basis)) }
        @for end in ends { td.text { (printable(end)) } }
        @for time in [&told.first, &told.last] { td { (to_the_second(time)) } }
        td data-n=(told.positions) { (count(told.positions)) }
        td { (degrees(told.place)) }
        td { @if let Some(flow) = told.flow_id { a.x href=(format!("#{}", commands.explain(&format!("flow:{flow}")))) { (flow) } } }
    } }
}

/// A table as it is, column by column.
pub(super) fn any_table(rows: &[Row], columns: &[(&str, &str)]) -> Markup {
    html! {
        div.wide { table.sortable {
            caption.hidden { "Rows" }
            thead { tr { @for (_, name) in columns { th scope="col" { (name) } } } }
            tbody { @for row in rows { tr { @for (column, _) in columns { td.text { (row.shown(column)) } } } } }
        } }
    }
}

fn joined(texts: &std::collections::BTreeSet<String>) -> String {
    texts.iter().map(|text| printable(text)).collect::<Vec<_>>().join(", ")
}

/// A place to the metre.
fn degrees(place: Option<(f64, f64)>) -> String {
    place.map(|(latitude, longitude)| format!("{latitude:.5}, {longitude:.5}")).unwrap_or_default()
}
