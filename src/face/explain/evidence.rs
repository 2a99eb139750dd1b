//! The rows that a flow's answer rests on: what was read in the flow itself, and what told its name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use polars::prelude::{NamedFrom as _, Series, col, lit};

use super::super::rows::{Row, rows};
use crate::error::Error;
use crate::table::read_where;

/// Tables whose rows belong to a flow.
pub(super) const TABLES: &[&str] = &["tls", "quic", "certificates", "http", "dns", "drone_link", "findings", "anomalies"];

/// Rows of all flows that are shown.
pub(super) struct Evidence {
    /// By table and flow.
    rows: BTreeMap<(&'static str, u64), Vec<Row>>,
    /// Names of the remotes.
    names: Vec<Row>,
}

/// A row that told the name, and the table it stands in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'a> {
    pub(super) table: &'static str,
    pub(super) row: &'a Row,
}

impl Evidence {
    pub(super) fn read(dir: &Path, flows: &[Row]) -> anyhow::Result<Self> {
        let ids: Vec<u64> = flows.iter().filter_map(|flow| flow.number("flow_id")).collect();
        let mut found = BTreeMap::<_, Vec<Row>>::new();
        for &table in TABLES {
            for row in of_flows(dir, table, &ids)? {
                let Some(id) = row.number("flow_id") else { continue };
                found.entry((table, id)).or_default().push(row);
            }
        }
        found.values_mut().for_each(|rows| rows.sort_by_key(|row| row.number("frame")));
        let remotes: BTreeSet<_> = flows.iter().map(|flow| flow.text("remote_ip").to_owned()).collect();
        let remotes = Series::new("".into(), remotes.into_iter().collect::<Vec<_>>());
        let names = rows(&read_where(dir, "names", &[], &col("address").is_in(lit(remotes).implode(true), false))?)?;
        Ok(Self { rows: found, names })
    }

    /// Rows of a table that belong to a flow, by frame.
    pub(super) fn of(&self, table: &'static str, flow: &Row) -> &[Row] {
        flow.number("flow_id").and_then(|id| self.rows.get(&(table, id))).map_or(&[], Vec::as_slice)
    }

    /// The rows that told the name of a flow.
    pub(super) fn told<'a>(&'a self, flow: &Row) -> Vec<Told<'a>> {
        let name = flow.text("name");
        let own = |table: &'static str, column: &'static str| {
            let says = move |row: &&Row| host_of(row.text(column)) == name;
            self.of(table, flow).iter().filter(says).map(move |row| Told { table, row }).take(1).collect::<Vec<_>>()
        };
        match flow.text("name_source") {
            "" => Vec::new(),
            "sni" => [own("tls", "server_name"), own("quic", "server_name")].concat(),
            "host" => own("http", "host"),
            "certificate" => self.of("certificates", flow).iter().take(1).map(|row| Told { table: "certificates", row }).collect(),
            source => self.answer(flow, source).map(|row| Told { table: "names", row }).into_iter().collect(),
        }
    }

    /// The latest answer before the flow began.
    fn answer(&self, flow: &Row, source: &str) -> Option<&Row> {
        let is_own = |row: &Row| {
            row.text("device_ip") == flow.text("device_ip")
                || !row.text("device_mac").is_empty() && row.text("device_mac") == flow.text("device_mac")
        };
        let fits = |row: &&Row| {
            let of_source = match source {
                "dns" => row.text("source") == "dns" && is_own(row),
                "dns-other-device" => row.text("source") == "dns" && !is_own(row),
                other => row.text("source") == other,
            };
            of_source
                && row.text("name") == flow.text("name")
                && row.text("address") == flow.text("remote_ip")
                && row.text("time") <= flow.text("first")
        };
        self.names.iter().filter(fits).max_by_key(|row| row.text("time"))
    }
}

/// Rows of `flows` or another table that belong to flows of these numbers.
pub(super) fn of_flows(dir: &Path, table: &str, ids: &[u64]) -> anyhow::Result<Vec<Row>> {
    let ids = Series::new("".into(), ids);
    let frame: Result<_, Error> = read_where(dir, table, &[], &col("flow_id").is_in(lit(ids).implode(true), false));
    Ok(rows(&frame?)?)
}

/// A host without its port.
fn host_of(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => text,
    }
}
