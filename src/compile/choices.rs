//! Which workflows of a batch may need different amounts of memory or time, so that not all need to be planned.

use super::Job;
use crate::catalog::InputKind;
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml::graph::ParamType;
use crate::ir::{Graph, Value};
use crate::lower::matrix::{Axis, Series};

/// Most choices of one preset that are looked at one by one.
pub const MAX_CHOICES: u64 = 1_000;

/// A workflow that stands for all that differ from it in nothing but seeds, texts and input files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its number; see [`Job::all`].
    pub number: u64,
    /// How many it stands for, itself among them.
    pub workflows: u64,
}

impl Job<'_> {
    /// One workflow for every choice that may matter to memory or time: seeds, texts and input files do not, where they
    /// switch no nodes and are used as nothing else. Gives nothing if there are more than [`MAX_CHOICES`], or the first
    /// workflow does not compile; both are reported.
    pub fn choices(&mut self, diagnostics: &mut Diagnostics) -> Option<Vec<Choice>> {
        let numbers = self.numbers();
        let first = self.compile(numbers.start, diagnostics)?;
        let mut axes: Vec<(u64, u64)> = Vec::new();
        let (mut stride, mut each) = (1, 1);
        for axis in self.matrix.axes.iter().rev() {
            if self.matters(axis, first.graph()) {
                axes.push((stride, axis.len));
            } else {
                each *= axis.len;
            }
            stride *= axis.len;
        }
        let rungs = (numbers.end - numbers.start) / stride.max(1);
        let choices = axes.iter().fold(1, |count: u64, (_, len)| count.saturating_mul(*len));
        if choices.saturating_mul(rungs) > MAX_CHOICES {
            let message = format!(
                "the batch has {} workflows that may need different amounts; a plan looks at {MAX_CHOICES} at most",
                choices.saturating_mul(rungs)
            );
            let help =
                "give one value for an axis that does not matter, with `--set`, or one rung with `--rung`";
            diagnostics.push(
                Diagnostic::format("too-many-plans", message).at(self.loaded.graph_span, "").help(help),
            );
            return None;
        }
        let mut all = Vec::new();
        for rung in 0..rungs {
            for choice in 0..choices {
                let (mut rest, mut number) = (choice, numbers.start + rung * stride);
                for (stride, len) in &axes {
                    number += rest % len * stride;
                    rest /= len;
                }
                all.push(Choice { number, workflows: each });
            }
        }
        all.sort_by_key(|choice| choice.number);
        Some(all)
    }

    /// What workflow `number` has of the matrix: a parameter, or `models.` and a slot, and its value.
    #[must_use]
    pub fn values_of(&self, number: u64) -> Vec<(&str, Value)> {
        self.matrix.values(number % self.matrix.count().max(1))
    }

    /// True if an axis may change what a workflow needs.
    fn matters(&self, axis: &Axis, graph: &Graph) -> bool {
        let params = &self.loaded.graph.params;
        axis.columns.iter().any(|column| {
            let (Series::List(index, _) | Series::Range(index, ..)) = &column.series else { return true };
            let Some((name, param)) = params.iter().nth(*index) else { return true };
            let kind = *param.kind.get();
            let is_content = matches!(
                kind,
                ParamType::Seed | ParamType::String | ParamType::Image | ParamType::Video | ParamType::Audio
            );
            if !is_content || self.template().switches(*index) {
                return true;
            }
            let mut bindings = graph.bindings().iter().filter(|binding| binding.param == name.value);
            bindings.any(|binding| {
                let node = graph.node(binding.node);
                let name = node.inputs().get(binding.input as usize).map(|input| &input.name);
                let input = node.class.as_ref().zip(name).and_then(|(class, name)| class.input(name));
                let Some(input) = input else { return true };
                let is_input_file = input.kind.folder() == Some("input");
                match kind {
                    ParamType::Seed => false,
                    ParamType::String => binding.computed || !matches!(input.kind, InputKind::String { .. }),
                    _ => binding.computed || !is_input_file,
                }
            })
        })
    }
}
