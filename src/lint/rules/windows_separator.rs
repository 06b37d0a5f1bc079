//! A path as only Windows writes it.

use crate::catalog::{Combo, InputKind};
use crate::diag::{Diagnostic, Severity};
use crate::ir::Value;
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "windows-separator",
    summary: "a file with `\\` in its path, which a server on Linux does not find",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("where the catalog has no list of files, or lists it with `/`"),
    page: page!("windows-separator"),
    check: Check::Input(check),
};

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let is_relative = |file: &&str| file.contains('\\') && !super::path_outside_folder::is_absolute(file);
    let file = at.literal()?.as_str().filter(is_relative)?;
    let spec = at.spec?;
    let InputKind::Combo(Combo { options, folder, .. }) = &spec.kind else { return None };
    let lists = |file: &str| {
        options.as_ref().is_some_and(|options| options.iter().any(|option| option.as_str() == Some(file)))
    };
    let is_file = folder.is_some() || file.rsplit('\\').next().is_some_and(|name| name.contains('.'));
    if !is_file || lists(file) {
        return None;
    }
    let slashed = file.replace('\\', "/");
    let finding = at.finding(&RULE, format!("`{}` is {file:?}, a path as only Windows writes it", spec.name));
    // On a server with Windows the file may be listed with `\`.
    let safe = options.is_none() || lists(&slashed);
    let fix = at.rewrite(&Value::Str(slashed.as_str().into()), safe);
    Some(Diagnostic { fix, ..finding.help(format!("write {slashed:?}: servers on Linux list it so")) })
}
