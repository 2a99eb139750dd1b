//! `whereto rules`: check rule files, show rules, explain what they make of a host.

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Ending;
use crate::enrich::{Attempt, CATEGORIES, Decision, Outcome, Problem, Question, Rule, Rules, Severity};
use crate::wire::escape;

/// Arguments of `whereto rules`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  whereto rules show --category flight_log
  whereto rules show dji-activation
  whereto rules explain mydjiflight.dji.com/getfile/downpath
  whereto rules check my-rules.toml
  whereto rules explain --rules my-rules.toml --port tcp/8883 broker.example.org")]
pub struct RulesArgs {
    #[command(subcommand)]
    command: Command,
    /// More rules: a TOML file, or a folder of them; they beat the built-in ones on the same basis
    #[arg(long, value_name = "FILE|DIR", global = true)]
    rules: Vec<PathBuf>,
    /// Vendor under study, whose domains are first party
    #[arg(long, default_value = "DJI", global = true)]
    vendor: String,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand, Clone, Debug)]
enum Command {
    /// Check rule files: syntax, ids, categories, expressions, rules that can never decide
    Check {
        /// Files or folders to check beside the built-in rules
        files: Vec<PathBuf>,
    },
    /// Show rules with source and date
    Show {
        /// Id of one rule
        id: Option<String>,
        /// Only rules that speak for this category
        #[arg(long)]
        category: Option<String>,
    },
    /// Show every rule tried on a host, and why it did or did not decide
    Explain(ExplainArgs),
}

#[derive(Args, Clone, Debug)]
struct ExplainArgs {
    /// Host name, with or without a path; or an address
    #[arg(value_name = "HOST[/PATH]")]
    target: String,
    /// HTTP method of the request
    #[arg(long, default_value = "GET")]
    method: String,
    /// Address of the remote
    #[arg(long)]
    address: Option<IpAddr>,
    /// Autonomous system of the address
    #[arg(long)]
    asn: Option<u32>,
    /// Transport and port of the remote, as tcp/443
    #[arg(long, default_value = "tcp/443")]
    port: String,
    /// Protocol recognised in the bytes, as dns
    #[arg(long)]
    application: Option<String>,
    /// The remote is on the local network
    #[arg(long)]
    local: bool,
}

/// Runs `whereto rules`.
///
/// # Errors
///
/// When rules cannot be read, when nothing is found, or when `out` cannot be written.
pub fn run(args: &RulesArgs, out: &mut dyn Write) -> anyhow::Result<Ending> {
    match &args.command {
        Command::Check { files } => check(args, files, out),
        Command::Show { id, category } => show(args, id.as_deref(), category.as_deref(), out),
        Command::Explain(explained) => explain(args, explained, out),
    }
}

fn load(args: &RulesArgs) -> anyhow::Result<Rules> {
    let mut rules = Rules::shipped(&args.vendor)?;
    for path in &args.rules {
        rules.add_path(path)?;
    }
    if !rules.knows_vendor() {
        bail!("no owner is vendor {}: add one with role \"vendor:{0}\" by --rules", shown(&args.vendor.to_lowercase()));
    }
    Ok(rules)
}

fn check(args: &RulesArgs, files: &[PathBuf], out: &mut dyn Write) -> anyhow::Result<Ending> {
    let mut rules = Rules::shipped(&args.vendor)?;
    let mut problems = Vec::new();
    for path in args.rules.iter().chain(files) {
        problems.extend(faults(&mut rules, path)?);
    }
    problems.extend(rules.warnings());
    if args.json {
        print_json(out, &checked_json(&rules, &problems))?;
    } else {
        print_checked(out, &rules, &problems)?;
    }
    let is_broken = problems.iter().any(|problem| problem.severity == Severity::Error);
    Ok(if is_broken { Ending::Damaged } else { Ending::Done })
}

/// What is wrong with a file; a file that cannot be read at all ends the check.
fn faults(rules: &mut Rules, path: &Path) -> anyhow::Result<Vec<Problem>> {
    match rules.add_path(path) {
        Ok(()) => Ok(Vec::new()),
        Err(error) if error.problems().is_empty() => Err(error.into()),
        Err(error) => Ok(error.problems().to_vec()),
    }
}

fn checked_json(rules: &Rules, problems: &[Problem]) -> Value {
    json!({ "files": rules.sources(), "problems": problems })
}

