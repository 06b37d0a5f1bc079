//! What is not known of a machine and would change a verdict.

use super::amount::Amount;
use super::need::{Calculator, Engine, Setup, Torch};
use super::request::Request;
use super::run::Stage;
use super::verdict::{Budget, Verdict};

impl Calculator<'_> {
    /// What must hold for a request that fits, where it is not known: each would keep it from fitting for sure.
    #[must_use]
    pub fn conditions(&self, of: &Request, budget: Budget) -> Vec<String> {
        self.conditions_of(|calculator| calculator.run(of).verdict(budget))
    }

    /// The same of whatever has a verdict on a machine.
    pub(super) fn conditions_of(&self, verdict: impl Fn(&Calculator<'_>) -> Verdict) -> Vec<String> {
        let mut conditions = Vec::new();
        let fits = |setup: Setup| verdict(&Calculator { setup, ..*self }).runs();
        if !fits(self.setup) {
            return conditions;
        }
        let newest = self.number("flash_attention", Engine::Native, "*", "").unwrap_or_default();
        let old = Setup { capability: Some(newest - 1.0), ..self.setup };
        if self.setup.capability.is_none() && !fits(old) {
            conditions.push(format!(
                "the card's compute capability is {newest:.1} or more (older ones may have to keep the scores of attention)"
            ));
        }
        let mut slow = self.coefficients.rows().iter().filter(|row| row.kind == "conv3d");
        let torch = slow.find_map(|row| Torch::parse(row.case));
        let slow = Setup { torch, ..self.setup };
        if self.setup.torch.is_none() && !fits(slow) {
            let version = torch.map(Torch::case).unwrap_or_default();
            conditions.push(format!(
                "torch is not {version} (whose three-dimensional convolutions take more in 16 bits; `--torch` tells)"
            ));
        }
        conditions
    }

    /// Main memory: the weights of all models, of whatever is on the card as well, since they are read there first, and the
    /// pictures, which are numbers of 32 bits.
    pub(super) fn ram(&self, of: &Request, stages: &[Stage]) -> Amount {
        let network = of.network().filter(|network| !self.is_sharded(of, network));
        let experts = network.map_or(1.0, |network| network.experts);
        let mut seen: Vec<&str> = Vec::new();
        let mut weights = Amount::ZERO;
        for need in stages.iter().map(|stage| &stage.need) {
            if !seen.contains(&&*need.model) {
                seen.push(&need.model);
                let copies = if need.kind == super::need::Kind::Sampling { experts } else { 1.0 };
                weights += need.weights * copies;
            }
        }
        let number = self.number("picture_number", of.engine, "*", "").unwrap_or_default();
        let pictures =
            of.size.map_or(0.0, |(width, height)| 3.0 * width * height * of.frames() * of.batch * number);
        // Twice while a node makes others of them.
        weights + Amount { low: pictures, typical: pictures * 2.0, high: pictures * 2.4 }
    }
}
