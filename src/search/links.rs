//! Signed links to storage in what was sent or received: in JSON, HTML, XML, fields.

use super::detect::Detected;
use super::view::View;
use crate::wire::signed_link::{Lifetime, SignedLink};

/// Bytes of a link that are looked at behind the key that tells it, and before it.
pub(super) const LINK_BYTES: u64 = 640;
const LINK_BEFORE: usize = 96;

/// The link around one of the keys that sign it.
pub(super) fn signed(view: &View<'_>, start: u64, _: u64) -> Option<Detected> {
    let may_be_of_link = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%\\".contains(&byte);
    let before = view.until(start, LINK_BEFORE);
    let first = before.iter().rev().take_while(|byte| may_be_of_link(**byte)).count();
    let behind = super::detect::run(view.from(start, usize::try_from(LINK_BYTES).unwrap_or(0)), may_be_of_link);
    let link = [before.get(before.len().saturating_sub(first)..)?, behind].concat();
    // Behind a key of a query stands what it is set to, and a link has a query.
    let marks = [before.last().copied(), link.iter().copied().find(|byte| *byte == b'?' || *byte == b'&')];
    if !marks.into_iter().flatten().any(|byte| matches!(byte, b'?' | b'&' | b';' | b'6')) {
        return None;
    }
    let text = String::from_utf8(link).ok()?.replace("\\u0026", "&").replace("&amp;", "&");
    let query = text.split_once('?').map_or(text.as_str(), |(_, query)| query);
    let pairs: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let SignedLink { service, lifetime } = SignedLink::of(&pairs)?;
    let masked = match lifetime {
        Some(Lifetime::For(span)) => format!("{service}, {} s", span.nanos() / 1_000_000_000),
        Some(Lifetime::Until(end)) => format!("{service}, until second {end}"),
        None => service.to_owned(),
    };
    Some(Detected { kind: "presigned-link", form: service, start, value: masked.clone(), masked, place: None })
}
