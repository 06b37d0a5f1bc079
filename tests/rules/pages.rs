//! The rules' pages: their heads say what the declarations say, and their examples give exactly what stands
//! below them. The words behind a fence's backticks are its language, `fail` or `pass`, `file=NAME` for a file by another
//! name, and `with=RULE` for another finding that the defect cannot do without. `WFC_UPDATE_PAGES=1 cargo test --test
//! rules` writes what the examples give now.

use std::path::PathBuf;

use wfc::diag::Severity;
use wfc::lint::Rule;

use crate::support::{Folder, repository};

/// What stands between two lines of backticks.
struct Fence<'p> {
    /// The words behind the opening backticks.
    info: Vec<&'p str>,
    /// Where the text stands in the page.
    range: std::ops::Range<usize>,
}

impl<'p> Fence<'p> {
    fn all(page: &'p str) -> Vec<Self> {
        let mut fences = Vec::new();
        let mut open: Option<(Vec<&str>, usize)> = None;
        let mut at = 0;
        for line in page.split_inclusive('\n') {
            let end = at + line.len();
            if let Some(info) = line.trim_end().strip_prefix("```") {
                match open.take() {
                    Some((info, start)) => fences.push(Self { info, range: start..at }),
                    None => open = Some((info.split_whitespace().collect(), end)),
                }
            }
            at = end;
        }
        assert!(open.is_none(), "a fence is not closed:\n{page}");
        fences
    }

    fn is(&self, word: &str) -> bool {
        self.info.contains(&word)
    }

    /// True if the info has `with=NAME`: the defect cannot be shown without that other finding.
    fn expects(&self, name: &str) -> bool {
        self.info.iter().any(|word| word.strip_prefix("with=") == Some(name))
    }

    /// The file's name: what the info says, or one for its format.
    fn file(&self) -> &'p str {
        let named = self.info.iter().find_map(|word| word.strip_prefix("file="));
        named.unwrap_or(if self.is("toml") { "preset.toml" } else { "workflow.json" })
    }
}

fn path(rule: &Rule) -> PathBuf {
    repository(&format!("docs/rules/{}.md", rule.name))
}

/// The second line of a page.
fn head(rule: &Rule) -> String {
    let level = rule.severity.map_or("off unless switched on", |severity| match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    });
    let fix = rule.repairs.map_or_else(|| "no fix".to_owned(), |repairs| format!("fix: {repairs}"));
    format!("Group `{}`, {level}, {fix}.", rule.group.name())
}

/// What `wfc lint` says of an example, and the rules that it finds.
fn linted(rule: &Rule, folder: &Folder, file: &str) -> (String, Vec<String>) {
    let mut arguments = vec!["lint", file];
    if rule.severity.is_none() {
        arguments.extend(["--warn", rule.name]);
    }
    let shown = folder.wfc(&arguments);
    assert_eq!(shown.stderr, "", "{}", rule.name);
    arguments.extend(["--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&folder.wfc(&arguments).stdout).unwrap();
    let found = report["files"][0]["diagnostics"].as_array().unwrap();
    let rules = found.iter().map(|found| found["rule"].as_str().unwrap().to_owned()).collect();
    (shown.stdout, rules)
}

#[test]
fn every_page_says_what_its_rule_declares() {
    let mut wrong = Vec::new();
    for rule in crate::rules() {
        let lines: Vec<&str> = rule.page.lines().collect();
        let expected = [format!("# {}", rule.name), String::new(), head(rule)];
        if lines.len() < 3 || lines[..3] != expected {
            wrong.push(format!("{}: its first lines are to be {expected:#?}", path(rule).display()));
        }
        if !lines.contains(&"## Evidence") {
            wrong.push(format!("{}: there is no ## Evidence", path(rule).display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_has_examples_that_give_what_it_says() {
    let update = std::env::var_os("WFC_UPDATE_PAGES").is_some();
    let mut wrong = Vec::new();
    for rule in crate::rules() {
        let page = std::fs::read_to_string(path(rule)).unwrap();
        let fences = Fence::all(&page);
        let folder = Folder::new();
        let mut updated = page.clone();
        let (mut fails, mut passes) = (0, 0);
        // From the end, so that what is replaced does not move what comes before.
        let mut replacements = Vec::new();
        for (at, fence) in fences.iter().enumerate() {
            let is_example = fence.is("fail") || fence.is("pass");
            if !is_example && !fence.info.iter().any(|word| word.starts_with("file=")) {
                continue;
            }
            folder.write(fence.file(), &page[fence.range.clone()]);
            if !is_example {
                continue;
            }
            let (shown, rules) = linted(rule, &folder, fence.file());
            let others: Vec<_> =
                rules.iter().filter(|found| *found != rule.name && !fence.expects(found)).collect();
            if !others.is_empty() {
                wrong.push(format!("{}, example {at}: finds {others:?} too:\n{shown}", rule.name));
            }
            let has_found = rules.iter().any(|found| found == rule.name);
            if fence.is("pass") {
                passes += 1;
                if has_found {
                    wrong.push(format!("{}, example {at}: is to pass, and does not:\n{shown}", rule.name));
                }
                continue;
            }
            fails += 1;
            if !has_found {
                wrong.push(format!("{}, example {at}: is to fail, and does not:\n{shown}", rule.name));
            }
            match fences.get(at + 1).filter(|next| next.is("text")) {
                Some(said) if page[said.range.clone()] == shown => {}
                Some(said) if update => replacements.push((said.range.clone(), shown)),
                Some(_) => wrong.push(format!("{}, example {at}: gives now\n{shown}", rule.name)),
                None => wrong.push(format!("{}, example {at}: no ```text below it", rule.name)),
            }
        }
        if fails == 0 || passes == 0 {
            wrong.push(format!("{}: {fails} failing and {passes} passing examples", rule.name));
        }
        for (range, shown) in replacements.into_iter().rev() {
            updated.replace_range(range, &shown);
        }
        if updated != page {
            std::fs::write(path(rule), updated).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}
