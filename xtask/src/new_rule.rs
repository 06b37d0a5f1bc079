//! `cargo xtask new-rule NAME`: the files of a lint rule, and its lines in `src/lint/rules.rs`.
//!
//! What it writes compiles, and the tests then ask for what only a person can write: the defect, and examples.

use std::path::{Path, PathBuf};

use wfc::lint::Group;

/// What a rule looks at: a kind of `Check` in `src/lint.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Class,
    Sampler,
    Node,
    Input,
    Workflow,
}

impl Kind {
    const ALL: [(&str, Self); 5] = [
        ("class", Self::Class),
        ("sampler", Self::Sampler),
        ("node", Self::Node),
        ("input", Self::Input),
        ("workflow", Self::Workflow),
    ];

    /// What the rule's file uses, how it is declared, and its function.
    fn code(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Class => (
                "use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};",
                r#"Check::Class(&["KSampler"], check)"#,
                r#"fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    // `?` leaves what is unknown unjudged.
    let cfg = workflow.analysis.inputs(id).float("cfg")?;
    if cfg < 100.0 {
        return Ok(None);
    }
    let message = format!("cfg is {cfg}, …");
    Ok(Some(workflow.at(&RULE, id, "cfg", message).help("…")))
}"#,
            ),
            Self::Sampler => (
                "use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};",
                "Check::Sampler(check)",
                r#"fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    // `?` leaves what is unknown unjudged.
    let cfg = sampler.cfg.value?;
    if cfg < 100.0 {
        return Ok(None);
    }
    let message = format!("cfg is {cfg}, …");
    Ok(Some(workflow.at(&RULE, sampler.cfg.node, sampler.cfg.input, message).help("…")))
}"#,
            ),
            Self::Node => (
                "use crate::diag::{Diagnostic, Severity};
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Rule, Subject, page};",
                "Check::Node(check)",
                r#"fn check(workflow: &Workflow<'_>, id: NodeId) -> Option<Diagnostic> {
    let node = workflow.node(id);
    let class = node.class.as_ref().filter(|class| class.experimental && workflow.runs(id))?;
    let message = format!("`{}` is …", class.name);
    Some(workflow.at_node(&RULE, id, message).help("…"))
}"#,
            ),
            Self::Input => (
                "use crate::diag::{Diagnostic, Severity};
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};",
                "Check::Input(check)",
                r#"fn check(at: &At<'_>) -> Option<Diagnostic> {
    let (value, spec) = (at.literal()?.as_str()?, at.spec?);
    if value != "…" {
        return None;
    }
    Some(at.finding(&RULE, format!("`{}` is {value:?}, …", spec.name)).help("…"))
}"#,
            ),
            Self::Workflow => (
                "use crate::diag::Severity;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};",
                "Check::Workflow(check)",
                r#"fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    for (id, node) in workflow.graph.nodes().filter(|(id, _)| workflow.runs(*id)) {
        if node.inputs().len() < 10_000 {
            continue;
        }
        let message = format!("`{}` has …", node.key);
        findings.push(workflow.at_node(&RULE, id, message).help("…"));
    }
}"#,
            ),
        }
    }
}

/// Makes the rule that the arguments describe, in the repository at `root` unless they name another.
pub(crate) fn run(arguments: &[&str], root: &Path) -> Result<(), String> {
    let [name, options @ ..] = arguments else {
        return Err("new-rule takes the rule's name, which states the defect: frames-off-grid".to_owned());
    };
    let (mut group, mut kind, mut root) = (Group::Correctness, Kind::Class, root.to_owned());
    for option in options.chunks(2) {
        match *option {
            ["--group", value] => {
                group = find(value, Group::ALL.map(|group| (group.name(), group)), "group")?;
            }
            ["--kind", value] => kind = find(value, Kind::ALL, "kind")?,
            ["--root", value] => root = PathBuf::from(value),
            [option, ..] => return Err(format!("{option} is not known or has no value\n{}", crate::USAGE)),
            [] => {}
        }
    }
    let module = module(name)?;
    let list = root.join("src/lint/rules.rs");
    let text = std::fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let files = [
        (root.join(format!("src/lint/rules/{module}.rs")), source(name, group, kind)),
        (root.join(format!("docs/rules/{name}.md")), page(name, group)),
        (root.join(format!("tests/seeded/{name}.json")), SEEDED.to_owned()),
        (list, listed(&text, &module)?),
    ];
    let (_, new) = files.split_last().unwrap_or((&files[0], &[]));
    if let Some((path, _)) = new.iter().find(|(path, _)| path.exists()) {
        return Err(format!("{} exists", path.display()));
    }
    for (path, text) in files {
        wfc::cli::output::write_atomic(&path, text.as_bytes()).map_err(|error| error.to_string())?;
        crate::report(&format!("wrote {}", path.strip_prefix(&root).unwrap_or(&path).display()));
    }
    crate::report(&format!(
        "next: write the rule, its page and its seeded defects, until `WFC_RULES={name} cargo test --test rules` passes \
         (with WFC_UPDATE_PAGES=1 it writes what the examples give); then `cargo xtask generate`"
    ));
    Ok(())
}

