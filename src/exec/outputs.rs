//! Outputs on disk: each is whole or not there, and none leaves the folder of its run.
//!
//! A file is fetched to a name below `.part/` and put on disk; its record enters the journal; then it gets its name.
//! Whatever a server calls its files, they end up below the run's folder, under names that every system takes.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::record::OutputRecord;
use super::{Error, Files, RemoteFile, Trouble, journal, record};

/// The folder of what is not complete, below the run's.
pub const PARTS: &str = ".part";

/// Longest part of a path, in bytes; file systems take 255, and a suffix must fit.
const MAX_NAME_BYTES: usize = 180;

/// Most folders of an output below each other.
const MAX_DEPTH: usize = 8;

/// So often a download that gets nowhere is tried again.
const TRIES: u32 = 5;

const CHUNK: usize = 256 << 10;

/// Names that Windows keeps for devices.
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// What is wrong with a file of this machine.
#[must_use]
pub fn cannot(what: &str, path: &Path, error: &io::Error) -> Error {
    let shown = path.display();
    let (why, help) = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ("the disk is full".to_owned(), "free some space, and go on with --resume")
        }
        ErrorKind::ReadOnlyFilesystem => {
            ("its file system is read-only".to_owned(), "choose another folder with -o")
        }
        ErrorKind::PermissionDenied => {
            ("no permission".to_owned(), "make its folder writable, or choose another one with -o")
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            ("a file is in the way".to_owned(), "remove it, or choose another folder with -o")
        }
        ErrorKind::NotFound => ("there is no such file or folder".to_owned(), "check the path"),
        _ => return Error::new(Trouble::File, format!("cannot {what} {shown}: {error}")),
    };
    Error::new(Trouble::File, format!("cannot {what} {shown}: {why}")).help(help)
}

/// Puts a file in the place of an old one, whole or not at all.
///
/// # Errors
/// When it cannot be written; the old one stays.
pub fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tmp");
    let temporary = path.with_file_name(name);
    let result = File::create(&temporary).and_then(|mut file| {
        write(&mut file)?;
        file.sync_data()?;
        fs::rename(&temporary, path)
    });
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Has the names of a folder's files on disk, where the system offers that.
pub(super) fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Where an output goes below the run's folder: `below`, and what the server calls it, made harmless. Not among
/// `taken`, which hold lower-case paths; it is added to them.
pub fn place(below: Option<&str>, file: &RemoteFile, taken: &mut BTreeSet<String>) -> String {
    let mut parts: Vec<String> = below.into_iter().map(str::to_owned).collect();
    if file.kind == "temp" {
        parts.push("temp".to_owned());
    }
    let split = |text: &str| -> Vec<String> {
        text.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | "..")).map(harmless).collect()
    };
    let mut folders = split(&file.subfolder);
    let mut names = split(&file.filename);
    let name = names.pop().unwrap_or_else(|| "output".to_owned());
    folders.extend(names);
    parts.extend(folders.into_iter().take(MAX_DEPTH));
    let folder = parts.join("/");
    let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let mut candidate = path(&name);
    let mut number = 2;
    while is_own(&candidate) || !taken.insert(candidate.to_lowercase()) {
        let (stem, extension) = match name.rfind('.').filter(|at| *at > 0) {
            Some(at) => name.split_at(at),
            None => (&*name, ""),
        };
        candidate = path(&format!("{stem} ({number}){extension}"));
        number += 1;
    }
    candidate
}

/// True for names that the run itself uses.
fn is_own(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default().to_lowercase();
    [journal::FILE_NAME, record::FILE_NAME, PARTS].contains(&&*first) || first.starts_with("run.json.")
}

/// A name that every file system takes and that no shell or system reads as something else.
#[must_use]
pub fn harmless(name: &str) -> String {
    let is_bad = |c: char| c.is_control() || "<>:\"|?*/\\".contains(c) || is_invisible(c);
    let mut clean: String = name.chars().map(|c| if is_bad(c) { '_' } else { c }).collect();
    let kept = clean.trim_end_matches(['.', ' ']).len();
    clean.truncate(kept);
    let mut clean = clean.trim_start().to_owned();
    if clean.starts_with('.') {
        // Hidden files, and the run's own folder.
        clean.replace_range(..1, "_");
    }
    let stem = clean.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let is_port = |name: &str| {
        stem.strip_prefix(name).is_some_and(|rest| {
            rest.chars().count() == 1 && rest.chars().all(|c| c.is_ascii_digit() || "¹²³".contains(c))
        })
    };
    if RESERVED.contains(&&*stem) || is_port("com") || is_port("lpt") || clean.starts_with(['-', '~']) {
        clean.insert(0, '_');
    }
    if clean.is_empty() {
        clean.push('_');
    }
    if clean.len() > MAX_NAME_BYTES {
        // The extension says what it is.
        let extension = clean.rfind('.').map_or(String::new(), |at| clean.split_off(at));
        let extension: String = extension.chars().take(16).collect();
        let mut end = MAX_NAME_BYTES - extension.len();
        while !clean.is_char_boundary(end.min(clean.len())) {
            end -= 1;
        }
        clean.truncate(end);
        clean.push_str(&extension);
    }
    clean
}

