//! Bodies as files: `whereto analyze --extract DIR`. Each goes under its hash, so that one that was sent twice is there
//! once; a list beside them says for every one of them where it was seen.
//!
//! What a sender calls a file is never a file's name here: names come from the hash and the type that was found.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::app::content::{About, Readers, Sink, Summary};
use crate::error::{Error, Kind};
use crate::limits::{EXTRACT_BODIES, EXTRACT_BYTES, EXTRACT_HELD_BYTES, EXTRACT_TOTAL_BYTES};
use crate::record::Row;
use crate::time::Timestamp;

/// Name of the list.
const LIST: &str = "bodies.ndjson";

/// Where bodies go, and what is known of them so far.
#[derive(Clone)]
pub(super) struct Extraction(Arc<Mutex<State>>);

struct State {
    folder: PathBuf,
    list: BufWriter<File>,
    written: BTreeSet<String>,
    /// Bodies begun, which numbers their files until they have a hash.
    begun: u64,
    bytes: u64,
    left_out: u64,
    failed: Option<Error>,
}

/// A line of the list.
#[derive(Serialize)]
struct Line<'a> {
    sha256: &'a str,
    file: String,
    bytes: u64,
    media_type: Option<&'a str>,
    declared_type: Option<&'a str>,
    part_name: Option<&'a str>,
    file_name: Option<&'a str>,
    capture: &'a str,
    flow_id: u64,
    stream: Option<u64>,
    frame: u64,
    time: String,
    from_device: bool,
    device_ip: String,
    remote_ip: String,
    remote_port: Option<u16>,
    host: Option<&'a str>,
    path: Option<&'a str>,
}

impl Extraction {
    /// Into a folder, which is made when missing.
    pub(super) fn new(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(|source| Kind::io("create the folder for bodies", folder, source))?;
        let path = folder.join(LIST);
        let list = File::create(&path).map_err(|source| Kind::io("write", &path, source))?;
        let state = State {
            folder: folder.to_path_buf(),
            list: BufWriter::new(list),
            written: BTreeSet::new(),
            begun: 0,
            bytes: 0,
            left_out: 0,
            failed: None,
        };
        Ok(Self(Arc::new(Mutex::new(state))))
    }

