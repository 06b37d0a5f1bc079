//! A value that needs a package which ComfyUI does not install.

use crate::catalog::OptionalPackage;
use crate::diag::Severity;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "needs-optional-package",
    summary: "a value that needs a Python package which ComfyUI does not install",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("needs-optional-package"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    for (id, node) in workflow.graph.nodes().filter(|(id, _)| workflow.runs(*id)) {
        let inputs = workflow.analysis.inputs(id);
        for package in OptionalPackage::of(&node.class_type) {
            if inputs.text(package.input).ok().as_deref() != Some(package.value) {
                continue;
            }
            // On these cards it is no question of packages; another rule says so.
            if package.value == "sageattn_3" && workflow.target.is_some_and(|gpu| gpu.arch != "Blackwell") {
                continue;
            }
            let OptionalPackage { input, value, needs, at_load, .. } = package;
            let when = if at_load { "the loader fails" } else { "the sampler fails at its first step" };
            let message = format!("`{input}` is {value}, which needs {needs}: without it {when}");
            let help = if input == "attention_mode" { "sdpa needs nothing" } else { "fp16 needs nothing" };
            findings.push(workflow.at(&RULE, id, input, message).help(help));
        }
    }
}
