//! Cases as data: each file of tests/cases says what goes in, what is run, and what must come out. A case is added
//! without a line of Rust; tests/cases/README.md has the format.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use crate::bytes::{bytes, ethernet, pcap_at, tcp, udp};
use crate::sources::{files, root};

/// One file of tests/cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case is for, in one sentence.
    purpose: String,
    #[serde(default)]
    input: Vec<Input>,
    run: Vec<Run>,
    /// Folders whose files must be the same, name for name and byte for byte.
    #[serde(default)]
    same: Vec<String>,
    /// Files that must be there, and not be empty.
    #[serde(default)]
    files: Vec<String>,
    /// Texts that no output and no CSV or NDJSON file may hold.
    #[serde(default)]
    hidden: Vec<String>,
}

/// A file made before anything is run. It has one of `hex`, `packet` and `file`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Input {
    /// Its name in {in}.
    name: String,
    /// Its bytes.
    hex: Option<String>,
    /// A file of the repository to be copied.
    file: Option<String>,
    /// Packets of a pcap file.
    packet: Vec<Packet>,
    /// Their link type; Ethernet when not given.
    link: Option<u32>,
    /// Bytes to leave out at the end.
    cut: usize,
    /// gzip, zstd or lz4.
    compress: Option<String>,
}

/// One frame: `raw` bytes, or a UDP or TCP payload between two ends.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Packet {
    raw: Option<String>,
    udp: Option<String>,
    tcp: Option<String>,
    sequence: u32,
    syn: bool,
    /// Seconds after the first moment; one after the packet before it when not given.
    at: Option<f64>,
    payload: String,
}

/// A command and what it must do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    args: Vec<String>,
    #[serde(default)]
    status: i32,
    /// File for its standard input.
    stdin: Option<String>,
    /// Nobody reads its standard output.
    #[serde(default)]
    unread: bool,
    /// The whole standard output.
    stdout: Option<String>,
    /// Parts of standard output, in this order.
    #[serde(default)]
    lines: Vec<String>,
    /// Parts of standard error, in this order.
    #[serde(default)]
    stderr: Vec<String>,
    /// Values in the JSON on standard output, by JSON pointer.
    #[serde(default)]
    json: BTreeMap<String, Value>,
}

/// A folder for one test, gone when it ends.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// What a command did; paths of the test's folders stand as `{in}` and `{out}`.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::Builder::new().prefix(&format!("whereto-{name}-")).tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        Self { folder }
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, text: &str) -> String {
        let part = |name: &str| self.folder.path().join(name).display().to_string();
        text.replace("{in}", &part("in")).replace("{out}", &part("out"))
    }

    fn anonymous(&self, text: &[u8]) -> String {
        let top = format!("{}/", self.folder.path().display());
        String::from_utf8_lossy(text).replace(&format!("{top}in"), "{in}").replace(&format!("{top}out"), "{out}")
    }
}

/// Runs the program in the root of the repository.
pub(crate) fn whereto(place: &Place, args: &[String], stdin: Option<&str>) -> Ran {
    let input = stdin.map_or_else(Stdio::null, |path| fs::File::open(place.path(path)).unwrap().into());
    let ran = command(place, args).stdin(input).output().unwrap();
    Ran { status: ran.status.code().unwrap_or(-1), stdout: place.anonymous(&ran.stdout), stderr: place.anonymous(&ran.stderr) }
}

fn command(place: &Place, args: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whereto"));
    command.args(args.iter().map(|arg| place.path(arg))).current_dir(root()).env("COLUMNS", "120").env_remove("NO_COLOR");
    command
}

#[test]
fn every_case_is_as_it_says() {
    let mut wrong = Vec::new();
    let found = files(&root().join("tests/cases"), "toml");
    assert!(!found.is_empty(), "no case found");
    for path in found {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let case: Case = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        wrong.extend(faults(name, &case).into_iter().map(|fault| format!("{name} ({}): {fault}", case.purpose)));
    }
    assert!(wrong.is_empty(), "{} faults\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Everything that is not as the case says.
fn faults(name: &str, case: &Case) -> Vec<String> {
    let place = Place::new(name);
    for input in &case.input {
        let path = PathBuf::from(place.path(&format!("{{in}}/{}", input.name)));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, input.made()).unwrap();
    }
    let mut wrong = Vec::new();
    for run in &case.run {
        let told = |fault: String| format!("whereto {}: {fault}", run.args.join(" "));
        if run.unread {
            wrong.extend(unread(&place, run).map(told));
            continue;
        }
        let ran = whereto(&place, &run.args, run.stdin.as_deref());
        wrong.extend(run.faults(&ran).into_iter().chain(shown(&case.hidden, &ran)).map(told));
    }
    let out = place.folder.path().join("out");
    let missing = |file: &&String| fs::metadata(place.path(file)).map_or(0, |about| about.len()) == 0;
    wrong.extend(case.files.iter().filter(missing).map(|file| format!("{file} is not there, or empty")));
    wrong.extend(exposed(&case.hidden, &out));
    let contents: Vec<_> = case.same.iter().map(|folder| (folder, contents(Path::new(&place.path(folder))))).collect();
    for pair in contents.windows(2) {
        wrong.extend(unlike(&pair[0], &pair[1]));
    }
    wrong
}

impl Input {
    fn made(&self) -> Vec<u8> {
        let packets = || {
            let mut next = 0.0;
            let timed = |packet: &Packet| {
                let at = packet.at.unwrap_or(next);
                next = at + 1.0;
                (at, packet.made())
            };
            pcap_at(self.link.unwrap_or(1), &self.packet.iter().map(timed).collect::<Vec<_>>())
        };
        let copied = |file: &String| fs::read(root().join(file)).unwrap();
        let mut made = self.hex.as_deref().map(bytes).or_else(|| self.file.as_ref().map(copied)).unwrap_or_else(packets);
        made.truncate(made.len() - self.cut);
        match self.compress.as_deref() {
            None => made,
            Some("gzip") => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                writer.write_all(&made).unwrap();
                writer.finish().unwrap()
            }
            Some("zstd") => zstd::encode_all(made.as_slice(), 1).unwrap(),
            Some("lz4") => {
                let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
                writer.write_all(&made).unwrap();
                writer.finish().unwrap()
            }
            Some(other) => panic!("{}: compress = {other:?}", self.name),
        }
    }
}

