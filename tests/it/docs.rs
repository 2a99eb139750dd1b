//! What the documents say about the repository is true of it: commands and links exist, no path leads to somebody's
//! machine, and the change log has a place for what comes next.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sources::{files, root};

/// First parts of absolute paths that exist on one machine only.
const MACHINE: &[&str] = &["/home/", "/root/", "/Users/", "/mnt/", "/media/", "/work/", "/workspace/", "C:\\"];

#[test]
fn commands_of_the_readme_exist_and_can_be_run() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let commands: Vec<_> =
        readme.lines().filter_map(|line| line.split_whitespace().next()).filter(|word| word.starts_with("scripts/")).collect();
    assert!(commands.contains(&"scripts/demo") && commands.contains(&"scripts/test"), "README names {commands:?}");
    for command in commands {
        let path = root().join(command);
        assert!(path.is_file(), "README names {command}, which does not exist");
        assert!(is_executable(&path), "{command} is not executable");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") && !file.starts_with("mailto:") {
                let path = document.parent().unwrap().join(file);
                assert!(path.exists(), "{} links to {target}, which does not exist", document.display());
            }
        }
    }
}

#[test]
fn no_document_names_a_path_of_one_machine() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for (number, line) in text.lines().enumerate() {
            for prefix in MACHINE {
                let is_start =
                    |(at, _): &(usize, &str)| !line.split_at(*at).0.ends_with(|c: char| c.is_alphanumeric() || "-_.~*".contains(c));
                let named = line.match_indices(prefix).any(|found| is_start(&found));
                assert!(!named, "{}:{} names {prefix}", document.display(), number + 1);
            }
        }
    }
}

#[test]
fn the_change_log_has_a_place_for_what_comes_next() {
    let log = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    assert!(log.lines().any(|line| line == "## [Unreleased]"));
}

#[test]
fn both_licences_are_there_and_named() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("license = \"MIT OR Apache-2.0\""));
    assert!(fs::read_to_string(root().join("LICENSE-MIT")).unwrap().starts_with("MIT License"));
    assert!(fs::read_to_string(root().join("LICENSE-APACHE")).unwrap().contains("Apache License"));
}

/// The Markdown files that belong to the project.
fn documents() -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "md"))
        .collect();
    for folder in ["docs", "captures", "geoip", "rules", "notebooks", "studies", "benches", "fuzz", "tests"] {
        found.extend(
            files(&root().join(folder), "md").into_iter().filter(|path| !path.components().any(|part| part.as_os_str() == "target")),
        );
    }
    assert!(!found.is_empty(), "no document found");
    found
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
const fn is_executable(_: &Path) -> bool {
    true
}
