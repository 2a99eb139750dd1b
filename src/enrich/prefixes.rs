//! Address ranges, each with a value: the longest that holds an address answers.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hashbrown::HashMap;
use ipnet::IpNet;

/// Ranges by their prefix. A look-up takes one probe for each length of prefix that occurs.
#[derive(Clone, Debug)]
pub(super) struct Prefixes<T> {
    values: HashMap<IpNet, T>,
    /// Lengths that occur, of IPv4 and of IPv6.
    lengths: [BTreeSet<u8>; 2],
}

impl<T> Default for Prefixes<T> {
    fn default() -> Self {
        Self { values: HashMap::new(), lengths: <_>::default() }
    }
}

impl<T> Prefixes<T> {
    /// Ranges that have a value.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Gives a range its value, which is made of the one it has, if any.
    pub(super) fn put(&mut self, net: IpNet, value: impl FnOnce(Option<T>) -> T) {
        let net = net.trunc();
        if let Some(lengths) = self.lengths.get_mut(usize::from(net.addr().is_ipv6())) {
            lengths.insert(net.prefix_len());
        }
        let value = value(self.values.remove(&net));
        self.values.insert(net, value);
    }

    /// The value of exactly this range.
    pub(super) fn of(&self, net: IpNet) -> Option<&T> {
        self.values.get(&net.trunc())
    }

    /// Length and value of the longest range that holds the address.
    pub(super) fn look_up(&self, address: IpAddr) -> Option<(u8, &T)> {
        let lengths = self.lengths.get(usize::from(address.is_ipv6()))?;
        lengths.iter().rev().find_map(|length| {
            let net = IpNet::new(address, *length).ok()?.trunc();
            Some((*length, self.values.get(&net)?))
        })
    }
}

/// A range as lists write it; an address is a range of one.
pub(super) fn net(text: &str) -> Result<IpNet, String> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse()).map_err(|_| format!("\"{}\" is no address range", crate::wire::escape(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_range_answers() {
        let mut prefixes = Prefixes::default();
        for (place, text) in ["0.0.0.0/0", "198.51.0.0/16", "198.51.100.7", "2001:db8::/32", "2001:db8:1::/48"].iter().enumerate() {
            prefixes.put(net(text).unwrap(), |_| place);
        }
        let found = |text: &str| prefixes.look_up(text.parse().unwrap()).map(|(length, value)| (length, *value));
        assert_eq!(found("198.51.100.7"), Some((32, 2)));
        assert_eq!(found("198.51.100.8"), Some((16, 1)));
        assert_eq!(found("8.8.8.8"), Some((0, 0)));
        assert_eq!(found("2001:db8:1::9"), Some((48, 4)));
        assert_eq!(found("2001:db8:2::9"), Some((32, 3)));
        assert_eq!(found("2001:db9::"), None);
        assert_eq!((prefixes.len(), prefixes.of(net("198.51.9.9/16").unwrap())), (5, Some(&1)));
    }

    #[test]
    fn what_is_no_range_is_told() {
        assert!(net("198.51.100.0/33").is_err() && net("\u{1b}[31m").unwrap_err().contains(r"\x1b"));
    }
}
