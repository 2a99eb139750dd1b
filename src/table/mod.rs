//! Rows become dataframes: Parquet for every table, CSV, NDJSON and Arrow on request, and the two
//! tables made from `flows` by aggregation, `summary` and `destinations`.
//!
//! Polars is used here and above, nowhere below.
//!
//! ```
//! # fn main() -> Result<(), whereto::Error> {
//! # let dir = std::env::temp_dir().join(format!("whereto-doc-{}", std::process::id()));
//! use whereto::table::{Formats, Store};
//!
//! let store = Store::create(&dir, Formats::default())?;
//! let tables = store.finish()?;
//! assert_eq!(tables.summary.height(), 0);
//! # std::fs::remove_dir_all(&dir).ok();
//! # Ok(())
//! # }
//! ```

mod aggregate;
mod aircraft;
mod broadcasters;
mod columns;
mod format;
mod plain;
mod read;
mod redact;
#[cfg(test)]
pub(crate) mod samples;
mod store;
mod writer;

pub use aggregate::CANDIDATES;
pub use aircraft::{Aircraft, Amount, Craft};
pub use broadcasters::Broadcaster;
pub use columns::schema;
pub use format::Formats;
pub use plain::time;
pub use read::{read, read_where};
pub use redact::{Level, Order, Redactor};
pub use store::{Seen, Store, StudyRow, Table, Tables};
