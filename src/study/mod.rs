//! A study: runs are analysed, actions joined to what they caused, settings compared, claims judged.
//!
//! Each run's captures are analysed by themselves, so that a run added changes nothing in the others; the judgement
//! needs all of them at once. Inputs are what the study file names and nothing else.

mod actions;
mod claims;
mod clock;
mod compare;
mod drift;
mod experiment;
mod facts;
mod fault;
pub mod file;
mod given;
mod init;
mod initiation;
mod kinds;
mod layout;
mod matrix;
mod paths;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::analysis::{Options, Output as _, Progress};
use crate::enrich::{Rules, Settings, Vantage};
use crate::error::{Error, Kind};
use crate::flow::{Device as Named, Devices};
use crate::limits;
use crate::record::{self, Action, Claim, Comparison, InStudy, Row, Run};
use crate::search::{Reveal, Search};
use crate::secrets::Secrets;
use crate::table::{Store, StudyRow};
use crate::wifi::Keys;
use crate::wire::Mac;

pub use file::Study;
use file::{Device, DeviceKind};
pub use init::init;

use experiment::Experiment;
use initiation::{Baseline, decide};

/// What a study came to.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Experiments.
    pub runs: Vec<Run>,
    /// Combinations of the study's matrix that have no captures.
    pub missing: Vec<Run>,
    /// What was compared.
    pub comparisons: Vec<Comparison>,
    /// Claims with their verdicts.
    pub claims: Vec<Claim>,
    /// Inputs that could not be read, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Something makes the result incomplete.
    pub is_damaged: bool,
    /// Captures whose ledger does not close: an error of this program.
    pub open_ledgers: Vec<Arc<str>>,
}

