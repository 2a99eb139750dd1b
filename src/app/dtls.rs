//! DTLS over UDP (RFC 6347, RFC 4347): what both sides say before they seal, in the tables of TLS, which it is but for its
//! datagrams. They get lost, overtake each other and are sent again: every message is read as soon as it is whole, once.
//!
//! With a key log what was sealed is opened and followed as datagrams of their own; without, the dialogue ends when both
//! sides send data. Of DTLS 1.3 the hellos are read.

mod keys;

use super::certificates;
use super::offer::names;
use super::opened::Opened;
use super::posture::{self, Agreed};
use super::tunnel::joined;
use super::{Appetite, Context, Damage, Data, Dialogue, Facts, FlowInfo, Probe, Protocol, Recognised, SearchIn, Side, Transport};
use crate::limits;
use crate::record::{Encryption, Hellos, Row, Tls as TlsRow};
use crate::time::Timestamp;
use crate::wire::dtls::{self, CLIENT_HELLO, HELLO_VERIFY_REQUEST, Messages, Piece, Pushed, Record, begins_like_dtls, dtls_version};
use crate::wire::handshake::{self, ClientHello, Handshake, ServerHello};
use crate::wire::ja4::Carrier;
use crate::wire::tls::{Content, alert};
use crate::wire::{Reader, escape};

use keys::{End, Keys};

pub(crate) const NAME: &str = "dtls";

/// DTLS over UDP; CoAP is what uses its registered port (RFC 7252 section 12.7).
pub(crate) const PROTOCOL: Protocol = Protocol {
    name: NAME,
    transport: Transport::Udp,
    ports: &[5684, 4433],
    recognise: |probe: Probe<'_>| Recognised::from(begins_like_dtls(probe.bytes)),
    open: |flow| Box::new(Dtls { is_openable: flow.secrets.is_some(), ..Dtls::default() }),
};

/// A dialogue inside of an opened one: what it seals once more stays sealed.
pub(crate) fn open_inner() -> Box<dyn Dialogue> {
    Box::new(Dtls::default())
}

#[derive(Default)]
struct Dtls {
    device: Half,
    remote: Half,
    /// Side that sent the client hello, or did not send the server hello.
    client: Option<Side>,
    offer: Option<Hellos>,
    /// Session identifier that the client offered.
    session: Vec<u8>,
    answer: Option<Answer>,
    is_resumed: bool,
    /// `client:N`, `retry:N`, `server:N`.
    hello_frames: Vec<String>,
    last_hello: Option<Seen>,
    alert: Option<String>,
    certificate_names: Vec<String>,
    quality: Vec<&'static str>,
    is_emitted: bool,
    has_damage: bool,
    /// There may be secrets.
    is_openable: bool,
    keys: Option<Box<Keys>>,
    inner: Option<Box<Opened>>,
    /// Sealed records that came before the server's hello.
    held: Vec<Held>,
    held_bytes: usize,
    first_unopened: Option<Seen>,
    /// Random of the client's hello.
    random: Vec<u8>,
    /// What connections before this one were, where both ends keep their ports.
    past: Option<Box<Facts>>,
}

type Seen = (u64, Timestamp);

/// What one side has sent.
#[derive(Default)]
struct Half {
    messages: Messages,
    /// Its messages go beyond the limits, or are none.
    is_unreadable: bool,
    /// Records of application data.
    application: u32,
    /// Where its latest piece of a message was.
    seen: Option<Seen>,
}

/// What the server chose.
struct Answer {
    version: u16,
    cipher: u16,
    alpn: Option<String>,
}

/// A record that waits for keys.
struct Held {
    content: Content,
    version: u16,
    epoch: u16,
    number: u64,
    body: Vec<u8>,
    side: Side,
    seen: Seen,
}

impl Dialogue for Dtls {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        let mut reader = Reader::new(data.bytes);
        while let Some(record) = dtls::record(&mut reader) {
            self.record(&record, data, context);
        }
        self.rest(reader.rest(), data, context);
        if self.is_settled() { Appetite::Done } else { Appetite::More }
    }

    fn gap(&mut self, _: Side, _: u64, _: &mut Context<'_>) -> Appetite {
        Appetite::More
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.salvage();
        if let Some(inner) = &mut self.inner {
            inner.finish(context);
        }
        self.tell_unopened(context);
        self.emit(context);
    }

    fn facts(&self) -> Facts {
        let own = Facts {
            application: Some(NAME),
            encryption: Encryption::Dtls,
            names: names(self.offer.as_ref(), &self.certificate_names),
            quality: self.quality.clone(),
            decrypted_by: self.keys.as_ref().map(|keys| keys.used()).unwrap_or_default(),
            ..Facts::default()
        };
        let own = match &self.inner {
            Some(inner) => inner.facts(own),
            None => own,
        };
        match &self.past {
            Some(past) => after(past, own),
            None => own,
        }
    }

    fn search(&self) -> SearchIn {
        SearchIn::Parts
    }
}

