//! One open flow: its row being filled, its TCP state, and its dialogue.

use std::net::IpAddr;
use std::sync::Arc;

use crate::app::unread::{self, Unread};
use crate::app::volume::{self, Ended, Exchanges, Meter};
use crate::app::{Content, Context, Data, Facts, FlowInfo, Follow, Side, Transport};
use crate::flow::{Chunk, Connection, Decided, Delivery, End, Half, Idle, Key, Seen, Stream, Ticks, Wants};
use crate::limits;
use crate::packet::{Envelope, Packet, Segment, TcpSegment, protocol, protocol_name};
use crate::record::{Answer, App, AppBasis, ApplicationBasis, Counts, Encryption, Flow, Initiator, Row, Volume};
use crate::secrets::Secrets;
use crate::time::{Span, Timestamp};
use crate::wire::escape;
use crate::wire::link::{Number, Process};

/// An open flow.
pub(super) struct Conversation {
    flow: Box<Flow>,
    device: Half,
    tcp: Option<Box<Tcp>>,
    /// None for protocols without dialogues.
    dialogue: Option<Box<Talk>>,
    is_cut: bool,
    /// A frame was opened without the integrity code that would prove it.
    is_unverified: bool,
    process: Option<Process>,
    beat: Beat,
}

/// Bursts of payload from the device: when they begin, and how regularly.
#[derive(Clone, Default)]
struct Beat {
    /// Begin of the burst, and time of its last payload.
    burst: Option<(Timestamp, Timestamp)>,
    /// The first intervals, in milliseconds.
    intervals: Vec<u32>,
}

impl Beat {
    /// Silence that ends a burst.
    const PAUSE: Span = Span::from_secs(1);
    /// Regular intervals that make a beat.
    const REGULAR: usize = 3;

    fn note(&mut self, time: Timestamp) {
        match self.burst {
            Some((began, last)) if time.since(last) < Self::PAUSE => self.burst = Some((began, last.max(time))),
            before => {
                let interval = before.and_then(|(began, _)| u32::try_from(time.since(began).nanos() / 1_000_000).ok());
                self.intervals.extend(interval.filter(|_| self.intervals.len() < limits::FLOW_BEATS));
                self.burst = Some((time, time));
            }
        }
    }

    /// The middle interval, when three of four are within a fifth of it: a flow begins and ends out of its beat.
    fn period(mut self) -> Option<Span> {
        self.intervals.sort_unstable();
        let middle = *self.intervals.get(self.intervals.len() / 2)?;
        let regular = self.intervals.iter().filter(|interval| interval.abs_diff(middle) <= middle / 5).count();
        let is_beat = regular >= Self::REGULAR && regular * 4 >= self.intervals.len() * 3;
        is_beat.then(|| Span::from_nanos(i64::from(middle) * 1_000_000))
    }
}

/// A dialogue and what it knows of its flow.
struct Talk {
    info: FlowInfo,
    follow: Follow,
    /// None in a row that is a part of its conversation.
    meter: Option<Meter>,
    exchanges: Exchanges,
    /// None once somebody reads it, and where content is left alone.
    unread: Option<Unread>,
}

/// TCP's part.
#[derive(Default)]
struct Tcp {
    connection: Connection,
    /// What the device sent, what the remote sent.
    streams: [Stream; 2],
    /// The side whose packets count as the originator's.
    originator: Option<Side>,
    /// The clock behind the device's timestamps.
    ticks: Option<Box<Ticks>>,
}

impl Tcp {
    /// Which end a side is.
    fn end(&self, side: Side) -> End {
        if self.originator == Some(side) { End::Originator } else { End::Responder }
    }

    fn tick(&mut self, value: u32, time: Timestamp) {
        match &mut self.ticks {
            Some(ticks) => ticks.note(value, time),
            None => self.ticks = Some(Box::new(Ticks::new(value, time))),
        }
    }
}

