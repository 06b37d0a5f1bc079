//! What an input is really linked to, behind reroutes, bypassed nodes and the borders of subgraphs.
//!
//! From an input the way goes against the links until it reaches a node that runs, a widget of a
//! subgraph's instance, or nothing. It is a loop, not a recursion, and outputs on the way are
//! remembered, so that long chains with many branches stay linear.

use rustc_hash::{FxHashMap, FxHashSet};

use super::document::{Mode, Origin};
use super::flatten::Instance;
use super::model::{At, Model, Part, Role, variable};
use super::problems::Problems;
use super::widgets::Widget;
use crate::diag::Diagnostic;

/// What is at the end of the way.
#[derive(Clone, Copy)]
pub(super) enum Source<'m> {
    /// An output of a node that runs.
    Output {
        /// The instance that the node is in.
        instance: usize,
        /// The node's index in its sheet.
        node: usize,
        slot: usize,
    },
    /// The value of a widget on an instance.
    Widget(&'m Widget),
    /// Nothing: what the input has otherwise counts.
    Nothing,
}

/// A step of the way.
#[derive(Clone, Copy)]
enum Step<'m> {
    /// An input of a node: instance, node, socket. The type is that of the consumer, if it still counts.
    Input(usize, usize, usize, Option<&'m str>),
    /// An output of a node, wanted as a type.
    Output(usize, usize, usize, &'m str),
    End(Source<'m>),
}

/// Finds sources of inputs.
pub(super) struct Resolver<'m, 'a> {
    model: &'m Model<'a>,
    instances: &'m [Instance],
    known: FxHashMap<(usize, usize, usize, &'m str), Source<'m>>,
    /// Which input a bypassed node gives for an output of a type, wanted as another.
    bypassed: FxHashMap<(At, &'m str, &'m str), Option<usize>>,
    /// `GetNode`s and cycles that were reported.
    reported: FxHashSet<(usize, usize)>,
}

impl<'m, 'a> Resolver<'m, 'a> {
    pub(super) fn new(model: &'m Model<'a>, instances: &'m [Instance]) -> Self {
        Self {
            model,
            instances,
            known: FxHashMap::default(),
            bypassed: FxHashMap::default(),
            reported: FxHashSet::default(),
        }
    }

    /// The source of an input: instance, node and socket.
    pub(super) fn source(
        &mut self,
        instance: usize,
        node: usize,
        socket: usize,
        problems: &mut Problems<'_>,
    ) -> Source<'m> {
        let mut passed = Vec::new();
        let mut walked = FxHashSet::default();
        let mut step = Step::Input(instance, node, socket, None);
        let source = loop {
            step = match step {
                Step::End(source) => break source,
                Step::Input(instance, node, socket, types) => {
                    if !walked.insert((instance, node, socket)) {
                        self.cycle(instance, node, problems);
                        break Source::Nothing;
                    }
                    self.input(instance, node, socket, types)
                }
                Step::Output(instance, node, slot, types) => {
                    let key = (instance, node, slot, types);
                    if let Some(&known) = self.known.get(&key) {
                        break known;
                    }
                    passed.push(key);
                    self.output(instance, node, slot, types, problems)
                }
            };
        };
        self.known.extend(passed.into_iter().map(|key| (key, source)));
        source
    }

    fn part(&self, instance: usize, node: usize) -> &'m Part {
        self.model.part((self.instances[instance].sheet, node))
    }

    /// From an input to what its link starts at.
    fn input(&self, instance: usize, node: usize, socket: usize, types: Option<&'m str>) -> Step<'m> {
        let Instance { sheet, parent, .. } = self.instances[instance];
        let Some(socket) = self.part(instance, node).shape.sockets.get(socket) else {
            return Step::End(Source::Nothing);
        };
        let Some(link) = socket.link.map(|link| self.model.link(sheet, link)) else {
            return Step::End(Source::Nothing);
        };
        match (link.origin, parent) {
            (Origin::Node(origin), _) => {
                Step::Output(instance, origin, link.origin_slot, types.unwrap_or(&socket.types))
            }
            // Out of the subgraph: to what the instance is given, or to the widget that it shows.
            (Origin::Input, Some((outside, node))) => {
                let outer = self.part(outside, node).shape.sockets.get(link.origin_slot);
                match outer.map(|outer| outer.link) {
                    Some(Some(_)) => Step::Input(outside, node, link.origin_slot, None),
                    Some(None) => Step::End(
                        self.model.promoted(sheet, link.origin_slot).map_or(Source::Nothing, Source::Widget),
                    ),
                    None => Step::End(Source::Nothing),
                }
            }
            (Origin::Input, None) | (Origin::Nowhere, _) => Step::End(Source::Nothing),
        }
    }

    /// From an output to where its value comes from.
    fn output(
        &mut self,
        instance: usize,
        node: usize,
        slot: usize,
        types: &'m str,
        problems: &mut Problems<'_>,
    ) -> Step<'m> {
        let sheet = self.instances[instance].sheet;
        let part = self.part(instance, node);
        match self.model.node((sheet, node)).mode {
            Mode::Muted => return Step::End(Source::Nothing),
            Mode::Bypassed => {
                return match self.bypass((sheet, node), slot, types) {
                    Some(socket) => Step::Input(instance, node, socket, None),
                    None => Step::End(Source::Nothing),
                };
            }
            Mode::Active => {}
        }
        match part.role {
            Role::Run => Step::End(Source::Output { instance, node, slot }),
            Role::Virtual | Role::Primitive => Step::Input(instance, node, slot, Some(types)),
            Role::Get => self.setter(instance, node, types, problems),
            Role::Instance(definition) => {
                let output = self.model.sheet(definition).outputs.get(slot);
                let link = output.and_then(|output| output.links.first());
                let link = link.map(|&link| self.model.link(definition, link));
                match (
                    link.map(|link| (link.origin, link.origin_slot)),
                    self.instances[instance].children.get(&node),
                ) {
                    (Some((Origin::Node(inner), slot)), Some(&child)) => {
                        Step::Output(child, inner, slot, types)
                    }
                    (Some((Origin::Input, slot)), _) => Step::Input(instance, node, slot, Some(types)),
                    _ => Step::End(Source::Nothing),
                }
            }
        }
    }

    /// From a `GetNode` to its `SetNode`: in the same graph, or else in one around it.
    fn setter(
        &mut self,
        instance: usize,
        node: usize,
        types: &'m str,
        problems: &mut Problems<'_>,
    ) -> Step<'m> {
        let sheet = self.instances[instance].sheet;
        let ui = self.model.node((sheet, node));
        let name = variable(ui).unwrap_or_default();
        let mut at = Some(instance);
        while let Some(index) = at {
            let Instance { sheet, parent, .. } = self.instances[index];
            if let Some(setter) = self.model.setter(sheet, name) {
                return Step::Input(index, setter, 0, Some(types));
            }
            at = parent.map(|(parent, _)| parent);
        }
        if self.reported.insert((sheet, node)) {
            let diagnostic =
                Diagnostic::format("get-without-set", format!("there is no SetNode called `{name}`"))
                    .help("what is linked to this GetNode gets nothing");
            problems.push(diagnostic, ui.place(), &ui.id, ui.class);
        }
        Step::End(Source::Nothing)
    }

    /// The input that a bypassed node gives for one of its outputs, wanted as `types`.
    fn bypass(&mut self, at: At, slot: usize, types: &'m str) -> Option<usize> {
        let part = self.model.part(at);
        let sockets = &part.shape.sockets;
        if matches!(types, "" | "*") {
            return Some(if slot < sockets.len() { slot } else { 0 });
        }
        let output: &'m str = part.outputs.get(slot).map_or("*", |output| output);
        let fits = |input: &str| connects(input, output) && connects(input, types);
        if sockets.get(slot).is_some_and(|socket| fits(&socket.types)) {
            return Some(slot);
        }
        *self.bypassed.entry((at, output, types)).or_insert_with(|| {
            let exact = sockets.iter().position(|socket| &*socket.types == types);
            exact.or_else(|| sockets.iter().position(|socket| fits(&socket.types)))
        })
    }

    fn cycle(&mut self, instance: usize, node: usize, problems: &mut Problems<'_>) {
        let at = (self.instances[instance].sheet, node);
        if self.reported.insert(at) {
            let ui = self.model.node(at);
            let message =
                format!("node {} ({}) is linked to itself through nodes that only pass on", ui.id, ui.class);
            problems.push(Diagnostic::format("link-cycle", message), ui.place(), &ui.id, ui.class);
        }
    }
}

/// The editor's idea of types that may be linked; the server's is another.
fn connects(one: &str, other: &str) -> bool {
    let any = |name: &str| matches!(name, "" | "*");
    if any(one) || any(other) {
        return true;
    }
    one.split(',').any(|one| {
        other.split(',').any(|other| any(one) || any(other) || one.to_lowercase() == other.to_lowercase())
    })
}
