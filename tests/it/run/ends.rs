//! Jobs that end otherwise than planned: just too late, in parts, or with a part refused.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wfc::exec::batch::{self, Event, Jobs, Options, Patience, Run, Stop};
use wfc::exec::comfy::{Comfy, address::Address, http::Client};
use wfc::exec::journal::{self, Record};
use wfc::exec::record::{Counts, Ending};
use wfc::exec::{Error, Input, Job};

use super::bad::serve;
use super::faults::{begin, go_on, patience};
use super::{Sim, inspect};
use crate::support::repository;

/// A job with a node that nothing needs, as editors leave them.
struct Loose;

/// A picture that is made and saved.
fn picture() -> Value {
    json!({
        "picture": {
            "class_type": "EmptyImage",
            "inputs": { "width": 8, "height": 8, "batch_size": 1, "color": 1 },
        },
        "save": {
            "class_type": "SaveImage",
            "inputs": { "images": ["picture", 0], "filename_prefix": "x" },
        },
    })
}

fn loose() -> Value {
    let mut workflow = picture();
    workflow["loose"] = json!({ "class_type": "ImageInvert", "inputs": { "image": ["picture", 0] } });
    workflow
}

impl Jobs for Loose {
    fn job(&mut self, number: u64) -> Result<Job, Error> {
        let workflow = loose().to_string().into_bytes();
        Ok(Job { name: format!("job {number}"), workflow, ..Job::default() })
    }
}

/// A job with two outputs, of which one needs an input file.
struct Two;

fn workflow() -> Value {
    let mut workflow = picture();
    workflow["given"] = json!({ "class_type": "LoadImage", "inputs": { "image": "given.png" } });
    workflow["copy"] =
        json!({ "class_type": "SaveImage", "inputs": { "images": ["given", 0], "filename_prefix": "y" } });
    workflow
}

impl Jobs for Two {
    fn job(&mut self, number: u64) -> Result<Job, Error> {
        let input = Input {
            param: "image".into(),
            file: repository("tests/it/run/given.png"),
            at: vec!["/given/inputs/image".into()],
        };
        let workflow = workflow().to_string().into_bytes();
        Ok(Job { name: format!("job {number}"), workflow, inputs: vec![input], ..Job::default() })
    }
}

fn work(url: &str, run: &mut Run, patience: Patience) -> (Result<Counts, Error>, Vec<Event>) {
    let mut events = Vec::new();
    let mut comfy = Comfy::new(Client::new(Address::parse(url).unwrap()));
    let options = Options { patience, ..Options::default() };
    let result =
        batch::run(&mut comfy, &mut Two, run, &options, &Stop::default(), &mut |event| events.push(event));
    (result, events)
}

/// The lines of a journal, each by what it is.
fn lines(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join(journal::FILE_NAME)).unwrap();
    let word = |line: &str| serde_json::from_str::<Value>(line).unwrap()["is"].as_str().unwrap().to_owned();
    text.lines().map(word).collect()
}

#[test]
fn a_job_that_ends_well_as_its_time_is_over_has_ended_well() {
    for (chance, done) in [("lost-interrupt=1", true), ("lost-interrupt=0", false)] {
        let sim = Sim::on_port("0", &["--speed", "1x", "--time", "EmptyImage=1.2/12", "--fault", chance]);
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("0001-test");
        let mut run = begin(&folder, 1);
        let patience =
            Patience { job: Some(Duration::from_millis(300)), cancel: Duration::from_mins(1), ..patience() };
        let counts = work(&sim.url, &mut run, patience).0.unwrap();
        assert_eq!((counts.done, counts.failed), (u64::from(done), u64::from(!done)), "{chance}");
        let left = inspect(&folder);
        let record = &left.records[0];
        assert_eq!(record.outputs.len(), if done { 2 } else { 0 }, "{chance}");
        let failure = record.failure.as_ref().map(|failure| failure.message.clone());
        assert_eq!(failure.as_deref(), (!done).then_some("it did not end within 0 s"));
    }
}

