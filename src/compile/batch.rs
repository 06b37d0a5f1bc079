//! The many workflows of one preset: which ones there are, and how each is compiled.

use std::ops::Range;
use std::sync::Arc;

use super::{Compiler, Job};
use crate::back::api::Ids;
use crate::back::manifest::{self, Manifest, Needs};
use crate::check::Checked;
use crate::diag::{self, Diagnostic, Diagnostics, Severity};
use crate::ir::{Graph, Value};
use crate::lower::ladder::{self, Rung};
use crate::lower::load::Loaded;
use crate::lower::matrix::{MAX_MODEL_CHOICES, Matrix, Series};
use crate::lower::{Template, prepare};
use crate::optimize::Changes;
use crate::source::{Sources, Span};

impl Compiler {
    /// The graph made ready for every choice of models, rung by rung. Gives nothing if something is wrong;
    /// every problem is reported.
    pub(super) fn templates<'c>(
        &'c self,
        loaded: &'c Loaded,
        matrix: Option<&Matrix>,
        sources: &'c Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Template<'c>>> {
        let rungs = ladder::models(&loaded.preset);
        let choices = matrix.map_or(1, Matrix::model_choices);
        let total = choices.saturating_mul(rungs.len() as u64);
        if total > MAX_MODEL_CHOICES {
            let message =
                format!("the preset makes {total} choices of models; the limit is {MAX_MODEL_CHOICES}");
            diagnostics.push(
                Diagnostic::format("matrix-too-large", message)
                    .at(loaded.graph_span, "")
                    .help("every rung counts once for each combination of models"),
            );
            return None;
        }
        let mut templates = Vec::new();
        for models in rungs {
            for choice in 0..choices {
                let mut chosen = models.clone();
                for (slot, model) in matrix.into_iter().flat_map(|matrix| matrix.models(choice)) {
                    chosen.set(slot.clone(), model.clone());
                }
                let mut found = Diagnostics::new();
                templates.extend(prepare(&loaded.graph, &chosen, self.context(sources), &mut found));
                diagnostics.append_new(found);
            }
        }
        (templates.len() as u64 == total).then_some(templates)
    }
}

