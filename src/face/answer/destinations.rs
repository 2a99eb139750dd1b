//! The destinations that got most: one line per name, or per address where there is no name.

use polars::prelude::{
    Column, DataFrame, ExplodeOptions, Expr, IntoLazy as _, PolarsResult, SortMultipleOptions, SortOptions, col, concat_str, len, lit, when,
};

use super::super::grid::{Cell, Fit, Grid, Tone, printable};
use super::super::units::{bytes, count};
use super::Page;
use crate::table::Tables;

/// Destinations shown.
const SHOWN: usize = 10;

/// The largest destinations by bytes out, then in.
pub(super) fn top(tables: &Tables, page: &mut Page) -> PolarsResult<()> {
    let all = by_name(&tables.destinations)?;
    if all.height() == 0 {
        return Ok(());
    }
    page.heading("Destinations that got most");
    page.text.push_str(&grid(&all.head(Some(SHOWN)))?.lines(page.style));
    if all.height() > SHOWN {
        page.paragraph(Tone::Faint, &format!("and {} more, see table destinations", all.height() - SHOWN));
    }
    Ok(())
}

/// Destinations added up over devices and addresses.
fn by_name(destinations: &DataFrame) -> PolarsResult<DataFrame> {
    let shown = when(col("name").is_null()).then(col("remote_ip")).otherwise(col("name")).alias("shown");
    let place = when(col("country").is_null())
        .then(col("region"))
        .otherwise(concat_str([col("country"), lit(" ("), col("country_basis"), lit(")")], "", true))
        .alias("place");
    let split = ExplodeOptions { empty_as_null: false, keep_nulls: false };
    let most = SortMultipleOptions::default().with_order_descending_multi([true, true, false]);
    let sums = ["flows", "ip_bytes_out", "ip_bytes_in"].map(|name| col(name).sum());
    let sets = [set(col("owner")), set(col("party")), set(col("place")), set(col("categories").explode(split))];
    destinations
        .clone()
        .lazy()
        .with_columns([shown, place])
        .group_by([col("shown")])
        .agg([&sums[..], &sets[..], &[len().alias("addresses")]].concat())
        .sort(["ip_bytes_out", "ip_bytes_in", "shown"], most)
        .collect()
}

/// The distinct values; an empty text stands for nothing.
fn set(values: Expr) -> Expr {
    values.fill_null(lit("")).unique().sort(SortOptions::default())
}

fn grid(rows: &DataFrame) -> PolarsResult<Grid> {
    let mut grid = Grid::new(&[
        ("name or address", Fit::CutStart(14)),
        ("owner", Fit::CutEnd(8)),
        ("party", Fit::Left),
        ("country (basis)", Fit::CutEnd(10)),
        ("categories", Fit::CutEnd(8)),
        ("out", Fit::Right),
        ("in", Fit::Right),
        ("flows", Fit::Right),
    ]);
    let names = rows.column("shown")?.str()?;
    let [sent, received, flows] = ["ip_bytes_out", "ip_bytes_in", "flows"].map(|name| rows.column(name).and_then(Column::u64));
    let (sent, received, flows) = (sent?, received?, flows?);
    let [owners, parties, places, categories] = ["owner", "party", "place", "categories"].map(|name| joined(rows.column(name)?));
    let (owners, parties, places, categories) = (owners?, parties?, places?, categories?);
    let words = owners.into_iter().zip(parties).zip(places.into_iter().zip(categories));
    let numbers = sent.iter().zip(received.iter()).zip(flows.iter());
    for ((name, ((owner, party), (place, categories))), ((sent, received), flows)) in names.iter().zip(words).zip(numbers) {
        let amounts = [bytes(sent.unwrap_or(0)), bytes(received.unwrap_or(0)), count(flows.unwrap_or(0))];
        let name = printable(name.unwrap_or_default()).into_owned();
        grid.row([name, owner, party, place, categories].into_iter().chain(amounts).map(Cell::from).collect());
    }
    Ok(grid)
}

/// The texts of each list, separated by commas; `-` for none.
fn joined(column: &Column) -> PolarsResult<Vec<String>> {
    let join = |texts: Vec<&str>| if texts.is_empty() { "-".to_owned() } else { printable(&texts.join(", ")).into_owned() };
    let lists = column.list()?.amortized_iter();
    lists
        .map(|list| {
            list.map_or_else(
                || Ok("-".to_owned()),
                |list| Ok(join(list.as_ref().str()?.iter().flatten().filter(|text| !text.is_empty()).collect())),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Style;
    use super::super::tests::{PLAIN, tables};
    use super::*;

    #[test]
    fn adds_up_the_addresses_of_a_name() {
        let tables = tables("destinations");
        let all = by_name(&tables.destinations).unwrap();
        assert!(all.height() < tables.destinations.height());
        let total = |frame: &DataFrame| frame.column("ip_bytes_out").unwrap().u64().unwrap().iter().flatten().sum::<u64>();
        assert_eq!(total(&all), total(&tables.destinations));
        let lines = grid(&all).unwrap().lines(Style { width: 160, ..PLAIN });
        assert!(lines.contains("HK (sources-agree)"), "{lines}");
        assert!(lines.contains("firmware, flight_log, push, unknown"), "{lines}");
    }

    #[test]
    fn no_country_shows_the_region() {
        let all = by_name(&tables("destinations-region").destinations).unwrap();
        let lines = grid(&all).unwrap().lines(Style { width: 160, ..PLAIN });
        assert!(lines.lines().any(|line| line.contains("203.0.113.") && line.contains("disputed")), "{lines}");
    }
}
