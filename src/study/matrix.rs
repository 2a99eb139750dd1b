//! `[matrix]`: runs written as axes, each combination of their values a run, as often as it was repeated.
//!
//! Paths are templates in which `{device}`, `{app}`, `{repeat}` and the names of settings stand for the values. A
//! combination whose captures are not there is no run, and is told: a plan is seldom done to its last cell.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::fault::{Source, nearest};
use super::file::{Given, Many, Run, Setting};
use super::paths;
use crate::capture;
use crate::error::Error;
use crate::limits;

/// The axes, and where the files of a combination are.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Matrix {
    /// Devices that ran the app.
    device: Option<Spanned<Many<String>>>,
    /// Applications.
    app: Option<Spanned<Many<String>>>,
    /// Settings and their values.
    #[serde(default)]
    settings: BTreeMap<String, Spanned<Many<Setting>>>,
    /// How often each combination was done, or what the repeats are called.
    #[serde(default)]
    repeats: Repeats,
    /// Combinations that were not meant to be done: `{ app = "…", mode = "on" }`.
    #[serde(default)]
    skip: Vec<Spanned<BTreeMap<String, Many<Setting>>>>,
    /// What a run is called; the values of the axes that have several when not given.
    id: Option<Spanned<String>>,
    captures: Spanned<Many<String>>,
    actions: Option<Spanned<String>>,
    activity: Option<Spanned<String>>,
    #[serde(default)]
    clock: Option<Given>,
    tags: Option<Spanned<Many<String>>>,
    wifi_keys: Option<Spanned<Many<String>>>,
    tls_keys: Option<Spanned<Many<String>>>,
    notes: Option<Spanned<String>>,
}

/// One to so many, or names.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "expected a number of repeats, or a list of their names")]
enum Repeats {
    Count(u32),
    Names(Vec<Setting>),
}

impl Default for Repeats {
    fn default() -> Self {
        Self::Count(1)
    }
}

/// A combination without captures.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    /// What its run would be called.
    pub(super) id: String,
    /// Its settings, as `name=value`.
    pub(super) settings: Vec<String>,
    /// Its application.
    pub(super) app: Option<String>,
    /// Why there are none.
    pub(super) why: String,
}

/// An axis: its name, its values, and where they stand.
#[derive(Debug)]
struct Axis {
    name: String,
    values: Vec<Setting>,
    span: Range<usize>,
}

/// A value of each axis.
type Combination = BTreeMap<String, Setting>;

const DEVICE: &str = "device";
const APP: &str = "app";
const REPEAT: &str = "repeat";

/// The runs of a matrix, and the combinations that have no captures.
///
/// # Errors
/// An axis without values or with a name of another, a template that names no axis or tells combinations not apart.
pub(super) fn runs(matrix: Spanned<Matrix>, source: &Source, folder: &Path) -> Result<(Vec<Spanned<Run>>, Vec<Missing>), Error> {
    let (whole, matrix) = (matrix.span(), matrix.into_inner());
    let axes = matrix.axes(source, &whole)?;
    matrix.check(source, &axes)?;
    let skipped = matrix.skipped(source, &axes)?;
    let (mut runs, mut missing) = (Vec::new(), Vec::new());
    for combination in combinations(&axes) {
        if skipped.iter().any(|skip| skip.iter().all(|(name, values)| combination.get(name).is_some_and(|value| values.contains(value)))) {
            continue;
        }
        let run = matrix.run(&combination, &axes);
        let named: Vec<_> = run.captures.values().iter().map(|path| paths::joined(folder, path)).collect();
        match capture::expand(&named) {
            Ok(_) => runs.push(Spanned::new(whole.clone(), run)),
            Err(error) => missing.push(Missing {
                settings: run.shown_settings(),
                app: run.app.map(Spanned::into_inner),
                id: run.id,
                why: error.to_string(),
            }),
        }
    }
    if runs.is_empty() {
        let first = missing.first().map(|missing| format!(": {}", missing.why)).unwrap_or_default();
        return Err(source.fault(matrix.captures.span(), &format!("no combination of the matrix has captures{first}")));
    }
    Ok((runs, missing))
}

