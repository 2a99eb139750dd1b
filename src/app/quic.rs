//! QUIC: what the Initial packets of a connection say, which anybody can open (RFC 9001 section 5.2), and the clear
//! hello of Google QUIC. One row per flow; the dialogue ends soon after both hellos.
//!
//! The client is the side whose Initial opens with the keys of its own destination identifier. Those keys stay
//! good for both sides until a Retry makes the client choose another identifier (RFC 9001 section 5.2), and serve
//! with another version's salt when the server moves to that version (RFC 9369 section 4.1).
//!
//! Where the analyst has secrets for the client's random, everything after the hellos is opened too, and the dialogue
//! goes on to the end of the flow.

mod keys;
mod sealed;
mod streams;

use super::offer::{host, names};
use super::posture::{self, Agreed};
use super::tunnel::joined;
use super::{Appetite, Context, Damage, Data, Dialogue, Facts, FlowInfo, Probe, Protocol, Recognised, SearchIn, Side, Transport};
use crate::limits;
use crate::record::{ApplicationBasis, Encryption, Hellos, Quic as QuicRow, Row};
use crate::time::Timestamp;
use crate::wire::gquic;
use crate::wire::handshake::{self, ClientHello, Handshake};
use crate::wire::ja4::Carrier;
use crate::wire::quic::{self, CryptoStream, End, Long, Packet, Version};
use crate::wire::{Reader, escape, hex};

use keys::{Keys, Level};
use sealed::{HandshakeStream, Identifiers};
pub(crate) use streams::StreamEnd;
use streams::Streams;

/// QUIC over UDP.
pub(crate) const PROTOCOL: Protocol =
    Protocol { name: "quic", transport: Transport::Udp, ports: &[443, 853, 784, 8853, 8443], recognise, open };

/// Ports of DNS over QUIC: the registered one (RFC 9250 section 4.1.1), and those of its drafts.
const DNS_OVER_QUIC: [u16; 3] = [853, 784, 8853];

/// Destination identifiers of one connection: the first, one after each Retry.
const IDENTIFIERS: usize = 4;
/// Smallest datagram in which a client begins a connection (RFC 9000 section 14.1).
const FIRST_BYTES: usize = 1_200;

fn recognise(probe: Probe<'_>) -> Recognised {
    let is_quic = match probe.bytes.first() {
        Some(first) if first & 0x80 == 0 => gquic::packet(probe.bytes).is_some(),
        Some(_) => gquic::packet(probe.bytes).is_some() || begins_long(probe.bytes),
        None => false,
    };
    if is_quic { Recognised::Yes } else { Recognised::No }
}

/// A long header of a version we know; of another one when it opens, or when it is reserved and has the length of a first datagram.
fn begins_long(datagram: &[u8]) -> bool {
    let mut reader = Reader::new(datagram);
    let version = reader.skip(1).and_then(|()| reader.u32()).map(Version);
    match (quic::packet(&mut Reader::new(datagram)), version) {
        (Some(Packet::Negotiation(versions)), _) => versions.iter().any(|version| version.is_listed() || version.is_reserved()),
        (Some(_), Ok(version)) if version.is_listed() => true,
        (Some(Packet::Initial(initial)), Ok(version)) if datagram.len() >= FIRST_BYTES => {
            version.is_reserved() || quic::open(&initial, initial.destination, End::Client).is_some()
        }
        _ => false,
    }
}

fn open(flow: &FlowInfo) -> Box<dyn Dialogue> {
    Box::new(Quic { has_dns_port: DNS_OVER_QUIC.iter().any(|port| flow.has_port(*port)), ..Quic::default() })
}

