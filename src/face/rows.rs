//! Rows of a table as a face shows them: values by the names of their columns.

use polars::prelude::{Column, DataFrame, DataType, PolarsResult, Series};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::grid::printable;
use crate::table::time;

/// One row. Times are text, as every output shows them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Row(Map<String, Value>);

/// Every row of a dataframe, in order.
pub(super) fn rows(frame: &DataFrame) -> PolarsResult<Vec<Row>> {
    let mut rows = vec![Row::default(); frame.height()];
    for column in frame.columns() {
        for (row, value) in rows.iter_mut().zip(values(column)?) {
            row.0.insert(column.name().to_string(), value);
        }
    }
    Ok(rows)
}

impl Row {
    /// A text; empty when there is none.
    pub(super) fn text(&self, column: &str) -> &str {
        self.0.get(column).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number.
    pub(super) fn number(&self, column: &str) -> Option<u64> {
        self.0.get(column).and_then(Value::as_u64)
    }

    /// A floating point number.
    pub(super) fn real(&self, column: &str) -> Option<f64> {
        self.0.get(column).and_then(Value::as_f64)
    }

    /// A truth value; false when there is none.
    pub(super) fn is(&self, column: &str) -> bool {
        self.0.get(column).and_then(Value::as_bool).unwrap_or_default()
    }

    /// Any value as one text that is safe to show; empty when there is none.
    pub(super) fn shown(&self, column: &str) -> String {
        let text = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => printable(text).into_owned(),
            other => other.to_string(),
        };
        match self.0.get(column) {
            Some(Value::Array(list)) => list.iter().map(text).collect::<Vec<_>>().join(", "),
            Some(value) => text(value),
            None => String::new(),
        }
    }

    /// Gives the row a number of its own.
    pub(super) fn number_as(&mut self, column: &str, number: usize) {
        self.0.insert(column.to_owned(), json!(number));
    }

    /// Numbers of the flows that a line of evidence names, as `flow 17 frames 2-9 of …`.
    pub(super) fn flows_named(line: &str) -> Vec<u64> {
        line.split("flow ").skip(1).filter_map(|rest| rest.split_once(" frames ")?.0.parse().ok()).collect()
    }

    /// The texts of a list.
    pub(super) fn list(&self, column: &str) -> Vec<&str> {
        self.0.get(column).and_then(Value::as_array).map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
    }
}

#[cfg(test)]
impl From<Value> for Row {
    fn from(value: Value) -> Self {
        Self(value.as_object().cloned().unwrap_or_default())
    }
}

fn values(column: &Column) -> PolarsResult<Vec<Value>> {
    Ok(match column.dtype() {
        DataType::UInt64 => column.u64()?.iter().map(|number| json!(number)).collect(),
        DataType::Float64 => column.f64()?.iter().map(|number| json!(number)).collect(),
        DataType::Boolean => column.bool()?.iter().map(|flag| json!(flag)).collect(),
        DataType::Datetime(..) => column.datetime()?.physical().iter().map(|nanos| json!(nanos.map(time))).collect(),
        DataType::List(_) => {
            column.list()?.amortized_iter().map(|list| texts(list.as_ref().map(AsRef::as_ref))).collect::<PolarsResult<_>>()?
        }
        _ => column.str()?.iter().map(|text| json!(text)).collect(),
    })
}

fn texts(list: Option<&Series>) -> PolarsResult<Value> {
    let Some(list) = list else { return Ok(Value::Null) };
    Ok(list.str()?.iter().map(|text| json!(text)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_are_found_in_a_line_of_evidence() {
        let line = "run a: flow 19 frames 1-2 of x.pcap and flow 20 frames 3-4 of y.pcap: host (192.0.2.1, US), 5 bytes out";
        assert_eq!(Row::flows_named(line), [19, 20]);
        assert!(Row::flows_named("no number: flow of data").is_empty());
    }
}
