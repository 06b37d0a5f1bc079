//! What is said of findings where they are: levels of groups and of paths, comments, lint files.

use serde_json::Value;

use crate::support::{Folder, PICTURE};

/// Node 1: a picture; node 2: an output that saves it, with an input too many.
const EXTRA: &str = r#"{
"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x", "more": 1}},
"3": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}}
}
"#;

/// Rule and level of what `wfc lint` finds.
#[track_caller]
fn found(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let run = folder.wfc(&[&["lint", "--format", "json"], arguments].concat());
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let files = report["files"].as_array().unwrap().iter();
    let all = files.flat_map(|file| file["diagnostics"].as_array().unwrap());
    all.map(|found| format!("{} {}", found["severity"].as_str().unwrap(), found["rule"].as_str().unwrap()))
        .collect()
}

/// The graph of [`PICTURE`] with a parameter and a node that nothing needs, and what stands above or behind them.
fn graph(param: &str, node: &str) -> String {
    PICTURE
        .replace(
            "[params.name]",
            &format!("{param}[params.idle]\ntype = \"bool\"\ndefault = true\ndoc = \"Idle.\"\n[params.name]"),
        )
        .replace(
            "[nodes.save]",
            &format!(
                "[nodes.dangling]{node}\nclass = \"EmptyImage\"\nstage = \"save\"\n\
                 inputs = {{ width = 64, height = 64, batch_size = 1, color = 0 }}\n\n[nodes.save]"
            ),
        )
}

#[test]
fn a_groups_level_is_that_of_its_rules_and_a_rules_own_wins() {
    let folder = Folder::with([("w.json", EXTRA)]);
    assert_eq!(found(&folder, &["w.json"]), ["warning unknown-input", "warning unreachable-node"]);
    let correctness = ["w.json", "--deny", "correctness"];
    let denied = found(&folder, &correctness);
    assert!(denied.contains(&"error unknown-input".to_owned()), "{denied:?}");
    folder.write(
        "wfc.toml",
        "[lint]\nunknown-input = \"deny\"\ncorrectness = { level = \"allow\", reason = \"x\" }\n\
         cost = { level = \"allow\", reason = \"x\" }\nstyle = { level = \"allow\", reason = \"x\" }\n",
    );
    let own = found(&folder, &["w.json"]);
    assert_eq!(own, ["error unknown-input"], "the order in the file does not matter");
    let said = found(&folder, &["w.json", "--warn", "correctness"]);
    assert!(said.contains(&"warning unknown-input".to_owned()), "the command line wins over files: {said:?}");
    let own = found(&folder, &["w.json", "--warn", "unknown-input", "--deny", "correctness"]);
    assert!(own.contains(&"warning unknown-input".to_owned()), "{own:?}");
}

#[test]
fn allowing_a_group_needs_a_reason_and_a_group_that_exists() {
    let folder = Folder::with([("wfc.toml", "[lint]\nstyle = \"allow\"\ncorectness = \"deny\"\n")]);
    let said = folder.wfc(&["lint", "wfc.toml"]).stdout;
    assert!(said.contains("error[missing-reason]: `allow` needs a reason"), "{said}");
    assert!(said.contains("error[unknown-rule]") && said.contains("did you mean `correctness`?"), "{said}");
}

#[test]
fn a_preset_wins_over_overrides_and_these_over_the_project() {
    let folder = Folder::with([
        ("g.toml", &*graph("", "")),
        ("a/p.toml", "graph = \"../g.toml\"\n"),
        ("a/q.toml", "graph = \"../g.toml\"\n[lint]\nunused-param = \"deny\"\n"),
        (
            "wfc.toml",
            "[lint]\nunused-param = \"deny\"\n[[overrides]]\npaths = [\"a/*.toml\"]\n\
                      lint = { style = { level = \"allow\", reason = \"sketches\" } }\n",
        ),
    ]);
    let rules = |path: &str| found(&folder, &[path]);
    let is_in = |rules: &[String], rule: &str| rules.iter().any(|found| found == rule);
    assert!(is_in(&rules("g.toml"), "error unused-param"), "{:?}", rules("g.toml"));
    assert!(!rules("a/p.toml").iter().any(|found| found.contains("unused-param")), "{:?}", rules("a/p.toml"));
    assert!(is_in(&rules("a/q.toml"), "error unused-param"), "{:?}", rules("a/q.toml"));
    assert_eq!(folder.wfc(&["build", "a/p.toml"]).code, Some(0));
    assert_eq!(folder.wfc(&["build", "a/q.toml"]).code, Some(1));
}

