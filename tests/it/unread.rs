//! How often the class of bytes that nobody can read is right: samples of every kind are sent over a connection each, and
//! the classes of the flows are put beside what was sent. `docs/unread.md` is what this writes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use aes::cipher::{BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7};
use aes_gcm::KeyInit as _;
use aes_gcm::aead::Aead as _;
use chacha20poly1305::ChaCha20Poly1305;
use sha2::{Digest as _, Sha256};
use whereto::analysis::{self, Options};
use whereto::capture::Inputs;
use whereto::record::{Flow, Row};

use crate::corpus::Collected;
use crate::sources::root;

/// Bytes of a sample.
const LENGTHS: [usize; 6] = [32, 128, 512, 2_048, 8_192, 16_384];
/// Samples of each kind and length.
const SAMPLES: usize = 40;

/// Classes in the order of the table.
const CLASSES: [&str; 7] = ["encrypted", "encrypted-or-compressed", "compressed", "media", "text", "binary", "undetermined"];

/// Numbers that are the same each time: SHA-256 in counter mode.
struct Dice {
    seed: [u8; 32],
    count: u64,
}

impl Dice {
    fn new(seed: &str) -> Self {
        Self { seed: Sha256::digest(seed).into(), count: 0 }
    }

    fn block(&mut self) -> [u8; 32] {
        self.count += 1;
        Sha256::new().chain_update(self.seed).chain_update(self.count.to_be_bytes()).finalize().into()
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = Vec::new();
        while bytes.len() < length {
            bytes.extend(self.block());
        }
        bytes.truncate(length);
        bytes
    }

    fn below(&mut self, limit: usize) -> usize {
        let [a, b, c, d, ..] = self.block();
        usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap() % limit.max(1)
    }

    /// `length` bytes from anywhere in these.
    fn piece(&mut self, of: &[u8], length: usize) -> Vec<u8> {
        let start = self.below(of.len().saturating_sub(length).max(1));
        of[start..(start + length).min(of.len())].to_vec()
    }
}

/// What samples are taken from.
struct Material {
    text: Vec<u8>,
    json: Vec<u8>,
    pictures: Vec<Vec<u8>>,
}

impl Material {
    fn read() -> Self {
        let read = |name: &str| fs::read(root().join(name)).unwrap();
        let text =
            ["LICENSE-APACHE", "LICENSE-MIT", "captures/generate/day.py", "captures/generate/plan.csv", "tests/data/tls/generate.py"];
        let json = ["captures/go4-day.truth.json", "captures/mixed-link-types.truth.json"];
        let of = |names: &[&str]| names.iter().flat_map(|name| read(name)).collect();
        Self { text: of(&text), json: of(&json), pictures: pictures() }
    }

    fn plain(&self, dice: &mut Dice, length: usize) -> Vec<u8> {
        let of = if dice.below(2) == 0 { &self.text } else { &self.json };
        let mut plain = Vec::new();
        while plain.len() < length {
            plain.extend(dice.piece(of, length - plain.len()));
        }
        plain
    }
}

/// The pictures that a phone sent in clear in one of the sample captures.
fn pictures() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { scratch: std::env::temp_dir(), extract: Some(folder.path().to_path_buf()), ..Options::default() };
    run(&root().join("captures/lab-wpa2-flight-phone.pcap.zst"), &options);
    let mut files: Vec<_> = walk(folder.path());
    files.sort();
    let pictures: Vec<Vec<u8>> =
        files.iter().map(|file| fs::read(file).unwrap()).filter(|bytes| bytes.starts_with(b"\xff\xd8\xff")).collect();
    assert!(pictures.iter().map(Vec::len).sum::<usize>() > 100_000, "the capture has two pictures");
    pictures
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

fn run(path: &Path, options: &Options) -> Collected {
    let mut collected = Collected::default();
    let inputs = Inputs { captures: vec![path.to_path_buf()], passed_over: Vec::new() };
    analysis::run(&inputs, options, &mut collected, &mut |_| {}).expect("rules and address data are there");
    collected
}

type Make = fn(&Material, &mut Dice, usize) -> Vec<u8>;

