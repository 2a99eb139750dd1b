//! Frames of an interface as they come, through libpcap: batches out, with the kernel's own count of what was lost.
//!
//! A batch owns its bytes, so that one thread can read while another looks at what was read before. Nothing is
//! thrown away here: who cannot keep up stops reading, the kernel's buffer fills, and the kernel counts what it drops.

use pcap::{Active, BreakLoop, Capture, Inactive, Precision};

use crate::error::{Error, Kind};
use crate::limits;
use crate::time::Timestamp;
use crate::wire::LinkType;

/// What to capture, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Interface, by name.
    pub(crate) interface: String,
    /// Bytes kept of each frame.
    pub(crate) snaplen: u32,
    /// Bytes of the kernel's buffer.
    pub(crate) buffer: u32,
    /// Filter in libpcap's language, applied by the kernel.
    pub(crate) filter: Option<String>,
    /// Frames for other stations too.
    pub(crate) is_promiscuous: bool,
    /// Each frame at once rather than in blocks.
    pub(crate) is_immediate: bool,
    /// Everything on the air rather than one network.
    pub(crate) is_monitor: bool,
}

/// What the system says it received and lost since the interface was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statistics {
    /// Frames that passed the filter, those dropped by the kernel included.
    pub(crate) received: u64,
    /// Of these, dropped for want of buffer.
    pub(crate) dropped: u64,
    /// Frames that the interface or its driver dropped.
    pub(crate) dropped_by_interface: u64,
}

impl Statistics {
    /// All that was lost.
    pub(crate) const fn lost(self) -> u64 {
        self.dropped.saturating_add(self.dropped_by_interface)
    }

    /// What happened since `earlier`.
    pub(crate) const fn since(self, earlier: Self) -> Self {
        Self {
            received: self.received.saturating_sub(earlier.received),
            dropped: self.dropped.saturating_sub(earlier.dropped),
            dropped_by_interface: self.dropped_by_interface.saturating_sub(earlier.dropped_by_interface),
        }
    }
}

/// One frame of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caught<'a> {
    /// When the kernel saw it.
    pub(crate) time: Timestamp,
    /// Its bytes on the wire or air.
    pub(crate) wire_len: u32,
    /// The bytes captured.
    pub(crate) bytes: &'a [u8],
}

/// Frames read at one go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    heads: Vec<Head>,
    /// What the system had counted once these frames were read.
    pub(crate) statistics: Statistics,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    time: Timestamp,
    wire_len: u32,
    end: usize,
}

impl Batch {
    /// No frames yet, and a count.
    pub(crate) fn of(statistics: Statistics) -> Self {
        Self { statistics, ..Self::default() }
    }

    /// Adds a frame.
    pub(crate) fn push(&mut self, frame: Caught<'_>) {
        self.bytes.extend_from_slice(frame.bytes);
        self.heads.push(Head { time: frame.time, wire_len: frame.wire_len, end: self.bytes.len() });
    }

    /// The frames, in the order in which they came.
    pub(crate) fn frames(&self) -> impl Iterator<Item = Caught<'_>> {
        let starts = std::iter::once(0).chain(self.heads.iter().map(|head| head.end));
        self.heads.iter().zip(starts).map(|(head, start)| Caught {
            time: head.time,
            wire_len: head.wire_len,
            bytes: self.bytes.get(start..head.end).unwrap_or_default(),
        })
    }

    /// Number of frames.
    pub(crate) const fn len(&self) -> usize {
        self.heads.len()
    }

    /// Bytes of memory it holds.
    pub(crate) const fn held(&self) -> usize {
        self.bytes.capacity() + self.heads.capacity() * size_of::<Head>()
    }
}

/// An interface being captured on.
pub(crate) struct Live {
    capture: Capture<Active>,
    link: LinkType,
    raw: [u32; 3],
    total: Statistics,
}

/// Makes a read that waits for frames return.
pub(crate) struct Breaker(BreakLoop);

impl Breaker {
    pub(crate) fn stop(&self) {
        self.0.breakloop();
    }
}

impl Live {
    /// Opens an interface; from here on the kernel collects.
    ///
    /// # Errors
    /// When the interface does not exist or cannot do what is asked, the filter is wrong, or the user may not.
    pub(crate) fn open(settings: &Settings) -> Result<Self, Error> {
        let opened = if settings.is_monitor { prepared(settings).and_then(|it| it.rfmon(true).open()) } else { activated(settings) };
        let mut capture = match opened {
            Ok(capture) => capture,
            // An interface that is in monitor mode already has no mode to change.
            Err(refused) if settings.is_monitor => match activated(settings) {
                Ok(capture) if link(&capture).is_monitor() => capture,
                _ => return Err(no_monitor(settings, &refused)),
            },
            Err(error) => return Err(not_opened(settings, &error)),
        };
        if let Some(filter) = &settings.filter {
            let refused = |error| Kind::Usage(format!("cannot use the filter {filter:?} on {}: {error}", settings.interface));
            capture.filter(filter, true).map_err(refused)?;
        }
        let link = link(&capture);
        Ok(Self { capture, link, raw: [0; 3], total: Statistics::default() })
    }

    /// Link type of what comes.
    pub(crate) const fn link(&self) -> LinkType {
        self.link
    }

    /// What lets another thread end a wait.
    pub(crate) fn breaker(&mut self) -> Breaker {
        Breaker(self.capture.breakloop_handle())
    }

