//! The measurements, and the requests that they are answers to.

use wfc::catalog::Models;
use wfc::plan::{
    Calculator, Coefficients, Engine, Kind, Model, Offload, Peak, Precision, Request, Rope, Run, Setup, Torch,
};

const TABLE: &str = include_str!("../../../schemas/measured.csv");
pub(super) const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// A row of the table.
#[derive(Clone, Debug)]
pub(super) struct Row {
    fields: Vec<&'static str>,
}

static COLUMNS: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| {
    let head = TABLE.lines().find(|line| !line.starts_with('#'));
    head.unwrap_or_default().split(',').collect()
});

static PARTS: std::sync::LazyLock<std::sync::Arc<[Model]>> =
    std::sync::LazyLock::new(|| Model::parts(&Models::embedded()));

/// All rows.
pub(super) fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines.map(|line| Row { fields: line.split(',').collect() }).collect()
}

/// Which measure of a peak a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Allocated,
    Reserved,
    Device,
}

impl Row {
    pub(super) fn get(&self, column: &str) -> &'static str {
        let at = COLUMNS.iter().position(|name| *name == column);
        at.and_then(|at| self.fields.get(at)).copied().unwrap_or_default()
    }

    /// True if it has every column.
    #[cfg(test)]
    pub(super) fn is_complete(&self) -> bool {
        self.fields.len() == COLUMNS.len()
    }

    pub(super) fn number(&self, column: &str) -> Option<f64> {
        self.get(column).parse().ok()
    }

    /// Bytes that were measured.
    pub(super) fn value(&self) -> Option<f64> {
        self.number("value_gib").map(|value| value * GIB)
    }

    /// The measure of its kind; nothing for bounds.
    pub(super) fn measure(&self) -> Option<Measure> {
        match self.get("kind") {
            // The vendor does not say; its numbers are the weights and what grows with the tokens, to a percent.
            "peak_allocated" | "peak_vendor_unspecified" => Some(Measure::Allocated),
            "peak_reserved" => Some(Measure::Reserved),
            "peak_device" | "reported_claim" => Some(Measure::Device),
            _ => None,
        }
    }

    /// What `wfc vram` would be asked.
    pub(super) fn request(&self, models: &Models) -> Result<Request, String> {
        let text = |column| Some(self.get(column)).filter(|text| !text.is_empty());
        let unknown = |what: &str| format!("{what} is not known");
        let model = Model::called(self.get("model"), models).ok_or_else(|| unknown("the model"))?;
        let engine = Engine::called(self.get("engine")).ok_or_else(|| unknown("the engine"))?;
        let precision = |column| match text(column) {
            Some(name) => Precision::called(name).map(Some).ok_or_else(|| unknown(column)),
            None => Ok(None),
        };
        let tile = self.number("tile").map(|side| (side, side));
        let request = Request {
            stage: match self.get("stage") {
                "sampling" => Some(Kind::Sampling),
                "vae_decode" => Some(Kind::VaeDecode),
                "vae_encode" => Some(Kind::VaeEncode),
                "text_encoder" => Some(Kind::TextEncoder),
                _ => None,
            },
            precision: precision("dtype")?,
            is_scaled: text("dtype").map_or(model.is_scaled, Model::is_stored_scaled),
            size: self.number("width").zip(self.number("height")),
            frames: self.number("frames"),
            tokens: self.number("tokens"),
            swap: self.number("block_swap").map(|blocks| (blocks, 0.0)),
            loras: self.number("lora").unwrap_or_default(),
            rope: match self.get("rope") {
                "default" => Rope::Default,
                "comfy_chunked" => Rope::ComfyChunked,
                _ => Rope::Comfy,
            },
            vae_precision: precision("vae_dtype")?,
            tile,
            encoder_precision: if self.get("encoder_dtype") == "cpu" {
                None
            } else {
                precision("encoder_dtype")?
            },
            offload: match self.get("offload") {
                "none" => Some(Offload::None),
                "model" => Some(Offload::Model),
                "sequential" => Some(Offload::Sequential),
                _ => None,
            },
            cards: self.number("cards").unwrap_or(1.0),
            is_encoder_on_cpu: self.get("encoder_dtype") == "cpu",
            ..Request::new(model, engine, PARTS.clone())
        };
        let refusals = request.refusals();
        if refusals.is_empty() {
            Ok(request)
        } else {
            Err(refusals.into_iter().map(|refusal| refusal.message).collect::<Vec<_>>().join("; "))
        }
    }

    /// The run that a table of coefficients gives.
    pub(super) fn run(&self, request: &Request, coefficients: &Coefficients) -> Run {
        let as_of = Some(self.get("as_of")).filter(|day| !day.is_empty());
        let torch = Torch::parse(self.get("torch"));
        let setup = Setup { capability: self.number("capability"), torch };
        Calculator { coefficients, as_of, setup }.run(request)
    }

    /// The peak that is asked for.
    pub(super) fn peak(&self, run: &Run) -> Peak {
        if self.get("question") == "whole" { run.without_streaming } else { run.least }
    }
}
