//! Whether there is a workflow at all.

use super::{count, lines};
use crate::preflight::{Outcome, Subject};

/// So many problems are shown.
const SHOWN: usize = 5;

pub(super) fn look(subject: &Subject) -> Outcome {
    match &subject.compiled {
        Ok(compiled) => {
            let nodes = compiled.graphs.first().map_or(0, crate::ir::Graph::len);
            let batch = if compiled.workflows > 1 {
                format!("{} workflows, the first with ", compiled.workflows)
            } else {
                String::new()
            };
            Outcome::pass(format!("{batch}{}", count(nodes, "node")))
        }
        Err(problems) => {
            Outcome::fail(format!("{}; nothing else can be checked", count(problems.len(), "error")))
                .details(lines(problems.clone(), SHOWN))
                .fix(format!("`wfc lint {}` shows where", subject.file))
        }
    }
}
