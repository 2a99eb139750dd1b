//! The lab study: verdicts, initiation and differences beside what the lab knows; then the study tampered with, split
//! and reordered. The shipped recordings need nothing else; the full ones with their truth need `WHERETO_CORPUS`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cases::{Place, whereto};
use crate::corpus::corpus_root;
use crate::sources::root;

/// What the shipped study must come to: the verdict, and what else can be defended.
const VERDICTS: &[(&str, &[&str])] = &[
    ("K01", &["supported", "not-contradicted"]),
    ("K02", &["supported", "not-contradicted"]),
    ("K03", &["supported", "not-contradicted"]),
    ("K04", &["not-contradicted", "undetermined"]),
    ("K05", &["supported", "not-contradicted"]),
    ("K06", &["supported", "not-contradicted"]),
    ("K07", &["supported", "not-contradicted"]),
    ("K08", &["supported", "not-contradicted"]),
    ("K09", &["contradicted", "undetermined"]),
    ("K10", &["supported"]),
    ("K11", &["not-testable", "undetermined", "not-contradicted"]),
    ("K12", &["not-testable"]),
    ("K13", &["supported", "not-contradicted"]),
    ("K14", &["not-testable"]),
    ("K15", &["supported", "not-contradicted"]),
    ("K16", &["supported", "not-contradicted"]),
    ("K17", &["supported", "not-contradicted"]),
];

/// A twin, what its claims become, and all of the claims that change.
const TWINS: &[(&str, &str, &[&str])] = &[
    ("record", "contradicted", &["K01", "K05", "K17"]),
    ("record-encrypted", "contradicted", &["K01", "K05", "K17"]),
    ("media", "contradicted", &["K01", "K02", "K03", "K17"]),
    ("diagnostics", "undetermined", &["K01", "K06"]),
    ("crash-report", "contradicted", &["K01", "K06"]),
    ("beacon", "contradicted", &["A01", "K01", "K16"]),
    ("hole", "undetermined", &["A11", "K01", "K02", "K03", "K04", "K05", "K08", "K13", "K17"]),
];

/// The twins that are made for the air as well, and what the same claims become. The air does not tell the application: who
/// sent to an address without a name stays open.
const AIR_TWINS: &[(&str, &str)] =
    &[("record", "contradicted"), ("diagnostics", "undetermined"), ("beacon", "undetermined"), ("hole", "undetermined")];

/// Which keys a study gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keys {
    /// Neither of the air nor of TLS.
    None,
    /// Those of the air alone.
    Air,
    /// Both.
    All,
}

/// Twins that differ in nothing but files and the order of frames.
const SAME: &[&str] = &["split", "merged", "reordered", "swapped"];

/// Kinds of data that both settings take away, and those that go besides in local data mode.
const GONE_WITH_DIAGNOSTICS: &[&str] = &["analytics", "crash_report", "diagnostics"];

#[test]
fn the_shipped_study_comes_to_the_known_verdicts() {
    let place = Place::new("study-shipped");
    let answer = judged(&place, Path::new("studies/lab/study.toml"));
    let verdicts = verdicts(&answer);
    for (claim, expected) in VERDICTS {
        let verdict = verdicts[*claim].as_str();
        assert!(expected.contains(&verdict), "{claim} is {verdict}, expected {expected:?}");
    }
    let vanished = words(&answer, "diagnostics: on > off", "vanished");
    assert_eq!(vanished, GONE_WITH_DIAGNOSTICS.iter().map(|kind| (*kind).to_owned()).collect());
    assert!(words(&answer, "local_data_mode: off > on", "appeared").is_empty());
    assert_eq!(answer["ledger"]["closes"], true);
    // The study lies two folders deep; what it names is told from where it was run.
    assert_eq!(answer["runs"][0]["captures"][0], "captures/lab-study/01-default-1/phone.pcap.gz");
    let files =
        ["report.html", "report.md", "report.json", "manifest.json"].map(|file| fs::read_to_string(place.folder().join("out").join(file)));
    assert!(files.into_iter().all(|text| !text.unwrap().contains("/../")));
}

