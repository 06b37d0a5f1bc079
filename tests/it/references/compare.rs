//! Compares two workflows as graphs: node ids, the order of inputs, and how a number is spelled
//! do not count; everything else does.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::workflow::{Input, Workflow};

/// A number for every distinct subgraph: two nodes get the same one if and only if their classes,
/// their literals and everything they depend on are the same.
#[derive(Default)]
struct Forms {
    known: BTreeMap<String, usize>,
}

impl Forms {
    /// The numbers of all nodes of `workflow`, by id.
    fn of(&mut self, workflow: &Workflow) -> BTreeMap<String, usize> {
        let mut numbers = BTreeMap::new();
        for id in workflow.keys() {
            self.number(workflow, id, &mut numbers);
        }
        numbers
    }

    fn number(&mut self, workflow: &Workflow, id: &str, numbers: &mut BTreeMap<String, usize>) -> usize {
        if let Some(&number) = numbers.get(id) {
            return number;
        }
        // A link back to here would find this instead of running in a circle.
        numbers.insert(id.to_owned(), usize::MAX);
        let node = &workflow[id];
        let mut form = format!("{:?}", node.class);
        for (name, input) in &node.inputs {
            let value = match input {
                Input::Link(from, slot) => format!("#{}:{slot}", self.number(workflow, from, numbers)),
                Input::Literal(value) => literal(value),
            };
            form.extend([" ", name, "=", &value]);
        }
        let next = self.known.len();
        let number = *self.known.entry(form).or_insert(next);
        numbers.insert(id.to_owned(), number);
        number
    }
}

/// A value in the one spelling that equal values share.
fn literal(value: &Json) -> String {
    match value {
        Json::Number(number) => match (number.as_i128(), number.as_f64()) {
            // Beyond this a float no longer holds every whole number; seeds are there.
            (Some(whole), _) if whole.unsigned_abs() > 1 << 53 => whole.to_string(),
            (_, Some(float)) => {
                let short: f64 = format!("{float:.11e}").parse().expect("a float prints as a float");
                (short + 0.0).to_string()
            }
            _ => number.to_string(),
        },
        Json::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// An input as a report shows it.
pub(super) fn show(input: Option<&Input>) -> String {
    match input {
        None => "nothing".to_owned(),
        Some(Input::Link(from, slot)) => format!("output {slot} of `{from}`"),
        Some(Input::Literal(value)) => {
            let text = value.to_string();
            let short: String = text.chars().take(80).collect();
            if short.len() < text.len() { format!("{short}…") } else { short }
        }
    }
}

/// What is different, a line each; nothing if and only if the workflows are the same graph.
pub(super) fn differences(
    reference: &Workflow,
    ours: &Workflow,
    is_output: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let mut forms = Forms::default();
    let numbers = [forms.of(reference), forms.of(ours)];
    let [mut one, mut other]: [Vec<_>; 2] = numbers.map(|numbers| numbers.into_values().collect());
    one.sort_unstable();
    other.sort_unstable();
    if one == other {
        return Vec::new();
    }
    let mut pairing = Pairing { reference, ours, pairs: BTreeSet::new(), found: Vec::new() };
    let outputs = [reference, ours].map(|workflow| outputs(workflow, is_output));
    for (theirs, ours) in outputs[0].iter().zip(&outputs[1]) {
        pairing.walk(theirs, ours);
    }
    pairing.finish()
}

/// The ids of the output nodes in an order that does not depend on ids.
fn outputs(workflow: &Workflow, is_output: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut outputs: Vec<_> = workflow
        .iter()
        .filter(|(_, node)| is_output(&node.class))
        .map(|(id, node)| (&node.class, show(node.inputs.get("filename_prefix")), id))
        .collect();
    outputs.sort_unstable();
    outputs.into_iter().map(|(_, _, id)| id.clone()).collect()
}

/// Nodes that stand for each other, found from the outputs upwards.
struct Pairing<'w> {
    reference: &'w Workflow,
    ours: &'w Workflow,
    pairs: BTreeSet<(&'w str, &'w str)>,
    found: Vec<String>,
}

impl Pairing<'_> {
    fn walk(&mut self, their_id: &str, our_id: &str) {
        let (Some((their_id, theirs)), Some((our_id, ours))) =
            (self.reference.get_key_value(their_id), self.ours.get_key_value(our_id))
        else {
            return;
        };
        if !self.pairs.insert((their_id, our_id)) {
            return;
        }
        if theirs.class != ours.class {
            self.found.push(format!(
                "class: `{their_id}` of the reference is a {}, our `{our_id}` a {}",
                theirs.class, ours.class
            ));
            return;
        }
        let names: BTreeSet<_> = theirs.inputs.keys().chain(ours.inputs.keys()).collect();
        for name in names {
            let values = (theirs.inputs.get(name), ours.inputs.get(name));
            let same = match values {
                (Some(Input::Link(from, slot)), Some(Input::Link(our_from, our_slot))) => {
                    self.walk(from, our_from);
                    slot == our_slot
                }
                (Some(Input::Literal(one)), Some(Input::Literal(other))) => literal(one) == literal(other),
                _ => false,
            };
            if !same {
                self.found.push(format!(
                    "{}.{name}: {} in the reference (`{their_id}`), {} in ours (`{our_id}`)",
                    ours.class,
                    show(values.0),
                    show(values.1),
                ));
            }
        }
    }

    fn finish(mut self) -> Vec<String> {
        let lone = |workflow: &Workflow, whose: &str, paired: &BTreeSet<&str>| -> Vec<String> {
            let lone = workflow.iter().filter(|(id, _)| !paired.contains(id.as_str()));
            lone.map(|(id, node)| format!("{}: `{id}` is only in {whose}", node.class)).collect()
        };
        let (theirs, ours): (BTreeSet<_>, BTreeSet<_>) = self.pairs.iter().copied().unzip();
        self.found.extend(lone(self.reference, "the reference", &theirs));
        self.found.extend(lone(self.ours, "ours", &ours));
        for (id, side) in theirs.iter().map(|id| (id, 0)).chain(ours.iter().map(|id| (id, 1))) {
            let partners: Vec<_> = self
                .pairs
                .iter()
                .filter_map(|&(theirs, ours)| match side {
                    0 => (theirs == *id).then_some(ours),
                    _ => (ours == *id).then_some(theirs),
                })
                .collect();
            if partners.len() > 1 {
                let whose = if side == 0 { "of the reference" } else { "of ours" };
                self.found.push(format!("`{id}` {whose} stands for several nodes: {}", partners.join(", ")));
            }
        }
        self.found
    }
}
