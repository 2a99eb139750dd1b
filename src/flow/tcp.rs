//! What TCP did: Zeek's `history` and `conn_state`, the handshake's times, the end of the connection.

use crate::packet::TcpSegment;
use crate::record::Initiator;
use crate::time::{Span, Timestamp};

/// Both directions of a connection; the originator's comes first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    ends: [Sent; 2],
    history: String,
    counted: [[u64; 3]; 2],
    syn_at: Option<Timestamp>,
    syn_ack_at: Option<Timestamp>,
    /// The first SYN and the last before the answer, with their timestamps.
    syns: Option<[(Timestamp, Option<u32>); 2]>,
    /// SYN to SYN-ACK.
    pub(crate) rtt: Option<Span>,
    /// The SYN that was answered to its SYN-ACK: never less than the way there and back.
    pub(crate) round_trip: Option<Span>,
    /// SYN-ACK to the ACK after it.
    pub(crate) ack_time: Option<Span>,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Who opened it.
    Originator,
    /// Who answered.
    Responder,
}

impl End {
    const fn index(self) -> usize {
        match self {
            Self::Originator => 0,
            Self::Responder => 1,
        }
    }
}

/// What one end has sent.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    isn: Option<u32>,
    has_syn: bool,
    has_syn_ack: bool,
    has_fin: bool,
    has_rst: bool,
    has_sent: bool,
    /// Letters already in the history.
    letters: u32,
}

/// A segment as the history sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// Who sent it.
    pub(crate) from: End,
    /// All of its payload was seen before.
    pub(crate) is_repeated: bool,
    /// When.
    pub(crate) time: Timestamp,
}

/// Letters that repeat at 1, 10, 100 … occurrences, with their place in `counted`.
const REPEATING: [char; 3] = ['T', 'W', 'G'];

impl Connection {
    /// Notes a segment.
    pub(crate) fn note(&mut self, tcp: &TcpSegment<'_>, seen: Seen) {
        let side = seen.from.index();
        let (flags, has_data) = (tcp.flags, tcp.payload_len > 0);
        self.time_handshake(tcp, seen);
        if flags.syn() && (flags.fin() || flags.rst()) {
            self.letter(side, 'Q');
        } else if flags.syn() {
            self.letter(side, if flags.ack() { 'H' } else { 'S' });
        }
        if flags.fin() && flags.rst() {
            self.letter(side, 'I');
        }
        if has_data && seen.is_repeated {
            self.repeating(side, 0);
        } else if has_data {
            self.letter(side, 'D');
        } else if flags.ack() && !flags.syn() && !flags.fin() && !flags.rst() {
            self.letter(side, 'A');
        }
        if tcp.window == 0 && !flags.rst() && !flags.syn() {
            self.repeating(side, 1);
        }
        if flags.fin() {
            self.letter(side, 'F');
        }
        if flags.rst() {
            self.letter(side, 'R');
        }
        if let Some(end) = self.ends.get_mut(side) {
            end.note(tcp);
        }
    }

    /// Notes a hole in what one end sent.
    pub(crate) fn note_gap(&mut self, from: End) {
        self.repeating(from.index(), 2);
    }

    fn time_handshake(&mut self, tcp: &TcpSegment<'_>, seen: Seen) {
        let (syn, ack) = (tcp.flags.syn(), tcp.flags.ack());
        match (seen.from == End::Originator, syn, ack) {
            // Of a repeated SYN the last one before the answer counts (Karn: the answer may be to either).
            (true, true, false) if self.syn_ack_at.is_none() => {
                self.syn_at = Some(seen.time);
                let syn = (seen.time, tcp.timestamps.map(|(own, _)| own));
                self.syns = Some(self.syns.map_or([syn; 2], |[first, _]| [first, syn]));
            }
            (false, true, true) if self.syn_ack_at.is_none() => {
                self.syn_ack_at = Some(seen.time);
                self.rtt = self.syn_at.map(|syn| seen.time.since(syn));
                self.round_trip = self.answered(tcp).map(|syn| seen.time.since(syn));
            }
            (true, false, true) if self.ack_time.is_none() => {
                self.ack_time = self.syn_ack_at.map(|answered| seen.time.since(answered));
            }
            _ => {}
        }
    }

