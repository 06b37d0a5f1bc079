//! Which values of a workflow become parameters, and what they are called.

use std::fmt::Write as _;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Plan;
use super::facts::{self, Tunable};
use super::hints::{self, Hints};
use super::names::{self, Unique};
use crate::catalog::{InputKind, InputSpec};
use crate::front::toml::graph::ParamType;
use crate::ir::{Argument, Graph, NodeId, Value};
use crate::lower::{MAX_PARAMS, params::is_file_name};

/// Most inputs that the description of a constant names.
const SHOWN_INPUTS: usize = 3;

/// Bounds beyond this say nothing that a person would want to know.
const LARGEST_BOUND: f64 = 1e6;

/// A parameter of the graph that is written.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: Arc<str>,
    pub(super) kind: ParamType,
    pub(super) unit: Option<&'static str>,
    pub(super) default: Value,
    pub(super) min: Option<Value>,
    pub(super) max: Option<Value>,
    pub(super) grid: Option<Grid>,
    pub(super) doc: String,
}

/// Which whole numbers are allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Grid {
    /// Multiples.
    Multiple(i128),
    /// `factor * n + offset`.
    Form(i128, i128),
}

/// All parameters, and the input that each of them is for.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) all: Vec<Parameter>,
    /// By node and position of the input.
    by_input: FxHashMap<(NodeId, usize), usize>,
}

impl Parameters {
    /// The name of the parameter for an input.
    pub(super) fn name(&self, node: NodeId, input: usize) -> Option<&str> {
        self.by_input.get(&(node, input)).map(|&at| &*self.all[at].name)
    }
}

/// A value that is to be a parameter, before it has a name.
struct Candidate {
    node: NodeId,
    input: usize,
    kind: ParamType,
    value: Value,
    spec: InputSpec,
    /// The row of the table that made it one.
    row: &'static Tunable,
    /// The row that says what it means: of a constant, the one of what it reaches.
    meaning: Option<&'static Tunable>,
}

impl Candidate {
    fn rank(&self) -> usize {
        self.meaning.unwrap_or(self.row).rank
    }
}

/// Finds the parameters of a workflow.
pub(super) fn find(plan: &Plan<'_>) -> Parameters {
    let mut candidates: Vec<Candidate> = Vec::new();
    for &node in &plan.order {
        let inputs = 0..plan.graph.node(node).inputs().len();
        candidates.extend(inputs.filter_map(|input| candidate(plan, node, input)));
    }
    candidates.sort_by_key(Candidate::rank);
    // What belongs to nodes stays together by node, where the first of them stands.
    let positions: FxHashMap<NodeId, usize> =
        plan.order.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let of_nodes = |candidate: &Candidate| candidate.meaning.unwrap_or(candidate.row).is_of_node;
    let first = candidates.iter().find(|it| of_nodes(it)).map_or(0, Candidate::rank);
    candidates.sort_by_key(|it| {
        let position = positions.get(&it.node).copied().filter(|_| of_nodes(it));
        (if position.is_some() { first } else { it.rank() }, position, it.rank())
    });
    let counts = counts(plan, &candidates);
    candidates.retain(|candidate| !candidate.row.is_idle(&candidate.value));
    candidates.truncate(MAX_PARAMS);
    let names = names_of(plan, &candidates, &counts);
    let mut parameters = Parameters::default();
    for (candidate, (name, is_qualified)) in candidates.into_iter().zip(names) {
        parameters.by_input.insert((candidate.node, candidate.input), parameters.all.len());
        parameters.all.push(declared(plan, candidate, name, is_qualified));
    }
    parameters
}

fn candidate(plan: &Plan<'_>, id: NodeId, input: usize) -> Option<Candidate> {
    let node = plan.graph.node(id);
    let given = node.inputs().get(input)?;
    let Argument::Literal(value) = &given.value else { return None };
    let row = facts::of_input(&node.class_type, &given.name)?;
    let spec = plan.specs.get(&(id, input))?.clone();
    let value = plan.fitted(value, &spec.kind)?;
    let kind = kind(row, &spec.kind, &value)?;
    let meaning = match row.param {
        "=" => hints::meaning(plan.graph, id).or_else(|| titled(plan, id, kind)),
        _ => Some(row),
    };
    let meaning = match meaning {
        Some(row) if row.param == "prompt" && avoids(&plan.hints, plan.graph, id) => facts::negative_prompt(),
        meaning => meaning,
    };
    Some(Candidate { node: id, input, kind, value, spec, row, meaning })
}

