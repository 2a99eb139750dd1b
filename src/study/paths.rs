//! Paths of a study file, as tables and reports name them.
//!
//! A study in `studies/lab` that names `../../captures/one.pcap` reads `captures/one.pcap`, and says so. A folder and the
//! `..` behind it are taken away together only where the folder is one: behind a symbolic link `..` leads elsewhere, and
//! what is not there is left as it was written, for the error to show it.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// Name of standard input among captures: a file of this name in the present folder needs the `.` before it.
const STDIN: &str = "-";

/// The path `text` seen from `folder`, without the detours that can be left out.
pub(super) fn joined(folder: &Path, text: impl AsRef<Path>) -> PathBuf {
    straight(&folder.join(text))
}

fn straight(path: &Path) -> PathBuf {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            // Above the root is the root.
            (Component::ParentDir, Some(Component::RootDir)) => {}
            (Component::ParentDir, Some(Component::Normal(_))) if is_folder(&parts) => _ = parts.pop(),
            _ => parts.push(part),
        }
    }
    let short: PathBuf = parts.iter().collect();
    if short.as_os_str().is_empty() || short.as_os_str() == OsStr::new(STDIN) && path != short { Path::new(".").join(short) } else { short }
}

fn is_folder(parts: &[Component<'_>]) -> bool {
    let path: PathBuf = parts.iter().collect();
    std::fs::symlink_metadata(path).is_ok_and(|told| told.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detours_are_left_out_where_they_are_detours() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path();
        std::fs::create_dir_all(top.join("a/b")).unwrap();
        std::fs::create_dir_all(top.join("far/away")).unwrap();
        let of = |text: &str| joined(&top.join("a/b"), text);
        assert_eq!(of("../../c/x.pcap"), top.join("c/x.pcap"));
        assert_eq!(of("./x/./y.pcap"), top.join("a/b/x/y.pcap"));
        assert_eq!(of("../*/x.pcap"), top.join("a/*/x.pcap"));
        assert_eq!(of("*/../x.pcap"), top.join("a/b/*/../x.pcap"), "a pattern is no folder");
        assert_eq!(of("none/../x.pcap"), top.join("a/b/none/../x.pcap"), "what is not there is left for the error");
        assert_eq!(of("/../etc"), Path::new("/etc"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(top.join("far/away"), top.join("a/b/link")).unwrap();
            assert_eq!(of("link/../x.pcap"), top.join("a/b/link/../x.pcap"), "that is far/x.pcap");
        }
    }

    #[test]
    fn what_lies_above_stays_above_and_a_file_is_not_standard_input() {
        assert_eq!(joined(Path::new(""), "../x.pcap"), Path::new("../x.pcap"));
        assert_eq!(joined(Path::new("src"), ".."), Path::new("."));
        assert_eq!(joined(Path::new("."), "x.pcap"), Path::new("x.pcap"));
        assert_eq!((joined(Path::new("."), "-"), joined(Path::new(""), "-")), (PathBuf::from("./-"), PathBuf::from("-")));
    }
}