impl Job<'_> {
    /// True if the preset has a `[[ladder]]`.
    fn has_ladder(&self) -> bool {
        self.rungs.iter().any(|rung| rung.name.is_some())
    }

    /// The names of the rungs, in order. None for a preset without a ladder.
    pub fn rung_names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.rungs.iter().filter_map(|rung| rung.name.as_ref().map(|name| &name.value))
    }

    /// Wants the workflows of one rung alone.
    ///
    /// # Errors
    /// When the preset has no such rung.
    pub fn select_rung(&mut self, name: &str) -> Result<(), Box<Diagnostic>> {
        let found = self.rung_names().position(|known| **known == *name);
        self.selected = found;
        if found.is_some() {
            return Ok(());
        }
        let names: Vec<&str> = self.rung_names().map(|name| &**name).collect();
        let help = match names.as_slice() {
            [] => "it has no [[ladder]]; build it without --rung".to_owned(),
            names => diag::did_you_mean(name, names.iter().copied())
                .unwrap_or_else(|| format!("its rungs are: {}; or give `all`", names.join(", "))),
        };
        let place = self.rungs.first().and_then(|rung| rung.name.as_ref()).map(|name| name.span);
        Err(Box::new(
            Diagnostic::format("unknown-rung", format!("the preset has no rung `{name}`"))
                .at(place.unwrap_or(self.loaded.graph_span), "")
                .help(help),
        ))
    }

    /// The name of the rung that alone is wanted.
    #[must_use]
    pub fn selected_rung(&self) -> Option<&Arc<str>> {
        self.rungs[self.selected?].name.as_ref().map(|name| &name.value)
    }

    /// The numbers of the wanted workflows; see [`Job::all`].
    #[must_use]
    pub fn numbers(&self) -> Range<u64> {
        match self.selected {
            None => self.all(),
            Some(rung) => {
                let count = self.matrix.count();
                rung as u64 * count..(rung as u64 + 1) * count
            }
        }
    }

    /// The numbers of the workflows of all rungs, wanted or not: all combinations of the first rung, then
    /// those of the second, and so on.
    #[must_use]
    pub fn all(&self) -> Range<u64> {
        0..self.rungs.len() as u64 * self.matrix.count()
    }

    /// How many workflows it gives.
    #[must_use]
    pub fn count(&self) -> u64 {
        let numbers = self.numbers();
        numbers.end - numbers.start
    }

    /// How many combinations the matrix has, the same on each rung; none without a `[matrix]`.
    #[must_use]
    pub fn combinations(&self) -> Option<u64> {
        (!self.matrix.axes.is_empty()).then(|| self.matrix.count())
    }

    /// True if it gives numbered workflows, or those of all rungs of a ladder.
    #[must_use]
    pub fn is_batch(&self) -> bool {
        self.combinations().is_some() || self.has_ladder() && self.selected.is_none()
    }

    /// Merges identical nodes and removes those without effect, in every workflow from now on.
    pub fn optimize(&mut self) {
        self.changes = Some(Changes::default());
    }

    /// What was done to the workflow that was compiled last; nothing unless workflows are optimized.
    #[must_use]
    pub const fn changes(&self) -> Option<&Changes> {
        self.changes.as_ref()
    }

    /// The rung and the combination of a workflow.
    fn place_of(&self, number: u64) -> (usize, u64) {
        let count = self.matrix.count();
        (usize::try_from(number / count).unwrap_or_default(), number % count)
    }

    /// The graph made ready for the models of the current combination.
    pub(super) fn template(&self) -> &Template<'_> {
        &self.templates[self.chosen]
    }

    /// Takes the values of workflow `number`, counted from 0.
    fn select(&mut self, number: u64) {
        let (rung, combination) = self.place_of(number);
        if rung != self.rung {
            self.values = self.rungs[rung].values.clone();
            self.rung = rung;
        }
        self.matrix.select(combination, &mut self.values);
        let choice = rung as u64 * self.matrix.model_choices() + self.matrix.model_choice(combination);
        self.chosen = usize::try_from(choice).unwrap_or_default();
    }

    /// Compiles the first workflow of every rung, so that a mistake on one of them is found whichever is
    /// wanted. It is reported at the rung, unless it is on all of them.
    pub(super) fn check_rungs(&mut self, diagnostics: &mut Diagnostics) {
        if !self.has_ladder() {
            return;
        }
        let mut found: Vec<Vec<Diagnostic>> = Vec::with_capacity(self.rungs.len());
        for rung in 0..self.rungs.len() as u64 {
            self.select(rung * self.matrix.count());
            let mut problems = Diagnostics::new();
            self.checked(&mut problems);
            found.push(problems.into_sorted());
        }
        let everywhere = |problem: &Diagnostic| {
            found.iter().all(|problems| problems.iter().any(|other| other.is_same_problem(problem)))
        };
        let mut reports = Diagnostics::new();
        for (rung, problems) in self.rungs.iter().zip(&found) {
            for problem in problems {
                let problem = problem.clone();
                if found.len() > 1 && everywhere(&problem) {
                    reports.push(problem);
                    continue;
                }
                let problem = rung.focus(problem);
                let is_shown = problem.labels.first().is_some_and(|label| rung.spans.contains(&label.span));
                let name = rung.name.as_ref().map(|name| (name.span, &name.value));
                reports.push(match name {
                    Some((span, name)) if !is_shown => {
                        problem.at_first(span, format!("on the rung `{name}`"))
                    }
                    Some((_, name)) => problem.and_help(&format!("on the rung `{name}`")),
                    None => problem,
                });
            }
        }
        diagnostics.append_new(reports);
        self.select(0);
    }

    /// Compiles workflow `number`, counted from 0 over all rungs. Gives nothing if something is wrong; every
    /// problem is reported, with the combination it belongs to.
    pub fn compile(&mut self, number: u64, diagnostics: &mut Diagnostics) -> Option<Checked> {
        self.select(number);
        let mut found = Diagnostics::new();
        let checked = self.checked(&mut found);
        for diagnostic in found.into_sorted() {
            let diagnostic = self.rungs[self.rung].focus(diagnostic);
            // What does not depend on the combination is said once.
            if diagnostics.iter().any(|known| known.is_same_problem(&diagnostic)) {
                continue;
            }
            let is_error = diagnostic.severity == Severity::Error;
            diagnostics.push(match self.describe(number).filter(|_| is_error) {
                Some(combination) => diagnostic.and_help(&combination),
                None => diagnostic,
            });
        }
        checked
    }

    /// The workflow in words, for messages; nothing if it is the only one.
    fn describe(&self, number: u64) -> Option<String> {
        let (rung, combination) = self.place_of(number);
        let rung = self.rungs[rung].name.as_ref().map(|name| format!("on the rung `{}`", name.value));
        let combination = self
            .combinations()
            .map(|_| format!("in combination {}: {}", combination + 1, self.matrix.describe(combination)));
        match (rung, combination) {
            (Some(rung), Some(combination)) => Some(format!("{rung}, {combination}")),
            (rung, combination) => rung.or(combination),
        }
    }

    /// The graph of workflow `number`, counted from 0, filled in and not proved: for whoever asks what
    /// a preset says, whether or not this catalog's machine could run it. Only [`Job::compile`] gives
    /// what can be written.
    pub fn graph(&mut self, number: u64, diagnostics: &mut Diagnostics) -> Option<Graph> {
        self.select(number);
        self.filled_in(diagnostics)
    }

    /// The manifest of a batch: `first` is its first workflow, `needs` what all of them need, `names` tells
    /// the file of a rung's workflow, counted from 1, and `pattern` is what these names have in common;
    /// `hash` is the hash over all files.
    #[must_use]
    pub fn batch_manifest(
        &self,
        first: &Checked,
        needs: &Needs,
        ids: Ids,
        names: BatchNames,
        hash: String,
    ) -> Manifest {
        let rungs =
            self.rungs.iter().enumerate().filter(|(at, _)| self.selected.is_none_or(|wanted| wanted == *at));
        let rungs: Vec<manifest::Rung> = rungs.filter_map(|(at, _)| self.rung_info(at)).collect();
        let axes = self.matrix.axes.iter().flat_map(|axis| {
            let zip = (axis.columns.len() > 1 || *axis.columns[0].name != *axis.name)
                .then(|| axis.name.to_string());
            axis.columns.iter().map(move |column| manifest::Axis { zip: zip.clone(), ..axis_info(column) })
        });
        let batch = manifest::Batch {
            count: self.count(),
            files: names.pattern,
            axes: axes.collect(),
            rungs,
            hash,
            workflows: self.workflows(names.of),
        };
        Manifest { batch: Some(batch), ..self.common_manifest(first, needs, ids) }
    }

    fn rung_info(&self, rung: usize) -> Option<manifest::Rung> {
        let name = self.rungs[rung].name.as_ref()?;
        let declared = self.loaded.preset.ladder.0.iter().find(|rung| *rung.name.get() == name.value)?;
        let params = &self.loaded.graph.params;
        let value = |name: &Arc<str>| {
            let index = params.names().position(|known| *known == **name)?;
            Some(self.rungs[rung].values.get(index).value.to_json())
        };
        let values =
            declared.params.iter().filter_map(|(key, _)| Some((key.value.to_string(), value(&key.value)?)));
        let models =
            declared.models.iter().map(|(slot, model)| (slot.value.to_string(), model.get().as_ref().into()));
        Some(manifest::Rung {
            name: name.value.to_string(),
            description: declared.description.as_ref().map(ToString::to_string),
            params: values.collect(),
            models: models.collect(),
        })
    }

    /// What the manifest says of each workflow, made when it is written.
    fn workflows(&self, name: FileName) -> manifest::Workflows {
        let matrix = Arc::clone(&self.matrix);
        let rungs: Vec<Option<Arc<str>>> =
            self.rungs.iter().map(|rung| rung.name.as_ref().map(|name| name.value.clone())).collect();
        manifest::Workflows::new(self.numbers(), move |number| {
            let count = matrix.count();
            let (rung, combination) = (usize::try_from(number / count).unwrap_or_default(), number % count);
            let values = matrix.values(combination);
            manifest::BatchWorkflow {
                file: name(rungs[rung].as_deref(), combination + 1),
                rung: rungs[rung].as_ref().map(ToString::to_string),
                values: values.into_iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect(),
            }
        })
    }

    /// The rung and the number, counted from 1 on each rung, by which workflow `number` is called.
    #[must_use]
    pub fn name_of(&self, number: u64) -> (Option<&str>, u64) {
        let (rung, combination) = self.place_of(number);
        (self.rungs[rung].name.as_ref().map(|name| &*name.value), combination + 1)
    }
}