/// Characters that turn the direction of text or show nothing.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Fetches a file below `folder/.part`, and puts it on disk. Goes on with what an earlier try left, where the server
/// marks versions of files. `waits` says whether a server that has not answered for so long is still waited for.
///
/// # Errors
/// When the server does not give it whole, or it cannot be written. What came is kept for the next try.
pub fn fetch(
    files: &dyn Files,
    waits: &dyn Fn(Duration) -> bool,
    folder: &Path,
    job: u64,
    number: usize,
    remote: &RemoteFile,
    place: String,
) -> Result<OutputRecord, Error> {
    let mut tries = 0;
    let mut since = Instant::now();
    loop {
        let mut progress = 0;
        match attempt(files, folder, job, number, remote, &mut progress) {
            Ok((part, bytes, sha256)) => {
                let shown = if remote.subfolder.is_empty() {
                    remote.filename.clone()
                } else {
                    format!("{}/{}", remote.subfolder, remote.filename)
                };
                return Ok(OutputRecord {
                    file: place,
                    bytes,
                    sha256,
                    node: remote.node.clone(),
                    remote: shown,
                    part,
                });
            }
            Err(error) if error.may_pass => {
                if progress > 0 {
                    (tries, since) = (0, Instant::now());
                }
                tries += 1;
                // A server that is started anew is waited for, as it is where workflows are followed.
                let waits = error.trouble == Trouble::Unreachable && waits(since.elapsed());
                if tries >= TRIES && !waits {
                    return Err(error);
                }
                thread::sleep(Duration::from_millis(100 << tries.min(5)));
            }
            Err(error) => return Err(error),
        }
    }
}

/// One try; `progress` is how many bytes it brought.
fn attempt(
    files: &dyn Files,
    folder: &Path,
    job: u64,
    number: usize,
    remote: &RemoteFile,
    progress: &mut u64,
) -> Result<(String, u64, String), Error> {
    let parts = folder.join(PARTS);
    fs::create_dir_all(&parts).map_err(|error| cannot("make", &parts, &error))?;
    let prefix = format!("{job}-{number}-");
    let left = left_over(&parts, &prefix);
    let known = left.as_ref().map_or(0, |(_, length)| *length);
    let mut opened = files.open(remote, known)?;
    let mark = opened.etag.as_deref().map_or_else(|| "new".to_owned(), |etag| hash(etag.as_bytes()));
    let part = format!("{prefix}{mark}");
    let path = parts.join(&part);
    let goes_on = opened.from == known && known > 0 && left.as_ref().is_some_and(|(name, _)| *name == part);
    if !goes_on {
        if opened.from > 0 {
            // Another version than the one that was begun.
            if let Some((name, _)) = &left {
                let _ = fs::remove_file(parts.join(name));
            }
            opened = files.open(remote, 0)?;
        }
        if let Some((name, _)) = left.as_ref().filter(|(name, _)| *name != part) {
            let _ = fs::remove_file(parts.join(name));
        }
    }
    let cannot_write = |error: &io::Error| cannot("write", &path, error);
    let mut hasher = Sha256::new();
    let mut length = 0;
    let mut buffer = vec![0; CHUNK];
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(&path);
    if let (true, Ok(file)) = (goes_on, &mut file) {
        loop {
            let count = file.read(&mut buffer).map_err(|error| cannot_write(&error))?;
            if count == 0 {
                break;
            }
            hasher.update(buffer.get(..count).unwrap_or_default());
            length += count as u64;
        }
    }
    let mut file = file.map_err(|error| cannot_write(&error))?;
    if !goes_on {
        file.set_len(0).map_err(|error| cannot_write(&error))?;
    }
    let broken = |length: u64, why: &str| {
        let message = format!("{}: the download broke off after {length} bytes: {why}", remote.filename);
        Error::new(Trouble::Unreachable, message).passing()
    };
    loop {
        let count = opened.body.read(&mut buffer).map_err(|error| broken(length, &error.to_string()))?;
        if count == 0 {
            break;
        }
        let bytes = buffer.get(..count).unwrap_or_default();
        file.write_all(bytes).map_err(|error| cannot_write(&error))?;
        hasher.update(bytes);
        length += count as u64;
        *progress += count as u64;
    }
    if let Some(total) = opened.total.filter(|total| *total != length) {
        if length > total {
            let _ = file.set_len(0);
        }
        return Err(broken(length, &format!("{total} were announced")));
    }
    file.sync_data().map_err(|error| cannot_write(&error))?;
    let mut text = String::new();
    for byte in hasher.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    Ok((format!("{PARTS}/{part}"), length, text))
}

