//! Memory of the card over the execution, as a picture: a stacked bar for each step, whiskers for the limits, and a line
//! for the card. Colours are readable on light and on dark.

use svg::Document;
use svg::node::element::{Group, Line, Rectangle, Style, Text, Title};

use super::document::PlanEntry;
use super::human::{cut, parts};
use crate::plan::size;

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 64.0;
const HEIGHT: f64 = 300.0;
const STEP: f64 = 72.0;
const BAR: f64 = 40.0;
const BOTTOM: f64 = 120.0;
/// One for each part of a bar, and for what the allocator and the CUDA context take.
const COLORS: [&str; 5] = ["#4477aa", "#66ccee", "#ee6677", "#ccbb44", "#999999"];
/// Follows the reader's scheme; what does not know it sees dark on light.
const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1a1a1a}.line{stroke:#1a1a1a}.grid{stroke:#808080;\
    stroke-opacity:.35}.paper{fill:#fff}@media(prefers-color-scheme:dark){text{fill:#eee}.line{stroke:#eee}\
    .paper{fill:#1a1a1a}}";

/// Draws a plan. The same plan gives the same bytes.
pub(super) fn draw(plan: &PlanEntry) -> String {
    let card = plan.target.as_ref().map(|fit| (fit.memory - fit.headroom).max(0.0));
    let highest = plan.steps.iter().map(|step| step.least.device.high).fold(0.0, f64::max);
    let scale = highest.max(card.unwrap_or_default()).max(GIB) * 1.05;
    let y = |bytes: f64| rounded(TOP + HEIGHT - bytes / scale * HEIGHT);
    let steps = u32::try_from(plan.steps.len()).map_or(0.0, f64::from);
    let width = LEFT + STEP * steps.max(7.0) + 24.0;
    let height = TOP + HEIGHT + BOTTOM;
    let mut picture = Document::new()
        .set("viewBox", (0, 0, rounded(width), rounded(height)))
        .set("role", "img")
        .add(Title::new(format!("Memory of {} on the card, step by step", plan.file)))
        .add(Style::new(STYLE))
        .add(
            Rectangle::new()
                .set("class", "paper")
                .set("width", rounded(width))
                .set("height", rounded(height)),
        )
        .add(text(12.0, 22.0, &format!("{}: memory of the card, at least", cut(&plan.file, 60))));
    picture = grid(picture, scale, width, y);
    let mut x = 12.0;
    let names = ["weights", "buffers", "activations", "other models", "allocator, CUDA"];
    for (name, color) in names.into_iter().zip(COLORS) {
        picture = picture.add(block(x, 34.0, 12.0, 12.0, color)).add(text(x + 18.0, 44.0, name));
        x += 106.0;
    }
    let mut left = LEFT + (STEP - BAR) / 2.0;
    for step in &plan.steps {
        let mut group = Group::new().add(Title::new(format!(
            "{} ({}): {} to {}, {} expected",
            step.node,
            step.kind.name(),
            size(step.least.device.low),
            size(step.least.device.high),
            size(step.least.device.typical)
        )));
        let mut sum = 0.0;
        for ((_, amount), color) in parts(step).into_iter().zip(COLORS) {
            let (from, to) = (y(sum), y(sum + amount.typical));
            sum += amount.typical;
            if from > to {
                group = group.add(block(left, to, BAR, from - to, color));
            }
        }
        let (low, high, middle) = (y(step.least.device.low), y(step.least.device.high), left + BAR / 2.0);
        group = group.add(line(middle, low, middle, high));
        for at in [low, high] {
            group = group.add(line(middle - 6.0, at, middle + 6.0, at));
        }
        let (label_x, label_y) = (rounded(middle), rounded(TOP + HEIGHT + 14.0));
        let label = text(label_x, label_y, &cut(&step.node, 18))
            .set("text-anchor", "end")
            .set("transform", format!("rotate(-40 {label_x} {label_y})"));
        picture = picture.add(group.add(label));
        left += STEP;
    }
    if let (Some(card), Some(fit)) = (card, &plan.target) {
        let at = y(card);
        let edge = line(LEFT, at, width - 12.0, at).set("stroke-dasharray", "6 4").set("stroke-width", 2);
        let label = format!("{}: {} may be used, {}", fit.name, size(card), fit.verdict.text());
        picture = picture.add(edge).add(text(width - 12.0, at - 6.0, &label).set("text-anchor", "end"));
    }
    format!("{picture}\n")
}

/// Lines at round amounts.
fn grid(mut picture: Document, scale: f64, width: f64, y: impl Fn(f64) -> f64) -> Document {
    let every = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0].into_iter().find(|gib| scale / (gib * GIB) <= 8.0);
    let every = every.unwrap_or(64.0);
    for line in 0..=8u32 {
        let gib = f64::from(line) * every;
        if gib * GIB > scale {
            break;
        }
        let at = y(gib * GIB);
        let label = if line == 0 { "0".to_owned() } else { format!("{gib} GiB") };
        let rule = Line::new().set("class", "grid");
        let rule = rule.set("x1", LEFT).set("x2", rounded(width - 12.0)).set("y1", at).set("y2", at);
        picture = picture.add(rule).add(text(LEFT - 6.0, at + 4.0, &label).set("text-anchor", "end"));
    }
    picture
}

fn text(x: f64, y: f64, content: &str) -> Text {
    Text::new(content).set("x", rounded(x)).set("y", rounded(y))
}

fn block(x: f64, y: f64, width: f64, height: f64, color: &str) -> Rectangle {
    let block = Rectangle::new().set("x", rounded(x)).set("y", rounded(y)).set("fill", color);
    block.set("width", rounded(width)).set("height", rounded(height))
}

fn line(x1: f64, y1: f64, x2: f64, y2: f64) -> Line {
    let line = Line::new().set("class", "line").set("x1", rounded(x1)).set("y1", rounded(y1));
    line.set("x2", rounded(x2)).set("y2", rounded(y2))
}

/// With one digit behind the point, so that the text does not depend on the last bits.
fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}
