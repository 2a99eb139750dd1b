//! Bodies of a recorded flight, beside what the servers wrote down of each request: its bytes and their SHA-256.
//!
//! The servers of captures/lab-wpa2-flight-phone.pcap.zst hashed every body they were sent. What went in clear is
//! compared always; what TLS carried, when the program can be given its keys.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use whereto::analysis::{self, Options};
use whereto::capture::Inputs;
use whereto::record::{Flow, Http, Part, Row};
use whereto::secrets::Secrets;
use whereto::wifi::Keys;

use crate::corpus::Collected;
use crate::sources::root;

/// Method, path, bytes and hash of the requests with a body that were sent in clear.
const CLEAR: &[(&str, &str, u64, &str)] = &[
    ("POST", "/v1/flightrecord", 42_382, "e8bac162a0d8098d7ad7b5e0ed4338e500cceb36c99b0d3fe4e3a3261a89e967"),
    ("POST", "/v1/photo", 151_552, "3d7c0060a38e9881f3b968c90c22a76cb353833bc6b1da2dcaf0127f7692fbc8"),
    ("PUT", "/v1/put/DJI_0043.JPG", 38_905, "8fd5780e8fe489c74d4f1d8988abaa6694f328aa70699fc5ae4c9c19324bdd4a"),
    ("POST", "/v1/activate", 265, "107073535f45c23405ce08dd2cbf126d6e9d437c8c989dd0e50855daf0f4fbe1"),
];

/// Of those in TLS that a key log opens.
#[cfg(all(feature = "table", feature = "live"))]
const SEALED: &[(&str, &str, u64, &str)] = &[
    ("POST", "/api/v2/user/activate", 265, "107073535f45c23405ce08dd2cbf126d6e9d437c8c989dd0e50855daf0f4fbe1"),
    ("POST", "/api/v2/a", 15, "5e9b12ee9e07653e8358af8450fe292702a74d776ff7431f1ddd809a00084ad6"),
    ("POST", "/api/v2/b", 15, "5e9b12ee9e07653e8358af8450fe292702a74d776ff7431f1ddd809a00084ad6"),
    ("POST", "/flightrecord/upload", 700_100, "215e0552d19046027370ab32dd32b5063cd0880ee48cd3fa262082600c60d064"),
    ("PUT", "/put/DJI_0007.MP4", 4_000_024, "ffe8d1b6b641f8565175348b265b0e750662cd9130df0367c795dee11dc31ff7"),
];

fn flight(extract: Option<&Path>) -> Vec<Row> {
    let captures = vec![root().join("captures/lab-wpa2-flight-phone.pcap.zst")];
    let options = Options { scratch: std::env::temp_dir(), extract: extract.map(Path::to_path_buf), ..Options::default() };
    let mut collected = Collected::default();
    let inputs = Inputs { captures, passed_over: Vec::new() };
    let outcome = analysis::run(&inputs, &options, &mut collected, &mut |_| {}).expect("rules and address data are there");
    assert!(!outcome.is_damaged);
    collected.rows
}

fn exchanges(rows: &[Row]) -> Vec<&Http> {
    rows.iter().filter_map(|row| if let Row::Http(row) = row { Some(&**row) } else { None }).filter(|row| row.method.is_some()).collect()
}

