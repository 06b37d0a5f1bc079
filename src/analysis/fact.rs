//! What can be known of a value that flows through a workflow before it runs.

use std::sync::Arc;

use super::model::Model;
use crate::ir::{NodeId, Value};

/// So many LoRAs, changes, references or additions are remembered of one thing. Real workflows have a few; without a
/// limit a chain of many would take quadratic time.
const MOST: usize = 64;

/// Adds to a list that stays short.
pub(super) fn remember<T>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    let room = MOST.saturating_sub(list.len());
    list.extend(more.into_iter().take(room));
}

/// What is known, or why it is not.
pub type Known<T> = Result<T, Unknown>;

/// Why something is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The node where knowledge ends.
    pub node: NodeId,
    /// What happens there.
    pub why: Why,
}

/// What ends knowledge at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The node is not given the input, and its class declares no default for it.
    Absent,
    /// The catalog has no such class.
    UnknownClass,
    /// Nothing is known of what the class makes of its inputs.
    NoTransfer,
    /// It depends on a file, or on what only a run can tell.
    AtRunTime,
    /// The node depends on itself.
    Cycle,
    /// What arrives is nothing that the class can use.
    Unfit,
}

impl Why {
    /// The reason as the end of a sentence about the node.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Absent => "is not given it",
            Self::UnknownClass => "is of a class that the catalog does not have",
            Self::NoTransfer => "is of a class whose effect on it is not known",
            Self::AtRunTime => "decides it when it runs",
            Self::Cycle => "depends on itself",
            Self::Unfit => "cannot use what it is given",
        }
    }
}

/// The input of a node: where a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The node.
    pub node: NodeId,
    /// Index of the input in [`Node::inputs`](crate::ir::Node::inputs).
    pub input: u32,
}

/// What is known of an output, or of what arrives at an input.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A number, a text, a truth value.
    Scalar(Scalar),
    /// A whole number that only a run can tell, but not more than so many.
    AtMost(AtMost),
    /// Pictures or the frames of a video; also masks, and the poses that were found in each.
    Image(ImageFact),
    /// What a VAE makes of pictures.
    Latent(LatentFact),
    /// A sound.
    Audio(AudioFact),
    /// A video in one piece: frames, frame rate and perhaps sound.
    Video(VideoFact),
    /// A network that was loaded, of whatever role, with what was done to it since.
    Model(Arc<Model>),
    /// LoRAs on their way to a model.
    Loras(Arc<[Lora]>),
    /// The noise levels of a schedule.
    Sigmas(Arc<SigmasFact>),
    /// What the model is told to show.
    Conditioning(Arc<ConditioningFact>),
    /// What WanVideoWrapper's samplers are given to render: `WANVIDIMAGE_EMBEDS`.
    Embeds(Arc<Embeds>),
    /// A node that stands for its settings: a guider, a noise, a scheduler, the arguments of a sampler.
    Settings(NodeId),
}

/// A value.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The value.
    pub value: Value,
    /// Where it is written, if it comes from there unchanged.
    pub from: Option<Place>,
}

/// A whole number that is known from above.
#[derive(Clone, Copy, Debug)]
pub struct AtMost {
    /// It is not more.
    pub most: i64,
    /// Why the number itself is not known.
    pub unknown: Unknown,
}

/// Pictures.
#[derive(Clone, Copy, Debug)]
pub struct ImageFact {
    /// In pixels.
    pub width: Known<i64>,
    /// In pixels.
    pub height: Known<i64>,
    /// How many; of a video, its frames.
    pub frames: Known<i64>,
    /// Where their number is not known: not more than so many.
    pub most: Option<i64>,
    /// Frames a second, of what comes from a video.
    pub fps: Known<f64>,
}

