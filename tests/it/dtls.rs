//! Sessions of DTLS that OpenSSL made (tests/data/dtls/generate.py): what they say in clear, and what their keys open.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use whereto::analysis::{self, Options};
use whereto::capture::Inputs;
use whereto::record::{Dns, Encryption, Finding, Flow, Row, Tls};
use whereto::search::Reveal;
use whereto::secrets::Secrets;

use crate::corpus::Collected;
use crate::decrypted::decrypt;
use crate::identifiers::search;
use crate::sources::root;

/// Bytes of data that tshark 4.0.17 opens in each session (`tshark -o tls.keylog_file:… -Y dtls.record.content_type==23 -x`);
/// of what comes twice half, and of ChaCha20, which it does not open, as much as was sent.
const OPENED: &[(&str, u64)] = &[
    ("dtls10-cbc", 262),
    ("dtls10-cbc-etm", 270),
    ("dtls12-cbc-sha256", 276),
    ("dtls12-cbc-sha384-etm", 284),
    ("dtls12-aes128-gcm", 276),
    ("dtls12-aes256-gcm", 276),
    ("dtls12-chacha20", 272),
    ("dtls12-aes128-ccm", 276),
    ("dtls12-aes128-ccm8", 278),
    ("dtls12-psk-ccm8", 174),
    ("dtls12-cookie", 268),
    ("dtls12-fragments", 274),
    ("dtls12-fragments-reordered", 294),
    ("dtls12-lossy", 154),
    ("dtls12-twice", 532 / 2),
    ("dtls12-first", 266),
    ("dtls12-resumed", 270),
];

fn sessions() -> PathBuf {
    root().join("tests/data/dtls/sessions.pcapng")
}

fn handshakes(collected: &Collected) -> Vec<&Tls> {
    collected.rows.iter().filter_map(|row| if let Row::Tls(row) = row { Some(&**row) } else { None }).collect()
}

fn queries(collected: &Collected) -> Vec<&Dns> {
    collected.rows.iter().filter_map(|row| if let Row::Dns(row) = row { Some(&**row) } else { None }).collect()
}

fn flows(collected: &Collected) -> Vec<&Flow> {
    collected.rows.iter().filter_map(|row| if let Row::Flow(row) = row { Some(&**row) } else { None }).collect()
}

fn anomalies(collected: &Collected) -> BTreeSet<&str> {
    let kinds = collected.rows.iter().filter_map(|row| if let Row::Anomaly(row) = row { Some(row.kind) } else { None });
    // The lines of text behind the query are none of DNS.
    kinds.filter(|kind| !kind.starts_with("dns-")).collect()
}

