//! The server's rules one by one, on a catalog of their own.
//!
//! Each prompt has an output `out` (class `Save`, which takes anything) behind the node `n` in question.

use std::sync::{Arc, LazyLock};

use serde_json::{Value as Json, json};
use wfc::catalog::{ImportOptions, read_catalog};
use wfc::compile::Compiler;
use wfc::diag::Diagnostic;

use super::verdict;

static COMPILER: LazyLock<Compiler> = LazyLock::new(|| {
    let classes = json!({
        "Save": { "input": { "required": { "any": ["*"] } }, "output": [], "output_node": true },
        "Image": { "input": { "required": {} }, "output": ["IMAGE", "MASK", "INT"] },
        "Any": { "input": { "required": {} }, "output": ["*", "FLOAT,INT", ["a", "b"], "COMBO"] },
        "Numbers": { "input": { "required": {
            "int": ["INT", { "default": 1, "min": 0, "max": 100, "step": 8 }] }, "optional": {
            "float": ["FLOAT", { "min": 0.5, "max": 2 }],
            "huge": ["FLOAT", { "min": -9_223_372_036_854_775_807_i64, "max": 9_223_372_036_854_775_807_i64 }],
            "seed": ["INT", { "min": 0, "max": 18_446_744_073_709_551_615_u64 }],
            "either": ["FLOAT,INT", { "min": 1, "max": 9 }],
            "flag": ["BOOLEAN"], "text": ["STRING"],
        } }, "output": ["IMAGE"] },
        "Lists": { "input": { "required": {}, "optional": {
            "v1": [["a", "b", 1, true]], "v3": ["COMBO", { "options": ["a", "2"] }], "empty": [[]],
            "several": ["COMBO", { "options": ["a", "b"], "multiselect": true }],
        } }, "output": ["IMAGE"] },
        "Links": { "input": { "required": { "image": ["IMAGE"] }, "optional": {
            "both": ["IMAGE,MASK"], "model": ["MODEL"], "match": ["COMFY_MATCHTYPE_V3", { "template":
                { "template_id": "t", "allowed_types": "IMAGE,MASK" } }], "int": ["INT"], "list": [["a", "b"]],
            "combo": ["COMBO", { "options": ["a"] }],
        } }, "output": ["IMAGE"] },
        "Grow": { "input": { "required": { "images": ["COMFY_AUTOGROW_V3", { "template": {
            "input": { "required": { "image": ["IMAGE", {}] } }, "prefix": "image", "min": 2, "max": 4 } }] } },
            "output": ["IMAGE"] },
        // Classes with checks of their own go by their names.
        "LoadImage": { "input": { "required": { "image": [["cat.png"]] } }, "output": ["IMAGE"] },
        "Load3D": { "input": { "required": { "model_file": ["COMBO", { "options": ["none"] }],
            "width": ["INT", { "max": 10 }] } }, "output": ["IMAGE"] },
        "CustomCombo": { "input": { "required": { "choice": ["COMBO", { "options": [] }] } }, "output": ["STRING"] },
        "WanVideoDecode": { "input": { "required": {
            "tile_x": ["INT", { "max": 10 }], "tile_y": ["INT"], "tile_stride_x": ["INT"],
            "tile_stride_y": ["INT"] } }, "output": ["IMAGE"] },
        "VHS_Unbatch": { "input": { "required": { "batched": ["X"] } }, "output": ["IMAGE"] },
        "VHS_VideoCombine": { "input": { "required": { "images": ["IMAGE"], "frame_rate": ["FLOAT", { "min": 1 }] } },
            "output": ["IMAGE"] },
        "VHS_LoadImages": { "input": { "required": { "directory": [["cats"]] }, "optional": {
            "meta_batch": ["BATCH"], "skip": ["INT"] }, "hidden": { "unique_id": "UNIQUE_ID" } },
            "output": ["IMAGE"] },
        "TripoConversionNode": { "input": { "required": { "original_model_task_id": ["MODEL_TASK_ID,RIG_TASK_ID"] } },
            "output": [], "output_node": true },
        "VHS_LoadVideo": { "input": { "required": { "video": [["cat.mp4"]] } }, "output": ["IMAGE"] },
        "Latents": { "input": { "required": { "samples": ["LATENT"] } }, "output": ["LATENT", "INT"] },
        "Pick": { "input": { "required": { "mode": ["COMFY_DYNAMICCOMBO_V3", { "options": [
            { "key": "plain", "inputs": {} },
            { "key": "sized", "inputs": { "required": { "size": ["INT", { "min": 1 }] } } } ] }] } },
            "output": ["IMAGE"] },
    });
    let catalog = read_catalog(classes.to_string().as_bytes(), &ImportOptions::default()).unwrap();
    Compiler::new(Arc::new(catalog))
});

