//! How large a node is in the editor. The editor makes a node as large as its slots and widgets need when it opens a
//! file, and never smaller than the file says; so what is written here is at least that much, with room for texts and
//! pictures.
//!
//! The numbers are the editor's own (`LGraphNode.computeSize` and `LiteGraph` of its version 1.45.20), in its pixels.

use std::sync::Arc;

use super::Saved;
use crate::catalog::{InputKind, InputSpec, NodeClass};
use crate::front::json::ui::LaidValue;
use crate::ir::Value;
use crate::layout::Shape;

/// Height of the bar with the title, which stands above a node's own place.
pub(super) const TITLE: i32 = 30;
/// Height of a slot.
const SLOT: i32 = 20;
/// Height of a widget, with what is between two.
const WIDGET: i32 = 24;
/// Around the widgets, and below all.
const WIDGETS: i32 = 8;
const FOOT: i32 = 6;
/// Beside a widget's name: arrows, and the least room for its value.
const BESIDE: i32 = 104;
/// Beside the names of slots: their dots, and room between the two sides.
const DOTS: i32 = 45;
/// Beside the title.
const TITLE_SIDES: i32 = 40;
/// The narrowest node with a widget.
const NARROWEST: i32 = 240;
/// No wider for the sake of a value.
const WIDEST_VALUE: i32 = 420;
/// No text makes a node wider than this.
const WIDEST: i32 = 2_000;

/// Width of a character. The editor measures; this is what it takes where it cannot.
const LETTER: i32 = 8;
/// The same for one that is not of ASCII.
const WIDE_LETTER: i32 = 16;

/// A text area: a line, and how many there are.
const LINE: i32 = 16;
const LINES: (i32, i32) = (4, 14);
/// A widget with a view of its own: a curve, a colour, a 3D model.
const VIEW: i32 = 220;
/// Below a node that shows what it loads or saves.
const PREVIEW: i32 = 260;

/// The size of a node with its title.
pub(super) fn of(saved: &Saved<'_>, stage: usize) -> Shape {
    let class = saved.node.class.as_deref();
    let known = class.map(|class| Known::new(class, &saved.laid.values));
    let sockets = &saved.laid.sockets;
    let name = saved.title.or_else(|| class?.display_name.as_deref()).unwrap_or(&saved.node.class_type);
    let bare = sockets.iter().filter(|socket| !socket.has_widget);
    let input = bare.clone().map(|socket| length(&socket.name)).max().unwrap_or_default();
    let output = saved.outputs.iter().map(|output| length(&output.name)).max().unwrap_or_default();
    let widgets = saved.laid.values.iter().map(|value| {
        let label = value.name.as_deref().map_or(0, length);
        let content = match &value.value {
            Value::Str(text) => length(text),
            _ => 0,
        };
        (label + BESIDE).max((label + content + BESIDE / 2).min(WIDEST_VALUE))
    });
    let width = widgets.chain([input + output + DOTS, length(name) + TITLE_SIDES, NARROWEST]).max();
    let width = rounded(width.unwrap_or(NARROWEST).min(WIDEST));
    let rows = count(bare.count().max(saved.outputs.len()).max(1));
    let mut height = TITLE + rows * SLOT;
    let mut at_widget = Vec::new();
    for value in &saved.laid.values {
        if let Some(name) = &value.name {
            at_widget.push((name.clone(), height + WIDGET / 2));
        }
        height += known.as_ref().map_or(WIDGET, |known| known.height(value, width));
    }
    height += WIDGETS + FOOT;
    // What scripts add: a button and a preview's bar, and one free slot more for what grows.
    if saved.laid.by_name {
        height += 2 * WIDGET;
    }
    let grows = |input: &InputSpec| matches!(input.kind, InputKind::Autogrow(_));
    if class.is_some_and(|class| class.inputs.iter().any(grows)) {
        height += SLOT;
    }
    if class.is_some_and(shows_pictures) {
        height += PREVIEW;
    }
    let mut row = 0;
    let inputs = sockets.iter().map(|socket| {
        let at = at_widget.iter().find(|(name, _)| socket.has_widget && *name == socket.name);
        at.map_or_else(
            || {
                row += 1;
                slot(row - 1)
            },
            |(_, at)| *at,
        )
    });
    let inputs = inputs.collect();
    let outputs = (0..count(saved.outputs.len())).map(slot).collect();
    Shape { stage, width, height: rounded(height), inputs, outputs }
}

/// How far below a node's upper edge a slot is.
const fn slot(row: i32) -> i32 {
    TITLE + row * SLOT + SLOT / 2
}

/// Up to the editor's grid.
const fn rounded(length: i32) -> i32 {
    (length + 9) / 10 * 10
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX).min(10_000)
}

fn length(text: &str) -> i32 {
    let letters = text.chars().take(WIDEST.unsigned_abs() as usize);
    letters.map(|letter| if letter.is_ascii() { LETTER } else { WIDE_LETTER }).sum()
}

/// True for nodes that show what they load or save.
fn shows_pictures(class: &NodeClass) -> bool {
    let loads = |input: &InputSpec| matches!(&input.kind, InputKind::Combo(combo) if combo.upload);
    class.output_node || class.inputs.iter().any(loads)
}

/// The inputs of a node.
struct Known {
    inputs: Vec<InputSpec>,
}

impl Known {
    fn new(class: &NodeClass, values: &[LaidValue]) -> Self {
        let selected = |name: &str| {
            let value = values.iter().find(|value| value.name.as_deref() == Some(name))?;
            value.value.as_str().map(Arc::from)
        };
        Self { inputs: class.known_inputs(&selected).into_owned() }
    }

    /// The height of a widget.
    fn height(&self, value: &LaidValue, width: i32) -> i32 {
        let spec = self.inputs.iter().find(|input| value.name.as_ref() == Some(&input.name));
        match spec.map(|spec| &spec.kind) {
            Some(InputKind::String { multiline: true }) => {
                let text = value.value.as_str().unwrap_or_default();
                let lines = text.lines().take(LINES.1.unsigned_abs() as usize);
                let lines: i32 = lines.map(|line| 1 + length(line) / width.max(1)).sum();
                lines.clamp(LINES.0, LINES.1) * LINE + WIDGET
            }
            Some(InputKind::Link(_) | InputKind::MatchType { .. }) => VIEW,
            _ => WIDGET,
        }
    }
}
