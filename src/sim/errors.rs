//! The errors of `POST /prompt`, in the server's words, from the findings of our check gate.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use super::{Config, Version};
use super::{not_numbers, python};
use crate::catalog::Catalog;
use crate::diag::Diagnostic;
use crate::ir::{Argument, Graph, NodeId};

/// Lists that are longer are not sent back.
const MAX_LISTED: usize = 20;

/// An error of the whole answer.
pub(super) fn error(kind: &str, message: &str, details: &str, extra_info: &Value) -> Value {
    json!({ "type": kind, "message": message, "details": details, "extra_info": extra_info })
}

/// A node has no class.
pub(super) fn no_class_type(id: &str, node: &Value, version: Version) -> Value {
    let details = format!("Node ID '#{id}'");
    if version == Version::V0_3_64 {
        let message = "Cannot execute because a node is missing the class_type property.";
        return error("invalid_prompt", message, &details, &json!({}));
    }
    let title = title(node).filter(|title| !title.is_null());
    let shown = title.map_or_else(|| format!("ID #{id}"), python::text);
    let message = format!(
        "Node '{shown}' has no class_type. The workflow may be corrupted or a custom node is missing."
    );
    let extra_info = json!({ "node_id": id, "class_type": null, "node_title": title });
    error("missing_node_type", &message, &details, &extra_info)
}

/// A class does not exist.
pub(super) fn missing_class(id: &str, node: &Value, class_type: &Value, version: Version) -> Value {
    let details = format!("Node ID '#{id}'");
    let name = python::text(class_type);
    if version == Version::V0_3_64 {
        let message = format!("Cannot execute because node {name} does not exist.");
        return error("invalid_prompt", &message, &details, &json!({}));
    }
    let title = title(node).unwrap_or(class_type);
    let shown = python::text(title);
    let message = format!("Node '{shown}' not found. The custom node may not be installed.");
    let extra_info = json!({ "node_id": id, "class_type": class_type, "node_title": title });
    error("missing_node_type", &message, &details, &extra_info)
}

fn title(node: &Value) -> Option<&Value> {
    node.get("_meta")?.get("title")
}

/// There is nothing to run.
pub(super) fn no_outputs() -> Value {
    error("prompt_no_outputs", "Prompt has no outputs", "", &json!({}))
}

/// No output is valid. The details are the errors of the output nodes themselves, so that they are empty where the fault
/// lies above them.
pub(super) fn all_failed(outputs: &[&str], node_errors: &Map<String, Value>) -> Value {
    let errors =
        outputs.iter().filter_map(|output| node_errors.get(*output)?.get("errors")?.as_array()).flatten();
    let lines: Vec<String> = errors
        .map(|error| format!("{}: {}", python::text(&error["message"]), python::text(&error["details"])))
        .collect();
    let message = "Prompt outputs failed validation";
    error("prompt_outputs_failed_validation", message, &lines.join("\n"), &json!({}))
}

/// The errors that the server makes of a finding.
pub(super) fn of(
    problem: &Diagnostic,
    graph: &Graph,
    prompt: &Value,
    catalog: &Catalog,
    config: &Config,
) -> Vec<Value> {
    let made = problem.server_errors().filter_map(|(key, kind, input)| {
        let node = graph.find(key?)?;
        let at = At { problem, graph, prompt, catalog, config, node, input };
        Some(at.error(kind))
    });
    made.collect()
}

/// A finding at its place.
struct At<'a> {
    problem: &'a Diagnostic,
    graph: &'a Graph,
    prompt: &'a Value,
    catalog: &'a Catalog,
    config: &'a Config,
    node: NodeId,
    /// The input that the answer names.
    input: Option<&'a str>,
}

