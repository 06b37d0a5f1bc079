//! A template filled in with parameter values: the graph.

use super::decide::{Decisions, Outcome};
use super::params::Values;
use super::template::{InputPlan, LinkPlan, NodePlan, Repeat, Template, ValuePlan};
use super::{MAX_NODES, fit, misfit};
use crate::catalog::{InputKind, InputSpec, types_connect};
use crate::diag::{Diagnostic, Diagnostics, NodeRef};
use crate::ir::{Argument, Graph, Input, Node, NodeId, Origin, TextPlace, Value};

/// How many instances of a planned node there are, and the first of them.
#[derive(Clone, Copy, Debug)]
struct Instances {
    first: Option<NodeId>,
    count: usize,
}

impl Instances {
    fn nth(self, index: usize) -> Option<NodeId> {
        let first = self.first.filter(|_| index < self.count)?;
        Some(NodeId::new(first.index() + index))
    }

    fn last(self) -> Option<NodeId> {
        self.nth(self.count.checked_sub(1)?)
    }
}

impl Template<'_> {
    /// Fills the template in. Gives nothing if an input cannot be given what it needs; every problem
    /// is reported. `decisions` must hold for `values`.
    pub fn instantiate(
        &self,
        values: &Values,
        decisions: &Decisions,
        diagnostics: &mut Diagnostics,
    ) -> Option<Graph> {
        let before = diagnostics.error_count();
        let instances = Vec::with_capacity(self.nodes.len());
        let mut fill =
            Fill { template: self, values, decisions, instances, graph: Graph::new(), diagnostics };
        fill.add_nodes();
        fill.add_inputs();
        let graph = fill.graph;
        (diagnostics.error_count() == before).then_some(graph)
    }
}

struct Fill<'t, 'd> {
    template: &'t Template<'t>,
    values: &'t Values,
    decisions: &'t Decisions,
    instances: Vec<Instances>,
    graph: Graph,
    diagnostics: &'d mut Diagnostics,
}

/// The input that a link is looked up for.
struct Consumer<'p> {
    /// The repetition that its node is part of, and which item it is.
    repeat: Option<usize>,
    index: usize,
    kind: &'p InputKind,
}

/// An input value on its way into the graph.
enum Resolved {
    Value(Argument, TextPlace),
    /// The node that the link named is not there and nothing takes its place.
    Dropped {
        node: usize,
    },
    /// Nothing is given, as the graph intends: the first of a `for_each` chain.
    Absent,
}

impl Fill<'_, '_> {
    fn add_nodes(&mut self) {
        for (plan, &count) in self.template.nodes.iter().zip(&self.decisions.counts) {
            let mut first = None;
            for index in 0..count {
                let key = plan.instance_key(index);
                let mut node = Node::new(
                    key,
                    plan.class.name.clone(),
                    Some(plan.class.clone()),
                    Origin::Source(plan.key.span),
                );
                node.stage.clone_from(&plan.stage);
                node.title.clone_from(&plan.title);
                match self.graph.add(node) {
                    Ok(id) => first = first.or(Some(id)),
                    Err(taken) => {
                        let key = &self.graph.node(taken).key;
                        self.diagnostics.push(
                            Diagnostic::format(
                                "duplicate-node",
                                format!("two nodes would be called `{key}`"),
                            )
                            .at(plan.key.span, "")
                            .help(
                                "rename one of them: the nodes of a `for_each` are called name-1, name-2, …",
                            ),
                        );
                    }
                }
            }
            self.instances.push(Instances { first, count });
        }
    }

    fn add_inputs(&mut self) {
        let template = self.template;
        for (position, plan) in template.nodes.iter().enumerate() {
            for index in 0..self.instances[position].count {
                let Some(id) = self.instances[position].nth(index) else { continue };
                for input in &plan.inputs {
                    match self.resolve(plan, index, input) {
                        Resolved::Value(value, text) => {
                            let origin = Origin::Source(input.span);
                            self.graph
                                .push_input(id, Input { name: input.name.clone(), value, origin, text });
                            self.bind(id, plan, input);
                        }
                        Resolved::Dropped { node } if input.required => self.lost(plan, input, node),
                        Resolved::Dropped { .. } | Resolved::Absent => {}
                    }
                }
            }
        }
    }

