//! Laws of HTTP/2, of the streams of HTTP/3 and of bodies: however the bytes are cut, the rows are the same, escaped,
//! and in proportion.

use std::net::IpAddr;

use crate::app::body::{Body, Declared, Ending};
use crate::app::content::About;
use crate::app::http3::Http3;
use crate::app::{Content, Context, Data, Facts, FlowInfo, Side, StreamEnd, Transport};
use crate::limits::{BODY_FREE_BYTES, BODY_RATIO};
use crate::record::Row;
use crate::time::Timestamp;
use crate::wire::{Reader, hpack};

use super::script::Subject;
use super::{PIECE_BYTES, laws, script};

/// Content-Encoding fields that the first byte chooses from.
const CODINGS: [&str; 8] = ["", "gzip", "deflate", "br", "zstd", "gzip, br", "zstd, deflate", "gzip, gzip, gzip, gzip, gzip"];
/// Content-Type fields.
const TYPES: [&str; 4] = ["", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/json"];

/// A connection from its start or from the middle, or heads alone: the first byte chooses.
pub(super) fn http2(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    match choice % 3 {
        0 => script::follow(&Subject::protocol(("http2", Transport::Tcp, 80)), rest),
        1 => script::follow(&Subject::protocol((script::LATE_HTTP2, Transport::Tcp, 443)), rest),
        _ => heads(rest),
    }
}

/// Blocks of fields: two bytes of length, and that many bytes.
fn heads(bytes: &[u8]) {
    let mut decoder = hpack::Decoder::new();
    let mut reader = Reader::new(bytes);
    while let Ok(length) = reader.u16() {
        let block = reader.take_up_to(length.into());
        if let Ok(section) = decoder.decode(block) {
            assert!(section.fields.len() <= block.len(), "{} fields in {} bytes", section.fields.len(), block.len());
        }
    }
}

/// Pieces of streams: a byte of flags (1 the remote sends, 2 bytes are missing, 4 the last), the stream, two bytes of
/// length, and that many bytes.
pub(super) fn http3(bytes: &[u8]) {
    let whole = read_streams(bytes, usize::MAX);
    laws::of_a_flow(bytes.len(), &whole.0, &whole.1);
    assert_eq!(format!("{:?}", read_streams(bytes, PIECE_BYTES)), format!("{whole:?}"), "it matters how the streams are cut");
}

fn read_streams(bytes: &[u8], piece: usize) -> (Vec<Row>, Facts) {
    let flow = flow(Transport::Udp);
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    let mut http3 = Http3::new(Side::Device);
    let mut reader = Reader::new(bytes);
    let mut frame = 0;
    while let (Ok(flags), Ok(id), Ok(length)) = (reader.u8(), reader.u8(), reader.u16()) {
        frame += 1;
        let time = Timestamp::from_parts(i64::try_from(frame).unwrap_or(i64::MAX), 0);
        let side = if flags & 1 == 0 { Side::Device } else { Side::Remote };
        let data = Data { side, bytes: &[], frame, time, is_cut: false };
        if flags & 2 != 0 {
            http3.missing((id.into(), side), length.into(), &mut context);
            continue;
        }
        for bytes in reader.take_up_to(length.into()).chunks(piece) {
            http3.stream(id.into(), Data { bytes, ..data }, StreamEnd::Open, &mut context);
        }
        let end = if flags & 4 == 0 { StreamEnd::Open } else { StreamEnd::Final };
        http3.stream(id.into(), data, end, &mut context);
    }
    http3.end(&mut context);
    let facts = http3.known();
    (rows, facts)
}

/// How the body goes on where it stops: `None` with a hole.
const THEN: [Option<Ending>; 3] = [Some(Ending::Whole), Some(Ending::Cut), None];

/// A body as it was sent; the first byte chooses how it says that it is coded, what it says that it is, and what becomes
/// of it.
pub(super) fn body(bytes: &[u8]) {
    let Some((choice, sent)) = bytes.split_first() else { return };
    let coding = CODINGS.get(usize::from(choice % 8)).unwrap_or(&"");
    let media_type = TYPES.get(usize::from(choice / 8 % 4)).unwrap_or(&"");
    let field = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
    let declared = Declared { coding: field(coding), media_type: field(media_type) };
    let then = THEN.get(usize::from(choice / 32 % 3)).copied().unwrap_or_default();
    let whole = read_body(&declared, sent, usize::MAX, then);
    laws::of_a_flow(bytes.len(), &whole.0, &Facts::default());
    assert_eq!(read_body(&declared, sent, PIECE_BYTES, then).1, whole.1, "it matters how the body is cut");
}

fn read_body(declared: &Declared, sent: &[u8], piece: usize, then: Option<Ending>) -> (Vec<Row>, String) {
    let flow = flow(Transport::Tcp);
    let about = About {
        origin: flow.origin(1, Timestamp::default()),
        stream: None,
        from_device: true,
        host: None,
        path: None,
        declared: None,
        part: None,
    };
    let mut rows = Vec::new();
    let mut body = Body::new(about, declared, &flow.content);
    sent.chunks(piece).for_each(|bytes| body.data(bytes, (1, Timestamp::default())));
    if then.is_none() {
        body.missing();
    }
    let found = body.end(then.unwrap_or(Ending::Whole), &mut Context { flow: &flow, rows: &mut rows });
    let most = (sent.len() as u64).saturating_mul(BODY_RATIO).saturating_add(BODY_FREE_BYTES);
    assert!(found.decoded_bytes.is_none_or(|bytes| bytes <= most), "{:?} bytes out of {}", found.decoded_bytes, sent.len());
    let told = format!("{found:?} {rows:?}");
    (rows, told)
}

fn flow(transport: Transport) -> FlowInfo {
    FlowInfo {
        capture: "fuzz".into(),
        flow_id: 1,
        transport,
        device: (IpAddr::from([192, 0, 2, 1]), 50_000),
        remote: (IpAddr::from([198, 51, 100, 1]), 443),
        device_mac: None,
        secrets: None,
        content: Content::default(),
        earlier: Vec::new(),
    }
}
