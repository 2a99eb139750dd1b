//! The study file: devices, apps, runs with their settings and actions, identifiers, and the claims to be checked.
//!
//! TOML; unknown keys are refused, and every fault is shown with its line. Paths are relative to the file.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::fault::{Source, nearest};
pub use super::given::{At, Given, Offset, Ppm};
use super::kinds::{ActionKind, Kinds};
use super::matrix::{self, Matrix, Missing};
use super::paths;
use crate::enrich::{CATEGORIES, Vantage as Place};
use crate::error::Error;
use crate::search::Identifier;

/// A study as its file tells it.
#[derive(Clone, Debug)]
pub struct Study {
    /// Title, vendor, vantage.
    pub head: Head,
    /// Devices under test.
    pub devices: Vec<Device>,
    /// Applications under test.
    pub apps: Vec<App>,
    /// Experiments.
    pub runs: Vec<Run>,
    /// Combinations of its matrix that have no captures.
    pub(super) missing: Vec<Missing>,
    /// What to look for in what was sent.
    pub identifiers: Vec<Identifier>,
    /// Sentences to check, those of included files too.
    pub claims: Vec<Claim>,
    /// What kinds of action there are.
    pub(super) kinds: Kinds,
    /// Its folder.
    pub folder: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    study: Option<Head>,
    #[serde(default)]
    device: Vec<Device>,
    #[serde(default)]
    app: Vec<App>,
    #[serde(default)]
    run: Vec<Spanned<Run>>,
    matrix: Option<Spanned<Matrix>>,
    #[serde(default)]
    identifier: Vec<Identifier>,
    #[serde(default)]
    action: Vec<ActionKind>,
    #[serde(default)]
    claim: Vec<Spanned<Claim>>,
}

/// What holds for the whole study.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// What is studied.
    pub title: String,
    /// Whose hosts are first party.
    pub vendor: String,
    /// Where the captures were made.
    pub vantage: Option<Spanned<Vantage>>,
    /// Ways that the captures do not show.
    #[serde(default = "paths_not_seen")]
    pub paths_not_seen: Vec<String>,
    /// Files with more claims.
    #[serde(default)]
    pub claims: Vec<Spanned<String>>,
    /// More rules.
    #[serde(default)]
    pub rules: Vec<PathBuf>,
    /// Address databases of one's own.
    #[serde(default)]
    pub geoip: Vec<PathBuf>,
    /// Geofeeds of one's own.
    #[serde(default)]
    pub geofeed: Vec<PathBuf>,
    /// Lists that cloud providers publish of their address ranges.
    #[serde(default)]
    pub provider_ranges: Vec<PathBuf>,
    /// Grouping of countries into regions.
    pub regions: Option<String>,
    /// Notes of the analyst.
    pub notes: Option<String>,
}

fn paths_not_seen() -> Vec<String> {
    ["cellular", "Bluetooth", "OcuSync or Lightbridge radio"].map(str::to_owned).to_vec()
}

/// Where the captures were made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vantage {
    /// Country, ISO 3166-1 alpha-2.
    pub country: String,
    /// Latitude in degrees.
    pub lat: Option<f64>,
    /// Longitude in degrees.
    pub lon: Option<f64>,
}

impl Vantage {
    /// The place, where it is told.
    ///
    /// # Errors
    /// When there is no such place, or it lies in another country.
    pub(super) fn place(&self) -> Result<Option<Place>, String> {
        match (self.lat, self.lon) {
            (Some(latitude), Some(longitude)) => Place::new(latitude, longitude, Some(&self.country)).map(Some),
            (None, None) => Ok(None),
            _ => Err("lat and lon belong together".to_owned()),
        }
    }
}

/// A device under test.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// What claims and runs call it.
    pub id: String,
    /// phone, drone, controller, gateway or other.
    pub kind: DeviceKind,
    /// Operating system.
    pub os: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Link address.
    pub mac: Option<String>,
    /// Addresses.
    #[serde(default)]
    pub ip: Many<IpAddr>,
}

impl Device {
    /// Whether these are addresses of it.
    #[must_use]
    pub fn is(&self, mac: Option<&str>, ip: IpAddr) -> bool {
        let own = self.mac.as_deref().map(|mac| mac.to_lowercase().replace('-', ":"));
        own.is_some() && own.as_deref() == mac || self.ip.values().contains(&ip)
    }
}

/// What a device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// Runs the app.
    Phone,
    /// Flies.
    Drone,
    /// Remote control.
    Controller,
    /// Carries traffic of others.
    Gateway,
    /// Anything else.
    Other,
}

