//! Diagnostics for programs: one JSON document, and its schema from the same declaration.

use std::cell::Cell;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use super::statistics::{self, RuleCount};
use super::{FileReport, Summary};
use crate::diag;
use crate::source::{self, Sources};

/// Version of the document's shape; it grows when something is removed or changes its meaning.
const VERSION: u32 = 1;

/// The document, on one line.
pub(super) fn render(sources: &Sources, files: &[FileReport]) -> String {
    document(sources, files, None)
}

/// The same with how often each rule found something.
pub(super) fn render_with_statistics(sources: &Sources, files: &[FileReport]) -> String {
    document(sources, files, Some(statistics::counts(files)))
}

fn document(sources: &Sources, files: &[FileReport], statistics: Option<Vec<RuleCount>>) -> String {
    let report = Report {
        version: VERSION,
        files: files.iter().map(|file| File::of(sources, file)).collect(),
        statistics,
        summary: Summary::of(files),
    };
    // Only a map whose keys are no strings or a failing `Serialize` could make this an error.
    let mut text = serde_json::to_string(&report).unwrap_or_default();
    text.push('\n');
    text
}

/// The JSON Schema (2020-12) of [`Format::Json`](super::Format::Json).
#[must_use]
pub fn diagnostics_schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Report<'_>>().to_value()
}

/// What wfc found in the files of one run (`--format json`).
#[derive(Serialize, JsonSchema)]
#[schemars(title = "wfc diagnostics")]
struct Report<'a> {
    /// Version of this shape. New members may appear without a new version.
    #[schemars(extend("const" = VERSION))]
    version: u32,
    /// Every file that was looked at, clean ones included.
    files: Vec<File<'a>>,
    /// With `--statistics`: what each rule found, the most frequent one first.
    #[serde(skip_serializing_if = "Option::is_none")]
    statistics: Option<Vec<RuleCount>>,
    /// The counts.
    summary: Summary,
}

/// One file.
#[derive(Serialize, JsonSchema)]
struct File<'a> {
    /// The file, as it was named on the command line or found in a folder.
    path: String,
    /// What the file was taken for, such as `preset`, `graph`, `project` or `api`.
    kind: &'static str,
    /// Its problems.
    diagnostics: Vec<Diagnostic<'a>>,
}

/// One problem.
#[derive(Serialize, JsonSchema)]
struct Diagnostic<'a> {
    /// Name of the rule; `wfc explain RULE` describes it.
    #[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    rule: &'static str,
    /// What judges: the file's own format, what ComfyUI would reject, or what would waste a GPU.
    #[schemars(extend("enum" = ["format", "check", "lint"]))]
    gate: &'static str,
    /// How bad it is.
    #[schemars(extend("enum" = ["error", "warning", "info"]))]
    severity: &'static str,
    /// What is wrong, with the values involved.
    message: &'a str,
    /// Key of the node that the problem belongs to: ComfyUI's node id.
    node: Option<&'a str>,
    /// Class of that node.
    class_type: Option<&'a str>,
    /// Input of that node.
    input: Option<&'a str>,
    /// ComfyUI's own error type, for gate `check`.
    server_type: Option<&'static str>,
    /// The inputs that ComfyUI's own answer names, one for each error that it makes of this problem; null stands
    /// for an error without an input. Empty if its answer says nothing of this problem, because it stops before.
    /// Left out if it makes one error of it, at the `input` above.
    #[serde(skip_serializing_if = "Option::is_none")]
    server_inputs: Option<&'a [Option<String>]>,
    /// The primary place; null if the problem has no place in a file.
    span: Option<Span>,
    /// All places, the primary one first.
    labels: Vec<Label<'a>>,
    /// Keys of nodes, each linked to the next: the way through the workflow that the problem is about. Left out if
    /// it is about none.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    path: &'a [String],
    /// What to do about it.
    help: Option<&'a str>,
    /// An automatic repair.
    fix: Option<Fix<'a>>,
}

