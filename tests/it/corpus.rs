//! Beside tshark on the same files: frames, flows, bytes, names, DNS messages. Needs the corpus of real captures with its
//! ground truth, named by `WHERETO_CORPUS`; without it these tests say so and check nothing.
//!
//! Where the two differ, docs/tshark.md says which of them is wrong and why; a difference that is not in its table
//! fails the test, and so does a line of the table that no longer happens.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use whereto::Error;
use whereto::analysis::{self, Options, Outcome, Output};
use whereto::capture::Inputs;
use whereto::flow::Devices;
use whereto::record::{Capture, Disposition, Ledger, Origin, Row};
use whereto::wifi::Keys;

use crate::messages::{self, Lines};

/// Everything an analysis puts out, in memory.
#[derive(Default)]
pub(crate) struct Collected {
    pub(crate) rows: Vec<Row>,
    pub(crate) captures: Vec<Capture>,
    pub(crate) ledger: Vec<Ledger>,
}

impl Output for Collected {
    fn row(&mut self, row: Row) -> Result<(), Error> {
        self.rows.push(row);
        Ok(())
    }

    fn capture(&mut self, row: Capture) -> Result<(), Error> {
        self.captures.push(row);
        Ok(())
    }

    fn ledger(&mut self, row: Ledger) -> Result<(), Error> {
        self.ledger.push(row);
        Ok(())
    }
}

pub(crate) fn analyze(path: &Path) -> (Collected, Outcome) {
    analyze_keys(path, Keys::default())
}

/// An analysis with keys of protected networks.
pub(crate) fn analyze_keys(path: &Path, keys: Keys) -> (Collected, Outcome) {
    run(path, Options { wifi_keys: Arc::new(keys), ..Options::default() })
}

/// The same with a device named.
pub(crate) fn analyze_device(path: &Path, keys: Keys, device: &str) -> (Collected, Outcome) {
    let devices = Devices(vec![device.parse().expect("a device")]);
    run(path, Options { wifi_keys: Arc::new(keys), devices, ..Options::default() })
}

fn run(path: &Path, options: Options) -> (Collected, Outcome) {
    let inputs = Inputs { captures: vec![path.to_path_buf()], passed_over: Vec::new() };
    let options = Options { scratch: std::env::temp_dir(), ..options };
    let mut collected = Collected::default();
    let outcome = analysis::run(&inputs, &options, &mut collected, &mut |_| {}).expect("rules and address data are there");
    (collected, outcome)
}

/// The corpus, or a word that it is not there.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "the corpus is not part of the project: where it lies is told from outside"
)]
pub(crate) fn corpus_root() -> Option<PathBuf> {
    let root = std::env::var("WHERETO_CORPUS").ok().map(PathBuf::from);
    if root.is_none() {
        eprintln!("SKIPPED: WHERETO_CORPUS names no folder of captures with ground truth");
    }
    root
}

/// The part of it that is compared with tshark.
pub(crate) fn corpus() -> Option<PathBuf> {
    corpus_root().map(|root| if root.join("corpus").is_dir() { root.join("corpus") } else { root })
}

type Ends = ((IpAddr, u16), (IpAddr, u16));

/// What one direction carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Carried {
    packets: u64,
    ip_bytes: u64,
    fragments: u64,
}

/// Packets and bytes per protocol, sender and receiver.
type Flows = BTreeMap<(String, Ends), Carried>;

fn our_flows(rows: &[Row]) -> Flows {
    let mut flows = Flows::new();
    for flow in rows.iter().filter_map(|row| if let Row::Flow(flow) = row { Some(flow) } else { None }) {
        let (Some(device), Some(remote)) = (flow.device_port, flow.remote_port) else { continue };
        if flow.protocol == "sctp" {
            continue;
        }
        let (device, remote) = ((flow.device_ip, device), (flow.remote_ip, remote));
        for (ends, counts) in [((device, remote), flow.outbound), ((remote, device), flow.inbound)] {
            let carried = flows.entry((flow.protocol.clone(), ends)).or_default();
            carried.packets += counts.packets;
            carried.ip_bytes += counts.ip_bytes;
            carried.fragments += counts.fragments;
        }
    }
    flows.retain(|_, carried| carried.packets > 0);
    flows
}

/// tshark counts the last fragment of a datagram as the packet and keeps the others apart.
fn their_flows(truth: &Value) -> (Flows, BTreeMap<(String, Ends), u64>) {
    let mut flows = Flows::new();
    let mut fragments = BTreeMap::new();
    for flow in truth["flows"].as_array().expect("flows") {
        let end = |name: &str| {
            (flow[name]["ip"].as_str().unwrap().parse().unwrap(), u16::try_from(flow[name]["port"].as_u64().unwrap()).unwrap())
        };
        let (a, b) = (end("a"), end("b"));
        for (ends, direction) in [((a, b), "a_to_b"), ((b, a), "b_to_a")] {
            let count = |name: &str| flow[direction][name].as_u64().unwrap();
            let key: (String, Ends) = (flow["proto"].as_str().unwrap().to_owned(), ends);
            let carried = flows.entry(key.clone()).or_default();
            carried.packets += count("packets") + count("fragment_frames");
            carried.ip_bytes += count("ip_bytes");
            carried.fragments += count("fragment_frames");
            *fragments.entry(key).or_default() += count("fragment_wire_bytes");
        }
    }
    flows.retain(|_, carried| carried.packets > 0);
    (flows, fragments)
}

