//! The headings of the study and the kinds of data under each, and what an analysis of packets cannot see.

use serde::Serialize;

use super::super::rows::Row;
use super::super::units::{bytes, count, share};
use super::data::{Bytes, Report, distinct, ranked};

/// A heading and what was seen under it.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    /// The heading.
    pub(super) heading: &'static str,
    /// What it is about.
    pub(super) about: &'static str,
    /// Kinds of data under it that were seen.
    pub(super) kinds: Vec<Kind>,
    /// Kinds that were looked for.
    pub(super) looked_for: Vec<&'static str>,
}

/// A kind of data.
#[derive(Debug, Serialize)]
pub(super) struct Kind {
    /// Its word.
    pub(super) category: String,
    #[serde(flatten)]
    pub(super) bytes: Bytes,
    /// What the word rests on, most bytes first.
    pub(super) bases: Vec<(String, Bytes)>,
    /// Countries; an empty one is not settled.
    pub(super) countries: Vec<(String, Bytes)>,
    /// Owners; an empty one is not known.
    pub(super) owners: Vec<(String, Bytes)>,
    /// Who caused it.
    pub(super) initiations: Vec<(String, Bytes)>,
    /// How much of it anybody on the way could read.
    pub(super) encryptions: Vec<(String, Bytes)>,
}

/// Who runs servers.
#[derive(Debug, Serialize)]
pub(super) struct Owner {
    /// The owner; empty when not known.
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) bytes: Bytes,
    /// Countries; an empty one is not settled.
    pub(super) countries: Vec<(String, Bytes)>,
    /// Kinds of data.
    pub(super) categories: Vec<(String, Bytes)>,
}

/// Headings of the 2018 study, and two of ours for the rest.
const HEADINGS: &[(&str, &str, &[&str])] = &[
    ("Media", "photographs, video, live streams, what is shared", &["media", "live_stream", "social"]),
    ("Audio", "sound from the phone's microphone", &["audio"]),
    ("Flight logs", "records of flights", &["flight_log"]),
    (
        "Diagnostics and no-fly zones",
        "diagnostic data, crash reports, checks of position and zones, usage statistics",
        &["diagnostics", "crash_report", "location_check", "analytics"],
    ),
    ("Personal data", "accounts, activation, advertising identifiers, push channels", &["account", "advertising", "push"]),
    ("Facial recognition", "face and gesture data", &["face_data"]),
    ("Cloud access", "storage in clouds", &["cloud_storage"]),
    (
        "The link to the aircraft",
        "control, telemetry, video, broadcasts",
        &["link_control", "link_telemetry", "link_video", "broadcast_id"],
    ),
];
/// Where the kinds go that no heading names.
const REST: (&str, &str) = ("Everything else", "updates, maps, pages, names, time, the phone's own system, and what no rule fits");

/// The headings with what was seen under each.
pub(super) fn of(summary: &[Row]) -> Vec<Section> {
    let named: Vec<&str> = HEADINGS.iter().flat_map(|(_, _, kinds)| kinds.iter().copied()).collect();
    let all = ranked(summary.iter(), "category");
    let mut sections: Vec<Section> = HEADINGS
        .iter()
        .map(|(heading, about, kinds)| Section {
            heading,
            about,
            kinds: all.iter().filter(|(category, _)| kinds.contains(&category.as_str())).map(|found| kind(summary, found)).collect(),
            looked_for: kinds.to_vec(),
        })
        .collect();
    let rest = all.iter().filter(|(category, _)| !named.contains(&category.as_str())).map(|found| kind(summary, found));
    sections.push(Section { heading: REST.0, about: REST.1, kinds: rest.collect(), looked_for: Vec::new() });
    sections
}

fn kind(summary: &[Row], (category, bytes): &(String, Bytes)) -> Kind {
    let by = |column| ranked(summary.iter().filter(|row| row.text("category") == category), column);
    Kind {
        category: category.clone(),
        bytes: *bytes,
        bases: by("category_basis"),
        countries: by("country"),
        owners: by("owner"),
        initiations: by("initiation"),
        encryptions: by("encryption"),
    }
}

/// Who runs the servers, most bytes first.
pub(super) fn servers(summary: &[Row]) -> Vec<Owner> {
    let owner = |(name, bytes): (String, Bytes)| {
        let own = || summary.iter().filter(|row| row.text("owner") == name);
        let (countries, categories) = (ranked(own(), "country"), ranked(own(), "category"));
        Owner { name, bytes, countries, categories }
    };
    ranked(summary.iter(), "owner").into_iter().map(owner).collect()
}

