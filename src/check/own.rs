//! What a class checks about its inputs itself, after the server's own checks.
//!
//! That is Python code of the class. What is known of it is data (`schemas/own_checks.csv`); what
//! depends on a machine's files is answered from the lists that the catalog has of it, and taken for
//! right where it has none.

use super::literal::{Outcome, unwrapped};
use super::{at_input, node_ref, python};
use crate::catalog::{Catalog, Demand, InputKind, InputSpec, NodeClass, OwnCheck};
use crate::diag::{self, Diagnostic};
use crate::ir::{Argument, Graph, Input, Node, Value};

/// The types of what Tripo's tasks give.
const TASK_TYPES: [&str; 3] = ["MODEL_TASK_ID", "RIG_TASK_ID", "RETARGET_TASK_ID"];

/// What the check of a node's class makes of it. `specs` are the inputs that the server sees.
pub(super) fn check(
    graph: &Graph,
    node: &Node,
    class: &NodeClass,
    specs: &[InputSpec],
    catalog: &Catalog,
) -> Outcome {
    let Some(own) = &class.own_check else { return Outcome::Fine };
    let own = Own { graph, node, class, specs, catalog, check: own };
    match own.raises().or_else(|| own.violated()) {
        Some(outcome) => outcome,
        None => Outcome::Fine,
    }
}

struct Own<'o> {
    graph: &'o Graph,
    node: &'o Node,
    class: &'o NodeClass,
    specs: &'o [InputSpec],
    catalog: &'o Catalog,
    check: &'o OwnCheck,
}

