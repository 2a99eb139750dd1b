//! Where decoded bytes arrive: they are hashed, their start is kept to see what they are, a form is split, and whoever
//! else reads bodies gets them.

use std::io;

use sha2::{Digest as _, Sha256};

use super::super::Context;
use super::super::content::{About, Content, Reserved, Sink, Summary};
use super::{Ending, Read, escaped, part_row};
use crate::limits::{BODY_FREE_BYTES, BODY_HEAD_BYTES, BODY_LONG_HEAD_BYTES, BODY_RATIO, FORM_NAMES};
use crate::record::Row;
use crate::time::Timestamp;
use crate::wire::form::{self, Multipart, Names, Piece};
use crate::wire::{escape, exif, hex, keys, media};

/// Takes the decoded bytes of a body.
pub(super) struct Tap {
    about: About,
    content: Content,
    taken: Taken,
    form: Form,
    /// Bytes that may come in all.
    most: u64,
    seen: (u64, Timestamp),
    pub(super) is_bomb: bool,
    pub(super) has_no_room: bool,
    /// Memory of the decoders before it.
    pub(super) rooms: Vec<Reserved>,
}

enum Form {
    None,
    Names(Names),
    Parts(Box<Parts>),
}

/// Parts of a form.
struct Parts {
    cut: Multipart,
    number: u64,
    open: Option<(About, Taken)>,
    /// Of all parts so far: names, and what they told.
    read: Read,
    rows: Vec<Row>,
}

impl Tap {
    pub(super) fn new(about: About, media_type: &[u8], content: &Content) -> Self {
        let form = Form::of(media_type);
        let taken = Taken::new(content.sinks(&about));
        Self {
            about,
            content: content.clone(),
            taken,
            form,
            most: 0,
            seen: <_>::default(),
            is_bomb: false,
            has_no_room: false,
            rooms: Vec::new(),
        }
    }

    /// So many bytes have been sent by now, the last of them in this frame.
    pub(super) const fn expect_more(&mut self, sent: u64, seen: (u64, Timestamp)) {
        self.most = sent.saturating_mul(BODY_RATIO).saturating_add(BODY_FREE_BYTES);
        self.seen = seen;
    }

    /// What came so far is not what its coding says; of a bomb the start is true.
    pub(super) fn forget(&mut self) {
        self.form = Form::None;
        self.taken.is_whole = false;
        if !self.is_bomb {
            self.taken.head.clear();
        }
    }

    /// Bytes are missing.
    pub(super) fn break_off(&mut self) {
        self.taken.is_whole = false;
        if let Form::Parts(parts) = &mut self.form
            && let Some((_, taken)) = &mut parts.open
        {
            taken.is_whole = false;
        }
    }

    /// Parts of a form beyond those that have rows.
    pub(super) fn parts_left_out(&self) -> u64 {
        if let Form::Parts(parts) = &self.form { parts.number.saturating_sub(FORM_NAMES as u64) } else { 0 }
    }

    /// The body is over.
    pub(super) fn end(&mut self, ending: Ending, context: &mut Context<'_>) -> Read {
        let parts = match &mut self.form {
            Form::None => Read::default(),
            Form::Names(names) => {
                names.next();
                Read { names: names.names.iter().map(|name| escape(name)).collect(), ..Read::default() }
            }
            Form::Parts(parts) => {
                parts.finish(self.seen, context);
                std::mem::take(&mut parts.read)
            }
        };
        let taken = std::mem::replace(&mut self.taken, Taken::new(Vec::new()));
        let own = taken.end(ending, &mut *context.rows);
        let mut tells = [own.tells, parts.tells].concat();
        tells.extend(parts.names.iter().filter_map(|name| keys::meaning(name.as_bytes())));
        tells.sort_unstable();
        tells.dedup();
        let position = own.position.or(parts.position);
        Read { summary: own.summary, names: parts.names, tells, position, part_types: parts.part_types }
    }
}

impl io::Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.taken.take(bytes, self.seen);
        match &mut self.form {
            Form::None => {}
            Form::Names(names) => names.data(bytes),
            Form::Parts(parts) => parts.data(bytes, (&self.about, &self.content, self.seen)),
        }
        if self.taken.bytes > self.most {
            self.is_bomb = true;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Form {
    fn of(media_type: &[u8]) -> Self {
        let essence = media_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if essence.get(..10).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/")) {
            let parts = |cut| Self::Parts(Box::new(Parts { cut, number: 0, open: None, read: Read::default(), rows: Vec::new() }));
            return Multipart::new(media_type).map_or(Self::None, parts);
        }
        if essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") { Self::Names(Names::default()) } else { Self::None }
    }
}

