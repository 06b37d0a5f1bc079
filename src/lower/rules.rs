//! What a graph decides and computes with its expressions, for whoever gives a compiled workflow other
//! values: the rules that must hold, the conditions that must stay as they are, the values to compute anew.

use std::sync::Arc;

use super::decide::Decisions;
use super::expr::{Expression, Scope};
use super::params::Values;
use super::template::{Repeat, Template, ValuePlan};
use crate::ir::Value;
use crate::source::Sources;

/// A condition that decides whether there are nodes, or how many.
#[derive(Debug)]
pub struct Switch<'t> {
    /// The expression, written as in the graph.
    pub rule: &'t Arc<str>,
    /// What it gives for the values of the workflow: true or false, or how many times.
    pub gives: Value,
}

/// An input whose value is computed.
#[derive(Debug)]
pub struct ComputedInput<'t> {
    /// The key of its node, with the number of the item if there is one for each.
    pub node: Arc<str>,
    /// The input.
    pub input: &'t Arc<str>,
    /// The expression, written as in the graph.
    pub expr: &'t Arc<str>,
    /// The parameters that it reads, by index.
    pub reads: &'t [usize],
    /// The current item, if it reads that.
    pub item: Option<Value>,
}

impl Template<'_> {
    /// The constraints: expression, what it reads, and why it must hold.
    pub fn constraints(&self) -> impl Iterator<Item = (&Arc<str>, &[usize], &Arc<str>)> {
        self.constraints.iter().map(|(rule, message)| (&rule.source().value, &*rule.reads, message))
    }

    /// The expressions that decide which nodes there are, and whether each is a condition or a number of times.
    fn deciders(&self) -> impl Iterator<Item = (&Expression<'_>, bool)> {
        let conditions = self.nodes.iter().filter_map(|node| Some((node.when.as_ref()?, true)));
        let counts = self.repeats.iter().filter_map(|repeat| match repeat {
            Repeat::Count(count) => Some((count, false)),
            Repeat::List(_) => None,
        });
        conditions.chain(counts)
    }

    /// What decides which nodes there are, each expression once.
    #[must_use]
    pub fn deciding(&self, values: &Values, sources: &Sources) -> Vec<Switch<'_>> {
        let scope = Scope::new(self.names.clone(), values.iter());
        let mut switches: Vec<Switch<'_>> = Vec::new();
        for (expression, is_condition) in self.deciders() {
            let rule = &expression.source().value;
            let gives = outcome(expression, is_condition, &scope, sources).unwrap_or(Value::Null);
            if !switches.iter().any(|known| known.rule == rule && known.gives == gives) {
                switches.push(Switch { rule, gives });
            }
        }
        switches
    }

    /// True if everything that reads the parameter alone and decides which nodes there are gives the same
    /// after giving it `value`.
    #[must_use]
    pub fn keeps_nodes(&self, param: usize, value: &Value, values: &Values, sources: &Sources) -> bool {
        let before = Scope::new(self.names.clone(), values.iter());
        let changed = values.iter().enumerate().map(|(at, own)| if at == param { value } else { own });
        let after = Scope::new(self.names.clone(), changed);
        let mut alone = self.deciders().filter(|(expression, _)| *expression.reads == [param]);
        alone.all(|(expression, is_condition)| {
            let outcome = |scope| outcome(expression, is_condition, scope, sources);
            outcome(&before) == outcome(&after)
        })
    }

    /// The inputs whose value is computed from parameters. `decisions` must hold for `values`.
    #[must_use]
    pub fn computed(&self, values: &Values, decisions: &Decisions) -> Vec<ComputedInput<'_>> {
        let mut inputs = Vec::new();
        for (node, &count) in self.nodes.iter().zip(&decisions.counts) {
            for input in &node.inputs {
                let ValuePlan::Expr(index) = &input.value else { continue };
                let computed = &self.expressions[*index];
                if computed.expression.reads.is_empty() {
                    continue;
                }
                inputs.extend((0..count).map(|index| ComputedInput {
                    node: node.instance_key(index),
                    input: &input.name,
                    expr: &computed.expression.source().value,
                    reads: &computed.expression.reads,
                    item: computed.repeat.map(|repeat| self.item(repeat, index, values)),
                }));
            }
        }
        inputs
    }
}

/// What an expression that decides about nodes gives, if it does not fail.
fn outcome(
    expression: &Expression<'_>,
    is_condition: bool,
    scope: &Scope,
    sources: &Sources,
) -> Option<Value> {
    if is_condition {
        expression.is_true(scope, sources).ok().map(Value::Bool)
    } else {
        expression.evaluate(scope, sources).ok()
    }
}
