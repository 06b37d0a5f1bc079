//! Cards compared: cheapest that fits first.

use super::document::Fit;
use crate::plan::Verdict;

/// Sorts by whether it fits, then by what it costs, then by memory.
pub(super) fn sort(machines: &mut [Fit]) {
    let class = |fit: &Fit| match fit.verdict {
        Verdict::Fits | Verdict::Streams => 0,
        Verdict::MayNotFit => 1,
        Verdict::Unknown => 2,
        Verdict::DoesNotFit => 3,
    };
    let cost = |fit: &Fit| fit.dollars.map_or(f64::INFINITY, |dollars| dollars.typical);
    machines.sort_by(|one, other| {
        (class(one).cmp(&class(other)))
            .then(cost(one).total_cmp(&cost(other)))
            .then(one.memory.total_cmp(&other.memory))
            .then_with(|| one.gpu.cmp(&other.gpu))
    });
}
