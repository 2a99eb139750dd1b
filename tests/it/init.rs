//! `whereto study init` on folders as other tools leave them: what it writes runs as it is; and what a study warns of.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use serde_json::Value;

use crate::cases::{Place, whereto};
use crate::sources::root;

/// A capture of the lab, by its run.
fn capture(run: &str) -> Vec<u8> {
    let file = fs::File::open(root().join("captures/lab-study").join(run).join("phone.pcap.gz")).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    bytes
}

fn beside(run: &str, name: &str) -> String {
    fs::read_to_string(root().join("captures/lab-study").join(run).join(name)).unwrap()
}

fn put(place: &Place, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = place.folder().join("in").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// Starts a study of what lies there, checks and judges it as it was written; the text and the answer.
fn started(place: &Place) -> (String, Value) {
    let run = |args: &[&str]| whereto(place, &args.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), None);
    let written = run(&["study", "init", "{in}"]);
    assert_eq!(written.status, 0, "{}", written.stderr);
    put(place, "study.toml", &written.stdout);
    let checked = run(&["study", "check", "{in}/study.toml"]);
    assert_eq!(checked.status, 0, "{}", checked.stderr);
    (written.stdout, judged(place))
}

fn judged(place: &Place) -> Value {
    let args = ["study", "{in}/study.toml", "-o", "{out}", "-q", "--json", "--format", "ndjson"].map(str::to_owned);
    let ran = whereto(place, &args, None);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn flows(place: &Place) -> Vec<Value> {
    let text = fs::read_to_string(place.folder().join("out/flows.ndjson")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The lab's log as logcat on the phone has it, which is an hour ahead.
fn logcat(run: &str) -> String {
    let mut text = "--------- beginning of main\n".to_owned();
    for line in beside(run, "actions.csv").lines().skip(1) {
        let mut cells = line.splitn(3, ',');
        let (time, action, note) = (cells.next().unwrap(), cells.next().unwrap(), cells.next().unwrap());
        let clock = time.get(11..23).unwrap().replacen("15:", "16:", 1);
        text.push_str(&format!("11-22 {clock}  1234  1300 I whereto : {action} {note}\n11-22 {clock}  1234  1300 D Noise: a, b\n"));
    }
    text
}

#[test]
fn runs_of_pirogue_are_judged_as_they_lie() {
    let place = Place::new("init-pirogue");
    for (folder, run, began) in [("one", "01-default-1", 1_795_360_392_641_u64), ("two", "03-default-sync-share", 1_795_360_526_000)] {
        let part = |offset: u64, file: &str| serde_json::json!({ "start_capture_time": (began + offset) as f64, "file": file });
        let log = serde_json::json!({
            "network": part(0, "traffic.pcap"), "device": part(0, "device.json"), "screen": part(800, "screen.mp4"),
            "socket_traces": { "file": "socket_trace.json" }, "sslkeylog": { "file": "sslkeylog.txt" },
        });
        put(&place, &format!("{folder}/experiment.json"), log.to_string());
        put(&place, &format!("{folder}/device.json"), r#"{"model": "Pixel 6", "android_version": "13", "serialno": "1A2B3C"}"#);
        put(&place, &format!("{folder}/traffic.pcap"), capture(run));
        put(&place, &format!("{folder}/decrypted.pcap"), capture(run));
        put(&place, &format!("{folder}/sslkeylog.txt"), beside(run, "sslkeys.txt"));
    }
    put(&place, "two/logcat.txt", logcat("03-default-sync-share"));
    let (text, answer) = started(&place);
    assert!(text.contains("id = \"pixel-6\"\nkind = \"phone\"\nos = \"android 13\"") && !text.contains("1A2B3C"), "{text}");
    let runs = answer["runs"].as_array().unwrap();
    assert!(runs.iter().all(|run| run["gaps"] == serde_json::json!([]) && run["captures"].as_array().unwrap().len() == 1), "{runs:?}");
    assert_eq!(answer["actions"][0]["time"], "2026-11-22T15:13:12.641000000Z", "to the millisecond that was written");
    // The log has no zone: its clock is found by what it caused, and its actions find that.
    assert_eq!(runs[1]["clock_offset_ms"], -3_600_000.0);
    assert!(runs[1]["clock_basis"].as_str().unwrap().contains("the log has no zone"), "{}", runs[1]["clock_basis"]);
    let of = |action: &str| answer["actions"].as_array().unwrap().iter().find(|row| row["action"] == action).unwrap()["flows"].as_u64();
    assert_eq!((of("sync_flight_logs"), of("share_media"), of("land")), (Some(1), Some(4), Some(0)));
    // What was sent under the keys was read.
    assert!(flows(&place).iter().any(|flow| flow["run"] == "two" && !flow["decrypted_by"].as_array().unwrap().is_empty()));
}

#[test]
fn tagged_experiments_of_moniotr_are_judged_as_they_lie() {
    let place = Place::new("init-moniotr");
    put(&place, "etc/devices.txt", "a4:83:e7:12:34:56 phone\n60:60:1f:5a:3c:1 aircraft\n");
    for (tag, run, name) in [
        ("flight", "01-default-1", "2026-11-22_15:13:13.48s.pcap"),
        ("flight", "02-default-2", "2026-11-22_15:14:19.51s.pcap"),
        ("idle", "10-idle-long", "2026-11-22_15:30:00.210s.pcap"),
    ] {
        put(&place, &format!("tagged/phone/{tag}/{name}"), capture(run));
    }
    let (text, answer) = started(&place);
    assert!(text.contains("id = \"phone\"\nkind = \"phone\"\nmac = \"a4:83:e7:12:34:56\""), "{text}");
    let runs: Vec<_> = answer["runs"].as_array().unwrap().iter().map(|run| run["run"].as_str().unwrap()).collect();
    assert_eq!(runs.len(), 3);
    assert!(runs[0].starts_with("tagged-phone-flight-2026-11-22_15:13:13"), "{runs:?}");
    let actions: Vec<_> = answer["actions"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["flight", "flight", "idle"]);
    assert!(flows(&place).iter().all(|flow| flow["device_basis"] != "private-address"), "the list of devices says which is one");
    // What comes regularly is told with its period.
    let push: Vec<_> = flows(&place).into_iter().filter(|flow| flow["name"] == "push.djiservice.org" && flow["run"] == runs[2]).collect();
    let period = push[0]["period_out_ms"].as_f64().unwrap();
    assert!((14_900.0..15_300.0).contains(&period), "{period}");
    assert!(push[0]["initiation_basis"].as_str().unwrap().contains("keeps alive every 15 s"), "{}", push[0]["initiation_basis"]);
}

#[test]
fn runs_that_differ_in_length_and_steps_are_warned_about_and_coverage_is_told() {
    let place = Place::new("init-warnings");
    let mut text = "[study]\ntitle = \"t\"\nvendor = \"DJI\"\n".to_owned();
    for (run, mode) in [("01-default-1", "a"), ("02-default-2", "a"), ("10-idle-long", "b"), ("03-default-sync-share", "b")] {
        let folder = root().join("captures/lab-study").join(run);
        let path = |name: &str| folder.join(name).display().to_string();
        text.push_str(&format!(
            "[[run]]\nid = \"{run}\"\ncaptures = {:?}\nactions = {:?}\nsettings = {{ mode = \"{mode}\" }}\n",
            path("phone.pcap.gz"),
            path("actions.csv")
        ));
    }
    text.push_str("[[claim]]\nid = \"C1\"\nsays = \"nothing goes to the moon\"\nselect = { host = \"*.moon\" }\nexpect = { flows = 0 }\n");
    put(&place, "study.toml", text);
    let answer = judged(&place);
    let warnings = answer["comparisons"][0]["warnings"].to_string();
    assert!(warnings.contains("runs differ in steps") && warnings.contains("runs differ in length: 48 to "), "{warnings}");
    let told = fs::read_to_string(place.folder().join("out/report.html")).unwrap();
    assert!(
        told.contains("Mind: ") && told.contains("runs differ in steps") && told.contains("runs differ in length: 48 to "),
        "the reader is told"
    );
    for part in ["watched in 4 runs", "0 reported lost", "of the bytes to public addresses", "could not be read", "without a settled kind"]
    {
        assert!(told.contains(part), "{part}");
    }
}

#[test]
fn a_matrix_is_judged_and_what_it_lacks_is_told() {
    let place = Place::new("init-matrix");
    for (mode, repeat, run) in [("off", 1, "01-default-1"), ("off", 2, "02-default-2"), ("on", 1, "06-local-data-mode-1")] {
        put(&place, &format!("phone/{mode}-{repeat}/a.pcap"), capture(run));
        put(&place, &format!("phone/{mode}-{repeat}/actions.csv"), beside(run, "actions.csv"));
    }
    let text = "[study]\ntitle = \"t\"\nvendor = \"DJI\"\n[[device]]\nid = \"phone\"\nkind = \"phone\"\nmac = \"a4:83:e7:12:34:56\"\n[matrix]\n\
        device = [\"phone\"]\nsettings = { local_data_mode = [\"off\", \"on\"] }\nrepeats = 2\n\
        captures = \"{device}/{local_data_mode}-{repeat}/*.pcap*\"\nactions = \"{device}/{local_data_mode}-{repeat}/actions.csv\"\n";
    put(&place, "study.toml", text);
    let ran = whereto(&place, &["study", "{in}/study.toml", "-o", "{out}", "-q", "--json"].map(str::to_owned), None);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("run local_data_mode=on-2 is not there, and in no verdict: nothing matches the pattern"), "{}", ran.stderr);
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    let told: Vec<_> =
        answer["runs"].as_array().unwrap().iter().map(|run| (run["run"].as_str().unwrap(), run["frames"].as_u64().unwrap() > 0)).collect();
    let (off, on) = ("local_data_mode=off", "local_data_mode=on");
    let wanted = [(format!("{off}-1"), true), (format!("{off}-2"), true), (format!("{on}-1"), true), (format!("{on}-2"), false)];
    assert_eq!(told, wanted.iter().map(|(run, is_there)| (run.as_str(), *is_there)).collect::<Vec<_>>());
    assert_eq!(answer["comparisons"][0]["compared"], serde_json::json!([format!("{on}-1")]));
    let checked = whereto(&place, &["study", "check", "{in}/study.toml"].map(str::to_owned), None);
    assert!(checked.stdout.contains("local_data_mode=on-2: NOT THERE"), "{}", checked.stdout);
    let report = fs::read_to_string(place.folder().join("out/report.html")).unwrap();
    assert!(report.contains("not there, and in no verdict"), "the reader is told");
}
