//! What a graph decides and computes with its expressions, for whoever gives a compiled workflow other
//! values: the rules that must hold, the conditions that must stay as they are, the values to compute anew.

use std::sync::Arc;

use super::expr::{Expression, Scope};
use super::params::Values;
use super::template::{Template, ValuePlan};
use crate::ir::Value;
use crate::source::Sources;

/// A condition that decides which nodes there are.
#[derive(Debug)]
pub struct Switch<'t> {
    /// The expression, written as in the graph.
    pub rule: &'t Arc<str>,
    /// Whether it is true for the values of the workflow.
    pub on: bool,
    /// The parameters that it reads, by index.
    pub reads: &'t [usize],
}

/// An input whose value is computed.
#[derive(Debug)]
pub struct Computed<'t> {
    /// The key of its node.
    pub node: &'t Arc<str>,
    /// True if there is a node `KEY-1`, `KEY-2`, … for each item of a list.
    pub repeats: bool,
    /// The input.
    pub input: &'t Arc<str>,
    /// The expression, written as in the graph.
    pub expr: &'t Arc<str>,
    /// The parameters that it reads, by index.
    pub reads: &'t [usize],
}

impl Template<'_> {
    /// The constraints: expression, what it reads, and why it must hold.
    pub fn constraints(&self) -> impl Iterator<Item = (&Arc<str>, &[usize], &Arc<str>)> {
        self.constraints.iter().map(|(rule, message)| (&rule.source().value, &*rule.reads, message))
    }

    /// The conditions of nodes, each once, in the order of the nodes.
    #[must_use]
    pub fn switches(&self, values: &Values, sources: &Sources) -> Vec<Switch<'_>> {
        let scope = Scope::new(self.names.clone(), values.iter());
        let mut switches: Vec<Switch<'_>> = Vec::new();
        for when in self.nodes.iter().filter_map(|node| node.when.as_ref()) {
            let rule = &when.source().value;
            if !switches.iter().any(|known| known.rule == rule) {
                let on = when.is_true(&scope, sources).unwrap_or_default();
                switches.push(Switch { rule, on, reads: &when.reads });
            }
        }
        switches
    }

    /// True if every condition that reads the parameter alone is what it was after giving it `value`.
    #[must_use]
    pub fn keeps_switches(&self, param: usize, value: &Value, values: &Values, sources: &Sources) -> bool {
        let before = Scope::new(self.names.clone(), values.iter());
        let changed = values.iter().enumerate().map(|(at, own)| if at == param { value } else { own });
        let after = Scope::new(self.names.clone(), changed);
        let is_true = |when: &Expression<'_>, scope: &Scope| when.is_true(scope, sources).ok();
        let mut alone =
            self.nodes.iter().filter_map(|node| node.when.as_ref()).filter(|when| *when.reads == [param]);
        alone.all(|when| is_true(when, &before) == is_true(when, &after))
    }

    /// The inputs whose value is computed from parameters.
    pub fn computed(&self) -> impl Iterator<Item = Computed<'_>> {
        self.nodes.iter().flat_map(move |node| {
            node.inputs.iter().filter_map(move |input| {
                let ValuePlan::Expr(index) = &input.value else { return None };
                let expression = &self.expressions[*index];
                (!expression.reads.is_empty()).then_some(Computed {
                    node: &node.key.value,
                    repeats: node.for_each.is_some(),
                    input: &input.name,
                    expr: &expression.source().value,
                    reads: &expression.reads,
                })
            })
        })
    }
}
