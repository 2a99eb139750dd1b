//! Handshakes followed: who says which nonce, which of the user's keys that proves, and the keys that come of it.

use super::Charge;
use super::cipher::{self, Cipher};
use super::derive::{Parties, Tree};
use super::handshake::{Proof, Proven, Trial};
use super::keys::KeyId;
use super::session::{GroupKey, Learned, Session, fits};
use super::state::{Network, State, Station};
use super::suite::{Algorithms, Message, Transient};
use crate::limits;
use crate::wire::Mac;
use crate::wire::eapol::{KeyFrame, Message as Kind, Piece, pieces};
use crate::wire::management::Management;
use crate::wire::rsn::{Security, Suite};
use crate::wire::transition::Transition;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    AccessPoint,
    Station,
}

/// A group key as a message brings it.
struct Brought<'a> {
    by: KeyId,
    number: u8,
    key: &'a [u8],
}

/// A station in its network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) bssid: Mac,
    pub(super) station: Mac,
}

impl State {
    /// Reads an EAPOL frame.
    pub(super) fn eapol(&mut self, pair: Pair, speaker: Speaker, bytes: &[u8], charge: Charge) {
        let Ok(Some(frame)) = KeyFrame::read(bytes) else { return };
        let station = self.stations.entry((pair.bssid, pair.station), Station::default);
        let mut count =
            |index: usize| station.exchange.messages.get_mut(index).into_iter().for_each(|count| *count = count.saturating_add(1));
        match (frame.message(), speaker) {
            (Kind::First, Speaker::AccessPoint) => {
                count(0);
                self.nonce(pair, frame.nonce, charge);
            }
            (Kind::Third, Speaker::AccessPoint) => {
                count(2);
                self.nonce(pair, frame.nonce, charge);
                self.group_keys(pair, &frame, charge);
            }
            (kind @ (Kind::Second | Kind::Fourth), Speaker::Station) => {
                count(if kind == Kind::Second { 1 } else { 3 });
                if frame.has_nonce() {
                    self.proof(pair, Proof::of(&frame), kind, charge);
                }
            }
            (Kind::GroupFirst, Speaker::AccessPoint) => self.group_keys(pair, &frame, charge),
            _ => {}
        }
    }

    /// The access point said a nonce: what waited for it may be proven now.
    fn nonce(&mut self, pair: Pair, nonce: [u8; 32], charge: Charge) {
        let Some(station) = self.stations.find(&(pair.bssid, pair.station)) else { return };
        if !station.exchange.add_nonce(nonce) || !station.exchange.is_waiting() {
            return;
        }
        self.retry(pair, &[nonce], charge);
    }

    /// The station sent a proof.
    fn proof(&mut self, pair: Pair, proof: Proof, kind: Kind, charge: Charge) {
        let Some(station) = self.stations.find(&(pair.bssid, pair.station)) else { return };
        if proof.choice.is_some() {
            station.choice.clone_from(&proof.choice);
        }
        // Sent again, or confirmed by the fourth message: nothing new.
        if station.sessions.iter().any(|session| proof.is_of(&session.transient, &session.parties)) {
            station.right = station.right.saturating_add(u64::from(kind == Kind::Second));
            return;
        }
        let nonces: Vec<[u8; 32]> = station.exchange.nonces().collect();
        if !self.prove(pair, &proof, &nonces, charge)
            && let Some(station) = self.stations.find(&(pair.bssid, pair.station))
        {
            station.exchange.wait(proof);
            self.networks.entry(pair.bssid, Network::default).has_waiting = true;
        }
    }

    /// Tries what waits once more.
    fn retry(&mut self, pair: Pair, nonces: &[[u8; 32]], charge: Charge) {
        let Some(station) = self.stations.find(&(pair.bssid, pair.station)) else { return };
        for proof in station.exchange.take_waiting() {
            let is_known = self.stations.find(&(pair.bssid, pair.station)).is_some_and(|station| {
                let is_known = station.sessions.iter().any(|session| proof.is_of(&session.transient, &session.parties));
                station.right = station.right.saturating_add(u64::from(is_known));
                is_known
            });
            if !is_known
                && !self.prove(pair, &proof, nonces, charge)
                && let Some(station) = self.stations.find(&(pair.bssid, pair.station))
            {
                station.exchange.wait(proof);
            }
        }
    }

