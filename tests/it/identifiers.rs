//! Identifiers of a recorded flight: found in what was sent in clear, and with the keys of TLS in the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use whereto::analysis::{self, Options};
use whereto::capture::Inputs;
use whereto::record::{Finding, Flow, Row, Severity};
use whereto::search::{Identifier, Reveal, Search};
use whereto::secrets::Secrets;

use crate::corpus::Collected;
use crate::sources::root;

/// What the laboratory's phone has and does.
const LIST: &str = r#"
[[identifier]]
id = "serial"
what = "serial"
value = "0ASUE7L0021LAB"
[[identifier]]
id = "mail"
what = "email"
value = "pilot.lab@example.net"
whose = "the pilot"
[[identifier]]
id = "imei"
what = "imei"
value = "356938035643809"
[[identifier]]
id = "password"
what = "password"
value = "Secret-Lab-1"
[[identifier]]
id = "home"
what = "position"
value = "46.947, 7.446"
[[identifier]]
id = "account"
what = "account"
value = "u-77120"
[[identifier]]
id = "elsewhere"
what = "position"
value = "47.376, 8.541"
[[identifier]]
id = "other"
what = "email"
value = "somebody.else@example.net"
"#;

#[derive(serde::Deserialize)]
struct List {
    identifier: Vec<Identifier>,
}

pub(crate) fn search(list: &str, reveal: Reveal) -> Search {
    Search::new(&toml::from_str::<List>(list).unwrap().identifier, reveal).unwrap()
}

fn flight(search: Search, secrets: Arc<Secrets>) -> Vec<Finding> {
    let rows = rows(search, secrets).into_iter();
    rows.filter_map(|row| if let Row::Finding(row) = row { Some(*row) } else { None }).collect()
}

fn rows(search: Search, secrets: Arc<Secrets>) -> Vec<Row> {
    let captures = vec![root().join("captures/lab-wpa2-flight-phone.pcap.zst")];
    let options = Options { scratch: std::env::temp_dir(), search: Arc::new(search), secrets, ..Options::default() };
    let mut collected = Collected::default();
    let inputs = Inputs { captures, passed_over: Vec::new() };
    analysis::run(&inputs, &options, &mut collected, &mut |_| {}).expect("rules and address data are there");
    collected.rows
}

fn keys() -> Arc<Secrets> {
    let mut secrets = Secrets::default();
    secrets.add_key_log(&root().join("captures/lab-wpa2-flight-phone.keys.txt")).unwrap();
    Arc::new(secrets)
}

/// Kind or name in the list, form, part, and host.
fn told(findings: &[Finding]) -> BTreeSet<(String, String, String, String)> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let one = |finding: &Finding| {
        let what = finding.identifier.as_deref().unwrap_or(finding.kind).to_owned();
        (what, text(finding.form), text(finding.part.as_deref()), text(finding.name.as_deref()))
    };
    findings.iter().filter(|finding| finding.form.is_some()).map(one).collect()
}

fn set(rows: &[[&str; 4]]) -> BTreeSet<(String, String, String, String)> {
    rows.iter().map(|row| row.map(str::to_owned)).map(|[what, form, part, name]| (what, form, part, name)).collect()
}

/// What went in clear: the vendor's test server, and the name of the aircraft in multicast DNS.
const CLEAR: &[[&str; 4]] = &[
    ["serial", "clear", "dns", ""],
    ["serial", "clear", "request-line", "fw.dji-lab.example"],
    ["home", "text, 6 decimals", "body", "fw.dji-lab.example"],
    ["flight-record", "table of positions", "body", "fw.dji-lab.example"],
    ["serial", "clear", "body", "fw.dji-lab.example"],
    ["account", "clear", "body", "fw.dji-lab.example"],
    ["mail", "clear", "body", "fw.dji-lab.example"],
    ["imei", "clear", "body", "fw.dji-lab.example"],
    ["home", "text, 3 decimals", "body", "fw.dji-lab.example"],
    ["credentials", "HTTP Basic", "header authorization", "fw.dji-lab.example"],
    ["password", "base64", "header authorization", "fw.dji-lab.example"],
];

