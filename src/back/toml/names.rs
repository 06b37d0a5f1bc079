//! Names of nodes: from titles and classes, unique, and the same whenever the workflow is the same.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::facts;
use super::hints::{self, Hints};
use crate::catalog::NodeClass;
use crate::ir::{Argument, Graph, Input, Node, NodeId};

/// Longest name that is made from a title.
const MAX_LENGTH: usize = 40;

/// The names of all nodes, in the order of the graph.
///
/// Nodes that would be called alike are numbered by their ids in the workflow. An editor gives new nodes higher
/// ids, so that the names of the others stay.
pub(super) fn of_nodes(graph: &Graph, hints: &Hints) -> Vec<Arc<str>> {
    let bases: Vec<String> = graph.nodes().map(|(id, node)| base(graph, id, node, hints)).collect();
    let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
    for base in &bases {
        *counts.entry(base).or_default() += 1;
    }
    let mut order: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    order.sort_by_cached_key(|id| natural(&graph.node(*id).key));
    let mut unique = Unique::default();
    let mut names = vec![Arc::from(""); graph.len()];
    for id in order {
        let base = &bases[id.index()];
        let several = counts.get(&**base).is_some_and(|count| *count > 1);
        let tells = |word: &&str| several && !base.ends_with(word);
        let word =
            hints.expert(id).or_else(|| hints::side(graph, id)).or_else(|| file_before(graph, id, &bases));
        names[id.index()] = match word.filter(tells) {
            Some(word) => unique.name(&format!("{base}_{word}")),
            None => unique.name(base),
        };
    }
    names
}

/// What the file is called that a node works on, if the node is directly behind the one that loads it.
fn file_before<'b>(graph: &Graph, id: NodeId, bases: &'b [String]) -> Option<&'b str> {
    graph.node(id).inputs().iter().find_map(|input| match input.value {
        Argument::Link { from, slot }
            if has_row(graph.node(from), "_")
                && hints::carries(graph, from, slot, &["IMAGE", "MASK", "VIDEO"]) =>
        {
            Some(&*bases[from.index()])
        }
        _ => None,
    })
}

/// Names that are taken.
#[derive(Debug, Default)]
pub(super) struct Unique {
    taken: FxHashSet<Arc<str>>,
    /// The last number that was put behind a name.
    numbers: FxHashMap<String, usize>,
}

