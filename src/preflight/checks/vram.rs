//! Whether the workflow fits the server's card, and what is free of it now.

use super::{count, some};
use crate::plan::{Budget, Verdict, size};
use crate::preflight::{Compiled, Device, Outcome, Planned, Server};

pub(super) fn look(compiled: &Compiled, planned: &Planned, server: &Server) -> Outcome {
    let plan = &planned.plan;
    if plan.steps.is_empty() && plan.gaps.is_empty() {
        return Outcome::pass("no node is known to run a network on the card");
    }
    let Some(device) = &server.device else {
        return Outcome::skipped("the server does not say what it computes on");
    };
    if device.is_cpu {
        return Outcome::warn("the server computes on its processor, and has no card")
            .fix("networks of this size take hours there: start ComfyUI on a machine with a card, and without --cpu");
    }
    let budget = Budget { total: device.total, headroom: compiled.headroom };
    let verdict = plan.verdict(budget);
    let need = needs(planned);
    let open = some(planned.open.iter().map(|key| &**key), 3);
    match verdict {
        Verdict::DoesNotFit => Outcome::fail(format!("{need}, and the card has {}", size(budget.usable())))
            .fix(format!(
                "`{}` finds the smallest change with which it fits; `wfc plan {} --gpu all` finds a card",
                fit(compiled, device),
                compiled.file
            )),
        Verdict::Unknown => Outcome::warn(format!(
            "{need} at least; what {} can take is not known: {open}",
            count(planned.open.len(), "node")
        ))
        .fix(format!("`wfc plan {}` says why, and what to give `[assume]`", compiled.file)),
        Verdict::MayNotFit => {
            Outcome::warn(format!("it may not fit: {need}, and the card has {}", size(budget.usable())))
                .fix(format!("`{}` finds a change with which it fits for sure", fit(compiled, device)))
        }
        Verdict::Fits | Verdict::Streams => now(compiled, planned, device, verdict),
    }
}

/// Whether it fits what is free now.
fn now(compiled: &Compiled, planned: &Planned, device: &Device, verdict: Verdict) -> Outcome {
    let others = (device.total - device.available()).max(0.0);
    let budget = Budget { total: device.total - others, headroom: compiled.headroom };
    let need = needs(planned);
    if planned.plan.verdict(budget).runs() {
        let free = size(device.available());
        return Outcome::pass(format!(
            "{}: {need}, and {free} are free of {}",
            verdict.text(),
            size(device.total)
        ));
    }
    Outcome::warn(format!(
        "{need}; the card has {}, and {} of that are in use",
        size(device.total),
        size(others)
    ))
    .fix("end what else uses the card (`nvidia-smi` lists it); what ComfyUI holds itself, it gives back: POST /free with {\"unload_models\": true, \"free_memory\": true}")
}

/// The command that makes it fit this card.
fn fit(compiled: &Compiled, device: &Device) -> String {
    let card = match &device.machine {
        Some(machine) => format!("--gpu {}", machine.id),
        None => format!("--vram {:.0}MiB", device.total / 1024.0 / 1024.0),
    };
    format!("wfc fit {} {card}", compiled.file)
}

fn needs(planned: &Planned) -> String {
    let least = planned.plan.least.device;
    let at = planned.tightest.as_deref().map_or(String::new(), |key| format!(" at `{key}`"));
    let (low, high) = (size(least.low), size(least.high));
    if low == high { format!("it needs {low}{at}") } else { format!("it needs {low} to {high}{at}") }
}
