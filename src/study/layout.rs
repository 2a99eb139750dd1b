//! What folders of captures tell of runs: names and files beside the captures.
//!
//! | folder | recognised by | told |
//! |---|---|---|
//! | any | `run.json` beside captures | settings, devices, keys, actions: the folder is a run |
//! | PiRogue (pirogue-cli, `capture_manager.py`) | `experiment.json` beside `traffic.pcap` | key log, phone of `device.json`: the folder is a run |
//! | Mon(IoT)r (intl-iot, `tag-experiment`) | `[country/]device/tag/DATE….pcap`, `devices.txt` | device with its MAC, what was done; companions belong to it |
//! | any other | | a capture is a run, with logs and keys of its name; all of a folder are one where they share a log |

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Kind};
use crate::wire::escape;

/// A run that was found; paths are relative to the folder asked for.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) captures: Vec<String>,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) actions: Option<String>,
    pub(super) activity: Option<String>,
    pub(super) tls_keys: Option<String>,
    pub(super) wifi_keys: Option<String>,
    pub(super) device: Option<String>,
    pub(super) tag: Option<String>,
    pub(super) notes: Vec<String>,
}

/// A device that was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Device {
    pub(super) kind: &'static str,
    pub(super) os: Option<String>,
    pub(super) model: Option<String>,
    pub(super) mac: Option<String>,
    pub(super) ip: Option<String>,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) runs: Vec<Found>,
    /// By their ids.
    pub(super) devices: BTreeMap<String, Device>,
}

/// A folder with captures.
struct Place<'a> {
    top: &'a Path,
    folder: &'a Path,
    captures: &'a [PathBuf],
    /// Names of the folders from the top.
    parts: Vec<String>,
}

const LOGS: [&str; 5] = ["actions.csv", "actions.ndjson", "actions.txt", "logcat.txt", "logcat.log"];
const KEYS: [&str; 4] = ["sslkeylog.txt", "sslkeys.txt", "sslkeylog.log", "keys.txt"];
const WIFI_KEYS: [&str; 2] = ["wifi-keys.txt", "wifi_keys.txt"];

impl Layout {
    /// Adds the runs of one folder.
    pub(super) fn add(&mut self, top: &Path, folder: &Path, captures: &[PathBuf]) -> Result<(), Error> {
        let inside = folder.strip_prefix(top).unwrap_or(folder);
        let parts = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let place = Place { top, folder, captures, parts };
        let runs = if folder.join("run.json").is_file() {
            vec![self.sidecar(&place)?]
        } else if folder.join("experiment.json").is_file() {
            vec![self.pirogue(&place)?]
        } else if place.is_tagged() {
            self.moniotr(&place)
        } else {
            place.plain()
        };
        for run in runs {
            self.push(run);
        }
        Ok(())
    }

    /// Two runs never have one name.
    fn push(&mut self, mut run: Found) {
        let taken = |id: &str| self.runs.iter().any(|other| other.id == id);
        if taken(&run.id) {
            run.id = (2..).map(|number: u32| format!("{}-{number}", run.id)).find(|id| !taken(id)).unwrap_or_default();
        }
        self.runs.push(run);
    }

