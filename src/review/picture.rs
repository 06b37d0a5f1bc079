//! What is shown of a workflow: boxes with the values that matter, links with what they carry, stages. No places and no
//! colours. Plain data, so that whoever compares workflows can mark what is new, gone and changed.

pub mod colours;
mod kind;

use std::borrow::Cow;
use std::sync::Arc;

use crate::back::{stages, toml};
use crate::catalog::{InputKind, InputSpec, Models};
use crate::ir::{Argument, Graph, Node, NodeId, Value};
use crate::plan;

pub use kind::Kind;

/// Most values that a box shows.
pub(super) const MAX_FACTS: usize = 6;

/// So many characters of a title are shown.
const MAX_TITLE: usize = 40;

/// So many characters of an input's name and value are shown, but always some of the value.
pub(super) const MAX_LINE: usize = 50;
pub(super) const MIN_VALUE: usize = 16;

/// Shown even where they are what the editor starts with: nobody knows by heart what that is.
const ALWAYS: [&str; 2] = ["sampler_name", "scheduler"];

/// What happened to a part of a workflow, where two are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Nothing, or nothing is compared.
    #[default]
    Same,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is there in both, with other values or links.
    Changed,
}

impl Mark {
    /// Its name, for classes of elements and for people; none for [`Mark::Same`].
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Same => None,
            Self::Added => Some("added"),
            Self::Removed => Some("removed"),
            Self::Changed => Some("changed"),
        }
    }

    /// A sign in front of a name, so that the mark does not hang on a colour.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Added => "+ ",
            Self::Removed => "- ",
            Self::Changed => "~ ",
        }
    }
}

/// A workflow as it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// What it shows: mostly a file.
    pub title: String,
    /// The stages that nodes have, in the order of generation.
    pub stages: Vec<Arc<str>>,
    /// The nodes, in the order of the workflow.
    pub blocks: Vec<Block>,
    /// The links, by the nodes that they end at.
    pub links: Vec<Link>,
}

/// A node as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The node's key.
    pub key: String,
    /// The title in ComfyUI's editor, if it has one of its own.
    pub title: Option<String>,
    /// Its class.
    pub class: String,
    /// True if the catalog has the class.
    pub is_known: bool,
    /// Index in [`Picture::stages`].
    pub stage: usize,
    /// The inputs that are linked.
    pub inputs: Vec<Port>,
    /// The outputs that are linked, by slot.
    pub outputs: Vec<Port>,
    /// The values that matter.
    pub facts: Vec<Fact>,
    /// How many more values differ from what the class starts with.
    pub more: usize,
    /// What happened to it.
    pub mark: Mark,
    /// Why it is highlighted: names of rules, or nothing but `highlighted`. Empty: it is not.
    pub found: Vec<String>,
}

/// Where a link begins or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The name of the input or output.
    pub name: String,
    /// Slot of the output, index of the input.
    pub at: u32,
    /// What goes through it.
    pub kind: Kind,
}

/// A value that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The input.
    pub name: String,
    /// Its value, short and in one line.
    pub value: String,
    /// What happened to it.
    pub mark: Mark,
}

/// A link as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The node that gives: index in [`Picture::blocks`].
    pub from: usize,
    /// Index in its [`Block::outputs`].
    pub output: usize,
    /// The node that takes.
    pub to: usize,
    /// Index in its [`Block::inputs`].
    pub input: usize,
    /// The type, in ComfyUI's spelling.
    pub types: Arc<str>,
    /// What it carries.
    pub kind: Kind,
    /// What happened to it.
    pub mark: Mark,
    /// True if it is highlighted.
    pub is_found: bool,
}

/// What a picture is made with.
#[derive(Clone, Copy, Debug)]
pub struct Options<'o> {
    /// What it shows.
    pub title: &'o str,
    /// The order of stages, if somebody says it; others come behind.
    pub stages: &'o [Arc<str>],
    /// For the sizes of model files.
    pub models: &'o Models,
}

impl Picture {
    /// What is shown of `graph`, which may be wrong in any way.
    #[must_use]
    pub fn of(graph: &Graph, options: &Options<'_>) -> Self {
        let stage_of = stages::of(graph);
        let stages = stages::ordered(&stage_of, options.stages);
        let mut picture = Self { title: options.title.to_owned(), stages, ..Self::default() };
        for (id, node) in graph.nodes() {
            let stage = picture.stages.iter().position(|stage| *stage == stage_of[id.index()]);
            let block = block(graph, id, node, stage.unwrap_or_default(), options.models);
            picture.blocks.push(block);
        }
        for (id, node) in graph.nodes() {
            let linked = node.inputs().iter().filter_map(|input| match input.value {
                Argument::Link { from, slot } => Some((input, from, slot)),
                Argument::Literal(_) => None,
            });
            for (number, (input, from, slot)) in linked.enumerate() {
                let types = graph.link_type(node, input);
                let outputs = &picture.blocks[from.index()].outputs;
                picture.links.push(Link {
                    from: from.index(),
                    output: outputs.iter().position(|port| port.at == slot).unwrap_or_default(),
                    to: id.index(),
                    input: number,
                    kind: Kind::of(&types),
                    types,
                    mark: Mark::Same,
                    is_found: false,
                });
            }
        }
        picture
    }

