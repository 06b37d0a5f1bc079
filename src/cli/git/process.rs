//! Runs git.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use crate::cli::ToolError;

/// git, ready for its arguments. It speaks English and takes no locks that it can do without.
pub(in crate::cli) fn command() -> Command {
    let mut command = Command::new("git");
    command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0");
    command
}

/// Runs git to its end, with all that it prints.
///
/// # Errors
/// When there is no git.
pub(in crate::cli) fn run(command: &mut Command, input: &[u8]) -> Result<Output, ToolError> {
    let cannot = |error: std::io::Error| {
        ToolError::new(format!("cannot run git: {error}\n  help: revisions are read through git; install it"))
    };
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().map_err(cannot)?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        // git answers while it is still asked, so that neither may wait for the other.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output().map_err(cannot)
    })
}
