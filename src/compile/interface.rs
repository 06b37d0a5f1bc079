//! The interface of a compiled workflow: what a request may set in it, and what it takes to do so.

use serde_json::{Map, Value as Json, json};

use super::Job;
use crate::back::api::Ids;
use crate::back::manifest::{self, Binding, Change, Computed, Constraint, Interface, Reached, Switch};
use crate::check::Checked;
use crate::front::toml::graph::{Param, ParamType};
use crate::ir::{Graph, Value};
use crate::lower::request;

/// The values of the workflow that are computed.
#[derive(Default)]
struct Computations {
    all: Vec<Computed>,
    /// Parameters that others are computed from which cannot be judged without a compilation.
    unjudged: Vec<usize>,
}

impl Job<'_> {
    /// What a request may set in the workflow that was compiled last.
    pub(super) fn interface(&self, checked: &Checked, ids: Ids) -> Interface {
        let graph = checked.graph();
        let params = &self.loaded.graph.params;
        let computations = self.computations(graph, ids);
        let (mut bindings, mut properties, mut required) = (Map::new(), Map::new(), Vec::new());
        for field in &self.fields {
            let Some((name, param)) = params.iter().nth(field.param) else { continue };
            let (binding, schema) = self.field(field, &name.value, param, (graph, ids), &computations);
            bindings.insert(field.name.to_string(), binding.to_json());
            properties.insert(field.name.to_string(), schema);
            if field.required {
                required.push(field.name.to_string());
            }
        }
        let values = params.names().zip(self.values.iter());
        let switches = self.template().deciding(&self.values, self.sources);
        let constraints = self.template().constraints();
        Interface {
            inputs: json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            }),
            bindings,
            values: values.map(|(name, value)| (name.to_owned(), value.to_json())).collect(),
            computed: computations.all,
            constraints: constraints
                .map(|(rule, _, message)| Constraint { rule: rule.to_string(), message: message.to_string() })
                .collect(),
            switches: switches
                .iter()
                .map(|switch| Switch { rule: switch.rule.to_string(), gives: switch.gives.to_json() })
                .collect(),
        }
    }

    /// What a field reaches, and the schema of its values.
    fn field(
        &self,
        field: &request::Field,
        name: &str,
        param: &Param,
        (graph, ids): (&Graph, Ids),
        computations: &Computations,
    ) -> (Binding, Json) {
        let value = &self.values.get(field.param).value;
        let mut binding = Binding {
            param: (*field.name != *name).then(|| name.to_owned()),
            set: Vec::new(),
            computed: Vec::new(),
            change: Change::Set,
        };
        let mut narrowed = param.clone();
        let is_list = matches!(value, Value::List(_) | Value::Map(_));
        let mut is_bindable = !is_list && !computations.unjudged.contains(&field.param);
        for reached in graph.bindings().iter().filter(|binding| *binding.param == *name) {
            let node = graph.node(reached.node);
            let input = &node.inputs()[reached.input as usize].name;
            let pointer = manifest::pointer(graph, reached.node, input, ids);
            if reached.computed {
                binding.computed.push(pointer);
                continue;
            }
            binding.set.push(pointer);
            let reached = Reached::of(node, input);
            is_bindable &= !reached.is_compared;
            is_bindable &=
                reached.spec.is_none_or(|spec| request::narrow(&mut narrowed, &spec, reached.unchecked));
        }
        let mut schema = request::schema(if is_bindable { &narrowed } else { param }, value);
        if !is_bindable {
            schema["const"] = value.to_json();
            binding.change = Change::Build;
        } else if !binding.computed.is_empty() || self.is_judged_with_others(field.param) {
            binding.change = Change::Bind;
            self.limit_to_kept(field.param, param, &mut schema);
        }
        (binding, schema)
    }

    /// True if a constraint or a switch reads the parameter.
    fn is_judged_with_others(&self, param: usize) -> bool {
        self.template().constraints().any(|(_, reads, _)| reads.contains(&param))
            || self.template().shapes(param)
    }

    /// Where some of a few values would change which nodes there are, the schema says which do not.
    fn limit_to_kept(&self, index: usize, param: &Param, schema: &mut Json) {
        let values: Vec<Value> = match param.kind.get() {
            ParamType::Bool => vec![Value::Bool(false), Value::Bool(true)],
            ParamType::Choice => {
                param.choices.iter().flatten().map(|choice| Value::Str(choice.get().clone())).collect()
            }
            _ => return,
        };
        let keeps = |value: &&Value| self.template().keeps_nodes(index, value, &self.values, self.sources);
        let kept: Vec<Json> = values.iter().filter(keeps).map(Value::to_json).collect();
        if kept.len() < values.len() {
            schema["allOf"] = json!([{"enum": kept}]);
        }
    }

    fn computations(&self, graph: &Graph, ids: Ids) -> Computations {
        let mut computations = Computations::default();
        let decided =
            self.decisions.as_ref().map(|decisions| self.template().computed(&self.values, decisions));
        for computed in decided.into_iter().flatten() {
            let Some(node) = graph.find(&computed.node) else { continue };
            let pointer = manifest::pointer(graph, node, computed.input, ids);
            let Some(notation) = Reached::of(graph.node(node), computed.input).notation() else {
                computations.unjudged.extend(computed.reads);
                continue;
            };
            let item = computed.item.map(|item| item.to_json());
            let same = |known: &&mut Computed| {
                known.expr == **computed.expr && known.input == notation && known.item == item
            };
            match computations.all.iter_mut().find(same) {
                Some(known) => known.at.push(pointer),
                None => computations.all.push(Computed {
                    at: vec![pointer],
                    expr: computed.expr.to_string(),
                    item,
                    input: notation,
                }),
            }
        }
        computations
    }
}
