//! Captures with the analyst's keys: what was sealed is told as if it had been sent in clear, and marked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use whereto::analysis::{self, Options};
use whereto::capture::Inputs;
use whereto::record::{Flow, Http, Quic, Row, Tls};
use whereto::secrets::Secrets;

use crate::corpus::{Collected, corpus};

/// Reads a capture with key logs and private keys.
pub(crate) fn decrypt(path: &Path, logs: &[PathBuf], keys: &[PathBuf]) -> Collected {
    let mut secrets = Secrets::default();
    logs.iter().for_each(|log| secrets.add_key_log(log).expect("the key log can be read"));
    keys.iter().for_each(|key| secrets.add_rsa_key(key).expect("the key can be read"));
    let inputs = Inputs { captures: vec![path.to_path_buf()], passed_over: Vec::new() };
    let options = Options { scratch: std::env::temp_dir(), secrets: Arc::new(secrets), ..Options::default() };
    let mut collected = Collected::default();
    let outcome = analysis::run(&inputs, &options, &mut collected, &mut |_| {}).expect("rules and address data are there");
    assert!(outcome.open_ledgers.is_empty(), "the ledger of {} does not close", path.display());
    collected
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name)
}

/// Sessions of every kind; tests/data/tls/generate.py made them.
fn suites(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(name)
}

fn https(collected: &Collected) -> impl Iterator<Item = &Http> {
    collected.rows.iter().filter_map(|row| if let Row::Http(row) = row { Some(&**row) } else { None })
}

fn handshakes(collected: &Collected) -> impl Iterator<Item = &Tls> {
    collected.rows.iter().filter_map(|row| if let Row::Tls(row) = row { Some(&**row) } else { None })
}

fn connections(collected: &Collected) -> impl Iterator<Item = &Quic> {
    collected.rows.iter().filter_map(|row| if let Row::Quic(row) = row { Some(&**row) } else { None })
}

fn flows(collected: &Collected) -> impl Iterator<Item = &Flow> {
    collected.rows.iter().filter_map(|row| if let Row::Flow(row) = row { Some(&**row) } else { None })
}

/// Decrypted requests as `host path`, with how often.
fn requests(collected: &Collected) -> BTreeMap<String, usize> {
    let mut requests = BTreeMap::new();
    for row in https(collected).filter(|row| row.decrypted && row.method.is_some()) {
        *requests.entry(format!("{} {}", row.host.as_deref().unwrap_or("-"), row.path.as_deref().unwrap_or("-"))).or_default() += 1;
    }
    requests
}

/// What is in `wanted` and not in `found`.
fn missing(wanted: &BTreeMap<String, usize>, found: &BTreeMap<String, usize>) -> Vec<String> {
    let missed = wanted.iter().filter(|(name, count)| found.get(*name).unwrap_or(&0) < count);
    missed.map(|(name, count)| format!("{name} {count}")).collect()
}

#[test]
fn the_generated_day_opens_with_its_keys() {
    let opened = decrypt(&sample("go4-day.pcapng"), &[sample("go4-day.keys.txt")], &[]);
    let truth: Value = serde_json::from_str(&fs::read_to_string(sample("go4-day.truth.json")).unwrap()).unwrap();
    let mut wanted = BTreeMap::new();
    for flow in truth["flows"].as_array().unwrap().iter().filter(|flow| flow["encryption"] != "none") {
        for request in flow["requests"].as_array().unwrap() {
            let host = request["host"].as_str().filter(|host| !host.is_empty()).unwrap_or("-");
            let line = format!("{host} {}", request["path"].as_str().unwrap());
            *wanted.entry(line).or_default() += 1;
        }
    }
    assert!(wanted.values().sum::<usize>() > 50);
    let found = requests(&opened);
    assert_eq!(missing(&wanted, &found), Vec::<String>::new());
    // Three segments were lost on purpose: the records they tear stay sealed, and no others.
    let sealed: Vec<&Tls> = handshakes(&opened).filter(|row| row.unopened.unwrap_or(0) > 0).collect();
    let torn = |row: &&&Tls| flows(&opened).any(|flow| flow.flow_id == row.origin.flow_id && flow.inbound.gaps + flow.outbound.gaps > 0);
    assert!(sealed.iter().all(|row| torn(&row)) && sealed.iter().filter_map(|row| row.unopened).sum::<u64>() <= 3, "{sealed:#?}");
    let connections: Vec<&Quic> = connections(&opened).collect();
    assert!(
        connections.len() == 7 && connections.iter().all(|row| row.unopened == Some(0) && row.hellos.alpn_chosen.as_deref() == Some("h3"))
    );
    assert!(connections.iter().filter_map(|row| row.plain_bytes_in).sum::<u64>() > 99_000);
    let closed = decrypt(&sample("go4-day.pcapng"), &[], &[]);
    assert!(https(&closed).all(|row| !row.decrypted) && flows(&closed).all(|flow| flow.decrypted_by.is_empty()));
    let encrypted = |collected: &Collected| flows(collected).map(|flow| flow.encryption).collect::<Vec<_>>();
    assert_eq!(encrypted(&opened), encrypted(&closed), "an observer reads no more because we have keys");
}