    /// When the SYN was sent that this answers: the one whose timestamp it echoes. Where it echoes none, the first: the
    /// last may have been sent while the answer was on its way, and make that look shorter than light allows.
    fn answered(&self, answer: &TcpSegment<'_>) -> Option<Timestamp> {
        let [first, last] = self.syns?;
        match (first.1, answer.timestamps) {
            (Some(_), Some((_, echo))) => [last, first].into_iter().find(|syn| syn.1 == Some(echo)).map(|syn| syn.0),
            _ => Some(first.0),
        }
    }

    fn letter(&mut self, side: usize, letter: char) {
        let Some(end) = self.ends.get_mut(side) else { return };
        let bit = 1 << (u32::from(letter).saturating_sub(u32::from('A')));
        if end.letters & bit == 0 {
            end.letters |= bit;
            self.push(side, letter);
        }
    }

    fn repeating(&mut self, side: usize, which: usize) {
        let Some(count) = self.counted.get_mut(side).and_then(|counts| counts.get_mut(which)) else { return };
        *count += 1;
        let is_power_of_ten = 10_u64.checked_pow(count.ilog10()) == Some(*count);
        if let (true, Some(letter)) = (is_power_of_ten, REPEATING.get(which)) {
            self.push(side, *letter);
        }
    }

    fn push(&mut self, side: usize, letter: char) {
        self.history.push(if side == 0 { letter } else { letter.to_ascii_lowercase() });
    }

    /// The letters so far.
    pub(crate) fn history(&self) -> &str {
        &self.history
    }

    /// The opening was seen.
    pub(crate) const fn has_opening(&self) -> bool {
        let [originator, responder] = &self.ends;
        originator.has_syn || responder.has_syn_ack
    }

    /// A SYN that opens another connection between the same endpoints.
    pub(crate) fn is_reopened_by(&self, tcp: &TcpSegment<'_>, from: End) -> bool {
        let [originator, responder] = &self.ends;
        let (own, other) = if from == End::Originator { (originator, responder) } else { (responder, originator) };
        if !tcp.flags.syn() || tcp.flags.ack() {
            return false;
        }
        match own.isn {
            Some(isn) => isn != tcp.sequence,
            // A simultaneous open (RFC 9293 section 3.5) answers a SYN that is not answered yet.
            None => own.has_sent || other.has_sent && !(other.has_syn && !other.has_fin && !other.has_rst),
        }
    }

    /// What closed it: both FINs, or a reset.
    pub(crate) const fn closed_by(&self) -> Option<&'static str> {
        let [originator, responder] = &self.ends;
        if originator.has_rst || responder.has_rst {
            Some("rst")
        } else if originator.has_fin && responder.has_fin {
            Some("fin")
        } else {
            None
        }
    }

    /// Zeek's word for what became of the connection; `initiator` unknown makes it `OTH` unless a handshake was seen.
    pub(crate) const fn state(&self, initiator: Initiator) -> &'static str {
        let [originator, responder] = &self.ends;
        if matches!(initiator, Initiator::Unknown) {
            return "OTH";
        }
        if !originator.has_syn {
            return match (responder.has_syn_ack, responder.has_rst, responder.has_fin) {
                (true, true, _) => "RSTRH",
                (true, false, true) => "SHR",
                _ => "OTH",
            };
        }
        if !responder.has_syn_ack {
            return match (responder.has_rst, originator.has_rst, originator.has_fin) {
                (true, ..) => "REJ",
                (_, true, _) => "RSTOS0",
                (_, _, true) => "SH",
                _ if responder.has_sent => "OTH",
                _ => "S0",
            };
        }
        match (originator.has_rst, responder.has_rst, originator.has_fin, responder.has_fin) {
            (true, ..) => "RSTO",
            (_, true, ..) => "RSTR",
            (_, _, true, true) => "SF",
            (_, _, true, false) => "S2",
            (_, _, false, true) => "S3",
            _ => "S1",
        }
    }
}

