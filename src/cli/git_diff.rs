//! `wfc git-diff`: what git calls to show changes of workflows.

mod install;
mod plain;

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use super::diff::locate::Located;
use super::diff::open::{self, Opened};
use super::session::Session;
use super::{Exit, Terminal, ToolError, ignore_closed_pipe, note, print};
use crate::review::{self, Style};
use crate::source::{self, MAX_WORKFLOW_BYTES};

/// Show changes of workflows in `git diff`, `git log -p` and `git show`.
///
/// git calls this, and nobody else needs to: `wfc git-diff --install` tells git to, in this repository, and a line in
/// `.gitattributes` says for which files: `*.json diff=wfc`. From then on `git diff` and `git log -p --ext-diff` show what
/// a change does to a workflow, and commands that take no other program's diff, such as plain `git log -p`, compare the
/// workflows as text with one node a line. What is no workflow is shown as git shows it.
///
/// Called by git, it always ends with exit code 0, since git would stop. `--install` ends with 2 outside of a repository.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "wfc git-diff --install\n       wfc git-diff --textconv FILE\n       wfc git-diff PATH OLD-FILE \
                            OLD-HEX OLD-MODE NEW-FILE NEW-HEX NEW-MODE [NEW-PATH INFO]"
)]
pub(super) struct Args {
    /// Tell git to call this: writes `diff.wfc.command` and `diff.wfc.textconv` into the configuration of the repository
    /// of this folder, and says what it did. Nothing else is touched.
    #[arg(long, conflicts_with_all = ["textconv", "arguments"])]
    install: bool,
    /// Print a workflow as text, one node a line; any other file as it is.
    #[arg(long, value_name = "FILE", conflicts_with = "arguments")]
    textconv: Option<PathBuf>,
    /// What git says: the file's path, and of the old and new content a file, an id and a mode. Of a renamed file, its new
    /// path and what git says of it.
    #[arg(value_name = "ARGUMENT", num_args = 1.., allow_hyphen_values = true, required_unless_present_any = ["install", "textconv"])]
    arguments: Vec<String>,
}

/// One content of a file, as git gives it.
struct Content {
    /// What the file is called, from the repository's top.
    name: String,
    /// Where the content is; `/dev/null` if there is none.
    file: PathBuf,
    id: String,
    mode: String,
}

impl Content {
    /// True if there is a file on this side.
    fn exists(&self) -> bool {
        !matches!(&*self.file.to_string_lossy(), "/dev/null" | "nul" | "NUL")
    }
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    if args.install {
        return install::run();
    }
    if let Some(file) = &args.textconv {
        return textconv(file);
    }
    let color = terminal.color(io::stdout().is_terminal() || pager());
    match &*args.arguments {
        // A file that awaits a merge has no two sides.
        [path] => print(&format!("* Unmerged path {}\n", review::printable(path)))?,
        [path, sides @ ..] => {
            let ([old_file, old_id, old_mode, new_file, new_id, new_mode], renamed) =
                sides.split_first_chunk().ok_or_else(|| {
                    ToolError::new(format!(
                        "git-diff takes 1, 7 or 9 arguments, not {}\n  help: git calls it; `wfc diff OLD NEW` compares two \
                         workflows, and `wfc git-diff --install` tells git",
                        args.arguments.len()
                    ))
                })?;
            let content = |name: &String, file: &String, id: &String, mode: &String| Content {
                name: name.clone(),
                file: file.into(),
                id: id.clone(),
                mode: mode.clone(),
            };
            let old = content(path, old_file, old_id, old_mode);
            let new = content(renamed.first().unwrap_or(path), new_file, new_id, new_mode);
            let info = renamed.get(1).map_or("", |info| &**info);
            if let Err(ToolError(message)) = show(&old, &new, info, color) {
                note(&format!("wfc: {path}: {message}\n"));
            }
        }
        [] => {}
    }
    Ok(Exit::Clean)
}

/// True if git's pager takes what is printed: it shows colours if the terminal does.
fn pager() -> bool {
    std::env::var("GIT_PAGER_IN_USE").is_ok_and(|value| matches!(&*value, "1" | "true"))
}

