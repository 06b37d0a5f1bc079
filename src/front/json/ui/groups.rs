//! Group nodes (`workflow>NAME`), which the editor had before subgraphs.
//!
//! A group's definition holds nodes without ids, and links between their positions. The group node
//! shows what is left: sockets that no link inside fills, and the widgets of all nodes, each under its
//! own name or a longer one where names meet. Here a group node becomes the instance of a subgraph of
//! its own, since the values of its widgets are its own.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::Json;
use super::document::{Document, Link, Origin, Port, Sheet, UiNode};
use super::model::{Part, Role};
use super::scripts;
use super::widgets::{Shape, has_widget};
use crate::catalog::{Catalog, InputKind, InputSpec, NodeClass};

/// A node of a group and a slot of it, as links of groups count slots: sockets, and behind them the
/// widgets that were converted to sockets.
type Slot = (usize, usize);

/// A group node taken apart: the sheet inside, its nodes, and the node itself but for its role.
pub(super) struct Group<'a> {
    pub(super) sheet: Sheet<'a>,
    pub(super) parts: Vec<Part>,
    pub(super) shape: Shape,
}

/// The definition that a node is an instance of, if its class is a group.
pub(super) fn definition<'a>(document: &Document<'a>, class: &str) -> Option<&'a Json<'a>> {
    let name = class.strip_prefix("workflow>").or_else(|| class.strip_prefix("workflow/"))?;
    document.groups.get(name).copied()
}

/// Takes a group node apart. Nothing if the catalog lacks a class in it: the editor does not know the
/// group then.
pub(super) fn expand<'a>(
    node: &UiNode<'a>,
    group: &'a Json<'a>,
    document: &Document<'a>,
    catalog: &Catalog,
) -> Option<Group<'a>> {
    let written = group.get("nodes")?.items()?;
    let nodes: Vec<_> = written.iter().enumerate().map(|(at, json)| UiNode::of_group(json, at)).collect();
    let parts: Vec<_> = nodes.iter().map(|node| Part::new(node, document, catalog)).collect();
    if parts.iter().any(|part| part.role == Role::Run && part.class.is_none()) {
        return None;
    }
    let wiring = Wiring::new(group);
    let mut builder =
        Builder { group, nodes: &nodes, parts: &parts, wiring: &wiring, shown: Shown::default() };
    for at in 0..nodes.len() {
        builder.node(at);
    }
    for at in 0..nodes.len() {
        builder.converted(at);
    }
    let shown = builder.shown;
    let shape = Shape::of_class(&synthetic(node.class, shown.inputs.clone()), node);
    let mut inside = Inside { nodes, parts, links: Vec::new() };
    inside.give_values(&shape, &shown, &wiring);
    let sheet = inside.connect(&shape, &shown, &wiring);
    Some(Group { sheet, parts: inside.parts, shape })
}

/// A class with the inputs that a group node shows.
fn synthetic(name: &str, inputs: Vec<InputSpec>) -> NodeClass {
    NodeClass {
        name: name.into(),
        display_name: None,
        pack: "".into(),
        category: String::new(),
        inputs,
        hidden: Vec::new(),
        outputs: Vec::new(),
        output_node: false,
        deprecated: false,
        experimental: false,
        api_node: false,
        own_check: None,
    }
}

/// The links of a group's definition.
#[derive(Default)]
struct Wiring<'a> {
    /// In the order of the file: an output, and the slot that takes it.
    links: Vec<(Slot, Slot)>,
    /// Slots that something inside fills.
    filled: FxHashSet<Slot>,
    /// The slot that an output goes to first, and the type of that link.
    first: FxHashMap<Slot, (Slot, Option<&'a str>)>,
    /// Outputs that are linked outside of the group too.
    external: FxHashSet<Slot>,
}

impl<'a> Wiring<'a> {
    fn new(group: &'a Json<'a>) -> Self {
        let rows = |key: &str| group.get(key).and_then(Json::items).unwrap_or_default().iter();
        let index = |row: &Json<'_>, at: usize| usize::try_from(row.items()?.get(at)?.as_int()?).ok();
        let pair = |row: &Json<'_>, at: usize| Some((index(row, at)?, index(row, at + 1)?));
        let mut wiring = Self::default();
        for row in rows("links") {
            if let (Some(output), Some(target)) = (pair(row, 0), pair(row, 2)) {
                let types = row.items().and_then(|parts| parts.get(5)).and_then(Json::as_str);
                wiring.links.push((output, target));
                wiring.filled.insert(target);
                wiring.first.entry(output).or_insert((target, types));
            }
        }
        wiring.external.extend(rows("external").filter_map(|row| pair(row, 0)));
        wiring
    }

    /// True for an output that is used inside the group only.
    fn is_inner(&self, output: Slot) -> bool {
        self.first.contains_key(&output) && !self.external.contains(&output)
    }
}