impl Conversation {
    pub(super) fn open((capture, flow_id): (Arc<str>, u64), packet: &Packet<'_>, key: &Key, decided: Decided, content: &Content) -> Self {
        let (device, remote) = (key.end(decided.device), key.end(decided.device.other()));
        let port = |port: u16| key.has_ports().then_some(port);
        let envelope = packet.envelope;
        let (frame, time) = packet.began.unwrap_or((envelope.frame, envelope.time));
        let flow = Box::new(Flow {
            capture,
            flow_id,
            interface: envelope.interface,
            interface_name: envelope.interface_name.clone(),
            protocol: protocol_name(key.protocol()).into_owned(),
            tunnel: tunnel(envelope),
            vlan: vlan(envelope),
            device_ip: device.0,
            device_port: port(device.1),
            device_mac: None,
            bssid: envelope.air.and_then(|air| air.bssid).map(|mac| mac.to_string()),
            station: envelope.air.and_then(|air| air.station).map(|mac| mac.to_string()),
            channel: envelope.air.and_then(|air| air.channel).and_then(|channel| channel.number),
            device_basis: decided.basis,
            remote_ip: remote.0,
            remote_port: port(remote.1),
            initiator: decided.initiator,
            app: None,
            first: time,
            last: time,
            first_frame: frame,
            last_frame: frame,
            outbound: Counts::default(),
            inbound: Counts::default(),
            history: None,
            conn_state: None,
            ended_by: String::new(),
            period: None,
            handshake_rtt: None,
            round_trip: None,
            handshake_ack: None,
            device_clock: None,
            application: None,
            application_basis: ApplicationBasis::default(),
            encryption: encryption_of(key.protocol()),
            quality: Vec::new(),
            names: Vec::new(),
            requests: Vec::new(),
            link: None,
            decrypted_by: Vec::new(),
            volume: Volume::default(),
            class: None,
            answer: Answer::default(),
        });
        let mut conversation = Self::around(flow, decided.device);
        let sender = if packet.source == device.0 { Side::Device } else { Side::Remote };
        conversation.learn_mac(packet, sender);
        conversation.attach(packet, device, remote, content);
        conversation
    }

    fn around(flow: Box<Flow>, device: Half) -> Self {
        let beat = Beat::default();
        Self { flow, device, tcp: None, dialogue: None, is_cut: false, is_unverified: false, process: None, beat }
    }

    fn attach(&mut self, packet: &Packet<'_>, device: (IpAddr, u16), remote: (IpAddr, u16), content: &Content) {
        let transport = match packet.segment {
            Segment::Tcp(_) => Transport::Tcp,
            Segment::Ports { .. } if packet.protocol == protocol::UDP => Transport::Udp,
            _ => return,
        };
        if transport == Transport::Tcp {
            self.tcp = Some(Box::default());
        }
        let capture = Arc::clone(&self.flow.capture);
        let (flow_id, device_mac, content) = (self.flow.flow_id, self.flow.device_mac.clone(), content.clone());
        let info = FlowInfo { capture, flow_id, transport, device, remote, device_mac, secrets: None, content, earlier: Vec::new() };
        let meter = if transport == Transport::Tcp { Meter::stream() } else { Meter::datagrams() };
        let unread = (!info.content.is_left).then(Unread::default);
        let (meter, exchanges) = (Some(meter), Exchanges::default());
        self.dialogue = Some(Box::new(Talk { info, follow: Follow::default(), meter, exchanges, unread }));
    }

    /// Its dialogue may use what the analyst has keys for.
    pub(super) fn equip(&mut self, secrets: &Arc<Secrets>) {
        if let Some(talk) = &mut self.dialogue {
            talk.info.secrets = Some(Arc::clone(secrets));
        }
    }

    /// Whether it is one of this capture, and does not only go on from the one before.
    pub(super) fn is_of(&self, capture: &Arc<str>) -> bool {
        Arc::ptr_eq(&self.flow.capture, capture)
    }

    /// Whether a packet of the next capture may belong to it.
    pub(super) fn is_continued_by(&self, packet: &Packet<'_>, sender: Half) -> bool {
        let (Some(tcp), Segment::Tcp(segment)) = (&self.tcp, packet.segment) else { return true };
        tcp.streams.get(usize::from(self.side(sender) == Side::Remote)).is_some_and(|stream| stream.is_near(segment.sequence))
    }

