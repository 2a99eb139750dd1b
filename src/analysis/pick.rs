//! Which frames of a capture belong to flows that were found in it before: the capture is walked once more, and each
//! packet asked whose it is. Tables keep the first and the last frame of a flow; between these lie those of others.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use crate::capture::{Event, Frame, Reader};
use crate::error::{Error, Kind};
use crate::limits;
use crate::packet::{Item, Packet, Segment, Walker, protocol_name};
use crate::wifi::Keys;

/// Address and port of one end.
type End = (IpAddr, Option<u16>);

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

/// Frames and the flows they belong to.
pub(crate) type Picked = BTreeMap<u64, BTreeSet<(u64, Part)>>;

/// Finds the frames of flows in a capture.
///
/// # Errors
/// When the capture cannot be read, or the flows have more frames than an excerpt may have.
pub(crate) fn pick(path: &Path, wanted: &[Wanted], keys: &Arc<Keys>) -> Result<Picked, Error> {
    let by_ends = Index::of(wanted);
    let last = wanted.iter().map(|flow| flow.frames.1).max().unwrap_or_default();
    let (mut walker, mut picked, mut held) = (Walker::with_keys(Arc::clone(keys)), Picked::new(), BTreeSet::new());
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
                by_ends.note(&packet, &held, &mut picked);
            }
            Item::Other(envelope, ..) => is_silent &= envelope.frame != frame.number,
            _ => {}
        });
        if is_silent {
            held.insert(frame.number);
        }
        if held.len() > limits::EXCERPT_HELD {
            held.pop_first();
        }
        if picked.len() > limits::EXCERPT_FRAMES {
            let detail = format!("the flows have more than {} frames; choose fewer flows", limits::EXCERPT_FRAMES);
            return Err(Kind::Usage(detail).into());
        }
    }
    walker.finish(&mut |item| {
        if let Item::Packet(packet) = item {
            by_ends.note(&packet, &held, &mut picked);
        }
    });
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

    fn note(&self, packet: &Packet<'_>, held: &BTreeSet<u64>, picked: &mut Picked) {
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