/// What a group node shows.
#[derive(Default)]
struct Shown {
    /// Its inputs.
    inputs: Vec<InputSpec>,
    /// The names of its sockets, and the slots inside that they lead to.
    sockets: Vec<(Arc<str>, Slot)>,
    /// The names of its widgets, and those inside that they stand for: node and name.
    widgets: Vec<(Arc<str>, usize, Arc<str>)>,
    /// Its outputs: those inside.
    outputs: Vec<Slot>,
    /// For every node, the names of its slots.
    slots: Vec<Vec<Arc<str>>>,
    /// How often a name was used.
    seen: FxHashMap<String, usize>,
}

/// Finds what a group node shows, node by node.
struct Builder<'a, 'g> {
    group: &'g Json<'a>,
    nodes: &'g [UiNode<'a>],
    parts: &'g [Part],
    wiring: &'g Wiring<'a>,
    shown: Shown,
}

impl<'g> Builder<'_, 'g> {
    /// The inputs that a node brings.
    fn inputs(&self, at: usize) -> Vec<InputSpec> {
        if let Some(class) = &self.parts[at].class {
            let upload = scripts::has_upload(class).then(scripts::upload_input);
            return class.inputs.iter().cloned().chain(upload).collect();
        }
        let first = self.wiring.first.get(&(at, 0));
        match self.nodes[at].class {
            // It looks like the first widget that it fills.
            "PrimitiveNode" => {
                let filled = first.and_then(|&((target, slot), _)| {
                    let class = self.parts.get(target)?.class.as_deref()?;
                    class.input(slots(class, &self.nodes[target]).get(slot)?).cloned()
                });
                let value = |spec| InputSpec { name: "value".into(), control_after_generate: true, ..spec };
                filled.map(value).into_iter().collect()
            }
            "Reroute" if !(self.wiring.filled.contains(&(at, 0)) && self.wiring.is_inner((at, 0))) => {
                let types = first.and_then(|(_, types)| *types).unwrap_or("*");
                vec![scripts::socket_input(types)]
            }
            _ => Vec::new(),
        }
    }

    /// A node's widgets, sockets and outputs, but for converted widgets.
    fn node(&mut self, at: usize) {
        let (node, part) = (&self.nodes[at], &self.parts[at]);
        let inputs = self.inputs(at);
        let mut names = Vec::new();
        for spec in &inputs {
            if !has_widget(spec) {
                self.socket((at, names.len()), spec);
                names.push(spec.name.clone());
            } else if converted(node, &spec.name).is_none() {
                let name = self.name(at, spec);
                self.shown.widgets.push((name, at, spec.name.clone()));
            }
        }
        let names = part.class.as_deref().map_or(names, |class| slots(class, node));
        self.shown.slots.push(names);
        if part.role != Role::Run && (node.class != "Reroute" || inputs.is_empty()) {
            return;
        }
        for slot in 0..part.outputs.len() {
            let visible = self.is_visible(at, "output", &slot.to_string());
            if visible.unwrap_or(!self.wiring.is_inner((at, slot))) {
                self.shown.outputs.push((at, slot));
            }
        }
    }

    /// A node's widgets that were converted to sockets: they stand behind the inputs of all nodes.
    fn converted(&mut self, at: usize) {
        let Some(class) = self.parts[at].class.clone() else { return };
        for (slot, name) in self.shown.slots[at].clone().iter().enumerate() {
            if let Some(spec) = class.input(name).filter(|spec| has_widget(spec)) {
                self.socket((at, slot), spec);
            }
        }
    }

    /// A socket, if nothing inside fills it.
    fn socket(&mut self, slot: Slot, spec: &InputSpec) {
        let is_hidden = self.is_visible(slot.0, "input", &spec.name) == Some(false);
        if self.wiring.filled.contains(&slot) || (is_hidden && !has_widget(spec)) {
            return;
        }
        let name = self.name(slot.0, spec);
        self.shown.sockets.push((name.clone(), slot));
        if has_widget(spec) {
            self.shown.widgets.push((name, slot.0, spec.name.clone()));
        }
    }

    /// What the user chose for an input or output of a node.
    fn config(&self, at: usize, side: &str, name: &str) -> Option<&'g Json<'_>> {
        let all = self.group.get("config")?;
        let of_node = all.items().map_or_else(|| all.get(&at.to_string()), |items| items.get(at))?;
        of_node.get(side)?.get(name)
    }

    fn is_visible(&self, at: usize, side: &str, name: &str) -> Option<bool> {
        self.config(at, side, name)?.get("visible")?.as_bool()
    }

    /// The name that an input has on the group node. The group node gets the input.
    fn name(&mut self, at: usize, spec: &InputSpec) -> Arc<str> {
        let node = &self.nodes[at];
        let chosen = self.config(at, "input", &spec.name).and_then(|config| config.get("name")?.as_str());
        let mut name = chosen.or_else(|| node.label(&spec.name)).unwrap_or(&spec.name).to_owned();
        let mut key = name.clone();
        let is_titled = node.class == "PrimitiveNode" && node.title().is_some();
        if is_titled || self.shown.seen.contains_key(&name) {
            let title = node.title().unwrap_or(node.class);
            key = format!("{title} {}", spec.name);
            name = self
                .shown
                .seen
                .get(&key)
                .map_or_else(|| key.clone(), |count| format!("{title} {count} {}", spec.name));
        }
        *self.shown.seen.entry(key).or_insert(1) += 1;
        let name: Arc<str> = name.into();
        // Under a longer name a seed would no longer be known as one.
        let is_seed = matches!(&*spec.name, "seed" | "noise_seed");
        let control = spec.control_after_generate || (is_seed && matches!(spec.kind, InputKind::Int { .. }));
        self.shown.inputs.push(InputSpec {
            name: name.clone(),
            control_after_generate: control,
            ..spec.clone()
        });
        name
    }
}

