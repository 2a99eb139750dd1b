//! What flows can have carried, told without keys, beside what they did carry, told with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use whereto::record::{Flow, Row, VolumeBasis};

use crate::corpus::{Collected, corpus_root};
use crate::decrypted::decrypt;

/// Bodies of each flow as they were sent: out, in.
fn bodies(opened: &Collected) -> BTreeMap<u64, [u64; 2]> {
    let mut sums = BTreeMap::<u64, [u64; 2]>::new();
    for row in &opened.rows {
        let Row::Http(row) = row else { continue };
        let both = if row.from_device { [row.request_bytes, row.response_bytes] } else { [row.response_bytes, row.request_bytes] };
        let sum = sums.entry(row.origin.flow_id).or_default();
        *sum = [sum[0] + both[0], sum[1] + both[1]];
    }
    sums
}

fn flows(collected: &Collected) -> impl Iterator<Item = &Flow> {
    collected.rows.iter().filter_map(|row| if let Row::Flow(row) = row { Some(&**row) } else { None })
}

/// Checks a capture; how many flows of each basis had bodies.
fn check(path: &Path, logs: &[PathBuf], keys: &[PathBuf]) -> BTreeMap<&'static str, usize> {
    let bodies = bodies(&decrypt(path, logs, keys));
    let closed = decrypt(path, &[], &[]);
    let mut compared = BTreeMap::new();
    for flow in flows(&closed) {
        let volume = &flow.volume;
        for (bounds, counts) in [(volume.outbound, flow.outbound), (volume.inbound, flow.inbound)] {
            assert!(bounds.min <= bounds.max && bounds.max <= counts.unique_bytes + counts.gap_bytes, "{flow:?}");
        }
        let Some(carried) = bodies.get(&flow.flow_id) else { continue };
        for (bounds, carried) in [(volume.outbound, carried[0]), (volume.inbound, carried[1])] {
            assert!((bounds.min..=bounds.max).contains(&carried), "{}: {carried} not in {bounds:?}: {flow:?}", path.display());
            if volume.basis == VolumeBasis::HttpBodies {
                assert_eq!((bounds.min, bounds.max), (carried, carried), "{flow:?}");
            }
            // A large file leaves little doubt: heads, frames, and what the handshake needs.
            if volume.basis == VolumeBasis::TlsRecords && carried > 100_000 {
                assert!(bounds.max - carried < carried / 100 + 8_192 && bounds.min > carried / 3, "{bounds:?} for {carried}: {flow:?}");
            }
        }
        *compared.entry(volume.basis.as_str()).or_default() += 1;
    }
    compared
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn bodies_of_the_samples_lie_within_the_bounds() {
    let day = check(&here("captures/go4-day.pcapng"), &[here("captures/go4-day.keys.txt")], &[]);
    assert!(day["tls-records"] > 20 && day["http-bodies"] > 5 && day["quic-packets"] == 7, "{day:?}");
    let flight = check(&here("captures/lab-wpa2-flight-phone.pcap.zst"), &[here("captures/lab-wpa2-flight-phone.keys.txt")], &[]);
    assert_eq!(flight["tls-records"], 7, "{flight:?}");
}

#[test]
fn bodies_lie_within_the_bounds_whatever_seals_them() {
    let suites = check(&here("tests/data/tls/suites.pcapng"), &[], &[here("tests/data/tls/server.key")]);
    assert!(suites["tls-records"] > 10, "{suites:?}");
}

#[test]
fn bodies_of_the_lab_lie_within_the_bounds() {
    let Some(root) = corpus_root() else { return };
    let s1 = root.join("wifi-lab/s1-wpa2-psk-full");
    let seen = check(&s1.join("phone-plain.pcap"), &[s1.join("sslkeys.txt")], &[]);
    assert_eq!(seen, [("http-bodies", 7), ("tls-records", 7)].into());
    let mut runs: Vec<_> = std::fs::read_dir(root.join("lab-study")).unwrap().map(|entry| entry.unwrap().path()).collect();
    runs.retain(|run| run.join("phone-plain.pcap").is_file());
    runs.sort();
    assert!(!runs.is_empty());
    for run in runs {
        let logs: Vec<_> = [run.join("sslkeys.txt")].into_iter().filter(|log| log.is_file()).collect();
        check(&run.join("phone-plain.pcap"), &logs, &[]);
    }
}
