//! What the list names, taken out of texts that tables show: names of hosts, paths, records.

use super::{Hit, Reveal, Search, What};

impl Search {
    /// The text with each identifier of the list in it replaced by what the list calls it; none when there is none in it, or
    /// they may be shown. Link addresses and names of networks stay: tables are about them.
    pub(crate) fn cover(&self, text: &str) -> Option<String> {
        if self.seeds.is_empty() || self.reveal == Reveal::Plain {
            return None;
        }
        let mut hits = Vec::new();
        self.whole(text.as_bytes(), <_>::default(), &mut hits);
        hits.retain(|hit| hit.what.is_some_and(|what| !matches!(what, What::Mac | What::Bssid | What::Ssid)));
        if hits.is_empty() {
            return None;
        }
        // Where several begin in the same place, the longest has all of it.
        hits.sort_by_key(|hit| (hit.offset, std::cmp::Reverse(hit.end)));
        let index = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        let (mut covered, mut at) = (String::new(), 0);
        for Hit { id, offset, end, .. } in &hits {
            if let Some(between) = text.get(at..index(*offset)) {
                covered.push_str(between);
                covered.extend(["‹", id.as_deref().unwrap_or_default(), "›"]);
            }
            at = at.max(index(*end));
        }
        covered.push_str(text.get(at..).unwrap_or_default());
        Some(covered)
    }

    /// Covers all texts of a row. One look at them together tells mostly that there is nothing in any.
    pub(crate) fn cover_all(&self, texts: Vec<&mut String>) {
        let mut lines = String::with_capacity(texts.iter().map(|text| text.len() + 1).sum());
        texts.iter().for_each(|text| lines.extend([text.as_str(), "\n"]));
        if !self.may_find(lines.as_bytes()) {
            return;
        }
        for text in texts {
            if let Some(covered) = self.cover(text) {
                *text = covered;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::search_of;

    #[test]
    fn only_what_is_named_is_taken_out() {
        let search = search_of(
            "[[identifier]]\nwhat = \"serial\"\nid = \"aircraft\"\nvalue = \"0ASUE7L0021LAB\"\n[[identifier]]\nwhat = \"mac\"\nvalue = \"60:60:1f:5a:3c:01\"\n",
        );
        assert_eq!(search.cover("/v1/0ASUE7L0021LAB/a?0asue7l0021lab").as_deref(), Some("/v1/‹aircraft›/a?‹aircraft›"));
        assert_eq!(search.cover("60:60:1f:5a:3c:01"), None);
        assert_eq!(search.cover("/v1/other"), None);
        let mut texts = ["host".to_owned(), "0ASUE7L0021LAB".to_owned()];
        search.cover_all(texts.iter_mut().collect());
        assert_eq!(texts, ["host", "‹aircraft›"]);
        // What is cut in two is in neither.
        let mut texts = ["0ASUE7L".to_owned(), "0021LAB".to_owned()];
        search.cover_all(texts.iter_mut().collect());
        assert_eq!(texts, ["0ASUE7L", "0021LAB"]);
    }
}
