//! A workflow as rules see it, and running rules over it.

use std::cell::OnceCell;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Check, Facts, Judged, Levels, RULES, Rule, Settings, found, node_ref};
use crate::analysis::{Analysis, Known, Place, Unknown, Why};
use crate::catalog::{Gpu, InputSpec, NodeClass};
use crate::check::Verdict;
use crate::diag::{Diagnostic, Diagnostics, Edit, Fix, Gate, Severity};
use crate::front::toml::policy::Policy;
use crate::front::toml::types::Platform;
use crate::ir::{Argument, Graph, Input, Node, NodeId, Value};
use crate::plan::{Assume, Budget, Options, Plan, Residency, Setup};
use crate::source::Span;

/// A workflow, as rules see it.
pub(super) struct Workflow<'w> {
    pub(super) graph: &'w Graph,
    pub(super) verdict: &'w Verdict,
    pub(super) facts: &'w Facts<'w>,
    /// The card that the workflow is for, if that is said.
    pub(super) target: Option<&'w Gpu>,
    /// The memory that it may use, if that is said.
    pub(super) budget: Option<Budget>,
    /// What decides how much of it is needed, as far as that is said.
    setup: Setup,
    plan: OnceCell<Plan>,
    /// The ranges that the team works in.
    pub(super) policies: &'w [Arc<Policy>],
    /// What runs it, if that is said.
    pub(super) platform: Option<Platform>,
    /// What is known of every node's outputs, of samplers, and of the order of things.
    pub(super) analysis: Analysis<'w>,
    /// By node: whether an output depends on it, through whatever link.
    pub(super) needed: Vec<bool>,
    /// The outputs that the server leaves out while it runs others.
    pub(super) dropped: FxHashSet<NodeId>,
}

impl<'w> Workflow<'w> {
    pub(super) fn node(&self, id: NodeId) -> &'w Node {
        self.graph.node(id)
    }

    /// What it needs of a card, as far as it says its sizes itself. Computed for the rule that asks first.
    pub(super) fn plan(&self) -> &Plan {
        let options = || Options::on(self.setup, Assume::default(), Residency::default());
        self.plan.get_or_init(|| Plan::new(self.graph, &self.analysis, &options()))
    }

    /// True if an output depends on the node: what does not run does no harm.
    pub(super) fn runs(&self, id: NodeId) -> bool {
        self.needed[id.index()]
    }

    /// The outputs that run.
    pub(super) fn outputs(&self) -> impl Iterator<Item = NodeId> {
        self.verdict.outputs.iter().map(|(id, _)| *id)
    }

    /// A finding about a whole node.
    pub(super) fn at_node(&self, rule: &Rule, id: NodeId, message: impl Into<String>) -> Diagnostic {
        let node = self.node(id);
        found(rule, message.into()).at_opt(node.origin.span(), "").node(node_ref(node, None))
    }

    /// A finding about an input of a node: marked where the value that arrives there is written, and
    /// where it is used. For an input that is not there, at the node.
    pub(super) fn at(&self, rule: &Rule, id: NodeId, input: &str, message: impl Into<String>) -> Diagnostic {
        let node = self.node(id);
        let Some(used) = node.input(input) else {
            let finding = found(rule, message.into()).at_opt(node.origin.span(), "");
            return finding.node(node_ref(node, Some(input)));
        };
        let written = self.written(id, input).unwrap_or(used);
        let finding = marked(found(rule, message.into()), written);
        let is_elsewhere = !std::ptr::eq(written, used) && written.origin != used.origin;
        let finding = if is_elsewhere { finding.at_opt(used.origin.span(), "arrives here") } else { finding };
        finding.node(node_ref(node, Some(input)))
    }

    /// A note that a rule could not judge a node.
    fn not_evaluated(&self, rule: &Rule, id: NodeId, unknown: Unknown) -> Diagnostic {
        let (node, end) = (self.node(id), self.node(unknown.node));
        let why = unknown.why.text();
        let message =
            format!("`{}` is not evaluated here: `{}` ({}) {why}", rule.name, end.key, end.class_type);
        Diagnostic { severity: Severity::Info, ..Diagnostic::lint("not-evaluated", message) }
            .at_opt(node.origin.span(), "")
            .node(node_ref(node, None))
    }

    /// The repair that writes `value` where the value of an input is written; none where it is computed, or
    /// has another place than the text that is read.
    pub(super) fn rewrite(&self, id: NodeId, input: &str, value: &Value, safe: bool) -> Option<Fix> {
        rewrite(self.written(id, input)?, value, safe)
    }

    /// Where the value that arrives at an input is written as it is, however it gets there.
    fn written(&self, id: NodeId, input: &str) -> Option<&'w Input> {
        let Place { node, input } = self.analysis.written(id, input)?;
        self.node(node).inputs().get(input as usize)
    }
}