/// The value of that name.
fn find<T: Copy, const N: usize>(name: &str, all: [(&str, T); N], what: &str) -> Result<T, String> {
    let found = all.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names = all.map(|(name, _)| name).join(", ");
        format!("there is no {what} `{name}`; there are: {names}")
    })
}

/// The module of the rule called `name`.
fn module(name: &str) -> Result<String, String> {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase()) && name.split('-').all(is_word);
    // A rule's name states a defect, and no keyword of Rust does; so there is more than one word.
    if !is_name || !name.contains('-') {
        return Err(format!("`{name}` is not a name of a rule: lowercase words with `-` between them"));
    }
    Ok(name.replace('-', "_"))
}

fn source(name: &str, group: Group, kind: Kind) -> String {
    let (uses, check, function) = kind.code();
    format!(
        r#"//! …

{uses}

pub(super) static RULE: Rule = Rule {{
    name: "{name}",
    summary: "…",
    group: Group::{group:?},
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("{name}"),
    check: {check},
}};

{function}
"#
    )
}

/// The page, with the head that the test of pages asks for and fences to fill.
fn page(name: &str, group: Group) -> String {
    format!(
        "# {name}

Group `{}`, warning, no fix.

…

## Example

```json fail
{{
}}
```

```text
```

…:

```json pass
{{
}}
```

## Evidence

- …
",
        group.name()
    )
}

const SEEDED: &str = r#"[
  {"workflow": "wan22-t2v", "set": {}},
  {"workflow": "z-image-turbo", "set": {}},
  {"workflow": "qwen-image", "set": {}}
]
"#;

/// `src/lint/rules.rs` with the rule of `module`: its `mod` line and its entry in the list, each in its place.
fn listed(text: &str, module: &str) -> Result<String, String> {
    let name = module.replace('_', "-");
    let mut lines: Vec<&str> = text.lines().collect();
    let is_mod = |line: &str| line.starts_with("mod ") && line.ends_with(';');
    let entries: Vec<(usize, String)> = (0..lines.len()).filter_map(|at| entry(&lines, at)).collect();
    if entries.iter().any(|(_, known)| *known == name) {
        return Err(format!("there is a rule `{name}`"));
    }
    let end = lines.iter().rposition(|line| *line == "];").ok_or("src/lint/rules.rs has no list of rules")?;
    let at = entries.iter().find(|(_, known)| *known > name).map_or(end, |(at, _)| *at);
    let entry = format!("    &{module}::RULE,");
    lines.insert(at, &entry);
    let own = format!("mod {module};");
    let at = lines.iter().position(|line| is_mod(line) && *line > own.as_str());
    let last = || lines.iter().rposition(|line| is_mod(line)).map(|at| at + 1);
    let at = at.or_else(last).ok_or("src/lint/rules.rs declares no modules")?;
    lines.insert(at, &own);
    Ok(lines.join("\n") + "\n")
}

/// The rule whose entry in the list starts in this line.
fn entry(lines: &[&str], at: usize) -> Option<(usize, String)> {
    let line = lines.get(at)?.strip_prefix("    &")?;
    if let Some(module) = line.strip_suffix("::RULE,") {
        return Some((at, module.replace('_', "-")));
    }
    let argument = lines.get(at + 1).filter(|_| line.ends_with('('))?.trim();
    let name = argument.strip_prefix('"')?.strip_suffix("\",")?.to_owned();
    Some((at, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "mod api_node;
mod off_step;

pub static RULES: &[&Rule] = &[
    &api_node::RULE,
    &elsewhere(
        \"date-in-file-name\",
        Group::Style,
    ),
    &off_step::RULE,
];

const fn elsewhere() {}
";

    #[test]
    fn a_rule_is_listed_in_its_place() {
        let text = listed(LIST, "bad_frames").unwrap();
        assert!(text.contains("mod api_node;\nmod bad_frames;\nmod off_step;\n\n"), "{text}");
        assert!(text.contains("    &api_node::RULE,\n    &bad_frames::RULE,\n    &elsewhere(\n"), "{text}");
        let text = listed(LIST, "early_frames").unwrap();
        assert!(text.contains("    ),\n    &early_frames::RULE,\n    &off_step::RULE,\n"), "{text}");
        let text = listed(LIST, "wide_frames").unwrap();
        assert!(text.contains("mod off_step;\nmod wide_frames;\n\n"), "{text}");
        assert!(text.contains("    &off_step::RULE,\n    &wide_frames::RULE,\n];\n"), "{text}");
        assert!(text.ends_with("const fn elsewhere() {}\n"), "{text}");
    }

    #[test]
    fn what_exists_or_is_no_name_is_refused() {
        assert_eq!(listed(LIST, "off_step").unwrap_err(), "there is a rule `off-step`");
        assert_eq!(listed(LIST, "date_in_file_name").unwrap_err(), "there is a rule `date-in-file-name`");
        for name in [
            "",
            "Frames-off",
            "frames_off",
            "frames--off",
            "-frames",
            "frames-",
            "4-frames",
            "crate",
            "a b-c",
        ] {
            assert!(module(name).is_err(), "{name:?}");
        }
        assert_eq!(module("frames-off-grid"), Ok("frames_off_grid".to_owned()));
        assert_eq!(module("wan22-frames"), Ok("wan22_frames".to_owned()));
    }
}
