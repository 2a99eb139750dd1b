//! Which name a flow went to: chosen after the pass, from the flow's own bytes first, then from what the device
//! was told about the address at that time, then from weaker sources. Rivals are kept.

use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use crate::limits;
use crate::record::{Flow, Name, NameSource};
use crate::time::{Span, Timestamp};

/// What all captures taught about the names of addresses.
#[derive(Default)]
pub(crate) struct Names {
    by_address: HashMap<IpAddr, Vec<Learned>>,
    texts: HashSet<Arc<str>>,
    count: usize,
    /// Names not kept because there were too many.
    pub(crate) lost: u64,
}

/// One answer.
#[derive(Clone, Debug)]
struct Learned {
    time: Timestamp,
    name: Arc<str>,
    device: IpAddr,
    mac: Option<Arc<str>>,
    source: NameSource,
}

/// The name chosen for a flow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// The name and where it comes from.
    pub(crate) name: Option<(NameSource, String)>,
    /// Age of the answer when the flow began, for names from DNS.
    pub(crate) age: Option<Span>,
    /// The chosen name and all others from the same source: nothing tells them apart.
    pub(crate) rivals: Vec<String>,
    /// All names that could be meant, as `source:name`, when they are more than one.
    pub(crate) candidates: Vec<String>,
}

/// Rival names listed for a flow.
const CANDIDATES: usize = 32;

impl Names {
    /// Learns a row of table `names`.
    pub(crate) fn learn(&mut self, row: &Name) {
        if self.count >= limits::NAMES {
            self.lost += 1;
            return;
        }
        self.count += 1;
        let name = self.intern(&row.name);
        let mac = row.device_mac.as_deref().map(|mac| self.intern(mac));
        let learned = Learned { time: row.origin.time, name, device: row.origin.device_ip, mac, source: row.source };
        self.by_address.entry(row.address).or_default().push(learned);
    }

    /// Learns what the capturing system believed.
    pub(crate) fn learn_from_file(&mut self, address: IpAddr, name: &str) {
        if self.count >= limits::NAMES {
            self.lost += 1;
            return;
        }
        self.count += 1;
        let name = self.intern(name);
        let learned = Learned { time: Timestamp::default(), name, device: address, mac: None, source: NameSource::CaptureFile };
        self.by_address.entry(address).or_default().push(learned);
    }

    fn intern(&mut self, text: &str) -> Arc<str> {
        Arc::clone(self.texts.get_or_insert_with(text, |text| Arc::from(text)))
    }

    /// Puts answers in the order of time, whichever capture they came from.
    pub(crate) fn settle(&mut self) {
        for answers in self.by_address.values_mut() {
            answers.sort_by(|a, b| (a.time, &a.name, a.source).cmp(&(b.time, &b.name, b.source)));
        }
    }

    /// Chooses the name of a flow.
    pub(crate) fn choose(&self, flow: &Flow) -> Chosen {
        let mut found: Vec<(NameSource, Option<Timestamp>, &str)> =
            flow.names.iter().map(|name| (name.source, None, name.name.as_str())).collect();
        let answers = self.by_address.get(&flow.remote_ip).map(Vec::as_slice).unwrap_or_default();
        for answer in answers.iter().filter(|answer| answer.time <= flow.first) {
            found.push((source(answer, flow), Some(answer.time), &answer.name));
        }
        // The strongest source first, of one source the latest answer; what the flow itself said keeps its order.
        found.sort_by_key(|(source, time, _)| (*source, time.map(std::cmp::Reverse)));
        let Some((source, time, name)) = found.first().copied() else { return Chosen::default() };
        let is_answer = matches!(source, NameSource::Dns | NameSource::DnsOther);
        let age = time.filter(|_| is_answer).map(|time| flow.first.since(time));
        let mut seen = HashSet::new();
        let same = found.iter().filter(|(rival, _, name)| *rival == source && seen.insert(*name)).take(CANDIDATES);
        let rivals = same.map(|(_, _, name)| (*name).to_owned()).collect();
        Chosen { name: Some((source, name.to_owned())), age, rivals, candidates: candidates(&found) }
    }
}

/// An answer's source as this flow's device sees it.
fn source(answer: &Learned, flow: &Flow) -> NameSource {
    let is_own = answer.device == flow.device_ip || answer.mac.is_some() && answer.mac.as_deref() == flow.device_mac.as_deref();
    match answer.source {
        NameSource::Dns if !is_own => NameSource::DnsOther,
        source => source,
    }
}

fn candidates(found: &[(NameSource, Option<Timestamp>, &str)]) -> Vec<String> {
    let mut seen = HashSet::new();
    let distinct: Vec<_> = found.iter().filter(|(_, _, name)| seen.insert(*name)).take(CANDIDATES).collect();
    if distinct.len() < 2 {
        return Vec::new();
    }
    distinct.into_iter().map(|(source, _, name)| format!("{}:{name}", source.as_str())).collect()
}
