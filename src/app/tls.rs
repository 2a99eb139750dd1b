//! TLS over TCP: what both sides say before they encrypt. One row per handshake, one per certificate; the dialogue
//! ends when both sides send application data. RFC 8446, RFC 5246, RFC 6101; what each side sends once it has
//! changed its cipher is looked at only where the analyst has keys for it, so that renegotiations stay unseen
//! otherwise. With keys the dialogue goes on to the end of the flow, and what it opens is followed as a stream of its own.

mod keys;
mod sealed;

use super::certificates;
use super::offer::names;
use super::opened::Opened;
use super::posture::{self, Agreed};
use super::volume::Seal;
use super::{Appetite, Context, Damage, Data, Dialogue, Facts, FlowInfo, Probe, Protocol, Recognised, SearchIn, Side, Transport};
use crate::limits;
use crate::record::{ApplicationBasis, Encryption, Hellos, Row, Tls as TlsRow};
use crate::time::Timestamp;
use crate::wire::handshake::{self, ClientHello, Handshake, ServerHello, is_tls13};
use crate::wire::ja4::Carrier;
use crate::wire::tls::{Content, Cut, Messages, NextMessage, Record, Records, alert, begins_like_tls};
use crate::wire::{Reader, escape};

use keys::{End, Keys};

pub(crate) const NAME: &str = "tls";

/// TLS over TCP.
pub(crate) const PROTOCOL: Protocol =
    Protocol { name: NAME, transport: Transport::Tcp, ports: &[443, 853, 8443, 8883, 993, 995, 465, 5228], recognise, open };

/// Port of DNS over TLS (RFC 7858).
const DNS_OVER_TLS: u16 = 853;
/// Body of an encrypted alert in TLS 1.3: level, description, content type, 16 bytes of tag. Everything else is longer.
const ENCRYPTED_ALERT_BYTES: u16 = 19;

fn recognise(probe: Probe<'_>) -> Recognised {
    match begins_like_tls(probe.bytes) {
        Some(true) => Recognised::Yes,
        Some(false) => Recognised::No,
        None => Recognised::More,
    }
}

fn open(flow: &FlowInfo) -> Box<dyn Dialogue> {
    let keys = flow.secrets.as_ref().map(|secrets| Box::new(Keys::new(secrets)));
    Box::new(Tls { has_dns_port: flow.has_port(DNS_OVER_TLS), keys, ..Tls::default() })
}

/// A dialogue inside of an opened one: what it seals once more stays sealed.
pub(crate) fn open_inner(flow: &FlowInfo) -> Box<dyn Dialogue> {
    Box::new(Tls { has_dns_port: flow.has_port(DNS_OVER_TLS), ..Tls::default() })
}

#[derive(Default)]
struct Tls {
    device: Half,
    remote: Half,
    has_dns_port: bool,
    /// Side that sent the client hello, or did not send the server hello.
    client: Option<Side>,
    offer: Option<Hellos>,
    /// Session identifier that the client offered.
    session: Vec<u8>,
    answer: Option<Answer>,
    /// The server asked for another client hello: what follows a change of cipher is still in clear.
    is_retried: bool,
    is_resumed: bool,
    /// `client:N`, `server:N`.
    hello_frames: Vec<String>,
    /// Frame and time of the last hello.
    last_hello: Option<Seen>,
    alert: Option<String>,
    certificate_names: Vec<String>,
    quality: Vec<&'static str>,
    is_emitted: bool,
    /// What may open it; none without secrets.
    keys: Option<Box<Keys>>,
    /// What was opened.
    inner: Option<Box<Opened>>,
    /// Sealed records that came before what is needed to open them.
    held: Vec<Held>,
    held_bytes: usize,
    /// First sealed record of each side that was not opened.
    first_unopened: Option<Seen>,
}

/// A record that waits for keys.
struct Held {
    record: Record,
    side: Side,
    seen: Seen,
}

type Seen = (u64, Timestamp);
type Read = fn(&mut Tls, &[u8], Data<'_>, &mut Context<'_>);

/// What one side has sent.
#[derive(Default)]
struct Half {
    records: Records,
    messages: Messages,
    /// It changed its cipher.
    is_sealed: bool,
    /// Its messages can be read no more.
    is_unreadable: bool,
    /// Bytes were missing: what does not fit together is no one's fault.
    has_gap: bool,
    /// It sent the end of a server's part.
    is_hello_done: bool,
    /// Records of application data.
    application: u32,
    /// Those longer than an encrypted alert.
    application_long: u32,
    /// Where its latest bytes were.
    seen: Option<Seen>,
}

