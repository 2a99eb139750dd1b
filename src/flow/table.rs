//! The open flows: found by key, closed when idle, never more than a limit.
//!
//! Flows of one kind of time-out stand in a list in the order of their last packet, so that expiring looks only
//! at the front.

use hashbrown::HashMap;

use super::Key;
use crate::limits;
use crate::time::{Span, Timestamp};

/// How long a flow may be idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idle {
    /// An open TCP connection.
    Tcp,
    /// UDP.
    Udp,
    /// Everything else.
    Other,
    /// A TCP connection that was closed: late segments still belong to it.
    Closed,
}

impl Idle {
    const ALL: [Self; 4] = [Self::Tcp, Self::Udp, Self::Other, Self::Closed];

    const fn limit(self) -> Span {
        match self {
            Self::Tcp => limits::IDLE_TCP,
            Self::Udp => limits::IDLE_UDP,
            Self::Other => limits::IDLE_OTHER,
            Self::Closed => limits::LINGER_TCP,
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Tcp => 0,
            Self::Udp => 1,
            Self::Other => 2,
            Self::Closed => 3,
        }
    }
}

/// An open flow with whatever its owner keeps for it.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    /// Its key.
    pub(crate) key: Key,
    /// The owner's part.
    pub(crate) value: T,
    idle: Idle,
    last: Timestamp,
    before: Option<usize>,
    after: Option<usize>,
}

/// All open flows.
pub(crate) struct Table<T> {
    slots: Vec<Option<Entry<T>>>,
    free: Vec<usize>,
    by_key: HashMap<Key, usize>,
    /// Front and back of each list.
    ends: [(Option<usize>, Option<usize>); 4],
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), by_key: HashMap::new(), ends: [(None, None); 4] }
    }
}

impl<T> Table<T> {
    /// Number of open flows.
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// What is kept for the open flows, in no order that means anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().flatten().map(|entry| &entry.value)
    }

    /// The slot of a key.
    pub(crate) fn find(&self, key: &Key) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// The flow in a slot.
    pub(crate) fn get_mut(&mut self, slot: usize) -> Option<&mut Entry<T>> {
        self.slots.get_mut(slot)?.as_mut()
    }

    /// Whether a flow has been idle for too long at `now`.
    pub(crate) fn is_idle(&self, slot: usize, now: Timestamp) -> bool {
        self.slots.get(slot).and_then(Option::as_ref).is_some_and(|entry| now.since(entry.last) > entry.idle.limit())
    }

    /// Opens a flow.
    pub(crate) fn insert(&mut self, key: Key, value: T, idle: Idle, now: Timestamp) -> usize {
        let entry = Entry { key, value, idle, last: now, before: None, after: None };
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                self.slots.len() - 1
            }
        };
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(entry);
        }
        self.by_key.insert(key, slot);
        self.link_last(slot, idle);
        slot
    }

    /// Notes a packet of a flow, which from now on is idle in the manner of `idle`.
    pub(crate) fn touch(&mut self, slot: usize, idle: Idle, now: Timestamp) {
        self.unlink(slot);
        if let Some(entry) = self.get_mut(slot) {
            entry.idle = idle;
            entry.last = now;
        }
        self.link_last(slot, idle);
    }

    /// Takes a flow out.
    pub(crate) fn remove(&mut self, slot: usize) -> Option<Entry<T>> {
        self.unlink(slot);
        let entry = self.slots.get_mut(slot)?.take()?;
        self.by_key.remove(&entry.key);
        self.free.push(slot);
        Some(entry)
    }

    /// Takes out a flow that has been idle for too long at `now`.
    pub(crate) fn pop_idle(&mut self, now: Timestamp) -> Option<Entry<T>> {
        let slot = Idle::ALL.into_iter().find_map(|idle| self.front(idle).filter(|slot| self.is_idle(*slot, now)))?;
        self.remove(slot)
    }

    /// Takes out the flow that has been idle longest, of the kind that matters least.
    pub(crate) fn pop_oldest(&mut self) -> Option<Entry<T>> {
        let fronts = [Idle::Closed, Idle::Other, Idle::Udp, Idle::Tcp].into_iter().filter_map(|idle| self.front(idle));
        let slot = fronts.min_by_key(|slot| self.slots.get(*slot).and_then(Option::as_ref).map(|entry| entry.last))?;
        self.remove(slot)
    }

    /// Takes out the flows that are left, in the order in which they were opened.
    pub(crate) fn into_rest(mut self, opened: impl Fn(&T) -> u64) -> Vec<Entry<T>> {
        let mut rest: Vec<Entry<T>> = self.slots.drain(..).flatten().collect();
        rest.sort_by_key(|entry| opened(&entry.value));
        rest
    }

    fn front(&self, idle: Idle) -> Option<usize> {
        self.ends.get(idle.index())?.0
    }

    fn link_last(&mut self, slot: usize, idle: Idle) {
        let Some((front, back)) = self.ends.get_mut(idle.index()) else { return };
        let before = back.replace(slot);
        if front.is_none() {
            *front = Some(slot);
        }
        if let Some(entry) = self.get_mut(slot) {
            (entry.before, entry.after) = (before, None);
        }
        if let Some(entry) = before.and_then(|before| self.get_mut(before)) {
            entry.after = Some(slot);
        }
    }

    fn unlink(&mut self, slot: usize) {
        let Some(entry) = self.get_mut(slot) else { return };
        let (before, after, idle) = (entry.before, entry.after, entry.idle);
        match before.and_then(|before| self.get_mut(before)) {
            Some(entry) => entry.after = after,
            None => {
                if let Some(ends) = self.ends.get_mut(idle.index()) {
                    ends.0 = after;
                }
            }
        }
        match after.and_then(|after| self.get_mut(after)) {
            Some(entry) => entry.before = before,
            None => {
                if let Some(ends) = self.ends.get_mut(idle.index()) {
                    ends.1 = before;
                }
            }
        }
    }
}
