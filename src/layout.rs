//! Where boxes with links between them are: columns from left to right, stage by stage, so that every link leads to the
//! right; the order within columns, so that few links cross; heights, so that links are straight and no box touches
//! another. What the boxes hold is for the caller.
//!
//! A layout in layers, after the usual steps. It is our own: of the libraries there are, `rust-sugiyama` gives another
//! picture every time and panics at a node that is linked to itself, `layout-rs` takes 15 s for 300 nodes and `dagre` a
//! second; none takes the columns that the stages want. Lengths are in pixels. The same chart gives the same layout.

mod columns;
mod heights;
mod order;

use columns::Columns;

/// What is to be placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// How many stages there are.
    pub stages: usize,
    /// The boxes.
    pub boxes: Vec<Shape>,
    /// The links between them.
    pub links: Vec<Link>,
    /// How much room there is between things.
    pub spacing: Spacing,
}

/// A box that is to be placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Its stage, below [`Chart::stages`].
    pub stage: usize,
    /// To the right.
    pub width: i32,
    /// Downwards.
    pub height: i32,
    /// By input: how far below its upper edge a link ends.
    pub inputs: Vec<i32>,
    /// By output: how far below its upper edge a link begins.
    pub outputs: Vec<i32>,
}

/// A link that is to be placed. One that leads to nothing is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The box that it begins at.
    pub from: usize,
    /// Index in its [`Shape::outputs`].
    pub output: usize,
    /// The box that it ends at.
    pub to: usize,
    /// Index in its [`Shape::inputs`].
    pub input: usize,
}

/// Distances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spacing {
    /// Around everything.
    pub margin: i32,
    /// Between the edge of a stage's area and its boxes.
    pub padding: i32,
    /// Between two stages' areas.
    pub between: i32,
    /// Above the boxes, for the names of stages.
    pub head: i32,
    /// Between two columns, at least.
    pub gap: i32,
    /// The same, for each link that passes there.
    pub gap_per_link: i32,
    /// The same, at most.
    pub widest_gap: i32,
    /// Between two boxes, one above the other.
    pub space: i32,
}

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
    /// Index of the stage.
    pub stage: usize,
    /// Where.
    pub area: Area,
}

/// Where everything is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The whole.
    pub size: Area,
    /// The stages, from left to right. A box stands in its own, or in an earlier one that needs it.
    pub bands: Vec<Band>,
    /// By box: the stage's part of the picture that it stands in.
    pub band_of: Vec<usize>,
    /// By box.
    pub boxes: Vec<Area>,
    /// By link: where it goes. The first point is at the output, the last at the input.
    pub ways: Vec<Vec<Point>>,
    /// The boxes of each column, from top to bottom.
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
    /// Places everything. Any chart has a layout.
    #[must_use]
    pub fn of(chart: impl Into<Chart>) -> Self {
        let chart = chart.into().repaired();
        let columns = Columns::of(&chart);
        let mut grid = Grid::new(&chart, &columns);
        order::arrange(&mut grid);
        let tops = heights::place(&grid, chart.spacing.space);
        Self::placed(&chart, &columns, &grid, &tops)
    }

    fn placed(chart: &Chart, columns: &Columns, grid: &Grid, tops: &[i32]) -> Self {
        let Spacing { margin, padding, between, head, .. } = chart.spacing;
        let top = margin + head;
        let mut layout = Self {
            band_of: columns.band_of.clone(),
            boxes: vec![Area::default(); chart.boxes.len()],
            ..Self::default()
        };
        let (mut x, mut bottom) = (margin, top);
        // By column: left and right edge.
        let mut edges = Vec::with_capacity(grid.columns.len());
        for (number, column) in grid.columns.iter().enumerate() {
            let blocks: Vec<usize> = column.iter().filter_map(|item| grid.items[*item].block).collect();
            let width = blocks.iter().map(|block| chart.boxes[*block].width).max();
            let width = width.unwrap_or_default();
            let starts = layout.bands.last().is_none_or(|band| band.stage != columns.stage_of[number]);
            if starts {
                x += if number == 0 { padding } else { padding * 2 + between };
                let area = Area { x: x - padding, y: margin, width: 0, height: 0 };
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
                band.area.width = x + width + padding - band.area.x;
            }
            let links = grid.segments.get(number).map_or(0, Vec::len);
            let Spacing { gap, gap_per_link, widest_gap, .. } = chart.spacing;
            let links = i32::try_from(links).unwrap_or(widest_gap).min(widest_gap);
            let is_last = number + 1 == grid.columns.len();
            x += width + if is_last { 0 } else { (gap + links * gap_per_link).min(widest_gap) };
            layout.columns.push(blocks);
        }
        for band in &mut layout.bands {
            band.area.height = bottom + padding - band.area.y;
        }
        let right = layout.bands.last().map_or(x, |band| band.area.x + band.area.width);
        layout.size = Area { x: 0, y: 0, width: right + margin, height: bottom + padding + margin };
        layout.ways = ways(chart, columns, grid, tops, &edges, &layout.boxes);
        layout
    }
}