#[test]
fn overrides_hold_for_the_workflows_that_their_globs_match() {
    let folder = Folder::with([
        ("w.json", EXTRA),
        ("drafts/w.json", EXTRA),
        ("drafts/old/w.json", EXTRA),
        ("drafts/old/keep.json", EXTRA),
        (
            "wfc.toml",
            "[[overrides]]\npaths = [\"drafts\"]\nlint = { unknown-input = { level = \"allow\", reason = \"x\" } }\n\
             [[overrides]]\npaths = [\"**/keep.json\"]\nlint = { unknown-input = \"deny\" }\n",
        ),
    ]);
    let has = |path: &str| found(&folder, &[path]).into_iter().find(|found| found.ends_with("unknown-input"));
    assert_eq!(has("w.json").as_deref(), Some("warning unknown-input"));
    assert_eq!(has("drafts/w.json"), None);
    assert_eq!(has("drafts/old/w.json"), None);
    assert_eq!(has("drafts/old/keep.json").as_deref(), Some("error unknown-input"), "the last one wins");
    let all = found(&folder, &["."]);
    assert_eq!(all.iter().filter(|found| found.ends_with("unknown-input")).count(), 2, "{all:?}");
}

#[test]
fn globs_that_match_nothing_are_refused() {
    let folder = Folder::with([(
        "wfc.toml",
        "[[overrides]]\npaths = [\"/etc/*\", \"../x\", \"a{b\"]\nlint = { nothing = \"deny\" }\n",
    )]);
    let said = folder.wfc(&["lint", "wfc.toml"]).stdout;
    assert_eq!(said.matches("error[bad-glob]").count(), 3, "{said}");
    assert!(said.contains("error[unknown-rule]"), "{said}");
}

#[test]
fn a_comment_allows_what_is_found_on_its_line() {
    for (param, node) in [
        ("# wfc: allow(unused-param) later\n", " # wfc: allow(unreachable-node): kept"),
        ("\n# wfc: allow(unused-param, unreachable-node) later\n", ""),
        ("", ""),
    ] {
        let folder = Folder::with([("g.toml", &*graph(param, node)), ("p.toml", "graph = \"g\"\n")]);
        let expected: &[&str] = match (param.len(), node.len()) {
            (0, _) => &["warning unused-param", "warning unreachable-node"],
            (_, 0) => &["warning unused-allowance", "warning unreachable-node"],
            _ => &[],
        };
        assert_eq!(found(&folder, &["g.toml"]), expected, "{param}{node}");
        let preset = found(&folder, &["p.toml"]);
        let expected: Vec<_> = expected.iter().filter(|found| !found.contains("allowance")).collect();
        assert_eq!(preset.iter().collect::<Vec<_>>().len(), expected.len(), "{param}{node}: {preset:?}");
    }
}

#[test]
fn a_comment_in_a_preset_allows_what_is_found_at_its_value() {
    let preset = |comment: &str| {
        format!("graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\nsteps = 30{comment}\nlightning = true\n")
    };
    let folder = Folder::with([("p.toml", &*preset(""))]);
    let before = found(&folder, &["p.toml"]);
    assert!(before.contains(&"warning param-without-effect".to_owned()), "{before:?}");
    folder.write("p.toml", preset(" # wfc: allow(param-without-effect) for the day without lightning"));
    let after = found(&folder, &["p.toml"]);
    assert!(!after.iter().any(|found| found.ends_with("param-without-effect")), "{after:?}");
    assert!(!after.iter().any(|found| found.ends_with("unused-allowance")), "{after:?}");
    assert_eq!(folder.wfc(&["build", "p.toml"]).succeeded().code, Some(0));
}

#[test]
fn what_a_comment_allows_is_built_although_it_is_denied() {
    let deny = "graph = \"g\"\n[lint]\nunreachable-node = \"deny\"\nunused-param = \"deny\"\n";
    let folder = Folder::with([("g.toml", &*graph("", "")), ("p.toml", deny)]);
    assert_eq!(folder.wfc(&["build", "p.toml"]).code, Some(1));
    folder.write("p.toml", "graph = \"g\"\n[lint]\nstyle = \"deny\"\n");
    let said = folder.wfc(&["build", "p.toml"]).findings();
    assert!(said.contains("error[unused-param]"), "a group is denied like its rules: {said}");
    folder.write("p.toml", deny);
    let allowed = graph("# wfc: allow(unused-param) later\n", " # wfc: allow(unreachable-node) kept");
    folder.write("g.toml", allowed);
    folder.wfc(&["build", "p.toml"]).succeeded();
}

#[test]
fn what_a_graph_allows_is_used_if_any_preset_of_the_run_needs_it() {
    let comment = "# wfc: allow(unreachable-node) only without the save node\n";
    let twin = "[nodes.twin]\nclass = \"EmptyImage\"\nstage = \"make\"\nwhen = \"width > 64\"\n\
                inputs = { width = 64, height = 64, batch_size = 1, color = 0 }\n[nodes.save]";
    let text = PICTURE.replace("[nodes.save]", &format!("{comment}{twin}"));
    let folder = Folder::with([("g.toml", &*text), ("p.toml", "graph = \"g\"\n[params]\nwidth = 128\n")]);
    assert_eq!(found(&folder, &["g.toml"]), ["warning unused-allowance"]);
    assert_eq!(found(&folder, &["p.toml"]), [""; 0]);
    assert_eq!(found(&folder, &["."]), [""; 0]);
    assert_eq!(found(&folder, &["g.toml", "--gate", "check"]), [""; 0]);
    assert_eq!(found(&folder, &["g.toml", "--allow", "unreachable-node"]), [""; 0], "the rule is off");
}

