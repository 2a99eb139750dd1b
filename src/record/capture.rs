//! Table `captures`: one row per input, with what it is and what it was analysed with.

use std::sync::Arc;

use super::{Column, Get, Record, text, texts};
use crate::limits;
use crate::time::Timestamp;

/// One input file or stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Path as given.
    pub path: Arc<str>,
    /// SHA-256 of the bytes as they lie on disk.
    pub sha256: String,
    /// Their number.
    pub file_bytes: u64,
    /// Container: pcap, pcapng, with the compression before it.
    pub container: String,
    /// Link types, as `LINKTYPE_NAME`.
    pub link_types: Vec<String>,
    /// Interfaces, as `number:name`.
    pub interfaces: Vec<String>,
    /// Frames.
    pub frames: u64,
    /// Their bytes on the wire or air.
    pub wire_bytes: u64,
    /// Their bytes in the file.
    pub captured_bytes: u64,
    /// Earliest frame time.
    pub first: Option<Timestamp>,
    /// Latest frame time.
    pub last: Option<Timestamp>,
    /// Frames earlier than the one before them by more than the limit.
    pub clock_jumps: u64,
    /// Seconds in which frames were captured.
    pub presence: Presence,
    /// Frames the capturing system reports as dropped.
    pub drops_reported: Option<u64>,
    /// Largest snapshot length of the interfaces.
    pub snaplen: Option<u64>,
    /// Frames cut by it.
    pub cut_frames: u64,
    /// Damage ended the reading early.
    pub is_truncated: bool,
    /// Decryption secrets found inside.
    pub keys_found: u64,
    /// pcapng blocks passed over, as `type:count`.
    pub blocks_skipped: Vec<String>,
    /// Program that wrote the file, where it says so.
    pub written_by: Option<String>,
    /// Version of this program.
    pub tool_version: String,
    /// Rule sets, as `name@version`.
    pub rules: Vec<String>,
    /// Address data, as `file@sha256`.
    pub address_data: Vec<String>,
}

/// The seconds in which frames were captured, as ranges in order; what lies between them is silence or a hole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// First and last second of each range.
    ranges: Vec<(i64, i64)>,
    /// There were more ranges than are kept: the shortest silences are not told.
    pub is_coarse: bool,
}

impl Presence {
    /// Takes the second of a frame.
    pub fn note(&mut self, second: i64) {
        let place = self.ranges.partition_point(|(_, last)| last.saturating_add(1) < second);
        match self.ranges.get_mut(place) {
            Some((first, last)) if first.saturating_sub(1) <= second => {
                (*first, *last) = ((*first).min(second), (*last).max(second));
                self.join(place);
            }
            _ => self.ranges.insert(place, (second, second)),
        }
        if self.ranges.len() > limits::PRESENCE_RANGES {
            self.coarsen();
        }
    }

    /// Takes the seconds of another capture of the same run.
    pub fn add(&mut self, other: &Self) {
        for (first, last) in &other.ranges {
            self.note(*first);
            self.note(*last);
            let place = self.ranges.partition_point(|(_, end)| end < first);
            while let Some((_, next)) = self.ranges.get(place + 1).filter(|(begin, _)| begin <= last).copied() {
                self.ranges.remove(place + 1);
                if let Some(range) = self.ranges.get_mut(place) {
                    range.1 = range.1.max(next);
                }
            }
        }
        self.is_coarse |= other.is_coarse;
    }

    /// Silences in order: the second after the last frame before each, and its length in whole seconds.
    pub fn silences(&self) -> impl Iterator<Item = (i64, i64)> {
        self.ranges.windows(2).filter_map(|pair| match pair {
            [(_, last), (first, _)] => Some((last + 1, first - last - 1)),
            _ => None,
        })
    }

    fn join(&mut self, place: usize) {
        if let (Some((_, last)), Some((first, end))) = (self.ranges.get(place).copied(), self.ranges.get(place + 1).copied())
            && last.saturating_add(1) >= first
        {
            self.ranges.remove(place + 1);
            if let Some(range) = self.ranges.get_mut(place) {
                range.1 = end;
            }
        }
    }

    /// Forgets the shorter half of the silences.
    fn coarsen(&mut self) {
        self.is_coarse = true;
        let mut lengths: Vec<i64> = self.silences().map(|(_, length)| length).collect();
        lengths.sort_unstable();
        let limit = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
        let mut kept: Vec<(i64, i64)> = Vec::new();
        for (first, last) in self.ranges.drain(..) {
            match kept.last_mut() {
                Some(before) if first - before.1 - 1 <= limit => before.1 = last,
                _ => kept.push((first, last)),
            }
        }
        self.ranges = kept;
    }
}

