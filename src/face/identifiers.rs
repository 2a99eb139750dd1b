//! Identifiers on the command line: the same arguments for every command that reads captures.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::enrich::Vantage;
use crate::error::Error;
use crate::search::{Reveal, Search, list};

/// The arguments.
#[derive(Args, Clone, Debug, Default)]
pub struct IdentifierArgs {
    /// What identifies the persons and devices of this case (TOML, see docs/identifiers.md): looked for in all that can be
    /// read, in many forms; repeatable
    #[arg(long = "identifiers", value_name = "FILE")]
    pub lists: Vec<PathBuf>,
    /// Show in table findings what was found as it is; without it no identifier, password or token is written anywhere there
    #[arg(long)]
    pub reveal: bool,
}

impl IdentifierArgs {
    /// Reads the lists, in their order, and says on standard error what is not looked for. Numbers that would be places far
    /// from `vantage` are no positions.
    ///
    /// # Errors
    /// When one cannot be read, or is not what it should be. The error does not show values.
    #[expect(clippy::print_stderr, reason = "notes for people go beside the answer, not into it")]
    pub fn read(&self, vantage: Option<Vantage>) -> Result<Arc<Search>, Error> {
        let reveal = if self.reveal { Reveal::Plain } else { Reveal::Masked };
        let mut all = Vec::new();
        for path in &self.lists {
            all.extend(list::read(path)?);
        }
        let search = if all.is_empty() { Search::detectors(reveal) } else { Search::new(&all, reveal)? };
        for refused in search.refused() {
            eprintln!("whereto: identifier {refused}");
        }
        Ok(Arc::new(search.near(vantage.map(Vantage::degrees))))
    }

    /// The values of the lists, for what may not say them.
    ///
    /// # Errors
    /// As [`Self::read`].
    #[cfg(feature = "table")]
    pub(super) fn values(&self) -> Result<Vec<String>, Error> {
        let mut values = Vec::new();
        for path in &self.lists {
            values.extend(list::read(path)?.iter().flat_map(|identifier| identifier.value.texts()));
        }
        Ok(values)
    }
}
