//! Whether the programs are there that node classes start.

use std::collections::BTreeMap;

use super::some;
use crate::catalog::ClassProgram;
use crate::ir::{Argument, Graph, Node, NodeId, Value};
use crate::preflight::{Compiled, Local, Outcome, Server};

pub(super) fn look(compiled: &Compiled, local: &Local, server: Option<&Server>) -> Outcome {
    let mut needed: BTreeMap<&str, Vec<ClassProgram>> = BTreeMap::new();
    for (graph, id, node) in compiled.nodes() {
        for program in ClassProgram::of(&node.class_type).filter(|program| applies(program, graph, id, node))
        {
            let users = needed.entry(program.program).or_default();
            if !users.contains(&program) {
                users.push(program);
            }
        }
    }
    if needed.is_empty() {
        return Outcome::pass("no node starts another program");
    }
    let said = |program: &str, users: &[ClassProgram]| {
        let first = users.first().map_or("", |user| user.purpose);
        format!("{program}, with which {} can {first}", some(users.iter().map(|user| user.class), 3))
    };
    if server.is_some_and(|server| !server.is_here) {
        let all: Vec<String> = needed.iter().map(|(program, users)| said(program, users)).collect();
        return Outcome::skipped(format!("a server does not say whether it has {}", all.join("; ")));
    }
    let place = |program: &str| local.programs.get(program).and_then(Option::as_ref);
    let missing: Vec<_> = needed.iter().filter(|(program, _)| place(program).is_none()).collect();
    if missing.is_empty() {
        let places =
            needed.keys().filter_map(|program| Some(format!("{program} at {}", place(program)?.display())));
        return Outcome::pass(places.collect::<Vec<_>>().join(", "));
    }
    let names: Vec<String> = missing.iter().map(|(program, users)| said(program, users)).collect();
    let others = missing.iter().flat_map(|(_, users)| users.iter().filter_map(|user| user.otherwise));
    let others: std::collections::BTreeSet<&str> = others.collect();
    let otherwise = if others.is_empty() {
        String::new()
    } else {
        let others: Vec<&str> = others.into_iter().collect();
        format!(
            "; or `pip install {}` where ComfyUI's Python is, which brings one of its own",
            others.join(" ")
        )
    };
    Outcome::warn(format!("not on this machine's PATH: {}", names.join("; ")))
        .fix(format!("install it{otherwise}"))
}

/// True if a node starts the program.
fn applies(program: &ClassProgram, graph: &Graph, id: NodeId, node: &Node) -> bool {
    let is_so = program.when.is_none_or(|(name, begin)| {
        node.inputs().iter().any(|input| match &input.value {
            Argument::Literal(Value::Str(text)) => &*input.name == name && text.starts_with(begin),
            _ => &*input.name == name,
        })
    });
    let slot = program
        .output
        .and_then(|name| node.class.as_ref()?.outputs.iter().position(|output| *output.name == *name));
    let is_used = program.output.is_none()
        || graph.consumers(id).any(|(_, link)| usize::try_from(link.slot).ok() == slot);
    is_so && is_used
}
