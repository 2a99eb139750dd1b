//! DNS over HTTPS (RFC 8484), where the requests can be read: told by the media type of a message, or by the path
//! that resolvers use.

use crate::record::{ApplicationBasis, Http};

/// Media type of both messages (RFC 8484 section 6).
const MEDIA_TYPE: &str = "application/dns-message";
/// The path of the standard's examples (RFC 8484 section 4.1.1), which the public resolvers kept. Some have the
/// customer's identifier below it.
const PATH: &str = "/dns-query";

/// What the exchanges of a connection were.
#[derive(Debug, Default)]
pub(super) struct Queries {
    basis: Option<ApplicationBasis>,
    has_others: bool,
}

impl Queries {
    /// Looks at an exchange to which nothing more will come.
    pub(super) fn see(&mut self, exchange: &Http) {
        match basis(exchange) {
            Some(found) if self.basis.is_none() || found == ApplicationBasis::Path => self.basis = Some(found),
            Some(_) => {}
            None => self.has_others = true,
        }
    }

    /// What it rests on that the connection carries DNS and nothing else: the weakest of its exchanges.
    pub(super) fn basis(&self) -> Option<ApplicationBasis> {
        self.basis.filter(|_| !self.has_others)
    }
}

fn basis(exchange: &Http) -> Option<ApplicationBasis> {
    let has_type = [&exchange.content_type_out, &exchange.content_type_in].into_iter().flatten().any(|value| is_dns(value));
    let below = exchange.path.as_deref().and_then(|path| path.strip_prefix(PATH));
    let has_path = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if has_type { Some(ApplicationBasis::Content) } else { has_path.then_some(ApplicationBasis::Path) }
}

/// Whether the field is the media type, with whatever parameters.
fn is_dns(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(MEDIA_TYPE))
}