#[test]
fn what_is_tampered_with_changes_its_claims_and_no_other() {
    let place = Place::new("study-twins");
    let before = verdicts(&judged(&place, Path::new("studies/lab/study.toml")));
    for (name, word, claims) in TWINS {
        let Some((answer, told)) = twin(&place, name) else { return };
        let after = verdicts(&answer);
        let changed: Vec<&str> =
            after.iter().filter(|(claim, verdict)| before[*claim] != **verdict).map(|(claim, _)| claim.as_str()).collect();
        assert_eq!(changed, *claims, "{name}");
        for claim in *claims {
            assert_eq!(after[*claim], *word, "{name}: {claim}");
            assert_evidence(&answer, claim, &told);
        }
    }
}

/// The frames put in are named; a hole is told as a gap.
fn assert_evidence(answer: &Value, claim: &str, told: &Value) {
    let rows = answer["claims"].as_array().unwrap();
    let row = rows.iter().find(|row| row["claim"] == claim).unwrap();
    let listed = [&row["evidence_against"], &row["candidates"]].map(Value::to_string).concat();
    let frames = format!("frames {}-{} of", told["first_frame"], told["last_frame"]);
    if told["twin"] == "hole" {
        assert!(row["gaps"].to_string().contains("no frame from 2026-11-22T15:19:2"), "{claim}: {}", row["gaps"]);
    } else {
        assert!(listed.contains(&frames), "{claim}: {frames} not in {listed}");
    }
}

#[test]
fn what_is_put_into_the_air_changes_the_same_claims() {
    let Some(lab) = lab() else { return };
    let place = Place::new("study-air-twins");
    let study = study_of(&place, &lab, ("monitor", Keys::All), None);
    let before = verdicts(&judged(&place, &study));
    let text = fs::read_to_string(&study).unwrap();
    for (name, word) in AIR_TWINS {
        let claims = TWINS.iter().find(|(twin, ..)| twin == name).unwrap().2;
        let folder = place.folder().join("in").join(name);
        let Some(told) = tampered(&lab, name, &folder) else { return };
        let own = format!("{:?}", lab.join(told["run"].as_str().unwrap()).join("monitor.pcap"));
        assert!(text.contains(&own));
        fs::write(&study, text.replace(&own, &format!("{:?}", folder.join("phone.pcap.gz")))).unwrap();
        let answer = judged(&place, &study);
        let after = verdicts(&answer);
        let changed: Vec<&str> = after.keys().filter(|claim| before[*claim] != after[*claim]).map(String::as_str).collect();
        assert_eq!(changed, claims, "{name}");
        for claim in claims {
            assert_eq!(after[*claim], *word, "{name}: {claim}");
            assert_evidence(&answer, claim, &told);
        }
    }
}