/// An application under test.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// What claims and runs call it: the package name on Android.
    pub id: String,
    /// Other names that captures give it: labels, process names.
    #[serde(default)]
    pub names: Many<String>,
    /// Android's user id.
    pub uid: Option<u32>,
    /// Version.
    pub version: Option<String>,
}

/// One experiment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// What it is called.
    pub id: String,
    /// Files, folders or patterns; all show the same experiment.
    pub captures: Many<String>,
    /// Settings in force.
    #[serde(default)]
    pub settings: BTreeMap<String, Setting>,
    /// Device that runs the app.
    pub device: Option<Spanned<String>>,
    /// Application under study; the study's only one when not given.
    pub app: Option<Spanned<String>>,
    /// Its version, where it differs from the application's.
    pub app_version: Option<String>,
    /// Log of what the user did.
    pub actions: Option<String>,
    /// What the whole run is one example of, where there is no log: done when the capture begins.
    pub activity: Option<String>,
    /// Seconds to add to the log's times to have the capture's; estimated when not given.
    pub clock_offset: Option<Spanned<Offset>>,
    /// The same, and how the log's clock drifts.
    pub clock: Option<Given>,
    /// Run after which this one was made.
    pub follows: Option<Spanned<String>>,
    /// Words of the analyst, for claims to select by.
    #[serde(default)]
    pub tags: Many<String>,
    /// Passphrases for the air, as `SSID:passphrase`, or files of them.
    #[serde(default)]
    pub wifi_keys: Many<String>,
    /// TLS secrets: files in the format of NSS.
    #[serde(default)]
    pub tls_keys: Many<String>,
    /// Notes.
    pub notes: Option<String>,
}

impl Run {
    /// Its settings, as `name=value`.
    pub(super) fn shown_settings(&self) -> Vec<String> {
        self.settings.iter().map(|(name, value)| format!("{name}={}", value.word())).collect()
    }

    /// What is said of the clock of its log.
    #[must_use]
    pub fn clock(&self) -> Given {
        let given = self.clock.unwrap_or_default();
        Given { offset: given.offset.or_else(|| self.clock_offset.as_ref().map(|offset| *offset.get_ref())), ..given }
    }
}

/// A setting's value, whatever way it is written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Setting {
    /// A word.
    Text(String),
    /// On or off.
    Flag(bool),
    /// A number.
    Number(i64),
}

impl Setting {
    /// The value as claims compare it: `true` is `on`.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Flag(flag) => if *flag { "on" } else { "off" }.to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// A sentence to be checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// What it is called.
    pub id: String,
    /// The sentence, in words of the analyst.
    pub says: String,
    /// Where it was said.
    pub source: Option<String>,
    /// Why packets cannot show it.
    pub not_testable: Option<String>,
    /// The runs it is about.
    #[serde(default, rename = "where")]
    pub place: Where,
    /// The flows it is about.
    pub select: Option<Select>,
    /// What must hold of them.
    pub expect: Option<Expect>,
    /// Several parts, all of which must hold.
    #[serde(default)]
    pub test: Vec<Test>,
    /// What a reader of the verdict should know.
    pub note: Option<String>,
}

/// One part of a claim.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// What it looks at, in words.
    pub says: String,
    /// The runs it is about, besides what the claim asks.
    #[serde(default, rename = "where")]
    pub place: Where,
    /// The flows it is about.
    pub select: Select,
    /// What must hold of them.
    pub expect: Expect,
    /// It only shows the other half: when it does not hold, nothing is lost but the word `supported`.
    #[serde(default)]
    pub shows: bool,
}

/// Which runs: by setting, or by run, tag, device, app, `app_version`, action, or `follows.SETTING`.
pub type Where = BTreeMap<String, Many<String>>;

/// Which flows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Select {
    /// Kinds of data.
    pub category: Many<String>,
    /// Roles of the remote.
    pub party: Many<String>,
    /// public, local, or outside: public and the look-up of public names.
    pub place: Option<Spanned<String>>,
    /// Application.
    pub app: Option<String>,
    /// Device, by its id or kind.
    pub device: Option<String>,
    /// user-initiated, automatic, ambiguous, unknown.
    pub initiation: Many<String>,
    /// Actions that they are put down to.
    pub action: Many<String>,
    /// Hosts, `*.` before them for all below.
    pub host: Many<String>,
    /// Addresses or ranges.
    pub remote: Many<ipnet_text::Net>,
    /// Organisations behind the name.
    pub owner: Many<String>,
    /// tls, quic, none, unknown.
    pub encryption: Many<String>,
    /// Methods of HTTP requests.
    pub method: Many<String>,
    /// Bytes of payload from the device below which a flow cannot be what is meant.
    pub at_least: u64,
    /// The same for flows whose kind is not settled.
    pub unsettled_at_least: u64,
    /// Look at flows of other kinds that may hide it, when they are unreadable and send at least this much; and at
    /// flows of unknown kind only when they do.
    pub hidden_at_least: Option<u64>,
}

