//! Mistakes in what stands under `extra`, and in JSON text.

use insta::assert_snapshot;

use super::{graph, picture};
use crate::support::{Folder, PICTURE};

/// `PICTURE` with an `extra` table of its last node.
fn extra(text: &str) -> String {
    picture("[nodes.save]\n", &format!("[nodes.save]\nextra = {text}\n"))
}

#[test]
fn an_input_that_the_class_declares() {
    let text = PICTURE.replace(
        "filename_prefix = { param = \"name\" } }",
        "}\nextra = { filename_prefix = { param = \"name\" } }",
    );
    let run = Folder::with([("g.toml", &*text)]).wfc(&["lint", "g.toml"]);
    assert_eq!((run.code, &*run.stderr), (Some(0), ""));
    assert_snapshot!(run.stdout, @r#"
    warning[declared-extra]: `SaveImage` declares the input `filename_prefix`
        ╭─[g.toml:27:11]
     26 │ inputs = { images = { node = "empty" }, }
     27 │ extra = { filename_prefix = { param = "name" } }
        ·           ───────────────
        ╰────
      node: `save` (SaveImage), input `filename_prefix`
      help: move it to `inputs`, where its type is checked

    1 warning in 1 file
    "#);
}

#[test]
fn an_input_that_stands_in_both_tables() {
    assert_snapshot!(extra("{ images = { node = \"empty\" } }"), @r#"
    error[duplicate-input]: `images` stands in `inputs` and in `extra`
        ╭─[g.toml:24:11]
     23 │ [nodes.save]
     24 │ extra = { images = { node = "empty" } }
        ·           ──────
     25 │ class = "SaveImage"
     26 │ stage = "save"
     27 │ inputs = { images = { node = "empty" }, filename_prefix = { param = "name" } }
        ·            ───┬──
        ·               ╰── the other one
        ╰────
      node: `save` (SaveImage), input `images`
      help: keep one of them: `extra` is for what the class does not declare

    1 error in 1 file
    "#);
}

#[test]
fn a_link_to_a_node_that_is_not_there() {
    assert_snapshot!(extra("{ more = { node = \"emty\" } }"), @r#"
    error[unknown-node]: the graph has no node `emty`
        ╭─[g.toml:24:27]
     23 │ [nodes.save]
     24 │ extra = { more = { node = "emty" } }
        ·                           ──────
     25 │ class = "SaveImage"
        ╰────
      help: did you mean `empty`?

    1 error in 1 file
    "#);
}

#[test]
fn a_list() {
    assert_snapshot!(extra("{ more = [1, 2] }"), @r#"
    error[wrong-type]: a list is not an input
        ╭─[g.toml:24:18]
     23 │ [nodes.save]
     24 │ extra = { more = [1, 2] }
        ·                  ──────
     25 │ class = "SaveImage"
        ╰────
      help: a link is { node = "name", out = 0 }; a list as a value is { literal = [...] }

    1 error in 1 file
    "#);
}

#[test]
fn text_that_is_no_json() {
    assert_snapshot!(extra("{ more = { json = \"nul\" } }"), @r#"
    error[json-syntax]: not valid JSON: EOF while parsing a value
        ╭─[g.toml:24:27]
     23 │ [nodes.save]
     24 │ extra = { more = { json = "nul" } }
        ·                           ─────
     25 │ class = "SaveImage"
        ╰────
      help: write JSON text: { json = "null" }; what TOML can say goes into { literal = … }

    1 error in 1 file
    "#);
    assert_snapshot!(picture("color = 0", "color = { json = \"[1,\" }"), @r#"
    error[json-syntax]: not valid JSON: EOF while parsing a value
        ╭─[g.toml:21:108]
     20 │ stage = "make"
     21 │ …// 2" }, batch_size = 1, color = { json = "[1," } }
        ·                                            ─────
        ╰────
      help: write JSON text: { json = "null" }; what TOML can say goes into { literal = … }

    1 error in 1 file
    "#);
}

#[test]
fn json_that_is_not_written_as_text() {
    assert_snapshot!(extra("{ more = { json = 1 } }"), @r#"
    error[wrong-type]: expected JSON text, such as "null", found an integer
        ╭─[g.toml:24:27]
     23 │ [nodes.save]
     24 │ extra = { more = { json = 1 } }
        ·                           ─
     25 │ class = "SaveImage"
        ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(extra("{ more = { json = \"1\", out = 0 } }"), @r#"
    error[unknown-key]: `out` does not go with `json`
        ╭─[g.toml:24:32]
     23 │ [nodes.save]
     24 │ extra = { more = { json = "1", out = 0 } }
        ·                                ───
     25 │ class = "SaveImage"
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn null_where_the_server_wants_a_number() {
    assert_snapshot!(picture("color = 0", "color = { json = \"null\" }"), @r#"
    error[invalid-input-type]: `color` takes a whole number, and null is not one
        ╭─[g.toml:21:99]
     20 │ stage = "make"
     21 │ …th // 2" }, batch_size = 1, color = { json = "null" } }
        ·                                      ─────────────────
        ╰────
      node: `empty` (EmptyImage), input `color`

    1 error in 1 file
    "#);
}

#[test]
fn a_table_of_inputs_that_is_no_table() {
    assert_snapshot!(extra("\"x\""), @r#"
    error[wrong-type]: expected a table, found a string
        ╭─[g.toml:24:9]
     23 │ [nodes.save]
     24 │ extra = "x"
        ·         ───
     25 │ class = "SaveImage"
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn a_switch_for_titles_that_is_no_switch() {
    assert_snapshot!(picture("title = ", "default_titles = \"yes\"\ntitle = "), @r#"
    error[wrong-type]: expected true or false, found a string
       ╭─[g.toml:1:18]
     1 │ default_titles = "yes"
       ·                  ─────
     2 │ title = "A picture"
       ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(graph("title = \"x\"\ndefault_title = true\n[nodes.a]\nclass = \"SaveImage\"\n"), @r#"
    error[unknown-key]: unknown key `default_title` in a graph
       ╭─[g.toml:2:1]
     1 │ title = "x"
     2 │ default_title = true
       · ─────────────
     3 │ [nodes.a]
       ╰────
      help: did you mean `default_titles`?

    1 error in 1 file
    "#);
}