    /// Goes on with a packet of the next capture: a row of its own, with what TCP and the dialogue know. The row so far
    /// goes out. A drone link is read anew: its dialogue adds up what one row tells.
    pub(super) fn go_on(&mut self, place: (Arc<str>, u64), packet: &Packet<'_>, key: &Key, rows: &mut Vec<Row>) {
        let decided = Decided { device: self.device, basis: self.flow.device_basis, initiator: self.flow.initiator };
        let content = self.dialogue.as_ref().map(|talk| talk.info.content.clone()).unwrap_or_default();
        let mut next = Self::open(place.clone(), packet, key, decided, &content);
        (next.flow.app, next.process, next.beat) = (self.flow.app.clone(), self.process, self.beat.clone());
        next.flow.device_mac = next.flow.device_mac.take().or_else(|| self.flow.device_mac.clone());
        let began = next.flow.first;
        if let (Some(mut talk), Some(fresh)) = (self.dialogue.take(), &mut next.dialogue) {
            let facts = talk.follow.facts();
            if facts.link.is_some() {
                fresh.info.secrets = talk.info.secrets.clone();
                self.dialogue = Some(talk);
            } else {
                self.classify(Some(&facts), talk.unread.as_ref());
                self.learn(facts);
                talk.info.go_on(began, place);
                // What its records and messages hold no longer says what each row of it holds.
                talk.meter = None;
                *fresh = talk;
                self.hand_over(&mut next);
            }
        }
        std::mem::replace(self, next).close("capture-end", rows);
    }

    /// The bytes that wait, and what is known of their order.
    fn hand_over(&mut self, next: &mut Self) {
        let (Some(tcp), Some(fresh)) = (&mut self.tcp, &mut next.tcp) else { return };
        fresh.originator = tcp.originator;
        fresh.ticks.clone_from(&tcp.ticks);
        for (side, (stream, new)) in [Side::Device, Side::Remote].into_iter().zip(tcp.streams.iter_mut().zip(&mut fresh.streams)) {
            let (gaps, bytes) = stream.take_gaps();
            let counts = if side == Side::Device { &mut self.flow.outbound } else { &mut self.flow.inbound };
            (counts.gaps, counts.gap_bytes) = (gaps, bytes);
            std::mem::swap(stream, new);
        }
    }

    /// What the payload looks like, if there is any.
    fn classify(&mut self, facts: Option<&Facts>, unread: Option<&Unread>) {
        let encryption = facts.map_or(self.flow.encryption, |facts| facts.encryption);
        let has_payload = self.flow.outbound.payload_bytes > 0 || self.flow.inbound.payload_bytes > 0;
        self.flow.class = has_payload.then(|| unread::class(facts, encryption, unread));
    }

    /// What the dialogue knows goes to the row.
    fn learn(&mut self, facts: Facts) {
        self.flow.application = facts.application.map(str::to_owned);
        self.flow.application_basis = facts.application_basis;
        self.flow.encryption = facts.encryption;
        self.flow.names = facts.names;
        self.flow.requests = facts.requests;
        self.flow.link = facts.link;
        self.flow.decrypted_by = facts.decrypted_by;
        self.flow.quality.extend(facts.quality.into_iter().map(str::to_owned));
    }

    pub(super) const fn flow_id(&self) -> u64 {
        self.flow.flow_id
    }

    /// Time of the latest packet.
    pub(super) const fn last(&self) -> Timestamp {
        self.flow.last
    }

    /// The row as far as it is known: what its bytes and its dialogue told.
    pub(super) fn so_far(&self) -> Flow {
        let mut flow = Flow::clone(&self.flow);
        if let Some(talk) = &self.dialogue {
            let facts = talk.follow.facts();
            flow.application = facts.application.map(str::to_owned);
            flow.application_basis = facts.application_basis;
            flow.encryption = facts.encryption;
            (flow.names, flow.requests) = (facts.names, facts.requests);
        }
        flow
    }

    /// Bytes held while waiting for others.
    pub(super) fn held(&self) -> usize {
        self.tcp.as_ref().map_or(0, |tcp| tcp.streams.iter().map(Stream::held).sum())
    }

