//! `docs/lint-precision.md` says how often each rule reports something in official templates and node packs' examples,
//! and what was found when each of these findings was looked at. Its counts must be today's.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use serde_json::Value;
use wfc::catalog::{ImportOptions, read_catalog};
use wfc::compile::{Compiler, WorkflowOptions};
use wfc::diag::{Diagnostics, Gate, Severity};
use wfc::lint::{self, Levels};
use wfc::source::Sources;

use crate::support::repository;

/// Of the warnings of a rule, at most this part may be false alarms.
const MOST_FALSE: f64 = 0.05;

/// A row of the page: how often the rule is right and wrong.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    right: usize,
    wrong: usize,
}

/// The table of the page: `| [rule](…) | level | findings | true | false | … |`.
fn table() -> BTreeMap<String, Row> {
    let page = std::fs::read_to_string(repository("docs/lint-precision.md")).unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| [")?.split('|').map(str::trim).collect();
        let (name, _) = cells[0].split_once(']')?;
        let number = |at: usize| cells[at].parse().unwrap_or_else(|_| panic!("{line}"));
        let (found, right, wrong) = (number(2), number(3), number(4));
        assert_eq!(found, right + wrong, "{line}");
        Some((name.to_owned(), Row { right, wrong }))
    };
    page.lines().filter_map(row).collect()
}

fn unpacked(name: &str) -> Option<Vec<u8>> {
    let file = std::fs::File::open(repository("../shared/corpus").join(name)).ok()?;
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

#[test]
fn no_error_is_a_false_alarm_and_hardly_a_warning() {
    let mut bad = Vec::new();
    for (name, row) in table() {
        let rule = lint::rule(&name).unwrap_or_else(|| panic!("there is no rule {name}"));
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let part = row.wrong as f64 / (row.right + row.wrong).max(1) as f64;
        match rule.severity {
            Some(Severity::Error) if row.wrong > 0 => bad.push(format!("{name}: {row:?}")),
            Some(Severity::Warning) if part > MOST_FALSE => bad.push(format!("{name}: {row:?}")),
            _ => {}
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn every_finding_in_official_workflows_was_looked_at() {
    let (Some(rows), Some(classes)) = (unpacked("prompts.jsonl.gz"), unpacked("object_info.json.gz")) else {
        println!("skipped: there is no corpus in ../shared/corpus");
        return;
    };
    let compiler = Compiler::new(Arc::new(read_catalog(&classes, &ImportOptions::default()).unwrap()));
    let options = WorkflowOptions { lint: Some(Levels::default().into()), ..WorkflowOptions::default() };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for row in String::from_utf8(rows).unwrap().lines().filter(|row| row.contains("#identity#")) {
        let row: Value = serde_json::from_str(row).unwrap();
        let text = row["prompt"].to_string();
        let mut sources = Sources::new();
        let file = sources.add("w.json", text.as_str());
        let mut found = Diagnostics::new();
        compiler.workflow(file, &text, &options, &mut found);
        for found in found.into_sorted().iter().filter(|found| found.gate == Gate::Lint) {
            *counts.entry(found.rule.to_owned()).or_default() += 1;
        }
    }
    let known: BTreeMap<String, usize> =
        table().into_iter().map(|(name, row)| (name, row.right + row.wrong)).collect();
    let names = counts.keys().chain(known.keys()).collect::<std::collections::BTreeSet<_>>();
    let changed: Vec<String> = names
        .into_iter()
        .map(|name| (name, counts.get(name).copied().unwrap_or(0), known.get(name).copied().unwrap_or(0)))
        .filter(|(_, now, known)| now != known)
        .map(|(name, now, known)| format!("{name}: {now} findings, {known} were looked at"))
        .collect();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}