/// What the server chose.
struct Answer {
    version: u16,
    cipher: Option<u16>,
    alpn: Option<String>,
}

impl Dialogue for Tls {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        self.half(data.side).seen = Some((data.frame, data.time));
        let mut input = Reader::new(data.bytes);
        while !self.is_settled() {
            match self.half(data.side).records.next(&mut input) {
                Cut::Record(record) => self.record(record, data, context),
                Cut::Damage => self.damage(data, context),
                Cut::Wait => return Appetite::More,
            }
        }
        self.emit(context);
        Appetite::Done
    }

    fn gap(&mut self, side: Side, length: u64, _: &mut Context<'_>) -> Appetite {
        let half = self.half(side);
        half.has_gap = true;
        let is_in_handshake = half.application == 0 && !half.is_sealed;
        let torn = half.records.gap(length);
        self.salvage(side, &torn);
        self.half(side).messages.clear();
        if is_in_handshake {
            self.lower("handshake-gap");
        }
        Appetite::More
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        for side in [Side::Device, Side::Remote] {
            let torn = self.half(side).records.take_unfinished();
            self.salvage(side, &torn);
        }
        if let Some(inner) = &mut self.inner {
            inner.finish(context);
        }
        self.tell_unopened(context);
        self.emit(context);
    }

    fn facts(&self) -> Facts {
        let own = self.own_facts();
        match &self.inner {
            Some(inner) => inner.facts(own),
            None => own,
        }
    }

    fn search(&self) -> SearchIn {
        SearchIn::Parts
    }
}

impl Tls {
    fn own_facts(&self) -> Facts {
        let dns = self.dns_basis();
        Facts {
            application: Some(if dns.is_some() { "dot" } else { "tls" }),
            application_basis: dns.unwrap_or_default(),
            encryption: Encryption::Tls,
            names: names(self.offer.as_ref(), &self.certificate_names),
            requests: Vec::new(),
            quality: self.quality.clone(),
            link: None,
            decrypted_by: self.keys.as_ref().map(|keys| keys.used()).unwrap_or_default(),
            seal: self.seal(),
        }
    }

    /// What is known of how records are sealed; the application may be any that the client offers until one is chosen.
    fn seal(&self) -> Option<Seal> {
        let answer = self.answer.as_ref()?;
        let offered = self.offer.as_ref().map_or(&[][..], |offer| offer.alpn.as_slice());
        let alpn = answer.alpn.as_ref().map_or(offered, std::slice::from_ref).to_vec();
        Some(Seal { client: self.client?, version: answer.version, cipher: answer.cipher?, alpn })
    }

    const fn half(&mut self, side: Side) -> &mut Half {
        match side {
            Side::Device => &mut self.device,
            Side::Remote => &mut self.remote,
        }
    }

    fn record(&mut self, record: Record, data: Data<'_>, context: &mut Context<'_>) {
        if self.is_sealed(&record, data.side) {
            return self.sealed(record, data, context);
        }
        self.clear(&record, data, context);
        if let (Some(end), Some(keys)) = (self.end(data.side), &mut self.keys) {
            keys.pass(end, &record);
        }
        self.settle_keys(context);
    }

    fn clear(&mut self, record: &Record, data: Data<'_>, context: &mut Context<'_>) {
        match record.content {
            Content::Handshake => self.handshake(record, data, context),
            Content::ChangeCipherSpec => self.change_cipher(data.side),
            Content::ApplicationData => self.application(record.length, data.side),
            Content::Alert if self.alert.is_none() => {
                let sender = if data.side == Side::Device { "device" } else { "remote" };
                self.alert = alert(&record.body).map(|words| format!("{words} by {sender}"));
            }
            Content::Ssl2 => self.ssl2(&record.body, data),
            Content::Alert | Content::Heartbeat => {}
        }
    }

    fn handshake(&mut self, record: &Record, data: Data<'_>, context: &mut Context<'_>) {
        let is_clear = self.is_retried || !self.half(data.side).is_sealed;
        if is_clear {
            self.messages(&record.body, Self::message, data, context);
        }
    }

    /// Puts messages together and reads each by `read`.
    fn messages(&mut self, body: &[u8], read: Read, data: Data<'_>, context: &mut Context<'_>) {
        let half = self.half(data.side);
        if half.is_unreadable {
            return;
        }
        let mut messages = std::mem::take(&mut half.messages);
        messages.push(body);
        loop {
            match messages.next() {
                NextMessage::Message(message) => read(self, message, data, context),
                NextMessage::Wait => break,
                NextMessage::Excess => {
                    let detail = format!("found handshake messages beyond {} bytes, read those before", limits::HANDSHAKE_BYTES);
                    context.note((data.frame, data.time), "tls-handshake-limit", detail, Damage::Ours);
                    self.half(data.side).is_unreadable = true;
                    break;
                }
            }
            if self.half(data.side).is_unreadable {
                break;
            }
        }
        self.half(data.side).messages = messages;
    }

