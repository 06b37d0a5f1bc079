//! What one run of a command shares: the files it read and a compiler for each catalog.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::ToolError;
use super::workflow_file::has_extension;
use crate::catalog::{Catalog, CatalogError, ImportOptions, read_catalog};
use crate::compile::Compiler;
use crate::diag::Diagnostics;
use crate::front::toml::decode::At;
use crate::front::toml::policy::Policy;
use crate::front::toml::{self, Kind, lint, project};
use crate::lower::load::{self, Loaded, Root};
use crate::report::FileReport;
use crate::source::{self, FileId, Sources};

/// Files and compilers of one run.
#[derive(Debug, Default)]
pub(super) struct Session {
    pub(super) sources: Sources,
    /// By the catalog's name or path; the empty one is the catalog that comes with the tool.
    compilers: BTreeMap<String, Arc<Compiler>>,
    /// The catalog from the command line; it wins over a project's.
    catalog: Option<String>,
    /// That catalog, being opened while the files are looked for.
    opening: Option<JoinHandle<Result<Catalog, ToolError>>>,
    /// True if catalogs are not looked at as a whole before they are used.
    is_on_demand: bool,
}

/// A preset that was read, and the compiler for it.
pub(super) struct Ready {
    pub(super) loaded: Loaded,
    pub(super) compiler: Arc<Compiler>,
}

impl Session {
    pub(super) fn new(catalog: Option<String>) -> Self {
        Self { catalog, ..Self::default() }
    }

    /// For a run over the workflows in `paths`, which needs few classes: of a catalog nothing but these is
    /// looked at. See [`Session::check_catalogs`].
    pub(super) fn on_demand(catalog: Option<String>, paths: &[PathBuf]) -> Self {
        // One file is found faster than a thread is started.
        let search = paths.len() > 1 || paths.iter().any(|path| path.is_dir());
        let opening =
            catalog.clone().filter(|_| search).map(|name| thread::spawn(move || open_on_demand(&name, true)));
        Self { catalog, opening, is_on_demand: true, ..Self::default() }
    }

    /// The compiler for a file that belongs to `root`.
    pub(super) fn compiler(&mut self, root: Option<&Root>) -> Result<Arc<Compiler>, ToolError> {
        let pinned = root.and_then(|root| {
            let catalog = root.project.catalog.as_ref()?.get();
            Some(if is_file(catalog) { root.folder.join(&**catalog) } else { PathBuf::from(&**catalog) })
        });
        let name = match (&self.catalog, pinned) {
            (Some(given), _) => given.clone(),
            (None, Some(path)) => path.to_string_lossy().into_owned(),
            (None, None) => String::new(),
        };
        self.compiler_with(&name, self.catalog.is_some())
    }

    /// The compiler against a catalog that the command line names.
    pub(super) fn compiler_for(&mut self, catalog: &str) -> Result<Arc<Compiler>, ToolError> {
        self.compiler_with(catalog, true)
    }

    fn compiler_with(&mut self, catalog: &str, is_given: bool) -> Result<Arc<Compiler>, ToolError> {
        if let Some(compiler) = self.compilers.get(catalog) {
            return Ok(Arc::clone(compiler));
        }
        let opening = self.opening.take_if(|_| self.catalog.as_deref() == Some(catalog));
        let opened = match opening.map(JoinHandle::join) {
            Some(Ok(opened)) => opened,
            Some(Err(_)) | None => open_on_demand(catalog, is_given),
        };
        let opened = opened?;
        if !self.is_on_demand {
            verify(&opened, catalog)?;
        }
        let compiler = Arc::new(Compiler::new(Arc::new(opened)));
        self.compilers.insert(catalog.to_owned(), Arc::clone(&compiler));
        Ok(compiler)
    }

    /// Proves that the catalogs can be read if `reports` say that a class is missing: it may stand in a
    /// damaged part of its file.
    ///
    /// # Errors
    /// Where the first damaged catalog is damaged.
    pub(super) fn check_catalogs(&self, reports: &[FileReport]) -> Result<(), ToolError> {
        let mut all = reports.iter().flat_map(|report| &report.diagnostics);
        if all.any(|found| found.rule == "unknown-class") { self.verify_catalogs() } else { Ok(()) }
    }

