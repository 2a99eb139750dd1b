//! Certificates of a handshake, over TCP and in QUIC, in clear and opened: a row each.

use std::net::IpAddr;

use super::offer::host;
use super::posture;
use super::{Context, Damage, Data, Side};
use crate::limits;
use crate::record::{Certificate, Row};
use crate::time::Timestamp;
use crate::wire::x509;

/// Writes the rows of a chain, leaf first; `server_name` is what the client asked for. Gives the names of the leaf
/// that can be host names.
pub(super) fn tell(chain: &[&[u8]], server_name: Option<&String>, data: Data<'_>, context: &mut Context<'_>) -> Vec<String> {
    if chain.len() > limits::CERTIFICATES {
        let detail = format!("found {} certificates, read the first {}", chain.len(), limits::CERTIFICATES);
        context.note((data.frame, data.time), "certificate-limit", detail, Damage::Ours);
    }
    let mut names = Vec::new();
    let mut known = Vec::new();
    for (position, der) in (0..).zip(chain.iter().take(limits::CERTIFICATES)) {
        let read = read(der, data, context);
        if let Some(leaf) = read.as_ref().filter(|_| position == 0) {
            names = host_names(&leaf.names);
        }
        push((position, der), read.as_ref(), server_name, (data, context));
        known.extend(read);
    }
    // A client shows its own for other reasons.
    if data.side == Side::Remote {
        posture::chain(&known, server_name, data, context);
    }
    names
}

fn push(
    (position, der): (u32, &[u8]),
    read: Option<&x509::Certificate>,
    server_name: Option<&String>,
    (data, context): (Data<'_>, &mut Context<'_>),
) {
    let validity = read.map(|read| [read.not_before, read.not_after].map(|at| Timestamp::from_parts(at, 0)));
    let nothing = x509::Certificate::default();
    let read = read.unwrap_or(&nothing);
    let (sha256, sha1) = x509::fingerprints(der);
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
        sha256,
        sha1,
    };
    context.rows.push(Row::Certificate(Box::new(row)));
}

/// Reads a certificate; what is wrong with it is noted.
fn read(der: &[u8], data: Data<'_>, context: &mut Context<'_>) -> Option<x509::Certificate> {
    let seen = (data.frame, data.time);
    let Some(read) = x509::Certificate::read(der) else {
        let detail = format!("found {} bytes that do not read as a certificate", der.len());
        context.note(seen, "certificate-malformed", detail, Damage::Theirs);
        return None;
    };
    if read.names_left_out > 0 {
        let detail = format!("left out {} names beyond {}", read.names_left_out, limits::CERTIFICATE_NAMES);
        context.note(seen, "certificate-limit", detail, Damage::Ours);
    }
    Some(read)
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
