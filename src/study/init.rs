//! A commented start of a study file from a folder of captures.
//!
//! What names and files beside the captures tell is used: folders of Mon(IoT)r (`country/device/activity/…`), runs of
//! PiRogue (`experiment.json` beside `traffic.pcap`), and a `run.json` with settings, devices and keys beside captures.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::capture;
use crate::error::{Error, Kind};
use crate::wire::escape;

/// A run that was found.
#[derive(Debug, Default)]
struct Found {
    id: String,
    captures: Vec<String>,
    settings: BTreeMap<String, String>,
    actions: Option<String>,
    activity: Option<String>,
    tls_keys: Option<String>,
    wifi_keys: Option<String>,
    device: Option<String>,
    notes: Vec<String>,
}

/// The text of a study file for the captures below `folder`.
///
/// # Errors
/// When the folder cannot be read or holds no capture.
pub fn init(folder: &Path) -> Result<String, Error> {
    let inputs = capture::expand(&[folder.to_path_buf()])?;
    let mut by_folder: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for path in &inputs.captures {
        let parent = path.parent().unwrap_or_else(|| Path::new("")).to_path_buf();
        by_folder.entry(parent).or_default().push(path.clone());
    }
    let mut devices = BTreeMap::new();
    let mut runs: Vec<Found> = Vec::new();
    for (place, captures) in &by_folder {
        runs.extend(found(folder, place, captures, &mut devices)?);
    }
    if let Some(twice) = runs.iter().enumerate().find_map(|(place, run)| runs.iter().skip(place + 1).find(|other| other.id == run.id)) {
        return Err(Kind::Usage(format!("two runs below {} would be called {}", folder.display(), twice.id)).into());
    }
    Ok(text(&runs, &devices))
}

/// Runs in one folder: the folder is one, where a sidecar says so; else each capture is.
fn found(top: &Path, place: &Path, captures: &[PathBuf], devices: &mut BTreeMap<String, String>) -> Result<Vec<Found>, Error> {
    let relative = |path: &Path| path.strip_prefix(top).unwrap_or(path).display().to_string();
    let inside = place.strip_prefix(top).unwrap_or(place);
    let parts: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let id = if parts.is_empty() { "run".to_owned() } else { parts.join("-") };
    let beside = |name: &str| place.join(name).is_file().then(|| relative(&place.join(name)));
    let logs = || ["actions.csv", "actions.ndjson", "logcat.txt"].into_iter().find_map(beside);
    if place.join("run.json").is_file() {
        let mut run = Found { id, captures: captures.iter().map(|path| relative(path)).collect(), actions: logs(), ..Found::default() };
        sidecar(&json(&place.join("run.json"))?, &mut run, &beside, devices);
        return Ok(vec![run]);
    }
    if let Some(experiment) = beside("experiment.json") {
        let keys = ["sslkeylog.txt", "sslkeys.txt"].into_iter().find_map(beside);
        let notes = vec!["PiRogue: the log tells when recordings began; add what was done".to_owned()];
        let captures = captures.iter().map(|path| relative(path)).collect();
        return Ok(vec![Found { id, captures, actions: Some(logs().unwrap_or(experiment)), tls_keys: keys, notes, ..Found::default() }]);
    }
    let each = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stem = name.split(".pcap").next().unwrap_or(&name).to_owned();
        let mut run =
            Found { id: escape(format!("{id}-{stem}").as_bytes()), captures: vec![relative(path)], actions: logs(), ..Found::default() };
        labelled(&parts, &mut run);
        run
    };
    Ok(captures.iter().map(each).collect())
}

/// Folders of Mon(IoT)r: country, with `-vpn` where traffic left elsewhere, device, activity.
fn labelled(parts: &[String], run: &mut Found) {
    let [.., country, device, activity] = parts else { return };
    let code = country.trim_end_matches("-vpn");
    if code.len() != 2 || !code.chars().all(|letter| letter.is_ascii_alphabetic()) {
        return;
    }
    run.settings.insert("country".to_owned(), code.to_uppercase());
    run.settings.insert("vpn".to_owned(), if country.ends_with("-vpn") { "on" } else { "off" }.to_owned());
    run.notes.push(format!("device {device}"));
    run.activity = Some(activity.clone());
}

