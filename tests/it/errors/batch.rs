//! Mistakes in the axes of a matrix: ranges, rows, models.

use insta::assert_snapshot;

use super::preset;

#[test]
fn a_range_without_end_or_with_two() {
    assert_snapshot!(preset(
        "graph = \"g\"\n[matrix]\nseed = { from = 1 }\ncount = { from = 1, to = 9, count = 3, step = 4 }\n"
    ), @"
    error[bad-range]: the range has no end
       ╭─[p.toml:3:8]
     2 │ [matrix]
     3 │ seed = { from = 1 }
       ·        ────────────
     4 │ count = { from = 1, to = 9, count = 3, step = 4 }
       ╰────
      help: give `to`, the last number, or `count`, how many there are

    error[bad-range]: a range has `to` or `count`, not both
       ╭─[p.toml:4:37]
     3 │ seed = { from = 1 }
     4 │ count = { from = 1, to = 9, count = 3, step = 4 }
       ·                                     ─
       ╰────

    2 errors in 1 file
    ");
}

#[test]
fn ranges_that_lead_nowhere() {
    assert_snapshot!(preset(
        "graph = \"g\"\n[matrix]\nseed = { from = 5, to = 1 }\ncount = { from = 1, to = 9, step = 0 }\n\
         strength = { from = 0.1, to = 0.5, step = -0.1 }\n"
    ), @"
    error[bad-range]: the range is empty: its steps lead away from `to`, so nothing would be built
       ╭─[p.toml:3:8]
     2 │ [matrix]
     3 │ seed = { from = 5, to = 1 }
       ·        ────────────────────
     4 │ count = { from = 1, to = 9, step = 0 }
       ╰────
      help: `to` is smaller than `from`: exchange them, or give a step below 0

    error[bad-range]: with a step of 0 the range never ends
       ╭─[p.toml:4:36]
     3 │ seed = { from = 5, to = 1 }
     4 │ count = { from = 1, to = 9, step = 0 }
       ·                                    ─
     5 │ strength = { from = 0.1, to = 0.5, step = -0.1 }
       ╰────

    error[bad-range]: the range is empty: its steps lead away from `to`, so nothing would be built
       ╭─[p.toml:5:43]
     4 │ count = { from = 1, to = 9, step = 0 }
     5 │ strength = { from = 0.1, to = 0.5, step = -0.1 }
       ·                                           ────
       ╰────
      help: `to` is larger than `from`: exchange them, or give a step above 0

    3 errors in 1 file
    ");
}

#[test]
fn ranges_of_what_is_no_number() {
    assert_snapshot!(preset(
        "graph = \"g\"\n[matrix]\nprompt = { from = 1, to = 3 }\nseed = { from = \"1\", to = 3 }\n\
         count = { form = 1, to = 3 }\nstrength = { from = 1e-300, count = 3 }\n"
    ), @r#"
    error[wrong-type]: a range goes with numbers, and `prompt` is a string
       ╭─[p.toml:3:10]
     2 │ [matrix]
     3 │ prompt = { from = 1, to = 3 }
       ·          ────────────────────
     4 │ seed = { from = "1", to = 3 }
       ╰────
      help: list its values: prompt = ["…", "…"]

    error[wrong-type]: a range is made of numbers, found a string
       ╭─[p.toml:4:17]
     3 │ prompt = { from = 1, to = 3 }
     4 │ seed = { from = "1", to = 3 }
       ·                 ───
     5 │ count = { form = 1, to = 3 }
       ╰────

    error[missing-key]: a range needs the key `from`
       ╭─[p.toml:5:9]
     4 │ seed = { from = "1", to = 3 }
     5 │ count = { form = 1, to = 3 }
       ·         ────────────────────
     6 │ strength = { from = 1e-300, count = 3 }
       ╰────

    error[unknown-key]: unknown key `form` in a range
       ╭─[p.toml:5:11]
     4 │ seed = { from = "1", to = 3 }
     5 │ count = { form = 1, to = 3 }
       ·           ────
     6 │ strength = { from = 1e-300, count = 3 }
       ╰────
      help: did you mean `from`?

    error[bad-range]: a range takes numbers of 38 digits, 18 of them behind the point
       ╭─[p.toml:6:21]
     5 │ count = { form = 1, to = 3 }
     6 │ strength = { from = 1e-300, count = 3 }
       ·                     ──────
       ╰────

    5 errors in 1 file
    "#);
}

#[test]
fn numbers_of_a_range_that_the_parameter_does_not_take() {
    assert_snapshot!(preset(
        "graph = \"g\"\n[matrix]\ncount = { from = 1, to = 9 }\nstrength = { from = 9.0, to = 11.0, step = 0.5 }\n\
         seed = { from = 0.5, to = 2 }\n"
    ), @"
    error[not-of-the-form]: `count` is 2; it must be of the form 4n+1
       ╭─[p.toml:3:9]
     2 │ [matrix]
     3 │ count = { from = 1, to = 9 }
       ·         ────────────────────
     4 │ strength = { from = 9.0, to = 11.0, step = 0.5 }
       ╰────
      help: the nearest are 1 and 5

    error[out-of-range]: `strength` is 11.0; the largest value is 10.0
       ╭─[p.toml:4:31]
     3 │ count = { from = 1, to = 9 }
     4 │ strength = { from = 9.0, to = 11.0, step = 0.5 }
       ·                               ────
     5 │ seed = { from = 0.5, to = 2 }
       ╰────
      help: `strength` (float, 0.0 to 10.0): How strong.

    error[wrong-type]: `seed` takes an integer, found a float
       ╭─[p.toml:5:17]
     4 │ strength = { from = 9.0, to = 11.0, step = 0.5 }
     5 │ seed = { from = 0.5, to = 2 }
       ·                 ───
       ╰────
      help: `seed` (seed): Seed of the noise.

    3 errors in 1 file
    ");
}

#[test]
fn rows_that_do_not_match() {
    assert_snapshot!(preset(
        "graph = \"g\"\n[matrix]\nseed = [1]\nshots = [\n  { prompt = \"a\", count = 1 },\n  { prompt = \"b\" },\n  \
         { prompt = \"c\", count = 4, seed = 1 },\n]\nother = [{ promt = \"x\" }]\nempty = [{}]\n"
    ), @r#"
    error[uneven-rows]: this row gives no `count`
       ╭─[p.toml:6:3]
     4 │ shots = [
     5 │   { prompt = "a", count = 1 },
       ·                   ──┬──
       ·                     ╰── the first row gives one
     6 │   { prompt = "b" },
       ·   ────────────────
     7 │   { prompt = "c", count = 4, seed = 1 },
       ╰────
      help: the rows of an axis all set the same parameters

    error[not-of-the-form]: `count` is 4; it must be of the form 4n+1
       ╭─[p.toml:7:27]
     6 │   { prompt = "b" },
     7 │   { prompt = "c", count = 4, seed = 1 },
       ·                           ─
     8 │ ]
       ╰────
      help: the nearest are 1 and 5

    error[uneven-rows]: the first row gives no `seed`
       ╭─[p.toml:7:30]
     4 │ shots = [
     5 │   { prompt = "a", count = 1 },
       ·   ─────────────┬─────────────
       ·                ╰── the first row
     6 │   { prompt = "b" },
     7 │   { prompt = "c", count = 4, seed = 1 },
       ·                              ────
     8 │ ]
       ╰────
      help: the rows of an axis all set the same parameters

    error[unknown-param]: the graph has no parameter `promt`
        ╭─[p.toml:9:12]
      8 │ ]
      9 │ other = [{ promt = "x" }]
        ·            ─────
     10 │ empty = [{}]
        ╰────
      help: did you mean `prompt`?

    error[uneven-rows]: this row sets nothing
        ╭─[p.toml:10:10]
      9 │ other = [{ promt = "x" }]
     10 │ empty = [{}]
        ·          ──
        ╰────
      help: name parameters: { prompt = "…", seed = 1 }

    5 errors in 1 file
    "#);
}

#[test]
fn two_axes_over_one_parameter() {
    assert_snapshot!(preset(
        "graph = \"g\"\n[matrix]\nseed = [1]\nshots = [{ seed = 2 }]\nmodels.vae = [\"a.pt\"]\n\
         kinds = [{ models.vae = \"b.pt\" }]\n"
    ), @r#"
    error[duplicate-axis]: `seed` varies on two axes
       ╭─[p.toml:4:12]
     2 │ [matrix]
     3 │ seed = [1]
       · ──┬─
       ·   ╰── the other one
     4 │ shots = [{ seed = 2 }]
       ·            ────
     5 │ models.vae = ["a.pt"]
       ╰────
      help: remove one of them

    error[duplicate-axis]: `models.vae` varies on two axes
       ╭─[p.toml:6:19]
     4 │ shots = [{ seed = 2 }]
     5 │ models.vae = ["a.pt"]
       ·        ─┬─
       ·         ╰── the other one
     6 │ kinds = [{ models.vae = "b.pt" }]
       ·                   ───
       ╰────
      help: remove one of them

    2 errors in 1 file
    "#);
}

#[test]
fn models_that_are_not_there() {
    assert_snapshot!(preset(
        "graph = \"g\"\n[matrix]\nmodels.vea = [\"wan21-vae\"]\nmodels.vae = [\"wan21-vae\", \"nope\"]\n"
    ), @r#"
    error[unknown-model]: the graph has no model slot `vea`
       ╭─[p.toml:3:8]
     2 │ [matrix]
     3 │ models.vea = ["wan21-vae"]
       ·        ───
     4 │ models.vae = ["wan21-vae", "nope"]
       ╰────
      help: did you mean `vae`?

    error[unknown-model]: there is no model `nope`
       ╭─[p.toml:4:28]
     3 │ models.vea = ["wan21-vae"]
     4 │ models.vae = ["wan21-vae", "nope"]
       ·                            ──────
       ╰────
      help: what fits: wan21-vae, wan21-vae-bf16, wan21-vae-pth; or a file with its extension and forward slashes

    2 errors in 1 file
    "#);
    assert_snapshot!(preset(
        "graph = \"g\"\n[matrix]\nmodels.vae = [\"wan21-vae\", 3]\n"
    ), @r#"
    error[wrong-type]: the model slot `vae` takes the name of a model, found an integer
       ╭─[p.toml:3:28]
     2 │ [matrix]
     3 │ models.vae = ["wan21-vae", 3]
       ·                            ─
       ╰────

    1 error in 1 file
    "#);
}
