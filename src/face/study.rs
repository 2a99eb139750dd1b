//! `whereto study`: runs analysed and compared, claims judged; tables on disk, verdicts on the terminal.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::grid::{Cell, Fit, Grid, Style, Tone};
use super::knowledge::Format;
use super::manifest::{Asked, Manifest};
use super::progress::Bar;
use super::redact::{self, RedactArgs};
use super::{Ending, answer, rows};
use crate::capture::Inputs;
use crate::record::{Claim, Comparison};
use crate::study::{self, Judgement, Study};
use crate::table::{Formats, Store, Tables, read};

const EXAMPLES: &str = "Examples:
  whereto study init captures/ > study.toml     a start from the captures, to be completed by hand
  whereto study check study.toml                is it complete, are its files there
  whereto study study.toml -o out               tables in out/, verdicts on the terminal
  whereto study study.toml --json | jq .claims  for a machine

Exit status: 0 done, 1 done but something was damaged or not understood, 2 not done. A claim contradicted is a result,
no failure.";

/// Arguments of `whereto study`.
#[derive(Args, Debug)]
#[command(
    about = "Compare runs and judge claims by a study file",
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct StudyArgs {
    #[command(subcommand)]
    command: Option<StudyCommand>,
    /// Study file (TOML)
    #[arg(value_name = "STUDY.toml", required = true)]
    study: Option<PathBuf>,
    /// Folder for the tables; those of an earlier run in it are replaced
    #[arg(short, long, value_name = "DIR", default_value = "whereto-out")]
    output: PathBuf,
    /// Write the tables also in this format; repeatable
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    format: Vec<Format>,
    /// What the result may not say
    #[command(flatten)]
    redact: RedactArgs,
    /// Print one JSON object instead of the verdicts
    #[arg(long)]
    json: bool,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum StudyCommand {
    /// Print a commented start of a study file for a folder of captures
    Init {
        /// Folder of captures, searched recursively; paths in the study file are relative to it
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Check a study file and the files it names, without analysing
    Check {
        /// Study file (TOML)
        #[arg(value_name = "STUDY.toml")]
        study: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
/// When the study file is wrong, a file it names is missing, or the tables cannot be written.
pub fn run(args: &StudyArgs, style: Style, out: &mut dyn Write) -> anyhow::Result<Ending> {
    match (&args.command, &args.study) {
        (Some(StudyCommand::Init { folder }), _) => write!(out, "{}", study::init(folder)?)?,
        (Some(StudyCommand::Check { study }), _) => check(study, out)?,
        (None, Some(path)) => return judge(args, path, style, out),
        (None, None) => anyhow::bail!("no study file given"),
    }
    Ok(Ending::Done)
}

fn check(path: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let study = Study::read(path)?;
    for line in study::check(&study)? {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "{}: {} runs, {} claims", study.head.title, study.runs.len(), study.claims.len())?;
    Ok(())
}

fn judge(args: &StudyArgs, path: &Path, style: Style, out: &mut dyn Write) -> anyhow::Result<Ending> {
    let study = Study::read(path)?;
    std::fs::create_dir_all(&args.output).with_context(|| format!("cannot create output folder {}", args.output.display()))?;
    let values = study.identifiers.iter().flat_map(|identifier| identifier.value.texts()).collect();
    let redaction = args.redact.begin(&args.output, study::given(&study)?, values)?;
    let mut store = match &redaction {
        Some(redaction) => Store::create(redaction.folder(), Formats::default())?,
        None => Store::create(&args.output, formats(&args.format))?,
    };
    let is_shown = !args.quiet && std::io::stderr().is_terminal();
    let bar = if is_shown { Bar::new(&Inputs::default()) } else { Bar::hidden() };
    let judgement = study::judge(&study, &args.output, &mut store, &mut |progress| bar.tell(&progress));
    bar.finish();
    let mut judgement = judgement?;
    let (tables, mut redactor) = redact::finished(redaction, store.finish()?, &args.output, formats(&args.format))?;
    if redactor.is_some() {
        // What is shown rests on the tables that are not there any more.
        judgement.claims.iter_mut().for_each(|claim| (claim.evidence_against, claim.candidates) = (Vec::new(), Vec::new()));
    }
    let mut safe = |text: &str| redactor.as_mut().map_or_else(|| text.to_owned(), |redactor| redactor.text(text));
    let written = super::report::write(&args.output, Some(&safe(&study.head.title)))?;
    let page = safe(&page(&study, &judgement, style));
    let asked = Asked { redaction: redactor.as_ref().map(redact::note), ..asked(args, path, &study) };
    let mut manifest = Manifest::of(&tables, &study::asked_rules(&study)?, asked, &written)?;
    if let Some(redactor) = &redactor {
        manifest = manifest.with_paths(&|path| redactor.path(path));
    }
    manifest.write(&args.output)?;
    let [report, ..] = written;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &json(&tables)?)?;
        writeln!(out)?;
    } else {
        out.write_all(page.as_bytes())?;
        writeln!(
            out,
            "\nTables\n  {}: runs, actions, comparisons, claims, flows and the others, one folder per table",
            tables.dir.display()
        )?;
        writeln!(out, "\nReport\n  {}", super::grid::printable(&report.display().to_string()))?;
    }
    Ok(ending(&judgement, &tables))
}

/// What repeats the judgement. The study file holds the rest, so it is hashed with all that it names.
fn asked(args: &StudyArgs, path: &Path, study: &Study) -> Asked {
    let mut arguments = Vec::new();
    for format in &args.format {
        arguments.extend(["--format".to_owned(), format!("{format:?}").to_lowercase()]);
    }
    arguments.extend(args.redact.arguments());
    arguments.extend(["--".to_owned(), path.to_string_lossy().into_owned()]);
    let documents = std::iter::once(path.to_path_buf()).chain(study.documents()).collect();
    let secrets = if args.redact.is_wanted() { redact::hide_paths(&mut arguments) } else { 0 };
    Asked { command: "study", arguments, secrets, documents, redaction: None }
}

fn formats(wanted: &[Format]) -> Formats {
    Formats { csv: wanted.contains(&Format::Csv), ndjson: wanted.contains(&Format::Ndjson), arrow: wanted.contains(&Format::Arrow) }
}

/// The object of `analyze --json`, and the study's own tables.
fn json(tables: &Tables) -> anyhow::Result<serde_json::Value> {
    let mut answer = answer::json(tables)?;
    for table in ["runs", "actions", "comparisons", "claims"] {
        let frame = read(&tables.dir, table, &[])?;
        answer[table] = serde_json::to_value(rows::rows(&frame)?)?;
    }
    Ok(answer)
}

fn page(study: &Study, judgement: &Judgement, style: Style) -> String {
    let mut page = format!("{}\n", style.paint(Tone::Heading, &study.head.title));
    page.push_str(&runs(judgement, style));
    page.push_str(&differences(&judgement.comparisons, style));
    page.push_str(&format!("\n{}\n", style.paint(Tone::Heading, "Claims")));
    for claim in &judgement.claims {
        page.push_str(&verdict(claim, style));
    }
    if judgement.claims.is_empty() {
        page.push_str("  None: sentences to be checked are [[claim]] in the study file.\n");
    }
    page
}

fn runs(judgement: &Judgement, style: Style) -> String {
    let mut grid = Grid::new(&[
        ("run", Fit::Left),
        ("settings", Fit::CutEnd(20)),
        ("flows", Fit::Right),
        ("bytes out", Fit::Right),
        ("gaps", Fit::CutEnd(20)),
    ]);
    for run in &judgement.runs {
        let gaps = Cell::new(Tone::Doubt, run.gaps.join("; "));
        grid.row(vec![
            run.run.as_str().into(),
            run.settings.join(" ").into(),
            super::units::count(run.flows).into(),
            super::units::count(run.ip_bytes_out).into(),
            gaps,
        ]);
    }
    format!("\n{}\n{}", style.paint(Tone::Heading, "Runs"), grid.lines(style))
}

/// What the settings changed: only the rows that say something.
fn differences(comparisons: &[Comparison], style: Style) -> String {
    let mut lines: Vec<String> = Vec::new();
    for comparison in comparisons.iter().filter(|row| row.dimension == "category") {
        let line = match comparison.word {
            "no-difference-seen" | "too-few-runs" => continue,
            word => format!("{word}: {}", comparison.value),
        };
        let head = format!("  {} ({} against {})", comparison.change, comparison.compared.join(", "), comparison.baseline.join(", "));
        if !lines.contains(&head) {
            lines.push(head);
            lines.extend(comparison.warnings.iter().map(|warning| style.paint(Tone::Doubt, &format!("    {warning}"))));
        }
        lines.push(format!("    {line}"));
    }
    let text = match (lines.is_empty(), comparisons.is_empty()) {
        (true, true) => "  Nothing to compare: no two kinds of runs differ in one setting.".to_owned(),
        (true, false) => "  No difference that repeats.".to_owned(),
        _ => lines.join("\n"),
    };
    format!("\n{}\n{text}\n", style.paint(Tone::Heading, "What settings change, by kind of data"))
}

fn verdict(claim: &Claim, style: Style) -> String {
    let tone = match claim.verdict {
        "contradicted" => Tone::Alarm,
        "undetermined" => Tone::Doubt,
        _ => Tone::Plain,
    };
    let mut text = format!("{:5} {}  {}\n", claim.claim, style.paint(tone, &format!("{:16}", claim.verdict)), claim.says);
    text.push_str(&style.paint(Tone::Faint, &format!("{:22}  {}", "", claim.reason)));
    text.push('\n');
    for line in claim.evidence_against.iter().chain(&claim.candidates).take(3) {
        text.push_str(&format!("{:24}- {line}\n", ""));
    }
    text
}

/// Says on standard error what a script would miss, and finds the exit status.
#[expect(clippy::print_stderr, reason = "notes for people go beside the answer, not into it")]
fn ending(judgement: &Judgement, tables: &Tables) -> Ending {
    for missing in &judgement.missing {
        eprintln!("whereto: run {} is {}", missing.run, missing.gaps.join("; "));
    }
    for (_, reason) in &judgement.unreadable {
        eprintln!("whereto: {reason}");
    }
    if !judgement.open_ledgers.is_empty() || !answer::closes(&tables.captures, &tables.ledger) {
        eprintln!(
            "whereto: THE LEDGER DOES NOT CLOSE for {}: this is an error of whereto, please report it",
            judgement.open_ledgers.join(", ")
        );
        return Ending::NotDone;
    }
    if judgement.is_damaged { Ending::Damaged } else { Ending::Done }
}
