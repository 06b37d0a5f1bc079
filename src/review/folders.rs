//! What differs between two folders of workflows, as plain data, and how it is shown.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::changes::Diff;
use super::human::{Style, human};
use super::markdown::{capital, code, markdown};
use super::words;

/// Version of the format. It grows when something is removed or changes its meaning.
pub const VERSION: u32 = 1;

/// What differs between two folders of workflows.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FoldersDiff {
    /// Version of this format.
    pub version: u32,
    /// The old folder, with the revision it is of.
    pub old: String,
    /// The new folder, with the revision it is of.
    pub new: String,
    /// How many files there are of each kind.
    pub summary: Summary,
    /// The files that are not the same, by path.
    pub files: Vec<FileChange>,
}

/// How many presets and workflows there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// In both folders, and they differ.
    pub changed: usize,
    /// In the new folder alone.
    pub added: usize,
    /// In the old folder alone.
    pub removed: usize,
    /// The same under another path.
    pub renamed: usize,
    /// In both folders, and they do the same.
    pub unchanged: usize,
    /// At least one side cannot be read.
    pub unreadable: usize,
}

/// A preset or workflow that is not the same in both folders.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum FileChange {
    /// It differs.
    Changed {
        /// Its path from the folders.
        path: String,
        /// What differs, as `wfc diff` of the two files gives it.
        diff: Box<Diff>,
    },
    /// It is in the new folder alone.
    Added {
        /// Its path from the folder.
        path: String,
        /// What it is, in words.
        what: String,
    },
    /// It was in the old folder alone.
    Removed {
        /// Its path from the folder.
        path: String,
        /// What it was, in words.
        what: String,
    },
    /// It is the same under another path.
    Renamed {
        /// Its path in the old folder.
        from: String,
        /// Its path in the new folder.
        path: String,
    },
    /// At least one side cannot be read, which is reported.
    Unreadable {
        /// Its path from the folders.
        path: String,
        /// What the side is that can be read, in words, if there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        other: Option<String>,
    },
}

impl FileChange {
    /// The path that it is listed by: the new one.
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::Changed { path, .. }
            | Self::Added { path, .. }
            | Self::Removed { path, .. }
            | Self::Renamed { path, .. }
            | Self::Unreadable { path, .. } => path,
        }
    }
}

impl FoldersDiff {
    /// A diff of these files, of which `unchanged` more are the same.
    #[must_use]
    pub fn new(old: String, new: String, mut files: Vec<FileChange>, unchanged: usize) -> Self {
        files.sort_by(|one, other| one.path().cmp(other.path()));
        let mut summary = Summary { unchanged, ..Summary::default() };
        for file in &files {
            *match file {
                FileChange::Changed { .. } => &mut summary.changed,
                FileChange::Added { .. } => &mut summary.added,
                FileChange::Removed { .. } => &mut summary.removed,
                FileChange::Renamed { .. } => &mut summary.renamed,
                FileChange::Unreadable { .. } => &mut summary.unreadable,
            } += 1;
        }
        Self { version: VERSION, old, new, summary, files }
    }

    /// `2 changed, 1 added, 37 unchanged`
    fn summary(&self) -> String {
        let Summary { changed, added, removed, renamed, unchanged, unreadable } = self.summary;
        let counts = [
            (changed, "changed"),
            (added, "added"),
            (removed, "removed"),
            (renamed, "renamed"),
            (unreadable, "unreadable"),
            (unchanged, "unchanged"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        if counts.is_empty() { "no presets or workflows".to_owned() } else { counts.join(", ") }
    }

    /// For a terminal.
    #[must_use]
    pub fn human(&self, style: Style) -> String {
        let mut out = String::new();
        for file in &self.files {
            let path = words::printable(file.path());
            let _ = match file {
                FileChange::Changed { diff, .. } => writeln!(out, "{}", human(diff, style)),
                FileChange::Added { what, .. } => {
                    writeln!(out, "{}  {what}\n", style.sign("+", &format!(" {path}")))
                }
                FileChange::Removed { what, .. } => {
                    writeln!(out, "{}  {what}\n", style.sign("-", &format!(" {path}")))
                }
                FileChange::Renamed { from, .. } => {
                    writeln!(out, "{} → {}  the same\n", words::printable(from), style.bold(&path))
                }
                FileChange::Unreadable { other, .. } => {
                    let other = other.as_ref().map(|other| format!("; the other side is {other}"));
                    let other = other.unwrap_or_default();
                    writeln!(out, "{}  cannot be compared{other}\n", style.bold(&format!("? {path}")))
                }
            };
        }
        let (old, new) = (words::printable(&self.old), words::printable(&self.new));
        let _ = writeln!(out, "{}: {}", style.bold(&format!("{old} → {new}")), self.summary());
        out
    }

    /// For a comment on a pull request.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = format!("## {} → {}\n\n", code(&self.old), code(&self.new));
        let _ = writeln!(out, "{}", capital(&self.summary()));
        let mut list = String::new();
        for file in &self.files {
            let path = code(file.path());
            let _ = match file {
                FileChange::Changed { .. } => Ok(()),
                FileChange::Added { what, .. } => writeln!(list, "- **added** {path}: {what}"),
                FileChange::Removed { what, .. } => writeln!(list, "- **removed** {path}: {what}"),
                FileChange::Renamed { from, .. } => writeln!(list, "- **renamed** {} → {path}", code(from)),
                FileChange::Unreadable { .. } => writeln!(list, "- **cannot be compared** {path}"),
            };
        }
        if !list.is_empty() {
            let _ = write!(out, "\n{list}");
        }
        for file in &self.files {
            if let FileChange::Changed { diff, .. } = file {
                let _ = write!(out, "\n{}", markdown(diff));
            }
        }
        out
    }

    /// All of it as JSON; `schemas/folders-diff.schema.json` describes it.
    #[must_use]
    pub fn json(&self) -> String {
        // Plain data always becomes JSON.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}
