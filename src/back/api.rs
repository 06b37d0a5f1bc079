//! `workflow_api.json`: exactly what `POST /prompt` takes as `prompt`.

use std::io;

use serde::ser::{Serialize, SerializeMap as _, SerializeTuple as _, Serializer};
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::check::Checked;
use crate::ir::{Argument, Graph, Input, Node, NodeId};

/// How nodes are called in the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ids {
    /// By their names in the graph: stable, readable, good in diffs.
    #[default]
    Names,
    /// `"1"`, `"2"`, … in the order of the graph, for consumers that want numbers.
    Numeric,
}

/// The layout of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// One input a line, lists on one line: good in line diffs.
    #[default]
    Pretty,
    /// Everything on one line.
    Compact,
}

/// Appends the workflow to `out`, ending with a newline.
pub fn write(checked: &Checked, ids: Ids, layout: Layout, out: &mut Vec<u8>) {
    write_workflow(&Workflow { graph: checked.graph(), ids, unknown: Unknown::Named }, layout, out);
}

/// What becomes of the name of a class that the catalog does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It is written.
    Named,
    /// It is left out, as ComfyUI's editor does.
    Nameless,
}

/// Appends a workflow that was read from another format, proved or not: converting says nothing about
/// whether a server would take it.
pub fn write_converted(graph: &Graph, unknown: Unknown, out: &mut Vec<u8>) {
    write_workflow(&Workflow { graph, ids: Ids::Names, unknown }, Layout::Pretty, out);
}

fn write_workflow(workflow: &Workflow<'_>, layout: Layout, out: &mut Vec<u8>) {
    // Writing to memory cannot fail, and a graph holds nothing that JSON cannot hold.
    let written = match layout {
        Layout::Pretty => {
            workflow.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Readable::default()))
        }
        Layout::Compact => workflow.serialize(&mut serde_json::Serializer::new(&mut *out)),
    };
    debug_assert!(written.is_ok());
    out.push(b'\n');
}

/// The id of a node in the output.
#[must_use]
pub fn id(graph: &Graph, node: NodeId, ids: Ids) -> String {
    match ids {
        Ids::Names => graph.node(node).key.to_string(),
        Ids::Numeric => (node.index() + 1).to_string(),
    }
}

struct Workflow<'g> {
    graph: &'g Graph,
    ids: Ids,
    unknown: Unknown,
}

impl Serialize for Workflow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.graph.len()))?;
        for (id, node) in self.graph.nodes() {
            map.serialize_entry(&IdOf { workflow: self, node: id }, &NodeBody { workflow: self, node })?;
        }
        map.end()
    }
}

struct IdOf<'g> {
    workflow: &'g Workflow<'g>,
    node: NodeId,
}

impl Serialize for IdOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.workflow.ids {
            Ids::Names => serializer.serialize_str(&self.workflow.graph.node(self.node).key),
            Ids::Numeric => serializer.collect_str(&(self.node.index() + 1)),
        }
    }
}

struct NodeBody<'g> {
    workflow: &'g Workflow<'g>,
    node: &'g Node,
}

impl Serialize for NodeBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.node.class.is_some() || self.workflow.unknown == Unknown::Named {
            map.serialize_entry("class_type", &*self.node.class_type)?;
        }
        map.serialize_entry("inputs", &Inputs { workflow: self.workflow, inputs: self.node.inputs() })?;
        if let Some(title) = &self.node.title {
            map.serialize_entry("_meta", &Meta { title })?;
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Meta<'g> {
    title: &'g str,
}

struct Inputs<'g> {
    workflow: &'g Workflow<'g>,
    inputs: &'g [Input],
}

impl Serialize for Inputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.inputs.len()))?;
        for input in self.inputs {
            match &input.value {
                Argument::Literal(value) => map.serialize_entry(&*input.name, value)?,
                Argument::Link { from, slot } => {
                    map.serialize_entry(
                        &*input.name,
                        &LinkTo { id: IdOf { workflow: self.workflow, node: *from }, slot: *slot },
                    )?;
                }
            }
        }
        map.end()
    }
}

struct LinkTo<'g> {
    id: IdOf<'g>,
    slot: u32,
}

impl Serialize for LinkTo<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&self.id)?;
        pair.serialize_element(&self.slot)?;
        pair.end()
    }
}

/// Objects over several lines, lists on one: a link stays `["vae", 0]`.
#[derive(Default)]
struct Readable {
    objects: PrettyFormatter<'static>,
    lists: CompactFormatter,
}

impl Formatter for Readable {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.lists.end_array_value(writer)
    }
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.objects.begin_object(writer)
    }
    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.objects.end_object(writer)
    }
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.objects.begin_object_key(writer, first)
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.objects.begin_object_value(writer)
    }
    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.objects.end_object_value(writer)
    }
}
