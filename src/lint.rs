//! What ComfyUI would accept and should not: rules with levels.
//!
//! The rules so far look at presets and graph files, and `lower` and `compile` find them on their
//! way; here their levels are applied. Rules never change what is compiled.

use crate::diag::{self, Diagnostic, Diagnostics, Gate, Severity};
use crate::front::toml::decode::Named;
use crate::front::toml::preset::{Level, LintLevel};

/// The rules whose level can be set: name, and what it reports. Sorted by name.
pub const RULES: [(&str, &str); 3] = [
    ("param-without-effect", "a value in a preset without which the workflow would be the same"),
    ("unused-model", "a model slot of a graph that no input uses"),
    ("unused-param", "a parameter of a graph that nothing uses"),
];

/// Applies the levels that presets and projects set, and reports those for rules that do not exist.
pub fn apply(levels: &Named<LintLevel>, diagnostics: &mut Diagnostics) {
    for (rule, _) in levels {
        let names = || RULES.iter().map(|(name, _)| *name);
        if !names().any(|name| *name == *rule.value) {
            let help = diag::did_you_mean(&rule.value, names())
                .unwrap_or_else(|| format!("the rules are: {}", names().collect::<Vec<_>>().join(", ")));
            diagnostics.push(
                Diagnostic::format("unknown-rule", format!("there is no lint rule `{}`", rule.value))
                    .at(rule.span, "")
                    .help(help),
            );
        }
    }
    diagnostics.relevel(|diagnostic| {
        let level = levels.get(diagnostic.rule).filter(|_| diagnostic.gate == Gate::Lint);
        match level.map(|level| level.level) {
            None => Some(diagnostic.severity),
            Some(Level::Allow) => None,
            Some(Level::Warn) => Some(Severity::Warning),
            Some(Level::Deny) => Some(Severity::Error),
        }
    });
}
