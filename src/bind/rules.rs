//! What must hold for the values of a request together, and what is computed from them.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::ChangeAt;
use crate::back::manifest::Interface;
use crate::catalog::InputSpec;
use crate::check;
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::Value;
use crate::lower;
use crate::lower::expr::{Engine, Expression, ITEM, Names, Scope};
use crate::source::{Sources, Span, Spanned};

/// The values of all parameters: those of a request, and otherwise those that the workflow was built with.
pub(super) struct Given {
    names: Arc<[Arc<str>]>,
    values: Vec<Value>,
    /// For the values of the request: the name of its field, and where the value stands.
    places: Vec<Option<(String, Span)>>,
}

/// A rule or computation, compiled, and how it is written.
struct Compiled<'e> {
    expression: Expression<'e>,
    text: &'e str,
}

impl Given {
    /// The values that the workflow was built with.
    pub(super) fn new(built: &Map<String, Json>) -> Self {
        Self {
            names: built.keys().map(|name| Arc::from(name.as_str())).collect(),
            values: built.values().map(Value::from_json).collect(),
            places: vec![None; built.len()],
        }
    }

    /// Sets the parameter behind a field; `param` is its name if that is another one.
    pub(super) fn set(&mut self, field: &str, param: Option<&str>, value: Value, place: Span) {
        let name = param.unwrap_or(field);
        if let Some(index) = self.names.iter().position(|known| **known == *name) {
            self.values[index] = value;
            self.places[index] = Some((field.to_owned(), place));
        }
    }

    /// Checks constraints and switches, and adds what is computed to `changes`; every problem is reported.
    pub(super) fn check(
        &self,
        manifest: &str,
        interface: &Interface,
        changes: &mut Vec<ChangeAt>,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) {
        let engine = Engine::default();
        let scope = Scope::new(self.names.clone(), self.values.iter());
        for (number, constraint) in interface.constraints.iter().enumerate() {
            let pointer = format!("{manifest}#/interface/constraints/{number}/rule");
            let Some(rule) = self.compile(&engine, &constraint.rule, None, pointer, sources, diagnostics)
            else {
                continue;
            };
            match rule.expression.is_true(&scope, sources) {
                Ok(true) => {}
                Ok(false) => diagnostics.push(self.at_fields(
                    Diagnostic::format("constraint-violated", &*constraint.message),
                    &rule,
                    "this must hold",
                )),
                Err(problem) => diagnostics.push(self.failed(&problem, &rule)),
            }
        }
        for (number, switch) in interface.switches.iter().enumerate() {
            let pointer = format!("{manifest}#/interface/switches/{number}/rule");
            let Some(rule) = self.compile(&engine, &switch.rule, None, pointer, sources, diagnostics) else {
                continue;
            };
            let gives = match &switch.gives {
                Json::Bool(_) => rule.expression.is_true(&scope, sources).map(Value::Bool),
                _ => rule.expression.evaluate(&scope, sources),
            };
            match gives {
                Ok(gives) if gives == Value::from_json(&switch.gives) => {}
                Ok(_) => diagnostics.push(self.switched(&rule)),
                Err(problem) => diagnostics.push(self.failed(&problem, &rule)),
            }
        }
        for (number, computed) in interface.computed.iter().enumerate() {
            let pointer = format!("{manifest}#/interface/computed/{number}/expr");
            let item = computed.item.as_ref().map(Value::from_json);
            let Some(rule) =
                self.compile(&engine, &computed.expr, item.as_ref(), pointer, sources, diagnostics)
            else {
                continue;
            };
            let with_item = item.as_ref().map(|item| scope.with_item(item));
            match rule.expression.evaluate(with_item.as_ref().unwrap_or(&scope), sources) {
                Ok(value) => match fitting(value, &computed.at, &computed.input) {
                    Ok(value) => changes.extend(
                        computed.at.iter().map(|at| ChangeAt { pointer: at.clone(), value: value.clone() }),
                    ),
                    Err(message) => diagnostics.push(self.at_fields(
                        Diagnostic::format("computed-value-wrong", message),
                        &rule,
                        "computed here",
                    )),
                },
                Err(problem) => diagnostics.push(self.failed(&problem, &rule)),
            }
        }
    }

