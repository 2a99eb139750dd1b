//! The thread that analyses: every frame goes to the file and to the pass; files are ended by size or time, and
//! completed, with their tables, beside the next one.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::board::Board;
use super::clock;
use super::queue::{Queue, Taken};
use crate::analysis::{Options, Output, Session};
use crate::capture::{Batch, Event, Ring, Saver, Source, Statistics};
use crate::error::Error;
use crate::face::knowledge::Knowledge;
use crate::face::manifest::{Asked, Manifest};
use crate::face::report;
use crate::limits;
use crate::record::{Capture, Flow, Ledger, Row};
use crate::table::Store;
use crate::time::Timestamp;

/// How often the board is brought up to date, and the file to the operating system.
const TICK: Duration = Duration::from_millis(500);

/// What to record, and where.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Folder of captures and tables; none when nothing is to be kept.
    pub(super) output: Option<PathBuf>,
    pub(super) source: Source,
    /// What is known beside the packets.
    pub(super) knowledge: Knowledge,
    /// Bytes after which the next file begins.
    pub(super) rotate_bytes: Option<u64>,
    /// Time after which the next file begins.
    pub(super) rotate_time: Option<Duration>,
    /// Files kept.
    pub(super) keep: Option<usize>,
    /// Frames after which the session ends.
    pub(super) count: Option<u64>,
}

/// A capture that is complete, with its tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finished {
    pub(super) path: Option<PathBuf>,
    pub(super) tables: Option<PathBuf>,
    pub(super) frames: u64,
    pub(super) bytes: u64,
    pub(super) counted: Statistics,
    pub(super) is_damaged: bool,
    /// An error of this program: the account does not add up.
    pub(super) is_open: bool,
    /// Files that made room.
    pub(super) removed: Vec<PathBuf>,
}

/// Where the recorder tells what it does.
#[derive(Clone)]
pub(super) struct News {
    pub(super) board: Arc<Mutex<Board>>,
    pub(super) finished: Sender<Finished>,
}

impl News {
    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records until the queue ends; the answer says why, when nobody asked for it.
pub(super) fn record(plan: Plan, queue: &Queue, stop: &AtomicBool, news: News) -> anyhow::Result<Option<String>> {
    let recorded = recorded(plan, queue, stop, news);
    queue.abandon();
    stop.store(true, Ordering::Relaxed);
    recorded
}

fn recorded(plan: Plan, queue: &Queue, stop: &AtomicBool, news: News) -> anyhow::Result<Option<String>> {
    let mut recorder = Recorder::new(plan, news)?;
    loop {
        match queue.take(TICK) {
            Taken::Batch(batch) => recorder.batch(&batch)?,
            Taken::Nothing => {}
            Taken::Ended(why) => {
                recorder.finish()?;
                return Ok(why);
            }
        }
        if recorder.has_enough() {
            stop.store(true, Ordering::Relaxed);
        }
        recorder.tick(queue)?;
    }
}

struct Recorder {
    plan: Plan,
    news: News,
    /// What the names of this session's files begin with.
    prefix: String,
    number: u64,
    current: Current,
    counted: Statistics,
    frames: u64,
    ticked: Instant,
    /// The capture before, being completed.
    finishing: Option<JoinHandle<anyhow::Result<()>>>,
    ring: Arc<Mutex<Ring>>,
}

/// The capture being written.
struct Current {
    saver: Saver,
    session: Session<Tap>,
    tables: Option<Tables>,
    began: Instant,
    /// What the system had counted when it began.
    counted: Statistics,
    /// Time of the latest frame when the flows were last looked at.
    looked: Timestamp,
    latest: Timestamp,
}

/// A folder of tables: under a temporary name until all of them are complete.
#[derive(Clone)]
struct Tables {
    temporary: PathBuf,
    path: PathBuf,
}

impl Recorder {
    fn new(plan: Plan, news: News) -> anyhow::Result<Self> {
        let prefix = clock::stamp();
        let current = Current::begin(&plan, &news, &prefix, 1, Statistics::default())?;
        let ring = Arc::new(Mutex::new(Ring::new(plan.keep)));
        let (counted, ticked) = (Statistics::default(), clock::now());
        Ok(Self { plan, news, prefix, number: 1, current, counted, frames: 0, ticked, finishing: None, ring })
    }

