//! A graph file and a preset from a workflow that was read from somewhere else.
//!
//! The inverse of `lower`: nodes get readable names, values that people change become parameters, and
//! everything that a workflow holds is written so that compiling the preset gives it again, up to ids.
//! Unlike the other writers this one takes any graph, proved or not: the files are sources, and what
//! is wrong with them is said when they are compiled.

mod facts;
mod hints;
mod names;
mod params;
mod text;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::catalog::{InputKind, InputSpec, Model, Models, NodeClass};
use crate::diag::{Diagnostic, NodeRef};
use crate::ir::{Argument, Graph, Input, Node, NodeId, Value};
use crate::lower::{self, MAX_NODES};
use hints::Hints;
use names::Unique;
use params::Parameters;

/// How the files are written.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the preset calls the graph: a name or a path.
    pub name: String,
    /// The graph's title; without one, its name.
    pub title: Option<String>,
    /// What both are for.
    pub description: Option<String>,
    /// Where the schemas are, as a path from the files, if editors can find them.
    pub schemas: Option<String>,
    /// Whether floats stay as they are to the last bit. Otherwise the noise that editors leave in them
    /// (`5.000000000000001`) goes, as it does everywhere else, and more of them can be parameters.
    pub exact: bool,
}

impl Options {
    /// The defaults for a graph called `name`.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), title: None, description: None, schemas: None, exact: true }
    }
}

/// The texts of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The graph file.
    pub graph: String,
    /// A preset for it with the workflow's values.
    pub preset: String,
    /// What became of the ids: id in the workflow, name in the graph file, in the order of the workflow.
    pub names: Vec<(Arc<str>, Arc<str>)>,
}

/// Writes a workflow as a graph file and a preset.
///
/// # Errors
/// What no graph file can say: a workflow without nodes or with too many, and lists that ComfyUI would
/// take for links to nodes that are not there.
pub fn imported(graph: &Graph, options: &Options, models: &Models) -> Result<Imported, Vec<Diagnostic>> {
    let problems = unsayable(graph);
    if !problems.is_empty() {
        return Err(problems);
    }
    let plan = Plan::new(graph, options, models);
    let names = graph.nodes().zip(&plan.names).map(|((_, node), name)| (node.key.clone(), name.clone()));
    Ok(Imported {
        graph: text::graph(&plan, options),
        preset: text::preset(&plan, options),
        names: names.collect(),
    })
}

fn unsayable(graph: &Graph) -> Vec<Diagnostic> {
    let refused = |message: String| vec![Diagnostic::format("too-many-nodes", message)];
    match graph.len() {
        0 => return vec![Diagnostic::format("not-a-workflow", "the workflow has no nodes")],
        nodes if nodes > MAX_NODES => {
            return refused(format!("the workflow has {nodes} nodes; the limit of a graph is {MAX_NODES}"));
        }
        _ => {}
    }
    let mut problems = Vec::new();
    for (_, node) in graph.nodes() {
        for input in node.inputs().iter().filter(|input| looks_like_a_link(graph, &input.value)) {
            problems.push(
                Diagnostic::check(
                    "broken-link",
                    "exception",
                    format!("`{}` of `{}` is a link that leads nowhere", input.name, node.key),
                )
                .at_opt(input.origin.span(), "")
                .node(NodeRef {
                    key: node.key.to_string(),
                    class_type: node.class_type.to_string(),
                    input: Some(input.name.to_string()),
                })
                .help(
                    "name a node of the workflow and one of its outputs, counted from 0, or remove the link",
                ),
            );
        }
    }
    problems
}

/// ComfyUI takes a list of a text and a number for a link, whatever the input.
fn looks_like_a_link(graph: &Graph, value: &Argument) -> bool {
    let Argument::Literal(Value::List(items)) = value else { return false };
    match items.as_slice() {
        [Value::Str(_), Value::Int(_) | Value::Float(_)] => true,
        [Value::Str(key), _] => graph.find(key).is_some(),
        _ => false,
    }
}

