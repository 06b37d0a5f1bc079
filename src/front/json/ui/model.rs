//! What each node of a file is: a class, an instance of a subgraph, or a node of the editor's own
//! that never runs.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::document::{Document, Link, Origin, Sheet, Slot, UiNode};
use super::groups;
use super::problems::Problems;
use super::widgets::{Shape, Socket, Widget, is_widget_type};
use crate::catalog::{Catalog, NodeClass};
use crate::diag::Diagnostic;

/// Most nodes that a file may come to.
pub(super) const MAX_NODES: usize = 200_000;

/// Levels of subgraphs in subgraphs that are followed.
pub(super) const MAX_DEPTH: usize = 100;

/// The file comes to more than [`MAX_NODES`] nodes.
pub(super) struct TooManyNodes;

/// A file and what its nodes are.
pub(super) struct Model<'a> {
    pub(super) document: Document<'a>,
    /// One for each node of each sheet.
    parts: Vec<Vec<Part>>,
    /// For each link of each sheet, the node and socket that it ends at.
    ends: Vec<Vec<Option<(usize, usize)>>>,
    /// `SetNode`s of each sheet by name.
    setters: Vec<FxHashMap<&'a str, usize>>,
    /// For inputs of definitions, the widget that instances show.
    promoted: FxHashMap<(usize, usize), Option<(At, usize)>>,
}

/// What a node is.
pub(super) struct Part {
    pub(super) role: Role,
    /// Its class, if it runs and the catalog knows it.
    pub(super) class: Option<Arc<NodeClass>>,
    pub(super) shape: Shape,
    /// The types of its outputs.
    pub(super) outputs: Vec<Arc<str>>,
}

/// What a node does when the graph runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is a node of the workflow.
    Run,
    /// It stands for the nodes of a definition, by its index.
    Instance(usize),
    /// It passes on what it takes: a reroute, a `SetNode`; also a note, which takes nothing.
    Virtual,
    /// It puts its value into the widgets that it is linked to.
    Primitive,
    /// It passes on what the `SetNode` of the same name takes.
    Get,
}

/// A node of a model: index of its sheet, and index in the sheet.
pub(super) type At = (usize, usize);

impl<'a> Model<'a> {
    /// Looks up what every node is.
    pub(super) fn new(
        mut document: Document<'a>,
        catalog: &Catalog,
        problems: &mut Problems<'_>,
    ) -> Result<Self, TooManyNodes> {
        let part = |node: &UiNode<'a>| Part::new(node, &document, catalog);
        let mut parts: Vec<Vec<Part>> =
            document.sheets.iter().map(|sheet| sheet.nodes.iter().map(part).collect()).collect();
        expand_groups(&mut document, &mut parts, catalog)?;
        let ends = document.sheets.iter().zip(&parts).map(|(sheet, parts)| ends(sheet, parts)).collect();
        let setters = document.sheets.iter().map(|sheet| setters(sheet, problems)).collect();
        let mut model = Self { document, parts, ends, setters, promoted: FxHashMap::default() };
        model.check_origins(problems);
        model.find_promoted();
        model.apply_primitives();
        model.unite_promoted();
        Ok(model)
    }

    /// Says which links start at what is not there.
    fn check_origins(&self, problems: &mut Problems<'_>) {
        for (sheet, content) in self.document.sheets.iter().enumerate() {
            for node in &content.nodes {
                for slot in &node.inputs {
                    if let Some(start) =
                        slot.link.and_then(|link| self.wrong_start(sheet, content.links[link]))
                    {
                        wrong_origin(node, slot, start, problems);
                    }
                }
            }
        }
    }