/// What the server's answer says, as `node type input`, sorted.
fn answer_of(prompt: &Json) -> Vec<String> {
    let mut errors: Vec<String> = verdict(&COMPILER, &prompt.to_string())
        .iter()
        .flat_map(Diagnostic::server_errors)
        .map(|(node, kind, input)| format!("{} {kind} {}", node.unwrap_or("-"), input.unwrap_or("-")))
        .collect();
    errors.sort();
    errors
}

/// What is reported, as `node type input`, sorted.
fn errors_of(prompt: &Json) -> Vec<String> {
    let mut errors: Vec<String> = verdict(&COMPILER, &prompt.to_string())
        .iter()
        .map(|found| {
            let node = found.node.as_ref();
            let key = node.map_or("-", |node| node.key.as_str());
            let input = node.and_then(|node| node.input.as_deref()).unwrap_or("-");
            let kind = found.server_type.unwrap_or(found.rule);
            format!("{key} {} {input}", if kind.starts_with("exception") { "exception" } else { kind })
        })
        .collect();
    errors.sort();
    errors
}

/// What is reported on a prompt whose node `n` has this class and these inputs.
fn errors(class: &str, inputs: &Json) -> Vec<String> {
    errors_of(&json!({
        "out": { "class_type": "Save", "inputs": { "any": ["n", 0] } },
        "n": { "class_type": class, "inputs": inputs },
        "image": { "class_type": "Image", "inputs": {} },
        "any": { "class_type": "Any", "inputs": {} },
    }))
}

/// What is reported on one input of `class`; without the `n ` in front.
#[track_caller]
fn check(class: &str, other: &Json, cases: &[(&str, Json, &str)]) {
    for (input, value, expected) in cases {
        let mut inputs = other.clone();
        inputs[*input] = value.clone();
        let expected: Vec<String> =
            if expected.is_empty() { vec![] } else { vec![format!("n {expected} {input}")] };
        assert_eq!(errors(class, &inputs), expected, "{class}.{input} = {value}");
    }
}

#[test]
fn numbers_are_converted_as_python_does_and_compared_then() {
    let (type_, small, big) = ("invalid_input_type", "value_smaller_than_min", "value_bigger_than_max");
    check(
        "Numbers",
        &json!({ "int": 1 }),
        &[
            ("int", json!(100), ""),
            ("int", json!(101), big),
            ("int", json!(-1), small),
            ("int", json!(7), ""),     // The step is not checked.
            ("int", json!(100.9), ""), // 100
            ("int", json!(-0.9), ""),  // 0
            ("int", json!(true), ""),
            ("int", json!(" 5 "), ""),
            ("int", json!("1_0"), ""),
            ("int", json!("101"), big),
            ("int", json!("5.5"), type_),
            ("int", json!(""), type_),
            ("int", json!(null), type_),
            ("int", json!({}), type_),
            ("int", json!({ "__value__": 3 }), ""),
            ("int", json!({ "__value__": [3] }), type_),
            ("float", json!(2), ""),
            ("float", json!("1e0"), ""),
            ("float", json!("nan"), ""), // Compares with nothing.
            ("float", json!("inf"), big),
            ("float", json!("-Infinity"), small),
            ("float", json!(false), small),
            ("float", json!("two"), type_),
            ("float", json!(null), type_),
            ("huge", json!(9_223_372_036_854_775_807_i64), big), // As a float it is one more.
            ("huge", json!(9_223_372_036_854_774_784_i64), ""),
            ("seed", json!(18_446_744_073_709_551_615_u64), ""),
            ("seed", json!(-1), small),
            ("flag", json!("false"), ""), // True, in Python.
            ("flag", json!({}), ""),
            ("text", json!(null), ""), // "None"
            ("text", json!(1.5), ""),
        ],
    );
}

