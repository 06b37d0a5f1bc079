//! What is wrong with a workflow of a program is said with the program's line.

use std::sync::Arc;

use wfc::catalog::Catalog;
use wfc::compile::Compiler;
use wfc::dsl::nodes::{EmptyHunyuanLatentVideo, LoadImage, SaveVideo, VAEDecode, VAELoader};
use wfc::dsl::types::{Image, Vae, Video};
use wfc::dsl::{Custom, Node as _, Problems, Workflow, model};
use wfc::front::toml::lint::Level;
use wfc::lint::Levels;
use wfc::report::{Format, HumanOptions};

/// Line and rule of every problem, by line.
fn found(problems: &Problems) -> Vec<(u32, &'static str)> {
    let line = |problem: &wfc::diag::Diagnostic| {
        let span = problem.span().expect("every problem has a place");
        assert!(problems.sources.file(span.file).path().ends_with("errors.rs"));
        problems.sources.line_column(span.file, span.start).line
    };
    problems.diagnostics.iter().map(|problem| (line(problem), problem.rule)).collect()
}

/// A workflow that compiles, but for what `change` adds to it.
fn with(change: impl FnOnce(&Workflow)) -> Result<wfc::dsl::Program, Problems> {
    let w = Workflow::new("picture");
    let picture = w.add(LoadImage::new("a.png").key("picture"));
    w.add(Custom::new("SaveImage").input("images", picture.image).key("saved"));
    change(&w);
    w.compile()
}

#[test]
fn every_mistake_of_a_program_is_found_at_once_and_at_its_line() {
    let line = line!();
    let problems = with(|w| {
        let other = Workflow::new("other").add(LoadImage::new("b.png"));
        let latent = w.add(EmptyHunyuanLatentVideo::new().key("latent").width(64));
        let vae = w.add(VAELoader::new(model("wan21-vea")).key("latent"));
        w.add(VAEDecode::new(latent, vae).key("a.b"));
        w.add(Custom::new("SaveImage").input("images", other.image));
        w.add(Custom::new("SaveImage").input("imagse", other.image));
        let odd = w.add(Custom::new("LoadImage").input("image", "c.png")).named::<Image>("IMAGES");
        w.add(Custom::new("SaveImage").input("images", odd));
        w.add(Custom::new("ImageScaleBy").input("image", odd).input("scale_by", f64::NAN));
        w.reject("the video is too long", "cut it");
    })
    .unwrap_err();
    let found: Vec<(u32, &str)> = found(&problems).into_iter().map(|(at, rule)| (at - line, rule)).collect();
    assert_eq!(
        found,
        [
            (4, "duplicate-node"),
            (4, "unknown-model"),
            (5, "bad-node-name"),
            (6, "link-from-another-workflow"),
            (7, "required-input-missing"),
            (7, "unknown-input"),
            (9, "unknown-output"),
            (10, "unknown-output"),
            (10, "not-a-number"),
            (11, "constraint-violated"),
        ]
    );
}

#[test]
fn what_comfyui_would_reject_is_said_with_node_input_and_line() {
    let mut lines = Vec::new();
    let problems = with(|w| {
        lines.push(line!() + 1);
        let latent = w.add(EmptyHunyuanLatentVideo::new().width(17).height(1_000_000));
        lines.push(line!() + 1);
        let picture = w.add(Custom::new("VAEDecoder").input("samples", latent)).out::<Image>(0);
        let _ = picture;
        lines.push(line!() + 1);
        w.add(Custom::new("SaveImage").input("images", latent));
    })
    .unwrap_err();
    // A class that does not exist keeps the server from looking further.
    assert_eq!(found(&problems), [(lines[1], "unknown-class")]);
    assert_eq!(problems.diagnostics[0].node.as_ref().unwrap().class_type, "VAEDecoder");

    let line = line!() + 3;
    let problems = with(|w| {
        let vae = w.add(VAELoader::new(model("wan21-vae")));
        let latent = w.add(EmptyHunyuanLatentVideo::new().width(17).height(1_000_000).length(81));
        w.add(Custom::new("SaveImage").input("images", latent).key("wrong"));
        w.add(Custom::new("SaveImage").key("empty"));
        w.add(Custom::new("SaveImage").input("images", w.add(VAEDecode::new(latent, vae))));
    })
    .unwrap_err();
    assert_eq!(
        found(&problems),
        [
            (line, "value-bigger-than-max"),
            (line + 1, "return-type-mismatch"),
            (line + 2, "required-input-missing")
        ]
    );
    let node = problems.diagnostics[1].node.as_ref().unwrap();
    assert_eq!((&*node.key, node.input.as_deref()), ("wrong", Some("images")));
}

#[test]
fn a_workflow_without_output_has_no_place_and_says_so() {
    let problems = Workflow::new("nothing").compile().unwrap_err();
    assert_eq!(problems.diagnostics[0].rule, "prompt-no-outputs");
    assert_eq!(problems.diagnostics[0].span(), None);
    assert!(problems.to_string().contains("error[prompt-no-outputs]"), "{problems}");
}

#[test]
fn lints_are_warnings_and_errors_where_they_are_denied() {
    let build = || {
        let w = Workflow::new("picture");
        let picture = w.add(LoadImage::new("a.png"));
        let line = line!() + 1;
        w.add(Custom::new("SaveImage").input("images", picture.image).extra("colour", "red"));
        (w, line)
    };
    let (w, line) = build();
    let program = w.compile().unwrap();
    assert_eq!(found(&program.warnings), [(line, "unknown-input")]);
    assert!(String::from_utf8(program.json()).unwrap().contains("\"colour\": \"red\""));

    let mut levels = Levels::default();
    levels.set("unknown-input", Level::Deny).unwrap();
    let (w, line) = build();
    let compiler = Compiler::new(Arc::new(Catalog::embedded()));
    assert_eq!(found(&compiler.program(&w, &levels).unwrap_err()), [(line, "unknown-input")]);
}

#[test]
fn problems_are_shown_with_the_place_that_editors_open() {
    let problems = with(|w| {
        w.add(SaveVideo::new(w.add(VAELoader::new("x.safetensors")).cast::<Video>()).codec("h265"));
    })
    .unwrap_err();
    let shown = problems.to_string();
    let line = line!() - 4;
    let place = format!("--> {}:{line}:", file!());
    assert!(shown.contains(&place), "{place}\n{shown}");
    assert!(shown.contains("error[value-not-in-list]: "), "{shown}");
    assert!(shown.ends_with("2 errors in 1 file"), "{shown}");
    assert_eq!(format!("{problems:?}"), format!("\n{shown}"));

    let json = problems.render(Format::Json, HumanOptions::default());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let errors = crate::schemas::errors(&crate::schemas::schema("diagnostics"), &json);
    assert!(errors.is_empty(), "{errors:#?}\n{json:#}");
    assert_eq!(json["files"][0]["path"], file!());
    let span = &json["files"][0]["diagnostics"][0]["span"];
    assert_eq!(span["line"], line);
    assert!(span.get("start").is_none() && span["column"].as_u64().unwrap() > 1, "{span}");
}

#[test]
fn a_claim_about_a_type_is_checked_against_the_class() {
    let line = line!() + 3;
    let problems = with(|w| {
        let vae = w.add(Custom::new("LoadImage").input("image", "a.png")).out::<Vae>(0);
        let picture = w.add(VAEDecode::new(w.add(EmptyHunyuanLatentVideo::new()), vae));
        w.add(Custom::new("SaveImage").input("images", picture));
    })
    .unwrap_err();
    assert_eq!(found(&problems), [(line, "return-type-mismatch")]);
}
