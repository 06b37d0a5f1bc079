//! From both sides to what the report says: which workflow is which, and what is the same.

use std::collections::{BTreeMap, BTreeSet};

use super::side::{Found, Side, is_source};
use crate::catalog::Machine;
use crate::cli::git::ChangedPath;
use crate::review::report::{Entry, FileDiff, Read, Report, State, unified};

/// What compiled presets are called, behind their preset's name.
const OUTPUT: &str = ".workflow_api.json";

/// Compares both sides.
pub(super) fn compare(old: &Side, new: &Side, changed: &[ChangedPath], machine: Option<&Machine>) -> Report {
    let mut report = Report::default();
    let changed_paths: BTreeSet<&str> =
        changed.iter().flat_map(|path| [&path.old, &path.new]).flatten().map(|it| &**it).collect();
    let mut files: BTreeMap<String, FileDiff> = BTreeMap::new();
    for (before, after) in pairs(old, new, changed) {
        let (was, now) =
            (before.and_then(|path| old.found.get(path)), after.and_then(|path| new.found.get(path)));
        let name = after.or(before).unwrap_or_default();
        if matches!((was, now), (None | Some(Found::Nothing), None | Some(Found::Nothing))) {
            continue;
        }
        let is_preset = is_source(name);
        // JSON may be anything.
        let is_workflow = |found: Option<&Found>| matches!(found, Some(Found::Workflow(..)));
        if !is_preset && !is_workflow(was) && !is_workflow(now) {
            continue;
        }
        if let Some((before, after)) = before.zip(after).filter(|(before, after)| before != after) {
            report.notes.push(format!("{before} is called {after} now"));
        }
        let (one, other) = (opened(was, before, machine), opened(now, after, machine));
        let mut entry = Entry::of(name, &read(was, one.as_ref()), &read(now, other.as_ref()));
        let text = |side: &Side, path: Option<&str>| path.and_then(|path| side.text(path));
        let (one, other) = (text(old, before), text(new, after));
        let is_touched = before != after || one != other;
        match entry.state {
            State::Same => {
                report.same.push(name.to_owned());
                continue;
            }
            // Whoever reviews this change has nothing to do with it.
            State::Unreadable if !is_touched && same_problem(was, now) => {
                report.notes.push(format!("{name} cannot be compiled, before or after; `wfc lint` says why"));
                continue;
            }
            _ => {}
        }
        if is_touched {
            entry.raw = unified(name, one.as_deref(), other.as_deref());
        }
        for path in made_from(was).chain(made_from(now)) {
            if path == name
                || Some(path) == before
                || !changed_paths.contains(path)
                || entry.files.iter().any(|known| known == path)
            {
                continue;
            }
            entry.files.push(path.to_owned());
            files.entry(path.to_owned()).or_insert_with(|| {
                let text = unified(path, old.text(path).as_deref(), new.text(path).as_deref());
                FileDiff { name: path.to_owned(), text }
            });
        }
        report.entries.push(entry);
    }
    report.files = files.into_values().filter(|file| !file.text.is_empty()).collect();
    report
}

/// The paths before and after of each file, renames as git sees them, in the order of the names.
fn pairs<'s>(
    old: &'s Side,
    new: &'s Side,
    changed: &'s [ChangedPath],
) -> Vec<(Option<&'s str>, Option<&'s str>)> {
    let is_there =
        |side: &Side, path: &str| side.found.get(path).is_some_and(|found| !matches!(found, Found::Nothing));
    let mut renamed: BTreeMap<&str, &str> = BTreeMap::new();
    for path in changed {
        if let (Some(before), Some(after)) = (path.old.as_deref(), path.new.as_deref())
            && before != after
            && is_there(old, before)
            && is_there(new, after)
            && !is_there(old, after)
            && !is_there(new, before)
        {
            renamed.insert(after, before);
        }
    }
    let taken: BTreeSet<&str> = renamed.values().copied().collect();
    let names: BTreeSet<&str> = old.found.keys().chain(new.found.keys()).map(|path| &**path).collect();
    let names = names.into_iter().filter(|name| !taken.contains(name));
    let mut all = Vec::new();
    for name in names.filter(|name| !is_output(name, old) && !is_output(name, new)) {
        let before = renamed.get(name).copied().or_else(|| is_there(old, name).then_some(name));
        all.push((before, is_there(new, name).then_some(name)));
    }
    all
}

/// True for what a preset beside it compiles to.
fn is_output(path: &str, side: &Side) -> bool {
    let Some(stem) = path.strip_suffix(OUTPUT) else { return false };
    let folder = stem.rfind('/').map_or(0, |at| at + 1);
    let presets = side.found.range(stem.get(..folder).unwrap_or_default().to_owned()..);
    let presets = presets.take_while(|(name, _)| name.starts_with(&stem[..folder]));
    presets.filter(|(_, found)| !matches!(found, Found::Nothing)).any(|(name, _)| {
        let preset = name.strip_suffix(".toml").unwrap_or_default();
        // Those of a matrix or a ladder have something behind the name.
        !preset.is_empty()
            && stem.strip_prefix(preset).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
    })
}

type ReviewSide<'s> = crate::review::Side<'s>;

fn opened<'s>(
    found: Option<&'s Found>,
    path: Option<&str>,
    machine: Option<&Machine>,
) -> Option<ReviewSide<'s>> {
    match found {
        Some(Found::Workflow(opened, _)) => Some(opened.side(path.unwrap_or_default().to_owned(), machine)),
        _ => None,
    }
}

fn read<'s>(found: Option<&Found>, side: Option<&'s ReviewSide<'s>>) -> Read<'s> {
    match (found, side) {
        (_, Some(side)) => Read::Workflow(side),
        (Some(Found::Broken(text)), None) => Read::Broken(text.clone()),
        _ => Read::Missing,
    }
}

fn same_problem(was: Option<&Found>, now: Option<&Found>) -> bool {
    matches!((was, now), (Some(Found::Broken(_)), Some(Found::Broken(_))))
}

/// The files that a workflow was made from.
fn made_from(found: Option<&Found>) -> impl Iterator<Item = &str> {
    let files = match found {
        Some(Found::Workflow(_, files)) => files.as_slice(),
        _ => &[],
    };
    files.iter().map(|path| &**path)
}
