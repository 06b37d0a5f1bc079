//! Tells git to call `wfc git-diff`.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::git::git;
use crate::cli::{Exit, ToolError, print};

/// A name that the line in `.gitattributes` is meant to take.
const PROBE: &str = "x.workflow_api.json";

/// Writes the repository's own configuration.
///
/// # Errors
/// Outside of a repository, and when git cannot write.
pub(super) fn run() -> Result<Exit, ToolError> {
    let folder = git(&["rev-parse", "--git-common-dir"])?.ok_or_else(|| {
        ToolError::new(
            "this is not a git repository\n  help: run it in the repository whose diffs you look at",
        )
    })?;
    let program = program();
    let mut said = String::new();
    for (key, value) in [
        ("diff.wfc.command", format!("{program} git-diff")),
        ("diff.wfc.textconv", format!("{program} git-diff --textconv")),
    ] {
        let was = git(&["config", "--local", "--get", key])?.map(|was| was.trim_end().to_owned());
        if was.as_deref() == Some(&*value) {
            let _ = writeln!(said, "{key} is {value} already");
            continue;
        }
        if git(&["config", "--local", "--replace-all", key, &value])?.is_none() {
            return Err(ToolError::new(format!(
                "git cannot write {key} into {}/config\n  help: make it writable, or set it yourself: git config {key} \
                 \"{value}\"",
                folder.trim_end()
            )));
        }
        let was = was.map(|was| format!(" (it was {was})")).unwrap_or_default();
        let _ = writeln!(said, "{key} is now {value}{was}");
    }
    let _ = writeln!(
        said,
        "both are in {}/config, for this repository alone; `git config --local --remove-section diff.wfc` removes \
         them",
        folder.trim_end()
    );
    let driver = git(&["check-attr", "diff", "--", PROBE])?.unwrap_or_default();
    said += match driver.trim_end().rsplit(": ").next() {
        Some("wfc") => "workflows are shown by it: .gitattributes says so\n",
        _ => {
            "one step is left: a line in .gitattributes that says which files are workflows:\n  *.json diff=wfc\n"
        }
    };
    print(&said)?;
    Ok(Exit::Clean)
}

/// How git finds this program: by name, if that leads here, or else by path.
fn program() -> String {
    let Ok(here) = std::env::current_exe() else { return "wfc".to_owned() };
    let same = |folder: &Path| {
        let named = folder.join("wfc").with_extension(std::env::consts::EXE_EXTENSION);
        named.canonicalize().ok() == here.canonicalize().ok()
    };
    let paths = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&paths).any(|folder| same(&folder)) {
        return "wfc".to_owned();
    }
    // git hands it to a shell.
    format!("'{}'", here.display().to_string().replace('\\', "/").replace('\'', r"'\''"))
}
