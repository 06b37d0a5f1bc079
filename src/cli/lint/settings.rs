//! What workflows are judged by: the project's levels, those of its overrides, and their lint files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::levels::Overrides;
use crate::cli::ToolError;
use crate::cli::session::{self, Session};
use crate::compile::{Compiler, WorkflowOptions};
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml;
use crate::front::toml::lint::{LintFile, LintLevels};
use crate::front::toml::policy::Policy;
use crate::lint::{Allowances, Levels, Settings};
use crate::lower::load::Root;
use crate::source::{self, FileId};

/// What workflows are judged by.
pub(super) struct Rules {
    pub(super) compiler: Arc<Compiler>,
    pub(super) options: WorkflowOptions,
    /// The lint file, if there is one.
    pub(super) lint_file: Option<FileId>,
    /// What is wrong with the lint file, if nobody else says it.
    pub(super) problems: Vec<Diagnostic>,
}

/// The rules of all folders of a run.
pub(super) struct AllRules<'r> {
    overrides: &'r Overrides,
    /// Run the rules, and not only the server's own checks.
    lint: bool,
    /// The lint files that are checked by themselves.
    checked: BTreeSet<PathBuf>,
    folders: BTreeMap<PathBuf, Folder>,
}

/// What workflows of one folder share.
struct Folder {
    root: Option<Root>,
    policies: Vec<Arc<Policy>>,
    compiler: Arc<Compiler>,
    /// By the overrides of the project that hold for them.
    rules: BTreeMap<Vec<usize>, Arc<Rules>>,
}

impl<'r> AllRules<'r> {
    /// `checked` are the lint files that are checked by themselves.
    pub(super) fn new(overrides: &'r Overrides, lint: bool, checked: BTreeSet<PathBuf>) -> Self {
        Self { overrides, lint, checked, folders: BTreeMap::new() }
    }

    /// What the workflow at `path` is judged by.
    pub(super) fn of(&mut self, path: &Path, session: &mut Session) -> Result<Arc<Rules>, ToolError> {
        let name = path.parent().unwrap_or(Path::new("")).to_owned();
        if !self.folders.contains_key(&name) {
            // What is wrong with the project is reported for the project.
            let mut silent = Diagnostics::new();
            let root = session.root(path, &mut silent)?;
            let compiler = session.compiler(root.as_ref())?;
            let named = root.as_ref().and_then(|root| root.project.policies.as_deref());
            let policies = session.policies(named, root.as_ref(), &mut silent);
            self.folders.insert(name.clone(), Folder { root, policies, compiler, rules: BTreeMap::new() });
        }
        let Some(folder) = self.folders.get_mut(&name) else {
            return Err(ToolError::new("a folder was forgotten"));
        };
        let holding = folder.root.as_ref().map(|root| root.overrides(path)).unwrap_or_default();
        let lint_file = session::lint_file(path);
        if self.lint && source::exists(&lint_file) {
            let is_checked = self.checked.contains(&source::identity(&lint_file));
            let rules = folder.with_lint_file(&lint_file, &holding, self.overrides, is_checked, session);
            return Ok(Arc::new(rules));
        }
        if let Some(rules) = folder.rules.get(&holding) {
            return Ok(Arc::clone(rules));
        }
        let lint = self.lint.then(|| folder.settings(folder.levels(&holding), self.overrides));
        let rules = Arc::new(folder.rules(lint, self.overrides));
        folder.rules.insert(holding, Arc::clone(&rules));
        Ok(rules)
    }
}

impl Folder {
    fn levels(&self, overrides: &[usize]) -> LintLevels {
        self.root.as_ref().map(|root| root.project.levels(overrides)).unwrap_or_default()
    }

    fn settings(&self, levels: LintLevels, overrides: &Overrides) -> Settings {
        let levels = Levels::of(&overrides.on(levels), &mut Diagnostics::new());
        let target = self.root.as_ref().and_then(|root| root.project.target.as_ref());
        Settings { verbose: overrides.verbose, ..self.compiler.settings(levels, target, &self.policies) }
    }

    fn rules(&self, lint: Option<Settings>, overrides: &Overrides) -> Rules {
        let options = WorkflowOptions { server: overrides.server, lint };
        Rules { compiler: Arc::clone(&self.compiler), options, lint_file: None, problems: Vec::new() }
    }

    fn with_lint_file(
        &self,
        path: &Path,
        holding: &[usize],
        overrides: &Overrides,
        is_checked: bool,
        session: &mut Session,
    ) -> Rules {
        let mut levels = self.levels(holding);
        let mut problems = Diagnostics::new();
        let mut allowances = Allowances::default();
        let lint_file = match session.sources.load(path) {
            Ok(file) => {
                let text = session.sources.file(file).text().clone();
                if let Some(read) = toml::read::<LintFile>(file, &text, &mut problems) {
                    // Says what is unknown; that of the project is said elsewhere.
                    Levels::of(&read.lint, &mut problems);
                    allowances = Allowances::of_findings(&read.allow, &mut problems);
                    levels.merge(read.lint);
                }
                Some(file)
            }
            Err(error) => {
                problems.push(Diagnostic::format("unreadable-file", error.to_string()));
                None
            }
        };
        let settings = Settings { allowances, ..self.settings(levels, overrides) };
        let problems = if is_checked { Vec::new() } else { problems.into_sorted() };
        Rules { lint_file, problems, ..self.rules(Some(settings), overrides) }
    }
}
