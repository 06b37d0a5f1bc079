//! What parameter values decide: whether constraints hold, what expressions give, which nodes there are.

use super::MAX_NODES;
use super::expr::{Expression, Scope};
use super::params::Values;
use super::template::{Computed, INDEX, Repeat, Template};
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::Value;
use crate::source::{Sources, Span};

/// What an expression gives.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The same everywhere.
    One(Value),
    /// A value for each item of a `for_each`.
    Each(Vec<Value>),
}

/// The outcome of all expressions of a graph.
#[derive(Debug)]
pub struct Decisions {
    /// The parameters that expressions read, by index, and the values they had.
    read: Vec<(usize, Value)>,
    /// What each expression of the template gives.
    pub(super) expressions: Vec<Outcome>,
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
        // Constraints may keep values away with which expressions fail.
        if diagnostics.error_count() > before {
            return None;
        }
        let repeats = self.repetitions(values, &scope, sources, diagnostics);
        let counts = self.counts(&repeats, values, &scope, sources, diagnostics)?;
        let mut expressions = Vec::with_capacity(self.expressions.len());
        for computed in &self.expressions {
            match self.compute(computed, &repeats, values, &scope, sources) {
                Ok(outcome) => expressions.push(outcome),
                Err(problem) => diagnostics.push(*problem),
            }
        }
        let read = self.read_params().map(|index| (index, values.get(index).value.clone())).collect();
        (diagnostics.error_count() == before).then_some(Decisions { read, expressions, counts })
    }

    fn compute(
        &self,
        computed: &Computed<'_>,
        repeats: &[usize],
        values: &Values,
        scope: &Scope,
        sources: &Sources,
    ) -> Result<Outcome, Box<Diagnostic>> {
        let Some(repeat) = computed.repeat else {
            return computed.expression.evaluate(scope, sources).map(Outcome::One);
        };
        let each = (0..repeats[repeat]).map(|index| {
            let scope = scope.with_item(&self.item(repeat, index, values));
            computed.expression.evaluate(&scope, sources)
        });
        each.collect::<Result<_, _>>().map(Outcome::Each)
    }

    /// An item of a repetition: the fields that its list gives, and which one it is.
    pub(super) fn item(&self, repeat: usize, index: usize, values: &Values) -> Value {
        let mut fields = match self.repeats[repeat] {
            Repeat::List(param) => match &values.get(param).value {
                Value::List(items) => match items.get(index) {
                    Some(Value::Map(fields)) => fields.clone(),
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            },
            Repeat::Count(_) => Vec::new(),
        };
        fields.push((INDEX.into(), Value::Int(index as i128)));
        Value::Map(fields)
    }

    /// The parameters that decide anything: those that expressions read, and the lists.
    fn read_params(&self) -> impl Iterator<Item = usize> {
        let read = |index: usize| {
            self.shapes(index) || self.expressions.iter().any(|one| one.expression.reads.contains(&index))
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
        let shown =
            |&index: &usize| format!("`{}` is {}", self.names[index], shortened(&values.get(index).value));
        let all = rule.reads.iter().map(shown).collect::<Vec<_>>().join(", ");
        let mut diagnostic = Diagnostic::format("constraint-violated", message);
        for index in &rule.reads {
            diagnostic = diagnostic.at_opt(values.get(*index).span, shown(index));
        }
        diagnostic.at(rule.source().span, "this must hold").help(all)
    }

    /// How often each repetition takes place; not at all if its expression is wrong.
    fn repetitions(
        &self,
        values: &Values,
        scope: &Scope,
        sources: &Sources,
        diagnostics: &mut Diagnostics,
    ) -> Vec<usize> {
        let mut counts = Vec::with_capacity(self.repeats.len());
        for repeat in &self.repeats {
            counts.push(match repeat {
                Repeat::List(param) => match &values.get(*param).value {
                    Value::List(items) => items.len(),
                    _ => 0,
                },
                Repeat::Count(expression) => match times(expression, scope, sources) {
                    Ok(count) => count,
                    Err(problem) => {
                        diagnostics.push(*problem);
                        0
                    }
                },
            });
        }
        counts
    }

    /// How many instances each node has; nothing if there would be too many in all.
    fn counts(
        &self,
        repeats: &[usize],
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
            let count = match node.for_each {
                _ if !on => 0,
                None => 1,
                Some(repeat) => repeats[repeat],
            };
            if largest.is_none_or(|(most, _)| count > most) {
                let mut reads = node.for_each.into_iter().flat_map(|repeat| self.repeats[repeat].reads());
                let given = reads.find_map(|param| values.get(*param).span);
                largest = Some((count, given.unwrap_or(node.key.span)));
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
                .help("repeat fewer times"),
            );
            return None;
        }
        Some(counts)
    }
}

/// The number of repetitions that an expression gives.
fn times(expression: &Expression<'_>, scope: &Scope, sources: &Sources) -> Result<usize, Box<Diagnostic>> {
    let value = expression.evaluate(scope, sources)?;
    let whole = match value {
        Value::Int(int) => usize::try_from(int).ok(),
        _ => None,
    };
    whole.ok_or_else(|| {
        let message = format!("this gives {value}; `for_each` needs a whole number from 0");
        Box::new(Diagnostic::format("expression-failed", message).at(expression.source().span, ""))
    })
}

/// A value for a message; of a long one, such as a prompt, the beginning.
pub(crate) fn shortened(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
