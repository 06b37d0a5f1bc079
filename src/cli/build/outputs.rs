//! Where the outputs of `wfc build` go, and what is there already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::output::{self, Written};
use crate::cli::session::Ready;
use crate::cli::{ToolError, print};
use crate::diag::{Diagnostic, Diagnostics};

/// What became of one preset.
pub(super) enum Outcome {
    Done,
    Differs,
    Failed,
}

/// Where the outputs of a preset go.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    pub(super) stem: String,
}

/// What the names of workflow files end in.
const WORKFLOW: &str = ".workflow_api.json";

impl Place {
    /// The file of the workflow, if there is one.
    pub(super) fn workflow(&self) -> String {
        format!("{}{WORKFLOW}", self.stem)
    }

    /// The file of workflow `number`, counted from 1, of `count`.
    pub(super) fn numbered(&self, number: u64, count: u64) -> String {
        let digits = count.to_string().len();
        format!("{}-{number:0digits$}{WORKFLOW}", self.stem)
    }

    /// The pattern of the files of a batch, with something in the place of the number.
    pub(super) fn pattern(&self, number: &str) -> String {
        format!("{}-{number}{WORKFLOW}", self.stem)
    }

    pub(super) fn manifest(&self) -> String {
        format!("{}.wfc.json", self.stem)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The number in the name of a file of a batch, as it is written there.
    fn number_in<'n>(&self, name: &'n str) -> Option<&'n str> {
        let number = name.strip_prefix(&*self.stem)?.strip_prefix('-')?.strip_suffix(WORKFLOW)?;
        (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
    }

    /// True if `name` is the file of one of `count` workflows.
    fn has(&self, name: &str, count: u64) -> bool {
        let number = self.number_in(name).and_then(|number| number.parse().ok());
        number.is_some_and(|number| (1..=count).contains(&number) && self.numbered(number, count) == name)
    }

    /// Files in the folder that look like workflows of this batch and are none of its `count`.
    pub(super) fn left_over(&self, count: u64) -> Vec<PathBuf> {
        let Ok(entries) =
            std::fs::read_dir(if self.folder.as_os_str().is_empty() { Path::new(".") } else { &self.folder })
        else {
            return Vec::new();
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let of_another = |name: &str| {
            let stem = name.strip_suffix(WORKFLOW).unwrap_or(name);
            self.path(&format!("{stem}.toml")).exists()
        };
        let mut found: Vec<PathBuf> = names
            .filter(|name| self.number_in(name).is_some() && !self.has(name, count) && !of_another(name))
            .map(|name| self.path(&name))
            .collect();
        found.sort();
        found
    }
}

/// Which files are whose, so that no preset overwrites another's.
#[derive(Default)]
pub(super) struct Claims {
    files: BTreeMap<PathBuf, PathBuf>,
    batches: Vec<(Place, u64, PathBuf)>,
}

impl Claims {
    /// Claims the outputs of the preset at `path`.
    ///
    /// # Errors
    /// When one of them is another preset's.
    pub(super) fn claim(
        &mut self,
        path: &Path,
        place: &Place,
        ready: Option<&Ready>,
    ) -> Result<(), ToolError> {
        let axes = ready.map(|ready| &ready.loaded.preset.matrix);
        let lengths = axes.into_iter().flatten().map(|(_, list)| list.get().len() as u64);
        let count = lengths.fold(1_u64, u64::saturating_mul);
        let is_batch = axes.is_some_and(|axes| !axes.is_empty());
        let mut names = vec![place.manifest()];
        if !is_batch {
            names.push(place.workflow());
        }
        let mut owner = None;
        for name in names {
            let batch_of_another = self
                .batches
                .iter()
                .find(|(batch, count, _)| batch.folder == place.folder && batch.has(&name, *count));
            owner = owner.or(batch_of_another.map(|(.., owner)| owner.clone()));
            owner = owner.or(self.files.insert(place.path(&name), path.to_owned()));
        }
        if is_batch {
            let same_folder = self.files.iter().filter(|(file, _)| file.parent() == Some(&place.folder));
            let inside = same_folder.filter_map(|(file, owner)| Some((file.file_name()?.to_str()?, owner)));
            owner = owner
                .or(inside.filter(|(name, _)| place.has(name, count)).map(|(_, owner)| owner.clone()).next());
            let place = Place { folder: place.folder.clone(), stem: place.stem.clone() };
            self.batches.push((place, count, path.to_owned()));
        }
        match owner {
            None => Ok(()),
            Some(owner) => Err(ToolError::new(format!(
                "{} and {} would write the same file in {}; build them apart, with another -o, or rename one",
                owner.display(),
                path.display(),
                if place.folder.as_os_str().is_empty() {
                    ".".into()
                } else {
                    place.folder.display().to_string()
                },
            ))),
        }
    }
}

/// Takes finished files: to disk, or for comparison with what is there.
pub(super) struct Sink {
    pub(super) check: bool,
    /// Standard output is for the report alone.
    pub(super) quiet: bool,
}

impl Sink {
    pub(super) fn say(&self, text: &str) -> Result<(), ToolError> {
        if self.quiet { Ok(()) } else { print(text) }
    }

    /// Reports files of a batch that was larger once, when outputs are compared.
    pub(super) fn has_left_over(&self, place: &Place, count: u64, diagnostics: &mut Diagnostics) -> bool {
        let files = if self.check { place.left_over(count) } else { Vec::new() };
        for path in &files {
            let problem = format!("{} is left over from a larger batch", path.display());
            diagnostics.push(Diagnostic::format("output-out-of-date", problem).help("remove it"));
        }
        !files.is_empty()
    }

    pub(super) fn put(
        &self,
        files: Vec<(PathBuf, Vec<u8>)>,
        nodes: Option<usize>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Outcome, ToolError> {
        if self.check {
            return Ok(compare(&files, diagnostics));
        }
        for (path, written) in output::write_all_atomic(files)? {
            let Some(nodes) = nodes.filter(|_| !path.to_string_lossy().ends_with(".wfc.json")) else {
                continue;
            };
            let plural = if nodes == 1 { "" } else { "s" };
            let state = if written == Written::Unchanged { ", unchanged" } else { "" };
            self.say(&format!("{} ({nodes} node{plural}{state})\n", path.display()))?;
        }
        Ok(Outcome::Done)
    }
}

/// Reports every file that is not on disk as it would be written.
fn compare(files: &[(PathBuf, Vec<u8>)], diagnostics: &mut Diagnostics) -> Outcome {
    let mut outcome = Outcome::Done;
    for (path, bytes) in files {
        let problem = match std::fs::read(path) {
            Ok(present) if present == *bytes => continue,
            Ok(_) => format!("{} is not what the preset gives now", path.display()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                format!("{} is missing", path.display())
            }
            Err(error) => format!("cannot read {}: {error}", path.display()),
        };
        diagnostics.push(
            Diagnostic::format("output-out-of-date", problem)
                .help("run `wfc build` without --check and commit the result"),
        );
        outcome = Outcome::Differs;
    }
    outcome
}