#[test]
fn a_range_without_a_type_of_its_own_makes_the_server_fail_on_texts() {
    let fails = vec!["n exception either".to_owned()];
    for value in [json!("5"), json!(null), json!({ "a": 1 })] {
        assert_eq!(errors("Numbers", &json!({ "int": 1000, "either": value })), fails, "{value}");
    }
    check(
        "Numbers",
        &json!({ "int": 1 }),
        &[
            ("either", json!(9), ""),
            ("either", json!(9.5), "value_bigger_than_max"),
            ("either", json!(true), ""),
        ],
    );
}

#[test]
fn lists_compare_as_python_does() {
    let not = "value_not_in_list";
    check(
        "Lists",
        &json!({}),
        &[
            ("v1", json!("a"), ""),
            ("v1", json!("c"), not),
            ("v1", json!("A"), not),
            ("v1", json!(1.0), ""),
            ("v1", json!(true), ""),
            ("v1", json!("1"), not),
            ("v1", json!(null), not),
            ("v3", json!("2"), ""),
            ("v3", json!(2), not),
            ("empty", json!("a"), not),
            ("several", json!({ "__value__": ["a", "b"] }), ""),
            ("several", json!({ "__value__": ["a", "c"] }), not),
            ("several", json!({ "__value__": [] }), ""),
            ("several", json!("a"), ""),
        ],
    );
}

#[test]
fn links_carry_types() {
    let mismatch = "return_type_mismatch";
    check(
        "Links",
        &json!({ "image": ["image", 0] }),
        &[
            ("image", json!(["image", 1]), mismatch),
            ("image", json!(["any", 0]), ""),
            ("both", json!(["image", 1]), ""),
            ("both", json!(["image", 2]), mismatch),
            ("match", json!(["image", 2]), ""), // For the editor to judge.
            ("int", json!(["image", 2]), ""),
            ("int", json!(["any", 1]), ""),  // A union with INT in it.
            ("model", json!("a text"), ""),  // It fails when it runs.
            ("list", json!(["any", 2]), ""), // The same list.
            ("list", json!(["any", 3]), mismatch),
            ("combo", json!(["any", 2]), ""), // Any list.
            ("combo", json!(["any", 3]), ""),
        ],
    );
}

#[test]
fn what_is_no_link_makes_the_server_fail_or_is_refused() {
    let fails = "exception";
    check(
        "Links",
        &json!({ "image": ["image", 0] }),
        &[
            ("image", json!(["image", 3]), fails),
            ("image", json!(["image", -3]), ""), // The first from the end.
            ("image", json!(["image", -4]), fails),
            ("image", json!(["image", false]), ""), // 0
            ("image", json!(["image", "0"]), fails),
            ("image", json!(["image", 0.5]), fails),
            ("image", json!(["nobody", 0]), fails),
            ("image", json!([1, 0]), fails),
            ("image", json!(["image", 0, 0]), "bad_linked_input"),
            ("image", json!([]), "bad_linked_input"),
            ("model", json!(["nobody", 0]), fails),
        ],
    );
    // Of a node on which the server fails, nothing else is said.
    let inputs = json!({ "int": 1000, "text": ["nobody", 0], "float": 99 });
    assert_eq!(errors("Numbers", &inputs), ["n exception text"]);
}

#[test]
fn what_is_required_must_be_there_whatever_its_default() {
    assert_eq!(errors("Numbers", &json!({})), ["n required_input_missing int"]);
    let nothing = json!({ "out": { "class_type": "Save", "inputs": { "any": ["n", 0] } }, "n": { "class_type": "Image" } });
    assert_eq!(errors_of(&nothing), ["n exception -"]);
    let wrong = json!({ "out": { "class_type": "Save", "inputs": [] } });
    assert_eq!(errors_of(&wrong), ["out exception -"]);
}

#[test]
fn families_and_selectors_declare_inputs() {
    let two = json!({ "images.image0": ["image", 0], "images.image1": ["image", 0] });
    assert_eq!(errors("Grow", &two), [""; 0]);
    let gap =
        json!({ "images.image0": ["image", 0], "images.image3": ["image", 1], "images.image9": "ignored" });
    assert_eq!(
        errors("Grow", &gap),
        ["n required_input_missing images.image1", "n return_type_mismatch images.image3"]
    );
    assert_eq!(errors("Pick", &json!({ "mode": "plain", "mode.size": 0 })), [""; 0]);
    assert_eq!(errors("Pick", &json!({ "mode": "sized" })), ["n required_input_missing mode.size"]);
    assert_eq!(
        errors("Pick", &json!({ "mode": "sized", "mode.size": 0 })),
        ["n value_smaller_than_min mode.size"]
    );
    // A selector without a valid value is forgotten, required or not.
    for inputs in
        [json!({}), json!({ "mode": "other" }), json!({ "mode": ["any", 3] }), json!({ "mode": null })]
    {
        assert_eq!(errors("Pick", &inputs), [""; 0]);
    }
}

