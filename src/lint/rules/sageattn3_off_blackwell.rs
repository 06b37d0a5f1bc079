//! An attention that only Blackwell cards have.

use crate::diag::Severity;
use crate::ir::{NodeId, Value};
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "sageattn3-off-blackwell",
    summary: "`sageattn_3` on a card that is not of the Blackwell architecture: the sampler fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: takes sageattn"),
    page: page!("sageattn3-off-blackwell"),
    check: Check::Class(&["WanVideoModelLoader"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let Some(gpu) = workflow.target.filter(|gpu| gpu.arch != "Blackwell") else { return Ok(None) };
    if &*workflow.analysis.inputs(id).text("attention_mode")? != "sageattn_3" {
        return Ok(None);
    }
    let message = format!("`attention_mode` is sageattn_3, and {} is {}, not Blackwell", gpu.name, gpu.arch);
    let mut finding = workflow.at(&RULE, id, "attention_mode", message).help("take sageattn or sdpa");
    finding.fix = workflow.rewrite(id, "attention_mode", &Value::Str("sageattn".into()), false);
    Ok(Some(finding))
}
