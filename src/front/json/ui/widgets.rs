//! The widgets and sockets of a node, and the values of its widgets.
//!
//! A file keeps the values of a node's widgets as a bare list. Which value belongs to which widget is
//! decided by the order in which the editor makes the widgets, and that follows from the class: the
//! declared inputs in order, with the further widgets that some of them bring (a control after a seed,
//! the branch of a dynamic combo, an upload button). Some packs write an object instead; there the
//! names decide.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::super::{Json, Place};
use super::document::{Slot, UiNode};
use super::given::{Given, hidden};
use super::packs::{self, Named};
use super::scripts;
use crate::catalog::{Combo, InputKind, InputSpec, NodeClass};
use crate::ir::Value;

/// A widget with its value.
#[derive(Clone, Debug)]
pub(super) struct Widget {
    pub(super) name: Arc<str>,
    /// Nothing for a list without choices, which has no value yet.
    pub(super) value: Option<Value>,
    /// Where the value is written.
    pub(super) place: Option<Place>,
    pub(super) export: Export,
}

impl Widget {
    /// A widget without a name or value.
    pub(super) fn unnamed() -> Self {
        Self { name: "".into(), value: None, place: None, export: Export::Never }
    }
}

/// How a widget's value gets into the workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Export {
    /// As it is.
    Plain,
    /// After what `{a|b}` and comments mean was applied.
    Prompt,
    /// After `%node.widget%` was filled in.
    FileName,
    /// As a curve.
    Curve,
    /// As it is in the file, though the editor would make it anew: a picture of a 3D view, a recording.
    Browser,
    /// Not at all: the widget is for the editor only.
    Never,
}

/// An input of a node: a socket, with or without a widget.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    pub(super) name: Arc<str>,
    /// The type of links that it takes.
    pub(super) types: Arc<str>,
    /// Index of the link that ends here.
    pub(super) link: Option<usize>,
    pub(super) place: Option<Place>,
    /// Index of the widget of the same name, if there is one.
    pub(super) widget: Option<usize>,
}

/// What a node looks like in the editor.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) widgets: Vec<Widget>,
    pub(super) sockets: Vec<Socket>,
    /// Values in the file and values that the class has a place for, where these differ.
    pub(super) mismatch: Option<(usize, usize)>,
}

impl Shape {
    /// The node as the editor would make it from its class and fill it from the file.
    pub(super) fn of_class(class: &NodeClass, node: &UiNode<'_>) -> Self {
        Builder::new(class, &node.inputs, Values::new(class, node)).finish()
    }

    /// A node whose class nobody knows: it keeps the sockets that are written.
    pub(super) fn as_written(node: &UiNode<'_>) -> Self {
        Self { sockets: node.inputs.iter().map(written_socket).collect(), ..Self::default() }
    }

    /// Index of the widget `name`.
    pub(super) fn widget(&self, name: &str) -> Option<usize> {
        self.widgets.iter().position(|widget| &*widget.name == name)
    }
}

fn written_socket(slot: &Slot<'_>) -> Socket {
    let (name, types) = (slot.name.into(), slot.types.into());
    Socket { name, types, link: slot.link, place: slot.place, widget: None }
}

/// True if the editor makes a widget for an input.
pub(super) fn has_widget(spec: &InputSpec) -> bool {
    !spec.force_input && (spec.kind.is_widget() || is_widget_type(widget_type(spec)))
}

/// The type that decides about an input's widget.
pub(super) fn widget_type(spec: &InputSpec) -> &str {
    spec.widget.as_deref().unwrap_or_else(|| spec.kind.type_name())
}

/// True for types that the editor has a widget for.
pub(super) fn is_widget_type(name: &str) -> bool {
    scripts::initial_value(name).is_some()
}

/// Builds a [`Shape`], taking values as widgets appear.
pub(super) struct Builder<'a, 'n> {
    pub(super) class: &'n NodeClass,
    slots: &'n [Slot<'a>],
    written: FxHashMap<&'a str, &'n Slot<'a>>,
    values: Values<'a>,
    widgets: Vec<Widget>,
    sockets: Vec<Socket>,
}