/// Marked where the value of an input was given, and where it is used.
fn marked(diagnostic: Diagnostic, input: &Input) -> Diagnostic {
    let used = input.origin.span();
    match input.given() {
        Some(given) => diagnostic.at(given, "").at_opt(used, "used here"),
        None => diagnostic.at_opt(used, ""),
    }
}

/// The repair that writes `value` in the place of an input's literal.
fn rewrite(input: &Input, value: &Value, safe: bool) -> Option<Fix> {
    let span = input.text_span()?;
    let text = value.to_string();
    Some(Fix { title: format!("write {text}"), edits: vec![Edit { span, text }], safe })
}

/// An input, as rules see it.
pub(super) struct At<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) node: &'a Node,
    pub(super) class: &'a NodeClass,
    pub(super) input: &'a Input,
    /// Its declaration, if the class has one.
    pub(super) spec: Option<&'a InputSpec>,
    /// Where its name is written, if that is known and the class does not declare it.
    pub(super) key: Option<Span>,
    /// The places of which the reader of the file has said something.
    reported: &'a FxHashSet<Span>,
}

impl At<'_> {
    /// True if the reader of the file has said something of this value, which is then not said again.
    pub(super) fn is_reported(&self) -> bool {
        self.input.origin.span().is_some_and(|span| self.reported.contains(&span))
    }

    /// The literal that the input is given, without a wrapping.
    pub(super) fn literal(&self) -> Option<&Value> {
        match &self.input.value {
            Argument::Literal(value) => Some(value),
            Argument::Link { .. } => None,
        }
    }

    /// A finding of `rule` here.
    pub(super) fn finding(&self, rule: &Rule, message: String) -> Diagnostic {
        marked(found(rule, message), self.input).node(node_ref(self.node, Some(&self.input.name)))
    }

    /// The repair that writes `value` here.
    pub(super) fn rewrite(&self, value: &Value, safe: bool) -> Option<Fix> {
        rewrite(self.input, value, safe)
    }
}

/// What a rule finds that looks at the whole workflow.
#[derive(Default)]
pub(super) struct Findings {
    found: Vec<Diagnostic>,
    unknown: Vec<(NodeId, Unknown)>,
}

impl Findings {
    /// Adds a finding.
    pub(super) fn push(&mut self, finding: Diagnostic) {
        self.found.push(finding);
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.found.len()
    }

    /// What is known, or nothing after a note that `node` could not be judged.
    pub(super) fn known<T>(&mut self, node: NodeId, known: Known<T>) -> Option<T> {
        known.map_err(|unknown| self.unknown.push((node, unknown))).ok()
    }
}

