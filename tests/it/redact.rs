//! `--redact`: what may not be said is in no file of the result, what is left adds up, and the same key says the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cases::{Place, Ran, whereto};

const MONITOR: &str = "captures/lab-wpa2-monitor.pcap.zst";
const KEYS: &str = "captures/lab-wpa2-monitor.wifi-keys.txt";
const ALL: &str = "csv,ndjson,arrow";

#[test]
fn no_file_of_a_redacted_study_says_who_it_was() {
    let place = Place::new("redact-study");
    let plain = run(&place, &["study", "studies/lab/study.toml", "-o", "{out}/plain", "-q", "--format", "ndjson"]);
    assert_eq!(plain.status, 0, "{}", plain.stderr);
    let key = key(&place);
    let args =
        ["study", "studies/lab/study.toml", "-o", "{out}/redacted", "-q", "--format", ALL, "--redact", "pseudonyms", "--redact-key", &key];
    let ran = run(&place, &args);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let (plain, redacted) = (place.folder().join("out/plain"), place.folder().join("out/redacted"));

    let mut secrets: BTreeSet<String> =
        ["lab.pilot@example.org", "+12025550143", "771204418896", "08QLABT0010F7E", "a4:83:e7:12:34:56", "60:60:1f:5a:3c:01"]
            .map(str::to_owned)
            .into();
    secrets.extend(values(&plain, "flows", &["device_ip", "remote_ip", "device_mac"]));
    secrets.retain(|secret| !is_nobody(secret));
    assert!(secrets.len() > 25, "{secrets:?}");
    assert_unsaid(&redacted, &secrets);
    assert!(secrets.iter().all(|secret| !says(&ran.stdout, secret)), "{}", ran.stdout);

    let verdicts = |dir: &Path| rows(dir, "claims").iter().map(|row| format!("{} {}", row["claim"], row["verdict"])).collect::<Vec<_>>();
    assert_eq!(verdicts(&redacted), verdicts(&plain));
    let sum = |dir: &Path, table: &str| rows(dir, table).iter().map(|row| row["ip_bytes_out"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum(&redacted, "summary"), sum(&plain, "summary"));
    assert_eq!(sum(&redacted, "destinations"), sum(&plain, "flows"));
    let report = fs::read_to_string(redacted.join("report.md")).unwrap();
    assert!(report.contains("## What was redacted") && report.contains("values hold pseudonyms"), "{report}");
    let hosts = |dir: &Path| values(dir, "flows", &["name", "country", "as_org"]);
    assert_eq!(hosts(&redacted), hosts(&plain), "public hosts, their countries and networks stay");

    // Nor where the analyst keeps what; by their hashes the files are found all the same.
    let paths: BTreeSet<String> = ["lab-study", "studies/lab", "01-default-1/phone.pcap.gz", "sslkeys"].map(str::to_owned).into();
    for path in files(&redacted) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(paths.iter().all(|part| !text.contains(part.as_str())), "{}", path.display());
    }
    let evidence = place.folder().join("in/evidence");
    copy(Path::new("captures/lab-study"), &evidence.join("a"));
    copy(Path::new("studies"), &evidence.join("b"));
    let moved = evidence.display().to_string();
    let checked = run(&place, &["verify", "{out}/redacted", "--captures", &moved]);
    assert_eq!(checked.status, 0, "{}{}", checked.stdout, checked.stderr);
    let again = ["verify", "{out}/redacted", "--captures", &moved, "--rerun", "--", "--redact-key", &key, "studies/lab/study.toml"];
    let checked = run(&place, &again);
    assert_eq!(checked.status, 0, "{}{}", checked.stdout, checked.stderr);
    let without = run(&place, &["verify", "{out}/redacted", "--rerun"]);
    assert!(without.status == 2 && without.stderr.contains("redacted paths"), "{}", without.stderr);
    let refused = run(&place, &["explain", "{out}/redacted", "claim:K09", "--capture", "{out}/x.pcapng"]);
    assert!(refused.status == 2 && refused.stderr.contains("holds pseudonyms, which are in no capture"), "{}", refused.stderr);
    let left: Vec<_> = fs::read_dir(&redacted).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "what lay aside is gone: {left:?}");
}

