//! `whereto live`: captures on an interface, saves what it captures, and analyses it as it comes.
//!
//! | thread | does |
//! |---|---|
//! | reader | takes frames from the kernel, in batches, into a bounded queue |
//! | recorder | writes them to the file and pushes them through the pass |
//! | completer | ends a file and its tables while the next is written |
//! | main | shows, and sees to the end |

mod args;
#[cfg_attr(not(any(feature = "tui", test)), expect(dead_code, reason = "some of it only the screen shows"))]
mod board;
mod clock;
mod hopper;
mod plain;
mod privileges;
mod queue;
mod reading;
mod recorder;
#[cfg(feature = "tui")]
mod screen;
#[cfg_attr(not(any(feature = "tui", test)), expect(dead_code, reason = "some of it only the screen shows"))]
mod sightings;

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;

pub use args::LiveArgs;
use board::Board;
use hopper::Hopper;
use plain::Plain;
use privileges::Needs;
use queue::Queue;
use recorder::{Finished, News, Plan};

use super::Ending;
use crate::capture::{Breaker, Live, Source};

/// How long the main thread waits for anything to happen.
const STEP: Duration = Duration::from_millis(100);

/// Runs the command.
///
/// # Errors
/// When the interface cannot be opened as asked, or what is captured cannot be written.
pub fn run(args: &LiveArgs, out: &mut dyn Write) -> anyhow::Result<Ending> {
    let mut live = Live::open(&args.settings())?;
    let hopper = Hopper::open(&args.interface, args.channel, &args.hop)?;
    let needs = if args.monitor || hopper.is_some() { Needs::Radio } else { Needs::Nothing };
    privileges::give_up(args.user.as_deref(), needs)?;
    let plan = plan(args, &live)?;
    let asked = Arc::new(AtomicBool::new(false));
    listen(&asked).context("cannot listen for signals")?;

    let breaker = live.breaker();
    let (board, (sender, finished)) = (Arc::new(Mutex::new(Board::new(title(args, &live)))), channel());
    let running = Running::start(live, plan, News { board: Arc::clone(&board), finished: sender }, hopper);
    let mut session = Session {
        board,
        finished,
        asked,
        breaker,
        running,
        until: args.duration.map(|duration| clock::now() + duration),
        sum: Sum::default(),
    };
    let ended = session.show(args, out);
    let recorded = session.end();
    // An interface that went away ends the session, and what came before it is complete.
    let why = recorded?;
    ended?;
    session.last_words(args, out)?;
    Ok(session.ending(why))
}

fn plan(args: &LiveArgs, live: &Live) -> anyhow::Result<Plan> {
    if let Some(folder) = &args.output {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create output folder {}", folder.display()))?;
    }
    let source = Source { interface: args.interface.clone(), link: live.link(), snaplen: args.snaplen, filter: args.filter.clone() };
    Ok(Plan {
        output: args.output.clone(),
        source,
        knowledge: args.knowledge.clone(),
        rotate_bytes: Some(args.rotate_size),
        rotate_time: args.rotate_time,
        keep: args.keep.map(|keep| usize::try_from(keep.get()).unwrap_or(usize::MAX)),
        count: args.count.map(std::num::NonZeroU64::get),
    })
}

fn title(args: &LiveArgs, live: &Live) -> String {
    format!("{}, {}", crate::wire::escape(args.interface.as_bytes()), live.link())
}

/// The first signal asks for an end, a second one of the same session insists.
fn listen(asked: &Arc<AtomicBool>) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, i32::from(Ending::NotDone.code()), Arc::clone(asked))?;
        signal_hook::flag::register(signal, Arc::clone(asked))?;
    }
    Ok(())
}

/// The threads at work.
struct Running {
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    recorder: Option<JoinHandle<anyhow::Result<Option<String>>>>,
    hopper: Option<JoinHandle<()>>,
}

impl Running {
    #[expect(clippy::disallowed_methods, reason = "a face may use threads: the table above says which")]
    fn start(live: Live, plan: Plan, news: News, hopper: Option<Hopper>) -> Self {
        let (stop, queue) = (Arc::new(AtomicBool::new(false)), Arc::new(Queue::default()));
        let (reading, recording) = ((Arc::clone(&queue), Arc::clone(&stop)), (queue, Arc::clone(&stop)));
        let reader = std::thread::spawn(move || reading::read(live, &reading.0, &reading.1));
        let recorder = std::thread::spawn(move || recorder::record(plan, &recording.0, &recording.1, news));
        let hopping = Arc::clone(&stop);
        let hopper = hopper.map(|hopper| std::thread::spawn(move || hopper.hop(&hopping)));
        Self { stop, reader: Some(reader), recorder: Some(recorder), hopper }
    }

    fn is_reading(&self) -> bool {
        self.reader.as_ref().is_some_and(|reader| !reader.is_finished())
    }

