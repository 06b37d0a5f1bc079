//! The graph format: parameters, nodes, links and stages of one pipeline.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{At, Decode, Named, Reader, table, words};
use super::fit::Lever;
use super::types::{Assumed, Form};
use super::{Item, Raw};
use crate::diag::{self, Diagnostic};
use crate::ir::Value;
use crate::source::Spanned;

table! {
    /// A graph: one pipeline as data.
    pub struct GraphFile ("a graph") {
        /// What the pipeline is called.
        "title" => title: Arc<str>, needed;
        /// What it makes, and what to know about it.
        "description" => description: Arc<str>, optional;
        /// Whether a node without a `title` gets the one that ComfyUI's editor gives its class, as in workflows
        /// that the editor exports. Titles change nothing in what is run.
        "default_titles" => default_titles: bool, default;
        /// The generation steps, in order; every node names one of them.
        "stages" => stages: Vec<At<Arc<str>>>, default;
        /// Model slots: a short name and the model of the model catalog that fills it by default.
        "models" => models: Named<ModelSlot>, default;
        /// The parameters that presets set.
        "params" => params: Named<Param>, default;
        /// Conditions over the parameters that must hold.
        "constraints" => constraints: Vec<Constraint>, default;
        /// Sizes that only the input files tell, as plans take them: those of a typical picture or video.
        "assume" => assume: Assumed, optional;
        /// What may change so that the workflow fits a card with less memory, the least harmful first.
        "fit" => fit: Vec<Lever>, default;
        /// The nodes of the workflow. A node's name becomes its id in the compiled workflow.
        "nodes" => nodes: Named<NodeDecl>, needed;
    }
}

/// A model slot: what fills it, and what else may. A preset may put in any model of the default's family,
/// and any file that the model catalog does not have.
#[derive(Clone, Debug)]
pub struct ModelSlot {
    /// The default: a name of the model catalog, or a file name.
    pub model: At<Arc<str>>,
    /// Further families that fit.
    pub families: Vec<At<Arc<str>>>,
}

table! {
    /// A model slot that models of further families fit.
    pub struct ModelTable ("a model slot") {
        /// The model that fills it by default: a name of the model catalog, or a file name.
        "model" => model: At<Arc<str>>, required;
        /// Families of the model catalog that fit besides the default's own.
        "families" => families: Vec<At<Arc<str>>>, default;
    }
}

impl Decode for ModelSlot {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        if let Raw::Table(_) = item.value {
            let ModelTable { model, families } = ModelTable::decode(item, reader)?;
            return Some(Self { model, families });
        }
        Some(Self { model: At::decode(item, reader)?, families: Vec::new() })
    }
}

impl JsonSchema for ModelSlot {
    fn schema_name() -> Cow<'static, str> {
        "ModelSlot".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (model, table) = (generator.subschema_for::<String>(), generator.subschema_for::<ModelTable>());
        json_schema!({"description": "A model, or a model with further families that fit.", "anyOf": [model, table]})
    }
}

words! {
    /// The type of a parameter.
    pub enum ParamType {
        /// A whole number.
        "int" => Int,
        /// A number.
        "float" => Float,
        /// True or false.
        "bool" => Bool,
        /// A text.
        "string" => String,
        /// One of `choices`.
        "choice" => Choice,
        /// A random seed: a whole number from 0 to 18446744073709551615.
        "seed" => Seed,
        /// The file name of an image.
        "image" => Image,
        /// The file name of a video.
        "video" => Video,
        /// The file name of an audio file.
        "audio" => Audio,
        /// A model: a name of the model catalog or a file name.
        "model" => Model,
        /// A list of LoRAs: `{ file, strength }` each, or just the file.
        "lora-list" => LoraList,
        /// A list of tables with the keys that `fields` declares; for a table of which one key is needed
        /// at most, that key's value will do.
        "list" => List,
    }
}

