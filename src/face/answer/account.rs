//! The account of the frames: what came in, where it went, what was damaged or not understood.

use std::collections::BTreeMap;

use super::super::grid::{Cell, Fit, Grid, Tone, printable};
use super::super::units::{bytes, count, counted, duration, second};
use super::Page;
use crate::record::{Capture, Disposition, Ledger};
use crate::table::{Seen, Tables};
use crate::time::Timestamp;

/// Inputs listed one by one.
const INPUTS: usize = 10;

/// Frames and bytes of a capture, or of a part of it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    frames: u64,
    wire_bytes: u64,
    ip_bytes: u64,
}

impl Sum {
    fn add(&mut self, row: &Ledger) {
        self.frames = self.frames.saturating_add(row.frames);
        self.wire_bytes = self.wire_bytes.saturating_add(row.wire_bytes);
        self.ip_bytes = self.ip_bytes.saturating_add(row.ip_bytes);
    }

    fn of<'a>(rows: impl Iterator<Item = &'a Ledger>) -> Self {
        let mut sum = Self::default();
        rows.for_each(|row| sum.add(row));
        sum
    }
}

/// Whether every frame and byte of every capture is accounted for.
#[must_use]
pub fn closes(captures: &[Capture], ledger: &[Ledger]) -> bool {
    gaps(captures, ledger).is_empty()
}

/// What was read, over which time.
pub(super) fn inputs(tables: &Tables, page: &mut Page) {
    let captures = &tables.captures;
    let frames = captures.iter().map(|capture| capture.frames).sum();
    let wire_bytes = captures.iter().map(|capture| capture.wire_bytes).sum();
    let first = captures.iter().filter_map(|capture| capture.first).min();
    let last = captures.iter().filter_map(|capture| capture.last).max();
    if captures.len() != 1 {
        let number = u64::try_from(captures.len()).unwrap_or(u64::MAX);
        page.heading(&format!("{}: {}", counted(number, "capture", "captures"), extent(frames, wire_bytes, first.zip(last))));
    }
    for capture in captures.iter().take(INPUTS) {
        let extent = extent(capture.frames, capture.wire_bytes, capture.first.zip(capture.last));
        let end = if capture.is_truncated { "; cut short by damage" } else { "" };
        let tone = if capture.is_truncated { Tone::Doubt } else { Tone::Plain };
        page.line(tone, &format!("{}: {extent}{end}", printable(&capture.path)));
    }
    if captures.len() > INPUTS {
        page.line(Tone::Faint, &format!("and {} more, see table captures", captures.len() - INPUTS));
    }
}

fn extent(frames: u64, wire_bytes: u64, span: Option<(Timestamp, Timestamp)>) -> String {
    let Some((first, last)) = span else { return "No frames".to_owned() };
    let time = format!("{} to {} ({})", second(first), second(last), duration(last.since(first)));
    format!("{}, {} on the wire, {time}", counted(frames, "frame", "frames"), bytes(wire_bytes))
}

/// Where the frames went, and whether that is all of them.
pub(super) fn ledger(tables: &Tables, page: &mut Page) {
    page.heading("Ledger: where every frame went");
    let mut parts = BTreeMap::<Disposition, Sum>::new();
    for row in &tables.ledger {
        parts.entry(row.disposition).or_default().add(row);
    }
    let mut grid = Grid::new(&[("", Fit::Left), ("frames", Fit::Right), ("wire bytes", Fit::Right), ("IP bytes", Fit::Right)]);
    for (disposition, sum) in &parts {
        grid.row(sum_row(Tone::Plain, disposition.as_str(), *sum));
    }
    let total = Sum::of(tables.ledger.iter());
    grid.row(sum_row(Tone::Heading, "total", total));
    page.text.push_str(&grid.lines(page.style));

    if let Some(lost) = lost(&tables.captures) {
        page.paragraph(Tone::Doubt, &lost);
    }
    let gaps = gaps(&tables.captures, &tables.ledger);
    if gaps.is_empty() {
        let frames = counted(total.frames, "frame", "frames");
        page.paragraph(Tone::Plain, &format!("The ledger closes: {frames} and {} bytes read, all accounted for.", count(total.wire_bytes)));
        return;
    }
    page.paragraph(Tone::Alarm, "THE LEDGER DOES NOT CLOSE. The numbers above are wrong; this is an error in whereto, please report it.");
    for gap in gaps {
        page.paragraph(Tone::Alarm, &gap);
    }
}

