//! Compressed captures: gzip, zstd and lz4, seen by their magic, streamed, and bounded against bombs.

use std::io::{self, BufRead, BufReader, Read};
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
    Gzip(Box<flate2::bufread::MultiGzDecoder<Pieces<R>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<R>>>),
    Lz4(Box<lz4_flex::frame::FrameDecoder<R>>),
}

impl<R: Read> Plain<R> {
    pub(super) fn new(source: R, compression: Compression) -> io::Result<Self> {
        Ok(match compression {
            Compression::None => Self::None(source),
            Compression::Gzip => Self::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(Pieces::new(source)))),
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
            Self::Gzip(decoder) => decoder.get_mut().source.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut().get_mut(),
            Self::Lz4(decoder) => decoder.get_mut(),
        }
    }
}

impl<R: Read> Read for Plain<R> {
    /// A decoder that fails says nothing of what it decoded in the same call: little is asked of it at a time.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len().min(limits::DECOMPRESS_BYTES);
        let few = into.get_mut(..length).unwrap_or_default();
        match self {
            Self::None(source) => source.read(into),
            Self::Gzip(decoder) => decoder.read(few),
            Self::Zstd(decoder) => decoder.read(few),
            Self::Lz4(decoder) => decoder.read(few),
        }
    }
}

/// Shows its input in pieces of one size, however it arrives: what is decoded before damage then depends on the input
/// alone, and little is lost with the piece that holds the damage.
pub(super) struct Pieces<R> {
    source: BufReader<R>,
    piece: Vec<u8>,
    read: usize,
}

impl<R: Read> Pieces<R> {
    fn new(source: R) -> Self {
        Self { source: BufReader::new(source), piece: Vec::with_capacity(limits::DEFLATE_PIECE_BYTES), read: 0 }
    }
}

impl<R: Read> BufRead for Pieces<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.read >= self.piece.len() {
            self.piece.clear();
            self.read = 0;
            self.source.by_ref().take(limits::DEFLATE_PIECE_BYTES as u64).read_to_end(&mut self.piece)?;
        }
        Ok(self.piece.get(self.read..).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.read += bytes;
    }
}

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that do not compress.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn what_lies_before_the_damage_is_read() {
        const BLOCK_BYTES: usize = 128 << 10;
        let plain: Vec<u8> = noise(3 * BLOCK_BYTES).iter().map(|byte| byte & 0x3f).collect();
        let mut packed = zstd::encode_all(plain.as_slice(), 1).unwrap();
        let last = packed.len() - 60_000;
        packed.get_mut(last..).unwrap().fill(0xff);
        let mut source = Plain::new(packed.as_slice(), Compression::Zstd).unwrap();
        let (mut read, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
        while let Ok(more @ 1..) = source.read(&mut buffer) {
            read.extend_from_slice(&buffer[..more]);
        }
        assert!(read.len() >= 2 * BLOCK_BYTES - limits::DECOMPRESS_BYTES && plain.starts_with(&read), "{}", read.len());
    }

    /// Hands out one byte at a time.
    struct Drops<'a>(&'a [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0.read(into.get_mut(..1).unwrap_or_default())
        }
    }

    /// What comes out before an error.
    fn before_damage(source: impl Read) -> Vec<u8> {
        let mut source = Plain::new(source, Compression::Gzip).unwrap();
        let (mut read, mut buffer) = (Vec::new(), vec![0; 1 << 20]);
        while let Ok(more @ 1..) = source.read(&mut buffer) {
            read.extend_from_slice(&buffer[..more]);
        }
        read
    }

    #[test]
    fn what_is_read_before_damage_does_not_depend_on_how_the_input_comes() {
        use std::io::Write;
        let plain: Vec<u8> = noise(200_000).iter().map(|byte| byte & 0x3f).collect();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&plain).unwrap();
        let mut packed = encoder.finish().unwrap();
        let damage = packed.len() / 2;
        packed.get_mut(damage..damage + 2_000).unwrap().fill(0xff);
        let whole = before_damage(packed.as_slice());
        assert!(whole.len() > plain.len() / 2 - 2 * limits::DEFLATE_PIECE_BYTES, "{}", whole.len());
        assert!(whole.starts_with(&plain[..plain.len() / 2 - 2 * limits::DEFLATE_PIECE_BYTES]));
        assert!(whole == before_damage(Drops(&packed)));
    }
}
