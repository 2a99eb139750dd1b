//! The body of a message: counted and hashed as it was sent and as it is when its codings are taken off, looked at for
//! what it is, forms split into their parts. Nothing of it is kept but its beginning.
//!
//! Of a coded body in which something is wrong nothing is told but the identifiers that were seen in it. Of one that is
//! cut, all that comes before the cut is. Decoders get pieces of one size: what comes out of them before they stumble, and
//! when, then depends on the body alone, not on the segments that brought it.

mod coding;
mod tap;
#[cfg(test)]
mod tests;

use std::io::Write as _;

use sha2::{Digest as _, Sha256};

use super::content::{About, Content};
use super::{Context, Damage};
use crate::limits::BODY_PIECE_BYTES;
use crate::record::{MessageBody, Part, Row};
use crate::time::Timestamp;
use crate::wire::{escape, hex};

use coding::{Codings, Stage};
use tap::Tap;

/// How the body's message says it is coded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Declared {
    /// Content-Encoding field.
    pub(crate) coding: Option<Vec<u8>>,
    /// Content-Type field.
    pub(crate) media_type: Option<Vec<u8>>,
}

/// A body being read.
pub(crate) struct Body {
    stage: Stage,
    codings: Codings,
    /// Hash of what was sent, where that is not what it says.
    sent: Option<Sha256>,
    sent_bytes: u64,
    /// What was sent and does not fill a piece for the decoders yet.
    held: Vec<u8>,
    /// Bytes that the decoders have had.
    given_bytes: u64,
    is_whole: bool,
    is_undecodable: bool,
    last: (u64, Timestamp),
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Where its message ends.
    Whole,
    /// Its end was not seen.
    Cut,
}

impl Body {
    pub(crate) fn new(about: About, declared: &Declared, content: &Content) -> Self {
        let codings = Codings::parse(declared.coding.as_deref().unwrap_or_default());
        let tap = Tap::new(about, declared.media_type.as_deref().unwrap_or_default(), content);
        let (stage, is_undecodable) = codings.stage(tap, content);
        let sent = (!codings.is_identity()).then(Sha256::new);
        let last = (0, Timestamp::default());
        Self { stage, codings, sent, sent_bytes: 0, held: Vec::new(), given_bytes: 0, is_whole: true, is_undecodable, last }
    }

    /// The next bytes as they were sent.
    pub(crate) fn data(&mut self, bytes: &[u8], seen: (u64, Timestamp)) {
        self.last = seen;
        self.sent_bytes = self.sent_bytes.saturating_add(bytes.len() as u64);
        if let Some(sent) = &mut self.sent {
            sent.update(bytes);
        }
        // What comes behind a hole is still there to be read when nothing has to be decoded.
        if self.codings.is_identity() {
            self.give(bytes);
        } else if self.is_whole {
            self.decode(bytes);
        }
    }

    /// Cuts bytes into pieces for the decoders.
    fn decode(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_undecodable {
            let room = BODY_PIECE_BYTES.saturating_sub(self.held.len());
            let (next, later) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            self.held.extend_from_slice(next);
            rest = later;
            if self.held.len() >= BODY_PIECE_BYTES {
                self.give_held();
            }
        }
    }

    fn give_held(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        self.give(&held);
        held.clear();
        self.held = held;
    }

    fn give(&mut self, bytes: &[u8]) {
        if self.is_undecodable {
            return;
        }
        self.given_bytes = self.given_bytes.saturating_add(bytes.len() as u64);
        self.stage.tap().expect_more(self.given_bytes, self.last);
        if self.stage.write(bytes).is_err() {
            self.refuse();
        }
    }

    /// All that was sent so far, decoded as far as it goes.
    fn give_all(&mut self) {
        self.give_held();
        if !self.is_undecodable && self.stage.flush().is_err() {
            self.refuse();
        }
    }

    fn refuse(&mut self) {
        self.is_undecodable = true;
        self.stage.tap().forget();
    }

    /// Bytes are missing.
    pub(crate) fn missing(&mut self) {
        if self.is_whole {
            self.give_all();
        }
        self.is_whole = false;
        self.stage.tap().break_off();
    }

    /// The body has ended: what was found out, rows of its parts, and anomalies.
    pub(crate) fn end(mut self, ending: Ending, context: &mut Context<'_>) -> MessageBody {
        if self.is_whole && ending == Ending::Cut {
            self.missing();
        }
        self.give_held();
        if self.is_whole && !self.is_undecodable {
            self.is_undecodable = self.stage.finish().is_err();
        }
        self.note(context);
        let is_decoded = self.is_whole && !self.is_undecodable;
        let codings = self.codings.text();
        let (is_identity, is_whole, sent) = (self.codings.is_identity(), self.is_whole, self.sent.take());
        let read = self.stage.tap().end(if is_decoded { Ending::Whole } else { Ending::Cut }, context);
        let sha256 = read.summary.sha256.clone();
        MessageBody {
            coding: codings,
            decoded_bytes: (is_identity || is_decoded).then_some(read.summary.bytes),
            sent_sha256: if is_identity { sha256.clone() } else { sent.filter(|_| is_whole).map(|sent| hex(&sent.finalize())) },
            sha256,
            media_type: read.summary.media_type,
            form_fields: read.names,
            tells: read.tells,
            position: read.position,
            part_types: read.part_types,
        }
    }

    fn note(&mut self, context: &mut Context<'_>) {
        let (seen, codings) = (self.last, self.codings.text().unwrap_or_default());
        let parts = self.stage.tap().parts_left_out();
        if parts > 0 {
            context.note(seen, "form-parts", format!("{parts} parts of a form beyond the limit have no rows"), Damage::Ours);
        }
        if self.stage.tap().is_bomb {
            let detail = format!("a body of {} bytes decodes to more than is read of it ({codings})", self.sent_bytes);
            context.note(seen, "body-bomb", detail, Damage::Ours);
        } else if self.codings.is_beyond_limit() || self.stage.has_no_room() {
            context.note(seen, "body-limit", format!("a body is not decoded ({codings})"), Damage::Ours);
        } else if self.is_undecodable && self.codings.is_known() {
            context.note(seen, "body-undecodable", format!("a body is not what its coding says ({codings})"), Damage::Theirs);
        }
    }
}

/// What the decoded bytes told.
#[derive(Debug, Default)]
struct Read {
    summary: super::content::Summary,
    names: Vec<String>,
    tells: Vec<&'static str>,
    position: Option<&'static str>,
    part_types: Vec<&'static str>,
}

impl Read {
    /// With what a part told.
    fn add(&mut self, part: &Self) {
        let types = part.summary.media_type.filter(|name| !self.part_types.contains(name));
        self.part_types.extend(types);
        self.tells.extend(&part.tells);
        self.position = self.position.or(part.position);
    }
}

/// A part's row.
fn part_row(about: &About, number: u64, read: &Read) -> Row {
    let (name, file_name) = about.part.clone().unwrap_or_default();
    Row::Part(Box::new(Part {
        origin: about.origin.clone(),
        stream: about.stream,
        from_device: about.from_device,
        number,
        name: (!name.is_empty()).then_some(name),
        file_name,
        declared_type: about.declared.clone(),
        media_type: read.summary.media_type,
        bytes: read.summary.bytes,
        sha256: read.summary.sha256.clone(),
        tells: read.tells.clone(),
        position: read.position,
    }))
}

fn escaped(value: Option<&[u8]>) -> Option<String> {
    value.map(escape)
}