impl Dtls {
    const fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Device => &mut self.device,
            Side::Remote => &mut self.remote,
        }
    }

    fn end(&self, side: Side) -> Option<End> {
        self.client.map(|client| if client == side { End::Client } else { End::Server })
    }

    /// What is no record: sealed ones of DTLS 1.3, other protocols beside it in the flow (RFC 7983), or damage.
    fn rest(&mut self, rest: &[u8], data: Data<'_>, context: &mut Context<'_>) {
        match rest.first() {
            Some(0x20..=0x3f) => self.application(data.side),
            Some(20..=24) if !data.is_cut && !self.has_damage => {
                self.has_damage = true;
                let detail = "found bytes that are no record, expected one".to_owned();
                context.note((data.frame, data.time), "dtls-malformed", detail, Damage::Theirs);
            }
            _ => {}
        }
    }

    fn record(&mut self, record: &Record<'_>, data: Data<'_>, context: &mut Context<'_>) {
        if record.epoch > 0 {
            return self.sealed(record, data, context);
        }
        match record.content {
            Content::Handshake => self.handshake(record.body, data, context),
            Content::Alert if self.alert.is_none() => self.alert = told(record.body, data.side),
            _ => {}
        }
    }

    fn handshake(&mut self, body: &[u8], data: Data<'_>, context: &mut Context<'_>) {
        let mut reader = Reader::new(body);
        while let Some(piece) = dtls::piece(&mut reader) {
            if self.is_another(&piece, data.side) {
                self.begin_again(context);
            }
            let half = self.half(data.side);
            half.seen = Some((data.frame, data.time));
            if half.is_unreadable {
                return;
            }
            match self.half(data.side).messages.push(&piece) {
                Pushed::Message(message) => self.message(&message, data, context),
                Pushed::Wait => {}
                Pushed::Excess => {
                    let detail = "found handshake messages beyond the limits, read those before".to_owned();
                    context.note((data.frame, data.time), "dtls-handshake-limit", detail, Damage::Ours);
                    self.half(data.side).is_unreadable = true;
                }
            }
        }
    }

    /// A client that begins anew says its first hello with another random.
    fn is_another(&self, piece: &Piece<'_>, side: Side) -> bool {
        let random = piece.bytes.get(2..34).unwrap_or(&self.random);
        let is_first = piece.kind == CLIENT_HELLO && piece.number == 0 && piece.offset == 0;
        is_first && self.client == Some(side) && !self.random.is_empty() && random != self.random
    }

    fn begin_again(&mut self, context: &mut Context<'_>) {
        self.finish(context);
        let past = Some(Box::new(self.facts()));
        *self = Self { is_openable: self.is_openable, has_damage: self.has_damage, past, ..Self::default() };
    }

    fn message(&mut self, message: &[u8], data: Data<'_>, context: &mut Context<'_>) {
        let read = dtls::as_tls(message);
        match read.as_deref().and_then(handshake::read) {
            Some(Handshake::ClientHello(hello)) => {
                context.look_through((data.side, "sni"), hello.server_name.unwrap_or_default(), (data.frame, data.time));
                self.client_hello(&hello, data, context.flow);
            }
            Some(Handshake::ServerHello(hello)) => self.server_hello(&hello, data, context),
            Some(Handshake::Certificates(chain)) => self.certificates(&chain, data, context),
            Some(_) if message.first() == Some(&HELLO_VERIFY_REQUEST) => self.saw_hello("retry", data),
            Some(_) => {}
            None => self.malformed(message, data, context),
        }
    }

    fn malformed(&mut self, message: &[u8], data: Data<'_>, context: &mut Context<'_>) {
        self.half(data.side).is_unreadable = true;
        let kind = message.first().copied().unwrap_or_default();
        let detail = format!("found a message of type {kind} with {} bytes that does not read as one", message.len());
        context.note((data.frame, data.time), "dtls-malformed", detail, Damage::Theirs);
    }

    /// The first hello, or the one with the cookie that the server asked for.
    fn client_hello(&mut self, hello: &ClientHello<'_>, data: Data<'_>, flow: &FlowInfo) {
        if self.client.is_some_and(|client| client != data.side) {
            return;
        }
        self.saw_hello("client", data);
        self.random = hello.random.to_vec();
        self.take_offer(hello, data.side);
        if self.is_openable && self.keys.is_none() {
            self.keys = flow.secrets.as_ref().and_then(|secrets| Keys::new(secrets, hello)).map(Box::new);
        }
    }

    fn take_offer(&mut self, hello: &ClientHello<'_>, client: Side) {
        self.client = Some(client);
        let offer = Hellos::offer(Carrier::Dtls, hello);
        match &mut self.offer {
            Some(first) => first.add(offer),
            None => {
                self.session = hello.session.to_vec();
                self.offer = Some(offer);
            }
        }
    }

    fn server_hello(&mut self, hello: &ServerHello<'_>, data: Data<'_>, context: &mut Context<'_>) {
        if self.client == Some(data.side) || self.answer.is_some() {
            return;
        }
        if hello.is_retry {
            return self.saw_hello("retry", data);
        }
        self.saw_hello("server", data);
        self.client = Some(data.side.other());
        self.is_resumed = hello.has_shared_key || !hello.session.is_empty() && hello.session == self.session;
        self.answer = Some(Answer { version: dtls_version(hello.version), cipher: hello.cipher, alpn: hello.alpn.map(escape) });
        if let Some(keys) = &mut self.keys {
            keys.server_hello(hello);
        }
        self.release(context);
    }

    fn saw_hello(&mut self, who: &'static str, data: Data<'_>) {
        if self.hello_frames.len() < limits::DTLS_MESSAGES {
            self.hello_frames.push(format!("{who}:{}", data.frame));
        }
        self.last_hello = Some((data.frame, data.time));
    }

    /// Reads what is there of a client hello whose end did not come.
    fn salvage(&mut self) {
        if self.offer.is_some() {
            return;
        }
        for side in [Side::Device, Side::Remote] {
            let Some(cut) = self.half(side).messages.cut_client_hello() else { continue };
            let Some(hello) = ClientHello::read_cut(&cut).filter(|_| self.client != Some(side.other())) else { continue };
            self.take_offer(&hello, side);
            let seen = self.half(side).seen;
            self.hello_frames.extend(seen.map(|(frame, _)| format!("client:{frame}")));
            self.last_hello = self.last_hello.or(seen);
            self.quality.push("hello-cut");
            return;
        }
    }

    fn certificates(&mut self, chain: &[&[u8]], data: Data<'_>, context: &mut Context<'_>) {
        let server_name = self.offer.as_ref().and_then(|offer| offer.server_name.as_ref());
        let names = certificates::tell(chain, server_name, data, context);
        if self.client != Some(data.side) && !names.is_empty() {
            self.certificate_names = names;
        }
    }

    const fn application(&mut self, side: Side) {
        let half = self.half(side);
        half.application = half.application.saturating_add(1);
    }

    /// A sealed record: opened, held, or left.
    fn sealed(&mut self, record: &Record<'_>, data: Data<'_>, context: &mut Context<'_>) {
        if record.content == Content::ApplicationData {
            self.application(data.side);
        }
        let end = self.end(data.side);
        let (Some(end), Some(keys)) = (end, self.keys.as_mut().filter(|keys| keys.has_hope())) else { return };
        if keys.is_waiting() {
            return self.hold(record, data);
        }
        match keys.open(end, record) {
            keys::Opened::Content(content) => self.opened(record.content, &content, data, context),
            keys::Opened::Again => {}
            keys::Opened::Sealed => self.first_unopened = self.first_unopened.or(Some((data.frame, data.time))),
        }
    }

    fn hold(&mut self, record: &Record<'_>, data: Data<'_>) {
        let bytes = self.held_bytes.saturating_add(record.body.len());
        if bytes > limits::TLS_HELD_BYTES || !record.is_whole() || self.held.len() >= limits::STREAM_PIECES {
            return;
        }
        self.held_bytes = bytes;
        let Record { content, version, epoch, number, body, .. } = *record;
        let seen = (data.frame, data.time);
        self.held.push(Held { content, version, epoch, number, body: body.to_vec(), side: data.side, seen });
    }

    /// After the server's hello: opens what came before it.
    fn release(&mut self, context: &mut Context<'_>) {
        self.held_bytes = 0;
        for held in std::mem::take(&mut self.held) {
            let Held { content, version, epoch, number, body, side, seen: (frame, time) } = held;
            let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
            let record = Record { content, version, epoch, number, length, body: &body };
            let data = Data { side, bytes: &[], frame, time, is_cut: false };
            // It was counted when it came.
            if content == Content::ApplicationData {
                let half = self.half(side);
                half.application = half.application.saturating_sub(1);
            }
            self.sealed(&record, data, context);
        }
    }

    fn opened(&mut self, content: Content, bytes: &[u8], data: Data<'_>, context: &mut Context<'_>) {
        const CLOSE_NOTIFY: u8 = 0;
        match content {
            Content::ApplicationData => {
                let inner = self.inner.get_or_insert_with(|| Box::new(Opened::datagrams()));
                inner.data(Data { bytes, ..data }, context);
            }
            // Every connection ends with a close_notify, which says nothing.
            Content::Alert if self.alert.is_none() && bytes.get(1) != Some(&CLOSE_NOTIFY) => self.alert = told(bytes, data.side),
            _ => {}
        }
    }

    /// Says where records could not be opened although there are keys.
    fn tell_unopened(&mut self, context: &mut Context<'_>) {
        let (Some(keys), Some(seen)) = (&self.keys, self.first_unopened.take()) else { return };
        let which = if keys.used().is_empty() { "none was" } else { "others were" };
        let count = keys.unopened();
        let detail = format!(
            "found {count} sealed records that no secret opens, {which} opened: they are damaged, or the secrets are of another connection"
        );
        context.note(seen, "dtls-unopened", detail, Damage::Theirs);
    }

    /// Nothing more will come in clear, and nothing that keys are there for.
    fn is_settled(&self) -> bool {
        if self.keys.as_ref().is_some_and(|keys| keys.has_hope()) {
            return false;
        }
        let [device, remote] = [self.device.application, self.remote.application];
        device > 0 && remote > 0 || device.max(remote) >= limits::TLS_RECORDS
    }

    fn emit(&mut self, context: &mut Context<'_>) {
        let Some((frame, time)) = self.last_hello.filter(|_| !self.is_emitted) else { return };
        self.is_emitted = true;
        let offer = self.offer.clone().unwrap_or_default();
        let answer = self.answer.as_ref();
        let keys = self.keys.as_ref().filter(|keys| keys.has_hope());
        let plain = keys.map(|_| self.inner.as_ref().map(|inner| inner.bytes()).unwrap_or_default());
        let row = TlsRow {
            origin: context.flow.origin(frame, time),
            hellos: offer.answered(
                answer.map(|answer| answer.version),
                answer.map(|answer| answer.cipher),
                answer.and_then(|answer| answer.alpn.clone()),
            ),
            from_device: self.client == Some(Side::Device),
            is_resumed: self.is_resumed,
            hello_frames: std::mem::take(&mut self.hello_frames),
            established: self.device.application > 0 || self.remote.application > 0,
            alert: self.alert.clone(),
            decrypted_by: keys.map(|keys| keys.used()).unwrap_or_default(),
            plain_bytes_out: plain.map(|(out, _)| out),
            plain_bytes_in: plain.map(|(_, into)| into),
            unopened: keys.map(|keys| keys.unopened()),
        };
        posture::agreed(&Agreed::new(&row.origin, &row.hellos).with_answer(self.answer.as_ref()), context);
        context.rows.push(Row::Tls(Box::new(row)));
    }
}

/// What a flow was in which one connection followed others.
fn after(past: &Facts, last: Facts) -> Facts {
    let is_told = last.application != Some(NAME);
    let told = if is_told { &last } else { past };
    Facts {
        application: told.application,
        application_basis: told.application_basis,
        names: joined(past.names.clone(), last.names, limits::FLOW_NAMES),
        quality: joined(past.quality.clone(), last.quality, usize::MAX),
        requests: joined(past.requests.clone(), last.requests, limits::FLOW_REQUESTS),
        decrypted_by: joined(past.decrypted_by.clone(), last.decrypted_by, limits::SECRETS_OF_ONE),
        link: last.link.or_else(|| past.link.clone()),
        ..last
    }
}

/// An alert and who sent it.
fn told(body: &[u8], side: Side) -> Option<String> {
    let sender = if side == Side::Device { "device" } else { "remote" };
    alert(body).map(|words| format!("{words} by {sender}"))
}

#[cfg(test)]
mod tests;
