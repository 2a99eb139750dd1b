//! Bytes to fields, one file per format. Nothing here knows flows, time or tables.
#![warn(clippy::indexing_slicing, clippy::as_conversions, clippy::arithmetic_side_effects)]

pub(crate) mod arsdk;
pub(crate) mod bluetooth;
pub(crate) mod compressed;
pub(crate) mod dji_link;
pub(crate) mod dns;
pub(crate) mod droneid;
pub(crate) mod duml;
pub(crate) mod eapol;
pub(crate) mod exif;
pub(crate) mod fcs;
pub(crate) mod fields;
pub(crate) mod form;
pub(crate) mod french_id;
pub(crate) mod gquic;
pub(crate) mod handshake;
pub(crate) mod hpack;
pub(crate) mod http;
mod huffman;
pub(crate) mod ieee80211;
pub(crate) mod ja4;
pub(crate) mod keylog;
pub(crate) mod keys;
pub(crate) mod link;
pub(crate) mod management;
pub(crate) mod mavlink;
pub(crate) mod media;
pub(crate) mod nal;
pub(crate) mod nan;
pub(crate) mod place;
pub(crate) mod position;
pub(crate) mod qpack;
pub(crate) mod quic;
mod reader;
pub(crate) mod remote_id;
pub(crate) mod rsn;
pub(crate) mod seal;
pub(crate) mod tello;
mod text;
pub(crate) mod tls;
pub(crate) mod transition;
pub(crate) mod x509;

pub use link::{Direction, LinkType, Mac};
pub use reader::{Reader, Short};
pub use text::{escape, hex};
