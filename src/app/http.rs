//! HTTP/1.0 and 1.1 over TCP (RFC 9110, RFC 9112), and RTSP (RFC 2326), which has the same shape.
//!
//! Each side is cut into messages; responses are matched to requests in order, and an exchange is one row.
//! Bodies are counted, not kept. What follows a CONNECT that was granted goes to a dialogue of its own.

mod doh;
mod exchange;
#[cfg(test)]
mod tests;

use crate::limits::{FLOW_NAMES, FLOW_REQUESTS, HTTP_HEAD_BYTES, HTTP_QUERY_KEYS, PROBE_BYTES};
use crate::record::{Encryption, FlowName, Http as HttpRow, NameSource, Request, Row};
use crate::time::Timestamp;
use crate::wire::escape;
use crate::wire::http::{Family, Framing, Head, Input, Loss, Messages, Part, Repaired, Start, Target, host_name, repair};

use super::tunnel::Tunnel;
use super::{Appetite, Context, Damage, Data, Dialogue, Facts, FlowInfo, Probe, Protocol, Recognised, Side, Transport};
use doh::Queries;
use exchange::{Exchanges, Half, Number};

pub(crate) const NAME: &str = "http";

pub(crate) const PROTOCOL: Protocol = Protocol {
    name: NAME,
    transport: Transport::Tcp,
    ports: &[80, 8080, 8000, 8888, 3128],
    recognise: |probe| recognise(probe, Family::Http),
    open: |_| Box::new(Http::new(Family::Http, Place::Connection)),
};

pub(crate) const RTSP: Protocol = Protocol {
    name: "rtsp",
    transport: Transport::Tcp,
    ports: &[554, 8554],
    recognise: |probe| recognise(probe, Family::Rtsp),
    open: |_| Box::new(Http::new(Family::Rtsp, Place::Connection)),
};

/// A dialogue whose own CONNECT is not followed.
pub(crate) fn open_inner() -> Box<dyn Dialogue> {
    Box::new(Http::new(Family::Http, Place::Tunnel))
}

fn recognise(probe: Probe<'_>, family: Family) -> Recognised {
    let bytes = probe.bytes.trim_ascii_start();
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let Some(line) = lines.next() else { return Recognised::More };
    if let Some(whole) = line.strip_suffix(b"\n") {
        // As strict as with a part of the line, or the answer would depend on how the bytes arrive.
        return if family.may_start(whole) && family.is_start_line(line) { Recognised::Yes } else { Recognised::No };
    }
    match family.may_start(line) {
        true if line.len() < PROBE_BYTES.saturating_sub(2) => Recognised::More,
        true if family.starts_with_method(line) => Recognised::Yes,
        _ => Recognised::No,
    }
}

/// Follows one connection.
struct Http {
    family: Family,
    place: Place,
    client: Option<Side>,
    device: Direction,
    remote: Direction,
    exchanges: Exchanges,
    queries: Queries,
    connect: Option<Connect>,
    tunnel: Option<Tunnel>,
    is_done: bool,
    facts: Facts,
}

impl At {
    const fn seen(self) -> (u64, Timestamp) {
        (self.frame, self.time)
    }
}

/// What carries the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Connection,
    /// Another HTTP connection: a CONNECT in it is not followed.
    Tunnel,
}

/// One side.
struct Direction {
    messages: Messages,
    current: Option<Number>,
    /// Where its latest bytes were.
    last: At,
}

/// What is being read: whose bytes, of which frame.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) side: Side,
    pub(super) frame: u64,
    pub(super) time: Timestamp,
}

/// A CONNECT without answer: until it has one, nobody knows what the client's next bytes are.
struct Connect {
    exchange: Number,
    held: Vec<u8>,
    missing: u64,
    at: At,
}

impl Http {
    fn new(family: Family, place: Place) -> Self {
        let application = if family == Family::Http { NAME } else { RTSP.name };
        let direction = |side| {
            let last = At { side, frame: 0, time: Timestamp::default() };
            Direction { messages: Messages::new(family), current: None, last }
        };
        Self {
            family,
            place,
            client: None,
            device: direction(Side::Device),
            remote: direction(Side::Remote),
            exchanges: Exchanges::default(),
            queries: Queries::default(),
            connect: None,
            tunnel: None,
            is_done: false,
            facts: Facts { application: Some(application), encryption: Encryption::None, ..Facts::default() },
        }
    }

    const fn direction(&mut self, side: Side) -> &mut Direction {
        match side {
            Side::Device => &mut self.device,
            Side::Remote => &mut self.remote,
        }
    }

