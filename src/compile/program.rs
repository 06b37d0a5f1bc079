//! Workflows that Rust programs build, compiled like presets.

use std::sync::Arc;

use super::{Compiler, workflow_bytes};
use crate::back::api::{Ids, Layout};
use crate::back::manifest::{self, Manifest, Needs};
use crate::catalog::Catalog;
use crate::check::{self, Checked};
use crate::diag::{Diagnostic, Diagnostics, Problems};
use crate::front::dsl::Workflow;
use crate::ir::Graph;
use crate::lint::Levels;
use crate::plan::{Assume, Setup};
use crate::source::Sources;

/// A workflow of a program, proved.
#[derive(Debug)]
pub struct Program {
    /// What might be wrong with it although ComfyUI takes it.
    pub warnings: Problems,
    checked: Checked,
    manifest: Manifest,
}

impl Program {
    /// The bytes of `workflow_api.json`, as `wfc build` writes them.
    #[must_use]
    pub fn json(&self) -> Vec<u8> {
        workflow_bytes(&self.checked, Ids::Names, Layout::Pretty)
    }

    /// The same with other ids or another layout.
    #[must_use]
    pub fn json_with(&self, ids: Ids, layout: Layout) -> Vec<u8> {
        workflow_bytes(&self.checked, ids, layout)
    }

    /// The manifest that belongs to [`Program::json`]: what the workflow needs. `file` is the name of the
    /// file with the workflow. There are no parameters: the program decided them.
    #[must_use]
    pub fn manifest(&self, file: &str) -> Manifest {
        let workflow = manifest::WorkflowFile {
            file: file.to_owned(),
            hash: manifest::hash(&self.json()),
            outputs: manifest::outputs(&self.checked, Ids::Names),
        };
        Manifest { workflow: Some(workflow), ..self.manifest.clone() }
    }

    /// The graph, for the library's other functions.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }
}

impl Compiler {
    /// Compiles a workflow that a program built.
    ///
    /// # Errors
    /// Everything that is wrong with it, findings of lint rules included; those alone are an error only
    /// where `levels` denies the rule.
    pub fn program(&self, workflow: &Workflow, levels: &Levels) -> Result<Program, Problems> {
        let mut sources = Sources::new();
        let mut found = Diagnostics::new();
        let graph = workflow.graph(&self.catalog, &self.models, &mut sources, &mut found);
        let own: Vec<Diagnostic> = found.iter().cloned().collect();
        let stages = stages(&graph);
        let mut checks = Diagnostics::new();
        let checked = check::check(graph, &self.catalog, &mut checks);
        if let Some(checked) = &checked {
            self.lint(checked, &levels.clone().into(), &mut checks);
        }
        // An input that was left out because it is wrong would be reported as missing.
        found.extend(
            checks.into_sorted().into_iter().filter(|problem| {
                problem.node.is_none() || !own.iter().any(|known| known.node == problem.node)
            }),
        );
        let is_wrong = found.has_errors();
        let problems = Problems { sources, diagnostics: found.into_sorted() };
        match checked {
            Some(checked) if !is_wrong => {
                let manifest = self.manifest(workflow, &checked, stages);
                Ok(Program { warnings: problems, checked, manifest })
            }
            _ => Err(problems),
        }
    }

    fn manifest(&self, workflow: &Workflow, checked: &Checked, stages: Vec<String>) -> Manifest {
        let identity = self.catalog.identity();
        let mut needs = Needs::default();
        needs.add(checked);
        Manifest {
            version: manifest::VERSION,
            description: None,
            graph: manifest::GraphInfo {
                name: workflow.name().to_owned(),
                title: workflow.name().to_owned(),
                stages,
            },
            workflow: None,
            rung: None,
            batch: None,
            optimized: Vec::new(),
            target: None,
            catalog: manifest::catalog_info(&identity),
            requires: manifest::requires(&needs, &identity, &self.models),
            plan: Some(self.planned(checked, Ids::Names, Setup::default(), Assume::default())),
            interface: manifest::Interface::empty(),
        }
    }
}

/// The stages in the order in which nodes name them.
fn stages(graph: &Graph) -> Vec<String> {
    let mut stages: Vec<String> = Vec::new();
    for stage in graph.nodes().filter_map(|(_, node)| node.stage.as_deref()) {
        if !stages.iter().any(|known| known == stage) {
            stages.push(stage.to_owned());
        }
    }
    stages
}

impl Workflow {
    /// Compiles against the node classes that come with the library, with the lint rules' own levels.
    /// A program that compiles many workflows makes one [`Compiler`] and uses [`Compiler::program`].
    ///
    /// # Errors
    /// Everything that is wrong, with the lines of the program.
    pub fn compile(&self) -> Result<Program, Problems> {
        Compiler::new(Arc::new(Catalog::embedded())).program(self, &Levels::default())
    }
}
