//! The way to a server: TLS with authorities of one's own, proxies, credentials. Real connections to the simulated server,
//! with a TLS server and proxies of these tests before it.

mod credentials;
mod middle;
mod proxies;
mod tls;

use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;

use crate::run::inspect;
use crate::support::{Folder, Run, repository};

/// A folder with a preset that puts a picture on the server and fetches one, and settings of the server `gpu`.
fn folder(settings: &str) -> Folder {
    let folder = Folder::with([
        ("smoke.toml", "graph = \"smoke\"\n"),
        ("shown.toml", SHOWN),
        ("graphs/shown.toml", GRAPH),
    ]);
    folder.write("given.png", std::fs::read(repository("tests/it/run/given.png")).unwrap());
    folder.write("wfc.toml", format!("[servers.gpu]\n{settings}"));
    folder
}

const SHOWN: &str = "graph = \"shown\"\n\n[params]\nimage = \"given.png\"\n";

const GRAPH: &str = r#"title = "A picture that comes back"
stages = ["read", "save"]

[params.image]
type = "image"
doc = "The picture."

[nodes.read]
class = "LoadImage"
stage = "read"
inputs = { image = { param = "image" } }

[nodes.save]
class = "SaveImage"
stage = "save"
inputs = { images = { node = "read", out = "IMAGE" }, filename_prefix = "back" }
"#;

/// Runs the preset on the server `gpu`, with these variables.
fn run(folder: &Folder, variables: &[(&str, &str)]) -> Run {
    on(folder, "gpu", variables)
}

fn on(folder: &Folder, server: &str, variables: &[(&str, &str)]) -> Run {
    let arguments = ["run", "shown.toml", "--on", server, "--format", "json", "--wait", "1"];
    folder.finish(folder.command(&arguments).envs(variables.iter().copied()))
}

/// Checks that all of a run went well: a picture was put there, the socket told of nodes, an output is here.
#[track_caller]
fn is_whole(folder: &Folder, run: Run, number: usize) {
    let run = run.succeeded();
    let events: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let has = |name: &str| events.iter().any(|event| event["event"] == name);
    // What the server remembers, it does not run again.
    assert!((has("node_started") || has("nodes_cached")) && has("job_ended"), "{}", run.stdout);
    let left = inspect(&folder.path(&format!("outputs/{number:04}-shown")));
    assert_eq!((left.records.len(), left.records[0].outputs.len(), left.records[0].inputs.len()), (1, 1, 1));
}

/// Checks that nothing that is secret was written or said.
#[track_caller]
fn keeps(folder: &Folder, runs: &[&Run], secrets: &[&str]) {
    let said = runs.iter().flat_map(|run| [run.stdout.clone(), run.stderr.clone()]);
    let files = folder.names();
    let written = files.iter().map(|name| String::from_utf8_lossy(&folder.read(name)).into_owned());
    for text in written.chain(said) {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

/// A port at which nobody listens.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The port of a URL, for messages that are the same each time.
fn without_port(text: &str, ports: &[u16]) -> String {
    ports.iter().enumerate().fold(text.to_owned(), |text, (number, port)| {
        text.replace(&format!(":{port}"), &format!(":PORT{}", number + 1))
    })
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}
