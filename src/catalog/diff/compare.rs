//! Finds the changes of [`super::CatalogDiff`].

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;

use serde_json::Value;

use super::super::Catalog;
use super::super::class::{Combo, DynamicOption, InputKind, InputSpec, NodeClass, OutputSpec};
use super::{CatalogDiff, Change, ClassDiff, Confidence, RenamedClass};

/// Below this similarity (0 to 1) two names are not taken for the same.
const SIMILAR_NAME: f64 = 0.6;
/// From this share of common inputs on, two classes with similar names are surely the same.
const SAME_INPUTS: f64 = 0.8;
/// Below this share of common inputs, two classes with similar names are not taken for the same.
const SIMILAR_INPUTS: f64 = 0.5;

pub(super) fn catalogs(old: &Catalog, new: &Catalog) -> CatalogDiff {
    let names = |catalog: &Catalog| -> BTreeSet<String> {
        catalog.class_names().into_iter().map(std::borrow::Cow::into_owned).collect()
    };
    let (old_names, new_names) = (names(old), names(new));
    let load = |catalog: &Catalog, names: Vec<&String>| -> Vec<Arc<NodeClass>> {
        names.into_iter().filter_map(|name| catalog.class(name)).collect()
    };
    let mut removed = load(old, old_names.difference(&new_names).collect());
    let mut added = load(new, new_names.difference(&old_names).collect());
    let renamed = renamed_classes(&mut removed, &mut added);
    let mut kept = Vec::new();
    for name in old_names.intersection(&new_names) {
        if let (Some(old), Some(new)) = (old.class(name), new.class(name)) {
            kept.push(ClassDiff { class: name.clone(), changes: class(&old, &new) });
        }
    }
    kept.retain(|class| !class.changes.is_empty());
    let names = |classes: Vec<Arc<NodeClass>>| classes.iter().map(|class| class.name.to_string()).collect();
    CatalogDiff { added: names(added), removed: names(removed), renamed, changed: kept }
}

/// Takes the pairs that probably are the same class out of `removed` and `added`.
fn renamed_classes(removed: &mut Vec<Arc<NodeClass>>, added: &mut Vec<Arc<NodeClass>>) -> Vec<RenamedClass> {
    let mut pairs = Vec::new();
    for (from, old) in removed.iter().enumerate() {
        for (to, new) in added.iter().enumerate() {
            let types = |class: &NodeClass| {
                class.outputs.iter().map(|output| output.types.clone()).collect::<Vec<_>>()
            };
            let name = name_similarity(&old.name, &new.name);
            if name < SIMILAR_NAME || types(old) != types(new) {
                continue;
            }
            let inputs = common_inputs(old, new);
            if inputs >= SIMILAR_INPUTS {
                let confidence = if inputs >= SAME_INPUTS { Confidence::High } else { Confidence::Medium };
                pairs.push((confidence, name + inputs, from, to));
            }
        }
    }
    let mut renamed: Vec<_> = best_pairs(pairs)
        .into_iter()
        .map(|(confidence, from, to)| RenamedClass {
            from: removed[from].name.to_string(),
            to: added[to].name.to_string(),
            confidence,
            changes: class(&removed[from], &added[to]),
        })
        .collect();
    renamed.sort_by(|one, other| one.from.cmp(&other.from));
    removed.retain(|class| !renamed.iter().any(|renamed| *renamed.from == *class.name));
    added.retain(|class| !renamed.iter().any(|renamed| *renamed.to == *class.name));
    renamed
}

/// The pairs to believe, the surest first, each side at most once.
fn best_pairs(mut pairs: Vec<(Confidence, f64, usize, usize)>) -> Vec<(Confidence, usize, usize)> {
    pairs.sort_by(|one, other| {
        other.0.cmp(&one.0).then(other.1.total_cmp(&one.1)).then((one.2, one.3).cmp(&(other.2, other.3)))
    });
    let (mut used_from, mut used_to) = (BTreeSet::new(), BTreeSet::new());
    let mut best = Vec::new();
    for (confidence, _, from, to) in pairs {
        if !used_from.contains(&from) && !used_to.contains(&to) {
            used_from.insert(from);
            used_to.insert(to);
            best.push((confidence, from, to));
        }
    }
    best
}

/// What changed from `old` to `new`.
pub(super) fn class(old: &NodeClass, new: &NodeClass) -> Vec<Change> {
    let mut changes = Vec::new();
    compare_inputs("", &old.inputs, &new.inputs, &mut changes);
    compare_outputs(&old.outputs, &new.outputs, &mut changes);
    if old.output_node != new.output_node {
        changes.push(Change::OutputNode { now: new.output_node });
    }
    if new.deprecated && !old.deprecated {
        changes.push(Change::BecameDeprecated);
    }
    changes
}

