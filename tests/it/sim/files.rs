//! Files: where they go, what they are called, and what `/view` makes of them.

use serde_json::{Value, json};

use super::client::{Answer, Server, config, faults, picture};
use wfc::sim::Config;

/// The pixels of a PNG file, and how they are laid out.
fn pixels(answer: &Answer) -> (png::ColorType, Vec<u8>) {
    assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some("image/png")));
    let mut reader = png::Decoder::new(std::io::Cursor::new(&answer.bytes)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bytes).unwrap();
    bytes.truncate(frame.buffer_size());
    (frame.color_type, bytes)
}

/// A PNG file of two pixels.
fn two(pixels: [[u8; 4]; 2]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
    encoder.set_color(png::ColorType::Rgba);
    encoder.write_header().unwrap().write_image_data(pixels.as_flattened()).unwrap();
    bytes
}

#[test]
fn views_show_previews_and_channels() {
    let server = Server::usual();
    server.upload("a.png", &two([[10, 20, 30, 0], [50, 60, 70, 200]]), &[]);
    let view = |query: &str| server.get(&format!("/view?filename=a.png&type=input&{query}"));
    assert_eq!(pixels(&view("channel=rgb")), (png::ColorType::Rgb, vec![10, 20, 30, 50, 60, 70]));
    assert_eq!(pixels(&view("channel=a")), (png::ColorType::Rgba, vec![0, 0, 0, 0, 0, 0, 0, 200]));
    assert_eq!(pixels(&view("channel=rgba")).1, [10, 20, 30, 0, 50, 60, 70, 200]);
    assert_eq!(view("channel=rgb").header("content-disposition"), "filename=\"a.png\"");
    for (query, kind, start) in [
        ("preview=webp;90", "image/webp", &b"RIFF"[..]),
        ("preview=jpeg;50", "image/jpeg", b"\xFF\xD8\xFF"),
        ("preview=jpeg;50&channel=rgb", "image/jpeg", b"\xFF\xD8\xFF"),
        // A JPEG has no transparency, so one with it is a WebP.
        ("preview=jpeg&channel=rgba", "image/webp", b"RIFF"),
        ("preview=png", "image/webp", b"RIFF"),
        ("preview=", "image/webp", b"RIFF"),
    ] {
        let answer = view(query);
        assert_eq!((answer.status, answer.content_type.as_deref()), (200, Some(kind)), "{query}");
        assert!(answer.bytes.starts_with(start), "{query}");
        // It is made anew, and no file: nothing of it can be asked for in part.
        assert_eq!(answer.header("etag"), "", "{query}");
    }
    // What nodes made is shown likewise.
    server.history(&server.prompt(&picture(7), Some("a")));
    let made = "/view?filename=b_00001_.png&subfolder=a";
    assert_eq!(pixels(&server.get(&format!("{made}&channel=a"))).1, [0, 0, 0, 255].repeat(64 * 48));
    let (_, plain) = pixels(&server.get(&format!("{made}&channel=rgb")));
    assert_eq!((plain.len(), &plain[..3]), (64 * 48 * 3, &plain[plain.len() - 3..]));
    assert_eq!(server.get(&format!("{made}&preview=jpeg")).content_type.as_deref(), Some("image/jpeg"));
    // What is no picture cannot be opened as one.
    server.upload("b.mp4", b"0123456789", &[]);
    for query in ["preview=webp", "channel=rgb", "channel=a"] {
        assert_eq!(server.get(&format!("/view?filename=b.mp4&type=input&{query}")).status, 500, "{query}");
    }
    assert_eq!(server.get("/view?filename=b.mp4&type=input&channel=g").status, 200);
    // Without assets, nothing is found by its hash.
    assert_eq!(server.get("/view?filename=blake3:0123&type=input").status, 404);
}

#[test]
fn masks_become_the_transparency_of_the_picture_that_they_are_for() {
    let server = Server::usual();
    server.upload("a.png", &two([[10, 20, 30, 255], [50, 60, 70, 255]]), &[("subfolder", "clipspace")]);
    let mask = |name: &str, bytes: &[u8], original: &Value| {
        let mut body = Vec::new();
        for (field, value) in [("original_ref", original.to_string()), ("subfolder", "masks".to_owned())] {
            body.extend(
                format!("--limit\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n")
                    .into_bytes(),
            );
        }
        body.extend(
            format!("--limit\r\nContent-Disposition: form-data; name=\"image\"; filename=\"{name}\"\r\n\r\n")
                .into_bytes(),
        );
        body.extend(bytes);
        body.extend(*b"\r\n--limit--\r\n");
        let kind = [("Content-Type", "multipart/form-data; boundary=limit")];
        server.try_request("POST", "/upload/mask", &kind, &body).unwrap()
    };
    let drawn = two([[1, 1, 1, 7], [2, 2, 2, 9]]);
    let original = json!({ "filename": "a.png", "subfolder": "clipspace", "type": "input" });
    let answer = mask("m.png", &drawn, &original);
    assert_eq!(answer.json(), json!({ "name": "m.png", "subfolder": "masks", "type": "input" }));
    let kept = server.get("/view?filename=m.png&subfolder=masks&type=input");
    assert_eq!(pixels(&kept), (png::ColorType::Rgba, vec![10, 20, 30, 7, 50, 60, 70, 9]));
    // Of a picture that is not there, nothing is kept, and nobody says so.
    let absent = json!({ "filename": "no.png", "type": "input" });
    assert_eq!(mask("n.png", &drawn, &absent).status, 200);
    assert_eq!(server.get("/view?filename=n.png&subfolder=masks&type=input").status, 404);
    for broken in [Value::Null, json!({}), json!("a.png")] {
        assert_eq!(mask("o.png", &drawn, &broken).status, 500, "{broken}");
    }
    assert_eq!(mask("p.png", b"no picture", &original).status, 500);
    assert_eq!(mask("p.png", &kept.bytes[..40], &original).status, 500);
}

