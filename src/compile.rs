//! The pipeline put together: a preset in, checked graphs and their bytes out.
//!
//! Everything that commands, batches, benches and tests share about "compile this preset" is here,
//! and nothing about files, screens or exit codes.

mod batch;
mod choices;
mod effects;
pub mod fit;
mod interface;
pub mod plan;
mod program;
mod variants;

use std::sync::Arc;

use crate::back::api::{self, Ids, Layout};
use crate::back::manifest::{self, Manifest, Needs};
use crate::catalog::{Catalog, Gpus, Models};
use crate::check::{self, Checked, ServerVersion};
use crate::diag::{self, Diagnostic, Diagnostics, Gate, NodeRef, Severity};
use crate::front::json::{self, Arena, Document};
use crate::front::toml::decode::Named;
use crate::front::toml::graph::GraphFile;
use crate::front::toml::policy::Policy;
use crate::front::toml::types::Target;
use crate::ir::Graph;
use crate::lint::{self, Allowances, Levels, Settings};
use crate::lower::expr::Engine;
use crate::lower::ladder::{self, Rung};
use crate::lower::load::Loaded;
use crate::lower::matrix::{self, Matrix};
use crate::lower::params::{self, Values};
use crate::lower::request;
use crate::lower::{Context, Decisions, Template, prepare};
use crate::optimize::{self, Changes};
use crate::plan::{Budget, Setup};
use crate::source::{FileId, Sources};

pub use batch::{BatchNames, FileName};
pub use choices::{Choice, MAX_CHOICES};
pub use program::Program;

/// What every compilation needs, made once.
#[derive(Debug)]
pub struct Compiler {
    /// The node classes.
    pub catalog: Arc<Catalog>,
    /// The model files.
    pub models: Models,
    /// The graphics cards.
    pub gpus: Gpus,
    engine: Engine,
}