    pub(super) fn idle(&self) -> Idle {
        match &self.tcp {
            Some(tcp) if tcp.connection.closed_by().is_some() => Idle::Closed,
            Some(_) => Idle::Tcp,
            None if self.flow.protocol == "udp" => Idle::Udp,
            None => Idle::Other,
        }
    }

    pub(super) fn is_reopened_by(&self, packet: &Packet<'_>, sender: Half) -> bool {
        let (Some(tcp), Segment::Tcp(segment)) = (&self.tcp, packet.segment) else { return false };
        tcp.connection.is_reopened_by(&segment, tcp.end(self.side(sender)))
    }

    fn side(&self, sender: Half) -> Side {
        if sender == self.device { Side::Device } else { Side::Remote }
    }

    fn learn_mac(&mut self, packet: &Packet<'_>, sender: Side) {
        let envelope = packet.envelope;
        // Inside a tunnel the frame's addresses are those of its ends.
        if self.flow.device_mac.is_none() && envelope.tunnels.is_empty() {
            let mac = if sender == Side::Device { envelope.source } else { envelope.destination };
            self.flow.device_mac = mac.filter(|mac| !mac.is_group() && mac.0 != [0; 6]).map(|mac| mac.to_string());
        }
    }

    /// The first program named is the flow's; another one later lessens trust in it. One that works for another
    /// (PKTAP's effective process) may be told only after the first packets.
    pub(super) fn learn_app(&mut self, envelope: &Envelope) {
        let Some(process) = envelope.process.filter(|process| Some(*process) != self.process) else { return };
        let is_first = self.process.is_none();
        let is_better = !is_first
            && matches!((self.process, process.number), (Some(known), Number::EffectivePid(_)) if !matches!(known.number, Number::EffectivePid(_)));
        if is_first || is_better {
            self.process = Some(process);
            self.flow.app = Some(app(&process));
        } else if !self.flow.quality.iter().any(|word| word == "several-apps")
            && self.flow.app.as_ref().is_some_and(|known| known.basis == app(&process).basis)
        {
            self.flow.quality.push("several-apps".to_owned());
        }
    }

    /// Takes a packet: counts it, puts TCP in order, feeds the dialogue.
    pub(super) fn packet(&mut self, packet: &Packet<'_>, sender: Half, rows: &mut Vec<Row>) {
        let side = self.side(sender);
        let envelope = packet.envelope;
        let rows_before = rows.len();
        self.flow.first = self.flow.first.min(envelope.time);
        self.flow.last = self.flow.last.max(envelope.time);
        self.flow.last_frame = envelope.frame;
        self.learn_mac(packet, side);
        self.learn_app(envelope);
        let (payload_len, captured) = match packet.segment {
            Segment::Tcp(tcp) => (tcp.payload_len, tcp.payload.len()),
            Segment::Ports { payload, payload_len, .. } => (payload_len, payload.len()),
            Segment::Bare { payload_len } => (payload_len, payload_len),
        };
        self.is_cut |= captured < payload_len;
        self.is_unverified |= envelope.air.is_some_and(|air| air.is_unverified);
        // One byte is what a TCP keep-alive may repeat (RFC 9293 section 3.8.4): a beat of the system, not of the app.
        if side == Side::Device && payload_len > 1 {
            self.beat.note(envelope.time);
        }
        let counts = self.counts(side);
        counts.packets += packet.packets;
        counts.wire_bytes += envelope.wire_bytes;
        counts.ip_bytes += packet.ip_bytes;
        counts.payload_bytes += payload_len as u64;
        counts.fragments += packet.fragments;
        match packet.segment {
            Segment::Tcp(segment) => self.tcp(&segment, side, envelope, rows),
            Segment::Ports { payload, .. } => {
                counts.unique_bytes += payload_len as u64;
                self.datagram((payload, payload_len), side, envelope, rows);
            }
            Segment::Bare { .. } => counts.unique_bytes += payload_len as u64,
        }
        self.note_exchanges(rows.get(rows_before..).unwrap_or_default());
    }

    /// What messages carried counts towards what the flow did.
    fn note_exchanges(&mut self, rows: &[Row]) {
        let Some(talk) = &mut self.dialogue else { return };
        rows.iter().filter_map(|row| if let Row::Http(row) = row { Some(row) } else { None }).for_each(|row| talk.exchanges.note(row));
    }

