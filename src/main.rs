//! The command line: everything happens in the library.

use std::process::ExitCode;

/// Rows are many small texts: this allocator spends a third of the time that the system's does on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    whereto::face::main()
}
