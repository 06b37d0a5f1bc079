//! A path that leads out of the folder that ComfyUI looks in or saves to.

use crate::catalog::InputKind;
use crate::diag::{Diagnostic, Severity};
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "path-outside-folder",
    summary: "an absolute path, or one that `..` leads out, where ComfyUI expects one below its own folder",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("path-outside-folder"),
    check: Check::Input(check),
};

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let (path, spec) = (at.literal()?.as_str()?, at.spec?);
    let how = if is_absolute(path) {
        "is an absolute path"
    } else if path.contains("..") && climbs_out(path) {
        "leads out with `..`"
    } else {
        return None;
    };
    let (name, shown) = (&spec.name, format!("{path:?}"));
    if at.class.output_node && &**name == "filename_prefix" {
        let message = format!("`{name}` is {shown}, which {how}; ComfyUI saves below its output folder only");
        let help = "write a path below that folder: the node fails when it saves, after all else has run";
        return Some(at.finding(&RULE, message).help(help));
    }
    let InputKind::Combo(combo) = &spec.kind else { return None };
    let is_listed = || {
        combo
            .options
            .as_ref()
            .is_some_and(|options| options.iter().any(|option| option.as_str() == Some(path)))
    };
    if (combo.folder.is_none() && !combo.upload) || is_listed() {
        return None;
    }
    let folder = combo.folder.as_deref().unwrap_or("input");
    let message = format!("`{name}` is {shown}, which {how}; ComfyUI looks in its folder `{folder}`");
    let help = format!("write the path below `{folder}`: other machines have no such file there");
    Some(at.finding(&RULE, message).help(help))
}

/// True for paths from a root, on Linux or Windows.
pub(super) fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    let has_drive = bytes.len() > 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && matches!(bytes[2], b'/' | b'\\');
    has_drive || path.starts_with(['/', '\\'])
}

/// True if `..` leads above where the path starts.
fn climbs_out(path: &str) -> bool {
    let mut depth = 0_i64;
    path.split(['/', '\\']).any(|part| {
        depth += match part {
            ".." => -1,
            "" | "." => 0,
            _ => 1,
        };
        depth < 0
    })
}
