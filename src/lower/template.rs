//! A graph file made ready: names resolved, expressions compiled, classes looked up.
//!
//! Everything that does not depend on parameter values is proved here, once; a batch then only
//! fills the template in again and again.

mod declared;
mod lookup;
mod repeat;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::expr::{Engine, Expression, ITEM, Names};
use super::params;
use super::{MAX_NODES, MAX_PARAMS};
use crate::catalog::{Catalog, InputKind, Models, NodeClass};
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml::decode::{At, Named};
use crate::front::toml::graph::{GraphFile, InputDecl, NodeDecl};
use crate::ir::Value;
use crate::source::{Sources, Span, Spanned};

pub(super) use repeat::{INDEX, Repeat};

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
    pub(super) repeats: Vec<Repeat<'e>>,
    pub(super) expressions: Vec<Computed<'e>>,
}

/// An expression that gives an input its value.
#[derive(Debug)]
pub(super) struct Computed<'e> {
    pub(super) expression: Expression<'e>,
    /// The repetition whose items it reads, if it does.
    pub(super) repeat: Option<usize>,
}

impl Template<'_> {
    /// True if the parameter decides more than values: which nodes there are, or whether a
    /// constraint holds. A workflow that was compiled for another value of it must be compiled anew.
    #[must_use]
    pub fn shapes(&self, param: usize) -> bool {
        let read_by = |expression: &Expression<'_>| expression.reads.contains(&param);
        self.constraints.iter().any(|(rule, _)| read_by(rule))
            || self.switches(param)
            || self.repeats.iter().any(|repeat| repeat.reads().contains(&param))
    }

    /// True if the parameter switches nodes on or off.
    #[must_use]
    pub fn switches(&self, param: usize) -> bool {
        let read_by = |expression: &Expression<'_>| expression.reads.contains(&param);
        self.nodes.iter().any(|node| node.when.as_ref().is_some_and(read_by))
    }
}

#[derive(Debug)]
pub(super) struct NodePlan<'e> {
    pub(super) key: Spanned<Arc<str>>,
    pub(super) class: Arc<NodeClass>,
    pub(super) stage: Option<Arc<str>>,
    pub(super) title: Option<Arc<str>>,
    pub(super) when: Option<Expression<'e>>,
    /// Index into the template's repetitions.
    pub(super) for_each: Option<usize>,
    /// In the order of the class's declaration, then those that it does not declare.
    pub(super) inputs: Vec<InputPlan>,
}

impl NodePlan<'_> {
    /// The key of an instance, counted from 0.
    pub(super) fn instance_key(&self, index: usize) -> Arc<str> {
        match self.for_each {
            None => self.key.value.clone(),
            Some(_) => format!("{}-{}", self.key.value, index + 1).into(),
        }
    }
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
    /// The node of the item before, or `initial` for the first.
    Prev {
        initial: Option<LinkPlan>,
        of: LinkPlan,
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
    if let Some(problem) = too_much(file) {
        diagnostics.push(problem);
        return None;
    }
    let names: Arc<[Arc<str>]> = file.params.iter().map(|(name, _)| name.value.clone()).collect();
    let expression_names = names.iter().chain(file.params.broken()).cloned().collect();
    let mut builder = Builder {
        file,
        chosen,
        context,
        names: &names,
        expression_names,
        positions: file.nodes.names().enumerate().map(|(at, name)| (name, at)).collect(),
        diagnostics,
        repeats: Vec::new(),
        expressions: Vec::new(),
        models: Vec::new(),
        used_params: vec![false; names.len()],
    };
    builder.check_params();
    builder.check_models();
    let constraints = file
        .constraints
        .iter()
        .filter_map(|constraint| {
            Some((builder.compile(&constraint.rule.0, None)?, constraint.message.clone()))
        })
        .collect();
    let nodes = file.nodes.iter().filter_map(|(key, node)| builder.node(key, node)).collect();
    if !builder.diagnostics.has_errors() {
        builder.check_unused();
    }
    let (repeats, expressions, models) = (builder.repeats, builder.expressions, builder.models);
    if diagnostics.error_count() > before {
        return None;
    }
    Some(Template { file: file.clone(), names, models, nodes, constraints, repeats, expressions })
}

/// A file with more nodes or parameters than any workflow has.
fn too_much(file: &GraphFile) -> Option<Diagnostic> {
    let over = |what: &str, count: usize, limit: usize, span: Option<Span>| {
        (count > limit).then(|| {
            let message = format!("the graph declares {count} {what}; the limit is {limit}");
            Diagnostic::format("too-many-nodes", message).at_opt(span, "")
        })
    };
    let first_node = file.nodes.iter().next().map(|(name, _)| name.span);
    let first_param = file.params.iter().next().map(|(name, _)| name.span);
    over("nodes", file.nodes.len(), MAX_NODES, first_node)
        .or_else(|| over("parameters", file.params.len(), MAX_PARAMS, first_param))
}

/// True for a value that ComfyUI gets as it is.
const fn is_exact(input: &InputDecl) -> bool {
    matches!(input, InputDecl::Json(_) | InputDecl::JsonText(_))
}

struct Builder<'b, 'e> {
    file: &'b GraphFile,
    chosen: &'b Named<At<Arc<str>>>,
    context: Context<'e>,
    names: &'b [Arc<str>],
    /// Where each node stands in the file.
    positions: FxHashMap<&'b str, usize>,
    /// With those of broken parameters, which are no news to whoever reads the messages.
    expression_names: Vec<Arc<str>>,
    diagnostics: &'b mut Diagnostics,
    repeats: Vec<Repeat<'e>>,
    expressions: Vec<Computed<'e>>,
    models: Vec<(Arc<str>, Arc<str>)>,
    used_params: Vec<bool>,
}

