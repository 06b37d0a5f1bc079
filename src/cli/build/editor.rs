//! Workflows of presets for ComfyUI's editor, and what it would send otherwise.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::back::api::Layout;
use crate::back::ui::{self, Options};
use crate::catalog::Identity;
use crate::check::Checked;
use crate::cli::not_in_editor::remark;
use crate::cli::session::Ready;
use crate::diag::Diagnostics;

/// What is written with.
pub(super) struct Editor {
    stages: Vec<Arc<str>>,
    identity: Identity,
    /// What was said already: the workflows of a batch have it in common.
    said: BTreeSet<(Arc<str>, Arc<str>)>,
}

impl Editor {
    pub(super) fn new(ready: &Ready) -> Self {
        Self {
            stages: ready.loaded.graph.stages.iter().map(|stage| stage.get().clone()).collect(),
            identity: ready.compiler.catalog.identity(),
            said: BTreeSet::new(),
        }
    }

    pub(super) fn write(
        &mut self,
        checked: &Checked,
        layout: Layout,
        out: &mut Vec<u8>,
        diagnostics: &mut Diagnostics,
    ) {
        let options = Options { stages: &self.stages, identity: &self.identity, layout };
        let written = ui::write(checked, &options);
        for found in written.remarks {
            if self.said.insert((found.key.clone(), found.input.clone())) {
                diagnostics.push(remark(&found, checked.graph()));
            }
        }
        out.extend_from_slice(&written.bytes);
    }
}
