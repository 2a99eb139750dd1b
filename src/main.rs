//! The command line: everything happens in the library.

use std::process::ExitCode;

/// Rows are many small texts, made and dropped by the million.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    whereto::face::main()
}