fn compare_flows(collected: &Collected, truth: &Value) -> Vec<String> {
    let ours = our_flows(&collected.rows);
    let (theirs, fragment_bytes) = their_flows(truth);
    let mut told = Vec::new();
    for key in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let (protocol, ((from, from_port), (to, to_port))) = key;
        let name = format!("{protocol} {from}:{from_port}>{to}:{to_port}");
        let (Some(our), Some(their)) = (ours.get(key), theirs.get(key)) else {
            let (who, carried) = if let Some(our) = ours.get(key) { ("ours", our) } else { ("tshark", &theirs[key]) };
            told.push(format!("flow {name} only {who}: {} packets {} bytes", carried.packets, carried.ip_bytes));
            continue;
        };
        // Of fragments tshark's truth tells frame bytes: link headers of one fixed length come on top.
        let headers = (their.ip_bytes + fragment_bytes[key]).checked_sub(our.ip_bytes);
        let is_equal = our.packets == their.packets
            && if their.fragments == 0 {
                our.ip_bytes == their.ip_bytes
            } else {
                headers.is_some_and(|bytes| bytes % their.fragments == 0 && bytes / their.fragments < 64)
            };
        if !is_equal {
            told.push(format!(
                "flow {name}: ours {} packets {} bytes, tshark {} packets {} bytes",
                our.packets, our.ip_bytes, their.packets, their.ip_bytes
            ));
        }
    }
    told
}

/// `frame kind name` lines of both sides, the ones that differ.
fn compare_names(collected: &Collected, truth: &Value) -> Vec<String> {
    unmatched(&our_names(&collected.rows), &their_names(truth))
}

/// Lines that one side has more often than the other.
fn unmatched(ours: &Lines, theirs: &Lines) -> Vec<String> {
    let only = |a: &Lines, b: &Lines, who: &str| -> Vec<String> {
        a.iter()
            .filter(|(line, count)| b.get(*line).copied().unwrap_or(0) < **count)
            .map(|(line, _)| format!("{line} only {who}"))
            .collect()
    };
    let mut told = only(theirs, ours, "tshark");
    told.extend(only(ours, theirs, "ours"));
    told
}

fn our_names(rows: &[Row]) -> Lines {
    let ports: BTreeMap<u64, u16> =
        rows.iter().filter_map(|row| if let Row::Flow(flow) = row { Some((flow.flow_id, flow.device_port?)) } else { None }).collect();
    let mut names = BTreeMap::new();
    // Where a hello went: a client that says it again says the same.
    let mut hello = |kind: &str, name: &str, origin: &Origin, is_from_device: bool| {
        let device = (origin.device_ip, ports[&origin.flow_id]);
        let remote = (origin.remote_ip, origin.remote_port.unwrap_or_default());
        let (client, server) = if is_from_device { (device, remote) } else { (remote, device) };
        names.insert(format!("{kind} {name} {}:{}>{}:{}", client.0, client.1, server.0, server.1), 1);
    };
    for row in rows {
        match row {
            Row::Tls(row) => row.hellos.server_name.iter().for_each(|name| hello("tls", name, &row.origin, row.from_device)),
            Row::Quic(row) => row.hellos.server_name.iter().for_each(|name| hello("quic", name, &row.origin, row.from_device)),
            _ => {}
        }
    }
    let mut add = |line: String| *names.entry(line).or_default() += 1;
    for row in rows {
        match row {
            Row::Http(row) if row.method.is_some() && !row.decrypted => row.host.iter().for_each(|host| add(format!("http {host}"))),
            Row::Dns(row) if !row.decrypted => {
                add(format!("dns {} {} {}", row.origin.frame, row.query.as_deref().unwrap_or("-"), row.answers.len()))
            }
            _ => {}
        }
    }
    names
}

fn their_names(truth: &Value) -> Lines {
    let mut names = Lines::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for (kind, key) in [("tls", "tls_client_hellos"), ("quic", "quic_client_hellos")] {
        for hello in list(&truth["names"][key]) {
            let (from, to) = (hello["src"].as_str().unwrap_or("?"), hello["dst"].as_str().unwrap_or("?"));
            for name in list(&hello["sni"]).iter().filter_map(Value::as_str) {
                names.insert(format!("{kind} {} {from}:{}>{to}:{}", name.to_ascii_lowercase(), hello["sport"], hello["dport"]), 1);
            }
        }
    }
    let mut add = |line: String| *names.entry(line).or_default() += 1;
    for message in list(&truth["names"]["http"]) {
        if !list(&message["method"]).is_empty() {
            list(&message["host"]).iter().filter_map(Value::as_str).for_each(|host| add(format!("http {}", host.to_ascii_lowercase())));
        }
    }
    for message in list(&truth["dns"]) {
        let query = message["queries"][0]["name"]
            .as_str()
            .map_or_else(|| "-".to_owned(), |name| if name == "<Root>" { ".".to_owned() } else { name.to_ascii_lowercase() });
        add(format!("dns {} {query} {}", message["frame"], list(&message["answers"]).len()));
    }
    names
}

