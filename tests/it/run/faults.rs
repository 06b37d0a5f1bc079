//! Every fault of the simulated server, for a single job and for a batch. Each job ends once, every output is whole or
//! absent, and the journal tells the truth; `docs/reliability.md` has the table of what came out.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wfc::exec::batch::{self, Event, Jobs, Options, Patience, Run, Stop};
use wfc::exec::journal::{self, Contents, Journal, State};
use wfc::exec::record::{Counts, Ending};
use wfc::exec::{Error, Input, Job};

use super::{Sim, inspect};
use crate::support::repository;

/// Each job of a batch makes a picture of its own color.
struct Pictures(std::path::PathBuf);

impl Jobs for Pictures {
    fn job(&mut self, number: u64) -> Result<Job, Error> {
        let workflow = serde_json::json!({
            "picture": {
                "class_type": "EmptyImage",
                "inputs": { "width": 8, "height": 8, "batch_size": 1, "color": number },
            },
            "save": {
                "class_type": "SaveImage",
                "inputs": { "images": ["picture", 0], "filename_prefix": "x" },
            },
            // An input file that is put on the server, to be there for its own sake.
            "given": { "class_type": "LoadImage", "inputs": { "image": "given.png" } },
            "shown": { "class_type": "PreviewAny", "inputs": { "source": ["given", 1] } },
        });
        Ok(Job {
            name: format!("job {number}"),
            workflow: workflow.to_string().into_bytes(),
            inputs: vec![Input {
                param: "image".into(),
                file: self.0.clone(),
                at: vec!["/given/inputs/image".into()],
            }],
            ..Job::default()
        })
    }
}

/// Short enough for a test, and in the proportions of the real ones.
pub(super) fn patience() -> Patience {
    Patience {
        told: Duration::from_millis(250),
        untold: Duration::from_millis(50),
        ended: Duration::from_millis(10),
        absent: Duration::from_millis(400),
        uncertain: Duration::from_millis(800),
        unreachable: Duration::from_secs(20),
        stuck: Duration::from_secs(1),
        job: Some(Duration::from_millis(2500)),
        silence: Duration::from_mins(10),
        cancel: Duration::from_millis(1500),
    }
}

pub(super) fn begin(folder: &Path, jobs: u64) -> Run {
    std::fs::create_dir(folder).unwrap();
    let run = journal::Run {
        version: journal::VERSION,
        wfc: "test".into(),
        name: "test".into(),
        jobs,
        hash: "test".into(),
        command: "test".into(),
        at: String::new(),
    };
    let journal = Journal::create(folder, &run).unwrap();
    let states = vec![State::New; usize::try_from(jobs).unwrap()];
    Run { folder: folder.to_owned(), journal, contents: Contents { run, jobs: states, closed: None, end: 0 } }
}

pub(super) fn go_on(folder: &Path) -> Run {
    let (journal, contents) = Journal::resume(folder).unwrap();
    Run { folder: folder.to_owned(), journal, contents }
}

fn work(sim: &Sim, folder: &Path, mut run: Run) -> (Result<Counts, Error>, Vec<Event>) {
    let given = folder.with_file_name("given.png");
    let mut events = Vec::new();
    let options = Options { patience: patience(), ..Options::default() };
    let result = batch::run(
        &mut sim.comfy(),
        &mut Pictures(given),
        &mut run,
        &options,
        &Stop::default(),
        &mut |event| events.push(event),
    );
    (result, events)
}

/// What came out of a run under a fault.
fn outcome(fault: Option<&str>, jobs: u64) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(repository("tests/it/run/given.png"), folder.path().join("given.png")).unwrap();
    let output = folder.path().join("0001-test");
    let mut arguments = vec!["--restart", "300ms"];
    arguments.extend(fault.iter().flat_map(|fault| ["--fault", fault]));
    let mut sim = Sim::start(&arguments);
    if fault.is_some_and(|fault| fault.starts_with("big-object-info")) {
        // A run does not ask for it; whoever compiles against this server does.
        let mut answer = Vec::new();
        std::io::copy(&mut sim.client().open("/object_info", 0).unwrap().body, &mut answer).unwrap();
        assert!(answer.len() > 30 << 20);
        let catalog = wfc::catalog::read_catalog(answer, &wfc::catalog::ImportOptions::default()).unwrap();
        assert!(catalog.class("LoadImage").is_some() && catalog.class("LongDescription29").is_some());
    }
    let (result, events) = work(&sim, &output, begin(&output, jobs));
    let mut text = String::new();
    let mut ended: BTreeMap<u64, usize> = BTreeMap::new();
    for event in &events {
        if let Event::JobEnded { job, .. } = event {
            *ended.entry(*job).or_default() += 1;
        }
    }
    assert!(ended.values().all(|count| *count == 1), "{fault:?}: a job ended twice: {ended:?}");
    let left = inspect(&output);
    let is_done = |state: &&State| matches!(state, State::Ended { is_done: true, .. });
    let done = left.contents.jobs.iter().filter(is_done).count() as u64;
    match &result {
        Ok(counts) => {
            assert_eq!((counts.all, counts.done, counts.open), (jobs, done, 0), "{fault:?}: {counts:?}");
            assert_eq!(ended.len() as u64, jobs, "{fault:?}: {events:#?}");
            let _ = write!(text, "{done} done");
            if counts.failed > 0 {
                let failed = left.records.iter().find(|record| record.ending == Ending::Failed).unwrap();
                let failure = failed.failure.as_ref().unwrap();
                let what = failure.exception.as_deref().unwrap_or(&failure.message);
                let _ = write!(text, ", {} failed ({what})", counts.failed);
            }
        }
        Err(error) => {
            let _ = write!(text, "stops: {:?}", error.trouble);
        }
    }
    let again = left.records.iter().any(|record| record.attempts > 1);
    assert!(again || !fault.is_some_and(|fault| fault.starts_with("crash")), "nothing was handed over again");
    // What the server counts must be what is here: nothing ran twice, nothing was forgotten.
    if result.is_ok() && !fault.is_some_and(|fault| fault.starts_with("crash")) {
        let mut colors = sim.colors();
        let all = colors.len();
        colors.dedup();
        assert_eq!(all, colors.len(), "{fault:?}: the server ran a job twice");
        assert_eq!(all as u64, done, "{fault:?}: the server ran other jobs than are here");
    }
    // A good server, and the rest of the jobs.
    if done < jobs {
        let port = sim.port().to_owned();
        drop(sim);
        sim = Sim::on_port(&port, &["--speed", "max"]);
        let (result, _) = work(&sim, &output, go_on(&output));
        let counts = result.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!((counts.done, counts.all), (jobs, jobs), "{fault:?}");
        text += "; all done after --resume";
    }
    let left = inspect(&output);
    let mut outputs: Vec<&str> =
        left.records.iter().flat_map(|record| &record.outputs).map(|output| &*output.sha256).collect();
    outputs.sort_unstable();
    assert_eq!(outputs.len() as u64, jobs, "{fault:?}");
    assert!(!output.join(".part").exists(), "{fault:?}: parts were left");
    drop(sim);
    text
}

