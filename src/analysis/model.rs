//! A network that a loader loads, and what nodes do to it on its way to a sampler.

use std::sync::Arc;

use super::fact::{Known, LatentFamily, Lora, remember};
use crate::catalog::{self, Family, Identified, Models};
use crate::ir::NodeId;

/// How sure it is what a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Nothing is known of it.
    None,
    /// Its name tells.
    Name,
    /// The catalog of models has the file.
    Catalog,
}

/// The half of a pair of models that share the noise levels among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expert {
    /// For the high noise levels, at the beginning.
    High,
    /// For the low ones, at the end.
    Low,
}

impl Expert {
    /// `high-noise` or `low-noise`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "high-noise",
            Self::Low => "low-noise",
        }
    }
}

/// Words in the names of weights that take few steps.
const FAST: [&str; 11] =
    ["distill", "dmd", "fast", "flash", "forcing", "hyper", "lcm", "lightning", "lightx2v", "rapid", "turbo"];

/// A loaded network.
#[derive(Clone, Debug)]
pub struct Model {
    /// The node that loads it.
    pub loader: NodeId,
    /// Its file.
    pub file: Known<Arc<str>>,
    /// Its entry in the catalog of models.
    pub entry: Option<Arc<catalog::Model>>,
    /// Its family, if the catalog or the name tells.
    pub family: Option<Arc<str>>,
    /// Its role, likewise: `dit`, `vae`, `text_encoder`, `distill_lora`, …
    pub role: Option<Arc<str>>,
    /// Where family and role come from.
    pub confidence: Confidence,
    /// LoRAs that were applied since, in order.
    pub loras: Vec<Lora>,
    /// The shift of its noise levels that a node has set since.
    pub shift: Option<Known<f64>>,
    /// The nodes that changed it since, LoRA loaders among them.
    pub changed_by: Vec<NodeId>,
}

impl Model {
    /// The network in a file.
    #[must_use]
    pub fn load(loader: NodeId, file: Known<Arc<str>>, models: &Models) -> Self {
        let text = |text: &str| (!text.is_empty()).then(|| Arc::from(text));
        let (entry, family, role, confidence) = match file.as_ref().map(|file| models.identify(file)) {
            Ok(Identified::Listed(entry)) => {
                let (family, role) = (text(&entry.family), text(&entry.role));
                (Some(entry), family, role, Confidence::Catalog)
            }
            Ok(Identified::Named(family, role)) => (None, text(family), text(role), Confidence::Name),
            Ok(Identified::Unknown) | Err(_) => (None, None, None, Confidence::None),
        };
        Self {
            loader,
            file,
            entry,
            family,
            role,
            confidence,
            loras: Vec::new(),
            shift: None,
            changed_by: Vec::new(),
        }
    }

    /// What is known of its family.
    #[must_use]
    pub fn facts(&self) -> Option<Family> {
        Family::find(self.family.as_ref()?)
    }

    /// The kind of latent that it works on, or that a VAE makes.
    #[must_use]
    pub fn latent(&self) -> Option<LatentFamily> {
        Some(match self.facts()?.latent {
            "wan21" => LatentFamily::WAN21,
            "wan22" => LatentFamily::WAN22,
            "ltx" => LatentFamily::LTX,
            "flux2" => LatentFamily::FLUX2,
            "flux1" => LatentFamily::FLUX1,
            "qwen" => LatentFamily::QWEN,
            "sd" => LatentFamily::SD,
            _ => return None,
        })
    }

    /// Which expert it is, if it is one.
    #[must_use]
    pub fn expert(&self) -> Option<Expert> {
        match self.facts()?.expert {
            "high" => Some(Expert::High),
            "low" => Some(Expert::Low),
            _ => None,
        }
    }

    /// The name of its file without folders; empty if it is not known.
    #[must_use]
    pub fn file_name(&self) -> &str {
        let file = self.file.as_deref().unwrap_or_default();
        file.rsplit(['/', '\\']).next().unwrap_or(file)
    }

    /// True if the name of its family begins with `prefix`.
    #[must_use]
    pub fn is_of(&self, prefix: &str) -> bool {
        self.family.as_ref().is_some_and(|family| family.starts_with(prefix))
    }

    /// The LoRA that makes it take few steps without guidance, if one is applied.
    #[must_use]
    pub fn distilling_lora(&self) -> Option<&Lora> {
        let distills = |lora: &&Lora| {
            lora.model.role.as_deref() == Some("distill_lora") && lora.strength.is_ok_and(|by| by != 0.0)
        };
        self.loras.iter().find(distills)
    }

    /// Whether it takes few steps without guidance, by its weights or by a LoRA; nothing if that is not known.
    #[must_use]
    pub fn is_distilled(&self) -> Option<bool> {
        if self.distilling_lora().is_some() {
            return Some(true);
        }
        // A LoRA that nobody knows, or of unknown strength, may be one that distills.
        let is_open = |lora: &Lora| lora.model.role.is_none() || lora.strength.is_err();
        let own = self.facts()?.distilled?;
        if !own && self.confidence == Confidence::Name && self.sounds_distilled() {
            return None;
        }
        (own || !self.loras.iter().any(is_open)).then_some(own)
    }

    /// True if its name has a word for weights that take few steps, which nobody may have listed.
    fn sounds_distilled(&self) -> bool {
        let name = self.file_name().to_ascii_lowercase();
        FAST.iter().any(|word| name.contains(word))
    }

    /// The same network with more LoRAs.
    #[must_use]
    pub fn with_loras(&self, loras: impl IntoIterator<Item = Lora>, by: NodeId) -> Self {
        let mut model = self.changed(by);
        remember(&mut model.loras, loras);
        model
    }

    /// The same network after a node changed it in a way that matters to nobody here.
    #[must_use]
    pub fn changed(&self, by: NodeId) -> Self {
        let mut model = self.clone();
        remember(&mut model.changed_by, [by]);
        model
    }

    /// The same network with other noise levels.
    #[must_use]
    pub fn with_shift(&self, shift: Known<f64>, by: NodeId) -> Self {
        Self { shift: Some(shift), ..self.changed(by) }
    }
}
