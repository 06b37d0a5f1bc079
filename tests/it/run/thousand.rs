//! A thousand jobs, with the client killed and the server failing at moments that a seed decides. What is on disk at the
//! end is held against what the server itself saw, over all its lives.

#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wfc::exec::batch::{self, Jobs, Options, Patience, Stop};
use wfc::exec::comfy::{Comfy, address::Address, http::Client};
use wfc::exec::journal::{self, Record, State};
use wfc::exec::record::Ending;
use wfc::exec::{Error, Job, Trouble};
use wfc::sim::{Config, Running, start};

use super::faults::{begin, go_on, patience};
use super::kill::{look_in_between, random};
use super::{files, inspect};
use crate::sim::client::{config, faults};

const JOBS: u64 = 1000;

/// Another order of faults and kills; found at fault with one, a run is repeated with it.
const SEED: u64 = 0x5eed_0123_4567_89ab;

/// So many times the client is killed, unless the run is over before.
const KILLS: u32 = 12;

/// How often each fault strikes, and how many of what it counts there are at least in a run.
const FAULTS: [(&str, usize, u64); 10] = [
    ("crash", 3, 1800),
    ("error", 3, 1800),
    ("oom", 2, 1800),
    ("hang", 1, 1800),
    ("output-full", 3, 900),
    ("zombie", 1, 900),
    ("ws-cut", 5, 6000),
    ("bad-gateway", 6, 2500),
    ("cut-body", 6, 2500),
    ("garbage", 4, 2500),
];

/// Tells this program, when it is started again by itself, that it is the client, and of which server in which folder.
const CLIENT: &str = "WFC_TEST_CLIENT";

/// The end of the name of the file with the client's last word, which stands beside its folder.
const WORD: &str = "word";

/// Each job makes a picture of its own color, of one pixel.
struct Pictures;

impl Jobs for Pictures {
    fn job(&mut self, number: u64) -> Result<Job, Error> {
        let workflow = serde_json::json!({
            "picture": {
                "class_type": "EmptyImage",
                "inputs": { "width": 1, "height": 1, "batch_size": 1, "color": number },
            },
            "save": {
                "class_type": "SaveImage",
                "inputs": { "images": ["picture", 0], "filename_prefix": "x" },
            },
        });
        let workflow = workflow.to_string().into_bytes();
        Ok(Job { name: format!("job {number}"), workflow, ..Job::default() })
    }
}

/// No test, unless the one below starts it: the client, in a process of its own, which can be killed. It leaves a word on
/// how it ended.
#[test]
fn client() {
    let Ok(given) = std::env::var(CLIENT) else { return };
    let (url, folder) = given.split_once(' ').unwrap();
    let folder = Path::new(folder);
    let mut run = if folder.exists() { go_on(folder) } else { begin(folder, JOBS) };
    let mut comfy = Comfy::new(Client::new(Address::parse(url).unwrap()));
    let patience =
        Patience { job: Some(Duration::from_millis(1500)), cancel: Duration::from_millis(500), ..patience() };
    let options = Options { in_flight: 8, patience, ..Options::default() };
    let result = batch::run(&mut comfy, &mut Pictures, &mut run, &options, &Stop::default(), &mut |_| {});
    let word = match result {
        Ok(counts) if counts.done == counts.all => "done",
        Ok(_) => "some failed",
        Err(error) if error.trouble == Trouble::Stuck => "stuck",
        // It was not there, or something else answered, when it was asked who it is.
        Err(error) if matches!(error.trouble, Trouble::Unreachable | Trouble::NotComfy) => "no server",
        Err(error) => panic!("{error}"),
    };
    std::fs::write(folder.with_extension(WORD), word).unwrap();
}

fn start_client(url: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["run::thousand::client", "--exact", "--nocapture"])
        .env(CLIENT, format!("{url} {}", folder.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// What happened on the server, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Accepted(String),
    Succeeded(String),
    Failed(String),
    /// The process died, and forgot all.
    Died,
}

/// A server with faults at moments that the seed decides, and what it sees.
fn server(seed: &mut u64) -> (Running, Arc<Mutex<Vec<Seen>>>) {
    let mut wanted = Vec::new();
    for (name, count, of) in FAULTS {
        for _ in 0..count {
            wanted.push(format!("{name}@{}", 1 + random(seed) % of));
        }
    }
    let wanted: Vec<&str> = wanted.iter().map(|fault| &**fault).collect();
    println!("faults: {}", wanted.join(" "));
    let events = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&events);
    let log = move |line: &str| {
        let mut words = line.split([' ', ',']);
        let event = match (words.next(), words.next(), words.next()) {
            (Some("job"), Some(id), Some("accepted")) => Seen::Accepted(id.to_owned()),
            (Some("job"), Some(id), Some("succeeded")) => Seen::Succeeded(id.to_owned()),
            (Some("job"), Some(id), Some("failed" | "interrupted")) => Seen::Failed(id.to_owned()),
            (Some("the"), Some("process"), Some("died:")) => Seen::Died,
            _ => return,
        };
        tell.lock().unwrap().push(event);
    };
    let config = Config {
        faults: faults(&wanted),
        restart: Duration::from_millis(200),
        admin_port: Some(0),
        ..config()
    };
    (start(config, Box::new(log)).unwrap(), events)
}

