//! The editor's file as plain structures: graphs, nodes, slots and links, as they are written.
//!
//! Decoding takes what the editor itself would look at and reports what cannot be meant. A file has
//! one main graph and definitions of subgraphs; both are a [`Sheet`]. Numbers of nodes and links
//! become indices here, so that what follows needs no maps.

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::{Json, JsonKind, Place};
use super::problems::Problems;

/// The number that stands for a subgraph's own inputs, where a link's origin is written.
const INPUT_SIDE: &str = "-10";
/// The number that stands for a subgraph's own outputs, where a link's target is written.
const OUTPUT_SIDE: &str = "-20";
/// The editor gives out no number above this one.
const MAX_NODE_ID: i128 = 100_000_000;

/// Most bytes of an id that is a text. Ids are repeated for everything inside a subgraph.
const MAX_ID_BYTES: usize = 100;

/// The same of a key that a property tells.
const MAX_KEY_BYTES: usize = 200;

/// The whole file.
#[derive(Debug, Default)]
pub(super) struct Document<'a> {
    /// The main graph, then the definitions of subgraphs in the file's order.
    pub(super) sheets: Vec<Sheet<'a>>,
    /// The definitions by id.
    pub(super) definitions: FxHashMap<&'a str, usize>,
    /// Definitions of group nodes, the predecessors of subgraphs, by name.
    pub(super) groups: FxHashMap<&'a str, &'a Json<'a>>,
}

/// A graph: the main one, or a subgraph's definition.
#[derive(Debug, Default)]
pub(super) struct Sheet<'a> {
    /// What people call it.
    pub(super) name: Option<&'a str>,
    /// Its nodes, in the file's order.
    pub(super) nodes: Vec<UiNode<'a>>,
    /// Its links.
    pub(super) links: Vec<Link>,
    /// A subgraph's inputs.
    pub(super) inputs: Vec<Port<'a>>,
    /// A subgraph's outputs.
    pub(super) outputs: Vec<Port<'a>>,
}

/// A node as it is written.
#[derive(Debug)]
pub(super) struct UiNode<'a> {
    /// The whole node.
    pub(super) json: &'a Json<'a>,
    /// Its number, as text; unique in the file.
    pub(super) id: Arc<str>,
    /// Its class, or the id of a subgraph's definition. Empty if it has none.
    pub(super) class: &'a str,
    /// Whether it runs.
    pub(super) mode: Mode,
    /// Its input slots.
    pub(super) inputs: Vec<Slot<'a>>,
    /// Its output slots.
    pub(super) outputs: Vec<OutputSlot<'a>>,
}

impl<'a> UiNode<'a> {
    /// A node in the definition of a group. Its id is its position; its links are written elsewhere.
    pub(super) fn of_group(json: &'a Json<'a>, position: usize) -> Self {
        read_node(json, position.to_string().into(), &|_| None, None)
    }

    /// The name that the user gave one of its inputs.
    pub(super) fn label(&self, input: &str) -> Option<&'a str> {
        let slot = slots(self.json, "inputs").find(|slot| text(slot, "name") == input)?;
        slot.get("label")?.as_str()
    }

    /// The values of its widgets, as they are written.
    pub(super) fn values(&self) -> Option<&'a Json<'a>> {
        self.json.get("widgets_values").filter(|values| !values.is_null())
    }

    /// Its own title.
    pub(super) fn title(&self) -> Option<&'a str> {
        self.json.get("title").and_then(Json::as_str).filter(|title| !title.is_empty())
    }

    /// The key that it had in the workflow that the file was written from. A number would be another node's.
    pub(super) fn key(&self) -> Option<&'a str> {
        let key = self.property(super::KEY_PROPERTY)?.as_str()?;
        let is_number = || key.bytes().all(|byte| byte.is_ascii_digit());
        (key.len() <= MAX_KEY_BYTES && (key == &*self.id || !is_number())).then_some(key)
    }

    /// One of its properties.
    pub(super) fn property(&self, name: &str) -> Option<&'a Json<'a>> {
        self.json.get("properties")?.get(name)
    }

    /// The place of its class, or of the whole node.
    pub(super) fn place(&self) -> Option<Place> {
        self.json.get("type").and_then(|class| class.place).or(self.json.place)
    }
}

