//! The role of a remote towards the vendor under study.

use serde::Serialize;

/// Whose service a remote is, seen from the vendor under study.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Party {
    /// The vendor under study.
    First,
    /// Cloud, CDN or storage that works for whoever rents it.
    Support,
    /// Anybody else.
    Third,
    /// The vendor of the phone's operating system, at work for the system.
    Platform,
    /// The local network.
    Local,
    /// Not known.
    #[default]
    Unknown,
}

impl Party {
    /// Every party, in the order in which tables show them.
    pub(crate) const ALL: [Self; 6] = [Self::First, Self::Support, Self::Third, Self::Platform, Self::Local, Self::Unknown];

    /// The word in the table and in rule files.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Support => "support",
            Self::Third => "third",
            Self::Platform => "platform",
            Self::Local => "local",
            Self::Unknown => "unknown",
        }
    }

    /// The party called `word`.
    pub(crate) fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|party| party.as_str() == word)
    }
}

/// What an organisation does, as far as its part in other people's traffic goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Makes the product of that name (lower case): first party of a study of it, third of any other.
    Vendor(String),
    /// Any other role in [`ROLES`].
    Listed(&'static str, Party),
}

/// Roles an owner may have, and the party that follows.
///
/// An access provider says nothing about who is served, nor does a network that carries its owner's system
/// services, tenants and third-party services alike (`mixed`): their party is unknown.
pub(crate) static ROLES: &[(&str, Party)] = &[
    ("platform", Party::Platform),
    ("cloud", Party::Support),
    ("cdn", Party::Support),
    ("storage", Party::Support),
    ("hosting", Party::Support),
    ("isp", Party::Unknown),
    ("mixed", Party::Unknown),
    ("analytics", Party::Third),
    ("advertising", Party::Third),
    ("social", Party::Third),
    ("maps", Party::Third),
    ("messaging", Party::Third),
    ("streaming", Party::Third),
    ("shopping", Party::Third),
    ("payment", Party::Third),
    ("news", Party::Third),
    ("games", Party::Third),
    ("security", Party::Third),
    ("positioning", Party::Third),
    ("name-service", Party::Third),
    ("time", Party::Third),
    ("internet", Party::Third),
];

const VENDOR: &str = "vendor:";

impl Role {
    /// Reads `vendor:NAME` or a word of [`ROLES`].
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(vendor) = text.strip_prefix(VENDOR) {
            return (!vendor.is_empty()).then(|| Self::Vendor(vendor.to_lowercase()));
        }
        ROLES.iter().find(|(word, _)| *word == text).map(|(word, party)| Self::Listed(word, *party))
    }

    /// The party this role makes of an organisation in a study of `vendor` (lower case).
    pub(crate) fn party(&self, vendor: &str) -> Party {
        match self {
            Self::Vendor(own) if own == vendor => Party::First,
            Self::Vendor(_) => Party::Third,
            Self::Listed(_, party) => *party,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_is_first_party_only_of_its_own_study() {
        let role = Role::parse("vendor:DJI").unwrap();
        assert_eq!(role.party("dji"), Party::First);
        assert_eq!(role.party("parrot"), Party::Third);
        assert_eq!(role, Role::Vendor("dji".into()));
    }

    #[test]
    fn roles_read_back() {
        for (word, party) in ROLES {
            assert_eq!(Role::parse(word), Some(Role::Listed(word, *party)));
        }
        assert_eq!(Role::parse("vendor:"), None);
        assert_eq!(Role::parse("Cloud"), None);
        assert_eq!(Party::find("third"), Some(Party::Third));
        assert_eq!(Party::find("os"), None);
    }
}
