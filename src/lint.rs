//! What ComfyUI would accept and should not: rules with levels.
//!
//! A rule is a file in `lint/rules/`, a page in `docs/rules/` and a line in [`RULES`]. Rules look at a
//! graph that the server would take, and at what `analysis` knows of it; some are found by readers,
//! `lower` and `compile` on their way and are only listed here. Levels are applied at the end. Rules
//! never change what is compiled.

pub mod baseline;

mod allow;
mod budget;
mod frames_of;
mod grid;
mod levels;
mod path;
mod rules;
mod scail_sizes;
mod weights;
mod workflow;
mod wrapper_args;

use std::sync::Arc;

use crate::analysis::{Sampler, Unknown};
use crate::catalog::{Catalog, Gpu, Models};
use crate::check::Verdict;
use crate::diag::{Diagnostic, Diagnostics, NodeRef, Severity};
use crate::front::toml::policy::Policy;
use crate::front::toml::types::Platform;
use crate::ir::{Graph, Node, NodeId};
use crate::plan::{Budget, Setup};

pub use allow::Allowances;
pub use levels::Levels;
pub use rules::RULES;
use workflow::{At, Findings, Workflow};

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case; states the defect.
    pub name: &'static str,
    /// What it reports.
    pub summary: &'static str,
    /// What kind of damage it prevents.
    pub group: Group,
    /// What it looks at.
    pub subject: Subject,
    /// How bad it is where nobody says otherwise; `None`: it is off.
    pub severity: Option<Severity>,
    /// What `--fix` repairs of what it finds; `None`: nothing.
    pub repairs: Option<&'static str>,
    /// Its page in `docs/rules/`: why, evidence and examples, in Markdown.
    pub page: &'static str,
    check: Check,
}

/// What kind of damage a rule prevents. A level can be set for all rules of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The workflow fails, or its result is wrong.
    Correctness,
    /// The generation steps stand in the wrong order.
    Order,
    /// It does not fit the card that it is for.
    Budget,
    /// It costs more than it needs to.
    Cost,
    /// Its result cannot be had again.
    Reproducibility,
    /// It runs on its author's machine only.
    Portability,
    /// It is harder to read than it needs to be.
    Style,
    /// Worth knowing for who wants to know everything.
    Pedantic,
}

impl Group {
    /// The group of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }

    /// All groups, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Correctness,
        Self::Order,
        Self::Budget,
        Self::Cost,
        Self::Reproducibility,
        Self::Portability,
        Self::Style,
        Self::Pedantic,
    ];

    /// Its name in levels, lists and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Correctness => "correctness",
            Self::Order => "order",
            Self::Budget => "budget",
            Self::Cost => "cost",
            Self::Reproducibility => "reproducibility",
            Self::Portability => "portability",
            Self::Style => "style",
            Self::Pedantic => "pedantic",
        }
    }

    /// What its rules find.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Correctness => "the workflow fails, or its result is wrong",
            Self::Order => "the generation steps stand in the wrong order",
            Self::Budget => "the workflow does not fit the card that it is for",
            Self::Cost => "it costs more than it needs to",
            Self::Reproducibility => "its result cannot be had again",
            Self::Portability => "it runs on its author's machine only",
            Self::Style => "it is harder to read than it needs to be",
            Self::Pedantic => "worth knowing for who wants to know everything",
        }
    }
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Any workflow, also one that is compiled from a preset.
    Workflow,
    /// The text of a workflow in API format.
    Api,
    /// A workflow as the editor saves it.
    Ui,
    /// Presets and graph files.
    Source,
}

/// What a rule makes of a part of a workflow: a finding or none, or why that cannot be known.
type Judged = Result<Option<Diagnostic>, Unknown>;

#[derive(Clone, Copy, Debug)]
enum Check {
    /// Looks at one input.
    Input(fn(&At<'_>) -> Option<Diagnostic>),
    /// Looks at one node, of whatever class.
    Node(fn(&Workflow<'_>, NodeId) -> Option<Diagnostic>),
    /// Looks at one node of these classes.
    Class(&'static [&'static str], fn(&Workflow<'_>, NodeId) -> Judged),
    /// Looks at one sampler, of whatever class.
    Sampler(fn(&Workflow<'_>, &Sampler) -> Judged),
    /// Looks at the whole workflow.
    Workflow(fn(&Workflow<'_>, &mut Findings)),
    /// Found while a file is read or compiled.
    Elsewhere,
}

/// The page of a rule in `docs/rules/`.
macro_rules! page {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules/", $name, ".md"))
    };
}
use page;

/// The rule called `name`.
#[must_use]
pub fn rule(name: &str) -> Option<&'static Rule> {
    let at = RULES.binary_search_by(|rule| rule.name.cmp(name)).ok()?;
    RULES.get(at).copied()
}

/// What rules know besides the workflow.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'f> {
    /// The node classes.
    pub catalog: &'f Catalog,
    /// The model files.
    pub models: &'f Models,
}

/// How a workflow is judged.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which rules are on, and how bad what they find is.
    pub levels: Levels,
    /// The findings that are allowed.
    pub allowances: Allowances,
    /// The card that the workflow is for, if that is said.
    pub target: Option<Gpu>,
    /// The memory that the workflow may use, if that is said.
    pub budget: Option<Budget>,
    /// What decides how much of it is needed, as far as that is said.
    pub setup: Setup,
    /// The ranges that the team works in, each with its name.
    pub policies: Vec<Arc<Policy>>,
    /// What runs it, if that is said.
    pub platform: Option<Platform>,
    /// Report also what rules could not judge, and why.
    pub verbose: bool,
}

impl Settings {
    /// Gives every finding the severity of its rule, and drops those of rules that are off and those that are
    /// allowed.
    pub fn judge(&self, diagnostics: &mut Diagnostics) {
        self.levels.apply(diagnostics);
        self.allowances.apply(diagnostics);
    }
}

impl From<Levels> for Settings {
    fn from(levels: Levels) -> Self {
        Self { levels, ..Self::default() }
    }
}

fn found(rule: &Rule, message: String) -> Diagnostic {
    Diagnostic {
        severity: rule.severity.unwrap_or(Severity::Warning),
        ..Diagnostic::lint(rule.name, message)
    }
}

fn node_ref(node: &Node, input: Option<&str>) -> NodeRef {
    NodeRef {
        key: node.key.to_string(),
        class_type: node.class_type.to_string(),
        input: input.map(str::to_owned),
    }
}

/// Reports what is wrong with a workflow although the server takes it. Rules that `levels` switches
/// off are not run.
pub fn workflow(
    graph: &Graph,
    verdict: &Verdict,
    facts: &Facts<'_>,
    settings: &Settings,
    diagnostics: &mut Diagnostics,
) {
    workflow::run(graph, verdict, facts, settings, diagnostics);
}
