//! Workflows of ComfyUI's editor, converted as the editor's own export converts them.

mod broken;
mod cases;
mod corpus;
mod subgraphs;

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value as Json, json};
use wfc::catalog::{Catalog, ImportOptions, read_catalog};
use wfc::diag::Diagnostics;
use wfc::front::json::{Arena, Json as Tree, ui};
use wfc::ir::{Argument, Graph};
use wfc::source::Sources;

/// What a file becomes, and what is said about it.
struct Converted {
    graph: Option<Graph>,
    diagnostics: Diagnostics,
}

fn convert(text: &str, catalog: &Catalog) -> Converted {
    convert_tree(&Tree::parse(text, &Arena::new()).unwrap(), text, catalog)
}

fn convert_tree(tree: &Tree<'_>, text: &str, catalog: &Catalog) -> Converted {
    let file = Sources::new().add("workflow.json", text);
    let mut diagnostics = Diagnostics::new();
    let graph = ui::read(file, tree, catalog, &mut diagnostics);
    if let Some(graph) = &graph {
        wfc::check::missing_classes(graph, catalog, &mut diagnostics);
    }
    Converted { graph, diagnostics }
}

/// A graph as the editor would export it, without titles.
fn exported(graph: &Graph) -> Json {
    let nodes = graph.nodes().map(|(_, node)| {
        let inputs = node.inputs().iter().map(|input| {
            let value = match &input.value {
                Argument::Literal(value) => value.to_json(),
                Argument::Link { from, slot } => json!([*graph.node(*from).key, slot]),
            };
            (input.name.to_string(), value)
        });
        let mut entry = Map::new();
        entry.insert("inputs".to_owned(), inputs.collect::<Map<_, _>>().into());
        if node.class.is_some() {
            entry.insert("class_type".to_owned(), (*node.class_type).into());
        }
        (node.key.to_string(), entry.into())
    });
    Json::Object(nodes.collect())
}

/// A server's classes, one for each kind of input.
fn classes() -> Json {
    let class = |required: Json, outputs: Json| json!({"input": {"required": required}, "output": outputs, "output_name": outputs});
    let deep = json!(["COMFY_DYNAMICCOMBO_V3", {"options": [
        {"key": "flat", "inputs": {}},
        {"key": "deep", "inputs": {"required": {"level": ["INT", {}]}}},
    ]}]);
    json!({
        "Load": class(json!({"file": [["first.png", "a.png"], {"image_upload": true}]}), json!(["IMAGE", "MASK"])),
        "Save": class(json!({"image": ["IMAGE"], "any": ["*"], "name": ["STRING", {"default": "out"}]}), json!([])),
        "SaveImage": class(json!({"images": ["IMAGE"], "filename_prefix": ["STRING", {}]}), json!([])),
        "Amount": class(json!({"value": ["FLOAT", {}]}), json!(["FLOAT"])),
        "Words": class(json!({}), json!(["STRING"])),
        "Count": class(json!({"image": ["IMAGE"]}), json!(["INT"])),
        "Noise": class(
            json!({
                "seed": ["INT", {"default": 7, "max": u64::MAX}], "amount": ["FLOAT", {"default": 0.0}],
                "points": ["STRING", {}], "mode": [["soft", "hard"]], "image": ["IMAGE"],
            }),
            json!(["IMAGE"])
        ),
        "Forced": class(json!({"count": ["INT", {"forceInput": true}], "text": ["STRING", {}]}), json!([])),
        "Blend": class(json!({"mask": ["MASK"], "other": ["IMAGE"], "amount": ["FLOAT", {"forceInput": true}]}),
            json!(["IMAGE", "FLOAT"])),
        "Prompt": class(json!({"text": ["STRING", {"multiline": true, "dynamicPrompts": true}]}), json!(["CONDITIONING"])),
        "Prompted": class(json!({"image": ["IMAGE"], "text": ["STRING", {}]}), json!(["IMAGE"])),
        "Chooser": class(
            json!({
                "images": ["COMFY_AUTOGROW_V3", {"template": {
                    "input": {"required": {"image": ["IMAGE"]}}, "prefix": "image", "min": 1, "max": 9}}],
                "codec": ["COMFY_DYNAMICCOMBO_V3", {"options": [
                    {"key": "fine", "inputs": {"required": {"crf": ["INT", {}], "more": deep, "extra": ["IMAGE"]}}},
                    {"key": "rough", "inputs": {"optional": {"mask": ["IMAGE"]}}},
                ]}],
                "last": ["BOOLEAN", {}],
            }),
            json!(["IMAGE"])
        ),
        "CustomCombo": class(json!({"choice": ["COMBO", {"options": []}]}), json!(["STRING"])),
        "SplineEditor": class(
            json!({"points_store": ["STRING", {}], "coordinates": ["STRING", {}], "sampling_method": [["path", "speed"]]}),
            json!(["STRING"])
        ),
        "VHS_VideoCombine": class(
            json!({
                "frame_rate": ["FLOAT", {"default": 8}], "loop_count": ["INT", {}], "filename_prefix": ["STRING", {}],
                "format": [["image/gif", "video/x"], {"formats": {"video/x": [["crf", "INT", {"default": 19}]]}}],
                "pingpong": ["BOOLEAN", {}], "save_output": ["BOOLEAN", {}],
            }),
            json!([])
        ),
        "VHS_LoadVideo": class(
            json!({"video": [["a.mp4"]], "force_rate": ["FLOAT", {"default": 0}], "custom_width": ["INT", {}],
                "custom_height": ["INT", {}]}),
            json!(["IMAGE"])
        ),
    })
}

/// The catalog of these classes.
fn catalog() -> Arc<Catalog> {
    static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
        read_catalog(classes().to_string().as_bytes(), &ImportOptions::default()).unwrap().into()
    });
    Arc::clone(&CATALOG)
}

fn workflow(nodes: Json, links: Json) -> Json {
    object([("version", json!(0.4)), ("nodes", nodes), ("links", links)])
}

/// A node with some more entries.
fn node(id: u32, class: &str, more: Json) -> Json {
    let Json::Object(more) = more else { panic!("{more} is no object") };
    let mut node = Map::from_iter([("id".to_owned(), id.into()), ("type".to_owned(), class.into())]);
    node.extend(more);
    node.into()
}

fn object<const N: usize>(entries: [(&str, Json); N]) -> Json {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// An input slot that is linked.
fn link(name: &str, id: u32) -> Json {
    json!({"name": name, "type": "*", "link": id})
}

/// The export of a file that can be read, and what is said about it.
#[track_caller]
fn converted(workflow: &Json) -> (Json, Diagnostics) {
    let Converted { graph, diagnostics } = convert(&workflow.to_string(), &catalog());
    (exported(&graph.unwrap()), diagnostics)
}

/// The inputs of one node of a workflow that has no problems.
#[track_caller]
fn inputs(nodes: Json, links: Json, id: &str) -> Json {
    let (exported, diagnostics) = converted(&workflow(nodes, links));
    assert_eq!(problems(&diagnostics), "");
    exported[id]["inputs"].clone()
}

/// An input of an export, or null.
#[track_caller]
fn input(exported: &Json, id: &str, name: &str) -> Json {
    exported.get(id).unwrap_or_else(|| panic!("no {id} in {exported:#}"))["inputs"][name].clone()
}

/// All problems, one a line: rule and message.
fn problems(diagnostics: &Diagnostics) -> String {
    let lines = diagnostics.iter().map(|problem| format!("{}: {}", problem.rule, problem.message));
    lines.collect::<Vec<_>>().join("\n")
}
