//! What a graph declares must make sense by itself: parameters, model slots, and that all are used.

use std::sync::Arc;

use super::{Builder, INDEX};
use crate::catalog::Model;
use crate::catalog::models::with_article;
use crate::diag::{self, Diagnostic};
use crate::front::toml::decode::At;
use crate::front::toml::graph::{ModelSlot, Param, ParamType};
use crate::lower::params;
use crate::source::Spanned;

impl Builder<'_, '_> {
    /// Declarations of parameters must make sense by themselves.
    pub(super) fn check_params(&mut self) {
        let file = self.file;
        for (name, param) in &file.params {
            self.check_param(name, param);
        }
    }

    fn check_param(&mut self, name: &Spanned<Arc<str>>, param: &Param) {
        let kind = *param.kind.get();
        let misplaced = |key: &str, span| {
            Diagnostic::format("wrong-type", format!("`{key}` does not go with {} parameters", kind.name()))
                .at(span, "")
        };
        self.check_bounds(param);
        match param.fits.first() {
            Some(first) if kind != ParamType::LoraList => self.report(misplaced("fits", first.span())),
            _ => param.fits.iter().for_each(|slot| self.check_slot(&slot.0)),
        }
        if let Some(divisor) = param.multiple_of.as_ref().filter(|_| kind != ParamType::Int) {
            self.report(misplaced("multiple_of", divisor.span()));
        }
        if let Some(form) = param.form.as_ref().filter(|_| kind != ParamType::Int) {
            self.report(misplaced("form", form.span()));
        }
        let lacks = |key: &str| {
            let message = format!("the {} `{}` needs the key `{key}`", kind.name(), name.value);
            Diagnostic::format("missing-key", message).at(name.span, "")
        };
        match (&param.choices, kind == ParamType::Choice) {
            (Some(_), true) | (None, false) => {}
            (None, true) => self.report(lacks("choices")),
            (Some(choices), false) => {
                self.report(misplaced("choices", choices.first().map_or(name.span, At::span)));
            }
        }
        let mut complete = kind != ParamType::Choice || param.choices.is_some();
        match (param.fields.iter().next(), kind == ParamType::List) {
            (Some((field, _)), false) => self.report(misplaced("fields", field.span)),
            (None, true) => {
                complete = false;
                self.report(lacks("fields").help("declare what an item holds: [params.NAME.fields.KEY]"));
            }
            _ => {}
        }
        for (field, declared) in &param.fields {
            self.check_field_declaration(field, declared);
        }
        if let Some(default) = param.default.as_ref().filter(|_| complete)
            && let Err(problems) = params::accept(&name.value, param, default, self.context.models)
        {
            self.diagnostics.extend(problems);
        }
    }

    fn check_field_declaration(&mut self, name: &Spanned<Arc<str>>, field: &Param) {
        if *name.value == *INDEX {
            self.report(
                Diagnostic::format("reserved-name", format!("a field cannot be called `{INDEX}`"))
                    .at(name.span, "")
                    .help("every item has that field already: which one it is, counted from 0"),
            );
        }
        if matches!(field.kind.get(), ParamType::List | ParamType::LoraList) {
            self.report(
                Diagnostic::format("wrong-type", "a field of a list cannot be a list")
                    .at(field.kind.span(), ""),
            );
        } else {
            self.check_param(name, field);
        }
    }

    fn check_bounds(&mut self, param: &Param) {
        let kind = *param.kind.get();
        let number = matches!(kind, ParamType::Int | ParamType::Float);
        for (key, item) in [("min", &param.min), ("max", &param.max)] {
            let Some(item) = item else { continue };
            if !number || item.value.to_value().as_f64().is_none() {
                let message = if number {
                    format!("`{key}` is a number, found {}", item.value.kind())
                } else {
                    format!("`{key}` goes with int and float parameters, not with {}", kind.name())
                };
                self.report(Diagnostic::format("wrong-type", message).at(item.span, ""));
            }
        }
    }

    /// The graph must have a model slot of this name.
    fn check_slot(&mut self, slot: &Spanned<Arc<str>>) {
        let models = &self.file.models;
        if models.get(&slot.value).is_some() || models.is_broken(&slot.value) {
            return;
        }
        let slots: Vec<&str> = models.names().collect();
        let help = diag::did_you_mean(&slot.value, slots.iter().copied()).unwrap_or_else(|| {
            if slots.is_empty() {
                "it has none".to_owned()
            } else {
                format!("its model slots are: {}", slots.join(", "))
            }
        });
        let message = format!("the graph has no model slot `{}`", slot.value);
        self.report(Diagnostic::format("unknown-model", message).at(slot.span, "").help(help));
    }

