//! A stream or datagrams that were sealed and that the analyst's secrets opened: recognised and followed as if they had
//! been sent in clear, with their rows marked.

use super::posture;
use super::tunnel::joined;
use super::{Context, Data, Facts, Follow, Side};
use crate::limits::{FLOW_NAMES, FLOW_REQUESTS};
use crate::record::{Encryption, Row};

/// The stream inside.
pub(super) struct Opened {
    follow: Follow,
    device_bytes: u64,
    remote_bytes: u64,
}

impl Opened {
    pub(super) fn new() -> Self {
        Self { follow: Follow::opened(), device_bytes: 0, remote_bytes: 0 }
    }

    /// Datagrams that were sealed one by one.
    pub(super) fn datagrams() -> Self {
        Self { follow: Follow::opened_datagrams(), device_bytes: 0, remote_bytes: 0 }
    }

    pub(super) fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) {
        let length = u64::try_from(data.bytes.len()).unwrap_or(u64::MAX);
        let count = match data.side {
            Side::Device => &mut self.device_bytes,
            Side::Remote => &mut self.remote_bytes,
        };
        *count = count.saturating_add(length);
        marked(context, |context| self.follow.data(data, context));
    }

    /// So many bytes inside are missing, as far as what is around them tells.
    pub(super) fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) {
        if length > 0 {
            marked(context, |context| self.follow.gap(side, length, context));
        }
    }

    pub(super) fn finish(&mut self, context: &mut Context<'_>) {
        marked(context, |context| self.follow.finish(context));
    }

    /// Bytes from the device and to it.
    pub(super) const fn bytes(&self) -> (u64, u64) {
        (self.device_bytes, self.remote_bytes)
    }

    /// The facts of what is around it, with those of the stream inside. An observer could read none of it.
    pub(super) fn facts(&self, outer: Facts) -> Facts {
        let inner = self.follow.facts();
        let (application, application_basis) = match inner.application {
            Some("dns") if outer.encryption == Encryption::Tls => (Some("dot"), inner.application_basis),
            Some(application) => (Some(application), inner.application_basis),
            None => (outer.application, outer.application_basis),
        };
        Facts {
            application,
            application_basis,
            encryption: outer.encryption,
            names: joined(outer.names, inner.names, FLOW_NAMES),
            requests: joined(outer.requests, inner.requests, FLOW_REQUESTS),
            quality: joined(outer.quality, inner.quality, usize::MAX),
            link: inner.link.or(outer.link),
            decrypted_by: outer.decrypted_by,
            seal: outer.seal,
        }
    }
}

/// Marks the rows that come out of what `read` does as read from an opened stream.
pub(super) fn marked(context: &mut Context<'_>, read: impl FnOnce(&mut Context<'_>)) {
    let before = context.rows.len();
    read(context);
    let read = context.rows.split_off(before);
    context.rows.extend(read.into_iter().filter(|row| !posture::is_for_clear_text_only(row)));
    for row in context.rows.iter_mut().skip(before) {
        match row {
            Row::Http(row) => row.decrypted = true,
            Row::Dns(row) => row.decrypted = true,
            Row::WebSocket(row) => row.decrypted = true,
            Row::Finding(row) => row.decrypted = true,
            _ => {}
        }
    }
}
