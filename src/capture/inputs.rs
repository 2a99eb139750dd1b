//! What the user names as input: files, folders, globs, standard input; made into a sorted list of captures.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::compressed::Compression;
use super::pcap::Pcap;
use super::pcapng::Pcapng;
#[cfg(feature = "table")]
use super::{Event, Reader};
use crate::error::{Error, Kind};
use crate::limits;
#[cfg(feature = "table")]
use crate::time::Timestamp;

/// The captures to read, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Captures; `-` is standard input.
    pub captures: Vec<PathBuf>,
    /// Files in folders that are no captures, passed over.
    pub passed_over: Vec<PathBuf>,
}

#[cfg(feature = "table")]
impl Inputs {
    /// Puts captures in the order of their first frames, as one that was split is read; those without a frame come
    /// first, equals by path. Only the start of each file is read; what is no file is not touched.
    pub(crate) fn sort_by_time(&mut self) {
        self.captures.sort_by_cached_key(|path| (first_time(path), path.clone()));
    }
}

#[cfg(feature = "table")]
fn first_time(path: &Path) -> Option<Timestamp> {
    let mut reader = path.is_file().then(|| Reader::open(path).ok())??;
    for _ in 0..limits::EVENTS_BEFORE_FRAME {
        if let Event::Frame(frame) = reader.next_event()? {
            return Some(frame.time);
        }
    }
    None
}

/// Expands files, folders (recursively), globs and `-`.
///
/// # Errors
/// When something named does not exist, a folder cannot be read, or a pattern matches nothing.
pub fn expand(named: &[PathBuf]) -> Result<Inputs, Error> {
    let mut inputs = Inputs::default();
    for path in named {
        expand_one(path, &mut inputs)?;
    }
    let mut seen = std::collections::BTreeSet::new();
    inputs.captures.retain(|path| seen.insert(path.clone()));
    if inputs.captures.is_empty() {
        let folders = named.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        return Err(Kind::Usage(format!(
            "no capture found in {folders}: expected pcap or pcapng files, also compressed with gzip, zstd or lz4"
        ))
        .into());
    }
    Ok(inputs)
}

fn expand_one(path: &Path, inputs: &mut Inputs) -> Result<(), Error> {
    if path == Path::new("-") || path.is_file() {
        inputs.captures.push(path.to_path_buf());
        return Ok(());
    }
    if path.is_dir() {
        return expand_folder(path, inputs, 0);
    }
    let pattern = path.to_string_lossy();
    if path.exists() {
        // A pipe or a device.
        inputs.captures.push(path.to_path_buf());
        return Ok(());
    }
    if !pattern.contains(['*', '?', '[']) {
        let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Kind::io("open capture", path, missing).into());
    }
    let matches = glob::glob(&pattern).map_err(|error| Kind::Usage(format!("cannot read the pattern {pattern}: {error}")))?;
    let mut found: Vec<PathBuf> = matches.filter_map(Result::ok).collect();
    found.sort_unstable();
    if found.is_empty() {
        return Err(Kind::Usage(format!("nothing matches the pattern {pattern}")).into());
    }
    for path in found {
        if path.is_dir() {
            expand_folder(&path, inputs, 0)?;
        } else {
            inputs.captures.push(path);
        }
    }
    Ok(())
}

fn expand_folder(folder: &Path, inputs: &mut Inputs, depth: usize) -> Result<(), Error> {
    if depth > limits::FOLDER_DEPTH {
        return Err(Kind::Usage(format!("more than {} folders below each other at {}", limits::FOLDER_DEPTH, folder.display())).into());
    }
    let failed = |source| Kind::io("read folder", folder, source);
    let mut paths = fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort_unstable();
    for path in paths {
        let is_link = path.is_symlink();
        if path.is_dir() {
            // Linked folders could lead in circles.
            if !is_link {
                expand_folder(&path, inputs, depth + 1)?;
            }
        } else if is_capture(&path) {
            inputs.captures.push(path);
        } else {
            inputs.passed_over.push(path);
        }
    }
    Ok(())
}

/// Whether a file in a folder begins like a capture, or like a compressed file that its name says is one.
fn is_capture(path: &Path) -> bool {
    let mut magic = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(4).read_to_end(&mut magic));
    if read.is_err() {
        return false;
    }
    let is_compressed = Compression::of(&magic) != Compression::None;
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    Pcap::recognises(&magic) || Pcapng::recognises(&magic) || is_compressed && (name.contains("cap") || name.contains(".ntar"))
}
