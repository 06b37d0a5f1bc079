//! What is on this machine, whatever the workflow.

use std::path::{Path, PathBuf};

use crate::catalog::ClassProgram;
use crate::plan::Storage;
use crate::preflight::{FreeSpace, Local};

pub(super) fn look(models: Option<&Path>, storage: Storage) -> Local {
    Local {
        programs: ClassProgram::programs().map(|program| (program, find(program))).collect(),
        space: models.map(|folder| FreeSpace { folder: folder.to_owned(), bytes: free(folder) }),
        storage: Some(storage),
    }
}

/// Where a program is, in the folders of `PATH`.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(&name)).find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

/// Bytes that are free for this user on the folder's disk.
#[cfg(unix)]
fn free(folder: &Path) -> Result<u64, String> {
    let found = rustix::fs::statvfs(folder).map_err(|error| error.to_string())?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Result<u64, String> {
    Err("this system does not tell it in a way that wfc knows".to_owned())
}
