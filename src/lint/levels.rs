//! Which rules are on, and how bad what they find is.

use super::{Group, RULES};
use crate::diag::{self, Diagnostic, Diagnostics, Gate, Severity};
use crate::front::toml::decode::Named;
use crate::front::toml::lint::{Level, LintLevel, LintLevels};

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
    /// The levels that presets and projects set, and the rules' own for the rest. Rules that do not exist are
    /// reported.
    pub fn of(levels: &LintLevels, diagnostics: &mut Diagnostics) -> Self {
        let mut all = Self::default();
        for layer in levels.layers() {
            all.lay(layer, diagnostics);
        }
        all
    }

    /// Sets the levels of a layer: first those of groups, so that a rule's own wins.
    fn lay(&mut self, layer: &Named<LintLevel>, diagnostics: &mut Diagnostics) {
        let (groups, rules): (Vec<_>, Vec<_>) =
            layer.iter().partition(|(name, _)| Group::named(&name.value).is_some());
        for (name, level) in groups.into_iter().chain(rules) {
            if let Err(help) = self.set(&name.value, level.level) {
                diagnostics.push(unknown_rule(&name.value).at(name.span, "").help(help));
            }
        }
    }

    /// Sets the level of a rule, or of all rules of a group.
    ///
    /// # Errors
    /// When there is neither: what was meant, or what there is.
    pub fn set(&mut self, name: &str, level: Level) -> Result<(), String> {
        let severity = match level {
            Level::Allow => None,
            Level::Warn => Some(Severity::Warning),
            Level::Deny => Some(Severity::Error),
        };
        let group = Group::named(name);
        let mut is_known = group.is_some();
        for (rule, own) in RULES.iter().zip(&mut self.0) {
            if rule.name == name || Some(rule.group) == group {
                *own = severity;
                is_known = true;
            }
        }
        if is_known { Ok(()) } else { Err(meant(name)) }
    }

    /// The rules that a preset or project denies, those of `always` that it says nothing of, and no others; nothing if there
    /// are none.
    #[must_use]
    pub fn denied(levels: &LintLevels, always: &[&str]) -> Option<Self> {
        let own = |rule: &&super::Rule| rule.severity.filter(|_| always.contains(&rule.name));
        let mut denied = Self(RULES.iter().map(own).collect());
        for layer in levels.layers() {
            // Whoever needs to know of unknown rules was told.
            denied.lay(layer, &mut Diagnostics::new());
        }
        for level in &mut denied.0 {
            *level = level.filter(|level| *level == Severity::Error);
        }
        denied.0.iter().any(Option::is_some).then_some(denied)
    }

    pub(super) fn is_on(&self, rule: usize) -> bool {
        self.0.get(rule).copied().flatten().is_some()
    }

    /// Gives every finding the severity of its rule, and drops those of rules that are off.
    pub fn apply(&self, diagnostics: &mut Diagnostics) {
        diagnostics.relevel(|diagnostic| {
            let rule = RULES.binary_search_by(|rule| rule.name.cmp(diagnostic.rule)).ok();
            match rule.filter(|_| diagnostic.gate == Gate::Lint) {
                Some(rule) => self.0[rule],
                None => Some(diagnostic.severity),
            }
        });
    }
}

/// The problem that there is no such rule, without its place.
pub(super) fn unknown_rule(name: &str) -> Diagnostic {
    Diagnostic::format("unknown-rule", format!("there is no lint rule `{name}`"))
}

/// What may have been meant by the name of a rule or group.
pub(super) fn meant(name: &str) -> String {
    let groups = Group::ALL.map(Group::name);
    let names = RULES.iter().map(|rule| rule.name).chain(groups);
    diag::did_you_mean(name, names)
        .unwrap_or_else(|| format!("`wfc rules` lists the rules; the groups are {}", groups.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rule_is_called_like_a_group() {
        assert!(RULES.iter().all(|rule| Group::named(rule.name).is_none()));
    }
}
