//! The pass over one capture: frames in, rows out, and a ledger that closes.
//!
//! It owns the flow table, feeds the dialogues and keeps the account. Nothing here looks beyond its capture, except that
//! flows may go on from the capture before; what needs all captures is joined after the pass.

mod conversation;
mod copies;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::content::Readers;
use crate::app::{Broadcasts, Content};
use crate::capture::{Frame, Note};
use crate::flow::{Devices, Entry, Half, Idle, Key, Table};
use crate::limits;
use crate::packet::{Item, Packet, Reason, Segment, Walker, protocol, protocol_name};
use crate::record::{Anomaly, Disposition, Flow, Ledger, Presence, Row, Wifi};
use crate::search::Search;
use crate::secrets::Secrets;
use crate::time::{Span, Timestamp};
use crate::wifi::{Keys, Learned};

use conversation::Conversation;
use copies::Copies;

/// Reads one capture's frames.
pub struct Analyzer {
    walker: Walker,
    state: State,
}

/// Everything but the walker, which lends packets while this is changed.
struct State {
    capture: Arc<str>,
    devices: Devices,
    /// None when there are none.
    secrets: Option<Arc<Secrets>>,
    flows: Table<Box<Conversation>>,
    next_flow: u64,
    broadcasts: Broadcasts,
    copies: Copies,
    held: usize,
    content: Content,
    account: Account,
    totals: Totals,
    anomalies: BTreeMap<&'static str, u64>,
    rows: Vec<Row>,
    /// When the capture ended whose flows may go on in this one; none once that is decided.
    ended: Option<Timestamp>,
}

/// Flows that were open when a capture ended.
#[derive(Default)]
pub struct Open {
    flows: Table<Box<Conversation>>,
    held: usize,
    last: Option<Timestamp>,
}

/// Time by which a capture may begin before the end of the one that it goes on from: clocks of frames are not in order
/// to the last moment.
const SEAM: Span = Span::from_secs(1);

/// Where frames went. The line that was charged last is at hand, because the next frame mostly goes there too.
#[derive(Default)]
struct Account {
    last: Option<((Disposition, Reason), Tally)>,
    others: BTreeMap<(Disposition, Reason), Tally>,
}

/// A line of the account.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    frames: u64,
    wire_bytes: u64,
    ip_bytes: u64,
}

/// What came in, counted apart from where it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Frames.
    pub frames: u64,
    /// Their bytes on the wire or air.
    pub wire_bytes: u64,
    /// Their bytes in the file.
    pub captured_bytes: u64,
    /// Frames cut by the snapshot length.
    pub cut_frames: u64,
    /// Earliest time.
    pub first: Option<Timestamp>,
    /// Latest time.
    pub last: Option<Timestamp>,
    /// Frames more than a second earlier than the one before.
    pub clock_jumps: u64,
    /// Seconds with frames.
    pub presence: Presence,
    /// Time of the frame before.
    previous: Option<Timestamp>,
}

/// What a finished pass leaves.
#[derive(Debug)]
pub struct Finished {
    /// Rows not drained before.
    pub rows: Vec<Row>,
    /// The account.
    pub ledger: Vec<Ledger>,
    /// What came in.
    pub totals: Totals,
    /// Number of the next flow.
    pub next_flow: u64,
    /// Keys of protected networks that handshakes made known.
    pub learned: Vec<Learned>,
}

impl Analyzer {
    /// Starts a pass; flows are numbered from `first_flow`.
    #[must_use]
    pub fn new(capture: Arc<str>, devices: Devices, first_flow: u64) -> Self {
        let state = State {
            capture,
            devices,
            secrets: None,
            flows: Table::default(),
            next_flow: first_flow,
            broadcasts: Broadcasts::default(),
            copies: Copies::default(),
            held: 0,
            content: Content::default(),
            account: Account::default(),
            totals: Totals::default(),
            anomalies: BTreeMap::new(),
            rows: Vec::new(),
            ended: None,
        };
        Self { walker: Walker::default(), state }
    }

