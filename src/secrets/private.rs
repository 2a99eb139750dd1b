//! Private RSA keys in PEM: PKCS#1 (RFC 8017 appendix A.1.2) and PKCS#8 (RFC 5958).

use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey};

/// A private key.
#[derive(Clone)]
pub(crate) struct RsaKey(Box<RsaPrivateKey>);

impl RsaKey {
    /// The first private key in a PEM file; what was found instead otherwise.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let start = text.match_indices("-----BEGIN ").find(|(at, _)| {
            let line = text.split_at(*at).1.lines().next().unwrap_or_default();
            line.ends_with(" PRIVATE KEY-----") || line == "-----BEGIN PRIVATE KEY-----"
        });
        let Some((start, _)) = start else { return Err("found no private key".to_owned()) };
        let block = text.split_at(start).1;
        let end =
            block.match_indices("-----END ").next().and_then(|(at, _)| block.split_at(at).1.find('\n').map(|line| at.saturating_add(line)));
        let block = end.map_or(block, |end| block.split_at(end).0);
        let key = if block.starts_with("-----BEGIN RSA PRIVATE KEY") {
            RsaPrivateKey::from_pkcs1_pem(block).map_err(|error| error.to_string())
        } else {
            RsaPrivateKey::from_pkcs8_pem(block).map_err(|error| error.to_string())
        };
        key.map(|key| Self(Box::new(key)))
    }

    /// What a client encrypted for this key (RFC 5246 section 7.4.7.1); `None` when it was for another one.
    pub(crate) fn premaster(&self, encrypted: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt(Pkcs1v15Encrypt, encrypted).ok().filter(|premaster| premaster.len() == 48)
    }
}
