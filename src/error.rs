//! The library's one error: a file that cannot be read, arguments that are wrong, a disk that is full.
//! Traffic is never an error.

use std::path::{Path, PathBuf};

/// Why an analysis could not be done.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] pub(crate) Kind);

impl Error {
    /// The cause lies in reading or writing a file.
    #[must_use]
    pub const fn is_io(&self) -> bool {
        match &self.0 {
            Kind::Io { .. } | Kind::Table { .. } => true,
            Kind::Data { is_io, .. } => *is_io,
            Kind::NotACapture { .. } | Kind::Usage(_) => false,
        }
    }

    /// An input is not a capture, or its header is beyond use.
    #[must_use]
    pub const fn is_not_a_capture(&self) -> bool {
        matches!(self.0, Kind::NotACapture { .. })
    }

    /// The cause lies in what was asked for: arguments, or files named in them.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        !self.is_io() && !self.is_not_a_capture()
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
    #[cfg_attr(not(feature = "table"), expect(dead_code, reason = "tables are a feature"))]
    #[error("cannot {attempt} table {table}, {}: {detail}", path.display())]
    Table { attempt: &'static str, table: String, path: PathBuf, detail: String },
    /// Rules, regions or address data; their own floor says what is wrong with them.
    #[error("{error}")]
    Data { error: Box<dyn std::error::Error + Send + Sync>, is_io: bool },
}

impl Kind {
    pub(crate) fn io(attempt: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { attempt, path: path.to_path_buf(), source }
    }
}
