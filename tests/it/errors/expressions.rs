//! Mistakes in `expr`, `when` and `rule`.

use insta::assert_snapshot;

use super::{built, graph, picture};
use crate::support::PICTURE;

/// What is said about [`PICTURE`] with the expression of its height replaced.
#[track_caller]
fn height(expression: &str) -> String {
    picture("\"width // 2\"", expression)
}

#[test]
fn an_unknown_name() {
    assert_snapshot!(height("\"widht // 2\""), @r#"
    error[unknown-param]: `widht` is not a parameter of this graph
        ╭─[g.toml:21:60]
     20 │ stage = "make"
     21 │ …= { param = "width" }, height = { expr = "widht // 2" }, batch_size = 1, color = 0 }
        ·                                            ─────
        ╰────
      help: did you mean `width`?

    1 error in 1 file
    "#);
    assert_snapshot!(height("\"height // 2\""), @r#"
    error[unknown-param]: `height` is not a parameter of this graph
        ╭─[g.toml:21:60]
     20 │ stage = "make"
     21 │ …= { param = "width" }, height = { expr = "height // 2" }, batch_size = 1, color = 0 }
        ·                                            ──────
        ╰────
      help: expressions see the graph's parameters and nothing else; texts go in quotes

    1 error in 1 file
    "#);
}