/// The position at which a widget of a node was converted to a socket.
fn converted(node: &UiNode<'_>, name: &str) -> Option<usize> {
    node.inputs.iter().position(|slot| slot.name == name && slot.widget == Some(name))
}

/// The names of a node's slots. Positions of converted widgets are sorted as texts, as the editor does.
fn slots(class: &NodeClass, node: &UiNode<'_>) -> Vec<Arc<str>> {
    let (widgets, mut slots): (Vec<_>, Vec<_>) = class.inputs.iter().partition(|spec| has_widget(spec));
    let mut behind: Vec<(String, &InputSpec)> = widgets
        .into_iter()
        .filter_map(|spec| Some((converted(node, &spec.name)?.to_string(), spec)))
        .collect();
    behind.sort_by(|(one, _), (other, _)| one.cmp(other));
    slots.extend(behind.into_iter().map(|(_, spec)| spec));
    slots.into_iter().map(|spec| spec.name.clone()).collect()
}

/// The nodes inside, as they are connected.
struct Inside<'a> {
    nodes: Vec<UiNode<'a>>,
    parts: Vec<Part>,
    links: Vec<Link>,
}

impl<'a> Inside<'a> {
    /// The socket behind a slot.
    fn socket(&self, shown: &Shown, (at, slot): Slot) -> Option<usize> {
        let part = self.parts.get(at)?;
        if part.role != Role::Run {
            return Some(slot);
        }
        let name = shown.slots[at].get(slot)?;
        part.shape.sockets.iter().position(|socket| socket.name == *name)
    }

    /// Gives the values of the group node's widgets to the widgets that they stand for.
    fn give_values(&mut self, shape: &Shape, shown: &Shown, wiring: &Wiring<'_>) {
        let by_name: FxHashMap<_, _> = shape.widgets.iter().map(|widget| (&widget.name, widget)).collect();
        for (name, at, inner) in &shown.widgets {
            let Some(given) = by_name.get(name) else { continue };
            let mut targets = vec![(*at, inner.clone())];
            if self.parts[*at].role == Role::Primitive {
                let filled = wiring.links.iter().filter(|((origin, _), _)| origin == at);
                let filled = filled.filter_map(|(_, (target, slot))| {
                    Some((*target, shown.slots.get(*target)?.get(*slot)?.clone()))
                });
                targets = filled.collect();
            }
            for (at, name) in targets {
                let shape = &mut self.parts[at].shape;
                if let Some(index) = shape.widget(&name) {
                    shape.widgets[index].value.clone_from(&given.value);
                    shape.widgets[index].place = given.place;
                }
            }
        }
    }

    /// Links the sockets, among each other and to the group node's.
    fn connect(&mut self, shape: &Shape, shown: &Shown, wiring: &Wiring<'_>) -> Sheet<'a> {
        for &((origin, slot), target) in &wiring.links {
            if origin < self.nodes.len() {
                self.link(shown, Origin::Node(origin), slot, target);
            }
        }
        let mut inputs: Vec<Port<'a>> = shape.sockets.iter().map(|_| Port::default()).collect();
        let ports: FxHashMap<_, _> =
            shape.sockets.iter().enumerate().map(|(port, socket)| (&*socket.name, port)).collect();
        for (name, target) in &shown.sockets {
            if let Some(&port) = ports.get(&**name) {
                inputs[port].links.extend(self.link(shown, Origin::Input, port, *target));
            }
        }
        let mut outputs = Vec::new();
        for &(origin, slot) in &shown.outputs {
            let end = Link { origin: Origin::Node(origin), origin_slot: slot, target: None, target_slot: 0 };
            outputs.push(Port { links: vec![self.links.len()], ..Port::default() });
            self.links.push(end);
        }
        let (nodes, links) = (std::mem::take(&mut self.nodes), std::mem::take(&mut self.links));
        Sheet { name: None, nodes, links, inputs, outputs }
    }

    /// A link to a slot; its index.
    fn link(&mut self, shown: &Shown, origin: Origin, origin_slot: usize, target: Slot) -> Option<usize> {
        let socket = self.socket(shown, target)?;
        let link = self.links.len();
        self.parts[target.0].shape.sockets.get_mut(socket)?.link = Some(link);
        self.links.push(Link { origin, origin_slot, target: Some(target.0), target_slot: socket });
        Some(link)
    }
}