#[test]
fn hellos_and_certificates_are_read_without_keys() {
    // The last block has the keys; its last bytes are its length.
    let whole = std::fs::read(sessions()).unwrap();
    let (_, length) = whole.split_last_chunk::<4>().map(|(rest, length)| (rest, u32::from_le_bytes(*length))).unwrap();
    let mut file = tempfile::NamedTempFile::with_suffix(".pcapng").unwrap();
    file.write_all(&whole[..whole.len() - usize::try_from(length).unwrap()]).unwrap();
    let options = Options { scratch: std::env::temp_dir(), ..Options::default() };
    let mut collected = Collected::default();
    let inputs = Inputs { captures: vec![file.path().to_path_buf()], passed_over: Vec::new() };
    analysis::run(&inputs, &options, &mut collected, &mut |_| {}).unwrap();
    let told: BTreeMap<String, (String, String, bool)> = handshakes(&collected)
        .into_iter()
        .map(|row| {
            let text = |text: &Option<Cow<'static, str>>| text.clone().unwrap_or_default().into_owned();
            (
                row.hellos.server_name.clone().unwrap_or_else(|| "(resumed)".to_owned()),
                (text(&row.hellos.version), text(&row.hellos.cipher), row.is_resumed),
            )
        })
        .collect();
    let suite = |name: &str| told.get(&format!("{name}.example")).cloned().unwrap_or_default();
    let of = |version: &str, cipher: &str| (version.to_owned(), format!("TLS_{cipher}"), false);
    assert_eq!(suite("dtls10-cbc"), of("DTLS 1.0", "ECDHE_RSA_WITH_AES_128_CBC_SHA"));
    assert_eq!(suite("dtls12-chacha20"), of("DTLS 1.2", "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"));
    assert_eq!(suite("dtls12-psk-ccm8"), of("DTLS 1.2", "PSK_WITH_AES_128_CCM_8"));
    assert_eq!(suite("dtls12-fragments-reordered"), of("DTLS 1.2", "ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
    assert!(told["(resumed)"].2 && told.values().filter(|(.., is_resumed)| *is_resumed).count() == 1);
    assert_eq!(told.len(), 17);
    let certificates = collected.rows.iter().filter(|row| matches!(row, Row::Certificate(_))).count();
    assert_eq!(certificates, 14, "none with a pre-shared key, when resumed, and where a piece is missing");
    for flow in flows(&collected) {
        assert_eq!((flow.application.as_deref(), flow.encryption), (Some("dtls"), Encryption::Dtls));
    }
    assert_eq!((anomalies(&collected), queries(&collected).len()), (BTreeSet::new(), 0));
    let gcm = handshakes(&collected).into_iter().find(|row| !row.hellos.alpn.is_empty()).unwrap();
    assert_eq!(
        (gcm.hellos.alpn.as_slice(), gcm.hellos.alpn_chosen.as_deref()),
        (&["coap".to_owned(), "webrtc".to_owned()][..], Some("coap"))
    );
    assert!(gcm.hello_frames[1].starts_with("retry:") && gcm.hello_frames.len() == 4, "{:?}", gcm.hello_frames);
}

#[test]
fn every_suite_opens() {
    let opened = decrypt(&sessions(), &[], &[]);
    let mut answered = BTreeMap::<String, usize>::new();
    for row in queries(&opened) {
        assert!(row.decrypted);
        *answered.entry(row.query.clone().unwrap_or_default()).or_default() +=
            usize::from(row.answers.iter().any(|answer| answer.ends_with(" A 192.0.2.77")));
    }
    let rows = handshakes(&opened);
    for row in &rows {
        assert!(!row.decrypted_by.is_empty() && row.unopened == Some(0), "{row:?}");
        assert!(row.plain_bytes_out.is_some_and(|bytes| bytes >= 100), "{row:?}");
        let name = row.hellos.server_name.as_deref().unwrap_or("dtls12-resumed.example");
        if !name.contains("psk") && !name.contains("lossy") {
            assert_eq!(answered.get(name), Some(&1), "{name}: {answered:?}");
        }
    }
    let bytes = |row: &Tls| row.plain_bytes_out.unwrap_or(0) + row.plain_bytes_in.unwrap_or(0);
    let told: BTreeMap<_, _> =
        rows.iter().map(|row| (row.hellos.server_name.as_deref().unwrap_or("dtls12-resumed.example"), bytes(row))).collect();
    for (name, bytes) in OPENED {
        assert_eq!(told[format!("{name}.example").as_str()], *bytes, "{name}");
    }
    assert_eq!(anomalies(&opened), BTreeSet::new());
    for flow in flows(&opened) {
        assert_eq!(flow.encryption, Encryption::Dtls);
        assert!(matches!(flow.application.as_deref(), Some("dns" | "dtls")) && !flow.decrypted_by.is_empty(), "{flow:?}");
    }
}

#[test]
fn what_is_opened_is_looked_through() {
    let list = "[[identifier]]\nwhat = \"serial\"\nvalue = \"0ASUE7L0021LAB\"";
    let options = Options {
        scratch: std::env::temp_dir(),
        search: Arc::new(search(list, Reveal::Masked)),
        secrets: Arc::new(Secrets::default()),
        ..Options::default()
    };
    let mut collected = Collected::default();
    let inputs = Inputs { captures: vec![sessions()], passed_over: Vec::new() };
    analysis::run(&inputs, &options, &mut collected, &mut |_| {}).unwrap();
    let found: Vec<&Finding> = collected
        .rows
        .iter()
        .filter_map(|row| if let Row::Finding(row) = row { Some(&**row) } else { None })
        .filter(|finding| finding.identifier.is_some())
        .collect();
    let psk = handshakes(&collected).into_iter().find(|row| row.hellos.cipher.as_deref() == Some("TLS_PSK_WITH_AES_128_CCM_8")).unwrap();
    assert!(found.iter().any(|finding| finding.flow_id == Some(psk.origin.flow_id)), "{found:?}");
    assert!(found.iter().all(|finding| finding.decrypted && finding.part.as_deref() == Some("payload")));
}