    fn half(&self, side: Side) -> Half {
        if self.client == Some(side) { Half::Request } else { Half::Response }
    }

    fn appetite(&self) -> Appetite {
        if self.is_done { Appetite::Done } else { Appetite::More }
    }

    fn read(&mut self, at: At, input: Input<'_>, context: &mut Context<'_>) -> Appetite {
        let mut input = input;
        while !self.is_done {
            if self.tunnel.is_some() {
                return self.read_tunnel(at, input, context);
            }
            if self.is_held(at.side) {
                self.hold(at, input);
                break;
            }
            let Some(part) = self.direction(at.side).messages.next(&mut input) else { break };
            self.part(at, part, context);
            self.emit(at, context);
        }
        self.appetite()
    }

    fn read_tunnel(&mut self, at: At, input: Input<'_>, context: &mut Context<'_>) -> Appetite {
        let Some(tunnel) = &mut self.tunnel else { return self.appetite() };
        match input {
            Input::Bytes([]) | Input::Missing(0) => self.appetite(),
            Input::Missing(length) => tunnel.gap(at.side, length, context),
            Input::Bytes(bytes) => tunnel.data(Data { side: at.side, bytes, frame: at.frame, time: at.time, is_cut: false }, context),
        }
    }

    fn part(&mut self, at: At, part: Part, context: &mut Context<'_>) {
        match part {
            Part::Head(head) => self.head(at, &repair(&head, self.family), context),
            Part::CutHead(head) => self.cut_head(at, &repair(&head, self.family), context),
            Part::Body(bytes) => {
                let (half, current) = (self.half(at.side), self.direction(at.side).current);
                current.into_iter().for_each(|number| self.exchanges.count(number, half, bytes));
            }
            Part::End => {
                let (half, current) = (self.half(at.side), self.direction(at.side).current.take());
                current.into_iter().for_each(|number| self.exchanges.end(number, half));
            }
            Part::Lost(loss) => self.lost(at, loss, context),
            Part::TooLong => {
                let detail = format!("head of more than {HTTP_HEAD_BYTES} bytes");
                context.note(at.seen(), "http-head-too-long", detail, Damage::Ours);
                self.is_done = true;
            }
        }
    }

    fn lost(&mut self, at: At, loss: Loss, context: &mut Context<'_>) {
        let half = self.half(at.side);
        if let Some(number) = self.direction(at.side).current.take() {
            self.exchanges.miss(number, half);
        }
        if half == Half::Response {
            self.exchanges.lose_count();
            self.release_as_tunnel(context);
        }
        if loss == Loss::Malformed {
            context.note(at.seen(), "http-malformed", "no HTTP message where one should start".to_owned(), Damage::Theirs);
        }
        self.flag(if loss == Loss::Gap { "http-gap" } else { "http-malformed" });
    }

    /// The lines that are there tell who asked for what; where the message ends is not known.
    fn cut_head(&mut self, at: At, repaired: &Repaired, context: &mut Context<'_>) {
        self.head(at, repaired, context);
        if self.tunnel.is_none() && !self.is_done {
            self.direction(at.side).messages.lose();
            self.lost(at, Loss::Gap, context);
        }
    }

    fn flag(&mut self, word: &'static str) {
        if !self.facts.quality.contains(&word) {
            self.facts.quality.push(word);
        }
    }

    fn head(&mut self, at: At, repaired: &Repaired, context: &mut Context<'_>) {
        let Some(head) = Head::parse(repaired) else {
            self.direction(at.side).messages.lose();
            return self.lost(at, Loss::Malformed, context);
        };
        if repaired.is_shortened {
            context.note(at.seen(), "http-too-many-fields", "fields beyond the limit left out".to_owned(), Damage::Theirs);
        }
        match head.start {
            Start::Request { method, target } if *self.client.get_or_insert(at.side) == at.side => {
                self.request(at, &head, (method, target), context);
            }
            Start::Response { status } if *self.client.get_or_insert_with(|| at.side.other()) != at.side => {
                self.response(at, &head, status, context);
            }
            _ => self.against_the_stream(at, &head, context),
        }
    }

    /// RTSP servers may ask and clients answer; in HTTP it is an oddity. Either way only its length matters.
    fn against_the_stream(&mut self, at: At, head: &Head<'_>, context: &mut Context<'_>) {
        if self.family == Family::Http {
            context.note(
                at.seen(),
                "http-wrong-side",
                "a request from the server, or a response from the client".to_owned(),
                Damage::Theirs,
            );
        }
        self.begin(at, head.rtsp_framing(), context);
    }