    /// Opens protected frames on the air with these keys. Before the first frame.
    #[must_use]
    pub fn with_keys(mut self, keys: Arc<Keys>) -> Self {
        self.walker = Walker::with_keys(keys);
        self
    }

    /// Goes on with what was open when the capture before ended, if this one begins where that one ended. Before the
    /// first frame.
    #[must_use]
    pub fn going_on(mut self, open: Open) -> Self {
        (self.state.flows, self.state.held, self.state.ended) = (open.flows, open.held, open.last);
        self
    }

    /// Flows that open from here on are decrypted with these, as far as they fit.
    pub fn decrypt_with(&mut self, secrets: &Arc<Secrets>) {
        self.state.secrets = (!secrets.is_empty()).then(|| Arc::clone(secrets));
    }

    /// Lets somebody read the bodies of messages too.
    pub(crate) fn with_readers(mut self, readers: Arc<dyn Readers>) -> Self {
        self.state.content = self.state.content.with(readers);
        self
    }

    /// Looks neither into bodies nor into payload that no protocol needs. Before the first frame, in place of readers and
    /// a search.
    #[must_use]
    pub fn leaving_content(mut self) -> Self {
        self.state.content = Content::left();
        self
    }

    /// Looks for identifiers in what can be read. Before the first frame.
    #[must_use]
    pub fn searching_for(mut self, search: &Arc<Search>) -> Self {
        self.state.content = self.state.content.searched_for(search);
        self
    }

    /// Takes a frame.
    pub fn push(&mut self, frame: &Frame<'_>) {
        let state = &mut self.state;
        state.totals.note(frame);
        if let Some(ended) = state.ended.take()
            && ended.since(frame.time) > SEAM
        {
            state.close_all();
        }
        state.expire(frame.time);
        self.walker.walk(frame, &mut |item| state.item(item));
    }

    /// Takes a frame that the user's filter leaves out: it is accounted for and not looked into.
    pub fn push_filtered(&mut self, frame: &Frame<'_>) {
        self.state.totals.note(frame);
        let tally = Tally { frames: 1, wire_bytes: frame.wire_len.into(), ip_bytes: 0 };
        self.state.account.charge(Disposition::Filtered, Reason::Word("filter"), tally);
    }

    /// Takes what the container had to say.
    pub fn note(&mut self, note: Note) {
        let anomaly = Anomaly {
            capture: Arc::clone(&self.state.capture),
            frame: Some(note.frame),
            offset: Some(note.offset),
            time: None,
            flow_id: None,
            kind: note.kind,
            detail: note.detail,
            count: 1,
            is_damage: note.is_damage,
        };
        self.state.anomaly(anomaly);
    }

    /// Rows that are ready.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Row> {
        self.state.rows.drain(..)
    }

    /// What the open flows with a packet at or after `since` would be if they ended now.
    pub fn open_flows(&self, since: Timestamp) -> impl Iterator<Item = Flow> {
        self.state.flows.iter().filter(move |conversation| conversation.last() >= since).map(|conversation| conversation.so_far())
    }

    /// The networks and stations heard so far, as their rows would be if the capture ended now.
    pub fn networks(&self) -> Vec<Wifi> {
        self.walker.networks()
    }

    /// Ends the pass: what waits goes out, flows are closed, the account is made up.
    #[must_use]
    pub fn finish(self) -> Finished {
        let (mut state, learned) = self.end_walk();
        state.close_all();
        state.finished(learned)
    }

    /// As [`Self::finish`], but flows that are open stay so, for a capture that may go on where this one ends.
    #[must_use]
    pub fn pause(self) -> (Finished, Open) {
        let (mut state, learned) = self.end_walk();
        let last = state.totals.last.max(state.ended);
        let open = Open { flows: std::mem::take(&mut state.flows), held: std::mem::take(&mut state.held), last };
        (state.finished(learned), open)
    }

    fn end_walk(mut self) -> (State, Vec<Learned>) {
        let state = &mut self.state;
        let metadata_bytes = self.walker.metadata_bytes();
        let (networks, learned) = self.walker.finish(&mut |item| state.item(item));
        networks.into_iter().for_each(|row| state.network(row));
        state.totals.wire_bytes = state.totals.wire_bytes.saturating_sub(metadata_bytes);
        (self.state, learned)
    }
}

