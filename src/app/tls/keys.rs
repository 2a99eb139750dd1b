//! The keys of one connection: which of the analyst's secrets fit, and the records they open.
//!
//! Keys follow each other: early data, handshake, data, updates, renegotiations. Which come next is not taken from
//! the messages, some of which may be missing, but tried: a record that the present keys do not open is tried with
//! those after them. After a hole record numbers are not known either; a bounded number of them is tried, and the
//! right one tells how many records the hole took.

use std::sync::Arc;

use crate::limits;
use crate::secrets::{Id, Secrets};
use crate::wire::handshake::{self, ClientHello, ServerHello, is_tls13};
use crate::wire::keylog::Label;
use crate::wire::seal::{Agreement, Exchange, MasterSeed, Opener, Order, Sealed, Suite, master, openers12};
use crate::wire::tls::{Content, RECORD_HEAD, Record};

/// Records that do not open before the secrets are taken to be of another connection.
const WRONG_RECORDS: u64 = 16;
/// Bytes of the shortest record that is sealed: head, one byte, a short tag.
const SHORTEST_RECORD: u64 = 14;
/// Bytes of the longest: head, a full body, and what seals it.
const LONGEST_RECORD: u64 = (1 << 14) + 261;

/// End of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Client,
    Server,
}

/// Keys of both ends.
pub(super) struct Keys {
    secrets: Arc<Secrets>,
    hello: Option<Hello>,
    answer: Option<Answer>,
    /// Handshake messages up to the client's key exchange, where a premaster secret may need them.
    transcript: Option<Vec<u8>>,
    client: Direction,
    server: Direction,
    /// Secrets that opened something, in the order in which they did.
    used: Vec<Id>,
    hope: Hope,
}

/// What a client hello gives.
struct Hello {
    random: [u8; 32],
    session: Vec<u8>,
    suites: Vec<Suite>,
}

/// What a server hello gives.
struct Answer {
    version: u16,
    suite: Suite,
    random: [u8; 32],
    session: Vec<u8>,
    order: Order,
    has_extended_master: bool,
}

/// Whether anything may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hope {
    /// Nothing is known of the connection.
    Unknown,
    /// A secret fits the client's hello, or one may fit its key exchange.
    Waiting,
    /// There are keys.
    Ready,
    /// No secret fits.
    Gone,
}

/// A record's content, opened.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) content: Content,
    pub(super) bytes: Vec<u8>,
    /// Bytes of content that a hole before it took.
    pub(super) lost: u64,
}

/// What one end's records are opened with.
#[derive(Default)]
struct Direction {
    epochs: Vec<Epoch>,
    /// Offset in the stream behind the last record that was read, in clear or opened.
    read_to: u64,
    /// Numbers that may still be tried behind holes.
    tries: u64,
    opened: u64,
    unopened: u64,
}

/// Keys between two changes of keys; several while it is open which are right.
struct Epoch {
    candidates: Vec<(Opener, Id)>,
}

impl Keys {
    pub(super) fn new(secrets: &Arc<Secrets>) -> Self {
        let direction = || Direction { tries: limits::TLS_NUMBERS_TRIED, ..Direction::default() };
        let transcript = secrets.has_premasters().then(Vec::new);
        Self {
            secrets: Arc::clone(secrets),
            hello: None,
            answer: None,
            transcript,
            client: direction(),
            server: direction(),
            used: Vec::new(),
            hope: Hope::Unknown,
        }
    }

    /// Something may be opened: everything that is sealed is worth keeping.
    pub(super) const fn has_hope(&self) -> bool {
        matches!(self.hope, Hope::Waiting | Hope::Ready)
    }

    /// Secrets are there, and it is not known yet what they must be used for.
    pub(super) const fn is_waiting(&self) -> bool {
        matches!(self.hope, Hope::Waiting)
    }

    /// Secrets that opened something.
    pub(super) fn used(&self) -> Vec<String> {
        self.used.iter().map(|id| self.secrets.name(*id)).collect()
    }

    /// Sealed records of an end that no key opened.
    pub(super) const fn unopened(&self, end: End) -> u64 {
        self.direction(end).unopened
    }

