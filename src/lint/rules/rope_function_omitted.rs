//! An input whose default is another one in the editor than without it.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "rope-function-omitted",
    summary: "no `rope_function`: without it the sampler takes another one than the editor",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("rope-function-omitted"),
    check: Check::Class(&["WanVideoSampler", "WanVideoSamplerSettings", "WanVideoSamplerExtraArgs"], check),
};

#[expect(clippy::unnecessary_wraps, reason = "the type of all checks")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    if workflow.analysis.inputs(id).has("rope_function") {
        return Ok(None);
    }
    let message =
        "`rope_function` is not given: the sampler takes `default`, and the editor would give `comfy`";
    let help = "write `\"rope_function\": \"comfy\"`, as the editor exports it: SCAIL places its \
                frames only with that, and it can be compiled";
    Ok(Some(workflow.at(&RULE, id, "rope_function", message).help(help)))
}