#[derive(Default)]
struct Quic {
    has_dns_port: bool,
    client: Option<Side>,
    /// Identifiers that keys of the client's Initials came from.
    identifiers: Vec<Vec<u8>>,
    client_stream: CryptoStream,
    server_stream: CryptoStream,
    offer: Option<Hellos>,
    user_agent: Option<String>,
    answer: Option<Answer>,
    /// Version and destination identifier of the first Initial, opened or not.
    first: Option<(Version, String)>,
    /// Version that the connection came to use.
    version: Option<Version>,
    /// Datagrams that brought parts of the client hello.
    hello_datagrams: u32,
    /// Frame and time of what was learned last.
    last: Option<Seen>,
    /// Datagrams seen, from the start and since both hellos.
    seen: u32,
    seen_after: u32,
    is_established: bool,
    has_lost_pieces: bool,
    quality: Vec<&'static str>,
    is_emitted: bool,
    /// What may open what comes after the hellos; none without secrets for it.
    keys: Option<Box<Keys>>,
    device_identifiers: Identifiers,
    remote_identifiers: Identifiers,
    client_handshake: HandshakeStream,
    server_handshake: HandshakeStream,
    alpn_chosen: Option<String>,
    certificate_names: Vec<String>,
    streams: Streams,
    /// Where a sealed packet was not opened first.
    first_unopened: Option<Seen>,
    has_unknown_frame: bool,
}

type Seen = (u64, Timestamp);

/// What the server chose.
struct Answer {
    version: u16,
    cipher: u16,
}

impl Dialogue for Quic {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        self.seen = self.seen.saturating_add(1);
        match gquic::packet(data.bytes) {
            Some(packet) => self.google(&packet, data),
            None => self.datagram(data, context),
        }
        if self.offer.is_some() && (self.answer.is_some() || self.is_google()) {
            self.seen_after = self.seen_after.saturating_add(1);
        }
        if self.has_hope() {
            return Appetite::More;
        }
        let has_both = self.seen_after > 0;
        let is_late = self.seen_after > limits::QUIC_DATAGRAMS_AFTER || self.seen >= limits::QUIC_DATAGRAMS;
        if is_late || has_both && self.is_established {
            self.finish(context);
            return Appetite::Done;
        }
        Appetite::More
    }

    fn gap(&mut self, _: Side, _: u64, _: &mut Context<'_>) -> Appetite {
        Appetite::More
    }

    fn finish(&mut self, context: &mut Context<'_>) {
        self.salvage();
        self.finish_sealed(context);
        self.emit(context);
    }

    fn facts(&self) -> Facts {
        let dns = self.dns_basis();
        let inner = self.streams.facts().filter(|inner| inner.application.is_some());
        let own = Facts {
            application: Some(if dns.is_some() { "doq" } else { "quic" }),
            application_basis: dns.unwrap_or_default(),
            encryption: Encryption::Quic,
            names: names(self.offer.as_ref(), &self.certificate_names),
            quality: self.quality.clone(),
            decrypted_by: self.keys.as_ref().map(|keys| keys.used()).unwrap_or_default(),
            ..Facts::default()
        };
        let Some(inner) = inner else { return own };
        Facts {
            application: inner.application,
            application_basis: inner.application_basis,
            names: joined(own.names, inner.names, limits::FLOW_NAMES),
            requests: inner.requests,
            quality: joined(own.quality, inner.quality, usize::MAX),
            ..own
        }
    }

    fn search(&self) -> SearchIn {
        SearchIn::Parts
    }
}

impl Quic {
    fn datagram(&mut self, data: Data<'_>, context: &mut Context<'_>) {
        let mut reader = Reader::new(data.bytes);
        let had_offer = self.offer.is_some();
        let mut has_hello = false;
        while let Some(packet) = quic::packet(&mut reader) {
            match packet {
                Packet::Initial(initial) => has_hello |= self.initial(&initial, data, context),
                // Only the client's come after a handshake for sure: a server may send early (RFC 9001 section 5.7).
                Packet::Short(bytes) => {
                    self.is_established |= self.answer.is_some() && self.client == Some(data.side);
                    self.short(bytes, data, context);
                }
                Packet::Handshake(packet) => self.long(Level::Handshake, &packet, data, context),
                Packet::ZeroRtt(packet) => self.long(Level::Early, &packet, data, context),
                Packet::Retry | Packet::Negotiation(_) => {}
            }
            if reader.is_empty() {
                break;
            }
        }
        if has_hello && !had_offer {
            self.hello_datagrams = self.hello_datagrams.saturating_add(1);
        }
    }

