//! What parameter values decide: whether constraints hold, what expressions give, which nodes there are.

use super::MAX_NODES;
use super::expr::{Expression, Scope};
use super::params::Values;
use super::template::Template;
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::Value;
use crate::source::{Sources, Span};

/// The outcome of all expressions of a graph.
#[derive(Debug)]
pub struct Decisions {
    /// The parameters that expressions read, by index, and the values they had.
    read: Vec<(usize, Value)>,
    /// The value of each expression of the template.
    pub(super) expressions: Vec<Value>,
    /// How many instances each node has.
    pub(super) counts: Vec<usize>,
}

impl Decisions {
    /// True if they are the same for `values`, since no parameter that an expression reads differs.
    /// In a batch over seeds, one evaluation serves all.
    #[must_use]
    pub fn hold_for(&self, values: &Values) -> bool {
        self.read.iter().all(|(index, value)| values.get(*index).value == *value)
    }
}

impl Template<'_> {
    /// Evaluates everything. Gives nothing if a constraint is violated or an expression fails; every
    /// problem is reported.
    pub fn decide(
        &self,
        values: &Values,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Decisions> {
        let before = diagnostics.error_count();
        let scope = Scope::new(self.names.clone(), values.iter());
        self.check_constraints(values, &scope, sources, diagnostics);
        let mut expressions = Vec::with_capacity(self.expressions.len());
        for expression in &self.expressions {
            match expression.evaluate(&scope, sources) {
                Ok(value) => expressions.push(value),
                Err(problem) => diagnostics.push(*problem),
            }
        }
        let counts = self.counts(values, &scope, sources, diagnostics)?;
        let read = self.read_params().map(|index| (index, values.get(index).value.clone())).collect();
        (diagnostics.error_count() == before).then_some(Decisions { read, expressions, counts })
    }

    /// The parameters that decide anything: those that expressions read, and the lists.
    fn read_params(&self) -> impl Iterator<Item = usize> {
        let read = |index: usize| {
            self.shapes(index) || self.expressions.iter().any(|expression| expression.reads.contains(&index))
        };
        (0..self.names.len()).filter(move |index| read(*index))
    }

    fn check_constraints(
        &self,
        values: &Values,
        scope: &Scope,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) {
        for (rule, message) in &self.constraints {
            match rule.is_true(scope, sources) {
                Ok(true) => {}
                Ok(false) => diagnostics.push(self.violated(rule, message, values)),
                Err(problem) => diagnostics.push(*problem),
            }
        }
    }

    /// A violated constraint, shown where the values were given, or else at the rule.
    fn violated(&self, rule: &Expression<'_>, message: &str, values: &Values) -> Diagnostic {
        let shown = |&index: &usize| format!("`{}` is {}", self.names[index], values.get(index).value);
        let all = rule.reads.iter().map(shown).collect::<Vec<_>>().join(", ");
        let mut diagnostic = Diagnostic::format("constraint-violated", message);
        for index in &rule.reads {
            diagnostic = diagnostic.at_opt(values.get(*index).span, shown(index));
        }
        diagnostic.at(rule.source().span, "this must hold").help(all)
    }

    /// How many instances each node has; nothing if there would be too many in all.
    fn counts(
        &self,
        values: &Values,
        scope: &Scope,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<usize>> {
        let mut total = 0_usize;
        let mut largest: Option<(usize, Span)> = None;
        let mut counts = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let on = match &node.when {
                None => true,
                Some(when) => when.is_true(scope, sources).unwrap_or_else(|problem| {
                    diagnostics.push(*problem);
                    false
                }),
            };
            let given = node.for_each.map(|list| values.get(list));
            let count = match given.map(|given| &given.value) {
                _ if !on => 0,
                None => 1,
                Some(Value::List(items)) => items.len(),
                Some(_) => 0,
            };
            if largest.is_none_or(|(most, _)| count > most) {
                largest = Some((count, given.and_then(|given| given.span).unwrap_or(node.key.span)));
            }
            total = total.saturating_add(count);
            counts.push(count);
        }
        if total > MAX_NODES {
            diagnostics.push(
                Diagnostic::format(
                    "too-many-nodes",
                    format!("the workflow would have {total} nodes; the limit is {MAX_NODES}"),
                )
                .at_opt(largest.map(|(_, span)| span), "most of them come from here")
                .help("shorten the list"),
            );
            return None;
        }
        Some(counts)
    }
}