/// What a picture that is saved with this prefix is called.
fn saved(server: &Server, prefix: &str, count: u32) -> Value {
    let prompt = json!({
        "1": { "class_type": "EmptyImage", "inputs": { "width": 32, "height": 16, "batch_size": count, "color": 0 } },
        "2": { "class_type": "SaveImage", "inputs": { "images": ["1", 0], "filename_prefix": prefix } },
    });
    server.post("/free", &json!({ "free_memory": true }));
    server.history(&server.prompt(&prompt, Some("a")))
}

#[test]
fn prefixes_are_filled_in_and_stay_in_their_folder() {
    let server = Server::usual();
    let name = |prefix: &str, count: u32| {
        let images = saved(&server, prefix, count)["outputs"]["2"]["images"].clone();
        let names = images.as_array().unwrap().iter();
        let paths = names.map(|image| {
            format!("{}/{}", image["subfolder"].as_str().unwrap(), image["filename"].as_str().unwrap())
        });
        paths.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(name("%width%x%height%/fox", 1), "32x16/fox_00001_.png");
    assert_eq!(name("a/../b//fox", 2), "b/fox_00001_.png b/fox_00002_.png");
    assert_eq!(name("b/fox", 1), "b/fox_00003_.png");
    // What the editor fills in reaches the server only from scripts, and stays.
    assert_eq!(name("%date:yyyy-MM-dd%", 1), "/%date:yyyy-MM-dd%_00001_.png");
    let dated = name("%year%-%month%-%day%", 1);
    assert!(dated.starts_with("/20") && dated.len() == "/2026-11-27_00001_.png".len(), "{dated}");
    for _ in 0..2 {
        assert_eq!(name("n%batch_num%", 2), "/n0_00001_.png /n1_00002_.png");
    }
    for prefix in ["../fox", "/etc/fox", "a/../../fox"] {
        let past = saved(&server, prefix, 1);
        let message = &past["status"]["messages"][2];
        assert_eq!(
            (&message[0], &message[1]["node_id"]),
            (&json!("execution_error"), &json!("2")),
            "{prefix}"
        );
        assert_eq!(message[1]["exception_type"], "Exception");
        let said = message[1]["exception_message"].as_str().unwrap();
        assert!(
            said.starts_with("**** ERROR: Saving image outside the output folder is not allowed."),
            "{said}"
        );
    }
}

#[test]
fn a_backslash_is_a_folder_on_windows_and_a_letter_elsewhere() {
    for (windows, status) in [(true, 200), (false, 404)] {
        let faults = if windows { faults(&["windows"]) } else { Vec::new() };
        let server = Server::new(Config { faults, ..config() });
        server.upload("a.png", b"x", &[("subfolder", "one/two")]);
        assert_eq!(server.get("/view?filename=a.png&type=input&subfolder=one%5Ctwo").status, status);
    }
}

#[test]
fn the_cache_knows_a_file_by_its_bytes_whatever_it_is_called() {
    let server = Server::usual();
    for name in ["fox.png", "fox.png [input]", "./below/../fox.png", "kept.png [temp]"] {
        let load = json!({
            "1": { "class_type": "LoadImage", "inputs": { "image": name } },
            "2": { "class_type": "PreviewImage", "inputs": { "images": ["1", 0] } },
        });
        let cached = |bytes: &[u8]| {
            server.upload("fox.png", bytes, &[("overwrite", "1")]);
            server.upload("kept.png", bytes, &[("overwrite", "1"), ("type", "temp")]);
            let past = server.history(&server.prompt(&load, Some("a")));
            past["status"]["messages"][1][1]["nodes"].clone()
        };
        assert_eq!(cached(name.as_bytes()), json!([]), "{name}");
        assert_eq!(cached(name.as_bytes()), json!(["1", "2"]), "{name}");
        assert_eq!(cached(b"other"), json!([]), "{name}");
    }
}