impl Open {
    /// Nothing goes on: the rows of what was open.
    #[must_use]
    pub fn close(self) -> Vec<Row> {
        let mut rows = Vec::new();
        for entry in self.flows.into_rest(|conversation| conversation.flow_id()) {
            entry.value.close("capture-end", &mut rows);
        }
        rows
    }
}

impl Finished {
    /// Whether every frame and byte that came in went somewhere.
    #[must_use]
    pub fn closes(&self) -> bool {
        let frames: u64 = self.ledger.iter().map(|line| line.frames).sum();
        let wire_bytes: u64 = self.ledger.iter().map(|line| line.wire_bytes).sum();
        frames == self.totals.frames && wire_bytes == self.totals.wire_bytes
    }
}

impl Account {
    fn charge(&mut self, disposition: Disposition, reason: Reason, tally: Tally) {
        let key = (disposition, reason);
        match &mut self.last {
            Some((last, line)) if *last == key => line.add(tally),
            _ => {
                self.settle();
                self.last = Some((key, tally));
            }
        }
    }

    fn settle(&mut self) {
        if let Some((key, tally)) = self.last.take() {
            self.others.entry(key).or_default().add(tally);
        }
    }

    fn lines(mut self) -> BTreeMap<(Disposition, Reason), Tally> {
        self.settle();
        self.others
    }
}

impl Tally {
    const fn add(&mut self, other: Self) {
        self.frames += other.frames;
        self.wire_bytes += other.wire_bytes;
        self.ip_bytes += other.ip_bytes;
    }
}

impl Totals {
    fn note(&mut self, frame: &Frame<'_>) {
        const JUMP: i64 = 1_000_000_000;
        self.frames += 1;
        self.captured_bytes += frame.bytes.len() as u64;
        self.cut_frames += u64::from((frame.bytes.len() as u64) < u64::from(frame.wire_len));
        self.wire_bytes += u64::from(frame.wire_len);
        self.first = Some(self.first.map_or(frame.time, |first| first.min(frame.time)));
        self.last = Some(self.last.map_or(frame.time, |last| last.max(frame.time)));
        let is_jump = self.previous.is_some_and(|previous| previous.since(frame.time).nanos() > JUMP);
        self.clock_jumps += u64::from(is_jump);
        let second = |time: Timestamp| time.nanos().div_euclid(1_000_000_000);
        if self.previous.map(second) != Some(second(frame.time)) {
            self.presence.note(second(frame.time));
        }
        self.previous = Some(frame.time);
    }
}

impl State {
    fn item(&mut self, item: Item<'_>) {
        match item {
            Item::Packet(packet) => self.packet(&packet),
            Item::Other(envelope, disposition, reason) => {
                self.account.charge(disposition, reason, Tally { frames: envelope.frames, wire_bytes: envelope.wire_bytes, ip_bytes: 0 });
                if let (Disposition::UnsupportedLink, Reason::Link(link)) = (disposition, reason) {
                    let detail = format!("frames of link type {link} are not read");
                    self.note_frame(envelope.frame, envelope.time, ("unsupported-link", true), detail);
                } else if (disposition, reason) == (Disposition::Malformed, Reason::Word("802.11-fcs")) {
                    let detail = "the frame's check sequence is wrong: it was not received as it was sent".to_owned();
                    self.note_frame(envelope.frame, envelope.time, ("damaged-frame", false), detail);
                } else if disposition == Disposition::Malformed {
                    let detail = format!("the frame's headers contradict it: {reason}");
                    self.note_frame(envelope.frame, envelope.time, ("malformed-frame", false), detail);
                }
            }
            Item::Management(envelope, frame) => {
                let rows = self.rows.len();
                self.broadcasts.management(&self.capture, envelope, &frame, &mut self.rows);
                self.sift(rows);
            }
            Item::Advertisement(envelope, advertisement) => {
                let rows = self.rows.len();
                self.broadcasts.advertisement(&self.capture, envelope, &advertisement, &mut self.rows);
                self.sift(rows);
            }
            Item::Network(row) => self.network(*row),
            Item::Note(envelope, kind, detail) => self.note_frame(envelope.frame, envelope.time, (kind, false), detail),
        }
    }

