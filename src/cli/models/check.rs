//! `wfc models check`: whether model files are there, in their places and whole.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::inventory::Inventory;
use super::list::Total;
use super::needs::{self, Collected, Need};
use super::places::Places;
use super::{Options, size};
use crate::catalog::Models;
use crate::catalog::models::contents::{self, Contents};
use crate::catalog::models::folders;
use crate::cli::session::Session;
use crate::cli::{Exit, Stream, Terminal, ToolError, print};
use crate::diag::{Diagnostic, Severity};
use crate::report::{FileReport, Format};

/// What `wfc models check` is asked.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) paths: &'a [PathBuf],
    pub(super) options: &'a Options,
    /// Nothing for the project's.
    pub(super) dir: Option<&'a Path>,
    pub(super) extra_model_paths: &'a [PathBuf],
    pub(super) format: Format,
}

/// Runs the command.
pub(super) fn run(request: &Request<'_>, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut session = Session::new(request.options.catalog.clone());
    let dir = match request.dir {
        Some(dir) => dir.to_owned(),
        None => session.models(None)?.ok_or_else(|| {
            ToolError::new("no models folder is named; write `--dir DIR`, or `models = \"DIR\"` in wfc.toml")
        })?,
    };
    let mut places = Places::new(&dir)?;
    let mut extra = request.extra_model_paths.to_vec();
    if extra.is_empty() {
        extra.extend(places.own_extra_paths());
    }
    let mut reports = Vec::new();
    for path in &extra {
        reports.push(places.add(path, &mut session)?);
    }
    let mut collected = Collected::default();
    if !request.paths.is_empty() {
        collected = needs::collect(request.paths, request.options, &mut session)?;
        reports.append(&mut collected.reports);
    }
    let inventory = Inventory::of(&places.roots())?;
    let check = Check { places: &places, inventory: &inventory, models: &Models::embedded(), dir: &dir };
    let mut has_failed = collected.has_failed;
    for (path, reason) in &inventory.unreadable {
        has_failed = true;
        let message = format!("the folder cannot be read: {reason}");
        let diagnostics = vec![Diagnostic::format("unreadable-file", message)];
        reports.push(FileReport { path: path.clone(), kind: "folder", diagnostics });
    }
    let files = if request.paths.is_empty() { check.everything() } else { check.needs(&collected) };
    let absent = if request.paths.is_empty() { String::new() } else { absent(&collected.needs, &files) };
    if request.paths.is_empty() && files.is_empty() && reports.is_empty() {
        let models = places.models.display();
        return Err(ToolError::new(format!(
            "no model file lies in {models}; --dir takes ComfyUI's folder or its models folder"
        )));
    }
    let summary = summary(&files, request.paths.is_empty()) + &absent;
    reports.extend(files);
    terminal.report(request.format, Stream::Output, &session.sources, &reports)?;
    if request.format == Format::Human {
        print(&summary)?;
    }
    let is_error = |problem: &Diagnostic| problem.severity == Severity::Error;
    let has_findings = reports.iter().flat_map(|report| &report.diagnostics).any(is_error);
    Ok(match (has_failed, has_findings) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    })
}

/// The model files of this machine, for whoever asks about several workflows.
#[derive(Debug)]
pub(in crate::cli) struct ModelsHere {
    places: Places,
    inventory: Inventory,
    dir: PathBuf,
}

/// A model file that a workflow needs, as far as others than this command want to know.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Needed {
    pub(in crate::cli) name: String,
    pub(in crate::cli) bytes: Option<u64>,
}

impl ModelsHere {
    /// Looks through ComfyUI's folder, or its models folder.
    ///
    /// # Errors
    /// When it is none, or `extra_model_paths.yaml` cannot be read.
    pub(in crate::cli) fn open(dir: &Path, session: &mut Session) -> Result<Self, ToolError> {
        if !dir.is_dir() {
            return Err(ToolError::new(format!(
                "{} is no folder; --models takes ComfyUI's folder or its models folder",
                dir.display()
            )));
        }
        let mut places = Places::new(dir)?;
        if let Some(extra) = places.own_extra_paths() {
            places.add(&extra, session)?;
        }
        let inventory = Inventory::of(&places.roots())?;
        Ok(Self { places, inventory, dir: dir.to_owned() })
    }

