//! `wfc doctor`: every check in each of its states, against the simulated server and against small servers of our own.

mod local;
mod server;
mod workflow;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::{Folder, PICTURE};

/// A preset of [`PICTURE`], in a folder with it.
fn picture() -> Folder {
    Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n")])
}

/// A running `wfc sim`, which ends with the test.
struct Sim {
    process: Child,
    url: String,
}

impl Sim {
    fn start(folder: &Folder, arguments: &[&str]) -> Self {
        let mut command = folder.command(&[&["sim", "--port", "0", "--speed", "max"], arguments].concat());
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { process, url }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a server of our own answers: by path, status, further head lines and body.
type Answers = BTreeMap<String, (u16, String, Vec<u8>)>;

/// A server of our own, and the requests that it got.
struct Fake {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let request = lines.next().unwrap_or_default();
                let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                let missing = (404, String::new(), b"404: Not Found".to_vec());
                let (status, head, body) = answers.get(&path).unwrap_or(&missing);
                log.lock().unwrap().push(path);
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 {status} X\r\n{head}Content-Length: {length}\r\nConnection: close\r\n\r\n"
                );
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
            }
        });
        Self { url, requests }
    }

    /// One that answers every request in the same way.
    fn always(status: u16, head: &str, body: &str) -> Self {
        let answer = (status, head.to_owned(), body.as_bytes().to_vec());
        Self::start(BTreeMap::from([("/system_stats".to_owned(), answer)]))
    }

    fn count(&self, path: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|seen| *seen == path).count()
    }
}

/// A ComfyUI, as a test changes it.
struct Comfy {
    stats: Value,
    classes: Value,
    queue: Value,
    features: Option<Value>,
}

impl Comfy {
    /// ComfyUI 0.27.0 with a card of 24 GiB, the classes of small workflows, and nothing to do.
    fn new() -> Self {
        let gib = |number: f64| json!(number * 1_073_741_824.0);
        Self {
            stats: json!({
                "system": {
                    "os": "linux", "ram_total": gib(64.0), "ram_free": gib(60.0), "comfyui_version": "0.27.0",
                    "pytorch_version": "2.9.0+cu130", "argv": ["main.py", "--listen", "--secret=hunter2"]
                },
                "devices": [{
                    "name": "cuda:0 NVIDIA GeForce RTX 4090 : cudaMallocAsync", "type": "cuda", "index": 0,
                    "vram_total": gib(23.6), "vram_free": gib(23.2), "torch_vram_total": 0, "torch_vram_free": 0
                }]
            }),
            classes: serde_json::from_str(CLASSES).unwrap(),
            queue: json!({"queue_running": [], "queue_pending": []}),
            features: Some(json!({"max_upload_size": 104_857_600})),
        }
    }

    /// With all classes and model files of the simulated server.
    fn with_all_classes(folder: &Folder) -> Self {
        let sim = Sim::start(folder, &[]);
        let place = sim.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(place).unwrap();
        let request = format!("GET /object_info HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let start = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        Self { classes: serde_json::from_slice(&answer[start..]).unwrap(), ..Self::new() }
    }

    fn device(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.stats["devices"][0][key] = value.into();
        self
    }

    fn system(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.stats["system"][key] = value.into();
        self
    }

    fn start(&self) -> Fake {
        let json = |value: &Value| {
            (200, "Content-Type: application/json\r\n".to_owned(), value.to_string().into_bytes())
        };
        let mut answers = Answers::from([
            ("/system_stats".to_owned(), json(&self.stats)),
            ("/object_info".to_owned(), json(&self.classes)),
            ("/queue".to_owned(), json(&self.queue)),
        ]);
        if let Some(features) = &self.features {
            answers.insert("/features".to_owned(), json(features));
        }
        Fake::start(answers)
    }
}

/// Classes of small workflows, as a server lists them.
const CLASSES: &str = r#"{
    "EmptyImage": {
        "input": {"required": {
            "width": ["INT", {"default": 512, "min": 1, "max": 16384}], "height": ["INT", {"default": 512, "min": 1, "max": 16384}],
            "batch_size": ["INT", {"default": 1, "min": 1, "max": 4096}], "color": ["INT", {"default": 0, "min": 0, "max": 16777215}]
        }},
        "output": ["IMAGE"], "output_name": ["IMAGE"], "output_node": false, "python_module": "nodes"
    },
    "SaveImage": {
        "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]}},
        "output": [], "output_node": true, "python_module": "nodes"
    },
    "LoadImage": {
        "input": {"required": {"image": [["there.png"], {"image_upload": true}]}},
        "output": ["IMAGE", "MASK"], "output_name": ["IMAGE", "MASK"], "output_node": false, "python_module": "nodes"
    },
    "VAELoader": {
        "input": {"required": {"vae_name": [["mine.safetensors", "other\\ours.safetensors", "pixel_space"]]}},
        "output": ["VAE"], "output_name": ["VAE"], "output_node": false, "python_module": "nodes"
    },
    "PreviewAny": {
        "input": {"required": {"source": ["*"]}},
        "output": ["STRING"], "output_name": ["STRING"], "output_node": true, "python_module": "comfy_extras.nodes_preview_any"
    }
}"#;

