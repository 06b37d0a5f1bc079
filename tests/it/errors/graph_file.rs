//! Mistakes in the shape of a graph and in the declarations of its parameters.

use insta::assert_snapshot;

use super::{graph, picture};

#[test]
fn an_unknown_key() {
    assert_snapshot!(picture("title = ", "titel = \"x\"\ntitle = "), @r#"
    error[unknown-key]: unknown key `titel` in a graph
       ╭─[g.toml:1:1]
     1 │ titel = "x"
       · ─────
     2 │ title = "A picture"
       ╰────
      help: did you mean `title`?

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_key_of_a_node() {
    assert_snapshot!(picture("class = \"SaveImage\"", "class = \"SaveImage\"\nwhere = \"x\""), @r#"
    error[unknown-key]: unknown key `where` in a node
        ╭─[g.toml:25:1]
     24 │ class = "SaveImage"
     25 │ where = "x"
        · ─────
     26 │ stage = "save"
        ╰────
      help: the keys of a node are: class, stage, title, when, for_each, inputs, extra

    1 error in 1 file
    "#);
}

#[test]
fn a_missing_class() {
    assert_snapshot!(picture("class = \"SaveImage\"\n", ""), @r#"
    error[missing-key]: a node needs the key `class`
        ╭─[g.toml:23:1]
     23 │ [nodes.save]
        · ────────────
     24 │ stage = "save"
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn a_missing_title() {
    assert_snapshot!(picture("title = \"A picture\"\n", ""), @r#"
    error[missing-key]: a graph needs the key `title`
       ╭─[g.toml:1:1]
     1 │ stages = ["make", "save"]
       · ▲
       ╰────

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_class() {
    assert_snapshot!(picture("\"SaveImage\"", "\"SaveImages\""), @r#"
    error[unknown-class]: there is no node class `SaveImages`
        ╭─[g.toml:24:9]
     23 │ [nodes.save]
     24 │ class = "SaveImages"
        ·         ────────────
     25 │ stage = "save"
        ╰────
      node: `save` (SaveImages)
      help: did you mean `SaveImage`?

    1 error in 1 file
    "#);
    assert_snapshot!(picture("\"SaveImage\"", "\"MyCompanysSaver\""), @r#"
    error[unknown-class]: there is no node class `MyCompanysSaver`
        ╭─[g.toml:24:9]
     23 │ [nodes.save]
     24 │ class = "MyCompanysSaver"
        ·         ─────────────────
     25 │ stage = "save"
        ╰────
      node: `save` (MyCompanysSaver)
      help: no node pack of this catalog has it: install the pack, or use a catalog that knows it

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_stage() {
    assert_snapshot!(picture("stage = \"save\"", "stage = \"saev\""), @r#"
    error[unknown-stage]: the graph has no stage `saev`
        ╭─[g.toml:25:9]
     24 │ class = "SaveImage"
     25 │ stage = "saev"
        ·         ──────
     26 │ inputs = { images = { node = "empty" }, filename_prefix = { param = "name" } }
        ╰────
      help: did you mean `save`?

    1 error in 1 file
    "#);
    assert_snapshot!(picture("stage = \"save\"", "stage = \"output\""), @r#"
    error[unknown-stage]: the graph has no stage `output`
        ╭─[g.toml:25:9]
     24 │ class = "SaveImage"
     25 │ stage = "output"
        ·         ────────
     26 │ inputs = { images = { node = "empty" }, filename_prefix = { param = "name" } }
        ╰────
      help: its stages are: make, save

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_input() {
    assert_snapshot!(picture("filename_prefix =", "filename_prefx ="), @r#"
    error[unknown-input]: `SaveImage` has no input `filename_prefx`
        ╭─[g.toml:26:41]
     25 │ stage = "save"
     26 │ inputs = { images = { node = "empty" }, filename_prefx = { param = "name" } }
        ·                                         ──────────────
        ╰────
      node: `save` (SaveImage), input `filename_prefx`
      help: did you mean `filename_prefix`?

    1 error in 1 file
    "#);
    assert_snapshot!(picture("filename_prefix =", "quality ="), @r#"
    error[unknown-input]: `SaveImage` has no input `quality`
        ╭─[g.toml:26:41]
     25 │ stage = "save"
     26 │ inputs = { images = { node = "empty" }, quality = { param = "name" } }
        ·                                         ───────
        ╰────
      node: `save` (SaveImage), input `quality`
      help: its inputs are: images, filename_prefix; what the class does not declare goes under `extra`

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_param_type() {
    assert_snapshot!(picture("type = \"int\"", "type = \"integer\""), @r#"
    error[unknown-choice]: `integer` is not one of: int, float, bool, string, choice, seed, image, video, audio, model, lora-list, list
       ╭─[g.toml:5:8]
     4 │ [params.width]
     5 │ type = "integer"
       ·        ─────────
     6 │ unit = "px"
       ╰────

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_param_of_an_input() {
    assert_snapshot!(picture("{ param = \"width\" }", "{ param = \"widht\" }"), @r#"
    error[unknown-param]: the graph has no parameter `widht`
        ╭─[g.toml:21:30]
     20 │ stage = "make"
     21 │ inputs = { width = { param = "widht" }, height = { expr = "width // 2" }, bat…
        ·                              ───────
        ╰────
      help: did you mean `width`?

    1 error in 1 file
    "#);
}

#[test]
fn a_default_out_of_range() {
    assert_snapshot!(picture("default = 64", "default = 8"), @r#"
    error[out-of-range]: `width` is 8; the smallest value is 16
       ╭─[g.toml:7:11]
     6 │ unit = "px"
     7 │ default = 8
       ·           ─
     8 │ min = 16
       ╰────
      help: `width` (int, px, 16 to 4096, a multiple of 16): Width of the picture.

    error[not-a-multiple]: `width` is 8; it must be a multiple of 16
       ╭─[g.toml:7:11]
     6 │ unit = "px"
     7 │ default = 8
       ·           ─
     8 │ min = 16
       ╰────
      help: the nearest is 16

    2 errors in 1 file
    "#);
}

#[test]
fn a_default_of_a_wrong_type() {
    assert_snapshot!(picture("default = 64", "default = \"64\""), @r#"
    error[wrong-type]: `width` takes an integer, found a string
       ╭─[g.toml:7:11]
     6 │ unit = "px"
     7 │ default = "64"
       ·           ────
     8 │ min = 16
       ╰────
      help: `width` (int, px, 16 to 4096, a multiple of 16): Width of the picture.

    1 error in 1 file
    "#);
}

#[test]
fn keys_that_do_not_go_with_the_type() {
    assert_snapshot!(
        picture("doc = \"Begin", "min = 1\nmultiple_of = 2\nform = \"4n+1\"\nchoices = [\"a\"]\ndoc = \"Begin"),
        @r#"
    error[wrong-type]: `min` goes with int and float parameters, not with string
        ╭─[g.toml:16:7]
     15 │ default = "picture"
     16 │ min = 1
        ·       ─
     17 │ multiple_of = 2
        ╰────

    error[wrong-type]: `multiple_of` does not go with string parameters
        ╭─[g.toml:17:15]
     16 │ min = 1
     17 │ multiple_of = 2
        ·               ─
     18 │ form = "4n+1"
        ╰────

    error[wrong-type]: `form` does not go with string parameters
        ╭─[g.toml:18:8]
     17 │ multiple_of = 2
     18 │ form = "4n+1"
        ·        ──────
     19 │ choices = ["a"]
        ╰────

    error[wrong-type]: `choices` does not go with string parameters
        ╭─[g.toml:19:12]
     18 │ form = "4n+1"
     19 │ choices = ["a"]
        ·            ───
     20 │ doc = "Begin of the file's name."
        ╰────

    4 errors in 1 file
    "#
    );
}

#[test]
fn a_choice_without_choices() {
    let text = picture("type = \"string\"", "type = \"choice\"");
    assert!(text.starts_with("error[missing-key]: the choice `name` needs the key `choices`\n"), "{text}");
    assert!(text.lines().all(|line| line == line.trim_end()), "{text}");
}

#[test]
fn a_form_and_a_divisor_that_mean_nothing() {
    assert_snapshot!(picture("multiple_of = 16", "multiple_of = 0\nform = \"4n-1\""), @r#"
    error[out-of-range]: 0 is not between 1 and 4294967295
        ╭─[g.toml:10:15]
      9 │ max = 4096
     10 │ multiple_of = 0
        ·               ─
     11 │ form = "4n-1"
        ╰────

    error[wrong-type]: `4n-1` is not a number form
        ╭─[g.toml:11:8]
     10 │ multiple_of = 0
     11 │ form = "4n-1"
        ·        ──────
     12 │ doc = "Width of the picture."
        ╰────
      help: write it like "4n+1": the numbers 1, 5, 9, …

    2 errors in 1 file
    "#);
}

#[test]
fn a_table_that_is_no_input() {
    assert_snapshot!(picture("{ param = \"width\" }", "{ parm = \"width\" }"), @r#"
    error[unknown-key]: this table is not an input
        ╭─[g.toml:21:22]
     20 │ stage = "make"
     21 │ inputs = { width = { parm = "width" }, height = { expr = "width // 2…
        ·                      ────
        ╰────
      help: did you mean `param`?

    1 error in 1 file
    "#);
    assert_snapshot!(picture("{ param = \"width\" }", "{ param = \"width\", expr = \"1\" }"), @r#"
    error[unknown-key]: `expr` does not go with `param`
        ╭─[g.toml:21:39]
     20 │ stage = "make"
     21 │ inputs = { width = { param = "width", expr = "1" }, height = { expr = "width // 2" },…
        ·                                       ────
        ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(picture("{ param = \"width\" }", "[1, 2]"), @r#"
    error[wrong-type]: a list is not an input
        ╭─[g.toml:21:20]
     20 │ stage = "make"
     21 │ inputs = { width = [1, 2], height = { expr = "width // 2" }, batch_size = 1, color = 0 }
        ·                    ──────
        ╰────
      help: a link is { node = "name", out = 0 }; a list as a value is { literal = [...] }

    1 error in 1 file
    "#);
}

#[test]
fn a_literal_of_a_wrong_type() {
    assert_snapshot!(picture("batch_size = 1", "batch_size = \"one\""), @r#"
    error[wrong-type]: the input `batch_size` of `EmptyImage` takes an integer, found "one"
        ╭─[g.toml:21:88]
     20 │ stage = "make"
     21 │ …t = { expr = "width // 2" }, batch_size = "one", color = 0 }
        ·                                            ─────
        ╰────
      node: `empty` (EmptyImage), input `batch_size`

    1 error in 1 file
    "#);
    assert_snapshot!(picture("batch_size = 1", "batch_size = 1.5"), @r#"
    error[wrong-type]: the input `batch_size` of `EmptyImage` takes an integer, found 1.5
        ╭─[g.toml:21:88]
     20 │ stage = "make"
     21 │ …ht = { expr = "width // 2" }, batch_size = 1.5, color = 0 }
        ·                                             ───
        ╰────
      node: `empty` (EmptyImage), input `batch_size`

    1 error in 1 file
    "#);
}

#[test]
fn a_value_out_of_the_classs_range() {
    assert_snapshot!(picture("batch_size = 1", "batch_size = 0"), @r#"
    error[value-smaller-than-min]: `batch_size` is 0; the smallest value is 1
        ╭─[g.toml:21:88]
     20 │ stage = "make"
     21 │ …ght = { expr = "width // 2" }, batch_size = 0, color = 0 }
        ·                                              ─
        ╰────
      node: `empty` (EmptyImage), input `batch_size`

    1 error in 1 file
    "#);
    assert_snapshot!(picture("batch_size = 1", "batch_size = 5000"), @r#"
    error[value-bigger-than-max]: `batch_size` is 5000; the largest value is 4096
        ╭─[g.toml:21:88]
     20 │ stage = "make"
     21 │ …ht = { expr = "width // 2" }, batch_size = 5000, color = 0 }
        ·                                             ────
        ╰────
      node: `empty` (EmptyImage), input `batch_size`

    1 error in 1 file
    "#);
}

#[test]
fn a_parameter_out_of_the_classs_range() {
    assert_snapshot!(picture("default = 64\nmin = 16\nmax = 4096", "default = 32000"), @r#"
    error[value-bigger-than-max]: `width` is 32000; the largest value is 16384
        ╭─[g.toml:19:20]
     18 │ stage = "make"
     19 │ inputs = { width = { param = "width" }, height = { expr = "width // 2" },…
        ·                    ───────────────────
        ╰────
      node: `empty` (EmptyImage), input `width`

    1 error in 1 file
    "#);
}

#[test]
fn a_value_that_is_no_choice() {
    let scaled = |method: &str| {
        format!(
            "title = \"Scaled\"\n[nodes.empty]\nclass = \"EmptyImage\"\n\
             inputs = {{ width = 64, height = 64, batch_size = 1, color = 0 }}\n[nodes.scaled]\nclass = \"ImageScale\"\n\
             inputs = {{ image = {{ node = \"empty\" }}, upscale_method = {method}, width = 1, height = 1, crop = \"center\" }}\n\
             [nodes.save]\nclass = \"SaveImage\"\ninputs = {{ images = {{ node = \"scaled\" }}, filename_prefix = \"x\" }}\n"
        )
    };
    assert_snapshot!(graph(&scaled("\"bicubc\"")), @r#"
    error[value-not-in-list]: `upscale_method` is "bicubc", which is not a choice
       ╭─[g.toml:7:57]
     6 │ class = "ImageScale"
     7 │ …e = { node = "empty" }, upscale_method = "bicubc", width = 1, height = 1, crop = "center" …
       ·                                           ────────
     8 │ [nodes.save]
       ╰────
      node: `scaled` (ImageScale), input `upscale_method`
      help: did you mean `bicubic`?

    1 error in 1 file
    "#);
    assert_snapshot!(graph(&scaled("\"sinc\"")), @r#"
    error[value-not-in-list]: `upscale_method` is "sinc", which is not a choice
       ╭─[g.toml:7:57]
     6 │ class = "ImageScale"
     7 │ …ge = { node = "empty" }, upscale_method = "sinc", width = 1, height = 1, crop = "center" }
       ·                                            ──────
     8 │ [nodes.save]
       ╰────
      node: `scaled` (ImageScale), input `upscale_method`
      help: the choices are: "nearest-exact", "bilinear", "area", "bicubic", "lanczos"

    1 error in 1 file
    "#);
    assert_snapshot!(graph(&scaled("3")), @r#"
    error[value-not-in-list]: `upscale_method` is 3, which is not a choice
       ╭─[g.toml:7:57]
     6 │ class = "ImageScale"
     7 │ …mage = { node = "empty" }, upscale_method = 3, width = 1, height = 1, crop = "center" }
       ·                                              ─
     8 │ [nodes.save]
       ╰────
      node: `scaled` (ImageScale), input `upscale_method`
      help: the choices are: "nearest-exact", "bilinear", "area", "bicubic", "lanczos"

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_model_of_a_slot() {
    assert_snapshot!(picture("stages =", "models = { vae = \"wan22-vea\" }\nstages ="), @r#"
    error[unknown-model]: there is no model `wan22-vea`
       ╭─[g.toml:2:18]
     1 │ title = "A picture"
     2 │ models = { vae = "wan22-vea" }
       ·                  ───────────
     3 │ stages = ["make", "save"]
       ╰────
      help: did you mean `wan22-vae`?

    1 error in 1 file
    "#);
}

#[test]
fn a_node_that_cannot_have_its_name() {
    assert_snapshot!(picture("[nodes.save]", "[nodes.\"save.1\"]"), @r#"
    error[bad-node-name]: a node cannot be called `save.1`
        ╭─[g.toml:23:8]
     23 │ [nodes."save.1"]
        ·        ────────
     24 │ class = "SaveImage"
        ╰────
      help: ComfyUI uses `.` and `:` in ids for its own purposes; use letters, digits, `_` and `-`

    1 error in 1 file
    "#);
}

#[test]
fn an_unused_parameter_is_a_warning() {
    let text = crate::support::PICTURE.replace("{ param = \"name\" }", "\"x\"");
    let folder = crate::support::Folder::with([("g.toml", &*text)]);
    let run = folder.wfc(&["lint", "g.toml"]);
    assert_eq!(run.code, Some(0));
    assert_snapshot!(run.stdout, @r#"
    warning[unused-param]: the parameter `name` is used nowhere
        ╭─[g.toml:13:9]
     13 │ [params.name]
        ·         ────
     14 │ type = "string"
        ╰────

    1 warning in 1 file
    "#);
    assert_eq!(folder.wfc(&["lint", "g.toml", "--fail-on", "warning"]).code, Some(1));
}