impl Matrix {
    /// The axes, those that change least often first.
    fn axes(&self, source: &Source, whole: &Range<usize>) -> Result<Vec<Axis>, Error> {
        let texts = |name: &str, given: &Option<Spanned<Many<String>>>| {
            let given = given.as_ref()?;
            let values = given.get_ref().values().iter().cloned().map(Setting::Text).collect();
            Some(Axis { name: name.to_owned(), values, span: given.span() })
        };
        let setting = |(name, values): (&String, &Spanned<Many<Setting>>)| Axis {
            name: name.clone(),
            values: values.get_ref().values().to_vec(),
            span: values.span(),
        };
        let mut axes: Vec<Axis> = [texts(DEVICE, &self.device), texts(APP, &self.app)].into_iter().flatten().collect();
        axes.extend(self.settings.iter().map(setting));
        let repeats = match &self.repeats {
            Repeats::Count(count) => (1..=i64::from(*count)).take(limits::STUDY_RUNS + 1).map(Setting::Number).collect(),
            Repeats::Names(names) => names.clone(),
        };
        axes.push(Axis { name: REPEAT.to_owned(), values: repeats, span: whole.clone() });
        if let Some(empty) = axes.iter().find(|axis| axis.values.is_empty()) {
            return Err(source.fault(empty.span.clone(), &format!("{} has no values: there is no combination", empty.name)));
        }
        if let Some(own) = self.settings.iter().find(|(name, _)| [DEVICE, APP, REPEAT].contains(&name.as_str())) {
            return Err(source.fault(own.1.span(), &format!("{} is no name for a setting of a matrix: it is an axis of its own", own.0)));
        }
        for axis in &axes {
            if let Some(twice) = axis
                .values
                .iter()
                .enumerate()
                .find(|(place, value)| axis.values.iter().take(*place).any(|other| other.word() == value.word()))
            {
                return Err(source.fault(axis.span.clone(), &format!("{} has the value {} twice", axis.name, twice.1.word())));
            }
        }
        let many = axes.iter().fold(1_usize, |product, axis| product.saturating_mul(axis.values.len()));
        if many > limits::STUDY_RUNS {
            return Err(source.fault(whole.clone(), &format!("the matrix has {many} combinations, more than {}", limits::STUDY_RUNS)));
        }
        Ok(axes)
    }

    /// Templates name axes, and what tells combinations apart names all that vary.
    fn check(&self, source: &Source, axes: &[Axis]) -> Result<(), Error> {
        let one =
            |given: &Option<Spanned<String>>| given.iter().map(|text| (text.span(), vec![text.get_ref().clone()])).collect::<Vec<_>>();
        let many = |given: &Spanned<Many<String>>| (given.span(), given.get_ref().values().to_vec());
        let mut templates = vec![many(&self.captures)];
        templates.extend([&self.tags, &self.wifi_keys, &self.tls_keys].into_iter().flatten().map(many));
        templates.extend([&self.id, &self.actions, &self.activity, &self.notes].into_iter().flat_map(one));
        for (span, texts) in &templates {
            for name in texts.iter().flat_map(|text| placeholders(text)) {
                known(source, span, name, axes)?;
            }
        }
        let apart = [("captures", Some(many(&self.captures))), ("id", one(&self.id).pop())];
        for (what, template) in apart {
            let Some((span, texts)) = template else { continue };
            let is_named = |axis: &Axis| texts.iter().any(|text| placeholders(text).any(|name| name == axis.name));
            if let Some(axis) = axes.iter().find(|axis| axis.values.len() > 1 && !is_named(axis)) {
                let message =
                    format!("{what} does not name {{{}}}, which has {} values: their runs would be the same", axis.name, axis.values.len());
                return Err(source.fault(span, &message));
            }
        }
        Ok(())
    }

    /// What is skipped, by axis.
    fn skipped(&self, source: &Source, axes: &[Axis]) -> Result<Vec<BTreeMap<String, Vec<Setting>>>, Error> {
        let mut skipped = Vec::new();
        for skip in &self.skip {
            let mut values: BTreeMap<String, Vec<Setting>> = BTreeMap::new();
            for (name, given) in skip.get_ref() {
                let axis = known(source, &skip.span(), name, axes)?;
                for value in given.values() {
                    // As claims compare: `true` is `on`.
                    let Some(own) = axis.values.iter().find(|own| own.word() == value.word()) else {
                        let there: Vec<String> = axis.values.iter().map(Setting::word).collect();
                        let message = format!("{name} has no value {}; there are {}", value.word(), there.join(", "));
                        return Err(source.fault(source.narrowed(skip.span(), name), &message));
                    };
                    values.entry(name.clone()).or_default().push(own.clone());
                }
            }
            if values.is_empty() {
                return Err(source.fault(skip.span(), "this would skip every combination"));
            }
            skipped.push(values);
        }
        Ok(skipped)
    }

