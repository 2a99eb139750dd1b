//! Who runs a remote: by its name and, separately, by its autonomous system.

use std::collections::HashMap;

use super::host::Host;
use super::party::Role;

/// An organisation, or one branch of it with a role of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// Id, unique over all files.
    pub(crate) id: String,
    /// Name as the reader knows it; branches of one organisation share it.
    pub(crate) name: String,
    /// ISO 3166-1 alpha-2 code of the country of its head office.
    pub(crate) country: String,
    /// Its domains; names below them are its own.
    pub(crate) domains: Vec<String>,
    /// Its autonomous systems.
    pub(crate) asns: Vec<u32>,
    /// What it does.
    pub(crate) role: Role,
    /// Where this is known from.
    pub(crate) source: String,
    /// When the source said so, or when the entry was written: `2020`, `2020-09` or `2020-09-10`.
    pub(crate) date: String,
}

/// All organisations known, found by name and by autonomous system.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owners {
    owners: Vec<Owner>,
    by_id: HashMap<String, usize>,
    by_domain: HashMap<String, usize>,
    by_asn: HashMap<u32, usize>,
}

impl Owners {
    /// The organisation whose domain is the longest suffix of `host`.
    pub(crate) fn by_name(&self, host: &Host<'_>) -> Option<&Owner> {
        host.suffixes().find_map(|suffix| self.at(self.by_domain.get(suffix)))
    }

    /// The organisation that runs autonomous system `asn`: the network, not the service.
    pub(crate) fn by_asn(&self, asn: u32) -> Option<&Owner> {
        self.at(self.by_asn.get(&asn))
    }

    /// The organisation with this id.
    pub(crate) fn by_id(&self, id: &str) -> Option<&Owner> {
        self.at(self.by_id.get(id))
    }

    /// Every organisation, in the order in which they were added.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Owner> {
        self.owners.iter()
    }

    /// Adds an organisation; its domains and systems are taken over from whoever had them.
    pub(super) fn add(&mut self, owner: Owner) {
        let place = self.owners.len();
        self.by_id.insert(owner.id.clone(), place);
        for domain in &owner.domains {
            self.by_domain.insert(domain.clone(), place);
        }
        for asn in &owner.asns {
            self.by_asn.insert(*asn, place);
        }
        self.owners.push(owner);
    }

    fn at(&self, place: Option<&usize>) -> Option<&Owner> {
        place.and_then(|place| self.owners.get(*place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(id: &str, domain: &str, asn: u32) -> Owner {
        Owner {
            id: id.into(),
            name: id.to_uppercase(),
            country: "US".into(),
            domains: vec![domain.into()],
            asns: vec![asn],
            role: Role::parse("cloud").unwrap(),
            source: "test".into(),
            date: "2026".into(),
        }
    }

    #[test]
    fn the_longest_suffix_owns_a_name() {
        let mut owners = Owners::default();
        owners.add(owner("shop", "amazon.com", 1));
        owners.add(owner("cloud", "aws.amazon.com", 2));
        let id = |name: &str| owners.by_name(&Host::parse(name).unwrap()).map(|owner| owner.id.as_str());
        assert_eq!(id("x.aws.amazon.com"), Some("cloud"));
        assert_eq!(id("www.amazon.com"), Some("shop"));
        assert_eq!(id("notamazon.com"), None);
        assert_eq!(id("com"), None);
        assert_eq!(owners.by_asn(2).unwrap().id, "cloud");
        assert_eq!(owners.by_asn(3), None);
        assert_eq!(owners.by_id("shop").unwrap().country, "US");
    }

    #[test]
    fn a_later_entry_takes_over_a_domain() {
        let mut owners = Owners::default();
        owners.add(owner("old", "example.org", 1));
        owners.add(owner("new", "example.org", 1));
        assert_eq!(owners.by_name(&Host::parse("example.org").unwrap()).unwrap().id, "new");
        assert_eq!(owners.by_asn(1).unwrap().id, "new");
        assert_eq!(owners.iter().count(), 2);
    }
}
