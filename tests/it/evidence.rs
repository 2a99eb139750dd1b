//! A signature over the manifest, as docs/evidence.md says it is made.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cases::{Place, whereto};

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn a_signed_manifest_is_the_analyst_s_and_no_other() {
    let place = Place::new("evidence");
    let ran = whereto(&place, &["analyze", "captures/lab-open-wifi-monitor.pcap", "-o", "{out}", "-q"].map(str::to_owned), None);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let (folder, manifest) = (place.folder().join("in"), place.folder().join("out/manifest.json"));
    let key = folder.join("key");
    let keygen = |args: &[&str], stdin: Stdio| Command::new("ssh-keygen").args(args).stdin(stdin).output();
    let path = |path: &Path| path.display().to_string();
    let Ok(made) = keygen(&["-q", "-t", "ed25519", "-N", "", "-f", &path(&key)], Stdio::null()) else {
        eprintln!("SKIPPED: no ssh-keygen to sign with");
        return;
    };
    assert!(made.status.success(), "{made:?}");
    let public = fs::read_to_string(folder.join("key.pub")).unwrap();
    let signers = folder.join("allowed_signers");
    fs::write(&signers, format!("analyst@example.org {public}")).unwrap();
    let signed = keygen(&["-Y", "sign", "-f", &path(&key), "-n", "whereto", &path(&manifest)], Stdio::null()).unwrap();
    assert!(signed.status.success(), "{signed:?}");
    let signature = path(&place.folder().join("out/manifest.json.sig"));
    let check = || {
        let args = ["-Y", "verify", "-f", &path(&signers), "-I", "analyst@example.org", "-n", "whereto", "-s", &signature];
        keygen(&args, fs::File::open(&manifest).unwrap().into()).unwrap().status.success()
    };
    assert!(check(), "as it was signed");
    // The signature beside the result is no part of it, and does not disturb it.
    assert_eq!(whereto(&place, &["verify", "{out}"].map(str::to_owned), None).status, 0);
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replacen("analyze", "analyzf", 1)).unwrap();
    assert!(!check(), "changed since");
}
