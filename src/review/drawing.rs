//! A picture as SVG: one file that needs nothing else, light or dark as the reader's system has it, with texts that can
//! be searched and read aloud.

mod style;
mod xml;

use std::fmt::Write as _;

use super::layout::{Area, CHAR, LINE, Layout, Point, columns_of};
use super::picture::colours::STAGES;
use super::picture::{Block, Link, Mark, Picture};
pub use style::style;
use xml::Xml;

/// How a picture is written.
#[derive(Clone, Copy, Debug)]
pub struct Options<'o> {
    /// What ids begin with, so that several pictures may stand in one page.
    pub id: &'o str,
    /// Whether the style is part of the picture; a page with several has it once.
    pub has_style: bool,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { id: "graph", has_style: true }
    }
}

/// From the edge of a box to its texts.
const SIDE: i32 = 12;
/// The height of the legend.
const LEGEND: i32 = 64;

/// Writes a picture. The same picture gives the same bytes; all that it says is escaped.
#[must_use]
pub fn write(picture: &Picture, options: &Options<'_>) -> String {
    let layout = Layout::of(picture);
    let mut legend = Xml::default();
    let legend_width = write_legend(picture, layout.size.height, &mut legend);
    let width = layout.size.width.max(legend_width).max(240);
    let height = layout.size.height + LEGEND;
    let (title, description) = (format!("{}-title", options.id), format!("{}-desc", options.id));
    let mut out = Xml::default();
    out.open(
        "svg",
        &[
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("class", "wfc-graph"),
            ("width", &width.to_string()),
            ("height", &height.to_string()),
            ("viewBox", &format!("0 0 {width} {height}")),
            ("role", "graphics-document document"),
            ("aria-labelledby", &format!("{title} {description}")),
        ],
    );
    out.element("title", &[("id", &title)], &picture.title);
    out.element("desc", &[("id", &description)], &summary(picture));
    if options.has_style {
        out.element("style", &[], &style());
    }
    rectangle(&mut out, "paper", Area { x: 0, y: 0, width, height });
    out.line();
    write_bands(picture, &layout, &mut out);
    // What is marked lies above what is not.
    out.open("g", &[("class", "links")]);
    out.line();
    let is_special = |link: &Link| link.is_found || link.mark != Mark::Same;
    for wanted in [false, true] {
        for (link, way) in picture.links.iter().zip(&layout.ways) {
            if is_special(link) == wanted {
                write_link(picture, link, way, &mut out);
            }
        }
    }
    out.close("g");
    out.open("g", &[("class", "nodes")]);
    out.line();
    for (block, area) in picture.blocks.iter().zip(&layout.boxes) {
        write_block(picture, block, *area, &mut out);
    }
    out.close("g");
    out.raw(&legend);
    out.close("svg");
    out.finish()
}

/// The picture in a sentence or two.
fn summary(picture: &Picture) -> String {
    let count = |number: usize, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    let (nodes, links) = (count(picture.blocks.len(), "node"), count(picture.links.len(), "link"));
    let stages: Vec<&str> = picture.stages.iter().map(|stage| &**stage).collect();
    let mut text = format!("A workflow with {nodes} and {links}.");
    if !stages.is_empty() {
        let _ = write!(text, " Stages from left to right: {}.", stages.join(", "));
    }
    for mark in Mark::NAMED {
        let marked: Vec<&str> =
            picture.blocks.iter().filter(|block| block.mark == mark).map(|block| &*block.key).collect();
        if let Some(name) = mark.name().filter(|_| !marked.is_empty()) {
            let _ = write!(text, " {name}: {}.", marked.join(", "));
        }
    }
    let found: Vec<&str> =
        picture.blocks.iter().filter(|block| !block.found.is_empty()).map(|block| &*block.key).collect();
    if !found.is_empty() {
        let _ = write!(text, " Highlighted: {}.", found.join(", "));
    }
    text
}