/// Kinds of payload, each with the classes that are right for it.
const KINDS: &[(&str, &[&str], Make)] = &[
    ("AES-128-GCM", ENCRYPTED, gcm),
    ("ChaCha20-Poly1305", ENCRYPTED, chacha),
    ("AES-128-CBC", ENCRYPTED, cbc),
    ("base64 of ciphertext", ENCRYPTED, |m, dice, length| base64(&gcm(m, dice, length * 3 / 4 + 3), length)),
    ("hexadecimal of ciphertext", ENCRYPTED, |m, dice, length| hex(&gcm(m, dice, length / 2 + 1), length)),
    ("gzip, whole file", COMPRESSED, |m, dice, length| whole(gzip, m, dice, length)),
    ("gzip, from the middle", COMPRESSED, |m, dice, length| middle(gzip, m, dice, length)),
    ("zstd, from the middle", COMPRESSED, |m, dice, length| middle(zstandard, m, dice, length)),
    ("brotli, from the middle", COMPRESSED, |m, dice, length| middle(brotli_of, m, dice, length)),
    ("base64 of gzip", COMPRESSED, |m, dice, length| base64(&whole(gzip, m, dice, length * 3 / 4 + 3), length)),
    ("JPEG, whole file", MEDIA, |m, dice, length| {
        let picture = &m.pictures[dice.below(m.pictures.len())];
        picture[..length.min(picture.len())].to_vec()
    }),
    ("JPEG, from the middle", MEDIA, |m, dice, length| {
        let picture = &m.pictures[dice.below(m.pictures.len())];
        dice.piece(&picture[1_024..], length)
    }),
    ("text, program text, tables", TEXT, |m, dice, length| dice.piece(&m.text, length)),
    ("JSON", TEXT, |m, dice, length| dice.piece(&m.json, length)),
    ("base64 of text", TEXT, |m, dice, length| base64(&m.plain(dice, length * 3 / 4 + 3), length)),
    ("protobuf of telemetry", BINARY, protobuf),
    ("fixed fields of telemetry", BINARY, fields),
    ("sound, 16 bits, with noise", BINARY, sound),
];

const ENCRYPTED: &[&str] = &["encrypted-or-compressed"];
const COMPRESSED: &[&str] = &["compressed", "encrypted-or-compressed"];
const MEDIA: &[&str] = &["media", "compressed", "encrypted-or-compressed"];
const TEXT: &[&str] = &["text"];
const BINARY: &[&str] = &["binary"];

fn gcm(material: &Material, dice: &mut Dice, length: usize) -> Vec<u8> {
    let key: [u8; 16] = dice.bytes(16).try_into().unwrap();
    let nonce: [u8; 12] = dice.bytes(12).try_into().unwrap();
    let plain = material.plain(dice, length);
    let mut sealed = aes_gcm::Aes128Gcm::new(&key.into()).encrypt(&nonce.into(), plain.as_slice()).unwrap();
    sealed.truncate(length);
    sealed
}

fn chacha(material: &Material, dice: &mut Dice, length: usize) -> Vec<u8> {
    let key: [u8; 32] = dice.bytes(32).try_into().unwrap();
    let nonce: [u8; 12] = dice.bytes(12).try_into().unwrap();
    let plain = material.plain(dice, length);
    let mut sealed = ChaCha20Poly1305::new(&key.into()).encrypt(&nonce.into(), plain.as_slice()).unwrap();
    sealed.truncate(length);
    sealed
}

fn cbc(material: &Material, dice: &mut Dice, length: usize) -> Vec<u8> {
    let key: [u8; 16] = dice.bytes(16).try_into().unwrap();
    let vector: [u8; 16] = dice.bytes(16).try_into().unwrap();
    let plain = material.plain(dice, length);
    let mut sealed = vec![0; plain.len() + 16];
    sealed[..plain.len()].copy_from_slice(&plain);
    let encryptor = cbc::Encryptor::<aes::Aes128>::new(&key.into(), &vector.into());
    encryptor.encrypt_padded::<Pkcs7>(&mut sealed, plain.len()).unwrap();
    sealed.truncate(length);
    sealed
}

fn base64(bytes: &[u8], length: usize) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let of = |triple: &[u8]| {
        let number = triple.iter().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| DIGITS[number >> shift & 63])
    };
    bytes.chunks_exact(3).flat_map(of).take(length).collect()
}

fn hex(bytes: &[u8], length: usize) -> Vec<u8> {
    bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).take(length).collect()
}

/// By one library whatever the features: what flate2 compresses with depends on what else is built.
fn gzip(plain: &[u8]) -> Vec<u8> {
    const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut check = flate2::Crc::new();
    check.update(plain);
    let length = u32::try_from(plain.len()).unwrap();
    [&HEAD[..], &miniz_oxide::deflate::compress_to_vec(plain, 6), &check.sum().to_le_bytes(), &length.to_le_bytes()].concat()
}

fn zstandard(plain: &[u8]) -> Vec<u8> {
    zstd::encode_all(plain, 3).unwrap()
}