    /// What a `run.json` tells: settings, devices, network, names of the key log and of the actions.
    fn sidecar(&mut self, place: &Place<'_>) -> Result<Found, Error> {
        let value = json(&place.folder.join("run.json"))?;
        let mut run = Found { id: place.id(), captures: place.all(), actions: place.beside(&LOGS), ..Found::default() };
        let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for (name, setting) in value.get("settings").and_then(Value::as_object).into_iter().flatten() {
            run.settings.insert(name.clone(), word(setting));
        }
        let file = |key: &str| value.get(key).and_then(Value::as_str).and_then(|name| place.beside(&[name]));
        run.tls_keys = file("tls_keys").or_else(|| place.beside(&KEYS));
        run.actions = file("actions").or_else(|| run.actions.take());
        let network = |key: &str| value.get("network").and_then(|network| network.get(key)).and_then(Value::as_str);
        if let (Some(ssid), Some(passphrase)) = (network("ssid"), network("passphrase")) {
            run.wifi_keys = Some(format!("{ssid}:{passphrase}"));
        }
        for device in value.get("devices").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| device.get(key).and_then(Value::as_str).map(str::to_owned);
            let Some(role) = text("role") else { continue };
            let kind = match role.as_str() {
                "aircraft" | "drone" => "drone",
                "phone" | "tablet" => "phone",
                "controller" | "rc" => "controller",
                "gateway" | "router" => "gateway",
                _ => "other",
            };
            if kind == "phone" {
                run.device = Some(role.clone());
            }
            let device = Device { kind, os: None, model: text("model"), mac: text("mac"), ip: text("address") };
            self.devices.entry(role).or_insert(device);
        }
        Ok(run)
    }

    /// A run of PiRogue. What was decrypted from its traffic afterwards shows the same once more.
    fn pirogue(&mut self, place: &Place<'_>) -> Result<Found, Error> {
        let value = json(&place.folder.join("experiment.json"))?;
        let file = |part: &str| value.get(part)?.get("file")?.as_str();
        let named = file("network").filter(|name| place.captures.iter().any(|path| path.ends_with(name)));
        let keys = file("sslkeylog").and_then(|name| place.beside(&[name])).or_else(|| place.beside(&KEYS));
        let log = place.beside(&LOGS);
        let mut run = Found { id: place.id(), tls_keys: keys, wifi_keys: place.beside(&WIFI_KEYS), ..Found::default() };
        run.captures = place.all();
        if let Some(own) = named.and_then(|name| place.beside(&[name])) {
            let others: Vec<String> = run.captures.iter().filter(|path| **path != own).cloned().collect();
            if !others.is_empty() {
                run.notes.push(format!("left out, since they show the same traffic: {}", others.join(", ")));
            }
            run.captures = vec![own];
        }
        if log.is_none() {
            run.notes.push("PiRogue's own log tells when recordings began: add what was done".to_owned());
        }
        run.actions = log.or_else(|| place.beside(&["experiment.json"]));
        if let Ok(told) = json(&place.folder.join("device.json")) {
            let text = |key: &str| told.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
            let os = text("android_version").map_or_else(|| "android".to_owned(), |version| format!("android {version}"));
            let id =
                text("model").or_else(|| text("device")).map_or_else(|| "phone".to_owned(), |model| model.to_lowercase().replace(' ', "-"));
            let device = Device { kind: "phone", os: Some(os), model: text("model").map(str::to_owned), ..Device::default() };
            self.devices.entry(id.clone()).or_insert(device);
            run.device = Some(id);
        }
        Ok(run)
    }

    /// Tagged experiments of Mon(IoT)r, each with the captures of its companions.
    fn moniotr(&mut self, place: &Place<'_>) -> Vec<Found> {
        let [before @ .., device, tag] = &place.parts[..] else { return Vec::new() };
        let country = before.last().filter(|name| is_country(name));
        let addresses = place.devices();
        let mut known = |name: &str| {
            let device = Device { kind: kind_of(name), mac: addresses.get(name).cloned(), ..Device::default() };
            self.devices.entry(name.to_owned()).or_insert(device);
        };
        known(device);
        let mut runs: BTreeMap<String, Found> = BTreeMap::new();
        for path in place.captures {
            let stem = stem(path);
            let (begun, companion) = stem.split_once(".companion.").map_or((stem.as_str(), None), |(begun, name)| (begun, Some(name)));
            if let Some(name) = companion {
                known(name);
            }
            let run = runs.entry(begun.to_owned()).or_insert_with(|| {
                let id = escape(format!("{}-{begun}", place.id()).as_bytes());
                let (device, activity) = (Some(device.clone()), Some(tag.clone()));
                let mut run = Found { id, device, activity, tag: Some(tag.clone()), ..Found::default() };
                if let Some(country) = country {
                    run.settings.insert("country".to_owned(), country.trim_end_matches("-vpn").to_uppercase());
                    run.settings.insert("vpn".to_owned(), if country.ends_with("-vpn") { "on" } else { "off" }.to_owned());
                }
                run
            });
            run.captures.push(place.relative(path));
        }
        runs.into_values().collect()
    }
}

