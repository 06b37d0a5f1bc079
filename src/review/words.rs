//! What changes are called, for every format that people read. Texts here are safe to print, and not yet safe in
//! Markdown.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{BeforeAfter as Amounts, Change, Diff, Direction, Given, Group, ModelFile, NodeName};
use crate::ir::Value;
use crate::plan::{self, Amount};

/// Longer values are cut.
const MAX_VALUE: usize = 60;
/// So much of a text stands before and behind what differs.
const CONTEXT: usize = 16;

/// A value before and after, by its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) old: String,
    pub(super) new: String,
    /// How a number changed: `↑ ×1.5`; empty for others.
    pub(super) trend: String,
    /// What it reaches, if the name does not tell.
    pub(super) reaches: String,
}

/// What replaces characters that terminals obey or that reorder the text around them.
#[must_use]
pub fn printable(text: &str) -> String {
    let visible = |c: char| match c {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {
            char::REPLACEMENT_CHARACTER
        }
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    text.chars().map(visible).collect()
}

/// `1 node`, `2 nodes`
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", plan::grouped(number)) }
}

/// A node's id, with what it is where the id is a number.
pub(super) fn node(name: &NodeName) -> String {
    let key = name.new.as_deref().or(name.old.as_deref()).unwrap_or_default();
    let is_word = key.contains(char::is_alphabetic);
    let what = name.title.as_deref().unwrap_or(&name.class_type);
    let shown = if is_word { key.to_owned() } else { format!("{what} {key}") };
    match (&name.old, &name.new) {
        (Some(old), Some(new)) if old != new => printable(&format!("{shown} (was {old})")),
        _ => printable(&cut(&shown, MAX_VALUE)),
    }
}

/// `input of node`, as a path.
pub(super) fn place(name: &NodeName, input: &str) -> String {
    printable(&format!("{}.{}", node(name), cut(input, MAX_VALUE)))
}

/// What an input is given.
pub(super) fn given(of: Option<&Given>) -> String {
    match of {
        None => "–".to_owned(),
        Some(Given::Value(of)) => value(Some(of)),
        Some(Given::Output { node: from, slot, name }) => match name {
            Some(name) => printable(&format!("{}.{name}", node(from))),
            None => printable(&format!("{} slot {slot}", node(from))),
        },
    }
}

/// A value, cut if it is long.
pub(super) fn value(of: Option<&Value>) -> String {
    of.map_or_else(|| "–".to_owned(), |of| printable(&cut(&of.to_string(), MAX_VALUE)))
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}

/// Two values; of long texts, the part that differs.
fn values(old: Option<&Value>, new: Option<&Value>, unit: Option<&str>) -> (String, String) {
    if let (Some(Value::Str(one)), Some(Value::Str(other))) = (old, new)
        && (one.chars().nth(MAX_VALUE / 2).is_some() || other.chars().nth(MAX_VALUE / 2).is_some())
    {
        return texts(one, other);
    }
    let shown = |of: Option<&Value>| match (of, unit) {
        (Some(Value::Int(_) | Value::Float(_)), Some(unit)) => format!("{} {unit}", value(of)),
        _ => value(of),
    };
    (shown(old), shown(new))
}

/// The part of two texts that differs, with a little around it.
fn texts(old: &str, new: &str) -> (String, String) {
    let (one, other): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
    let before = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let most = one.len().min(other.len()) - before;
    let behind = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count().min(most);
    let part = |text: &[char]| {
        let (from, to) = (before.saturating_sub(CONTEXT), (text.len() - behind + CONTEXT).min(text.len()));
        let inside: String = text.get(from..to).unwrap_or_default().iter().collect();
        let start = if from > 0 { "…" } else { "" };
        let end = if to < text.len() { "…" } else { "" };
        let quoted = Value::Str(inside.into()).to_string();
        let quoted = quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
        printable(&format!("\"{start}{}{end}\"", cut(&quoted, 2 * MAX_VALUE)))
    };
    (part(&one), part(&other))
}

/// What is known of a model: `wan22-t2v-a14b, fp8_e4m3fn_scaled, 13.9 GiB`.
pub(super) fn model(file: &ModelFile) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let size = file.bytes.map(|bytes| plan::size(bytes as f64));
    let parts = [file.family.clone(), file.dtype.clone(), size];
    let known: Vec<String> = parts.into_iter().flatten().collect();
    if known.is_empty() { "not in the catalog of models".to_owned() } else { known.join(", ") }
}

