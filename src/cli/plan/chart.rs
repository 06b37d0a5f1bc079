//! Memory of the card over the execution, in a terminal.

use std::fmt::Write as _;

use super::document::PlanEntry;
use super::human::{BOLD, DIM, Page, cut};
use crate::plan::size;

/// Bars are no longer than so many columns.
const LONGEST: usize = 60;

/// Draws a bar for each step: full up to the expected peak, light up to the highest, with the card's line.
pub(super) fn draw(page: &Page, plan: &PlanEntry, out: &mut String) {
    let label_room = plan.steps.iter().map(|step| step.node.chars().count()).max().unwrap_or_default();
    let label_room = label_room.clamp(4, 20);
    let room = page.width.saturating_sub(label_room + 6).clamp(10, LONGEST);
    let card = plan.target.as_ref().map(|fit| (fit.memory - fit.headroom).max(0.0));
    let highest = plan.steps.iter().map(|step| step.least.device.high).fold(0.0, f64::max);
    let scale = highest.max(card.unwrap_or_default()).max(1.0);
    let column = |bytes: f64| place(bytes / scale, room);
    let head = match card {
        Some(card) => {
            format!("Memory of the card at least, step by step; | is what may be used of it: {}", size(card))
        }
        None => format!("Memory of the card at least, step by step; the width is {}", size(scale)),
    };
    let _ = writeln!(out, "{}", page.paint.text(BOLD, &head));
    let line = card.map(column);
    for step in &plan.steps {
        let (typical, high) = (column(step.least.device.typical), column(step.least.device.high));
        let mut bar = String::new();
        for at in 0..=room {
            bar.push(match at {
                at if Some(at) == line => '|',
                at if at < typical => '█',
                at if at < high => '░',
                _ => ' ',
            });
        }
        let label = format!("{:<label_room$}", cut(&step.node, label_room));
        let _ = writeln!(out, "  {}  {}", page.paint.text(DIM, &label), bar.trim_end());
    }
    out.push('\n');
}

/// The column of a share of the whole.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a few columns, which is neither negative nor large"
)]
fn place(share: f64, room: usize) -> usize {
    ((share.clamp(0.0, 1.0) * room as f64).round() as usize).min(room)
}
