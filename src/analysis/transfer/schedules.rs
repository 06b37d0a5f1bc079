//! Noise levels, guiders, noises and samplers: what a sampler is set up with.

use std::sync::Arc;

use super::{Outputs, Table, settings};
use crate::analysis::fact::{Content, Fact, Known, LatentFact, SigmasFact, Why};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[
    ("CFGGuider", settings),
    ("BasicGuider", settings),
    ("DualCFGGuider", settings),
    ("RandomNoise", settings),
    ("DisableNoise", settings),
    ("KSamplerSelect", settings),
    ("SamplerSASolver", settings),
    ("BasicScheduler", |inputs| vec![scheduled(inputs, inputs.text("scheduler"))]),
    ("Flux2Scheduler", |inputs| vec![scheduled(inputs, Ok("flux2".into()))]),
    ("LTXVScheduler", |inputs| vec![scheduled(inputs, Ok("ltxv".into()))]),
    ("BetaSamplingScheduler", |inputs| vec![scheduled(inputs, Ok("beta".into()))]),
    ("ManualSigmas", |inputs| vec![manual(inputs)]),
    ("SplitSigmas", split),
    ("KSampler", |inputs| vec![sampled(inputs)]),
    ("KSamplerAdvanced", |inputs| vec![sampled(inputs)]),
    ("SamplerCustom", |inputs| vec![sampled(inputs), denoised(inputs)]),
    ("SamplerCustomAdvanced", |inputs| vec![sampled(inputs), denoised(inputs)]),
];

#[expect(clippy::unnecessary_wraps, reason = "as the other functions of the table's lines")]
fn scheduled(inputs: Inputs<'_>, scheduler: Known<Arc<str>>) -> Known<Fact> {
    let denoise = if inputs.has("denoise") { inputs.float("denoise") } else { Ok(1.0) };
    let (steps, node) = (inputs.int("steps"), inputs.id());
    Ok(Fact::Sigmas(Arc::new(SigmasFact { steps, levels: None, scheduler, denoise, node })))
}

/// `comfy_extras/nodes_custom_sampler.py`, `ManualSigmas`: every run of digits, dots and a sign is a number.
fn manual(inputs: Inputs<'_>) -> Known<Fact> {
    let levels = manual_levels(&inputs.text("sigmas")?);
    let steps = i64::try_from(levels.len()).unwrap_or(i64::MAX).saturating_sub(1).max(0);
    Ok(Fact::Sigmas(Arc::new(SigmasFact {
        steps: Ok(steps),
        levels: Some(levels.into()),
        scheduler: Err(inputs.unknown(Why::Absent)),
        denoise: Ok(1.0),
        node: inputs.id(),
    })))
}

/// The numbers that the server finds in the text: its pattern is `[-+]?(?:\d*\.*\d+)`, which knows no exponents.
fn manual_levels(text: &str) -> Vec<f64> {
    let mut levels = Vec::new();
    let mut number = String::new();
    for c in text.chars().chain([' ']) {
        let continues = c.is_ascii_digit() || c == '.';
        if !continues && !number.is_empty() {
            levels.extend(number.parse::<f64>());
            number.clear();
        }
        if continues || (matches!(c, '-' | '+') && number.is_empty()) {
            number.push(c);
        }
    }
    levels
}

fn split(inputs: Inputs<'_>) -> Outputs {
    let half = |is_high: bool| {
        let whole = inputs.sigmas("sigmas")?;
        let at = inputs.int("step");
        let steps = whole.steps.and_then(|steps| {
            let at = at?.clamp(0, steps);
            Ok(if is_high { at } else { steps - at })
        });
        let levels = whole.levels.as_ref().zip(at.ok()).map(|(levels, at)| {
            let at = usize::try_from(at).unwrap_or(0).min(levels.len().saturating_sub(1));
            if is_high {
                levels[..=at.min(levels.len().saturating_sub(1))].into()
            } else {
                levels[at..].into()
            }
        });
        let levels = levels.filter(|_| whole.levels.as_ref().is_some_and(|levels| !levels.is_empty()));
        Ok(Fact::Sigmas(Arc::new(SigmasFact { steps, levels, ..(*whole).clone() })))
    };
    vec![half(true), half(false)]
}

/// The model decides what kind of latent it gives: `comfy/sample.py` makes an empty one of another kind fit.
fn sampled(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("latent_image")?;
    let guider = inputs.settings("guider").map_or(inputs, |node| inputs.of(node));
    let family = guider.model("model").ok().and_then(|model| model.latent());
    let family = match family {
        Some(family) => Ok(family),
        None if latent.content == Content::Empty => Err(inputs.unknown(Why::NoTransfer)),
        None => latent.family,
    };
    Ok(Fact::Latent(LatentFact { family, content: Content::Sampled(inputs.id()), ..latent }))
}

fn denoised(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("latent_image")?;
    Ok(Fact::Latent(LatentFact { content: Content::Denoised(inputs.id()), ..latent }))
}

#[cfg(test)]
mod tests {
    use super::manual_levels;

    #[test]
    fn levels_are_read_as_the_server_reads_them() {
        assert_eq!(manual_levels("0.909375, 0.725, 0.421875, 0.0"), [0.909_375, 0.725, 0.421_875, 0.0]);
        assert_eq!(manual_levels("1e-3"), [1.0, -3.0]);
        assert_eq!(manual_levels("[1, .5]"), [1.0, 0.5]);
        assert_eq!(manual_levels("none"), [0.0; 0]);
    }
}
