//! `whereto explain`: on what an answer rests, for a flow, a host, an address or a cell of the summary, down to the rules
//! that were tried and the frames that Wireshark shows.

mod choice;
mod could_carry;
mod evidence;
mod excerpt;
mod filter;
mod subject;
mod text;
mod verdict;
mod what;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::grid::Style;
use super::rows::{Row, rows};
use super::rules::rule_json;
use super::wifi_keys::WifiKeyArgs;
use crate::enrich::{Rule, Rules};
use crate::table::read;
use choice::{Choice, Part, Sums};
pub use could_carry::{Amount, Direction};
use evidence::{Evidence, Told};
use excerpt::{Order, Written};
use subject::Subject;
use text::Detail;
use verdict::Verdict;

/// Flows explained one by one when not all are wanted.
const SHOWN: usize = 20;

const EXAMPLES: &str = "WHAT is one of:
  17, flow:17                                 the flow of that number, see column flow_id
  mydjiflight.dji.com                         flows to that name
  '*.dji.com'                                 flows to that domain and names below it
  47.91.161.230, 203.0.113.0/24, 2001:db8::1  flows with such an address at either end
  category=flight_log,region=Hong Kong        flows with these values, as a cell of the summary; nothing after = for no value
  claim:K09                                   flows that a claim's verdict rests on
  finding:1                                   flow and frame of a finding, numbered in the order of its table

Examples:
  whereto explain out flow:17
  whereto explain out 47.91.161.230 --all
  whereto explain out 'category=unknown,region=United States'
  whereto explain out claim:K09 --capture k09.pcapng
  whereto explain out --could-carry 48MB --direction out
  whereto explain out '*.dji.com' --json | jq -r '.captures[].filter'
  tshark -r capture.pcapng -Y \"$(whereto explain out 17 --json | jq -r '.captures[0].filter')\"";

/// Arguments of `whereto explain`.
#[derive(Args, Clone, Debug)]
#[command(about = "On what the answer rests: names, places, rules tried, frames, and a Wireshark display filter", after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// Folder with the tables that analyze wrote
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Flow, host, address, range, cell, claim or finding
    #[arg(value_name = "WHAT", required_unless_present = "could_carry")]
    pub what: Option<String>,
    /// List the flows that could have carried a file of so many bytes (48MB, 1.5GiB), of all flows or those that WHAT says
    #[arg(long, value_name = "BYTES")]
    pub could_carry: Option<Amount>,
    /// Which way that file would have gone
    #[arg(long, value_enum, default_value_t, requires = "could_carry")]
    pub direction: Direction,
    /// Explain every flow, not only the first 20, and show every row that belongs to one
    #[arg(long)]
    pub all: bool,
    /// More rules, as given to analyze: a TOML file, or a folder of them; repeatable
    #[arg(long, value_name = "FILE|DIR")]
    pub rules: Vec<PathBuf>,
    /// Vendor under study, as given to analyze
    #[arg(long, default_value = "DJI")]
    pub vendor: String,
    /// Write the frames of these flows, as they were, into this pcapng file, each with a comment that says what it shows
    #[arg(long, value_name = "FILE")]
    pub capture: Option<PathBuf>,
    /// Look for the captures in this folder, by their file names and the folders above them
    #[arg(long, value_name = "DIR", requires = "capture")]
    pub captures: Option<PathBuf>,
    /// Keys of protected networks, for the frames of flows there
    #[command(flatten)]
    pub wifi: WifiKeyArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Everything there is to say.
