//! Where the nodes of a picture are: its boxes are as large as their lines of text.

mod measure;

use super::picture::Picture;
use crate::layout::{Chart, Link, Shape, Spacing};

pub use crate::layout::{Area, Band, Layout, Point};
pub use measure::{CHAR, LINE, columns_of};

/// The distances of pictures.
const SPACING: Spacing = Spacing {
    margin: 24,
    padding: 16,
    between: 0,
    head: 34,
    gap: 48,
    gap_per_link: 2,
    widest_gap: 110,
    space: 18,
};

impl From<&Picture> for Chart {
    fn from(picture: &Picture) -> Self {
        let boxes = picture.blocks.iter().map(|block| Shape {
            stage: block.stage,
            width: measure::width(block),
            height: measure::height(block),
            inputs: (0..block.inputs.len()).map(measure::port).collect(),
            outputs: (0..block.outputs.len()).map(measure::port).collect(),
        });
        let links = picture.links.iter().map(|link| Link {
            from: link.from,
            output: link.output,
            to: link.to,
            input: link.input,
        });
        Self {
            stages: picture.stages.len(),
            boxes: boxes.collect(),
            links: links.collect(),
            spacing: SPACING,
        }
    }
}