/// What must hold of the selected flows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// IP bytes out, at most, in each run.
    pub bytes_out: Option<u64>,
    /// Flows, at most, in each run.
    pub flows: Option<u64>,
    /// never, some (at least one run), each (every run).
    pub presence: Option<Presence>,
    /// Only to these countries.
    pub countries: Many<String>,
    /// Only to hosts of these owners.
    pub owners: Many<String>,
    /// Only to these hosts.
    pub hosts: Many<String>,
    /// At least this share of the bytes out unreadable to an observer.
    pub encrypted: Option<f64>,
    /// Bytes out per run at most this many times those of the runs in `versus`.
    pub times: Option<f64>,
    /// Runs to compare with.
    pub versus: Where,
}

/// How often selected flows must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// In no run.
    Never,
    /// In at least one run.
    Some,
    /// In every run.
    Each,
}

/// One value or a list of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Many<T> {
    /// A list.
    List(Vec<T>),
    /// A single value.
    One(T),
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl<T> Many<T> {
    /// The values.
    #[must_use]
    pub fn values(&self) -> &[T] {
        match self {
            Self::List(list) => list,
            Self::One(value) => std::slice::from_ref(value),
        }
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values().is_empty()
    }
}

/// Ranges written as text.
pub mod ipnet_text {
    use std::net::IpAddr;

    use serde::Deserialize;

    /// An address or a range.
    #[derive(Clone, Debug, Deserialize)]
    #[serde(try_from = "String")]
    pub struct Net(
        /// The range; a single address is a range of one.
        pub ipnet::IpNet,
    );

    impl TryFrom<String> for Net {
        type Error = String;

        fn try_from(text: String) -> Result<Self, String> {
            let address = text.parse::<IpAddr>().map(ipnet::IpNet::from);
            address.or_else(|_| text.parse()).map(Self).map_err(|_| format!("{text:?} is no IP address or range"))
        }
    }
}

/// Values that `place` may have.
const PLACES: [&str; 3] = ["public", "local", "outside"];
/// Words for initiation.
const INITIATIONS: [&str; 4] = ["user-initiated", "automatic", "ambiguous", "unknown"];
/// Words for parties.
const PARTIES: [&str; 6] = ["first", "support", "third", "platform", "local", "unknown"];

impl Study {
    /// Reads and checks a study file and the files it includes.
    ///
    /// # Errors
    /// A file cannot be read, is not what it should be, or names what is not there.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let source = Source::read(path)?;
        let document: Document = source.parse()?;
        let Some(head) = document.study else {
            return Err(source.fault(0..1, "a study file begins with [study], its title and its vendor"));
        };
        if let Some((span, told)) = head.vantage.as_ref().and_then(|vantage| Some((vantage.span(), vantage.get_ref().place().err()?))) {
            return Err(source.fault(span, &told));
        }
        let folder = path.parent().unwrap_or_else(|| Path::new("")).to_path_buf();
        let mut claims = checked_claims(&source, document.claim)?;
        let mut kinds = Kinds::shipped()?;
        kinds.add(document.action);
        for include in &head.claims {
            let included = Source::read(&paths::joined(&folder, include.get_ref()))?;
            let more: Document = included.parse()?;
            claims.extend(checked_claims(&included, more.claim)?);
            kinds.add(more.action);
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = claims.iter().find(|claim| !seen.insert(claim.id.clone())) {
            return Err(source.fault(0..1, &format!("two claims are called {}", twice.id)));
        }
        let mut identifiers = document.identifier;
        identifiers.iter_mut().filter_map(|identifier| identifier.file.as_mut()).for_each(|file| *file = paths::joined(&folder, &*file));
        let mut runs = document.run;
        let (more, missing) = document.matrix.map(|matrix| matrix::runs(matrix, &source, &folder)).transpose()?.unwrap_or_default();
        runs.extend(more);
        let (devices, apps) = (document.device, document.app);
        let mut study = Self { head, devices, apps, runs: Vec::new(), missing, identifiers, claims, kinds, folder };
        study.runs = study.checked_runs(&source, runs)?;
        Ok(study)
    }

    /// A path of the file, seen from its folder, in its shortest form.
    #[must_use]
    pub fn path(&self, text: impl AsRef<Path>) -> PathBuf {
        paths::joined(&self.folder, text)
    }

