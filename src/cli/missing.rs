//! What to do where there is no file of the name that was given.

use std::error::Error;
use std::path::{Path, PathBuf};

use crate::diag::{Diagnostic, nearest};
use crate::source::{LoadError, LoadErrorKind};

/// Most names of a folder that are compared.
const MOST: usize = 10_000;

/// What an error says, with what to do if it is that there is no such file.
pub(super) fn told(error: &(dyn Error + 'static)) -> String {
    match error.downcast_ref::<LoadError>().and_then(help) {
        Some(help) => format!("{error}; {help}"),
        None => error.to_string(),
    }
}

/// The same as a finding.
pub(super) fn finding(error: &LoadError) -> Diagnostic {
    Diagnostic::format("unreadable-file", error.to_string()).help_opt(help(error))
}

fn help(error: &LoadError) -> Option<String> {
    match error.kind {
        LoadErrorKind::NotFound => Some(meant(&error.path)),
        _ => None,
    }
}

/// What may have been meant by a path at which there is nothing.
fn meant(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folders = folder.into_iter().flat_map(Path::ancestors);
    let absent = folders.filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()).last();
    if let Some(absent) = absent {
        // The same file in a folder that is called nearly so.
        let names = names(absent.parent());
        let all: Vec<String> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        let near = nearest(
            &absent.file_name().unwrap_or_default().to_string_lossy(),
            all.iter().map(String::as_str),
        );
        let meant = near
            .zip(path.strip_prefix(absent).ok())
            .map(|(near, rest)| absent.with_file_name(near).join(rest));
        return match meant.filter(|meant| meant.exists()) {
            Some(meant) => format!("did you mean `{}`?", meant.display()),
            None => format!("there is no folder {} either: check the path", absent.display()),
        };
    }
    let names = names(folder);
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    // The end of a name says what kind of file is meant, and makes short names look alike.
    let same_kind = names.iter().filter(|name| name.extension() == path.extension());
    let stems: Vec<String> = same_kind.map(|name| stem(name)).collect();
    let near = nearest(&stem(path), stems.iter().map(String::as_str)).unwrap_or_default();
    let is_meant = |name: &&PathBuf| {
        stem(name) == near && name.extension() == path.extension() || stem(name) == stem(path)
    };
    let meant = names.iter().find(is_meant);
    meant.map_or_else(
        || "check the path, which counts from the current folder".to_owned(),
        |name| format!("did you mean `{}`?", path.with_file_name(name).display()),
    )
}

/// What lies in a folder, by name.
fn names(folder: Option<&Path>) -> Vec<PathBuf> {
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = folder.read_dir().into_iter().flatten().take(MOST);
    let mut names: Vec<PathBuf> =
        entries.filter_map(|entry| Some(PathBuf::from(entry.ok()?.file_name()))).collect();
    names.sort_unstable();
    names
}
