//! What predictions are multiplied with: `schemas/coefficients.csv`.

use std::sync::LazyLock;

use super::amount::Amount;

const TABLE: &str = include_str!("../../schemas/coefficients.csv");

/// Where a coefficient comes from, from the best to the worst.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// Known exactly, such as the size of a file.
    #[default]
    Exact,
    /// Measured on a graphics card.
    Measured,
    /// The live tensors of the real code were tracked without a card.
    Tracked,
    /// Counted in the code, or concluded from a network like it.
    Counted,
    /// Nobody has measured it: not calibrated.
    Assumed,
}

impl Basis {
    /// `measured`, `tracked`, …; for what is assumed, `not calibrated`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Measured => "measured",
            Self::Tracked => "tracked in the code",
            Self::Counted => "counted from the code",
            Self::Assumed => "not calibrated",
        }
    }

    /// As data files have it: `measured`, `tracked`, …
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Measured => "measured",
            Self::Tracked => "tracked",
            Self::Counted => "counted",
            Self::Assumed => "assumed",
        }
    }

    fn parse(word: &str) -> Self {
        match word {
            "measured" => Self::Measured,
            "tracked" => Self::Tracked,
            "counted" => Self::Counted,
            _ => Self::Assumed,
        }
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Coefficient {
    /// What it is: `activation`, `vae`, `reserved`, …
    pub kind: &'static str,
    /// The engine it holds for; `*` is any.
    pub engine: &'static str,
    /// What it holds for, separated by spaces; `*` is anything.
    pub subject: &'static str,
    /// In which case.
    pub case: &'static str,
    /// The day from which it no longer holds; empty if it still does.
    pub until: &'static str,
    /// The unit of `amount`.
    pub unit: &'static str,
    /// How much.
    pub amount: Amount,
    /// What every frame adds to it.
    pub per_frame: f64,
    /// Bytes besides.
    pub fixed: f64,
    /// Where it comes from.
    pub basis: Basis,
    /// The measurements that it was fitted on.
    pub fitted_on: &'static str,
    /// The code or publication.
    pub source: &'static str,
}

/// The table.
#[derive(Clone, Debug)]
pub struct Coefficients {
    rows: Vec<Coefficient>,
}

static EMBEDDED: LazyLock<Coefficients> = LazyLock::new(|| Coefficients {
    rows: TABLE.lines().filter(|line| !line.starts_with('#')).skip(1).filter_map(parse).collect(),
});

fn parse(line: &'static str) -> Option<Coefficient> {
    let fields: Vec<&str> = line.split(',').collect();
    let [
        kind,
        engine,
        subject,
        case,
        until,
        unit,
        low,
        typical,
        high,
        per_frame,
        fixed,
        basis,
        fitted_on,
        source,
    ] = fields[..]
    else {
        return None;
    };
    let number = |text: &str| text.parse().ok();
    Some(Coefficient {
        kind,
        engine,
        subject,
        case,
        until,
        unit,
        amount: Amount { low: number(low)?, typical: number(typical)?, high: number(high)? },
        per_frame: number(per_frame)?,
        fixed: number(fixed)?,
        basis: Basis::parse(basis),
        fitted_on,
        source,
    })
}

impl Coefficients {
    /// The table that comes with the tool.
    #[must_use]
    pub fn embedded() -> &'static Self {
        &EMBEDDED
    }

    /// The rows, in the order of the table.
    #[must_use]
    pub fn rows(&self) -> &[Coefficient] {
        &self.rows
    }

    /// The table with rows changed, for an evaluation that leaves measurements out.
    #[must_use]
    pub fn changed(&self, change: impl FnMut(&mut Coefficient)) -> Self {
        let mut rows = self.rows.clone();
        rows.iter_mut().for_each(change);
        Self { rows }
    }

    /// The row that fits best: one that names the engine and the subject before one that holds for any. `as_of` is a day
    /// such as `2025-09-24`, of which the code is; nothing is today's.
    #[must_use]
    pub fn find(
        &self,
        kind: &str,
        engine: &str,
        subject: &str,
        case: &str,
        as_of: Option<&str>,
    ) -> Option<&Coefficient> {
        let fits = |row: &&Coefficient| {
            row.kind == kind
                && row.case == case
                && (row.engine == engine || row.engine == "*")
                && (row.subject == "*" || row.subject.split(' ').any(|name| name == subject))
                && (row.until.is_empty() || as_of.is_some_and(|day| day < row.until))
        };
        let rank = |row: &&Coefficient| {
            // Of rows that have ended, the one that ended first was the one that held.
            let ends = if row.until.is_empty() { "9999" } else { row.until };
            (row.subject == "*", row.engine == "*", ends)
        };
        let timed = self.rows.iter().filter(fits);
        // An old row holds for everything that no row of that time names.
        let old = timed.clone().filter(|row| !row.until.is_empty()).min_by_key(rank);
        old.or_else(|| timed.min_by_key(rank))
    }

    /// The row of a kind whose case is a word and the least number of frames it holds for, such as `decode 6`.
    #[must_use]
    pub fn by_frames(
        &self,
        kind: &str,
        engine: &str,
        subject: &str,
        word: &str,
        frames: f64,
    ) -> Option<&Coefficient> {
        let from = |row: &Coefficient| row.case.strip_prefix(word)?.trim().parse::<f64>().ok();
        let fits = |row: &&Coefficient| {
            row.kind == kind
                && (row.engine == engine || row.engine == "*")
                && (row.subject == "*" || row.subject.split(' ').any(|name| name == subject))
                && from(row).is_some_and(|from| from <= frames)
        };
        let rank =
            |row: &&Coefficient| (row.subject != "*", row.engine != "*", from(row).unwrap_or_default());
        self.rows
            .iter()
            .filter(fits)
            .max_by(|one, other| rank(one).partial_cmp(&rank(other)).unwrap_or(std::cmp::Ordering::Equal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_reads_and_its_limits_stand_in_order() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
        let rows = Coefficients::embedded().rows();
        assert_eq!(rows.len(), lines.count());
        for row in rows {
            let Amount { low, typical, high } = row.amount;
            assert!(0.0 <= low && low <= typical && typical <= high, "{row:?}");
            assert!(row.basis != Basis::Measured || !row.fitted_on.is_empty(), "{row:?}");
            assert!(["", "2025"].contains(&row.until.get(..4).unwrap_or_default()), "{row:?}");
        }
    }

    #[test]
    fn what_names_the_subject_comes_first_and_a_day_finds_the_code_of_that_day() {
        let table = Coefficients::embedded();
        let typical = |subject, case, day| {
            table.find("activation", "wrapper", subject, case, day).map(|row| row.amount.typical)
        };
        assert_eq!(typical("wan-14b-t2v", "comfy", None), Some(9.1));
        assert_eq!(typical("wan-5b", "comfy", None), Some(11.5));
        assert_eq!(typical("wan-14b-t2v", "comfy fp32", Some("2025-09-24")), Some(15.51));
        assert_eq!(typical("wan-14b-t2v", "default fp32", Some("2025-08-10")), Some(16.41));
        assert_eq!(typical("wan-14b-t2v", "comfy", Some("2026-01-01")), Some(9.1));
        let decode = |frames| table.by_frames("vae", "native", "wan21-vae", "decode", frames).unwrap().case;
        assert_eq!(
            [decode(1.0), decode(5.0), decode(81.0), decode(600.0)],
            ["decode 1", "decode 2", "decode 6", "decode 531"]
        );
    }
}
