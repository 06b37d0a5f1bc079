//! The preset format: which graph, which parameter values, which target machine.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::batch::{Axes, Ladder, model_axis};
use super::decode::{At, Decode, Named, Reader, table};
use super::lint::LintLevels;
use super::project::Project;
use super::types::{Assumed, Target};
use super::{Item, Raw};

table! {
    /// A preset: the parameter values of one graph for one purpose.
    pub struct Preset ("a preset") {
        /// Another preset whose keys this one inherits and overrides, as a path from this file.
        "extends" => extends: At<Arc<str>>, optional;
        /// The graph to compile: a name (looked up beside the preset, in the project's `graphs/`, then
        /// among the ones that come with wfc) or a path ending in `.toml`.
        "graph" => graph: At<Arc<str>>, optional;
        /// What the preset is for.
        "description" => description: Arc<str>, optional;
        /// Values for the graph's parameters.
        "params" => params: Named<Item>, default;
        /// Model slots of the graph and the models to use instead: names of the model catalog, or file names.
        "models" => models: Named<At<Arc<str>>>, default;
        /// The machine that the workflow is for.
        "target" => target: Target, optional;
        /// Sizes that only the input files tell, as plans take them, in place of the graph's.
        "assume" => assume: Assumed, optional;
        /// One workflow for every combination: parameter = list of values, or a range.
        "matrix" => matrix: Axes, default;
        /// The same at several qualities, from a draft to the final video: one workflow for every rung.
        "ladder" => ladder: Ladder, default;
        /// What a request to the compiled workflow may set, under the names that it uses: field = parameter.
        /// Without this table a request may set every parameter under its own name.
        "request" => request: At<Named<Field>>, optional;
        /// The policies that it keeps to, in place of the project's: names, or paths from this file.
        "policies" => policies: Vec<At<Arc<str>>>, optional;
        /// Levels of lint rules and groups of rules.
        "lint" => lint: LintLevels, default;
    }
}

/// A field of a request: the parameter that it sets.
#[derive(Clone, Debug)]
pub struct Field {
    /// The parameter.
    pub param: At<Arc<str>>,
    /// Whether every request must have the field; if this is not said, where the graph has no default.
    pub required: Option<bool>,
}

table! {
    /// A field of a request that says whether every request must have it.
    pub struct FieldTable ("a field of a request") {
        /// The parameter that it sets.
        "param" => param: At<Arc<str>>, required;
        /// Whether every request must have it; otherwise the value as built is the default. If this is left out, a
        /// field is required where the graph has no default for the parameter.
        "required" => required: bool, optional;
    }
}

impl Decode for Field {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        if let Raw::Str(_) = item.value {
            return Some(Self { param: At::decode(item, reader)?, required: None });
        }
        let table = FieldTable::decode(item, reader)?;
        Some(Self { param: table.param, required: table.required })
    }
}

impl JsonSchema for Field {
    fn schema_name() -> Cow<'static, str> {
        "Field".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<FieldTable>();
        json_schema!({
            "description": "The parameter that a field of a request sets, or a table with it.",
            "anyOf": [{"type": "string", "description": "The parameter."}, table],
        })
    }
}

impl Preset {
    /// Overlays `over` on this preset, key by key.
    #[must_use]
    pub fn overlaid(mut self, over: Self) -> Self {
        self.extends = None;
        self.graph = over.graph.or(self.graph);
        self.description = over.description.or(self.description);
        // A value given for a parameter ends an inherited axis over it.
        for name in over.params.names() {
            self.matrix.end(name);
        }
        for slot in over.models.names() {
            self.matrix.end(&model_axis(slot));
        }
        self.params.merge(over.params);
        self.models.merge(over.models);
        self.matrix.merge(over.matrix);
        self.ladder.merge(over.ladder);
        self.lint.merge(over.lint);
        self.policies = over.policies.or(self.policies);
        // What a request may set is one contract: fields of two presets together are none that anyone wrote.
        if over.request.is_some() {
            self.request = over.request;
        }
        self.target = match (self.target, over.target) {
            (Some(base), Some(over)) => Some(base.overlaid(over)),
            (base, over) => over.or(base),
        };
        self.assume = match (self.assume, over.assume) {
            (Some(base), Some(over)) => Some(base.overlaid(&over)),
            (base, over) => over.or(base),
        };
        self
    }
}

impl Preset {
    /// Takes over from the project what the preset leaves open; `lint` are the levels that the project has for
    /// this preset.
    pub fn inherit(&mut self, project: &Project, mut lint: LintLevels) {
        self.target = match (project.target.clone(), self.target.take()) {
            (Some(base), Some(over)) => Some(base.overlaid(over)),
            (base, over) => over.or(base),
        };
        self.policies = self.policies.take().or_else(|| project.policies.clone());
        lint.merge(std::mem::take(&mut self.lint));
        self.lint = lint;
    }
}

impl Target {
    /// Overlays `over`. Naming a card replaces an inherited amount of memory, and the other way round.
    #[must_use]
    pub fn overlaid(self, over: Self) -> Self {
        let card = if over.gpu.is_some() || over.vram.is_some() {
            (over.gpu, over.vram)
        } else {
            (self.gpu, self.vram)
        };
        Self {
            gpu: card.0,
            vram: card.1,
            headroom: over.headroom.or(self.headroom),
            torch: over.torch.or(self.torch),
            platform: over.platform.or(self.platform),
        }
    }
}
