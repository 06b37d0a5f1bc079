//! `wfc run` and `wfc runs` as their user sees them.

use super::{Sim, batch, inspect};
use crate::support::{Folder, Run};

/// Output without what differs from run to run.
fn stable(run: &Run, sim: &Sim) -> String {
    let text = run.stdout.replace(&sim.url, "SERVER");
    let mut out = String::new();
    for line in text.lines() {
        // `done in 0.1 s`, `started 2026-…`.
        let words: Vec<&str> = line.split(' ').collect();
        let mut kept: Vec<String> = Vec::new();
        for (at, word) in words.iter().enumerate() {
            let before_s = words.get(at + 1).is_some_and(|next| next.trim_end_matches([':', ',']) == "s");
            let is_number = word.parse::<f64>().is_ok();
            let is_time = word.len() == 20 && word.ends_with('Z');
            kept.push(if before_s && is_number || is_time { "…".to_owned() } else { (*word).to_owned() });
        }
        out += &kept.join(" ");
        out.push('\n');
    }
    out
}

#[test]
fn a_preset_runs_and_its_picture_is_fetched() {
    let sim = Sim::start(&[]);
    let folder = Folder::with([("smoke.toml", "graph = \"smoke\"\n")]);
    let run = folder.wfc(&["run", "smoke.toml", "--on", &sim.url]).succeeded();
    insta::assert_snapshot!(stable(&run, &sim), @"
    0001-smoke: 1 job on SERVER (ComfyUI 0.27.0, cuda:0 RTX 4090 : cudaMallocAsync, 24.0 GiB, simulated)
    smoke: sent
    smoke: started
    smoke: make: EmptyImage (1 of 2)
    smoke: save: SaveImage (2 of 2)
    smoke: done in … s: outputs/0001-smoke/smoke_00001_.png
    ");
    assert_eq!(inspect(&folder.path("outputs/0001-smoke")).records.len(), 1);

    let shown = folder.wfc(&["runs", "show", "1"]).succeeded();
    insta::assert_snapshot!(stable(&shown, &sim), @"
    0001-smoke: 1 of 1 done
      wfc run smoke.toml --on SERVER
      started …
      on SERVER, ComfyUI 0.27.0, cuda:0 RTX 4090 : cudaMallocAsync with 24.0 GiB, simulated

    smoke: done in … s
      outputs/0001-smoke/smoke_00001_.png (513 bytes)
      … s on the server
    ");
    let listed = folder.wfc(&["runs", "list"]).succeeded();
    insta::assert_snapshot!(stable(&listed, &sim), @"0001-smoke  …  1 of 1 done");
}

#[test]
fn events_are_lines_of_json_that_keep_to_their_schema() {
    let sim = Sim::start(&[]);
    let folder = Folder::with([("batch.toml", &batch(3))]);
    let run = folder.wfc(&["run", "batch.toml", "--on", &sim.url, "--format", "json"]).succeeded();
    let schema = serde_json::from_str(&folder.wfc(&["schema", "events"]).succeeded().stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let events: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &events {
        assert!(validator.is_valid(event), "{event}");
    }
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names.iter().filter(|name| **name == "job_ended").count(), 3);
    assert_eq!((names.first(), names.last()), (Some(&"run_started"), Some(&"run_ended")));

    let schema = serde_json::from_str(&folder.wfc(&["schema", "run"]).succeeded().stdout).unwrap();
    let record = folder.json("outputs/0001-batch/run.json");
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&record), "{record:#}");
    let shown = folder.wfc(&["runs", "show", "1", "--format", "json"]).succeeded().stdout;
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["counts"], record["counts"]);
}

#[test]
fn a_run_goes_on_where_it_failed_and_is_not_run_twice() {
    let sim = Sim::start(&["--fault", "error@3"]);
    let folder = Folder::with([("batch.toml", &batch(4))]);
    let arguments = ["run", "batch.toml", "--on", &sim.url, "--fail-fast", "--in-flight", "1"];
    let failed = folder.wfc(&arguments);
    assert_eq!(failed.code, Some(1), "{}{}", failed.stdout, failed.stderr);
    assert!(failed.stdout.contains("1 of 4 done, 1 failed, 2 not run"), "{}", failed.stdout);
    let resumed = folder.wfc(&[&arguments[..], &["--resume"]].concat()).succeeded();
    assert!(resumed.stdout.contains("4 jobs, 1 of them done before"), "{}", resumed.stdout);
    assert_eq!(sim.colors(), [1, 2, 3, 4]);
    assert_eq!(inspect(&folder.path("outputs/0001-batch")).records.len(), 4);
    let again = folder.wfc(&[&arguments[..], &["--resume"]].concat()).succeeded();
    assert_eq!(again.stdout, "note: outputs/0001-batch: all jobs of this run are done\n");
    assert_eq!(sim.colors(), [1, 2, 3, 4]);
    let none = folder.wfc(&["run", "batch.toml", "--on", &sim.url, "--set", "width=65", "--resume"]).failed();
    insta::assert_snapshot!(none, @"wfc: outputs has no run of these jobs to go on with (outputs/0001-batch is of other values); run it without --resume");
}