fn compare_inputs(prefix: &str, old: &[InputSpec], new: &[InputSpec], changes: &mut Vec<Change>) {
    let position = |inputs: &[InputSpec], name: &str| inputs.iter().position(|input| &*input.name == name);
    let removed: Vec<usize> = (0..old.len()).filter(|&at| position(new, &old[at].name).is_none()).collect();
    let added: Vec<usize> = (0..new.len()).filter(|&at| position(old, &new[at].name).is_none()).collect();
    let mut pairs = Vec::new();
    for &from in &removed {
        for &to in &added {
            if let Some((confidence, similarity)) = rename(old, from, &removed, new, to, &added) {
                pairs.push((confidence, similarity, from, to));
            }
        }
    }
    let renamed = best_pairs(pairs);
    for (at, input) in old.iter().enumerate() {
        if let Some(new_at) = position(new, &input.name) {
            compare_input(prefix, input, &new[new_at], changes);
        } else if let Some(&(confidence, _, to)) = renamed.iter().find(|(_, from, _)| *from == at) {
            let path = |name: &str| format!("{prefix}{name}");
            changes.push(Change::InputRenamed {
                from: path(&input.name),
                to: path(&new[to].name),
                confidence,
            });
            compare_input(prefix, input, &new[to], changes);
        } else {
            changes.push(Change::InputRemoved { input: format!("{prefix}{}", input.name) });
        }
    }
    for &at in added.iter().filter(|&at| !renamed.iter().any(|(_, _, to)| to == at)) {
        changes.push(Change::InputAdded {
            input: format!("{prefix}{}", new[at].name),
            required: new[at].required,
        });
    }
}

/// How sure it is that `old[from]` is `new[to]` now, and how similar their names are.
fn rename(
    old: &[InputSpec],
    from: usize,
    removed: &[usize],
    new: &[InputSpec],
    to: usize,
    added: &[usize],
) -> Option<(Confidence, f64)> {
    let kind = |inputs: &[InputSpec], at: usize| label(&inputs[at].kind);
    let wanted = kind(old, from);
    if wanted != kind(new, to) {
        return None;
    }
    let neighbour = |inputs: &[InputSpec], at: Option<usize>| {
        at.and_then(|at| inputs.get(at)).map(|input| Arc::clone(&input.name))
    };
    let same_place = from == to
        || neighbour(old, from.checked_sub(1)) == neighbour(new, to.checked_sub(1))
        || neighbour(old, Some(from + 1)) == neighbour(new, Some(to + 1));
    let alone = |inputs: &[InputSpec], among: &[usize]| {
        among.iter().filter(|&&at| kind(inputs, at) == wanted).count() == 1
    };
    let similarity = name_similarity(&old[from].name, &new[to].name);
    let confidence = if similarity >= SIMILAR_NAME {
        Confidence::High
    } else if same_place {
        Confidence::Medium
    } else if alone(old, removed) && alone(new, added) {
        Confidence::Low
    } else {
        return None;
    };
    Some((confidence, similarity))
}

fn compare_input(prefix: &str, old: &InputSpec, new: &InputSpec, changes: &mut Vec<Change>) {
    let path = format!("{prefix}{}", new.name);
    let input = || path.clone();
    match (old.required, new.required) {
        (false, true) => changes.push(Change::BecameRequired { input: input() }),
        (true, false) => changes.push(Change::BecameOptional { input: input() }),
        _ => {}
    }
    let range = |(narrowed, from, to)| Change::Range { input: input(), from, to, narrowed };
    match (&old.kind, &new.kind) {
        (InputKind::Int { min, max, .. }, InputKind::Int { min: new_min, max: new_max, .. }) => {
            changes.extend(compare_range([*min, *max], [*new_min, *new_max]).map(range));
        }
        (InputKind::Float { min, max, .. }, InputKind::Float { min: new_min, max: new_max, .. }) => {
            changes.extend(compare_range([*min, *max], [*new_min, *new_max]).map(range));
        }
        (InputKind::Combo(old), InputKind::Combo(new)) => compare_combos(&path, old, new, changes),
        (InputKind::DynamicCombo(old), InputKind::DynamicCombo(new)) => {
            let keys =
                |options: &[DynamicOption]| options.iter().map(|option| Value::from(&*option.key)).collect();
            compare_choices(&path, keys(old), keys(new), changes);
            for option in old.iter() {
                if let Some(same) = new.iter().find(|other| other.key == option.key) {
                    compare_inputs(
                        &format!("{path}[{}].", option.key),
                        &option.inputs,
                        &same.inputs,
                        changes,
                    );
                }
            }
        }
        (InputKind::Autogrow(old), InputKind::Autogrow(new)) => {
            let sizes = [Some(old.min), Some(old.names.len())];
            changes.extend(compare_range(sizes, [Some(new.min), Some(new.names.len())]).map(range));
            let member = |template: &InputSpec| InputSpec { name: "*".into(), ..template.clone() };
            let (old, new) = (member(&old.template), member(&new.template));
            compare_input(&format!("{path}."), &old, &new, changes);
        }
        (old, new) => {
            let (from, to) = (label(old), label(new));
            if from != to {
                let widened = new.type_name() == "*" || (!old.is_widget() && includes(&to, &from));
                changes.push(Change::InputType { input: input(), from, to, widened });
            }
        }
    }
    if old.default != new.default && !takes_files(&old.kind) && !takes_files(&new.kind) {
        changes.push(Change::Default { input: input(), from: old.default.clone(), to: new.default.clone() });
    }
}

