//! `wfc bind`: requests applied to compiled workflows.

mod agreement;
mod interface;
mod requests;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use serde_json::Value;
use wfc::back::api::{Ids, Layout};
use wfc::bind::Target;
use wfc::catalog::Catalog;
use wfc::compile::{Compiler, workflow_bytes};
use wfc::diag::Diagnostics;
use wfc::front::toml::graph::GraphFile;
use wfc::front::toml::{self, Item, Raw};
use wfc::lower::load::{self, Loaded};
use wfc::source::{Sources, Span, Spanned};

use crate::support::{EVERY_TYPE, repository, toml_files};

static COMPILER: LazyLock<Compiler> = LazyLock::new(|| Compiler::new(Arc::new(Catalog::embedded())));

/// A preset of the repository, loaded.
struct Preset {
    name: String,
    loaded: Loaded,
    sources: Sources,
}

/// A preset compiled: the workflow's bytes, and the manifest as JSON and ready to take requests.
struct Built {
    workflow: Vec<u8>,
    manifest: Value,
    target: Target,
}

/// All presets of the repository that give one workflow, and one whose parameters have every type.
fn presets() -> Vec<Preset> {
    let files = toml_files("presets").into_iter();
    let mut presets: Vec<Preset> = files
        .map(|(name, _)| {
            let mut sources = Sources::new();
            let mut diagnostics = Diagnostics::new();
            let file = sources.load(&repository(&format!("presets/{name}.toml"))).unwrap();
            let loaded = load::preset(file, None, &mut sources, &mut diagnostics);
            assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
            Preset { name, loaded: loaded.unwrap(), sources }
        })
        .filter(|preset| preset.loaded.preset.matrix.is_empty())
        .collect();
    presets.push(every_type());
    presets
}

fn every_type() -> Preset {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = sources.add("p.toml", "graph = \"g\"\n");
    let preset = toml::read::<toml::preset::Preset>(file, "graph = \"g\"\n", &mut diagnostics).unwrap();
    let graph_file = sources.add("g.toml", EVERY_TYPE);
    let graph = Arc::new(toml::read::<GraphFile>(graph_file, EVERY_TYPE, &mut diagnostics).unwrap());
    let loaded = Loaded {
        preset,
        graph_name: "g".into(),
        graph_span: Span::new(file, 0..0),
        graph,
        policies: Vec::new(),
        comments: Vec::new(),
    };
    Preset { name: "every type".into(), loaded, sources }
}

impl Preset {
    fn compile(&self, ids: Ids, layout: Layout) -> Built {
        let mut diagnostics = Diagnostics::new();
        let mut job = COMPILER.job(&self.loaded, &self.sources, &mut diagnostics).unwrap();
        let checked = job.compile(0, &mut diagnostics).unwrap();
        let workflow = workflow_bytes(&checked, ids, layout);
        let manifest = job.manifest(&checked, ids, "w.json", &workflow).to_bytes();
        let text = String::from_utf8(manifest).unwrap();
        let target = Target::read(Path::new("w.wfc.json"), &text, &mut Sources::new()).unwrap();
        Built { workflow, manifest: serde_json::from_str(&text).unwrap(), target }
    }

    /// What building with other values gives; the rules that were broken, if it gives nothing.
    fn rebuild(
        &self,
        values: &serde_json::Map<String, Value>,
        ids: Ids,
        layout: Layout,
    ) -> Result<Vec<u8>, Vec<&'static str>> {
        let mut loaded = Loaded {
            preset: self.loaded.preset.clone(),
            graph_name: self.loaded.graph_name.clone(),
            graph_span: self.loaded.graph_span,
            graph: Arc::clone(&self.loaded.graph),
            policies: Vec::new(),
            comments: Vec::new(),
        };
        let place: Span = loaded.graph_span;
        for (param, value) in values {
            let item = Item::new(raw(value), place);
            loaded.preset.params.set(Spanned::new(param.as_str().into(), place), item);
        }
        let mut diagnostics = Diagnostics::new();
        let checked = COMPILER
            .job(&loaded, &self.sources, &mut diagnostics)
            .and_then(|mut job| job.compile(0, &mut diagnostics));
        match checked {
            Some(checked) => Ok(workflow_bytes(&checked, ids, layout)),
            None => Err(diagnostics.iter().map(|found| found.rule).collect()),
        }
    }
}

/// JSON of a plain value as TOML would have it.
fn raw(value: &Value) -> Raw {
    match value {
        Value::Bool(bool) => Raw::Bool(*bool),
        Value::Number(number) => {
            number.as_i128().map_or_else(|| Raw::Float(number.as_f64().unwrap()), Raw::Int)
        }
        Value::String(text) => Raw::Str(text.as_str().into()),
        other => panic!("{other} is no plain value"),
    }
}

impl Built {
    /// What binding a request gives; the rules that were broken, if it gives nothing.
    fn bind(&self, request: &Value) -> Result<Vec<u8>, Vec<&'static str>> {
        self.bind_text(&request.to_string())
    }

    fn bind_text(&self, text: &str) -> Result<Vec<u8>, Vec<&'static str>> {
        let mut sources = Sources::new();
        let mut diagnostics = Diagnostics::new();
        let file = sources.add("request.json", text);
        let request = self.target.request(file, text, &mut diagnostics);
        let changes = request.and_then(|it| self.target.changes(&it, &mut sources, &mut diagnostics));
        for found in &diagnostics {
            let span = found.span().unwrap_or_else(|| panic!("{found:?} has no place"));
            assert!(span.end as usize <= sources.file(span.file).text().len(), "{found:?}");
        }
        if let Some(changes) = changes.filter(|_| !diagnostics.has_errors()) {
            return Ok(self.target.apply(&self.workflow, &changes).unwrap());
        }
        assert!(diagnostics.has_errors(), "a reason is given for {text}");
        Err(diagnostics.iter().map(|found| found.rule).collect())
    }

    fn inputs(&self) -> &Value {
        &self.manifest["interface"]["inputs"]
    }

    /// The required fields with the values that the workflow was built with.
    fn required(&self) -> serde_json::Map<String, Value> {
        let required = self.inputs()["required"].as_array().unwrap().iter();
        required
            .map(|name| {
                let name = name.as_str().unwrap();
                (name.to_owned(), self.inputs()["properties"][name]["default"].clone())
            })
            .collect()
    }

    /// The parameter behind a field.
    fn param<'b>(&'b self, field: &'b str) -> &'b str {
        self.manifest["interface"]["bindings"][field]["param"].as_str().unwrap_or(field)
    }
}