/// What a `run.json` tells: settings, devices, network, names of the key log and of the actions.
fn sidecar(value: &Value, run: &mut Found, beside: &impl Fn(&str) -> Option<String>, devices: &mut BTreeMap<String, String>) {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for (name, setting) in value.get("settings").and_then(Value::as_object).into_iter().flatten() {
        run.settings.insert(name.clone(), word(setting));
    }
    let file = |key: &str| value.get(key).and_then(Value::as_str).and_then(beside);
    run.tls_keys = file("tls_keys");
    run.actions = file("actions").or_else(|| run.actions.take());
    let network = |key: &str| value.get("network").and_then(|network| network.get(key)).and_then(Value::as_str);
    if let (Some(ssid), Some(passphrase)) = (network("ssid"), network("passphrase")) {
        run.wifi_keys = Some(format!("{ssid}:{passphrase}"));
    }
    for device in value.get("devices").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| device.get(key).and_then(Value::as_str);
        let Some(role) = text("role") else { continue };
        let kind = match role {
            "aircraft" | "drone" => "drone",
            "phone" | "tablet" => "phone",
            "controller" | "rc" => "controller",
            "gateway" | "router" => "gateway",
            _ => "other",
        };
        let mut entry = format!("[[device]]\nid = {}\nkind = \"{kind}\"\n", quoted(role));
        for (key, from) in [("model", "model"), ("mac", "mac"), ("ip", "address")] {
            if let Some(value) = text(from) {
                let _infallible = writeln!(entry, "{key} = {}", quoted(value));
            }
        }
        if kind == "phone" {
            run.device = Some(role.to_owned());
        }
        devices.entry(role.to_owned()).or_insert(entry);
    }
}

fn json(path: &Path) -> Result<Value, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Kind::io("read", path, source))?;
    serde_json::from_str(&text).map_err(|error| Kind::Usage(format!("{} is no JSON: {error}", path.display())).into())
}

/// Text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

const HEAD: &str = "# A study file. Say what was studied, then check it with `whereto study check`.

[study]
title = \"\"                  # what was studied, with which app and phone
vendor = \"DJI\"              # whose hosts are first party
# vantage = { country = \"US\", lat = 37.77, lon = -122.42 }
# paths_not_seen = [\"cellular\", \"Bluetooth\", \"OcuSync or Lightbridge radio\"]
# claims = [\"kivu-2018/claims.toml\"]    # sentences to check, from a file; or [[claim]] below

";

const APP: &str = "
# [[app]]
# id = \"dji.go.v4\"            # package; claims select by it
# names = [\"DJI GO 4\"]        # what captures call it besides
# uid = 10123                 # Android's user id on this phone
# version = \"4.1.22\"
";

const CLAIM: &str = "
# [[identifier]]
# what = \"email\"
# value = \"pilot@example.org\"

# [[claim]]
# id = \"C1\"
# says = \"With the mode on, the app sends nothing out\"
# where = { local_data_mode = \"on\" }
# select = { app = \"dji.go.v4\", place = \"public\" }
# expect = { bytes_out = 0 }
";

fn text(runs: &[Found], devices: &BTreeMap<String, String>) -> String {
    let mut text = HEAD.to_owned();
    if devices.is_empty() {
        text.push_str("# [[device]]\n# id = \"phone\"\n# kind = \"phone\"            # phone, drone, controller, gateway, other\n# mac = \"a4:83:e7:12:34:56\"\n# ip = \"192.168.2.20\"\n");
    }
    text.push_str(&devices.values().map(String::as_str).collect::<Vec<_>>().join("\n"));
    text.push_str(APP);
    for run in runs {
        let _infallible = write!(text, "\n[[run]]\n{}", lines(run, runs));
    }
    text.push_str(CLAIM);
    text
}