#[test]
fn every_body_in_clear_is_the_one_that_was_received() {
    let folder = tempfile::tempdir().unwrap();
    let rows = flight(Some(folder.path()));
    let exchanges = exchanges(&rows);
    let found: BTreeMap<_, _> = exchanges
        .iter()
        .filter(|row| row.host.as_deref() == Some("fw.dji-lab.example"))
        .map(|row| (row.path.as_deref().unwrap(), *row))
        .collect();
    for (method, path, bytes, sha256) in CLEAR {
        let row = found[path];
        assert_eq!((row.method.as_deref(), row.request_body.decoded_bytes), (Some(*method), Some(*bytes)), "{path}");
        assert_eq!((row.request_body.sha256.as_deref(), row.request_body.sent_sha256.as_deref()), (Some(*sha256), Some(*sha256)), "{path}");
        assert!(row.is_complete && row.request_end.is_some() && row.response_end.is_some(), "{path}");
        let file = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .find(|entry| entry.file_name().to_string_lossy().starts_with(sha256));
        let extracted = std::fs::read(file.unwrap().path()).unwrap();
        assert_eq!(whole(&extracted), *sha256, "{path} is a file");
    }
    assert_eq!(found["/v1/login"].request_body.sha256, None, "what is not there has no hash");
    let firmware = found["/firmware_V01.00.1000.bin"];
    assert_eq!((firmware.response_body.decoded_bytes, firmware.response_body.media_type), (Some(1_500_000), None));
    let list = std::fs::read_to_string(folder.path().join("bodies.ndjson")).unwrap();
    assert!(CLEAR.iter().all(|(_, path, _, sha256)| list.lines().any(|line| line.contains(sha256) && line.contains(path))), "{list}");
}

#[test]
fn what_the_bodies_are_is_told() {
    let rows = flight(None);
    let of = |path: &str| exchanges(&rows).into_iter().find(|row| row.path.as_deref() == Some(path)).unwrap().clone();
    let photo = of("/v1/photo").request_body;
    assert_eq!((photo.part_types.contains(&"image/jpeg"), photo.position), (true, Some("exif")));
    let put = of("/v1/put/DJI_0043.JPG").request_body;
    assert_eq!((put.media_type, put.position), (Some("image/jpeg"), Some("exif")));
    assert_eq!(of("/v1/flightrecord").request_body.media_type, Some("csv-track"));
    assert_eq!(of("/v1/activate").request_body.tells, ["account", "position", "serial"]);
    let findings: Vec<_> = rows.iter().filter_map(|row| if let Row::Finding(row) = row { Some(&**row) } else { None }).collect();
    let pictured: Vec<_> = findings.iter().filter(|finding| finding.kind == "picture-position").map(|finding| finding.basis).collect();
    assert_eq!(pictured, ["exif"; 2]);
    let badly_kept: Vec<_> = findings.iter().filter(|finding| finding.reason.is_some()).map(|finding| finding.kind).collect();
    for kind in ["credentials", "no-forward-secrecy"] {
        assert!(badly_kept.contains(&kind), "{badly_kept:?}");
    }
    let pictures: Vec<&Part> = rows
        .iter()
        .filter_map(|row| if let Row::Part(part) = row { Some(&**part) } else { None })
        .filter(|part| part.file_name.is_some())
        .collect();
    assert_eq!(pictures.len(), 1);
    // The file itself, as the lab made it.
    let sha256 = "0617e6c33191a0a54bdfe6885421154084c6b15e5727d0b31ba3a376376241a3";
    assert_eq!((pictures[0].bytes, pictures[0].sha256.as_deref(), pictures[0].position), (151_199, Some(sha256), Some("exif")));
}

#[test]
fn flows_are_of_the_kind_that_their_content_is() {
    let rows = flight(None);
    let flows = rows.iter().filter_map(|row| if let Row::Flow(flow) = row { Some(&**flow) } else { None });
    let kinds: BTreeMap<String, &Flow> = flows
        .filter(|flow| flow.answer.name.as_deref() == Some("fw.dji-lab.example"))
        .flat_map(|flow| flow.requests.iter().map(move |request| (request.path.clone(), flow)))
        .collect();
    for (path, category, candidates) in [
        ("/v1/flightrecord", "flight_log", vec![]),
        ("/v1/photo", "media", vec![]),
        ("/v1/put/DJI_0043.JPG", "media", vec![]),
        ("/v1/activate", "unknown", vec!["location_check", "account"]),
    ] {
        let answer = &kinds[path].answer;
        assert_eq!(
            (answer.category, answer.category_candidates.iter().map(String::as_str).collect(), answer.category_basis),
            (category, candidates, "content"),
            "{path}"
        );
    }
}

