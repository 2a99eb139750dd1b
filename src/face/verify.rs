//! `whereto verify`: whether a result is still what its manifest says, and, with `--rerun`, whether the same analysis
//! gives the same bytes again.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Parser};

use super::Ending;
use super::analyze::AnalyzeArgs;
use super::grid::printable;
use super::manifest::{FILE, Manifest, hash_file};
use super::report::ReportArgs;
use super::sources;
use super::study::StudyArgs;

const EXAMPLES: &str = "Examples:
  whereto verify out                               every file of the result, and the captures where they were
  whereto verify out --captures /evidence          captures that were moved since
  whereto verify out --rerun                       the whole analysis again, compared byte for byte
  whereto verify out --rerun -- --wifi-keys k.txt  with the secrets that a manifest does not hold
  whereto verify out --captures /evidence --rerun -- --redact-key key.bin day.pcap    a redacted result: it names no files

Exit status: 0 all as it was, 1 something is changed, missing or could not be checked, 2 not done.
A manifest can be made anew by whoever changes a result: sign it, see docs/evidence.md.";

/// Arguments of `whereto verify`.
#[derive(Args, Clone, Debug)]
#[command(about = "Check a result against its manifest, or make it again and compare", after_help = EXAMPLES)]
pub struct VerifyArgs {
    /// Folder with the tables that analyze wrote
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Look for the captures in this folder, by their file names and the folders above them
    #[arg(long, value_name = "DIR")]
    pub captures: Option<PathBuf>,
    /// Repeat the analysis with the same arguments and compare every file
    #[arg(long)]
    pub rerun: bool,
    /// Arguments for the repetition that the manifest left out because they are secrets
    #[arg(last = true, value_name = "ARGUMENT", requires = "rerun")]
    pub secrets: Vec<String>,
}

/// The arguments of an analysis, read again.
#[derive(Parser)]
struct Again {
    #[command(flatten)]
    analyze: AnalyzeArgs,
}

/// Those of a study.
#[derive(Parser)]
struct Judged {
    #[command(flatten)]
    study: StudyArgs,
}

/// Those of a redacted copy.
#[derive(Parser)]
struct Copied {
    #[command(flatten)]
    report: ReportArgs,
}

/// What was found.
#[derive(Default)]
struct Findings {
    good: usize,
    bad: Vec<String>,
}