fn brotli_of(plain: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 5, ..Default::default() };
    brotli::BrotliCompress(&mut &plain[..], &mut packed, &parameters).unwrap();
    packed
}

/// Enough text to make so many bytes.
fn packed(pack: fn(&[u8]) -> Vec<u8>, material: &Material, dice: &mut Dice, length: usize) -> Vec<u8> {
    let mut plain = 4 * length + 4_096;
    loop {
        let packed = pack(&material.plain(dice, plain));
        if packed.len() >= length {
            return packed;
        }
        plain *= 2;
    }
}

fn whole(pack: fn(&[u8]) -> Vec<u8>, material: &Material, dice: &mut Dice, length: usize) -> Vec<u8> {
    packed(pack, material, dice, length)[..length].to_vec()
}

/// Behind the head and the first tables of codes.
fn middle(pack: fn(&[u8]) -> Vec<u8>, material: &Material, dice: &mut Dice, length: usize) -> Vec<u8> {
    packed(pack, material, dice, length + 256)[256..256 + length].to_vec()
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap());
}

/// Messages of a time, a place in doubles, a height and some states.
fn protobuf(_: &Material, dice: &mut Dice, length: usize) -> Vec<u8> {
    let (mut out, mut time) = (Vec::new(), 1_750_000_000_000_u64 + dice.below(1_000_000_000) as u64);
    let (mut latitude, mut longitude) = (46.9481_f64, 7.4477_f64);
    while out.len() < length {
        time += 100;
        latitude += f64::from(u8::try_from(dice.below(100)).unwrap()) * 1e-7;
        longitude += f64::from(u8::try_from(dice.below(100)).unwrap()) * 1e-7;
        let mut message = vec![0x08];
        varint(&mut message, time);
        message.push(0x11);
        message.extend(latitude.to_le_bytes());
        message.push(0x19);
        message.extend(longitude.to_le_bytes());
        for field in [0x20, 0x28, 0x30] {
            message.push(field);
            varint(&mut message, dice.below(400) as u64);
        }
        out.push(0x0a);
        varint(&mut out, message.len() as u64);
        out.extend(message);
    }
    out.truncate(length);
    out
}

fn fields(_: &Material, dice: &mut Dice, length: usize) -> Vec<u8> {
    let (mut out, mut count) = (Vec::new(), dice.below(60_000) as u32);
    while out.len() < length {
        count += 1;
        out.extend([0x55, 0x1a, 0x04, 0x62]);
        out.extend(count.to_le_bytes());
        for _ in 0..4 {
            out.extend(u16::try_from(dice.below(900)).unwrap().to_le_bytes());
        }
        out.extend([0; 6]);
        out.extend(dice.bytes(2));
    }
    out.truncate(length);
    out
}

/// A tone with a noise of nine bits.
fn sound(_: &Material, dice: &mut Dice, length: usize) -> Vec<u8> {
    let start = dice.below(1_000);
    let sample = |at: usize, noise: usize| {
        let phase = f64::from(u32::try_from(start + at).unwrap()) * 0.06;
        #[expect(clippy::cast_possible_truncation, reason = "a sample of sound")]
        let tone = (phase.sin() * 3_000.0) as i16;
        (tone + i16::try_from(noise).unwrap() - 256).to_le_bytes()
    };
    (0..length / 2).flat_map(|at| sample(at, dice.below(512))).collect()
}

/// A capture (raw IPv4, link type 101) with a connection for each payload, each from a port of its own.
fn capture(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0];
    let mut time = 1_780_000_000_u32;
    for (number, payload) in payloads.iter().enumerate() {
        let port = u16::try_from(10_000 + number).unwrap();
        let mut push = |flags: u8, sequence: u32, payload: &[u8]| {
            time += 1;
            let length = u16::try_from(40 + payload.len()).unwrap();
            let mut packet = vec![0x45, 0];
            packet.extend(length.to_be_bytes());
            packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 2, 198, 51, 100, 9]);
            packet.extend(port.to_be_bytes());
            packet.extend(7_777_u16.to_be_bytes());
            packet.extend(sequence.to_be_bytes());
            packet.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
            packet.extend(payload);
            for number in [time, 0, u32::from(length), u32::from(length)] {
                file.extend(number.to_le_bytes());
            }
            file.extend(packet);
        };
        push(0x02, 0, &[]);
        for (at, piece) in payload.chunks(1_400).enumerate() {
            push(0x18, u32::try_from(1 + at * 1_400).unwrap(), piece);
        }
    }
    file
}

