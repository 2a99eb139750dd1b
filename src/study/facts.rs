//! Conversations of a run: the rows of its captures put together, so that a conversation counts once, whether one
//! capture shows it, two show it at the same time, or it goes on from one file in the next.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::clock::Reading;
use super::file::{Device, DeviceKind, Run, Study};
use crate::enrich::{Question, Rules};
use crate::limits;
use crate::record::{ClockRate, Counts, Encryption, Flow, Initiator};
use crate::time::{Span, Timestamp};

/// Where a row of a conversation was seen.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Place among the run's rows.
    pub(super) row: usize,
    pub(super) flow_id: u64,
    pub(super) capture: Arc<str>,
    pub(super) frames: (u64, u64),
    /// The same conversation as another capture shows it: counts nothing.
    pub(super) is_repeat: bool,
}

/// A request that could be read.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: String,
}

/// One conversation.
#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) parts: Vec<Part>,
    /// The row that knows most of it, by its place among the run's.
    pub(super) known: usize,
    pub(super) device_ip: IpAddr,
    pub(super) device_mac: Option<String>,
    pub(super) remote_ip: IpAddr,
    pub(super) initiator: Initiator,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) ip_out: u64,
    pub(super) ip_in: u64,
    pub(super) payload_out: u64,
    pub(super) gap_bytes: u64,
    /// Time between keep-alives.
    pub(super) period: Option<Span>,
    pub(super) application: Option<String>,
    pub(super) encryption: Encryption,
    pub(super) name: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) country: Option<String>,
    pub(super) country_candidates: Vec<String>,
    pub(super) country_struck: Vec<String>,
    pub(super) country_basis: &'static str,
    pub(super) scope: &'static str,
    pub(super) party: &'static str,
    pub(super) party_basis: &'static str,
    pub(super) category: &'static str,
    pub(super) category_basis: &'static str,
    pub(super) category_rule: Option<String>,
    pub(super) candidates: Vec<String>,
    /// Application as the study calls it, else as the capture does.
    pub(super) app: Option<String>,
    /// Application that alone used the host, where captures of the study tell.
    pub(super) app_by_host: Option<String>,
    /// Names asked for, of a conversation with a name server.
    pub(super) asked: BTreeSet<String>,
    /// Party of those names, when they have the same.
    pub(super) asked_party: &'static str,
    pub(super) requests: Vec<Request>,
    pub(super) initiation: &'static str,
    pub(super) initiation_basis: String,
    /// Place of the action among the run's.
    pub(super) action: Option<usize>,
}

/// What a run's captures gave.
#[derive(Debug, Default)]
pub(super) struct Seen {
    #[expect(clippy::vec_box, reason = "flows come boxed: a kilobyte each need not be copied")]
    pub(super) rows: Vec<Box<Flow>>,
    pub(super) asked: BTreeMap<u64, BTreeSet<String>>,
    pub(super) requests: BTreeMap<u64, Vec<Request>>,
    /// What time servers say of the captures' clock.
    pub(super) readings: Vec<Reading>,
    /// First and last frame of each capture.
    pub(super) spans: BTreeMap<Arc<str>, (Timestamp, Timestamp)>,
}

impl Seen {
    /// How the captures' clock runs against that of the device that runs the app: the one that the run names, else the
    /// phones of the study, else whatever is a device.
    pub(super) fn device_clocks(&self, study: &Study, run: &Run) -> Vec<ClockRate> {
        let named = |device: &&Device| run.device.as_ref().is_some_and(|id| device.id == *id.get_ref());
        let mut meant: Vec<&Device> = study.devices.iter().filter(named).collect();
        if meant.is_empty() {
            meant = study.devices.iter().filter(|device| device.kind == DeviceKind::Phone).collect();
        }
        let is_it = |flow: &&Flow| meant.is_empty() || meant.iter().any(|device| device.is(flow.device_mac.as_deref(), flow.device_ip));
        self.rows.iter().map(Box::as_ref).filter(is_it).filter_map(|flow| flow.device_clock).collect()
    }
}

