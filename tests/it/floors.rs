//! The shape that the code promises: imports point down, each foreign crate stays in its place, nothing below the
//! face prints, every file says what it is, nothing outside tests panics on purpose.

use std::collections::BTreeSet;

use crate::sources::{Source, sources};

/// The floors, highest first. A module may name what stands further down or beside it in the same entry.
const FLOORS: &[&[&str]] = &[
    &["main", "lib"],
    &["face"],
    &["study"],
    &["table"],
    &["analysis"],
    &["enrich"],
    &["fuzzing"],
    &["analyzer"],
    &["app"],
    &["flow"],
    &["packet"],
    &["wifi"],
    &["capture"],
    &["secrets", "search"],
    &["wire"],
    &["record"],
    &["limits", "time", "error"],
];

/// Foreign crates and the modules that may name them.
const PLACES: &[(&str, &[&str])] = &[
    ("anyhow", &["main", "face"]),
    ("clap", &["main", "face"]),
    ("clap_complete", &["face"]),
    ("maud", &["face"]),
    ("indicatif", &["face"]),
    ("ratatui", &["face"]),
    ("signal_hook", &["face"]),
    ("nix", &["face"]),
    ("rustix", &["capture", "face"]),
    ("polars", &["face", "study", "table"]),
    ("polars_io", &["face", "study", "table"]),
    ("maxminddb", &["enrich"]),
    ("psl", &["enrich"]),
    ("pcap", &["capture"]),
    ("etherparse", &["packet"]),
    ("tls_parser", &["wire"]),
    ("x509_parser", &["wire"]),
    ("dns_parser", &["wire"]),
    ("httparse", &["wire"]),
    ("rsa", &["secrets"]),
];

/// Crates for one format each, which one file names and hides from all others.
const ONE_FILE: &[&str] = &["maxminddb", "psl", "tls_parser", "x509_parser", "dns_parser", "httparse", "rsa"];

const PRINTING: &[&str] = &["println!", "print!", "eprintln!", "eprint!", "dbg!", "io::stdout()", "io::stderr()"];

#[test]
fn imports_point_down() {
    let faults: Vec<_> = sources().iter().flat_map(upward).collect();
    assert!(faults.is_empty(), "imports that point up:\n{}", faults.join("\n"));
}

#[test]
fn foreign_crates_stay_in_their_places() {
    let mut faults = Vec::new();
    for source in sources() {
        for (number, line) in source.code() {
            let strayed = |(name, places): &&(&str, &[&str])| names_crate(line, name) && !places.contains(&source.module());
            faults.extend(PLACES.iter().filter(strayed).map(|(name, _)| format!("src/{}:{number} names {name}", source.path)));
        }
    }
    assert!(faults.is_empty(), "crates named outside their places:\n{}", faults.join("\n"));
}

#[test]
fn a_format_crate_is_named_in_one_file() {
    let sources = sources();
    for name in ONE_FILE {
        let naming = |source: &&Source| source.code().iter().any(|(_, line)| names_crate(line, name));
        let files: BTreeSet<_> = sources.iter().filter(naming).map(|source| &source.path).collect();
        assert!(files.len() <= 1, "{name} is named in {files:?}");
    }
}

#[test]
fn only_the_face_prints() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !matches!(source.module(), "face" | "main")) {
        for (number, line) in source.code() {
            faults.extend(PRINTING.iter().filter(|call| line.contains(**call)).map(|call| format!("src/{}:{number} {call}", source.path)));
        }
    }
    assert!(faults.is_empty(), "output below the face:\n{}", faults.join("\n"));
}

#[test]
fn every_file_opens_with_a_sentence() {
    for source in sources() {
        let header: Vec<_> = source.text.lines().map_while(|line| line.strip_prefix("//!")).collect();
        let paragraph: Vec<_> = header.iter().copied().take_while(|line| !line.is_empty()).collect();
        let sentence = paragraph.join(" ");
        assert!(sentence.trim_end().ends_with(['.', ':']), "src/{} does not open with a sentence in `//!`: {sentence:?}", source.path);
    }
}