/// Analyses every run, judges, and gives all rows to the tables.
///
/// # Errors
/// When a file of the study cannot be read, or an output cannot be written. What is wrong with a capture is told in
/// the judgement and the tables instead.
pub fn judge(study: &Study, scratch: &Path, store: &mut Store, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Judgement, Error> {
    let options = options(study, scratch)?;
    let rules = rules(&options.settings)?;
    let mut judgement = Judgement::default();
    let mut experiments = Vec::new();
    let mut flows = 0;
    for run in &study.runs {
        let mut options = options.clone();
        options.flows_before = flows;
        (options.wifi_keys, options.secrets) = keys(study, run)?;
        let (experiment, outcome) = Experiment::observe((study, &rules), run, &options, store, progress)?;
        flows = outcome.flows;
        if flows > limits::STUDY_FLOWS as u64 {
            let detail = format!("the study has more than {} flows; make several of it, or leave out captures", limits::STUDY_FLOWS);
            return Err(Kind::Usage(detail).into());
        }
        judgement.is_damaged |= outcome.is_damaged;
        judgement.unreadable.extend(outcome.unreadable);
        judgement.open_ledgers.extend(outcome.open_ledgers);
        experiments.push(experiment);
    }
    let hosts = facts::hosts_of_apps(experiments.iter().flat_map(|experiment| &experiment.facts));
    for fact in experiments.iter_mut().flat_map(|experiment| &mut experiment.facts) {
        fact.app_by_host = fact.name.as_ref().and_then(|name| hosts.get(name)).cloned();
    }
    initiated(&mut experiments);
    judgement.runs = experiments.iter().map(Experiment::row).collect();
    judgement.missing = study.missing.iter().map(absent).collect();
    judgement.comparisons = compare::comparisons(study, &experiments);
    judgement.claims = claims::judged(study, &experiments);
    write(&judgement, experiments, store)?;
    Ok(judgement)
}

/// Reads the study file and the logs it names, and looks for its captures; the answer is one line a run.
///
/// # Errors
/// What is wrong with the study.
pub fn check(study: &Study) -> Result<Vec<String>, Error> {
    let mut lines: Vec<String> = study.runs.iter().map(|run| Experiment::sketch(study, run)).collect::<Result<_, _>>()?;
    lines.extend(study.missing.iter().map(|missing| format!("{}: NOT THERE, and left out: {}", missing.id, missing.why)));
    Ok(lines)
}

/// The row of a run that was planned.
fn absent(missing: &matrix::Missing) -> Run {
    Run {
        run: missing.id.clone(),
        settings: missing.settings.clone(),
        app: missing.app.clone(),
        clock_basis: "no action log".to_owned(),
        gaps: vec![format!("not there, and in no verdict: {}", missing.why)],
        ..Run::default()
    }
}

fn options(study: &Study, scratch: &Path) -> Result<Options, Error> {
    let mut settings = Settings { vendor: study.head.vendor.clone(), ..Settings::default() };
    let mut named = Vec::new();
    // Between two of them the phone is the device: what it sends is out, whichever spoke first.
    let mut devices: Vec<&Device> = study.devices.iter().filter(|device| device.kind != DeviceKind::Gateway).collect();
    devices.sort_by_key(|device| device.kind);
    for device in devices {
        let mut own: Vec<Named> = device.ip.values().iter().map(|address| Named::Net((*address).into())).collect();
        if let Some(mac) = &device.mac {
            own.push(Named::Mac(mac_of(device, mac)?));
        }
        let kind = match device.kind {
            DeviceKind::Phone => Some(record::DeviceKind::Phone),
            DeviceKind::Drone => Some(record::DeviceKind::Drone),
            DeviceKind::Controller => Some(record::DeviceKind::RemoteController),
            DeviceKind::Gateway | DeviceKind::Other => None,
        };
        settings.kinds.extend(own.iter().filter_map(|device| Some((kind?, *device))));
        named.extend(own);
    }
    if let Some(regions) = &study.head.regions {
        settings.regions.clone_from(regions);
    }
    settings.geoip = study.head.geoip.iter().map(|path| study.path(path)).collect();
    settings.rules = study.head.rules.iter().map(|path| study.path(path)).collect();
    settings.vantage = study.head.vantage.as_ref().and_then(|vantage| vantage.get_ref().place().ok()?);
    settings.geofeeds = study.head.geofeed.iter().map(|path| study.path(path)).collect();
    settings.provider_ranges = study.head.provider_ranges.iter().map(|path| study.path(path)).collect();
    let search = Arc::new(Search::new(&study.identifiers, Reveal::Masked)?.near(settings.vantage.map(Vantage::degrees)));
    Ok(Options { devices: Devices(named), settings, search, scratch: scratch.to_path_buf(), ..Options::default() })
}

/// Keys of a run: of the air, as files or written out, and of TLS, as files.
fn keys(study: &Study, run: &file::Run) -> Result<(Arc<Keys>, Arc<Secrets>), Error> {
    let (mut keys, mut secrets) = (Keys::default(), Secrets::default());
    for written in run.wifi_keys.values() {
        let path = study.path(written);
        if path.is_file() {
            let text = std::fs::read(&path).map_err(|source| Kind::io("read Wi-Fi keys", &path, source))?;
            keys.add_file(&path.display().to_string(), &String::from_utf8_lossy(&text))?;
        } else {
            keys.add(written)?;
        }
    }
    run.tls_keys.values().iter().try_for_each(|path| secrets.add_key_log(&study.path(path)))?;
    Ok((Arc::new(keys), Arc::new(secrets)))
}

fn mac_of(device: &Device, text: &str) -> Result<Mac, Error> {
    match text.parse() {
        Ok(Named::Mac(mac)) => Ok(mac),
        _ => Err(Kind::Usage(format!("device {}: {text:?} is no MAC address", device.id)).into()),
    }
}

/// The devices under test.
///
/// # Errors
/// When an address is none.
pub(crate) fn given(study: &Study) -> Result<Vec<Named>, Error> {
    Ok(options(study, Path::new(""))?.devices.0)
}

/// The rules that a study asks, for their hashes.
///
/// # Errors
/// When a file of rules cannot be read.
pub(crate) fn asked_rules(study: &Study) -> Result<Rules, Error> {
    rules(&options(study, Path::new(""))?.settings)
}

fn rules(settings: &Settings) -> Result<Rules, Error> {
    let mut rules = Rules::shipped(&settings.vendor)?;
    for path in &settings.rules {
        rules.add_path(path)?;
    }
    Ok(rules)
}

/// Says of every conversation who initiated it.
fn initiated(experiments: &mut [Experiment<'_>]) {
    let mut baseline = Baseline::default();
    for experiment in &*experiments {
        if let Some(acts) = &experiment.acts {
            baseline.learn(&experiment.run.id, &experiment.facts, acts);
        }
    }
    for experiment in experiments {
        decide(&mut experiment.facts, experiment.acts.as_deref(), &baseline);
    }
}

/// Rows to their tables: flows get what the study says of them.
fn write(judgement: &Judgement, experiments: Vec<Experiment<'_>>, store: &mut Store) -> Result<(), Error> {
    for (experiment, row) in experiments.into_iter().zip(&judgement.runs) {
        store.study(StudyRow::Run(row))?;
        for action in experiment.action_rows() {
            store.study(StudyRow::Action(&action))?;
        }
        for flow in experiment.into_flows() {
            store.row(Row::Flow(flow))?;
        }
    }
    judgement.missing.iter().try_for_each(|row| store.study(StudyRow::Run(row)))?;
    judgement.comparisons.iter().try_for_each(|row| store.study(StudyRow::Comparison(row)))?;
    judgement.claims.iter().try_for_each(|row| store.study(StudyRow::Claim(row)))
}
