//! Ladders: the preset as it is, or with the values of each rung of `[[ladder]]`.

use std::sync::Arc;

use super::matrix;
use super::params::{self, Values};
use crate::catalog::Models;
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml::batch;
use crate::front::toml::decode::{At, Named};
use crate::front::toml::graph::{Param, ParamType};
use crate::front::toml::preset::Preset;
use crate::source::{Span, Spanned};

/// A rung with the values that its workflows start from.
#[derive(Clone, Debug)]
pub struct Rung {
    /// Its name; none for a preset without a ladder.
    pub name: Option<Spanned<Arc<str>>>,
    /// The preset's values with the rung's own, before those of the matrix.
    pub values: Values,
    /// Where its own values and models are written.
    pub spans: Vec<Span>,
}

/// Resolves all rungs, or the one nameless rung of a preset without a ladder. Gives nothing if something
/// is wrong; every problem is reported, whichever rung it is on.
///
/// `place` is where a missing value is reported: the preset's `graph` line.
pub fn resolve(
    preset: &Preset,
    declared: &Named<Param>,
    models: &Models,
    place: Option<Span>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Rung>> {
    let before = diagnostics.error_count();
    let resolve = |params: &_, diagnostics: &mut Diagnostics| {
        let given = matrix::with_first_values(params, &preset.matrix, declared);
        params::resolve(declared, &given, models, place, diagnostics)
    };
    if preset.ladder.0.is_empty() {
        let values = resolve(&preset.params, diagnostics)?;
        return Some(vec![Rung { name: None, values, spans: Vec::new() }]);
    }
    let mut rungs = Vec::with_capacity(preset.ladder.0.len());
    for rung in &preset.ladder.0 {
        check(rung, preset, declared, diagnostics);
        let mut params = preset.params.clone();
        params.merge(rung.params.clone());
        // What is wrong with the preset itself is wrong on every rung, and said once.
        let mut found = Diagnostics::new();
        let values = resolve(&params, &mut found);
        diagnostics.append_new(found);
        let spans = rung.params.iter().map(|(_, item)| item.span);
        let spans = spans.chain(rung.models.iter().map(|(_, model)| model.span())).collect();
        rungs.extend(values.map(|values| Rung { name: Some(rung.name.0.clone()), values, spans }));
    }
    // A rung wins over a value in [params]; a mistake there is still one.
    for (name, item) in &preset.params {
        if let Some(param) = declared.get(&name.value)
            && let Err(problems) = params::accept(&name.value, param, item, models)
        {
            let mut found = Diagnostics::new();
            found.extend(problems);
            diagnostics.append_new(found);
        }
    }
    (diagnostics.error_count() == before).then_some(rungs)
}

/// The models of every rung, the preset's with the rung's own: slot → model. Those of the preset, if it
/// has no ladder.
#[must_use]
pub fn models(preset: &Preset) -> Vec<Named<At<Arc<str>>>> {
    if preset.ladder.0.is_empty() {
        return vec![preset.models.clone()];
    }
    let overlaid = |rung: &batch::Rung| {
        let mut models = preset.models.clone();
        models.merge(rung.models.clone());
        models
    };
    preset.ladder.0.iter().map(overlaid).collect()
}

/// A rung keeps the seed, and what the matrix varies.
fn check(rung: &batch::Rung, preset: &Preset, declared: &Named<Param>, diagnostics: &mut Diagnostics) {
    let seeds = rung.params.iter().filter(|(name, _)| {
        declared.get(&name.value).is_some_and(|param| *param.kind.get() == ParamType::Seed)
    });
    for (name, _) in seeds {
        diagnostics.push(
            Diagnostic::format(
                "rung-changes-seed",
                format!("the rung `{}` changes `{}`, a seed", rung.name.get(), name.value),
            )
            .at(name.span, "")
            .help("all rungs have the preset's seed, or the draft would not show what becomes final; set it in [params] or [matrix]"),
        );
    }
    let varied = preset.matrix.varied();
    let own = rung.params.iter().map(|(name, _)| (name.value.to_string(), name.span));
    let slots = rung.models.iter().map(|(slot, _)| (batch::model_axis(&slot.value), slot.span));
    for (name, span) in own.chain(slots) {
        if let Some(axis) = varied.iter().find(|varied| *varied.value == *name) {
            diagnostics.push(
                Diagnostic::format(
                    "duplicate-axis",
                    format!("the rung `{}` sets `{name}`, which the matrix varies", rung.name.get()),
                )
                .at(span, "")
                .at(axis.span, "varied here")
                .help("remove one of them"),
            );
        }
    }
}
