//! `wfc run` and `wfc::exec` against the simulated server, and against servers that are none.

mod bad;
mod commands;
mod ends;
mod faults;
mod kill;
mod seen;
mod thousand;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use wfc::exec::comfy::{Comfy, address::Address, http::Client};
use wfc::exec::journal::{self, Contents, State};
use wfc::exec::record::JobRecord;

/// A simulated server, which goes away with the test.
pub(super) struct Sim {
    process: Child,
    pub(super) url: String,
}

impl Sim {
    /// Starts one at the speed at which nothing waits.
    pub(super) fn start(arguments: &[&str]) -> Self {
        Self::on_port("0", &[&["--speed", "max"][..], arguments].concat())
    }

    pub(super) fn on_port(port: &str, arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_wfc"))
            .args(["sim", "--port", port])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("`{line}`")).to_owned();
        Self { process, url }
    }

    pub(super) fn client(&self) -> Client {
        Client::new(Address::parse(&self.url).unwrap())
    }

    pub(super) fn comfy(&self) -> Comfy {
        Comfy::new(self.client())
    }

    pub(super) fn port(&self) -> &str {
        self.url.rsplit(':').next().unwrap()
    }

    /// What the server has run well, by the color of the picture.
    pub(super) fn colors(&self) -> Vec<u64> {
        let history = self.client().get_json("/history").unwrap();
        let entries = history.as_object().unwrap().values();
        let good = entries.filter(|entry| entry["status"]["status_str"] == "success");
        let color = |entry: &Value| entry["prompt"][2]["picture"]["inputs"]["color"].as_u64().unwrap();
        let mut colors: Vec<u64> = good.map(color).collect();
        colors.sort_unstable();
        colors
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a run left, held against its own journal.
pub(super) struct Left {
    pub(super) contents: Contents,
    pub(super) records: Vec<JobRecord>,
}

/// Checks the folder of a run: no job ended twice, every output that the journal names is whole, and nothing else is
/// there.
pub(super) fn inspect(folder: &Path) -> Left {
    let path = folder.join(journal::FILE_NAME);
    // Reading fails for a job that goes on after its end.
    let contents = journal::read(&path).unwrap();
    let mut records = Vec::new();
    for state in &contents.jobs {
        if let State::Ended { at, .. } = state {
            records.push(journal::record_at(&path, *at).unwrap().unwrap());
        }
    }
    let mut expected: BTreeSet<PathBuf> = ["journal.jsonl", "run.json"].iter().map(PathBuf::from).collect();
    for output in records.iter().flat_map(|record| &record.outputs) {
        let bytes =
            std::fs::read(folder.join(&output.file)).unwrap_or_else(|error| panic!("{output:?}: {error}"));
        assert!(bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.ends_with(b"IEND\xaeB`\x82"), "{output:?}");
        let (sha256, length) = wfc::exec::outputs::sha256(&folder.join(&output.file)).unwrap();
        assert_eq!((sha256, length), (output.sha256.clone(), output.bytes));
        assert!(expected.insert(PathBuf::from(&output.file)), "{} is there twice", output.file);
    }
    for file in files(folder) {
        let part = file.starts_with(".part");
        assert!(part || expected.contains(&file), "{} is in no record", file.display());
    }
    Left { contents, records }
}

/// The files below a folder, by their paths from it.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found
}

/// A preset for so many pictures, each of another color.
pub(super) fn batch(count: u64) -> String {
    format!("graph = \"smoke\"\n[matrix]\ncolor = {{ from = 1, to = {count}, step = 1 }}\n")
}
