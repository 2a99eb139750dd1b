//! Broadcasts by who made them, and positions by who told them: a flight has thousands of both, a reader wants a line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::super::rows::{Row, rows};
use crate::table::read;

/// Identities, names and doubts kept of one transmitter.
const KEPT: usize = 8;
/// Rows looked at together.
const AT_ONCE: usize = 20_000;

/// A transmitter.
#[derive(Debug, Default, Serialize)]
pub(super) struct Heard {
    /// Its address.
    pub(super) transmitter: String,
    /// Formats.
    pub(super) systems: BTreeSet<String>,
    /// What carried them.
    pub(super) transports: BTreeSet<String>,
    /// Serial numbers and other identities.
    pub(super) identities: BTreeSet<String>,
    /// Names of networks in the same frames.
    pub(super) ssids: BTreeSet<String>,
    /// Registrations of operators.
    pub(super) operators: BTreeSet<String>,
    /// Time of the first.
    pub(super) first: String,
    /// Time of the last.
    pub(super) last: String,
    /// Frames.
    pub(super) broadcasts: u64,
    /// Frames that are not plausible.
    pub(super) doubted: u64,
    /// Why.
    pub(super) doubts: BTreeSet<String>,
    /// Last place of the aircraft.
    pub(super) place: Option<(f64, f64)>,
    /// Last place of the operator.
    pub(super) operator_place: Option<(f64, f64)>,
}

/// Positions of one subject in one flow.
#[derive(Debug, Default, Serialize)]
pub(super) struct Told {
    /// The flow.
    pub(super) flow_id: Option<u64>,
    /// Whose: aircraft, home, phone.
    pub(super) subject: String,
    /// Message that said so.
    pub(super) basis: String,
    /// Address of the device.
    pub(super) device_ip: String,
    /// Address of the remote.
    pub(super) remote_ip: String,
    /// Sent by the device.
    pub(super) from_device: bool,
    /// How many.
    pub(super) positions: u64,
    /// Time of the first.
    pub(super) first: String,
    /// Time of the last.
    pub(super) last: String,
    /// The last of them.
    pub(super) place: Option<(f64, f64)>,
}

const HEARD: &[&str] = &[
    "time",
    "transmitter",
    "ssid",
    "system",
    "transport",
    "identity",
    "latitude",
    "longitude",
    "operator_latitude",
    "operator_longitude",
    "operator_id",
    "plausible",
    "doubts",
];
const TOLD: &[&str] = &["flow_id", "time", "device_ip", "remote_ip", "from_device", "subject", "latitude", "longitude", "basis"];

/// Who was heard, first heard first.
pub(super) fn heard(dir: &Path) -> anyhow::Result<Vec<Heard>> {
    let mut all = BTreeMap::<String, Heard>::new();
    each(dir, "remote_id", HEARD, &mut |row| {
        let heard = all.entry(row.text("transmitter").to_owned()).or_default();
        row.text("transmitter").clone_into(&mut heard.transmitter);
        heard.add(row);
    })?;
    let mut all: Vec<_> = all.into_values().collect();
    all.sort_by(|a, b| (&a.first, &a.transmitter).cmp(&(&b.first, &b.transmitter)));
    Ok(all)
}

/// What was told, by flow.
pub(super) fn told(dir: &Path) -> anyhow::Result<Vec<Told>> {
    let mut all = BTreeMap::<(Option<u64>, String, String, bool), Told>::new();
    each(dir, "positions", TOLD, &mut |row| {
        let key = (row.number("flow_id"), row.text("subject").to_owned(), row.text("basis").to_owned(), row.is("from_device"));
        all.entry(key).or_default().add(row);
    })?;
    Ok(all.into_values().collect())
}

impl Heard {
    fn add(&mut self, row: &Row) {
        for (kept, column) in [
            (&mut self.systems, "system"),
            (&mut self.transports, "transport"),
            (&mut self.identities, "identity"),
            (&mut self.ssids, "ssid"),
            (&mut self.operators, "operator_id"),
        ] {
            keep(kept, row.text(column));
        }
        row.list("doubts").into_iter().for_each(|doubt| keep(&mut self.doubts, doubt));
        self.broadcasts += 1;
        self.doubted += u64::from(!row.list("doubts").is_empty());
        extend((&mut self.first, &mut self.last), row.text("time"));
        self.place = place(row, ["latitude", "longitude"]).or(self.place);
        self.operator_place = place(row, ["operator_latitude", "operator_longitude"]).or(self.operator_place);
    }
}

impl Told {
    fn add(&mut self, row: &Row) {
        self.flow_id = row.number("flow_id");
        self.from_device = row.is("from_device");
        for (held, column) in [
            (&mut self.subject, "subject"),
            (&mut self.basis, "basis"),
            (&mut self.device_ip, "device_ip"),
            (&mut self.remote_ip, "remote_ip"),
        ] {
            row.text(column).clone_into(held);
        }
        self.positions += 1;
        extend((&mut self.first, &mut self.last), row.text("time"));
        self.place = place(row, ["latitude", "longitude"]).or(self.place);
    }
}

fn keep(kept: &mut BTreeSet<String>, text: &str) {
    if !text.is_empty() && kept.len() < KEPT {
        kept.insert(text.to_owned());
    }
}

/// Times are text of one form, so that their order is that of time.
fn extend((first, last): (&mut String, &mut String), time: &str) {
    if first.is_empty() || time < first.as_str() {
        time.clone_into(first);
    }
    if time > last.as_str() {
        time.clone_into(last);
    }
}

fn place(row: &Row, [latitude, longitude]: [&str; 2]) -> Option<(f64, f64)> {
    row.real(latitude).zip(row.real(longitude))
}

/// Looks at the rows of a table that not every folder has, some at a time.
fn each(dir: &Path, table: &str, columns: &[&str], look: &mut dyn FnMut(&Row)) -> anyhow::Result<()> {
    if !dir.join(table).is_dir() {
        return Ok(());
    }
    let frame = read(dir, table, columns)?;
    for from in (0..frame.height()).step_by(AT_ONCE) {
        rows(&frame.slice(i64::try_from(from)?, AT_ONCE))?.iter().for_each(&mut *look);
    }
    Ok(())
}