/// Whether a node runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// As usual.
    Active,
    /// Left out, with what it gives.
    Muted,
    /// Left out; what it takes goes through to who wants it.
    Bypassed,
}

/// An input slot as it is written.
#[derive(Clone, Debug)]
pub(super) struct Slot<'a> {
    pub(super) name: &'a str,
    pub(super) types: &'a str,
    /// Index of the link that ends here, in [`Sheet::links`].
    pub(super) link: Option<usize>,
    /// The widget that the slot belongs to.
    pub(super) widget: Option<&'a str>,
    pub(super) place: Option<Place>,
}

/// An output slot as it is written.
#[derive(Clone, Debug)]
pub(super) struct OutputSlot<'a> {
    pub(super) types: &'a str,
    /// The links that start here, in order.
    pub(super) links: Vec<usize>,
}

/// An input or output of a subgraph.
#[derive(Debug, Default)]
pub(super) struct Port<'a> {
    pub(super) name: &'a str,
    pub(super) types: &'a str,
    /// The links inside the subgraph, in order.
    pub(super) links: Vec<usize>,
}

/// A link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// What gives.
    pub(super) origin: Origin,
    /// Index of the node that takes; nothing if that is the subgraph's own output, or missing.
    pub(super) target: Option<usize>,
    /// Its output slot.
    pub(super) origin_slot: usize,
    /// The slot of what takes.
    pub(super) target_slot: usize,
}

/// Where a link starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// At a node of the same sheet.
    Node(usize),
    /// At the inputs of the subgraph.
    Input,
    /// At a node that does not exist.
    Nowhere,
}

/// Decodes a file. Gives nothing if it has no list of nodes.
pub(super) fn decode<'a>(root: &'a Json<'a>, problems: &mut Problems<'_>) -> Option<Document<'a>> {
    root.get("nodes").and_then(Json::items)?;
    let mut document = Document::default();
    let definitions = definitions(root);
    let mut ids = Ids::new(root);
    let mut raw = vec![RawSheet::read(root, problems)];
    raw[0].reserve(&mut ids);
    for definition in definitions {
        let Some(id) = definition.get("id").and_then(Json::as_str) else {
            problems.error(
                "subgraph-without-id",
                "a subgraph's definition has no id",
                definition.place,
                |d| d,
            );
            continue;
        };
        if document.definitions.insert(id, raw.len()).is_some() {
            problems.error(
                "duplicate-subgraph",
                format!("two subgraphs have the id `{id}`"),
                definition.get("id").and_then(|id| id.place),
                |diagnostic| diagnostic.help("the editor takes the last one"),
            );
        }
        let mut sheet = RawSheet::read(definition, problems);
        sheet.renumber(&mut ids);
        raw.push(sheet);
    }
    document.sheets = raw.into_iter().map(|sheet| sheet.finish(problems)).collect();
    let groups = root.get("extra").and_then(|extra| extra.get("groupNodes")).and_then(Json::entries);
    document.groups = groups.into_iter().flatten().map(|entry| (entry.key, &entry.value)).collect();
    Some(document)
}

/// All definitions of subgraphs, those inside of definitions too.
fn definitions<'a>(root: &'a Json<'a>) -> Vec<&'a Json<'a>> {
    let mut all = Vec::new();
    let mut open = vec![root];
    while let Some(json) = open.pop() {
        let inside = json.get("definitions").and_then(|definitions| definitions.get("subgraphs"));
        let inside = inside.and_then(Json::items).unwrap_or_default();
        all.extend(inside);
        open.extend(inside);
    }
    all
}