impl<'a, 'n> Builder<'a, 'n> {
    /// All that the class declares, and what scripts add to it.
    pub(super) fn new(class: &'n NodeClass, slots: &'n [Slot<'a>], values: Values<'a>) -> Self {
        let mut builder = Self {
            class,
            slots,
            // Of slots with one name the editor takes the last one.
            written: slots.iter().map(|slot| (slot.name, slot)).collect(),
            values,
            widgets: Vec::new(),
            sockets: Vec::new(),
        };
        for spec in class.inputs.iter().filter(|spec| !has_widget(spec)) {
            builder.input(spec, &spec.name);
        }
        for spec in class.inputs.iter().filter(|spec| has_widget(spec)) {
            builder.input(spec, &spec.name);
        }
        scripts::add_widgets(&mut builder);
        builder
    }

    /// An input: its socket, its widget, and what belongs to them.
    fn input(&mut self, spec: &InputSpec, name: &Arc<str>) {
        if let InputKind::Autogrow(family) = &spec.kind {
            // One free socket more than there must be; others are there because the file has them.
            for (index, member) in family.names.iter().enumerate() {
                let member: Arc<str> = format!("{name}.{member}").into();
                if index <= family.min || self.written.contains_key(&*member) {
                    self.input(&family.template, &member);
                }
            }
            return;
        }
        let widget = has_widget(spec);
        if !widget || !spec.socketless {
            self.socket(spec, name);
        }
        if widget {
            self.widget(spec, name);
        }
    }

    fn socket(&mut self, spec: &InputSpec, name: &Arc<str>) {
        let written = self.written.get(&**name);
        // The editor narrows a template's type to what is linked, and writes that.
        let narrowed = written.filter(|slot| is_template(&spec.kind) && !slot.types.is_empty());
        self.sockets.push(Socket {
            name: name.clone(),
            types: narrowed.map_or_else(|| spec.kind.type_name(), |slot| slot.types).into(),
            link: written.and_then(|slot| slot.link),
            place: written.and_then(|slot| slot.place),
            widget: None,
        });
    }

    fn widget(&mut self, spec: &InputSpec, name: &Arc<str>) {
        let kind = widget_type(spec);
        match kind {
            scripts::UPLOAD => return self.hidden(|_| [hidden::upload()]),
            "LOAD_3D" => scripts::load_3d_buttons(self),
            _ => {}
        }
        let export = match (kind, &spec.kind) {
            ("CURVE", _) => Export::Curve,
            ("LOAD_3D" | "WEBCAM" | "AUDIO_RECORD", _) => Export::Browser,
            (_, InputKind::String { .. }) if spec.dynamic_prompts => Export::Prompt,
            _ => Export::Plain,
        };
        let value = match kind {
            // Its value is a picture's address, which is never written.
            "IMAGECOMPARE" => {
                let value = scripts::initial_value(kind);
                if let Values::Given(given) = &mut self.values {
                    given.pass_over(name);
                }
                self.widgets.push(Widget { name: name.clone(), value, place: None, export });
                return;
            }
            _ => self.take(name, initial_value(spec), export),
        };
        match &spec.kind {
            InputKind::DynamicCombo(options) => {
                let chosen = options.iter().find(|option| value.as_deref() == Some(&*option.key));
                for inner in chosen.iter().flat_map(|option| &option.inputs) {
                    self.input(inner, &format!("{name}.{}", inner.name).into());
                }
            }
            InputKind::Combo(combo) => {
                self.repair_choice(combo);
                if spec.control_after_generate {
                    self.hidden(|_| [hidden::control(), hidden::filter()]);
                }
                let chosen = combo.formats.iter().find(|(format, _)| value.as_deref() == Some(&**format));
                for inner in chosen.iter().flat_map(|(_, inputs)| inputs) {
                    self.input(inner, &inner.name);
                }
            }
            InputKind::Int { .. } => {
                let is_seed = matches!(&**name, "seed" | "noise_seed");
                if spec.control_after_generate || is_seed {
                    self.hidden(|_| [hidden::control()]);
                }
            }
            InputKind::Float { .. } if spec.control_after_generate => {
                self.hidden(|_| [hidden::control()]);
            }
            InputKind::String { multiline: true } => self.repair_text(),
            InputKind::Link(_) if kind == "BOUNDING_BOX" => self.hidden(hidden::sides),
            _ => {}
        }
    }

    /// Makes a widget and gives it the next value. Gives the value, if it is a text.
    pub(super) fn take(&mut self, name: &str, initial: Option<Value>, export: Export) -> Option<Arc<str>> {
        let (value, place) = match self.values.next(name) {
            Some((value, place)) => (Some(value), place),
            // Where values go by name, one that is missing does not come back if it counts for nothing.
            None if self.is_forgotten(name, initial.as_ref()) => (None, None),
            None => (initial, None),
        };
        if let Values::Given(given) = &mut self.values {
            given.note(name, value.as_ref(), export);
        }
        let text = value.as_ref().and_then(Value::as_str).map(Arc::from);
        self.widgets.push(Widget { name: name.into(), value, place, export });
        text
    }

    fn is_forgotten(&self, name: &str, initial: Option<&Value>) -> bool {
        matches!(self.values, Values::Named(_))
            && self.class.input(name).is_some()
            && !initial.is_some_and(is_truthy)
    }

    /// Widgets whose values are in the file but not in the workflow; `values` gives them where a file is written, by the
    /// widgets so far.
    pub(super) fn hidden<const N: usize>(&mut self, values: impl FnOnce(&[Widget]) -> [Value; N]) {
        match &mut self.values {
            Values::Given(given) => given.hide(values(&self.widgets)),
            Values::List { taken, .. } => *taken += N,
            Values::Named(_) => {}
        }
    }

    /// Where a file is written: what stands for the widget that was hidden last.
    pub(super) fn correct_hidden(&mut self, value: Option<Value>) {
        if let (Values::Given(given), Some(value)) = (&mut self.values, value) {
            given.correct(value);
        }
    }

    /// The widgets so far.
    pub(super) fn widgets(&mut self) -> &mut Vec<Widget> {
        &mut self.widgets
    }

    /// When a file is opened, a list without a value gets its first choice.
    fn repair_choice(&mut self, combo: &Combo) {
        let first = combo.options.as_ref().and_then(|options| options.first());
        if let (Some(widget), Some(first)) = (self.widgets.last_mut(), first)
            && matches!(widget.value, None | Some(Value::Null))
        {
            widget.value = Some(Value::from_json(first));
        }
    }

    /// A text area without a value has an empty text.
    fn repair_text(&mut self) {
        if let Some(widget) = self.widgets.last_mut()
            && widget.value == Some(Value::Null)
        {
            widget.value = Some(Value::Str("".into()));
        }
    }

    /// Sockets that the class does not declare: scripts added them, or they are of an older version.
    /// Those of widgets that are no more are dropped; as the editor does it, the one behind a dropped
    /// one is not looked at and stays.
    fn undeclared(&mut self, widgets: &FxHashMap<Arc<str>, usize>) {
        let declared: FxHashSet<_> = self.sockets.iter().map(|socket| socket.name.clone()).collect();
        let mut dropped = false;
        for slot in self.slots {
            if !declared.contains(slot.name) && !is_of_branch(self.class, slot.name) {
                dropped = !dropped && slot.widget.is_some_and(|name| !widgets.contains_key(name));
                if !dropped {
                    self.sockets.push(written_socket(slot));
                }
            }
        }
    }

    /// For writing: the sockets that the class has and those of links that it does not declare, and what became of the
    /// values.
    pub(super) fn laid_out(mut self) -> (Shape, Vec<Arc<str>>, Given<'a>) {
        let declared: Vec<Arc<str>> = self.sockets.iter().map(|socket| socket.name.clone()).collect();
        let values = std::mem::replace(&mut self.values, Values::Named(FxHashMap::default()));
        let given = match values {
            Values::Given(given) => given,
            Values::List { .. } | Values::Named(_) => Given::default(),
        };
        (self.finish(), declared, given)
    }

    fn finish(mut self) -> Shape {
        let named = self.widgets.iter().enumerate().map(|(index, widget)| (widget.name.clone(), index));
        let widgets: FxHashMap<_, _> = named.collect();
        self.undeclared(&widgets);
        for socket in &mut self.sockets {
            socket.widget = widgets.get(&socket.name).copied();
        }
        let mismatch = self.values.mismatch();
        Shape { widgets: self.widgets, sockets: self.sockets, mismatch }
    }
}

/// True for an input of a dynamic combo's branch that is not chosen.
fn is_of_branch(class: &NodeClass, name: &str) -> bool {
    name.split_once('.')
        .and_then(|(selector, _)| class.input(selector))
        .is_some_and(|input| matches!(input.kind, InputKind::DynamicCombo(_)))
}

fn is_template(kind: &InputKind) -> bool {
    matches!(kind, InputKind::MatchType { .. })
}

/// The value that a new widget has.
fn initial_value(spec: &InputSpec) -> Option<Value> {
    let declared = || spec.default.as_ref().map(Value::from_json);
    let first = |options: Option<&[serde_json::Value]>| options?.first().map(Value::from_json);
    match &spec.kind {
        InputKind::Combo(combo) => declared().filter(is_truthy).or_else(|| first(combo.options.as_deref())),
        InputKind::DynamicCombo(options) => options.first().map(|option| Value::Str(option.key.clone())),
        _ => declared().or_else(|| scripts::initial_value(widget_type(spec))),
    }
}

/// JavaScript's idea of a value that counts.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(bool) => *bool,
        Value::Int(int) => *int != 0,
        Value::Float(float) => *float != 0.0,
        Value::Str(text) => !text.is_empty(),
        Value::List(_) | Value::Map(_) => true,
    }
}

