//! Frames on the air walked down: what they carry, what is opened of them, and what waits.

use std::collections::VecDeque;

use super::{Emit, Envelope, Item, Reason, Walker};
use crate::limits;
use crate::record::Disposition;
use crate::time::Timestamp;
use crate::wifi::{self, Outcome, Unit};
use crate::wire::link::Radio;
use crate::wire::{Mac, Reader, ieee80211};

/// A frame to all stations, heard before its group's key was known.
struct Early {
    bssid: Mac,
    bytes: Vec<u8>,
    radio: Radio,
    envelope: Envelope,
}

/// Early frames, in their order: a station that joins is given the key that is in use already.
#[derive(Default)]
pub(super) struct Patient {
    frames: VecDeque<Early>,
    bytes: usize,
}

impl Patient {
    fn push(&mut self, early: Early) {
        self.bytes = self.bytes.saturating_add(early.bytes.len());
        self.frames.push_back(early);
    }

    fn take_oldest(&mut self) -> Option<Early> {
        let early = self.frames.pop_front()?;
        self.bytes = self.bytes.saturating_sub(early.bytes.len());
        Some(early)
    }

    /// The oldest frame, while there are more than may wait.
    fn take_excess(&mut self) -> Option<Early> {
        let is_full = self.frames.len() > limits::WIFI_EARLY_FRAMES || self.bytes > limits::WIFI_EARLY_BYTES;
        is_full.then(|| self.take_oldest()).flatten()
    }

    /// The frames of a network whose key is known now.
    fn call(&mut self, bssid: Mac) -> Vec<Early> {
        let (called, rest): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut self.frames).into_iter().partition(|early| early.bssid == bssid);
        self.frames = rest;
        self.bytes = self.frames.iter().map(|early| early.bytes.len()).sum();
        called.into()
    }
}

fn charge_of(envelope: &Envelope) -> wifi::Charge {
    wifi::Charge { frame: envelope.frame, time: envelope.time, frames: envelope.frames, wire_bytes: envelope.wire_bytes }
}

impl Walker {
    pub(super) fn wifi(&mut self, bytes: &[u8], radio: Radio, envelope: &mut Envelope, emit: &mut Emit<'_>) {
        let charge = charge_of(envelope);
        let mut buffer = std::mem::take(&mut self.buffer);
        let outcome = self.wifi.receive(bytes, radio, charge, &mut buffer);
        self.tell(envelope, emit);
        if let Outcome::Early(bssid) = outcome {
            self.patient.push(Early { bssid, bytes: bytes.to_vec(), radio, envelope: envelope.clone() });
        } else {
            self.heard(outcome, envelope, emit);
        }
        self.buffer = buffer;
        if let Some(bssid) = self.wifi.take_keyed() {
            self.patient.call(bssid).into_iter().for_each(|early| self.late(early, emit));
        }
        while let Some(early) = self.patient.take_excess() {
            self.late(early, emit);
        }
    }

    /// Walks a frame that has waited long enough.
    fn late(&mut self, early: Early, emit: &mut Emit<'_>) {
        let Early { bytes, radio, mut envelope, .. } = early;
        let mut buffer = std::mem::take(&mut self.buffer);
        let outcome = self.wifi.receive_now(&bytes, radio, charge_of(&envelope), &mut buffer);
        self.tell(&envelope, emit);
        self.heard(outcome, &mut envelope, emit);
        self.buffer = buffer;
    }

    /// Walks what still waits, and emits what never became whole.
    pub(super) fn flush_air(&mut self, emit: &mut Emit<'_>) {
        while let Some(early) = self.patient.take_oldest() {
            self.late(early, emit);
        }
        self.wifi.flush();
        self.tell(&Envelope::new(0, Timestamp::default()), emit);
    }

    /// Emits what became of a frame on the air.
    fn heard(&mut self, outcome: Outcome<'_>, envelope: &mut Envelope, emit: &mut Emit<'_>) {
        match outcome {
            Outcome::Held | Outcome::Early(_) => {}
            Outcome::Unit(unit) => self.unit(&unit, envelope, emit),
            Outcome::Other(charge, disposition, word) => emit(Item::Other(&envelope.charged(charge), disposition, Reason::Word(word))),
            Outcome::Management(word, frame, air) => {
                envelope.air = Some(air);
                if let Some(frame) = frame {
                    emit(Item::Management(envelope, frame));
                }
                emit(Item::Other(envelope, Disposition::WifiManagement, Reason::Word(word)));
            }
        }
    }

    fn unit(&mut self, unit: &Unit<'_>, envelope: &Envelope, emit: &mut Emit<'_>) {
        let mut envelope = envelope.charged(unit.charge);
        envelope.source = Some(unit.source);
        envelope.destination = Some(unit.destination);
        envelope.direction = unit.direction.or(envelope.direction);
        envelope.air = Some(unit.air);
        if unit.is_relayed {
            return emit(Item::Other(&envelope, Disposition::Duplicate, Reason::Word("relayed")));
        }
        if unit.is_aggregate { self.aggregate(unit.body, &envelope, emit) } else { self.llc(unit.body, &mut envelope, emit) }
    }

    /// Emits what the air has to tell beside the frame itself.
    fn tell(&mut self, envelope: &Envelope, emit: &mut Emit<'_>) {
        for lost in self.wifi.take_lost() {
            let mut envelope = envelope.charged(lost.charge);
            (envelope.frame, envelope.time) = (lost.charge.frame, lost.charge.time);
            emit(Item::Other(&envelope, Disposition::NonIp, Reason::Word("802.11-fragments-missing")));
        }
        self.wifi.take_rows().into_iter().for_each(|row| emit(Item::Network(Box::new(row))));
        self.wifi.take_notes().into_iter().for_each(|(kind, detail)| emit(Item::Note(envelope, kind, detail)));
    }

    /// An aggregate's units share their frame: each is charged its own bytes, the first also the headers.
    fn aggregate(&mut self, body: &[u8], envelope: &Envelope, emit: &mut Emit<'_>) {
        let mut reader = Reader::new(body);
        let mut units = Vec::new();
        while reader.left() >= 14 && units.len() < limits::AGGREGATE_UNITS {
            let Ok(unit) = ieee80211::unit(&mut reader) else { break };
            units.push(unit);
        }
        if units.is_empty() {
            return emit(Item::Other(envelope, Disposition::Malformed, Reason::Word("a-msdu")));
        }
        let length = |unit: &ieee80211::Unit<'_>| u64::try_from(unit.body.len()).unwrap_or_default();
        let others: u64 = units.iter().skip(1).map(length).sum();
        let mut charges = vec![(envelope.frames, envelope.wire_bytes.saturating_sub(others))];
        let room = envelope.wire_bytes.min(others);
        charges.extend(units.iter().skip(1).map(|unit| (0, length(unit).min(room))));
        for (unit, (frames, wire_bytes)) in units.into_iter().zip(charges) {
            let mut inner = envelope.clone();
            (inner.source, inner.destination) = (Some(unit.source), Some(unit.destination));
            (inner.frames, inner.wire_bytes) = (frames, wire_bytes);
            self.llc(unit.body, &mut inner, emit);
        }
    }
}
