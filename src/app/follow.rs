//! From first bytes to dialogue: a flow's payload is shown to the recognisers until one of them knows it, and
//! then, from its beginning, to the dialogue.

use super::searching::Searching;
use super::{Appetite, Context, Data, Dialogue, Facts, PROTOCOLS, Probe, Protocol, Recognised, SearchIn, Side, Transport, dtls, http, tls};
use crate::limits;
use crate::time::Timestamp;

/// What becomes of a flow's payload.
#[derive(Default)]
pub(crate) struct Follow {
    stage: Stage,
    searching: Searching,
}

/// Who reads.
enum Stage {
    /// Nobody knows it yet.
    Probing(Box<Probing>),
    /// A dialogue reads it.
    Following(Box<dyn Dialogue>),
    /// Nobody reads on; what the dialogue found, if there was one, and where its bytes are looked through.
    Over(Box<Facts>, SearchIn),
}

/// First bytes, kept until they are recognised.
#[derive(Default)]
pub(crate) struct Probing {
    /// Beginning of each side's stream.
    starts: [Start; 2],
    /// What has been held back, in the order of arrival.
    held: Vec<Held>,
    /// Datagrams seen.
    datagrams: u32,
    place: Place,
}

/// Where a stream lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// On its own.
    #[default]
    Flow,
    /// Inside that of another dialogue.
    Tunnel,
    /// Inside one that was sealed.
    Opened,
}

/// Beginning of one side's stream: its first bytes, or those after a hole before them.
#[derive(Default)]
struct Start {
    bytes: Vec<u8>,
    /// Candidates that have said no, by their place in `PROTOCOLS`.
    refused: u64,
    /// No candidate is left, or they have seen enough.
    is_over: bool,
}

struct Held {
    side: Side,
    piece: Piece,
    frame: u64,
    time: Timestamp,
}

enum Piece {
    /// So many of the bytes kept.
    Kept(usize),
    /// Bytes that are missing, or not kept.
    Missing(u64),
}

impl Default for Stage {
    fn default() -> Self {
        Self::Probing(Box::default())
    }
}

impl Follow {
    /// For a stream inside a stream, whose own tunnels are not followed: they could nest without end.
    pub(crate) fn inner() -> Self {
        Self::placed(Place::Tunnel)
    }

    /// For a stream that was sealed: neither its tunnels nor what is sealed in it once more are followed.
    pub(crate) fn opened() -> Self {
        Self::placed(Place::Opened)
    }

    /// As [`Self::opened`], for datagrams: each is a whole, and is looked through as one.
    pub(crate) fn opened_datagrams() -> Self {
        Self { searching: Searching::default(), ..Self::opened() }
    }

    fn placed(place: Place) -> Self {
        let stage = Stage::Probing(Box::new(Probing { place, ..Probing::default() }));
        Self { stage, searching: Searching::stream() }
    }

    /// For a stream whose protocol is known.
    pub(crate) fn of(dialogue: Box<dyn Dialogue>) -> Self {
        Self { stage: Stage::Following(dialogue), searching: Searching::stream() }
    }

    /// Somebody wants the stream's bytes in order.
    pub(crate) const fn wants_bytes(&self) -> bool {
        !matches!(self.stage, Stage::Over(..)) || self.searching.goes_on()
    }

    /// Somebody reads it, or has.
    pub(crate) fn is_known(&self) -> bool {
        match &self.stage {
            Stage::Probing(_) => false,
            Stage::Following(_) => true,
            Stage::Over(facts, _) => facts.application.is_some(),
        }
    }

    /// The next bytes or datagram.
    pub(crate) fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) {
        self.stage.data(data, context);
        self.searching.settle(self.stage.search(), context);
        self.searching.data(data, context);
    }

    /// Bytes that are missing.
    pub(crate) fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) {
        self.stage.gap(side, length, context);
        self.searching.settle(self.stage.search(), context);
        self.searching.gap(side, length, context);
    }

    /// The flow has ended.
    pub(crate) fn finish(&mut self, context: &mut Context<'_>) {
        self.stage.finish(context);
        self.searching.settle(self.stage.search(), context);
        self.searching.finish(context);
    }

    /// What the flow was, as far as is known now.
    pub(crate) fn facts(&self) -> Facts {
        match &self.stage {
            Stage::Over(facts, _) => Facts::clone(facts),
            Stage::Following(dialogue) => dialogue.facts(),
            Stage::Probing(_) => Facts::default(),
        }
    }

    /// What the flow was; after [`Self::finish`].
    pub(crate) fn into_facts(self) -> Facts {
        match self.stage {
            Stage::Over(facts, _) => *facts,
            Stage::Following(dialogue) => dialogue.facts(),
            Stage::Probing(_) => Facts::default(),
        }
    }
}