    fn begin(&mut self, at: At, framing: Framing, context: &mut Context<'_>) {
        if framing.is_ambiguous {
            let detail = "fields that say the body's length contradict each other (RFC 9112 section 6.3)".to_owned();
            context.note(at.seen(), "http-ambiguous-length", detail, Damage::Theirs);
            self.direction(at.side).current.into_iter().for_each(|number| self.exchanges.spoil(number));
        }
        self.direction(at.side).messages.begin(framing.body);
    }

    fn request(&mut self, at: At, head: &Head<'_>, line: (&str, &str), context: &mut Context<'_>) {
        let (method, target) = line;
        let target = Target::parse(method, target);
        let host_field = head.field("host").map(|value| lower(&String::from_utf8_lossy(value)));
        let host = target.authority.map(lower).or_else(|| host_field.clone()).filter(|host| !host.is_empty());
        host.iter().chain(&host_field).for_each(|host| self.remember_name(host));
        self.remember_request(method, host.as_deref(), &target);
        let row = HttpRow {
            method: Some(escape(method.as_bytes())),
            host: host.map(|host| escape(host.as_bytes())),
            path: target.path.map(|path| escape(path.as_bytes())),
            query_keys: target.query_keys().take(HTTP_QUERY_KEYS).map(|key| escape(key.as_bytes())).collect(),
            user_agent: head.field("user-agent").map(escape),
            content_type_out: head.field("content-type").map(escape),
            ..empty_row(at.side, head.minor, at, context.flow)
        };
        let number = self.exchanges.request(row);
        self.direction(at.side).current = Some(number);
        self.begin(at, head.request_framing(), context);
        if method == "CONNECT" && self.family == Family::Http {
            self.connect = Some(Connect { exchange: number, held: Vec::new(), missing: 0, at });
        }
    }

    fn remember_name(&mut self, host: &str) {
        let Some(name) = host_name(host) else { return };
        let name = FlowName { source: NameSource::Host, name: escape(name.as_bytes()) };
        if self.facts.names.len() < FLOW_NAMES && !self.facts.names.contains(&name) {
            self.facts.names.push(name);
        }
    }

    fn remember_request(&mut self, method: &str, host: Option<&str>, target: &Target<'_>) {
        let host = host.unwrap_or_default();
        let request = Request {
            method: escape(method.as_bytes()),
            host: escape(host_name(host).unwrap_or(host).as_bytes()),
            path: escape(target.path.unwrap_or_default().as_bytes()),
        };
        if self.facts.requests.len() < FLOW_REQUESTS && !self.facts.requests.contains(&request) {
            self.facts.requests.push(request);
        }
    }

    fn response(&mut self, at: At, head: &Head<'_>, status: u16, context: &mut Context<'_>) {
        let is_interim = matches!(status, 100 | 102..=199);
        if is_interim {
            return self.begin(at, Framing::length(0), context);
        }
        let number = match self.exchanges.answer() {
            Some(number) => number,
            None => self.exchanges.response_alone(empty_row(at.side.other(), head.minor, at, context.flow)),
        };
        self.direction(at.side).current = Some(number);
        let Some(exchange) = self.exchanges.find(number) else { return };
        exchange.row.status = Some(status);
        exchange.row.response_frame = Some(at.frame);
        exchange.row.content_type_in = head.field("content-type").map(escape);
        let method = exchange.row.method.clone();
        match (method.as_deref(), status) {
            (Some("CONNECT"), 200..=299) => self.switch(number, context),
            (_, 101) => self.switch(number, context),
            (method, _) => {
                let framing = if self.family == Family::Rtsp { head.rtsp_framing() } else { head.response_framing(method) };
                self.begin(at, framing, context);
                self.refuse_connect(number, context);
            }
        }
    }

    /// From here on the connection is no HTTP any more.
    fn switch(&mut self, number: Number, context: &mut Context<'_>) {
        (self.device.current, self.remote.current) = (None, None);
        self.exchanges.end(number, Half::Request);
        self.exchanges.end(number, Half::Response);
        let is_connect = self.connect.as_ref().is_some_and(|connect| connect.exchange == number);
        if is_connect { self.release_as_tunnel(context) } else { self.is_done = true }
    }

    /// The client's next bytes are kept until the CONNECT before them is answered.
    fn is_held(&mut self, side: Side) -> bool {
        self.connect.is_some() && self.client == Some(side) && self.direction(side).messages.is_between()
    }

