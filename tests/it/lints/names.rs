//! Names: every one that a report can show in brackets is a rule or explained, and every rule has its files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use wfc::lint::{self, RULES};

use crate::support::repository;

/// Calls that report something under the name that is their first argument, and whether a level applies to it.
const REPORTING: [(&str, bool); 7] = [
    ("Diagnostic::format(", false),
    ("Diagnostic::check(", false),
    ("Diagnostic::lint(", true),
    ("problems.error(", false),
    ("problems.warning(", true),
    ("problem(", false),
    ("fails(", false),
];

fn is_name(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.contains('-') && text.split('-').all(is_word)
}

fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            found.push((path, code));
        }
    }
}

/// The names that the code reports, each with the file and whether it has a level there.
fn reported() -> Vec<(String, PathBuf, bool)> {
    let mut files = Vec::new();
    sources(&repository("src"), &mut files);
    let mut names = Vec::new();
    for (path, code) in &files {
        for (call, is_lint) in REPORTING {
            for (at, _) in code.match_indices(call) {
                let argument = code[at + call.len()..].trim_start();
                let name = argument.strip_prefix('"').and_then(|rest| rest.split('"').next());
                if let Some(name) = name.filter(|name| is_name(name)) {
                    names.push((name.to_owned(), path.clone(), is_lint));
                }
            }
        }
    }
    assert!(names.len() > 100, "the calls are not found any more");
    names
}

/// The names in `schemas/findings.csv`, each with its gate.
fn explained() -> BTreeSet<(String, String)> {
    let table = std::fs::read_to_string(repository("schemas/findings.csv")).unwrap();
    let fields = |row: &str| {
        let mut fields = row.split(',').map(str::to_owned);
        Some((fields.next()?, fields.next()?))
    };
    table.lines().filter(|line| !line.starts_with('#')).filter_map(fields).collect()
}

#[test]
fn every_name_that_is_reported_is_a_rule_or_explained() {
    let explained = explained();
    let is_explained = |name: &str, gates: &[&str]| {
        gates.iter().any(|gate| explained.contains(&(name.to_owned(), (*gate).to_owned())))
    };
    let mut wrong = BTreeSet::new();
    for (name, path, is_lint) in reported() {
        let is_rule = lint::rule(&name).is_some();
        // `wfc models` knows no levels.
        let is_of_models = path.starts_with(repository("src/cli/models"));
        let is_fine = match is_lint {
            true if is_of_models => is_explained(&name, &["note", "check"]),
            true => is_rule || is_explained(&name, &["note"]),
            false => is_explained(&name, &["check", "format"]),
        };
        if !is_fine {
            let place = path.display();
            let wanted = if is_lint { "in lint::RULES" } else { "a line in schemas/findings.csv" };
            wrong.insert(format!("{place}: `{name}` is not {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn names_of_rules_are_sorted_and_in_kebab_case() {
    assert!(
        RULES.is_sorted_by(|one, next| one.name < next.name),
        "RULES is not sorted, or names a rule twice"
    );
    for rule in RULES {
        assert!(is_name(rule.name), "{} is no name of a rule", rule.name);
        assert_eq!(lint::rule(rule.name).map(|found| found.name), Some(rule.name));
        let is_sentence = rule.summary.len() > 10
            && !rule.summary.starts_with('…')
            && !rule.summary.contains('\n')
            && !rule.summary.ends_with('.');
        assert!(is_sentence, "{}: {:?} is no summary", rule.name, rule.summary);
    }
}

#[test]
fn every_file_of_a_rule_is_listed() {
    let (mut files, mut code) = (Vec::new(), Vec::new());
    sources(&repository("src/lint/rules"), &mut files);
    sources(&repository("src"), &mut code);
    let mut own = BTreeSet::new();
    for (path, _) in files.iter().filter(|(_, code)| code.contains("static RULE: Rule")) {
        let name = path.file_stem().unwrap().to_str().unwrap().replace('_', "-");
        let rule = lint::rule(&name).unwrap_or_else(|| panic!("{} is not in lint::RULES", path.display()));
        own.insert(rule.name);
    }
    for rule in RULES.iter().filter(|rule| !own.contains(rule.name)) {
        // Found by a reader or a compiler, or by nobody any more.
        let quoted = format!("\"{}\"", rule.name);
        let is_found =
            code.iter().any(|(path, code)| !path.ends_with("lint/rules.rs") && code.contains(&quoted));
        assert!(is_found, "nothing reports {}", rule.name);
    }
    let pages = std::fs::read_dir(repository("docs/rules")).unwrap();
    for page in pages.map(|entry| entry.unwrap().path()) {
        let name = page.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(lint::rule(&name).is_some(), "{} is of no rule", page.display());
    }
}

#[test]
fn the_readme_counts_the_rules() {
    let readme = std::fs::read_to_string(repository("README.md")).unwrap();
    let count = format!("[{} rules](docs/rules.md)", RULES.len());
    assert!(readme.contains(&count), "README.md does not say {count}");
}
