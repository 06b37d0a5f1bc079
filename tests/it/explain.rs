//! `wfc explain` and `wfc rules`.

use insta::assert_snapshot;
use serde_json::Value as Json;
use wfc::lint::{Group, RULES};

use crate::support::Folder;

fn wfc(arguments: &[&str]) -> crate::support::Run {
    Folder::new().wfc(arguments)
}

#[test]
fn a_rule_is_explained_by_its_page() {
    for rule in RULES {
        let said = wfc(&["explain", rule.name]).succeeded();
        assert!(said.stdout.starts_with(rule.page.trim_end()), "{}", rule.name);
    }
}

#[test]
fn what_comfyui_refuses_is_explained_too() {
    assert_snapshot!(wfc(&["explain", "value-not-in-list"]).succeeded().stdout, @"
    # value-not-in-list

    Found by gate `check`: ComfyUI refuses the workflow. Its own name for it is `value_not_in_list`. Always an error; no level switches it off, and `--gate check` reports it too.

    A value is not one of the choices that its class offers. For a file: it is not in the folder of the server where the class looks. The embedded catalog knows no server's files, and then wfc does not check them.
    ");
    assert_snapshot!(wfc(&["explain", "not-of-the-form"]).succeeded().stdout, @"
    # not-of-the-form

    Found by gate `format`: a file or a request is wrong in itself, whatever ComfyUI says. No level switches it off.

    A parameter's value is not of the form that the graph needs, such as 4n+1.
    ");
    assert_snapshot!(wfc(&["explain", "not-evaluated"]).succeeded().stdout, @"
    # not-evaluated

    A remark. It has no level and never changes the exit code.

    A rule could not judge a node, because a value is not known before the workflow runs. `--verbose` lists these.
    ");
}

#[test]
fn a_name_of_two_findings_is_explained_with_both() {
    let said = wfc(&["explain", "unknown-input"]).succeeded().stdout;
    let (_, other) = said.split_once("\n## The other findings of this name\n\n").unwrap();
    assert_snapshot!(other, @"
    Found by gate `format`: a file or a request is wrong in itself, whatever ComfyUI says. No level switches it off.

    A graph sets an input that the class of its node does not have.
    ");
}

#[test]
fn a_group_is_explained_by_its_rules() {
    for group in Group::ALL {
        let said = wfc(&["explain", group.name()]).succeeded().stdout;
        assert!(said.starts_with(&format!("# {}\n\nA group of rules: ", group.name())), "{said}");
        for rule in RULES {
            assert_eq!(said.contains(&format!("\n  {} ", rule.name)), rule.group == group, "{said}");
        }
    }
}

#[test]
fn a_name_that_does_not_exist_has_near_ones() {
    assert_snapshot!(wfc(&["explain", "flaot-noise"]).failed(), @"wfc: there is nothing called `flaot-noise` to explain; did you mean `float-noise`?");
    assert_snapshot!(wfc(&["explain", "value-not-in-lists"]).failed(), @"wfc: there is nothing called `value-not-in-lists` to explain; did you mean `value-not-in-list`?");
    assert_snapshot!(wfc(&["explain", "everything"]).failed(), @"wfc: there is nothing called `everything` to explain; `wfc rules` lists the rules");
}

#[test]
fn colours_are_for_terminals() {
    assert!(!wfc(&["explain", "float-noise"]).succeeded().stdout.contains('\u{1b}'));
    let colored = wfc(&["explain", "float-noise", "--color", "always"]).succeeded().stdout;
    assert!(colored.starts_with("\u{1b}[1m# float-noise\u{1b}[0m\n"), "{colored}");
}

#[test]
fn rules_are_listed_by_group() {
    let said = wfc(&["rules"]).succeeded().stdout;
    let listed: Vec<&str> =
        said.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
    let expected: Vec<&str> = Group::ALL
        .iter()
        .flat_map(|group| RULES.iter().filter(move |rule| rule.group == *group))
        .map(|rule| rule.name)
        .collect();
    assert_eq!(listed, expected);
    let of_group = wfc(&["rules", "--group", "reproducibility"]).succeeded().stdout;
    assert!(of_group.starts_with("reproducibility: its result cannot be had again\n  "), "{of_group}");
    assert!(
        of_group.contains(" warning  a `%date%` in a file name") && !of_group.contains("float-noise"),
        "{of_group}"
    );
}

#[test]
fn rules_are_listed_for_tools() {
    let said = wfc(&["rules", "--format", "json"]).succeeded().stdout;
    let list: Json = serde_json::from_str(&said).unwrap();
    assert_eq!(list["rules"].as_array().unwrap().len(), RULES.len());
    for (entry, rule) in list["rules"].as_array().unwrap().iter().zip(RULES) {
        assert_eq!((entry["name"].as_str(), entry["fix"].as_str()), (Some(rule.name), rule.repairs));
        assert_eq!(entry["group"], rule.group.name());
    }
    let refused = wfc(&["rules", "--group", "taste"]).failed();
    assert!(refused.contains("correctness, order, budget"), "{refused}");
}

#[test]
fn shells_complete_names_of_rules() {
    let script = wfc(&["completions", "bash"]).succeeded().stdout;
    for name in ["float-noise", "correctness", "value-not-in-list"] {
        assert!(script.contains(name), "{name}");
    }
    let help = wfc(&["lint", "--help"]).succeeded().stdout;
    assert!(!help.contains("float-noise"), "{help}");
}
