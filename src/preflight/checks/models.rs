//! Whether the server's lists have the model files that the workflow names.

use std::collections::BTreeSet;

use super::{count, lines};
use crate::catalog::{FileInputs, InputKind, Models};
use crate::ir::{Argument, Value};
use crate::preflight::{Compiled, Outcome, Planned, Server};

/// So many files are shown.
const SHOWN: usize = 10;

/// How the server does not have a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lack {
    /// It has it under a name with other separators.
    Separators(String),
    /// A file of this name lies in another folder.
    Elsewhere(String),
    /// It has none.
    Missing,
}

pub(super) fn look(compiled: &Compiled, _: &Planned, server: &Server) -> Outcome {
    let Ok(live) = &server.classes else {
        return Outcome::skipped("the server does not list its files");
    };
    let mut lacks = BTreeSet::new();
    let mut files = BTreeSet::new();
    for (_, _, node) in compiled.nodes() {
        let Some(class) = live.catalog.class(&node.class_type) else { continue };
        for input in node.inputs() {
            let Argument::Literal(Value::Str(file)) = &input.value else { continue };
            let folder = FileInputs::embedded().folder(&node.class_type, &input.name).map(str::to_owned);
            let Some(folder) = folder.filter(|folder| folder != "input" && file.contains('.')) else {
                continue;
            };
            let Some(InputKind::Combo(combo)) = class.input(&input.name).map(|input| &input.kind) else {
                continue;
            };
            let Some(options) = &combo.options else { continue };
            let options: Vec<&str> = options.iter().filter_map(|option| option.as_str()).collect();
            files.insert((folder.clone(), file.to_string()));
            if !options.contains(&&**file) {
                lacks.insert((folder, file.to_string(), lack(file, &options)));
            }
        }
    }
    if files.is_empty() {
        return Outcome::pass("the workflow names no model files");
    }
    if lacks.is_empty() {
        return Outcome::pass(format!("{} in the server's lists", count(files.len(), "file")));
    }
    let models = Models::embedded();
    let details = lacks.iter().map(|(folder, file, lack)| {
        let folder = folder.replace('|', " or ");
        match lack {
            Lack::Separators(name) => format!("{folder}: the server calls `{file}` `{name}`"),
            Lack::Elsewhere(name) => format!("{folder}: `{file}` is not there; there is `{name}`"),
            Lack::Missing => {
                let url = models.by_file(file).and_then(|model| model.url);
                let url = url.map_or(String::new(), |url| format!("; {url}"));
                format!("{folder}: `{file}` is not there{url}")
            }
        }
    });
    let has = |wanted: fn(&Lack) -> bool| lacks.iter().any(|(_, _, lack)| wanted(lack));
    let mut steps = Vec::new();
    if has(|lack| *lack == Lack::Missing) {
        steps.push(format!(
            "put the files there; `wfc models fetch-script {}` prints a script for what has an address",
            compiled.file
        ));
    }
    if has(|lack| matches!(lack, Lack::Separators(_))) {
        let os = if server.is_windows() { "Windows" } else { &server.os };
        steps.push(format!("write names as the server does, with the separators of {os}, or put the files into the folder itself"));
    }
    if has(|lack| matches!(lack, Lack::Elsewhere(_))) {
        steps.push("name the file with its folder, as the server does".to_owned());
    }
    let verb = if lacks.len() == 1 { "is" } else { "are" };
    Outcome::fail(format!(
        "{} of {} {verb} not in the server's lists",
        lacks.len(),
        count(files.len(), "file")
    ))
    .details(lines(details.collect(), SHOWN))
    .fix(steps.join("; "))
}

fn lack(file: &str, options: &[&str]) -> Lack {
    let slashed = |name: &str| name.replace('\\', "/");
    let base = |name: &str| slashed(name).rsplit('/').next().unwrap_or_default().to_owned();
    let (wanted, name) = (slashed(file), base(file));
    if let Some(same) = options.iter().find(|option| slashed(option) == wanted) {
        return Lack::Separators((*same).to_owned());
    }
    match options.iter().find(|option| base(option) == name) {
        Some(other) => Lack::Elsewhere((*other).to_owned()),
        None => Lack::Missing,
    }
}