    /// What a link starts at, if it does not exist.
    fn wrong_start(&self, sheet: usize, link: Link) -> Option<&'static str> {
        let Link { origin, origin_slot, .. } = link;
        match origin {
            Origin::Nowhere => Some("a node"),
            // Only a subgraph has inputs of its own.
            Origin::Input if sheet == 0 => Some("a node"),
            Origin::Input => (origin_slot >= self.sheet(sheet).inputs.len()).then_some("an input"),
            Origin::Node(node) => {
                let part = self.part((sheet, node));
                let has = match part.role {
                    // The server looks at these, and refuses the workflow.
                    Role::Run => origin_slot != usize::MAX,
                    Role::Instance(definition) => origin_slot < self.sheet(definition).outputs.len(),
                    Role::Virtual | Role::Primitive | Role::Get => origin_slot < part.outputs.len().max(1),
                };
                (!has).then_some("an output")
            }
        }
    }

    pub(super) fn sheet(&self, sheet: usize) -> &Sheet<'a> {
        &self.document.sheets[sheet]
    }

    pub(super) fn node(&self, (sheet, node): At) -> &UiNode<'a> {
        &self.document.sheets[sheet].nodes[node]
    }

    pub(super) fn part(&self, (sheet, node): At) -> &Part {
        &self.parts[sheet][node]
    }

    pub(super) fn link(&self, sheet: usize, link: usize) -> Link {
        self.document.sheets[sheet].links[link]
    }

    /// The `SetNode` called `name` in a sheet.
    pub(super) fn setter(&self, sheet: usize, name: &str) -> Option<usize> {
        self.setters[sheet].get(name).copied()
    }

    /// The widget that is shown on instances for an input of a definition: while the input is not
    /// linked, its value is what the input carries. All instances share it.
    pub(super) fn promoted(&self, sheet: usize, port: usize) -> Option<&Widget> {
        let (at, widget) = (*self.promoted.get(&(sheet, port))?)?;
        Some(&self.part(at).shape.widgets[widget])
    }

    /// Finds [`Model::promoted`] for an input: the first widget that it leads to, or else the one that
    /// the first instance inside shows for it.
    fn promote(&mut self, sheet: usize, port: usize, depth: usize) -> Option<(At, usize)> {
        if let Some(&known) = self.promoted.get(&(sheet, port)) {
            return known;
        }
        // For definitions that contain themselves.
        self.promoted.insert((sheet, port), None);
        let inside: Vec<_> = self.inside(sheet, port).collect();
        let direct = inside.iter().find_map(|&(at, socket)| Some((at, self.widget_of(at, socket)?)));
        let found = direct.or_else(|| {
            inside.iter().find_map(|&(at, socket)| match self.part(at).role {
                Role::Instance(inner) if depth < MAX_DEPTH => self.promote(inner, socket, depth + 1),
                _ => None,
            })
        });
        self.promoted.insert((sheet, port), found);
        found
    }

    /// The nodes, and their sockets, that an input of a definition leads to.
    fn inside(&self, sheet: usize, port: usize) -> impl Iterator<Item = (At, usize)> {
        let links = self.sheet(sheet).inputs.get(port).map_or(&[][..], |port| &port.links);
        links.iter().filter_map(move |&link| self.target(sheet, link))
    }

    /// The node and socket that a link ends at.
    fn target(&self, sheet: usize, link: usize) -> Option<(At, usize)> {
        self.ends[sheet][link].map(|(node, socket)| ((sheet, node), socket))
    }

    fn widget_of(&self, at: At, socket: usize) -> Option<usize> {
        self.part(at).shape.sockets.get(socket)?.widget
    }

    fn find_promoted(&mut self) {
        for sheet in 1..self.parts.len() {
            for port in 0..self.sheet(sheet).inputs.len() {
                self.promote(sheet, port, 0);
            }
        }
    }

    /// Puts the values of primitive nodes into the widgets that they are linked to.
    fn apply_primitives(&mut self) {
        for sheet in 0..self.parts.len() {
            for node in 0..self.parts[sheet].len() {
                if self.parts[sheet][node].role != Role::Primitive {
                    continue;
                }
                let ui = self.node((sheet, node));
                let Some(value) = ui.values().and_then(|values| values.items()?.first()) else { continue };
                let links = ui.outputs.first().map_or(&[][..], |output| &output.links);
                let targets: Vec<_> = links.iter().filter_map(|&link| self.target(sheet, link)).collect();
                // The first target decides whether there is a value at all.
                if targets.first().is_some_and(|&(at, socket)| self.takes_value(at, socket)) {
                    let given =
                        Widget { value: Some(value.to_value()), place: value.place, ..Widget::unnamed() };
                    self.set(targets, &given);
                }
            }
        }
    }

    /// True if a primitive node can look like a widget for this socket.
    fn takes_value(&self, at: At, socket: usize) -> bool {
        let part = self.part(at);
        let types = part.shape.sockets.get(socket).map_or("", |socket| &socket.types);
        self.widget_of(at, socket).is_some()
            || is_widget_type(types)
            || matches!(part.role, Role::Instance(sheet) if self.promoted(sheet, socket).is_some())
    }

    /// Where an input of a definition leads to several widgets, all have the value of the first.
    fn unite_promoted(&mut self) {
        for sheet in 1..self.parts.len() {
            for port in 0..self.sheet(sheet).inputs.len() {
                let targets: Vec<_> = self.inside(sheet, port).collect();
                if let Some(given) = self.promoted(sheet, port).filter(|_| targets.len() > 1).cloned() {
                    self.set(targets, &given);
                }
            }
        }
    }

    /// Gives a value to the widgets behind sockets, through subgraphs.
    fn set(&mut self, mut targets: Vec<(At, usize)>, given: &Widget) {
        let mut done = FxHashSet::default();
        while let Some((at, socket)) = targets.pop() {
            if let Some(widget) = self.widget_of(at, socket) {
                let widget = &mut self.parts[at.0][at.1].shape.widgets[widget];
                widget.value.clone_from(&given.value);
                widget.place = given.place;
            }
            if let Role::Instance(sheet) = self.part(at).role
                && done.insert((sheet, socket))
            {
                targets.extend(self.inside(sheet, socket));
            }
        }
    }
}