/// A range of bytes in a file.
#[derive(Serialize, JsonSchema)]
struct Span {
    /// The file, if it is another one than the `path` above.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// First byte, from 0; absent where the file's text is not at hand, as for a program's source.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<u32>,
    /// One past the last byte; absent likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<u32>,
    /// Line of the first byte, from 1.
    #[schemars(range(min = 1))]
    line: u32,
    /// Column of the first byte, in characters, from 1.
    #[schemars(range(min = 1))]
    column: u32,
}

/// A place and what it has to do with the problem.
#[derive(Serialize, JsonSchema)]
struct Label<'a> {
    /// The place.
    span: Span,
    /// A few words; may be empty.
    text: &'a str,
}

/// An automatic repair.
#[derive(Serialize, JsonSchema)]
struct Fix<'a> {
    /// What the repair does.
    title: &'a str,
    /// True if it cannot change the file's meaning in a way its author did not intend.
    safe: bool,
    /// The edits, in order, not overlapping.
    edits: Vec<Edit<'a>>,
}

/// A replacement.
#[derive(Serialize, JsonSchema)]
struct Edit<'a> {
    /// What is replaced.
    span: Span,
    /// By what.
    text: &'a str,
}

impl<'a> File<'a> {
    fn of(sources: &Sources, file: &'a FileReport) -> Self {
        // A problem names its place twice, and problems of a place come together.
        let last = Cell::new(None);
        let span = |span: source::Span| {
            let source = sources.file(span.file);
            let path = source.path();
            let known = last.get().filter(|(place, _)| *place == span);
            let (_, at) = known.unwrap_or_else(|| (span, sources.line_column(span.file, span.start)));
            last.set(Some((span, at)));
            Span {
                file: (path != file.path).then(|| path.to_string_lossy().into_owned()),
                start: source.is_read().then_some(span.start),
                end: source.is_read().then_some(span.end),
                line: at.line,
                column: at.column,
            }
        };
        let diagnostics =
            file.diagnostics.iter().map(|diagnostic| Diagnostic::of(diagnostic, span)).collect();
        Self { path: file.path.to_string_lossy().into_owned(), kind: file.kind, diagnostics }
    }
}

