//! Which flows could have carried a file: those whose upper bound reaches its size, those that may have carried more than
//! was captured, and the remotes that could have got it in pieces.

use std::collections::BTreeMap;
use std::io::Write;
use std::str::FromStr;

use clap::ValueEnum;
use polars::prelude::PolarsResult;
use serde_json::{Value, json};

use super::super::grid::{Style, Tone, printable};
use super::super::rows::{Row, rows};
use super::super::units::{bytes, count, counted};
use super::choice::Choice;
use super::subject::Subject;
use super::what::What;
use super::{ExplainArgs, SHOWN};

/// Columns of `flows` that are needed beside those of a choice.
pub(super) const NEEDED: &[&str] =
    &["application", "same_as", "carried_out_min", "carried_out_max", "carried_in_min", "carried_in_max", "carried_basis", "carried_open"];

/// Bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(u64);

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim().trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
        let (_, unit) = text.trim().split_at(digits.len());
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" => 1_000,
            "m" | "mb" => 1_000_000,
            "g" | "gb" => 1_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            _ => return Err("expected a number with or without a unit, as 48MB, 1.5GB, 700KiB or 236469".to_owned()),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let faulty = |_| format!("{} is no number", printable(digits));
        let whole: u64 = whole.replace([',', '_'], "").parse().map_err(faulty)?;
        let part_value: u64 = if part.is_empty() { 0 } else { part.parse().map_err(faulty)? };
        let scale = u32::try_from(part.len()).ok().and_then(|digits| 10_u64.checked_pow(digits)).ok_or("too many digits")?;
        let sum = whole.checked_mul(factor).zip(part_value.checked_mul(factor)).and_then(|(whole, part)| whole.checked_add(part / scale));
        sum.map(Self).ok_or_else(|| "too large".to_owned())
    }
}

/// Which way a file would have gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Direction {
    /// From the device
    #[default]
    Out,
    /// To the device
    In,
}

impl Direction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }
}

/// The answer.
struct Answer {
    amount: u64,
    direction: Direction,
    asked: usize,
    /// Flows that could have, the largest first.
    fitting: Vec<Row>,
    /// Flows that could not by what was captured, of which something was not.
    open: Vec<Row>,
    /// Remotes whose flows could have together, though none could alone.
    together: Vec<(String, usize, u64)>,
    /// The flow that could have carried most.
    most: Option<Row>,
}

/// Asks the flows that are meant, all of them unless something is said.
pub(super) fn run(args: &ExplainArgs, amount: Amount, style: Style, out: &mut dyn Write) -> anyhow::Result<()> {
    let what = match &args.what {
        Some(text) => Subject::of(&args.dir, text)?.what,
        None => What::Cell(Vec::new()),
    };
    let choice = Choice::of(&args.dir, &what, args.what.as_deref().unwrap_or_default())?;
    let answer = Answer::of(choice.rows()?, amount.0, args.direction);
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &answer.json())?;
        writeln!(out)?;
        return Ok(());
    }
    out.write_all(answer.page(style, if args.all { usize::MAX } else { SHOWN }).as_bytes())?;
    Ok(())
}

impl Choice {
    fn rows(&self) -> PolarsResult<Vec<Row>> {
        rows(self.flows())
    }
}

fn most(row: &Row, direction: Direction) -> u64 {
    row.number(&format!("carried_{}_max", direction.as_str())).unwrap_or(0)
}

fn least(row: &Row, direction: Direction) -> u64 {
    row.number(&format!("carried_{}_min", direction.as_str())).unwrap_or(0)
}

/// Bytes of which nothing is known may have gone that way.
fn is_open(row: &Row, direction: Direction) -> bool {
    let missing = format!("missing-{}", direction.as_str());
    row.list("carried_open").iter().any(|word| *word == "mid-stream" || *word == missing)
}

