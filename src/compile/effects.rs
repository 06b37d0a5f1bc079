//! Values of a preset that change nothing.

use super::{Ids, Job, Layout, workflow_bytes};
use crate::diag::{Diagnostic, Diagnostics};
use crate::lower::params::{self, Values};
use crate::lower::{Template, prepare};

impl Job<'_> {
    /// Warns about every value that the preset gives in vain: the workflow is the same with the
    /// parameter's default. In a batch another combination may need it, so nothing is said there.
    pub(super) fn check_effects(&self, diagnostics: &mut Diagnostics) {
        let workflow = self.workflow(self.template(), &self.values);
        let Some(workflow) = workflow.filter(|_| !self.is_batch()) else { return };
        let params = &self.loaded.graph.params;
        for (index, (name, param)) in params.iter().enumerate() {
            let given = self.values.get(index);
            let (Some(span), Some(default)) = (given.span, &param.default) else { continue };
            let Ok(default) = params::accept(&name.value, param, default, &self.compiler.models) else {
                continue;
            };
            if default == given.value {
                continue;
            }
            let mut values = self.values.clone();
            let message = format!(
                "`{}` has no effect here: the workflow is the same with its default {default}",
                name.value
            );
            values.set(index, params::Given { value: default, span: None });
            if self.workflow(self.template(), &values).is_some_and(|other| other == workflow) {
                diagnostics.push(Diagnostic::lint("param-without-effect", message).at(span, "").help(
                    format!(
                        "another parameter decides, or the value is rounded away; {}",
                        params::describe(&name.value, param)
                    ),
                ));
            }
        }
        self.check_models(&workflow, diagnostics);
    }

    /// The same for the models that the preset chooses.
    fn check_models(&self, workflow: &[u8], diagnostics: &mut Diagnostics) {
        let chosen = &self.loaded.preset.models;
        for (slot, model) in chosen {
            let default = self.loaded.graph.models.get(&slot.value);
            let mut others = chosen.clone();
            others.remove(&slot.value);
            let context = self.compiler.context(self.sources);
            let same = default.is_some_and(|default| default.model.get() == model.get());
            let template = prepare(&self.loaded.graph, &others, context, &mut Diagnostics::new());
            let Some(template) = template.filter(|_| !same) else { continue };
            if self.workflow(&template, &self.values).is_some_and(|other| other == workflow) {
                let message = format!("the model of `{}` has no effect here: no node loads it", slot.value);
                diagnostics.push(Diagnostic::lint("param-without-effect", message).at(model.span(), "").help(
                    "a parameter decides which models are loaded; choose one for the slot of those, or leave this out",
                ));
            }
        }
    }

    /// The bytes of the workflow for some values, if there is one.
    fn workflow(&self, template: &Template<'_>, values: &Values) -> Option<Vec<u8>> {
        let checked = self.compiler.filled(template, values, self.sources, &mut Diagnostics::new())?;
        Some(workflow_bytes(&checked, Ids::Names, Layout::Compact))
    }
}