impl Stage {
    /// Where the payload is looked through; `None` while nobody knows what it is.
    fn search(&self) -> Option<SearchIn> {
        match self {
            Self::Probing(_) => None,
            Self::Following(dialogue) => Some(dialogue.search()),
            Self::Over(_, search) => Some(*search),
        }
    }

    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) {
        let appetite = match self {
            Self::Probing(probing) => {
                if let Some(stage) = probing.data(data, context) {
                    *self = stage;
                }
                return;
            }
            Self::Following(dialogue) => dialogue.data(data, context),
            Self::Over(..) => return,
        };
        self.settle(appetite, context);
    }

    fn gap(&mut self, side: Side, length: u64, context: &mut Context<'_>) {
        let appetite = match self {
            Self::Probing(probing) => {
                if probing.gap(side, length) {
                    *self = Self::Over(Box::default(), SearchIn::Payload);
                }
                return;
            }
            Self::Following(dialogue) => dialogue.gap(side, length, context),
            Self::Over(..) => return,
        };
        self.settle(appetite, context);
    }

    fn settle(&mut self, appetite: Appetite, context: &mut Context<'_>) {
        if appetite == Appetite::Done {
            self.finish(context);
        }
    }

    /// The flow has ended, or its dialogue is done.
    fn finish(&mut self, context: &mut Context<'_>) {
        *self = match std::mem::take(self) {
            Self::Following(mut dialogue) => {
                dialogue.finish(context);
                Self::Over(Box::new(dialogue.facts()), dialogue.search())
            }
            Self::Probing(_) => Self::Over(Box::default(), SearchIn::Payload),
            over @ Self::Over(..) => over,
        };
    }
}

impl Probing {
    /// Shows the bytes to the recognisers; what the flow becomes when one of them decides or all refuse.
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Option<Stage> {
        if data.bytes.is_empty() {
            return None;
        }
        match context.flow.transport {
            Transport::Udp => self.datagram(data, context),
            Transport::Tcp => self.stream(data, context),
        }
    }

