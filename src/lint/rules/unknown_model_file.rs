//! A model file that the catalog of models does not have.

use crate::catalog::Combo;
use crate::catalog::InputKind;
use crate::diag::Diagnostic;
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

/// Off unless asked for: people have models of their own.
pub(super) static RULE: Rule = Rule {
    name: "unknown-model-file",
    summary: "a model file that is not in the catalog of models; off by default",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: None,
    repairs: None,
    page: page!("unknown-model-file"),
    check: Check::Input(check),
};

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let file = unlisted(at)?;
    let finding = at.finding(&RULE, format!("the model file {file:?} is not in the catalog of models"));
    Some(finding.help("check that the machine that runs the workflow has it"))
}

/// The model file that an input names, if neither the machine nor the catalog of models has it.
pub(super) fn unlisted<'a>(at: &'a At<'_>) -> Option<&'a str> {
    let (file, spec) = (at.literal()?.as_str()?, at.spec?);
    let InputKind::Combo(Combo { folder: Some(folder), options, .. }) = &spec.kind else { return None };
    let is_model = &**folder != "input" && file.contains('.');
    let on_machine =
        options.as_ref().is_some_and(|options| options.iter().any(|option| option.as_str() == Some(file)));
    (is_model && !on_machine && !at.facts.models.has_file(file)).then_some(file)
}