#[test]
fn the_recorded_flight_opens_with_its_keys() {
    let opened = decrypt(&sample("lab-wpa2-flight-phone.pcap.zst"), &[sample("lab-wpa2-flight-phone.keys.txt")], &[]);
    assert_eq!(handshakes(&opened).count(), 7);
    for row in handshakes(&opened) {
        assert_eq!(row.unopened, Some(0), "{row:?}");
        assert!(!row.decrypted_by.is_empty() && row.plain_bytes_out > Some(0) && row.plain_bytes_in > Some(0), "{row:?}");
    }
    let uploads: u64 = handshakes(&opened).filter_map(|row| row.plain_bytes_out).sum();
    assert!((4_700_124..4_800_000).contains(&uploads), "{uploads} bytes");
}

/// One session for each way in which TLS seals records; the secrets stand behind the last packet.
#[test]
fn every_way_of_sealing_is_opened() {
    let opened = decrypt(&suites("suites.pcapng"), &[], &[suites("server.key")]);
    let mut wanted = BTreeMap::new();
    for row in handshakes(&opened) {
        let host = row.hellos.server_name.clone().unwrap_or_default();
        assert_eq!(row.unopened, Some(0), "{host}: {row:?}");
        let is_rsa = host.starts_with("rsa-");
        assert!(row.decrypted_by.iter().all(|id| id.ends_with("server.key") == is_rsa && id.contains("suites.pcapng@") != is_rsa));
        wanted.extend(["/1", "/2"].map(|path| (format!("{host} {path}"), 1)));
    }
    wanted.extend(["tls13-resumed.example /early", "tls13-rejected.example /early"].map(|early| (early.to_owned(), 1)));
    assert_eq!(handshakes(&opened).count(), 35);
    assert_eq!(requests(&opened), wanted);
    let certificates = opened
        .rows
        .iter()
        .filter(|row| matches!(row, Row::Certificate(row) if row.server_name.as_deref().is_some_and(|name| name.starts_with("tls13-"))));
    assert_eq!(certificates.count(), 9, "certificates that TLS 1.3 seals");
}

/// Whatever packets are lost: nothing that was not sent is told, and what comes behind a hole is opened again.
#[test]
fn holes_hide_what_is_in_them_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("holes.pcapng");
    let whole = fs::read(suites("suites.pcapng")).unwrap();
    let truth = requests(&decrypt(&suites("suites.pcapng"), &[], &[suites("server.key")]));
    let mut found = 0;
    for lost in 0..9 {
        fs::write(&path, without_packets(&whole, |number| number % 9 == lost)).unwrap();
        let opened = requests(&decrypt(&path, &[], &[suites("server.key")]));
        assert_eq!(missing(&opened, &truth), Vec::<String>::new(), "told what was not sent");
        found += opened.values().sum::<usize>();
    }
    // Of nine packets of a session six matter; a lost hello costs it all.
    assert!(found > 9 * truth.len() / 2, "{found} of {}", 9 * truth.len());
}

#[test]
fn a_lossy_upload_is_opened_around_its_holes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lossy.pcap");
    let whole = zstd::decode_all(fs::File::open(sample("lab-wpa2-flight-phone.pcap.zst")).unwrap()).unwrap();
    fs::write(&path, without_large_records(&whole, 40)).unwrap();
    let opened = decrypt(&path, &[sample("lab-wpa2-flight-phone.keys.txt")], &[]);
    let plain: u64 = handshakes(&opened).filter_map(|row| Some(row.plain_bytes_out? + row.plain_bytes_in?)).sum();
    assert!(plain > 5_000_000, "{plain} bytes opened");
}

/// A pcapng file without some of its packets.
fn without_packets(file: &[u8], is_lost: impl Fn(usize) -> bool) -> Vec<u8> {
    let (mut kept, mut rest, mut number) = (Vec::new(), file, 0);
    while let Some(length) = rest.get(4..8).map(|length| u32::from_le_bytes(length.try_into().unwrap()) as usize) {
        let (block, after) = rest.split_at(length);
        let is_packet = block[0] == 6;
        number += usize::from(is_packet);
        if !is_packet || !is_lost(number) {
            kept.extend_from_slice(block);
        }
        rest = after;
    }
    kept
}

/// A pcap file without one in `each` of its packets of more than 1,000 bytes.
fn without_large_records(file: &[u8], each: usize) -> Vec<u8> {
    let (head, mut rest) = file.split_at(24);
    let (mut kept, mut large) = (head.to_vec(), 0);
    while let Some(length) = rest.get(8..12).map(|length| u32::from_le_bytes(length.try_into().unwrap()) as usize) {
        let (record, after) = rest.split_at(16 + length);
        large += usize::from(length > 1_000);
        if length <= 1_000 || large % each != 0 {
            kept.extend_from_slice(record);
        }
        rest = after;
    }
    kept
}

