//! Whether the LoRAs that a preset lists fit the models that they are applied to.

use std::sync::Arc;

use super::params::{Values, lora_files};
use super::template::Template;
use crate::catalog::models::with_article;
use crate::catalog::{Model, Models};
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml::batch::Axis;
use crate::front::toml::graph::Param;
use crate::front::toml::preset::Preset;
use crate::front::toml::{Item, Raw};
use crate::ir::Graph;
use crate::source::Span;

impl Template<'_> {
    /// Reports each LoRA of the model catalog that is of another family than the models that its list is
    /// for. `graph` is the template filled in with `values`, and `preset` what they were read from; without it,
    /// the graph's defaults alone are looked at.
    pub fn check_loras(
        &self,
        values: &Values,
        graph: &Graph,
        preset: Option<&Preset>,
        models: &Models,
        diagnostics: &mut Diagnostics,
    ) {
        for (index, (name, param)) in self.file.params.iter().enumerate() {
            let span = values.get(index).span;
            let item = match span {
                Some(span) => preset.and_then(|preset| given(preset).find(|item| item.span == span)),
                None => param.default.as_ref(),
            };
            let files = item.map(lora_files).unwrap_or_default();
            if files.is_empty() {
                continue;
            }
            let Some(targets) = self.targets(param, graph, models) else { continue };
            for (file, span) in files {
                let Some(lora) = models.find(file) else { continue };
                let families = || targets.iter().map(|model| &*model.family);
                if !lora.fits(&lora.role, families()) {
                    diagnostics.push(misfit(&name.value, &lora, span, &targets, models));
                }
            }
        }
    }

    /// The models that a list of LoRAs is for: those of its slots that the workflow uses, or all if it uses
    /// none. Nothing if one of them is not known, so that its family is not.
    fn targets(&self, param: &Param, graph: &Graph, models: &Models) -> Option<Vec<Model>> {
        let slots =
            param.fits.iter().filter_map(|slot| self.models.iter().find(|(used, _)| used == slot.get()));
        let all: Vec<(&Arc<str>, Option<Model>)> = slots.map(|(_, name)| (name, models.find(name))).collect();
        let is_used = |(name, model): &&(&Arc<str>, Option<Model>)| {
            let file = model.as_ref().map_or(&***name, |model| &*model.file);
            graph.files().any(|(_, used)| used == file || used == &***name)
        };
        let used: Vec<_> = all.iter().filter(is_used).cloned().collect();
        let targets = if used.is_empty() { all } else { used };
        let known: Option<Vec<Model>> = targets.into_iter().map(|(_, model)| model).collect();
        known.filter(|known| !known.is_empty())
    }
}

/// Everything that a preset gives to parameters: itself, on a rung, or on an axis, alone or in a row.
fn given(preset: &Preset) -> impl Iterator<Item = &Item> {
    let on_rungs = preset.ladder.0.iter().flat_map(|rung| &rung.params);
    let on_axes = preset.matrix.0.iter().flat_map(|(_, axis)| match axis.get() {
        Axis::List(items) => items.as_slice(),
        Axis::Range(_) => &[],
    });
    let in_rows = on_axes.clone().flat_map(|item| match &item.value {
        Raw::Table(entries) => entries.as_slice(),
        _ => &[],
    });
    let named = preset.params.iter().chain(on_rungs).map(|(_, item)| item);
    named.chain(on_axes).chain(in_rows.map(|(_, item)| item))
}

fn misfit(list: &str, lora: &Model, span: Span, targets: &[Model], models: &Models) -> Diagnostic {
    let shown: Vec<String> =
        targets.iter().map(|model| format!("`{}` of the family {}", model.name, model.family)).collect();
    let message = format!(
        "`{}` is {} of the family {}; `{list}` is for {}",
        lora.name,
        with_article(&lora.role),
        lora.family,
        shown.join(" or "),
    );
    let families: Vec<&str> = targets.iter().map(|model| &*model.family).collect();
    let mut fitting = models.fitting("lora", &families);
    fitting.extend(models.fitting("distill_lora", &families));
    let help = if fitting.is_empty() {
        "the model catalog has none that fits; a file that is not in it is taken".to_owned()
    } else {
        format!("what fits: {}; or a file that is not in the model catalog", fitting.join(", "))
    };
    Diagnostic::format("wrong-model-family", message).at(span, "").help(help)
}