impl Findings {
    /// One check: nothing when it passed, or what is wrong.
    fn note(&mut self, found: Option<String>) {
        match found {
            Some(what) => self.bad.push(what),
            None => self.good += 1,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When there is no manifest, it was changed, or the analysis cannot be repeated.
pub fn run(args: &VerifyArgs, out: &mut dyn Write) -> anyhow::Result<Ending> {
    let manifest = Manifest::read(&args.dir)?;
    let mut findings = Findings::default();
    outputs(&args.dir, &manifest, &mut findings)?;
    strangers(&args.dir, &manifest, &mut findings)?;
    for input in &manifest.inputs {
        let wrong = sources::find(input, args.captures.as_deref()).err();
        findings.note(wrong.map(|state| format!("capture {}: {state}", printable(&input.path))));
    }
    for input in &manifest.documents {
        let wrong = sources::find(input, args.captures.as_deref()).err();
        findings.note(wrong.map(|state| format!("{}: {state}", printable(&input.path))));
    }
    if args.rerun {
        again(args, &manifest, &mut findings)?;
    }
    for line in &findings.bad {
        writeln!(out, "{line}")?;
    }
    let checked = findings.good + findings.bad.len();
    writeln!(out, "{} of {checked} checks passed: {FILE}, made by {}", findings.good, manifest.made_by())?;
    Ok(if findings.bad.is_empty() { Ending::Done } else { Ending::Damaged })
}

fn outputs(dir: &Path, manifest: &Manifest, findings: &mut Findings) -> anyhow::Result<()> {
    for output in &manifest.outputs {
        let path = dir.join(&output.path);
        if !path.is_file() {
            findings.note(Some(format!("{}: missing", printable(&output.path))));
            continue;
        }
        let (bytes, sha256) = hash_file(&path)?;
        let state = if bytes == output.bytes { "changed".to_owned() } else { format!("changed: {bytes} bytes, expected {}", output.bytes) };
        findings.note((sha256 != output.sha256).then(|| format!("{}: {state}", printable(&output.path))));
    }
    Ok(())
}

/// Files in the tables' folders that the manifest does not know: whoever reads a table would read them too.
fn strangers(dir: &Path, manifest: &Manifest, findings: &mut Findings) -> anyhow::Result<()> {
    let mut folders: Vec<&str> =
        manifest.outputs.iter().filter_map(|output| output.path.split_once('/')).map(|(folder, _)| folder).collect();
    folders.dedup();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(dir.join(folder)) else { continue };
        for entry in entries {
            let name = format!("{folder}/{}", entry?.file_name().to_string_lossy());
            if !manifest.outputs.iter().any(|output| output.path == name) {
                findings.note(Some(format!("{}: not in the manifest", printable(&name))));
            }
        }
    }
    Ok(())
}

/// Repeats the analysis in a folder of its own and compares.
fn again(args: &VerifyArgs, manifest: &Manifest, findings: &mut Findings) -> anyhow::Result<()> {
    if manifest.secrets > 0 && args.secrets.is_empty() {
        bail!("the analysis used {} secrets or redacted paths, which a manifest does not hold: give them again after --", manifest.secrets);
    }
    let folder = tempfile::tempdir().context("cannot make a folder for the repetition")?;
    let output = folder.path().join("again");
    let fixed = ["whereto", "--quiet", "--output"].map(std::ffi::OsString::from);
    let given = args.secrets.iter().chain(&manifest.arguments).map(std::ffi::OsString::from);
    let words: Vec<_> = fixed.into_iter().chain([output.clone().into()]).chain(given).collect();
    repeat(&manifest.command, words).context("cannot repeat the analysis")?;
    let repeated = Manifest::read(&output)?;
    let hashes: BTreeMap<&str, &str> = repeated.outputs.iter().map(|output| (output.path.as_str(), output.sha256.as_str())).collect();
    for output in &manifest.outputs {
        let is_same = hashes.get(output.path.as_str()) == Some(&output.sha256.as_str());
        findings.note((!is_same).then(|| format!("{}: another one when the analysis is repeated", printable(&output.path))));
    }
    Ok(())
}

fn repeat(command: &str, words: Vec<std::ffi::OsString>) -> anyhow::Result<Ending> {
    let style = super::grid::Style { colour: false, width: 100 };
    let unreadable = |error: clap::Error| anyhow::anyhow!("the manifest's arguments cannot be read: {error}");
    match command {
        "analyze" => super::analyze::run(&Again::try_parse_from(words).map_err(unreadable)?.analyze, style, &mut std::io::sink()),
        "study" => super::study::run(&Judged::try_parse_from(words).map_err(unreadable)?.study, style, &mut std::io::sink()),
        "report" => {
            let words = words.into_iter().filter(|word| word != "--quiet");
            let parsed = Copied::try_parse_from(words).map_err(unreadable)?;
            super::report::run(&parsed.report, &mut std::io::sink()).map(|()| Ending::Done)
        }
        other => bail!("the manifest names command {}, expected analyze, study or report", printable(other)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/lab-open-wifi-monitor.pcap");

    fn analyzed(dir: &Path) -> PathBuf {
        let capture = dir.join("one.pcap");
        fs::copy(CAPTURE, &capture).unwrap();
        let words = ["whereto".into(), "-q".into(), "-o".into(), dir.join("out").into_os_string(), capture.into_os_string()];
        let again = Again::try_parse_from(words).unwrap();
        super::super::analyze::run(&again.analyze, super::super::grid::Style { colour: false, width: 80 }, &mut std::io::sink()).unwrap();
        dir.join("out")
    }

    fn verified(dir: &Path, more: &[&str]) -> (anyhow::Result<Ending>, String) {
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            verify: VerifyArgs,
        }
        let mut out = Vec::new();
        let line = Line::try_parse_from(["whereto", dir.to_str().unwrap()].iter().chain(more)).unwrap();
        (run(&line.verify, &mut out), String::from_utf8(out).unwrap())
    }

    fn flip(path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn one_changed_byte_is_found_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let out = analyzed(folder.path());
        let (ending, text) = verified(&out, &["--rerun"]);
        assert_eq!(ending.unwrap(), Ending::Done, "{text}");

        for (file, said) in [
            ("flows/part-0.parquet", "flows/part-0.parquet: changed"),
            ("report.md", "report.md: changed"),
            ("../one.pcap", "one.pcap: changed"),
        ] {
            flip(&out.join(file));
            let (ending, text) = verified(&out, &[]);
            assert!(matches!(ending, Ok(Ending::Damaged)) && text.contains(said), "{text}");
            flip(&out.join(file));
        }
        let (ending, text) = verified(&out, &[]);
        assert_eq!(ending.unwrap(), Ending::Done, "{text}");

        fs::copy(out.join("flows/part-0.parquet"), out.join("flows/part-1.parquet")).unwrap();
        assert!(verified(&out, &[]).1.contains("flows/part-1.parquet: not in the manifest"));
        fs::remove_file(out.join("flows/part-1.parquet")).unwrap();
        fs::remove_file(out.join("report.json")).unwrap();
        assert!(verified(&out, &[]).1.contains("report.json: missing"));
    }

    /// A study with everything that one may read, judged.
    fn judged(dir: &Path) -> PathBuf {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/lab-study/06-local-data-mode-1");
        for name in ["phone.pcap.gz", "actions.csv", "sslkeys.txt"] {
            fs::copy(lab.join(name), dir.join(name)).unwrap();
        }
        let claim = "[[claim]]\nid = \"C1\"\nsays = \"nothing goes out\"\nselect = { place = \"public\" }\nexpect = { flows = 0 }\n";
        fs::write(dir.join("claims.toml"), claim).unwrap();
        let study = "[study]\ntitle = \"t\"\nvendor = \"DJI\"\nclaims = [\"claims.toml\"]\n[[run]]\nid = \"a\"\ncaptures = \"phone.pcap.gz\"\n\
            actions = \"actions.csv\"\ntls_keys = \"sslkeys.txt\"\n";
        fs::write(dir.join("study.toml"), study).unwrap();
        let output = dir.join("out");
        let words = ["whereto", "-q", "--format", "csv,ndjson,arrow", "-o", output.to_str().unwrap()];
        let study = dir.join("study.toml");
        let parsed = Judged::try_parse_from(words.into_iter().chain([study.to_str().unwrap()])).unwrap();
        super::super::study::run(&parsed.study, super::super::grid::Style { colour: false, width: 80 }, &mut std::io::sink()).unwrap();
        output
    }

    /// Every file below a folder.
    fn below(folder: &Path) -> Vec<PathBuf> {
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn one_changed_byte_of_a_study_is_found_in_every_file_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let out = judged(folder.path());
        let (ending, text) = verified(&out, &[]);
        assert_eq!(ending.unwrap(), Ending::Done, "{text}");
        let inputs = ["phone.pcap.gz", "actions.csv", "sslkeys.txt", "claims.toml", "study.toml"].map(|name| folder.path().join(name));
        let files: Vec<PathBuf> = below(&out).into_iter().filter(|path| !path.ends_with(FILE)).chain(inputs).collect();
        assert!(files.len() > 100, "tables in four formats, the report and its twins, inputs: {}", files.len());
        // The same places of each file are changed in all of them at once: each must be named.
        for round in 0..6_usize {
            let whole: Vec<Vec<u8>> = files.iter().map(|path| fs::read(path).unwrap()).collect();
            for (path, bytes) in files.iter().zip(&whole) {
                let mut changed = bytes.clone();
                match bytes.len() {
                    // A table without rows as text.
                    0 => changed.push(b' '),
                    length => changed[(length - 1) * round / 5] ^= 1 << round,
                }
                fs::write(path, changed).unwrap();
            }
            let (ending, text) = verified(&out, &[]);
            assert_eq!(ending.unwrap(), Ending::Damaged);
            for path in &files {
                let name = path.strip_prefix(&out).unwrap_or(path).display().to_string();
                assert!(
                    text.lines().any(|line| line.contains(&name) && line.contains("changed")),
                    "round {round}: {name} is not in\n{text}"
                );
            }
            files.iter().zip(whole).for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
        }
        assert_eq!(verified(&out, &[]).0.unwrap(), Ending::Done);
        let text = fs::read(out.join(FILE)).unwrap();
        for at in (0..text.len()).step_by(101) {
            let mut changed = text.clone();
            changed[at] ^= 1 << (at % 7);
            fs::write(out.join(FILE), changed).unwrap();
            assert!(Manifest::read(&out).is_err(), "byte {at} of the manifest");
        }
    }

    #[test]
    fn no_byte_of_the_manifest_can_change() {
        let folder = tempfile::tempdir().unwrap();
        let out = analyzed(folder.path());
        let path = out.join(FILE);
        let text = fs::read(&path).unwrap();
        for at in (0..text.len()).step_by(37) {
            let mut changed = text.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            assert!(Manifest::read(&out).is_err(), "byte {at}");
        }
    }
}