    /// A network's name became known: passphrases may fit now that could not be tried before.
    pub(super) fn named(&mut self, bssid: Mac, charge: Charge) {
        let Some(network) = self.networks.find(&bssid).filter(|network| network.has_waiting) else { return };
        network.has_waiting = false;
        let waiting = self.stations.values_mut().filter(|((own, _), station)| *own == bssid && station.exchange.is_waiting());
        let mut stations: Vec<Mac> = waiting.map(|((_, station), _)| *station).collect();
        stations.sort_unstable();
        for station in stations {
            let pair = Pair { bssid, station };
            let nonces: Vec<_> = self.stations.find(&(bssid, station)).map(|known| known.exchange.nonces().collect()).unwrap_or_default();
            self.retry(pair, &nonces, charge);
            let is_waiting = self.stations.peek(&(bssid, station)).is_some_and(|known| known.exchange.is_waiting());
            if let Some(network) = self.networks.find(&bssid).filter(|_| is_waiting) {
                network.has_waiting = true;
            }
        }
    }

    fn prove(&mut self, pair: Pair, proof: &Proof, nonces: &[[u8; 32]], charge: Charge) -> bool {
        if nonces.is_empty() {
            return false;
        }
        let ssid = self.ssid(pair.bssid);
        let masters = self.masters.of(ssid.as_deref());
        let choices = self.choices(pair, proof.choice.as_ref());
        let Pair { bssid, station } = pair;
        let trial = Trial { bssid, station, ssid: ssid.as_deref(), choices: &choices, masters: &masters };
        let Some(proven) = nonces.iter().find_map(|nonce| proof.prove(*nonce, &trial)) else { return false };
        self.begin(pair, proven, charge);
        true
    }

    /// Key management and cipher to try: the station's choice, else whatever its network offers.
    fn choices(&self, pair: Pair, told: Option<&Security>) -> Vec<(Suite, Suite)> {
        const TRIED: usize = 16;
        // A station's own message names one of each; more would be work made for whoever listens.
        if let Some((key_management, cipher)) = told.and_then(|told| told.key_management.first().zip(told.pairwise.first())) {
            return vec![(*key_management, *cipher)];
        }
        let chosen = told.or_else(|| self.stations.peek(&(pair.bssid, pair.station))?.choice.as_ref());
        let security = chosen.or_else(|| self.networks.peek(&pair.bssid)?.security.as_ref());
        let Some(security) = security else {
            // Nothing is known: what most networks do.
            return vec![(Suite::standard(2), Suite::standard(4)), (Suite::standard(2), cipher::TKIP)];
        };
        let cross = security.key_management.iter().flat_map(|key| security.pairwise.iter().map(|cipher| (*key, *cipher)));
        cross.take(TRIED).collect()
    }

    /// A session with keys that were just proven.
    fn begin(&mut self, pair: Pair, proven: Proven, charge: Charge) {
        let Proven { by, transient, cipher: suite, parties } = proven;
        let Some(cipher) = Cipher::new(suite, &transient.temporal) else { return };
        let temporal = fits(transient.temporal.clone(), suite, pair.bssid, Some(pair.station), None);
        let learned = self.list(Learned::of(temporal, by, charge.frame, charge.time));
        let Some(station) = self.stations.find(&(pair.bssid, pair.station)) else { return };
        station.handshakes = station.handshakes.saturating_add(1);
        station.right = station.right.saturating_add(1);
        station.rekeys = station.rekeys.saturating_add(u64::from(station.is_keyed));
        station.is_keyed = true;
        if station.sessions.len() >= limits::WIFI_SESSIONS {
            station.sessions.pop_front();
        }
        station.sessions.push_back(Session { by, cipher, transient, parties, learned });
    }

    /// Group keys of a third message or a group handshake.
    fn group_keys(&mut self, pair: Pair, frame: &KeyFrame<'_>, charge: Charge) {
        let Some(station) = self.stations.find(&(pair.bssid, pair.station)) else { return };
        let message = Message::of(frame);
        let Some(session) = station.sessions.iter().rev().find(|session| session.transient.confirms(&message)) else { return };
        let by = session.by;
        // WPA sends the key alone, RSN among other data and says that it is encrypted.
        let is_bare = !frame.is_encrypted() && frame.message() == Kind::GroupFirst;
        if !frame.is_encrypted() && !is_bare {
            return;
        }
        let Some(data) = session.transient.decrypt(&frame.vector, frame.data) else { return };
        if is_bare {
            let number = u8::try_from(frame.index()).unwrap_or_default();
            return self.group_key(pair, Brought { by, number, key: &data }, charge);
        }
        for piece in pieces(&data) {
            match piece {
                Piece::GroupKey(number, key) => self.group_key(pair, Brought { by, number, key }, charge),
                Piece::ManagementKey(..) => {}
            }
        }
    }

