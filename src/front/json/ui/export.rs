//! The nodes of the workflow: those that run, with the values of their widgets and their links.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::Json;
use super::document::Mode;
use super::flatten::Instance;
use super::links::{Resolver, Source};
use super::model::{At, Model, Role};
use super::problems::Problems;
use super::texts;
use super::widgets::{Export, Widget};
use crate::diag::Diagnostic;
use crate::ir::{Argument, Graph, Input, Node, NodeId, TextPlace, Value};

/// Makes the workflow.
pub(super) fn export(model: &Model<'_>, instances: &[Instance], problems: &mut Problems<'_>) -> Graph {
    let mut exporter =
        Exporter { model, instances, graph: Graph::new(), ids: FxHashMap::default(), names: None };
    let mut reported = FxHashSet::default();
    for (index, instance) in instances.iter().enumerate() {
        for node in 0..model.sheet(instance.sheet).nodes.len() {
            let at = (instance.sheet, node);
            if !runs(model, at) {
                continue;
            }
            if reported.insert(at) {
                report(model, at, problems);
            }
            exporter.add((index, node), problems);
        }
    }
    let mut resolver = Resolver::new(model, instances);
    for (index, instance) in instances.iter().enumerate() {
        for node in 0..model.sheet(instance.sheet).nodes.len() {
            if let Some(&id) = exporter.ids.get(&(index, node)) {
                exporter.inputs((index, node), id, &mut resolver, problems);
            }
        }
    }
    exporter.graph
}

/// True if a node becomes a node of the workflow.
fn runs(model: &Model<'_>, at: At) -> bool {
    model.part(at).role == Role::Run && model.node(at).mode == Mode::Active
}

/// Says what is wrong with a node itself, once for all of its places.
fn report(model: &Model<'_>, at: At, problems: &mut Problems<'_>) {
    let (node, part) = (model.node(at), model.part(at));
    if part.class.is_none()
        && let Some(diagnostic) = missing_definition(node.class)
    {
        problems.push(diagnostic, node.place(), &node.id, node.class);
    }
    if let Some((values, places)) = part.shape.mismatch {
        let noun = if values == 1 { "value" } else { "values" };
        let message = format!(
            "node {} ({}) has {values} widget {noun} in the file, but its class has {places}",
            node.id, node.class
        );
        let help = if values < places {
            "the class has new inputs, which take their defaults; values go by position, so check that they fit"
        } else {
            "the class has lost inputs; values go by position, so check that they fit"
        };
        let diagnostic = Diagnostic::lint("widget-count-mismatch", message).help(help);
        let place = node.values().and_then(|values| values.place).or_else(|| node.place());
        problems.push(diagnostic, place, &node.id, node.class);
    }
}

/// What the server says of a node without a class; the editor exports such nodes all the same.
const MISSING: &str = "missing_node_type";

/// Why a node is of no class, if the file itself is to blame. That the catalog has no such class is
/// for `check` to say.
fn missing_definition(class: &str) -> Option<Diagnostic> {
    if class.is_empty() {
        let problem = Diagnostic::check("node-without-type", MISSING, "a node has no type");
        return Some(problem.help("a node of the editor has its class under `type`"));
    }
    let is_subgraph = class.len() == 36 && class.bytes().filter(|&byte| byte == b'-').count() == 4;
    if is_subgraph {
        let message = format!("the file does not define the subgraph `{class}`");
        let problem = Diagnostic::check("missing-subgraph", MISSING, message);
        return Some(problem.help("save the workflow again in ComfyUI, with the subgraph in it"));
    }
    if class.starts_with("workflow>") || class.starts_with("workflow/") {
        let message = format!("the group node `{class}` is not defined, or has nodes of unknown classes");
        return Some(Diagnostic::check("missing-group", MISSING, message).help(
            "save the workflow again in ComfyUI, where the group is and its node packs are installed",
        ));
    }
    None
}

struct Exporter<'m, 'a> {
    model: &'m Model<'a>,
    instances: &'m [Instance],
    graph: Graph,
    /// The nodes of the workflow, by instance and index in its sheet.
    ids: FxHashMap<(usize, usize), NodeId>,
    /// Nodes by the names that `%node.widget%` may use.
    names: Option<Names<'m>>,
}

/// What there is to say of a widget's value.
struct Remark {
    rule: &'static str,
    message: String,
    help: &'static str,
}

