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
    /// The inputs that exist for a node with the given selector values, with full (dotted) names.
    /// Where a selector's value is unknown, VideoHelperSuite's formats give all their inputs, as
    /// optional ones, and dynamic combos give none.
    #[must_use]
    pub fn expanded_inputs(&self, selected: &Selected<'_>) -> Cow<'_, [InputSpec]> {
        let dynamic = |input: &InputSpec| match &input.kind {
            InputKind::Autogrow(_) | InputKind::DynamicCombo(_) => true,
            InputKind::Combo(combo) => !combo.formats.is_empty(),
            _ => false,
        };
        if !self.inputs.iter().any(dynamic) {
            return Cow::Borrowed(&self.inputs);
        }
        let mut all = Vec::with_capacity(self.inputs.len() + 4);
        for input in &self.inputs {
            expand(input, input.name.clone(), input.required, selected, &mut all);
        }
        Cow::Owned(all)
    }

    /// The declaration of the input `name` and its position in the order of declaration.
    #[must_use]
    pub fn find_input(&self, name: &str, selected: &Selected<'_>) -> Option<(usize, InputSpec)> {
        let static_input = self.inputs.iter().position(|input| &*input.name == name);
        if let Some(index) = static_input
            && !matches!(self.inputs[index].kind, InputKind::Autogrow(_))
            && matches!(self.expanded_inputs(selected), Cow::Borrowed(_))
        {
            return Some((index, self.inputs[index].clone()));
        }
        let all = self.expanded_inputs(selected);
        if let Some(index) = all.iter().position(|input| &*input.name == name) {
            return Some((index, all[index].clone()));
        }
        self.numbered_input(name).map(|(number, input)| (all.len() + number as usize, input))
    }

    /// The names of all inputs, for suggestions.
    #[must_use]
    pub fn input_names(&self, selected: &Selected<'_>) -> Vec<Arc<str>> {
        self.expanded_inputs(selected).iter().map(|input| input.name.clone()).collect()
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

fn expand(
    input: &InputSpec,
    name: Arc<str>,
    required: bool,
    selected: &Selected<'_>,
    all: &mut Vec<InputSpec>,
) {
    let member = |inner: &str| -> Arc<str> { format!("{name}.{inner}").into() };
    match &input.kind {
        InputKind::Autogrow(family) => {
            for (index, inner) in family.names.iter().enumerate() {
                let required = required && family.template.required && index < family.min;
                expand(&family.template, member(inner), required, selected, all);
            }
        }
        InputKind::DynamicCombo(options) => {
            all.push(InputSpec { name: name.clone(), required, ..input.clone() });
            let chosen = selected(&name);
            let option = options.iter().find(|option| chosen.as_deref() == Some(&*option.key));
            for inner in option.iter().flat_map(|option| &option.inputs) {
                expand(inner, member(&inner.name), inner.required, selected, all);
            }
        }
        InputKind::Combo(combo) if !combo.formats.is_empty() => {
            all.push(InputSpec { name: name.clone(), required, ..input.clone() });
            let chosen = selected(&name);
            let formats =
                combo.formats.iter().filter(|(value, _)| chosen.is_none() || chosen.as_ref() == Some(value));
            for inner in formats.flat_map(|(_, inputs)| inputs) {
                if !all.iter().any(|present| present.name == inner.name) {
                    all.push(InputSpec { required: false, ..inner.clone() });
                }
            }
        }
        _ => all.push(InputSpec { name, required, ..input.clone() }),
    }
}