    /// The run of a combination.
    fn run(&self, combination: &Combination, axes: &[Axis]) -> Run {
        let fill = |text: &str| filled(text, combination, &|word| word);
        let path = |text: &str| filled(text, combination, &|word| literal(&word));
        let one = |given: &Option<Spanned<String>>| given.as_ref().map(|text| fill(text.get_ref()));
        let many = |given: &Option<Spanned<Many<String>>>| {
            Many::List(given.iter().flat_map(|texts| texts.get_ref().values()).map(|text| fill(text)).collect())
        };
        let named = |name: &str, given: &Option<Spanned<Many<String>>>| {
            let given = given.as_ref()?;
            let word = combination.get(name)?.word();
            Some(Spanned::new(given.span(), word))
        };
        let settings = combination.iter().filter(|(name, _)| self.settings.contains_key(*name));
        Run {
            id: one(&self.id).unwrap_or_else(|| called(combination, axes)),
            captures: Many::List(self.captures.get_ref().values().iter().map(|text| path(text)).collect()),
            settings: settings.map(|(name, value)| (name.clone(), value.clone())).collect(),
            device: named(DEVICE, &self.device),
            app: named(APP, &self.app),
            app_version: None,
            actions: one(&self.actions),
            activity: one(&self.activity),
            clock_offset: None,
            clock: self.clock,
            follows: None,
            tags: many(&self.tags),
            wifi_keys: many(&self.wifi_keys),
            tls_keys: many(&self.tls_keys),
            notes: one(&self.notes),
        }
    }
}

/// Every combination, the last axis changing fastest.
fn combinations(axes: &[Axis]) -> Vec<Combination> {
    axes.iter().fold(vec![Combination::new()], |before, axis| {
        let each = |combination: &Combination| {
            let with = |value: &Setting| {
                let mut combination = combination.clone();
                combination.insert(axis.name.clone(), value.clone());
                combination
            };
            axis.values.iter().map(with).collect::<Vec<_>>()
        };
        before.iter().flat_map(each).collect()
    })
}

/// Names between braces.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

fn filled(text: &str, combination: &Combination, written: &dyn Fn(String) -> String) -> String {
    combination.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), &written(value.word())))
}

/// A value that is not taken for a pattern.
fn literal(word: &str) -> String {
    word.chars().map(|letter| if "*?[]".contains(letter) { format!("[{letter}]") } else { letter.to_string() }).collect()
}

/// The values of the axes that have several, settings with their names.
fn called(combination: &Combination, axes: &[Axis]) -> String {
    let word = |axis: &Axis| {
        let value = combination.get(&axis.name)?.word();
        let is_setting = ![DEVICE, APP, REPEAT].contains(&axis.name.as_str());
        Some(if is_setting { format!("{}={value}", axis.name) } else { value })
    };
    let words: Vec<String> = axes.iter().filter(|axis| axis.values.len() > 1).filter_map(word).collect();
    if words.is_empty() { "run".to_owned() } else { words.join("-") }
}

fn known<'a>(source: &Source, span: &Range<usize>, name: &str, axes: &'a [Axis]) -> Result<&'a Axis, Error> {
    axes.iter().find(|axis| axis.name == name).ok_or_else(|| {
        let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
        let hint = nearest(name, names.iter().copied()).map(|near| format!("\nhelp: did you mean {near}?")).unwrap_or_default();
        let message = format!("the matrix has no axis {name:?}; there are {}{hint}", names.join(", "));
        source.fault(source.narrowed(span.clone(), name), &message)
    })
}

#[cfg(test)]
mod tests {
    use super::super::Study;

