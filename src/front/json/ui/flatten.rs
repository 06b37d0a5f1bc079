//! Subgraphs taken apart: every instance of a definition brings the definition's nodes once more,
//! under ids such as `92:11`.

use rustc_hash::FxHashMap;

use super::document::Mode;
use super::model::{MAX_DEPTH, MAX_NODES, Model, Role, TooManyNodes};
use super::problems::Problems;

/// A sheet at one of its places.
#[derive(Debug)]
pub(super) struct Instance {
    /// The sheet.
    pub(super) sheet: usize,
    /// The instance around it, and the node there that stands for this one.
    pub(super) parent: Option<(usize, usize)>,
    /// What its nodes' ids begin with: nothing, or `92:`.
    pub(super) prefix: String,
    /// The instances inside it, by node.
    pub(super) children: FxHashMap<usize, usize>,
    depth: usize,
}

/// All instances, the main graph first.
pub(super) fn instances(
    model: &Model<'_>,
    problems: &mut Problems<'_>,
) -> Result<Vec<Instance>, TooManyNodes> {
    let root =
        Instance { sheet: 0, parent: None, prefix: String::new(), children: FxHashMap::default(), depth: 0 };
    let mut all = vec![root];
    let mut nodes = 0;
    let mut next = 0;
    while let Some(instance) = all.get(next) {
        let sheet = model.sheet(instance.sheet);
        nodes += sheet.nodes.len();
        if nodes > MAX_NODES {
            return Err(TooManyNodes);
        }
        let mut inside = Vec::new();
        for (index, node) in sheet.nodes.iter().enumerate() {
            let Role::Instance(definition) = model.part((instance.sheet, index)).role else { continue };
            // In the main graph a muted or bypassed instance is gone with all that is in it. Further
            // in, the editor leaves its nodes in, since it mutes them one by one.
            if instance.parent.is_none() && node.mode != Mode::Active {
                continue;
            }
            let name = model.sheet(definition).name.unwrap_or(node.class);
            if is_inside(&all, next, definition) {
                let message = format!("the subgraph `{name}` contains itself (node {})", node.id);
                problems.error("recursive-subgraph", message, node.place(), |d| d);
                continue;
            }
            if instance.depth >= MAX_DEPTH {
                let message = format!("the subgraph `{name}` is {MAX_DEPTH} levels deep in others");
                problems.error("too-deep", message, node.place(), |d| d);
                continue;
            }
            inside.push((index, definition, format!("{}{}:", instance.prefix, node.id)));
        }
        let depth = instance.depth + 1;
        for (node, sheet, prefix) in inside {
            let child = all.len();
            all[next].children.insert(node, child);
            all.push(Instance {
                sheet,
                parent: Some((next, node)),
                prefix,
                children: FxHashMap::default(),
                depth,
            });
        }
        next += 1;
    }
    Ok(all)
}

/// True if an instance is one of `definition`, or inside of one.
fn is_inside(all: &[Instance], instance: usize, definition: usize) -> bool {
    let mut at = Some(instance);
    while let Some(index) = at {
        if all[index].sheet == definition {
            return true;
        }
        at = all[index].parent.map(|(parent, _)| parent);
    }
    false
}
