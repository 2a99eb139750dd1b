//! `whereto analyze`: captures in, tables on disk, the answer on the terminal.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::knowledge::Knowledge;
use super::manifest::{Asked, Manifest};
use super::progress::Bar;
use super::redact::{self, RedactArgs};
use super::{Ending, answer};
use crate::analysis::{self, Options, Outcome};
use crate::capture::{self, Inputs};
use crate::table::{Formats, Store, Tables};

const EXAMPLES: &str = "Examples:
  whereto analyze capture.pcapng                    answer on the terminal, tables in ./whereto-out
  whereto analyze captures/ -o out                  every capture in a folder
  whereto analyze 'phone-*.pcap.gz' --device 192.168.2.20
  tcpdump -i wlan0 -w - | whereto analyze -         from a pipe
  whereto analyze monitor.pcap --wifi-key 'Spark-1234:passphrase'
  whereto analyze day.pcap --filter 'not port 22' --format csv
  whereto analyze day.pcap --redact pseudonyms --redact-key key.bin   to be handed on
  whereto analyze day.pcap --json | jq .summary     for a machine
  whereto analyze day.pcap --extract bodies         what was sent and received in clear, as files

Exit status: 0 done, 1 done but something was damaged or not understood, 2 not done.";

/// Arguments of `whereto analyze`.
#[derive(Args, Debug)]
#[command(about = "Analyze captures: bytes per category and destination region", after_help = EXAMPLES)]
pub struct AnalyzeArgs {
    /// Files, folders (searched recursively), patterns in quotes, or - for standard input; pcap and pcapng, also
    /// compressed with gzip, zstd or lz4
    #[arg(value_name = "CAPTURE", required = true)]
    pub captures: Vec<PathBuf>,
    /// Folder for the tables; those of an earlier run in it are replaced
    #[arg(short, long, value_name = "DIR", default_value = "whereto-out")]
    pub output: PathBuf,
    /// What is known beside the packets
    #[command(flatten)]
    pub knowledge: Knowledge,
    /// What the result may not say
    #[command(flatten)]
    pub redact: RedactArgs,
    /// Write the bodies of HTTP messages that can be read as files into this folder, named by their SHA-256, with a list
    /// of where each was seen; they are what people sent: handle them so
    #[arg(long, value_name = "DIR", conflicts_with_all = ["redact", "no_content"])]
    pub extract: Option<PathBuf>,
    /// Analyze only frames that this libpcap filter takes; the others go to the ledger as filtered
    #[arg(long, value_name = "EXPRESSION")]
    pub filter: Option<String>,
    /// Print one JSON object instead of the answer
    #[arg(long)]
    pub json: bool,
    /// No progress
    #[arg(short, long)]
    pub quiet: bool,
}

/// Runs the command.
///
/// # Errors
/// When an input is missing, an argument is wrong, or the tables cannot be written.
pub fn run(args: &AnalyzeArgs, style: answer::Style, out: &mut dyn Write) -> anyhow::Result<Ending> {
    let inputs = capture::expand(&args.captures)?;
    let options = options(args)?;
    std::fs::create_dir_all(&args.output).with_context(|| format!("cannot create output folder {}", args.output.display()))?;
    let given = args.knowledge.devices.iter().map(|named| named.device).collect();
    let redaction = args.redact.begin(&args.output, given, args.knowledge.identifiers.values()?)?;
    let mut store = match &redaction {
        Some(redaction) => Store::create(redaction.folder(), Formats::default())?,
        None => Store::create(&args.output, args.knowledge.formats())?,
    };
    let is_shown = !args.quiet && std::io::stderr().is_terminal();
    let bar = if is_shown { Bar::new(&inputs) } else { Bar::hidden() };
    let outcome = analysis::run(&inputs, &options, &mut store, &mut |progress| bar.tell(&progress));
    bar.finish();
    let outcome = outcome?;
    if outcome.captures == 0 {
        // Nothing was read: the tables of an earlier run stay as they are.
        let reasons: Vec<String> = outcome.unreadable.iter().map(|(_, reason)| reason.clone()).collect();
        anyhow::bail!("{}", reasons.join("\n"));
    }
    let (tables, redactor) = redact::finished(redaction, store.finish()?, &args.output, args.knowledge.formats())?;
    let written = super::report::write(&args.output, None)?;
    let asked = Asked { redaction: redactor.as_ref().map(redact::note), ..asked(args) };
    let mut manifest = Manifest::of(&tables, &args.knowledge.asked_rules()?, asked, &written)?;
    if let Some(redactor) = &redactor {
        manifest = manifest.with_paths(&|path| redactor.path(path));
    }
    manifest.write(&args.output)?;
    let [page, ..] = written;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &answer::json(&tables)?)?;
        writeln!(out)?;
    } else {
        answer::print(&tables, style, out)?;
        writeln!(out, "\nReport\n  {}", super::grid::printable(&page.display().to_string()))?;
    }
    Ok(ending(&inputs, &outcome, &tables))
}

/// The arguments that repeat the analysis, and how many secrets are not among them.
fn asked(args: &AnalyzeArgs) -> Asked {
    // A key of TLS is not guessed by its hash; a passphrase or an identifier may be.
    let documents = args.knowledge.tls.logs.iter().chain(&args.knowledge.tls.rsa_keys).cloned().collect();
    let (mut said, mut secrets) = args.knowledge.arguments();
    if args.redact.hides_devices() {
        secrets += redact::hide_devices(&mut said);
    }
    said.extend(args.redact.arguments());
    args.filter.iter().for_each(|filter| said.extend(["--filter".to_owned(), filter.clone()]));
    said.push("--".to_owned());
    said.extend(args.captures.iter().map(|path| path.to_string_lossy().into_owned()));
    if args.redact.is_wanted() {
        secrets += redact::hide_paths(&mut said);
    }
    Asked { command: "analyze", arguments: said, secrets, documents, redaction: None }
}

fn options(args: &AnalyzeArgs) -> anyhow::Result<Options> {
    Ok(Options { filter: args.filter.clone(), scratch: args.output.clone(), extract: args.extract.clone(), ..args.knowledge.options()? })
}

/// Says on standard error what a script would miss, and finds the exit status.
#[expect(clippy::print_stderr, reason = "notes for people go beside the answer, not into it")]
fn ending(inputs: &Inputs, outcome: &Outcome, tables: &Tables) -> Ending {
    if !inputs.passed_over.is_empty() {
        eprintln!("whereto: {} files in the folders are no captures and were passed over", inputs.passed_over.len());
    }
    for (_, reason) in &outcome.unreadable {
        eprintln!("whereto: {reason}");
    }
    let open = !outcome.open_ledgers.is_empty() || !answer::closes(&tables.captures, &tables.ledger);
    if open {
        eprintln!(
            "whereto: THE LEDGER DOES NOT CLOSE for {}: this is an error of whereto, please report it",
            outcome.open_ledgers.join(", ")
        );
        return Ending::NotDone;
    }
    if outcome.is_damaged { Ending::Damaged } else { Ending::Done }
}
