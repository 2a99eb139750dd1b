//! A capture pushed frame by frame gives the rows that reading it gives.

use whereto::Error;
use whereto::analysis::{Options, Output, Session};
use whereto::capture::Reader;
use whereto::record::{Capture, Flow, Ledger, Row};
use whereto::time::Timestamp;

use crate::corpus::{Collected, analyze};
use crate::sources::root;

/// Rows, and the flows shown before their time.
#[derive(Default)]
struct Watched {
    collected: Collected,
    closed: u64,
}

impl Output for Watched {
    fn row(&mut self, row: Row) -> Result<(), Error> {
        self.collected.row(row)
    }

    fn capture(&mut self, row: Capture) -> Result<(), Error> {
        self.collected.capture(row)
    }

    fn ledger(&mut self, row: Ledger) -> Result<(), Error> {
        self.collected.ledger(row)
    }

    fn closed(&mut self, _flow: &Flow) {
        self.closed += 1;
    }
}

#[test]
fn pushed_frames_give_the_same_rows() {
    let path = root().join("captures/go4-day.pcapng");
    let (read, outcome) = analyze(&path);
    let options = Options { scratch: std::env::temp_dir(), ..Options::default() };
    let mut reader = Reader::open(&path).unwrap();
    let mut session = Session::new(&path, &options, Watched::default()).unwrap();
    let (mut events, mut looked) = (0, 0);
    while let Some(event) = reader.next_event() {
        session.push(event).unwrap();
        events += 1;
        // Looking must change nothing.
        if events % 500 == 0 {
            session.open_flows(Timestamp::default(), 100, &mut |_| looked += 1);
        }
    }
    let (pushed_outcome, pushed) = session.finish(reader.finish()).unwrap();
    assert_eq!(pushed_outcome, outcome);
    assert_eq!(format!("{:?}", pushed.collected.rows), format!("{:?}", read.rows));
    assert_eq!((pushed.collected.captures, pushed.collected.ledger), (read.captures, read.ledger));
    let flows = read.rows.iter().filter(|row| matches!(row, Row::Flow(_))).count() as u64;
    assert_eq!(pushed.closed, flows);
    assert!(looked > 0);
}
