//! Rules: which kind of data a flow carries and whose service it reaches, told by data files.
//!
//! Rule files are TOML in `rules/`, built into the program; users add their own. Each rule has an id, a
//! source and a date, so that every answer can be traced to whoever said so. The strongest basis that
//! tells anything wins: bytes before path, path before name, name before address, address before port.

mod check;
mod decide;
mod error;
mod explain;
mod index;
mod pattern;
mod problem;
mod ruleset;

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::owner::{Owner, Owners};
use super::party::{Party, Role};
use crate::limits;
use index::Index;

pub(crate) use decide::{Decision, Question};
pub(crate) use error::RulesError;
pub(crate) use explain::{Attempt, Outcome};
pub(crate) use problem::{Problem, Severity};
pub(crate) use ruleset::{Origin, Rule};

/// The rule files built into the program.
static SHIPPED: &[(&str, &str)] = &[
    ("rules/owners.toml", include_str!("../../../rules/owners.toml")),
    ("rules/dji.toml", include_str!("../../../rules/dji.toml")),
    ("rules/dji-sdks.toml", include_str!("../../../rules/dji-sdks.toml")),
    ("rules/platforms.toml", include_str!("../../../rules/platforms.toml")),
    ("rules/clouds.toml", include_str!("../../../rules/clouds.toml")),
    ("rules/trackers.toml", include_str!("../../../rules/trackers.toml")),
    ("rules/services.toml", include_str!("../../../rules/services.toml")),
    ("rules/protocols.toml", include_str!("../../../rules/protocols.toml")),
];

/// A rule file that was loaded: what a result must name to be repeatable.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct RuleFile {
    /// File as the user named it, or its name in the program.
    pub(crate) file: String,
    /// Name of the ruleset.
    pub(crate) name: String,
    /// Version of the ruleset.
    pub(crate) version: String,
    /// SHA-256 of its text.
    pub(crate) sha256: String,
    /// What the ruleset is for.
    pub(crate) about: String,
    /// Who wrote it.
    pub(crate) origin: Origin,
    /// Rules in it.
    pub(crate) rules: usize,
    /// Owners in it.
    pub(crate) owners: usize,
}

/// Every rule and owner known, for a study of one vendor.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    vendor: String,
    rules: Vec<Rule>,
    by_id: HashMap<String, usize>,
    index: Index,
    owners: Owners,
    sources: Vec<RuleFile>,
}

impl Rules {
    /// No rules at all, for a study of `vendor`.
    pub(crate) fn none(vendor: &str) -> Self {
        Self {
            vendor: vendor.trim().to_lowercase(),
            rules: Vec::new(),
            by_id: HashMap::new(),
            index: Index::default(),
            owners: Owners::default(),
            sources: Vec::new(),
        }
    }

    /// The rules built into the program, for a study of `vendor` (as `DJI`; case does not matter).
    ///
    /// # Errors
    ///
    /// When a built-in file is damaged, which the tests rule out.
    pub(crate) fn shipped(vendor: &str) -> Result<Self, RulesError> {
        let mut rules = Self::none(vendor);
        for (file, text) in SHIPPED {
            rules.add_text(file, text, Origin::Shipped)?;
        }
        Ok(rules)
    }

    /// Adds a user's rule file, or all `*.toml` files of a folder in the order of their names.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or any of its rules cannot be used; files before it stay added.
    pub(crate) fn add_path(&mut self, path: &Path) -> Result<(), RulesError> {
        for file in files(path)? {
            let text = read_file(&file)?;
            self.add_text(&file.display().to_string(), &text, Origin::User)?;
        }
        Ok(())
    }

    /// Adds rules from the text of a file; either all of it or nothing.
    ///
    /// # Errors
    ///
    /// With every problem found in the text.
    pub(crate) fn add_text(&mut self, file: &str, text: &str, origin: Origin) -> Result<(), RulesError> {
        let ruleset = ruleset::read(file, text, origin).map_err(RulesError::invalid)?;
        let problems = self.clashes(file, text, &ruleset);
        if !problems.is_empty() {
            return Err(RulesError::invalid(problems));
        }
        self.sources.push(RuleFile {
            file: file.to_owned(),
            name: ruleset.name,
            version: ruleset.version,
            sha256: crate::wire::hex(&Sha256::digest(text)),
            about: ruleset.about,
            origin,
            rules: ruleset.rules.len(),
            owners: ruleset.owners.len(),
        });
        for (owner, _) in ruleset.owners {
            self.owners.add(owner);
        }
        for (rule, _) in ruleset.rules {
            let place = self.rules.len();
            self.by_id.insert(rule.id.clone(), place);
            self.index.add(place, &rule);
            self.rules.push(rule);
        }
        Ok(())
    }

    /// Whether any owner is the vendor under study: without one, nothing can be first party.
    pub(crate) fn knows_vendor(&self) -> bool {
        let vendor = Role::Vendor(self.vendor.clone());
        self.owners.iter().any(|owner| owner.role == vendor)
    }

    /// The rule with this id.
    pub(crate) fn rule(&self, id: &str) -> Option<&Rule> {
        self.by_id.get(id).and_then(|place| self.rules.get(*place))
    }

    /// Every rule, in the order in which files and rules were added.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Rule> {
        self.rules.iter()
    }

    /// Every file loaded, in order.
    pub(crate) fn sources(&self) -> &[RuleFile] {
        &self.sources
    }

    /// The party that an owner's role gives in this study.
    pub(crate) fn party_of(&self, owner: &Owner) -> Party {
        owner.role.party(&self.vendor)
    }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, RulesError> {
    if !path.is_dir() {
        return Ok(vec![path.to_path_buf()]);
    }
    let entries = std::fs::read_dir(path).map_err(|source| RulesError::io("list rule files in", path, source))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(|source| RulesError::io("list rule files in", path, source))?.path();
        if file.extension().is_some_and(|extension| extension == "toml") {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(RulesError::Empty(path.to_path_buf()));
    }
    files.sort();
    Ok(files)
}

/// Reads a rule file, refusing one that is larger than any list written for people.
fn read_file(path: &Path) -> Result<String, RulesError> {
    let io = |source| RulesError::io("read rules", path, source);
    let file = std::fs::File::open(path).map_err(io)?;
    let mut text = String::new();
    file.take(limits::RULE_FILE_BYTES.saturating_add(1)).read_to_string(&mut text).map_err(io)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > limits::RULE_FILE_BYTES) {
        return Err(RulesError::TooLong(path.to_path_buf(), limits::RULE_FILE_BYTES));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
