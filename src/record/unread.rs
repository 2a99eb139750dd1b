//! What the payload of a flow looks like to whoever cannot read it.

use serde::{Deserialize, Serialize};

/// Kind of payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EncryptionClass {
    /// A protocol that encrypts.
    Encrypted,
    /// As random as ciphertext, and as the best compression.
    EncryptedOrCompressed,
    /// Nearly random: compressed, or coded media.
    Compressed,
    /// A picture, sound or film by its first bytes.
    Media,
    /// Text.
    Text,
    /// Neither text nor nearly random: fields, samples, machine code.
    Binary,
    /// A recognised protocol in clear text.
    Clear,
    /// One kind from the device, another one to it.
    Mixed,
    /// Too little, or nothing that tells.
    #[default]
    Undetermined,
}

impl EncryptionClass {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::EncryptedOrCompressed => "encrypted-or-compressed",
            Self::Compressed => "compressed",
            Self::Media => "media",
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Clear => "clear",
            Self::Mixed => "mixed",
            Self::Undetermined => "undetermined",
        }
    }
}

/// What the class rests on, strongest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ClassBasis {
    /// The protocol.
    Protocol,
    /// First bytes that begin a known kind of file.
    Structure,
    /// How often each byte occurs.
    Statistics,
    /// As statistics or structure, of what hexadecimal digits or base64 stand for.
    Encoding,
    /// Nothing.
    #[default]
    None,
}

impl ClassBasis {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Protocol => "protocol",
            Self::Structure => "structure",
            Self::Statistics => "statistics",
            Self::Encoding => "encoding",
            Self::None => "none",
        }
    }
}
