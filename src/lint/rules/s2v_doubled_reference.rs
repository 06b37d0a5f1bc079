//! A part of a video of Wan S2V that is given its reference twice.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::wrapper_args;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "s2v-doubled-reference",
    summary: "a part of a video of Wan S2V that goes on from conditioning, not from the text: its reference counts twice",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("s2v-doubled-reference"),
    check: Check::Class(&["WanSoundImageToVideoExtend"], check),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of checks by class")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let has_reference = |id: NodeId| workflow.analysis.inputs(id).has("ref_image");
    let before = ["WanSoundImageToVideo", "WanSoundImageToVideoExtend"];
    let Some((input, from)) = ["positive", "negative"]
        .into_iter()
        .find_map(|input| Some((input, wrapper_args::is_linked(workflow, id, input, &before)?)))
    else {
        return Ok(None);
    };
    if !has_reference(id) || !has_reference(from) {
        return Ok(None);
    }
    let message = format!(
        "`{}` adds its reference to that of `{}`, whose conditioning it is given",
        workflow.node(id).key,
        workflow.node(from).key
    );
    let finding = workflow.at(&RULE, id, input, message);
    let finding = finding.at_opt(workflow.node(from).origin.span(), "has a reference already");
    Ok(Some(finding.help("link `positive` and `negative` to the texts themselves, as the first part does")))
}