impl At<'_> {
    fn error(&self, kind: &'static str) -> Value {
        let input = self.input.unwrap_or_default();
        let value = self.received(self.node, input);
        let (input_type, options) = self.declared(self.node, input);
        let config = json!([input_type, options]);
        let with_value = json!({ "input_name": input, "input_config": config, "received_value": value });
        match kind {
            "required_input_missing" => {
                // Of inputs that grow, the details have the last part of the name.
                let last = input.rsplit('.').next().unwrap_or(input);
                error(kind, "Required input is missing", last, &json!({ "input_name": input }))
            }
            "bad_linked_input" => {
                let message = "Bad linked input, must be a length-2 list of [node_id, slot_index]";
                error(kind, message, input, &with_value)
            }
            "return_type_mismatch" => self.mismatch(kind, input, &value, &input_type, &config),
            "invalid_input_type" => {
                let name = python::text(&input_type);
                let raised = conversion(&name, &value);
                let message = format!("Failed to convert an input value to a {name} value");
                let details = format!("{input}, {}, {raised}", python::text(&value));
                let mut extra_info = with_value;
                extra_info["exception_message"] = raised.into();
                error(kind, &message, &details, &extra_info)
            }
            "value_smaller_than_min" | "value_bigger_than_max" => {
                let (word, bound) =
                    if kind == "value_smaller_than_min" { ("smaller", "min") } else { ("bigger", "max") };
                let limit = options.get(bound).map_or_else(|| "None".to_owned(), python::text);
                let message = format!("Value {} {word} than {bound} of {limit}", python::text(&value));
                error(kind, &message, input, &with_value)
            }
            "value_not_in_list" => {
                let shown = match self.config.version {
                    Version::V0_3_64 => format!("'{}'", python::text(&value)),
                    Version::V0_27_0 => python::repr(&value),
                };
                not_in_list(kind, input, (&value, &shown), &input_type, &options)
            }
            "dependency_cycle" if self.config.version == Version::V0_3_64 => {
                let raised = ("RecursionError", "maximum recursion depth exceeded".to_owned());
                self.exception("exception_during_inner_validation", &raised)
            }
            "dependency_cycle" => self.cycle(kind),
            "exception_during_validation" | "exception_during_inner_validation" => {
                self.exception(kind, &self.raised())
            }
            _ => {
                let details = format!("{input} - {}", self.custom(&value));
                let message = "Custom validation failed for node";
                error(kind, message, &details, &json!({ "input_name": input }))
            }
        }
    }

    /// What the class's own check says.
    fn custom(&self, value: &Value) -> String {
        let is_missing = self.problem.message.ends_with("not among the server's input files");
        if self.problem.rule != "missing-input-file" && !is_missing {
            return self.problem.message.clone();
        }
        let class = &self.graph.node(self.node).class_type;
        let kinds = [("Video", "video"), ("Audio", "audio"), ("Latent", "latent")];
        let kind = kinds.into_iter().find(|(word, _)| class.contains(word)).map_or("image", |(_, kind)| kind);
        format!("Invalid {kind} file: {}", python::text(value))
    }

    /// What the prompt gives an input.
    fn received(&self, node: NodeId, input: &str) -> Value {
        let node = self.prompt.get(&*self.graph.node(node).key);
        node.and_then(|node| node.get("inputs")?.get(input)).cloned().unwrap_or_default()
    }

    /// The type of an input and what else the class declares of it.
    fn declared(&self, node: NodeId, input: &str) -> (Value, Value) {
        let node = self.graph.node(node);
        let json = self.catalog.class_json(&node.class_type);
        let class: Value = json.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let mut sections = ["required", "optional"].into_iter();
        let spec = sections.find_map(|section| class.get("input")?.get(section)?.get(input));
        match spec.and_then(Value::as_array).map(Vec::as_slice) {
            Some([kind, options, ..]) => {
                let mut options = options.clone();
                if let Some(options) = options.as_object_mut() {
                    // The catalog's own.
                    options.shift_remove("folder");
                }
                (kind.clone(), options)
            }
            Some([kind]) => (kind.clone(), json!({})),
            _ => {
                let spec = node.class.as_ref().and_then(|class| class.input(input));
                (spec.map_or("*", |spec| spec.kind.type_name()).into(), json!({}))
            }
        }
    }

    fn mismatch(&self, kind: &str, input: &str, link: &Value, wanted: &Value, config: &Value) -> Value {
        let given = self.graph.node(self.node).input(input).and_then(|input| match input.value {
            Argument::Link { from, slot } => {
                let output = self.graph.node(from).class.as_ref()?.outputs.get(slot as usize)?;
                Some(output.types.to_string())
            }
            Argument::Literal(_) => None,
        });
        let given = given.unwrap_or_default();
        let details =
            format!("{input}, received_type({given}) mismatch input_type({})", python::text(wanted));
        let extra_info = json!({
            "input_name": input, "input_config": config, "received_type": given, "linked_node": link,
        });
        error(kind, "Return type mismatch between linked nodes", &details, &extra_info)
    }

    fn cycle(&self, kind: &str) -> Value {
        let mut circle = circle(self.graph, self.node);
        // It is told from the node at which the server came to it.
        let is_entry =
            |node: &NodeId| self.graph.consumers(*node).any(|(consumer, _)| !circle.contains(&consumer));
        let entry = circle.iter().position(is_entry).unwrap_or_default();
        circle.rotate_left(entry);
        let named = |id: &NodeId| {
            let node = self.graph.node(*id);
            format!("{} ({})", node.key, node.class_type)
        };
        let mut way: Vec<String> = circle.iter().map(named).collect();
        way.extend(circle.first().map(named));
        let keys: Vec<&str> = circle.iter().map(|id| &*self.graph.node(*id).key).collect();
        let extra_info = json!({ "node_id": &*self.graph.node(self.node).key, "cycle_nodes": keys });
        error(kind, "Dependency cycle detected", &way.join(" -> "), &extra_info)
    }

    /// What Python raises: the exception's type and text.
    fn raised(&self) -> (&'static str, String) {
        let own = self.problem.node.as_ref();
        let node = own.and_then(|own| self.graph.find(&own.key)).unwrap_or(self.node);
        let input = own.and_then(|own| own.input.as_deref()).unwrap_or_default();
        let value = self.received(node, input);
        match (self.problem.rule, value.as_array().map(Vec::as_slice)) {
            ("missing-inputs", _) => ("KeyError", "'inputs'".to_owned()),
            ("broken-link", Some([source @ (Value::Array(_) | Value::Object(_)), _])) => {
                ("TypeError", format!("unhashable type: '{}'", type_name(source)))
            }
            ("broken-link", Some([source, _])) => ("KeyError", python::repr(source)),
            ("output-slot-out-of-range", Some([_, slot])) if !slot.is_i64() && !slot.is_u64() => {
                ("TypeError", format!("tuple indices must be integers or slices, not {}", type_name(slot)))
            }
            ("output-slot-out-of-range", _) => ("IndexError", "tuple index out of range".to_owned()),
            (_, value) if self.problem.message.ends_with("ComfyUI fails on it") && value.is_none() => {
                let given = self.received(node, input);
                ("AttributeError", format!("'{}' object has no attribute 'endswith'", type_name(&given)))
            }
            ("incomparable-value", _) => {
                let value = type_name(&value);
                ("TypeError", format!("'<' not supported between instances of '{value}' and 'float'"))
            }
            _ => ("TypeError", self.problem.message.clone()),
        }
    }

    fn exception(&self, kind: &'static str, (raised, text): &(&'static str, String)) -> Value {
        let traceback = json!([
            "  File \"/opt/ComfyUI/execution.py\", in validate_prompt\n",
            "  File \"/opt/ComfyUI/execution.py\", in validate_inputs\n",
        ]);
        if kind == "exception_during_validation" {
            let extra_info = json!({ "exception_type": raised, "traceback": traceback });
            return error(kind, "Exception when validating node", text, &extra_info);
        }
        // It is reported at the node that raised; the input and the link are those of a node that needs it.
        let input = self.input.unwrap_or_default();
        let consumer = self.graph.consumers(self.node).find_map(|(consumer, link)| {
            let found = self.graph.node(consumer).inputs().get(link.input as usize)?;
            (*found.name == *input).then_some(consumer)
        });
        let (input_type, options) =
            consumer.map_or_else(|| (Value::Null, json!({})), |consumer| self.declared(consumer, input));
        let link = consumer.map(|consumer| self.received(consumer, input)).unwrap_or_default();
        let extra_info = json!({
            "input_name": input,
            "input_config": [input_type, options],
            "exception_message": text,
            "exception_type": raised,
            "traceback": traceback,
            "linked_node": link,
        });
        error(kind, "Exception when validating inner node", text, &extra_info)
    }
}

