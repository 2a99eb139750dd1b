//! The generated day of captures/: what the analysis finds, beside what the generator counted while it wrote. Every
//! cell of the summary, every flow, every line of the ledger, every question with its answer, both ways.

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

#[test]
fn every_answer_of_the_day_is_as_it_was_written() {
    let place = Place::new("day-dns");
    let args = ["analyze", "captures/go4-day.pcapng", "-o", "{out}", "--format", "ndjson"];
    assert_eq!(whereto(&place, &args.map(str::to_owned), None).status, 0);
    let table = std::fs::read_to_string(place.path("{out}/dns.ndjson")).unwrap();
    let (multicast, unicast): (Vec<Value>, Vec<_>) =
        table.lines().map(|line| serde_json::from_str(line).unwrap()).partition(|row: &Value| row["protocol"] == "mdns");
    let mut found = transactions(&unicast);
    let truth = truth();
    let mut written: Vec<_> = truth["dns"].as_array().unwrap().iter().map(Value::to_string).collect();
    found.sort();
    written.sort();
    assert_eq!(written.len(), 158);
    let only = |a: &[String], b: &[String]| a.iter().filter(|line| !b.contains(line)).cloned().collect::<Vec<_>>().join("\n");
    let (missing, excess) = (only(&written, &found), only(&found, &written));
    assert!(written == found, "written and not found:\n{missing}\nfound and not written:\n{excess}");
    // Of multicast questions the truth says how many there were, flow by flow.
    let flows = truth["flows"].as_array().unwrap().iter().filter(|flow| flow["plan"] == "mdns");
    let datagrams: u64 = flows.map(|flow| flow["packets_out"].as_u64().unwrap()).sum();
    assert_eq!(u64::try_from(multicast.len()).unwrap(), datagrams);
}

/// Questions and their responses, joined by flow and identifier, as the truth writes them: when it was asked, and the
/// addresses of the type asked for. Of aliases, bindings and texts the truth says nothing but that there was a response.
fn transactions(rows: &[Value]) -> Vec<String> {
    let mut responses = BTreeMap::new();
    for row in rows.iter().filter(|row| row["response"] == true) {
        assert_eq!(row["response_code"], "NOERROR", "{row}");
        assert_eq!(row["from_device"], false, "{row}");
        let known = responses.insert((row["flow_id"].as_u64(), row["id"].as_u64()), row);
        assert!(known.is_none(), "two responses to one question: {row}");
    }
    let mut transactions = Vec::new();
    for row in rows.iter().filter(|row| row["response"] == false) {
        assert_eq!(row["from_device"], true, "{row}");
        let response = responses.remove(&(row["flow_id"].as_u64(), row["id"].as_u64()));
        let response = response.unwrap_or_else(|| panic!("no response to {row}"));
        assert_eq!(row["questions"], response["questions"]);
        let told = [("time", &row["time"]), ("query", &row["query"]), ("query_type", &row["query_type"])];
        let mut written: Map<_, _> = told.map(|(key, value)| (key.to_owned(), value.clone())).into_iter().collect();
        written.insert("answers".to_owned(), addresses(response).into());
        transactions.push(Value::Object(written).to_string());
    }
    assert!(responses.is_empty(), "responses without a question: {responses:?}");
    transactions
}

/// Data of the answers `name ttl type data` that have the type asked for, where that is a type of addresses.
fn addresses(response: &Value) -> Vec<&str> {
    let answers = response["answers"].as_array().unwrap().iter().filter_map(Value::as_str);
    let words = answers.map(|answer| answer.split(' ').collect::<Vec<_>>());
    let asked = |words: &Vec<&str>| matches!(words[2], "A" | "AAAA") && response["query_type"] == words[2];
    words.filter(asked).map(|words| words[3]).collect()
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