/// Numbers of nodes that are taken. The editor keeps them unique in a file: a node of a subgraph
/// whose number is taken gets the next free one.
struct Ids {
    taken: FxHashSet<i128>,
    last: i128,
}

impl Ids {
    fn new(root: &Json<'_>) -> Self {
        let last = |json: Option<&Json<'_>>| json.and_then(Json::as_int).unwrap_or(0);
        let state = root.get("state").and_then(|state| state.get("lastNodeId"));
        Self { taken: FxHashSet::default(), last: last(root.get("last_node_id")).max(last(state)) }
    }

    /// The number for a node that wants to have `wanted`.
    fn take(&mut self, wanted: i128) -> i128 {
        if self.taken.insert(wanted) {
            self.last = self.last.max(wanted);
            return wanted;
        }
        while self.last < MAX_NODE_ID {
            self.last += 1;
            if self.taken.insert(self.last) {
                return self.last;
            }
        }
        wanted
    }
}

/// A link's number, and where it stands.
type Written<'a> = (Cow<'a, str>, Option<Place>);

/// A sheet whose links still have the numbers of the file.
struct RawSheet<'a> {
    json: &'a Json<'a>,
    nodes: Vec<(&'a Json<'a>, Id<'a>)>,
    /// Nodes by the number that links use.
    by_id: FxHashMap<Cow<'a, str>, usize>,
}

/// A node's number: most are integers.
enum Id<'a> {
    Number(i128),
    Text(&'a str),
}

impl<'a> Id<'a> {
    fn read(json: &'a Json<'a>) -> Option<Self> {
        let text = json.as_str().filter(|text| text.len() <= MAX_ID_BYTES);
        text.map(Self::Text).or_else(|| json.as_int().map(Self::Number))
    }

    fn text(&self) -> Arc<str> {
        match self {
            Self::Number(number) => number.to_string().into(),
            Self::Text(text) => (*text).into(),
        }
    }
}

impl<'a> RawSheet<'a> {
    fn read(json: &'a Json<'a>, problems: &mut Problems<'_>) -> Self {
        let mut sheet = Self { json, nodes: Vec::new(), by_id: FxHashMap::default() };
        for node in json.get("nodes").and_then(Json::items).unwrap_or_default() {
            if node.entries().is_none() {
                problems.error("not-a-node", "an entry of `nodes` is no object", node.place, |d| d);
                continue;
            }
            let written = node.get("id");
            let Some(id) = written.and_then(Id::read) else {
                let place = written.and_then(|id| id.place).or(node.place);
                let message = "a node's id must be a whole number or a short text";
                problems.error("odd-node-id", message, place, |d| d);
                continue;
            };
            let Some(key) = written.and_then(number) else { continue };
            let place = written.and_then(|id| id.place);
            if sheet.by_id.contains_key(&key) {
                let message = format!("two nodes have the id {key}");
                problems.error("duplicate-node-id", message, place, |diagnostic| {
                    diagnostic
                        .help("links cannot tell them apart: give one of them another id, and its links")
                });
                continue;
            }
            sheet.by_id.insert(key, sheet.nodes.len());
            sheet.nodes.push((node, id));
        }
        sheet
    }

    /// The main graph's numbers stay as they are.
    fn reserve(&self, ids: &mut Ids) {
        ids.taken.extend(self.nodes.iter().filter_map(|(_, id)| match id {
            Id::Number(number) => Some(*number),
            Id::Text(_) => None,
        }));
    }

    fn renumber(&mut self, ids: &mut Ids) {
        for (_, id) in &mut self.nodes {
            if let Id::Number(number) = id {
                *number = ids.take(*number);
            }
        }
    }

