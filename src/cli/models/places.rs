//! Where a machine's ComfyUI looks for model files: below `models`, and where `extra_model_paths.yaml` says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::catalog::models::extra_paths::{self, Section};
use crate::catalog::models::folders::Folders;
use crate::catalog::{FileInputs, Models};
use crate::cli::session::Session;
use crate::cli::{Exit, ToolError, print};
use crate::diag::{self, Diagnostic, Diagnostics};
use crate::report::FileReport;
use crate::source;

/// The directories of every model folder.
#[derive(Debug)]
pub(super) struct Places {
    /// ComfyUI's models folder.
    pub(super) models: PathBuf,
    pub(super) folders: Folders,
    /// The folders that `extra_model_paths.yaml` names, with all their directories in order.
    extended: BTreeMap<String, Vec<PathBuf>>,
}

impl Places {
    /// The places below `dir`, which is ComfyUI's folder or its models folder.
    ///
    /// # Errors
    /// When `dir` is no folder.
    pub(super) fn new(dir: &Path) -> Result<Self, ToolError> {
        if !dir.is_dir() {
            return Err(ToolError::new(format!(
                "{} is no folder; --dir takes ComfyUI's folder or its models folder",
                dir.display()
            )));
        }
        let below = dir.join("models");
        let models = if below.is_dir() { below } else { dir.to_owned() };
        Ok(Self { models, folders: Folders::embedded(), extended: BTreeMap::new() })
    }

    /// The file that ComfyUI reads by itself, if there is one.
    pub(super) fn own_extra_paths(&self) -> Option<PathBuf> {
        let named =
            self.models.parent().filter(|parent| *parent != Path::new("") && self.models.ends_with("models"));
        let beside = named.map_or_else(
            || source::identity(&self.models).parent().map(Path::to_owned),
            |parent| Some(parent.to_owned()),
        )?;
        Some(beside.join(extra_paths::FILE_NAME)).filter(|path| path.is_file())
    }

    /// The directories in which ComfyUI looks for files of `folder`, in order.
    pub(super) fn directories(&self, folder: &str) -> Vec<PathBuf> {
        let folder = self.folders.canonical(folder);
        self.extended.get(folder).cloned().unwrap_or_else(|| self.own(folder))
    }

    fn own(&self, folder: &str) -> Vec<PathBuf> {
        self.folders.directories(folder).into_iter().map(|directory| self.models.join(directory)).collect()
    }

    /// Every directory in which there may be models, none inside another.
    pub(super) fn roots(&self) -> Vec<PathBuf> {
        let mut roots: Vec<PathBuf> = vec![self.models.clone()];
        for directory in self.extended.values().flatten().filter(|directory| directory.is_dir()) {
            if !roots.iter().any(|root| directory.starts_with(root)) {
                roots.retain(|root| !root.starts_with(directory));
                roots.push(directory.clone());
            }
        }
        roots
    }

    /// Adds what a file says; what is wrong with it is reported.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn add(&mut self, path: &Path, session: &mut Session) -> Result<FileReport, ToolError> {
        let file = session.sources.load(path)?;
        let text = session.sources.file(file).text().clone();
        let mut diagnostics = Diagnostics::new();
        let known = known_folders(&self.folders, &Models::embedded());
        for section in extra_paths::parse(file, &text, &mut diagnostics) {
            let home = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
            let base = section.base_path.as_ref().map(|base| home.join(expanded(&base.value)));
            if let (Some(base), Some(path)) =
                (&section.base_path, base.as_deref().filter(|base| !base.is_dir()))
            {
                let message = format!("the folder {} does not exist", path.display());
                diagnostics.push(Diagnostic::lint("missing-model-folder", message).at(base.span, ""));
            }
            self.warn_of_unknown(&section, &known, &mut diagnostics);
            for (folder, directory) in &section.directories {
                let path = base.as_deref().unwrap_or(home).join(&directory.value);
                // Of a base that is not there, that is said once.
                if !path.is_dir() && base.as_deref().is_none_or(Path::is_dir) {
                    let message = format!("the folder {} does not exist", path.display());
                    diagnostics
                        .push(Diagnostic::lint("missing-model-folder", message).at(directory.span, ""));
                }
                self.extend(folder, path, section.is_default);
            }
        }
        let diagnostics = diagnostics.into_sorted();
        Ok(FileReport { path: path.to_owned(), kind: "extra-model-paths", diagnostics })
    }

    /// As ComfyUI's `add_model_folder_path`.
    fn extend(&mut self, folder: &str, path: PathBuf, is_default: bool) {
        let folder = self.folders.canonical(folder).to_owned();
        let own = self.own(&folder);
        let directories = self.extended.entry(folder).or_insert(own);
        let present = directories.iter().position(|directory| *directory == path);
        match (present, is_default) {
            (Some(at), true) => directories[..=at].rotate_right(1),
            (Some(_), false) => {}
            (None, true) => directories.insert(0, path),
            (None, false) => directories.push(path),
        }
    }

    /// A name that no node asks for is most likely a mistake: ComfyUI takes it and finds nothing.
    fn warn_of_unknown(&self, section: &Section, known: &BTreeSet<String>, diagnostics: &mut Diagnostics) {
        for (folder, directory) in &section.directories {
            if known.contains(self.folders.canonical(folder)) {
                continue;
            }
            let meant = self.folders.of_volume(folder).map(|meant| format!("did you mean `{meant}`?"));
            let meant = meant.or_else(|| diag::did_you_mean(folder, known.iter().map(String::as_str)));
            if let Some(meant) = meant {
                let message = format!("`{folder}` is no model folder of ComfyUI's");
                let warning = Diagnostic::lint("unknown-model-folder", message).at(directory.span, "");
                diagnostics.push(warning.help(meant));
            }
        }
    }
}

