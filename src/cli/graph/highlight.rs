//! What is marked in a picture: nodes by their keys, and what rules find.

use crate::check::{self, ServerVersion};
use crate::cli::{ToolError, explain};
use crate::compile::Compiler;
use crate::diag::{self, Diagnostic, Diagnostics};
use crate::front::toml::lint::Level;
use crate::ir::Graph;
use crate::lint::{self, Allowances, Facts, Group, Settings};
use crate::review::picture::{ASKED, Picture};

/// Most nodes that a message names.
const MAX_NAMED: usize = 8;

/// What was asked to be marked.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    keys: Vec<String>,
    /// Rules, groups of rules, and other findings.
    rules: Vec<String>,
}

impl Wanted {
    /// Sorts out what names stand for. A name may be a node's and a rule's; both are marked.
    ///
    /// # Errors
    /// When a name stands for nothing.
    pub(super) fn of(names: &[String], graph: &Graph) -> Result<Self, ToolError> {
        let mut wanted = Self::default();
        for name in names {
            let is_node = graph.find(name).is_some();
            let is_rule = explain::names().any(|known| known == name);
            if !is_node && !is_rule {
                let mut all: Vec<&str> = graph.nodes().map(|(_, node)| &*node.key).collect();
                for name in explain::names() {
                    all.push(name);
                }
                let help = diag::did_you_mean(name, all).unwrap_or_else(|| {
                    "`wfc rules` lists the rules, and the picture has the keys of nodes".into()
                });
                return Err(ToolError::new(format!("there is no node and no rule `{name}`; {help}")));
            }
            wanted.keys.extend(is_node.then(|| name.clone()));
            wanted.rules.extend(is_rule.then(|| name.clone()));
        }
        Ok(wanted)
    }

    /// Marks them; gives what is worth saying of each rule.
    pub(super) fn mark(
        &self,
        graph: &Graph,
        compiler: &Compiler,
        settings: Settings,
        picture: &mut Picture,
    ) -> Vec<String> {
        for key in &self.keys {
            picture.highlight(key, ASKED);
        }
        if self.rules.is_empty() {
            return Vec::new();
        }
        let found = self.findings(graph, compiler, settings);
        self.rules.iter().map(|rule| mark_rule(rule, &found, picture)).collect()
    }

    /// All that is wrong with the workflow, with the rules on that were named.
    fn findings(&self, graph: &Graph, compiler: &Compiler, settings: Settings) -> Vec<Diagnostic> {
        let mut settings = Settings { allowances: Allowances::default(), ..settings };
        for rule in &self.rules {
            // What ComfyUI refuses has no level.
            let _ = settings.levels.set(rule, Level::Warn);
        }
        let mut found = Diagnostics::new();
        let verdict = check::validate(graph, &compiler.catalog, ServerVersion::default(), &mut found);
        let facts = Facts { catalog: &compiler.catalog, models: &compiler.models };
        lint::workflow(graph, &verdict, &facts, &settings, &mut found);
        found.into_sorted()
    }
}

fn mark_rule(rule: &str, found: &[Diagnostic], picture: &mut Picture) -> String {
    let group = Group::named(rule);
    let is_meant = |found: &&Diagnostic| {
        found.rule == rule || group.is_some() && lint::rule(found.rule).map(|rule| rule.group) == group
    };
    let mut keys: Vec<&str> = Vec::new();
    let mut count = 0;
    for problem in found.iter().filter(is_meant) {
        count += 1;
        let own = problem.node.iter().map(|node| node.key.as_str());
        for key in own.chain(problem.path.iter().map(String::as_str)) {
            if picture.highlight(key, problem.rule) && !keys.contains(&key) {
                keys.push(key);
            }
        }
        picture.highlight_way(&problem.path);
    }
    match (count, keys.as_slice()) {
        (0, _) => format!("{rule}: nothing found"),
        (_, []) => format!("{rule}: {count} found, at no node"),
        (_, keys) if keys.len() > MAX_NAMED => {
            let others = keys.len() - MAX_NAMED;
            format!("{rule}: {count} found, at {} and {others} more nodes", keys[..MAX_NAMED].join(", "))
        }
        (_, keys) => format!("{rule}: {count} found, at {}", keys.join(", ")),
    }
}