#[test]
fn memory_that_runs_out_is_explained_with_what_to_do() {
    let sim = Sim::start(&["--fault", "oom@2", "--gpu", "rtx-4090"]);
    let folder = Folder::with([("smoke.toml", "graph = \"smoke\"\n")]);
    let run = folder.wfc(&["run", "smoke.toml", "--on", &sim.url]);
    assert_eq!(run.code, Some(1));
    for part in
        ["node `save` (SaveImage, step save)", "the card's memory ran out", "`wfc fit smoke.toml --vram"]
    {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let shown = folder.wfc(&["runs", "show", "0001-smoke"]).succeeded().stdout;
    assert!(shown.contains("again: wfc run smoke.toml --on"), "{shown}");
}

#[test]
fn input_files_are_put_on_the_server_and_missing_ones_stop_the_run_before_it_begins() {
    let sim = Sim::start(&[]);
    let graph = "title = \"x\"\n[params.image]\ntype = \"image\"\ndoc = \"x\"\n[nodes.load]\nclass = \"LoadImage\"\n\
                 inputs = { image = { param = \"image\" } }\n[nodes.save]\nclass = \"SaveImage\"\n\
                 inputs = { images = { node = \"load\", out = \"IMAGE\" }, filename_prefix = \"x\" }\n";
    let folder = Folder::with([
        ("graphs/g.toml", graph),
        ("presets/p.toml", "graph = \"../graphs/g.toml\"\n[params]\nimage = \"me.png\"\n"),
    ]);
    folder.write(
        "presets/me.png",
        std::fs::read(crate::support::repository("tests/it/run/given.png")).unwrap(),
    );
    folder.wfc(&["run", "presets/p.toml", "--on", &sim.url]).succeeded();
    let record = folder.json("outputs/0001-p/run.json");
    let input = &record["jobs"][0]["inputs"][0];
    assert_eq!(input["param"], "image");
    assert_eq!(input["file"], "presets/me.png");
    assert!(input["uploaded_as"].as_str().unwrap().starts_with("wfc/"), "{input}");
    // Elsewhere, by name.
    folder.write("far/away.png", folder.read("presets/me.png"));
    folder.wfc(&["run", "presets/p.toml", "--on", &sim.url, "--input", "image=far/away.png"]).succeeded();
    let wrong =
        folder.wfc(&["run", "presets/p.toml", "--on", &sim.url, "--input", "imgae=far/away.png"]).failed();
    assert_eq!(wrong, "wfc: no workflow has an input file `imgae`; did you mean `image`?\n");
}

#[test]
fn compiled_workflows_run_as_they_are_alone_and_by_their_manifest() {
    let sim = Sim::start(&[]);
    let folder = Folder::with([("batch.toml", &batch(2))]);
    folder.wfc(&["build", "batch.toml", "-o", "built"]).succeeded();
    folder.wfc(&["run", "built/batch.wfc.json", "--on", &sim.url]).succeeded();
    assert_eq!(sim.colors(), [1, 2]);
    let name = folder.names().into_iter().find(|name| name.ends_with("1.workflow_api.json")).unwrap();
    folder.wfc(&["run", &name, "--on", &sim.url]).succeeded();
    folder
        .write("prompt.json", format!("{{\"prompt\": {}}}", String::from_utf8(folder.read(&name)).unwrap()));
    folder.wfc(&["run", "prompt.json", "--on", &sim.url]).succeeded();
}

#[cfg(unix)]
#[test]
fn the_first_interrupt_lets_the_job_end_that_runs_and_takes_back_the_others() {
    let sim = Sim::on_port("0", &["--speed", "1x", "--time", "EmptyImage=0.7"]);
    let folder = Folder::with([("batch.toml", &batch(6))]);
    let arguments = ["run", "batch.toml", "--on", &sim.url, "--in-flight", "3"];
    let child = folder.command(&arguments).stdout(std::process::Stdio::piped()).spawn().unwrap();
    // As soon as the first job runs.
    let journal = folder.path("outputs/0001-batch/journal.jsonl");
    let is_sent = || std::fs::read_to_string(&journal).is_ok_and(|text| text.matches("sending").count() == 3);
    while !is_sent() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    // On a slow machine more than one may have run.
    let done = sim.colors();
    assert!(!done.is_empty() && done.len() < 6, "{done:?}");
    assert!(text.contains(&format!("{} of 6 done, {} not run", done.len(), 6 - done.len())), "{text}");
    assert_eq!(done, (1..=done.len() as u64).collect::<Vec<u64>>());
    let queue = sim.client().get_json("/queue").unwrap();
    assert_eq!(queue, serde_json::json!({"queue_running": [], "queue_pending": []}));
    folder.wfc(&[&arguments[..], &["--resume"]].concat()).succeeded();
    assert_eq!(sim.colors(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_path_at_which_there_is_nothing_is_told_with_what_may_be_meant() {
    let folder = Folder::with([
        ("smoke.toml", "graph = \"smoke\"\n"),
        ("a/one.json", "{}"),
        ("folders/one.json", "{}"),
    ]);
    let said: String =
        ["smoek.toml", "a/noe.json", "nope.toml", "b/c/smoke.toml", "folder/one.json", "x.wfc.json"]
            .map(|path| folder.wfc(&["run", path]).failed())
            .concat();
    insta::assert_snapshot!(said, @"
    wfc: no such file: smoek.toml; did you mean `smoke.toml`?
    wfc: no such file: a/noe.json; did you mean `a/one.json`?
    wfc: no such file: nope.toml; check the path, which counts from the current folder
    wfc: no such file: b/c/smoke.toml; there is no folder b either: check the path
    wfc: no such file: folder/one.json; did you mean `folders/one.json`?
    wfc: no such file: x.wfc.json; check the path, which counts from the current folder
    ");
    let run = folder.wfc(&["doctor", "nope.toml"]);
    assert_eq!((run.code, &*run.stdout), (Some(2), "Nothing was checked.\n"));
    insta::assert_snapshot!(folder.wfc(&["lint", "smoek.toml"]).stdout, @"
    error[unreadable-file]: no such file: smoek.toml
      file: smoek.toml
      help: did you mean `smoke.toml`?

    1 error in 1 file
    ");
}