fn lines(run: &Found, runs: &[Found]) -> String {
    let mut lines = format!("id = {}\n", quoted(&run.id));
    let captures: Vec<String> = run.captures.iter().map(|path| quoted(path)).collect();
    let _infallible = writeln!(lines, "captures = [{}]", captures.join(", "));
    let settings: Vec<String> = run.settings.iter().map(|(name, value)| format!("{} = {}", key(name), quoted(value))).collect();
    let _infallible = match settings.is_empty() {
        true => writeln!(lines, "settings = {{}}              # in force during the run: {{ diagnostics = \"on\" }}"),
        false => writeln!(lines, "settings = {{ {} }}", settings.join(", ")),
    };
    let optional = [
        ("device", &run.device),
        ("actions", &run.actions),
        ("activity", &run.activity),
        ("tls_keys", &run.tls_keys),
        ("wifi_keys", &run.wifi_keys),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            let _infallible = writeln!(lines, "{name} = {}", quoted(value));
        }
    }
    if run.actions.is_none() && run.activity.is_none() {
        lines.push_str("# actions = \"actions.csv\"    # time,action,note: without it nobody knows who initiated what\n");
    }
    if let Some(before) = follows(run, runs) {
        let _infallible = writeln!(lines, "follows = {}         # by its name", quoted(before));
    }
    if !run.notes.is_empty() {
        let _infallible = writeln!(lines, "notes = {}", quoted(&run.notes.join("; ")));
    }
    lines
}

/// The run without internet that one `after offline` follows, when there is one.
fn follows<'r>(run: &Found, runs: &'r [Found]) -> Option<&'r str> {
    let is_offline = |other: &&Found| other.settings.get("internet").is_some_and(|value| value == "off") && other.id < run.id;
    let before = runs.iter().rfind(is_offline)?;
    run.id.contains("after-offline").then_some(before.id.as_str())
}

fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter));
    if is_bare { name.to_owned() } else { quoted(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Study;

    /// The header of an empty pcap file.
    const EMPTY: &[u8] = &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn started(files: &[(&str, &[u8])]) -> Study {
        let folder = folder(files);
        let path = folder.path().join("study.toml");
        std::fs::write(&path, init(folder.path()).unwrap()).unwrap();
        Study::read(&path).unwrap()
    }

    #[test]
    fn the_folders_of_moniotr_tell_country_device_and_activity() {
        let study = started(&[("us-vpn/echo/voice/2019-04-01.30.pcap", EMPTY), ("uk/echo/power/2019-04-02.60.pcap", EMPTY)]);
        let run = &study.runs[1];
        assert_eq!(
            (run.activity.as_deref(), run.settings["country"].word(), run.settings["vpn"].word()),
            (Some("voice"), "US".into(), "on".into())
        );
        assert_eq!(study.runs[0].settings["country"].word(), "UK");
    }

    #[test]
    fn a_run_of_pirogue_has_its_log_and_keys() {
        let log = br#"{"network": {"start_capture_time": 1795360000000.0, "file": "traffic.pcap"}}"#;
        let study = started(&[("one/traffic.pcap", EMPTY), ("one/experiment.json", log), ("one/sslkeylog.txt", b"")]);
        assert_eq!(study.runs[0].actions.as_deref(), Some("one/experiment.json"));
        assert_eq!(study.runs[0].tls_keys.values(), ["one/sslkeylog.txt"]);
    }

    #[test]
    fn a_sidecar_tells_settings_devices_and_keys() {
        let sidecar = br#"{"settings": {"diagnostics": "off"}, "network": {"ssid": "a", "passphrase": "b"}, "actions": "actions.csv",
            "devices": [{"role": "phone", "mac": "a4:83:e7:12:34:56", "address": "192.168.2.20"}]}"#;
        let study = started(&[("x/a.pcap", EMPTY), ("x/b.pcap", EMPTY), ("x/run.json", sidecar), ("x/actions.csv", b"time,action\n")]);
        assert_eq!(study.runs.len(), 1);
        let run = &study.runs[0];
        assert_eq!(
            (run.captures.values().len(), run.settings["diagnostics"].word(), run.wifi_keys.values()),
            (2, "off".into(), &["a:b".to_owned()][..])
        );
        assert_eq!(study.devices[0].id, "phone");
    }
}