impl Packet {
    fn made(&self) -> Vec<u8> {
        let payload = bytes(&self.payload);
        match (&self.raw, &self.udp, &self.tcp) {
            (Some(raw), None, None) => bytes(raw),
            (None, Some(ends), None) => ethernet(17, ends, &|from, to| udp(from, to, &payload)),
            (None, None, Some(ends)) => {
                let flags = if self.syn { 0x02 } else { 0x18 };
                ethernet(6, ends, &|from, to| tcp((from, to), self.sequence, flags, &payload))
            }
            _ => panic!("a packet has one of raw, udp and tcp: {self:?}"),
        }
    }
}

impl Run {
    fn faults(&self, ran: &Ran) -> Vec<String> {
        let mut wrong = Vec::new();
        if ran.status != self.status {
            wrong.push(format!("status {} instead of {}\n{}\n{}", ran.status, self.status, ran.stdout, ran.stderr));
        }
        if let Some(whole) = self.stdout.as_ref().filter(|whole| **whole != ran.stdout) {
            wrong.push(format!("printed\n{}\ninstead of\n{whole}", ran.stdout));
        }
        wrong.extend(missing(&self.lines, &ran.stdout).map(|line| format!("{line:?} is missing from\n{}", ran.stdout)));
        wrong.extend(missing(&self.stderr, &ran.stderr).map(|line| format!("{line:?} is missing from standard error\n{}", ran.stderr)));
        if !self.json.is_empty() {
            let answer: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| Value::String(format!("no JSON: {error}")));
            let other = self.json.iter().filter(|(pointer, value)| answer.pointer(pointer) != Some(value));
            wrong.extend(
                other.map(|(pointer, value)| format!("{pointer} is {:?} instead of {value}\n{}", answer.pointer(pointer), ran.stderr)),
            );
        }
        wrong
    }
}

/// The first part that does not come in its place.
fn missing<'a>(parts: &'a [String], text: &str) -> Option<&'a String> {
    let mut rest = text;
    parts.iter().find(|part| match rest.split_once(part.as_str()) {
        Some((_, after)) => {
            rest = after;
            false
        }
        None => true,
    })
}

/// Runs a command whose standard output is closed.
fn unread(place: &Place, run: &Run) -> Option<String> {
    let mut child = command(place, &run.args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    (ended.status.code() != Some(run.status) || !stderr.is_empty()).then(|| format!("{} {stderr}", ended.status))
}

/// What a terminal must never get.
fn shown(hidden: &[String], ran: &Ran) -> Vec<String> {
    let both = [("standard output", &ran.stdout), ("standard error", &ran.stderr)];
    let pairs = hidden.iter().flat_map(|text| both.into_iter().map(move |(place, all)| (text, place, all)));
    let held = pairs.filter_map(|(text, place, all)| all.find(text.as_str()).map(|at| (text, place, all.split_at(at).1)));
    held.map(|(text, place, rest)| format!("{text:?} is on {place}: {:?}", rest.chars().take(100).collect::<String>())).collect()
}

/// What a spreadsheet or a script must never get.
fn exposed(hidden: &[String], out: &Path) -> Vec<String> {
    let texts = files(out, "csv").into_iter().chain(files(out, "ndjson"));
    let read = texts.map(|path| (path.clone(), fs::read_to_string(path).unwrap()));
    let found = |(path, all): (PathBuf, String)| {
        let held: Vec<_> = hidden.iter().filter(|text| all.contains(text.as_str())).collect();
        (!held.is_empty()).then(|| format!("{held:?} in {}", path.file_name().unwrap().display()))
    };
    read.filter_map(found).collect()
}

/// Every file below a folder, by its path in it.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_path_buf(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn unlike(one: &(&String, BTreeMap<PathBuf, Vec<u8>>), other: &(&String, BTreeMap<PathBuf, Vec<u8>>)) -> Vec<String> {
    let ((one_name, one), (other_name, other)) = (one, other);
    let mut wrong: Vec<_> = one
        .keys()
        .chain(other.keys())
        .filter(|path| one.get(*path) != other.get(*path))
        .map(|path| format!("{} differs between {one_name} and {other_name}", path.display()))
        .collect();
    wrong.dedup();
    if one.is_empty() {
        wrong.push(format!("{one_name} has no files"));
    }
    wrong
}
