//! Secrets that the analyst has: key logs, those inside of captures, private keys of servers. Each knows where it
//! came from, and is told by that place only: `FILE:LINE`, never by its bytes.
//!
//! What a capture's blocks bring serves for all captures: a long capture is often split, and its first file keeps
//! the secrets.

mod private;

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::error::{Error, Kind};
use crate::limits;
use crate::wire::escape;
use crate::wire::keylog::{self, Finder, Label, Line, RANDOM_BYTES, Reading};

pub(crate) use private::RsaKey;

/// Everything that may open something.
#[derive(Clone, Default)]
pub struct Secrets {
    sources: Vec<Arc<str>>,
    by_random: HashMap<[u8; RANDOM_BYTES], Vec<Secret>, RandomState>,
    by_premaster: HashMap<[u8; 8], Vec<Secret>, RandomState>,
    by_session: HashMap<Vec<u8>, Vec<Secret>, RandomState>,
    rsa_keys: Vec<(RsaKey, Id)>,
    count: usize,
    lost: u64,
}

/// One of them.
#[derive(Clone)]
pub(crate) struct Secret {
    /// What it is.
    pub(crate) label: Label,
    /// The secret itself.
    pub(crate) bytes: Box<[u8]>,
    /// Where it came from.
    pub(crate) id: Id,
}

/// Where a secret came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Id {
    source: u32,
    /// Line, from 1; 0 for a file that is one key.
    line: u32,
}

impl Secrets {
    /// Nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0 && self.rsa_keys.is_empty()
    }

    /// Secrets in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count.saturating_add(self.rsa_keys.len())
    }

    /// Secrets beyond the limit, which are not in it.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Adds a key log: what `SSLKEYLOGFILE` names.
    ///
    /// # Errors
    /// When it cannot be read, or no line of it is one of a key log.
    pub fn add_key_log(&mut self, path: &Path) -> Result<(), Error> {
        let failed = |source| Error::from(Kind::io("read key log", path, source));
        let file = fs::File::open(path).map_err(failed)?;
        let source = self.source(&escape(path.as_os_str().as_encoded_bytes()));
        let mut reader = BufReader::with_capacity(limits::READ_BYTES, file);
        let mut line = Vec::new();
        let (mut number, mut understood, mut others) = (0_u32, 0_u64, 0_u64);
        loop {
            line.clear();
            if read_line(&mut reader, &mut line).map_err(failed)? == 0 {
                break;
            }
            number = number.saturating_add(1);
            match keylog::read(&line) {
                Reading::Secret(line) => {
                    understood = understood.saturating_add(1);
                    self.add(line, Id { source, line: number });
                }
                Reading::Nothing => {}
                Reading::Unknown => others = others.saturating_add(1),
            }
        }
        if understood == 0 && others > 0 {
            let expected = "expected lines as CLIENT_RANDOM <64 hexadecimal digits> <secret>";
            return Err(Kind::Usage(format!("none of the {number} lines of {} is a secret; {expected}", path.display())).into());
        }
        Ok(())
    }

    /// Adds what a capture holds: the text of a key log; `name` is what its secrets are called by. Says how many were new.
    pub fn add_block(&mut self, name: &str, text: &[u8]) -> usize {
        let (source, before) = (self.source(name), self.count);
        for (number, line) in (1..).zip(text.split(|byte| *byte == b'\n')) {
            if let Reading::Secret(line) = keylog::read(line) {
                self.add(line, Id { source, line: number });
            }
        }
        self.count.saturating_sub(before)
    }

    /// Adds the private key of a server, which opens sessions whose key exchange is RSA.
    ///
    /// # Errors
    /// When it cannot be read, or is no RSA key in PEM.
    pub fn add_rsa_key(&mut self, path: &Path) -> Result<(), Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::from(Kind::io("read RSA key", path, source)))?;
        let key = RsaKey::read(&text).map_err(|found| {
            let expected = "expected `BEGIN PRIVATE KEY` or `BEGIN RSA PRIVATE KEY`, not encrypted";
            Error::from(Kind::Usage(format!("cannot read {} as an RSA key in PEM: {found}; {expected}", path.display())))
        })?;
        let source = self.source(&escape(path.as_os_str().as_encoded_bytes()));
        self.rsa_keys.push((key, Id { source, line: 0 }));
        Ok(())
    }

    fn source(&mut self, name: &str) -> u32 {
        self.sources.push(Arc::from(name));
        u32::try_from(self.sources.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    fn add(&mut self, line: Line, id: Id) {
        if self.count >= limits::SECRETS {
            self.lost = self.lost.saturating_add(1);
            return;
        }
        let secret = Secret { label: line.label, bytes: line.secret.into(), id };
        let place = match line.finder {
            Finder::Random(random) => self.by_random.entry(random).or_default(),
            Finder::Premaster(start) => self.by_premaster.entry(start).or_default(),
            Finder::Session(session) => self.by_session.entry(session).or_default(),
        };
        let is_known = place.iter().any(|known| known.label == secret.label && known.bytes == secret.bytes);
        if !is_known && place.len() < limits::SECRETS_OF_ONE {
            place.push(secret);
            self.count = self.count.saturating_add(1);
        }
    }

    /// Those of a client random.
    pub(crate) fn of_random(&self, random: &[u8; RANDOM_BYTES]) -> &[Secret] {
        self.by_random.get(random).map_or(&[], Vec::as_slice)
    }

    /// Those of an encrypted premaster secret.
    pub(crate) fn of_premaster(&self, encrypted: &[u8]) -> &[Secret] {
        let start = encrypted.first_chunk::<8>();
        start.and_then(|start| self.by_premaster.get(start)).map_or(&[], Vec::as_slice)
    }

    /// Those of a session identifier.
    pub(crate) fn of_session(&self, session: &[u8]) -> &[Secret] {
        self.by_session.get(session).map_or(&[], Vec::as_slice)
    }

    /// Private keys of servers.
    pub(crate) fn rsa_keys(&self) -> &[(RsaKey, Id)] {
        &self.rsa_keys
    }

    /// There are secrets that only the client's key exchange finds.
    pub(crate) fn has_premasters(&self) -> bool {
        !self.rsa_keys.is_empty() || !self.by_premaster.is_empty()
    }

    /// Where a secret came from, as tables tell it.
    pub(crate) fn name(&self, id: Id) -> String {
        let source = usize::try_from(id.source).ok().and_then(|source| self.sources.get(source)).map_or("", |name| name);
        if id.line == 0 { source.to_owned() } else { format!("{source}:{}", id.line) }
    }
}

/// As far as one line may go; what is longer is cut, and so not understood.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut read = 0_usize;
    loop {
        let held = reader.fill_buf()?;
        if held.is_empty() {
            return Ok(read);
        }
        let end = held.iter().position(|byte| *byte == b'\n');
        let part = held.get(..end.unwrap_or(held.len())).unwrap_or_default();
        let room = limits::KEY_LOG_LINE_BYTES.saturating_sub(line.len());
        line.extend(part.iter().take(room));
        let used = part.len().saturating_add(usize::from(end.is_some()));
        reader.consume(used);
        read = read.saturating_add(used);
        if end.is_some() {
            return Ok(read);
        }
    }
}

