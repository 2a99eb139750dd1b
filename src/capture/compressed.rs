//! Compressed captures: gzip, zstd and lz4, seen by their magic, streamed, and bounded against bombs.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::limits;

/// Reads the input as it lies on disk, and keeps its hash and length.
pub(super) struct Hashed<R> {
    source: R,
    hash: Sha256,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Hashed<R> {
    pub(super) fn new(source: R, bytes: Arc<AtomicU64>) -> Self {
        Self { source, hash: Sha256::new(), bytes }
    }

    /// Hash of what was read, in hex.
    pub(super) fn digest(&self) -> String {
        crate::wire::hex(&self.hash.clone().finalize())
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.hash.update(into.get(..read).unwrap_or_default());
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// How the input is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
    Lz4,
}

impl Compression {
    /// By the first four bytes: RFC 1952 section 2.3.1, RFC 8878 section 3.1.1, LZ4 frame format 1.6.
    pub(super) fn of(magic: &[u8]) -> Self {
        match magic {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Lz4,
            _ => Self::None,
        }
    }

    /// The word before the container's name.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => "gzip ",
            Self::Zstd => "zstd ",
            Self::Lz4 => "lz4 ",
        }
    }
}

/// The input with its compression taken off.
pub(super) enum Plain<R: Read> {
    None(R),
    Gzip(Box<flate2::read::MultiGzDecoder<R>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<R>>>),
    Lz4(Box<lz4_flex::frame::FrameDecoder<R>>),
}

impl<R: Read> Plain<R> {
    pub(super) fn new(source: R, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None(source),
            Compression::Gzip => Self::Gzip(Box::new(flate2::read::MultiGzDecoder::new(source))),
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::new(source)?;
                decoder.window_log_max(limits::COMPRESSION_WINDOW.ilog2())?;
                Self::Zstd(Box::new(decoder))
            }
            Compression::Lz4 => Self::Lz4(Box::new(lz4_flex::frame::FrameDecoder::new(source))),
        })
    }

    /// The input below.
    pub(super) fn raw(&mut self) -> &mut R {
        match self {
            Self::None(source) => source,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut().get_mut(),
            Self::Lz4(decoder) => decoder.get_mut(),
        }
    }
}

impl<R: Read> Read for Plain<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::None(source) => source.read(into),
            Self::Gzip(decoder) => decoder.read(into),
            Self::Zstd(decoder) => decoder.read(into),
            Self::Lz4(decoder) => decoder.read(into),
        }
    }
}

/// Stops a bomb: an error once far more came out than went in.
pub(super) struct Bounded<R: Read> {
    source: Plain<R>,
    compression: Compression,
    compressed: Arc<AtomicU64>,
    plain: u64,
}

impl<R: Read> Bounded<R> {
    pub(super) const fn new(source: Plain<R>, compression: Compression, compressed: Arc<AtomicU64>) -> Self {
        Self { source, compression, compressed, plain: 0 }
    }

    /// The input below the compression.
    pub(super) fn raw(&mut self) -> &mut R {
        self.source.raw()
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        if self.compression == Compression::None {
            return Ok(read);
        }
        self.plain += read as u64;
        let compressed = self.compressed.load(Ordering::Relaxed).max(1 << 10);
        if self.plain > 1 << 20 && self.plain / compressed > limits::COMPRESSION_RATIO {
            return Err(io::Error::other(format!(
                "{} bytes came out of {compressed} compressed ones: more than {} to 1 is taken to be a bomb",
                self.plain,
                limits::COMPRESSION_RATIO
            )));
        }
        Ok(read)
    }
}
