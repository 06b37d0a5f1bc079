//! What arrives at the inputs of a node.

use std::sync::Arc;

use super::Analysis;
use super::fact::{
    AudioFact, ConditioningFact, Embeds, Fact, ImageFact, Known, LatentFact, Lora, Place, Scalar, SigmasFact,
    Unknown, VideoFact, Why,
};
use super::model::Model;
use crate::catalog::Models;
use crate::ir::{Argument, Node, NodeId, Value};

/// The inputs of one node, as facts. An input that is not given has the default that its class declares.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub(super) analysis: &'a Analysis<'a>,
    pub(super) id: NodeId,
}

/// Gives the fact's payload, if it is of that kind.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident: $variant:ident -> $type:ty) => {
        $(#[$doc])*
        ///
        /// # Errors
        /// Why it is not known.
        pub fn $name(self, input: &str) -> Known<$type> {
            match self.fact(input)? {
                Fact::$variant(payload) => Ok(payload),
                _ => Err(self.unknown(Why::Unfit)),
            }
        }
    };
}

impl<'a> Inputs<'a> {
    /// The node.
    #[must_use]
    pub fn node(self) -> &'a Node {
        self.analysis.graph.node(self.id)
    }

    /// Its handle.
    #[must_use]
    pub const fn id(self) -> NodeId {
        self.id
    }

    /// The catalog of models.
    #[must_use]
    pub const fn models(self) -> &'a Models {
        self.analysis.models
    }

    /// True if the node is given the input, by link or by value; null is nothing.
    #[must_use]
    pub fn has(self, input: &str) -> bool {
        let value = self.node().input(input).map(|input| &input.value);
        value.is_some_and(|value| !matches!(value, Argument::Literal(Value::Null)))
    }

    /// Knowledge that ends at this node.
    #[must_use]
    pub const fn unknown(self, why: Why) -> Unknown {
        Unknown { node: self.id, why }
    }

    /// What arrives at an input.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn fact(self, input: &str) -> Known<Fact> {
        let inputs = self.node().inputs();
        let Some(at) = inputs.iter().position(|given| &*given.name == input) else {
            return self.default(input);
        };
        match &inputs[at].value {
            Argument::Link { from, slot } => self.analysis.output(*from, *slot).cloned(),
            Argument::Literal(value) => {
                let input = u32::try_from(at).unwrap_or(u32::MAX);
                let from = Some(Place { node: self.id, input });
                Ok(Fact::Scalar(Scalar { value: value.clone(), from }))
            }
        }
    }

    fn default(self, input: &str) -> Known<Fact> {
        let node = self.node();
        let class = node.class.as_ref().ok_or(self.unknown(Why::UnknownClass))?;
        let default = class.input(input).and_then(|spec| spec.default.as_ref());
        default.map(|json| Fact::computed(Value::from_json(json))).ok_or(self.unknown(Why::Absent))
    }

    /// A value, and where it is written.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn scalar(self, input: &str) -> Known<Scalar> {
        match self.fact(input)? {
            Fact::Scalar(scalar) => Ok(scalar),
            Fact::AtMost(number) => Err(number.unknown),
            _ => Err(self.unknown(Why::Unfit)),
        }
    }

    /// A whole number that the input is not more than, where it is not known itself.
    #[must_use]
    pub fn most(self, input: &str) -> Option<i64> {
        match self.fact(input) {
            Ok(Fact::AtMost(number)) => Some(number.most),
            _ => None,
        }
    }

    /// A whole number, converted as the server does.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn int(self, input: &str) -> Known<i64> {
        let value = self.scalar(input)?.value;
        let int = match &value {
            Value::Int(int) => i64::try_from(*int).ok(),
            Value::Bool(bool) => Some((*bool).into()),
            #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
            Value::Float(float) if float.abs() < 2f64.powi(62) => Some(float.trunc() as i64),
            Value::Str(text) => text.trim().parse().ok(),
            _ => None,
        };
        int.ok_or(self.unknown(Why::Unfit))
    }

    /// A number, converted as the server does.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn float(self, input: &str) -> Known<f64> {
        let value = self.scalar(input)?.value;
        let float = match &value {
            Value::Bool(bool) => Some(f64::from(u8::from(*bool))),
            Value::Str(text) => text.trim().parse().ok().filter(|float: &f64| float.is_finite()),
            _ => value.as_f64(),
        };
        float.ok_or(self.unknown(Why::Unfit))
    }

    /// A truth value, as Python sees it.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn bool(self, input: &str) -> Known<bool> {
        match self.scalar(input)?.value {
            Value::Bool(bool) => Ok(bool),
            Value::Int(int) => Ok(int != 0),
            Value::Float(float) => Ok(float != 0.0),
            Value::Str(text) => Ok(!text.is_empty()),
            Value::Null => Ok(false),
            _ => Err(self.unknown(Why::Unfit)),
        }
    }

    /// A text, or the choice of a list.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn text(self, input: &str) -> Known<Arc<str>> {
        match self.scalar(input)?.value {
            Value::Str(text) => Ok(text),
            _ => Err(self.unknown(Why::Unfit)),
        }
    }

    payload! {
        /// Pictures or a mask.
        image: Image -> ImageFact
    }
    payload! {
        /// A latent.
        latent: Latent -> LatentFact
    }
    payload! {
        /// A sound.
        audio: Audio -> AudioFact
    }
    payload! {
        /// A video.
        video: Video -> VideoFact
    }
    payload! {
        /// A network.
        model: Model -> Arc<Model>
    }
    payload! {
        /// LoRAs.
        loras: Loras -> Arc<[Lora]>
    }
    payload! {
        /// A schedule.
        sigmas: Sigmas -> Arc<SigmasFact>
    }
    payload! {
        /// Texts and references.
        conditioning: Conditioning -> Arc<ConditioningFact>
    }
    payload! {
        /// What the wrapper's samplers render into.
        embeds: Embeds -> Arc<Embeds>
    }
    payload! {
        /// The node whose settings arrive: a guider, a scheduler, the arguments of a sampler.
        settings: Settings -> NodeId
    }
}
