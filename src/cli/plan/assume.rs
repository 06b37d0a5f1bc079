//! `--assume width=832,frames=81`.

use crate::cli::ToolError;
use crate::diag::did_you_mean;
use crate::plan::Assume;

/// The sizes that can be assumed.
pub(super) const NAMES: [&str; 4] = ["width", "height", "frames", "steps"];

/// So large a side, and so many frames or steps, are a mistake.
const MOST: f64 = 1_000_000.0;

/// Reads what was given; a name that is given twice counts as given last.
///
/// # Errors
/// All that is wrong with it.
pub(in crate::cli) fn parse(given: &[String]) -> Result<Assume, ToolError> {
    let mut assume = Assume::default();
    let mut mistakes = Vec::new();
    for text in given {
        let Some((name, number)) = text.split_once('=') else {
            mistakes.push(format!(
                "`--assume {text}` has no number\n  help: write a name and a number, such as `--assume {}`",
                example(text.trim())
            ));
            continue;
        };
        let (name, number) = (name.trim(), number.trim());
        let Some(place) = slot(&mut assume, name) else {
            let help = did_you_mean(name, NAMES);
            let help = help.unwrap_or_else(|| format!("what can be assumed: {}", NAMES.join(", ")));
            mistakes.push(format!("nothing called `{name}` can be assumed\n  help: {help}"));
            continue;
        };
        match number.parse::<u32>().map(f64::from) {
            Ok(number) if (1.0..=MOST).contains(&number) => *place = Some(number),
            _ => mistakes.push(format!(
                "`--assume {name}={number}` is not a whole number from 1 to {MOST}\n  help: write it like `--assume {}`",
                example(name)
            )),
        }
    }
    if mistakes.is_empty() { Ok(assume) } else { Err(ToolError::new(mistakes.join("\nwfc: "))) }
}

/// An assumption, written as it is given.
pub(super) fn example(name: &str) -> &'static str {
    match name {
        "height" => "height=480",
        "frames" => "frames=81",
        "steps" => "steps=20",
        _ => "width=832",
    }
}

fn slot<'a>(assume: &'a mut Assume, name: &str) -> Option<&'a mut Option<f64>> {
    match name {
        "width" => Some(&mut assume.width),
        "height" => Some(&mut assume.height),
        "frames" => Some(&mut assume.frames),
        "steps" => Some(&mut assume.steps),
        _ => None,
    }
}

/// The assumption of that name.
pub(in crate::cli) fn get(assume: &Assume, name: &str) -> Option<f64> {
    *slot(&mut assume.clone(), name)?
}

/// The same without that of this name.
pub(in crate::cli) fn without(mut assume: Assume, name: &str) -> Assume {
    if let Some(place) = slot(&mut assume, name) {
        *place = None;
    }
    assume
}