impl Fact {
    /// Whether the remote is on the Internet.
    pub(super) fn is_public(&self) -> bool {
        self.scope == "global"
    }

    /// A name server asked for names that are not of the local network: the question leaves it.
    pub(super) fn asks_outside(&self) -> bool {
        self.application.as_deref() == Some("dns") && !self.asked.is_empty()
    }

    /// What it is called where hosts are compared: name, else address.
    pub(super) fn host(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.remote_ip.to_string())
    }

    /// Its kind, or all it could be.
    pub(super) fn kind(&self) -> String {
        if self.candidates.is_empty() { self.category.to_owned() } else { self.candidates.join("|") }
    }

    /// Its kinds, where settings are compared: each of those that its requests were seen to be of, else as [`Self::kind`].
    pub(super) fn kinds(&self) -> Vec<String> {
        let is_read = matches!(self.category_basis, "path" | "content");
        if is_read && !self.candidates.is_empty() { self.candidates.clone() } else { vec![self.kind()] }
    }

    /// Nobody could read what was sent.
    pub(super) fn is_unreadable(&self) -> bool {
        self.encryption != Encryption::None && self.requests.is_empty()
    }

    /// The row that stands for it.
    pub(super) fn flow_id(&self) -> u64 {
        self.parts.first().map_or(0, |part| part.flow_id)
    }
}

/// The conversations of a run, in the order of time.
pub(super) fn facts(seen: &Seen, study: &Study, rules: &Rules) -> Vec<Fact> {
    let mut by_key: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (row, flow) in seen.rows.iter().enumerate() {
        by_key.entry(Key::of(flow)).or_default().push(row);
    }
    let mut facts = Vec::new();
    for mut rows in by_key.into_values() {
        rows.sort_by_key(|row| seen.rows.get(*row).map(|flow| (flow.first, flow.last, Arc::clone(&flow.capture), flow.flow_id)));
        facts.extend(together(seen, &rows).into_iter().filter_map(|parts| fact(seen, parts, study, rules)));
    }
    facts.sort_by_key(|fact| (fact.first, fact.flow_id()));
    facts
}

/// Protocol and both ends, whichever of them a capture took for the device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(String, (IpAddr, Option<u16>), (IpAddr, Option<u16>));

impl Key {
    fn of(flow: &Flow) -> Self {
        let (one, other) = ((flow.device_ip, flow.device_port), (flow.remote_ip, flow.remote_port));
        Self(flow.protocol.clone(), one.min(other), one.max(other))
    }
}

/// Rows of one pair of ends, in the order of time, as conversations.
fn together(seen: &Seen, rows: &[usize]) -> Vec<Vec<Part>> {
    let mut whole: Vec<Vec<Part>> = Vec::new();
    for row in rows {
        let Some(flow) = seen.rows.get(*row) else { continue };
        let mut part = Part {
            row: *row,
            flow_id: flow.flow_id,
            capture: Arc::clone(&flow.capture),
            frames: (flow.first_frame.min(flow.last_frame), flow.first_frame.max(flow.last_frame)),
            is_repeat: false,
        };
        let is_repeat = |parts: &[Part]| parts.iter().any(|known| is_same(seen, known, flow));
        if let Some(parts) = whole.iter_mut().rev().find(|parts| is_repeat(parts)) {
            part.is_repeat = true;
            parts.push(part);
        } else if let Some(parts) = whole.iter_mut().rev().find(|parts| goes_on(seen, parts, flow)) {
            parts.push(part);
        } else {
            whole.push(vec![part]);
        }
    }
    whole
}

