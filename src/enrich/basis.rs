//! What an inferred answer rests on, strongest first.

use serde::Serialize;

/// What a category, party or owner rests on. The greatest is the strongest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Basis {
    /// Nothing.
    #[default]
    None,
    /// Volume and timing; only ever a candidate.
    #[expect(dead_code, reason = "a word of the tables that no rule gives so far")]
    Behaviour,
    /// Transport and port number.
    Port,
    /// Network address, or whether it is a local one.
    Address,
    /// Host name.
    Name,
    /// URL seen in clear or decrypted.
    Path,
    /// The bytes themselves.
    Content,
}

impl Basis {
    /// The word in the table.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Behaviour => "behaviour",
            Self::Port => "port",
            Self::Address => "address",
            Self::Name => "name",
            Self::Path => "path",
            Self::Content => "content",
        }
    }
}
