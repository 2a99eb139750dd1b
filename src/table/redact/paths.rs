//! Paths of captures, logs and key files: where somebody keeps them names people and clients. Without a key the shortest
//! end stays that tells them apart; with one a pseudonym, and what kind of file it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use regex::Regex;

use super::pseudonym::Pseudonyms;
use crate::limits;

/// What paths become.
#[derive(Debug, Default)]
pub(super) struct Paths {
    shown: BTreeMap<String, String>,
    pattern: Option<Regex>,
}

impl Paths {
    /// Prepares for these paths.
    pub(super) fn of(paths: &BTreeSet<String>, pseudonyms: Option<&Pseudonyms>) -> Self {
        let known: Vec<&String> = paths.iter().filter(|path| *path != "-").take(limits::REDACT_KNOWN).collect();
        let tails: Vec<Vec<String>> = known.iter().map(|path| tails(path)).collect();
        let mut shown = BTreeMap::new();
        for (place, path) in known.iter().enumerate() {
            let name = match pseudonyms {
                Some(pseudonyms) => hidden(pseudonyms, path),
                None => distinct(place, &tails),
            };
            if name != **path {
                shown.insert((*path).clone(), name);
            }
        }
        // The longest first: one path may begin another.
        let mut longest: Vec<&String> = shown.keys().collect();
        longest.sort_by_key(|path| (std::cmp::Reverse(path.len()), *path));
        let any: Vec<String> = longest.into_iter().map(|path| regex::escape(path)).collect();
        let pattern = Some(any.join("|")).filter(|any| !any.is_empty());
        let pattern = pattern.and_then(|any| regex::RegexBuilder::new(&any).size_limit(limits::REDACT_PATTERN_BYTES).build().ok());
        Self { shown, pattern }
    }

    /// A text without the paths in it; none when there is none.
    pub(super) fn replaced(&self, text: &str) -> Option<String> {
        if let Some(shown) = self.shown.get(text) {
            return Some(shown.clone());
        }
        let found = self.pattern.as_ref()?.replace_all(text, |found: &regex::Captures<'_>| {
            found.get(0).and_then(|path| self.shown.get(path.as_str())).cloned().unwrap_or_default()
        });
        (found != text).then(|| found.into_owned())
    }
}

/// The pseudonym of a path, with the ending that says what kind of file it is.
pub(super) fn hidden(pseudonyms: &Pseudonyms, path: &str) -> String {
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    let at = [".pcap", ".cap"].iter().find_map(|ending| name.rfind(ending)).or_else(|| name.rfind('.'));
    let ending = at.and_then(|at| name.get(at..)).filter(|ending| ending.len() <= 12).unwrap_or_default();
    format!("{}{ending}", pseudonyms.word("file", path))
}

/// The ends of a path, the shortest first.
fn tails(path: &str) -> Vec<String> {
    let parts = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(part) => Some(part.to_string_lossy()),
        _ => None,
    });
    let parts: Vec<_> = parts.collect();
    (0..parts.len()).rev().filter_map(|from| parts.get(from..)).map(|tail| tail.join("/")).collect()
}

/// The shortest end that no other path has; two ways to write one path are counted.
fn distinct(place: usize, tails: &[Vec<String>]) -> String {
    let Some(own) = tails.get(place) else { return String::new() };
    let others = || tails.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, tails)| tails);
    let is_free = |tail: &&String| !others().any(|tails| tails.contains(tail));
    own.iter().find(is_free).cloned().unwrap_or_else(|| format!("{} ({})", own.first().map_or("", String::as_str), place + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(given: &[&str], pseudonyms: Option<&Pseudonyms>) -> Paths {
        Paths::of(&given.iter().map(|path| (*path).to_owned()).collect(), pseudonyms)
    }

    #[test]
    fn the_shortest_end_that_tells_files_apart_stays() {
        let paths =
            paths(&["/home/ann/client/a/phone.pcap", "/home/ann/client/b/phone.pcap", "/home/ann/x.pcapng", "-", "plain.pcap"], None);
        let shown = |text: &str| paths.replaced(text);
        assert_eq!(shown("/home/ann/client/b/phone.pcap").as_deref(), Some("b/phone.pcap"));
        assert_eq!(shown("frames 1-2 of /home/ann/x.pcapng: a").as_deref(), Some("frames 1-2 of x.pcapng: a"));
        assert_eq!((shown("-"), shown("plain.pcap"), shown("nothing")), (None, None, None));
    }

    #[test]
    fn pseudonyms_say_what_kind_of_file_it_is_and_nothing_else() {
        let pseudonyms = Pseudonyms::new(b"a key for the tests of redaction").unwrap();
        let paths = paths(&["/home/ann/secret.client.pcap.gz", "/home/ann/sslkeys.txt"], Some(&pseudonyms));
        let shown = paths.replaced("/home/ann/secret.client.pcap.gz").unwrap();
        assert!(shown.starts_with("file-") && shown.ends_with(".pcap.gz") && !shown.contains("client"), "{shown}");
        let keys = paths.replaced("/home/ann/sslkeys.txt:14").unwrap();
        assert!(keys.starts_with("file-") && keys.ends_with(".txt:14"), "{keys}");
    }
}
