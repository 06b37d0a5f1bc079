//! An input that the class does not have, linked to a node that is not there: the server's worker dies of it.

use std::sync::Arc;

use crate::diag::{Diagnostic, Severity};
use crate::ir::{Argument, NodeId, Value};
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "undeclared-link-to-nowhere",
    summary: "an input that its class does not have, linked to a node that is not there: ComfyUI takes it and stops working",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("undeclared-link-to-nowhere"),
    check: Check::Node(check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Option<Diagnostic> {
    let node = workflow.node(id);
    let class = node.class.as_ref().filter(|_| workflow.needed[id.index()])?;
    let selected = |name: &str| -> Option<Arc<str>> {
        match &node.input(name)?.value {
            Argument::Literal(Value::Str(text)) => Some(text.clone()),
            _ => None,
        }
    };
    node.inputs().iter().find_map(|input| {
        let Argument::Literal(value) = &input.value else { return None };
        let source = source(value).filter(|source| workflow.graph.find(source).is_none())?;
        if class.input(&input.name).is_some() || class.find_input(&input.name, &selected).is_some() {
            // The server looks at these, and refuses the workflow.
            return None;
        }
        let message = format!(
            "`{}` has no input `{}`, and there is no node `{source}` to which it is linked; ComfyUI takes the workflow, \
             its worker dies of it, and it runs nothing more until it is started again",
            class.name, input.name
        );
        Some(workflow.at(&RULE, id, &input.name, message).help("remove the input"))
    })
}

/// The node that a value is linked to, as the server reads it: a list of a text and a number.
pub(super) fn source(value: &Value) -> Option<&str> {
    let Value::List(items) = value else { return None };
    match &items[..] {
        [Value::Str(source), Value::Int(_) | Value::Float(_) | Value::Bool(_)] => Some(source),
        _ => None,
    }
}
