//! The library's one error: a file that cannot be read, arguments that are wrong, a disk that is full.
//! Traffic is never an error.

use std::path::{Path, PathBuf};

use crate::enrich::RulesError;

/// Why an analysis could not be done.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] pub(crate) Kind);

impl Error {
    /// The cause lies in reading or writing a file.
    #[must_use]
    pub const fn is_io(&self) -> bool {
        match &self.0 {
            Kind::Io { .. } => true,
            Kind::Rules(error) => error.is_io(),
            Kind::Usage(_) | Kind::Table { .. } => false,
        }
    }

    /// An input is not a capture, or its header is beyond use.
    #[must_use]
    pub const fn is_not_a_capture(&self) -> bool {
        matches!(self.0, Kind::NotACapture { .. })
    }

    /// The cause lies in what was asked for.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        match &self.0 {
            Kind::Usage(_) => true,
            Kind::Rules(error) => !error.is_io(),
            Kind::Io { .. } | Kind::Table { .. } => false,
        }
    }
}

impl From<RulesError> for Error {
    fn from(error: RulesError) -> Self {
        Self(Kind::Rules(error))
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("cannot {attempt} {}: {source}", path.display())]
    Io { attempt: &'static str, path: PathBuf, source: std::io::Error },
    #[error("cannot read {} as a capture: {reason}", path.display())]
    NotACapture { path: PathBuf, reason: String },
    #[error("{0}")]
    Usage(String),
    #[error("cannot write table {table}: {detail}")]
    Table { table: String, detail: String },
    #[error(transparent)]
    Rules(#[from] RulesError),
}

impl Kind {
    pub(crate) fn io(attempt: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { attempt, path: path.to_path_buf(), source }
    }
}
