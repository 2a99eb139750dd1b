//! Why rules could not be loaded.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::problem::Problem;

/// Why rules could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RulesError {
    /// A file or folder cannot be read.
    #[error("cannot {attempt} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        attempt: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A folder without any rule file.
    #[error("no *.toml file in {}", .0.display())]
    Empty(PathBuf),
    /// A file larger than the limit in bytes.
    #[error("rule file {path} is larger than {limit} bytes", path = .0.display(), limit = .1)]
    TooLong(PathBuf, u64),
    /// A file whose text cannot be used.
    #[error("{}", listed(.0))]
    Invalid(Vec<Problem>),
}

impl RulesError {
    pub(super) fn io(attempt: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { attempt, path: path.to_path_buf(), source }
    }

    pub(super) const fn invalid(problems: Vec<Problem>) -> Self {
        Self::Invalid(problems)
    }

    /// What is wrong, spot by spot, when it is the text of a file.
    pub(crate) fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid(problems) => problems,
            Self::Io { .. } | Self::Empty(_) | Self::TooLong(..) => &[],
        }
    }

    /// The cause lies in reading a file.
    pub(crate) const fn is_io(&self) -> bool {
        matches!(self, Self::Io { .. })
    }
}

fn listed(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let gap = if text.is_empty() { "" } else { "\n\n" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{gap}{problem}");
    }
    text
}