    /// A preset may only choose models for slots that the graph has; slots name known models.
    pub(super) fn check_models(&mut self) {
        for (slot, _) in self.chosen {
            self.check_slot(slot);
        }
        for (name, slot) in &self.file.models {
            let chosen = self.chosen.get(&name.value);
            if self.known_model(&chosen.unwrap_or(&slot.model).0, Some(slot))
                && let Some(chosen) = chosen
            {
                self.check_family(name, slot, chosen);
            }
            self.check_families(slot);
        }
    }

    /// A preset's model must be able to stand in for the default. Files that the catalog does not have are
    /// the team's own, and it knows what they are.
    fn check_family(&mut self, name: &Spanned<Arc<str>>, slot: &ModelSlot, chosen: &At<Arc<str>>) {
        let models = self.context.models;
        let Some((default, model)) = self.misfit(&name.value) else { return };
        let families = families(&default, slot);
        let is = if model.role == default.role {
            format!("is of the family {}", model.family)
        } else {
            format!("is {} of the family {}", with_article(&model.role), model.family)
        };
        let takes = match families.as_slice() {
            [one] => format!("{} of the family {one}", with_article(&default.role)),
            several => format!("{} of the families {}", with_article(&default.role), several.join(", ")),
        };
        let message = format!("`{}` {is}; the slot `{}` takes {takes}", chosen.get(), name.value);
        let fitting = models.fitting(&default.role, &families).join(", ");
        self.report(
            Diagnostic::format("wrong-model-family", message)
                .at(chosen.span(), "")
                .at(slot.model.span(), "the graph's default")
                .help(format!("what fits: {fitting}; or a file that is not in the model catalog")),
        );
    }

    /// The graph's default of a slot and the preset's model for it, if they are known and the one cannot
    /// stand in for the other.
    pub(super) fn misfit(&self, slot: &str) -> Option<(Model, Model)> {
        let models = self.context.models;
        let chosen = models.find(self.chosen.get(slot)?.get())?;
        let slot = self.file.models.get(slot)?;
        let default = models.find(slot.model.get())?;
        let fits = chosen.fits(&default.role, families(&default, slot));
        (!fits).then_some((default, chosen))
    }

    /// A slot's further families are families of the catalog, and go with a default that has one.
    fn check_families(&mut self, slot: &ModelSlot) {
        if slot.families.is_empty() {
            return;
        }
        let families = self.context.models.families();
        for family in slot.families.iter().filter(|family| !families.contains(&**family.get())) {
            self.report(
                Diagnostic::format("unknown-family", format!("no model is of the family `{}`", family.get()))
                    .at(family.span(), "")
                    .help_opt(diag::did_you_mean(family.get(), families.iter().map(String::as_str))),
            );
        }
    }

    /// True for a name of the model catalog and for what looks like a file; reports the rest. Models for
    /// `slot` fit what fills it by default.
    pub(super) fn known_model(&mut self, name: &Spanned<Arc<str>>, slot: Option<&ModelSlot>) -> bool {
        let models = self.context.models;
        let known = models.takes(&name.value);
        if !known {
            let default = slot.and_then(|slot| Some((models.find(slot.model.get())?, slot)));
            let fitting =
                default.map(|(default, slot)| models.fitting(&default.role, &families(&default, slot)));
            self.report(models.unknown(&name.value, fitting.as_deref()).at(name.span, ""));
        }
        known
    }

    /// What is declared but has no effect misleads the reader of a graph.
    pub(super) fn check_unused(&mut self) {
        let unused = self.file.params.iter().zip(&self.used_params).filter(|(_, used)| !**used);
        for ((name, _), _) in unused {
            self.diagnostics.push(
                Diagnostic::lint("unused-param", format!("the parameter `{}` is used nowhere", name.value))
                    .at(name.span, ""),
            );
        }
        for (slot, _) in &self.file.models {
            if !self.models.iter().any(|(used, _)| *used == slot.value) {
                self.diagnostics.push(
                    Diagnostic::lint(
                        "unused-model",
                        format!("the model slot `{}` is used nowhere", slot.value),
                    )
                    .at(slot.span, ""),
                );
            }
        }
    }
}

/// The families that a slot takes: its default's, and those that the graph adds.
fn families<'m>(default: &'m Model, slot: &'m ModelSlot) -> Vec<&'m str> {
    let further = slot.families.iter().map(|family| &**family.get());
    std::iter::once(&*default.family).chain(further).collect()
}
