//! The order within columns: each item goes where its neighbours are, to and fro, and the order with the fewest crossings
//! is kept.

use super::{Grid, Segment};

/// How often it goes to and fro.
const SWEEPS: usize = 12;
/// The same where there is much.
const FEW_SWEEPS: usize = 3;
const MUCH: usize = 6_000;

/// Puts the items of all columns in order.
pub(super) fn arrange(grid: &mut Grid) {
    let mut place = vec![0; grid.items.len()];
    note(&grid.columns, &mut place);
    let mut best = grid.columns.clone();
    let mut fewest = crossings(grid, &place);
    let sweeps = if grid.items.len() > MUCH { FEW_SWEEPS } else { SWEEPS };
    for sweep in 0..sweeps * 2 {
        if fewest == 0 {
            break;
        }
        let count = grid.columns.len();
        for step in 1..count {
            let is_to = sweep % 2 == 0;
            let column = if is_to { step } else { count - 1 - step };
            sort(grid, column, is_to, &mut place);
        }
        let crossings = crossings(grid, &place);
        if crossings < fewest {
            (fewest, best) = (crossings, grid.columns.clone());
        }
    }
    grid.columns = best;
}

fn note(columns: &[Vec<usize>], place: &mut [usize]) {
    for column in columns {
        for (at, item) in column.iter().enumerate() {
            place[*item] = at;
        }
    }
}

/// Where a link touches an item, in the order of its column: in the middle of a place there is room for heights.
fn touched(place: &[usize], item: usize, at: i32) -> u64 {
    (place[item] as u64) << 20 | u64::from(at.unsigned_abs()).min((1 << 20) - 1)
}

/// Sorts a column by the middle of what its items are linked with on one side. What is linked with nothing there
/// keeps its place.
fn sort(grid: &mut Grid, column: usize, is_to: bool, place: &mut [usize]) {
    let side = if is_to { column.checked_sub(1) } else { Some(column) };
    let Some(segments) = side.and_then(|side| grid.segments.get(side)) else { return };
    let first = grid.columns[column].len();
    let mut touches: Vec<Vec<u64>> = vec![Vec::new(); first];
    for Segment { left, left_at, right, right_at } in segments.iter().copied() {
        let (own, other, at) = if is_to { (right, left, left_at) } else { (left, right, right_at) };
        touches[place[own]].push(touched(place, other, at));
    }
    let mean = |touches: &[u64]| touches.iter().sum::<u64>() / (touches.len() as u64).max(1);
    let means: Vec<Option<u64>> =
        touches.iter().map(|touches| (!touches.is_empty()).then(|| mean(touches))).collect();
    let mut linked: Vec<usize> = (0..first).filter(|at| means[*at].is_some()).collect();
    linked.sort_by_key(|at| means[*at]);
    let mut linked = linked.into_iter();
    let old = std::mem::take(&mut grid.columns[column]);
    let order = (0..first).map(|at| if means[at].is_some() { linked.next().unwrap_or(at) } else { at });
    let new: Vec<usize> = order.map(|at| old[at]).collect();
    for (at, item) in new.iter().enumerate() {
        place[*item] = at;
    }
    grid.columns[column] = new;
}

/// How many pairs of links cross.
fn crossings(grid: &Grid, place: &[usize]) -> u64 {
    grid.segments.iter().map(|segments| between(segments, place)).sum()
}

/// The pairs among the links between two columns that cross: those that end in the other order than they begin in.
fn between(segments: &[Segment], place: &[usize]) -> u64 {
    let mut links: Vec<(u64, u64)> = segments
        .iter()
        .map(|link| (touched(place, link.left, link.left_at), touched(place, link.right, link.right_at)))
        .collect();
    links.sort_unstable();
    let mut ends: Vec<u64> = links.iter().map(|(_, end)| *end).collect();
    ends.sort_unstable();
    ends.dedup();
    // Counts of ends up to an index, as a tree of sums.
    let mut sums = vec![0_u64; ends.len() + 1];
    let mut crossings = 0;
    for (before, (_, end)) in (0_u64..).zip(&links) {
        let at = ends.partition_point(|known| known < end) + 1;
        let mut below = 0;
        let mut index = at;
        while index > 0 {
            below += sums[index];
            index &= index - 1;
        }
        crossings += before - below;
        let mut index = at;
        while index < sums.len() {
            sums[index] += 1;
            index += index & index.wrapping_neg();
        }
    }
    crossings
}