/// All that is decided before the files are written.
struct Plan<'g> {
    graph: &'g Graph,
    hints: Hints,
    /// Names by node.
    names: Vec<Arc<str>>,
    /// The nodes in the order of the file.
    order: Vec<NodeId>,
    /// The stages that nodes have, in order.
    stages: Vec<&'static str>,
    /// The stages of nodes.
    stage_of: Vec<Option<&'static str>>,
    default_titles: bool,
    exact: bool,
    /// The declarations of inputs, by node and position, where the class has them.
    specs: FxHashMap<(NodeId, usize), InputSpec>,
    models: ModelSlots,
    parameters: Parameters,
}

/// Roles of models that are good names, also where a node does more than to load them.
const PLAIN_ROLES: [&str; 5] = ["clip_vision", "detection", "pose", "text_encoder", "vae"];

/// The models that the workflow uses and the model catalog knows.
#[derive(Debug, Default)]
struct ModelSlots {
    /// Slot and name of the model.
    all: Vec<(Arc<str>, String)>,
    /// By node and position of the input.
    by_input: FxHashMap<(NodeId, usize), usize>,
}

/// How an input is written.
enum Form<'p> {
    /// As it is.
    Plain(Value),
    /// `{ literal = … }` or `{ json = … }`.
    Exact(&'p Value),
    /// `{ param = … }`
    Param(&'p str),
    /// `{ model = … }`
    Model(&'p str),
    /// `{ node = …, out = … }`
    Link { node: &'p str, out: Option<Value> },
}

/// Inputs by name, and how they are written.
type Given<'p> = Vec<(&'p str, Form<'p>)>;

impl<'g> Plan<'g> {
    fn new(graph: &'g Graph, options: &Options, models: &Models) -> Self {
        let hints = Hints::new(graph);
        let names = names::of_nodes(graph, &hints);
        let mut plan = Self {
            graph,
            hints,
            names,
            order: dependencies_first(graph),
            exact: options.exact,
            stages: Vec::new(),
            stage_of: Vec::new(),
            default_titles: has_default_titles(graph),
            specs: specs(graph),
            models: ModelSlots::default(),
            parameters: Parameters::default(),
        };
        plan.stage_of = find_stages(graph, &plan.order, plan.hints.is_wan);
        let is_used = |stage: &&str| plan.stage_of.contains(&Some(*stage));
        plan.stages = facts::STAGES.into_iter().filter(is_used).collect();
        plan.models = plan.model_slots(models);
        plan.parameters = params::find(&plan);
        plan
    }

    fn stage(&self, id: NodeId) -> Option<&'static str> {
        self.stage_of[id.index()]
    }

    /// The title, if it has to be written.
    fn title(&self, id: NodeId) -> Option<&'g str> {
        let node = self.graph.node(id);
        node.title.as_deref().filter(|title| !self.default_titles || !is_default_title(node, title))
    }

    /// One slot for every input that names a file of the model catalog.
    fn model_slots(&self, models: &Models) -> ModelSlots {
        let mut slots = ModelSlots::default();
        let mut unique = Unique::default();
        for &id in &self.order {
            let inputs = self.graph.node(id).inputs().iter().enumerate();
            let known: Vec<(usize, &str, Model)> = inputs
                .filter_map(|(at, input)| {
                    let model = known_model(input, self.specs.get(&(id, at))?, models)?;
                    Some((at, &*input.name, model))
                })
                .collect();
            let is_only = known.len() == 1;
            let node = &self.names[id.index()];
            for (at, input, model) in known {
                let slot = if PLAIN_ROLES.contains(&&*model.role) {
                    model.role
                } else if is_only {
                    node.to_string()
                } else {
                    format!("{node}_{}", names::slug(input))
                };
                slots.by_input.insert((id, at), slots.all.len());
                slots.all.push((unique.name(&slot), model.name));
            }
        }
        slots
    }

    /// What a node's inputs are given: those that its class declares, and the others.
    fn inputs(&self, id: NodeId) -> (Given<'_>, Given<'_>) {
        let node = self.graph.node(id);
        let (mut declared, mut extra) = (Vec::new(), Vec::new());
        for (at, input) in last_of_each(node) {
            let spec = self.specs.get(&(id, at));
            let form = self.form(id, at, input, spec);
            // Of an unknown class nobody can say what it declares.
            let is_declared = spec.is_some() || node.class.is_none();
            if is_declared { &mut declared } else { &mut extra }.push((&*input.name, form));
        }
        (declared, extra)
    }

    /// The value that stands in a file for `value`, if `lower` makes `value` of it again.
    fn fitted(&self, value: &Value, kind: &InputKind) -> Option<Value> {
        if !matches!(value, Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_)) {
            return None;
        }
        lower::fit(value.clone(), kind).ok().filter(|fitted| is_same(value, fitted, self.exact))
    }

    fn form(&self, id: NodeId, at: usize, input: &'g Input, spec: Option<&InputSpec>) -> Form<'_> {
        let value = match &input.value {
            Argument::Link { from, slot } => {
                let class = self.graph.node(*from).class.as_deref();
                return Form::Link { node: &self.names[from.index()], out: out(class, *slot) };
            }
            Argument::Literal(value) => value,
        };
        if let Some(&slot) = self.models.by_input.get(&(id, at)) {
            return Form::Model(&self.models.all[slot].0);
        }
        if let Some(name) = self.parameters.name(id, at) {
            return Form::Param(name);
        }
        let any = InputKind::Link("*".into());
        match self.fitted(value, spec.map_or(&any, |spec| &spec.kind)) {
            Some(value) => Form::Plain(value),
            None => Form::Exact(value),
        }
    }
}

/// True if `lower` makes `value` of `fitted` again. A whole number in place of a float is the same value.
fn is_same(value: &Value, fitted: &Value, exact: bool) -> bool {
    #[expect(clippy::float_cmp, reason = "the very same number is meant")]
    match (value, fitted) {
        (Value::Float(one), Value::Float(other)) => one == other || !exact,
        (Value::Int(_), Value::Float(_)) => value.python_eq(fitted) && exact_as_float(value),
        _ => value == fitted,
    }
}

/// True for whole numbers that a float holds exactly.
fn exact_as_float(value: &Value) -> bool {
    matches!(value, Value::Int(int) if int.unsigned_abs() <= 1 << 53)
}

/// The output as it is written: nothing where there is one only, its name where that is clear.
fn out(class: Option<&NodeClass>, slot: u32) -> Option<Value> {
    let outputs = class.map_or(&[][..], |class| &class.outputs);
    if outputs.len() == 1 && slot == 0 {
        return None;
    }
    let name = outputs.get(slot as usize).map(|output| &output.name);
    let is_clear = |name: &&Arc<str>| {
        !name.is_empty() && outputs.iter().filter(|output| output.name == **name).count() == 1
    };
    Some(name.filter(is_clear).map_or(Value::Int(slot.into()), |name| Value::Str(name.clone())))
}

/// The declarations of all inputs that are given and that the classes have.
fn specs(graph: &Graph) -> FxHashMap<(NodeId, usize), InputSpec> {
    let mut specs = FxHashMap::default();
    for (id, node) in graph.nodes() {
        let Some(class) = &node.class else { continue };
        let selected = |name: &str| match &node.input(name)?.value {
            Argument::Literal(Value::Str(text)) => Some(text.clone()),
            _ => None,
        };
        for (at, input) in last_of_each(node) {
            if let Some((_, spec)) = class.find_input(&input.name, &selected) {
                specs.insert((id, at), spec);
            }
        }
    }
    specs
}

/// The inputs with their positions; of two with the same name the last one counts, as in Python.
fn last_of_each(node: &Node) -> impl Iterator<Item = (usize, &Input)> {
    let mut last: FxHashMap<&str, usize> = FxHashMap::default();
    for (at, input) in node.inputs().iter().enumerate() {
        last.insert(&input.name, at);
    }
    node.inputs().iter().enumerate().filter(move |(at, input)| last.get(&*input.name) == Some(at))
}

/// The model of the catalog that an input names, if the input takes files of its folder.
fn known_model(input: &Input, spec: &InputSpec, models: &Models) -> Option<Model> {
    let Argument::Literal(Value::Str(file)) = &input.value else { return None };
    let folders = spec.kind.folder()?;
    let model = models.by_file(file)?;
    (model.file == **file && folders.split('|').any(|folder| folder == model.folder)).then_some(model)
}

fn is_default_title(node: &Node, title: &str) -> bool {
    node.class.as_deref().is_some_and(|class| names::default_title(class) == title)
}

/// True if all nodes have titles and some of them the ones that the editor gives by itself.
fn has_default_titles(graph: &Graph) -> bool {
    let mut titles =
        graph.nodes().map(|(_, node)| node.title.as_deref().map(|title| is_default_title(node, title)));
    let mut any = false;
    titles.all(|title| title.inspect(|is_default| any |= is_default).is_some()) && any
}

/// The stages of all nodes, by their index: what the class tells, and `input` for what works on inputs alone.
fn find_stages(graph: &Graph, order: &[NodeId], is_wan: bool) -> Vec<Option<&'static str>> {
    let mut stages = vec![None; graph.len()];
    for &id in order {
        let node = graph.node(id);
        let mut sources = node.inputs().iter().filter_map(|input| match input.value {
            Argument::Link { from, .. } => Some(from),
            Argument::Literal(_) => None,
        });
        let of_input = |from: NodeId| stages[from.index()] == Some("input");
        stages[id.index()] = match facts::of_class(&node.class_type).and_then(|fact| fact.stage) {
            Some("sample") if is_wan => Some("wan"),
            Some(stage) => Some(stage),
            None => sources.next().filter(|first| of_input(*first) && sources.all(of_input)).map(|_| "input"),
        };
    }
    stages
}