table! {
    /// A parameter of a graph.
    pub struct Param ("a parameter") {
        /// What values it takes.
        "type" => kind: At<ParamType>, required;
        /// What it does, for the people who set it.
        "doc" => doc: Arc<str>, required;
        /// What it counts: `px`, `frames`, `fps`, `s`, …
        "unit" => unit: Arc<str>, optional;
        /// The value when a preset gives none. Without it, a preset must give one.
        "default" => default: Item, optional;
        /// Smallest value of a number.
        "min" => min: Item, optional;
        /// Largest value of a number.
        "max" => max: Item, optional;
        /// A whole number must be divisible by this.
        "multiple_of" => multiple_of: At<NonZeroU32>, optional;
        /// A whole number must have this form; frames of Wan are `4n+1`.
        "form" => form: At<Form>, optional;
        /// The values of a `choice`.
        "choices" => choices: Vec<At<Arc<str>>>, optional;
        /// What each item of a `list` holds; declared like parameters.
        "fields" => fields: Named<Param>, default;
        /// The model slots that a `lora-list` is for: its LoRAs must fit the family of one that the workflow
        /// uses, or of any if it uses none of them. LoRAs that the model catalog does not have always fit.
        "fits" => fits: Vec<At<Arc<str>>>, default;
    }
}

table! {
    /// A condition over the parameters.
    pub struct Constraint ("a constraint") {
        /// An expression that must be true.
        "rule" => rule: At<Arc<str>>, required;
        /// Why it must be true, as a sentence.
        "message" => message: Arc<str>, required;
    }
}

table! {
    /// A node of the workflow.
    pub struct NodeDecl ("a node") {
        /// The class, as in `class_type`.
        "class" => class: At<Arc<str>>, required;
        /// The generation step it belongs to.
        "stage" => stage: At<Arc<str>>, optional;
        /// The title that ComfyUI's editor shows.
        "title" => title: Arc<str>, optional;
        /// An expression; where it is false the node is left out, and what depended on it gets what
        /// ComfyUI's bypass would give it.
        "when" => when: At<Arc<str>>, optional;
        /// A list parameter: one node for each of its items. Or an expression that gives a whole number:
        /// so many nodes.
        "for_each" => for_each: At<Arc<str>>, optional;
        /// What the inputs are given.
        "inputs" => inputs: Named<At<InputDecl>>, default;
        /// What inputs are given that the class does not declare. ComfyUI does not check them, so a name
        /// that is mistyped here stays unnoticed.
        "extra" => extra: Named<At<InputDecl>>, default;
    }
}

/// What an input is given.
#[derive(Clone, Debug, PartialEq)]
pub enum InputDecl {
    /// A value of the input's type.
    Literal(Value),
    /// A value that ComfyUI gets as it is, whatever the input's type.
    Json(Value),
    /// The same, written as JSON text, for what TOML cannot say.
    JsonText(Value),
    /// The output of a node.
    Node(NodeOutput),
    /// The value of a parameter.
    Param(Spanned<Arc<str>>),
    /// The value of an expression over the parameters.
    Expr(Spanned<Arc<str>>),
    /// The file of a model slot or of a model of the catalog.
    Model(Spanned<Arc<str>>),
    /// A field of the current item, inside `for_each`.
    Item(Spanned<Arc<str>>),
    /// The node before this one in the same `for_each`; the first one gets `initial`, or nothing.
    Prev {
        /// What the first node gets.
        initial: Option<NodeOutput>,
        /// Which node of the `for_each`, if not this one.
        of: Option<Spanned<Arc<str>>>,
        /// Which output of the previous node.
        out: Option<Spanned<Out>>,
    },
    /// The first alternative whose node is there.
    FirstOf(Vec<NodeOutput>),
}

/// An output of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeOutput {
    /// The node's name in the graph.
    pub node: Spanned<Arc<str>>,
    /// Which output; may be left out where the class has one.
    pub out: Option<Spanned<Out>>,
}

/// Names an output.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// By its name.
    Name(Arc<str>),
    /// By its slot, counted from 0.
    Slot(u32),
}

