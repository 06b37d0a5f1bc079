//! What a real server does when all is well, and the habits that clients have to live with.

use std::time::Duration;

use serde_json::{Value, json};
use wfc::sim::{Config, Speed, Version};

use super::client::{Heard, Server, config, kinds, picture};

/// A server whose nodes of a class take this long, so that something runs while others look.
fn slow(class: &str, time: &str) -> Server {
    let times = vec![format!("{class}={time}").parse().unwrap()];
    Server::new(Config { times, speed: Speed::Times(1.0), ..config() })
}

#[test]
fn prompts_run_by_number_and_the_list_of_them_lies_as_python_leaves_it() {
    let server = slow("EmptyImage", "0.3");
    let send = |body: Value| server.post("/prompt", &body).json();
    let first = send(json!({ "prompt": picture(0), "client_id": "a" }));
    assert_eq!(first["number"], 0);
    // A prompt that is refused uses up a number.
    assert_eq!(send(json!({ "prompt": {} }))["error"]["type"], "prompt_no_outputs");
    let mut ids = Vec::new();
    for (color, more, number) in [
        (1, json!({}), json!(2)),
        (2, json!({}), json!(3)),
        (3, json!({ "front": true }), json!(-4)),
        (4, json!({ "front": true }), json!(-5)),
        (5, json!({ "number": 2.5 }), json!(2.5)),
        (6, json!({ "number": "2" }), json!(2.0)),
    ] {
        let mut body = json!({ "prompt": picture(color), "client_id": "a" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = send(body);
        assert_eq!(answer["number"], number);
        ids.push((answer["prompt_id"].as_str().unwrap().to_owned(), color));
    }
    let queue = server.get("/queue").json();
    assert_eq!(queue["queue_running"][0][0], 0);
    let pending: Vec<f64> =
        queue["queue_pending"].as_array().unwrap().iter().map(|item| item[0].as_f64().unwrap()).collect();
    assert_eq!(pending, [-5.0, -4.0, 2.0, 3.0, 2.5, 2.0], "a heap, not a sorted list");
    assert_eq!(server.get("/prompt").json(), json!({ "exec_info": { "queue_remaining": 7 } }));
    let mut socket = server.socket("a");
    let mut order = Vec::new();
    while order.len() < 7 {
        let heard = socket.rest();
        order.push(heard.last().unwrap().data()["prompt_id"].as_str().unwrap().to_owned());
    }
    let colors: Vec<u32> =
        order.iter().filter_map(|id| Some(ids.iter().find(|(known, _)| known == id)?.1)).collect();
    // Of the two with number 2, the smaller id comes first.
    let twos = if ids[0].0 < ids[5].0 { [1, 6] } else { [6, 1] };
    assert_eq!(colors, [4, 3, twos[0], twos[1], 5, 2]);
}

#[test]
fn messages_come_in_the_order_of_a_real_server() {
    let server = Server::usual();
    let mut socket = server.socket("a");
    let first = socket.next().unwrap();
    assert_eq!(first.data(), &json!({ "status": { "exec_info": { "queue_remaining": 0 } }, "sid": "a" }));
    let id = server.prompt(&picture(7), Some("a"));
    let heard = socket.rest();
    assert_eq!(
        kinds(&heard),
        [
            "status",
            "status",
            "execution_start",
            "execution_cached",
            "progress_state",
            "executing",
            "progress_state",
            "progress_state",
            "executing",
            "executed",
            "progress_state",
            "execution_success",
            "status",
            "executing",
        ]
    );
    let output = json!({ "images": [{ "filename": "b_00001_.png", "subfolder": "a", "type": "output" }] });
    assert_eq!(heard[9].data()["output"], output);
    let past = server.history(&id);
    assert_eq!(past["outputs"], json!({ "2": output }));
    assert_eq!(past["status"]["status_str"], "success");
    let picture = server.get("/view?filename=b_00001_.png&subfolder=a&type=output");
    assert_eq!(picture.content_type.as_deref(), Some("image/png"));
    let info = png::Decoder::new(std::io::Cursor::new(&picture.bytes)).read_info().unwrap().info().clone();
    assert_eq!((info.width, info.height), (64, 48));
    assert!(info.uncompressed_latin1_text[0].text.contains("\"EmptyImage\""));
}

#[test]
fn the_history_is_written_after_success_is_told() {
    let gap = Duration::from_hours(1);
    let server = Server::new(Config { history_gap: gap, speed: Speed::Times(1000.0), ..config() });
    let mut socket = server.socket("a");
    let id = server.prompt(&picture(7), Some("a"));
    socket.until(|heard| heard.kind() == "execution_success");
    assert_eq!(server.get(&format!("/history/{id}")).json(), json!({}));
    assert_eq!(server.get("/queue").json()["queue_running"][0][1], id);
}

#[test]
fn what_is_cached_is_told_again_but_not_to_whoever_has_no_client_id() {
    let server = Server::usual();
    let first = server.prompt(&picture(1), Some("a"));
    let shown = server.history(&first)["outputs"].clone();
    assert_eq!(shown["2"]["images"][0]["filename"], "b_00001_.png");
    let mut socket = server.socket("a");
    let again = server.prompt(&picture(1), Some("a"));
    let heard = socket.rest();
    assert_eq!(
        kinds(&heard),
        [
            "status",
            "status",
            "status",
            "execution_start",
            "execution_cached",
            "executed",
            "progress_state",
            "execution_success",
            "status",
            "executing",
        ]
    );
    assert_eq!(heard[4].data()["nodes"], json!(["1", "2"]));
    assert_eq!(server.history(&again)["outputs"], shown);
    // The trap: success, and nothing in it.
    let nobody = server.prompt(&picture(1), None);
    let past = server.history(&nobody);
    assert_eq!(past["status"]["status_str"], "success");
    assert_eq!(past["outputs"], json!({}));
    // What changes makes it run; another prompt makes the cache forget.
    assert_eq!(
        server.history(&server.prompt(&picture(2), None))["outputs"]["2"]["images"][0]["filename"],
        "b_00002_.png"
    );
    assert_eq!(
        server.history(&server.prompt(&picture(1), None))["outputs"]["2"]["images"][0]["filename"],
        "b_00003_.png"
    );
    server.post("/free", &json!({ "free_memory": true }));
    // The worker does so when it is idle; until then the prompt is cached.
    for _ in 0..1000 {
        if server.history(&server.prompt(&picture(1), Some("a")))["outputs"]["2"]["images"][0]["filename"]
            == "b_00004_.png"
        {
            return;
        }
    }
    panic!("the cache was not forgotten");
}

#[test]
fn old_sockets_take_new_ones_of_the_same_id_with_them() {
    let server = Server::usual();
    let mut old = server.socket("a");
    old.next().unwrap();
    let mut new = server.socket("a");
    new.next().unwrap();
    old.close();
    // Somebody else hears of all that happens.
    let mut other = server.socket("b");
    other.next().unwrap();
    let mut third = None;
    for color in 0..100 {
        let id = server.prompt(&picture(color), Some("a"));
        server.history(&id);
        if third.is_none() {
            third = Some(server.socket("c"));
        }
    }
    other.until(|heard| heard.kind() == "status");
    new.send(&json!({ "type": "feature_flags", "data": {} }));
    // It is open, and nothing comes: the answer to its flags has no way to it either.
    drop(server);
    let heard: Vec<Heard> = std::iter::from_fn(|| new.next()).collect();
    assert!(heard.len() <= 4 * 100, "{}", heard.len());
    assert!(!kinds(&heard).contains(&"feature_flags"), "{:?}", kinds(&heard));
}

#[test]
fn who_comes_back_is_told_the_node_without_the_prompt() {
    let server = slow("EmptyImage", "3600");
    let mut socket = server.socket("a");
    server.prompt(&picture(1), Some("a"));
    socket.until(|heard| heard.kind() == "executing");
    let mut again = server.socket("a");
    assert_eq!(again.next().unwrap().kind(), "status");
    let told = again.next().unwrap();
    assert_eq!((told.kind(), told.data()), ("executing", &json!({ "node": "1" })));
}

/// What a socket that said this at first, and then that, gets as previews.
fn previews(server: &Server, client: &str, said: &[Value]) -> Vec<u32> {
    let mut socket = server.socket(client);
    for message in said {
        socket.send(message);
    }
    if said.first().is_some_and(|first| first["type"] == "feature_flags") {
        socket.until(|heard| heard.kind() == "feature_flags");
    }
    let color = client.bytes().map(u32::from).sum();
    server.prompt(&picture(color), Some(client));
    let heard = socket.rest();
    heard
        .iter()
        .filter_map(|heard| match heard {
            Heard::Bytes(bytes) => Some(u32::from_be_bytes(bytes[..4].try_into().unwrap())),
            Heard::Json(_) => None,
        })
        .collect()
}

#[test]
fn previews_have_metadata_for_clients_whose_first_word_is_that_they_read_it() {
    let times = vec!["EmptyImage=1/3".parse().unwrap()];
    let server = Server::new(Config { times, ..config() });
    let flags = json!({ "type": "feature_flags", "data": { "supports_preview_metadata": true } });
    assert_eq!(previews(&server, "none", &[]), [1, 1, 1]);
    assert_eq!(previews(&server, "first", std::slice::from_ref(&flags)), [4, 4, 4]);
    assert_eq!(previews(&server, "second", &[json!({ "type": "hello" }), flags]), [1, 1, 1]);
}

#[test]
fn without_a_client_progress_is_told_to_everybody() {
    let times = vec!["EmptyImage=1/2".parse().unwrap()];
    let server = Server::new(Config { times, ..config() });
    let mut stranger = server.socket("stranger");
    stranger.next().unwrap();
    let id = server.prompt(&picture(1), None);
    server.history(&id);
    let heard = stranger.until(|heard| heard.data()["status"]["exec_info"]["queue_remaining"] == 0);
    let kinds = kinds(&heard);
    assert_eq!(
        kinds,
        [
            "status",
            "status",
            "progress_state",
            "progress_state",
            "progress",
            "(bytes)",
            "progress_state",
            "progress",
            "(bytes)",
            "progress_state",
            "progress_state",
            "progress_state",
            "status",
        ]
    );
    // With one, nobody else hears of it.
    server.history(&server.prompt(&picture(2), Some("a")));
    let heard = stranger.until(|heard| heard.data()["status"]["exec_info"]["queue_remaining"] == 0);
    assert!(heard.iter().all(|heard| heard.kind() == "status"), "{heard:?}");
}

#[test]
fn requests_that_make_a_handler_fail_are_500_and_text() {
    let server = Server::usual();
    let bodies: [(&str, &str); 12] = [
        ("/prompt", "{"),
        ("/prompt", r#"["prompt"]"#),
        ("/prompt", r#"{"prompt": null}"#),
        ("/prompt", r#"{"prompt": [1]}"#),
        ("/prompt", r#"{"prompt": {}, "number": "x"}"#),
        ("/prompt", r#"{"prompt": {"1": null}}"#),
        ("/free", ""),
        ("/interrupt", "null"),
        ("/queue", "1"),
        ("/queue", r#"{"delete": 5}"#),
        ("/history", ""),
        ("/api/history", "null"),
    ];
    for (path, body) in bodies {
        let answer = server.request("POST", path, body.as_bytes());
        assert_eq!(answer.status, 500, "{path} {body}: {}", answer.text());
        assert_eq!(answer.content_type.as_deref(), Some("text/plain; charset=utf-8"));
        assert!(answer.text().contains("Server got itself in trouble"));
    }
    for extra in ["null", "[1]"] {
        let body = format!("{{\"prompt\": {}, \"extra_data\": {extra}}}", picture(1));
        assert_eq!(server.request("POST", "/prompt", body.as_bytes()).status, 500);
    }
    assert_eq!(server.get("/history?max_items=x").status, 500);
    assert_eq!(server.upload("a.png", b"a", &[("type", "nowhere")]).status, 500);
    // And these do not.
    for (path, body) in
        [("/interrupt", ""), ("/interrupt", "{}"), ("/queue", "{}"), ("/queue", r#"{"delete": ["no"]}"#)]
    {
        let answer = server.request("POST", path, body.as_bytes());
        assert_eq!((answer.status, answer.bytes.len()), (200, 0), "{path} {body}");
    }
}

#[test]
fn numbers_that_json_does_not_know_are_taken_as_python_takes_them() {
    let server = Server::usual();
    let send = |scale: &str, width: &str| {
        let body = format!(
            r#"{{"client_id": "a", "prompt": {{
                "1": {{"class_type": "EmptyImage", "inputs": {{"width": {width}, "height": 8, "batch_size": 1, "color": 0}}}},
                "2": {{"class_type": "ImageScaleBy", "inputs": {{"image": ["1", 0], "upscale_method": "area", "scale_by": {scale}}}}},
                "3": {{"class_type": "SaveImage", "inputs": {{"images": ["2", 0], "filename_prefix": "NaN"}}}}}}}}"#
        );
        server.request("POST", "/prompt", body.as_bytes())
    };
    let answer = send("NaN", "8");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.json()["prompt_id"].as_str().unwrap().to_owned();
    let until = std::time::Instant::now() + super::client::PATIENCE;
    let text = loop {
        let text = server.get(&format!("/history/{id}")).text();
        if text != "{}" || std::time::Instant::now() > until {
            break text;
        }
    };
    assert!(text.contains(r#""scale_by": NaN}"#) && text.contains(r#""filename_prefix": "NaN""#), "{text}");
    let error = |answer: super::client::Answer, node: &str| {
        let text = answer.text().replace("Infinity", "0");
        let said: Value = serde_json::from_str(&text).unwrap();
        let error = &said["node_errors"][node]["errors"][0];
        format!("{} {}", error["type"].as_str().unwrap(), error["message"].as_str().unwrap())
    };
    assert_eq!(error(send("Infinity", "8"), "2"), "value_bigger_than_max Value inf bigger than max of 8.0");
    let answer = send("1.0", "Infinity");
    assert!(answer.text().contains("cannot convert float infinity to integer"), "{}", answer.text());
}

#[test]
fn routes_have_their_twins_and_the_cloud_has_its_own() {
    let server = Server::usual();
    for path in
        ["/prompt", "/queue", "/history", "/system_stats", "/features", "/models", "/object_info/SaveImage"]
    {
        assert_eq!(server.get(path).bytes, server.get(&format!("/api{path}")).bytes, "{path}");
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert_eq!(server.get("/jobs").status, 404);
    assert_eq!(server.get("/api/jobs").bytes, server.get("/api/api/jobs").bytes);
    for path in [
        "/health",
        "/api/health",
        "/api/history_v2",
        "/api/job/x/status",
        "/api/workflows",
        "/api/tasks",
        "/nope",
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(serde_json::from_slice::<Value>(&answer.bytes).is_err());
    }
    assert_eq!(server.request("PUT", "/prompt", b"").status, 405);
    assert_eq!(server.request("OPTIONS", "/prompt", b"").status, 200);
    let from = |headers: &[(&str, &str)]| server.try_request("GET", "/prompt", headers, b"").unwrap().status;
    assert_eq!(from(&[("Origin", "http://evil.example")]), 403);
    assert_eq!(from(&[("Sec-Fetch-Site", "cross-site")]), 403);
    let own = server.url("");
    assert_eq!(from(&[("Origin", &own)]), 200);
    assert_eq!(from(&[("Origin", "http://evil.example"), ("Host", "gpu.example")]), 200);
}

#[test]
fn bodies_may_be_so_long_and_no_longer() {
    let server = Server::new(Config { max_upload: 1000, ..config() });
    assert_eq!(server.get("/features").json()["max_upload_size"], 1000);
    let answer = server.request("POST", "/prompt", &[b' '; 1001]);
    assert_eq!(answer.status, 413);
    assert_eq!(answer.text(), "Maximum request body size 1000 exceeded.");
    assert_eq!(server.upload("a.png", &[0; 1001], &[]).status, 413);
    assert_eq!(server.upload("a.png", &[0; 100], &[]).status, 200);
}

#[test]
fn uploads_keep_what_is_there_and_views_give_it_back() {
    let server = Server::usual();
    let name = |answer: super::client::Answer| answer.json()["name"].as_str().unwrap().to_owned();
    let input = json!({ "name": "a.png", "subfolder": "", "type": "input" });
    assert_eq!(server.upload("a.png", b"0123456789", &[]).json(), input);
    assert_eq!(name(server.upload("a.png", b"0123456789", &[])), "a.png");
    assert_eq!(name(server.upload("a.png", b"other", &[])), "a (1).png");
    assert_eq!(name(server.upload("a.png", b"third", &[])), "a (2).png");
    assert_eq!(name(server.upload("a.png", b"other", &[])), "a (1).png");
    assert_eq!(name(server.upload("a.png", b"new", &[("overwrite", "true")])), "a.png");
    assert_eq!(server.get("/view?filename=a.png&type=input").bytes, b"new");
    let answer = server.upload("b.mp4", b"0123456789", &[("subfolder", "x/y"), ("type", "temp")]).json();
    assert_eq!(answer, json!({ "name": "b.mp4", "subfolder": "x/y", "type": "temp" }));
    let path = "/view?filename=b.mp4&subfolder=x/y&type=temp";
    let whole = server.get(path);
    assert_eq!((whole.status, whole.header("content-disposition")), (200, "filename=\"b.mp4\""));
    let view = |headers: &[(&str, &str)]| server.try_request("GET", path, headers, b"").unwrap();
    for (range, status, bytes) in [
        ("bytes=2-4", 206, "234"),
        ("bytes=7-", 206, "789"),
        ("bytes=-3", 206, "789"),
        ("bytes=8-100", 206, "89"),
        ("bytes=10-", 416, ""),
    ] {
        let part = view(&[("Range", range)]);
        assert_eq!((part.status, &*part.text()), (status, bytes), "{range}");
    }
    assert_eq!(view(&[("Range", "bytes=2-4")]).header("content-range"), "bytes 2-4/10");
    let (tag, date) = (whole.header("etag").to_owned(), whole.header("last-modified").to_owned());
    assert_eq!(view(&[("If-None-Match", &tag)]).status, 304);
    assert_eq!(view(&[("If-Modified-Since", &date)]).status, 304);
    // Tags are not looked at here, dates are.
    assert_eq!(view(&[("Range", "bytes=2-4"), ("If-Range", "\"another\"")]).status, 206);
    let long_ago = "Sun, 06 Nov 1994 08:49:37 GMT";
    assert_eq!(view(&[("Range", "bytes=2-4"), ("If-Range", long_ago)]).status, 200);
    assert_eq!(view(&[("If-Unmodified-Since", long_ago)]).status, 412);
    assert_eq!(view(&[("If-Match", "\"another\"")]).status, 412);
    assert_eq!(view(&[("If-Modified-Since", "Sun, 06 Nov 2044 08:49:37 GMT")]).status, 304);
    let head = server.request("HEAD", path, b"");
    assert_eq!((head.status, head.header("content-length"), head.bytes.len()), (200, "10", 0));
    assert_eq!(server.get("/view?filename=a.png%20%5Binput%5D").bytes, b"new");
    for (path, status) in [
        ("/view", 404),
        ("/view?filename=no.png", 404),
        ("/view?filename=../a.png&type=input", 400),
        ("/view?filename=/a.png", 400),
        ("/view?filename=a.png&type=nowhere", 400),
        ("/view?filename=a.png&type=input&subfolder=../..", 403),
        ("/view?filename=b.mp4&subfolder=x/y&type=temp&preview=webp", 500),
    ] {
        assert_eq!(server.get(path).status, status, "{path}");
    }
    assert_eq!(server.upload("../../a.png", b"x", &[]).status, 400);
    assert_eq!(server.request("POST", "/upload/image", b"no form").status, 400);
}

#[test]
fn files_that_prompts_name_must_have_been_uploaded() {
    let server = Server::usual();
    let load = json!({
        "1": { "class_type": "LoadImage", "inputs": { "image": "fox.png" } },
        "2": { "class_type": "PreviewImage", "inputs": { "images": ["1", 0] } },
    });
    let refused = server.post("/prompt", &json!({ "prompt": load }));
    assert_eq!(refused.status, 400);
    let error = &refused.json()["node_errors"]["1"]["errors"][0];
    assert_eq!(error["type"], "custom_validation_failed");
    assert_eq!(error["details"], "image - Invalid image file: fox.png");
    server.upload("fox.png", b"one", &[]);
    let listed = server.get("/object_info/LoadImage").json();
    assert_eq!(listed["LoadImage"]["input"]["required"]["image"][0], json!(["fox.png"]));
    // Each class lists files of its kind, and none of folders below.
    server.upload("fox.png", b"one", &[("subfolder", "below")]);
    server.upload("fox.mp4", b"one", &[]);
    let listed = server.get("/object_info/LoadImage").json();
    assert_eq!(listed["LoadImage"]["input"]["required"]["image"][0], json!(["fox.png"]));
    let listed = server.get("/object_info/LoadVideo").json();
    assert!(
        listed["LoadVideo"]["input"]["required"]["file"].to_string().contains("[\"fox.mp4\"]"),
        "{listed}"
    );
    let first = server.history(&server.prompt(&load, Some("a")));
    let shown = &first["outputs"]["2"]["images"][0];
    assert_eq!(shown["type"], "temp");
    // The same name with other bytes is no longer what the cache knows.
    server.upload("fox.png", b"two", &[("overwrite", "1")]);
    let second = server.history(&server.prompt(&load, Some("a")));
    assert_eq!(second["status"]["messages"][1][1]["nodes"], json!([]));
}

#[test]
fn jobs_are_listed_told_and_cancelled() {
    let server = slow("EmptyImage", "3600/1000000");
    let ids: Vec<String> = (0..4).map(|color| server.prompt(&picture(color), Some("a"))).collect();
    let list = |query: &str| server.get(&format!("/api/jobs{query}")).json();
    let states = |list: &Value| {
        let jobs = list["jobs"].as_array().unwrap().iter();
        jobs.map(|job| job["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut socket = server.socket("a");
    socket.until(|heard| heard.kind() == "executing");
    assert_eq!(states(&list("?status=pending")), ["pending"; 3]);
    assert_eq!(states(&list("?status=in_progress")), ["in_progress"]);
    let page = list("?limit=2&offset=1&sort_order=asc");
    assert_eq!(page["pagination"], json!({ "offset": 1, "limit": 2, "total": 4, "has_more": true }));
    for query in ["?status=lost", "?limit=0", "?limit=x", "?sort_by=name", "?sort_order=up", "?offset=x"] {
        let answer = server.get(&format!("/api/jobs{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.json()["error"].is_string());
    }
    let cancel = |id: &str| server.post(&format!("/api/jobs/{id}/cancel"), &json!({})).json();
    assert_eq!(cancel(&ids[3]), json!({ "cancelled": true }));
    // It left no trace.
    assert_eq!(server.get(&format!("/api/jobs/{}", ids[3])).status, 404);
    assert_eq!(server.get(&format!("/history/{}", ids[3])).json(), json!({}));
    assert_eq!(cancel(&ids[3]), json!({ "cancelled": false }));
    let bad = server.post("/api/jobs/cancel", &json!({ "job_ids": ["x"] }));
    assert_eq!((bad.status, bad.json()["invalid_ids"].clone()), (400, json!(["x"])));
    assert_eq!(server.post("/api/jobs/cancel", &json!({ "job_ids": [ids[2]] })).status, 200);
    server.post("/queue", &json!({ "delete": [ids[1]] }));
    assert_eq!(cancel(&ids[0]), json!({ "cancelled": true }));
    let past = server.history(&ids[0]);
    assert_eq!(past["status"]["status_str"], "error");
    assert_eq!(past["status"]["messages"][2][0], "execution_interrupted");
    let job = server.get(&format!("/api/jobs/{}", ids[0])).json();
    assert_eq!((&job["status"], &job["outputs_count"]), (&json!("cancelled"), &json!(0)));
    assert_eq!(states(&list("")), ["cancelled"]);
    // An entry that the editor's null has broken breaks the list, until it is gone.
    let body = json!({ "prompt": picture(9), "client_id": "a", "extra_data": { "extra_pnginfo": null } });
    let broken = server.post("/prompt", &body).json()["prompt_id"].as_str().unwrap().to_owned();
    assert_eq!(server.get("/api/jobs").status, 500);
    server.post("/interrupt", &json!({ "prompt_id": broken }));
    server.history(&broken);
    assert_eq!(server.get("/api/jobs").status, 500);
    server.post("/history", &json!({ "delete": [broken] }));
    assert_eq!(server.get("/api/jobs").status, 200);
}

#[test]
fn an_interrupt_of_another_prompt_does_nothing() {
    let server = slow("EmptyImage", "0.5/50");
    let mut socket = server.socket("a");
    let id = server.prompt(&picture(1), Some("a"));
    socket.until(|heard| heard.kind() == "executing");
    assert_eq!(server.post("/interrupt", &json!({ "prompt_id": "another" })).status, 200);
    assert_eq!(server.history(&id)["status"]["status_str"], "success");
}

#[test]
fn an_older_version_answers_as_it_did() {
    let server = Server::new(Config { version: Version::V0_3_64, ..config() });
    assert_eq!(server.get("/api/jobs").status, 404);
    assert_eq!(server.get("/system_stats").json()["system"]["comfyui_version"], "0.3.64");
    let missing = json!({ "prompt": { "1": { "class_type": "Nope", "inputs": {} } } });
    assert_eq!(server.post("/prompt", &missing).json()["error"]["type"], "invalid_prompt");
    let free = json!({ "prompt": picture(1), "client_id": "a", "prompt_id": "any-text" });
    assert_eq!(server.post("/prompt", &free).json()["prompt_id"], "any-text");
    server.history("any-text");
    let none = json!({ "prompt": picture(2), "prompt_id": null });
    assert_eq!(server.post("/prompt", &none).json()["prompt_id"], "None");
    server.history("None");
    // It tells of secrets, and what was cached is in the history without a client too.
    let secret =
        json!({ "prompt": picture(2), "prompt_id": "s", "extra_data": { "api_key_comfy_org": "key" } });
    server.post("/prompt", &secret);
    assert!(server.history("s")["outputs"]["2"].is_object());
}

#[test]
fn secrets_are_in_no_list() {
    let server = Server::usual();
    let body = json!({
        "prompt": picture(2), "client_id": "a",
        "extra_data": { "api_key_comfy_org": "key", "auth_token_comfy_org": "token", "kept": 1 },
    });
    let id = server.post("/prompt", &body).json()["prompt_id"].as_str().unwrap().to_owned();
    let extra = server.history(&id)["prompt"][3].clone();
    let keys: Vec<&String> = extra.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["kept", "client_id", "create_time"]);
}

#[test]
fn outputs_of_all_kinds_have_their_keys() {
    let server = Server::usual();
    let prompt = json!({
        "1": { "class_type": "EmptyImage", "inputs": { "width": 32, "height": 32, "batch_size": 5, "color": 0 } },
        "2": { "class_type": "VHS_VideoCombine", "inputs": {
            "images": ["1", 0], "frame_rate": 16, "loop_count": 0, "filename_prefix": "v/fox",
            "format": "video/h264-mp4", "pingpong": false, "save_output": true } },
        "3": { "class_type": "CreateVideo", "inputs": { "images": ["1", 0], "fps": 16 } },
        "4": { "class_type": "SaveVideo", "inputs": {
            "video": ["3", 0], "filename_prefix": "video/fox", "format": "auto", "codec": "auto" } },
        "5": { "class_type": "PreviewAny", "inputs": { "source": ["1", 0] } },
    });
    let outputs = server.history(&server.prompt(&prompt, Some("a")))["outputs"].clone();
    assert_eq!(
        outputs["2"]["gifs"],
        json!([{
            "filename": "fox_00001.mp4", "subfolder": "v", "type": "output", "format": "video/h264-mp4",
            "frame_rate": 16.0, "workflow": "fox_00001.png", "fullpath": "/opt/ComfyUI/output/v/fox_00001.mp4",
        }])
    );
    assert_eq!(
        outputs["4"],
        json!({
            "images": [{ "filename": "fox_00001_.mp4", "subfolder": "video", "type": "output" }],
            "animated": [true],
        })
    );
    assert!(outputs["5"]["text"].is_array());
    for path in ["/view?filename=fox_00001.mp4&subfolder=v", "/view?filename=fox_00001_.mp4&subfolder=video"]
    {
        let video = server.get(path);
        assert_eq!(video.content_type.as_deref(), Some("video/mp4"));
        assert_eq!(&video.bytes[4..8], b"ftyp");
    }
    assert_eq!(server.get("/view?filename=fox_00001.png&subfolder=v").status, 200);
}
