//! The command line: commands, common conventions, exit status.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand};

use super::{Ending, geoip, keys, rules, schema};

const ABOUT: &str = "Says where a phone and a drone send their data: captures in; bytes per category and destination region out";

const EXAMPLES: &str = "Examples:
  whereto analyze captures/ -o out     tables in out/, the answer on the terminal
  whereto live -i wlan0 -o flight      the same on an interface, while it captures
  whereto explain out 47.91.161.230    on what the answer for an address rests
  whereto geoip 47.91.161.230          what the address data says
  whereto rules explain active.dji.com which rule decides, and its source
  whereto schema flows                 what the columns mean";

#[derive(Parser)]
#[command(name = "whereto", version, about = ABOUT, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[cfg(feature = "table")]
    Analyze(super::analyze::AnalyzeArgs),
    #[cfg(all(feature = "table", feature = "live"))]
    Live(super::live::LiveArgs),
    #[cfg(feature = "table")]
    Explain(super::explain::ExplainArgs),
    #[cfg(feature = "table")]
    Report(super::report::ReportArgs),
    #[cfg(feature = "table")]
    Verify(super::verify::VerifyArgs),
    #[cfg(feature = "table")]
    Study(super::study::StudyArgs),
    Geoip(geoip::GeoipArgs),
    #[command(about = "Rules that say which kind of data a destination gets: check, show, explain")]
    Rules(rules::RulesArgs),
    Keys(keys::KeysArgs),
    Schema(schema::SchemaArgs),
    #[cfg(feature = "live")]
    Interfaces(super::interfaces::InterfacesArgs),
    Completions(CompletionsArgs),
}

#[derive(Args)]
#[command(about = "Completions for a shell, to be sourced by it")]
struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _told = error.print();
            return ExitCode::from(if error.use_stderr() { Ending::NotDone.code() } else { Ending::Done.code() });
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let result = run(cli.command, &mut out).and_then(|ending| Ok(out.flush().map(|()| ending)?));
    match result {
        Ok(ending) => ExitCode::from(ending.code()),
        // Whoever reads has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::from(Ending::Done.code()),
        Err(error) => {
            tell(&error);
            ExitCode::from(Ending::NotDone.code())
        }
    }
}

fn run(command: Command, out: &mut dyn Write) -> anyhow::Result<Ending> {
    match command {
        #[cfg(feature = "table")]
        Command::Analyze(args) => super::analyze::run(&args, super::terminal::style(), out),
        #[cfg(all(feature = "table", feature = "live"))]
        Command::Live(args) => super::live::run(&args, out),
        #[cfg(feature = "table")]
        Command::Explain(args) => super::explain::run(&args, super::terminal::style(), out).map(|()| Ending::Done),
        #[cfg(feature = "table")]
        Command::Report(args) => super::report::run(&args, out).map(|()| Ending::Done),
        #[cfg(feature = "table")]
        Command::Verify(args) => super::verify::run(&args, out),
        #[cfg(feature = "table")]
        Command::Study(args) => super::study::run(&args, super::terminal::style(), out),
        Command::Geoip(args) => geoip::run(&args, out).map(|()| Ending::Done),
        Command::Rules(args) => rules::run(&args, out),
        Command::Keys(args) => keys::run(&args, out),
        Command::Schema(args) => schema::run(&args, out).map(|()| Ending::Done),
        #[cfg(feature = "live")]
        Command::Interfaces(args) => super::interfaces::run(&args, out).map(|()| Ending::Done),
        Command::Completions(args) => {
            clap_complete::generate(args.shell, &mut Cli::command(), "whereto", &mut Shim(out));
            Ok(Ending::Done)
        }
    }
}

/// `clap_complete` wants a sized writer.
struct Shim<'a>(&'a mut dyn Write);

impl Write for Shim<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}

#[expect(clippy::print_stderr, reason = "the one place where an error is told")]
fn tell(error: &anyhow::Error) {
    eprintln!("whereto: {}", told(error));
}

/// An error and its causes; those that the error itself quotes are not said twice.
fn told(error: &anyhow::Error) -> String {
    let causes = error.chain().skip(1).map(ToString::to_string);
    causes.fold(error.to_string(), |text, cause| if text.contains(&cause) { text } else { format!("{text}: {cause}") })
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let missing = io::Error::from(io::ErrorKind::NotFound);
        let quoting = crate::Error::from(crate::error::Kind::io("open capture", std::path::Path::new("a.pcap"), missing));
        assert_eq!(told(&quoting.into()), "cannot open capture a.pcap: entity not found");
        let caused: Result<(), _> = Err(io::Error::from(io::ErrorKind::NotFound)).context("cannot make folder b");
        assert_eq!(told(&caused.unwrap_err()), "cannot make folder b: entity not found");
    }

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }
}