impl Record for Capture {
    const TABLE: &'static str = "captures";
    const ABOUT: &'static str = "one row per input file or stream";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("capture", "", "path as given", Get::Text(|r| text(&r.path))),
        Column::new("sha256", "", "SHA-256 of the input as it lies on disk, compression included", Get::Text(|r| text(&r.sha256))),
        Column::new("file_bytes", "bytes", "size of the input as it lies on disk", Get::Number(|r| Some(r.file_bytes))),
        Column::new("container", "", "pcap or pcapng, byte order and time unit, compression", Get::Text(|r| text(&r.container))),
        Column::new("link_types", "", "link types of the interfaces", Get::List(|r| texts(&r.link_types))),
        Column::new("interfaces", "", "interfaces, as `number:name`", Get::List(|r| texts(&r.interfaces))),
        Column::new("frames", "frames", "frames read", Get::Number(|r| Some(r.frames))),
        Column::new(
            "wire_bytes",
            "bytes",
            "their bytes on the wire or air, metadata headers excluded; the ledger adds up to this",
            Get::Number(|r| Some(r.wire_bytes)),
        ),
        Column::new("captured_bytes", "bytes", "their bytes in the file", Get::Number(|r| Some(r.captured_bytes))),
        Column::new("first", "", "earliest frame time; empty without frames", Get::Time(|r| r.first)),
        Column::new("last", "", "latest frame time; empty without frames", Get::Time(|r| r.last)),
        Column::new("clock_jumps", "", "frames more than one second earlier than the frame before", Get::Number(|r| Some(r.clock_jumps))),
        Column::new(
            "longest_silence_s",
            "s",
            "most whole seconds between two frames without any frame; empty without frames",
            Get::Number(|r| r.first.and_then(|_| r.presence.silences().map(|(_, length)| length).max().unwrap_or(0).try_into().ok())),
        ),
        Column::new(
            "drops_reported",
            "frames",
            "frames that the capturing system says it lost; empty when it does not say",
            Get::Number(|r| r.drops_reported),
        ),
        Column::new("snaplen", "bytes", "largest snapshot length; empty when unlimited", Get::Number(|r| r.snaplen)),
        Column::new(
            "cut_frames",
            "frames",
            "frames of which fewer bytes were captured than were on the wire",
            Get::Number(|r| Some(r.cut_frames)),
        ),
        Column::new("truncated", "", "true when damage ended the reading early", Get::Flag(|r| Some(r.is_truncated))),
        Column::new("keys_found", "", "decryption secrets blocks found inside", Get::Number(|r| Some(r.keys_found))),
        Column::new("blocks_skipped", "", "pcapng blocks passed over, as `type:count`", Get::List(|r| texts(&r.blocks_skipped))),
        Column::new(
            "written_by",
            "",
            "program that wrote the file; empty when it does not say",
            Get::Text(|r| super::text_of(r.written_by.as_ref())),
        ),
        Column::new("tool_version", "", "version of whereto", Get::Text(|r| text(&r.tool_version))),
        Column::new("rules", "", "rule sets used, as `name@version`", Get::List(|r| texts(&r.rules))),
        Column::new("address_data", "", "address files used, as `file@sha256`", Get::List(|r| texts(&r.address_data))),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presence(seconds: &[i64]) -> Presence {
        let mut presence = Presence::default();
        seconds.iter().for_each(|second| presence.note(*second));
        presence
    }

    #[test]
    fn silences_do_not_depend_on_the_order_of_frames() {
        let told: Vec<_> = presence(&[10, 11, 12, 33, 34]).silences().collect();
        assert_eq!(told, [(13, 20)]);
        for order in [[34, 33, 10, 12, 11], [11, 34, 12, 10, 33], [33, 12, 10, 34, 11]] {
            assert_eq!(presence(&order), presence(&[10, 11, 12, 33, 34]), "{order:?}");
        }
    }

    #[test]
    fn a_second_capture_fills_the_hole_of_the_first() {
        let mut whole = presence(&[10, 11, 33, 34]);
        whole.add(&presence(&[11, 12, 13, 14, 15]));
        assert_eq!(whole.silences().collect::<Vec<_>>(), [(16, 17)]);
        let all: Vec<_> = (5..40).collect();
        whole.add(&presence(&all));
        assert_eq!(whole.silences().count(), 0);
    }

    #[test]
    fn many_silences_lose_the_shortest() {
        let mut seconds: Vec<i64> = (0..20_000).map(|n| n * 2).collect();
        seconds.push(1_000_000);
        let presence = presence(&seconds);
        assert!(presence.is_coarse);
        assert_eq!(presence.silences().max_by_key(|(_, length)| *length), Some((39_999, 960_001)));
    }
}