struct Explanation {
    what: String,
    kind: &'static str,
    /// What a claim or finding says itself.
    said: Vec<(&'static str, String)>,
    /// The frames, where they were wanted.
    excerpt: Option<Written>,
    sums: Sums,
    captures: Vec<Part>,
    /// Rule sets that the tables were made with and that are not the ones asked now.
    stale_rules: Vec<String>,
    flows: Vec<Explained>,
    evidence: Evidence,
}

/// One flow and what its answer rests on.
struct Explained {
    row: Row,
    filter: String,
    verdict: Verdict,
    rule: Option<Rule>,
}

/// Explains a part of the answer.
///
/// # Errors
///
/// When the folder holds no tables, nothing fits, rules cannot be read, or `out` cannot be written.
pub fn run(args: &ExplainArgs, style: Style, out: &mut dyn Write) -> anyhow::Result<()> {
    if let Some(amount) = args.could_carry {
        return could_carry::run(args, amount, style, out);
    }
    let explanation = Explanation::of(args)?;
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &explanation.json())?;
        writeln!(out)?;
    } else {
        let detail = if args.all { Detail::Full } else { Detail::Brief };
        out.write_all(text::page(&explanation, style, detail).as_bytes())?;
    }
    Ok(())
}

impl Explanation {
    fn of(args: &ExplainArgs) -> anyhow::Result<Self> {
        let text = args.what.as_deref().unwrap_or_default();
        let subject = Subject::of(&args.dir, text)?;
        let choice = Choice::of(&args.dir, &subject.what, text)?;
        let rules = load(args)?;
        let captures = rows(&read(&args.dir, "captures", &["capture", "rules", "blocks_skipped"])?)?;
        let ids = choice.ids(if args.all { usize::MAX } else { SHOWN })?;
        let flows = evidence::of_flows(&args.dir, "flows", &ids)?;
        let evidence = Evidence::read(&args.dir, &flows)?;
        let explained = |row: Row| {
            let verdict = verdict::ask(&rules, &row, evidence.of("http", &row));
            let rule = rules.rule(row.text("category_rule")).cloned();
            let filter = filter::filter(&[&row], choice::shift(&captures, row.text("capture")));
            Explained { row, filter, verdict, rule }
        };
        let order = |path| Order { dir: &args.dir, path, captures: args.captures.as_deref(), wifi: &args.wifi };
        let excerpt = args.capture.as_deref().map(|path| excerpt::write(&order(path), &choice, &subject, text)).transpose()?;
        Ok(Self {
            what: text.to_owned(),
            kind: subject.kind,
            said: subject.said,
            excerpt,
            sums: choice.sums()?,
            captures: choice.parts(&captures)?,
            stale_rules: stale(&captures, &rules),
            flows: flows.into_iter().map(explained).collect(),
            evidence,
        })
    }

    fn json(&self) -> Value {
        json!({
            "what": { "kind": self.kind, "text": self.what },
            "says": self.said.iter().map(|(label, text)| ((*label).to_owned(), json!(text))).collect::<serde_json::Map<_, _>>(),
            "excerpt": self.excerpt,
            "sums": self.sums,
            "captures": self.captures,
            "stale_rules": self.stale_rules,
            "flows": self.flows.iter().map(|flow| self.flow_json(flow)).collect::<Vec<_>>(),
            "flows_not_shown": self.not_shown(),
        })
    }

    fn flow_json(&self, flow: &Explained) -> Value {
        let told = |told: Told<'_>| json!({ "table": told.table, "row": told.row });
        let rows = |table: &'static str| (table.to_owned(), json!(self.evidence.of(table, &flow.row)));
        json!({
            "flow": flow.row,
            "filter": flow.filter,
            "name_told_by": self.evidence.told(&flow.row).into_iter().map(told).collect::<Vec<_>>(),
            "rule": flow.rule.as_ref().map(rule_json),
            "decision": flow.verdict.decision,
            "differs": flow.verdict.differs,
            "tried": flow.verdict.tried,
            "rows": evidence::TABLES.iter().map(|&table| rows(table)).collect::<serde_json::Map<_, _>>(),
        })
    }

    const fn not_shown(&self) -> usize {
        self.sums.flows.saturating_sub(self.flows.len())
    }
}

fn load(args: &ExplainArgs) -> anyhow::Result<Rules> {
    let mut rules = Rules::shipped(&args.vendor)?;
    for path in &args.rules {
        rules.add_path(path).context("cannot ask the rules again")?;
    }
    Ok(rules)
}

