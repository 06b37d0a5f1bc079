//! The part of a manifest that requests are applied with: what they may set, where that stands in the
//! workflow, what is computed from it, and what must hold for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::back::api::{self, Ids};
use crate::catalog::{Demand, InputKind, InputSpec};
use crate::ir::{Argument, Graph, Node, NodeId, Value as Literal};

/// The parameters and what they reach.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Interface {
    /// JSON Schema of a request: its fields with types, ranges and defaults, which are the values as built.
    pub inputs: Value,
    /// Field → what it reaches, in declared order: a binding each.
    #[schemars(with = "Bindings")]
    pub bindings: Map<String, Value>,
    /// Parameter → its value as built, for all parameters of the graph.
    pub values: Map<String, Value>,
    /// The values in the workflow that are computed from parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub computed: Vec<Computed>,
    /// What must hold for the parameters of any workflow of this graph.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<Constraint>,
    /// What decides which nodes there are. A request that changes one needs a new compilation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<Switch>,
}

impl Interface {
    /// That of a workflow without parameters: a request sets nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            inputs: serde_json::json!({"type": "object", "additionalProperties": false, "properties": {}}),
            bindings: Map::new(),
            values: Map::new(),
            computed: Vec::new(),
            constraints: Vec::new(),
            switches: Vec::new(),
        }
    }
}

/// For the schema alone: a table of bindings.
#[derive(JsonSchema)]
#[schemars(transparent)]
struct Bindings(
    #[expect(dead_code, reason = "only its type is looked at")] std::collections::BTreeMap<String, Binding>,
);

/// What a field of a request reaches.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Binding {
    /// The parameter of the graph, where the field has another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// JSON pointers into the workflow at which the value stands. Where a number is written as a float
    /// (`24.0`), another one is, too.
    pub set: Vec<String>,
    /// JSON pointers at which a value stands that was computed from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub computed: Vec<String>,
    /// What it takes to give it another value.
    pub change: Change,
}

/// What it takes to give a field another value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Any program: check the value against the schema, and put it where `set` says.
    Set,
    /// `wfc bind`: values are computed from it, or constraints or switches read it.
    Bind,
    /// `wfc build --set`: it decides which nodes there are. The schema takes the value as built alone.
    Build,
}

/// A value that is computed from parameters.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Computed {
    /// JSON pointers at which it stands.
    pub at: Vec<String>,
    /// The expression that gives it.
    pub expr: String,
    /// What the expression sees as `item`, where nodes are repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Value>,
    /// What the input takes, in ComfyUI's notation: `[type, options]`.
    pub input: Value,
}

/// What must hold for the parameters.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Constraint {
    /// An expression that must be true.
    pub rule: String,
    /// Why it must be true.
    pub message: String,
}

/// What decides whether there are nodes, or how many.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Switch {
    /// The expression.
    pub rule: String,
    /// What it gives in this workflow: true or false, or how many times.
    pub gives: Value,
}

impl Binding {
    /// The binding as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// The JSON pointer of an input of a compiled workflow.
#[must_use]
pub fn pointer(graph: &Graph, node: NodeId, input: &str, ids: Ids) -> String {
    format!("/{}/inputs/{}", escape(&api::id(graph, node, ids)), escape(input))
}

/// A reference token of a JSON pointer (RFC 6901).
fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// What the server looks at in an input.
#[derive(Clone, Debug)]
pub struct Reached {
    /// The input's declaration; nothing for one that the class does not declare, at which nobody looks.
    pub spec: Option<InputSpec>,
    /// True if the server leaves range and list of it to the class.
    pub unchecked: bool,
    /// True if the class compares it with other inputs, so that it cannot be judged alone.
    pub is_compared: bool,
}

impl Reached {
    /// Looks at an input of a node.
    #[must_use]
    pub fn of(node: &Node, input: &str) -> Self {
        let selected = |name: &str| match &node.input(name)?.value {
            Argument::Literal(Literal::Str(text)) => Some(text.clone()),
            _ => None,
        };
        let class = node.class.as_deref();
        let specs = class.map(|class| class.expanded_inputs(&selected));
        let spec = specs.iter().flat_map(|specs| specs.iter()).find(|spec| *spec.name == *input).cloned();
        let own = class.and_then(|class| class.own_check.as_ref()).filter(|own| own.covers(input));
        let compares = |demand| {
            matches!(
                demand,
                Demand::TileLargerThanStride | Demand::NotAllZero | Demand::AspectRatio | Demand::TaskId
            )
        };
        // A selector is not among the expanded inputs while its value selects nothing.
        let is_selector = class
            .and_then(|class| class.input(input))
            .is_some_and(|spec| matches!(spec.kind, InputKind::DynamicCombo(_)));
        Self {
            spec,
            unchecked: own.is_some(),
            is_compared: is_selector || own.is_some_and(|own| compares(own.demand)),
        }
    }

    /// The declaration in ComfyUI's notation; nothing if another value cannot be judged by it.
    #[must_use]
    pub fn notation(&self) -> Option<Value> {
        if self.is_compared {
            return None;
        }
        let Some(spec) = &self.spec else { return Some(json!(["*"])) };
        let fits = |number: &i128| i64::try_from(*number).is_ok() || u64::try_from(*number).is_ok();
        let whole = |number: Option<i128>| number.filter(fits).map(|number| Literal::Int(number).to_json());
        let float = |number: Option<f64>| number.map(Value::from);
        let (min, max) = match &spec.kind {
            _ if self.unchecked => (None, None),
            InputKind::Int { min, max, .. } => (whole(*min), whole(*max)),
            InputKind::Float { min, max, .. } => (float(*min), float(*max)),
            InputKind::Link(_) => (float(spec.bounds.min), float(spec.bounds.max)),
            _ => (None, None),
        };
        let mut options = Map::new();
        options.extend(min.map(|min| ("min".to_owned(), min)));
        options.extend(max.map(|max| ("max".to_owned(), max)));
        let name = match &spec.kind {
            InputKind::Autogrow(_) | InputKind::DynamicCombo(_) => return None,
            InputKind::MatchType { allowed, .. } if !allowed.contains([',', '*']) => return None,
            InputKind::Combo(combo) if combo.multiselect => return None,
            InputKind::Combo(combo) => {
                // Which files a server has is not known before it runs the workflow.
                let choices = combo.options.as_deref().filter(|_| !self.unchecked && combo.folder.is_none());
                options.extend(choices.map(|choices| ("options".to_owned(), choices.into())));
                "COMBO"
            }
            kind => kind.type_name(),
        };
        Some(if options.is_empty() { json!([name]) } else { json!([name, options]) })
    }
}
