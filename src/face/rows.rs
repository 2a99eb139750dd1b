//! Rows of a table as a face shows them: values by the names of their columns.

use std::sync::Arc;

use polars::prelude::{Column, DataFrame, DataType, PolarsResult, Series};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::grid::printable;
use crate::table::time;

/// One row. Times are text, as every output shows them. All rows of a table share the names of its columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    names: Arc<[String]>,
    values: Vec<Value>,
}

/// Every row of a dataframe, in order.
pub(super) fn rows(frame: &DataFrame) -> PolarsResult<Vec<Row>> {
    let names: Arc<[String]> = frame.columns().iter().map(|column| column.name().to_string()).collect();
    let new = || Row { names: Arc::clone(&names), values: Vec::with_capacity(names.len()) };
    let mut rows: Vec<Row> = std::iter::repeat_with(new).take(frame.height()).collect();
    for column in frame.columns() {
        rows.iter_mut().zip(values(column)?).for_each(|(row, value)| row.values.push(value));
    }
    Ok(rows)
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.names.iter().zip(&self.values))
    }
}

impl Row {
    fn get(&self, column: &str) -> Option<&Value> {
        let place = self.names.iter().position(|name| name == column)?;
        self.values.get(place)
    }

    /// A text; empty when there is none.
    pub(super) fn text(&self, column: &str) -> &str {
        self.get(column).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number.
    pub(super) fn number(&self, column: &str) -> Option<u64> {
        self.get(column).and_then(Value::as_u64)
    }

    /// A floating point number.
    pub(super) fn real(&self, column: &str) -> Option<f64> {
        self.get(column).and_then(Value::as_f64)
    }

    /// A truth value; false when there is none.
    pub(super) fn is(&self, column: &str) -> bool {
        self.get(column).and_then(Value::as_bool).unwrap_or_default()
    }

    /// Any value as one text that is safe to show; empty when there is none.
    pub(super) fn shown(&self, column: &str) -> String {
        let text = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => printable(text).into_owned(),
            other => other.to_string(),
        };
        match self.get(column) {
            Some(Value::Array(list)) => list.iter().map(text).collect::<Vec<_>>().join(", "),
            Some(value) => text(value),
            None => String::new(),
        }
    }

    /// Numbers of the flows that a line of evidence names, as `flow 17 frames 2-9 of …`.
    pub(super) fn flows_named(line: &str) -> Vec<u64> {
        line.split("flow ").skip(1).filter_map(|rest| rest.split_once(" frames ")?.0.parse().ok()).collect()
    }

    /// The texts of a list.
    pub(super) fn list(&self, column: &str) -> Vec<&str> {
        self.get(column).and_then(Value::as_array).map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
    }
}

#[cfg(test)]
impl From<Value> for Row {
    fn from(value: Value) -> Self {
        let (names, values): (Vec<String>, Vec<Value>) = value.as_object().cloned().unwrap_or_default().into_iter().unzip();
        Self { names: names.into(), values }
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
    use polars::prelude::df;

    use super::*;

    #[test]
    fn a_row_is_a_map_in_the_order_of_the_columns() {
        let frame = df!("b" => ["x", "y"], "a" => [Some(1_u64), None]).unwrap();
        let rows = rows(&frame).unwrap();
        assert_eq!(serde_json::to_string(&rows).unwrap(), r#"[{"b":"x","a":1},{"b":"y","a":null}]"#);
        assert_eq!((rows[0].number("a"), rows[1].number("a"), rows[1].text("b"), rows[0].text("c")), (Some(1), None, "y", ""));
    }

    #[test]
    fn flows_are_found_in_a_line_of_evidence() {
        let line = "run a: flow 19 frames 1-2 of x.pcap and flow 20 frames 3-4 of y.pcap: host (192.0.2.1, US), 5 bytes out";
        assert_eq!(Row::flows_named(line), [19, 20]);
        assert!(Row::flows_named("no number: flow of data").is_empty());
    }
}
