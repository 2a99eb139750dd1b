//! The report as a reader gets it: what the tables hold is on the page, and nothing on the page is left empty.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cases::{Place, whereto};
use crate::sources::root;

#[test]
fn a_study_writes_its_report_and_manifest() {
    let place = Place::new("report-study");
    let ran = whereto(&place, &["study", "studies/lab/study.toml", "-o", "{out}", "-q"].map(str::to_owned), None);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let out = place.folder().join("out");
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.len() < 5_000_000);
    let told = text(&page);
    let said = read(&out);
    assert_eq!(said["title"], "Lab study: a model of Mavic Pro and GO 4, Android");
    for claim in said["claims"].as_array().unwrap() {
        for column in ["claim", "says", "reason"] {
            assert!(told.contains(&spaced(claim[column].as_str().unwrap())), "{} {column}", claim["claim"]);
        }
    }
    for part in [
        &tally(&said),
        "May speak against it: 7 conversations",
        "11 min 52 s watched in 10 runs, 15,797 frames, 0 reported lost",
        "Before: 01-default-1, 02-default-2. After: 04-diagnostics-off-1, 05-diagnostics-off-2.",
        "category crash_report vanished",
        "exact bootstrap of runs, 16 resamples",
        "sync_flight_logs",
        "whereto explain DIR claim:K09",
    ] {
        assert!(told.contains(part), "{part}");
    }
    assert_eq!(page.matches("id=\"time-").count(), 10, "a timeline for each run");
    assert_eq!(page.matches("id=\"change-").count(), 3, "a picture for each change of a setting");

    for heading in
        ["Media", "Audio", "Flight logs", "Diagnostics and no-fly zones", "Personal data", "Facial recognition", "Cloud access", "Servers"]
    {
        assert!(page.contains(&format!("<h3>{heading}</h3>")), "{heading}");
    }
    let counted = |sort: &Value| sort["numbers"].as_array().unwrap().len();
    let findings: usize = said["finding_sorts"].as_array().unwrap().iter().map(counted).sum();
    assert!(findings > 1_000, "all of them, not only those that are listed");
    let shown = format!("{},{:03}", findings / 1_000, findings % 1_000);
    assert!(told.contains(&format!("{shown} findings, those of one sort together")), "{findings}");
    assert!(page.contains("finding:1") && page.matches("whereto explain DIR finding:").count() < 100, "those of a sort are one line");
    assert!(told.contains("whereto explain DIR run=01-default-1") && told.contains("action=sync_flight_logs at 2026-11-22T15:16:10"));

    let markdown = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(markdown.contains("### Flight logs") && markdown.contains("### Servers"));
    assert!(markdown.contains("## Verdicts on claims") && markdown.contains("## What settings change"));
    assert!(markdown.contains("| analytics | vanished |"), "{markdown}");

    let before = fs::read(out.join("report.html")).unwrap();
    assert_eq!(whereto(&place, &["report", "{out}"].map(str::to_owned), None).status, 0);
    assert_eq!(fs::read(out.join("report.html")).unwrap(), before, "the same from the tables alone, its title too");

    let checked = whereto(&place, &["verify", "{out}", "--rerun"].map(str::to_owned), None);
    assert_eq!(checked.status, 0, "{}{}", checked.stdout, checked.stderr);
}

#[test]
fn what_was_on_the_air_is_on_the_page() {
    let place = Place::new("report-air");
    let ran = whereto(&place, &["analyze", "captures/lab-open-wifi-monitor.pcap", "-o", "{out}", "-q"].map(str::to_owned), None);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let out = place.folder().join("out");
    let (told, said) = (text(&fs::read_to_string(out.join("report.html")).unwrap()), read(&out));
    let networks = said["wifi"].as_array().unwrap();
    assert!(!networks.is_empty());
    for row in networks {
        for column in ["bssid", "security"] {
            assert!(row[column].as_str().is_none_or(|value| told.contains(value)), "{column} of {row}");
        }
        let clear = row["data_clear"].as_u64().unwrap();
        assert!(clear < 1_000 && told.contains(&format!(" {clear} ")), "{row}");
    }
}

/// The claims counted by verdict, those first that need a decision.
fn tally(said: &Value) -> String {
    let claims = said["claims"].as_array().unwrap();
    let of = |verdict: &str| claims.iter().filter(|claim| claim["verdict"] == verdict).count();
    let words =
        ["contradicted", "undetermined", "supported", "not-contradicted", "not-testable"].map(|word| (of(word), word.replace('-', " ")));
    let parts: Vec<_> = words.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    format!("{} claims judged by 10 runs: {}.", claims.len(), parts.join(", "))
}

fn read(out: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(out.join("report.json")).unwrap()).unwrap()
}

/// The words of a page, parted by single spaces.
fn text(page: &str) -> String {
    let words: String = page.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| format!(" {text}")).collect();
    let words = words.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    spaced(&words).replace(" .", ".")
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The fixed words by which the page asks for columns are names of columns.
#[test]
fn the_page_asks_for_columns_that_are_there() {
    let documented = fs::read_to_string(root().join("docs/tables.md")).unwrap();
    let source = ["html.rs", "html/study.rs", "html/seen.rs", "markdown.rs", "broadcasts.rs", "data.rs", "sections.rs"]
        .map(|file| fs::read_to_string(root().join("src/face/report").join(file)).unwrap())
        .concat();
    for asked in [".text(\"", ".shown(\"", ".number(\"", ".real(\"", ".list(\"", ".is(\""] {
        for column in source.split(asked).skip(1).filter_map(|rest| rest.split('"').next()) {
            // A row's place in its table is no column of it.
            assert!(column == "finding" || documented.contains(&format!("`{column}`")), "{column} is no column of a table");
        }
    }
}