    fn verify_catalogs(&self) -> Result<(), ToolError> {
        self.compilers.iter().try_for_each(|(name, compiler)| verify(&compiler.catalog, name))
    }

    /// The project that governs `path`.
    pub(super) fn root(
        &mut self,
        path: &Path,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Root>, ToolError> {
        Ok(load::project(path, &mut self.sources, diagnostics)?)
    }

    /// The folder with model files that the project of the current folder names, or a server in it.
    ///
    /// # Errors
    /// When the project cannot be read, or the folder is none.
    pub(super) fn models(&mut self, server: Option<&str>) -> Result<Option<PathBuf>, ToolError> {
        let root = self.root(Path::new("./wfc.toml"), &mut Diagnostics::new())?;
        let folder = root.as_ref().and_then(|root| root.models(server));
        match folder {
            Some(folder) if !folder.is_dir() => Err(ToolError::new(format!(
                "{} is no folder; `models` in wfc.toml takes ComfyUI's folder or its models folder",
                folder.display()
            ))),
            folder => Ok(folder),
        }
    }

    /// The policies that a preset or project names.
    pub(super) fn policies(
        &mut self,
        names: Option<&[At<Arc<str>>]>,
        root: Option<&Root>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Arc<Policy>> {
        let folder = root.map(|root| root.folder.as_path());
        load::policies(names.unwrap_or_default(), folder, &mut self.sources, diagnostics)
    }

    /// Reads a preset with its graph and project, and applies settings from the command line.
    pub(super) fn preset(
        &mut self,
        file: FileId,
        settings: &[String],
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Ready>, ToolError> {
        let path = self.sources.file(file).path().to_owned();
        let root = self.root(&path, diagnostics)?;
        let graphs = root.as_ref().map(Root::graphs);
        let Some(mut loaded) = load::preset(file, graphs.as_deref(), &mut self.sources, diagnostics) else {
            return Ok(None);
        };
        if let Some(root) = &root {
            loaded.preset.inherit(&root.project, root.levels(&path));
        }
        loaded.policies = self.policies(loaded.preset.policies.as_deref(), root.as_ref(), diagnostics);
        for setting in settings {
            load::set(&mut loaded, setting, &mut self.sources, diagnostics);
        }
        let compiler = self.compiler(root.as_ref())?;
        // A manifest names the whole catalog.
        self.verify_catalogs()?;
        Ok(Some(Ready { loaded, compiler }))
    }

    /// What a TOML file is; nothing after a syntax error, which is reported, or for TOML that is not wfc's.
    pub(super) fn kind(&self, file: FileId, diagnostics: &mut Diagnostics) -> Option<Kind> {
        let source = self.sources.file(file);
        if source.path().file_name().is_some_and(|name| name == project::FILE_NAME) {
            return Some(Kind::Project);
        }
        if is_lint_file(source.path()) {
            return Some(Kind::LintFile);
        }
        let mut problems = Diagnostics::new();
        let root = toml::parse(file, source.text(), &mut problems);
        if root.is_none() {
            // What is wrong with values is reported by whoever reads the file as what it is.
            diagnostics.append(&mut problems);
        }
        toml::kind_of(&root?)
    }
}

/// True if a catalog's name is a path: neither a server nor an embedded one.
pub(super) fn is_file(catalog: &str) -> bool {
    !is_server(catalog) && Catalog::named(catalog).is_none()
}

fn is_server(catalog: &str) -> bool {
    catalog.starts_with("http://") || catalog.starts_with("https://")
}

/// Opens a catalog for what needs all of it: the built-in one (an empty name or `embedded`), some of its
/// packs by name, a server's URL, or a file.
pub(super) fn open_catalog(name: &str) -> Result<Catalog, ToolError> {
    let catalog = open_on_demand(name, true)?;
    verify(&catalog, name)?;
    Ok(catalog)
}

/// The same, before its classes are looked at. Credentials go where the command line says, and not where a file does:
/// whoever lints what somebody else wrote would hand them over.
fn open_on_demand(name: &str, is_given: bool) -> Result<Catalog, ToolError> {
    if name.is_empty() {
        return Ok(Catalog::embedded());
    }
    if let Some(catalog) = Catalog::named(name) {
        return Ok(catalog);
    }
    let options = ImportOptions::default();
    let bytes = if is_server(name) {
        let mut bytes = Vec::new();
        let limit = options.limit_bytes.saturating_add(1);
        super::http::object_info(name, is_given)?.take(limit).read_to_end(&mut bytes)?;
        bytes
    } else {
        source::read_capped(Path::new(name), options.limit_bytes)?
    };
    read_catalog(bytes, &options).map_err(|error| unreadable(&error, name))
}

fn verify(catalog: &Catalog, name: &str) -> Result<(), ToolError> {
    catalog.verify().map_err(|error| unreadable(&error, name))
}

fn unreadable(error: &CatalogError, name: &str) -> ToolError {
    ToolError::new(format!("the catalog {}: {error}", without_login(name)))
}

/// A catalog's name without the user and password that an address may have.
pub(super) fn without_login(name: &str) -> String {
    let (scheme, rest) = name.split_once("://").unwrap_or(("", name));
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match host.rsplit_once('@') {
        Some((_, host)) if is_server(name) => format!("{scheme}://{host}{path}"),
        _ => name.to_owned(),
    }
}

/// The files that `paths` stand for: files as they are, folders with every file below them that
/// git would not ignore and that `wanted` takes, in order of their names; each file once.
pub(super) fn expand(
    paths: &[PathBuf],
    wanted: impl Fn(&Path) -> bool,
) -> Result<Vec<(PathBuf, Found)>, ToolError> {
    let mut files: Vec<(PathBuf, Found)> = Vec::new();
    let mut seen = BTreeSet::new();
    // One folder holds no file twice.
    let is_alone = paths.len() == 1;
    for path in paths {
        if !path.is_dir() {
            if seen.insert(source::identity(path)) {
                files.push((path.clone(), Found::Named));
            }
            continue;
        }
        let walk = ignore::WalkBuilder::new(path).require_git(false).sort_by_file_path(Path::cmp).build();
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                // A folder that cannot be looked into is reported like a file, and the rest goes on.
                Err(error) => {
                    let (path, _) = blamed(&error).ok_or_else(|| ToolError::new(error.to_string()))?;
                    files.push((path.to_owned(), Found::Named));
                    continue;
                }
            };
            if entry.file_type().is_some_and(|kind| kind.is_file())
                && wanted(entry.path())
                && (is_alone || seen.insert(source::identity(entry.path())))
            {
                files.push((entry.into_path(), Found::Walked));
            }
        }
    }
    Ok(files)
}

/// The file or folder that an error is about.
fn blamed(error: &ignore::Error) -> Option<(&Path, &ignore::Error)> {
    match error {
        ignore::Error::WithPath { path, err } => Some((path, err)),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => blamed(err),
        _ => None,
    }
}

/// True for the names of TOML files.
pub(super) fn is_toml(path: &Path) -> bool {
    has_extension(path, &["toml"])
}

/// True for the names of lint files.
pub(super) fn is_lint_file(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(lint::FILE_SUFFIX))
}

/// The lint file of a workflow, whether or not it exists.
pub(super) fn lint_file(workflow: &Path) -> PathBuf {
    let mut name = workflow.file_stem().unwrap_or_default().to_owned();
    name.push(lint::FILE_SUFFIX);
    workflow.with_file_name(name)
}

/// True for the names of presets, graphs, projects and workflows.
pub(super) fn is_source(path: &Path) -> bool {
    is_toml(path) || is_workflow(path)
}

/// What the names of workflows end with.
pub(super) const WORKFLOW_EXTENSIONS: [&str; 3] = ["json", "png", "webp"];

/// True for the names that workflows have, in text or in pictures; manifests are none.
pub(super) fn is_workflow(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    !name.ends_with(".wfc.json") && has_extension(path, &WORKFLOW_EXTENSIONS)
}

/// How a file came to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It was named on the command line: that it is something else is worth an error.
    Named,
    /// It was met in a folder: what is none of wfc's business is passed over.
    Walked,
}