/// What a server that plays tricks knows.
#[derive(Debug, Default)]
struct Tricks {
    /// Ids that were handed over, in order.
    sent: Vec<String>,
    /// Of the first one: how often it was asked to stop, and whether it has ended.
    asked: u32,
    is_over: bool,
    uploads: u32,
    /// What happened, in order.
    story: Vec<String>,
}

fn ran(id: &str, nodes: &[&str]) -> Value {
    let file = |node: &&str| {
        let name = format!("{node}.png");
        ((*node).to_owned(), json!({ "images": [{ "filename": name, "subfolder": "", "type": "output" }] }))
    };
    let outputs: serde_json::Map<String, Value> = nodes.iter().map(file).collect();
    let status = json!({ "status_str": "success", "completed": true, "messages": [] });
    json!({ id: { "prompt": [0, id, workflow(), {}, nodes], "outputs": outputs, "status": status } })
}

/// A server without a socket that has lost the files that were put there: it takes over the part of the first workflow that
/// can do without them, and ends it well although it was told twice to stop.
fn forgetful(tricks: &Arc<Mutex<Tricks>>) -> String {
    let tricks = Arc::clone(tricks);
    serve(move |method, path, _, body| {
        let mut tricks = tricks.lock().unwrap();
        let json = |value: Value| (200, "application/json", value.to_string().into_bytes());
        let none = || (404, "text/plain", Vec::new());
        let path = path.split('?').next().unwrap();
        let first = tricks.sent.first().cloned().unwrap_or_default();
        match (method, path) {
            (_, "/system_stats") => json(json!({"system": {"comfyui_version": "0.27.0"}, "devices": []})),
            (_, "/upload/image") => {
                tricks.uploads += 1;
                tricks.story.push("upload".to_owned());
                json(json!({ "name": "abc.png", "subfolder": "wfc", "type": "input" }))
            }
            ("POST", "/prompt") => {
                let body: Value = serde_json::from_slice(body).unwrap();
                let id = body["prompt_id"].as_str().unwrap().to_owned();
                tricks.story.push("prompt".to_owned());
                tricks.sent.push(id.clone());
                let error =
                    json!({ "type": "custom_validation_failed", "message": "no such file", "details": "" });
                let errors = json!({ "given": { "errors": [error], "class_type": "LoadImage", "dependent_outputs": ["copy"] } });
                let is_first = tricks.sent.len() == 1;
                json(
                    json!({ "prompt_id": id, "number": 0, "node_errors": if is_first { errors } else { json!({}) } }),
                )
            }
            (_, "/queue") if method == "GET" => {
                let running = if tricks.is_over || first.is_empty() {
                    vec![]
                } else {
                    vec![json!([0, first, {}, {}, []])]
                };
                json(json!({ "queue_running": running, "queue_pending": [] }))
            }
            ("POST", cancel) if cancel.ends_with("/cancel") => {
                tricks.asked += 1;
                tricks.story.push("cancel".to_owned());
                tricks.is_over = tricks.asked > 1;
                json(json!({ "cancelled": true }))
            }
            (_, "/view") if tricks.uploads == 0 || !tricks.is_over && first.is_empty() => none(),
            (_, "/view") => {
                let bytes = std::fs::read(repository("tests/it/run/given.png")).unwrap();
                (200, "image/png", bytes)
            }
            (_, path) if path.starts_with("/history/") => {
                let id = path.rsplit('/').next().unwrap();
                if id == first {
                    json(if tricks.is_over { ran(id, &["save"]) } else { json!({}) })
                } else if tricks.sent.iter().any(|sent| sent == id) {
                    json(ran(id, &["copy", "save"]))
                } else {
                    json(json!({}))
                }
            }
            _ => none(),
        }
    })
}

