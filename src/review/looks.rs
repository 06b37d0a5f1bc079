//! How an editor shows a workflow: what may differ without changing what runs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::matching::Matching;
use super::side::Side;
use crate::front::json::Json;

/// The versions of the editor's format that are known.
const KNOWN: [&str; 2] = ["0.4", "1"];

/// How the editor shows a workflow.
#[derive(Debug, Default)]
pub struct Looks {
    /// By id; of the nodes of subgraphs, with the subgraph's id before it.
    nodes: BTreeMap<String, NodeLook>,
    /// Frames around nodes, as they are written, in order.
    groups: Vec<String>,
    /// The version of the format, as it is written.
    version: Option<String>,
}

#[derive(Debug, PartialEq)]
struct NodeLook {
    place: String,
    size: String,
    /// Colours, and whether it is folded.
    dress: String,
    /// The text of a note.
    note: Option<String>,
}

impl Looks {
    /// Reads them from a workflow as the editor saves it. What is not there, or is something else, is left out.
    #[must_use]
    pub fn of(root: &Json<'_>) -> Self {
        let mut looks = Self { version: root.get("version").map(text), ..Self::default() };
        looks.add(root, "");
        let subgraphs = root.get("definitions").and_then(|definitions| definitions.get("subgraphs"));
        for subgraph in subgraphs.and_then(Json::items).into_iter().flatten() {
            let id = subgraph.get("id").map(text).unwrap_or_default();
            looks.add(subgraph, &format!("{id}/"));
        }
        looks.groups.sort();
        looks
    }

    /// The version of the format, if it is one that is not known.
    #[must_use]
    pub fn unknown_version(&self) -> Option<&str> {
        self.version.as_deref().filter(|version| {
            let number = version.parse::<f64>().map(|number| number.to_string());
            !number.is_ok_and(|number| KNOWN.contains(&&*number))
        })
    }

    fn add(&mut self, holder: &Json<'_>, prefix: &str) {
        for node in holder.get("nodes").and_then(Json::items).into_iter().flatten() {
            let part = |key: &str| node.get(key).map(text).unwrap_or_default();
            let id = part("id");
            let is_note = matches!(node.get("type").and_then(Json::as_str), Some("Note" | "MarkdownNote"));
            let look = NodeLook {
                place: part("pos"),
                size: part("size"),
                dress: [part("color"), part("bgcolor"), part("flags"), part("shape")].join(" "),
                note: is_note.then(|| part("widgets_values")),
            };
            self.nodes.insert(format!("{prefix}{}", id.trim_matches('"')), look);
        }
        let groups = holder.get("groups").and_then(Json::items).into_iter().flatten();
        self.groups.extend(groups.map(|group| format!("{prefix}{}", text(group))));
    }
}

/// A part of a file as compact JSON.
fn text(json: &Json<'_>) -> String {
    json.to_value().to_string()
}

/// What differs without changing what runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LooksChange {
    /// Nodes that have another id.
    pub renamed: usize,
    /// Nodes that have another title.
    pub retitled: usize,
    /// Nodes that stand elsewhere.
    pub moved: usize,
    /// Nodes of another size.
    pub resized: usize,
    /// Nodes with other colours, or folded.
    pub dressed: usize,
    /// Frames that were added, removed or changed.
    pub groups: usize,
    /// Notes that were added, removed or changed.
    pub notes: usize,
}

impl LooksChange {
    /// True if nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what differs between the looks of two workflows.
    pub(super) fn of(&mut self, old: &Side<'_>, new: &Side<'_>, matching: &Matching) {
        let (Some(before), Some(after)) = (old.looks, new.looks) else { return };
        for (id, look) in &before.nodes {
            let partner = old.graph.find(id).and_then(|node| matching.new_of(node));
            let id = partner.map_or(&**id, |node| &*new.graph.node(node).key);
            match after.nodes.get(id) {
                Some(now) => {
                    self.moved += usize::from(look.place != now.place);
                    self.resized += usize::from(look.size != now.size);
                    self.dressed += usize::from(look.dress != now.dress);
                    self.notes += usize::from(look.note != now.note);
                }
                None => self.notes += usize::from(look.note.is_some()),
            }
        }
        let is_new =
            |(id, look): &(&String, &NodeLook)| look.note.is_some() && !before.nodes.contains_key(*id);
        self.notes += after.nodes.iter().filter(is_new).count();
        self.groups += differing(&before.groups, &after.groups);
    }

    /// In words: `12 nodes moved, 1 frame changed`; empty if nothing differs.
    #[must_use]
    pub fn words(&self) -> String {
        let parts = [
            (self.renamed, "node has another id", "nodes have other ids"),
            (self.retitled, "node has another title", "nodes have other titles"),
            (self.moved, "node moved", "nodes moved"),
            (self.resized, "node resized", "nodes resized"),
            (self.dressed, "node coloured or folded", "nodes coloured or folded"),
            (self.groups, "frame changed", "frames changed"),
            (self.notes, "note changed", "notes changed"),
        ];
        let said = parts.iter().filter(|(count, ..)| *count > 0);
        let said = said.map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many }));
        said.collect::<Vec<_>>().join(", ")
    }
}

/// How many of two sorted lists are not in both; a changed one counts once.
fn differing(one: &[String], other: &[String]) -> usize {
    let (mut left, mut right) = (one.iter().peekable(), other.iter().peekable());
    let (mut gone, mut new) = (0, 0);
    loop {
        match (left.peek(), right.peek()) {
            (None, None) => return std::cmp::max(gone, new),
            (Some(a), Some(b)) if a == b => {
                left.next();
                right.next();
            }
            (Some(a), Some(b)) if a > b => {
                new += 1;
                right.next();
            }
            (None, Some(_)) => {
                new += 1;
                right.next();
            }
            (Some(_), _) => {
                gone += 1;
                left.next();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::json::Arena;

    fn looks(text: &str) -> Looks {
        Looks::of(&Json::parse(text, &Arena::new()).unwrap())
    }

    #[test]
    fn versions_of_the_editor_are_known_or_not() {
        for known in [r#"{"version": 0.4}"#, r#"{"version": 1}"#, r#"{"version": 1.0}"#, "{}"] {
            assert_eq!(looks(known).unknown_version(), None, "{known}");
        }
        assert_eq!(looks(r#"{"version": 2}"#).unknown_version(), Some("2"));
        assert_eq!(looks(r#"{"version": "x"}"#).unknown_version(), Some("\"x\""));
    }

    #[test]
    fn a_changed_one_counts_once() {
        let list = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(differing(&list(&["a", "b"]), &list(&["a", "c"])), 1);
        assert_eq!(differing(&list(&["a", "b"]), &list(&[])), 2);
        assert_eq!(differing(&list(&["b"]), &list(&["a", "b"])), 1);
    }
}