    fn message(&mut self, message: &[u8], data: Data<'_>, context: &mut Context<'_>) {
        if let Some(keys) = &mut self.keys {
            keys.hear(message);
        }
        match handshake::read(message) {
            Some(Handshake::ClientHello(hello)) => {
                context.look_through((data.side, "sni"), hello.server_name.unwrap_or_default(), (data.frame, data.time));
                self.client_hello(&hello, data);
            }
            Some(Handshake::ServerHello(hello)) => self.server_hello(&hello, data),
            Some(Handshake::Certificates(chain)) => self.certificates(&chain, data, context),
            Some(Handshake::ServerHelloDone) => self.half(data.side).is_hello_done = true,
            Some(Handshake::KeyExchange(body)) => {
                if let Some(keys) = &mut self.keys {
                    keys.key_exchange(body);
                }
            }
            Some(Handshake::Other) => {}
            None => self.malformed(message, data, context),
        }
    }

    fn malformed(&mut self, message: &[u8], data: Data<'_>, context: &mut Context<'_>) {
        let half = self.half(data.side);
        half.is_unreadable = true;
        if !half.has_gap {
            let kind = message.first().copied().unwrap_or_default();
            let detail = format!("found a message of type {kind} with {} bytes that does not read as one", message.len());
            context.note((data.frame, data.time), "tls-malformed", detail, Damage::Theirs);
        }
    }

    fn damage(&mut self, data: Data<'_>, context: &mut Context<'_>) {
        let is_ssl2 = self.answer.as_ref().is_some_and(|answer| answer.cipher.is_none());
        if !is_ssl2 && !self.half(data.side).has_gap {
            let detail = "found bytes that are no record, expected one".to_owned();
            context.note((data.frame, data.time), "tls-malformed", detail, Damage::Theirs);
        }
        self.half(data.side).has_gap = true;
    }

    fn client_hello(&mut self, hello: &ClientHello<'_>, data: Data<'_>) {
        if self.client.is_some_and(|client| client != data.side) {
            return;
        }
        self.saw_hello("client", data);
        self.take_offer(hello, data.side);
        if let Some(keys) = &mut self.keys {
            keys.client_hello(hello);
            if keys.has_hope() {
                [&mut self.device, &mut self.remote].into_iter().for_each(|half| half.records.keep_sealed());
            }
        }
    }

    fn take_offer(&mut self, hello: &ClientHello<'_>, client: Side) {
        self.client = Some(client);
        let offer = Hellos::offer(Carrier::Tcp, hello);
        match &mut self.offer {
            Some(first) => first.add(offer),
            None => {
                self.session = hello.session.to_vec();
                self.offer = Some(offer);
            }
        }
    }

    fn server_hello(&mut self, hello: &ServerHello<'_>, data: Data<'_>) {
        if self.client == Some(data.side) || self.answer.is_some() {
            return;
        }
        if hello.is_retry {
            self.saw_hello("retry", data);
            self.is_retried = true;
            return;
        }
        self.saw_hello("server", data);
        self.client = Some(data.side.other());
        let is_echoed = !hello.session.is_empty() && hello.session == self.session;
        self.is_resumed = hello.has_shared_key || is_echoed && !is_tls13(hello.version);
        self.answer = Some(Answer { version: hello.version, cipher: Some(hello.cipher), alpn: hello.alpn.map(escape) });
        if let Some(keys) = &mut self.keys {
            keys.server_hello(hello);
        }
        // What the client encrypted until here was early data.
        let client = self.half(data.side.other());
        client.application = 0;
        client.application_long = 0;
    }

    fn saw_hello(&mut self, who: &'static str, data: Data<'_>) {
        self.hello_frames.push(format!("{who}:{}", data.frame));
        self.last_hello = Some((data.frame, data.time));
    }

    fn ssl2(&mut self, body: &[u8], data: Data<'_>) {
        const SERVER_HELLO: u8 = 4;
        if body.first() == Some(&SERVER_HELLO) && self.client != Some(data.side) {
            self.saw_hello("server", data);
            self.client = Some(data.side.other());
            self.answer = Some(Answer { version: 0x0002, cipher: None, alpn: None });
        } else if let Some(hello) = ClientHello::read_ssl2(body) {
            self.client_hello(&hello, data);
            if let Some(offer) = &mut self.offer {
                // Defined for the hello of SSL 3.0 and later only.
                offer.ja4 = None;
            }
        }
    }

