//! Files of git revisions, through git itself: it is there wherever a repository is, knows every kind of clone, and takes
//! no part in the build.
//!
//! A preset needs its graph, its project, its policies and the presets it extends, and these name one another by path. So
//! all small TOML files of a revision are put into a folder of its own, and nothing is looked up elsewhere.

use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::cli::ToolError;
use crate::cli::session;
use crate::cli::workflow_file::has_extension;
use crate::diag::did_you_mean;
use crate::front::toml::project;
use crate::source::{self, MAX_SOURCE_BYTES, MAX_WORKFLOW_BYTES};

/// So many files of a revision are read beside the one that is compared.
const MAX_FILES: usize = 20_000;
/// So many bytes of them.
const MAX_BYTES: u64 = 64 << 20;
/// The largest file that is compared: pictures and captured catalogs are larger than workflows.
const MAX_FILE: u64 = 256 << 20;

/// A git repository.
pub(super) struct Repository {
    /// The folder of this process, from the repository's top: empty, or with `/` at its end.
    here: String,
}

/// Some files of a revision, in a folder that goes away with this.
pub(super) struct Checkout {
    _folder: TempDir,
    path: PathBuf,
}

impl Checkout {
    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.path
    }
}

/// A file of a revision.
struct Blob<'t> {
    path: &'t str,
    id: &'t str,
    bytes: u64,
    is_link: bool,
}

impl Repository {
    /// The repository that this process runs in; `what` is why it is looked for.
    ///
    /// # Errors
    /// When there is none, or no git.
    pub(super) fn find(what: &str) -> Result<Self, ToolError> {
        let here = git(&["rev-parse", "--show-prefix"])?;
        let here = here.ok_or_else(|| {
            ToolError::new(format!(
                "there is no file `{what}`, and no git repository here that it could name a revision of\n  help: give \
                 two files, or run this in a repository"
            ))
        })?;
        Ok(Self { here: here.trim_end_matches('\n').to_owned() })
    }

    /// A path of this process as one from the repository's top.
    ///
    /// # Errors
    /// When it leads out of the repository.
    pub(super) fn path_from_here(&self, path: &str) -> Result<String, ToolError> {
        let path = if Path::new(path).is_absolute() {
            let top = git(&["rev-parse", "--show-toplevel"])?.unwrap_or_default();
            let top = source::identity(Path::new(top.trim_end_matches('\n')));
            let path = source::identity(Path::new(path));
            path.strip_prefix(&top).map(|path| path.to_string_lossy().replace('\\', "/")).ok()
        } else {
            normal(&format!("{}{path}", self.here))
        };
        path.ok_or_else(|| ToolError::new("the file lies outside of the git repository of this folder"))
    }

    /// Puts a file of a tree, and what it may refer to, into a folder. Gives the file's path there as well: `path` may be
    /// from the repository's top, or from this process's folder.
    ///
    /// # Errors
    /// When there is no such file.
    pub(super) fn check_out(
        &self,
        tree: &str,
        revision: &str,
        path: &str,
    ) -> Result<(String, Checkout), ToolError> {
        let listing = git(&["ls-tree", "-r", "-z", "--long", "--full-tree", "--end-of-options", tree])?
            .ok_or_else(|| ToolError::new(format!("git cannot list the files of `{revision}`")))?;
        let blobs: Vec<Blob<'_>> = listing.split('\0').filter_map(blob).collect();
        let wanted = [normal(path), normal(&format!("{}{path}", self.here))];
        let file = wanted.iter().flatten().find_map(|path| blobs.iter().find(|blob| blob.path == *path));
        let file = file.ok_or_else(|| missing(revision, path, &blobs))?;
        let shown = format!("{revision}:{}", file.path);
        if file.is_link {
            return Err(ToolError::new(format!("{shown} is a link\n  help: name the file that it leads to")));
        }
        if file.bytes > MAX_FILE {
            let message = format!("{shown} is larger than {} MiB, the limit for a file", MAX_FILE >> 20);
            return Err(ToolError::new(message));
        }
        let is_small = |blob: &&Blob<'_>| !blob.is_link && blob.bytes <= MAX_SOURCE_BYTES;
        let mut sum = 0;
        let beside = blobs.iter().filter(is_small).filter(|blob| session::is_toml(Path::new(blob.path)));
        let beside = beside.filter(|blob| blob.path != file.path).take(MAX_FILES).take_while(|blob| {
            sum += blob.bytes;
            sum <= MAX_BYTES
        });
        let mut wanted = vec![file];
        wanted.extend(beside);
        let folder = tempfile::tempdir()?;
        let root = source::identity(folder.path());
        let texts = write(&root, &wanted)?;
        // A project may name a catalog.
        let catalogs = blobs.iter().filter(|blob| !blob.is_link && blob.bytes <= MAX_WORKFLOW_BYTES);
        let catalogs = catalogs.filter(|blob| {
            let name = blob.path.rsplit('/').next().unwrap_or(blob.path);
            has_extension(Path::new(name), &["json", "gz"])
                && texts.iter().any(|project| project.contains(&format!("{name}\"")))
        });
        let catalogs: Vec<&Blob<'_>> = catalogs.filter(|blob| blob.path != file.path).collect();
        write(&root, &catalogs)?;
        Ok((file.path.to_owned(), Checkout { _folder: folder, path: root }))
    }
}