impl Sent {
    const fn note(&mut self, tcp: &TcpSegment<'_>) {
        let flags = tcp.flags;
        self.has_sent = true;
        if flags.syn() {
            self.isn = Some(tcp.sequence);
            self.has_syn |= !flags.ack();
            self.has_syn_ack |= flags.ack();
        }
        self.has_fin |= flags.fin();
        self.has_rst |= flags.rst();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::TcpFlags;

    const FIN: u8 = 1;
    const SYN: u8 = 2;
    const RST: u8 = 4;
    const ACK: u8 = 16;

    /// History and state after `(from originator, flags, payload length)`.
    fn told(segments: &[(bool, u8, usize)]) -> (String, &'static str) {
        let mut connection = Connection::default();
        for (index, (from_originator, flags, payload_len)) in segments.iter().enumerate() {
            let tcp = TcpSegment {
                ports: (1, 2),
                sequence: 0,
                flags: TcpFlags(*flags),
                window: 9,
                timestamps: None,
                payload: &[],
                payload_len: *payload_len,
            };
            let time = Timestamp::from_parts(i64::try_from(index).unwrap(), 0);
            connection.note(&tcp, Seen { from: if *from_originator { End::Originator } else { End::Responder }, is_repeated: false, time });
        }
        (connection.history().to_owned(), connection.state(Initiator::Device))
    }

    #[test]
    fn says_what_zeek_says() {
        let whole = [
            (true, SYN, 0),
            (false, SYN | ACK, 0),
            (true, ACK, 0),
            (true, ACK, 5),
            (false, ACK, 9),
            (true, FIN | ACK, 0),
            (false, FIN | ACK, 0),
        ];
        assert_eq!(told(&whole), ("ShADdFf".to_owned(), "SF"));
        assert_eq!(told(&whole[..5]).1, "S1");
        assert_eq!(told(&whole[..1]), ("S".to_owned(), "S0"));
        assert_eq!(told(&[(true, SYN, 0), (false, RST | ACK, 0)]), ("Sr".to_owned(), "REJ"));
        assert_eq!(told(&[(true, ACK, 5), (false, ACK, 0)]), ("Da".to_owned(), "OTH"));
    }

    /// Milliseconds that a handshake took, by SYNs at these milliseconds with these timestamps, and the echo at 1,200.
    fn round_trip(syns: &[(i64, Option<u32>)], echo: Option<u32>) -> Option<f64> {
        let mut connection = Connection::default();
        let mut note = |from, flags, millis: i64, timestamps| {
            let tcp =
                TcpSegment { ports: (1, 2), sequence: 0, flags: TcpFlags(flags), window: 9, timestamps, payload: &[], payload_len: 0 };
            connection.note(&tcp, Seen { from, is_repeated: false, time: Timestamp::from_nanos(millis * 1_000_000) });
        };
        syns.iter().for_each(|(millis, own)| note(End::Originator, SYN, *millis, own.map(|own| (own, 0))));
        note(End::Responder, SYN | ACK, 1_200, echo.map(|echo| (9, echo)));
        connection.round_trip.map(Span::millis)
    }

    #[test]
    fn an_answer_to_one_of_several_syns_is_never_shorter_than_the_way() {
        assert_eq!(round_trip(&[(0, None)], None), Some(1_200.0));
        // The answer to the first SYN came after the second was sent.
        assert_eq!(round_trip(&[(0, None), (1_000, None)], None), Some(1_200.0));
        assert_eq!(round_trip(&[(0, Some(5)), (1_000, Some(6))], Some(5)), Some(1_200.0));
        assert_eq!(round_trip(&[(0, Some(5)), (1_000, Some(6))], Some(6)), Some(200.0));
        // It answers a SYN that was not captured.
        assert_eq!(round_trip(&[(1_000, Some(6))], Some(5)), None);
        // A side without timestamps.
        assert_eq!(round_trip(&[(0, Some(5)), (1_000, Some(6))], None), Some(1_200.0));
        assert_eq!(round_trip(&[], None), None);
    }
}