/// The table of docs/tshark.md: file, beginning of a difference.
fn explained() -> Vec<(String, String)> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tshark.md")).expect("docs/tshark.md");
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>();
    let rows = page.lines().filter(|line| line.starts_with("| `")).map(cells);
    rows.filter_map(|row| Some((row.get(1)?.clone(), row.get(2)?.clone()))).collect()
}

fn differences(path: &Path, truth: &Value) -> Vec<String> {
    let (collected, outcome) = analyze(path);
    assert!(outcome.open_ledgers.is_empty(), "the ledger of {} does not close", path.display());
    let mut told = Vec::new();
    let frames: u64 = collected.ledger.iter().map(|line| line.frames).sum();
    if Some(frames) != truth["packet_records"].as_u64() {
        told.push(format!("frames: ours {frames}, tshark {}", truth["packet_records"]));
    }
    told.extend(compare_flows(&collected, truth));
    told.extend(compare_names(&collected, truth));
    told.extend(unmatched(&messages::ours(&collected.rows), &messages::theirs(truth)));
    told
}

/// What tshark says of every capture.
pub(crate) fn truths(corpus: &Path) -> Vec<Value> {
    let texts = sorted(corpus).into_iter().filter(|path| path.to_string_lossy().ends_with(".truth.json"));
    texts.map(|path| serde_json::from_str(&fs::read_to_string(path).unwrap()).expect("ground truth is JSON")).collect()
}

#[test]
fn agrees_with_tshark_or_says_why_not() {
    let Some(corpus) = corpus() else { return };
    let explained = explained();
    let mut used = BTreeSet::new();
    let mut open = Vec::new();
    let mut captures = 0;
    for path in sorted(&corpus) {
        let Ok(text) = fs::read_to_string(with_suffix(&path, ".truth.json")) else { continue };
        let truth: Value = serde_json::from_str(&text).expect("ground truth is JSON");
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        captures += 1;
        for difference in differences(&path, &truth) {
            match explained.iter().position(|(name, text)| *name == file && difference.starts_with(text)) {
                Some(index) => _ = used.insert(index),
                None => open.push(format!("{file} | {difference}")),
            }
        }
    }
    let stale: Vec<_> = explained.iter().enumerate().filter(|(index, _)| !used.contains(index)).map(|(_, row)| row).collect();
    assert!(captures > 80, "only {captures} captures with ground truth in {}", corpus.display());
    assert!(open.is_empty(), "{} differences that docs/tshark.md does not explain:\n{}", open.len(), open.join("\n"));
    assert!(stale.is_empty(), "docs/tshark.md explains what no longer happens: {stale:#?}");
}

#[test]
fn keeps_what_comes_before_the_damage() {
    let Some(corpus) = corpus() else { return };
    let folder = corpus.join("robustness");
    let text = fs::read_to_string(folder.join("expect.json")).expect("expect.json");
    let expected: Vec<Value> = serde_json::from_str(&text).expect("expect.json is JSON");
    let mut wrong = Vec::new();
    for case in &expected {
        let file = case["file"].as_str().unwrap();
        // tshark guesses at other variants of a damaged file, and then reads garbage as packets: tcpdump does not.
        let count = |tool: &str, what: &str| case[tool][what].as_u64().unwrap_or(0);
        let lines = count("tcpdump_4_99_3", "lines");
        let theirs = if lines == 0 { count("tshark_4_4_18", "packets") } else { lines.min(count("tshark_4_4_18", "packets")) };
        let (collected, outcome) = analyze(&folder.join(file));
        assert!(outcome.open_ledgers.is_empty(), "the ledger of {file} does not close");
        let frames: u64 = collected.ledger.iter().map(|line| line.frames).sum();
        let unsupported = collected.ledger.iter().any(|line| line.disposition == Disposition::UnsupportedLink);
        let failed = case["tshark_4_4_18"]["exit"].as_i64() != Some(0);
        if frames < theirs {
            wrong.push(format!("{file}: {frames} frames, tshark {theirs}"));
        }
        // The upper bits of the link type are masked, as captures with rubbish there are common; nothing else is wrong.
        if failed && !outcome.is_damaged && !file.contains("linktype-reserved-field") {
            wrong.push(format!(
                "{file}: tshark exits {}, we find no damage ({})",
                case["tshark_4_4_18"]["exit"], case["tshark_4_4_18"]["stderr"]
            ));
        }
        if !failed && outcome.is_damaged && !unsupported {
            wrong.push(format!("{file}: tshark finds no damage, we do: {:?}", outcome.unreadable));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).expect("the corpus can be read").map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
