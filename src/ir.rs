//! The one graph that every reader produces and every later room consumes.
//!
//! Nodes live on a petgraph `DiGraph`; an edge leads from the node that produces a value to the
//! node that consumes it. [`Graph`] keeps inputs and edges in step, so it is the only way to
//! change either. The graph knows where each part came from ([`Origin`]) but nothing about file
//! formats, and it may be wrong in any way: proving it right is the job of `check`.

mod keys;
mod value;

use std::sync::Arc;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef as _;
use rustc_hash::FxHashMap;

use crate::catalog::{InputKind, NodeClass};
use crate::source::Span;

use keys::Keys;
pub use value::Value;

/// Handle of a node in its [`Graph`].
pub type NodeId = NodeIndex<u32>;

/// Where a node or an input was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a source file, which may be that of a Rust program.
    Source(Span),
    /// Somewhere in a file whose reader keeps no places.
    Unknown,
}

impl Origin {
    /// The place, if it is in a source file.
    #[must_use]
    pub const fn span(self) -> Option<Span> {
        match self {
            Self::Source(span) => Some(span),
            Self::Unknown => None,
        }
    }
}

/// A node of the workflow.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its id in the emitted JSON.
    pub key: Arc<str>,
    /// The class it names, known or not.
    pub class_type: Arc<str>,
    /// The class, if the catalog has it.
    pub class: Option<Arc<NodeClass>>,
    /// The generation step it belongs to (`scail`, `wan`, …), if it is tagged.
    pub stage: Option<Arc<str>>,
    /// The title shown in ComfyUI's editor, if it has one of its own.
    pub title: Option<Arc<str>>,
    /// Where it was declared.
    pub origin: Origin,
    /// True if the file gives it no object of inputs, not even an empty one. ComfyUI fails on that.
    pub lacks_inputs: bool,
    inputs: Vec<Input>,
}

impl Node {
    /// A node without inputs.
    #[must_use]
    pub const fn new(
        key: Arc<str>,
        class_type: Arc<str>,
        class: Option<Arc<NodeClass>>,
        origin: Origin,
    ) -> Self {
        Self {
            key,
            class_type,
            class,
            stage: None,
            title: None,
            origin,
            lacks_inputs: false,
            inputs: Vec::new(),
        }
    }

    /// The same node before it has inputs.
    #[must_use]
    pub fn without_inputs(&self) -> Self {
        Self {
            key: self.key.clone(),
            class_type: self.class_type.clone(),
            class: self.class.clone(),
            stage: self.stage.clone(),
            title: self.title.clone(),
            origin: self.origin,
            lacks_inputs: self.lacks_inputs,
            inputs: Vec::with_capacity(self.inputs.len()),
        }
    }

    /// Its inputs, in the order they are emitted.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The input called `name`.
    #[must_use]
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| &*input.name == name)
    }
}

/// An input of a node.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: Arc<str>,
    /// What it is given.
    pub value: Argument,
    /// Where that was written: the line of the graph, of the workflow, or of the program.
    pub origin: Origin,
    /// Where the value's own text stands.
    pub text: TextPlace,
}

/// Where the text of an input's value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPlace {
    /// At the input's origin.
    Here,
    /// Elsewhere: at the parameter in a preset.
    At(Span),
    /// Somewhere in a list that is given elsewhere.
    Within(Span),
    /// Nowhere: it is computed, or a default.
    Nowhere,
}

impl TextPlace {
    /// The place, if it is another than the input's origin.
    #[must_use]
    pub const fn given(self) -> Option<Span> {
        match self {
            Self::At(span) | Self::Within(span) => Some(span),
            Self::Here | Self::Nowhere => None,
        }
    }
}

impl Input {
    /// Where its value was given, if elsewhere.
    #[must_use]
    pub const fn given(&self) -> Option<Span> {
        self.text.given()
    }

    /// The text of its value, and of nothing else.
    #[must_use]
    pub const fn text_span(&self) -> Option<Span> {
        match self.text {
            TextPlace::Here => self.origin.span(),
            TextPlace::At(span) => Some(span),
            TextPlace::Within(_) | TextPlace::Nowhere => None,
        }
    }
}

/// What an input is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A value written into the workflow. A list is what ComfyUI takes for a link and is none: it
    /// names no node of the workflow, or no slot.
    Literal(Value),
    /// An output of another node of the graph.
    Link {
        /// The node that produces it.
        from: NodeId,
        /// Its output slot, counted from 0.
        slot: u32,
    },
}

/// A link, seen from the edge: which slot of the source feeds which input of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Output slot of the source.
    pub slot: u32,
    /// Index of the input in the target's [`Node::inputs`].
    pub input: u32,
}

/// A parameter that reaches an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The parameter's name.
    pub param: Arc<str>,
    /// The node.
    pub node: NodeId,
    /// Index of the input in [`Node::inputs`].
    pub input: u32,
    /// True if the input's value is computed from the parameter, false if it is the parameter's own.
    pub computed: bool,
}

