//! HTTP/1.0 and 1.1 over TCP (RFC 9110, RFC 9112), and RTSP (RFC 2326), which has the same shape.
//!
//! Each side is cut into messages; responses are matched to requests in order, and an exchange is one row.
//! What follows a CONNECT that was granted, or an upgrade, goes to a dialogue of its own.

mod exchange;
#[cfg(test)]
mod tests;

use crate::limits::{HTTP_HEAD_BYTES, HTTP_QUERY_KEYS, PROBE_BYTES};
use crate::record::{Encryption, Http as HttpRow, Row};
use crate::time::Timestamp;
use crate::wire::escape;
use crate::wire::http::{Family, Framing, Head, Input, Loss, Messages, Part, Repaired, Start, Target, repair};

use super::body::Declared;
use super::doh::Queries;
use super::exchange::{Exchange, Half, empty_row};
use super::http2::Http2;
use super::posture::Asked;
use super::tunnel::Tunnel;
use super::websocket::WebSocket;
use super::{Appetite, Context, Damage, Data, Dialogue, Facts, Probe, Protocol, Recognised, SearchIn, Side, Transport};
use exchange::{Exchanges, Number};

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

/// A CONNECT or an upgrade without answer: until it has one, nobody knows what the client's next bytes are.
struct Connect {
    exchange: Number,
    wish: Wish,
    held: Vec<u8>,
    missing: u64,
    at: At,
}

