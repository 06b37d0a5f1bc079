//! What can be changed so that the step that decides needs less.

use crate::analysis::Analysis;
use crate::ir::{Graph, NodeId};
use crate::plan::{Engine, Kind, Step, size};

/// Most parameters that are named for one fact.
const MOST_PARAMS: usize = 3;

/// What can be changed, from what saves the most.
pub(super) fn of(graph: &Graph, analysis: &Analysis<'_>, step: &Step) -> Vec<String> {
    let at = At { graph, analysis, step };
    let need = &step.need;
    let mut all: Vec<(f64, String)> = Vec::new();
    let activations = need.activations.typical;
    let held = need.resident.typical + need.buffers.typical;
    let grows = |with: &str| format!("activations of {} grow with {with}", size(activations));
    match need.kind {
        Kind::Sampling => {
            let sizes = at.params(&["width", "height", "length", "num_frames", "frame_load_cap"]);
            all.push((activations, format!("{}{sizes}", grows("width, height and frames"))));
            if need.engine == Engine::Wrapper {
                let frames = at.params(&["context_frames", "frame_window_size"]);
                if !frames.is_empty() {
                    all.push((activations * 0.5, format!("a shorter context window{frames}")));
                }
                let swap = at.params(&["blocks_to_swap"]);
                let kept = need.resident.typical;
                let all_swapped = kept > 0.0 && (need.weights.typical - kept) > kept * 20.0;
                if kept > 0.0 && !all_swapped {
                    all.push((
                        kept,
                        format!("swap more blocks: weights of {} stay on the card{swap}", size(kept)),
                    ));
                }
                if need.notes.iter().any(|note| note.contains("LoRA")) {
                    let text = "merge the LoRAs into the weights (merge_loras), where the loader takes them";
                    all.push((held * 0.1, format!("{text}{}", at.params(&["merge_loras"]))));
                }
            }
            all.push((
                held * 0.5,
                format!(
                    "weights stored smaller: fp8 is half of bf16{}",
                    at.params(&["quantization", "weight_dtype"])
                ),
            ));
        }
        Kind::VaeDecode | Kind::VaeEncode => {
            let is_tiled = need.notes.iter().any(|note| note.starts_with("tiles"));
            let inputs = at.params(&["enable_vae_tiling", "tiled_vae", "tile_x", "tile_size"]);
            let text = if is_tiled { "smaller tiles" } else { "work in tiles" };
            let class = if need.engine == Engine::Native && !is_tiled {
                " (VAEDecodeTiled, VAEEncodeTiled)"
            } else {
                ""
            };
            all.push((activations, format!("{text}{class}: activations are {}{inputs}", size(activations))));
            all.push((
                activations * 0.5,
                format!("{}{}", grows("width and height"), at.params(&["width", "height"])),
            ));
        }
        Kind::TextEncoder | Kind::Vision => {
            let device = at.params(&["device"]);
            let text = "run the encoder on the CPU (its loader's or node's `device`), at the cost of time";
            all.push((held + activations, format!("{text}{device}")));
            all.push((held * 0.5, "an encoder stored smaller: fp8 is half of bf16".to_owned()));
        }
        Kind::AudioDecode => all.push((activations, grows("seconds of sound"))),
        Kind::Other => {}
    }
    if step.others.typical > 0.0 {
        let text = format!("other models keep {} on the card: `force_offload`", size(step.others.typical));
        all.push((step.others.typical, format!("{text}{}", at.params(&["force_offload"]))));
    }
    all.sort_by(|one, other| other.0.total_cmp(&one.0));
    all.into_iter().map(|(_, text)| text).collect()
}

struct At<'a> {
    graph: &'a Graph,
    analysis: &'a Analysis<'a>,
    step: &'a Step,
}

impl At<'_> {
    /// The parameters of a preset, or the inputs of nodes, that decide one of these inputs upstream of the step.
    fn params(&self, inputs: &[&str]) -> String {
        let before = self.graph.ancestors(std::iter::once(self.step.node));
        let is_before = |id: NodeId| before.get(id.index()).copied().unwrap_or_default();
        let mut names: Vec<String> = Vec::new();
        for name in inputs {
            for (id, node) in self.graph.nodes().filter(|(id, _)| is_before(*id)) {
                if node.input(name).is_none() {
                    continue;
                }
                let Some(place) = self.analysis.written(id, name) else { continue };
                let mut bindings = self.graph.bindings().iter();
                let bound = bindings.find(|bound| bound.node == place.node && bound.input == place.input);
                let written = self.graph.node(place.node);
                let input = written.inputs().get(place.input as usize);
                let shown = match (bound, input) {
                    (Some(bound), _) => format!("`{}`", bound.param),
                    (None, Some(input)) => format!("`{}` of `{}`", input.name, written.key),
                    (None, None) => continue,
                };
                if !names.contains(&shown) {
                    names.push(shown);
                }
            }
        }
        // Parameters are what people set; inputs of nodes only count where there is none.
        if names.iter().any(|name| !name.contains(" of ")) {
            names.retain(|name| !name.contains(" of "));
        }
        names.truncate(MOST_PARAMS);
        if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
    }
}