/// Shows a change: what it does, if both sides are workflows, or as git would.
fn show(old: &Content, new: &Content, info: &str, color: bool) -> Result<(), ToolError> {
    let mut session = Session::new(None);
    let before = opened(old, "a/", &mut session);
    let after = opened(new, "b/", &mut session);
    let style = Style { color };
    let body = match (before, after) {
        (Some((before, from)), Some((after, to))) => {
            let diff = review::diff(&before.side(from.shown, None), &after.side(to.shown, None));
            let text = review::human(&diff, style);
            // The first line names both, and so does the header.
            text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default()
        }
        (Some((before, _)), None) if !new.exists() => whole("-", "no longer there", &before, style),
        (None, Some((after, _))) if !old.exists() => whole("+", "new", &after, style),
        (before, after) => {
            if before.is_some() != after.is_some() && old.exists() && new.exists() {
                let which = if before.is_some() { "new" } else { "old" };
                note(&format!(
                    "wfc: {}: the {which} one is no workflow, so both are compared as text\n",
                    new.name
                ));
            }
            return plain::show(old, new, color);
        }
    };
    let mut header = format!("diff --wfc a/{} b/{}\n", old.name, new.name);
    if !old.exists() {
        let _ = writeln!(header, "new file mode {}", new.mode);
    } else if !new.exists() {
        let _ = writeln!(header, "deleted file mode {}", old.mode);
    }
    if !info.is_empty() {
        header.push_str(info);
        if !info.ends_with('\n') {
            header.push('\n');
        }
    } else if let (true, Some(old_id), Some(new_id)) = (old.id != new.id, short(&old.id), short(&new.id)) {
        let _ = writeln!(header, "index {old_id}..{new_id}");
    }
    if old.exists() && new.exists() && old.mode != new.mode {
        let _ = writeln!(header, "old mode {}\nnew mode {}", old.mode, new.mode);
    }
    let header = header.lines().map(review::printable);
    let header = header.map(|line| style.bold(&line)).collect::<Vec<_>>().join("\n");
    print(&format!("{header}\n{body}\n"))
}

/// The beginning of an id, if there is one.
fn short(id: &str) -> Option<&str> {
    // git gives zeros for what is not in the repository yet.
    id.get(..10)
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|byte| byte != b'0'))
}

/// A workflow, if a content is one.
fn opened(content: &Content, prefix: &str, session: &mut Session) -> Option<(Opened, Located)> {
    if !content.exists() {
        return None;
    }
    let shown = format!("{prefix}{}", content.name);
    let located = Located::elsewhere(&content.file, Path::new(&content.name), shown);
    let opened = open::workflow(&located, session).ok()?.ok()?;
    Some((opened, located))
}

/// A workflow that is on one side only.
fn whole(sign: &str, what: &str, opened: &Opened, style: Style) -> String {
    let text = review::text(opened.graph());
    let lines = text.lines().map(|line| style.sign(sign, line)).collect::<Vec<_>>().join("\n");
    format!("{what}: {}\n{lines}\n", opened.about())
}

/// Prints a workflow as text, and any other file as it is.
fn textconv(file: &Path) -> Result<Exit, ToolError> {
    let shown = file.display().to_string();
    let located = Located::elsewhere(file, Path::new(&shown), shown.clone());
    let read = open::read(&located, &mut Session::new(None));
    if let Ok(Ok(read)) = read {
        print(&review::text(&read.graph))?;
        return Ok(Exit::Clean);
    }
    let bytes = match source::read_capped(file, MAX_WORKFLOW_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => {
            // git would stop.
            print(&format!("{error}\n"))?;
            return Ok(Exit::Clean);
        }
    };
    if open::is_binary(&bytes) {
        // A terminal is no place for it, and git would not look again.
        print(&format!("binary file of {} bytes, blake3 {}\n", bytes.len(), blake3::hash(&bytes)))?;
    } else {
        ignore_closed_pipe(io::Write::write_all(&mut io::stdout().lock(), &bytes))?;
    }
    Ok(Exit::Clean)
}
