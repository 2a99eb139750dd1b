//! A request and its response, whichever version of HTTP carries them: the row that both fill, their bodies, and what
//! the flow takes from them.

use super::body::{Body, Declared, Ending};
use super::content::About;
use super::posture::{self, Asked};
use super::{Context, Facts, FlowInfo, Side};
use crate::limits::{FLOW_NAMES, FLOW_REQUESTS};
use crate::record::{Finding, FlowName, Http, MessageBody, NameSource, Request, Row, Severity};
use crate::time::Timestamp;
use crate::wire::escape;
use crate::wire::http::{Input, host_name};

/// Frame and time of something.
pub(super) type Seen = (u64, Timestamp);

/// Which of the two messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Request,
    Response,
}

/// A request and its response, as far as they have been read.
pub(super) struct Exchange {
    pub(super) row: Http,
    request: Message,
    response: Message,
    is_whole: bool,
    /// What the heads gave away.
    pub(super) asked: Asked,
}

struct Message {
    progress: Progress,
    declared: Declared,
    body: Option<Box<Body>>,
    last: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Awaited,
    Open,
    Ended,
    Missed,
}

impl Message {
    const fn new(progress: Progress) -> Self {
        Self { progress, declared: Declared { coding: None, media_type: None }, body: None, last: None }
    }

    fn end(self, context: &mut Context<'_>) -> (MessageBody, Option<Timestamp>) {
        let is_whole = self.progress == Progress::Ended;
        let ending = if is_whole { Ending::Whole } else { Ending::Cut };
        let body = self.body.map(|body| body.end(ending, context)).unwrap_or_default();
        let coding = body.coding.clone().or_else(|| self.declared.coding.as_deref().map(escape));
        (MessageBody { coding, ..body }, self.last.filter(|_| is_whole))
    }
}

impl Exchange {
    /// A request begins.
    pub(super) fn asked(row: Http) -> Self {
        let asked = Asked::default();
        Self { row, request: Message::new(Progress::Open), response: Message::new(Progress::Awaited), is_whole: true, asked }
    }

    /// A response begins whose request was not seen.
    pub(super) fn answered(row: Http) -> Self {
        let asked = Asked::default();
        Self { row, request: Message::new(Progress::Missed), response: Message::new(Progress::Open), is_whole: true, asked }
    }

    const fn message(&mut self, half: Half) -> &mut Message {
        match half {
            Half::Request => &mut self.request,
            Half::Response => &mut self.response,
        }
    }

    /// The response has not begun.
    pub(super) fn awaits_response(&self) -> bool {
        self.response.progress == Progress::Awaited
    }

    /// The message is being read.
    pub(super) fn is_open(&self, half: Half) -> bool {
        let message = if half == Half::Request { &self.request } else { &self.response };
        message.progress == Progress::Open
    }

    /// The response begins.
    pub(super) const fn begin_response(&mut self) {
        self.response.progress = Progress::Open;
    }

    /// The answer that was seen only announced another.
    pub(super) fn await_response(&mut self) {
        self.response = Message::new(Progress::Awaited);
        (self.row.status, self.row.response_frame, self.row.response_start) = (None, None, None);
    }

    /// What the head of a message says of its body, and where the head was.
    pub(super) fn declare(&mut self, half: Half, declared: Declared, seen: Seen) {
        match half {
            Half::Request => self.row.content_type_out = declared.media_type.as_deref().map(escape),
            Half::Response => self.row.content_type_in = declared.media_type.as_deref().map(escape),
        }
        if half == Half::Response {
            self.row.response_start = Some(seen.1);
        }
        let message = self.message(half);
        message.declared = declared;
        message.last = Some(seen.1);
    }

    /// So many bytes of a body.
    pub(super) fn count(&mut self, half: Half, bytes: u64) {
        let counter = match half {
            Half::Request => &mut self.row.request_bytes,
            Half::Response => &mut self.row.response_bytes,
        };
        *counter = counter.saturating_add(bytes);
    }

    /// Bytes of a body, there or missing.
    pub(super) fn data(&mut self, half: Half, input: Input<'_>, seen: Seen, context: &Context<'_>) {
        if input.is_empty() {
            return;
        }
        self.count(half, input.length());
        if self.message(half).body.is_none() && !context.flow.content.is_left {
            let about = self.about(half, context.flow);
            let message = self.message(half);
            message.body = Some(Box::new(Body::new(about, &message.declared, &context.flow.content)));
        }
        let message = self.message(half);
        message.last = Some(seen.1);
        let Some(body) = &mut message.body else { return };
        match input {
            Input::Bytes(bytes) => body.data(bytes, seen),
            Input::Missing(_) => body.missing(),
        }
    }

    fn about(&self, half: Half, flow: &FlowInfo) -> About {
        let row = &self.row;
        let asked = (row.origin.frame, row.origin.time);
        let ((frame, time), declared) = match half {
            Half::Request => (asked, &row.content_type_out),
            Half::Response => (row.response_frame.zip(row.response_start).unwrap_or(asked), &row.content_type_in),
        };
        let is_read = flow.content.is_read();
        let kept = |text: &Option<String>| text.as_ref().filter(|_| is_read).cloned();
        About {
            origin: crate::record::Origin { time: row.origin.time, ..flow.origin(frame, time) },
            stream: row.stream,
            from_device: row.from_device == (half == Half::Request),
            host: kept(&row.host),
            path: kept(&row.path),
            declared: kept(declared),
            part: None,
        }
    }

    /// The message was read to its end.
    pub(super) const fn end(&mut self, half: Half) {
        self.message(half).progress = Progress::Ended;
    }