    /// The node with this key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<usize> {
        self.blocks.iter().position(|block| block.key == key)
    }

    /// Highlights the node with this key, for a reason. False if there is none.
    pub fn highlight(&mut self, key: &str, reason: &str) -> bool {
        let Some(block) = self.blocks.iter_mut().find(|block| block.key == key) else { return false };
        if !block.found.iter().any(|known| known == reason) {
            block.found.push(reason.to_owned());
        }
        true
    }

    /// Highlights the links between each of these nodes and the next, in either direction.
    pub fn highlight_way(&mut self, keys: &[String]) {
        for pair in keys.windows(2) {
            let [one, other] = pair else { continue };
            let (Some(one), Some(other)) = (self.find(one), self.find(other)) else { continue };
            for link in &mut self.links {
                link.is_found |= [(one, other), (other, one)].contains(&(link.from, link.to));
            }
        }
    }

    /// What the links carry, each once, in the order of the legend.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        Kind::ALL.into_iter().filter(|kind| self.links.iter().any(|link| link.kind == *kind)).collect()
    }
}

impl Block {
    /// Key and title, with the sign of its mark.
    #[must_use]
    pub fn heading(&self) -> String {
        let sign = self.mark.sign();
        let star = if self.found.is_empty() { "" } else { "! " };
        match &self.title {
            Some(title) => format!("{star}{sign}{}: {}", one_line(&self.key), short(title, MAX_TITLE)),
            None => format!("{star}{sign}{}", one_line(&self.key)),
        }
    }

    /// Its class, and whether the catalog lacks it.
    #[must_use]
    pub fn class_line(&self) -> String {
        let unknown = if self.is_known { "" } else { " (unknown class)" };
        format!("{}{unknown}", one_line(&self.class))
    }

    /// What stands below the links: values, how many more there are, and why it is highlighted.
    #[must_use]
    pub fn lines(&self) -> Vec<(Mark, String)> {
        let facts = self.facts.iter().map(|fact| {
            let sign = fact.mark.sign();
            (fact.mark, format!("{sign}{} {}", one_line(&fact.name), fact.value))
        });
        let more = (self.more > 0).then(|| (Mark::Same, format!("and {} more", self.more)));
        let found = self.found.iter().filter(|reason| *reason != ASKED);
        let found = found.map(|reason| (Mark::Same, format!("! {reason}")));
        facts.chain(more).chain(found).collect()
    }
}

/// Why a node is highlighted that somebody named.
pub const ASKED: &str = "highlighted";

fn block(graph: &Graph, id: NodeId, node: &Node, stage: usize, models: &Models) -> Block {
    let mut inputs = Vec::new();
    for (at, input) in (0..).zip(node.inputs()) {
        if let Argument::Link { .. } = input.value {
            let kind = Kind::of(&graph.link_type(node, input));
            inputs.push(Port { name: input.name.to_string(), at, kind });
        }
    }
    let mut slots: Vec<u32> = graph.consumers(id).map(|(_, link)| link.slot).collect();
    slots.sort_unstable();
    slots.dedup();
    let output = |slot: u32| {
        let spec = node.class.as_ref().and_then(|class| class.outputs.get(slot as usize));
        let name = spec.map_or_else(|| format!("output {slot}"), |spec| spec.name.to_string());
        // Of an output that gives what it is given, the link tells more than the class.
        let link = graph.consumers(id).find(|(_, link)| link.slot == slot).and_then(|(to, link)| {
            let taker = graph.node(to);
            Some(graph.link_type(taker, taker.inputs().get(link.input as usize)?))
        });
        Port { name, at: slot, kind: link.map_or(Kind::Other, |types| Kind::of(&types)) }
    };
    let outputs = slots.into_iter().map(output).collect();
    let (facts, more) = facts(node, models);
    let class = node.class.as_ref();
    let is_default = |title: &&str| {
        *title == &*node.class_type
            || class.and_then(|class| class.display_name.as_deref()).is_some_and(|name| name == *title)
    };
    Block {
        key: node.key.to_string(),
        title: node.title.as_deref().filter(|title| !is_default(title)).map(str::to_owned),
        class: node.class_type.to_string(),
        is_known: class.is_some(),
        stage,
        inputs,
        outputs,
        facts,
        more,
        mark: Mark::Same,
        found: Vec::new(),
    }
}