#[test]
fn a_thousand_jobs_end_once_each_whatever_happens_on_the_way() {
    let mut seed = SEED;
    let (server, events) = server(&mut seed);
    let url = format!("http://{}", server.addr());
    // Processes are killed here, not machines, so that a disk in memory is as good and needs no waiting.
    let in_memory = Path::new("/dev/shm");
    let place = tempfile::tempdir_in(in_memory).or_else(|_| tempfile::tempdir()).unwrap();
    let folder = place.path().join("0001-test");
    let path = folder.join(journal::FILE_NAME);
    let length = || std::fs::metadata(&path).map_or(0, |found| found.len());
    let (mut kills, mut starts, mut restarts) = (0, 0, 0);
    let begun = Instant::now();
    loop {
        starts += 1;
        assert!(starts < 100, "the run does not end");
        let mut child = start_client(&url, &folder);
        // After so much more has been written down, and a little later.
        let enough = length() + 2_000 + random(&mut seed) % 60_000;
        let later = Duration::from_micros(random(&mut seed) % 20_000);
        let word = loop {
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.success(), "the client ended with {status}");
                break std::fs::read_to_string(folder.with_extension(WORD)).unwrap();
            }
            if kills < KILLS && length() >= enough {
                std::thread::sleep(later);
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
                look_in_between(&folder);
                break "killed".to_owned();
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        match &*word {
            "done" => break,
            // It accepts work and does none: its owner starts it again.
            "stuck" => {
                restarts += 1;
                let admin = format!("http://{}/crash", server.admin_addr().unwrap());
                let deaths = || events.lock().unwrap().iter().filter(|event| **event == Seen::Died).count();
                let before = deaths();
                ureq::post(&admin).send_empty().unwrap();
                while deaths() == before || ureq::get(format!("{url}/prompt")).call().is_err() {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            _ => {}
        }
    }
    println!("{kills} kills, {restarts} restarts, {starts} starts, {:?}", begun.elapsed());
    assert_eq!(kills, KILLS);
    assert!(
        restarts >= 2,
        "a zombie and a node that hangs need a restart each, and {restarts} were asked for"
    );
    compare(&folder, &events.lock().unwrap());
    println!("{:?}", begun.elapsed());
}

/// The invariant: each job ended once and well, its output is whole, and the journal says what the server saw.
fn compare(folder: &Path, events: &[Seen]) {
    let left = inspect(folder);
    assert!(!folder.join(".part").exists());
    assert_eq!(files(folder).len() as u64, JOBS + 2, "a picture for each job, the journal and the record");
    assert_eq!(left.records.len() as u64, JOBS);
    let mut pictures = BTreeSet::new();
    for record in &left.records {
        assert_eq!((record.ending, record.outputs.len()), (Ending::Done, 1), "{record:?}");
        assert!(
            pictures.insert(record.outputs[0].sha256.clone()),
            "job {} has another's picture",
            record.job
        );
    }

    // Every line of the journal, with what came of each id.
    let text = std::fs::read_to_string(folder.join(journal::FILE_NAME)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Record>(line).unwrap());
    let mut sent: BTreeMap<String, u64> = BTreeMap::new();
    let mut ended: BTreeMap<String, Ending> = BTreeMap::new();
    let mut lost: BTreeSet<String> = BTreeSet::new();
    for line in lines {
        match line {
            Record::Sending { job, id, .. } => assert_eq!(sent.insert(id, job), None, "an id was used twice"),
            Record::Lost { id, .. } => assert!(lost.insert(id), "an id was lost twice"),
            Record::Ended(record) => {
                assert_eq!(ended.insert(record.id.clone(), record.ending), None, "{record:?} ended twice");
            }
            Record::Run(_) | Record::Closed { .. } => {}
        }
    }
    let done = ended.values().filter(|ending| **ending == Ending::Done).count() as u64;
    assert_eq!(done, JOBS, "each job is done once");
    assert!(left.contents.jobs.iter().all(|state| matches!(state, State::Ended { is_done: true, .. })));
    assert!(left.contents.closed.is_some());
    for (id, job) in &sent {
        assert_ne!(ended.contains_key(id), lost.contains(id), "job {job}: what came of {id}?");
    }

    // What the server saw: nothing but what was written down before, and each job once but for what it lost itself.
    let mut results: BTreeMap<u64, &str> = BTreeMap::new();
    let mut accepted: BTreeSet<&str> = BTreeSet::new();
    let (mut succeeded, mut failed, mut deaths) = (BTreeSet::new(), BTreeSet::new(), 0);
    for event in events {
        match event {
            Seen::Accepted(id) => {
                assert!(sent.contains_key(id), "{id} was handed over and is not in the journal");
                assert!(accepted.insert(id), "{id} was handed over twice");
            }
            Seen::Succeeded(id) => {
                let before = results.insert(sent[id], id);
                assert_eq!(before, None, "job {} ran twice within one life of the server", sent[id]);
                succeeded.insert(&**id);
            }
            Seen::Failed(id) => assert!(failed.insert(&**id), "{id} failed twice"),
            Seen::Died => {
                deaths += 1;
                // Results that the client had by then stay; the others are lost with the server.
                results.retain(|_, id| ended.contains_key(*id));
            }
        }
    }
    for (id, ending) in &ended {
        match ending {
            Ending::Done => assert!(succeeded.contains(&**id), "{id} is done here and not there"),
            Ending::Failed => assert!(failed.contains(&**id), "{id} has failed here and not there"),
            Ending::Cancelled => panic!("nobody stopped {id}"),
        }
    }
    for (job, id) in &results {
        assert_eq!(ended.get(*id), Some(&Ending::Done), "job {job}: the server has {id}, the journal not");
    }
    let failures = ended.values().filter(|ending| **ending == Ending::Failed).count();
    assert!(failures >= 5 && deaths >= 5, "{failures} failures, {deaths} deaths: the faults did not strike");
}