fn not_in_list(
    kind: &str,
    input: &str,
    (value, given): (&Value, &str),
    of_type: &Value,
    options: &Value,
) -> Value {
    // A list stands for the type itself in one spelling, and among the options in the other.
    let list = of_type.as_array().or_else(|| options.get("options")?.as_array());
    let length = list.map_or(0, Vec::len);
    let is_long = length > MAX_LISTED;
    let shown = if is_long {
        format!("(list of length {length})")
    } else {
        list.map_or_else(|| "[]".to_owned(), |list| python::repr(&list.clone().into()))
    };
    let config = if is_long { Value::Null } else { json!([of_type, options]) };
    let details = format!("{input}: {given} not in {shown}");
    let extra_info = json!({ "input_name": input, "input_config": config, "received_value": value });
    error(kind, "Value not in list", &details, &extra_info)
}

/// The shortest circle that a node is in, beginning with it, each node linked to the next.
fn circle(graph: &Graph, start: NodeId) -> Vec<NodeId> {
    let mut from: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    let mut next = VecDeque::from([start]);
    while let Some(node) = next.pop_front() {
        for input in graph.node(node).inputs() {
            let Argument::Link { from: source, .. } = input.value else { continue };
            if source == start {
                let mut way = vec![node];
                let mut at = node;
                while let Some(before) = from.get(&at).filter(|_| at != start) {
                    at = *before;
                    way.push(at);
                }
                way.reverse();
                return way;
            }
            if let Entry::Vacant(place) = from.entry(source) {
                place.insert(node);
                next.push_back(source);
            }
        }
    }
    vec![start]
}

