//! `wfc explain-oom`: logs beside presets.

use crate::support::{Folder, Run};

const PRESET: &str = "graph = \"wan22-a14b-wrapper\"\n[params]\nmode = \"t2v\"\nprompt = \"a fox\"\nwidth = 1280\nheight = 704\n\
    frames = 81\nblock_swap = 20\nlightning = false\n";

const NEW: &str = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.10 GiB. GPU 0 has a total capacity of 15.60 GiB \
    of which 310.00 MiB is free. Including non-PyTorch memory, this process has 15.20 GiB memory in use. Of the allocated memory \
    14.00 GiB is allocated by PyTorch, and 250.00 MiB is reserved by PyTorch but unallocated.\n";

fn explained(log: &str) -> Run {
    Folder::with([("p.toml", PRESET), ("log", log)]).wfc(&["explain-oom", "log", "p.toml"])
}

#[track_caller]
fn says(run: &Run, all: &[&str]) {
    assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{}", run.stdout);
    for said in all {
        assert!(run.stdout.contains(said), "{said}\n{}", run.stdout);
    }
}

#[test]
fn the_step_is_found_by_the_node_the_traceback_or_the_amounts() {
    let node = format!("- **Node ID:** 27\n- **Node Type:** WanVideoSampler\n{NEW}");
    says(&explained(&node), &["sampling in `sampler_", "by the node that failed", "16.1 GiB at least"]);
    let json = format!("{{\"node_id\": \"decoded\", \"node_type\": \"WanVideoDecode\"}}\n{NEW}");
    says(&explained(&json), &["VAE decode in `decoded` (WanVideoDecode), by the node that failed"]);
    let trace =
        format!("  File \"/a/comfy_x/WanVideoWrapper/wanvideo/wan_video_vae.py\", line 9, in decode\n{NEW}");
    says(&explained(&trace), &["VAE decode in `decoded`", "by the traceback"]);
    let windows = format!("  File \"C:\\a\\WanVideoWrapper\\nodes_sampler.py\", line 9, in process\n{NEW}");
    says(&explained(&windows), &["sampling in `sampler_", "by the traceback"]);
    says(
        &explained(NEW),
        &["by the amounts", "2.1 GiB more were wanted, 310 MiB of 15.6 GiB were free", "What to change"],
    );
}

#[test]
fn pieces_and_other_processes_are_told() {
    let run = explained(
        "CUDA out of memory. Tried to allocate 1.00 GiB (GPU 0; 24.00 GiB total capacity; 15.00 GiB already allocated; 100.00 MiB free; \
         21.00 GiB reserved in total by PyTorch)",
    );
    says(&run, &["Fragmentation: torch had 6.0 GiB reserved and unused", "expandable_segments"]);
    let run = explained(
        "CUDA out of memory. Tried to allocate 1.00 GiB. GPU 0 has a total capacity of 24.00 GiB of which 1.00 GiB is free. Process 7 has \
         8.00 GiB memory in use. Including non-PyTorch memory, this process has 15.00 GiB memory in use. Of the allocated memory 14.00 \
         GiB is allocated by PyTorch, and 20.00 MiB is reserved by PyTorch but unallocated.",
    );
    says(&run, &["Other processes had 8.0 GiB of the card", "8.0 GiB of them stay free"]);
    assert!(!run.stdout.contains("Fragmentation"), "{}", run.stdout);
}

/// The lines of a run that fits: what is predicted and what was measured, in one measure.
#[test]
fn peaks_of_the_wrapper_are_compared_in_the_same_measure() {
    let run = explained(
        "Seq len: 73920\nTransformer blocks on cpu: 7000.00MB\nTransformer blocks on cuda:0: 7000.00MB\n\
         Max allocated memory: max_memory=14.500 GB\nMax reserved memory: max_reserved=16.000 GB\n\
         Requested to load WanVAE\nloaded completely; 9000.00 MB usable, 242.03 MB loaded, full load: True\n",
    );
    says(
        &run,
        &[
            "A step had its peak at 14.5 GiB allocated, 16.0 GiB reserved.",
            "By the amounts sampling in `sampler_",
            "sequence of 73,920 tokens.",
            "Transformer blocks: 6.8 GiB in main memory, 6.8 GiB on the card.",
            "ComfyUI laid WanVAE on the card: 242 MiB.",
        ],
    );
    assert!(!run.stdout.contains("is another"), "{}", run.stdout);
    says(&explained("Seq len: 32760\n"), &["The preset's is another"]);
}

#[test]
fn loading_in_part_and_bare_messages_are_read() {
    let run = explained(
        "Requested to load WAN21\nloaded partially; 15.00 MB usable, 3000.00 MB loaded, 10629.08 MB offloaded, 128.00 MB buffer reserved\n\
         torch.OutOfMemoryError: Allocation on device\n",
    );
    says(
        &run,
        &[
            "laid 2.9 GiB of WAN21 on the card and left 10.4 GiB in main memory",
            "Memory ran out.",
            "Most likely",
        ],
    );
}

#[test]
fn unknown_texts_say_what_was_looked_for() {
    for log in ["", "all is well\n", "RuntimeError: shapes do not match\n"] {
        let run = explained(log);
        assert_eq!((run.code, &*run.stderr), (Some(1), ""));
        assert!(run.stdout.contains("It looked for torch's"), "{}", run.stdout);
    }
    let folder = Folder::with([("p.toml", PRESET), ("log", NEW)]);
    assert!(folder.wfc(&["explain-oom", "none", "p.toml"]).failed().contains("none"));
    assert_eq!(folder.wfc(&["explain-oom", "-", "p.toml"]).code, Some(1));
    folder.write("bytes", b"CUDA out of memory. Tried to allocate \xff\xfe 9999999999999999999999 GiB");
    assert_eq!(folder.wfc(&["explain-oom", "bytes", "p.toml"]).code, Some(0));
    folder.write("bad.toml", "graph = \"wan22-a14b-wrapper\"\n[params]\nmode = \"t3v\"\n");
    assert!(folder.wfc(&["explain-oom", "log", "bad.toml"]).findings().contains("t3v"));
}

#[test]
fn the_document_has_the_shape_of_its_schema_and_says_what_the_text_says() {
    let validator = crate::schemas::schema("explain-oom");
    let folder = Folder::with([
        ("p.toml", PRESET),
        ("log", &format!("{NEW}Seq len: 32760\nMax allocated memory: max_memory=14.500 GB\n")),
        ("empty", "all is well\n"),
    ]);
    let json = |log: &str| {
        let run = folder.wfc(&["explain-oom", log, "p.toml", "--format", "json"]);
        let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let errors = crate::schemas::errors(&validator, &document);
        assert!(errors.is_empty(), "{errors:#?}");
        (run.code, document)
    };
    let (code, document) = json("log");
    assert_eq!(code, Some(0));
    assert_eq!(document["lacks"][0]["step"]["kind"], "sampling");
    assert_eq!(document["lacks"][0]["step"]["found_by"], "amounts");
    assert_eq!(document["lacks"][0]["wanted"], 2_254_857_830.0);
    assert_eq!(document["peaks"][0]["step"]["class"], "WanVideoSampler");
    assert_eq!(document["is_sequence_of_preset"], false);
    assert_eq!(document["fit"]["outcome"], "change");
    let (code, document) = json("empty");
    assert_eq!((code, &document["is_understood"]), (Some(1), &serde_json::Value::Bool(false)));
}
