//! `wfc schema`: the JSON Schemas of the formats.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::doctor;
use super::explain_oom::Explained;
use super::plan::Document;
use super::vram::Report;
use super::{Exit, ToolError, print};
use crate::back::manifest::Manifest;
use crate::diag::Diagnostics;
use crate::front::toml;
use crate::front::toml::baseline::BaselineFile;
use crate::front::toml::graph::GraphFile;
use crate::front::toml::lint::LintFile;
use crate::front::toml::policy::Policy;
use crate::front::toml::preset::Preset;
use crate::front::toml::project::Project;
use crate::lint::{Group, RULES};
use crate::lower::{library, params};
use crate::report::diagnostics_schema;
use crate::review::changes::Diff;
use crate::review::folders::FoldersDiff;
use crate::source::Sources;

/// Print the JSON Schema of a format.
///
/// Editors use it for completion and checks through a line such as
/// `#:schema https://…/preset.schema.json` or a local path.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The format.
    #[arg(value_enum)]
    name: Name,
}

/// The formats that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Name {
    /// A preset; parameters are those of the built-in graphs.
    Preset,
    /// A graph.
    Graph,
    /// `wfc.toml`.
    Project,
    /// A policy.
    Policy,
    /// `NAME.lint.toml`, beside the workflow `NAME.json`.
    Lint,
    /// The file of `wfc lint --baseline`.
    Baseline,
    /// `NAME.wfc.json`.
    Manifest,
    /// The output of `--format json`.
    Diagnostics,
    /// The output of `wfc plan --format json`.
    Plan,
    /// The output of `wfc diff --format json` for two files.
    Diff,
    /// The output of `wfc diff --format json` for two folders.
    FoldersDiff,
    /// The output of `wfc vram --format json`.
    Vram,
    /// The output of `wfc doctor --format json`.
    Doctor,
    /// The output of `wfc explain-oom --format json`.
    ExplainOom,
    /// The output of `wfc run --format json`, a line.
    #[cfg(feature = "exec")]
    Events,
    /// `run.json`, the record of a run.
    #[cfg(feature = "exec")]
    Run,
}

impl Name {
    /// All of them, with the name of the file in `schemas/`.
    pub(super) const ALL: &[(Self, &'static str)] = &[
        (Self::Preset, "preset"),
        (Self::Graph, "graph"),
        (Self::Project, "project"),
        (Self::Policy, "policy"),
        (Self::Lint, "lint"),
        (Self::Baseline, "baseline"),
        (Self::Manifest, "manifest"),
        (Self::Diagnostics, "diagnostics"),
        (Self::Plan, "plan"),
        (Self::Diff, "diff"),
        (Self::FoldersDiff, "folders-diff"),
        (Self::Vram, "vram"),
        (Self::Doctor, "doctor"),
        (Self::ExplainOom, "explain-oom"),
        #[cfg(feature = "exec")]
        (Self::Events, "events"),
        #[cfg(feature = "exec")]
        (Self::Run, "run"),
    ];

    /// The schema as it is given to editors.
    pub(super) fn schema(self) -> Value {
        let schema = with_rules(self.declared());
        if self == Self::Preset { with_params(schema) } else { schema }
    }

    /// The schema as the format is declared, without the names of parameters and rules.
    pub(super) fn declared(self) -> Value {
        match self {
            Self::Preset => root::<Preset>("wfc preset"),
            Self::Graph => root::<GraphFile>("wfc graph"),
            Self::Project => root::<Project>("wfc project"),
            Self::Policy => root::<Policy>("wfc policy"),
            Self::Lint => root::<LintFile>("wfc lint file"),
            Self::Baseline => root::<BaselineFile>("wfc lint baseline"),
            Self::Manifest => root::<Manifest>("wfc manifest"),
            Self::Diagnostics => diagnostics_schema(),
            Self::Plan => root::<Document>("wfc plan"),
            Self::Diff => root::<Diff>("wfc diff"),
            Self::FoldersDiff => root::<FoldersDiff>("wfc diff of folders"),
            Self::Vram => root::<Report>("wfc vram"),
            Self::Doctor => root::<doctor::Document>("wfc doctor"),
            Self::ExplainOom => root::<Explained>("wfc explain-oom"),
            #[cfg(feature = "exec")]
            Self::Events => root::<crate::exec::batch::Event>("wfc run events"),
            #[cfg(feature = "exec")]
            Self::Run => root::<crate::exec::record::RunRecord>("wfc run"),
        }
    }
}

/// Runs the command.
pub(super) fn run(args: &Args) -> Result<Exit, ToolError> {
    print(&text(&args.name.schema()))?;
    Ok(Exit::Clean)
}

/// A schema as it is written: indented, ending with a newline.
pub(super) fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

fn root<T: JsonSchema>(title: &str) -> Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<T>();
    schema.insert("title".into(), title.into());
    schema.to_value()
}

/// Adds the names of rules and groups where they have levels or are allowed, so that an editor completes them.
fn with_rules(mut schema: Value) -> Value {
    if let Some(levels) = schema.pointer_mut("/$defs/LintLevels") {
        let level = levels["additionalProperties"].take();
        let described = |doc: &str| {
            let mut schema = level.clone();
            schema["description"] = doc.into();
            schema
        };
        let groups = Group::ALL.map(|group| (group.name(), described("All rules of this group.")));
        let rules = RULES.iter().map(|rule| (rule.name, described(rule.summary)));
        let all: Map<String, Value> =
            groups.into_iter().chain(rules).map(|(name, schema)| (name.to_owned(), schema)).collect();
        levels["properties"] = all.into();
        levels["additionalProperties"] = false.into();
    }
    if let Some(rule) = schema.pointer_mut("/$defs/AllowedFinding/properties/rule") {
        rule["enum"] = RULES.iter().map(|rule| rule.name).collect();
    }
    schema
}

/// Adds what the built-in graphs say about their parameters, so that an editor completes them.
fn with_params(mut schema: Value) -> Value {
    let rules: Vec<Value> = library::GRAPHS
        .iter()
        .filter_map(|(name, text)| {
            let mut sources = Sources::new();
            let file = sources.add(*name, *text);
            let graph = toml::read::<GraphFile>(file, text, &mut Diagnostics::new())?;
            let params: Map<String, Value> = graph
                .params
                .iter()
                .map(|(name, param)| (name.value.to_string(), params::schema(param)))
                .collect();
            let models: Map<String, Value> =
                graph.models.names().map(|name| (name.to_owned(), json!({"type": "string"}))).collect();
            Some(json!({
                "if": {"required": ["graph"], "properties": {"graph": {"const": name}}},
                "then": {"properties": {
                    "params": {"properties": params, "additionalProperties": false},
                    "models": {"properties": models, "additionalProperties": false},
                }},
            }))
        })
        .collect();
    schema["allOf"] = rules.into();
    schema
}
