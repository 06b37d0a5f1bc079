//! A picture as a Mermaid flowchart, which many forges show in Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::layout::Layout;
use super::picture::colours::{FOUND, STAGES};
use super::picture::{Block, Mark, Picture};

/// Writes a picture. Mermaid places the nodes; stages are subgraphs. Nodes are called `n0`, `n1`, … in the order of the
/// workflow, and say their keys.
#[must_use]
pub fn write(picture: &Picture) -> String {
    let layout = Layout::of(picture);
    let mut out = String::from("flowchart LR\n");
    for (number, band) in layout.bands.iter().enumerate() {
        let stage = picture.stages.get(band.stage).map_or("", |stage| &**stage);
        let _ = writeln!(out, "  subgraph s{number}[\"{}\"]", escaped(stage));
        let standing = |block: &usize| layout.band_of[*block] == band.stage;
        for at in layout.columns.iter().flatten().copied().filter(standing) {
            let block = &picture.blocks[at];
            let _ = writeln!(out, "    n{at}[\"{}\"]:::{}", label(block), class(picture, block));
        }
        out += "  end\n";
    }
    let mut styles: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, link) in picture.links.iter().enumerate() {
        let input = picture.blocks[link.to].inputs.get(link.input).map_or("", |port| &*port.name);
        let arrow = if link.mark == Mark::Removed { "-.->" } else { "-->" };
        let name = escaped(&format!("{}{input}", link.mark.sign()));
        let name = if name.is_empty() { String::new() } else { format!("|\"{name}\"|") };
        let _ = writeln!(out, "  n{} {arrow}{name} n{}", link.from, link.to);
        let (colour, width) = match (link.is_found, link.mark) {
            (true, _) => (FOUND.light, 4),
            (false, Mark::Same) => (link.kind.colour().light, 2),
            (false, mark) => (mark.colour().light, 4),
        };
        styles.entry(format!("stroke:{colour},stroke-width:{width}px")).or_default().push(number);
    }
    for (style, links) in styles {
        let links: Vec<String> = links.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "  linkStyle {} {style}", links.join(","));
    }
    let mut classes: Vec<(String, String)> =
        picture.blocks.iter().map(|block| (class(picture, block), style(picture, block))).collect();
    classes.sort();
    classes.dedup();
    for (class, style) in classes {
        let _ = writeln!(out, "  classDef {class} {style}");
    }
    out
}

fn label(block: &Block) -> String {
    let lines = block.lines().into_iter().map(|(_, line)| escaped(&line));
    let head = [format!("<b>{}</b>", escaped(&block.heading())), escaped(&block.class_line())];
    head.into_iter().chain(lines).collect::<Vec<_>>().join("<br/>")
}

fn class(picture: &Picture, block: &Block) -> String {
    let stage = picture.stage_colour(block.stage) % STAGES.len();
    let end = match (block.found.is_empty(), block.mark.name()) {
        (false, _) => "found",
        (true, Some(mark)) => mark,
        (true, None) => "",
    };
    format!("stage{stage}{end}")
}

fn style(picture: &Picture, block: &Block) -> String {
    let (edge, filling) = STAGES[picture.stage_colour(block.stage) % STAGES.len()];
    let (edge, width) = match (block.found.is_empty(), block.mark) {
        (false, _) => (FOUND.light, 4),
        (true, Mark::Same) => (edge.light, 1),
        (true, mark) => (mark.colour().light, 4),
    };
    let dashes = if block.mark == Mark::Removed { ",stroke-dasharray:6 4" } else { "" };
    format!(
        "fill:{},stroke:{edge},stroke-width:{width}px,color:#1b1f24,text-align:left{dashes}",
        filling.light
    )
}

/// A text that means nothing to Mermaid, nor to the Markdown around it: all but letters, digits and some signs are
/// written as numbers.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' ' | '.' | ',' | '_' | '-' | ':' | '/' | '+' | '=' | '(' | ')' | '…' => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            c if c.is_control() => out.push(' '),
            c => {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out
}