    fn group_key(&mut self, pair: Pair, Brought { by, number, key }: Brought<'_>, charge: Charge) {
        let chosen = self.stations.peek(&(pair.bssid, pair.station)).and_then(|station| station.choice.as_ref());
        let security = chosen.or_else(|| self.networks.peek(&pair.bssid)?.security.as_ref());
        let suite = security.map_or(Suite::standard(4), |security| security.group);
        let Some(bytes) = cipher::key_bytes(suite).and_then(|length| key.get(..length)) else { return };
        let network = self.networks.entry(pair.bssid, Network::default);
        if network.groups.iter().any(|known| known.bytes == bytes) {
            return;
        }
        let Some(cipher) = Cipher::new(suite, bytes) else { return };
        network.group_keys = network.group_keys.saturating_add(1);
        let temporal = fits(bytes.to_vec(), suite, pair.bssid, None, Some(number));
        let learned = self.list(Learned::of(temporal, by, charge.frame, charge.time));
        let network = self.networks.entry(pair.bssid, Network::default);
        if network.groups.len() >= limits::WIFI_SESSIONS {
            network.groups.pop_front();
        }
        if network.group_keys == 1 {
            self.keyed = Some(pair.bssid);
        }
        network.groups.push_back(GroupKey { by, cipher, number, bytes: bytes.to_vec(), learned });
    }

    /// A station's request to go over to this access point, or the answer, in which fast transition's nonces and
    /// codes stand.
    pub(super) fn transition(&mut self, pair: Pair, frame: &Management<'_>, speaker: Speaker, charge: Charge) {
        let Some(key_management) = self.transition_suite(pair, frame) else { return };
        let Some(transition) = Transition::among(frame.elements(), transition_code_bytes(key_management)) else { return };
        let step = if speaker == Speaker::Station { 5 } else { 6 };
        let ends = [pair.station.0, pair.bssid.0];
        let parts: [&[u8]; 3] = [ends.as_flattened(), &[step], &transition.covered];
        if speaker == Speaker::AccessPoint {
            return self.transition_groups(pair, &transition, &parts, charge);
        }
        let known = self.stations.peek(&(pair.bssid, pair.station));
        if known.is_some_and(|station| station.sessions.iter().any(|session| session.parties.snonce == transition.snonce)) {
            return;
        }
        if let Some(proven) = self.prove_transition(pair, key_management, &transition, &parts) {
            self.begin(pair, proven, charge);
        }
    }

    fn prove_transition(&mut self, pair: Pair, key_management: Suite, transition: &Transition<'_>, parts: &[&[u8]]) -> Option<Proven> {
        let ssid = self.ssid(pair.bssid)?;
        let tree = Tree {
            ssid: ssid.clone(),
            domain: transition.domain,
            first_holder: transition.first_holder?.to_vec(),
            second_holder: transition.second_holder?,
        };
        let parties = Parties { bssid: pair.bssid, station: pair.station, anonce: transition.anonce, snonce: transition.snonce };
        let suite = self.choices(pair, None).first().map(|(_, cipher)| *cipher)?;
        self.masters.of(Some(&ssid)).into_iter().find_map(|(by, master)| {
            let algorithms = Algorithms::of(key_management, 0, master.len()).filter(|algorithms| algorithms.is_transition)?;
            let transient = Transient::derive(algorithms, &master, &parties, Some(&tree), suite)?;
            transient.confirms_bytes(parts, transition.code).then_some(Proven { by, transient, cipher: suite, parties })
        })
    }

    fn transition_groups(&mut self, pair: Pair, transition: &Transition<'_>, parts: &[&[u8]], charge: Charge) {
        let Some(station) = self.stations.find(&(pair.bssid, pair.station)) else { return };
        let Some(session) = station.sessions.iter().rev().find(|session| session.transient.confirms_bytes(parts, transition.code)) else {
            return;
        };
        let by = session.by;
        let keys: Vec<(u8, Vec<u8>)> =
            transition.group_keys.iter().filter_map(|(number, wrapped)| Some((*number, session.transient.unwrap(wrapped)?))).collect();
        for (number, key) in keys {
            self.group_key(pair, Brought { by, number, key: &key }, charge);
        }
    }

    /// The key management of a request that speaks of fast transition; the answer goes by the request's.
    fn transition_suite(&self, pair: Pair, frame: &Management<'_>) -> Option<Suite> {
        let told = Security::among(frame.elements());
        let security = told.or_else(|| self.stations.peek(&(pair.bssid, pair.station))?.choice.clone())?;
        security.key_management.first().copied()
    }
}

/// Bytes of fast transition's integrity code.
fn transition_code_bytes(key_management: Suite) -> usize {
    if matches!(key_management.number(), Some(13 | 19 | 22)) { 24 } else { 16 }
}