    fn is_recording(&self) -> bool {
        self.recorder.as_ref().is_some_and(|recorder| !recorder.is_finished())
    }
}

/// A session as the main thread sees it.
struct Session {
    board: Arc<Mutex<Board>>,
    finished: Receiver<Finished>,
    asked: Arc<AtomicBool>,
    breaker: Breaker,
    running: Running,
    until: Option<Instant>,
    sum: Sum,
}

/// What all captures of the session came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    files: u64,
    frames: u64,
    bytes: u64,
    received: u64,
    dropped: u64,
    dropped_by_interface: u64,
    is_damaged: bool,
    is_open: bool,
}

impl Sum {
    fn add(&mut self, finished: &Finished) {
        self.files += u64::from(finished.path.is_some());
        self.frames += finished.frames;
        self.bytes += finished.bytes;
        self.received += finished.counted.received;
        self.dropped += finished.counted.dropped;
        self.dropped_by_interface += finished.counted.dropped_by_interface;
        self.is_damaged |= finished.is_damaged || finished.counted.lost() > 0;
        self.is_open |= finished.is_open;
    }
}

impl Session {
    /// Shows the session until the recorder is done.
    fn show(&mut self, args: &LiveArgs, out: &mut dyn Write) -> anyhow::Result<()> {
        #[cfg(feature = "tui")]
        if !args.plain && !args.json && !args.quiet && std::io::IsTerminal::is_terminal(&std::io::stdout()) {
            return self.show_on_screen();
        }
        let mut plain = Plain::new(args);
        while self.goes_on() {
            std::thread::sleep(STEP);
            plain.tick(&self.board, out)?;
            for finished in self.news() {
                plain.finished(&finished, out)?;
            }
        }
        Ok(())
    }

    #[cfg(feature = "tui")]
    fn show_on_screen(&mut self) -> anyhow::Result<()> {
        let mut terminal = ratatui::try_init().context("cannot use the terminal")?;
        let mut screen = screen::Screen::default();
        let shown = loop {
            if !self.goes_on() {
                break Ok(());
            }
            let drawn = {
                screen.update(&self.board.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
                terminal.draw(|frame| screen.draw(frame))
            };
            match drawn.map_err(anyhow::Error::from).and_then(|_| screen.key(STEP)) {
                Ok(is_over) => self.asked.fetch_or(is_over, Ordering::Relaxed),
                Err(error) => break Err(error),
            };
            self.news();
        };
        ratatui::try_restore().context("cannot give the terminal back")?;
        shown
    }

    /// Passes on what ends a session; false once it has ended.
    fn goes_on(&self) -> bool {
        let is_over = self.until.is_some_and(|until| clock::now() >= until);
        if is_over || self.asked.load(Ordering::Relaxed) {
            self.running.stop.store(true, Ordering::Relaxed);
        }
        if self.running.stop.load(Ordering::Relaxed) && self.running.is_reading() {
            self.breaker.stop();
        }
        self.running.is_recording()
    }

    /// Captures finished since this was last asked.
    fn news(&mut self) -> Vec<Finished> {
        let news: Vec<_> = self.finished.try_iter().collect();
        news.iter().for_each(|finished| self.sum.add(finished));
        news
    }

    /// Stops what still runs and waits for it.
    fn end(&mut self) -> anyhow::Result<Option<String>> {
        self.running.stop.store(true, Ordering::Relaxed);
        while self.running.is_recording() || self.running.is_reading() {
            self.breaker.stop();
            std::thread::sleep(STEP / 10);
        }
        let failed = |_| anyhow::anyhow!("a thread of the session failed");
        if let Some(hopper) = self.running.hopper.take() {
            hopper.join().map_err(failed)?;
        }
        if let Some(reader) = self.running.reader.take() {
            reader.join().map_err(failed)?;
        }
        self.running.recorder.take().map_or(Ok(None), |recorder| recorder.join().map_err(failed)?)
    }

    /// Tells what is not told yet, and the sum.
    fn last_words(&mut self, args: &LiveArgs, out: &mut dyn Write) -> anyhow::Result<()> {
        let plain = Plain::new(args);
        for finished in self.news() {
            plain.finished(&finished, out)?;
        }
        plain.sum(&self.sum, args.output.as_deref(), out)
    }

    #[expect(clippy::print_stderr, reason = "notes for people go beside the answer, not into it")]
    fn ending(&self, why: Option<String>) -> Ending {
        if self.sum.is_open {
            eprintln!("whereto: THE LEDGER DOES NOT CLOSE: this is an error of whereto, please report it");
            return Ending::NotDone;
        }
        if let Some(why) = &why {
            eprintln!("whereto: {why}");
        }
        if self.sum.is_damaged || why.is_some() { Ending::Damaged } else { Ending::Done }
    }
}