    fn datagram(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Option<Stage> {
        self.datagrams += 1;
        let probe = Probe { bytes: data.bytes, flow: context.flow };
        let found = candidates(context).find(|(_, protocol)| (protocol.recognise)(probe) == Recognised::Yes);
        if let Some((_, protocol)) = found {
            let mut follow = Stage::Following(self.open(protocol, context));
            follow.data(data, context);
            return Some(follow);
        }
        (self.datagrams >= limits::PROBE_DATAGRAMS).then(|| Stage::Over(Box::default(), SearchIn::Payload))
    }

    /// What is kept does not depend on how the bytes came: the first of each side, whether refused already or not.
    fn stream(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Option<Stage> {
        let start = self.start(data.side);
        let room = limits::PROBE_BYTES.saturating_sub(start.bytes.len());
        let (kept, rest) = data.bytes.split_at_checked(room).unwrap_or((data.bytes, &[]));
        start.bytes.extend_from_slice(kept);
        let protocol = if start.is_over { None } else { start.recognise(context) };
        if !kept.is_empty() {
            self.held.push(Held { side: data.side, piece: Piece::Kept(kept.len()), frame: data.frame, time: data.time });
        }
        if let Some(protocol) = protocol {
            let mut follow = self.replay(Stage::Following(self.open(protocol, context)), context);
            if !rest.is_empty() {
                follow.data(Data { bytes: rest, ..data }, context);
            }
            return Some(follow);
        }
        let is_over = self.miss(data.side, u64::try_from(rest.len()).unwrap_or(u64::MAX));
        is_over.then(|| Stage::Over(Box::default(), SearchIn::Payload))
    }

    fn open(&self, protocol: &Protocol, context: &Context<'_>) -> Box<dyn Dialogue> {
        match (self.place, protocol.name) {
            (Place::Tunnel | Place::Opened, http::NAME) => http::open_inner(),
            (Place::Opened, tls::NAME) => tls::open_inner(context.flow),
            (Place::Opened, dtls::NAME) => dtls::open_inner(),
            _ => (protocol.open)(context.flow),
        }
    }

    const fn start(&mut self, side: Side) -> &mut Start {
        let [device, remote] = &mut self.starts;
        match side {
            Side::Device => device,
            Side::Remote => remote,
        }
    }

    /// Both sides are beyond recognition, or too much is held.
    fn is_over(&self) -> bool {
        self.starts.iter().all(|start| start.is_over) || self.held.len() > limits::PROBE_PIECES
    }

    /// A hole ends a beginning, and one before it moves it. Says whether nothing can be recognised any more.
    fn gap(&mut self, side: Side, length: u64) -> bool {
        let start = self.start(side);
        start.is_over |= !start.bytes.is_empty();
        self.miss(side, length)
    }

    fn miss(&mut self, side: Side, length: u64) -> bool {
        match self.held.last_mut() {
            _ if length == 0 => {}
            Some(Held { side: last, piece: Piece::Missing(sum), .. }) if *last == side => *sum = sum.saturating_add(length),
            _ => self.held.push(Held { side, piece: Piece::Missing(length), frame: 0, time: Timestamp::default() }),
        }
        self.is_over()
    }

    /// Shows everything held back to the dialogue.
    fn replay(&mut self, mut follow: Stage, context: &mut Context<'_>) -> Stage {
        let starts = std::mem::take(&mut self.starts);
        let [mut device, mut remote] = starts.each_ref().map(|start| start.bytes.as_slice());
        for Held { side, piece, frame, time } in std::mem::take(&mut self.held) {
            let rest = match side {
                Side::Device => &mut device,
                Side::Remote => &mut remote,
            };
            match piece {
                Piece::Missing(length) => follow.gap(side, length, context),
                Piece::Kept(length) => {
                    let Some((bytes, after)) = rest.split_at_checked(length) else { continue };
                    *rest = after;
                    follow.data(Data { side, bytes, frame, time, is_cut: false }, context);
                }
            }
        }
        follow
    }
}

impl Start {
    fn recognise(&mut self, context: &Context<'_>) -> Option<&'static Protocol> {
        let probe = Probe { bytes: &self.bytes, flow: context.flow };
        let mut is_open = false;
        for (bit, protocol) in candidates(context) {
            if self.refused & bit != 0 {
                continue;
            }
            match (protocol.recognise)(probe) {
                Recognised::Yes => return Some(protocol),
                Recognised::No => self.refused |= bit,
                Recognised::More => is_open = true,
            }
        }
        self.is_over = !is_open || self.bytes.len() >= limits::PROBE_BYTES;
        None
    }
}

/// The protocols of a transport: those that know one of the flow's ports first.
fn candidates(context: &Context<'_>) -> impl Iterator<Item = (u64, &'static Protocol)> {
    let flow = context.flow;
    let transport = flow.transport;
    let ports = [flow.device.1, flow.remote.1];
    let knows = move |protocol: &Protocol| protocol.ports.iter().any(|port| ports.contains(port));
    let numbered = || PROTOCOLS.iter().enumerate().map(|(index, protocol)| (1_u64 << (index % 64), protocol));
    let of_transport = numbered().filter(move |(_, protocol)| protocol.transport == transport && knows(protocol));
    of_transport.chain(numbered().filter(move |(_, protocol)| protocol.transport == transport && !knows(protocol)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::flow_with_ports;
    use super::*;
    use crate::record::Row;

    enum Step {
        Data(Side, Vec<u8>),
        Gap(Side, u64),
    }

    /// The application, and how many exchanges there were; the same when they come in small pieces.
    fn run(steps: &[Step]) -> (Option<&'static str>, usize) {
        let whole = run_in_pieces(steps, usize::MAX);
        assert_eq!(run_in_pieces(steps, 50), whole);
        whole
    }

    fn run_in_pieces(steps: &[Step], piece: usize) -> (Option<&'static str>, usize) {
        let flow = flow_with_ports(Transport::Tcp, 50_000, 80);
        let mut rows = Vec::new();
        let mut context = Context { flow: &flow, rows: &mut rows };
        let mut follow = Follow::default();
        for step in steps {
            match step {
                Step::Data(side, bytes) => {
                    for bytes in bytes.chunks(piece) {
                        let data = Data { side: *side, bytes, frame: 1, time: Timestamp::default(), is_cut: false };
                        follow.data(data, &mut context);
                    }
                }
                Step::Gap(side, length) => follow.gap(*side, *length, &mut context),
            }
        }
        follow.finish(&mut context);
        (follow.facts().application, rows.iter().filter(|row| matches!(row, Row::Http(_))).count())
    }

    fn request() -> Step {
        Step::Data(Side::Device, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec())
    }

    #[test]
    fn a_hole_before_the_first_bytes_moves_the_beginning() {
        assert_eq!(run(&[Step::Gap(Side::Device, 9), Step::Gap(Side::Device, 9), request()]), (Some("http"), 1));
        assert_eq!(run(&[Step::Data(Side::Device, b"GE".to_vec()), Step::Gap(Side::Device, 9), request()]), (None, 0));
    }

    #[test]
    fn one_side_in_the_middle_of_something_does_not_decide_for_the_other() {
        let middle = || Step::Data(Side::Remote, vec![0xff; 3_000]);
        let start = Step::Data(Side::Device, b"GET / HT".to_vec());
        let rest = Step::Data(Side::Device, b"TP/1.1\r\n\r\n".to_vec());
        assert_eq!(run(&[middle(), start, middle(), middle(), rest]), (Some("http"), 1));
        assert_eq!(run(&[middle(), Step::Data(Side::Device, vec![0xff; 9]), request()]), (None, 0));
    }

    #[test]
    fn a_long_download_may_be_followed_by_a_request() {
        let mut steps: Vec<Step> = (0..2_000).map(|_| Step::Data(Side::Remote, vec![0xff; 1_000])).collect();
        steps.push(request());
        assert_eq!(run_in_pieces(&steps, usize::MAX), (Some("http"), 1));
    }

    #[test]
    fn bytes_of_a_refused_side_are_kept_for_the_dialogue() {
        let response = b"\xff\xffHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\n";
        assert_eq!(run(&[Step::Data(Side::Remote, response.to_vec()), request()]), (Some("http"), 2));
    }
}
