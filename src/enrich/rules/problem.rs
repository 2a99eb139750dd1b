//! What is wrong with a rule file, and where: the line itself with a caret under the spot.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// The file cannot be used.
    Error,
    /// The file works, though likely not as meant.
    Warning,
}

/// One thing wrong in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// File as the user named it.
    pub(crate) file: String,
    /// Line, counted from 1.
    pub(crate) line: usize,
    /// Column in characters, counted from 1; 0 when the whole line is meant.
    pub(crate) column: usize,
    /// How bad it is.
    pub(crate) severity: Severity,
    /// What was found and what was expected.
    pub(crate) message: String,
    /// The line, and how many characters of it are meant.
    #[serde(skip)]
    excerpt: Option<(String, usize)>,
}

/// Longest line shown, in characters: a caret further right helps nobody.
const MAX_SHOWN: usize = 200;

impl Problem {
    /// An error at a byte range of `text`.
    pub(super) fn at(file: &str, text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |newline| newline.saturating_add(1));
        let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let column = before.get(start..).unwrap_or_default().chars().count();
        let meant = text.get(span).and_then(|meant| meant.lines().next()).unwrap_or_default().chars().count();
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count().saturating_add(1),
            column: column.saturating_add(1),
            severity: Severity::Error,
            message: message.into(),
            excerpt: Some((shown(line), meant.max(1))),
        }
    }

    /// A warning about a whole entry.
    pub(super) fn warning(file: &str, line: usize, message: String) -> Self {
        Self { file: file.to_owned(), line, column: 0, severity: Severity::Warning, message, excerpt: None }
    }
}

fn shown(line: &str) -> String {
    line.chars().take(MAX_SHOWN).map(|character| if character.is_control() { ' ' } else { character }).collect()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.column > 0 {
            write!(f, ":{}", self.column)?;
        }
        let word = if self.severity == Severity::Warning { "warning: " } else { "" };
        write!(f, ": {word}{}", self.message)?;
        let Some((line, meant)) = &self.excerpt else { return Ok(()) };
        let indent = self.column.saturating_sub(1);
        if indent >= MAX_SHOWN {
            return Ok(());
        }
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let carets = "^".repeat((*meant).min(MAX_SHOWN.saturating_sub(indent)));
        write!(f, "\n{margin} |\n{number} | {line}\n{margin} | {}{carets}", " ".repeat(indent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_is_under_the_spot() {
        let text = "[a]\nname = \"é\"; bad\nend";
        let start = text.find("bad").unwrap();
        let problem = Problem::at("x.toml", text, start..start + 3, "no");
        assert_eq!(problem.to_string(), "x.toml:2:13: no\n  |\n2 | name = \"é\"; bad\n  |             ^^^");
    }

    #[test]
    fn odd_spans_do_no_harm() {
        let text = format!("a\n{}\u{7}", "é".repeat(5_000));
        for span in [0..0, 3..4, 9_000..9_001, 50_000..60_000, text.len()..text.len()] {
            assert!(!Problem::at("x", &text, span, "m").to_string().contains('\u{7}'));
        }
        assert_eq!(Problem::warning("x", 7, "w".into()).to_string(), "x:7: warning: w");
    }
}
