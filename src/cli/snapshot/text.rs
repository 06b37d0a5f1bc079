//! The text that is kept of a workflow, and of all workflows of a preset.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use crate::cli::build::outputs::Place;
use crate::compile::Job;
use crate::diag::Diagnostics;
use crate::ir::Graph;
use crate::review::text;

/// So many workflows of a preset are in its text; of all others together there is a hash.
const MAX_WORKFLOWS: u64 = 64;

/// What the texts begin with, whatever their version is.
pub(super) const HEADER: &str = "# Graph of a workflow, ";

fn header() -> String {
    format!(
        "{HEADER}one node a line, sources first; format {}. `wfc snapshot --update` writes it.\n",
        text::VERSION
    )
}

/// The text that is kept of a workflow.
pub(super) fn of_workflow(graph: &Graph) -> Vec<u8> {
    format!("{}{}", header(), text(graph)).into_bytes()
}

/// How large a workflow is, in words.
pub(super) fn size(graph: &Graph) -> String {
    format!("{} node{}", graph.len(), if graph.len() == 1 { "" } else { "s" })
}

/// The text that is kept of a preset; nothing if one of its workflows has an error.
///
/// Of several workflows, the first is there in full, and of the others what differs from it.
pub(super) fn of_preset(job: &mut Job<'_>, place: &Place, diagnostics: &mut Diagnostics) -> Option<Vec<u8>> {
    let mut out = header();
    let numbers = job.numbers();
    let first = text(job.compile(numbers.start, diagnostics)?.graph());
    if !job.is_batch() {
        return Some((out + &first).into_bytes());
    }
    let count = numbers.end - numbers.start;
    let mut rest = blake3::Hasher::new();
    for number in numbers.clone() {
        let workflow = text(job.compile(number, diagnostics)?.graph());
        if number - numbers.start >= MAX_WORKFLOWS {
            rest.update(&(workflow.len() as u64).to_le_bytes()).update(workflow.as_bytes());
            continue;
        }
        let (rung, combination) = job.name_of(number);
        let name = place.workflow(rung, combination);
        if number == numbers.start {
            let _ = write!(out, "\n## {name}, the first of {count}\n\n{first}");
        } else {
            let _ = write!(
                out,
                "\n## {name}, where it differs from the first\n\n{}",
                different(&first, &workflow)
            );
        }
    }
    if count > MAX_WORKFLOWS {
        let _ = write!(out, "\n## {} more, blake3 {}\n", count - MAX_WORKFLOWS, rest.finalize().to_hex());
    }
    Some(out.into_bytes())
}

/// The lines of a text that another one lacks, and the names of nodes that only the other one has.
fn different(first: &str, text: &str) -> String {
    let name = |line: &str| line.find(['(', ':']).and_then(|end| line.get(..end)).unwrap_or(line).to_owned();
    let before: BTreeSet<&str> = first.lines().collect();
    let names: BTreeSet<String> = text.lines().map(name).collect();
    let gone =
        first.lines().map(name).filter(|name| !names.contains(name)).map(|name| format!("without {name}\n"));
    let lines = text.lines().filter(|line| !before.contains(line)).map(|line| format!("{line}\n"));
    let all: String = gone.chain(lines).collect();
    if all.is_empty() { "nothing\n".to_owned() } else { all }
}

/// The lines that differ, with their sign.
pub(super) fn differing(old: &str, new: &str) -> Vec<(&'static str, String)> {
    let changes = TextDiff::from_lines(old, new);
    let lines = changes.iter_all_changes().filter_map(|change| {
        let sign = match change.tag() {
            ChangeTag::Equal => return None,
            ChangeTag::Delete => "-",
            ChangeTag::Insert => "+",
        };
        Some((sign, change.value().trim_end().to_owned()))
    });
    lines.collect()
}