/// The values of a file, taken one after the other or by name.
pub(super) enum Values<'a> {
    List {
        items: Vec<&'a Json<'a>>,
        taken: usize,
        /// Up to here values were asked for that count.
        needed: usize,
    },
    Named(Named<'a>),
    /// Those of a workflow that is written as a file.
    Given(Given<'a>),
}

impl<'a> Values<'a> {
    fn new(class: &NodeClass, node: &UiNode<'a>) -> Self {
        let values = node.values();
        packs::named(&class.name, values).map_or_else(
            || {
                let items = values.and_then(Json::items).unwrap_or_default();
                Self::List { items: without_forced(class, items), taken: 0, needed: 0 }
            },
            Self::Named,
        )
    }

    /// The value of the next widget, which is called `name`.
    fn next(&mut self, name: &str) -> Option<(Value, Option<Place>)> {
        match self {
            Self::Named(values) => values.get(name).cloned(),
            Self::Given(given) => Some((given.get(name)?, None)),
            Self::List { items, taken, needed } => {
                *taken += 1;
                *needed = *taken;
                let item = items.get(*taken - 1)?;
                Some((item.to_value(), item.place))
            }
        }
    }

    /// How many values there are and how many were asked for, where these differ. Empty values at the
    /// end belong to buttons and previews of scripts.
    fn mismatch(&self) -> Option<(usize, usize)> {
        let Self::List { items, taken, needed } = self else { return None };
        let spare = items.iter().skip(*taken).filter(|item| !item.is_null() && item.as_str() != Some(""));
        let differs = spare.count() > 0 || (items.len() < *needed && !items.is_empty());
        differs.then_some((items.len(), *taken))
    }
}

/// Files from before inputs without a widget had no value in the list: these values are left out.
fn without_forced<'a>(class: &NodeClass, items: &'a [Json<'a>]) -> Vec<&'a Json<'a>> {
    let upload = scripts::has_upload(class).then_some(false);
    let had_value = |spec: &&InputSpec| spec.force_input || has_widget(spec);
    let forced: Vec<bool> = class
        .inputs
        .iter()
        .filter(had_value)
        .flat_map(|spec| [Some(spec.force_input), spec.control_after_generate.then_some(false)])
        .flatten()
        .chain(upload)
        .collect();
    let is_old = forced.len() == items.len();
    items.iter().enumerate().filter(|(at, _)| !(is_old && forced[*at])).map(|(_, item)| item).collect()
}
