//! How diagnostics look.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::diag::Fix;
use crate::source::{FileId, Span};

const UNICODE: HumanOptions = HumanOptions { color: false, unicode: true, width: 80 };

/// The span of the first `needle` in `file`.
fn find(sources: &Sources, file: FileId, needle: &str) -> Span {
    let start = sources.file(file).text().find(needle).unwrap();
    Span::new(file, start..start + needle.len())
}

fn report(path: &str, diagnostics: Vec<Diagnostic>) -> FileReport {
    FileReport { path: path.into(), kind: "preset", diagnostics }
}

/// One diagnostic in one file: what is marked, and the label.
fn show_with(options: HumanOptions, text: &str, marks: &[(&str, &str)]) -> String {
    let mut sources = Sources::new();
    let file = sources.add("p.toml", text);
    let mut diagnostic = Diagnostic::format("some-rule", "something is wrong");
    for (needle, label) in marks {
        diagnostic = diagnostic.at(find(&sources, file, needle), *label);
    }
    let report = report("p.toml", vec![diagnostic]);
    let mut out = String::new();
    push_diagnostic(&mut out, &sources, &report, &report.diagnostics[0], options);
    out
}

fn show(text: &str, marks: &[(&str, &str)]) -> String {
    show_with(UNICODE, text, marks)
}

const PRESET: &str = "graph = \"scail\"\n\n[params]\nwidth = 16\nheight = 896\n\n[target]\ngpu = \"a100\"\n";

