//! Ranges: numbers at equal distances, computed one by one, so that none has to be kept and no error adds up.

use crate::diag::Diagnostic;
use crate::front::toml::batch::Range;
use crate::front::toml::{Item, Raw};
use crate::ir::Value;
use crate::source::Span;

/// Most decimals of a number in a range.
const MAX_DECIMALS: u32 = 18;

/// `count` numbers, `step` apart. They are kept as whole numbers of the smallest decimal that is written,
/// since 0.1 + 0.2 is not 0.3 in floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progression {
    from: i128,
    step: i128,
    count: u64,
    /// Decimals behind the point; nothing for whole numbers.
    decimals: Option<u32>,
}

impl Progression {
    /// Reads a range; `span` is where it stands.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(range: &Range, span: Span) -> Result<Self, Box<Diagnostic>> {
        let step = range.step.as_ref();
        let numbers = [Some(&range.from), range.to.as_ref(), step].into_iter().flatten();
        let mut decimals = None;
        for item in numbers {
            decimals = decimals.max(decimals_of(item)?);
        }
        let scaled = |item: &Item| scaled(item, decimals.unwrap_or_default());
        let from = scaled(&range.from)?;
        let step = match step {
            Some(step) => scaled(step)?,
            None => 10_i128.pow(decimals.unwrap_or_default()),
        };
        let count = match (&range.to, &range.count) {
            (None, Some(count)) => u64::from(count.get().get()),
            (Some(to), None) => steps(from, scaled(to)?, step, range, span)?,
            (Some(_), Some(count)) => {
                return Err(Box::new(
                    Diagnostic::format("bad-range", "a range has `to` or `count`, not both")
                        .at(count.span(), ""),
                ));
            }
            (None, None) => {
                return Err(Box::new(
                    Diagnostic::format("bad-range", "the range has no end")
                        .at(span, "")
                        .help("give `to`, the last number, or `count`, how many there are"),
                ));
            }
        };
        let last =
            i128::from(count.saturating_sub(1)).checked_mul(step).and_then(|way| from.checked_add(way));
        if last.is_none() {
            return Err(too_large(span));
        }
        Ok(Self { from, step, count, decimals })
    }

    /// How many numbers there are.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.count
    }

    /// The same numbers as floats.
    #[must_use]
    pub fn into_floats(self) -> Self {
        Self { decimals: self.decimals.or(Some(0)), ..self }
    }

    /// Number `index`, counted from 0.
    #[must_use]
    pub fn nth(self, index: u64) -> Value {
        number(self.from + i128::from(index) * self.step, self.decimals)
    }

    /// The distance between two numbers.
    #[must_use]
    pub fn step(self) -> Value {
        number(self.step, self.decimals)
    }
}

/// A whole number of the smallest decimal as the number that it stands for.
fn number(scaled: i128, decimals: Option<u32>) -> Value {
    match decimals {
        None => Value::Int(scaled),
        // What a text says is the nearest float by definition.
        Some(decimals) => Value::Float(format!("{scaled}e-{decimals}").parse().unwrap_or_default()),
    }
}

/// The decimals behind the point that a number is written with; nothing for a whole number.
fn decimals_of(item: &Item) -> Result<Option<u32>, Box<Diagnostic>> {
    match &item.value {
        Raw::Int(_) => Ok(None),
        Raw::Float(float) => {
            let text = float.to_string();
            let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            match u32::try_from(decimals) {
                Ok(decimals) if decimals <= MAX_DECIMALS => Ok(Some(decimals)),
                _ => Err(too_large(item.span)),
            }
        }
        other => Err(Box::new(
            Diagnostic::format("wrong-type", format!("a range is made of numbers, found {}", other.kind()))
                .at(item.span, ""),
        )),
    }
}

fn scaled(item: &Item, decimals: u32) -> Result<i128, Box<Diagnostic>> {
    let scaled = match &item.value {
        Raw::Int(int) => int.checked_mul(10_i128.pow(decimals)),
        Raw::Float(float) => format!("{float:.*}", decimals as usize).replacen('.', "", 1).parse().ok(),
        _ => None,
    };
    scaled.ok_or_else(|| too_large(item.span))
}

fn too_large(span: Span) -> Box<Diagnostic> {
    let message = format!("a range takes numbers of 38 digits, {MAX_DECIMALS} of them behind the point");
    Box::new(Diagnostic::format("bad-range", message).at(span, ""))
}

/// How many numbers there are up to `to`.
fn steps(from: i128, to: i128, step: i128, range: &Range, span: Span) -> Result<u64, Box<Diagnostic>> {
    let step_span = range.step.as_ref().map_or(span, |step| step.span);
    if step == 0 {
        let problem = Diagnostic::format("bad-range", "with a step of 0 the range never ends");
        return Err(Box::new(problem.at(step_span, "")));
    }
    let way = to.checked_sub(from).ok_or_else(|| too_large(span))?;
    if way != 0 && (way < 0) != (step < 0) {
        let problem = Diagnostic::format(
            "bad-range",
            "the range is empty: its steps lead away from `to`, so nothing would be built",
        );
        return Err(Box::new(problem.at(step_span, "").help(if way < 0 {
            "`to` is smaller than `from`: exchange them, or give a step below 0"
        } else {
            "`to` is larger than `from`: exchange them, or give a step above 0"
        })));
    }
    Ok(u64::try_from(way / step).unwrap_or(u64::MAX).saturating_add(1))
}
