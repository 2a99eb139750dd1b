//! `manifest.json`: what a result was made from and with, and the hash of everything it consists of.
//!
//! The outputs form a chain: the hash of each takes in all before it and everything above them, so that none can be
//! exchanged, left out or put elsewhere. The seal is the hash of the manifest's own text with an empty seal. Whoever
//! changes a result and makes a new manifest is found by a signature over it, see docs/evidence.md.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::redact::Redacted;
use crate::enrich::Rules;
use crate::record::Disposition;
use crate::table::{Table, Tables};
use crate::wire::hex;

/// Name of the file in the folder of the tables.
pub(super) const FILE: &str = "manifest.json";
const FORMAT: &str = "whereto manifest 1";

/// The manifest, in the order of its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    format: String,
    /// Program, version, features.
    tool: Tool,
    /// The command that was run: analyze or study.
    pub(super) command: String,
    /// Its arguments as they were understood; secrets are left out.
    pub(super) arguments: Vec<String>,
    /// Arguments left out because they are secrets: to repeat the analysis they must be given again.
    pub(super) secrets: usize,
    /// The captures.
    pub(super) inputs: Vec<Input>,
    /// What else was read: the study file, its claims, logs of actions, key logs of TLS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) documents: Vec<Input>,
    /// What the result does not say any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) redaction: Option<Redacted>,
    rules: Vec<RuleSet>,
    /// Address files, as `file@sha256`.
    address_data: Vec<String>,
    counts: Counts,
    /// Every file of the result.
    pub(super) outputs: Vec<Output>,
    /// Hash of this text while this field is empty.
    seal: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tool {
    name: String,
    version: String,
    features: Vec<String>,
}

/// What was asked, as a manifest keeps it.
pub(super) struct Asked {
    /// The command.
    pub(super) command: &'static str,
    /// Its arguments without secrets.
    pub(super) arguments: Vec<String>,
    /// How many secrets there were.
    pub(super) secrets: usize,
    /// Files that were read besides captures, rules and address data.
    pub(super) documents: Vec<PathBuf>,
    /// What was redacted.
    pub(super) redaction: Option<Redacted>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// Path as given.
    pub(super) path: String,
    /// Its length on disk.
    pub(super) bytes: u64,
    /// Its hash.
    pub(super) sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleSet {
    name: String,
    version: String,
    sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    frames: u64,
    wire_bytes: u64,
    ledger_closes: bool,
    /// Frames that led to no flow, by where they went.
    excluded_frames: BTreeMap<String, u64>,
    /// Rows by table.
    rows: BTreeMap<String, u64>,
}

/// A file of the result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    /// Path in the folder.
    pub(super) path: String,
    /// Its length.
    pub(super) bytes: u64,
    /// Its hash.
    pub(super) sha256: String,
    /// Hash over the link before, this hash, length and path.
    chain: String,
}