/// Whether a known part is the same conversation, seen at the same time in another capture.
fn is_same(seen: &Seen, known: &Part, flow: &Flow) -> bool {
    /// What two capture points may differ in their times.
    const TOLERANCE: Span = Span::from_secs(1);
    if known.capture == flow.capture || !overlap(seen, &known.capture, &flow.capture) {
        return false;
    }
    seen.rows.get(known.row).is_some_and(|known| flow.first <= known.last.after(TOLERANCE) && known.first <= flow.last.after(TOLERANCE))
}

/// Whether two captures were made at the same time, for more than a moment.
fn overlap(seen: &Seen, one: &Arc<str>, other: &Arc<str>) -> bool {
    let (Some(one), Some(other)) = (seen.spans.get(one), seen.spans.get(other)) else { return false };
    let common = one.1.min(other.1).since(one.0.max(other.0)).nanos();
    let shorter = one.1.since(one.0).nanos().min(other.1.since(other.0).nanos());
    common > 0 && (common >= shorter / 10 || common >= 5_000_000_000)
}

/// Whether a flow goes on where a conversation was cut by the end of a capture.
fn goes_on(seen: &Seen, parts: &[Part], flow: &Flow) -> bool {
    let Some(before) = parts.iter().rev().find(|part| !part.is_repeat).and_then(|part| seen.rows.get(part.row)) else { return false };
    let idle = match flow.protocol.as_str() {
        "tcp" => limits::IDLE_TCP,
        "udp" => limits::IDLE_UDP,
        _ => limits::IDLE_OTHER,
    };
    let is_new = flow.protocol == "tcp" && !flow.quality.iter().any(|word| word == "mid-stream");
    // A file whose halves were swapped has the later part before the earlier one.
    let is_elsewhere = if before.capture == flow.capture {
        flow.first_frame < before.first_frame && flow.first >= before.last
    } else {
        !overlap(seen, &before.capture, &flow.capture)
    };
    is_elsewhere && before.ended_by == "capture-end" && !is_new && flow.first.since(before.last) <= idle
}

/// One conversation of its parts; what is known of it comes from the part that knows most.
fn fact(seen: &Seen, parts: Vec<Part>, study: &Study, rules: &Rules) -> Option<Fact> {
    let flows = || parts.iter().filter_map(|part| Some((part, seen.rows.get(part.row)?)));
    let counted = || flows().filter(|(part, _)| !part.is_repeat).map(|(_, flow)| flow);
    let head = counted().next()?;
    // Of equals the first: max_by_key would take the last.
    let (known_part, known) = flows().rev().max_by_key(|(_, flow)| knowledge(flow))?;
    let asked: BTreeSet<String> = parts.iter().filter_map(|part| seen.asked.get(&part.flow_id)).flatten().cloned().collect();
    let requests = parts.iter().filter_map(|part| seen.requests.get(&part.flow_id)).max_by_key(|requests| requests.len()).cloned();
    let answer = &known.answer;
    let asked_party = party_of(&asked, rules);
    Some(Fact {
        device_ip: head.device_ip,
        device_mac: counted().find_map(|flow| flow.device_mac.clone()).or_else(|| flows().find_map(|(_, flow)| flow.device_mac.clone())),
        remote_ip: head.remote_ip,
        initiator: flows().map(|(_, flow)| flow.initiator).find(|initiator| *initiator != Initiator::Unknown).unwrap_or(Initiator::Unknown),
        first: counted().map(|flow| flow.first).min()?,
        last: counted().map(|flow| flow.last).max()?,
        ip_out: counted().map(|flow| sides(head, flow).0.ip_bytes).sum(),
        ip_in: counted().map(|flow| sides(head, flow).1.ip_bytes).sum(),
        payload_out: counted().map(|flow| sides(head, flow).0.unique_bytes).sum(),
        gap_bytes: counted().map(|flow| flow.outbound.gap_bytes + flow.inbound.gap_bytes).sum(),
        period: counted().find_map(|flow| flow.period),
        application: known.application.clone().or_else(|| flows().find_map(|(_, flow)| flow.application.clone())),
        encryption: flows().map(|(_, flow)| flow.encryption).find(|encryption| *encryption != Encryption::Unknown).unwrap_or_default(),
        name: answer.name.clone(),
        owner: answer.owner.clone(),
        country: answer.country.clone(),
        country_candidates: answer.country_candidates.clone(),
        country_struck: answer.country_struck.clone(),
        country_basis: answer.country_basis,
        scope: answer.scope,
        party: answer.party,
        party_basis: answer.party_basis,
        category: answer.category,
        category_basis: answer.category_basis,
        category_rule: answer.category_rule.clone(),
        candidates: answer.category_candidates.clone(),
        app: flows().find_map(|(_, flow)| flow.app.as_ref()).map(|app| called(app, study)),
        app_by_host: None,
        asked,
        asked_party,
        requests: requests.unwrap_or_default(),
        initiation: "unknown",
        initiation_basis: String::new(),
        action: None,
        known: known_part.row,
        parts,
    })
}

