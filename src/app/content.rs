//! What bodies are read with beside their rows: whoever else wants their bytes, and the memory that decoders may take; and the
//! certificates that were read before.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::certificates::Known;
use super::searching::BodySearch;
use crate::limits::BODY_DECODER_BYTES;
use crate::record::{Origin, Row};
use crate::search::Search;
use crate::time::Timestamp;

/// A body about to be read.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// Flow, and the frame of the message's head.
    pub(crate) origin: Origin,
    /// Stream within the flow, where the protocol has them.
    pub(crate) stream: Option<u64>,
    /// The device sends it.
    pub(crate) from_device: bool,
    /// Host asked for, escaped.
    pub(crate) host: Option<String>,
    /// Path asked for, escaped.
    pub(crate) path: Option<String>,
    /// Type as declared, escaped.
    pub(crate) declared: Option<String>,
    /// Name and file name, escaped, where it is a part of a form.
    pub(crate) part: Option<(String, Option<String>)>,
}

/// What was found out about a body that has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Decoded bytes.
    pub(crate) bytes: u64,
    /// Their hash in hex; none when not all of them were seen.
    pub(crate) sha256: Option<String>,
    /// Type by the first bytes.
    pub(crate) media_type: Option<&'static str>,
}

/// Takes the decoded bytes of one body.
pub(crate) trait Sink: Send {
    /// The next bytes, with the frame that brought them.
    fn chunk(&mut self, bytes: &[u8], seen: (u64, Timestamp));
    /// The body has ended; rows it gives rise to go out beside its own.
    fn end(self: Box<Self>, summary: &Summary, rows: &mut Vec<Row>);
}

/// Opens sinks for the bodies it wants to read.
pub(crate) trait Readers: Send + Sync {
    /// A sink for a body or for a part of a form, which also goes to the sink of the whole body.
    fn open(&self, about: &About) -> Option<Box<dyn Sink>>;
}

/// Shared by all flows of a capture.
#[derive(Clone, Default)]
pub(crate) struct Content {
    readers: Vec<Arc<dyn Readers>>,
    search: Option<Arc<Search>>,
    decoders: Arc<AtomicUsize>,
    /// Certificates that were read.
    pub(super) certificates: Known,
    /// Nobody looks into bodies and payload.
    pub(crate) is_left: bool,
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Content").field("readers", &self.readers.len()).field("decoders", &self.decoders).finish()
    }
}

impl Content {
    /// With one more reader.
    pub(crate) fn with(mut self, readers: Arc<dyn Readers>) -> Self {
        self.readers.push(readers);
        self
    }

    /// Left alone: neither bodies nor payload are looked into, whoever else would read them.
    pub(crate) fn left() -> Self {
        Self { is_left: true, ..Self::default() }
    }

    /// With identifiers to look for.
    pub(crate) fn searched_for(mut self, search: &Arc<Search>) -> Self {
        self.search = Some(Arc::clone(search));
        self
    }

    /// What to look for.
    pub(super) const fn search(&self) -> Option<&Arc<Search>> {
        self.search.as_ref()
    }

    /// Somebody may want bodies.
    pub(super) fn is_read(&self) -> bool {
        !self.readers.is_empty()
    }

    pub(super) fn sinks(&self, about: &About) -> Vec<Box<dyn Sink>> {
        let search = self.search.as_ref().and_then(|search| BodySearch::open(search, about));
        self.readers.iter().filter_map(|readers| readers.open(about)).chain(search).collect()
    }

    /// Memory for a decoder; `None` when those that are open have it all.
    pub(super) fn reserve(&self, bytes: usize) -> Option<Reserved> {
        let taken = self.decoders.fetch_add(bytes, Ordering::Relaxed);
        let reserved = Reserved { of: Arc::clone(&self.decoders), bytes };
        (taken.saturating_add(bytes) <= BODY_DECODER_BYTES).then_some(reserved)
    }
}

/// Memory that a decoder takes, given back when it is done.
#[derive(Debug)]
pub(super) struct Reserved {
    of: Arc<AtomicUsize>,
    bytes: usize,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.of.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back() {
        let content = Content::default();
        let all = content.reserve(BODY_DECODER_BYTES);
        assert!(all.is_some() && content.reserve(1).is_none());
        drop(all);
        assert!(content.reserve(1).is_some());
    }
}
