//! Files of git revisions, through git itself: it is there wherever a repository is, knows every kind of clone, and takes
//! no part in the build.
//!
//! A [`Repository`] answers what a revision is; a [`Tree`] is what is in one, or in the index; `checkout` puts files of a
//! tree where commands can read them.

mod checkout;
mod process;

use std::path::{Component, Path, PathBuf};

use crate::cli::ToolError;
use crate::diag::did_you_mean;
use crate::source;

pub(super) use checkout::Checkout;
pub(super) use process::{command, run};

/// The largest file that is read: pictures and captured catalogs are larger than workflows.
const MAX_FILE: u64 = 256 << 20;
/// So many bytes are asked of git at once.
const MAX_BATCH: u64 = 64 << 20;
/// So many names are looked through for one that is similar.
const MAX_NAMES: usize = 20_000;

/// A git repository.
pub(super) struct Repository {
    /// The folder of this process, from the repository's top: empty, or with `/` at its end.
    here: String,
}

/// The files of a revision, or of the index.
pub(super) struct Tree {
    /// What its user calls it; empty for the index.
    pub(super) name: String,
    /// Its id; none for the index.
    id: Option<String>,
    /// Its files, sorted by path. What is no plain file is left out: submodules, and paths that lead elsewhere.
    pub(super) files: Vec<Blob>,
}

/// A file of a tree.
#[derive(Clone, Debug)]
pub(super) struct Blob {
    /// From the repository's top, with `/`.
    pub(super) path: String,
    /// The id of its content: equal ids are equal contents.
    pub(super) id: String,
    /// Its size.
    pub(super) bytes: u64,
    /// True if it is a symbolic link; the content is where it leads to.
    pub(super) is_link: bool,
}

/// A path that differs between two trees, as git sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ChangedPath {
    /// Its path before; none if it is new.
    pub(super) old: Option<String>,
    /// Its path after; none if it is gone. Another one than before if it was renamed.
    pub(super) new: Option<String>,
}

impl Repository {
    /// The repository that this process runs in; `what` is why it is looked for.
    ///
    /// # Errors
    /// When there is none, or no git.
    pub(super) fn find(what: &str) -> Result<Self, ToolError> {
        Self::open()?.ok_or_else(|| {
            ToolError::new(format!(
                "there is no file `{what}`, and no git repository here that it could name a revision of\n  help: give \
                 two files, or run this in a repository"
            ))
        })
    }

    /// The repository that this process runs in; nothing if there is none.
    ///
    /// # Errors
    /// When it cannot be read, or there is no git.
    pub(super) fn open() -> Result<Option<Self>, ToolError> {
        let output = run(command().args(["rev-parse", "--show-prefix"]), b"")?;
        if output.status.success() {
            let here = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
            return Ok(Some(Self { here }));
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let said = said.lines().next().unwrap_or_default();
        if said.is_empty() || said.contains("not a git repository") {
            return Ok(None);
        }
        // Such as one that belongs to another user.
        Err(ToolError::new(format!("git cannot read the repository of this folder: {said}")))
    }

    /// The repository's top, from this process's folder: empty, or `..` and so on.
    pub(super) fn way_to_top(&self) -> PathBuf {
        self.here.matches('/').map(|_| "..").collect()
    }

    /// A path of this process as one from the repository's top; empty for the top itself.
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

    /// The files of a revision; `name` is what its user calls it.
    ///
    /// # Errors
    /// When there is no such revision.
    #[expect(clippy::unused_self, reason = "there is no revision without a repository")]
    pub(super) fn tree(&self, revision: &str, name: &str) -> Result<Tree, ToolError> {
        let id = tree_id(revision)?;
        let listing = git(&["ls-tree", "-r", "-z", "--long", "--full-tree", "--end-of-options", &id])?
            .ok_or_else(|| ToolError::new(format!("git cannot list the files of `{name}`")))?;
        let mut files: Vec<Blob> = listing.split('\0').filter_map(blob).collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Tree { name: name.to_owned(), id: Some(id), files })
    }

