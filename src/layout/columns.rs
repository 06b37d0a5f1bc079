//! Which column a node stands in.
//!
//! Stages follow one another from left to right, and every link leads to the right. Both can hold only if what an earlier
//! stage needs stands in that stage: a VAE of the rendering that the first stage encodes with stands there, in the colour
//! of its own stage. Links that close a circle are left out.

use super::Chart;

/// The columns of a chart.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// By node.
    pub(super) column_of: Vec<usize>,
    /// By node: the stage that it stands in.
    pub(super) band_of: Vec<usize>,
    /// By column: the stage.
    pub(super) stage_of: Vec<usize>,
    /// All nodes, each behind those that it depends on.
    pub(super) order: Vec<usize>,
}

/// The links between nodes, without those that close a circle.
struct Flow {
    order: Vec<usize>,
    takers: Vec<Vec<usize>>,
    givers: Vec<Vec<usize>>,
}

impl Columns {
    pub(super) fn of(chart: &Chart) -> Self {
        let flow = Flow::of(chart);
        let count = chart.boxes.len();
        let mut band_of: Vec<usize> = chart.boxes.iter().map(|shape| shape.stage).collect();
        for &node in flow.order.iter().rev() {
            let needed = flow.takers[node].iter().map(|taker| band_of[*taker]).min();
            band_of[node] = needed.map_or(band_of[node], |needed| needed.min(band_of[node]));
        }
        let mut by_band: Vec<Vec<usize>> = vec![Vec::new(); chart.stages.max(1)];
        for &node in &flow.order {
            if let Some(band) = by_band.get_mut(band_of[node]) {
                band.push(node);
            }
        }
        let mut column_of = vec![0_usize; count];
        let (mut start, mut ends) = (0, vec![0_usize; by_band.len()]);
        for (band, nodes) in by_band.iter().enumerate() {
            let mut end = start;
            for &node in nodes {
                let behind = flow.givers[node].iter().map(|giver| column_of[*giver] + 1).max();
                column_of[node] = behind.unwrap_or_default().max(start);
                end = end.max(column_of[node] + 1);
            }
            (start, ends[band]) = (end, end);
        }
        // What is used late stands late: its links become shorter.
        for &node in flow.order.iter().rev() {
            let takers = &flow.takers[node];
            let first = takers.iter().map(|taker| column_of[*taker]).min();
            let last = first.map(|first| first.min(ends[band_of[node]]).saturating_sub(1));
            if let Some(last) = last.filter(|_| flow.givers[node].len() < takers.len().max(1)) {
                column_of[node] = last.max(column_of[node]);
            }
        }
        Self::without_gaps(column_of, band_of, flow.order)
    }

    /// Columns in which no node is left are dropped.
    fn without_gaps(mut column_of: Vec<usize>, band_of: Vec<usize>, order: Vec<usize>) -> Self {
        let count = column_of.iter().max().map_or(0, |last| last + 1);
        let mut stages = vec![None; count];
        for (column, band) in column_of.iter().zip(&band_of) {
            stages[*column] = Some(*band);
        }
        let mut number = 0;
        let numbers: Vec<usize> = stages
            .iter()
            .map(|stage| {
                number += usize::from(stage.is_some());
                number.saturating_sub(1)
            })
            .collect();
        for column in &mut column_of {
            *column = numbers[*column];
        }
        Self { column_of, band_of, stage_of: stages.into_iter().flatten().collect(), order }
    }
}

impl Flow {
    fn of(chart: &Chart) -> Self {
        let count = chart.boxes.len();
        let mut all: Vec<Vec<usize>> = vec![Vec::new(); count];
        for link in &chart.links {
            all[link.from].push(link.to);
        }
        for takers in &mut all {
            takers.sort_unstable();
            takers.dedup();
        }
        let mut flow = Self {
            order: Vec::with_capacity(count),
            takers: vec![Vec::new(); count],
            givers: vec![Vec::new(); count],
        };
        // 0: not seen, 1: on the way to here, 2: done.
        let mut state = vec![0_u8; count];
        // From what nothing leads to first, so that a link that closes a circle leads back to its beginning.
        let mut is_target = vec![false; count];
        chart.links.iter().for_each(|link| is_target[link.to] |= link.from != link.to);
        let starts = (0..count).filter(|node| !is_target[*node]);
        let mut stack: Vec<(usize, usize)> = Vec::new();
        for start in starts.chain(0..count) {
            if state[start] != 0 {
                continue;
            }
            state[start] = 1;
            stack.push((start, 0));
            while let Some((node, next)) = stack.pop() {
                let Some(&taker) = all[node].get(next) else {
                    state[node] = 2;
                    flow.order.push(node);
                    continue;
                };
                stack.push((node, next + 1));
                if state[taker] == 1 {
                    continue;
                }
                flow.takers[node].push(taker);
                flow.givers[taker].push(node);
                if state[taker] == 0 {
                    state[taker] = 1;
                    stack.push((taker, 0));
                }
            }
        }
        flow.order.reverse();
        flow
    }
}