    const fn direction(&self, end: End) -> &Direction {
        match end {
            End::Client => &self.client,
            End::Server => &self.server,
        }
    }

    const fn direction_mut(&mut self, end: End) -> &mut Direction {
        match end {
            End::Client => &mut self.client,
            End::Server => &mut self.server,
        }
    }

    /// The first hello, or one of a renegotiation.
    pub(super) fn client_hello(&mut self, hello: &ClientHello<'_>) {
        if hello.is_cut || self.hope == Hope::Gone || self.hello.as_ref().is_some_and(|known| known.random == hello.random) {
            return;
        }
        let is_known = !self.secrets.of_random(&hello.random).is_empty() || !self.secrets.of_session(hello.session).is_empty();
        let suites = hello.ciphers.iter().filter_map(|number| Suite::of(*number)).collect();
        self.hello = Some(Hello { random: hello.random, session: hello.session.to_vec(), suites });
        self.answer = None;
        if self.hope == Hope::Unknown {
            self.hope = if is_known || self.secrets.has_premasters() { Hope::Waiting } else { Hope::Gone };
            self.early();
        }
    }

    /// Early data is sealed for a suite of an earlier session, which is among those offered again.
    fn early(&mut self) {
        let Some(hello) = &self.hello else { return };
        let secrets = self.secrets.of_random(&hello.random).iter().filter(|secret| secret.label == Label::ClientEarly);
        let candidates: Vec<(Opener, Id)> = secrets
            .flat_map(|secret| hello.suites.iter().filter_map(|suite| Some((Opener::inner(0x0304, *suite, &secret.bytes)?, secret.id))))
            .collect();
        self.client.push(candidates);
    }

    /// The server's choice; not that of a retry.
    pub(super) fn server_hello(&mut self, hello: &ServerHello<'_>) {
        if self.answer.is_some() || !self.has_hope() {
            return;
        }
        // Compressed content would have to be put together from its beginning; nobody has offered it for ten years.
        let Some(suite) = Suite::of(hello.cipher).filter(|_| hello.compression == 0) else {
            self.hope = Hope::Gone;
            return;
        };
        let has = |kind| hello.extensions.contains(&kind);
        let order = if has(handshake::ENCRYPT_THEN_MAC) { Order::EncryptThenMac } else { Order::MacThenEncrypt };
        self.answer = Some(Answer {
            version: hello.version,
            suite,
            random: hello.random,
            session: hello.session.to_vec(),
            order,
            has_extended_master: has(handshake::EXTENDED_MASTER_SECRET),
        });
        if is_tls13(hello.version) {
            self.derive_from_traffic_secrets();
        } else {
            self.derive_from_masters();
        }
    }

    fn derive_from_traffic_secrets(&mut self) {
        let (Some(hello), Some(answer)) = (&self.hello, &self.answer) else { return };
        let (version, suite) = (answer.version, answer.suite);
        let of = |label: Label| -> Vec<(Opener, Id)> {
            let secrets = self.secrets.of_random(&hello.random).iter().filter(|secret| secret.label == label);
            secrets.filter_map(|secret| Some((Opener::inner(version, suite, &secret.bytes)?, secret.id))).collect()
        };
        let client = [of(Label::ClientHandshake), of(Label::ClientTraffic)];
        let server = [of(Label::ServerHandshake), of(Label::ServerTraffic)];
        let is_any = client.iter().chain(&server).any(|candidates| !candidates.is_empty());
        client.into_iter().for_each(|candidates| self.client.push(candidates));
        server.into_iter().for_each(|candidates| self.server.push(candidates));
        self.hope = if is_any { Hope::Ready } else { Hope::Gone };
    }

