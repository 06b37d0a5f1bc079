//! What the names in a graph's nodes stand for: classes, inputs, outputs, nodes, models.

use std::sync::Arc;

use super::{Builder, LinkPlan};
use crate::catalog::{InputSpec, NodeClass};
use crate::diag::{self, Diagnostic, NodeRef};
use crate::front::toml::decode::At;
use crate::front::toml::graph::{InputDecl, NodeDecl, NodeOutput, Out};
use crate::ir::Value;
use crate::lower::params;
use crate::source::{Span, Spanned};

impl Builder<'_, '_> {
    pub(super) fn stage(&mut self, stage: &At<Arc<str>>) -> Arc<str> {
        let stages = || self.file.stages.iter().map(|stage| &**stage.get());
        if !stages().any(|known| *known == **stage.get()) {
            let help = diag::did_you_mean(stage.get(), stages())
                .unwrap_or_else(|| format!("its stages are: {}", stages().collect::<Vec<_>>().join(", ")));
            self.report(
                Diagnostic::format("unknown-stage", format!("the graph has no stage `{}`", stage.get()))
                    .at(stage.span(), "")
                    .help(help),
            );
        }
        stage.get().clone()
    }

    pub(super) fn class(&mut self, key: &str, node: &NodeDecl) -> Option<Arc<NodeClass>> {
        let name = node.class.get();
        let class = self.context.catalog.class(name);
        if class.is_none() {
            let help = self.context.catalog.suggest(name).map_or_else(
                || {
                    "no node pack of this catalog has it: install the pack, or use a catalog that knows it"
                        .into()
                },
                |near| format!("did you mean `{near}`?"),
            );
            self.report(
                Diagnostic::check(
                    "unknown-class",
                    "missing_node_type",
                    format!("there is no node class `{name}`"),
                )
                .at(node.class.span(), "")
                .node(node_ref(key, name, None))
                .help(help),
            );
        }
        class
    }

    /// The declaration of an input and its place in the class's order.
    pub(super) fn input_spec(
        &mut self,
        key: &str,
        class: &NodeClass,
        node: &NodeDecl,
        name: &Spanned<Arc<str>>,
    ) -> Option<(usize, InputSpec)> {
        let literal = selected(node);
        let found = class.find_input(&name.value, &literal);
        if found.is_none() {
            let known: Vec<Arc<str>> = class.input_names(&literal);
            let known = || known.iter().map(|name| &**name);
            let help = diag::did_you_mean(&name.value, known()).unwrap_or_else(|| {
                let known = known().collect::<Vec<_>>().join(", ");
                format!("its inputs are: {known}; what the class does not declare goes under `extra`")
            });
            self.report(
                Diagnostic::format(
                    "unknown-input",
                    format!("`{}` has no input `{}`", class.name, name.value),
                )
                .at(name.span, "")
                .node(node_ref(key, &class.name, Some(&name.value)))
                .help(help),
            );
        }
        found
    }

    /// An input under `extra` stands nowhere else, and the class does not declare it.
    pub(super) fn check_extra(
        &mut self,
        key: &str,
        class: Option<&NodeClass>,
        node: &NodeDecl,
        name: &Spanned<Arc<str>>,
    ) {
        let node_ref = || node_ref(key, node.class.get(), Some(&name.value));
        let twice = node.inputs.iter().find(|(declared, _)| declared.value == name.value);
        if let Some((declared, _)) = twice {
            self.report(
                Diagnostic::format(
                    "duplicate-input",
                    format!("`{}` stands in `inputs` and in `extra`", name.value),
                )
                .at(name.span, "")
                .at(declared.span, "the other one")
                .node(node_ref())
                .help("keep one of them: `extra` is for what the class does not declare"),
            );
        } else if let Some(class) = class
            && class.find_input(&name.value, &selected(node)).is_some()
        {
            self.report(
                Diagnostic::lint(
                    "declared-extra",
                    format!("`{}` declares the input `{}`", class.name, name.value),
                )
                .at(name.span, "")
                .node(node_ref())
                .help("move it to `inputs`, where its type is checked"),
            );
        }
    }

    pub(super) fn model(&mut self, slot: &Spanned<Arc<str>>) -> Option<Arc<str>> {
        if self.file.models.is_broken(&slot.value) {
            return None;
        }
        let (name, known) = match self.filling(&slot.value) {
            Some(model) => (model.get().clone(), true),
            None => (slot.value.clone(), self.known_model(slot, None)),
        };
        if !self.models.iter().any(|(used, _)| *used == slot.value) {
            self.models.push((slot.value.clone(), name.clone()));
        }
        known.then(|| params::model_file(&name, self.context.models))
    }