impl Own<'_> {
    /// The input as the check sees it: declared literals, and links to whatever.
    fn passed(&self, name: &str) -> Option<&Input> {
        let input = self.node.input(name)?;
        let is_link = matches!(input.value, Argument::Link { .. });
        (is_link || self.specs.iter().any(|spec| *spec.name == *name)).then_some(input)
    }

    fn literal(&self, name: &str) -> Option<(&Input, &Value)> {
        let input = self.passed(name)?;
        match &input.value {
            Argument::Literal(value) => Some((input, unwrapped(value))),
            Argument::Link { .. } => None,
        }
    }

    fn raising(&self, input: Option<&Input>, message: String, help: &str) -> Outcome {
        let problem = Diagnostic::check("own-check-raises", "exception", message).help(help);
        Outcome::Fails(self.at(problem, input))
    }

    fn violating(&self, input: Option<&Input>, message: String, help: impl Into<String>) -> Outcome {
        let problem = Diagnostic::check("own-check-failed", "custom_validation_failed", message).help(help);
        let mut problem = self.at(problem, input);
        problem.set_server_inputs(self.arguments());
        Outcome::Wrong(problem)
    }

    /// Everything that the server passes to the check: it repeats the check's failure for each.
    fn arguments(&self) -> Vec<Option<String>> {
        let inputs = self.node.inputs().iter().map(|input| &*input.name);
        let passed = inputs.filter(|name| self.check.covers(name) && self.passed(name).is_some());
        // All inputs are also those that the server adds by itself.
        let hidden = self.class.hidden.iter().map(|name| &**name).filter(|_| self.check.takes_all);
        let types = self.check.types.then_some("input_types");
        passed.chain(hidden).chain(types).map(|name| Some(name.to_owned())).collect()
    }

    fn at(&self, problem: Diagnostic, input: Option<&Input>) -> Diagnostic {
        match input {
            Some(input) => at_input(problem, self.node, input),
            None => problem.at_opt(self.node.origin.span(), "").node(node_ref(self.node, None)),
        }
    }

    /// What makes the check itself fail, whatever it demands.
    fn raises(&self) -> Option<Outcome> {
        let class = &self.class.name;
        if let Some(missing) = self.check.needs.iter().find(|name| self.passed(name).is_none()) {
            let message = format!("`{class}` checks `{missing}` itself, and ComfyUI fails without it");
            return Some(self.raising(None, message, "give it that input"));
        }
        if self.check.raises_on_link {
            let linked = self.check.names().filter_map(|name| self.passed(name));
            let linked = linked.into_iter().find(|input| matches!(input.value, Argument::Link { .. }));
            if let Some(input) = linked {
                let message =
                    format!("`{class}` checks `{}` itself, and ComfyUI fails if it is linked", input.name);
                return Some(self.raising(Some(input), message, "write the value into the workflow"));
            }
        }
        None
    }

    /// What it demands and is not so.
    fn violated(&self) -> Option<Outcome> {
        match self.check.demand {
            Demand::Nothing | Demand::PathFile | Demand::PathDirectory => None,
            Demand::InputFile | Demand::InputFileOrNone | Demand::InputPathFile => self.input_file(),
            Demand::InputDirectory => self.input_directory(),
            Demand::TileLargerThanStride => self.tiles(),
            Demand::NotAllZero => self.all_zero(),
            Demand::AspectRatio => self.aspect_ratio(),
            Demand::TaskId => self.task_id(),
        }
    }

    fn input_file(&self) -> Option<Outcome> {
        let (input, value) = self.literal(self.check.needs.first()?)?;
        if self.check.demand == Demand::InputFileOrNone && is_nothing(value) {
            return None;
        }
        let Value::Str(name) = value else {
            let message = format!("`{}` is {}; ComfyUI fails on it", input.name, value.kind());
            return Some(self.raising(Some(input), message, "name a file in the server's input folder"));
        };
        let name = match self.check.demand {
            Demand::InputPathFile => bare(name),
            _ => name,
        };
        let name = name.strip_suffix("[input]").map_or(name, str::trim_end);
        let listed =
            |options: &[serde_json::Value]| options.iter().any(|option| option.as_str() == Some(name));
        let own_list = self.specs.iter().find(|spec| spec.name == input.name).map(|spec| &spec.kind);
        let in_own_list = match own_list {
            Some(InputKind::Combo(combo)) => combo.options.as_deref().is_some_and(listed),
            _ => false,
        };
        let is_there = is_folder(name) && self.check.demand != Demand::InputPathFile;
        if is_there || in_own_list {
            return None;
        }
        // All lists of the machine's input files: many classes are read for them.
        let known = self.catalog.input_files().filter(|known| !known.contains(name))?;
        let message = format!("`{}` is {name:?}, which is not among the server's input files", input.name);
        let help = diag::did_you_mean(name, known.iter().map(String::as_str))
            .unwrap_or_else(|| "put the file into the server's input folder".into());
        Some(self.violating(Some(input), message, help))
    }

    fn input_directory(&self) -> Option<Outcome> {
        let (input, value) = self.literal(self.check.needs.first()?)?;
        let spec = self.specs.iter().find(|spec| spec.name == input.name)?;
        let InputKind::Combo(combo) = &spec.kind else { return None };
        let options = combo.options.as_ref()?;
        let name = value.as_str().map(bare)?;
        if options.iter().any(|option| option.as_str() == Some(name)) {
            return None;
        }
        let message =
            format!("`{}` is {name:?}, which is no folder in the server's input folder", input.name);
        Some(self.violating(Some(input), message, "put the folder with its files there"))
    }

    fn tiles(&self) -> Option<Outcome> {
        for name in self.check.names() {
            let (input, value) = self.literal(name)?;
            if python::int(value).is_none() {
                let message = format!("`{name}` is {value}; ComfyUI fails on comparing it");
                return Some(self.raising(Some(input), message, "write a whole number"));
            }
        }
        let size =
            |name: &str| self.literal(name).and_then(|(input, value)| Some((input, python::int(value)?)));
        ["x", "y"].into_iter().find_map(|axis| {
            let (tile, stride) = (format!("tile_{axis}"), format!("tile_stride_{axis}"));
            let ((input, size_of), (_, step)) = (size(&tile)?, size(&stride)?);
            (size_of <= step).then(|| {
                let message =
                    format!("`{tile}` is {size_of}; it must be larger than `{stride}`, which is {step}");
                self.violating(Some(input), message, "make the tile larger or the stride smaller")
            })
        })
    }

    fn all_zero(&self) -> Option<Outcome> {
        let is_zero =
            |name: &String| self.literal(name).and_then(|(_, value)| python::float(value)) == Some(0.0);
        let first = self.check.needs.first().filter(|_| self.check.needs.iter().all(is_zero))?;
        let message = format!("one of `{}` must not be 0", self.check.needs.join("`, `"));
        Some(self.violating(self.node.input(first), message, "give one of them another value"))
    }

    fn aspect_ratio(&self) -> Option<Outcome> {
        let (input, value) = self.literal(self.check.needs.first()?)?;
        let sides = value.as_str().and_then(|text| {
            let (width, height) = text.split_once(':')?;
            let side = |text: &str| python::int(&Value::Str(text.into())).filter(|side| *side > 0);
            Some((side(width)?, side(height)?))
        });
        let fits = sides.is_some_and(|(width, height)| {
            width.checked_mul(4).is_none_or(|four| four >= height)
                && height.checked_mul(4).is_none_or(|four| four >= width)
        });
        (!fits).then(|| {
            let message = format!("`{}` is {value}; it must be between 1:4 and 4:1", input.name);
            self.raising(Some(input), message, "write it as \"16:9\"")
        })
    }

    fn task_id(&self) -> Option<Outcome> {
        let name = "original_model_task_id";
        let Some(&Argument::Link { from, slot }) = self.passed(name).map(|input| &input.value) else {
            let message = format!("`{name}` is not linked; ComfyUI fails on it");
            return Some(self.raising(self.node.input(name), message, "link it to the task of a model"));
        };
        let output = self.graph.node(from).class.as_ref()?.outputs.get(slot as usize)?;
        let is_task = TASK_TYPES.contains(&&*output.types);
        (!is_task).then(|| {
            let message = format!("`{name}` takes the task of a model, a rig or a retargeting");
            self.violating(self.node.input(name), message, "link it to such an output")
        })
    }
}

/// Without the spaces and then the quotes around it.
fn bare(text: &str) -> &str {
    text.trim().trim_matches('"')
}

/// What Python takes for false, and the editor's word for nothing.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(bool) => !bool,
        Value::Int(int) => *int == 0,
        Value::Float(float) => *float == 0.0,
        Value::Str(text) => text.is_empty() || &**text == "none",
        Value::List(items) => items.is_empty(),
        Value::Map(entries) => entries.is_empty(),
    }
}

/// Names that lead to the input folder itself or out of it, where there is always something.
fn is_folder(name: &str) -> bool {
    matches!(name, "" | "." | ".." | "/")
}
