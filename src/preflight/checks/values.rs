//! Whether the server would take the workflow, files aside.

use super::{count, lines};
use crate::catalog::{FileInputs, OwnCheck};
use crate::check::ServerVersion;
use crate::compile::{Compiler, WorkflowOptions};
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::preflight::{Compiled, Outcome, Planned, Server};
use crate::source::Sources;

/// So many problems are shown.
const SHOWN: usize = 8;

pub(super) fn look(compiled: &Compiled, _: &Planned, server: &Server) -> Outcome {
    let Ok(live) = &server.classes else {
        return Outcome::skipped("the server does not list its classes");
    };
    if compiled.nodes().any(|(_, _, node)| live.catalog.class(&node.class_type).is_none()) {
        return Outcome::skipped("the server looks at values when all classes are there");
    }
    let problems = refused(compiled, live);
    if problems.is_empty() {
        return Outcome::pass("the server's validator would take links, types, ranges and choices");
    }
    let details = problems.iter().map(|problem| {
        let node = problem.node.as_ref().map_or(String::new(), |node| format!("{}: ", node.key));
        let help = problem.help.as_ref().map_or(String::new(), |help| format!("; {help}"));
        format!("{node}{}{help}", problem.message)
    });
    Outcome::fail(format!("the server would refuse the workflow: {}", count(problems.len(), "error")))
        .details(lines(details.collect(), SHOWN))
        .fix("compile against this server: `--catalog URL` of `wfc build` and `wfc lint` shows where each is written")
}

/// What the server would say, without what is about files: they are looked for by themselves.
fn refused(compiled: &Compiled, live: &Compiler) -> Vec<Diagnostic> {
    let mut all = Diagnostics::new();
    for text in &compiled.texts {
        let mut sources = Sources::new();
        let file = sources.add("workflow", text.as_str());
        let mut found = Diagnostics::new();
        live.workflow(
            file,
            text,
            &WorkflowOptions { server: ServerVersion::default(), lint: None },
            &mut found,
        );
        all.append_new(found);
    }
    let problems = all.into_sorted().into_iter();
    problems.filter(|found| found.severity == Severity::Error && !is_about_file(found, live)).collect()
}

fn is_about_file(problem: &Diagnostic, live: &Compiler) -> bool {
    let Some(node) = &problem.node else { return false };
    let input = node.input.as_deref().unwrap_or_default();
    live.is_missing_file(problem)
        || FileInputs::embedded().folder(&node.class_type, input) == Some("input")
        || OwnCheck::of(&node.class_type).is_some_and(|own| own.demand.is_input_file() && own.covers(input))
}