    fn finish(self, problems: &mut Problems<'_>) -> Sheet<'a> {
        let (links, by_number, written) = self.links(problems);
        let find = |json: &Json<'_>| by_number.get(&number(json)?).copied();
        let nodes = self
            .nodes
            .iter()
            .map(|(node, id)| read_node(node, id.text(), &find, Some(&mut *problems)))
            .collect();
        let mut sheet = Sheet {
            name: self.json.get("name").and_then(Json::as_str),
            nodes,
            links,
            inputs: ports(self.json, "inputs", &find),
            outputs: ports(self.json, "outputs", &find),
        };
        sheet.repair_outputs();
        sheet.check_targets(&written, problems);
        sheet
    }

    /// The links, their indices by number, and what they are written as.
    fn links(
        &self,
        problems: &mut Problems<'_>,
    ) -> (Vec<Link>, FxHashMap<Cow<'a, str>, usize>, Vec<Written<'a>>) {
        let mut links = Vec::new();
        let mut by_number = FxHashMap::default();
        let mut written = Vec::new();
        let outputs = slots(self.json, "outputs").count();
        let node = |json: Option<&Json<'_>>| self.by_id.get(&number(json?)?).copied();
        for json in self.json.get("links").and_then(Json::items).unwrap_or_default() {
            let [id, origin, origin_slot, target, target_slot] = match json.items() {
                Some(parts) => [0, 1, 2, 3, 4].map(|at| parts.get(at)),
                None => {
                    ["id", "origin_id", "origin_slot", "target_id", "target_slot"].map(|key| json.get(key))
                }
            };
            let Some(id) = id.and_then(number) else {
                if !json.is_null() {
                    problems.warning("odd-link", "a link has no id and is ignored", json.place, |d| d);
                }
                continue;
            };
            let slot = |json: Option<&Json<'_>>| {
                json.and_then(Json::as_int).and_then(|slot| usize::try_from(slot).ok()).unwrap_or(usize::MAX)
            };
            let from = match node(origin) {
                Some(node) => Origin::Node(node),
                None if origin.and_then(number).as_deref() == Some(INPUT_SIDE) => Origin::Input,
                None => Origin::Nowhere,
            };
            let is_output = target.and_then(number).as_deref() == Some(OUTPUT_SIDE);
            if node(target).is_none() && !(is_output && slot(target_slot) < outputs) {
                let end = if is_output { "an output of the subgraph" } else { "a node" };
                let message = format!("link {id} ends at {end} that does not exist, and is ignored");
                problems.warning("link-to-nowhere", message, json.place, |d| d);
            }
            written.push((id.clone(), json.place));
            by_number.insert(id, links.len());
            links.push(Link {
                origin: from,
                origin_slot: slot(origin_slot),
                target: node(target),
                target_slot: slot(target_slot),
            });
        }
        (links, by_number, written)
    }
}

