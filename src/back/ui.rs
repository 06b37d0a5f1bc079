//! A workflow as ComfyUI's editor saves it: nodes stand by stage in groups, with titles and colours, so that people can
//! take it over.
//!
//! Which values a node's widgets have, and in which order, is asked of the reader of the same format
//! ([`lay_out`]), so the two cannot disagree. `arrange` says where nodes stand, `size` how large they are, and
//! `document` is the file.

mod arrange;
mod document;
mod size;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::api;
use crate::catalog::Identity;
use crate::check::Checked;
use crate::front::json::ui::{Argument as Given, Laid, LaidSocket, lay_out};
use crate::ir::{Argument, Graph, Node};

use crate::front::json::ui::{KEY_PROPERTY, UNSET_PROPERTY};

/// The highest number that the editor gives to a node.
const MAX_ID: usize = 100_000_000;

/// What the file is made with.
#[derive(Clone, Copy, Debug)]
pub struct Options<'o> {
    /// The order of stages, if somebody says it; others come behind.
    pub stages: &'o [Arc<str>],
    /// The versions of the classes.
    pub identity: &'o Identity,
    /// One node a line, or everything on one line.
    pub layout: api::Layout,
}

/// The file, and what it cannot say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub bytes: Vec<u8>,
    /// What the editor will send otherwise than the workflow has it, in the order of the nodes.
    pub remarks: Vec<Remark>,
}

/// An input that the editor will send otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The node's key.
    pub key: Arc<str>,
    /// Its class.
    pub class: Arc<str>,
    /// The input.
    pub input: Arc<str>,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of an input in the editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has no place there and is not written.
    Lost,
    /// A text with a backslash before a brace or at its end, which the editor takes for an escape.
    Changed,
}

/// Writes a workflow for the editor.
#[must_use]
pub fn write(checked: &Checked, options: &Options<'_>) -> Written {
    write_converted(checked.graph(), options)
}

/// The same for a workflow that was read from another format, proved or not.
#[must_use]
pub fn write_converted(graph: &Graph, options: &Options<'_>) -> Written {
    let mut classes: FxHashMap<&str, usize> = FxHashMap::default();
    graph.nodes().for_each(|(_, node)| *classes.entry(&node.class_type).or_default() += 1);
    let is_alone = |node: &Node| classes.get(&*node.class_type) == Some(&1);
    let nodes: Vec<Saved<'_>> =
        graph.nodes().map(|(_, node)| Saved::new(graph, node, is_alone(node))).collect();
    let numbers = numbers(graph);
    let arrangement = arrange::arrange(graph, &nodes, options.stages);
    let remarks = nodes.iter().flat_map(Saved::remarks).collect();
    let bytes = document::write(&document::Document { graph, nodes: &nodes, numbers, arrangement, options });
    Written { bytes, remarks }
}

/// A node, and what the editor saves of it.
struct Saved<'g> {
    node: &'g Node,
    laid: Laid,
    /// By slot.
    outputs: Vec<Output>,
    /// What stands above it, if that is not the name of its class.
    title: Option<&'g str>,
}

/// An output slot.
struct Output {
    name: Arc<str>,
    types: Arc<str>,
}

impl<'g> Saved<'g> {
    /// `is_alone`: there is no other node of its class. Where there is, its key tells them apart.
    fn new(graph: &'g Graph, node: &'g Node, is_alone: bool) -> Self {
        let inputs = node.inputs();
        let types: Vec<Arc<str>> = inputs.iter().map(|input| graph.link_type(node, input)).collect();
        let arguments: Vec<Given<'_>> = inputs
            .iter()
            .zip(&types)
            .map(|(input, types)| match &input.value {
                Argument::Literal(value) => Given { name: &input.name, value: Some(value), types: "" },
                Argument::Link { .. } => Given { name: &input.name, value: None, types },
            })
            .collect();
        let laid =
            node.class.as_ref().map_or_else(|| unknown(&arguments), |class| lay_out(class, &arguments));
        let declared = node.class.iter().flat_map(|class| &class.outputs);
        let outputs =
            declared.map(|output| Output { name: output.name.clone(), types: output.types.clone() });
        let title = node.title.as_deref().or_else(|| (!is_alone).then_some(&*node.key));
        Self { node, laid, outputs: outputs.collect(), title }
    }

    fn remarks(&self) -> impl Iterator<Item = Remark> {
        let is_of_editor = |name: &&Arc<str>| !crate::catalog::is_editor_input(&self.node.class_type, name);
        let fates = [(&self.laid.lost, Fate::Lost), (&self.laid.changed, Fate::Changed)];
        let all = fates.into_iter().flat_map(move |(names, fate)| {
            names.iter().filter(is_of_editor).map(move |name| (name.clone(), fate)).collect::<Vec<_>>()
        });
        all.map(|(input, fate)| Remark {
            key: self.node.key.clone(),
            class: self.node.class_type.clone(),
            input,
            fate,
        })
    }
}

/// A node of a class that nobody knows: it keeps its links.
fn unknown(arguments: &[Given<'_>]) -> Laid {
    let linked = arguments.iter().enumerate().filter(|(_, argument)| argument.value.is_none());
    let sockets = linked.map(|(at, argument)| LaidSocket {
        name: argument.name.into(),
        types: argument.types.into(),
        has_widget: false,
        link: Some(at),
    });
    let lost = arguments.iter().filter(|argument| argument.value.is_some());
    Laid { sockets: sockets.collect(), lost: lost.map(|it| it.name.into()).collect(), ..Laid::default() }
}

/// By node: its number in the file. A key that is a number stays it.
fn numbers(graph: &Graph) -> Vec<usize> {
    let own: Vec<Option<usize>> = graph.nodes().map(|(_, node)| number(&node.key)).collect();
    let taken: FxHashSet<usize> = own.iter().copied().flatten().collect();
    let mut free = (1..).filter(|number| !taken.contains(number));
    own.into_iter().map(|own| own.or_else(|| free.next()).unwrap_or_default()).collect()
}

/// The number that a key is, as the editor writes it.
fn number(key: &str) -> Option<usize> {
    let number: usize = key.parse().ok().filter(|number| (1..=MAX_ID).contains(number))?;
    (number.to_string() == key).then_some(number)
}
