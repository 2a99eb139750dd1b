//! Between the thread that reads and the one that analyses: batches in order, bounded in bytes.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::capture::Batch;
use crate::limits;

/// Batches on their way.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    batches: VecDeque<Batch>,
    held: usize,
    most: usize,
    ended: Option<Option<String>>,
    is_abandoned: bool,
}

/// What a taker gets.
pub(super) enum Taken {
    Batch(Batch),
    /// Nothing came in time.
    Nothing,
    /// Nothing will come any more; why, when it was not asked for.
    Ended(Option<String>),
}

impl Queue {
    /// Adds a batch; waits while the queue is full. False once nobody takes any more.
    pub(super) fn push(&self, batch: Batch) -> bool {
        let full = |state: &mut State| !state.is_abandoned && state.held > 0 && state.held + batch.held() > limits::QUEUE_BYTES;
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.changed.wait_while(state, full).unwrap_or_else(PoisonError::into_inner);
        state.held += batch.held();
        state.most = state.most.max(state.held);
        state.batches.push_back(batch);
        self.changed.notify_all();
        !state.is_abandoned
    }

    /// Says that nothing follows.
    pub(super) fn end(&self, why: Option<String>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.ended.get_or_insert(why);
        self.changed.notify_all();
    }

    /// Says that nothing will be taken any more.
    pub(super) fn abandon(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_abandoned = true;
        self.changed.notify_all();
    }

    /// Takes the next batch, waiting for it no longer than `wait`.
    pub(super) fn take(&self, wait: Duration) -> Taken {
        let empty = |state: &mut State| state.batches.is_empty() && state.ended.is_none();
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut state, _) = self.changed.wait_timeout_while(state, wait, empty).unwrap_or_else(PoisonError::into_inner);
        match state.batches.pop_front() {
            Some(batch) => {
                state.held -= batch.held();
                self.changed.notify_all();
                Taken::Batch(batch)
            }
            None => state.ended.clone().map_or(Taken::Nothing, Taken::Ended),
        }
    }

    /// The most bytes that ever waited since this was last asked.
    pub(super) fn most(&self) -> usize {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let held = state.held;
        std::mem::replace(&mut state.most, held)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::capture::live::Caught;
    use crate::time::Timestamp;

    fn batch(bytes: usize) -> Batch {
        let mut batch = Batch::default();
        batch.push(Caught { time: Timestamp::default(), wire_len: 0, bytes: &vec![0; bytes] });
        batch
    }

    #[test]
    fn a_full_queue_makes_the_reader_wait() {
        let queue = Arc::new(Queue::default());
        let (filler, bytes) = (Arc::clone(&queue), limits::QUEUE_BYTES / 2);
        #[expect(clippy::disallowed_methods, reason = "what is tested is two threads")]
        let reader = std::thread::spawn(move || {
            for _ in 0..5 {
                assert!(filler.push(batch(bytes)));
            }
            filler.end(None);
        });
        let mut taken = 0;
        while let Taken::Batch(batch) = queue.take(Duration::from_secs(60)) {
            assert!(queue.most() <= limits::QUEUE_BYTES + (1 << 20));
            taken += batch.len();
        }
        reader.join().unwrap();
        assert_eq!(taken, 5);
    }

    #[test]
    fn an_abandoned_queue_lets_the_reader_go() {
        let queue = Queue::default();
        assert!(queue.push(batch(limits::QUEUE_BYTES)));
        queue.abandon();
        assert!(!queue.push(batch(limits::QUEUE_BYTES)));
    }

    #[test]
    fn an_end_comes_after_what_was_before_it() {
        let queue = Queue::default();
        assert!(matches!(queue.take(Duration::ZERO), Taken::Nothing));
        queue.push(batch(1));
        queue.end(Some("gone".into()));
        assert!(matches!(queue.take(Duration::ZERO), Taken::Batch(_)));
        assert!(matches!(queue.take(Duration::ZERO), Taken::Ended(Some(_))));
    }
}
