//! Whether the server has the node classes of the workflow.

use std::collections::{BTreeMap, BTreeSet};

use super::{count, some};
use crate::catalog::{CORE_PACK, Catalog, repository};
use crate::preflight::{Compiled, Outcome, Planned, Server};

/// So many classes of a pack are named.
const SHOWN: usize = 4;

pub(super) fn look(compiled: &Compiled, _: &Planned, server: &Server) -> Outcome {
    let live = match &server.classes {
        Ok(live) => &live.catalog,
        Err(refusal) => {
            return Outcome::fail(format!("the server does not list its classes: {refusal}"))
                .fix("see ComfyUI's log: a node pack may fail when its inputs are listed");
        }
    };
    let (missing, present) = by_pack(compiled, live);
    let classes: usize = present.values().map(BTreeSet::len).sum();
    if missing.is_empty() {
        let packs = count(present.len(), "pack");
        return Outcome::pass(format!("{} of {packs}, all there", count(classes, "class")));
    }
    let absent: usize = missing.values().map(BTreeSet::len).sum();
    let versions = &compiled.checked_with.packs;
    let details = missing.iter().map(|(pack, classes)| {
        let version =
            versions.iter().find(|known| known.name == *pack).and_then(|known| known.version.as_deref());
        let version = version.map_or(String::new(), |version| format!(" {version}"));
        let place = repository(pack).map_or(String::new(), |url| format!(" ({url})"));
        let names = some(classes.iter().map(|class| &**class), SHOWN);
        if pack.is_empty() {
            format!("of no pack that wfc knows: {names}")
        } else {
            format!("{pack}{version}{place}: {names}")
        }
    });
    let verb = if absent == 1 { "is" } else { "are" };
    Outcome::fail(format!("{absent} of {} {verb} missing on the server", count(absent + classes, "class")))
        .details(details)
        .fix(fix(&missing, &present))
}

/// What brings the classes.
fn fix(missing: &ByPack<'_>, present: &ByPack<'_>) -> String {
    let mut steps = Vec::new();
    let (mut old, mut absent) = (Vec::new(), Vec::new());
    for pack in missing.keys() {
        match pack.as_str() {
            "" => steps.push("find the pack of the unknown ones with ComfyUI-Manager".to_owned()),
            CORE_PACK => old.push("ComfyUI"),
            pack if present.contains_key(pack) => old.push(pack),
            pack => absent.push(pack),
        }
    }
    if !old.is_empty() {
        steps.insert(0, format!("update {}", old.join(", ")));
    }
    let loads = "; a pack that is there already failed to load, and ComfyUI's log says why";
    let loads = if absent.is_empty() { "" } else { loads };
    match absent[..] {
        [] => {}
        [pack] => {
            let url = repository(pack).unwrap_or(pack);
            steps.insert(0, format!("`git clone {url}` in custom_nodes, and install its requirements.txt"));
        }
        _ => steps.insert(
            0,
            "`git clone` these packs in custom_nodes, and install their requirements.txt".to_owned(),
        ),
    }
    format!("{}; then restart ComfyUI{loads}", steps.join("; "))
}

type ByPack<'c> = BTreeMap<String, BTreeSet<&'c str>>;

/// The classes that the server lacks, and those it has, by pack.
fn by_pack<'c>(compiled: &'c Compiled, live: &Catalog) -> (ByPack<'c>, ByPack<'c>) {
    let (mut missing, mut present) = (ByPack::new(), ByPack::new());
    for (_, _, node) in compiled.nodes() {
        let pack = node.class.as_ref().map(|class| class.pack.to_string());
        let found = live.class(&node.class_type);
        let pack = pack.or_else(|| found.as_ref().map(|class| class.pack.to_string())).unwrap_or_default();
        let group = if found.is_some() { &mut present } else { &mut missing };
        group.entry(pack).or_default().insert(&node.class_type);
    }
    (missing, present)
}
