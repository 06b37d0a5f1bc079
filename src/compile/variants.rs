//! Values to try a graph with, so that it is known to compile without any preset.

use crate::front::toml::decode::Named;
use crate::front::toml::graph::{Param, ParamType};
use crate::front::toml::{Item, Raw};
use crate::source::{Span, Spanned};

/// Values for parameters without a default, so that a graph can be checked without a preset.
pub(super) fn samples(params: &Named<Param>) -> Named<Item> {
    let mut samples = Named::default();
    for (name, param) in params.iter().filter(|(_, param)| param.default.is_none()) {
        let value = match param.kind.get() {
            ParamType::Int | ParamType::Float => {
                param.min.as_ref().map_or(Raw::Int(1), |min| min.value.clone())
            }
            ParamType::Seed => Raw::Int(0),
            ParamType::Bool => Raw::Bool(false),
            ParamType::Choice => {
                let first = param.choices.as_ref().and_then(|choices| choices.first());
                Raw::Str(first.map_or_else(|| "".into(), |choice| choice.get().clone()))
            }
            ParamType::LoraList => Raw::List(Vec::new()),
            ParamType::List => Raw::List(vec![sample_item(&param.fields, name.span)]),
            ParamType::String | ParamType::Model | ParamType::Image | ParamType::Video | ParamType::Audio => {
                Raw::Str("example".into())
            }
        };
        samples.set(name.clone(), Spanned::new(value, name.span));
    }
    samples
}

/// An item of a list, with what it must have.
fn sample_item(fields: &Named<Param>, span: Span) -> Item {
    Spanned::new(Raw::Table(samples(fields).iter().cloned().collect()), span)
}

/// The values of a parameter to try a graph with. A number or a text is tried only if it `switches` nodes: by
/// its bounds, or by any text.
pub(super) fn positions(param: &Param, switches: bool, span: Span) -> Vec<Item> {
    let values = match param.kind.get() {
        ParamType::Bool => vec![Raw::Bool(false), Raw::Bool(true)],
        ParamType::Choice => {
            param.choices.iter().flatten().map(|choice| Raw::Str(choice.get().clone())).collect()
        }
        ParamType::LoraList => vec![
            Raw::List(Vec::new()),
            Raw::List(vec![Spanned::new(Raw::Str("example.safetensors".into()), span); 2]),
        ],
        ParamType::List => vec![Raw::List(Vec::new()), Raw::List(vec![sample_item(&param.fields, span); 2])],
        ParamType::Int | ParamType::Float if switches => {
            [&param.min, &param.max].into_iter().flatten().map(|bound| bound.value.clone()).collect()
        }
        ParamType::String | ParamType::Image | ParamType::Video | ParamType::Audio if switches => {
            vec![Raw::Str("example".into())]
        }
        _ => Vec::new(),
    };
    values.into_iter().map(|value| Spanned::new(value, span)).collect()
}