    /// Files that it names beside captures, rules, address data and what could be guessed by its hash (passphrases): claims,
    /// logs of actions, key logs of TLS.
    #[must_use]
    pub fn documents(&self) -> Vec<PathBuf> {
        let claims = self.head.claims.iter().map(|path| path.get_ref().as_str());
        let logs = self.runs.iter().filter_map(|run| run.actions.as_deref());
        let keys = self.runs.iter().flat_map(|run| run.tls_keys.values()).map(String::as_str);
        let mut documents: Vec<PathBuf> = claims.chain(logs).chain(keys).map(|path| self.path(path)).collect();
        let mut seen = BTreeSet::new();
        documents.retain(|path| seen.insert(path.clone()));
        documents
    }

    /// The application of a run.
    #[must_use]
    pub fn app_of(&self, run: &Run) -> Option<&App> {
        match &run.app {
            Some(id) => self.apps.iter().find(|app| app.id == *id.get_ref()),
            None => self.apps.first().filter(|_| self.apps.len() == 1),
        }
    }

    fn checked_runs(&self, source: &Source, runs: Vec<Spanned<Run>>) -> Result<Vec<Run>, Error> {
        let ids: BTreeSet<String> = runs.iter().map(|run| run.get_ref().id.clone()).collect();
        let mut seen = BTreeSet::new();
        let mut checked = Vec::new();
        for run in runs {
            let (span, run) = (run.span(), run.into_inner());
            if !seen.insert(run.id.clone()) {
                return Err(source.fault(span, &format!("two runs are called {}", run.id)));
            }
            if run.captures.is_empty() {
                return Err(source.fault(span, &format!("run {} has no captures", run.id)));
            }
            if let Some(twice) = run.clock_offset.as_ref().filter(|_| run.clock.is_some_and(|clock| clock.offset.is_some())) {
                return Err(source.fault(twice.span(), "the offset is given in clock too: take one of them away"));
            }
            let apps = self.apps.iter().map(|app| app.id.as_str());
            let devices = self.devices.iter().map(|device| device.id.as_str());
            known(source, run.app.as_ref(), "app", &apps.collect::<Vec<_>>())?;
            known(source, run.device.as_ref(), "device", &devices.collect::<Vec<_>>())?;
            known(source, run.follows.as_ref(), "run", &ids.iter().map(String::as_str).collect::<Vec<_>>())?;
            checked.push(run);
        }
        if checked.is_empty() {
            return Err(source.fault(0..1, "no run: a study needs at least one [[run]] with id and captures, or a [matrix]"));
        }
        Ok(checked)
    }
}

fn known(source: &Source, named: Option<&Spanned<String>>, what: &str, ids: &[&str]) -> Result<(), Error> {
    let Some(named) = named.filter(|named| !ids.contains(&named.get_ref().as_str())) else { return Ok(()) };
    Err(source.fault(named.span(), &unknown(what, named.get_ref(), ids)))
}

fn unknown(what: &str, word: &str, words: &[&str]) -> String {
    let hint = nearest(word, words.iter().copied()).map(|near| format!("\nhelp: did you mean {near}?")).unwrap_or_default();
    let there = if words.is_empty() { "there is none".to_owned() } else { format!("there are {}", words.join(", ")) };
    format!("no {what} is called {word:?}; {there}{hint}")
}

fn checked_claims(source: &Source, claims: Vec<Spanned<Claim>>) -> Result<Vec<Claim>, Error> {
    claims.into_iter().map(|claim| checked_claim(source, claim.span(), claim.into_inner())).collect()
}

/// A claim with all its parts in `test`.
fn checked_claim(source: &Source, span: Range<usize>, mut claim: Claim) -> Result<Claim, Error> {
    let fault = |message: String| source.fault(span.clone(), &format!("claim {}: {message}", claim.id));
    match (claim.select.take(), claim.expect.take()) {
        (Some(select), Some(expect)) => {
            let says = claim.says.clone();
            claim.test.insert(0, Test { says, place: Where::new(), select, expect, shows: false });
        }
        (None, None) => {}
        _ => return Err(fault("select and expect belong together".to_owned())),
    }
    if claim.test.is_empty() && claim.not_testable.is_none() {
        return Err(fault("give select and expect, [[claim.test]], or not_testable with the reason".to_owned()));
    }
    let categories: Vec<&str> = CATEGORIES.iter().map(|category| category.name).collect();
    for test in &claim.test {
        let select = &test.select;
        let words = [
            ("category", select.category.values(), &categories[..]),
            ("party", select.party.values(), &PARTIES[..]),
            ("initiation", select.initiation.values(), &INITIATIONS[..]),
        ];
        for (what, given, words) in words {
            if let Some(word) = given.iter().find(|word| !words.contains(&word.as_str())) {
                return Err(fault(unknown(what, word, words)));
            }
        }
        known(source, select.place.as_ref(), "place", &PLACES)?;
        if test.expect.count() != 1 {
            return Err(fault(format!(
                "expect of {:?} must say one thing: bytes_out, flows, presence, countries, owners, hosts, encrypted, or times with versus",
                test.says
            )));
        }
    }
    Ok(claim)
}