/// `↑ ×1.5`
pub(super) fn trend(direction: Option<Direction>, ratio: Option<f64>) -> String {
    let arrow = match direction {
        Some(Direction::Up) => "↑",
        Some(Direction::Down) => "↓",
        None => return String::new(),
    };
    let times = |ratio: f64| {
        let digits = if ratio >= 100.0 { 0 } else { 2 };
        let text = format!("{ratio:.digits$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        (text != "0" && text != "1").then(|| text.to_owned())
    };
    // Seeds are numbers and no amounts.
    match ratio.filter(|ratio| (0.001..1000.0).contains(ratio)).and_then(times) {
        Some(times) => format!("{arrow} ×{times}"),
        None => arrow.to_owned(),
    }
}

/// A changed value, with all places where it stands.
pub(super) struct Parameter<'c> {
    pub(super) name: String,
    pub(super) node: &'c NodeName,
    pub(super) old: Option<&'c Value>,
    pub(super) new: Option<&'c Value>,
    pub(super) unit: Option<&'c str>,
    pub(super) trend: String,
    /// Where it stands, if the name does not tell.
    pub(super) places: Vec<String>,
}

/// The changed values: one for a parameter, whatever it reaches. Values of a node of another class are its own business.
pub(super) fn grouped_parameters(changes: &[Change]) -> Vec<Parameter<'_>> {
    let replaced: BTreeSet<&NodeName> = changes.iter().filter_map(replaced).collect();
    let mut all: Vec<Parameter<'_>> = Vec::new();
    let mut by_param: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for change in changes {
        let Change::Parameter { node, input, old, new, direction, ratio, param, unit } = change else {
            continue;
        };
        if replaced.contains(node) {
            continue;
        }
        let trend = if input.ends_with("seed") { String::new() } else { trend(*direction, *ratio) };
        let (old, new, unit) = (old.as_ref(), new.as_ref(), unit.as_deref());
        let place = place(node, input);
        let Some(param) = param else {
            all.push(Parameter { name: place, node, old, new, unit, trend, places: Vec::new() });
            continue;
        };
        let (before, after) = values(old, new, unit);
        let at = *by_param.entry((param, format!("{before}\0{after}"))).or_insert(all.len());
        if let Some(known) = all.get_mut(at) {
            known.places.push(place);
        } else {
            let (name, places) = (printable(param), vec![place]);
            all.push(Parameter { name, node, old, new, unit, trend, places });
        }
    }
    all
}

/// The changed values, cut for a line each.
pub(super) fn parameters(changes: &[Change]) -> Vec<Row> {
    let row = |parameter: Parameter<'_>| {
        let (old, new) = values(parameter.old, parameter.new, parameter.unit);
        let reaches = match parameter.places.as_slice() {
            [] => String::new(),
            [one] => one.clone(),
            [one, rest @ ..] => format!("{one} and {} more", rest.len()),
        };
        Row { name: parameter.name, old, new, trend: parameter.trend, reaches }
    };
    grouped_parameters(changes).into_iter().map(row).collect()
}

/// The node of a change that gives it another class.
fn replaced(change: &Change) -> Option<&NodeName> {
    match change {
        Change::Replaced { node, .. } => Some(node),
        _ => None,
    }
}

/// What a node of another class is given differently, counted: `3 inputs differ`; empty if nothing.
pub(super) fn differing(changes: &[Change], of: &NodeName) -> String {
    let is_value = |change: &&Change| matches!(change, Change::Parameter { node, .. } if node == of);
    match changes.iter().filter(is_value).count() {
        0 => String::new(),
        number => format!(", {}", count(number, "value differs", "values differ")),
    }
}

/// Memory, time and cost, before and after, where a reader sees a difference.
pub(super) fn amounts(diff: &Diff) -> Vec<Row> {
    let mut rows = all_amounts(diff);
    rows.retain(|row| !is_as_before(row));
    rows
}

fn is_as_before(row: &Row) -> bool {
    let reaches = row.reaches.strip_prefix("within ").and_then(|reaches| reaches.split_once(" → "));
    row.old == row.new && reaches.is_none_or(|(old, new)| old == new)
}

fn all_amounts(diff: &Diff) -> Vec<Row> {
    let mut rows = Vec::new();
    if diff.same {
        return rows;
    }
    let mut add = |name: &str, amounts: &Amounts, show: fn(f64) -> String| {
        let (old, new) = (show(amounts.old.typical), show(amounts.new.typical));
        let ratio = amounts.new.typical / amounts.old.typical;
        // What looks the same to a reader has no direction.
        let direction = match amounts.new.typical.total_cmp(&amounts.old.typical) {
            std::cmp::Ordering::Greater if old != new => Some(Direction::Up),
            std::cmp::Ordering::Less if old != new => Some(Direction::Down),
            _ => None,
        };
        let within = |amount: Amount| format!("{}–{}", show(amount.low), show(amount.high));
        rows.push(Row {
            name: name.to_owned(),
            trend: trend(direction, Some(ratio)),
            reaches: format!("within {} → {}", within(amounts.old), within(amounts.new)),
            old,
            new,
        });
    };
    if let Some(memory) = &diff.consequences.memory {
        add("least memory of a card", &memory.least, plan::size);
        add("memory to stream no weights", &memory.without_streaming, plan::size);
    }
    if let Some(time) = &diff.consequences.time {
        add(&format!("time on {}", printable(&time.machine)), &time.seconds, seconds);
        if let Some(dollars) = &time.dollars {
            add("cost", dollars, |dollars| format!("${dollars:.3}"));
        }
    }
    rows
}

