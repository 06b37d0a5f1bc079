//! Files that are no workflow, and files that mean harm: said for the file, and the others are checked.

use std::io::Write as _;

use insta::assert_snapshot;
use serde_json::json;

use super::{PICTURE, SAVED, workflow};
use crate::support::{Folder, Run};

/// Files that are broken in some way: a name, the content, and the rule that says so. The exit code is 1.
pub(crate) fn broken() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let levels = 10_000;
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    let in_node =
        |value: &str| format!(r#"{{"1": {{"class_type": "EmptyImage", "inputs": {{"width": {value}}}}}}}"#);
    let texts = [
        ("empty.json", String::new(), "json-syntax"),
        ("blank.json", " \n".into(), "json-syntax"),
        ("text.json", "hello".into(), "json-syntax"),
        ("page.json", "<!DOCTYPE html><html></html>".into(), "json-syntax"),
        ("cut.json", workflow(&[PICTURE, SAVED])[..150].into(), "json-syntax"),
        ("two.json", "{}\n{}".into(), "json-syntax"),
        ("comment.json", "{} // a comment".into(), "json-syntax"),
        ("nul.json", "\0".repeat(100), "json-syntax"),
        ("list.json", "[]".into(), "not-a-workflow"),
        ("number.json", "7".into(), "not-a-workflow"),
        ("null.json", "null".into(), "not-a-workflow"),
        ("string.json", "\"x\"".into(), "not-a-workflow"),
        ("true.json", "true".into(), "not-a-workflow"),
        ("nodes.json", r#"{"1": 7, "2": [], "3": null, "4": "x", "5": {"inputs": {}}}"#.into(), "not-a-node"),
        ("class.json", r#"{"1": {"class_type": 7, "inputs": {}}}"#.into(), "not-a-node"),
        ("ui-nodes.json", r#"{"nodes": [7, null, "x", []], "links": []}"#.into(), "not-a-node"),
        (
            "ui-twice.json",
            r#"{"nodes": [{"id": 1, "type": "EmptyImage"}, {"id": 1, "type": "EmptyImage"}], "links": []}"#
                .into(),
            "duplicate-node-id",
        ),
        ("lists.json", nested("[", "]"), "json-syntax"),
        ("objects.json", nested("{\"a\":", "}"), "json-syntax"),
        ("value.json", in_node(&nested("[", "]")), "json-syntax"),
        ("nan.json", format!("[NaN, {}]", nested("[", "]")), "json-syntax"),
        ("ui.json", format!(r#"{{"nodes": [{}], "links": []}}"#, nested("[", "]")), "json-syntax"),
        ("recursive.json", subgraphs(3, |level| (level + 1) % 3, 1), "recursive-subgraph"),
        ("many.json", subgraphs(20, |level| level + 1, 10), "too-many-nodes"),
        ("missing.json", subgraphs(1, |level| level + 1, 1), "missing-subgraph"),
    ];
    texts.into_iter().map(|(name, text, rule)| (name, text.into_bytes(), rule)).collect()
}

/// So many subgraphs, each with so many nodes that are the subgraph of another number.
fn subgraphs(count: usize, next: impl Fn(usize) -> usize, nodes: usize) -> String {
    let id = |number: usize| format!("{number:08}-0000-0000-0000-000000000000");
    let subgraph = |number: usize| {
        let inner: Vec<_> = (0..nodes).map(|node| json!({"id": node, "type": id(next(number))})).collect();
        json!({"id": id(number), "name": "S", "inputs": [], "outputs": [], "nodes": inner, "links": []})
    };
    let all: Vec<_> = (0..count).map(subgraph).collect();
    json!({"version": 0.4, "nodes": [{"id": 1, "type": id(0)}], "links": [], "definitions": {"subgraphs": all}})
        .to_string()
}

/// Files that cannot be read: a name, and the content. The exit code is 2.
pub(crate) fn unreadable() -> Vec<(&'static str, Vec<u8>)> {
    let mut damaged = picture("tEXt", b"prompt\0{}");
    damaged[20] ^= 1;
    let mut bomb = flate2::write::ZlibEncoder::new(b"prompt\0\0".to_vec(), flate2::Compression::fast());
    bomb.write_all(&vec![b' '; (64 << 20) + 1]).unwrap();
    vec![
        ("latin1.json", b"{\"1\": \"\xe9\"}".to_vec()),
        ("utf16.json", "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("damaged.png", damaged),
        ("bomb.png", picture("zTXt", &bomb.finish().unwrap())),
        ("plain.png", picture("IHDR", &[0; 13])),
        ("cut.webp", b"RIFF\x24\0\0\0WEBPEXIF\xff\xff\0\0".to_vec()),
        ("none.png", b"no picture \xff".to_vec()),
    ]
}

/// A PNG picture of one chunk, with the right checksum.
pub(crate) fn picture(name: &str, contents: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(name.as_bytes());
    sum.update(contents);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend(u32::try_from(contents.len()).unwrap().to_be_bytes());
    bytes.extend(name.as_bytes());
    bytes.extend(contents);
    bytes.extend(sum.sum().to_be_bytes());
    bytes
}

#[test]
fn each_broken_file_has_a_message_of_its_own_and_the_others_are_checked() {
    for (name, bytes, rule) in broken() {
        let folder = Folder::with([("fine.json", &workflow(&[PICTURE, SAVED]))]);
        folder.write(name, bytes);
        let Run { code, stdout, stderr } = folder.wfc(&["lint", name, "fine.json"]);
        assert_eq!((code, &*stderr), (Some(1), ""), "{name}: {stdout}");
        assert!(stdout.contains(&format!("error[{rule}]")), "{name}: {stdout}");
        assert!(stdout.ends_with("in 2 files\n") && !stdout.contains("fine.json"), "{name}: {stdout}");
        assert!(stdout.len() < 20_000, "{name}: {} bytes", stdout.len());
    }
}

#[test]
fn what_cannot_be_read_makes_the_exit_code_2_and_the_others_are_checked() {
    for (name, bytes) in unreadable() {
        let folder = Folder::with([("fine.json", &workflow(&[PICTURE, SAVED]))]);
        folder.write(name, bytes);
        let Run { code, stdout, stderr } = folder.wfc(&["lint", name, "fine.json"]);
        assert_eq!((code, &*stderr), (Some(2), ""), "{name}: {stdout}");
        assert!(stdout.starts_with("error[unreadable-file]: "), "{name}: {stdout}");
        assert!(stdout.ends_with("1 error in 2 files\n"), "{name}: {stdout}");
    }
}

#[test]
fn a_file_beyond_the_limit_is_not_read_whole() {
    let folder = Folder::new();
    // A hole takes no room on the disk.
    std::fs::File::create(folder.path("big.json")).unwrap().set_len(70 << 20).unwrap();
    let run = folder.wfc(&["lint", "big.json"]);
    assert_eq!(run.code, Some(2));
    assert_snapshot!(run.stdout, @"
    error[unreadable-file]: big.json is larger than 32 MiB, the limit for a source file
      file: big.json

    1 error in 1 file
    ");
}

#[test]
fn in_a_folder_only_what_looks_like_a_workflow_counts() {
    let folder = Folder::with([
        ("fine.json", &workflow(&[PICTURE, SAVED])),
        ("package.json", "{\"name\": \"x\", \"inputs\": [\"class_type\"]}"),
        ("notes.json", "not even JSON"),
        ("cut.json", &workflow(&[PICTURE, SAVED])[..150]),
    ]);
    folder.write("photo.png", picture("IHDR", &[0; 13]));
    folder.write("art.png", picture("tEXt", b"prompt\0a fox in the snow"));
    folder
        .write("made.png", picture("tEXt", &[b"prompt\0", workflow(&[PICTURE, SAVED]).as_bytes()].concat()));
    let run = folder.wfc(&["lint", "."]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stdout.contains("cut.json") && run.stdout.ends_with("1 error in 3 files\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_picture_is_checked_and_never_repaired() {
    let text = workflow(&[&PICTURE.replace("\"width\": 64", "\"width\": \"64\""), SAVED]);
    let bytes = picture("tEXt", &[b"prompt\0", text.as_bytes()].concat());
    let folder = Folder::new();
    folder.write("w.png", &bytes);
    let run = folder.wfc(&["lint", "w.png", "--fix"]);
    assert_eq!((run.code, &*run.stderr), (Some(0), "0 findings repaired\n"));
    assert_snapshot!(run.stdout, @r#"
    warning[coerced-value]: `width` takes INT, and ComfyUI turns "64" into 64
       ╭─[w.png:2:55]
     1 │ {
     2 │ …s_type": "EmptyImage", "inputs": {"width": "64", "height": 64, "batch_size": 1, "color": 0…
       ·                                             ────
     3 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}
       ╰────
      node: `1` (EmptyImage), input `width`
      help: write 64
      fix: write 64 (--fix)

    1 warning in 1 file
    "#);
    assert_eq!(folder.read("w.png"), bytes);
}

#[test]
fn ids_of_links_are_texts() {
    let saved = r#""2": {"class_type": "SaveImage", "inputs": {"images": [1, 0], "filename_prefix": "x"}}"#;
    let folder = Folder::with([("w.json", &workflow(&[PICTURE, saved]))]);
    assert_snapshot!(folder.wfc(&["lint", "w.json", "--gate", "check"]).stdout, @r#"
    error[broken-link]: `images` links to the node 1, which is not a text; ids are texts
       ╭─[w.json:3:55]
     2 │ "1": {"class_type": "EmptyImage", "inputs": {…
     3 │ "2": {"class_type": "SaveImage", "inputs": {"images": [1, 0], "filename_prefix": "x"}}
       ·                                                       ──────
     4 │ }
       ╰────
      node: `2` (SaveImage), input `images`
      help: write ["1", 0]

    1 error in 1 file
    "#);
}
