//! A picture in the language of Graphviz.

use std::fmt::Write as _;

use super::layout::Layout;
use super::picture::colours::{FOUND, STAGES};
use super::picture::{Block, Mark, Picture};

/// Writes a picture. Graphviz places the nodes; stages are clusters.
#[must_use]
pub fn write(picture: &Picture) -> String {
    let layout = Layout::of(picture);
    let mut out = format!(
        "digraph {} {{\n  rankdir=LR;\n  node [shape=box, style=filled, fontname=\"monospace\", fontsize=10];\n  \
         edge [fontname=\"monospace\", fontsize=8];\n",
        quoted(&picture.title)
    );
    for (number, band) in layout.bands.iter().enumerate() {
        let stage = picture.stages.get(band.stage).map_or("", |stage| &**stage);
        let _ = writeln!(
            out,
            "  subgraph cluster_{number} {{\n    label={};\n    color=\"#c8ced6\";",
            quoted(stage)
        );
        let standing = |block: &usize| layout.band_of[*block] == band.stage;
        for block in layout.columns.iter().flatten().copied().filter(standing) {
            write_block(picture, &picture.blocks[block], &mut out);
        }
        out += "  }\n";
    }
    for link in &picture.links {
        let (from, to) = (&picture.blocks[link.from], &picture.blocks[link.to]);
        let input = to.inputs.get(link.input).map_or("", |port| &*port.name);
        let colour = match (link.is_found, link.mark) {
            (true, _) => FOUND.light,
            (false, Mark::Same) => link.kind.colour().light,
            (false, mark) => mark.colour().light,
        };
        let label = quoted(&format!("{}{input}", link.mark.sign()));
        let tooltip = quoted(&link.types);
        let _ = write!(
            out,
            "  {} -> {} [label={label}, tooltip={tooltip}, color=\"{colour}\"",
            quoted(&from.key),
            quoted(&to.key)
        );
        if link.is_found || link.mark != Mark::Same {
            out += ", penwidth=2.5";
        }
        if link.mark == Mark::Removed {
            out += ", style=dashed";
        }
        out += "];\n";
    }
    out += "}\n";
    out
}

fn write_block(picture: &Picture, block: &Block, out: &mut String) {
    let (edge, filling) = STAGES[picture.stage_colour(block.stage) % STAGES.len()];
    let edge = match (block.found.is_empty(), block.mark) {
        (false, _) => FOUND.light,
        (true, Mark::Same) => edge.light,
        (true, mark) => mark.colour().light,
    };
    let lines = block.lines().into_iter().map(|(_, line)| line);
    let label: Vec<String> = [block.heading(), block.class_line()].into_iter().chain(lines).collect();
    let _ = write!(
        out,
        "    {} [label={}, color=\"{edge}\", fillcolor=\"{}\"",
        quoted(&block.key),
        label_of(&label),
        filling.light
    );
    if !block.found.is_empty() || block.mark != Mark::Same {
        out.push_str(", penwidth=3");
    }
    if block.mark == Mark::Removed || !block.is_known {
        out.push_str(", style=\"filled,dashed\"");
    }
    out.push_str("];\n");
}

/// Lines of a label, each from the left. In labels, a backslash and what follows may stand for something, and so may
/// `&…;`.
fn label_of(lines: &[String]) -> String {
    let escaped = lines.iter().map(|line| format!("{}\\l", inner(line)));
    format!("\"{}\"", escaped.collect::<Vec<_>>().concat())
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", inner(text))
}

fn inner(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