    fn has_enough(&self) -> bool {
        self.plan.count.is_some_and(|count| self.frames >= count)
    }

    fn batch(&mut self, batch: &Batch) -> anyhow::Result<()> {
        self.counted = batch.statistics;
        let (mut frames, mut bytes) = (0, 0);
        for caught in batch.frames() {
            if self.has_enough() {
                break;
            }
            let current = &mut self.current;
            current.latest = current.latest.max(caught.time);
            let frame = current.saver.push(&caught)?;
            current.session.push(Event::Frame(frame))?;
            self.frames += 1;
            frames += 1;
            bytes += caught.bytes.len() as u64;
            if self.plan.rotate_bytes.is_some_and(|limit| self.current.saver.bytes() >= limit) {
                self.rotate()?;
            }
        }
        self.news.board().count(frames, bytes);
        Ok(())
    }

    fn tick(&mut self, queue: &Queue) -> anyhow::Result<()> {
        let passed = self.ticked.elapsed();
        if passed < TICK {
            return Ok(());
        }
        self.ticked = clock::now();
        self.current.saver.flush()?;
        self.current.look(&self.news, limits::LIVE_FLOWS);
        let file = self.current.saver.path().map(|path| (path.display().to_string(), self.current.saver.bytes()));
        let mut board = self.news.board();
        board.counted = self.counted;
        board.queued = queue.most();
        board.file = file;
        board.tick(u64::try_from(passed.as_millis()).unwrap_or(u64::MAX));
        drop(board);
        let is_old = self.plan.rotate_time.is_some_and(|limit| self.current.began.elapsed() >= limit);
        if is_old && self.current.saver.frames() > 0 {
            self.rotate()?;
        }
        Ok(())
    }

    fn rotate(&mut self) -> anyhow::Result<()> {
        self.number += 1;
        let next = Current::begin(&self.plan, &self.news, &self.prefix, self.number, self.counted)?;
        self.complete(next)
    }

    /// Hands the capture over to be completed, once the one before it is.
    fn complete(&mut self, next: Current) -> anyhow::Result<()> {
        let mut done = std::mem::replace(&mut self.current, next);
        done.look(&self.news, usize::MAX);
        done.session.output().board = None;
        self.news.board().rotate();
        self.wait()?;
        let (counted, ring, news) = (self.counted.since(done.counted), Arc::clone(&self.ring), self.news.clone());
        let knowledge = self.plan.knowledge.clone();
        #[expect(clippy::disallowed_methods, reason = "a face may use a thread: this one completes files while the next is written")]
        let handle = std::thread::spawn(move || done.complete(counted, &knowledge, &ring, &news));
        self.finishing = Some(handle);
        Ok(())
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let Some(handle) = self.finishing.take() else { return Ok(()) };
        handle.join().map_err(|_| anyhow::anyhow!("completing a capture failed"))?
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.current.look(&self.news, usize::MAX);
        self.current.session.output().board = None;
        let mut board = self.news.board();
        board.counted = self.counted;
        board.rotate();
        drop(board);
        self.wait()?;
        let counted = self.counted.since(self.current.counted);
        self.current.complete(counted, &self.plan.knowledge, &self.ring, &self.news)
    }
}

impl Current {
    fn begin(plan: &Plan, news: &News, prefix: &str, number: u64, counted: Statistics) -> anyhow::Result<Self> {
        let name = format!("live-{prefix}-{number:05}");
        let path = plan.output.as_ref().map(|folder| folder.join(format!("{name}.pcapng")));
        let tables = plan.output.as_ref().map(|folder| Tables::create(&folder.join("tables"), &name)).transpose()?;
        let store = tables.as_ref().map(|tables| Store::create(&tables.temporary, plan.knowledge.formats())).transpose()?;
        let scratch = tables.as_ref().map_or_else(std::env::temp_dir, |tables| tables.temporary.clone());
        let saver = Saver::create(path.as_deref(), plan.source.clone())?;
        let options = Options { scratch, ..plan.knowledge.options()? };
        let tap = Tap { store, board: Some(Arc::clone(&news.board)) };
        let session = Session::new(path.as_deref().unwrap_or_else(|| Path::new(&name)), &options, tap)?;
        let (looked, latest) = (Timestamp::default(), Timestamp::default());
        Ok(Self { saver, session, tables, began: clock::now(), counted, looked, latest })
    }

