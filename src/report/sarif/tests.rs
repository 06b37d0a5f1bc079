//! What SARIF logs look like.

use super::*;
use crate::source::Span;

const PAGE: &str =
    "# odd-cfg\n\nGroup `cost`, warning, no fix.\n\nIt costs twice.\nAnd more.\n\n## Example\n\nx\n";

fn texts(name: &str) -> Option<RuleText> {
    let text = RuleText { summary: "an odd cfg", group: "cost", severity: None, page: PAGE };
    (name == "odd-cfg").then_some(text)
}

fn log(sources: &Sources, diagnostics: Vec<Diagnostic>) -> Value {
    let files = [FileReport { path: "./a b/x.json".into(), kind: "api", diagnostics }];
    let text = render(sources, &files, texts);
    assert_eq!(text.find('\n'), Some(text.len() - 1));
    serde_json::from_str(&text).unwrap()
}

fn node(key: &str) -> NodeRef {
    NodeRef { key: key.into(), class_type: "KSampler".into(), input: Some("cfg".into()) }
}

fn fingerprints(text: &str, marks: &[(&str, Option<&str>)]) -> Vec<String> {
    let mut sources = Sources::new();
    let file = sources.add("x.toml", text);
    let diagnostics = marks.iter().map(|(mark, key)| {
        let at = text.find(mark).unwrap();
        let found = Diagnostic::lint("odd-cfg", text).at(Span::new(file, at..at + mark.len()), "");
        key.map_or(found.clone(), |key| found.node(node(key)))
    });
    let log = log(&sources, diagnostics.collect());
    let results = log["runs"][0]["results"].as_array().unwrap();
    results.iter().map(|it| it["partialFingerprints"][FINGERPRINT].as_str().unwrap().to_owned()).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "most are the log itself")]
fn a_log_has_rules_places_and_fixes() {
    let mut sources = Sources::new();
    let prompt = sources.add("./a b/x.json", "\u{feff}{\"é\": 7,\n\"x\": 8}");
    let list = sources.add("list.toml", "a\nb");
    let seven = Span::new(prompt, 10..11);
    assert_eq!(sources.text(seven), "7");
    let mut odd = Diagnostic::lint("odd-cfg", "an odd `cfg`")
        .at(seven, "here")
        .at(Span::new(list, 0..3), "")
        .node(node("104:92"))
        .help("write 1");
    let edit = |range, text: &str| Edit { span: Span::new(prompt, range), text: text.into() };
    let edits = vec![edit(10..11, "1"), edit(18..19, "")];
    odd.fix = Some(Fix { title: "Write 1".into(), edits, safe: false });
    let nowhere = Diagnostic::check("no-output", "prompt_no_outputs", "no output");
    let log = log(&sources, vec![odd, nowhere]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&log["runs"][0]).unwrap(), @r##"
    {
      "tool": {
        "driver": {
          "name": "wfc",
          "version": "0.1.0",
          "semanticVersion": "0.1.0",
          "rules": [
            {
              "id": "no-output",
              "shortDescription": {
                "text": "no output"
              },
              "fullDescription": {
                "text": "ComfyUI's own validation refuses this. No level changes it."
              },
              "help": {
                "text": "ComfyUI's own validation refuses this. No level changes it."
              },
              "defaultConfiguration": {
                "level": "error"
              },
              "properties": {
                "tags": [
                  "check"
                ],
                "problem.severity": "error"
              }
            },
            {
              "id": "odd-cfg",
              "shortDescription": {
                "text": "an odd cfg"
              },
              "fullDescription": {
                "text": "It costs twice.\nAnd more."
              },
              "help": {
                "text": "It costs twice.\nAnd more.",
                "markdown": "# odd-cfg\n\nGroup `cost`, warning, no fix.\n\nIt costs twice.\nAnd more.\n\n## Example\n\nx\n"
              },
              "defaultConfiguration": {
                "enabled": false,
                "level": "warning"
              },
              "properties": {
                "tags": [
                  "cost"
                ],
                "problem.severity": "warning"
              }
            }
          ]
        }
      },
      "invocations": [
        {
          "executionSuccessful": true
        }
      ],
      "columnKind": "unicodeCodePoints",
      "artifacts": [
        {
          "location": {
            "uri": "a%20b/x.json",
            "uriBaseId": "%SRCROOT%"
          },
          "roles": [
            "analysisTarget"
          ]
        }
      ],
      "results": [
        {
          "ruleId": "odd-cfg",
          "ruleIndex": 1,
          "level": "warning",
          "message": {
            "text": "an odd `cfg`\nhelp: write 1"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "a%20b/x.json",
                  "uriBaseId": "%SRCROOT%"
                },
                "region": {
                  "startLine": 1,
                  "startColumn": 7,
                  "endLine": 1,
                  "endColumn": 8
                }
              },
              "message": {
                "text": "here"
              },
              "logicalLocations": [
                {
                  "name": "cfg",
                  "fullyQualifiedName": "104:92/cfg",
                  "kind": "property"
                }
              ]
            }
          ],
          "partialFingerprints": {
            "wfc/v1": "79c9e54328e413f0:1"
          },
          "properties": {
            "gate": "lint",
            "classType": "KSampler"
          },
          "relatedLocations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "list.toml",
                  "uriBaseId": "%SRCROOT%"
                },
                "region": {
                  "startLine": 1,
                  "startColumn": 1,
                  "endLine": 2,
                  "endColumn": 2
                }
              },
              "id": 1,
              "message": {
                "text": "see here"
              }
            }
          ],
          "fixes": [
            {
              "description": {
                "text": "Write 1 (check the result)"
              },
              "artifactChanges": [
                {
                  "artifactLocation": {
                    "uri": "a%20b/x.json",
                    "uriBaseId": "%SRCROOT%"
                  },
                  "replacements": [
                    {
                      "deletedRegion": {
                        "startLine": 1,
                        "startColumn": 7,
                        "endLine": 1,
                        "endColumn": 8
                      },
                      "insertedContent": {
                        "text": "1"
                      }
                    },
                    {
                      "deletedRegion": {
                        "startLine": 2,
                        "startColumn": 6,
                        "endLine": 2,
                        "endColumn": 7
                      },
                      "insertedContent": {
                        "text": ""
                      }
                    }
                  ]
                }
              ]
            }
          ]
        },
        {
          "ruleId": "no-output",
          "ruleIndex": 0,
          "level": "error",
          "message": {
            "text": "no output"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "a%20b/x.json",
                  "uriBaseId": "%SRCROOT%"
                }
              }
            }
          ],
          "partialFingerprints": {
            "wfc/v1": "627268986b906c83:1"
          },
          "properties": {
            "gate": "check",
            "serverType": "prompt_no_outputs"
          }
        }
      ]
    }
    "##);
}

