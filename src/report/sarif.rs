//! Diagnostics as SARIF 2.1.0, which code scanning and other collections of findings read.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::place::{Place, Region, is_whole, uri};
use super::{FileReport, RuleText, RuleTexts};
use crate::diag::{Diagnostic, Edit, Fix, Gate, Label, NodeRef, Severity};
use crate::source::{LineColumn, Sources};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What relative paths start at: the folder that wfc was started in, which is to be the repository's.
const ROOT: &str = "%SRCROOT%";

/// Descriptions longer than this are cut off where they are shown.
const MAX_DESCRIPTION: usize = 1000;

/// The line around a problem tells it from others, unless it is the whole file.
const MAX_ANCHOR: usize = 200;

/// The name of our fingerprints, with the version of how they are computed.
const FINGERPRINT: &str = "wfc/v1";

/// One log of one run, on one line.
pub(super) fn render(sources: &Sources, files: &[FileReport], texts: RuleTexts) -> String {
    let all = || files.iter().flat_map(|file| &file.diagnostics);
    let rules: BTreeMap<&str, Gate> = all().map(|found| (found.rule, found.gate)).collect();
    let indices: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, rule)| (*rule, at)).collect();
    let descriptors: Vec<Value> =
        rules.iter().map(|(name, gate)| descriptor(name, *gate, texts(name))).collect();
    let mut results = Vec::new();
    for file in files {
        let mut seen = BTreeMap::new();
        for found in &file.diagnostics {
            let index = indices.get(found.rule);
            results.push(result(sources, file, found, index, &mut seen));
        }
    }
    let artifacts: Vec<Value> = files
        .iter()
        .map(|file| json!({ "location": artifact(&file.path), "roles": ["analysisTarget"] }))
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    let driver =
        json!({ "name": "wfc", "version": version, "semanticVersion": version, "rules": descriptors });
    let run = json!({
        "tool": { "driver": driver },
        "invocations": [{ "executionSuccessful": !files.iter().any(FileReport::has_failed) }],
        "columnKind": "unicodeCodePoints",
        "artifacts": artifacts,
        "results": results,
    });
    let mut text = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] }).to_string();
    text.push('\n');
    text
}

/// What is known of a rule; of those that are no lint rules there are no pages.
fn descriptor(name: &str, gate: Gate, text: Option<RuleText>) -> Value {
    let Some(text) = text else {
        let why = match gate {
            Gate::Format => "The file itself is wrong: its syntax, a key, a type, a range or a reference.",
            Gate::Check => "ComfyUI's own validation refuses this. No level changes it.",
            Gate::Lint => "ComfyUI accepts this, and should not.",
        };
        let level = if gate == Gate::Lint { Severity::Warning } else { Severity::Error };
        return json!({
            "id": name,
            "shortDescription": { "text": name.replace('-', " ") },
            "fullDescription": { "text": why },
            "help": { "text": why },
            "defaultConfiguration": { "level": self::level(level) },
            "properties": { "tags": [gate.name()], "problem.severity": problem(level) },
        });
    };
    let why = why(text.page);
    let severity = text.severity.unwrap_or(Severity::Warning);
    json!({
        "id": name,
        "shortDescription": { "text": text.summary },
        "fullDescription": { "text": shortened(if why.is_empty() { text.summary } else { why }) },
        "help": { "text": if why.is_empty() { text.summary } else { why }, "markdown": text.page },
        "defaultConfiguration": { "enabled": text.severity.is_some(), "level": level(severity) },
        "properties": { "tags": [text.group], "problem.severity": problem(severity) },
    })
}

/// The part of a rule's page that says why: below its title and its line of facts, above its first heading.
fn why(page: &str) -> &str {
    let body = page.split_once("\n## ").map_or(page, |(body, _)| body);
    let mut paragraphs = body.splitn(3, "\n\n").skip(2);
    paragraphs.next().unwrap_or_default().trim()
}

/// The whole sentences at the start of a text that are not too long together.
fn shortened(text: &str) -> &str {
    if text.chars().count() <= MAX_DESCRIPTION {
        return text;
    }
    let end = text.char_indices().nth(MAX_DESCRIPTION).map_or(text.len(), |(at, _)| at);
    let ends = text[..end].match_indices(". ").chain(text[..end].match_indices(".\n"));
    text[..ends.map(|(at, _)| at + 1).max().unwrap_or(end)].trim_end()
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// The same in the words of GitHub's code scanning.
const fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "recommendation",
    }
}

