//! `whereto report`: one self-contained page from the tables alone, with Markdown and JSON twins that say the same.
//!
//! The page asks the network for nothing and reads without a script. Whatever came from traffic passes through the
//! page maker's escaping; nothing is pasted.

mod broadcasts;
mod commands;
mod data;
mod html;
mod markdown;
mod picture;
mod sections;
mod world;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use data::Report;

const EXAMPLES: &str = "Examples:
  whereto report out                     out/report.html again, and out/report.md and out/report.json beside it
  whereto report out --title 'Fleet A'   with a title of your own

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
}

/// What a report is called when nobody says otherwise.
const TITLE: &str = "Where the data goes";

/// Runs the command.
///
/// # Errors
/// When the folder holds no tables, or the report cannot be written.
pub fn run(args: &ReportArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let known = args.title.clone().or_else(|| known_title(&args.dir));
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
