//! A picture for a terminal: nodes under the stages that they stand in, each behind those that it depends on, with the
//! values that matter and where its links come from. Signs are ASCII; names and values are what they are.

use std::fmt::Write as _;

use super::layout::{Layout, columns_of};
use super::picture::{Block, Picture};

/// Values go to the next line if the line would be longer.
const WIDTH: usize = 100;

/// Writes a picture.
#[must_use]
pub fn write(picture: &Picture) -> String {
    let layout = Layout::of(picture);
    let mut givers: Vec<Vec<String>> = picture.blocks.iter().map(|_| Vec::new()).collect();
    for link in &picture.links {
        let (from, to) = (&picture.blocks[link.from], &picture.blocks[link.to]);
        let input = to.inputs.get(link.input).map_or("", |port| &*port.name);
        let output = from.outputs.get(link.output).filter(|_| from.outputs.len() > 1);
        let output = output.map_or(String::new(), |port| format!(".{}", port.name));
        let (sign, star) = (link.mark.sign(), if link.is_found { "! " } else { "" });
        givers[link.to].push(format!("{star}{sign}{input} <- {}{output}", from.key));
    }
    let mut out = format!("{}\n", super::picture::one_line(&picture.title));
    for band in &layout.bands {
        let stage = picture.stages.get(band.stage).map_or("", |stage| &**stage);
        let _ = writeln!(out, "\n[{}]", super::picture::one_line(stage));
        let standing: Vec<usize> = layout
            .columns
            .iter()
            .flatten()
            .copied()
            .filter(|block| layout.band_of[*block] == band.stage)
            .collect();
        let longest = standing.iter().map(|block| columns_of(&picture.blocks[*block].heading()));
        let longest = longest.max().unwrap_or_default().min(32);
        for at in standing {
            let block = &picture.blocks[at];
            write_block(
                picture,
                block,
                (block.stage != band.stage).then_some(block.stage),
                longest,
                &mut out,
            );
            wrapped(&givers[at], &mut out);
        }
    }
    out
}

fn write_block(picture: &Picture, block: &Block, own: Option<usize>, longest: usize, out: &mut String) {
    let heading = block.heading();
    let room = longest.saturating_sub(columns_of(&heading));
    let stage = own.and_then(|own| picture.stages.get(own)).map_or(String::new(), |own| format!("  [{own}]"));
    let _ = writeln!(out, "  {heading}{}  {}{stage}", " ".repeat(room), block.class_line());
    let lines: Vec<String> = block.lines().into_iter().map(|(_, line)| line).collect();
    wrapped(&lines, out);
}

/// Parts on lines of their own, as many on one as fit.
fn wrapped(parts: &[String], out: &mut String) {
    const START: &str = "      ";
    let mut line = String::new();
    for part in parts {
        let part = super::picture::one_line(part);
        if !line.is_empty() && columns_of(START) + columns_of(&line) + columns_of(&part) + 3 > WIDTH {
            let _ = writeln!(out, "{START}{line}");
            line.clear();
        }
        if !line.is_empty() {
            line += " | ";
        }
        line += &part;
    }
    if !line.is_empty() {
        let _ = writeln!(out, "{START}{line}");
    }
}
