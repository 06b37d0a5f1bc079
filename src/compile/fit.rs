//! The search for the least harmful changes with which a workflow fits.

/// What a workflow with some changes is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Bytes by which its steps exceed what the card has, together; 0 if it fits.
    pub excess: f64,
}

/// How far each lever is moved: the number of one of its candidates, or none where it stays.
pub type Picks = Vec<Option<usize>>;

/// Moves levers in their order, each to its end as long as that helps, until the workflow fits; then takes back what was not
/// needed, the most harmful first. `counts` are the numbers of candidates of the levers, `judge` gives the score of a choice,
/// or nothing where that does not compile.
///
/// Gives the choice and its score: the best that there is, if nothing fits.
pub fn search(
    counts: &[usize],
    start: Score,
    judge: &mut dyn FnMut(&[Option<usize>]) -> Option<Score>,
) -> (Picks, Score) {
    /// So many of the strongest candidates of a lever are tried where they do not compile.
    const TRIES: usize = 12;
    let mut picks: Picks = vec![None; counts.len()];
    let mut best = start;
    for (lever, count) in counts.iter().enumerate() {
        if best.excess <= 0.0 {
            break;
        }
        for candidate in (0..*count).rev().take(TRIES) {
            let mut moved = picks.clone();
            moved[lever] = Some(candidate);
            let Some(score) = judge(&moved) else { continue };
            if score.excess < best.excess {
                (picks, best) = (moved, score);
            }
            break;
        }
    }
    if best.excess > 0.0 {
        return (picks, best);
    }
    for lever in (0..picks.len()).rev() {
        let Some(end) = picks[lever] else { continue };
        let mut moved = picks.clone();
        // Candidate numbers, one higher: 0 stays as it was.
        let (mut fails, mut fits) = (None, end + 1);
        while fails.map_or(0, |fails: usize| fails + 1) < fits {
            // Whether it is needed at all comes first.
            let middle = fails.map_or(0, |fails| usize::midpoint(fails, fits));
            moved[lever] = middle.checked_sub(1);
            match judge(&moved) {
                Some(score) if score.excess <= 0.0 => (fits, best) = (middle, score),
                _ => fails = Some(middle),
            }
        }
        picks[lever] = fits.checked_sub(1);
    }
    (picks, best)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A model of memory: each step of a lever saves so much; levers with a hole do not compile there.
    fn found(counts: &[usize], gains: &[f64], need: f64, hole: Option<(usize, usize)>) -> (Picks, f64) {
        let mut judge = |picks: &[Option<usize>]| {
            if hole.is_some_and(|(lever, at)| picks[lever] == Some(at)) {
                return None;
            }
            let sum: f64 = picks
                .iter()
                .zip(gains)
                .map(|(pick, gain)| pick.map_or(0.0, |at| f64::from(u32::try_from(at + 1).unwrap()) * gain))
                .sum();
            Some(Score { excess: (need - sum).max(0.0) })
        };
        let (picks, score) = search(counts, Score { excess: need }, &mut judge);
        (picks, score.excess)
    }

    #[test]
    fn the_first_lever_moves_no_further_than_needed() {
        assert_eq!(found(&[10, 5], &[1.0, 10.0], 3.5, None), (vec![Some(3), None], 0.0));
        assert_eq!(found(&[10, 5], &[1.0, 10.0], 0.5, None), (vec![Some(0), None], 0.0));
    }

    #[test]
    fn earlier_levers_go_to_their_end_before_later_ones_move() {
        assert_eq!(found(&[2, 5], &[1.0, 1.0], 4.0, None), (vec![Some(1), Some(1)], 0.0));
        // What a strong step makes superfluous is taken back.
        assert_eq!(found(&[2, 1], &[1.0, 10.0], 4.0, None), (vec![None, Some(0)], 0.0));
    }

    #[test]
    fn what_does_not_help_or_compile_is_passed_over() {
        assert_eq!(found(&[3, 4], &[0.0, 1.0], 2.0, None), (vec![None, Some(1)], 0.0));
        assert_eq!(found(&[3], &[1.0], 2.0, Some((0, 1))), (vec![Some(2)], 0.0));
        assert_eq!(found(&[3], &[1.0], 2.0, Some((0, 2))), (vec![Some(1)], 0.0));
    }

    #[test]
    fn the_best_is_given_where_nothing_fits() {
        assert_eq!(found(&[2, 0], &[1.0, 1.0], 5.0, None), (vec![Some(1), None], 3.0));
    }
}
