//! The formats of findings that other programs read: SARIF, GitHub's commands, test results in XML.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Folder, PICTURE, repository};

/// Two findings with a fix, behind letters of two bytes and a byte order mark.
const REPAIRABLE: &str = "\u{feff}{\"1\": {\"_meta\": {\"title\": \"größer\"}, \"class_type\": \"EmptyImage\", \"inputs\": {\"width\": \
    \"64\", \"height\": 64, \"batch_size\": \"1\", \"color\": 0}},\n\"2\": {\"class_type\": \"SaveImage\", \"inputs\": \
    {\"images\": [\"1\", 0], \"filename_prefix\": \"x\"}}}";

/// A folder with every example of the rules' pages that is to fail, and files that are wrong in other ways.
fn everything() -> Folder {
    let folder = Folder::with([
        ("g.toml", PICTURE),
        (
            "bad preset.toml",
            "graph = \"g.toml\"\n\n[params]\nwidht = 64\n\n[lint]\nfloat-noise = \"allow\"\n",
        ),
        ("bad syntax.toml", "graph = \n"),
        ("good.toml", "graph = \"g.toml\"\n"),
        ("größer.json", REPAIRABLE),
        ("nothing.json", "{}"),
        ("deep/bad.workflow_api.json", "{\"1\": {\"class_type\": \"NoSuchClass\", \"inputs\": {}}"),
    ]);
    let mut count = 0;
    for entry in std::fs::read_dir(repository("docs/rules")).unwrap() {
        let page = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for example in page.split("```json fail\n").skip(1) {
            count += 1;
            folder.write(&format!("rules/{count}.json"), example.split("```").next().unwrap());
        }
    }
    assert!(count > 0);
    folder
}

fn lint(folder: &Folder, format: &str, paths: &[&str]) -> String {
    let run = folder.wfc(&[&["lint", "--format", format][..], paths].concat());
    assert_eq!((run.stderr.as_str(), run.code), ("", Some(1)), "{}", run.stdout);
    run.stdout
}

fn sarif(folder: &Folder, paths: &[&str]) -> Value {
    let log: Value = serde_json::from_str(&lint(folder, "sarif", paths)).unwrap();
    log["runs"][0].clone()
}

/// The schema is published and not ours, so it is not in this repository: `.ci/run` fetches it.
#[test]
fn sarif_logs_are_valid() {
    let Some(path) = std::env::var_os("WFC_SARIF_SCHEMA").filter(|path| !path.is_empty()) else {
        eprintln!("skipped: WFC_SARIF_SCHEMA does not name the file with SARIF's schema, as in .ci/run");
        return;
    };
    let mut schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    // Not every dialect of regular expressions takes the schema's pattern for a member that wfc does not write.
    for place in ["run", "toolComponent"] {
        let language = schema["definitions"][place]["properties"]["language"].as_object_mut().unwrap();
        language.remove("pattern").unwrap();
    }
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let problems = |log: &Value| validator.iter_errors(log).map(|it| it.to_string()).collect::<Vec<_>>();
    let folder = everything();
    let mut log: Value = serde_json::from_str(&lint(&folder, "sarif", &["."])).unwrap();
    assert_eq!(problems(&log), [""; 0]);
    let clean = folder.wfc(&["lint", "good.toml", "--format", "sarif"]).succeeded();
    assert_eq!(problems(&serde_json::from_str(&clean.stdout).unwrap()), [""; 0]);
    let built = folder.wfc(&["build", "bad preset.toml", "--format", "sarif"]);
    assert_eq!(problems(&serde_json::from_str(&built.stdout).unwrap()), [""; 0]);

    // The schema does tell right from wrong.
    log["runs"][0]["results"][0]["level"] = "info".into();
    assert_eq!(problems(&log).len(), 1);
}

#[test]
fn sarif_says_what_the_rules_and_places_are() {
    let run = sarif(&everything(), &["."]);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let mut fingerprints = BTreeSet::new();
    for result in run["results"].as_array().unwrap() {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.is_ascii() && !uri.contains([' ', '\\']) && !uri.starts_with(['.', '/']), "{uri}");
        let print = &result["partialFingerprints"]["wfc/v1"];
        let is_new = fingerprints.insert(format!("{uri} {} {print}", result["ruleId"]));
        assert!(is_new, "{result:#}");
    }
    // A lint rule brings its page, and one that is none has none.
    let find = |name: &str| rules.iter().find(|rule| rule["id"] == name).unwrap();
    let page = std::fs::read_to_string(repository("docs/rules/coerced-value.md")).unwrap();
    assert_eq!(find("coerced-value")["help"]["markdown"], page);
    assert_eq!(find("coerced-value")["properties"]["tags"][0], "correctness");
    assert_eq!(find("unknown-param")["help"].get("markdown"), None);
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            let text = rule[text]["text"].as_str().unwrap();
            assert!(!text.trim().is_empty() && !text.contains("\n## "), "{rule:#}");
        }
        assert!(rule["fullDescription"]["text"].as_str().unwrap().chars().count() <= 1000, "{rule:#}");
    }
}