/// What a part sent and got, seen from the device of the first part: one that begins in the middle may have taken the
/// other end for it.
fn sides<'f>(head: &Flow, flow: &'f Flow) -> (&'f Counts, &'f Counts) {
    let is_turned = (flow.device_ip, flow.device_port) != (head.device_ip, head.device_port);
    if is_turned { (&flow.inbound, &flow.outbound) } else { (&flow.outbound, &flow.inbound) }
}

/// How much a row knows of its conversation: a settled kind, what it rests on, a name.
fn knowledge(flow: &Flow) -> (bool, u8, bool, bool) {
    let basis = match flow.answer.category_basis {
        "content" => 6,
        "path" => 5,
        "name" => 4,
        "address" => 3,
        "port" => 2,
        "behaviour" => 1,
        _ => 0,
    };
    (flow.answer.category != "unknown", basis, flow.answer.name.is_some(), flow.answer.party != "unknown")
}

/// What the study calls an application: its id where a name or number fits, else what the capture says.
fn called(app: &crate::record::App, study: &Study) -> String {
    let fits = |known: &&super::file::App| {
        let by_number = known.uid.is_some() && known.uid == app.uid;
        let named = std::iter::once(&known.id).chain(known.names.values()).any(|name| is_name(name, &app.name));
        by_number || named
    };
    match study.apps.iter().find(fits) {
        Some(known) => known.id.clone(),
        None if app.name.is_empty() => format!("uid {}", app.uid.or(app.pid).unwrap_or_default()),
        None => app.name.clone(),
    }
}

/// Whether a capture's name is this one; captures keep only the first 16 (PKTAP) or 19 bytes of long ones.
fn is_name(name: &str, captured: &str) -> bool {
    !captured.is_empty() && (name == captured || captured.len() >= 16 && name.starts_with(captured))
}

/// The party that all names asked for have.
fn party_of(asked: &BTreeSet<String>, rules: &Rules) -> &'static str {
    let mut parties = asked.iter().map(|name| {
        let names = [(name.as_str(), "dns")];
        rules.decide(&Question { names: &names, transport: "tcp", ..Question::default() }).party.as_str()
    });
    let Some(first) = parties.next() else { return "unknown" };
    if parties.all(|party| party == first) { first } else { "unknown" }
}

/// Hosts that, wherever captures tell, only one application used, and which.
pub(super) fn hosts_of_apps<'f>(all: impl Iterator<Item = &'f Fact>) -> BTreeMap<String, String> {
    let mut apps: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for fact in all.filter(|fact| fact.is_public()) {
        if let (Some(name), Some(app)) = (&fact.name, &fact.app) {
            apps.entry(name.clone()).or_default().insert(app);
        }
    }
    let only = |(host, apps): (String, BTreeSet<&str>)| (apps.len() == 1).then(|| Some((host, (*apps.first()?).to_owned())))?;
    apps.into_iter().filter_map(only).collect()
}
