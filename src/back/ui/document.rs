//! The file: one node and one link a line, so that a line diff shows what changed.

use std::io::Write as _;

use serde_json::{Map, Value as Json, json};

use super::api::Layout;
use super::arrange::Arrangement;
use super::size::TITLE;
use super::{KEY_PROPERTY, Options, Saved, UNSET_PROPERTY};
use crate::catalog::{CORE_PACK, NodeClass, registry_id};
use crate::ir::{Argument, Graph};
use crate::layout::Area;

/// All that is written.
pub(super) struct Document<'d> {
    pub(super) graph: &'d Graph,
    pub(super) nodes: &'d [Saved<'d>],
    /// By node: its number.
    pub(super) numbers: Vec<usize>,
    pub(super) arrangement: Arrangement,
    pub(super) options: &'d Options<'d>,
}

/// The version of the format.
const VERSION: f64 = 0.4;

/// Size of the letters of groups.
const LETTERS: i32 = 24;

/// The slot of an input that a class does not require is drawn as a ring.
const OPTIONAL: i32 = 7;

/// A link: from a node's output to a node's input.
struct Link {
    from: usize,
    slot: usize,
    to: usize,
    input: usize,
    types: String,
}

/// The bytes of the file.
pub(super) fn write(document: &Document<'_>) -> Vec<u8> {
    let links = links(document);
    let mut starts: Vec<Vec<Vec<usize>>> =
        document.nodes.iter().map(|saved| vec![Vec::new(); saved.outputs.len()]).collect();
    let mut ends: Vec<Vec<Option<usize>>> =
        document.nodes.iter().map(|saved| vec![None; saved.laid.sockets.len()]).collect();
    for (number, link) in (1..).zip(&links) {
        let slots = &mut starts[link.from];
        // An output that the class does not have: the server will say so.
        if slots.len() <= link.slot && link.slot < MAX_SLOTS {
            slots.resize(link.slot + 1, Vec::new());
        }
        if let Some(slot) = slots.get_mut(link.slot) {
            slot.push(number);
        }
        ends[link.to][link.input] = Some(number);
    }
    let mut order = vec![0; document.nodes.len()];
    for (at, id) in document.graph.dependencies_first().into_iter().enumerate() {
        order[id.index()] = at;
    }
    let nodes = (0..document.nodes.len())
        .map(|index| document.node(index, order[index], &ends[index], &starts[index]))
        .collect();
    let rows = (1..).zip(&links).map(|(number, link): (usize, &Link)| {
        json!([
            number,
            document.numbers[link.from],
            link.slot,
            document.numbers[link.to],
            link.input,
            link.types
        ])
    });
    let groups = (1..).zip(&document.arrangement.groups).map(|(number, group): (usize, _)| {
        let Area { x, y, width, height } = group.area;
        json!({
            "id": number, "title": &*group.title, "bounding": [x, y, width, height],
            "color": group.colour.group, "font_size": LETTERS, "flags": {},
        })
    });
    let last = document.numbers.iter().max().copied().unwrap_or_default();
    let mut out = Vec::with_capacity(document.nodes.len() * 1024);
    let entries = [
        ("revision", json!(0)),
        ("last_node_id", json!(last)),
        ("last_link_id", json!(links.len())),
        ("nodes", nodes),
        ("links", rows.collect()),
        ("groups", groups.collect()),
        ("config", json!({})),
        ("extra", json!({})),
        ("version", json!(VERSION)),
    ];
    let is_pretty = document.options.layout == Layout::Pretty;
    // Writing to memory cannot fail.
    let _ = out.write_all(b"{");
    for (at, (name, value)) in entries.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let space = if is_pretty { "\n  " } else { "" };
        let _ = write!(out, "{comma}{space}\"{name}\":{}", if is_pretty { " " } else { "" });
        match value.as_array() {
            Some(items) if is_pretty && !items.is_empty() => list(&mut out, items),
            _ => drop(write!(out, "{value}")),
        }
    }
    let _ = out.write_all(if is_pretty { b"\n}\n" } else { b"}\n" });
    out
}

/// Outputs beyond this are not drawn; no class has so many.
const MAX_SLOTS: usize = 1_000;