    /// The files of the index: what the next commit will have.
    ///
    /// # Errors
    /// When git cannot read it. A bare repository has an empty one.
    #[expect(clippy::unused_self, reason = "there is no index without a repository")]
    pub(super) fn index(&self) -> Result<Tree, ToolError> {
        let listing = git(&["ls-files", "-s", "-z", "--full-name", "--", ":/"])?
            .ok_or_else(|| ToolError::new("git cannot list the index\n  help: name a revision"))?;
        let mut files: Vec<Blob> = listing.split('\0').filter_map(staged).collect();
        let ids: String = files.iter().flat_map(|blob| [&*blob.id, "\n"]).collect();
        let sizes = run(command().args(["cat-file", "--batch-check=%(objectsize)"]), ids.as_bytes())?;
        for (blob, size) in files.iter_mut().zip(String::from_utf8_lossy(&sizes.stdout).lines()) {
            blob.bytes = size.parse().unwrap_or_default();
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Tree { name: String::new(), id: None, files })
    }

    /// A file of a tree; `path` may be from the repository's top, or from this process's folder.
    ///
    /// # Errors
    /// When there is no such file.
    pub(super) fn file<'t>(&self, tree: &'t Tree, path: &str) -> Result<&'t Blob, ToolError> {
        let wanted = [normal(path), normal(&format!("{}{path}", self.here))];
        let found = wanted.iter().flatten().find_map(|path| tree.file(path));
        found.ok_or_else(|| tree.missing(path))
    }

    /// A folder of a tree, as a path from the top with `/` at its end, or empty for the top; nothing if there is none.
    /// `path` may be from the repository's top, or from this process's folder.
    pub(super) fn folder(&self, tree: &Tree, path: &str) -> Option<String> {
        let wanted = [normal(path), normal(&format!("{}{path}", self.here))];
        let folders = wanted.into_iter().flatten().map(|path| in_folder(&path));
        folders.into_iter().find(|folder| tree.below(folder).next().is_some())
    }

    /// Reads the contents of files, in order; no more of them are in memory at once than fit in some 64 MiB, or one.
    ///
    /// # Errors
    /// When git lacks a content, a file is larger than 256 MiB, or `each` fails.
    #[expect(clippy::unused_self, reason = "there is no content without a repository")]
    pub(super) fn read<'b>(
        &self,
        files: impl IntoIterator<Item = &'b Blob>,
        mut each: impl FnMut(&'b Blob, &[u8]) -> Result<(), ToolError>,
    ) -> Result<(), ToolError> {
        let mut files = files.into_iter().peekable();
        while files.peek().is_some() {
            let (mut batch, mut sum) = (Vec::new(), 0);
            while let Some(file) = files.next_if(|file| sum == 0 || sum + file.bytes <= MAX_BATCH) {
                if file.bytes > MAX_FILE {
                    let message =
                        format!("{} is larger than {} MiB, the limit for a file", file.path, MAX_FILE >> 20);
                    return Err(ToolError::new(message));
                }
                sum += file.bytes.max(1);
                batch.push(file);
            }
            let ids: String = batch.iter().flat_map(|blob| [&*blob.id, "\n"]).collect();
            let output = run(command().args(["cat-file", "--batch"]), ids.as_bytes())?;
            let mut rest = &*output.stdout;
            for file in batch {
                let content = next(&mut rest).ok_or_else(|| {
                    ToolError::new(format!(
                        "git does not have the content of {}\n  help: in a partial clone `git fetch --refetch` brings it",
                        file.path
                    ))
                })?;
                each(file, content)?;
            }
        }
        Ok(())
    }

    /// The paths that differ between two trees, renames found as git finds them, sorted. Without a second tree, it is
    /// compared with the files on the disk, with those that git does not know and does not ignore.
    ///
    /// # Errors
    /// When one of the two is the index.
    #[expect(clippy::unused_self, reason = "there is no tree without a repository")]
    pub(super) fn changed(&self, from: &Tree, to: Option<&Tree>) -> Result<Vec<ChangedPath>, ToolError> {
        let failed = || ToolError::new(format!("git cannot compare the files of `{}`", from.name));
        let id = |tree: &Tree| tree.id.clone().ok_or_else(failed);
        let mut arguments =
            ["-c", "diff.relative=false", "diff", "--name-status", "-z", "-M", "--no-ext-diff"]
                .map(str::to_owned)
                .to_vec();
        arguments.push(id(from)?);
        arguments.extend(to.map(id).transpose()?);
        arguments.push("--".to_owned());
        let arguments: Vec<&str> = arguments.iter().map(|argument| &**argument).collect();
        let mut changed = names_and_states(&git(&arguments)?.ok_or_else(failed)?);
        if to.is_none() {
            let unknown = ["ls-files", "--others", "--exclude-standard", "-z", "--full-name", "--", ":/"];
            let unknown = git(&unknown)?.ok_or_else(failed)?;
            let unknown = unknown.split('\0').filter(|path| !path.is_empty());
            changed.extend(unknown.map(|path| ChangedPath { old: None, new: Some(path.to_owned()) }));
        }
        changed.sort_by(|one, other| one.path().cmp(other.path()));
        Ok(changed)
    }

    /// The revision where two parted.
    ///
    /// # Errors
    /// When there is none, or it is not known here.
    #[expect(clippy::unused_self, reason = "there is no revision without a repository")]
    pub(super) fn merge_base(&self, one: &str, other: &str) -> Result<String, ToolError> {
        tree_id(one)?;
        tree_id(other)?;
        let found = git(&["merge-base", "--end-of-options", one, other])?;
        found.map(|id| id.trim_end().to_owned()).ok_or_else(|| {
            ToolError::new(format!(
                "`{one}` and `{other}` have no revision in common here\n  help: in a shallow clone the common one may \
                 be missing: fetch more of the history, or compare the two themselves with `{one}..{other}`"
            ))
        })
    }
}

