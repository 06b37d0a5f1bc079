//! The examples in README and `docs/` are what they claim to be: they compile.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The fenced TOML blocks of a page that are whole files, with a name for messages.
fn examples(page: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let blocks = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let whole = blocks.filter(|block| {
        block.contains("\ngraph = ") || block.starts_with("graph = ") || block.contains("\n[nodes.")
    });
    whole
        .enumerate()
        .map(|(number, block)| (format!("{page}, example {}", number + 1), block.to_owned()))
        .collect()
}

#[test]
fn every_whole_example_of_the_documentation_lints_clean() {
    let mut count = 0;
    for page in ["README.md", "docs/formats.md", "docs/models.md"] {
        for (name, text) in examples(page) {
            count += 1;
            let folder = tempfile::tempdir().unwrap();
            let file: PathBuf = folder.path().join("example.toml");
            std::fs::write(&file, text).unwrap();
            let output = Command::new(env!("CARGO_BIN_EXE_wfc")).arg("lint").arg(&file).output().unwrap();
            let shown = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{name}:\n{shown}");
        }
    }
    assert!(count >= 3, "the pages have lost their examples: {count}");
}
