//! What a `for_each` repeats over: the items of a list parameter, or a number of times.

use std::sync::Arc;

use super::Builder;
use crate::diag::{self, Diagnostic};
use crate::front::toml::decode::At;
use crate::front::toml::graph::{NodeDecl, Param, ParamType};
use crate::lower::expr::Expression;
use crate::source::Spanned;

/// The field that every item has: which one it is, counted from 0.
pub(in crate::lower) const INDEX: &str = "index";

/// What the nodes of one `for_each` are made for. Nodes with the same one belong together item by item.
#[derive(Debug)]
pub(in crate::lower) enum Repeat<'e> {
    /// Each item of the list parameter with this index.
    List(usize),
    /// So many times.
    Count(Expression<'e>),
}

impl Repeat<'_> {
    /// The parameters that decide how often.
    pub(in crate::lower) fn reads(&self) -> &[usize] {
        match self {
            Self::List(param) => std::slice::from_ref(param),
            Self::Count(count) => &count.reads,
        }
    }
}

impl Builder<'_, '_> {
    /// The repetition that `for_each` means, as its index among the graph's.
    pub(super) fn repeat(&mut self, source: &Spanned<Arc<str>>) -> Option<usize> {
        let is_name = source.value.chars().all(|c| c.is_alphanumeric() || c == '_');
        let param = self.file.params.get(&source.value);
        let repeat = match param.map(|param| *param.kind.get()) {
            Some(ParamType::LoraList | ParamType::List) => Repeat::List(self.param(source)?),
            Some(ParamType::Int) => Repeat::Count(self.compile(source, None)?),
            Some(_) => {
                let message =
                    format!("`for_each` needs a list or a whole number, and `{}` is neither", source.value);
                let declared = param.map(|param| param.kind.span());
                self.report(
                    Diagnostic::format("wrong-type", message)
                        .at(source.span, "")
                        .at_opt(declared, "declared here"),
                );
                return None;
            }
            None if is_name && source.value.parse::<u64>().is_err() => {
                self.param(source);
                return None;
            }
            None => Repeat::Count(self.compile(source, None)?),
        };
        let same = |known: &Repeat<'_>| match (known, &repeat) {
            (Repeat::List(a), Repeat::List(b)) => a == b,
            (Repeat::Count(a), Repeat::Count(b)) => a.source().value == b.source().value,
            _ => false,
        };
        if let Some(known) = self.repeats.iter().position(same) {
            return Some(known);
        }
        self.repeats.push(repeat);
        Some(self.repeats.len() - 1)
    }

    /// The list parameter of a repetition.
    fn list(&self, repeat: usize) -> Option<&Param> {
        match self.repeats.get(repeat)? {
            Repeat::List(param) => self.file.params.get(&self.names[*param]),
            Repeat::Count(_) => None,
        }
    }

    /// The fields that the items of a repetition have.
    pub(super) fn item_fields(&self, repeat: usize) -> Vec<Arc<str>> {
        let declared: Vec<Arc<str>> = match self.list(repeat) {
            Some(list) if *list.kind.get() == ParamType::LoraList => vec!["file".into(), "strength".into()],
            Some(list) => list.fields.iter().map(|(name, _)| name.value.clone()).collect(),
            None => Vec::new(),
        };
        declared.into_iter().filter(|name| **name != *INDEX).chain([INDEX.into()]).collect()
    }

    /// Whether a field of the items is anything but a number.
    pub(super) fn is_text_field(&self, repeat: usize, field: &str) -> bool {
        if field == INDEX {
            return false;
        }
        match self.list(repeat) {
            Some(list) if *list.kind.get() == ParamType::LoraList => field != "strength",
            Some(list) => list.fields.get(field).is_none_or(|field| !is_number(*field.kind.get())),
            None => true,
        }
    }

    /// Reports a field that the items do not have.
    pub(super) fn check_field(&mut self, repeat: usize, field: &Spanned<Arc<str>>) -> Option<()> {
        let fields = self.item_fields(repeat);
        if fields.contains(&field.value) {
            return Some(());
        }
        let names = || fields.iter().map(|field| &**field);
        self.report(
            Diagnostic::format("unknown-key", format!("the items have no field `{}`", field.value))
                .at(field.span, "")
                .help(
                    diag::did_you_mean(&field.value, names())
                        .unwrap_or_else(|| format!("their fields are: {}", fields.join(", "))),
                ),
        );
        None
    }

    /// The node that `of` names in a `prev`; it must have the same `for_each`.
    pub(super) fn companion(&mut self, node: &NodeDecl, of: &Spanned<Arc<str>>) -> Option<usize> {
        let Some(&position) = self.positions.get(&*of.value) else {
            if !self.file.nodes.is_broken(&of.value) {
                self.report(
                    Diagnostic::format("unknown-node", format!("the graph has no node `{}`", of.value))
                        .at(of.span, "")
                        .help_opt(diag::did_you_mean(&of.value, self.file.nodes.names())),
                );
            }
            return None;
        };
        let other = self.file.nodes.get(&of.value)?;
        let text = |node: &NodeDecl| node.for_each.as_ref().map(|list| list.get().clone());
        if text(other) != text(node) {
            self.report(
                Diagnostic::format(
                    "item-outside-for-each",
                    format!("`{}` is not repeated in the same `for_each`", of.value),
                )
                .at(of.span, "")
                .at_opt(node.for_each.as_ref().map(At::span), "repeated here")
                .at_opt(other.for_each.as_ref().map(At::span), "and the other one here")
                .help("the node before this one is known only among nodes that are repeated together"),
            );
            return None;
        }
        Some(position)
    }
}

/// True for parameters whose values are numbers in expressions.
pub(super) const fn is_number(kind: ParamType) -> bool {
    matches!(kind, ParamType::Int | ParamType::Float | ParamType::Seed | ParamType::Bool)
}