#[test]
fn comments_that_say_nothing_are_reported_where_they_stand() {
    let comment = "# wfc: allow(unused-param)\n# wfc: alow(x) so\n# wfc: allow(unused-parm, style) so\n";
    let folder = Folder::with([("g.toml", &*graph(comment, ""))]);
    let said = folder.wfc(&["lint", "g.toml"]);
    assert_eq!(said.code, Some(1));
    let said = said.stdout;
    assert!(said.contains("error[missing-reason]: `allow` needs a reason\n    ╭─[g.toml:13:1]"), "{said}");
    assert!(said.contains("error[unknown-directive]: `alow` is nothing that a comment can say"), "{said}");
    assert!(said.contains("╭─[g.toml:15:14]") && said.contains("did you mean `unused-param`?"), "{said}");
    assert!(said.contains("`style` is a group; name the rules whose findings are allowed"), "{said}");
    assert!(said.contains("[unused-param]"), "what is not read allows nothing: {said}");
}

#[test]
fn a_lint_file_allows_findings_of_the_workflow_beside_it() {
    let folder = Folder::with([("w.json", EXTRA)]);
    let allow = |text: &str| {
        folder.write("w.lint.toml", text);
        found(&folder, &["w.json"])
    };
    let input = "warning unknown-input";
    let node = "warning unreachable-node";
    let reason = "reason = \"so\"\n";
    assert_eq!(
        allow(&format!("[[allow]]\nrule = \"unknown-input\"\nnode = \"2\"\ninput = \"more\"\n{reason}")),
        [node]
    );
    assert_eq!(allow(&format!("[[allow]]\nrule = \"unknown-input\"\n{reason}")), [node]);
    assert_eq!(
        allow(&format!("[[allow]]\nrule = \"unknown-input\"\nnode = \"1\"\n{reason}")),
        [input, node, "warning unused-allowance"]
    );
    assert_eq!(allow("[lint]\nunknown-input = \"deny\"\ncost = \"warn\"\n"), ["error unknown-input", node]);
    assert_eq!(found(&folder, &["w.json", "--warn", "unknown-input"]), [input, node]);
    assert_eq!(allow("[[allow]]\nrule = \"unknown-input\"\n"), [input, node, "error missing-reason"]);
    assert_eq!(
        allow(&format!("[[allow]]\nrule = \"unknown-imput\"\n{reason}")),
        [input, node, "error unknown-rule"]
    );
    assert_eq!(allow("[[alow]]\n"), [input, node, "error unknown-key"]);
    assert_eq!(found(&folder, &["."]).len(), 3, "its mistakes are said once");
    assert_eq!(found(&folder, &["w.json", "--gate", "check"]), [""; 0]);
}

#[test]
fn a_lint_file_is_checked_by_itself() {
    let folder = Folder::with([("w.lint.toml", "[[allow]]\nrule = \"float-noise\"\nreason = \"so\"\n")]);
    let said = folder.wfc(&["lint", "w.lint.toml"]);
    assert_eq!(said.code, Some(0));
    assert!(
        said.stdout.starts_with("warning[missing-workflow]: there is no workflow `w.json`"),
        "{}",
        said.stdout
    );
    folder.write("w.png", "");
    assert_eq!(found(&folder, &["w.lint.toml"]), [""; 0]);
    let run = folder.wfc(&["lint", "w.lint.toml", "--format", "json"]);
    assert!(run.stdout.contains("\"kind\":\"lint-file\""), "{}", run.stdout);
    let said = folder.wfc(&["build", "w.lint.toml"]).failed();
    assert!(said.contains("is a lint-file, not a preset"), "{said}");
}

#[test]
fn repairs_leave_alone_what_is_allowed() {
    let text = EXTRA.replace("\"color\": 0}},\n\"2\"", "\"color\": \"0\"}},\n\"2\"");
    let folder = Folder::with([
        ("w.json", &*text),
        ("w.lint.toml", "[[allow]]\nrule = \"coerced-value\"\nnode = \"1\"\nreason = \"so\"\n"),
    ]);
    let run = folder.wfc(&["lint", "w.json", "--fix"]);
    assert_eq!(run.stderr, "0 findings repaired\n", "{}", run.stdout);
    assert_eq!(folder.read("w.json"), text.as_bytes());
    std::fs::remove_file(folder.path("w.lint.toml")).unwrap();
    assert_eq!(folder.wfc(&["lint", "w.json", "--fix"]).stderr, "1 finding repaired\n");
}