fn list(out: &mut Vec<u8>, items: &[Json]) {
    for (at, item) in items.iter().enumerate() {
        let begin = if at == 0 { "[" } else { "," };
        let _ = write!(out, "{begin}\n    {item}");
    }
    let _ = write!(out, "\n  ]");
}

/// The links, by the nodes that they end at.
fn links(document: &Document<'_>) -> Vec<Link> {
    let mut links = Vec::new();
    for ((id, node), saved) in document.graph.nodes().zip(document.nodes) {
        for (input, socket) in saved.laid.sockets.iter().enumerate() {
            let Some(argument) = socket.link.and_then(|at| node.inputs().get(at)) else { continue };
            if let Argument::Link { from, slot } = argument.value {
                let types = document.graph.link_type(node, argument).to_string();
                let (from, slot) = (from.index(), slot as usize);
                links.push(Link { from, slot, to: id.index(), input, types });
            }
        }
    }
    links
}

impl Document<'_> {
    /// A node; `ends` and `starts` are the links at its inputs and outputs.
    fn node(&self, index: usize, order: usize, ends: &[Option<usize>], starts: &[Vec<usize>]) -> Json {
        let saved = &self.nodes[index];
        let class = saved.node.class.as_deref();
        let place = self.arrangement.boxes[index];
        let colour = self.arrangement.colours[index];
        let mut json = Map::new();
        let mut put = |key: &str, value: Json| json.insert(key.to_owned(), value);
        put("id", json!(self.numbers[index]));
        put("type", json!(&*saved.node.class_type));
        put("pos", json!([place.x, place.y + TITLE]));
        put("size", json!([place.width, place.height - TITLE]));
        put("flags", json!({}));
        put("order", json!(order));
        put("mode", json!(0));
        let inputs = saved.laid.sockets.iter().zip(ends).map(|(socket, link)| {
            let mut slot = json!({"name": &*socket.name, "type": &*socket.types});
            let is_required =
                class.and_then(|class| class.input(&socket.name)).is_some_and(|input| input.required);
            if class.is_some() && !is_required {
                slot["shape"] = json!(OPTIONAL);
            }
            if socket.has_widget {
                slot["widget"] = json!({"name": &*socket.name});
            }
            slot["link"] = json!(link);
            slot
        });
        put("inputs", inputs.collect());
        let outputs = starts.iter().enumerate().map(|(slot, links)| {
            let output = saved.outputs.get(slot);
            let (name, types) = output.map_or(("*", "*"), |output| (&*output.name, &*output.types));
            let links = if links.is_empty() { Json::Null } else { json!(links) };
            json!({"name": name, "type": types, "slot_index": slot, "links": links})
        });
        put("outputs", outputs.collect());
        if let Some(title) = saved.title {
            put("title", json!(title));
        }
        put("properties", self.properties(saved, class));
        let values = &saved.laid.values;
        let list = if saved.laid.by_name {
            let given = values.iter().filter(|value| value.is_given);
            let named =
                given.filter_map(|value| Some((value.name.as_ref()?.to_string(), value.value.to_json())));
            Json::Object(named.collect())
        } else {
            values.iter().map(|value| value.value.to_json()).collect()
        };
        put("widgets_values", list);
        put("color", json!(colour.title));
        put("bgcolor", json!(colour.body));
        Json::Object(json)
    }

    fn properties(&self, saved: &Saved<'_>, class: Option<&NodeClass>) -> Json {
        let mut json = Map::new();
        let mut put = |key: &str, value: &str| json.insert(key.to_owned(), json!(value));
        if let Some(class) = class {
            put("Node name for S&R", &class.name);
            let identity = self.options.identity;
            let pack = identity.packs.iter().find(|pack| *pack.name == *class.pack);
            let version = pack.and_then(|pack| pack.version.as_deref());
            let version =
                version.or_else(|| identity.comfyui.as_deref().filter(|_| &*class.pack == CORE_PACK));
            if let Some(id) = registry_id(&class.pack) {
                put("cnr_id", id);
                if let Some(version) = version {
                    put("ver", version);
                }
            }
        }
        put(KEY_PROPERTY, &saved.node.key);
        let added = &saved.laid.added;
        if !added.is_empty() {
            let values: Map<_, _> =
                added.iter().map(|(name, value)| (name.to_string(), value.to_json())).collect();
            json.insert(UNSET_PROPERTY.to_owned(), Json::Object(values));
        }
        Json::Object(json)
    }
}
