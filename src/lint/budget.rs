//! A workflow's plan against the memory of its card, for the rules that compare them.

use rustc_hash::FxHashSet;

use super::Rule;
use super::workflow::{Findings, Workflow};
use crate::catalog::Gpu;
use crate::diag::Diagnostic;
use crate::ir::{Argument, NodeId};
use crate::plan::{Amount, Budget, Engine, Kind, Open, Step, Verdict, size};

/// Inputs that say how many frames a node works at.
const FRAMES: [&str; 5] = ["context_frames", "num_frames", "length", "frame_window_size", "frames_number"];

/// Inputs that say how large pictures are.
const SIZES: [&str; 3] = ["width", "generation_width", "megapixels"];

/// What a card has, in words: `RTX 4090 has 24.0 GiB`.
pub(super) fn holds(gpu: Option<&Gpu>, budget: Budget) -> String {
    let name = gpu.map_or("the target", |gpu| &*gpu.name);
    let usable = size(budget.usable());
    if budget.headroom > 0.0 {
        format!("{name} has {usable} beside the {} that stay free", size(budget.headroom))
    } else {
        format!("{name} has {usable}")
    }
}

/// Finds the steps of a workflow whose verdict on its card is `wanted`.
pub(super) fn check(workflow: &Workflow<'_>, rule: &Rule, wanted: Verdict, findings: &mut Findings) {
    let Some(budget) = workflow.budget else { return };
    let plan = workflow.plan();
    let mut steps: Vec<&Step> =
        plan.steps.iter().filter(|step| step.verdict(budget) == wanted && workflow.runs(step.node)).collect();
    steps.sort_by(|one, other| other.least.device.typical.total_cmp(&one.least.device.typical));
    let mut seen = FxHashSet::default();
    for step in steps {
        let Decision { node, input, help } = decision(workflow, step);
        // Two experts at the same size are one problem.
        if !seen.insert((node, input.clone(), step.need.kind)) {
            continue;
        }
        let message = message(workflow, step, budget);
        let finding = match &input {
            Some(input) => workflow.at(rule, node, input, message),
            None => workflow.at_node(rule, node, message),
        };
        findings.push(also_at(workflow, finding, step, node).help(help));
    }
    for gap in &plan.gaps {
        if let Open::Size { unknown, .. } | Open::Model(unknown) = gap.open {
            findings.known::<()>(gap.node, Err(unknown));
        }
    }
}

/// Marks the node that needs the memory, if what decides it is written elsewhere.
fn also_at(workflow: &Workflow<'_>, finding: Diagnostic, step: &Step, marked: NodeId) -> Diagnostic {
    if step.node == marked {
        return finding;
    }
    finding.at_opt(workflow.node(step.node).origin.span(), "needed here")
}

fn range(amount: Amount) -> String {
    let (low, high) = (size(amount.low), size(amount.high));
    if low == high { low } else { format!("{low} to {high}") }
}

fn message(workflow: &Workflow<'_>, step: &Step, budget: Budget) -> String {
    let need = &step.need;
    let (part, amount) = biggest(step);
    let notes = if need.notes.is_empty() { String::new() } else { format!("; {}", need.notes.join(", ")) };
    format!(
        "{} in `{}` takes {} of the card, and {}: {} most of it ({}{notes})",
        need.kind.name(),
        workflow.node(step.node).key,
        range(step.least.device),
        holds(workflow.target, budget),
        if part == Part::Activations { "live tensors are" } else { part.text() },
        size(amount.typical),
    )
}

/// What the memory of a step is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The weights of the network that runs, as far as they are on the card.
    Weights,
    /// Live tensors while it runs.
    Activations,
    /// Weights of other networks.
    Others,
}

impl Part {
    const fn text(self) -> &'static str {
        match self {
            Self::Weights => "its weights are",
            Self::Activations => "live tensors are",
            Self::Others => "the weights of other models are",
        }
    }
}

fn biggest(step: &Step) -> (Part, Amount) {
    let need = &step.need;
    let parts = [
        (Part::Weights, need.resident + need.buffers),
        (Part::Activations, need.activations),
        (Part::Others, step.others),
    ];
    let biggest = parts.into_iter().max_by(|one, other| one.1.typical.total_cmp(&other.1.typical));
    biggest.unwrap_or((Part::Activations, need.activations))
}

/// What decides the memory of a step, and what to change.
struct Decision {
    node: NodeId,
    /// Nothing for the whole node.
    input: Option<String>,
    help: &'static str,
}

fn decision(workflow: &Workflow<'_>, step: &Step) -> Decision {
    let (part, _) = biggest(step);
    match (part, step.need.kind) {
        (Part::Others, _) => others(workflow, step),
        (Part::Weights, Kind::Sampling) => sampler_weights(workflow, step),
        (Part::Weights, Kind::TextEncoder | Kind::Vision) => encoder(workflow, step),
        (_, Kind::VaeDecode | Kind::VaeEncode) => vae(workflow, step),
        (_, Kind::Sampling) => sampling(workflow, step),
        _ => {
            let help = "work at smaller pictures or fewer frames at a time, or on a larger card";
            sized(workflow, step.node, help)
        }
    }
}

