//! `wfc plan`: what workflows will need of a machine before they run.

mod advice;
pub(super) mod assume;
mod cards;
mod chart;
mod document;
mod human;
mod machines;
mod read;
mod svg;

pub(super) use document::Document;

use std::path::PathBuf;

use super::session::Session;
use super::{Exit, Stream, Terminal, ToolError, note, print};
use crate::front::toml::batch::ALL_RUNGS;
use crate::plan::{Residency, Torch, Verdict};
use crate::report::Format as Diagnostics;

/// Tell what workflows will need before they run: memory of the card step by step, of the host, time and money.
///
/// Amounts are ranges: what is measured has narrow ones, and what nobody has measured says "not calibrated". Two
/// questions are answered apart: the least that a card must have, with everything off it that the settings allow, and
/// what it takes without streaming weights. docs/plan.md says how to read a plan.
///
/// Exit code 0 if every workflow has a plan, 1 if one does not compile or does not fit the card that was asked about,
/// 2 if a file cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Presets and workflows, or folders with presets. A workflow is JSON as ComfyUI exports it for the API or saves it
    /// from its editor, or a picture that ComfyUI wrote it into.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The card or machine to compare with, such as `a100-80gb` or `p5.48xlarge`; several, separated by commas, or
    /// `all`, are compared in a table, cheapest that fits first [default: the preset's target].
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    gpu: Vec<String>,
    /// A card with so much memory: `24GiB`. `24GB` is the same, as cards are sold.
    #[arg(long, value_name = "SIZE", conflicts_with = "gpu")]
    vram: Option<String>,
    /// Memory of the card that must stay free, for the screen and other programs [default: the target's, or none].
    #[arg(long, value_name = "SIZE")]
    headroom: Option<String>,
    /// What ComfyUI was told to leave free with its own `--reserve-vram`; the greater of this and the headroom counts.
    #[arg(long, value_name = "SIZE")]
    reserve_vram: Option<String>,
    /// Where the model files are when the work begins: `memory`, `local` for a disk of the machine, `network` for a
    /// volume, `download`; or how fast it is, in gigabytes a second.
    #[arg(long, value_name = "WHERE", default_value = "local")]
    storage: String,
    /// Set a parameter (`seed=7`) or a model slot (`models.vae=wan21-vae`) of presets; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Sizes to take where only the input files tell them: `width=832,frames=81`. Names are width, height, frames and
    /// steps; may be repeated. They win over `[assume]` in presets and graphs.
    #[arg(long, value_name = "NAME=NUMBER", value_delimiter = ',')]
    assume: Vec<String>,
    /// The version of torch, such as `2.9`, with which VAEs of some packs take more [default: the target's].
    #[arg(long, value_name = "VERSION")]
    torch: Option<String>,
    /// How ComfyUI was started.
    #[arg(long, value_enum, default_value = "dynamic", value_name = "HOW")]
    residency: How,
    /// Which rung of a preset's [[ladder]]: its name, or `all`.
    #[arg(long, value_name = "RUNG", default_value = ALL_RUNGS)]
    rung: String,
    /// The node catalog: `embedded`, some of its packs (`comfyui,kjnodes`), a captured catalog, an
    /// `/object_info` file, or a server's URL [default: the project's, or `embedded`].
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
    /// The format.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Write the memory over the execution as a picture to a file; `-` prints it in place of the plan. Of a batch it
    /// shows the workflow that needs the most.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Tables and a chart, for a terminal.
    Human,
    /// One JSON document; `wfc schema plan` prints its schema.
    Json,
}

/// How ComfyUI was started, as far as it decides where weights are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum How {
    /// As it is since 0.27 on NVIDIA: weights are paged in on demand.
    Dynamic,
    /// With `--disable-dynamic-vram`: models are loaded whole or in part.
    Normal,
    /// With `--lowvram`.
    Low,
    /// With `--novram`: weights are never kept on the card.
    None,
    /// With `--highvram` or `--gpu-only`: nothing leaves the card.
    High,
}

impl How {
    const fn residency(self) -> Residency {
        match self {
            Self::Dynamic => Residency::Dynamic,
            Self::Normal => Residency::Normal,
            Self::Low => Residency::Low,
            Self::None => Residency::None,
            Self::High => Residency::High,
        }
    }
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    if let Some(version) = args.torch.as_deref().filter(|version| Torch::parse(version).is_none()) {
        return Err(ToolError::new(format!(
            "`{version}` is no version of torch\n  help: write it as `2.9` or `2.8.0`"
        )));
    }
    let request = read::Request {
        assume: assume::parse(&args.assume)?,
        cards: cards::Cards::of(args)?,
        residency: args.residency.residency(),
        torch: args.torch.as_deref(),
        settings: &args.set,
        rung: (args.rung != ALL_RUNGS).then_some(&*args.rung),
    };
    let mut session = Session::new(args.catalog.clone());
    let planned = read::all(&args.paths, &request, &mut session)?;
    if planned.reports.iter().any(|report| !report.diagnostics.is_empty()) {
        terminal.report(Diagnostics::Human, Stream::Error, &session.sources, &planned.reports)?;
    }
    let document = Document::new(planned.plans);
    if let Some(path) = &args.svg {
        let worst = document.worst().ok_or_else(|| ToolError::new("there is no plan to draw"))?;
        let picture = svg::draw(worst);
        if path.as_os_str() == "-" {
            print(&picture)?;
        } else {
            std::fs::write(path, picture)
                .map_err(|error| ToolError::new(format!("cannot write {}: {error}", path.display())))?;
            note(&format!("wrote {}\n", path.display()));
        }
    }
    if args.svg.as_ref().is_none_or(|path| path.as_os_str() != "-") {
        match args.format {
            Format::Human if document.plans.is_empty() => {}
            Format::Human => print(&human::render(&document, terminal.options(Stream::Output)))?,
            Format::Json => print(&format!("{}\n", serde_json::to_string_pretty(&document)?))?,
        }
    }
    let is_too_large = |fit: &document::Fit| fit.verdict == Verdict::DoesNotFit;
    let asked = document.plans.iter().filter_map(|plan| plan.target.as_ref());
    Ok(if planned.has_failed {
        Exit::Failed
    } else if planned.has_errors || asked.into_iter().any(is_too_large) {
        Exit::Findings
    } else {
        Exit::Clean
    })
}