#[test]
fn only_what_outputs_need_is_looked_at_but_every_class_must_exist() {
    let out = json!({ "class_type": "Save", "inputs": { "any": ["image", 0], "typo": ["bad", 0] } });
    let image = json!({ "class_type": "Image", "inputs": {} });
    let bad = json!({ "class_type": "Numbers", "inputs": { "int": 1000 } });
    // `bad` hangs on an input that is not declared.
    assert_eq!(errors_of(&json!({ "out": out, "image": image, "bad": bad })), [""; 0]);
    let stranger = json!({ "class_type": "Nope", "inputs": {} });
    assert_eq!(errors_of(&json!({ "out": out, "image": image, "x": stranger })), ["x missing_node_type -"]);
    assert_eq!(errors_of(&json!({ "out": out, "image": image, "_meta": {} })), ["_meta missing_node_type -"]);
    assert_eq!(errors_of(&json!({ "image": image })), ["- prompt_no_outputs -"]);
    assert_eq!(errors_of(&json!({})), ["- prompt_no_outputs -"]);
    // The types do not fit, so the server does not go on to `bad`.
    let stopped = json!({
        "out": { "class_type": "Save", "inputs": { "any": ["n", 0] } },
        "n": { "class_type": "Links", "inputs": { "image": ["image", 0], "model": ["bad", 0] } },
        "image": image, "bad": bad,
    });
    assert_eq!(errors_of(&stopped), ["n return_type_mismatch model"]);
}

#[test]
fn circles_are_found_from_outputs() {
    let links = |image: &str| json!({ "class_type": "Links", "inputs": { "image": [image, 0] } });
    let out = json!({ "class_type": "Save", "inputs": { "any": ["a", 0] } });
    let prompt = json!({ "out": out, "a": links("b"), "b": links("c"), "c": links("b") });
    assert_eq!(errors_of(&prompt), ["b dependency_cycle -", "c dependency_cycle -"]);
    assert_eq!(errors_of(&json!({ "out": out, "a": links("a") })), ["a dependency_cycle -"]);
    // Nobody needs the circle.
    let image = json!({ "class_type": "Image", "inputs": {} });
    assert_eq!(errors_of(&json!({ "out": out, "a": image, "b": links("c"), "c": links("b") })), [""; 0]);
}

#[test]
fn a_long_chain_does_not_exhaust_the_stack() {
    let mut prompt = serde_json::Map::new();
    prompt.insert("out".into(), json!({ "class_type": "Save", "inputs": { "any": ["20000", 0] } }));
    prompt.insert("0".into(), json!({ "class_type": "Numbers", "inputs": { "int": 1000 } }));
    for at in 1..=20_000 {
        let inputs = json!({ "image": [(at - 1).to_string(), 0] });
        prompt.insert(at.to_string(), json!({ "class_type": "Links", "inputs": inputs }));
    }
    assert_eq!(errors_of(&prompt.into()), ["0 value_bigger_than_max int"]);
}

#[test]
fn the_prompt_may_be_wrapped_and_keys_may_stand_twice() {
    let text = r#"{"client_id": "x", "prompt": {
        "out": { "class_type": "Save", "inputs": { "any": ["n", 0] } },
        "n": { "class_type": "Nope", "inputs": {} },
        "n": { "class_type": "Numbers", "inputs": { "int": 1000, "int": 1 } }
    }}"#;
    assert_eq!(verdict(&COMPILER, text), []);
}

