//! `wfc catalog diff`: what changed between two catalogs, and which presets and workflows break.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::{CatalogDiff, Change, diff};
use crate::check::{self, Checked};
use crate::cli::session::{self, Session};
use crate::cli::{Exit, Stream, Terminal, ToolError, print};
use crate::compile::Compiler;
use crate::diag::{Diagnostic, Diagnostics, NodeRef, Severity};
use crate::front::json::{self, Arena, Document};
use crate::front::toml::Kind;
use crate::report::{FileReport, Format};
use crate::source::FileId;

/// Runs the command.
pub(super) fn run(
    old: &str,
    new: &str,
    workflows: &[PathBuf],
    terminal: &Terminal,
) -> Result<Exit, ToolError> {
    let mut session = Session::default();
    let (old, new) = (session.compiler_for(old)?, session.compiler_for(new)?);
    let difference = diff(&old.catalog, &new.catalog);
    let mut text = String::new();
    for line in difference.lines() {
        let _ = writeln!(text, "{line}");
    }
    if difference.is_empty() {
        text.push_str("the catalogs are the same\n");
    }
    print(&text)?;
    if workflows.is_empty() {
        return Ok(if difference.is_breaking() { Exit::Findings } else { Exit::Clean });
    }
    let mut comparison = Comparison { session, old, new, difference };
    let mut reports = Vec::new();
    for (path, _) in session::expand(workflows, session::is_source)? {
        if let Some((kind, diagnostics)) = comparison.broken(&path)? {
            reports.push(FileReport { path, kind, diagnostics });
        }
    }
    terminal.report(Format::Human, Stream::Output, &comparison.session.sources, &reports)?;
    let breaks = reports.iter().any(|report| !report.diagnostics.is_empty());
    Ok(if breaks { Exit::Findings } else { Exit::Clean })
}

struct Comparison {
    session: Session,
    old: Arc<Compiler>,
    new: Arc<Compiler>,
    difference: CatalogDiff,
}

impl Comparison {
    /// The kind of a file and what breaks in it; nothing if it is neither preset nor workflow.
    fn broken(&mut self, path: &Path) -> Result<Option<(&'static str, Vec<Diagnostic>)>, ToolError> {
        let file = self.session.sources.load(path)?;
        let (mut known, mut found) = (Diagnostics::new(), Diagnostics::new());
        let kind = if session::is_toml(path) {
            if self.session.kind(file, &mut known) != Some(Kind::Preset) {
                return Ok(None);
            }
            self.preset(file, &mut known, &mut found)?;
            "preset"
        } else {
            let before = self.workflow(file, &self.old, &mut known);
            self.workflow(file, &self.new, &mut found);
            if let Some(before) = before {
                self.dropped(&before, &mut found);
            }
            "api"
        };
        let known = known.into_sorted();
        let is_new = |diagnostic: &Diagnostic| !known.iter().any(|known| known.message == diagnostic.message);
        let broken = found
            .into_sorted()
            .into_iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error && is_new(diagnostic))
            .filter(|diagnostic| !self.new.is_missing_file(diagnostic))
            .map(|diagnostic| self.with_hint(diagnostic))
            .collect();
        Ok(Some((kind, broken)))
    }

    fn preset(
        &mut self,
        file: FileId,
        known: &mut Diagnostics,
        found: &mut Diagnostics,
    ) -> Result<(), ToolError> {
        let Some(ready) = self.session.preset(file, &[], known)? else { return Ok(()) };
        for (compiler, diagnostics) in [(&self.old, known), (&self.new, found)] {
            if let Some(mut job) = compiler.job(&ready.loaded, &self.session.sources, diagnostics) {
                job.compile(0, diagnostics);
            }
        }
        Ok(())
    }

    fn workflow(&self, file: FileId, compiler: &Compiler, diagnostics: &mut Diagnostics) -> Option<Checked> {
        let text = self.session.sources.file(file).text();
        let arena = Arena::new();
        let tree = json::parse(file, text, &arena, diagnostics)?;
        let graph = Document::of(tree).read(file, &compiler.catalog, diagnostics)?;
        check::check(graph, &compiler.catalog, diagnostics)
    }

    /// Inputs that a workflow gives and the new classes do not have: the server ignores them silently.
    fn dropped(&self, before: &Checked, found: &mut Diagnostics) {
        for (_, node) in before.graph().nodes() {
            let (Some(old), Some(new)) = (&node.class, self.new.catalog.class(&node.class_type)) else {
                continue;
            };
            for input in node.inputs() {
                if old.input(&input.name).is_none() || new.input(&input.name).is_some() {
                    continue;
                }
                let message = format!(
                    "`{}` no longer has the input `{}`, whose value would be ignored",
                    new.name, input.name
                );
                found.push(Diagnostic::format("unknown-input", message).node(NodeRef {
                    key: node.key.to_string(),
                    class_type: node.class_type.to_string(),
                    input: Some(input.name.to_string()),
                }));
            }
        }
    }

    /// Adds the new name, where one is likely.
    fn with_hint(&self, diagnostic: Diagnostic) -> Diagnostic {
        let hint = diagnostic.node.as_ref().and_then(|node| self.hint(node));
        diagnostic.help_opt(hint)
    }

    fn hint(&self, node: &NodeRef) -> Option<String> {
        let class = &node.class_type;
        if let Some(renamed) = self.difference.renamed.iter().find(|renamed| renamed.from == *class) {
            return Some(format!(
                "`{class}` is probably called `{}` now ({} confidence)",
                renamed.to,
                renamed.confidence.name()
            ));
        }
        let input = node.input.as_ref()?;
        let changed = self.difference.changed.iter().find(|changed| changed.class == *class)?;
        changed.changes.iter().find_map(|change| match change {
            Change::InputRenamed { from, to, confidence } if from == input || to == input => {
                Some(format!("`{from}` is probably called `{to}` now ({} confidence)", confidence.name()))
            }
            _ => None,
        })
    }
}
