//! Wan's own `generate.py`: one card with models that leave it, or a group of cards that share weights and tokens.

use super::amount::Amount;
use super::need::{Calculator, Engine, Kind, Need};
use super::network::Network;
use super::request::{Offload, Request};
use super::run::Parts;

impl Calculator<'_> {
    /// Ulysses: every card has a part of the tokens, and of some tensors the whole. By what one card alone has.
    fn of_one(&self, of: &Request, network: &Network) -> Amount {
        let find = |kind| self.find(kind, of.engine, network.name, "");
        match (find("activation"), find("whole"), find("shared")) {
            (Some(alone), Some(whole), Some(shared)) if of.cards > 1.0 => {
                let sum = whole.amount + shared.amount * (1.0 / of.cards);
                let of_alone = |part: f64, all: f64| if all > 0.0 { part / all } else { 0.0 };
                Amount {
                    low: of_alone(sum.low, alone.amount.low),
                    typical: of_alone(sum.typical, alone.amount.typical),
                    high: of_alone(sum.high, alone.amount.high),
                }
            }
            _ => Amount::exact(1.0 / of.cards),
        }
    }

    /// True if the weights are shared among cards, each of which holds a part in 32 bits.
    pub(super) fn is_sharded(&self, of: &Request, network: &Network) -> bool {
        let usual =
            self.find("sharded", of.engine, network.name, "").is_some_and(|row| row.amount.typical > 0.0);
        of.engine == Engine::Reference
            && of.cards > 1.0
            && of.offload.map_or(usual, |offload| offload == Offload::None)
    }

    /// What is on the card besides the models of the stages, and what of those is on this card.
    pub(super) fn reference(
        &self,
        of: &Request,
        parts: &Parts,
        needs: &mut [Need],
        notes: &mut Vec<String>,
    ) -> Vec<Amount> {
        let cards = of.cards;
        let Some(network) = of.network() else { return vec![Amount::ZERO; needs.len()] };
        let is_sharded = self.is_sharded(of, network);
        let experts = if is_sharded { network.experts } else { 1.0 };
        let share = if is_sharded { 1.0 / cards } else { 1.0 };
        for need in needs.iter_mut() {
            if need.kind == Kind::Sampling {
                need.activations = need.activations * self.of_one(of, network);
                need.roomy = need.activations;
                need.weights = need.weights * (experts * share);
            }
            if need.kind == Kind::TextEncoder {
                need.weights = need.weights * share;
            }
            need.resident = need.weights;
        }
        if cards > 1.0 {
            let how = if is_sharded { "weights and tokens" } else { "tokens" };
            notes.push(format!("{cards} cards share {how}; the numbers are those of the card that decodes"));
        }
        let of_network =
            needs.iter().find(|need| need.kind == Kind::Sampling).map_or(Amount::ZERO, |need| need.weights);
        let of_text = parts.encoder_weights * share;
        let unsharded =
            self.find("unsharded", of.engine, network.name, "").map_or(Amount::ZERO, |row| row.amount);
        let clip = self.find("clip", of.engine, network.name, "").map_or(Amount::ZERO, |row| row.amount);
        // A module's own parameters, outside of its blocks, are whole on every card while it runs, in 16 bits.
        let roots = Amount::exact(network.experts * network.rest_params * 2.0);
        let beside = |kind: Kind| {
            let vae = if matches!(kind, Kind::VaeEncode | Kind::VaeDecode) {
                Amount::ZERO
            } else {
                parts.vae_weights
            };
            let network = if kind == Kind::Sampling { Amount::ZERO } else { of_network };
            let text = if kind == Kind::TextEncoder { Amount::ZERO } else { of_text };
            if is_sharded {
                vae + network + text + unsharded + clip + roots
            } else if of.offload == Some(Offload::None) {
                vae + network + text + clip
            } else {
                // The VAE never leaves; the others do.
                vae
            }
        };
        needs.iter().map(|need| beside(need.kind)).collect()
    }
}