    const fn counts(&mut self, side: Side) -> &mut Counts {
        match side {
            Side::Device => &mut self.flow.outbound,
            Side::Remote => &mut self.flow.inbound,
        }
    }

    fn datagram(&mut self, (bytes, length): (&[u8], usize), side: Side, envelope: &Envelope, rows: &mut Vec<Row>) {
        let Some(talk) = &mut self.dialogue else { return };
        if let Some(meter) = &mut talk.meter {
            meter.data(side, bytes, length);
        }
        let data = Data { side, bytes, frame: envelope.frame, time: envelope.time, is_cut: self.is_cut };
        talk.follow.data(data, &mut Context { flow: &talk.info, rows });
        talk.unread.take_if(|_| talk.follow.is_known());
        if let Some(unread) = &mut talk.unread {
            unread.datagram(side, bytes);
        }
    }

    fn tcp(&mut self, segment: &TcpSegment<'_>, side: Side, envelope: &Envelope, rows: &mut Vec<Row>) {
        // A flow whose first header was cut off has no stream yet.
        let tcp = self.tcp.get_or_insert_default();
        tcp.originator.get_or_insert(match self.flow.initiator {
            Initiator::Device => Side::Device,
            Initiator::Remote => Side::Remote,
            Initiator::Unknown => side,
        });
        let wanted = wants(self.dialogue.as_deref(), side);
        let Some(stream) = tcp.streams.get_mut(usize::from(side == Side::Remote)) else { return };
        let gaps = stream.gaps;
        let new = push(stream, segment, envelope, wanted, &mut |delivery| hand_on(&mut self.dialogue, side, delivery, rows));
        let has_gap = stream.gaps > gaps;
        if wanted != wants(self.dialogue.as_deref(), side) {
            let sides = [Side::Device, Side::Remote].into_iter().zip(&mut tcp.streams);
            let unwanted = sides.filter(|(side, _)| wants(self.dialogue.as_deref(), *side) == Wants::Counts);
            unwanted.for_each(|(_, stream)| stream.forget());
        }
        if let Some((value, _)) = segment.timestamps.filter(|_| side == Side::Device) {
            tcp.tick(value, envelope.time);
        }
        let from = tcp.end(side);
        let is_repeated = segment.payload_len > 0 && new == 0;
        tcp.connection.note(segment, Seen { from, is_repeated, time: envelope.time });
        if has_gap {
            tcp.connection.note_gap(from);
        }
        let counts = self.counts(side);
        counts.unique_bytes += new;
        counts.retransmitted_bytes += (segment.payload_len as u64).saturating_sub(new);
        counts.retransmitted_packets += u64::from(is_repeated);
    }

    /// Goes on behind the holes: all streams together hold too much.
    pub(super) fn give_up_holes(&mut self, rows: &mut Vec<Row>) {
        let Some(tcp) = &mut self.tcp else { return };
        for (side, stream) in [Side::Device, Side::Remote].into_iter().zip(&mut tcp.streams) {
            stream.has_hit_limit = true;
            stream.flush(&mut |delivery| hand_on(&mut self.dialogue, side, delivery, rows));
        }
    }

    /// Ends the flow: the dialogue's last rows, then the flow's own.
    pub(super) fn close(mut self, ended_by: &'static str, rows: &mut Vec<Row>) {
        ended_by.clone_into(&mut self.flow.ended_by);
        self.flow.period = std::mem::take(&mut self.beat).period();
        let rows_before = rows.len();
        self.finish_tcp(rows);
        if let Some(talk) = &mut self.dialogue {
            talk.follow.finish(&mut Context { flow: &talk.info, rows });
        }
        self.note_exchanges(rows.get(rows_before..).unwrap_or_default());
        let (facts, measured, unread) = match self.dialogue.take() {
            Some(talk) => (Some(talk.follow.into_facts()), talk.meter.map(|meter| (meter, talk.exchanges)), talk.unread),
            None => (None, None, None),
        };
        if self.flow.class.is_none() {
            self.classify(facts.as_ref(), unread.as_ref());
        }
        self.flow.volume = self.volume(facts.as_ref(), measured.as_ref());
        if let Some(facts) = facts {
            self.learn(facts);
        }
        if self.is_cut {
            self.flow.quality.push("snaplen-cut".to_owned());
        }
        if self.is_unverified {
            self.flow.quality.push("wifi-unverified".to_owned());
        }
        rows.push(Row::Flow(self.flow));
    }

