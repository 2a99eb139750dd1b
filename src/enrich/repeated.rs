//! Findings that were told already: what a device does with a remote each time is one row, the first of them.

use std::net::IpAddr;

use hashbrown::HashSet;

use crate::limits;
use crate::record::Finding;

type Key = (&'static str, Option<IpAddr>, Option<u16>, String, Option<String>);

/// What was told of each device and remote.
#[derive(Default)]
pub(crate) struct Repeated {
    known: HashSet<Key>,
}

impl Repeated {
    /// Whether this is told again. Beyond the limit everything counts as new: rows are repeated, none is lost.
    pub(crate) fn is_repeated(&mut self, finding: &Finding) -> bool {
        if finding.reason.is_none() {
            return false;
        }
        let remote = finding.name.clone().or_else(|| finding.remote_ip.map(|address| address.to_string())).unwrap_or_default();
        let key = (finding.kind, finding.device_ip, finding.remote_port, remote, finding.value.clone());
        if self.known.contains(&key) {
            return true;
        }
        if self.known.len() < limits::FINDINGS_TOLD {
            self.known.insert(key);
        }
        false
    }
}
