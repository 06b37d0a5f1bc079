//! A character dances like the person of a driving video: first SCAIL, then Wan 2.2, in the one order that
//! compiles. Prints the same bytes as `wfc build presets/scail-uni3c-wan22.toml -o -` writes as a file.

use std::io::Write as _;

use wfc::dsl::{Pipeline, step};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let workflow =
        Pipeline::input(step::Input { frames: 81, ..step::Input::new("character.png", "driving.mp4") })
            .scail(step::Scail { seed: 42, ..step::Scail::new("a person is dancing") })
            .uni3c(step::Uni3c { strength: 0.7, ..step::Uni3c::default() })
            .wan(step::Wan::default())
            .sample(step::Sample { steps: 10, start: 3, split: 5, ..step::Sample::default() })
            .output(step::Output { filename_prefix: "pipelineA".into(), ..step::Output::default() });
    let program = workflow.compile()?;
    std::io::stdout().write_all(&program.json())?;
    Ok(())
}