#[test]
fn classes_with_checks_of_their_own_are_left_to_them() {
    let (failed, raises) = ("custom_validation_failed", "exception");
    check(
        "LoadImage",
        &json!({}),
        &[
            ("image", json!("cat.png"), ""),
            ("image", json!("cat.mp4"), ""), // In the same folder.
            ("image", json!("cat.png [input]"), ""),
            ("image", json!(""), ""), // The folder itself, which is there.
            ("image", json!("dog.png"), failed),
            ("image", json!("cat.png [output]"), failed),
            ("image", json!(null), raises),
            ("image", json!(7), raises),
            ("image", json!(["any", 3]), raises),
        ],
    );
    assert_eq!(errors("LoadImage", &json!({})), ["n exception -"]);
    check(
        "Load3D",
        &json!({ "width": 99, "model_file": "none" }),
        &[
            ("model_file", json!("none"), ""),
            ("model_file", json!(""), ""),
            ("model_file", json!("cat.glb"), failed),
            ("width", json!("99"), ""),                     // No range is checked,
            ("width", json!("wide"), "invalid_input_type"), // but the type is.
        ],
    );
    assert_eq!(errors("CustomCombo", &json!({ "choice": "whatever" })), [""; 0]);
    let tiles = |x: Json| json!({ "tile_x": x, "tile_y": 2, "tile_stride_x": 1, "tile_stride_y": 1 });
    assert_eq!(errors("WanVideoDecode", &tiles(json!(99))), [""; 0]);
    assert_eq!(errors("WanVideoDecode", &tiles(json!(1))), ["n custom_validation_failed tile_x"]);
    assert_eq!(errors("WanVideoDecode", &tiles(json!("2"))), [""; 0]);
    assert_eq!(errors("WanVideoDecode", &tiles(json!("2.5"))), ["n exception tile_x"]);
    assert_eq!(errors("VHS_Unbatch", &json!({ "batched": ["image", 0] })), [""; 0]);
}

#[test]
fn some_types_are_wider_than_they_look() {
    let prompt = |class: &str, inputs: Json| {
        errors_of(&json!({
            "out": { "class_type": "Save", "inputs": { "any": ["n", 0] } },
            "n": { "class_type": class, "inputs": inputs },
            "latent": { "class_type": "Latents", "inputs": { "samples": ["video", 0] } },
            "video": { "class_type": "VHS_LoadVideo", "inputs": { "video": "cat.mp4" } },
        }))
    };
    let combine = json!({ "images": ["latent", 0], "frame_rate": ["latent", 1] });
    assert_eq!(prompt("VHS_VideoCombine", combine), [""; 0]);
    assert_eq!(prompt("Links", json!({ "image": ["latent", 0] })), ["n return_type_mismatch image"]);
}

/// A node of the class `Links`, whose output goes nowhere by itself.
fn links(inputs: &Json) -> Json {
    json!({ "class_type": "Links", "inputs": inputs })
}

#[test]
fn a_failure_is_the_servers_at_the_input_that_led_to_it() {
    let (inner, outer) = ("exception_during_inner_validation", "exception_during_validation");
    let save = |from: &str| json!({ "class_type": "Save", "inputs": { "any": [from, 0] } });
    let broken = || links(&json!({ "image": ["nobody", 0] }));
    // It is marked where it is, and answered at the input of the node that follows.
    let prompt = json!({ "out": save("n"), "n": broken() });
    assert_eq!(
        (errors_of(&prompt), answer_of(&prompt)),
        (vec!["n exception image".to_owned()], vec![format!("n {inner} any")],)
    );
    // An output that nothing follows.
    assert_eq!(answer_of(&json!({ "out": save("nobody") })), [format!("out {outer} -")]);
    // Of two that follow, the one that comes first, in the order of the file.
    let (one, two) = (links(&json!({ "both": ["n", 0], "image": ["n", 0] })), save("n"));
    let prompt = |first: &str, second: &str| {
        let mut prompt = json!({ "n": broken(), "one": one });
        prompt[first] = save("one");
        prompt[second] = two.clone();
        prompt
    };
    assert_eq!(answer_of(&prompt("a", "b")), [format!("n {inner} both")]);
    let prompt = json!({ "b": two, "n": broken(), "one": one, "a": save("one") });
    assert_eq!(answer_of(&prompt), [format!("n {inner} any")]);
    // Of two failures at a node, the first one ends it.
    let twice = links(&json!({ "image": ["nobody", 0], "model": ["nobody", 0] }));
    let prompt = json!({ "out": save("n"), "n": twice });
    assert_eq!((errors_of(&prompt).len(), answer_of(&prompt)), (2, vec![format!("n {inner} any")]));
}

