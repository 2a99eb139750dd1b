//! Progress on a terminal: bytes read of all inputs, rate, time left.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::analysis::Progress;
use crate::capture::Inputs;
use crate::wire::escape;

/// A bar over all inputs, or nothing at all.
pub(crate) struct Bar {
    bar: ProgressBar,
    reading: Arc<Mutex<Reading>>,
}

/// The input being read.
#[derive(Default)]
struct Reading {
    /// Bytes of the inputs before it.
    before: u64,
    counter: Option<Arc<AtomicU64>>,
    has_ended: bool,
}

/// How often the bar moves.
const TICK: Duration = Duration::from_millis(100);

impl Bar {
    /// Nothing is shown.
    pub(crate) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), reading: Arc::default() }
    }

    /// Shows a bar on standard error.
    pub(crate) fn new(inputs: &Inputs) -> Self {
        let reading = Arc::new(Mutex::new(Reading::default()));
        let lengths: Option<u64> = inputs.captures.iter().map(|path| length(path)).sum();
        let bar = lengths.map_or_else(ProgressBar::no_length, ProgressBar::new);
        bar.set_draw_target(ProgressDrawTarget::stderr());
        let template = match lengths {
            Some(_) => "{bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta} {wide_msg}",
            None => "{spinner} {bytes} {binary_bytes_per_sec} {elapsed} {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        watch(bar.clone(), Arc::clone(&reading));
        Self { bar, reading }
    }

    /// Takes news of the work.
    pub(crate) fn tell(&self, progress: &Progress<'_>) {
        let Ok(mut reading) = self.reading.lock() else { return };
        match progress {
            Progress::Opened(path, counter) => {
                reading.counter = Some(Arc::clone(counter));
                self.bar.set_message(escape(path.as_os_str().as_encoded_bytes()));
            }
            Progress::Read(path) => {
                reading.before += length(path).unwrap_or_default();
                reading.counter = None;
            }
            Progress::Joining(flows) => self.bar.set_message(format!("joining names, places and categories to {flows} flows")),
        }
    }

    pub(crate) fn finish(&self) {
        if let Ok(mut reading) = self.reading.lock() {
            reading.has_ended = true;
        }
        self.bar.finish_and_clear();
    }
}

/// Length of a file; none for pipes.
fn length(path: &Path) -> Option<u64> {
    path.metadata().ok().filter(std::fs::Metadata::is_file).map(|metadata| metadata.len())
}

#[expect(clippy::disallowed_methods, reason = "a face may use a thread: this one only looks at a counter")]
fn watch(bar: ProgressBar, reading: Arc<Mutex<Reading>>) {
    std::thread::spawn(move || {
        while let Ok(state) = reading.lock() {
            if state.has_ended {
                return;
            }
            let read = state.counter.as_ref().map_or(0, |counter| counter.load(Ordering::Relaxed));
            bar.set_position(state.before + read);
            drop(state);
            std::thread::sleep(TICK);
        }
    });
}