/// What a constant means by its title, if that is the name of a parameter of its type.
fn titled(plan: &Plan<'_>, id: NodeId, kind: ParamType) -> Option<&'static Tunable> {
    let title = names::telling_title(plan.graph.node(id)).map(names::slug)?;
    let is_number = matches!(kind, ParamType::Int | ParamType::Float);
    facts::of_param(&title).filter(|row| is_number != matches!(row.kind, Some("string")))
}

/// True if a node's prompt is a negative one, by its links, or else by its title.
fn avoids(hints: &Hints, graph: &Graph, id: NodeId) -> bool {
    let title = graph.node(id).title.as_deref().unwrap_or_default();
    hints.is_negative(id) || hints.prompt(id).is_none() && title.to_lowercase().contains("negative")
}

/// The type of the parameter, if the value is one that it takes.
fn kind(row: &Tunable, input: &InputKind, value: &Value) -> Option<ParamType> {
    let file = |kind| is_file_name(value.as_str()?).then_some(kind);
    match (row.kind, input, value) {
        (Some("image"), _, Value::Str(_)) => file(ParamType::Image),
        (Some("video"), _, Value::Str(_)) => file(ParamType::Video),
        (Some("audio"), _, Value::Str(_)) => file(ParamType::Audio),
        (Some("image" | "video" | "audio"), ..) => None,
        (Some("seed"), InputKind::Int { .. }, Value::Int(seed)) if u64::try_from(*seed).is_ok() => {
            Some(ParamType::Seed)
        }
        (_, InputKind::Int { .. }, Value::Int(_)) => Some(ParamType::Int),
        (_, InputKind::Float { .. }, Value::Float(_)) => Some(ParamType::Float),
        (_, InputKind::Boolean, Value::Bool(_)) => Some(ParamType::Bool),
        (_, InputKind::String { .. }, Value::Str(_)) => Some(ParamType::String),
        _ => None,
    }
}

/// How many values there are of each name, also those that do nothing.
type Counts<'p> = FxHashMap<&'p str, usize>;

fn counts<'p>(plan: &'p Plan<'_>, candidates: &[Candidate]) -> Counts<'p> {
    let mut counts = Counts::default();
    for candidate in candidates {
        *counts.entry(bare_name(plan, candidate)).or_default() += 1;
    }
    counts
}

/// The names of the parameters, each with whether it tells the node.
///
/// One seed is `seed`; several are `sampler_high_seed`, `sampler_low_seed`.
fn names_of(plan: &Plan<'_>, candidates: &[Candidate], counts: &Counts<'_>) -> Vec<(Arc<str>, bool)> {
    let mut unique = Unique::default();
    let mut names = vec![(Arc::from(""), false); candidates.len()];
    // What has a name of its own comes first: constants with a title, and files.
    let is_first = |at: &usize| matches!(candidates[*at].row.param, "=" | "_");
    let (first, rest): (Vec<_>, Vec<_>) = (0..candidates.len()).partition(is_first);
    for at in first.into_iter().chain(rest) {
        let candidate = &candidates[at];
        let node = &*plan.names[candidate.node.index()];
        let bare = bare_name(plan, candidate);
        let is_alone = counts.get(bare) == Some(&1);
        names[at] = match bare.strip_prefix('_') {
            Some(suffix) => (unique.name(&format!("{node}_{suffix}")), true),
            None if is_first(&at) || is_alone && !unique.has(bare) => (unique.name(bare), false),
            None if node.starts_with(bare) || node.ends_with(bare) => (unique.name(node), false),
            None => (unique.name(&format!("{node}_{bare}")), true),
        };
    }
    names
}

/// What a parameter is called where it is the only one of its kind; `_strength` for what is always
/// called after its node.
fn bare_name<'p>(plan: &'p Plan<'_>, candidate: &Candidate) -> &'p str {
    match candidate.row.param {
        "=" | "_" => &plan.names[candidate.node.index()],
        _ => candidate.meaning.unwrap_or(candidate.row).param,
    }
}

fn declared(plan: &Plan<'_>, candidate: Candidate, name: Arc<str>, is_qualified: bool) -> Parameter {
    let meaning = candidate.meaning;
    let node = &plan.names[candidate.node.index()];
    let mut doc = meaning.map_or_else(String::new, |row| row.doc.to_owned());
    if candidate.row.param == "=" {
        doc.push_str(if doc.is_empty() { "" } else { ". " });
        doc.push_str(&destinations(plan, candidate.node));
    } else if is_qualified {
        let _ = write!(doc, " (`{node}`)");
    }
    doc.push('.');
    let specs: Vec<&InputSpec> = match candidate.row.param {
        "=" if meaning.is_some() => reached(plan, candidate.node).filter_map(|(_, _, spec)| spec).collect(),
        "=" => Vec::new(),
        _ => vec![&candidate.spec],
    };
    let is_number = matches!(candidate.kind, ParamType::Int | ParamType::Float);
    let (min, max) = if is_number { bounds(&specs, &candidate.value) } else { (None, None) };
    let counted = meaning.and_then(|row| row.unit).is_some_and(|unit| matches!(unit, "px" | "frames"));
    let mut grids = specs.iter().map(|spec| grid(spec, &candidate.value));
    let first = grids.next().flatten().filter(|_| counted && candidate.kind == ParamType::Int);
    let grid = first.filter(|first| grids.all(|grid| grid == Some(*first)));
    Parameter {
        name,
        kind: candidate.kind,
        unit: meaning.and_then(|row| row.unit),
        default: candidate.value,
        min,
        max,
        grid,
        doc,
    }
}

/// The inputs that a node's outputs reach: name of the node, name of the input, declaration.
fn reached<'p>(
    plan: &'p Plan<'_>,
    node: NodeId,
) -> impl Iterator<Item = (&'p str, &'p str, Option<&'p InputSpec>)> {
    plan.graph.consumers(node).filter_map(|(consumer, link)| {
        let at = link.input as usize;
        let input = plan.graph.node(consumer).inputs().get(at)?;
        Some((&*plan.names[consumer.index()], &*input.name, plan.specs.get(&(consumer, at))))
    })
}

