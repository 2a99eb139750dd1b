//! From first bytes to dialogue: a flow's payload is shown to the recognisers until one of them knows it, and
//! then, from its beginning, to the dialogue.

use super::{Appetite, Context, Data, Dialogue, Facts, PROTOCOLS, Probe, Recognised, Side, Transport, http};
use crate::limits;

/// What becomes of a flow's payload.
pub(crate) enum Follow {
    /// Nobody knows it yet.
    Probing(Box<Probing>),
    /// A dialogue reads it.
    Following(Box<dyn Dialogue>),
    /// Nobody reads on; what the dialogue found, if there was one.
    Over(Box<Facts>),
}

/// First bytes, kept until they are recognised.
#[derive(Default)]
pub(crate) struct Probing {
    /// Beginning of each side's stream.
    starts: [Vec<u8>; 2],
    /// What has been held back, in the order of arrival: side, length, frame, time.
    held: Vec<Held>,
    /// Datagrams seen.
    datagrams: u32,
    /// Candidates that have said no, by their place in `PROTOCOLS`, per side.
    refused: [u64; 2],
    /// The stream lies inside that of another dialogue.
    is_inner: bool,
}

struct Held {
    side: Side,
    length: usize,
    frame: u64,
    time: crate::time::Timestamp,
}

impl Default for Follow {
    fn default() -> Self {
        Self::Probing(Box::default())
    }
}

impl Follow {
    /// For a stream inside a stream, whose own tunnels are not followed: they could nest without end.
    pub(crate) fn inner() -> Self {
        Self::Probing(Box::new(Probing { is_inner: true, ..Probing::default() }))
    }

    /// Somebody wants the stream's bytes in order.
    pub(crate) const fn wants_bytes(&self) -> bool {
        !matches!(self, Self::Over(_))
    }

    /// The next bytes or datagram.
    pub(crate) fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) {
        let appetite = match self {
            Self::Probing(probing) => {
                match probing.data(data, context) {
                    Some(follow) => *self = follow,
                    None => return,
                }
                return;
            }
            Self::Following(dialogue) => dialogue.data(data, context),
            Self::Over(_) => return,
        };
        self.settle(appetite, context);
    }

    /// Bytes that are missing.
    pub(crate) fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) {
        let appetite = match self {
            // What begins with a hole cannot be recognised by its beginning.
            Self::Probing(_) => {
                *self = Self::Over(Box::default());
                return;
            }
            Self::Following(dialogue) => dialogue.gap(side, length, context),
            Self::Over(_) => return,
        };
        self.settle(appetite, context);
    }

    fn settle(&mut self, appetite: Appetite, context: &mut Context<'_>) {
        if appetite == Appetite::Done {
            self.finish(context);
        }
    }

    /// The flow has ended, or its dialogue is done.
    pub(crate) fn finish(&mut self, context: &mut Context<'_>) {
        *self = match std::mem::take(self) {
            Self::Following(mut dialogue) => {
                dialogue.finish(context);
                Self::Over(Box::new(dialogue.facts()))
            }
            Self::Probing(_) => Self::Over(Box::default()),
            over @ Self::Over(_) => over,
        };
    }

    /// What the flow was, as far as is known now.
    pub(crate) fn facts(&self) -> Facts {
        match self {
            Self::Over(facts) => Facts::clone(facts),
            Self::Following(dialogue) => dialogue.facts(),
            Self::Probing(_) => Facts::default(),
        }
    }

    /// What the flow was; after [`Self::finish`].
    pub(crate) fn into_facts(self) -> Facts {
        match self {
            Self::Over(facts) => *facts,
            Self::Following(dialogue) => dialogue.facts(),
            Self::Probing(_) => Facts::default(),
        }
    }
}

impl Probing {
    /// Shows the bytes to the recognisers; what the flow becomes when one of them decides or all refuse.
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Option<Follow> {
        if data.bytes.is_empty() {
            return None;
        }
        match context.flow.transport {
            Transport::Udp => self.datagram(data, context),
            Transport::Tcp => self.stream(data, context),
        }
    }

    fn datagram(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Option<Follow> {
        self.datagrams += 1;
        let probe = Probe { side: data.side, bytes: data.bytes, flow: context.flow };
        let found = candidates(context).find(|(_, protocol)| (protocol.recognise)(probe) == Recognised::Yes);
        if let Some((_, protocol)) = found {
            let mut follow = Follow::Following((protocol.open)(context.flow));
            follow.data(data, context);
            return Some(follow);
        }
        (self.datagrams >= limits::PROBE_DATAGRAMS).then(|| Follow::Over(Box::default()))
    }

    fn stream(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Option<Follow> {
        let side = usize::from(data.side == Side::Remote);
        let start = self.starts.get_mut(side)?;
        start.extend_from_slice(data.bytes);
        self.held.push(Held { side: data.side, length: data.bytes.len(), frame: data.frame, time: data.time });
        let bytes = start.get(..limits::PROBE_BYTES).unwrap_or(start);
        let probe = Probe { side: data.side, bytes, flow: context.flow };
        let refused = self.refused.get_mut(side)?;
        let mut opened = None;
        let mut is_open = false;
        for (bit, protocol) in candidates(context) {
            if *refused & bit != 0 {
                continue;
            }
            match (protocol.recognise)(probe) {
                Recognised::Yes => {
                    let is_nested = self.is_inner && protocol.name == http::NAME;
                    opened = Some(if is_nested { http::open_inner() } else { (protocol.open)(context.flow) });
                    break;
                }
                Recognised::No => *refused |= bit,
                Recognised::More => is_open = true,
            }
        }
        if let Some(dialogue) = opened {
            return Some(self.replay(Follow::Following(dialogue), context));
        }
        let is_full = start.len() >= limits::PROBE_BYTES;
        let other_is_undecided = self.starts.get(1 - side).is_some_and(Vec::is_empty);
        ((!is_open || is_full) && !(other_is_undecided && !is_full)).then(|| Follow::Over(Box::default()))
    }

    /// Shows everything held back to the dialogue.
    fn replay(&mut self, mut follow: Follow, context: &mut Context<'_>) -> Follow {
        let mut at = [0_usize; 2];
        for held in std::mem::take(&mut self.held) {
            let side = usize::from(held.side == Side::Remote);
            let (Some(start), Some(at)) = (self.starts.get(side), at.get_mut(side)) else { continue };
            let bytes = start.get(*at..*at + held.length).unwrap_or_default();
            *at += held.length;
            follow.data(Data { side: held.side, bytes, frame: held.frame, time: held.time, is_cut: false }, context);
        }
        follow
    }
}

/// The protocols of a transport: those that know one of the flow's ports first.
fn candidates(context: &Context<'_>) -> impl Iterator<Item = (u64, &'static super::Protocol)> {
    let flow = context.flow;
    let transport = flow.transport;
    let ports = [flow.device.1, flow.remote.1];
    let knows = move |protocol: &super::Protocol| protocol.ports.iter().any(|port| ports.contains(port));
    let numbered = || PROTOCOLS.iter().enumerate().map(|(index, protocol)| (1_u64 << (index % 64), protocol));
    let of_transport = numbered().filter(move |(_, protocol)| protocol.transport == transport && knows(protocol));
    of_transport.chain(numbered().filter(move |(_, protocol)| protocol.transport == transport && !knows(protocol)))
}
