//! From a workflow of the program to the graph: keys, defaults, order, and the lines of it all.

use std::panic::Location;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::node::{self, Draft, Setting};
use super::ports::{Argument, Link, Slot};
use super::workflow::{Added, Workflow};
use crate::catalog::{Catalog, InputKind, InputSpec, Models, NodeClass};
use crate::diag::{self, Diagnostic, Diagnostics, NodeRef};
use crate::ir::{self, Graph, Input, Node, NodeId, Origin, TextPlace, Value};
use crate::source::{FileId, LineColumn, Sources, Span};

impl Workflow {
    /// The graph, with the lines of the program as places in `sources`. It may be wrong in any way that
    /// only the check gate sees; what is wrong about the program is reported here.
    #[must_use]
    pub fn graph(
        &self,
        catalog: &Catalog,
        models: &Models,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Graph {
        let nodes = self.nodes.borrow();
        let mut places = Places { sources, files: FxHashMap::default() };
        for problem in self.problems.borrow().iter() {
            diagnostics.push(problem.diagnostic.clone().at(places.span(problem.place), ""));
        }
        let graph = Graph::with_capacity(nodes.len());
        let mut assembly =
            Assembly { workflow: self.id, catalog, models, places, diagnostics, graph, ids: Vec::new() };
        for (added, key) in nodes.iter().zip(keys(&nodes)) {
            assembly.node(added, key);
        }
        for (at, added) in nodes.iter().enumerate() {
            assembly.inputs(at, added);
        }
        assembly.graph
    }
}

/// The key of every node. Those that the program gives come first, so that none changes because a node
/// without a key is added.
fn keys(nodes: &[Added]) -> Vec<Arc<str>> {
    let mut taken: FxHashSet<Arc<str>> = nodes.iter().filter_map(|added| added.draft.key.clone()).collect();
    let mut counts: FxHashMap<String, usize> = FxHashMap::default();
    let derived = |draft: &Draft| {
        let stem = snake_case(&draft.class);
        loop {
            let count = counts.entry(stem.clone()).or_default();
            *count += 1;
            let key: Arc<str> =
                if *count == 1 { stem.as_str().into() } else { format!("{stem}-{count}").into() };
            if taken.insert(key.clone()) {
                return key;
            }
        }
    };
    let mut derived = derived;
    nodes.iter().map(|added| added.draft.key.clone().unwrap_or_else(|| derived(&added.draft))).collect()
}

/// `VHS_LoadVideo` as `vhs_load_video`, `CLIPTextEncode` as `clip_text_encode`.
fn snake_case(class: &str) -> String {
    let letters: Vec<char> = class.chars().collect();
    let mut out = String::with_capacity(class.len() + 4);
    for (at, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after = |n: usize| letters.get(at + n);
        let ends_lower = before.is_some_and(|before| before.is_lowercase());
        // The last capital of a row begins a word, but not in front of a version: `KJv2`.
        let is_version = after(1) == Some(&'v') && after(2).is_some_and(char::is_ascii_digit);
        let begins_word = before.is_some_and(|before| before.is_uppercase())
            && after(1).is_some_and(|after| after.is_lowercase())
            && !is_version;
        if letter.is_uppercase() && (ends_lower || begins_word) && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    let key = out.trim_end_matches('_');
    if key.is_empty() { "node".to_owned() } else { key.to_owned() }
}

/// The lines of the program, as places in files that are not read.
struct Places<'s> {
    sources: &'s mut Sources,
    files: FxHashMap<&'static str, FileId>,
}

impl Places<'_> {
    fn span(&mut self, place: &'static Location<'static>) -> Span {
        let add = || self.sources.add_unread(place.file());
        let file = *self.files.entry(place.file()).or_insert_with(add);
        Span::at_place(file, LineColumn { line: place.line(), column: place.column() })
    }
}

struct Assembly<'a> {
    workflow: u32,
    catalog: &'a Catalog,
    models: &'a Models,
    places: Places<'a>,
    diagnostics: &'a mut Diagnostics,
    graph: Graph,
    /// By position in the workflow.
    ids: Vec<NodeId>,
}