#[test]
fn a_workflow_of_which_a_part_was_refused_is_handed_over_again_when_nothing_of_it_runs() {
    let tricks = Arc::new(Mutex::new(Tricks::default()));
    let url = forgetful(&tricks);
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("0001-test");
    let mut run = begin(&folder, 1);
    let patience = Patience { cancel: Duration::from_mins(1), ..patience() };
    let counts = work(&url, &mut run, patience).0.unwrap();
    assert_eq!((counts.done, counts.all), (1, 1));
    let tricks = tricks.lock().unwrap();
    assert_eq!(tricks.story.join(" "), "upload prompt cancel cancel prompt");
    assert_eq!(lines(&folder), ["run", "sending", "lost", "sending", "ended", "closed"]);
    let left = inspect(&folder);
    assert_eq!((left.records[0].ending, left.records[0].attempts), (Ending::Done, 2));
    assert_eq!(left.records[0].id, tricks.sent[1]);
    assert_eq!(left.records[0].outputs.len(), 2);
}

#[test]
fn a_part_that_ran_while_the_client_was_away_is_not_taken_for_the_whole() {
    let tricks = Arc::new(Mutex::new(Tricks::default()));
    let url = forgetful(&tricks);
    for (nodes, expected) in [(["save"].as_slice(), "prompt"), (&["copy", "save"], "")] {
        let id = "00000000-0000-4000-8000-000000000001".to_owned();
        *tricks.lock().unwrap() = Tricks {
            sent: vec![if nodes.len() == 1 { id.clone() } else { "another".to_owned() }, id.clone()],
            is_over: true,
            uploads: 1,
            ..Tricks::default()
        };
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("0001-test");
        let mut run = begin(&folder, 1);
        // The client was killed before it could write down what it was answered.
        let sending =
            Record::Sending { job: 1, attempt: 1, id: id.clone(), on: url.clone(), at: String::new() };
        run.journal.append(&sending).unwrap();
        drop(run);
        let counts = work(&url, &mut go_on(&folder), patience()).0.unwrap();
        assert_eq!(counts.done, 1);
        let story = tricks.lock().unwrap().story.join(" ");
        assert_eq!(story.trim_start_matches("upload "), expected, "{nodes:?}");
        assert_eq!(inspect(&folder).records[0].outputs.len(), 2);
    }
}

#[test]
fn a_node_that_nothing_needs_is_no_part_that_was_refused() {
    let sim = Sim::start(&[]);
    let id = "00000000-0000-4000-8000-000000000001".to_owned();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("0001-test");
    let mut run = begin(&folder, 1);
    // The server has run it, and the client was killed meanwhile.
    let body = json!({ "prompt": loose(), "prompt_id": id, "client_id": "me" }).to_string();
    assert_eq!(sim.client().post_json("/prompt", body.as_bytes()).unwrap().status, 200);
    let on = sim.url.clone();
    run.journal
        .append(&Record::Sending { job: 1, attempt: 1, id: id.clone(), on, at: String::new() })
        .unwrap();
    drop(run);
    let mut comfy = sim.comfy();
    let options = Options { patience: patience(), ..Options::default() };
    let counts =
        batch::run(&mut comfy, &mut Loose, &mut go_on(&folder), &options, &Stop::default(), &mut |_| {});
    assert_eq!(counts.unwrap().done, 1);
    assert_eq!(inspect(&folder).records[0].id, id);
    assert_eq!(sim.client().get_json("/history").unwrap().as_object().unwrap().len(), 1);
}

#[test]
fn that_nothing_is_heard_of_a_job_is_said_once() {
    let sim = Sim::start(&["--fault", "hang"]);
    let place = tempfile::tempdir().unwrap();
    let mut run = begin(&place.path().join("0001-test"), 1);
    let mut notices = Vec::new();
    let options = Options {
        patience: Patience { silence: Duration::from_millis(500), ..patience() },
        ..Options::default()
    };
    let result =
        batch::run(&mut sim.comfy(), &mut Loose, &mut run, &options, &Stop::default(), &mut |event| {
            if let Event::Notice { message } = event {
                notices.push(message);
            }
        });
    // It is not stopped either, which ends the run.
    assert!(result.is_err());
    let said = notices.iter().filter(|notice| notice.contains("nothing was heard of it")).count();
    assert_eq!(said, 1, "{notices:?}");
}
