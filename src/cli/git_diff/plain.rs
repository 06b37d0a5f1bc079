//! A change of any file, as git shows it.

use std::path::{Component, Path, PathBuf};

use super::Content;
use crate::cli::git;
use crate::cli::{ToolError, ignore_closed_pipe, note};

/// What git sets for the programs that it calls, and what would lead it back to the repository.
const OF_THE_REPOSITORY: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_EXTERNAL_DIFF",
    "GIT_OBJECT_DIRECTORY",
    "GIT_DIFF_PATH_COUNTER",
    "GIT_DIFF_PATH_TOTAL",
];

/// Shows a change as text. Both contents are put into a folder under their own names, so that git prints these.
///
/// # Errors
/// When a content cannot be read, or git cannot be run.
pub(super) fn show(old: &Content, new: &Content, color: bool) -> Result<(), ToolError> {
    let folder = tempfile::tempdir()?;
    let one = put(folder.path(), "a", old)?;
    let other = put(folder.path(), "b", new)?;
    let mut command = git::command();
    for name in OF_THE_REPOSITORY {
        command.env_remove(name);
    }
    command.current_dir(folder.path());
    command.args(["diff", "--no-index", "--no-ext-diff", "--no-textconv", "--no-prefix"]);
    command.arg(if color { "--color=always" } else { "--color=never" }).arg("--").args([one, other]);
    let output = git::run(&mut command, b"")?;
    let mut shown = output.stdout;
    // Without a repository, git calls the side that is not there like the one that is.
    for (exists, content, side) in [(old.exists(), new, "b"), (new.exists(), old, "a")] {
        let wrong = format!("diff --git {side}/{0} {side}/{0}", content.name);
        let right = format!("diff --git a/{0} b/{0}", content.name);
        let at = shown.windows(wrong.len()).position(|part| part == wrong.as_bytes());
        if let Some(at) = at.filter(|_| !exists) {
            shown.splice(at..at + wrong.len(), right.bytes());
        }
    }
    ignore_closed_pipe(std::io::Write::write_all(&mut std::io::stdout().lock(), &shown))?;
    // 1 is what differs.
    if output.status.code() != Some(0) && output.status.code() != Some(1) {
        note(&String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Copies a content; gives its path from the folder.
fn put(folder: &Path, side: &str, content: &Content) -> Result<PathBuf, ToolError> {
    if !content.exists() {
        return Ok(PathBuf::from("/dev/null"));
    }
    let name = Path::new(&content.name);
    let is_plain = name.components().all(|part| matches!(part, Component::Normal(_)));
    let name = if is_plain { name } else { Path::new(name.file_name().unwrap_or(name.as_os_str())) };
    let relative = Path::new(side).join(name);
    let path = folder.join(&relative);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    // A content may be a link of the working tree, whose text counts.
    match std::fs::read_link(&content.file) {
        Ok(target) if content.mode == "120000" => std::fs::write(&path, target.to_string_lossy().as_bytes())?,
        _ => std::fs::write(&path, std::fs::read(&content.file)?)?,
    }
    #[cfg(unix)]
    if content.mode == "100755" {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(relative)
}
