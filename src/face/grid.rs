//! Aligned columns without boxes, coloured only when asked, and shortened only as far as the terminal
//! demands.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::wire::escape;

const GAP: &str = "  ";
const INDENT: &str = "  ";

/// How a terminal wants its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Colour is wanted: an ANSI terminal, and no `NO_COLOR`.
    pub colour: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// What a text means to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Heading,
    Faint,
    /// Not known, or not settled.
    Doubt,
    /// Wrong.
    Alarm,
}

impl Style {
    /// `text` in its colour.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            _ if !self.colour || text.is_empty() => return text.to_owned(),
            Tone::Plain => return text.to_owned(),
            Tone::Heading => "1",
            Tone::Faint => "2",
            Tone::Doubt => "33",
            Tone::Alarm => "1;31",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// How a column gives way when the terminal is narrow, and to which side it is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// Numbers: to the right, never shortened.
    Right,
    /// Words: to the left, never shortened.
    Left,
    /// Words that may lose their end, down to this width.
    CutEnd(usize),
    /// Host names: the end says whose it is, so the beginning goes first.
    CutStart(usize),
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(Tone::Plain, text)
    }
}

/// Rows of cells under headings.
pub(super) struct Grid {
    fits: Vec<Fit>,
    rows: Vec<Vec<Cell>>,
}

impl Grid {
    /// Headings may hold several lines, separated by a line break; the last lines stand level.
    pub(super) fn new(columns: &[(&str, Fit)]) -> Self {
        let headings: Vec<Vec<&str>> = columns.iter().map(|(heading, _)| heading.split('\n').collect()).collect();
        let height = headings.iter().map(Vec::len).max().unwrap_or(0);
        let text = |lines: &[&str], line: usize| {
            let missing = height - lines.len();
            line.checked_sub(missing).and_then(|at| lines.get(at)).map_or_else(String::new, |&text| text.to_owned())
        };
        let line = |line: usize| headings.iter().map(|lines| Cell::new(Tone::Faint, text(lines, line))).collect();
        Self { fits: columns.iter().map(|(_, fit)| *fit).collect(), rows: (0..height).map(line).collect() }
    }

    pub(super) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Columns of the terminal that it takes when nothing is shortened.
    pub(super) fn width(&self) -> usize {
        total(&self.widths())
    }

    /// The rows as lines, each with its line break.
    pub(super) fn lines(&self, style: Style) -> String {
        let widths = self.narrowed(style.width);
        self.rows.iter().map(|row| self.line(row, &widths, style)).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let widest = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.width()).max();
        (0..self.fits.len()).map(|column| widest(column).unwrap_or(0)).collect()
    }

    /// Takes from the widest column that may be shortened, until the rows fit or none may.
    fn narrowed(&self, limit: usize) -> Vec<usize> {
        let mut widths = self.widths();
        while total(&widths) > limit {
            let can_give = widths.iter_mut().zip(&self.fits).filter(|(width, fit)| **width > fit.least());
            let Some((widest, _)) = can_give.max_by_key(|(width, _)| **width) else { break };
            *widest -= 1;
        }
        widths
    }

    fn line(&self, row: &[Cell], widths: &[usize], style: Style) -> String {
        let cells = row.iter().zip(widths).zip(&self.fits);
        let shown: Vec<_> = cells.map(|((cell, &width), fit)| fit.padded(cell, width, style)).collect();
        format!("{INDENT}{}", shown.join(GAP)).trim_end().to_owned() + "\n"
    }
}

impl Fit {
    const fn least(self) -> usize {
        match self {
            Self::Right | Self::Left => usize::MAX,
            Self::CutEnd(least) | Self::CutStart(least) => least,
        }
    }

    fn padded(self, cell: &Cell, width: usize, style: Style) -> String {
        let text = match self {
            Self::CutStart(_) => cut_start(&cell.text, width),
            _ => cut_end(&cell.text, width),
        };
        let room = " ".repeat(width.saturating_sub(text.width()));
        let text = style.paint(cell.tone, &text);
        if self == Self::Right { room + &text } else { text + &room }
    }
}

fn total(widths: &[usize]) -> usize {
    INDENT.len() + widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
}

fn cut_end(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    fitting(text.chars(), width.saturating_sub(1)).into_iter().chain(['…']).collect()
}

fn cut_start(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let kept = fitting(text.chars().rev(), width.saturating_sub(1));
    std::iter::once('…').chain(kept.into_iter().rev()).collect()
}

fn fitting(characters: impl Iterator<Item = char>, width: usize) -> Vec<char> {
    let mut used = 0;
    let fits = |character: &char| {
        used += character.width().unwrap_or(0);
        used <= width
    };
    characters.take_while(fits).collect()
}

/// `text` with nothing in it that could act on a terminal. Rows hold escaped text already; what passes
/// through here unchanged proves it, and what does not is escaped now.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let parts: Vec<_> = text.split('\\').map(|part| escape(part.as_bytes())).collect();
    let safe = parts.join("\\");
    if safe == text { Cow::Borrowed(text) } else { Cow::Owned(safe) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style { colour: false, width: 80 };

    fn grid() -> Grid {
        let mut grid = Grid::new(&[("name", Fit::CutStart(10)), ("United\nStates", Fit::Right)]);
        grid.row(vec!["log.example.com.test".into(), Cell::new(Tone::Alarm, "5 B")]);
        grid
    }

    #[test]
    fn aligns_and_stacks_headings() {
        let lines = grid().lines(PLAIN);
        assert_eq!(lines, "                        United\n  name                  States\n  log.example.com.test     5 B\n");
    }

    #[test]
    fn a_narrow_terminal_keeps_the_end_of_a_name() {
        let lines = grid().lines(Style { width: 24, ..PLAIN });
        assert!(lines.ends_with("  …mple.com.test     5 B\n"), "{lines}");
        assert_eq!(grid().width(), 30);
    }

    #[test]
    fn colour_takes_no_room() {
        let lines = grid().lines(Style { colour: true, ..PLAIN });
        assert!(lines.ends_with("   \x1b[1;31m5 B\x1b[0m\n"), "{lines:?}");
    }

    #[test]
    fn wide_characters_are_cut_between() {
        assert_eq!((cut_end("無人機", 4), cut_start("無人機", 5), cut_end("ab", 2)), ("無…".into(), "…人機".into(), "ab".into()));
    }

    #[test]
    fn nothing_acts_on_the_terminal() {
        assert_eq!(printable("a\x1b[2J\\x1b"), "a\\x1b[2J\\x1b");
        assert!(matches!(printable(r"a\x1b"), Cow::Borrowed(_)));
    }
}
