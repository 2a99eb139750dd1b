//! Geofeeds, in which operators say where their ranges are used (RFC 8805).
//!
//! ```text
//! # comment
//! prefix , ISO 3166-1 alpha-2 , ISO 3166-2 , city , postal code (deprecated)
//! 192.0.2.0/24,CH,CH-BE,Bern,
//! ```
//!
//! Only range and country are used. A feed of the analyst is meant to be right: a line that is not is told, not skipped.

use super::Country;
use super::prefixes::{Prefixes, net};
use crate::limits;

/// Countries by range; nothing where the feed says that there is none to be told.
pub(super) type Geofeed = Prefixes<Option<Country>>;

/// Reads a feed. An error names its line.
pub(super) fn read(text: &str) -> Result<Geofeed, String> {
    let mut feed = Geofeed::default();
    for (place, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            add(&mut feed, line).map_err(|fault| format!("line {}: {fault}", place + 1))?;
        }
    }
    if feed.len() == 0 { Err("no address range in it".to_owned()) } else { Ok(feed) }
}

fn add(feed: &mut Geofeed, line: &str) -> Result<(), String> {
    let mut cells = line.split(',').map(|cell| cell.trim().trim_matches('"').trim());
    let net = net(cells.next().unwrap_or_default())?;
    let Some(code) = cells.next() else { return Err("expected prefix,country,region,city,postal".to_owned()) };
    let country = country(code)?;
    if feed.of(net).is_some_and(|known| *known != country) {
        return Err(format!("{net} has another country on a line before"));
    }
    if feed.len() >= limits::FEED_PREFIXES {
        return Err(format!("more than {} ranges", limits::FEED_PREFIXES));
    }
    feed.put(net, |_| country);
    Ok(())
}

/// No code, and the code ZZ, say that there is no country to be told.
fn country(code: &str) -> Result<Option<Country>, String> {
    if code.is_empty() || code.eq_ignore_ascii_case("ZZ") {
        return Ok(None);
    }
    let known = Country::from_code(code).map(Some);
    known.ok_or_else(|| format!("\"{}\" is no country of ISO 3166-1", crate::wire::escape(code.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(feed: &Geofeed, address: &str) -> Option<&'static str> {
        feed.look_up(address.parse().unwrap()).and_then(|(_, country)| country.map(Country::as_str))
    }

    #[test]
    fn ranges_have_countries() {
        let text = "\u{feff}# a comment\r\n\r\n192.0.2.0/25,CH,CH-BE,Bern,\r\n\"192.0.2.128/25\",\"ie\",,,\n192.0.2.200,ZZ\n2001:db8::/32,SG # here\n";
        let feed = read(text).unwrap();
        let answers = ["192.0.2.1", "192.0.2.129", "192.0.2.200", "2001:db8::1", "198.51.100.1"].map(|address| found(&feed, address));
        assert_eq!(answers, [Some("CH"), Some("IE"), None, Some("SG"), None]);
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, told) in [
            ("192.0.2.0/24,CH\n192.0.2.0/33,CH\n", "line 2: \"192.0.2.0/33\" is no address range"),
            ("192.0.2.0/24,EU,,,\n", "line 1: \"EU\" is no country"),
            ("192.0.2.0/24\n", "line 1: expected prefix,country"),
            ("192.0.2.0/24,CH\n192.0.2.0/24,IE\n", "line 2: 192.0.2.0/24 has another country"),
            ("# nothing\n", "no address range"),
        ] {
            assert!(read(text).unwrap_err().starts_with(told), "{:?}", read(text).unwrap_err());
        }
    }
}