    /// What it can have carried; after TCP is finished.
    fn volume(&self, facts: Option<&Facts>, measured: Option<&(Meter, Exchanges)>) -> Volume {
        let (outbound, inbound) = (&self.flow.outbound, &self.flow.inbound);
        let is_mid_stream = self.flow.quality.iter().any(|word| word == "mid-stream");
        let is_tcp = self.flow.history.is_some();
        let open: Vec<String> = [
            ("mid-stream", is_mid_stream),
            ("gaps-out", outbound.gaps > 0),
            ("gaps-in", inbound.gaps > 0),
            ("missing-out", is_tcp && outbound.packets == 0),
            ("missing-in", is_tcp && inbound.packets == 0),
        ]
        .into_iter()
        .filter(|(_, is_so)| *is_so)
        .map(|(word, _)| word.to_owned())
        .collect();
        let ended = Ended {
            counts: [outbound, inbound],
            encryption: facts.map(|facts| facts.encryption).unwrap_or_default(),
            seal: facts.and_then(|facts| facts.seal.as_ref()),
            exchanges: measured.map(|(_, exchanges)| *exchanges).unwrap_or_default(),
            is_whole: open.is_empty()
                && !self.is_cut
                && self.flow.quality.is_empty()
                && facts.is_some_and(|facts| facts.quality.is_empty()),
        };
        Volume { open, ..volume::volume(measured.map(|(meter, _)| meter), &ended) }
    }

    fn finish_tcp(&mut self, rows: &mut Vec<Row>) {
        let Some(mut tcp) = self.tcp.take() else { return };
        let mut quality = Vec::new();
        for (side, stream) in [Side::Device, Side::Remote].into_iter().zip(&mut tcp.streams) {
            let gaps = stream.gaps;
            stream.finish(&mut |delivery| hand_on(&mut self.dialogue, side, delivery, rows));
            if stream.gaps > gaps {
                let from = if tcp.originator == Some(side) { End::Originator } else { End::Responder };
                tcp.connection.note_gap(from);
            }
            let counts = self.counts(side);
            counts.gaps += stream.gaps;
            counts.gap_bytes += stream.gap_bytes;
            quality.extend((counts.gaps > 0).then_some("gaps"));
            quality.extend(stream.has_hit_limit.then_some("reassembly-limit"));
        }
        quality.extend((!tcp.connection.has_opening()).then_some("mid-stream"));
        let is_one_sided = (self.flow.outbound.packets == 0) != (self.flow.inbound.packets == 0);
        quality.extend(is_one_sided.then_some("one-sided"));
        quality.sort_unstable();
        quality.dedup();
        self.flow.quality.extend(quality.into_iter().map(str::to_owned));
        self.flow.history = Some(tcp.connection.history().to_owned());
        self.flow.conn_state = Some(tcp.connection.state(self.flow.initiator).to_owned());
        self.flow.device_clock = tcp.ticks.as_deref().and_then(Ticks::rate);
        (self.flow.handshake_rtt, self.flow.handshake_ack) = (tcp.connection.rtt, tcp.connection.ack_time);
        self.flow.round_trip = tcp.connection.round_trip.filter(|_| self.flow.initiator == Initiator::Device);
        if let Some(closed_by) = tcp.connection.closed_by() {
            closed_by.clone_into(&mut self.flow.ended_by);
        }
    }
}

fn app(process: &Process) -> App {
    let name = escape(process.name());
    match process.number {
        Number::Uid(uid) => App { name, uid: Some(uid), pid: None, basis: AppBasis::PcapdroidTrailer },
        Number::Pid(pid) => App { name, uid: None, pid: Some(pid), basis: AppBasis::PktapProcess },
        Number::EffectivePid(pid) => App { name, uid: None, pid: Some(pid), basis: AppBasis::PktapEffectiveProcess },
    }
}