fn compare_combos(path: &str, old: &Combo, new: &Combo, changes: &mut Vec<Change>) {
    if old.folder.is_none()
        && new.folder.is_none()
        && let (Some(old), Some(new)) = (&old.options, &new.options)
    {
        compare_choices(path, old.to_vec(), new.to_vec(), changes);
    }
    for (value, inputs) in old.formats.iter() {
        if let Some((_, same)) = new.formats.iter().find(|(other, _)| other == value) {
            compare_inputs(&format!("{path}[{value}]."), inputs, same, changes);
        }
    }
}

fn compare_choices(path: &str, old: Vec<Value>, new: Vec<Value>, changes: &mut Vec<Change>) {
    let texts = |values: Vec<Value>| values.iter().map(Value::to_string).collect::<BTreeSet<_>>();
    let (old, new) = (texts(old), texts(new));
    let missing =
        |these: &BTreeSet<String>, those: &BTreeSet<String>| these.difference(those).cloned().collect();
    let (removed, added): (Vec<_>, Vec<_>) = (missing(&old, &new), missing(&new, &old));
    if !removed.is_empty() {
        changes.push(Change::ChoicesRemoved { input: path.to_owned(), values: removed });
    }
    if !added.is_empty() {
        changes.push(Change::ChoicesAdded { input: path.to_owned(), values: added });
    }
}

/// Whether the bounds `[min, max]` narrowed, and both as text, if they differ.
fn compare_range<T: PartialOrd + Display + Copy>(
    old: [Option<T>; 2],
    new: [Option<T>; 2],
) -> Option<(bool, String, String)> {
    if old == new {
        return None;
    }
    let [old_min, old_max] = old;
    let [new_min, new_max] = new;
    let narrowed = new_min.is_some_and(|new| old_min.is_none_or(|old| new > old))
        || new_max.is_some_and(|new| old_max.is_none_or(|old| new < old));
    let bound = |bound: Option<T>| bound.map(|bound| bound.to_string()).unwrap_or_default();
    let text = |[min, max]: [Option<T>; 2]| format!("{}..{}", bound(min), bound(max));
    Some((narrowed, text(old), text(new)))
}

fn compare_outputs(old: &[OutputSpec], new: &[OutputSpec], changes: &mut Vec<Change>) {
    for slot in 0..old.len().max(new.len()) {
        match (old.get(slot), new.get(slot)) {
            (Some(old), Some(new)) if old.types != new.types => changes.push(Change::OutputType {
                slot,
                from: old.types.to_string(),
                to: new.types.to_string(),
                widened: includes(&new.types, &old.types),
            }),
            (Some(old), Some(new)) if old.name != new.name => changes.push(Change::OutputName {
                slot,
                from: old.name.to_string(),
                to: new.name.to_string(),
            }),
            (Some(old), None) => changes.push(Change::OutputRemoved { slot, types: old.types.to_string() }),
            (None, Some(new)) => changes.push(Change::OutputAdded { slot, types: new.types.to_string() }),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

/// The type of an input for people, and for telling whether it changed.
fn label(kind: &InputKind) -> String {
    match kind {
        InputKind::Autogrow(family) => format!("family of {}", label(&family.template.kind)),
        InputKind::DynamicCombo(_) => "COMBO with inputs".to_owned(),
        other => other.type_name().to_owned(),
    }
}

/// True if the union `types` has all members of `others`.
fn includes(types: &str, others: &str) -> bool {
    types == "*" || others.split(',').all(|other| types.split(',').any(|have| have.trim() == other.trim()))
}

const fn takes_files(kind: &InputKind) -> bool {
    matches!(kind, InputKind::Combo(combo) if combo.folder.is_some())
}

/// From 0 (nothing in common) to 1 (equal). A name that is the other one with words around it is
/// as good as equal: `width`, `render_width`.
fn name_similarity(one: &str, other: &str) -> f64 {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    let words = |name: &str| format!("_{name}_");
    if words(&one).contains(&words(&other)) || words(&other).contains(&words(&one)) {
        return 1.0;
    }
    strsim::normalized_damerau_levenshtein(&one, &other)
}

/// The share of input names that two classes have in common, from 0 to 1.
fn common_inputs(one: &NodeClass, other: &NodeClass) -> f64 {
    let names =
        |class: &NodeClass| class.inputs.iter().map(|input| input.name.clone()).collect::<BTreeSet<_>>();
    let (one, other) = (names(one), names(other));
    let all = one.union(&other).count();
    if all == 0 {
        return 1.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a class has a few inputs")]
    let share = one.intersection(&other).count() as f64 / all as f64;
    share
}