impl<'a> Diagnostic<'a> {
    fn of(diagnostic: &'a diag::Diagnostic, span: impl Fn(source::Span) -> Span) -> Self {
        let node = diagnostic.node.as_ref();
        let label = |label: &'a diag::Label| Label { span: span(label.span), text: &label.text };
        let edit = |edit: &'a diag::Edit| Edit { span: span(edit.span), text: &edit.text };
        let fix = |fix: &'a diag::Fix| Fix {
            title: &fix.title,
            safe: fix.safe,
            edits: fix.edits.iter().map(edit).collect(),
        };
        Self {
            rule: diagnostic.rule,
            gate: diagnostic.gate.name(),
            severity: diagnostic.severity.name(),
            message: &diagnostic.message,
            node: node.map(|node| node.key.as_str()),
            class_type: node.map(|node| node.class_type.as_str()),
            input: node.and_then(|node| node.input.as_deref()),
            server_type: diagnostic.server_type,
            server_inputs: diagnostic.server_inputs.as_deref(),
            span: diagnostic.span().map(&span),
            labels: diagnostic.labels.iter().map(label).collect(),
            path: &diagnostic.path,
            help: diagnostic.help.as_deref(),
            fix: diagnostic.fix.as_ref().map(fix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Diagnostic, Edit, Fix, NodeRef};
    use crate::source::Span;

    fn example() -> (Sources, Vec<FileReport>) {
        let mut sources = Sources::new();
        let prompt = sources.add("x.json", "{\n \"é\": \"dmp\"\n}");
        let list = sources.add("list.toml", "dpm");
        let value = Span::new(prompt, 9..14);
        let mut wrong = Diagnostic::check("value-not-in-list", "value_not_in_list", "no sampler \"dmp\"")
            .at(value, "not in the list")
            .at(Span::new(list, 0..3), "")
            .node(NodeRef {
                key: "104:92".into(),
                class_type: "KSampler".into(),
                input: Some("sampler_name".into()),
            })
            .help("did you mean `dpm`?");
        let edits = vec![Edit { span: value, text: "\"dpm\"".into() }];
        wrong.fix = Some(Fix { title: "write `dpm`".into(), edits, safe: true });
        wrong.path = vec!["7".into(), "104:92".into()];
        wrong.set_server_inputs(vec![Some("sampler_name".into()), None]);
        let nowhere = Diagnostic::format("no-output-node", "the workflow has no output node").warning();
        let file = |path: &str, diagnostics| FileReport { path: path.into(), kind: "api", diagnostics };
        (sources, vec![file("x.json", vec![wrong, nowhere]), file("clean.json", vec![])])
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "it shows a whole document")]
    fn the_document_has_every_member() {
        let (sources, files) = example();
        let text = render(&sources, &files);
        assert_eq!(text.find('\n'), Some(text.len() - 1));
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(&document).unwrap(), @r#"
        {
          "version": 1,
          "files": [
            {
              "path": "x.json",
              "kind": "api",
              "diagnostics": [
                {
                  "rule": "value-not-in-list",
                  "gate": "check",
                  "severity": "error",
                  "message": "no sampler \"dmp\"",
                  "node": "104:92",
                  "class_type": "KSampler",
                  "input": "sampler_name",
                  "server_type": "value_not_in_list",
                  "server_inputs": [
                    "sampler_name",
                    null
                  ],
                  "span": {
                    "start": 9,
                    "end": 14,
                    "line": 2,
                    "column": 7
                  },
                  "labels": [
                    {
                      "span": {
                        "start": 9,
                        "end": 14,
                        "line": 2,
                        "column": 7
                      },
                      "text": "not in the list"
                    },
                    {
                      "span": {
                        "file": "list.toml",
                        "start": 0,
                        "end": 3,
                        "line": 1,
                        "column": 1
                      },
                      "text": ""
                    }
                  ],
                  "path": [
                    "7",
                    "104:92"
                  ],
                  "help": "did you mean `dpm`?",
                  "fix": {
                    "title": "write `dpm`",
                    "safe": true,
                    "edits": [
                      {
                        "span": {
                          "start": 9,
                          "end": 14,
                          "line": 2,
                          "column": 7
                        },
                        "text": "\"dpm\""
                      }
                    ]
                  }
                },
                {
                  "rule": "no-output-node",
                  "gate": "format",
                  "severity": "warning",
                  "message": "the workflow has no output node",
                  "node": null,
                  "class_type": null,
                  "input": null,
                  "server_type": null,
                  "span": null,
                  "labels": [],
                  "help": null,
                  "fix": null
                }
              ]
            },
            {
              "path": "clean.json",
              "kind": "api",
              "diagnostics": []
            }
          ],
          "summary": {
            "files": 2,
            "errors": 1,
            "warnings": 1,
            "infos": 0
          }
        }
        "#);
    }

    #[test]
    fn documents_match_the_schema_and_the_schema_is_strict() {
        let schema = diagnostics_schema();
        jsonschema::meta::validate(&schema).unwrap();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let (sources, files) = example();
        for files in [&files[..], &[]] {
            let document = serde_json::from_str(&render(&sources, files)).unwrap();
            validator.validate(&document).unwrap();
        }

        let mut document: serde_json::Value = serde_json::from_str(&render(&sources, &files)).unwrap();
        document["files"][0]["diagnostics"][0]["gate"] = "other".into();
        assert!(!validator.is_valid(&document));
        document["files"][0]["diagnostics"][0]["gate"] = "lint".into();
        assert!(validator.is_valid(&document));
        document["files"][0]["diagnostics"][0].as_object_mut().unwrap().remove("help");
        assert!(!validator.is_valid(&document));
    }

    #[test]
    fn everything_in_the_schema_is_described() {
        fn check(name: &str, schema: &serde_json::Value) {
            assert!(schema.get("description").is_some() || schema.get("$ref").is_some(), "{name}: {schema}");
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                check(name, property);
            }
        }
        let schema = diagnostics_schema();
        check("root", &schema);
        for (name, definition) in schema["$defs"].as_object().unwrap() {
            check(name, definition);
        }
    }
}
