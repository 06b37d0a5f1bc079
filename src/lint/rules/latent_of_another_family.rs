//! A VAE or a model that is given the latents of another.

use crate::analysis::{Content, LatentFamily, Model, Sampler};
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::weights;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use rustc_hash::FxHashSet;
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    name: "latent-of-another-family",
    summary: "a VAE or a model that is given latents of another kind: it fails, or shows noise",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("latent-of-another-family"),
    check: Check::Workflow(check),
};

/// Nodes of the core that encode images with a VAE for models with Wan 2.1's latents, and make an empty latent of that kind.
const WAN21_MAKERS: [&str; 6] = [
    "WanAnimateToVideo",
    "WanFirstLastFrameToVideo",
    "WanImageToVideo",
    "WanSCAILToVideo",
    "WanSoundImageToVideo",
    "WanVaceToVideo",
];

/// Nodes that decode.
const DECODERS: [&str; 3] = ["VAEDecode", "VAEDecodeTiled", "WanVideoDecode"];

/// One wrong file is one finding, however many nodes it reaches.
#[derive(Default)]
struct Seen(FxHashSet<NodeId>);

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let mut seen = Seen::default();
    for sampler in workflow.analysis.samplers().iter().filter(|sampler| workflow.runs(sampler.node)) {
        judge_sampler(workflow, sampler, findings, &mut seen);
    }
    for class in DECODERS {
        for id in workflow.analysis.of_class(class).iter().filter(|id| workflow.runs(**id)) {
            let inputs = workflow.analysis.inputs(*id);
            let (Ok(latent), Ok(vae)) = (inputs.latent("samples"), inputs.model("vae")) else { continue };
            let Some(family) = findings.known(*id, latent.family) else { continue };
            if latent.content != Content::Empty {
                judge_vae(workflow, &vae, family, "decode", *id, findings, &mut seen);
            }
        }
    }
}

fn judge_sampler(workflow: &Workflow<'_>, sampler: &Sampler, findings: &mut Findings, seen: &mut Seen) {
    let Ok(model) = &sampler.model.value else { return };
    let Some(family) = model.latent() else { return };
    let encoders = sampler.embeds.value.iter().flat_map(|embeds| embeds.added.iter().chain([&embeds.source]));
    for encoder in encoders {
        if let Ok(vae) = workflow.analysis.inputs(*encoder).model("vae") {
            judge_vae(workflow, &vae, family, "encode for", *encoder, findings, seen);
        }
    }
    let source = workflow.analysis.source(sampler.latent.node, sampler.latent.input);
    let maker = source.filter(|source| WAN21_MAKERS.contains(&&*workflow.node(*source).class_type));
    if let Some(maker) = maker {
        judge_maker(workflow, model, family, maker, findings, seen);
        return;
    }
    let Ok(latent) = &sampler.latent.value else { return };
    let Ok(given) = latent.family else { return };
    // An empty one is made to fit.
    if latent.content == Content::Empty || given.fits(family) {
        return;
    }
    let encoder = source.and_then(|source| workflow.analysis.inputs(source).model("vae").ok());
    let is_encoded = latent.content == Content::Encoded && encoder.is_some();
    if let (true, Some(vae), Some(source)) = (is_encoded, encoder, source) {
        judge_vae(workflow, &vae, family, "encode for", source, findings, seen);
        return;
    }
    let (file, theirs, ours) = (model.file_name(), given.describe(), family.describe());
    let message = format!("`{file}` works on latents of {ours}, and is given those of {theirs}");
    let help = "decode them and encode the pictures with the VAE of this model";
    findings.push(workflow.at(&RULE, sampler.latent.node, sampler.latent.input, message).help(help));
}

/// The node makes a latent of 16 channels and an eighth of the size, whatever its VAE is.
fn judge_maker(
    workflow: &Workflow<'_>,
    model: &Arc<Model>,
    family: LatentFamily,
    maker: NodeId,
    findings: &mut Findings,
    seen: &mut Seen,
) {
    let node = workflow.node(maker);
    if family.fits(LatentFamily::WAN21) {
        let has_images = node.inputs().iter().any(|input| {
            ["image", "video"].iter().any(|word| input.name.contains(word))
                && workflow.analysis.source(maker, &input.name).is_some()
        });
        if let Ok(vae) = workflow.analysis.inputs(maker).model("vae")
            && has_images
        {
            judge_vae(workflow, &vae, family, "encode for", maker, findings, seen);
        }
        return;
    }
    if !seen.0.insert(maker) {
        return;
    }
    let (class, file, ours) = (&node.class_type, model.file_name(), family.describe());
    let message = format!("{class} makes latents of Wan 2.1, and `{file}` works on those of {ours}");
    let help = "for Wan 2.2 TI2V-5B take Wan22ImageToVideoLatent, which also takes the first image";
    findings
        .push(weights::at_file(workflow, &RULE, model, message).at_opt(node.origin.span(), "").help(help));
}

fn judge_vae(
    workflow: &Workflow<'_>,
    vae: &Arc<Model>,
    family: LatentFamily,
    what: &str,
    at: NodeId,
    findings: &mut Findings,
    seen: &mut Seen,
) {
    let Some(made) = vae.latent().filter(|made| !made.fits(family)) else { return };
    if !seen.0.insert(vae.loader) {
        return;
    }
    let (file, made, needed) = (vae.file_name(), made.describe(), family.describe());
    let what = if what == "decode" { "has to decode" } else { "has to encode for a model that works on" };
    let message = format!("`{file}` is the VAE of {made}, and {what} latents of {needed}");
    let finding =
        weights::at_file(workflow, &RULE, vae, message).help("take the VAE that belongs to the model");
    findings.push(finding.at_opt(workflow.node(at).origin.span(), ""));
}
