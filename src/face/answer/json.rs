//! The answer for a machine: exact numbers, every row of the summary and the destinations.

use serde_json::{Map, Value, json as object};

use super::super::rows::rows;
use super::account::closes;
use super::broadcasts;
use crate::record::{self, Get, Record};
use crate::table::Tables;

/// The answer as one object: `captures`, `ledger`, `summary`, `destinations`, `unknown_candidates`, `broadcasts` by
/// transmitter, `aircraft`, the first `findings`, `anomalies` by kind, `tables` by name.
///
/// # Errors
///
/// A dataframe holds a type that no table has.
pub fn json(tables: &Tables) -> anyhow::Result<Value> {
    let anomalies = tables.anomalies.iter().map(|(kind, seen)| {
        let value = object!({"count": seen.count, "damage": seen.is_damage});
        ((*kind).to_owned(), value)
    });
    let files = tables.tables.iter().map(|table| {
        let paths: Vec<_> = table.paths.iter().map(|path| path.display().to_string()).collect();
        (table.name.to_owned(), object!({"rows": table.rows, "paths": paths}))
    });
    Ok(object!({
        "captures": tables.captures.iter().map(row).collect::<Vec<_>>(),
        "ledger": {
            "closes": closes(&tables.captures, &tables.ledger),
            "rows": tables.ledger.iter().map(row).collect::<Vec<_>>(),
        },
        "summary": rows(&tables.summary)?,
        "destinations": rows(&tables.destinations)?,
        "unknown_candidates": rows(&tables.candidates)?,
        "broadcasts": broadcasts::json(tables),
        "aircraft": super::aircraft::json(tables),
        "findings": tables.findings.iter().map(row).collect::<Vec<_>>(),
        "anomalies": anomalies.collect::<Map<_, _>>(),
        "tables": files.collect::<Map<_, _>>(),
    }))
}

/// A record under its documented names; only for tables without origin columns.
fn row<R: Record>(row: &R) -> Value {
    R::COLUMNS.iter().map(|column| (column.field.name.to_owned(), cell(column, row))).collect()
}

fn cell<R>(column: &record::Column<R>, row: &R) -> Value {
    match column.get {
        Get::Number(get) => object!(get(row)),
        Get::Real(get) => object!(get(row)),
        Get::Flag(get) => object!(get(row)),
        Get::Text(get) => object!(get(row)),
        Get::Time(get) => object!(get(row).map(|time| time.to_string())),
        Get::List(get) => object!(get(row)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::tables;
    use super::*;
    use crate::record::{DESTINATIONS, SUMMARY};

    #[test]
    fn has_every_documented_column() {
        let value = json(&tables("json")).unwrap();
        for (part, fields) in [("summary", SUMMARY), ("destinations", DESTINATIONS)] {
            let row = value[part][0].as_object().unwrap();
            assert!(row.keys().eq(fields.iter().map(|field| field.name)), "{part}");
        }
        assert_eq!(value["captures"][0]["capture"], "one.pcap");
        assert_eq!(value["captures"][0]["first"], "2019-11-03T12:21:03.000000000Z");
        assert_eq!(value["ledger"]["closes"], true);
        assert_eq!(value["ledger"]["rows"][0]["disposition"], "flow");
        assert_eq!(value["anomalies"]["snaplen-cut"], object!({"count": 5, "damage": true}));
        assert!(value["tables"]["flows"]["paths"][0].as_str().unwrap().ends_with("flows/part-0.parquet"));
        assert!(value["destinations"].as_array().unwrap().iter().any(|row| row["ports"] == object!(["tcp/443"])));
    }
}