/// What only the keys of TLS show.
const SEALED: &[[&str; 4]] = &[
    ["serial", "clear", "body", "mydjiflight.dji.com"],
    ["account", "clear", "body", "mydjiflight.dji.com"],
    ["mail", "clear", "body", "mydjiflight.dji.com"],
    ["imei", "clear", "body", "mydjiflight.dji.com"],
    ["home", "text, 3 decimals", "body", "mydjiflight.dji.com"],
    ["serial", "clear", "request-line", "log-upload.djiservice.org"],
    ["serial", "clear", "body", "log-upload.djiservice.org"],
    ["flight-record", "flight record of DJI", "body", "log-upload.djiservice.org"],
    // Of zones around the place, one is elsewhere.
    ["position", "named numbers", "body", "cdn.djicdn.com"],
    ["home", "text, 3 decimals", "body", "cdn.djicdn.com"],
];

#[test]
fn without_keys_what_went_in_clear_is_found_and_nothing_else() {
    let found = flight(search(LIST, Reveal::Masked), Arc::default());
    assert_eq!(told(&found), set(CLEAR));
    assert!(found.iter().all(|finding| !finding.decrypted && finding.from_device != Some(false)));
    let mail = found.iter().find(|finding| finding.identifier.as_deref() == Some("mail")).unwrap();
    assert_eq!((mail.whose.as_deref(), mail.country.as_deref()), (Some("the pilot"), Some("US")));
    assert_eq!((mail.severity, mail.value.as_deref(), mail.frame), (Severity::High, Some("p…@e….net"), Some(10_466)));
}

#[test]
fn with_keys_what_was_sealed_is_found_too() {
    let found = flight(search(LIST, Reveal::Masked), keys());
    let (sealed, clear): (Vec<Finding>, Vec<Finding>) = found.into_iter().partition(|finding| finding.decrypted);
    assert_eq!(told(&clear), set(CLEAR));
    assert_eq!(told(&sealed), set(SEALED));
    assert!(sealed.iter().all(|finding| finding.severity <= Severity::Medium));
}

#[test]
fn no_secret_is_shown_unless_it_is_asked_for() {
    let secrets = ["0ASUE7L0021LAB", "pilot.lab@", "356938035643809", "Secret-Lab-1", "46.947", "7.446", "u-77120"];
    let hidden = format!("{:?}", rows(search(LIST, Reveal::Masked), keys()));
    assert_eq!(secrets.map(|secret| hidden.contains(secret)), [false; 7]);
    let shown = format!("{:?}", flight(search(LIST, Reveal::Plain), Arc::default()));
    assert_eq!(secrets.map(|secret| shown.contains(secret)), [true; 7]);
}

#[test]
fn without_a_list_what_shows_itself_is_found() {
    let found = flight(Search::default(), Arc::default());
    // How well it was kept on its way is another matter, which has no form.
    let looked_for = |finding: &&Finding| finding.form.is_some() || finding.kind == "picture-position";
    let kinds: BTreeSet<&str> = found.iter().filter(looked_for).map(|finding| finding.kind).collect();
    assert_eq!(kinds, ["credentials", "email", "flight-record", "imei", "picture-position", "position"].into());
    // The same bytes are not told twice: why a login in clear matters stands beside what it was.
    let credentials: Vec<_> = found.iter().filter(|finding| finding.kind == "credentials").collect();
    assert!(!credentials.is_empty() && credentials.iter().all(|finding| finding.reason.is_some()), "{credentials:?}");
    assert!(!found.iter().any(|finding| finding.kind == "clear-login" && finding.basis == "header"));
    let pictures = found.iter().filter(|finding| finding.kind == "picture-position");
    assert_eq!(pictures.map(|finding| (finding.basis, finding.country.as_deref())).collect::<Vec<_>>(), [("exif", Some("US")); 2]);
}