#[test]
fn a_whole_report() {
    let mut sources = Sources::new();
    let preset = sources.add("presets/roof.toml", PRESET);
    let graph = sources.add("graphs/scail.toml", "[params.width]\ntype = \"int\"\nmin = 64\n");
    let at = |file, needle| find(&sources, file, needle);
    let pose = NodeRef {
        key: "pose".into(),
        class_type: "RenderNLFPoses".into(),
        input: Some("render_width".into()),
    };
    let mut unknown =
        Diagnostic::format("unknown-gpu", "there is no GPU `a100`").at(at(preset, "\"a100\""), "");
    unknown.fix = Some(Fix { title: "write `a100-80gb`".into(), edits: Vec::new(), safe: true });
    let files = [
        report(
            "presets/roof.toml",
            vec![
                Diagnostic::check(
                    "value-smaller-than-min",
                    "value_smaller_than_min",
                    "`width` is 16, at least 64 is needed",
                )
                .at(at(preset, "16"), "this is 16")
                .at(at(graph, "64"), "the minimum")
                .node(pose)
                .help("write `width = 64`\nor another graph"),
                unknown.warning(),
                Diagnostic::format("unused-param", "nothing uses `width`")
                    .at(at(graph, "params.width"), "")
                    .warning(),
            ],
        ),
        report("presets/clean.toml", vec![]),
        report(
            "presets/gone.toml",
            vec![Diagnostic::format("unreadable-file", "no such file: presets/gone.toml")],
        ),
    ];
    assert_snapshot!(render(&sources, &files, UNICODE), @r#"
    error[value-smaller-than-min]: `width` is 16, at least 64 is needed
       ╭─[presets/roof.toml:4:9]
     3 │ [params]
     4 │ width = 16
       ·         ─┬
       ·          ╰── this is 16
     5 │ height = 896
       ╰────
       ╭─[graphs/scail.toml:3:7]
     2 │ type = "int"
     3 │ min = 64
       ·       ─┬
       ·        ╰── the minimum
       ╰────
      node: `pose` (RenderNLFPoses), input `render_width`
      help: write `width = 64`
            or another graph

    warning[unknown-gpu]: there is no GPU `a100`
       ╭─[presets/roof.toml:8:7]
     7 │ [target]
     8 │ gpu = "a100"
       ·       ──────
       ╰────
      fix: write `a100-80gb` (--fix)

    warning[unused-param]: nothing uses `width`
       ╭─[graphs/scail.toml:1:2]
     1 │ [params.width]
       ·  ────────────
     2 │ type = "int"
       ╰────
      file: presets/roof.toml

    error[unreadable-file]: no such file: presets/gone.toml
      file: presets/gone.toml

    2 errors, 2 warnings in 3 files
    "#);
    assert_snapshot!(render(&sources, &files[1..], HumanOptions::default()), @r#"
    error[unreadable-file]: no such file: presets/gone.toml
      file: presets/gone.toml

    1 error in 2 files
    "#);
}

#[test]
fn labels_share_a_line_or_an_excerpt() {
    assert_snapshot!(show(PRESET, &[("16", "the value"), ("width", "this key")]), @r#"
    error[some-rule]: something is wrong
       ╭─[p.toml:4:9]
     3 │ [params]
     4 │ width = 16
       · ──┬──   ─┬
       ·   │      ╰── the value
       ·   ╰── this key
     5 │ height = 896
       ╰────
    "#);
    assert_snapshot!(show(PRESET, &[("height", "then this"), ("width", "first this")]), @r#"
    error[some-rule]: something is wrong
       ╭─[p.toml:5:1]
     3 │ [params]
     4 │ width = 16
       · ──┬──
       ·   ╰── first this
     5 │ height = 896
       · ───┬──
       ·    ╰── then this
       ╰────
    "#);
}

#[test]
fn labels_far_apart_or_overlapping_get_their_own_excerpts() {
    assert_snapshot!(show(PRESET, &[("\"a100\"", "this one"), ("\"scail\"", "needs more")]), @r#"
    error[some-rule]: something is wrong
       ╭─[p.toml:8:7]
     7 │ [target]
     8 │ gpu = "a100"
       ·       ───┬──
       ·          ╰── this one
       ╰────
       ╭─[p.toml:1:9]
     1 │ graph = "scail"
       ·         ───┬───
       ·            ╰── needs more
       ╰────
    "#);
    assert_snapshot!(show(PRESET, &[("16", "the value"), ("width = 16", "the entry")]), @r#"
    error[some-rule]: something is wrong
       ╭─[p.toml:4:9]
     3 │ [params]
     4 │ width = 16
       ·         ─┬
       ·          ╰── the value
     5 │ height = 896
       ╰────
       ╭─[p.toml:4:1]
     3 │ [params]
     4 │ width = 16
       · ─────┬────
       ·      ╰── the entry
     5 │ height = 896
       ╰────
    "#);
}

#[test]
fn a_span_of_several_lines_is_marked_on_its_first() {
    assert_snapshot!(show(PRESET, &[("[params]\nwidth = 16\nheight", "this table")]), @r#"
    error[some-rule]: something is wrong
       ╭─[p.toml:3:1]
     3 │ [params]
       · ────┬───
       ·     ╰── this table
     4 │ width = 16
       ╰────
    "#);
}

#[test]
fn columns_are_right_with_crlf_and_a_byte_order_mark() {
    assert_snapshot!(show("\u{feff}a = 1\r\nb =\r\nc = 3\r\n", &[("\r\nc", "a value is missing"), ("a", "as here")]), @r#"
    error[some-rule]: something is wrong
       ╭─[p.toml:2:4]
     1 │ a = 1
       · ┬
       · ╰── as here
     2 │ b =
       ·    ▲
       ·    ╰── a value is missing
     3 │ c = 3
       ╰────
    "#);
}

#[test]
fn marks_stand_below_wide_characters_and_behind_tabs() {
    assert_snapshot!(show("prompt = \"雪の上で踊る\" # é\n\twidth\t= 16\n", &[("踊る", "dances"), ("16", "narrow")]), @r#"
    error[some-rule]: something is wrong
       ╭─[p.toml:1:15]
     1 │ prompt = "雪の上で踊る" # é
       ·                   ──┬─
       ·                     ╰── dances
     2 │     width    = 16
       ·                ─┬
       ·                 ╰── narrow
       ╰────
    "#);
}

#[test]
fn empty_spans_and_the_end_of_the_file_are_marked() {
    let end = |text: &'static str| {
        let mut sources = Sources::new();
        let file = sources.add("p.toml", text);
        let label = crate::diag::Label { span: Span::new(file, 99..100), text: "here".into() };
        snippet::render(&sources, &[label], Severity::Error, UNICODE)
    };
    assert_snapshot!(end(""), @r#"
      ╭─[p.toml:1:1]
    1 │
      · ▲
      · ╰── here
      ╰────
    "#);
    assert_snapshot!(end("a = ["), @r#"
      ╭─[p.toml:1:6]
    1 │ a = [
      ·      ▲
      ·      ╰── here
      ╰────
    "#);
    assert_snapshot!(end("a = [\n"), @r#"
      ╭─[p.toml:2:1]
    1 │ a = [
    2 │
      · ▲
      · ╰── here
      ╰────
    "#);
}

#[test]
fn long_lines_are_shortened_around_the_marks() {
    let prompt = "a woman in a red coat, ".repeat(250);
    let line = format!(
        "{{\"text\": \"{prompt}\", \"seed\": 12345, \"notes\": \"{prompt}\", \"cfg\": 30}}\n\"next\": \"{prompt}\""
    );
    assert_snapshot!(show(&line, &[("12345", "one")]), @r#"
    error[some-rule]: something is wrong
       ╭─[p.toml:1:5772]
     1 │ …woman in a red coat, ", "seed": 12345, "notes": "a woman in a red coa…
       ·                                  ──┬──
       ·                                    ╰── one
     2 │ "next": "a woman in a red coat, a w…
       ╰────
    "#);
    assert_snapshot!(show(&line, &[("12345", "one"), ("30", "two")]), @r#"
    error[some-rule]: something is wrong
       ╭─[p.toml:1:5772]
     1 │ …, "seed": 12345, "notes":…", "cfg": 30}
       ·            ──┬──                     ─┬
       ·              │                        ╰── two
       ·              ╰── one
     2 │ "next": "a woman in a red coat, a w…
       ╰────
    "#);
    assert_snapshot!(show(&line, &[(&format!("\"{prompt}\""), "5,750 characters")]), @r#"
    error[some-rule]: something is wrong
       ╭─[p.toml:1:10]
     1 │ {"text": "a woman in a red… in a red coat, ", "seed": 12345, …
       ·          ─────────────────┬─────────────────
       ·                           ╰── 5,750 characters
     2 │ "next": "a woman in a red coat, a w…
       ╰────
    "#);
}

#[test]
fn nothing_from_a_file_reaches_the_terminal_as_a_command() {
    assert_snapshot!(show("a = \"\u{1b}[31mred\u{202e}\u{7}\"\n", &[("red", "\u{1b}]0;title\u{7}")]), @r#"
    error[some-rule]: something is wrong
       ╭─[p.toml:1:11]
     1 │ a = "�[31mred��"
       ·           ─┬─
       ·            ╰── �]0;title�
       ╰────
    "#);
}

#[test]
fn ascii_and_colors_are_options() {
    let marks = [("16", "the value"), ("width", "this key")];
    assert_snapshot!(show_with(HumanOptions::default(), PRESET, &marks), @r#"
    error[some-rule]: something is wrong
       ,-[p.toml:4:9]
     3 | [params]
     4 | width = 16
       : ^^^^^   ^^
       :   |      `-- the value
       :   `-- this key
     5 | height = 896
       `----
    "#);
    let color = show_with(HumanOptions { color: true, ..HumanOptions::default() }, PRESET, &marks);
    assert_snapshot!(color.replace('\u{1b}', "ESC"), @r#"
    ESC[1;31merror[some-rule]ESC[0mESC[1m: something is wrongESC[0m
       ,-[ESC[36;1;4mp.toml:4:9ESC[0m]
     ESC[2m3ESC[0m | [params]
     ESC[2m4ESC[0m | width = 16
       : ESC[36m^^^^^ESC[0mESC[31m   ^^ESC[0m
       :   ESC[36m|ESC[0m      ESC[31m`-- ESC[31mthe valueESC[0mESC[0m
       :   ESC[36m`-- ESC[36mthis keyESC[0mESC[0m
     ESC[2m5ESC[0m | height = 896
       `----
    "#);
}

#[test]
fn the_worst_hundred_of_a_file_are_shown() {
    let warning = |n: usize| Diagnostic::format("some-rule", format!("number {n}")).warning();
    let mut many: Vec<Diagnostic> = (0..136).map(warning).collect();
    many.push(Diagnostic::format("some-rule", "the only error"));
    let text = render(&Sources::new(), &[report("p.toml", many)], UNICODE);
    assert!(
        text.starts_with(
            "error[some-rule]: the only error\n  file: p.toml\n\nwarning[some-rule]: number 0\n"
        )
    );
    assert!(text.ends_with(
        "number 98\n  file: p.toml\n\n… and 37 more in p.toml (--format json lists all)\n\n1 error, 136 warnings in 1 file\n"
    ));
}

#[test]
fn the_summary_counts_in_english() {
    let line = |files, errors, warnings| summary_line(Summary { files, errors, warnings, infos: 0 });
    assert_eq!(line(3, 2, 1), "2 errors, 1 warning in 3 files");
    assert_eq!(line(1, 0, 2), "2 warnings in 1 file");
    assert_eq!(line(12, 0, 0), "no problems in 12 files");
    let summary = Summary { files: 2, errors: 0, warnings: 1, infos: 2 };
    assert_eq!(summary_line(summary), "1 warning, 2 infos in 2 files");
    assert_eq!(line(0, 0, 0), "no files");
}

proptest! {
    #[test]
    fn any_text_and_any_spans_are_drawn(
        text in "([a-z =\"\t\r\n\u{feff}\u{1b}\u{202e}é踊👩\u{301}]|[ -~]{60}){0,40}",
        labels in prop::collection::vec((0_usize..3000, 0_usize..300, "[a-z\n\u{7}]{0,4}"), 1..6),
        unicode: bool,
        width in 0_usize..120,
    ) {
        let mut sources = Sources::new();
        let file = sources.add("p.toml", text);
        let mut diagnostic = Diagnostic::format("some-rule", "something is wrong");
        for (start, length, text) in labels {
            diagnostic = diagnostic.at(Span::new(file, start..start + length), text);
        }
        let text = render(&sources, &[report("p.toml", vec![diagnostic])], HumanOptions { color: false, unicode, width });
        prop_assert!(text.contains("[p.toml:"), "{text}");
        prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    }
}

#[test]
fn a_way_is_one_line_and_loses_its_middle_when_it_is_long() {
    let line = |count: usize, options: HumanOptions| {
        let mut diagnostic = Diagnostic::format("some-rule", "something is wrong");
        diagnostic.path = (0..count).map(|at| at.to_string()).collect();
        let report = report("p.toml", vec![diagnostic]);
        let mut out = String::new();
        push_diagnostic(&mut out, &Sources::new(), &report, &report.diagnostics[0], options);
        out.lines().find(|line| line.trim_start().starts_with("path:")).map(str::to_owned)
    };
    assert_eq!(line(0, UNICODE), None);
    assert_eq!(line(3, UNICODE).as_deref(), Some("  path: 0 → 1 → 2"));
    assert_eq!(line(2, HumanOptions::default()).as_deref(), Some("  path: 0 -> 1"));
    let long = line(100_000, UNICODE).unwrap_or_default();
    assert!(long.starts_with("  path: 0 → 1 → ") && long.ends_with(" → 99998 → 99999"), "{long}");
    assert!(long.contains(" → 19 → … → 99980 → "), "{long}");
}