impl Expect {
    fn count(&self) -> usize {
        let given = [
            self.bytes_out.is_some(),
            self.flows.is_some(),
            self.presence.is_some(),
            !self.countries.is_empty(),
            !self.owners.is_empty(),
            !self.hosts.is_empty(),
            self.encrypted.is_some(),
            self.times.is_some() && !self.versus.is_empty(),
        ];
        given.into_iter().filter(|given| *given).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Study, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Study::read(file.path())
    }

    const HEAD: &str = "[study]\ntitle = \"t\"\nvendor = \"DJI\"\n";

    fn fault(rest: &str) -> String {
        read(&format!("{HEAD}{rest}")).unwrap_err().to_string()
    }

    #[test]
    fn reads_one_value_or_many() {
        let study = read(&format!("{HEAD}[[run]]\nid = \"a\"\ncaptures = \"a.pcap\"\nsettings = {{ x = true, n = 3 }}\n")).unwrap();
        let run = &study.runs[0];
        assert_eq!(run.captures.values(), ["a.pcap"]);
        assert_eq!((run.settings["x"].word(), run.settings["n"].word()), ("on".into(), "3".into()));
    }

    #[test]
    fn an_unknown_key_is_refused_with_a_hint() {
        let told = fault("[[run]]\nid = \"a\"\ncapture = [\"a\"]\n");
        assert!(told.contains("line 6") && told.contains('^') && told.contains("did you mean `captures`"), "{told}");
    }

    #[test]
    fn a_name_that_nothing_has_is_shown_where_it_stands() {
        let told = fault("[[run]]\nid = \"a\"\ncaptures = []\n");
        assert!(told.contains("no captures"), "{told}");
        let told = fault("[[app]]\nid = \"go\"\n[[run]]\nid = \"a\"\ncaptures = \"a\"\napp = \"og\"\n");
        assert!(told.contains("line 9, column 7") && told.contains("^^^^"), "{told}");
    }

    #[test]
    fn a_vantage_lies_in_its_country() {
        let head = |vantage: &str| format!("[study]\ntitle = \"t\"\nvendor = \"DJI\"\nvantage = {vantage}\n");
        let run = "[[run]]\nid = \"a\"\ncaptures = \"a\"\n";
        let place = |vantage: &str| {
            let study = read(&format!("{}{run}", head(vantage)))?;
            Ok::<_, Error>(study.head.vantage.unwrap().get_ref().place().unwrap().map(|place| place.to_string()))
        };
        assert_eq!(place("{ country = \"US\" }").unwrap(), None);
        assert_eq!(place("{ country = \"US\", lat = 37.77, lon = -122.42 }").unwrap().as_deref(), Some("37.77,-122.42,US"));
        for (vantage, told) in [
            ("{ country = \"US\", lat = 22.3, lon = 114.17 }", "outside of US"),
            ("{ country = \"US\", lat = 37.77 }", "lat and lon belong together"),
            ("{ country = \"US\", lat = -122.42, lon = 37.77 }", "no place at"),
        ] {
            let error = place(vantage).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("line 4"), "{error}");
        }
    }

    #[test]
    fn a_claim_must_be_testable_or_say_why_not() {
        let run = "[[run]]\nid = \"a\"\ncaptures = \"a\"\n";
        let told = fault(&format!("{run}[[claim]]\nid = \"K\"\nsays = \"s\"\n"));
        assert!(told.contains("not_testable"), "{told}");
        let told =
            fault(&format!("{run}[[claim]]\nid = \"K\"\nsays = \"s\"\nselect = {{ category = \"mdeia\" }}\nexpect = {{ flows = 0 }}\n"));
        assert!(told.contains("did you mean media"), "{told}");
        let told = fault(&format!("{run}[[claim]]\nid = \"K\"\nsays = \"s\"\nselect = {{}}\nexpect = {{}}\n"));
        assert!(told.contains("must say one thing"), "{told}");
    }
}
