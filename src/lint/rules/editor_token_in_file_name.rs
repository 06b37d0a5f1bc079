//! A name in `%` that only the editor replaces.

use crate::diag::{Diagnostic, Severity};
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "editor-token-in-file-name",
    summary: "a `%date%` or `%node.input%` in a file name, which only the editor replaces",
    group: Group::Reproducibility,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("editor-token-in-file-name"),
    check: Check::Input(check),
};

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let prefix = at.literal()?.as_str()?;
    if !at.class.output_node || &*at.input.name != "filename_prefix" {
        return None;
    }
    // Of a workflow of the editor, `date-in-file-name` says it.
    let token = token(prefix).filter(|_| !at.is_reported())?;
    let message =
        format!("the server writes `%{token}%` into the file name as it stands; only the editor replaces it");
    let help = "write the name that is meant; the server knows %width%, %height%, %year%, %month%, %day%, %hour%, %minute% and %second%";
    Some(at.finding(&RULE, message).help(help))
}

/// The first name between two `%` that the editor would replace: a date, or an input of a node.
fn token(prefix: &str) -> Option<&str> {
    let inside = prefix.split('%').skip(1);
    let complete = prefix.matches('%').count() / 2 * 2;
    let mut inside = inside.take(complete.saturating_sub(1)).step_by(2);
    inside.find(|name| {
        let is_input = || {
            name.split_once('.').is_some_and(|(node, input)| {
                !node.is_empty()
                    && !node.starts_with(' ')
                    && !input.is_empty()
                    && !input.contains(['.', '/', ' '])
            })
        };
        *name == "date" || name.starts_with("date:") || is_input()
    })
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn dates_and_inputs_are_tokens() {
        assert_eq!(token("%date:yyyy-MM-dd%/x"), Some("date:yyyy-MM-dd"));
        assert_eq!(token("a_%KSampler.seed%"), Some("KSampler.seed"));
        assert_eq!(token("%width%x%height%_%date%"), Some("date"));
        for text in ["x", "%year%-%month%", "100%", "50% of a.b%", "%width%_a.b_%height%"] {
            assert_eq!(token(text), None, "{text}");
        }
    }
}