fn whole(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// With the keys of the capture, those that TLS carried, HTTP/2 among them.
#[cfg(all(feature = "table", feature = "live"))]
#[test]
#[expect(clippy::print_stderr, reason = "a test that checks nothing says so")]
fn every_body_in_tls_is_the_one_that_was_received() {
    use crate::cases::{Place, whereto};

    let place = Place::new("bodies");
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    if !whereto(&place, &words(&["analyze", "--help"]), None).stdout.contains("--tls-keys") {
        eprintln!("SKIPPED: this build cannot be given the keys of TLS");
        return;
    }
    let capture = ["analyze", "captures/lab-wpa2-flight-phone.pcap.zst", "--tls-keys", "captures/lab-wpa2-flight-phone.keys.txt"];
    let ran = whereto(&place, &words(&[&capture[..], &["-o", "{out}", "--format", "ndjson", "--quiet"]].concat()), None);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let table = crate::sources::files(Path::new(&place.path("{out}")), "ndjson").into_iter().find(|path| path.ends_with("http.ndjson"));
    let table = std::fs::read_to_string(table.unwrap()).unwrap();
    let lines: Vec<serde_json::Value> = table.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let missing: Vec<_> = SEALED
        .iter()
        .filter(|(method, path, bytes, sha256)| {
            !lines.iter().any(|row| {
                row["method"] == *method
                    && row["path"] == *path
                    && row["request_decoded_bytes"] == *bytes
                    && row["request_sha256"] == *sha256
            })
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// What the servers wrote down: method, path, bytes and hash of each request they were sent.
fn received(log: &str) -> Vec<(String, String, u64, String)> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, method, _, target, bytes, sha256] = words[..] else { panic!("six words: {line}") };
        let path = target.split('?').next().unwrap_or_default();
        (method.to_owned(), path.to_owned(), bytes.parse().unwrap(), sha256.to_owned())
    };
    log.lines().map(line).collect()
}

/// The flight as a monitor heard it, with the passphrase of the network, the phone's key log and the server's RSA key: every
/// request that the servers received, with the body that they received.
#[test]
fn every_request_of_the_flight_opens_from_the_air() {
    let Some(lab) = crate::air::lab() else { return };
    let flight = lab.join("s1-wpa2-psk-full");
    let mut keys = Keys::default();
    keys.add("Spark-Lab-01:SparkLab-2025!").unwrap();
    let mut secrets = Secrets::default();
    secrets.add_key_log(&flight.join("sslkeys.txt")).unwrap();
    secrets.add_rsa_key(&lab.join("lab/tls/srv.key")).unwrap();
    let options = Options { wifi_keys: Arc::new(keys), secrets: Arc::new(secrets), scratch: std::env::temp_dir(), ..Options::default() };
    let inputs = Inputs { captures: vec![flight.join("mon.pcap")], passed_over: Vec::new() };
    let mut collected = Collected::default();
    analysis::run(&inputs, &options, &mut collected, &mut |_| {}).expect("rules and address data are there");

    let exchanges = exchanges(&collected.rows);
    let mut found: Vec<_> = exchanges
        .iter()
        .map(|row| {
            let body = &row.request_body;
            (
                row.method.clone().unwrap(),
                row.path.clone().unwrap(),
                body.decoded_bytes.unwrap_or(0),
                body.sha256.clone().unwrap_or_default(),
            )
        })
        .collect();
    for (method, path, bytes, sha256) in received(&std::fs::read_to_string(flight.join("sink.log")).unwrap()) {
        let sha256 = if bytes == 0 { String::new() } else { sha256 };
        let place = found.iter().position(|row| *row == (method.clone(), path.clone(), bytes, sha256.clone()));
        found.remove(place.unwrap_or_else(|| panic!("{method} {path} {bytes} {sha256} is not among {found:#?}")));
    }
    assert_eq!(exchanges.len(), 15, "{found:#?}");
}