impl Assembly<'_> {
    fn node(&mut self, added: &Added, key: Arc<str>) {
        let draft = &added.draft;
        let span = self.places.span(added.place);
        if key.is_empty() || key.contains(['.', ':']) {
            self.diagnostics.push(
                Diagnostic::format("bad-node-name", format!("a node cannot be called `{key}`"))
                    .at(span, "")
                    .help("ComfyUI uses `.` and `:` in ids for its own purposes; use letters, digits, `_` and `-`"),
            );
        }
        let class = self.catalog.class(&draft.class);
        let mut node = Node::new(key, draft.class.as_ref().into(), class, Origin::Source(span));
        node.stage.clone_from(&draft.stage);
        node.title.clone_from(&draft.title);
        let id = loop {
            let taken = match self.graph.add(node.clone()) {
                Ok(id) => break id,
                Err(taken) => self.graph.node(taken),
            };
            self.diagnostics.push(
                Diagnostic::format("duplicate-node", format!("two nodes would be called `{}`", node.key))
                    .at(span, "")
                    .at_opt(taken.origin.span(), "the first one")
                    .help("give each its own `.key(…)`, or none to one of them"),
            );
            // Under a name that no program gives, so that what is wrong with its inputs is found too.
            node.key = format!("{}:{}", node.key, self.ids.len()).into();
        };
        self.ids.push(id);
    }

    /// Gives a node its inputs, in the order of its class, and the editor's defaults where a required
    /// input has none.
    fn inputs(&mut self, at: usize, added: &Added) {
        let id = self.ids[at];
        let class = self.graph.node(id).class.clone();
        let mut inputs: Vec<(usize, Input)> = Vec::with_capacity(added.draft.inputs.len());
        for setting in &added.draft.inputs {
            let declared = class.as_ref().and_then(|class| declared(class, &added.draft, setting));
            if class.is_some() && declared.is_none() && !setting.is_extra {
                self.unknown_input(id, added, setting);
                continue;
            }
            let Some(value) = self.value(id, setting) else { continue };
            let (order, value) = match declared {
                Some((order, spec)) => (order, fitting(value, &spec)),
                None => (usize::MAX, value),
            };
            let origin = Origin::Source(self.places.span(setting.place));
            let input = Input { name: setting.name.as_ref().into(), value, origin, text: TextPlace::Nowhere };
            inputs.push((order, input));
        }
        if let Some(class) = &class {
            self.defaults(class, added, &mut inputs);
        }
        inputs.sort_by_key(|(order, _)| *order);
        for (_, input) in inputs {
            self.graph.push_input(id, input);
        }
    }

    fn defaults(&mut self, class: &NodeClass, added: &Added, inputs: &mut Vec<(usize, Input)>) {
        let draft = &added.draft;
        let origin = Origin::Source(self.places.span(added.place));
        let specs = class.known_inputs(&|name| selected(class, draft, name));
        let is_set = |name: &str| draft.inputs.iter().any(|setting| setting.name == name);
        for (order, spec) in specs.iter().enumerate().filter(|(_, spec)| spec.required) {
            if !is_set(&spec.name)
                && let Some(value) = node::default_value(spec)
            {
                let value = ir::Argument::Literal(value);
                inputs.push((
                    order,
                    Input { name: spec.name.clone(), value, origin, text: TextPlace::Nowhere },
                ));
            }
        }
    }

    fn value(&mut self, id: NodeId, setting: &Setting) -> Option<ir::Argument> {
        match &setting.given.0 {
            Argument::Value(Value::Float(float)) if !float.is_finite() => {
                let message = format!("`{}` is {float}, which no workflow can hold", setting.name);
                self.report(id, setting, Diagnostic::format("not-a-number", message));
                None
            }
            Argument::Value(value) => Some(ir::Argument::Literal(value.clone())),
            Argument::Model(name) => self.model(id, setting, name).map(ir::Argument::Literal),
            Argument::Link(link) => self.link(id, setting, *link),
        }
    }

    fn link(&mut self, id: NodeId, setting: &Setting, link: Link) -> Option<ir::Argument> {
        let from = self.ids.get(link.node as usize).filter(|_| link.workflow == self.workflow);
        let Some(&from) = from else {
            let message = format!("`{}` is given an output of another workflow", setting.name);
            let problem = Diagnostic::format("link-from-another-workflow", message);
            self.report(id, setting, problem.help("add the node that it comes from to this workflow"));
            return None;
        };
        let slot = match link.slot {
            Slot::Index(slot) => slot,
            Slot::Name(name) => {
                let class = self.graph.node(from).class.clone()?;
                let Some(slot) = class.output_slot(name) else {
                    let message = format!("`{}` has no output `{name}`", class.name);
                    let names: Vec<&str> = class.outputs.iter().map(|output| &*output.name).collect();
                    let help = diag::did_you_mean(name, names.iter().copied())
                        .unwrap_or_else(|| format!("its outputs are: {}", names.join(", ")));
                    self.report(id, setting, Diagnostic::format("unknown-output", message).help(help));
                    return None;
                };
                u32::try_from(slot).unwrap_or(u32::MAX)
            }
        };
        Some(ir::Argument::Link { from, slot })
    }

    fn model(&mut self, id: NodeId, setting: &Setting, name: &Arc<str>) -> Option<Value> {
        if let Some(model) = self.models.model(name) {
            let class = self.graph.node(id).class.clone();
            let input = class.as_ref().and_then(|class| class.input(&setting.name));
            let folders = input.and_then(|input| input.kind.folder());
            if let Some(folders) = folders.filter(|all| !all.split('|').any(|one| *one == *model.folder)) {
                let message = format!(
                    "`{name}` is a file of the folder {}, but `{}` takes one of {folders}",
                    model.folder, setting.name
                );
                self.report(id, setting, Diagnostic::format("wrong-model-folder", message));
                return None;
            }
            return Some(Value::Str(model.file.into()));
        }
        if self.models.takes(name) {
            return Some(Value::Str(name.clone()));
        }
        self.report(id, setting, self.models.unknown(name, None));
        None
    }

    fn unknown_input(&mut self, id: NodeId, added: &Added, setting: &Setting) {
        let Some(class) = self.graph.node(id).class.clone() else { return };
        let names = class.input_names(&|name| selected(&class, &added.draft, name));
        let message = format!("`{}` has no input `{}`", class.name, setting.name);
        let help = diag::did_you_mean(&setting.name, names.iter().map(|name| &**name)).unwrap_or_else(|| {
            "`wfc catalog show` lists its inputs; one that it does not declare is given with `.extra(…)`"
                .into()
        });
        self.report(id, setting, Diagnostic::format("unknown-input", message).help(help));
    }

    fn report(&mut self, id: NodeId, setting: &Setting, problem: Diagnostic) {
        let node = self.graph.node(id);
        let node = NodeRef {
            key: node.key.to_string(),
            class_type: node.class_type.to_string(),
            input: Some(setting.name.to_string()),
        };
        let span = self.places.span(setting.place);
        self.diagnostics.push(problem.at(span, "").node(node));
    }
}

