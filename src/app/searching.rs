//! Identifiers looked for where dialogues read: in payload as it comes, in heads, in decoded bodies, in names.
//!
//! Each byte that can be read is looked at where it says most: what HTTP carries as heads and bodies, not as the stream
//! they came in; of TLS and QUIC the name in the hello, and what the analyst's keys open. A finding tells the part it was in.

use std::borrow::Cow;
use std::sync::Arc;

use super::content::{About, Sink, Summary};
use super::{Context, Data, FlowInfo, SearchIn, Side, Transport};
use crate::limits::SEARCH_EARLY;
use crate::record::{Finding, Row};
use crate::search::{Hit, Lane, Search};
use crate::time::Timestamp;
use crate::wire::{escape, media};

/// The payload of a flow, or of a stream inside of one, looked through as it comes.
#[derive(Default)]
pub(super) struct Searching {
    place: Place,
    decided: Option<SearchIn>,
    lanes: [Option<Box<Lane>>; 2],
    /// Found before it was known whether a dialogue looks for itself.
    early: Vec<(Side, Hit)>,
    /// There is something to look for.
    is_wanted: bool,
    /// What it is called.
    part: Part,
}

/// A part of the traffic.
#[derive(Clone, Copy)]
struct Part(&'static str);

impl Default for Part {
    fn default() -> Self {
        Self("payload")
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// A flow: a stream or datagrams.
    #[default]
    Flow,
    /// A stream, whatever carries it.
    Stream,
}

impl Searching {
    /// For a stream inside of another, or of datagrams.
    pub(super) fn stream() -> Self {
        Self { place: Place::Stream, ..Self::default() }
    }

    /// For what a dialogue takes out of a stream.
    pub(super) fn part(part: &'static str) -> Self {
        Self { decided: Some(SearchIn::Payload), part: Part(part), ..Self::stream() }
    }

    /// The payload is still looked through, although nobody else reads it.
    pub(super) const fn goes_on(&self) -> bool {
        self.is_wanted && matches!(self.decided, Some(SearchIn::Payload))
    }

    /// What the flow turned out to be, once it is known: the first answer stays.
    pub(super) fn settle(&mut self, answer: Option<SearchIn>, context: &mut Context<'_>) {
        if self.decided.is_some() || answer.is_none() {
            return;
        }
        self.decided = answer;
        let early = std::mem::take(&mut self.early);
        if answer == Some(SearchIn::Payload) {
            early.into_iter().for_each(|(side, hit)| push(hit, side, Cow::Borrowed(self.part.0), context));
        } else {
            self.lanes = [None, None];
        }
    }

    /// The next bytes or datagram.
    pub(super) fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) {
        if self.decided == Some(SearchIn::Parts) || data.bytes.is_empty() {
            return;
        }
        let Some(search) = context.flow.content.search().map(Arc::clone) else { return };
        self.is_wanted = true;
        let (mut hits, seen) = (Vec::new(), (data.frame, data.time));
        if self.place == Place::Flow && context.flow.transport == Transport::Udp {
            search.whole(data.bytes, seen, &mut hits);
        } else {
            let lane = self.lane(data.side).get_or_insert_default();
            search.next(lane, data.bytes, seen, &mut hits);
        }
        self.take(data.side, hits, context);
    }

    /// Bytes that are missing.
    pub(super) fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) {
        let Some(search) = context.flow.content.search().map(Arc::clone) else { return };
        let mut hits = Vec::new();
        if let Some(lane) = self.lane(side) {
            search.gap(lane, length, &mut hits);
        }
        self.take(side, hits, context);
    }

    /// The flow has ended.
    pub(super) fn finish(&mut self, context: &mut Context<'_>) {
        self.gap(Side::Device, 0, context);
        self.gap(Side::Remote, 0, context);
        self.lanes = [None, None];
        self.is_wanted = false;
    }

    const fn lane(&mut self, side: Side) -> &mut Option<Box<Lane>> {
        let [device, remote] = &mut self.lanes;
        match side {
            Side::Device => device,
            Side::Remote => remote,
        }
    }

    fn take(&mut self, side: Side, hits: Vec<Hit>, context: &mut Context<'_>) {
        match self.decided {
            Some(SearchIn::Parts) => {}
            Some(SearchIn::Payload) => hits.into_iter().for_each(|hit| push(hit, side, Cow::Borrowed(self.part.0), context)),
            None => {
                let room = SEARCH_EARLY.saturating_sub(self.early.len());
                self.early.extend(hits.into_iter().take(room).map(|hit| (side, hit)));
            }
        }
    }
}