/// What an earlier try left: name and length.
fn left_over(parts: &Path, prefix: &str) -> Option<(String, u64)> {
    let entries = fs::read_dir(parts).ok()?;
    let named = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let length = entry.metadata().ok()?.len();
        (name.starts_with(prefix)).then_some((name, length))
    });
    named.min()
}

fn hash(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes).iter().take(8) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// SHA-256 of a file, in 64 lower-case hexadecimal digits, and its length.
///
/// # Errors
/// When it cannot be read.
pub fn sha256(path: &Path) -> Result<(String, u64), Error> {
    let cannot_read = |error: io::Error| cannot("read", path, &error);
    let mut file = File::open(path).map_err(cannot_read)?;
    let mut hasher = Sha256::new();
    let length = io::copy(&mut file, &mut HashWriter(&mut hasher)).map_err(cannot_read)?;
    let mut text = String::new();
    for byte in hasher.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    Ok((text, length))
}

struct HashWriter<'h>(&'h mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives the outputs of a job their names. Can be done again: what has its name already is left alone.
///
/// # Errors
/// When one cannot be renamed, or is neither here nor there.
pub fn settle(folder: &Path, outputs: &[OutputRecord]) -> Result<(), Error> {
    for output in outputs {
        let (part, path) = (folder.join(&output.part), folder.join(&output.file));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| cannot("make", parent, &error))?;
        }
        match fs::rename(&part, &path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if fs::metadata(&path).is_ok_and(|found| found.len() == output.bytes) {
                    continue;
                }
                let message = format!("{}: the output is gone, though it was complete", path.display());
                return Err(Error::new(Trouble::File, message)
                    .help("run the job again: remove the run's folder and start a new one"));
            }
            Err(error) => return Err(cannot("write", &path, &error)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn remote(subfolder: &str, filename: &str) -> RemoteFile {
        RemoteFile { subfolder: subfolder.into(), filename: filename.into(), ..RemoteFile::default() }
    }

    #[test]
    fn names_of_servers_become_harmless() {
        let mut taken = BTreeSet::new();
        for (subfolder, filename, want) in [
            ("", "a.png", "a.png"),
            ("", "A.PNG", "A (2).PNG"),
            ("x/y", "a.png", "x/y/a.png"),
            ("../../etc", "passwd", "etc/passwd"),
            ("", "../../../b.png", "b.png"),
            ("", "/etc/cron.d/x", "etc/cron.d/x"),
            ("C:\\Windows", "win.ini", "C_/Windows/win.ini"),
            ("", "nul.png", "_nul.png"),
            ("", "COM1", "_COM1"),
            ("", "a:b.png", "a_b.png"),
            ("", "x. .", "x"),
            ("", "..", "output"),
            ("", "run.json", "run (2).json"),
            ("", "Journal.jsonl", "Journal (2).jsonl"),
            (".part", "x", "_part/x"),
            ("", "-rf", "_-rf"),
            ("", "new\nline\u{202e}gnp.exe", "new_line_gnp.exe"),
        ] {
            let found = place(None, &remote(subfolder, filename), &mut taken);
            assert_eq!(found, want, "{subfolder} {filename}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leaves_the_folder(subfolder in ".{0,40}", filename in ".{0,300}", odd in "[./\\\\:a]{0,20}") {
            let mut taken = BTreeSet::new();
            for (subfolder, filename) in [(&*subfolder, &*filename), (&*odd, &*filename), (&*subfolder, &*odd)] {
                let path = place(Some("0001"), &remote(subfolder, filename), &mut taken);
                prop_assert!(path.starts_with("0001/"), "{path}");
                for part in path.split('/') {
                    prop_assert!(!part.is_empty() && part != "." && part != ".." && part.len() < 256, "{path}");
                    prop_assert!(!part.contains(['\\', ':', '\0']), "{path}");
                }
            }
        }
    }
}