fn print_checked(out: &mut dyn Write, rules: &Rules, problems: &[Problem]) -> anyhow::Result<()> {
    for source in rules.sources() {
        let (file, version) = (shown(&source.file), shown(&source.version));
        writeln!(out, "{file}  {version}  {} rules, {} owners", source.rules, source.owners)?;
    }
    for problem in problems {
        writeln!(out, "\n{problem}")?;
    }
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    writeln!(out, "\n{errors} errors, {} warnings", problems.len().saturating_sub(errors))?;
    Ok(())
}

fn show(args: &RulesArgs, id: Option<&str>, category: Option<&str>, out: &mut dyn Write) -> anyhow::Result<Ending> {
    let rules = load(args)?;
    if let Some(category) = category.filter(|word| CATEGORIES.iter().all(|category| category.name != *word)) {
        let known: Vec<&str> = CATEGORIES.iter().map(|category| category.name).collect();
        bail!("no category {}; there are {}", shown(category), known.join(", "));
    }
    let is_meant = |rule: &&Rule| id.is_none_or(|id| rule.id == id) && category.is_none_or(|word| rule.categories.contains(&word));
    let found: Vec<&Rule> = rules.iter().filter(is_meant).collect();
    if let (Some(id), true) = (id, found.is_empty()) {
        bail!("no rule {}{}", shown(id), similar(&rules, id));
    }
    if args.json {
        print_json(out, &Value::Array(found.iter().map(|rule| rule_json(rule)).collect()))?;
    } else if id.is_some() {
        found.iter().try_for_each(|rule| print_rule(out, rule))?;
    } else {
        found.iter().try_for_each(|rule| print_line(out, rule))?;
    }
    Ok(Ending::Done)
}

/// Ids that hold the words of `id`, to help after a slip.
fn similar(rules: &Rules, id: &str) -> String {
    let words: Vec<&str> = id.split('-').filter(|word| word.len() > 2).collect();
    let near = rules.iter().filter(|rule| words.iter().any(|word| *word != "dji" && rule.id.contains(word)));
    let near: Vec<&str> = near.take(5).map(|rule| rule.id.as_str()).collect();
    if near.is_empty() { String::new() } else { format!("; there are {}", near.join(", ")) }
}

fn selectors(rule: &Rule) -> Vec<String> {
    let selector = &rule.selector;
    if selector.hosts.is_empty() {
        return vec![selector.text(None)];
    }
    selector.hosts.iter().map(|host| selector.text(Some(host))).collect()
}

pub(super) fn rule_json(rule: &Rule) -> Value {
    let selector = &rule.selector;
    json!({
        "id": rule.id,
        "ruleset": rule.ruleset,
        "file": rule.file,
        "line": rule.line,
        "origin": rule.origin,
        "basis": selector.basis(),
        "hosts": selector.hosts.iter().map(|host| host.as_str()).collect::<Vec<_>>(),
        "path": selector.path.as_ref().map(|path| path.as_str()),
        "method": selector.method,
        "address": selector.address.map(|net| net.to_string()),
        "port": selector.port.map(|port| port.to_string()),
        "application": selector.application,
        "scope": selector.scope,
        "category": rule.categories,
        "carries": rule.carries,
        "party": rule.party,
        "owner": rule.owner,
        "says": rule.says,
        "source": rule.source,
        "date": rule.date,
        "confidence": rule.confidence,
    })
}

fn print_rule(out: &mut dyn Write, rule: &Rule) -> anyhow::Result<()> {
    writeln!(out, "{}", rule.id)?;
    for (label, text) in rule_lines(rule) {
        writeln!(out, "  {label:<11} {text}")?;
    }
    Ok(())
}

/// A rule as labelled lines: what it looks at, what it says, who said so.
pub(super) fn rule_lines(rule: &Rule) -> Vec<(&'static str, String)> {
    let mut lines: Vec<_> = selectors(rule).iter().map(|selector| (rule.selector.basis().as_str(), shown(selector))).collect();
    lines.push(("category", rule.categories.join(", ")));
    lines.extend(rule.carries.iter().map(|carries| ("carries", shown(carries))));
    lines.extend(rule.party.map(|party| ("party", party.as_str().to_owned())));
    lines.extend(rule.owner.iter().map(|owner| ("owner", shown(owner))));
    lines.push(("says", shown(&rule.says)));
    lines.push(("source", shown(&rule.source)));
    lines.push(("date", format!("{}, confidence {}", rule.date, rule.confidence.as_str())));
    lines.push(("file", format!("{}:{}", shown(&rule.file), rule.line)));
    lines
}