/// Name and address; a name alone may stand for many.
fn remote(row: &Row) -> String {
    let port = row.number("remote_port").map(|port| format!(" port {port}")).unwrap_or_default();
    match row.text("name") {
        "" => format!("{}{port}", row.text("remote_ip")),
        name => format!("{} ({}{port})", printable(name), row.text("remote_ip")),
    }
}

impl Answer {
    fn of(rows: Vec<Row>, amount: u64, direction: Direction) -> Self {
        // The same conversation seen in another capture counts once.
        let mut flows: Vec<Row> = rows.into_iter().filter(|row| row.number("same_as").is_none()).collect();
        flows.sort_by_key(|row| (std::cmp::Reverse(most(row, direction)), row.number("flow_id")));
        let asked = flows.len();
        let biggest = flows.first().cloned();
        let mut sums = BTreeMap::<String, (usize, u64)>::new();
        for row in &flows {
            let name = if row.text("name").is_empty() { row.text("remote_ip") } else { row.text("name") };
            let (flows, sum) = sums.entry(name.to_owned()).or_default();
            (*flows, *sum) = (*flows + 1, sum.saturating_add(most(row, direction)));
        }
        let (fitting, rest): (Vec<Row>, Vec<Row>) = flows.into_iter().partition(|row| most(row, direction) >= amount);
        let is_among =
            |name: &str| fitting.iter().any(|row| row.text("name") == name || row.text("name").is_empty() && row.text("remote_ip") == name);
        let mut together: Vec<_> = sums
            .into_iter()
            .filter(|(name, (_, sum))| *sum >= amount && !is_among(name))
            .map(|(name, (flows, sum))| (name, flows, sum))
            .collect();
        together.sort_by(|one, other| other.2.cmp(&one.2).then_with(|| one.0.cmp(&other.0)));
        let open = rest.into_iter().filter(|row| is_open(row, direction)).collect();
        Self { amount, direction, asked, fitting, open, together, most: biggest }
    }

    fn json(&self) -> Value {
        let flow = |row: &Row| {
            json!({
                "flow_id": row.number("flow_id"),
                "capture": row.text("capture"),
                "remote_ip": row.text("remote_ip"),
                "remote_port": row.number("remote_port"),
                "name": row.text("name"),
                "application": row.text("application"),
                "min": least(row, self.direction),
                "max": most(row, self.direction),
                "basis": row.text("carried_basis"),
                "open": row.list("carried_open"),
            })
        };
        let together = |(name, flows, sum): &(String, usize, u64)| json!({ "remote": name, "flows": flows, "max": sum });
        json!({
            "bytes": self.amount,
            "direction": self.direction.as_str(),
            "flows_asked": self.asked,
            "flows": self.fitting.iter().map(flow).collect::<Vec<_>>(),
            "open": self.open.iter().map(flow).collect::<Vec<_>>(),
            "together": self.together.iter().map(together).collect::<Vec<_>>(),
            "most": self.most.as_ref().map(flow),
        })
    }

    fn page(&self, style: Style, limit: usize) -> String {
        let mut lines = vec![style.paint(Tone::Heading, &self.headline())];
        lines.extend(self.fitting.iter().take(limit).map(|row| self.line(row)));
        lines.extend(beyond(self.fitting.len(), limit));
        if !self.together.is_empty() {
            lines.push(String::new());
            lines.push(style.paint(Tone::Heading, "In pieces, over several flows to one remote"));
            lines.extend(self.together.iter().take(limit).map(|(name, flows, sum)| {
                let flows = counted((*flows).try_into().unwrap_or(u64::MAX), "flow", "flows");
                format!("  {}: {flows}, at most {} together", printable(name), exactly(*sum))
            }));
            lines.extend(beyond(self.together.len(), limit));
        }
        if !self.open.is_empty() {
            lines.push(String::new());
            lines.push(style.paint(Tone::Heading, "By what was captured they could not, but not all of them was captured"));
            lines.extend(self.open.iter().take(limit).map(|row| self.line(row)));
            lines.extend(beyond(self.open.len(), limit));
        }
        lines.push(String::new());
        lines.push(
            "Counted as it was sent: a file that is compressed first, or sent in part, needs less. What was not captured is not counted."
                .to_owned(),
        );
        lines.join("\n") + "\n"
    }

