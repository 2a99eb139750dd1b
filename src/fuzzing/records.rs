//! Sealed records of TLS 1.3: a script says what each side writes, keys that the dialogue has too seal it, and what comes
//! out must be what went in.
//!
//! The first byte chooses the suite. Records of the script: one byte of flags, two of length, and so many bytes. Flags: 1 the
//! remote sends, else the device; 2 the record is lost; 4 the next keys seal it; 8 a byte of it is damaged; the next two bits are
//! its content: application data, handshake, alert, or bytes that nobody sealed.

use std::sync::Arc;

use crate::app::{Appetite, Context, Data, Dialogue, Facts, FlowInfo, PROTOCOLS, Side, Transport};
use crate::record::Row;
use crate::secrets::Secrets;
use crate::time::Timestamp;
use crate::wire::Reader;
use crate::wire::seal::{Opener, Suite};

use super::script::Subject;
use super::{PIECE_BYTES, laws};

const SUITES: [u16; 5] = [0x1301, 0x1302, 0x1303, 0x1304, 0x1305];
/// Content of a record, by its two bits of the flags.
const CONTENTS: [u8; 4] = [23, 22, 21, 23];
/// Bytes of a record's text at most (RFC 8446 section 5.1).
const TEXT_BYTES: usize = 1 << 14;

/// What a side sends.
#[derive(Clone)]
enum Step {
    Bytes(Side, Vec<u8>),
    Lost(Side, u64),
}

/// Handshake and data keys of one side.
struct Sealer {
    keys: Opener,
    next: Option<Opener>,
    has_sealed: bool,
}

/// What a script amounts to.
struct Script {
    steps: Vec<Step>,
    /// Application data in it.
    bytes: u64,
    /// All of it must be opened.
    is_whole: bool,
}

pub(super) fn records(bytes: &[u8]) {
    let Some((choice, script)) = bytes.split_first() else { return };
    let number = SUITES[usize::from(*choice) % SUITES.len()];
    let Some(suite) = Suite::of(number) else { return };
    let (log, [device, remote]) = keys(suite);
    let mut secrets = Secrets::default();
    secrets.add_block("known", log.as_bytes());
    secrets.add_block("fuzz", bytes);
    let Some(script) = write(script, number, [device, remote]) else { return };
    let secrets = Arc::new(secrets);
    let (rows, told) = run(&script.steps, &secrets, usize::MAX);
    laws::of_a_flow(bytes.len().saturating_add(1_000), &rows, &told);
    let opened: u64 =
        rows.iter().filter_map(|row| if let Row::Tls(row) = row { Some(row.plain_bytes_out? + row.plain_bytes_in?) } else { None }).sum();
    assert!(opened <= script.bytes, "{opened} bytes came out, {} went in", script.bytes);
    if !script.is_whole {
        return;
    }
    assert_eq!(opened, script.bytes, "not all that was sealed was opened");
    let cut = run(&script.steps, &secrets, PIECE_BYTES.max(bytes.len() / 64));
    assert_eq!(format!("{rows:?}"), format!("{:?}", cut.0), "it matters how the stream is cut");
}

/// A key log, and what seals with the same secrets.
fn keys(suite: Suite) -> (String, [Sealer; 2]) {
    let secret = |fill: u8| vec![fill; suite.hash.bytes()];
    let hex = |bytes: &[u8]| crate::wire::hex(bytes);
    let labels = [
        ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", 1),
        ("SERVER_HANDSHAKE_TRAFFIC_SECRET", 2),
        ("CLIENT_TRAFFIC_SECRET_0", 3),
        ("SERVER_TRAFFIC_SECRET_0", 4),
    ];
    let log = labels.iter().map(|(label, fill)| format!("{label} {} {}\n", hex(&[7; 32]), hex(&secret(*fill)))).collect();
    let sealer = |first: u8, second: u8| {
        let keys = |fill| Opener::inner(0x0304, suite, &secret(fill));
        Sealer { keys: keys(first).unwrap_or_else(|| unreachable!("the suite is known")), next: keys(second), has_sealed: false }
    };
    (log, [sealer(1, 3), sealer(2, 4)])
}

