//! Which frames of a capture belong to flows that were found in it before: the capture is walked once more, and each
//! packet asked whose it is. Tables keep the first and the last frame of a flow; between these lie those of others. Where
//! the flow was on a protected network, the handshakes that open it are picked too.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use crate::capture::{Event, Frame, Reader};
use crate::error::{Error, Kind};
use crate::limits;
use crate::packet::{Envelope, Item, Packet, Reason, Segment, Walker, protocol_name};
use crate::wifi::Keys;
use crate::wire::management::{Management, Subtype};

/// Address and port of one end.
type End = (IpAddr, Option<u16>);

/// An access point and a station, as tables name them.
pub(crate) type Pair = (String, String);

/// A flow whose frames are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its number.
    pub(crate) flow_id: u64,
    /// Its protocol, as the table has it.
    pub(crate) protocol: String,
    /// The device's end.
    pub(crate) device: End,
    /// The other end.
    pub(crate) remote: End,
    /// First and last frame.
    pub(crate) frames: (u64, u64),
    /// Access point and station, on the air.
    pub(crate) air: Option<Pair>,
}

/// How a frame belongs to a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A packet from the device.
    Out,
    /// A packet to the device.
    In,
    /// It was held while a packet of the flow waited for its other fragments: it holds one, or one of another flow.
    Fragment,
}

/// Frames that were found, by their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picked {
    /// The flows they belong to.
    pub(crate) flows: BTreeMap<u64, BTreeSet<(u64, Part)>>,
    /// What they are of what opens the air.
    pub(crate) air: BTreeMap<u64, String>,
}

/// Finds the frames of flows in a capture.
///
/// # Errors
/// When the capture cannot be read, or the flows have more frames than an excerpt may have.
pub(crate) fn pick(path: &Path, wanted: &[Wanted], keys: &Arc<Keys>) -> Result<Picked, Error> {
    let by_ends = Index::of(wanted);
    let last = wanted.iter().map(|flow| flow.frames.1).max().unwrap_or_default();
    let (mut walker, mut picked, mut held) = (Walker::with_keys(Arc::clone(keys)), Picked::default(), BTreeSet::new());
    let mut opening = Opening::of(wanted);
    let mut reader = Reader::open(path)?;
    while let Some(event) = reader.next_event() {
        let Event::Frame(frame) = event else { continue };
        if frame.number > last {
            break;
        }
        let mut is_silent = true;
        walker.walk(&frame, &mut |item| match item {
            Item::Packet(packet) => {
                is_silent &= packet.envelope.frame != frame.number;
                by_ends.note(&packet, &held, &mut picked.flows);
            }
            Item::Management(envelope, management) => opening.management(envelope, &management),
            Item::Other(envelope, _, reason) => {
                is_silent &= envelope.frame != frame.number;
                opening.other(envelope, reason);
            }
            _ => {}
        });
        if is_silent {
            held.insert(frame.number);
        }
        if held.len() > limits::EXCERPT_HELD {
            held.pop_first();
        }
        if picked.flows.len().saturating_add(opening.frames) > limits::EXCERPT_FRAMES {
            let detail = format!("the flows have more than {} frames; choose fewer flows", limits::EXCERPT_FRAMES);
            return Err(Kind::Usage(detail).into());
        }
    }
    walker.finish(&mut |item| {
        if let Item::Packet(packet) = item {
            by_ends.note(&packet, &held, &mut picked.flows);
        }
    });
    picked.air = opening.finish();
    Ok(picked)
}