    fn bind(&mut self, id: NodeId, plan: &NodePlan<'_>, input: &InputPlan) {
        let names = &self.template.names;
        match &input.value {
            ValuePlan::Param(param) => self.graph.bind(names[*param].clone(), id, false),
            ValuePlan::Expr(expression) => {
                let computed = &self.template.expressions[*expression];
                let items = computed.repeat.map(|repeat| self.template.repeats[repeat].reads());
                let reads = computed.expression.reads.iter();
                for &param in reads.chain(items.unwrap_or_default()) {
                    self.graph.bind(names[param].clone(), id, true);
                }
            }
            ValuePlan::Item(_) => {
                for &param in plan.for_each.map_or(&[][..], |repeat| self.template.repeats[repeat].reads()) {
                    self.graph.bind(names[param].clone(), id, true);
                }
            }
            ValuePlan::Literal(_) | ValuePlan::Link(_) | ValuePlan::Prev { .. } | ValuePlan::FirstOf(_) => {}
        }
    }

    fn resolve(&mut self, plan: &NodePlan<'_>, index: usize, input: &InputPlan) -> Resolved {
        match &input.value {
            ValuePlan::Literal(value) => Resolved::Value(Argument::Literal(value.clone()), TextPlace::Here),
            ValuePlan::Param(param) => {
                let given = self.values.get(*param);
                self.literal(
                    given.value.clone(),
                    given.span.map_or(TextPlace::Nowhere, TextPlace::At),
                    plan,
                    input,
                )
            }
            ValuePlan::Expr(expression) => {
                let value = match &self.decisions.expressions[*expression] {
                    Outcome::One(value) => Some(value),
                    Outcome::Each(values) => values.get(index),
                };
                match value {
                    Some(value) => self.literal(value.clone(), TextPlace::Nowhere, plan, input),
                    None => Resolved::Absent,
                }
            }
            ValuePlan::Item(field) => match self.item(plan, index, field) {
                Some((value, text)) => self.literal(value, text, plan, input),
                None => Resolved::Absent,
            },
            ValuePlan::Prev { of, .. } if index > 0 => self.link(*of, plan, index - 1, &input.kind),
            ValuePlan::Link(link) | ValuePlan::Prev { initial: Some(link), .. } => {
                self.link(*link, plan, index, &input.kind)
            }
            ValuePlan::Prev { initial: None, .. } => Resolved::Absent,
            ValuePlan::FirstOf(links) => match self.first_present(links) {
                Ok(link) => self.link(link, plan, index, &input.kind),
                Err(Some(node)) => Resolved::Dropped { node },
                Err(None) => Resolved::Absent,
            },
        }
    }

    fn item(&self, plan: &NodePlan<'_>, index: usize, field: &str) -> Option<(Value, TextPlace)> {
        let repeat = plan.for_each?;
        let Value::Map(fields) = self.template.item(repeat, index, self.values) else { return None };
        let value = fields.into_iter().find(|(key, _)| **key == *field).map(|(_, value)| value)?;
        let text = match self.template.repeats[repeat] {
            Repeat::List(param) => self.values.get(param).span.map_or(TextPlace::Nowhere, TextPlace::Within),
            Repeat::Count(_) => TextPlace::Nowhere,
        };
        Some((value, text))
    }

    /// A value as the input's type wants it.
    fn literal(&mut self, value: Value, text: TextPlace, plan: &NodePlan<'_>, input: &InputPlan) -> Resolved {
        match fit(value, &input.kind) {
            Ok(value) => Resolved::Value(Argument::Literal(value), text),
            Err(needed) => {
                self.diagnostics.push(misfit(
                    &needed,
                    &plan.key.value,
                    &input.name,
                    &plan.class,
                    input.span,
                    text.given(),
                ));
                Resolved::Absent
            }
        }
    }

    fn link(&self, link: LinkPlan, from: &NodePlan<'_>, index: usize, kind: &InputKind) -> Resolved {
        match self.source(link, Consumer { repeat: from.for_each, index, kind }) {
            Some(value) => Resolved::Value(value, TextPlace::Here),
            None => Resolved::Dropped { node: link.node },
        }
    }

    /// The output that a link stands for: of the node itself, item by item in the same repetition and of
    /// the last item otherwise, or what a node that is not there passes on.
    fn source(&self, mut link: LinkPlan, mut consumer: Consumer<'_>) -> Option<Argument> {
        // Nodes that are switched off may pass links on to each other in a circle.
        for _ in 0..=MAX_NODES {
            let repeat = self.template.nodes[link.node].for_each;
            let instances = self.instances[link.node];
            let together = repeat.is_some() && repeat == consumer.repeat;
            let found = if together { instances.nth(consumer.index) } else { instances.last() };
            if let Some(from) = found {
                return Some(Argument::Link { from, slot: link.slot });
            }
            (link, consumer.index) = self.bypass(link, &consumer, together)?;
        }
        None
    }