impl Context<'_> {
    /// Looks through bytes that stand alone, as a name or a hello.
    pub(super) fn look_through(&mut self, (side, part): (Side, &'static str), bytes: &[u8], seen: (u64, Timestamp)) {
        let Some(search) = self.flow.content.search() else { return };
        let mut hits = Vec::new();
        search.whole(bytes, seen, &mut hits);
        hits.into_iter().for_each(|hit| push(hit, side, Cow::Borrowed(part), self));
    }

    /// Looks through the head of a message: its first line, and fields in lines of their own.
    pub(super) fn look_through_head(&mut self, side: Side, head: &[u8], seen: (u64, Timestamp)) {
        let Some(search) = self.flow.content.search() else { return };
        let mut hits = Vec::new();
        search.whole(head, seen, &mut hits);
        for hit in hits {
            let part = field_at(head, hit.offset);
            // What a request asks for is told with the request.
            if hit.kind != "presigned-link" || part != "request-line" {
                push(hit, side, part, self);
            }
        }
    }

    /// Looks through the fields of a head that was sent compressed.
    pub(super) fn look_through_fields<'a>(
        &mut self,
        side: Side,
        fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
        seen: (u64, Timestamp),
    ) {
        if self.flow.content.search().is_none() {
            return;
        }
        let lines: Vec<u8> = fields.flat_map(|(name, value)| [name, b": ", value, b"\r\n"].concat()).collect();
        self.look_through_head(side, &lines, seen);
    }
}

/// The part of a head that an offset lies in.
fn field_at(head: &[u8], offset: u64) -> Cow<'static, str> {
    let at = usize::try_from(offset).unwrap_or(usize::MAX).min(head.len());
    let before = head.get(..at).unwrap_or_default();
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end.saturating_add(1));
    let line = head.get(start..).unwrap_or_default().split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
    let is_pseudo = line.starts_with(b":");
    let name = line.split(|byte| *byte == b':').find(|part| !part.is_empty()).unwrap_or_default().trim_ascii().to_ascii_lowercase();
    match name.as_slice() {
        _ if is_pseudo => Cow::Borrowed("request-line"),
        b"cookie" | b"set-cookie" => Cow::Borrowed("cookie"),
        name if start > 0
            || name.len() < line.len() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) =>
        {
            Cow::Owned(format!("header {}", escape(name.get(..40).unwrap_or(name))))
        }
        _ => Cow::Borrowed("request-line"),
    }
}

fn about(side: Side, flow: &FlowInfo) -> Finding {
    Finding {
        capture: Arc::clone(&flow.capture),
        flow_id: Some(flow.flow_id),
        device_ip: Some(flow.device.0),
        device_mac: flow.device_mac.clone(),
        remote_ip: Some(flow.remote.0),
        remote_port: Some(flow.remote.1),
        basis: "content",
        from_device: Some(side == Side::Device),
        count: 1,
        ..Finding::default()
    }
}

fn push(hit: Hit, side: Side, part: Cow<'static, str>, context: &mut Context<'_>) {
    let finding = filled(hit, part, about(side, context.flow));
    context.rows.push(Row::Finding(Box::new(finding)));
}