impl Place<'_> {
    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(self.top).unwrap_or(path).display().to_string()
    }

    fn id(&self) -> String {
        if self.parts.is_empty() { "run".to_owned() } else { escape(self.parts.join("-").as_bytes()) }
    }

    fn all(&self) -> Vec<String> {
        self.captures.iter().map(|path| self.relative(path)).collect()
    }

    /// The first of these files that is there.
    fn beside(&self, names: &[&str]) -> Option<String> {
        let is_inside = |name: &&&str| Path::new(name).components().count() == 1;
        let there = names.iter().filter(is_inside).map(|name| self.folder.join(name)).find(|path| path.is_file());
        there.map(|path| self.relative(&path))
    }

    /// The first file of the capture's name with one of these endings.
    fn of_stem(&self, stem: &str, endings: &[&str]) -> Option<String> {
        let names: Vec<String> = endings.iter().map(|ending| format!("{stem}.{ending}")).collect();
        self.beside(&names.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Captures named by their date, two folders deep.
    fn is_tagged(&self) -> bool {
        self.parts.len() >= 2 && self.captures.iter().all(|path| begins_with_date(&stem(path)))
    }

    /// MAC addresses by the names of devices, from the nearest `devices*.txt` above.
    fn devices(&self) -> BTreeMap<String, String> {
        let above = self.folder.ancestors().take_while(|folder| folder.starts_with(self.top));
        for folder in above.flat_map(|folder| [folder.to_path_buf(), folder.join("etc"), folder.join("aux")]) {
            let mut lists: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            lists.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("devices")));
            lists.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
            lists.sort();
            let read: BTreeMap<String, String> =
                lists.iter().filter_map(|path| std::fs::read_to_string(path).ok()).flat_map(|text| addresses(&text)).collect();
            if !read.is_empty() {
                return read;
            }
        }
        BTreeMap::new()
    }

    /// Captures without anything that says what they are.
    fn plain(&self) -> Vec<Found> {
        let shared = self.beside(&LOGS).filter(|_| self.captures.len() > 1);
        let (keys, wifi_keys) = (self.beside(&KEYS), self.beside(&WIFI_KEYS));
        if shared.is_some() {
            let notes = vec!["all captures of the folder share a log: they are taken for one run".to_owned()];
            return vec![Found {
                id: self.id(),
                captures: self.all(),
                actions: shared,
                tls_keys: keys,
                wifi_keys,
                notes,
                ..Found::default()
            }];
        }
        let each = |path: &PathBuf| {
            let stem = stem(path);
            let actions = self.of_stem(&stem, &["actions.csv", "csv", "ndjson", "logcat.txt", "logcat"]).or_else(|| self.beside(&LOGS));
            let tls_keys = self.of_stem(&stem, &["sslkeylog.txt", "sslkeys.txt", "keys.txt"]).or_else(|| keys.clone());
            let wifi_keys = self.of_stem(&stem, &WIFI_KEYS).or_else(|| wifi_keys.clone());
            let id = escape(format!("{}-{stem}", self.id()).as_bytes());
            Found { id, captures: vec![self.relative(path)], actions, tls_keys, wifi_keys, ..Found::default() }
        };
        self.captures.iter().map(each).collect()
    }
}

/// The name of a capture without what says that it is one.
fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    [".pcap", ".cap"].iter().find_map(|ending| name.rsplit_once(ending)).map_or(&*name, |(stem, _)| stem).to_owned()
}

/// `2019-04-01…`.
fn begins_with_date(name: &str) -> bool {
    let date = name.as_bytes().get(..10);
    date.is_some_and(|date| {
        date.iter().enumerate().all(|(place, byte)| if matches!(place, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() })
    })
}

/// What a name lets guess: the analyst sees the guess in the file.
fn kind_of(name: &str) -> &'static str {
    const KINDS: [(&str, &[&str]); 3] = [
        ("phone", &["phone", "pixel", "nexus", "galaxy", "tablet", "ipad", "android"]),
        ("drone", &["drone", "aircraft", "mavic", "spark", "phantom", "inspire", "matrice", "tello", "anafi", "bebop"]),
        ("controller", &["controller", "remote", "smartrc"]),
    ];
    let name = name.to_lowercase();
    KINDS.iter().find(|(_, words)| words.iter().any(|word| name.contains(word))).map_or("other", |(kind, _)| kind)
}

fn is_country(name: &str) -> bool {
    let code = name.trim_end_matches("-vpn");
    code.len() == 2 && code.chars().all(|letter| letter.is_ascii_alphabetic())
}

/// Lines of `MAC name`, in which a MAC may leave out zeros in front.
fn addresses(text: &str) -> Vec<(String, String)> {
    let line = |line: &str| {
        let (mac, name) = line.trim().split_once(char::is_whitespace)?;
        let bytes: Vec<u8> = mac.split(':').map(|part| u8::from_str_radix(part, 16)).collect::<Result<_, _>>().ok()?;
        let mac: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        (bytes.len() == 6).then(|| (name.trim().to_owned(), mac.join(":")))
    };
    text.lines().filter_map(line).collect()
}

fn json(path: &Path) -> Result<Value, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Kind::io("read", path, source))?;
    serde_json::from_str(&text).map_err(|error| Kind::Usage(format!("{} is no JSON: {error}", path.display())).into())
}
