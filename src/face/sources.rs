//! Where the captures of a result lie now: by the path that the manifest has, or below a folder that they were moved to.
//! A capture is only the one that was analysed when its hash is the same; so one whose path was redacted is found by that.

use std::fmt;
use std::path::{Path, PathBuf};

use super::manifest::{Input, hash_file};
use crate::limits;

/// Why a file of the manifest cannot be used.
#[derive(Debug)]
pub(super) enum Lost {
    /// It was a pipe.
    Pipe,
    /// What lies there is something else.
    Changed,
    /// It is not there.
    Missing(String),
}

impl fmt::Display for Lost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pipe => out.write_str("was read from a pipe and cannot be checked"),
            Self::Changed => out.write_str("changed since it was analyzed"),
            Self::Missing(why) => write!(out, "not checked: {why}"),
        }
    }
}

/// The path of a file whose hash is that of the manifest.
pub(super) fn find(input: &Input, moved_to: Option<&Path>) -> Result<PathBuf, Lost> {
    if input.path == "-" {
        return Err(Lost::Pipe);
    }
    let mut lost = None;
    for path in candidates(Path::new(&input.path), moved_to) {
        match hash_file(&path) {
            Ok((_, sha256)) if sha256 == input.sha256 => return Ok(path),
            Ok(_) => lost = Some(Lost::Changed),
            Err(error) => lost = lost.or_else(|| Some(Lost::Missing(format!("{error:#}")))),
        }
    }
    if let Some(path) = moved_to.and_then(|folder| by_hash(input, folder, 0)) {
        return Ok(path);
    }
    Err(lost.unwrap_or_else(|| Lost::Missing("it has no file name".to_owned())))
}

/// The first file below a folder with the length and the hash that the manifest has.
fn by_hash(input: &Input, folder: &Path, depth: usize) -> Option<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let is_it = |path: &PathBuf| {
        let length = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file).map(|told| told.len());
        length == Some(input.bytes) && hash_file(path).is_ok_and(|(_, sha256)| sha256 == input.sha256)
    };
    let is_folder = |path: &&PathBuf| std::fs::symlink_metadata(path).is_ok_and(|told| told.is_dir());
    let below = |path: &PathBuf| (depth < limits::FOLDER_DEPTH).then(|| by_hash(input, path, depth + 1))?;
    paths.iter().find(|path| is_it(path)).cloned().or_else(|| paths.iter().filter(is_folder).find_map(below))
}

/// The path itself, or its last part, its last two parts and so on below the folder: captures of several runs may have
/// one file name.
fn candidates(given: &Path, moved_to: Option<&Path>) -> Vec<PathBuf> {
    let Some(folder) = moved_to else { return vec![given.to_path_buf()] };
    let parts: Vec<_> = given.components().filter(|part| matches!(part, std::path::Component::Normal(_))).collect();
    (0..parts.len()).rev().filter_map(|from| parts.get(from..)).map(|tail| folder.join(tail.iter().collect::<PathBuf>())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_capture_is_looked_for_by_more_and_more_of_its_path() {
        let found = candidates(Path::new("studies/../runs/01/phone.pcap"), Some(Path::new("/evidence")));
        let expected = ["phone.pcap", "01/phone.pcap", "runs/01/phone.pcap", "studies/runs/01/phone.pcap"];
        assert_eq!(found, expected.map(|tail| Path::new("/evidence").join(tail)));
        assert_eq!(candidates(Path::new("a/b.pcap"), None), [PathBuf::from("a/b.pcap")]);
    }
}