impl Sheet<'_> {
    /// An output whose link was removed as a double takes the link that stayed.
    fn repair_outputs(&mut self) {
        let Self { links, outputs, .. } = self;
        let mut inward: FxHashMap<usize, usize> = FxHashMap::default();
        for (index, link) in links.iter().enumerate().filter(|(_, link)| link.target.is_none()) {
            inward.entry(link.target_slot).or_insert(index);
        }
        for (slot, output) in outputs.iter_mut().enumerate() {
            if output.links.is_empty() {
                output.links.extend(inward.get(&slot));
            }
        }
    }

    /// Says where a link and the node that it ends at do not agree.
    fn check_targets(&self, written: &[Written<'_>], problems: &mut Problems<'_>) {
        let mut named = vec![false; self.links.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            for (position, slot) in node.inputs.iter().enumerate() {
                let Some(index) = slot.link else { continue };
                named[index] = true;
                let link = self.links[index];
                let is_other = link.target_slot != position && link.target_slot != usize::MAX;
                if link.target != Some(at) || is_other {
                    let message = format!(
                        "`{}` of node {} ({}) has a link that is written to end elsewhere",
                        slot.name, node.id, node.class
                    );
                    problems.warning(
                        "link-mismatch",
                        message,
                        slot.place.or(node.json.place),
                        |diagnostic| diagnostic.help("the editor trusts the input, and so does this"),
                    );
                }
            }
        }
        // A link that is left over beside another one changes nothing.
        for (index, (id, place)) in written.iter().enumerate().filter(|(index, _)| !named[*index]) {
            let link = self.links[index];
            let Some(node) = link.target.and_then(|target| self.nodes.get(target)) else { continue };
            let slot = node.inputs.get(link.target_slot);
            let written = slots(node.json, "inputs").nth(link.target_slot).and_then(|slot| slot.get("link"));
            if link.target_slot == usize::MAX || written.is_some_and(|link| !link.is_null()) {
                continue;
            }
            let end = slot.map_or_else(
                || {
                    format!(
                        "input {} of node {} ({}), which does not exist",
                        link.target_slot, node.id, node.class
                    )
                },
                |slot| {
                    format!("`{}` of node {} ({}), which does not name it", slot.name, node.id, node.class)
                },
            );
            problems.warning(
                "link-mismatch",
                format!("link {id} is written to end at {end}"),
                *place,
                |diagnostic| {
                    diagnostic.help("the editor trusts the input, and so does this: it is not linked")
                },
            );
        }
    }
}

/// The number of a node or link as text, whether it is written as a number or as a text.
fn number<'a>(json: &'a Json<'_>) -> Option<Cow<'a, str>> {
    match &json.kind {
        JsonKind::Str(text) => Some(Cow::Borrowed(text)),
        _ => json.as_int().map(|number| number.to_string().into()),
    }
}

fn read_node<'a>(
    json: &'a Json<'a>,
    id: Arc<str>,
    find: &impl Fn(&Json<'_>) -> Option<usize>,
    mut problems: Option<&mut Problems<'_>>,
) -> UiNode<'a> {
    let class = json.get("type").and_then(Json::as_str).unwrap_or_default();
    let mode = match json.get("mode").and_then(Json::as_int) {
        Some(2) => Mode::Muted,
        Some(4) => Mode::Bypassed,
        _ => Mode::Active,
    };
    let mut inputs = Vec::new();
    for slot in slots(json, "inputs") {
        let name = text(slot, "name");
        let written = slot.get("link").filter(|link| !link.is_null());
        let link = written.and_then(find);
        if let Some(written) = written.filter(|_| link.is_none())
            && let Some(problems) = problems.as_deref_mut()
        {
            let message = format!("`{name}` of node {id} ({class}) has a link that does not exist");
            problems.warning("missing-link", message, written.place.or(json.place), |diagnostic| {
                diagnostic.help("it counts as not linked; open the file in ComfyUI, link it anew and save it")
            });
        }
        let widget = slot.get("widget").map(|widget| text(widget, "name"));
        inputs.push(Slot { name, types: text(slot, "type"), link, widget, place: slot.place });
    }
    let outputs = slots(json, "outputs").map(|slot| OutputSlot {
        types: text(slot, "type"),
        links: slots(slot, "links").filter_map(find).collect(),
    });
    UiNode { json, id, class, mode, inputs, outputs: outputs.collect() }
}

fn ports<'a>(json: &'a Json<'a>, key: &str, find: &impl Fn(&Json<'_>) -> Option<usize>) -> Vec<Port<'a>> {
    slots(json, key)
        .map(|port| Port {
            name: text(port, "name"),
            types: text(port, "type"),
            links: slots(port, "linkIds").filter_map(find).collect(),
        })
        .collect()
}

fn slots<'a>(json: &'a Json<'a>, key: &str) -> impl Iterator<Item = &'a Json<'a>> {
    json.get(key).and_then(Json::items).unwrap_or_default().iter()
}

fn text<'a>(json: &'a Json<'a>, key: &str) -> &'a str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}
