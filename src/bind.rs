//! Applying a request to a compiled workflow, without its preset, its graph or a catalog of nodes.
//!
//! [`Target`] is a manifest made ready: the declarations behind the schema of its fields, its rules. [`Request`]
//! is what somebody wants, with the places it was written at. [`Target::changes`] proves that the workflow
//! would be as right as if it had been built with these values, and [`Target::apply`] puts them into its text,
//! so that everything else stays as it is, byte for byte.

mod request;
mod rules;

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize as _;

use crate::back::manifest::{self, Binding, Change, Interface, Manifest, WorkflowFile};
use crate::catalog::Models;
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::json::{Arena, Json};
use crate::front::toml::decode::Named;
use crate::front::toml::graph::Param;
use crate::ir::Value;
use crate::lower::{self, params};
use crate::source::{Sources, Span, Spanned};

pub use request::Request;

/// A compiled workflow, ready to take requests.
#[derive(Debug)]
pub struct Target {
    /// The manifest's file, as messages name it.
    name: String,
    workflow: WorkflowFile,
    interface: Interface,
    /// What the fields take.
    fields: Named<Param>,
    /// What the fields reach, in the same order.
    bindings: Vec<Binding>,
    /// The fields that every request must have.
    required: Vec<Arc<str>>,
    models: Models,
}

/// Why a workflow cannot be bound, whatever the request. The message is complete.
#[derive(Debug)]
pub struct BindError(String);

impl std::fmt::Display for BindError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BindError {}

/// A value that a request changes in the workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeAt {
    /// Where it stands: a JSON pointer.
    pub pointer: String,
    /// The new value.
    pub value: Value,
}

impl Target {
    /// Reads the manifest `text` of the file at `path`.
    ///
    /// # Errors
    /// When it is no manifest of this version, or that of a batch.
    pub fn read(path: &Path, text: &str, sources: &mut Sources) -> Result<Self, BindError> {
        let name = path.display().to_string();
        let fail = |what: &str| Err(BindError(format!("{name} {what}")));
        let json: serde_json::Value = match serde_json::from_str(text) {
            Ok(json) => json,
            Err(error) => return fail(&format!("is no manifest: {error}")),
        };
        if json.get("interface").is_none() {
            return fail("is no manifest; `wfc bind` takes the NAME.wfc.json that `wfc build` writes");
        }
        if json["version"] != manifest::VERSION {
            return fail(&format!(
                "has version {} of the manifest, and this wfc knows version {}: build the preset anew",
                json["version"],
                manifest::VERSION
            ));
        }
        let manifest = match Manifest::deserialize(&json) {
            Ok(manifest) => manifest,
            Err(error) => return fail(&format!("is damaged: {error}; build the preset anew")),
        };
        let Some(workflow) = manifest.workflow else {
            return fail(
                "is the manifest of a batch; a request goes to a single workflow: build without [matrix], and one rung of a ladder (--rung)",
            );
        };
        let file = sources.add(&*name, text);
        let place = Span::new(file, 0..0);
        let interface = manifest.interface;
        let Some((fields, bindings)) = declared(&interface, place) else {
            return fail("is damaged: its fields and bindings do not go together; build the preset anew");
        };
        let required = interface.inputs["required"].as_array().into_iter().flatten();
        let required = required.filter_map(|name| Some(Arc::from(name.as_str()?))).collect();
        Ok(Self { name, workflow, interface, fields, bindings, required, models: Models::embedded() })
    }

    /// The name of the workflow's file, which lies beside the manifest.
    #[must_use]
    pub fn workflow_file(&self) -> &str {
        &self.workflow.file
    }

    /// What a request may set: the fields and their declarations.
    #[must_use]
    pub const fn fields(&self) -> &Named<Param> {
        &self.fields
    }

