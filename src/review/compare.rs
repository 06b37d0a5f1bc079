//! From two workflows and the matching of their nodes to the changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::changes::{About, Change, Diff, Direction, Given, GivenInput, ModelFile, NodeName, VERSION};
use super::consequences::{consequences, plan_of};
use super::looks::LooksChange;
use super::matching::{Inputs, Matching, own_title};
use super::side::Side;
use crate::analysis::Role;
use crate::catalog::{self, Models};
use crate::ir::{Argument, Graph, Node, NodeId, Value};
use crate::plan::Plan;

/// So many steps are looked at whether their order is reversed.
const STEPS: usize = 48;

/// Compares two workflows.
#[must_use]
pub fn diff(old: &Side<'_>, new: &Side<'_>) -> Diff {
    diff_with(old, new, &Matching::new(old.graph, new.graph), [&plan_of(old), &plan_of(new)])
}

/// The same, with what is known already.
pub(super) fn diff_with(old: &Side<'_>, new: &Side<'_>, matching: &Matching, plans: [&Plan; 2]) -> Diff {
    let mut compare = Compare { old, new, matching, changes: Vec::new(), looks: LooksChange::default() };
    compare.nodes();
    compare.order();
    compare.packs();
    compare.looks.of(old, new, matching);
    let Compare { mut changes, looks, .. } = compare;
    changes.sort_by_key(Change::group);
    Diff {
        version: VERSION,
        same: changes.is_empty(),
        old: about(old),
        new: about(new),
        changes,
        looks,
        consequences: consequences((old, plans[0]), (new, plans[1]), matching),
        approximate: matching.approximate,
    }
}

fn about(side: &Side<'_>) -> About {
    About {
        name: side.name.clone(),
        kind: side.kind.to_owned(),
        nodes: side.graph.len(),
        workflows: side.workflows,
    }
}

struct Compare<'c> {
    old: &'c Side<'c>,
    new: &'c Side<'c>,
    matching: &'c Matching,
    changes: Vec<Change>,
    looks: LooksChange,
}