/// Fault, when it strikes for a single job and within a batch, and what it is.
const FAULTS: &[(&str, &str, &str, &str)] = &[
    ("none", "", "", "nothing goes wrong"),
    ("zombie", "zombie", "zombie@20", "the server's worker dies"),
    ("crash", "crash@2", "crash@40", "the process is killed and comes back"),
    ("oom", "oom@1", "oom@40", "the card's memory runs out"),
    ("error", "error@1", "error@40", "a node fails"),
    ("hang", "hang@1", "hang@40", "a node never ends"),
    ("lost-interrupt", "lost-interrupt=1", "lost-interrupt=1", "interrupts are overlooked"),
    ("slow", "slow=0.02", "slow=0.02", "every answer is late"),
    ("bad-gateway", "bad-gateway@4x3", "bad-gateway@30x7", "a proxy answers for the server"),
    ("ws-cut", "ws-cut@4", "ws-cut@40x2", "the socket is cut"),
    ("disk-full", "disk-full", "disk-full", "the server cannot store an upload"),
    ("output-full", "output-full", "output-full@20", "the server cannot store an output"),
    ("garbage", "garbage@5", "garbage@40", "an answer is no JSON"),
    ("too-much", "too-much=80@5", "too-much=80@40", "an answer is 80 MB long"),
    ("cut-body", "cut-body@3x3", "cut-body@20x9", "answers break off"),
    ("big-object-info", "big-object-info", "big-object-info", "the list of classes is 30 MB long"),
    ("skew", "skew=3600", "skew=-3600", "the server's clock is wrong"),
    ("windows", "windows", "windows", "the server runs on Windows"),
    ("null-index", "null-index", "null-index", "the server has no card"),
    ("custom-events", "custom-events", "custom-events", "node packs send their own messages"),
    ("nan", "nan", "nan", "outputs hold NaN"),
];

const BEGIN: &str = "<!-- written by tests/it/run/faults.rs -->\n";
const END: &str = "<!-- end -->\n";

#[test]
fn every_fault_of_the_simulated_server_has_a_row() {
    let rows: Vec<&str> = FAULTS.iter().map(|(name, ..)| *name).filter(|name| *name != "none").collect();
    let known: Vec<&str> = wfc::sim::FAULTS.iter().map(|info| info.name).collect();
    assert_eq!(rows, known, "the rows of this table are the faults, in their order");
    for (name, single, many, _) in FAULTS {
        for text in [single, many].into_iter().filter(|text| !text.is_empty()) {
            let fault: wfc::sim::Fault = text.parse().unwrap();
            assert_eq!(fault.kind.info().name, *name, "{text} stands in the row of another fault");
        }
    }
}

#[test]
fn every_fault_leaves_each_job_ended_once_and_every_output_whole_or_absent() {
    let rows: Mutex<BTreeMap<usize, String>> = Mutex::new(BTreeMap::new());
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some((name, single, many, what)) = FAULTS.get(at) else { return };
                    let fault = |text: &'static str| Some(text).filter(|text| !text.is_empty());
                    let single = outcome(fault(single), 1);
                    let many = outcome(fault(many), 50);
                    let row = format!("| `{name}` | {what} | {single} | {many} |\n");
                    rows.lock().unwrap_or_else(PoisonError::into_inner).insert(at, row);
                }
            });
        }
    });
    let rows = rows.into_inner().unwrap();
    assert_eq!(rows.len(), FAULTS.len());
    let table: String = rows.into_values().collect();
    let table = format!(
        "{BEGIN}| fault | what goes wrong | one job | batch of 50 |\n| --- | --- | --- | --- |\n{table}{END}"
    );
    // `WFC_UPDATE_RELIABILITY=1` writes it anew; look at it.
    let path = repository("docs/reliability.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    if std::env::var_os("WFC_UPDATE_RELIABILITY").is_some() {
        std::fs::write(path, format!("{before}{table}{after}")).unwrap();
    } else {
        assert_eq!(format!("{before}{table}{after}"), page, "WFC_UPDATE_RELIABILITY=1 writes it anew");
    }
}
