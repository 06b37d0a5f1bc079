//! Workflows as ComfyUI's editor saves them, converted as the editor itself would export them for
//! the API (its function `graphToPrompt`, version 1.45.20).
//!
//! The steps, one module each: the file as plain structures (`document`); what each node is, with its
//! widgets and their values (`model`, `widgets`; `scripts` and `packs` for what no class declares);
//! group nodes and subgraphs taken apart (`groups`, `flatten`); for every input the output that it is really linked to
//! (`links`); and the nodes of the workflow (`export`).

mod document;
mod export;
mod flatten;
mod given;
mod groups;
mod links;
mod model;
mod packs;
mod problems;
mod scripts;
mod texts;
mod widgets;

use super::Json;
use crate::catalog::Catalog;
use crate::diag::Diagnostics;
use crate::ir::Graph;
use crate::source::FileId;

pub use given::{Argument, Laid, LaidSocket, LaidValue, lay_out};
use model::{MAX_NODES, Model};
use problems::Problems;

/// The property of a node that has its key in the workflow that the file was written from (see `back::ui`). Such a node
/// gets its key back, and has a title only if somebody gave it one.
pub const KEY_PROPERTY: &str = "wfc_key";

/// The property of a node that has the inputs which that workflow left out, with the values that hold their places in the
/// file. The editor sends these; while a value is still the one that is written here, the reader leaves the input out.
pub const UNSET_PROPERTY: &str = "wfc_unset";

/// True if a file looks like one that the editor saved: it has a list of nodes.
#[must_use]
pub fn is_ui_workflow(root: &Json<'_>) -> bool {
    root.get("nodes").is_some_and(|nodes| nodes.items().is_some())
}

/// Reads a workflow as the editor saves it. Gives nothing if it is something else or too large; the
/// reason is reported. What the editor would pass over is reported as a warning, what the workflow
/// could not mean as an error.
pub fn read(
    file: FileId,
    root: &Json<'_>,
    catalog: &Catalog,
    diagnostics: &mut Diagnostics,
) -> Option<Graph> {
    let mut problems = Problems::new(file, diagnostics);
    let count = root.get("nodes").and_then(Json::items).map_or(0, <[_]>::len);
    if count > MAX_NODES {
        let message = format!("this has {count} nodes; the limit is {MAX_NODES}");
        problems.error("too-many-nodes", message, root.place, |diagnostic| diagnostic);
        return None;
    }
    let Some(document) = document::decode(root, &mut problems) else {
        let message = "not a workflow of ComfyUI's editor: it has no list of nodes";
        problems.error("not-a-workflow", message, root.place, |d| d);
        return None;
    };
    let converted = Model::new(document, catalog, &mut problems).and_then(|model| {
        let instances = flatten::instances(&model, &mut problems)?;
        Ok(export::export(&model, &instances, &mut problems))
    });
    if converted.is_err() {
        let message = format!("with its subgraphs taken apart, this has more than {MAX_NODES} nodes");
        problems.error("too-many-nodes", message, root.place, |diagnostic| {
            diagnostic.help("a subgraph that contains others many times grows with every level")
        });
    }
    converted.ok()
}
