//! A map of bounded length that forgets what was not asked for longest, in two generations.

use std::hash::Hash;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

/// The map. When its new half is full and a key comes that is in neither, the old half is dropped and the new half
/// grows old; what is asked for becomes new again. Each step costs one look-up or two, however many keys a flood
/// brings.
pub(super) struct Recent<K, V> {
    new: HashMap<K, V>,
    old: HashMap<K, V>,
    dropped: HashMap<K, V>,
    half: usize,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// A map of at most `limit` entries.
    pub(super) fn new(limit: usize) -> Self {
        Self { new: HashMap::new(), old: HashMap::new(), dropped: HashMap::new(), half: (limit / 2).max(1) }
    }

    /// The value of a key, if it is still there.
    pub(super) fn find(&mut self, key: &K) -> Option<&mut V> {
        match self.new.entry(*key) {
            Entry::Occupied(place) => Some(place.into_mut()),
            Entry::Vacant(place) => Some(place.insert(self.old.remove(key)?)),
        }
    }

    /// The value of a key, made if it is not there.
    pub(super) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if self.new.len() >= self.half && !self.new.contains_key(&key) {
            let old = std::mem::replace(&mut self.old, std::mem::take(&mut self.new));
            self.dropped.extend(old);
        }
        let old = &mut self.old;
        self.new.entry(key).or_insert_with(|| old.remove(&key).unwrap_or_else(make))
    }

    /// The value of a key, which stays as old as it is.
    pub(super) fn peek(&self, key: &K) -> Option<&V> {
        self.new.get(key).or_else(|| self.old.get(key))
    }

    /// Every value, in no order.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.new.iter_mut().chain(self.old.iter_mut())
    }

    /// All entries that were not dropped, in the order of their keys.
    pub(super) fn all(&self) -> Vec<(&K, &V)>
    where
        K: Ord,
    {
        let mut entries: Vec<_> = self.new.iter().chain(&self.old).collect();
        entries.sort_by_key(|(key, _)| **key);
        entries
    }

    /// Whether entries were dropped since [`Self::take_dropped`].
    pub(super) fn has_dropped(&self) -> bool {
        !self.dropped.is_empty()
    }

    /// The entries that were dropped, in the order of their keys.
    pub(super) fn take_dropped(&mut self) -> Vec<(K, V)>
    where
        K: Ord,
    {
        in_order(std::mem::take(&mut self.dropped))
    }

    /// Forgets what was dropped: nobody asks for it.
    pub(super) fn forget_dropped(&mut self) {
        self.dropped.clear();
    }

    /// All entries, in the order of their keys.
    pub(super) fn into_all(mut self) -> Vec<(K, V)>
    where
        K: Ord,
    {
        self.new.extend(self.old);
        self.new.extend(self.dropped);
        in_order(self.new)
    }
}

fn in_order<K: Ord, V>(map: HashMap<K, V>) -> Vec<(K, V)> {
    let mut entries: Vec<(K, V)> = map.into_iter().collect();
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays() {
        let mut map = Recent::new(4);
        for key in 0..9 {
            map.entry(key, || key);
            // Zero is asked for each time.
            assert_eq!(map.find(&0), Some(&mut 0));
        }
        assert!(map.has_dropped());
        let dropped: Vec<i32> = map.take_dropped().into_iter().map(|(key, _)| key).collect();
        assert_eq!(map.find(&0), Some(&mut 0));
        assert!(dropped.contains(&1) && !dropped.contains(&0) && dropped.is_sorted());
        assert!(map.into_all().len() <= 4);
    }
}
