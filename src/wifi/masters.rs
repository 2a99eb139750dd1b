//! Master keys for a network: those that were given, and those made of passphrases, each made once per name.

use std::sync::Arc;

use hashbrown::HashMap;

use super::derive;
use super::keys::{KeyId, Keys, Secret};
use super::suite::Needs;
use crate::limits;

/// The user's keys that handshakes start from.
pub(super) struct Masters {
    keys: Arc<Keys>,
    made: HashMap<(KeyId, Vec<u8>), [u8; 32]>,
}

impl Masters {
    pub(super) fn new(keys: Arc<Keys>) -> Self {
        Self { keys, made: HashMap::new() }
    }

    /// The master keys to try in a network; of one whose name is not known, those of every name that a key has.
    pub(super) fn of(&mut self, ssid: Option<&[u8]>) -> Vec<(KeyId, Vec<u8>)> {
        let keys = Arc::clone(&self.keys);
        let mut masters = Vec::new();
        for key in &keys.list {
            match &key.secret {
                Secret::Passphrase { ssid: own, passphrase } if is_for(own.as_deref(), ssid) => {
                    if let Some(name) = ssid.or(own.as_deref()) {
                        masters.push((key.id, self.make(key.id, name, passphrase).to_vec()));
                    }
                }
                Secret::Master { ssid: own, key: master } if is_for(own.as_deref(), ssid) => masters.push((key.id, master.clone())),
                _ => {}
            }
        }
        masters
    }

    fn make(&mut self, id: KeyId, name: &[u8], passphrase: &[u8]) -> [u8; 32] {
        if self.made.len() >= limits::WIFI_MASTERS {
            self.made.clear();
        }
        *self.made.entry((id, name.to_vec())).or_insert_with(|| derive::master_key(passphrase, name))
    }

    /// Whether a key was given that this key management could start from.
    pub(super) fn has(&self, ssid: Option<&[u8]>, needs: Needs) -> bool {
        self.keys.list.iter().any(|key| match &key.secret {
            Secret::Passphrase { ssid: own, .. } => needs == Needs::Passphrase && is_for(own.as_deref(), ssid),
            Secret::Master { ssid: own, .. } => is_for(own.as_deref(), ssid),
            _ => false,
        })
    }

    /// Whether any handshake of this network could be opened.
    pub(super) fn has_any(&self, ssid: Option<&[u8]>) -> bool {
        self.has(ssid, Needs::Passphrase)
    }
}

/// A key without a name is for all networks, and a network whose name is not known may be any.
fn is_for(own: Option<&[u8]>, ssid: Option<&[u8]>) -> bool {
    own.zip(ssid).is_none_or(|(own, ssid)| own == ssid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_serves_its_network() {
        let mut keys = Keys::default();
        keys.add("IEEE:password").unwrap();
        keys.add(":password").unwrap();
        let mut masters = Masters::new(Arc::new(keys));
        let numbers = |masters: Vec<(KeyId, Vec<u8>)>| masters.into_iter().map(|(id, _)| id.number).collect::<Vec<_>>();
        assert_eq!(numbers(masters.of(Some(b"IEEE"))), [1, 2]);
        assert_eq!(numbers(masters.of(Some(b"other"))), [2]);
        assert_eq!(numbers(masters.of(None)), [1]);
        assert_eq!(masters.made.len(), 3);
        assert!(masters.has(None, Needs::Passphrase) && !masters.has(Some(b"IEEE"), Needs::SaeMaster));
    }
}