impl ChangedPath {
    /// The path after, or before if it is gone.
    pub(super) fn path(&self) -> &str {
        self.new.as_deref().or(self.old.as_deref()).unwrap_or_default()
    }
}

impl Tree {
    /// The file at a path from the top.
    pub(super) fn file(&self, path: &str) -> Option<&Blob> {
        let at = self.files.binary_search_by(|blob| blob.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }

    /// The files below a folder, which is given from the top with `/` at its end, or empty for the top.
    pub(super) fn below<'t>(&'t self, folder: &'t str) -> impl Iterator<Item = &'t Blob> {
        let from = self.files.partition_point(|blob| blob.path.as_str() < folder);
        let rest = self.files.get(from..).unwrap_or_default();
        rest.iter().take_while(move |blob| blob.path.starts_with(folder))
    }

    /// True if there are files below a path from the top.
    pub(super) fn is_folder(&self, path: &str) -> bool {
        self.below(&in_folder(path)).next().is_some()
    }

    /// What one of its files is called: `main:presets/x.toml`.
    pub(super) fn shown(&self, path: &str) -> String {
        format!("{}:{path}", self.name)
    }

    fn missing(&self, path: &str) -> ToolError {
        let folder = in_folder(path);
        let help = if self.below(&folder).next().is_some() {
            "it is a folder there; name a preset or a workflow, or give folders on both sides".to_owned()
        } else {
            let name = path.rsplit('/').next().unwrap_or(path);
            let same = self.files.iter().find(|blob| blob.path.rsplit('/').next() == Some(name));
            let near = || did_you_mean(path, self.files.iter().map(|blob| &*blob.path).take(MAX_NAMES));
            let list = match &*self.name {
                "" if self.files.is_empty() => "it is empty; a bare repository has none".to_owned(),
                "" => "`git ls-files` lists its files".to_owned(),
                name => format!("`git ls-tree -r --name-only {name}` lists its files"),
            };
            same.map(|blob| format!("there is `{}`", self.shown(&blob.path))).or_else(near).unwrap_or(list)
        };
        let place = if self.name.is_empty() { "the index".to_owned() } else { format!("`{}`", self.name) };
        ToolError::new(format!("there is no file `{path}` in {place}\n  help: {help}"))
    }
}

/// Whether git knows a revision of this name.
///
/// # Errors
/// When there is no git.
pub(super) fn is_revision(name: &str) -> Result<bool, ToolError> {
    let wanted = format!("{name}^{{tree}}");
    Ok(git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])?.is_some())
}

