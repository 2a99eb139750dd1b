//! Cells as text, for the formats that have no times or lists of their own: times are RFC 3339, lists
//! are joined, and nothing in them is a formula to a spreadsheet.

use std::borrow::Cow;

use polars::prelude::{Column, DataFrame, DataType, IntoColumn, NewChunkedArray, PolarsResult, Series, StringChunked};

use crate::time::Timestamp;

/// How lists and formulas are to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// For spreadsheets: lists are joined with `;`, text that would be a formula is quoted.
    Cells,
    /// For programs: only times become text.
    Values,
}

/// `frame` with its times as text, and its lists and formulas as `style` asks.
pub(super) fn plain(frame: &DataFrame, style: Style) -> PolarsResult<DataFrame> {
    let columns = frame.columns().iter().map(|column| plain_column(column, style)).collect::<PolarsResult<Vec<_>>>()?;
    DataFrame::new(frame.height(), columns)
}

/// A time as every output shows it: RFC 3339 in UTC with nanoseconds.
#[must_use]
pub fn time(nanos: i64) -> String {
    Timestamp::from_nanos(nanos).to_string()
}

fn plain_column(column: &Column, style: Style) -> PolarsResult<Column> {
    match (column.dtype(), style) {
        (DataType::Datetime(..), _) => times(column),
        (DataType::String, Style::Cells) => texts(column),
        (DataType::List(_), Style::Cells) => lists(column),
        _ => Ok(column.clone()),
    }
}

fn times(column: &Column) -> PolarsResult<Column> {
    let cells = column.datetime()?.physical().iter().map(|nanos| nanos.map(time));
    Ok(StringChunked::from_iter_options(column.name().clone(), cells).into_column())
}

fn texts(column: &Column) -> PolarsResult<Column> {
    let cells = column.str()?.iter().map(|text| text.map(|text| without_formula(Cow::Borrowed(text))));
    Ok(StringChunked::from_iter_options(column.name().clone(), cells).into_column())
}

fn lists(column: &Column) -> PolarsResult<Column> {
    let cells = column.list()?.amortized_iter().map(|list| list.map(|list| joined(list.as_ref())).transpose());
    let cells = cells.collect::<PolarsResult<Vec<_>>>()?;
    Ok(StringChunked::from_iter_options(column.name().clone(), cells.into_iter()).into_column())
}

/// The texts joined with `;`; a semicolon inside one is escaped as traffic text escapes bytes.
fn joined(list: &Series) -> PolarsResult<Cow<'static, str>> {
    let texts: Vec<_> = list.str()?.iter().flatten().map(|text| text.replace(';', r"\x3b")).collect();
    Ok(without_formula(Cow::Owned(texts.join(";"))))
}

/// A leading apostrophe keeps a spreadsheet from evaluating the cell.
fn without_formula(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { Cow::Owned(format!("'{text}")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_sees_no_formula() {
        for text in ["=1+1", "+1", "-1", "@A1", "\tx", "\rx"] {
            assert_eq!(without_formula(Cow::Borrowed(text)), format!("'{text}"));
        }
        assert_eq!(without_formula(Cow::Borrowed("a=1")), "a=1");
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(time(1_572_783_663_234_722_000), "2019-11-03T12:21:03.234722000Z");
    }
}
