//! The other way round: what the editor would save for a node of a workflow.
//!
//! The same steps that read a file ask for a workflow's values here, and what they ask for, in the order in which they ask,
//! is what the file has to hold. So a file that is written cannot be read differently.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::document::Slot;
use super::widgets::{Builder, Export, Values};
use super::{packs, texts};
use crate::catalog::NodeClass;
use crate::ir::Value;

/// An input of a node that is to be saved.
#[derive(Clone, Copy, Debug)]
pub struct Argument<'g> {
    /// Its name.
    pub name: &'g str,
    /// Its value; nothing for a link.
    pub value: Option<&'g Value>,
    /// The type of the link, in ComfyUI's spelling.
    pub types: &'g str,
}

/// What the editor saves for a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Laid {
    /// The values of its widgets, in the order in which the editor makes them.
    pub values: Vec<LaidValue>,
    /// True if the values are saved by name, as VideoHelperSuite's script does it.
    pub by_name: bool,
    /// Its input slots, in the editor's order.
    pub sockets: Vec<LaidSocket>,
    /// Inputs that have no place in the editor: they would be lost.
    pub lost: Vec<Arc<str>>,
    /// Inputs that the workflow leaves out, with the values of a new node: the editor sends them.
    pub added: Vec<(Arc<str>, Value)>,
    /// Texts that the editor would send changed, whatever is written.
    pub changed: Vec<Arc<str>>,
}

/// A value of a widget.
#[derive(Clone, Debug, PartialEq)]
pub struct LaidValue {
    /// The input; nothing for what only the editor has, such as the control after a seed.
    pub name: Option<Arc<str>>,
    /// What stands in the file.
    pub value: Value,
    /// True if it is the workflow's, false if it only holds the place: the value of a new node.
    pub is_given: bool,
}

/// An input slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaidSocket {
    /// The input.
    pub name: Arc<str>,
    /// The types that may be linked, in ComfyUI's spelling.
    pub types: Arc<str>,
    /// True if there is a widget of the same name.
    pub has_widget: bool,
    /// The position of its link among the arguments.
    pub link: Option<usize>,
}

/// What the editor would save for a node of `class` that is given these inputs.
#[must_use]
pub fn lay_out(class: &NodeClass, arguments: &[Argument<'_>]) -> Laid {
    let slots: Vec<Slot<'_>> = arguments
        .iter()
        .enumerate()
        .map(|(at, argument)| Slot {
            name: argument.name,
            types: argument.types,
            link: argument.value.is_none().then_some(at),
            widget: None,
            place: None,
        })
        .collect();
    let given = Given { arguments, ..Given::default() };
    let (shape, declared, given) = Builder::new(class, &slots, Values::Given(given)).laid_out();
    let mut shown: FxHashSet<&str> = given.placed.iter().map(|name| &**name).collect();
    let sockets: Vec<LaidSocket> = shape
        .sockets
        .iter()
        .filter(|socket| socket.link.is_some() || declared.contains(&socket.name))
        .map(|socket| LaidSocket {
            name: socket.name.clone(),
            types: socket.types.clone(),
            has_widget: socket.widget.is_some(),
            link: socket.link,
        })
        .collect();
    shown.extend(sockets.iter().filter(|socket| socket.link.is_some()).map(|socket| &*socket.name));
    let by_name = packs::by_name(&class.name);
    let linked = |name: &str| arguments.iter().any(|it| it.name == name && it.value.is_none());
    let added = given.values.iter().filter(|value| !value.is_given);
    let added = added.filter_map(|value| Some((value.name.clone()?, value.value.clone())));
    Laid {
        by_name,
        added: added.filter(|(name, _)| !linked(name)).collect(),
        lost: arguments
            .iter()
            .map(|it| it.name)
            .filter(|name| !shown.contains(name))
            .map(Arc::from)
            .collect(),
        sockets,
        changed: given.changed,
        values: given.values,
    }
}

/// The values of a node, and what was asked for.
#[derive(Default)]
pub(super) struct Given<'a> {
    arguments: &'a [Argument<'a>],
    values: Vec<LaidValue>,
    placed: Vec<Arc<str>>,
    changed: Vec<Arc<str>>,
}

impl Given<'_> {
    /// The value of an input, as a widget has it.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        let argument = self.arguments.iter().find(|argument| argument.name == name)?;
        argument.value.map(unwrapped)
    }

    /// Takes down the value of the widget `name`, after it was asked for.
    pub(super) fn note(&mut self, name: &str, value: Option<&Value>, export: Export) {
        let is_given = self.arguments.iter().any(|it| it.name == name && it.value.is_some());
        let name: Arc<str> = name.into();
        let mut value = value.cloned().unwrap_or(Value::Null);
        if is_given {
            self.placed.push(name.clone());
            if let (Export::Prompt, Value::Str(text)) = (export, &value) {
                match texts::as_prompt(text) {
                    Some(written) => value = Value::Str(written.into()),
                    None => self.changed.push(name.clone()),
                }
            }
        }
        self.values.push(LaidValue { name: Some(name), value, is_given });
    }

    /// Takes down that a widget is made anew when a file is opened, and has no value there.
    pub(super) fn pass_over(&mut self, name: &str) {
        self.placed.push(name.into());
    }

    /// Takes down values that only the editor has.
    pub(super) fn hide<const N: usize>(&mut self, values: [Value; N]) {
        self.values.extend(values.map(|value| LaidValue { name: None, value, is_given: false }));
    }

    /// Corrects what was hidden last.
    pub(super) fn correct(&mut self, value: Value) {
        if let Some(last) = self.values.iter_mut().rfind(|value| value.name.is_none()) {
            last.value = value;
        }
    }
}

/// A list stands in a workflow as `{"__value__": […]}`, and bare in the editor.
fn unwrapped(value: &Value) -> Value {
    let Value::Map(entries) = value else { return value.clone() };
    let list = |name: &str, inner: &Value| (name == "__value__").then(|| inner.clone());
    match entries.as_slice() {
        [(name, inner @ Value::List(_))] => list(name, inner),
        [(kind, Value::Str(_)), (name, inner @ Value::List(_))] if &**kind == "__type__" => list(name, inner),
        _ => None,
    }
    .unwrap_or_else(|| value.clone())
}

/// What stands in a file for widgets that only the editor has. A seed stays as it is when the workflow runs.
pub(super) mod hidden {
    use super::super::widgets::Widget;
    use crate::ir::Value;

    pub(in super::super) fn control() -> Value {
        Value::Str("fixed".into())
    }

    pub(in super::super) fn filter() -> Value {
        Value::Str("".into())
    }

    pub(in super::super) fn upload() -> Value {
        Value::Str("image".into())
    }

    pub(in super::super) const fn switch() -> Value {
        Value::Bool(false)
    }

    pub(in super::super) const fn empty() -> Value {
        Value::Null
    }

    /// A box's sides, as numbers behind the box.
    pub(in super::super) fn sides(widgets: &[Widget]) -> [Value; 4] {
        let entries = match widgets.last().and_then(|widget| widget.value.as_ref()) {
            Some(Value::Map(entries)) => entries.as_slice(),
            _ => &[],
        };
        ["x", "y", "width", "height"].map(|side| {
            let value = entries.iter().find(|(name, _)| &**name == side);
            value.map_or(Value::Int(0), |(_, value)| value.clone())
        })
    }
}
