//! `wfc completions`: completion scripts for shells.

use super::{Exit, ToolError, command, print};

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The shell.
    shell: clap_complete::Shell,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Exit, ToolError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "wfc", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Clean)
}
