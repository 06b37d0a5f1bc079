//! Many workflows from one function: where Wan takes over, by seed. Prints one workflow a line, as
//! `wfc build -o -` does; what is wrong with any of them is shown, and nothing is printed.

use std::io::Write as _;
use std::sync::Arc;

use wfc::back::api::{Ids, Layout};
use wfc::catalog::Catalog;
use wfc::compile::Compiler;
use wfc::dsl::{Pipeline, Problems, Workflow, step};
use wfc::lint::Levels;

fn dance(start: u32, seed: u64) -> Workflow {
    Pipeline::input(step::Input::new("character.png", "driving.mp4"))
        .scail(step::Scail { seed, ..step::Scail::new("a person is dancing on a roof") })
        .uni3c(step::Uni3c::default())
        .wan(step::Wan::from_picture())
        .sample(step::Sample { steps: 12, start, split: 6, ..step::Sample::default() })
        .output(step::Output { filename_prefix: format!("dance-{start}-{seed}"), ..step::Output::default() })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One compiler for all, so that each node class is read once.
    let compiler = Compiler::new(Arc::new(Catalog::embedded()));
    let combinations = [2, 3, 4].into_iter().flat_map(|start| [1, 2].map(|seed| (start, seed)));
    let programs = combinations
        .map(|(start, seed)| compiler.program(&dance(start, seed), &Levels::default()))
        .collect::<Result<Vec<_>, Problems>>()?;
    let mut out = std::io::stdout().lock();
    for program in programs {
        out.write_all(&program.json_with(Ids::Names, Layout::Compact))?;
    }
    Ok(())
}
