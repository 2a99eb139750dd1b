//! What must hold of rows, facts and accounts, whatever was read.

use crate::analyzer::Finished;
use crate::app::Facts;
use crate::limits;
use crate::record::{Disposition, Get, Origin, Record, Row};
use crate::wire::escape;

/// Rows of one flow that was sent so many bytes.
pub(super) fn of_a_flow(bytes: usize, rows: &[Row], facts: &Facts) {
    assert!(rows.len() <= bytes, "{} rows out of {bytes} bytes", rows.len());
    assert!(facts.names.len() <= limits::FLOW_NAMES, "{} names", facts.names.len());
    assert!(facts.requests.len() <= limits::FLOW_REQUESTS, "{} requests", facts.requests.len());
    facts.names.iter().for_each(|name| is_escaped(&name.name));
    facts.requests.iter().for_each(|request| [&request.method, &request.host, &request.path].into_iter().for_each(|text| is_escaped(text)));
    rows.iter().for_each(shows_safely);
}

/// What a pass leaves.
pub(super) fn of_the_pass(finished: &Finished) {
    assert!(finished.closes(), "the ledger does not close: {:?} {:?}", finished.totals, finished.ledger);
    let flows: u64 = finished.rows.iter().map(flow_bytes).sum();
    let account = finished.ledger.iter().filter(|line| line.disposition == Disposition::Flow);
    let charged: u64 = account.map(|line| line.wire_bytes).sum();
    assert_eq!(flows, charged, "flows and ledger tell different bytes");
    finished.rows.iter().for_each(shows_safely);
}

fn flow_bytes(row: &Row) -> u64 {
    match row {
        Row::Flow(flow) => flow.outbound.wire_bytes.saturating_add(flow.inbound.wire_bytes),
        _ => 0,
    }
}

/// Every text of the row is escaped.
fn shows_safely(row: &Row) {
    match row {
        Row::Dns(row) => texts(&**row),
        Row::Tls(row) => texts(&**row),
        Row::Quic(row) => texts(&**row),
        Row::Http(row) => texts(&**row),
        Row::Part(row) => texts(&**row),
        Row::WebSocket(row) => texts(&**row),
        Row::Ntp(row) => texts(&**row),
        Row::Certificate(row) => texts(&**row),
        Row::DroneLink(row) => texts(&**row),
        Row::Position(row) => texts(&**row),
        Row::Finding(row) => texts(&**row),
        Row::Name(row) => texts(&**row),
        Row::RemoteId(row) => texts(&**row),
        Row::Flow(row) => texts(&**row),
        Row::Wifi(row) => texts(&**row),
        Row::Anomaly(row) => texts(&**row),
    }
}

fn texts<R: Record>(row: &R) {
    if let Some(origin) = R::ORIGIN {
        columns(Origin::COLUMNS, origin(row));
    }
    columns(R::COLUMNS, row);
}

fn columns<R>(columns: &[crate::record::Column<R>], row: &R) {
    for column in columns {
        match column.get {
            Get::Text(read) => read(row).iter().for_each(|text| is_escaped(text)),
            Get::List(read) => read(row).iter().for_each(|text| is_escaped(text)),
            Get::Real(read) => assert!(read(row).is_none_or(f64::is_finite), "{} is no number", column.field.name),
            Get::Number(_) | Get::Flag(_) | Get::Time(_) => {}
        }
    }
}

/// Escaping it again would only double its backslashes.
fn is_escaped(text: &str) {
    assert_eq!(escape(text.as_bytes()).replace(r"\\", r"\"), text, "text that is not escaped");
}