#[test]
fn what_comes_behind_a_failure_is_not_in_the_servers_answer() {
    let inner = "exception_during_inner_validation";
    let out = json!({ "class_type": "Save", "inputs": { "any": ["n", 0] } });
    let wrong = json!({ "class_type": "Numbers", "inputs": { "int": 1000 } });
    let prompt = |inputs: Json| json!({ "out": out, "n": links(&inputs), "wrong": wrong });
    let (failure, value) = (format!("n {inner} any"), "wrong value_bigger_than_max int".to_owned());
    let before = prompt(json!({ "image": ["wrong", 0], "model": ["nobody", 0] }));
    assert_eq!(answer_of(&before), [failure.clone(), value.clone()]);
    let behind = prompt(json!({ "model": ["nobody", 0], "image": ["wrong", 0] }));
    assert_eq!((errors_of(&behind).len(), answer_of(&behind)), (2, vec![failure.clone()]));
    // Another way leads there.
    let mut both = behind;
    both["other"] = json!({ "class_type": "Save", "inputs": { "any": ["wrong", 0] } });
    assert_eq!(answer_of(&both), [failure, value]);
    // The failure of a node takes the place of the circle that it is in, and of no other node's.
    let circle = json!({ "out": out, "n": links(&json!({ "image": ["m", 0], "model": ["nobody", 0] })),
        "m": links(&json!({ "image": ["n", 0] })) });
    assert_eq!(answer_of(&circle), ["m dependency_cycle -".to_owned(), format!("n {inner} any")]);
    assert_eq!(errors_of(&circle).len(), 3);
    let unseen = json!({ "out": out, "n": links(&json!({ "model": ["nobody", 0], "image": ["m", 0] })),
        "m": links(&json!({ "image": ["n", 0] })) });
    assert_eq!((errors_of(&unseen).len(), answer_of(&unseen)), (3, vec![format!("n {inner} any")]));
}

#[test]
fn a_check_of_a_class_fails_once_for_each_input() {
    let failed = |inputs: &[&str]| -> Vec<String> {
        inputs.iter().map(|input| format!("n custom_validation_failed {input}")).collect()
    };
    let prompt = |class: &str, inputs: Json| {
        json!({
            "out": { "class_type": "Save", "inputs": { "any": ["n", 0] } },
            "n": { "class_type": class, "inputs": inputs },
            "file": { "class_type": "LoadImage", "inputs": { "image": "cat.png" } },
        })
    };
    // All inputs that are declared or linked, and those that the server adds.
    let model =
        prompt("Load3D", json!({ "model_file": "cat.glb", "width": 1, "note": 2, "link": ["file", 0] }));
    assert_eq!(errors_of(&model), ["n custom_validation_failed model_file"]);
    assert_eq!(answer_of(&model), failed(&["link", "model_file", "width"]));
    let folder = prompt("VHS_LoadImages", json!({ "directory": "dogs", "skip": 1 }));
    assert_eq!(answer_of(&folder), failed(&["directory", "skip", "unique_id"]));
    // Those that it names.
    let tiles =
        json!({ "tile_x": 1, "tile_y": 2, "tile_stride_x": 1, "tile_stride_y": 1, "vae": ["file", 0] });
    let names = failed(&["tile_stride_x", "tile_stride_y", "tile_x", "tile_y"]);
    assert_eq!(answer_of(&prompt("WanVideoDecode", tiles)), names);
    // One that looks at the types of links alone.
    let task = prompt("TripoConversionNode", json!({ "original_model_task_id": ["file", 0] }));
    let task = json!({ "n": task["n"], "file": task["file"] });
    assert_eq!(errors_of(&task), ["n custom_validation_failed original_model_task_id"]);
    assert_eq!(answer_of(&task), failed(&["input_types"]));
}

#[test]
fn the_first_node_without_a_class_is_the_servers_whole_answer() {
    let out = json!({ "class_type": "Save", "inputs": {} });
    for wrong in [json!({ "class_type": "Nope", "inputs": {} }), json!("a note")] {
        let prompt = json!({ "out": out, "b": wrong, "a": wrong });
        assert_eq!(errors_of(&prompt), ["a missing_node_type -", "b missing_node_type -"]);
        assert_eq!(answer_of(&prompt), ["b missing_node_type -"]);
    }
}