impl Compare<'_> {
    fn nodes(&mut self) {
        let params = Params::of(self.new);
        for (id, node) in self.old.graph.nodes() {
            if self.matching.new_of(id).is_none() {
                let stage = node.stage.as_ref().map(ToString::to_string);
                self.changes.push(Change::Removed { node: self.old_name(id), stage });
            }
        }
        for (id, node) in self.new.graph.nodes() {
            if let Some(before) = self.matching.old_of(id) {
                self.pair(before, id, &params);
                continue;
            }
            let inputs = node.inputs().iter().map(|input| GivenInput {
                input: input.name.to_string(),
                given: self.given(&input.value, false),
            });
            self.changes.push(Change::Added {
                node: self.new_name(id),
                stage: node.stage.as_ref().map(ToString::to_string),
                inputs: inputs.collect(),
            });
        }
    }

    fn pair(&mut self, before: NodeId, after: NodeId, params: &Params<'_>) {
        let (old, new) = (self.old.graph.node(before), self.new.graph.node(after));
        if old.class_type != new.class_type {
            self.changes.push(Change::Replaced {
                node: self.new_name(after),
                old: old.class_type.to_string(),
                new: new.class_type.to_string(),
            });
        }
        self.looks.renamed += usize::from(old.key != new.key);
        self.looks.retitled += usize::from(own_title(old) != own_title(new));
        let (was, now) = (Inputs::of(old), Inputs::of(new));
        for input in old.inputs().iter().filter(|input| now.get(&input.name).is_none()) {
            self.input(after, &input.name, Some(&input.value), None, params);
        }
        for input in new.inputs() {
            let given = was.get(&input.name).map(|input| &input.value);
            let is_same = given
                .is_some_and(|given| self.matching.is_same((old, given), (new, &input.value), &input.name));
            if !is_same {
                self.input(after, &input.name, given, Some(&input.value), params);
            }
        }
    }

    /// Adds the change of an input.
    fn input(
        &mut self,
        id: NodeId,
        input: &str,
        old: Option<&Argument>,
        new: Option<&Argument>,
        params: &Params<'_>,
    ) {
        let literal = |given: Option<&Argument>| match given {
            Some(Argument::Literal(value)) => Ok(Some(value.clone())),
            Some(Argument::Link { .. }) => Err(()),
            None => Ok(None),
        };
        let (node, name) = (self.new_name(id), input.to_owned());
        let (Ok(was), Ok(now)) = (literal(old), literal(new)) else {
            let old = old.map(|given| self.given(given, true));
            let new = new.map(|given| self.given(given, false));
            self.changes.push(Change::Link { node, input: name, old, new });
            return;
        };
        let file = |value: &Option<Value>| {
            model_file(self.new.graph.node(id), input, value.as_ref()?, self.new.models)
        };
        if let (Some(old), Some(new)) = (file(&was), file(&now)) {
            self.changes.push(Change::Model { node, input: name, old, new });
            return;
        }
        let (direction, ratio) = proportion(was.as_ref(), now.as_ref());
        let param = params.of_input(id, input);
        self.changes.push(Change::Parameter {
            node,
            input: name,
            old: was,
            new: now,
            direction,
            ratio,
            unit: param.and_then(|param| params.unit(param)),
            param: param.map(ToString::to_string),
        });
    }

    /// What an input of one side is given, with the names of both.
    fn given(&self, given: &Argument, is_old: bool) -> Given {
        match given {
            Argument::Literal(value) => Given::Value(value.clone()),
            Argument::Link { from, slot } => {
                let side = if is_old { self.old } else { self.new };
                let class = side.graph.node(*from).class.as_ref();
                let output = class.and_then(|class| class.outputs.get(*slot as usize));
                Given::Output {
                    node: if is_old { self.old_name(*from) } else { self.new_name(*from) },
                    slot: *slot,
                    name: output.map(|output| output.name.to_string()),
                }
            }
        }
    }

    fn old_name(&self, id: NodeId) -> NodeName {
        let after = self.matching.new_of(id).map(|after| self.new.graph.node(after).key.to_string());
        let node = self.old.graph.node(id);
        NodeName { old: Some(node.key.to_string()), new: after, ..name(node) }
    }

    fn new_name(&self, id: NodeId) -> NodeName {
        let before = self.matching.old_of(id).map(|before| self.old.graph.node(before).key.to_string());
        let node = self.new.graph.node(id);
        NodeName { old: before, new: Some(node.key.to_string()), ..name(node) }
    }

    /// Steps whose order is reversed. Only links can do that.
    fn order(&mut self) {
        let stages = |side: &Side<'_>| side.manifest.map(|manifest| manifest.graph.stages.clone());
        if let (Some(old), Some(new)) = (stages(self.old), stages(self.new))
            && old != new
        {
            self.changes.push(Change::Stages { old, new });
        }
        let is_wired = |change: &Change| {
            matches!(change, Change::Link { .. } | Change::Added { .. } | Change::Replaced { .. })
        };
        if !self.changes.iter().any(is_wired) {
            return;
        }
        let steps = self.new.graph.nodes().filter(|(_, node)| Role::of(&node.class_type).is_some());
        let pairs = steps.filter_map(|(after, _)| Some((self.matching.old_of(after)?, after)));
        let pairs: Vec<(NodeId, NodeId)> = pairs.take(STEPS).collect();
        let needs = |graph: &Graph, nodes: Vec<NodeId>| -> Vec<Vec<bool>> {
            nodes.into_iter().map(|node| graph.ancestors([node])).collect()
        };
        let before = needs(self.old.graph, pairs.iter().map(|(before, _)| *before).collect());
        let after = needs(self.new.graph, pairs.iter().map(|(_, after)| *after).collect());
        let has = |ancestors: &[bool], node: NodeId| ancestors.get(node.index()).copied().unwrap_or_default();
        for (second, ((id_before, id_after), needed)) in pairs.iter().zip(&before).enumerate() {
            for (first, (first_before, first_after)) in pairs.iter().enumerate() {
                let came_first = first != second && has(needed, *first_before);
                let now_needs = after.get(first).is_some_and(|ancestors| has(ancestors, *id_after));
                let was_circle = before.get(first).is_some_and(|ancestors| has(ancestors, *id_before));
                if came_first && now_needs && !was_circle {
                    let (first, second) = (self.new_name(*first_after), self.new_name(*id_after));
                    self.changes.push(Change::Reordered { first, second });
                }
            }
        }
    }

    fn packs(&mut self) {
        let (old, new) = (packs(self.old.graph), packs(self.new.graph));
        for (pack, classes) in new.iter().filter(|(pack, _)| !old.contains_key(*pack)) {
            let classes = classes.iter().map(ToString::to_string).collect();
            self.changes.push(Change::PackNeeded { pack: pack.to_string(), classes });
        }
        for pack in old.keys().filter(|pack| !new.contains_key(*pack)) {
            self.changes.push(Change::PackUnneeded { pack: pack.to_string() });
        }
    }
}