    /// What comes after the first bytes, or after a gap, counts as missing.
    fn hold(&mut self, at: At, input: Input<'_>) {
        let Some(connect) = &mut self.connect else { return };
        let room = if connect.missing > 0 { 0 } else { HTTP_HEAD_BYTES.saturating_sub(connect.held.len()) };
        let (kept, missing) = match input {
            Input::Missing(length) => (&[][..], length),
            Input::Bytes(bytes) => {
                let (kept, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
                (kept, u64::try_from(rest.len()).unwrap_or(u64::MAX))
            }
        };
        if !kept.is_empty() {
            connect.held.extend_from_slice(kept);
            connect.at = at;
        }
        connect.missing = connect.missing.saturating_add(missing);
    }

    /// The CONNECT was granted, or nothing else is as likely.
    fn release_as_tunnel(&mut self, context: &mut Context<'_>) {
        let Some(connect) = self.connect.take() else { return };
        if self.place == Place::Tunnel {
            self.is_done = true;
            return;
        }
        self.tunnel = Some(Tunnel::new());
        for input in [Input::Bytes(&connect.held), Input::Missing(connect.missing)] {
            self.read_tunnel(connect.at, input, context);
        }
    }

    fn refuse_connect(&mut self, number: Number, context: &mut Context<'_>) {
        let Some(connect) = self.connect.take_if(|connect| connect.exchange == number) else { return };
        for input in [Input::Bytes(&connect.held), Input::Missing(connect.missing)] {
            self.read(connect.at, input, context);
        }
    }

    /// Rows for which nothing more is to come. RTSP has no table: its requests show in the flow.
    fn emit(&mut self, at: At, context: &mut Context<'_>) {
        while let Some(row) = self.exchanges.take_settled() {
            self.push(row, context);
        }
        if let Some(row) = self.exchanges.take_excess() {
            self.push(row, context);
            if !self.facts.quality.contains(&"http-unanswered") {
                context.note(at.seen(), "http-unanswered", "more requests than the limit wait for responses".to_owned(), Damage::Theirs);
            }
            self.flag("http-unanswered");
        }
    }

    fn push(&mut self, row: HttpRow, context: &mut Context<'_>) {
        if self.family == Family::Http {
            self.queries.see(&row);
            context.rows.push(Row::Http(Box::new(row)));
        }
    }

    fn end_with_connection(&mut self, side: Side, context: &mut Context<'_>) {
        let half = self.half(side);
        if let Some(part) = self.direction(side).messages.finish() {
            let at = self.direction(side).last;
            self.part(at, part, context);
        }
        let direction = self.direction(side);
        if let Some(number) = direction.current.take_if(|_| direction.messages.ends_with_connection()) {
            self.exchanges.end(number, half);
        }
    }
}

impl Dialogue for Http {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        let at = At { side: data.side, frame: data.frame, time: data.time };
        self.direction(data.side).last = at;
        self.read(at, Input::Bytes(data.bytes), context)
    }

    fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) -> Appetite {
        let Direction { current, last, .. } = *self.direction(side);
        current.into_iter().for_each(|number| self.exchanges.spoil(number));
        self.read(last, Input::Missing(length), context)
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        if self.connect.as_ref().is_some_and(|connect| !connect.held.is_empty()) {
            self.release_as_tunnel(context);
        }
        let client = self.client.unwrap_or(Side::Device);
        self.end_with_connection(client, context);
        self.end_with_connection(client.other(), context);
        while let Some(row) = self.exchanges.take_first() {
            self.push(row, context);
        }
        if let Some(tunnel) = &mut self.tunnel {
            tunnel.finish(context);
        }
        self.is_done = true;
    }

    fn facts(&self) -> Facts {
        let mut own = self.facts.clone();
        if let Some(basis) = self.queries.basis() {
            (own.application, own.application_basis) = (Some("doh"), basis);
        }
        match &self.tunnel {
            Some(tunnel) => tunnel.facts(own),
            None => own,
        }
    }
}

pub(super) fn lower(host: &str) -> String {
    host.trim().to_ascii_lowercase()
}

/// A row with nothing in it but its place.
pub(super) fn empty_row(client: Side, minor: u8, at: At, flow: &FlowInfo) -> HttpRow {
    HttpRow {
        origin: flow.origin(at.frame, at.time),
        from_device: client == Side::Device,
        method: None,
        host: None,
        path: None,
        query_keys: Vec::new(),
        version: format!("HTTP/1.{minor}"),
        user_agent: None,
        status: None,
        content_type_out: None,
        content_type_in: None,
        request_bytes: 0,
        response_bytes: 0,
        is_complete: false,
        response_frame: None,
        decrypted: false,
    }
}
