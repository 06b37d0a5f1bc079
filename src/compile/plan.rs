//! What compiled workflows will need, for their manifests.

use super::{Compiler, Job};
use crate::analysis::Analysis;
use crate::back::api::{self, Ids};
use crate::back::manifest::{Limits, PlanInfo};
use crate::check::Checked;
use crate::diag::Diagnostics;
use crate::front::toml::types::Assumed;
use crate::lower::load::Loaded;
use crate::plan::{Amount, Assume, Options, Plan, Residency, Setup};

/// The sizes that a graph and a preset assume where only a run can tell them, under those that are `given`.
#[must_use]
pub fn assumed(loaded: &Loaded, given: Assume) -> Assume {
    let graph = of_file(loaded.graph.assume.as_ref());
    let preset = of_file(loaded.preset.assume.as_ref());
    graph.overlaid(preset).overlaid(given)
}

/// What a file assumes.
#[must_use]
pub fn of_file(assumed: Option<&Assumed>) -> Assume {
    let number = |get: fn(&Assumed) -> Option<std::num::NonZeroU32>| {
        assumed.and_then(get).map(|number| f64::from(number.get()))
    };
    Assume {
        width: number(|assumed| assumed.width),
        height: number(|assumed| assumed.height),
        frames: number(|assumed| assumed.frames),
        steps: number(|assumed| assumed.steps),
    }
}

impl Compiler {
    /// What a workflow needs.
    pub(super) fn planned(&self, checked: &Checked, ids: Ids, setup: Setup, assume: Assume) -> PlanInfo {
        let graph = checked.graph();
        let analysis = Analysis::new(graph, &self.models);
        let plan = Plan::new(graph, &analysis, &Options::on(setup, assume, Residency::default()));
        let id = |node| api::id(graph, node, ids);
        PlanInfo {
            least_gib: limits(plan.least.device),
            without_streaming_gib: limits(plan.without_streaming.device),
            ram_gib: limits(plan.ram),
            decides: plan.tightest().map(|step| id(step.node)),
            basis: plan.tightest().map(|step| step.need.basis.word().to_owned()),
            unknown: plan.gaps.iter().map(|gap| id(gap.node)).collect(),
        }
    }
}

impl Job<'_> {
    /// What a workflow that was compiled needs, by what its preset assumes and on its target.
    #[must_use]
    pub fn plan(&self, checked: &Checked, ids: Ids) -> PlanInfo {
        let target = self.loaded.preset.target.as_ref();
        let setup = target.map_or_else(Setup::default, |target| self.compiler.setup(target));
        self.compiler.planned(checked, ids, setup, assumed(self.loaded, Assume::default()))
    }

    /// What the most demanding workflow of a batch needs; nothing if too many of them may need different amounts.
    pub fn greatest_plan(&mut self, ids: Ids) -> Option<PlanInfo> {
        let mut ignored = Diagnostics::new();
        let mut greatest: Option<PlanInfo> = None;
        for choice in self.choices(&mut ignored)? {
            let checked = self.compile(choice.number, &mut ignored)?;
            let plan = self.plan(&checked, ids);
            greatest = Some(match greatest {
                Some(greatest) => greatest.max(plan),
                None => plan,
            });
        }
        greatest
    }
}

fn limits(amount: Amount) -> Limits {
    const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
    // A tenth is finer than anybody knows it, and keeps manifests the same where coefficients hardly change.
    let tenths = |bytes: f64| (bytes / GIB * 10.0).round() / 10.0;
    Limits { low: tenths(amount.low), typical: tenths(amount.typical), high: tenths(amount.high) }
}
