//! A graph file made ready: names resolved, expressions compiled, classes looked up.
//!
//! Everything that does not depend on parameter values is proved here, once; a batch then only
//! fills the template in again and again.

use std::sync::Arc;

use super::expr::{Engine, Expression};
use super::params;
use crate::catalog::{Catalog, InputKind, InputSpec, Models, NodeClass};
use crate::diag::{self, Diagnostic, Diagnostics};
use crate::front::toml::decode::{At, Named};
use crate::front::toml::graph::{GraphFile, InputDecl, NodeDecl, NodeOutput, Out, ParamType};
use crate::ir::Value;
use crate::source::{Sources, Span, Spanned};

/// A graph ready to be filled in with parameter values.
#[derive(Debug)]
pub struct Template<'e> {
    /// The graph it was made from.
    pub file: Arc<GraphFile>,
    /// Names of the parameters, in declared order.
    pub names: Arc<[Arc<str>]>,
    /// The models that the slots stand for, in the order of use: slot, model or file name.
    pub models: Vec<(Arc<str>, Arc<str>)>,
    pub(super) nodes: Vec<NodePlan<'e>>,
    pub(super) constraints: Vec<(Expression<'e>, Arc<str>)>,
    pub(super) expressions: Vec<Expression<'e>>,
}

impl Template<'_> {
    /// True if the parameter decides more than values: which nodes there are, or whether a
    /// constraint holds. A workflow that was compiled for another value of it must be compiled anew.
    #[must_use]
    pub fn shapes(&self, param: usize) -> bool {
        let read_by = |expression: &Expression<'_>| expression.reads.contains(&param);
        self.constraints.iter().any(|(rule, _)| read_by(rule))
            || self
                .nodes
                .iter()
                .any(|node| node.when.as_ref().is_some_and(read_by) || node.for_each == Some(param))
    }
}

#[derive(Debug)]
pub(super) struct NodePlan<'e> {
    pub(super) key: Spanned<Arc<str>>,
    pub(super) class: Arc<NodeClass>,
    pub(super) stage: Option<Arc<str>>,
    pub(super) title: Option<Arc<str>>,
    pub(super) when: Option<Expression<'e>>,
    /// Index of the list parameter.
    pub(super) for_each: Option<usize>,
    /// In the order of the class's declaration.
    pub(super) inputs: Vec<InputPlan>,
}

#[derive(Debug)]
pub(super) struct InputPlan {
    pub(super) name: Arc<str>,
    /// Where the input's value is written in the graph.
    pub(super) span: Span,
    pub(super) kind: InputKind,
    pub(super) required: bool,
    pub(super) value: ValuePlan,
}

#[derive(Debug)]
pub(super) enum ValuePlan {
    Literal(Value),
    Param(usize),
    /// Index into the template's expressions.
    Expr(usize),
    Item(Arc<str>),
    Link(LinkPlan),
    Prev {
        initial: Option<LinkPlan>,
        slot: u32,
    },
    FirstOf(Vec<LinkPlan>),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct LinkPlan {
    /// Index into the template's nodes.
    pub(super) node: usize,
    pub(super) slot: u32,
}

/// What a template is made with.
#[derive(Clone, Copy, Debug)]
pub struct Context<'c> {
    /// Compiles the expressions.
    pub engine: &'c Engine,
    /// The node classes.
    pub catalog: &'c Catalog,
    /// The models.
    pub models: &'c Models,
    /// The texts, for positions inside expressions.
    pub sources: &'c Sources,
}