/// Rule sets of the tables that are not loaded in that version.
fn stale(captures: &[Row], rules: &Rules) -> Vec<String> {
    let loaded: Vec<_> = rules.sources().iter().map(|source| format!("{}@{}", source.name, source.version)).collect();
    let mut stale: Vec<_> = captures.iter().flat_map(|capture| capture.list("rules")).map(str::to_owned).collect();
    stale.sort();
    stale.dedup();
    stale.retain(|set| !loaded.contains(set));
    stale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Output as _;
    use crate::record::Row as Made;
    use crate::table::{Formats, Store, samples};

    /// Twenty flows, two of which went to the name of a DNS message that is there too.
    fn tables(name: &str) -> samples::Folder {
        let folder = samples::Folder::new(name);
        let mut store = Store::create(folder.path(), Formats::default()).unwrap();
        for number in 1..=20 {
            store.row(Made::Flow(Box::new(samples::varied_flow(number)))).unwrap();
        }
        store.row(Made::Dns(Box::new(samples::dns()))).unwrap();
        store.row(Made::Anomaly(Box::new(samples::anomaly()))).unwrap();
        store.capture(samples::capture()).unwrap();
        store.finish().unwrap();
        folder
    }

    fn args(folder: &samples::Folder, what: &str) -> ExplainArgs {
        let (dir, vendor) = (folder.path().to_path_buf(), "DJI".to_owned());
        ExplainArgs {
            dir,
            what: Some(what.to_owned()),
            could_carry: None,
            direction: Direction::Out,
            all: false,
            rules: Vec::new(),
            vendor,
            capture: None,
            captures: None,
            wifi: WifiKeyArgs::default(),
            json: false,
        }
    }

    fn shown(args: &ExplainArgs) -> anyhow::Result<String> {
        let mut out = Vec::new();
        run(args, Style { colour: false, width: 100 }, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_cell_adds_up_to_its_flows() {
        let folder = tables("explain-cell");
        let args = ExplainArgs { json: true, ..args(&folder, "category=push,region=disputed") };
        let answer: Value = serde_json::from_str(&shown(&args).unwrap()).unwrap();
        let flows = answer["flows"].as_array().unwrap();
        assert_eq!(answer["sums"]["flows"], flows.len());
        assert!(flows.iter().all(|flow| flow["flow"]["category"] == "push" && flow["flow"]["region"] == "disputed"), "{answer}");
        let sum = |column: &str| flows.iter().map(|flow| flow["flow"][column].as_u64().unwrap()).sum::<u64>();
        assert_eq!(answer["sums"]["ip_bytes_out"], sum("ip_bytes_out"));
        assert_eq!(answer["flows_not_shown"], 0);
    }

    #[test]
    fn what_the_rules_would_say_now_is_told() {
        let folder = tables("explain-differs");
        let text = shown(&args(&folder, "flow:1")).unwrap();
        assert!(text.contains("\nFlow 1\n") && text.contains("asked again"), "{text}");
        assert!(text.contains("category is unknown by the rules at hand"), "{text}");
    }

    #[test]
    fn nothing_found_says_what_is_near() {
        let folder = tables("explain-near");
        let message = |what: &str| format!("{:#}", shown(&args(&folder, what)).unwrap_err());
        assert!(message("99").ends_with("flows are numbered 1 to 20"), "{}", message("99"));
        assert!(message("lag.example").contains("similar: log.example"), "{}", message("lag.example"));
        assert!(message("region=Mars").contains("no flow has region=Mars; there are CN, US, disputed"), "{}", message("region=Mars"));
        assert!(message("198.51.100.1").contains("remote addresses"), "{}", message("198.51.100.1"));
        assert!(!message("a\u{1b}[2Jb.example").contains('\u{1b}'));
    }

    #[test]
    fn a_folder_without_tables_says_what_to_run() {
        let folder = samples::Folder::new("explain-empty");
        let message = shown(&args(&folder, "1")).unwrap_err().to_string();
        assert!(message.contains("holds no table flows") && message.contains("whereto analyze"), "{message}");
    }
}