    /// The message ended in this frame.
    pub(super) const fn end_at(&mut self, half: Half, seen: Seen) {
        self.message(half).last = Some(seen.1);
        self.end(half);
    }

    /// The message's end will not be seen.
    pub(super) const fn miss(&mut self, half: Half) {
        self.message(half).progress = Progress::Missed;
    }

    /// Part of a message is missing or not certain.
    pub(super) const fn spoil(&mut self) {
        self.is_whole = false;
    }

    /// Nothing more is to come.
    pub(super) fn is_settled(&self) -> bool {
        self.request.progress != Progress::Open && matches!(self.response.progress, Progress::Ended | Progress::Missed)
    }

    /// Nothing of it is read any more: its row; those of its parts, and anomalies, go out before it.
    pub(super) fn finish(self, context: &mut Context<'_>) -> Http {
        let both_ended = self.request.progress == Progress::Ended && self.response.progress == Progress::Ended;
        let (request_body, request_end) = self.request.end(context);
        let (response_body, response_end) = self.response.end(context);
        let is_complete = self.is_whole && both_ended;
        // A frame of another capture would be looked for in the wrong one.
        let is_elsewhere = self.row.response_start.is_some_and(|time| context.flow.place(time).0 != self.row.origin.capture);
        let response_frame = self.row.response_frame.filter(|_| !is_elsewhere);
        let row = Http { is_complete, request_end, response_end, request_body, response_body, response_frame, ..self.row };
        posture::exchange(&row, &self.asked, context);
        context.rows.extend(position_sent(&row, context.flow).map(|finding| Row::Finding(Box::new(finding))));
        row
    }
}

/// A picture that the device sent says where it was taken.
fn position_sent(row: &Http, flow: &FlowInfo) -> Option<Finding> {
    let (body, frame) = match row.from_device {
        true => (&row.request_body, Some(row.origin.frame)),
        false => (&row.response_body, row.response_frame),
    };
    let basis = body.position?;
    let time = if row.from_device { Some(row.origin.time) } else { row.response_start };
    let (capture, flow_id) = flow.place(time.unwrap_or(row.origin.time));
    Some(Finding {
        kind: "picture-position",
        severity: Severity::Medium,
        what: "the device sent a picture whose metadata says where it was taken".to_owned(),
        capture,
        flow_id: Some(flow_id),
        frame,
        time,
        device_ip: Some(flow.device.0),
        device_mac: flow.device_mac.clone(),
        remote_ip: Some(flow.remote.0),
        remote_port: Some(flow.remote.1),
        name: row.host.clone(),
        value: body.sha256.as_ref().map(|sha256| format!("body {sha256}")),
        basis,
        part: Some("body".into()),
        from_device: Some(true),
        count: 1,
        ..Finding::default()
    })
}

impl Facts {
    /// A host that was asked for.
    pub(super) fn remember_host(&mut self, host: &str) {
        let Some(name) = host_name(host) else { return };
        let name = FlowName { source: NameSource::Host, name: escape(name.as_bytes()) };
        if self.names.len() < FLOW_NAMES && !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// A request, before anything is known of its bodies.
    pub(super) fn remember_request(&mut self, method: &str, host: Option<&str>, path: Option<&str>) {
        let host = host.unwrap_or_default();
        let request = Request {
            method: escape(method.as_bytes()),
            host: escape(host_name(host).unwrap_or(host).as_bytes()),
            path: escape(path.unwrap_or_default().as_bytes()),
            ..Request::default()
        };
        if self.requests.len() < FLOW_REQUESTS && !self.requests.contains(&request) {
            self.requests.push(request);
        }
    }

    /// What the bodies of an exchange were, for the request that is in the list already.
    pub(super) fn remember_bodies(&mut self, row: &Http) {
        let (sent, received) =
            if row.from_device { (&row.request_body, &row.response_body) } else { (&row.response_body, &row.request_body) };
        let sent_types: Vec<String> = sent.media_type.into_iter().chain(sent.part_types.iter().copied()).map(str::to_owned).collect();
        let received_types: Vec<String> = received.media_type.map(str::to_owned).into_iter().collect();
        let tells: Vec<String> = sent.tells.iter().map(|word| (*word).to_owned()).collect();
        if sent_types.is_empty() && received_types.is_empty() && tells.is_empty() {
            return;
        }
        let host = row.host.as_deref().unwrap_or_default();
        let bare = Request {
            method: row.method.clone().unwrap_or_default(),
            host: host_name(host).unwrap_or(host).to_owned(),
            path: row.path.clone().unwrap_or_default(),
            ..Request::default()
        };
        let told = Request { sent: sent_types, received: received_types, tells, ..bare.clone() };
        if self.requests.contains(&told) {
            self.requests.retain(|request| *request != bare);
        } else if let Some(request) = self.requests.iter_mut().find(|request| **request == bare) {
            *request = told;
        } else if self.requests.len() < FLOW_REQUESTS {
            self.requests.push(told);
        }
    }
}

/// A row with nothing in it but its place.
pub(super) fn empty_row(client: Side, version: String, seen: Seen, flow: &FlowInfo) -> Http {
    Http {
        origin: flow.origin(seen.0, seen.1),
        stream: None,
        from_device: client == Side::Device,
        method: None,
        host: None,
        path: None,
        query_keys: Vec::new(),
        version,
        user_agent: None,
        status: None,
        content_type_out: None,
        content_type_in: None,
        request_bytes: 0,
        response_bytes: 0,
        is_complete: false,
        response_frame: None,
        decrypted: false,
        request_end: None,
        response_start: None,
        response_end: None,
        unread_fields: 0,
        request_body: MessageBody::default(),
        response_body: MessageBody::default(),
    }
}