/// A workflow.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    inner: DiGraph<Node, Link>,
    keys: Keys,
    bindings: Vec<Binding>,
    /// Where names of inputs are written that their classes do not declare, by node and input.
    names: FxHashMap<(NodeId, u32), Span>,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty graph with room for so many nodes.
    #[must_use]
    pub fn with_capacity(nodes: usize) -> Self {
        Self { inner: DiGraph::with_capacity(nodes, nodes), ..Self::default() }
    }

    /// Makes room for so many more inputs of `node`.
    pub fn reserve_inputs(&mut self, node: NodeId, inputs: usize) {
        self.inner[node].inputs.reserve_exact(inputs);
    }

    /// Adds a node. If its key is taken, the graph stays as it is and the present node is given.
    ///
    /// # Errors
    /// The node that has the key already.
    pub fn add(&mut self, node: Node) -> Result<NodeId, NodeId> {
        if let Some(taken) = self.find(&node.key) {
            return Err(taken);
        }
        self.keys.insert(&node.key, NodeId::new(self.len()));
        Ok(self.inner.add_node(node))
    }

    /// Puts `node` in the place of the one with the same key, before either has inputs. Does nothing if
    /// there is none.
    pub fn replace(&mut self, node: Node) {
        if let Some(id) = self.find(&node.key) {
            self.inner[id] = node;
        }
    }

    /// Appends an input to `node`; a link becomes an edge.
    pub fn push_input(&mut self, node: NodeId, input: Input) {
        let index = u32::try_from(self.inner[node].inputs.len()).unwrap_or(u32::MAX);
        if let Argument::Link { from, slot } = input.value {
            self.inner.add_edge(from, node, Link { slot, input: index });
        }
        self.inner[node].inputs.push(input);
    }

    /// Records that `param` reaches the input that `node` was given last.
    pub fn bind(&mut self, param: Arc<str>, node: NodeId, computed: bool) {
        if let Some(input) = self.inner[node].inputs.len().checked_sub(1) {
            let input = u32::try_from(input).unwrap_or(u32::MAX);
            self.bindings.push(Binding { param, node, input, computed });
        }
    }

    /// Records where the name of the input is written that `node` was given last.
    pub fn name_at(&mut self, node: NodeId, span: Span) {
        if let Some(input) = self.inner[node].inputs.len().checked_sub(1) {
            self.names.insert((node, u32::try_from(input).unwrap_or(u32::MAX)), span);
        }
    }

    /// Where the name of an input is written. Readers record that of inputs that classes do not declare.
    #[must_use]
    pub fn written_name(&self, node: NodeId, input: usize) -> Option<Span> {
        self.names.get(&(node, u32::try_from(input).ok()?)).copied()
    }

    /// Which parameters reach which inputs, in the order of the inputs.
    #[must_use]
    pub fn bindings(&self) -> &[Binding] {
        &self.bindings
    }

    /// The node behind a handle of this graph.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.inner[id]
    }

    /// The node with the given key.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<NodeId> {
        self.keys.get(key)
    }

    /// All nodes, in the order they were added; this is the order of emission.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.inner.node_indices().zip(self.inner.node_weights())
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.node_count()
    }

    /// True if there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The files that inputs name, in order: folder (`loras`, `input`, …) and file name.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.inner.node_weights().flat_map(|node| {
            node.inputs.iter().filter_map(|input| {
                let InputKind::Combo(combo) = &node.class.as_ref()?.input(&input.name)?.kind else {
                    return None;
                };
                let Argument::Literal(Value::Str(file)) = &input.value else { return None };
                Some((combo.folder.as_deref()?, &**file))
            })
        })
    }

    /// The links that leave `node`: target, and what is linked.
    pub fn consumers(&self, node: NodeId) -> impl Iterator<Item = (NodeId, Link)> {
        self.inner.edges_directed(node, Direction::Outgoing).map(|edge| (edge.target(), *edge.weight()))
    }

    /// The type of the link that ends at an input, in ComfyUI's spelling: that of the output, or that of the input where the
    /// output gives anything or what it is given. `*` where neither is known, and for a literal.
    #[must_use]
    pub fn link_type(&self, node: &Node, input: &Input) -> Arc<str> {
        let Argument::Link { from, slot } = input.value else { return "*".into() };
        let given = self.node(from).class.as_ref().and_then(|class| class.outputs.get(slot as usize));
        if let Some(output) = given.filter(|output| output.template.is_none() && &*output.types != "*") {
            return output.types.clone();
        }
        let spec = node.class.as_ref().and_then(|class| class.input(&input.name));
        spec.map_or_else(|| "*".into(), |spec| spec.link_types().into())
    }

    /// By node index: whether one of `targets` depends on the node, or is the node itself.
    pub fn ancestors(&self, targets: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
        let mut seen = vec![false; self.len()];
        let reversed = petgraph::visit::Reversed(&self.inner);
        let mut walk = petgraph::visit::Dfs::empty(reversed);
        for target in targets {
            walk.move_to(target);
            while let Some(next) = walk.next(reversed) {
                seen[next.index()] = true;
            }
        }
        seen
    }

    /// All nodes, each behind those that it depends on; in a circle, in any order.
    #[must_use]
    pub fn dependencies_first(&self) -> Vec<NodeId> {
        let mut order = Vec::with_capacity(self.len());
        let reversed = petgraph::visit::Reversed(&self.inner);
        let mut walk = petgraph::visit::DfsPostOrder::empty(reversed);
        for start in self.inner.node_indices() {
            walk.move_to(start);
            while let Some(next) = walk.next(reversed) {
                order.push(next);
            }
        }
        order
    }

    /// The underlying graph, for petgraph's algorithms.
    #[must_use]
    pub const fn petgraph(&self) -> &DiGraph<Node, Link> {
        &self.inner
    }
}
