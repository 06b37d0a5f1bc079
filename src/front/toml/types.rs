//! Small value types that several formats use: sizes in bytes and number forms.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Reader, table, words};
use super::{Item, Raw};
use crate::diag::Diagnostic;

/// An amount of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    /// In bytes.
    pub bytes: u64,
}

/// The units of a size.
const UNITS: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"];

impl Size {
    /// How sizes are written, for messages.
    pub const HELP: &str = "write a number and a unit: \"24 GiB\", \"512 MiB\", \"32 GB\"";

    /// Reads a number and a unit, with a space between them or none; nothing for zero, and for what is none of that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let number = &text[..text.len() - unit.len()];
        let known =
            UNITS.contains(&unit.strip_prefix(' ').unwrap_or(unit)) && number.starts_with(|c: char| c != '.');
        let bytes = text.parse::<bytesize::ByteSize>().ok()?.as_u64();
        (known && (1..u64::MAX).contains(&bytes)).then_some(Self { bytes })
    }

    /// In MiB.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "memory sizes are far below 2^52 bytes")]
    pub const fn mib(self) -> f64 {
        self.bytes as f64 / (1 << 20) as f64
    }
}

impl Decode for Size {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let Raw::Str(text) = &item.value else {
            return reader.expected("a size such as \"24 GiB\"", item);
        };
        if let Some(size) = Self::parse(text) {
            return Some(size);
        }
        reader.report(
            Diagnostic::format("wrong-type", format!("`{text}` is not a size"))
                .at(item.span, "")
                .help(Self::HELP),
        );
        None
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An amount of memory: a number and a unit, for example 24 GiB.",
            "pattern": r"^[0-9]+(\.[0-9]+)? ?(B|[kMGT]B|[KMGT]iB)$",
        })
    }
}

/// A price in US dollars an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dollars(pub f64);

impl Decode for Dollars {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        /// What costs more in an hour is a mistake.
        const MOST: f64 = 100_000.0;
        let price = match item.value {
            #[expect(
                clippy::cast_precision_loss,
                reason = "what a float does not hold exactly is out of range"
            )]
            Raw::Int(int) => int as f64,
            Raw::Float(float) => float,
            _ => return reader.expected("a price in US dollars an hour, such as 0.89", item),
        };
        if (0.0..=MOST).contains(&price) {
            return Some(Self(price));
        }
        let message = format!("{price} US dollars an hour is not between 0 and {MOST}");
        reader.report(Diagnostic::format("out-of-range", message).at(item.span, ""));
        None
    }
}

impl JsonSchema for Dollars {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Dollars".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": 0, "maximum": 100_000})
    }
}

/// The numbers of a form such as `4n+1`: 1, 5, 9, …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The distance between two of them.
    pub factor: NonZeroU32,
    /// The first of them.
    pub offset: u32,
}

impl Form {
    /// True if `number` has the form.
    #[must_use]
    pub fn contains(self, number: i128) -> bool {
        let offset = i128::from(self.offset);
        number >= offset && (number - offset) % i128::from(self.factor.get()) == 0
    }

    /// The nearest numbers of the form below and above `number`; nothing below the first one.
    #[must_use]
    pub fn around(self, number: i128) -> (Option<i128>, i128) {
        let (factor, offset) = (i128::from(self.factor.get()), i128::from(self.offset));
        if number < offset {
            return (None, offset);
        }
        let below = number - (number - offset) % factor;
        (Some(below), below.saturating_add(factor))
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}n+{}", self.factor, self.offset)
    }
}

impl Decode for Form {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let Raw::Str(text) = &item.value else { return reader.expected("a form such as \"4n+1\"", item) };
        let parsed = text.split_once('n').and_then(|(factor, offset)| {
            let offset = if offset.is_empty() { 0 } else { offset.strip_prefix('+')?.parse().ok()? };
            Some(Self { factor: factor.parse().ok()?, offset })
        });
        if parsed.is_none() {
            reader.report(
                Diagnostic::format("wrong-type", format!("`{text}` is not a number form"))
                    .at(item.span, "")
                    .help("write it like \"4n+1\": the numbers 1, 5, 9, …"),
            );
        }
        parsed
    }
}

impl JsonSchema for Form {
    fn schema_name() -> Cow<'static, str> {
        "Form".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A family of whole numbers: 4n+1 stands for 1, 5, 9, …",
            "pattern": r"^[1-9][0-9]*n(\+[0-9]+)?$",
        })
    }
}

/// A version of `PyTorch`: `2.9`, `2.9.1`, `2.9.1+cu130`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TorchVersion(pub String);

impl Decode for TorchVersion {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let Raw::Str(text) = &item.value else { return reader.expected("a version such as \"2.9\"", item) };
        let mut parts = text.split(['.', '+']);
        let mut is_number = || parts.next().is_some_and(|part| part.parse::<u16>().is_ok());
        if is_number() && is_number() {
            return Some(Self(text.to_string()));
        }
        reader.report(
            Diagnostic::format("wrong-type", format!("`{text}` is no version of torch"))
                .at(item.span, "")
                .help("write its two first numbers, or all of it: \"2.9\", \"2.9.1+cu130\""),
        );
        None
    }
}

impl JsonSchema for TorchVersion {
    fn schema_name() -> Cow<'static, str> {
        "TorchVersion".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A version of PyTorch, such as 2.9 or 2.9.1+cu130.",
            "pattern": r"^[0-9]+\.[0-9]+([.+].*)?$",
        })
    }
}

table! {
    /// The machine that the workflow is for.
    pub struct Target ("[target]") {
        /// A card of the GPU catalog, such as `a100-80gb` or `rtx-5090`.
        "gpu" => gpu: super::decode::At<std::sync::Arc<str>>, optional;
        /// The card's memory, where no card is named: `24 GiB`.
        "vram" => vram: super::decode::At<Size>, optional;
        /// Memory that must stay free, for the driver and other programs.
        "headroom" => headroom: super::decode::At<Size>, optional;
        /// The version of `PyTorch` there: with 2.9, VAEs of some packs take more.
        "torch" => torch: super::decode::At<TorchVersion>, optional;
        /// What runs the workflow there, if it is more than ComfyUI itself.
        "platform" => platform: Platform, optional;
    }
}

table! {
    /// Sizes that only the input files tell, as plans take them. Nothing that is built depends on them.
    pub struct Assumed ("[assume]") {
        /// Width of pictures and videos, in pixels.
        "width" => width: NonZeroU32, optional;
        /// Height of pictures and videos, in pixels.
        "height" => height: NonZeroU32, optional;
        /// Frames of a video.
        "frames" => frames: NonZeroU32, optional;
        /// Steps of a sampler.
        "steps" => steps: NonZeroU32, optional;
    }
}

impl Assumed {
    /// Overlays `over`, key by key.
    #[must_use]
    pub fn overlaid(self, over: &Self) -> Self {
        Self {
            width: over.width.or(self.width),
            height: over.height.or(self.height),
            frames: over.frames.or(self.frames),
            steps: over.steps.or(self.steps),
        }
    }
}

words! {
    /// What runs a workflow.
    pub enum Platform {
        /// A serverless worker of `RunPod` with worker-comfyui, which returns pictures and videos of some nodes only.
        "runpod" => Runpod,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_knows_its_neighbours() {
        let form = Form { factor: NonZeroU32::new(4).unwrap_or(NonZeroU32::MIN), offset: 1 };
        assert!(form.contains(81) && !form.contains(80) && !form.contains(0));
        assert_eq!(form.around(80), (Some(77), 81));
        assert_eq!(form.around(0), (None, 1));
    }
}
