use super::broadcasts::{Heard, Told};
use super::data::*;
use super::*;
use crate::face::rows::Row;
use serde_json::json;

fn row(value: serde_json::Value) -> Row {
    value.into()
}

/// A name that tries to get out of every form.
const HOSTILE: &str = "\"><script>alert(1)</script>|[x](javascript:1)\u{202e}\u{1b}[31m=cmd()";

fn report() -> Report {
    let summary = [row(json!({"category": HOSTILE, "region": HOSTILE, "country": "US", "ip_bytes_out": 5, "ip_bytes_in": 6, "flows": 1}))];
    let destination = json!({"name": HOSTILE, "remote_ip": "192.0.2.1", "owner": HOSTILE, "as_org": HOSTILE, "categories": ["media"], "ip_bytes_out": 5, "ip_bytes_in": 6, "flows": 1});
    let claim = json!({"claim": HOSTILE, "says": HOSTILE, "verdict": "contradicted", "reason": HOSTILE, "parts": [HOSTILE, HOSTILE],
        "runs": [HOSTILE], "evidence_for": [HOSTILE, "flow 7 frames 1-2"], "flows_for": 2, "gaps": [HOSTILE], "source": HOSTILE});
    let comparison = json!({"change": HOSTILE, "baseline": [HOSTILE], "dimension": "category", "value": HOSTILE, "word": "vanished",
        "reason": HOSTILE, "warnings": [HOSTILE], "out_per_minute_before": 5.0, "out_per_minute_after": 0.0});
    let heard = Heard { transmitter: HOSTILE.to_owned(), identities: [HOSTILE.to_owned()].into(), broadcasts: 1, ..Heard::default() };
    let finding = json!({"kind": HOSTILE, "what": HOSTILE, "severity": "high", "reason": HOSTILE, "flow_id": 7, "frame": 9});
    Report {
        title: HOSTILE.to_owned(),
        made_by: "whereto".to_owned(),
        captures: vec![row(json!({"capture": HOSTILE, "frames": 1, "wire_bytes": 60, "written_by": HOSTILE}))],
        claims: vec![row(claim)],
        runs: vec![row(json!({"run": HOSTILE, "settings": [HOSTILE], "gaps": [HOSTILE]}))],
        comparisons: vec![row(comparison)],
        finding_sorts: findings::sorts(&[row(finding.clone())]),
        findings: vec![row(finding)],
        matrix: Matrix::of(&summary),
        countries: countries(&summary),
        sections: sections::of(&summary),
        servers: sections::servers(&summary),
        destinations: vec![row(destination)],
        destinations_in_all: 1,
        timelines: vec![Timeline { run: HOSTILE.to_owned(), span: Some((0, 10)), strips: vec![(HOSTILE.to_owned(), vec![7; BINS])] }],
        actions: vec![row(json!({"run": HOSTILE, "time": "1970-01-01T00:00:00.000000005Z", "action": HOSTILE, "note": HOSTILE}))],
        wifi: vec![row(json!({"ssid": HOSTILE}))],
        remote_id: vec![heard],
        positions: vec![Told { subject: HOSTILE.to_owned(), flow_id: Some(7), ..Told::default() }],
        left_out: [("wifi", 3)].into(),
        ledger: vec![row(json!({"capture": HOSTILE, "disposition": "flow", "reason": HOSTILE, "frames": 1, "wire_bytes": 60}))],
        ledger_closes: true,
        anomalies: vec![Anomalies { kind: HOSTILE.to_owned(), count: 1, is_damage: true, example: HOSTILE.to_owned() }],
        redactions: vec![row(json!({"level": "bystanders", "table": HOSTILE, "what": "rows-removed", "rows": 3}))],
        redacted: vec![HOSTILE.to_owned()],
        unseen: vec![HOSTILE.to_owned()],
    }
}

#[test]
fn hostile_names_stay_text_everywhere() {
    let report = report();
    let page = html::page(&report);
    assert_eq!(page.matches("<script").count(), 1, "only the page's own");
    assert!(!page.contains("alert(1)</script>"));
    assert!(!page.contains('\u{1b}') && !page.contains('\u{202e}'), "nothing that a terminal or a reader's eye obeys");
    let markdown = markdown::page(&report);
    assert!(!markdown.contains("<script") && !markdown.contains("](") && !markdown.contains('\u{1b}'));
}

#[test]
fn the_page_forbids_itself_every_request() {
    let page = html::page(&report());
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
    for word in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn every_link_has_its_target() {
    let page = html::page(&report());
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.contains(&format!("id=\"{link}\"")), "{link}");
    }
}

#[test]
fn what_is_left_out_is_told() {
    assert!(html::page(&report()).contains("3 more rows are in table"));
    assert!(markdown::page(&report()).contains("3 more rows of wifi"));
}

#[test]
fn why_a_finding_matters_is_told_in_every_form() {
    let finding =
        json!({"finding": 1, "kind": "clear-login", "what": "a login", "severity": "high", "reason": "anybody on the way can read it"});
    let report = Report { finding_sorts: findings::sorts(&[row(finding)]), ..report() };
    let texts = [html::page(&report), markdown::page(&report), serde_json::to_string(&report).unwrap()];
    assert!(texts.iter().all(|text| text.contains("anybody on the way can read it")));
    assert!(texts[0].contains("Why it matters") && texts[1].contains("why it matters"));
}
