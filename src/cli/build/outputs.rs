//! Where the outputs of `wfc build` go, and what is there already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::output::{self, Written};
use crate::cli::{ToolError, print};
use crate::diag::{Diagnostic, Diagnostics};

/// What became of one preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum Outcome {
    Done,
    Differs,
    Failed,
}

/// Where the outputs of a preset go, and how they are called.
#[derive(Clone)]
pub(in crate::cli) struct Place {
    pub(in crate::cli) folder: PathBuf,
    pub(in crate::cli) stem: String,
    /// The rungs whose workflows are built together; none: the names carry no rung.
    pub(in crate::cli) rungs: Vec<Arc<str>>,
    /// How many combinations of a matrix there are; none: the names carry no number.
    pub(in crate::cli) combinations: Option<u64>,
    /// What the names of the workflow files end in.
    pub(in crate::cli) ending: &'static str,
}

impl Place {
    /// The file of a workflow: the one on this rung, if there are rungs, with this number, counted from 1,
    /// if there are several.
    pub(in crate::cli) fn workflow(&self, rung: Option<&str>, number: u64) -> String {
        let prefix = self.prefix(rung);
        match self.combinations {
            None => format!("{prefix}{}", self.ending),
            Some(count) => {
                let digits = count.to_string().len();
                format!("{prefix}-{number:0digits$}{}", self.ending)
            }
        }
    }

    /// What the names of the files of a rung begin with.
    fn prefix(&self, rung: Option<&str>) -> String {
        match rung.filter(|_| !self.rungs.is_empty()) {
            None => self.stem.clone(),
            Some(rung) => format!("{}-{rung}", self.stem),
        }
    }

    /// What the names of all files begin with, rung by rung.
    fn prefixes(&self) -> Vec<String> {
        if self.rungs.is_empty() {
            return vec![self.stem.clone()];
        }
        self.rungs.iter().map(|rung| self.prefix(Some(rung))).collect()
    }

    /// The pattern of the files, with something in the place of the rung and of the number.
    pub(in crate::cli) fn pattern(&self, rung: &str, number: &str) -> String {
        let prefix = self.prefix(Some(rung));
        match self.combinations {
            None => format!("{prefix}{}", self.ending),
            Some(_) => format!("{prefix}-{number}{}", self.ending),
        }
    }

    pub(in crate::cli) fn manifest(&self) -> String {
        format!("{}.wfc.json", self.stem)
    }

    pub(in crate::cli) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// True if `name` is the file of one of the workflows.
    pub(in crate::cli) fn has(&self, name: &str) -> bool {
        let prefixes = self.prefixes();
        match self.combinations {
            None => prefixes.iter().any(|prefix| name.strip_prefix(&**prefix) == Some(self.ending)),
            Some(count) => {
                let digits = count.to_string().len();
                let is_number = |number: &str| {
                    let value = number.parse().ok().filter(|value| (1..=count).contains(value));
                    value.is_some_and(|value: u64| format!("{value:0digits$}") == number)
                };
                prefixes.iter().any(|prefix| self.number_in(prefix, name).is_some_and(is_number))
            }
        }
    }

    /// Files in the folder that look like workflows of this batch and are none.
    pub(in crate::cli) fn left_over(&self) -> Vec<PathBuf> {
        let Ok(entries) =
            std::fs::read_dir(if self.folder.as_os_str().is_empty() { Path::new(".") } else { &self.folder })
        else {
            return Vec::new();
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let of_another = |name: &str| {
            let stem = name.strip_suffix(self.ending).unwrap_or(name);
            self.path(&format!("{stem}.toml")).exists()
        };
        // With numbers and without, on a rung and without one: as they would be if the preset were another.
        let mut prefixes = self.prefixes();
        prefixes.push(self.stem.clone());
        let looks_own = |name: &str| {
            let mut prefixes = prefixes.iter();
            prefixes.any(|prefix| {
                let is_bare = *prefix != self.stem && name.strip_prefix(&**prefix) == Some(self.ending);
                is_bare || self.number_in(prefix, name).is_some()
            })
        };
        let mut found: Vec<PathBuf> = names
            .filter(|name| looks_own(name) && !self.has(name) && !of_another(name))
            .map(|name| self.path(&name))
            .collect();
        found.sort();
        found
    }

    /// The number in the name of a file of a batch, as it is written there.
    fn number_in<'n>(&self, prefix: &str, name: &'n str) -> Option<&'n str> {
        let number = name.strip_prefix(prefix)?.strip_prefix('-')?.strip_suffix(self.ending)?;
        (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
    }
}

/// Which files are whose, so that no preset overwrites another's.
#[derive(Default)]
pub(in crate::cli) struct Claims {
    /// Manifests, workflows without a number, and for those with one what stands before it.
    files: BTreeMap<PathBuf, PathBuf>,
    batches: Vec<(Place, PathBuf)>,
}

