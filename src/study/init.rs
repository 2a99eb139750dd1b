//! A commented start of a study file from a folder of captures, with what [`super::layout`] finds there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::layout::{Device, Found, Layout};
use crate::capture;
use crate::error::Error;

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
    let mut layout = Layout::default();
    for (place, captures) in &by_folder {
        layout.add(folder, place, captures)?;
    }
    Ok(text(&title(folder), &layout))
}

/// The folder's name, which is what the study is called until somebody says what was studied.
fn title(folder: &Path) -> String {
    let whole = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    whole.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// After the title.
const HEAD: &str = "    # what was studied, with which app and phone
vendor = \"DJI\"              # whose hosts are first party
# provider_ranges = [\"ip-ranges.json\"]   # of AWS, Google, Azure, Cloudflare, of the captures' time
# geofeed = [\"own.csv\"]    # RFC 8805
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

fn text(title: &str, layout: &Layout) -> String {
    let runs = &layout.runs;
    let mut text = format!(
        "# A study file. Say what was studied, then check it with `whereto study check`.\n\n[study]\ntitle = {}{HEAD}",
        quoted(title)
    );
    if layout.devices.is_empty() {
        text.push_str("# [[device]]\n# id = \"phone\"\n# kind = \"phone\"            # phone, drone, controller, gateway, other\n# mac = \"a4:83:e7:12:34:56\"\n# ip = \"192.168.2.20\"\n");
    }
    text.push_str(&layout.devices.iter().map(|(id, device)| entry(id, device)).collect::<Vec<_>>().join("\n"));
    text.push_str(APP);
    for run in runs {
        let _infallible = write!(text, "\n[[run]]\n{}", lines(run, runs));
    }
    text.push_str(CLAIM);
    text
}

fn entry(id: &str, device: &Device) -> String {
    let mut entry = format!("[[device]]\nid = {}\nkind = \"{}\"\n", quoted(id), device.kind);
    for (key, value) in [("os", &device.os), ("model", &device.model), ("mac", &device.mac), ("ip", &device.ip)] {
        if let Some(value) = value {
            let _infallible = writeln!(entry, "{key} = {}", quoted(value));
        }
    }
    if device.mac.is_none() && device.ip.is_none() {
        entry.push_str("# mac = \"a4:83:e7:12:34:56\"   # its link address, or `ip`: without one nobody knows which traffic is its own\n");
    }
    entry
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
        ("tags", &run.tag),
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
        assert_eq!(run.device.as_ref().unwrap().get_ref(), "echo");
    }

    #[test]
    fn tags_of_moniotr_have_companions_and_addresses() {
        let list = b"f8:da:c:7b:a:8f drone\n84:8e:c:71:8:70 phone\nno address\n";
        let study = started(&[
            ("etc/devices.txt", list),
            ("tagged/drone/take_off/2019-04-01_12:30:11.30s.pcap", EMPTY),
            ("tagged/drone/take_off/2019-04-01_12:30:11.30s.companion.phone.pcap", EMPTY),
            ("tagged/drone/take_off/2019-04-02_08:00:00.31s.pcap", EMPTY),
            ("tagged/drone/idle/2019-04-02_09:00:00.60s.pcap", EMPTY),
        ]);
        let runs: Vec<_> = study.runs.iter().map(|run| (run.activity.as_deref().unwrap(), run.captures.values().len())).collect();
        assert_eq!(runs, [("idle", 1), ("take_off", 2), ("take_off", 1)]);
        let devices: Vec<_> = study.devices.iter().map(|device| (device.id.as_str(), device.mac.as_deref().unwrap())).collect();
        assert_eq!(devices, [("drone", "f8:da:0c:7b:0a:8f"), ("phone", "84:8e:0c:71:08:70")]);
    }

    #[test]
    fn a_run_of_pirogue_has_its_log_and_keys() {
        let log = br#"{"network": {"start_capture_time": 1795360000000.0, "file": "traffic.pcap"}}"#;
        let study = started(&[("one/traffic.pcap", EMPTY), ("one/experiment.json", log), ("one/sslkeylog.txt", b"")]);
        assert_eq!(study.runs[0].actions.as_deref(), Some("one/experiment.json"));
        assert_eq!(study.runs[0].tls_keys.values(), ["one/sslkeylog.txt"]);
        let device = br#"{"model": "Pixel 6", "android_version": "13", "serialno": "1A2B"}"#;
        let study = started(&[
            ("one/traffic.pcap", EMPTY),
            ("one/decrypted.pcapng", EMPTY),
            ("one/experiment.json", log),
            ("one/logcat.txt", b""),
            ("one/device.json", device),
        ]);
        let run = &study.runs[0];
        assert_eq!((run.captures.values(), run.actions.as_deref()), (&["one/traffic.pcap".to_owned()][..], Some("one/logcat.txt")));
        assert!(run.notes.as_deref().unwrap().contains("one/decrypted.pcapng"));
        assert_eq!((study.devices[0].id.as_str(), study.devices[0].os.as_deref()), ("pixel-6", Some("android 13")));
    }

    #[test]
    fn captures_have_what_bears_their_name_and_no_two_runs_one_name() {
        let study =
            started(&[("a.pcap", EMPTY), ("a.actions.csv", b"time,action\n"), ("b.pcap", EMPTY), ("b.pcapng", EMPTY), ("keys.txt", b"")]);
        let runs: Vec<_> = study.runs.iter().map(|run| (run.id.as_str(), run.actions.as_deref())).collect();
        assert_eq!(runs, [("run-a", Some("a.actions.csv")), ("run-b", None), ("run-b-2", None)]);
        let study = started(&[("x/phone.pcap", EMPTY), ("x/air.pcap", EMPTY), ("x/actions.csv", b"time,action\n")]);
        assert_eq!((study.runs.len(), study.runs[0].captures.values().len()), (1, 2), "one log is of one run");
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