/// What `int(value)` or `float(value)` raises.
fn conversion(name: &str, value: &Value) -> String {
    match (name, value) {
        ("INT", Value::String(text)) if not_numbers::name(text) == Some("nan") => {
            "cannot convert float NaN to integer".to_owned()
        }
        ("INT", Value::String(text)) if not_numbers::name(text).is_some() => {
            "cannot convert float infinity to integer".to_owned()
        }
        ("INT", Value::String(text)) => {
            format!("invalid literal for int() with base 10: {}", python::quoted(text))
        }
        ("INT", Value::Number(_)) => "cannot convert float infinity to integer".to_owned(),
        ("INT", other) => format!(
            "int() argument must be a string, a bytes-like object or a real number, not '{}'",
            type_name(other)
        ),
        (_, Value::String(text)) => format!("could not convert string to float: {}", python::quoted(text)),
        (_, other) => {
            format!("float() argument must be a string or a real number, not '{}'", type_name(other))
        }
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(text) if not_numbers::name(text).is_some() => "float",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// `int(value)`; nothing if that raises.
#[expect(clippy::cast_possible_truncation, reason = "Python truncates; larger numbers stay as they are")]
pub(super) fn int(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(bool) => Some(i64::from(*bool).into()),
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().filter(|float| float.abs() < 9e15)?;
            Some((float.trunc() as i64).into())
        }
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => {
            let text = text.trim().replace('_', "");
            let text = text.strip_prefix('+').unwrap_or(&text);
            text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from)).ok()
        }
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `float(value)`; nothing if that raises.
pub(super) fn float(value: &Value) -> Option<Value> {
    let float = match value {
        Value::Bool(bool) => f64::from(u8::from(*bool)),
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().replace('_', "").parse().ok()?,
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    serde_json::Number::from_f64(float)
        .map_or_else(|| not_numbers::standing_for(float).map(Value::from), |number| Some(number.into()))
}