impl fmt::Debug for Secrets {
    /// How many, not which.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secrets").field("sources", &self.sources).field("count", &self.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Secret {
    /// What it is, not its bytes.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secret").field("label", &self.label).field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn random() -> [u8; 32] {
        std::array::from_fn(|index| u8::try_from(index).unwrap())
    }

    #[test]
    fn a_secret_is_told_by_its_place() {
        let mut secrets = Secrets::default();
        secrets.add_block("a.pcapng@28", format!("# a comment\nCLIENT_RANDOM {RANDOM} 0102\r\n").as_bytes());
        secrets.add_block("a.pcapng@200", format!("CLIENT_RANDOM {RANDOM} 0102\nCLIENT_RANDOM {RANDOM} 0304").as_bytes());
        let found = secrets.of_random(&random());
        let told: Vec<(String, &[u8])> = found.iter().map(|secret| (secrets.name(secret.id), &*secret.bytes)).collect();
        assert_eq!(told, [("a.pcapng@28:2".to_owned(), &[1, 2][..]), ("a.pcapng@200:2".to_owned(), &[3, 4])]);
        assert!(secrets.of_random(&[9; 32]).is_empty());
        assert!(!format!("{secrets:?} {found:?}").contains("[1, 2]"), "a secret is shown");
    }

    #[test]
    fn reads_files_and_says_what_is_wrong_with_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.txt");
        let long = "CLIENT_RANDOM ".to_owned() + &"0".repeat(100_000);
        fs::write(&path, format!("{long}\nRSA 0102030405060708 03\nCLIENT_RANDOM {RANDOM} 05")).unwrap();
        let mut secrets = Secrets::default();
        secrets.add_key_log(&path).unwrap();
        assert_eq!(secrets.len(), 2);
        assert!(secrets.name(secrets.of_random(&random())[0].id).ends_with("keys.txt:3"));
        assert_eq!(&*secrets.of_premaster(&[1, 2, 3, 4, 5, 6, 7, 8, 9])[0].bytes, [3]);

        fs::write(&path, "-----BEGIN CERTIFICATE-----\n").unwrap();
        assert!(secrets.add_key_log(&path).unwrap_err().to_string().contains("is a secret; expected lines as CLIENT_RANDOM"));
        assert!(secrets.add_rsa_key(&path).unwrap_err().is_usage());
        assert!(secrets.add_key_log(Path::new("/nonexistent")).unwrap_err().is_io());
    }
}