/// The name of the file of a workflow: of its rung, and of its number there, counted from 1.
pub type FileName = Arc<dyn Fn(Option<&str>, u64) -> String + Send + Sync>;

/// How the files of a batch are called.
pub struct BatchNames {
    /// What their names have in common, with `{rung}` and `{n}` in the place of what differs.
    pub pattern: String,
    /// The name of one.
    pub of: FileName,
}

impl Rung {
    /// Shows a problem where this rung gives one of the values it is about, if it does.
    fn focus(&self, mut problem: Diagnostic) -> Diagnostic {
        let is_own = |span: &Span| self.spans.contains(span);
        if let Some(at) = problem.labels.iter().position(|label| is_own(&label.span)) {
            problem.labels[..=at].rotate_right(1);
        }
        problem
    }
}

fn axis_info(column: &crate::lower::matrix::Column) -> manifest::Axis {
    let mut axis = manifest::Axis::default();
    match &column.series {
        Series::List(_, values) => {
            axis.param = Some(column.name.to_string());
            axis.values = values.iter().map(|given| given.value.to_json()).collect();
        }
        Series::Range(_, range, _) => {
            axis.param = Some(column.name.to_string());
            axis.range = Some(manifest::AxisRange {
                from: range.nth(0).to_json(),
                step: range.step().to_json(),
                count: range.count(),
            });
        }
        Series::Models(slot, models) => {
            axis.model = Some(slot.value.to_string());
            axis.values = models.iter().map(|model| Value::Str(model.get().clone()).to_json()).collect();
        }
    }
    axis
}
