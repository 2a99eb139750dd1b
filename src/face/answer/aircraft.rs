//! Does the aircraft itself talk to the world? One line per aircraft and remote controller, and what was found.

use serde_json::{Value, json as object};

use super::super::grid::{Tone, printable};
use super::super::units::{bytes, count, counted};
use super::Page;
use crate::record::{DeviceKind, Finding, KindBasis, Reach, Severity};
use crate::table::{Amount, Craft, Tables};

/// Crafts and findings listed one by one.
const LISTED: usize = 10;
const REACHES: [Reach; 3] = [Reach::Link, Reach::Local, Reach::Public];

/// The aircraft's own traffic: link, local, public.
pub(super) fn itself(tables: &Tables, page: &mut Page) {
    page.heading("The aircraft itself");
    let crafts: Vec<_> = tables.aircraft.iter().collect();
    if crafts.is_empty() {
        page.paragraph(Tone::Faint, "No device is known as an aircraft or remote controller (name one with --device drone=MAC).");
    }
    for (kind, address, craft) in crafts.iter().take(LISTED) {
        let mac = craft.mac.as_ref().map_or_else(String::new, |mac| format!(", {}", printable(mac)));
        let is_public = craft.amounts.contains_key(&Reach::Public);
        let tone = if is_public { Tone::Alarm } else { Tone::Plain };
        page.paragraph(tone, &format!("{} {address}{mac} ({}): {}.", kind.as_str(), known_by(craft.basis), amounts(craft)));
    }
    if crafts.len() > LISTED {
        page.paragraph(Tone::Faint, &format!("and {} more, see table flows", crafts.len() - LISTED));
    }
    if !crafts.is_empty() && crafts.iter().all(|(.., craft)| !craft.amounts.contains_key(&Reach::Public)) {
        page.paragraph(Tone::Plain, "No flow of its own with a public address was captured.");
    }
    findings(tables, page);
}

const fn known_by(basis: KindBasis) -> &'static str {
    match basis {
        KindBasis::Given => "as given",
        KindBasis::Link => "known by its link",
        KindBasis::Oui => "known by the maker of its link address",
    }
}

fn amounts(craft: &Craft) -> String {
    let shown = REACHES.map(|reach| match craft.amounts.get(&reach) {
        Some(Amount { flows, sent, got }) => {
            format!("{} {}, {} sent and {} got", reach.as_str(), counted(*flows, "flow", "flows"), bytes(*sent), bytes(*got))
        }
        None => format!("{} none", reach.as_str()),
    });
    shown.join("; ")
}

/// Findings about aircraft.
const OF_AIRCRAFT: [&str; 2] = ["aircraft-to-public", "through-aircraft"];

fn findings(tables: &Tables, page: &mut Page) {
    let of_aircraft: Vec<_> = tables.findings.iter().filter(|finding| OF_AIRCRAFT.contains(&finding.kind)).collect();
    of_aircraft.iter().take(LISTED).for_each(|finding| line(finding, page));
    if of_aircraft.len() > LISTED {
        page.paragraph(Tone::Faint, "and more, see table findings");
    }
}

/// What else is worth a reader's eye, the weightiest first; what is only worth knowing is counted.
pub(super) fn others(tables: &Tables, page: &mut Page) {
    let others: Vec<_> = tables.findings.iter().filter(|finding| !OF_AIRCRAFT.contains(&finding.kind)).collect();
    if others.is_empty() {
        return;
    }
    page.heading("Findings");
    let weighty = others.iter().filter(|finding| finding.severity > Severity::Info).take(LISTED);
    let listed = weighty.map(|finding| line(finding, page)).count();
    let total = tables.tables.iter().find(|table| table.name == "findings").map_or(0, |table| table.rows);
    let of_aircraft = tables.findings.len() - others.len();
    if let Some(more) = total.checked_sub(listed + of_aircraft).filter(|more| *more > 0) {
        page.paragraph(Tone::Faint, &format!("and {} more, see table findings", count(u64::try_from(more).unwrap_or(u64::MAX))));
    }
}

fn line(finding: &Finding, page: &mut Page) {
    let tone = if finding.severity >= Severity::Medium { Tone::Alarm } else { Tone::Doubt };
    page.paragraph(tone, &format!("{} ({}): {}{}", finding.kind, finding.severity.as_str(), printable(&finding.what), place(finding)));
}

fn place(finding: &Finding) -> String {
    let remote = finding.remote_ip.map_or_else(String::new, |address| match finding.remote_port {
        Some(port) => format!("; {address}, port {port}"),
        None => format!("; {address}"),
    });
    let name = finding.name.as_ref().map_or_else(String::new, |name| format!(", {}", printable(name)));
    let country = finding.country.as_ref().map_or_else(String::new, |country| format!(", {}", printable(country)));
    let frame = finding.frame.map_or_else(String::new, |frame| format!("; frame {frame} of {}", printable(&finding.capture)));
    format!("{remote}{name}{country}{frame}")
}

/// The same for a machine.
pub(super) fn json(tables: &Tables) -> Value {
    let craft = |(kind, address, craft): (DeviceKind, std::net::IpAddr, &Craft)| {
        let amount = |reach: Reach| {
            let Amount { flows, sent, got } = craft.amounts.get(&reach).copied().unwrap_or_default();
            (reach.as_str().to_owned(), object!({"flows": flows, "ip_bytes_sent": sent, "ip_bytes_got": got}))
        };
        let amounts: serde_json::Map<_, _> = REACHES.into_iter().map(amount).collect();
        object!({"kind": kind.as_str(), "basis": craft.basis.as_str(), "address": address.to_string(), "mac": craft.mac, "traffic": amounts})
    };
    tables.aircraft.iter().map(craft).collect()
}
