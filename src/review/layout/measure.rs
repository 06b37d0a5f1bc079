//! How large a box is: its lines of text, in a font whose characters all have the same width.

use unicode_width::UnicodeWidthStr as _;

use crate::review::picture::Block;

/// Width of a character in tenths of a pixel, at 11 px.
pub const CHAR: i32 = 67;
/// Height of a line.
pub const LINE: i32 = 16;
/// Heading and class.
const HEADING: i32 = 44;
const FOOT: i32 = 8;
const SIDE: i32 = 12;
const NARROWEST: i32 = 120;
const WIDEST: i32 = 380;

/// How many columns of a terminal a text takes.
#[must_use]
pub fn columns_of(text: &str) -> usize {
    text.width()
}

fn length(text: &str) -> i32 {
    (i32::try_from(columns_of(text)).unwrap_or(WIDEST).min(WIDEST) * CHAR + 9) / 10
}

/// The width of a box by its longest line.
pub(super) fn width(block: &Block) -> i32 {
    let heading = length(&block.heading()) * 12 / 11 + 2;
    let lines = block.lines();
    let single = lines.iter().map(|(_, line)| length(line)).chain([heading, length(&block.class_line())]);
    let name = |port: Option<&crate::review::picture::Port>| port.map_or(0, |port| length(&port.name));
    let rows = block.inputs.len().max(block.outputs.len());
    let double = (0..rows).map(|row| name(block.inputs.get(row)) + name(block.outputs.get(row)) + 2 * SIDE);
    let widest = single.chain(double).max().unwrap_or_default();
    (widest + 2 * SIDE).clamp(NARROWEST, WIDEST)
}

/// The height of a box by its lines.
pub(super) fn height(block: &Block) -> i32 {
    let rows = block.inputs.len().max(block.outputs.len()) + block.lines().len();
    HEADING + i32::try_from(rows).unwrap_or(i32::MAX / LINE / 2).min(10_000) * LINE + FOOT
}

/// How far below its box's upper edge a link begins or ends.
pub(super) fn port(number: usize) -> i32 {
    HEADING + i32::try_from(number).unwrap_or(10_000).min(10_000) * LINE + LINE / 2
}
