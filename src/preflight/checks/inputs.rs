//! Whether the files that inputs name are here or on the server.

use super::{count, lines};
use crate::preflight::{Compiled, Local, Outcome, Server};

/// So many files are shown.
const SHOWN: usize = 8;

pub(super) fn look(compiled: &Compiled, _: &Local, server: Option<&Server>) -> Outcome {
    if compiled.inputs.is_empty() {
        return Outcome::pass("the workflow takes no input files");
    }
    let there = server.and_then(|server| server.classes.as_ref().ok()?.catalog.input_files());
    let is_there = |value: &str| {
        let name = value.strip_suffix(" [input]").unwrap_or(value);
        there.is_some_and(|files| files.contains(name))
    };
    let missing = compiled.inputs.iter().filter(|input| input.here.is_none() && !is_there(&input.value));
    let missing: Vec<String> = missing.map(|input| input.value.clone()).collect();
    let all = count(compiled.inputs.len(), "input file");
    let empty =
        compiled.inputs.iter().filter(|input| input.here.as_ref().is_some_and(|(_, bytes)| *bytes == 0));
    let empty: Vec<String> = empty.map(|input| format!("{} is empty", input.value)).collect();
    if missing.is_empty() && !empty.is_empty() {
        return Outcome::warn(format!(
            "of {all} {} empty",
            if empty.len() == 1 { "1 is" } else { "some are" }
        ))
        .details(lines(empty, SHOWN))
        .fix("was a copy or a download interrupted? put the whole file there");
    }
    if missing.is_empty() {
        let here = compiled.inputs.iter().filter(|input| input.here.is_some()).count();
        let place = match compiled.inputs.len() - here {
            0 => "here".to_owned(),
            _ if here == 0 => "on the server".to_owned(),
            remote => format!("{here} here and {remote} on the server"),
        };
        return Outcome::pass(format!("{all}, {place}"));
    }
    let nowhere = if there.is_some() { "neither here nor on the server" } else { "not here" };
    let details = missing.iter().map(|value| format!("{value} is {nowhere}")).chain(empty);
    let details = lines(details.collect(), SHOWN);
    let found =
        format!("{} of {all} {} missing", missing.len(), if missing.len() == 1 { "is" } else { "are" });
    let fix = "put them beside the preset or below the current folder, or name others: `--set NAME=FILE`";
    match server {
        Some(server) if server.is_simulated => Outcome::warn(found).details(details).fix(format!(
            "{fix}; to a server that only plays one, `wfc run` sends a picture of one pixel for each"
        )),
        Some(_) => Outcome::fail(found).details(details).fix(fix),
        None => {
            let fix = format!("{fix}; or ask the server that may have them: `--on URL`");
            Outcome::warn(found).details(details).fix(fix)
        }
    }
}
