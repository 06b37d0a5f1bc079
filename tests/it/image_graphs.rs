//! The image graphs: what one parameter reaches, what optional pictures add, and what is refused.

use serde_json::{Value, json};

use crate::support::{Folder, input, model_file};

/// A preset of a built-in graph with a prompt, a picture where the graph takes one, and `params`.
fn preset(graph: &str, params: &str) -> Folder {
    let takes_image = graph.contains("edit") && !params.starts_with("image =");
    let image = if takes_image { "image = \"a.png\"\n" } else { "" };
    let prompt = if params.contains("prompt") { "" } else { "prompt = \"a fox\"\n" };
    let text = format!("graph = \"{graph}\"\n[params]\n{prompt}{image}{params}\n");
    Folder::with([("p.toml", &*text)])
}

fn workflow(graph: &str, params: &str) -> Value {
    preset(graph, params).workflow("p.toml", &[])
}

/// The node that an input is linked to.
#[track_caller]
fn source<'w>(workflow: &'w Value, node: &str, name: &str) -> &'w str {
    input(workflow, node, name)[0].as_str().unwrap_or_else(|| panic!("`{node}.{name}` is no link"))
}

/// The nodes of a class.
fn of_class<'w>(workflow: &'w Value, class: &str) -> Vec<&'w str> {
    let nodes = workflow.as_object().unwrap().iter();
    nodes.filter(|(_, node)| node["class_type"] == class).map(|(id, _)| id.as_str()).collect()
}

const GRAPHS: [&str; 6] = [
    "flux2-klein-4b",
    "flux2-klein-9b-edit",
    "qwen-image",
    "qwen-image-edit",
    "qwen-image-edit-2509",
    "z-image-turbo",
];

#[test]
fn the_size_reaches_latent_and_schedule_alike() {
    let ours = workflow("flux2-klein-4b", "width = 768\nheight = 1024");
    for node in ["latent", "sigmas"] {
        assert_eq!([input(&ours, node, "width"), input(&ours, node, "height")], [768, 1024], "{node}");
    }
    let ours = workflow("flux2-klein-9b-edit", "");
    for node in ["latent", "sigmas"] {
        assert_eq!(input(&ours, node, "width"), &json!(["size", 0]), "{node}");
        assert_eq!(input(&ours, node, "height"), &json!(["size", 1]), "{node}");
    }
}

#[test]
fn a_recipe_brings_its_weights_and_its_negative_side() {
    for graph in ["flux2-klein-4b", "flux2-klein-9b-edit"] {
        for (recipe, rest, class) in [
            ("distilled", "", "ConditioningZeroOut"),
            ("base", "steps = 20\ncfg = 5.0\nnegative = \"blur\"", "CLIPTextEncode"),
        ] {
            let ours = workflow(graph, &format!("recipe = \"{recipe}\"\n{rest}"));
            let mut negative = source(&ours, "guider", "negative");
            if ours[negative]["class_type"] == "ReferenceLatent" {
                negative = source(&ours, negative, "conditioning");
            }
            assert_eq!(ours[negative]["class_type"], class, "{graph} {recipe}");
            let file = input(&ours, source(&ours, "guider", "model"), "unet_name").as_str().unwrap();
            assert_eq!(file.contains("base"), recipe == "base", "{graph}: {file}");
            assert_eq!(of_class(&ours, "UNETLoader").len(), 1, "{graph} {recipe}");
        }
    }
}

#[test]
fn loras_stand_between_the_weights_and_all_else_in_their_order() {
    let loras = "loras = [\"one.safetensors\", { file = \"two.safetensors\", strength = 0.5 }]";
    let base = format!("recipe = \"base\"\nsteps = 20\ncfg = 5.0\n{loras}");
    let cases = GRAPHS.map(|graph| (graph, loras)).into_iter();
    for (graph, params) in cases.chain([("flux2-klein-4b", &*base), ("flux2-klein-9b-edit", &*base)]) {
        let ours = workflow(graph, params);
        let taken = if graph.starts_with("flux2") { "guider" } else { "shifted" };
        let second = source(&ours, taken, "model");
        let first = source(&ours, second, "model");
        assert_eq!(input(&ours, second, "lora_name"), "two.safetensors", "{graph}");
        assert_eq!(input(&ours, second, "strength_model"), 0.5, "{graph}");
        assert_eq!(input(&ours, first, "lora_name"), "one.safetensors", "{graph}");
    }
}