/// Lends frames of a capture by their numbers, in its order.
///
/// # Errors
/// When it cannot be read, or the taker fails.
pub(crate) fn lend(path: &Path, numbers: &dyn Fn(u64) -> bool, take: &mut dyn FnMut(&Frame<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let mut reader = Reader::open(path)?;
    while let Some(event) = reader.next_event() {
        if let Event::Frame(frame) = event
            && numbers(frame.number)
        {
            take(&frame)?;
        }
    }
    Ok(())
}

/// The frames by which stations agreed on the keys of the flows' frames: EAPOL, and what a reader needs beside them: how the
/// station joined, and one frame that names the network.
struct Opening {
    pairs: BTreeMap<Pair, Agreed>,
    /// The frame that named a network, by its access point.
    named: BTreeMap<String, u64>,
    /// Frames noted.
    frames: usize,
}

#[derive(Default)]
struct Agreed {
    eapol: Vec<u64>,
    joined: Vec<u64>,
}

/// EAPOL, IEEE 802.1X-2020 section 11.1.4.
const EAPOL: u16 = 0x888e;
/// How a station joins; fast transition agrees on keys in these alone.
const JOINING: [Subtype; 5] = [
    Subtype::AUTHENTICATION,
    Subtype::ASSOCIATION_REQUEST,
    Subtype::ASSOCIATION_RESPONSE,
    Subtype::REASSOCIATION_REQUEST,
    Subtype::REASSOCIATION_RESPONSE,
];

impl Opening {
    fn of(wanted: &[Wanted]) -> Self {
        let pairs = wanted.iter().filter_map(|flow| flow.air.clone()).map(|pair| (pair, Agreed::default())).collect();
        Self { pairs, named: BTreeMap::new(), frames: 0 }
    }

    fn management(&mut self, envelope: &Envelope, management: &Management<'_>) {
        let bssid = management.bssid.to_string();
        if matches!(management.subtype, Subtype::BEACON | Subtype::PROBE_RESPONSE) {
            let has_name = management.ssid().is_some_and(|ssid| ssid.iter().any(|byte| *byte != 0));
            if has_name && self.pairs.keys().any(|(of, _)| *of == bssid) {
                self.named.entry(bssid).or_insert(envelope.frame);
            }
            return;
        }
        let ends = [management.transmitter, management.receiver].map(|end| end.to_string());
        let station = ends.into_iter().find(|end| *end != bssid).unwrap_or_default();
        if let Some(agreed) = self.pairs.get_mut(&(bssid, station)).filter(|_| JOINING.contains(&management.subtype)) {
            agreed.joined.push(envelope.frame);
            self.frames = self.frames.saturating_add(1);
        }
    }

    fn other(&mut self, envelope: &Envelope, reason: Reason) {
        let air = envelope.air.filter(|_| reason == Reason::Ethertype(EAPOL));
        let Some((bssid, station)) = air.and_then(|air| air.bssid.zip(air.station)) else { return };
        if let Some(agreed) = self.pairs.get_mut(&(bssid.to_string(), station.to_string())) {
            agreed.eapol.push(envelope.frame);
            self.frames = self.frames.saturating_add(1);
        }
    }

    /// The frames of pairs that agreed on keys, and what they are.
    fn finish(self) -> BTreeMap<u64, String> {
        let mut told = BTreeMap::new();
        for ((bssid, station), agreed) in self.pairs.into_iter().filter(|(_, agreed)| !agreed.eapol.is_empty()) {
            if let Some(frame) = self.named.get(&bssid) {
                told.insert(*frame, format!("names the network of {bssid}"));
            }
            told.extend(agreed.joined.into_iter().map(|frame| (frame, format!("{station} joins the network of {bssid}"))));
            told.extend(agreed.eapol.into_iter().map(|frame| (frame, format!("handshake of {station} with {bssid}"))));
        }
        told
    }
}

/// Flows by protocol and both ends, the lower first.
struct Index<'a>(BTreeMap<(String, [End; 2]), Vec<&'a Wanted>>);

impl<'a> Index<'a> {
    fn of(wanted: &'a [Wanted]) -> Self {
        let mut index = BTreeMap::<_, Vec<_>>::new();
        for flow in wanted {
            index.entry((flow.protocol.clone(), sorted(flow.device, flow.remote))).or_default().push(flow);
        }
        Self(index)
    }

    fn note(&self, packet: &Packet<'_>, held: &BTreeSet<u64>, picked: &mut BTreeMap<u64, BTreeSet<(u64, Part)>>) {
        let ports = match packet.segment {
            Segment::Tcp(tcp) => Some(tcp.ports),
            Segment::Ports { ports, .. } => Some(ports),
            Segment::Bare { .. } => None,
        };
        let source = (packet.source, ports.map(|ports| ports.0));
        let destination = (packet.destination, ports.map(|ports| ports.1));
        let key = (protocol_name(packet.protocol).into_owned(), sorted(source, destination));
        let frame = packet.envelope.frame;
        let began = [packet.began, packet.envelope.began].into_iter().flatten().map(|(began, _)| began).min();
        for flow in self.0.get(&key).into_iter().flatten() {
            let (first, last) = flow.frames;
            if frame < first || began.unwrap_or(frame) > last {
                continue;
            }
            let part = if source == flow.device { Part::Out } else { Part::In };
            picked.entry(frame).or_default().insert((flow.flow_id, part));
            for before in began.into_iter().flat_map(|began| held.range(began..frame)) {
                picked.entry(*before).or_default().insert((flow.flow_id, Part::Fragment));
            }
        }
    }
}

fn sorted(a: End, b: End) -> [End; 2] {
    if a <= b { [a, b] } else { [b, a] }
}
