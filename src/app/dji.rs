//! DJI's Wi-Fi link between aircraft and app: datagrams with a header of their own, in them DUML frames and video.
//! It is in clear when a whole DUML frame is found that says so; the link header alone tells nothing of it.

use super::{Appetite, Context, Data, Dialogue, Facts, Protocol, Recognised, Side, Transport};
use crate::limits::DUML_DATAGRAMS;
use crate::record::Encryption;
use crate::wire::{Reader, duml};

/// The link.
pub(crate) const LINK: Protocol = Protocol {
    name: "dji-link",
    transport: Transport::Udp,
    ports: &[9003],
    recognise: |probe| Recognised::from(is_link(probe.bytes)),
    open: |_| Box::new(Link::default()),
};

/// Length with its top bit set, type 0 to 6, and the XOR of the seven bytes before.
fn is_link(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    let (Ok(length), Ok(header)) = (reader.u16_le(), Reader::new(bytes).array::<8>()) else { return false };
    let [.., kind, _] = header;
    usize::from(length & 0x7fff) == bytes.len() && length & 0x8000 != 0 && kind <= 6 && header.iter().fold(0, |sum, byte| sum ^ byte) == 0
}

/// Looks for one frame that tells whether the link is in clear.
#[derive(Default)]
struct Link {
    seen: u32,
    cover: Option<duml::Cover>,
}

impl Dialogue for Link {
    fn data(&mut self, data: Data<'_>, _: &mut Context<'_>) -> Appetite {
        self.cover = duml::find(data.bytes);
        self.seen = self.seen.saturating_add(1);
        if self.cover.is_some() || self.seen >= DUML_DATAGRAMS { Appetite::Done } else { Appetite::More }
    }

    fn gap(&mut self, _: Side, _: u64, _: &mut Context<'_>) -> Appetite {
        Appetite::More
    }

    fn finish(&mut self, _: &mut Context<'_>) {}

    fn facts(&self) -> Facts {
        let is_clear = self.cover == Some(duml::Cover::Clear);
        let encryption = if is_clear { Encryption::None } else { Encryption::Unknown };
        Facts { application: Some(LINK.name), encryption, ..Facts::default() }
    }
}