    fn derive_from_masters(&mut self) {
        let (Some(hello), Some(answer)) = (&self.hello, &self.answer) else { return };
        let of_session = if answer.session.is_empty() { &[] } else { self.secrets.of_session(&answer.session) };
        let of_offer = if hello.session == answer.session { &[] } else { self.secrets.of_session(&hello.session) };
        let secrets = [self.secrets.of_random(&hello.random), of_session, of_offer].concat();
        let masters: Vec<(Vec<u8>, Id)> =
            secrets.iter().filter(|secret| secret.label == Label::Master).map(|secret| (secret.bytes.to_vec(), secret.id)).collect();
        self.client.push(Vec::new());
        self.server.push(Vec::new());
        self.add_masters(masters);
        let has_premaster = self.secrets.has_premasters() || secrets.iter().any(|secret| secret.label == Label::Premaster);
        if !has_premaster && self.hope != Hope::Ready {
            self.hope = Hope::Gone;
        }
    }

    fn add_masters(&mut self, masters: Vec<(Vec<u8>, Id)>) {
        let (Some(hello), Some(answer)) = (&self.hello, &self.answer) else { return };
        let agreement =
            Agreement { version: answer.version, suite: answer.suite, client: &hello.random, server: &answer.random, order: answer.order };
        for (master, id) in masters {
            let Some([client, server]) = openers12(&agreement, &master) else { continue };
            for (direction, opener) in [(&mut self.client, client), (&mut self.server, server)] {
                if let Some(last) = direction.epochs.last_mut() {
                    last.candidates.push((opener, id));
                }
            }
            self.hope = Hope::Ready;
        }
    }

    /// A handshake message in clear, for the extended master secret.
    pub(super) fn hear(&mut self, message: &[u8]) {
        if let Some(transcript) = self.transcript.as_mut().filter(|transcript| transcript.len() < limits::HANDSHAKE_BYTES) {
            transcript.extend_from_slice(message);
        }
    }

    /// The client's key exchange, which was the last message heard.
    pub(super) fn key_exchange(&mut self, body: &[u8]) {
        let (Some(hello), Some(answer)) = (&self.hello, &self.answer) else { return };
        if !self.has_hope() || is_tls13(answer.version) {
            return;
        }
        // In SSL 3.0 the premaster secret has no length before it.
        let encrypted = body.get(2..).unwrap_or_default();
        let logged = self.secrets.of_premaster(encrypted).iter().chain(self.secrets.of_random(&hello.random));
        let mut premasters: Vec<(Vec<u8>, Id)> =
            logged.filter(|secret| secret.label == Label::Premaster).map(|secret| (secret.bytes.to_vec(), secret.id)).collect();
        if answer.suite.exchange == Exchange::Rsa {
            let keys = self.secrets.rsa_keys().iter();
            premasters.extend(keys.filter_map(|(key, id)| Some((key.premaster(encrypted)?, *id))));
        }
        let transcript = self.transcript.take().unwrap_or_default();
        let seed =
            if answer.has_extended_master { MasterSeed::Messages(&transcript) } else { MasterSeed::Randoms(&hello.random, &answer.random) };
        let masters =
            premasters.into_iter().map(|(premaster, id)| (master(answer.version, answer.suite.hash, &premaster, seed), id)).collect();
        self.add_masters(masters);
        if self.hope != Hope::Ready {
            self.hope = Hope::Gone;
        }
    }

    /// A record in clear: nothing is missing before what follows it.
    pub(super) fn pass(&mut self, end: End, record: &Record) {
        self.direction_mut(end).read_to = record.end();
    }

    /// Opens a record; `None` when no key does.
    pub(super) fn open(&mut self, end: End, record: &Record) -> Option<Open> {
        let (open, id) = self.direction_mut(end).open(record)?;
        if !self.used.contains(&id) && self.used.len() < limits::SECRETS_OF_ONE {
            self.used.push(id);
        }
        Some(open)
    }

    /// A record that stays sealed. Gives up when nothing at all opens.
    pub(super) fn leave(&mut self, end: End, record: &Record) {
        self.direction_mut(end).leave(record);
        let sides = [&self.client, &self.server];
        let opened: u64 = sides.iter().map(|side| side.opened).sum();
        let unopened: u64 = sides.iter().map(|side| side.unopened).sum();
        if self.hope == Hope::Ready && opened == 0 && unopened >= WRONG_RECORDS {
            self.hope = Hope::Gone;
        }
    }
}

