//! Bytes by kind of data and region: the table that the whole analysis is for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::{DataFrame, PolarsResult};

use super::super::grid::{Cell, Fit, Grid, Tone, printable};
use super::super::units::{bytes, counted, share};
use super::Page;
use crate::table::Tables;

const UNKNOWN: &str = "unknown";
const DISPUTED: &str = "disputed";
/// Stands for the regions that a narrow terminal has no room for.
const OTHER: &str = "other";
/// Guesses at unknown kinds listed one by one.
const GUESSES: usize = 5;

/// Bytes transmitted, by direction.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Bytes {
    sent: u64,
    received: u64,
}

impl Bytes {
    const fn plus(self, other: Self) -> Self {
        Self { sent: self.sent.saturating_add(other.sent), received: self.received.saturating_add(other.received) }
    }
}

/// One direction of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Sent,
    Received,
}

impl Direction {
    const fn of(self, bytes: Bytes) -> u64 {
        match self {
            Self::Sent => bytes.sent,
            Self::Received => bytes.received,
        }
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Sent => "Sent by the device: IP bytes by kind of data and region",
            Self::Received => "Received by the device: IP bytes by kind of data and region",
        }
    }
}

/// Kinds and regions in the order they are shown, and the bytes of each pair.
struct Matrix {
    categories: Vec<String>,
    regions: Vec<String>,
    cells: BTreeMap<(String, String), Bytes>,
}

/// Both directions, and what the unknown kinds could be.
pub(super) fn kinds_by_region(tables: &Tables, page: &mut Page) -> PolarsResult<()> {
    let mut matrix = Matrix::of(&tables.summary)?;
    if matrix.cells.is_empty() {
        page.heading(Direction::Sent.heading());
        page.paragraph(Tone::Plain, "No flows.");
        return Ok(());
    }
    let folded = matrix.fold_to(page.style.width);
    for direction in [Direction::Sent, Direction::Received] {
        page.heading(direction.heading());
        page.text.push_str(&matrix.grid(direction).lines(page.style));
    }
    if !folded.is_empty() {
        let names = folded.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ");
        page.paragraph(Tone::Faint, &format!("The terminal is too narrow for every region; {OTHER} stands for {names}."));
    }
    guesses(&tables.candidates, page)
}

impl Matrix {
    fn of(summary: &DataFrame) -> PolarsResult<Self> {
        let (categories, regions) = (summary.column("category")?.str()?, summary.column("region")?.str()?);
        let (sent, received) = (summary.column("ip_bytes_out")?.u64()?, summary.column("ip_bytes_in")?.u64()?);
        let mut cells = BTreeMap::<_, Bytes>::new();
        for (((category, region), sent), received) in categories.iter().zip(regions.iter()).zip(sent.iter()).zip(received.iter()) {
            let cell = cells.entry((named(category), named(region))).or_default();
            *cell = cell.plus(Bytes { sent: sent.unwrap_or(0), received: received.unwrap_or(0) });
        }
        Ok(Self { categories: Vec::new(), regions: Vec::new(), cells }.ordered())
    }

    /// Most bytes first; what is not known is shown even where there is none of it, its region last.
    fn ordered(mut self) -> Self {
        let mut categories: BTreeSet<_> = self.cells.keys().map(|(category, _)| category.clone()).collect();
        categories.insert(UNKNOWN.to_owned());
        let mut categories: Vec<_> = categories.into_iter().collect();
        categories.sort_by_cached_key(|category| Reverse(self.total(Some(category), None)));
        let mut regions: BTreeSet<_> = self.cells.keys().map(|(_, region)| region.clone()).collect();
        regions.extend([DISPUTED.to_owned(), UNKNOWN.to_owned()]);
        let mut regions: Vec<_> = regions.into_iter().collect();
        regions.sort_by_cached_key(|region| (is_open(region), Reverse(self.total(None, Some(region)))));
        (self.categories, self.regions) = (categories, regions);
        self
    }

