//! The one integration binary: what the program promises, checked from outside.

#[cfg(test)]
mod air;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod bombs;
#[cfg(test)]
mod broadcasts;
#[cfg(test)]
#[cfg(all(feature = "table", feature = "live"))]
mod bytes;
#[cfg(test)]
#[cfg(all(feature = "table", feature = "live"))]
mod cases;
#[cfg(test)]
mod corpus;
#[cfg(test)]
#[cfg(all(feature = "table", feature = "live"))]
mod day;
#[cfg(test)]
mod decrypted;
#[cfg(test)]
mod docs;
#[cfg(test)]
#[cfg(all(feature = "table", feature = "live"))]
mod drift;
#[cfg(test)]
mod dtls;
#[cfg(test)]
#[cfg(all(feature = "table", feature = "live"))]
mod evidence;
#[cfg(test)]
#[cfg(all(feature = "table", feature = "live"))]
mod excerpt;
#[cfg(test)]
mod floors;
#[cfg(test)]
mod identifiers;
#[cfg(test)]
#[cfg(all(feature = "table", feature = "live"))]
mod init;
#[cfg(test)]
mod link;
#[cfg(test)]
#[cfg(all(feature = "table", feature = "live", target_os = "linux"))]
mod live;
#[cfg(test)]
mod messages;
#[cfg(test)]
#[cfg(all(feature = "table", feature = "live"))]
mod redact;
#[cfg(test)]
#[cfg(all(feature = "table", feature = "live"))]
mod report;
#[cfg(test)]
mod session;
#[cfg(test)]
mod sources;
#[cfg(test)]
#[cfg(all(feature = "table", feature = "live"))]
mod study;
#[cfg(test)]
mod unread;
#[cfg(test)]
mod volume;