/// Prepares a graph. Gives nothing if something is wrong with it; every problem is reported.
///
/// `chosen` are the preset's models: slot → model or file.
pub fn prepare<'e>(
    file: &Arc<GraphFile>,
    chosen: &Named<At<Arc<str>>>,
    context: Context<'e>,
    diagnostics: &mut Diagnostics,
) -> Option<Template<'e>> {
    let before = diagnostics.error_count();
    let names: Arc<[Arc<str>]> = file.params.iter().map(|(name, _)| name.value.clone()).collect();
    let mut builder = Builder {
        file,
        chosen,
        context,
        names: &names,
        diagnostics,
        expressions: Vec::new(),
        models: Vec::new(),
        used_params: vec![false; names.len()],
    };
    builder.check_params();
    builder.check_models();
    let constraints = file
        .constraints
        .iter()
        .filter_map(|constraint| Some((builder.compile(&constraint.rule.0)?, constraint.message.clone())))
        .collect();
    let nodes = file.nodes.iter().filter_map(|(key, node)| builder.node(key, node)).collect();
    if builder.diagnostics.error_count() == before {
        builder.check_unused();
    }
    let (expressions, models) = (builder.expressions, builder.models);
    if diagnostics.error_count() > before {
        return None;
    }
    Some(Template { file: file.clone(), names, models, nodes, constraints, expressions })
}

struct Builder<'b, 'e> {
    file: &'b GraphFile,
    chosen: &'b Named<At<Arc<str>>>,
    context: Context<'e>,
    names: &'b [Arc<str>],
    diagnostics: &'b mut Diagnostics,
    expressions: Vec<Expression<'e>>,
    models: Vec<(Arc<str>, Arc<str>)>,
    used_params: Vec<bool>,
}