/// What keeps another model on the card.
fn others(workflow: &Workflow<'_>, step: &Step) -> Decision {
    let stays = |other: &&Step| {
        other.node != step.node
            && other.need.model != step.need.model
            && workflow.analysis.inputs(other.node).bool("force_offload") == Ok(false)
    };
    let help = "set force_offload, so that the models of earlier steps leave the card";
    match workflow.plan().steps.iter().take_while(|other| other.node != step.node).find(stays) {
        Some(other) => Decision { node: other.node, input: Some("force_offload".to_owned()), help },
        None => {
            Decision { node: step.node, input: None, help: "start ComfyUI without --highvram and --gpu-only" }
        }
    }
}

fn sampler_weights(workflow: &Workflow<'_>, step: &Step) -> Decision {
    let sampler = workflow.analysis.sampler(step.node);
    let Some(model) = sampler.and_then(|sampler| sampler.model.value.as_ref().ok()) else {
        return Decision { node: step.node, input: None, help: "take weights of fewer bytes, such as fp8" };
    };
    let later = model.changed_by.iter().rev().copied();
    let mut places = later.chain([model.loader]).map(|node| workflow.analysis.inputs(node));
    let swap = places.find_map(|inputs| inputs.settings("block_swap_args").ok());
    if let Some(node) = swap {
        let help = "swap more blocks, or take weights of fewer bytes, such as fp8";
        return Decision { node, input: Some("blocks_to_swap".to_owned()), help };
    }
    let help = if step.need.engine == Engine::Wrapper {
        "swap blocks with WanVideoBlockSwap, or take weights of fewer bytes, such as fp8"
    } else {
        "take weights of fewer bytes, such as fp8"
    };
    Decision { node: model.loader, input: file_input(workflow, model.loader), help }
}

/// The input of a loader that names its file.
fn file_input(workflow: &Workflow<'_>, loader: NodeId) -> Option<String> {
    let node = workflow.node(loader);
    let class = node.class.as_ref()?;
    let is_file =
        |input: &&crate::ir::Input| class.input(&input.name).is_some_and(|spec| spec.kind.folder().is_some());
    node.inputs().iter().find(is_file).map(|input| input.name.to_string())
}

fn encoder(workflow: &Workflow<'_>, step: &Step) -> Decision {
    let help = "run the text encoder on the CPU, or take one of fewer bytes, such as fp8";
    let inputs = workflow.analysis.inputs(step.node);
    let model = ["clip", "t5", "clip_vision"].into_iter().find_map(|input| inputs.model(input).ok());
    let node = model.map_or(step.node, |model| model.loader);
    if workflow.node(node).input("device").is_some() {
        return Decision { node, input: Some("device".to_owned()), help };
    }
    Decision { node, input: file_input(workflow, node), help }
}

fn vae(workflow: &Workflow<'_>, step: &Step) -> Decision {
    let node = workflow.node(step.node);
    let tiles = ["enable_vae_tiling", "tiled_vae", "tile_size"];
    if let Some(input) = tiles.into_iter().find(|input| node.input(input).is_some()) {
        let is_on = workflow.analysis.inputs(step.node).bool(input) == Ok(true);
        let help = if is_on || input == "tile_size" {
            "take smaller tiles, or smaller pictures"
        } else {
            "work in tiles, or at smaller pictures"
        };
        return Decision { node: step.node, input: Some(input.to_owned()), help };
    }
    let help = if step.need.kind == Kind::VaeDecode {
        "decode in tiles with VAEDecodeTiled, or make smaller pictures"
    } else {
        "encode smaller pictures or fewer frames"
    };
    sized(workflow, step.node, help)
}

fn sampling(workflow: &Workflow<'_>, step: &Step) -> Decision {
    let help = if step.need.engine == Engine::Wrapper {
        "make fewer frames at a time, with context windows or a shorter video, or smaller pictures"
    } else {
        "make fewer frames or smaller pictures"
    };
    sized(workflow, step.node, help)
}

/// The nearest node, from `start` up its links, that is told how many frames or how large pictures there are.
fn sized(workflow: &Workflow<'_>, start: NodeId, help: &'static str) -> Decision {
    let mut seen = FxHashSet::default();
    let mut wave = vec![start];
    let mut size = None;
    while !wave.is_empty() {
        let mut next = Vec::new();
        for id in wave {
            if !seen.insert(id) {
                continue;
            }
            let node = workflow.node(id);
            let told = |names: &[&'static str]| names.iter().copied().find(|name| node.input(name).is_some());
            if let Some(input) = told(&FRAMES).filter(|input| is_video(workflow, id, input)) {
                return Decision { node: id, input: Some(input.to_owned()), help };
            }
            size = size.or_else(|| told(&SIZES).map(|input| (id, input)));
            next.extend(node.inputs().iter().filter_map(|input| match &input.value {
                Argument::Link { from, .. } => Some(*from),
                Argument::Literal(_) => None,
            }));
        }
        wave = next;
    }
    match size {
        Some((node, input)) => Decision { node, input: Some(input.to_owned()), help },
        None => Decision { node: start, input: None, help },
    }
}

fn is_video(workflow: &Workflow<'_>, node: NodeId, input: &str) -> bool {
    workflow.analysis.inputs(node).int(input).is_ok_and(|frames| frames > 1)
}
