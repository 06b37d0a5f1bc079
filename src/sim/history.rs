//! The history: a dict of Python's, which keeps the order of first insertion. Entries are kept as text, since there are
//! up to ten thousand of them.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::python;
use super::state::Item;

/// An entry is forgotten where there are more than so many: `MAXIMUM_HISTORY_SIZE` of ComfyUI's `execution.py`.
const MAX_ENTRIES: usize = 10_000;

/// The history.
#[derive(Debug, Default)]
pub(super) struct History {
    order: BTreeMap<u64, Past>,
    places: FxHashMap<Box<str>, u64>,
    next: u64,
}

/// A prompt that has been run.
#[derive(Debug)]
pub(super) struct Past {
    id: Box<str>,
    /// As `GET /history` shows it.
    text: Box<str>,
}

/// What there is to know of a prompt that has been run.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) item: Item,
    pub(super) outputs: Map<String, Value>,
    pub(super) status: Value,
}

impl Past {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What it says.
    pub(super) fn read(&self) -> Option<Entry> {
        let mut shown: Value = serde_json::from_str(&self.text).ok()?;
        let item = Item::read(shown.get_mut("prompt")?)?;
        let mut part = |key: &str| shown.get_mut(key).map(Value::take);
        let (outputs, status) = (part("outputs")?, part("status")?);
        let Value::Object(outputs) = outputs else { return None };
        Some(Entry { item, outputs, status })
    }
}

impl Entry {
    pub(super) fn is_success(&self) -> bool {
        self.status["completed"] == true
    }

    /// The data of the last message of this kind.
    pub(super) fn message(&self, kind: &str) -> Option<&Value> {
        let messages = self.status["messages"].as_array()?;
        messages.iter().rev().find(|message| message[0] == kind).map(|message| &message[1])
    }
}

impl History {
    /// Keeps an entry as it will be shown. The oldest one is forgotten where there are too many.
    pub(super) fn insert(&mut self, id: &str, shown: &Value) {
        if self.order.len() > MAX_ENTRIES
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.places.remove(&oldest.id);
        }
        let next = self.next;
        let place = *self.places.entry(id.into()).or_insert(next);
        self.next = next.max(place + 1);
        self.order.insert(place, Past { id: id.into(), text: python::dumps(shown).into() });
    }

    pub(super) fn get(&self, id: &str) -> Option<&Past> {
        self.order.get(self.places.get(id)?)
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(place) = self.places.remove(id) {
            self.order.remove(&place);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Past> {
        self.order.values()
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}

/// Entries as `GET /history` shows them.
pub(super) fn page<'p>(entries: impl Iterator<Item = &'p Past>) -> String {
    let mut text = "{".to_owned();
    for (at, past) in entries.enumerate() {
        if at > 0 {
            text += ", ";
        }
        text += &python::dumps(&past.id().into());
        text += ": ";
        text += past.text();
    }
    text + "}"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(number: u64) -> Value {
        json!({
            "prompt": [number, number.to_string(), { "1": { "inputs": { "x": 0.1 } } }, { "a": null }, ["1"]],
            "outputs": { "1": { "images": [] } },
            "status": { "status_str": "success", "completed": true, "messages": [["execution_start", { "at": 1 }]] },
            "meta": {},
        })
    }

    #[test]
    fn the_oldest_entry_is_forgotten_where_python_forgets_it() {
        let mut history = History::default();
        for number in 0..10_003 {
            history.insert(&number.to_string(), &shown(number));
        }
        // The dict is looked at before an entry is added, so that it holds one more than its limit.
        assert_eq!(history.len(), 10_001);
        assert_eq!(history.iter().next().map(Past::id), Some("2"));
        assert!(history.get("1").is_none());
        let entry = history.get("10002").and_then(Past::read).expect("it is there");
        assert_eq!(entry.item.json(), shown(10_002)["prompt"]);
        assert!(entry.is_success() && entry.message("execution_start").is_some());
        // The same id again keeps its place.
        history.insert("5", &shown(5));
        assert_eq!(history.iter().position(|past| past.id() == "5"), Some(2));
        assert_eq!(page(history.iter().take(0)), "{}");
        let text = page(history.iter().take(2));
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON")["4"], shown(4));
    }
}
