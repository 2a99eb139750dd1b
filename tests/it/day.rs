//! The generated day of captures/: what the analysis finds, beside what the generator counted while it wrote. Every
//! cell of the summary, every flow, every line of the ledger, both ways.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::cases::{Place, whereto};
use crate::sources::root;

/// What makes a cell of the truth's summary one cell.
const CELL: &[&str] = &["device_ip", "category", "category_basis", "region", "country", "owner", "party", "encryption"];
/// What makes a flow one flow.
const FLOW: &[&str] = &["protocol", "device_ip", "device_port", "remote_ip", "remote_port", "first_frame"];
/// What the truth says of a flow besides: labels and lists of its own.
const NOT_COMPARED: &[&str] = &["flow", "plan", "initiation", "requests", "notes", "host"];

#[test]
fn every_cell_of_the_day_is_as_it_was_written() {
    let place = Place::new("day");
    let truth = truth();
    let answer = analyzed(&place);
    let found = keyed(&answer["summary"], CELL);
    let wrong = differences(&keyed(&truth["summary"], CELL), &found, &[]);
    assert!(wrong.is_empty(), "cells of the summary differ:\n{}", wrong.join("\n"));
    assert_eq!(answer["ledger"]["closes"], true);
    let wrong = differences(&by_disposition(&truth["ledger"]), &by_disposition(&answer["ledger"]["rows"]), &[]);
    assert!(wrong.is_empty(), "lines of the ledger differ:\n{}", wrong.join("\n"));
}

#[test]
fn every_flow_of_the_day_is_as_it_was_written() {
    let place = Place::new("day-flows");
    analyzed(&place);
    let mut flows = Vec::new();
    for range in ["0.0.0.0/0", "::/0"] {
        let answer = whereto(&place, &["explain", "{out}", range, "--all", "--json"].map(str::to_owned), None);
        let answer: Value = serde_json::from_str(&answer.stdout).unwrap();
        flows.extend(answer["flows"].as_array().unwrap().iter().map(|flow| flow["flow"].clone()));
    }
    let wrong = differences(&keyed(&truth()["flows"], FLOW), &keyed(&Value::Array(flows), FLOW), NOT_COMPARED);
    assert!(wrong.is_empty(), "flows differ:\n{}", wrong.join("\n"));
}

fn truth() -> Value {
    serde_json::from_str(&std::fs::read_to_string(root().join("captures/go4-day.truth.json")).unwrap()).unwrap()
}

fn analyzed(place: &Place) -> Value {
    let ran = whereto(place, &["analyze", "captures/go4-day.pcapng", "-o", "{out}", "--json"].map(str::to_owned), None);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Rows by the values of their key, all of which must differ.
fn keyed(rows: &Value, key: &[&str]) -> BTreeMap<String, Map<String, Value>> {
    let mut by_key = BTreeMap::new();
    for row in rows.as_array().unwrap() {
        let name = key.iter().map(|column| format!("{column}={}", row[column])).collect::<Vec<_>>().join(" ");
        let known = by_key.insert(name.clone(), row.as_object().unwrap().clone());
        assert!(known.is_none(), "two rows are {name}");
    }
    by_key
}

/// The ledger by disposition: the truth tells no reasons of flows.
fn by_disposition(rows: &Value) -> BTreeMap<String, Map<String, Value>> {
    let mut sums = BTreeMap::<String, Map<String, Value>>::new();
    for row in rows.as_array().unwrap() {
        let name = row["disposition"].as_str().unwrap();
        let sum = sums.entry(name.to_owned()).or_default();
        for column in ["frames", "wire_bytes", "ip_bytes"] {
            let so_far = sum.get(column).and_then(Value::as_u64).unwrap_or(0);
            sum.insert(column.to_owned(), (so_far + row[column].as_u64().unwrap()).into());
        }
    }
    sums
}

/// What one side has and the other has not, or has with another value. Only columns of the truth are compared.
fn differences(
    truth: &BTreeMap<String, Map<String, Value>>,
    found: &BTreeMap<String, Map<String, Value>>,
    left_out: &[&str],
) -> Vec<String> {
    let mut told: Vec<_> = found.keys().filter(|key| !truth.contains_key(*key)).map(|key| format!("not written: {key}")).collect();
    for (key, row) in truth {
        let Some(own) = found.get(key) else {
            told.push(format!("not found: {key}"));
            continue;
        };
        for (column, value) in row.iter().filter(|(column, _)| !left_out.contains(&column.as_str())) {
            let own = own.get(column).unwrap_or(&Value::Null);
            if own != value {
                told.push(format!("{key}: {column} written {value}, found {own}"));
            }
        }
    }
    told
}