    fn network(&mut self, row: Wifi) {
        self.rows.push(Row::Wifi(Box::new(Wifi { capture: Arc::clone(&self.capture), ..row })));
    }

    fn note_frame(&mut self, frame: u64, time: Timestamp, (kind, is_damage): (&'static str, bool), detail: String) {
        let capture = Arc::clone(&self.capture);
        self.anomaly(Anomaly {
            capture,
            frame: Some(frame),
            offset: None,
            time: Some(time),
            flow_id: None,
            kind,
            detail,
            count: 1,
            is_damage,
        });
    }

    /// Lists an anomaly, or only counts it once there are many of its kind.
    fn anomaly(&mut self, anomaly: Anomaly) {
        let count = self.anomalies.entry(anomaly.kind).or_default();
        *count += 1;
        if *count <= limits::ANOMALIES_LISTED || anomaly.is_damage && *count <= 2 * limits::ANOMALIES_LISTED {
            self.rows.push(Row::Anomaly(Box::new(anomaly)));
        }
    }

    fn count_anomalies(&mut self) {
        for (kind, count) in std::mem::take(&mut self.anomalies) {
            let is_damage = kind == "unsupported-link";
            let listed = if is_damage { 2 * limits::ANOMALIES_LISTED } else { limits::ANOMALIES_LISTED };
            if count > listed {
                let detail = format!("{} more of this kind are counted here and not listed", count - listed);
                let capture = Arc::clone(&self.capture);
                let anomaly = Anomaly {
                    capture,
                    frame: None,
                    offset: None,
                    time: None,
                    flow_id: None,
                    kind,
                    detail,
                    count: count - listed,
                    is_damage,
                };
                self.rows.push(Row::Anomaly(Box::new(anomaly)));
            }
        }
    }

    fn packet(&mut self, packet: &Packet<'_>) {
        let envelope = packet.envelope;
        let tally = Tally { frames: envelope.frames, wire_bytes: envelope.wire_bytes, ip_bytes: packet.ip_bytes };
        if self.copies.has(packet) {
            return self.copy(packet, tally);
        }
        self.account.charge(Disposition::Flow, Reason::Protocol(packet.protocol), tally);
        let (key, sender) = Key::of(packet);
        let slot = self.slot(packet, key, sender);
        let Some(entry) = self.flows.get_mut(slot) else { return };
        let rows = self.rows.len();
        let before = entry.value.held();
        entry.value.packet(packet, sender, &mut self.rows);
        let idle = entry.value.idle();
        self.held = (self.held + entry.value.held()).saturating_sub(before);
        if self.held > limits::STREAMS_BYTES {
            let before = entry.value.held();
            entry.value.give_up_holes(&mut self.rows);
            self.held = (self.held + entry.value.held()).saturating_sub(before);
        }
        self.flows.touch(slot, idle, envelope.time);
        self.sift(rows);
    }

    /// Another interface showed the datagram already: only what this one knows of its program counts.
    fn copy(&mut self, packet: &Packet<'_>, tally: Tally) {
        self.account.charge(Disposition::Duplicate, Reason::Word("other-interface"), tally);
        let slot = self.flows.find(&Key::of(packet).0);
        if let Some(entry) = slot.and_then(|slot| self.flows.get_mut(slot)) {
            entry.value.learn_app(packet.envelope);
        }
    }

    /// Dialogues and broadcasts put their anomalies among the rows: the new ones are counted as all others.
    fn sift(&mut self, from: usize) {
        if from >= self.rows.len() {
            return;
        }
        for row in self.rows.split_off(from) {
            match row {
                Row::Anomaly(anomaly) => self.anomaly(*anomaly),
                row => self.rows.push(row),
            }
        }
    }

    /// The flow a packet belongs to, opened if there is none.
    fn slot(&mut self, packet: &Packet<'_>, key: Key, sender: Half) -> usize {
        let now = packet.envelope.time;
        if let Some(slot) = self.flows.find(&key) {
            let is_idle = self.flows.is_idle(slot, now);
            let is_reopened = self.flows.get_mut(slot).is_some_and(|entry| entry.value.is_reopened_by(packet, sender));
            if !is_idle && !is_reopened && self.goes_on(slot, packet, (&key, sender)) {
                return slot;
            }
            if let Some(entry) = self.flows.remove(slot) {
                let is_own = entry.value.is_of(&self.capture);
                self.close(
                    entry,
                    if is_idle {
                        "idle"
                    } else if is_own {
                        "reopened"
                    } else {
                        "capture-end"
                    },
                );
            }
        }
        if self.flows.len() >= limits::OPEN_FLOWS
            && let Some(entry) = self.flows.pop_oldest()
        {
            let detail = format!("more than {} flows are open: the one idle longest is closed", limits::OPEN_FLOWS);
            self.note_frame(packet.envelope.frame, now, ("flow-limit", false), detail);
            self.close(entry, "limit");
        }
        let decided = self.devices.decide(packet, &key, sender);
        let mut conversation = Conversation::open((Arc::clone(&self.capture), self.next_flow), packet, &key, decided, &self.content);
        if let Some(secrets) = &self.secrets {
            conversation.equip(secrets);
        }
        self.next_flow += 1;
        let idle = match packet.segment {
            Segment::Tcp(_) => Idle::Tcp,
            _ if packet.protocol == protocol::UDP => Idle::Udp,
            _ => Idle::Other,
        };
        self.flows.insert(key, Box::new(conversation), idle, now)
    }

    /// Whether a packet belongs to the flow found for it. One of the capture before gets a row for this one.
    fn goes_on(&mut self, slot: usize, packet: &Packet<'_>, (key, sender): (&Key, Half)) -> bool {
        let Some(entry) = self.flows.get_mut(slot) else { return false };
        if entry.value.is_of(&self.capture) {
            return true;
        }
        if !entry.value.is_continued_by(packet, sender) {
            return false;
        }
        let rows = self.rows.len();
        let place = (Arc::clone(&self.capture), self.next_flow);
        let before = entry.value.held();
        entry.value.go_on(place, packet, key, &mut self.rows);
        self.held = (self.held + entry.value.held()).saturating_sub(before);
        self.next_flow += 1;
        self.sift(rows);
        true
    }

    fn close_all(&mut self) {
        for entry in std::mem::take(&mut self.flows).into_rest(|conversation| conversation.flow_id()) {
            self.close(entry, "capture-end");
        }
    }

    fn finished(mut self, learned: Vec<Learned>) -> Finished {
        if self.copies.lost > 0 {
            let count = self.copies.lost;
            let detail = format!("{count} datagrams were forgotten within a second: copies of them on another interface count as well");
            let (capture, kind) = (Arc::clone(&self.capture), "copy-limit");
            self.anomaly(Anomaly { capture, frame: None, offset: None, time: None, flow_id: None, kind, detail, count, is_damage: false });
        }
        self.count_anomalies();
        let ledger = self.ledger();
        Finished { rows: self.rows, ledger, totals: self.totals, next_flow: self.next_flow, learned }
    }

    fn expire(&mut self, now: Timestamp) {
        while let Some(entry) = self.flows.pop_idle(now) {
            self.close(entry, "idle");
        }
    }

    fn close(&mut self, entry: Entry<Box<Conversation>>, ended_by: &'static str) {
        self.held = self.held.saturating_sub(entry.value.held());
        let rows = self.rows.len();
        entry.value.close(ended_by, &mut self.rows);
        self.sift(rows);
    }

    fn ledger(&mut self) -> Vec<Ledger> {
        let account = std::mem::take(&mut self.account).lines();
        let line = |((disposition, reason), tally): ((Disposition, Reason), Tally)| Ledger {
            capture: Arc::clone(&self.capture),
            disposition,
            reason: match reason {
                Reason::Protocol(number) => protocol_name(number).into_owned(),
                other => other.to_string(),
            },
            frames: tally.frames,
            wire_bytes: tally.wire_bytes,
            ip_bytes: tally.ip_bytes,
        };
        account.into_iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests;