/// A latent, measured by what it decodes to.
#[derive(Clone, Copy, Debug)]
pub struct LatentFact {
    /// The kind of VAE that it belongs to.
    pub family: Known<LatentFamily>,
    /// In pixels, after the rounding to whole latent cells.
    pub width: Known<i64>,
    /// In pixels, after the rounding to whole latent cells.
    pub height: Known<i64>,
    /// Frames that it decodes to; 1 for a picture.
    pub frames: Known<i64>,
    /// Where their number is not known: not more than so many.
    pub most: Option<i64>,
    /// How many of them there are side by side; they are decoded one after the other.
    pub batch: Known<i64>,
    /// What it holds.
    pub content: Content,
}

/// What a latent holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing: zeros to be filled with noise.
    Empty,
    /// Pictures that a VAE encoded.
    Encoded,
    /// The result of this sampler.
    Sampled(NodeId),
    /// What this sampler took the finished result to be at its last step: its second output.
    Denoised(NodeId),
    /// Nobody knows.
    Unknown,
}

/// The kind of latent that a VAE makes: what differs between families that cannot be mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatentFamily {
    /// Whose numbers they are: latents of one shape can mean different things.
    pub space: &'static str,
    /// Channels.
    pub channels: u32,
    /// Pixels of one cell, in each direction.
    pub spatial: u32,
    /// Frames of one cell after the first; 1 for pictures.
    pub temporal: u32,
}

impl LatentFamily {
    /// Wan 2.1 and Wan 2.2 A14B.
    pub const WAN21: Self = Self { space: "Wan 2.1", channels: 16, spatial: 8, temporal: 4 };
    /// Wan 2.2 TI2V-5B.
    pub const WAN22: Self = Self { space: "Wan 2.2 5B", channels: 48, spatial: 16, temporal: 4 };
    /// LTX-2 video.
    pub const LTX: Self = Self { space: "LTX-2", channels: 128, spatial: 32, temporal: 8 };
    /// Flux.2.
    pub const FLUX2: Self = Self { space: "Flux.2", channels: 128, spatial: 16, temporal: 1 };
    /// Flux.1 and Z-Image.
    pub const FLUX1: Self = Self { space: "Flux.1", channels: 16, spatial: 8, temporal: 1 };
    /// Qwen-Image: the latents of Wan 2.1, of single pictures.
    pub const QWEN: Self = Self { space: "Wan 2.1", channels: 16, spatial: 8, temporal: 1 };
    /// Stable Diffusion 1 to XL.
    pub const SD: Self = Self { space: "Stable Diffusion", channels: 4, spatial: 8, temporal: 1 };

    /// `Wan 2.1 (16 channels, 1/8 of the size)`
    #[must_use]
    pub fn describe(self) -> String {
        format!("{} ({} channels, 1/{} of the size)", self.space, self.channels, self.spatial)
    }

    /// True if a VAE or model of one can read latents of the other.
    #[must_use]
    pub fn fits(self, other: Self) -> bool {
        self.space == other.space
    }
}

/// A sound.
#[derive(Clone, Copy, Debug)]
pub struct AudioFact {
    /// Its length in seconds.
    pub seconds: Known<f64>,
    /// The loader it comes from, if it comes from a video that may have none.
    pub may_be_silent: Option<NodeId>,
}

/// A video.
#[derive(Clone, Copy, Debug)]
pub struct VideoFact {
    /// Its frames.
    pub image: ImageFact,
    /// Its sound, if it is known to have one or none.
    pub audio: Known<Option<AudioFact>>,
}

/// A LoRA that is applied.
#[derive(Clone, Debug)]
pub struct Lora {
    /// The network.
    pub model: Arc<Model>,
    /// How strongly.
    pub strength: Known<f64>,
    /// Whether it is merged into the weights; nothing where the loader has no such choice.
    pub merged: Option<Known<bool>>,
    /// The node that applies or selects it.
    pub node: NodeId,
}

