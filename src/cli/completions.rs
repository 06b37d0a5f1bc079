//! `wfc completions`: completion scripts for shells.

use super::{Exit, Terminal, ToolError, command};

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    shell: clap_complete::Shell,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "wfc", &mut script);
    terminal.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Clean)
}