/// The keys that make a table an input rather than a literal.
const FORMS: [&str; 9] = ["node", "param", "expr", "model", "item", "prev", "first_of", "literal", "json"];

impl Decode for InputDecl {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let Raw::Table(entries) = &item.value else {
            return match &item.value {
                Raw::Invalid => None,
                Raw::List(_) => {
                    reader.report(
                        Diagnostic::format("wrong-type", "a list is not an input")
                            .at(item.span, "")
                            .help("a link is { node = \"name\", out = 0 }; a list as a value is { literal = [...] }"),
                    );
                    None
                }
                value => Some(Self::Literal(value.to_value())),
            };
        };
        let form = entries.iter().find(|(key, _)| FORMS.contains(&&*key.value));
        let Some((form, value)) = form else {
            let key = entries.first().map(|(key, _)| key);
            reader.report(
                Diagnostic::format("unknown-key", "this table is not an input")
                    .at(key.map_or(item.span, |key| key.span), "")
                    .help(key.and_then(|key| diag::did_you_mean(&key.value, FORMS)).unwrap_or_else(|| {
                        format!("an input is a literal or a table with one of: {}", FORMS.join(", "))
                    })),
            );
            return None;
        };
        let allowed: &[&str] = match &*form.value {
            "node" => &["out"],
            "prev" => &["of", "out"],
            _ => &[],
        };
        for (key, _) in
            entries.iter().filter(|(key, _)| key.value != form.value && !allowed.contains(&&*key.value))
        {
            reader.report(
                Diagnostic::format(
                    "unknown-key",
                    format!("`{}` does not go with `{}`", key.value, form.value),
                )
                .at(key.span, ""),
            );
        }
        let mut text =
            |value: &Item| Arc::<str>::decode(value, reader).map(|text| Spanned::new(text, value.span));
        Some(match &*form.value {
            "param" => Self::Param(text(value)?),
            "expr" => Self::Expr(text(value)?),
            "model" => Self::Model(text(value)?),
            "item" => Self::Item(text(value)?),
            "literal" => Self::Json(value.value.to_value()),
            "json" => Self::JsonText(json_text(value, reader)?),
            "node" => Self::Node(node_output(item, reader)?),
            "first_of" => Self::FirstOf(alternatives(value, reader)?),
            _ => prev(item, value, reader)?,
        })
    }
}

fn json_text(item: &Item, reader: &mut Reader<'_>) -> Option<Value> {
    let Raw::Str(text) = &item.value else { return reader.expected("JSON text, such as \"null\"", item) };
    match serde_json::from_str(text) {
        Ok(json) => Some(Value::from_json(&json)),
        Err(error) => {
            let error = error.to_string();
            let message = error.split(" at line ").next().unwrap_or(&error);
            reader.report(
                Diagnostic::format("json-syntax", format!("not valid JSON: {message}"))
                    .at(item.span, "")
                    .help(
                        "write JSON text: { json = \"null\" }; what TOML can say goes into { literal = … }",
                    ),
            );
            None
        }
    }
}

fn prev(item: &Item, value: &Item, reader: &mut Reader<'_>) -> Option<InputDecl> {
    let initial = match &value.value {
        Raw::Bool(true) => None,
        Raw::Table(_) => Some(inner_output(value, reader)?),
        _ => return reader.expected("true, or { node = … } for the first one", value),
    };
    let of = match &item.value {
        Raw::Table(entries) => match entries.iter().find(|(key, _)| &*key.value == "of") {
            Some((_, of)) => Some(Spanned::new(Arc::<str>::decode(of, reader)?, of.span)),
            None => None,
        },
        _ => None,
    };
    Some(InputDecl::Prev { initial, of, out: out(item, reader) })
}

fn alternatives(value: &Item, reader: &mut Reader<'_>) -> Option<Vec<NodeOutput>> {
    let Raw::List(items) = &value.value else { return reader.expected("an array of { node = … }", value) };
    Some(items.iter().filter_map(|item| inner_output(item, reader)).collect())
}

