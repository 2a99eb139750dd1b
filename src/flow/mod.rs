//! Conversations put together: which packets belong to one, which end is the device, what TCP did, and its bytes in order.

mod device;
mod key;
mod stream;
mod table;
mod tcp;
mod ticks;

pub(crate) use device::Decided;
pub use device::{Device, Devices, Named};
pub(crate) use key::{Half, Key};
pub(crate) use stream::{Chunk, Delivery, Stream, Wants};
pub(crate) use table::{Entry, Idle, Table};
pub(crate) use tcp::{Connection, End, Seen};
pub(crate) use ticks::Ticks;