/// The rules that are on, by what they look at.
#[derive(Default)]
struct Selected {
    inputs: Vec<fn(&At<'_>) -> Option<Diagnostic>>,
    nodes: Vec<fn(&Workflow<'_>, NodeId) -> Option<Diagnostic>>,
    classes: FxHashMap<&'static str, Vec<&'static Rule>>,
    samplers: Vec<&'static Rule>,
    workflows: Vec<&'static Rule>,
}

impl Selected {
    fn of(levels: &Levels) -> Self {
        let mut selected = Self::default();
        for (_, rule) in RULES.iter().enumerate().filter(|(at, _)| levels.is_on(*at)) {
            match rule.check {
                Check::Input(check) => selected.inputs.push(check),
                Check::Node(check) => selected.nodes.push(check),
                Check::Class(classes, _) => {
                    for class in classes {
                        selected.classes.entry(class).or_default().push(rule);
                    }
                }
                Check::Sampler(_) => selected.samplers.push(rule),
                Check::Workflow(_) => selected.workflows.push(rule),
                Check::Elsewhere => {}
            }
        }
        selected
    }
}

pub(super) fn run(
    graph: &Graph,
    verdict: &Verdict,
    facts: &Facts<'_>,
    settings: &Settings,
    diagnostics: &mut Diagnostics,
) {
    let selected = Selected::of(&settings.levels);
    let outputs = verdict.outputs.iter().map(|(id, _)| *id);
    let runs = verdict.outputs.iter().any(|(_, valid)| *valid);
    let dropped = verdict.outputs.iter().filter(|(_, valid)| runs && !valid).map(|(id, _)| *id);
    let workflow = Workflow {
        graph,
        verdict,
        facts,
        target: settings.target.as_ref(),
        budget: settings.budget,
        setup: settings.setup,
        plan: OnceCell::new(),
        policies: &settings.policies,
        platform: settings.platform,
        analysis: Analysis::new(graph, facts.models),
        needed: graph.ancestors(outputs),
        dropped: dropped.collect(),
    };
    let reported: FxHashSet<Span> =
        diagnostics.iter().filter(|found| found.gate == Gate::Lint).filter_map(Diagnostic::span).collect();
    let mut not_evaluated = Vec::new();
    let mut judged = |rule: &'static Rule, node: NodeId, result: Judged| match result {
        Ok(finding) => diagnostics.extend(finding),
        Err(Unknown { why: Why::Absent, .. }) => {}
        Err(unknown) => not_evaluated.push((rule, node, unknown)),
    };
    for (id, node) in graph.nodes() {
        for rule in selected.classes.get(&*node.class_type).into_iter().flatten() {
            if let Check::Class(_, check) = rule.check
                && workflow.runs(id)
            {
                judged(rule, id, check(&workflow, id));
            }
        }
    }
    for sampler in workflow.analysis.samplers().iter().filter(|sampler| workflow.runs(sampler.node)) {
        for rule in &selected.samplers {
            if let Check::Sampler(check) = rule.check {
                judged(rule, sampler.node, check(&workflow, sampler));
            }
        }
    }
    for rule in &selected.workflows {
        let Check::Workflow(check) = rule.check else { continue };
        let mut findings = Findings::default();
        check(&workflow, &mut findings);
        for (node, unknown) in findings.unknown {
            judged(rule, node, Err(unknown));
        }
        for finding in findings.found {
            judged(rule, NodeId::default(), Ok(Some(finding)));
        }
    }
    for (id, node) in graph.nodes() {
        diagnostics.extend(selected.nodes.iter().filter_map(|check| check(&workflow, id)));
        let Some(class) = &node.class else { continue };
        let chosen = |name: &str| -> Option<Arc<str>> {
            match &node.input(name)?.value {
                Argument::Literal(Value::Str(text)) => Some(text.clone()),
                _ => None,
            }
        };
        let specs = class.known_inputs(&chosen);
        for (index, input) in node.inputs().iter().enumerate() {
            let spec = specs.iter().find(|spec| spec.name == input.name);
            let key = graph.written_name(id, index);
            let at = At { facts, node, class, input, spec, key, reported: &reported };
            diagnostics.extend(selected.inputs.iter().filter_map(|check| check(&at)));
        }
    }
    if settings.verbose {
        let note = |(rule, node, unknown)| workflow.not_evaluated(rule, node, unknown);
        diagnostics.extend(not_evaluated.into_iter().map(note));
    }
}