#[test]
fn what_was_on_the_air_is_hidden_and_one_key_is_one_result() {
    let place = Place::new("redact-air");
    let key = key(&place);
    let analyzed = |out: &str, more: &[&str]| {
        let args = ["analyze", MONITOR, "--wifi-keys", KEYS, "-o", out, "-q", "--format", ALL];
        let ran = run(&place, &[&args[..], more].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran
    };
    analyzed("{out}/plain", &[]);
    let ran = analyzed("{out}/redacted", &["--redact", "pseudonyms", "--redact-key", &key]);
    let (plain, redacted) = (place.folder().join("out/plain"), place.folder().join("out/redacted"));
    let mut secrets = values(&plain, "flows", &["device_ip", "remote_ip", "device_mac", "station", "bssid"]);
    secrets.extend(values(&plain, "wifi", &["bssid", "ssid", "station"]));
    secrets.extend(values(&plain, "remote_id", &["transmitter", "ssid", "identity", "operator_id", "account", "description"]));
    secrets.retain(|secret| !is_nobody(secret));
    for secret in ["Spark-Lab-01", "0ASUE7L0021LAB", "1581F45LABSPARK0021A", "192.168.2.55", "60:60:1f:5a:3c:01"] {
        assert!(secrets.contains(secret), "{secret} not in {secrets:?}");
    }
    assert_unsaid(&redacted, &secrets);
    assert!(secrets.iter().all(|secret| !says(&ran.stdout, secret)), "{}", ran.stdout);
    let broadcasts = rows(&redacted, "remote_id");
    assert_eq!(broadcasts.len(), rows(&plain, "remote_id").len());
    for column in ["latitude", "longitude", "altitude", "operator_latitude", "home_longitude"] {
        assert!(broadcasts.iter().all(|row| row[column].is_null()), "{column}");
    }
    assert!(values(&redacted, "wifi", &["bssid"]).iter().all(|bssid| bssid.starts_with("60:60:1f:")), "the maker stays");

    // The same from the finished result, byte for byte.
    let copied = run(&place, &["report", "{out}/plain", "-o", "{out}/copy", "--redact", "pseudonyms", "--redact-key", &key]);
    assert_eq!(copied.status, 0, "{}", copied.stderr);
    for table in ["flows", "wifi", "remote_id", "destinations", "redactions"] {
        let part = |dir: &str| fs::read(place.folder().join(format!("out/{dir}/{table}/part-0.parquet"))).unwrap();
        assert!(part("copy") == part("redacted"), "{table}");
    }
    let said = fs::read_to_string(redacted.join("report.md")).unwrap();
    assert!(!said.contains("lab-wpa2-monitor") && said.contains(".pcap.zst"), "a capture is named by its pseudonym");
    let checked = run(&place, &["verify", "{out}/copy", "--captures", "captures", "--rerun", "--", "--redact-key", &key, "{out}/plain"]);
    assert_eq!(checked.status, 0, "{}{}", checked.stdout, checked.stderr);
    let again = run(&place, &["report", "{out}/copy", "-o", "{out}/twice", "--redact", "pseudonyms", "--redact-key", &key]);
    assert!(again.status == 2 && again.stderr.contains("is redacted already"), "{}", again.stderr);
}

#[test]
fn bystanders_are_counted_and_gone() {
    let place = Place::new("redact-bystanders");
    let args = ["analyze", MONITOR, "--wifi-keys", KEYS, "-o", "{out}", "-q", "--format", "ndjson", "--device", "a4:83:e7:12:34:56"];
    assert_eq!(run(&place, &args).status, 0);
    let out = place.folder().join("out");
    let before = rows(&out, "flows");
    let ran = run(&place, &[&args[..], &["--redact", "bystanders"]].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let after = rows(&out, "flows");
    let is_own = |row: &&Value| {
        row["device_mac"] == "a4:83:e7:12:34:56" || row["station"] == "a4:83:e7:12:34:56" || row["remote_ip"] == "fe80::a683:e7ff:fe12:3456"
    };
    let own = before.iter().filter(is_own).count();
    assert!(after.len() == own && own < before.len(), "{} of {}, {own} of them its own", after.len(), before.len());
    assert!(rows(&out, "remote_id").is_empty(), "nobody named the aircraft");
    assert_eq!(rows(&out, "wifi").len(), 2, "the device and its network");
    let statement = rows(&out, "redactions");
    let removed = |table: &str| statement.iter().find(|row| row["table"] == table).unwrap()["rows"].as_u64().unwrap();
    assert_eq!((removed("flows"), removed("remote_id")), ((before.len() - own) as u64, 600));
    let sum = |table: &str| rows(&out, table).iter().map(|row| row["ip_bytes_out"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("summary"), sum("flows"));
    assert!(rows(&out, "flows").iter().all(|row| row["capture"] == "lab-wpa2-monitor.pcap.zst"), "the folders are gone");
    assert!(statement.iter().any(|row| row["what"] == "paths" && row["level"] == "bystanders"));
    assert_eq!(run(&place, &["verify", "{out}", "--captures", "captures", "--rerun", "--", "--wifi-keys", KEYS, MONITOR]).status, 0);
}

#[test]
fn what_is_missing_is_told_before_anything_is_read() {
    let place = Place::new("redact-missing");
    let short = place.folder().join("short");
    fs::write(&short, "short").unwrap();
    let short = short.display().to_string();
    for (args, said) in [
        (vec!["--redact", "pseudonyms"], "head -c 32 /dev/urandom"),
        (vec!["--redact", "pseudonyms", "--redact-key", &short], "expected 16 or more"),
        (vec!["--redact", "bystanders"], "name those under test"),
    ] {
        let ran = run(&place, &[&["analyze", MONITOR, "-o", "{out}", "-q"][..], &args].concat());
        assert!(ran.status == 2 && ran.stderr.contains(said), "{}", ran.stderr);
    }
}

fn run(place: &Place, args: &[&str]) -> Ran {
    let args: Vec<String> = args.iter().map(|word| place.path(word)).collect();
    whereto(place, &args, None)
}

fn key(place: &Place) -> String {
    let path = place.folder().join("key");
    fs::write(&path, "a key for the tests of redaction").unwrap();
    path.display().to_string()
}

fn rows(dir: &Path, table: &str) -> Vec<Value> {
    let text = fs::read_to_string(dir.join(format!("{table}.ndjson"))).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The texts of columns.
fn values(dir: &Path, table: &str, columns: &[&str]) -> BTreeSet<String> {
    let rows = rows(dir, table);
    rows.iter().flat_map(|row| columns.iter().filter_map(|column| row[*column].as_str())).map(str::to_owned).collect()
}

fn assert_unsaid(dir: &Path, secrets: &BTreeSet<String>) {
    let mut looked_at = 0;
    for path in files(dir) {
        // Parquet is compressed; the other formats hold the same cells.
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for secret in secrets {
            assert!(!says(&text, secret), "{secret} is in {}", path.display());
        }
        looked_at += 1;
    }
    assert!(looked_at > 50, "{looked_at} files");
}

/// Addresses of everybody and nobody.
fn is_nobody(text: &str) -> bool {
    let address: Option<std::net::IpAddr> = text.parse().ok();
    address.is_some_and(|address| address.is_multicast() || address.is_unspecified() || address.is_loopback()) || text == "255.255.255.255"
}

/// Whether a text holds a value that is not a part of a longer one.
fn says(text: &str, secret: &str) -> bool {
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || ".:".contains(letter));
    let is_digit = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_digit());
    text.match_indices(secret).any(|(at, _)| {
        let (before, rest) = (&text[..at], &text[at + secret.len()..]);
        let after = rest.chars().next();
        // A point may end a sentence.
        let goes_on = is_part(after) && (after != Some('.') || is_digit(rest.chars().nth(1)));
        !is_part(before.chars().next_back()) && !goes_on
    })
}

/// A folder of the repository, copied.
fn copy(from: &Path, to: &Path) {
    let from = crate::sources::root().join(from);
    for path in files(&from) {
        let there = to.join(path.strip_prefix(&from).unwrap());
        fs::create_dir_all(there.parent().unwrap()).unwrap();
        fs::copy(path, there).unwrap();
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
