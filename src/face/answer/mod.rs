//! The answer: which kinds of data went to which regions, to whom, how much, and whether every frame is
//! accounted for. On a terminal as text, for a machine as one JSON object with exact numbers.

mod account;
mod aircraft;
mod broadcasts;
mod destinations;
mod json;
mod matrix;

use std::io::Write;

pub use super::grid::Style;
use super::grid::Tone;
use super::units;
use crate::table::{Table, Tables};

pub use account::closes;
pub use json::json;

/// Prints the answer for a reader.
///
/// # Errors
///
/// `out` cannot be written, or `tables` lacks a documented column.
pub fn print(tables: &Tables, style: Style, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut page = Page { style, text: String::new() };
    account::inputs(tables, &mut page);
    matrix::kinds_by_region(tables, &mut page)?;
    destinations::top(tables, &mut page)?;
    broadcasts::seen(tables, &mut page);
    aircraft::itself(tables, &mut page);
    aircraft::others(tables, &mut page);
    account::ledger(tables, &mut page);
    account::damage(tables, &mut page);
    files(tables, &mut page);
    out.write_all(page.text.as_bytes())?;
    Ok(())
}

/// The text so far.
struct Page {
    style: Style,
    text: String,
}

impl Page {
    fn heading(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(Tone::Heading, text);
    }

    fn line(&mut self, tone: Tone, text: &str) {
        self.text.push_str(&self.style.paint(tone, text));
        self.text.push('\n');
    }

    /// An indented line, continued on the next ones at the terminal's width.
    fn paragraph(&mut self, tone: Tone, text: &str) {
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && line.chars().count() + word.chars().count() + 3 > self.style.width {
                self.line(tone, &format!("  {line}"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(tone, &format!("  {line}"));
    }
}

fn files(tables: &Tables, page: &mut Page) {
    page.heading("Tables");
    let of = |table: &Table| format!("{} {}", table.name, units::count(u64::try_from(table.rows).unwrap_or(u64::MAX)));
    let rows = tables.tables.iter().map(of).collect::<Vec<_>>().join(", ");
    page.paragraph(Tone::Plain, &format!("{}: one folder per table; rows: {rows}", tables.dir.display()));
    page.paragraph(Tone::Faint, "What the columns mean: whereto schema TABLE");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Output as _;
    use crate::record::{Disposition, Row};
    use crate::table::{Formats, Store, samples};

    pub(super) const PLAIN: Style = Style { colour: false, width: 100 };

    pub(super) fn tables(name: &str) -> Tables {
        let folder = samples::Folder::new(name);
        let mut store = Store::create(folder.path(), Formats::default()).unwrap();
        for number in 1..=20 {
            store.row(Row::Flow(Box::new(samples::varied_flow(number)))).unwrap();
        }
        store.row(Row::Anomaly(Box::new(samples::anomaly()))).unwrap();
        store.capture(samples::capture()).unwrap();
        store.ledger(samples::ledger()).unwrap();
        store.finish().unwrap()
    }

    pub(super) fn shown(tables: &Tables, style: Style) -> String {
        let mut out = Vec::new();
        print(tables, style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_whole_answer() {
        let text = shown(&tables("answer"), PLAIN);
        for part in [
            "one.pcap: 10 frames, 1.00 kB on the wire, 2019-11-03T12:21:03Z to 2019-11-03T12:22:03Z (1 min 0 s)",
            "category",
            "disputed",
            "unknown",
            "total",
            "log.example",
            "The ledger closes",
            "snaplen-cut",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        let words: Vec<_> = text.split_whitespace().collect();
        assert!(words.join(" ").contains("flows 20"), "{text}");
        assert!(!text.contains('\x1b'));
        assert!(shown(&tables("answer-colour"), Style { colour: true, ..PLAIN }).contains("\x1b[1m"));
    }

    #[test]
    fn an_open_ledger_is_loud() {
        let mut tables = tables("answer-open");
        tables.ledger[0].frames = 9;
        let text = shown(&tables, PLAIN);
        assert!(text.contains("THE LEDGER DOES NOT CLOSE"), "{text}");
        assert!(text.contains("one.pcap: 10 frames read, 9 accounted for"), "{text}");
        assert!(!closes(&tables.captures, &tables.ledger));
    }

    #[test]
    fn what_never_came_into_the_capture_is_told() {
        let mut tables = tables("answer-drops");
        assert!(!shown(&tables, PLAIN).contains("dropped while capturing"));
        tables.captures[0].drops_reported = Some(1_234);
        assert!(shown(&tables, PLAIN).contains("1,234 frames were dropped while capturing"));
    }

    #[test]
    fn nothing_seen_is_said() {
        let folder = samples::Folder::new("answer-empty");
        let tables = Store::create(folder.path(), Formats::default()).unwrap().finish().unwrap();
        let text = shown(&tables, PLAIN);
        assert!(text.contains("No frames"), "{text}");
        assert!(text.contains("No flows"), "{text}");
        assert!(closes(&tables.captures, &tables.ledger));
    }

    #[test]
    fn frames_that_were_not_read_are_named() {
        let mut tables = tables("answer-links");
        let mut lost = samples::ledger();
        (lost.disposition, lost.reason) = (Disposition::UnsupportedLink, "linktype-252".into());
        tables.ledger.push(lost);
        assert!(shown(&tables, PLAIN).contains("link type that cannot be read (linktype-252): 10 frames, 1.00 kB"));
    }
}
