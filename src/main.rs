//! The `wfc` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    wfc::cli::main()
}