/// What the client asks to turn the connection into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Tunnel,
    Upgrade,
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

    fn part(&mut self, at: At, part: Part<'_>, context: &mut Context<'_>) {
        match part {
            Part::Head(head) => {
                context.look_through_head(at.side, &head, at.seen());
                self.head(at, &repair(&head, self.family), context);
            }
            Part::CutHead(head) => {
                context.look_through_head(at.side, &head, at.seen());
                self.cut_head(at, &repair(&head, self.family), context);
            }
            Part::Body(input) => {
                let (half, Some(number)) = (self.half(at.side), self.direction(at.side).current) else { return };
                match self.family {
                    Family::Http => self.exchanges.data(number, half, (input, at.seen()), context),
                    Family::Rtsp => self.exchanges.count(number, half, input.length()),
                }
            }
            Part::End => {
                let (half, current) = (self.half(at.side), self.direction(at.side).current.take());
                if let Some(exchange) = current.and_then(|number| self.exchanges.find(number)) {
                    exchange.end_at(half, at.seen());
                }
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
            self.give_up_waiting(context);
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
        host.iter().chain(&host_field).for_each(|host| self.facts.remember_host(host));
        self.facts.remember_request(method, host.as_deref(), target.path);
        let row = HttpRow {
            method: Some(escape(method.as_bytes())),
            host: host.map(|host| escape(host.as_bytes())),
            path: target.path.map(|path| escape(path.as_bytes())),
            query_keys: target.query_keys().take(HTTP_QUERY_KEYS).map(|key| escape(key.as_bytes())).collect(),
            user_agent: head.field("user-agent").map(escape),
            ..empty_row(at.side, version(head), at.seen(), context.flow)
        };
        let number = self.exchanges.request(row);
        self.exchanges.declare(number, Half::Request, (declared(head), at.seen()));
        if let Some(exchange) = self.exchanges.find(number) {
            exchange.asked = Asked::of(Some(&target), |name| head.field(name));
        }
        self.direction(at.side).current = Some(number);
        self.begin(at, head.request_framing(), context);
        let wish = match method {
            "CONNECT" => Some(Wish::Tunnel),
            _ => (head.field("upgrade").is_some() && head.has_token("connection", "upgrade")).then_some(Wish::Upgrade),
        };
        if let Some(wish) = wish.filter(|_| self.family == Family::Http) {
            self.connect = Some(Connect { exchange: number, wish, held: Vec::new(), missing: 0, at });
        }
    }

    fn response(&mut self, at: At, head: &Head<'_>, status: u16, context: &mut Context<'_>) {
        let is_interim = matches!(status, 100 | 102..=199);
        if is_interim {
            return self.begin(at, Framing::length(0), context);
        }
        let number = match self.exchanges.answer() {
            Some(number) => number,
            None => self.exchanges.response_alone(empty_row(at.side.other(), version(head), at.seen(), context.flow)),
        };
        self.direction(at.side).current = Some(number);
        let Some(exchange) = self.exchanges.find(number) else { return };
        exchange.row.status = Some(status);
        exchange.row.response_frame = Some(at.frame);
        exchange.asked.answered(head.field("set-cookie"));
        exchange.declare(Half::Response, declared(head), at.seen());
        let method = exchange.row.method.clone();
        match (method.as_deref(), status) {
            (Some("CONNECT"), 200..=299) => self.switch(number, None, context),
            (_, 101) => self.switch(number, head.field("upgrade"), context),
            (method, _) => {
                let framing = if self.family == Family::Rtsp { head.rtsp_framing() } else { head.response_framing(method) };
                self.begin(at, framing, context);
                self.refuse_connect(number, context);
            }
        }
    }

    /// From here on the connection is no HTTP any more.
    fn switch(&mut self, number: Number, upgrade: Option<&[u8]>, context: &mut Context<'_>) {
        (self.device.current, self.remote.current) = (None, None);
        let protocol = upgrade.map(|value| value.split(|byte| *byte == b'/').next().unwrap_or_default().to_ascii_lowercase());
        self.tunnel = match protocol.as_deref() {
            Some(b"websocket") => self.exchanges.find(number).map(|exchange| Tunnel::of(Box::new(WebSocket::new(&exchange.row)))),
            Some(b"h2c") => Some(self.upgraded(number)),
            _ => None,
        };
        self.exchanges.end(number, Half::Request);
        self.exchanges.end(number, Half::Response);
        match self.tunnel {
            Some(_) => self.release(context),
            None => self.release_as_tunnel(context),
        }
    }

    /// HTTP/2 from here on: the request is that of its stream 1 (RFC 7540 section 3.2).
    fn upgraded(&mut self, number: Number) -> Tunnel {
        let client = self.client.unwrap_or(Side::Device);
        let mut http2 = Http2::new(Some(client));
        if let Some(exchange) = self.exchanges.take(number) {
            http2.adopt(exchange);
        }
        Tunnel::of(Box::new(http2))
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

    /// The connection is no HTTP any more, or nothing else is as likely; what it is will be seen.
    fn release_as_tunnel(&mut self, context: &mut Context<'_>) {
        if self.place == Place::Tunnel {
            self.is_done = true;
            return;
        }
        self.tunnel = Some(Tunnel::new());
        self.release(context);
    }

    /// The answer will not be seen.
    fn give_up_waiting(&mut self, context: &mut Context<'_>) {
        match self.connect.as_ref().map(|connect| (connect.wish, connect.exchange)) {
            Some((Wish::Tunnel, _)) => self.release_as_tunnel(context),
            Some((Wish::Upgrade, number)) => self.refuse_connect(number, context),
            None => {}
        }
    }

    /// What was held goes to the dialogue that follows.
    fn release(&mut self, context: &mut Context<'_>) {
        let Some(connect) = self.connect.take() else { return };
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
        while let Some(exchange) = self.exchanges.take_settled() {
            self.push(exchange, context);
        }
        if let Some(exchange) = self.exchanges.take_excess() {
            self.push(exchange, context);
            if !self.facts.quality.contains(&"http-unanswered") {
                context.note(at.seen(), "http-unanswered", "more requests than the limit wait for responses".to_owned(), Damage::Theirs);
            }
            self.flag("http-unanswered");
        }
    }

    fn push(&mut self, exchange: Exchange, context: &mut Context<'_>) {
        if self.family == Family::Http {
            let row = exchange.finish(context);
            self.facts.remember_bodies(&row);
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
            self.give_up_waiting(context);
        }
        let client = self.client.unwrap_or(Side::Device);
        self.end_with_connection(client, context);
        self.end_with_connection(client.other(), context);
        while let Some(exchange) = self.exchanges.take_first() {
            self.push(exchange, context);
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

    fn search(&self) -> SearchIn {
        SearchIn::Parts
    }
}

pub(super) fn lower(host: &str) -> String {
    host.trim().to_ascii_lowercase()
}

fn version(head: &Head<'_>) -> String {
    format!("HTTP/1.{}", head.minor)
}

fn declared(head: &Head<'_>) -> Declared {
    let field = |name| head.field(name).map(<[u8]>::to_vec);
    Declared { coding: field("content-encoding"), media_type: field("content-type") }
}
