//! What is wrong with a server's certificates at the time of the capture. Who vouches for the last one of the chain cannot be
//! seen: that is what the client knows.

use std::net::IpAddr;

use super::super::{Context, Data};
use super::{EXPIRED, Kind, NAME_MISMATCH, NOT_YET_VALID, SELF_SIGNED, Seen, WEAK_KEY, WEAK_SIGNATURE, tell};
use crate::time::Timestamp;
use crate::wire::x509::Certificate;

/// Bits of a key of RSA or DSA below which it is short (NIST SP 800-57 part 1, section 5.6.3).
const BITS: u32 = 2_048;
/// Marks of curves with less than 224 bits.
const SHORT_CURVES: &[&str] = &["112", "128", "160", "163", "192", "193"];
/// Hashes for which collisions are made.
const BROKEN_HASHES: &[&str] = &["md2", "md4", "md5", "sha1", "sha-1"];
/// Certificates of a chain whose subjects are shown.
const SHOWN: usize = 6;

/// Tells what is wrong with the chain, leaf first, that a server showed a client which asked for `server_name`.
pub(in crate::app) fn chain(chain: &[&Certificate], server_name: Option<&String>, data: Data<'_>, context: &mut Context<'_>) {
    let Some(leaf) = chain.first() else { return };
    let shown: Vec<&str> = chain.iter().take(SHOWN).map(|certificate| certificate.subject.as_str()).collect();
    let shown = shown.join(" < ");
    let mut say = |kind: &Kind, certificate: &Certificate, what: String| {
        let value = format!("serial {}; chain {shown}", certificate.serial);
        tell(kind, Seen { at: (data.frame, data.time), what, value, name: server_name.cloned(), basis: "content" }, context);
    };
    let day = |seconds: i64| Timestamp::from_parts(seconds, 0).to_string().split('T').next().unwrap_or_default().to_owned();
    let now = data.time.nanos().div_euclid(1_000_000_000);
    for certificate in chain {
        let subject = &certificate.subject;
        if certificate.not_after < now {
            say(&EXPIRED, certificate, format!("the certificate of {subject} ended on {}", day(certificate.not_after)));
        }
        if certificate.not_before > now {
            say(&NOT_YET_VALID, certificate, format!("the certificate of {subject} begins on {}", day(certificate.not_before)));
        }
        if is_short(&certificate.key) {
            say(&WEAK_KEY, certificate, format!("the certificate of {subject} has the key {}", certificate.key));
        }
        // Nobody relies on the signature by which a root vouches for itself.
        if !certificate.is_self_issued && is_broken(&certificate.signature) {
            say(&WEAK_SIGNATURE, certificate, format!("the certificate of {subject} is signed with {}", certificate.signature));
        }
    }
    if leaf.is_self_issued {
        say(&SELF_SIGNED, leaf, format!("the certificate of {} is signed by itself", leaf.subject));
    }
    if let Some(wanted) = server_name.filter(|wanted| wanted.parse::<IpAddr>().is_err())
        && leaf.names_left_out == 0
        && !leaf.names.iter().any(|name| covers(name, wanted))
    {
        let names = leaf.names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        say(&NAME_MISMATCH, leaf, format!("the client asked for {wanted}, the certificate is for {names}"));
    }
}

/// A name of a certificate, whose first label may be a star (RFC 6125 section 6.4.3).
fn covers(name: &str, wanted: &str) -> bool {
    let wanted = wanted.trim_end_matches('.');
    match name.strip_prefix("*.") {
        Some(domain) => wanted.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == domain),
        None => name.trim_end_matches('.') == wanted,
    }
}

fn is_short(key: &str) -> bool {
    match key.split_once(' ') {
        Some(("RSA" | "DSA", bits)) => bits.parse::<u32>().is_ok_and(|bits| bits < BITS),
        Some(("EC", curve)) => SHORT_CURVES.iter().any(|short| curve.contains(short)),
        _ => false,
    }
}

fn is_broken(signature: &str) -> bool {
    let signature = signature.to_ascii_lowercase();
    BROKEN_HASHES.iter().any(|hash| signature.contains(hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_stars() {
        assert!(covers("api.example", "api.example") && covers("*.example", "api.example"));
        assert!(!covers("*.example", "a.b.example") && !covers("*.example", "example") && !covers("api.example", "xapi.example"));
    }

    #[test]
    fn keys_and_hashes() {
        assert!(is_short("RSA 1024") && is_short("DSA 1024") && is_short("EC secp192r1") && is_short("EC prime192v1"));
        assert!(!is_short("RSA 2048") && !is_short("EC prime256v1") && !is_short("ED25519") && !is_short("EC secp384r1"));
        assert!(is_broken("sha1WithRSAEncryption") && is_broken("ecdsa-with-SHA1") && is_broken("md5WithRSAEncryption"));
        assert!(!is_broken("sha256WithRSAEncryption") && !is_broken("rsassaPss"));
    }
}