/// Where a constant goes, as a sentence without its end.
fn destinations(plan: &Plan<'_>, node: NodeId) -> String {
    let mut all: Vec<_> =
        reached(plan, node).map(|(node, input, _)| format!("`{input}` of `{node}`")).collect();
    // The graph has its links in reverse.
    all.reverse();
    let more = all.len().saturating_sub(SHOWN_INPUTS);
    all.truncate(SHOWN_INPUTS);
    match (all.is_empty(), more) {
        (true, _) => "Given to nothing".to_owned(),
        (_, 0) => format!("Given to {}", all.join(", ")),
        _ => format!("Given to {} and {more} more", all.join(", ")),
    }
}

/// The range that all of some inputs take, if the value is in it.
fn bounds(specs: &[&InputSpec], value: &Value) -> (Option<Value>, Option<Value>) {
    let Some(number) = value.as_f64() else { return (None, None) };
    let of = |spec: &&InputSpec| match &spec.kind {
        InputKind::Int { min, max, .. } => (min.map(Value::Int), max.map(Value::Int)),
        InputKind::Float { min, max, .. } => (min.map(Value::Float), max.map(Value::Float)),
        _ => (None, None),
    };
    let telling = |bound: &Value| bound.as_f64().is_some_and(|bound| bound.abs() < LARGEST_BOUND);
    let as_f64 = |value: &Value| value.as_f64().unwrap_or_default();
    let smaller = |one: &Value, other: &Value| as_f64(one).total_cmp(&as_f64(other));
    let min = specs.iter().filter_map(|spec| of(spec).0).filter(telling).max_by(smaller);
    let max = specs.iter().filter_map(|spec| of(spec).1).filter(telling).min_by(smaller);
    (min.filter(|min| as_f64(min) <= number), max.filter(|max| as_f64(max) >= number))
}

/// The numbers that the editor's step allows, if the value is one of them.
fn grid(spec: &InputSpec, value: &Value) -> Option<Grid> {
    let (InputKind::Int { min, step: Some(step), .. }, Value::Int(value)) = (&spec.kind, value) else {
        return None;
    };
    if *step < 2 || *step > 1024 || *value < 0 {
        return None;
    }
    let offset = min.unwrap_or(0).rem_euclid(*step);
    match (value % step == offset, offset) {
        (false, _) => None,
        (true, 0) => Some(Grid::Multiple(*step)),
        (true, offset) => Some(Grid::Form(*step, offset)),
    }
}