#[test]
fn nothing_outside_tests_panics_on_purpose() {
    let mut faults = Vec::new();
    for source in sources() {
        let code = source.code();
        for (at, (number, line)) in code.iter().enumerate() {
            let excused = code
                .iter()
                .take(at)
                .rev()
                .take(4)
                .any(|(_, before)| before.contains("clippy::unwrap_used") || before.contains("clippy::expect_used"));
            if !excused && (line.contains(".unwrap()") || line.contains(".expect(\"")) {
                faults.push(format!("src/{}:{number} {}", source.path, line.trim()));
            }
        }
    }
    assert!(faults.is_empty(), "unwrap or expect outside tests:\n{}", faults.join("\n"));
}

/// The places where a file names a module above its own.
fn upward(source: &Source) -> Vec<String> {
    let own = floor(source.module()).unwrap_or_else(|| panic!("src/{} stands on no floor: add its module to FLOORS", source.path));
    let mut faults = Vec::new();
    for (number, module) in named_modules(source) {
        if floor(&module).is_some_and(|named| named < own) {
            faults.push(format!("src/{}:{number} names {module}", source.path));
        }
    }
    faults
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|modules| modules.contains(&module))
}

/// Modules of the crate's root that the file's code names, with the line of each.
fn named_modules(source: &Source) -> Vec<(usize, String)> {
    let climb = "super::".repeat(source.depth());
    let mut named = Vec::new();
    let code = source.code();
    for (at, (number, line)) in code.iter().enumerate() {
        let from_root = line.match_indices("crate::").map(|(start, path)| start + path.len());
        let climbing = line.match_indices(&climb).filter(|_| source.depth() > 0).map(|(start, path)| start + path.len());
        for start in from_root.chain(climbing) {
            let rest = code.iter().skip(at + 1).map(|(_, next)| *next).take(60);
            let path: String = std::iter::once(line.split_at(start).1).chain(rest).collect();
            named.extend(heads(&path).into_iter().map(|head| (*number, head)));
        }
    }
    named
}

/// The first names of a path, or of each member of a group in braces.
fn heads(path: &str) -> Vec<String> {
    let word = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![word(path)] };
    let mut found = vec![word(group)];
    let mut depth = 1;
    for (at, c) in group.char_indices() {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        match (c, depth) {
            (_, 0) => break,
            (',', 1) => found.push(word(group.split_at(at + 1).1)),
            _ => {}
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

/// Whether a line of code names a crate by a path: `name::…`, not `…::name::` of our own, nor part of a longer word.
fn names_crate(line: &str, name: &str) -> bool {
    line.match_indices(name).any(|(start, _)| {
        let (before, rest) = line.split_at(start);
        let after = rest.split_at(name.len()).1;
        let path =
            before.strip_suffix("::").map_or(before, |outer| if outer.ends_with(|c: char| c.is_alphanumeric()) { "_" } else { outer });
        let is_whole = !path.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        is_whole && (after.starts_with("::") || (after.starts_with([';', ' ']) && before.trim_end().ends_with("use")))
    })
}

#[test]
fn the_reader_of_imports_sees_groups_climbs_and_plain_paths() {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let grouped = source("wire/dns.rs", "use crate::{\n    app::{Dialogue, Side},\n    time::Span,\n};\n");
    assert_eq!(named_modules(&grouped), [(1, "app".to_owned()), (1, "time".to_owned())]);
    assert_eq!(upward(&grouped), ["src/wire/dns.rs:1 names app"]);
    assert_eq!(upward(&source("wire/dns.rs", "fn f(x: super::super::flow::Key) {}\n")), ["src/wire/dns.rs:1 names flow"]);
    assert_eq!(upward(&source("wire/mod.rs", "use super::flow::Key;\n")), ["src/wire/mod.rs:1 names flow"]);
    assert!(upward(&source("flow/key.rs", "use super::table::Row;\nuse crate::Error;\n// use crate::face::X;\n")).is_empty());
    assert!(
        upward(&source("wire/dns.rs", "#[cfg(test)]\n#[path = \"x.rs\"]\npub(crate) mod tests {\n    use crate::app::Side;\n}\n"))
            .is_empty()
    );
    assert_eq!(upward(&source("wire/dns.rs", "#[cfg(test)]\nmod tests;\nuse crate::app::Side;\n")).len(), 1);
    assert!(names_crate("use pcap::Device;", "pcap") && names_crate("let x = ::pcap::Device::list();", "pcap"));
    assert!(!names_crate("use crate::capture::pcap::Reader;", "pcap") && !names_crate("mod pcap;", "pcap"));
}
