//! Which rules are on, and how bad what they find is.

use super::RULES;
use crate::diag::{self, Diagnostic, Diagnostics, Gate, Severity};
use crate::front::toml::decode::Named;
use crate::front::toml::preset::{Level, LintLevel};

/// The severity of each rule; none for a rule that is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Levels(Vec<Option<Severity>>);

impl Default for Levels {
    /// The rules' own.
    fn default() -> Self {
        Self(RULES.iter().map(|rule| rule.severity).collect())
    }
}

impl Levels {
    /// The levels that a preset or project sets, and the rules' own for the rest. Rules that do not
    /// exist are reported.
    pub fn of(named: &Named<LintLevel>, diagnostics: &mut Diagnostics) -> Self {
        let mut levels = Self::default();
        for (rule, level) in named {
            if let Err(help) = levels.set(&rule.value, level.level) {
                diagnostics.push(
                    Diagnostic::format("unknown-rule", format!("there is no lint rule `{}`", rule.value))
                        .at(rule.span, "")
                        .help(help),
                );
            }
        }
        levels
    }

    /// Sets the level of a rule.
    ///
    /// # Errors
    /// When there is no such rule: which ones there are.
    pub fn set(&mut self, rule: &str, level: Level) -> Result<(), String> {
        let Some(at) = RULES.iter().position(|known| known.name == rule) else {
            let names = || RULES.iter().map(|rule| rule.name);
            return Err(diag::did_you_mean(rule, names())
                .unwrap_or_else(|| format!("the rules are: {}", names().collect::<Vec<_>>().join(", "))));
        };
        self.0[at] = match level {
            Level::Allow => None,
            Level::Warn => Some(Severity::Warning),
            Level::Deny => Some(Severity::Error),
        };
        Ok(())
    }

    /// The rules that a preset or project denies, and no others; nothing if it denies none.
    #[must_use]
    pub fn denied(named: &Named<LintLevel>) -> Option<Self> {
        let denied = |rule: &str| named.get(rule).is_some_and(|level| level.level == Level::Deny);
        let levels: Vec<_> = RULES.iter().map(|rule| denied(rule.name).then_some(Severity::Error)).collect();
        levels.iter().any(Option::is_some).then_some(Self(levels))
    }

    pub(super) fn is_on(&self, rule: usize) -> bool {
        self.0.get(rule).copied().flatten().is_some()
    }

    /// Gives every finding the severity of its rule, and drops those of rules that are off.
    pub fn apply(&self, diagnostics: &mut Diagnostics) {
        diagnostics.relevel(|diagnostic| {
            let rule = RULES.iter().position(|rule| rule.name == diagnostic.rule);
            match rule.filter(|_| diagnostic.gate == Gate::Lint) {
                Some(rule) => self.0[rule],
                None => Some(diagnostic.severity),
            }
        });
    }
}

/// Applies the levels that presets and projects set, and reports those for rules that do not exist.
pub fn apply(named: &Named<LintLevel>, diagnostics: &mut Diagnostics) {
    Levels::of(named, diagnostics).apply(diagnostics);
}