type Names<'m> = [FxHashMap<&'m str, At>; 2];

impl<'m> Exporter<'m, '_> {
    fn at(&self, (instance, node): (usize, usize)) -> At {
        (self.instances[instance].sheet, node)
    }

    fn add(&mut self, place: (usize, usize), problems: &mut Problems<'_>) {
        let at = self.at(place);
        let (written, part) = (self.model.node(at), self.model.part(at));
        let prefix = &self.instances[place.0].prefix;
        let named = |id: &str| -> Arc<str> { format!("{prefix}{id}").into() };
        // A copy that somebody made of a node has its key as well: the first one keeps it.
        let own = written.key();
        let key = own.map(named).filter(|key| self.graph.find(key).is_none());
        let key = key.unwrap_or_else(|| named(&written.id));
        let origin = problems.origin(written.place());
        let mut node = Node::new(key, written.class.into(), part.class.clone(), origin);
        // A node that nobody has named shows what its class is called.
        let default = part.class.as_ref().map(|class| class.display_name.as_deref().unwrap_or(&class.name));
        let title = written.title().filter(|title| own != Some(title));
        node.title = title.or_else(|| default.filter(|_| own.is_none())).map(Arc::from);
        let key = node.key.clone();
        if let Ok(id) = self.graph.add(node) {
            self.ids.insert(place, id);
        } else {
            let message = format!("two nodes come to have the id {key}");
            let diagnostic = Diagnostic::format("duplicate-node-id", message).help(
                "the ids of a subgraph's nodes begin with the id of the instance: rename the other node",
            );
            problems.push(diagnostic, written.place(), &key, written.class);
        }
    }

    fn inputs(
        &mut self,
        place: (usize, usize),
        id: NodeId,
        resolver: &mut Resolver<'m, '_>,
        problems: &mut Problems<'_>,
    ) {
        let at = self.at(place);
        let part = self.model.part(at);
        let mut inputs: Vec<Input> = Vec::new();
        let mut by_name: FxHashMap<Arc<str>, usize> = FxHashMap::default();
        // What comes later under the same name replaces the value and keeps the position.
        let mut put = |input: Input| {
            let index = *by_name.entry(input.name.clone()).or_insert(inputs.len());
            match inputs.get_mut(index) {
                Some(present) => *present = input,
                None => inputs.push(input),
            }
        };
        let mut given = Vec::new();
        // Widgets whose own values do not count.
        let mut replaced = vec![false; part.shape.widgets.len()];
        for (index, socket) in part.shape.sockets.iter().enumerate() {
            let (value, place) = match resolver.source(place.0, place.1, index, problems) {
                Source::Nothing => continue,
                Source::Output { instance, node, slot } => {
                    let from = self.ids.get(&(instance, node)).copied();
                    let slot = u32::try_from(slot).ok();
                    let (Some(from), Some(slot)) = (from, slot) else { continue };
                    (Argument::Link { from, slot }, socket.place)
                }
                Source::Widget(widget) => {
                    let Some(value) = widget.value.clone() else { continue };
                    if let Some(own) = socket.widget {
                        self.check_shown(at, &part.shape.widgets[own], widget, problems);
                    }
                    (Argument::Literal(wrapped(value, false)), widget.place.or(socket.place))
                }
            };
            if let Some(own) = socket.widget {
                replaced[own] = true;
            }
            let origin = problems.origin(place);
            given.push(Input { name: socket.name.clone(), value, origin, text: TextPlace::Here });
        }
        let unset = self.model.node(at).property(super::UNSET_PROPERTY);
        let is_unset = |widget: &Widget| {
            let written = unset.and_then(|unset| unset.get(&widget.name)).map(Json::to_value);
            written.is_some() && written == widget.value
        };
        let widgets = part.shape.widgets.iter().zip(replaced);
        let counts = |widget: &Widget| widget.export != Export::Never && !is_unset(widget);
        for (widget, is_replaced) in widgets.filter(|(widget, _)| counts(widget)) {
            if let Some((value, remark)) = self.value(widget) {
                if let Some(remark) = remark.filter(|_| !is_replaced) {
                    self.warn(at, widget, remark, problems);
                }
                let origin = problems.origin(widget.place);
                let value = Argument::Literal(value);
                put(Input { name: widget.name.clone(), value, origin, text: TextPlace::Here });
            }
        }
        given.into_iter().for_each(put);
        for input in inputs {
            self.graph.push_input(id, input);
        }
    }

    /// The value of a widget as it is sent, and what there is to say of it.
    fn value(&mut self, widget: &Widget) -> Option<(Value, Option<Remark>)> {
        let value = widget.value.as_ref()?;
        let remark = |rule, message, help| Some(Remark { rule, message, help });
        let (text, remark) = match (value, widget.export) {
            (Value::Str(text), Export::Prompt) => {
                let (text, chosen) = texts::prompt(text);
                let message = format!("the first of the choices in `{}` is taken", widget.name);
                let help = "write the one that is meant; the editor takes one at random each time";
                (text, remark("dynamic-prompt", message, help).filter(|_| chosen))
            }
            (Value::Str(text), Export::FileName) => {
                let mut dated = false;
                let text = texts::replace(text, |name| {
                    dated |= name.starts_with("date:") && !name.contains('.');
                    self.replacement(name)
                });
                let message = format!("`{}` has a date, which only the editor fills in", widget.name);
                let help = "the server writes it as it stands; write a name without it";
                (text, remark("date-in-file-name", message, help).filter(|_| dated))
            }
            (_, Export::Browser) => {
                let message = format!("`{}` is made by the editor as it sends the workflow", widget.name);
                let help = "the saved value is kept; export from the editor if it must be made anew";
                return Some((wrapped(value.clone(), false), remark("made-in-editor", message, help)));
            }
            _ => return Some((wrapped(value.clone(), widget.export == Export::Curve), None)),
        };
        Some((Value::Str(text.into()), remark))
    }

    /// Says what is wrong with a value that stands on a subgraph's node for the widget `own`. The editor sends it as it
    /// stands.
    fn check_shown(&mut self, at: At, own: &Widget, shown: &Widget, problems: &mut Problems<'_>) {
        let sent = Widget { name: own.name.clone(), export: own.export, ..shown.clone() };
        let Some((_, Some(mut remark))) = self.value(&sent) else { return };
        if own.export == Export::Prompt {
            remark.message = format!("the choices in `{}` are sent as they stand", own.name);
            remark.help =
                "write the one that is meant; the editor makes no choice for an input of a subgraph";
        }
        self.warn(at, &sent, remark, problems);
    }

    fn warn(&self, at: At, widget: &Widget, remark: Remark, problems: &mut Problems<'_>) {
        let node = self.model.node(at);
        let place = widget.place.or_else(|| node.place());
        let diagnostic = Diagnostic::lint(remark.rule, remark.message).help(remark.help);
        problems.push(diagnostic, place, &node.id, node.class);
    }

    /// What stands for `node.widget` in a file name.
    fn replacement(&mut self, name: &str) -> Option<String> {
        let (node, widget) = name.split_once('.').filter(|(_, widget)| !widget.contains('.'))?;
        let model = self.model;
        let [aliases, titles] = self.names.get_or_insert_with(|| names(model));
        let at = *aliases.get(node).or_else(|| titles.get(node))?;
        let shape = &model.part(at).shape;
        let text = match shape.widgets[shape.widget(widget)?].value.as_ref() {
            None | Some(Value::Null) => String::new(),
            Some(Value::Str(text)) => text.to_string(),
            Some(other) => other.to_string(),
        };
        Some(texts::file_name_part(&text))
    }
}

/// Nodes by their alias, which is the class where the file has none, and by their title.
fn names<'m>(model: &'m Model<'_>) -> Names<'m> {
    let mut names = Names::default();
    for (sheet, content) in model.document.sheets.iter().enumerate() {
        for (index, node) in content.nodes.iter().enumerate() {
            let alias = node.property("Node name for S&R").map_or(Some(node.class), Json::as_str);
            for (names, name) in names.iter_mut().zip([alias, node.title()]) {
                names.entry(name.unwrap_or_default()).or_insert((sheet, index));
            }
        }
    }
    names
}

/// A list would be taken for a link, so it is wrapped.
fn wrapped(value: Value, curve: bool) -> Value {
    match value {
        Value::List(_) => {
            let mut entries = Vec::new();
            if curve {
                entries.push(("__type__".into(), Value::Str("CURVE".into())));
            }
            entries.push(("__value__".into(), value));
            Value::Map(entries)
        }
        other => other,
    }
}