/// By link: from its output, through the columns that it passes, to its input.
fn ways(
    chart: &Chart,
    columns: &Columns,
    grid: &Grid,
    tops: &[i32],
    edges: &[(i32, i32)],
    boxes: &[Area],
) -> Vec<Vec<Point>> {
    let ends = chart.links.iter().map(|link| {
        let (from, to) = (&boxes[link.from], &boxes[link.to]);
        let start = Point { x: from.x + from.width, y: from.y + chart.output(link) };
        (link.from, start, Point { x: to.x, y: to.y + chart.input(link) })
    });
    ends.zip(&grid.lanes)
        .map(|((from, start, end), lanes)| {
            let mut way = vec![start];
            for (&item, (left, right)) in lanes.iter().zip(edges.iter().skip(columns.column_of[from] + 1)) {
                let y = chart.spacing.margin + chart.spacing.head + tops[item] + grid.items[item].height / 2;
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

impl Chart {
    /// Without links that lead to nothing and stages that do not exist.
    fn repaired(mut self) -> Self {
        let count = self.boxes.len();
        self.links.retain(|link| link.from < count && link.to < count);
        let last = self.boxes.iter().map(|shape| shape.stage + 1).max().unwrap_or_default();
        self.stages = self.stages.max(last);
        self
    }

    fn output(&self, link: &Link) -> i32 {
        self.boxes[link.from].outputs.get(link.output).copied().unwrap_or_default()
    }

    fn input(&self, link: &Link) -> i32 {
        self.boxes[link.to].inputs.get(link.input).copied().unwrap_or_default()
    }
}

/// More places where links pass than this are not kept free: links go straight through.
const MAX_LANES: usize = 40_000;
/// The same of places along all links together: those of one output share places, and a chain of which every node is
/// linked with the first one would have half as many as the square of its length.
const MAX_PASSED: usize = 100_000;

impl Grid {
    fn new(chart: &Chart, columns: &Columns) -> Self {
        let mut grid = Self {
            items: Vec::with_capacity(chart.boxes.len()),
            columns: vec![Vec::new(); columns.stage_of.len()],
            segments: vec![Vec::new(); columns.stage_of.len()],
            lanes: vec![Vec::new(); chart.links.len()],
        };
        for (block, shown) in chart.boxes.iter().enumerate() {
            grid.items.push(Item { block: Some(block), height: shown.height });
        }
        for &block in &columns.order {
            grid.columns[columns.column_of[block]].push(block);
        }
        // Links of one output share their way, so that it is seen where they part.
        let mut outputs: Vec<Vec<Vec<usize>>> =
            chart.boxes.iter().map(|shape| vec![Vec::new(); shape.outputs.len().max(1)]).collect();
        let mut left_to_pass = MAX_PASSED;
        for (number, link) in chart.links.iter().enumerate() {
            let (left, right) = (columns.column_of[link.from], columns.column_of[link.to]);
            if left >= right {
                continue;
            }
            let passed = right - left - 1;
            if passed > left_to_pass {
                continue;
            }
            left_to_pass -= passed;
            let shared = outputs[link.from].get_mut(link.output);
            let mut own = Vec::new();
            let way = shared.unwrap_or(&mut own);
            let (mut last, mut last_at) = (link.from, chart.output(link));
            for column in left + 1..right {
                let passed = column - left - 1;
                if way.len() == passed {
                    if grid.items.len() >= MAX_LANES + chart.boxes.len() {
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
            if way.len() >= passed {
                grid.segments[right - 1].push(Segment {
                    left: last,
                    left_at: last_at,
                    right: link.to,
                    right_at: chart.input(link),
                });
                grid.lanes[number] = way[..passed].to_vec();
            }
        }
        grid
    }
}

/// The height that a passing link is given.
const LANE: i32 = 8;
