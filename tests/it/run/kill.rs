//! Killing the client at any moment, and going on.

#![cfg(unix)]

use std::path::Path;
use std::time::Duration;

use super::{Sim, batch, inspect};
use crate::support::Folder;

const BEGIN: &str = "<!-- written by tests/it/run/kill.rs -->\n";
const END: &str = "<!-- end of kills -->\n";

/// A number that is different each time, and the same with the same seed.
pub(super) fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn a_client_that_is_killed_at_any_moment_goes_on_without_loss_and_without_running_twice() {
    // `WFC_KILLS=200` for a long test; docs/reliability.md has its result.
    let kills: u64 = std::env::var("WFC_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let (mut killed, mut in_flight, mut runs) = (0, 0, 0);
    while killed < kills {
        let sim =
            Sim::on_port("0", &["--speed", "1x", "--time", "EmptyImage=0.02", "--time", "SaveImage=0.005"]);
        let folder = Folder::with([("batch.toml", &batch(20))]);
        let arguments = ["run", "batch.toml", "--on", &sim.url, "--in-flight", "3"];
        let output = folder.path("outputs/0001-batch");
        runs += 1;
        let mut is_done = false;
        let (mut length, mut stalled) = (0, 0);
        while killed < kills && !is_done {
            let resume: &[&str] = if output.exists() { &["--resume"] } else { &[] };
            let mut command = folder.command(&[&arguments[..], resume].concat());
            let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
            // A job of which nobody knows whether it arrived is waited for; without the time for that, nothing goes on.
            std::thread::sleep(Duration::from_millis(20 + random(&mut seed) % (500 << stalled)));
            is_done = child.try_wait().unwrap().is_some_and(|status| status.success());
            if !is_done {
                child.kill().unwrap();
                killed += 1;
            }
            child.wait().unwrap();
            let now = std::fs::metadata(output.join("journal.jsonl")).map_or(0, |found| found.len());
            stalled = if now > length { 0 } else { 5.min(stalled + 1) };
            length = now;
            if length > 0 {
                in_flight += usize::from(look_in_between(&output) && !is_done);
            } else if output.exists() {
                // Killed between making the folder and the first line: nothing was begun.
                std::fs::remove_dir_all(&output).unwrap();
            }
        }
        if !is_done {
            let resume: &[&str] = if output.exists() { &["--resume"] } else { &[] };
            folder.wfc(&[&arguments[..], resume].concat()).succeeded();
        }
        let left = inspect(&output);
        assert_eq!(left.records.len(), 20);
        assert!(left.records.iter().all(wfc::exec::record::JobRecord::is_done));
        assert!(!output.join(".part").exists());
        assert_eq!(
            folder
                .names()
                .iter()
                .filter(|name| Path::new(name).extension().is_some_and(|ext| ext == "png"))
                .count(),
            20
        );
        let colors = sim.colors();
        assert_eq!(colors, (1..=20).collect::<Vec<u64>>(), "the server ran a job twice, or never");
    }
    let result = format!(
        "With `WFC_KILLS={kills}`: killed {killed} times, {in_flight} of them with jobs on the server, in {runs} batches; of {} \
         jobs none was lost and none ran twice.\n",
        20 * runs
    );
    println!("{result}");
    // With `WFC_UPDATE_RELIABILITY=1` it is written down.
    if std::env::var_os("WFC_UPDATE_RELIABILITY").is_some() && std::env::var_os("WFC_KILLS").is_some() {
        let path = crate::support::repository("docs/reliability.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = page.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        std::fs::write(path, format!("{before}{BEGIN}{result}{END}{after}")).unwrap();
    }
}

/// After a kill, the journal may have its last line in part, and outputs their names of before; nothing else. True if a
/// job was on its way.
pub(super) fn look_in_between(output: &Path) -> bool {
    let journal = output.join("journal.jsonl");
    let Ok(contents) = wfc::exec::journal::read(&journal) else {
        let text = std::fs::read_to_string(&journal).unwrap();
        assert!(!text.contains('\n'), "a journal that cannot be read: {text}");
        return false;
    };
    for state in &contents.jobs {
        if let wfc::exec::journal::State::Ended { at, .. } = state {
            for file in wfc::exec::journal::record_at(&journal, *at).unwrap().unwrap().outputs {
                let path = [&file.file, &file.part].map(|name| output.join(name));
                let found =
                    path.iter().find(|path| path.is_file()).unwrap_or_else(|| panic!("{file:?} is gone"));
                assert_eq!(wfc::exec::outputs::sha256(found).unwrap().0, file.sha256);
            }
        }
    }
    contents.jobs.iter().any(|state| matches!(state, wfc::exec::journal::State::Sent(..)))
}
