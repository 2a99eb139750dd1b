//! The sealed part of a QUIC connection: packets that the analyst's secrets may open, and what is in them.

use super::Quic;
use super::keys::{Keys, Level};
use super::streams::Piece;
use crate::app::{Context, Damage, Data, Side, certificates};
use crate::wire::handshake::{self, SealedMessage};
use crate::wire::quic::{CryptoStream, End, Frame, Long, frames};
use crate::wire::tls::{Messages, NextMessage};
use crate::wire::{compressed, escape};

/// Handshake messages of one end behind the hellos.
#[derive(Default)]
pub(super) struct HandshakeStream {
    stream: CryptoStream,
    fed: usize,
    messages: Messages,
    is_unreadable: bool,
}

/// Identifiers by which a side is called.
#[derive(Default)]
pub(super) struct Identifiers {
    /// Their lengths, the latest first.
    lengths: Vec<usize>,
}

impl Identifiers {
    /// The side has named itself so.
    pub(super) fn learn(&mut self, identifier: &[u8]) {
        let length = identifier.len();
        self.lengths.retain(|known| *known != length);
        self.lengths.insert(0, length);
    }
}

impl Quic {
    const fn identifiers(&mut self, side: Side) -> &mut Identifiers {
        match side {
            Side::Device => &mut self.device_identifiers,
            Side::Remote => &mut self.remote_identifiers,
        }
    }

    fn end(&self, side: Side) -> Option<End> {
        self.client.map(|client| if client == side { End::Client } else { End::Server })
    }

