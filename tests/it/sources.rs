//! The project's own files, as the tests of its shape read them.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One file of `src/`.
pub(crate) struct Source {
    /// Path below `src/`, parts joined with `/`.
    pub(crate) path: String,
    /// The whole text.
    pub(crate) text: String,
}

impl Source {
    /// The module directly below the crate's root that the file belongs to.
    pub(crate) fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many modules lie between the file's items and the crate's root.
    pub(crate) fn depth(&self) -> usize {
        let inner = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let inner = inner.strip_suffix("/mod").unwrap_or(inner);
        if matches!(inner, "lib" | "main") { 0 } else { inner.split('/').count() }
    }

    /// Paths of the modules that the file declares for unit tests only.
    fn test_files(&self) -> Vec<String> {
        let folder = self.path.strip_suffix("mod.rs").map_or_else(|| self.path.replace(".rs", "/"), str::to_owned);
        let declared = self.text.split("#[cfg(test)]\n").skip(1).filter_map(|item| item.lines().next());
        let names = declared.filter_map(|line| line.strip_suffix(';')?.split_once("mod ").map(|(_, name)| name));
        names.map(|name| format!("{folder}{name}.rs")).collect()
    }

    /// Numbered lines of code: without comments, and without what is only built for unit tests.
    pub(crate) fn code(&self) -> Vec<(usize, &str)> {
        let mut lines = Vec::new();
        let mut numbered = self.text.lines().enumerate();
        while let Some((number, line)) = numbered.next() {
            if line.trim() == "#[cfg(test)]" {
                // The item ends with the first line as far to the left that closes something.
                let closes = |item: &str| indent(item) == indent(line) && item.ends_with([';', '}']);
                while numbered.next().is_some_and(|(_, item)| !closes(item)) {}
            } else if !line.trim_start().starts_with("//") {
                lines.push((number + 1, line.split(" // ").next().unwrap_or(line)));
            }
        }
        lines
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Every Rust file of `src/`, in the order of their paths, files left out that are only built for unit tests.
pub(crate) fn sources() -> Vec<Source> {
    let top = root().join("src");
    let read = |path: &PathBuf| {
        let parts: Vec<_> = path.strip_prefix(&top).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
        Source { path: parts.join("/"), text: fs::read_to_string(path).unwrap() }
    };
    let mut found: Vec<_> = files(&top, "rs").iter().map(read).collect();
    let tests: Vec<_> = found.iter().flat_map(Source::test_files).collect();
    let below =
        |path: &str, file: &String| path == file || file.strip_suffix(".rs").is_some_and(|stem| path.starts_with(&format!("{stem}/")));
    found.retain(|source| !tests.iter().any(|file| below(&source.path, file)));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no source found in {}", top.display());
    found
}

/// Files below a folder with the given ending.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|end| end == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}