impl<'e> Builder<'_, 'e> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Compiles an expression; inside a `for_each` it sees the current item.
    fn compile(&mut self, source: &Spanned<Arc<str>>, repeat: Option<usize>) -> Option<Expression<'e>> {
        let is_text = |name: &str| {
            if let Some((ITEM, field)) = name.split_once('.') {
                return repeat.is_none_or(|repeat| self.is_text_field(repeat, field));
            }
            let kind = self.file.params.get(name).map(|param| *param.kind.get());
            kind.map_or(name == ITEM, |kind| !repeat::is_number(kind))
        };
        let fields = repeat.map(|repeat| self.item_fields(repeat));
        let names = Names { params: &self.expression_names, item: fields.as_deref(), is_text: &is_text };
        let (engine, sources) = (self.context.engine, self.context.sources);
        match engine.compile(source, names, sources) {
            Ok(expression) => {
                for &param in &expression.reads {
                    if let Some(used) = self.used_params.get_mut(param) {
                        *used = true;
                    }
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
        let when = node.when.as_ref().and_then(|when| self.compile(&when.0, None));
        let for_each = node.for_each.as_ref().and_then(|list| self.repeat(&list.0));
        let class = self.class(&key.value, node);
        let mut inputs: Vec<(usize, InputPlan)> = Vec::with_capacity(node.inputs.len());
        for (name, input) in &node.inputs {
            let value = self.value(&key.value, node, for_each, input);
            let Some(class) = &class else { continue };
            let Some((order, spec)) = self.input_spec(&key.value, class, node, name) else { continue };
            let Some(value) = value else { continue };
            let value = match value {
                ValuePlan::Literal(literal) if !is_exact(input.get()) => {
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
            if let InputDecl::Model(model) = input.get() {
                self.check_folder(model, &key.value, class, &spec);
            }
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
        let declared = inputs.into_iter().map(|(_, plan)| plan);
        let inputs = declared.chain(self.extra(&key.value, class.as_deref(), node, for_each)).collect();
        let default_title = |class: &NodeClass| class.display_name.as_deref().unwrap_or(&class.name).into();
        let default_title = class.as_deref().filter(|_| self.file.default_titles).map(default_title);
        Some(NodePlan {
            key: key.clone(),
            class: class?,
            stage,
            title: node.title.clone().or(default_title),
            when,
            for_each,
            inputs,
        })
    }

    /// The inputs that the class does not declare. Any value fits them, and nothing needs them.
    fn extra(
        &mut self,
        key: &str,
        class: Option<&NodeClass>,
        node: &NodeDecl,
        for_each: Option<usize>,
    ) -> Vec<InputPlan> {
        let mut inputs = Vec::with_capacity(node.extra.len());
        for (name, input) in &node.extra {
            self.check_extra(key, class, node, name);
            let Some(value) = self.value(key, node, for_each, input) else { continue };
            let kind = InputKind::Link("*".into());
            inputs.push(InputPlan {
                name: name.value.clone(),
                span: input.span(),
                kind,
                required: false,
                value,
            });
        }
        inputs
    }

    fn value(
        &mut self,
        key: &str,
        node: &NodeDecl,
        for_each: Option<usize>,
        input: &At<InputDecl>,
    ) -> Option<ValuePlan> {
        Some(match input.get() {
            // A bare list would be taken for a link by the server.
            InputDecl::Json(value @ Value::List(_)) => {
                ValuePlan::Literal(Value::Map(vec![("__value__".into(), value.clone())]))
            }
            InputDecl::Literal(value) | InputDecl::Json(value) | InputDecl::JsonText(value) => {
                ValuePlan::Literal(value.clone())
            }
            InputDecl::Param(name) => ValuePlan::Param(self.param(name)?),
            // What `for_each` is wrong about, its items are no news about.
            InputDecl::Expr(source) if for_each.is_none() && node.for_each.is_some() => {
                if !source.value.contains(ITEM) {
                    self.compile(source, None)?;
                }
                return None;
            }
            InputDecl::Expr(source) => {
                let expression = self.compile(source, for_each)?;
                let repeat = for_each.filter(|_| expression.reads_item);
                self.expressions.push(Computed { expression, repeat });
                ValuePlan::Expr(self.expressions.len() - 1)
            }
            InputDecl::Model(slot) => ValuePlan::Literal(Value::Str(self.model(slot)?)),
            InputDecl::Item(field) => {
                let repeat = self.needs_for_each(for_each, node, "item", input.span())?;
                self.check_field(repeat, field)?;
                ValuePlan::Item(field.value.clone())
            }
            InputDecl::Node(output) => ValuePlan::Link(self.link(output)?),
            InputDecl::Prev { initial, of, out } => {
                self.needs_for_each(for_each, node, "prev", input.span())?;
                let initial = match initial {
                    Some(output) => Some(self.link(output)?),
                    None => None,
                };
                let (position, target) = match of {
                    None => (*self.positions.get(key)?, node),
                    Some(of) => {
                        let position = self.companion(node, of)?;
                        (position, self.file.nodes.get(&of.value)?)
                    }
                };
                let class = self.context.catalog.class(target.class.get())?;
                let slot = self.slot(&class, out.as_ref(), input.span())?;
                ValuePlan::Prev { initial, of: LinkPlan { node: position, slot } }
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
    ) -> Option<usize> {
        if for_each.is_none() && node.for_each.is_none() {
            self.report(
                Diagnostic::format(
                    "item-outside-for-each",
                    format!("`{form}` has a meaning only in a node with `for_each`"),
                )
                .at(span, ""),
            );
        }
        for_each
    }
}
