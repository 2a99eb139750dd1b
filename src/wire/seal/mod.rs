//! What seals TLS records and QUIC packets, for whoever has the keys: suites, key derivation, opening.
//!
//! Nothing opens unless its tag or authentication code is right, so that a wrong key never yields wrong text.

mod aead;
mod derive;
mod legacy;
mod overhead;
mod packet;
mod record;
mod suite;

pub(crate) use derive::{Labels, MasterSeed, master};
pub(crate) use legacy::Order;
pub(crate) use overhead::overhead;
pub(crate) use packet::PacketKeys;
pub(crate) use record::{Agreement, Opener, Sealed, openers12};
pub(crate) use suite::{Exchange, Suite};