/// Whether a dialogue still reads.
fn wants(dialogue: Option<&Talk>, side: Side) -> Wants {
    match dialogue {
        Some(talk) if talk.follow.wants_bytes() => Wants::Bytes,
        Some(talk) if talk.meter.as_ref().is_some_and(Meter::is_counting) => Wants::Heads,
        Some(talk) if !talk.follow.is_known() && talk.unread.as_ref().is_some_and(|unread| unread.is_hungry(side)) => Wants::Heads,
        _ => Wants::Counts,
    }
}

/// Puts one segment into its stream; how many of its bytes are new.
fn push(stream: &mut Stream, segment: &TcpSegment<'_>, envelope: &Envelope, wants: Wants, deliver: &mut dyn FnMut(Delivery<'_>)) -> u64 {
    if segment.flags.syn() {
        stream.begin(segment.sequence);
    }
    let sequence = if segment.flags.syn() { segment.sequence.wrapping_add(1) } else { segment.sequence };
    if segment.payload_len == 0 {
        if segment.flags.fin() {
            stream.reach(sequence);
        }
        return 0;
    }
    // What a reset carries is an explanation for people (RFC 9293 section 3.5.3), no part of the stream.
    if segment.flags.rst() {
        return segment.payload_len as u64;
    }
    let chunk = Chunk { sequence, bytes: segment.payload, length: segment.payload_len, frame: envelope.frame, time: envelope.time };
    stream.push(chunk, wants, deliver)
}

fn hand_on(dialogue: &mut Option<Box<Talk>>, side: Side, delivery: Delivery<'_>, rows: &mut Vec<Row>) {
    let Some(talk) = dialogue else { return };
    let mut context = Context { flow: &talk.info, rows };
    match delivery {
        Delivery::Bytes(bytes, frame, time) => {
            if let Some(meter) = &mut talk.meter {
                meter.data(side, bytes, bytes.len());
            }
            talk.follow.data(Data { side, bytes, frame, time, is_cut: false }, &mut context);
            talk.unread.take_if(|_| talk.follow.is_known());
            if let Some(unread) = &mut talk.unread {
                unread.bytes(side, bytes);
            }
        }
        Delivery::Gap(length) => {
            if let Some(meter) = &mut talk.meter {
                meter.gap(side, length);
            }
            talk.follow.gap(side, length, &mut context);
        }
    }
}

/// Protocols that keep a network running go in clear; of all others only the payload tells.
const fn encryption_of(protocol: u8) -> Encryption {
    match protocol {
        protocol::ICMP | protocol::IGMP | protocol::ICMPV6 => Encryption::None,
        _ => Encryption::Unknown,
    }
}

fn tunnel(envelope: &Envelope) -> Option<String> {
    let layers: Vec<String> =
        envelope.tunnels.iter().map(|tunnel| format!("{} {}>{}", tunnel.kind, tunnel.ends.0, tunnel.ends.1)).collect();
    (!layers.is_empty()).then(|| layers.join(", "))
}

fn vlan(envelope: &Envelope) -> Option<String> {
    let tags: Vec<String> = envelope.vlans.iter().map(u16::to_string).collect();
    (!tags.is_empty()).then(|| tags.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(seconds: &[f64]) -> Option<f64> {
        let mut beat = Beat::default();
        for second in seconds {
            #[expect(clippy::cast_possible_truncation, reason = "seconds of a test are few")]
            beat.note(Timestamp::from_nanos((second * 1e9) as i64));
        }
        beat.period().map(|period| period.millis() / 1e3)
    }

    #[test]
    fn regular_bursts_have_a_period() {
        assert_eq!(period(&[0.0, 0.1, 15.0, 30.0, 30.2, 45.0]), Some(15.0));
        assert_eq!(period(&[0.0, 15.0, 30.0, 45.0, 60.0, 62.0]), Some(15.0), "the end is out of the beat");
        assert_eq!(period(&[0.0, 15.0, 30.0]), None, "two intervals are no beat");
        assert_eq!(period(&[0.0, 2.0, 30.0, 31.5, 50.0]), None);
        assert_eq!(period(&[0.0, 0.2, 0.4]), None, "one burst");
    }
}
