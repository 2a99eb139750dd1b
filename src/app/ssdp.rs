//! SSDP: HTTP heads in datagrams (UPnP Device Architecture 2.0 section 1). Every datagram is a row.

use crate::record::{Encryption, Row};
use crate::wire::escape;
use crate::wire::http::{Family, Head, Start, Target, repair};

use super::exchange::empty_row;
use super::http::lower;
use super::{Appetite, Context, Data, Dialogue, Facts, Probe, Protocol, Recognised, Side, Transport};

pub(crate) const PROTOCOL: Protocol =
    Protocol { name: "ssdp", transport: Transport::Udp, ports: &[1900], recognise, open: |_| Box::new(Ssdp) };

const STARTS: [&[u8]; 3] = [b"M-SEARCH * HTTP/1.", b"NOTIFY * HTTP/1.", b"HTTP/1."];

fn recognise(probe: Probe<'_>) -> Recognised {
    let has_start = STARTS.iter().any(|start| probe.bytes.starts_with(start));
    let line = probe.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if has_start && Family::Http.is_start_line(line) { Recognised::Yes } else { Recognised::No }
}

/// Datagrams are independent of each other: there is nothing to keep.
struct Ssdp;

impl Dialogue for Ssdp {
    fn data(&mut self, data: Data<'_>, context: &mut Context<'_>) -> Appetite {
        let repaired = repair(data.bytes, Family::Http);
        let Some(head) = Head::parse(&repaired) else { return Appetite::More };
        let client = if matches!(head.start, Start::Request { .. }) { data.side } else { data.side.other() };
        let mut row = empty_row(client, format!("HTTP/1.{}", head.minor), (data.frame, data.time), context.flow);
        match head.start {
            Start::Request { method, target } => {
                row.method = Some(escape(method.as_bytes()));
                row.host = head.field("host").map(|host| escape(lower(&String::from_utf8_lossy(host)).as_bytes()));
                row.path = Target::parse(method, target).path.map(|path| escape(path.as_bytes()));
                row.user_agent = head.field("user-agent").map(escape);
            }
            Start::Response { status } => {
                row.status = Some(status);
                row.response_frame = Some(data.frame);
            }
        }
        row.is_complete = !data.is_cut;
        context.rows.push(Row::Http(Box::new(row)));
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