fn rectangle(out: &mut Xml, class: &str, area: Area) {
    let Area { x, y, width, height } = area;
    let (x, y, width, height) = (x.to_string(), y.to_string(), width.to_string(), height.to_string());
    let class = ("class", class);
    out.empty("rect", &[class, ("x", &x), ("y", &y), ("width", &width), ("height", &height), ("rx", "4")]);
}

/// A text whose right end is at `x` if its class says `end`.
fn text(out: &mut Xml, class: &str, x: i32, y: i32, content: &str) {
    out.element("text", &[("class", class), ("x", &x.to_string()), ("y", &y.to_string())], content);
}

fn write_bands(picture: &Picture, layout: &Layout, out: &mut Xml) {
    out.open("g", &[("class", "bands")]);
    for band in &layout.bands {
        rectangle(out, "band", band.area);
        let name = picture.stages.get(band.stage).map_or("", |stage| &**stage);
        let room = (band.area.width - 2 * SIDE) * 10 / CHAR * 11 / 13;
        text(out, "stage", band.area.x + SIDE, band.area.y + 20, &cut(name, room));
    }
    out.line();
    out.close("g");
}

fn write_link(picture: &Picture, link: &Link, way: &[Point], out: &mut Xml) {
    let mut class = format!("link k-{}", link.kind.name());
    if let Some(mark) = link.mark.name() {
        class = format!("{class} {mark}");
    }
    if link.is_found {
        class += " found";
    }
    let (from, to) = (&picture.blocks[link.from], &picture.blocks[link.to]);
    let (output, input) = (from.outputs.get(link.output), to.inputs.get(link.input));
    let name = |port: Option<&super::picture::Port>| port.map_or(String::new(), |port| port.name.clone());
    let mark = link.mark.name().map_or(String::new(), |mark| format!(" ({mark})"));
    let said = format!("{}.{} to {}.{}: {}{mark}", from.key, name(output), to.key, name(input), link.types);
    out.open(
        "path",
        &[("class", &class), ("d", &curve(way)), ("data-from", &from.key), ("data-to", &to.key)],
    );
    out.element("title", &[], &said);
    out.close("path");
}

/// A line through the points that leaves and enters boxes level.
fn curve(way: &[Point]) -> String {
    let Some(first) = way.first() else { return String::new() };
    let mut path = format!("M{} {}", first.x, first.y);
    for pair in way.windows(2) {
        let [from, to] = pair else { continue };
        if from.y == to.y && to.x > from.x {
            let _ = write!(path, "H{}", to.x);
            continue;
        }
        // A link that closes a circle leads back, around its boxes.
        let bend = if to.x > from.x { (to.x - from.x) / 2 } else { 60 + (from.x - to.x) / 8 };
        let _ = write!(path, "C{} {} {} {} {} {}", from.x + bend, from.y, to.x - bend, to.y, to.x, to.y);
    }
    path
}