    /// The model files that a preset or workflow needs, and what is wrong with each.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(in crate::cli) fn of(
        &self,
        path: &Path,
        settings: &[String],
        session: &mut Session,
    ) -> Result<Vec<(Needed, FileReport)>, ToolError> {
        let options = Options { set: settings.to_vec(), catalog: None };
        let collected = needs::collect(&[path.to_owned()], &options, session)?;
        let models = Models::embedded();
        let check =
            Check { places: &self.places, inventory: &self.inventory, models: &models, dir: &self.dir };
        let reports = check.needs(&collected);
        let needs = collected.needs.into_iter();
        Ok(needs
            .zip(reports)
            .map(|(need, report)| (Needed { name: need.shown().to_owned(), bytes: need.bytes }, report))
            .collect())
    }
}

/// How many files are well.
fn summary(files: &[FileReport], is_everything: bool) -> String {
    let good = files.iter().filter(|file| file.diagnostics.is_empty()).count();
    let what = if files.len() == 1 { "model file is" } else { "model files are" };
    let place = if is_everything { "as they should be" } else { "in place" };
    format!("{good} of {} {what} {place}\n", files.len())
}

/// What is missing altogether, and how to get it. `files` are the reports on `needs`.
fn absent(needs: &[Need], files: &[FileReport]) -> String {
    let is_missing = |file: &FileReport| {
        file.diagnostics
            .iter()
            .any(|problem| problem.rule == "missing-model" && problem.severity == Severity::Error)
    };
    let missing: Vec<&Need> =
        needs.iter().zip(files).filter(|(_, file)| is_missing(file)).map(|(need, _)| need).collect();
    if missing.is_empty() {
        return String::new();
    }
    let total = Total::of(missing.iter().copied());
    let known = if total.unknown == total.files {
        String::new()
    } else {
        format!(": {}", size(total.bytes, total.bytes_exact))
    };
    let unknown = match total.unknown {
        0 => String::new(),
        count if count == total.files => ", of unknown size".to_owned(),
        count => format!(", without {count} of unknown size"),
    };
    let verb = if total.files == 1 { "is" } else { "are" };
    let script = if missing.iter().any(|need| need.url.is_some()) {
        "; `wfc models fetch-script` prints a script that downloads what has an address"
    } else {
        ""
    };
    format!("{} {verb} missing{known}{unknown}{script}\n", total.files)
}

struct Check<'c> {
    places: &'c Places,
    inventory: &'c Inventory,
    models: &'c Models,
    /// As it was given, for advice.
    dir: &'c Path,
}

