//! The frames that an answer rests on, as a capture of their own: every frame as it was, with a comment that says where it
//! comes from, to which flow it belongs and what that is evidence of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Serialize;

use super::super::manifest::Manifest;
use super::super::redact::Redacted;
use super::super::sources;
use super::super::wifi_keys::WifiKeyArgs;
use super::choice::Choice;
use super::subject::Subject;
use crate::analysis::{Part, Picked, Wanted, lend, pick};
use crate::capture::{Excerpt, Frame};

/// How an excerpt is asked for.
pub(super) struct Order<'a> {
    /// Folder of the tables.
    pub(super) dir: &'a Path,
    /// The file to be written.
    pub(super) path: &'a Path,
    /// Folder that the captures were moved to.
    pub(super) captures: Option<&'a Path>,
    /// Keys of protected networks.
    pub(super) wifi: &'a WifiKeyArgs,
}

/// What was written.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Written {
    /// The file.
    pub(super) path: String,
    /// Its frames.
    pub(super) frames: u64,
    /// Those among them that are no frames of the flows: handshakes of protected networks, which open them.
    pub(super) opening: u64,
    /// Captures that they come from.
    pub(super) captures: usize,
    /// Flows of which no frame was found: those on protected networks, when their key is missing.
    pub(super) without_frames: Vec<u64>,
}

/// Writes the frames of the flows that are meant.
pub(super) fn write(order: &Order<'_>, choice: &Choice, subject: &Subject, asked: &str) -> anyhow::Result<Written> {
    let manifest = Manifest::read(order.dir).context("the captures are found by the manifest")?;
    if manifest.redaction.as_ref().is_some_and(Redacted::has_pseudonyms) {
        bail!("{} holds pseudonyms, which are in no capture: take the frames by the result that it was made from", order.dir.display());
    }
    let keys = keys(order.wifi, &manifest)?.read()?;
    let mut by_capture = choice.wanted()?;
    if let Some((capture, _)) = &subject.frame {
        by_capture.entry(capture.clone()).or_default();
    }
    // Every capture is found before anything is written.
    let found = by_capture.keys().map(|capture| Ok((capture.as_str(), find(&manifest, capture, order)?)));
    let found: BTreeMap<&str, PathBuf> = found.collect::<anyhow::Result<_>>()?;
    if found.values().any(|path| is_same(path, order.path)) {
        bail!("{} is one of the captures: captures are never written to", order.path.display());
    }
    let mut excerpt = Excerpt::create(order.path, &format!("Frames that {asked} rests on, from a result sealed {}", manifest.seal()))?;
    let (mut seen, mut opening) = (BTreeSet::new(), 0);
    for (capture, wanted) in &by_capture {
        let Some(path) = found.get(capture.as_str()) else { continue };
        let single = subject.frame.as_ref().filter(|(of, _)| of == capture).map(|(_, frame)| *frame);
        let picked = pick(path, wanted, &keys)?;
        seen.extend(picked.flows.values().flatten().map(|(flow, _)| *flow));
        let is_of_flow = |number: u64| picked.flows.contains_key(&number) || single == Some(number);
        opening += picked.air.keys().filter(|number| !is_of_flow(**number)).count() as u64;
        lend(path, &|number| is_of_flow(number) || picked.air.contains_key(&number), &mut |frame| {
            excerpt.push(capture, frame, &comment(capture, frame, &picked, (subject, single)))
        })?;
    }
    let all = by_capture.values().flatten().map(|flow: &Wanted| flow.flow_id);
    let without_frames = all.filter(|flow| !seen.contains(flow)).collect();
    let (path, captures) = (order.path.display().to_string(), by_capture.len());
    Ok(Written { path, frames: excerpt.finish()?, opening, captures, without_frames })
}

/// Where a capture lies, if it is still the one that was analysed.
fn find(manifest: &Manifest, capture: &str, order: &Order<'_>) -> anyhow::Result<PathBuf> {
    let Some(input) = manifest.inputs.iter().find(|input| input.path == capture) else {
        bail!("the manifest in {} has no capture {capture}", order.dir.display());
    };
    sources::find(input, order.captures).map_err(|lost| {
        let hint = if order.captures.is_none() { "; --captures DIR says where they are now" } else { "" };
        anyhow::anyhow!("cannot take frames from capture {capture}: {lost}{hint}")
    })
}

fn is_same(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The keys given now, and the files of keys that the analysis had.
fn keys(given: &WifiKeyArgs, manifest: &Manifest) -> anyhow::Result<WifiKeyArgs> {
    let mut keys = given.clone();
    let files = manifest.arguments.windows(2).filter_map(|pair| match pair {
        [flag, file] if flag == "--wifi-keys" => Some(PathBuf::from(file)),
        _ => None,
    });
    keys.files.extend(files.filter(|file| file.is_file() && !given.files.contains(file)));
    Ok(keys)
}

fn comment(capture: &str, frame: &Frame<'_>, picked: &Picked, (subject, single): (&Subject, Option<u64>)) -> String {
    let part = |(flow, part): &(u64, Part)| {
        let what = match part {
            Part::Out => "from the device",
            Part::In => "to the device",
            Part::Fragment => "may hold a fragment of a packet",
        };
        let role = subject.roles.get(flow).map(|role| format!("; {role}")).unwrap_or_default();
        format!("flow {flow}, {what}{role}")
    };
    let mut said: Vec<String> = picked.flows.get(&frame.number).into_iter().flatten().map(part).collect();
    said.extend(picked.air.get(&frame.number).cloned());
    if single == Some(frame.number) {
        said.push("the frame that shows it".to_owned());
    }
    format!("frame {} of {capture}: {}", frame.number, said.join(" | "))
}