#[test]
fn another_capture_s_keys_open_nothing() {
    let opened = decrypt(&sample("lab-wpa2-flight-phone.pcap.zst"), &[sample("go4-day.keys.txt")], &[]);
    assert!(https(&opened).all(|row| !row.decrypted));
    assert!(handshakes(&opened).all(|row| row.decrypted_by.is_empty() && row.plain_bytes_out.is_none()));
}

/// Files of the corpus that its key list, or a block inside, has TLS secrets for.
fn keyed(corpus: &Path) -> Vec<(PathBuf, Vec<PathBuf>, Value)> {
    let mut found = Vec::new();
    let mut names: Vec<PathBuf> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for truth in names.iter().filter(|path| path.to_string_lossy().ends_with(".truth.json")) {
        let text: Value = serde_json::from_str(&fs::read_to_string(truth).unwrap()).unwrap();
        let keys = text["decrypted"]["keys"].as_array().cloned().unwrap_or_default();
        let is_tls = keys.iter().any(|key| key["kind"] == "tls-keylog" || key["kind"] == "pcapng-dsb");
        if is_tls {
            let logs = keys.iter().filter_map(|key| key["file"].as_str()).map(|file| corpus.join(file)).collect();
            found.push((PathBuf::from(truth.to_string_lossy().trim_end_matches(".truth.json")), logs, text));
        }
    }
    found
}

/// The lab's recording of the phone's own interface; one session has no key of the client's but that of its server.
#[test]
fn the_lab_flight_opens_with_the_server_s_key() {
    let Some(lab) = corpus().map(|corpus| corpus.with_file_name("wifi-lab")).filter(|lab| lab.is_dir()) else { return };
    let (capture, server) = (lab.join("s1-wpa2-psk-full/phone-plain.pcap"), lab.join("lab/tls/srv.key"));
    let by_server = decrypt(&capture, &[], std::slice::from_ref(&server));
    let opened: Vec<&Tls> = handshakes(&by_server).filter(|row| !row.decrypted_by.is_empty()).collect();
    assert_eq!(opened.len(), 1);
    assert!(opened[0].hellos.cipher.as_deref() == Some("TLS_RSA_WITH_AES_128_GCM_SHA256") && opened[0].unopened == Some(0), "{opened:?}");
    assert_eq!(requests(&by_server), BTreeMap::from([("log-upload.djiservice.org /rsa-kex".to_owned(), 1)]));
    let by_all = decrypt(&capture, &[lab.join("s1-wpa2-psk-full/sslkeys.txt")], &[server]);
    assert_eq!(handshakes(&by_all).filter(|row| !row.decrypted_by.is_empty() && row.unopened == Some(0)).count(), 7);
}

#[test]
fn opens_what_tshark_opens() {
    let Some(corpus) = corpus() else { return };
    let keyed = keyed(&corpus);
    assert!(keyed.len() >= 11, "only {} captures with keys", keyed.len());
    let mut wrong = Vec::new();
    for (path, logs, truth) in keyed {
        let opened = decrypt(&path, &logs, &[]);
        let names = &truth["decrypted"]["names"];
        let mut wanted = BTreeMap::<String, usize>::new();
        for (kind, host) in [("http", "host"), ("http2", "authority"), ("http3", "authority")] {
            let mut seen = BTreeSet::new();
            for message in names[kind].as_array().unwrap().iter().filter(|message| !message["method"].as_array().unwrap().is_empty()) {
                // tshark tells a request again when QUIC sends its packet again.
                let is_new = seen.insert(format!("{} {} {}", message["sport"], message["method"], message["path"]));
                if kind != "http3" || is_new {
                    *wanted.entry(message[host][0].as_str().unwrap_or("-").to_owned()).or_default() += 1;
                }
            }
        }
        let mut found = BTreeMap::<String, usize>::new();
        for row in https(&opened).filter(|row| row.method.is_some()) {
            *found.entry(row.host.clone().unwrap_or_else(|| "-".to_owned())).or_default() += 1;
        }
        wrong.extend(missing(&wanted, &found).into_iter().map(|line| format!("{}: {line}", path.display())));
        let sealed = connections(&opened).filter(|row| row.unopened.is_some_and(|count| count > 0) || row.decrypted_by.is_empty());
        wrong.extend(sealed.map(|row| format!("{}: {row:?}", path.display())));
        let sealed = handshakes(&opened).filter(|row| row.unopened.is_some_and(|count| count > 0));
        wrong.extend(sealed.map(|row| format!("{}: {row:?}", path.display())));
    }
    assert!(wrong.is_empty(), "not opened:\n{}", wrong.join("\n"));
}
