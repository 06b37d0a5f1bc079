//! What classes make of the facts at their inputs: one small function a class.
//!
//! A class is a line in one of the tables; those of one subject stand in one file. What a class without a
//! line makes is unknown.

mod batches;
mod handed_on;
mod latent_shapes;
mod latents;
mod models;
mod motion;
mod pictures;
mod prompts;
mod resizes;
mod schedules;
mod texts;
mod values;
mod videos;
mod wrapper;

use std::sync::{Arc, LazyLock};

use rustc_hash::FxHashMap;

use super::fact::{Fact, Known, Why};
use super::inputs::Inputs;
use crate::catalog::NodeClass;

/// What a node gives, slot by slot.
type Outputs = Vec<Known<Fact>>;

/// From what arrives at a node to what it gives.
type Transfer = fn(Inputs<'_>) -> Outputs;

/// Classes and their functions.
type Table = &'static [(&'static str, Transfer)];

const TABLES: [Table; 13] = [
    values::TABLE,
    texts::TABLE,
    pictures::TABLE,
    resizes::TABLE,
    batches::TABLE,
    videos::TABLE,
    latents::TABLE,
    latent_shapes::TABLE,
    models::TABLE,
    prompts::TABLE,
    schedules::TABLE,
    wrapper::TABLE,
    motion::TABLE,
];

static BY_CLASS: LazyLock<FxHashMap<&str, Transfer>> =
    LazyLock::new(|| TABLES.into_iter().flatten().copied().collect());

/// What is known of a node's outputs.
pub(super) fn outputs(inputs: Inputs<'_>) -> Outputs {
    let node = inputs.node();
    let Some(class) = &node.class else { return Vec::new() };
    match BY_CLASS.get(&*node.class_type) {
        Some(transfer) => transfer(inputs),
        None => class
            .outputs
            .iter()
            .enumerate()
            .map(|(slot, output)| other(inputs, class, slot, &output.types))
            .collect(),
    }
}

/// An output of a class that has no function. What a service makes, nobody can tell before.
fn other(inputs: Inputs<'_>, class: &NodeClass, slot: usize, kind: &str) -> Known<Fact> {
    match handed_on::output(inputs, slot) {
        Some(fact) => fact,
        None if class.api_node => Err(inputs.unknown(Why::AtRunTime)),
        None => network(inputs, class, kind),
    }
}

/// Types whose nodes change a network on its way: what comes in is what goes out.
const NETWORKS: [&str; 5] = ["MODEL", "WANVIDEOMODEL", "CLIP", "VAE", "WANVAE"];

/// What a class without a line gives: of one network that it takes, the same one; else nothing is known. A
/// class that loads LoRAs adds nobody knows what.
fn network(inputs: Inputs<'_>, class: &NodeClass, kind: &str) -> Known<Fact> {
    let unknown = Err(inputs.unknown(Why::NoTransfer));
    let loads_loras = class.inputs.iter().any(|input| input.kind.folder() == Some("loras"));
    if loads_loras || !NETWORKS.contains(&kind) || class.name.to_lowercase().contains("lora") {
        return unknown;
    }
    let mut same = class.inputs.iter().filter(|input| input.kind.type_name() == kind);
    match (same.next(), same.next()) {
        (Some(input), None) => match inputs.fact(&input.name)? {
            Fact::Model(model) => Ok(Fact::Model(Arc::new(model.changed(inputs.id())))),
            _ => unknown,
        },
        _ => unknown,
    }
}

/// The one output that is what arrives at `input`.
fn passed(inputs: Inputs<'_>, input: &str) -> Outputs {
    vec![inputs.fact(input)]
}

/// The one output that stands for the node's settings.
fn settings(inputs: Inputs<'_>) -> Outputs {
    vec![Ok(Fact::Settings(inputs.id()))]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn every_line_names_a_class_and_no_class_has_two() {
        let catalog = Catalog::embedded();
        let mut seen = BTreeSet::new();
        for (class, _) in TABLES.into_iter().flatten() {
            assert!(catalog.class(class).is_some(), "no class {class}");
            assert!(seen.insert(class), "{class} twice");
        }
    }
}