    /// Compiles an expression of the manifest; nothing if no value of the request changes what it gives.
    fn compile<'e>(
        &self,
        engine: &'e Engine,
        text: &'e str,
        item: Option<&Value>,
        pointer: String,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Compiled<'e>> {
        let file = sources.add(pointer, text);
        let source = Spanned::new(Arc::from(text), Span::new(file, 0..text.len()));
        let fields = item.map(|item| match item {
            Value::Map(fields) => fields.as_slice(),
            _ => &[],
        });
        let is_text = |name: &str| {
            let value = if let (Some((ITEM, field)), Some(fields)) = (name.split_once('.'), fields) {
                fields.iter().find(|(key, _)| **key == *field).map(|(_, value)| value)
            } else {
                let index = self.names.iter().position(|known| **known == *name);
                index.and_then(|index| self.values.get(index))
            };
            !matches!(value, Some(Value::Int(_) | Value::Float(_) | Value::Bool(_)))
        };
        let fields: Option<Vec<Arc<str>>> =
            fields.map(|fields| fields.iter().map(|(key, _)| key.clone()).collect());
        let names = Names { params: &self.names, item: fields.as_deref(), is_text: &is_text };
        match engine.compile(&source, names, sources) {
            Ok(expression) => {
                let is_changed = expression.reads.iter().any(|index| self.places[*index].is_some());
                is_changed.then_some(Compiled { expression, text })
            }
            Err(problems) => {
                diagnostics.extend(problems);
                None
            }
        }
    }

    /// A problem with the values that a rule reads: at those of the request, with all in words.
    fn at_fields(&self, mut problem: Diagnostic, rule: &Compiled<'_>, mark: &str) -> Diagnostic {
        let mut all = Vec::new();
        for &index in &rule.expression.reads {
            let value = lower::shortened(&self.values[index]);
            match &self.places[index] {
                Some((field, place)) => {
                    let shown = format!("`{field}` is {value}");
                    problem = problem.at(*place, shown.clone());
                    all.push(shown);
                }
                None => all.push(format!("`{}` is {value}", self.names[index])),
            }
        }
        problem.at(rule.expression.source().span, mark).help(all.join(", "))
    }

    fn switched(&self, rule: &Compiled<'_>) -> Diagnostic {
        let message = format!("this would change which nodes there are: `{}` decides that", rule.text);
        let problem =
            self.at_fields(Diagnostic::format("needs-build", message), rule, "decides which nodes there are");
        let settings = rule.expression.reads.iter().filter(|index| self.places[**index].is_some());
        let settings = settings.map(|index| format!("--set {}={}", self.names[*index], self.values[*index]));
        let settings = settings.collect::<Vec<_>>().join(" ");
        problem.help(format!("a compiled workflow keeps its nodes: build the preset anew with {settings}"))
    }

    /// An expression that fails, at the values of the request first.
    fn failed(&self, problem: &Diagnostic, rule: &Compiled<'_>) -> Diagnostic {
        let message = Diagnostic::format(problem.rule, &*problem.message);
        self.at_fields(message, rule, "fails here")
    }
}

/// The value as the inputs want it.
///
/// # Errors
/// What is wrong with it.
fn fitting(value: Value, at: &[String], notation: &Json) -> Result<Value, String> {
    let name = at.first().map(String::as_str).unwrap_or_default();
    let input = InputSpec::read(name.rsplit('/').next().unwrap_or_default(), notation)
        .ok_or_else(|| format!("the manifest does not say what {name} takes"))?;
    let value =
        lower::fit(value, &input.kind).map_err(|needed| format!("the input at {name} takes {needed}"))?;
    match check::literal(&value, &input) {
        None => Ok(value),
        Some(problem) => Err(format!("at {name}, {}", problem.message)),
    }
}