    /// Waits for frames and takes those that are there, up to `at_most` and a batch.
    ///
    /// # Errors
    /// When the interface went away or down, or the wait was broken off.
    pub(crate) fn read(&mut self, batch: &mut Batch, at_most: u64) -> Result<usize, Error> {
        let count = usize::try_from(at_most).unwrap_or(usize::MAX).min(limits::BATCH_FRAMES);
        let take = |packet: pcap::Packet<'_>| batch.push(caught(&packet));
        let read = self.capture.dispatch(Some(count), take);
        Ok(read.map_err(|error| Kind::Usage(format!("cannot capture any longer: {error}")))?)
    }

    /// No read waits any more.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn without_waiting(self) -> Result<Self, Error> {
        let refused = |error| Kind::Usage(format!("cannot read what the kernel still holds: {error}"));
        Ok(Self { capture: self.capture.setnonblock().map_err(refused)?, ..self })
    }

    /// What the system has counted so far.
    ///
    /// # Errors
    /// When it does not say.
    pub(crate) fn statistics(&mut self) -> Result<Statistics, Error> {
        let refused = |error| Kind::Usage(format!("cannot read the interface's statistics: {error}"));
        let stat = self.capture.stats().map_err(refused)?;
        // libpcap counts in 32 bits, which a busy interface fills within hours.
        let now = [stat.received, stat.dropped, stat.if_dropped];
        let more = |at: usize| now.get(at).zip(self.raw.get(at)).map_or(0, |(now, before)| u64::from(now.wrapping_sub(*before)));
        self.total.received += more(0);
        self.total.dropped += more(1);
        self.total.dropped_by_interface += more(2);
        self.raw = now;
        Ok(self.total)
    }
}

fn prepared(settings: &Settings) -> Result<Capture<Inactive>, pcap::Error> {
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    Ok(Capture::from_device(settings.interface.as_str())?
        .snaplen(number(settings.snaplen))
        .buffer_size(number(settings.buffer))
        .promisc(settings.is_promiscuous)
        .immediate_mode(settings.is_immediate)
        .timeout(limits::BATCH_MILLIS)
        .precision(Precision::Nano))
}

fn activated(settings: &Settings) -> Result<Capture<Active>, pcap::Error> {
    prepared(settings)?.open()
}

/// The capture's link type as files number it: libpcap's own numbers differ where systems did.
fn link(capture: &Capture<Active>) -> LinkType {
    LinkType(match capture.get_datalink().0 {
        11 => 100,
        12 => LinkType::RAW.0,
        15 => 102,
        16 => 103,
        19 => 106,
        other => u16::try_from(other).unwrap_or(u16::MAX),
    })
}

fn caught<'a>(packet: &pcap::Packet<'a>) -> Caught<'a> {
    let (seconds, nanos) = (packet.header.ts.tv_sec, packet.header.ts.tv_usec);
    let kept = packet.data.get(..limits::FRAME_BYTES).unwrap_or(packet.data);
    Caught { time: Timestamp::from_parts(seconds, nanos), wire_len: packet.header.len, bytes: kept }
}

fn not_opened(settings: &Settings, error: &pcap::Error) -> Error {
    let name = &settings.interface;
    let said = error.to_string();
    let hint = if said.contains("ermi") {
        "; run as root, or give the program the right to: setcap cap_net_raw,cap_net_admin=eip"
    } else if said.contains("No such device") {
        "; whereto interfaces lists those there are"
    } else {
        ""
    };
    Kind::Usage(format!("cannot capture on {name}: {said}{hint}")).into()
}

fn no_monitor(settings: &Settings, error: &pcap::Error) -> Error {
    let name = &settings.interface;
    Kind::Usage(format!(
        "cannot put {name} into monitor mode: {error}; where the driver can, this makes an interface that is: \
         iw dev {name} interface add {name}mon type monitor && ip link set {name}mon up"
    ))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_back_its_frames() {
        let mut batch = Batch::default();
        let frames = [(1, 60, vec![1, 2, 3]), (2, 0, vec![]), (3, 9_000, vec![4; 300])];
        for (time, wire_len, bytes) in &frames {
            batch.push(Caught { time: Timestamp::from_nanos(*time), wire_len: *wire_len, bytes });
        }
        let back: Vec<_> = batch.frames().map(|frame| (frame.time.nanos(), frame.wire_len, frame.bytes.to_vec())).collect();
        assert_eq!(back, frames);
        assert_eq!(batch.len(), 3);
        assert!(batch.held() >= 303);
    }

    #[test]
    fn an_interface_that_is_not_there_is_named() {
        let settings = Settings {
            interface: "nosuch0".to_owned(),
            snaplen: 65_535,
            buffer: 1 << 20,
            filter: None,
            is_promiscuous: false,
            is_immediate: false,
            is_monitor: true,
        };
        let refused = Live::open(&settings).err().unwrap();
        assert!(refused.is_usage() && refused.to_string().contains("nosuch0"), "{refused}");
        assert!(refused.to_string().contains("monitor"), "{refused}");
        let refused = Live::open(&Settings { is_monitor: false, ..settings }).err().unwrap();
        assert!(refused.to_string().contains("cannot capture on nosuch0"), "{refused}");
    }

    #[test]
    fn statistics_tell_what_a_file_lost() {
        let counted = |received, dropped, dropped_by_interface| Statistics { received, dropped, dropped_by_interface };
        assert_eq!(counted(10, 3, 1).since(counted(4, 1, 0)), counted(6, 2, 1));
        assert_eq!(counted(10, 3, 1).lost(), 4);
    }
}