/// What the capturing systems say never came into the captures.
fn lost(captures: &[Capture]) -> Option<String> {
    let dropped = captures.iter().filter_map(|capture| capture.drops_reported).fold(0, u64::saturating_add);
    let frames = counted(dropped, "frame was", "frames were");
    (dropped > 0).then(|| format!("{frames} dropped while capturing, as the capturing system reports, and stand in no line above."))
}

fn sum_row(tone: Tone, name: &str, sum: Sum) -> Vec<Cell> {
    let numbers = [sum.frames, sum.wire_bytes, sum.ip_bytes].map(|number| Cell::new(tone, count(number)));
    std::iter::once(Cell::new(tone, name)).chain(numbers).collect()
}

/// One sentence per capture whose account differs from what was read.
fn gaps(captures: &[Capture], ledger: &[Ledger]) -> Vec<String> {
    let mut accounts = BTreeMap::<&str, Sum>::new();
    for row in ledger {
        accounts.entry(&row.capture).or_default().add(row);
    }
    // The same path may be given twice.
    let mut read = BTreeMap::<&str, (u64, u64)>::new();
    for capture in captures {
        let (frames, wire_bytes) = read.entry(&capture.path).or_default();
        *frames = frames.saturating_add(capture.frames);
        *wire_bytes = wire_bytes.saturating_add(capture.wire_bytes);
    }
    for path in accounts.keys() {
        read.entry(path).or_default();
    }
    let gap = |(path, (frames, wire_bytes)): (&str, (u64, u64))| {
        let account = accounts.get(path).copied().unwrap_or_default();
        let is_closed = (account.frames, account.wire_bytes) == (frames, wire_bytes);
        (!is_closed).then(|| gap(path, (frames, wire_bytes), account))
    };
    read.into_iter().filter_map(gap).collect()
}

fn gap(path: &str, (frames, wire_bytes): (u64, u64), account: Sum) -> String {
    format!(
        "{}: {} read, {} accounted for; {} bytes read, {} accounted for",
        printable(path),
        counted(frames, "frame", "frames"),
        count(account.frames),
        count(wire_bytes),
        count(account.wire_bytes),
    )
}

/// Damage first, then what was only odd.
pub(super) fn damage(tables: &Tables, page: &mut Page) {
    page.heading("Damage, and what was not understood");
    let mut kinds: Vec<(&str, Seen)> = tables.anomalies.iter().map(|(kind, seen)| (*kind, *seen)).collect();
    kinds.sort_by_key(|(kind, seen)| (!seen.is_damage, std::cmp::Reverse(seen.count), *kind));
    let mut grid = Grid::new(&[("", Fit::Left), ("", Fit::Right), ("", Fit::Left)]);
    for (kind, seen) in &kinds {
        let (tone, note) = if seen.is_damage { (Tone::Doubt, "the result is incomplete") } else { (Tone::Plain, "") };
        grid.row(vec![Cell::new(tone, printable(kind)), count(seen.count).into(), Cell::new(tone, note)]);
    }
    page.text.push_str(grid.lines(page.style).trim_start_matches('\n'));
    let unread = unread(tables);
    for ((_, reason, what), sum) in &unread {
        let frames = counted(sum.frames, "frame", "frames");
        page.paragraph(Tone::Doubt, &format!("{what} ({}): {frames}, {}", printable(reason), bytes(sum.wire_bytes)));
    }
    match (kinds.is_empty(), unread.is_empty()) {
        (true, true) => page.paragraph(Tone::Plain, "None."),
        (true, false) => {}
        (false, _) => page.paragraph(Tone::Faint, "Each with its frame and offset: table anomalies"),
    }
}

/// Frames that nothing could be made of, by reason.
fn unread(tables: &Tables) -> BTreeMap<(Disposition, &str, &'static str), Sum> {
    let mut unread = BTreeMap::<_, Sum>::new();
    for row in &tables.ledger {
        let what = match row.disposition {
            Disposition::UnsupportedLink => "link type that cannot be read",
            Disposition::Malformed => "malformed",
            Disposition::WifiUndecryptable => "Wi-Fi frames that could not be decrypted",
            _ => continue,
        };
        unread.entry((row.disposition, row.reason.as_str(), what)).or_default().add(row);
    }
    unread
}