fn print_line(out: &mut dyn Write, rule: &Rule) -> anyhow::Result<()> {
    let selectors = selectors(rule);
    let first = selectors.first().map_or_else(String::new, |text| shown(text));
    let more = if selectors.len() > 1 { format!(" and {} more", selectors.len().saturating_sub(1)) } else { String::new() };
    let basis = rule.selector.basis().as_str();
    writeln!(out, "{:<32} {basis:<8} {:<28} {first}{more}", rule.id, rule.categories.join(","))?;
    Ok(())
}

fn explain(args: &RulesArgs, explained: &ExplainArgs, out: &mut dyn Write) -> anyhow::Result<Ending> {
    let rules = load(args)?;
    let (host, path) = split_target(&explained.target);
    let (transport, port) =
        explained.port.split_once('/').with_context(|| format!("port {} is not of the form tcp/443", shown(&explained.port)))?;
    let port: u16 = port.parse().with_context(|| format!("port {} is not of the form tcp/443", shown(&explained.port)))?;
    let address = explained.address.or_else(|| host.trim_matches(['[', ']']).parse().ok());
    let names = [(host, "given")];
    let requests = [(explained.method.as_str(), host, path.unwrap_or_default())];
    let question = Question {
        names: if host.is_empty() { &[] } else { &names },
        requests: if path.is_some() { &requests } else { &[] },
        contents: &[],
        address,
        asn: explained.asn,
        transport,
        remote_port: Some(port),
        application: explained.application.as_deref(),
        scope_local: explained.local,
    };
    let (decision, attempts) = (rules.decide(&question), rules.explain(&question));
    if args.json {
        print_json(out, &json!({ "decision": decision, "tried": attempts }))?;
    } else {
        print_decision(out, &rules, &decision)?;
        print_attempts(out, &attempts)?;
    }
    Ok(Ending::Done)
}

/// Host and path of `HOST[/PATH]`, also of a whole URL.
fn split_target(target: &str) -> (&str, Option<&str>) {
    let target = target.split_once("://").map_or(target, |(_, rest)| rest);
    match target.find('/').and_then(|slash| target.split_at_checked(slash)) {
        Some((host, path)) => (host, Some(path)),
        None => (target, None),
    }
}

fn print_decision(out: &mut dyn Write, rules: &Rules, decision: &Decision) -> anyhow::Result<()> {
    let none = "-";
    writeln!(out, "category   {}  (basis {})", decision.category, decision.basis.as_str())?;
    if !decision.candidates.is_empty() {
        writeln!(out, "candidates {}", decision.candidates.join(", "))?;
    }
    writeln!(out, "party      {}  (basis {})", decision.party.as_str(), decision.party_basis.as_str())?;
    let owner = decision.owner.as_deref().unwrap_or(none);
    let country = decision.owner_country.as_deref().unwrap_or(none);
    writeln!(out, "owner      {}, {country}  (basis {})", shown(owner), decision.owner_basis.as_str())?;
    writeln!(out, "domain     {}", shown(decision.domain.as_deref().unwrap_or(none)))?;
    for rule in decision.rule.iter().chain(&decision.also).filter_map(|id| rules.rule(id)) {
        writeln!(out)?;
        print_rule(out, rule)?;
    }
    Ok(())
}

fn print_attempts(out: &mut dyn Write, attempts: &[Attempt]) -> anyhow::Result<()> {
    writeln!(out, "\nrules tried: {}", attempts.len())?;
    attempts.iter().try_for_each(|attempt| writeln!(out, "  {}", attempt_line(attempt, shown)))?;
    Ok(())
}

/// A rule that was tried, on what, and what became of it; `show` makes text safe, which may be escaped already.
pub(super) fn attempt_line(attempt: &Attempt, show: fn(&str) -> String) -> String {
    let outcome = match &attempt.outcome {
        Outcome::Decided => "decided".to_owned(),
        Outcome::Outranked => "met; a stronger basis told the kind".to_owned(),
        Outcome::Beaten(winner) => format!("met; {winner} is closer"),
        Outcome::Missed(reason) => format!("not met: {reason}"),
    };
    let (subject, selector) = (show(&attempt.subject), shown(&attempt.selector));
    format!("{:<8} {:<32} {selector} on {subject}: {outcome}", attempt.basis.as_str(), attempt.rule)
}