    /// What fills a model slot: the preset's choice or the graph's default.
    pub(super) fn filling(&self, slot: &str) -> Option<&At<Arc<str>>> {
        self.chosen.get(slot).or_else(|| self.file.models.get(slot).map(|slot| &slot.model))
    }

    /// A model of the catalog must lie in a folder that the input takes its files from.
    pub(super) fn check_folder(
        &mut self,
        slot: &Spanned<Arc<str>>,
        key: &str,
        class: &NodeClass,
        input: &InputSpec,
    ) {
        let chosen = self.filling(&slot.value);
        let (name, place) = chosen.map_or((&slot.value, slot.span), |model| (model.get(), model.span()));
        let (Some(model), Some(folders)) = (self.context.models.model(name), input.kind.folder()) else {
            return;
        };
        // Why a misfit lies elsewhere needs no further word.
        if folders.split('|').any(|folder| folder == model.folder) || self.misfit(&slot.value).is_some() {
            return;
        }
        let message = format!(
            "`{name}` is a file of the folder {}, but `{}` of `{}` takes one of {folders}",
            model.folder, input.name, class.name
        );
        let diagnostic = Diagnostic::format("wrong-model-folder", message).at(place, "");
        let diagnostic = if place == slot.span { diagnostic } else { diagnostic.at(slot.span, "used here") };
        self.report(diagnostic.node(node_ref(key, &class.name, Some(&input.name))));
    }

    pub(super) fn link(&mut self, output: &NodeOutput) -> Option<LinkPlan> {
        let Some(&node) = self.positions.get(&*output.node.value) else {
            if self.file.nodes.is_broken(&output.node.value) {
                return None;
            }
            let help = diag::did_you_mean(&output.node.value, self.file.nodes.names());
            self.report(
                Diagnostic::format("unknown-node", format!("the graph has no node `{}`", output.node.value))
                    .at(output.node.span, "")
                    .help_opt(help),
            );
            return None;
        };
        let target = self.file.nodes.iter().nth(node).map(|(_, node)| node)?;
        let class = self.context.catalog.class(target.class.get())?;
        Some(LinkPlan { node, slot: self.slot(&class, output.out.as_ref(), output.node.span)? })
    }

    pub(super) fn slot(&mut self, class: &NodeClass, out: Option<&Spanned<Out>>, place: Span) -> Option<u32> {
        let names = || class.outputs.iter().map(|output| &*output.name);
        let all = || {
            let outputs = class.outputs.iter().enumerate();
            outputs
                .map(|(slot, output)| format!("{} ({slot}, {})", output.name, output.types))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let (message, span, help) = match out.map(|out| (&out.value, out.span)) {
            None if class.outputs.len() == 1 => return Some(0),
            None if class.outputs.is_empty() => (format!("`{}` has no outputs", class.name), place, None),
            None => (
                format!("`{}` has {} outputs: say which one with `out`", class.name, class.outputs.len()),
                place,
                Some(format!("its outputs are: {}", all())),
            ),
            // Whether there is such a slot is ComfyUI's to say: it does not look at all links.
            Some((Out::Slot(slot), _)) => return Some(*slot),
            Some((Out::Name(name), span)) => {
                if let Some(slot) = class.output_slot(name) {
                    return u32::try_from(slot).ok();
                }
                let help = diag::did_you_mean(name, names())
                    .unwrap_or_else(|| format!("its outputs are: {}", all()));
                (format!("`{}` has no output `{name}`", class.name), span, Some(help))
            }
        };
        self.report(Diagnostic::format("unknown-output", message).at(span, "").help_opt(help));
        None
    }
}

/// The texts that a node's inputs are given, by which a class decides which inputs there are.
fn selected(node: &NodeDecl) -> impl Fn(&str) -> Option<Arc<str>> {
    |input| match node.inputs.get(input).map(At::get) {
        Some(InputDecl::Literal(Value::Str(text))) => Some(text.clone()),
        _ => None,
    }
}

fn node_ref(key: &str, class: &str, input: Option<&str>) -> NodeRef {
    NodeRef { key: key.to_owned(), class_type: class.to_owned(), input: input.map(str::to_owned) }
}
