//! Input at and beyond the limits: encodings, damaged files, sizes, depths.

use insta::assert_snapshot;

use crate::support::{EVERY_TYPE, Folder, PICTURE, input};

/// The largest source file, as the tool documents it.
const MAX_SOURCE: usize = 16 << 20;

/// A folder with [`PICTURE`] and a preset of these bytes.
fn preset(bytes: impl AsRef<[u8]>) -> Folder {
    let folder = Folder::with([("g.toml", PICTURE)]);
    folder.write("p.toml", bytes);
    folder
}

/// What is said about a preset of these bytes that has findings.
#[track_caller]
fn findings(bytes: impl AsRef<[u8]>) -> String {
    preset(bytes).wfc(&["build", "p.toml"]).findings()
}

/// What is said about a preset of these bytes that cannot be read.
#[track_caller]
fn failed(bytes: impl AsRef<[u8]>) -> String {
    preset(bytes).wfc(&["build", "p.toml"]).failed()
}

#[test]
fn a_file_that_is_not_utf8_is_refused_with_the_place() {
    assert_snapshot!(failed(b"graph = \"g\xff\"\n"), @"wfc: p.toml is not UTF-8 text (byte 10); save it as UTF-8");
    let utf16: Vec<u8> = "\u{feff}graph = \"g\"\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_snapshot!(failed(utf16), @"wfc: p.toml is not UTF-8 text (byte 0); save it as UTF-8");
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    preset("\u{feff}graph = \"g\"\n").wfc(&["build", "p.toml"]).succeeded();
    assert_snapshot!(findings("\u{feff}grahp = \"g\"\ngraph = \"g\"\n"), @r#"
    error[unknown-key]: unknown key `grahp` in a preset
       ╭─[p.toml:1:1]
     1 │ grahp = "g"
       · ─────
     2 │ graph = "g"
       ╰────
      help: did you mean `graph`?

    1 error in 1 file
    "#);
}

#[test]
fn carriage_returns_are_passed_over() {
    let folder = preset("graph = \"g\"\r\n[params]\r\nname = \"x\"\r\n");
    folder.write("g.toml", PICTURE.replace('\n', "\r\n"));
    assert_eq!(input(&folder.workflow("p.toml", &[]), "save", "filename_prefix"), "x");
    assert_snapshot!(findings("graph = \"g\"\r\n[params]\r\nnaem = \"x\"\r\n"), @r#"
    error[unknown-param]: the graph has no parameter `naem`
       ╭─[p.toml:3:1]
     2 │ [params]
     3 │ naem = "x"
       · ────
       ╰────
      help: did you mean `name`?

    1 error in 1 file
    "#);
}

#[test]
fn an_empty_file_names_no_graph() {
    assert_snapshot!(findings(""), @r#"
    error[missing-key]: the preset names no graph
       ╭─[p.toml:1:1]
     1 │
       · ▲
       ╰────
      help: add graph = "…"; built in are: GRAPHS

    1 error in 1 file
    "#);
    assert_snapshot!(findings("# only a comment\n\n"), @r#"
    error[missing-key]: the preset names no graph
       ╭─[p.toml:1:1]
     1 │ # only a comment
       · ▲
       ╰────
      help: add graph = "…"; built in are: GRAPHS

    1 error in 1 file
    "#);
}

#[test]
fn nul_bytes_are_syntax_errors() {
    assert_snapshot!(findings("graph = \"g\"\n\0\0\n"), @r#"
    error[toml-syntax]: not valid TOML: invalid unquoted key, expected letters, numbers, `-`, `_`
       ╭─[p.toml:2:1]
     1 │ graph = "g"
     2 │ ��
       · ──
       ╰────

    error[toml-syntax]: not valid TOML: key with no value, expected `=`
       ╭─[p.toml:2:3]
     1 │ graph = "g"
     2 │ ��
       ·   ▲
       ╰────

    2 errors in 1 file
    "#);
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let text = findings("graph = \"g\"\n[params]\n\"\\u001b[31mred\" = 1\n");
    assert!(!text.contains('\u{1b}') && text.contains("\u{fffd}[31mred"), "{text}");
}

#[test]
fn a_file_cut_off_anywhere_gives_findings_and_no_panic() {
    let preset_text = "graph = \"g\"\n[params]\nname = \"\"\"x \\\"y\\\" é\"\"\"\nwidth = 1_024\n[matrix]\nname = ['a', \"b\"]\n";
    for end in (0..preset_text.len()).filter(|end| preset_text.is_char_boundary(*end)) {
        let run = preset(&preset_text[..end]).wfc(&["build", "p.toml"]);
        assert!(matches!(run.code, Some(0 | 1)), "cut at {end}: {run:?}");
        assert_eq!(run.code == Some(1), run.stderr.contains("error["), "cut at {end}: {run:?}");
    }
}

#[test]
fn a_graph_cut_off_at_any_line_gives_findings_and_no_panic() {
    let lines: Vec<&str> = PICTURE.lines().collect();
    for end in 0..lines.len() {
        let folder = preset("graph = \"g\"\n");
        folder.write("g.toml", lines[..end].join("\n"));
        let run = folder.wfc(&["build", "p.toml"]);
        assert!(run.code == Some(1) && run.stderr.contains("error["), "cut at line {end}: {run:?}");
    }
}

#[test]
fn a_file_beyond_the_size_limit_is_refused() {
    let mut text = "graph = \"g\"\n#".to_owned();
    text.extend(std::iter::repeat_n('x', MAX_SOURCE - text.len()));
    preset(&text).wfc(&["build", "p.toml"]).succeeded();
    text.push('x');
    assert_snapshot!(failed(&text), @"wfc: p.toml is larger than 16 MiB, the limit for a source file");
}

#[test]
fn a_folder_is_not_a_file() {
    let folder =
        Folder::with([("p.toml/x.txt", ""), ("q.toml", "graph = \"sub.toml\"\n"), ("sub.toml/x.txt", "")]);
    assert_snapshot!(folder.wfc(&["build", "p.toml"]).failed(), @r#"wfc: there is no preset in what was given; a preset is a .toml file with `graph = "…"`"#);
    assert_snapshot!(folder.wfc(&["build", "q.toml"]).findings(), @r#"
    error[unknown-graph]: sub.toml is a folder, a file is needed
       ╭─[q.toml:1:9]
     1 │ graph = "sub.toml"
       ·         ──────────
       ╰────
      help: `graph` with a slash or `.toml` is a path from this file

    1 error in 1 file
    "#);
}

#[test]
fn a_missing_file_is_named() {
    assert_snapshot!(Folder::new().wfc(&["build", "no/such.toml"]).failed(), @"wfc: no such file: no/such.toml; there is no folder no either: check the path");
    assert_snapshot!(Folder::new().wfc(&["lint", "no/such.toml"]).stdout, @"
    error[unreadable-file]: no such file: no/such.toml
      file: no/such.toml
      help: there is no folder no either: check the path

    1 error in 1 file
    ");
}

#[test]
fn one_unreadable_file_does_not_stop_lint() {
    let folder = Folder::with([("a.toml", "graph = \"g\"\n"), ("g.toml", PICTURE)]);
    folder.write("b.toml", b"\xff");
    folder.write("c.toml", "graph = \"g\"\nx = 1\n");
    let run = folder.wfc(&["lint", "."]);
    assert_eq!(run.code, Some(2));
    assert_snapshot!(run.stdout, @r#"
    error[unreadable-file]: ./b.toml is not UTF-8 text (byte 0); save it as UTF-8
      file: ./b.toml

    error[unknown-key]: unknown key `x` in a preset
       ╭─[./c.toml:2:1]
     1 │ graph = "g"
     2 │ x = 1
       · ─
       ╰────
      help: the keys of a preset are: extends, graph, description, params, models, target, assume, matrix, ladder, request, policies, lint; parameters go under [params]

    2 errors in 4 files
    "#);
}

#[test]
fn one_unreadable_file_does_not_stop_the_build_of_a_folder() {
    let folder = Folder::with([
        ("g.toml", PICTURE),
        ("a.toml", "graph = \"g\"\nx = 1\n"),
        ("c.toml", "graph = \"g\"\n"),
    ]);
    folder.write("b.toml", b"\xff");
    let run = folder.wfc(&["build", "."]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("unknown key `x`") && run.stderr.contains("b.toml"), "{}", run.stderr);
    assert!(folder.path("c.workflow_api.json").exists());
}

#[test]
fn deep_nesting_is_a_syntax_error() {
    for text in [
        format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("x = {}1{}", "{a=".repeat(100_000), "}".repeat(100_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        format!("[[{}a]]", "a.".repeat(100_000)),
    ] {
        let said = findings(format!("graph = \"g\"\n{text}\n"));
        assert!(said.starts_with("error[toml-syntax]"), "{said}");
    }
}

#[test]
fn a_matrix_beyond_the_limit_is_refused_before_anything_is_built() {
    let axis: Vec<String> = (0..1001).map(|n| n.to_string()).collect();
    let seeds = axis.join(",");
    let folder = Folder::with([("g.toml", EVERY_TYPE)]);
    let names: Vec<String> = axis.iter().map(|n| format!("'{n}'")).collect();
    folder.write(
        "p.toml",
        format!("graph = \"g\"\n[matrix]\nseed = [{seeds}]\nprompt = [{}]\n", names.join(",")),
    );
    assert_snapshot!(folder.wfc(&["build", "p.toml"]).findings(), @"
    error[matrix-too-large]: the matrix has 1002001 combinations; the limit is 1000000
       ╭─[p.toml:3:1]
     2 │ [matrix]
     3 │ seed = [0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,1…
       · ────
     4 │ prompt = ['0','1','2','3','4','5','6','7','8'…
       ╰────

    1 error in 1 file
    ");
}

#[test]
fn a_product_of_axes_that_overflows_is_refused() {
    let ones = format!("[{}]", "1,".repeat(100_000));
    let names = ["count", "strength", "seed"];
    let axes = names.map(|name| format!("{name} = {ones}\n")).concat();
    let texts = format!("prompt = [{}]\nimage = [{}]\n", "'a',".repeat(100_000), "'a',".repeat(100_000));
    let folder = Folder::with([
        ("g.toml", EVERY_TYPE),
        ("p.toml", &format!("graph = \"g\"\n[matrix]\n{axes}{texts}")),
    ]);
    let said = folder.wfc(&["build", "p.toml"]).findings();
    assert!(said.starts_with("error[matrix-too-large]"), "{said}");
}

#[test]
fn as_many_nodes_as_allowed_are_built() {
    let graph = "title = \"Many\"\n[params.loras]\ntype = \"lora-list\"\ndefault = []\ndoc = \"The LoRAs.\"\n\
                 [nodes.lora]\nclass = \"PreviewAny\"\nfor_each = \"loras\"\ninputs = { source = { item = \"file\" } }\n";
    let preset = |count| format!("graph = \"g\"\n[params]\nloras = [{}]\n", "\"x.pt\",".repeat(count));
    let folder = Folder::with([("g.toml", graph), ("p.toml", &preset(20_000))]);
    assert_eq!(folder.workflow("p.toml", &[]).as_object().unwrap().len(), 20_000);
    folder.write("p.toml", preset(20_001));
    let said = folder.wfc(&["build", "p.toml"]).findings();
    assert!(said.starts_with("error[too-many-nodes]: the workflow would have 20001 nodes"), "{said}");
}

#[test]
fn sixteen_presets_may_extend_one_another_and_no_more() {
    let folder =
        Folder::with([("g.toml", PICTURE), ("1.toml", "graph = \"g\"\n[params]\nname = \"first\"\n")]);
    for number in 2..=17 {
        folder.write(&format!("{number}.toml"), format!("extends = \"{}.toml\"\n", number - 1));
    }
    assert_eq!(input(&folder.workflow("16.toml", &[]), "save", "filename_prefix"), "first");
    assert_snapshot!(folder.wfc(&["build", "17.toml"]).findings(), @r#"
    error[extends-cycle]: more than 16 presets extend one another
       ╭─[2.toml:1:11]
     1 │ extends = "1.toml"
       ·           ────────
       ╰────
      file: 17.toml

    1 error in 1 file
    "#);
}

#[test]
fn more_than_a_hundred_mistakes_are_summed_up() {
    let keys = (0..150).map(|n| format!("key{n} = 1\n")).collect::<Vec<_>>().concat();
    let said = findings(format!("graph = \"g\"\n{keys}"));
    assert_eq!(said.matches("error[unknown-key]").count(), 100);
    assert!(
        said.ends_with("… and 50 more in p.toml (--format json lists all)\n\n150 errors in 1 file\n"),
        "{said}"
    );
}

#[test]
fn a_very_long_line_is_shortened_around_the_mistake() {
    let said = findings(format!("graph = \"g\"\n[params]\nname = \"{}\"; x = 1\n", "é".repeat(10_000)));
    assert!(said.lines().all(|line| line.chars().count() <= 110), "{said}");
    assert!(said.contains("p.toml:3:10010"), "{said}");
}

#[test]
fn an_expression_cannot_take_all_memory() {
    for expression in [
        "[['x' * 1000000] * 1000] * 1000",
        "'x' * 90000000",
        "name * 90000000",
        "90000000 * (name)",
        "(name ~ name) * 90000000",
        "(width | string) * 30000000",
        "30000000 * (width ~ width)",
    ] {
        let folder = preset("graph = \"g\"\n");
        folder.write(
            "g.toml",
            PICTURE.replace("{ param = \"name\" }", &format!("{{ expr = \"{expression}\" }}")),
        );
        let said = folder.wfc(&["build", "p.toml"]).findings();
        assert!(said.contains("error["), "{expression}: {said}");
    }
}