/// Says that a link starts at something that does not exist.
fn wrong_origin(node: &UiNode<'_>, slot: &Slot<'_>, start: &str, problems: &mut Problems<'_>) {
    let message = format!(
        "`{}` of node {} ({}) has a link that starts at {start} that does not exist",
        slot.name, node.id, node.class
    );
    problems.warning("link-from-nowhere", message, slot.place.or(node.json.place), |diagnostic| {
        diagnostic.help("it counts as not linked")
    });
}

/// Makes every group node the instance of a subgraph of its own.
fn expand_groups(
    document: &mut Document<'_>,
    parts: &mut Vec<Vec<Part>>,
    catalog: &Catalog,
) -> Result<(), TooManyNodes> {
    let mut nodes = 0;
    for sheet in 0..document.sheets.len() {
        for index in 0..document.sheets[sheet].nodes.len() {
            let node = &document.sheets[sheet].nodes[index];
            let Some(definition) = groups::definition(document, node.class) else { continue };
            let Some(group) = groups::expand(node, definition, document, catalog) else { continue };
            let part = &mut parts[sheet][index];
            part.role = Role::Instance(document.sheets.len());
            part.shape = group.shape;
            nodes += group.parts.len();
            if nodes > MAX_NODES {
                return Err(TooManyNodes);
            }
            document.sheets.push(group.sheet);
            parts.push(group.parts);
        }
    }
    Ok(())
}

/// For every link of a sheet, the node and socket that it ends at. The socket is one that names the link.
fn ends(sheet: &Sheet<'_>, parts: &[Part]) -> Vec<Option<(usize, usize)>> {
    let mut ends = vec![None; sheet.links.len()];
    for (node, part) in parts.iter().enumerate() {
        for (index, socket) in part.shape.sockets.iter().enumerate() {
            if let Some(link) = socket.link.filter(|&link| sheet.links[link].target == Some(node)) {
                ends[link].get_or_insert((node, index));
            }
        }
    }
    ends
}

impl Part {
    pub(super) fn new(node: &UiNode<'_>, document: &Document<'_>, catalog: &Catalog) -> Self {
        let written = |role: Role| Self {
            role,
            class: None,
            shape: Shape::as_written(node),
            outputs: node.outputs.iter().map(|output| output.types.into()).collect(),
        };
        if let Some(&definition) = document.definitions.get(node.class) {
            return Self::instance(node, definition, &document.sheets[definition]);
        }
        match node.class {
            "Note" | "MarkdownNote" | "Reroute" | "SetNode" => return written(Role::Virtual),
            "PrimitiveNode" => return written(Role::Primitive),
            "GetNode" => return written(Role::Get),
            _ => {}
        }
        let Some(class) = catalog.class(node.class) else { return written(Role::Run) };
        let declared = class.outputs.iter().enumerate().map(|(slot, output)| {
            // The type of a template output is what the editor found for it.
            let narrowed = node.outputs.get(slot).filter(|_| output.template.is_some());
            narrowed.map_or_else(|| output.types.clone(), |output| output.types.into())
        });
        let extra = node.outputs.iter().skip(class.outputs.len()).map(|output| output.types.into());
        let outputs = declared.chain(extra).collect();
        Self { role: Role::Run, shape: Shape::of_class(&class, node), class: Some(class), outputs }
    }

    /// An instance has the inputs of its definition; the links are found by name.
    fn instance(node: &UiNode<'_>, definition: usize, sheet: &Sheet<'_>) -> Self {
        let by_name: FxHashMap<_, _> = node.inputs.iter().map(|slot| (slot.name, slot)).collect();
        let socket = |name: &str, types: &str| {
            let written = by_name.get(name);
            Socket {
                name: name.into(),
                types: types.into(),
                link: written.and_then(|slot| slot.link),
                place: written.and_then(|slot| slot.place),
                widget: None,
            }
        };
        let sockets = sheet.inputs.iter().map(|port| socket(port.name, port.types)).collect();
        Self {
            role: Role::Instance(definition),
            class: None,
            shape: Shape { sockets, ..Shape::default() },
            outputs: sheet.outputs.iter().map(|port| port.types.into()).collect(),
        }
    }
}

/// The name that a `SetNode` or `GetNode` has.
pub(super) fn variable<'a>(node: &UiNode<'a>) -> Option<&'a str> {
    node.values()?.items()?.first()?.as_str().filter(|name| !name.is_empty())
}

fn setters<'a>(sheet: &Sheet<'a>, problems: &mut Problems<'_>) -> FxHashMap<&'a str, usize> {
    let mut setters = FxHashMap::default();
    for (index, node) in sheet.nodes.iter().enumerate().filter(|(_, node)| node.class == "SetNode") {
        let Some(name) = variable(node) else { continue };
        if let Some(&first) = setters.get(name) {
            let first: &UiNode<'_> = &sheet.nodes[first];
            let diagnostic =
                Diagnostic::lint("duplicate-set-name", format!("two SetNodes are called `{name}`"))
                    .help(format!("every GetNode takes the first one, node {}", first.id));
            problems.push(diagnostic, node.place(), &node.id, node.class);
        } else {
            setters.insert(name, index);
        }
    }
    setters
}