fn filled(hit: Hit, part: Cow<'static, str>, about: Finding) -> Finding {
    Finding {
        kind: hit.kind,
        frame: Some(hit.seen.0),
        time: Some(hit.seen.1),
        value: Some(escape(hit.shown.as_bytes())),
        what: hit.what.map_or_else(String::new, |what| what.as_str().to_owned()),
        identifier: hit.id,
        whose: hit.whose,
        form: Some(hit.form),
        part: Some(part),
        offset: Some(hit.offset),
        ..about
    }
}

/// A decoded body looked through.
pub(super) struct BodySearch {
    search: Arc<Search>,
    about: About,
    lane: Lane,
    /// Different hits, and how often each was seen.
    hits: Vec<(Hit, u64)>,
    last: (u64, Timestamp),
}

impl BodySearch {
    /// Parts of a form are in their body, which is looked through as a whole.
    pub(super) fn open(search: &Arc<Search>, about: &About) -> Option<Box<dyn Sink>> {
        let sink = || Self {
            search: Arc::clone(search),
            about: about.clone(),
            lane: Lane::default(),
            hits: Vec::new(),
            last: (about.origin.frame, about.origin.time),
        };
        about.part.is_none().then(|| Box::new(sink()) as Box<dyn Sink>)
    }

    fn take(&mut self, hits: Vec<Hit>) {
        for hit in hits {
            let same = |known: &&mut (Hit, u64)| {
                let known = &known.0;
                (known.kind, &known.id, known.form, &known.shown) == (hit.kind, &hit.id, hit.form, &hit.shown)
            };
            if let Some((_, count)) = self.hits.iter_mut().find(same) {
                *count = count.saturating_add(1);
            } else if self.hits.len() < SEARCH_EARLY {
                self.hits.push((hit, 1));
            }
        }
    }

    fn finding(&self) -> Finding {
        let origin = &self.about.origin;
        Finding {
            capture: Arc::clone(&origin.capture),
            flow_id: Some(origin.flow_id),
            device_ip: Some(origin.device_ip),
            remote_ip: Some(origin.remote_ip),
            remote_port: origin.remote_port,
            basis: "content",
            from_device: Some(self.about.from_device),
            part: Some(Cow::Borrowed("body")),
            count: 1,
            ..Finding::default()
        }
    }
}

impl Sink for BodySearch {
    fn chunk(&mut self, bytes: &[u8], seen: (u64, Timestamp)) {
        let mut hits = Vec::new();
        self.search.next(&mut self.lane, bytes, seen, &mut hits);
        self.last = seen;
        self.take(hits);
    }

    fn end(mut self: Box<Self>, summary: &Summary, rows: &mut Vec<Row>) {
        let mut hits = Vec::new();
        self.search.gap(&mut self.lane, 0, &mut hits);
        self.take(hits);
        for (hit, count) in std::mem::take(&mut self.hits) {
            let finding = filled(hit, Cow::Borrowed("body"), self.finding());
            rows.push(Row::Finding(Box::new(Finding { count, ..finding })));
        }
        let form = match summary.media_type {
            Some("csv-track") => "table of positions",
            Some(media::FLIGHT_RECORD | media::FLIGHT_ARCHIVE | media::FLIGHT_DATA) => "flight record of DJI",
            _ => return,
        };
        let (frame, time) = self.last;
        let finding = Finding { kind: "flight-record", form: Some(form), frame: Some(frame), time: Some(time), ..self.finding() };
        rows.push(Row::Finding(Box::new(finding)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_head() {
        let head = b"GET /a?b HTTP/1.1\r\nHost: c\r\nCookie: d=e\r\n\r\n";
        let part = |word: &[u8]| field_at(head, head.windows(word.len()).position(|window| window == word).unwrap() as u64);
        assert_eq!([part(b"/a"), part(b"c\r"), part(b"d=e")], ["request-line", "header host", "cookie"]);
        let fields = b":path: /a?b\r\nx-id: 7\r\n";
        assert_eq!([field_at(fields, 8), field_at(fields, 20)], ["request-line", "header x-id"]);
        assert_eq!(field_at(b"x-id: 7\r\n", 6), "header x-id");
    }
}
