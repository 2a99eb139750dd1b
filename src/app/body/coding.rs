//! Content codings taken off as the bytes come (RFC 9110 section 8.4.1, RFC 7932, RFC 8878): each decoder writes into
//! the next, the last into the tap. None holds more than its window.

use std::io::{self, Write};

use super::super::content::Content;
use super::tap::Tap;
use crate::limits::{BODY_CODINGS, BODY_WINDOW_BYTES};

/// What the decoders hold: their windows and a little more.
const SMALL_BYTES: usize = 64 << 10;
const LARGE_BYTES: usize = BODY_WINDOW_BYTES * 2;
/// Bytes that brotli gives on at a time.
const BROTLI_BYTES: usize = 16 << 10;
/// Bytes that deflate gives on at a time.
const INFLATED_BYTES: usize = 16 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
    Unknown,
}

/// The codings of a body, in the order in which they were applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Codings {
    list: Vec<Coding>,
    text: String,
}

impl Codings {
    pub(super) fn parse(field: &[u8]) -> Self {
        let words = field.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).map(<[u8]>::to_ascii_lowercase);
        let list: Vec<Coding> = words.filter_map(|word| coding(&word)).take(BODY_CODINGS.saturating_add(1)).collect();
        Self { text: crate::wire::escape(field.trim_ascii()), list }
    }

    pub(super) fn is_identity(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn is_known(&self) -> bool {
        !self.list.contains(&Coding::Unknown)
    }

    pub(super) fn is_beyond_limit(&self) -> bool {
        self.list.len() > BODY_CODINGS
    }

    /// As the message says it.
    pub(super) fn text(&self) -> Option<String> {
        (!self.is_identity()).then(|| self.text.clone())
    }

    /// The decoders before a tap, and whether nothing can be decoded.
    pub(super) fn stage(&self, tap: Tap, content: &Content) -> (Stage, bool) {
        let mut stage = Stage::Tap(Box::new(tap));
        if !self.is_known() || self.is_beyond_limit() {
            return (stage, true);
        }
        for coding in &self.list {
            let bytes = if matches!(coding, Coding::Gzip | Coding::Deflate) { SMALL_BYTES } else { LARGE_BYTES };
            let Some(room) = content.reserve(bytes) else {
                stage.tap().has_no_room = true;
                return (stage, true);
            };
            stage.tap().rooms.push(room);
            stage = stage.wrapped(*coding);
        }
        (stage, false)
    }
}

fn coding(word: &[u8]) -> Option<Coding> {
    match word {
        b"" | b"identity" => None,
        b"gzip" | b"x-gzip" => Some(Coding::Gzip),
        b"deflate" => Some(Coding::Deflate),
        b"br" => Some(Coding::Brotli),
        b"zstd" => Some(Coding::Zstd),
        _ => Some(Coding::Unknown),
    }
}

/// A decoder, or the tap behind all of them.
pub(super) enum Stage {
    Tap(Box<Tap>),
    Gzip(Box<flate2::write::MultiGzDecoder<Self>>),
    Deflate(Box<Deflate>),
    Brotli(Box<brotli_decompressor::DecompressorWriter<Self>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Self>>),
}

impl Stage {
    fn wrapped(self, coding: Coding) -> Self {
        match coding {
            Coding::Gzip => Self::Gzip(Box::new(flate2::write::MultiGzDecoder::new(self))),
            Coding::Deflate => Self::Deflate(Box::new(Deflate::new(self))),
            Coding::Brotli => Self::Brotli(Box::new(brotli_decompressor::DecompressorWriter::new(self, BROTLI_BYTES))),
            Coding::Zstd => self.with_zstd(),
            Coding::Unknown => self,
        }
    }

    /// Decoders of zstd are made without dictionary, for which nothing can fail but memory.
    fn with_zstd(self) -> Self {
        let decoder = zstd::stream::raw::Decoder::new().and_then(|mut decoder| {
            decoder.set_parameter(zstd::stream::raw::DParameter::WindowLogMax(BODY_WINDOW_BYTES.ilog2()))?;
            Ok(decoder)
        });
        match decoder {
            Ok(decoder) => Self::Zstd(Box::new(zstd::stream::write::Decoder::with_decoder(self, decoder))),
            Err(_) => self,
        }
    }