    /// What a request changes in the workflow. Gives nothing if it may not; every problem is reported.
    pub fn changes(
        &self,
        request: &Request,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<ChangeAt>> {
        let before = diagnostics.error_count();
        let mut given = rules::Given::new(&self.interface.values);
        let (mut changes, mut complete) = (Vec::new(), true);
        for (index, (name, param)) in self.fields.iter().enumerate() {
            let binding = &self.bindings[index];
            let Some(item) = request.get(&name.value) else {
                if request.is_complete(&name.value, &self.required) {
                    continue;
                }
                diagnostics.push(missing(&name.value, param, request));
                continue;
            };
            if binding.change == Change::Build {
                let built = &self.interface.inputs["properties"][&*name.value]["const"];
                if !request::is_same(&item.value.to_value(), &Value::from_json(built)) {
                    diagnostics.push(needs_build(&name.value, binding, item.span));
                }
                continue;
            }
            match params::accept(&name.value, param, item, &self.models) {
                Ok(value) => {
                    let at = binding.set.iter();
                    changes.extend(at.map(|at| ChangeAt { pointer: at.clone(), value: value.clone() }));
                    given.set(&name.value, binding.param.as_deref(), value, item.span);
                }
                Err(problems) => {
                    complete = false;
                    diagnostics.extend(problems);
                }
            }
        }
        self.unknown(request, diagnostics);
        if complete && diagnostics.error_count() == before {
            given.check(&self.name, &self.interface, &mut changes, sources, diagnostics);
        }
        (complete && diagnostics.error_count() == before).then_some(changes)
    }

    /// Reports the fields that there are not.
    fn unknown(&self, request: &Request, diagnostics: &mut Diagnostics) {
        for (field, _) in request.iter().filter(|(field, _)| self.fields.get(&field.value).is_none()) {
            let name = &field.value;
            let alias = self.bindings.iter().position(|binding| binding.param.as_deref() == Some(name));
            let alias = alias.and_then(|index| self.fields.names().nth(index));
            let help = if let Some(alias) = alias {
                format!("the field for it is called `{alias}`")
            } else if self.interface.values.contains_key(&**name) {
                "it is a parameter of the graph that requests may not set; `wfc build --set` does, or the preset \
                 lists it under [request]"
                    .into()
            } else {
                crate::diag::did_you_mean(name, self.fields.names()).unwrap_or_else(|| {
                    format!("its fields are: {}", self.fields.names().collect::<Vec<_>>().join(", "))
                })
            };
            diagnostics.push(
                Diagnostic::format("unknown-field", format!("a request has no field `{name}`"))
                    .at(field.span, "")
                    .help(help),
            );
        }
    }

    /// Puts changes into the workflow's text.
    ///
    /// # Errors
    /// When the text is not that of the workflow that the manifest belongs to.
    pub fn apply(&self, workflow: &[u8], changes: &[ChangeAt]) -> Result<Vec<u8>, BindError> {
        let file = &self.workflow.file;
        let fail = |what: &str| BindError(format!("{file} {what}"));
        if manifest::hash(workflow) != self.workflow.hash {
            return Err(fail(&format!(
                "is not the workflow that {} was written for: one of them was changed or built anew alone; \
                 build the preset anew",
                self.name
            )));
        }
        let text = std::str::from_utf8(workflow).map_err(|_| fail("is no text"))?;
        let arena = Arena::new();
        let tree =
            Json::parse(text, &arena).map_err(|error| fail(&format!("is no JSON: {}", error.message)))?;
        let mut edits = Vec::with_capacity(changes.len());
        for change in changes {
            let at = find(tree, &change.pointer).filter(|at| at.entries().is_none() && at.items().is_none());
            let Some((at, (start, end))) = at.and_then(|at| Some((at, at.place?))) else {
                return Err(fail(&format!("has no value at {}, which {} names", change.pointer, self.name)));
            };
            edits.push((start as usize..end.get() as usize, like(&at.to_value(), &change.value).to_string()));
        }
        edits.sort_by_key(|(range, _)| range.start);
        edits.dedup_by(|later, first| later.0 == first.0);
        let (mut out, mut done) = (String::with_capacity(text.len()), 0);
        for (range, value) in edits {
            out.push_str(text.get(done..range.start).unwrap_or_default());
            out.push_str(&value);
            done = range.end;
        }
        out.push_str(text.get(done..).unwrap_or_default());
        Ok(out.into_bytes())
    }
}

/// The fields and what they reach; nothing if a manifest contradicts itself.
fn declared(interface: &Interface, place: Span) -> Option<(Named<Param>, Vec<Binding>)> {
    let mut fields = Named::default();
    let mut bindings = Vec::new();
    for (name, schema) in interface.inputs["properties"].as_object()? {
        let name: Arc<str> = name.as_str().into();
        bindings.push(Binding::deserialize(interface.bindings.get(&*name)?).ok()?);
        fields.set(Spanned::new(name, place), lower::request::read_schema(schema, place)?);
    }
    Some((fields, bindings))
}

fn missing(name: &str, param: &Param, request: &Request) -> Diagnostic {
    Diagnostic::format("missing-field", format!("the request lacks the field `{name}`"))
        .at_opt(request.place(), "")
        .help(format!("add {}", params::describe(name, param)))
}

fn needs_build(name: &str, binding: &Binding, place: Span) -> Diagnostic {
    let param = binding.param.as_deref().unwrap_or(name);
    Diagnostic::format(
        "needs-build",
        format!("`{name}` decides which nodes there are, so a compiled workflow cannot take another value"),
    )
    .at(place, "")
    .help(format!("leave it out, or build the preset anew with --set {param}=…"))
}

/// The value at a JSON pointer (RFC 6901).
fn find<'t>(tree: Json<'t>, pointer: &str) -> Option<Json<'t>> {
    let mut tokens = pointer.split('/');
    tokens.next().filter(|first| first.is_empty())?;
    tokens.try_fold(tree, |json, token| json.get(&token.replace("~1", "/").replace("~0", "~")).copied())
}

/// The value, with a number as a float where one stands.
fn like(present: &Value, value: &Value) -> Value {
    match (present, value) {
        #[expect(clippy::cast_precision_loss, reason = "the input takes floats")]
        (Value::Float(_), Value::Int(int)) => Value::Float(*int as f64),
        _ => value.clone(),
    }
}
