//! Keys of protected Wi-Fi networks on the command line: the same arguments for every command that reads captures.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;

use crate::wifi::Keys;

/// The arguments.
#[derive(Args, Clone, Debug, Default)]
pub struct WifiKeyArgs {
    /// Key of a protected Wi-Fi network in the captures: SSID:passphrase, psk:HEX, pmk:HEX, tk:HEX or wep:HEX;
    /// repeatable. Other users of this computer can see it; a file hides it
    #[arg(long = "wifi-key", value_name = "KEY")]
    pub keys: Vec<Secret>,
    /// File of such keys, one a line, or Wireshark's 80211_keys; repeatable
    #[arg(long = "wifi-keys", value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// A key as it was written, which no message shows.
#[derive(Clone)]
pub struct Secret(String);

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(written: &str) -> Result<Self, Self::Err> {
        Ok(Self(written.to_owned()))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(a key)")
    }
}

impl WifiKeyArgs {
    /// Reads the keys: those of the command line first, then those of the files, in their order.
    ///
    /// # Errors
    /// When one is not written as a key is, or a file cannot be read. The error does not show keys.
    pub fn read(&self) -> anyhow::Result<Arc<Keys>> {
        let mut keys = Keys::default();
        self.keys.iter().try_for_each(|key| keys.add(&key.0))?;
        self.files.iter().try_for_each(|path| add_file(&mut keys, path))?;
        Ok(Arc::new(keys))
    }
}

fn add_file(keys: &mut Keys, path: &Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read Wi-Fi keys {}", path.display()))?;
    // Names of networks are bytes; a file in another encoding than UTF-8 has them as %XX.
    keys.add_file(&path.display().to_string(), &String::from_utf8_lossy(&bytes))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_shown() {
        let arguments = WifiKeyArgs { keys: vec!["Net:password".parse().unwrap()], files: Vec::new() };
        assert!(!format!("{arguments:?}").contains("password"));
        assert_eq!(format!("{:?}", arguments.read().unwrap()), "1 keys");
        let wrong = WifiKeyArgs { keys: vec!["Net:passwor".parse().unwrap()], files: Vec::new() };
        assert!(!wrong.read().unwrap_err().to_string().contains("passwor"));
    }
}
