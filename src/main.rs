//! The `wfc` command.

use std::process::ExitCode;

/// Reading and linting many files is a fifth allocation; this allocator halves that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    wfc::cli::main()
}