    /// There are secrets for this connection.
    pub(super) fn has_hope(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.has_hope())
    }

    /// Which side an opened packet's sender named itself.
    pub(super) fn learn_identifier(&mut self, side: Side, identifier: &[u8]) {
        self.identifiers(side).learn(identifier);
    }

    /// A Handshake or 0-RTT packet.
    pub(super) fn long(&mut self, level: Level, packet: &Long<'_>, data: Data<'_>, context: &mut Context<'_>) {
        if !self.has_hope() {
            return;
        }
        let Some(end) = self.end(data.side) else { return };
        let opened = self.keys.as_mut().and_then(|keys| keys.open_long(level, end, packet));
        if level == Level::Handshake {
            self.version = Some(packet.version);
        }
        match opened {
            Some(payload) => {
                self.learn_identifier(data.side, packet.source);
                self.payload(&payload, (level == Level::Handshake).then_some(end), data, context);
            }
            None => self.leave(data),
        }
    }

    /// A packet of the connection proper.
    pub(super) fn short(&mut self, packet: &[u8], data: Data<'_>, context: &mut Context<'_>) {
        if !self.has_hope() {
            return;
        }
        let (Some(end), Some(version)) = (self.end(data.side), self.version) else { return };
        let lengths = std::mem::take(&mut self.identifiers(data.side.other()).lengths);
        let opened = self.keys.as_mut().and_then(|keys| keys.open_short(end, packet, &lengths, version));
        self.identifiers(data.side.other()).lengths = lengths;
        match opened {
            Some(payload) => {
                self.is_established = true;
                self.payload(&payload, None, data, context);
            }
            // Behind another packet it may be what a server fills its datagrams with.
            None if packet.len() < data.bytes.len() => {}
            None => self.leave(data),
        }
    }

    fn leave(&mut self, data: Data<'_>) {
        self.first_unopened = self.first_unopened.or(Some((data.frame, data.time)));
        if let Some(keys) = &mut self.keys {
            keys.leave();
        }
    }

    fn payload(&mut self, payload: &[u8], handshake: Option<End>, data: Data<'_>, context: &mut Context<'_>) {
        for frame in frames(payload) {
            match frame {
                Frame::Crypto { offset, bytes } => {
                    if let Some(end) = handshake {
                        self.handshake(end, (offset, bytes), data, context);
                    }
                }
                Frame::Stream { id, offset, bytes, is_final } => {
                    self.speak();
                    self.streams.push(Piece { id, offset, is_final, data: Data { bytes, ..data } }, context);
                }
                Frame::Identifier(identifier) => self.learn_identifier(data.side, identifier),
                Frame::Unknown(kind) => self.unknown_frame(kind, data, context),
                Frame::Other => {}
            }
        }
    }

    /// What the server chose, else the only thing, or the best known, that the client offered.
    fn speak(&mut self) {
        let client = self.client.unwrap_or(Side::Device);
        if let Some(alpn) = &self.alpn_chosen {
            self.streams.speak(alpn, client);
            return;
        }
        let offered = self.offer.as_ref().map_or(&[][..], |offer| offer.alpn.as_slice());
        if let Some(known) = ["h3", "doq"].into_iter().find(|known| offered.iter().any(|name| name == known)) {
            self.streams.speak(known, client);
        }
    }

    fn unknown_frame(&mut self, kind: u64, data: Data<'_>, context: &mut Context<'_>) {
        if !self.has_unknown_frame {
            self.has_unknown_frame = true;
            let what = if kind == u64::MAX { "a frame that is not whole".to_owned() } else { format!("a frame of type {kind:#x}") };
            let detail = format!("found {what}: the rest of its packet is not read");
            context.note((data.frame, data.time), "quic-unknown-frame", detail, Damage::Theirs);
        }
    }

    fn handshake(&mut self, end: End, (offset, bytes): (u64, &[u8]), data: Data<'_>, context: &mut Context<'_>) {
        let mut stream = match end {
            End::Client => std::mem::take(&mut self.client_handshake),
            End::Server => std::mem::take(&mut self.server_handshake),
        };
        stream.stream.push(offset, bytes);
        stream.messages.push(stream.stream.bytes().get(stream.fed..).unwrap_or_default());
        stream.fed = stream.stream.bytes().len();
        while !stream.is_unreadable {
            match stream.messages.next() {
                NextMessage::Message(message) => self.sealed_message(message, data, context),
                NextMessage::Wait => break,
                NextMessage::Excess => stream.is_unreadable = true,
            }
        }
        match end {
            End::Client => self.client_handshake = stream,
            End::Server => self.server_handshake = stream,
        }
    }

    fn sealed_message(&mut self, message: &[u8], data: Data<'_>, context: &mut Context<'_>) {
        match handshake::read_sealed(message) {
            Some(SealedMessage::Extensions { alpn: Some(alpn) }) => {
                let alpn = escape(alpn);
                self.streams.speak(&alpn, self.client.unwrap_or(Side::Device));
                self.alpn_chosen = Some(alpn);
            }
            Some(SealedMessage::Certificates(chain)) => self.certificates(&chain, data, context),
            Some(SealedMessage::Compressed { algorithm, length, bytes }) => {
                let body = compressed::expand(algorithm, length, bytes).unwrap_or_default();
                self.certificates(&handshake::certificates(&body).unwrap_or_default(), data, context);
            }
            _ => {}
        }
    }

    fn certificates(&mut self, chain: &[&[u8]], data: Data<'_>, context: &mut Context<'_>) {
        let server_name = self.offer.as_ref().and_then(|offer| offer.server_name.as_ref());
        let names = certificates::tell(chain, server_name, data, context);
        if self.client != Some(data.side) && !names.is_empty() {
            self.certificate_names = names;
        }
    }

    /// Ends the streams, and says where packets could not be opened although there are keys.
    pub(super) fn finish_sealed(&mut self, context: &mut Context<'_>) {
        self.streams.finish(context);
        if self.streams.has_lost_pieces() {
            self.lower("reassembly-limit");
        }
        let (Some(keys), Some(seen)) = (&self.keys, self.first_unopened.take()) else { return };
        let detail = unopened(keys);
        context.note(seen, "quic-unopened", detail, Damage::Theirs);
    }
}

fn unopened(keys: &Keys) -> String {
    let which = if keys.used().is_empty() { "none was" } else { "others were" };
    format!(
        "found {} sealed packets that no secret opens, {which} opened: keys of packets before them were not seen, or the secrets are of another connection",
        keys.unopened()
    )
}
