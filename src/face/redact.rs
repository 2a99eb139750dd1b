//! Redaction on the command line: what a result may still say when it is handed on.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::flow::Device;
use crate::table::{Formats, Level, Order, Redactor, Tables};

/// The arguments.
#[derive(Args, Clone, Debug, Default)]
pub struct RedactArgs {
    /// Write tables and report without: bystanders (devices, stations, networks, aircraft that were not named are removed
    /// and counted), pseudonyms (addresses, names and numbers of devices and people become pseudonyms of a key, places are
    /// removed); both may be given
    #[arg(long, value_name = "LEVEL", value_delimiter = ',')]
    pub redact: Vec<RedactLevel>,
    /// Key of the pseudonyms: any file of 16 bytes or more; the same key gives the same pseudonyms, and without it nobody
    /// finds the way back
    #[arg(long, value_name = "FILE", requires = "redact")]
    pub redact_key: Option<PathBuf>,
    /// More values that become pseudonyms wherever they stand, one a line
    #[arg(long, value_name = "FILE", requires = "redact")]
    pub redact_also: Option<PathBuf>,
}

/// A level by its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RedactLevel {
    /// Rows of whom nobody named are removed and counted.
    Bystanders,
    /// Addresses, names and numbers become pseudonyms; places are removed.
    Pseudonyms,
}

/// What a manifest says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redacted {
    /// Levels.
    pub(super) levels: Vec<String>,
    /// Tells keys apart, and says nothing else of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Cells changed.
    cells: u64,
    /// Rows removed.
    rows: u64,
}

impl Redacted {
    /// Addresses are no longer those of the captures.
    pub(super) fn has_pseudonyms(&self) -> bool {
        self.levels.iter().any(|level| level == Level::Pseudonyms.as_str())
    }
}

/// A redaction under way: tables are written aside, and lie there only until they are redacted.
pub(super) struct Redaction {
    pub(super) redactor: Redactor,
    aside: tempfile::TempDir,
}

impl RedactArgs {
    /// Whether anything is to be redacted.
    pub(super) const fn is_wanted(&self) -> bool {
        !self.redact.is_empty()
    }

    /// Addresses and names of devices may not be said.
    pub(super) fn hides_devices(&self) -> bool {
        self.redact.contains(&RedactLevel::Pseudonyms)
    }

    /// Who redacts; `given` are the devices under test, `values` what else must go.
    pub(super) fn redactor(&self, given: Vec<Device>, mut values: Vec<String>) -> anyhow::Result<Redactor> {
        let levels = self.redact.iter().map(|level| match level {
            RedactLevel::Bystanders => Level::Bystanders,
            RedactLevel::Pseudonyms => Level::Pseudonyms,
        });
        let key = match &self.redact_key {
            Some(path) => std::fs::read(path).with_context(|| format!("cannot read the key of pseudonyms {}", path.display()))?,
            None if self.hides_devices() => {
                bail!("pseudonyms need a key: --redact-key FILE; one is made by: head -c 32 /dev/urandom > FILE")
            }
            None => Vec::new(),
        };
        if let Some(path) = &self.redact_also {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the values to redact {}", path.display()))?;
            values.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
        }
        Ok(Redactor::new(&Order { levels: levels.collect(), key, given, values })?)
    }

    /// Makes room aside for the tables of a result that is redacted before it comes to `output`; none when it is not.
    pub(super) fn begin(&self, output: &Path, given: Vec<Device>, values: Vec<String>) -> anyhow::Result<Option<Redaction>> {
        if !self.is_wanted() {
            return Ok(None);
        }
        let redactor = self.redactor(given, values)?;
        let aside = tempfile::Builder::new().prefix(".plain-").tempdir_in(output);
        let aside = aside.with_context(|| format!("cannot make a folder in {}", output.display()))?;
        Ok(Some(Redaction { redactor, aside }))
    }

    /// The arguments that say this again.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut said = Vec::new();
        for level in &self.redact {
            said.extend(["--redact".to_owned(), format!("{level:?}").to_lowercase()]);
        }
        for (flag, file) in [("--redact-key", &self.redact_key), ("--redact-also", &self.redact_also)] {
            said.extend(file.iter().flat_map(|path| [flag.to_owned(), path.to_string_lossy().into_owned()]));
        }
        said
    }
}

impl Redaction {
    /// Where the tables are written first.
    pub(super) fn folder(&self) -> &Path {
        self.aside.path()
    }

    /// Brings the result to its folder; what lay aside is gone.
    pub(super) fn finish(mut self, plain: Tables, output: &Path, formats: Formats) -> anyhow::Result<(Tables, Redactor)> {
        let tables = self.redactor.result(plain, output, formats)?;
        self.aside.close().context("cannot remove the tables that were not redacted")?;
        Ok((tables, self.redactor))
    }
}

/// A finished result, redacted where that was asked for, and who did it.
pub(super) fn finished(
    redaction: Option<Redaction>,
    plain: Tables,
    output: &Path,
    formats: Formats,
) -> anyhow::Result<(Tables, Option<Redactor>)> {
    let Some(redaction) = redaction else { return Ok((plain, None)) };
    let (tables, redactor) = redaction.finish(plain, output, formats)?;
    Ok((tables, Some(redactor)))
}

/// Takes everything that names a file out of arguments, and says how many there were: where somebody keeps captures and
/// keys is nobody else's business. What is left repeats the rest.
pub(super) fn hide_paths(said: &mut Vec<String>) -> usize {
    const FILES: [&str; 10] = [
        "--geoip",
        "--geofeed",
        "--provider-ranges",
        "--rules",
        "--wifi-keys",
        "--tls-keys",
        "--tls-rsa-key",
        "--identifiers",
        "--redact-key",
        "--redact-also",
    ];
    let end = said.iter().position(|word| word == "--").unwrap_or(said.len());
    let mut hidden = said.len().saturating_sub(end + 1);
    said.truncate(end);
    while let Some(at) = said.iter().position(|word| FILES.contains(&word.as_str())) {
        said.drain(at..(at + 2).min(said.len()));
        hidden += 1;
    }
    hidden
}

/// Takes devices and vantage out of arguments, and says how many there were: a manifest that is handed on may not name them.
pub(super) fn hide_devices(said: &mut Vec<String>) -> usize {
    let before = said.len();
    while let Some(at) = said.iter().position(|word| matches!(word.as_str(), "--device" | "--vantage")) {
        said.drain(at..(at + 2).min(said.len()));
    }
    (before - said.len()) / 2
}

/// What the manifest says of a redaction.
pub(super) fn note(redactor: &Redactor) -> Redacted {
    Redacted {
        levels: redactor.levels().iter().map(|level| level.as_str().to_owned()).collect(),
        key: redactor.key_fingerprint(),
        cells: redactor.statement().map(|row| row.cells).sum(),
        rows: redactor.statement().map(|row| row.rows).sum(),
    }
}
