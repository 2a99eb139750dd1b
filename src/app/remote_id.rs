//! Broadcasts of aircraft: DJI DroneID, ASTM F3411 Remote ID, the French beacon. They belong to no flow: each frame
//! that holds one becomes a row per format.
//!
//! Rows go out as they are made. What is kept is one place and identity per transmitter, to judge the next by.

mod row;
mod transmitters;

use std::sync::Arc;

use crate::packet::Envelope;
use crate::record::{Anomaly, RemoteId, Row};
use crate::wire::bluetooth::{self, Advertisement};
use crate::wire::management::{Management, Subtype};
use crate::wire::{Mac, droneid, escape, french_id, nan, remote_id};

use transmitters::Transmitters;

/// Reads broadcasts out of management frames and advertisements.
#[derive(Default)]
pub(crate) struct Broadcasts {
    transmitters: Transmitters,
}

/// The frame that holds a broadcast, and where its rows go.
struct Heard<'a> {
    capture: &'a Arc<str>,
    envelope: &'a Envelope,
    transmitter: Option<Mac>,
    ssid: Option<&'a [u8]>,
    transport: &'static str,
    rows: &'a mut Vec<Row>,
}

impl Broadcasts {
    /// Reads a management frame of an 802.11 network.
    pub(crate) fn management(&mut self, capture: &Arc<str>, envelope: &Envelope, frame: &Management<'_>, rows: &mut Vec<Row>) {
        let transport = match frame.subtype {
            Subtype::BEACON => "beacon",
            Subtype::PROBE_RESPONSE => "probe-response",
            Subtype::ACTION | Subtype::ACTION_NO_ACK => "nan",
            _ => return,
        };
        let ssid = frame.ssid().filter(|ssid| !ssid.is_empty());
        let mut heard = Heard { capture, envelope, transmitter: Some(frame.transmitter), ssid, transport, rows };
        if transport == "nan" {
            for information in nan::service_information(frame.body, remote_id::SERVICE) {
                self.counted(information, &mut heard);
            }
            return;
        }
        for element in frame.elements() {
            if let Some(bytes) = element.vendor(droneid::ORGANISATION) {
                self.droneid(bytes, &mut heard);
            } else if let Some([remote_id::APPLICATION, bytes @ ..]) = element.vendor(remote_id::ORGANISATION) {
                self.counted(bytes, &mut heard);
            } else if let Some(bytes) = element.vendor(french_id::ORGANISATION) {
                self.french(bytes, &mut heard);
            }
        }
    }

    /// Reads a Bluetooth advertisement.
    pub(crate) fn advertisement(&mut self, capture: &Arc<str>, envelope: &Envelope, said: &Advertisement<'_>, rows: &mut Vec<Row>) {
        const REMOTE_ID: u16 = 0xfffa;
        let mut heard = Heard { capture, envelope, transmitter: said.address, ssid: None, transport: "bluetooth", rows };
        for data in bluetooth::service_data(said.data, REMOTE_ID) {
            if let [remote_id::APPLICATION, bytes @ ..] = data {
                self.counted(bytes, &mut heard);
            }
        }
    }

    fn droneid(&mut self, bytes: &[u8], heard: &mut Heard<'_>) {
        match droneid::read(bytes) {
            None => {}
            Some(Ok(droneid::Record::Flight(flight))) => self.push(row::flight(&flight), heard),
            Some(Ok(droneid::Record::Purpose(purpose))) => self.push(row::purpose(&purpose), heard),
            Some(Err(fault)) => heard.note("droneid-unread", row::droneid_fault(fault)),
        }
    }

    /// A message or pack behind its counter.
    fn counted(&mut self, bytes: &[u8], heard: &mut Heard<'_>) {
        let Some((counter, bytes)) = bytes.split_first() else {
            return heard.note("remote-id-unread", "a Remote ID element without a message counter".to_owned());
        };
        let broadcast = remote_id::read(bytes);
        for fault in &broadcast.faults {
            heard.note("remote-id-unread", row::remote_id_fault(*fault));
        }
        if !broadcast.messages.is_empty() {
            self.push(row::remote_id(&broadcast, *counter, heard.envelope.time), heard);
        }
    }

    fn french(&mut self, bytes: &[u8], heard: &mut Heard<'_>) {
        let Some(said) = french_id::read(bytes) else { return };
        if said.unknown > 0 {
            heard.note("french-id-unread", format!("{} fields of the French beacon have a type or length that is not known", said.unknown));
        }
        if said.identifier.is_some() || said.serial.is_some() || said.position.is_some() {
            self.push(row::french(&said), heard);
        }
    }

    fn push(&mut self, row: RemoteId, heard: &mut Heard<'_>) {
        let mut row = RemoteId {
            capture: Arc::clone(heard.capture),
            frame: heard.envelope.frame,
            time: heard.envelope.time,
            transmitter: heard.transmitter.map(|address| address.to_string()),
            ssid: heard.ssid.map(escape),
            transport: heard.transport,
            ..row
        };
        let is_forgetful = self.transmitters.judge(heard.transmitter, &mut row);
        heard.rows.push(Row::RemoteId(Box::new(row)));
        if is_forgetful {
            let limit = crate::limits::REMOTE_ID_TRANSMITTERS;
            heard.note("remote-id-limit", format!("more than {limit} transmitters: the one heard first is forgotten"));
        }
    }
}

impl Heard<'_> {
    fn note(&mut self, kind: &'static str, detail: String) {
        self.rows.push(Row::Anomaly(Box::new(Anomaly {
            capture: Arc::clone(self.capture),
            frame: Some(self.envelope.frame),
            offset: None,
            time: Some(self.envelope.time),
            flow_id: None,
            kind,
            detail,
            count: 1,
            is_damage: false,
        })));
    }
}
