//! Records with an authentication code of their own: block ciphers in chaining mode (RFC 5246 section 6.2.3.2),
//! encrypt-then-MAC (RFC 7366), and none but a code (section 6.2.3.1).
//!
//! ```text
//! TLS 1.0            E(content | code | padding)            vector: the last block of the record before
//! TLS 1.1, 1.2       vector | E(content | code | padding)
//! encrypt-then-MAC   vector | E(content | padding) | code
//! ```

use aes::{Aes128, Aes256};
use cbc::Decryptor;
use cbc::cipher::{Block as CipherBlock, BlockModeDecrypt, KeyIvInit};
use des::TdesEde3;

use super::derive::code;
use super::record::Sealed;
use super::suite::{Block, Mac};
use crate::wire::Reader;

/// First version whose records carry their vector.
const EXPLICIT_VECTOR: u16 = 0x0302;

impl Block {
    /// Bytes of its key.
    pub(super) const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
            Self::TripleDes => 24,
        }
    }

    /// Bytes of a block.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes256 => 16,
            Self::TripleDes => 8,
        }
    }

    fn decrypt(self, key: &[u8], vector: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Aes128 => chained::<Decryptor<Aes128>>(key, vector, text),
            Self::Aes256 => chained::<Decryptor<Aes256>>(key, vector, text),
            Self::TripleDes => chained::<Decryptor<TdesEde3>>(key, vector, text),
        }
    }
}

fn chained<C: BlockModeDecrypt + KeyIvInit>(key: &[u8], vector: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let mut cipher = C::new_from_slices(key, vector).ok()?;
    let mut text = text.to_vec();
    for block in text.chunks_mut(C::block_size()) {
        cipher.decrypt_block(<&mut CipherBlock<C>>::try_from(block).ok()?);
    }
    Some(text)
}

/// When the code was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Over the text, before encryption.
    MacThenEncrypt,
    /// Over what was encrypted.
    EncryptThenMac,
}

/// One direction's keys.
#[derive(Clone)]
pub(super) struct Legacy {
    pub(super) version: u16,
    pub(super) mac: Mac,
    pub(super) mac_key: Vec<u8>,
    /// None where nothing is encrypted.
    pub(super) block: Option<(Block, Vec<u8>)>,
    pub(super) order: Order,
    /// Last block of the record before (TLS 1.0).
    pub(super) chain: Vec<u8>,
}

impl Legacy {
    /// Bytes of a record that are not content, at least.
    pub(super) fn overhead(&self) -> usize {
        let Some((block, _)) = &self.block else { return self.mac.bytes() };
        let vector = if self.version >= EXPLICIT_VECTOR { block.bytes() } else { 0 };
        self.mac.bytes().saturating_add(vector).saturating_add(1)
    }

    /// The content of a record; `None` when its code is wrong with all these numbers. Gives the number that was right.
    pub(super) fn open(&self, sealed: &Sealed<'_>, mut numbers: impl Iterator<Item = u64>) -> Option<(u64, Vec<u8>)> {
        let Some((block, key)) = &self.block else {
            let (content, found) = sealed.body.split_at_checked(sealed.body.len().checked_sub(self.mac.bytes())?)?;
            let number = numbers.find(|number| self.is_right(*number, sealed, content, found))?;
            return Some((number, content.to_vec()));
        };
        if self.order == Order::EncryptThenMac {
            let (body, found) = sealed.body.split_at_checked(sealed.body.len().checked_sub(self.mac.bytes())?)?;
            let number = numbers.find(|number| self.is_right(*number, sealed, body, found))?;
            let text = self.decrypt(*block, key, body)?;
            return Some((number, unpadded(&text)?.to_vec()));
        }
        let text = self.decrypt(*block, key, sealed.body)?;
        let text = unpadded(&text)?;
        let (content, found) = text.split_at_checked(text.len().checked_sub(self.mac.bytes())?)?;
        let number = numbers.find(|number| self.is_right(*number, sealed, content, found))?;
        Some((number, content.to_vec()))
    }

    fn decrypt(&self, block: Block, key: &[u8], body: &[u8]) -> Option<Vec<u8>> {
        let mut reader = Reader::new(body);
        let vector = if self.version >= EXPLICIT_VECTOR { reader.take(block.bytes()).ok()? } else { self.chain.as_slice() };
        let text = reader.rest();
        if text.is_empty() || !text.len().is_multiple_of(block.bytes()) {
            return None;
        }
        block.decrypt(key, vector, text)
    }

    fn is_right(&self, number: u64, sealed: &Sealed<'_>, content: &[u8], found: &[u8]) -> bool {
        let Ok(length) = u16::try_from(content.len()) else { return false };
        let head = [&number.to_be_bytes()[..], &[sealed.content], &sealed.version.to_be_bytes(), &length.to_be_bytes()].concat();
        code(self.mac, &self.mac_key, [&head, content]) == found
    }

    /// The next record's vector is the end of this one, whether it could be opened or not.
    pub(super) fn pass(&mut self, sealed: &Sealed<'_>) {
        let Some((block, _)) = self.block.as_ref().filter(|_| self.version < EXPLICIT_VECTOR) else { return };
        let code_bytes = if self.order == Order::EncryptThenMac { self.mac.bytes() } else { 0 };
        let end = sealed.body.len().saturating_sub(code_bytes);
        if let Some(last) = end.checked_sub(block.bytes()).and_then(|start| sealed.body.get(start..end)) {
            self.chain = last.to_vec();
        }
    }
}

/// Content and code without padding, every byte of which tells its length; `None` when it does not.
fn unpadded(text: &[u8]) -> Option<&[u8]> {
    let length = *text.last()?;
    let (content, padding) = text.split_at_checked(text.len().checked_sub(usize::from(length).saturating_add(1))?)?;
    padding.iter().all(|byte| *byte == length).then_some(content)
}