impl Compiler {
    /// A compiler against the given node catalog, with the built-in data on models and cards.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>) -> Self {
        Self { catalog, models: Models::embedded(), gpus: Gpus::embedded(), engine: Engine::default() }
    }

    /// Makes a preset ready: everything that does not depend on the combination is checked. Gives
    /// nothing if something is wrong, be it in `diagnostics` before; every problem is reported, with the level that
    /// the preset gives it.
    pub fn job<'c>(
        &'c self,
        loaded: &'c Loaded,
        sources: &'c Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Job<'c>> {
        let job = self.job_before_levels(loaded, sources, diagnostics);
        self.preset_settings(loaded, diagnostics).judge(diagnostics);
        job.filter(|_| !diagnostics.has_errors())
    }

    /// The same, with the levels that rules have by themselves: what the preset denies does not stop it, and what
    /// it allows is still there.
    pub fn job_before_levels<'c>(
        &'c self,
        loaded: &'c Loaded,
        sources: &'c Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Job<'c>> {
        let preset = &loaded.preset;
        if let Some(target) = &preset.target {
            self.check_target(target, diagnostics);
        }
        let (params, place) = (&loaded.graph.params, Some(loaded.graph_span));
        let matrix = matrix::resolve(preset, params, &self.models, diagnostics);
        let rungs = ladder::resolve(preset, params, &self.models, place, diagnostics);
        let fields = request::fields(preset.request.as_ref(), params, diagnostics);
        let templates = self.templates(loaded, matrix.as_ref(), sources, diagnostics);
        // What could not be read is missing in the template, and expressions may name it.
        let parts = matrix.zip(rungs).zip(templates).zip(fields).filter(|_| !diagnostics.has_errors());
        let mut job = parts.map(|(((matrix, rungs), templates), fields)| Job {
            compiler: self,
            sources,
            loaded,
            templates,
            chosen: 0,
            values: rungs[0].values.clone(),
            rungs,
            rung: 0,
            selected: None,
            matrix: Arc::new(matrix),
            fields,
            decisions: None,
            changes: None,
            denied: None,
        });
        if let Some(job) = &mut job {
            job.check_rungs(diagnostics);
            job.check_effects(diagnostics);
        }
        job.filter(|_| !diagnostics.has_errors())
    }

    /// Reads a workflow and says what a server would make of it, and, if asked, what is wrong with it
    /// all the same. Gives what the file is; nothing if it is no workflow, which is reported.
    pub fn workflow(
        &self,
        file: FileId,
        text: &str,
        options: &WorkflowOptions,
        diagnostics: &mut Diagnostics,
    ) -> Option<json::Kind> {
        let arena = Arena::new();
        let tree = json::parse(file, text, &arena, diagnostics)?;
        let document = Document::of(tree);
        let kind = document.kind;
        let mut found = Diagnostics::new();
        let graph = document.read(file, &self.catalog, &mut found);
        // What could not be read would be missing, and reported as missing.
        let is_broken =
            found.iter().any(|found| found.gate == Gate::Format && found.severity == Severity::Error);
        if let Some(graph) = graph.filter(|_| !is_broken) {
            let verdict = check::validate(&graph, &self.catalog, options.server, &mut found);
            if let Some(settings) = &options.lint {
                lint::workflow(&graph, &verdict, &self.facts(), settings, &mut found);
            }
        }
        check::stop_at_missing_class(options.server, &mut found);
        match &options.lint {
            Some(settings) => settings.judge(&mut found),
            None => found.relevel(|problem| (problem.gate != Gate::Lint).then_some(problem.severity)),
        }
        diagnostics.append(&mut found);
        kind
    }

    /// What is wrong with a compiled workflow although the server takes it.
    pub fn lint(&self, checked: &Checked, settings: &Settings, diagnostics: &mut Diagnostics) {
        let mut found = Diagnostics::new();
        lint::workflow(checked.graph(), &checked.verdict(), &self.facts(), settings, &mut found);
        settings.judge(&mut found);
        diagnostics.append(&mut found);
    }

    /// The settings to lint with, for what a preset or project says.
    #[must_use]
    pub fn settings(&self, levels: Levels, target: Option<&Target>, policies: &[Arc<Policy>]) -> Settings {
        let gpu = target.and_then(|target| self.gpus.gpu(target.gpu.as_ref()?.get()));
        let platform = target.and_then(|target| target.platform);
        let budget = target.and_then(|target| self.budget(target));
        let setup = target.map_or_else(Setup::default, |target| self.setup(target));
        let policies = policies.to_vec();
        Settings { levels, target: gpu, budget, setup, platform, policies, ..Settings::default() }
    }

    /// What decides how much memory a workflow needs on a target.
    #[must_use]
    pub fn setup(&self, target: &Target) -> Setup {
        let gpu = target.gpu.as_ref().and_then(|gpu| self.gpus.gpu(gpu.get()));
        Setup::of(gpu.as_ref(), target.torch.as_ref().map(|torch| &*torch.get().0))
    }

    /// The memory that a target has, and what of it must stay free; nothing if it says neither a card that exists nor an
    /// amount.
    #[must_use]
    pub fn budget(&self, target: &Target) -> Option<Budget> {
        const MIB: f64 = 1_048_576.0;
        let told = target.vram.as_ref().map(|vram| vram.get().mib());
        let gpu = || self.gpus.gpu(target.gpu.as_ref()?.get());
        let total = told.or_else(|| gpu().map(|gpu| gpu.vram_mib()))? * MIB;
        let headroom = target.headroom.as_ref().map_or(0.0, |headroom| headroom.get().mib() * MIB);
        Some(Budget { total, headroom })
    }

    /// The settings to lint the workflows of a preset with. Rules that do not exist are reported.
    pub fn preset_settings(&self, loaded: &Loaded, diagnostics: &mut Diagnostics) -> Settings {
        let levels = Levels::of(&loaded.preset.lint, diagnostics);
        let allowances = Allowances::of_comments(&loaded.comments, diagnostics);
        Settings { allowances, ..self.settings(levels, loaded.preset.target.as_ref(), &loaded.policies) }
    }

    fn facts(&self) -> lint::Facts<'_> {
        lint::Facts { catalog: &self.catalog, models: &self.models }
    }

    /// Checks a graph file by itself: with its defaults, and with every value of every switch, one at a time,
    /// so that each variant is known to compile. Switches are bools and choices, and what `when` reads.
    pub fn check_graph(&self, graph: &Arc<GraphFile>, sources: &Sources, diagnostics: &mut Diagnostics) {
        let template = prepare(graph, &Named::default(), self.context(sources), diagnostics);
        // What could not be read is missing in the template, and would be reported as missing.
        crate::lower::fit::check(graph, &self.models, diagnostics);
        let Some(template) = template.filter(|_| !diagnostics.has_errors()) else { return };
        let samples = variants::samples(&graph.params);
        let mut silent = Diagnostics::new();
        let Some(values) = params::resolve(&graph.params, &samples, &self.models, None, &mut silent) else {
            return;
        };
        self.check_variant(&template, &values, None, sources, diagnostics);
        for (index, (name, param)) in graph.params.iter().enumerate() {
            for value in variants::positions(param, template.switches(index), name.span) {
                let Ok(accepted) = params::accept(&name.value, param, &value, &self.models) else { continue };
                let mut variant = values.clone();
                variant.set(index, params::Given { value: accepted.clone(), span: None });
                self.check_variant(
                    &template,
                    &variant,
                    Some((&name.value, &accepted.to_string())),
                    sources,
                    diagnostics,
                );
            }
        }
    }

    /// What is wrong with the workflow of a graph file's defaults although the server takes it; nothing where
    /// [`check_graph`](Self::check_graph) has found that there is none.
    pub fn lint_graph(
        &self,
        graph: &Arc<GraphFile>,
        settings: &Settings,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) {
        let mut silent = Diagnostics::new();
        let template = prepare(graph, &Named::default(), self.context(sources), &mut silent);
        let samples = variants::samples(&graph.params);
        let values = params::resolve(&graph.params, &samples, &self.models, None, &mut silent);
        if let Some((template, values)) = template.zip(values)
            && let Some(checked) = self.filled(&template, &values, sources, &mut silent)
        {
            self.lint(&checked, settings, diagnostics);
        }
    }

    /// The workflow of a graph file's defaults, as it is and not proved; what the graph has no default for is made up.
    pub fn default_graph(
        &self,
        graph: &Arc<GraphFile>,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Graph> {
        let template = prepare(graph, &Named::default(), self.context(sources), diagnostics)?;
        let samples = variants::samples(&graph.params);
        let values = params::resolve(&graph.params, &samples, &self.models, None, diagnostics)?;
        let decisions = template.decide(&values, sources, diagnostics)?;
        template.instantiate(&values, &decisions, diagnostics)
    }

    fn check_variant(
        &self,
        template: &Template<'_>,
        values: &Values,
        variant: Option<(&str, &str)>,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) {
        let mut found = Diagnostics::new();
        self.filled(template, values, sources, &mut found);
        for diagnostic in found.into_sorted() {
            let known = diagnostics.iter().any(|known| known.is_same_problem(&diagnostic));
            // A constraint over several parameters may forbid changing one of them alone.
            let expected = variant.is_some() && diagnostic.rule == "constraint-violated";
            // The names of files are made up here, where the graph has no default.
            if known || expected || self.is_missing_file(&diagnostic) {
                continue;
            }
            diagnostics.push(match &variant {
                Some((name, value)) => {
                    let help = diagnostic.help.clone().map_or_else(String::new, |help| format!("{help}; "));
                    diagnostic.help(format!("{help}this happens with {name} = {value}"))
                }
                None => diagnostic,
            });
        }
    }

    /// A template filled in with some values, and proved.
    fn filled(
        &self,
        template: &Template<'_>,
        values: &Values,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Checked> {
        let decisions = template.decide(values, sources, diagnostics)?;
        let graph = template.instantiate(values, &decisions, diagnostics)?;
        // The defaults of a graph file, which is checked by itself.
        template.check_loras(values, &graph, None, &self.models, diagnostics);
        check::check(graph, &self.catalog, diagnostics)
    }

    /// True if all that is wrong is that the catalog's machine does not have a file.
    #[must_use]
    pub fn is_missing_file(&self, diagnostic: &Diagnostic) -> bool {
        let takes_files = |node: &NodeRef| {
            let class = self.catalog.class(&node.class_type)?;
            Some(class.input(node.input.as_deref()?)?.kind.folder().is_some())
        };
        diagnostic.rule == "value-not-in-list"
            && diagnostic.node.as_ref().and_then(takes_files).unwrap_or_default()
    }

    fn context<'c>(&'c self, sources: &'c Sources) -> Context<'c> {
        Context { engine: &self.engine, catalog: &self.catalog, models: &self.models, sources }
    }

    /// Checks that a target names one card that exists, or an amount of memory.
    pub fn check_target(&self, target: &Target, diagnostics: &mut Diagnostics) {
        let Some(gpu) = &target.gpu else { return };
        if let Some(vram) = &target.vram {
            diagnostics.push(
                Diagnostic::format(
                    "conflicting-target",
                    "the target names a card and an amount of memory; give one of them",
                )
                .at(vram.span(), "")
                .at(gpu.span(), "the card"),
            );
        }
        if self.gpus.gpu(gpu.get()).is_none() {
            let ids = self.gpus.ids();
            let help = diag::did_you_mean(gpu.get(), ids.iter().map(|id| &**id))
                .unwrap_or_else(|| format!("known cards: {}; or give vram = \"24 GiB\"", ids.join(", ")));
            diagnostics.push(
                Diagnostic::format(
                    "unknown-gpu",
                    format!("there is no card `{}` in the GPU catalog", gpu.get()),
                )
                .at(gpu.span(), "")
                .help(help),
            );
        }
    }
}

/// How a workflow is judged.
#[derive(Clone, Debug, Default)]
pub struct WorkflowOptions {
    /// The server that would run it.
    pub server: ServerVersion,
    /// How it is judged beyond what the server refuses; none: no rule is run.
    pub lint: Option<Settings>,
}

/// A preset ready to be compiled, once or for every combination of its matrix.
#[derive(Debug)]
pub struct Job<'c> {
    compiler: &'c Compiler,
    sources: &'c Sources,
    loaded: &'c Loaded,
    /// One for every choice of models, rung by rung.
    templates: Vec<Template<'c>>,
    /// Which of them the current combination needs.
    chosen: usize,
    /// One without a name if the preset has no ladder.
    rungs: Vec<Rung>,
    /// The one that the values belong to.
    rung: usize,
    /// The rung that is wanted; all, if there is none.
    selected: Option<usize>,
    values: Values,
    matrix: Arc<Matrix>,
    /// What a request may set.
    fields: Vec<request::Field>,
    /// Those of the combination before, which often hold for the next one.
    decisions: Option<Decisions>,
    /// What was done to the workflow that was compiled last, if workflows are to be optimized.
    changes: Option<Changes>,
    /// The rules that a workflow must not break; none, if nobody asked for it.
    denied: Option<Settings>,
}

