//! A video loader whose format rounds frame counts for another family of models.

use crate::analysis::Unknown;
use crate::catalog::VideoFormat;
use crate::diag::Severity;
use crate::ir::{Argument, NodeId, Value};
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "video-format-of-another-model",
    summary: "a video loader whose `format` does not give the frame counts that the model needs",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: writes the model's format"),
    page: page!("video-format-of-another-model"),
    check: Check::Workflow(check),
};

/// The loaders that have formats.
const LOADERS: [&str; 2] = ["VHS_LoadVideo", "VHS_LoadVideoPath"];

/// So many nodes a count is followed through.
const HOPS: usize = 16;

/// What takes a count of frames: class, input, and the format that gives such counts.
const USERS: [(&str, &str, &str); 10] = [
    ("EmptyHunyuanLatentVideo", "length", "Wan"),
    ("EmptyLTXVLatentVideo", "length", "LTXV"),
    ("WanAnimateToVideo", "length", "Wan"),
    ("WanImageToVideo", "length", "Wan"),
    ("WanSCAILToVideo", "length", "Wan"),
    ("WanVaceToVideo", "length", "Wan"),
    ("WanVideoAnimateEmbeds", "num_frames", "Wan"),
    ("WanVideoEmptyEmbeds", "num_frames", "Wan"),
    ("WanVideoImageToVideoEncode", "num_frames", "Wan"),
    ("WanVideoVACEEncode", "num_frames", "Wan"),
];

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    for (class, input, format) in USERS {
        for &user in workflow.analysis.of_class(class) {
            let Some(loader) = counted(workflow, user, input).filter(|_| workflow.runs(user)) else {
                continue;
            };
            let Some((given, cap)) = findings.known(loader, asked(workflow, loader)) else { continue };
            let step = |name: &str| VideoFormat::named(name)?.frames.map(|(step, _)| step);
            let needed = step(format).unwrap_or(1);
            let fits = step(&given).is_some_and(|step| step % needed == 0);
            // Who names a fitting count means a video that is long enough.
            if fits || (cap > 0 && (cap - 1) % needed == 0) {
                continue;
            }
            let rounding = step(&given).map_or_else(
                || "leaves the number of frames as it is".to_owned(),
                |step| format!("gives {step}n+1 frames"),
            );
            let message = format!(
                "the format {given:?} {rounding}, and `{}` needs {needed}n+1: it drops the frames that are over",
                workflow.node(user).key
            );
            let finding = workflow.at(&RULE, loader, "format", message);
            let finding = finding.help(format!("write {format:?}"));
            let fix = workflow.rewrite(loader, "format", &Value::Str(format.into()), false);
            findings.push(crate::diag::Diagnostic { fix, ..finding });
        }
    }
}

/// The format of a loader, and at most how many frames it gives; 0 for all.
fn asked(workflow: &Workflow<'_>, loader: NodeId) -> Result<(std::sync::Arc<str>, i64), Unknown> {
    let inputs = workflow.analysis.inputs(loader);
    Ok((inputs.text("format")?, inputs.int("frame_load_cap")?))
}

/// The loader whose frames an input counts.
fn counted(workflow: &Workflow<'_>, user: NodeId, input: &str) -> Option<NodeId> {
    let link = |node: NodeId, input: &str| match workflow.node(node).input(input)?.value {
        Argument::Link { from, slot } => Some((from, slot)),
        Argument::Literal(_) => None,
    };
    let (mut at, mut slot) = link(user, input)?;
    for _ in 0..HOPS {
        let class = &*workflow.node(at).class_type;
        if LOADERS.contains(&class) {
            return matches!(slot, 0 | 1).then_some(at);
        }
        (at, slot) = match (class, slot) {
            ("GetImageSizeAndCount", 0 | 3) | ("GetImageSize", 2) | ("ImageResizeKJv2", 0) => {
                link(at, "image")?
            }
            _ => return None,
        };
    }
    None
}