#[test]
fn every_further_picture_is_a_reference_on_both_sides() {
    let pictures = "image2 = \"b.png\"\nimage3 = \"c.png\"";
    let ours = workflow("flux2-klein-9b-edit", pictures);
    let side = |name: &str| {
        let mut pictures = Vec::new();
        let mut at = source(&ours, "guider", name);
        while ours[at]["class_type"] == "ReferenceLatent" {
            let scaled = source(&ours, source(&ours, at, "latent"), "pixels");
            assert_eq!(input(&ours, scaled, "resolution_steps"), 16);
            pictures.push(input(&ours, source(&ours, scaled, "image"), "image").as_str().unwrap());
            at = source(&ours, at, "conditioning");
        }
        pictures
    };
    assert_eq!(side("positive"), ["c.png", "b.png", "a.png"]);
    assert_eq!(side("negative"), ["c.png", "b.png", "a.png"]);

    for (params, count) in [("", 1), ("image2 = \"b.png\"", 2), (pictures, 3)] {
        let ours = workflow("qwen-image-edit-2509", params);
        assert_eq!(of_class(&ours, "LoadImage").len(), count);
        for name in ["image1", "image2", "image3"] {
            let [positive, negative] = ["positive", "negative"].map(|node| ours[node]["inputs"].get(name));
            assert_eq!(positive, negative, "{name}");
        }
        let given = ["image1", "image2", "image3"].map(|name| ours["positive"]["inputs"].get(name).is_some());
        assert_eq!(given, [true, count > 1, count > 2]);
    }
}

#[test]
fn lightning_brings_lora_steps_and_guidance_together() {
    for (graph, lora, steps) in [
        ("qwen-image", "qwen-image-lightning-8steps", 8),
        ("qwen-image-edit", "qwen-image-edit-lightning-4steps", 4),
        ("qwen-image-edit-2509", "qwen-image-edit-2509-lightning-4steps", 4),
    ] {
        let ours = workflow(graph, "lightning = true");
        assert_eq!(input(&ours, "lightning", "lora_name"), &model_file(lora));
        assert_eq!(input(&ours, "sampler", "steps"), steps, "{graph}");
        assert_eq!(input(&ours, "sampler", "cfg"), 1.0, "{graph}");
        let plain = workflow(graph, "lightning = false");
        assert_eq!(plain.get("lightning"), None, "{graph}");
        assert_eq!(input(&plain, "sampler", "steps"), 20, "{graph}");
    }
}

#[test]
fn a_mixed_recipe_a_gap_and_a_picture_that_is_not_there_are_refused() {
    let both = ["flux2-klein-9b-edit", "qwen-image-edit-2509"];
    let klein = ["flux2-klein-9b-edit", "flux2-klein-4b"];
    let cases = [
        (klein, "recipe = \"base\"", "set steps = 20 or more and cfg = 4 to 5"),
        (klein, "steps = 20", "set steps = 4 (8 at most) and cfg = 1"),
        (klein, "cfg = 5.0", "set steps = 4 (8 at most) and cfg = 1"),
        (both, "image = \"none\"", "nothing to edit without a picture"),
        (both, "image3 = \"c.png\"", "give image3 as image2"),
        (both, "prompt = \"the hat of Image 2\"", "image2 is not given"),
        (
            both,
            "image2 = \"b.png\"\nprompt = \"the hat of image 2, the shoes of picture 3\"",
            "image3 is not given",
        ),
        (["qwen-image", "z-image-turbo"], "width = 1000", "the nearest are 992 and 1008"),
        (["flux2-klein-4b"; 2], "width = 512\nheight = 512", "0.5 to 2 megapixels"),
    ];
    for (graphs, params, message) in cases {
        for graph in graphs {
            let found = preset(graph, params).wfc(&["build", "p.toml"]).findings();
            assert!(found.contains(message), "{graph} with {params}:\n{found}");
            assert!(found.contains("p.toml:"), "no place in the preset:\n{found}");
        }
    }
}

#[test]
fn a_prompt_that_speaks_of_a_picture_needs_it() {
    for graph in ["flux2-klein-9b-edit", "qwen-image-edit-2509"] {
        for (number, ordinal, given) in [("2", "second", ""), ("3", "third", "image2 = \"b.png\"\n")] {
            for picture in ["image", "Picture"] {
                for mention in [
                    format!("the hat of {picture} {number}."),
                    format!("{picture}{number}'s hat"),
                    format!("from the {ordinal} {picture}"),
                ] {
                    let params = format!("{given}prompt = \"{mention}\"");
                    let found = preset(graph, &params).wfc(&["build", "p.toml"]).findings();
                    assert!(found.contains(&format!("image{number} is not given")), "{mention}:\n{found}");
                }
            }
        }
        for other in ["like image 20", "an image 2 m wide", "add a second picture", "pictures 2 m apart"] {
            workflow(graph, &format!("prompt = \"{other}\""));
        }
    }
}

#[test]
fn blanks_around_what_a_camera_does_are_left_out() {
    for graph in ["qwen-multi-angle-2509", "qwen-multi-angle-2511"] {
        let text = format!(
            "graph = \"{graph}\"\n[params]\nimage = \"a.png\"\ncameras = [{{ name = \"up\", prompt = \" Turn up.\\n \" }}]\n"
        );
        let ours = Folder::with([("p.toml", &*text)]).workflow("p.toml", &[]);
        assert_eq!(input(&ours, "positive-1", "prompt"), "Turn up.", "{graph}");
    }
}

#[test]
fn of_a_long_prompt_a_violated_constraint_shows_the_beginning() {
    let prompt = format!("prompt = \"picture 2 {}\"", "é".repeat(1000));
    let found = preset("qwen-image-edit-2509", &prompt).wfc(&["build", "p.toml"]).findings();
    let longest = found.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(longest < 160, "{found}");
}