/// What amounts do not tell, and whether it fits.
pub(super) fn remarks(diff: &Diff) -> Vec<String> {
    let mut all = Vec::new();
    if diff.same {
        return all;
    }
    let as_before = all_amounts(diff).into_iter().filter(is_as_before);
    let as_before: Vec<String> = as_before.map(|row| format!("{} ({})", row.name, row.new)).collect();
    if !as_before.is_empty() {
        all.push(format!("as before: {}", as_before.join(", ")));
    }
    if let Some(memory) = &diff.consequences.memory {
        if let Some((old, new)) = memory.fits {
            let (old, new) = (old.text(), new.text());
            all.push(if old == new {
                format!("on the card that it is for, it {new}, as before")
            } else {
                format!("on the card that it is for: {old} → {new}")
            });
        }
        if memory.unknown != (0, 0) {
            let (old, new) = memory.unknown;
            all.push(format!("steps of which nothing can be told: {old} → {new}; `wfc plan` says why"));
        }
    }
    all
}

/// `12 min 3 s`
fn seconds(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.0} s");
    }
    let minutes = (seconds / 60.0).floor();
    format!("{minutes:.0} min {:.0} s", (seconds - minutes * 60.0).floor())
}

/// What changed, in one line.
pub(super) fn summary(diff: &Diff) -> String {
    if diff.same {
        return "the same workflow".to_owned();
    }
    let of = |wanted: fn(&Change) -> bool| diff.changes.iter().filter(|change| wanted(change)).count();
    let parts = [
        (of(|change| change.group() == Group::Models), "model swapped", "models swapped"),
        (parameters(&diff.changes).len(), "value changed", "values changed"),
        (of(|change| matches!(change, Change::Added { .. })), "node added", "nodes added"),
        (of(|change| matches!(change, Change::Removed { .. })), "node removed", "nodes removed"),
        (of(|change| matches!(change, Change::Replaced { .. })), "node replaced", "nodes replaced"),
        (of(|change| change.group() == Group::Links), "link rewired", "links rewired"),
        (of(|change| change.group() == Group::Order), "change of order", "changes of order"),
        (of(|change| change.group() == Group::Packs), "node pack", "node packs"),
    ];
    let said = parts.into_iter().filter(|(number, ..)| *number > 0);
    said.map(|(number, one, many)| count(number, one, many)).collect::<Vec<_>>().join(", ")
}

/// What does not change what runs, in one line; nothing if there is nothing of that kind.
pub(super) fn looks(diff: &Diff) -> Option<String> {
    (!diff.looks.is_empty()).then(|| format!("{}; nothing of that changes what runs", diff.looks.words()))
}

/// What a reader should know of the comparison itself.
pub(super) fn notes(diff: &Diff) -> Vec<String> {
    let mut notes = Vec::new();
    let sides = [&diff.old, &diff.new];
    if sides.iter().any(|side| side.workflows.is_some_and(|count| count > 1)) {
        let count = |side: &super::changes::About| side.workflows.unwrap_or(1).to_string();
        notes.push(format!(
            "these presets stand for several workflows ({} → {}); the first of each is compared",
            count(&diff.old),
            count(&diff.new)
        ));
    }
    if diff.approximate {
        notes.push(
            "there are more ways to pair nodes than were tried: fewer changes may tell the same".to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_long_texts_the_part_that_differs_is_shown() {
        let text = |colour: &str| format!("a woman in a {colour} coat dances on a roof at dusk, film grain");
        let (old, new) = texts(&text("red"), &text("blue"));
        assert_eq!(
            (&*old, &*new),
            ("\"a woman in a red coat dances on …\"", "\"a woman in a blue coat dances on …\"")
        );
        // A text that is the begin of the other, and one that repeats itself.
        assert_eq!(texts("aaa", "aaaa"), ("\"aaa\"".to_owned(), "\"aaaa\"".to_owned()));
        assert_eq!(texts("", "é\"\u{1b}"), ("\"\"".to_owned(), "\"é\\\"\\u001b\"".to_owned()));
    }

    #[test]
    fn numbers_have_a_direction_and_a_ratio() {
        assert_eq!(trend(Some(Direction::Up), Some(1.5)), "↑ ×1.5");
        assert_eq!(trend(Some(Direction::Down), Some(0.25)), "↓ ×0.25");
        assert_eq!(trend(Some(Direction::Up), Some(100.0)), "↑ ×100");
        assert_eq!(trend(Some(Direction::Up), Some(1e9)), "↑");
        assert_eq!(trend(Some(Direction::Up), None), "↑");
        assert_eq!(trend(None, Some(1.0)), "");
    }
}