    /// A change of cipher; before TLS 1.3 a server that changes it without having said everything resumes a session.
    fn change_cipher(&mut self, side: Side) {
        let is_old = self.answer.as_ref().is_some_and(|answer| !is_tls13(answer.version));
        let is_server = self.client == Some(side.other());
        let half = self.half(side);
        let is_short = !half.is_hello_done && !half.has_gap && !half.is_sealed && !half.is_unreadable;
        half.is_sealed = true;
        self.is_resumed |= is_old && is_server && is_short;
    }

    const fn application(&mut self, length: u16, side: Side) {
        let half = self.half(side);
        half.application = half.application.saturating_add(1);
        if length > ENCRYPTED_ALERT_BYTES {
            half.application_long = half.application_long.saturating_add(1);
        }
    }

    /// Reads what is left of a client hello whose end is missing.
    fn salvage(&mut self, side: Side, torn: &[u8]) {
        if self.offer.is_some() || self.client == Some(side.other()) {
            return;
        }
        let half = self.half(side);
        let bytes = [half.messages.rest(), torn].concat();
        let seen = half.seen;
        let Some(hello) = ClientHello::read_cut(&bytes) else { return };
        self.take_offer(&hello, side);
        self.hello_frames.extend(seen.map(|(frame, _)| format!("client:{frame}")));
        self.last_hello = self.last_hello.or(seen);
        self.lower("hello-cut");
    }

    fn lower(&mut self, word: &'static str) {
        if !self.quality.contains(&word) {
            self.quality.push(word);
        }
    }

    fn certificates(&mut self, chain: &[&[u8]], data: Data<'_>, context: &mut Context<'_>) {
        let server_name = self.offer.as_ref().and_then(|offer| offer.server_name.as_ref());
        let names = certificates::tell(chain, server_name, data, context);
        if self.client != Some(data.side) && !names.is_empty() {
            self.certificate_names = names;
        }
    }

    /// Application data followed the handshake. TLS 1.3 encrypts the end of its handshake as application data: there
    /// the client's first such record ends the handshake, and its second is data.
    fn is_established(&self) -> bool {
        if self.inner.is_some() {
            return true;
        }
        let client = match self.client {
            Some(Side::Device) => &self.device,
            Some(Side::Remote) => &self.remote,
            None => return self.device.application > 0 || self.remote.application > 0,
        };
        let offers_tls13 =
            || self.offer.as_ref().and_then(|offer| offer.version.as_deref()).is_some_and(|version| version.starts_with("TLS 1.3"));
        if self.answer.as_ref().map_or_else(offers_tls13, |answer| is_tls13(answer.version)) {
            client.application_long > 1
        } else {
            self.device.application > 0 || self.remote.application > 0
        }
    }

    /// Nothing more will come in clear, and nothing that keys are there for.
    fn is_settled(&self) -> bool {
        if self.keys.as_ref().is_some_and(|keys| keys.has_hope()) {
            return false;
        }
        let [device, remote] = [self.device.application, self.remote.application];
        device > 0 && remote > 0 && self.is_established() || device.max(remote) >= limits::TLS_RECORDS
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
                answer.and_then(|answer| answer.cipher),
                answer.and_then(|answer| answer.alpn.clone()),
            ),
            from_device: self.client == Some(Side::Device),
            is_resumed: self.is_resumed,
            hello_frames: std::mem::take(&mut self.hello_frames),
            established: self.is_established(),
            alert: self.alert.clone(),
            decrypted_by: keys.map(|keys| keys.used()).unwrap_or_default(),
            plain_bytes_out: plain.map(|(out, _)| out),
            plain_bytes_in: plain.map(|(_, into)| into),
            unopened: keys.map(|keys| keys.unopened(End::Client).saturating_add(keys.unopened(End::Server))),
        };
        posture::agreed(&Agreed::new(&row.origin, &row.hellos).with_answer(self.answer.as_ref()), context);
        context.rows.push(Row::Tls(Box::new(row)));
    }

    /// What tells that it carries DNS: the client offers nothing else, or offers nothing and the port is that of DNS.
    fn dns_basis(&self) -> Option<ApplicationBasis> {
        match self.offer.as_ref().map_or(&[][..], |offer| offer.alpn.as_slice()) {
            [] => self.has_dns_port.then_some(ApplicationBasis::Port),
            names => names.iter().any(|name| name == "dot").then_some(ApplicationBasis::Content),
        }
    }
}

#[cfg(test)]
mod tests;
