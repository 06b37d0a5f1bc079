//! The checks: a file each, and a line in [`CHECKS`].

mod classes;
mod clock;
mod compiles;
mod disk;
mod inputs;
mod model_files;
mod models;
mod programs;
mod queue;
mod ram;
mod reachable;
mod upload;
mod values;
mod version;
mod vram;

use super::{Asked, Compiled, Local, Outcome, Planned, Server, Subject};

/// A check.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name, which stays the same.
    pub name: &'static str,
    /// What it looks at.
    pub look: Look,
}

/// What a check looks at, and its function.
#[derive(Clone, Copy, Debug)]
pub enum Look {
    /// A server that was asked, whether or not it answered.
    Asked(fn(&Asked) -> Outcome),
    /// A server that answers.
    Server(fn(&Server) -> Outcome),
    /// What was to be compiled.
    Subject(fn(&Subject) -> Outcome),
    /// A workflow on a server.
    Workflow(fn(&Compiled, &Planned, &Server) -> Outcome),
    /// A workflow with what is on this machine, and the server if one was reached.
    Local(fn(&Compiled, &Local, Option<&Server>) -> Outcome),
}

/// All checks, in the order in which they are shown: first those of a server.
pub const CHECKS: &[Entry] = &[
    Entry { name: "reachable", look: Look::Asked(reachable::look) },
    Entry { name: "clock", look: Look::Server(clock::look) },
    Entry { name: "queue", look: Look::Server(queue::look) },
    Entry { name: "compiles", look: Look::Subject(compiles::look) },
    Entry { name: "version", look: Look::Workflow(version::look) },
    Entry { name: "classes", look: Look::Workflow(classes::look) },
    Entry { name: "values", look: Look::Workflow(values::look) },
    Entry { name: "models", look: Look::Workflow(models::look) },
    Entry { name: "vram", look: Look::Workflow(vram::look) },
    Entry { name: "ram", look: Look::Workflow(ram::look) },
    Entry { name: "upload", look: Look::Workflow(upload::look) },
    Entry { name: "inputs", look: Look::Local(inputs::look) },
    Entry { name: "model-files", look: Look::Local(model_files::look) },
    Entry { name: "programs", look: Look::Local(programs::look) },
    Entry { name: "disk", look: Look::Local(disk::look) },
];

/// `1 file`, `3 files`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else if let Some(stem) = noun.strip_suffix('s') {
        format!("{number} {stem}ses")
    } else {
        format!("{number} {noun}s")
    }
}

/// The first of so many names, and how many there are beside.
pub(super) fn some<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown = names.get(..most).unwrap_or(&names).join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The first of so many lines, and a line that says how many there are beside.
pub(super) fn lines(all: Vec<String>, most: usize) -> Vec<String> {
    let more = all.len().saturating_sub(most);
    let mut lines = all;
    if more > 1 {
        lines.truncate(most);
        lines.push(format!("and {more} more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_different_and_what_is_asked_of_a_server_comes_first() {
        let names: std::collections::BTreeSet<&str> = CHECKS.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), CHECKS.len());
        let is_of_server = |entry: &Entry| matches!(entry.look, Look::Asked(_) | Look::Server(_));
        assert!(CHECKS.iter().map(is_of_server).is_sorted_by(|one, other| one >= other));
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(
            (count(1, "class"), count(2, "class"), count(2, "file")),
            ("1 class".into(), "2 classes".into(), "2 files".into())
        );
        assert_eq!(some(["a", "b", "c"], 2), "a, b and 1 more");
        assert_eq!(some(["a", "b"], 2), "a, b");
        let all = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
        assert_eq!(lines(all(3), 2), ["0", "1", "2"]);
        assert_eq!(lines(all(4), 2), ["0", "1", "and 2 more"]);
    }
}
