//! Servers that are none, and what they answer.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::{Folder, Run};

/// What a server that is none answers: status, content type, body.
type Answer = (u16, &'static str, Vec<u8>);

/// A server that answers by method and path, and whether it has the header that it wants.
pub(super) fn serve(answer: impl Fn(&str, &str, &str, &[u8]) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = std::sync::Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = std::sync::Arc::clone(&answer);
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 {
                        return;
                    }
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line == "\r\n" {
                        break;
                    }
                    head += &line;
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let mut words = head.split(' ');
                let (method, path) = (words.next().unwrap(), words.next().unwrap());
                let (status, media, body) = answer(method, path, &head, &body);
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            });
        }
    });
    url
}

fn stats() -> Answer {
    (
        200,
        "application/json",
        json!({"system": {"comfyui_version": "0.27.0"}, "devices": []}).to_string().into(),
    )
}

fn smoke() -> Folder {
    Folder::with([("smoke.toml", "graph = \"smoke\"\n")])
}

fn run(folder: &Folder, url: &str) -> Run {
    folder.wfc(&["run", "smoke.toml", "--on", url, "--wait", "1"])
}

#[test]
fn what_is_no_server_is_said_plainly_and_nothing_is_begun() {
    let page = b"<html>sign in</html>".to_vec();
    let html = serve(move |_, _, _, _| (200, "text/html", page.clone()));
    let garbage = serve(|_, _, _, _| (200, "application/json", b"{\"a\"".to_vec()));
    let other = serve(|_, _, _, _| (200, "application/json", b"{}".to_vec()));
    let closed = serve(|_, _, head, _| {
        if head.to_lowercase().contains("authorization: bearer secret") {
            stats()
        } else {
            (401, "text/plain", Vec::new())
        }
    });
    let much = serve(|_, _, _, _| (200, "application/json", vec![b' '; 65 << 20]));
    let folder = smoke();
    let mut said = String::new();
    for url in [&html, &garbage, &other, &closed, &much] {
        said += &run(&folder, url).failed().replace(&**url, "SERVER");
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    said += &run(&folder, &free.to_string()).failed().replace(&free.to_string(), "HOST");
    said +=
        &run(&folder, &html.replace("http:", "https:")).failed().replace(&html["http://".len()..], "HOST");
    said += &run(&folder, "ftp://x").failed();
    said += &run(&folder, "gpu").failed();
    said += &folder.wfc(&["run", "smoke.toml"]).failed();
    insta::assert_snapshot!(said, @r#"
    wfc: SERVER/system_stats: a web page in place of JSON; this is not ComfyUI, or something stands before it: check address and port, and whether a page asks for a login
    wfc: SERVER/system_stats: `{"a"` in place of JSON; this is not ComfyUI, or something stands before it: check address and port, and whether a page asks for a login
    wfc: SERVER/system_stats: JSON without `system`; this is not ComfyUI: check address and port
    wfc: SERVER/system_stats: no entry (status 401); name the token or password: see `wfc run --help`
    wfc: SERVER/system_stats: the answer is longer than 64 MiB; is this ComfyUI's address?
    wfc: http://HOST: nothing listens there; start ComfyUI (with --listen if it runs on another machine), or check the port
    wfc: https://HOST: the connection ends before it is secure; if it speaks plain HTTP, write http:// for https://
    wfc: `ftp://x` is not the address of a server: `ftp://`; write http://HOST:PORT or https://HOST
    wfc: there is no server `gpu` in wfc.toml; write an address, such as http://gpu:8188, or `[servers.gpu]` in wfc.toml
    wfc: no server is named; write `--on http://127.0.0.1:8188`, or `[servers.default]` with a `url` in wfc.toml
    "#);
    assert_eq!(folder.names(), ["smoke.toml"]);
}

#[test]
fn credentials_come_from_the_environment_and_are_written_nowhere() {
    let folder = smoke();
    let url = serve(|_, path, head, _| {
        let head = head.to_lowercase();
        match (head.contains("authorization: bearer s3cret") && head.contains("x-key: k3y"), path) {
            (true, "/system_stats") => stats(),
            (true, _) => (500, "text/plain", b"no".to_vec()),
            _ => (401, "text/plain", Vec::new()),
        }
    });
    folder.write(
        "wfc.toml",
        format!(
            "[servers.gpu]\nurl = \"{url}\"\ntoken_env = \"POD\"\nheaders_env = {{ \"X-Key\" = \"KEY\" }}\n"
        ),
    );
    let named = |folder: &Folder| {
        let mut command = folder.command(&["run", "smoke.toml", "--on", "gpu", "--wait", "1"]);
        folder.finish(command.env("POD", "s3cret").env("KEY", "k3y"))
    };
    let given = |folder: &Folder| {
        let mut command =
            folder.command(&["run", "smoke.toml", "--on", &url, "--header-env", "X-Key=KEY", "--wait", "1"]);
        folder.finish(command.env("WFC_TOKEN", "s3cret").env("KEY", "k3y"))
    };
    for run in [named(&folder), given(&folder)] {
        // The server lets them in, and is none all the same.
        assert!(run.stdout.contains("0.27.0"), "{}{}", run.stdout, run.stderr);
    }
    let unset = folder.wfc(&["run", "smoke.toml", "--on", "gpu"]).failed();
    assert_eq!(unset, "wfc: the environment variable POD is not set; it holds a credential of the server\n");
    for name in folder.names() {
        let text = String::from_utf8_lossy(&folder.read(&name)).into_owned();
        assert!(!text.contains("s3cret") && !text.contains("k3y"), "{name}: {text}");
    }
}

/// A server without a socket that makes what it is told to, under names of its own choosing.
fn maker(outputs: Value) -> String {
    let ran = std::sync::Mutex::new(None::<String>);
    serve(move |method, path, _, body| {
        let mut ran = ran.lock().unwrap();
        let json = |value: Value| (200, "application/json", value.to_string().into_bytes());
        match (method, path.split('?').next().unwrap()) {
            (_, "/system_stats") => stats(),
            ("POST", "/prompt") => {
                let body: Value = serde_json::from_slice(body).unwrap();
                assert!(body.get("number").is_none() && body["client_id"].is_string(), "{body}");
                let id = body["prompt_id"].as_str().unwrap().to_owned();
                let answer = json(json!({"prompt_id": id, "number": 0, "node_errors": {}}));
                *ran = Some(id);
                answer
            }
            (_, "/queue") => json(json!({"queue_running": [], "queue_pending": []})),
            (_, "/view") => (200, "image/png", path.as_bytes().to_vec()),
            (_, path) if path.starts_with("/history/") => match &*ran {
                Some(id) => {
                    let status = json!({"status_str": "success", "completed": true, "messages": []});
                    json(json!({id: {"outputs": outputs, "status": status}}))
                }
                None => json(json!({})),
            },
            _ => (404, "text/plain", Vec::new()),
        }
    })
}

#[test]
fn outputs_of_every_kind_stay_in_the_folder_of_the_run() {
    let file =
        |name: &str, folder: &str, kind: &str| json!({"filename": name, "subfolder": folder, "type": kind});
    let url = maker(json!({
        "1": {"images": [file("../../evil.png", "", "output"), file("/etc/passwd", "../..", "output")]},
        "2": {"gifs": [file("a.mp4", "C:\\Windows", "output")], "audio": [file("nul.flac", "", "temp")]},
        "3": {"result": [file("run.json", "", "output"), null, 3], "text": ["seen"], "animated": [true]},
        "4": {"new_kind": {"filename": "x\u{0}y.bin", "subfolder": "sub", "type": "output"}},
        "5": {"images": [file("a.png", "", "output"), file("A.PNG", "", "output"), file("a.png", "", "output")]},
    }));
    let folder = smoke();
    folder.wfc(&["run", "smoke.toml", "--on", &url]).succeeded();
    insta::assert_snapshot!(folder.names().join("\n"), @"
    outputs/0001-smoke/A (2).PNG
    outputs/0001-smoke/C_/Windows/a.mp4
    outputs/0001-smoke/a.png
    outputs/0001-smoke/etc/passwd
    outputs/0001-smoke/evil.png
    outputs/0001-smoke/journal.jsonl
    outputs/0001-smoke/run (2).json
    outputs/0001-smoke/run.json
    outputs/0001-smoke/sub/x_y.bin
    outputs/0001-smoke/temp/_nul.flac
    smoke.toml
    ");
    assert_eq!(folder.json("outputs/0001-smoke/run.json")["jobs"][0]["texts"], json!({"3": "seen"}));
}

#[test]
fn a_refused_workflow_is_shown_with_all_that_is_wrong() {
    let url = serve(|method, path, _, _| match (method, path) {
        (_, "/system_stats") => stats(),
        ("POST", "/prompt") => {
            let errors = json!([
                {"type": "value_not_in_list", "message": "Value not in list", "details": "mode: 'zz' not in ['a']"},
                {"type": "value_bigger_than_max", "message": "Value 9 bigger than max of 5", "details": "width"},
            ]);
            let body = json!({
                "error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation", "details": "", "extra_info": {}},
                "node_errors": {"picture": {"errors": errors, "dependent_outputs": ["save"], "class_type": "EmptyImage"}},
            });
            (400, "application/json", body.to_string().into())
        }
        _ => (404, "text/plain", Vec::new()),
    });
    let folder = smoke();
    let run = run(&folder, &url);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    insta::assert_snapshot!(run.stdout.replace(&url, "SERVER"), @"
    0001-smoke: 1 job on SERVER (ComfyUI 0.27.0)
    smoke: failed: node `picture` (EmptyImage, step make): the server refuses the workflow: `picture` (EmptyImage): Value 9 bigger than max of 5: width; `picture` (EmptyImage): Value not in list: mode: 'zz' not in ['a']
      at wfc:graphs/smoke.toml:39
      help: `wfc lint --catalog URL` finds this before anything is sent
    0 of 1 done, 1 failed: outputs/0001-smoke
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_takes_no_more_loses_nothing() {
    let sim = super::Sim::start(&[]);
    let folder = Folder::with([("batch.toml", &super::batch(40))]);
    // Files may be so many blocks long; the journal is the first to feel it.
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$0\" run batch.toml --on \"$1\"";
    let mut command = std::process::Command::new("sh");
    command.current_dir(folder.path("")).args(["-c", script, env!("CARGO_BIN_EXE_wfc"), &sim.url]);
    let full = folder.finish(&mut command);
    assert_eq!(full.code, Some(2), "{}{}", full.stdout, full.stderr);
    assert!(full.stderr.contains("cannot write outputs/0001-batch/journal.jsonl"), "{}", full.stderr);
    let left = super::inspect(&folder.path("outputs/0001-batch"));
    assert!(left.records.len() < 40);
    folder.wfc(&["run", "batch.toml", "--on", &sim.url, "--resume"]).succeeded();
    assert_eq!(super::inspect(&folder.path("outputs/0001-batch")).records.len(), 40);
    let mut colors = sim.colors();
    let all = colors.len();
    colors.dedup();
    assert_eq!((all, colors.len()), (40, 40));

    let unwritable = folder.wfc(&["run", "batch.toml", "--on", &sim.url, "-o", "/proc/wfc"]).failed();
    assert!(unwritable.starts_with("wfc: cannot make /proc/wfc"), "{unwritable}");
    let taken = folder.wfc(&["run", "batch.toml", "--on", &sim.url, "-o", "batch.toml"]).failed();
    insta::assert_snapshot!(taken, @"wfc: cannot make batch.toml: a file is in the way; remove it, or choose another folder with -o");
}