/// An output in a table of its own, which has no other keys.
fn inner_output(item: &Item, reader: &mut Reader<'_>) -> Option<NodeOutput> {
    let Raw::Table(entries) = &item.value else { return reader.expected("{ node = … }", item) };
    let has_node = entries.iter().any(|(key, _)| &*key.value == "node");
    for (key, _) in entries.iter().filter(|(key, _)| has_node && !matches!(&*key.value, "node" | "out")) {
        reader.report(
            Diagnostic::format("unknown-key", format!("`{}` does not go with `node`", key.value))
                .at(key.span, ""),
        );
    }
    node_output(item, reader)
}

fn node_output(item: &Item, reader: &mut Reader<'_>) -> Option<NodeOutput> {
    let Raw::Table(entries) = &item.value else { return reader.expected("{ node = … }", item) };
    let Some((_, node)) = entries.iter().find(|(key, _)| &*key.value == "node") else {
        reader.report(Diagnostic::format("missing-key", "the key `node` is missing").at(item.span, ""));
        return None;
    };
    let name = Arc::<str>::decode(node, reader)?;
    Some(NodeOutput { node: Spanned::new(name, node.span), out: out(item, reader) })
}

fn out(item: &Item, reader: &mut Reader<'_>) -> Option<Spanned<Out>> {
    let Raw::Table(entries) = &item.value else { return None };
    let (_, value) = entries.iter().find(|(key, _)| &*key.value == "out")?;
    let out = match &value.value {
        Raw::Str(name) => Out::Name(name.clone()),
        Raw::Int(slot) => match u32::try_from(*slot) {
            Ok(slot) => Out::Slot(slot),
            Err(_) => return reader.expected("an output slot, counted from 0", value),
        },
        _ => return reader.expected("the name or the slot of an output", value),
    };
    Some(Spanned::new(out, value.span))
}

impl JsonSchema for InputDecl {
    fn schema_name() -> Cow<'static, str> {
        "Input".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let form = |key: &str, value: serde_json::Value, doc: &str, extra: serde_json::Value| {
            let mut properties = serde_json::Map::new();
            properties.insert(key.into(), value);
            if let serde_json::Value::Object(extra) = extra {
                properties.extend(extra);
            }
            serde_json::json!({
                "type": "object", "description": doc, "properties": properties,
                "required": [key], "additionalProperties": false,
            })
        };
        let none = || serde_json::json!({});
        let out = || {
            serde_json::json!({"out": {"type": ["string", "integer"], "description":
            "The output's name or slot; may be left out where the class has one output."}})
        };
        let of_and_out = || {
            let mut keys = out();
            keys["of"] = serde_json::json!({"type": "string", "description":
                "Another node with the same for_each, whose item before this one is taken."});
            keys
        };
        let text = || serde_json::json!({"type": "string"});
        let node_form = || form("node", text(), "The output of a node of this graph.", out());
        json_schema!({
            "description": "What an input is given: a literal, or a table with one of the keys below.",
            "anyOf": [
                {"type": ["string", "number", "boolean"], "description": "A value, written as it is."},
                node_form(),
                form("param", text(), "The value of a parameter.", none()),
                form("expr", text(), "The value of an expression over the parameters.", none()),
                form("model", text(), "The file of a model slot, or of a model of the model catalog.", none()),
                form("item", text(), "A field of the current item, inside for_each.", none()),
                form("prev", serde_json::json!({"anyOf": [{"const": true}, node_form()]}),
                    "The node before this one in the same for_each, or the one called `of` there; the first one gets the given node's output, or nothing.",
                    of_and_out()),
                form("first_of", serde_json::json!({"type": "array", "items": node_form()}),
                    "The first alternative whose node is there.", none()),
                form("literal", serde_json::json!({}), "Any value, handed to ComfyUI as JSON.", none()),
                form("json", text(), "JSON text, handed to ComfyUI exactly: null, and lists that are not wrapped.", none()),
            ],
        })
    }
}
