//! Exchanges of HTTP/2 and HTTP/3, each on a stream of its own: heads as lists of fields, bodies in pieces, in whatever
//! order the streams take turns.

use std::collections::BTreeMap;

use super::body::Declared;
use super::doh::Queries;
use super::exchange::{Exchange, Half, Seen, empty_row};
use super::posture::Asked;
use super::{Context, Damage, Facts, Side};
use crate::limits::{HTTP_QUERY_KEYS, HTTP_STREAMS};
use crate::record::{Encryption, Http, Row};
use crate::wire::escape;
use crate::wire::fields::Section;
use crate::wire::http::{Input, Target};

/// The open exchanges of a connection, by stream.
pub(super) struct Streams {
    version: &'static str,
    client: Side,
    open: BTreeMap<u64, Exchange>,
    queries: Queries,
    facts: Facts,
}

/// Whether a head is the last of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// A body or trailers may follow.
    More,
    /// Nothing follows.
    Nothing,
}

impl Streams {
    pub(super) fn new(application: &'static str, version: &'static str) -> Self {
        let facts = Facts { application: Some(application), encryption: Encryption::None, ..Facts::default() };
        Self { version, client: Side::Device, open: BTreeMap::new(), queries: Queries::default(), facts }
    }

    /// Who asks.
    pub(super) const fn set_client(&mut self, client: Side) {
        self.client = client;
    }

    /// An exchange that another version began.
    pub(super) fn adopt(&mut self, stream: u64, mut exchange: Exchange) {
        exchange.row.stream = Some(stream);
        self.version.clone_into(&mut exchange.row.version);
        exchange.end(Half::Request);
        exchange.await_response();
        self.open.insert(stream, exchange);
    }

    /// A head on a stream: of a request, of a response, or trailers.
    pub(super) fn head(
        &mut self,
        (stream, half): (u64, Half),
        (section, follows): (&Section, Follows),
        seen: Seen,
        context: &mut Context<'_>,
    ) {
        if section.unresolved > 0 {
            self.flag("head-unresolved");
        }
        if section.is_shortened {
            context.note(seen, "http-too-many-fields", "fields beyond the limit left out".to_owned(), Damage::Theirs);
        }
        let side = if half == Half::Request { self.client } else { self.client.other() };
        let fields = section.fields.iter().map(|field| (field.name.as_deref().unwrap_or(b"?"), field.value.as_deref().unwrap_or_default()));
        context.look_through_fields(side, fields, seen);
        match half {
            Half::Request => self.request(stream, section, seen, context),
            Half::Response => self.response(stream, section, seen, context),
        }
        if let Some(exchange) = self.open.get_mut(&stream) {
            exchange.row.unread_fields = exchange.row.unread_fields.saturating_add(section.unresolved);
        }
        if follows == Follows::Nothing {
            self.end((stream, half), seen, context);
        }
    }

    fn request(&mut self, stream: u64, section: &Section, seen: Seen, context: &mut Context<'_>) {
        // What comes in an exchange that is there already are trailers.
        if self.open.contains_key(&stream) {
            return;
        }
        let mut row = self.empty_row(stream, seen, context);
        let text = |name: &str| section.value(name).map(|value| String::from_utf8_lossy(value).into_owned());
        let (method, path) = (text(":method"), text(":path"));
        let host = text(":authority").or_else(|| text("host")).map(|host| host.trim().to_ascii_lowercase()).filter(|host| !host.is_empty());
        let target = path.as_deref().map(|path| Target::parse("GET", path));
        row.method = method.as_deref().map(|method| escape(method.as_bytes()));
        row.host = host.as_deref().map(|host| escape(host.as_bytes()));
        row.path = target.and_then(|target| target.path).map(|path| escape(path.as_bytes()));
        row.query_keys = target.iter().flat_map(Target::query_keys).take(HTTP_QUERY_KEYS).map(|key| escape(key.as_bytes())).collect();
        row.user_agent = section.value("user-agent").map(escape);
        if let Some(host) = &host {
            self.facts.remember_host(host);
        }
        if let Some(method) = &method {
            self.facts.remember_request(method, host.as_deref(), target.and_then(|target| target.path));
        }
        let mut exchange = Exchange::asked(row);
        exchange.declare(Half::Request, declared(section), seen);
        exchange.asked = Asked::of(target.as_ref(), |name| section.value(name));
        self.insert(stream, exchange, seen, context);
    }