/// Every model folder that a known node or model asks for.
fn known_folders(folders: &Folders, models: &Models) -> BTreeSet<String> {
    let inputs = FileInputs::embedded();
    let of_inputs =
        inputs.iter().flat_map(|(_, _, folder)| folder.split('|')).filter(|folder| *folder != "input");
    let of_models = models.names().into_iter().filter_map(|name| Some(models.model(&name)?.folder));
    let all = of_inputs.map(str::to_owned).chain(of_models);
    // Those that ComfyUI has for other uses.
    let others = ["custom_nodes", "embeddings", "configs", "vae_approx", "classifiers", "photomaker"];
    all.chain(others.map(str::to_owned)).map(|folder| folders.canonical(&folder).to_owned()).collect()
}

/// A path with `~` and environment variables replaced, as Python's `expanduser` and `expandvars` do.
fn expanded(path: &str) -> PathBuf {
    let home = std::env::var("HOME").ok().filter(|_| path == "~" || path.starts_with("~/"));
    let path = home.map_or_else(|| path.to_owned(), |home| format!("{home}{}", &path[1..]));
    PathBuf::from(with_variables(&path, |name| std::env::var(name).ok()))
}

/// `$NAME` and `${NAME}` replaced; a variable that is not set stays as it is written.
fn with_variables(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, variable) = rest.split_at(at);
        out.push_str(before);
        let (name, length) = if let Some(braced) = variable[1..].strip_prefix('{') {
            braced.find('}').map_or(("", 1), |end| (&braced[..end], end + 3))
        } else {
            let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
            let end = variable[1..].find(|character| !is_word(character)).unwrap_or(variable.len() - 1);
            (&variable[1..=end], end + 1)
        };
        match value(name).filter(|_| !name.is_empty()) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&variable[..length]),
        }
        rest = &variable[length..];
    }
    out + rest
}

/// `wfc models paths`: the `extra_model_paths.yaml` of a volume.
pub(super) fn print_mapping(dir: &Path) -> Result<Exit, ToolError> {
    let places = Places::new(dir)?;
    let known = known_folders(&places.folders, &Models::embedded());
    let volume: Vec<(String, String)> = places
        .folders
        .volume()
        .map(|(directory, folder)| (folder.to_owned(), directory.to_owned()))
        .collect();
    let own = known.iter().flat_map(|folder| {
        let directories = places.folders.directories(folder);
        directories.into_iter().map(move |directory| (folder.clone(), directory.to_owned()))
    });
    let present: Vec<(String, String)> =
        own.chain(volume).filter(|(_, directory)| places.models.join(directory).is_dir()).collect();
    if present.is_empty() {
        return Err(ToolError::new(format!("{} has no folder of models", places.models.display())));
    }
    let base = source::identity(&places.models);
    let mapping = present.iter().map(|(folder, directory)| (folder.as_str(), directory.as_str()));
    print(&extra_paths::text_of("volume", &base.to_string_lossy(), mapping))?;
    Ok(Exit::Clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_as_python_does() {
        let value = |name: &str| (name == "A").then(|| "/a".to_owned());
        for (text, expected) in [
            ("$A/b", "/a/b"),
            ("x${A}y$A", "x/ay/a"),
            ("$B/${B}/$", "$B/${B}/$"),
            ("${A", "${A"),
            ("$AB$Aé", "$AB/aé"),
            ("$$A", "$/a"),
            ("${}", "${}"),
        ] {
            assert_eq!(with_variables(text, value), expected);
        }
    }

    #[test]
    fn further_directories_go_where_comfyui_puts_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut places = Places::new(folder.path()).unwrap();
        let own = |name: &str| folder.path().join(name);
        assert_eq!(places.directories("unet"), [own("unet"), own("diffusion_models")]);
        places.extend("unet", "/a".into(), false);
        places.extend("diffusion_models", "/b".into(), true);
        places.extend("diffusion_models", "/a".into(), false);
        let expected = ["/b".into(), own("unet"), own("diffusion_models"), PathBuf::from("/a")];
        assert_eq!(places.directories("diffusion_models"), expected);
        places.extend("unet", "/a".into(), true);
        assert_eq!(places.directories("diffusion_models")[..2], [PathBuf::from("/a"), "/b".into()]);
        assert_eq!(places.directories("loras"), [own("loras")]);
        assert!(Places::new(&own("none")).is_err());
    }
}