    /// Brings the board up to what the open flows have come to.
    fn look(&mut self, news: &News, limit: usize) {
        let since = if limit == usize::MAX { Timestamp::default() } else { self.looked };
        let mut board = news.board();
        self.session.open_flows(since, limit, &mut |flow| board.open(flow));
        self.session.networks().into_iter().for_each(|network| board.row(&Row::Wifi(Box::new(network))));
        self.looked = self.latest;
    }

    /// Ends file and tables, and tells of it.
    fn complete(self, counted: Statistics, knowledge: &Knowledge, ring: &Mutex<Ring>, news: &News) -> anyhow::Result<()> {
        let path = self.saver.path().map(Path::to_path_buf);
        let frames = self.saver.frames();
        let about = self.saver.finish(counted, clock::timestamp())?;
        let bytes = about.file_bytes;
        let (outcome, tap) = self.session.finish(about)?;
        if let (Some(store), Some(tables), Some(path)) = (tap.store, &self.tables, &path) {
            tables.describe(store, knowledge, path)?;
        }
        let tables = self.tables.map(Tables::publish).transpose()?;
        let mut ring = ring.lock().unwrap_or_else(PoisonError::into_inner);
        let removed = path.clone().map(|path| ring.add(path)).transpose()?.unwrap_or_default();
        let is_open = !outcome.open_ledgers.is_empty();
        let finished = Finished { path, tables, frames, bytes, counted, is_damaged: outcome.is_damaged, is_open, removed };
        // Nobody listens when the face has failed: then its error is what is told.
        news.finished.send(finished).ok();
        Ok(())
    }
}

impl Tables {
    fn create(folder: &Path, name: &str) -> anyhow::Result<Self> {
        let temporary = folder.join(format!("{name}.part"));
        std::fs::create_dir_all(&temporary).with_context(|| format!("cannot create folder {}", temporary.display()))?;
        Ok(Self { temporary, path: folder.join(name) })
    }

    /// Completes the tables, and writes beside them what `whereto analyze` does.
    fn describe(&self, store: Store, knowledge: &Knowledge, capture: &Path) -> anyhow::Result<()> {
        let made = store.finish()?;
        let written = report::write(&self.temporary, None)?;
        let (said, secrets) = knowledge.arguments();
        let arguments = [said, vec!["--".to_owned(), capture.to_string_lossy().into_owned()]].concat();
        let asked = Asked { command: "analyze", arguments, secrets, documents: Vec::new(), redaction: None };
        Manifest::of(&made, &knowledge.asked_rules()?, asked, &written)?.write(&self.temporary)?;
        Ok(())
    }

    fn publish(self) -> anyhow::Result<PathBuf> {
        std::fs::rename(&self.temporary, &self.path).with_context(|| format!("cannot rename to {}", self.path.display()))?;
        Ok(self.path)
    }
}

/// Rows on their way to the tables, which the board sees too.
struct Tap {
    store: Option<Store>,
    board: Option<Arc<Mutex<Board>>>,
}

impl Tap {
    fn board(&self) -> Option<MutexGuard<'_, Board>> {
        self.board.as_ref().map(|board| board.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Output for Tap {
    fn row(&mut self, row: Row) -> Result<(), Error> {
        if let Some(mut board) = self.board() {
            board.row(&row);
        }
        self.store.as_mut().map_or(Ok(()), |store| store.row(row))
    }

    fn capture(&mut self, row: Capture) -> Result<(), Error> {
        self.store.as_mut().map_or(Ok(()), |store| store.capture(row))
    }

    fn ledger(&mut self, row: Ledger) -> Result<(), Error> {
        self.store.as_mut().map_or(Ok(()), |store| store.ledger(row))
    }

    fn closed(&mut self, flow: &Flow) {
        if let Some(mut board) = self.board() {
            board.closed(flow);
        }
    }
}
