//! `whereto report`: one self-contained page from the tables alone, with Markdown and JSON twins that say the same.
//!
//! The page asks the network for nothing and reads without a script. Whatever came from traffic passes through the
//! page maker's escaping; nothing is pasted.

mod broadcasts;
mod commands;
mod data;
mod findings;
mod html;
mod markdown;
mod picture;
mod sections;
mod world;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::manifest::{Asked, Manifest};
use super::redact::{self, RedactArgs};
use crate::flow::Named;
use crate::table::Formats;
use data::Report;

const EXAMPLES: &str = "Examples:
  whereto report out                     out/report.html again, and out/report.md and out/report.json beside it
  whereto report out --title 'Fleet A'   with a title of your own
  whereto report out --redact pseudonyms --redact-key key.bin -o handed-on

The page holds everything it needs: it can be sent, printed and opened offline.";

/// Arguments of `whereto report`.
#[derive(Args, Clone, Debug)]
#[command(about = "The report again, from the tables alone: HTML, Markdown, JSON", after_help = EXAMPLES)]
pub struct ReportArgs {
    /// Folder with the tables that analyze wrote
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Title of the report; that of the report in the folder when not given
    #[arg(long)]
    pub title: Option<String>,
    /// Folder for a redacted copy of tables and report
    #[arg(short, long, value_name = "DIR", requires = "redact")]
    pub output: Option<PathBuf>,
    /// What the copy may not say
    #[command(flatten)]
    pub redact: RedactArgs,
    /// A device under test, which is no bystander: as given to analyze; repeatable
    #[arg(long = "device", value_name = "MAC|IP|CIDR", value_delimiter = ',', requires = "redact")]
    pub devices: Vec<Named>,
}

/// What a report is called when nobody says otherwise.
const TITLE: &str = "Where the data goes";

/// Runs the command.
///
/// # Errors
/// When the folder holds no tables, or the report cannot be written.
pub fn run(args: &ReportArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let known = args.title.clone().or_else(|| known_title(&args.dir));
    if args.redact.is_wanted() {
        return redacted(args, known.as_deref().unwrap_or(TITLE), out);
    }
    for path in write(&args.dir, known.as_deref())? {
        writeln!(out, "{}", path.display())?;
    }
    Ok(())
}

/// Writes the report and its twins into the folder of the tables; the paths, the page first.
///
/// # Errors
/// As [`run`].
pub(super) fn write(dir: &Path, title: Option<&str>) -> anyhow::Result<[PathBuf; 3]> {
    let report = Report::read(dir, title.unwrap_or(TITLE))?;
    let json = serde_json::to_string_pretty(&report)?;
    let texts = [("report.html", html::page(&report)), ("report.md", markdown::page(&report)), ("report.json", json + "\n")];
    let mut paths = Vec::new();
    for (name, text) in texts {
        paths.push(put(dir, name, &text)?);
    }
    paths.try_into().map_err(|_| anyhow::anyhow!("a report has three files"))
}

/// A copy of the result that says less.
fn redacted(args: &ReportArgs, title: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let Some(output) = &args.output else { bail!("a redacted result is a copy: --output DIR says where to") };
    let manifest = Manifest::read(&args.dir).context("the copy's manifest is made from that of the result")?;
    if manifest.redaction.is_some() {
        bail!("{} is redacted already: take the result that it was made from", args.dir.display());
    }
    fs::create_dir_all(output).with_context(|| format!("cannot create output folder {}", output.display()))?;
    if fs::canonicalize(output)? == fs::canonicalize(&args.dir)? {
        bail!("a redacted result is a copy: --output must be another folder than {}", args.dir.display());
    }
    let mut redactor = args.redact.redactor(args.devices.iter().map(|named| named.device).collect(), Vec::new())?;
    let (tables, ..) = redactor.tables(&args.dir, output, Formats::default())?;
    let written = write(output, Some(&redactor.text(title)))?;
    let mut arguments = args.redact.arguments();
    let mut secrets = 0;
    if args.redact.hides_devices() {
        secrets = args.devices.len();
    } else {
        args.devices.iter().for_each(|device| arguments.extend(["--device".to_owned(), device.to_string()]));
    }
    arguments.extend(["--".to_owned(), args.dir.to_string_lossy().into_owned()]);
    secrets += redact::hide_paths(&mut arguments);
    let asked = Asked { command: "report", arguments, secrets, documents: Vec::new(), redaction: Some(redact::note(&redactor)) };
    manifest.derived(asked, output, &tables, &written)?.with_paths(&|path| redactor.path(path)).write(output)?;
    for path in written {
        writeln!(out, "{}", path.display())?;
    }
    Ok(())
}

/// The title of the report that lies in the folder.
fn known_title(dir: &Path) -> Option<String> {
    let text = fs::read_to_string(dir.join("report.json")).ok()?;
    let report: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(report.get("title")?.as_str()?.to_owned())
}

/// Writes a file beside and renames it: a reader never sees half of it.
pub(super) fn put(dir: &Path, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let path = dir.join(name);
    let mut file = tempfile::NamedTempFile::new_in(dir).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).with_context(|| format!("cannot write {}", path.display()))?;
    readable(file.path())?;
    file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// Temporary files are private; a report is as readable as the tables beside it.
#[cfg(unix)]
fn readable(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o644))?)
}

#[cfg(not(unix))]
fn readable(_: &Path) -> anyhow::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