/// A schedule of noise levels.
#[derive(Clone, Debug)]
pub struct SigmasFact {
    /// How many steps are taken: one less than there are levels.
    pub steps: Known<i64>,
    /// The levels themselves, where they are written down.
    pub levels: Option<Arc<[f64]>>,
    /// The schedule's name, where it has one.
    pub scheduler: Known<Arc<str>>,
    /// How much of the schedule is used.
    pub denoise: Known<f64>,
    /// The node that makes it.
    pub node: NodeId,
}

/// Texts and reference pictures for a sampler.
#[derive(Clone, Debug)]
pub struct ConditioningFact {
    /// The text; of several the one that was encoded last.
    pub text: Known<Arc<str>>,
    /// The node that encodes the text.
    pub node: NodeId,
    /// True if it was replaced by zeros.
    pub is_zeroed: bool,
    /// The nodes that added a reference latent.
    pub references: Vec<NodeId>,
}

/// What WanVideoWrapper's samplers render into.
#[derive(Clone, Debug)]
pub struct Embeds {
    /// In pixels.
    pub width: Known<i64>,
    /// In pixels.
    pub height: Known<i64>,
    /// Frames.
    pub frames: Known<i64>,
    /// Where their number is not known: not more than so many.
    pub most: Option<i64>,
    /// The node that made them.
    pub source: NodeId,
    /// The nodes that added something to them, in order.
    pub added: Vec<NodeId>,
}

impl ImageFact {
    /// Pictures of which nothing is known, for one reason; they have no frame rate.
    #[must_use]
    pub const fn unknown(unknown: Unknown) -> Self {
        let open = Err(unknown);
        Self { width: open, height: open, frames: open, most: None, fps: Err(unknown) }
    }

    /// Their number, or the number that they are not more than.
    #[must_use]
    pub fn at_most(&self) -> Option<i64> {
        self.frames.ok().or(self.most)
    }

    /// Of the same length and rate, in another size.
    #[must_use]
    pub const fn sized(self, width: Known<i64>, height: Known<i64>) -> Self {
        Self { width, height, ..self }
    }

    /// Of the same size, with another number of frames: `count` of what is there, which must not give less for more.
    #[must_use]
    pub fn counted(self, count: impl Fn(i64) -> i64) -> Self {
        Self { frames: self.frames.map(&count), most: self.most.map(&count), ..self }
    }

    /// Their number as a fact.
    ///
    /// # Errors
    /// Why nothing is known of it.
    pub fn count(&self) -> Known<Fact> {
        match (self.frames, self.most) {
            (Ok(frames), _) => Ok(Fact::int(frames)),
            (Err(unknown), Some(most)) => Ok(Fact::AtMost(AtMost { most, unknown })),
            (Err(unknown), None) => Err(unknown),
        }
    }
}

impl LatentFact {
    /// The number of frames, or the number that they are not more than.
    #[must_use]
    pub fn at_most(&self) -> Option<i64> {
        self.frames.ok().or(self.most)
    }
}

impl Embeds {
    /// The number of frames, or the number that they are not more than.
    #[must_use]
    pub fn at_most(&self) -> Option<i64> {
        self.frames.ok().or(self.most)
    }
}

impl Fact {
    /// A value without a place.
    #[must_use]
    pub const fn computed(value: Value) -> Self {
        Self::Scalar(Scalar { value, from: None })
    }

    /// A whole number.
    #[must_use]
    pub fn int(value: i64) -> Self {
        Self::computed(Value::Int(value.into()))
    }

    /// A number.
    #[must_use]
    pub const fn float(value: f64) -> Self {
        Self::computed(Value::Float(value))
    }
}

#[cfg(test)]
mod tests {
    use super::LatentFamily;

    #[test]
    fn latents_of_one_shape_can_mean_different_things() {
        assert!(LatentFamily::QWEN.fits(LatentFamily::WAN21));
        assert!(
            !LatentFamily::FLUX1.fits(LatentFamily::QWEN) && !LatentFamily::FLUX2.fits(LatentFamily::LTX)
        );
    }
}