    /// Bytes of a category, a region, a pair of them, or all.
    fn total(&self, category: Option<&str>, region: Option<&str>) -> Bytes {
        let is_meant = |(of, at): &(String, String)| category.is_none_or(|name| name == of) && region.is_none_or(|name| name == at);
        self.cells.iter().filter(|(pair, _)| is_meant(pair)).fold(Bytes::default(), |sum, (_, bytes)| sum.plus(*bytes))
    }

    /// Puts the smallest regions together until the table fits; the answer names them.
    fn fold_to(&mut self, width: usize) -> Vec<String> {
        let mut folded = Vec::new();
        while self.grid(Direction::Sent).width().max(self.grid(Direction::Received).width()) > width {
            let Some(smallest) = self.regions.iter().rev().find(|region| !is_open(region) && *region != OTHER).cloned() else { break };
            self.rename_region(&smallest);
            folded.insert(0, smallest);
        }
        folded
    }

    fn rename_region(&mut self, region: &str) {
        let (moved, kept) = std::mem::take(&mut self.cells).into_iter().partition(|((_, at), _)| at == region);
        self.cells = kept;
        let moved: BTreeMap<(String, String), Bytes> = moved;
        for ((category, _), bytes) in moved {
            let cell = self.cells.entry((category, OTHER.to_owned())).or_default();
            *cell = cell.plus(bytes);
        }
        self.regions.retain(|name| name != region && name != OTHER);
        let place = self.regions.iter().position(|name| is_open(name)).unwrap_or(self.regions.len());
        self.regions.insert(place, OTHER.to_owned());
    }

    fn grid(&self, direction: Direction) -> Grid {
        let stacked: Vec<_> = self.regions.iter().map(|region| printable(region).replace(' ', "\n")).collect();
        let regions = stacked.iter().map(|region| (region.as_str(), Fit::Right));
        let ends = [("total", Fit::Right), ("share", Fit::Right)];
        let columns: Vec<_> = std::iter::once(("category", Fit::Left)).chain(regions).chain(ends).collect();
        let mut grid = Grid::new(&columns);
        for category in &self.categories {
            grid.row(self.row(Some(category), direction));
        }
        grid.row(self.row(None, direction));
        grid.row(self.shares(direction));
        grid
    }

    fn row(&self, category: Option<&str>, direction: Direction) -> Vec<Cell> {
        let tone = match category {
            Some(UNKNOWN) => Tone::Doubt,
            Some(_) => Tone::Plain,
            None => Tone::Heading,
        };
        let cell = |region: &String| {
            let tone = if is_open(region) && tone == Tone::Plain { Tone::Doubt } else { tone };
            amount(tone, direction.of(self.total(category, Some(region))))
        };
        let total = direction.of(self.total(category, None));
        let share = share(total, direction.of(self.total(None, None)));
        let name = Cell::new(tone, printable(category.unwrap_or("total")));
        let ends = [amount(tone, total), Cell::new(tone, share)];
        std::iter::once(name).chain(self.regions.iter().map(cell)).chain(ends).collect()
    }

    fn shares(&self, direction: Direction) -> Vec<Cell> {
        let whole = direction.of(self.total(None, None));
        let of = |region: &String| Cell::new(Tone::Faint, share(direction.of(self.total(None, Some(region))), whole));
        std::iter::once(Cell::new(Tone::Faint, "share")).chain(self.regions.iter().map(of)).collect()
    }
}

fn named(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).unwrap_or(UNKNOWN).to_owned()
}

/// Regions that are no answer, and must never be folded away.
fn is_open(region: &str) -> bool {
    region == UNKNOWN || region == DISPUTED
}

fn amount(tone: Tone, count: u64) -> Cell {
    if count == 0 { Cell::new(Tone::Faint, "-") } else { Cell::new(tone, bytes(count)) }
}