/// The hellos, then what the script says.
fn write(script: &[u8], suite: u16, [mut device, mut remote]: [Sealer; 2]) -> Option<Script> {
    let [high, low] = suite.to_be_bytes();
    let client = [&[3, 3][..], &[7; 32], &[0, 0, 2, high, low, 1, 0, 0, 7, 0, 43, 0, 3, 2, 3, 4]].concat();
    let server = [&[3, 3][..], &[8; 32], &[0, high, low, 0, 0, 6, 0, 43, 0, 2, 3, 4]].concat();
    let mut written = Script {
        steps: vec![Step::Bytes(Side::Device, hello(1, &client)), Step::Bytes(Side::Remote, hello(2, &server))],
        bytes: 0,
        is_whole: true,
    };
    let mut reader = Reader::new(script);
    while let (Ok(flags), Ok(length)) = (reader.u8(), reader.u16()) {
        let (side, sealer) = if flags & 1 == 0 { (Side::Device, &mut device) } else { (Side::Remote, &mut remote) };
        let text = reader.take_up_to(usize::from(length).min(TEXT_BYTES));
        if flags & 4 != 0 {
            sealer.turn();
        }
        let content = CONTENTS[usize::from(flags >> 4 & 3)];
        let is_raw = flags >> 4 & 3 == 3;
        let mut record = if is_raw { raw(text) } else { sealer.keys.seal(content, text) };
        sealer.has_sealed |= !is_raw;
        if flags & 8 != 0 {
            let at = text.first().map_or(5, |byte| 5 + usize::from(*byte) % (record.len() - 5).max(1));
            record.get_mut(at).into_iter().for_each(|byte| *byte ^= 0x40);
        }
        written.is_whole &= flags & 10 == 0 && !is_raw;
        if content == 23 && !is_raw {
            written.bytes += u64::try_from(text.len()).ok()?;
        }
        written.steps.push(if flags & 2 == 0 { Step::Bytes(side, record) } else { Step::Lost(side, u64::try_from(record.len()).ok()?) });
    }
    Some(written)
}

impl Sealer {
    /// The next keys; an update needs records before it, as its receiver learns of it by one.
    fn turn(&mut self) {
        if let Some(next) = self.next.take() {
            self.keys = next;
            self.has_sealed = false;
        } else if self.has_sealed
            && let Some(updated) = self.keys.updated()
        {
            self.keys = updated;
            self.has_sealed = false;
        }
    }
}

fn hello(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap_or(u8::MAX);
    [&[22, 3, 3, 0, length.saturating_add(4), kind, 0, 0, length][..], body].concat()
}

fn raw(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [&[23, 3, 3][..], &length.to_be_bytes(), text].concat()
}

fn run(steps: &[Step], secrets: &Arc<Secrets>, piece: usize) -> (Vec<Row>, Facts) {
    let flow = FlowInfo { secrets: Some(Arc::clone(secrets)), ..Subject::protocol(("tls", Transport::Tcp, 443)).flow() };
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    let mut dialogue: Box<dyn Dialogue> = match PROTOCOLS.iter().find(|protocol| protocol.name == "tls") {
        Some(protocol) => (protocol.open)(&flow),
        None => return (Vec::new(), Facts::default()),
    };
    let mut appetite = Appetite::More;
    for (frame, step) in (1..).zip(steps) {
        let time = Timestamp::default();
        match step {
            _ if appetite == Appetite::Done => break,
            Step::Lost(side, length) => appetite = dialogue.gap(*side, *length, &mut context),
            Step::Bytes(side, bytes) => {
                for bytes in bytes.chunks(piece) {
                    appetite = dialogue.data(Data { side: *side, bytes, frame, time, is_cut: false }, &mut context);
                }
            }
        }
    }
    dialogue.finish(&mut context);
    let facts = dialogue.facts();
    (rows, facts)
}