#[test]
fn an_encrypted_record_without_keys_is_a_candidate() {
    let place = Place::new("study-twin-encrypted");
    let Some((with_keys, told)) = twin(&place, "record-encrypted") else { return };
    let path = place.folder().join("in/record-encrypted/study.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("tls_keys")).collect();
    fs::write(&path, text.join("\n")).unwrap();
    let without = judged(&place, &path);
    for claim in ["K01", "K05", "K17"] {
        assert_eq!((verdicts(&with_keys)[claim].as_str(), verdicts(&without)[claim].as_str()), ("contradicted", "undetermined"), "{claim}");
        assert_evidence(&without, claim, &told);
    }
}

#[test]
fn split_and_reordered_captures_come_to_the_same() {
    let place = Place::new("study-same");
    let before = judged(&place, Path::new("studies/lab/study.toml"));
    let tables: Vec<_> = SAME_TABLES.iter().chain(READ_TABLES).map(|table| values(&place, table)).collect();
    for name in SAME {
        let Some((after, _)) = twin(&place, name) else { return };
        assert_eq!(verdicts(&after), verdicts(&before), "{name}");
        assert_eq!(after["comparisons"], before["comparisons"], "{name}");
        assert_eq!(after["actions"], before["actions"], "{name}");
        for column in ["run", "flows", "ip_bytes_out", "ip_bytes_in", "holes", "gaps", "actions"] {
            let of = |answer: &Value| answer["runs"].as_array().unwrap().iter().map(|run| run[column].clone()).collect::<Vec<_>>();
            assert_eq!(of(&after), of(&before), "{name}: {column}");
        }
        // What was sealed in the second half cannot be opened before the first is read.
        let same = if *name == "swapped" { 0 } else { READ_TABLES.len() };
        for (table, rows) in SAME_TABLES.iter().chain(READ_TABLES.iter().take(same)).zip(&tables) {
            assert_eq!(values(&place, table), *rows, "{name}: {table}");
        }
    }
}

/// Tables that say the same however the captures of a run are cut, but for the columns that name file, frame or flow.
const SAME_TABLES: &[&str] = &["summary", "destinations", "dns", "names", "certificates", "positions", "comparisons", "actions"];

/// The same of what was read in order.
const READ_TABLES: &[&str] = &["http", "parts"];

/// The rows of a table, sorted, without what names a place in a file.
fn values(place: &Place, table: &str) -> Vec<String> {
    let is_place = |column: &str| column == "capture" || column == "flow_id" || column.contains("frame");
    let row =
        |row: Value| row.as_object().unwrap().iter().filter(|(column, _)| !is_place(column)).map(|cell| format!("{cell:?}")).collect();
    let mut rows: Vec<String> = rows(place, table).into_iter().map(row).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn the_phone_without_keys_comes_to_what_is_known() {
    assert_known("plain", Keys::None);
}

#[test]
fn the_phone_with_keys_comes_to_what_is_known() {
    assert_known("plain", Keys::All);
}

#[test]
fn captures_with_apps_come_to_what_is_known() {
    assert_known("labelled", Keys::None);
    assert_known("labelled", Keys::All);
}

#[test]
fn the_air_with_keys_comes_to_what_is_known() {
    assert_known("monitor", Keys::All);
}

#[test]
fn the_air_without_tls_keys_comes_to_what_is_known() {
    assert_known("monitor", Keys::Air);
}

#[test]
fn two_capture_points_at_once_come_to_what_is_known() {
    assert_known("", Keys::All);
}

/// Verdicts, who initiated, and what vanishes with a setting, beside what the lab knows.
fn assert_known(captures: &str, keys: Keys) {
    let Some(lab) = lab() else { return };
    let place = Place::new("study-lab");
    let answer = judged(&place, &study_of(&place, &lab, (captures, keys), None));
    let found = verdicts(&answer);
    for (claim, wanted) in json(&lab.join("expected.json"))["verdicts"].as_object().unwrap() {
        let accepted = accepted(wanted);
        assert!(accepted.contains(&found[claim]), "{captures} {keys:?}: {claim} is {}, expected {accepted:?}", found[claim]);
    }
    assert_initiation(&place, &lab);
    assert_vanished(&answer, &lab, keys);
}

#[test]
fn each_run_of_the_lab_alone_says_nothing_wrong() {
    let Some(lab) = lab() else { return };
    for run in runs(&lab) {
        let place = Place::new("study-alone");
        let study = study_of(&place, &lab, ("labelled", Keys::All), Some(&run));
        let found = verdicts(&judged(&place, &study));
        let truth = json(&lab.join(&run).join("truth.json"));
        for (claim, wanted) in truth["expected"].as_object().unwrap() {
            let wrong: Vec<String> = wanted["must_not"].as_array().unwrap().iter().map(word).collect();
            assert!(!wrong.contains(&found[claim]), "{run}: {claim} is {}, which must not be", found[claim]);
        }
    }
}

#[test]
fn the_air_without_keys_is_never_wrong() {
    let Some(lab) = lab() else { return };
    let expected = json(&lab.join("expected.json"))["verdicts"].clone();
    let place = Place::new("study-air");
    let found = verdicts(&judged(&place, &study_of(&place, &lab, ("monitor", Keys::None), None)));
    for (claim, wanted) in expected.as_object().unwrap() {
        let wrong: Vec<String> = wanted["must_not"].as_array().unwrap().iter().map(word).collect();
        assert!(!wrong.contains(&found[claim]), "{claim} is {}", found[claim]);
    }
    assert!(found.values().all(|verdict| verdict == "undetermined" || verdict == "not-testable"), "{found:?}");
}

/// Every flow that the captures show was initiated by whom the lab knows, and put down to the right action.
fn assert_initiation(place: &Place, lab: &Path) {
    let (mut ambiguous, mut compared) = (0, 0);
    let flows = rows(place, "flows");
    for run in runs(lab) {
        let truth = json(&lab.join(&run).join("truth.json"));
        for flow in truth["flows"].as_array().unwrap() {
            let key = (flow["local"]["port"].as_u64(), flow["remote"]["address"].as_str(), flow["remote"]["port"].as_u64());
            let is_it = |row: &&Value| {
                row["run"] == run.as_str() && (row["device_port"].as_u64(), row["remote_ip"].as_str(), row["remote_port"].as_u64()) == key
            };
            // A VPN on the phone sees no DHCP, and the DHCP server answers from its own side.
            let found: Vec<&Value> = flows.iter().filter(is_it).collect();
            compared += usize::from(!found.is_empty());
            for row in found {
                let told = row["initiation"].as_str().unwrap();
                let wanted = if flow["origin"] == "user" { "user-initiated" } else { "automatic" };
                if told == "ambiguous" {
                    ambiguous += 1;
                    continue;
                }
                assert_eq!(told, wanted, "{run} {key:?}: {}", row["initiation_basis"]);
                let action = row["action"].as_str().map(|action| action.split(" at ").next().unwrap());
                assert_eq!(action, flow["action"].as_str(), "{run} {key:?}");
            }
        }
    }
    assert!(compared > 250 && ambiguous == 0, "{compared} compared, {ambiguous} ambiguous");
}

/// Exactly the kinds of data that a setting takes away are named.
fn assert_vanished(answer: &Value, lab: &Path, keys: Keys) {
    for (change, before, after) in [
        ("diagnostics: on > off", ["01-default-1", "02-default-2"], ["04-diagnostics-off-1", "05-diagnostics-off-2"]),
        ("local_data_mode: off > on", ["01-default-1", "02-default-2"], ["06-local-data-mode-1", "07-local-data-mode-2"]),
    ] {
        let kinds = |run: &str| -> BTreeSet<String> {
            let truth = json(&lab.join(run).join("truth.json"));
            // Without keys one host's kinds cannot be told apart, which the table says by naming all of them.
            let named = |kind: &str| match kind {
                "firmware" if keys != Keys::All => "flight_log|diagnostics|location_check|firmware".to_owned(),
                kind => kind.to_owned(),
            };
            truth["totals_by_category"].as_object().unwrap().keys().map(|kind| named(kind)).collect()
        };
        let had = kinds(before[0]).intersection(&kinds(before[1])).cloned().collect::<BTreeSet<_>>();
        let has = kinds(after[0]).union(&kinds(after[1])).cloned().collect::<BTreeSet<_>>();
        assert_eq!(words(answer, change, "vanished"), had.difference(&has).cloned().collect(), "{change}");
    }
}

#[test]
fn a_log_by_another_clock_is_found_by_what_it_caused() {
    let study = fs::read_to_string(root().join("studies/lab/study.toml")).unwrap();
    let log = fs::read_to_string(root().join("captures/lab-study/03-default-sync-share/actions.csv")).unwrap();
    // Two hours late, and four seconds.
    for (shifted, offset) in [(log.replace("T15:", "T17:"), -7_200.0), (later(&log, 4), -4.0)] {
        let place = Place::new("study-clock");
        let folder = place.folder().join("in");
        fs::write(folder.join("actions.csv"), shifted).unwrap();
        let own = "../../captures/lab-study/03-default-sync-share/actions.csv";
        let text = study.replace(own, &folder.join("actions.csv").display().to_string());
        let text = text.replace("../../captures", &root().join("captures").display().to_string());
        let text = text.replace("../kivu-2018", &root().join("studies/kivu-2018").display().to_string());
        fs::write(folder.join("study.toml"), text).unwrap();
        let answer = judged(&place, &folder.join("study.toml"));
        let run = answer["runs"].as_array().unwrap().iter().find(|run| run["run"] == "03-default-sync-share").unwrap();
        let found = run["clock_offset_ms"].as_f64().unwrap() / 1e3;
        assert!((found - offset).abs() < 1.0 && run["clock_basis"].as_str().unwrap().starts_with("estimated"), "{run}");
        let caused =
            |action: &str| answer["actions"].as_array().unwrap().iter().find(|row| row["action"] == action).unwrap()["flows"].clone();
        assert_eq!((caused("sync_flight_logs"), caused("share_media")), (Value::from(1), Value::from(4)));
    }
}

/// A log whose times are so many seconds later.
fn later(log: &str, seconds: u32) -> String {
    let moved = |line: &str| -> String {
        let (head, rest) = line.split_at(14);
        let minute: u32 = rest[..2].parse().unwrap();
        let second: u32 = rest[3..5].parse().unwrap();
        let total = minute * 60 + second + seconds;
        format!("{head}{:02}:{:02}{}", total / 60, total % 60, &rest[5..])
    };
    let mut lines = log.lines();
    let header = lines.next().unwrap().to_owned();
    std::iter::once(header).chain(lines.map(moved)).collect::<Vec<_>>().join("\n")
}

/// Verdicts by claim.
fn verdicts(answer: &Value) -> BTreeMap<String, String> {
    let claims = answer["claims"].as_array().unwrap();
    claims.iter().map(|claim| (word(&claim["claim"]), claim["verdict"].as_str().unwrap().to_owned())).collect()
}

/// Kinds of data of which a comparison says this word.
fn words(answer: &Value, change: &str, said: &str) -> BTreeSet<String> {
    let rows = answer["comparisons"].as_array().unwrap();
    let is_meant = |row: &&Value| row["change"] == change && row["dimension"] == "category" && row["word"] == said;
    rows.iter().filter(is_meant).map(|row| row["value"].as_str().unwrap().to_owned()).collect()
}

/// A verdict of the lab in our words.
fn word(value: &Value) -> String {
    match value.as_str().unwrap() {
        "confirmed" => "supported".to_owned(),
        other => other.replace('_', "-"),
    }
}

fn accepted(wanted: &Value) -> Vec<String> {
    std::iter::once(&wanted["expected"]).chain(wanted["also_acceptable"].as_array().unwrap()).map(word).collect()
}

fn judged(place: &Place, study: &Path) -> Value {
    let args = ["study", &study.display().to_string(), "-o", "{out}", "-q", "--json", "--format", "ndjson"].map(str::to_owned);
    let ran = whereto(place, &args, None);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn rows(place: &Place, table: &str) -> Vec<Value> {
    let text = fs::read_to_string(place.folder().join(format!("out/{table}.ndjson"))).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What was done to a run, whose captures are in the folder now; none where there is no Python to do it.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn tampered(study: &Path, name: &str, folder: &Path) -> Option<Value> {
    let made = Command::new("python3")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(root().join("captures/generate/twins.py"))
        .arg(study)
        .arg(name)
        .arg(folder)
        .output();
    let Ok(made) = made else {
        eprintln!("SKIPPED: no python3 to make the twins");
        return None;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(json(&folder.join("twin.json")))
}

/// The shipped study with one run tampered with; none where there is no Python to do it.
fn twin(place: &Place, name: &str) -> Option<(Value, Value)> {
    let folder = place.folder().join("in").join(name);
    let told = tampered(&root().join("captures/lab-study"), name, &folder)?;
    let names: Vec<String> =
        told["captures"].as_array().unwrap().iter().map(|name| format!("{:?}", folder.join(name.as_str().unwrap()))).collect();
    let run = told["run"].as_str().unwrap();
    let text = fs::read_to_string(root().join("studies/lab/study.toml")).unwrap();
    let own = format!("captures = \"../../captures/lab-study/{run}/phone.pcap.gz\"");
    assert!(text.contains(&own));
    let text = text.replace(&own, &format!("captures = [{}]", names.join(", ")));
    let key = |run: &str| format!("\"../../captures/lab-study/{run}/sslkeys.txt\"");
    let keys_of = told["keys_of"].as_str().unwrap();
    let text = if keys_of == run { text } else { text.replace(&key(run), &format!("[{}, {}]", key(run), key(keys_of))) };
    let text = text.replace("../../captures", &root().join("captures").display().to_string());
    let text = text.replace("../kivu-2018", &root().join("studies/kivu-2018").display().to_string());
    let path = folder.join("study.toml");
    fs::write(&path, text).unwrap();
    Some((judged(place, &path), told))
}

/// A study file for the lab's folder, by `study init` and the few things that it leaves to people.
fn study_of(place: &Place, lab: &Path, (captures, keys): (&str, Keys), only: Option<&str>) -> PathBuf {
    let ran = whereto(place, &["study".to_owned(), "init".to_owned(), lab.display().to_string()], None);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let (head, runs) = ran.stdout.split_once("\n[[run]]\n").unwrap();
    let claims = root().join("studies/kivu-2018/claims.toml");
    let head =
        head.replace("title = \"\"", "title = \"lab\"").replace("vendor = \"DJI\"", &format!("vendor = \"DJI\"\nclaims = [{claims:?}]"));
    let head = head.replace("# [[app]]", "[[app]]").replace("# id = \"dji", "id = \"dji").replace("# names", "names");
    let mut text = head.replace("# uid", "uid").replace("# version", "version");
    for run in runs.split("\n[[run]]\n") {
        if only.is_some_and(|only| !run.starts_with(&format!("id = {only:?}"))) {
            continue;
        }
        text.push_str("\n[[run]]\n");
        let is_left_out = |line: &&str| match keys {
            Keys::None => line.starts_with("tls_keys") || line.starts_with("wifi_keys"),
            Keys::Air => line.starts_with("tls_keys"),
            Keys::All => false,
        };
        let lines = run.lines().filter(|line| !is_left_out(line));
        for line in lines.filter(|line| !line.starts_with('#') && (only.is_none() || !line.starts_with("follows"))) {
            text.push_str(&absolute(line, lab, captures));
            text.push('\n');
        }
    }
    let path = place.folder().join("in/study.toml");
    fs::write(&path, text).unwrap();
    path
}

/// A line of the study file with paths that hold anywhere, and only the captures wanted.
fn absolute(line: &str, lab: &Path, captures: &str) -> String {
    let full = |path: &str| format!("{:?}", lab.join(path));
    let quoted = || line.split('"').skip(1).step_by(2);
    if line.starts_with("captures") {
        let has = |word: &str| quoted().filter(|path| path.contains(word)).collect::<Vec<_>>();
        let labels = [has("pcapdroid"), has("pktap")].concat();
        let chosen = match captures {
            "labelled" if !labels.is_empty() => labels,
            "" => has(""),
            "monitor" => has("monitor"),
            _ => has("plain"),
        };
        return format!("captures = [{}]", chosen.into_iter().map(full).collect::<Vec<_>>().join(", "));
    }
    if line.starts_with("actions") || line.starts_with("tls_keys") {
        let path = quoted().next().unwrap();
        return line.replace(&format!("{path:?}"), &full(path));
    }
    line.to_owned()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn runs(lab: &Path) -> Vec<String> {
    let mut runs: Vec<String> = fs::read_dir(lab)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("truth.json").is_file())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    runs.sort();
    runs
}

/// The full recordings with their truth.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn lab() -> Option<PathBuf> {
    let lab = corpus_root()?.join("lab-study");
    if lab.is_dir() {
        return Some(lab);
    }
    eprintln!("SKIPPED: no lab-study in the folder that WHERETO_CORPUS names");
    None
}