fn write_block(picture: &Picture, block: &Block, area: Area, out: &mut Xml) {
    let mut class = format!("node s{}", picture.stage_colour(block.stage));
    let flags = [(!block.is_known, "unknown"), (!block.found.is_empty(), "found")];
    for name in
        block.mark.name().into_iter().chain(flags.into_iter().filter(|(is, _)| *is).map(|(_, name)| name))
    {
        class = format!("{class} {name}");
    }
    let stage = picture.stages.get(block.stage).map_or("", |stage| &**stage);
    let label = format!("{}, {}, stage {stage}", block.heading(), block.class_line());
    let lines = block.lines();
    out.open(
        "g",
        &[
            ("class", &class),
            ("data-node", &block.key),
            ("role", "graphics-object group"),
            ("aria-label", &label),
        ],
    );
    let full = lines.iter().map(|(_, line)| line.as_str());
    let full: Vec<&str> = std::iter::once(&*label).chain(full).collect();
    out.element("title", &[], &full.join("\n"));
    rectangle(out, "box", area);
    rectangle(out, "edge", Area { width: 4, ..area });
    let (left, right) = (area.x + SIDE, area.x + area.width - SIDE);
    let room = (area.width - 2 * SIDE) * 10 / CHAR;
    text(out, "key", left, area.y + 18, &cut(&block.heading(), (room + 1) * 11 / 12));
    text(out, "dim", left, area.y + 34, &cut(&block.class_line(), room));
    let mut y = area.y + 44;
    for row in 0..block.inputs.len().max(block.outputs.len()) {
        let (input, output) = (block.inputs.get(row), block.outputs.get(row));
        let middle = (y + LINE / 2).to_string();
        for (port, x, class) in [(input, area.x, ""), (output, area.x + area.width, " end")] {
            let Some(port) = port else { continue };
            let kind = format!("port k-{}", port.kind.name());
            out.empty("circle", &[("class", &kind), ("cx", &x.to_string()), ("cy", &middle), ("r", "3.5")]);
            let other = if input.is_some() && output.is_some() { room / 2 } else { room };
            let at = if class.is_empty() { left } else { right };
            text(out, &format!("dim{class}"), at, y + 12, &cut(&port.name, other));
        }
        y += LINE;
    }
    for (mark, line) in &lines {
        let class = mark.name().map_or_else(|| "fact".to_owned(), |mark| format!("fact {mark}"));
        let class = if line.starts_with('!') { "fact why" } else { &class };
        text(out, class, left, y + 12, &cut(line, room));
        y += LINE;
    }
    out.close("g");
}

/// The text, cut to so many columns.
fn cut(text: &str, room: i32) -> String {
    let room = usize::try_from(room).unwrap_or_default();
    if columns_of(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if columns_of(&kept) >= room {
            kept.pop();
            break;
        }
    }
    format!("{kept}…")
}

/// What the colours mean; gives how wide that is.
fn write_legend(picture: &Picture, top: i32, out: &mut Xml) -> i32 {
    let advance = |text: &str| i32::try_from(columns_of(text)).unwrap_or(100) * CHAR / 10 + 24;
    out.open("g", &[("class", "legend")]);
    let (mut x, mut widest) = (24, 0);
    let y = top + 4;
    for kind in picture.kinds() {
        let line = format!("M{x} {y}H{}", x + 26);
        out.empty("path", &[("class", &format!("link k-{}", kind.name())), ("d", &line)]);
        text(out, "dim", x + 32, y + 4, kind.name());
        x += 32 + advance(kind.name());
        widest = widest.max(x);
    }
    let (mut x, y) = (24, top + 28);
    for (number, stage) in picture.stages.iter().enumerate() {
        let colour = picture.stage_colour(number) % STAGES.len();
        out.open("g", &[("class", &format!("node s{colour}"))]);
        rectangle(out, "box", Area { x, y: y - 7, width: 26, height: 14 });
        rectangle(out, "edge", Area { x, y: y - 7, width: 4, height: 14 });
        out.close("g");
        let name = cut(stage, 40);
        text(out, "dim", x + 32, y + 4, &name);
        x += 32 + advance(&name);
        widest = widest.max(x);
    }
    for mark in Mark::NAMED {
        let is_used = picture.blocks.iter().any(|block| block.mark == mark)
            || picture.links.iter().any(|link| link.mark == mark);
        if let Some(name) = mark.name().filter(|_| is_used) {
            let shown = format!("{}{name}", mark.sign());
            text(out, &format!("fact {name}"), x, y + 4, &shown);
            x += advance(&shown);
            widest = widest.max(x);
        }
    }
    if picture.blocks.iter().any(|block| !block.found.is_empty()) {
        text(out, "fact why", x, y + 4, "! highlighted");
        widest = widest.max(x + advance("! highlighted"));
    }
    out.line();
    out.close("g");
    widest
}
