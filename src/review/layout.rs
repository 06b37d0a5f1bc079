//! Where things are in a picture: columns from left to right, stage by stage, so that every link leads to the right; the
//! order within columns, so that few links cross; heights, so that links are straight and no box touches another.
//!
//! A layout in layers, after the usual steps. It is our own: of the libraries there are, `rust-sugiyama` gives another
//! picture every time and panics at a node that is linked to itself, `layout-rs` takes 15 s for 300 nodes and `dagre` a
//! second; none takes the columns that the stages want. Lengths are in pixels. The same picture gives the same layout.

mod columns;
mod heights;
mod measure;
mod order;

use super::picture::Picture;
use columns::Columns;
pub use measure::{CHAR, LINE, columns_of};

/// Space around everything.
const MARGIN: i32 = 24;
/// Between the edge of a stage's area and its boxes.
const PADDING: i32 = 16;
/// Above the boxes, for the names of stages.
const HEAD: i32 = 34;
/// Between two columns, at least, and for so many links.
const GAP: i32 = 48;
const GAP_PER_LINK: i32 = 2;
const WIDEST_GAP: i32 = 110;

/// A place in a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// From the left.
    pub x: i32,
    /// From the top.
    pub y: i32,
}

/// A box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// Left edge.
    pub x: i32,
    /// Upper edge.
    pub y: i32,
    /// To the right.
    pub width: i32,
    /// Downwards.
    pub height: i32,
}

/// A stage's part of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// Index in [`Picture::stages`].
    pub stage: usize,
    /// Where.
    pub area: Area,
}

/// Where everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The whole.
    pub size: Area,
    /// The stages, from left to right. A node stands in its own, or in an earlier one that needs it.
    pub bands: Vec<Band>,
    /// By node: the stage's part of the picture that it stands in, as an index in [`Picture::stages`].
    pub band_of: Vec<usize>,
    /// By node.
    pub boxes: Vec<Area>,
    /// By link: where it goes. The first point is at the output, the last at the input.
    pub ways: Vec<Vec<Point>>,
    /// The nodes of each column, from top to bottom.
    pub columns: Vec<Vec<usize>>,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug)]
struct Item {
    /// The node, or none for a link that passes.
    block: Option<usize>,
    height: i32,
}

/// A link between neighbouring columns: items, and how far below their upper edges it touches them.
#[derive(Clone, Copy, Debug)]
struct Segment {
    left: usize,
    left_at: i32,
    right: usize,
    right_at: i32,
}

/// The items of all columns, and what links each column with the next.
#[derive(Debug, Default)]
struct Grid {
    items: Vec<Item>,
    /// By column: items, from top to bottom.
    columns: Vec<Vec<usize>>,
    /// By column: the links to the next one.
    segments: Vec<Vec<Segment>>,
    /// By link: the items that it passes through, without its ends.
    lanes: Vec<Vec<usize>>,
}

impl Layout {
    /// Places everything. Any picture has a layout.
    #[must_use]
    pub fn of(picture: &Picture) -> Self {
        let columns = Columns::of(picture);
        let mut grid = Grid::new(picture, &columns);
        order::arrange(&mut grid);
        let tops = heights::place(&grid);
        Self::placed(picture, &columns, &grid, &tops)
    }

    fn placed(picture: &Picture, columns: &Columns, grid: &Grid, tops: &[i32]) -> Self {
        let top = MARGIN + HEAD;
        let mut layout = Self {
            band_of: columns.band_of.clone(),
            boxes: vec![Area::default(); picture.blocks.len()],
            ..Self::default()
        };
        let (mut x, mut bottom) = (MARGIN, top);
        // By column: left and right edge.
        let mut edges = Vec::with_capacity(grid.columns.len());
        for (number, column) in grid.columns.iter().enumerate() {
            let blocks: Vec<usize> = column.iter().filter_map(|item| grid.items[*item].block).collect();
            let width = blocks.iter().map(|block| measure::width(&picture.blocks[*block])).max();
            let width = width.unwrap_or_default();
            let starts = layout.bands.last().is_none_or(|band| band.stage != columns.stage_of[number]);
            if starts {
                x += if number == 0 { PADDING } else { PADDING * 2 };
                let area = Area { x: x - PADDING, y: MARGIN, width: 0, height: 0 };
                layout.bands.push(Band { stage: columns.stage_of[number], area });
            }
            for &item in column {
                let below = top + tops[item];
                if let Some(block) = grid.items[item].block {
                    let height = grid.items[item].height;
                    layout.boxes[block] = Area { x, y: below, width, height };
                    bottom = bottom.max(below + height);
                } else {
                    bottom = bottom.max(below + grid.items[item].height);
                }
            }
            edges.push((x, x + width));
            if let Some(band) = layout.bands.last_mut() {
                band.area.width = x + width + PADDING - band.area.x;
            }
            let links = grid.segments.get(number).map_or(0, Vec::len);
            let links = i32::try_from(links).unwrap_or(WIDEST_GAP).min(WIDEST_GAP);
            let is_last = number + 1 == grid.columns.len();
            x += width + if is_last { 0 } else { (GAP + links * GAP_PER_LINK).min(WIDEST_GAP) };
            layout.columns.push(blocks);
        }
        for band in &mut layout.bands {
            band.area.height = bottom + PADDING - band.area.y;
        }
        let right = layout.bands.last().map_or(x, |band| band.area.x + band.area.width);
        layout.size = Area { x: 0, y: 0, width: right + MARGIN, height: bottom + PADDING + MARGIN };
        layout.ways = ways(picture, columns, grid, tops, &edges, &layout.boxes);
        layout
    }
}

