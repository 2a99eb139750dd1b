//! A flow as a script: records of one byte of flags, two bytes of length, and that many bytes.
//!
//! Flags: 1 the remote sends, else the device; 2 so many bytes are missing, and none follow (streams); 4 the
//! capture holds only these bytes of a longer datagram.

use std::net::IpAddr;

use crate::app::{Appetite, Content, Context, Data, Dialogue, Facts, FlowInfo, Follow, PROTOCOLS, Side, Transport, open_h2};
use crate::limits::PROBE_PIECES;
use crate::record::{Encryption, Row};
use crate::time::Timestamp;
use crate::wire::Reader;

use super::{PIECE_BYTES, laws};

/// HTTP/2 whose start is missing, which no first bytes tell.
pub(super) const LATE_HTTP2: &str = "http2, late";

/// Who reads the flow.
pub(super) struct Subject {
    /// The dialogue; `None` when it has to be recognised.
    protocol: Option<&'static str>,
    transport: Transport,
    port: u16,
}

impl Subject {
    pub(super) const fn protocol((name, transport, port): (&'static str, Transport, u16)) -> Self {
        Self { protocol: Some(name), transport, port }
    }

    pub(super) const fn unknown(transport: Transport, port: u16) -> Self {
        Self { protocol: None, transport, port }
    }

    /// It meets streams that have yet to be recognised: bytes that fit two protocols are taken for the one whose
    /// recogniser has seen enough first.
    fn recognises(&self) -> bool {
        matches!(self.protocol, None | Some("http" | "smtp"))
    }

    pub(super) fn flow(&self) -> FlowInfo {
        FlowInfo {
            capture: "fuzz".into(),
            flow_id: 1,
            transport: self.transport,
            device: (IpAddr::from([192, 0, 2, 1]), 50_000),
            remote: (IpAddr::from([198, 51, 100, 1]), self.port),
            device_mac: None,
            secrets: None,
            content: Content::default(),
            earlier: Vec::new(),
        }
    }

    fn open(&self, flow: &FlowInfo) -> Listener {
        if self.protocol == Some(LATE_HTTP2) {
            return Listener::Known(open_h2(Side::Device), Appetite::More);
        }
        let Some(name) = self.protocol else { return Listener::Unknown(Follow::default()) };
        let protocol = PROTOCOLS.iter().find(|protocol| protocol.name == name && protocol.transport == self.transport);
        assert!(protocol.is_some(), "no protocol is called {name}");
        protocol.map_or_else(|| Listener::Unknown(Follow::default()), |protocol| Listener::Known((protocol.open)(flow), Appetite::More))
    }
}

enum Listener {
    Known(Box<dyn Dialogue>, Appetite),
    Unknown(Follow),
}

impl Listener {
    fn step(&mut self, step: &Step<'_>, frame: u64, context: &mut Context<'_>) {
        let time = Timestamp::from_parts(i64::try_from(frame).unwrap_or(i64::MAX), 0);
        match (self, *step) {
            (Self::Known(_, Appetite::Done), _) => {}
            (Self::Known(dialogue, appetite), Step::Gap(side, length)) => *appetite = dialogue.gap(side, length, context),
            (Self::Known(dialogue, appetite), Step::Data { side, bytes, is_cut }) => {
                *appetite = dialogue.data(Data { side, bytes, frame, time, is_cut }, context);
            }
            (Self::Unknown(follow), Step::Gap(side, length)) => follow.gap(side, length, context),
            (Self::Unknown(follow), Step::Data { side, bytes, is_cut }) => {
                follow.data(Data { side, bytes, frame, time, is_cut }, context);
            }
        }
    }

    fn finish(mut self, context: &mut Context<'_>) -> Facts {
        match &mut self {
            Self::Known(dialogue, _) => {
                dialogue.finish(context);
                dialogue.facts()
            }
            Self::Unknown(follow) => {
                follow.finish(context);
                follow.facts()
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Data { side: Side, bytes: &'a [u8], is_cut: bool },
    Gap(Side, u64),
}

fn steps(script: &[u8], transport: Transport) -> Vec<Step<'_>> {
    let mut reader = Reader::new(script);
    let mut steps = Vec::new();
    while let (Ok(flags), Ok(length)) = (reader.u8(), reader.u16()) {
        let side = if flags & 1 == 0 { Side::Device } else { Side::Remote };
        steps.push(match transport {
            Transport::Tcp if flags & 2 != 0 => Step::Gap(side, length.into()),
            Transport::Tcp => Step::Data { side, bytes: reader.take_up_to(length.into()), is_cut: false },
            Transport::Udp => Step::Data { side, bytes: reader.take_up_to(length.into()), is_cut: flags & 4 != 0 },
        });
    }
    steps
}

/// Lets the subject read the script, whole and, where it is a stream, in small pieces.
pub(super) fn follow(subject: &Subject, script: &[u8]) {
    let steps = steps(script, subject.transport);
    let (rows, facts) = run(subject, &steps, usize::MAX);
    laws::of_a_flow(script.len(), &rows, &facts);
    // So few pieces that the limit on them, while a stream is not recognised yet, is not what is tested.
    let few = PROBE_PIECES / 4;
    let piece = PIECE_BYTES.max(script.len() / few);
    let is_comparable = subject.transport == Transport::Tcp && steps.len() < few;
    if !is_comparable || looks_at_segments(&steps, &rows, &facts) {
        return;
    }
    let split = run(subject, &steps, piece);
    if subject.recognises() && split.1.application != facts.application {
        return;
    }
    assert_eq!(format!("{split:?}"), format!("{:?}", (rows, facts)), "it matters how the stream is cut");
}

/// TLS that has lost its records looks for them where a segment begins.
fn looks_at_segments(steps: &[Step<'_>], rows: &[Row], facts: &Facts) -> bool {
    let has_gap = steps.iter().any(|step| matches!(step, Step::Gap(..))) || facts.quality.contains(&"handshake-gap");
    let is_lost = rows.iter().any(|row| match row {
        Row::Anomaly(anomaly) => anomaly.kind == "tls-malformed",
        Row::Tls(hello) => hello.hellos.version.as_deref() == Some("SSL 2.0"),
        _ => false,
    });
    facts.encryption == Encryption::Tls && (has_gap || is_lost)
}

fn run(subject: &Subject, steps: &[Step<'_>], piece: usize) -> (Vec<Row>, Facts) {
    let flow = subject.flow();
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    let mut listener = subject.open(&flow);
    for (frame, step) in (1..).zip(steps) {
        match *step {
            Step::Data { side, bytes, is_cut } if subject.transport == Transport::Tcp => {
                for bytes in bytes.chunks(piece) {
                    listener.step(&Step::Data { side, bytes, is_cut }, frame, &mut context);
                }
            }
            ref whole => listener.step(whole, frame, &mut context),
        }
    }
    let facts = listener.finish(&mut context);
    (rows, facts)
}
