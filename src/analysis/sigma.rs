//! Noise levels of flow models, from 1 (noise) to 0 (the finished picture), without running anything.

/// The noise level before a step, of a schedule whose evenly spaced times a shift bends: `s·t / (1 + (s - 1)·t)`
/// with `t = 1 - step / steps`. What `simple` gives for flow models, and nearly what the wrapper's schedulers give.
#[must_use]
pub fn at(shift: f64, steps: i64, step: i64) -> f64 {
    if steps < 1 {
        return 1.0;
    }
    let time = 1.0 - to_float(step.clamp(0, steps)) / to_float(steps);
    shift * time / (shift - 1.0).mul_add(time, 1.0)
}

/// The first step whose noise level is below `level`.
#[must_use]
pub fn first_below(shift: f64, steps: i64, level: f64) -> i64 {
    // t = level / (s - (s - 1)·level), and the step is the first after (1 - t)·steps.
    let time = level / (shift - 1.0).mul_add(-level, shift);
    let near = truncated((1.0 - time) * to_float(steps)).clamp(0, steps);
    if at(shift, steps, near) < level { near } else { (near + 1).min(steps) }
}

/// The step at which WanVideoWrapper begins for a `denoise_strength`: `nodes_sampler.py:187`.
#[must_use]
pub fn wrapper_start(steps: i64, denoise: f64) -> i64 {
    if denoise >= 1.0 { 0 } else { steps - truncated(to_float(steps) * denoise) - 1 }
}

/// The steps of the schedule of which ComfyUI takes the last `steps` for a `denoise`: `comfy/samplers.py`,
/// `KSampler.set_steps`.
#[must_use]
pub fn schedule_for(steps: i64, denoise: f64) -> i64 {
    if denoise > 0.9999 || denoise <= 0.0 { steps } else { truncated(to_float(steps) / denoise) }
}

#[expect(clippy::cast_precision_loss, reason = "steps are far below 2^53")]
const fn to_float(steps: i64) -> f64 {
    steps as f64
}

#[expect(clippy::cast_possible_truncation, reason = "Python's int() truncates; steps are small")]
const fn truncated(float: f64) -> i64 {
    float.trunc() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounded(shift: f64, steps: i64, step: i64) -> String {
        format!("{:.3}", at(shift, steps, step))
    }

    #[test]
    fn levels_are_those_of_published_schedules() {
        let levels: Vec<String> = (1..6).map(|step| rounded(5.0, 10, step)).collect();
        assert_eq!(levels, ["0.978", "0.952", "0.921", "0.882", "0.833"]);
        assert_eq!(rounded(5.0, 10, 0), "1.000");
        assert_eq!(rounded(5.0, 10, 10), "0.000");
        assert_eq!(rounded(5.0, 0, 3), "1.000");
    }

    #[test]
    fn the_experts_meet_where_their_makers_say() {
        let splits = |shift, steps| (first_below(shift, steps, 0.875), first_below(shift, steps, 0.9));
        assert_eq!(splits(5.0, 4), (2, 2));
        assert_eq!(splits(5.0, 6), (3, 3));
        assert_eq!(splits(5.0, 8), (4, 3));
        assert_eq!(splits(5.0, 10), (5, 4));
        assert_eq!(splits(5.0, 20), (9, 8));
        assert_eq!(splits(5.0, 40), (17, 15));
        assert_eq!(splits(8.0, 6), (4, 3));
        assert_eq!(splits(8.0, 20), (11, 10));
        assert_eq!(splits(12.0, 40), (26, 23));
    }

    #[test]
    fn a_denoise_is_a_step() {
        assert_eq!(
            [(6, 0.85), (10, 0.85), (10, 0.65), (12, 0.65)].map(|(n, d)| wrapper_start(n, d)),
            [0, 1, 3, 4]
        );
        assert_eq!(wrapper_start(20, 1.0), 0);
        assert_eq!(schedule_for(20, 0.5), 40);
        assert_eq!(schedule_for(20, 0.6), 33);
        assert_eq!(schedule_for(20, 1.0), 20);
    }
}
