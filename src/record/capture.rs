//! Table `captures`: one row per input, with what it is and what it was analysed with.

use std::sync::Arc;

use super::{Column, Get, Record, text, texts};
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