fn print_json(out: &mut dyn Write, value: &Value) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Text of the user or of a file, safe for a terminal.
fn shown(text: &str) -> String {
    escape(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: RulesArgs,
    }

    fn call(words: &[&str]) -> (anyhow::Result<Ending>, String) {
        let line = <Line as clap::Parser>::try_parse_from(std::iter::once(&"rules").chain(words)).unwrap();
        let mut out = Vec::new();
        let ending = run(&line.args, &mut out);
        (ending, String::from_utf8(out).unwrap())
    }

    fn json_of(words: &[&str]) -> Value {
        let (ending, text) = call(words);
        assert_eq!(ending.unwrap(), Ending::Done);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn explain_names_the_rule_and_the_losers() {
        let answer = json_of(&["explain", "--json", "--method", "POST", "https://mydjiflight.dji.com/api/v2/flight_log/zipupload"]);
        assert_eq!(answer["decision"]["category"], "flight_log");
        assert_eq!(answer["decision"]["basis"], "path");
        assert_eq!(answer["decision"]["rule"], "dji-path-flight-log-zip");
        let outcome = |rule: &str| {
            let tried = answer["tried"].as_array().unwrap();
            tried.iter().find(|attempt| attempt["rule"] == rule).unwrap()["outcome"].clone()
        };
        assert_eq!(outcome("dji-path-flight-log-zip"), "decided");
        assert_eq!(outcome("dji-path-flight-download"), json!({ "missed": "another method" }));
        assert_eq!(outcome("dji-path-geo-ip"), json!({ "missed": "the path does not match" }));
        assert_eq!(outcome("dji-mydjiflight"), "outranked");
        assert_eq!(outcome("dji-any"), json!({ "beaten": "dji-mydjiflight" }));
        let (_, text) = call(&["explain", "--method", "POST", "mydjiflight.dji.com/api/v2/flight_log/zipupload"]);
        assert!(text.starts_with("category   flight_log  (basis path)\n") && text.contains("decided"), "{text}");
    }

    #[test]
    fn explain_takes_addresses_and_odd_text() {
        let answer = json_of(&["explain", "--json", "121.43.186.94"]);
        assert_eq!((&answer["decision"]["basis"], &answer["decision"]["owner"]), (&json!("address"), &json!("DJI")));
        let (ending, text) = call(&["explain", "a\u{1b}[31mb.example.org/x\u{202e}"]);
        assert_eq!(ending.unwrap(), Ending::Done);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
        assert!(call(&["explain", "--vendor", "Acme", "dji.com"]).0.unwrap_err().to_string().contains("vendor:acme"));
        assert!(call(&["explain", "--port", "443", "dji.com"]).0.unwrap_err().to_string().contains("tcp/443"));
    }

    #[test]
    fn show_finds_by_id_and_category() {
        let (_, text) = call(&["show", "dji-activation"]);
        assert!(text.starts_with("dji-activation\n  name        active.dji.com\n  category    account\n"), "{text}");
        let found = json_of(&["show", "--json", "--category", "flight_log"]);
        assert!(found.as_array().unwrap().iter().all(|rule| rule["category"].as_array().unwrap().contains(&json!("flight_log"))));
        assert!(call(&["show", "dji-activaton-x"]).0.unwrap_err().to_string().starts_with("no rule dji-activaton-x"));
        assert!(call(&["show", "--category", "photos"]).0.unwrap_err().to_string().contains("there are media, audio"));
    }

    #[test]
    fn check_tells_errors_and_ends_damaged() {
        let folder = std::env::temp_dir().join(format!("whereto-rules-check-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("mine.toml");
        std::fs::write(&file, "[ruleset]\nname = \"mine\"\nversion = \"1\"\nabout = \"x\"\n[[rule]]\nid = 7\n").unwrap();
        let (ending, text) = call(&["check", file.to_str().unwrap()]);
        assert_eq!(ending.unwrap(), Ending::Damaged);
        assert!(text.contains("mine.toml:6:6: ") && text.contains("6 | id = 7\n  |      ^"), "{text}");
        assert!(text.ends_with("1 errors, 0 warnings\n"), "{text}");
        assert!(call(&["check", folder.join("none.toml").to_str().unwrap()]).0.is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn check_of_the_shipped_rules_is_clean() {
        let (ending, text) = call(&["check"]);
        assert_eq!(ending.unwrap(), Ending::Done);
        assert!(text.ends_with("0 errors, 0 warnings\n"), "{text}");
    }
}