    /// Reads an Initial; true when it carried a part of the client's stream.
    fn initial(&mut self, initial: &Long<'_>, data: Data<'_>, context: &mut Context<'_>) -> bool {
        if self.first.is_none() {
            self.first = Some((initial.version, hex(initial.destination)));
            self.last = Some((data.frame, data.time));
        }
        let Some((end, payload)) = self.open(initial, data.side) else {
            if !initial.is_whole() && data.is_cut {
                self.lower("hello-cut");
            }
            return false;
        };
        if end == End::Server || self.answer.is_none() {
            self.version = Some(initial.version);
        }
        if context.flow.secrets.is_some() {
            self.learn_identifier(data.side, initial.source);
        }
        let frames = quic::crypto_frames(initial.version, &payload);
        for (offset, bytes) in &frames {
            let stream = if end == End::Client { &mut self.client_stream } else { &mut self.server_stream };
            if !stream.push(*offset, bytes) && !self.has_lost_pieces {
                self.has_lost_pieces = true;
                let detail = format!("left out {} bytes at {offset} of a CRYPTO stream, beyond {}", bytes.len(), limits::CRYPTO_BYTES);
                context.note((data.frame, data.time), "quic-crypto-limit", detail, Damage::Ours);
            }
        }
        match end {
            End::Client => {
                let is_new = self.offer.is_none();
                self.client_hello(initial.version, data, context.flow);
                let name = self.offer.as_ref().filter(|_| is_new).and_then(|offer| offer.server_name.as_deref()).unwrap_or_default();
                context.look_through((data.side, "sni"), name.as_bytes(), (data.frame, data.time));
            }
            End::Server => self.server_hello(data),
        }
        end == End::Client && !frames.is_empty()
    }

    /// The payload of an Initial and who sent it.
    fn open(&mut self, initial: &Long<'_>, side: Side) -> Option<(End, Vec<u8>)> {
        if self.client == Some(side.other()) {
            let opened = self.identifiers.iter().find_map(|identifier| quic::open(initial, identifier, End::Server));
            return opened.map(|payload| (End::Server, payload));
        }
        let known = self.identifiers.iter().find_map(|identifier| quic::open(initial, identifier, End::Client));
        if let Some(payload) = known {
            return Some((End::Client, payload));
        }
        let payload = quic::open(initial, initial.destination, End::Client).filter(|_| self.identifiers.len() < IDENTIFIERS)?;
        if self.identifiers.is_empty() {
            self.first = Some((initial.version, hex(initial.destination)));
        }
        self.client = Some(side);
        self.identifiers.push(initial.destination.to_vec());
        Some((End::Client, payload))
    }

    fn client_hello(&mut self, version: Version, data: Data<'_>, flow: &FlowInfo) {
        if self.offer.is_some() {
            return;
        }
        if version == Version::Q050 {
            self.google_hello(data);
            return;
        }
        let Some(Handshake::ClientHello(hello)) = self.client_stream.message().and_then(handshake::read) else { return };
        self.user_agent = hello.quic_parameters.and_then(quic::user_agent).map(escape);
        self.offer = Some(Hellos::offer(Carrier::Quic, &hello));
        self.keys = flow.secrets.as_ref().and_then(|secrets| Keys::new(secrets, &hello)).map(Box::new);
        self.last = Some((data.frame, data.time));
    }

    fn server_hello(&mut self, data: Data<'_>) {
        let Some(Handshake::ServerHello(hello)) = self.server_stream.message().and_then(handshake::read) else { return };
        if self.answer.is_none() && !hello.is_retry {
            self.answer = Some(Answer { version: hello.version, cipher: hello.cipher });
            self.last = Some((data.frame, data.time));
        }
    }

