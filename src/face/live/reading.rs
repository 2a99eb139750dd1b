//! The thread that reads: it does nothing else, so that the kernel's buffer is emptied as fast as memory allows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::queue::Queue;
use crate::capture::{Batch, Live};
use crate::error::Error;
use crate::limits;

/// Reads until `stop`, then takes what the kernel still holds.
pub(super) fn read(live: Live, queue: &Queue, stop: &AtomicBool) {
    let ended = until_stopped(live, queue, stop);
    queue.end(ended.err().map(|error| error.to_string()));
}

fn until_stopped(mut live: Live, queue: &Queue, stop: &AtomicBool) -> Result<(), Error> {
    let mut taken = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut batch = Batch::default();
        let read = live.read(&mut batch, u64::MAX);
        taken += batch.len() as u64;
        batch.statistics = live.statistics()?;
        if batch.len() > 0 && !queue.push(batch) {
            return Ok(());
        }
        if let Err(error) = read
            && !stop.load(Ordering::Relaxed)
        {
            return Err(error);
        }
    }
    rest(live, queue, taken)
}

/// What the kernel counted as received before the end and has not handed over. What comes later is not part of the
/// session, so the last batch carries the count as it stood at the end.
fn rest(mut live: Live, queue: &Queue, taken: u64) -> Result<(), Error> {
    /// A block that is not full is handed over after its time; three times that is long enough.
    const WAIT: Duration = Duration::from_millis(10);
    const WAITS: i32 = 3 * limits::BATCH_MILLIS / 10;
    let statistics = live.statistics()?;
    let mut left = statistics.received.saturating_sub(statistics.dropped).saturating_sub(taken);
    let mut live = live.without_waiting()?;
    let mut waits = 0;
    while left > 0 && waits < WAITS {
        let mut batch = Batch::of(statistics);
        // An interface that went away has nothing more to give, which the waits find out.
        let _read = live.read(&mut batch, left);
        if batch.len() == 0 {
            waits += 1;
            std::thread::sleep(WAIT);
            continue;
        }
        left = left.saturating_sub(batch.len() as u64);
        if !queue.push(batch) {
            break;
        }
    }
    queue.push(Batch::of(statistics));
    Ok(())
}
