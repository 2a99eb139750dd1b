//! NTP (RFC 5905): each answer of a server is a row that says how far the clocks of capture and device are from its own.

use std::collections::VecDeque;

use super::{Appetite, Context, Data, Dialogue, Facts, Probe, Protocol, Recognised, Side, Transport};
use crate::limits;
use crate::record::{Encryption, Ntp as Answer, Row};
use crate::time::{Span, Timestamp};
use crate::wire::ntp::{CLIENT, Ntp, SERVER, time};

pub(crate) const PROTOCOL: Protocol =
    Protocol { name: "ntp", transport: Transport::Udp, ports: &[123], recognise, open: |_| Box::<Clock>::default() };

/// Version 1 to 4 with a mode (RFC 5905 section 7.3); control messages of mode 6 and 7 are shorter.
fn recognise(probe: Probe<'_>) -> Recognised {
    let Some(first) = probe.bytes.first() else { return Recognised::No };
    let (version, mode) = (first >> 3 & 7, first & 7);
    let is_long_enough = match mode {
        1..=5 => probe.bytes.len() >= 48 && probe.bytes.len().is_multiple_of(4),
        6 | 7 => probe.bytes.len() >= 8,
        _ => false,
    };
    Recognised::from(probe.flow.has_port(123) && (1..=4).contains(&version) && is_long_enough)
}

/// The questions that may still be answered: what they had as `transmit`, and when they were seen.
#[derive(Default)]
struct Clock {
    asked: VecDeque<(u64, Timestamp)>,
}

impl Dialogue for Clock {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        let Ok(message) = Ntp::parse(data.bytes) else { return Appetite::More };
        match message.mode {
            CLIENT => {
                if self.asked.len() >= limits::NTP_WAITING {
                    self.asked.pop_front();
                }
                self.asked.push_back((message.transmit, data.time));
            }
            SERVER => {
                let asked =
                    self.asked.iter().position(|(transmit, _)| *transmit == message.origin).and_then(|place| self.asked.remove(place));
                let row = answer(&message, asked.map(|(_, time)| time), data, context);
                context.rows.push(Row::Ntp(Box::new(row)));
            }
            _ => {}
        }
        Appetite::More
    }

    fn gap(&mut self, _: Side, _: u64, _: &mut Context<'_>) -> Appetite {
        Appetite::More
    }

    fn finish(&mut self, _: &mut Context<'_>) {}

    fn facts(&self) -> Facts {
        Facts { application: Some(PROTOCOL.name), encryption: Encryption::None, ..Facts::default() }
    }
}

/// The offset of RFC 5905 section 8, with the capture's times in place of the client's: where the capture point stands
/// between the two does not matter, since half of what the way takes is the uncertainty.
fn answer(message: &Ntp, asked: Option<Timestamp>, data: Data<'_>, context: &Context<'_>) -> Answer {
    /// A client whose time is farther off than this has put something else there.
    const PLAUSIBLE: i64 = 86_400 * 1_000_000_000;
    let (receive, transmit) = (time(message.receive), time(message.transmit));
    let knows = (1..16).contains(&message.stratum);
    let measured = asked.zip(receive.zip(transmit)).filter(|_| knows).map(|(asked, (receive, transmit))| {
        let (there, back) = (asked.since(receive).nanos(), data.time.since(transmit).nanos());
        let way = data.time.since(asked).nanos().saturating_sub(transmit.since(receive).nanos());
        (Span::from_nanos(there / 2 + back / 2), Span::from_nanos(way.max(0) / 2))
    });
    let device = asked.zip(time(message.origin)).map(|(asked, device)| asked.since(device));
    Answer {
        origin: context.flow.origin(data.frame, data.time),
        version: message.version,
        stratum: message.stratum,
        asked,
        receive,
        transmit,
        offset: measured.map(|(offset, _)| offset),
        uncertainty: measured.map(|(_, uncertainty)| uncertainty),
        device_offset: device.filter(|offset| offset.nanos().abs() <= PLAUSIBLE),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::flow_with_ports;
    use super::*;

    fn message(mode: u8, times: [u64; 3]) -> Vec<u8> {
        let mut bytes = vec![0x20 | mode, 2, 6, 0xe7];
        bytes.extend([0; 20]);
        times.iter().for_each(|time| bytes.extend(time.to_be_bytes()));
        bytes
    }

    /// Seconds since 1970 with a fraction in quarters.
    fn stamp(seconds: u64, quarters: u64) -> u64 {
        (seconds + 2_208_988_800) << 32 | quarters << 30
    }

    fn answers(steps: &[(Side, i64, Vec<u8>)]) -> Vec<Answer> {
        let flow = flow_with_ports(Transport::Udp, 40_000, 123);
        let (mut clock, mut rows) = (Clock::default(), Vec::new());
        for (number, (side, millis, bytes)) in (1..).zip(steps) {
            let time = Timestamp::from_nanos(millis * 1_000_000);
            let data = Data { side: *side, bytes, frame: number, time, is_cut: false };
            clock.data(data, &mut Context { flow: &flow, rows: &mut rows });
        }
        rows.into_iter().filter_map(|row| if let Row::Ntp(row) = row { Some(*row) } else { None }).collect()
    }

    #[test]
    fn the_capture_s_clock_is_measured_against_the_server_s() {
        // The capture is two seconds ahead of the server, the device half a second behind it; half a second each way.
        let asked = message(CLIENT, [0, 0, stamp(1_000_000_000, 0)]);
        let answer = message(SERVER, [stamp(1_000_000_000, 0), stamp(1_000_000_001, 0), stamp(1_000_000_001, 1)]);
        let found = answers(&[(Side::Device, 1_000_000_002_500, asked), (Side::Remote, 1_000_000_003_750, answer.clone())]);
        let [row] = &found[..] else { panic!("{found:?}") };
        let millis = |span: Option<Span>| span.map(Span::millis);
        assert_eq!((millis(row.offset), millis(row.uncertainty), millis(row.device_offset)), (Some(2_000.0), Some(500.0), Some(2_500.0)));
        let alone = answers(&[(Side::Remote, 1_000_000_003_750, answer)]);
        assert_eq!((alone[0].offset, alone[0].asked), (None, None), "nobody saw the question");
    }

    #[test]
    fn a_server_without_the_time_and_a_client_that_hides_its_own_tell_nothing() {
        let asked = message(CLIENT, [0, 0, 0x1234_5678_9abc_def0]);
        let mut answer = message(SERVER, [0x1234_5678_9abc_def0, stamp(1_000_000_001, 0), stamp(1_000_000_001, 0)]);
        answer[1] = 16;
        let found = answers(&[(Side::Device, 1_000_000_000_000, asked), (Side::Remote, 1_000_000_000_100, answer)]);
        assert_eq!((found[0].offset, found[0].device_offset), (None, None));
    }
}