/// Rows of the flight as a monitor heard it, with the passphrase of its network and these secrets.
fn from_the_air(lab: &std::path::Path, secrets: Secrets) -> Vec<Row> {
    let mut keys = whereto::wifi::Keys::default();
    keys.add("Spark-Lab-01:SparkLab-2025!").unwrap();
    let options = Options {
        wifi_keys: Arc::new(keys),
        secrets: Arc::new(secrets),
        search: Arc::new(search(LIST, Reveal::Masked)),
        scratch: std::env::temp_dir(),
        ..Options::default()
    };
    let inputs = Inputs { captures: vec![lab.join("s1-wpa2-psk-full/mon.pcap")], passed_over: Vec::new() };
    let mut collected = Collected::default();
    analysis::run(&inputs, &options, &mut collected, &mut |_| {}).expect("rules and address data are there");
    collected.rows
}

/// Host, category and basis of the flows to public hosts.
fn kinds(rows: &[Row]) -> BTreeSet<(String, String, String)> {
    let flows = rows.iter().filter_map(|row| if let Row::Flow(flow) = row { Some(flow) } else { None });
    let told = |flow: &Flow| {
        let answer = &flow.answer;
        let name = answer.name.clone().unwrap_or_default();
        (name, answer.category.to_owned(), answer.category_basis.to_owned())
    };
    flows.filter(|flow| flow.answer.scope == "global" && flow.protocol == "tcp").map(|flow| told(flow)).collect()
}

#[test]
fn the_flight_from_the_air_with_all_keys_and_without() {
    let Some(lab) = crate::air::lab() else { return };
    let mut secrets = Secrets::default();
    secrets.add_key_log(&lab.join("s1-wpa2-psk-full/sslkeys.txt")).unwrap();
    secrets.add_rsa_key(&lab.join("lab/tls/srv.key")).unwrap();
    let opened = from_the_air(&lab, secrets);
    let closed = from_the_air(&lab, Secrets::default());
    let findings = |rows: &[Row]| -> Vec<Finding> {
        rows.iter().filter_map(|row| if let Row::Finding(row) = row { Some((**row).clone()) } else { None }).collect()
    };
    let (open, shut) = (findings(&opened), findings(&closed));
    assert_eq!(told(&open), set(&[CLEAR, SEALED].concat()));
    assert_eq!(told(&shut), set(CLEAR));
    assert!(shut.iter().all(|finding| !finding.decrypted));
    for found in [&open, &shut] {
        let pictures = found.iter().filter(|finding| finding.kind == "picture-position").map(|finding| (finding.basis, finding.decrypted));
        assert_eq!(pictures.collect::<Vec<_>>(), [("exif", false); 2]);
    }
    let (with, without) = (kinds(&opened), kinds(&closed));
    let has = |kinds: &BTreeSet<(String, String, String)>, host: &str, category: &str, basis: &str| {
        kinds.contains(&(host.to_owned(), category.to_owned(), basis.to_owned()))
    };
    for (host, category) in [("fw.dji-lab.example", "flight_log"), ("fw.dji-lab.example", "media")] {
        assert!(has(&with, host, category, "content") && has(&without, host, category, "content"), "{host} {category}");
    }
    for (host, category) in [("log-upload.djiservice.org", "flight_log"), ("media-upload.skypixel.com", "media")] {
        assert!(has(&with, host, category, "content") && has(&without, host, "unknown", "name"), "{host} {category}");
    }
    // Of what stays sealed the name is all there is.
    let sealed: Vec<_> = without.iter().filter(|(host, ..)| host != "fw.dji-lab.example").collect();
    assert!(sealed.len() >= 4 && sealed.iter().all(|(.., basis)| basis == "name"), "{without:#?}");
}