/// The class of each payload.
fn classes(payloads: &[Vec<u8>]) -> Vec<String> {
    let mut file = tempfile::NamedTempFile::with_suffix(".pcap").unwrap();
    file.write_all(&capture(payloads)).unwrap();
    let options = Options { scratch: std::env::temp_dir(), ..Options::default() };
    let collected = run(file.path(), &options);
    let flows = collected.rows.iter().filter_map(|row| if let Row::Flow(flow) = row { Some(&**flow) } else { None });
    let class = |flow: &Flow| {
        assert_eq!(flow.application, None, "{flow:?}");
        flow.class.map_or("", |(class, _)| class.as_str()).to_owned()
    };
    let by_port: BTreeMap<_, _> = flows.map(|flow| (flow.device_port, class(flow))).collect();
    assert_eq!(by_port.len(), payloads.len());
    by_port.into_values().collect()
}

/// A kind, and how often it came out as each class.
type Counted = (&'static str, BTreeMap<String, usize>);

/// How often samples of a kind and length came out as each class.
fn measure(material: &Material, length: usize) -> Vec<Counted> {
    let mut counted = Vec::new();
    let mut payloads = Vec::new();
    for (kind, _, make) in KINDS {
        let mut dice = Dice::new(&format!("{kind} {length}"));
        payloads.extend((0..SAMPLES).map(|_| make(material, &mut dice, length)));
    }
    let classes = classes(&payloads);
    for ((kind, ..), classes) in KINDS.iter().zip(classes.chunks(SAMPLES)) {
        let mut counts = BTreeMap::new();
        classes.iter().for_each(|class| *counts.entry(class.clone()).or_default() += 1);
        counted.push((*kind, counts));
    }
    counted
}

fn page(measured: &[(usize, Vec<Counted>)]) -> String {
    let mut page = HEAD.to_owned();
    for (length, counted) in measured {
        write!(page, "\n## {length} bytes\n\n| sent | {} |\n|---|{}\n", CLASSES.join(" | "), "---:|".repeat(CLASSES.len())).unwrap();
        for (kind, counts) in counted {
            let cells = CLASSES.map(|class| counts.get(class).map_or(String::new(), usize::to_string));
            writeln!(page, "| {kind} | {} |", cells.join(" | ")).unwrap();
        }
    }
    page
}

const HEAD: &str = "# Bytes that nobody can read

How often the column `encryption_class` of table `flows` is right where no protocol was recognised. Forty samples of each kind and
length were sent over a connection each, and the classes of those flows counted. Ciphertext is real, of the text below it; so are
compressed files; pictures are those that a phone sends in clear in `captures/lab-wpa2-flight-phone.pcap.zst`; telemetry and sound are
made. A sample \"from the middle\" has no beginning that tells what it is, as a capture that starts late has none.

`src/app/unread.rs` says what decides. What follows from the numbers:

- Below 64 bytes nothing is said, below 256 only text is told.
- From 256 bytes on ciphertext is never taken for text, fields or the like, and they are never taken for it.
- Compression passes for ciphertext until some thousand bytes show that it is not quite as random, and the best of it (brotli, half of
  gzip) passes for longer than anybody counts. Therefore random bytes are `encrypted-or-compressed`, and only a protocol makes a
  flow `encrypted`.
- What is `compressed` without a beginning that tells so is no ciphertext: no sample of ciphertext was called so.
- What is written in digits of base64 or hexadecimal gets the class of what these stand for.

This page is written by a test and compared with what it finds each time: `cargo test --no-default-features --test it unread`. When they
differ the test leaves the new page in `target/unread.md`.
";

#[test]
fn the_documented_classes_are_what_comes_out() {
    let material = Material::read();
    let measured: Vec<_> = LENGTHS.iter().map(|length| (*length, measure(&material, *length))).collect();
    let found = page(&measured);
    let documented = fs::read_to_string(root().join("docs/unread.md")).unwrap_or_default();
    if found != documented {
        fs::write(root().join("target/unread.md"), &found).unwrap();
    }
    for (length, counted) in &measured {
        for ((kind, right, _), (_, counts)) in KINDS.iter().zip(counted) {
            let is_right = |class: &str| right.contains(&class) || class == "undetermined" && *length < 1_024;
            let wrong: usize = counts.iter().filter(|(class, _)| !is_right(class)).map(|(_, count)| count).sum();
            assert_eq!(wrong, 0, "{kind} of {length} bytes: {counts:?}");
        }
    }
    assert!(found == documented, "docs/unread.md is not what is measured: cp target/unread.md docs/unread.md");
}