    /// All bodies are there: how many were left out because of the limits.
    pub(super) fn finish(&self) -> Result<u64, Error> {
        self.with(|state| {
            let flushed = state.list.flush().map_err(|source| Kind::io("write", &state.folder.join(LIST), source).into());
            state.failed.take().map_or(flushed, Err)?;
            Ok(state.left_out)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Readers for Extraction {
    fn open(&self, about: &About) -> Option<Box<dyn Sink>> {
        let number = self.with(|state| {
            if state.begun >= EXTRACT_BODIES || state.bytes >= EXTRACT_TOTAL_BYTES || state.failed.is_some() {
                state.left_out += 1;
                return None;
            }
            state.begun += 1;
            Some(state.begun)
        })?;
        Some(Box::new(Body { of: self.clone(), about: about.clone(), number, held: Vec::new(), bytes: 0, is_on_disk: false }))
    }
}

/// A body on its way: in memory while it is small, in a file without its name after.
struct Body {
    of: Extraction,
    about: About,
    number: u64,
    held: Vec<u8>,
    bytes: u64,
    is_on_disk: bool,
}

impl Body {
    fn is_too_long(&self) -> bool {
        self.bytes > EXTRACT_BYTES
    }

    /// Appends what is held; files are not kept open, because flows may be many.
    fn write(&mut self) {
        let held = std::mem::take(&mut self.held);
        let (number, is_on_disk) = (self.number, self.is_on_disk);
        self.of.with(|state| {
            let path = state.unnamed(number);
            let file = OpenOptions::new().create(true).append(is_on_disk).write(true).truncate(!is_on_disk).open(&path);
            let written = file.and_then(|mut file| file.write_all(&held));
            state.note(written, "write", &path);
            state.bytes = state.bytes.saturating_add(held.len() as u64);
        });
        self.is_on_disk = true;
    }
}

impl Sink for Body {
    fn chunk(&mut self, bytes: &[u8], _: (u64, Timestamp)) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.is_too_long() {
            self.held.clear();
            return;
        }
        self.held.extend_from_slice(bytes);
        if self.held.len() >= EXTRACT_HELD_BYTES {
            self.write();
        }
    }

    /// A body without hash was not seen whole: it is no file.
    fn end(mut self: Box<Self>, summary: &Summary, _: &mut Vec<Row>) {
        let sha256 = summary.sha256.as_ref().filter(|_| !self.is_too_long());
        let Some(sha256) = sha256 else {
            let (number, is_on_disk) = (self.number, self.is_on_disk);
            let is_too_long = self.is_too_long();
            return self.of.with(|state| {
                state.left_out += u64::from(is_too_long);
                if is_on_disk {
                    let path = state.unnamed(number);
                    let removed = fs::remove_file(&path);
                    state.note(removed, "remove", &path);
                }
            });
        };
        let name = format!("{sha256}.{}", extension(summary.media_type));
        let is_new = self.of.with(|state| state.written.insert(name.clone()));
        if is_new && (!self.held.is_empty() || !self.is_on_disk) {
            self.write();
        }
        let (about, number, is_on_disk) = (&self.about, self.number, self.is_on_disk);
        self.of.with(|state| {
            let from = state.unnamed(number);
            if is_new {
                let to = state.folder.join(&name);
                let renamed = fs::rename(&from, &to);
                state.note(renamed, "write", &to);
            } else if is_on_disk {
                let removed = fs::remove_file(&from);
                state.note(removed, "remove", &from);
            }
            state.list(&line(about, sha256, name, summary));
        });
    }
}

impl State {
    fn unnamed(&self, number: u64) -> PathBuf {
        self.folder.join(format!(".body-{number}"))
    }

    /// The first failure stops the analysis, which asks for it.
    fn note(&mut self, result: std::io::Result<()>, attempt: &'static str, path: &Path) {
        if let Err(source) = result {
            self.failed.get_or_insert_with(|| Kind::io(attempt, path, source).into());
        }
    }

    fn list(&mut self, line: &Line<'_>) {
        let path = self.folder.join(LIST);
        let written = serde_json::to_writer(&mut self.list, line).map_err(std::io::Error::from).and_then(|()| self.list.write_all(b"\n"));
        self.note(written, "write", &path);
    }
}

fn line<'a>(about: &'a About, sha256: &'a str, file: String, summary: &Summary) -> Line<'a> {
    let origin = &about.origin;
    let (part_name, file_name) = about.part.as_ref().map(|(name, file)| (name.as_str(), file.as_deref())).unzip();
    Line {
        sha256,
        file,
        bytes: summary.bytes,
        media_type: summary.media_type,
        declared_type: about.declared.as_deref(),
        part_name: part_name.filter(|name| !name.is_empty()),
        file_name: file_name.flatten(),
        capture: &origin.capture,
        flow_id: origin.flow_id,
        stream: about.stream,
        frame: origin.frame,
        time: origin.time.to_string(),
        from_device: about.from_device,
        device_ip: origin.device_ip.to_string(),
        remote_ip: origin.remote_ip.to_string(),
        remote_port: origin.remote_port,
        host: about.host.as_deref(),
        path: about.path.as_deref(),
    }
}

/// Ending of a file's name by the type that was found, which comes from a fixed list.
fn extension(media_type: Option<&str>) -> &'static str {
    match media_type.unwrap_or_default() {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/heic" => "heic",
        "image/tiff" => "tif",
        "image/x-adobe-dng" => "dng",
        "video/mp4" | "audio/mp4" => "mp4",
        "video/quicktime" => "mov",
        "video/h264" => "h264",
        "video/h265" => "h265",
        "audio/wav" => "wav",
        "audio/aac" => "aac",
        "audio/opus" | "audio/ogg" | "application/ogg" => "ogg",
        "application/pdf" => "pdf",
        "application/zip" | "dji-flight-record+zip" => "zip",
        "application/vnd.android.package-archive" => "apk",
        "application/gzip" => "gz",
        "application/json" => "json",
        "application/xml" => "xml",
        "text/html" => "html",
        "text/csv" | "csv-track" => "csv",
        "text/plain" => "txt",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Origin;

    fn about(part: Option<&str>) -> About {
        let origin = Origin {
            capture: "a.pcap".into(),
            flow_id: 3,
            frame: 9,
            time: Timestamp::from_parts(1, 0),
            device_ip: [192, 0, 2, 1].into(),
            remote_ip: [198, 51, 100, 1].into(),
            remote_port: Some(80),
        };
        let part = part.map(|file| ("f".to_owned(), Some(file.to_owned())));
        About { origin, stream: None, from_device: true, host: Some("a.example".into()), path: Some("/p".into()), declared: None, part }
    }

    fn send(to: &Extraction, about: &About, bytes: &[u8], sha256: Option<&str>) {
        let mut sink = to.open(about).unwrap();
        bytes.chunks(50_000).for_each(|chunk| sink.chunk(chunk, <_>::default()));
        let sha256 = sha256.map(str::to_owned);
        sink.end(&Summary { bytes: bytes.len() as u64, sha256, media_type: Some("image/jpeg") }, &mut Vec::new());
    }

    #[test]
    fn bodies_are_there_once_and_listed_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let extraction = Extraction::new(folder.path()).unwrap();
        let large = vec![7; 200_000];
        send(&extraction, &about(Some("../../evil")), &large, Some("aa"));
        send(&extraction, &about(None), &large, Some("aa"));
        send(&extraction, &about(None), b"small", Some("bb"));
        send(&extraction, &about(None), &large, None);
        assert_eq!(extraction.finish().unwrap(), 0);
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["aa.jpg", "bb.jpg", LIST]);
        assert_eq!(fs::read(folder.path().join("aa.jpg")).unwrap(), large);
        assert_eq!(fs::read(folder.path().join("bb.jpg")).unwrap(), b"small");
        let list = fs::read_to_string(folder.path().join(LIST)).unwrap();
        assert_eq!(list.lines().count(), 3);
        let first: serde_json::Value = serde_json::from_str(list.lines().next().unwrap()).unwrap();
        assert_eq!(
            (first["file_name"].as_str(), first["frame"].as_u64(), first["host"].as_str()),
            (Some("../../evil"), Some(9), Some("a.example"))
        );
    }

    #[test]
    fn a_body_beyond_the_limit_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let extraction = Extraction::new(folder.path()).unwrap();
        let mut sink = extraction.open(&about(None)).unwrap();
        let chunk = vec![0; 1 << 20];
        (0..=EXTRACT_BYTES >> 20).for_each(|_| sink.chunk(&chunk, <_>::default()));
        sink.end(&Summary { bytes: EXTRACT_BYTES + 1, sha256: Some("aa".into()), media_type: None }, &mut Vec::new());
        assert_eq!(extraction.finish().unwrap(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the list and nothing else");
    }
}
