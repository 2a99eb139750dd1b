//! The four messages by which a station and an access point agree on keys (IEEE 802.11-2020, 12.7.6), as far as they
//! were captured: either nonce may come first, and be said more than once.
//!
//! What proves a key is a message of the station that bears its nonce and an integrity code: the second, or a fourth
//! that repeats the nonce. The access point's nonce is told by the first and the third message.

use std::collections::VecDeque;

use super::derive::{Parties, Tree};
use super::keys::KeyId;
use super::suite::{Algorithms, Message, Transient};
use crate::limits;
use crate::wire::Mac;
use crate::wire::eapol::KeyFrame;
use crate::wire::management::Elements;
use crate::wire::rsn::{Security, Suite};
use crate::wire::transition::Transition;

/// What is known of a station's handshakes.
#[derive(Default)]
pub(super) struct Exchange {
    /// Nonces of the access point, the newest last.
    nonces: VecDeque<[u8; 32]>,
    /// Messages of the station that no key has fitted so far, the newest last.
    waiting: VecDeque<Proof>,
    /// First to fourth messages seen.
    pub(super) messages: [u64; 4],
    /// Proofs that no key fits, though all they need was there.
    pub(super) wrong: u64,
}

/// A message of the station with its nonce and an integrity code.
#[derive(Clone)]
pub(super) struct Proof {
    pub(super) nonce: [u8; 32],
    message: Message,
    version: u16,
    /// What the station chose, when the message says so.
    pub(super) choice: Option<Security>,
    names: Option<Names>,
}

/// Names of fast transition's tree that the message brings.
#[derive(Clone)]
struct Names {
    domain: [u8; 2],
    first_holder: Vec<u8>,
    second_holder: [u8; 6],
}

/// A key that fits a proof.
pub(super) struct Proven {
    /// The user's key that it comes from.
    pub(super) by: KeyId,
    /// What was derived.
    pub(super) transient: Transient,
    /// Cipher of unicast frames.
    pub(super) cipher: Suite,
    /// The nonces.
    pub(super) parties: Parties,
}

/// What a proof is tried with.
pub(super) struct Trial<'a> {
    pub(super) bssid: Mac,
    pub(super) station: Mac,
    pub(super) ssid: Option<&'a [u8]>,
    /// Key management and cipher to try, most likely first.
    pub(super) choices: &'a [(Suite, Suite)],
    /// Master keys.
    pub(super) masters: &'a [(KeyId, Vec<u8>)],
}

impl Proof {
    /// Takes a message apart.
    pub(super) fn of(frame: &KeyFrame<'_>) -> Self {
        let elements = || Elements::new(frame.data);
        let names = Transition::among(elements(), code_bytes(frame.code.len())).and_then(|transition| Names::of(&transition));
        Self { nonce: frame.nonce, message: Message::of(frame), version: frame.version(), choice: Security::among(elements()), names }
    }

    /// The first master key whose handshake this is.
    pub(super) fn prove(&self, anonce: [u8; 32], trial: &Trial<'_>) -> Option<Proven> {
        let parties = Parties { bssid: trial.bssid, station: trial.station, anonce, snonce: self.nonce };
        trial.masters.iter().find_map(|(by, master)| {
            let fits = |(key_management, cipher): &(Suite, Suite)| {
                let algorithms = Algorithms::of(*key_management, self.version, master.len())?;
                let tree = if algorithms.is_transition { Some(self.names.as_ref()?.tree(trial.ssid?)) } else { None };
                let transient = Transient::derive(algorithms, master, &parties, tree.as_ref(), *cipher)?;
                transient.confirms(&self.message).then_some(Proven { by: *by, transient, cipher: *cipher, parties })
            };
            trial.choices.iter().find_map(fits)
        })
    }

    /// Whether it is another copy of what has made these keys.
    pub(super) fn is_of(&self, transient: &Transient, parties: &Parties) -> bool {
        self.nonce == parties.snonce && transient.confirms(&self.message)
    }
}

/// The integrity code of fast transition's element is as long as the message's own.
const fn code_bytes(message: usize) -> usize {
    if message == 16 { 16 } else { 24 }
}

impl Names {
    fn of(transition: &Transition<'_>) -> Option<Self> {
        let (first_holder, second_holder) = (transition.first_holder?.to_vec(), transition.second_holder?);
        Some(Self { domain: transition.domain, first_holder, second_holder })
    }

    fn tree(&self, ssid: &[u8]) -> Tree {
        let Self { domain, first_holder, second_holder } = self;
        Tree { ssid: ssid.to_vec(), domain: *domain, first_holder: first_holder.clone(), second_holder: *second_holder }
    }
}

impl Exchange {
    /// Takes a nonce of the access point; true when it is new.
    pub(super) fn add_nonce(&mut self, nonce: [u8; 32]) -> bool {
        if let Some(at) = self.nonces.iter().position(|known| *known == nonce) {
            self.nonces.remove(at);
            self.nonces.push_back(nonce);
            return false;
        }
        if self.nonces.len() >= limits::WIFI_NONCES {
            self.nonces.pop_front();
        }
        self.nonces.push_back(nonce);
        true
    }

    /// The access point's nonces, the newest first.
    pub(super) fn nonces(&self) -> impl Iterator<Item = [u8; 32]> {
        self.nonces.iter().rev().copied()
    }

    /// Keeps a proof that nothing fits so far.
    pub(super) fn wait(&mut self, proof: Proof) {
        if self.waiting.len() >= limits::WIFI_NONCES {
            self.waiting.pop_front();
            self.wrong = self.wrong.saturating_add(u64::from(!self.nonces.is_empty()));
        }
        self.waiting.push_back(proof);
    }

    /// The proofs that wait, taken out.
    pub(super) fn take_waiting(&mut self) -> VecDeque<Proof> {
        std::mem::take(&mut self.waiting)
    }

    /// Whether proofs wait.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether the access point said its nonce.
    pub(super) fn has_nonce(&self) -> bool {
        !self.nonces.is_empty()
    }

    /// Proofs that no key fits, those that still wait included.
    pub(super) fn all_wrong(&self) -> u64 {
        let waiting = if self.nonces.is_empty() { 0 } else { u64::try_from(self.waiting.len()).unwrap_or_default() };
        self.wrong.saturating_add(waiting)
    }
}