impl Manifest {
    /// Describes a finished analysis; `files` lie beside the tables.
    pub(super) fn of(tables: &Tables, rules: &Rules, asked: Asked, files: &[PathBuf]) -> anyhow::Result<Self> {
        let input = |row: &crate::record::Capture| Input { path: row.path.to_string(), bytes: row.file_bytes, sha256: row.sha256.clone() };
        let rule_set = |source: &crate::enrich::RuleFile| RuleSet {
            name: source.name.clone(),
            version: source.version.clone(),
            sha256: source.sha256.clone(),
        };
        let mut address_data: Vec<String> = tables.captures.iter().flat_map(|row| row.address_data.iter().cloned()).collect();
        address_data.sort();
        address_data.dedup();
        let features = [("live", cfg!(feature = "live")), ("table", cfg!(feature = "table"))];
        let mut manifest = Self {
            format: FORMAT.to_owned(),
            tool: Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                features: features.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| (*name).to_owned()).collect(),
            },
            command: asked.command.to_owned(),
            arguments: asked.arguments,
            secrets: asked.secrets,
            inputs: tables.captures.iter().map(input).collect(),
            redaction: asked.redaction,
            documents: asked.documents.iter().map(|path| document(path)).collect::<anyhow::Result<_>>()?,
            rules: rules.sources().iter().map(rule_set).collect(),
            address_data,
            counts: Counts::of(tables),
            outputs: Vec::new(),
            seal: String::new(),
        };
        manifest.describe(&tables.dir, &tables.tables, files)?;
        Ok(manifest)
    }

    /// With paths of inputs as they may be shown.
    pub(super) fn with_paths(mut self, shown: &dyn Fn(&str) -> String) -> Self {
        self.inputs.iter_mut().chain(&mut self.documents).for_each(|input| input.path = shown(&input.path));
        self.forge();
        self
    }

    /// Describes a result made from another one, whose inputs, rules and counts of frames are the same.
    pub(super) fn derived(mut self, asked: Asked, dir: &Path, tables: &[Table], files: &[PathBuf]) -> anyhow::Result<Self> {
        asked.command.clone_into(&mut self.command);
        (self.arguments, self.secrets, self.redaction) = (asked.arguments, asked.secrets, asked.redaction);
        self.counts.rows = rows_of(tables);
        self.describe(dir, tables, files)?;
        Ok(self)
    }

    /// Lists the files of the result, and seals.
    fn describe(&mut self, dir: &Path, tables: &[Table], files: &[PathBuf]) -> anyhow::Result<()> {
        let mut paths: Vec<PathBuf> = tables.iter().flat_map(|table| table.paths.iter().cloned()).chain(files.iter().cloned()).collect();
        paths.sort();
        self.outputs.clear();
        for path in paths {
            let (bytes, sha256) = hash_file(&path)?;
            self.outputs.push(Output { path: relative(&path, dir), bytes, sha256, chain: String::new() });
        }
        self.forge();
        Ok(())
    }

    /// Writes it into the folder of the tables.
    pub(super) fn write(&self, dir: &Path) -> anyhow::Result<PathBuf> {
        super::report::put(dir, FILE, &self.text())
    }

    /// Reads the manifest of a folder, which must be exactly what this program would write.
    pub(super) fn read(dir: &Path) -> anyhow::Result<Self> {
        let path = dir.join(FILE);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest: Self = serde_json::from_str(&text).with_context(|| format!("{} is no manifest", path.display()))?;
        if manifest.format != FORMAT {
            bail!("{}: found format {:?}, expected {FORMAT:?}", path.display(), manifest.format);
        }
        let mut forged = manifest.clone();
        forged.forge();
        if forged.text() != text {
            bail!("{} was changed after it was written: its seal does not fit", path.display());
        }
        Ok(manifest)
    }

    /// The hash of its text.
    pub(super) fn seal(&self) -> &str {
        &self.seal
    }

    /// Program and version.
    pub(super) fn made_by(&self) -> String {
        format!("{} {}", self.tool.name, self.tool.version)
    }

    /// Makes chain and seal.
    fn forge(&mut self) {
        let mut chained = self.clone();
        chained.outputs.clear();
        chained.seal.clear();
        let mut link = hash(chained.text().as_bytes());
        for output in &mut self.outputs {
            link = hash(format!("{link} {} {} {}", output.sha256, output.bytes, output.path).as_bytes());
            output.chain.clone_from(&link);
        }
        self.seal.clear();
        self.seal = hash(self.text().as_bytes());
    }

    fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Counts {
    fn of(tables: &Tables) -> Self {
        let mut excluded_frames = BTreeMap::new();
        for row in tables.ledger.iter().filter(|row| row.disposition != Disposition::Flow) {
            *excluded_frames.entry(row.disposition.as_str().to_owned()).or_default() += row.frames;
        }
        Self {
            frames: tables.captures.iter().map(|row| row.frames).sum(),
            wire_bytes: tables.captures.iter().map(|row| row.wire_bytes).sum(),
            ledger_closes: super::answer::closes(&tables.captures, &tables.ledger),
            excluded_frames,
            rows: rows_of(&tables.tables),
        }
    }
}

fn rows_of(tables: &[Table]) -> BTreeMap<String, u64> {
    tables.iter().map(|table| (table.name.to_owned(), u64::try_from(table.rows).unwrap_or(u64::MAX))).collect()
}

fn document(path: &Path) -> anyhow::Result<Input> {
    let (bytes, sha256) = hash_file(path)?;
    Ok(Input { path: path.to_string_lossy().into_owned(), bytes, sha256 })
}

/// Length and hash of a file.
pub(super) fn hash_file(path: &Path) -> anyhow::Result<(u64, String)> {
    let failed = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(failed)?;
    let (mut digest, mut length, mut block) = (Sha256::new(), 0_u64, vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut block).with_context(failed)?;
        let Some(bytes) = block.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        length += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        digest.update(bytes);
    }
    Ok((length, hex(&digest.finalize())))
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A path in the folder, with `/` on every system.
fn relative(path: &Path, dir: &Path) -> String {
    let parts = path.strip_prefix(dir).unwrap_or(path).components();
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