/// The generation steps of all nodes, by their index, as far as their classes and inputs tell them: what an imported
/// graph file would say.
#[must_use]
pub fn stages(graph: &Graph) -> Vec<Option<&'static str>> {
    find_stages(graph, &dependencies_first(graph), hints::is_of_wan(graph))
}

/// The names that [`stages`] gives, in the order of generation.
#[must_use]
pub const fn stage_names() -> [&'static str; 7] {
    facts::STAGES
}

/// Where an input stands among those that people change; nothing if people do not change it, or if `value` does
/// nothing.
#[must_use]
pub fn rank(class: &str, input: &str, value: &Value) -> Option<usize> {
    facts::of_input(class, input).filter(|fact| !fact.is_idle(value)).map(|fact| fact.rank)
}

/// Each node after those that it depends on, except in a circle, and close to what needs it: from the ends
/// of the workflow backwards, then what is left.
fn dependencies_first(graph: &Graph) -> Vec<NodeId> {
    let mut order = Vec::with_capacity(graph.len());
    let mut seen = vec![false; graph.len()];
    // Node, and which of its inputs comes next.
    let mut stack: Vec<(NodeId, usize)> = Vec::new();
    let all = || graph.nodes().map(|(id, _)| id);
    let ends = all().filter(|id| graph.consumers(*id).next().is_none());
    for root in ends.chain(all()) {
        if !std::mem::replace(&mut seen[root.index()], true) {
            stack.push((root, 0));
        }
        while let Some((node, next)) = stack.pop() {
            let Some(input) = graph.node(node).inputs().get(next) else {
                order.push(node);
                continue;
            };
            stack.push((node, next + 1));
            if let Argument::Link { from, .. } = input.value
                && !std::mem::replace(&mut seen[from.index()], true)
            {
                stack.push((from, 0));
            }
        }
    }
    order
}