/// The tree of a revision.
///
/// # Errors
/// When there is no such revision.
pub(super) fn tree(revision: &str) -> Result<String, ToolError> {
    let wanted = format!("{revision}^{{tree}}");
    let found = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])?;
    found.map(|id| id.trim_end().to_owned()).ok_or_else(|| {
        let is_shallow =
            git(&["rev-parse", "--is-shallow-repository"]).ok().flatten().is_some_and(|said| said.trim() == "true");
        let help = if is_shallow {
            let name = revision.trim_start_matches("origin/");
            format!(
                "this is a shallow clone, which has few revisions: `git fetch --depth=1 origin {name}` brings it, as \
                 FETCH_HEAD"
            )
        } else {
            "`git branch -a`, `git tag` and `git log` list what there is".to_owned()
        };
        ToolError::new(format!("there is no revision `{revision}` in this repository\n  help: {help}"))
    })
}

/// The revision where two parted.
///
/// # Errors
/// When there is none, or it is not known here.
pub(super) fn fork(one: &str, other: &str) -> Result<String, ToolError> {
    tree(one)?;
    tree(other)?;
    let found = git(&["merge-base", "--end-of-options", one, other])?;
    found.map(|id| id.trim_end().to_owned()).ok_or_else(|| {
        ToolError::new(format!(
            "`{one}` and `{other}` have no revision in common here\n  help: in a shallow clone the common one may be \
             missing: fetch more of the history, or compare the two themselves with `{one}..{other}`"
        ))
    })
}

/// Writes blobs below a folder; gives the texts of the projects among them.
fn write(root: &Path, blobs: &[&Blob<'_>]) -> Result<Vec<String>, ToolError> {
    if blobs.is_empty() {
        return Ok(Vec::new());
    }
    let ids: String = blobs.iter().flat_map(|blob| [blob.id, "\n"]).collect();
    let output = run(Command::new("git").args(["cat-file", "--batch"]), ids.as_bytes())?;
    let mut rest = &*output.stdout;
    let mut projects = Vec::new();
    for blob in blobs {
        let content = next(&mut rest).ok_or_else(|| {
            ToolError::new(format!(
                "git does not have the content of {}\n  help: in a partial clone `git fetch --refetch` brings it",
                blob.path
            ))
        })?;
        let path = root.join(blob.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, content)?;
        if path.file_name().is_some_and(|name| name == project::FILE_NAME) {
            projects.push(String::from_utf8_lossy(content).into_owned());
        }
    }
    Ok(projects)
}

/// The next content of what `git cat-file --batch` prints: a line with id, type and length, that many bytes, and the end of
/// a line.
fn next<'o>(rest: &mut &'o [u8]) -> Option<&'o [u8]> {
    let line = rest.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(rest.get(..line)?).ok()?;
    let length: usize = head.split(' ').nth(2)?.parse().ok()?;
    let content = rest.get(line + 1..line + 1 + length)?;
    *rest = rest.get(line + 2 + length..)?;
    Some(content)
}

/// A line of `git ls-tree --long`: mode, type, id, length, tab, path. Paths that lead elsewhere are left out.
fn blob(line: &str) -> Option<Blob<'_>> {
    let (head, path) = line.split_once('\t')?;
    let mut words = head.split_ascii_whitespace();
    let (mode, kind, id, bytes) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let is_plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    (kind == "blob" && is_plain).then_some(())?;
    Some(Blob { path, id, bytes: bytes.parse().ok()?, is_link: mode == "120000" })
}

fn missing(revision: &str, path: &str, blobs: &[Blob<'_>]) -> ToolError {
    let folder = format!("{}/", path.trim_end_matches('/'));
    let help = if blobs.iter().any(|blob| blob.path.starts_with(&folder)) {
        "it is a folder there; name a preset or a workflow".to_owned()
    } else {
        let name = path.rsplit('/').next().unwrap_or(path);
        let same = blobs.iter().find(|blob| blob.path.rsplit('/').next() == Some(name));
        let near = || did_you_mean(path, blobs.iter().map(|blob| blob.path).take(MAX_FILES));
        same.map(|blob| format!("there is `{revision}:{}`", blob.path))
            .or_else(near)
            .unwrap_or_else(|| format!("`git ls-tree -r --name-only {revision}` lists its files"))
    };
    ToolError::new(format!("there is no file `{path}` in `{revision}`\n  help: {help}"))
}

/// A path without `.` and `..`; nothing if it leads out.
fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What git prints; nothing if it fails.
fn git(arguments: &[&str]) -> Result<Option<String>, ToolError> {
    let output = run(Command::new("git").args(arguments), b"")?;
    Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn run(command: &mut Command, input: &[u8]) -> Result<std::process::Output, ToolError> {
    let cannot = |error: std::io::Error| {
        ToolError::new(format!("cannot run git: {error}\n  help: revisions are read through git; install it"))
    };
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = piped.spawn().map_err(cannot)?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        // git answers while it is still asked, so that neither may wait for the other.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output().map_err(cannot)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_repository() {
        assert_eq!(normal("a/./b/../c.toml").as_deref(), Some("a/c.toml"));
        assert_eq!(normal("../c.toml"), None);
        assert!(blob("100644 blob abc 12\ta/b.toml").is_some());
        assert!(blob("100644 blob abc 12\ta/../../b.toml").is_none());
        assert!(blob("160000 commit abc -\tsub").is_none());
    }

    #[test]
    fn contents_are_taken_by_their_length() {
        let mut rest = &b"id blob 3\na\nb\nid blob 0\n\nid missing\n"[..];
        assert_eq!(next(&mut rest), Some(&b"a\nb"[..]));
        assert_eq!(next(&mut rest), Some(&b""[..]));
        assert_eq!(next(&mut rest), None);
    }
}
