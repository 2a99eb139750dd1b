//! Filters in libpcap's language, compiled once per link type.

use super::Frame;
use crate::error::Error;

/// A filter, or none: then every frame passes.
pub(crate) struct Filter {
    #[cfg(feature = "live")]
    expression: Option<String>,
    #[cfg(feature = "live")]
    programs: std::collections::BTreeMap<crate::wire::LinkType, pcap::BpfProgram>,
}

impl Filter {
    /// Prepares a filter.
    #[cfg(feature = "live")]
    pub(crate) fn new(expression: Option<&str>) -> Result<Self, Error> {
        let mut filter = Self { expression: expression.map(str::to_owned), programs: std::collections::BTreeMap::new() };
        // A mistake should show before the first frame.
        filter.program(crate::wire::LinkType::ETHERNET)?;
        Ok(filter)
    }

    /// Prepares a filter.
    #[cfg(not(feature = "live"))]
    pub(crate) fn new(expression: Option<&str>) -> Result<Self, Error> {
        match expression {
            None => Ok(Self {}),
            Some(_) => {
                Err(crate::error::Kind::Usage("filters need libpcap: this program was built without the feature live".to_owned()).into())
            }
        }
    }

    #[cfg(feature = "live")]
    fn program(&mut self, link: crate::wire::LinkType) -> Result<Option<&pcap::BpfProgram>, Error> {
        use std::collections::btree_map::Entry;

        use crate::wire::LinkType;
        let Some(expression) = &self.expression else { return Ok(None) };
        let place = match self.programs.entry(link) {
            Entry::Occupied(place) => return Ok(Some(place.into_mut())),
            Entry::Vacant(place) => place,
        };
        let failed = |error: pcap::Error| {
            crate::error::Kind::Usage(format!("cannot compile the filter {expression:?} for link type {link}: {error}"))
        };
        // libpcap's own number for raw IP.
        let number = if matches!(link, LinkType::RAW | LinkType::IPV4 | LinkType::IPV6) { LinkType::RAW_BSD.0 } else { link.0 };
        let dead = pcap::Capture::dead(pcap::Linktype(number.into())).map_err(failed)?;
        Ok(Some(place.insert(dead.compile(expression, true).map_err(failed)?)))
    }

    /// Whether a frame passes.
    #[cfg(feature = "live")]
    pub(crate) fn takes(&mut self, frame: &Frame<'_>) -> Result<bool, Error> {
        Ok(self.program(frame.link)?.is_none_or(|program| program.filter(frame.bytes)))
    }

    /// Whether a frame passes.
    #[cfg(not(feature = "live"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, clippy::needless_pass_by_ref_mut, reason = "the shape it has with libpcap")]
    pub(crate) fn takes(&mut self, _frame: &Frame<'_>) -> Result<bool, Error> {
        Ok(true)
    }
}