fn result(
    sources: &Sources,
    file: &FileReport,
    found: &Diagnostic,
    rule_index: Option<&usize>,
    seen: &mut BTreeMap<String, usize>,
) -> Value {
    let message = match &found.help {
        Some(help) => format!("{}\nhelp: {help}", found.message),
        None => found.message.clone(),
    };
    let mut places = found.labels.iter();
    let mut location = match places.next() {
        Some(label) => located(sources, label),
        None => json!({ "physicalLocation": { "artifactLocation": artifact(&file.path) } }),
    };
    if let Some(node) = &found.node {
        location["logicalLocations"] = json!([logical(node)]);
    }
    let mut result = json!({
        "ruleId": found.rule,
        "ruleIndex": rule_index,
        "level": level(found.severity),
        "message": { "text": message },
        "locations": [location],
        "partialFingerprints": { FINGERPRINT: fingerprint(sources, found, seen) },
        "properties": { "gate": found.gate.name() },
    });
    // A preset may be wrong where its graph is.
    if found.span().is_some_and(|span| sources.file(span.file).path() != file.path) {
        result["analysisTarget"] = artifact(&file.path);
    }
    let related: Vec<Value> = places.enumerate().map(|(at, label)| related(sources, label, at + 1)).collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    if let Some(fix) = &found.fix {
        result["fixes"] = json!([self::fix(sources, fix)]);
    }
    let properties = &mut result["properties"];
    if let Some(node) = found.node.as_ref().filter(|node| !node.class_type.is_empty()) {
        properties["classType"] = json!(node.class_type);
    }
    if let Some(kind) = found.server_type {
        properties["serverType"] = kind.into();
    }
    result
}

fn artifact(path: &Path) -> Value {
    let uri = uri(path);
    if is_whole(path) { json!({ "uri": uri }) } else { json!({ "uri": uri, "uriBaseId": ROOT }) }
}

/// A label's place, with its text.
fn located(sources: &Sources, label: &Label) -> Value {
    let place = Place::of(sources, label.span);
    let mut physical = json!({ "artifactLocation": artifact(place.path) });
    if let Some(region) = place.region {
        physical["region"] = self::region(region);
    }
    let mut location = json!({ "physicalLocation": physical });
    if !label.text.is_empty() {
        location["message"] = json!({ "text": label.text });
    }
    location
}

fn related(sources: &Sources, label: &Label, id: usize) -> Value {
    let mut location = located(sources, label);
    location["id"] = id.into();
    // Places without a text are passed over by who shows them.
    if location.get("message").is_none() {
        location["message"] = json!({ "text": "see here" });
    }
    location
}

/// Lines and columns count from 1, and the end is the column behind the last character, as ours.
fn region(Region { start, end }: Region) -> Value {
    let LineColumn { line, column } = start;
    match end {
        Some(end) => json!({
            "startLine": line,
            "startColumn": column,
            "endLine": end.line,
            "endColumn": end.column,
        }),
        None => json!({ "startLine": line, "startColumn": column }),
    }
}

fn logical(node: &NodeRef) -> Value {
    match &node.input {
        Some(input) => json!({
            "name": input,
            "fullyQualifiedName": format!("{}/{input}", node.key),
            "kind": "property",
        }),
        None => json!({ "name": node.key, "fullyQualifiedName": node.key, "kind": "object" }),
    }
}

/// The edits of a fix, file by file.
fn fix(sources: &Sources, fix: &Fix) -> Value {
    let mut changes: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for Edit { span, text } in &fix.edits {
        // What a picture carries is no text of its own, and no fix reaches it.
        if let Some(region) = Place::of(sources, *span).region {
            let replacement =
                json!({ "deletedRegion": self::region(region), "insertedContent": { "text": text } });
            changes.entry(span.file).or_default().push(replacement);
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(file, replacements)| {
            json!({ "artifactLocation": artifact(sources.file(file).path()), "replacements": replacements })
        })
        .collect();
    let title = if fix.safe { fix.title.clone() } else { format!("{} (check the result)", fix.title) };
    json!({ "description": { "text": title }, "artifactChanges": changes })
}

/// What stays the same when lines are added above the problem or values are changed: the rule, the node and its
/// input; or, without a node, the line that it is in. Equal ones of a file are numbered.
fn fingerprint(sources: &Sources, found: &Diagnostic, seen: &mut BTreeMap<String, usize>) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(text.as_bytes());
        hasher.update(&[0]);
    };
    add(found.rule);
    if let Some(node) = &found.node {
        add(&node.key);
        add(node.input.as_deref().unwrap_or_default());
    } else {
        add(anchor(sources, found));
    }
    let hash = hasher.finalize().to_hex();
    let count = seen.entry(hash[..16].to_owned()).and_modify(|count| *count += 1).or_insert(1);
    format!("{}:{count}", &hash[..16])
}

/// The line that a problem starts in, or what is marked if that line is very long.
fn anchor<'s>(sources: &'s Sources, found: &Diagnostic) -> &'s str {
    let Some(span) = found.span() else { return "" };
    let text = sources.file(span.file).text();
    let (before, after) = text.split_at_checked(span.start as usize).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = before.len() + after.find('\n').unwrap_or(after.len());
    let line = text.get(start..end).unwrap_or_default().trim();
    if line.len() <= MAX_ANCHOR { line } else { sources.text(span) }
}

#[cfg(test)]
mod tests;