    /// What stands behind all decoders.
    pub(super) fn tap(&mut self) -> &mut Tap {
        match self {
            Self::Tap(tap) => tap,
            Self::Gzip(decoder) => decoder.get_mut().tap(),
            Self::Deflate(decoder) => decoder.next.tap(),
            Self::Brotli(decoder) => decoder.get_mut().tap(),
            Self::Zstd(decoder) => decoder.get_mut().tap(),
        }
    }

    /// There was no memory left for its decoder.
    pub(super) fn has_no_room(&mut self) -> bool {
        self.tap().has_no_room
    }

    /// Decodes bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    /// The last of the decoded bytes; fails when the coding has not ended.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Tap(_) => return Ok(()),
            Self::Gzip(decoder) => decoder.try_finish()?,
            Self::Deflate(decoder) => decoder.is_over.then_some(()).ok_or(io::ErrorKind::UnexpectedEof)?,
            Self::Brotli(decoder) => decoder.close()?,
            Self::Zstd(decoder) => decoder.do_finish()?,
        }
        match self {
            Self::Tap(_) => Ok(()),
            Self::Gzip(decoder) => decoder.get_mut().finish(),
            Self::Deflate(decoder) => decoder.next.finish(),
            Self::Brotli(decoder) => decoder.get_mut().finish(),
            Self::Zstd(decoder) => decoder.get_mut().finish(),
        }
    }
}

impl Write for Stage {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tap(tap) => tap.write(bytes),
            Self::Gzip(decoder) => decoder.write(bytes),
            Self::Deflate(decoder) => decoder.read(bytes).map(|()| bytes.len()),
            Self::Brotli(decoder) => decoder.write(bytes),
            Self::Zstd(decoder) => decoder.write(bytes),
        }
    }

    /// Gives on all that the bytes so far decode to.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tap(_) => Ok(()),
            Self::Gzip(decoder) => decoder.flush().and_then(|()| decoder.get_mut().flush()),
            Self::Deflate(decoder) => decoder.next.flush(),
            Self::Brotli(decoder) => decoder.get_mut().flush(),
            Self::Zstd(decoder) => decoder.flush().and_then(|()| decoder.get_mut().flush()),
        }
    }
}

/// What is called deflate is zlib (RFC 1950), or, from some senders, bare deflate (RFC 1951): the first two bytes tell.
pub(super) struct Deflate {
    next: Stage,
    start: Vec<u8>,
    inflate: Option<flate2::Decompress>,
    is_over: bool,
}

impl Deflate {
    const fn new(next: Stage) -> Self {
        Self { next, start: Vec::new(), inflate: None, is_over: false }
    }

    fn read(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(inflate) = &mut self.inflate {
            self.is_over |= inflated(inflate, bytes, &mut self.next)?;
            return Ok(());
        }
        self.start.extend_from_slice(bytes);
        let [method, flags, ..] = *self.start.as_slice() else { return Ok(()) };
        let is_zlib = method & 0x0f == 8 && u16::from_be_bytes([method, flags]).is_multiple_of(31);
        let start = std::mem::take(&mut self.start);
        let inflate = self.inflate.insert(flate2::Decompress::new(is_zlib));
        self.is_over |= inflated(inflate, &start, &mut self.next)?;
        Ok(())
    }
}

/// Gives on what the bytes decode to; whether the stream is over.
fn inflated(inflate: &mut flate2::Decompress, bytes: &[u8], next: &mut Stage) -> io::Result<bool> {
    let mut rest = bytes;
    let mut decoded = Vec::with_capacity(INFLATED_BYTES);
    loop {
        let before = inflate.total_in();
        decoded.clear();
        let status = inflate.decompress_vec(rest, &mut decoded, flate2::FlushDecompress::None)?;
        let taken = usize::try_from(inflate.total_in().saturating_sub(before)).unwrap_or(usize::MAX);
        rest = rest.get(taken..).unwrap_or_default();
        next.write_all(&decoded)?;
        if status == flate2::Status::StreamEnd {
            return Ok(true);
        }
        if rest.is_empty() && decoded.len() < decoded.capacity() || taken == 0 && decoded.is_empty() {
            return Ok(false);
        }
    }
}
