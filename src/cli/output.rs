//! Writing output files so that no half file and no lost old one can result.
//!
//! The new content goes to a temporary file in the same folder, and takes the old one's place by a rename
//! when it is complete and on disk.

use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead as _, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// So many symbolic links in a row are followed, as Linux does.
const MAX_LINKS: usize = 40;

/// What writing a file did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The file is new.
    Created,
    /// The file has a new content.
    Replaced,
    /// The file had this content already and was not touched.
    Unchanged,
}

/// Why a file was not written. The message is complete: it names the file and what to do.
#[derive(Debug)]
pub struct OutputError {
    /// The file that was to be written.
    pub path: PathBuf,
    /// What the operating system said.
    pub error: io::Error,
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.error.kind() {
            ErrorKind::IsADirectory => {
                write!(f, "{path} is a folder; name a file in it, or another file")
            }
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                let file = self.path.ancestors().skip(1).find(|part| part.is_file());
                let file = file.unwrap_or(&self.path).display();
                write!(
                    f,
                    "cannot write {path}: {file} is a file, not a folder; remove it or choose another folder"
                )
            }
            ErrorKind::PermissionDenied => write!(
                f,
                "no permission to write {path}; make the file and its folder writable or choose another folder"
            ),
            ErrorKind::ReadOnlyFilesystem => {
                write!(f, "cannot write {path}: its file system is read-only; choose another folder")
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                write!(f, "cannot write {path}: the disk is full; free some space and run this again")
            }
            ErrorKind::InvalidFilename => {
                write!(
                    f,
                    "cannot write {path}: the file system does not allow this name; choose a shorter one"
                )
            }
            _ => write!(f, "cannot write {path}: {}", self.error),
        }
    }
}

impl std::error::Error for OutputError {}

/// Writes a file with all its folders. It has either its old content or the new one, whenever the power
/// fails. Its permissions stay; a symbolic link stays one, and its target is written. A device or a pipe
/// is simply written to.
///
/// # Errors
/// When the file cannot be written. Its old content is kept.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<Written, OutputError> {
    stream_atomic(path, &|out| out.write_all(bytes))
}

/// What a file shall hold, written piece by piece; the same each time it is called.
pub type Content<'c> = dyn Fn(&mut dyn Write) -> io::Result<()> + 'c;

/// Writes a file like [`write_atomic`], without its content ever being in memory whole.
///
/// # Errors
/// When the file cannot be written. Its old content is kept.
pub fn stream_atomic(path: &Path, content: &Content<'_>) -> Result<Written, OutputError> {
    Prepared::new(path, content)
        .and_then(|file| file.commit(content))
        .map_err(|error| OutputError { path: path.to_owned(), error })
}

