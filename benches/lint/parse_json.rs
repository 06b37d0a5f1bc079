//! What `wfc lint` is measured against: reads JSON files, parses each into a tree, and does nothing with it.
//!
//! `parse_json PATH...`; a folder stands for the files in it.

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args_os().skip(1).map(PathBuf::from) {
        if path.is_dir() {
            for entry in fs::read_dir(path)? {
                parse(&entry?.path())?;
            }
        } else {
            parse(&path)?;
        }
    }
    Ok(())
}

fn parse(path: &Path) -> Result<(), Box<dyn Error>> {
    let tree: Value = serde_json::from_slice(&fs::read(path)?)?;
    black_box(&tree);
    Ok(())
}