/// The values that matter: files, then what people change, then what differs from what the class starts with; and
/// how many there are beyond.
fn facts(node: &Node, models: &Models) -> (Vec<Fact>, usize) {
    let class = node.class.as_ref();
    let mut ranked: Vec<((usize, usize), Fact)> = Vec::new();
    for input in node.inputs() {
        let Argument::Literal(value) = &input.value else { continue };
        let spec = class.and_then(|class| class.input(&input.name));
        let folder = spec.and_then(|spec| spec.kind.folder());
        let default = spec.and_then(starts_with).map(|default| Value::from_json(&default));
        let is_default = default.is_some_and(|default| default.python_eq(value));
        let is_empty = matches!(value, Value::Null) || value.as_str() == Some("");
        let change = toml::rank(&node.class_type, &input.name, value);
        let change = change.or_else(|| ALWAYS.contains(&&*input.name).then_some(usize::MAX));
        let place = match (folder, change) {
            (Some(_), _) if !is_empty => (0, 0),
            (_, Some(rank)) if !is_empty => (1, rank),
            _ if is_default || is_empty => continue,
            _ => (2, 0),
        };
        let shown = shown(node, &input.name, value, models);
        ranked.push((place, Fact { name: input.name.to_string(), value: shown, mark: Mark::Same }));
    }
    ranked.sort_by_key(|(place, _)| *place);
    let more = ranked.len().saturating_sub(MAX_FACTS);
    // A line that says "and 1 more" takes as much room as the value.
    let kept = if more == 1 { MAX_FACTS + 1 } else { MAX_FACTS };
    let facts: Vec<Fact> = ranked.into_iter().take(kept).map(|(_, fact)| fact).collect();
    (facts, if more == 1 { 0 } else { more })
}

/// A value in a line: of files the name, with the size where it is known.
pub(super) fn shown(node: &Node, input: &str, value: &Value, models: &Models) -> String {
    let spec = node.class.as_ref().and_then(|class| class.input(input));
    let folder = spec.and_then(|spec| spec.kind.folder());
    let file = value.as_str().filter(|_| folder.is_some_and(|folder| folder != "input"));
    let bytes = file.and_then(|file| models.by_file(base(file))).and_then(|model| model.bytes);
    let size = bytes.map_or(String::new(), |bytes| {
        let bytes = u32::try_from(bytes >> 10).map_or(f64::from(u32::MAX), f64::from) * 1024.0;
        format!(" ({})", plan::size(bytes))
    });
    let room = MAX_LINE.saturating_sub(input.chars().count() + size.len()).max(MIN_VALUE);
    let shown = match (value, folder) {
        (Value::Str(file), Some(_)) => ends(base(file), room),
        (Value::Str(text), None) => short(text, room),
        _ => short(&value.to_json().to_string(), room),
    };
    format!("{shown}{size}")
}

/// The value that ComfyUI's editor gives a new node: the default, or the first choice.
fn starts_with(spec: &InputSpec) -> Option<Cow<'_, serde_json::Value>> {
    let first = || match &spec.kind {
        InputKind::Combo(combo) => combo.options.as_ref()?.first().map(Cow::Borrowed),
        InputKind::DynamicCombo(options) => {
            options.first().map(|option| Cow::Owned(serde_json::Value::from(&*option.key)))
        }
        _ => None,
    };
    spec.default.as_ref().map(Cow::Borrowed).or_else(first)
}

/// A file name, if it is long without its extension and then without its middle: its end tells precisions apart.
pub(super) fn ends(text: &str, most: usize) -> String {
    let mut line = one_line(text);
    if line.chars().count() > most
        && let Some(stem) = line.strip_suffix(".safetensors")
    {
        line = stem.to_owned();
    }
    let count = line.chars().count();
    if count <= most {
        return line;
    }
    let tail = most * 2 / 3;
    let head: String = line.chars().take(most.saturating_sub(tail + 1)).collect();
    let tail: String = line.chars().skip(count - tail).collect();
    format!("{head}…{tail}")
}

/// The name of a file without its folders.
fn base(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

/// A text in one line: whatever breaks lines or is not seen becomes a blank.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars().map(|c| if c.is_whitespace() || c.is_control() || is_unseen(c) { ' ' } else { c }) {
        if c != ' ' || !line.ends_with(' ') {
            line.push(c);
        }
    }
    line.trim().to_owned()
}

/// Characters that no format can show, or that turn the direction of what follows.
const fn is_unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// The beginning of a text, in one line.
#[must_use]
pub fn short(text: &str, most: usize) -> String {
    // Longer texts than this are cut before they are looked at as a whole.
    let head: String = text.chars().take(most * 4 + 1).collect();
    let line = one_line(&head);
    if line.chars().count() <= most && head.len() == text.len() {
        return line;
    }
    let cut: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}