impl Parts {
    fn data(&mut self, bytes: &[u8], (about, content, seen): (&About, &Content, (u64, Timestamp))) {
        let Self { cut, number, open, read: all, rows } = self;
        cut.data(bytes, &mut |piece| match piece {
            Piece::Head(head) => {
                *number = number.saturating_add(1);
                let part = part(about, head, &mut all.names);
                // Parts beyond the limit are part of their body and nothing more.
                *open = (*number <= FORM_NAMES as u64).then(|| {
                    let sinks = content.sinks(&part);
                    (part, Taken::new(sinks))
                });
            }
            Piece::Data(data) => {
                if let Some((_, taken)) = open {
                    taken.take(data, seen);
                }
            }
            Piece::End => {
                if let Some((about, taken)) = open.take() {
                    let read = taken.end(Ending::Whole, rows);
                    all.add(&read);
                    rows.push(part_row(&about, *number, &read));
                }
            }
        });
    }

    /// The body has ended; a part whose boundary did not come is cut.
    fn finish(&mut self, seen: (u64, Timestamp), context: &mut Context<'_>) {
        let Self { cut, open, number, read: all, rows } = self;
        if let Some((about, mut taken)) = open.take() {
            cut.finish(&mut |piece| {
                if let Piece::Data(data) = piece {
                    taken.take(data, seen);
                }
            });
            let read = taken.end(Ending::Cut, rows);
            all.add(&read);
            rows.push(part_row(&about, *number, &read));
        }
        context.rows.append(rows);
    }
}

/// A part, by its fields.
fn part(about: &About, head: &[u8], names: &mut Vec<String>) -> About {
    let disposition = form::field(head, b"content-disposition").unwrap_or_default();
    let name = form::parameter(disposition, b"name").unwrap_or_default();
    let file_name = form::parameter(disposition, b"filename");
    let name = escape(&name);
    if !name.is_empty() && names.len() < FORM_NAMES && !names.contains(&name) {
        names.push(name.clone());
    }
    let declared = escaped(form::field(head, b"content-type"));
    About { declared, part: Some((name, escaped(file_name.as_deref()))), ..about.clone() }
}

/// Decoded bytes of a body or part, as far as they have come.
struct Taken {
    hash: Sha256,
    bytes: u64,
    head: Vec<u8>,
    /// How much of the start is kept.
    kept: usize,
    is_whole: bool,
    sinks: Vec<Box<dyn Sink>>,
}

impl Taken {
    fn new(sinks: Vec<Box<dyn Sink>>) -> Self {
        Self { hash: Sha256::new(), bytes: 0, head: Vec::new(), kept: BODY_HEAD_BYTES, is_whole: true, sinks }
    }

    fn take(&mut self, bytes: &[u8], seen: (u64, Timestamp)) {
        self.hash.update(bytes);
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.is_whole && self.head.len() < self.kept {
            self.keep(bytes);
        }
        self.sinks.iter_mut().for_each(|sink| sink.chunk(bytes, seen));
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = self.kept.saturating_sub(self.head.len());
        let (first, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.head.extend_from_slice(first);
        if self.head.len() == BODY_HEAD_BYTES && self.kept == BODY_HEAD_BYTES && has_long_head(&self.head) {
            self.kept = BODY_LONG_HEAD_BYTES;
            self.keep(rest);
        }
    }

    fn end(self, ending: Ending, rows: &mut Vec<Row>) -> Read {
        let is_whole = ending == Ending::Whole && self.is_whole;
        let media_type = media::media_type(&self.head, is_whole.then_some(self.bytes));
        let sha256 = is_whole.then(|| hex(&self.hash.finalize()));
        let summary = Summary { bytes: self.bytes, sha256, media_type };
        self.sinks.into_iter().for_each(|sink| sink.end(&summary, rows));
        let is_picture = media_type.is_some_and(|name| name.starts_with("image/"));
        let position = is_picture.then(|| exif::position(&self.head)).flatten().map(|position| match position {
            exif::Position::Exif(..) => "exif",
            exif::Position::Xmp => "xmp",
        });
        let tells = if media_type == Some("application/json") { keys::of_json(&self.head) } else { Vec::new() };
        Read { summary, tells, position, ..Read::default() }
    }
}

fn has_long_head(head: &[u8]) -> bool {
    media::media_type(head, None).is_some_and(|name| name.starts_with("image/") || name == "application/json")
}
