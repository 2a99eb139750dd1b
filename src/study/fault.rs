//! What is wrong with a study file, shown as TOML's own errors are: the line, and a caret below the place.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind};

/// A study file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("study file {}: {told}", path.display())]
pub(crate) struct StudyError {
    path: PathBuf,
    told: String,
}

impl From<StudyError> for Error {
    fn from(error: StudyError) -> Self {
        Kind::Data { error: error.into(), is_io: false }.into()
    }
}

/// A text being read, for messages about it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Source {
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Kind::io("read study file", path, source))?;
        Ok(Self { path: path.to_path_buf(), text })
    }

    /// TOML of this shape.
    pub(super) fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        toml::from_str(&self.text).map_err(|error| {
            let mut told = error.to_string().trim_end().to_owned();
            if let Some(meant) = meant(error.message()) {
                let _infallible = write!(told, "\nhelp: did you mean `{meant}`?");
            }
            StudyError { path: self.path.clone(), told }.into()
        })
    }

    /// The first place of a text within a range, else all of it.
    pub(super) fn narrowed(&self, span: Range<usize>, text: &str) -> Range<usize> {
        let found = self.text.get(span.clone()).and_then(|within| within.find(text));
        found.map_or_else(|| span.clone(), |at| span.start + at..span.start + at + text.len())
    }

    /// An error at a place of the text.
    pub(super) fn fault(&self, span: Range<usize>, message: &str) -> Error {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let shown = self.text.get(begin..).unwrap_or_default().lines().next().unwrap_or_default();
        let column = before.get(begin..).unwrap_or_default().chars().count();
        let length = self.text.get(span).unwrap_or_default().lines().next().unwrap_or_default().chars().count().max(1);
        let margin = line.to_string().len();
        let told = format!(
            "TOML error at line {line}, column {}\n{:margin$} |\n{line} | {shown}\n{:margin$} | {:column$}{}\n{message}",
            column + 1,
            "",
            "",
            "",
            "^".repeat(length)
        );
        StudyError { path: self.path.clone(), told }.into()
    }
}

/// The known key that an unknown one is closest to, read off serde's message.
fn meant(message: &str) -> Option<&str> {
    let mut quoted = message.strip_prefix("unknown field")?.split('`').skip(1).step_by(2);
    let wrong = quoted.next()?;
    nearest(wrong, quoted)
}

/// The word with fewest changes to `wrong`, when they are few.
pub(super) fn nearest<'a>(wrong: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = words.map(|word| (distance(wrong, word), word)).min()?;
    (near.0 <= 1 + wrong.chars().count() / 3).then_some(near.1)
}

/// Characters to change, add or take away to make one word of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut corner = line;
        let mut left = line + 1;
        for (cell, own) in row.iter_mut().skip(1).zip(&other) {
            let changed = corner + usize::from(letter != *own);
            corner = *cell;
            left = changed.min(left + 1).min(*cell + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_by_changes() {
        assert_eq!(distance("capture", "captures"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(nearest("settngs", ["captures", "settings"].into_iter()), Some("settings"));
        assert_eq!(nearest("zebra", ["captures", "settings"].into_iter()), None);
    }

    #[test]
    fn a_fault_shows_line_and_caret() {
        let source = Source { path: "s.toml".into(), text: "a = 1\nb = \"x\"\n".into() };
        let told = source.fault(10..13, "no such thing").to_string();
        assert!(told.contains("line 2, column 5"), "{told}");
        assert!(told.contains("2 | b = \"x\"\n  |     ^^^\nno such thing"), "{told}");
    }
}