/// What could not be seen, in sentences a decision-maker reads.
pub(super) fn unseen(report: &Report, summary: &[Row]) -> Vec<String> {
    let mut said = Vec::new();
    let total = report.matrix.total.out;
    let mut tell = |part: u64, what: &str| {
        if part > 0 {
            said.push(format!("{} of what the device sent ({}) {what}.", bytes(part), share(part, total)));
        }
    };
    tell(report.matrix.bytes(Some("unknown"), None).out, "is of a kind that no rule or content tells");
    tell(report.matrix.bytes(None, Some("disputed")).out, "went to addresses whose country the sources do not agree on");
    tell(report.matrix.bytes(None, Some("unknown")).out, "went to addresses of which no source knows the country");
    let encrypted = summary.iter().filter(|row| !matches!(row.text("encryption"), "" | "none" | "unknown"));
    tell(
        encrypted.map(|row| Bytes::of(row).out).sum(),
        "was encrypted: its kind is told by name, size and time, not by its content, unless keys opened it",
    );
    let by_name = summary.iter().filter(|row| !matches!(row.text("category_basis"), "content" | "path" | "none" | ""));
    tell(
        by_name.map(|row| Bytes::of(row).out).sum(),
        "got its kind from the name, address or port of the other end: what the bytes themselves were is inferred",
    );
    frames(report, &mut said);
    said.push("Mobile data, Bluetooth, cables and proprietary radio links (OcuSync, Lightbridge) are not in a Wi-Fi capture. What went that way is not in this report.".to_owned());
    said.push(
        "Nothing here says what a server does with what it gets. Absence of traffic in the time watched is no proof that it never happens."
            .to_owned(),
    );
    said
}

/// What was redacted, in sentences.
pub(super) fn redacted(redactions: &[Row]) -> Vec<String> {
    let sum = |what: &[&str], column: &str, of: &dyn Fn(&str) -> bool| -> u64 {
        let meant = redactions.iter().filter(|row| what.contains(&row.text("what")) && of(row.text("table")));
        meant.map(|row| row.number(column).unwrap_or_default()).sum()
    };
    let any = |_: &str| true;
    let mut said = Vec::new();
    if redactions.iter().any(|row| row.text("level") == "bystanders") {
        let flows = |table: &str| table == "flows";
        said.push(format!(
            "Of devices, stations, networks and aircraft that were not named as devices under test, {} flows ({}) and {} other rows were removed, and {} lines of evidence. The ledger still counts their frames.",
            count(sum(&["rows-removed"], "rows", &flows)),
            bytes(sum(&["rows-removed"], "ip_bytes", &flows)),
            count(sum(&["rows-removed"], "rows", &|table| table != "flows")),
            count(sum(&["evidence-removed"], "cells", &any))
        ));
    }
    let (paths, agents) = (sum(&["paths"], "cells", &any), sum(&["user-agents"], "cells", &any));
    if paths > 0 {
        said.push(format!("{} values name captures, logs and key files without the folders they lie in, or by a pseudonym.", count(paths)));
    }
    if agents > 0 {
        said.push(format!("{} user agents name a program and a system only: no versions, devices or languages.", count(agents)));
    }
    if redactions.iter().any(|row| row.text("level") == "pseudonyms") {
        said.push(format!(
            "{} values hold pseudonyms in the place of network and link addresses, {} in the place of names, serial numbers and hashes of contents; {} places were removed. Pseudonyms of addresses share the prefixes that their addresses share. Who has the key can make them again. Times, public host names and the hashes of captures stay.",
            count(sum(&["addresses"], "cells", &any)),
            count(sum(&["identifiers"], "cells", &any)),
            count(sum(&["places-removed"], "cells", &any))
        ));
    }
    said
}

fn frames(report: &Report, said: &mut Vec<String>) {
    let all = report.frames(None).0;
    for (word, what) in [
        ("wifi-undecryptable", "were protected Wi-Fi frames that could not be opened"),
        ("unsupported-link", "have a link type that is not read"),
        ("malformed", "contradict their own headers"),
        ("filtered", "were left out by the user's filter"),
    ] {
        let (number, _) = report.frames(Some(word));
        if number > 0 {
            said.push(format!("{} frames ({}) {what}.", count(number), share(number, all)));
        }
    }
    let sum = |column| report.captures.iter().map(|row| row.number(column).unwrap_or_default()).sum::<u64>();
    let (drops, cut) = (sum("drops_reported"), sum("cut_frames"));
    if drops > 0 {
        said.push(format!("The capturing systems say that they lost {} frames.", count(drops)));
    } else if report.captures.iter().any(|row| row.number("drops_reported").is_none()) {
        said.push("Some captures do not say how many frames their system lost.".to_owned());
    }
    if cut > 0 {
        said.push(format!("{} frames were cut short by the snapshot length.", count(cut)));
    }
    if report.captures.iter().any(|row| row.is("truncated")) {
        said.push("At least one capture ends in damage: what came after is not known.".to_owned());
    }
    let sources = distinct(&report.captures, "address_data");
    if sources.is_empty() {
        said.push("No address data was used: countries are not known.".to_owned());
    }
}