    /// A packet of Google QUIC in clear: only clients name their version.
    fn google(&mut self, packet: &gquic::Packet<'_>, data: Data<'_>) {
        if self.first.is_none() {
            self.first = Some((packet.version, hex(packet.connection)));
            self.last = Some((data.frame, data.time));
        }
        let pieces = packet.pieces();
        if self.offer.is_some() || pieces.is_empty() || self.client == Some(data.side.other()) {
            return;
        }
        self.version = Some(packet.version);
        self.hello_datagrams = self.hello_datagrams.saturating_add(1);
        self.client = Some(data.side);
        for (offset, bytes) in &pieces {
            // A client that was refused says hello again, further on in the same stream.
            self.take_google_hello(bytes, data);
            self.client_stream.push(*offset, bytes);
        }
        self.google_hello(data);
    }

    fn google_hello(&mut self, data: Data<'_>) {
        let stream = std::mem::take(&mut self.client_stream);
        self.take_google_hello(stream.bytes(), data);
        self.client_stream = stream;
    }

    /// Takes over a hello that is whole, or names the server already.
    fn take_google_hello(&mut self, bytes: &[u8], data: Data<'_>) {
        if let Some(hello) = gquic::hello(bytes).filter(|hello| self.offer.is_none() && (!hello.is_cut || hello.server_name.is_some())) {
            self.user_agent = hello.user_agent.map(escape);
            self.offer = Some(Hellos { server_name: hello.server_name.and_then(host), ..Hellos::default() });
            self.last = Some((data.frame, data.time));
        }
    }

    /// What tells that it carries DNS: what the client offers, or the port where no hello says what it carries.
    fn dns_basis(&self) -> Option<ApplicationBasis> {
        match self.offer.as_ref().map_or(&[][..], |offer| offer.alpn.as_slice()) {
            [] => (self.has_dns_port && !self.is_google()).then_some(ApplicationBasis::Port),
            names => names.iter().any(|name| name == "doq" || name.starts_with("doq-")).then_some(ApplicationBasis::Content),
        }
    }

    fn is_google(&self) -> bool {
        self.version.is_some_and(|version| version.name().starts_with('Q'))
    }

    /// Reads what is there of a client hello whose end did not come.
    fn salvage(&mut self) {
        if self.offer.is_some() {
            return;
        }
        self.offer = ClientHello::read_cut(self.client_stream.bytes()).map(|hello| Hellos::offer(Carrier::Quic, &hello));
        if self.offer.is_some() {
            self.lower("hello-cut");
        }
    }

    fn lower(&mut self, word: &'static str) {
        if !self.quality.contains(&word) {
            self.quality.push(word);
        }
    }

    fn emit(&mut self, context: &mut Context<'_>) {
        let Some(((version, identifier), (frame, time))) = self.first.clone().zip(self.last).filter(|_| !self.is_emitted) else { return };
        self.is_emitted = true;
        let offer = self.offer.clone().unwrap_or_default();
        let answer = self.answer.as_ref();
        let ([device, remote], client) = ([context.flow.device.1, context.flow.remote.1], self.client);
        let keys = self.keys.as_ref().filter(|keys| keys.has_hope());
        let row = QuicRow {
            origin: context.flow.origin(frame, time),
            hellos: offer.answered(answer.map(|answer| answer.version), answer.map(|answer| answer.cipher), self.alpn_chosen.clone()),
            // Nothing opened: the service port is the smaller one.
            from_device: client.map_or(device >= remote, |client| client == Side::Device),
            quic_version: self.version.unwrap_or(version).name(),
            dcid: identifier,
            datagrams: self.hello_datagrams,
            established: self.is_established,
            user_agent: self.user_agent.clone(),
            decrypted_by: keys.map(|keys| keys.used()).unwrap_or_default(),
            plain_bytes_out: keys.map(|_| self.streams.bytes().0),
            plain_bytes_in: keys.map(|_| self.streams.bytes().1),
            unopened: keys.map(|keys| keys.unopened()),
        };
        let agreed = Agreed::new(&row.origin, &row.hellos).with_answer(answer);
        posture::agreed(&agreed, context);
        posture::quic_version(&row.quic_version, &agreed, context);
        context.rows.push(Row::Quic(Box::new(row)));
    }
}

#[cfg(test)]
mod tests;