impl<'e> Builder<'_, 'e> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Declarations of parameters must make sense by themselves.
    fn check_params(&mut self) {
        for (name, param) in &self.file.params {
            let kind = *param.kind.get();
            let number = matches!(kind, ParamType::Int | ParamType::Float);
            for (key, item) in [("min", &param.min), ("max", &param.max)] {
                let Some(item) = item else { continue };
                if !number || item.value.to_value().as_f64().is_none() {
                    let message = if number {
                        format!("`{key}` is a number, found {}", item.value.kind())
                    } else {
                        format!("`{key}` goes with int and float parameters, not with {}", kind.name())
                    };
                    self.report(Diagnostic::format("wrong-type", message).at(item.span, ""));
                }
            }
            let misplaced = |key: &str, span| {
                Diagnostic::format(
                    "wrong-type",
                    format!("`{key}` does not go with {} parameters", kind.name()),
                )
                .at(span, "")
            };
            if let Some(divisor) = param.multiple_of.as_ref().filter(|_| kind != ParamType::Int) {
                self.report(misplaced("multiple_of", divisor.span()));
            }
            if let Some(form) = param.form.as_ref().filter(|_| kind != ParamType::Int) {
                self.report(misplaced("form", form.span()));
            }
            match (&param.choices, kind == ParamType::Choice) {
                (Some(_), true) | (None, false) => {}
                (None, true) => self.report(
                    Diagnostic::format(
                        "missing-key",
                        format!("the choice `{}` needs the key `choices`", name.value),
                    )
                    .at(name.span, ""),
                ),
                (Some(choices), false) => {
                    let span = choices.first().map_or(name.span, At::span);
                    self.report(misplaced("choices", span));
                }
            }
            if let Some(default) = &param.default
                && let Err(problems) = params::accept(&name.value, param, default, self.context.models)
            {
                self.diagnostics.extend(problems);
            }
        }
    }

    /// A preset may only choose models for slots that the graph has; slots name known models.
    fn check_models(&mut self) {
        let slots: Vec<&str> = self.file.models.names().collect();
        let known = |slot: &str| self.file.models.get(slot).is_some() || self.file.models.is_broken(slot);
        for (slot, _) in self.chosen.iter().filter(|(slot, _)| !known(&slot.value)) {
            self.diagnostics.push(
                Diagnostic::format("unknown-model", format!("the graph has no model slot `{}`", slot.value))
                    .at(slot.span, "")
                    .help(
                        diag::did_you_mean(&slot.value, slots.iter().copied())
                            .unwrap_or_else(|| format!("its model slots are: {}", slots.join(", "))),
                    ),
            );
        }
        for (slot, model) in &self.file.models {
            let chosen = self.chosen.get(&slot.value).unwrap_or(model);
            self.known_model(&chosen.0);
        }
    }

    /// True for a name of the model catalog and for what looks like a file; reports the rest.
    fn known_model(&mut self, name: &Spanned<Arc<str>>) -> bool {
        let models = self.context.models;
        let known =
            models.model(&name.value).is_some() || name.value.contains('.') && !name.value.contains('\\');
        if !known {
            let all = models.names();
            self.report(
                Diagnostic::format("unknown-model", format!("there is no model `{}`", name.value))
                    .at(name.span, "")
                    .help(diag::did_you_mean(&name.value, all.iter().map(|name| &**name)).unwrap_or_else(|| {
                        "name a model of the model catalog, or a file with its extension and forward slashes".into()
                    })),
            );
        }
        known
    }

    fn compile(&mut self, source: &Spanned<Arc<str>>) -> Option<Expression<'e>> {
        match self.context.engine.compile(source, self.names, self.context.sources) {
            Ok(expression) => {
                for &param in &expression.reads {
                    self.used_params[param] = true;
                }
                Some(expression)
            }
            Err(problems) => {
                self.diagnostics.extend(problems);
                None
            }
        }
    }

    fn param(&mut self, name: &Spanned<Arc<str>>) -> Option<usize> {
        let found = self.names.iter().position(|known| *known == name.value);
        match found {
            Some(index) => self.used_params[index] = true,
            None if self.file.params.is_broken(&name.value) => {}
            None => {
                let problem = params::unknown_param(name, &self.file.params);
                self.report(problem);
            }
        }
        found
    }

    fn node(&mut self, key: &Spanned<Arc<str>>, node: &NodeDecl) -> Option<NodePlan<'e>> {
        if key.value.contains(['.', ':']) || key.value.is_empty() {
            self.report(
                Diagnostic::format("bad-node-name", format!("a node cannot be called `{}`", key.value))
                    .at(key.span, "")
                    .help("ComfyUI uses `.` and `:` in ids for its own purposes; use letters, digits, `_` and `-`"),
            );
        }
        let stage = node.stage.as_ref().map(|stage| self.stage(stage));
        let when = node.when.as_ref().and_then(|when| self.compile(&when.0));
        let for_each = node.for_each.as_ref().and_then(|list| self.list_param(&list.0));
        let class = self.class(node);
        let mut inputs: Vec<(usize, InputPlan)> = Vec::with_capacity(node.inputs.len());
        for (name, input) in &node.inputs {
            let value = self.value(node, for_each, input);
            let Some(class) = &class else { continue };
            let Some((order, spec)) = self.input_spec(class, node, name) else { continue };
            let Some(value) = value else { continue };
            let value = match value {
                ValuePlan::Literal(literal) if !matches!(input.get(), InputDecl::Json(_)) => {
                    match super::fit(literal, &spec.kind) {
                        Ok(literal) => ValuePlan::Literal(literal),
                        Err(needed) => {
                            self.report(super::misfit(
                                &needed,
                                &key.value,
                                &name.value,
                                class,
                                input.span(),
                                None,
                            ));
                            continue;
                        }
                    }
                }
                value => value,
            };
            let plan = InputPlan {
                name: name.value.clone(),
                span: input.span(),
                kind: spec.kind,
                required: spec.required,
                value,
            };
            inputs.push((order, plan));
        }
        inputs.sort_by_key(|(order, _)| *order);
        Some(NodePlan {
            key: key.clone(),
            class: class?,
            stage,
            title: node.title.clone(),
            when,
            for_each,
            inputs: inputs.into_iter().map(|(_, plan)| plan).collect(),
        })
    }

    fn stage(&mut self, stage: &At<Arc<str>>) -> Arc<str> {
        let stages = || self.file.stages.iter().map(|stage| &**stage.get());
        if !stages().any(|known| *known == **stage.get()) {
            let help = diag::did_you_mean(stage.get(), stages())
                .unwrap_or_else(|| format!("its stages are: {}", stages().collect::<Vec<_>>().join(", ")));
            self.report(
                Diagnostic::format("unknown-stage", format!("the graph has no stage `{}`", stage.get()))
                    .at(stage.span(), "")
                    .help(help),
            );
        }
        stage.get().clone()
    }

    fn list_param(&mut self, name: &Spanned<Arc<str>>) -> Option<usize> {
        let index = self.param(name)?;
        let param = self.file.params.get(&name.value)?;
        if *param.kind.get() != ParamType::LoraList {
            self.report(
                Diagnostic::format(
                    "wrong-type",
                    format!("`for_each` needs a list, `{}` is none", name.value),
                )
                .at(name.span, "")
                .at(param.kind.span(), "declared here"),
            );
            return None;
        }
        Some(index)
    }

    fn class(&mut self, node: &NodeDecl) -> Option<Arc<NodeClass>> {
        let name = node.class.get();
        let class = self.context.catalog.class(name);
        if class.is_none() {
            let help = self.context.catalog.suggest(name).map_or_else(
                || {
                    "look it up with `wfc catalog show`; a class of another pack needs a catalog that has it"
                        .into()
                },
                |near| format!("did you mean `{near}`?"),
            );
            self.report(
                Diagnostic::check(
                    "unknown-class",
                    "missing_node_type",
                    format!("there is no node class `{name}`"),
                )
                .at(node.class.span(), "")
                .help(help),
            );
        }
        class
    }

    /// The declaration of an input and its place in the class's order.
    fn input_spec(
        &mut self,
        class: &NodeClass,
        node: &NodeDecl,
        name: &Spanned<Arc<str>>,
    ) -> Option<(usize, InputSpec)> {
        let literal = |key: &str| match node.inputs.get(key).map(At::get) {
            Some(InputDecl::Literal(Value::Str(text))) => Some(text.clone()),
            _ => None,
        };
        let found = class.find_input(&name.value, &literal);
        if found.is_none() {
            let known: Vec<Arc<str>> = class.input_names(&literal);
            let known = || known.iter().map(|name| &**name);
            let help = diag::did_you_mean(&name.value, known())
                .unwrap_or_else(|| format!("its inputs are: {}", known().collect::<Vec<_>>().join(", ")));
            self.report(
                Diagnostic::format(
                    "unknown-input",
                    format!("`{}` has no input `{}`", class.name, name.value),
                )
                .at(name.span, "")
                .help(help),
            );
        }
        found
    }

    fn value(
        &mut self,
        node: &NodeDecl,
        for_each: Option<usize>,
        input: &At<InputDecl>,
    ) -> Option<ValuePlan> {
        Some(match input.get() {
            // A bare list would be taken for a link by the server.
            InputDecl::Json(value @ Value::List(_)) => {
                ValuePlan::Literal(Value::Map(vec![("__value__".into(), value.clone())]))
            }
            InputDecl::Literal(value) | InputDecl::Json(value) => ValuePlan::Literal(value.clone()),
            InputDecl::Param(name) => ValuePlan::Param(self.param(name)?),
            InputDecl::Expr(source) => {
                let expression = self.compile(source)?;
                self.expressions.push(expression);
                ValuePlan::Expr(self.expressions.len() - 1)
            }
            InputDecl::Model(slot) => ValuePlan::Literal(Value::Str(self.model(slot)?)),
            InputDecl::Item(field) => {
                self.needs_for_each(for_each, node, "item", input.span())?;
                if !matches!(&*field.value, "file" | "strength") {
                    self.report(
                        Diagnostic::format("unknown-key", format!("a LoRA has no field `{}`", field.value))
                            .at(field.span, "")
                            .help("its fields are: file, strength"),
                    );
                    return None;
                }
                ValuePlan::Item(field.value.clone())
            }
            InputDecl::Node(output) => ValuePlan::Link(self.link(output)?),
            InputDecl::Prev { initial, out } => {
                self.needs_for_each(for_each, node, "prev", input.span())?;
                let initial = match initial {
                    Some(output) => Some(self.link(output)?),
                    None => None,
                };
                let class = self.context.catalog.class(node.class.get())?;
                ValuePlan::Prev { initial, slot: self.slot(&class, out.as_ref(), input.span())? }
            }
            InputDecl::FirstOf(outputs) => {
                ValuePlan::FirstOf(outputs.iter().filter_map(|output| self.link(output)).collect())
            }
        })
    }

    fn needs_for_each(
        &mut self,
        for_each: Option<usize>,
        node: &NodeDecl,
        form: &str,
        span: Span,
    ) -> Option<()> {
        if for_each.is_none() && node.for_each.is_none() {
            self.report(
                Diagnostic::format(
                    "item-outside-for-each",
                    format!("`{form}` has a meaning only in a node with `for_each`"),
                )
                .at(span, ""),
            );
        }
        for_each.map(|_| ())
    }

    fn model(&mut self, slot: &Spanned<Arc<str>>) -> Option<Arc<str>> {
        if self.file.models.is_broken(&slot.value) {
            return None;
        }
        let chosen = self.chosen.get(&slot.value).or_else(|| self.file.models.get(&slot.value));
        let (name, known) = match chosen {
            Some(model) => (model.get().clone(), true),
            None => (slot.value.clone(), self.known_model(slot)),
        };
        if !self.models.iter().any(|(used, _)| *used == slot.value) {
            self.models.push((slot.value.clone(), name.clone()));
        }
        known.then(|| params::model_file(&name, self.context.models))
    }

    fn link(&mut self, output: &NodeOutput) -> Option<LinkPlan> {
        let position = self.file.nodes.iter().position(|(key, _)| key.value == output.node.value);
        let Some(node) = position else {
            if self.file.nodes.is_broken(&output.node.value) {
                return None;
            }
            let help = diag::did_you_mean(&output.node.value, self.file.nodes.names());
            self.report(
                Diagnostic::format("unknown-node", format!("the graph has no node `{}`", output.node.value))
                    .at(output.node.span, "")
                    .help_opt(help),
            );
            return None;
        };
        let target = self.file.nodes.iter().nth(node).map(|(_, node)| node)?;
        let class = self.context.catalog.class(target.class.get())?;
        Some(LinkPlan { node, slot: self.slot(&class, output.out.as_ref(), output.node.span)? })
    }

    fn slot(&mut self, class: &NodeClass, out: Option<&Spanned<Out>>, place: Span) -> Option<u32> {
        let names = || class.outputs.iter().map(|output| &*output.name);
        let all = || {
            let outputs = class.outputs.iter().enumerate();
            outputs
                .map(|(slot, output)| format!("{} ({slot}, {})", output.name, output.types))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let (message, span, help) = match out.map(|out| (&out.value, out.span)) {
            None if class.outputs.len() == 1 => return Some(0),
            None if class.outputs.is_empty() => (format!("`{}` has no outputs", class.name), place, None),
            None => (
                format!("`{}` has {} outputs: say which one with `out`", class.name, class.outputs.len()),
                place,
                Some(format!("they are: {}", all())),
            ),
            Some((Out::Slot(slot), _)) if (*slot as usize) < class.outputs.len() => return Some(*slot),
            Some((Out::Slot(slot), span)) => (
                format!("`{}` has no output slot {slot}", class.name),
                span,
                Some(format!("they are: {}", all())),
            ),
            Some((Out::Name(name), span)) => {
                if let Some(slot) = class.output_slot(name) {
                    return u32::try_from(slot).ok();
                }
                let help =
                    diag::did_you_mean(name, names()).unwrap_or_else(|| format!("they are: {}", all()));
                (format!("`{}` has no output `{name}`", class.name), span, Some(help))
            }
        };
        self.report(Diagnostic::format("unknown-output", message).at(span, "").help_opt(help));
        None
    }

    /// What is declared but has no effect misleads the reader of a graph.
    fn check_unused(&mut self) {
        let unused = self.file.params.iter().zip(&self.used_params).filter(|(_, used)| !**used);
        for ((name, _), _) in unused {
            self.diagnostics.push(
                Diagnostic::format("unused-param", format!("the parameter `{}` is used nowhere", name.value))
                    .at(name.span, "")
                    .warning(),
            );
        }
        for (slot, _) in &self.file.models {
            if !self.models.iter().any(|(used, _)| *used == slot.value) {
                self.diagnostics.push(
                    Diagnostic::format(
                        "unused-model",
                        format!("the model slot `{}` is used nowhere", slot.value),
                    )
                    .at(slot.span, "")
                    .warning(),
                );
            }
        }
    }
}