    /// The first alternative whose node is there; else the node of the first alternative.
    fn first_present(&self, links: &[LinkPlan]) -> Result<LinkPlan, Option<usize>> {
        let present = links.iter().find(|link| self.instances[link.node].count > 0);
        present.copied().ok_or_else(|| links.first().map(|link| link.node))
    }

    /// What ComfyUI's bypass gives to an input that was linked to a node which is switched off: what is
    /// linked to one input of that node, chosen as the editor does: the input at the output's own position
    /// if it fits, else the first of exactly the wanted type, else the first that connects. If nothing is
    /// linked there, nothing is given. The second part is the item from which to look on.
    fn bypass(&self, link: LinkPlan, consumer: &Consumer<'_>, together: bool) -> Option<(LinkPlan, usize)> {
        let node = &self.template.nodes[link.node];
        let wanted = consumer.kind.type_name();
        let slot = link.slot as usize;
        let output = &node.class.outputs.get(slot)?.types;
        let sockets = sockets(node);
        let connects = |socket: &Socket<'_>| types_connect(socket.kind.type_name(), wanted);
        let chosen = if wanted == "*" {
            sockets.get(slot).or_else(|| sockets.first())
        } else {
            let own = sockets.get(slot);
            own.filter(|own| types_connect(output, own.kind.type_name()) && connects(own))
                .or_else(|| sockets.iter().find(|socket| socket.kind.type_name() == wanted))
                .or_else(|| sockets.iter().find(|socket| connects(socket)))
        };
        let index = consumer.index;
        match &chosen?.input?.value {
            ValuePlan::Prev { of, .. } if together && index > 0 => Some((*of, index - 1)),
            ValuePlan::Link(next) | ValuePlan::Prev { initial: Some(next), .. } => Some((*next, index)),
            ValuePlan::FirstOf(links) => Some((self.first_present(links).ok()?, index)),
            _ => None,
        }
    }

    fn lost(&mut self, plan: &NodePlan<'_>, input: &InputPlan, absent: usize) {
        let absent = &self.template.nodes[absent];
        let why = absent.when.as_ref().map(|when| when.source().span);
        let key = &absent.key.value;
        let (state, mark) = match (&absent.when, absent.for_each) {
            (None, Some(repeat)) => match &self.template.repeats[repeat] {
                Repeat::List(list) => (
                    format!("the list `{}` of `{key}` is empty", self.template.names[*list]),
                    "repeated here",
                ),
                Repeat::Count(_) => (format!("`{key}` is repeated not once"), "repeated here"),
            },
            _ => (format!("`{key}` is switched off"), "switched off here"),
        };
        self.diagnostics.push(
            Diagnostic::format(
                "required-input-lost",
                format!("`{}` needs the input `{}`, but {state}", plan.key.value, input.name),
            )
            .at(input.span, format!("links to `{key}`"))
            .at(why.unwrap_or(absent.key.span), mark)
            .node(NodeRef {
                key: plan.key.value.to_string(),
                class_type: plan.class.name.to_string(),
                input: Some(input.name.to_string()),
            })
            .help(format!(
                "switch `{}` off as well, or give an alternative with {{ first_of = [...] }}; \
                 `{key}` has no linked input of type {} to pass on",
                plan.key.value,
                input.kind.type_name(),
            )),
        );
    }
}

/// An input of a class and what a node gives it.
struct Socket<'p> {
    kind: &'p InputKind,
    input: Option<&'p InputPlan>,
}

/// All inputs of a node's class as the editor numbers its sockets: pure links first, then widgets.
fn sockets<'p>(node: &'p NodePlan<'_>) -> Vec<Socket<'p>> {
    let socket = |spec: &'p InputSpec| Socket {
        kind: &spec.kind,
        input: node.inputs.iter().find(|input| input.name == spec.name),
    };
    let (widgets, links): (Vec<_>, Vec<_>) = node.class.inputs.iter().partition(|spec| spec.kind.is_widget());
    links.into_iter().chain(widgets).map(socket).collect()
}