/// The bytes at which a place in lines and columns starts and ends: columns are characters, and a byte order mark
/// is none.
fn bytes(text: &str, region: &Value) -> std::ops::Range<usize> {
    let at = |line: &str, column: &str| {
        let number = |name: &str| usize::try_from(region[name].as_u64().unwrap()).unwrap() - 1;
        let start: usize = text.split_inclusive('\n').take(number(line)).map(str::len).sum();
        let mark = if text[start..].starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let rest = &text[start + mark..];
        start + mark + rest.chars().take(number(column)).map(char::len_utf8).sum::<usize>()
    };
    at("startLine", "startColumn")..at("endLine", "endColumn")
}

#[test]
fn fixes_in_sarif_do_what_fix_does() {
    let folder = everything();
    let mut text = REPAIRABLE.to_owned();
    let run = sarif(&folder, &["größer.json", "bad syntax.toml"]);
    let mut edits = Vec::new();
    for change in run["results"].as_array().unwrap().iter().filter_map(|it| it.get("fixes")) {
        let change = &change[0]["artifactChanges"][0];
        assert_eq!(change["artifactLocation"]["uri"], "gr%C3%B6%C3%9Fer.json");
        for replacement in change["replacements"].as_array().unwrap() {
            let new = replacement["insertedContent"]["text"].as_str().unwrap().to_owned();
            edits.push((bytes(REPAIRABLE, &replacement["deletedRegion"]), new));
        }
    }
    assert_eq!(edits.len(), 2);
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    for (range, new) in edits {
        text.replace_range(range, &new);
    }
    folder.wfc(&["lint", "größer.json", "--fix"]);
    assert_eq!(String::from_utf8(folder.read("größer.json")).unwrap(), text);
}

#[test]
fn github_gets_one_command_for_each_finding() {
    let folder = everything();
    let said = lint(&folder, "github", &["."]);
    let json: Value = serde_json::from_str(&lint(&folder, "json", &["."])).unwrap();
    let count = |name: &str| said.lines().filter(|line| line.starts_with(&format!("::{name} "))).count();
    assert_eq!(count("error"), usize::try_from(json["summary"]["errors"].as_u64().unwrap()).unwrap());
    assert_eq!(count("warning"), usize::try_from(json["summary"]["warnings"].as_u64().unwrap()).unwrap());
    let others: Vec<&str> = said.lines().filter(|line| !line.starts_with("::")).collect();
    assert_eq!(others.len(), 1, "{others:?}");
    let said = lint(&folder, "github", &["bad preset.toml"]);
    insta::assert_snapshot!(said, @r#"
    ::error title=unknown-param,file=bad preset.toml,line=4,endLine=4,col=1,endColumn=5::bad preset.toml:4:1: the graph has no parameter `widht`%0Ahelp: did you mean `width`?
    ::error title=missing-reason,file=bad preset.toml,line=7,endLine=7,col=15,endColumn=21::bad preset.toml:7:15: `allow` needs a reason%0Ahelp: write { level = "allow", reason = "…" }
    2 errors in 1 file
    "#);
}

#[test]
fn junit_has_a_case_for_each_finding_under_a_name_of_its_own() {
    let said = lint(&everything(), "junit", &["."]);
    for suite in said.split("<testsuite ").skip(1) {
        let names = suite.lines().filter_map(|line| line.trim().strip_prefix("<testcase "));
        let names: Vec<&str> = names.map(|case| case.split("\" classname").next().unwrap()).collect();
        let unique: BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len(), "{names:#?}");
    }
    assert!(said.contains("<testcase name=\"no problems\" classname=\"good.toml\" file=\"good.toml\"/>"));
}

#[test]
fn formats_for_programs_stand_alone_and_are_the_same_each_time() {
    let folder = everything();
    for format in ["sarif", "github", "junit"] {
        assert_eq!(lint(&folder, format, &["."]), lint(&folder, format, &["."]));
        let coloured = folder.wfc(&["lint", ".", "--format", format, "--color", "always"]);
        assert!(!coloured.stdout.contains('\u{1b}'));
        let built = folder.wfc(&["build", "good.toml", "--format", format]).succeeded();
        assert!(!built.stdout.contains("nodes"), "{}", built.stdout);
    }
}

#[test]
fn named_files_that_are_nothing_are_passed_over_if_asked() {
    let folder = Folder::with([
        ("g.toml", PICTURE),
        ("pyproject.toml", "[project]\nname = \"x\"\n"),
        ("package.json", "{\"name\": \"x\"}"),
        ("README.md", "# x"),
        ("bad.json", "{\"1\": {\"class_type\": \"NoSuchClass\", \"inputs\": {}}}"),
    ]);
    let others = ["pyproject.toml", "package.json", "README.md"];
    for other in others {
        assert_ne!(folder.wfc(&["lint", other]).code, Some(0), "{other}");
    }
    let skip = |paths: &[&str]| folder.wfc(&[&["lint", "--skip-unknown"], paths].concat());
    assert_eq!(skip(&others).succeeded().stdout, "no files\n");
    let run = skip(&[&others[..], &["g.toml", "bad.json"]].concat());
    assert_eq!((run.code, run.stdout.lines().last()), (Some(1), Some("1 error in 2 files")));
    assert_eq!(skip(&["gone.json"]).code, Some(2));
}

#[test]
fn findings_need_not_fail_the_run() {
    let folder = everything();
    assert_eq!(folder.wfc(&["lint", ".", "--fail-on", "never"]).code, Some(0));
    assert_eq!(folder.wfc(&["lint", "gone.json", "--fail-on", "never"]).code, Some(2));
}
