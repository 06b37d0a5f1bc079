//! The nodes of a graph by their keys.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::NodeId;

/// Nodes by key. Editors number their nodes, so most keys are small numbers: these are looked up in a
/// list, in the order of the file, where a large map would be looked up all over memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    /// By number: one more than the node's index, or 0 where there is no node.
    numbered: Vec<u32>,
    others: FxHashMap<Arc<str>, NodeId>,
}

/// So many numbers a node may take in the list, so that a few large ones do not fill memory.
const SPARSE: usize = 16;

impl Keys {
    pub(super) fn get(&self, key: &str) -> Option<NodeId> {
        let index = number(key).and_then(|number| self.numbered.get(number)?.checked_sub(1));
        index.map_or_else(|| self.others.get(key).copied(), |index| Some(NodeId::from(index)))
    }

    /// Adds `key`, which is not there yet, for the node that comes next.
    pub(super) fn insert(&mut self, key: &Arc<str>, id: NodeId) {
        let room = SPARSE * (id.index() + SPARSE);
        match (number(key).filter(|number| *number < room), u32::try_from(id.index() + 1)) {
            (Some(number), Ok(mark)) => {
                self.numbered.resize(self.numbered.len().max(number + 1), 0);
                self.numbered[number] = mark;
            }
            _ => {
                self.others.insert(key.clone(), id);
            }
        }
    }
}

/// The number that `key` is as editors write it: a few digits, without a zero in front.
fn number(key: &str) -> Option<usize> {
    const DIGITS: usize = 7;
    let digits = key.as_bytes();
    if digits.len() > DIGITS || (digits.len() > 1 && digits[0] == b'0') || digits.is_empty() {
        return None;
    }
    let add = |number, digit: &u8| digit.is_ascii_digit().then(|| 10 * number + usize::from(digit - b'0'));
    digits.iter().try_fold(0, add)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_a_map(keys in prop::collection::vec("[0-9]{0,5}|[0-9:+a]{0,3}", 0..60), other in "[0-9+]{0,5}") {
            let (mut found, mut known) = (Keys::default(), BTreeMap::new());
            for key in &keys {
                prop_assert_eq!(found.get(key), known.get(key).copied());
                if !known.contains_key(key) {
                    let id = NodeId::new(known.len());
                    found.insert(&key.as_str().into(), id);
                    known.insert(key.clone(), id);
                }
            }
            for key in keys.iter().chain([&other]) {
                prop_assert_eq!(found.get(key), known.get(key).copied());
            }
        }
    }
}
