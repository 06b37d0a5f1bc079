//! Findings that are allowed: by a comment on their line, or by the lint file of a workflow.

use std::sync::Arc;

use super::levels::{Levels, meant, unknown_rule};
use super::{Group, RULES};
use crate::diag::{Diagnostic, Diagnostics, Gate};
use crate::front::toml::comments::Comment;
use crate::front::toml::lint::AllowedFinding;
use crate::source::{FileId, Span, Spanned};

/// The findings that are allowed.
#[derive(Clone, Debug, Default)]
pub struct Allowances(Vec<Allowance>);

/// Findings of one rule at one place.
#[derive(Clone, Debug)]
struct Allowance {
    /// Its number in [`RULES`].
    rule: usize,
    /// Where its name stands.
    span: Span,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Line(Comment),
    Node { key: Option<Arc<str>>, input: Option<Arc<str>> },
}

impl Allowances {
    /// What the comments of presets and graphs allow. Rules that do not exist are reported.
    pub fn of_comments(comments: &[Comment], diagnostics: &mut Diagnostics) -> Self {
        let mut allowances = Self::default();
        for comment in comments {
            for rule in &comment.rules {
                allowances.add(rule, Place::Line(comment.clone()), diagnostics);
            }
        }
        allowances
    }

    /// What the lint file of a workflow allows. Rules that do not exist are reported.
    pub fn of_findings(allowed: &[AllowedFinding], diagnostics: &mut Diagnostics) -> Self {
        let mut allowances = Self::default();
        for allowed in allowed {
            let place = Place::Node { key: allowed.node.clone(), input: allowed.input.clone() };
            allowances.add(&allowed.rule.0, place, diagnostics);
        }
        allowances
    }

    fn add(&mut self, rule: &Spanned<Arc<str>>, place: Place, diagnostics: &mut Diagnostics) {
        let name = &*rule.value;
        if let Ok(rule_number) = RULES.binary_search_by(|known| known.name.cmp(name)) {
            self.0.push(Allowance { rule: rule_number, span: rule.span, place });
            return;
        }
        let help = match Group::named(name) {
            Some(_) => format!("`{name}` is a group; name the rules whose findings are allowed"),
            None => meant(name),
        };
        diagnostics.push(unknown_rule(name).at(rule.span, "").help(help));
    }

    /// Drops the findings that are allowed.
    pub fn apply(&self, diagnostics: &mut Diagnostics) {
        if self.0.is_empty() {
            return;
        }
        diagnostics.allow(|found| {
            let allows = |allowance: &&Allowance| found.gate == Gate::Lint && allowance.allows(found);
            self.0.iter().filter(allows).map(|allowance| allowance.span).collect()
        });
    }

    /// What is said in `file` and allows nothing that was found, as far as rules were on.
    #[must_use]
    pub fn unused(&self, file: FileId, levels: &Levels, diagnostics: &Diagnostics) -> Diagnostics {
        let is_used = |span: Span| diagnostics.allowed().any(|used| used == span);
        let mut unused = Diagnostics::new();
        let own = self.0.iter().filter(|allowance| allowance.span.file == file);
        for allowance in own.filter(|own| levels.is_on(own.rule) && !is_used(own.span)) {
            unused.push(allowance.unused());
        }
        levels.apply(&mut unused);
        unused
    }
}

impl Allowance {
    fn name(&self) -> &'static str {
        RULES.get(self.rule).map_or("", |rule| rule.name)
    }

    fn allows(&self, found: &Diagnostic) -> bool {
        found.rule == self.name()
            && match &self.place {
                Place::Line(comment) => found.labels.iter().any(|label| comment.covers(label.span)),
                Place::Node { key, input } => {
                    let node = found.node.as_ref();
                    let is_key = key.as_deref().is_none_or(|key| node.is_some_and(|node| node.key == key));
                    let of_found = node.and_then(|node| node.input.as_deref());
                    is_key && (input.is_none() || input.as_deref() == of_found)
                }
            }
    }

    /// The finding that it allows nothing.
    fn unused(&self) -> Diagnostic {
        let name = self.name();
        let place = match &self.place {
            Place::Line(_) => "on its line".to_owned(),
            Place::Node { key: None, input: None } => "in this workflow".to_owned(),
            Place::Node { key: Some(key), input: None } => format!("at node `{key}`"),
            Place::Node { key: None, input: Some(input) } => format!("at an input `{input}`"),
            Place::Node { key: Some(key), input: Some(input) } => format!("at `{input}` of node `{key}`"),
        };
        Diagnostic::lint("unused-allowance", format!("`{name}` is allowed here, and finds nothing {place}"))
            .at(self.span, "")
            .help("remove what allows it")
    }
}