impl Unique {
    /// True if a name is taken.
    pub(super) fn has(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// `wanted`, or `wanted_2`, `wanted_3`, … if that is taken.
    pub(super) fn name(&mut self, wanted: &str) -> Arc<str> {
        let mut name: Arc<str> = wanted.into();
        while !self.taken.insert(name.clone()) {
            let number = match self.numbers.entry(wanted.to_owned()) {
                Entry::Occupied(mut number) => {
                    *number.get_mut() += 1;
                    *number.get()
                }
                Entry::Vacant(number) => *number.insert(2),
            };
            name = format!("{wanted}_{number}").into();
        }
        name
    }
}

/// The title that ComfyUI's editor gives to nodes of a class.
pub(super) fn default_title(class: &NodeClass) -> &str {
    class.display_name.as_deref().unwrap_or(&class.name)
}

/// What a node is called where no other node is called the same.
fn base(graph: &Graph, id: NodeId, node: &Node, hints: &Hints) -> String {
    let fact = facts::of_class(&node.class_type);
    let name = fact.and_then(|fact| fact.name);
    let title = telling_title(node);
    let role = hints.prompt(id).filter(|_| name == Some("prompt"));
    let is_role = title
        .map(str::to_lowercase)
        .is_some_and(|title| title.contains("prompt") || role.is_some_and(|role| title.contains(role)));
    let title =
        title.map(slug).filter(|title| title.len() > 1 && !(is_constant(node) && is_type_word(title)));
    match (title, role, name) {
        (Some(_), Some(role), _) if is_role => role.to_owned(),
        (Some(title), ..) if has_row(node, "_") => title.strip_prefix("load_").unwrap_or(&title).to_owned(),
        (Some(title), ..) => title,
        (None, Some(role), _) => role.to_owned(),
        (None, None, Some(name)) if is_constant(node) => {
            let meaning = hints::meaning(graph, id).map(|row| row.param);
            match meaning {
                Some("prompt") if hints.is_negative(id) => "negative".to_owned(),
                meaning => meaning.unwrap_or(name).to_owned(),
            }
        }
        (None, None, Some(name)) => name.to_owned(),
        (None, None, None) => {
            Some(slug(&node.class_type)).filter(|name| !name.is_empty()).unwrap_or("node".into())
        }
    }
}

/// True for nodes that give a value and do nothing else.
pub(super) fn is_constant(node: &Node) -> bool {
    has_row(node, "=")
}

/// True if an input of the node becomes a parameter in the given way.
fn has_row(node: &Node, param: &str) -> bool {
    let row = |input: &Input| facts::of_input(&node.class_type, &input.name);
    node.inputs().iter().any(|input| row(input).is_some_and(|row| row.param == param))
}

/// True for a name that begins with the name of a type, which says no more than the class of a constant.
fn is_type_word(name: &str) -> bool {
    let first = name.split('_').next().unwrap_or(name);
    ["int", "integer", "float", "string", "text", "boolean", "bool", "number"].contains(&first)
}

/// The title, if it says more than the class. Of `Int (Width)` and `Width (int)` that is `Width`.
pub(super) fn telling_title(node: &Node) -> Option<&str> {
    let title = node.title.as_deref()?.trim();
    let shown = node.class.as_deref().map_or(&*node.class_type, default_title);
    if title == shown || title == &*node.class_type {
        return None;
    }
    let inner = title.strip_suffix(')').and_then(|title| title.split_once('('));
    match inner.filter(|_| is_constant(node)) {
        Some((outer, inner)) if is_type_word(&slug(outer)) => {
            Some(inner.rsplit(" - ").next().unwrap_or(inner))
        }
        Some((outer, inner)) if is_type_word(&slug(inner)) => Some(outer),
        _ => Some(title),
    }
}

/// A text as a name: lower case, words joined by `_`, ASCII letters and digits only.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len() + 8);
    let chars: Vec<char> = text.replace("LoRA", "Lora").chars().collect();
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            end_word(&mut slug);
            continue;
        }
        let before = at.checked_sub(1).map(|at| chars[at]);
        let begins_word = c.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_uppercase() && chars.get(at + 1).is_some_and(char::is_ascii_lowercase)
            });
        if begins_word {
            end_word(&mut slug);
        }
        if slug.len() >= MAX_LENGTH {
            // The rest of a word that is cut off would mislead.
            if let Some((whole, _)) = slug.rsplit_once('_').filter(|_| !slug.ends_with('_')) {
                slug.truncate(whole.len());
            }
            break;
        }
        slug.push(c.to_ascii_lowercase());
    }
    slug.truncate(slug.trim_end_matches('_').len());
    slug
}

fn end_word(slug: &mut String) {
    if !slug.is_empty() && !slug.ends_with('_') {
        slug.push('_');
    }
}

/// An id in its parts, so that `92:9` comes before `92:11`.
fn natural(id: &str) -> Vec<(u64, String)> {
    id.split(':').map(|part| (part.parse().unwrap_or(u64::MAX), part.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_names() {
        for (text, name) in [
            ("WanVideoSampler", "wan_video_sampler"),
            ("VHS_VideoCombine", "vhs_video_combine"),
            ("CLIP Text Encode (Positive Prompt)", "clip_text_encode_positive_prompt"),
            ("Load Video (Upload)🎥🅥🅗🅢", "load_video_upload"),
            ("  a.b:c  ", "a_b_c"),
            ("提示词", ""),
            ("one two three four five six seven eight nine ten", "one_two_three_four_five_six_seven_eight"),
        ] {
            assert_eq!(slug(text), name, "{text}");
        }
    }

    #[test]
    fn equal_names_are_numbered() {
        let mut unique = Unique::default();
        let names = ["a", "a_2", "a", "a", "b"].map(|name| unique.name(name).to_string());
        assert_eq!(names, ["a", "a_2", "a_3", "a_4", "b"]);
    }

    #[test]
    fn ids_are_sorted_as_numbers() {
        let mut ids = ["100", "92:11", "x", "92:9", "92"];
        ids.sort_by_cached_key(|id| natural(id));
        assert_eq!(ids, ["92", "92:9", "92:11", "100", "x"]);
    }
}