impl Job<'_> {
    fn checked(&mut self, diagnostics: &mut Diagnostics) -> Option<Checked> {
        let before = diagnostics.error_count();
        let mut graph = self.filled_in(diagnostics)?;
        if let Some(changes) = &mut self.changes {
            let optimized = optimize::optimize(&graph);
            (graph, *changes) = (optimized.graph, optimized.changes);
        }
        let checked = check::check(graph, &self.compiler.catalog, diagnostics)?;
        if let Some(denied) = &self.denied {
            self.compiler.lint(&checked, denied, diagnostics);
        }
        (diagnostics.error_count() == before).then_some(checked)
    }

    /// From now on, a workflow in which a rule finds something that the preset denies does not compile, and neither does one
    /// that certainly needs more memory than the target has.
    pub fn deny(&mut self) {
        let settings = |levels| Settings {
            levels,
            // What is wrong with them was reported when the preset was made ready.
            ..self.compiler.preset_settings(self.loaded, &mut Diagnostics::new())
        };
        let target = self.loaded.preset.target.as_ref();
        let has_budget = target.is_some_and(|target| self.compiler.budget(target).is_some());
        let always: &[&str] = if has_budget { &["vram-over-budget"] } else { &[] };
        self.denied = Levels::denied(&self.loaded.preset.lint, always).map(settings);
    }

    fn filled_in(&mut self, diagnostics: &mut Diagnostics) -> Option<Graph> {
        self.decisions.take_if(|decisions| !decisions.hold_for(&self.values));
        if self.decisions.is_none() {
            self.decisions = self.templates[self.chosen].decide(&self.values, self.sources, diagnostics);
        }
        let template = &self.templates[self.chosen];
        let graph = template.instantiate(&self.values, self.decisions.as_ref()?, diagnostics)?;
        let preset = Some(&self.loaded.preset);
        template.check_loras(&self.values, &graph, preset, &self.compiler.models, diagnostics);
        Some(graph)
    }

    /// The values of the graph's parameters in the workflow that was compiled last.
    #[must_use]
    pub const fn values(&self) -> &Values {
        &self.values
    }

    /// The manifest of a single workflow whose bytes are `workflow` and whose file is called `file`.
    #[must_use]
    pub fn manifest(&self, checked: &Checked, ids: Ids, file: &str, workflow: &[u8]) -> Manifest {
        let workflow = manifest::WorkflowFile {
            file: file.to_owned(),
            hash: manifest::hash(workflow),
            outputs: manifest::outputs(checked, ids),
        };
        let mut needs = Needs::default();
        needs.add(checked);
        let plan = Some(self.plan(checked, ids));
        Manifest { workflow: Some(workflow), plan, ..self.common_manifest(checked, &needs, ids) }
    }

    fn common_manifest(&self, checked: &Checked, needs: &Needs, ids: Ids) -> Manifest {
        let graph = &self.loaded.graph;
        let identity = self.compiler.catalog.identity();
        Manifest {
            version: manifest::VERSION,
            description: self.loaded.preset.description.as_ref().map(ToString::to_string),
            graph: manifest::GraphInfo {
                name: self.loaded.graph_name.to_string(),
                title: graph.title.to_string(),
                stages: graph.stages.iter().map(|stage| stage.get().to_string()).collect(),
            },
            rung: self.selected_rung().map(ToString::to_string),
            workflow: None,
            batch: None,
            optimized: Vec::new(),
            target: self.loaded.preset.target.as_ref().map(|target| self.target(target)),
            catalog: manifest::catalog_info(&identity),
            requires: manifest::requires(needs, &identity, &self.compiler.models),
            plan: None,
            interface: self.interface(checked, ids),
        }
    }

    fn target(&self, target: &Target) -> manifest::TargetInfo {
        let card = target.gpu.as_ref().and_then(|gpu| self.compiler.gpus.gpu(gpu.get()));
        manifest::TargetInfo {
            gpu: target.gpu.as_ref().map(|gpu| gpu.get().to_string()),
            vram_mib: target
                .vram
                .as_ref()
                .map(|vram| vram.get().mib())
                .or_else(|| card.map(|card| card.vram_mib())),
            headroom_mib: target.headroom.as_ref().map(|headroom| headroom.get().mib()),
        }
    }
}

/// The bytes of a workflow file.
#[must_use]
pub fn workflow_bytes(checked: &Checked, ids: Ids, layout: Layout) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 << 10);
    api::write(checked, ids, layout, &mut out);
    out
}
