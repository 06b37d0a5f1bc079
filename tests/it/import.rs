//! `wfc import`: workflows become API JSON, or a graph file and a preset.

mod broken;
mod places;
mod small;

use serde_json::{Value as Json, json};

use crate::lints::files::picture;
use crate::support::{Folder, Run};

/// A workflow as the editor saves it: a picture from a subgraph, inverted and saved.
fn saved_by_the_editor() -> Json {
    let id = "11111111-1111-1111-1111-111111111111";
    json!({
        "version": 0.4,
        "nodes": [
            {"id": 1, "type": id, "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}]},
            {"id": 2, "type": "ImageInvert", "inputs": [{"name": "image", "type": "IMAGE", "link": 1}]},
            {"id": 3, "type": "SaveImage", "title": "The result", "widgets_values": ["fox"],
             "inputs": [{"name": "images", "type": "IMAGE", "link": 2}]},
            {"id": 4, "type": "Note", "widgets_values": ["for nobody"]},
        ],
        "links": [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 3, 0, "IMAGE"]],
        "definitions": {"subgraphs": [{
            "id": id, "name": "Grey", "inputs": [],
            "outputs": [{"name": "IMAGE", "type": "IMAGE", "linkIds": [9]}],
            "nodes": [{"id": 7, "type": "EmptyImage", "widgets_values": [640, 480, 1, 0],
                "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [9]}]}],
            "links": [{"id": 9, "origin_id": 7, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "IMAGE"}],
        }]},
    })
}

/// What the editor exports of it.
fn exported() -> Json {
    json!({
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1:7", 0]},
            "_meta": {"title": "Invert Image Colors"}},
        "3": {"class_type": "SaveImage", "inputs": {"filename_prefix": "fox", "images": ["2", 0]},
            "_meta": {"title": "The result"}},
        "1:7": {"class_type": "EmptyImage", "inputs": {"width": 640, "height": 480, "batch_size": 1, "color": 0},
            "_meta": {"title": "Empty Image"}},
    })
}

/// A PNG picture with what the server ran.
fn made_picture() -> Vec<u8> {
    picture("tEXt", &[b"prompt\0", exported().to_string().as_bytes()].concat())
}

/// A run that must have written so many files and found nothing.
#[track_caller]
fn wrote(run: &Run, count: usize) {
    let noun = if count == 1 { "file" } else { "files" };
    assert_eq!((run.code, &*run.stdout, &*run.stderr), (Some(0), "", &*format!("{count} {noun} written\n")));
}

fn folder(files: &[(&str, &Json)]) -> Folder {
    let folder = Folder::new();
    for (name, content) in files {
        folder.write(name, content.to_string());
    }
    folder
}