impl Direction {
    fn push(&mut self, candidates: Vec<(Opener, Id)>) {
        self.epochs.push(Epoch { candidates });
        // Keys that are long past: two changes may lie between what is read and what was agreed.
        if self.epochs.len() > limits::TLS_EPOCHS {
            self.epochs.remove(0);
        }
    }

    fn leave(&mut self, record: &Record) {
        self.unopened = self.unopened.saturating_add(1);
        self.epochs.iter_mut().flat_map(|epoch| &mut epoch.candidates).for_each(|(opener, _)| opener.pass(&sealed(record)));
    }

    fn open(&mut self, record: &Record) -> Option<(Open, Id)> {
        if !record.is_whole() {
            return None;
        }
        let hole = record.start.saturating_sub(self.read_to);
        let (content, bytes, lost, id) = self.try_all(&sealed(record), hole)?;
        self.opened = self.opened.saturating_add(1);
        self.read_to = record.end();
        Some((Open { content: Content::from_code(content)?, bytes, lost }, id))
    }

    /// The next number of every epoch, then, behind a hole, the numbers after it.
    fn try_all(&mut self, sealed: &Sealed<'_>, hole: u64) -> Option<(u8, Vec<u8>, u64, Id)> {
        if let Some(found) = self.try_epochs(sealed, hole, (0, 0)) {
            return Some(found);
        }
        if hole == 0 || self.tries == 0 {
            return None;
        }
        // As many records as fit into the hole; from the fewest when those are too many to try.
        let most = (hole / SHORTEST_RECORD).saturating_add(1);
        let least = if most > limits::TLS_NUMBERS_AT_ONCE { hole.div_ceil(LONGEST_RECORD).max(1) } else { 1 };
        let most = most.min(least.saturating_add(limits::TLS_NUMBERS_AT_ONCE));
        self.tries = self.tries.saturating_sub(most.saturating_sub(least).saturating_add(1));
        self.try_epochs(sealed, hole, (least, most))
    }

    fn try_epochs(&mut self, sealed: &Sealed<'_>, hole: u64, (least, most): (u64, u64)) -> Option<(u8, Vec<u8>, u64, Id)> {
        for at in 0..self.epochs.len() {
            let Some(epoch) = self.epochs.get_mut(at) else { continue };
            if let Some(found) = epoch.open(sealed, hole, (least, most)) {
                self.epochs.drain(..at);
                return Some(found);
            }
        }
        // The last keys that are agreed on may be followed by an update of them.
        let mut updated = self.epochs.last().filter(|last| last.is_in_use())?.updated()?;
        let found = updated.open(sealed, hole, (least, most))?;
        self.epochs = vec![updated];
        Some(found)
    }
}

fn sealed(record: &Record) -> Sealed<'_> {
    Sealed { content: record.content.code(), version: record.version, body: &record.body }
}

impl Epoch {
    fn open(&mut self, sealed: &Sealed<'_>, hole: u64, (least, most): (u64, u64)) -> Option<(u8, Vec<u8>, u64, Id)> {
        for at in 0..self.candidates.len() {
            let Some((opener, id)) = self.candidates.get_mut(at) else { continue };
            let before = opener.number();
            let Some((content, bytes)) = opener.open(sealed, least, most) else { continue };
            let records = opener.number().saturating_sub(before).saturating_sub(1);
            let each = u64::try_from(RECORD_HEAD.saturating_add(opener.overhead())).unwrap_or_default();
            let lost = if records == 0 { 0 } else { hole.saturating_sub(records.saturating_mul(each)) };
            let id = *id;
            let found = self.candidates.swap_remove(at);
            self.candidates = vec![found];
            return Some((content, bytes, lost, id));
        }
        None
    }

    /// It has opened something, so that its keys are right.
    fn is_in_use(&self) -> bool {
        matches!(self.candidates.as_slice(), [(opener, _)] if opener.number() > 0)
    }

    fn updated(&self) -> Option<Self> {
        let (opener, id) = self.candidates.first()?;
        Some(Self { candidates: vec![(opener.updated()?, *id)] })
    }
}