    fn headline(&self) -> String {
        let way = if self.direction == Direction::Out { "sent by the device" } else { "got by the device" };
        let asked = counted(self.asked.try_into().unwrap_or(u64::MAX), "flow", "flows");
        let what = format!("{}, {way}", exactly(self.amount));
        match (self.fitting.len(), &self.most) {
            (0, Some(row)) => {
                let most = exactly(most(row, self.direction));
                format!(
                    "{what}: none of {asked} could have carried it; the most is {most}, flow {} to {}",
                    row.number("flow_id").unwrap_or(0),
                    remote(row)
                )
            }
            (0, None) => format!("{what}: there are no flows"),
            (fitting, _) => format!("{what}: {} of {asked} could have carried it", count(fitting.try_into().unwrap_or(u64::MAX))),
        }
    }

    fn line(&self, row: &Row) -> String {
        let application = match row.text("application") {
            "" => "protocol not recognised",
            application => application,
        };
        let open = row.list("carried_open").join(", ");
        let open = if open.is_empty() { String::new() } else { format!("; {open}") };
        format!(
            "  flow {} to {}, {application}: {} to {} bytes, basis {}{open}",
            row.number("flow_id").unwrap_or(0),
            remote(row),
            count(least(row, self.direction)),
            count(most(row, self.direction)),
            row.text("carried_basis")
        )
    }
}

fn exactly(amount: u64) -> String {
    if amount < 1_000 { bytes(amount) } else { format!("{} bytes ({})", count(amount), bytes(amount)) }
}

fn beyond(all: usize, limit: usize) -> Option<String> {
    let left = all.checked_sub(limit).filter(|left| *left > 0)?;
    Some(format!("  {}: --all shows them too", counted(left.try_into().unwrap_or(u64::MAX), "more", "more")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(id: u64, name: &str, max: u64, open: &[&str]) -> Row {
        Row::from(json!({
            "flow_id": id, "name": name, "remote_ip": "192.0.2.1", "remote_port": 443, "application": "tls",
            "carried_out_min": max / 2, "carried_out_max": max, "carried_basis": "tls-records", "carried_open": open,
        }))
    }

    fn page(rows: Vec<Row>, amount: u64) -> String {
        Answer::of(rows, amount, Direction::Out).page(Style { colour: false, width: 100 }, 20)
    }

    #[test]
    fn amounts_are_decimal_unless_they_say_otherwise() {
        let read = |text: &str| text.parse::<Amount>().map(|amount| amount.0);
        assert_eq!(read("48MB"), Ok(48_000_000));
        assert_eq!((read("1.5 gb"), read("700KiB"), read("12"), read("1,000")), (Ok(1_500_000_000), Ok(716_800), Ok(12), Ok(1_000)));
        assert!(read("much").is_err() && read("48 mega").is_err() && read("99999999999999999999").is_err());
    }

    #[test]
    fn flows_that_could_come_first_and_none_is_said() {
        let rows = || vec![flow(1, "a.example", 400, &[]), flow(2, "b.example", 900, &[]), flow(3, "a.example", 700, &["mid-stream"])];
        let text = page(rows(), 800);
        assert!(text.starts_with("800 B, sent by the device: 1 of 3 flows could have carried it\n  flow 2 to b.example (192.0.2.1 port 443), tls: 450 to 900 bytes, basis tls-records\n"), "{text}");
        assert!(text.contains("\n  a.example: 2 flows, at most 1,100 bytes (1.10 kB) together\n"), "{text}");
        assert!(text.contains("not all of them was captured\n  flow 3 to a.example"), "{text}");
        let text = page(rows(), 5_000);
        assert!(text.contains("none of 3 flows could have carried it; the most is 900 B, flow 2 to b.example"), "{text}");
        assert!(!text.contains("In pieces"), "{text}");
    }
}