/// By link: from its output, through the columns that it passes, to its input.
fn ways(
    picture: &Picture,
    columns: &Columns,
    grid: &Grid,
    tops: &[i32],
    edges: &[(i32, i32)],
    boxes: &[Area],
) -> Vec<Vec<Point>> {
    let ends = picture.links.iter().map(|link| {
        let (from, to) = (&boxes[link.from], &boxes[link.to]);
        let start = Point { x: from.x + from.width, y: from.y + measure::port(link.output) };
        (link.from, start, Point { x: to.x, y: to.y + measure::port(link.input) })
    });
    ends.zip(&grid.lanes)
        .map(|((from, start, end), lanes)| {
            let mut way = vec![start];
            for (&item, (left, right)) in lanes.iter().zip(edges.iter().skip(columns.column_of[from] + 1)) {
                let y = MARGIN + HEAD + tops[item] + grid.items[item].height / 2;
                way.push(Point { x: *left, y });
                if right > left {
                    way.push(Point { x: *right, y });
                }
            }
            way.push(end);
            way
        })
        .collect()
}

/// More places where links pass than this are not kept free: links go straight through.
const MAX_LANES: usize = 40_000;

impl Grid {
    fn new(picture: &Picture, columns: &Columns) -> Self {
        let mut grid = Self {
            items: Vec::with_capacity(picture.blocks.len()),
            columns: vec![Vec::new(); columns.stage_of.len()],
            segments: vec![Vec::new(); columns.stage_of.len()],
            lanes: vec![Vec::new(); picture.links.len()],
        };
        for (block, shown) in picture.blocks.iter().enumerate() {
            grid.items.push(Item { block: Some(block), height: measure::height(shown) });
        }
        for &block in &columns.order {
            grid.columns[columns.column_of[block]].push(block);
        }
        // Links of one output share their way, so that it is seen where they part.
        let mut outputs: Vec<Vec<Option<Vec<usize>>>> =
            picture.blocks.iter().map(|block| vec![None; block.outputs.len().max(1)]).collect();
        for (number, link) in picture.links.iter().enumerate() {
            let (left, right) = (columns.column_of[link.from], columns.column_of[link.to]);
            if left >= right {
                continue;
            }
            let shared = outputs[link.from].get_mut(link.output);
            let mut way = shared.as_ref().and_then(|shared| (**shared).clone()).unwrap_or_default();
            let (mut last, mut last_at) = (link.from, measure::port(link.output));
            for column in left + 1..right {
                let passed = column - left - 1;
                if way.len() == passed {
                    if grid.items.len() >= MAX_LANES + picture.blocks.len() {
                        break;
                    }
                    let item = grid.items.len();
                    grid.items.push(Item { block: None, height: LANE });
                    grid.columns[column].push(item);
                    let segment = Segment { left: last, left_at: last_at, right: item, right_at: LANE / 2 };
                    grid.segments[column - 1].push(segment);
                    way.push(item);
                }
                (last, last_at) = (way[passed], LANE / 2);
            }
            let is_whole = way.len() >= right - left - 1;
            if is_whole {
                grid.segments[right - 1].push(Segment {
                    left: last,
                    left_at: last_at,
                    right: link.to,
                    right_at: measure::port(link.input),
                });
                grid.lanes[number] = way[..right - left - 1].to_vec();
            }
            if let Some(shared) = shared {
                *shared = Some(way);
            }
        }
        grid
    }
}

/// The height that a passing link is given.
const LANE: i32 = 8;
