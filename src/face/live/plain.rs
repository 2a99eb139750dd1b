//! Lines instead of a screen: how it stands every few seconds, each finished capture, and the sum.

use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::board::Board;
use super::recorder::Finished;
use super::{LiveArgs, Sum, clock};
use crate::face::units;
use crate::wire::escape;

/// Time between two lines.
const EVERY: Duration = Duration::from_secs(5);

/// Prints lines.
pub(super) struct Plain {
    is_json: bool,
    is_quiet: bool,
    told: Instant,
}

impl Plain {
    pub(super) fn new(args: &LiveArgs) -> Self {
        Self { is_json: args.json, is_quiet: args.quiet, told: clock::now() }
    }

    /// Tells how it stands, when it is time.
    pub(super) fn tick(&mut self, board: &Mutex<Board>, out: &mut dyn Write) -> anyhow::Result<()> {
        if self.is_quiet || self.told.elapsed() < EVERY {
            return Ok(());
        }
        self.told = clock::now();
        let (text, json) = {
            let board = board.lock().unwrap_or_else(PoisonError::into_inner);
            (standing(&board), standing_json(&board))
        };
        self.line(&format!("{} {text}", clock::time_of_day()), &json, out)
    }

    /// Tells of a finished capture.
    pub(super) fn finished(&self, finished: &Finished, out: &mut dyn Write) -> anyhow::Result<()> {
        if self.is_quiet || finished.path.is_none() {
            return Ok(());
        }
        let shown = |path: Option<&Path>| path.map(|path| escape(path.as_os_str().as_encoded_bytes())).unwrap_or_default();
        let (path, tables) = (shown(finished.path.as_deref()), shown(finished.tables.as_deref()));
        let counted = finished.counted;
        let text = format!(
            "saved {path}: {}, {}; {}; tables in {tables}",
            units::counted(finished.frames, "frame", "frames"),
            units::bytes(finished.bytes),
            lost(counted.dropped, counted.dropped_by_interface),
        );
        let json = json!({
            "event": "saved",
            "capture": path,
            "tables": tables,
            "frames": finished.frames,
            "bytes": finished.bytes,
            "received": counted.received,
            "dropped_by_kernel": counted.dropped,
            "dropped_by_interface": counted.dropped_by_interface,
        });
        self.line(&text, &json, out)?;
        for removed in &finished.removed {
            let path = shown(Some(removed));
            self.line(&format!("removed {path}"), &json!({ "event": "removed", "capture": path }), out)?;
        }
        Ok(())
    }

    /// Tells what the session came to.
    pub(super) fn sum(&self, sum: &Sum, folder: Option<&Path>, out: &mut dyn Write) -> anyhow::Result<()> {
        let place = folder.map_or_else(
            || "nothing saved: that takes -o DIR".to_owned(),
            |folder| {
                let files = units::counted(sum.files, "capture", "captures");
                format!("{files} in {}", escape(folder.as_os_str().as_encoded_bytes()))
            },
        );
        let text = format!(
            "{}, {}; {}; {place}",
            units::counted(sum.frames, "frame", "frames"),
            units::bytes(sum.bytes),
            lost(sum.dropped, sum.dropped_by_interface),
        );
        let json = json!({
            "event": "end",
            "captures": sum.files,
            "frames": sum.frames,
            "bytes": sum.bytes,
            "received": sum.received,
            "dropped_by_kernel": sum.dropped,
            "dropped_by_interface": sum.dropped_by_interface,
        });
        self.line(&text, &json, out)
    }

    fn line(&self, text: &str, json: &Value, out: &mut dyn Write) -> anyhow::Result<()> {
        if self.is_json {
            writeln!(out, "{json}")?;
        } else {
            writeln!(out, "{text}")?;
        }
        Ok(out.flush()?)
    }
}

/// What was lost, in words; nothing lost is said too.
pub(super) fn lost(kernel: u64, interface: u64) -> String {
    match (kernel, interface) {
        (0, 0) => "none dropped".to_owned(),
        _ => format!("DROPPED: {} by the kernel, {} by the interface", units::count(kernel), units::count(interface)),
    }
}

fn standing(board: &Board) -> String {
    let file =
        board.file.as_ref().map_or_else(String::new, |(path, bytes)| format!("; {} {}", escape(path.as_bytes()), units::bytes(*bytes)));
    format!(
        "{} ({}/s); out {} ({}/s), in {} ({}/s); {}, {}; {}{file}",
        units::counted(board.frames.total, "frame", "frames"),
        units::count(board.frames.now),
        units::bytes(board.traffic.out.total),
        units::bytes(board.traffic.out.now),
        units::bytes(board.traffic.to.total),
        units::bytes(board.traffic.to.now),
        units::counted(board.devices.len() as u64, "device", "devices"),
        units::counted(board.remotes.len() as u64, "remote", "remotes"),
        lost(board.counted.dropped, board.counted.dropped_by_interface),
    )
}

fn standing_json(board: &Board) -> Value {
    json!({
        "event": "status",
        "frames": board.frames.total,
        "frames_per_second": board.frames.now,
        "bytes": board.bytes.total,
        "ip_bytes_out": board.traffic.out.total,
        "ip_bytes_in": board.traffic.to.total,
        "devices": board.devices.len(),
        "remotes": board.remotes.len(),
        "flows": board.flows,
        "networks": board.networks(),
        "identities": board.identities.len(),
        "queued_bytes": board.queued,
        "received": board.counted.received,
        "dropped_by_kernel": board.counted.dropped,
        "dropped_by_interface": board.counted.dropped_by_interface,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Statistics;
    use crate::face::live::board::tests::board;

    #[test]
    fn a_line_tells_how_it_stands() {
        let line = standing(&board());
        for part in ["1,000 frames (2,000/s)", "out ", "DROPPED: 7 by the kernel, 2 by the interface", "out/live-1.pcapng 640 kB"] {
            assert!(line.contains(part), "{part}\n{line}");
        }
        assert!(!line.contains('\x1b'));
        assert_eq!(standing_json(&board())["dropped_by_kernel"], 7);
    }

    #[test]
    fn a_finished_capture_and_the_sum_are_told() {
        let finished = Finished {
            path: Some("out/a\x1b.pcapng".into()),
            tables: Some("out/tables/a".into()),
            frames: 1,
            bytes: 100,
            counted: Statistics { received: 1, ..Statistics::default() },
            is_damaged: false,
            is_open: false,
            removed: vec!["out/old.pcapng".into()],
        };
        let mut out = Vec::new();
        let plain = Plain { is_json: false, is_quiet: false, told: clock::now() };
        plain.finished(&finished, &mut out).unwrap();
        let mut sum = Sum::default();
        sum.add(&finished);
        plain.sum(&sum, None, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "saved out/a\\x1b.pcapng: 1 frame, 100 B; none dropped; tables in out/tables/a\nremoved out/old.pcapng\n\
             1 frame, 100 B; none dropped; nothing saved: that takes -o DIR\n"
        );
    }
}