impl Check<'_> {
    fn needs(&self, collected: &Collected) -> Vec<FileReport> {
        let several = collected.given.len() > 1;
        let reports = collected.needs.iter().map(|need| {
            let mut report = self.need(need);
            if several {
                let users = format!("needed by {}", need.used_by.join(", "));
                for problem in &mut report.diagnostics {
                    let help = problem.help.take().map_or(String::new(), |help| format!("{help}\n"));
                    problem.help = Some(format!("{help}{users}"));
                }
            }
            report
        });
        reports.collect()
    }

    /// The directories in which ComfyUI looks for the file, in order.
    fn directories(&self, need: &Need) -> Vec<PathBuf> {
        need.folders.iter().flat_map(|folder| self.places.directories(folder)).collect()
    }

    /// Where the file belongs: in the directory of the folder's own name, or where downloads go.
    fn home(&self, need: &Need) -> PathBuf {
        let directories =
            need.folders.first().map(|folder| self.places.directories(folder)).unwrap_or_default();
        let own = need.folders.first().map(|folder| self.places.models.join(folder));
        let directory = own.filter(|own| directories.contains(own)).or_else(|| directories.first().cloned());
        directory.unwrap_or_else(|| self.places.models.clone()).join(need.path())
    }

    fn need(&self, need: &Need) -> FileReport {
        let directories = self.directories(need);
        let present =
            directories.iter().map(|directory| directory.join(need.path())).find(|path| path.is_file());
        if let Some(path) = present {
            let diagnostics = verify(&path, Some(need));
            return FileReport { path, kind: "model", diagnostics };
        }
        let home = self.home(need);
        let elsewhere = self.inventory.called(need.file());
        if let Some(path) = elsewhere.first() {
            // The one that is whole, if one is.
            let is_whole = |path: &&PathBuf| verify(path, Some(need)).is_empty();
            let path = elsewhere.iter().find(is_whole).unwrap_or(path);
            let mut diagnostics = vec![self.misplaced(path, need, &directories, &home)];
            diagnostics.extend(verify(path, Some(need)));
            return FileReport { path: path.clone(), kind: "model", diagnostics };
        }
        let missing = missing(need, &directories, &home);
        FileReport { path: home, kind: "model", diagnostics: vec![missing] }
    }

    fn misplaced(&self, path: &Path, need: &Need, directories: &[PathBuf], home: &Path) -> Diagnostic {
        let called = path.file_name().unwrap_or_default().to_string_lossy();
        let shown = need.shown();
        let folders = need.folders.join(" or ");
        let inside = directories.iter().find_map(|directory| path.strip_prefix(directory).ok());
        let move_it = format!("move it to {}", home.display());
        let (message, help) = if let Some(inside) = inside {
            let listed = inside.to_string_lossy().replace('\\', "/");
            let message =
                format!("`{shown}` is called `{listed}` there, and the workflow says `{}`", need.value);
            (message, format!("{move_it}, or name it in the preset as ComfyUI does: \"{listed}\""))
        } else {
            let top = path.strip_prefix(&self.places.models).ok().and_then(|inside| inside.iter().next());
            let top = top.map(|top| top.to_string_lossy()).filter(|top| *top != called);
            let parent = path.parent().unwrap_or(path).display();
            let place = top.as_ref().map_or_else(|| format!("in {parent}"), |top| format!("in `{top}`"));
            let message = format!("`{shown}` lies {place}, where ComfyUI does not look for {folders}");
            let maps = top.and_then(|top| self.places.folders.of_volume(&top));
            let help = match maps.filter(|folder| need.folders.iter().any(|known| known == folder)) {
                Some(_) => {
                    let dir = self.dir.display();
                    format!(
                        "{move_it}, or tell ComfyUI of the folder: `wfc models paths --dir {dir}` prints the file for that"
                    )
                }
                None => move_it,
            };
            (message, help)
        };
        let case = if called == need.file() { "" } else { "; upper and lower case count" };
        Diagnostic::format("misplaced-model", format!("{message}{case}")).help(help)
    }

    /// Every file that looks like a model. What the catalog does not know can lie anywhere.
    fn everything(&self) -> Vec<FileReport> {
        let is_model = |path: &&Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            folders::is_file_name(&name)
        };
        // What has no extension was a folder, such as one of a volume that is not mounted.
        let matters = |path: &&PathBuf| is_model(&path.as_path()) || path.extension().is_none();
        let dead = self.inventory.dead_links.iter().filter(matters).map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let known = self.models.by_file(&name);
            let shown = known.map_or_else(|| name.to_string(), |model| model.name);
            FileReport { path: path.clone(), kind: "model", diagnostics: vec![dead_link(&shown, path)] }
        });
        let reports = self.inventory.files().filter(is_model).map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let known = self.models.by_file(&name);
            let need = known.map(|model| Need::new(&model.folder, &model.file, self.models));
            let mut diagnostics = verify(path, need.as_ref());
            if let Some(need) = &need {
                let directories = self.directories(need);
                if !directories.iter().any(|directory| path.starts_with(directory)) {
                    diagnostics.insert(0, self.misplaced(path, need, &directories, &self.home(need)));
                }
            }
            FileReport { path: path.to_owned(), kind: "model", diagnostics }
        });
        reports.chain(dead).collect()
    }
}

fn dead_link(shown: &str, link: &Path) -> Diagnostic {
    let target = fs::read_link(link).unwrap_or_default();
    let state = if link.exists() { "is no file" } else { "does not exist" };
    let message = format!("`{shown}` is a link to {}, which {state}", target.display());
    Diagnostic::format("missing-model", message).help("the link's target was moved, or is not mounted")
}