/// The position of an input in its class and its declaration; none if the class does not know it.
fn declared(class: &NodeClass, draft: &Draft, setting: &Setting) -> Option<(usize, InputSpec)> {
    class.find_input(&setting.name, &|name| selected(class, draft, name))
}

/// The value with a whole number as a float where the class wants one, as in a workflow of the editor.
fn fitting(value: ir::Argument, spec: &InputSpec) -> ir::Argument {
    match (value, &spec.kind) {
        #[expect(clippy::cast_precision_loss, reason = "the input is a float")]
        (ir::Argument::Literal(Value::Int(int)), InputKind::Float { .. }) => {
            ir::Argument::Literal(Value::Float(int as f64))
        }
        (value, _) => value,
    }
}

/// The text that a selector has, given or by default.
fn selected(class: &NodeClass, draft: &Draft, name: &str) -> Option<Arc<str>> {
    let given = draft.inputs.iter().find(|setting| setting.name == name).map(|setting| &setting.given.0);
    match given {
        Some(Argument::Value(Value::Str(text))) => Some(text.clone()),
        Some(_) => None,
        None => match node::default_value(class.input(name).filter(|spec| spec.required)?)? {
            Value::Str(text) => Some(text),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_like_words() {
        for (class, key) in [
            ("VHS_LoadVideo", "vhs_load_video"),
            ("CLIPTextEncode", "clip_text_encode"),
            ("KSampler", "k_sampler"),
            ("ImageResizeKJv2", "image_resize_kjv2"),
            ("WanVideoUni3C_ControlnetLoader", "wan_video_uni3c_controlnet_loader"),
            ("Image Resize (x)", "image_resize_x"),
            ("UNETLoader", "unet_loader"),
            ("中", "中"),
            ("+", "node"),
        ] {
            assert_eq!(snake_case(class), key);
        }
    }
}