fn name(node: &Node) -> NodeName {
    NodeName {
        old: None,
        new: None,
        class_type: node.class_type.to_string(),
        title: own_title(node).map(ToOwned::to_owned),
    }
}

/// The node packs of a workflow and the classes used from each.
fn packs(graph: &Graph) -> BTreeMap<Arc<str>, BTreeSet<Arc<str>>> {
    let mut packs: BTreeMap<Arc<str>, BTreeSet<Arc<str>>> = BTreeMap::new();
    for class in graph.nodes().filter_map(|(_, node)| node.class.as_ref()) {
        packs.entry(class.pack.clone()).or_default().insert(class.name.clone());
    }
    packs
}

/// The model file that a value names, if it does.
fn model_file(node: &Node, input: &str, value: &Value, models: &Models) -> Option<ModelFile> {
    let folder = node.class.as_ref()?.input(input)?.kind.folder()?;
    let file = value.as_str().filter(|file| folder != "input" && file.contains('.'))?;
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    if let Some(known) = models.by_file(file) {
        let (family, role) = (text(&known.family), text(&known.role));
        return Some(ModelFile {
            file: file.to_owned(),
            family,
            role,
            dtype: known.dtype,
            bytes: known.bytes,
        });
    }
    let (family, role) = catalog::by_name(file).unwrap_or_default();
    Some(ModelFile {
        file: file.to_owned(),
        family: text(family),
        role: text(role),
        dtype: None,
        bytes: None,
    })
}

/// Of two numbers, whether they grow, and how much.
fn proportion(old: Option<&Value>, new: Option<&Value>) -> (Option<Direction>, Option<f64>) {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    let (Some(old), Some(new)) = (number(old), number(new)) else { return (None, None) };
    let direction = match new.total_cmp(&old) {
        std::cmp::Ordering::Greater => Some(Direction::Up),
        std::cmp::Ordering::Less => Some(Direction::Down),
        std::cmp::Ordering::Equal => None,
    };
    let ratio = new / old;
    (direction, Some(ratio).filter(|ratio| ratio.is_finite() && *ratio > 0.0))
}

/// The parameters of a preset: what they reach, and in which unit they are.
#[derive(Default)]
struct Params<'g> {
    reached: FxHashMap<(NodeId, &'g str), &'g Arc<str>>,
    units: BTreeMap<&'g str, &'g str>,
}

impl<'g> Params<'g> {
    fn of(side: &'g Side<'_>) -> Self {
        let mut params = Self::default();
        for binding in side.graph.bindings().iter().filter(|binding| !binding.computed) {
            let input = side.graph.node(binding.node).inputs().get(binding.input as usize);
            if let Some(input) = input {
                params.reached.insert((binding.node, &input.name), &binding.param);
            }
        }
        let Some(manifest) = side.manifest else { return params };
        let fields = manifest.interface.inputs.get("properties").and_then(serde_json::Value::as_object);
        for (field, schema) in fields.into_iter().flatten() {
            let param = manifest.interface.bindings.get(field).and_then(|binding| binding.get("param"));
            let param = param.and_then(serde_json::Value::as_str).unwrap_or(field);
            if let Some(unit) = schema.get("x-unit").and_then(serde_json::Value::as_str) {
                params.units.insert(param, unit);
            }
        }
        params
    }

    fn of_input(&self, id: NodeId, input: &str) -> Option<&Arc<str>> {
        self.reached.get(&(id, input)).copied()
    }

    fn unit(&self, param: &str) -> Option<String> {
        self.units.get(param).map(ToString::to_string)
    }
}
