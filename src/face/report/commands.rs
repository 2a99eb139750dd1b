//! The commands that show on what a number rests. Each number in the report links to one of them.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// The commands linked so far, in the order in which they were first asked for.
#[derive(Default)]
pub(super) struct Commands {
    numbers: RefCell<BTreeMap<String, usize>>,
    order: RefCell<Vec<String>>,
}

impl Commands {
    /// The anchor of `whereto explain DIR WHAT`.
    pub(super) fn explain(&self, what: &str) -> String {
        let command = format!("whereto explain DIR {}", quoted(what));
        let mut order = self.order.borrow_mut();
        let number = *self.numbers.borrow_mut().entry(command.clone()).or_insert_with(|| {
            order.push(command);
            order.len()
        });
        format!("x{number}")
    }

    /// Anchors and commands.
    pub(super) fn all(&self) -> Vec<(String, String)> {
        self.order.borrow().iter().enumerate().map(|(index, command)| (format!("x{}", index + 1), command.clone())).collect()
    }
}

/// What a cell of the summary is called by `explain`.
pub(super) fn cell(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(column, value)| format!("{column}={value}")).collect::<Vec<_>>().join(",")
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:=/".contains(&byte));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_anchor_per_command_and_nothing_for_the_shell_to_do() {
        let commands = Commands::default();
        assert_eq!(commands.explain("flow:17"), "x1");
        assert_eq!(commands.explain("category=media,region=United States"), "x2");
        assert_eq!(commands.explain("flow:17"), "x1");
        assert_eq!(commands.explain("a'$(reboot)"), "x3");
        let all: Vec<_> = commands.all().into_iter().map(|(_, command)| command).collect();
        assert_eq!(all[0], "whereto explain DIR flow:17");
        assert_eq!(all[1], "whereto explain DIR 'category=media,region=United States'");
        assert_eq!(all[2], r"whereto explain DIR 'a'\''$(reboot)'");
    }
}