fn missing(need: &Need, directories: &[PathBuf], home: &Path) -> Diagnostic {
    let shown = need.shown();
    let size = need.bytes.map_or(String::new(), |bytes| format!(" ({})", size(bytes, need.bytes_exact)));
    let links = directories.iter().map(|directory| directory.join(need.path()));
    if let Some(link) = links.into_iter().find(|path| path.is_symlink()) {
        return dead_link(shown, &link);
    }
    if need.by_node {
        let message = format!("`{shown}`{size} is not there yet; its node downloads it when it first runs");
        let note = Diagnostic { severity: Severity::Info, ..Diagnostic::format("missing-model", message) };
        return note.help("to have it beforehand, see `wfc models fetch-script`");
    }
    let begun = fs::metadata(home.with_file_name(format!("{}.part", need.file())));
    let begun = begun
        .map_or(String::new(), |part| format!("; of a download {} are there", self::size(part.len(), true)));
    let gate = if need.gated == Some(true) { "; its licence must be accepted first" } else { "" };
    let help = match &need.url {
        Some(url) => format!("download {url}{gate}"),
        None if need.name.is_some() => "no address is known to download it from".to_owned(),
        None => format!("the model catalog does not know it; copy it to {}", home.display()),
    };
    let value = if need.name.is_some() { format!(", file {}", need.value) } else { String::new() };
    Diagnostic::format("missing-model", format!("`{shown}`{value}{size} is missing{begun}")).help(help)
}

/// What is wrong with a file, by its length and its first bytes.
fn verify(path: &Path, need: Option<&Need>) -> Vec<Diagnostic> {
    let opened = File::open(path).and_then(|mut file| {
        let length = file.metadata()?.len();
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        Ok((length, contents::look(&mut file, length, &ending)?))
    });
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let problem = match opened {
        Ok((length, contents)) => judge(&name, length, contents, need),
        Err(error) => {
            let message = format!("`{name}` cannot be read: {error}");
            Some(
                Diagnostic::format("unreadable-model", message)
                    .help("make it readable for the user who runs ComfyUI"),
            )
        }
    };
    problem.into_iter().collect()
}

fn judge(name: &str, length: u64, contents: Contents, need: Option<&Need>) -> Option<Diagnostic> {
    let known = need.filter(|need| need.bytes_exact).and_then(|need| need.bytes);
    let again = match need.and_then(|need| need.url.as_ref()) {
        Some(url) => format!("remove it and download it again: {url}"),
        None => "remove it and download it again".to_owned(),
    };
    let truncated = |expected: Option<u64>| {
        let of = expected.map_or(String::new(), |expected| format!(" of {expected}"));
        let message = format!("`{name}` is truncated: it has {length}{of} bytes");
        let resume = match need.filter(|need| need.url.is_some()) {
            Some(_) => format!(
                "; or rename it to `{name}.part` and run the script of `wfc models fetch-script`, which resumes"
            ),
            None => String::new(),
        };
        Diagnostic::format("truncated-model", message)
            .help(format!("the download broke off; {again}{resume}"))
    };
    match contents {
        Contents::Text(line) => {
            let message = format!("`{name}` is a text and no model: {line:?}");
            let help = if line.starts_with("version https://git-lfs") {
                "it is a pointer of Git LFS: run `git lfs pull` where it lies, or download the file"
                    .to_owned()
            } else {
                let is_gated = need.is_some_and(|need| need.gated == Some(true));
                let gate = if is_gated { ", since its licence must be accepted first" } else { "" };
                format!("it may be what a server answered instead of the file{gate}; {again}")
            };
            Some(Diagnostic::format("broken-model", message).help(help))
        }
        Contents::Broken(reason) => {
            Some(Diagnostic::format("broken-model", format!("`{name}` {reason}")).help(again))
        }
        Contents::Truncated(expected) => Some(truncated(expected.or(known.filter(|known| *known > length)))),
        Contents::TooLong(expected) => {
            let message = format!("`{name}` has {length} bytes, and its header describes {expected}");
            Some(Diagnostic::format("wrong-model-size", message).help(again))
        }
        Contents::Whole | Contents::Unknown => {
            let others = need.map(|need| need.other_bytes.as_slice()).unwrap_or_default();
            let known = known.filter(|known| *known != length && !others.contains(&length))?;
            if contents == Contents::Unknown && length < known {
                return Some(truncated(Some(known)));
            }
            let message =
                format!("`{name}` has {length} bytes; the file that is known by this name has {known}");
            let help = format!("it is another version, or another model under this name; {again}");
            Some(Diagnostic::format("wrong-model-size", message).help(help))
        }
    }
}