    fn response(&mut self, stream: u64, section: &Section, seen: Seen, context: &mut Context<'_>) {
        let status = section.value(":status").and_then(|status| std::str::from_utf8(status).ok()?.parse::<u16>().ok());
        if status.is_some_and(|status| (100..200).contains(&status)) {
            return;
        }
        if !self.open.contains_key(&stream) {
            let exchange = Exchange::answered(self.empty_row(stream, seen, context));
            self.insert(stream, exchange, seen, context);
        } else if !self.open.get(&stream).is_some_and(Exchange::awaits_response) {
            return;
        }
        let Some(exchange) = self.open.get_mut(&stream) else { return };
        exchange.begin_response();
        exchange.row.status = status;
        exchange.row.response_frame = Some(seen.0);
        exchange.asked.answered(section.value("set-cookie"));
        exchange.declare(Half::Response, declared(section), seen);
    }

    fn empty_row(&self, stream: u64, seen: Seen, context: &Context<'_>) -> Http {
        Http { stream: Some(stream), ..empty_row(self.client, self.version.to_owned(), seen, context.flow) }
    }

    fn insert(&mut self, stream: u64, exchange: Exchange, seen: Seen, context: &mut Context<'_>) {
        self.open.insert(stream, exchange);
        if self.open.len() <= HTTP_STREAMS {
            return;
        }
        let oldest = self.open.keys().copied().find(|open| *open != stream);
        if let Some(exchange) = oldest.and_then(|oldest| self.open.remove(&oldest)) {
            if self.flag("http-unanswered") {
                let detail = "more streams than the limit are open".to_owned();
                context.note(seen, "http-unanswered", detail, Damage::Theirs);
            }
            self.push(exchange, context);
        }
    }

    /// Bytes of a body.
    pub(super) fn data(&mut self, (stream, half): (u64, Half), input: Input<'_>, seen: Seen, context: &mut Context<'_>) {
        if !self.open.contains_key(&stream) {
            // The head was lost: the bytes still have a row.
            let row = self.empty_row(stream, seen, context);
            let mut exchange = if half == Half::Request { Exchange::asked(row) } else { Exchange::answered(row) };
            exchange.spoil();
            self.insert(stream, exchange, seen, context);
        }
        let Some(exchange) = self.open.get_mut(&stream) else { return };
        if half == Half::Response && exchange.awaits_response() {
            exchange.begin_response();
            exchange.spoil();
        }
        if input.is_missing() {
            exchange.spoil();
        }
        exchange.data(half, input, seen, context);
    }

    /// A message is complete.
    pub(super) fn end(&mut self, (stream, half): (u64, Half), seen: Seen, context: &mut Context<'_>) {
        if let Some(exchange) = self.open.get_mut(&stream)
            && exchange.is_open(half)
        {
            exchange.end_at(half, seen);
        }
        self.emit(stream, context);
    }

    /// A stream ends before its messages do.
    pub(super) fn reset(&mut self, stream: u64, context: &mut Context<'_>) {
        if let Some(exchange) = self.open.get_mut(&stream) {
            for half in [Half::Request, Half::Response] {
                if exchange.is_open(half) || half == Half::Response && exchange.awaits_response() {
                    exchange.miss(half);
                }
            }
        }
        self.emit(stream, context);
    }

    /// Something is missing, and nobody knows of which stream.
    pub(super) fn spoil(&mut self) {
        self.open.values_mut().for_each(Exchange::spoil);
    }

    /// Something of one stream is missing.
    pub(super) fn spoil_stream(&mut self, stream: u64) {
        self.open.get_mut(&stream).into_iter().for_each(Exchange::spoil);
    }

    fn emit(&mut self, stream: u64, context: &mut Context<'_>) {
        if self.open.get(&stream).is_some_and(Exchange::is_settled)
            && let Some(exchange) = self.open.remove(&stream)
        {
            self.push(exchange, context);
        }
    }

    fn push(&mut self, exchange: Exchange, context: &mut Context<'_>) {
        let row = exchange.finish(context);
        self.facts.remember_bodies(&row);
        self.queries.see(&row);
        context.rows.push(Row::Http(Box::new(row)));
    }

    /// A word for the column `quality`; whether it is new.
    pub(super) fn flag(&mut self, word: &'static str) -> bool {
        let is_new = !self.facts.quality.contains(&word);
        if is_new {
            self.facts.quality.push(word);
        }
        is_new
    }

    /// What the connection was, as far as is known now.
    pub(super) fn facts(&self) -> Facts {
        let mut facts = self.facts.clone();
        if let Some(basis) = self.queries.basis() {
            (facts.application, facts.application_basis) = (Some("doh"), basis);
        }
        facts
    }

    /// The connection has ended.
    pub(super) fn finish(&mut self, context: &mut Context<'_>) {
        for exchange in std::mem::take(&mut self.open).into_values() {
            self.push(exchange, context);
        }
    }
}

fn declared(section: &Section) -> Declared {
    let field = |name| section.value(name).map(<[u8]>::to_vec);
    Declared { coding: field("content-encoding"), media_type: field("content-type") }
}
