//! Certificates of a handshake, over TCP and in QUIC, in clear and opened: a row each. The same few come in handshake after
//! handshake, and are read once.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;

use super::offer::host;
use super::posture;
use super::{Context, Damage, Data, Side};
use crate::limits;
use crate::record::{Certificate, Row};
use crate::time::Timestamp;
use crate::wire::{hex, x509};

/// Certificates that were read, by their SHA-256. It may be dropped at any time: what a certificate says does not change.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Arc<Mutex<HashMap<[u8; 32], Arc<Read>>>>);

/// A certificate that was read.
#[derive(Debug)]
struct Read {
    /// None where its bytes are no certificate.
    certificate: Option<x509::Certificate>,
    sha256: String,
    sha1: String,
}

impl Known {
    fn read(&self, der: &[u8]) -> Arc<Read> {
        let digest = x509::sha256(der);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = known.get(&digest) {
            return Arc::clone(read);
        }
        let read = Arc::new(Read { certificate: x509::Certificate::read(der), sha256: hex(&digest), sha1: x509::sha1(der) });
        if der.len() <= limits::CERTIFICATE_KNOWN_BYTES {
            if known.len() >= limits::CERTIFICATES_KNOWN {
                known.clear();
            }
            known.insert(digest, Arc::clone(&read));
        }
        read
    }
}

/// Writes the rows of a chain, leaf first; `server_name` is what the client asked for. Gives the names of the leaf
/// that can be host names.
pub(super) fn tell(chain: &[&[u8]], server_name: Option<&String>, data: Data<'_>, context: &mut Context<'_>) -> Vec<String> {
    if chain.len() > limits::CERTIFICATES {
        let detail = format!("found {} certificates, read the first {}", chain.len(), limits::CERTIFICATES);
        context.note((data.frame, data.time), "certificate-limit", detail, Damage::Ours);
    }
    let chain: Vec<_> =
        chain.iter().take(limits::CERTIFICATES).map(|der| (der.len(), context.flow.content.certificates.read(der))).collect();
    for (position, (length, read)) in (0..).zip(&chain) {
        note(read.certificate.as_ref(), *length, data, context);
        push(position, read, server_name, (data, context));
    }
    let known: Vec<_> = chain.iter().filter_map(|(_, read)| read.certificate.as_ref()).collect();
    let names = chain.first().and_then(|(_, leaf)| leaf.certificate.as_ref()).map(|leaf| host_names(&leaf.names)).unwrap_or_default();
    // A client shows its own for other reasons.
    if data.side == Side::Remote {
        posture::chain(&known, server_name, data, context);
    }
    names
}

fn push(position: u32, read: &Read, server_name: Option<&String>, (data, context): (Data<'_>, &mut Context<'_>)) {
    let Read { certificate, sha256, sha1 } = read;
    let validity = certificate.as_ref().map(|read| [read.not_before, read.not_after].map(|at| Timestamp::from_parts(at, 0)));
    let nothing = x509::Certificate::default();
    let read = certificate.as_ref().unwrap_or(&nothing);
    let row = Certificate {
        origin: context.flow.origin(data.frame, data.time),
        from_device: data.side == Side::Device,
        position,
        server_name: server_name.cloned(),
        subject: read.subject.clone(),
        names: read.names.clone(),
        issuer: read.issuer.clone(),
        serial: read.serial.clone(),
        not_before: validity.map(|[from, _]| from),
        not_after: validity.map(|[_, until]| until),
        is_valid_then: validity.map(|[from, until]| (from..=until).contains(&data.time)),
        is_self_issued: read.is_self_issued,
        key: read.key.clone(),
        signature: read.signature.clone(),
        sha256: sha256.clone(),
        sha1: sha1.clone(),
    };
    context.rows.push(Row::Certificate(Box::new(row)));
}

/// Notes what is wrong with a certificate of so many bytes.
fn note(read: Option<&x509::Certificate>, length: usize, data: Data<'_>, context: &mut Context<'_>) {
    let seen = (data.frame, data.time);
    match read {
        None => {
            let detail = format!("found {length} bytes that do not read as a certificate");
            context.note(seen, "certificate-malformed", detail, Damage::Theirs);
        }
        Some(read) if read.names_left_out > 0 => {
            let detail = format!("left out {} names beyond {}", read.names_left_out, limits::CERTIFICATE_NAMES);
            context.note(seen, "certificate-limit", detail, Damage::Ours);
        }
        Some(_) => {}
    }
}

/// The first names of a certificate that can be host names, wildcards among them.
fn host_names(names: &[String]) -> Vec<String> {
    let is_host = |name: &&String| {
        name.contains('.')
            && name.parse::<IpAddr>().is_err()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte))
    };
    names.iter().filter(is_host).filter_map(|name| host(name.as_bytes())).take(limits::CERTIFICATE_FLOW_NAMES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_read_once_and_forgotten_in_time() {
        let known = Known::default();
        let first = known.read(b"no certificate");
        assert!(Arc::ptr_eq(&first, &known.read(b"no certificate")));
        assert!(first.certificate.is_none());
        for number in 0..=limits::CERTIFICATES_KNOWN {
            known.read(&number.to_be_bytes());
        }
        assert!(!Arc::ptr_eq(&first, &known.read(b"no certificate")));
        let large = vec![0; limits::CERTIFICATE_KNOWN_BYTES + 1];
        assert!(!Arc::ptr_eq(&known.read(&large), &known.read(&large)));
    }
}