/// What flows of unknown kind could be, by their rules.
fn guesses(candidates: &DataFrame, page: &mut Page) -> PolarsResult<()> {
    let (kinds, flows) = (candidates.column("candidates")?.str()?, candidates.column("flows")?.u64()?);
    let (sent, received) = (candidates.column("ip_bytes_out")?.u64()?, candidates.column("ip_bytes_in")?.u64()?);
    let mut guesses: Vec<_> = kinds.iter().zip(flows.iter()).zip(sent.iter().zip(received.iter())).collect();
    if guesses.is_empty() {
        return Ok(());
    }
    page.heading("Unknown kind: what it could be");
    guesses.sort_by_key(|((kinds, _), sent_received)| (Reverse(*sent_received), *kinds));
    for ((kinds, flows), (sent, received)) in guesses.iter().take(GUESSES) {
        let could = match kinds.filter(|kinds| !kinds.is_empty()) {
            Some(kinds) => printable(kinds).into_owned(),
            None => "no rule fits".to_owned(),
        };
        let flows = counted(flows.unwrap_or(0), "flow", "flows");
        let amounts = format!("{} out, {} in, {flows}", bytes(sent.unwrap_or(0)), bytes(received.unwrap_or(0)));
        page.paragraph(Tone::Doubt, &format!("{could}: {amounts}"));
    }
    if guesses.len() > GUESSES {
        page.paragraph(Tone::Faint, &format!("and {} more, see flows.category_candidates", guesses.len() - GUESSES));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::super::super::grid::Style;
    use super::*;

    fn summary() -> DataFrame {
        df!(
            "category" => ["firmware", "flight_log", "flight_log", "push"],
            "region" => ["United States", "mainland China", "disputed", "Hong Kong"],
            "ip_bytes_out" => [1_000_u64, 5_000_000, 2_000, 10],
            "ip_bytes_in" => [9_000_000_u64, 100, 0, 20],
        )
        .unwrap()
    }

    #[test]
    fn most_bytes_first_and_the_unknown_in_sight() {
        let lines = Matrix::of(&summary()).unwrap().grid(Direction::Sent).lines(Style { colour: false, width: 100 });
        let expected = [
            "              mainland  United   Hong                            ",
            "  category       China  States   Kong  disputed  unknown    total    share",
            "  flight_log   5.00 MB       -      -   2.00 kB        -  5.00 MB  100.0 %",
            "  firmware           -  1.00 kB     -         -        -  1.00 kB   <0.1 %",
            "  push               -        -  10 B         -        -     10 B   <0.1 %",
            "  unknown            -        -     -         -        -        -    0.0 %",
            "  total        5.00 MB  1.00 kB  10 B   2.00 kB        -  5.00 MB  100.0 %",
        ];
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown: Vec<_> = lines.lines().map(squeezed).collect();
        assert_eq!(shown[..7], expected.map(squeezed), "{lines}");
    }

    #[test]
    fn a_narrow_terminal_folds_the_smallest_and_keeps_the_doubtful() {
        let mut matrix = Matrix::of(&summary()).unwrap();
        let whole = matrix.total(None, None);
        let width = matrix.grid(Direction::Received).width();
        assert_eq!(matrix.fold_to(width), [""; 0]);
        assert_eq!(matrix.fold_to(width - 1), ["United States", "Hong Kong"]);
        assert_eq!(matrix.regions, ["mainland China", "other", "disputed", "unknown"]);
        assert_eq!(matrix.fold_to(10), ["mainland China"]);
        assert_eq!(matrix.regions, ["other", "disputed", "unknown"]);
        assert!(matrix.total(None, None) == whole);
    }

    #[test]
    fn says_what_the_unknown_could_be() {
        let candidates = df!(
            "candidates" => ["", "firmware|flight_log"],
            "flows" => [3_u64, 1],
            "ip_bytes_out" => [10_u64, 2_000],
            "ip_bytes_in" => [0_u64, 7],
        );
        let mut page = Page { style: Style { colour: false, width: 100 }, text: String::new() };
        guesses(&candidates.unwrap(), &mut page).unwrap();
        assert_eq!(
            page.text,
            "Unknown kind: what it could be\n  firmware|flight_log: 2.00 kB out, 7 B in, 1 flow\n  no rule fits: 10 B out, 0 B in, 3 flows\n"
        );
    }
}
