//! The part of the manifest that `--optimize` adds: which nodes are gone, and what stands for them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::optimize::Changes;

/// What `--optimize` did to workflows that have it in common.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Optimized {
    /// The file of the first of these workflows.
    pub first: String,
    /// How many workflows these are.
    pub count: u64,
    /// Nodes that stand for identical ones, by their names in the graph. They cannot be set apart any more.
    pub merged: Vec<Merged>,
    /// Nodes that no output depended on, by their names in the graph.
    pub removed: Vec<String>,
}

/// A node that stands for others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Merged {
    /// The node that is left.
    pub kept: String,
    /// The nodes that it stands for.
    pub gone: Vec<String>,
}

impl Optimized {
    /// Adds what was done to the workflow in `file` to `all`, if anything was.
    pub fn add(all: &mut Vec<Self>, file: &str, changes: &Changes) {
        if changes.is_empty() {
            return;
        }
        if let Some(same) = all.iter_mut().find(|known| known.is(changes)) {
            same.count += 1;
            return;
        }
        let names = |keys: &[std::sync::Arc<str>]| keys.iter().map(ToString::to_string).collect();
        let merged = changes
            .merged
            .iter()
            .map(|merged| Merged { kept: merged.kept.to_string(), gone: names(&merged.gone) });
        all.push(Self {
            first: file.to_owned(),
            count: 1,
            merged: merged.collect(),
            removed: names(&changes.removed),
        });
    }

    fn is(&self, changes: &Changes) -> bool {
        let are = |names: &[String], keys: &[std::sync::Arc<str>]| {
            names.len() == keys.len() && names.iter().zip(keys).all(|(name, key)| **name == **key)
        };
        let mut merged = self.merged.iter().zip(&changes.merged);
        self.merged.len() == changes.merged.len()
            && are(&self.removed, &changes.removed)
            && merged.all(|(known, merged)| *known.kept == *merged.kept && are(&known.gone, &merged.gone))
    }
}
