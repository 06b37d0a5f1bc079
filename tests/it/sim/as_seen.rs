//! What a real server was seen to do beyond the answers in `tests/it/real`.

use serde_json::{Value, json};
use wfc::sim::{Config, Version};

use super::client::{Server, config};

#[test]
fn a_text_is_shown_as_python_writes_it() {
    let server = Server::usual();
    for (value, shown) in [
        (json!("hällo"), "hällo"),
        (json!(null), "None"),
        (json!(true), "True"),
        (json!(5), "5"),
        (json!(1.0), "1.0"),
        (json!({ "b": 1, "a": [1, "ä"] }), "{\n    \"b\": 1,\n    \"a\": [\n        1,\n        \"\\u00e4\"\n    ]\n}"),
    ] {
        let prompt = json!({ "1": { "class_type": "PreviewAny", "inputs": { "source": value } } });
        let past = server.history(&server.prompt(&prompt, Some("a")));
        assert_eq!(past["outputs"]["1"]["text"][0], shown);
    }
    let prompt = json!({
        "1": { "class_type": "PrimitiveFloat", "inputs": { "value": 2 } },
        "2": { "class_type": "PreviewAny", "inputs": { "source": ["1", 0] } },
    });
    let past = server.history(&server.prompt(&prompt, Some("a")));
    assert_eq!(past["outputs"]["2"]["text"][0], "2.0");
}

#[test]
fn jobs_show_what_the_editor_can_show() {
    let server = Server::usual();
    let prompt = json!({
        "1": { "class_type": "EmptyLatentImage", "inputs": { "width": 64, "height": 64, "batch_size": 1 } },
        "2": { "class_type": "SaveLatent", "inputs": { "samples": ["1", 0], "filename_prefix": "x" } },
    });
    let id = server.prompt(&prompt, Some("a"));
    server.history(&id);
    let job = server.get(&format!("/api/jobs/{id}")).json();
    assert_eq!((&job["outputs_count"], job.get("preview_output")), (&json!(1), None));
}

#[test]
fn the_older_version_differs_as_a_real_one_did() {
    let server = Server::new(Config { version: Version::V0_3_64, ..config() });
    let refused = |prompt: Value| {
        let answer = server.post("/prompt", &json!({ "prompt": prompt, "client_id": "a" }));
        (answer.status, answer.text())
    };
    let (status, said) = refused(json!([]));
    assert_eq!((status, said.contains("prompt_no_outputs")), (400, true), "{said}");
    assert_eq!(refused(json!({ "1": null })).0, 500);
    let (status, said) = refused(json!({ "1": { "class_type": "Nope", "inputs": {}, "_meta": null } }));
    assert_eq!(
        (status, said.contains("Cannot execute because node Nope does not exist.")),
        (400, true),
        "{said}"
    );
    let scaled = json!({
        "1": { "class_type": "EmptyLatentImage", "inputs": { "width": 64, "height": 64, "batch_size": 1 } },
        "2": {
            "class_type": "LatentUpscale",
            "inputs": { "samples": ["1", 0], "upscale_method": null, "width": 64, "height": 64, "crop": "center" },
        },
        "3": { "class_type": "SaveLatent", "inputs": { "samples": ["2", 0], "filename_prefix": "x" } },
    });
    assert!(refused(scaled).1.contains("upscale_method: 'None' not in ["));
    let foreign = server.try_request("GET", "/queue", &[("Sec-Fetch-Site", "cross-site")], b"");
    assert_eq!(foreign.unwrap().status, 200);
    let sound = json!({
        "1": { "class_type": "EmptyAudio", "inputs": { "duration": 1.0, "sample_rate": 44100, "channels": 2 } },
        "2": { "class_type": "SaveAudio", "inputs": { "audio": ["1", 0], "filename_prefix": "x" } },
    });
    let past = server.history(&server.prompt(&sound, Some("a")));
    assert_eq!(past["outputs"]["2"]["audio"][0]["filename"], "x_00001_.flac");
}