#[test]
fn a_syntax_error() {
    assert_snapshot!(height("\"width // \""), @r#"
    error[bad-expression]: not an expression: unexpected end of input, expected expression
        ╭─[g.toml:21:66]
     20 │ stage = "make"
     21 │ …param = "width" }, height = { expr = "width // " }, batch_size = 1, color = 0 }
        ·                                              ──
        ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(height("\"(width + 1\""), @r#"
    error[bad-expression]: not an expression: unexpected end of input, expected `)`
        ╭─[g.toml:21:69]
     20 │ stage = "make"
     21 │ …am = "width" }, height = { expr = "(width + 1" }, batch_size = 1, color = 0 }
        ·                                              ─
        ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(height("\"width ? 1 : 2\""), @r#"
    error[bad-expression]: not an expression: unexpected character
        ╭─[g.toml:21:66]
     20 │ stage = "make"
     21 │ …param = "width" }, height = { expr = "width ? 1 : 2" }, batch_size = 1, color = 0 }
        ·                                              ─
        ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(height("\"width && true\""), @r#"
    error[bad-expression]: not an expression: unexpected character
        ╭─[g.toml:21:66]
     20 │ stage = "make"
     21 │ …param = "width" }, height = { expr = "width && true" }, batch_size = 1, color = 0 }
        ·                                              ─
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn an_empty_expression() {
    assert_snapshot!(height("\"\""), @r#"
    error[bad-expression]: the expression is empty
        ╭─[g.toml:21:59]
     20 │ stage = "make"
     21 │ …th = { param = "width" }, height = { expr = "" }, batch_size = 1, color = 0 }
        ·                                              ──
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn a_function_call() {
    assert_snapshot!(height("\"max(width, 2)\""), @r#"
    error[bad-expression]: there is no function `max`; expressions call none
        ╭─[g.toml:21:60]
     20 │ stage = "make"
     21 │ … = { param = "width" }, height = { expr = "max(width, 2)" }, batch_size = 1, color = 0 }
        ·                                             ───
        ╰────
      help: use a filter, as in `width | int`; there are: abs, bool, ceil, falls_to_zero, float, floor, int, length, lower, round, string, trim, upper, words

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_filter() {
    assert_snapshot!(height("\"width | abbs\""), @r#"
    error[bad-expression]: there is no filter `abbs`
        ╭─[g.toml:21:68]
     20 │ stage = "make"
     21 │ …am = "width" }, height = { expr = "width | abbs" }, batch_size = 1, color = 0 }
        ·                                             ────
        ╰────
      help: did you mean `abs`?

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_test() {
    assert_snapshot!(height("\"1 if width is even else 2\""), @r#"
    error[expression-failed]: the expression fails: test even is unknown
        ╭─[g.toml:21:74]
     20 │ stage = "make"
     21 │ …width" }, height = { expr = "1 if width is even else 2" }, batch_size = 1, color = 0 }
        ·                                             ────
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn a_division_by_zero() {
    assert_snapshot!(height("\"width // (width - 64)\""), @r#"
    error[expression-failed]: the expression fails: unable to calculate 64 // 0
        ╭─[g.toml:21:60]
     20 │ stage = "make"
     21 │ …m = "width" }, height = { expr = "width // (width - 64)" }, batch_size = 1, color = 0 }
        ·                                    ─────────────────────
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn mixed_types() {
    assert_snapshot!(height("\"width + name\""), @r#"
    error[expression-failed]: the expression fails: tried to use + operator on unsupported types number and string
        ╭─[g.toml:21:60]
     20 │ stage = "make"
     21 │ … param = "width" }, height = { expr = "width + name" }, batch_size = 1, color = 0 }
        ·                                         ────────────
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn an_attribute_that_is_not_there() {
    assert_snapshot!(height("\"width.value\""), @r#"
    error[expression-failed]: the expression gives undefined, which no input takes
        ╭─[g.toml:21:59]
     20 │ stage = "make"
     21 │ … param = "width" }, height = { expr = "width.value" }, batch_size = 1, color = 0 }
        ·                                        ─────────────
        ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(height("\"width.value + 1\""), @r#"
    error[expression-failed]: the expression fails: tried to use + operator on unsupported types undefined and number (`width.value` is undefined)
        ╭─[g.toml:21:60]
     20 │ stage = "make"
     21 │ …aram = "width" }, height = { expr = "width.value + 1" }, batch_size = 1, color = 0 }
        ·                                       ───────────────
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn a_result_of_a_wrong_type() {
    assert_snapshot!(height("\"width / 3\""), @r#"
    error[wrong-type]: the input `height` of `EmptyImage` takes an integer, found 21.333333333333332
        ╭─[g.toml:21:50]
     20 │ stage = "make"
     21 │ …h = { param = "width" }, height = { expr = "width / 3" }, batch_size = 1, color = 0 }
        ·                                    ──────────────────────
        ╰────
      node: `empty` (EmptyImage), input `height`

    1 error in 1 file
    "#);
    assert_snapshot!(height("\"name\""), @r#"
    error[wrong-type]: the input `height` of `EmptyImage` takes an integer, found "picture"
        ╭─[g.toml:21:50]
     20 │ stage = "make"
     21 │ …dth = { param = "width" }, height = { expr = "name" }, batch_size = 1, color = 0 }
        ·                                      ─────────────────
        ╰────
      node: `empty` (EmptyImage), input `height`

    1 error in 1 file
    "#);
    assert_snapshot!(height("\"{'a': width}\""), @r#"
    error[bad-expression]: there are no tables in expressions
        ╭─[g.toml:21:60]
     20 │ stage = "make"
     21 │ …h = { param = "width" }, height = { expr = "{'a': width}" }, batch_size = 1, color = 0 }
        ·                                              ─
        ╰────
      help: compare with it, as in: mode in ['a', 'b']

    1 error in 1 file
    "#);
    assert_snapshot!(height("\"none\""), @r#"
    error[wrong-type]: the input `height` of `EmptyImage` takes an integer, found null
        ╭─[g.toml:21:50]
     20 │ stage = "make"
     21 │ …dth = { param = "width" }, height = { expr = "none" }, batch_size = 1, color = 0 }
        ·                                      ─────────────────
        ╰────
      node: `empty` (EmptyImage), input `height`

    1 error in 1 file
    "#);
}

#[test]
fn a_result_out_of_the_classs_range() {
    assert_snapshot!(height("\"width * 1000\""), @r#"
    error[value-bigger-than-max]: `height` is 64000; the largest value is 16384
        ╭─[g.toml:21:50]
     20 │ stage = "make"
     21 │ …= { param = "width" }, height = { expr = "width * 1000" }, batch_size = 1, color = 0 }
        ·                                  ─────────────────────────
        ╰────
      node: `empty` (EmptyImage), input `height`

    1 error in 1 file
    "#);
}

#[test]
fn a_number_beyond_all_bounds() {
    assert_snapshot!(height("\"10 ** 100\""), @r#"
    error[expression-failed]: the expression fails: unable to calculate 10 ** 100
        ╭─[g.toml:21:60]
     20 │ stage = "make"
     21 │ …{ param = "width" }, height = { expr = "10 ** 100" }, batch_size = 1, color = 0 }
        ·                                          ─────────
        ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(height("\"1e300 * 1e300\""), @r#"
    error[expression-failed]: the expression gives a number that no input takes
        ╭─[g.toml:21:59]
     20 │ stage = "make"
     21 │ …param = "width" }, height = { expr = "1e300 * 1e300" }, batch_size = 1, color = 0 }
        ·                                       ───────────────
        ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(height("\"1e300 | floor\""), @r#"
    error[expression-failed]: the expression fails: the number is too large to be rounded exactly
        ╭─[g.toml:21:68]
     20 │ stage = "make"
     21 │ …m = "width" }, height = { expr = "1e300 | floor" }, batch_size = 1, color = 0 }
        ·                                            ─────
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn an_expression_that_runs_away() {
    assert_snapshot!(height("\"name * 100000000\""), @r#"
    error[bad-expression]: only numbers can be multiplied
        ╭─[g.toml:21:65]
     20 │ stage = "make"
     21 │ … param = "width" }, height = { expr = "name * 100000000" }, batch_size = 1, color = 0 }
        ·                                              ─
        ╰────
      help: choose between texts outside of the multiplication, as in: 2 * width if mode == 'a' else width

    1 error in 1 file
    "#);
}

#[test]
fn an_expression_of_too_many_steps() {
    let text = height(&format!("\"width{}\"", "+1".repeat(450)));
    assert!(
        text.starts_with("error[expression-failed]: the expression takes more than 400 steps\n"),
        "{text}"
    );
}

#[test]
fn an_expression_that_is_too_long() {
    assert_snapshot!(height(&format!("\"width{}\"", " + 1".repeat(1250))), @r#"
    error[bad-expression]: the expression is longer than 1000 bytes
        ╭─[g.toml:21:59]
     20 │ stage = "make"
     21 │ … }, height = { expr = "width + 1 + 1 + 1 + 1…1 + 1 + 1 + 1 + 1 + 1" }, batch_size = 1, co…
        ·                        ─────────────────────────────────────────────
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn an_expression_that_is_too_deep() {
    assert_snapshot!(height(&format!("\"{}width{}\"", "(".repeat(400), ")".repeat(400))), @r#"
    error[bad-expression]: not an expression: template exceeds maximum recursion limits
        ╭─[g.toml:21:134]
     20 │ stage = "make"
     21 │ …(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((…
        ·                                              ─
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn a_place_in_a_text_of_several_lines() {
    assert_snapshot!(height("\"\"\"\nwidth\n// widht\"\"\""), @r#"
    error[unknown-param]: `widht` is not a parameter of this graph
        ╭─[g.toml:23:4]
     22 │ width
     23 │ // widht""" }, batch_size = 1, color = 0 }
        ·    ─────
        ╰────
      help: did you mean `width`?

    1 error in 1 file
    "#);
}

#[test]
fn a_place_in_a_text_with_escapes_is_the_whole_text() {
    assert_snapshot!(height("\"widht // \\u0032\""), @r#"
    error[unknown-param]: `widht` is not a parameter of this graph
        ╭─[g.toml:21:59]
     20 │ stage = "make"
     21 │ …aram = "width" }, height = { expr = "widht // \u0032" }, batch_size = 1, color = 0 }
        ·                                      ─────────────────
        ╰────
      help: did you mean `width`?

    1 error in 1 file
    "#);
}

#[test]
fn a_place_behind_other_letters() {
    assert_snapshot!(height("\"('höhe→' | length) + widht\""), @r#"
    error[unknown-param]: `widht` is not a parameter of this graph
        ╭─[g.toml:21:81]
     20 │ stage = "make"
     21 │ …height = { expr = "('höhe→' | length) + widht" }, batch_size = 1, color = 0 }
        ·                                          ─────
        ╰────
      help: did you mean `width`?

    1 error in 1 file
    "#);
}

#[test]
fn an_error_in_when() {
    assert_snapshot!(picture("class = \"SaveImage\"", "class = \"SaveImage\"\nwhen = \"nmae == 'x'\""), @r#"
    error[unknown-param]: `nmae` is not a parameter of this graph
        ╭─[g.toml:25:9]
     24 │ class = "SaveImage"
     25 │ when = "nmae == 'x'"
        ·         ────
     26 │ stage = "save"
        ╰────
      help: did you mean `name`?

    1 error in 1 file
    "#);
    assert_snapshot!(picture("class = \"SaveImage\"", "class = \"SaveImage\"\nwhen = \"name - 5\""), @r#"
    error[expression-failed]: the expression fails: tried to use - operator on unsupported types string and number
        ╭─[g.toml:25:9]
     24 │ class = "SaveImage"
     25 │ when = "name - 5"
        ·         ────────
     26 │ stage = "save"
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn an_error_in_a_rule() {
    let rule = "[[constraints]]\nrule = \"widht > 5\"\nmessage = \"x\"\n[nodes.empty]";
    assert_snapshot!(graph(&PICTURE.replace("[nodes.empty]", rule)), @r#"
    error[unknown-param]: `widht` is not a parameter of this graph
        ╭─[g.toml:19:9]
     18 │ [[constraints]]
     19 │ rule = "widht > 5"
        ·         ─────
     20 │ message = "x"
        ╰────
      help: did you mean `width`?

    1 error in 1 file
    "#);
    let rule = rule.replace("widht > 5", "1 // (width - 64)");
    assert_snapshot!(built(&PICTURE.replace("[nodes.empty]", &rule)), @r#"
    error[expression-failed]: the expression fails: unable to calculate 1 // 0
        ╭─[g.toml:19:9]
     18 │ [[constraints]]
     19 │ rule = "1 // (width - 64)"
        ·         ─────────────────
     20 │ message = "x"
        ╰────
      file: p.toml

    1 error in 1 file
    "#);
}

#[test]
fn a_broken_parameter_is_not_unknown_as_well() {
    let text = picture("doc = \"Width of the picture.\"\n", "");
    assert!(text.ends_with("\n1 error in 1 file\n"), "{text}");
}