    const HEAD: &str = "[study]\ntitle = \"t\"\nvendor = \"DJI\"\n[[device]]\nid = \"phone\"\nkind = \"phone\"\n\
        [[device]]\nid = \"tablet\"\nkind = \"phone\"\n[[app]]\nid = \"go\"\n[[app]]\nid = \"fly\"\n";
    /// The header of an empty pcap file.
    const EMPTY: &[u8] = &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];

    /// A study of this matrix with captures in these files.
    fn read(matrix: &str, files: &[&str]) -> Result<Study, String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, EMPTY).unwrap();
        }
        let path = folder.path().join("study.toml");
        std::fs::write(&path, format!("{HEAD}[matrix]\n{matrix}")).unwrap();
        Study::read(&path).map_err(|error| error.to_string())
    }

    const WHOLE: &str = "device = [\"phone\", \"tablet\"]\napp = \"go\"\nsettings = { mode = [\"on\", \"off\"], level = 3 }\nrepeats = 2\n\
        captures = \"{device}/{app}/{mode}-{repeat}/*.pcap*\"\nactions = \"{device}/{mode}-{repeat}.csv\"\n";

    #[test]
    fn each_combination_is_a_run_and_those_not_done_are_told() {
        let mut files: Vec<String> = Vec::new();
        for (device, mode, repeat) in
            [("phone", "on", 1), ("phone", "on", 2), ("phone", "off", 1), ("phone", "off", 2), ("tablet", "on", 1)]
        {
            files.push(format!("{device}/go/{mode}-{repeat}/x.pcap"));
        }
        let study = read(WHOLE, &files.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        let ids: Vec<&str> = study.runs.iter().map(|run| run.id.as_str()).collect();
        assert_eq!(ids, ["phone-mode=on-1", "phone-mode=on-2", "phone-mode=off-1", "phone-mode=off-2", "tablet-mode=on-1"]);
        let run = &study.runs[3];
        assert_eq!(run.captures.values(), ["phone/go/off-2/*.pcap*"]);
        assert_eq!(
            (run.actions.as_deref(), run.settings["mode"].word(), run.settings["level"].word()),
            (Some("phone/off-2.csv"), "off".into(), "3".into())
        );
        assert_eq!((run.device.as_ref().unwrap().get_ref().as_str(), run.app.as_ref().unwrap().get_ref().as_str()), ("phone", "go"));
        let missing: Vec<&str> = study.missing.iter().map(|missing| missing.id.as_str()).collect();
        assert_eq!(missing, ["tablet-mode=on-2", "tablet-mode=off-1", "tablet-mode=off-2"]);
        assert!(study.missing[0].why.contains("nothing matches the pattern"), "{}", study.missing[0].why);
    }

    #[test]
    fn what_was_not_meant_to_be_done_is_skipped() {
        let matrix = "app = [\"go\", \"fly\"]\nsettings = { mode = [true, false] }\ncaptures = \"{app}-{mode}.pcap\"\n\
            skip = [{ app = \"fly\", mode = \"on\" }]\n";
        let study = read(matrix, &["go-on.pcap", "go-off.pcap", "fly-off.pcap"]).unwrap();
        assert_eq!((study.runs.len(), study.missing.len()), (3, 0));
    }

    #[test]
    fn names_with_brackets_are_names() {
        let matrix = "settings = { mode = [\"a[1]\", \"b\"] }\ncaptures = \"{mode}.pcap\"\n";
        assert_eq!(read(matrix, &["a[1].pcap", "b.pcap"]).unwrap().runs.len(), 2);
    }

    #[test]
    fn faults_stand_where_they_are() {
        let fault = |matrix: &str| read(matrix, &["a.pcap"]).unwrap_err();
        let told = fault("settings = { mode = [\"on\", \"off\"] }\ncaptures = \"{mood}.pcap\"\n");
        assert!(told.contains("line 16, column 14") && told.contains("no axis \"mood\"") && told.contains("did you mean mode"), "{told}");
        assert!(told.contains("   ^^^^\n"), "{told}");
        let told = fault("settings = { mode = [\"on\", \"off\"] }\nrepeats = 2\ncaptures = \"{mode}.pcap\"\n");
        assert!(told.contains("does not name {repeat}, which has 2 values") && told.contains('^'), "{told}");
        assert!(fault("device = []\ncaptures = \"a.pcap\"\n").contains("device has no values"));
        assert!(fault("device = \"watch\"\ncaptures = \"a.pcap\"\n").contains("no device is called \"watch\"; there are phone, tablet"));
        assert!(fault("settings = { app = \"x\" }\ncaptures = \"a.pcap\"\n").contains("axis of its own"));
        assert!(fault("repeats = 99999\ncaptures = \"{repeat}.pcap\"\n").contains("combinations, more than"));
        assert!(fault("repeats = [\"x\", \"x\"]\ncaptures = \"{repeat}.pcap\"\n").contains("the value x twice"));
        assert!(fault("captures = \"b.pcap\"\n").contains("no combination of the matrix has captures"));
        assert!(fault("capture = \"b.pcap\"\n").contains("did you mean `captures`"));
        assert!(
            fault("settings = { m = \"on\" }\nskip = [{ m = \"of\" }]\ncaptures = \"a.pcap\"\n")
                .contains("m has no value of; there are on")
        );
    }
}