/// True if a file holds this and nothing more.
///
/// # Errors
/// When the file cannot be read.
pub fn holds(path: &Path, content: &Content<'_>) -> io::Result<bool> {
    let mut comparison = Comparison { file: BufReader::new(File::open(path)?), differs: false };
    match content(&mut comparison) {
        Ok(()) => Ok(comparison.file.fill_buf()?.is_empty()),
        Err(_) if comparison.differs => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes what is written to it if the file says the same.
struct Comparison {
    file: BufReader<File>,
    differs: bool,
}

impl Write for Comparison {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let present = self.file.fill_buf()?;
        let length = present.len().min(bytes.len());
        if bytes.is_empty() {
            return Ok(0);
        }
        if length == 0 || present[..length] != bytes[..length] {
            self.differs = true;
            return Err(io::Error::other("the file differs"));
        }
        self.file.consume(length);
        Ok(length)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes several files like [`write_atomic`], and touches none of them before the new content of all is
/// on disk.
///
/// # Errors
/// When a file cannot be written. Almost every reason shows before the first old file is replaced.
pub fn write_all_atomic(files: Vec<(PathBuf, Vec<u8>)>) -> Result<Vec<(PathBuf, Written)>, OutputError> {
    let mut prepared = Vec::with_capacity(files.len());
    for (path, bytes) in files {
        match Prepared::new(&path, &|out| out.write_all(&bytes)) {
            Ok(file) => prepared.push((path, bytes, file)),
            Err(error) => return Err(OutputError { path, error }),
        }
    }
    let commit =
        |(path, bytes, file): (PathBuf, Vec<u8>, Prepared)| match file.commit(&|out| out.write_all(&bytes)) {
            Ok(written) => Ok((path, written)),
            Err(error) => Err(OutputError { path, error }),
        };
    prepared.into_iter().map(commit).collect()
}

/// A file about to be written. Dropped, it leaves no trace but the folders made for it.
enum Prepared {
    /// The file has the wanted content.
    Unchanged,
    /// A device or a pipe.
    Stream(File),
    /// The new content, on disk under another name.
    Complete { temporary: NamedTempFile, target: PathBuf, written: Written },
}

impl Prepared {
    fn new(path: &Path, content: &Content<'_>) -> io::Result<Self> {
        let old = match fs::metadata(path) {
            Ok(old) => Some(old),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
            Err(error) => return Err(error),
        };
        if old.as_ref().is_some_and(Metadata::is_dir)
            || path.to_string_lossy().ends_with(std::path::is_separator)
        {
            return Err(ErrorKind::IsADirectory.into());
        }
        if let Some(old) = &old {
            if !old.is_file() {
                return File::options().write(true).open(path).map(Self::Stream);
            }
            if holds(path, content).unwrap_or_default() {
                return Ok(Self::Unchanged);
            }
            // A rename would not mind, but whoever made the file read-only does.
            if old.permissions().readonly() {
                return Err(ErrorKind::PermissionDenied.into());
            }
        }
        let target = follow_links(path)?;
        fs::create_dir_all(folder_of(&target))?;
        let mut temporary = temporary_in(folder_of(&target))?;
        let written = match old {
            Some(old) => {
                keep_attributes(temporary.as_file(), &old)?;
                Written::Replaced
            }
            None => Written::Created,
        };
        let mut buffer = BufWriter::new(temporary.as_file_mut());
        content(&mut buffer)?;
        buffer.flush()?;
        drop(buffer);
        temporary.as_file().sync_all()?;
        Ok(Self::Complete { temporary, target, written })
    }

    fn commit(self, content: &Content<'_>) -> io::Result<Written> {
        match self {
            Self::Unchanged => Ok(Written::Unchanged),
            Self::Stream(mut stream) => content(&mut stream).map(|()| Written::Replaced),
            Self::Complete { temporary, target, written } => {
                temporary.persist(&target)?;
                // The file is complete either way; not every system can sync a folder.
                let _ = File::open(folder_of(&target)).and_then(|folder| folder.sync_all());
                Ok(written)
            }
        }
    }
}

/// The file that `path` leads to, which need not exist.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A temporary file with the permissions of a new file, not of a secret one.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wfc-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Gives `file` the permissions and, as far as this user may, the owner of the `old` one.
fn keep_attributes(file: &File, old: &Metadata) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, fchown};
        let _ = fchown(file, Some(old.uid()), Some(old.gid()));
    }
    // Where all files have the same permissions, setting them may fail.
    if file.metadata()?.permissions() == old.permissions() {
        return Ok(());
    }
    file.set_permissions(old.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary_folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The message, with the folder's name left out.
    fn refused(folder: &Path, result: Result<Written, OutputError>) -> String {
        let root = format!("{}/", folder.display());
        result.unwrap_err().to_string().replace(&root, "")
    }

    #[test]
    fn a_file_is_created_with_its_folders_and_replaced() {
        let folder = temporary_folder();
        let path = folder.path().join("a/b/x.json");
        assert_eq!(write_atomic(&path, b"one").unwrap(), Written::Created);
        assert_eq!(write_atomic(&path, b"two").unwrap(), Written::Replaced);
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(path.parent().unwrap()), ["x.json"]);
    }

    #[test]
    fn identical_content_is_not_touched() {
        let folder = temporary_folder();
        let path = folder.path().join("x.json");
        fs::write(&path, "one").unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
        assert_eq!(write_atomic(&path, b"one").unwrap(), Written::Unchanged);
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), long_ago);
    }

    #[test]
    fn what_is_not_committed_leaves_no_trace() {
        let folder = temporary_folder();
        let path = folder.path().join("x.json");
        fs::write(&path, "old").unwrap();
        let prepared = Prepared::new(&path, &|out| out.write_all(b"new")).unwrap();
        assert_eq!(names(folder.path()).len(), 2);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        drop(prepared);
        assert_eq!(names(folder.path()), ["x.json"]);
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[test]
    fn a_failure_among_several_files_keeps_every_old_one() {
        let folder = temporary_folder();
        let (first, second) = (folder.path().join("1.json"), folder.path().join("2.json"));
        fs::write(&first, "old").unwrap();
        fs::create_dir(&second).unwrap();
        let files = vec![(first.clone(), b"new".to_vec()), (second.clone(), b"new".to_vec())];
        assert_eq!(write_all_atomic(files.clone()).unwrap_err().path, second);
        assert_eq!(fs::read(&first).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["1.json", "2.json"]);

        fs::remove_dir(&second).unwrap();
        let expected = vec![(first.clone(), Written::Replaced), (second, Written::Created)];
        assert_eq!(write_all_atomic(files).unwrap(), expected);
        assert_eq!(fs::read(&first).unwrap(), b"new");
    }

    #[test]
    fn refusals_say_what_to_do() {
        let folder = temporary_folder();
        let root = folder.path();
        fs::create_dir(root.join("folder")).unwrap();
        fs::write(root.join("file"), "old").unwrap();
        let write = |name: &str| refused(root, write_atomic(&root.join(name), b"new"));
        assert_eq!(write("folder"), "folder is a folder; name a file in it, or another file");
        assert_eq!(write("other/"), "other/ is a folder; name a file in it, or another file");
        let expected =
            "cannot write file/x.json: file is a file, not a folder; remove it or choose another folder";
        assert_eq!(write("file/x.json"), expected);
        assert_eq!(write("file/sub/x.json"), expected.replace("file/x", "file/sub/x"));
        assert_eq!(names(root), ["file", "folder"]);

        let mut permissions = fs::metadata(root.join("file")).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(root.join("file"), permissions).unwrap();
        assert_eq!(
            write("file"),
            "no permission to write file; make the file and its folder writable or choose another folder"
        );
        assert_eq!(fs::read(root.join("file")).unwrap(), b"old");
    }

    #[cfg(unix)]
    mod unix {
        use std::fs::Permissions;
        use std::os::unix::fs::{PermissionsExt as _, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o7777
        }

        #[test]
        fn permissions_are_kept_and_new_files_get_the_usual_ones() {
            let folder = temporary_folder();
            let (path, usual) = (folder.path().join("x.json"), folder.path().join("usual"));
            fs::write(&usual, "").unwrap();
            write_atomic(&path, b"one").unwrap();
            assert_eq!(mode(&path), mode(&usual));
            fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
            write_atomic(&path, b"two").unwrap();
            assert_eq!(mode(&path), 0o750);
        }

        #[test]
        fn links_are_written_through() {
            let folder = temporary_folder();
            let (link, target) = (folder.path().join("link"), folder.path().join("sub/target"));
            symlink("hop", &link).unwrap();
            symlink("sub/target", folder.path().join("hop")).unwrap();
            assert_eq!(write_atomic(&link, b"one").unwrap(), Written::Created);
            assert_eq!(write_atomic(&link, b"two").unwrap(), Written::Replaced);
            assert_eq!(fs::read(&target).unwrap(), b"two");
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(names(folder.path()), ["hop", "link", "sub"]);
        }

        #[test]
        fn circular_links_are_refused() {
            let folder = temporary_folder();
            let path = folder.path().join("self");
            symlink("self", &path).unwrap();
            let message = refused(folder.path(), write_atomic(&path, b""));
            assert!(message.starts_with("cannot write self: "), "{message}");
            assert_eq!(names(folder.path()), ["self"]);
        }

        #[test]
        fn too_long_names_are_refused() {
            let folder = temporary_folder();
            let name = "x".repeat(300);
            let message = refused(folder.path(), write_atomic(&folder.path().join(&name), b""));
            assert!(message.ends_with("does not allow this name; choose a shorter one"), "{message}");
            assert!(names(folder.path()).is_empty());
        }

        #[test]
        fn folders_without_permission_are_refused() {
            let folder = temporary_folder();
            fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).unwrap();
            if File::create(folder.path().join("probe")).is_ok() {
                return; // Modes do not bind root.
            }
            let message = refused(folder.path(), write_atomic(&folder.path().join("x.json"), b""));
            assert!(message.starts_with("no permission to write x.json"), "{message}");
        }

        #[test]
        fn devices_are_written_to_and_a_full_one_is_named() {
            assert_eq!(write_atomic(Path::new("/dev/null"), b"x").unwrap(), Written::Replaced);
            if Path::new("/dev/full").exists() {
                assert_eq!(
                    write_atomic(Path::new("/dev/full"), b"x").unwrap_err().to_string(),
                    "cannot write /dev/full: the disk is full; free some space and run this again"
                );
            }
        }
    }
}
