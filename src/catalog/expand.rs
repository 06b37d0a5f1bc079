//! Which inputs a class really has, once its dynamic parts are resolved.
//!
//! ComfyUI's V3 classes grow inputs with a selector's value or with use; VideoHelperSuite and
//! KJNodes have conventions of their own. Here all of them become a flat list.

use std::borrow::Cow;
use std::sync::Arc;

use super::class::{InputKind, InputSpec, NodeClass};

/// Looks up the literal text that an input of the node at hand is given.
pub type Selected<'s> = dyn Fn(&str) -> Option<Arc<str>> + 's;

/// Highest number of a KJNodes input such as `image_3` (`inputcount` is at most 1000).
const MAX_NUMBERED: u32 = 1000;

impl NodeClass {
    /// The inputs that the server declares for a node with the given selector values, with full
    /// (dotted) names. A dynamic combo without a valid value is not among them, nor are its inputs.
    #[must_use]
    pub fn expanded_inputs(&self, selected: &Selected<'_>) -> Cow<'_, [InputSpec]> {
        self.expand(&Expansion { selected, by_convention: false })
    }

    /// The same with every dynamic combo, and with the inputs that exist by convention only:
    /// VideoHelperSuite's for the chosen format, or for all formats while that is unknown. The server
    /// does not look at them.
    #[must_use]
    pub fn known_inputs(&self, selected: &Selected<'_>) -> Cow<'_, [InputSpec]> {
        self.expand(&Expansion { selected, by_convention: true })
    }

    fn expand(&self, expansion: &Expansion<'_>) -> Cow<'_, [InputSpec]> {
        let dynamic = |input: &InputSpec| match &input.kind {
            InputKind::Autogrow(_) | InputKind::DynamicCombo(_) => true,
            InputKind::Combo(combo) => expansion.by_convention && !combo.formats.is_empty(),
            _ => false,
        };
        if !self.inputs.iter().any(dynamic) {
            return Cow::Borrowed(&self.inputs);
        }
        let mut all = Vec::with_capacity(self.inputs.len() + 4);
        for input in &self.inputs {
            expansion.add(input, &input.name, input.required, &mut all);
        }
        Cow::Owned(all)
    }

    /// The declaration of the input `name` and its position in the order of declaration.
    #[must_use]
    pub fn find_input(&self, name: &str, selected: &Selected<'_>) -> Option<(usize, InputSpec)> {
        let all = self.known_inputs(selected);
        if let Some(index) = all.iter().position(|input| &*input.name == name) {
            return Some((index, all[index].clone()));
        }
        self.numbered_input(name).map(|(number, input)| (all.len() + number as usize, input))
    }

    /// The names of all inputs, for suggestions.
    #[must_use]
    pub fn input_names(&self, selected: &Selected<'_>) -> Vec<Arc<str>> {
        self.known_inputs(selected).iter().map(|input| input.name.clone()).collect()
    }

    /// KJNodes: a class with `inputcount` takes `image_3`, `image_4`, … like its declared `image_1`.
    fn numbered_input(&self, name: &str) -> Option<(u32, InputSpec)> {
        self.input("inputcount")?;
        let (stem, number) = name.rsplit_once('_')?;
        let number: u32 = number.parse().ok().filter(|number| (1..=MAX_NUMBERED).contains(number))?;
        let first = self.input(&format!("{stem}_1"))?;
        Some((number, InputSpec { name: name.into(), required: false, ..first.clone() }))
    }
}

/// How dynamic inputs are resolved.
struct Expansion<'s> {
    selected: &'s Selected<'s>,
    /// What the server does not look at too.
    by_convention: bool,
}

impl Expansion<'_> {
    fn add(&self, input: &InputSpec, name: &Arc<str>, required: bool, all: &mut Vec<InputSpec>) {
        let member = |inner: &str| -> Arc<str> { format!("{name}.{inner}").into() };
        let named = |input: &InputSpec| InputSpec { name: name.clone(), required, ..input.clone() };
        match &input.kind {
            InputKind::Autogrow(family) => {
                for (index, inner) in family.names.iter().enumerate() {
                    let required = family.template.required && index < family.min;
                    self.add(&family.template, &member(inner), required, all);
                }
            }
            InputKind::DynamicCombo(options) => {
                let chosen = (self.selected)(name);
                let option = options.iter().find(|option| chosen.as_deref() == Some(&*option.key));
                // The server forgets a selector without a valid value, even a required one.
                if option.is_some() || self.by_convention {
                    all.push(named(input));
                }
                for inner in option.into_iter().flat_map(|option| &option.inputs) {
                    self.add(inner, &member(&inner.name), inner.required, all);
                }
            }
            InputKind::Combo(combo) if self.by_convention && !combo.formats.is_empty() => {
                all.push(named(input));
                let chosen = (self.selected)(name);
                let shown = |value: &Arc<str>| chosen.as_ref().is_none_or(|chosen| chosen == value);
                let formats = combo.formats.iter().filter(|(value, _)| shown(value));
                for inner in formats.flat_map(|(_, inputs)| inputs) {
                    if !all.iter().any(|present| present.name == inner.name) {
                        all.push(InputSpec { required: false, ..inner.clone() });
                    }
                }
            }
            _ => all.push(named(input)),
        }
    }
}