/// The tree of a revision.
fn tree_id(revision: &str) -> Result<String, ToolError> {
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

/// A line of `git ls-tree --long`: mode, type, id, length, tab, path.
fn blob(line: &str) -> Option<Blob> {
    let (head, path) = line.split_once('\t')?;
    let mut words = head.split_ascii_whitespace();
    let (mode, kind, id, bytes) = (words.next()?, words.next()?, words.next()?, words.next()?);
    (kind == "blob" && is_plain(path)).then_some(())?;
    Some(Blob {
        path: path.to_owned(),
        id: id.to_owned(),
        bytes: bytes.parse().ok()?,
        is_link: mode == "120000",
    })
}

/// A line of `git ls-files -s`: mode, id, stage, tab, path. Files that await a merge are left out, and so are submodules.
fn staged(line: &str) -> Option<Blob> {
    let (head, path) = line.split_once('\t')?;
    let mut words = head.split_ascii_whitespace();
    let (mode, id, stage) = (words.next()?, words.next()?, words.next()?);
    (stage == "0" && mode != "160000" && is_plain(path)).then_some(())?;
    Some(Blob { path: path.to_owned(), id: id.to_owned(), bytes: 0, is_link: mode == "120000" })
}

/// What `git diff --name-status -z` prints: a state, and one path, or two of what was renamed or copied.
fn names_and_states(text: &str) -> Vec<ChangedPath> {
    let mut words = text.split('\0');
    let mut changed = Vec::new();
    while let Some(state) = words.next().filter(|state| !state.is_empty()) {
        let Some(path) = words.next().map(str::to_owned) else { break };
        changed.push(match state.as_bytes().first() {
            Some(b'A') => ChangedPath { old: None, new: Some(path) },
            Some(b'D') => ChangedPath { old: Some(path), new: None },
            Some(b'R') => ChangedPath { old: Some(path), new: words.next().map(str::to_owned) },
            Some(b'C') => ChangedPath { old: None, new: words.next().map(str::to_owned) },
            _ => ChangedPath { old: Some(path.clone()), new: Some(path) },
        });
    }
    changed
}

/// True for paths that lead nowhere else.
fn is_plain(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

/// What the paths of files in a folder begin with.
fn in_folder(path: &str) -> String {
    match path.trim_end_matches('/') {
        "" => String::new(),
        path => format!("{path}/"),
    }
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
pub(super) fn git(arguments: &[&str]) -> Result<Option<String>, ToolError> {
    let output = run(command().args(arguments), b"")?;
    Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
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
        assert!(staged("100644 abc 0\ta/b.toml").is_some());
        assert!(staged("100644 abc 2\ta/b.toml").is_none());
    }

    #[test]
    fn contents_are_taken_by_their_length() {
        let mut rest = &b"id blob 3\na\nb\nid blob 0\n\nid missing\n"[..];
        assert_eq!(next(&mut rest), Some(&b"a\nb"[..]));
        assert_eq!(next(&mut rest), Some(&b""[..]));
        assert_eq!(next(&mut rest), None);
    }

    #[test]
    fn states_have_one_path_or_two() {
        let changed = names_and_states("M\0a\0R087\0b\0c\0D\0d\0A\0e\0");
        let paths: Vec<_> = changed.iter().map(|path| (path.old.as_deref(), path.new.as_deref())).collect();
        let expected = [(Some("a"), Some("a")), (Some("b"), Some("c")), (Some("d"), None), (None, Some("e"))];
        assert_eq!(paths, expected);
    }

    #[test]
    fn files_of_a_folder_are_found_by_its_name() {
        let file = |path: &str| Blob { path: path.to_owned(), id: String::new(), bytes: 0, is_link: false };
        let files = ["a.toml", "a/b.toml", "a/c.toml", "ab.toml"].map(file).to_vec();
        let tree = Tree { name: "main".to_owned(), id: None, files };
        let below = |folder| tree.below(folder).map(|blob| &*blob.path).collect::<Vec<_>>();
        assert_eq!(below("a/"), ["a/b.toml", "a/c.toml"]);
        assert_eq!(below("").len(), 4);
        assert!(tree.file("a/b.toml").is_some() && tree.file("a").is_none());
    }
}