#[test]
fn the_run_fails_with_a_file_that_cannot_be_read() {
    let of = |rule| log(&Sources::new(), vec![Diagnostic::format(rule, "")]);
    for (rule, expected) in [("unreadable-file", false), ("no-output", true)] {
        assert_eq!(of(rule)["runs"][0]["invocations"][0]["executionSuccessful"], expected);
    }
    let empty = render(&Sources::new(), &[], texts);
    assert!(empty.contains("\"results\":[]") && empty.contains("\"rules\":[]"), "{empty}");
}

#[test]
fn fingerprints_stay_when_lines_move_and_differ_for_different_problems() {
    let before = fingerprints("a = 1\ncfg = 7\n", &[("7", None), ("a", None), ("7", Some("1"))]);
    let after =
        fingerprints("# New.\ncfg  = 8\n\n  a = 1\ncfg = 7", &[("7", None), ("a", None), ("8", Some("1"))]);
    assert_eq!(before, after);
    let same =
        fingerprints("cfg = 7", &[("7", Some("1")), ("7", Some("2")), ("7", Some("1")), ("cfg", None)]);
    let mut unique = same.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 4);
    assert_eq!(same[0].replace(":1", ":2"), same[2]);
}

#[test]
fn long_pages_and_lines_are_cut() {
    assert_eq!(why(PAGE), "It costs twice.\nAnd more.");
    assert_eq!(why("# x"), "");
    let long = format!("One sentence. {}", "x".repeat(MAX_DESCRIPTION));
    assert_eq!(shortened(&long), "One sentence.");
    assert_eq!(shortened(&"é".repeat(MAX_DESCRIPTION + 1)).chars().count(), MAX_DESCRIPTION);
    let line = format!("{{\"a\": 7, \"x\": \"{}\"}}", "y".repeat(MAX_ANCHOR));
    let found = fingerprints(&line, &[("7", None), ("x", None)]);
    assert_ne!(found[0], found[1]);
}
