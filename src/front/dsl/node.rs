//! A node before it is added: its class and what its inputs are given.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;

use super::ports::{Feeds, Given, Link, Out, Slot};
use super::types::Any;
use crate::catalog::{InputKind, InputSpec};
use crate::ir::Value;

/// What is known of a node that is not part of a workflow yet. The generated types wrap one.
#[derive(Clone, Debug)]
pub struct Draft {
    pub(super) class: Cow<'static, str>,
    pub(super) key: Option<Arc<str>>,
    pub(super) title: Option<Arc<str>>,
    pub(super) stage: Option<Arc<str>>,
    pub(super) inputs: Vec<Setting>,
}

/// One input and what it is given.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) name: Cow<'static, str>,
    pub(super) given: Given,
    /// True if the class need not declare it.
    pub(super) is_extra: bool,
    pub(super) place: &'static Location<'static>,
}

impl Draft {
    pub(super) fn new(class: impl Into<Cow<'static, str>>) -> Self {
        Self { class: class.into(), key: None, title: None, stage: None, inputs: Vec::new() }
    }

    /// The same with an input given a value, in place of an earlier one.
    #[track_caller]
    pub(super) fn given(mut self, name: &'static str, given: Given) -> Self {
        self.put(Setting { name: name.into(), given, is_extra: false, place: Location::caller() });
        self
    }

    fn put(&mut self, setting: Setting) {
        match self.inputs.iter_mut().find(|known| known.name == setting.name) {
            Some(known) => *known = setting,
            None => self.inputs.push(setting),
        }
    }
}

/// A node that can be added to a [`Workflow`](super::Workflow).
pub trait Node: Sized {
    /// What adding it gives: nothing, the one [`Out`], or a structure of them by name.
    type Outputs;

    /// The node as the workflow keeps it.
    fn draft(&mut self) -> &mut Draft;

    /// Its outputs, of all that a node may have.
    fn outputs(all: Outputs) -> Self::Outputs;

    /// The same with a key: its id in the workflow, unique there. Otherwise it is called as its class,
    /// in small letters, with a number from the second one on: `vae_decode`, `vae_decode-2`.
    #[must_use]
    fn key(mut self, key: impl AsRef<str>) -> Self {
        self.draft().key = Some(key.as_ref().into());
        self
    }

    /// The same with a title for ComfyUI's editor.
    #[must_use]
    fn title(mut self, title: impl AsRef<str>) -> Self {
        self.draft().title = Some(title.as_ref().into());
        self
    }

    /// The same in another stage than [`Workflow::stage`](super::Workflow::stage) says.
    #[must_use]
    fn stage(mut self, stage: impl AsRef<str>) -> Self {
        self.draft().stage = Some(stage.as_ref().into());
        self
    }

    /// The same with any input that the class declares, by its full name: `values.a` of a family that
    /// grows, `mode.width` of a choice with inputs of its own. A name that it does not declare is reported.
    #[must_use]
    #[track_caller]
    fn input(mut self, name: impl Into<String>, value: impl Feeds<Any>) -> Self {
        let (name, given, place) = (name.into().into(), value.feed(), Location::caller());
        self.draft().put(Setting { name, given, is_extra: false, place });
        self
    }

    /// The same with an input that the class may not declare; it stands behind the declared ones.
    #[must_use]
    #[track_caller]
    fn extra(mut self, name: impl Into<String>, value: impl Feeds<Any>) -> Self {
        let (name, given, place) = (name.into().into(), value.feed(), Location::caller());
        self.draft().put(Setting { name, given, is_extra: true, place });
        self
    }

    /// What `change` makes of the node, if there is a value.
    #[must_use]
    fn with<V>(self, value: Option<V>, change: impl FnOnce(Self, V) -> Self) -> Self {
        match value {
            Some(value) => change(self, value),
            None => self,
        }
    }
}

/// A node of any class that the catalog has, or of one that only the server has. Its inputs are named
/// and checked when the workflow is compiled; the types of its outputs are the program's word.
#[derive(Clone, Debug)]
#[must_use = "a node does nothing until it is added to a workflow"]
pub struct Custom(Draft);

impl Custom {
    /// A node of class `class`, as ComfyUI calls it.
    pub fn new(class: impl Into<String>) -> Self {
        Self(Draft::new(class.into()))
    }
}

impl Node for Custom {
    type Outputs = Outputs;

    fn draft(&mut self) -> &mut Draft {
        &mut self.0
    }

    fn outputs(all: Outputs) -> Outputs {
        all
    }
}

/// The outputs of a node, by slot or name.
#[derive(Clone, Copy, Debug)]
pub struct Outputs {
    pub(super) workflow: u32,
    pub(super) node: u32,
}

impl Outputs {
    /// The output in slot `slot`, counted from 0.
    #[must_use]
    pub const fn out<T>(self, slot: u32) -> Out<T> {
        Out::new(Link { workflow: self.workflow, node: self.node, slot: Slot::Index(slot) })
    }

    /// The output called `name`. A name that the class does not have is reported where it is used.
    #[must_use]
    pub const fn named<T>(self, name: &'static str) -> Out<T> {
        Out::new(Link { workflow: self.workflow, node: self.node, slot: Slot::Name(name) })
    }
}

/// The value that a required input of this kind has while nobody sets it: what ComfyUI's editor starts
/// with, if that is of any use. Files, texts and links have none.
#[must_use]
pub fn default_value(spec: &InputSpec) -> Option<Value> {
    let first = match &spec.kind {
        InputKind::Combo(combo) if combo.folder.is_some() || combo.multiselect => return None,
        InputKind::Combo(combo) => combo.options.as_ref().and_then(|options| options.first()),
        InputKind::DynamicCombo(options) => return Some(Value::Str(options.first()?.key.clone())),
        InputKind::Int { .. } | InputKind::Float { .. } | InputKind::Boolean | InputKind::String { .. } => {
            None
        }
        InputKind::MatchType { .. } | InputKind::Link(_) => None,
        InputKind::Autogrow(_) => return None,
    };
    let default = spec.default.as_ref().or(first).filter(|value| value.as_str() != Some(""))?;
    let value = Value::from_json(default);
    Some(match (&spec.kind, value) {
        // The editor's defaults are as Python wrote them.
        #[expect(clippy::cast_precision_loss, reason = "defaults are small")]
        (InputKind::Float { .. }, Value::Int(int)) => Value::Float(int as f64),
        (_, value) => value,
    })
}

/// True if a node of a generated type cannot be made without a value for the input: it is required
/// and has no default.
#[must_use]
pub fn takes_argument(spec: &InputSpec) -> bool {
    spec.required && default_value(spec).is_none() && !matches!(spec.kind, InputKind::Autogrow(_))
}
