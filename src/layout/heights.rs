//! How far down items stand: near what they are linked with, in their order, and not upon one another.
//!
//! For one column this has an exact answer: where wishes would let items overlap, those items move as a group to the mean
//! of their wishes. Columns are done one after the other, to and fro, until links are about straight.

use super::{Grid, Segment};

/// Between a passing link and what is beside it.
const LANE_SPACE: i64 = 6;
/// How often the columns are gone through.
const ROUNDS: usize = 14;
/// A passing link that bends is harder to follow than a box that stands lower.
const LANE_WEIGHT: i64 = 4;

/// A group of items that stand as near to one another as they may.
struct Group {
    /// Sum of the wishes for its first item, by weight.
    sum: i64,
    weight: i64,
    items: usize,
}

impl Group {
    const fn wish(&self) -> i64 {
        self.sum.div_euclid(self.weight)
    }
}

/// By item: its upper edge, counted from the highest one.
/// `space` is the least distance between two boxes.
pub(super) fn place(grid: &Grid, space: i32) -> Vec<i32> {
    let space = i64::from(space);
    let mut tops = vec![0_i64; grid.items.len()];
    for column in &grid.columns {
        let mut top = 0;
        for pair in 0..column.len() {
            if pair > 0 {
                top += distance(grid, space, column[pair - 1], column[pair]);
            }
            tops[column[pair]] = top;
        }
    }
    let links = Links::of(grid);
    for round in 0..ROUNDS {
        let count = grid.columns.len();
        for step in 0..count {
            let is_to = round % 2 == 0;
            let column = if is_to { step } else { count - 1 - step };
            // At the end, both sides count.
            let sides = if round + 4 >= ROUNDS { (true, true) } else { (is_to, !is_to) };
            settle(grid, space, (column, sides), &links, &mut tops);
        }
    }
    let highest = tops.iter().copied().min().unwrap_or_default();
    tops.into_iter().map(|top| i32::try_from(top - highest).unwrap_or(i32::MAX / 4)).collect()
}

/// The least distance between the upper edges of an item and the next one.
fn distance(grid: &Grid, most: i64, upper: usize, lower: usize) -> i64 {
    let is_lane = |item: usize| grid.items[item].block.is_none();
    let space = if is_lane(upper) && is_lane(lower) {
        LANE_SPACE / 2
    } else if is_lane(upper) || is_lane(lower) {
        LANE_SPACE
    } else {
        most
    };
    i64::from(grid.items[upper].height) + space
}

/// Moves the items of a column near to what they are linked with on these sides, left and right.
fn settle(
    grid: &Grid,
    space: i64,
    (column, sides): (usize, (bool, bool)),
    links: &Links<'_>,
    tops: &mut [i64],
) {
    let items = &grid.columns[column];
    let mut groups: Vec<Group> = Vec::with_capacity(items.len());
    // How far the item stands below the first of its column, if all stand as near as they may.
    let mut offset = 0;
    let mut offsets = Vec::with_capacity(items.len());
    for (at, &item) in items.iter().enumerate() {
        if at > 0 {
            offset += distance(grid, space, items[at - 1], item);
        }
        offsets.push(offset);
        let weight = if grid.items[item].block.is_none() { LANE_WEIGHT } else { 1 };
        let wish = links.wish(item, sides, tops).unwrap_or(tops[item]) - offset;
        let mut group = Group { sum: wish * weight, weight, items: 1 };
        while let Some(above) = groups.pop() {
            if above.wish() < group.wish() {
                groups.push(above);
                break;
            }
            group.sum += above.sum;
            group.weight += above.weight;
            group.items += above.items;
        }
        groups.push(group);
    }
    let wishes = groups.iter().flat_map(|group| std::iter::repeat_n(group.wish(), group.items));
    for ((item, offset), wish) in items.iter().zip(offsets).zip(wishes) {
        tops[*item] = wish + offset;
    }
}

/// The links of each item, to the left and to the right.
struct Links<'g> {
    left: Vec<Vec<&'g Segment>>,
    right: Vec<Vec<&'g Segment>>,
}

impl<'g> Links<'g> {
    fn of(grid: &'g Grid) -> Self {
        let mut links =
            Self { left: vec![Vec::new(); grid.items.len()], right: vec![Vec::new(); grid.items.len()] };
        for segment in grid.segments.iter().flatten() {
            links.left[segment.right].push(segment);
            links.right[segment.left].push(segment);
        }
        links
    }

    /// Where the item's upper edge would be if its links were straight, in the mean.
    fn wish(&self, item: usize, (left, right): (bool, bool), tops: &[i64]) -> Option<i64> {
        let (mut sum, mut count) = (0, 0);
        if left {
            for link in &self.left[item] {
                sum += tops[link.left] + i64::from(link.left_at) - i64::from(link.right_at);
                count += 1;
            }
        }
        if right {
            for link in &self.right[item] {
                sum += tops[link.right] + i64::from(link.right_at) - i64::from(link.left_at);
                count += 1;
            }
        }
        (count > 0).then(|| sum / count)
    }
}