impl Claims {
    /// Claims the outputs of the preset at `path`.
    ///
    /// # Errors
    /// When one of them is another preset's.
    pub(in crate::cli) fn claim(&mut self, path: &Path, place: Place) -> Result<(), ToolError> {
        let is_batch = place.combinations.is_some();
        let mut names = vec![place.manifest()];
        if is_batch {
            names
                .extend(place.prefixes().into_iter().map(|prefix| format!("{prefix}-{{n}}{}", place.ending)));
        } else {
            names.extend(place.prefixes().into_iter().map(|prefix| format!("{prefix}{}", place.ending)));
        }
        let mut owner = None;
        for name in names {
            let mut batches = self.batches.iter().filter(|(batch, _)| batch.folder == place.folder);
            owner = owner.or(batches.find(|(batch, _)| batch.has(&name)).map(|(_, owner)| owner.clone()));
            owner = owner.or(self.files.insert(place.path(&name), path.to_owned()));
        }
        if is_batch {
            let same_folder = self.files.iter().filter(|(file, _)| file.parent() == Some(&place.folder));
            let mut inside =
                same_folder.filter_map(|(file, owner)| Some((file.file_name()?.to_str()?, owner)));
            owner = owner.or(inside.find(|(name, _)| place.has(name)).map(|(_, owner)| owner.clone()));
        }
        let shown = match &*place.folder.to_string_lossy() {
            "" => ".".to_owned(),
            folder => folder.to_owned(),
        };
        if is_batch {
            self.batches.push((place, path.to_owned()));
        }
        match owner {
            None => Ok(()),
            Some(owner) => Err(ToolError::new(format!(
                "{} and {} would write the same file in {shown}; build them apart, with another -o, or rename one",
                owner.display(),
                path.display(),
            ))),
        }
    }
}

/// Takes finished files: to disk, or for comparison with what is there.
pub(in crate::cli) struct Sink {
    pub(in crate::cli) check: bool,
    /// Standard output is for the report alone.
    pub(in crate::cli) quiet: bool,
    /// What files come from.
    pub(in crate::cli) source: &'static str,
    /// What to do about a file that is not what it would be.
    pub(in crate::cli) help: &'static str,
}

impl Sink {
    pub(in crate::cli) fn say(&self, text: &str) -> Result<(), ToolError> {
        if self.quiet { Ok(()) } else { print(text) }
    }

    /// Reports files of a batch that was larger once, when outputs are compared.
    pub(in crate::cli) fn has_left_over(&self, place: &Place, diagnostics: &mut Diagnostics) -> bool {
        let files = place.left_over();
        if !self.check {
            if let Some(first) = files.first() {
                let (first, others) = (first.display(), files.len() - 1);
                let which = match others {
                    0 => format!("{first} is"),
                    _ => format!("{first} and {others} more are"),
                };
                let message = format!("{which} left over from a larger or another batch");
                diagnostics.push(
                    Diagnostic::format("output-out-of-date", message)
                        .warning()
                        .help("remove what is left over; `wfc build --check` names each file"),
                );
            }
            return false;
        }
        for path in &files {
            let problem = format!("{} is left over from a larger or another batch", path.display());
            diagnostics.push(Diagnostic::format("output-out-of-date", problem).help("remove it"));
        }
        !files.is_empty()
    }

    /// Takes one file that need not fit in memory.
    pub(in crate::cli) fn put_streamed(
        &self,
        path: &Path,
        content: &output::Content<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Outcome, ToolError> {
        if self.check {
            return Ok(self.compare_one(path, content, diagnostics));
        }
        output::stream_atomic(path, content)?;
        Ok(Outcome::Done)
    }

    pub(in crate::cli) fn put(
        &self,
        files: Vec<(PathBuf, Vec<u8>)>,
        size: &str,
        diagnostics: &mut Diagnostics,
    ) -> Result<Outcome, ToolError> {
        if self.check {
            return Ok(self.compare(&files, diagnostics));
        }
        for (path, written) in output::write_all_atomic(files)? {
            if path.to_string_lossy().ends_with(".wfc.json") {
                continue;
            }
            let state = if written == Written::Unchanged { ", unchanged" } else { "" };
            self.say(&format!("{} ({size}{state})\n", path.display()))?;
        }
        Ok(Outcome::Done)
    }

    /// Reports every file that is not on disk as it would be written.
    fn compare(&self, files: &[(PathBuf, Vec<u8>)], diagnostics: &mut Diagnostics) -> Outcome {
        let mut outcome = Outcome::Done;
        for (path, bytes) in files {
            if self.compare_one(path, &|out| out.write_all(bytes), diagnostics) == Outcome::Differs {
                outcome = Outcome::Differs;
            }
        }
        outcome
    }

    fn compare_one(
        &self,
        path: &Path,
        content: &output::Content<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Outcome {
        let problem = match output::holds(path, content) {
            Ok(true) => return Outcome::Done,
            Ok(false) => format!("{} is not what the {} gives now", path.display(), self.source),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                format!("{} is missing", path.display())
            }
            Err(error) => format!("cannot read {}: {error}", path.display()),
        };
        diagnostics.push(Diagnostic::format("output-out-of-date", problem).help(self.help));
        Outcome::Differs
    }
}
