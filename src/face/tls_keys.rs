//! Keys of TLS and QUIC on the command line: the same arguments for every command that reads captures.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::capture::{self, Extent};
use crate::error::Error;
use crate::secrets::Secrets;

/// The arguments.
#[derive(Args, Clone, Debug, Default)]
pub struct TlsKeyArgs {
    /// Key log of TLS and QUIC secrets, as SSLKEYLOGFILE names it: what fits is decrypted; repeatable. Secrets inside
    /// of pcapng captures are used anyway; of those far inside a large one only when the capture is named here too
    #[arg(long = "tls-keys", value_name = "FILE")]
    pub logs: Vec<PathBuf>,
    /// Private RSA key of a server (PEM): opens sessions whose key exchange is RSA; repeatable
    #[arg(long = "tls-rsa-key", value_name = "FILE")]
    pub rsa_keys: Vec<PathBuf>,
}

impl TlsKeyArgs {
    /// Reads the files, in their order.
    ///
    /// # Errors
    /// When one cannot be read, or is not what it should be. The error does not show secrets.
    pub fn read(&self) -> Result<Arc<Secrets>, Error> {
        let mut secrets = Arc::<Secrets>::default();
        for path in &self.logs {
            if capture::is_pcapng(path) {
                capture::add_secrets(path, Extent::Whole, &mut secrets);
            } else {
                Arc::make_mut(&mut secrets).add_key_log(path)?;
            }
        }
        self.rsa_keys.iter().try_for_each(|path| Arc::make_mut(&mut secrets).add_rsa_key(path))?;
        Ok(secrets)
    }
}
