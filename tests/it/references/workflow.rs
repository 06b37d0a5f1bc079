//! Workflows as plain data for comparison: reading, folding of constants, and what is alive.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

/// Nodes by id.
pub(super) type Workflow = BTreeMap<String, Node>;

/// A node without what only the editor shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) class: String,
    pub(super) inputs: BTreeMap<String, Input>,
}

/// What an input is given.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Input {
    /// Output slot of another node.
    Link(String, u64),
    /// A value.
    Literal(Json),
}

/// Reads a workflow in API format.
pub(super) fn read(text: &str) -> Workflow {
    let json: Json = serde_json::from_str(text).expect("a workflow is JSON");
    let nodes = json.as_object().expect("a workflow is an object of nodes");
    nodes.iter().map(|(id, body)| (id.clone(), node(body))).collect()
}

fn node(body: &Json) -> Node {
    let class = body["class_type"].as_str().expect("a node has a class").to_owned();
    let inputs = body["inputs"].as_object().expect("a node has inputs");
    Node { class, inputs: inputs.iter().map(|(name, value)| (name.clone(), input(value))).collect() }
}

fn input(value: &Json) -> Input {
    match value.as_array().map(Vec::as_slice) {
        Some([Json::String(from), Json::Number(slot)]) => {
            Input::Link(from.clone(), slot.as_u64().expect("slots count from 0"))
        }
        _ => Input::Literal(value.clone()),
    }
}

/// The ids of all nodes that an output depends on.
pub(super) fn live(workflow: &Workflow, is_output: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let mut open: Vec<&str> =
        workflow.iter().filter(|(_, node)| is_output(&node.class)).map(|(id, _)| id.as_str()).collect();
    let mut live = BTreeSet::new();
    while let Some(id) = open.pop() {
        if live.insert(id.to_owned()) {
            open.extend(workflow[id].inputs.values().filter_map(|input| match input {
                Input::Link(from, _) => Some(from.as_str()),
                Input::Literal(_) => None,
            }));
        }
    }
    live
}

/// Makes one node of those of `classes` that have the same inputs, until there are none. Gives the classes
/// of which no two nodes were the same.
pub(super) fn merge<'c>(workflow: &mut Workflow, classes: &[&'c str]) -> Vec<&'c str> {
    let mut left = classes.to_vec();
    loop {
        let mut kept: Vec<(&String, &Node)> = Vec::new();
        let mut renamed: BTreeMap<String, String> = BTreeMap::new();
        for (id, node) in workflow.iter().filter(|(_, node)| classes.contains(&node.class.as_str())) {
            match kept.iter().find(|(_, known)| *known == node) {
                Some((same, _)) => _ = renamed.insert(id.clone(), (*same).clone()),
                None => kept.push((id, node)),
            }
        }
        if renamed.is_empty() {
            return left;
        }
        left.retain(|class| !renamed.keys().any(|id| workflow[id].class == *class));
        workflow.retain(|id, _| !renamed.contains_key(id));
        for input in workflow.values_mut().flat_map(|node| node.inputs.values_mut()) {
            if let Input::Link(from, _) = input
                && let Some(same) = renamed.get(from)
            {
                from.clone_from(same);
            }
        }
    }
}

/// Replaces the nodes of `classes` by what they give: constants by their value, switches by the
/// input they choose, expressions by their result. `booleans` overrides every `PrimitiveBoolean`.
pub(super) fn fold(workflow: &Workflow, classes: &[&str], booleans: Option<bool>) -> Workflow {
    let folder = Folder { workflow, classes, booleans };
    let kept = workflow.iter().filter(|(_, node)| !classes.contains(&node.class.as_str()));
    kept.map(|(id, node)| {
        let inputs = node.inputs.iter().map(|(name, input)| (name.clone(), folder.resolve(input)));
        (id.clone(), Node { class: node.class.clone(), inputs: inputs.collect() })
    })
    .collect()
}

struct Folder<'w> {
    workflow: &'w Workflow,
    classes: &'w [&'w str],
    booleans: Option<bool>,
}

impl Folder<'_> {
    fn resolve(&self, input: &Input) -> Input {
        let Input::Link(from, slot) = input else { return input.clone() };
        let node = &self.workflow[from];
        if !self.classes.contains(&node.class.as_str()) {
            return input.clone();
        }
        match node.class.as_str() {
            "PrimitiveBoolean" if self.booleans.is_some() => Input::Literal(self.booleans.into()),
            "PrimitiveInt"
            | "PrimitiveFloat"
            | "PrimitiveBoolean"
            | "PrimitiveStringMultiline"
            | "INTConstant"
            | "FloatConstant" => self.resolve(&node.inputs["value"]),
            "ComfySwitchNode" => match self.resolve(&node.inputs["switch"]) {
                Input::Literal(Json::Bool(true)) => self.resolve(&node.inputs["on_true"]),
                Input::Literal(Json::Bool(false)) => self.resolve(&node.inputs["on_false"]),
                other => panic!("the switch `{from}` is not known: {other:?}"),
            },
            "ComfyMathExpression" => {
                let Input::Literal(Json::String(expression)) = &node.inputs["expression"] else {
                    panic!("`{from}` has no expression");
                };
                let result = evaluate(expression, &|name| self.number(node, name));
                // Slot 1 is the result as a whole number.
                Input::Literal(if *slot == 1 { result.trunc() } else { result }.into())
            }
            class => panic!("do not know what a {class} gives"),
        }
    }

    fn number(&self, node: &Node, name: &str) -> f64 {
        match self.resolve(&node.inputs[&format!("values.{name}")]) {
            Input::Literal(value) => value.as_f64().expect("an expression takes numbers"),
            Input::Link(from, _) => panic!("the value of `{name}` comes from `{from}` at run time"),
        }
    }
}

/// Evaluates `+ - * /`, parentheses, `floor`, numbers and variables.
pub(super) fn evaluate(expression: &str, variable: &dyn Fn(&str) -> f64) -> f64 {
    let mut parser = Parser { rest: expression, variable };
    let result = parser.sum();
    assert!(parser.rest.trim().is_empty(), "`{}` is left over of `{expression}`", parser.rest);
    result
}

struct Parser<'e> {
    rest: &'e str,
    variable: &'e dyn Fn(&str) -> f64,
}

impl<'e> Parser<'e> {
    fn eat(&mut self, symbol: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(symbol);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn word(&mut self) -> &'e str {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '.' && c != '_').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        self.rest = after;
        word
    }

    fn sum(&mut self) -> f64 {
        let mut result = self.product();
        loop {
            if self.eat('+') {
                result += self.product();
            } else if self.eat('-') {
                result -= self.product();
            } else {
                return result;
            }
        }
    }

    fn product(&mut self) -> f64 {
        let mut result = self.atom();
        loop {
            if self.eat('*') {
                result *= self.atom();
            } else if self.eat('/') {
                result /= self.atom();
            } else {
                return result;
            }
        }
    }

    fn atom(&mut self) -> f64 {
        if self.eat('(') {
            let result = self.sum();
            assert!(self.eat(')'), "`)` is missing before `{}`", self.rest);
            return result;
        }
        match self.word() {
            "floor" => self.atom().floor(),
            word => word.parse().unwrap_or_else(|_| (self.variable)(word)),
        }
    }
}
