//! A stream inside a stream: after CONNECT, STARTTLS or an upgrade the bytes that follow are recognised anew.

use super::{Appetite, Context, Data, Dialogue, Facts, Follow, Side};
use crate::limits::{FLOW_NAMES, FLOW_REQUESTS};
use crate::record::Encryption;

/// The inner stream.
pub(crate) struct Tunnel {
    follow: Follow,
    has_bytes: bool,
}

impl Tunnel {
    pub(crate) fn new() -> Self {
        Self { follow: Follow::inner(), has_bytes: false }
    }

    /// A stream whose protocol is known.
    pub(crate) fn of(dialogue: Box<dyn Dialogue>) -> Self {
        Self { follow: Follow::of(dialogue), has_bytes: false }
    }

    pub(crate) fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        self.has_bytes |= !data.bytes.is_empty();
        self.follow.data(data, context);
        self.appetite()
    }

    pub(crate) fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) -> Appetite {
        self.follow.gap(side, length, context);
        self.appetite()
    }

    pub(crate) fn finish(&mut self, context: &mut Context<'_>) {
        self.follow.finish(context);
    }

    const fn appetite(&self) -> Appetite {
        if self.follow.wants_bytes() { Appetite::More } else { Appetite::Done }
    }

    /// The facts of the stream around it, with those of the stream inside, which say more of what was sent.
    pub(crate) fn facts(&self, outer: Facts) -> Facts {
        let inner = self.follow.facts();
        if inner.application.is_none() {
            let encryption = if self.has_bytes { Encryption::Unknown } else { outer.encryption };
            return Facts { encryption, ..outer };
        }
        Facts {
            application: inner.application,
            application_basis: inner.application_basis,
            encryption: inner.encryption,
            names: joined(inner.names, outer.names, FLOW_NAMES),
            requests: joined(outer.requests, inner.requests, FLOW_REQUESTS),
            link: inner.link,
            quality: joined(outer.quality, inner.quality, usize::MAX),
            decrypted_by: joined(outer.decrypted_by, inner.decrypted_by, usize::MAX),
            seal: None,
        }
    }
}

/// Both lists, without what is in them twice.
pub(super) fn joined<T: PartialEq>(mut list: Vec<T>, more: Vec<T>, limit: usize) -> Vec<T> {
    for item in more {
        if list.len() < limit && !list.contains(&item) {
            list.push(item);
        }
    }
    list
}
