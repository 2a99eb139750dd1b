//! What the terminal is like: its width, and whether colour is wanted.

use std::io::{IsTerminal, stdout};

use super::answer::Style;

/// Columns where there is no terminal to ask.
const WIDTH: usize = 120;

/// The style for standard output: colour only on a terminal and without `NO_COLOR` (no-color.org).
pub(crate) fn style() -> Style {
    let is_terminal = stdout().is_terminal();
    let colour =
        is_terminal && variable("NO_COLOR").is_none_or(|value| value.is_empty()) && variable("TERM").is_none_or(|term| term != "dumb");
    let asked = variable("COLUMNS").and_then(|columns| columns.parse().ok());
    let terminal = is_terminal.then(|| indicatif::TermLike::width(&console::Term::stdout()).into());
    Style { colour, width: asked.or(terminal).unwrap_or(WIDTH) }
}

#[expect(clippy::disallowed_methods, reason = "a face may read the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