/// A workflow that loads pictures of these names and saves them.
fn loads(names: &[&str]) -> String {
    let mut nodes = serde_json::Map::new();
    for (at, name) in names.iter().enumerate() {
        nodes.insert(format!("load{at}"), json!({"class_type": "LoadImage", "inputs": {"image": name}}));
        let inputs = json!({"images": [format!("load{at}"), 0], "filename_prefix": "out"});
        nodes.insert(format!("save{at}"), json!({"class_type": "SaveImage", "inputs": inputs}));
    }
    Value::Object(nodes).to_string()
}

/// A workflow that loads VAEs of these names.
fn vaes(names: &[&str]) -> String {
    let mut nodes = serde_json::Map::new();
    for (at, name) in names.iter().enumerate() {
        nodes.insert(format!("vae{at}"), json!({"class_type": "VAELoader", "inputs": {"vae_name": name}}));
        let inputs = json!({"source": [format!("vae{at}"), 0]});
        nodes.insert(format!("show{at}"), json!({"class_type": "PreviewAny", "inputs": inputs}));
    }
    Value::Object(nodes).to_string()
}

/// What `wfc doctor` says of a file on a server: exit code and document, which has the shape of its schema.
fn doctor(folder: &Folder, url: &str, arguments: &[&str]) -> (Option<i32>, Value) {
    let run = folder.wfc(&[&["doctor", "--format", "json", "--on", url], arguments].concat());
    assert_eq!(run.stderr, "");
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stdout));
    let errors = crate::schemas::errors(&crate::schemas::schema("doctor"), &document);
    assert!(errors.is_empty(), "{errors:#?}");
    (run.code, document)
}

/// A check of the first workflow, or of the server, in lines as people see it.
#[track_caller]
fn shown(document: &Value, name: &str) -> String {
    let checks = [&document["server"]["checks"], &document["workflows"][0]["checks"]];
    let mut all = checks.iter().flat_map(|checks| checks.as_array().into_iter().flatten());
    let check = all.find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name}: {document:#}"));
    let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let details = check["details"].as_array().into_iter().flatten();
    let details = details.fold(String::new(), |all, detail| all + "\n  " + detail.as_str().unwrap());
    let fix = check["fix"].as_str().map_or(String::new(), |fix| format!("\n  fix: {fix}"));
    format!("{}: {}{details}{fix}", text("state"), text("found"))
}

/// The same without the amounts of the plan and the node that decides: other tests hold them.
fn without_amounts(text: &str) -> String {
    let mut text = text.to_owned();
    for (before, ends, nth) in [("it needs ", &['`'][..], 1), ("take about ", &[';', ','][..], 0)] {
        let Some(from) = text.find(before).map(|at| at + before.len()) else { continue };
        let Some((length, end)) = text[from..].match_indices(ends).nth(nth) else { continue };
        let end = if nth == 0 { 0 } else { end.len() };
        text.replace_range(from..from + length + end, "…");
    }
    text
}

/// The check `name` of a workflow file on a server.
#[track_caller]
fn check_of(folder: &Folder, comfy: &Comfy, file: &str, name: &str) -> String {
    shown(&doctor(folder, &comfy.start().url, &[file]).1, name)
}
